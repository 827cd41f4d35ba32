import { outOfRange, refusedByQuota, securityViolations } from '../../../src/manifests/admission';
import { configMap, pod } from '../pods';

const VOLUMES = { volumes: [
  { name: 'code', configMap: { name: 'code' } },
  { name: 'some', configMap: { name: 'code', items: [{ key: 'a.py', path: 'pkg/b.py' }, { key: 'gone', path: 'c.py' }, { key: 'a.py' }] } },
  { name: 'both', projected: { sources: [{ configMap: { name: 'code' } }, { configMap: { name: 'more' } }] } },
  { name: 'secret', projected: { sources: [{ configMap: { name: 'code' } }, { secret: { name: 's' } }] } },
  { name: 'gone', configMap: { name: 'gone' } }, { name: 'empty', emptyDir: {} },
] };

function mounting(mounts: object[], more: object = {}) {
  return pod({ volumeMounts: mounts, ...more }, VOLUMES, configMap('code', { 'a.py': 'A', 'x.py': 'X' }), configMap('more', { 'm.py': 'M', 'x.py': 'Y' })).container;
}

test.each<[object, string, string | undefined]>([
  [{ name: 'code', mountPath: '/app' }, '/app/a.py', 'A'],
  [{ name: 'code', mountPath: '/app/' }, '/app/a.py', 'A'],
  [{ name: 'code', mountPath: '/' }, '/a.py', 'A'],
  [{ name: 'code', mountPath: '/app' }, '/app/b.py', undefined],
  [{ name: 'code', mountPath: '/app' }, '/application/a.py', undefined],
  [{ name: 'code', mountPath: '/app' }, 'a.py', 'A'],
  [{ name: 'code', mountPath: '/app' }, './a.py', 'A'],
  [{ name: 'code', mountPath: '/app' }, '../app/a.py', 'A'],
  [{ name: 'code', mountPath: '/app/tasks.py', subPath: 'a.py' }, '/app/tasks.py', 'A'],
  [{ name: 'code', mountPath: '/app/tasks.py', subPath: 'a.py' }, '/app/a.py', undefined],
  [{ name: 'some', mountPath: '/app', subPath: 'pkg' }, '/app/b.py', 'A'],
  [{ name: 'some', mountPath: '/app', subPath: 'pkg' }, '/app/pkg/b.py', undefined],
  [{ name: 'some', mountPath: '/app' }, '/app/pkg/b.py', 'A'],
  [{ name: 'some', mountPath: '/app' }, '/app/a.py', undefined],
  [{ name: 'some', mountPath: '/app' }, '/app/c.py', undefined],
  [{ name: 'both', mountPath: '/app' }, '/app/m.py', 'M'],
  [{ name: 'both', mountPath: '/app' }, '/app/a.py', 'A'],
  [{ name: 'both', mountPath: '/app' }, '/app/x.py', 'Y'],
  [{ name: 'secret', mountPath: '/app' }, '/app/a.py', undefined],
  [{ name: 'gone', mountPath: '/app' }, '/app/a.py', undefined],
  [{ name: 'empty', mountPath: '/app' }, '/app/a.py', undefined],
])('with %j %s is %j', (mount, path, text) => {
  expect(mounting([mount], { workingDir: '/app' }).file(path)).toBe(text);
});

test('a file of a longer mount wins', () => {
  const mounts = [{ name: 'code', mountPath: '/app' }, { name: 'empty', mountPath: '/app/sub' }];
  for (const order of [mounts, [...mounts].reverse()]) {
    expect(mounting(order).mountOf('/app/sub/x')?.volume.kind).toBe('emptyDir');
    expect(mounting(order).mountOf('/app/x')?.volume.kind).toBe('configMap');
    expect(mounting(order).mountOf('/x')).toBeUndefined();
  }
});

test('where a configuration file is', () => {
  expect(mounting([{ name: 'code', mountPath: '/app' }]).configFile('/app/a.py')?.place.path).toEqual(['data', 'a.py']);
  expect(mounting([{ name: 'some', mountPath: '/app' }]).configFile('/app/pkg/b.py')?.place.path).toEqual(['data', 'a.py']);
  expect(mounting([{ name: 'code', mountPath: '/app' }]).configFile('/app/b.py')).toBeUndefined();
});

test.each<[object, string, string]>([
  [{}, '/x', 'yes'], [{ securityContext: { readOnlyRootFilesystem: true } }, '/x', 'no'], [{ securityContext: { readOnlyRootFilesystem: 'true' } }, '/x', 'yes'],
  [{ securityContext: { readOnlyRootFilesystem: true } }, '/data/x', 'yes'], [{}, '/app/x', 'no'], [{ volumeMounts: [{ name: 'none', mountPath: '/data' }] }, '/data/x', 'unknown'],
  [{ volumeMounts: [{ name: 'empty', mountPath: '/data', readOnly: true }] }, '/data/x', 'no'],
])('with %j %s is writable: %s', (container, path, writable) => {
  expect(mounting([{ name: 'empty', mountPath: '/data' }, { name: 'code', mountPath: '/app' }], container).writable(path)).toBe(writable);
});

test.each<[object, string | undefined]>([
  [{}, undefined], [{ workingDir: '' }, undefined], [{ workingDir: '/app' }, '/app'], [{ image: 'python:3.11' }, '/'], [{ image: 'python:3.11', workingDir: '/app' }, '/app'],
])('%j works in %s', (container, folder) => {
  expect(mounting([], container).workingDir).toBe(folder);
  expect(mounting([], container).absolute('x')).toBe(folder === undefined ? undefined : `${folder === '/' ? '' : folder}/x`);
});

test('ports, users and resources', () => {
  const { container } = pod({
    ports: [{ containerPort: 5555, name: 'http' }, { containerPort: 5555 }, { containerPort: 80, name: 'web' }], securityContext: { runAsUser: 1 }, resources: { limits: { cpu: '500m', memory: '1Gi' } },
  }, { securityContext: { runAsUser: 2, runAsGroup: 3 } });
  expect([container.declares(5555), container.declares(5556), [...container.portNames(5555)], [...container.portNames(81)]]).toEqual([true, false, ['http'], []]);
  expect([container.runAsUser, container.security('runAsGroup'), container.security('fsGroup')]).toEqual([1, 3, undefined]);
  expect([container.resource('limits', 'cpu'), container.resource('limits', 'memory'), container.resource('requests', 'cpu')]).toEqual([0.5, 2 ** 30, undefined]);
});

test.each<[string, object[], [string, boolean, string | undefined][]]>([
  ['a literal', [{ name: 'A', value: 'x' }], [['$(A)', false, 'A'], ['--b=$(A)', false, 'A'], ['-b$(A)', false, undefined], ['x$(A)', false, undefined], ['$(B)', true, 'B'], ['$$(A)', false, undefined]]],
  ['a Secret', [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }], [['$(A)', true, 'A'], ['x$(A)', true, undefined]]],
])('words that refer to %s', (_, env, expected) => {
  const { container } = pod({ env, command: expected.map(([written]) => written) });
  expect(container.words.map(({ unknown, reference }, i) => [expected[i][0], unknown, reference])).toEqual(expected);
});

describe('what the API server refuses', () => {
  const RESTRICTED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  const security = (securityContext: object, spec: object = {}, container: object = {}) => {
    const { workload } = pod({ securityContext, ...container }, spec);
    return [securityViolations(workload, 'baseline'), securityViolations(workload, 'restricted')];
  };
  const ALL = ['allowPrivilegeEscalation != false', 'capabilities.drop without ALL', 'runAsNonRoot != true', 'seccompProfile'];

  test.each<[string, object, object, object, string[], string[]]>([
    ['nothing is said', {}, {}, {}, [], ALL],
    ['all is said', RESTRICTED, {}, {}, [], []],
    ['the pod says it', { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }, { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } } }, {}, [], []],
    ['the network of the node', RESTRICTED, { hostNetwork: true }, {}, ['hostNetwork'], ['hostNetwork']],
    ['its processes', RESTRICTED, { hostPID: true, hostIPC: true }, {}, ['hostPID', 'hostIPC'], ['hostPID', 'hostIPC']],
    ['not its network', RESTRICTED, { hostNetwork: false }, {}, [], []],
    ['a folder of the node', RESTRICTED, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, {}, ['hostPath volumes'], ['hostPath volumes']],
    ['a volume of another type', RESTRICTED, { volumes: [{ name: 'v', nfs: {} }] }, {}, [], ['volume types']],
    ['volumes', RESTRICTED, { volumes: ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret', 'image'].map((type) => ({ name: type, [type]: {} })) }, {}, [], []],
    ['privileged', { ...RESTRICTED, privileged: true }, {}, {}, ['privileged'], ['privileged']],
    ['a port of the node', RESTRICTED, {}, { ports: [{ containerPort: 1, hostPort: 1 }] }, ['hostPort'], ['hostPort']],
    ['a port of 0', RESTRICTED, {}, { ports: [{ containerPort: 1, hostPort: 0 }, { containerPort: 2 }] }, [], []],
    ['a capability', { ...RESTRICTED, capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }, {}, {}, ['added capabilities'], ['added capabilities']],
    ['a harmless capability', { ...RESTRICTED, capabilities: { drop: ['ALL'], add: ['CHOWN', 'KILL'] } }, {}, {}, [], []],
    ['no profile', { ...RESTRICTED, seccompProfile: { type: 'Unconfined' } }, {}, {}, ['seccompProfile: Unconfined'], ['seccompProfile: Unconfined', 'seccompProfile']],
    ['root', { ...RESTRICTED, runAsUser: 0 }, {}, {}, [], ['runAsUser=0']],
    ['an init container', RESTRICTED, { initContainers: [{ name: 'i', image: 'x:1' }] }, {}, [], ALL],
  ])('%s', (_, context, spec, container, baseline, restricted) => {
    expect(security(context, spec, container)).toEqual([baseline, restricted]);
  });

  const quota = (hard: object, more: object = {}) => ({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard, ...more } });
  const range = (entry: object) => ({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'r' }, spec: { limits: [{ type: 'Container', ...entry }] } });
  const refused = (resources: object, ...others: object[]) => {
    const { workload, world } = pod({ resources }, {}, ...others);
    return refusedByQuota(workload, world).map(({ missing }) => missing.join(' '));
  };

  test.each<[string, object, object[], string[]]>([
    ['no quota', {}, [], []],
    ['a quota of requests', {}, [quota({ 'requests.cpu': '1', 'requests.memory': '1Gi' })], ['requests.cpu requests.memory']],
    ['a quota of limits', {}, [quota({ 'limits.cpu': '1' })], ['limits.cpu']],
    ['a quota by its short name', {}, [quota({ cpu: '1' })], ['requests.cpu']],
    ['a quota of something else', {}, [quota({ 'pods': 1, 'requests.storage': '1Gi' })], []],
    ['requests', { requests: { cpu: '1' } }, [quota({ 'requests.cpu': '1' })], []],
    ['limits, which are requests also', { limits: { cpu: '1' } }, [quota({ 'requests.cpu': '1' })], []],
    ['requests, which are no limits', { requests: { cpu: '1' } }, [quota({ 'limits.cpu': '1' })], ['limits.cpu']],
    ['a quota of some pods', {}, [quota({ cpu: '1' }, { scopes: ['BestEffort'] })], []],
    ['a quota of some pods by a selector', {}, [quota({ cpu: '1' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } })], []],
    ['a quota of all pods by a selector', {}, [quota({ cpu: '1' }, { scopeSelector: {} })], ['requests.cpu']],
    ['a range with a default request', {}, [quota({ cpu: '1' }), range({ defaultRequest: { cpu: '1' } })], []],
    ['a range with a default', {}, [quota({ 'limits.cpu': '1' }), range({ default: { cpu: '1' } })], []],
    ['a range with a maximum', {}, [quota({ 'limits.cpu': '1' }), range({ max: { cpu: '1' } })], []],
    ['a range with a default request only', {}, [quota({ 'limits.cpu': '1' }), range({ defaultRequest: { cpu: '1' } })], ['limits.cpu']],
    ['a range of something else', {}, [quota({ cpu: '1' }), range({ default: { memory: '1' } })], ['requests.cpu']],
    ['a range of pods', {}, [quota({ cpu: '1' }), range({ type: 'Pod', default: { cpu: '1' } })], ['requests.cpu']],
  ])('%s', (_, resources, others, expected) => {
    expect(refused(resources, ...others)).toEqual(expected);
  });

  test.each<[object, object, string[]]>([
    [{ limits: { cpu: '1' } }, { max: { cpu: '1' } }, []], [{ limits: { cpu: '1001m' } }, { max: { cpu: '1' } }, ['limits.cpu: 1001m, at most 1']],
    [{ requests: { memory: '1Gi' } }, { min: { memory: '1Gi' } }, []], [{ requests: { memory: '1Gi' } }, { min: { memory: '2Gi' } }, ['requests.memory: 1Gi, at least 2Gi']],
    [{}, { max: { cpu: '1' }, min: { cpu: '1' } }, []], [{ limits: { cpu: '2' } }, { min: { cpu: '1' } }, []], [{ requests: { cpu: '2' } }, { max: { cpu: '1' } }, ['requests.cpu: 2, at most 1, which is the limit']],
  ])('%j in a range of %j', (resources, entry, expected) => {
    const { workload, world } = pod({ resources }, {}, range(entry));
    expect(outOfRange(workload, world).map(({ value, allowed }) => `${value}, ${allowed}`)).toEqual(expected);
  });
});

test('of several reasons why a container is not read the first is said', () => {
  const { container } = pod({ command: ['sh', '-c', `${'x\n'.repeat(1001)}${'#'.repeat(200_000)}`] });
  expect(container.unread).toMatch(/^has a script of 20\d+ characters/);
});
