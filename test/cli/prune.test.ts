import { Answers, withKubectl } from './fake-kubectl';
import { prune } from '../../src/cli/prune';

const NOW = Date.parse('2026-01-02T12:00:00Z');
beforeEach(() => { jest.spyOn(Date, 'now').mockReturnValue(NOW); });
afterEach(() => { jest.restoreAllMocks(); });

/** Runs `cdk8s-celery prune` with a kubectl that notes how it is called. */
async function run(args: string[], answers: Answers | 'no kubectl' = {}) {
  let stdout = '';
  let stderr = '';
  const { result: code, calls } = await withKubectl(answers === 'no kubectl' ? undefined : answers, () => prune(args, (text) => stdout += text, (text) => stderr += text));
  return { code, stdout, stderr, calls, deleted: calls.filter((call) => call.includes('delete')).map((call) => /configmaps\/(\S+)/.exec(call)![1]) };
}

/** A ConfigMap as the API server tells of it, as old as that in seconds. */
function configMap(name: string, age = 86_400, metadata: object = {}): object {
  const creationTimestamp = new Date(NOW - age * 1000).toISOString().replace('.000', '');
  return { metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '7', labels: { 'cdk8s-celery/content-hash': name.slice(-8) }, creationTimestamp, ...metadata } };
}

const list = (items: readonly object[]): [string] => [JSON.stringify({ items })];
const configMaps = (...items: object[]): Answers => ({ 'get configmaps': list(items) });
const workloads = (...items: object[]): Answers => ({ 'get deployments.apps,': list(items) });
/** A ReplicaSet whose pods mount these. */
function replicaSet(name: string, ...mounted: string[]): object {
  return { kind: 'ReplicaSet', metadata: { name }, spec: { replicas: 0, template: { spec: { volumes: mounted.map((one) => ({ name: 'v', configMap: { name: one } })) } } } };
}

const OLD = 'shop-app-0000aaaa';
const USED = 'shop-app-1111bbbb';
const NEW = 'shop-app-2222cccc';
const THREE: Answers = {
  ...configMaps(configMap(OLD), configMap(USED, 7300), configMap(NEW, 125)), ...workloads(replicaSet('worker-1', USED, USED), replicaSet('worker-2', USED)),
  'delete --raw': ['{"status":"Success"}'],
};

describe('without --yes', () => {
  test('tells what would be deleted and why the others stay, and changes nothing', async () => {
    const { code, stdout, stderr, calls } = await run(['-n', 'shop'], THREE);
    expect(stdout).toBe([
      'CONFIGMAP          AGE  STATE',
      'shop-app-0000aaaa  24h  unused: would be deleted',
      'shop-app-1111bbbb  2h   used by ReplicaSet worker-1 and 1 more',
      'shop-app-2222cccc  2m   not older than 1h',
      '1 of 3 ConfigMaps would be deleted; delete with --yes',
      '',
    ].join('\n'));
    expect([code, stderr]).toEqual([0, '']);
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['get', 'get']);
  });

  test('says when there is nothing to delete', async () => {
    expect(await run([], { ...configMaps(configMap(USED)), ...workloads(replicaSet('worker-1', USED)) }))
      .toMatchObject({ code: 0, stdout: expect.stringMatching(/\nnothing to delete\n$/) });
  });
});

describe('with --yes', () => {
  test('deletes what is unused, exactly as it was read, and nothing else', async () => {
    const { code, stdout, calls } = await run(['-n', 'shop', '--yes'], THREE);
    expect(calls.slice(2)).toEqual([
      `delete --raw /api/v1/namespaces/shop/configmaps/${OLD} -f - <<< {"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"uid-${OLD}","resourceVersion":"7"}}`,
    ]);
    expect(stdout).toMatch(/^shop-app-0000aaaa +24h +unused$/m);
    expect(stdout).toMatch(/\nshop-app-0000aaaa deleted\n1 of 3 ConfigMaps deleted\n$/);
    expect(code).toBe(0);
  });

  test('does not delete what has changed since it was read, and goes on', async () => {
    const { code, stdout, deleted } = await run(['--yes'], {
      ...configMaps(configMap('a-0000aaaa'), configMap('b-0000bbbb'), configMap('c-0000cccc')), ...workloads(),
      'configmaps/a-0000aaaa': ['Error from server (Conflict): Operation cannot be fulfilled on ConfigMap "a"', 1],
      'configmaps/b-0000bbbb': ['Error from server (NotFound): configmaps "b" not found', 1],
      'configmaps/c-0000cccc': ['{}'],
    });
    expect(deleted).toEqual(['a-0000aaaa', 'b-0000bbbb', 'c-0000cccc']);
    expect(stdout).toMatch(/\na-0000aaaa stays: it has changed meanwhile\nb-0000bbbb was already deleted\nc-0000cccc deleted\n1 of 3 ConfigMaps deleted\n$/);
    expect(code).toBe(0);
  });

  test('ends with 2 at the first that can\'t be deleted, and says what was done', async () => {
    const { code, stdout, stderr, deleted } = await run(['--yes'], {
      ...configMaps(configMap('a-0000aaaa'), configMap('b-0000bbbb'), configMap('c-0000cccc')), ...workloads(),
      'configmaps/a-0000aaaa': ['{}'], 'configmaps/b-0000bbbb': ['Error from server (Forbidden): no', 1],
    });
    expect(deleted).toEqual(['a-0000aaaa', 'b-0000bbbb']);
    expect(stdout).toMatch(/\na-0000aaaa deleted\n$/);
    expect([code, stderr]).toEqual([2,
      'cdk8s-celery prune: b-0000bbbb can\'t be deleted; 1 of 3 unused ConfigMaps was deleted before it:\nError from server (Forbidden): no\n']);
  });
});

describe('stays, whatever names it:', () => {
  const pod = (spec: object) => ({ kind: 'Pod', metadata: { name: 'p' }, spec });
  const template = (kind: string, spec: object = {}) => ({ kind, metadata: { name: 'x' }, spec: { template: pod({ volumes: [{ configMap: { name: OLD } }] }), ...spec } });

  test.each<[string, object]>([
    ['a volume', pod({ volumes: [{ name: 'v', configMap: { name: OLD } }] })],
    ['a projected volume', pod({ volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'x' } }, { configMap: { name: OLD } }] } }] })],
    ['envFrom', pod({ containers: [{ envFrom: [{ configMapRef: { name: OLD } }] }] })],
    ['a variable', pod({ containers: [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: OLD, key: 'k' } } }] }] })],
    ['an init container', pod({ initContainers: [{ envFrom: [{ configMapRef: { name: OLD } }] }] })],
    ['an ephemeral container', pod({ ephemeralContainers: [{ env: [{ valueFrom: { configMapKeyRef: { name: OLD } } }] }] })],
    ['a pod that has ended', { ...pod({ volumes: [{ configMap: { name: OLD } }] }), status: { phase: 'Succeeded' } }],
    ['a ReplicaSet of 0 replicas', template('ReplicaSet', { replicas: 0 })],
    ['a Deployment of 0 replicas', template('Deployment', { replicas: 0 })],
    ['a StatefulSet', template('StatefulSet')],
    ['a DaemonSet', template('DaemonSet')],
    ['a ReplicationController', template('ReplicationController')],
    ['a Job', template('Job')],
    ['a suspended CronJob', { kind: 'CronJob', metadata: { name: 'x' }, spec: { suspend: true, jobTemplate: template('Job') } }],
    ['a ControllerRevision', { kind: 'ControllerRevision', metadata: { name: 'x' }, data: template('StatefulSet') }],
  ])('%s', async (_what, workload) => {
    const { deleted, stdout } = await run(['--yes'], { ...configMaps(configMap(OLD), configMap(USED)), ...workloads(workload), 'delete --raw': ['{}'] });
    expect(deleted).toEqual([USED]);
    expect(stdout).toContain('used by');
  });

  test('a part of a name is not that name', async () => {
    expect((await run(['--yes'], { ...configMaps(configMap(OLD)), ...workloads(replicaSet('r', `${OLD}0`, `x${OLD}`)), 'delete --raw': ['{}'] })).deleted).toEqual([OLD]);
  });
});

describe('the age', () => {
  test.each<[string[], number, boolean]>([
    [[], 3599, false], [[], 3600, true], [['--older-than', '90s'], 89, false], [['--older-than', '90s'], 90, true], [['--older-than', '2m'], 119, false],
    [['--older-than', '2m'], 120, true], [['--older-than', '3h'], 10_799, false], [['--older-than', '3h'], 10_800, true], [['--older-than', '7d'], 604_799, false],
    [['--older-than', '7d'], 604_800, true], [['--older-than', '0s'], 0, true], [['--older-than', '0s'], -60, false],
  ])('%j takes one of %d seconds: %p', async (args, age, taken) => {
    expect((await run(['--yes', ...args], { ...configMaps(configMap(OLD, age)), ...workloads(), 'delete --raw': ['{}'] })).deleted).toEqual(taken ? [OLD] : []);
  });

  test.each([undefined, 'yesterday'])('%p is none: it stays', async (creationTimestamp) => {
    const { deleted, stdout } = await run(['--yes', '--older-than', '0s'], { ...configMaps(configMap(OLD, 0, { creationTimestamp })), ...workloads() });
    expect(deleted).toEqual([]);
    expect(stdout).toMatch(/^shop-app-0000aaaa +\? +not older than 0s$/m);
  });

  test.each([[59, '59s'], [60, '1m'], [7199, '119m'], [7200, '2h'], [172_799, '47h'], [172_800, '2d'], [-5, '?']])('of %d seconds is shown as %s', async (age, shown) => {
    const { stdout } = await run([], { ...configMaps(configMap(OLD, age)), ...workloads() });
    expect(stdout.split('\n')[1].split(/ {2,}/)[1]).toBe(shown);
  });
});

test('only what has our label is ours, and what is being deleted is gone', async () => {
  const { deleted, stdout } = await run(['--yes'], {
    ...configMaps(configMap(OLD, 1e6, { labels: { team: 'x' } }), configMap(USED, 1e6, { labels: undefined }), configMap(NEW, 1e6, { deletionTimestamp: '2026-01-02T11:59:59Z' })),
    ...workloads(), 'delete --raw': ['{}'],
  });
  expect(deleted).toEqual([]);
  expect(stdout).toBe('no ConfigMaps named by their content in the namespace of the context\n');
});

describe('asks kubectl', () => {
  const WORKLOADS = 'deployments.apps,statefulsets.apps,daemonsets.apps,cronjobs.batch,controllerrevisions.apps,replicationcontrollers,podtemplates,replicasets.apps,jobs.batch,pods';

  test('for the ConfigMaps first, and then for all that may name one', async () => {
    expect((await run(['-n', 'shop'], THREE)).calls).toEqual([
      'get configmaps -l cdk8s-celery/content-hash -n shop -o json', `get ${WORKLOADS} -n shop -o json`,
    ]);
  });

  // The context may change while we look: what is used in another namespace would say nothing of this one.
  test('for both in the namespace where the ConfigMaps were found', async () => {
    expect((await run([], THREE)).calls).toEqual(['get configmaps -l cdk8s-celery/content-hash -o json', `get ${WORKLOADS} -n shop -o json`]);
  });

  test('with --context and --app', async () => {
    const { calls } = await run(['--context', 'staging', '--app', 'mail', '--yes'], THREE);
    expect(calls).toHaveLength(3);
    expect(calls.filter((call) => !call.startsWith('--context staging '))).toEqual([]);
    expect(calls[0]).toContain(' -l cdk8s-celery/content-hash,app.kubernetes.io/part-of=mail ');
  });
});

describe('returns 2, and deletes nothing,', () => {
  const REFUSED = 'Error from server (Forbidden): jobs.batch is forbidden';

  test.each<[string, Answers, string]>([
    ['when the ConfigMaps can\'t be read', { 'get configmaps': [REFUSED, 1] }, REFUSED],
    ['when a kind of workload can\'t be read', { ...configMaps(configMap(OLD)), 'get deployments.apps,': [REFUSED, 1] }, REFUSED],
    ['when the answer is no JSON', { ...configMaps(configMap(OLD)), 'get deployments.apps,': ['{"items": ['] }, 'the answer of kubectl get deployments.apps'],
    ['when a ConfigMap has no uid', { ...configMaps(configMap(USED), configMap(OLD, 1e6, { uid: undefined })), ...workloads() }, 'one without metadata.uid'],
    ['when the answer is no list', { ...configMaps(configMap(OLD)), 'get deployments.apps,': ['{"kind": "Status"}'] }, 'the answer of kubectl get deployments.apps'],
    ['when there is no such namespace', { ...configMaps(), 'get namespace shop': ['Error from server (NotFound): namespaces "shop" not found', 1] }, 'namespaces "shop" not found'],
  ])('%s', async (_what, answers, message) => {
    const { code, stdout, stderr, deleted } = await run(['-n', 'shop', '--yes'], answers);
    expect({ code, stdout, deleted }).toEqual({ code: 2, stdout: '', deleted: [] });
    expect(stderr).toMatch(/^cdk8s-celery prune: /);
    expect(stderr).toContain(message);
  });

  test('without kubectl', async () => {
    expect(await run([], 'no kubectl')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('kubectl is not on the PATH') });
  });

  test.each([
    [['--nonsense'], /--nonsense/],
    [['somewhere'], /somewhere/],
    [['-n'], /-n/],
    [['-n', 'a,b'], /--namespace a,b is not a name/],
    [['-n', ''], /--namespace {2}is not a name/],
    [['--app', '-x'], /--app/],
    [['--app=a,b'], /--app a,b is not a name/],
    [['--older-than', '1'], /--older-than 1 is not an age; give a whole number and s, m, h or d, such as 90s/],
    [['--older-than', '1.5h'], /--older-than 1\.5h is not an age/],
    [['--older-than', '1w'], /--older-than 1w is not an age/],
    [['--older-than', '-1s'], /--older-than -1s is not an age; give a whole number and s, m, h or d/],
    [['--older-than=-1h'], /--older-than -1h is not an age/],
  ])('for %j, with the usage, and asks no cluster', async (args, message) => {
    const { code, stdout, stderr, calls } = await run(args, THREE);
    expect({ code, stdout, calls }).toEqual({ code: 2, stdout: '', calls: [] });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: cdk8s-celery prune');
  });
});

test.each([['there is the namespace', ['namespace/shop']], ['it may not be read', ['Error from server (Forbidden): no', 1]]] as const)(
  'no ConfigMaps are fine where %s', async (_what, answer) => {
    expect(await run(['-n', 'shop', '--app', 'mail'], { ...configMaps(), 'get namespace shop': answer }))
      .toMatchObject({ code: 0, stdout: 'no ConfigMaps named by their content of the app \'mail\' in namespace \'shop\'\n', stderr: '' });
  });

test('control characters of a cluster do not reach the terminal', async () => {
  const evil = 'a\u001b[2J\u0007-0000aaaa';
  const answers = { ...configMaps(configMap(evil), configMap(USED)), ...workloads(replicaSet('x\u009b1m', USED)), 'delete --raw': ['Error \u001b]0;x', 1] as const };
  for (const args of [[], ['--yes']]) {
    const { stdout, stderr } = await run(args, answers);
    expect(stdout).toContain('a\\x1b[2J\\x07-0000aaaa');
    expect(stdout).toContain('x\\x9b1m');
    expect(stdout + stderr).toMatch(/^[\n\x20-\x7e]*$/);
  }
});

test('the name of an object that a cluster answers with begins no command of GitHub, and leads to no other path', async () => {
  const evil = '::error::../x?a#-0000aaaa';
  const { stdout, calls } = await run(['--yes'], { ...configMaps(configMap(evil)), ...workloads(), 'delete --raw': ['{}'] });
  expect(stdout).toMatch(/^\\x3a:error::\S+ +24h +unused$/m);
  expect(stdout).toMatch(/^\\x3a:error::\S+ deleted$/m);
  expect(stdout).not.toMatch(/^\s*::/m);
  expect(calls.find((call) => call.startsWith('delete'))).toMatch(/^delete --raw \/api\/v1\/namespaces\/shop\/configmaps\/%3A%3Aerror%3A%3A..%2Fx%3Fa%23-0000aaaa -f - /);
});

test('--help tells all options, and asks no cluster', async () => {
  const { code, stdout, calls } = await run(['--help'], THREE);
  expect({ code, calls }).toEqual({ code: 0, calls: [] });
  for (const option of ['--namespace', '--app', '--older-than', '--context', '--yes', '--help', 'Exits with']) expect(stdout).toContain(option);
});
