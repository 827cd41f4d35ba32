import { RedisServer } from '../../src/manifests/redis-server';
import { configMap, pod } from './pods';

function server(container: object, conf = ''): RedisServer | undefined {
  return RedisServer.read(pod({ image: 'redis:7.4', volumeMounts: [{ name: 'conf', mountPath: '/conf' }], ...container },
    { volumes: [{ name: 'conf', configMap: { name: 'conf' } }] }, configMap('conf', { 'redis.conf': conf })).container);
}

/** The values of directives, and `?` where some are out of sight; `none` for no server. */
function read(container: object, conf?: string, ...names: string[]): string {
  const found = server(container, conf);
  return found ? `${names.map((name) => found.directive(name)?.values.join(' ') ?? '-').join(', ')}${found.opaque ? '?' : ''}` : 'none';
}

test.each<[string, object, string]>([
  ['nothing', {}, '-'],
  ['an option', { args: ['--maxmemory', '1gb'] }, '1gb'],
  ['the server', { command: ['redis-server', '--maxmemory', '1gb'] }, '1gb'],
  ['the server, by its path', { command: ['/usr/local/bin/redis-server', '--maxmemory', '1gb'] }, '1gb'],
  ['Valkey', { image: 'valkey/valkey:8', command: ['valkey-server', '--maxmemory', '1gb'] }, '1gb'],
  ['KeyDB', { image: 'acme/x:1', command: ['keydb-server', '--maxmemory', '1gb'] }, '1gb'],
  ['Dragonfly', { image: 'acme/x:1', command: ['dragonfly', '--maxmemory=1gb'] }, '1gb'],
  ['another image', { image: 'acme/x:1' }, 'none'],
  ['another image of Redis', { image: 'bitnami/redis:7' }, '-?'],
  ['another image of Redis, with words', { image: 'bitnami/redis:7', args: ['--maxmemory', '1gb'] }, '-?'],
  ['an option twice', { args: ['--maxmemory', '1gb', '--maxmemory', '2gb'] }, '2gb'],
  ['one word with its values', { args: ['--maxmemory 1gb'] }, '1gb'],
  ['several values', { args: ['--save', '900', '1', '--maxmemory', '1gb'] }, '1gb'],
  ['a value that comes before any option', { args: ['-x', '--maxmemory', '1gb'] }, '1gb?'],
  ['a script that we cannot read', { command: ['/start.sh'] }, '-?'],
  ['the command line client', { command: ['redis-cli', 'ping'] }, 'none'],
  ['Sentinel', { args: ['--sentinel', '--maxmemory', '1gb'] }, 'none'],
  ['the program of Sentinel', { command: ['redis-sentinel', '/x.conf'] }, 'none'],
  ['a configuration file', { args: ['/conf/redis.conf'] }, '3gb'],
  ['a configuration file of the server', { command: ['redis-server', '/conf/redis.conf'] }, '3gb'],
  ['a configuration file and an option', { command: ['redis-server', '/conf/redis.conf', '--maxmemory', '1gb'] }, '1gb'],
  ['a configuration file out of sight', { args: ['/etc/redis.conf', '--maxmemory', '1gb'] }, '1gb?'],
])('%s', (_, container, expected) => {
  expect(read(container, 'maxmemory 3gb\n', 'maxmemory')).toBe(expected);
});

test('a job with the image is a client', () => {
  const { world } = pod({});
  expect(world.redisServers).toEqual([]);
  const job = pod({}, {}, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'copy' }, spec: { template: { spec: { containers: [{ name: 'c', image: 'redis:7' }] } } } });
  expect(job.world.redisServers).toEqual([]);
});

test.each<[string, string]>([
  ['', '-, -'], ['# maxmemory 1gb', '-, -'], ['  maxmemory   1gb  \n\nDIR "/my data"', '1gb, "/my data"'], ['MaxMemory 1gb', '1gb, -'], ['dir "/data"', '-, /data'], ['dir \'/data\'', '-, /data'],
  ['dir "/data\'', '-, "/data\''], ['maxmemory 1gb\nmaxmemory 2gb', '2gb, -'], ['include other.conf', '-, -?'],
])('the configuration %j', (conf, expected) => {
  expect(read({ args: ['/conf/redis.conf'] }, conf, 'maxmemory', 'dir')).toBe(expected);
});

test.each<[string[], string]>([[[], '/data'], [['--dir', '/srv'], '/srv']])('the folder of %j is %s', (args, folder) => {
  expect(server({ args })!.dataFolder).toBe(folder);
});

test('a directive is where it is written', () => {
  const found = server({ command: ['redis-server', '/conf/redis.conf', '--save', '900', '1', '--appendonly', 'yes'] }, 'maxmemory 3gb\n')!;
  const place = (name: string) => [found.directive(name)!.resource.kind, ...found.directive(name)!.path].join('.');
  const CONTAINER = 'Deployment.spec.template.spec.containers.0.command';
  expect([place('maxmemory'), place('save'), place('appendonly')]).toEqual(['ConfigMap.data.redis.conf', `${CONTAINER}.3`, `${CONTAINER}.6`]);
});
