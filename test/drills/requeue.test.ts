import { Duration } from 'cdk8s';
import type { Pod } from 'kubernetes-types/core/v1';
import { CeleryApp, CeleryWorker, AppCode, RedisBroker, TaskDelivery, WorkerPool, WorkerShutdown } from '../../src';
import { requeue } from '../../src/cli/requeue';
import { eventually, kubectl, readyPods, say, testIn } from '../e2e/harness';
import { deployed, drillRuntime, namespace, signalMain } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * `cdk8s-celery requeue`, called again and again: 20 times with a worker that is killed while it runs tasks, next to a busy one, and 20 times
 * with busy workers only. What the dead one ran comes back and runs once more; nothing of a worker that lives does.
 *
 * Apps with a database each go through it at the same time: DRILL_LANES says how many, DRILL_RUNS how often in all.
 */
const NAMESPACE = 'celery-drill-requeue';
const LANES = Number(process.env.DRILL_LANES ?? 4);
const RUNS = Number(process.env.DRILL_RUNS ?? 20);
const recorder = new Recorder(NAMESPACE);

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  const redis = new RedisBroker(chart, 'redis');
  for (let lane = 0; lane < LANES; lane += 1) {
    const celery = new CeleryApp(chart, appOf(lane), {
      app: 'tasks', broker: redis.onDatabase(lane), code: AppCode.fromInline({ 'tasks.py': RECORDED_TASKS }), runtime: drillRuntime(),
      delivery: TaskDelivery.atLeastOnce(),
      resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    });
    new CeleryWorker(chart, `${appOf(lane)}-worker`, {
      celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }), shutdown: WorkerShutdown.warm({ longestTask: Duration.minutes(5) }),
    });
  }
}));

function appOf(lane: number): string {
  return `lane-${lane}`;
}

/** The two pods of a lane. */
async function workers(lane: number): Promise<Pod[]> {
  return eventually(`both workers of ${appOf(lane)} are ready`, 300, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${appOf(lane)}-worker`, 2));
}

/** Calls it for the app of a lane, and returns its exit code and how many messages it has put back. */
async function put(lane: number): Promise<{ code: number; restored: number; said: string }> {
  let said = '';
  const print = (text: string): void => { said += text; };
  const code = await requeue(['-n', NAMESPACE, '--app', appOf(lane), '--this-namespace', '--yes'], print, print);
  const restored = Number(/^(\d+) of \d+ restored/m.exec(said)?.[1] ?? 0);
  say(`${appOf(lane)}: requeue exits with ${code}: ${said.trim().split('\n').at(-1)}`);
  return { code, restored, said };
}

/** Calls it until all tasks have ended, and returns what each call has put back. */
async function putUntilAllHaveEnded(lane: number, run: string, sent: number): Promise<number[]> {
  const calls: number[] = [];
  const end = Date.now() + 600_000;
  while ((await recorder.outcome(run, sent)).lost > 0) {
    if (Date.now() > end) throw new Error(`${run}: not all tasks have ended after 10 minutes: ${JSON.stringify(await recorder.outcome(run, sent))}`);
    calls.push((await put(lane)).restored);
  }
  return calls;
}

const between = (least: number, most: number): number => least + Math.random() * (most - least);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** All runs of a kind, in all lanes at the same time. */
async function runs<T>(kind: string, body: (lane: number, run: string) => Promise<T>): Promise<T[]> {
  const left = times(RUNS, () => 0).map((_, i) => `${kind}-${i}`);
  const results: T[] = [];
  await Promise.all(times(LANES, () => 0).map(async (_, lane) => {
    for (let run = left.shift(); run !== undefined; run = left.shift()) results.push(await body(lane, run));
  }));
  return results;
}

const test = testIn(NAMESPACE);

test(`a killed worker, ${RUNS} times: what it ran comes back and runs once more, and nothing else does`, async () => {
  const results = await runs('killed', async (lane, run) => {
    const pods = await workers(lane);
    const killed = pods[Math.floor(Math.random() * pods.length)];
    const name = killed.metadata!.name!;
    await recorder.send(pods[0].metadata!.name!, run, times(8, () => ({ args: [between(60, 90), 1] })));
    await recorder.running(run, 4);
    await wait(between(0, 5));
    const had = (await recorder.running(run, 4)).filter(({ host }) => host === name).map(({ number }) => number);
    // Before, while and after it is asked who has what.
    const [calls] = await Promise.all([
      wait(between(0, 5)).then(() => putUntilAllHaveEnded(lane, run, 8)),
      wait(between(0, 10)).then(() => signalMain(NAMESPACE, killed, 'SIGKILL')),
    ]);
    const entries = await recorder.entries(run);
    const count = (what: string, number: number): number => entries.filter((entry) => entry.what === what && entry.number === number).length;
    const numbers = times(8, () => 0).map((_, i) => i);
    expect(had).toHaveLength(2);
    expect(numbers.map((number) => count('began', number))).toEqual(numbers.map((number) => had.includes(number) ? 2 : 1));
    expect(numbers.map((number) => count('ended', number))).toEqual(numbers.map(() => 1));
    expect(sum(calls)).toBe(2);
    // Its successor is restarted without delay.
    await kubectl(['delete', 'pod', name, '-n', NAMESPACE]);
    say(`${run}: the 2 tasks of the dead worker ran once more, put back by call ${calls.findIndex((restored) => restored > 0) + 1}`);
    return calls.findIndex((restored) => restored > 0) + 1;
  });
  say(`killed: ${results.length} of ${RUNS}; put back by the first call in ${results.filter((call) => call === 1).length}`);
  expect(results).toHaveLength(RUNS);
});

test(`busy workers, ${RUNS} times: nothing is put back, and no task runs twice`, async () => {
  const results = await runs('busy', async (lane, run) => {
    const [{ metadata }] = await workers(lane);
    const tasks = [
      ...times(4, () => ({ args: [between(45, 75)] })), ...times(12, () => ({ args: [between(0.1, 10)] })),
      ...times(2, () => ({ args: [1], options: { countdown: between(30, 75) } })),
    ].sort(() => Math.random() - 0.5);
    await recorder.send(metadata!.name!, run, tasks);
    await recorder.running(run, 3);
    const calls = await putUntilAllHaveEnded(lane, run, tasks.length);
    expect(sum(calls)).toBe(0);
    expect(await recorder.outcome(run, tasks.length)).toEqual({ lost: 0, twice: 0, again: 0 });
    say(`${run}: nothing was put back by ${calls.length} calls`);
    return calls.length;
  });
  expect(results).toHaveLength(RUNS);
});

test('a worker that does not answer: it refuses, and names the pod', async () => {
  const [stopped, other] = await workers(0);
  await recorder.send(other.metadata!.name!, 'silent', times(4, () => ({ args: [60] })));
  await recorder.running('silent', 4);
  await signalMain(NAMESPACE, stopped, 'SIGSTOP');
  try {
    const { code, said } = await put(0);
    expect([code, said]).toEqual([1, expect.stringContaining(`pod ${NAMESPACE}/${stopped.metadata!.name} does not answer`)]);
  } finally {
    await signalMain(NAMESPACE, stopped, 'SIGCONT');
  }
});
