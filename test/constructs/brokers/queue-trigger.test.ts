import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import { load } from 'js-yaml';
import { Broker, BrokerBinding, CeleryWorker, IBroker, QueueTrigger, RedisBroker, WorkerScaling } from '../../../src';
import { QUEUE_SCALERS, readsRedisLists } from '../../../src/celery/queue-scalers';
import { AUTHENTICATION } from '../../../src/constructs/brokers/trigger-authentication';
import { celeryApp } from '../../fixtures';
import { Manifest, refusals } from '../../manifests';

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

const REDIS: QueueTrigger = { type: 'redis', metadata: { address: 'redis.example.com:6379' } };
const SECRET = { parameter: 'password', name: 'redis', key: 'password' };

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
test.each<[any, string]>([
  [{}, 'broker.queueTrigger.type: undefined is missing; give e.g. \'redis\''],
  [{ type: 1 }, 'broker.queueTrigger.type: 1 is not a string; give e.g. \'redis\''],
  [{ type: 'redis', metadata: { databaseIndex: 1 } }, 'broker.queueTrigger.metadata.databaseIndex: 1 is not a string; give the value as a string, e.g. \'1\''],
  [{ type: 'redis', authentication: 'redis' }, 'broker.queueTrigger.authentication: a string is not an object; give { secretTargetRef: [{ parameter, name, key }] }'],
  [{ type: 'redis', metadata: { address: 'redis.example.com:6379', password: 'hunter2', passwordFromEnv: 'PASSWORD' } }, 'broker.queueTrigger.metadata.password: a string is a password or has one in it, and everybody who can read a manifest could read it; put it into a Secret: authentication: { secretTargetRef: [{ parameter: \'password\', name, key }] }'],
  [{ type: 'rabbitmq', metadata: { host: 'http://bob:hunter2@mq.example.com:15672/', hostFromEnv: 'URL' } }, 'broker.queueTrigger.metadata.host: a string is a password or has one in it, and everybody who can read a manifest could read it; put it into a Secret: authentication: { secretTargetRef: [{ parameter: \'host\', name, key }] }'],
  [{ type: 'redis', metdata: {} }, 'broker.queueTrigger.metdata: is not one of the options here; did you mean metadata?'],
  [{ type: 'redis' }, 'broker.queueTrigger.metadata.address: undefined is missing, and KEDA needs it to find the server; give e.g. \'redis.example.com:6379\', addressFromEnv, or the parameter \'address\' in authentication'],
  [{ type: 'redis-sentinel', metadata: { addresses: '' } }, 'broker.queueTrigger.metadata.addresses: \'\' is empty, and KEDA needs it to find the server; give e.g. \'redis-0.example.com:26379,redis-1.example.com:26379\', addressesFromEnv, or the parameter \'addresses\' in authentication'],
  [{ type: 'rabbitmq' }, 'broker.queueTrigger.metadata.host: undefined is missing, and KEDA needs it to find the server; give e.g. \'http://rabbitmq.example.com:15672\', hostFromEnv, or the parameter \'host\' in authentication'],
  [{ type: 'redis', metadata: { address: 'redis://redis.example.com:6379' } }, 'broker.queueTrigger.metadata.address: \'redis://redis.example.com:6379\' is not a host with a port; give e.g. \'redis.example.com:6379\', without a scheme'],
  [{ type: 'redis', metadata: { address: 'redis.example.com' } }, 'broker.queueTrigger.metadata.address: \'redis.example.com\' is not a host with a port; give e.g. \'redis.example.com:6379\', without a scheme'],
  [{ ...REDIS, metadata: { ...REDIS.metadata, databaseIndex: 'one' } }, 'broker.queueTrigger.metadata.databaseIndex: \'one\' is not the number of a database of Redis; give e.g. \'1\''],
  [{ ...REDIS, metadata: { ...REDIS.metadata, listName: 'mail' } }, 'broker.queueTrigger.metadata.listName: \'mail\' is written for each queue of a worker, and takes the place of this one; leave it out: the queues are those of the worker'],
  [{ ...REDIS, metadata: { ...REDIS.metadata, listLength: '5' } }, 'broker.queueTrigger.metadata.listLength: \'5\' is written for each queue of a worker, and takes the place of this one; leave it out, and give tasksPerReplica to WorkerScaling.queueLength'],
  [{ type: 'rabbitmq', metadata: { host: 'http://mq.example.com:15672/' } }, 'broker.queueTrigger.type: \'rabbitmq\' does not read the queues of the transport redis; give \'redis\''],
  [{ type: 'reddis' }, 'broker.queueTrigger.type: \'reddis\' is not a type of trigger; did you mean redis?'],
  [{ type: 'kafka', metadata: { bootstrapServers: 'kafka.example.com:9092' } }, 'broker.queueTrigger.type: \'kafka\' is not a type of trigger of which it is known how it reads the queues of Celery; give one of redis, redis-cluster, redis-sentinel, rabbitmq, aws-sqs-queue; or, where it can, the metadata that names the queue: queueKey'],
  [{ ...REDIS, authentication: {} }, 'broker.queueTrigger.authentication: an object is empty; give { secretTargetRef: [{ parameter, name, key }] }, or leave it out'],
  [{ ...REDIS, authentication: { secretTargetref: [SECRET] } }, 'broker.queueTrigger.authentication.secretTargetref: a value is not a field of a TriggerAuthentication; did you mean secretTargetRef?'],
  [{ ...REDIS, authentication: { secretTargetRef: SECRET } }, 'broker.queueTrigger.authentication.secretTargetRef: an object is not a list; give [{ key, name, parameter }]'],
  [{ ...REDIS, authentication: { secretTargetRef: ['hunter2'] } }, 'broker.queueTrigger.authentication.secretTargetRef[0]: a string is not an object; give { key, name, parameter }'],
  [{ ...REDIS, authentication: { secretTargetRef: [{ ...SECRET, key: undefined }] } }, 'broker.queueTrigger.authentication.secretTargetRef[0].key: undefined is missing; secretTargetRef needs it'],
  [{ ...REDIS, authentication: { secretTargetRef: [{ parameter: 'password', nam: 'redis', key: 'password' }] } }, 'broker.queueTrigger.authentication.secretTargetRef[0].nam: a value is not a field of secretTargetRef; did you mean name?'],
  [{ ...REDIS, authentication: { secretTargetRef: [{ ...SECRET, key: 5 }] } }, 'broker.queueTrigger.authentication.secretTargetRef[0].key: a number is not a string with characters; give one'],
  [{ ...REDIS, authentication: { podIdentity: {} } }, 'broker.queueTrigger.authentication.podIdentity.provider: undefined is missing; podIdentity needs it'],
  [{ ...REDIS, authentication: { filePath: 5 } }, 'broker.queueTrigger.authentication.filePath: a number is not a string; give the path of a file'],
])('%j of a broker of a user is refused', (queueTrigger, message) => {
  const broker: IBroker = { bind: (): BrokerBinding => ({ url: { value: 'redis://redis.example.com' }, resultBackend: { value: 'disabled://' }, queueTrigger }) };
  expect(refusals((chart) => void celeryApp(chart, { broker }))).toEqual([`[chart/celery] ${message}`]);
  // A worker that is scaled by it has nothing to add.
  for (const refused of [broker, Broker.fromSecret({ name: 'broker', key: 'url' }, { queueTrigger })]) {
    expect(refusals((chart) => void new CeleryWorker(chart, 'worker', {
      celery: celeryApp(chart, { broker: refused }), scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 5 }),
    }))).toEqual([`[chart/celery] ${message}`]);
  }
});

test.each<[QueueTrigger]>([
  [{ type: 'redis', metadata: { host: 'redis.example.com', port: '6379' } }],
  [{ type: 'redis', metadata: { addressFromEnv: 'REDIS_ADDRESS' } }],
  [{ type: 'redis', authentication: { secretTargetRef: [{ ...SECRET, parameter: 'address' }] } }],
  [{ type: 'rabbitmq', authentication: { hashiCorpVault: { address: 'https://vault.example.com', authentication: 'token', secrets: [{ parameter: 'host', key: 'url', path: 'secret/broker' }] } } }],
  [{ type: 'aws-sqs-queue', metadata: { awsRegion: 'eu-central-1' }, authentication: { podIdentity: { provider: 'aws' } } }],
  [{ type: 'external', metadata: { scalerAddress: 'scaler.example.com:9090' }, queueKey: 'queue' }],
  [{ ...REDIS, authentication: { env: [{ parameter: 'password', name: 'REDIS_PASSWORD' }], filePath: '/etc/redis' } }],
])('%j is taken', (queueTrigger) => {
  expect(trigger(() => Broker.fromSecret({ name: 'broker', key: 'url' }, { queueTrigger }))).toEqual(queueTrigger);
});

test('the fields of a TriggerAuthentication are those of its definition', () => {
  const text = readFileSync(join(__dirname, '../../../crds/keda.sh_triggerauthentications.yaml'), 'utf8');
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a schema
  const { properties } = (load(text) as any).spec.versions[0].schema.openAPIV3Schema.properties.spec;
  const objects = Object.entries<Record<string, Manifest>>(properties).filter(([, { type }]) => type as unknown !== 'string');
  const fields = Object.fromEntries(objects.map(([name, { items, ...object }]) => {
    const { properties: known, required = [] } = (items ?? object);
    return [name, { list: items !== undefined, fields: Object.keys(known).map((field) => `${field}${required.includes(field) ? '!' : ''}`).sort() }];
  }));
  const ours = Object.entries(AUTHENTICATION).map(([name, { list, fields: own }]) => [name, { list, fields: [...own].sort() }]);
  expect(Object.fromEntries(ours)).toEqual(fields);
  expect(properties.filePath.type).toBe('string');
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
