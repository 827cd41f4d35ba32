import { App, Chart, Duration } from 'cdk8s';
import type { Node } from 'kubernetes-types/core/v1';
import { CeleryWorker, PythonRuntime, RedisBroker, TaskDelivery, WorkerPool, WorkerShutdown } from '../../src';
import { eventually, kubectl, readyPods, say, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { celeryApp, deployed, namespace, podsOf, SMALL } from './drill';
import { Outcome, Recorder, RECORDED_TASKS } from './record';

/**
 * What docs/operations.md says of a node and of Celery, under load: `kubectl drain`, and a release with another Celery. Only the pods of the drill
 * are drained. The node is cordoned by it and uncordoned at once: where it is the only one, the successors have no other place.
 */
const NAMESPACE = 'celery-drill-drain';
const WORKER = 'celery-worker';
const SELECTOR = `app.kubernetes.io/instance=${WORKER}`;
const recorder = new Recorder(NAMESPACE);
const SENT = 100;
/** Not all alike: those of a pod would end at the same moment, and a pod that stops just then loses none. */
const tasks = Array.from({ length: SENT }, (_, number) => ({ args: [3 + number % 5] }));

const OLD = '5.3.4';

function release(chart: Chart, celery: string): void {
  const app = celeryApp(chart, {
    broker: new RedisBroker(chart, 'redis'), files: { 'tasks.py': RECORDED_TASKS }, resources: SMALL, delivery: TaskDelivery.atMostOnce(), runtime: PythonRuntime.install({ celery }),
  });
  new CeleryWorker(chart, 'worker', {
    celery: app, replicas: 2, pool: WorkerPool.prefork({ concurrency: 4 }), shutdown: WorkerShutdown.warm({ longestTask: Duration.seconds(60) }),
  });
}

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  release(chart, OLD);
}));

const two = () => eventually('two workers are ready', 300, () => readyPods(NAMESPACE, SELECTOR, 2));

/** Sends, waits until tasks run in all processes, and does something meanwhile. */
async function under(run: string, what: () => Promise<unknown>): Promise<Outcome> {
  await two();
  await recorder.send(`deploy/${WORKER}`, run, tasks);
  await recorder.running(run, 8);
  await what();
  return recorder.settled(run, SENT, 30);
}

/** Drains the pods of the worker from their node, and returns what kubectl says and how many pods were ready at least. */
async function drain(...options: string[]): Promise<{ said: string; fewest: number }> {
  const before = await two();
  const node = before[0].spec!.nodeName!;
  const words = ['drain', node, `--pod-selector=${SELECTOR}`, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=400s', ...options];
  let done = false;
  const drained = kubectl(['--v=0', ...words]).finally(() => {
    done = true;
  });
  let fewest = Infinity;
  try {
    await eventually(`${node} is cordoned`, 30, async () => {
      const { spec } = JSON.parse(await kubectl(['get', 'node', node, '-o', 'json'])) as Node;
      if (!spec!.unschedulable && !done) throw new Error('it is not');
    });
  } finally {
    await kubectl(['uncordon', node]);
  }
  while (!done) {
    const ready = (await podsOf(NAMESPACE, WORKER)).filter(({ status }) => status!.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
    fewest = Math.min(fewest, ready.length);
  }
  const said = await drained;
  const left = (await podsOf(NAMESPACE, WORKER)).map(({ metadata }) => metadata!.name!);
  expect(left.filter((name) => before.some(({ metadata }) => metadata!.name === name))).toEqual([]);
  say(`${fewest} ready at least\n${said}`);
  return { said, fewest };
}

const test = testIn(NAMESPACE);

test(`a release with Celery ${NEWEST} after ${OLD}, under load: no task is lost, none runs twice`, async () => {
  const found = await under('upgraded', async () => {
    const app = new App();
    release(new Chart(app, 'second', { namespace: NAMESPACE }), NEWEST);
    await kubectl(['apply', '-n', NAMESPACE, '-f', '-'], app.synthYaml());
    await kubectl(['rollout', 'status', '-n', NAMESPACE, `deployment/${WORKER}`, '--timeout=400s']);
  });
  expect(found).toEqual({ lost: 0, twice: 0, again: 0 });
});

test('kubectl drain, under load: no task is lost, none runs twice, and a pod is always ready', async () => {
  let fewest = 0;
  const found = await under('drained', async () => {
    ({ fewest } = await drain());
  });
  expect([fewest, found]).toEqual([1, { lost: 0, twice: 0, again: 0 }]);
});

test('kubectl drain that gives pods one second: tasks are lost', async () => {
  const { lost, twice } = await under('cut', () => drain('--grace-period=1'));
  expect([lost > 0, twice]).toEqual([true, 0]);
});

test('kubectl drain without a budget: no pod is ready for a while', async () => {
  await two();
  await kubectl(['delete', 'poddisruptionbudget', '-n', NAMESPACE, WORKER]);
  expect((await drain()).fewest).toBe(0);
});
