import { isExtended } from '../../celery/devices';
import { quantity } from '../../celery/quantity';
import { isCidr, isPartOf } from '../../manifests/cidr';
import type * as k8s from './api/types';
import { DNS_LABEL, DNS_SUBDOMAIN, isLabelValue, isQualifiedName } from '../../manifests/names';
import { LONGEST_ARGUMENT } from '../command';
import { likeName } from '../validation/checks';
import { Described, Problem } from '../validation/problems';

// What the API server checks beyond types (pkg/apis/core/validation of Kubernetes 1.33), as tables: a form for each field, and a check for each
// type. The paths of fields are those of the schema: `EnvVar.name`.

/** A form of strings or numbers. */
interface Form {
  readonly accepts: (value: unknown) => boolean;
  readonly wrong: string;
  readonly fix: string;
}

const matches = (pattern: RegExp, longest: number) => (value: unknown): boolean =>
  typeof value === 'string' && value.length <= longest && pattern.test(value);

const between = (least: number, most: number): Form => ({
  accepts: (value) => typeof value === 'number' && value >= least && value <= most,
  wrong: 'is out of range', fix: `give a number from ${least} to ${most}`,
});

const LABEL = DNS_LABEL.of;
const SUBDOMAIN = DNS_SUBDOMAIN.of;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

function isAddress(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 45) return false;
  if (IPV4.test(value)) return true;
  if (!value.includes(':') || /[^0-9a-fA-F:.]/.test(value)) return false;
  try {
    return new URL(`http://[${value}]/`).hostname !== '';
  } catch {
    return false;
  }
}

const NAME: Form = {
  accepts: matches(SUBDOMAIN, DNS_SUBDOMAIN.longest), wrong: 'is not a name that Kubernetes accepts',
  fix: 'use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
};
const PART: Form = {
  accepts: matches(LABEL, DNS_LABEL.longest), wrong: 'is not a name that Kubernetes accepts',
  fix: 'use at most 63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
};
const KEY: Form = {
  accepts: (value) => matches(/^[-._a-zA-Z0-9]+$/, 253)(value) && value !== '.' && value !== '..',
  wrong: 'is not a key of a Secret or ConfigMap', fix: 'use letters, digits, "-", "_" and "."',
};
const ENV_NAME: Form = {
  accepts: (value) => matches(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, 1024)(value) && value !== '.' && value !== '..',
  wrong: 'is not a name of an environment variable', fix: 'use letters, digits, "_", "-" and ".", not beginning with a digit',
};
const LABEL_KEY: Form = {
  accepts: isQualifiedName, wrong: 'is not a label key that Kubernetes accepts',
  fix: 'use "name" or "dns.prefix/name", with at most 63 letters, digits, "-", "_" and "." in the name',
};
const MOUNT_PATH: Form = {
  accepts: (value) => typeof value === 'string' && /^\/[^:\0]*$/.test(value) && !/^[/.]+$/.test(value), wrong: 'is not an absolute path of a folder, without ":"', fix: 'give e.g. /var/lib/app',
};
/** Also for files in a volume. */
const INSIDE: Form = {
  accepts: (value) => typeof value === 'string' && !value.startsWith('/') && !value.split('/').includes('..'),
  wrong: 'leads out of the volume', fix: 'give a relative path without ".."',
};
const FILE: Form = { ...INSIDE, accepts: (value) => value !== '' && INSIDE.accepts(value) };
const PORT = between(1, 65535);
const PORT_NAME: Form = {
  accepts: (value) => matches(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 15)(value) && typeof value === 'string' && /[a-z]/.test(value) && !value.includes('--'),
  wrong: 'is not a name of a port', fix: 'use at most 15 lower-case letters, digits and "-", with a letter',
};
const PORT_OR_NAME: Form = {
  accepts: (value) => typeof value === 'number' ? PORT.accepts(value) : PORT_NAME.accepts(value),
  wrong: 'is neither a port nor a name of one', fix: 'give a number from 1 to 65535, or the name of a port of the container',
};
const MODE = between(0, 0o777);
const ID = between(0, 2 ** 31 - 1);
const NATURAL = between(0, 2 ** 31 - 1);
const POSITIVE = between(1, 2 ** 31 - 1);
const ADDRESS: Form = { accepts: isAddress, wrong: 'is not an IP address', fix: 'give e.g. 10.0.0.10' };
/** Nothing is more than 2^63-1, and what is 0 is said by leaving it out. */
const AMOUNT: Form = {
  accepts: (value) => {
    const amount = quantity(value);
    return amount !== undefined && amount >= 0 && amount < 2 ** 63;
  },
  wrong: 'is not a quantity from 0 to 2^63', fix: 'give e.g. \'500m\' or \'1Gi\'',
};
/** What begins with `requests.` is a name of quotas. */
const RESOURCE_NAME: Form = {
  accepts: (value) => isQualifiedName(value) && !String(value).startsWith('requests.')
    && (/^(cpu|memory|ephemeral-storage)$|^hugepages-/.test(String(value)) || String(value).includes('/')),
  wrong: 'is not a resource', fix: 'give cpu, memory, ephemeral-storage, hugepages-<size>, or an extended resource such as nvidia.com/gpu',
};

const one = (...values: string[]): Form => ({ accepts: (value) => values.includes(value as string), wrong: 'is not allowed', fix: `give one of ${values.join(', ')}` });

const IQN: Form = { accepts: matches(/^(iqn\.\d{4}-\d{2}\.[-a-z0-9.]+(:.*)?|eui\.[0-9A-Fa-f]{16}|naa\.([0-9A-Fa-f]{16}|[0-9A-Fa-f]{32}))$/, 223), wrong: 'is not a name of iSCSI', fix: 'give e.g. iqn.2001-04.com.example:storage.disk1' };
const CIDR: Form = { accepts: isCidr, wrong: 'is not a network', fix: 'give an address and a length, e.g. 10.20.0.0/16' };
const ABSOLUTE: Form = { accepts: (value) => String(value).startsWith('/') && !String(value).split('/').includes('..'), wrong: 'is not an absolute path', fix: 'give e.g. /exports/data' };
const SOMETHING: Form = { accepts: (value) => value !== '', wrong: 'is empty', fix: 'give its value' };

const FORMS: Readonly<Record<string, Form>> = {
  'ConfigMapEnvSource.name': NAME, 'ConfigMapKeySelector.name': NAME, 'ConfigMapKeySelector.key': KEY, 'ConfigMapProjection.name': NAME,
  'ConfigMapVolumeSource.defaultMode': MODE, 'ConfigMapVolumeSource.name': NAME,
  'Container.name': PART, 'Container.restartPolicy': one('Always'),
  'ContainerPort.containerPort': PORT, 'ContainerPort.hostIP': ADDRESS, 'ContainerPort.hostPort': PORT, 'ContainerPort.name': PORT_NAME,
  'ContainerResizePolicy.resourceName': one('cpu', 'memory'), 'ContainerResizePolicy.restartPolicy': one('NotRequired', 'RestartContainer'),
  'DownwardAPIVolumeFile.mode': MODE, 'DownwardAPIVolumeFile.path': FILE, 'DownwardAPIVolumeSource.defaultMode': MODE,
  'EmptyDirVolumeSource.medium': { ...one('Memory', 'HugePages', 'HugePages-2Mi'), accepts: (value) => value === '' || value === 'Memory' || /^HugePages(-\d+[KMG]i)?$/.test(String(value)) },
  'EmptyDirVolumeSource.sizeLimit': AMOUNT,
  'EnvVar.name': ENV_NAME,
  'EnvFromSource.prefix': {
    accepts: (value) => value === '' || matches(/^[ -<>-~]+$/, 1024)(value), wrong: 'is not the beginning of a name of an environment variable',
    fix: 'use letters, digits, "_", "-" and "."',
  },
  'GRPCAction.port': PORT, 'HTTPGetAction.port': PORT_OR_NAME, 'HTTPHeader.name': {
    accepts: matches(/^[-A-Za-z0-9]+$/, 1024), wrong: 'is not a name of an HTTP header', fix: 'use letters, digits and "-"',
  },
  'HostPathVolumeSource.path': {
    accepts: (value) => typeof value === 'string' && !value.split('/').includes('..'), wrong: 'has ".." in it, which Kubernetes does not accept', fix: 'give the path without it',
  },
  'HostAlias.hostnames': NAME, 'HostAlias.ip': ADDRESS,
  'IPBlock.cidr': CIDR, 'IPBlock.except': CIDR,
  'NetworkPolicyPort.port': PORT_OR_NAME, 'NetworkPolicyPort.endPort': PORT, 'NetworkPolicyPort.protocol': one('TCP', 'UDP', 'SCTP'),
  'KeyToPath.key': KEY, 'KeyToPath.mode': MODE, 'KeyToPath.path': FILE,
  'LabelSelectorRequirement.key': LABEL_KEY, 'LabelSelectorRequirement.operator': one('DoesNotExist', 'Exists', 'In', 'NotIn'),
  'LocalObjectReference.name': NAME,
  'NodeSelectorRequirement.key': LABEL_KEY,
  'ObjectFieldSelector.apiVersion': one('v1'),
  'PersistentVolumeClaimVolumeSource.claimName': NAME,
  'PodAffinityTerm.topologyKey': LABEL_KEY,
  'PodDNSConfig.nameservers': ADDRESS, 'PodDNSConfig.searches': { ...NAME, accepts: (value) => value === '.' || matches(SUBDOMAIN, 2048)(String(value).replace(/\.$/, '').replace(/_/g, 'x')) },
  'PodDNSConfigOption.name': { accepts: (value) => value !== '', wrong: 'is empty', fix: 'give e.g. ndots' },
  'PodAffinityTerm.matchLabelKeys': LABEL_KEY, 'PodAffinityTerm.mismatchLabelKeys': LABEL_KEY, 'TopologySpreadConstraint.matchLabelKeys': LABEL_KEY,
  'PodSecurityContext.seLinuxChangePolicy': one('MountOption', 'Recursive'),
  'SecurityContext.procMount': { ...one('Default'), fix: 'leave it out: Unmasked needs a user namespace (hostUsers: false)' },
  'PodAffinityTerm.namespaces': PART,
  'PodSecurityContext.fsGroup': ID, 'PodSecurityContext.runAsGroup': ID, 'PodSecurityContext.runAsUser': ID, 'PodSecurityContext.supplementalGroups': ID,
  'PreferredSchedulingTerm.weight': between(1, 100), 'WeightedPodAffinityTerm.weight': between(1, 100),
  'Probe.failureThreshold': POSITIVE, 'Probe.initialDelaySeconds': NATURAL, 'Probe.periodSeconds': POSITIVE, 'Probe.successThreshold': POSITIVE,
  'Probe.terminationGracePeriodSeconds': POSITIVE, 'Probe.timeoutSeconds': POSITIVE,
  'ProjectedVolumeSource.defaultMode': MODE,
  'ResourceClaim.name': PART,
  'ResourceRequirements.limits': AMOUNT, 'ResourceRequirements.requests': AMOUNT,
  'SecretEnvSource.name': NAME, 'SecretKeySelector.name': NAME, 'SecretKeySelector.key': KEY, 'SecretProjection.name': NAME,
  'SecretVolumeSource.defaultMode': MODE, 'SecretVolumeSource.secretName': NAME,
  'SecurityContext.runAsGroup': ID, 'SecurityContext.runAsUser': ID,
  'ServiceAccountTokenProjection.expirationSeconds': between(600, 2 ** 32), 'ServiceAccountTokenProjection.path': FILE,
  'SleepAction.seconds': NATURAL, 'TCPSocketAction.port': PORT_OR_NAME,
  'Toleration.key': { ...LABEL_KEY, accepts: (value) => value === '' || isQualifiedName(value) },
  'Toleration.value': { accepts: isLabelValue, wrong: 'is not a label value', fix: 'use at most 63 letters, digits, "-", "_" and "."' },
  'TopologySpreadConstraint.maxSkew': POSITIVE, 'TopologySpreadConstraint.minDomains': POSITIVE, 'TopologySpreadConstraint.topologyKey': LABEL_KEY,
  'AWSElasticBlockStoreVolumeSource.partition': between(0, 255), 'GCEPersistentDiskVolumeSource.partition': between(0, 255),
  'AzureDiskVolumeSource.diskURI': { accepts: (value) => /^(https:\/\/|\/subscriptions\/)/.test(String(value)), wrong: 'is not the URI of a disk of Azure', fix: 'give https://... or /subscriptions/...' },
  'CSIVolumeSource.driver': { ...NAME, accepts: (value) => matches(SUBDOMAIN, 63)(String(value).toLowerCase()) },
  'FCVolumeSource.lun': between(0, 255), 'ISCSIVolumeSource.lun': between(0, 255), 'ISCSIVolumeSource.iqn': IQN, 'ISCSIVolumeSource.initiatorName': IQN,
  'NFSVolumeSource.path': ABSOLUTE, 'NFSVolumeSource.server': SOMETHING, 'VolumeMount.recursiveReadOnly': one('Disabled', 'Enabled', 'IfPossible'),
  'VolumeResourceRequirements.limits': AMOUNT, 'VolumeResourceRequirements.requests': AMOUNT, 'PersistentVolumeClaimSpec.storageClassName': NAME,
  'Volume.name': PART, 'VolumeMount.mountPath': MOUNT_PATH, 'VolumeMount.subPath': INSIDE, 'VolumeMount.subPathExpr': INSIDE,
  'Sysctl.name': { accepts: matches(/^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/, 253), wrong: 'is not a sysctl', fix: 'give e.g. net.core.somaxconn' },
};

/** Ports of the node that more than one port asks for. */
function sameHostPorts(ports: readonly Fields[]): unknown[] {
  const taken = new Set<string>();
  return ports.filter((port) => port?.hostPort !== undefined && port.hostPort !== 0).filter(({ hostPort, protocol = 'TCP', hostIP = '' }) => {
    const key = `${String(hostIP)} ${String(protocol)} ${String(hostPort)}`;
    return taken.has(key) || !taken.add(key);
  }).map(({ hostPort }) => hostPort);
}

const SAME_HOST_PORT = ['has a hostPort twice', 'give each port of a pod a hostPort of its own, or none'] as const;

/** What is wrong with the ports of the node that the containers of a pod ask for: each is right on its own. */
export function checkHostPorts(prop: string, containers: readonly k8s.Container[]): Problem[] {
  const ports = containers.flatMap((container) => [...new Map((container.ports ?? []).map((port) => [JSON.stringify(port), port])).values()]);
  return sameHostPorts(ports as unknown as Fields[]).map((port) => needs(prop, ...SAME_HOST_PORT, port));
}

/** Mounts that reach the node again need a container that may do all. */
export function unprivilegedMounts(prop: string, mounts: unknown, securityContext: unknown): Problem[] {
  if ((securityContext as Fields | undefined)?.privileged === true) return [];
  return (mounts as Fields[] | undefined ?? []).flatMap((mount, i) => mount?.mountPropagation !== 'Bidirectional' ? []
    : [needs(`${prop}[${i}].mountPropagation`, 'is for privileged containers', 'give HostToContainer, or privileged: true in the securityContext of the container', 'Bidirectional')]);
}

/** What is wrong with the value of a field, or with an item of its list. */
export function checkField(prop: string, field: string, value: unknown): Problem[] {
  const form = Object.hasOwn(FORMS, field) ? FORMS[field] : undefined;
  return form === undefined || form.accepts(value) ? [] : [{ prop, value: SHOWN[field]?.(value) ?? value, wrong: form.wrong, fix: form.fix }];
}

/** Names in whose place the secret itself may be given, or that it follows: `PASSWORD=hunter2`. */
const SHOWN: Readonly<Record<string, ((value: unknown) => unknown) | undefined>> = {
  'EnvVar.name': beforeValue, 'HTTPHeader.name': beforeValue,
  'LocalObjectReference.name': likeName, 'SecretEnvSource.name': likeName, 'SecretKeySelector.name': likeName, 'SecretKeySelector.key': likeName,
  'SecretProjection.name': likeName, 'SecretVolumeSource.secretName': likeName,
};

function beforeValue(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^([^=:]+[=:]).+$/s, '$1***') : value;
}

type Fields = Readonly<Record<string, unknown>>;

/** What an object does not have, in the place of a value. */
export class Absent extends Described {}
type Check = (prop: string, value: Fields) => Problem[];

/** Exactly one of some fields is given. */
const oneOf = (what: string, ...names: string[]): Check => (prop, value) => {
  const given = Object.keys(value).filter((name) => names.length === 0 ? name !== 'name' : names.includes(name));
  return given.length === 1 ? [] : [{
    prop, value: given.length === 0 ? undefined : given.join(', '), wrong: given.length === 0 ? `has no ${what}` : `has more than one ${what}`,
    fix: `give exactly one${names.length === 0 ? '' : ` of ${names.join(', ')}`}`,
  }];
};

const needs = (prop: string, wrong: string, fix: string, value?: unknown): Problem => ({ prop, value, wrong, fix });

/** What a field of a pod is named by, where it is read. */
function fieldPath(prop: string, ref: unknown, allowed: RegExp, example: string): Problem[] {
  const path = (ref as Fields | undefined)?.fieldPath;
  if (path === undefined) return [];
  const key = /\['(.*)'\]$/.exec(String(path))?.[1];
  // As annotations are compared.
  if (key !== undefined && !isQualifiedName(key.toLowerCase())) return [needs(`${prop}.fieldPath`, LABEL_KEY.wrong.replace('a label key', 'a key of labels or annotations'), LABEL_KEY.fix, path)];
  return allowed.test(String(path)) ? [] : [needs(`${prop}.fieldPath`, 'is not a field that a pod can read of itself here', `give e.g. metadata.name or ${example}`, path)];
}

/** Kinds of volumes whose drivers are no longer in Kubernetes: a pod with one never starts. */
const GONE = ['cephfs', 'flocker', 'gitRepo', 'glusterfs', 'photonPersistentDisk', 'quobyte', 'rbd', 'scaleIO', 'storageos'];

const HANDLERS = ['exec', 'grpc', 'httpGet', 'tcpSocket'];

const CHECKS: Readonly<Record<string, Check>> = {
  'EnvVar': (prop, { name, value, valueFrom }) => [
    ...value !== undefined && value !== '' && valueFrom !== undefined ? [needs(prop, 'has both value and valueFrom', 'give one of them', name)] : [],
    ...String(value ?? '').includes('\0') ? [needs(`${prop}.value`, 'has a NUL character, which no environment variable can have', 'remove it', name)] : [],
    ...Buffer.byteLength(`${String(name)}=${String(value ?? '')}`) > LONGEST_ARGUMENT
      ? [needs(`${prop}.value`, `is longer than ${LONGEST_ARGUMENT} bytes with its name, with which Linux starts no program`, 'mount it as a file', name)] : [],
  ],
  'EnvVarSource': (prop, value) => [
    ...oneOf('source')(prop, value),
    ...fieldPath(`${prop}.fieldRef`, value.fieldRef, /^(metadata\.(name|namespace|uid|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?))$/, 'status.podIP'),
  ],
  'DownwardAPIVolumeFile': (prop, value) => [
    ...oneOf('source', 'fieldRef', 'resourceFieldRef')(prop, value),
    ...fieldPath(`${prop}.fieldRef`, value.fieldRef, /^metadata\.(name|namespace|uid|(labels|annotations)(\['[^']+'\])?)$/, 'metadata.labels'),
    ...value.resourceFieldRef !== undefined && (value.resourceFieldRef as Fields).containerName === undefined
      ? [needs(`${prop}.resourceFieldRef.containerName`, 'is missing, and a volume belongs to no container', 'give the name of a container')] : [],
  ],
  'EnvFromSource': oneOf('source', 'configMapRef', 'secretRef'),
  'ConfigMapEnvSource': named, 'ConfigMapKeySelector': named, 'SecretEnvSource': named, 'SecretKeySelector': named, 'LocalObjectReference': named,
  'ConfigMapVolumeSource': named, 'ConfigMapProjection': named, 'SecretProjection': named,
  'SecretVolumeSource': (prop, { secretName }) => secretName === undefined ? [needs(`${prop}.secretName`, 'is missing', 'give the name of the Secret')] : [],
  'Volume': (prop, value) => [
    ...Object.keys(value).length <= 1 ? [] : oneOf('source')(prop, value),
    ...GONE.filter((source) => value[source] !== undefined).map((source) => needs(`${prop}.${source}`, 'is a kind of volume that Kubernetes no longer has', 'use a PersistentVolumeClaim, or csi', new Described('a map'))),
  ],
  'FCVolumeSource': (prop, value) => [
    ...oneOf('list of names', 'targetWWNs', 'wwids')(prop, Object.fromEntries(Object.entries(value).filter(([, list]) => !Array.isArray(list) || list.length > 0))),
    ...(value.targetWWNs as unknown[] | undefined ?? []).length > 0 && value.lun === undefined ? [needs(`${prop}.lun`, 'is missing', 'give the number of the LUN, from 0 to 255')] : [],
  ],
  'ISCSIVolumeSource': (prop, value) => (value.chapAuthDiscovery === true || value.chapAuthSession === true) && value.secretRef === undefined
    ? [needs(`${prop}.secretRef`, 'is missing, and CHAP needs credentials', 'give the Secret with them')] : [],
  'VolumeProjection': oneOf('source'),
  'LifecycleHandler': oneOf('handler', 'exec', 'httpGet', 'sleep', 'tcpSocket'),
  'Probe': oneOf('handler', ...HANDLERS),
  'ExecAction': (prop, { command }) => Array.isArray(command) && command.length > 0 ? [] : [needs(`${prop}.command`, 'is missing', 'give the command as a list')],
  'VolumeMount': (prop, value) => [
    ...value.subPath !== undefined && value.subPathExpr !== undefined ? [needs(prop, 'has both subPath and subPathExpr', 'give one of them')] : [],
    ...(value.recursiveReadOnly === 'Enabled' || value.recursiveReadOnly === 'IfPossible') && (value.readOnly !== true || ![undefined, 'None'].includes(value.mountPropagation as string))
      ? [needs(`${prop}.recursiveReadOnly`, 'needs readOnly: true and no mount propagation', 'give both, or leave it out', value.recursiveReadOnly)] : [],
  ],
  'Toleration': (prop, { key, operator, value, effect, tolerationSeconds }) => [
    ...(key === undefined || key === '') && operator !== 'Exists' ? [needs(`${prop}.operator`, 'must be Exists where no key is given', 'give the key, or operator: \'Exists\'', operator)] : [],
    ...operator === 'Exists' && value !== undefined && value !== '' ? [needs(`${prop}.value`, 'cannot be given with operator Exists', 'leave it out, or give operator: \'Equal\'', value)] : [],
    ...tolerationSeconds !== undefined && effect !== 'NoExecute' ? [needs(`${prop}.effect`, 'must be NoExecute where tolerationSeconds is given', 'give effect: \'NoExecute\'', effect)] : [],
  ],
  'SecurityContext': (prop, { privileged, allowPrivilegeEscalation, capabilities }) => [
    ...privileged === true && allowPrivilegeEscalation === false
      ? [needs(`${prop}.privileged`, 'cannot be true together with allowPrivilegeEscalation: false', 'also give allowPrivilegeEscalation: true', true)] : [],
    ...allowPrivilegeEscalation === false && ((capabilities as Fields | undefined)?.add as unknown[] | undefined ?? []).some((name) => name === 'CAP_SYS_ADMIN')
      ? [needs(`${prop}.capabilities.add`, 'cannot have CAP_SYS_ADMIN together with allowPrivilegeEscalation: false', 'leave it out', 'CAP_SYS_ADMIN')] : [],
  ],
  'SeccompProfile': localhost, 'AppArmorProfile': localhost,
  'NodeSelector': (prop, { nodeSelectorTerms }) => Array.isArray(nodeSelectorTerms) && nodeSelectorTerms.length === 0
    ? [needs(`${prop}.nodeSelectorTerms`, 'is empty', 'give at least one term', [])] : [],
  'NodeSelectorRequirement': (prop, { operator, values, key }) => requirement(prop, operator, values, key),
  'LabelSelectorRequirement': (prop, { operator, values, key }) => requirement(prop, operator, values, key),
  'LabelSelector': (prop, { matchLabels }) => checkLabels(`${prop}.matchLabels`, matchLabels as Record<string, unknown> | undefined),
  'ResourceRequirements': (prop, value) => checkResources(prop, value),
  'DeploymentStrategy': (prop, { type, rollingUpdate }) => type === 'Recreate' && rollingUpdate !== undefined
    ? [needs(`${prop}.rollingUpdate`, 'cannot be given with type Recreate', 'leave it out, or give type: \'RollingUpdate\'', rollingUpdate)] : [],
  'RollingUpdateDeployment': (prop, { maxSurge, maxUnavailable }) => [
    ...share(`${prop}.maxSurge`, maxSurge), ...share(`${prop}.maxUnavailable`, maxUnavailable),
    ...isZero(maxSurge) && isZero(maxUnavailable) ? [needs(prop, 'has maxSurge and maxUnavailable 0, so no pod can ever be replaced', 'raise one of them', { maxSurge, maxUnavailable })] : [],
    ...typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100 ? [needs(`${prop}.maxUnavailable`, 'is more than 100%', 'give at most 100%', maxUnavailable)] : [],
  ],
  'FlexVolumeSource': (prop, { options }) => Object.keys((options ?? {}) as Fields).filter((name) => /(^|\.)(kubernetes|k8s)\.io$/i.test(name.split('/', 1)[0]))
    .map((name) => needs(`${prop}.options['${name}']`, 'has a prefix that Kubernetes keeps for itself', 'use another prefix')),
  'EphemeralVolumeSource': (prop, { volumeClaimTemplate }) => volumeClaimTemplate === undefined
    ? [needs(`${prop}.volumeClaimTemplate`, 'is missing', 'give the claim\'s spec')] : [],
  'PersistentVolumeClaimTemplate': (prop, { metadata }) => Object.keys((metadata ?? {}) as Fields).filter((name) => name !== 'labels' && name !== 'annotations')
    .map((name) => needs(`${prop}.metadata.${name}`, 'cannot be set for a claim that belongs to a pod', 'leave it out; labels and annotations are allowed')),
  'ObjectMeta': (prop, { labels, annotations }) => [
    ...checkLabels(`${prop}.labels`, labels as Record<string, unknown> | undefined), ...checkAnnotations(`${prop}.annotations`, (annotations ?? {}) as Record<string, string>),
  ],
  'PersistentVolumeClaimSpec': (prop, { accessModes, resources }) => {
    const modes = (accessModes ?? []) as unknown[];
    const storage = ((resources as Fields | undefined)?.requests as Fields | undefined)?.storage;
    return [
      ...modes.length === 0 ? [needs(`${prop}.accessModes`, 'is missing', 'give e.g. [\'ReadWriteOnce\']')] : [],
      ...modes.includes('ReadWriteOncePod') && modes.length > 1 ? [needs(`${prop}.accessModes`, 'has ReadWriteOncePod, which goes with no other mode', 'give only that one', modes)] : [],
      ...storage === undefined || quantity(storage) === 0 ? [needs(`${prop}.resources.requests.storage`, 'is missing', 'give e.g. \'1Gi\'', storage)] : [],
    ];
  },
  'VolumeResourceRequirements': (prop, { limits, requests }) => [['limits', limits], ['requests', requests]].flatMap(([part, amounts]) =>
    Object.keys((amounts ?? {}) as Fields).filter((name) => name !== 'storage').map((name) => needs(`${prop}.${part as string}['${name}']`, 'is not a resource of a claim', 'give storage'))),
  'ResourceFieldSelector': (prop, { resource, divisor }) => {
    if (!/^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-\w+)$/.test(String(resource))) {
      return [needs(`${prop}.resource`, 'is not a resource of a container', 'give e.g. limits.memory', resource)];
    }
    const allowed = String(resource).endsWith('.cpu') ? ['1', '1m', '0'] : ['0', '1', ...['k', 'M', 'G', 'T', 'P', 'E'].map((unit) => `1${unit}`), ...['K', 'M', 'G', 'T', 'P', 'E'].map((unit) => `1${unit}i`)];
    return divisor === undefined || allowed.includes(String(divisor)) ? [] : [needs(`${prop}.divisor`, `is not a divisor of ${String(resource)}`, `give one of ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`, divisor)];
  },
  'HTTPGetAction': (prop, { path }) => path === undefined || String(path).startsWith('/') ? [] : [needs(`${prop}.path`, 'does not begin with "/"', 'give e.g. /healthz', path)],
  'TopologySpreadConstraint': (prop, value) => [
    ...value.minDomains !== undefined && value.whenUnsatisfiable !== 'DoNotSchedule'
      ? [needs(`${prop}.minDomains`, 'needs whenUnsatisfiable: \'DoNotSchedule\'', 'leave it out', value.minDomains)] : [],
    ...labelKeys(prop, value, 'matchLabelKeys'),
  ],

  'Container': (prop, value) => [
    ...value.image === undefined || value.image === '' ? [needs(`${prop}.image`, 'is missing', 'give the image of the container')] : [],
    ...(value.readinessProbe as Fields | undefined)?.terminationGracePeriodSeconds === undefined ? []
      : [needs(`${prop}.readinessProbe.terminationGracePeriodSeconds`, 'is for liveness and startup probes only', 'leave it out')],
    ...CHECKED_ONCE.flatMap((probe) => {
      const { successThreshold } = (value[probe] ?? {}) as Fields;
      return successThreshold === undefined || successThreshold === 1 ? [] : [needs(`${prop}.${probe}.successThreshold`, 'must be 1', 'leave it out', successThreshold)];
    }),
    ...unprivilegedMounts(`${prop}.volumeMounts`, value.volumeMounts, value.securityContext),
  ],
  'PodDNSConfig': (prop, { nameservers = [], searches = [] }) => [
    ...(nameservers as string[]).length > 3 ? [needs(`${prop}.nameservers`, 'are more than the 3 that Linux asks', 'give at most 3', (nameservers as string[]).length)] : [],
    ...(searches as string[]).length > 32 ? [needs(`${prop}.searches`, 'are more than 32', 'give at most 32', (searches as string[]).length)] : [],
    ...(searches as string[]).join(' ').length > 2048 ? [needs(`${prop}.searches`, 'have more than 2048 characters together', 'give fewer, or shorter ones')] : [],
  ],
  'ProjectedVolumeSource': (prop, { sources = [] }) => {
    const seen = new Set<unknown>();
    return (sources as Fields[]).flatMap((source, i) => Object.values(source).flatMap((projection) => {
      const { path, items = [] } = projection as { path?: unknown; items?: Fields[] };
      return [...items.map((item) => item.path), path].filter((file) => file !== undefined);
    }).filter((path) => seen.has(path) || !seen.add(path)).map((path) => needs(`${prop}.sources[${i}]`, 'is a path that another source has', 'give each file a path of its own', path)));
  },
  'PodDNSConfigOption': (prop, { name }) => name === undefined ? [needs(`${prop}.name`, 'is missing', 'give e.g. ndots')] : [],
  'WindowsSecurityContextOptions': (prop) => [needs(prop, 'is for Windows, and Celery runs on Linux', 'leave it out')],
  'NodeSelectorTerm': (prop, { matchFields }) => (matchFields as Fields[] | undefined ?? []).flatMap(({ key, operator, values }, index) =>
    key === 'metadata.name' && (operator === 'In' || operator === 'NotIn') && Array.isArray(values) && values.length === 1 ? []
      : [needs(`${prop}.matchFields[${index}]`, 'is not a selector of one node by its name', 'give { key: \'metadata.name\', operator: \'In\', values: [name] }, or use matchExpressions', key)]),
  'PodAffinityTerm': (prop, value) => labelKeys(prop, value, 'matchLabelKeys', 'mismatchLabelKeys'),

  'IPBlock': (prop, { cidr, except }) => (except as unknown[] | undefined ?? []).filter((part) => isCidr(part) && isCidr(cidr) && !isPartOf(part, cidr))
    .map((part) => needs(`${prop}.except`, `is not a part of ${String(cidr)}`, 'give networks within it', part)),
  'NetworkPolicyPeer': (prop, { ipBlock, namespaceSelector, podSelector }) => {
    const selected = namespaceSelector !== undefined || podSelector !== undefined;
    return ipBlock === undefined && !selected ? [needs(prop, 'names nobody', 'give ipBlock, namespaceSelector or podSelector')]
      : ipBlock !== undefined && selected ? [needs(prop, 'has ipBlock and a selector of pods', 'give two peers', new Described('a map'))] : [];
  },
  'NetworkPolicyIngressRule': (prop, rule) => everybody(prop, rule, 'from', 'lets everybody in', 'name who, e.g. [{ from: [{ podSelector: {} }], ports: [{ port: 9540 }] }]; without any policy, CeleryNetwork.open()'),
  'NetworkPolicyEgressRule': (prop, rule) => everybody(
    prop, rule, 'to', 'opens all addresses and ports', 'name where or a port, e.g. [{ ports: [{ port: 443 }] }]; where pods may connect to all, CeleryNetwork.closedIngress(), or CeleryNetwork.open()',
  ),
  'NetworkPolicyPort': (prop, { port, endPort }) => endPort === undefined ? []
    : typeof port !== 'number' ? [needs(`${prop}.endPort`, 'needs a port that is a number', 'give the first port of the range, too', endPort)]
      : Number(endPort) < port ? [needs(`${prop}.endPort`, `is less than the port ${port}`, 'give the last port of the range', endPort)] : [],

  '[]Sysctl': (prop, values) => unique(prop, values, 'name'),
  '[]TopologySpreadConstraint': (prop, values) => unique(prop, values, 'topologyKey', 'whenUnsatisfiable'),
  '[]Volume': (prop, values) => unique(prop, values, 'name'),
  '[]VolumeMount': (prop, values) => unique(prop, values, 'mountPath'),
  '[]Container': (prop, values) => unique(prop, values, 'name'),
  '[]EnvVar': (prop, values) => unique(prop, values, 'name'),
  '[]LocalObjectReference': (prop, values) => unique(prop, values, 'name'),
  '[]ContainerPort': (prop, values) => [...unique(prop, values, 'name'), ...sameHostPorts(values as unknown as Fields[]).map((port) => needs(prop, ...SAME_HOST_PORT, port))],
  '[]ContainerResizePolicy': (prop, values) => unique(prop, values, 'resourceName'),
};

/** Kubernetes takes a list of peers that is empty, or is not there, for everybody. */
function everybody(prop: string, rule: Fields, peers: 'from' | 'to', wrong: string, fix: string): Problem[] {
  const given = rule[peers];
  if (Array.isArray(given) && given.length === 0) {
    return [needs(`${prop}.${peers}`, `is everybody to Kubernetes, and ${wrong}`, `leave the rule out for nobody, or ${fix}`, given)];
  }
  // A port that is none is undefined here.
  const ports = (rule.ports ?? []) as (Fields | undefined)[];
  return given === undefined && ports.every((entry) => entry?.port === undefined) ? [needs(prop, wrong, fix, new Absent('a rule without peers and ports'))] : [];
}

function named(prop: string, { name }: Fields): Problem[] {
  return name === undefined ? [needs(`${prop}.name`, 'is missing', 'give the name of the object')] : [];
}

function localhost(prop: string, { type, localhostProfile }: Fields): Problem[] {
  if (localhostProfile !== undefined && !FILE.accepts(localhostProfile)) return [needs(`${prop}.localhostProfile`, FILE.wrong, FILE.fix, localhostProfile)];
  return (type === 'Localhost') === (localhostProfile !== undefined) ? []
    : [needs(`${prop}.localhostProfile`, 'goes together with type Localhost only', 'give both or neither', localhostProfile)];
}

function requirement(prop: string, operator: unknown, values: unknown, key: unknown): Problem[] {
  const given = Array.isArray(values) ? values.length : 0;
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return given === 0 ? [] : [needs(`${prop}.values`, `cannot be given with operator ${operator}`, 'leave it out', values)];
  }
  if (operator === 'Gt' || operator === 'Lt') {
    return given === 1 && /^-?\d+$/.test(String((values as unknown[])[0])) ? [] : [needs(`${prop}.values`, 'is not one whole number', 'give e.g. [\'4\']', values)];
  }
  return given === 0 ? [needs(`${prop}.values`, `is empty, and operator ${String(operator)} of ${String(key)} needs at least one`, 'give a list of values', values)]
    : (values as unknown[]).filter((value) => !isLabelValue(value)).map((value) => needs(`${prop}.values`, 'is not a label value', 'use at most 63 letters, digits, "-", "_" and "."', value));
}

/** Keys of labels whose values are those of the pod itself: they add to a selector that does not name them. */
function labelKeys(prop: string, value: Fields, ...names: string[]): Problem[] {
  const selector = value.labelSelector as { matchLabels?: Fields; matchExpressions?: ReadonlyArray<{ key?: unknown }> } | undefined;
  const selected = new Set<unknown>([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map(({ key }) => key)]);
  const seen = new Set<unknown>();
  return names.flatMap((name) => (value[name] as unknown[] | undefined ?? []).flatMap((key, index) => {
    const again = selected.has(key) || seen.has(key);
    seen.add(key);
    return selector === undefined ? [needs(`${prop}.${name}`, 'needs a labelSelector', 'give labelSelector, too', key)]
      : again ? [needs(`${prop}.${name}[${index}]`, 'is also in the labelSelector or the other list', 'name each key once', key)] : [];
  }));
}

/** Probes for which one success is enough by definition. */
const CHECKED_ONCE = ['livenessProbe', 'startupProbe'];

function share(prop: string, value: unknown): Problem[] {
  return value === undefined || (typeof value === 'number' ? value >= 0 : /^\d{1,4}%$/.test(String(value))) ? []
    : [needs(prop, 'is neither a number of pods nor a percentage', 'give e.g. 1 or \'25%\'', value)];
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0%';
}

/** Labels and selectors: keys with an optional prefix, values of at most 63 characters. */
export function checkLabels(prop: string, labels: Readonly<Record<string, unknown>> | undefined): Problem[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...isQualifiedName(key) ? [] : [needs(prop, LABEL_KEY.wrong, LABEL_KEY.fix, key)],
    ...isLabelValue(value) ? [] : [needs(`${prop}['${key}']`, 'is not a label value', 'use at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit', value)],
  ]);
}

/** As etcd keeps them: all keys and values of one object together. */
const MOST_ANNOTATIONS = 256 * 1024;

/** Annotations: keys as those of labels, any text as value. */
export function checkAnnotations(prop: string, annotations: Readonly<Record<string, string>>): Problem[] {
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    // The API server compares the lower-case form.
    ...Object.keys(annotations).filter((key) => !isQualifiedName(key.toLowerCase())).map((key) => needs(prop, LABEL_KEY.wrong.replace('a label key', 'an annotation key'), LABEL_KEY.fix, key)),
    ...bytes > MOST_ANNOTATIONS ? [needs(prop, `have ${bytes} bytes, and Kubernetes takes ${MOST_ANNOTATIONS}`, 'give less', Object.keys(annotations).join(', '))] : [],
  ];
}

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const PROFILE = /^(runtime\/default|unconfined|localhost\/.+)$/;

/** Annotations of pods that were fields once, and that the API server still reads. */
export function checkProfiles(prop: string, annotations: Readonly<Record<string, string>>, containers: readonly string[]): Problem[] {
  return Object.entries(annotations).flatMap(([key, value]) => {
    const seccomp = /^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//.test(key);
    if (!seccomp && !key.startsWith(APP_ARMOR)) return [];
    const field = seccomp ? 'seccompProfile' : 'appArmorProfile';
    const known = seccomp || containers.includes(key.slice(APP_ARMOR.length));
    return known && (PROFILE.test(value) || (seccomp && value === 'docker/default')) ? [] : [needs(
      `${prop}['${key}']`, known ? 'is not a profile' : `names a container that the pod does not have; it has ${containers.join(', ')}`,
      `use the field ${field} of securityContext in its place`, value,
    )];
  });
}

function checkResources(prop: string, { limits, requests }: Fields): Problem[] {
  const [most, least] = [limits, requests].map((amounts) => new Map(Object.entries((amounts ?? {}) as Fields)));
  const problems = [['limits', most], ['requests', least]].flatMap(([part, amounts]) => [...(amounts as Map<string, unknown>)].flatMap(([name, amount]): Problem[] => {
    const path = `${prop}.${part as string}['${name}']`;
    if (!RESOURCE_NAME.accepts(name)) return [needs(path, RESOURCE_NAME.wrong, RESOURCE_NAME.fix, amount)];
    const number = quantity(amount) ?? 0;
    if (isWhole(name) && !Number.isInteger(number)) return [needs(path, 'is not a whole number, and extended resources cannot be divided', 'give e.g. 1', amount)];
    const page = /^hugepages-(.*)$/.exec(name)?.[1];
    if (page !== undefined && !(quantity(page) !== undefined && number > 0 && Number.isInteger(number / quantity(page)!))) return [needs(path, 'is not a whole number of these pages', `give a multiple of ${page}`, amount)];
    if (page !== undefined && ![...most.keys(), ...least.keys()].some((other) => other === 'cpu' || other === 'memory')) return [needs(path, 'needs a request or limit of cpu or memory', 'give one, too', amount)];
    if (name === 'cpu' && Math.abs(number * 1000 - Math.round(number * 1000)) > 1e-6) return [needs(path, 'is finer than a thousandth of a CPU', 'give e.g. \'250m\'', amount)];
    return [];
  }));
  for (const [name, request] of least) {
    const limit = most.get(name);
    if (limit === undefined) {
      if (isWhole(name)) problems.push(needs(`${prop}.limits['${name}']`, 'is missing, and extended resources need a limit that equals the request', `give limits: { '${name}': ${JSON.stringify(request)} }`));
      continue;
    }
    const [amount, bound] = [quantity(request) ?? 0, quantity(limit) ?? 0];
    if (amount > bound) problems.push(needs(`${prop}.requests['${name}']`, `is more than the limit ${String(limit)}`, 'lower the request or raise the limit', request));
    else if (isWhole(name) && amount !== bound) problems.push(needs(`${prop}.requests['${name}']`, `differs from the limit ${String(limit)}, and extended resources cannot be overcommitted`, 'give both the same', request));
  }
  return problems;
}

/** Its request and its limit are the same. */
function isWhole(name: string): boolean {
  return isExtended(name) || name.startsWith('hugepages-');
}

function unique(prop: string, values: Fields, ...keys: string[]): Problem[] {
  const seen = new Map<unknown, number>();
  return (values as unknown as ReadonlyArray<Fields | undefined>).flatMap((item, index) => {
    const given = keys.map((key) => item?.[key]);
    if (given.includes(undefined)) return [];
    const value = given.join(' and ');
    const first = seen.get(value);
    if (first === undefined) {
      seen.set(value, index);
      return [];
    }
    return [needs(`${prop}[${index}].${keys[0]}`, `is also that of ${prop}[${first}]`, `give each its own ${keys.join(' and ')}`, value)];
  });
}

/** What is wrong with an object of the API, or with a list of them (`[]EnvVar`), beyond its fields. */
export function checkObject(prop: string, type: string, value: unknown): Problem[] {
  const check = Object.hasOwn(CHECKS, type) ? CHECKS[type] : undefined;
  return check === undefined ? [] : check(prop, value as Fields);
}
