import { App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryWorker, PythonRuntime, RedisBroker } from '../../src';
import { Rules } from '../../src/constructs/validation/rules';

const ID = 'delivery/no-retry-at-all';

/** The findings of a worker or Beat with these arguments and this code in a ConfigMap. */
function found(role: string, args: readonly string[], code = ''): string[] {
  return Rules.lint([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'tasks.py': code } },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'celery' },
      spec: { template: { spec: {
        volumes: [{ name: 'code', configMap: { name: 'code' } }],
        containers: [{
          name: 'celery', image: 'shop:1', workingDir: '/app', volumeMounts: [{ name: 'code', mountPath: '/app' }],
          command: ['celery', '-A', 'tasks', role, ...args],
        }],
      } } },
    },
  ]).filter(({ ruleId }) => ruleId === ID).map(({ objectKind, path }) => `${objectKind} ${path}`);
}

const ARGUMENT = ['Deployment spec.template.spec.containers[0].command[5]'];
const CODE = ['ConfigMap data[\'tasks.py\']'];

test.each(['worker', 'beat'])('a %s is told not to retry', (role) => {
  expect(found(role, ['--', 'broker_connection_max_retries=0'])).toEqual(ARGUMENT);
});

test.each([
  ['broker.connection_max_retries=(json)0', ARGUMENT], ['broker.connection_max_retries=(int)0', ARGUMENT],
  ['broker.connection_max_retries=1', []], ['broker.connection_max_retries=100', []], ['broker.connection_max_retries=(json)null', []],
])('%s', (setting, expected) => {
  expect(found('worker', ['--', setting])).toEqual(expected);
});

test.each([
  ['app.conf.broker_connection_max_retries = 0\n', CODE], ['app.conf.update(task_acks_late=True, broker_connection_max_retries=0)\n', CODE],
  ['broker_connection_max_retries = 0  # forever\n', CODE],
  ['app.conf.broker_connection_max_retries = None\n', []], ['app.conf.broker_connection_max_retries = 0.5\n', []],
  ['# broker_connection_max_retries = 0\n', []], ['other_broker_connection_max_retries = 0\n', []],
])('the code %j', (code, expected) => {
  expect(found('worker', [], code)).toEqual(expected);
});

test('the command line wins over the code', () => {
  expect(found('worker', ['--', 'broker.connection_max_retries=5'], 'app.conf.broker_connection_max_retries = 0\n')).toEqual([]);
});

test('synth refuses it in the settings of a CeleryApp', () => {
  const app = new App();
  const chart = new Chart(app, 'chart', { namespace: 'shop' });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromDirectory('app'), runtime: PythonRuntime.install({ celery: '5.6.3' }),
    settings: { broker_connection_max_retries: 0 },
  });
  new CeleryWorker(chart, 'worker', { celery });
  expect(() => app.synth()).toThrow(ID);
});
