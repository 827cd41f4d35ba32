import { checkAnnotations, checkHostPorts, checkLabels } from './constraints';
import { Checked, checkShape } from './shape-check';
import type * as k8s from './api/types';
import { PodOptions } from '../pod-options';
import { SecretKey } from '../secret-key';
import { likeName } from '../validation/checks';
import { isPlainObject, typeOf } from '../validation/plain-object';
import { Described, Problem } from '../validation/problems';
import { CopiedProp, PropChecks } from '../validation/props';

/** What each pod option is once it is checked: the data that the manifest gets. */
interface Fields {
  readonly env: readonly k8s.EnvVar[];
  readonly envFrom: readonly k8s.EnvFromSource[];
  readonly volumes: readonly k8s.Volume[];
  readonly volumeMounts: readonly k8s.VolumeMount[];
  readonly initContainers: readonly k8s.Container[];
  readonly sidecars: readonly k8s.Container[];
  readonly containers: readonly k8s.Container[];
  readonly resources: k8s.ResourceRequirements;
  readonly affinity: k8s.Affinity;
  readonly topologySpreadConstraints: readonly k8s.TopologySpreadConstraint[];
  readonly tolerations: readonly k8s.Toleration[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly priorityClassName: string;
  readonly runtimeClassName: string;
  readonly serviceAccountName: string;
  readonly imagePullSecrets: readonly k8s.LocalObjectReference[];
  readonly securityContext: k8s.SecurityContext;
  readonly podSecurityContext: k8s.PodSecurityContext;
  readonly dnsPolicy: string;
  readonly dnsConfig: k8s.PodDNSConfig;
  readonly hostAliases: readonly k8s.HostAlias[];
  readonly lifecycle: k8s.Lifecycle;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly podLabels: Readonly<Record<string, string>>;
  readonly podAnnotations: Readonly<Record<string, string>>;
}

/** Pod options that are checked. */
export type CheckedOptions = Partial<Fields>;

/** How a component's own value joins that of its app. */
type Merge =
  /** A list, by a field of its items: an item of the component takes the place of the app's. */
  | { readonly by: 'name' | 'mountPath' }
  /** A map, or an object of overrides: by its keys. */
  | 'keys'
  /** The component's value replaces the app's. */
  | 'replaced';

interface Option {
  /** Its type in the schema of the Kubernetes API. */
  readonly type: string;
  readonly merge: Merge;
  /** What the API server checks in addition to the type. */
  readonly check?: (prop: string, value: never) => Problem[];
}

const NAMED: Merge = { by: 'name' };

/** docs/pod-options.md has the same table for people; a test compares the two. */
export const OPTIONS: { readonly [K in keyof PodOptions]-?: Option } = {
  env: { type: '[]EnvVar', merge: NAMED },
  envFrom: { type: '[]EnvFromSource', merge: 'replaced' },
  volumes: { type: '[]Volume', merge: NAMED },
  volumeMounts: { type: '[]VolumeMount', merge: { by: 'mountPath' } },
  initContainers: { type: '[]Container', merge: NAMED, check: notStarted },
  sidecars: { type: '[]Container', merge: NAMED },
  containers: { type: '[]Container', merge: NAMED, check: notRestarted },
  resources: { type: 'ResourceRequirements', merge: 'replaced' },
  affinity: { type: 'Affinity', merge: 'replaced' },
  topologySpreadConstraints: { type: '[]TopologySpreadConstraint', merge: 'replaced' },
  tolerations: { type: '[]Toleration', merge: 'replaced' },
  nodeSelector: { type: '{}string', merge: 'keys', check: checkLabels },
  priorityClassName: { type: 'string', merge: 'replaced', check: objectName },
  runtimeClassName: { type: 'string', merge: 'replaced', check: objectName },
  serviceAccountName: { type: 'string', merge: 'replaced', check: objectName },
  imagePullSecrets: { type: '[]LocalObjectReference', merge: NAMED },
  securityContext: { type: 'SecurityContext', merge: 'keys' },
  podSecurityContext: { type: 'PodSecurityContext', merge: 'keys' },
  dnsPolicy: { type: '"ClusterFirst|ClusterFirstWithHostNet|Default|None"', merge: 'replaced' },
  dnsConfig: { type: 'PodDNSConfig', merge: 'replaced' },
  hostAliases: { type: '[]HostAlias', merge: 'replaced' },
  lifecycle: { type: 'Lifecycle', merge: 'replaced' },
  labels: { type: '{}string', merge: 'keys', check: checkLabels },
  annotations: { type: '{}string', merge: 'keys', check: checkAnnotations },
  podLabels: { type: '{}string', merge: 'keys', check: checkLabels },
  podAnnotations: { type: '{}string', merge: 'keys', check: checkAnnotations },
};

/** A prop in the shape of the Kubernetes API. */
export function shaped(type: string, check: Option['check'] = () => []): { copy: (prop: string, value: unknown) => Checked } {
  return {
    copy: (prop, given) => {
      const { value, problems } = checkShape(prop, given, type);
      return { value, problems: problems.length > 0 || value === undefined ? problems : check(prop, value as never) };
    },
  };
}

/** The checks of the pod options. */
export const POD_OPTIONS = {
  ...Object.fromEntries(Object.entries(OPTIONS).map(([name, { type, check }]) => [name, shaped(type, check)])),
  volumes: volumesByName(),
} as PropChecks<PodOptions>;

/** Volumes, also those with something wrong in them: what mounts them is not wrong, too. */
function volumesByName(): CopiedProp {
  const { copy } = shaped(OPTIONS.volumes.type);
  return {
    keeps: true,
    copy: (prop, given) => {
      const { value, problems } = copy(prop, given);
      return { value: problems.length === 0 || !Array.isArray(value) ? value : value.filter(isNamed), problems };
    },
  };
}

/** The pod options among props that `sound` has returned. */
export function podOptions(props: PodOptions): CheckedOptions {
  return Object.fromEntries(Object.keys(OPTIONS).flatMap((name) => {
    const value: unknown = props[name as keyof PodOptions];
    return value === undefined ? [] : [[name, value]];
  }));
}

/** App-wide options and a component's own, as one. */
export function merge(app: CheckedOptions, own: CheckedOptions): CheckedOptions {
  const merged = (name: keyof PodOptions): unknown => {
    const [general, special] = [app[name], own[name]];
    if (general === undefined || special === undefined) return special ?? general;
    const how = OPTIONS[name].merge;
    if (how === 'replaced') return special;
    return how === 'keys' ? { ...general as object, ...special as object } : mergeBy(how.by, general as readonly object[], special as readonly object[]);
  };
  return Object.fromEntries((Object.keys(OPTIONS) as (keyof PodOptions)[]).flatMap((name) => {
    const value = merged(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Two lists as one: an item of the second takes the place of the item of the first that has the same name, or follows. */
export function mergeBy<T extends object>(field: string, first: readonly T[], second: readonly T[]): T[] {
  const key = (item: T): unknown => (item as Record<string, unknown>)[field];
  const later = new Map(second.map((item) => [key(item), item]));
  const kept = first.map((item) => later.get(key(item)) ?? item);
  const known = new Set(first.map(key));
  return [...kept, ...second.filter((item) => !known.has(key(item)))];
}

function isNamed(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && 'name' in value;
  } catch {
    return false;
  }
}

/** A key of a Secret that a user names. */
export function secretKey(prop: string, given: unknown): { value: SecretKey | undefined; problems: readonly Problem[] } {
  try {
    return readSecretKey(prop, given);
  } catch {
    return { value: undefined, problems: [{ prop, value: new Described('a value'), wrong: 'cannot be read: a getter or a Proxy throws', fix: 'give { name, key }' }] };
  }
}

function readSecretKey(prop: string, given: unknown): { value: SecretKey | undefined; problems: readonly Problem[] } {
  if (!isPlainObject(given)) {
    // An object of a construct has the name only.
    const fix = isNamed(given) ? 'give { name: secret.name, key }' : 'give { name, key }';
    return { value: undefined, problems: [given === undefined ? { prop, value: undefined, wrong: 'is missing', fix }
      : { prop, value: new Described(typeOf(given)), wrong: 'is not a key of a Secret', fix }] };
  }
  const { value, problems: found } = checkShape(prop, { ...given, optional: undefined }, 'SecretKeySelector');
  // What is neither its name nor its key may be the password itself.
  const problems = found.map((problem) => problem.wrong === 'is missing' || problem.wrong === 'is empty' ? { ...problem, fix: 'give { name, key }' }
    : [`${prop}.name`, `${prop}.key`].includes(problem.prop)
    ? { ...problem, value: likeName(problem.value) } : { ...problem, value: new Described('a value') });
  return problems.length > 0 ? { value: undefined, problems } : { value: value as SecretKey, problems: [] };
}

function objectName(prop: string, value: string): Problem[] {
  return checkShape(prop, { name: value }, 'LocalObjectReference').problems.map((problem) => ({ ...problem, prop }));
}

/** Fields that the API server refuses in init containers that end. */
const FOR_RUNNING = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe', 'resizePolicy'] as const;

function notStarted(prop: string, containers: readonly k8s.Container[]): Problem[] {
  const wrong = 'is of no use in an init container, which has ended when the pod runs';
  return containers.flatMap((container, index) => container.restartPolicy === 'Always' ? [] : FOR_RUNNING
    .filter((field) => container[field] !== undefined)
    .map((field) => ({ prop: `${prop}[${index}].${field}`, value: container.name, wrong, fix: 'leave it out, or give the container in sidecars' })));
}

function notRestarted(prop: string, containers: readonly k8s.Container[]): Problem[] {
  return [...checkHostPorts(prop, containers), ...containers.flatMap(({ restartPolicy }, index) => restartPolicy === undefined ? [] : [{
    prop: `${prop}[${index}].restartPolicy`, value: restartPolicy, wrong: 'is for init containers only', fix: 'leave it out, or give the container in sidecars',
  }])];
}
