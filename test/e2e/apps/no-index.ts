import { App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryFlower, PythonRuntime, RedisBroker } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-no-index';

/** A Flower, for it has a probe, whose package index is down: nothing listens there. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE);
  const chart = new Chart(app, 'no-index', { namespace: NAMESPACE });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS }),
    code: AppCode.fromInline({ 'tasks.py': '' }),
    runtime: PythonRuntime.install({ celery: '5.3.4', indexUrl: 'http://127.0.0.1:9/simple' }),
  });
  new CeleryFlower(chart, 'flower', { celery });
}
