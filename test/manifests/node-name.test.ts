import { inShell, nodeName, otherNode } from '../../src/manifests/node-name';
import { lateTasks, taskLimit } from '../../src/manifests/task-limit';
import { World } from '../../src/manifests/world';

function worker(options: string[], more: object = {}, spec: object = {}, kind = 'Deployment') {
  return new World([{
    apiVersion: 'apps/v1', kind, metadata: { name: 'shop' },
    spec: { template: { spec: { ...spec, containers: [{ name: 'main', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', ...options], ...more }] } } },
  }]).processes[0];
}

const POD = { env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] };

test.each<[string[], object, [string, string] | undefined]>([
  [[], {}, ['celery', '{host}']], [['-n', 'shop'], {}, ['celery', 'shop']], [['-n', 'shop@'], {}, ['shop', '{host}']], [['-n', '@a'], {}, ['celery', 'a']], [['-n', 'shop@%h'], {}, ['shop', '{host}']],
  [['-n', 'shop@%n.%d'], {}, ['shop', '{host}']], [['-n', 'shop@a@b'], {}, ['shop', 'a@b']], [['-n', 'shop@$(POD)'], POD, undefined], [['-n', 'shop@$(SECRET)'], POD, undefined],
])('%j is the node %j', (options, more, expected) => {
  const found = nodeName(worker(options, more));
  expect(found && [found.name, found.host]).toEqual(expected);
});

test('a worker of Airflow, whose name only a run tells', () => {
  expect(nodeName(worker([], { command: ['airflow', 'celery', 'worker', '-H', '$(SECRET)'], ...POD }))).toEqual({ name: 'celery', host: '{host}' });
});

test.each<[string[], string, object, string, string | undefined]>([
  [[], 'celery@$HOSTNAME', {}, 'Deployment', undefined], [[], 'celery@${HOSTNAME}', {}, 'Deployment', undefined], [[], 'celery@%h', {}, 'Deployment', undefined], [[], 'celery@$(hostname)', {}, 'Deployment', undefined],
  [[], 'celery@`hostname`', {}, 'Deployment', undefined], [[], '"celery@$HOSTNAME"', {}, 'Deployment', undefined], [[], 'celery@shop', {}, 'Deployment', 'the worker is celery@the name of its pod'],
  [[], 'shop@$HOSTNAME', {}, 'Deployment', 'the worker is celery@the name of its pod'], [[], 'celery', {}, 'Deployment', 'the worker is celery@the name of its pod'], [[], 'celery@a,celery@$HOSTNAME', {}, 'Deployment', undefined],
  [[], 'celery@a,celery@b', {}, 'Deployment', 'the worker is celery@the name of its pod'], [[], 'celery@$OTHER', {}, 'Deployment', undefined], [[], '', {}, 'Deployment', undefined],
  [['-n', 'shop@a'], 'shop@a', {}, 'Deployment', undefined], [['-n', 'shop@a'], 'shop@b', {}, 'Deployment', 'the worker is shop@a'], [['-n', 'shop@%i'], 'shop@b', {}, 'Deployment', undefined], [['-n', '%I@a'], 'shop@b', {}, 'Deployment', undefined],
  [[], 'celery@fixed', { hostname: 'fixed' }, 'Deployment', undefined], [[], 'celery@shop-0', {}, 'StatefulSet', undefined], [[], 'celery@other-0', {}, 'StatefulSet', 'the worker is celery@the name of its pod'],
  [[], 'celery@node', { hostNetwork: true }, 'Deployment', undefined],
])('%j asked as %s %j of a %s: %s', (options, destination, spec, kind, reason) => {
  expect(otherNode(destination, worker(options, {}, spec, kind))).toBe(reason);
});

test.each<[string, string | undefined]>([
  ['celery@$(POD)', undefined], ['shop@$(POD)', 'the worker is celery@the name of its pod'], ['shop@$(SECRET)', undefined], ['shop@$(GONE)', undefined],
])('asked as %s: %s', (destination, reason) => {
  expect(otherNode(destination, worker([], POD))).toBe(reason);
});

test.each<[string[], string]>([[[], 'celery@$HOSTNAME'], [['-n', 'shop@%h'], 'shop@$HOSTNAME'], [['-n', 'shop@a'], 'shop@a'], [['-n', 'shop@%i'], 'celery@$HOSTNAME']])('%j in a shell is %s', (options, name) => {
  expect(inShell(worker(options))).toBe(name);
});

describe('limits of single tasks', () => {
  const coded = (code: string, options: string[] = [], env: object[] = []) => new World([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'shop.py': `from celery import Celery\napp = Celery('shop')\n${code}` } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' }, spec: { template: { spec: {
      volumes: [{ name: 'code', configMap: { name: 'code' } }],
      containers: [{ name: 'main', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', ...options], env, volumeMounts: [{ name: 'code', mountPath: '/app' }] }],
    } } } },
  ]).processes[0];
  const task = (options: string, name = 'a') => `@app.task(${options})\ndef ${name}(): pass\n`;

  test.each<[string, string[], [number, string] | undefined]>([
    [task('time_limit=60'), [], [60, 'time_limit of a']], [task('soft_time_limit=50'), [], [50, 'soft_time_limit of a']], [task('soft_time_limit=50, time_limit=60'), [], [60, 'time_limit of a']],
    [task('time_limit=60') + task('time_limit=90', 'b'), [], [90, 'time_limit of b']], [task('time_limit=90') + task('time_limit=60', 'b'), [], [90, 'time_limit of a']], [task('time_limit=0'), [], undefined],
    [task('time_limit=60'), ['--time-limit=60'], [60, '--time-limit']], [task('time_limit=61'), ['--time-limit=60'], [61, 'time_limit of a']], [task(''), ['--time-limit=60'], [60, '--time-limit']],
  ])('%s with %j', (code, options, expected) => {
    const found = taskLimit(coded(code, options));
    expect(found && [found.seconds, found.name]).toEqual(expected);
  });

  test.each<[string, string[], [number, string | undefined][]]>([
    [task('acks_late=True, time_limit=60'), [], [[60, 'a']]], [task('time_limit=60'), [], []], [task('acks_late=True'), [], []], [task('acks_late=True'), ['--time-limit=60'], [[60, 'a']]],
    [task(''), ['--time-limit=60', '--', 'task_acks_late=1'], [[60, undefined]]], [task('time_limit=90'), ['--time-limit=60', '--', 'task_acks_late=1'], [[60, undefined], [90, 'a']]],
    [task('time_limit=60'), ['--time-limit=60', '--', 'task_acks_late=1'], [[60, undefined]]], [task('acks_late=False, time_limit=90'), ['--time-limit=60', '--', 'task_acks_late=1'], [[60, undefined]]],
    [task('time_limit=90'), ['--', 'task_acks_late=1'], [[90, 'a']]], [task('acks_late=True, soft_time_limit=50'), [], [[50, 'a']]],
  ])('late tasks of %s with %j', (code, options, expected) => {
    expect(lateTasks(coded(code, options)).map(({ seconds, task: name }) => [seconds, name])).toEqual(expected);
  });
});
