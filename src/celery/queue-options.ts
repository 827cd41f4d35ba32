import { Kind } from './settings';

/**
 * The options of a queue in `task_queues`, as far as JSON has them. kombu ignores any other name without an error; `queue` and `name` end the
 * worker, and so do `bindings`, which are objects of Python.
 *
 * @see kombu/entity.py, Queue.from_dict and Queue.attrs
 */
export const QUEUE_OPTIONS: Readonly<Record<string, readonly Kind[]>> = {
  alias: ['string'], binding_key: ['string'], exchange: ['string'], exchange_type: ['string'], routing_key: ['string'],
  // 1 and 2, or transient and persistent.
  delivery_mode: ['int', 'string'],
  auto_delete: ['bool'], durable: ['bool'], exchange_auto_delete: ['bool'], exchange_durable: ['bool'], exclusive: ['bool'],
  no_ack: ['bool'], no_declare: ['bool'], queue_auto_delete: ['bool'], queue_durable: ['bool'],
  expires: ['float'], max_length: ['int'], max_length_bytes: ['int'], max_priority: ['int'], message_ttl: ['float'],
  binding_arguments: ['dict'], consumer_arguments: ['dict'], exchange_arguments: ['dict'], queue_arguments: ['dict'],
};

/** Whether brokers have exchanges of a type: those of AMQP, and of plugins of RabbitMQ. */
export function isExchangeType(type: string): boolean {
  return /^(direct|fanout|headers|topic)$|^x-/.test(type);
}
