import { arePrioritySteps, keyOptions, redisKeys } from '../../src/celery/redis-keys';

const keys = (queues: string[], options?: object) => redisKeys(queues, options as Record<string, unknown>).lists.map(({ key }) => key);

test('a queue is four lists, for the priorities 0, 3, 6 and 9', () => {
  expect(keys(['celery', 'mail'])).toEqual([
    'celery', 'celery\x06\x163', 'celery\x06\x166', 'celery\x06\x169', 'mail', 'mail\x06\x163', 'mail\x06\x166', 'mail\x06\x169',
  ]);
  expect(redisKeys(['celery']).unacknowledged).toBe('unacked');
});

test('options of the transport that rename them are heeded', () => {
  const options = { global_keyprefix: 'shop:', sep: ':', priority_steps: [0, 5], unacked_key: 'held' };
  expect(keys(['celery'], options)).toEqual(['shop:celery', 'shop:celery:5']);
  expect(redisKeys(['celery'], options).unacknowledged).toBe('shop:held');
});

test.each([{ priority_steps: [] }, { priority_steps: ['3'] }, { sep: 1 }, { global_keyprefix: null }])('%j leaves kombu\'s own', (options) => {
  expect(keys(['celery'], options)).toEqual(keys(['celery']));
});

test.each<[string, object]>([
  ['{"global_keyprefix": "shop:", "priority_steps": [0, 5]}', { global_keyprefix: 'shop:', priority_steps: [0, 5] }],
  ['{\'sep\': \':\', \'unacked_key\': \'held\', \'priority_steps\': list(range(3))}', { sep: ':', unacked_key: 'held', priority_steps: [0, 1, 2] }],
  ['{\'priority_steps\': list(range(100000000000))}', { priority_steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }],
  ['{"sep": "\\u0006\\u0016"}', { sep: '\x06\x16' }],
  ['{\'sep\': \'\\x06\\x16\', \'global_keyprefix\': \'a\\\\b\'}', { sep: '\x06\x16', global_keyprefix: 'a\\b' }],
  ['{\'visibility_timeout\': 3600, \'priority_steps\': STEPS}', {}],
  ['', {}],
])('of the options %s these name keys', (text, options) => {
  expect(keyOptions(text)).toEqual(options);
});

test.each<[unknown, boolean]>([
  [[0], true], [[0, 3, 6, 9], true], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], true], [[3, 9], true],
  [[], false], [[0, 10], false], [[-1, 0], false], [[0, 0], false], [[3, 0], false], [[0, 1.5], false], [['0'], false], [undefined, false], ['0', false],
])('kombu finds priorities among the steps %j: %p', (steps, expected) => {
  expect(arePrioritySteps(steps)).toBe(expected);
});

test.each<[string, number[]]>([['{"priority_steps": [0, 3, ]}', [0, 3]], ['{"priority_steps": [ 0 , 3 ]}', [0, 3]]])('%s has the steps %j', (text, steps) => {
  expect(keyOptions(text)).toEqual({ priority_steps: steps });
});
