import { QUEUE_SCALERS, readsRedisLists, sqsQueueName } from '../../src/celery/queue-scalers';

test.each<[string, Record<string, string>, boolean]>([
  ['redis', {}, false], ['redis-cluster', {}, false], ['redis-sentinel', {}, false],
  ['rabbitmq', {}, false], ['rabbitmq', { protocol: 'http' }, true], ['rabbitmq', { protocol: 'amqp', host: 'http://mq' }, false], ['rabbitmq', { host: 'http://mq' }, true], ['rabbitmq', { host: 'https://mq' }, true],
  ['rabbitmq', { host: 'amqp://mq' }, false], ['rabbitmq', { protocol: 'auto', host: 'http://mq' }, true], ['rabbitmq', { host: 'xhttp://mq' }, false],
  ['rabbitmq', { protocol: 'http', excludeUnacknowledged: 'true' }, false], ['rabbitmq', { protocol: 'http', excludeUnacknowledged: 'false' }, true],
  ['aws-sqs-queue', {}, true], ['aws-sqs-queue', { scaleOnInFlight: 'false' }, false], ['aws-sqs-queue', { scaleOnInFlight: 'true' }, true],
])('%s with %j counts what is not acknowledged: %s', (type, metadata, counts) => {
  expect(QUEUE_SCALERS.get(type)!.countsUnacknowledged(metadata)).toBe(counts);
});

test.each([['redis', true], ['redis-cluster', true], ['redis-sentinel', true], ['rabbitmq', false], ['aws-sqs-queue', false], ['cron', false]])('%s reads lists of Redis: %s', (type, reads) => {
  expect(readsRedisLists(type)).toBe(reads);
});

test.each([
  ['', 'celery', 'celery'], ['shop-', 'celery', 'shop-celery'], ['', 'a.b', 'a-b'], ['', 'a.b.fifo', 'a-b.fifo'], ['', 'a.fifo.b', 'a-fifo-b'], ['', 'a:b/c@d e', 'a_b_c_d e'], ['', 'a_b-c1', 'a_b-c1'], ['', '{a}~`[b]', '_a____b_'],
  ['', 'a\nb', 'a\nb'], ['x.', 'y', 'x-y'],
])('the queue %s%s is %s in SQS', (prefix, queue, name) => {
  expect(sqsQueueName(prefix, queue)).toBe(name);
});
