import { App } from 'cdk8s';
import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1';
import { prune } from '../../src/cli/prune';
import { define, FIRST, NAMESPACE, Release, tasks } from './apps/release';
import { eventually, kubectl, logs, pods, python, readyPods, restarts, say, signal, testIn } from './harness';

const NODE_ACCESS = 'celery-e2e-release-node';
const test = testIn(NAMESPACE, NODE_ACCESS);
const DEPLOYMENT = 'deployment/celery-worker';
const BAD: Release = { ...FIRST, tasks: `${tasks('two')}\ndef broken(:\n` };
const name = (pod: Pod): string => pod.metadata!.name!;

/** Applies a release, and returns the name of the ConfigMap with its code. */
async function release(changes: Release): Promise<string> {
  const app = new App();
  define(app, changes);
  await kubectl(['apply', '-f', '-'], app.synthYaml());
  const { spec } = JSON.parse(await kubectl(['get', DEPLOYMENT, '-n', NAMESPACE, '-o', 'json']));
  return spec.template.spec.volumes.find((volume: { name: string }) => volume.name === 'celery-app').configMap.name;
}

/** What the code of a pod says of itself, run by the worker in that pod. */
async function versions(): Promise<string[]> {
  const ran = await python(NAMESPACE, DEPLOYMENT, `
from celery import Celery
app = Celery()
print(*{' '.join(sent.get(timeout=10)) for sent in [app.send_task('tasks.versions') for _ in range(20)]}, sep='\\n')`);
  return ran.split('\n');
}

async function replicaSets(): Promise<ReplicaSet[]> {
  return JSON.parse(await kubectl(['get', 'replicasets', '-n', NAMESPACE, '-l', 'component=worker', '-o', 'json'])).items;
}

/** Those with our label: what prune looks at. */
async function configMaps(): Promise<string[]> {
  const { items } = JSON.parse(await kubectl(['get', 'configmaps', '-n', NAMESPACE, '-l', 'cdk8s-celery/content-hash', '-o', 'json']));
  return items.map(({ metadata }: ReplicaSet) => metadata!.name!).sort();
}

/** Runs `cdk8s-celery prune`, and returns the names of the ConfigMaps that are gone. */
async function pruned(...args: string[]): Promise<string[]> {
  const before = await configMaps();
  let printed = '';
  const print = (text: string): void => { printed += text; };
  expect(await prune(['-n', NAMESPACE, ...args], print, print)).toBe(0);
  say(`prune ${args.join(' ')}\n${printed}`);
  const after = await configMaps();
  return before.filter((one) => !after.includes(one));
}

let code: string;

test('two workers run the first release', async () => {
  await eventually('two workers are ready', 240, () => readyPods(NAMESPACE, 'component=worker', 2));
  code = await release(FIRST);
  expect(code).toMatch(/^celery-app-[0-9a-f]{8}$/);
  expect(await versions()).toEqual(['one 5.3.4']);
});

let old: Pod[];
let badCode: string;

test('a release that can not be imported stops at its first pod; an old worker whose process is killed comes back on the old code', async () => {
  old = await readyPods(NAMESPACE, 'component=worker', 2);
  badCode = await release(BAD);
  expect(badCode).not.toBe(code);
  await eventually('the new pod ends again and again', 180, async () => {
    const released = (await pods(NAMESPACE, 'component=worker')).filter((pod) => !old.map(name).includes(name(pod)));
    expect(released).toHaveLength(1);
    expect(restarts(released)).toBeGreaterThan(1);
    expect(await kubectl(['logs', name(released[0]), '-c', 'worker', '--previous', '-n', NAMESPACE])).toMatch(/SyntaxError/);
  });

  await signal(old[0], 'KILL', NODE_ACCESS);
  await eventually('the killed worker has started again, and is ready', 120, async () => {
    const again = (await pods(NAMESPACE, 'component=worker')).find((pod) => name(pod) === name(old[0]))!;
    expect(restarts([again])).toBe(restarts([old[0]]) + 1);
    expect(again.status!.conditions!.find(({ type }) => type === 'Ready')!.status).toBe('True');
  });
  expect(await kubectl(['exec', name(old[0]), '-c', 'worker', '-n', NAMESPACE, '--', 'cat', '/app/tasks.py'])).toBe(FIRST.tasks);
  expect(await versions()).toEqual(['one 5.3.4']);
});

test('prune deletes nothing while both releases have pods', async () => {
  expect(await pruned('--yes', '--older-than', '0s')).toEqual([]);
});

test('kubectl rollout undo goes back to the old code', async () => {
  await kubectl(['rollout', 'undo', DEPLOYMENT, '-n', NAMESPACE]);
  await kubectl(['rollout', 'status', DEPLOYMENT, '-n', NAMESPACE, '--timeout=60s']);
  const now = await eventually('the old workers are there, and no others', 60, () => readyPods(NAMESPACE, 'component=worker', 2));
  expect(now.map(name).sort()).toEqual(old.map(name).sort());
  // Not only the pods that were there before: a new one of that release, too.
  await kubectl(['delete', 'pod', name(old[1]), '-n', NAMESPACE]);
  await eventually('a new pod takes the place of one that was deleted', 180, () => readyPods(NAMESPACE, 'component=worker', 2));
  expect(await versions()).toEqual(['one 5.3.4']);
});

test('prune never deletes what a ReplicaSet of 0 replicas names', async () => {
  const bad = (await replicaSets()).filter(({ spec }) => JSON.stringify(spec).includes(badCode));
  expect(bad.map(({ spec }) => spec!.replicas)).toEqual([0]);
  expect(await pruned('--yes', '--older-than', '0s')).toEqual([]);
});

test('prune deletes what nothing names any more, when it is old enough and that is wanted, and nothing else', async () => {
  const [bad] = (await replicaSets()).filter(({ spec }) => JSON.stringify(spec).includes(badCode));
  await kubectl(['delete', 'replicaset', bad.metadata!.name!, '-n', NAMESPACE]);
  // One of somebody else, that nothing names either.
  await kubectl(['create', 'configmap', 'not-ours', '-n', NAMESPACE]);
  expect(await pruned('--yes')).toEqual([]);
  expect(await pruned('--older-than', '0s')).toEqual([]);
  expect(await pruned('--older-than', '0s', '--app', 'another', '--yes')).toEqual([]);
  expect(await pruned('--older-than', '0s', '--yes')).toEqual([badCode]);
  expect(await kubectl(['get', 'configmap', 'not-ours', '-n', NAMESPACE, '-o', 'name'])).toMatch(/not-ours/);
  expect(await pruned('--older-than', '0s', '--yes')).toEqual([]);
});

/** Containers that have ended as they should not. */
function failed(seen: Pod[]): string[] {
  const ended = ({ state, lastState }: ContainerStatus): number[] =>
    [state, lastState].flatMap((one) => one?.terminated && one.terminated.exitCode !== 0 ? [one.terminated.exitCode] : []);
  return seen.flatMap((pod) => [...pod.status!.initContainerStatuses ?? [], ...pod.status!.containerStatuses ?? []]
    .flatMap((container) => ended(container).map((exitCode) => `${name(pod)} ${container.name} ended with ${exitCode}`)));
}

test('another version of Celery together with more replicas: no pod fails', async () => {
  // Of the worker that was killed above.
  const known = failed(await pods(NAMESPACE, 'component=worker'));
  await release({ ...FIRST, celery: '5.6.3', replicas: 3 });
  const rollout = kubectl(['rollout', 'status', DEPLOYMENT, '-n', NAMESPACE, '--timeout=400s']);
  let done = false;
  const ended = (): void => { done = true; };
  void rollout.then(ended, ended);
  const failures = new Set<string>();
  const released = new Map<string, Set<string>>();
  do {
    const { items } = JSON.parse(await kubectl(['get', 'pods', '-n', NAMESPACE, '-l', 'component=worker', '-o', 'json'])) as { items: Pod[] };
    for (const pod of items) {
      const hash = pod.metadata!.labels!['pod-template-hash'];
      released.set(hash, (released.get(hash) ?? new Set()).add(name(pod)));
    }
    failed(items.filter(({ metadata }) => !metadata!.deletionTimestamp)).filter((one) => !known.includes(one)).forEach((one) => failures.add(one));
  } while (!done);
  await rollout;
  expect([...failures]).toEqual([]);
  // Kubernetes starts the third pod with the old template, and only then those of the new one.
  expect([...released.values()].map((names) => names.size)).toEqual([3, 3]);
  expect(restarts(await readyPods(NAMESPACE, 'component=worker', 3))).toBe(0);
  expect(await versions()).toEqual(['one 5.6.3']);
});

test('rollout undo goes back over a change of the lock, too', async () => {
  await kubectl(['rollout', 'undo', DEPLOYMENT, '-n', NAMESPACE]);
  await kubectl(['rollout', 'status', DEPLOYMENT, '-n', NAMESPACE, '--timeout=400s']);
  expect(await logs(NAMESPACE, 'component=worker', 'install')).not.toMatch(/ERROR/);
  await eventually('three workers of the first release', 60, async () => {
    await readyPods(NAMESPACE, 'component=worker', 3);
    expect(await versions()).toEqual(['one 5.3.4']);
  });
});
