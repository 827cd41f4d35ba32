import { misshapes, misshapesOf } from '../../src/manifests/misshapes';
import { World } from '../../src/manifests/world';

interface Found {
  readonly what: string;
  readonly path: ReadonlyArray<string | number>;
  readonly value: string;
  readonly allowed: string;
}

const show = (found: readonly Found[], skip: number): string[] => found.map(({ what, path, value, allowed }) => `${what} ${path.slice(skip).join('.')}: ${value}, ${allowed}`);

/** What is wrong in a pod, as `what place: value, allowed`. */
function ofPod(spec: object): string[] {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec: { containers: [{ name: 'main', image: 'shop:1' }], ...spec } };
  return show(misshapes(new World([pod]).workloads[0]), 1);
}

/** The same in a container of a pod. */
const ofContainer = (container: object): string[] => ofPod({ containers: [{ name: 'main', image: 'shop:1', ...container }] }).map((line) => line.replace('containers.0.', ''));

/** The same in the spec of an object. */
function ofObject(apiVersion: string, kind: string, spec: object): string[] {
  const [resource] = new World([{ apiVersion, kind, metadata: { name: 'shop' }, spec }]).resources;
  return show(misshapesOf(resource), 1);
}

const variable = (valueFrom: object) => ({ env: [{ name: 'A', valueFrom }] });
const downward = (item: object) => ({ volumes: [{ name: 'a', downwardAPI: { items: [item] } }] });
const antiAffinity = (term: object) => ({ affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [term] } } });
const nodeTerms = (...nodeSelectorTerms: object[]) =>
  ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
const nodeNeeds = (requirement: object) => nodeTerms({ matchExpressions: [requirement] });
const spread = (one: object) => ({ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...one });
const TERM = { topologyKey: 'zone' };
const AT_NODES = 'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

describe('a container', () => {
  test.each<[object, string[]]>([
    [{ image: '' }, ['missing image: no image, image']],
    [variable({ secretKeyRef: { name: 'a', key: 'b.c_d-E' } }), []], [variable({ secretKeyRef: { key: 'b' } }), ['missing env.0.valueFrom.secretKeyRef: no name, name']],
    [variable({ secretKeyRef: { name: '', key: 'b' } }), ['missing env.0.valueFrom.secretKeyRef.name: no name, name']],
    [variable({ secretKeyRef: { name: 'a', key: '' } }), ['missing env.0.valueFrom.secretKeyRef.key: no key, key']],
    [variable({ configMapKeyRef: { name: 'a', key: 'b/c' } }), ['name env.0.valueFrom.configMapKeyRef.key: b/c, letters, digits, -, _ and .']],
    [variable({ configMapKeyRef: { name: 'a', key: '${KEY}' } }), []], [variable({ configMapKeyRef: { key: 'b' } }), ['missing env.0.valueFrom.configMapKeyRef: no name, name']],
    [variable({}), ['missing env.0.valueFrom: no secretKeyRef, secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef, fileKeyRef']],
    [variable({ fileKeyRef: { path: 'a', key: 'b', volumeName: 'c' } }), []],
    ...['metadata.name', 'metadata.labels[\'app\']', 'metadata.annotations[\'a/b\']', 'spec.nodeName', 'status.podIP', 'status.podIPs', 'status.hostIP', '$(FIELD)']
      .map((fieldPath): [object, string[]] => [variable({ fieldRef: { fieldPath } }), []]),
    ...['spec.podIP', 'metadata.labels', 'status.phase', 'metadata.nam'].map((fieldPath): [object, string[]] => [variable({ fieldRef: { fieldPath } }), [
      `word env.0.valueFrom.fieldRef.fieldPath: ${fieldPath}, metadata.name, metadata.namespace, metadata.labels['<KEY>'], spec.nodeName, status.podIP, status.hostIP`]]),
    [variable({ resourceFieldRef: { resource: 'limits.memory' } }), []], [variable({ resourceFieldRef: { resource: 'requests.hugepages-2Mi' } }), []],
    [variable({ resourceFieldRef: { resource: 'limit.cpu' } }), ['word env.0.valueFrom.resourceFieldRef.resource: limit.cpu, limits.cpu, limits.memory, requests.cpu, requests.memory']],
    [{ envFrom: [{ secretRef: { name: 'a' } }, { configMapRef: { name: 'a' }, prefix: 'B_' }] }, []],
    [{ envFrom: [{}] }, ['missing envFrom.0: no secretRef, secretRef, configMapRef']], [{ envFrom: [{ secretRef: {} }] }, ['missing envFrom.0.secretRef: no name, name']],
    [{ envFrom: [{ configMapRef: { name: '' } }] }, ['missing envFrom.0.configMapRef.name: no name, name']],
    [{ envFrom: [{ secretRef: { name: 'a' }, configMapRef: { name: 'b' } }] }, ['one envFrom.0: secretRef, configMapRef, one of them']],
    [{ livenessProbe: { exec: { command: ['true'] } } }, []], [{ livenessProbe: { exec: { command: [] } } }, ['missing livenessProbe.exec.command: no command, command']],
    [{ livenessProbe: { exec: { command: null } } }, ['missing livenessProbe.exec: no command, command']],
    [{ lifecycle: { preStop: { exec: {} } } }, ['missing lifecycle.preStop.exec: no command, command']],
    [{ livenessProbe: { terminationGracePeriodSeconds: 1 } }, []],
    [{ livenessProbe: { terminationGracePeriodSeconds: 0 } }, [
      'range livenessProbe.terminationGracePeriodSeconds: terminationGracePeriodSeconds: 0, 1 or more']],
    [{ readinessProbe: { terminationGracePeriodSeconds: 1 } }, ['one readinessProbe.terminationGracePeriodSeconds: terminationGracePeriodSeconds, livenessProbe or startupProbe with it']],
    [{ livenessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'X-A', value: '1' }] } } }, []],
    [{ livenessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'X A', value: '1' }] } } }, ['name livenessProbe.httpGet.httpHeaders.0.name: X A, letters, digits and -']],
    [{ securityContext: { runAsUser: 0, runAsGroup: 2 ** 31 - 1 } }, []], [{ securityContext: { runAsUser: -1 } }, ['range securityContext.runAsUser: runAsUser: -1, 0 to 2147483647']],
    [{ securityContext: { runAsGroup: 2 ** 31 } }, ['range securityContext.runAsGroup: runAsGroup: 2147483648, 0 to 2147483647']],
    [{ securityContext: { privileged: true } }, []], [{ securityContext: { privileged: true, allowPrivilegeEscalation: true } }, []],
    [{ securityContext: { capabilities: { add: ['SYS_ADMIN'] }, allowPrivilegeEscalation: false } }, []],
    [{ securityContext: { privileged: true, allowPrivilegeEscalation: false } }, ['one securityContext: privileged: true, allowPrivilegeEscalation: false, one of them']],
    [{ securityContext: { capabilities: { add: ['CAP_SYS_ADMIN'] }, allowPrivilegeEscalation: false } }, ['one securityContext: CAP_SYS_ADMIN, allowPrivilegeEscalation: false, one of them']],
    [{ securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }, []], [{ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } } }, []],
    [{ securityContext: { seccompProfile: { type: 'Localhost' } } }, ['missing securityContext.seccompProfile: no localhostProfile, localhostProfile']],
    [{ securityContext: { seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'a' } } }, ['one securityContext.seccompProfile: type: RuntimeDefault, localhostProfile, type: Localhost']],
    [{ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '/a.json' } } }, [
      'range securityContext.seccompProfile.localhostProfile: /a.json, a path without a slash in front and without ..']],
    [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'a'.repeat(4095) } } }, []], [{ securityContext: { appArmorProfile: { type: 'Unconfined' } } }, []],
    [{ securityContext: { appArmorProfile: { type: 'Localhost' } } }, ['missing securityContext.appArmorProfile: no localhostProfile, localhostProfile']],
    [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: '' } } }, ['missing securityContext.appArmorProfile.localhostProfile: no localhostProfile, localhostProfile']],
    [{ securityContext: { appArmorProfile: { type: 'RuntimeDefault', localhostProfile: 'a' } } }, ['one securityContext.appArmorProfile: type: RuntimeDefault, localhostProfile, type: Localhost']],
    ...[' a', 'a'.repeat(4096)].map((localhostProfile): [object, string[]] => [{ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile } } }, [
      `range securityContext.appArmorProfile.localhostProfile: ${localhostProfile}, at most 4095 characters, without blanks around them`]]),
    ...['1m', '1', 1, '1000m', '0', 0, '${DIVISOR}'].map((value): [object, string[]] => [variable({ resourceFieldRef: { resource: 'limits.cpu', divisor: value } }), []]),
    ...['100m', '2', '1k', '1Mi'].map((value): [object, string[]] => [variable({ resourceFieldRef: { resource: 'limits.cpu', divisor: value } }), [
      `range env.0.valueFrom.resourceFieldRef.divisor: ${value}, 1m or 1`]]),
    ...['1Mi', '1', '1000k', '1024Ki', '1Ei', '1.0Mi'].map((value): [object, string[]] => [variable({ resourceFieldRef: { resource: 'requests.memory', divisor: value } }), []]),
    ...['100Mi', '1048576', '1000Ki', '0.5', '1m', '1MB'].map((value): [object, string[]] => [variable({ resourceFieldRef: { resource: 'requests.memory', divisor: value } }), [
      `range env.0.valueFrom.resourceFieldRef.divisor: ${value}, 1, 1k, 1M, 1G, 1Ki, 1Mi or 1Gi`]]),
    [{ envFrom: [{ prefix: 'a=', configMapRef: { name: 'b' } }] }, ['name envFrom.0.prefix: a=, ASCII characters other than =']],
    [variable({ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }), []], [variable({ fieldRef: { apiVersion: 'apps/v1', fieldPath: 'metadata.name' } }), [
      'word env.0.valueFrom.fieldRef.apiVersion: apps/v1, v1']],
    [{ resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { memory: '1Gi' } } }, []], [{ resources: { limits: { 'cpu': 1, 'hugepages-2Mi': 2 ** 21 }, requests: { 'hugepages-2Mi': '2Mi' } } }, []],
    [{ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }, ['missing resources: no cpu, no memory, cpu or memory next to hugepages-2Mi']],
    [{ resources: { limits: { 'cpu': 1, 'hugepages-2Mi': '3Mi' } } }, ['range resources.limits.hugepages-2Mi: 3Mi, a multiple of 2Mi']],
    [{ resources: { limits: { 'cpu': 1, 'hugepages-big': '3Mi' } } }, ['range resources.limits.hugepages-big: 3Mi, hugepages-2Mi or hugepages-1Gi']],
    [{ resources: { requests: { 'cpu': 1, 'hugepages-2Mi': '2Mi' } } }, ['one resources.requests.hugepages-2Mi: 2Mi, the same as a limit']],
    [{ resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { 'cpu': 1, 'hugepages-2Mi': '2Mi' } } }, ['one resources.requests.hugepages-2Mi: 2Mi, the limit, 4Mi']],
    [{ securityContext: { privileged: true }, volumeMounts: [{ name: 'a', mountPath: '/b', mountPropagation: 'Bidirectional' }] }, []],
    [{ volumeMounts: [{ name: 'a', mountPath: '/b', mountPropagation: 'HostToContainer', readOnly: true, recursiveReadOnly: 'IfPossible' }] }, []],
    [{ volumeMounts: [{ name: 'a', mountPath: '/b', mountPropagation: 'Bidirectional' }] }, ['one volumeMounts.0.mountPropagation: mountPropagation: Bidirectional, privileged: true with it']],
    [{ volumeMounts: [{ name: 'a', mountPath: '/b', recursiveReadOnly: 'enabled' }] }, ['word volumeMounts.0.recursiveReadOnly: enabled, Disabled, IfPossible, Enabled']],
    [{ volumeMounts: [{ name: 'a', mountPath: 'b', subPath: 'c' }] }, []], [{ volumeMounts: [{ name: 'a', mountPath: '' }] }, ['missing volumeMounts.0.mountPath: no mountPath, mountPath']],
    [{ volumeMounts: [{ name: 'a', mountPath: '/b', subPath: 'c', subPathExpr: 'd' }] }, ['one volumeMounts.0: subPath, subPathExpr, one of them']],
    [{ volumeMounts: [{ name: 'a', mountPath: '/b', subPath: '', subPathExpr: 'd' }] }, []],
    [{ resources: { limits: { 'cpu': 1, 'ephemeral-storage': '1Gi', 'hugepages-2Mi': '4Mi', 'nvidia.com/gpu': 1, 'example.com/part': '2' } } }, []],
    [{ resources: { limits: { ram: '1Gi' }, requests: { Memory: '1Gi' } } }, [
      'word resources.limits.ram: ram, cpu, memory, ephemeral-storage', 'word resources.requests.Memory: Memory, cpu, memory, ephemeral-storage']],
    [{ resources: { limits: { storage: '1Gi' } } }, ['word resources.limits.storage: storage, cpu, memory, ephemeral-storage']],
    [{ resources: { limits: { 'nvidia.com/gpu': '0.5' } } }, ['range resources.limits.nvidia.com/gpu: 0.5, a whole number']],
    [{ lifecycle: { preStop: { sleep: { seconds: 30 } } } }, []], [{ lifecycle: { preStop: { sleep: { seconds: 31 } } } }, ['range lifecycle.preStop.sleep.seconds: seconds: 31, at most the grace period, 30']],
  ])('%j', (container, expected) => expect(ofContainer(container)).toEqual(expected));
});

describe('a pod', () => {
  test.each<[object, string[]]>([
    [{ nodeName: 'node-1.example', runtimeClassName: 'nvidia' }, []],
    [{ nodeName: 'Node_1' }, ['name nodeName: Node_1, a-z, 0-9, - and .']], [{ runtimeClassName: 'Nvidia' }, ['name runtimeClassName: Nvidia, a-z, 0-9, - and .']], [{ runtimeClassName: 'RUNTIME_CLASS' }, []],
    [{ hostAliases: [{ ip: '10.0.0.1', hostnames: ['redis', 'a.b'] }, { ip: 'fd00::1' }] }, []],
    [{ hostAliases: [{ ip: 'redis', hostnames: ['a'] }] }, ['range hostAliases.0.ip: redis, an IP address']],
    [{ hostAliases: [{ ip: '10.0.0.1', hostnames: ['a', 'http://a.b'] }] }, ['name hostAliases.0.hostnames.1: http://a.b, a-z, 0-9, - and .']],
    [{ dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] } }, []], [{ dnsPolicy: 'None' }, ['missing : dnsPolicy: None, dnsConfig.nameservers']],
    [{ dnsConfig: { nameservers: ['dns.example.com'] } }, ['range dnsConfig.nameservers.0: dns.example.com, an IP address']],
    [{ dnsConfig: { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] } }, ['range dnsConfig.nameservers: 4 of them, at most 3']],
    [{ hostPID: true }, []], [{ hostPID: true, shareProcessNamespace: true }, ['one : hostPID, shareProcessNamespace, one of them']],
    [{ securityContext: { fsGroup: -1, supplementalGroups: [1, -2] } }, [
      'range securityContext.fsGroup: fsGroup: -1, 0 to 2147483647', 'range securityContext.supplementalGroups.1: supplementalGroups: -2, 0 to 2147483647']],
    [{ volumes: [{ name: 'a' }, { name: 'b', emptyDir: { sizeLimit: '0' } }, { name: 'c', hostPath: { path: '/a..b' } }, { name: 'd', configMap: { name: 'x', items: [{ key: 'a', path: 'b/c' }] } }] }, []],
    [{ volumes: [{ name: 'a', emptyDir: { sizeLimit: '-1Gi' } }] }, ['range volumes.0.emptyDir.sizeLimit: -1Gi, 512Mi']],
    [{ volumes: [{ name: 'a', hostPath: { path: '' } }] }, ['missing volumes.0.hostPath.path: no path, path']],
    [{ volumes: [{ name: 'a', hostPath: { path: '/a/../b' } }] }, ['range volumes.0.hostPath.path: /a/../b, a path without ..']],
    [{ volumes: [{ name: 'a', configMap: {} }, { name: 'b', secret: {} }] }, ['missing volumes.0.configMap: no name, name', 'missing volumes.1.secret: no secretName, secretName']],
    [{ volumes: [{ name: 'a', secret: { secretName: '' } }, { name: 'b', persistentVolumeClaim: { claimName: '' } }] }, [
      'missing volumes.0.secret.secretName: no secretName, secretName', 'missing volumes.1.persistentVolumeClaim.claimName: no claimName, claimName']],
    [{ volumes: [{ name: 'a', configMap: { name: 'x', items: [{ key: 'a', path: '/b' }, { key: 'a', path: 'b/..' }, { key: '', path: 'c' }] } }] }, [
      'range volumes.0.configMap.items.0.path: /b, a path without a slash in front and without ..', 'range volumes.0.configMap.items.1.path: b/.., a path without a slash in front and without ..',
      'missing volumes.0.configMap.items.2.key: no key, key']],
    [{ tolerations: [{ operator: 'Exists' }, { key: 'a' }, { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 }, { key: 'a', effect: 'NoExecute', tolerationSeconds: 3 }] }, []],
    [{ tolerations: [{ effect: 'NoSchedule' }, { operator: 'Equal', value: 'x' }] }, ['missing tolerations.0: no key, a key, or operator: Exists', 'missing tolerations.1: no key, a key, or operator: Exists']],
    [{ tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 3 }, { key: 'a', tolerationSeconds: 3 }] }, [
      'one tolerations.0: effect: NoSchedule, tolerationSeconds, tolerationSeconds with NoExecute', 'one tolerations.1: no effect, tolerationSeconds, tolerationSeconds with NoExecute']],
    [{ tolerations: [{ key: 'a/b', operator: '', value: 'Spot_1.x' }, { key: 'a', operator: 'Exists', value: '' }, { key: 'a', value: '<pool>' }] }, []],
    [{ tolerations: [{ key: 'a', operator: 'Gt', value: '5' }, { key: 'a', operator: 'exists' }] }, ['word tolerations.0.operator: Gt, Equal, Exists', 'word tolerations.1.operator: exists, Equal, Exists']],
    [{ tolerations: [{ key: 'a b', operator: 'Exists' }, { key: 'a', value: 'b c' }] }, [
      'name tolerations.0.key: a b, a word, or dns.prefix/word', 'name tolerations.1.value: b c, at most 63 letters, digits, -, _ and .']],
    [{ os: { name: 'linux' }, securityContext: { sysctls: [{ name: 'net/ipv4/tcp_keepalive_time', value: '60' }, { name: 'net.core.somaxconn', value: '1' }] } }, []],
    [{ os: { name: 'Linux' }, securityContext: { sysctls: [{ name: 'Net.core', value: '1' }] } }, [
      'word os.name: Linux, linux, windows', 'name securityContext.sysctls.0.name: Net.core, a-z, 0-9, -, _, . and /']],
    [{ dnsConfig: { searches: ['svc.cluster.local', '.', '_tcp.example.com.'], options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }] } }, []],
    [{ dnsConfig: { searches: ['a b'], options: [{ value: '1' }] } }, ['missing dnsConfig.options.0: no name, name', 'name dnsConfig.searches.0: a b, a name of DNS']],
    [{ hostUsers: false, containers: [{ name: 'a', image: 'a', securityContext: { procMount: 'Unmasked' } }] }, []], [{ containers: [{ name: 'a', image: 'a', securityContext: { procMount: 'Default' } }] }, []],
    [{ containers: [{ name: 'a', image: 'a', securityContext: { procMount: 'Unmasked' } }] }, ['one containers.0.securityContext.procMount: procMount: Unmasked, hostUsers: false with it']],
    [{ initContainers: [{ name: 'a', image: 'a', securityContext: { procMount: 'unmasked' } }] }, ['word initContainers.0.securityContext.procMount: unmasked, Default, Unmasked']],
    [downward({ path: 'a/b', fieldRef: { fieldPath: 'metadata.labels' } }), []], [downward({ path: 'a', fieldRef: { fieldPath: 'metadata.annotations[\'b/c\']' } }), []],
    [downward({ path: 'a', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } }), []],
    [downward({ path: '/a', fieldRef: { fieldPath: 'metadata.name' } }), ['range volumes.0.downwardAPI.items.0.path: /a, a path without a slash in front and without ..']],
    [downward({ path: 'a', fieldRef: { fieldPath: 'status.podIP' } }), [
      'word volumes.0.downwardAPI.items.0.fieldRef.fieldPath: status.podIP, metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations']],
    [downward({ path: 'a' }), ['missing volumes.0.downwardAPI.items.0: no fieldRef, fieldRef, resourceFieldRef']],
    [downward({ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }), ['missing volumes.0.downwardAPI.items.0.resourceFieldRef: no containerName, containerName']],
    [downward({ path: 'a', resourceFieldRef: { containerName: 'main', resource: 'limits.gpu' } }), [
      'word volumes.0.downwardAPI.items.0.resourceFieldRef.resource: limits.gpu, limits.cpu, limits.memory, requests.cpu, requests.memory']],
    [{ volumes: [{ name: 'a', projected: { sources: [{ secret: { name: 'x', items: [{ key: 'k', path: 'p' }] } }, { configMap: { name: 'x', items: [{ key: 'k', path: 'q' }] } }] } }] }, []],
    [{ volumes: [{ name: 'a', projected: { sources: [{ secret: { name: 'x', items: [{ key: 'k', path: 'p' }] } }, { configMap: { name: 'x', items: [{ key: 'k', path: 'p' }] } }] } }] }, [
      'twice volumes.0.projected.sources.1: p, each path once']],
    [{ volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 600 } }] } }] }, []],
    [{ volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 599 } }] } }] }, [
      'range volumes.0.projected.sources.0.serviceAccountToken.expirationSeconds: expirationSeconds: 599, 600 to 4294967296']],
    [{ volumes: [{ name: 'a', nfs: { server: 'b', path: '/c' } }, { name: 'd', nfs: { server: 'b', path: 'c' } }] }, ['range volumes.1.nfs.path: c, a path with a slash in front']],
    [{ volumes: [{ name: 'a', ephemeral: {} }] }, ['missing volumes.0.ephemeral: no volumeClaimTemplate, volumeClaimTemplate']],
    [antiAffinity({ weight: 1, podAffinityTerm: { topologyKey: 'a b' } }), [
      'name affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.topologyKey: a b, a word, or dns.prefix/word']],
    [nodeNeeds({ key: 'a b', operator: 'Exists' }), [`name ${AT_NODES}.0.matchExpressions.0.key: a b, a word, or dns.prefix/word`]],
    [{ topologySpreadConstraints: [spread({ labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['pod-template-hash'] })] }, []],
    [{ topologySpreadConstraints: [spread({ matchLabelKeys: ['a'] })] }, ['missing topologySpreadConstraints.0.labelSelector: no labelSelector, labelSelector, with matchLabelKeys']],
    [{ topologySpreadConstraints: [spread({ labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['b', 'app'] })] }, [
      'one topologySpreadConstraints.0.matchLabelKeys: app, in matchLabelKeys or in labelSelector']],
    [{ topologySpreadConstraints: [spread({ topologyKey: '' })] }, ['missing topologySpreadConstraints.0.topologyKey: no topologyKey, topologyKey']],
    [antiAffinity({ weight: 1, podAffinityTerm: TERM }), []], [antiAffinity({ weight: 100, podAffinityTerm: TERM }), []],
    ...[0, 101].map((weight): [object, string[]] => [antiAffinity({ weight, podAffinityTerm: TERM }), [
      `range affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.weight: weight: ${weight}, 1 to 100`]]),
    [antiAffinity({ weight: 1, podAffinityTerm: { topologyKey: '' } }), [
      'missing affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.topologyKey: no topologyKey, topologyKey']],
    [antiAffinity({ weight: 1, podAffinityTerm: { ...TERM, labelSelector: { matchExpressions: [{ key: 'a', operator: 'in', values: ['b'] }] } } }), [
      'word affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.labelSelector.matchExpressions.0.operator: in, In, NotIn, Exists, DoesNotExist']],
    [nodeNeeds({ key: 'a', operator: 'In', values: ['b'] }), []], [nodeNeeds({ key: 'a', operator: 'Exists' }), []], [nodeNeeds({ key: 'a', operator: 'Gt', values: ['1'] }), []],
    [nodeNeeds({ key: 'a b', operator: 'Exists' }), [`name ${AT_NODES}.0.matchExpressions.0.key: a b, a word, or dns.prefix/word`]],
    [nodeNeeds({ key: 'a', operator: 'In', values: ['b', 'b c'] }), [`name ${AT_NODES}.0.matchExpressions.0.values.1: b c, letters, digits, -, _ and .`]],
    [nodeNeeds({ key: 'a', operator: 'In', values: [`${'a'.repeat(63)}.b`, ''] }), []],
    [{ tolerations: [{ key: 'a', tolerationSeconds: 3 }] }, ['one tolerations.0: no effect, tolerationSeconds, tolerationSeconds with NoExecute']],
    [{ tolerations: [{ key: 'a', value: 'b c' }] }, ['name tolerations.0.value: b c, at most 63 letters, digits, -, _ and .']],
    [{ hostUsers: false, hostNetwork: true }, ['one : hostUsers: false, hostNetwork, one of them']], [{ hostUsers: false, hostNetwork: false }, []],
    [{ os: { name: 'Linux' } }, ['word os.name: Linux, linux, windows']], [{ os: { name: 'linux' } }, []],
    [nodeTerms(), [`missing ${AT_NODES}: no nodeSelectorTerms, nodeSelectorTerms`]],
    [nodeNeeds({ key: 'a', operator: 'NotIn' }), [`missing ${AT_NODES}.0.matchExpressions.0.values: no values, values for NotIn`]],
    [nodeNeeds({ key: 'a', operator: 'DoesNotExist', values: ['b'] }), [`one ${AT_NODES}.0.matchExpressions.0.values: DoesNotExist, values, DoesNotExist without values`]],
    [nodeNeeds({ key: 'a', operator: 'Lt', values: ['1', '2'] }), [`range ${AT_NODES}.0.matchExpressions.0.values: 2 values, one number for Lt`]],
    [{ topologySpreadConstraints: [spread({ minDomains: 2 }), spread({ whenUnsatisfiable: 'ScheduleAnyway' })] }, []],
    [{ topologySpreadConstraints: [spread({ maxSkew: 0 }), spread({ topologyKey: 'b', minDomains: 0 })] }, [
      'range topologySpreadConstraints.0.maxSkew: maxSkew: 0, 1 or more', 'range topologySpreadConstraints.1.minDomains: minDomains: 0, 1 or more']],
    [{ topologySpreadConstraints: [spread({ minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway' })] }, [
      'one topologySpreadConstraints.0: minDomains, whenUnsatisfiable: ScheduleAnyway, minDomains with DoNotSchedule']],
    [{ topologySpreadConstraints: [spread({}), spread({ maxSkew: 2 })] }, ['twice topologySpreadConstraints.1: zone, DoNotSchedule, each topologyKey once for each whenUnsatisfiable']],
    [{ containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 1, hostPort: 1 }, { containerPort: 1, hostPort: 1, protocol: 'UDP' }, { containerPort: 2 }, { containerPort: 3 }] }] }, []],
    [{ containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 1, hostPort: 5 }, { containerPort: 2, hostPort: 5 }] }] }, ['twice containers.0.ports.1.hostPort: hostPort: 5, each port of the node once']],
    [{ hostNetwork: true, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 1, hostPort: 1 }, { containerPort: 2, hostPort: 3 }] }] }, [
      'one containers.0.ports.1.hostPort: hostPort: 3, the containerPort, with hostNetwork: true']],
    [{ initContainers: [{ name: 'a', image: 'a', restartPolicy: 'Always', livenessProbe: {}, lifecycle: {} }] }, []],
    [{ initContainers: [{ name: 'a', image: 'a', livenessProbe: {}, lifecycle: {} }] }, [
      'one initContainers.0.livenessProbe: livenessProbe of an init container, restartPolicy: Always, or none of it',
      'one initContainers.0.lifecycle: lifecycle of an init container, restartPolicy: Always, or none of it']],
    [{ terminationGracePeriodSeconds: 40, containers: [{ name: 'a', image: 'a', lifecycle: { preStop: { sleep: { seconds: 40 } } } }] }, []],
  ])('%j', (spec, expected) => expect(ofPod(spec)).toEqual(expected));
});

test.each<[object, string[]]>([
  [{ strategy: { rollingUpdate: { maxSurge: '150%', maxUnavailable: '100%' } } }, []], [{ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '${MAX}%' } } }, []],
  [{ strategy: { rollingUpdate: { maxSurge: 'one' } } }, ['range strategy.rollingUpdate.maxSurge: one, a number, or a share such as 25%']],
  [{ strategy: { rollingUpdate: { maxSurge: -1 } } }, ['range strategy.rollingUpdate.maxSurge: maxSurge: -1, a number, or a share such as 25%']],
  [{ strategy: { rollingUpdate: { maxUnavailable: '101%' } } }, ['range strategy.rollingUpdate.maxUnavailable: 101%, a number without quotes, or a share from 0% to 100%']],
])('a Deployment: %j', (given, expected) => {
  const spec = { selector: { matchLabels: { app: 'a' } }, template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'shop:1' }] } }, ...given };
  expect(show(misshapes(new World([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec }]).workloads[0]), 1)).toEqual(expected);
});

test.each<[object, string[]]>([
  [{ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' }, updateStrategy: { rollingUpdate: { partition: 0 } } }, []],
  [{ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'delete', whenScaled: 'Keep' } }, [
    'word persistentVolumeClaimRetentionPolicy.whenDeleted: delete, Retain, Delete', 'word persistentVolumeClaimRetentionPolicy.whenScaled: Keep, Retain, Delete']],
  [{ updateStrategy: { rollingUpdate: { partition: -1 } } }, ['range updateStrategy.rollingUpdate.partition: partition: -1, 0 or more']],
])('a StatefulSet: %j', (given, expected) => {
  const spec = { selector: { matchLabels: { app: 'a' } }, template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'shop:1' }] } }, ...given };
  expect(show(misshapes(new World([{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'shop' }, spec }]).workloads[0]), 1)).toEqual(expected);
});

test.each<[object, string[]]>([
  [{ backoffLimit: 0, completionMode: 'Indexed', completions: 1 }, []], [{ completionMode: 'Indexed' }, ['missing jobTemplate.spec: no completions, completions for Indexed']],
  [{ completionMode: 'NonIndexed' }, []], [{ selector: { matchLabels: { a: 'b' } } }, ['one jobTemplate.spec.selector: selector of a Job, no selector']],
  [{ selector: { matchLabels: { a: 'b' } }, manualSelector: true }, []], [{ selector: { matchLabels: { 'controller-uid': 'b' } } }, []],
  [{ completionMode: 'Indexed', parallelism: 2 }, ['missing jobTemplate.spec: no completions, completions for Indexed']],
  ...['backoffLimit', 'parallelism', 'completions', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished'].map((name): [object, string[]] => [
    { [name]: -1 }, [`range jobTemplate.spec.${name}: ${name}: -1, 0 or more`]]),
])('the Job of a CronJob: %j', (given, expected) => {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'shop:1' }] } };
  const spec = { schedule: '@daily', jobTemplate: { spec: { template, ...given } } };
  expect(show(misshapes(new World([{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'shop' }, spec }]).workloads[0]), 1)).toEqual(expected);
});

const PORTS = [{ port: 80 }];

test.each<[object, string[]]>([
  [{ ports: PORTS, clusterIP: '' }, []], [{ ports: PORTS, clusterIP: '10.96.0.9' }, []], [{ ports: PORTS, clusterIP: 'None' }, []],
  [{ ports: PORTS, clusterIP: 'none' }, ['range clusterIP: none, an IP address, or None']],
  ...['NodePort', 'LoadBalancer'].map((type): [object, string[]] => [{ ports: PORTS, type, clusterIP: 'None' }, [`one : type: ${type}, clusterIP: None, one of them`]]),
  [{ type: 'ExternalName', externalName: 'redis.example.com.' }, []], [{ type: 'ExternalName', ports: PORTS }, ['missing : no externalName, externalName']],
  [{ type: 'ExternalName', externalName: 'redis://a.b:6379' }, ['name externalName: redis://a.b:6379, a name of DNS, without a scheme and a port']],
  [{ type: 'ExternalName', externalName: 'a.b', clusterIP: 'None' }, ['one : type: ExternalName, clusterIP: None, ExternalName without a clusterIP']],
  [{ ports: PORTS, type: 'NodePort', externalTrafficPolicy: 'Local' }, []], [{ ports: PORTS, externalIPs: ['10.0.0.1'], externalTrafficPolicy: 'Local' }, []],
  [{ ports: PORTS, externalTrafficPolicy: 'Local' }, ['one : type: ClusterIP, externalTrafficPolicy: Local, externalTrafficPolicy with NodePort or LoadBalancer']],
  [{ ports: PORTS, externalIPs: ['a.example.com'] }, ['range externalIPs.0: a.example.com, an IP address']],
  [{ ports: PORTS, type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '10.0.0.1'] }, ['range loadBalancerSourceRanges.1: 10.0.0.1, an address and a length, such as 10.0.0.0/8']],
  [{ ports: [{ port: 80, appProtocol: 'kubernetes.io/h2c' }] }, []], [{ ports: [{ port: 80, appProtocol: 'a b' }] }, ['name ports.0.appProtocol: a b, a word, or dns.prefix/word']],
  [{ ports: PORTS, sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_400 } } }, []],
  [{ ports: PORTS, sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } }, ['range sessionAffinityConfig.clientIP.timeoutSeconds: timeoutSeconds: 86401, 1 to 86400']],
  [{ type: 'NodePort', ports: [{ port: 1, nodePort: 30_001 }, { port: 1, nodePort: 30_001, protocol: 'UDP' }, { port: 2 }, { port: 3 }] }, []],
  [{ type: 'NodePort', ports: [{ port: 1, nodePort: 30_001 }, { port: 2, nodePort: 30_001 }] }, ['twice ports.1.nodePort: 30001 TCP, each port of the nodes once for each protocol']],
])('a Service: %j', (spec, expected) => expect(ofObject('v1', 'Service', spec)).toEqual(expected));

const backend = (port: object, name = 'flower') => ({ service: { name, port } });
const rule = (path: object) => ({ rules: [{ http: { paths: [{ pathType: 'Prefix', path: '/', backend: backend({ number: 80 }), ...path }] } }] });
const AT_PATH = 'rules.0.http.paths.0';

test.each<[object, string[]]>([
  [{ ...rule({}), ingressClassName: 'nginx', tls: [{ hosts: ['a.b', '*.a.b'], secretName: 'a' }] }, []], [{ defaultBackend: backend({ number: 65_535 }) }, []], [{}, ['missing : no rules, rules, or defaultBackend']],
  [{ ...rule({}), ingressClassName: 'Nginx' }, ['name ingressClassName: Nginx, a-z, 0-9, - and .']],
  [{ ...rule({}), tls: [{ hosts: ['https://a.b'] }, { secretName: 'A' }] }, ['name tls.0.hosts.0: https://a.b, a name of DNS, without a scheme and a port', 'name tls.1.secretName: A, a-z, 0-9, - and .']],
  [{ rules: [{ http: { paths: [] } }] }, ['missing rules.0.http.paths: no paths, paths']],
  [rule({ backend: backend({ number: 65_536 }) }), [`range ${AT_PATH}.backend.service.port.number: number: 65536, 0 to 65535`]],
  [rule({ backend: backend({ name: 'http' }) }), []],
  [rule({ backend: backend({ name: '5555' }) }), [`name ${AT_PATH}.backend.service.port.name: 5555, at most 15 of a-z, 0-9 and -, with a letter and without --`]],
  [rule({ backend: backend({ number: 80 }, 'flower.shop') }), [`name ${AT_PATH}.backend.service.name: flower.shop, the name of a Service of this namespace`]],
  [rule({ backend: backend({ number: 80 }, '') }), [`missing ${AT_PATH}.backend.service.name: no name, name`]],
  [rule({ backend: {} }), [`missing ${AT_PATH}.backend: no service, service, resource`]],
  [rule({ backend: { ...backend({ number: 80 }), resource: { kind: 'A', name: 'b' } } }), [`one ${AT_PATH}.backend: service, resource, one of them`]],
  ...['/a/..b', '/a/b/', '/flower(/|$)(.*)'].map((path): [object, string[]] => [rule({ path }), []]), [rule({ path: '', pathType: 'ImplementationSpecific' }), []],
  [rule({ path: '/a//b', pathType: 'ImplementationSpecific' }), []], [rule({ path: '' }), [`range ${AT_PATH}.path: no path, /`]], [rule({ path: '/a//b' }), [`range ${AT_PATH}.path: /a//b, a path without //`]],
  [rule({ path: '/a/../b', pathType: 'Exact' }), [`range ${AT_PATH}.path: /a/../b, a path without /../`]], [rule({ path: '/a/.' }), [`range ${AT_PATH}.path: /a/., a path without /.`]],
  [rule({ path: '/a%2Fb' }), [`range ${AT_PATH}.path: /a%2Fb, a path without %2F`]],
])('an Ingress: %j', (spec, expected) => expect(ofObject('networking.k8s.io/v1', 'Ingress', spec)).toEqual(expected));

const SCALED = { scaleTargetRef: { kind: 'Deployment', name: 'worker' }, maxReplicas: 3 };
const metric = (one: object) => ({ ...SCALED, metrics: [one] });
const cpu = (target: object) => metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', ...target } } });
const external = (target: object) => metric({ type: 'External', external: { metric: { name: 'a' }, target: { type: 'Value', ...target } } });
const ofPods = (target: object) => metric({ type: 'Pods', pods: { metric: { name: 'a' }, target: { type: 'AverageValue', ...target } } });
const down = (scaleDown: object) => ({ ...SCALED, behavior: { scaleDown } });
const policy = (one: object) => down({ policies: [{ type: 'Pods', value: 1, periodSeconds: 60, ...one }] });
const AT_DOWN = 'behavior.scaleDown';

test.each<[object, string[]]>([
  [cpu({ averageUtilization: 1 }), []], [cpu({ averageUtilization: 0 }), ['range metrics.0.resource.target.averageUtilization: averageUtilization: 0, 1 or more']],
  [cpu({ type: 'AverageUtilization', averageUtilization: 80 }), ['word metrics.0.resource.target.type: AverageUtilization, Utilization, Value, AverageValue']],
  [cpu({ averageUtilization: 80, averageValue: '1' }), ['one metrics.0.resource.target: averageUtilization, averageValue, one of them']],
  [external({ value: '1' }), []], [external({}), ['missing metrics.0.external.target: no value, value, averageValue']],
  [external({ averageUtilization: 80 }), ['missing metrics.0.external.target: no value, value, averageValue']],
  [metric({ type: 'Object', object: { metric: { name: 'a' }, describedObject: { kind: 'Service', name: 'b' }, target: { type: 'Value', value: '1', averageValue: '1' } } }), []],
  [external({ value: '1', averageValue: '1' }), ['one metrics.0.external.target: value, averageValue, one of them']],
  [external({ value: '0' }), ['range metrics.0.external.target.value: 0, above 0']], [ofPods({ averageValue: '1m' }), []], [ofPods({ averageValue: 0 }), ['range metrics.0.pods.target.averageValue: averageValue: 0, above 0']],
  [ofPods({ value: '1' }), ['missing metrics.0.pods.target: no averageValue, averageValue']],
  [metric({ type: 'resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }), ['word metrics.0.type: resource, Resource, ContainerResource, Pods, Object, External']],
  [metric({ type: 'Resource' }), ['missing metrics.0: no resource, resource']],
  [metric({ type: 'External', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }), ['missing metrics.0: no external, external']],
  [metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } }, external: { metric: { name: 'a' }, target: { type: 'Value', value: '1' } } }), [
    'one metrics.0: resource, external, resource only']],
  [{ ...SCALED, scaleTargetRef: { kind: 'Deployment', name: 'apps/worker' } }, ['name scaleTargetRef.name: apps/worker, the name of an object, without a slash']],
  [policy({ periodSeconds: 1800 }), []], [policy({ periodSeconds: 1801 }), [`range ${AT_DOWN}.policies.0.periodSeconds: periodSeconds: 1801, 1 to 1800`]],
  [policy({ value: 0 }), [`range ${AT_DOWN}.policies.0.value: value: 0, 1 or more`]], [policy({ type: 'pods' }), [`word ${AT_DOWN}.policies.0.type: pods, Pods, Percent`]],
  [down({ policies: [] }), [`missing ${AT_DOWN}.policies: no policies, policies`]], [down({ stabilizationWindowSeconds: 3600, selectPolicy: 'Disabled' }), []],
  [down({ stabilizationWindowSeconds: 3601 }), [`range ${AT_DOWN}.stabilizationWindowSeconds: stabilizationWindowSeconds: 3601, 0 to 3600`]],
  [down({ selectPolicy: 'Maximum' }), [`word ${AT_DOWN}.selectPolicy: Maximum, Max, Min, Disabled`]],
])('an autoscaler: %j', (spec, expected) => expect(ofObject('autoscaling/v2', 'HorizontalPodAutoscaler', spec)).toEqual(expected));

test.each<[object, string[]]>([
  [{ minAvailable: '100%' }, []], [{ maxUnavailable: 0 }, []], [{ minAvailable: '101%' }, ['range minAvailable: 101%, a number without quotes, or a share from 0% to 100%']],
  [{ minAvailable: '1' }, ['range minAvailable: 1, a number without quotes, or a share from 0% to 100%']], [{ maxUnavailable: -1 }, ['range maxUnavailable: maxUnavailable: -1, a number without quotes, or a share from 0% to 100%']],
  [{ minAvailable: '12.5%' }, ['range minAvailable: 12.5%, a number without quotes, or a share from 0% to 100%']],
])('a budget: %j', (spec, expected) => expect(ofObject('policy/v1', 'PodDisruptionBudget', spec)).toEqual(expected));

const from = (peer: object) => ({ podSelector: {}, ingress: [{ from: [peer] }] });
const open = (port: object) => ({ podSelector: {}, ingress: [{ ports: [port] }] });

test.each<[object, string[]]>([
  [open({ port: 'http', protocol: 'TCP' }), []], [open({ port: 'Http' }), ['name ingress.0.ports.0.port: Http, at most 15 of a-z, 0-9 and -, with a letter and without --']],
  [open({ port: 0 }), ['range ingress.0.ports.0.port: port: 0, 1 to 65535']], [open({ port: 1, protocol: 'tcp' }), ['word ingress.0.ports.0.protocol: tcp, TCP, UDP, SCTP']],
  [open({ port: 5, endPort: 5 }), []], [open({ port: 5, endPort: 4 }), ['range ingress.0.ports.0.endPort: endPort: 4, 5 or more']],
  [open({ endPort: 4 }), ['missing ingress.0.ports.0.port: no port, the number that the range begins with']],
  [from({ podSelector: {} }), []], [from({}), ['missing ingress.0.from.0: no selector, podSelector, namespaceSelector or ipBlock']],
  [from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }), []],
  [from({ ipBlock: { cidr: '10.0.0.0/8', except: ['192.168.0.0/16'] } }), ['range ingress.0.from.0.ipBlock.except.0: 192.168.0.0/16, a part of 10.0.0.0/8']],
])('a policy: %j', (spec, expected) => expect(ofObject('networking.k8s.io/v1', 'NetworkPolicy', spec)).toEqual(expected));

const claim = (spec: object, storage = '1Gi') => ({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec });

test.each<[object, string[]]>([
  [claim({ storageClassName: '' }), []], [claim({ accessModes: ['ReadWriteOncePod'] }), []], [claim({ accessModes: [] }), ['missing accessModes: no accessModes, accessModes']],
  [claim({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }), ['one accessModes: ReadWriteOncePod, ReadWriteOnce, ReadWriteOncePod only']],
  [claim({}, '0'), ['range resources.requests.storage: 0, above 0']], [claim({ storageClassName: 'My_Class' }), ['name storageClassName: My_Class, a-z, 0-9, - and .']],
])('a claim: %j', (spec, expected) => expect(ofObject('v1', 'PersistentVolumeClaim', spec)).toEqual(expected));
