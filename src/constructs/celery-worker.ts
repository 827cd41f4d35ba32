import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { CeleryApp } from './celery-app';
import { HealthCheck } from './health/health-check';
import { LogLevel } from './log-level';
import { PodOptions } from './pod-options';
import { AGENT_FLAGS } from '../celery/agent-names';
import { memoryOfWorker } from '../celery/memory';
import { celeryComponent } from './celery-component';
import { asGiven } from './kubernetes/as-given';
import { lazyWords } from './kubernetes/lazy-words';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { duration, flag, kind, number, oneOf, POD_OPTIONS, Shape, size, sound, text, texts, TypeCheck, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { settingsArguments } from './settings';

/**
 * How a worker runs several tasks at a time.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html
 */
export enum Pool {
  /** One process a task: the default, and the one with time limits and recycling. */
  PREFORK = 'prefork',
  /** Threads of one process. */
  THREADS = 'threads',
  /** Greenlets, for tasks that wait for the network. */
  GEVENT = 'gevent',
  /** One task at a time in the main process. */
  SOLO = 'solo',
}

/** Properties of `CeleryWorker`. */
export interface CeleryWorkerProps extends PodOptions {
  /** The application that the worker runs tasks of. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment.
   *
   * @default - the name of the app and the id of the construct: `celery-worker`
   */
  readonly name?: string;

  /**
   * How many pods.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * How many tasks a pod runs at a time (`--concurrency`). Celery's own default, the CPUs of the node, is not what a pod may use.
   *
   * It wins over `worker_concurrency` in your code, also where it is left out.
   *
   * @default 2, and 1 with Pool.SOLO
   * @see https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-worker-c
   */
  readonly concurrency?: number;

  /**
   * How it runs them (`--pool`). It wins over `worker_pool` in your code, also where it is left out.
   *
   * @default Pool.PREFORK
   */
  readonly pool?: Pool;

  /**
   * The queues that it consumes from (`--queues`).
   *
   * @default - no such option: all of `task_queues`, else `task_default_queue`, which is `celery`
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#queues
   */
  readonly queues?: string[];

  /**
   * The prefetch multiplier: how many messages a pod reserves, for each task that it can run at a time (`--prefetch-multiplier`).
   * Celery's own default, 4, lets one busy pod hold what others could run.
   *
   * It wins over `worker_prefetch_multiplier` in your code, also where it is left out.
   *
   * @default 1
   * @see https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
   */
  readonly prefetchMultiplier?: number;

  /**
   * After how many tasks a process is replaced (`--max-tasks-per-child`). Only with Pool.PREFORK.
   *
   * It wins over `worker_max_tasks_per_child` in your code.
   *
   * @default - no such option: what your code sets, else never
   */
  readonly maxTasksPerChild?: number;

  /**
   * Above which resident memory a process is replaced, once its task is done (`--max-memory-per-child`). Only with Pool.PREFORK.
   *
   * It wins over `worker_max_memory_per_child` in your code.
   *
   * @default - no such option: what your code sets, else never
   */
  readonly maxMemoryPerChild?: Size;

  /**
   * The hard time limit: after what time a task is killed (`--time-limit`). Only with Pool.PREFORK and Pool.GEVENT.
   *
   * It wins over `task_time_limit` in your code, not over the `time_limit` of a task.
   *
   * @default - no such option: what your code sets, else none
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits
   */
  readonly timeLimit?: Duration;

  /**
   * The soft time limit: after what time a task gets SoftTimeLimitExceeded (`--soft-time-limit`). Less than `timeLimit`. Only with
   * Pool.PREFORK.
   *
   * It wins over `task_soft_time_limit` in your code, not over the `soft_time_limit` of a task.
   *
   * @default - no such option: what your code sets, else none
   */
  readonly softTimeLimit?: Duration;

  /**
   * How long the longest task takes. A pod that is told to stop finishes its tasks, and has this time and 15 seconds for it
   * (`terminationGracePeriodSeconds`); then Kubernetes kills it and its tasks.
   *
   * @default - `timeLimit`, else Duration.minutes(5)
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#stopping-the-worker
   */
  readonly longestTask?: Duration;

  /**
   * Whether it sends events of its tasks, which Flower shows (`--task-events`). They cost each task a few messages to the broker.
   *
   * True wins over `worker_send_task_events` in your code; false only leaves the option out.
   *
   * @default - true where a CeleryFlower of the same app is in the tree, else false
   */
  readonly taskEvents?: boolean;

  /**
   * What is logged (`--loglevel`).
   *
   * @default LogLevel.INFO
   */
  readonly logLevel?: LogLevel;

  /**
   * How Kubernetes learns whether a worker works.
   *
   * @default HealthCheck.agent()
   */
  readonly healthCheck?: HealthCheck;

  /**
   * How pods are replaced in a rollout.
   *
   * @default - a quarter of the pods at a time, and an old one goes only when a new one consumes (maxUnavailable 0): a release
   * that does not work stops at its first pods, and all old ones go on
   */
  readonly strategy?: kplus.DeploymentStrategy;
}

/**
 * Workers: a Deployment of pods that run the tasks of an app.
 *
 * Their command line has the options of the props that are given or have a default, `--without-gossip` and `--without-mingle`
 * (messages between workers that grow with the square of their number), `--include` for the health agent, the `settings`
 * of the app, and nothing else. What your code sets otherwise holds.
 *
 * Synth fails, with all problems at once, if a count is not a whole number in its range, an option does not go with the
 * pool, or a name or quantity is not one that Kubernetes accepts.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/workers.html
 */
export class CeleryWorker extends Construct {
  /** The Deployment. */
  public readonly deployment: kplus.Deployment;
  /** How many tasks a pod runs at a time. */
  public readonly concurrency: number;

  public constructor(scope: Construct, id: string, props: CeleryWorkerProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const pool = props.pool ?? Pool.PREFORK;
    this.concurrency = props.concurrency ?? defaultConcurrency(pool);
    const healthCheck = props.healthCheck ?? HealthCheck.agent();
    const longestTask = props.longestTask ?? props.timeLimit ?? Duration.minutes(5);
    const { deployment } = celeryComponent(this, props, {
      component: 'worker',
      celery: props.celery,
      name: props.name,
      replicas: props.replicas ?? 1,
      strategy: props.strategy ?? kplus.DeploymentStrategy.rollingUpdate({
        maxSurge: kplus.PercentOrAbsolute.percent(25), maxUnavailable: kplus.PercentOrAbsolute.absolute(0),
      }),
      healthCheck,
      tasksShareProcess: pool !== Pool.PREFORK,
      command: lazyWords(() => command(props, pool, healthCheck, props.taskEvents ?? props.celery._hasFlower(this))),
      terminationGracePeriod: Duration.seconds(Math.ceil(longestTask.toMilliseconds() / 1000) + SHUTDOWN_MARGIN),
      resources: defaultResources(
        pool === Pool.PREFORK && Number.isInteger(this.concurrency) ? Math.max(this.concurrency, 1) : 1, props.maxMemoryPerChild,
      ),
      needs: pool === Pool.GEVENT ? ['gevent'] : [],
      code: true,
      problems: problems(props, pool),
    });
    this.deployment = deployment;
  }
}

const POOLS = oneOf(Pool, 'a pool of Celery');

const supportedPool: TypeCheck = (prop, value) => value !== 'eventlet' ? POOLS(prop, value) : [{
  prop, value, wrong: 'is not supported: the health agent does not run under it', fix: `give '${Pool.GEVENT}'`,
}];

const PROPS: Shape<CeleryWorkerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment'),
  replicas: number,
  concurrency: number,
  pool: supportedPool,
  queues: texts('e.g. [\'mail\']'),
  prefetchMultiplier: number,
  maxTasksPerChild: number,
  maxMemoryPerChild: size,
  timeLimit: duration,
  softTimeLimit: duration,
  longestTask: duration,
  taskEvents: flag,
  logLevel: oneOf(LogLevel, 'a log level'),
  healthCheck: withMember('_probes', 'a HealthCheck', 'e.g. HealthCheck.agent()'),
  strategy: kind((value) => typeof (value as { _toKube?: unknown } | null)?._toKube === 'function', 'a kplus.DeploymentStrategy',
    'e.g. kplus.DeploymentStrategy.rollingUpdate()'),
};

function defaultConcurrency(pool: Pool): number {
  return pool === Pool.SOLO ? 1 : 2;
}

/** What a worker needs to stop, once its last task is done. */
const SHUTDOWN_MARGIN = 15;

/** Nothing is here that no prop of the user or of the docs asks for. */
function command(props: CeleryWorkerProps, pool: Pool, healthCheck: HealthCheck, taskEvents: boolean): string[] {
  const option = (name: string, value: string | number | undefined): string[] => value === undefined ? [] : [`--${name}=${value}`];
  const seconds = (value: Duration | undefined): number | undefined => value && value.toMilliseconds() / 1000;
  return [
    'celery', '-A', props.celery.app, 'worker',
    ...option('loglevel', props.logLevel ?? LogLevel.INFO),
    ...option('concurrency', props.concurrency ?? defaultConcurrency(pool)),
    ...option('pool', pool),
    ...option('prefetch-multiplier', props.prefetchMultiplier ?? 1),
    ...option('queues', props.queues && asGiven(props.queues.join(','))),
    ...option('max-tasks-per-child', props.maxTasksPerChild),
    ...option('max-memory-per-child', props.maxMemoryPerChild && checks.kibibytes(props.maxMemoryPerChild)),
    ...option('time-limit', seconds(props.timeLimit)),
    ...option('soft-time-limit', seconds(props.softTimeLimit)),
    // Chatter between workers that nothing here needs; it grows with the square of their number.
    '--without-gossip', '--without-mingle',
    ...(taskEvents ? ['--task-events'] : []),
    ...(healthCheck._agent ? AGENT_FLAGS.worker : []),
    ...settingsArguments(props.celery._settings),
  ];
}

/** Each process of a prefork pool has a Python of its own, and may grow to the size at which it is replaced. */
function defaultResources(processes: number, maxMemoryPerChild: Size | undefined): kplus.ContainerResources {
  const grown = maxMemoryPerChild ? Math.ceil(memoryOfWorker(processes, checks.kibibytes(maxMemoryPerChild)) / 2 ** 20) : 0;
  return {
    cpu: { request: kplus.Cpu.millis(100) },
    memory: { request: Size.mebibytes(64 + 64 * processes), limit: Size.mebibytes(Math.max(128 + 192 * processes, grown)) },
  };
}

/** The options that only some pools have: Celery takes them silently with the others, and does nothing. */
const POOL_OPTIONS: Record<string, readonly Pool[]> = {
  maxTasksPerChild: [Pool.PREFORK],
  maxMemoryPerChild: [Pool.PREFORK],
  softTimeLimit: [Pool.PREFORK],
  timeLimit: [Pool.PREFORK, Pool.GEVENT],
};

function problems(props: CeleryWorkerProps, pool: Pool): Problem[] {
  const { queues, concurrency, timeLimit, softTimeLimit, maxMemoryPerChild } = props;
  return [
    ...checks.wholeNumber('replicas', props.replicas, 0),
    ...checks.wholeNumber('concurrency', concurrency, 1),
    ...checks.wholeNumber('prefetchMultiplier', props.prefetchMultiplier, 1),
    ...checks.wholeNumber('maxTasksPerChild', props.maxTasksPerChild, 1),
    ...checks.seconds('timeLimit', timeLimit),
    ...checks.seconds('softTimeLimit', softTimeLimit),
    ...checks.seconds('longestTask', props.longestTask),
    ...(maxMemoryPerChild && !(checks.kibibytes(maxMemoryPerChild) >= 1) ? [{
      prop: 'maxMemoryPerChild', value: maxMemoryPerChild.asString(), wrong: 'is not an amount of memory', fix: 'give e.g. Size.mebibytes(200)',
    }] : []),
    ...(pool === Pool.SOLO && concurrency !== undefined && concurrency !== 1 ? [{
      prop: 'concurrency', value: concurrency, wrong: 'does not go with Pool.SOLO, which runs one task at a time', fix: 'leave it out, or choose another pool',
    }] : []),
    ...Object.entries(POOL_OPTIONS)
      .filter(([option, pools]) => props[option as keyof CeleryWorkerProps] !== undefined && !pools.includes(pool))
      .map(([option, pools]) => ({
        prop: option, value: pool, wrong: 'is a pool that ignores it', fix: `leave it out, or use pool ${pools.join(' or ')}`,
      })),
    ...(softTimeLimit && timeLimit && softTimeLimit.toMilliseconds() >= timeLimit.toMilliseconds() ? [{
      prop: 'softTimeLimit', value: softTimeLimit.toHumanString(), wrong: `is not less than timeLimit, ${timeLimit.toHumanString()}`,
      fix: 'leave the task some time to clean up before it is killed',
    }] : []),
    ...(queues?.length === 0 ? [{ prop: 'queues', value: queues, wrong: 'is empty', fix: 'name a queue, or leave it out' }] : []),
    ...(queues ?? []).filter((queue) => !/^[^\s,]+$/.test(queue)).map((queue) => ({
      prop: 'queues', value: queue, wrong: 'is not a name of a queue', fix: 'use a name without spaces and commas',
    })),
  ];
}
