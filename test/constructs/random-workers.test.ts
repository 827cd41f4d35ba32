import { Chart, Duration, Size } from 'cdk8s';
import * as fc from 'fast-check';
import {
  CeleryApp, CeleryBeat, CeleryBusyPodController, CeleryFlower, CeleryNetwork, CelerySmokeTest, CeleryWorker, CeleryWorkerProps, PythonRuntime,
  RabbitMqBroker, RedisBroker, ResultBackend, rules, TaskDelivery, WorkerPool, WorkerScaling, WorkerShutdown,
} from '../../src';
import { celeryApp } from '../fixtures';
import { Manifest, render } from '../manifests';
import { runs } from '../random-runs';

const { Rules, Severity } = rules;

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

/** What a worker is made of; what does not go together is left out when it is made. */
const worker = fc.record({
  longest: oneOf(10, 60, 300, 585, 586, 1762, 1763, 7200, 20_000, 86_400),
  pool: oneOf('prefork', 'perCpu', 'autoscale', 'threads', 'gevent', 'solo'),
  says: oneOf('nothing', 'warm', 'soft', 'longestTask', 'timeLimit', 'softTimeLimit'),
  softTimeout: oneOf(5, 10),
  spot: fc.boolean(),
  maxMemory: optional(fc.constant(Size.mebibytes(200))),
  scaling: oneOf('none', 'replicas', 'cpu', 'queueLength'),
  most: fc.integer({ min: 0, max: 4 }),
  zero: fc.boolean(),
  tasksPerReplica: optional(oneOf(1, 20, 200)),
  options: fc.record({
    disablePrefetch: oneOf(true), minReadySeconds: oneOf(0, 30, 599), progressDeadlineSeconds: oneOf(600, 900), taskEvents: fc.boolean(),
    prefetchMultiplier: oneOf(1, 4),
  }, { requiredKeys: [] }),
});

const program = fc.record({
  rabbit: fc.boolean(),
  delivery: oneOf(undefined, 'early', 'late', 'lateButNotWhenLost'),
  workers: fc.array(worker, { minLength: 1, maxLength: 2 }),
  limit: optional(oneOf(30, 300, 3000, 30_000)),
  softLimit: optional(oneOf(20, 200, 2000, 20_000)),
  install: fc.boolean(),
  closed: fc.boolean(),
  beat: fc.boolean(), flower: fc.boolean(), smoke: fc.boolean(), busy: fc.boolean(),
});

type Worker = typeof worker extends fc.Arbitrary<infer T> ? T : never;
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

const DELIVERIES: Record<string, TaskDelivery> = {
  early: TaskDelivery.atMostOnce(), late: TaskDelivery.atLeastOnce(), lateButNotWhenLost: TaskDelivery.atLeastOnce({ rejectOnWorkerLost: false }),
};

function workerProps(celery: CeleryApp, given: Worker, { rabbit, delivery, workers, limit, softLimit }: Program): CeleryWorkerProps {
  const longest = Duration.seconds(given.longest);
  // The hard limit, or else the soft one; one that is not less than the hard one is refused.
  const bySettings = limit ?? softLimit;
  // What lets tasks run for longer than the worker says is refused, and so is a soft limit of the pool that a hard one of the settings comes before.
  const contradicts = bySettings !== undefined && (given.says === 'softTimeLimit' ? given.longest >= bySettings : given.says === 'longestTask' ? given.longest < bySettings : given.says !== 'nothing');
  const says = contradicts && given.says !== 'soft' ? 'nothing' : given.says;
  const soft = says === 'soft' && bySettings === undefined && delivery?.startsWith('late') === true && given.pool === 'prefork' && given.longest >= given.softTimeout;
  const limits = {
    maxMemoryPerChild: given.maxMemory, timeLimit: says === 'timeLimit' ? longest : undefined, softTimeLimit: says === 'softTimeLimit' ? longest : undefined,
  };
  const pools: Record<Worker['pool'], () => WorkerPool> = {
    prefork: () => WorkerPool.prefork({ concurrency: 3, ...limits }),
    perCpu: () => WorkerPool.preforkPerCpu(limits),
    // Not with quorum queues, which RabbitMqBroker has.
    autoscale: () => rabbit ? WorkerPool.prefork(limits) : WorkerPool.autoscale({ min: 1, max: 4, ...limits }),
    threads: () => WorkerPool.threads({ concurrency: 8 }),
    gevent: () => WorkerPool.gevent({ concurrency: 100, timeLimit: limits.timeLimit }),
    solo: () => WorkerPool.solo(),
  };
  const scale: Record<Worker['scaling'], () => Partial<CeleryWorkerProps>> = {
    none: () => ({}),
    replicas: () => ({ replicas: given.most }),
    cpu: () => ({ scaling: WorkerScaling.cpu({ maxReplicas: given.most + 1 }) }),
    queueLength: () => ({
      scaling: WorkerScaling.queueLength({
        minReplicas: given.zero && !rabbit && workers.length === 1 ? 0 : 1, maxReplicas: given.most + 1, tasksPerReplica: given.tasksPerReplica,
      }),
    }),
  };
  return {
    ...given.options, celery, pool: pools[given.pool](), ...scale[given.scaling](),
    disablePrefetch: rabbit || given.options.prefetchMultiplier === 4 ? undefined : given.options.disablePrefetch,
    longestTask: says === 'longestTask' ? longest : undefined,
    shutdown: soft ? WorkerShutdown.soft({ timeout: Duration.seconds(given.softTimeout), longestTask: longest })
      : says === 'warm' ? WorkerShutdown.warm({ longestTask: longest }) : undefined,
    nodeSelector: soft && given.spot ? { 'cloud.google.com/gke-spot': 'true' } : undefined,
    resources: given.pool === 'perCpu' ? { requests: { cpu: '2', memory: '1Gi' }, limits: { memory: '2Gi' } } : undefined,
  };
}

function define(chart: Chart, given: Program): void {
  const { rabbit, limit } = given;
  // One that is not less than the hard time limit is refused.
  const softLimit = given.softLimit !== undefined && given.softLimit >= (limit ?? Infinity) ? undefined : given.softLimit;
  const celery = celeryApp(chart, {
    broker: rabbit ? new RabbitMqBroker(chart, 'rabbitmq', { password: { name: 'rabbitmq', key: 'password' } }) : new RedisBroker(chart, 'redis'),
    ...(rabbit ? { resultBackend: ResultBackend.none() } : {}),
    delivery: given.delivery === undefined ? undefined : DELIVERIES[given.delivery],
    queues: [{ name: 'mail', maxPriority: 9 }],
    settings: { ...(limit === undefined ? {} : { task_time_limit: limit }), ...(softLimit === undefined ? {} : { task_soft_time_limit: softLimit }) },
    ...(given.install ? { runtime: PythonRuntime.install({ celery: '5.6.3' }) } : {}),
    ...(given.closed ? { network: CeleryNetwork.closed() } : {}),
  });
  given.workers.forEach((one, i) => void new CeleryWorker(chart, `worker-${i}`, {
    ...workerProps(celery, one, given), queues: given.workers.length === 1 ? ['celery', 'mail'] : [['celery', 'mail'][i]],
  }));
  if (given.beat) new CeleryBeat(chart, 'beat', { celery });
  if (given.flower) new CeleryFlower(chart, 'flower', { celery });
  if (given.busy) new CeleryBusyPodController(chart, 'busy', { celery });
  if (given.smoke && !rabbit) new CelerySmokeTest(chart, 'smoke', { celery });
}

test('whatever is combined of scaling, shutdown, delivery, pools and budgets, no rule finds more than advice in it', () => {
  fc.assert(fc.property(program, (given) => {
    const objects = JSON.parse(render((chart) => define(chart, given))) as Manifest[];
    // Nothing delivers the tasks of a dead worker again, where all have this pool.
    const unsaved = !given.rabbit && given.delivery?.startsWith('late') === true && given.workers.every(({ pool }) => pool === 'gevent');
    const found = Rules.lint(objects).filter(({ severity }) => severity === Severity.ERROR || severity === Severity.WARNING);
    expect(found.filter(({ ruleId }) => ruleId === 'delivery/dead-worker-keeps-tasks')).toHaveLength(unsaved ? given.workers.length : 0);
    expect(found.map(({ ruleId, message }) => `${ruleId}: ${message}`).filter((line) => !line.startsWith('delivery/dead-worker-keeps-tasks'))).toEqual([]);
  }), { numRuns: runs(10) });
});
