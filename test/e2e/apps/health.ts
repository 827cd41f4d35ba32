import { App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-health';

export const TASKS = `\
from socket import gethostname

from celery import Celery

app = Celery('tasks')


@app.task
def where():
    return gethostname()
`;

/** Two workers, Beat and Flower, with the health checks that they have by default. */
export function define(app: App, tasks = TASKS): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  const chart = new Chart(app, 'health', { namespace: NAMESPACE });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS }),
    code: AppCode.fromInline({ 'tasks.py': tasks }),
    runtime: PythonRuntime.install({ celery: '5.3.4' }),
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 1 }) });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryFlower(chart, 'flower', { celery });
}
