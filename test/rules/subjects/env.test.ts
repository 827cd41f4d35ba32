import { celery, env, found, workload } from '../pods';

describe('a variable that Celery takes as an option', () => {
  const read = (variables: Record<string, string>, command: string[] = ['celery', 'worker']) => found('env/celery-reads-this', workload({ command, ...env(variables) }));

  test.each<[Record<string, string>, string[], string[]]>([
    [{ APP: 'shop' }, ['celery', 'worker'], []],
    [{ APP: 'shop.celery:app' }, ['celery', 'worker'], []],
    [{ APP: '1shop' }, ['celery', 'worker'], ['error: APP=1shop']],
    [{ APP: 'my shop' }, ['celery', 'worker'], ['error: APP=my shop']],
    [{ APP: 'my-shop' }, ['celery', '-A', 'shop', 'worker'], []],
    [{ LOADER: 'default' }, ['celery', 'worker'], []],
    [{ LOADER: 'app' }, ['celery', 'worker'], []],
    [{ LOADER: 'django' }, ['celery', 'worker'], []],
    [{ LOADER: 'shop.Loader' }, ['celery', 'worker'], []],
    [{ LOADER: 'defaults' }, ['celery', 'worker'], ['error: LOADER=defaults']],
    [{ LOADER: 'prod' }, ['celery', 'worker'], ['error: LOADER=prod']],
    [{ LOADER: 'prod' }, ['celery', '--loader', 'default', 'worker'], []],
    [{ CONFIG_MODULE: 'shop.config' }, ['celery', 'worker'], []],
    [{ CONFIG_MODULE: 'a/b' }, ['celery', 'worker'], ['error: CONFIG_MODULE=a/b']],
    [{ CONFIG_MODULE: '2b' }, ['celery', 'worker'], ['error: CONFIG_MODULE=2b']],
    [{ CONFIG_MODULE: 'a/b' }, ['celery', '--config', 'c', 'worker'], []],
    [{ CELERY_BEAT_SCHEDULE: '{"a": 1}' }, ['celery', 'beat'], ['error: CELERY_BEAT_SCHEDULE={"a": 1}']],
    [{ CELERY_BEAT_SCHEDULE: ' [1]' }, ['celery', 'beat'], ['error: CELERY_BEAT_SCHEDULE= [1]']],
    [{ CELERY_BEAT_SCHEDULE: '/data/schedule' }, ['celery', 'beat'], []],
    [{ CELERY_BEAT_SCHEDULE: '/data/{a}' }, ['celery', 'beat'], []],
    [{ CELERY_BEAT_SCHEDULE: '{}' }, ['celery', 'worker'], []],
    [{ CELERY_BEAT_SCHEDULE: '{}' }, ['celery', 'beat', '-s', '/data/s'], []],
  ])('%j with %j', (variables, command, expected) => {
    expect(read(variables, command)).toEqual(expected);
  });
});

describe('the variables that Kubernetes makes of Services', () => {
  const service = (name: string, spec: object = {}) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });
  const linked = (container: object, ...services: object[]) => found('env/service-link-port', workload(container), ...services);
  const URL = celery('worker', env({ CELERY_BROKER_URL: 'redis://redis:$(REDIS_PORT)/0' }));
  const FOUND = ['error: redis://redis:$(REDIS_PORT)/0 (REDIS_PORT is tcp://...)'];

  test.each<[string, object, object[], string[]]>([
    ['in a URL', URL, [service('redis')], FOUND],
    ['of another Service', URL, [service('rabbit')], []],
    ['of none', URL, [], []],
    ['of a headless one', URL, [service('redis', { clusterIP: 'None' })], []],
    ['of an external one', URL, [service('redis', { type: 'ExternalName' })], []],
    ['of one with an address', URL, [service('redis', { clusterIP: '10.0.0.5', type: 'ClusterIP' })], FOUND],
    ['of one with a dash', celery('worker', env({ A: '$(SHOP_REDIS_PORT)' })), [service('shop-redis')], ['error: $(SHOP_REDIS_PORT) (SHOP_REDIS_PORT is tcp://...)']],
    ['that is no port', celery('worker', env({ A: '$(REDIS_HOST)' })), [service('redis')], []],
    ['in a script, in braces', { command: ['sh', '-c', 'exec celery -b redis://redis:${REDIS_PORT}/0 worker'] }, [service('redis')], ['error: ${REDIS_PORT} (REDIS_PORT is tcp://...)']],
    ['in a script', { command: ['sh', '-c', 'exec celery -b redis://redis:$REDIS_PORT/0 worker'] }, [service('redis')], ['error: $REDIS_PORT (REDIS_PORT is tcp://...)']],
    ['in an argument', celery('worker -n $(REDIS_PORT)'), [service('redis')], ['error: $(REDIS_PORT) (REDIS_PORT is tcp://...)']],
    ['in a script that is given the variable', { command: ['sh', '-c', 'exec celery -b redis://redis:$REDIS_PORT/0 worker'], ...env({ REDIS_PORT: '6379' }) }, [service('redis')], []],
  ])('%s', (_, container, services, expected) => {
    expect(linked(container, ...services)).toEqual(expected);
  });

  test('are not there without service links', () => {
    expect(found('env/service-link-port', workload(URL, { pod: { enableServiceLinks: false } }), service('redis'))).toEqual([]);
    expect(found('env/service-link-port', workload(URL, { namespace: 'one' }), { ...service('redis'), metadata: { name: 'redis', namespace: 'two' } })).toEqual([]);
  });

  const flower = (container: object, around: object = {}) => found('env/flower-service-link', workload({ command: ['celery', 'flower'], ...container }, around), service('flower'));

  test.each<[string, object, object, number]>([
    ['Flower', {}, {}, 1], ['Flower with a port of its own', env({ FLOWER_PORT: '5555' }), {}, 0], ['Flower without them', {}, { pod: { enableServiceLinks: false } }, 0],
    ['Flower of Airflow', { command: ['airflow', 'celery', 'flower'] }, {}, 0],
  ])('%s', (_, container, around, count) => {
    expect(flower(container, around)).toHaveLength(count);
  });
});

describe('a flag that a variable says something else than', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['worker --concurrency=2', { CELERY_WORKER_CONCURRENCY: '4' }, ['info: CELERY_WORKER_CONCURRENCY=4 (the flag is --concurrency 2)']],
    ['worker --concurrency=2', { CELERY_WORKER_CONCURRENCY: '2' }, []],
    ['worker --concurrency=2', { CELERY_BEAT_CONCURRENCY: '4' }, []],
    ['worker --max-tasks-per-child=2', { CELERY_WORKER_MAX_TASKS_PER_CHILD: '4' }, ['info: CELERY_WORKER_MAX_TASKS_PER_CHILD=4 (the flag is --max-tasks-per-child 2)']],
    ['worker', { CELERY_WORKER_CONCURRENCY: '4' }, []],
  ])('%s with %j', (words, variables, expected) => {
    expect(found('env/shadowed-by-flag', workload(celery(words, env(variables))))).toEqual(expected);
  });
});

describe('references that nothing expands', () => {
  test.each<[string, object, string[]]>([
    ['one', celery('worker', env({ A: '$(B)' })), ['error: A=$(B) (B is not defined)']],
    ['two', celery('worker', env({ A: '$(B)$(C)' })), ['error: A=$(B)$(C) (B, C are not defined)']],
    ['defined before', celery('worker', env({ B: '1', A: '$(B)' })), []],
    ['defined after', celery('worker', env({ A: '$(B)', B: '1' })), ['error: A=$(B) (B is defined after it)']],
    ['two defined after', celery('worker', env({ A: '$(B)$(C)', B: '1', C: '2' })), ['error: A=$(B)$(C) (B, C are defined after it)']],
    ['one of each', celery('worker', env({ A: '$(B)$(C)', B: '1' })), ['error: A=$(B)$(C) (C is not defined, B is defined after it)']],
    ['no name of a variable', celery('worker', env({ A: '$(date)' })), []],
    ['of a Service', celery('worker', env({ A: '$(REDIS_SERVICE_HOST)' })), []],
    ['in an argument', celery('worker -n $(B)'), ['error: $(B) (B is not defined)']],
    ['in a script', { command: ['sh', '-c', 'exec celery -A shop worker -n $(B)'] }, []],
    ['with an envFrom out of sight', celery('worker', { ...env({ A: '$(B)' }), envFrom: [{ secretRef: { name: 's' } }] }), []],
  ])('%s', (_, container, expected) => {
    expect(found('env/unexpanded-reference', workload(container))).toEqual(expected);
  });
});

describe('two brokers', () => {
  const brokers = (one: string, other: string) => found('env/two-brokers', workload(celery('worker', env({ CELERY_BROKER_URL: one, BROKER_URL: other }))));

  test.each<[string, string, boolean]>([
    ['redis://r/0', 'redis://r/0', true], ['redis://r/0', 'redis://r:6379', true], ['redis://r/0', 'redis://r:6380/0', false], ['redis://r/0', 'redis://r/1', false],
    ['redis://r/0', 'redis://s/0', false], ['redis://r/0', 'redis://r.shop.svc.cluster.local/0', true], ['redis://r.a/0', 'redis://r.b/0', false],
    ['redis://r/0', 'amqp://r//', false], ['amqp://r//', 'amqp://r:5672//', true], ['amqp://r//', 'amqp://r:5673//', false], ['amqp://r/a', 'amqp://r/b', false],
    ['redis://r/0', 'redis://$(HOST)/0', true],
  ])('%s and %s: the same %s', (one, other, same) => {
    expect(brokers(one, other)).toHaveLength(same ? 0 : 1);
  });
});

describe('neither an application nor a broker', () => {
  test.each<[string, object, number]>([
    ['none', { command: ['celery', 'worker'], image: 'python:3.11' }, 1], ['of Flower', { args: ['celery', 'flower'], image: 'mher/flower:2.0.1' }, 1],
    ['in another image', { command: ['celery', 'worker'] }, 0], ['an application', { command: ['celery', '-A', 'shop', 'worker'], image: 'python:3.11' }, 0],
    ['an application after it', { command: ['celery', 'worker', '-A', 'shop'], image: 'python:3.11' }, 0],
    ['a broker', { command: ['celery', '-b', 'redis://r', 'worker'], image: 'python:3.11' }, 0],
    ['a configuration', { command: ['celery', '--config', 'c', 'worker'], image: 'python:3.11' }, 0],
    ...['CELERY_BROKER_URL', 'CELERY_CONFIG_MODULE', 'CELERY_APP', 'FLOWER_BROKER'].map((name): [string, object, number] =>
      [name, { command: ['celery', 'worker'], image: 'python:3.11', ...env({ [name]: 'x' }) }, 0]),
    ['another variable', { command: ['celery', 'worker'], image: 'python:3.11', ...env({ LOG: 'x' }) }, 1],
  ])('%s', (_, container, count) => {
    expect(found('env/no-broker', workload(container))).toHaveLength(count);
  });
});

describe('a managed server and TLS', () => {
  const port = (url: string) => found('env/tls-port', workload(celery('worker', env({ CELERY_BROKER_URL: url })))).map((one) => one.replace(/^.*?\((.*)\)$/, '$1'));
  const OTHERWISE = ', unless the server listens in another way than by default';

  test.each<[string, string[]]>([
    ['redis://a.redis.cache.windows.net:6379/0', []], ['rediss://a.redis.cache.windows.net:6380/0', []],
    ['redis://a.redis.cache.windows.net:6380/0', ['port 6380 is of TLS']], ['rediss://a.redis.cache.windows.net:6379/0', ['port 6379 is not of TLS']],
    ['redis://a.serverless.euw1.cache.amazonaws.com/0', ['the server takes nothing but TLS']], ['rediss://a.serverless.euw1.cache.amazonaws.com/0', []],
    ['amqp://b-1.mq.eu-west-1.amazonaws.com:5671//', ['the server takes nothing but TLS']], ['amqps://b-1.mq.eu-west-1.on.aws:5672//', ['port 5672 is not of TLS']],
    ['redis://a.db.ondigitalocean.com:25061/0', ['the server takes nothing but TLS']],
    ['amqp://mq:5671//', [`port 5671 is of TLS${OTHERWISE}`]], ['amqps://mq:5672//', [`port 5672 is not of TLS${OTHERWISE}`]], ['amqp://mq//', []], ['pyamqp://mq:5671//', [`port 5671 is of TLS${OTHERWISE}`]],
    ['redis://redis:6380/0', []], ['sqs://', []],
  ])('%s', (url, expected) => {
    expect(port(url)).toEqual(expected);
  });
});

describe('the password of a server in its own words', () => {
  const server = (args: string[], more: object = {}) => found('env/literal-password', workload({ image: 'redis:7.4', args: ['redis-server', ...args], ...more }, { name: 'redis' }),
    workload(celery('worker', env({ CELERY_BROKER_URL: 'redis://redis/0' })), { name: 'worker' }),
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis' }, spec: { selector: { app: 'redis' }, ports: [{ port: 6379 }] } });

  test.each<[string, string[], object, string[]]>([
    ['none', [], {}, []], ['an empty one', ['--requirepass', ''], {}, []], ['one as it is', ['--requirepass', 'hunter2'], {}, ['warning: requirepass']],
    ['one of a variable', ['--requirepass', '$(P)'], { env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] }, []],
  ])('%s', (_, args, more, expected) => {
    expect(server(args, more)).toEqual(expected);
  });
});
