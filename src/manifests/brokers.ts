import { isRedis, parseUrl } from '../celery/url';
import { lazy, remembered } from '../memo';
import { Env } from './pod/env';
import { RedisServer } from './redis-server';
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

/** Whether Celery uses a Redis as its broker: for certain, or as far as names of variables tell. */
export type BrokerUse = 'yes' | 'possible' | 'no';

export function brokerUse(server: RedisServer, world: World): BrokerUse {
  const { certain, possible } = brokers(world);
  return certain.has(server) ? 'yes' : possible.has(server) ? 'possible' : 'no';
}

/** By the URLs of Celery's processes, or else by some variable of theirs that names it. */
const brokers = lazy((world: World) => {
  const certain = new Set<RedisServer>();
  const possible = new Set<RedisServer>();
  if (world.redisServers.length === 0) return { certain, possible };
  // Whoever has it, a producer or something out of sight: the name says what it is for.
  for (const { containers, resource } of world.workloads) {
    for (const { env } of containers) {
      const url = parseUrl(env.value('CELERY_BROKER_URL') ?? env.value('AIRFLOW__CELERY__BROKER_URL') ?? '');
      for (const server of url && isRedis(url) ? serversAt(world)(resource.namespace, url.host) : NONE) certain.add(server);
    }
  }
  for (const { broker, container, workload } of world.processes) {
    if (broker) {
      for (const server of redisFor(broker, world)) certain.add(server);
      continue;
    }
    for (const { host, isBroker } of hosts(container.env)) {
      for (const server of serversAt(world)(workload.resource.namespace, host)) (isBroker ? certain : possible).add(server);
    }
  }
  return { certain, possible };
});

/** The hosts that variables name, alone or in a URL of Redis. */
function hosts(env: Env): Array<{ readonly host: string; readonly isBroker: boolean }> {
  return [...env.all()].flatMap(({ name, value }) => {
    const url = value === undefined ? undefined : parseUrl(value);
    const host = url ? isRedis(url) ? url.host : undefined : value?.toLowerCase();
    if (host === undefined || !/^[a-z0-9][a-z0-9.-]*$/.test(host)) return [];
    return [{ host, isBroker: url !== undefined && /BROKER/i.test(name) }];
  });
}
