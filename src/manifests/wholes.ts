import { isExtended } from '../celery/devices';
import { quantity } from '../celery/quantity';
import { isFilledIn } from '../celery/filled-in';
import { isCidr, isPartOf } from './cidr';
import { Fault } from './forms';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject, Path } from './json';
import { isLabelValue, isQualifiedName } from './names';
import { isBase64 } from './refusals';
import { Resource } from './resource';

/** A fault of an object, of fields that are right by themselves. */
export interface WholeFault {
  readonly what: Fault;
  /** Below the object. */
  readonly path: Path;
  readonly value: string;
  readonly allowed: string;
  readonly container?: string;
  readonly unless?: string;
}

type Whole = (value: JsonObject) => WholeFault[];

const isThere = (value: unknown): boolean => value !== undefined && value !== null;
const isGiven = (value: unknown): boolean => isThere(value) && value !== '';
const faultIf = (wrong: boolean, what: Fault, path: Path, value: string, allowed: string): WholeFault[] =>
  wrong ? [{ what, path, value, allowed }] : [];

/** Exactly one of some fields; that several are given is said elsewhere where the flag is not set. */
const oneOf = (names: readonly string[], sayOfSeveral = true): Whole => (value) => {
  const found = names.filter((name) => isThere(value[name]));
  return [
    ...faultIf(found.length === 0, 'missing', [], `no ${names[0]}`, names.join(', ')),
    ...faultIf(sayOfSeveral && found.length > 1, 'one', [], found.join(', '), 'one of them'),
  ];
};

/** Of fields that exclude each other. */
const several = (value: JsonObject, ...names: readonly string[]): WholeFault[] => {
  const found = names.filter((name) => isThere(value[name]));
  return faultIf(found.length > 1, 'one', [], found.join(', '), 'one of them');
};

/** Values belong to In and NotIn, and none to Exists and DoesNotExist. */
function requirement({ operator, values }: JsonObject): WholeFault[] {
  const count = asList(values).length;
  switch (operator) {
    case 'In': case 'NotIn': return faultIf(count === 0, 'missing', ['values'], 'no values', `values for ${operator}`);
    case 'Exists': case 'DoesNotExist': return faultIf(count > 0, 'one', ['values'], `${operator}, values`, `${operator} without values`);
    case 'Gt': case 'Lt': return faultIf(count !== 1, 'range', ['values'], `${count} values`, `one number for ${operator}`);
    default: return [];
  }
}

/** What a variable takes of its pod. */
const POD_FIELDS = /^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['.+'\]|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/;
const RESOURCE_FIELDS = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;

function variableSource(source: JsonObject): WholeFault[] {
  const [field, resource] = [asText(get(source, 'fieldRef', 'fieldPath')), asText(get(source, 'resourceFieldRef', 'resource'))];
  return [
    ...oneOf(['secretKeyRef', 'configMapKeyRef', 'fieldRef', 'resourceFieldRef', 'fileKeyRef'], false)(source),
    ...faultIf(field !== undefined && !isFilledIn(field) && !POD_FIELDS.test(field), 'word', ['fieldRef', 'fieldPath'], field ?? '',
      'metadata.name, metadata.namespace, metadata.labels[\'<KEY>\'], spec.nodeName, status.podIP, status.hostIP'),
    ...faultIf(resource !== undefined && !isFilledIn(resource) && !RESOURCE_FIELDS.test(resource), 'word', ['resourceFieldRef', 'resource'], resource ?? '',
      'limits.cpu, limits.memory, requests.cpu, requests.memory'),
  ];
}

/** The units of bytes that a divisor may be one of. */
const BYTES = { decimal: [0, 1, 2, 3, 4, 5, 6].map((power) => 1000 ** power), binary: [0, 1, 2, 3, 4, 5, 6].map((power) => 1024 ** power) };

/** A divisor is a unit, and no number of them: 1Mi and not 100Mi. Zero is the default. */
function divisor({ resource, divisor: given }: JsonObject): WholeFault[] {
  const [of, written, size] = [asText(resource) ?? '', asScalar(given) ?? '', quantity(given)];
  if (size === 0 || !RESOURCE_FIELDS.test(of) || isFilledIn(written) || /\d[eE]\d/.test(written)) return [];
  const [allowed, units] = of.endsWith('.cpu') ? ['1m or 1', [1e-3, 1]] : ['1, 1k, 1M, 1G, 1Ki, 1Mi or 1Gi', written.endsWith('i') ? BYTES.binary : BYTES.decimal];
  return faultIf(!units.includes(size ?? NaN), 'range', ['divisor'], written, allowed);
}

const STANDARD_RESOURCE = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Huge pages come whole, next to a CPU or memory, and the request is the limit. */
function hugePages({ limits, requests }: JsonObject): WholeFault[] {
  const given = (['limits', 'requests'] as const).flatMap((kind) => Object.entries(asMap(kind === 'limits' ? limits : requests)).map(([name, amount]) => ({ kind, name, amount })));
  const pages = given.filter(({ name }) => name.startsWith('hugepages-'));
  if (pages.length === 0) return [];
  return [
    ...faultIf(!given.some(({ name }) => name === 'cpu' || name === 'memory'), 'missing', [], 'no cpu, no memory', `cpu or memory next to ${pages[0].name}`),
    ...pages.flatMap(({ kind, name, amount }) => {
      const [size, page, limit] = [quantity(amount), quantity(name.slice('hugepages-'.length)), quantity(get(limits, name))];
      const [at, value] = [[kind, name], asScalar(amount) ?? ''];
      if (size === undefined) return [];
      if (page === undefined || !Number.isInteger(size / page)) return faultIf(true, 'range', at, value, page === undefined ? 'hugepages-2Mi or hugepages-1Gi' : `a multiple of ${name.slice('hugepages-'.length)}`);
      return faultIf(kind === 'requests' && size !== limit, 'one', at, value, limit === undefined ? 'the same as a limit' : `the limit, ${asScalar(get(limits, name))}`);
    }),
  ];
}

/** Resources have a standard name or one with a prefix, and devices come whole. */
function containerResources(resources: JsonObject): WholeFault[] {
  return (['limits', 'requests'] as const).flatMap((kind) => Object.entries(asMap(resources[kind])).flatMap(([name, amount]) => [
    ...faultIf(!isFilledIn(name) && !name.includes('/') && !STANDARD_RESOURCE.test(name), 'word', [kind, name], name, 'cpu, memory, ephemeral-storage'),
    ...faultIf(isExtended(name) && !Number.isInteger(quantity(amount) ?? 1), 'range', [kind, name], asScalar(amount) ?? '', 'a whole number'),
  ])).concat(hugePages(resources));
}

function securityContext({ privileged, capabilities, allowPrivilegeEscalation }: JsonObject): WholeFault[] {
  if (allowPrivilegeEscalation !== false) return [];
  const value = privileged === true ? 'privileged: true' : asList(get(capabilities, 'add')).includes('CAP_SYS_ADMIN') ? 'CAP_SYS_ADMIN' : undefined;
  return faultIf(value !== undefined, 'one', [], `${value}, allowPrivilegeEscalation: false`, 'one of them');
}

/** Of seccomp and AppArmor: a profile of the node has a name, and no other has one. */
function localProfile({ type, localhostProfile }: JsonObject): WholeFault[] {
  return [
    ...faultIf(type === 'Localhost' && !isThere(localhostProfile), 'missing', [], 'no localhostProfile', 'localhostProfile'),
    ...faultIf(typeof type === 'string' && type !== 'Localhost' && isThere(localhostProfile), 'one', [], `type: ${String(type)}, localhostProfile`, 'type: Localhost'),
  ];
}

function toleration({ key: taint, operator, effect, tolerationSeconds }: JsonObject): WholeFault[] {
  const all = (asScalar(taint) ?? '') === '';
  const word = asText(operator) ?? '';
  return [
    ...faultIf(all && operator !== 'Exists', 'missing', [], 'no key', 'a key, or operator: Exists'),
    ...faultIf(isThere(tolerationSeconds) && effect !== 'NoExecute', 'one', [], `${isGiven(effect) ? `effect: ${asScalar(effect)}` : 'no effect'}, tolerationSeconds`, 'tolerationSeconds with NoExecute'),
    ...faultIf(!isFilledIn(word) && !['Equal', 'Exists'].includes(word), 'word', ['operator'], word, 'Equal, Exists')
      .map((fault) => word === 'Gt' || word === 'Lt' ? { ...fault, unless: 'the cluster has Kubernetes 1.35 or later, with the feature TaintTolerationComparisonOperators' } : fault),
  ];
}

const isSidecar = (container: unknown): boolean => get(container, 'restartPolicy') === 'Always';

/** What init containers may not have, which end before the pod is up. */
function initContainer(container: unknown, i: number): WholeFault[] {
  return isSidecar(container) ? [] : ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'].filter((name) => isThere(get(container, name)))
    .map((name) => ({ what: 'one', path: ['initContainers', i, name], value: `${name} of an init container`, allowed: 'restartPolicy: Always, or none of it', container: asText(get(container, 'name')) }));
}

/** A preStop hook that only sleeps has to end within the grace period. */
function sleeps(container: unknown, path: Path, grace: number): WholeFault[] {
  return ['preStop', 'postStart'].flatMap((hook) => {
    const seconds = asNumber(get(container, 'lifecycle', hook, 'sleep', 'seconds'));
    return seconds === undefined || (seconds >= 0 && seconds <= grace) ? []
      : [{ what: 'range' as const, path: [...path, 'lifecycle', hook, 'sleep', 'seconds'], value: `seconds: ${seconds}`, allowed: `at most the grace period, ${grace}`, container: asText(get(container, 'name')) }];
  });
}

/** Ports of the node: one container each, and with its network the port of the container itself. */
function hostPorts({ containers, hostNetwork }: JsonObject): WholeFault[] {
  const seen = new Set<string>();
  return asList(containers).flatMap((container, i) => asList(get(container, 'ports')).flatMap((entry, j): WholeFault[] => {
    const hostPort = asNumber(get(entry, 'hostPort'));
    if (hostPort === undefined || hostPort === 0) return [];
    const at = { path: ['containers', i, 'ports', j, 'hostPort'], value: `hostPort: ${hostPort}`, container: asText(get(container, 'name')) };
    const own = [asScalar(get(entry, 'protocol')) ?? 'TCP', asScalar(get(entry, 'hostIP')) ?? '', hostPort].join(' ');
    const twice = seen.has(own);
    seen.add(own);
    return [
      ...twice ? [{ ...at, what: 'twice' as const, allowed: 'each port of the node once' }] : [],
      ...hostNetwork === true && get(entry, 'containerPort') !== hostPort ? [{ ...at, what: 'one' as const, allowed: 'the containerPort, with hostNetwork: true' }] : [],
    ];
  }));
}

/** A mount that others see has to be of a privileged container. */
function mounts({ volumeMounts, securityContext: context }: JsonObject): WholeFault[] {
  return get(context, 'privileged') === true ? [] : asList(volumeMounts).flatMap((mount, i) => faultIf(get(mount, 'mountPropagation') === 'Bidirectional', 'one',
    ['volumeMounts', i, 'mountPropagation'], 'mountPropagation: Bidirectional', 'privileged: true with it'));
}

/** All of /proc is for pods with users of their own. */
function procMounts(spec: JsonObject): WholeFault[] {
  return spec.hostUsers === false ? [] : ['containers', 'initContainers'].flatMap((list) => asList(spec[list]).flatMap((container, i) =>
    faultIf(get(container, 'securityContext', 'procMount') === 'Unmasked', 'one', [list, i, 'securityContext', 'procMount'], 'procMount: Unmasked', 'hostUsers: false with it')
      .map((fault) => ({ ...fault, container: asText(get(container, 'name')), unless: 'the cluster is older than Kubernetes 1.33, and ignores it' }))));
}

function spreads({ topologySpreadConstraints }: JsonObject): WholeFault[] {
  const seen = new Set<string>();
  return asList(topologySpreadConstraints).flatMap((one, i) => {
    const [topology, unsatisfiable] = [asScalar(get(one, 'topologyKey')) ?? '', asScalar(get(one, 'whenUnsatisfiable')) ?? ''];
    const own = `${topology}, ${unsatisfiable}`;
    const twice = seen.has(own);
    seen.add(own);
    return faultIf(twice, 'twice', ['topologySpreadConstraints', i], own, 'each topologyKey once for each whenUnsatisfiable');
  });
}

function pod(spec: JsonObject): WholeFault[] {
  const grace = Math.max(asNumber(spec.terminationGracePeriodSeconds) ?? 30, 1);
  return [
    ...asList(spec.initContainers).flatMap(initContainer),
    ...asList(spec.containers).flatMap((container, i) => sleeps(container, ['containers', i], grace)),
    ...hostPorts(spec), ...spreads(spec), ...procMounts(spec),
    ...faultIf(spec.dnsPolicy === 'None' && asList(get(spec, 'dnsConfig', 'nameservers')).length === 0, 'missing', [], 'dnsPolicy: None', 'dnsConfig.nameservers'),
    ...faultIf(spec.hostUsers === false && spec.hostNetwork === true, 'one', [], 'hostUsers: false, hostNetwork', 'one of them'),
    ...faultIf(spec.hostPID === true && spec.shareProcessNamespace === true, 'one', [], 'hostPID, shareProcessNamespace', 'one of them'),
  ];
}

function spread(constraint: JsonObject): WholeFault[] {
  const { minDomains, whenUnsatisfiable, labelSelector, matchLabelKeys } = constraint;
  const twice = asList(matchLabelKeys).filter((key) => typeof key === 'string' && get(labelSelector, 'matchLabels', key) !== undefined);
  return [
    ...faultIf(isThere(minDomains) && whenUnsatisfiable === 'ScheduleAnyway', 'one', [], 'minDomains, whenUnsatisfiable: ScheduleAnyway', 'minDomains with DoNotSchedule'),
    ...faultIf(twice.length > 0, 'one', ['matchLabelKeys'], twice.join(', '), 'in matchLabelKeys or in labelSelector'),
    ...keysOfSelector(constraint),
  ];
}

/** Keys of labels are added to a selector, which has to be there. */
function keysOfSelector({ labelSelector, matchLabelKeys, mismatchLabelKeys }: JsonObject): WholeFault[] {
  return faultIf(!isThere(labelSelector) && [matchLabelKeys, mismatchLabelKeys].some((keys) => asList(keys).length > 0), 'missing', ['labelSelector'], 'no labelSelector', 'labelSelector, with matchLabelKeys');
}

/** Labels that are none select nothing, and are refused. */
function labelsOfSelector({ matchLabels }: JsonObject): WholeFault[] {
  return Object.entries(asMap(matchLabels)).flatMap(([name, value]) => {
    const wrong = !isQualifiedName(name) && !isFilledIn(name) ? name
      : typeof value === 'string' && !isLabelValue(value) && !isFilledIn(value) ? value : undefined;
    return faultIf(wrong !== undefined, 'name', ['matchLabels', name], wrong ?? '', 'at most 63 letters, digits, -, _ and .');
  });
}

/** The files that several sources put into one volume. */
function projected({ sources }: JsonObject): WholeFault[] {
  const seen = new Set<string>();
  return asList(sources).flatMap((source, i) => ['secret', 'configMap', 'downwardAPI', 'serviceAccountToken'].flatMap((kind) => {
    const files = kind === 'serviceAccountToken' ? [get(source, kind)] : asList(get(source, kind, 'items'));
    return files.flatMap((file) => {
      const path = asText(get(file, 'path')) ?? '';
      const twice = path !== '' && seen.has(path);
      seen.add(path);
      return faultIf(twice && !isFilledIn(path), 'twice', ['sources', i], path, 'each path once');
    });
  }));
}

/** The fields of the pod that a file of downwardAPI may have; those of its status and its node are for variables only. */
const FIELDS_OF_FILES = /^metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['.+'\])$/;

function downwardFile(file: JsonObject): WholeFault[] {
  const [field, container] = [asText(get(file, 'fieldRef', 'fieldPath')), get(file, 'resourceFieldRef', 'containerName')];
  const resource = asText(get(file, 'resourceFieldRef', 'resource'));
  return [
    ...oneOf(['fieldRef', 'resourceFieldRef'])(file),
    ...faultIf(resource !== undefined && !isFilledIn(resource) && !RESOURCE_FIELDS.test(resource), 'word', ['resourceFieldRef', 'resource'], resource ?? '',
      'limits.cpu, limits.memory, requests.cpu, requests.memory'),
    ...faultIf(field !== undefined && !isFilledIn(field) && !FIELDS_OF_FILES.test(field), 'word', ['fieldRef', 'fieldPath'], field ?? '', 'metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations'),
    ...faultIf(isMap(file.resourceFieldRef) && !isGiven(container), 'missing', ['resourceFieldRef'], 'no containerName', 'containerName'),
  ];
}

function service(spec: JsonObject): WholeFault[] {
  const type = asText(spec.type) ?? 'ClusterIP';
  const headless = spec.clusterIP === 'None';
  return [
    ...faultIf(headless && (type === 'NodePort' || type === 'LoadBalancer'), 'one', [], `type: ${type}, clusterIP: None`, 'one of them'),
    ...faultIf(type === 'ExternalName' && (asText(spec.externalName) ?? '') === '', 'missing', [], 'no externalName', 'externalName'),
    ...faultIf(type === 'ExternalName' && (asText(spec.clusterIP) ?? '') !== '', 'one', [], `type: ExternalName, clusterIP: ${asText(spec.clusterIP)}`, 'ExternalName without a clusterIP'),
    ...faultIf(type === 'ClusterIP' && isThere(spec.externalTrafficPolicy) && spec.externalTrafficPolicy !== '' && asList(spec.externalIPs).length === 0, 'one', [],
      `type: ClusterIP, externalTrafficPolicy: ${asScalar(spec.externalTrafficPolicy)}`, 'externalTrafficPolicy with NodePort or LoadBalancer'),
    ...type === 'LoadBalancer' || type === 'ExternalName' ? [] : ['loadBalancerClass', 'loadBalancerSourceRanges', 'healthCheckNodePort']
      .filter((name) => isGiven(spec[name]) && spec[name] !== 0 && !(Array.isArray(spec[name]) && spec[name].length === 0))
      .flatMap((name) => faultIf(true, 'one', [name], `type: ${type}, ${name}`, `${name} with LoadBalancer`)),
    ...nodePorts(spec),
  ];
}

function nodePorts({ ports }: JsonObject): WholeFault[] {
  const seen = new Set<string>();
  return asList(ports).flatMap((entry, i) => {
    const nodePort = asNumber(get(entry, 'nodePort')) ?? 0;
    const own = `${nodePort} ${asScalar(get(entry, 'protocol')) ?? 'TCP'}`;
    const twice = nodePort !== 0 && seen.has(own);
    seen.add(own);
    return faultIf(twice, 'twice', ['ports', i, 'nodePort'], own, 'each port of the nodes once for each protocol');
  });
}

/** `//`, `..` and their like in a path that is compared piece by piece. */
function ingressPath({ path, pathType }: JsonObject): WholeFault[] {
  const written = asText(path);
  if (written === undefined || (pathType !== 'Prefix' && pathType !== 'Exact') || (written !== '' && isFilledIn(written.replaceAll('%2', '')))) return [];
  const wrong = written === '' ? 'no path' : /\/\/|\/\.\.?(\/|$)|%2f/i.exec(written)?.[0];
  return faultIf(wrong !== undefined, 'range', ['path'], written === '' ? 'no path' : written, written === '' ? '/' : `a path without ${wrong}`);
}

/** One source, and it is that of the type. */
function metric(spec: JsonObject): WholeFault[] {
  const type = asText(spec.type) ?? '';
  const source = type.charAt(0).toLowerCase() + type.slice(1);
  const sources = ['resource', 'containerResource', 'pods', 'object', 'external'];
  if (!sources.includes(source)) return [];
  const others = sources.filter((name) => name !== source && isThere(spec[name]));
  return [
    ...faultIf(!isThere(spec[source]), 'missing', [], `no ${source}`, source),
    ...faultIf(isThere(spec[source]) && others.length > 0, 'one', [], [source, ...others].join(', '), `${source} only`),
    ...metricTarget(spec[source], source),
  ];
}

/** What a target may have, by its source. That a resource has none is said elsewhere. */
const TARGETS: ReadonlyMap<string, readonly string[]> = new Map([
  ['resource', ['averageUtilization', 'averageValue']], ['containerResource', ['averageUtilization', 'averageValue']], ['pods', ['averageValue']],
  ['object', ['value', 'averageValue']], ['external', ['value', 'averageValue']],
]);

function metricTarget(source: unknown, name: string): WholeFault[] {
  const target = get(source, 'target');
  if (!isMap(target)) return [];
  const allowed = TARGETS.get(name)!;
  const found = allowed.filter((field) => isThere(target[field]));
  const path = [name, 'target'];
  return [
    ...faultIf(found.length === 0 && !name.toLowerCase().endsWith('resource'), 'missing', path, `no ${allowed[0]}`, allowed.join(', ')),
    // Of an object, the API server takes both.
    ...faultIf(found.length > 1 && name !== 'object', 'one', path, found.join(', '), 'one of them'),
  ];
}

function policyPort({ port: from, endPort }: JsonObject): WholeFault[] {
  const [first, last] = [asNumber(from), asNumber(endPort)];
  return last === undefined ? [] : [
    ...faultIf(first === undefined, 'missing', ['port'], 'no port', 'the number that the range begins with'),
    ...faultIf(first !== undefined && last < first, 'range', ['endPort'], `endPort: ${last}`, `${first} or more`),
  ];
}

function ipBlock({ cidr, except }: JsonObject): WholeFault[] {
  return asList(except).flatMap((part, i) => faultIf(isCidr(cidr) && !isPartOf(part, cidr) && !isFilledIn(asScalar(part) ?? ''), 'range', ['except', i], asScalar(part) ?? '', `a part of ${asScalar(cidr)}`));
}

function configMap({ json }: Resource): WholeFault[] {
  const [data, binary] = [asMap(json.data), asMap(json.binaryData)];
  const immutable = asText(json.immutable);
  return [
    ...Object.keys(binary).filter((name) => Object.hasOwn(data, name)).flatMap((name) => faultIf(true, 'twice', ['binaryData', name], name, 'in data or in binaryData')),
    ...Object.entries(binary).flatMap(([name, value]) => {
      const text = asText(value)?.replace(/[\r\n]/g, '');
      return faultIf(text !== undefined && !isFilledIn(text) && !isBase64(text), 'range', ['binaryData', name], name, 'base64, or data');
    }),
    ...faultIf(immutable !== undefined && !isFilledIn(immutable), 'range', ['immutable'], immutable ?? '', 'true or false without quotes'),
  ];
}

/** The keys that a Secret of a type must have. */
const KEYS_OF_TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']], ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']], ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
]);

function secret({ json, annotations }: Resource): WholeFault[] {
  const [type, keys] = [asText(json.type) ?? '', new Set([...Object.keys(asMap(json.data)), ...Object.keys(asMap(json.stringData))])];
  // One without content leaves that of a Secret that is there already.
  const condition = keys.size === 0 ? { unless: 'the Secret is there already, with its keys' } : {};
  const missing = (KEYS_OF_TYPES.get(type) ?? []).filter((name) => !keys.has(name));
  return [
    ...missing.map((name): WholeFault => ({ what: 'missing', path: ['data'], value: `no ${name}`, allowed: `${name} for ${type}`, ...condition })),
    ...faultIf(type === 'kubernetes.io/basic-auth' && !keys.has('username') && !keys.has('password'), 'missing', ['data'], 'no username', `username or password for ${type}`)
      .map((fault) => ({ ...fault, ...condition })),
    ...faultIf(type === 'kubernetes.io/service-account-token' && annotations['kubernetes.io/service-account.name'] === undefined, 'missing', ['metadata'], 'no annotation',
      'kubernetes.io/service-account.name'),
  ];
}

const wordIn = (json: JsonObject, path: Path, allowed: readonly string[]): WholeFault[] => {
  const value = asText(get(json, ...path));
  return faultIf(value !== undefined && !isFilledIn(value) && !allowed.includes(value), 'word', path, value ?? '', allowed.join(', '));
};

/** What a PersistentVolume may be. */
const VOLUMES = [
  'hostPath', 'nfs', 'csi', 'local', 'awsElasticBlockStore', 'gcePersistentDisk', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'fc', 'flexVolume', 'flocker', 'glusterfs', 'iscsi',
  'photonPersistentDisk', 'portworxVolume', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume',
];
const ACCESS_MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'];

/** A size that is none, or is 0 or less. */
function sizeOf(size: unknown, path: Path): WholeFault[] {
  const text = asScalar(size) ?? '';
  return faultIf(text !== '' && !isFilledIn(text) && /^[-+]?[\d.]/.test(text) && !((quantity(size) ?? 0) > 0), 'range', path, text, 'above 0, such as 10Gi');
}

function persistentVolume({ json }: Resource): WholeFault[] {
  const sources = VOLUMES.filter((name) => isThere(get(json, 'spec', name)));
  return [
    ...sizeOf(get(json, 'spec', 'capacity', 'storage'), ['spec', 'capacity', 'storage']),
    ...asList(get(json, 'spec', 'accessModes')).flatMap((_mode, i) => wordIn(json, ['spec', 'accessModes', i], ACCESS_MODES)),
    ...wordIn(json, ['spec', 'volumeMode'], ['Filesystem', 'Block']),
    ...faultIf(sources.length === 0, 'missing', ['spec'], 'no volume', 'hostPath, nfs, csi'),
    ...faultIf(sources.length > 1, 'one', ['spec'], sources.join(', '), 'one of them'),
    ...faultIf(!isThere(get(json, 'spec', 'capacity', 'storage')), 'missing', ['spec'], 'no capacity', 'capacity.storage'),
    ...faultIf(asList(get(json, 'spec', 'accessModes')).length === 0, 'missing', ['spec'], 'no accessModes', 'accessModes'),
    ...faultIf(isThere(get(json, 'spec', 'local')) && !isThere(get(json, 'spec', 'nodeAffinity')), 'missing', ['spec'], 'no nodeAffinity', 'nodeAffinity for a local volume'),
    ...wordIn(json, ['spec', 'persistentVolumeReclaimPolicy'], ['Retain', 'Delete', 'Recycle']),
  ];
}

/** The same of objects that the schema does not have. */
export const OBJECTS: ReadonlyMap<string, (resource: Resource) => WholeFault[]> = new Map([
  ['v1/ConfigMap', configMap], ['v1/Secret', secret], ['v1/PersistentVolume', persistentVolume],
  ['storage.k8s.io/v1/StorageClass', ({ json }: Resource) => [
    ...faultIf(!isGiven(json.provisioner), 'missing', [], 'no provisioner', 'provisioner'),
    ...wordIn(json, ['volumeBindingMode'], ['Immediate', 'WaitForFirstConsumer']), ...wordIn(json, ['reclaimPolicy'], ['Retain', 'Delete']),
  ]],
]);

/** What is more than its fields can say of an object of a type. */
export const WHOLES: ReadonlyMap<string, Whole> = new Map<string, Whole>([
  ['PodSpec', pod], ['EnvVarSource', variableSource], ['EnvFromSource', oneOf(['secretRef', 'configMapRef'])], ['ResourceRequirements', containerResources],
  ['SecurityContext', securityContext], ['SeccompProfile', localProfile], ['AppArmorProfile', localProfile], ['Toleration', toleration], ['TopologySpreadConstraint', spread],
  ['LabelSelectorRequirement', requirement], ['NodeSelectorRequirement', requirement],
  ['VolumeMount', ({ subPath, subPathExpr, recursiveReadOnly, readOnly }) => [
    ...faultIf(isGiven(subPath) && isGiven(subPathExpr), 'one', [], 'subPath, subPathExpr', 'one of them'),
    ...faultIf(/^(Enabled|IfPossible)$/.test(asScalar(recursiveReadOnly) ?? '') && readOnly !== true, 'one', [], `recursiveReadOnly: ${asScalar(recursiveReadOnly)}`, 'readOnly: true with it'),
  ]],
  ['LabelSelector', labelsOfSelector], ['PodAffinityTerm', keysOfSelector], ['DownwardAPIVolumeFile', downwardFile],
  ['VolumeProjection', (source) => several(source, 'configMap', 'secret', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle')],
  ['Container', (container) => [
    ...faultIf(isThere(get(container, 'readinessProbe', 'terminationGracePeriodSeconds')), 'one', ['readinessProbe', 'terminationGracePeriodSeconds'],
      'terminationGracePeriodSeconds', 'livenessProbe or startupProbe with it'),
    ...mounts(container),
  ]],
  ['ResourceFieldSelector', divisor], ['ProjectedVolumeSource', projected],
  ['DeploymentSpec', ({ template }) => faultIf(isThere(get(template, 'spec', 'activeDeadlineSeconds')), 'one', ['template', 'spec', 'activeDeadlineSeconds'],
    'activeDeadlineSeconds in a Deployment', 'a Job with it')],
  // Without both of them there is one of each.
  ['JobSpec', ({ completionMode, completions, parallelism, selector, manualSelector, podFailurePolicy, template }) => [
    ...faultIf(completionMode === 'Indexed' && !isThere(completions) && isThere(parallelism), 'missing', [], 'no completions', 'completions for Indexed'),
    // What a cluster returns has those that the controller has made.
    ...faultIf(isMap(get(selector, 'matchLabels')) && manualSelector !== true && !/controller-uid/.test(Object.keys(asMap(get(selector, 'matchLabels'))).join()), 'one', ['selector'],
      'selector of a Job', 'no selector'),
    ...faultIf(isThere(podFailurePolicy) && get(template, 'spec', 'restartPolicy') === 'OnFailure', 'one', [], 'podFailurePolicy, restartPolicy: OnFailure', 'restartPolicy: Never'),
  ]],
  // In a CronJob nothing takes their place.
  ['JobTemplateSpec', ({ spec }) => faultIf(get(spec, 'completionMode') === 'Indexed' && !isThere(get(spec, 'completions')) && !isThere(get(spec, 'parallelism')), 'missing', ['spec'],
    'no completions', 'completions for Indexed')],
  ['ServiceSpec', service], ['HTTPIngressPath', ingressPath], ['MetricSpec', metric], ['NetworkPolicyPort', policyPort], ['IPBlock', ipBlock],
  ['IngressBackend', oneOf(['service', 'resource'])],
  ['IngressSpec', (spec) => faultIf(asList(spec.rules).length === 0 && !isThere(spec.defaultBackend), 'missing', [], 'no rules', 'rules, or defaultBackend')],
  ['NetworkPolicyPeer', (peer) => faultIf(!['podSelector', 'namespaceSelector', 'ipBlock'].some((name) => isThere(peer[name])), 'missing', [], 'no selector', 'podSelector, namespaceSelector or ipBlock')],
  ['PersistentVolumeClaimSpec', ({ accessModes, resources }) => [
    ...faultIf(asList(accessModes).length > 1 && asList(accessModes).includes('ReadWriteOncePod'), 'one', ['accessModes'], asList(accessModes).join(', '), 'ReadWriteOncePod only'),
    ...faultIf((quantity(get(resources, 'requests', 'storage')) ?? 1) <= 0, 'range', ['resources', 'requests', 'storage'], asScalar(get(resources, 'requests', 'storage')) ?? '', 'above 0'),
    ...faultIf(isMap(get(resources, 'requests')) && !isThere(get(resources, 'requests', 'storage')), 'missing', ['resources', 'requests'], 'no storage', 'storage'),
  ]],
]);
