import { App, Chart } from 'cdk8s';
import {
  AppCode, BeatStorage, CeleryApp, CeleryBeat, CeleryWorker, PythonRuntime, RedisBroker, RedisStorage,
} from '../../../src';
import { makeNamespace } from '../../namespaces';
import { SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-durable';

const TASKS = `\
from celery import Celery

app = Celery('tasks')
app.conf.beat_schedule = {
    'every-minute': {'task': 'tasks.add', 'schedule': 60.0, 'args': (2, 2), 'options': {'queue': 'periodic'}},
}


@app.task
def add(x, y):
    return x + y
`;

/** Beat and Redis with a claim each, and a worker that has no pods yet, so that messages wait. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  const chart = new Chart(app, 'durable', { namespace: NAMESPACE });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS, storage: RedisStorage.claim() }),
    code: AppCode.fromInline({ 'tasks.py': TASKS }),
    runtime: PythonRuntime.install({ celery: '5.3.4' }),
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: 0 });
  // A cluster without the reference's storage class names its own.
  new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.claim({ storageClassName: process.env.E2E_STORAGE_CLASS ?? 'longhorn' }) });
}
