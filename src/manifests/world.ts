import { CLUSTER_DOMAIN } from '../celery/hosts';
import { lazy, remembered } from '../memo';
import { grouped } from './grouped';
import { asMap, asScalar, asText, get, JsonObject } from './json';
import { Container } from './pod/container';
import { Place } from './place';
import { Workload } from './pod/workload';
import { Process } from './process';
import { isUnknown, recognise } from './recognise';
import { RedisServer } from './redis-server';
import { Resource, resources, withoutType } from './resource';

/**
 * All manifests of one run, and how they refer to each other: an index, complete once it is built.
 *
 * What follows from them is computed by functions over it: code, network, brokers, scalers, installs.
 */
export class World {
  public readonly resources: readonly Resource[];
  public readonly workloads: readonly Workload[];
  /** Processes of Celery, or containers that call it in some other way, by container. */
  public readonly processes: readonly Process[];
  public readonly workers: readonly Process[];
  public readonly beats: readonly Process[];
  public readonly flowers: readonly Process[];
  public readonly redisServers: readonly RedisServer[];
  private readonly kinds: ReadonlyMap<string, readonly Resource[]>;
  private readonly named: ReadonlyMap<string, readonly Resource[]>;
  private readonly podsByLabel: ReadonlyMap<string, readonly Workload[]>;
  private readonly processesOf: ReadonlyMap<Workload, readonly Process[]>;
  private readonly redisOf: ReadonlyMap<Workload, readonly RedisServer[]>;

  /**
   * @param complete whether these are all objects that there are: those of a program, which has all in sight that it writes
   * @param counting those of the objects that it is about
   */
  public constructor(private readonly objects: readonly unknown[], public readonly complete = false, counting = resources(objects)) {
    this.resources = counting;
    this.kinds = grouped(this.resources.map((resource) => [resource.kind, resource]));
    this.named = grouped(this.resources.map((resource) => [key(resource.kind, resource.namespace, resource.name), resource]));
    this.workloads = this.resources.filter((resource) => Workload.is(resource)).map((resource) => new Workload(resource, {
      configMap: (name) => this.find('ConfigMap', resource.namespace, name), secret: (name) => this.find('Secret', resource.namespace, name),
    }));
    this.podsByLabel = grouped(this.workloads.flatMap((workload) => Object.entries(workload.labels).map(([label, value]) =>
      [key(workload.resource.namespace, label, asScalar(value) ?? ''), workload] as const)));
    const containers = this.workloads.flatMap((workload) => workload.containers);
    this.processes = recognise(this.workloads);
    this.workers = this.processes.filter(({ role }) => role === 'worker');
    this.beats = this.processes.filter(({ role }) => role === 'beat');
    this.flowers = this.processes.filter(({ role }) => role === 'flower');
    this.processesOf = grouped(this.processes.map((process) => [process.workload, process]));
    this.redisServers = containers.flatMap((container) => RedisServer.read(container) ?? []);
    this.redisOf = grouped(this.redisServers.map((server) => [server.container.workload, server]));
  }

  /** The same with some of its resources only. */
  public of(some: ReadonlySet<Resource>): World {
    return new World([], this.complete, this.resources.filter((resource) => some.has(resource)));
  }

  /** What is no object for kubectl: nothing else is known of them. */
  public get withoutType(): readonly Resource[] {
    return withoutType(this.objects);
  }

  public kind(kind: string): readonly Resource[] {
    return this.kinds.get(kind) ?? [];
  }

  /** The object of that name; of several the last of the input, which is what `kubectl apply` leaves. */
  public find(kind: string, namespace: string, name: string): Resource | undefined {
    const found = this.named.get(key(kind, namespace, name));
    return found?.reduce((last, next) => isAfter(next, last) ? next : last);
  }

  /** Whether an object is the one that stays, of those with its name. */
  public isLast(resource: Resource): boolean {
    return this.find(resource.kind, resource.namespace, resource.name) === resource;
  }

  /** Whether another object of its group, kind and name comes after it. */
  public isReplaced(resource: Resource): boolean {
    return replacedObjects(this).has(resource);
  }

  /** Objects of which the input has several with the same name, each with the one that counts. */
  public get replaced(): ReadonlyArray<{ readonly resource: Resource; readonly by: Resource }> {
    return replaced(this);
  }

  public in(workload: Workload): readonly Process[] {
    return this.processesOf.get(workload) ?? [];
  }

  /** The processes of the container at a place, or of all of its workload. */
  public processesAt({ resource, container }: Place): readonly Process[] {
    const workload = byResource(this).get(resource);
    const all = workload ? this.in(workload) : [];
    return container === undefined ? all : all.filter((process) => process.container.name === container);
  }

  public redisIn(workload: Workload): readonly RedisServer[] {
    return this.redisOf.get(workload) ?? [];
  }

  /** The workers of the application that a process names, in its namespace. */
  public workersOf(process: Process): readonly Process[] {
    return workersByApp(this).get(appKey(process)) ?? [];
  }

  public beatsOf(process: Process): readonly Process[] {
    return beatsByApp(this).get(appKey(process)) ?? [];
  }

  /** Containers that look like Celery, though no command of Celery is in sight: what its options are is unknown. */
  public get unknown(): readonly Container[] {
    return unknown(this);
  }

  /** Workloads whose pods a selector of labels takes. */
  public select(namespace: string, selector: JsonObject): readonly Workload[] {
    const wanted = Object.entries(selector);
    if (wanted.length === 0) return [];
    const lists = wanted.map(([label, value]) => this.podsByLabel.get(key(namespace, label, asScalar(value) ?? '')) ?? []);
    const shortest = lists.reduce((best, next) => next.length < best.length ? next : best);
    return shortest.filter((workload) => wanted.every(([label, value]) => asScalar(get(workload.labels, label)) === asScalar(value)));
  }

  /** The Service that a host name means from within a namespace. */
  public service(host: string, from: string): Resource | undefined {
    return this.serviceOfName(host, from) ?? this.serviceOfPod(host, from);
  }

  /** That of a pod of a StatefulSet: `redis-0.redis`. */
  private serviceOfPod(host: string, from: string): Resource | undefined {
    const [, set, rest] = /^([a-z0-9-]+)-\d+\.(.+)$/.exec(host) ?? [];
    const service = rest === undefined ? undefined : this.serviceOfName(rest, from);
    return service && this.backing(service).some(({ resource: { kind, name } }) => kind === 'StatefulSet' && name === set) ? service : undefined;
  }

  private serviceOfName(host: string, from: string): Resource | undefined {
    const [name, namespace, svc, ...rest] = host.split('.');
    if (namespace !== undefined && svc !== undefined && svc !== 'svc') return undefined;
    if (rest.length > 0 && rest.join('.') !== CLUSTER_DOMAIN) return undefined;
    // Manifests that name no namespace are applied to the one that a name in full has.
    return this.find('Service', namespace ?? from, name)
      ?? (namespace !== undefined && from === '' ? this.find('Service', '', name) : undefined);
  }

  /** The workloads that answer for a Service: the same list for all Services with one selector. */
  public backing(service: Resource): readonly Workload[] {
    const selector = Object.entries(asMap(get(service.json, 'spec', 'selector'))).map(([label, value]) => [label, asScalar(value)]).sort();
    return selected(this)(service.namespace, JSON.stringify(selector));
  }

  /** The workload that an autoscaler, a disruption budget and the like name. */
  public target(namespace: string, ref: unknown, defaultKind?: string): Workload | undefined {
    const resource = this.find(asText(get(ref, 'kind')) ?? defaultKind ?? '', namespace, asText(get(ref, 'name')) ?? '');
    return resource && byResource(this).get(resource);
  }
}

const replaced = lazy((world: World) => [...grouped(world.resources.filter(({ json }) => get(json, 'metadata', 'name') !== undefined)
  .map((resource) => [key(groupOf(resource), resource.kind, resource.namespace, resource.name), resource])).values()]
  .filter((same) => same.length > 1)
  .flatMap((same) => {
    const by = same.reduce((last, next) => isAfter(next, last) ? next : last);
    return same.filter((resource) => resource !== by).map((resource) => ({ resource, by }));
  }));

const replacedObjects = lazy((world: World): ReadonlySet<Resource> => new Set(world.replaced.map(({ resource }) => resource)));

/** By a namespace and the labels of a selector, as JSON. */
const selected = lazy((world: World) => remembered((namespace: string, labels: string) =>
  world.select(namespace, Object.fromEntries(JSON.parse(labels) as Array<[string, unknown]>))));

const workersByApp = lazy(({ workers }: World) => grouped(workers.map((process) => [appKey(process), process])));

const beatsByApp = lazy(({ beats }: World) => grouped(beats.map((process) => [appKey(process), process])));

const byResource = lazy(({ workloads }: World) => new Map(workloads.map((workload) => [workload.resource, workload])));

const unknown = lazy((world: World) => world.workloads.filter(({ longRunning }) => longRunning).flatMap((workload) => {
  const redis = new Set(world.redisIn(workload).map(({ container }) => container));
  return workload.containers.filter((container) => !redis.has(container)
    && isUnknown(container, world.in(workload).filter((process) => process.container === container)));
}));

/** The group of its API: what was in `extensions` once is the same object in its group of today. */
function groupOf({ apiVersion, kind }: Resource): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? '' : group !== 'extensions' ? group : /^(Ingress|NetworkPolicy)$/.test(kind) ? 'networking.k8s.io' : 'apps';
}

function isAfter(one: Resource, other: Resource): boolean {
  if (one.index !== other.index) return one.index > other.index;
  for (const [i, step] of one.prefix.entries()) {
    if (step !== other.prefix[i]) return Number(step) > Number(other.prefix[i] ?? -1);
  }
  return false;
}

function appKey(process: Process): string {
  return key(process.workload.resource.namespace, process.app ?? '\u0000');
}

function key(...parts: readonly string[]): string {
  return parts.join('\n');
}
