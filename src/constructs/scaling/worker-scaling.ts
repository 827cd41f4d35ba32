import { Duration } from 'cdk8s';
import type * as k8s from '../kubernetes/api/types';
import { shaped } from '../kubernetes/options';
import { Shape } from '../kubernetes/shape';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { duration, nested, number, PropChecks, text, typed } from '../validation/props';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler';
import { Autoscaler, ScaledWorker } from './scaled-worker';
import { scaledObject, scaledObjectProblems } from './scaled-object';

/** Between which numbers of pods an autoscaler decides, and how fast. */
export interface ScalingLimits {
  /**
   * The number of pods without load.
   *
   * With `WorkerScaling.queueLength` it may be 0, where no other worker of the program takes tasks from the same Redis database: the hash
   * `unacked` has the tasks of them all.
   *
   * @default 1
   */
  readonly minReplicas?: number;

  /** The largest number of pods. */
  readonly maxReplicas: number;

  /**
   * How fast pods are added and removed, in Kubernetes' own shape. A policy of `scaleDown` with a period that is shorter than the longest task
   * of the worker is refused: more and more pods would be ending at a time. Kubernetes takes periods up to 1800 seconds.
   *
   * @default - at most one pod is removed in 180 seconds, or in the time of the longest task where that is more, after 5 minutes, or that time, at a
   * lower number; pods are added as fast as Kubernetes does
   * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
   */
  readonly behavior?: Shape<k8s.HorizontalPodAutoscalerBehavior>;
}

/** Options of `WorkerScaling.cpu`. */
export interface CpuScalingOptions extends ScalingLimits {
  /**
   * The CPU that pods use on average, in percent of what they request. A worker with tasks that wait for a network or a database uses little CPU
   * however many tasks wait: scale it by the length of its queues.
   *
   * @default 70
   */
  readonly averageUtilization?: number;
}

/** What KEDA does while it cannot read the queues. */
export interface ScalingFallback {
  /** The number of pods, at most `maxReplicas`. */
  readonly replicas: number;

  /**
   * After how many failures one after the other.
   *
   * @default 3
   */
  readonly failureThreshold?: number;

  /**
   * `'static'`: that number of pods. `'currentReplicas'`: as many as there are. `'currentReplicasIfHigher'`, `'currentReplicasIfLower'`: as many
   * as there are where that is more, or less.
   *
   * @default 'currentReplicasIfHigher'
   * @see https://keda.sh/docs/latest/reference/scaledobject-spec/#fallback
   */
  readonly behavior?: string;
}

/** Options of `WorkerScaling.queueLength`. */
export interface QueueLengthScalingOptions extends ScalingLimits {
  /**
   * How many tasks there are for each pod, those that wait and those that workers hold: 100 tasks and `tasksPerReplica: 20` are 5 pods. Less
   * than the concurrency of a pod adds pods that have nothing to do.
   *
   * @default - the concurrency of the pool: enough pods that no task waits, up to `maxReplicas`
   */
  readonly tasksPerReplica?: number;

  /**
   * How often KEDA looks whether a worker with no pods, or with a fallback, has tasks. Above zero Kubernetes asks every 15 seconds.
   *
   * @default Duration.seconds(15)
   */
  readonly pollingInterval?: Duration;

  /**
   * How long the queues are empty before the last pod is removed, with `minReplicas: 0`; without it, it is refused. Not less than the longest task.
   *
   * @default - 5 minutes, or the time of the longest task where that is more
   */
  readonly cooldownPeriod?: Duration;

  /**
   * The number of pods while KEDA cannot read the queues.
   *
   * With Redis it makes no difference up to KEDA 2.21: a scaler that fails is built again, which needs Redis, and the fallback is not reached. The
   * number stays as it is.
   *
   * @default - none: the number of pods stays as it is
   */
  readonly fallback?: ScalingFallback;
}

/**
 * Who decides on the number of pods of a `CeleryWorker`, in place of `replicas`.
 *
 * A pod that is removed finishes its tasks within its termination grace period (`longestTask`), so scaling in loses none.
 */
export abstract class WorkerScaling {
  /**
   * By CPU: a HorizontalPodAutoscaler (autoscaling/v2). It needs metrics-server, and a CPU request on every container of the pod.
   *
   * @see https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
   */
  public static cpu(options: CpuScalingOptions): WorkerScaling {
    const { options: read, problems } = typed(options, CPU, { prefix: 'scaling' });
    return new Scaling(read, [
      ...problems, ...limitProblems(read, 1), ...checks.wholeNumber('scaling.averageUtilization', read.averageUtilization, 1, checks.INT32),
    ], () => [], (worker, metadata) => horizontalPodAutoscaler(worker, metadata, read));
  }

  /**
   * By the number of tasks in its queues: a ScaledObject of KEDA.
   *
   * With Redis the number is the sum of all lists of the queues, one for each priority step, and of the hash `unacked`, which has the tasks that
   * workers have taken and not acknowledged, and those with a countdown. The hash is one for all queues of a database: a worker whose number must
   * be its own has an app with a database of its own. With late acknowledgement running tasks are in it; without, they are not, and the grace
   * period lets them end.
   *
   * The queues are those of the worker (`queues`), the database that of the broker, `global_keyprefix` and `priority_steps` those of
   * `broker_transport_options` in the settings of the app and its broker, or in its code where that is in the program. Code in an image is not
   * known here.
   *
   * @see https://keda.sh/docs/latest/scalers/
   */
  public static queueLength(options: QueueLengthScalingOptions): WorkerScaling {
    const { options: read, problems } = typed(options, QUEUE_LENGTH, { prefix: 'scaling' });
    const { fallback } = read;
    return new Scaling(read, [
      ...problems,
      ...limitProblems(read, 0),
      ...checks.wholeNumber('scaling.tasksPerReplica', read.tasksPerReplica, 1, checks.INT32),
      ...checks.seconds('scaling.pollingInterval', read.pollingInterval),
      ...checks.seconds('scaling.cooldownPeriod', read.cooldownPeriod),
      ...checks.wholeNumber('scaling.fallback.replicas', fallback?.replicas, 0, checks.INT32),
      ...checks.wholeNumber('scaling.fallback.failureThreshold', fallback?.failureThreshold, 0, checks.INT32),
      ...(fallback?.behavior === undefined || FALLBACKS.includes(fallback.behavior) ? [] : [{
        prop: 'scaling.fallback.behavior', value: fallback.behavior, wrong: 'is not a behavior of KEDA\'s fallback',
        fix: `give one of ${FALLBACKS.join(', ')}`,
      }]),
      // Of what is not read, nothing is known.
      ...(problems.length > 0 ? [] : boundProblems(read)),
    ], (worker) => scaledObjectProblems(worker, read), (worker, metadata) => scaledObject(worker, metadata, read));
  }

  /** The largest number of pods. @internal */
  public abstract readonly _maxReplicas: number;
  /** The number of pods without load. @internal */
  public abstract readonly _minReplicas: number;
  /** @internal */
  public abstract readonly _behavior: k8s.HorizontalPodAutoscalerBehavior | undefined;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
  /** What is wrong with it for this worker. @internal */
  public abstract readonly _problemsOf: (worker: ScaledWorker) => readonly Problem[];
  /** Makes its objects, with these labels and annotations. @internal */
  public abstract readonly _scale: (worker: ScaledWorker, metadata: object) => Autoscaler;
}

class Scaling extends WorkerScaling {
  public readonly _maxReplicas: number;
  public readonly _minReplicas: number;
  public readonly _behavior: k8s.HorizontalPodAutoscalerBehavior | undefined;

  public constructor(
    { minReplicas = 1, maxReplicas = minReplicas, behavior }: Partial<ScalingLimits>,
    public readonly _problems: readonly Problem[],
    public readonly _problemsOf: WorkerScaling['_problemsOf'],
    public readonly _scale: WorkerScaling['_scale'],
  ) {
    super();
    this._minReplicas = minReplicas;
    this._maxReplicas = maxReplicas;
    this._behavior = behavior as k8s.HorizontalPodAutoscalerBehavior | undefined;
  }
}

const FALLBACKS = ['static', 'currentReplicas', 'currentReplicasIfHigher', 'currentReplicasIfLower'];

const LIMITS: PropChecks<ScalingLimits> = {
  minReplicas: number,
  maxReplicas: { check: number, fix: 'give e.g. 10', instead: () => undefined },
  behavior: shaped('HorizontalPodAutoscalerBehavior'),
};
const CPU: PropChecks<CpuScalingOptions> = { ...LIMITS, averageUtilization: number };
const FALLBACK: PropChecks<ScalingFallback> = {
  replicas: { check: number, fix: 'give e.g. 2', instead: () => undefined },
  failureThreshold: number,
  behavior: text(`one of ${FALLBACKS.join(', ')}`),
};
const QUEUE_LENGTH: PropChecks<QueueLengthScalingOptions> = {
  ...LIMITS, tasksPerReplica: number, pollingInterval: duration, cooldownPeriod: duration, fallback: nested(FALLBACK),
};

/** What says something of the number of pods that the limits make meaningless. */
function boundProblems({ minReplicas = 1, maxReplicas, cooldownPeriod, fallback }: Partial<QueueLengthScalingOptions>): Problem[] {
  const replicas = fallback?.replicas;
  return [
    ...(Number.isInteger(minReplicas) && minReplicas >= 1 && cooldownPeriod !== undefined ? [{
      prop: 'scaling.cooldownPeriod', value: cooldownPeriod.toHumanString(), wrong: `is for the last pod, which minReplicas, ${minReplicas}, keeps`,
      fix: 'leave it out, or give minReplicas: 0; for other pods give behavior: { scaleDown: { stabilizationWindowSeconds } }',
    }] : []),
    ...(replicas !== undefined && maxReplicas !== undefined && maxReplicas >= 1 && replicas > maxReplicas ? [{
      prop: 'scaling.fallback.replicas', value: replicas, wrong: `is more than maxReplicas, ${maxReplicas}`, fix: 'lower it, or raise maxReplicas',
    }] : []),
  ];
}

function limitProblems({ minReplicas, maxReplicas }: Partial<ScalingLimits>, least: number): Problem[] {
  const numbers = [
    ...checks.wholeNumber('scaling.minReplicas', minReplicas, least, checks.INT32),
    ...checks.wholeNumber('scaling.maxReplicas', maxReplicas, 1, checks.INT32),
  ];
  const min = minReplicas ?? 1;
  return numbers.length > 0 || maxReplicas === undefined || min <= maxReplicas ? numbers : [{
    prop: 'scaling.minReplicas', value: min, wrong: `is more than maxReplicas, ${maxReplicas}`, fix: 'lower minReplicas, or raise maxReplicas',
  }];
}
