import { BrokerUrl, isRedis, parseUrl } from '../celery/url';
import { lazy, remembered } from '../memo';
import { grouped } from './grouped';
import { Container } from './pod/container';
import { Env } from './pod/env';
import { rabbitServers } from './rabbit-server';
import { RedisServer } from './redis-server';
import { Resource } from './resource';
import { UrlUse } from './uses';
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

/** By the URLs of Celery's processes and of those that send to them, or else by some variable that names it, or else by its being the only one. */
const brokers = lazy((world: World) => {
  const certain = new Set<RedisServer>();
  const possible = new Set<RedisServer>();
  if (world.redisServers.length === 0) return { certain, possible };
  // Whoever has it, a producer, an exporter or something out of sight: the name says what it is for.
  for (const { containers, resource } of world.workloads) {
    for (const { url } of containers.flatMap(brokerUrls)) {
      for (const server of isRedis(url) ? serversAt(world)(resource.namespace, url.host) : NONE) certain.add(server);
    }
  }
  for (const process of world.processes) {
    const { link, container, workload } = process;
    if (link) {
      for (const server of redisFor(link, world)) certain.add(server);
      continue;
    }
    for (const { host, isBroker } of hosts(container.env)) {
      for (const server of serversAt(world)(workload.resource.namespace, host)) (isBroker ? certain : possible).add(server);
    }
  }
  for (const server of alone(world, certain)) if (!certain.has(server)) possible.add(server);
  return { certain, possible };
});

const BROKER_VARIABLE = /(^|_)CELERY_(_?|.*_)BROKER(_URL)?$|^CE_BROKER_URL$|^AIRFLOW__CELERY__BROKER_URL$/;

/** The URLs that a container is given as the broker of Celery, by a variable or, as exporters are, by an option. */
export function brokerUrls({ env, words }: Container): Array<{ readonly url: BrokerUrl }> {
  const texts = [...env.all()].flatMap(({ name, value, hidden }) => BROKER_VARIABLE.test(name) ? hidden ?? value ?? [] : []);
  words.forEach(({ text }, i) => {
    const given = /^--broker(?:-url)?(?:=(.*))?$/s.exec(text);
    if (given) texts.push(given[1] ?? words[i + 1]?.text ?? '');
  });
  return texts.flatMap((text) => {
    const url = parseUrl(text);
    return url ? [{ url }] : [];
  });
}

/** Names that say that a Redis is for something else. */
const NO_BROKER = /cache|session|channel|feature|rate-?limit|sentinel|throttl/i;

/** The one Redis next to processes whose broker is out of sight: in their namespace, or in all of the input. */
function alone(world: World, certain: ReadonlySet<RedisServer>): RedisServer[] {
  const without = world.processes.filter(({ link, role }) => link === undefined && role !== 'other');
  if (without.length === 0) return [];
  const namespaces = new Set(without.map(({ workload }) => workload.resource.namespace));
  const byNamespace = grouped(world.redisServers.map((server) => [server.container.workload.resource.namespace, server]));
  const withRabbit = new Set(rabbitServers(world).map(({ resource }) => resource.namespace));
  return [...namespaces].flatMap((namespace) => {
    if (withRabbit.has(namespace)) return [];
    const near = byNamespace.get(namespace) ?? (withRabbit.size === 0 && byNamespace.size === 1 ? world.redisServers : []);
    if (near.some((server) => certain.has(server))) return [];
    const candidates = near.filter((server) => !NO_BROKER.test(`${server.container.name} ${server.container.workload.resource.name}`));
    // The pods of one workload, or a primary and what follows it, are one server.
    const workloads = new Set(candidates.map(({ container }) => primary(container.workload.resource)));
    return workloads.size === 1 ? candidates : [];
  });
}

/** The name of a server without what says that it is one part of several. */
function primary({ name }: Resource): string {
  return name.replace(/[-_](master|primary|leader|replicas?|slave|follower|node|\d+)$/, '');
}

/** The hosts that variables name, alone or in a URL of Redis. */
function hosts(env: Env): Array<{ readonly host: string; readonly isBroker: boolean }> {
  return [...env.all()].flatMap(({ name, value, hidden }) => {
    const text = hidden ?? value;
    const url = text === undefined ? undefined : parseUrl(text);
    const host = url ? isRedis(url) ? url.host : undefined : text?.toLowerCase();
    if (host === undefined || !/^[a-z0-9][a-z0-9.-]*$/.test(host)) return [];
    return [{ host, isBroker: url !== undefined && /BROKER/i.test(name) }];
  });
}
