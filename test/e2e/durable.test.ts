import type { Pod } from 'kubernetes-types/core/v1';
import { NAMESPACE } from './apps/durable';
import { eventually, exec, kubectl, logs, pods, python, readyPods, restarts, signal, testIn } from './harness';

/** Beat and Redis with a claim each; the worker has no pods at first. */
const NODE_ACCESS = 'celery-e2e-node-access';
const test = testIn(NAMESPACE, NODE_ACCESS);

const STARTS = /beat: Starting\.\.\./;
const SENDS = /Scheduler: Sending due task every-minute/;

const beat = async (): Promise<Pod> => (await readyPods(NAMESPACE, 'component=beat', 1))[0];
const redis = async (): Promise<Pod> => (await readyPods(NAMESPACE, 'component=redis', 1))[0];

test('the schedule survives the pod of Beat', async () => {
  const first = await eventually('Beat is ready', 240, beat);
  await eventually('Beat has started', 60, async () => expect(await logs(NAMESPACE, 'component=beat')).toMatch(STARTS));
  await kubectl(['delete', 'pod', first.metadata!.name!, '-n', NAMESPACE]);
  const second = await eventually('another pod of Beat is ready', 120, beat);
  expect(second.metadata!.name).not.toBe(first.metadata!.name);

  const beforeSending = await eventually('Beat sends the task of every minute', 90, async () => {
    const log = await logs(NAMESPACE, 'component=beat');
    return time(log, SENDS) - time(log, STARTS);
  });
  // A schedule that begins anew comes due a minute after its Beat has started; this one began while the first pod was there.
  expect(beforeSending).toBeLessThan(59_000);
});

test('a hundred queued messages survive kill -9 of redis-server', async () => {
  await eventually('Redis is ready', 120, redis);
  await eventually('Beat, from whose pod we send, is ready', 120, beat);
  const ids = await python(NAMESPACE, 'deploy/celery-beat', 'from tasks import add\nprint(*[add.delay(n, n) for n in range(100)])');
  expect(await queued()).toBe(100);

  await killRedis();
  expect(await queued()).toBe(100);

  await scaleWorker();
  await eventually('all hundred have run', 120, async () => {
    const results = await python(NAMESPACE, 'deploy/celery-beat',
      `from tasks import app\nprint(*[app.AsyncResult(id).result for id in '${ids}'.split()])`);
    expect(results).toBe(Array.from({ length: 100 }, (_, n) => n + n).join(' '));
  });
});

test('the worker outlives a Redis that was killed, and goes on', async () => {
  await scaleWorker();
  await eventually('a worker is ready', 120, () => readyPods(NAMESPACE, 'component=worker', 1));
  await killRedis();
  await eventually('a task runs', 60, async () => {
    expect(await python(NAMESPACE, 'deploy/celery-beat', 'from tasks import add; print(add.delay(4, 4).get(timeout=10))')).toBe('8');
  });
  expect(restarts(await pods(NAMESPACE, 'component=worker'))).toBe(0);
});

async function scaleWorker(): Promise<void> {
  await kubectl(['scale', 'deployment/celery-worker', '--replicas=1', '-n', NAMESPACE]);
}

async function killRedis(): Promise<void> {
  const pod = await redis();
  const { restartCount } = pod.status!.containerStatuses![0];
  await signal(pod, 'KILL', NODE_ACCESS);
  await eventually('Redis was killed, and is ready again', 90, async () => {
    const [now] = (await redis()).status!.containerStatuses!;
    expect(now.restartCount).toBe(restartCount + 1);
    expect(now.lastState!.terminated?.exitCode).toBe(128 + 9);
  });
}

/** When a line with this text was logged. */
function time(log: string, text: RegExp): number {
  const line = log.split('\n').find((candidate) => text.test(candidate));
  if (line === undefined) throw new Error(`no line has ${text}`);
  const [, day, clock, milliseconds] = line.match(/^\[(\S+) ([\d:]+),(\d+):/)!;
  return Date.parse(`${day}T${clock}.${milliseconds}Z`);
}

async function queued(): Promise<number> {
  return Number(await exec(NAMESPACE, 'deploy/redis', ['redis-cli', 'llen', 'celery']));
}
