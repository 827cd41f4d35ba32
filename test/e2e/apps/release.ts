import { App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { SMALL, SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-release';

/** What a release may change. */
export interface Release {
  readonly tasks: string;
  readonly celery: string;
  readonly replicas: number;
}

/** Code of which a task tells the version of. */
export const tasks = (version: string): string => `\
import celery

app = celery.Celery('tasks')


@app.task
def versions():
    return ['${version}', celery.__version__]
`;

export const FIRST: Release = { tasks: tasks('one'), celery: '5.3.4', replicas: 2 };

/** Workers and their Redis. */
export function define(app: App, release: Release = FIRST): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  const chart = new Chart(app, 'release', { namespace: NAMESPACE });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS }),
    code: AppCode.fromInline({ 'tasks.py': release.tasks }),
    runtime: PythonRuntime.install({ celery: release.celery, installResources: SMALL }),
    resources: SMALL,
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: release.replicas, pool: WorkerPool.prefork({ concurrency: 1 }) });
}
