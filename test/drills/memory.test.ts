import { Duration, Size } from 'cdk8s';
import type { ContainerStatus } from 'kubernetes-types/core/v1';
import { CeleryWorker, CeleryWorkerProps, RedisBroker, TaskDelivery, WorkerPool, WorkerShutdown } from '../../src';
import { eventually, kubectl, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, DrillApp, namespace, podsOf, SMALL } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * Tasks that need more memory than the limit of their pod: the kernel kills a pool process, or, with the pool solo, the worker. And tasks that leak:
 * memory per child replaces a process before the limit kills it. Each with one guard removed, and then it fails.
 */
const NAMESPACE = 'celery-drill-memory';
const recorder = new Recorder(NAMESPACE);
const SENT = 1000;

const TASKS = `${RECORDED_TASKS}

leaked = []


@app.task
def eat(run, number, mebibytes):
    """Takes so much memory the first time that it begins, and little after that."""
    first = records.sadd(f'{run}:begun', number)
    note(run, number, 'began')
    held = b'x' * (mebibytes << 20 if first else 1)
    time.sleep(0.02)
    del held
    note(run, number, 'ended')


@app.task
def leak(run, number, mebibytes):
    note(run, number, 'began')
    leaked.append(b'x' * (mebibytes << 20))
    note(run, number, 'ended')
`;

const VISIBILITY = Duration.seconds(45);
const late = (): TaskDelivery => TaskDelivery.atLeastOnce({ visibilityTimeout: VISIBILITY });
const two = WorkerPool.prefork({ concurrency: 2 });
const APPS: Record<string, Pick<DrillApp, 'delivery'> & Pick<CeleryWorkerProps, 'pool'>> = {
  'child-late': { delivery: late(), pool: two },
  'child-early': { delivery: TaskDelivery.atMostOnce(), pool: two },
  'solo-late': { delivery: late(), pool: WorkerPool.solo() },
  'solo-early': { delivery: TaskDelivery.atMostOnce(), pool: WorkerPool.solo() },
  'recycled': { delivery: late(), pool: WorkerPool.prefork({ concurrency: 2, maxMemoryPerChild: Size.mebibytes(150) }) },
  'leaking': { delivery: late(), pool: two },
};

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  const redis = new RedisBroker(chart, 'redis');
  for (const [database, [name, { delivery, pool }]] of Object.entries(APPS).entries()) {
    const celery = celeryApp(chart, { name, broker: redis.onDatabase(database), files: { 'tasks.py': TASKS }, delivery, resources: SMALL });
    new CeleryWorker(chart, `${name}-worker`, { celery, pool, shutdown: WorkerShutdown.warm({ longestTask: Duration.seconds(30) }) });
  }
}));

const worker = (app: string): string => `${app}-worker`;
const status = async (app: string): Promise<ContainerStatus> => (await podsOf(NAMESPACE, worker(app)))[0].status!.containerStatuses![0];

/** How often a pool process of a worker was killed. */
async function childrenKilled(app: string): Promise<number> {
  return (await kubectl(['logs', `deploy/${worker(app)}`, '-c', 'worker', '-n', NAMESPACE, '--tail=-1'])).match(/signal 9 \(SIGKILL\)/g)?.length ?? 0;
}

/** Some tasks need more than there is: five for a pool process, and two for a worker, as Kubernetes waits longer before each restart. */
const GREEDY = { child: 5, solo: 2 };

async function eaten(app: string, greedy: number, patience?: number) {
  await allReady(NAMESPACE, [worker(app)]);
  await recorder.send(`deploy/${worker(app)}`, app, Array.from({ length: SENT }, (_, i) => ({ task: 'eat', args: [i % (SENT / greedy | 0) === 100 ? 700 : 1] })));
  return recorder.settled(app, SENT, patience);
}

const test = testIn(NAMESPACE);

test('out of memory in a pool process, late acknowledgement: no task is lost', async () => {
  expect(await eaten('child-late', GREEDY.child, 120)).toMatchObject({ lost: 0, twice: 0 });
  say(`child-late: ${await childrenKilled('child-late')} lines of killed processes, ${(await status('child-late')).restartCount} restarts of the container`);
  expect(await childrenKilled('child-late')).toBeGreaterThan(0);
});

test('the same with early acknowledgement: those that were killed are lost', async () => {
  expect(await eaten('child-early', GREEDY.child)).toEqual({ lost: GREEDY.child, twice: 0, again: 0 });
});

test('out of memory in a worker of the pool solo, late acknowledgement: no task is lost', async () => {
  expect(await eaten('solo-late', GREEDY.solo, 100)).toMatchObject({ lost: 0, twice: 0 });
  const { restartCount, lastState } = await status('solo-late');
  say(`solo-late: ${restartCount} restarts, the last after ${lastState?.terminated?.reason}`);
  expect([restartCount, lastState?.terminated?.exitCode]).toEqual([GREEDY.solo, 137]);
});

test('the same with early acknowledgement: those that were killed are lost', async () => {
  expect((await eaten('solo-early', GREEDY.solo, 100)).lost).toBeGreaterThanOrEqual(GREEDY.solo);
});

/** Tasks that keep 2 MiB each. */
async function leaked(app: string): Promise<{ outcome: object; killed: number; restarts: number }> {
  await allReady(NAMESPACE, [worker(app)]);
  await recorder.send(`deploy/${worker(app)}`, app, Array.from({ length: SENT }, () => ({ task: 'leak', args: [2] })));
  const outcome = await recorder.settled(app, SENT, 120);
  return eventually(`${app}: what has become of its processes`, 60, async () => ({ outcome, killed: await childrenKilled(app), restarts: (await status(app)).restartCount }));
}

test('tasks that leak, memory per child: processes are replaced, and none is killed', async () => {
  expect(await leaked('recycled')).toEqual({ outcome: { lost: 0, twice: 0, again: 0 }, killed: 0, restarts: 0 });
});

test('the same without it: processes are killed', async () => {
  const { killed, restarts } = await leaked('leaking');
  say(`leaking: ${killed} lines of killed processes, ${restarts} restarts of the container`);
  expect(killed + restarts).toBeGreaterThan(0);
});
