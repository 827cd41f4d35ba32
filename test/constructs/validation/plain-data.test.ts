import { Chart, Duration } from 'cdk8s';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import {
  AppCode, BeatSchedule, BeatStorage, Broker, CeleryApp, CeleryBeat, CeleryBusyPodController, CeleryFlower, CeleryJob, CeleryNetwork,
  CelerySmokeTest, CeleryWorker, FlowerAuth, FlowerExposure, FlowerStorage, HealthCheck, PythonRuntime, RabbitMqBroker, RabbitMqStorage,
  RedisBroker, RedisStorage, ResultBackend, TaskDelivery, WorkerPool, WorkerScaling, WorkerShutdown,
} from '../../../src';
import { celeryApp } from '../../fixtures';
import { refusals, render } from '../../manifests';
import { runs } from '../../random-runs';

// Options are plain data: an object of a class has nothing by their names, and what it has instead would be lost without an error.

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

const app = (props: Any) => (chart: Chart) => void celeryApp(chart, props);
const worker = (props: Any) => (chart: Chart) => void new CeleryWorker(chart, 'x', { celery: celeryApp(chart), ...props });
const beat = (props: Any) => (chart: Chart) => void new CeleryBeat(chart, 'x', { celery: celeryApp(chart), ...props });
const flower = (props: Any) => (chart: Chart) => void new CeleryFlower(chart, 'x', {
  celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'login', key: 'users' }), exposure: FlowerExposure.ingress({ host: 'flower.example.com', ingressClassName: 'nginx' }), ...props,
});
const binding = (fields: Any) => app({ broker: { bind: () => ({ url: { value: 'redis://r.example.com' }, resultBackend: { value: 'redis://r.example.com' }, ...fields }) } });

/** Each place where options are given: the prop that a message names, and how they come there. */
const PLACES: [string, (options: Any) => (chart: Chart) => void][] = [
  ['props', (options) => (chart) => void new CeleryApp(chart, 'x', options)],
  ['props', (options) => (chart) => void new CeleryWorker(chart, 'x', options)],
  ['props', (options) => (chart) => void new CeleryBeat(chart, 'x', options)],
  ['props', (options) => (chart) => void new CeleryFlower(chart, 'x', options)],
  ['props', (options) => (chart) => void new CeleryJob(chart, 'x', options)],
  ['props', (options) => (chart) => void new CelerySmokeTest(chart, 'x', options)],
  ['props', (options) => (chart) => void new CeleryBusyPodController(chart, 'x', options)],
  ['props', (options) => (chart) => void new RedisBroker(chart, 'x', options)],
  ['props', (options) => (chart) => void new RabbitMqBroker(chart, 'x', options)],
  ['props', (options) => (chart) => void celeryApp(chart).initContainer(options)],
  ['props', (options) => (chart) => void celeryApp(chart).waitFor(options)],
  ['producer', (options) => (chart) => void celeryApp(chart).producer(options)],
  ['settings', (settings) => app({ settings })],
  ['queues[0]', (queue) => app({ queues: [queue] })],
  ['labels', (labels) => app({ labels })],
  ['env[0]', (item) => worker({ env: [item] })],
  ['resources', (resources) => worker({ resources })],
  ['resources.limits', (limits) => worker({ resources: { limits } })],
  ['disruptionBudget', (disruptionBudget) => worker({ replicas: 2, disruptionBudget })],
  ['strategy', (strategy) => worker({ strategy })],
  ['code', (files) => app({ code: AppCode.fromInline(files) })],
  ['code', (options) => app({ code: AppCode.inImage(options) })],
  ['props', (options) => app({ runtime: PythonRuntime.install(options) })],
  ['broker', (options) => app({ broker: { bind: () => options } })],
  ['broker', (options) => app({ broker: Broker.fromRedis(options) })],
  ['broker', (options) => app({ broker: Broker.fromSentinel(options) })],
  ['broker', (options) => app({ broker: Broker.fromRabbitMq(options) })],
  ['broker', (options) => app({ broker: Broker.fromSqs(options) })],
  ['broker', (options) => app({ broker: Broker.fromSecret(options) })],
  ['broker', (options) => app({ broker: Broker.fromSecret({ name: 'a', key: 'b' }, options) })],
  ['broker', (options) => app({ broker: Broker.fromUrl('redis://r.example.com', options) })],
  ['broker.tls', (tls) => app({ broker: Broker.fromRedis({ host: 'r.example.com', tls }) })],
  ['broker.tls.ca', (ca) => app({ broker: Broker.fromRedis({ host: 'r.example.com', tls: { ca } }) })],
  ['broker.password', (password) => app({ broker: Broker.fromRedis({ host: 'r.example.com', password }) })],
  ['broker.queueTrigger', (queueTrigger) => app({ broker: Broker.fromSecret({ name: 'a', key: 'b' }, { queueTrigger }) })],
  ['broker.queueTrigger.metadata', (metadata) => app({ broker: Broker.fromSecret({ name: 'a', key: 'b' }, { queueTrigger: { type: 'redis', metadata } }) })],
  ['broker.queueTrigger.authentication', (authentication) => app({
    broker: Broker.fromSecret({ name: 'a', key: 'b' }, { queueTrigger: { type: 'redis', metadata: { address: 'r:6379' }, authentication } }),
  })],
  ['broker.queueTrigger.authentication.secretTargetRef[0]', (item) => app({
    broker: Broker.fromSecret({ name: 'a', key: 'b' }, { queueTrigger: { type: 'redis', metadata: { address: 'r:6379' }, authentication: { secretTargetRef: [item] } } }),
  })],
  ['broker.url', (url) => binding({ url })],
  ['broker.settings', (settings) => binding({ settings })],
  ['broker.connectionSettings', (connectionSettings) => binding({ connectionSettings })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromRedis(options) })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromSentinel(options) })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromPostgres(options) })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromSecret(options) })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromSecret({ name: 'a', key: 'b' }, options) })],
  ['resultBackend', (options) => app({ resultBackend: ResultBackend.fromUrl('redis://r.example.com', options) })],
  ['delivery', (options) => app({ delivery: TaskDelivery.atLeastOnce(options) })],
  ['delivery', (options) => app({ delivery: TaskDelivery.atMostOnce(options) })],
  ['network', (options) => app({ network: CeleryNetwork.closed(options) })],
  ['network', (options) => app({ network: CeleryNetwork.closedIngress(options) })],
  ['network.keda[0]', (peer) => app({ network: CeleryNetwork.closedIngress({ keda: [peer] }) })],
  ['network.to[0]', (rule) => app({ network: CeleryNetwork.closed({ to: [rule] }) })],
  ['pool', (options) => worker({ pool: WorkerPool.prefork(options) })],
  ['pool', (options) => worker({ pool: WorkerPool.preforkPerCpu(options) })],
  ['pool', (options) => worker({ pool: WorkerPool.autoscale(options) })],
  ['pool', (options) => worker({ pool: WorkerPool.threads(options) })],
  ['pool', (options) => worker({ pool: WorkerPool.gevent(options) })],
  ['shutdown', (options) => worker({ shutdown: WorkerShutdown.warm(options) })],
  ['shutdown', (options) => worker({ shutdown: WorkerShutdown.soft(options) })],
  ['scaling', (options) => worker({ scaling: WorkerScaling.cpu(options) })],
  ['scaling', (options) => worker({ scaling: WorkerScaling.queueLength(options) })],
  ['scaling.fallback', (fallback) => worker({ scaling: WorkerScaling.queueLength({ maxReplicas: 3, tasksPerReplica: 5, fallback }) })],
  ['scaling.behavior', (behavior) => worker({ scaling: WorkerScaling.cpu({ maxReplicas: 3, behavior }) })],
  ['healthCheck', (options) => worker({ healthCheck: HealthCheck.agent(options) })],
  ['healthCheck', (options) => worker({ healthCheck: HealthCheck.probes(options) })],
  ['healthCheck.liveness', (liveness) => worker({ healthCheck: HealthCheck.probes({ liveness }) })],
  ['schedule', (options) => beat({ schedule: BeatSchedule.file(options) })],
  ['schedule', (options) => beat({ schedule: BeatSchedule.redBeat(options) })],
  ['schedule', (options) => beat({ schedule: BeatSchedule.database(options) })],
  ['schedule', (options) => beat({ schedule: BeatSchedule.custom('a.b:C', options) })],
  ['storage', (options) => beat({ storage: BeatStorage.claim(options) })],
  ['storage', (options) => flower({ storage: FlowerStorage.claim(options) })],
  ['storage', (options) => flower({ storage: FlowerStorage.fromClaimName('a', options) })],
  ['storage', (options) => (chart) => void new RedisBroker(chart, 'x', { storage: RedisStorage.claim(options) })],
  ['storage', (options) => (chart) => void new RabbitMqBroker(chart, 'x', { password: { name: 'a', key: 'b' }, storage: RabbitMqStorage.claim(options) })],
  ['results', (results) => (chart) => void new RedisBroker(chart, 'x', { results })],
  ['tls', (tls) => (chart) => void new RedisBroker(chart, 'x', { tls })],
  ['password', (password) => (chart) => void new RedisBroker(chart, 'x', { password })],
  ['password', (password) => (chart) => void new RabbitMqBroker(chart, 'x', { password })],
  ['auth', (secret) => flower({ auth: FlowerAuth.basic(secret) })],
  ['auth', (options) => flower({ auth: FlowerAuth.google(options) })],
  ['auth', (options) => flower({ auth: FlowerAuth.atProxy(options) })],
  ['auth.secret', (secret) => flower({ auth: FlowerAuth.atProxy({ secret }) })],
  ['exposure', (options) => flower({ exposure: FlowerExposure.ingress(options) })],
  ['exposure', (options) => flower({ exposure: FlowerExposure.httpRoute(options) })],
  ['exposure.gateway', (gateway) => flower({ exposure: FlowerExposure.httpRoute({ host: 'flower.example.com', gateway }) })],
];

class Options {
  public readonly password = 'hunter2';
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const broken = (): never => {
  throw new Error('hunter2');
};

const STRANGERS: [string, () => unknown, RegExp?][] = [
  ['a Map', () => new Map([['password', 'hunter2']]), /\ba Map\b/], ['a Set', () => new Set(['hunter2']), /\ba Set\b/], ['a Date', () => new Date(0), /\ba Date\b/], ['a RegExp', () => /hunter2/, /\ba RegExp\b/],
  ['a Uint8Array', () => new Uint8Array(3), /\ban? Uint8Array\b/], ['a Promise', () => Promise.resolve({ password: 'hunter2' }), /\ba Promise\b/], ['an Error', () => new Error('hunter2'), /\ban Error\b/],
  ['a string in an object', () => Object('hunter2') as unknown, /\ba String\b/], ['an object of a class', () => new Options(), /\ban Options\b/], ['a Duration', () => Duration.hours(1), /\ba Duration\b/],
  ['an object with inherited fields', () => Object.create({ password: 'hunter2' }) as unknown], ['a list', () => ['hunter2']], ['a function', () => () => 'hunter2'], ['a number', () => 7], ['a symbol', () => Symbol('x')],
  ['a revoked Proxy', revoked], ['a Proxy that throws', () => new Proxy({}, { ownKeys: broken, get: broken, has: broken, getPrototypeOf: broken })],
  ['a Proxy that throws when it is looked at', () => new Proxy({}, { ownKeys: broken })],
];

/** Of the strangers, drawn for each place. */
const some = Math.min(runs(5), STRANGERS.length);

describe.each(PLACES)('%s: refused by the prop (%#)', (prop, place) => {
  const drawn = fc.sample(fc.shuffledSubarray(STRANGERS, { minLength: some, maxLength: some }), 1)[0];

  test.each(drawn.map(([name, make, what]) => [name, { make, what }] as const))('%s for options', (_, { make, what }) => {
    const lines = refusals(place(make()));
    const own = lines.filter((line) => line.replace(/^\[[^\]]*\] /, '').startsWith(prop));
    if (!(prop === 'pool' || prop === 'props')) expect([lines, own.length > 0]).toEqual([lines, true]);
    expect(lines.join('\n')).not.toContain('hunter2');
    // A password is described more coarsely.
    if (what) expect(lines.join('\n')).toMatch(new RegExp(`${what.source}|\\ban? (value|object)\\b`));
  });
});

/** Within a setting, where a list and a number may be right, and a Duration is its seconds. */
test.each(STRANGERS.filter(([what]) => !['a list', 'a number', 'a Duration'].includes(what)))('%s in a setting', (_, make) => {
  for (const [path, settings] of [['task_routes', { task_routes: make() }], ['task_routes.a', { task_routes: { a: make() } }]] as const) {
    const lines = refusals(app({ settings }));
    expect(lines).toEqual([expect.stringContaining(`settings.${path}: `)]);
    expect(lines[0]).not.toContain('hunter2');
  }
});

test('what is to do is said', () => {
  expect(refusals(app({ settings: new Map([['task_acks_late', true]]) }))).toEqual(['[chart/celery] settings: a Map is not a plain object; give a plain object, e.g. { task_acks_late: true }']);
  expect(refusals(worker({ replicas: 2, disruptionBudget: new Map() }))).toEqual(['[chart/x] disruptionBudget: a Map is not a plain object; give a plain object, the options by their names']);
  expect(refusals(app({ resultBackend: ResultBackend.fromSecret(Object.assign(Object.create({}) as object, { name: 'x', node: {} }) as Any) }))).toEqual([
    '[chart/celery] resultBackend: an object with inherited fields is not a key of a Secret; give { name: secret.name, key }',
  ]);
});

describe('plain data of whatever origin is taken', () => {
  const data = { task_acks_late: true, task_routes: { a: { queue: 'celery' } } };
  const ordinary = render(app({ settings: data }));

  test.each<[string, () => unknown]>([
    ['without a prototype', () => Object.assign(Object.create(null) as object, data)],
    ['of another realm', () => runInNewContext(`(${JSON.stringify(data)})`) as unknown],
    ['of JSON', () => JSON.parse(JSON.stringify(data)) as unknown],
    ['of a structured clone', () => structuredClone(data)],
    ['behind a Proxy', () => new Proxy(data, {})],
    ['frozen', () => Object.freeze({ ...data })],
  ])('%s', (_, make) => {
    expect(render(app({ settings: make() }))).toBe(ordinary);
  });

  test('the props of a construct, of another realm', () => {
    expect(render((chart) => new RedisBroker(chart, 'x', runInNewContext('({ name: "r", results: { perDay: 5 } })'))))
      .toBe(render((chart) => new RedisBroker(chart, 'x', { name: 'r', results: { perDay: 5 } })));
  });
});

describe('a hole in a list is an item that is missing', () => {
  const hole = (first?: unknown): unknown[] => {
    const list = new Array<unknown>(2);
    if (first !== undefined) list[0] = first;
    return list;
  };
  test.each<[string, (chart: Chart) => void]>([
    ['queues', worker({ queues: hole() })], ['queues', worker({ queues: hole('celery') })], ['launcher', app({ launcher: hole() })], ['launcher', worker({ launcher: hole('env') })],
    ['queues[1]', app({ queues: hole({ name: 'mail' }) })], ['broker.sentinels', app({ broker: Broker.fromSentinel({ sentinels: hole() as string[], masterName: 'm' }) })],
    ['command', (chart) => void new CeleryJob(chart, 'x', { celery: celeryApp(chart), command: hole('true') as string[] })],
    ['network.keda[1]', app({ network: CeleryNetwork.closedIngress({ keda: hole({ namespace: 'keda' }) as Any }) })],
    ['disabledCommands', (chart) => void new RedisBroker(chart, 'x', { disabledCommands: hole('KEYS') as string[] })],
    ['broker.queueTrigger.authentication.secretTargetRef[1]', app({ broker: Broker.fromSecret({ name: 'a', key: 'b' }, {
      queueTrigger: { type: 'redis', metadata: { address: 'r:6379' }, authentication: { secretTargetRef: hole({ parameter: 'password', name: 'a', key: 'b' }) } },
    }) })],
    ['env[1]', worker({ env: hole({ name: 'A' }) })], ['auth.addresses', flower({ auth: FlowerAuth.google({ clientId: { name: 'a', key: 'b' }, clientSecret: { name: 'a', key: 'c' }, addresses: hole('a@b.example.com') as string[] }) })],
  ])('%s (%#)', (prop, make) => {
    expect(refusals(make).map((line) => line.replace(/^\[[^\]]*\] ([^ ]*):.*$/s, '$1'))).toEqual([prop]);
  });
});
