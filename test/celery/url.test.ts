import { isAmqp, isRedis, isSentinel, parseUrl, redisDatabase } from '../../src/celery/url';

/** The parts of a URL, without those that it does not have. */
function parts(text: string): Record<string, unknown> | undefined {
  const url = parseUrl(text);
  if (!url) return undefined;
  const { query, ...rest } = url;
  expect(rest.text).toBe(text);
  const all = { ...rest, text: undefined, query: query.size > 0 ? Object.fromEntries(query) : undefined };
  return JSON.parse(JSON.stringify(all)) as Record<string, unknown>;
}

test.each<[string, Record<string, unknown> | undefined]>([
  ['redis://redis:6379/0', { scheme: 'redis', host: 'redis', port: '6379', database: '0' }],
  ['redis://redis', { scheme: 'redis', host: 'redis' }],
  ['redis://redis/', { scheme: 'redis', host: 'redis', database: '' }],
  ['  REDIS://Redis.Shop:6379/1/', { scheme: 'redis', host: 'redis.shop', port: '6379', database: '1' }],
  ['redis://:pw@h/0', { scheme: 'redis', host: 'h', database: '0', user: '', password: 'pw' }],
  ['redis://u@h', { scheme: 'redis', host: 'h', user: 'u' }],
  ['amqp://u:p:w@h:5672//', { scheme: 'amqp', host: 'h', port: '5672', user: 'u', password: 'p:w', database: '' }],
  ['amqp://u:p@w@h', { scheme: 'amqp', host: 'h', user: 'u', password: 'p@w' }],
  ['redis://[::1]:6379/0', { scheme: 'redis', host: '[::1]', port: '6379', database: '0' }],
  ['redis://h:$(PORT)/0', { scheme: 'redis', host: 'h', port: '$(PORT)', database: '0' }],
  ['rediss://h/0?ssl_cert_reqs=none&a=b=c&&d', { scheme: 'rediss', host: 'h', database: '0', query: { ssl_cert_reqs: 'none', a: 'b=c', d: '' } }],
  ['redis://h?x=1', { scheme: 'redis', host: 'h', query: { x: '1' } }],
  ['sentinel://a:26379;sentinel://b:26379', { scheme: 'sentinel', host: 'a', port: '26379' }],
  ['db+postgresql://h/results', { scheme: 'db+postgresql', host: 'h', database: 'results' }],
  ['memory://', { scheme: 'memory', host: '' }],
  ['redis+socket:///var/run/redis.sock', { scheme: 'redis+socket', host: '', database: 'var/run/redis.sock' }],
  ['redis:6379', undefined],
  ['://h', undefined],
  ['1redis://h', undefined],
  ['x redis://h', undefined],
])('%s', (text, expected) => {
  expect(parts(text)).toEqual(expected);
});

test.each<[string, boolean, boolean]>([
  ['redis', true, false], ['rediss', true, false], ['valkey', true, false], ['valkeys', true, false], ['redis+socket', true, false],
  ['amqp', false, true], ['amqps', false, true], ['pyamqp', false, true], ['librabbitmq', false, true],
  ['sentinel', false, false], ['xredis', false, false], ['redisx', false, false], ['xamqp', false, false], ['amqpx', false, false],
])('%s is Redis: %p, RabbitMQ: %p', (scheme, redis, amqp) => {
  const url = parseUrl(`${scheme}://h`)!;
  expect([isRedis(url), isAmqp(url)]).toEqual([redis, amqp]);
});

test.each<[string, number | undefined]>([
  ['redis://h', 0], ['redis://h/', 0], ['redis://h/0', 0], ['redis://h/15', 15], ['redis://h/x', undefined], ['redis://h/1x', undefined], ['redis://h/x1', undefined],
  ['redis://h/$(DB)', undefined], ['redis+socket:///1', undefined],
])('the database of %s is %p', (text, database) => {
  expect(redisDatabase(parseUrl(text)!)).toBe(database);
});

test.each<[string, boolean]>([['sentinel://s:26379', true], ['redis://sentinel', false], ['sentinel+x://s', false]])('%s leads to Sentinels: %p', (text, expected) => {
  expect(isSentinel(parseUrl(text)!)).toBe(expected);
});
