import { App, Chart } from 'cdk8s';
import { Broker, BrokerBinding, IBroker, QueueTrigger, RedisBroker } from '../../../src';
import { QUEUE_SCALERS, readsRedisLists } from '../../../src/celery/queue-scalers';
import { celeryApp } from '../../fixtures';
import { refusals } from '../../manifests';

/** The trigger that an app of a broker gets. */
function trigger(broker: (chart: Chart) => IBroker): QueueTrigger | undefined {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  return broker(chart).bind(celeryApp(chart, { broker: Broker.fromUrl('redis://unused.example.com') })).queueTrigger;
}

test.each<[string, QueueTrigger | undefined]>([
  ['redis://redis.example.com', { type: 'redis', metadata: { address: 'redis.example.com:6379', databaseIndex: '0' } }],
  ['redis://redis.example.com:6390/3', { type: 'redis', metadata: { address: 'redis.example.com:6390', databaseIndex: '3' } }],
  ['rediss://redis.example.com:6380/1?ssl_cert_reqs=CERT_REQUIRED', { type: 'redis', metadata: { address: 'redis.example.com:6380', databaseIndex: '1', enableTLS: 'true' } }],
  ['redis://redis.example.com/$(DATABASE)', undefined],
])('of %s KEDA is given the host and the database', (url, expected) => {
  expect(trigger(() => Broker.fromUrl(url))).toEqual(expected);
});

test('of a RedisBroker it is given the whole name of the Service, because KEDA looks it up from its own namespace', () => {
  expect(trigger((chart) => new RedisBroker(chart, 'redis')))
    .toEqual({ type: 'redis', metadata: { address: 'redis.shop.svc.cluster.local:6379', databaseIndex: '0' } });
});

test('of a URL in a Secret it is given what the user says', () => {
  const queueTrigger: QueueTrigger = {
    type: 'redis', metadata: { address: 'redis.example.com:6379' },
    authentication: { secretTargetRef: [{ parameter: 'password', name: 'redis', key: 'password' }] },
  };
  expect(trigger(() => Broker.fromSecret({ name: 'broker', key: 'url' }, { queueTrigger }))).toEqual(queueTrigger);
  expect(trigger(() => Broker.fromSecret({ name: 'broker', key: 'url' }))).toBeUndefined();
});

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
test.each<[any, string]>([
  [{}, 'broker.queueTrigger.type: undefined is missing; give e.g. \'redis\''],
  [{ type: 1 }, 'broker.queueTrigger.type: 1 is not a string; give e.g. \'redis\''],
  [{ type: 'redis', metadata: { databaseIndex: 1 } }, 'broker.queueTrigger.metadata.databaseIndex: 1 is not a string; give the value as a string, e.g. \'1\''],
  [{ type: 'redis', authentication: 'redis' }, 'broker.queueTrigger.authentication: \'redis\' is not an object; give { secretTargetRef: [{ parameter, name, key }] }'],
  [{ type: 'redis', metadata: { address: 'redis.example.com:6379', password: 'hunter2', passwordFromEnv: 'PASSWORD' } }, 'broker.queueTrigger.metadata.password: a string is a password or has one in it, and everybody who can read a manifest could read it; put it into a Secret: authentication: { secretTargetRef: [{ parameter: \'password\', name, key }] }'],
  [{ type: 'rabbitmq', metadata: { host: 'http://bob:hunter2@mq.example.com:15672/', hostFromEnv: 'URL' } }, 'broker.queueTrigger.metadata.host: a string is a password or has one in it, and everybody who can read a manifest could read it; put it into a Secret: authentication: { secretTargetRef: [{ parameter: \'host\', name, key }] }'],
  [{ type: 'redis', metdata: {} }, 'broker.queueTrigger.metdata: an object is not one of the options here; did you mean metadata?'],
])('%j of a broker of a user is refused', (queueTrigger, message) => {
  const broker: IBroker = { bind: (): BrokerBinding => ({ url: { value: 'redis://redis.example.com' }, resultBackend: { value: 'disabled://' }, queueTrigger }) };
  expect(refusals((chart) => void celeryApp(chart, { broker }))).toEqual([`[chart/celery] ${message}`]);
});

test.each<[string, Record<string, string>, boolean]>([
  ['rabbitmq', { protocol: 'amqp' }, false],
  ['rabbitmq', { protocol: 'http' }, true],
  ['rabbitmq', { protocol: 'http', excludeUnacknowledged: 'true' }, false],
  ['rabbitmq', { host: 'http://rabbitmq.example.com:15672' }, true],
  ['rabbitmq', {}, false],
  ['aws-sqs-queue', {}, true],
  ['aws-sqs-queue', { scaleOnInFlight: 'false' }, false],
  ['redis', {}, false],
])('whether the number of %s with %j has unacknowledged messages: %p', (type, metadata, expected) => {
  expect(QUEUE_SCALERS.get(type)!.countsUnacknowledged(metadata)).toBe(expected);
});

test('the scalers that read lists of Redis', () => {
  expect([...QUEUE_SCALERS.keys(), 'cron'].filter(readsRedisLists)).toEqual(['redis', 'redis-cluster', 'redis-sentinel']);
});
