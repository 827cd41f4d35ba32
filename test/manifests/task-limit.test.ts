import { limit, taskLimit } from '../../src/manifests/task-limit';
import { World } from '../../src/manifests/world';

function worker(flags: string[], env: Array<Record<string, string>> = []) {
  return new World([{
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'worker' },
    spec: { containers: [{ name: 'worker', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', ...flags], env }] },
  }]).processes[0];
}

test.each<[string, string[], [number, string] | undefined]>([
  ['none', [], undefined],
  ['the hard limit', ['--time-limit=60'], [60, '--time-limit']],
  ['the soft limit, where there is no hard one', ['--soft-time-limit=50'], [50, '--soft-time-limit']],
  ['the hard one of both', ['--soft-time-limit=50', '--time-limit=60'], [60, '--time-limit']],
  ['also where it is the shorter one', ['--soft-time-limit=70', '--time-limit=60'], [60, '--time-limit']],
  ['a setting', ['--', 'task_time_limit=60'], [60, 'task_time_limit']],
  ['a setting of the soft limit', ['--', 'task_soft_time_limit=50'], [50, 'task_soft_time_limit']],
  ['the hard one by setting before the soft one by flag', ['--soft-time-limit=50', '--', 'task_time_limit=60'], [60, 'task_time_limit']],
  ['a setting before a flag', ['--time-limit=60', '--', 'task_time_limit=90'], [90, 'task_time_limit']],
  ['a flag before a setting that is 0', ['--time-limit=60', '--', 'task_time_limit=0'], [60, '--time-limit']],
  ['none that is 0, which means no limit', ['--time-limit=0', '--soft-time-limit=50'], [50, '--soft-time-limit']],
  ['the smallest that there is', ['--time-limit=0.5'], [0.5, '--time-limit']],
  ['none by a setting that is 0', ['--', 'task_time_limit=0'], undefined],
  ['none that cannot be read', ['--time-limit=$(LIMIT)'], undefined],
])('%s', (_, flags, expected) => {
  const found = taskLimit(worker(flags));
  expect(found && [found.seconds, found.name]).toEqual(expected);
});

test('each by itself, and where it is', () => {
  const process = worker(['--soft-time-limit=50', '--', 'task_time_limit=60']);
  expect(limit(process, '--time-limit', 'task_time_limit')).toMatchObject({ seconds: 60, at: { path: ['spec', 'containers', 0, 'command', 6] } });
  expect(limit(process, '--soft-time-limit', 'task_soft_time_limit')).toMatchObject({ seconds: 50, at: { path: ['spec', 'containers', 0, 'command', 4] } });
});

test('by the variable of the flag, and by the variable that is called like the setting', () => {
  expect(taskLimit(worker([], [{ name: 'CELERY_WORKER_TIME_LIMIT', value: '60' }]))?.seconds).toBe(60);
});
