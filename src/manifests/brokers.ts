import { isRedis, isSentinel, parseUrl } from '../celery/url';
import { lazy, remembered } from '../memo';
import { areKin, owners } from './applications';
import { brokerUrls } from './broker-urls';
import { grouped } from './grouped';
import { hasCelery, processesIn, redisServersIn } from './in-namespace';
import { Container } from './pod/container';
import { Env } from './pod/env';
import { Process } from './process';
import { rabbitHosts, rabbitNamespaces } from './rabbit-server';
import { RedisServer } from './redis-server';
import { Resource } from './resource';
import { leadsNowhere, UrlUse } from './uses';
import type { World } from './world';

/** The Redis servers of the input that a URL leads to. */
export function redisFor(use: UrlUse, world: World): readonly RedisServer[] {
  return isRedis(use.url) ? serversAt(world)(use.at.resource.namespace, use.url.host) : [];
}

const NONE: readonly RedisServer[] = [];

/** By the namespace of who asks, and the host name. */
const serversAt = lazy((world: World) => world.redisServers.length === 0 ? () => NONE : remembered((from: string, host: string) => {
  const service = world.service(host, from);
  return service ? world.backing(service).flatMap((workload) => world.redisIn(workload)) : NONE;
}));

/**
 * Whether Celery uses a Redis as its broker: for certain; as far as names of variables tell; or because there is no other next to it, and
 * nothing says otherwise.
 */
export type BrokerUse = 'yes' | 'possible' | 'no';

export function brokerUse(server: RedisServer, world: World): BrokerUse {
  const { certain, possible } = brokers(world);
  return certain.has(server) ? 'yes' : possible.has(server) ? 'possible' : 'no';
}

/** The Redis servers that processes of Celery are given, for whatever purpose, and those that may be its broker. */
export const redisOfCelery: (world: World) => ReadonlySet<RedisServer> = lazy((world: World) => new Set([
  ...world.redisServers.filter((server) => brokerUse(server, world) !== 'no'),
  ...world.redisServers.length === 0 ? NONE : world.processes.flatMap(({ container, workload, urls }) => [
    ...urls.flatMap((use) => redisFor(use, world)),
    ...hosts(container).flatMap(({ host }) => serversAt(world)(workload.resource.namespace, host)),
  ]),
]));

/** By the URLs of Celery's processes and of those that send to them, or else by some variable that names it, or else by its being the only one. */
const brokers = lazy((world: World) => {
  const certain = new Set<RedisServer>();
  const possible = new Set<RedisServer>();
  if (world.redisServers.length === 0) return { certain, possible };
  // Whoever has it, a producer, an exporter or something out of sight: the name says what it is for.
  for (const { containers, resource } of world.workloads) {
    for (const url of containers.flatMap(brokerUrls)) {
      for (const server of isRedis(url) ? serversAt(world)(resource.namespace, url.host) : NONE) certain.add(server);
    }
  }
  for (const process of world.processes) {
    const { link, container, workload } = process;
    if (link) {
      const { namespace } = workload.resource;
      for (const server of isRedis(link.url) ? serversAt(world)(namespace, meantHost(link, container.env)) : NONE) certain.add(server);
      for (const server of isSentinel(link.url) ? behindSentinel(world, world.service(link.url.host, namespace)) : NONE) possible.add(server);
      continue;
    }
    const another = rabbitHosts(process, world).length > 0;
    const only = another ? undefined : onlyRedis(process, world);
    for (const { host, isBroker } of hosts(container)) {
      // Of a Redis and a RabbitMQ it is the RabbitMQ that keeps the queues.
      if (another && !isBroker) continue;
      for (const server of serversAt(world)(workload.resource.namespace, host)) (isBroker || host === only ? certain : possible).add(server);
    }
  }
  for (const server of alone(world, certain)) if (!certain.has(server)) possible.add(server);
  return { certain, possible };
});

/**
 * The host of the one Redis that variables name (`REDIS_URL`, `REDIS_HOST`), where all of them are in sight, none says broker, and there is no
 * RabbitMQ: of 43 public deployments like that the code of none had a broker of another kind.
 */
function onlyRedis({ container, workload }: Process, world: World): string | undefined {
  const { env } = container;
  if (env.open || rabbitNamespaces(world).has(workload.resource.namespace) || [...env.all()].some(({ name }) => /BROKER|RABBIT|AMQP|SQS/i.test(name))) return undefined;
  const named = new Set(hosts(container).flatMap(({ name, host }) => /(^|_)(REDIS|VALKEY)_?(HOST|SERVER|ADDR|SERVICE|UR[IL]|DSN)/i.test(name) && !NO_BROKER.test(name) ? host : []));
  return named.size === 1 ? [...named][0] : undefined;
}

/** The host of a URL; where it is a $(NAME) that stays as it is, because NAME is defined after it or is of a Secret, what was meant. */
function meantHost({ url, text }: UrlUse, env: Env): string {
  const [, name = ''] = url.host.startsWith('$(') ? [...text.matchAll(/\$\((\w+)\)/g)].find(([reference]) => reference.toLowerCase() === url.host) ?? [] : [];
  const variable = env.get(name);
  return (variable?.hidden ?? variable?.value)?.toLowerCase() ?? url.host;
}

/** The one Redis of the namespace of a Sentinel, with what follows it: which one Sentinel looks at, its configuration says. */
function behindSentinel(world: World, sentinel: Resource | undefined): readonly RedisServer[] {
  const near = sentinel === undefined ? NONE : redisServersIn(sentinel.namespace, world)
    .filter(({ container: { name, workload: { resource } } }) => !NO_BROKER.test(`${name} ${resource.name}`));
  return serversIn(near) === 1 ? near : NONE;
}

/** Names that say that a Redis is for something else. */
const NO_BROKER = /cache|session|channel|feature|rate-?limit|sentinel|throttl/i;

/**
 * Where the broker of processes is out of sight: the one Redis in their namespace, or in a namespace without Celery; of several the one that
 * is of their application by its name or labels.
 */
function alone(world: World, certain: ReadonlySet<RedisServer>): RedisServer[] {
  const without = world.processes.filter((process) => (process.link === undefined || (isRedis(process.link.url) && leadsNowhere(process.link, world))) && process.role !== 'other'
    && rabbitHosts(process, world).length === 0);
  if (without.length === 0) return [];
  const byNamespace = grouped(world.redisServers.map((server) => [server.container.workload.resource.namespace, server]));
  const withRabbit = rabbitNamespaces(world);
  const elsewhere = withRabbit.size === 0 && byNamespace.size === 1
    ? [...byNamespace].flatMap(([namespace, servers]) => hasCelery(namespace, world) ? [] : servers) : [];
  return [...grouped(without.map((process) => [process.workload.resource.namespace, process]))].flatMap(([namespace, processes]) => {
    if (withRabbit.has(namespace)) return [];
    const near = byNamespace.get(namespace) ?? elsewhere;
    const candidates = near.filter((server) => !NO_BROKER.test(`${server.container.name} ${server.container.workload.resource.name}`));
    return near.some((server) => certain.has(server)) || serversIn(candidates) > 1
      ? ofApplications(processes, candidates, certain, world) : candidates;
  });
}

/** The pods of one workload, or a primary and what follows it, are one server. */
function serversIn(servers: readonly RedisServer[]): number {
  return new Set(servers.map(({ container }) => primary(container.workload.resource))).size;
}

/** Of several servers in a namespace those that are of the application of one of the processes, and no other is. */
function ofApplications(
  processes: readonly Process[], servers: readonly RedisServer[], certain: ReadonlySet<RedisServer>, world: World,
): RedisServer[] {
  const free = servers.filter((server) => !certain.has(server));
  if (free.length === 0) return [];
  const workloads = [...new Map(processes.map(({ workload }) => [[...owners(workload)].sort().join('\n'), workload])).values()];
  const { namespace } = workloads[0].resource;
  const known = processesIn(namespace, world).filter(({ link }) => link !== undefined).map(({ workload }) => workload);
  const unowned = free.filter(({ container }) => ![...workloads, ...known].some((workload) => areKin(workload, container.workload)));
  const found = new Set<RedisServer>();
  for (const workload of workloads) {
    // Where the broker of one of its processes is in sight, it is that of the others also.
    if (known.some((other) => areKin(other, workload))) continue;
    const kin = servers.filter(({ container }) => areKin(workload, container.workload));
    // One that nothing claims is of the processes that nothing names.
    const own = kin.length > 0 ? kin : known.every((other) => owners(other).size > 0) ? unowned : [];
    if (serversIn(own) === 1) for (const server of own) if (!certain.has(server)) found.add(server);
  }
  return [...found];
}

/** The name of a server without what says that it is one part of several. */
function primary({ name }: Resource): string {
  return name.replace(/[-_](master|primary|leader|replicas?|slave|follower|node|\d+)$/, '');
}

interface GivenHost {
  /** Of the variable, or of the key of a file. */
  readonly name: string;
  readonly host: string;
  readonly isBroker: boolean;
}

/** The hosts that variables name, by themselves or in a URL of Redis, and those of such URLs in the files that a ConfigMap brings. */
const hosts = lazy((container: Container): readonly GivenHost[] => [...[...container.env.all()].flatMap(({ name, value, hidden }) => {
  const text = hidden ?? value;
  const url = text === undefined ? undefined : parseUrl(text);
  const host = url ? isRedis(url) ? url.host : undefined : text?.toLowerCase();
  if (host === undefined || !/^[a-z0-9][a-z0-9.-]*$/.test(host)) return [];
  return [{ name, host, isBroker: /BROKER/i.test(name) }];
}), ...configFiles(container).flatMap(hostsInFile)]);

/** `redis_url = redis://redis:6379/0` of an ini, env, YAML, TOML or JSON file; code has a reader of its own. */
function hostsInFile(text: string): readonly GivenHost[] {
  return [...text.matchAll(/^[^\S\n]*["']?([\w.-]{1,100})["']?[^\S\n]*[:=][^\S\n]*["']?(rediss?:\/\/[^\s"',]{1,500})/gm)].flatMap(([, key, written]) => {
    const host = parseUrl(written)?.host;
    const name = key.replace(/[.-]/g, '_');
    return host === undefined ? [] : [{ name, host, isBroker: /BROKER/i.test(name) }];
  });
}

/** The files of ConfigMaps in a container, without code. */
function configFiles(container: Container): readonly string[] {
  return container.mounts.flatMap(({ volume, subPath }) => [...container.volumeFiles(volume) ?? []]
    .filter(([name]) => !name.endsWith('.py') && (subPath === undefined || subPath === name)).map(([, text]) => text));
}
