import { hasUrlCredential, isCredentialName } from '../../celery/credentials';
import { Described, Problem } from '../validation/problems';
import { flag, kind, optionsOf, PropChecks, record, text, TypeCheck } from '../validation/props';

/**
 * How KEDA reads the length of the queues of a broker: a trigger without its queue.
 *
 * @see https://keda.sh/docs/latest/scalers/
 */
export interface QueueTrigger {
  /** The type of the trigger: `'redis'`, `'redis-sentinel'`, `'rabbitmq'`, `'aws-sqs-queue'`. */
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
   * @default - that of the type: `listName` for Redis, `queueName` for RabbitMQ, `queueURL` for SQS
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
  authentication: kind((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object',
    '{ secretTargetRef: [{ parameter, name, key }] }'),
  countsUnacknowledged: flag,
};

/** The type of the prop. */
export const queueTrigger: TypeCheck = optionsOf(QUEUE_TRIGGER);
