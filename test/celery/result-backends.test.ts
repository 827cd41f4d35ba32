import { backendNeeds, brokerAsBackend, isKnownBackend, mayBeBackend, otherBackend } from '../../src/celery/result-backends';

test.each<[string, string | undefined]>([
  ['amqp://h', 'amqp'], [' AMQPS://h', 'amqps'], ['pyamqp', 'pyamqp'], ['sqs://', 'sqs'], ['sqla+sqlite:///x', 'sqla'], ['memory://', 'memory'],
  ['redis://h', undefined], ['rpc://', undefined], ['rpc', undefined], ['db+postgresql://h', undefined], ['amqp:h', undefined], ['amqp.backends:Results', undefined],
  ['x amqp://h', undefined], ['://amqp', undefined], ['', undefined],
])('the broker in %p is %p', (text, broker) => {
  expect(brokerAsBackend(text)).toBe(broker);
});

test.each<[string | undefined, string[]]>([
  ['redis://h/1', ['redis']], ['rediss://h', ['redis']], ['redis+socket:///x', ['redis']], ['sentinel://h', ['redis']], ['rpc://', []], ['rpc', []], ['disabled://', []],
  ['mongodb://h', []], ['db+postgresql+psycopg://h/x', ['sqlalchemy']], ['database', ['sqlalchemy']], [undefined, ['redis']], ['$(RESULTS)', ['redis']],
  ['shop.backends:Results', ['redis']], ['django-db', ['redis']],
])('the result backend %p has the needs %j: redis-py, unless it is known to do without', (url, needs) => {
  expect(backendNeeds(url)).toEqual(needs);
});

test('what to give instead', () => {
  for (const broker of ['amqp', 'amqps', 'pyamqp', 'librabbitmq']) expect(otherBackend(broker)).toMatch(/^rpc:\/\/ \(through RabbitMQ\), redis:\/\//);
  expect(otherBackend('sqs')).toMatch(/^redis:\/\/, db\+postgresql:\/\/, or disabled:\/\//);
});

test.each<[string, boolean, boolean]>([
  ['redis://h', true, true], ['rpc', true, true], ['db+postgresql://h/x', true, true], ['disabled://', true, true], ['s3', true, true], ['gs://bucket', true, true],
  ['django-db', true, false], ['own', true, false], ['own+x://h', true, false], ['own+x', false, false], ['shop.backends:Results', true, true], ['shop.backends.Results', true, true],
  ['shop:Results', true, true], ['redis:', false, true], ['a b', false, false], ['1x', false, false], ['', false, false], ['a..b', false, true], ['.a:B', false, true],
  ['a:1', false, true], ['a.b:c d', false, true],
])('%p may be one: %p, is known: %p', (text, may, known) => {
  expect([mayBeBackend(text), isKnownBackend(text)]).toEqual([may, known]);
});
