import { LAUNCH_PREFIX } from '../celery/agent-names';
import { defaultPort } from '../celery/ports';
import { BrokerUrl, isAmqp, isRedis, parseUrl, parseUrls, redisDatabase } from '../celery/url';
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
 * What tells a Redis server from another, by whatever name a URL has it: its host and port, or the sentinels in any order and the name of their
 * master. Undefined where the URL does not say it.
 */
export function redisServer(url: string, namespace: string | undefined, master: unknown): string | undefined {
  const servers = parseUrls(url);
  const [first] = servers;
  if (first === undefined || !servers.every(hasPlainHost)) return undefined;
  const addresses = (fallback: string): string[] => [...new Set(servers.map(({ host, port }) => `${wholeHost(host, namespace)}:${port ?? fallback}`))].sort();
  if (first.scheme === 'sentinel') return `sentinel ${addresses('26379').join(' ')} ${String(master)}`;
  return isRedis(first) && first.scheme !== 'redis+socket' ? addresses('6379')[0] : undefined;
}

/** A URL as it is written or as a template, or where it comes from, with the name of the master where that is Sentinel's. */
export type UrlText = Partial<Record<'template', string> & Record<'url', EnvSource> & Record<'master', unknown>>;

/** Whether two URLs lead to one Redis server, in whichever database. */
export function isSameRedis(first: UrlText, second: UrlText, namespace: string | undefined): boolean {
  const [one, other] = [first, second].map(({ url, template, master }) => redisServer(template ?? url?.value ?? '', namespace, master));
  if (one !== undefined) return one === other;
  const [source, otherSource] = [first, second].map(({ url }) => url?.valueFrom);
  return source !== undefined && JSON.stringify(source) === JSON.stringify(otherSource);
}

/** What tells the server and the database or virtual host of an app from those of another, or a broker whose URL is out of sight. */
export function databaseOf(app: CeleryApp): string {
  const { _broker: { env, transport }, namespace } = app;
  const url = env.find(({ name }) => name === 'CELERY_BROKER_URL' || name === `${LAUNCH_PREFIX}CELERY_BROKER_URL`)?.value ?? '';
  const options = transportOptions(app);
  const unseen = JSON.stringify([namespace, transport, env, options.master_name]);
  if (transport === 'sqs') {
    // The account, which its keys tell, the region and the endpoint.
    return JSON.stringify([transport, url, options.region, env.filter(({ name }) => name.startsWith('AWS_'))]);
  }
  const parsed = parseUrl(url);
  if (parsed === undefined || !hasPlainHost(parsed)) return unseen;
  if (isAmqp(parsed)) {
    const path = parsed.database ?? '';
    if (/[$({]/.test(path)) return unseen;
    const port = parsed.port ?? String(defaultPort(parsed.scheme));
    return `amqp ${wholeHost(parsed.host, namespace)}:${port} ${path === '' ? '/' : decoded(path)}`;
  }
  const database = redisDatabase(parseUrls(url).at(-1)!);
  const server = redisServer(url, namespace, options.master_name);
  return server === undefined || database === undefined ? unseen : `redis ${server} ${database}`;
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
export function queuesOf(app: CeleryApp): string {
  const { global_keyprefix: keys = '', queue_name_prefix: names = '' } = transportOptions(app);
  return JSON.stringify([databaseOf(app), app._broker.transport === 'sqs' ? names : keys]);
}
