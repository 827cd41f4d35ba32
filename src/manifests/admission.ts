import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asScalar, asText, get, isMap, JsonObject } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { isExtended } from '../celery/devices';
import { mebibytes, quantity } from '../celery/quantity';
import { Resource } from './resource';
import type { World } from './world';

export type SecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** The Pod Security Standard that a namespace of the input enforces. */
export function enforcedLevel(namespace: string, world: World): { level: SecurityLevel; by: Resource } | undefined {
  const by = world.find('Namespace', '', namespace);
  const level = asText(by?.labels['pod-security.kubernetes.io/enforce']);
  return by && (level === 'baseline' || level === 'restricted') ? { level, by } : undefined;
}

const BASELINE_CAPABILITIES = new Set([
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT',
]);
const RESTRICTED_VOLUMES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret', 'image']);

/** What the API server says of a pod under a standard: nothing where it takes it. */
export function securityViolations({ spec, allContainers: all }: Workload, level: SecurityLevel): string[] {
  const found = [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((name) => spec[name] === true),
    ...asList(spec.volumes).some((volume) => get(volume, 'hostPath') !== undefined) ? ['hostPath volumes'] : [],
    ...all.some(({ json }) => get(json, 'securityContext', 'privileged') === true) ? ['privileged'] : [],
    ...all.some(({ json }) => asList(json.ports).some((port) => Number(get(port, 'hostPort') ?? 0) > 0)) ? ['hostPort'] : [],
    ...all.some(({ json }) => asList(get(json, 'securityContext', 'capabilities', 'add')).some((name) => !BASELINE_CAPABILITIES.has(String(name))))
      ? ['added capabilities'] : [],
    ...all.some((container) => get(container.security('seccompProfile'), 'type') === 'Unconfined') ? ['seccompProfile: Unconfined'] : [],
  ];
  if (level === 'baseline') return found;
  return [...found,
    ...all.some(({ json }) => get(json, 'securityContext', 'allowPrivilegeEscalation') !== false) ? ['allowPrivilegeEscalation != false'] : [],
    ...all.some(({ json }) => !asList(get(json, 'securityContext', 'capabilities', 'drop')).includes('ALL')) ? ['capabilities.drop without ALL'] : [],
    ...all.some((container) => container.security('runAsNonRoot') !== true) ? ['runAsNonRoot != true'] : [],
    ...all.some((container) => container.runAsUser === 0) ? ['runAsUser=0'] : [],
    ...all.some((container) => !/^(RuntimeDefault|Localhost)$/.test(asText(get(container.security('seccompProfile'), 'type')) ?? '')) ? ['seccompProfile'] : [],
    ...asList(spec.volumes).some((volume) => Object.keys(asMap(volume)).some((name) => name !== 'name' && name !== 'hostPath' && !RESTRICTED_VOLUMES.has(name)))
      ? ['volume types'] : [],
  ];
}

const inNamespaces = lazy((world: World) => ({
  quotas: grouped(world.kind('ResourceQuota').map((quota) => [quota.namespace, quota])),
  ranges: grouped(world.kind('LimitRange').map((range) => [range.namespace, range])),
}));

/** Limits and requests that each container needs because a quota counts them, and that it does not have. */
export function refusedByQuota(workload: Workload, world: World): Array<{ quota: Resource; container: Container; missing: string[] }> {
  const { quotas } = inNamespaces(world);
  return (quotas.get(workload.resource.namespace) ?? []).flatMap((quota) => {
    if (!counts(quota, workload, world)) return [];
    const counted = Object.keys(asMap(get(quota.json, 'spec', 'hard'))).flatMap((name) => compute(name) ?? []).filter(({ resource }) => !isExtended(resource));
    return workload.allContainers.flatMap((container) => {
      const missing = counted.filter(({ kind, resource }) => !given(container, kind, resource) && !given(container.workload, kind, resource)
        && !filledIn(workload, kind, resource, world)).map(({ kind, resource }) => `${kind}.${resource}`);
      return missing.length > 0 ? [{ quota, container, missing }] : [];
    });
  });
}

interface Compute {
  readonly kind: 'requests' | 'limits';
  readonly resource: string;
}

/** What an item of a quota counts: `cpu` is the same as `requests.cpu`, and devices have a domain in front. Undefined for other items. */
function compute(item: string): Compute | undefined {
  const [, kind = 'requests', resource] = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage|[^/]+\.[^/]+\/.+)$/.exec(item) ?? [];
  return resource === undefined ? undefined : { kind, resource } as Compute;
}

/** Whether a pod is one of those that the scopes of a quota take. */
function counts({ json }: Resource, workload: Workload, world: World): boolean {
  const scopes = asList(get(json, 'spec', 'scopes')).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as readonly unknown[] }));
  const selected = asList(get(json, 'spec', 'scopeSelector', 'matchExpressions'))
    .map((one) => ({ scopeName: get(one, 'scopeName'), operator: get(one, 'operator'), values: asList(get(one, 'values')) }));
  const ends = workload.spec.activeDeadlineSeconds !== undefined;
  const priority = workload.spec.priorityClassName;
  return [...scopes, ...selected].every(({ scopeName, operator, values }) => {
    switch (scopeName) {
      case 'Terminating': return ends;
      case 'NotTerminating': return !ends;
      case 'NotBestEffort': return ['cpu', 'memory'].some((resource) => workload.allContainers.some((container) => given(container, 'requests', resource)
        || filledIn(workload, 'requests', resource, world)));
      case 'PriorityClass': return operator === 'Exists' ? priority !== undefined : operator === 'In' && values.includes(priority);
      default: return false;
    }
  });
}

/** In thousandths, as the API server counts: sums of 0.1 and 0.2 are exact. */
function thousandths(value: unknown): number | undefined {
  const amount = quantity(value);
  return amount === undefined ? undefined : Math.round(amount * 1000);
}

/** What a pod asks for at least, in thousandths: of its own, or for its containers all at once, or for one init container after the other. */
function asked({ containers, initContainers, spec }: Workload, { kind, resource }: Compute): number {
  const own = ({ json }: Container, from: string) => thousandths(get(json, 'resources', from, resource));
  const of = (container: Container): number => own(container, kind) ?? (kind === 'requests' ? own(container, 'limits') : undefined) ?? 0;
  return thousandths(get(spec, 'resources', kind, resource))
    ?? Math.max(containers.reduce((sum, container) => sum + of(container), 0), ...initContainers.map(of));
}

function shown(amount: number, resource: string | undefined): string {
  return resource === 'memory' || resource === 'ephemeral-storage' ? mebibytes(amount / 1000) : String(amount / 1000);
}

/** A quota that has no room for one pod, or not for all of them. */
export function aboveQuota(workload: Workload, world: World): Array<{ quota: Resource; value: string; allowed: string; some: boolean }> {
  const pods = workload.replicas ?? 1;
  return (inNamespaces(world).quotas.get(workload.resource.namespace) ?? []).filter((quota) => counts(quota, workload, world))
    .flatMap((quota) => Object.entries(asMap(get(quota.json, 'spec', 'hard'))).flatMap(([name, hard]) => {
      const counted = compute(name);
      const most = thousandths(hard);
      const own = counted ? asked(workload, counted) : name === 'pods' ? 1000 : 0;
      if (most === undefined || own * pods <= most) return [];
      const each = `${name}: ${shown(own, counted?.resource)}`;
      return [{ quota, value: own > most ? each : counted ? `${pods} pods with ${each}` : `${pods} pods`, allowed: `at most ${asScalar(hard)}`, some: own <= most }];
    }));
}

/** The API server takes a limit for a request that is not given. */
function given({ json, spec }: { json?: JsonObject; spec?: JsonObject }, kind: 'requests' | 'limits', resource: string): boolean {
  const resources = get(json ?? spec, 'resources');
  return get(resources, kind, resource) !== undefined || (kind === 'requests' && get(resources, 'limits', resource) !== undefined);
}

function filledIn(workload: Workload, kind: 'requests' | 'limits', resource: string, world: World): boolean {
  return containerRanges(workload, world).some(({ entry }) => {
    const names = kind === 'requests' ? ['defaultRequest', 'default', 'max', 'min'] : ['default', 'max'];
    return names.some((name) => get(entry, name, resource) !== undefined);
  });
}

/** What the LimitRanges of a namespace give a container that has none: the first of them, in no order, so one of these. */
function defaults(kind: Compute['kind'], resource: string, ranges: ReadonlyArray<{ entry: JsonObject }>): unknown[] {
  return ranges.flatMap(({ entry }) => {
    const limit = get(entry, 'default', resource) ?? get(entry, 'max', resource);
    return [kind === 'limits' ? limit : get(entry, 'defaultRequest', resource) ?? limit ?? get(entry, 'min', resource)].filter((value) => value !== undefined);
  });
}

/** The one that is the last to be refused. */
function extreme(values: readonly unknown[], first: (one: number, other: number) => boolean): unknown {
  return values.reduce((best, next) => best === undefined || first(quantity(next) ?? 0, quantity(best) ?? 0) ? next : best, undefined);
}

const containerRanges = (workload: Workload, world: World) => limitsOf('Container', workload.resource.namespace, world);

function limitsOf(type: string, namespace: string, world: World): Array<{ range: Resource; entry: JsonObject }> {
  return (inNamespaces(world).ranges.get(namespace) ?? []).flatMap((range) => asList(get(range.json, 'spec', 'limits'))
    .flatMap((entry) => isMap(entry) && entry.type === type ? [{ range, entry }] : []));
}

const above = (one: unknown, other: unknown): boolean => (quantity(one) ?? 0) > (quantity(other) ?? Infinity);

/** Limits above the maximum of a LimitRange, requests below its minimum, and limits that are too many times the request. */
export function outOfRange(workload: Workload, world: World): Array<{ range: Resource; container: Container; value: string; allowed: string }> {
  const ranges = containerRanges(workload, world);
  return ranges.flatMap(({ range, entry }) => workload.allContainers.flatMap((container) =>
    ['cpu', 'memory'].flatMap((resource) => {
      const [most, least] = [get(entry, 'max', resource), get(entry, 'min', resource)];
      const [limit, request] = [get(container.json, 'resources', 'limits', resource), get(container.json, 'resources', 'requests', resource)];
      const highest = extreme(defaults('limits', resource, ranges), (one, other) => one > other);
      const own = get(entry, 'default', resource) ?? most;
      return [
        ...above(limit, most) ? [{ range, container, value: `limits.${resource}: ${asScalar(limit)}`, allowed: `at most ${asScalar(most)}` }] : [],
        // A limit that is not given is the default, or else the largest.
        ...limit === undefined && own !== undefined && above(request, highest)
          ? [{ range, container, value: `requests.${resource}: ${asScalar(request)}`, allowed: `at most ${asScalar(own)}, which is the limit` }] : [],
        ...request !== undefined && above(least, request) ? [{ range, container, value: `requests.${resource}: ${asScalar(request)}`, allowed: `at least ${asScalar(least)}` }] : [],
        ...tooManyTimes(entry, resource, limit, request, ranges).map((wrong) => ({ range, container, ...wrong })),
      ];
    })));
}

/** Pods whose containers together are above the maximum of a LimitRange, and claims that are above or below it. */
export function wholeOutOfRange(workload: Workload, world: World): Array<{ range: Resource; value: string; allowed: string }> {
  return limitsOf('Pod', workload.resource.namespace, world).flatMap(({ range, entry }) => (['cpu', 'memory'] as const).flatMap((resource) => {
    const most = get(entry, 'max', resource);
    const sum = asked(workload, { kind: 'limits', resource });
    return sum <= (thousandths(most) ?? Infinity) ? []
      : [{ range, value: `limits.${resource} of the pod: ${shown(sum, resource)}`, allowed: `at most ${asScalar(most)}` }];
  }));
}

/** A claim, or what a StatefulSet makes one from. */
export function claimOutOfRange(claim: unknown, namespace: string, world: World): Array<{ range: Resource; value: string; allowed: string }> {
  const size = get(claim, 'spec', 'resources', 'requests', 'storage');
  return limitsOf('PersistentVolumeClaim', namespace, world).flatMap(({ range, entry }) => {
    const [most, least] = [get(entry, 'max', 'storage'), get(entry, 'min', 'storage')];
    const allowed = above(size, most) ? `at most ${asScalar(most)}` : above(least, size) ? `at least ${asScalar(least)}` : undefined;
    return allowed === undefined ? [] : [{ range, value: `storage: ${asScalar(size)}`, allowed }];
  });
}

/** Compared are the limit and the request that a container ends up with: its own, or those that a LimitRange fills in. */
function tooManyTimes(
  entry: JsonObject, resource: string, limit: unknown, request: unknown, ranges: ReadonlyArray<{ entry: JsonObject }>,
): Array<{ value: string; allowed: string }> {
  const most = get(entry, 'maxLimitRequestRatio', resource);
  const high = limit ?? extreme(defaults('limits', resource, ranges), (one, other) => one < other);
  // Of what has only a limit, that is the request, too.
  const low = request ?? limit ?? extreme(defaults('requests', resource, ranges), (one, other) => one > other);
  const [times, limited, requested] = [quantity(most), thousandths(high), thousandths(low)];
  return times === undefined || limited === undefined || requested === undefined || requested === 0 || limited / requested <= times ? []
    : [{ value: `limits.${resource}: ${asScalar(high)}, requests.${resource}: ${asScalar(low)}`, allowed: `a limit of at most ${asScalar(most)} times the request` }];
}
