import { NAMESPACE as OURS } from './apps/after';
import { NAMESPACE as NO_INDEX } from './apps/no-index';
import { eventually, events, exec, logs, pods, python, readyPods, restarts, testIn } from './harness';

/** What the pod of each manifest in fixtures/before says. The probe loop is not among them: Kubernetes says it. */
const FAILURES = [
  {
    name: 'pip-conflict',
    says: [/redis==5\.0\.1 because these package versions have conflicting dependencies/, /ResolutionImpossible/],
  },
  { name: 'read-only-schedule', says: [/Read-only file system: 'celerybeat-schedule'/] },
  { name: 'unlocked-install', says: [/ModuleNotFoundError: No module named 'packaging'/] },
];

describe('as it was', () => {
  for (const { name, says } of FAILURES) {
    const namespace = `celery-e2e-${name}`;
    testIn(namespace)(name, async () => {
      for (const text of says) {
        await eventually(`${namespace} says ${text}`, 180, async () => expect(await logs(namespace, 'app=celery')).toMatch(text));
      }
      await eventually(`${namespace} has started again`, 120, async () => {
        expect(restarts(await pods(namespace))).toBeGreaterThanOrEqual(1);
      });
    });
  }

  const namespace = 'celery-e2e-probe-loop';
  testIn(namespace)('probe-loop', async () => {
    await eventually('the probe has killed Flower twice during its install', 300, async () => {
      const [flower] = await pods(namespace);
      expect(restarts([flower])).toBeGreaterThanOrEqual(2);
    });
    expect((await events(namespace, 'Unhealthy')).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/Liveness probe failed: .*:5555.* connection refused/));
    expect((await events(namespace, 'Killing')).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/Container flower failed liveness probe, will be restarted/));
    expect(await logs(namespace, 'app=celery')).not.toMatch(/Visit me at/);
  });
});

describe('by our constructs, from an index as slow', () => {
  const test = testIn(OURS);

  test('everything comes up, and stays up', async () => {
    const up = await eventually('Redis, a worker, Beat and Flower are ready', 300, async () => [
      ...await readyPods(OURS, 'component=redis', 1),
      ...await readyPods(OURS, 'component=worker', 1),
      ...await readyPods(OURS, 'component=beat', 1),
      ...await readyPods(OURS, 'component=flower', 1),
    ]);
    expect(restarts(up)).toBe(0);
    await eventually('a task runs', 60, async () => {
      expect(await python(OURS, 'deploy/celery-worker', 'from tasks import add; print(add.delay(4, 4).get(timeout=10))')).toBe('8');
    });
  });

  test('no log has any of the old messages', async () => {
    const all = await logs(OURS, 'component');
    for (const text of FAILURES.flatMap(({ says }) => says)) expect(all).not.toMatch(text);
  });

  test('Beat writes its schedule next to the code', async () => {
    expect(await exec(OURS, 'deploy/celery-beat', ['ls', '/app/data'])).toMatch(/celerybeat-schedule/);
  });

  test('no probe has touched Flower while it was installed', async () => {
    const [flower] = await pods(OURS, 'component=flower');
    const { startedAt, finishedAt } = flower.status!.initContainerStatuses![0].state!.terminated!;
    expect(Date.parse(finishedAt!) - Date.parse(startedAt!)).toBeGreaterThan(90_000);
    const { startedAt: installed } = flower.status!.containerStatuses![0].state!.running!;
    // Afterwards, on a busy node, probes may come before Flower listens: that is what they are for.
    const early = (await events(OURS, 'Unhealthy', flower)).filter(({ firstTimestamp }) => Date.parse(firstTimestamp!) < Date.parse(installed!));
    expect(early.map(({ message }) => message)).toEqual([]);
    expect((await events(OURS, 'Killing')).map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`)).toEqual([]);
  });
});

testIn(NO_INDEX)('while the package index is down, the install says so, and no probe kills anything', async () => {
  await eventually('the install says that the index can\'t be reached', 180, async () => {
    expect(await logs(NO_INDEX, 'component=flower', 'install')).toMatch(/the package index .* can't be reached/);
  });
  const flower = await eventually('Kubernetes installs once more', 120, async () => {
    const [pod] = await pods(NO_INDEX, 'component=flower');
    expect(restarts([pod])).toBeGreaterThanOrEqual(1);
    return pod;
  });
  expect(flower.status!.containerStatuses![0].state!.waiting).toEqual({ reason: 'PodInitializing' });
  for (const reason of ['Unhealthy', 'Killing']) {
    expect((await events(NO_INDEX, reason, flower)).map(({ message }) => message)).toEqual([]);
  }
});
