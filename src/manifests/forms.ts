import { quantity } from '../celery/quantity';
import { isFilledIn } from '../celery/filled-in';
import { isAddress, isCidr } from './cidr';
import { asList } from './json';
import { DNS_SUBDOMAIN, isConfigKey, isLabelValue, isQualifiedName, PORT_NAME, SERVICE_NAME } from './names';

/** What the API server refuses of a value of the right type: its name, its number, a word, that it is empty, or what is next to it. */
export type Fault = 'name' | 'range' | 'word' | 'missing' | 'one' | 'twice';

/** What the value of a field has to be. */
export interface Form {
  readonly what: Fault;
  readonly fits: (value: unknown) => boolean;
  readonly allowed: string;
  /** Said of each item of a list, not of the list. */
  readonly each?: true;
}

const each = (form: Form): Form => ({ ...form, each: true });

/** `STORAGE_CLASS_NAME`, in the place of a value. */
const STANDS_FOR_IT = /^[A-Z]+(_[A-Z]+)+$/;

/** Of texts: what is filled in before it is applied is right. */
const text = (what: Fault, fits: (value: string) => boolean, allowed: string): Form =>
  ({ what, fits: (value) => typeof value !== 'string' || isFilledIn(value) || STANDS_FOR_IT.test(value) || fits(value), allowed });

const number = (from: number, to = Infinity): Form => ({
  what: 'range', fits: (value) => typeof value !== 'number' || (value >= from && value <= to), allowed: to === Infinity ? `${from} or more` : `${from} to ${to}`,
});

const words = (...known: readonly string[]): Form => text('word', (value) => known.includes(value), known.join(', '));

/** Not an empty text, and not an empty list. */
const given = (name: string): Form => ({ what: 'missing', fits: (value) => value !== '' && !(Array.isArray(value) && value.length === 0), allowed: name });

const subdomain = text('name', (value) => DNS_SUBDOMAIN.of.test(value) && value.length <= DNS_SUBDOMAIN.longest, 'a-z, 0-9, - and .');
const address = text('range', isAddress, 'an IP address');
const portName = text('name', (value) => PORT_NAME.of.test(value) && value.length <= PORT_NAME.longest, PORT_NAME.allowed);
const key = text('name', isConfigKey, 'letters, digits, -, _ and .');
const qualifiedName = text('name', isQualifiedName, 'a word, or dns.prefix/word');
const labelValue = text('name', isLabelValue, 'at most 63 letters, digits, -, _ and .');
/** Of labels, and of the names of nodes. */
const nodeValue = text('name', (value) => isLabelValue(value) || (DNS_SUBDOMAIN.of.test(value) && value.length <= DNS_SUBDOMAIN.longest), 'letters, digits, -, _ and .');
const port = number(1, 65_535);
const FROM_ZERO = number(0);
const FROM_ONE = number(1);
/** What Linux has of users and groups. */
const ID = number(0, 2 ** 31 - 1);

/** A number of pods, or a share of them. */
function pods(most: number): Form {
  const fits = (value: unknown): boolean => typeof value === 'number' ? value >= 0
    : typeof value !== 'string' || isFilledIn(value.replace(/%$/, '')) || (/^\d+%$/.test(value) && parseInt(value, 10) <= most);
  return { what: 'range', fits, allowed: most === Infinity ? 'a number, or a share such as 25%' : 'a number without quotes, or a share from 0% to 100%' };
}

/** Below a volume: what begins with two dots is for kubelet. */
const relative = text('range', (value) => !value.startsWith('/') && !value.startsWith('..') && !value.split('/').includes('..'), 'a path without a slash in front and without ..');
const absolute = text('range', (value) => value.startsWith('/'), 'a path with a slash in front');
const above = (least: number, allowed: string): Form => ({
  what: 'range', fits: (value) => typeof value === 'boolean' || (quantity(value) ?? least + 1) > least, allowed,
});

/** What is more than a type can say of a field: the name of the type, and that of the field. */
const FIELDS: Readonly<Record<string, readonly Form[]>> = {
  'PodSpec.nodeName': [subdomain], 'PodSpec.runtimeClassName': [subdomain], 'PodSpec.serviceAccount': [subdomain], 'PodOS.name': [words('linux', 'windows')],
  'PodReadinessGate.conditionType': [qualifiedName], 'PodSchedulingGate.name': [qualifiedName],
  'Container.image': [given('image')],
  'SecretKeySelector.name': [given('name')], 'SecretKeySelector.key': [given('key'), key],
  'ConfigMapKeySelector.name': [given('name')], 'ConfigMapKeySelector.key': [given('key'), key],
  'SecretEnvSource.name': [given('name')], 'ConfigMapEnvSource.name': [given('name')],
  'ConfigMapVolumeSource.name': [given('name')], 'SecretVolumeSource.secretName': [given('secretName')],
  'PersistentVolumeClaimVolumeSource.claimName': [given('claimName')], 'HostPathVolumeSource.path': [
    given('path'), text('range', (value) => !value.split('/').includes('..'), 'a path without ..'),
  ],
  'ConfigMapProjection.name': [given('name')], 'SecretProjection.name': [given('name')],
  'ServiceAccountTokenProjection.path': [given('path'), relative], 'ServiceAccountTokenProjection.expirationSeconds': [number(600, 2 ** 32)],
  'DownwardAPIVolumeFile.path': [given('path'), relative], 'NFSVolumeSource.path': [absolute],
  'KeyToPath.key': [given('key')], 'KeyToPath.path': [given('path'), relative], 'VolumeMount.mountPath': [given('mountPath')],
  'EmptyDirVolumeSource.sizeLimit': [above(-1, '512Mi')],
  'HostAlias.ip': [given('ip'), address], 'HostAlias.hostnames': [each(subdomain)],
  'PodDNSConfig.nameservers': [each(address), { what: 'range', fits: (value) => asList(value).length <= 3, allowed: 'at most 3' }],
  'AppArmorProfile.localhostProfile': [
    { what: 'missing', fits: (value) => value !== '', allowed: 'localhostProfile' },
    text('range', (value) => value.trim() === value && value.length < 4096, 'at most 4095 characters, without blanks around them'),
  ],
  'SeccompProfile.localhostProfile': [relative], 'VolumeMount.recursiveReadOnly': [words('Disabled', 'IfPossible', 'Enabled')], 'ObjectFieldSelector.apiVersion': [words('v1')],
  'Sysctl.name': [text('name', (value) => /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(value), 'a-z, 0-9, -, _, . and /')],
  'PodDNSConfig.searches': [each(text('name', (value) => value === '.' || /^[a-z0-9_]([-_a-z0-9.]*[a-z0-9_])?\.?$/.test(value), 'a name of DNS'))],
  'EnvFromSource.prefix': [text('name', (value) => /^[ -<>-~]*$/.test(value), 'ASCII characters other than =')],
  'ContainerResizePolicy.resourceName': [words('cpu', 'memory')], 'CronJobSpec.schedule': [given('schedule')],
  'CronJobSpec.timeZone': [{ what: 'range', fits: (value) => value !== '', allowed: 'a name such as Europe/Berlin, or no timeZone' }],
  'ExecAction.command': [given('command')], 'HTTPHeader.name': [text('name', (value) => /^[-A-Za-z0-9]+$/.test(value), 'letters, digits and -')],
  'Probe.terminationGracePeriodSeconds': [FROM_ONE],
  'SecurityContext.runAsUser': [ID], 'SecurityContext.runAsGroup': [ID], 'PodSecurityContext.runAsUser': [ID], 'PodSecurityContext.runAsGroup': [ID],
  'PodSecurityContext.fsGroup': [ID], 'PodSecurityContext.supplementalGroups': [each(ID)],
  'WeightedPodAffinityTerm.weight': [number(1, 100)], 'PreferredSchedulingTerm.weight': [number(1, 100)], 'PodAffinityTerm.topologyKey': [given('topologyKey'), qualifiedName],
  'NodeSelector.nodeSelectorTerms': [given('nodeSelectorTerms')], 'LabelSelectorRequirement.operator': [words('In', 'NotIn', 'Exists', 'DoesNotExist')],
  'LabelSelectorRequirement.key': [qualifiedName], 'LabelSelectorRequirement.values': [each(labelValue)],
  'NodeSelectorRequirement.key': [qualifiedName], 'NodeSelectorRequirement.values': [each(nodeValue)], 'Toleration.key': [qualifiedName], 'Toleration.value': [labelValue],
  'TopologySpreadConstraint.topologyKey': [given('topologyKey')], 'TopologySpreadConstraint.maxSkew': [FROM_ONE], 'TopologySpreadConstraint.minDomains': [FROM_ONE],
  'RollingUpdateDeployment.maxSurge': [pods(Infinity)], 'RollingUpdateDeployment.maxUnavailable': [pods(100)],
  'RollingUpdateStatefulSetStrategy.partition': [FROM_ZERO], 'StatefulSetOrdinals.start': [FROM_ZERO],
  'StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted': [words('Retain', 'Delete')],
  'StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled': [words('Retain', 'Delete')],
  'JobSpec.backoffLimit': [FROM_ZERO], 'JobSpec.parallelism': [FROM_ZERO], 'JobSpec.completions': [FROM_ZERO], 'JobSpec.activeDeadlineSeconds': [FROM_ZERO],
  'JobSpec.ttlSecondsAfterFinished': [FROM_ZERO],
  'PodDisruptionBudgetSpec.minAvailable': [pods(100)], 'PodDisruptionBudgetSpec.maxUnavailable': [pods(100)],
  'ServiceSpec.externalName': [text('name', (value) => DNS_SUBDOMAIN.of.test(value.replace(/\.$/, '')), 'a name of DNS, without a scheme and a port')],
  'ServiceSpec.clusterIP': [text('range', (value) => value === 'None' || isAddress(value), 'an IP address, or None')],
  'ServiceSpec.externalIPs': [each(address)], 'ServiceSpec.loadBalancerSourceRanges': [each(text('range', (value) => isCidr(value.trim()), 'an address and a length, such as 10.0.0.0/8'))],
  'ServicePort.appProtocol': [qualifiedName], 'ClientIPConfig.timeoutSeconds': [number(1, 86_400)],
  'IngressSpec.ingressClassName': [{ what: 'name', fits: (value) => value !== '', allowed: 'the name of a class, or no ingressClassName' }, subdomain], 'IngressTLS.secretName': [subdomain],
  'IngressTLS.hosts': [each(text('name', (value) => DNS_SUBDOMAIN.of.test(value.replace(/^\*\./, '')), 'a name of DNS, without a scheme and a port'))],
  'HTTPIngressRuleValue.paths': [given('paths')], 'ServiceBackendPort.number': [number(0, 65_535)], 'ServiceBackendPort.name': [portName],
  'IngressServiceBackend.name': [given('name'), text('name', (value) => SERVICE_NAME.of.test(value), 'the name of a Service of this namespace')],
  'NetworkPolicyPort.port': [portName, port], 'NetworkPolicyPort.protocol': [words('TCP', 'UDP', 'SCTP')],
  'PersistentVolumeClaimSpec.accessModes': [given('accessModes')], 'PersistentVolumeClaimSpec.storageClassName': [subdomain],
  'MetricSpec.type': [words('Resource', 'ContainerResource', 'Pods', 'Object', 'External')], 'MetricTarget.type': [words('Utilization', 'Value', 'AverageValue')],
  'MetricTarget.averageUtilization': [FROM_ONE], 'MetricTarget.averageValue': [above(0, 'above 0')], 'MetricTarget.value': [above(0, 'above 0')],
  'HPAScalingPolicy.type': [words('Pods', 'Percent')], 'HPAScalingPolicy.periodSeconds': [number(1, 1800)], 'HPAScalingPolicy.value': [FROM_ONE],
  'HPAScalingRules.policies': [given('policies')], 'HPAScalingRules.stabilizationWindowSeconds': [number(0, 3600)],
  'HPAScalingRules.selectPolicy': [words('Max', 'Min', 'Disabled')],
  'CrossVersionObjectReference.name': [given('name'), text('name', (value) => !/[/%]/.test(value), 'the name of an object, without a slash')],
};

/** The forms of the fields of a type: each with the name of the field. */
export const FORMS: ReadonlyMap<string, ReadonlyArray<readonly [string, readonly Form[]]>> = new Map(
  [...new Set(Object.keys(FIELDS).map((place) => place.split('.')[0]))].map((type) => [type, Object.entries(FIELDS)
    .filter(([place]) => place.startsWith(`${type}.`)).map(([place, forms]) => [place.slice(type.length + 1), forms] as const)]),
);
