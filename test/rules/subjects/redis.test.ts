import { lintObjects } from '../../../src/rules/lint';
import { celery, env, found, workload } from '../pods';

const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis' }, spec: { selector: { app: 'redis' }, ports: [{ port: 6379 }] } };
const server = (args: string[], more: object = {}, around: object = {}) => workload({ image: 'redis:7.4', args, ...more }, { name: 'redis', ...around });
const worker = (url = 'redis://redis/0', words = 'worker', around: object = {}, more: object = {}) => workload(celery(words, { ...env({ CELERY_BROKER_URL: url }), ...more }), { name: 'worker', ...around });
const broker = (id: string, args: string[], more: object = {}, around: object = {}) => found(id, server(args, more, around), SERVICE, worker());

test.each<[string, string, string[]]>([
  ['768mb', '1Gi', []], ['769mb', '1Gi', ['warning: 769mb (the limit is 1 GiB)']], ['0', '1Gi', ['warning: 0 (no limit) (the limit is 1 GiB)']], ['768mb', '2Gi', []],
].map(([maximum, limit, expected]) => [maximum, limit, expected] as [string, string, string[]]))('maxmemory %s of %s', (maximum, limit, expected) => {
  expect(broker('redis/maxmemory-above-limit', ['--maxmemory', maximum], { resources: { limits: { memory: limit } } }).map((one) => one.replace(/1024 MiB/, '1 GiB'))).toEqual(expected);
});

test.each<[string[], object, number]>([
  [[], { resources: { limits: { memory: '1Gi' } } }, 1], [['--maxmemory', '1mb'], { resources: { limits: { memory: '1Gi' } } }, 0], [[], {}, 0],
  [['/etc/redis.conf'], { resources: { limits: { memory: '1Gi' } } }, 0],
])('a limit with %j %j', (args, more, count) => {
  expect(broker('redis/limit-without-maxmemory', args, more)).toHaveLength(count);
});

test.each<[string[], string[]]>([
  [['--maxmemory-policy', 'allkeys-lru'], ['error: allkeys-lru']], [['--maxmemory-policy', 'allkeys-random'], ['error: allkeys-random']], [['--maxmemory-policy', 'volatile-lru'], []],
  [['--maxmemory-policy', 'noeviction'], []], [[], []],
])('the policy of %j', (args, expected) => {
  expect(broker('redis/evicts-tasks', args)).toEqual(expected);
});

test.each<[string[], number]>([[['--cache_mode=true'], 1], [['--cache_mode'], 1], [['--cache_mode=yes'], 1], [['--cache_mode=1'], 1], [['--cache_mode=false'], 0]])('Dragonfly with %j', (args, count) => {
  expect(broker('redis/evicts-tasks', [], { image: 'dragonflydb/dragonfly:v1', args })).toHaveLength(count);
});

describe('Dragonfly has flags of its own', () => {
  const CLAIM = { pod: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'dragonfly' } }] } };
  const AT = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const dragonfly = (id: string, args: string[], more: object = {}, around: object = {}) => broker(id, [], { image: 'dragonflydb/dragonfly:v1', args, ...more }, around);
  const LIMIT = { resources: { limits: { memory: '1Gi' } } };

  test.each<[string, string[], object, object, string[]]>([
    ['no volume', [], {}, {}, ['warning: no volume at /data']], ['nothing is kept', ['--dbfilename='], {}, {}, []], ['a claim and snapshots', ['--snapshot_cron', '*/5 * * * *'], AT, CLAIM, []],
    ['a claim', [], AT, CLAIM, ['warning: no snapshot_cron (after a SIGKILL it is as it was at the last snapshot, unless tasks of the last minutes may be lost)']],
  ])('%s', (_, args, more, around, expected) => {
    expect(dragonfly('redis/queue-not-kept', args, more, around)).toEqual(expected);
  });

  test('it takes its share of the limit by itself', () => {
    expect(dragonfly('redis/limit-without-maxmemory', [], LIMIT)).toEqual([]);
    expect(dragonfly('redis/maxmemory-above-limit', ['--maxmemory=0'], LIMIT)).toEqual([]);
    expect(dragonfly('redis/maxmemory-above-limit', ['--maxmemory=1gb'], LIMIT)).toHaveLength(1);
  });

  test('no fix has a flag that it does not know', () => {
    const objects = [server([], { image: 'dragonflydb/dragonfly:v1', args: ['--cache_mode'] }), SERVICE, worker()];
    const { violations } = lintObjects(objects);
    const fixes = violations.filter(({ rule: { id } }) => ['redis/queue-not-kept', 'redis/evicts-tasks'].includes(id)).map(({ fix }) => fix);
    expect(fixes).toHaveLength(2);
    for (const fix of fixes) expect(fix).toMatch(/^(?!.*(--appendonly|--save|maxmemory-policy)).*--(snapshot_cron|cache_mode)/);
  });
});

describe('a queue that is not kept', () => {
  const CLAIM = { pod: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'redis' } }] } };
  const EMPTY = { pod: { volumes: [{ name: 'data', emptyDir: {} }] } };
  const AT = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const SNAPSHOT = ['warning: appendonly no (after a SIGKILL it is as it was at the last snapshot, unless tasks of the last minutes may be lost)'];

  test.each<[string, string[], object, object, string[]]>([
    ['no volume', [], {}, {}, ['warning: no volume at /data']], ['an emptyDir', [], AT, EMPTY, ['warning: an emptyDir at /data']], ['a claim', [], AT, CLAIM, SNAPSHOT],
    ['a claim and a log', ['--appendonly', 'yes'], AT, CLAIM, []], ['a claim elsewhere', ['--dir', '/srv'], AT, CLAIM, ['warning: no volume at /srv']],
    ['a claim and chosen snapshots', ['--save', '60', '1'], AT, CLAIM, []], ['nothing is kept', ['--save', '', '--appendonly', 'no'], {}, {}, []], ['snapshots without a volume', ['--save', '60', '1'], {}, {}, ['warning: no volume at /data']],
    ['no snapshots, and a log without a volume', ['--save', '', '--appendonly', 'yes'], {}, {}, ['warning: no volume at /data']], ['a configuration out of sight', ['/etc/redis.conf'], {}, {}, []],
  ])('%s', (_, args, more, around, expected) => {
    expect(broker('redis/queue-not-kept', args, more, around)).toEqual(expected);
  });
});

test.each<[number | undefined, string[], string[]]>([
  [1, [], []], [2, [], ['error: replicas: 2']], [0, [], []], [undefined, [], []], [2, ['--replicaof', 'a', '1'], []], [2, ['--slaveof', 'a', '1'], []], [2, ['--cluster-enabled', 'yes'], []], [2, ['/etc/redis.conf'], []],
])('%s pods with %j', (replicas, args, expected) => {
  expect(broker('redis/more-than-one', args, {}, { spec: replicas === undefined ? {} : { replicas } })).toEqual(expected);
});

test.each<[string[], string, string[]]>([
  [['--protected-mode', 'yes'], 'redis:7.4', ['error: protected-mode yes']], [['--protected-mode', 'no'], 'redis:7.4', []], [['--protected-mode', 'yes', '--requirepass', 'x'], 'redis:7.4', []],
  [['--protected-mode', 'yes', '--aclfile', 'x'], 'redis:7.4', []], [['--protected-mode', 'yes', '--user', 'x'], 'redis:7.4', []], [['--protected-mode', 'yes', '--masterauth', 'x'], 'redis:7.4', []],
  [['--protected-mode', 'yes', '--bind', '0.0.0.0'], 'redis:7.4', ['error: protected-mode yes']], [['--protected-mode', 'yes', '--bind', '0.0.0.0'], 'redis:6.2', []],
  [['--protected-mode', 'yes', '--bind', '0.0.0.0'], 'redis:alpine', ['warning: protected-mode yes (unless the image has Redis 6 or older)']],
  [['--bind', '127.0.0.1'], 'redis:7.4', ['error: bind 127.0.0.1']], [['--bind', '127.0.0.1', '::1'], 'redis:7.4', ['error: bind 127.0.0.1 ::1']], [['--bind', '127.0.0.1', '10.0.0.1'], 'redis:7.4', []],
  [['--bind', 'localhost'], 'redis:7.4', ['error: bind localhost']], [['--bind', '-::1'], 'redis:7.4', ['error: bind -::1']], [['--bind', '0.0.0.0'], 'redis:7.4', []],
])('%j of %s refuses clients', (args, image, expected) => {
  expect(broker('redis/refuses-clients', args, { image })).toEqual(expected);
});

test.each<[string, string[], number]>([
  ['redis://redis/0', ['--requirepass', 'x'], 1], ['redis://:y@redis/0', ['--requirepass', 'x'], 0], ['redis://redis/0?password=y', ['--requirepass', 'x'], 0], ['redis://redis/0', ['--requirepass', ''], 0],
  ['redis://redis/0', [], 0], ['redis://other/0', ['--requirepass', 'x'], 0], ['redis://$(HOST)/0', ['--requirepass', 'x'], 0], ['amqp://redis//', ['--requirepass', 'x'], 0],
])('%s and %j: no password is given', (url, args, count) => {
  expect(found('redis/password-not-given', server(args), SERVICE, worker(url))).toHaveLength(count);
});

test.each<[string[], string, number]>([
  [['redis-cli', 'ping'], 'readinessProbe', 1], [['redis-cli', 'ping'], 'livenessProbe', 0], [['valkey-cli', 'ping'], 'readinessProbe', 1], [['sh', '-c', 'redis-cli ping | grep PONG'], 'readinessProbe', 0],
  [['sh', '-c', '[ "$(redis-cli ping)" = PONG ]'], 'readinessProbe', 0], [['redis-cli', '-e', 'ping'], 'readinessProbe', 0], [['redis-cli', '--user=x', 'ping'], 'readinessProbe', 1], [['redis-cli', 'get', 'a'], 'readinessProbe', 0],
])('%j as %s proves nothing: %s', (command, kind, count) => {
  expect(broker('redis/ping-proves-nothing', [], { [kind]: { exec: { command } } })).toHaveLength(count);
});

test.each<[string[], object, string[]]>([
  [['redis-cli', 'ping'], {}, ['warning: redis-cli ping (it has no password to give)']], [['redis-cli', '-a', 'x', 'ping'], {}, []], [['redis-cli', '--pass', 'x', 'ping'], {}, []],
  [['redis-cli', 'ping'], env({ REDISCLI_AUTH: 'x' }), []],
])('a liveness probe of %j %j, where there is a password', (command, more, expected) => {
  expect(broker('redis/ping-proves-nothing', ['--requirepass', 'x'], { livenessProbe: { exec: { command } }, ...more })).toEqual(expected);
});

test.each<[string, string, object, number]>([
  ['10', 'worker -c 2', {}, 0], ['9', 'worker -c 2', {}, 1], ['20', 'worker -c 2', { spec: { replicas: 2 } }, 0], ['19', 'worker -c 2', { spec: { replicas: 2 } }, 1], ['28', 'worker -P threads -c 20', {}, 0], ['27', 'worker -P threads -c 20', {}, 1],
  ['many', 'worker -c 2', {}, 0],
])('maxclients %s for %s %j', (clients, words, around, count) => {
  expect(found('redis/too-few-clients', server(['--maxclients', clients]), SERVICE, worker('redis://redis/0', words, around))).toHaveLength(count);
});

describe('results in the database of the queue', () => {
  const results = (url: string, backend: string, options = '') => found('redis/results-beside-queue', workload(celery(`worker${options}`, env({ CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: backend }))));

  test.each<[string, string, string, number]>([
    ['redis://r/0', 'redis://r/0', '', 1], ['redis://r/0', 'redis://r/1', '', 0], ['redis://r/0', 'redis://s/0', '', 0], ['redis://r:1/0', 'redis://r:2/0', '', 0], ['redis://r', 'redis://r/0', '', 1], ['amqp://r//', 'redis://r/0', '', 0],
    ['redis://r/0', 'redis://r/0', ' -- task_ignore_result=1', 0], ['redis://r/0', 'redis://r/0', ' -- task_ignore_result=0', 1], ['redis://r/0', 'redis://r/0', ' -- result_expires=86399', 0],
    ['redis://r/0', 'redis://r/0', ' -- result_expires=86400', 1], ['redis://r/0', 'redis://r/0', ' -- result_expires=0', 1], ['redis://r/0', 'redis://r/0', ' -- result_expires=None', 1],
  ])('%s and %s%s', (url, backend, options, count) => {
    expect(results(url, backend, options)).toHaveLength(count);
  });
});
