import { checkShape } from '../../../src/constructs/kubernetes/shape-check';
import { describe as line } from '../../../src/constructs/validation/problems';

const lines = (prop: string, value: unknown, type: string): string[] => checkShape(prop, value, type).problems.map(line);

const SECRET = { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } };

describe('what is right', () => {
  test.each<[string, unknown, string]>([
    ['env', [{ name: 'BIG', value: 'x'.repeat(131_067) }], '[]EnvVar'],
    ['env', [{ name: 'A', value: '1' }, SECRET, { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }], '[]EnvVar'],
    ['resources', { limits: { 'nvidia.com/gpu': 1, 'memory': '1Gi' }, requests: { 'cpu': '250m', 'memory': '512Mi', 'ephemeral-storage': '1Gi' } }, 'ResourceRequirements'],
    ['tolerations', [{ operator: 'Exists' }, { key: 'gpu', value: 'yes', effect: 'NoExecute', tolerationSeconds: 60 }], '[]Toleration'],
    ['volumes', [{ name: 'a', emptyDir: {} }, { name: 'b', image: { reference: 'data:1' } }, { name: 'c' }], '[]Volume'],
    ['sidecars', [{ name: 'proxy', image: 'proxy:1', ports: [{ containerPort: 65535, name: 'http' }], readinessProbe: { httpGet: { port: 'http' }, successThreshold: 2 } }], '[]Container'],
    ['volumes', [{ name: 'a', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }], '[]Volume'],
    ['volumes', [{ name: 'a', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }, { path: 'memory', resourceFieldRef: { containerName: 'worker', resource: 'limits.memory', divisor: '1Mi' } }] } }], '[]Volume'],
    ['volumes', [{ name: 'a', iscsi: { iqn: 'iqn.2001-04.com.example:storage.disk1', lun: 255, targetPortal: 'y' } }, { name: 'b', nfs: { server: 'x', path: '/y' } }, { name: 'c', fc: { wwids: ['x'] } }], '[]Volume'],
    ['volumeMounts', [{ name: 'a', mountPath: '/d', readOnly: true, recursiveReadOnly: 'Enabled' }], '[]VolumeMount'],
    ['volumeMounts', [{ name: 'a', mountPath: '/d', readOnly: true, recursiveReadOnly: 'IfPossible', mountPropagation: 'None' }], '[]VolumeMount'],
    ['volumes', [{ name: 'a', flexVolume: { driver: 'example.com/a' } }], '[]Volume'],
    ['claim', { metadata: { labels: { a: 'b' }, annotations: { a: 'b' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      'PersistentVolumeClaimTemplate'],
    ['probe', { httpGet: { port: 80, httpHeaders: [{ name: 'X', value: '' }] } }, 'Probe'],
    ['strategy', { rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } }, 'DeploymentStrategy'],
    ['affinity', { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }] } } }, 'Affinity'],
  ])('%s comes out as it went in', (prop, value, type) => {
    expect(checkShape(prop, value, type)).toEqual({ value, problems: [] });
  });

  test('quantities and ports of L1 constructs are unwrapped', () => {
    class Quantity { public constructor(public readonly value: string | number) {} }
    expect(checkShape('resources', { limits: { memory: new Quantity('1Gi'), cpu: { value: 2 } } }, 'ResourceRequirements').value)
      .toEqual({ limits: { memory: '1Gi', cpu: 2 } });
    expect(checkShape('probe', { tcpSocket: { port: { value: 8080 } } }, 'Probe').value).toEqual({ tcpSocket: { port: 8080 } });
  });

  test('names of L1 constructs that differ from those of the API are read as these', () => {
    expect(checkShape('sidecars', [{ name: 'a', image: 'b', ports: [{ containerPort: 80, hostIp: '10.0.0.1' }] }], '[]Container'))
      .toEqual({ value: [{ name: 'a', image: 'b', ports: [{ containerPort: 80, hostIP: '10.0.0.1' }] }], problems: [] });
    expect(checkShape('volumes', [{ name: 'a', awsElasticBlockStore: { volumeId: 'vol-1' } }], '[]Volume').value).toEqual([{ name: 'a', awsElasticBlockStore: { volumeID: 'vol-1' } }]);
    expect(lines('ports', { containerPort: 80, HostIP: '10.0.0.1' }, 'ContainerPort')).toEqual(['ports.HostIP: a string is not a field of ContainerPort; did you mean hostIP?']);
  });

  test('what is null or undefined is left out', () => {
    expect(checkShape('env', [{ name: 'A', value: undefined, valueFrom: null }], '[]EnvVar')).toEqual({ value: [{ name: 'A' }], problems: [] });
    expect(checkShape('env', null, '[]EnvVar')).toEqual({ value: undefined, problems: [] });
  });

  test('a key named like a method of objects is a key', () => {
    expect(checkShape('selector', { matchLabels: { toString: 'b' } }, 'LabelSelector')).toEqual({ value: { matchLabels: { toString: 'b' } }, problems: [] });
  });
});

describe('what is wrong', () => {
  test.each<[string, unknown, string, string]>([
    ['env', [{ name: 'P', value_from: {} }], '[]EnvVar', 'env[0].value_from: a map is not a field of EnvVar; did you mean valueFrom?'],
    ['env', [{ name: 'P', constructor: 'x' }], '[]EnvVar', 'env[0].constructor: a string is not a field of EnvVar; allowed: name, value, valueFrom'],
    ['env', [{ name: 'P', valeu: 'hunter2' }], '[]EnvVar', 'env[0].valeu: a string is not a field of EnvVar; did you mean value?'],
    ['env', [{ name: 'BIG', value: 'x'.repeat(131_068) }], '[]EnvVar', 'env[0].value: \'BIG\' is longer than 131071 bytes with its name, with which Linux starts no program; mount it as a file'],
    ['env', [{ name: 'BIG', value: 'é'.repeat(65_534) }], '[]EnvVar', 'env[0].value: \'BIG\' is longer than 131071 bytes with its name, with which Linux starts no program; mount it as a file'],
    ['env', [{ name: 'PIN', value: 12345 }], '[]EnvVar', 'env[0].value: a number is not a string; give a string'],
    ['env', [{ value: '1' }], '[]EnvVar', 'env[0].name: undefined is missing; EnvVar needs it'],
    ['env', { A: '1' }, '[]EnvVar', 'env: a map is not a list; give a list of plain data of EnvVar'],
    ['env', [null], '[]EnvVar', 'env[0]: null is missing; give plain data of EnvVar, or leave it out'],
    ['env', [{ name: '1A', value: '' }], '[]EnvVar', 'env[0].name: \'1A\' is not a name of an environment variable; use letters, digits, "_", "-" and ".", not beginning with a digit'],
    ['env', [{ name: 'A', value: 'x', valueFrom: SECRET.valueFrom }], '[]EnvVar', 'env[0]: \'A\' has both value and valueFrom; give one of them'],
    ['env', [{ name: 'A', valueFrom: {} }], '[]EnvVar', 'env[0].valueFrom: undefined has no source; give exactly one'],
    ['env', [{ name: 'A', valueFrom: { secretKeyRef: { name: 'B', key: 'k' } } }], '[]EnvVar', 'env[0].valueFrom.secretKeyRef.name: \'B\' is not a name that Kubernetes accepts; use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit'],
    ['sidecars', [{ name: 'p', imag: 'x', image: 'y' }], '[]Container', 'sidecars[0].imag: a string is not a field of Container; did you mean image?'],
    ['sidecars', [{ name: 'p' }], '[]Container', 'sidecars[0].image: undefined is missing; give the image of the container'],
    ['sidecars', [{ name: 'p', image: 'y', ports: [{ containerPort: 65536 }] }], '[]Container', 'sidecars[0].ports[0].containerPort: 65536 is out of range; give a number from 1 to 65535'],
    ['sidecars', [{ name: 'p', image: 'y' }, { name: 'p', image: 'z' }], '[]Container', 'sidecars[1].name: \'p\' is also that of sidecars[0]; give each its own name'],
    ['sidecars', [{ name: 'p', image: 'y', livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }], '[]Container', 'sidecars[0].livenessProbe.successThreshold: 2 must be 1; leave it out'],
    ['resources', { limits: { memory: '1GB' } }, 'ResourceRequirements', 'resources.limits[\'memory\']: \'1GB\' is not a quantity; give a quantity, for example \'500m\' or \'1Gi\''],
    ['resources', { limits: { memory: '-1' } }, 'ResourceRequirements', 'resources.limits[\'memory\']: \'-1\' is not a quantity from 0 to 2^63; give e.g. \'500m\' or \'1Gi\''],
    ['resources', { limits: { memory: '1Gi' }, requests: { memory: '1.1Gi' } }, 'ResourceRequirements', 'resources.requests[\'memory\']: \'1.1Gi\' is more than the limit 1Gi; lower the request or raise the limit'],
    ['resources', { requests: { 'nvidia.com/gpu': 1 } }, 'ResourceRequirements', 'resources.limits[\'nvidia.com/gpu\']: undefined is missing, and extended resources need a limit that equals the request; give limits: { \'nvidia.com/gpu\': 1 }'],
    ['resources', { limits: { gpu: 1 } }, 'ResourceRequirements', 'resources.limits[\'gpu\']: 1 is not a resource; give cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource such as nvidia.com/gpu'],
    ['tolerations', [{ value: 'x' }], '[]Toleration', 'tolerations[0].operator: undefined must be Exists where no key is given; give the key, or operator: \'Exists\''],
    ['tolerations', [{ key: 'gpu', effect: 'noschedule' }], '[]Toleration', 'tolerations[0].effect: \'noschedule\' is not allowed; give one of NoExecute, NoSchedule, PreferNoSchedule'],
    ['volumes', [{ name: 'a', emptyDir: {}, configMap: { name: 'b' } }], '[]Volume', 'volumes[0]: \'emptyDir, configMap\' has more than one source; give exactly one'],
    ['volumeMounts', [{ name: 'a', mountPath: 'data' }], '[]VolumeMount', 'volumeMounts[0].mountPath: \'data\' is not an absolute path of a folder, without ":"; give e.g. /var/lib/app'],
    ['volumeMounts', [{ name: 'a', mountPath: '/d', subPath: '../x' }], '[]VolumeMount', 'volumeMounts[0].subPath: \'../x\' leads out of the volume; give a relative path without ".."'],
    ['securityContext', { runAsUser: -1 }, 'SecurityContext', 'securityContext.runAsUser: -1 is out of range; give a number from 0 to 2147483647'],
    ['securityContext', { privileged: true, allowPrivilegeEscalation: false }, 'SecurityContext', 'securityContext.privileged: true cannot be true together with allowPrivilegeEscalation: false; also give allowPrivilegeEscalation: true'],
    ['strategy', { type: 'Recreate', rollingUpdate: {} }, 'DeploymentStrategy', 'strategy.rollingUpdate: {} cannot be given with type Recreate; leave it out, or give type: \'RollingUpdate\''],
    ['spread', [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway' }], '[]TopologySpreadConstraint', 'spread[0].maxSkew: 0 is out of range; give a number from 1 to 2147483647'],
    ['hosts', [{ ip: '10.0.0.256', hostnames: ['a'] }], '[]HostAlias', 'hosts[0].ip: \'10.0.0.256\' is not an IP address; give e.g. 10.0.0.10'],
    ['selector', { matchLabels: { constructor: 'a' } }, 'LabelSelector', 'selector.matchLabels: \'constructor\' is a key that cdk8s can\'t write; use another key'],
    ['env', [{ name: 'A', value: 'x' }, { name: 'A', value: 'y' }], '[]EnvVar', 'env[1].name: \'A\' is also that of env[0]; give each its own name'],
    ['env', [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }], '[]EnvVar', 'env[0].valueFrom.fieldRef.fieldPath: \'metadata.labels\' is not a field that a pod can read of itself here; give e.g. metadata.name or status.podIP'],
    ['env', [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1Mi' } } }], '[]EnvVar', 'env[0].valueFrom.resourceFieldRef.divisor: \'1Mi\' is not a divisor of limits.cpu; give one of 1, 1m or 0'],
    ['env', [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: '' } } }], '[]EnvVar', 'env[0].valueFrom.secretKeyRef.key: \'\' is not a key of a Secret or ConfigMap; use letters, digits, "-", "_" and "."'],
    ['volumes', [{ name: 'a', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'status.podIP' } }] } }], '[]Volume', 'volumes[0].downwardAPI.items[0].fieldRef.fieldPath: \'status.podIP\' is not a field that a pod can read of itself here; give e.g. metadata.name or metadata.labels'],
    ['volumes', [{ name: 'a', downwardAPI: { items: [{ path: 'x', resourceFieldRef: { resource: 'limits.cpu' } }] } }], '[]Volume', 'volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: undefined is missing, and a volume belongs to no container; give the name of a container'],
    ['volumes', [{ name: 'a', rbd: { image: 'x', monitors: ['y'] } }], '[]Volume', 'volumes[0].rbd: a map is a kind of volume that Kubernetes no longer has; use a PersistentVolumeClaim, or csi'],
    ['volumes', [{ name: 'a', hostPath: { path: '' } }], '[]Volume', 'volumes[0].hostPath.path: \'\' is empty; HostPathVolumeSource needs it'],
    ['volumes', [{ name: 'a', nfs: { server: 'x', path: 'y' } }], '[]Volume', 'volumes[0].nfs.path: \'y\' is not an absolute path; give e.g. /exports/data'],
    ['volumes', [{ name: 'a', awsElasticBlockStore: { volumeID: 'x', partition: 256 } }], '[]Volume', 'volumes[0].awsElasticBlockStore.partition: 256 is out of range; give a number from 0 to 255'],
    ['volumes', [{ name: 'a', flexVolume: { driver: 'example.com/a', options: { 'a.Kubernetes.io/x': '1', 'kubernetes.io.example.com/x': '1' } } }], '[]Volume', 'volumes[0].flexVolume.options[\'a.Kubernetes.io/x\']: undefined has a prefix that Kubernetes keeps for itself; use another prefix'],
    ['volumes', [{ name: 'a', ephemeral: { volumeClaimTemplate: { metadata: { name: 'x' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } } }], '[]Volume', 'volumes[0].ephemeral.volumeClaimTemplate.metadata.name: undefined cannot be set for a claim that belongs to a pod; leave it out; labels and annotations are allowed'],
    ['volumes', [{ name: 'a', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }], '[]Volume', 'volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests.storage: undefined is missing; give e.g. \'1Gi\''],
    ['volumes', [{ name: 'a', ephemeral: { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1Gi' } } } } } }], '[]Volume', 'volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: undefined is missing; give e.g. [\'ReadWriteOnce\']'],
    ['volumes', [{ name: 'a', iscsi: { iqn: 'x', lun: 0, targetPortal: 'y' } }], '[]Volume', 'volumes[0].iscsi.iqn: \'x\' is not a name of iSCSI; give e.g. iqn.2001-04.com.example:storage.disk1'],
    ['volumes', [{ name: 'a', fc: { wwids: ['x'], targetWWNs: ['y'], lun: 0 } }], '[]Volume', 'volumes[0].fc: \'wwids, targetWWNs\' has more than one list of names; give exactly one of targetWWNs, wwids'],
    ['volumeMounts', [{ name: 'a', mountPath: '/d', recursiveReadOnly: 'Enabled' }], '[]VolumeMount', 'volumeMounts[0].recursiveReadOnly: \'Enabled\' needs readOnly: true and no mount propagation; give both, or leave it out'],
    ...[{ recursiveReadOnly: 'IfPossible' }, { readOnly: true, recursiveReadOnly: 'IfPossible', mountPropagation: 'HostToContainer' }]
      .map((given): [string, unknown, string, string] => ['volumeMounts', [{ name: 'a', mountPath: '/d', ...given }], '[]VolumeMount',
        'volumeMounts[0].recursiveReadOnly: \'IfPossible\' needs readOnly: true and no mount propagation; give both, or leave it out']),
    ['volumeMounts', [{ name: 'a', mountPath: '/d', recursiveReadOnly: 'Yes' }], '[]VolumeMount', 'volumeMounts[0].recursiveReadOnly: \'Yes\' is not allowed; give one of Disabled, Enabled, IfPossible'],
    ['resources', { limits: { storage: '1Gi' } }, 'ResourceRequirements', 'resources.limits[\'storage\']: \'1Gi\' is not a resource; give cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource such as nvidia.com/gpu'],
    ['affinity', new Map(), 'Affinity', 'affinity: a Map is not plain data as in a manifest (Affinity); give the fields of Affinity as Kubernetes documents them'],
  ])('%s: %j', (prop, value, type, expected) => {
    expect(lines(prop, value, type)).toEqual([expected]);
  });

  test('a password in the place of a reference is not shown', () => {
    expect(lines('env', [{ name: 'P', valueFrom: { secretKeyRef: 'hunter2' } }], '[]EnvVar')[0])
      .toMatch(/^env\[0\]\.valueFrom\.secretKeyRef: a string is not plain data as in a manifest \(SecretKeySelector\)/);
    expect(lines('env', [{ name: 'P', valueFrom: 'hunter2' }], '[]EnvVar')[0]).toMatch(/^env\[0\]\.valueFrom: a string is not plain data/);
  });

  test('all problems are reported at once, and what is right is kept', () => {
    const { value, problems } = checkShape('env', [{ name: 'A', valu: '1' }, { name: 'B', value: 2 }, { name: 'C', value: '3' }], '[]EnvVar');
    expect(problems.map(({ prop }) => prop)).toEqual(['env[0].valu', 'env[1].value']);
    expect(value).toEqual([{ name: 'A' }, { name: 'B' }, { name: 'C', value: '3' }]);
  });

  test('data that refers to itself is a problem', () => {
    const circular: Record<string, unknown> = {};
    circular.nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [circular] } };
    expect(checkShape('affinity', circular, 'Affinity').problems).not.toEqual([]);
  });
});
