import { acknowledged, acknowledgedByFiles } from '../../src/manifests/acknowledgement';
import { declaredTasks } from '../../src/manifests/task-options';

const one = (decorator: string, before: string): unknown => {
  const [{ acksLate, unsaid }, ...others] = declaredTasks(`${before}${decorator}\ndef send(): ...\n`);
  expect(others).toEqual([]);
  return acksLate ?? (unsaid ? 'unsaid' : 'unknown');
};

test.each<[string, unknown, string?]>([
  ['@app.task', 'unsaid'],
  ['@app.task  # acks_late=True', 'unsaid'],
  ['@shared_task(bind=True)', 'unsaid'],
  ['@app.task(acks_late=True)', true],
  ['@app.task(bind=True, acks_late = False)', false],
  ['@app.task(acks_late=LATE)', 'unknown'],
  ['@app.task(**OPTIONS)', 'unknown'],
  ['@app.task(base=Late)', true, 'class Late(Task):\n  x = 1\n  acks_late: bool = True\n\n'],
  ['@app.task(base=Late)', 'unsaid', 'class Late(Task):\n  x = 1\nacks_late = True\n'],
  ['@app.task(base=Late)', 'unknown', 'class Late(Other):\n  x = 1\n'],
  ['@app.task(base=other.Late)', 'unknown'],
  ['@app.task(base=Late, acks_late=False)', false, 'class Late(Task):\n  acks_late = True\n'],
])('%s', (decorator, expected, before = '') => {
  expect(one(decorator, before)).toBe(expected);
});

test('what is no decorator of a task is none', () => {
  expect(declaredTasks('@app.task_x\ndef a(): ...\n@app.task.run\ndef b(): ...\n@app.tasks\ndef c(): ...\n')).toEqual([]);
});

test.each<[string, boolean | undefined, ReadonlyArray<boolean | undefined | 'unknown'>, unknown]>([
  ['nothing in sight of tasks, and late', true, [], 'late'],
  ['nothing in sight of tasks, and early', false, [], {}],
  ['nothing in sight', undefined, [], 'unknown'],
  ['each task late by itself', false, [true, true], 'late'],
  ['one that says nothing', false, [true, undefined], { task: 'task1' }],
  ['one that says early', true, [undefined, false], { task: 'task1' }],
  ['one that only a run tells', false, [true, 'unknown'], 'unknown'],
  ['a setting that only a run tells', undefined, [undefined], 'unknown'],
  ['early where only a run tells the setting', undefined, [false], { task: 'task0' }],
])('%s', (_what, setting, tasks, expected) => {
  expect(acknowledged(setting, tasks.map((late, i) => ({
    name: `task${i}`, acksLate: late === 'unknown' ? undefined : late, unsaid: late === undefined,
  })))).toEqual(expected);
});

test.each<[string, unknown, string, string | null, unknown]>([
  ['the setting of the app', true, '', null, 'late'],
  ['that of the code', undefined, '', 'True', 'late'],
  ['none', undefined, '', null, {}],
  ['one that only a run tells', undefined, '', '', 'unknown'],
  ['the app before the code', false, '', 'True', {}],
  ['annotations', undefined, 'app.conf.task_annotations = X\n@app.task\ndef a(): ...\n', null, 'unknown'],
  ['a task that says early, with annotations', true, 'app.conf.task_annotations = X\n@app.task(acks_late=False)\ndef a(): ...\n', null, { task: 'a' }],
])('of a program: %s', (_what, given, code, ofCode, expected) => {
  expect(acknowledgedByFiles(given, [code], ofCode)).toEqual(expected);
});
