import { App, Chart, Duration } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryWorker, HealthCheck, PythonRuntime, RedisBroker, ResultBackend, rules } from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { refusals, synth } from '../../manifests';

const { Rules } = rules;

// Values of wrong types inside of options, as JavaScript can give them. Each is refused by its prop, and hides nothing else.

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

const app = (props: Any) => (chart: Chart) => void new CeleryApp(chart, 'x', {
  app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('app:1'), ...props,
});
const worker = (props: Any) => (chart: Chart) => void new CeleryWorker(chart, 'x', { celery: celeryApp(chart), ...props });

test.each<[string, (chart: Chart) => void]>([
  ...[null, undefined, 7, Symbol('x'), {}].map((value): [string, (chart: Chart) => void] => ['image', (chart) => {
    new CeleryWorker(chart, 'worker', { celery: new CeleryApp(chart, 'x', {
      app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.inImage(), runtime: PythonRuntime.fromImage(value as Any),
    }) });
  }]),
  ...['interval', 'stallAfter', 'deafAfter', 'poolAfter', 'hangAfter', 'startAfter', 'beatSlack', 'terminationGracePeriod'].flatMap((name) => [5, '5', null, {}, { toMilliseconds: 5 }].map(
    (value): [string, (chart: Chart) => void] => [`healthCheck.${name}`, worker({ healthCheck: HealthCheck.agent({ [name]: value as Any }) })],
  )),
  ...[Symbol('x'), '8790', null, {}].map((value): [string, (chart: Chart) => void] => ['healthCheck.port', worker({ healthCheck: HealthCheck.agent({ port: value as Any }) })]),
  ...[undefined, null, 7, Symbol('x')].map((path): [string, (chart: Chart) => void] => [
    'volumeMounts[0].mountPath', worker({ volumes: [{ name: 'cache', emptyDir: {} }], volumeMounts: [{ mountPath: path, name: 'cache' }] }),
  ]),
  ['volumeMounts[0].name', app({ volumeMounts: [{ mountPath: '/x', name: {} }] })],
  ['tolerations[0].operator', worker({ tolerations: [{}] })],
  ['tolerations[0].value', worker({ tolerations: [{ key: 'a', operator: 'Exists', value: 'x' }] })],
  ...[new Date(0), Duration.seconds(1), Symbol('x'), () => 1, 7, true, {}].flatMap((value): [string, (chart: Chart) => void][] => [
    ['env[0].value', worker({ env: [{ name: 'A', value }] })], ['env[0].value', app({ env: [{ name: 'A', value }] })],
  ]),
  ['resultBackend', app({ resultBackend: ResultBackend.fromUrl(7 as Any) })],
  ['resultBackend', app({ resultBackend: ResultBackend.fromSecret(7 as Any) })],
  ['resultBackend.key', app({ resultBackend: ResultBackend.fromSecret({ name: 'x' } as Any) })],
  ...['runAsUser', 'runAsGroup', 'fsGroup', 'runAsNonRoot', 'fsGroupChangePolicy', 'sysctls'].flatMap((name) => ['x', Symbol('x'), {}, () => 1].map(
    (value): [string, (chart: Chart) => void] => [`podSecurityContext.${name}`, worker({ podSecurityContext: { [name]: value } })],
  )),
  ...['runAsUser', 'runAsGroup', 'runAsNonRoot', 'privileged', 'readOnlyRootFilesystem', 'allowPrivilegeEscalation', 'capabilities', 'seccompProfile'].flatMap(
    (name) => ['x', Symbol('x'), 1.5, new Date(0), () => 1].map(
      (value): [string, (chart: Chart) => void] => [`securityContext.${name}`, worker({ securityContext: { [name]: value } })],
    ),
  ),
  ['securityContext.capabilities.add', worker({ securityContext: { capabilities: { add: 'NET_ADMIN' } } })],
  ['securityContext.seccompProfile.type', worker({ securityContext: { seccompProfile: { type: 7 } } })],
  ['labels', worker({ labels: { constructor: 'x' } })],
  ['annotations', worker({ annotations: { constructor: 'x' } })],
  ['nodeSelector', worker({ nodeSelector: { constructor: 'x' } })],
  ['settings.task_acks_late', app({ settings: Object.defineProperty({}, 'task_acks_late', { enumerable: true, get: () => { throw new Error('x'); } }) })],
  ['settings.task_routes', app({ settings: { task_routes: Object.defineProperty({}, 'a', { enumerable: true, get: () => { throw new Error('x'); } }) } })],
  ['celery', app({ runtime: PythonRuntime.install({ celery: Object.create(null) }) })],
  ['celery', app({ runtime: PythonRuntime.install({ celery: Symbol('x') as Any }) })],
  ['celery', app({ runtime: PythonRuntime.install({ celery: [] as Any }) })],
])('%s', (prop, make) => {
  const lines = refusals(make).filter((line) => line.startsWith('[chart/x'));
  expect(lines.map((line) => line.replace(/^\[chart\/x\] /, '').slice(0, prop.length))).toContain(prop);
});

test('a file may be named as a member of every object', () => {
  const files = JSON.parse('{ "tasks.py": "", "constructor": "1", "__proto__": "2", "toString": "3" }') as Record<string, string>;
  const { data, all } = ((manifests) => ({ all: manifests.all, data: manifests.all.find(({ kind }) => kind === 'ConfigMap')!.data as Record<string, string> }))(synth((chart) => {
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { code: AppCode.fromInline(files) }), healthCheck: HealthCheck.none() });
  }));
  expect(Object.entries(data).map(([key, value]) => [key.replace(/\.[0-9a-f]{8}$/, '.HASH'), value])).toEqual(expect.arrayContaining([
    ['constructor.HASH', '1'], ['__proto__.HASH', '2'], ['toString.HASH', '3'], ['tasks.py', ''],
  ]));
  expect(JSON.stringify(all)).toMatch(/"key":"__proto__\.[0-9a-f]{8}","path":"__proto__"/);
});

test.each([undefined, null, 7, Symbol('x')])('a suppression with the reason %p, or the rule', (value) => {
  const chart = new Chart(new App(), 'chart');
  expect(() => Rules.of(chart).suppress('beat/more-than-one', value as Any)).toThrow(/^reason: .*gives no reason/);
  expect(() => Rules.of(chart).suppress(value as Any, 'why')).toThrow(/^id: .* is not a rule/);
});

test.each<[string, (chart: Chart) => void, string]>([
  ...['fromRedis', 'fromRabbitMq'].map((name): [string, (chart: Chart) => void, string] => [
    `username of ${name}`, app({ broker: (Broker as Any)[name]({ host: 'r.example.com', username: 'a\ud800', password: { name: 'a', key: 'b' } }), resultBackend: ResultBackend.none() }), 'broker.username: a string has half of a character',
  ]),
  ['a virtual host', app({ broker: Broker.fromRabbitMq({ host: 'r.example.com', virtualHost: '\udc00' }), resultBackend: ResultBackend.none() }), 'broker.virtualHost: a string has half'],
  ['user of PostgreSQL', app({ resultBackend: ResultBackend.fromPostgres({ host: 'p.example.com', database: 'x', username: '\ud800' }) }), 'resultBackend.username: a string has half'],
  ['no command of a producer', (chart) => void celeryApp(chart).producer({ namespace: 'web' }).command(undefined as Any), 'producer.command: undefined is not a list of strings'],
  ['a string as command of a producer', (chart) => void celeryApp(chart).producer({ namespace: 'web' }).command('gunicorn' as Any), 'producer.command: \'gunicorn\' is not a list of strings'],
  ['what has one method of a Duration', worker({ longestTask: { toMilliseconds: () => 5000 } }), 'longestTask: an object is not a Duration'],
  ['what has one method of a Size', (chart) => void new RedisBroker(chart, 'x', { maxMemory: { toKibibytes: () => 5 } } as Any), 'maxMemory: an object is not a Size'],
  ['a file that cannot be read', app({ code: AppCode.fromInline(Object.defineProperty({}, 'tasks.py', { enumerable: true, get: () => { throw new Error('x'); } })) }), 'code: '],
  ['a password in a host', app({ broker: Broker.fromRedis({ host: 'u:hunter2@r.example.com' }) }), 'broker.host: \'***@r.example.com\' is not a DNS name'],
  ['a path behind a host', app({ broker: Broker.fromRedis({ host: 'r.example.com/hunter2' }) }), 'broker.host: \'r.example.com/***\' is not a DNS name'],
  ['a misspelt setting', app({ settings: { elasticsearch_pasword: 'hunter2' } }), 'settings.elasticsearch_pasword: is not a setting'],
  ['a list for options of a transport', app({ settings: { broker_transport_options: ['password', 'hunter2'] } }), 'settings.broker_transport_options: a list is not'],
  ['a launcher with a password', worker({ launcher: ['sh', '-c', 'mysql -phunter2'] }), 'launcher: \'sh -c mysql -p***\' is a shell'],
  ['a query of the management API', app({ broker: Broker.fromRabbitMq({ host: 'r.example.com', managementUrl: 'http://r:15672?x=hunter2', password: { name: 'a', key: 'b' } }), resultBackend: ResultBackend.none() }),
    'broker.managementUrl: \'http://r:15672?***\' has a query'],
  ['a management API without a password', app({ broker: Broker.fromRabbitMq({ host: 'r.example.com', managementUrl: 'http://r:15672' }), resultBackend: ResultBackend.none() }), 'give it as password: { name, key }'],
  ['a user in an endpoint', app({ broker: Broker.fromSqs({ region: 'eu-central-1', endpoint: 'http://:hunter2@x' }), resultBackend: ResultBackend.none() }), 'broker.endpoint: \'http://***@x\' has a user in it'],
])('one message, and no exception: %s', (_, make, message) => {
  const lines = refusals(make);
  expect(lines).toEqual([expect.stringContaining(message)]);
  expect(lines.join('\n')).not.toContain('hunter2');
});

test('Rules.lint of what is no list finds nothing', () => {
  for (const value of ['x', null, undefined, 7, {}]) expect(Rules.lint(value as Any)).toEqual([]);
});
