import { Chart, Duration } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryAppProps, CeleryWorker, IBroker, PythonRuntime, RedisBroker, ResultBackend } from '../../src';
import { TASKS } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

const P = { name: 'passwords', key: 'broker' };
const Q = { name: 'passwords', key: 'other' };
const SECRETS = ['Secret/passwords'];

type Part = Partial<CeleryAppProps> & { readonly broker: IBroker };

/** Two apps with code of their own, both on the queue `celery`; tasks of the first take an hour. */
function two(a: Part, b: Part): (chart: Chart) => void {
  return (chart) => [a, b].forEach((props, i) => {
    const name = ['one', 'two'][i];
    const celery = new CeleryApp(chart, name, {
      app: 'tasks', code: AppCode.fromInline({ 'tasks.py': `${TASKS}# ${name}\n` }), runtime: PythonRuntime.fromImage(`registry.example.com/${name}:1.0.0`),
      resultBackend: ResultBackend.none(), ...props,
    });
    new CeleryWorker(chart, `${name}-worker`, { celery, longestTask: i === 0 ? Duration.hours(1) : undefined });
  });
}

function timeouts(manifests: Manifests): (number | undefined)[] {
  return ['one-worker', 'two-worker'].map((name) => {
    const found = manifests.main(name).command.find((word) => word.startsWith('broker_transport_options='));
    return found === undefined ? undefined : (JSON.parse(found.slice(found.indexOf('{'))) as { visibility_timeout?: number }).visibility_timeout;
  });
}

/** What is refused, if anything. */
function refused(make: (chart: Chart) => unknown): string[] {
  try {
    synth(make, SECRETS);
    return [];
  } catch (error) {
    return String(error).split('\n');
  }
}

const url = (text: string): Part => ({ broker: Broker.fromUrl(text) });
const sqs = (region: string, queueNamePrefix?: string): Part => ({ broker: Broker.fromSqs({ region, queueNamePrefix }) });
const sentinel = (masterName: string, sentinels = ['a.example.com', 'b.example.com'], database?: number): Part => (
  { broker: Broker.fromSentinel({ sentinels, masterName, database }) });
const rabbit = (username: string, virtualHost: string): Part => (
  { broker: Broker.fromRabbitMq({ host: 'rabbit.example.com', username, password: username === 'a' ? P : Q, virtualHost }) });
const prefix = (global_keyprefix: string): Part => (
  { broker: Broker.fromRedis({ host: 'redis.example.com' }), settings: { broker_transport_options: { global_keyprefix } } });
const byCode = (global_keyprefix: string, more = ''): Part => ({
  broker: Broker.fromRedis({ host: 'redis.example.com' }),
  code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.broker_transport_options = {'global_keyprefix': '${global_keyprefix}', 'visibility_timeout': 7275}\n${more}` }),
});

describe('two apps have queues of their own', () => {
  test.each<[string, Part, Part]>([
    ['by the prefix of SQS', sqs('eu-central-1', 'a-'), sqs('eu-central-1', 'b-')],
    ['by the region of SQS', sqs('eu-central-1'), sqs('eu-west-1')],
    ['by the master of Sentinel', sentinel('a'), sentinel('b')],
    ['by the database of Sentinel', sentinel('a', undefined, 0), sentinel('a', undefined, 1)],
    ['by the prefix of their keys', prefix('a:'), prefix('b:')],
    ['by the virtual host', rabbit('a', '/'), rabbit('a', 'shop')],
    ['by the port', url('redis://redis.example.com:6379/0'), url('redis://redis.example.com:6381/0')],
  ])('%s', (_what, a, b) => {
    const manifests = synth(two(a, b), SECRETS);
    const [, other] = timeouts(manifests);
    expect(other).toBeUndefined();
  });

  test('by a prefix of the keys in their code', () => {
    expect(refused(two(byCode('a:'), byCode('b:'))).join('\n')).not.toContain('is a queue from which');
    expect(refused(two(byCode('a:'), byCode('a:', '# another\n'))).join('\n')).toContain('is a queue from which');
  });
});

describe('two apps share their queues', () => {
  test.each<[string, Part, Part, string]>([
    ['with two users of one virtual host', rabbit('a', '/'), rabbit('b', '/'), 'in the same virtual host'],
    ['with one virtual host in two spellings', rabbit('a', '/'), url('amqp://rabbit.example.com//'), 'in the same virtual host'],
    ['with sentinels in another order', sentinel('a'), sentinel('a', ['b.example.com', 'a.example.com']), 'Broker.fromSentinel({ database: 1 })'],
    ['with some of the sentinels', sentinel('a'), sentinel('a', ['b.example.com', 'c.example.com']), 'in the same database'],
    ['with one server of a failover list', url('redis://a.example.com/0;redis://b.example.com/0'), url('redis://b.example.com:6379/0'), 'in the same database'],
    ['with one server of a failover list of RabbitMQ', url('amqp://a.example.com//;amqp://b.example.com//'), url('amqp://b.example.com:5672//'), 'in the same virtual host'],
    ['with one prefix of SQS', sqs('eu-central-1', 'a-'), sqs('eu-central-1', 'a-'), 'in the same account'],
    ['with one prefix of their keys', prefix('a:'), prefix('a:'), 'in the same database'],
    ['with and without the default port', url('redis://redis.example.com/0'), url('redis://redis.example.com:6379'), 'in the same database'],
  ])('%s', (_what, a, b, expected) => {
    const found = refusals(two(a, b)).filter((line) => line.includes('is a queue from which'));
    expect(found).toHaveLength(2);
    expect(found[0]).toContain(expected);
  });

  test.each<[string, Part, Part]>([
    ['sentinels in another order', sentinel('a'), sentinel('a', ['b.example.com', 'a.example.com'])],
    ['one prefix of keys', prefix('a:'), prefix('a:')],
  ])('and then their visibility timeout: %s', (_what, a, b) => {
    const apart = two({ ...a, settings: { ...a.settings, task_default_queue: 'x' } }, b);
    const [one, other] = timeouts(synth(apart));
    expect([one, other]).toEqual([7275, 7275]);
  });
});

describe('results in the Redis of the broker', () => {
  const forever = (broker: (chart: Chart) => IBroker, resultBackend: ResultBackend, result_expires: number | null = 0) => (chart: Chart): CeleryApp => new CeleryApp(chart, 'shop', {
    app: 'tasks', broker: broker(chart), resultBackend, code: AppCode.fromInline({ 'tasks.py': TASKS }),
    runtime: PythonRuntime.fromImage('registry.example.com/shop:1.0.0'), settings: { result_expires },
  });
  const own = (chart: Chart): IBroker => new RedisBroker(chart, 'redis');
  const message = 'keeps results forever, in the Redis that also has the queues';

  test.each<[string, (chart: Chart) => IBroker, ResultBackend, boolean]>([
    ['by a shorter name', own, ResultBackend.fromUrl('redis://redis.test:6379/1'), true],
    ['by the shortest name', own, ResultBackend.fromRedis({ host: 'redis' }), true],
    ['behind the same sentinels', () => sentinel('a').broker, ResultBackend.fromSentinel({ sentinels: ['b.example.com', 'a.example.com'], masterName: 'a', database: 1 }), true],
    ['by one Secret', () => Broker.fromSecret(P, { transport: 'redis' }), ResultBackend.fromSecret(P), true],
    ['in another namespace', own, ResultBackend.fromUrl('redis://redis.other:6379/1'), false],
    ['behind another master', () => sentinel('a').broker, ResultBackend.fromSentinel({ sentinels: ['a.example.com', 'b.example.com'], masterName: 'b' }), false],
    ['by another Secret', () => Broker.fromSecret(P, { transport: 'redis' }), ResultBackend.fromSecret(Q), false],
  ])('%s', (_what, broker, backend, same) => {
    const found = refused(forever(broker, backend)).join('\n');
    if (same) expect(found).toContain(message);
    else expect(found).not.toContain(message);
  });
});

describe('results of a RedisBroker are sized by the expiry', () => {
  const sized = (perDay: number, code: string) => (chart: Chart): CeleryApp => new CeleryApp(chart, 'shop', {
    app: 'tasks', broker: new RedisBroker(chart, 'redis', { results: { perDay } }), code: AppCode.fromInline({ 'tasks.py': `${TASKS}${code}` }),
    runtime: PythonRuntime.fromImage('registry.example.com/shop:1.0.0'),
  });

  test('of the code, where settings say nothing', () => {
    expect(refusals(sized(10_000, 'app.conf.result_expires = 30 * 86400\n')).join('\n')).toContain('need 450000kb until they expire after 2592000 seconds');
    expect(() => synth(sized(1_000_000, 'app.conf.result_expires = 60\n'))).not.toThrow();
  });

  test('and otherwise by a day', () => {
    expect(() => synth(sized(10_000, ''))).not.toThrow();
    expect(refusals(sized(1_000_000, '')).join('\n')).toContain('until they expire after 86400 seconds');
  });
});
