import { size } from '../../src/cli/size';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await size(args, { out: (text) => void (out += text), err: (text) => void (err += text), colour: false });
  return { code, out, err };
}

test('prints replicas and thresholds', async () => {
  expect(await run('--rate', '50/s', '--task', '2s')).toEqual({ code: 0, err: '', out: `\
load          50 tasks/s of 2 s: 100 tasks run at a time, on average
replicas      63  (concurrency 2: 126 tasks at a time, 79.4 % busy)
waiting       95 of 100 tasks at most 0 s; less than 1 % of the tasks wait at all, on average 0.584 ms
one pod less  80.6 % busy; 95 of 100 tasks wait at most 0 s

autoscaler    WorkerScaling.queueLength({ minReplicas: 63, maxReplicas: 125, tasksPerReplica: 3 })
              maxReplicas is for 100 tasks/s (twice the rate; give --peak)
alert         more than 126 tasks in the queue, or the oldest older than 2 s
overload      from 63 tasks/s on the queue grows without an end
` });
});

test('as JSON', async () => {
  const { code, out } = await run('--rate', '6/m', '--task', '5m', '--concurrency', '1', '--wait', '1m', '--peak', '12/m', '--variation', '0', '--json');
  expect(code).toBe(0);
  const found = JSON.parse(out) as { replicas: number; waiting: { p95: number }; withOnePodLess: { p95: number; busy: number } };
  expect(found).toMatchObject({
    rate: 0.1, task: 300, variation: 0, concurrency: 1, enough: true, waiting: { p95AtMost: 60 },
    scaling: { minReplicas: found.replicas, tasksPerReplica: 1, peak: 0.2 }, alerts: { oldestTaskSeconds: 60 },
  });
  expect(found.waiting.p95).toBeLessThanOrEqual(60);
  expect(found.withOnePodLess.p95 > 60 || found.withOnePodLess.busy > 0.8).toBe(true);
});

test.each<[string, string, string]>([
  ['3000/m', '2000ms', '50/s'], ['180000/h', '2s', '50/s'], ['3000/min', '2s', '50/s'], ['50/sec', '2s', '50/s'],
])('%s of %s is %s of 2s', async (rate, task, same) => {
  expect((await run('--rate', rate, '--task', task)).out).toBe((await run('--rate', same, '--task', '2s')).out);
});

test.each<[string, string]>([['3600s', '1h'], ['60m', '1h'], ['60min', '1h']])('a task of %s is one of %s', async (task, same) => {
  expect((await run('--rate', '1/h', '--task', task)).out).toBe((await run('--rate', '1/h', '--task', same)).out);
});

describe('--replicas', () => {
  test('enough', async () => {
    const { code, out } = await run('--rate', '50/s', '--task', '2s', '--replicas', '70');
    expect(code).toBe(0);
    expect(out).toContain('replicas      70  (concurrency 2: 140 tasks at a time, 71.4 % busy)');
  });

  test('too few to be as busy as they may', async () => {
    const { code, out } = await run('--rate', '50/s', '--task', '2s', '--replicas', '62');
    expect(code).toBe(1);
    expect(out).toContain('replicas      62  NOT ENOUGH: 63 are needed');
  });

  test('too few at all', async () => {
    const { code, out } = await run('--rate', '50/s', '--task', '2s', '--replicas', '50');
    expect(code).toBe(1);
    expect(out).toContain('waiting       the queue grows without an end\none pod less  the queue grows until the pod is back\n');
    expect(JSON.parse((await run('--rate', '50/s', '--task', '2s', '--replicas', '50', '--json')).out)).toMatchObject({ enough: false, waiting: { mean: null, p95: null } });
  });

  test('one: there is none less', async () => {
    expect((await run('--rate', '1/h', '--task', '1s', '--replicas', '1')).out).not.toContain('one pod less');
  });
});

describe('bad input', () => {
  test.each<[string[], string]>([
    [[], '--rate is missing; give a rate above 0: 50/s, 3000/m, 10/h\n--task is missing; give a time above 0: 250ms, 2s, 5m, 1h\n'],
    [['--rate', '50', '--task', '2s'], '--rate 50 is not a rate above 0: 50/s, 3000/m, 10/h\n'],
    [['--rate', '0/s', '--task', '2s'], '--rate 0/s is not a rate above 0'],
    [['--rate', '50/d', '--task', '2s'], '--rate 50/d is not a rate'],
    [['--rate', '50/s', '--task', '2'], '--task 2 is not a time above 0: 250ms, 2s, 5m, 1h\n'],
    [['--rate', '50/s', '--task', '0s'], '--task 0s is not a time above 0'],
    [['--rate', '50/s', '--task', '2s', '--wait', 'soon'], '--wait soon is not a time above 0'],
    [['--rate', '50/s', '--task', '2s', '--concurrency', '1.5'], '--concurrency 1.5 is not a whole number from 1 to 1000'],
    [['--rate', '50/s', '--task', '2s', '--concurrency', '0'], '--concurrency 0 is not a whole number from 1 to 1000'],
    [['--rate', '50/s', '--task', '2s', '--busy', '100'], '--busy 100 is not a percentage from 1 to 99'],
    [['--rate', '50/s', '--task', '2s', '--variation', '11'], '--variation 11 is not a number from 0 to 10'],
    [['--rate', '50/s', '--task', '2s', '--replicas', '0'], '--replicas 0 is not a whole number from 1 to 1000000'],
    [['--rate', '50/s', '--task', '2s', '--replicas', '1000000'], '--replicas 1000000 with --concurrency 2 is more than 1000000 tasks at a time'],
    [['--rate', '50/s', '--task', '2s', '--peak', '49/s'], '--peak 49/s is below --rate 50/s; give the highest rate'],
    [['--rate', '5000/s', '--task', '2h'], 'twice --rate 5000/s with --task 2h needs more than 1000000 tasks at a time; look at the units'],
    [['--rate', '1/s', '--peak', '5000/s', '--task', '2h'], '--peak 5000/s with --task 2h needs more than 1000000 tasks at a time'],
    [['--rate', '50/s', '--tasks', '2s'], 'Unknown option \'--tasks\''],
  ])('%j', async (args, expected) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`cdk8s-celery size: ${expected}`);
    expect(err).toContain('Usage: cdk8s-celery size --rate RATE --task TIME');
  });

  test('all of it at once', async () => {
    expect((await run('--rate', 'x', '--task', 'y', '--busy', '0')).err.split('\n').slice(0, 3)).toEqual([
      'cdk8s-celery size: --rate x is not a rate above 0: 50/s, 3000/m, 10/h', '--task y is not a time above 0: 250ms, 2s, 5m, 1h', '--busy 0 is not a percentage from 1 to 99',
    ]);
  });

  test('30 % is as good as 30', async () => {
    expect((await run('--rate', '1/s', '--task', '1s', '--busy', '30%')).out).toBe((await run('--rate', '1/s', '--task', '1s', '--busy', '30')).out);
  });
});

test('--help', async () => {
  const { code, out } = await run('--help');
  expect([code, out.slice(0, 55)]).toEqual([0, 'Usage: cdk8s-celery size --rate RATE --task TIME [OPTIO']);
});
