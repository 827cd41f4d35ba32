import { LAUNCH_PREFIX } from '../celery/agent-names';
import { REDIS_PORT, SENTINEL_PORT, defaultPort } from '../celery/ports';
import { BrokerUrl, isAmqp, isRedis, parseUrls, redisDatabase } from '../celery/url';
import type { CeleryApp } from './celery-app';
import type { EnvSource } from './brokers/result-backend-binding';
import { transportOptions } from './scaling/scaled-object';

/** Where a name of the cluster's DNS is short. */
function wholeHost(host: string, namespace: string | undefined): string {
  const short = host.replace(/\.svc(\..*)?$/, '');
  return short.includes('.') || namespace === undefined ? short : `${short}.${namespace}`;
}

function hasPlainHost({ host }: BrokerUrl): boolean {
  return host !== '' && !/[$({]/.test(host);
}

/**
 * What tells Redis servers from others, by whatever name a URL has them: host and port of each, or each sentinel and the name of the master. Empty
 * where the URL does not say it.
 */
export function redisServers(url: string, namespace: string | undefined, master: unknown): string[] {
  const servers = parseUrls(url);
  if (!servers.every(hasPlainHost)) return [];
  const address = ({ host, port }: BrokerUrl, fallback: string): string => `${wholeHost(host, namespace)}:${port ?? fallback}`;
  return servers.flatMap((server) => server.scheme === 'sentinel' ? [`sentinel ${address(server, `${SENTINEL_PORT}`)} ${String(master)}`]
    : isRedis(server) && server.scheme !== 'redis+socket' ? [address(server, `${REDIS_PORT}`)] : []);
}

/** A URL as it is written or as a template, or where it comes from, with the name of the master where that is Sentinel's. */
export type UrlText = Partial<Record<'template', string> & Record<'url', EnvSource> & Record<'master', unknown>>;

/** Whether two URLs lead to one Redis server, in whichever database. */
export function isSameRedis(first: UrlText, second: UrlText, namespace: string | undefined): boolean {
  const [some, others] = [first, second].map(({ url, template, master }) => redisServers(template ?? url?.value ?? '', namespace, master));
  if (some.length > 0) return some.some((one) => others.includes(one));
  const [source, otherSource] = [first, second].map(({ url }) => url?.valueFrom);
  return source !== undefined && JSON.stringify(source) === JSON.stringify(otherSource);
}

/**
 * What tells the databases or virtual hosts of an app from those of another, one for each server that its URL names, or a broker whose URL is out of
 * sight.
 */
export function databasesOf(app: CeleryApp): string[] {
  const { _broker: { env, transport }, namespace } = app;
  const url = env.find(({ name }) => name === 'CELERY_BROKER_URL' || name === `${LAUNCH_PREFIX}CELERY_BROKER_URL`)?.value ?? '';
  const options = transportOptions(app);
  if (transport === 'sqs') {
    // The account, which its keys tell, the region and the endpoint.
    return [JSON.stringify([transport, url, options.region, env.filter(({ name }) => name.startsWith('AWS_'))])];
  }
  const servers = parseUrls(url);
  const virtualHosts = servers.filter((server) => isAmqp(server) && hasPlainHost(server) && !/[$({]/.test(server.database ?? ''))
    .map(({ scheme, host, port, database = '' }) => `amqp ${wholeHost(host, namespace)}:${port ?? defaultPort(scheme)} ${database === '' ? '/' : decoded(database)}`);
  const last = servers.at(-1);
  const database = last && redisDatabase(last);
  const redis = database === undefined ? [] : redisServers(url, namespace, options.master_name).map((server) => `redis ${server} ${database}`);
  const found = [...virtualHosts, ...redis];
  return found.length > 0 ? found : [JSON.stringify([namespace, transport, env, options.master_name])];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * What tells the queues of an app from those of another, with its unacknowledged messages: the database, and what the transport puts before all
 * names in it.
 */
export function queuesOf(app: CeleryApp): string[] {
  const { global_keyprefix: keys = '', queue_name_prefix: names = '' } = transportOptions(app);
  return databasesOf(app).map((database) => JSON.stringify([database, app._broker.transport === 'sqs' ? names : keys]));
}
