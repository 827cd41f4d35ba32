/** How one of KEDA's scalers reads the length of a queue of Celery. */
export interface QueueScaler {
  /** The metadata that names the queue. */
  readonly queue: string;
  /** The metadata that has the number of messages for each pod, without which the scaler may not start. */
  readonly target: string;
  /** What the scaler needs in addition, unless it is given. */
  readonly defaults: Readonly<Record<string, string>>;
  /** The values of its metadata, where it takes only some. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** Whether the number has the messages that workers have taken and not acknowledged. */
  readonly countsUnacknowledged: (metadata: Readonly<Record<string, string | undefined>>) => boolean;
}

const redis: QueueScaler = {
  queue: 'listName', target: 'listLength', defaults: {},
  // In a list they are not; the hash `unacked` is another trigger. See redis-keys.ts.
  countsUnacknowledged: () => false,
};

/** The type of a trigger on a queue of SQS. */
export const SQS_QUEUE = 'aws-sqs-queue';

/**
 * KEDA's scalers, by the type of their triggers.
 *
 * @see https://keda.sh/docs/latest/scalers/
 */
export const QUEUE_SCALERS: ReadonlyMap<string, QueueScaler> = new Map<string, QueueScaler>([
  ['redis', redis],
  ['redis-cluster', redis],
  ['redis-sentinel', redis],
  ['rabbitmq', {
    queue: 'queueName', target: 'value', defaults: { mode: 'QueueLength' },
    values: {
      protocol: ['auto', 'amqp', 'http'], operation: ['sum', 'avg', 'max'],
      mode: ['QueueLength', 'MessageRate', 'DeliverGetRate', 'PublishedToDeliveredRatio', 'ExpectedQueueConsumptionTime'],
    },
    // Over AMQP a passive declaration tells the number of those that are ready; the management API also has the others.
    countsUnacknowledged: ({ protocol, host, excludeUnacknowledged }) =>
      (protocol === 'http' || ((protocol ?? 'auto') === 'auto' && /^https?:/.test(host ?? ''))) && excludeUnacknowledged !== 'true',
  }],
  [SQS_QUEUE, {
    queue: 'queueURL', target: 'queueLength', defaults: {},
    countsUnacknowledged: ({ scaleOnInFlight }) => scaleOnInFlight !== 'false',
  }],
]);

/**
 * The name of a queue in SQS, which takes letters, digits, "-" and "_".
 *
 * @see Channel.canonical_queue_name in kombu/transport/SQS.py
 */
export function sqsQueueName(prefix: string, queue: string): string {
  const [, name, fifo = ''] = /^(.*?)(\.fifo)?$/s.exec(prefix + queue)!;
  return name.replace(/\./g, '-').replace(/[!-,/:-@[-^`{-~]/g, '_') + fifo;
}

/** Whether the queues of a scaler are lists of Redis, with one more list for each priority and a hash of what is not acknowledged. */
export function readsRedisLists(type: string): boolean {
  return QUEUE_SCALERS.get(type) === redis;
}
