import { App } from 'cdk8s';
import type { Pod } from 'kubernetes-types/core/v1';
import { define, NAMESPACE, TASKS } from './apps/health';
import { always, eventually, kubectl, pods, python, readyPods, restarts, signal, testIn, told } from './harness';

const NODE_ACCESS = 'celery-e2e-health-node';
const test = testIn(NAMESPACE, NODE_ACCESS);

/** Role and number of the pods that `cdk8s-celery status` tells of. */
const ROLES = [['worker', 2], ['beat', 1], ['flower', 1]] as const;

const workers = (): Promise<Pod[]> => readyPods(NAMESPACE, 'component=worker', 2);
const name = (pod: Pod): string => pod.metadata!.name!;

/** The pods that have run these many tasks. What sends them does not need the code, which a test breaks. */
async function runners(tasks: number, from = 'deploy/celery-beat'): Promise<string[]> {
  const hosts = await python(NAMESPACE, from, `
from celery import Celery
app = Celery()
print(*[sent.get(timeout=10) for sent in [app.send_task('tasks.where') for _ in range(${tasks})]])`);
  return [...new Set(hosts.split(' '))];
}

/** Applies the deployment with this code. */
async function release(tasks: string): Promise<void> {
  const app = new App();
  define(app, tasks);
  await kubectl(['apply', '-f', '-'], app.synthYaml());
}

test('everything is ready, and status says so', async () => {
  await eventually('two workers, Beat and Flower are ready', 240, async () => {
    for (const [role, count] of ROLES) await readyPods(NAMESPACE, `component=${role}`, count);
  });
  const { code, rows } = await told(NAMESPACE);
  expect(rows.map(([, role, live, ready]) => [role, live, ready]).sort()).toEqual([
    ['beat', 'yes', 'yes'], ['flower', 'yes', 'yes'], ['worker', 'yes', 'yes'], ['worker', 'yes', 'yes'],
  ]);
  expect(code).toBe(0);
});

test('a worker whose main process has stopped is restarted, and consumes again', async () => {
  const [stopped] = await workers();
  await signal(stopped, 'STOP', NODE_ACCESS);
  await eventually('its container is another one', 150, async () => {
    const now = (await pods(NAMESPACE, 'component=worker')).find((pod) => name(pod) === name(stopped))!;
    expect(restarts([now])).toBe(restarts([stopped]) + 1);
  });
  await eventually('it runs a task', 60, async () => {
    await workers();
    expect(await runners(10)).toContain(name(stopped));
  });
});

test('a release with a wrong broker stops at its first pod, and all old workers go on', async () => {
  const old = (await workers()).map(name);
  const before = restarts(await workers());
  await kubectl(['set', 'env', 'deployment/celery-worker', '-n', NAMESPACE, `CELERY_BROKER_URL=redis://nowhere.${NAMESPACE}.svc.cluster.local:6379/0`]);
  await expect(kubectl(['rollout', 'status', 'deployment/celery-worker', '-n', NAMESPACE, '--timeout=75s'])).rejects.toThrow(/timed out waiting/);

  const now = await pods(NAMESPACE, 'component=worker');
  const released = now.filter((pod) => !old.includes(name(pod)));
  expect(released.map(({ status: { phase } = {} }) => phase)).toEqual(['Running']);
  const { code, rows } = await told(NAMESPACE);
  expect(code).toBe(1);
  expect(Object.fromEntries(rows.filter(([, role]) => role === 'worker').map(([pod, , live, ready]) => [pod, [live, ready]]))).toEqual({
    ...Object.fromEntries(old.map((pod) => [pod, ['yes', 'yes']])), [name(released[0])]: ['yes', 'NO'],
  });
  expect(restarts(now)).toBe(before);
  expect((await runners(20)).sort()).toEqual([...old].sort());

  await kubectl(['rollout', 'undo', 'deployment/celery-worker', '-n', NAMESPACE]);
  await kubectl(['rollout', 'status', 'deployment/celery-worker', '-n', NAMESPACE, '--timeout=60s']);
  expect((await eventually('the old workers are there alone', 30, workers)).map(name).sort()).toEqual([...old].sort());
});

test('a release that can not be imported stops at its first pod, and all old workers go on', async () => {
  const old = (await workers()).map(name);
  await release(`${TASKS}\ndef broken(:\n`);
  await expect(kubectl(['rollout', 'status', 'deployment/celery-worker', '-n', NAMESPACE, '--timeout=75s'])).rejects.toThrow(/timed out waiting/);

  const now = await pods(NAMESPACE, 'component=worker');
  const released = now.filter((pod) => !old.includes(name(pod)));
  expect(released).toHaveLength(1);
  expect(restarts(released)).toBeGreaterThan(0);
  expect(await kubectl(['logs', name(released[0]), '-c', 'worker', '--previous', '-n', NAMESPACE])).toMatch(/def broken\(:[\s\S]*SyntaxError/);
  expect((await told(NAMESPACE)).code).toBe(1);
  expect((await runners(20, old[0])).sort()).toEqual([...old].sort());

  await release(TASKS);
  await kubectl(['rollout', 'status', 'deployment/celery-worker', '-n', NAMESPACE, '--timeout=60s']);
  expect((await eventually('the old workers are there alone', 30, workers)).map(name).sort()).toEqual([...old].sort());
  await eventually('Beat is there again', 120, () => readyPods(NAMESPACE, 'component=beat', 1));
});

test('while Redis is down no worker is restarted, all say why they are not ready, and they consume when it is back', async () => {
  const before = await workers();
  await kubectl(['scale', 'deployment/redis', '--replicas=0', '-n', NAMESPACE]);
  const notReady = async (): Promise<void> => {
    const { code, rows } = await told(NAMESPACE);
    expect(code).toBe(1);
    for (const [, , live, ready, ...rest] of rows.filter(([, role]) => role === 'worker')) {
      // With the error of the connection, once there is one.
      expect([live, ready, rest.at(-1)]).toEqual(['yes', 'NO', expect.stringMatching(/^not consuming: not connected to the broker(: \w+: .*\bredis\b.*)?$/)]);
    }
    await readyPods(NAMESPACE, 'component=worker', 2).then(() => { throw new Error('Kubernetes takes a worker for ready'); }, () => undefined);
  };
  await eventually('both workers are live and not ready', 30, notReady);
  await always('both workers are live and not ready', 60, async () => {
    await notReady();
    expect(restarts(await pods(NAMESPACE, 'component=worker'))).toBe(restarts(before));
  });

  await kubectl(['scale', 'deployment/redis', '--replicas=1', '-n', NAMESPACE]);
  await eventually('Redis is back', 60, () => readyPods(NAMESPACE, 'component=redis', 1));
  await eventually('both workers run tasks', 60, async () => expect((await runners(20)).sort()).toEqual(before.map(name).sort()));
  expect(restarts(await eventually('both are ready', 30, workers))).toBe(restarts(before));
});
