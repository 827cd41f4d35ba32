import { declaresPriorities, highestPriority, missingRequirement, TRANSPORT_NAMES, transportNeeds, transportOf } from '../../src/celery/transports';

test.each<[string, string | undefined]>([
  ['redis://h', 'redis'], [' AMQP://h', 'amqp'], ['sqla+sqlite:///x', 'sqla'], ['confluentkafka://h', 'confluentkafka'], ['redis', undefined], ['1x://h', undefined],
  ['x redis://h', undefined], ['a_b://h', undefined], ['', undefined],
])('the transport of %p is %p', (url, transport) => {
  expect(transportOf(url)).toBe(transport);
});

test.each<[string, string[], string | undefined]>([
  ['redis', [], undefined],
  ['amqp', [], undefined],
  ['unknown', [], undefined],
  ['sqs', [], 'celery[sqs]'],
  ['sqs', ['celery[sqs]==5.5.3'], undefined],
  ['sqs', ['kombu[redis,sqs]'], undefined],
  ['sqs', ['other[sqs]'], 'celery[sqs]'],
  ['sqs', ['celery[redis]'], 'celery[sqs]'],
  ['sqs', ['boto3'], 'celery[sqs]'],
  ['sqs', ['boto3>=1', 'pycurl'], undefined],
  ['sqs', ['# a comment', 'boto3', 'PyCurl'], undefined],
  ['sqlalchemy', [], 'celery[sqlalchemy]'],
  ['sqla', ['SQLAlchemy==2.0'], undefined],
  ['kafka', [], 'celery[confluentkafka]'],
  ['kafka', ['confluent_kafka'], undefined],
  ['etcd', [], 'python-etcd'],
  ['etcd', ['celery[etcd]'], 'python-etcd'],
  ['etcd', ['python-etcd'], undefined],
  ['azurestoragequeues', ['azure-storage-queue'], 'celery[azurestoragequeues]'],
])('%s with %j needs %p', (transport, requirements, needed) => {
  expect(missingRequirement(transport, requirements)).toBe(needed);
});

test('each transport without Celery itself is missing something, and has its extra', () => {
  const without = ['amqp', 'amqps', 'pyamqp', 'redis', 'rediss', 'sentinel', 'filesystem', 'memory'];
  expect(TRANSPORT_NAMES.slice(0, without.length)).toEqual(without);
  for (const name of without) expect(missingRequirement(name, [])).toBeUndefined();
  const extras = { kafka: 'confluentkafka', sqla: 'sqlalchemy' } as Record<string, string>;
  const others = TRANSPORT_NAMES.slice(without.length).filter((name) => name !== 'etcd');
  expect(others.map((name) => missingRequirement(name, []))).toEqual(others.map((name) => `celery[${extras[name] ?? name}]`));
  expect(others).toHaveLength(16);
});

test.each<[string | undefined, string[]]>([
  ['redis', ['redis']], ['rediss', ['redis']], ['sentinel', ['redis']], ['amqp', []], ['amqps', []], ['sqs', []], ['memory', []], [undefined, ['redis']],
  ['shop.transport:Transport', ['redis']],
])('the transport %p has the needs %j: redis-py, unless it is known to do without', (transport, needs) => {
  expect(transportNeeds(transport)).toEqual(needs);
});

test.each<[string, number, boolean]>([
  ['amqp', 255, true], ['amqps', 255, true], ['pyamqp', 255, true], ['librabbitmq', 255, true], ['redis', 9, false], ['rediss', 9, false], ['sentinel', 9, false],
  ['memory', 9, false], ['mongodb', 9, false], ['sqs', 0, false], ['filesystem', 0, false],
])('the highest priority of %s is %p, declared: %p', (transport, highest, declared) => {
  expect([highestPriority(transport), declaresPriorities(transport)]).toEqual([highest, declared]);
});
