/** The port of TLS of Azure Cache for Redis, which no other server uses for plain connections outside of a cluster. */
export const TLS_PORT_OF_REDIS = 6380;

/** Whether a name is one of the Internet rather than a Service of Kubernetes: `redis.example.com`, not `redis`, `redis.data` or `redis.data.svc`. */
export function outsideCluster(host: string): boolean {
  const labels = host.split('.');
  return labels.length > 2 && !labels.includes('svc') && !/^[\d.]+$/.test(host);
}

/**
 * Endpoints of Redis in cluster mode, by their names: ElastiCache and MemoryDB (`clustercfg.`), and ElastiCache Serverless.
 *
 * @see https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html
 */
export function isClusterEndpoint(host: string): boolean {
  return /(^|\.)clustercfg\.|\.serverless\.[a-z0-9-]+\.cache\.amazonaws\.com(\.cn)?$/i.test(host);
}
