import { isExchangeType, QUEUE_OPTIONS } from '../../src/celery/queue-options';
import { isKind } from '../../src/celery/settings';

const takes = (option: string, value: unknown): boolean => isKind(value, QUEUE_OPTIONS[option]);

test.each<[unknown, string[]]>([
  ['mail', ['alias', 'binding_key', 'exchange', 'exchange_type', 'routing_key', 'delivery_mode']],
  [true, ['auto_delete', 'durable', 'exchange_auto_delete', 'exchange_durable', 'exclusive', 'no_ack', 'no_declare', 'queue_auto_delete', 'queue_durable']],
  [2, ['delivery_mode', 'expires', 'max_length', 'max_length_bytes', 'max_priority', 'message_ttl']],
  [1.5, ['expires', 'message_ttl']],
  [{ 'x-queue-type': 'quorum' }, ['binding_arguments', 'consumer_arguments', 'exchange_arguments', 'queue_arguments']],
  [['mail'], []], [null, []],
])('%j is a value of %j', (value, options) => {
  expect(Object.keys(QUEUE_OPTIONS).filter((option) => takes(option, value)).sort()).toEqual([...options].sort());
});

test.each<[string, boolean]>([
  ['direct', true], ['fanout', true], ['headers', true], ['topic', true], ['x-delayed-message', true], ['Direct', false], ['directly', false], ['my-topic', false], ['', false], ['ax-y', false],
])('%j is a type of exchanges: %p', (type, known) => {
  expect(isExchangeType(type)).toBe(known);
});
