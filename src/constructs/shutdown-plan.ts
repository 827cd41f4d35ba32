import { Duration } from 'cdk8s';
import { SHUTDOWN_MARGIN } from '../celery/shutdown';
import { lacks, SINCE } from '../celery/versions';
import * as checks from './validation/checks';
import { Described, Problem } from './validation/problems';
import type { WorkerPool } from './worker-pool';
import type { WorkerShutdown } from './worker-shutdown';

/** What a worker says of its tasks and its end. */
export interface ShutdownOf {
  readonly shutdown?: WorkerShutdown;
  readonly longestTask?: Duration;
  readonly pool: WorkerPool;
  /** The version of Celery, where it is known. */
  readonly celery?: string;
  /** The settings of the app. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Whether code that is out of sight decides when tasks are acknowledged. */
  readonly mayBeEarly: boolean;
  /** The longest limit that a task has by itself, in seconds, where the worker runs it, and what says it. */
  readonly ofTask?: { readonly prop: string; readonly seconds: number };
  /** The names of the variables that the user gives. */
  readonly variables: ReadonlySet<string>;
}

/** What follows from it, for the pod and for the command line. */
export interface ShutdownPlan {
  /** How long a task may take, in seconds. */
  readonly longestTask: number;
  /** The termination grace period of the pod, in seconds. */
  readonly grace: number;
  /** `--time-limit`, where the pool has none of its own. */
  readonly timeLimit?: Duration;
  readonly settings: ReadonlyMap<string, unknown>;
  readonly env: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  readonly problems: readonly Problem[];
}

const SOFT_SETTINGS = ['worker_soft_shutdown_timeout', 'worker_enable_soft_shutdown_on_idle'] as const;

/** One model of how a worker ends: everything that must fit is computed, or refused, here. */
export function planShutdown({ shutdown, longestTask, pool, celery, settings, mayBeEarly, ofTask, variables }: ShutdownOf): ShutdownPlan {
  const own = shutdown?._longestTask;
  const longest = seconds(own ?? longestTask ?? poolLimit(pool, settings) ?? unsaid(pool, settings, ofTask?.seconds));
  const soft = shutdown?._soft;
  const enforced = own !== undefined && pool._limits.timeLimit === undefined && (pool._name === 'prefork' || pool._name === 'gevent');
  return {
    longestTask: longest,
    grace: (soft ? seconds(soft.timeout) : longest) + SHUTDOWN_MARGIN,
    timeLimit: enforced ? own : undefined,
    settings: new Map<string, unknown>(soft ? [
      ['worker_soft_shutdown_timeout', seconds(soft.timeout)], ...(soft.enableOnIdle ? [['worker_enable_soft_shutdown_on_idle', true] as const] : []),
    ] : []),
    env: soft ? [{ name: 'REMAP_SIGTERM', value: 'SIGQUIT' }] : [],
    problems: [
      ...shutdown?._problems ?? [],
      ...twice(own, longestTask),
      ...limits(own ?? longestTask, pool, soft !== undefined),
      ...limitOfTask(own ?? longestTask, ofTask),
      ...limitsOfSettings(own ?? longestTask, pool, enforced, settings),
      ...(soft ? softProblems(seconds(soft.timeout), own ?? longestTask ?? pool._limits.timeLimit, pool, celery) : []),
      // Where the code is in sight, a rule knows.
      ...(soft && mayBeEarly ? [{
        prop: 'shutdown', value: 'WorkerShutdown.soft', wrong: 'cancels running tasks, and those that are acknowledged early are lost',
        fix: 'give delivery: TaskDelivery.atLeastOnce() to the CeleryApp, or use WorkerShutdown.warm({ longestTask })',
      }] : []),
      ...(shutdown && variables.has('REMAP_SIGTERM') ? [{
        prop: 'env', value: 'REMAP_SIGTERM', wrong: 'decides how the worker stops, as the prop shutdown does', fix: 'remove it: WorkerShutdown.soft({ ... }) sets it',
      }] : []),
      ...(shutdown ? SOFT_SETTINGS.filter((name) => settings.has(name)).map((name) => ({
        prop: 'shutdown', value: new Described(`WorkerShutdown.${soft ? 'soft' : 'warm'}`), wrong: `would be contradicted by the setting ${name} of the app`, fix: 'leave the setting out: WorkerShutdown.soft({ ... }) writes it',
      })) : []),
    ],
  };
}

function seconds(value: Duration): number {
  return Math.ceil(value.toMilliseconds() / 1000);
}

/**
 * The hard time limit of a pool that has one, or a longer `task_time_limit` of the settings: each task has that as its own, and it wins over the
 * command line.
 *
 * @see celery/app/task.py (from_config) and celery/worker/request.py (execute_using_pool)
 */
export function poolLimit({ _limits: { timeLimit } }: WorkerPool, settings: ShutdownOf['settings']): Duration | undefined {
  return timeLimit && Duration.seconds(Math.max(seconds(timeLimit), limitOf(settings, 'task_time_limit') ?? 0));
}

/** Where nobody says how long tasks take: 5 minutes, or the limit that stops them later. */
function unsaid({ _limits: { softTimeLimit } }: WorkerPool, settings: ShutdownOf['settings'], ofTask = 0): Duration {
  const limit = Math.max(settingsLimit(settings) ?? 0, softTimeLimit ? seconds(softTimeLimit) : 0, Math.ceil(ofTask));
  return Duration.seconds(Math.max(5 * 60, limit));
}

/** The longest that a task may take by the settings of the app, in seconds: the hard time limit, or else the soft one. */
export function settingsLimit(settings: ReadonlyMap<string, unknown>): number | undefined {
  return limitOf(settings, 'task_time_limit') ?? limitOf(settings, 'task_soft_time_limit');
}

/** What ends a task of a worker, in seconds: the hard time limit of the worker, or else that of the settings. */
export function enforcedLimit(timeLimit: Duration | undefined, settings: ReadonlyMap<string, unknown>): number | undefined {
  return timeLimit?.toSeconds({ integral: false }) ?? settingsLimit(settings);
}

function limitOf(settings: ReadonlyMap<string, unknown>, name: 'task_time_limit' | 'task_soft_time_limit'): number | undefined {
  const value = settings.get(name);
  return typeof value === 'number' && value > 0 && value <= checks.INT32 ? Math.ceil(value) : undefined;
}

function twice(own: Duration | undefined, longestTask: Duration | undefined): Problem[] {
  return own === undefined || longestTask === undefined || seconds(own) === seconds(longestTask) ? [] : [{
    prop: 'longestTask', value: `${seconds(longestTask)} s`, wrong: `is not that of the shutdown, ${seconds(own)} s`, fix: 'give it once, to the shutdown',
  }];
}

/** A task must end within the time that was given for the longest one. */
function limits(longest: Duration | undefined, pool: WorkerPool, soft: boolean): Problem[] {
  if (longest === undefined) return [];
  const { timeLimit, softTimeLimit } = pool._limits;
  const problem = (prop: string, limit: Duration, after: string): Problem[] => [{
    prop, value: `${seconds(limit)} s`, wrong: `is ${after} longestTask, ${seconds(longest)} s, ${soft
      ? 'which the visibility timeout follows' : 'after which a shutdown kills what still runs'}`,
    fix: 'lower it, or raise longestTask of the shutdown',
  }];
  return [
    ...(timeLimit && seconds(timeLimit) > seconds(longest) ? problem('timeLimit', timeLimit, 'more than') : []),
    ...(softTimeLimit && seconds(softTimeLimit) >= seconds(longest) ? problem('softTimeLimit', softTimeLimit, 'not less than') : []),
  ];
}

/** What the settings allow: it must be no more than the longest task takes; and a soft limit comes before it. */
function limitsOfSettings(
  longest: Duration | undefined, { _name, _limits }: WorkerPool, enforced: boolean, settings: ShutdownOf['settings'],
): Problem[] {
  if (_name !== 'prefork' && _name !== 'gevent') return [];
  const hard = limitOf(settings, 'task_time_limit');
  // A hard limit of the command line ends what the soft one of the settings would allow.
  const bounded = enforced || _limits.timeLimit !== undefined || _limits.softTimeLimit !== undefined;
  const soft = _name === 'prefork' && !bounded ? limitOf(settings, 'task_soft_time_limit') : undefined;
  const [name, limit] = hard === undefined ? ['task_soft_time_limit', soft] as const : ['task_time_limit', hard] as const;
  const given = _limits.softTimeLimit;
  return [
    ...(longest && limit !== undefined && limit > seconds(longest) ? [{
      prop: `settings.${name}`, value: `${limit} s`, wrong: `is more than longestTask, ${seconds(longest)} s, which the grace period and the visibility timeout follow`,
      fix: 'lower it, or raise longestTask',
    }] : []),
    ...(given && hard !== undefined && seconds(given) >= hard ? [{
      prop: 'softTimeLimit', value: `${seconds(given)} s`, wrong: `is not less than the setting task_time_limit of the app, ${hard} s, which ends the task first`,
      fix: 'lower it, or raise the setting',
    }] : []),
  ];
}

/** A limit of a task that allows more than the longest task takes. */
function limitOfTask(longest: Duration | undefined, ofTask: ShutdownOf['ofTask']): Problem[] {
  return longest === undefined || ofTask === undefined || ofTask.seconds <= seconds(longest) ? [] : [{
    prop: ofTask.prop, value: ofTask.seconds, wrong: `is more than longestTask, ${seconds(longest)} s, which the grace period and the visibility timeout follow`,
    fix: 'lower it, or raise longestTask',
  }];
}

function softProblems(timeout: number, longest: Duration | undefined, pool: WorkerPool, celery: string | undefined): Problem[] {
  return [
    ...(celery !== undefined && lacks(celery, 'softShutdown') ? [{
      prop: 'shutdown', value: 'WorkerShutdown.soft', wrong: `is for Celery ${SINCE.softShutdown} and later, and the app has ${celery}`, fix: 'use a later Celery, or WorkerShutdown.warm({ longestTask })',
    }] : []),
    ...(pool._name === 'prefork' ? [] : [{
      prop: 'shutdown', value: 'WorkerShutdown.soft', wrong: `is for the pool prefork: Celery cannot cancel a task of the pool ${pool._name}`,
      fix: 'use WorkerShutdown.warm({ longestTask }), or WorkerPool.prefork()',
    }]),
    ...(longest && timeout > seconds(longest) ? [{
      prop: 'shutdown.timeout', value: `${timeout} s`, wrong: `is more than the longest task takes, ${seconds(longest)} s`, fix: 'lower it, raise longestTask, or use WorkerShutdown.warm({ longestTask })',
    }] : []),
  ];
}
