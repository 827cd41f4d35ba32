import { Duration } from 'cdk8s';
import { CeleryWorker, PythonRuntime, rules, TaskDelivery, WorkerPool, WorkerShutdown } from '../../src';
import { empty } from '../e2e/deployment';
import { eventually, exec, kubectl, python, readyPods, say, signal, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { celeryApp, deployed, namespace, podsOf } from './drill';
import { Recorder } from './record';

/**
 * What becomes of tasks when pods stop: a rolling update (warm and soft), evictions, SIGKILL. Each task says when it begins and when it ends
 * to a Redis that is not the message broker. Each drill is run again with one guard removed, and then tasks are lost, or no pod is left for a while.
 *
 * DRILL_IMAGE is an image with Celery and redis; without one, each pod installs them.
 */
const NAMESPACE = 'celery-drill-shutdown';
const NODE_ACCESS = 'celery-drill-shutdown-node';
const IMAGE = process.env.DRILL_IMAGE;

const TASKS = `\
import time

import redis
from celery import Celery

app = Celery('tasks')
record = redis.Redis('record.${NAMESPACE}.svc')


@app.task
def work(run, number, seconds):
    record.rpush(f'{run}:began', number)
    time.sleep(seconds)
    record.rpush(f'{run}:ended', number)
`;

const runtime = IMAGE === undefined ? PythonRuntime.install({ celery: NEWEST }) : PythonRuntime.fromImage(IMAGE);
const pool = WorkerPool.prefork({ concurrency: 4 });
const { seconds } = Duration;
/** The default, and what is needed of the CPU where many pods start at once. */
const READY = 300;

/** In seconds, on average: long enough that some run whenever a pod stops; the grace periods are far longer. */
const TASK = 5;
const SENT = 100;
/** A task of a pod that was killed comes back after this time, and a sweep of kombu's. */
const VISIBILITY = 40;

deployed(namespace(NAMESPACE, (chart) => {
  new Recorder(NAMESPACE).define(chart);
  const files = { 'tasks.py': TASKS };
  const early = celeryApp(chart, { name: 'early', files, runtime, delivery: TaskDelivery.atMostOnce() });
  new CeleryWorker(chart, 'early-worker', { celery: early, replicas: 2, pool, shutdown: WorkerShutdown.warm({ longestTask: seconds(30) }) });
  const late = celeryApp(chart, { name: 'late', files, runtime, delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(VISIBILITY) }) });
  const soft = WorkerShutdown.soft({ timeout: seconds(2), longestTask: seconds(30) });
  new CeleryWorker(chart, 'late-worker', { celery: late, replicas: 2, pool, shutdown: soft });
  const broken = celeryApp(chart, { name: 'broken', files, runtime, delivery: TaskDelivery.atMostOnce() });
  rules.Rules.of(new CeleryWorker(chart, 'broken-worker', { celery: broken, replicas: 2, pool, shutdown: soft }))
    .suppress('shutdown/soft-shutdown-loses-tasks', 'the guard that is removed');
}), empty(NODE_ACCESS));

const workers = (app: string): string => `${app}-worker`;
const ready = async (app: string, count = 2) => readyPods(NAMESPACE, `app.kubernetes.io/instance=${workers(app)}`, count);
const record = async (...command: string[]): Promise<string> => (await exec(NAMESPACE, 'pod/record', ['redis-cli', ...command])).trim();

/** Sends the tasks of a run from a pod of the workers. */
async function send(app: string, run: string): Promise<void> {
  await python(NAMESPACE, `deploy/${workers(app)}`, `
from tasks import work
with work.app.pool.acquire():
    # Not all alike: those of a pod would end at the same moment, and a pod that stops just then loses none.
    for number in range(${SENT}): work.apply_async(('${run}', number, ${TASK} - 2 + number % 5))`);
}

interface Outcome {
  /** Tasks that never ended. */
  readonly lost: number;
  /** Tasks that ended more than once. */
  readonly twice: number;
}

async function outcome(run: string): Promise<Outcome> {
  const ended = (await record('LRANGE', `${run}:ended`, '0', '-1')).split('\n').filter(Boolean);
  const different = new Set(ended).size;
  return { lost: SENT - different, twice: ended.length - different };
}

/** The outcome once all tasks have ended, or once nothing has happened for so long that no more will. */
async function settled(run: string, patience = 20): Promise<Outcome> {
  let last = '';
  let since = Date.now();
  return eventually(`${run}: all tasks have ended, or nothing happens for ${patience} s`, 300, async () => {
    const now = `${await record('LLEN', `${run}:began`)} ${await record('LLEN', `${run}:ended`)}`;
    if (now !== last) [last, since] = [now, Date.now()];
    const found = await outcome(run);
    if (found.lost > 0 && Date.now() - since < patience * 1000) throw new Error(`${found.lost} have not ended`);
    return found;
  }).then((found) => {
    say(`${run}: ${JSON.stringify(found)}`);
    return found;
  });
}

/** Sends, waits until tasks run, and does something to the pods meanwhile. */
async function under(app: string, run: string, what: () => Promise<unknown>, patience?: number): Promise<Outcome> {
  await eventually(`${workers(app)} are ready`, READY, () => ready(app));
  await send(app, run);
  await eventually(`${run}: tasks run`, 60, async () => expect(Number(await record('LLEN', `${run}:began`))).toBeGreaterThan(8));
  await what();
  return settled(run, patience);
}

const restart = (app: string) => async (): Promise<unknown> => {
  await kubectl(['rollout', 'restart', '-n', NAMESPACE, `deployment/${workers(app)}`]);
  return kubectl(['rollout', 'status', '-n', NAMESPACE, `deployment/${workers(app)}`, `--timeout=${READY}s`]);
};

async function evict(pod: string): Promise<void> {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: NAMESPACE } };
  await kubectl(['create', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/eviction`, '-f', '-'], JSON.stringify(eviction));
}

const setGrace = async (grace: number): Promise<unknown> => {
  const patch = JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: grace } } } });
  return kubectl(['patch', 'deployment', '-n', NAMESPACE, workers('early'), '-p', patch]);
};

const test = testIn(NAMESPACE, NODE_ACCESS);

test('a rolling update, warm: no task is lost, none runs twice', async () => {
  expect(await under('early', 'warm', restart('early'))).toEqual({ lost: 0, twice: 0 });
});

test('a rolling update, soft: no task is lost', async () => {
  expect(await under('late', 'soft', restart('late'))).toMatchObject({ lost: 0 });
});

test('the same without late acknowledgement: tasks are lost', async () => {
  expect((await under('broken', 'soft-early', restart('broken'))).lost).toBeGreaterThan(0);
});

test('all pods are evicted, one after another: a pod is always ready, no task is lost', async () => {
  let fewest = Infinity;
  const found = await under('early', 'evicted', async () => {
    for (const { metadata } of await podsOf(NAMESPACE, workers('early'))) {
      await eventually(`${metadata!.name} may be evicted`, READY, () => evict(metadata!.name!));
      const all = await podsOf(NAMESPACE, workers('early'));
      fewest = Math.min(fewest, all.filter(({ status }) => status!.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')).length);
    }
  });
  expect([fewest, found]).toEqual([1, { lost: 0, twice: 0 }]);
});

test('the same without a budget: both go at once', async () => {
  await eventually('two are ready', READY, () => ready('early'));
  await kubectl(['delete', 'poddisruptionbudget', '-n', NAMESPACE, workers('early')]);
  for (const { metadata } of await podsOf(NAMESPACE, workers('early'))) await evict(metadata!.name!);
  const all = await podsOf(NAMESPACE, workers('early'));
  expect(all.filter(({ status }) => status!.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'))).toEqual([]);
});

const killOne = (app: string) => async (): Promise<void> => signal((await podsOf(NAMESPACE, workers(app)))[0], 'KILL', NODE_ACCESS);

test('SIGKILL of a pod, late acknowledgement: no task is lost', async () => {
  expect(await under('late', 'killed-late', killOne('late'), 200)).toMatchObject({ lost: 0 });
});

test('the same with early acknowledgement: those that ran are lost', async () => {
  const { lost, twice } = await under('early', 'killed-early', killOne('early'), VISIBILITY);
  expect([lost > 0, twice]).toEqual([true, 0]);
});

test('a rolling update with a grace period shorter than the tasks: tasks are lost', async () => {
  await setGrace(1);
  await kubectl(['rollout', 'status', '-n', NAMESPACE, `deployment/${workers('early')}`, `--timeout=${READY}s`]);
  expect((await under('early', 'short-grace', restart('early'))).lost).toBeGreaterThan(0);
});
