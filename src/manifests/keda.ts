import { QUEUE_SCALERS } from '../celery/queue-scalers';
import { isFilledIn } from '../celery/filled-in';
import { nearest } from '../nearest';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject, Path } from './json';
import { Resource } from './resource';
import { authenticationValues } from './scalers';
import type { World } from './world';

/** Why KEDA makes no autoscaler of a ScaledObject, or why its scaler does not start. No value of a Secret is in it. */
export interface KedaRefusal {
  readonly path: Path;
  readonly value: string;
  readonly allowed?: string;
  readonly note: string;
  /** Something is not there, which the base of a patch may have. */
  readonly lacks?: true;
  readonly unless?: string;
}

const FIELDS = [
  'scaleTargetRef', 'pollingInterval', 'initialCooldownPeriod', 'cooldownPeriod', 'idleReplicaCount', 'minReplicaCount', 'maxReplicaCount', 'advanced', 'triggers', 'fallback',
];
const OF_TRIGGERS = ['type', 'name', 'useCachedMetrics', 'metadata', 'authenticationRef', 'metricType'];

/** The scalers that workers of Celery are scaled by, and those that are near by their names. */
const TYPES = [...QUEUE_SCALERS.keys(), 'redis-streams', 'redis-cluster-streams', 'redis-sentinel-streams', 'cpu', 'memory', 'cron', 'prometheus', 'external', 'external-push'];

/** What is wrong with a ScaledObject, whatever its workload is. */
export function kedaRefusals(scaler: Resource, world: World): KedaRefusal[] {
  const { apiVersion, json } = scaler;
  if (apiVersion.startsWith('keda.k8s.io/')) return [{ path: ['apiVersion'], value: apiVersion, allowed: 'keda.sh/v1alpha1', note: 'that is of KEDA 1' }];
  const spec = asMap(json.spec);
  return [
    ...unknown(spec, FIELDS, ['spec']), ...missingIn(spec), ...countsOf(spec), ...targetOf(spec),
    ...asList(spec.triggers).flatMap((trigger, i) => {
      const path = ['spec', 'triggers', i];
      return [...unknown(trigger, OF_TRIGGERS, path), ...notTexts(get(trigger, 'metadata'), [...path, 'metadata']), ...ofTrigger(trigger, path, scaler, world)];
    }),
  ];
}

function unknown(value: unknown, fields: readonly string[], path: Path): KedaRefusal[] {
  return Object.keys(asMap(value)).filter((name) => !fields.includes(name) && !isFilledIn(name))
    .map((name) => ({ path: [...path, name], value: name, allowed: nearest(name, fields) ?? beginsAlike(name, fields) ?? fields.join(', '), note: 'KEDA has no such field here' }));
}

/** What the API server refuses it without. */
function missingIn(spec: unknown): KedaRefusal[] {
  return ['scaleTargetRef', 'triggers'].filter((name) => (get(spec, name) ?? undefined) === undefined)
    .map((name) => ({ path: ['spec'], value: `no ${name}`, allowed: name, note: 'the API server asks for it', lacks: true as const }));
}

/** `minReplicas` is `minReplicaCount`, and `cooldown` is `cooldownPeriod`. */
function beginsAlike(name: string, fields: readonly string[]): string | undefined {
  const shared = (field: string): number => [...name].findIndex((letter, i) => letter !== field[i]);
  return fields.find((field) => shared(field) === -1 || shared(field) > name.length * 2 / 3);
}

function notTexts(metadata: unknown, path: Path): KedaRefusal[] {
  return Object.entries(asMap(metadata)).flatMap(([name, value]) => typeof value === 'number' || typeof value === 'boolean'
    ? [{ path: [...path, name], value: `${name}: ${value}`, allowed: 'a text in quotes', note: `it is a ${typeof value}` }] : []);
}

function countsOf(spec: unknown): KedaRefusal[] {
  const count = (name: string) => asNumber(get(spec, name));
  const [least, most, idle] = [count('minReplicaCount'), count('maxReplicaCount') ?? 100, count('idleReplicaCount')];
  return [
    ...least !== undefined && least > most
      ? [{ path: ['spec', 'minReplicaCount'], value: `minReplicaCount: ${least}`, allowed: `at most maxReplicaCount, ${most}`, note: 'the fewest pods are more than the most' }] : [],
    // KEDA takes a minReplicaCount of 0 for 1 here.
    ...idle !== undefined && idle >= (least === undefined ? 0 : Math.max(least, 1))
      ? [{ path: ['spec', 'idleReplicaCount'], value: `idleReplicaCount: ${idle}`, allowed: 'less than minReplicaCount', note: 'KEDA refuses as many pods for idle times' }] : [],
    ...(least ?? 0) === 0 && !wakes(spec)
      ? [{ path: ['spec', 'minReplicaCount'], value: `minReplicaCount: ${least ?? '0 by default'}`, allowed: 'minReplicaCount: 1', note: 'without pods there is no CPU and memory to scale by' }] : [],
  ];
}

/** One of the triggers measures something other than pods, so that it can start the first of them. */
function wakes(spec: unknown): boolean {
  const types = asList(get(spec, 'triggers')).map((trigger) => asText(get(trigger, 'type')) ?? '');
  return types.length === 0 || types.some((type) => type !== 'cpu' && type !== 'memory');
}

/** Built-in workloads without a number of pods that could be changed. */
const UNSCALED = ['DaemonSet', 'Job', 'CronJob', 'Pod'];

function targetOf(spec: unknown): KedaRefusal[] {
  const kind = asText(get(spec, 'scaleTargetRef', 'kind')) ?? '';
  return UNSCALED.includes(kind)
    ? [{ path: ['spec', 'scaleTargetRef', 'kind'], value: kind, allowed: 'Deployment or StatefulSet', note: 'it has no number of pods to scale' }] : [];
}

function ofTrigger(trigger: unknown, path: Path, scaler: Resource, world: World): KedaRefusal[] {
  const type = asText(get(trigger, 'type')) ?? '';
  const metadata = get(trigger, 'metadata');
  if (type === 'cron') return isMap(metadata) ? ofCron(metadata, [...path, 'metadata']) : [];
  const reader = QUEUE_SCALERS.get(type);
  if (!reader) {
    const known = [...QUEUE_SCALERS.keys()];
    const meant = TYPES.includes(type) || isFilledIn(type) ? undefined : known.find((name) => type.startsWith(`${name}-`)) ?? nearest(type, known);
    return meant === undefined ? [] : [{ path: [...path, 'type'], value: type, allowed: meant, note: 'KEDA has no scaler of that name' }];
  }
  if (!isMap(metadata)) return [];
  const at = [...path, 'metadata'];
  const fromEnv = Object.keys(metadata).some((name) => /^queue.*FromEnv$/.test(name));
  return [
    ...metadata[reader.queue] === undefined && !fromEnv ? [{ path: at, value: `no ${reader.queue}`, allowed: reader.queue, note: 'the scaler does not start without it', lacks: true as const }] : [],
    ...type === 'redis' ? addressOf(metadata.address, at) : [],
    ...byAuthentication(type, trigger, path, scaler, world),
  ];
}

/** What the scaler of times does not start without. */
function ofCron(metadata: JsonObject, path: Path): KedaRefusal[] {
  return ['timezone', 'start', 'end', 'desiredReplicas'].filter((name) => metadata[name] === undefined)
    .map((name) => ({ path, value: `no ${name}`, allowed: name, note: 'the scaler does not start without it' }));
}

/** `redis://redis:6379`, or a host without a port. */
function addressOf(given: unknown, path: Path): KedaRefusal[] {
  const address = asScalar(given);
  if (address === undefined || isFilledIn(address) || /^[^:/\s]+:\d+$/.test(address) || /^\[.*\]:\d+$/.test(address)) return [];
  const note = address.includes('://') ? 'it is a URL' : address.includes(':') ? undefined : 'it has no port';
  return note === undefined ? [] : [{ path: [...path, 'address'], value: `address: ${address}`, allowed: 'host:port', note }];
}

/** What the TriggerAuthentication of a trigger gives, where that and its Secrets are in the input. */
function byAuthentication(type: string, trigger: unknown, path: Path, scaler: Resource, world: World): KedaRefusal[] {
  const metadata = asMap(get(trigger, 'metadata'));
  const name = asText(get(trigger, 'authenticationRef', 'name'));
  const authentication = name === undefined || get(trigger, 'authenticationRef', 'kind') === 'ClusterTriggerAuthentication' ? undefined
    : world.find('TriggerAuthentication', scaler.namespace, name);
  const spec = asMap(authentication?.json.spec);
  const given = authenticationValues(authentication, world);
  const at = [...path, 'authenticationRef'];
  const isUrl = (text: string | undefined): boolean => /^[a-z][a-z0-9+]*:\/\//.test(text ?? '');
  const scheme = /^([a-z]+):\/\//.exec(given.get('host') ?? '')?.[1];
  const protocol = asText(metadata.protocol);
  const onlySecrets = authentication !== undefined && Object.keys(spec).every((field) => field === 'secretTargetRef');
  return [
    ...type === 'rabbitmq' && (onlySecrets || name === undefined) && !given.has('host') && ['host', 'hostFromEnv'].every((field) => metadata[field] === undefined)
      ? [{ path: at, value: `parameter ${[...given.keys()].join(', ') || 'host is missing'}`, allowed: 'parameter: host, with the URL of RabbitMQ', note: 'nothing gives the host' }] : [],
    ...isUrl(given.get('password')) ? [{ path: at, value: 'parameter: password', allowed: 'the key of the password', note: 'the Secret has a whole URL there' }] : [],
    ...type === 'rabbitmq' && ((protocol === 'http' && /^amqps?$/.test(scheme ?? '')) || (protocol === 'amqp' && /^https?$/.test(scheme ?? '')))
      ? [{ path: [...path, 'metadata', 'protocol'], value: `protocol: ${protocol}`, note: `its URL is ${scheme}://` }] : [],
  ];
}
