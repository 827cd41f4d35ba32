import { isFilledIn } from '../celery/filled-in';
import { isCidr } from './cidr';
import { badSchedule } from './cron';
import { CLASS_ANNOTATION } from './ingress-login';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject, Path } from './json';
import { DNS_SUBDOMAIN } from './names';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { PROBE_KINDS } from './probes';
import { Refusal } from './refusals';
import { Resource } from './resource';
import { fieldsOf } from './schema-fields';
import { isTimeZone } from './time-zone';

/** What the API server refuses of fields that have a right name and a right type: what occurs twice, excludes each other, or is out of range. */

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

interface Entry {
  readonly key: string | undefined;
  readonly path: Path;
  readonly container?: string;
}

/** All but the first of each key. */
function repeated(entries: readonly Entry[], allowed: string): Refusal[] {
  const seen = new Set<string>();
  return entries.flatMap(({ key, path, container }) => {
    if (key === undefined || isFilledIn(key)) return [];
    if (seen.has(key)) return [{ path, container, value: key, allowed }];
    seen.add(key);
    return [];
  });
}

const items = (list: unknown, path: Path, keyOf: (item: unknown) => string | undefined, container?: string): Entry[] =>
  asList(list).map((item, i) => ({ key: keyOf(item), path: [...path, i], container }));

const nameOf = (item: unknown): string | undefined => asText(get(item, 'name'));

/** What each container, volume, mount and port must have for itself. */
export function givenTwice(workload: Workload): Refusal[] {
  const { spec, specPath } = workload;
  return [
    ...repeated(workload.allContainers.map(({ json, path, name }) => ({ key: asText(json.name), path: [...path, 'name'], container: name })), 'a name of its own for each container'),
    ...repeated(items(spec.volumes, [...specPath, 'volumes'], nameOf), 'a name of its own for each volume'),
    ...workload.allContainers.flatMap(({ json, path, name }) => [
      ...repeated(items(json.volumeMounts, [...path, 'volumeMounts'], (mount) => asText(get(mount, 'mountPath')), name), 'a mountPath of its own for each mount'),
      ...repeated(items(json.ports, [...path, 'ports'], nameOf, name), 'a name of its own for each port'),
    ]),
  ];
}

/** Variables that are given two different values: the last one counts. */
export function variablesGivenTwice(workload: Workload): Refusal[] {
  return workload.allContainers.flatMap(({ json, path, name: container }) => {
    const last = new Map(asList(json.env).map((entry) => [nameOf(entry), JSON.stringify(entry)]));
    const values = asList(json.env).map((entry) => asScalar(get(entry, 'value')) ?? '');
    return asList(json.env).flatMap((entry, i): Refusal[] => {
      const name = nameOf(entry);
      // What follows may take the earlier value: `PYTHONPATH=$(PYTHONPATH):/lib`.
      const taken = values.slice(i + 1).some((value) => value.includes(`$(${name})`));
      return name === undefined || isFilledIn(name) || taken || last.get(name) === JSON.stringify(entry) ? []
        : [{ path: [...path, 'env', i], container, value: name, allowed: 'each variable once' }];
    });
  });
}

/** Ports of a Service with one name, or one number and protocol. */
export function portsGivenTwice({ json }: Resource): Refusal[] {
  const ports = get(json, 'spec', 'ports');
  const path = ['spec', 'ports'];
  return [
    ...repeated(items(ports, path, nameOf), 'a name of its own for each port'),
    ...repeated(items(ports, path, (port) => asScalar(get(port, 'port')) && `${asScalar(get(port, 'port'))} ${asText(get(port, 'protocol')) ?? 'TCP'}`), 'each port once for each protocol'),
  ];
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];
const HOOKS = ['postStart', 'preStop'];

/** Those of some fields that are there; an empty map counts. */
const givenOf = (value: unknown, names: Iterable<string>): string[] => [...names].filter((name) => isGiven(get(value, name)));

/** Fields of which only one may be given, or exactly one must be. */
export function notOne(workload: Workload): Refusal[] {
  const { spec, specPath, resource } = workload;
  const sources = [...fieldsOf('Volume').keys()].filter((name) => name !== 'name');
  return [
    ...workload.allContainers.flatMap((container) => [...handlersOf(container), ...valuesOf(container)]),
    ...asList(spec.volumes).flatMap((volume, i) => several(givenOf(volume, sources), [...specPath, 'volumes', i], 'one source')),
    ...asList(spec.tolerations).flatMap((toleration, i): Refusal[] => get(toleration, 'operator') === 'Exists' && (asScalar(get(toleration, 'value')) ?? '') !== ''
      ? [{ path: [...specPath, 'tolerations', i], value: 'operator: Exists, value', allowed: 'Exists without a value, or Equal' }] : []),
    ...strategyOf(resource),
  ];
}

function several(given: readonly string[], path: Path, allowed: string, container?: string): Refusal[] {
  return given.length < 2 ? [] : [{ path, container, value: given.join(', '), allowed }];
}

function handlersOf({ json, path, name }: Container): Refusal[] {
  const places = [...PROBE_KINDS.map((probe) => [probe]), ...HOOKS.map((hook) => ['lifecycle', hook])];
  return places.flatMap((steps): Refusal[] => {
    const given = get(json, ...steps);
    if (!isMap(given)) return [];
    const handlers = givenOf(given, steps.length > 1 ? [...HANDLERS, 'sleep'] : HANDLERS);
    const at = { path: [...path, ...steps], container: name };
    // Anything else in it is a field of another name or level, which is said elsewhere.
    const known = fieldsOf(steps.length > 1 ? 'LifecycleHandler' : 'Probe');
    if (handlers.length === 0) return Object.keys(given).every((field) => known.has(field)) ? [{ ...at, value: 'no handler', allowed: HANDLERS.join(', '), lacks: true }] : [];
    return several(handlers, at.path, 'one handler', name);
  });
}

function valuesOf({ json, path, name }: Container): Refusal[] {
  return asList(json.env).flatMap((entry, i) => {
    const at = [...path, 'env', i];
    const value = asScalar(get(entry, 'value')) ?? '';
    return [
      ...value !== '' && isGiven(get(entry, 'valueFrom')) ? several(['value', 'valueFrom'], at, 'one of them', name) : [],
      ...several(givenOf(get(entry, 'valueFrom'), fieldsOf('EnvVarSource').keys()), [...at, 'valueFrom'], 'one source', name),
    ];
  });
}

/** `rollingUpdate` is for the type of that name. In a DaemonSet it may be there all the same. */
function strategyOf({ kind, json }: Resource): Refusal[] {
  const field = kind === 'Deployment' ? 'strategy' : 'updateStrategy';
  const strategy = get(json, 'spec', field);
  const type = asText(get(strategy, 'type'));
  if (kind === 'DaemonSet' || !isGiven(get(strategy, 'rollingUpdate')) || (type !== 'Recreate' && type !== 'OnDelete')) return [];
  return [{ path: ['spec', field], value: `type: ${type}, rollingUpdate`, allowed: `${type} without rollingUpdate` }];
}

/** The same in what scales, guards and publishes workloads. */
export function notOneIn({ kind, json, apiVersion, annotations }: Resource): Refusal[] {
  if (kind === 'PodDisruptionBudget') return several(givenOf(json.spec, ['minAvailable', 'maxUnavailable']), ['spec'], 'one of them');
  if (kind === 'Ingress') {
    const backends = apiVersion === INGRESS_API ? backendsOf(json) : [];
    return [...backends.flatMap(({ backend, path }) => portOfBackend(backend, path)), ...twoClasses(json, asText(annotations[CLASS_ANNOTATION]))];
  }
  if (kind !== 'NetworkPolicy') return [];
  return peersOf(json).flatMap(({ peer, path }) => isGiven(get(peer, 'ipBlock')) ? several(givenOf(peer, ['ipBlock', 'podSelector', 'namespaceSelector']), path, 'ipBlock without a selector') : []);
}

/** Earlier ones have other fields. */
const INGRESS_API = 'networking.k8s.io/v1';

function backendsOf(json: JsonObject): Array<{ backend: unknown; path: Path }> {
  const paths = asList(get(json, 'spec', 'rules')).flatMap((rule, i) => asList(get(rule, 'http', 'paths'))
    .map((one, j) => ({ backend: get(one, 'backend'), path: ['spec', 'rules', i, 'http', 'paths', j, 'backend'] })));
  return [{ backend: get(json, 'spec', 'defaultBackend'), path: ['spec', 'defaultBackend'] }, ...paths];
}

function portOfBackend(backend: unknown, path: Path): Refusal[] {
  const service = get(backend, 'service');
  if (!isMap(service)) return [];
  // Templates write both, and leave one of them empty.
  const given = (['name', 'number'] as const).filter((name) => (get(service.port, name) || undefined) !== undefined);
  const at = [...path, 'service'];
  return given.length > 0 ? several(given, [...at, 'port'], 'one of them') : [{ path: at, value: 'no port', allowed: 'port.number, or port.name', lacks: true }];
}

/** The class of an Ingress by its field and by the annotation of before, which are not the same. */
function twoClasses(json: JsonObject, annotation: string | undefined): Refusal[] {
  const name = asText(get(json, 'spec', 'ingressClassName'));
  return annotation === undefined || name === undefined || annotation === name || [annotation, name].some(isFilledIn) ? []
    : [{ path: ['spec', 'ingressClassName'], value: `${name}, and ${annotation} in an annotation`, allowed: 'one class' }];
}

function peersOf(json: JsonObject): Array<{ peer: unknown; path: Path }> {
  return ([['ingress', 'from'], ['egress', 'to']] as const).flatMap(([direction, side]) => asList(get(json, 'spec', direction)).flatMap((rule, i) =>
    asList(get(rule, side)).map((peer, j) => ({ peer, path: ['spec', direction, i, side, j] }))));
}

interface Range {
  readonly from: number;
  readonly to?: number;
}

/** Of an object and of its fields. */
function outside(value: unknown, fields: Readonly<Record<string, Range>>, path: Path, container?: string): Refusal[] {
  return Object.entries(fields).flatMap(([name, { from, to = Infinity }]) => {
    const number = asNumber(get(value, name));
    return number === undefined || (number >= from && number <= to) ? []
      : [{ path: [...path, name], container, value: `${name}: ${number}`, allowed: to === Infinity ? `${from} or more` : to === from ? String(from) : `${from} to ${to}` }];
  });
}

const FROM_ZERO: Range = { from: 0 };
const PORT: Range = { from: 1, to: 65_535 };
/** 0 is the default. */
const ONCE: Range = { from: 0, to: 1 };
/** 0 is none, or the same port. */
const HOST_PORT: Range = { from: 0, to: 65_535 };
const fromZero = (...names: readonly string[]): Readonly<Record<string, Range>> => Object.fromEntries(names.map((name) => [name, FROM_ZERO]));
const OF_PROBES = fromZero('initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold');
const OF_LIVENESS = { ...OF_PROBES, successThreshold: ONCE };
const OF_SPECS = fromZero(
  'replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds', 'backoffLimit', 'parallelism', 'completions', 'activeDeadlineSeconds',
  'ttlSecondsAfterFinished', 'startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit',
);

/** Numbers and texts of a workload that the API server does not take. */
export function outOfBounds(workload: Workload): Refusal[] {
  const { resource, spec, specPath } = workload;
  return [
    ...outside(resource.json.spec, resource.kind === 'Pod' ? {} : OF_SPECS, ['spec']),
    ...outside(spec, { activeDeadlineSeconds: FROM_ZERO }, specPath),
    ...workload.allContainers.flatMap(({ json, path, name }) => [
      ...PROBE_KINDS.flatMap((probe) => [
        ...outside(json[probe], probe === 'readinessProbe' ? OF_PROBES : OF_LIVENESS, [...path, probe], name),
        ...HANDLERS.flatMap((handler) => outside(get(json, probe, handler), { port: PORT }, [...path, probe, handler], name)),
      ]),
      ...HOOKS.flatMap((hook) => ['httpGet', 'tcpSocket'].flatMap((handler) =>
        outside(get(json, 'lifecycle', hook, handler), { port: PORT }, [...path, 'lifecycle', hook, handler], name))),
      ...asList(json.ports).flatMap((port, i) => outside(port, { containerPort: PORT, hostPort: HOST_PORT }, [...path, 'ports', i], name)),
      ...asList(json.volumeMounts).flatMap((mount, i) => subPathOf(mount, [...path, 'volumeMounts', i, 'subPath'], name)),
    ]),
    ...asList(spec.volumes).flatMap((volume, i) => modesOf(volume, [...specPath, 'volumes', i])),
    ...profilesOf(workload),
    ...standingStill(resource),
    ...deadlineOf(resource),
    ...scheduleOf(resource),
  ];
}

const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** Profiles of AppArmor by annotations, as before Kubernetes 1.30, each of a container. A Pod may get more of them before it is looked at. */
function profilesOf({ resource: { kind, json }, allContainers, podPath }: Workload): Refusal[] {
  if (kind === 'Pod' || allContainers.length === 0) return [];
  const names = allContainers.map(({ name }) => name);
  return Object.entries(asMap(get(json, ...podPath, 'metadata', 'annotations'))).flatMap(([key, value]): Refusal[] => {
    if (!key.startsWith(APPARMOR) || isFilledIn(key)) return [];
    const [name, profile, at] = [key.slice(APPARMOR.length), asText(value) ?? '', [...podPath, 'metadata', 'annotations', key]];
    if (!names.includes(name)) return [{ path: at, value: name, allowed: names.join(', '), note: 'the pod has no such container' }];
    return isFilledIn(profile) || /^(runtime\/default|unconfined|localhost\/.*)$/.test(profile) ? [] : [{ path: at, container: name, value: profile, allowed: 'runtime/default, unconfined, localhost/<PROFILE>' }];
  });
}

/** A Deployment has to have the time for a pod to count as available. */
function deadlineOf({ kind, json: { spec } }: Resource): Refusal[] {
  const [ready, deadline] = [asNumber(get(spec, 'minReadySeconds')) ?? 0, asNumber(get(spec, 'progressDeadlineSeconds')) ?? 600];
  return kind !== 'Deployment' || ready < deadline ? []
    : [{ path: ['spec', 'minReadySeconds'], value: `minReadySeconds: ${ready}`, allowed: `less than progressDeadlineSeconds, ${deadline}` }];
}

function subPathOf(mount: unknown, at: Path, container: string): Refusal[] {
  const subPath = asText(get(mount, 'subPath')) ?? '';
  return !subPath.startsWith('/') && !subPath.split('/').includes('..') ? []
    : [{ path: at, container, value: subPath, allowed: 'a path in the volume, without a slash in front and without ..' }];
}

/** The modes of the files of a volume: 0755 is octal to YAML, and 755 is not. */
function modesOf(volume: unknown, at: Path): Refusal[] {
  const wrong = (holder: unknown, field: string, path: Path): Refusal[] => {
    const mode = asNumber(get(holder, field));
    return mode === undefined || (mode >= 0 && mode <= 0o777) ? []
      : [{ path: [...path, field], value: `${field}: ${mode}`, allowed: /^[0-7]{3}$/.test(String(mode)) ? `0${mode}` : '0 to 0777' }];
  };
  const kinds = ['configMap', 'secret', 'projected', 'downwardAPI'];
  const ofItems = (source: unknown, kind: string, path: Path): Refusal[] =>
    asList(get(source, kind, 'items')).flatMap((item, i) => wrong(item, 'mode', [...path, kind, 'items', i]));
  return [
    ...kinds.flatMap((kind) => [...wrong(get(volume, kind), 'defaultMode', [...at, kind]), ...ofItems(volume, kind, at)]),
    ...asList(get(volume, 'projected', 'sources')).flatMap((source, i) => kinds.flatMap((kind) => ofItems(source, kind, [...at, 'projected', 'sources', i]))),
  ];
}

/** Neither a pod more nor a pod less than wanted: no pod could ever be replaced. */
function standingStill({ kind, json }: Resource): Refusal[] {
  const strategy = get(json, 'spec', 'strategy');
  const options = get(strategy, 'rollingUpdate');
  const isZero = (name: string) => /^0%?$/.test(asScalar(get(options, name)) ?? '');
  // Next to Recreate it is wrong for another reason.
  return kind !== 'Deployment' || get(strategy, 'type') === 'Recreate' || !isZero('maxSurge') || !isZero('maxUnavailable') ? []
    : [{ path: ['spec', 'strategy', 'rollingUpdate'], value: 'maxSurge: 0, maxUnavailable: 0', allowed: 'one of them above 0' }];
}

function scheduleOf({ kind, json }: Resource): Refusal[] {
  if (kind !== 'CronJob') return [];
  const [schedule, zone] = [asText(get(json, 'spec', 'schedule')), asText(get(json, 'spec', 'timeZone'))];
  const wrong = schedule === undefined || isFilledIn(schedule.replace(/^@/, '')) ? undefined : badSchedule(schedule);
  return [
    ...wrong === undefined ? [] : [{ path: ['spec', 'schedule'], value: schedule!, allowed: 'minute, hour, day of the month, month, day of the week', note: wrong }],
    ...zone === undefined || isFilledIn(zone) || isTimeZone(zone) ? [] : [{ path: ['spec', 'timeZone'], value: zone, allowed: 'a name such as Europe/Berlin, or Etc/UTC' }],
  ];
}

/** The same of what scales, guards and publishes workloads. */
export function outOfBoundsIn({ kind, json, apiVersion }: Resource): Refusal[] {
  const spec = json.spec;
  switch (kind) {
    case 'Service': return asList(get(spec, 'ports')).flatMap((port, i) => outside(port, { port: PORT, targetPort: HOST_PORT }, ['spec', 'ports', i]));
    case 'HorizontalPodAutoscaler': return [...outside(spec, { maxReplicas: { from: 1 } }, ['spec']), ...fewest(spec), ...targets(spec)];
    case 'NetworkPolicy': return peersOf(json).flatMap(({ peer, path }): Refusal[] => {
      const cidr = asText(get(peer, 'ipBlock', 'cidr'));
      return cidr === undefined || isFilledIn(cidr) || isCidr(cidr) ? [] : [{ path: [...path, 'ipBlock', 'cidr'], value: cidr, allowed: 'an address and a length, such as 10.0.0.0/8' }];
    });
    case 'Ingress': return apiVersion !== INGRESS_API ? [] : asList(get(spec, 'rules')).flatMap((rule, i) => [
      ...hostOf(get(rule, 'host'), ['spec', 'rules', i, 'host']),
      ...asList(get(rule, 'http', 'paths')).flatMap((one, j) => pathOf(one, ['spec', 'rules', i, 'http', 'paths', j, 'path'])),
    ]);
    default: return [];
  }
}

/** A name of DNS, which may begin with `*.`. */
const isHost = (host: string): boolean => DNS_SUBDOMAIN.of.test(host.replace(/^\*\./, '')) && !/^\d+(\.\d+){3}$/.test(host);

/** No URL, no port and no address. */
function hostOf(host: unknown, path: Path): Refusal[] {
  if (typeof host !== 'string' || isFilledIn(host) || isHost(host)) return [];
  const meant = /^(?:[a-z]+:\/\/)?([^/:]*)/.exec(host.toLowerCase())![1];
  return [{ path, value: host, allowed: isHost(meant) ? meant : 'a name of DNS: lowercase letters, digits, - and .' }];
}

function pathOf(one: unknown, at: Path): Refusal[] {
  const path = asText(get(one, 'path'));
  if (path === undefined) return /^(Exact|Prefix)$/.test(asText(get(one, 'pathType')) ?? '') ? [{ path: at, value: 'no path', allowed: '/' }] : [];
  return isFilledIn(path) || path.startsWith('/') ? [] : [{ path: at, value: path, allowed: `/${path}` }];
}

/** A metric whose target has no number. */
function targets(spec: unknown): Refusal[] {
  return asList(get(spec, 'metrics')).flatMap((metric, i) => ['resource', 'containerResource'].flatMap((source): Refusal[] => {
    const target = get(metric, source, 'target');
    return !isMap(target) || givenOf(target, ['averageUtilization', 'averageValue']).length > 0 ? []
      : [{ path: ['spec', 'metrics', i, source, 'target'], value: `type: ${asScalar(target.type) ?? ''}`, allowed: 'averageUtilization, or averageValue' }];
  }));
}

function fewest(spec: unknown): Refusal[] {
  const [least, most] = [asNumber(get(spec, 'minReplicas')), asNumber(get(spec, 'maxReplicas'))];
  if (least === undefined) return [];
  const at = { path: ['spec', 'minReplicas'], value: `minReplicas: ${least}` };
  if (most !== undefined && least > most) return [{ ...at, allowed: `at most maxReplicas, ${most}` }];
  const types = asList(get(spec, 'metrics')).map((metric) => asText(get(metric, 'type')));
  const ofOthers = types.some((type) => type === 'External' || type === 'Object');
  return least > 0 ? [] : [{ ...at, allowed: '1 or more', ...ofOthers && least === 0 ? { unless: 'the cluster has the feature HPAScaleToZero' } : {} }];
}
