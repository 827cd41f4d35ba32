import { Process } from '../../src/manifests/process';
import { World } from '../../src/manifests/world';

const CODE = 'app = Celery("tasks", broker="redis://of-code:6379/0", backend="redis://of-code:6379/1")\n';

interface Given {
  readonly env?: Record<string, string>;
  readonly envFrom?: object[];
  readonly flags?: string[];
}

function worker({ env = {}, envFrom = [], flags = [] }: Given): Process {
  return new World([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'tasks.py': CODE } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' }, data: { REGION: 'eu' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'brokers' }, data: { CELERY_BROKER_URL: 'redis://of-map:6379/0' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secret' }, data: { CELERY_BROKER_URL: 'eA==' } },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' }, spec: { template: { spec: {
        volumes: [{ name: 'code', configMap: { name: 'code' } }],
        containers: [{
          name: 'worker', image: 'shop:1', command: ['celery', '-A', 'tasks', ...flags, 'worker'], envFrom,
          env: Object.entries(env).map(([name, value]) => ({ name, value })), volumeMounts: [{ name: 'code', mountPath: '/app' }],
        }],
      } } },
    },
  ]).processes[0];
}

test.each<[string, Given, (string | undefined)[]]>([
  ['nothing but code', {}, ['of-code', 'of-code']],
  ['a variable', { env: { CELERY_BROKER_URL: 'redis://of-env:6379/0' } }, ['of-env', 'of-code']],
  ['a flag', { flags: ['-b', 'redis://of-flag:6379/0'], env: { CELERY_BROKER_URL: 'redis://of-env:6379/0' } }, ['of-flag', 'of-code']],
  ['a ConfigMap of variables', { envFrom: [{ configMapRef: { name: 'brokers' } }] }, ['of-map', 'of-code']],
  ['variables that are none of these', { envFrom: [{ configMapRef: { name: 'seen' } }] }, ['of-code', 'of-code']],
  ['variables out of sight, which may be these', { envFrom: [{ secretRef: { name: 'gone' } }] }, [undefined, undefined]],
  ['a variable from a Secret, whose value is not known', { envFrom: [{ secretRef: { name: 'secret' } }] }, [undefined, 'of-code']],
  ['a flag, which wins over what is out of sight', { flags: ['-b', 'redis://of-flag:6379/0'], envFrom: [{ secretRef: { name: 'gone' } }] }, ['of-flag', undefined]],
  ['a variable, which wins over what is out of sight', { env: { CELERY_BROKER_URL: 'redis://of-env:6379/0' }, envFrom: [{ secretRef: { name: 'gone' } }] }, [undefined, undefined]],
])('the broker and the result backend by %s', (_what, given, expected) => {
  const { broker, backend } = worker(given);
  // Undefined where something out of sight may say.
  expect([broker?.url.host, backend?.url.host]).toEqual(expected);
});

test('behind a flag stand all others that are in sight, whatever is out of sight', () => {
  const { brokerCandidates } = worker({
    flags: ['-b', 'redis://of-flag:6379/0'], env: { CELERY_BROKER_URL: 'redis://of-env:6379/0' }, envFrom: [{ secretRef: { name: 'gone' } }],
  });
  expect(brokerCandidates.map(({ url }) => url.host)).toEqual(['of-flag', 'of-env', 'of-code']);
});

test('settings of the app that the loader gives come before those of the code and of variables', () => {
  const env = { CDK8S_CELERY_APP_SETTINGS: '{"task_default_queue": "orders", "task_time_limit": 60}', CELERY_TASK_TIME_LIMIT: '30' };
  const found = worker({ env });
  expect([found.setting('task_default_queue')?.value, found.setting('task_time_limit')?.value, found.sets('task_default_queue'), found.sets('task_acks_late')])
    .toEqual(['orders', '60', true, false]);
});

test.each([
  ['{"sep": "#", "master_name": "own"}', '{"master_name":"own","sep":"#"}'],
  ['{\'sep\': \'#\', }', '{\'sep\': \'#\', "master_name":"main"}'],
  ['{ }', '{"master_name":"main"}'],
  ['OPTIONS', 'OPTIONS'],
])('transport options %s are joined with those of the connection', (given, value) => {
  const env = { CDK8S_CELERY_CONNECTION_SETTINGS: '{"broker_transport_options": {"master_name": "main"}}', CELERY_BROKER_TRANSPORT_OPTIONS: given };
  expect(worker({ env }).setting('broker_transport_options')?.value).toBe(value);
});
