import { checkShape } from '../../../src/constructs/kubernetes/shape-check';
import { describe as line } from '../../../src/constructs/validation/problems';

const lines = (value: unknown, type: string): string[] => checkShape('prop', value, type).problems.map(line);

test.each<[string, boolean]>([
  ['10.0.0.1', true], ['255.255.255.255', true], ['256.0.0.1', false], ['10.0.0', false], ['10.0.0.1.2', false], ['::1', true], ['fd00::10.0.0.1', true], ['fd00:::1', false], ['fd00::g', false], ['fd00', false], ['[::1]', false],
  [`${'1'.repeat(46)}`, false], ['::1/64', false],
])('the address %s is accepted: %s', (ip, accepted) => {
  expect(lines({ ip, hostnames: ['a'] }, 'HostAlias').length === 0).toBe(accepted);
});

const TOO_MUCH = ['prop.rollingUpdate.maxUnavailable: \'101%\' is more than 100%; give at most 100%'];
const never = (given: object) => [`prop.rollingUpdate: ${JSON.stringify(given)} has maxSurge and maxUnavailable 0, so no pod can ever be replaced; raise one of them`];

test.each<[object, string[]]>([
  [{ maxSurge: 1, maxUnavailable: 0 }, []], [{ maxSurge: 0, maxUnavailable: 1 }, []], [{ maxSurge: 0, maxUnavailable: 0 }, never({ maxSurge: 0, maxUnavailable: 0 })], [{ maxSurge: '0%', maxUnavailable: 0 }, never({ maxSurge: '0%', maxUnavailable: 0 })], [{ maxSurge: 0, maxUnavailable: '0%' }, never({ maxSurge: 0, maxUnavailable: '0%' })],
  [{ maxSurge: 1, maxUnavailable: '100%' }, []], [{ maxSurge: 1, maxUnavailable: '101%' }, TOO_MUCH], [{ maxSurge: '200%', maxUnavailable: 1 }, []], [{ maxUnavailable: 0 }, []],
])('a rollout with %j', (rollingUpdate, expected) => {
  expect(lines({ rollingUpdate }, 'DeploymentStrategy')).toEqual(expected);
});

test.each<[object, number]>([[{ type: 'Recreate' }, 0], [{ type: 'Recreate', rollingUpdate: { maxSurge: 1 } }, 1], [{ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }, 0]])('the strategy %j has %s problems', (strategy, count) => {
  expect(lines(strategy, 'DeploymentStrategy')).toHaveLength(count);
});

test.each<[object, string[]]>([
  [{ privileged: true }, []], [{ privileged: false, allowPrivilegeEscalation: false }, []],
  [{ privileged: true, allowPrivilegeEscalation: false }, ['prop.privileged: true cannot be true together with allowPrivilegeEscalation: false; also give allowPrivilegeEscalation: true']],
  [{ allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } }, [expect.stringContaining('cannot have CAP_SYS_ADMIN together with allowPrivilegeEscalation: false; leave it out')]],
  [{ allowPrivilegeEscalation: true, capabilities: { add: ['CAP_SYS_ADMIN'] } }, []], [{ allowPrivilegeEscalation: false, capabilities: { add: ['CHOWN'] } }, []],
])('the security context %j', (context, expected) => {
  expect(lines(context, 'SecurityContext')).toEqual(expected);
});

test.each<[object, number]>([[{ nodeSelectorTerms: [] }, 1], [{ nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] }, 0]])('the node selector %j has %s problems', (selector, count) => {
  expect(lines(selector, 'NodeSelector')).toHaveLength(count);
});

const container = (fields: object): object[] => [{ name: 'a', image: 'a:1.0.0', ...fields }];
const bidirectional = { volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' }] };
const secret = (name: string, path: string): object => ({ secret: { name, items: [{ key: 'k', path }] } });

describe('what the API server refuses', () => {
  test.each<[unknown, string, string]>([
    [{ fieldRef: { fieldPath: "metadata.labels['a b']" } }, 'EnvVarSource', "prop.fieldRef.fieldPath: 'metadata.labels['a b']' is not a key of labels or annotations that Kubernetes accepts"],
    [{ path: 'x', fieldRef: { fieldPath: "metadata.annotations['/a']" } }, 'DownwardAPIVolumeFile', 'prop.fieldRef.fieldPath: '],
    [{ fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } }, 'EnvVarSource', "prop.fieldRef.apiVersion: 'v2' is not allowed; give one of v1"],
    [{ limits: { 'requests.nvidia.com/gpu': 1 } }, 'ResourceRequirements', "prop.limits['requests.nvidia.com/gpu']: 1 is not a resource"],
    [{ medium: 'memory' }, 'EmptyDirVolumeSource', "prop.medium: 'memory' is not allowed; give one of Memory, HugePages, HugePages-2Mi"],
    [{ path: '../x' }, 'HostPathVolumeSource', 'prop.path: \'../x\' has ".." in it'], [{ path: '/a/../b' }, 'HostPathVolumeSource', 'prop.path: '],
    [{ nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] }, 'PodDNSConfig', 'prop.nameservers: 4 are more than the 3'],
    [{ searches: Array.from({ length: 33 }, (_, i) => `a${i}.example.com`) }, 'PodDNSConfig', 'prop.searches: 33 are more than 32'],
    [{ searches: Array.from({ length: 10 }, () => `${'a'.repeat(60)}.`.repeat(4).slice(0, -1)) }, 'PodDNSConfig', 'prop.searches: undefined have more than 2048'],
    [{ sources: [secret('a', 'x'), secret('b', 'x')] }, 'ProjectedVolumeSource', 'prop.sources[1]: \'x\' is a path that another source has'],
    [{ sources: [secret('a', 'token'), { serviceAccountToken: { path: 'token' } }] }, 'ProjectedVolumeSource', 'prop.sources[1]: \'token\' is'],
    [container(bidirectional), '[]Container', 'prop[0].volumeMounts[0].mountPropagation: \'Bidirectional\' is for privileged containers'],
    [container({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }), '[]Container', 'prop[0].resizePolicy'],
    [container({ ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81, hostPort: 80 }] }), '[]Container', 'prop[0].ports: 80 has a hostPort twice'],
  ])('%j of a %s', (value, type, message) => {
    expect(lines(value, type)).toEqual([expect.stringContaining(message)]);
  });

  test.each<[unknown, string]>([
    [{ path: '/a/..b' }, 'HostPathVolumeSource'], [{ nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3'] }, 'PodDNSConfig'],
    [{ searches: Array.from({ length: 32 }, (_, i) => `a${i}.example.com`) }, 'PodDNSConfig'], [{ sources: [secret('a', 'x'), secret('a', 'y')] }, 'ProjectedVolumeSource'],
    [container({ ...bidirectional, securityContext: { privileged: true } }), '[]Container'],
    [container({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'memory', restartPolicy: 'NotRequired' }] }), '[]Container'],
    [container({ ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 80, hostPort: 80, protocol: 'UDP' }, { containerPort: 81 }] }), '[]Container'],
  ])('%j of a %s is right', (value, type) => {
    expect(lines(value, type)).toEqual([]);
  });

  test.each<[unknown, string, string]>([
    [[{ name: 'PASSWORD=hunter2' }], '[]EnvVar', 'prop[0].name: \'PASSWORD=***\''], [{ port: 80, httpHeaders: [{ name: 'Authorization: Bearer hunter2', value: 'x' }] }, 'HTTPGetAction', '\'Authorization:***\''],
    [['hunter2!'], '[]LocalObjectReference', 'prop[0]: a string of 8 characters'], [[{ name: 'hunter2!' }], '[]LocalObjectReference', 'a string of 8 characters'],
    [[{ auth: 'hunter2' }], '[]LocalObjectReference', 'prop[0].auth: a string'], [{ secretName: 'a', stringData: 'hunter2' }, 'SecretVolumeSource', 'prop.stringData: a string'],
  ])('%j of a %s is shown without the secret', (value, type, shown) => {
    expect(lines(value, type).join('\n')).toContain(shown);
    expect(lines(value, type).join('\n')).not.toContain('hunter2');
  });
});

test.each<[string, string, boolean]>([
  ['limits.cpu', '1m', true], ['requests.cpu', '1', true], ['limits.cpu', '1Mi', false], ['limits.memory', '1Mi', true], ['requests.memory', '1k', true],
  ['limits.memory', '1m', false], ['limits.memory', '2Mi', false], ['limits.ephemeral-storage', '1Gi', true],
])('%s may be divided by %s: %s', (resource, divisor, accepted) => {
  expect(lines({ resource, divisor }, 'ResourceFieldSelector')).toHaveLength(accepted ? 0 : 1);
});
