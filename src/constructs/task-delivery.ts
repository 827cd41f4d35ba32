import { Duration } from 'cdk8s';
import { acknowledgedByFiles } from '../manifests/acknowledgement';
import { annotated } from '../manifests/task-annotations';
import { declaredTasks, Options } from '../manifests/task-options';
import type { CeleryApp } from './celery-app';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { duration, flag, number, PropChecks, typed } from './validation/props';

/** Options of `TaskDelivery.atMostOnce`. */
export interface AtMostOnceOptions {
  /**
   * The prefetch multiplier of the workers that are given none.
   *
   * @default 1
   * @see https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
   */
  readonly prefetchMultiplier?: number;
}

/** Options of `TaskDelivery.atLeastOnce`. */
export interface AtLeastOnceOptions {
  /**
   * Whether the message of a task whose pool process dies (SIGKILL, out of memory) goes back to the queue (`task_reject_on_worker_lost`).
   *
   * A task that takes more memory than there is then runs, dies and runs again without an end: limit the deliveries in your code, or give false,
   * which marks it as failed.
   *
   * @default true
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-reject-on-worker-lost
   */
  readonly rejectOnWorkerLost?: boolean;

  /**
   * The prefetch multiplier of the workers that are given none. With late acknowledgement and 1, a pod holds no message but those of the tasks
   * that it runs.
   *
   * @default 1
   * @see https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
   */
  readonly prefetchMultiplier?: number;

  /**
   * The visibility timeout of Redis: after this time a message that is not acknowledged is delivered again. Whole seconds. It is how long a task
   * of a pod that was killed waits until it runs again.
   *
   * **A task with a countdown or an eta further away than that runs twice, or more often**, and so does a retry with a longer `countdown`: its
   * message is not acknowledged until it is due. Shorter countdowns do so, too, where many are due at once: a pod takes each message with a countdown
   * that there is, whatever the prefetch multiplier, and the last of N is acknowledged after the countdown and N times the task by the concurrency.
   * Spread them (`retry_jitter`), or give more than that here; docs/workers.md has what `worker_eta_task_limit` does.
   *
   * So does a task that a pod holds for longer because of those before it: its prefetch multiplier times the longest task, or times its
   * concurrency and the time between two tasks of a rate limit. Both are refused where they are known.
   *
   * Every app on the same Redis database has the same: the shortest would hold for all of them.
   *
   * @default - Celery's 3600 seconds; where that does not fit a worker of an app on the same database, its prefetch multiplier times its
   * `longestTask` (1 with `disablePrefetch`), or what waits by a rate limit, its termination grace period and 60 seconds
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout
   */
  readonly visibilityTimeout?: Duration;
}

/**
 * What becomes of a task whose worker dies: whether its message is acknowledged before the task runs, or after.
 *
 * It is written into the settings of the app, where it wins over `task_acks_late` and `task_reject_on_worker_lost` in your code, not over
 * `acks_late` and `reject_on_worker_lost` of a task.
 *
 * @see https://docs.celeryq.dev/en/stable/faq.html#should-i-use-retry-or-acks-late
 */
export abstract class TaskDelivery {
  /**
   * Early acknowledgement: a task does not begin a second time, and is lost where its worker is killed in the middle of it. It is for tasks that must
   * not run again.
   *
   * With Redis and SQS a message that a process has reserved waits, unacknowledged, as long as the tasks before it take. A visibility timeout that
   * is not longer, of this app or of another one on the same database, is refused; `longestTask` of the workers says how long tasks take, and is
   * 5 minutes where it is left out.
   *
   * What makes a task run twice all the same: a countdown, eta or retry further away than the visibility timeout; enough of them due at once that the
   * last begins only after it (a pod takes all that there are, whatever the prefetch multiplier); tasks that take longer than `longestTask`; a rate
   * limit that synth does not see; a program that is defined elsewhere and has a shorter visibility timeout on the same Redis database; a Redis that
   * crashes or fails over and has lost the acknowledgements of its last second; and your own retries.
   */
  public static atMostOnce(options: AtMostOnceOptions = {}): TaskDelivery {
    const { options: { prefetchMultiplier }, problems } = typed(options, AT_MOST_ONCE, { prefix: 'delivery' });
    return new Delivery({ task_acks_late: false, task_reject_on_worker_lost: false }, true, prefetchMultiplier, undefined, [
      ...problems, ...checks.wholeNumber('delivery.prefetchMultiplier', prefetchMultiplier, 1),
    ]);
  }

  /**
   * Late acknowledgement: a task of a worker that is killed runs again, from its beginning, on another one. It is for idempotent tasks.
   *
   * With Redis it does so after the visibility timeout, an hour by default, if a worker with another pool than gevent consumes from the database;
   * with RabbitMQ at once.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-acks-late
   */
  public static atLeastOnce(options: AtLeastOnceOptions = {}): TaskDelivery {
    const { options: { rejectOnWorkerLost, prefetchMultiplier, visibilityTimeout }, problems } = typed(options, AT_LEAST_ONCE, { prefix: 'delivery' });
    const settings = { task_acks_late: true, task_reject_on_worker_lost: rejectOnWorkerLost ?? true };
    return new Delivery(settings, false, prefetchMultiplier, visibilityTimeout, [
      ...problems,
      ...checks.wholeNumber('delivery.prefetchMultiplier', prefetchMultiplier, 1),
      ...checks.seconds('delivery.visibilityTimeout', visibilityTimeout),
    ]);
  }

  /** @internal */
  public abstract readonly _settings: Readonly<Record<string, unknown>>;
  /** Whether a task must not run again. @internal */
  public abstract readonly _once: boolean;
  /** @internal */
  public abstract readonly _prefetchMultiplier?: number;
  /** @internal */
  public abstract readonly _visibilityTimeout?: Duration;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

class Delivery extends TaskDelivery {
  public constructor(
    public readonly _settings: TaskDelivery['_settings'], public readonly _once: boolean, public readonly _prefetchMultiplier: number | undefined,
    public readonly _visibilityTimeout: Duration | undefined, public readonly _problems: readonly Problem[],
  ) {
    super();
  }
}

const AT_MOST_ONCE: PropChecks<AtMostOnceOptions> = { prefetchMultiplier: number };
const AT_LEAST_ONCE: PropChecks<AtLeastOnceOptions> = { rejectOnWorkerLost: flag, prefetchMultiplier: number, visibilityTimeout: duration };

/** When tasks are acknowledged, by the settings of the app and by its code as far as it is in sight. */
function acknowledgement({ _settings: settings, code: { _files: files }, _codeSettings: ofCode }: CeleryApp): ReturnType<typeof acknowledgedByFiles> {
  return acknowledgedByFiles(settings, Object.values(files ?? {}), files !== undefined && !ofCode.has('task_acks_late') ? null : ofCode.get('task_acks_late'));
}

/** Whether tasks are acknowledged late. */
export function isLate(app: CeleryApp): boolean {
  const found = acknowledgement(app);
  return found === 'late' || (typeof found !== 'string' && found.unless !== undefined);
}

/** Whether code that is out of sight decides on it. A rule knows where it is in sight. */
export function mayBeEarly(app: CeleryApp): boolean {
  return app.code._files === undefined && acknowledgement(app) === 'unknown';
}

/** The tasks of an app as its code and its settings have them. */
export function tasksOf({ code, _settings: settings }: CeleryApp): readonly Options[] {
  return annotated(Object.values(code._files ?? {}).flatMap(declaredTasks), settings.get('task_annotations'));
}
