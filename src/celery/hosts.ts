import { AMQPS_PORT, AMQP_PORT, REDIS_PORT } from './ports';

/** The port of TLS of Azure Cache for Redis, which no other server uses for plain connections outside of a cluster. */
export const TLS_PORT_OF_REDIS = 6380;

/** The domain of a cluster, unless it has been given another. */
export const CLUSTER_DOMAIN = 'cluster.local';

/** Whether a name is one of the Internet rather than a Service of Kubernetes: `redis.example.com`, not `redis`, `redis.data` or `redis.data.svc`. */
export function outsideCluster(host: string): boolean {
  const labels = host.split('.');
  return labels.length > 2 && !labels.includes('svc') && !/^[\d.]+$/.test(host);
}

/** Why no DNS and no resolver takes a host, which is not looked at for anything else; undefined where they do. */
export function hostFault(host: string): string | undefined {
  const labels = host.split('.');
  const long = labels.find((label) => label.length > 63);
  if (long !== undefined) return `has a label of ${long.length} characters, and DNS allows 63`;
  if (!/^\d+$/.test(labels.at(-1)!)) return undefined;
  return labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label) && Number(label) <= 255) ? undefined
    : 'ends in a number, and is not an IPv4 address, which has four from 0 to 255';
}

/** Whether a host is the pod itself. */
export function isLoopback(host: string): boolean {
  return /^(localhost(\.localdomain)?$|127(\.\d+){1,3}$|::1$|0\.0\.0\.0$|\[::1?\]$)/.test(host);
}

/**
 * Endpoints of Redis in cluster mode, by their names: the configuration endpoint (`clustercfg.`) and the nodes of a shard of ElastiCache with TLS
 * (`orders-0001-002.orders.`), ElastiCache Serverless, and MemoryDB, which has no other mode.
 *
 * @see https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html
 * @see https://docs.aws.amazon.com/memorydb/latest/devguide/endpoints.html
 */
export function isClusterEndpoint(host: string): boolean {
  return /(^|\.)clustercfg\.|\.(serverless\.[a-z0-9-]+\.cache|memorydb\.[a-z0-9-]+)\.amazonaws\.com(\.cn)?$/i.test(host)
    || /^(.{1,60})-\d{4}-\d{3}\.\1\..*\.cache\.amazonaws\.com(\.cn)?$/i.test(host);
}

/** What people write for a Redis in cluster mode; kombu takes what is in front of the `+` for the transport. */
export function isClusterScheme(url: string): boolean {
  return /^\s*rediss?\+(?!socket:)/i.test(url);
}

/**
 * Endpoints of Azure that are in cluster mode unless their clustering policy says otherwise: Azure Managed Redis, and the Enterprise tiers before it.
 *
 * @see https://learn.microsoft.com/azure/redis/architecture#cluster-policies
 */
export function mayBeClusterEndpoint(host: string): boolean {
  return /\.(redis\.azure\.net|redisenterprise\.cache\.azure\.net)$/i.test(host);
}

/** Managed servers: their ports, and whether they take nothing but TLS: never, or unless somebody has changed that. */
interface ManagedServer {
  readonly host: RegExp;
  readonly only?: 'always' | 'by default';
  readonly ports?: { readonly tls: string; readonly plain: string };
}

export const MANAGED_SERVERS: readonly ManagedServer[] = [
  { host: /\.redis\.cache\.windows\.net$/, ports: { tls: '6380', plain: `${REDIS_PORT}` } },
  { host: /\.serverless\.[a-z0-9-]+\.cache\.amazonaws\.com(\.cn)?$/, only: 'always' },
  { host: /\.mq\.[a-z0-9-]+\.(amazonaws\.com|on\.aws)$/, only: 'always', ports: { tls: `${AMQPS_PORT}`, plain: `${AMQP_PORT}` } },
  { host: /\.db\.ondigitalocean\.com$/, only: 'always' },
  { host: /\.aivencloud\.com$|\.redis\.azure\.net$|\.redisenterprise\.cache\.azure\.net$/, only: 'by default' },
];

/** Whether a managed server takes nothing but TLS, whatever is set. */
export function takesOnlyTls(host: string): boolean {
  return MANAGED_SERVERS.some((server) => server.only === 'always' && server.host.test(host));
}
