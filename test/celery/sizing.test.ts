import { Aim, Load, MOST_SLOTS, replicasFor, thresholds, waiting } from '../../src/celery/sizing';

const load = (rate: number, seconds = 1, variation = 1): Load => ({ rate, seconds, variation });
const AIM: Aim = { concurrency: 2, wait: 2, share: 0.95, busy: 0.8 };

describe('how long tasks wait', () => {
  // One slot: as long as it is busy. Tables of Erlang C for the others.
  test.each<[number, number, number]>([[0.5, 1, 0.5], [0.9, 1, 0.9], [1, 2, 1 / 3], [2, 3, 4 / 9], [10, 12, 0.4494], [20, 25, 0.2091]])(
    'with %d at a time on average, %d slots: a share of %d waits', (offered, slots, expected) => {
      expect(waiting(load(offered), slots, 0.95).delayed).toBeCloseTo(expected, 3);
    });

  test('one slot, by the formulas of M/M/1: the mean, and a share', () => {
    const found = waiting(load(0.4, 2), 1, 0.95);
    expect(found.busy).toBeCloseTo(0.8, 9);
    expect(found.mean).toBeCloseTo(0.8 / (1 - 0.8) * 2, 9);
    // P(wait > t) = busy * exp(-t / (2 / (1 - busy)))
    expect(0.8 * Math.exp(-found.atMost / (2 / (1 - 0.8)))).toBeCloseTo(0.05, 9);
  });

  test('half as long where all tasks take as long, and two and a half times as long where they vary twice as much', () => {
    const mean = (variation: number) => waiting(load(3, 1, variation), 4, 0.95).mean;
    expect(mean(0)).toBeCloseTo(mean(1) / 2, 9);
    expect(mean(2)).toBeCloseTo(mean(1) * 2.5, 9);
  });

  test('in proportion to the time of a task', () => {
    const [one, hour] = [waiting(load(3, 1), 4, 0.95), waiting(load(3 / 3600, 3600), 4, 0.95)];
    expect(hour.mean).toBeCloseTo(3600 * one.mean, 6);
    expect(hour.atMost).toBeCloseTo(3600 * one.atMost, 6);
    expect(hour.delayed).toBeCloseTo(one.delayed, 9);
  });

  test('for ever, from as many tasks on as there are slots', () => {
    expect(waiting(load(4), 4, 0.95)).toEqual({ slots: 4, busy: 1, delayed: 1, mean: Infinity, atMost: Infinity });
    expect(waiting(load(3.999), 4, 0.95).mean).toBeGreaterThan(100);
    expect(waiting(load(3.999), 4, 0.95).mean).toBeLessThan(1e4);
  });

  test('not at all where fewer wait than the share leaves out', () => {
    expect(waiting(load(1), 20, 0.95)).toMatchObject({ atMost: 0 });
  });
});

describe('how many pods', () => {
  test('the fewest that are busy and let tasks wait as much as they may', () => {
    for (const rate of [0.1, 1, 7, 50, 400]) {
      const found = replicasFor(load(rate, 2), AIM)!;
      expect(found.waiting.busy).toBeLessThanOrEqual(AIM.busy);
      expect(found.waiting.atMost).toBeLessThanOrEqual(AIM.wait);
      expect(Number.isInteger(found.replicas)).toBe(true);
      expect(found.waiting.slots).toBe(found.replicas * 2);
      expect(found.waiting).toEqual(waiting(load(rate, 2), found.replicas * 2, 0.95));
      const fewer = found.replicas === 1 ? undefined : waiting(load(rate, 2), (found.replicas - 1) * 2, 0.95);
      expect(!fewer || fewer.busy > AIM.busy || fewer.atMost > AIM.wait).toBe(true);
    }
  });

  test('as the waiting time asks, where that is short', () => {
    expect(replicasFor(load(1.5, 1), { ...AIM, concurrency: 1, wait: 100 })!.replicas).toBe(2);
    // With four slots 95 of 100 wait 0.16 s at most.
    expect(replicasFor(load(1.5, 1), { ...AIM, concurrency: 1, wait: 0.17 })!.replicas).toBe(4);
    expect(replicasFor(load(1.5, 1), { ...AIM, concurrency: 1, wait: 0.15 })!.replicas).toBe(5);
  });

  test('exactly as many as the busy share allows, and no more for what is lost in rounding', () => {
    expect(replicasFor(load(0.8 * 7, 1), { ...AIM, concurrency: 1, wait: 1e9 })!.replicas).toBe(7);
    expect(replicasFor(load(0.8 * 7 + 0.001, 1), { ...AIM, concurrency: 1, wait: 1e9 })!.replicas).toBe(8);
  });

  test('one, where no task is sent', () => {
    expect(replicasFor(load(0, 1), AIM)!.replicas).toBe(1);
  });

  test('none, where more tasks run at a time than any fleet has slots', () => {
    expect(replicasFor(load(MOST_SLOTS, 1), AIM)).toBeUndefined();
    expect(replicasFor(load(MOST_SLOTS * 0.8, 1), { ...AIM, concurrency: MOST_SLOTS })?.replicas).toBe(1);
  });
});

test.each<[string, Partial<Aim>, [number, number, number]]>([
  ['as long a wait as a task', {}, [3, 20, 10]],
  ['no wait to speak of: as many tasks as run at a time', { wait: 0.001 }, [2, 1, 10]],
  ['a wait of ten tasks', { wait: 20 }, [17, 200, 10]],
  ['one task at a time', { concurrency: 1 }, [1, 10, 5]],
])('thresholds of ten pods, tasks of 2 s, and %s', (_, aim, [tasksPerReplica, tasksWaiting, overloadRate]) => {
  expect(thresholds(load(5, 2), { ...AIM, ...aim }, 10)).toEqual({ tasksPerReplica, tasksWaiting, overloadRate });
});
