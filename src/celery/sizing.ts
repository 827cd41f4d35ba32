/** The tasks that arrive at a queue: at random, one does not wait for another. */
export interface Load {
  /** Tasks that arrive in a second, on average. */
  readonly rate: number;
  /** How long a task runs, in seconds, on average. */
  readonly seconds: number;
  /** The standard deviation of that, divided by it: 0 where all tasks take as long, 1 where many are short and few are long. */
  readonly variation: number;
}

/** What is wanted of the workers. */
export interface Aim {
  /** How many tasks a pod runs at a time. */
  readonly concurrency: number;
  /** The longest that `share` of the tasks may wait, in seconds. */
  readonly wait: number;
  /** Of all tasks, above 0 and below 1. */
  readonly share: number;
  /** How much of the time a slot may be busy, at most: what is left is for bursts, rollouts and lost nodes. */
  readonly busy: number;
}

/** How long tasks wait for one of a number of slots. */
export interface Waiting {
  readonly slots: number;
  /** The share of the time that a slot is busy; 1 and more: the queue grows without an end, and all waiting times are infinite. */
  readonly busy: number;
  /** The share of the tasks that wait at all. */
  readonly delayed: number;
  /** How long a task waits on average, in seconds. */
  readonly mean: number;
  /** The time in seconds that the given share of the tasks waits at most. */
  readonly atMost: number;
}

/** More slots than any worker fleet has: the answer would say that a unit is wrong. */
export const MOST_SLOTS = 1_000_000;

/**
 * The share of tasks that would find all slots taken and leave (Erlang B), by the number of slots. From 0 slots on, one by one.
 *
 * @see https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_B_formula
 */
function* blocked(offered: number): Generator<number> {
  for (let slots = 0, share = 1; ; slots += 1, share = offered * share / (slots + offered * share)) yield share;
}

/** From what Erlang B says of a number of slots: how long tasks wait (Erlang C, and Allen and Cunneen for other times than exponential ones). */
function waitingBy(blockedShare: number, { rate, seconds, variation }: Load, slots: number, share: number): Waiting {
  const offered = rate * seconds;
  const busy = offered / slots;
  if (busy >= 1) return { slots, busy, delayed: 1, mean: Infinity, atMost: Infinity };
  const delayed = blockedShare / (1 - busy * (1 - blockedShare));
  // Of those that wait, on average.
  const each = seconds / (slots - offered) * (1 + variation ** 2) / 2;
  return { slots, busy, delayed, mean: delayed * each, atMost: Math.max(0, each * Math.log(delayed / (1 - share))) };
}

/** How long tasks wait for a number of slots: the share is that of `atMost`. */
export function waiting(load: Load, slots: number, share: number): Waiting {
  let at = 0;
  for (const one of blocked(load.rate * load.seconds)) {
    if (at === slots) return waitingBy(one, load, slots, share);
    at += 1;
  }
  throw new Error('unreachable');
}

/** A number of pods, and how long tasks wait for them. */
export interface Sized {
  readonly replicas: number;
  readonly waiting: Waiting;
}

/** The smallest number of pods that does what is wanted; undefined where that would be more than `MOST_SLOTS` slots. */
export function replicasFor(load: Load, { concurrency, wait, share, busy }: Aim): Sized | undefined {
  const offered = load.rate * load.seconds;
  if (offered / busy > MOST_SLOTS) return undefined;
  let slots = 0;
  for (const one of blocked(offered)) {
    // A busy share that is met but for rounding is met.
    if (slots > 0 && slots % concurrency === 0 && slots * busy >= offered * (1 - 1e-12)) {
      const found = waitingBy(one, load, slots, share);
      if (found.atMost <= wait) return { replicas: slots / concurrency, waiting: found };
    }
    if (slots >= MOST_SLOTS) return undefined;
    slots += 1;
  }
  throw new Error('unreachable');
}

/** Numbers for autoscalers and alerts. */
export interface Thresholds {
  /**
   * `tasksPerReplica` of an autoscaler by queue length: tasks that wait or run, for each pod. With as many as run at a time none waits; with
   * more of them one waits until those before it are done.
   */
  readonly tasksPerReplica: number;
  /** With more tasks than that in the queue a new one waits for longer than it may. */
  readonly tasksWaiting: number;
  /** Tasks in a second from which on the queue grows without an end. */
  readonly overloadRate: number;
}

export function thresholds({ seconds }: Load, { concurrency, wait, busy }: Aim, replicas: number): Thresholds {
  const slots = replicas * concurrency;
  return {
    tasksPerReplica: Math.max(concurrency, Math.floor(busy * concurrency * (1 + wait / seconds) + 1e-9)),
    tasksWaiting: Math.max(1, Math.floor(slots * wait / seconds + 1e-9)),
    overloadRate: slots / seconds,
  };
}
