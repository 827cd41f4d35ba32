import { Duration } from 'cdk8s';
import { CeleryBeat, CeleryWorker, RedisStorage, TaskDelivery, WorkerPool } from '../../src';
import { eventually, exec, kubectl, logs, python, readyPods, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, sendSquares, Sent, SMALL, SQUARE } from './drill';

/**
 * The pod of Redis is deleted while tasks are sent and run. With a claim, and so an append-only file, none is lost; without one those that waited
 * are, and so are the results.
 */
const NAMESPACE = 'celery-drill-redis-restart';
const TASKS = 400;
const VISIBILITY_TIMEOUT = 60;
const APPS = { claim: RedisStorage.claim(), ephemeral: RedisStorage.ephemeral() };

deployed(namespace(NAMESPACE, (chart) => {
  for (const [name, redisStorage] of Object.entries(APPS)) {
    const celery = celeryApp(chart, {
      name, redisStorage, files: { 'tasks.py': SQUARE }, resources: SMALL,
      delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT) }),
      // A result that is stored while Redis is away is stored again.
      settings: { result_backend_always_retry: true, result_backend_max_retries: 20 },
    });
    new CeleryWorker(chart, `${name}-worker`, { celery, pool: WorkerPool.prefork({ concurrency: 2 }) });
    new CeleryBeat(chart, `${name}-beat`, { celery });
  }
}));

async function llen(name: string): Promise<number> {
  return Number(await exec(NAMESPACE, `deploy/redis-${name}`, ['redis-cli', 'llen', 'celery']));
}

/** Sends tasks, and deletes the pod of Redis when some of them have run, some wait, and others are still to be sent. */
async function restartUnderLoad(name: string, seconds: number): Promise<Sent> {
  await allReady(NAMESPACE, [`redis-${name}`, `${name}-worker`, `${name}-beat`], 400);
  const sending = python(NAMESPACE, `deploy/${name}-beat`, sendSquares(TASKS, seconds));
  await eventually('tasks wait', 60, async () => expect(await llen(name)).toBeGreaterThan(20));
  const [redis] = await readyPods(NAMESPACE, `app.kubernetes.io/instance=redis-${name}`, 1);
  say(`${name}: ${await llen(name)} tasks wait, and the pod of Redis is deleted`);
  await kubectl(['delete', 'pod', redis.metadata!.name!, '-n', NAMESPACE, '--wait=true']);
  const sent = JSON.parse(await sending) as Sent;
  say(`${name}: ${sent.right} of ${TASKS} results are right; sent again after ${JSON.stringify(sent.again)}; the others: ${JSON.stringify(sent.wrong)}`);
  return sent;
}

/** How many of the tasks have not run, by the log of the worker. */
async function notRun(name: string, { sent }: Sent): Promise<number> {
  const log = await logs(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, 'worker');
  return sent.filter((id) => !log.includes(`[${id}] succeeded`)).length;
}

const test = testIn(NAMESPACE);

test(`with a claim 0 of ${TASKS} tasks are lost`, async () => {
  const sent = await restartUnderLoad('claim', 4 * VISIBILITY_TIMEOUT);
  expect(sent.wrong).toEqual({});
  expect(await notRun('claim', sent)).toBe(0);
});

test('without one those that waited are', async () => {
  const sent = await restartUnderLoad('ephemeral', 2 * VISIBILITY_TIMEOUT);
  const lost = await notRun('ephemeral', sent);
  say(`ephemeral: ${lost} of ${TASKS} tasks are lost`);
  expect(lost).toBeGreaterThan(0);
});
