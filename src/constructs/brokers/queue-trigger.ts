import { hasUrlCredential, isCredentialName } from '../../celery/credentials';
import { QUEUE_SCALERS, readsRedisLists } from '../../celery/queue-scalers';
import { isAmqpTransport, isRedisTransport } from '../../celery/transports';
import { nearest } from '../../nearest';
import { Described, Problem } from '../validation/problems';
import { flag, object, PropChecks, record, RequiredProp, text, typed, TypeCheck } from '../validation/props';
import { checkAuthentication, parametersOf } from './trigger-authentication';

/**
 * How KEDA reads the length of the queues of a broker: a trigger without its queue.
 *
 * @see https://keda.sh/docs/latest/scalers/
 */
export interface QueueTrigger {
  /**
   * The type of the trigger: `'redis'`, `'redis-cluster'`, `'redis-sentinel'`, `'rabbitmq'`, `'aws-sqs-queue'`; of any other type, such as
   * `'external'`, `queueKey` is required.
   */
  readonly type: string;

  /**
   * The metadata of every trigger, without the queue and the number of its tasks: `{ address: 'redis.example.com:6379', databaseIndex: '1' }`.
   * All values are strings. Everybody who can read the ScaledObject can read them: credentials belong in `authentication`.
   *
   * KEDA connects from its own namespace: names of Services are whole, `redis.celery.svc.cluster.local`.
   *
   * @default - none
   */
  readonly metadata?: { [name: string]: string };

  /**
   * The metadata that names the queue.
   *
   * @default - that of the type: `listName` for Redis, `queueName` for RabbitMQ, `queueURL` for SQS; required for other types
   */
  readonly queueKey?: string;

  /**
   * The spec of the TriggerAuthentication of the triggers, in KEDA's own shape:
   * `{ secretTargetRef: [{ parameter: 'password', name: 'redis', key: 'password' }] }`. Its Secrets are in the namespace of the worker.
   *
   * @default - none: the triggers have no `authenticationRef`
   * @see https://keda.sh/docs/latest/concepts/authentication/
   */
  readonly authentication?: { [field: string]: any };

  /**
   * Whether the number that the trigger reads has the messages that workers have taken and not yet acknowledged. Without them a worker is not
   * scaled to zero. For Redis the hash `unacked` is counted in addition.
   *
   * @default - what is known of the type: true for SQS, and for RabbitMQ over HTTP
   */
  readonly countsUnacknowledged?: boolean;
}

const TYPE = 'e.g. \'redis\'';

/** Everybody who can read the ScaledObject can read it. */
function metadata(prop: string, value: unknown): Problem[] {
  const wrong = text('the value as a string, e.g. \'1\'')(prop, value);
  const name = prop.slice(prop.lastIndexOf('.') + 1);
  if (wrong.length > 0 || !(isCredentialName(name) || hasUrlCredential(String(value)))) return [...wrong];
  return [{
    prop, value: new Described('a string'), wrong: 'is a password or has one in it, and everybody who can read a manifest could read it',
    fix: `put it into a Secret: authentication: { secretTargetRef: [{ parameter: '${name}', name, key }] }`,
  }];
}

const QUEUE_TRIGGER: PropChecks<QueueTrigger> = {
  type: { check: text(TYPE), fix: `give ${TYPE}`, instead: () => undefined },
  metadata: record(metadata, 'e.g. { address: \'redis.example.com:6379\' }'),
  queueKey: text('e.g. \'listName\''),
  authentication: checkAuthentication,
  countsUnacknowledged: flag,
};

/** The type of the prop. */
export const queueTrigger: TypeCheck = (prop, value) => {
  const wrong = OBJECT(prop, value);
  if (wrong.length > 0) return wrong;
  const { options, problems } = typed(value as QueueTrigger, QUEUE_TRIGGER, { prefix: prop });
  const found = options.type === undefined ? [] : checkTrigger(prop, options);
  // One mistake is one message: what is missing may be what was misspelt.
  return [...problems, ...problems.length > 0 ? found.filter(({ value: given }) => given !== undefined) : found];
};
const OBJECT = object('the options by their names');

/** The metadata that says where the server is; each may also come from a variable (`FromEnv`), or from `authentication`. */
const SERVER: Readonly<Record<string, readonly string[]>> = {
  'redis': ['address', 'host'],
  'redis-cluster': ['addresses', 'hosts'],
  'redis-sentinel': ['addresses', 'hosts'],
  'rabbitmq': ['host'],
  'aws-sqs-queue': ['awsRegion'],
};

const EXAMPLES: Readonly<Record<string, string>> = {
  address: '\'redis.example.com:6379\'', addresses: '\'redis-0.example.com:26379,redis-1.example.com:26379\'',
  host: '\'http://rabbitmq.example.com:15672\'', awsRegion: '\'eu-central-1\'',
};

function checkTrigger(prop: string, { type, metadata: given = {}, queueKey, authentication }: QueueTrigger): Problem[] {
  const types = [...QUEUE_SCALERS.keys()];
  if (!QUEUE_SCALERS.has(type)) {
    const meant = nearest(type, types);
    if (meant !== undefined) return [{ prop: `${prop}.type`, value: type, wrong: 'is not a type of trigger', fix: `did you mean ${meant}?` }];
    return queueKey !== undefined ? [] : [{
      prop: `${prop}.type`, value: type, wrong: 'is not a type of trigger of which it is known how it reads the queues of Celery',
      fix: `give one of ${types.join(', ')}; or, where it can, the metadata that names the queue: queueKey`,
    }];
  }
  const [first, ...others] = SERVER[type];
  const parameters = parametersOf(authentication);
  const known = [first, ...others].some((name) => given[name] || given[`${name}FromEnv`] || parameters.has(name));
  const wrong = [...checkOurs(prop, type, given), ...readsRedisLists(type) ? checkRedis(prop, given) : []];
  return known ? wrong : [...wrong, {
    prop: `${prop}.metadata.${first}`, value: given[first], wrong: `${given[first] === undefined ? 'is missing' : 'is empty'}, and KEDA needs it to find the server`,
    fix: `give e.g. ${EXAMPLES[first]}, ${first}FromEnv, or the parameter '${first}' in authentication`,
  }];
}

/** What is written for each queue, and would be lost. */
function checkOurs(prop: string, type: string, given: Readonly<Record<string, string>>): Problem[] {
  const { queue, target } = QUEUE_SCALERS.get(type)!;
  return [queue, target].filter((name) => given[name] !== undefined).map((name) => ({
    prop: `${prop}.metadata.${name}`, value: given[name], wrong: 'is written for each queue of a worker, and takes the place of this one',
    fix: name === queue ? 'leave it out: the queues are those of the worker' : 'leave it out, and give tasksPerReplica to WorkerScaling.queueLength',
  }));
}

/** A server, or several of them, as KEDA's scalers of Redis take them. */
const ADDRESSES = /^(\[[\da-f:]+\]|[^\s/:,@]+):\d{1,5}(,(\[[\da-f:]+\]|[^\s/:,@]+):\d{1,5})*$/i;

function checkRedis(prop: string, given: Readonly<Record<string, string>>): Problem[] {
  const { databaseIndex } = given;
  return [
    ...['address', 'addresses'].filter((name) => given[name] && !ADDRESSES.test(given[name])).map((name) => ({
      prop: `${prop}.metadata.${name}`, value: given[name], wrong: 'is not a host with a port', fix: `give e.g. ${EXAMPLES[name]}, without a scheme`,
    })),
    ...(databaseIndex === undefined || /^\d{1,5}$/.test(databaseIndex) ? [] : [{
      prop: `${prop}.metadata.databaseIndex`, value: databaseIndex, wrong: 'is not the number of a database of Redis', fix: 'give e.g. \'1\'',
    }]),
  ];
}

/** A trigger that reads another kind of server than that of the broker. */
export function checkTransport(prop: string, { type }: QueueTrigger, transport: string | undefined): Problem[] {
  const scaler = QUEUE_SCALERS.get(type);
  const reads = transport === undefined ? undefined : scalerOf(transport);
  const own = readsRedisLists(type) ? 'redis' : type;
  return scaler === undefined || reads === undefined || reads === own ? [] : [{
    prop: `${prop}.type`, value: type, wrong: `does not read the queues of the transport ${transport}`, fix: `give '${reads}'`,
  }];
}

/** The type of trigger that reads the queues of a transport; undefined where there is none. */
function scalerOf(transport: string): string | undefined {
  return isRedisTransport(transport) ? 'redis' : isAmqpTransport(transport) ? 'rabbitmq' : transport === 'sqs' ? 'aws-sqs-queue' : undefined;
}

/** Of a broker that is refused: what is wrong with it is said already, and not that KEDA cannot read its queues. */
export const REFUSED_TRIGGER: QueueTrigger = { type: 'external', queueKey: 'queue', countsUnacknowledged: true };

/** The prop, of which a stand-in takes the place where it is wrong. */
export const queueTriggerOrStandIn: RequiredProp = { check: queueTrigger, instead: () => REFUSED_TRIGGER };
