import { parseRequirement } from './requirement';

/** What a transport of kombu needs in addition to Celery. */
interface Transport {
  /** The extra of Celery or kombu that installs it. */
  readonly extra?: string;
  /** The packages without which it cannot be imported. */
  readonly packages: readonly string[];
}

/**
 * The transports that need more than Celery and a need of the lock that comes by itself, by the scheme of their URLs: `amqp` is a dependency of
 * kombu, and Redis is a need.
 *
 * @see TRANSPORT_ALIASES in kombu/transport/__init__.py, and the extras in kombu's metadata
 */
const TRANSPORTS: ReadonlyMap<string, Transport> = new Map([
  ['librabbitmq', { extra: 'librabbitmq', packages: ['librabbitmq'] }],
  ['sqs', { extra: 'sqs', packages: ['boto3', 'pycurl'] }],
  ['confluentkafka', { extra: 'confluentkafka', packages: ['confluent-kafka'] }],
  ['kafka', { extra: 'confluentkafka', packages: ['confluent-kafka'] }],
  ['mongodb', { extra: 'mongodb', packages: ['pymongo'] }],
  ['zookeeper', { extra: 'zookeeper', packages: ['kazoo'] }],
  ['sqlalchemy', { extra: 'sqlalchemy', packages: ['sqlalchemy'] }],
  ['sqla', { extra: 'sqlalchemy', packages: ['sqlalchemy'] }],
  ['slmq', { extra: 'slmq', packages: ['softlayer-messaging'] }],
  ['qpid', { extra: 'qpid', packages: ['qpid-python', 'qpid-tools'] }],
  ['consul', { extra: 'consul', packages: ['python-consul2'] }],
  ['etcd', { packages: ['python-etcd'] }],
  ['azurestoragequeues', { extra: 'azurestoragequeues', packages: ['azure-storage-queue', 'azure-identity'] }],
  ['azureservicebus', { extra: 'azureservicebus', packages: ['azure-servicebus'] }],
  ['pyro', { extra: 'pyro', packages: ['pyro4'] }],
  ['gcpubsub', { extra: 'gcpubsub', packages: ['google-cloud-pubsub', 'google-cloud-monitoring'] }],
  ['pgmq', { extra: 'pgmq', packages: ['pgmq'] }],
]);

const WITH_CELERY = ['amqp', 'amqps', 'pyamqp', 'redis', 'rediss', 'sentinel', 'filesystem', 'memory'];

/** All names of transports, as the schemes of URLs have them. */
export const TRANSPORT_NAMES: readonly string[] = [...WITH_CELERY, ...TRANSPORTS.keys()];

/** Those of packages that add theirs to kombu, and those that kombu 4 still had. */
export const OF_OTHERS: readonly string[] = ['redis-sentinel', 'rediscluster', 'redis-cluster', 'beanstalk', 'couchdb', 'django'];

/** Whether a transport takes a key with any characters in its URL: those of Azure split it at the last `@`, and escape nothing. */
export function takesAnyKey(scheme: string): boolean {
  return scheme.startsWith('azure');
}

/** The transport of a broker URL: `redis` of `redis://host`; undefined where it has no scheme. */
export function transportOf(url: string): string | undefined {
  return /^\s*([a-z][a-z0-9.-]*)(?:\+[^:]*)?:\/\//i.exec(url)?.[1].toLowerCase();
}

/** The requirement that a transport needs and that is not among these. */
export function missingRequirement(transport: string, requirements: readonly string[]): string | undefined {
  const needed = TRANSPORTS.get(transport);
  if (!needed) return undefined;
  const given = requirements.map(parseRequirement).flatMap((requirement) => requirement ?? []);
  const has = (name: string): boolean => given.some((requirement) => requirement.name === name);
  const { extra, packages } = needed;
  if (packages.every(has)) return undefined;
  if (extra === undefined) return packages.join(' and ');
  return given.some(({ name, extras }) => ['celery', 'kombu'].includes(name) && extras.includes(extra)) ? undefined : `celery[${extra}]`;
}

/** What a transport needs of the lock: redis-py, also for one that is not known. */
export function transportNeeds(transport: string | undefined): readonly string[] {
  return transport === undefined || isRedisTransport(transport) || !TRANSPORT_NAMES.includes(transport) ? ['redis'] : [];
}

const REDIS = ['redis', 'rediss', 'sentinel'];
const AMQP = ['amqp', 'amqps', 'pyamqp', 'librabbitmq'];

/** Whether the queues of a transport are lists of a Redis. */
export function isRedisTransport(transport: string): boolean {
  return REDIS.includes(transport);
}

/** Whether a transport is one of RabbitMQ. */
export function isAmqpTransport(transport: string): boolean {
  return AMQP.includes(transport);
}

/**
 * Transports by which workers get no commands of remote control, and by which nobody gets their events.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/index.html#broker-overview
 */
const WITHOUT_REMOTE_CONTROL = new Set(['sqs', 'zookeeper', 'kafka', 'confluentkafka']);

/** Whether workers answer `celery inspect`, and show what they do to Flower. */
export function hasRemoteControl(transport: string): boolean {
  return !WITHOUT_REMOTE_CONTROL.has(transport);
}

/** The highest priority of a message, by transport. Those that are not here have no priorities. */
const HIGHEST_PRIORITY: ReadonlyMap<string, number> = new Map([
  // One octet. https://www.rabbitmq.com/docs/priority
  ...AMQP.map((name) => [name, 255] as const),
  // kombu/transport/virtual/base.py, Channel.max_priority
  ...[...REDIS, 'memory', 'mongodb'].map((name) => [name, 9] as const),
]);

/** The highest priority that messages can have; 0 where there are none. */
export function highestPriority(transport: string): number {
  return HIGHEST_PRIORITY.get(transport) ?? 0;
}

/** Whether a queue has priorities only where it is declared with them: RabbitMQ's argument x-max-priority. */
export function declaresPriorities(transport: string): boolean {
  return highestPriority(transport) === 255;
}
