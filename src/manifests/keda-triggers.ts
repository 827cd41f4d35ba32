import { readsRedisLists } from '../celery/queue-scalers';
import { isRedis, parseUrl, redisDatabase } from '../celery/url';
import { Process } from './process';
import { envSource, Trigger } from './scalers';
import { isName } from './service-ports';

/** The address or URL of the server that a trigger of KEDA reads. */
export function addressOf(trigger: Trigger, worker: Process): string | undefined {
  const fromEnv = trigger.metadata('addressFromEnv') ?? trigger.metadata('hostFromEnv');
  return trigger.metadata('address') ?? trigger.metadata('host')
    ?? (fromEnv === undefined ? undefined : envSource(trigger.scaler, worker.workload).env.value(fromEnv));
}

/** The servers that a trigger connects to, each with its port where that is written. */
export function serversOf(trigger: Trigger, worker: Process): string[] {
  const written = readsRedisLists(trigger.type) ? trigger.metadata('addresses') ?? addressOf(trigger, worker)
    : trigger.type === 'rabbitmq' ? hostAndPort(addressOf(trigger, worker)) : undefined;
  return (written ?? '').split(',').map((server) => server.trim());
}

function hostAndPort(text: string | undefined): string | undefined {
  const url = parseUrl(text ?? '');
  return url && `${url.host}${url.port === undefined ? '' : `:${url.port}`}`;
}

/** It counts something of another server than the broker, as far as both are known. */
export function readsOther(trigger: Trigger, worker: Process): boolean {
  const text = addressOf(trigger, worker) ?? '';
  const [theirs, ours] = [parseUrl(text.includes('://') ? text : `redis://${text}`)?.host ?? '', worker.link?.url.host ?? ''];
  return isName(theirs) && isName(ours) && !sameHost(theirs, ours);
}

/** The database of Redis that a trigger reads, where it is not that of the broker. */
export function otherDatabase(trigger: Trigger, { link }: Process): { readonly read: string; readonly own: number } | undefined {
  const own = link && isRedis(link.url) ? redisDatabase(link.url) : undefined;
  const read = trigger.metadata('databaseIndex') ?? '0';
  return own !== undefined && /^\d+$/.test(read) && Number(read) !== own ? { read, own } : undefined;
}

/** `redis` and `redis.shop.svc.cluster.local`. */
export function sameHost(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short === long || long.startsWith(`${short}.`);
}
