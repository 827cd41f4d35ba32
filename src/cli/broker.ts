import { redisKeys } from '../celery/redis-keys';
import { DEFAULTS } from '../celery/settings';
import { asList, asMap, asNumber, asText, get } from '../manifests/json';
import { processOf, queuesOf } from './fleet';
import { appPlace, runInPod } from './in-pod';
import { kubectl } from './kubectl';

/** What the message broker says of an app's queues. */
export interface BrokerAnswer {
  /** Messages that wait, by queue; null where the broker does not say. */
  readonly queues: Readonly<Record<string, number | null>>;
  /** Queues that the application declares. */
  readonly declared: readonly string[];
  /** Delivered and not acknowledged, in the whole database; undefined where the broker does not say. */
  readonly unacked?: Unacked;
}

export interface Unacked {
  readonly count: number;
  /** Seconds since the oldest was delivered. */
  readonly age?: number;
}

/**
 * Asks the broker of an app, by a program in one of these pods; where none of them runs, by redis-cli in the Redis that the URL leads to.
 * Fails where neither is possible.
 */
export async function askBroker(
  queues: readonly string[], pods: readonly unknown[], deployments: readonly unknown[], context: readonly string[],
): Promise<BrokerAnswer> {
  const workers = deployments.filter((deployment) => processOf(deployment)?.role === 'worker');
  const place = appPlace(pods, workers[0]);
  if (place === undefined) return askRedis(queues, workers, context);
  const answer = await runInPod(place, 'depths', { queues }, context);
  return {
    queues: Object.fromEntries(Object.entries(asMap(get(answer, 'queues'))).map(([name, depth]) => [name, asNumber(depth) ?? null])),
    declared: asList(get(answer, 'declared')).flatMap((name) => asText(name) ?? []),
    unacked: readUnacked(get(answer, 'unacked')),
  };
}

function readUnacked(value: unknown): Unacked | undefined {
  const count = asNumber(get(value, 'count'));
  return count === undefined ? undefined : { count, age: asNumber(get(value, 'age')) };
}

/** A Service in the cluster: `redis`, `redis.data`, `redis.data.svc.cluster.local`. */
const SERVICE = /^([a-z][-a-z0-9]*)(?:\.([a-z0-9][-a-z0-9]*)(?:\.svc(?:\.[a-z0-9.-]+)?)?)?\.?$/;

async function askRedis(queues: readonly string[], workers: readonly unknown[], context: readonly string[]): Promise<BrokerAnswer> {
  const process = processOf(workers[0]);
  const url = process?.link?.url;
  const [, service, namespace] = SERVICE.exec(url?.host ?? '') ?? [];
  if (process === undefined || (url?.scheme !== 'redis' && url?.scheme !== 'rediss') || service === undefined) {
    throw new Error('no pod of the app runs that could ask the message broker, and it is no Redis with a Service that redis-cli could be run in');
  }
  // It connects to the server of its own pod.
  const tls = url.scheme === 'rediss' ? ['--tls', '--insecure'] : [];
  const target = ['-n', namespace ?? process.workload.resource.namespace, `service/${service}`];
  const redis = async (...command: string[]): Promise<number> => {
    const printed = await kubectl([...context, 'exec', ...target, '--', 'redis-cli', ...tls, '-n', url.database || '0', ...command]);
    if (!/^\d+\s*$/.test(printed)) throw new Error(`redis-cli in ${service} says: ${printed.trim().split('\n')[0]}`);
    return Number(printed);
  };
  // A worker without --queues consumes those of its code, of which only the default queue is known.
  const declared = workers.some((worker) => queuesOf(worker) === undefined) || queues.length === 0 ? [process.setting('task_default_queue')?.value ?? DEFAULTS.queue] : [];
  const names = [...new Set([...queues, ...declared])];
  const depths = await Promise.all(names.map(async (queue) => {
    const lengths = await Promise.all(redisKeys([queue]).lists.map(({ key }) => redis('llen', key)));
    return [queue, lengths.reduce((sum, length) => sum + length, 0)] as const;
  }));
  return { queues: Object.fromEntries(depths), declared, unacked: { count: await redis('hlen', redisKeys([]).unacknowledged) } };
}
