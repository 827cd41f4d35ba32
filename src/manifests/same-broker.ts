import { AMQP_PORT, REDIS_PORT } from '../celery/ports';
import { BrokerUrl, isRedis, parseUrls, redisDatabase, virtualHost } from '../celery/url';
import { asText, get } from './json';
import type { Workload } from './pod/workload';
import { UrlUse } from './uses';
import type { World } from './world';

/** Whether two URLs lead to one database or virtual host of one server; of failover lists one server in common is enough. */
export function sameBroker(one: UrlUse, other: UrlUse, world: World): boolean {
  const [from, to] = [one, other].map(({ at }) => at.resource.namespace);
  const sameServer = (a: BrokerUrl, b: BrokerUrl): boolean => sameName(a, b) || samePods(podsOf(a.host, from, world), podsOf(b.host, to, world));
  return listOf(one).some((a) => listOf(other).some((b) => sameQueues(a, b) && sameServer(a, b)));
}

/** A URL from a Secret has no text. */
function listOf({ text, url }: UrlUse): readonly BrokerUrl[] {
  const all = parseUrls(text);
  return all.length > 1 ? all : [url];
}

function sameQueues(a: BrokerUrl, b: BrokerUrl): boolean {
  if (isRedis(a) !== isRedis(b)) return false;
  return isRedis(a) ? redisDatabase(a) === redisDatabase(b) : (virtualHost(a) ?? a.database) === (virtualHost(b) ?? b.database);
}

/** `redis` is also `redis.shop.svc`. */
function sameName(a: BrokerUrl, b: BrokerUrl): boolean {
  const port = (url: BrokerUrl) => url.port ?? `${isRedis(url) ? REDIS_PORT : AMQP_PORT}`;
  const first = ({ host }: BrokerUrl) => host.split('.')[0];
  return port(a) === port(b) && (a.host.includes('.') === b.host.includes('.') ? a.host === b.host : first(a) === first(b));
}

/** Two Services may lead to the same pods, each with a port of its own; one that is a name for another host leads where that does. */
function podsOf(host: string, from: string, world: World): readonly Workload[] {
  const service = world.service(host, from);
  if (!service) return [];
  const external = get(service.json, 'spec', 'type') === 'ExternalName' ? asText(get(service.json, 'spec', 'externalName')) : undefined;
  const meant = external === undefined ? service : world.service(external, service.namespace) ?? world.service(external.split('.')[0], service.namespace);
  return meant ? world.backing(meant) : [];
}

function samePods(some: readonly Workload[], others: readonly Workload[]): boolean {
  return some.some((workload) => others.includes(workload));
}
