import { Duration } from 'cdk8s';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { duration, flag, PropChecks, typed } from './validation/props';

/** Options of `WorkerShutdown.warm`. */
export interface WarmShutdownOptions {
  /**
   * How long the longest task takes. Whole seconds. A pod has this time and 15 seconds to stop.
   *
   * With the pools prefork and gevent it is also the hard time limit (`--time-limit`), unless the pool has a `timeLimit`: a task that took
   * longer would be killed with its pod. A `timeLimit` above it is refused. The pools threads and solo have no time limits.
   *
   * @default - the default of `longestTask` of the worker; without a limit of its own
   */
  readonly longestTask?: Duration;
}

/** Options of `WorkerShutdown.soft`. */
export interface SoftShutdownOptions {
  /**
   * How long running tasks may go on before they are cancelled (`worker_soft_shutdown_timeout`). Whole seconds. A pod with running tasks
   * waits for all of it, also where they end sooner: Celery sleeps. On nodes that are taken away, 5 seconds less than these give their pods: 15
   * seconds on GKE (unless its node pool has more), 30 on Azure, 2 minutes on EC2.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown
   */
  readonly timeout: Duration;

  /**
   * How long the longest task takes. Whole seconds. A shutdown does not wait for it; the visibility timeout of the message broker is longer,
   * and it is the hard time limit (`--time-limit`), unless the pool has a `timeLimit`.
   *
   * @default - the default of `longestTask` of the worker; without a limit of its own
   */
  readonly longestTask?: Duration;

  /**
   * Whether a worker without running tasks waits, too (`worker_enable_soft_shutdown_on_idle`): for messages with a countdown, which it then
   * gives back to the broker. Each of its pods takes the whole timeout to stop.
   *
   * @default false
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-enable-soft-shutdown-on-idle
   */
  readonly enableOnIdle?: boolean;
}

/**
 * How a pod of a worker stops in a rollout, a scale-down, an eviction or a drain: what becomes of the tasks that it runs.
 *
 * Termination grace period, soft timeout, time limits and visibility timeout follow from it and fit each other. There is no preStop hook:
 * SIGTERM reaches Celery itself.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#stopping-the-worker
 */
export abstract class WorkerShutdown {
  /**
   * Warm: the pod consumes no more and finishes the tasks that it runs. The termination grace period is `longestTask` and 15 seconds.
   *
   * It is for tasks of which none may be interrupted.
   */
  public static warm(options: WarmShutdownOptions = {}): WorkerShutdown {
    const { options: { longestTask }, problems } = typed(options, WARM, { prefix: 'shutdown' });
    return new Shutdown(longestTask, undefined, [...problems, ...checks.seconds('shutdown.longestTask', longestTask)]);
  }

  /**
   * Soft: tasks that have not ended after `timeout` are cancelled, and their messages go back to the message broker for another pod. The
   * termination grace period is `timeout` and 15 seconds, and the pod has REMAP_SIGTERM=SIGQUIT.
   *
   * It is for long tasks that may run again, and is refused where they would be lost: without late acknowledgement
   * (`delivery: TaskDelivery.atLeastOnce()` of the app), with a Celery before 5.5, and with a pool other than prefork, whose tasks Celery cannot
   * cancel.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown
   */
  public static soft(options: SoftShutdownOptions): WorkerShutdown {
    const { options: { timeout, longestTask, enableOnIdle }, problems } = typed(options, SOFT, { prefix: 'shutdown' });
    return new Shutdown(longestTask, { timeout: timeout ?? Duration.seconds(20), enableOnIdle: enableOnIdle ?? false }, [
      ...problems, ...checks.seconds('shutdown.timeout', timeout), ...checks.seconds('shutdown.longestTask', longestTask),
    ]);
  }

  /** @internal */
  public abstract readonly _longestTask?: Duration;
  /** @internal */
  public abstract readonly _soft?: { readonly timeout: Duration; readonly enableOnIdle: boolean };
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

class Shutdown extends WorkerShutdown {
  public constructor(
    public readonly _longestTask: Duration | undefined, public readonly _soft: WorkerShutdown['_soft'], public readonly _problems: readonly Problem[],
  ) {
    super();
  }
}

const WARM: PropChecks<WarmShutdownOptions> = { longestTask: duration };
const SOFT: PropChecks<SoftShutdownOptions> = {
  timeout: { check: duration, fix: 'give e.g. Duration.seconds(20)', instead: () => undefined },
  longestTask: duration,
  enableOnIdle: flag,
};
