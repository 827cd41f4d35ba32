import { join } from 'node:path';
import { ApiObject, App, Chart, JsonPatch } from 'cdk8s';
import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, PythonRuntime, RedisBroker } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-after';

/** What the manifests in fixtures/before wanted to be. Flower's packages come as slowly as there. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE);
  const chart = new Chart(app, 'after', { namespace: NAMESPACE });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS }),
    code: AppCode.fromDirectory(join(__dirname, '../../../app')),
    runtime: PythonRuntime.install({ celery: '5.3.4' }),
  });
  new CeleryWorker(chart, 'worker', { celery });
  new CeleryBeat(chart, 'beat', { celery });
  const flower = new CeleryFlower(chart, 'flower', { celery });
  ApiObject.of(flower.deployment).addJsonPatch(JsonPatch.replace('/spec/template/spec/initContainers/0/command', [
    'sh', '-c', 'sleep 90 && exec sh /etc/celery-install/install.sh "$@"', 'install',
  ]));
}
