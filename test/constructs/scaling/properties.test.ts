import { Chart, Duration } from 'cdk8s';
import * as fc from 'fast-check';
import {
  AppCode, Broker, CeleryApp, CeleryNetwork, CeleryWorker, IBroker, PythonRuntime, RedisBroker, ResultBackend, rules, TaskDelivery,
  WorkerPool, WorkerScaling,
} from '../../../src';
import { TASKS } from '../../fixtures';
import { Manifest, render } from '../../manifests';
import { runs } from '../../random-runs';

const { Rules, Severity } = rules;
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const PASSWORD = { name: 'broker', key: 'password' };
const CA = { name: 'ca', key: 'ca.crt' };
const database = fc.integer({ min: 0, max: 15 });

/** Every kind of broker whose queues KEDA reads, and whether a pool of it may have no pods. */
const broker: fc.Arbitrary<{ make: (chart: Chart) => IBroker; zero: boolean }> = fc.oneof(
  database.map((index) => ({ make: (chart: Chart) => new RedisBroker(chart, 'redis').onDatabase(index), zero: true })),
  fc.record({ database, host: oneOf('redis.example.com', 'redis.data.svc.cluster.local', '10.0.0.7'), port: oneOf('', ':6390'), tls: fc.boolean() }).map((at) => ({
    make: () => Broker.fromUrl(`${at.tls ? 'rediss' : 'redis'}://${at.host}${at.port}/${at.database}${at.tls ? '?ssl_cert_reqs=required' : ''}`), zero: true,
  })),
  fc.record({
    host: oneOf('redis.example.com', 'redis.data.svc.cluster.local'), database: optional(database), port: optional(oneOf(6379, 6390)),
    username: optional(oneOf('shop')), tls: optional(oneOf({}, { ca: CA }, { ca: CA, clientSecretName: 'client' })),
  }).chain((server) => fc.boolean().map((password) => ({
    make: () => Broker.fromRedis({ ...server, ...(password ? { password: PASSWORD } : { username: undefined }) }), zero: true,
  }))),
  fc.record({
    database: optional(database), password: optional(fc.constant(PASSWORD)), sentinelPassword: optional(fc.constant(PASSWORD)),
  }).map((options) => ({
    make: () => Broker.fromSentinel({ sentinels: ['sentinel-0.example.com', 'sentinel-1.example.com:26380'], masterName: 'main', ...options }), zero: true,
  })),
  fc.record({
    virtualHost: optional(oneOf('/', 'shop', 'shop/eu')), user: oneOf('guest', 'plain', 'secret'), tls: fc.boolean(), http: fc.boolean(),
  }).map(({ user, tls, http, virtualHost }) => ({
    make: () => Broker.fromRabbitMq({
      host: 'rabbitmq.example.com', virtualHost, ...(tls ? { tls: {} } : {}),
      ...(user === 'guest' ? {} : { password: PASSWORD, ...(user === 'plain' ? { username: 'shop' } : { usernameSecret: { name: 'broker', key: 'user' } }) }),
      ...(http && user !== 'guest' ? { managementUrl: tls ? 'https://rabbitmq.example.com/management' : 'http://rabbitmq.example.com:15672' } : {}),
    }),
    zero: http && user !== 'guest',
  })),
  fc.record({ queueNamePrefix: optional(oneOf('shop-')), keys: fc.boolean(), endpoint: optional(oneOf('http://moto.test.svc.cluster.local:5000')) })
    .map(({ keys, ...options }) => ({
      make: () => Broker.fromSqs({ region: 'eu-central-1', ...options, ...(keys ? { accessKeyId: PASSWORD, secretAccessKey: PASSWORD } : {}) }), zero: true,
    })),
);

const QUEUES = ['celery', 'mail', 'reports.daily', 'x-1_y'];
const options = fc.record({
  global_keyprefix: oneOf('shop:', '{shop}', 'a.b'), priority_steps: oneOf([0], [0, 5], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), sep: oneOf(':', '\x06\x16'),
  unacked_key: oneOf('taken'), queue_order_strategy: oneOf('priority', 'round_robin'),
}, { requiredKeys: [] });

const program = fc.record({
  broker, options, inCode: fc.boolean(), queues: optional(fc.subarray(QUEUES, { minLength: 1 })), defaultQueue: optional(oneOf('shop')),
  late: fc.boolean(), closed: fc.boolean(), zero: fc.boolean(), longest: oneOf(1, 180, 300, 1800, 7200), most: fc.integer({ min: 1, max: 40 }),
  tasksPerReplica: optional(fc.integer({ min: 1, max: 500 })), fallback: fc.boolean(), pool: oneOf('prefork', 'threads', 'gevent', 'solo'),
});
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

const POOLS: Record<string, () => WorkerPool> = {
  prefork: () => WorkerPool.prefork({ concurrency: 3 }), threads: () => WorkerPool.threads({ concurrency: 8 }),
  gevent: () => WorkerPool.gevent({ concurrency: 100 }), solo: () => WorkerPool.solo(),
};

function define(chart: Chart, given: Program): void {
  const redis = given.broker.make(chart);
  // The visibility timeout of long tasks is among the transport options on the command line, which would replace those of the code: refused.
  const inCode = given.inCode && given.longest < 1800 && Object.keys(given.options).length > 0;
  const literal = JSON.stringify(given.options).replaceAll('\\u0006\\u0016', '\\x06\\x16').replaceAll('"', '\'');
  const code = inCode ? `app.conf.broker_transport_options = ${literal}\n` : '';
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker: redis, resultBackend: ResultBackend.none(), code: AppCode.fromInline({ 'tasks.py': `${TASKS}${code}` }),
    runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'), delivery: given.late ? TaskDelivery.atLeastOnce() : undefined,
    settings: {
      ...(inCode || Object.keys(given.options).length === 0 ? {} : { broker_transport_options: given.options }),
      ...(given.defaultQueue === undefined ? {} : { task_default_queue: given.defaultQueue }),
    },
    ...(given.closed ? { network: CeleryNetwork.closed() } : {}),
  });
  new CeleryWorker(chart, 'worker', {
    celery, pool: POOLS[given.pool](), queues: given.queues, longestTask: Duration.seconds(given.longest),
    scaling: WorkerScaling.queueLength({
      minReplicas: given.zero && given.broker.zero ? 0 : 1, maxReplicas: given.most, tasksPerReplica: given.tasksPerReplica,
      ...(given.fallback ? { fallback: { replicas: Math.min(2, given.most) } } : {}),
    }),
  });
}

test('whatever broker, queues and transport options, no rule about scaling finds anything in what WorkerScaling makes', () => {
  fc.assert(fc.property(program, (given) => {
    const objects = JSON.parse(render((chart) => define(chart, given))) as Manifest[];
    const found = Rules.lint(objects).filter(({ ruleId, severity }) => ruleId.startsWith('scaling/') && severity !== Severity.ADVICE);
    expect(found.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
    // Each term of the formula is a trigger, and each trigger is in it once.
    const { triggers, advanced } = objects.find(({ kind }) => kind === 'ScaledObject')!.spec as Manifest;
    const names = (triggers as { name: string }[]).map(({ name }) => name);
    expect(advanced.scalingModifiers.formula.split(' + ')).toEqual(names);
    expect(new Set(names).size).toBe(names.length);
  }), { numRuns: runs(10) });
});
