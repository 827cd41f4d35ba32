import { BrokerUrl, isRedis, redisDatabase } from '../celery/url';
import { lazy } from '../memo';
import { brokerUrls } from './broker-urls';
import { exporters } from './exporters';
import { grouped } from './grouped';
import { asScalar } from './json';
import { LABELS } from './labels';
import { Workload } from './pod/workload';
import { Process } from './process';
import type { World } from './world';

/** The labels by which charts name the release or the application that an object is part of. */
const OWNERS = [LABELS.instance, LABELS.partOf, 'release'];

/** Words of names that say what something is, and not whose. */
const ROLES = new Set(('app application api backend beat broker brokers cache celery celerybeat cluster cron data db default deployment dev django '
  + 'dragonfly exporter flask flower headless high keydb leader local low main master message messages mq node pod prefork primary priority '
  + 'prod production queue queues rabbit rabbitmq redis replica results scheduler secondary server service slave staging standalone statefulset store svc '
  + 'task tasks test valkey web worker workers').split(' '));

/**
 * Whose something is: what its labels say, and the words of its name that are no role (`shop` of `shop-redis-master`).
 *
 * A label that repeats the name of its object says nothing about others.
 */
export const owners: (workload: Workload) => ReadonlySet<string> = lazy(({ resource, labels }: Workload) => {
  const given = OWNERS.flatMap((label) => asScalar(labels[label]) ?? asScalar(resource.labels[label]) ?? [])
    .filter((value) => value !== resource.name);
  const words = resource.name.toLowerCase().split(/[-_.]+/).filter((word) => word !== '' && !ROLES.has(word) && !/^\d+$/.test(word));
  return new Set([...given.map((value) => value.toLowerCase()), ...words]);
});

/** Their names or labels say that they belong to one application. */
export function areKin(one: Workload, other: Workload): boolean {
  return [...owners(one)].some((owner) => owners(other).has(owner));
}

/** The server and database of a URL, to compare it with others; undefined where it is out of sight. */
function address(url: BrokerUrl | undefined): string | undefined {
  if (!url || url.host === '') return undefined;
  // `redis` and `redis.shop.svc.cluster.local`; whoever asks is in the same namespace.
  const [host, , third] = url.host.split('.');
  const database = isRedis(url) ? redisDatabase(url) ?? '?' : url.database ?? '';
  return `${third === undefined || third === 'svc' ? host : url.host}/${database}`;
}

interface Observer {
  readonly workload: Workload;
  readonly broker?: BrokerUrl;
  readonly app?: string;
}

/** Workers of which a Flower shows the events. */
export const seenByFlower: (world: World) => ReadonlySet<Process> = lazy((world: World) =>
  seen(world.flowers.map(({ workload, link, app }) => ({ workload, broker: link?.url, app })), world));

/** Workers of whose events an exporter makes metrics. */
export const seenByExporter: (world: World) => ReadonlySet<Process> = lazy((world: World) =>
  seen(exporters(world).map(({ container }) => ({ workload: container.workload, broker: brokerUrls(container)[0] })), world));

/** The workers that observers look at: in their namespace, on their broker, and of their application where something says which that is. */
function seen(observers: readonly Observer[], world: World): ReadonlySet<Process> {
  const found = new Set<Process>();
  if (observers.length === 0) return found;
  const byNamespace = grouped(world.workers.map((worker) => [worker.workload.resource.namespace, worker]));
  for (const group of grouped(observers.map((one) => [questionOf(one), one])).values()) {
    const { workload, app } = group[0];
    const broker = address(group[0].broker);
    // From a namespace of monitoring the name of the broker says where the workers are.
    const named = /^[a-z0-9-]+\.([a-z0-9-]+)(?:\.svc\b.*)?$/.exec(group[0].broker?.host ?? '')?.[1] ?? '';
    const near = (byNamespace.get(byNamespace.has(named) ? named : workload.resource.namespace) ?? []).filter((worker) => {
      const own = address(worker.link?.url);
      return broker === undefined || own === undefined || own === broker;
    });
    const own = near.filter((worker) => (app !== undefined && worker.app === app) || areKin(worker.workload, workload));
    for (const worker of own.length > 0 && broker === undefined ? own : near) found.add(worker);
  }
  return found;
}

/** Observers that ask for the same workers share the answer. */
function questionOf({ workload, broker, app }: Observer): string {
  return [workload.resource.namespace, address(broker) ?? '', broker?.host ?? '', app ?? '', ...[...owners(workload)].sort()].join('\n');
}
