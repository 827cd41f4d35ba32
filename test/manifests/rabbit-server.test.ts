import { brokerUse } from '../../src/manifests/brokers';
import { census } from '../../src/manifests/census';
import { dataFolder, joinsCluster, rabbitFor, rabbitReplicas, rabbitServers, rabbitSetting } from '../../src/manifests/rabbit-server';
import { World } from '../../src/manifests/world';
import { configMap, pod } from './pods';

function server(container: object, conf?: Record<string, string>, mountPath = '/etc/rabbitmq/conf.d', volume: object = { configMap: { name: 'conf' } }) {
  const mounted = conf === undefined ? {} : { volumeMounts: [{ name: 'conf', mountPath }] };
  const { world } = pod({ image: 'rabbitmq:4.1.0', ...mounted, ...container }, { volumes: [{ name: 'conf', ...volume }] }, configMap('conf', conf ?? {}));
  return rabbitServers(world)[0] as ReturnType<typeof rabbitServers>[number] | undefined;
}

test.each<[string, object, boolean]>([
  ['the image', {}, true], ['its management image', { image: 'bitnami/rabbitmq-management:4' }, true], ['rabbitmq-server in another image', { image: 'acme/x:1', command: ['/usr/sbin/rabbitmq-server'] }, true],
  ['its entrypoint', { command: ['docker-entrypoint.sh', 'rabbitmq-server'] }, true], ['a command of its own', { command: ['rabbitmqctl', 'status'] }, false], ['an exporter', { image: 'acme/rabbitmq-exporter:1' }, false],
])('%s is a server: %s', (_, container, expected) => {
  expect(server(container) !== undefined).toBe(expected);
});

test.each<[string, string | undefined]>([
  ['rabbitmq:4.1.0', '4.1.0'], ['rabbitmq:4.1', '4.1'], ['rabbitmq:v3.13.7', '3.13.7'], ['rabbitmq:4.1.0-management', '4.1.0'], ['rabbitmq:4', undefined], ['rabbitmq:latest', undefined], ['rabbitmq', undefined],
])('the version of %s is %s', (image, version) => {
  expect(server({ image })!.version).toBe(version);
});

test.each<[string, object, string, object, string | undefined, boolean]>([
  ['its folder', {}, '/etc/rabbitmq', { configMap: { name: 'conf' } }, '60', false], ['a folder of it', {}, '/etc/rabbitmq/conf.d', { configMap: { name: 'conf' } }, '60', false],
  ['a file of it elsewhere', {}, '/opt/rabbitmq.conf', { configMap: { name: 'conf' } }, '60', false], ['a folder conf elsewhere', {}, '/opt/conf', { configMap: { name: 'conf' } }, '60', false],
  ['a file that only begins like it', {}, '/opt/rabbitmq.conf.d.old', { configMap: { name: 'conf' } }, undefined, false], ['another folder', {}, '/var/lib', { configMap: { name: 'conf' } }, undefined, false],
  ['an emptyDir', {}, '/etc/rabbitmq', { emptyDir: {} }, undefined, true], ['a ConfigMap out of sight', {}, '/etc/rabbitmq', { configMap: { name: 'gone' } }, undefined, true],
  ['of an image of somebody', { image: 'acme/rabbitmq:4' }, '/etc/rabbitmq', { configMap: { name: 'conf' } }, '60', true], ['of Bitnami', { image: 'bitnami/rabbitmq:4' }, '/etc/rabbitmq', { configMap: { name: 'conf' } }, '60', false],
  ['of Bitnami, as it is called now', { image: 'bitnamilegacy/rabbitmq:4' }, '/etc/rabbitmq', { configMap: { name: 'conf' } }, '60', false],
  ['with a file that a variable names', { env: [{ name: 'RABBITMQ_CONFIG_FILE', value: '/x' }] }, '/etc/rabbitmq', { configMap: { name: 'conf' } }, '60', true],
])('the configuration in %s', (_, container, mountPath, volume, value, opaque) => {
  const found = server(container, { 'a.conf': 'heartbeat = 30\n # heartbeat = 1\nheartbeat=60 \nheart.beat = 2\n' }, mountPath, volume)!;
  expect([rabbitSetting(found, 'heartbeat')?.value, found.opaque]).toEqual([value, opaque]);
});

test('a dot in the name of a setting is a dot', () => {
  expect(rabbitSetting(server({}, { 'a.conf': 'axb = 1\n' })!, 'a.b')).toBeUndefined();
  expect(rabbitSetting(server({}, { 'a.conf': 'a.b = 1\n' })!, 'a.b')?.value).toBe('1');
});

test('variables with configuration', () => {
  const given = (name: string, entry: object) => server({ env: [{ name, ...entry }] })!;
  expect(given('RABBITMQ_EXTRA_CONFIGURATION', { value: 'heartbeat = 5' }).files.map(({ text }) => text)).toEqual(['heartbeat = 5']);
  expect(given('RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS', { value: 'x' }).files).toHaveLength(1);
  expect(given('RABBITMQ_EXTRA_CONFIGURATION', { valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } })).toMatchObject({ files: [], opaque: true });
  expect(given('OTHER', { value: 'x' })).toMatchObject({ files: [], opaque: false });
});

test.each<[string, string]>([['rabbitmq:4', '/var/lib/rabbitmq/mnesia'], ['bitnami/rabbitmq:4', '/bitnami/rabbitmq/mnesia'], ['bitnamilegacy/rabbitmq:4', '/bitnami/rabbitmq/mnesia'], ['acme/bitnami/rabbitmq:4', '/var/lib/rabbitmq/mnesia']])('%s keeps its queues in %s', (image, folder) => {
  expect(dataFolder(server({ image })!)).toBe(folder);
});

describe('the server that a URL leads to', () => {
  const CLUSTER = { apiVersion: 'rabbitmq.com/v1beta1', kind: 'RabbitmqCluster', metadata: { name: 'mq' }, spec: { image: 'rabbitmq:4.1.0', replicas: 3, rabbitmq: { additionalConfig: 'heartbeat = 7' } } };
  const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'rabbit' }, spec: { selector: { app: 'shop' }, ports: [{ port: 5672 }] } };
  const led = (url: string, ...objects: object[]) => {
    const { world } = pod({ image: 'rabbitmq:4.1.0' }, {}, {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' },
      spec: { template: { spec: { containers: [{ name: 'w', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker'], env: [{ name: 'CELERY_BROKER_URL', value: url }] }] } } },
    }, ...objects);
    return rabbitFor(world.processes[0].broker!, world).map((one) => [one.resource.name, rabbitReplicas(one), rabbitSetting(one, 'heartbeat')?.value]);
  };

  test.each<[string, object[], unknown[]]>([
    ['amqp://rabbit//', [SERVICE], [['shop', 1, undefined]]], ['amqp://rabbit//', [], []], ['redis://rabbit/0', [SERVICE], []], ['amqp://mq//', [CLUSTER], [['mq', 3, '7']]], ['amqp://mq.shop.svc//', [CLUSTER], [['mq', 3, '7']]],
    ['amqp://shop//', [], []], ['amqp://mq//', [{ ...CLUSTER, apiVersion: 'example.com/v1' }], []],
  ])('%s', (url, objects, expected) => {
    expect(led(url, ...objects)).toEqual(expected);
  });
});

test('the census counts each container once, by what it is', () => {
  const deployment = (name: string, container: object) => ({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }] } } },
  });
  const service = (name: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 1 }] } });
  const world = new World([
    deployment('worker', { image: 'shop:1', command: ['celery', '-A', 'shop', 'worker'], env: [{ name: 'CELERY_BROKER_URL', value: 'redis://queue/0' }] }),
    deployment('beat', { image: 'shop:1', command: ['celery', '-A', 'shop', 'beat'] }), deployment('flower', { image: 'shop:1', command: ['celery', '-A', 'shop', 'flower'] }),
    deployment('queue', { image: 'redis:7' }), service('queue'), deployment('store', { image: 'valkey/valkey:8' }), deployment('key', { image: 'eqalpha/keydb:6' }), deployment('fly', { image: 'dragonflydb/dragonfly:1' }),
    deployment('rabbit', { image: 'rabbitmq:4' }), deployment('exporter', { image: 'danihodovic/celery-exporter:0.12', args: ['--broker-url=redis://queue/0'] }), deployment('thing', { image: 'acme/thing:1' }),
  ]);
  const { servers, unrecognised, ...counts } = census(world);
  expect(counts).toEqual({ workers: 1, beats: 1, flowers: 1, exporters: 1 });
  expect([...servers].sort()).toEqual([['Dragonfly', 1], ['KeyDB', 1], ['RabbitMQ (broker)', 1], ['Redis (broker)', 1], ['Valkey', 1]]);
  expect(unrecognised.map(({ name }) => name)).toEqual(['thing']);
  expect(world.redisServers.map((one) => `${one.container.name} ${brokerUse(one, world)}`).sort()).toEqual(['fly no', 'key no', 'queue yes', 'store no']);
});

test.each<[string, object, Record<string, string> | undefined, boolean]>([
  ['nothing', {}, undefined, false],
  ['its configuration', {}, { 'rabbitmq.conf': 'cluster_formation.peer_discovery_backend = k8s\n' }, true],
  ['another configuration', {}, { 'rabbitmq.conf': 'vm_memory_high_watermark.relative = 0.5\n' }, false],
  ['a variable', { env: [{ name: 'RABBITMQ_CLUSTER_NODES', value: 'a b' }] }, undefined, true],
  ['a cookie of the official image', { env: [{ name: 'RABBITMQ_ERLANG_COOKIE', value: 'x' }] }, undefined, false],
  ['a cookie of another image', { image: 'bitnami/rabbitmq:4', env: [{ name: 'RABBITMQ_ERLANG_COOKIE', value: 'x' }] }, undefined, true],
  ['a command', { command: ['sh', '-c', 'rabbitmq-server -detached; rabbitmqctl join_cluster rabbit@a; tail -f /dev/null'] }, undefined, true],
  ['arguments', { args: ['rabbitmq-server', '-cluster'] }, undefined, true],
  ['other arguments', { args: ['rabbitmq-server'] }, undefined, false],
  ['a hook', { lifecycle: { postStart: { exec: { command: ['rabbitmqctl', 'join_cluster', 'rabbit@a'] } } } }, undefined, true],
  ['a hook for something else', { lifecycle: { postStart: { exec: { command: ['rabbitmqctl', 'status'] } } } }, undefined, false],
])('several nodes are made a cluster by %s', (_, container, conf, expected) => {
  expect(joinsCluster(server(container, conf)!)).toBe(expected);
});
