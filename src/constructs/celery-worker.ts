import { ApiObject, Duration, Size } from 'cdk8s';
import { Construct } from 'constructs';
import { CeleryApp } from './celery-app';
import { HealthCheck } from './health/health-check';
import { LogLevel } from './log-level';
import { PodOptions } from './pod-options';
import { AGENT_FLAGS } from '../celery/agent-names';
import { memoryOfWorker } from '../celery/memory';
import { celeryComponent, componentName, PROGRESS_DEADLINE } from './celery-component';
import type * as k8s from './kubernetes/api/types';
import { CheckedOptions, merge, POD_OPTIONS, podOptions, shaped } from './kubernetes/options';
import { memoryQuantity } from './kubernetes/quantities';
import { Shape } from './kubernetes/shape';
import { LAUNCHER } from './launcher';
import { asGiven } from './kubernetes/as-given';
import * as checks from './validation/checks';
import { isPlainObject } from './validation/plain-object';
import { answersFor, refuseAs } from './validation/tree';
import { describe, Problem } from './validation/problems';
import { duration, flag, number, oneOf, PropChecks, sound, text, texts, TypeCheck, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { settingsArguments } from './settings';
import { checkNames } from './queues';
import { objectMetadata, selectorLabels } from './kubernetes/pods';
import { budgetProblems, DISRUPTION_BUDGET, disruptionBudget, DisruptionBudgetOptions, hasBudget } from './disruption-budget';
import { childMemory, devicesOf, devicesOfPod, memoryProblems, NO_SURGE, spotProblems, surgeProblems } from './worker-checks';
import { rateInterval } from '../celery/rate-limit';
import { isRedisTransport } from '../celery/transports';
import { lacks, SINCE } from '../celery/versions';
import { HOSTNAME } from '../manifests/labels';
import { limitsOfCalls, Options } from '../manifests/task-options';
import { quantity } from '../celery/quantity';
import { behaviorProblems } from './scaling/behavior';
import { sharedCount } from './scaling/scaled-object';
import { ScaledWorker } from './scaling/scaled-worker';
import { WorkerScaling } from './scaling/worker-scaling';
import { WorkerPool } from './worker-pool';
import { planShutdown, poolLimit, settingsLimit, ShutdownPlan } from './shutdown-plan';
import { WorkerShutdown } from './worker-shutdown';
import { poolConnections } from './pool-connections';
import { prepareShared } from './shared-settings';
import { isLate, mayBeEarly, tasksOf } from './task-delivery';
import { appSettings, isOutlived } from './visibility-timeout';

/** Properties of `CeleryWorker`. */
export interface CeleryWorkerProps extends PodOptions {
  /** The application whose tasks the worker runs. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment.
   *
   * @default - the name of the app and the id of the construct: `celery-worker`
   */
  readonly name?: string;

  /**
   * A command in front of `celery`, as a list of arguments without a shell.
   *
   * @default - that of the app
   */
  readonly launcher?: string[];

  /**
   * The number of pods.
   *
   * Left out, it is not in the manifest: Kubernetes starts one pod, and a HorizontalPodAutoscaler, a ScaledObject of KEDA or `kubectl scale`
   * decides from then on. Given, each `kubectl apply` sets it again.
   *
   * @default - not rendered
   */
  readonly replicas?: number;

  /**
   * Autoscaling, instead of `replicas`: `WorkerScaling.queueLength({ maxReplicas: 10 })` by the tasks in its queues, with
   * KEDA; `WorkerScaling.cpu({ maxReplicas: 10 })` by CPU.
   *
   * @default - none: `replicas`, or whoever scales the Deployment
   */
  readonly scaling?: WorkerScaling;

  /**
   * The pool implementation and its concurrency: `WorkerPool.prefork({ concurrency: 4 })`.
   *
   * @default WorkerPool.prefork({ concurrency: 2 }); with a GPU or another accelerator among the `resources` WorkerPool.solo(): a
   * process that is forked cannot use it, and it serves one process
   */
  readonly pool?: WorkerPool;

  /**
   * The queues to consume from (`--queues`). If the app declares `queues`, one that is not among them is refused; otherwise
   * Celery creates every queue that is named here.
   *
   * @default - no such option: all of `task_queues`, else `task_default_queue`, which is `celery`
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#queues
   */
  readonly queues?: string[];

  /**
   * The prefetch multiplier: the number of messages to reserve for each pool process or thread (`--prefetch-multiplier`).
   * Celery's own default, 4, lets one busy pod hold what others could run.
   *
   * It overrides `worker_prefetch_multiplier` in your code, even if it is left out. More than 1 together with `disablePrefetch` is refused.
   *
   * @default - that of the delivery of the app, else 1
   * @see https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
   */
  readonly prefetchMultiplier?: number;

  /**
   * How long the longest task takes. A pod that gets SIGTERM finishes its tasks, and has this time and 15 seconds for it
   * (`terminationGracePeriodSeconds`); then Kubernetes kills it and its tasks. It limits no task: `WorkerShutdown.warm({ longestTask })` does.
   *
   * A `timeLimit` of the pool that is longer is refused, and so is a `task_time_limit` (or else `task_soft_time_limit`) of the settings that holds
   * for this worker.
   *
   * @default - that of the shutdown, else the `timeLimit` of the pool, or a `task_time_limit` of the settings that is longer, else
   * Duration.minutes(5), or a time limit of the settings or a soft one of the pool that is longer
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#stopping-the-worker
   */
  readonly longestTask?: Duration;

  /**
   * How a pod shuts down, and what happens to the tasks that it runs.
   *
   * @default WorkerShutdown.warm()
   */
  readonly shutdown?: WorkerShutdown;

  /**
   * Send task events, which Flower needs to show tasks (`--task-events`). Each task then costs a few more messages to the broker.
   *
   * True overrides `worker_send_task_events` in your code; false only omits the option.
   *
   * @default - true where a CeleryFlower of the same app is in the tree, else false
   */
  readonly taskEvents?: boolean;

  /**
   * The log level (`--loglevel`).
   *
   * @default LogLevel.INFO
   */
  readonly logLevel?: LogLevel;

  /**
   * The health checks of the worker: startup, readiness and liveness probes.
   *
   * @default HealthCheck.agent()
   */
  readonly healthCheck?: HealthCheck;

  /**
   * The strategy by which a rollout replaces pods.
   *
   * @default - a quarter of the pods at a time, and an old one goes only when a new one consumes (maxUnavailable 0): a release
   * that does not work stops at its first pods, and all old ones go on; with a GPU or another device in the pod, of which there may be no other, one
   * pod at a time, and the old one goes first
   */
  readonly strategy?: Shape<k8s.DeploymentStrategy>;

  /**
   * The number of seconds for which a new pod must be ready before a rollout continues.
   *
   * @default - that of Kubernetes, 0
   * @see https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#min-ready-seconds
   */
  readonly minReadySeconds?: number;

  /**
   * The number of seconds without progress after which Kubernetes reports a rollout as failed (`kubectl rollout status`). More than
   * `minReadySeconds`, and than init containers made with `waitFor()` wait together.
   *
   * @default - that of Kubernetes, 600; with init containers made with `waitFor()`, 600 more than they wait together
   * @see https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
   */
  readonly progressDeadlineSeconds?: number;

  /**
   * The PodDisruptionBudget of the pods: how many a drain of nodes may evict at a time.
   *
   * @default - one pod at a time where `replicas`, or the maximum of `scaling`, is two or more; else none
   * @see https://kubernetes.io/docs/tasks/run-application/configure-pdb/
   */
  readonly disruptionBudget?: DisruptionBudgetOptions;

  /**
   * Disable prefetching: a pod fetches a message only when it can run its task (`--disable-prefetch`). For Redis, and Celery 5.6 and
   * later; others are refused.
   *
   * @default false
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-disable-prefetch
   */
  readonly disablePrefetch?: boolean;

  /**
   * Whether the containers of a pod share one PID namespace, in which Celery is not process 1. The kernel shields process 1 from SIGTERM until
   * it has a handler, so without it a worker that gets SIGTERM while Python still imports runs on for its whole grace period.
   *
   * With it, other containers of the pod see Celery's processes and, as the same user, may read their environment.
   *
   * @default - true, unless the pod has `sidecars`, `containers` or an init container with `restartPolicy: 'Always'`
   * @see https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/
   */
  readonly shareProcessNamespace?: boolean;
}

/**
 * Workers: a Deployment of pods that run the tasks of an app.
 *
 * Their command line has the options of the props that are given or have a default, `--without-gossip` and `--without-mingle`
 * (messages between workers that grow with the square of their number), `--include` for the health agent, the `settings`
 * of the app, and nothing else. All other settings of your code apply.
 *
 * Synth fails, with all problems at once, if a count is not a whole number in its range, or a name or quantity is not one that
 * Kubernetes accepts.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/workers.html
 */
export class CeleryWorker extends Construct {
  /** The Deployment. */
  public readonly deployment: ApiObject;
  /** The NetworkPolicy of its pods; undefined with `CeleryNetwork.open()`. */
  public readonly networkPolicy?: ApiObject;
  /** How many tasks a pod runs at a time; with `WorkerPool.autoscale` at most. */
  public readonly concurrency: number;
  /** The PodDisruptionBudget, of a pool of two pods or more. */
  public readonly disruptionBudget?: ApiObject;
  /** The HorizontalPodAutoscaler or ScaledObject of `scaling`. */
  public readonly autoscaler?: ApiObject;
  /** How KEDA authenticates with the broker, where `scaling` needs it. */
  public readonly triggerAuthentication?: ApiObject;
  /** The largest number of pods; undefined where others decide. @internal */
  public readonly _maxReplicas?: number;
  /** What has the unacknowledged tasks of its broker. @internal */
  public readonly _unacknowledged?: string;

  public constructor(scope: Construct, id: string, props: CeleryWorkerProps) {
    super(scope, id);
    props = sound(this, props, PROPS, OF_THE_POOL);
    const own = podOptions(props);
    const merged = merge(props.celery._options, own);
    const devices = devicesOfPod(merged);
    const pool = sizedPool(props.pool ?? (devicesOf(merged.resources).length > 0 ? WorkerPool.solo() : WorkerPool.prefork()), merged);
    const most = props.scaling?._maxReplicas ?? props.replicas;
    this.concurrency = pool._concurrency;
    const healthCheck = props.healthCheck ?? HealthCheck.agent();
    const { celery, scaling } = props;
    const tasks = tasksOfWorker(props);
    const ofTask = limitOfTask(props, tasks);
    const end = planShutdown({
      shutdown: props.shutdown, longestTask: props.longestTask, pool, celery: celery.runtime._celery, settings: celery._settings,
      mayBeEarly: mayBeEarly(celery), ofTask,
      variables: new Set([...celery._options.env ?? [], ...own.env ?? []].map(({ name }) => name)),
    });
    const known = knownLongest(props, pool);
    const name = componentName(this, props);
    const scaled: ScaledWorker = {
      scope: this, celery, name, concurrency: this.concurrency, longestTask: Math.min(end.longestTask, end.grace),
      queues: props.queues ?? (celery._codeDeclaresQueues ? undefined : [celery._queues.default]),
    };
    const connections = poolConnections(celery, pool);
    const labels = selectorLabels({ application: 'celery', name, component: 'worker' });
    const { deployment, networkPolicy, pod, options } = celeryComponent(this, own, {
      component: 'worker',
      celery,
      name,
      launcher: props.launcher,
      deployment: {
        replicas: props.replicas,
        strategy: props.strategy as k8s.DeploymentStrategy | undefined ?? (devices.length > 0 ? NO_SURGE : SURGE),
        minReadySeconds: props.minReadySeconds,
        progressDeadlineSeconds: props.progressDeadlineSeconds,
      },
      shareProcessNamespace: props.shareProcessNamespace ?? 'alone',
      spread: most !== undefined && most >= 2 ? [spread(labels)] : undefined,
      healthCheck,
      tasksShareProcess: pool._name !== 'prefork',
      command: () => command(props, pool, healthCheck, end, props.taskEvents ?? celery._hasFlower(this)),
      env: [...end.env, ...connections?.env ?? []],
      mounts: connections?.mounts,
      importsOurs: connections !== undefined,
      terminationGracePeriod: Duration.seconds(end.grace),
      resources: defaultResources(pool, celery._settings),
      needs: pool._name === 'gevent' ? ['gevent'] : [],
      code: true,
      problems: [
        ...problems(props), ...pool._problems, ...end.problems, ...celery._queues.unknown(props.queues ?? []),
        ...scaling ? scalingProblems(scaling, scaled) : [],
        ...surgeProblems(props.strategy as k8s.DeploymentStrategy | undefined, most ?? 1, devices),
        ...memoryProblems(pool, merged.resources, celery._settings),
        ...budgetProblems(props.disruptionBudget, most),
        ...prefetchProblems(props),
      ],
    });
    refuseAs(this, 'eviction/spot-node', spotProblems({
      options: merged, shutdown: props.shutdown, pool, late: isLate(celery),
      longestTask: known ?? pool._limits.softTimeLimit?.toSeconds({ integral: false }) ?? ofTask?.seconds,
    }));
    this.deployment = deployment;
    this.networkPolicy = networkPolicy;
    celery._workers.push({
      worker: this, queues: props.queues, longestTask: end.longestTask, grace: end.grace, prefetchMultiplier: reserved(props),
      disablePrefetch: props.disablePrefetch, interval: intervalOf(props, tasks),
      known, timeLimit: end.timeLimit ?? poolLimit(pool, celery._settings),
      maxReplicas: most, pool, agent: healthCheck._agent !== undefined,
    });
    answersFor(this, 'delivery/visibility-timeout-too-short', () => isOutlived(celery, this));
    this._maxReplicas = most;
    this._unacknowledged = sharedCount(celery);
    if (scaling) {
      ({ autoscaler: this.autoscaler, triggerAuthentication: this.triggerAuthentication } = scaling._scale(scaled, objectMetadata(pod, options)));
      if (scaling._minReplicas === 0) this.node.addValidation({ validate: () => countedWith(this).map(describe) });
    }
    if (hasBudget(most) || props.disruptionBudget) {
      this.disruptionBudget = disruptionBudget(this, name, objectMetadata(pod, options), labels, props.disruptionBudget);
    }
    prepareShared(this);
  }
}

/** An old pod goes only when a new one consumes. */
const SURGE: k8s.DeploymentStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } };

/** Over nodes, where there are several: the loss of one stops as few pods as can be. */
function spread(matchLabels: Record<string, string>): k8s.TopologySpreadConstraint {
  return { maxSkew: 1, topologyKey: HOSTNAME, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels } };
}

/** A pool whose size follows from the CPU request has it from here on. */
function sizedPool(pool: WorkerPool, { resources }: CheckedOptions): WorkerPool {
  // What has a limit and no request, requests its limit.
  return pool._sized?.(quantity(resources?.requests?.cpu ?? resources?.limits?.cpu)) ?? pool;
}

/** How long the longest task takes, where the user says it. */
function knownLongest({ longestTask, shutdown, celery }: CeleryWorkerProps, pool: WorkerPool): number | undefined {
  const known = shutdown?._longestTask ?? longestTask ?? poolLimit(pool, celery._settings);
  return known ? known.toMilliseconds() / 1000 : settingsLimit(celery._settings);
}

/** Whether tasks of the app may go to other queues than those of this worker. */
function hasOtherQueues({ celery: { code, _settings: settings, _queues }, queues }: CeleryWorkerProps): boolean {
  return queues !== undefined || _queues.names.length > 0 || settings.has('task_routes')
    || Object.values(code._files ?? {}).some((file) => /\b\w*(?:queue|routes)\w*\b/i.test(file));
}

/** The tasks of this worker, as far as that is known: what is for all tasks, and any where all of the app go to its queue. */
function tasksOfWorker(props: CeleryWorkerProps): readonly Options[] {
  return tasksOf(props.celery).filter(({ name }) => name === '*' || !hasOtherQueues(props));
}

/** The longest limit that one of them, or a message to this worker, has by itself: it wins over that of the worker. */
function limitOfTask(props: CeleryWorkerProps, tasks: readonly Options[]): { prop: string; seconds: number } | undefined {
  const limits = [...tasks.map(({ name, timeLimit, softTimeLimit, limitBy }) => {
    const option = timeLimit === undefined ? 'soft_time_limit' : 'time_limit';
    return { prop: limitBy === undefined ? `code ${option} of ${name}` : `settings.${limitBy}.${option}`, seconds: timeLimit ?? softTimeLimit ?? 0 };
  }), ...limitsOfMessages(props)];
  return limits.filter((limit) => limit.seconds > 0).sort((one, other) => other.seconds - one.seconds)[0];
}

/** Limits that periodic tasks of the settings, and calls in code that is in sight, give to a message. */
function limitsOfMessages(props: CeleryWorkerProps): { prop: string; seconds: number }[] {
  const { celery: { code, _settings: settings }, queues } = props;
  const others = hasOtherQueues(props);
  const schedule = settings.get('beat_schedule');
  const periodic = Object.entries(isPlainObject(schedule) ? schedule : {}).flatMap(([name, entry]) => {
    const options = isPlainObject(entry) && isPlainObject(entry.options) ? entry.options : {};
    const here = typeof options.queue === 'string' ? queues?.includes(options.queue) : !others;
    const option = ['time_limit', 'soft_time_limit'].find((one) => typeof options[one] === 'number');
    return here && option !== undefined ? [{ prop: `settings.beat_schedule['${name}'].options.${option}`, seconds: options[option] as number }] : [];
  });
  const called = others ? [] : Object.entries(code._files ?? {}).flatMap(([file, python]) => (
    limitsOfCalls(python).map(({ option, seconds }) => ({ prop: `code '${file}' ${option} of apply_async`, seconds }))
  ));
  return [...periodic, ...called];
}

/** The longest time between two tasks by a rate limit: what is reserved waits for it. */
function intervalOf({ celery: { _settings: settings, _codeSettings: ofCode } }: CeleryWorkerProps, tasks: readonly Options[]): number {
  if (settings.get('worker_disable_rate_limits') === true) return 0;
  const general = rateInterval(settings.get('task_default_rate_limit') ?? ofCode.get('task_default_rate_limit'));
  const ofAll = tasks.find(({ name }) => name === '*')?.interval;
  return Math.max(0, ofAll ?? general ?? 0, ...tasks.map(({ interval = 0 }) => interval));
}

function prefetchProblems({ disablePrefetch, prefetchMultiplier, celery }: CeleryWorkerProps): Problem[] {
  if (!disablePrefetch) return [];
  const { runtime: { _celery: version }, _broker: { transport } } = celery;
  return [
    ...(prefetchMultiplier === undefined || prefetchMultiplier <= 1 ? [] : [{
      prop: 'prefetchMultiplier', value: prefetchMultiplier, wrong: 'has no effect with disablePrefetch, which reserves no message in advance', fix: 'leave one of the two out',
    }]),
    ...(version === undefined || !lacks(version, 'disablePrefetch') ? [] : [{
      prop: 'disablePrefetch', value: true, wrong: `is for Celery ${SINCE.disablePrefetch} and later, and the app has ${version}`, fix: 'leave it out: the prefetch multiplier is 1',
    }]),
    ...(transport === undefined || isRedisTransport(transport) ? [] : [{
      prop: 'disablePrefetch', value: true, wrong: `is for Redis, and Celery ignores it with ${transport}`, fix: 'leave it out: the prefetch multiplier is 1',
    }]),
  ];
}

const isPool = withMember('_size', 'one of WorkerPool\'s', 'e.g. WorkerPool.prefork({ concurrency: 2 })');

/** A pool, by one of the factory methods. The name `eventlet` has a message of its own. */
const workerPool: TypeCheck = (prop, value) => value !== 'eventlet' ? isPool(prop, value) : [{
  prop, value, wrong: 'is not supported: the health agent does not run under it', fix: 'give WorkerPool.gevent()',
}];

const PROPS: PropChecks<CeleryWorkerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment'),
  launcher: LAUNCHER,
  replicas: number,
  scaling: withMember('_scale', 'a WorkerScaling', 'e.g. WorkerScaling.queueLength({ maxReplicas: 10 })'),
  pool: workerPool,
  queues: texts('e.g. [\'mail\']'),
  prefetchMultiplier: number,
  longestTask: duration,
  shutdown: withMember('_longestTask', 'a WorkerShutdown', 'e.g. WorkerShutdown.warm({ longestTask: Duration.minutes(10) })'),
  taskEvents: flag,
  logLevel: oneOf(LogLevel, 'a log level'),
  healthCheck: withMember('_probes', 'a HealthCheck', 'e.g. HealthCheck.agent()'),
  strategy: shaped('DeploymentStrategy'),
  minReadySeconds: number,
  progressDeadlineSeconds: number,
  disruptionBudget: DISRUPTION_BUDGET,
  disablePrefetch: flag,
  shareProcessNamespace: flag,
};

/** Options of Celery's command line that a pool has, as JavaScript lets one give them. */
const OF_THE_POOL = Object.fromEntries(['concurrency', 'maxTasksPerChild', 'maxMemoryPerChild', 'timeLimit', 'softTimeLimit'].map((option) => [
  option, `give it to the pool: WorkerPool.prefork({ ${option}: ... })`,
]));

/** Nothing is here that no prop of the user or of the docs asks for. */
function command(props: CeleryWorkerProps, pool: WorkerPool, healthCheck: HealthCheck, end: ShutdownPlan, taskEvents: boolean): string[] {
  const option = (name: string, value: string | number | undefined): string[] => value === undefined ? [] : [`--${name}=${value}`];
  const seconds = (value: Duration | undefined): number | undefined => value && value.toMilliseconds() / 1000;
  // Where task_queues has all queues of the app, a worker without a queue would consume from all of them.
  const queues = props.queues ?? (props.celery._queues.taskQueues ? [props.celery._queues.default] : undefined);
  const { maxTasksPerChild, maxMemoryPerChild, timeLimit, softTimeLimit } = pool._limits;
  return [
    'celery', '-A', props.celery.app, 'worker',
    ...option('loglevel', props.logLevel ?? LogLevel.INFO),
    ...option(...pool._size),
    ...option('pool', pool._name),
    ...option('prefetch-multiplier', reserved(props)),
    ...option('queues', queues && asGiven(queues.join(','))),
    ...option('max-tasks-per-child', maxTasksPerChild),
    ...option('max-memory-per-child', maxMemoryPerChild && checks.kibibytes(maxMemoryPerChild)),
    ...option('time-limit', seconds(timeLimit ?? end.timeLimit)),
    ...option('soft-time-limit', seconds(softTimeLimit)),
    // Chatter between workers that nothing here needs; it grows with the square of their number.
    '--without-gossip', '--without-mingle',
    ...(props.disablePrefetch ? ['--disable-prefetch'] : []),
    ...(taskEvents ? ['--task-events'] : []),
    ...(healthCheck._agent ? AGENT_FLAGS.worker : []),
    ...settingsArguments(new Map([...appSettings(props.celery), ...end.settings])),
  ];
}

/** Each process of a prefork pool has a Python of its own, and may grow to the size at which it is replaced. */
function defaultResources(pool: WorkerPool, settings: ReadonlyMap<string, unknown>): k8s.ResourceRequirements {
  const { _name, _concurrency } = pool;
  const processes = _name === 'prefork' && Number.isInteger(_concurrency) ? Math.max(_concurrency, 1) : 1;
  const child = childMemory(pool, settings);
  const grown = child ? Math.ceil(memoryOfWorker(processes, child.kibibytes) / 2 ** 20) : 0;
  return {
    requests: { cpu: '100m', memory: memoryQuantity(Size.mebibytes(64 + 64 * processes)) },
    limits: { memory: memoryQuantity(Size.mebibytes(Math.max(128 + 192 * processes, grown))) },
  };
}

/** What is wrong with the scaling of a worker. */
function scalingProblems(scaling: WorkerScaling, worker: ScaledWorker): Problem[] {
  return [...scaling._problems, ...behaviorProblems(scaling._behavior, worker.longestTask), ...scaling._problemsOf(worker)];
}

/** A worker that goes to zero by a number that also counts tasks of others. */
function countedWith(worker: CeleryWorker): Problem[] {
  if (worker._unacknowledged === undefined) return [];
  const others = worker.node.root.node.findAll().filter((other) => other instanceof CeleryWorker && other !== worker
    && other._unacknowledged === worker._unacknowledged);
  return others.length === 0 ? [] : [{
    prop: 'scaling.minReplicas', value: 0,
    wrong: `is zero, and ${others.map(({ node }) => node.path).join(', ')} ${others.length === 1 ? 'takes' : 'take'} tasks from the same Redis database, which has one hash of unacknowledged tasks for them all`,
    fix: 'give this worker an app with a database of its own, or minReplicas: 1',
  }];
}

/** How many tasks each process of a worker reserves. */
function reserved({ prefetchMultiplier, celery }: CeleryWorkerProps): number {
  return prefetchMultiplier ?? celery._delivery?._prefetchMultiplier ?? 1;
}

function problems(props: CeleryWorkerProps): Problem[] {
  const { replicas, scaling, prefetchMultiplier, longestTask, queues, minReadySeconds, progressDeadlineSeconds } = props;
  return [
    ...checks.wholeNumber('replicas', replicas, 0, checks.INT32),
    ...(replicas !== undefined && scaling ? [{
      prop: 'replicas', value: replicas, wrong: 'is given together with scaling, and each apply would set it again', fix: 'leave one of the two out',
    }] : []),
    ...checks.wholeNumber('prefetchMultiplier', prefetchMultiplier, 1),
    ...checks.wholeNumber('minReadySeconds', minReadySeconds, 0, checks.INT32),
    ...checks.wholeNumber('progressDeadlineSeconds', progressDeadlineSeconds, 1, checks.INT32),
    ...(minReadySeconds !== undefined && !(progressDeadlineSeconds! < 1) && (progressDeadlineSeconds ?? PROGRESS_DEADLINE) <= minReadySeconds ? [{
      prop: 'minReadySeconds', value: minReadySeconds, wrong: `is not less than progressDeadlineSeconds, ${progressDeadlineSeconds ?? PROGRESS_DEADLINE}, so every rollout would be reported as failed`,
      fix: 'lower it, or raise progressDeadlineSeconds',
    }] : []),
    ...checks.seconds('longestTask', longestTask),
    ...(queues?.length === 0 ? [{ prop: 'queues', value: queues, wrong: 'is empty', fix: 'name a queue, or leave it out' }] : []),
    ...checkNames(queues ?? [], props.celery._queues.declaredNames),
  ];
}
