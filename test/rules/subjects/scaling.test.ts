import { celery, env, found, workload } from '../pods';

const hpa = (spec: object, apiVersion = 'autoscaling/v2') => ({
  apiVersion, kind: 'HorizontalPodAutoscaler', metadata: { name: 'a' }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' }, ...spec },
});
const keda = (triggers: object[], spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'k', ...metadata }, spec: { scaleTargetRef: { name: 'shop' }, triggers, ...spec },
});
const redis = (metadata: object, more: object = {}) => ({ type: 'redis', metadata: { address: 'redis.shop:6379', listName: 'celery', ...metadata }, ...more });
const rabbit = (metadata: object, more: object = {}) => ({ type: 'rabbitmq', metadata: { host: 'amqp://mq:5672//', queueName: 'celery', mode: 'QueueLength', value: '1', ...metadata }, ...more });
const worker = (url: string, words = 'worker', around: object = {}, more: Record<string, string> = {}) => workload(celery(words, env({ CELERY_BROKER_URL: url, ...more })), around);

describe('a share of a CPU that nobody asks for', () => {
  const share = (...scalers: object[]) => found('scaling/cpu-without-request', workload(celery('worker')), ...scalers);
  const resource = (target: object, name = 'cpu') => hpa({ metrics: [{ type: 'Resource', resource: { name, target } }] });
  const ofContainer = (container: string, target: object = { type: 'Utilization', averageUtilization: 50 }) =>
    hpa({ metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container, target } }] });

  test.each<[string, object, string[]]>([
    ['utilization', resource({ type: 'Utilization', averageUtilization: 50 }), ['error (HorizontalPodAutoscaler a)']],
    ['utilization without its type', resource({ averageUtilization: 50 }), ['error (HorizontalPodAutoscaler a)']],
    ['an average value', resource({ type: 'AverageValue', averageValue: '500m' }), []],
    ['memory', resource({ type: 'Utilization', averageUtilization: 50 }, 'memory'), []],
    ['utilization as v2beta1 writes it', hpa({ metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }] }), ['error (HorizontalPodAutoscaler a)']],
    ['of the container', ofContainer('main'), ['error (HorizontalPodAutoscaler a)']],
    ['of another container', ofContainer('other'), []],
    ['an average value of the container', ofContainer('main', { type: 'AverageValue', averageValue: 1 }), []],
    ['of v1', hpa({ targetCPUUtilizationPercentage: 50 }, 'autoscaling/v1'), ['error (HorizontalPodAutoscaler a)']],
    ['of v1, by default', hpa({}, 'autoscaling/v1'), ['error (HorizontalPodAutoscaler a)']],
    ['of v2, by default', hpa({}), ['error (HorizontalPodAutoscaler a)']],
    ['of KEDA', keda([{ type: 'cpu', metadata: { value: '50' } }]), ['error (ScaledObject k)']],
    ['of KEDA, an average value', keda([{ type: 'cpu', metricType: 'AverageValue', metadata: { value: '50' } }]), []],
    ['of KEDA, an average value in the old way', keda([{ type: 'cpu', metadata: { type: 'AverageValue', value: '50' } }]), []],
    ['of KEDA, of the container', keda([{ type: 'cpu', metadata: { value: '50', containerName: 'main' } }]), ['error (ScaledObject k)']],
    ['of KEDA, of another container', keda([{ type: 'cpu', metadata: { value: '50', containerName: 'other' } }]), []],
    ['of KEDA, memory', keda([{ type: 'memory', metadata: { value: '50' } }]), []],
  ])('%s', (_, scaler, expected) => {
    expect(share(scaler)).toEqual(expected);
  });

  test('is given by the container, the pod, or a LimitRange', () => {
    const scaler = resource({ averageUtilization: 50 });
    const asks = (container: object, pod: object = {}, ...others: object[]) => found('scaling/cpu-without-request', workload(celery('worker', container), { pod }), scaler, ...others);
    expect(asks({ resources: { requests: { cpu: '1' } } })).toEqual([]);
    expect(asks({ resources: { limits: { cpu: '1' } } })).toEqual([]);
    expect(asks({ resources: { limits: { memory: '1Gi' } } })).toHaveLength(1);
    expect(asks({}, { resources: { requests: { cpu: '1' } } })).toEqual([]);
    expect(asks({}, { resources: { limits: { cpu: '1' } } })).toEqual([]);
    expect(asks({}, {}, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l' } })).toEqual([]);
    expect(asks({}, {}, { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l', namespace: 'other' } }, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'x' } })).toHaveLength(1);
  });
});

describe('KEDA connects in another way', () => {
  const otherwise = (url: string, trigger: object) => found('scaling/keda-connects-otherwise', worker(url), keda([trigger]));

  test.each<[string, string, object, string[]]>([
    ['as it is', 'redis://redis.shop/0', redis({}), []],
    ['without TLS', 'rediss://redis.shop/0', redis({}), ['error: enableTLS: false']],
    ['with TLS off', 'rediss://redis.shop/0', redis({ enableTLS: 'false' }), ['error: enableTLS: false']],
    ['with TLS', 'rediss://redis.shop/0', redis({ enableTLS: 'true' }), []],
    ['with TLS that the URL has not', 'redis://redis.shop/0', redis({ enableTLS: 'true' }), ['error: enableTLS: true (the URL is redis://)']],
    ['without the password', 'redis://:a@redis.shop/0', redis({}), ['error (the URL has a password)']],
    ['with the password', 'redis://:a@redis.shop/0', redis({ password: 'a' }), []],
    ['with the password of a variable', 'redis://:a@redis.shop/0', redis({ passwordFromEnv: 'CELERY_BROKER_URL' }), []],
    ['with the password of a variable that is not there', 'redis://:a@redis.shop/0', redis({ passwordFromEnv: 'PASS' }), ['error: passwordFromEnv: PASS (the container has no such variable)']],
    ['at an address of a variable that is not there', 'redis://redis.shop/0', redis({ addressFromEnv: 'ADDRESS' }), ['error: addressFromEnv: ADDRESS (the container has no such variable)']],
    ['as a user of a variable that is not there', 'redis://redis.shop/0', redis({ usernameFromEnv: 'WHO' }), ['error: usernameFromEnv: WHO (the container has no such variable)']],
    ['with the same virtual host', 'amqp://mq//', rabbit({}), []],
    ['with another virtual host', 'amqp://mq/shop', rabbit({}), ['error: virtual host /']],
    ['with the virtual host by its option', 'amqp://mq/shop', rabbit({ vhostName: 'shop' }), []],
    ['with another virtual host by its option', 'amqp://mq/shop', rabbit({ vhostName: 'crm' }), ['error: virtual host crm']],
    ['with the virtual host escaped', 'amqp://mq//', rabbit({ host: 'amqp://mq/%2f' }), []],
    ['with a virtual host of a variable', 'amqp://mq/shop', rabbit({ host: 'amqp://mq/$(V)' }), []],
    ['http at amqp', 'amqp://mq//', rabbit({ protocol: 'http' }), ['error: protocol: http (its URL is amqp://)']],
    ['amqp at http', 'amqp://mq//', rabbit({ protocol: 'amqp', host: 'http://mq:15672//' }), ['error: protocol: amqp (its URL is http://)']],
    ['auto at http', 'amqp://mq//', rabbit({ host: 'https://mq:15671//' }), []],
  ])('%s', (_, url, trigger, expected) => {
    expect(otherwise(url, trigger)).toEqual(expected);
  });
});

describe('KEDA looks at another server', () => {
  test.each<[string, object, string[]]>([
    ['redis://redis.shop/0', redis({}), []], ['redis://redis/0', redis({ address: 'redis.shop.svc.cluster.local:6379' }), []], ['redis://redis.shop:6380/0', redis({}), ['warning: redis.shop:6379 (unless both are the same server)']],
    ['redis://cache.shop/0', redis({}), ['warning: redis.shop:6379 (unless both are the same server)']], ['redis://red/0', redis({ address: 'redis:6379' }), ['warning: redis:6379 (unless both are the same server)']],
    ['amqp://mq:5672//', rabbit({ host: 'http://mq:15672//' }), []], ['amqp://mq//', rabbit({ host: 'http://other//' }), ['warning: other (unless both are the same server)']], ['redis://redis.shop/0', rabbit({}), []],
    ['redis://$(HOST)/0', redis({}), []],
  ])('%s and %j', (url, trigger, expected) => {
    expect(found('scaling/keda-other-server', worker(url), keda([trigger]))).toEqual(expected);
  });
});

test.each<[string, object, string[]]>([
  ['redis://redis/0', redis({}), []], ['redis://redis/2', redis({}), ['error: databaseIndex: 0']], ['redis://redis/2', redis({ databaseIndex: '2' }), []],
  ['redis://redis/0', redis({ databaseIndex: '2' }), ['error: databaseIndex: 2']], ['redis://redis/2', redis({ databaseIndex: '{{ db }}' }), []], ['amqp://mq/2', redis({ databaseIndex: '0' }), []],
])('the database of %s and %j', (url, trigger, expected) => {
  expect(found('scaling/keda-other-database', worker(url), keda([trigger]))).toEqual(expected);
});

test.each<[string, string, string[]]>([
  ['redis:6379', 'shop', ['error: redis:6379']], ['redis', 'shop', ['error: redis']], ['redis.shop:6379', 'shop', []], ['redis:6379', 'keda', []], ['10.0.0.5:6379', 'shop', []],
])('KEDA looks %s up from %s', (address, namespace, expected) => {
  expect(found('scaling/keda-resolves-elsewhere', worker('redis://redis/0', 'worker', { namespace }), keda([redis({ address })], {}, { namespace }))).toEqual(expected);
});

test.each<[string, object, string[]]>([
  ['a sentinel', { type: 'redis-sentinel', metadata: { addresses: 's-0:26379, s-1.redis.svc.cluster.local:26379,s-2', listName: 'celery' } }, ['error: s-0:26379', 'error: s-2']],
  ['the management of RabbitMQ', rabbit({ host: 'http://mq:15672/' }), ['error: mq:15672']],
  ['RabbitMQ', rabbit({ host: 'amqp://bob:hunter2@mq/shop' }), ['error: mq']],
  ['RabbitMQ by its whole name', rabbit({ host: 'http://mq.shop.svc.cluster.local:15672/' }), []],
  ['SQS', { type: 'aws-sqs-queue', metadata: { queueURL: 'celery', awsRegion: 'eu-central-1', awsEndpoint: 'http://moto:5000' } }, []],
])('KEDA looks %s up, too', (_, trigger, expected) => {
  expect(found('scaling/keda-resolves-elsewhere', worker('redis://redis/0', 'worker', { namespace: 'shop' }), keda([trigger], {}, { namespace: 'shop' }))).toEqual(expected);
});

describe('to zero while tasks run', () => {
  const zero = (trigger: object[], spec: object = {}, words = 'worker', pod: object = {}) =>
    found('scaling/zero-while-tasks-run', worker('redis://redis.shop/0', words, { pod }), keda(trigger, spec));
  const FOUND = ['warning: minReplicaCount: 0'];

  test.each<[string, object[], object, string, object, string[]]>([
    ['the list only', [redis({})], {}, 'worker', {}, FOUND],
    ['one at least, with a grace period', [redis({})], { minReplicaCount: 1 }, 'worker', {}, []],
    ['one at least, without one', [redis({})], { minReplicaCount: 1 }, 'worker', { terminationGracePeriodSeconds: undefined },
      ['warning: minReplicaCount: 1 (above that number, too: pods are removed with the default grace period of 30 s, unless no task takes longer)']],
    ['what is not acknowledged, too', [redis({}), redis({ listName: 'unacked' })], {}, 'worker', {}, []],
    ['something else, too', [redis({}), { type: 'cron', metadata: {} }], {}, 'worker', {}, []],
    ['tasks that end in time', [redis({})], {}, 'worker --time-limit=600', {}, []],
    ['tasks that do not', [redis({})], {}, 'worker --time-limit=601', {}, FOUND],
  ])('%s', (_, trigger, spec, words, pod, expected) => {
    expect(zero(trigger, spec, words, pod)).toEqual(expected);
  });

  test.each<[object, number]>([
    [rabbit({}), 1], [rabbit({ mode: 'MessageRate' }), 0], [rabbit({ protocol: 'http', host: 'http://mq:15672//' }), 0], [rabbit({ host: 'http://mq:15672//' }), 0],
    [rabbit({ protocol: 'http', host: 'http://mq:15672//', excludeUnacknowledged: 'true' }), 1], [rabbit({ host: undefined, hostFromEnv: 'SECRET' }), 0],
  ])('of RabbitMQ with %j', (trigger, count) => {
    expect(found('scaling/zero-while-tasks-run', worker('amqp://mq//'), keda([trigger]))).toHaveLength(count);
  });
});

describe('migrations in every pod', () => {
  const migrations = (command: string[], spec: object = { replicas: 2 }) => found('scaling/migrations-in-every-pod',
    workload(celery('worker'), { spec, pod: { initContainers: [{ name: 'i', image: 'registry.example/shop:1.4.2', command }] } }));

  test.each<[string[], boolean]>([
    [['python', 'manage.py', 'migrate'], true], [['./manage.py', 'migrate', '--noinput'], true], [['django-admin', 'migrate'], true], [['nautobot-server', 'post_upgrade'], true], [['sentry-admin', 'migrate'], true],
    [['alembic', 'upgrade', 'head'], true], [['alembic', '-c', 'a.ini', 'upgrade', 'head'], true], [['flask', 'db', 'upgrade'], true], [['superset', 'db', 'upgrade'], true], [['aerich', 'upgrade'], true],
    [['sentry', 'upgrade'], true], [['prisma', 'migrate', 'deploy'], true], [['npx', 'prisma', 'migrate', 'deploy'], true], [['airflow', 'db', 'migrate'], false], [['alembic', 'current'], false],
    [['python', 'manage.py', 'migrate', '--check'], false], [['python', 'manage.py', 'migrate', '--plan'], false], [['alembic', 'upgrade', 'head', '--sql'], false], [['python', 'manage.py', 'migrate', '--help'], false],
    [['python', 'manage.py', 'showmigrations'], false], [['python', 'manage.py', 'migrated'], false], [['sh', '-c', 'if a; then python manage.py migrate; fi'], false], [['sh', '-c', 'a; python manage.py migrate'], true],
    [['flask', 'db', 'upgrades'], false], [['myalembic', 'upgrade'], false],
  ])('%j: %s', (command, reported) => {
    expect(migrations(command)).toEqual(reported ? [expect.stringContaining('(unless they take a lock)')] : []);
  });

  test('of one pod, none and two', () => {
    expect(migrations(['alembic', 'upgrade'], { replicas: 1 })).toEqual([]);
    expect(migrations(['alembic', 'upgrade'], { replicas: 0 })).toEqual([]);
    const one = (name: string, container: object) => workload(container, { name, spec: { replicas: 1 }, pod: { initContainers: [{ name: 'i', image: 'registry.example/shop:1.4.2', command: ['alembic', 'upgrade'] }] } });
    expect(found('scaling/migrations-in-every-pod', one('a', celery('worker')), one('b', { command: ['gunicorn'] })))
      .toEqual(['warning: alembic upgrade (Deployment a, Deployment b, unless they take a lock)']);
  });
});

test.each<[object, string, boolean]>([
  [{}, 'Job', true], [{}, 'Deployment', false], [{ spec: { activeDeadlineSeconds: 60 } }, 'Job', false], [{ pod: { activeDeadlineSeconds: 60 } }, 'Job', false],
])('a worker with %j in a %s never ends: %s', (around, kind, reported) => {
  expect(found('scaling/worker-in-a-job', workload(celery('worker'), { kind, ...around }))).toEqual(reported ? ['warning: Job (unless something ends it when the queue is empty)'] : []);
});

test('a worker in a Job that something ends', () => {
  expect(found('scaling/worker-in-a-job', workload({ command: ['timeout', '60', 'celery', '-A', 'shop', 'worker'] }, { kind: 'Job' }))).toEqual([]);
  expect(found('scaling/worker-in-a-job', workload({ command: ['nice', 'celery', '-A', 'shop', 'worker'] }, { kind: 'Job' }))).toHaveLength(1);
});

describe('down before a task ends', () => {
  const down = (scaler: object, words = 'worker --time-limit=700') => found('scaling/down-before-task-ends', workload(celery(words)), scaler);
  const behavior = (scaleDown: object) => hpa({ behavior: { scaleDown } });
  const after = (seconds: number) => [`warning: scales down after ${seconds} s (a task may take 700 s, the grace period is 600 s)`];

  test.each<[string, object, string, string[]]>([
    ['by default', hpa({}), 'worker --time-limit=700', after(300)], ['a task that ends in time', hpa({}), 'worker --time-limit=600', []], ['without a limit', hpa({}), 'worker', []],
    ['a window that is long enough', behavior({ stabilizationWindowSeconds: 700 }), 'worker --time-limit=700', []], ['a window that is not', behavior({ stabilizationWindowSeconds: 699 }), 'worker --time-limit=700', after(699)],
    ['never', behavior({ selectPolicy: 'Disabled' }), 'worker --time-limit=700', []], ['another policy', behavior({ selectPolicy: 'Max' }), 'worker --time-limit=700', after(300)],
    ['KEDA to zero', keda([redis({})], { cooldownPeriod: 60 }), 'worker --time-limit=700', after(60)], ['KEDA not to zero', keda([redis({})], { cooldownPeriod: 60, minReplicaCount: 1 }), 'worker --time-limit=700', after(300)],
    ['KEDA with a window', keda([redis({})], { minReplicaCount: 1, advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 700 } } } } }), 'worker --time-limit=700', []],
  ])('%s', (_, scaler, words, expected) => {
    expect(down(scaler, words)).toEqual(expected);
  });
});
