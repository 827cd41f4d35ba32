import { Chart, Duration, Size } from 'cdk8s';
import * as fc from 'fast-check';
import {
  AppCode, BeatStorage, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryFlowerProps, CeleryWorker, CeleryWorkerProps, FlowerAuth,
  FlowerExposure, LogLevel, PodOptions, PreforkLimits, PythonInstallOptions, PythonRuntime, RedisBroker, RedisBrokerProps, RedisStorage, rules,
  WorkerPool,
} from '../../src';
import { celeryApp, TASKS } from '../fixtures';
import { lockedVersions } from '../locks/lock';
import { Manifests, refusals, render } from '../manifests';
import { runs } from '../random-runs';

const { Rules, Severity } = rules;

// Random props are valid, and not always wise: their warnings are no part of this.
beforeAll(() => void jest.spyOn(process.stderr, 'write').mockReturnValue(true));
afterAll(() => jest.restoreAllMocks());

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const label = (most: number) => fc.stringMatching(new RegExp(`^[a-z]([a-z0-9-]{0,${most - 2}}[a-z0-9])?$`));
const qualified = fc.stringMatching(/^(x-[a-z0-9]{1,8}\.example\/)?x[A-Za-z0-9_.-]{0,20}[A-Za-z0-9]$/);
/** Not such as 1_0, 0o17 or 0b1, which are numbers to kubectl and refused. */
const labelValue = fc.stringMatching(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,40}[A-Za-z0-9])?)?$/).filter((value) => !/^\d.*[a-z_]/i.test(value));
/** Without what synth refuses (validation/unwritable.test.ts): characters that YAML or ConfigMaps cannot carry. */
const text = fc.string({ maxLength: 20, unit: 'grapheme' }).filter((value) => !/[\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]/u.test(value));
const count = (most: number) => fc.integer({ min: 1, max: most });
const seconds = (least: number, most: number) => fc.integer({ min: least, max: most }).map((amount) => Duration.seconds(amount));
const mebibytes = (least: number, most: number) => fc.integer({ min: least, max: most }).map((amount) => Size.mebibytes(amount));

const amounts = (most: number, unit: string) => optional(fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 0, max: most }))
  .map(([request, more]) => [`${request}${unit}`, `${request + more}${unit}`]));
const resources = fc.record({ cpu: amounts(4000, 'm'), memory: amounts(4000, 'Mi') }).map(({ cpu, memory }) => ({
  requests: { ...(cpu ? { cpu: cpu[0] } : {}), ...(memory ? { memory: memory[0] } : {}) },
  limits: { ...(cpu ? { cpu: cpu[1] } : {}), ...(memory ? { memory: memory[1] } : {}) },
}));

/** What options of pods are made of. */
const podData = fc.record({
  resources: optional(resources),
  env: fc.dictionary(fc.stringMatching(/^X[A-Z0-9_]{0,10}$/), text, { maxKeys: 3 }),
  secretEnv: fc.boolean(),
  mounts: fc.uniqueArray(fc.stringMatching(/^\/x[a-z]{0,8}(\/[a-z]{1,5})?$/), { maxLength: 3 }),
  labels: fc.dictionary(qualified, labelValue, { maxKeys: 3 }),
  annotations: fc.dictionary(qualified, text, { maxKeys: 3 }),
  nodeSelector: fc.dictionary(qualified, labelValue, { maxKeys: 2 }),
  taints: fc.uniqueArray(qualified, { maxLength: 2 }),
  priorityClassName: optional(label(63)),
  pullSecret: fc.boolean(),
  account: fc.boolean(),
  user: optional(fc.integer({ min: 1, max: 65534 })),
  writable: optional(fc.boolean()),
});

type PodData = typeof podData extends fc.Arbitrary<infer T> ? T : never;

function podOptions(name: string, data: PodData): PodOptions {
  return {
    resources: data.resources,
    env: [
      ...Object.entries(data.env).map(([key, value]) => ({ name: key, value })),
      ...(data.secretEnv ? [{ name: 'SECRET', valueFrom: { secretKeyRef: { name: 'external', key: 'key' } } }] : []),
    ],
    volumes: data.mounts.map((_, index) => ({ name: `${name}-${index}`, emptyDir: {} })),
    volumeMounts: data.mounts.map((mountPath, index) => ({ mountPath, name: `${name}-${index}` })),
    labels: data.labels,
    annotations: data.annotations,
    podLabels: data.labels,
    podAnnotations: data.annotations,
    nodeSelector: data.nodeSelector,
    tolerations: data.taints.map((key) => ({ key, operator: 'Exists' })),
    priorityClassName: data.priorityClassName,
    imagePullSecrets: data.pullSecret ? [{ name: 'external' }] : undefined,
    serviceAccountName: data.account ? 'external' : undefined,
    podSecurityContext: data.user === undefined ? undefined : { runAsUser: data.user, runAsGroup: data.user },
    securityContext: data.writable === undefined ? undefined : { readOnlyRootFilesystem: !data.writable },
  };
}

const logLevel = optional(fc.constantFrom(...Object.values(LogLevel)));

/** Data, and no pool: what goes through two constructors may not be shared. */
interface PoolData {
  readonly kind: 'prefork' | 'autoscale' | 'gevent' | 'threads' | 'solo';
  readonly concurrency?: number;
  readonly more?: number;
  readonly limits: PreforkLimits;
}

function poolOf({ kind, concurrency, more = 0, limits: given }: PoolData): WorkerPool {
  switch (kind) {
    case 'prefork': return WorkerPool.prefork({ concurrency, ...given });
    case 'autoscale': return WorkerPool.autoscale({ min: concurrency!, max: concurrency! + more, ...given });
    case 'gevent': return WorkerPool.gevent({ concurrency, ...given });
    case 'threads': return WorkerPool.threads({ concurrency });
    default: return WorkerPool.solo();
  }
}

const limits = fc.record<PreforkLimits>({
  maxTasksPerChild: optional(count(1000)), maxMemoryPerChild: optional(mebibytes(1, 4000)),
  softTimeLimit: optional(seconds(1, 100)), timeLimit: optional(seconds(101, 9000)),
});

/** A limit above the longest task is refused. */
function withinLongest<Own extends { longestTask?: Duration }>(own: Own, pool: PoolData | undefined): Own {
  const { timeLimit, softTimeLimit } = pool?.limits ?? {};
  const longest = own.longestTask?.toSeconds() ?? Infinity;
  return [timeLimit, softTimeLimit].some((limit) => limit !== undefined && limit.toSeconds() > longest) ? { ...own, longestTask: undefined } : own;
}

const workerData = fc.record({
  pod: podData,
  own: fc.record({
    replicas: optional(fc.nat(50)), prefetchMultiplier: optional(count(100)), longestTask: optional(seconds(1, 90000)),
    queues: optional(fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_.:-]{1,20}$/), { minLength: 1, maxLength: 3 })),
    taskEvents: optional(fc.boolean()), logLevel,
  }),
  pool: optional(fc.oneof(
    fc.record<PoolData>({ kind: fc.constant('prefork'), concurrency: optional(count(64)), limits }),
    fc.record<PoolData>({ kind: fc.constant('autoscale'), concurrency: count(9), more: fc.nat(55), limits }),
    fc.record<PoolData>({ kind: fc.constant('gevent'), concurrency: optional(count(1000)), limits: fc.record({ timeLimit: optional(seconds(1, 9000)) }) }),
    fc.record<PoolData>({ kind: fc.constant('threads'), concurrency: optional(count(64)), limits: fc.constant({}) }),
    fc.record<PoolData>({ kind: fc.constant('solo'), concurrency: fc.constant(1), limits: fc.constant({}) }),
  )),
}).map(({ own, pool, ...more }) => ({ own: withinLongest(own, pool), pool, ...more }));

const redisData = fc.record({
  pod: podData.map((data) => ({ ...data, resources: undefined })),
  // With less memory left than for the connections of all workers it is refused.
  own: fc.record<Partial<RedisBrokerProps>>({ maxMemory: optional(mebibytes(1, 240)), clusterDomain: optional(label(20)) }),
  // Three times the memory, which the append-only file may need.
  claim: optional(mebibytes(3 * 255, 100_000)),
});

const installData: fc.Arbitrary<PythonInstallOptions> = fc.tuple(
  fc.constantFrom(...lockedVersions()),
  fc.record({
    requirements: optional(fc.uniqueArray(fc.stringMatching(/^x[a-z]{3,8}(==\d{1,2}\.\d{1,2})?$/), { maxLength: 3 })),
    indexUrl: optional(fc.webUrl()), installResources: optional(resources),
  }),
).map(([[celery, python], more]) => ({ celery, python, ...more }));

/** What sends no task to a queue that is known by its name: one without a worker is refused. */
const ROUTER = fc.oneof(
  fc.stringMatching(/^x[a-z.]{1,8}$/), fc.integer(), fc.constant(null), fc.dictionary(fc.string(), fc.record({ priority: fc.nat(9) })),
);

const hostData = fc.array(label(63), { minLength: 1, maxLength: 3 }).map((labels) => [...labels, 'example'].join('.'));

const deploymentData = fc.record({
  names: fc.uniqueArray(label(63), { minLength: 5, maxLength: 5 }),
  module: fc.stringMatching(/^[a-z_]{1,8}(\.[a-z_]{1,8})?$/),
  files: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}(\/[a-z]{1,5})?\.(py|txt)$/), text, { maxKeys: 3 }),
  inImage: fc.boolean(),
  install: optional(installData),
  settings: fc.record({
    task_acks_late: fc.boolean(), task_time_limit: fc.oneof(fc.nat(), fc.constant(null)), task_routes: fc.array(ROUTER),
    task_default_queue: fc.string({ unit: 'binary', minLength: 1 }).filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name)),
    broker_transport_options: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
  }, { requiredKeys: [] }),
  app: podData,
  worker: workerData,
  redis: redisData,
  beat: fc.record({ pod: podData, claim: optional(mebibytes(1, 100_000)), logLevel }),
  flower: fc.record({ pod: podData, closed: fc.boolean(), host: optional(hostData), urlPrefix: optional(fc.stringMatching(/^\/?[a-z]{1,8}(\/[a-z]{1,8})?\/?$/)) }),
});

type DeploymentData = typeof deploymentData extends fc.Arbitrary<infer T> ? T : never;

const EXTERNAL = ['Secret/external', 'ServiceAccount/external'];

/** Processes that may outgrow the memory limit of their pod are refused. */
function fitting({ app, worker }: DeploymentData, pool: PoolData): PoolData {
  const limited = [app, worker.pod].some(({ resources: given }) => given?.limits.memory !== undefined);
  return limited ? { ...pool, limits: { ...pool.limits, maxMemoryPerChild: undefined } } : pool;
}

/** A limit of the settings that is more than the longest task, or not more than a soft one of the pool, is refused. */
function settingsOf({ settings, worker: { own, pool } }: DeploymentData): DeploymentData['settings'] {
  const limit = settings.task_time_limit;
  if (!limit || (limit <= (own.longestTask?.toSeconds() ?? Infinity) && limit > (pool?.limits.softTimeLimit?.toSeconds() ?? 0))) return settings;
  return { ...settings, task_time_limit: null };
}

function define(chart: Chart, data: DeploymentData): void {
  const [appName, redisName, workerName, beatName, flowerName] = data.names;
  const broker = new RedisBroker(chart, 'redis', {
    ...podOptions('redis', data.redis.pod), ...data.redis.own,
    name: redisName, storage: data.redis.claim && RedisStorage.claim({ size: data.redis.claim }),
  });
  const props: CeleryAppProps = {
    ...podOptions('app', data.app), name: appName, app: data.module, broker, settings: settingsOf(data),
    code: data.inImage ? AppCode.inImage() : AppCode.fromInline({ ...data.files, [`${data.module.replaceAll('.', '/')}.py`]: TASKS }),
    // Code that is in the image needs one that has it.
    runtime: data.install ? PythonRuntime.install({ ...data.install, ...(data.inImage ? { image: 'registry.example.com/team/app:1' } : {}) }) : PythonRuntime.fromImage('registry.example.com/team/app:1'),
  };
  const celery = new CeleryApp(chart, 'celery', props);
  new CeleryWorker(chart, 'worker', {
    celery, ...podOptions('worker', data.worker.pod), ...data.worker.own, pool: data.worker.pool && poolOf(fitting(data, data.worker.pool)), name: workerName,
  });
  new CeleryBeat(chart, 'beat', {
    celery, ...podOptions('beat', data.beat.pod), name: beatName, logLevel: data.beat.logLevel,
    storage: data.beat.claim && BeatStorage.claim({ size: data.beat.claim }),
  });
  new CeleryFlower(chart, 'flower', {
    celery, ...podOptions('flower', data.flower.pod), name: flowerName, urlPrefix: data.flower.urlPrefix,
    auth: data.flower.closed ? FlowerAuth.basic({ name: 'external', key: 'users' }) : undefined,
    exposure: data.flower.closed && data.flower.host !== undefined ? FlowerExposure.ingress({ host: data.flower.host, tls: 'external' }) : undefined,
  });
}

test('whatever is valid gives valid manifests, and the same ones twice', () => {
  fc.assert(fc.property(deploymentData, (data) => {
    const text = render((chart) => define(chart, data));
    Manifests.of(JSON.parse(text), EXTERNAL);
    expect(render((chart) => define(chart, data))).toBe(text);
  }), { numRuns: runs(5) });
});

/**
 * Without what the user may decide against the advice of a rule: settings, resources, a pull secret for some pods of an image only, how long
 * a task takes, and sizes of memory.
 */
function advised(data: DeploymentData): DeploymentData {
  const pod = (given: PodData): PodData => ({ ...given, resources: undefined, pullSecret: data.app.pullSecret });
  const { worker: { own, pool }, redis: { own: { maxMemory, ...redisOwn } } } = data;
  const memory = pool?.limits.maxMemoryPerChild;
  return {
    ...data,
    settings: {},
    app: pod(data.app),
    beat: { ...data.beat, pod: pod(data.beat.pod) },
    flower: { ...data.flower, pod: pod(data.flower.pod) },
    worker: {
      pod: pod(data.worker.pod),
      own: { ...own, longestTask: undefined },
      pool: pool && { ...pool, limits: { ...pool.limits, ...(memory ? { maxMemoryPerChild: Size.mebibytes(memory.toMebibytes() + 20) } : {}) } },
    },
    redis: { ...data.redis, own: redisOwn },
  };
}

test('what is left to the defaults breaks no rule', () => {
  fc.assert(fc.property(deploymentData.map(advised), (data) => {
    const findings = Rules.lint(JSON.parse(render((chart) => define(chart, data))) as unknown[])
      .filter(({ severity }) => [Severity.ERROR, Severity.WARNING].includes(severity));
    expect(findings.map(({ ruleId, message, value }) => [ruleId, message, value])).toEqual([]);
  }), { numRuns: runs(5) });
});

const notWhole = (least: number) => fc.oneof(
  fc.integer({ max: least - 1 }), fc.double({ noInteger: true }), fc.constantFrom(NaN, Infinity, -Infinity, -0.5, 1e300),
);
const notLabel = fc.oneof(
  fc.string({ maxLength: 60, unit: 'grapheme' }).filter((name) => !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)), fc.stringMatching(/^[a-z]{64,100}$/),
);
/** Without what looks like a URL with a password, which messages mask (celery/credentials.ts). */
const plainText = (maxLength: number) => fc.string({ maxLength }).filter((value) => !value.includes('@'));
const notVersion = plainText(20).filter((version) => !lockedVersions().some(([celery]) => celery === version));

type Make = (chart: Chart, value: never) => void;
const worker = (prop: keyof CeleryWorkerProps): Make => (chart, value) => new CeleryWorker(chart, 'x', { celery: celeryApp(chart), [prop]: value });
const pool = (made: (value: never) => WorkerPool): Make => (chart, value) => new CeleryWorker(chart, 'x', { celery: celeryApp(chart), pool: made(value) });
const flower = (prop: keyof CeleryFlowerProps): Make => (chart, value) => new CeleryFlower(chart, 'x', { celery: celeryApp(chart), [prop]: value });
const redis = (prop: keyof RedisBrokerProps): Make => (chart, value) => new RedisBroker(chart, 'x', { [prop]: value });
const installed = (options: (value: never) => Partial<PythonInstallOptions>): Make => (chart, value) =>
  celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.3.4', ...options(value) }) });

/** The prop as the message names it, its bad values, and what is made with them. */
const BAD: [string, fc.Arbitrary<unknown>, Make][] = [
  ['replicas', notWhole(0), worker('replicas')],
  ['concurrency', notWhole(1), pool((concurrency) => WorkerPool.prefork({ concurrency }))],
  ['min', notWhole(1), pool((min) => WorkerPool.autoscale({ min, max: Number.MAX_SAFE_INTEGER }))],
  ['prefetchMultiplier', notWhole(1), worker('prefetchMultiplier')],
  ['maxTasksPerChild', notWhole(1), pool((maxTasksPerChild) => WorkerPool.prefork({ maxTasksPerChild }))],
  ['name', notLabel, worker('name')],
  ['name', notLabel, redis('name')],
  ['queues', fc.stringMatching(/^[a-z]{0,5}[ ,\t][a-z]{0,5}$/), (chart, value) => worker('queues')(chart, [value] as never)],
  ['urlPrefix', fc.stringMatching(/^[a-z/]{0,5}[ ?#%][a-z/]{0,5}$/), flower('urlPrefix')],
  ['clusterDomain', fc.stringMatching(/^[A-Z_ .-]{1,10}$/), redis('clusterDomain')],
  ['image', fc.stringMatching(/^[a-z]{0,5}[ A-Z][a-z]{0,5}$/), redis('image')],
  ['priorityClassName', fc.stringMatching(/^[A-Z_]{1,10}$/), flower('priorityClassName')],
  ['labels[\'x\']', fc.stringMatching(/^[a-z]{0,70}[ !/]$/), (chart, value) => worker('labels')(chart, { x: value } as never)],
  ['env[0].name', fc.stringMatching(/^[0-9 =][A-Z]{0,5}$/), (chart, value) => worker('env')(chart, [{ name: value, value: '1' }] as never)],
  // What follows -p may be a password, and is not shown.
  ['app', plainText(30).filter((app) => !/^[\w.]+(:\w+)?$|^-p/.test(app)), (chart, value) => celeryApp(chart, { app: value })],
  ['celery', notVersion, installed((celery) => ({ celery }))],
  ['python', plainText(10).filter((python) => !['3.11', '3.12'].includes(python)), installed((python) => ({ python }))],
  ['requirements', fc.stringMatching(/^(redis==[5-9]\.[0-9]|kombu==5\.[0-3]\.[0-9]|celery==4\.[0-9]|--[a-z]{1,5}|[a-z]{1,5} [a-z]{1,5})$/),
    installed((requirement) => ({ requirements: [requirement] }))],
];

test.each(BAD)('a bad value of %s is refused, in a message that names both', (prop, values, make) => {
  fc.assert(fc.property(values, (value) => {
    const shown = typeof value === 'string' ? `'${value}'` : String(value);
    expect(refusals((chart) => make(chart, value as never)).join('\n')).toContain(`${prop}: ${shown} `);
  }), { numRuns: runs(5) });
});
