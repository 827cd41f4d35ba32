import { brokerUse } from '../../src/manifests/brokers';
import { World } from '../../src/manifests/world';
import { describeFinding, toFinding } from '../../src/rules/finding';
import { lintObjects } from '../../src/rules/lint';

function pods(name: string, container: object, namespace?: string): object[] {
  return [
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace },
      spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }] } } },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: name }, ports: [{ port: 6379 }] } },
  ];
}

const WORKER = { image: 'acme/app:1', command: ['celery', '-A', 'x', 'worker', '-c', '2'] };
const redis = (name: string, namespace?: string): object[] => pods(name, { image: 'redis:7' }, namespace);
const worker = (more: object = {}, namespace?: string): object[] => pods('worker', { ...WORKER, ...more }, namespace);
const env = (name: string, value: string) => ({ env: [{ name, value }] });

function uses(...objects: object[]): string[] {
  const world = new World(objects);
  return world.redisServers.map((server) => `${server.container.name} ${brokerUse(server, world)}`).sort();
}

const OUT_OF_SIGHT = { envFrom: [{ secretRef: { name: 'outside' } }] };

describe('the Redis next to Celery', () => {
  test.each<[string, object[], string[]]>([
    ['is its broker where it is the only one', [...worker(OUT_OF_SIGHT), ...redis('redis')], ['redis possible']],
    ['in another namespace also', [...worker(OUT_OF_SIGHT, 'shop'), ...redis('redis', 'data')], ['redis possible']],
    ['next to a cache', [...worker(OUT_OF_SIGHT), ...redis('redis'), ...redis('redis-cache')], ['redis possible', 'redis-cache no']],
    ['with what follows it', [...worker(OUT_OF_SIGHT), ...redis('redis-master'), ...redis('redis-replicas')], ['redis-master possible', 'redis-replicas possible']],
    ['is not, where there are two', [...worker(OUT_OF_SIGHT), ...redis('one'), ...redis('two')], ['one no', 'two no']],
    ['is not, where it is a cache by its name', [...worker(OUT_OF_SIGHT), ...redis('cache')], ['cache no']],
    ['is not, where the broker is known', [...worker(env('CELERY_BROKER_URL', 'redis://elsewhere.example.com/0')), ...redis('redis')], ['redis no']],
    ['is not, next to RabbitMQ', [...worker(OUT_OF_SIGHT), ...redis('redis'), ...pods('mq', { image: 'rabbitmq:4.1' })], ['redis no']],
    ['is not, without Celery', [...pods('web', { image: 'acme/app:1', command: ['gunicorn'] }), ...redis('redis')], ['redis no']],
    ['is, for an exporter with an option', [...pods('exporter', { image: 'danihodovic/celery-exporter', args: ['--broker-url=redis://redis/0'] }), ...redis('redis')], ['redis yes']],
    ['is not, for an option of another name', [...pods('exporter', { image: 'acme/app:1', args: ['--no--broker-url=redis://redis/0'] }), ...redis('redis')], ['redis no']],
    ['is, for an exporter with a variable', [...pods('exporter', { image: 'danihodovic/celery-exporter', ...env('CE_BROKER_URL', 'redis://redis/0') }), ...redis('redis')], ['redis yes']],
    ['is, for a producer', [...pods('web', { image: 'acme/app:1', ...env('DJANGO_CELERY_BROKER_URL', 'redis://redis/0') }), ...redis('redis')], ['redis yes']],
  ])('%s', (_, objects, expected) => {
    expect(uses(...objects)).toEqual(expected);
  });

  test.each(['valkey/valkey:8', 'eqalpha/keydb:x86_64_v6.3.4', 'docker.dragonflydb.io/dragonflydb/dragonfly:v1.30.0', 'bitnamilegacy/redis:7.2', 'redis/redis-stack-server:7.2.0-v10'])('%s is a server like Redis', (image) => {
    expect(uses(...worker(env('CELERY_BROKER_URL', 'redis://queue/0')), ...pods('queue', { image }))).toEqual(['queue yes']);
  });
});

describe('a Secret of the input', () => {
  const URL = 'redis://:hunter2@redis-host-of-the-secret:6379/0';
  const secret = (data: object): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broker' }, ...data });
  const evicting = pods('redis-host-of-the-secret', { image: 'redis:7', args: ['--maxmemory-policy', 'allkeys-lru'] });

  test.each<[string, object, object]>([
    ['all of its keys', { envFrom: [{ secretRef: { name: 'broker' } }] }, secret({ stringData: { CELERY_BROKER_URL: URL } })],
    ['in base64', { envFrom: [{ secretRef: { name: 'broker' } }] }, secret({ data: { CELERY_BROKER_URL: Buffer.from(URL).toString('base64') } })],
    ['one key', { env: [{ name: 'CELERY_BROKER_URL', valueFrom: { secretKeyRef: { name: 'broker', key: 'url' } } }] }, secret({ stringData: { url: URL } })],
  ])('leads to the broker: %s', (_, container, object) => {
    const objects = [...worker(container), object, ...evicting];
    expect(uses(...objects)).toEqual(['redis-host-of-the-secret yes']);
    const found = lintObjects(objects).violations.filter(({ rule }) => rule.id === 'redis/evicts-tasks');
    expect(found.map(({ severity }) => severity)).toEqual(['error']);
  });

  test('is in no message', () => {
    const withoutRedis = [...worker({ envFrom: [{ secretRef: { name: 'broker' } }] }), secret({ stringData: {
      CELERY_BROKER_URL: 'rediss://user:hunter2@hostinsecret:6379/77', CELERY_RESULT_BACKEND: 'amqp://user:hunter2@hostinsecret//', FLOWER_BASIC_AUTH: 'user:hunter2',
    } })];
    const text = lintObjects(withoutRedis).violations.map((one) => describeFinding(toFinding(one))).join('\n');
    expect(text).not.toMatch(/hunter2|hostinsecret|77/);
  });
});
