import { Duration } from 'cdk8s';
import { AgentSpec } from './agent';
import type * as k8s from '../kubernetes/api/types';
import { shaped } from '../kubernetes/options';
import { Shape } from '../kubernetes/shape';
import { Problem } from '../validation/problems';
import { duration, number, typed } from '../validation/props';

/** Thresholds of the agent. Each must be at least twice the interval. */
export interface AgentHealthCheckOptions {
  /**
   * How often the agent checks the broker and the pool. It costs at most one inexpensive command per queue and interval.
   *
   * @default Duration.seconds(5)
   */
  readonly interval?: Duration;

  /**
   * Fail liveness when the event loop of a worker has been blocked for this long and no task is blocking it.
   *
   * @default Duration.seconds(60)
   */
  readonly stallAfter?: Duration;

  /**
   * A worker that has received nothing for this long, while messages wait in its queues, it has room and the broker answers, is
   * not live; nor is one that consumes from none of its queues.
   *
   * @default Duration.seconds(45)
   */
  readonly deafAfter?: Duration;

  /**
   * A worker that has had no pool process for this long is not live; nor is one whose pool processes crash in a loop within it.
   *
   * @default Duration.seconds(60)
   */
  readonly poolAfter?: Duration;

  /**
   * A prefork worker is not live when its pool has had a task for this long without starting it, though a slot is idle: a pool process
   * hangs. The time that a pool process may take to start up (`worker_proc_alive_timeout`, 4 seconds) comes on top.
   *
   * @default Duration.minutes(2)
   */
  readonly hangAfter?: Duration;

  /**
   * A worker that has not begun to consume for this long, from its start or from the loss of its connection on, is not live, while the
   * message broker answers. Handlers of `worker_ready` and bootsteps of the application count. So does a shutdown that takes so long
   * without any task.
   *
   * @default Duration.minutes(5)
   */
  readonly startAfter?: Duration;

  /**
   * Fail liveness when a tick of Beat is late by this time, while the broker answers.
   *
   * @default Duration.seconds(60)
   */
  readonly beatSlack?: Duration;

  /**
   * The grace period of a process that failed its liveness probe, before it is killed. It also limits the running tasks.
   *
   * @default Duration.seconds(60)
   */
  readonly terminationGracePeriod?: Duration;

  /**
   * The port `health` of the pod.
   *
   * @default 8790
   */
  readonly port?: number;
}

/** Probes of your own, in the shape of the Kubernetes API: `{ httpGet: { path: '/healthz', port: 8000 } }`. */
export interface ProbesHealthCheckOptions {
  /**
   * The startup probe: it runs until it has succeeded once, and the others wait for it.
   *
   * @default - none
   */
  readonly startup?: Shape<k8s.Probe>;

  /**
   * The readiness probe: whether a rollout may continue.
   *
   * @default - none
   */
  readonly readiness?: Shape<k8s.Probe>;

  /**
   * The liveness probe: whether the container is restarted.
   *
   * @default - none
   */
  readonly liveness?: Shape<k8s.Probe>;
}

/**
 * Health checks of a worker or Beat.
 */
export abstract class HealthCheck {
  /**
   * A small agent in the process answers the probes over HTTP: `/livez`, `/readyz`, `/status` and `/metrics` on the port `health`.
   *
   * It is loaded by a visible flag (`-I` for workers, `-S` for Beat) from a ConfigMap; your code and image stay as they are. A
   * broker that is down is never a reason to restart a worker.
   */
  public static agent(options: AgentHealthCheckOptions = {}): HealthCheck {
    const given = typed(options, {
      interval: duration, stallAfter: duration, deafAfter: duration, poolAfter: duration, hangAfter: duration, startAfter: duration,
      beatSlack: duration, terminationGracePeriod: duration, port: number,
    }, { prefix: 'healthCheck' });
    options = given.options;
    return new Check({
      settings: {
        interval: options.interval ?? Duration.seconds(5),
        stallAfter: options.stallAfter ?? Duration.seconds(60),
        deafAfter: options.deafAfter ?? Duration.seconds(45),
        poolAfter: options.poolAfter ?? Duration.seconds(60),
        // Two that hardly anybody changes: without them the agent has the same defaults.
        hangAfter: options.hangAfter,
        startAfter: options.startAfter,
        beatSlack: options.beatSlack ?? Duration.seconds(60),
      },
      terminationGracePeriod: options.terminationGracePeriod ?? Duration.seconds(60),
      port: options.port ?? 8790,
    }, {}, given.problems);
  }

  /**
   * Nothing is checked: a container is restarted when its process ends, and a rollout goes on as soon as it has started.
   */
  public static none(): HealthCheck {
    return new Check(undefined, {});
  }

  /**
   * Probes of your own. The agent is not loaded.
   */
  public static probes(probes: ProbesHealthCheckOptions): HealthCheck {
    const given = typed(probes, { startup: PROBE, readiness: PROBE, liveness: PROBE }, { prefix: 'healthCheck' });
    const { startup, readiness, liveness } = given.options as Partial<Record<keyof ProbesHealthCheckOptions, k8s.Probe>>;
    return new Check(undefined, { startupProbe: startup, readinessProbe: readiness, livenessProbe: liveness }, given.problems);
  }

  /** @internal */
  public abstract readonly _agent?: AgentSpec;
  /** @internal */
  public abstract readonly _probes: Partial<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', k8s.Probe>>;
  /** @internal */
  public abstract readonly _problems: Problem[];
}

const PROBE = shaped('Probe');

class Check extends HealthCheck {
  public constructor(
    public readonly _agent: AgentSpec | undefined, public readonly _probes: HealthCheck['_probes'], public readonly _problems: Problem[] = [],
  ) {
    super();
  }
}
