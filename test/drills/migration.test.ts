import { App, Chart, Duration } from 'cdk8s';
import { CeleryJob, CeleryWorker, RedisBroker, WorkerPool } from '../../src';
import { eventually, kubectl, logs, readyPods, say, testIn } from '../e2e/harness';
import { celeryApp, deployed, namespace, podsOf, SMALL } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * A release whose code needs a migration, under load, with `kubectl apply`: new workers wait for it in an init container, and the old ones go on.
 * Without the init container new workers take tasks that they cannot run.
 */
const NAMESPACE = 'celery-drill-migration';
const recorder = new Recorder(NAMESPACE);
const SENT = 1000;
const SECONDS = 0.5;
/** Longer than a worker needs to start. */
const MIGRATION = 60;

const code = (name: string, version: number): string => `${RECORDED_TASKS}

@app.task
def migrated(run, number, seconds):
    note(run, number, 'began')
    if int(records.get('schema-of-${name}') or 1) < ${version}:
        raise RuntimeError('no such column')
    time.sleep(seconds)
    note(run, number, 'ended')
`;

const python = (...lines: string[]): string[] => ['python', '-c', ['import sys, time, redis', 'records = redis.Redis(\'record\')', ...lines].join('\n')];

function release(chart: Chart, version: number): void {
  const redis = new RedisBroker(chart, 'redis');
  for (const [database, name] of ['waiting', 'hasty'].entries()) {
    const celery = celeryApp(chart, { name, broker: redis.onDatabase(database), files: { 'tasks.py': code(name, version) }, resources: SMALL });
    const schema = `schema-of-${name}`;
    const check = celery.waitFor({ name: 'migrated', command: python(`sys.exit(int(records.get('${schema}') or 1) < ${version})`) });
    new CeleryWorker(chart, `${name}-worker`, {
      celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }), longestTask: Duration.seconds(30), initContainers: name === 'waiting' ? [check] : undefined,
    });
    if (version > 1) new CeleryJob(chart, `${name}-migrate`, { celery, command: python(`time.sleep(${MIGRATION})`, `records.set('${schema}', ${version})`) });
  }
}

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  release(chart, 1);
}));

/** Applies what the second release has of one app, under load, and waits until it is there. */
async function under(name: string) {
  const worker = `${name}-worker`;
  await eventually(`${worker}: two are ready`, 300, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${worker}`, 2));
  const old = (await podsOf(NAMESPACE, worker)).map(({ metadata }) => metadata!.name!);
  await recorder.send(`deploy/${worker}`, name, Array.from({ length: SENT }, () => ({ task: 'migrated', args: [SECONDS] })));
  await recorder.running(name, 2);
  const app = new App();
  release(new Chart(app, 'second', { namespace: NAMESPACE }), 2);
  await kubectl(['apply', '-n', NAMESPACE, '-l', `app.kubernetes.io/part-of=${name}`, '-f', '-'], app.synthYaml());
  await kubectl(['rollout', 'status', '-n', NAMESPACE, `deployment/${worker}`, '--timeout=400s']);
  const found = await recorder.settled(name, SENT, 30);
  const byOld = (await recorder.entries(name)).filter(({ what, host }) => what === 'ended' && old.includes(host)).length;
  say(`${name}: ${byOld} tasks were run by the old workers`);
  return found;
}

const test = testIn(NAMESPACE);

test('new workers wait for the migration: no task fails', async () => {
  expect(await under('waiting')).toEqual({ lost: 0, twice: 0, again: 0 });
  const said = await logs(NAMESPACE, 'app.kubernetes.io/instance=waiting-worker', 'migrated');
  say(said);
  expect(said.trim().split('\n').length).toBeGreaterThan(1);
});

test('the same without the init container: tasks fail', async () => {
  expect((await under('hasty')).lost).toBeGreaterThan(0);
});
