import { Duration, Size } from 'cdk8s';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { duration, number, PropChecks, size, typed } from './validation/props';

/** Limits of the processes of a prefork pool. Each left out leaves what your code sets, and wins over it where it is given. */
export interface PreforkLimits {
  /**
   * The number of tasks after which a process is replaced (`--max-tasks-per-child`). It wins over `worker_max_tasks_per_child` in your
   * code.
   *
   * @default - no such option: what your code sets, else no limit
   */
  readonly maxTasksPerChild?: number;

  /**
   * The resident memory above which a process is replaced, once its task is done (`--max-memory-per-child`). It wins over
   * `worker_max_memory_per_child` in your code and in the settings.
   *
   * @default - no such option: what your code sets, else no limit
   */
  readonly maxMemoryPerChild?: Size;

  /**
   * The hard time limit: the process of a task that runs longer is killed and replaced (`--time-limit`). Whole seconds. It wins over
   * `task_time_limit` in your code, not over the `time_limit` of a task.
   *
   * @default - no such option: what your code sets, else no limit
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits
   */
  readonly timeLimit?: Duration;

  /**
   * The soft time limit: a task that runs longer gets SoftTimeLimitExceeded (`--soft-time-limit`). Whole seconds, less than `timeLimit`.
   * It wins over `task_soft_time_limit` in your code, not over the `soft_time_limit` of a task.
   *
   * @default - no such option: what your code sets, else no limit
   */
  readonly softTimeLimit?: Duration;
}

/** Options of `WorkerPool.prefork`. */
export interface PreforkPoolOptions extends PreforkLimits {
  /**
   * The number of processes, each of which runs one task at a time (`--concurrency`). Celery's own default, the CPUs of the node, is not
   * what a pod may use.
   *
   * @default 2
   * @see https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-worker-c
   */
  readonly concurrency?: number;
}

/** Options of `WorkerPool.preforkPerCpu`. */
export interface PreforkPerCpuPoolOptions extends PreforkLimits {
  /**
   * The number of processes for each CPU that the container requests. More than 1 is for tasks that wait; the result is rounded down, and at
   * least 1.
   *
   * @default 1
   */
  readonly processesPerCpu?: number;
}

/** Options of `WorkerPool.autoscale`. */
export interface AutoscalePoolOptions extends PreforkLimits {
  /** The number of processes of a worker without tasks. At least 1. */
  readonly min: number;

  /** The largest number of processes; memory is requested for it. Not less than `min`. */
  readonly max: number;
}

/** Options of `WorkerPool.threads`. */
export interface ThreadsPoolOptions {
  /**
   * The number of threads, each of which runs one task at a time (`--concurrency`).
   *
   * @default 2
   */
  readonly concurrency?: number;
}

/** Options of `WorkerPool.gevent`. */
export interface GeventPoolOptions {
  /**
   * The number of greenlets, each of which runs one task at a time (`--concurrency`). They share one CPU and one process: some hundreds
   * are usual for tasks that wait for the network.
   *
   * @default 2
   */
  readonly concurrency?: number;

  /**
   * The hard time limit: a task that runs longer is ended, the next time that it waits (`--time-limit`). Whole seconds. It wins over
   * `task_time_limit` in your code, not over the `time_limit` of a task.
   *
   * @default - no such option: what your code sets, else no limit
   */
  readonly timeLimit?: Duration;
}

/**
 * How a pod of a worker runs several tasks at a time (`--pool`). It wins over `worker_pool` and `worker_concurrency` in your code.
 *
 * Each pool takes only the options that it honours. Celery accepts the others silently, and ignores them.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html
 */
export abstract class WorkerPool {
  /**
   * One process for each task: the default, and the only pool with a soft time limit and with processes that are replaced.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency
   */
  public static prefork(options: PreforkPoolOptions = {}): WorkerPool {
    const { options: { concurrency }, limits, problems } = preforkOptions(options, PREFORK);
    return fixed('prefork', concurrency, problems, limits);
  }

  /**
   * Prefork with a number of processes that follows from the CPU request of the container (`resources.requests.cpu`, or else
   * `resources.limits.cpu`, which Kubernetes then takes for the request). One of them must be given: never the CPUs of the node.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency
   */
  public static preforkPerCpu(options: PreforkPerCpuPoolOptions = {}): WorkerPool {
    const { options: { processesPerCpu = 1 }, limits, problems } = preforkOptions(options, PER_CPU);
    const wrong = processesPerCpu > 0 && Number.isFinite(processesPerCpu) ? [] : [{
      prop: 'processesPerCpu', value: processesPerCpu, wrong: 'is not a number above 0', fix: 'give e.g. 1',
    }];
    const sized = (concurrency: number, more: Problem[]): WorkerPool => fixed('prefork', concurrency, [...problems, ...wrong, ...more], limits);
    return new Pool('prefork', 1, ['concurrency', 1], limits, problems, (cpus) => cpus === undefined ? sized(1, [{
      prop: 'resources.requests.cpu', value: undefined, wrong: 'is missing, and the pool has as many processes as it says', fix: 'give it, or WorkerPool.prefork({ concurrency })',
    }]) : sized(wrong.length > 0 ? 1 : Math.max(1, Math.floor(cpus * processesPerCpu + 1e-9)), []));
  }

  /**
   * Prefork with a number of processes that follows the tasks (`--autoscale`). The number of pods stays as it is.
   *
   * Memory is requested, and the messages that are prefetched are counted, for `max` processes.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#autoscaling
   */
  public static autoscale(options: AutoscalePoolOptions): WorkerPool {
    const { options: { min, max }, limits, problems } = preforkOptions(options, AUTOSCALE);
    return new Pool('prefork', max ?? 1, ['autoscale', `${max},${min}`], limits, [
      ...checks.wholeNumber('min', min, 1),
      ...checks.wholeNumber('max', max, 1),
      ...(min !== undefined && max !== undefined && min > max ? [{
        prop: 'min', value: min, wrong: `is more than max, ${max}`, fix: 'lower min, or raise max',
      }] : []),
      ...problems,
    ]);
  }

  /**
   * Threads of one process, for tasks that wait. It has neither time limits nor a limit of memory for a task.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html
   */
  public static threads(options: ThreadsPoolOptions = {}): WorkerPool {
    const { options: { concurrency }, problems } = typed(options, THREADS, { elsewhere: OF_PREFORK });
    return fixed('threads', concurrency, problems);
  }

  /**
   * Greenlets of one process, for tasks that wait for the network. `PythonRuntime.install` installs gevent for it.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/concurrency/gevent.html
   */
  public static gevent(options: GeventPoolOptions = {}): WorkerPool {
    const { options: { concurrency, timeLimit }, problems } = typed(options, GEVENT, { elsewhere: OF_PREFORK });
    return fixed('gevent', concurrency, [...problems, ...checks.seconds('timeLimit', timeLimit)], { timeLimit });
  }

  /** One task at a time, in the main process of the worker. It has no limits. */
  public static solo(): WorkerPool {
    return fixed('solo', 1);
  }

  /** What `--pool` gets. @internal */
  public abstract readonly _name: 'prefork' | 'threads' | 'gevent' | 'solo';
  /** The largest number of tasks that a pod runs at a time. @internal */
  public abstract readonly _concurrency: number;
  /** The option that says how many run at a time, and its value. @internal */
  public abstract readonly _size: readonly [name: string, value: string | number];
  /** @internal */
  public abstract readonly _limits: PreforkLimits;
  /** @internal */
  public abstract readonly _problems: Problem[];
  /** The pool of a container that requests this many CPUs, where its size follows from them. @internal */
  public abstract readonly _sized?: (cpus: number | undefined) => WorkerPool;
}

class Pool extends WorkerPool {
  public constructor(
    public readonly _name: WorkerPool['_name'],
    public readonly _concurrency: number,
    public readonly _size: WorkerPool['_size'],
    public readonly _limits: PreforkLimits,
    public readonly _problems: Problem[],
    public readonly _sized?: WorkerPool['_sized'],
  ) {
    super();
  }
}

/** A pool of one size. */
function fixed(name: WorkerPool['_name'], concurrency = 2, problems: Problem[] = [], limits: PreforkLimits = {}): WorkerPool {
  return new Pool(name, concurrency, ['concurrency', concurrency], limits, [...checks.wholeNumber('concurrency', concurrency, 1), ...problems]);
}

const LIMITS: PropChecks<PreforkLimits> = { maxTasksPerChild: number, maxMemoryPerChild: size, timeLimit: duration, softTimeLimit: duration };
/** What Celery accepts with the other pools, and ignores. */
const OF_PREFORK = Object.fromEntries(Object.keys(LIMITS).map((limit) => [limit, 'leave it out, or use WorkerPool.prefork: this pool ignores it']));
const PREFORK: PropChecks<PreforkPoolOptions> = { ...LIMITS, concurrency: number };
const PER_CPU: PropChecks<PreforkPerCpuPoolOptions> = { ...LIMITS, processesPerCpu: number };
const AUTOSCALE: PropChecks<AutoscalePoolOptions> = {
  ...LIMITS,
  min: { check: number, fix: 'give e.g. 1', instead: () => undefined },
  max: { check: number, fix: 'give e.g. 4', instead: () => undefined },
};
const THREADS: PropChecks<ThreadsPoolOptions> = { concurrency: number };
const GEVENT: PropChecks<GeventPoolOptions> = { concurrency: number, timeLimit: duration };

/** The options of a prefork pool that are of their types, and what is wrong with them all. */
function preforkOptions<O extends PreforkLimits>(
  given: O, shape: PropChecks<O>,
): { readonly options: O; readonly limits: PreforkLimits; readonly problems: Problem[] } {
  const { options, problems } = typed(given, shape);
  const { maxTasksPerChild, maxMemoryPerChild, timeLimit, softTimeLimit } = options;
  return {
    options,
    limits: { maxTasksPerChild, maxMemoryPerChild, timeLimit, softTimeLimit },
    problems: [
      ...problems,
      ...checks.wholeNumber('maxTasksPerChild', maxTasksPerChild, 1),
      ...checks.seconds('timeLimit', timeLimit),
      ...checks.seconds('softTimeLimit', softTimeLimit),
      ...(maxMemoryPerChild && !(checks.kibibytes(maxMemoryPerChild) >= 1) ? [{
        prop: 'maxMemoryPerChild', value: maxMemoryPerChild.asString(), wrong: 'is not an amount of memory', fix: 'give e.g. Size.mebibytes(200)',
      }] : []),
      ...(softTimeLimit && timeLimit && softTimeLimit.toMilliseconds() >= timeLimit.toMilliseconds() ? [{
        prop: 'softTimeLimit', value: softTimeLimit.toHumanString(), wrong: `is not less than timeLimit, ${timeLimit.toHumanString()}`,
        fix: 'leave the task some time to clean up before it is killed',
      }] : []),
    ],
  };
}
