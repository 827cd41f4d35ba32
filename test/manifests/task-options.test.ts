import { acknowledged, acknowledgedByFiles } from '../../src/manifests/acknowledgement';
import { declaredTasks, limitsOfCalls } from '../../src/manifests/task-options';

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
  ['@app.task(acks_late=0)', false],
  ['@app.task(acks_late=1)', true],
  ['@app.task(acks_late=None)', 'unsaid'],
  ['@app.task(**OPTIONS)', false, 'OPTIONS = {"acks_late": False, \'queue\': "mail"}\n'],
  ['@app.task(bind=True, **OPTIONS)', true, 'OPTIONS: dict = dict(\n  queue="mail",\n  acks_late=True,\n)\n'],
  ['@app.task(**OPTIONS)', 'unsaid', 'OPTIONS = {"queue": "mail"}\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'OPTIONS = {}\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'OPTIONS = {"queue": "mail", **MORE}\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'OPTIONS = {"queue": "mail"}\nOPTIONS["acks_late"] = False\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'OPTIONS = {"queue": "mail"}\nOPTIONS.update(LATE)\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'OPTIONS = {"queue": "mail"}\nOPTIONS |= LATE\n'],
  ['@app.task(**OPTIONS)', 'unknown', 'if LATE:\n  OPTIONS = {"queue": "mail"}\n'],
  ['@app.task(**options())', 'unknown', 'options = {"queue": "mail"}\n'],
])('%s', (decorator, expected, before = '') => {
  expect(one(decorator, before)).toBe(expected);
});

const named = (code: string): unknown => Object.fromEntries(declaredTasks(code).map(({ name, acksLate, unsaid }) => [name, acksLate ?? (unsaid ? 'unsaid' : 'unknown')]));

test.each<[string, unknown]>([
  ['app.task(send, acks_late=False)', { send: false }],
  ['mail = app.task(shop.mail.send, name="send", acks_late=True)', { send: true }],
  ['app.task(acks_late=False)(send)', { send: false }],
  ['shared_task(time_limit=5)(send)', { send: 'unsaid' }],
  // Of another library, or with nothing that counts.
  ['huey.task(send)', {}],
  ['task(send, acks_late=False)', {}],
  ['app.task(acks_late=False', {}],
  ['app.task(acks_late=False)', {}],
])('a call makes a task: %s', (code, expected) => {
  expect(named(`${code}\n`)).toEqual(expected);
});

test.each<[string, unknown]>([
  ['send.acks_late = False', { send: false, store: 'unsaid' }],
  ['send.acks_late = None', { send: false, store: 'unsaid' }],
  ['send.acks_late = True', { send: true, store: 'unsaid' }],
  ['send.acks_late = LATE', { send: 'unknown', store: 'unsaid' }],
  ['send.acks_late == False', { send: 'unsaid', store: 'unsaid' }],
  ['app.tasks["shop.send"].acks_late = 0', { send: false, store: 'unsaid' }],
  ['app.tasks["shop.other"].acks_late = False', { send: 'unsaid', store: 'unsaid', other: false }],
  ['setattr(store, "acks_late", False)', { send: 'unsaid', store: false }],
  ['app.Task.acks_late = False', { send: false, store: false }],
  ['message.acks_late = False', { send: 'unsaid', store: 'unsaid', message: 'unknown' }],
  ['def on(self):\n  self.acks_late = False', { send: 'unsaid', store: 'unsaid' }],
])('what is assigned after a task is made wins: %s', (code, expected) => {
  expect(named(`@app.task\ndef send(): ...\n@app.task\ndef store(): ...\n${code}\n`)).toEqual(expected);
});

test.each<[string, unknown]>([
  ['"10/m"', 6], ["'1/h'", 3600], ['"5"', 0.2], ['20', 0.05], ['0.5', 2], ['"0/s"', 0], ['None', undefined], ['RATE', undefined], ['"often"', undefined],
])('the rate limit %s is one task in %p s', (rate, expected) => {
  expect(declaredTasks(`@app.task(bind=True, rate_limit=${rate}, queue="mail")\ndef send(): ...\n`)[0].interval).toBe(expected);
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

const SETTINGS = (late: boolean | undefined, annotations?: unknown): ReadonlyMap<string, unknown> => new Map([
  ...(late === undefined ? [] : [['task_acks_late', late] as const]), ...(annotations === undefined ? [] : [['task_annotations', annotations] as const]),
]);
const A = '@app.task\ndef a(): ...\n';
const MAYBE = { unless: 'every task of this worker is acknowledged late' };

test.each<[string, boolean | undefined, string, string | null | undefined, unknown, unknown?]>([
  ['the setting of the app', true, '', null, 'late'],
  ['that of the code', undefined, '', 'True', 'late'],
  ['none', undefined, '', null, {}],
  ['one that only a run tells', undefined, '', '', 'unknown'],
  ['the app before the code', false, '', 'True', {}],
  ['annotations', undefined, `app.conf.task_annotations = X\n${A}`, null, 'unknown'],
  ['a task that says early, with annotations', true, 'app.conf.task_annotations = X\n@app.task(acks_late=False)\ndef a(): ...\n', null, { task: 'a' }],
  ['late, and annotations of the code that say early', true, `app.conf.task_annotations = {"*": {"acks_late": False}}\n${A}`, null, MAYBE],
  ['late, and such a class of all tasks', true, `class Base(Task):\n  acks_late = False\napp = Celery(task_cls=Base)\n${A}`, null, MAYBE],
  ['late, and annotations of the code about something else', true, `app.conf.task_annotations = {"*": {"rate_limit": "1/s"}}\n${A}`, null, 'late'],
  ['late, and annotations of the code that say it, too', true, `app.conf.task_annotations = {"*": {"acks_late": True}}\n${A}`, null, 'late'],
  ['late, and nothing but a comment', true, `app.conf.task_annotations = X  # acks_late=False\n${A}`, null, 'late'],
  ['annotations of the settings: early for all', true, '', undefined, { task: '*', by: "task_annotations['*']" }, { '*': { acks_late: false } }],
  ['early for one in sight', true, A, null, { task: 'a', by: "task_annotations['shop.a']" }, { 'shop.a': { acks_late: 0 } }],
  ['early for one out of sight', undefined, '', undefined, { task: 'shop.a', by: "task_annotations['shop.a']" }, { 'shop.a': { acks_late: null } }],
  ['late for all', undefined, '', undefined, 'late', { '*': { acks_late: true } }],
  ['late for all, before the decorator', true, '@app.task(acks_late=False)\ndef a(): ...\n', null, 'late', { '*': { acks_late: true } }],
  ['late for all, before that for one', true, '', null, 'late', { 'shop.a': { acks_late: false }, '*': { acks_late: 1 } }],
  ['late for one of those that the settings make early', false, '', undefined, 'unknown', { 'shop.a': { acks_late: true } }],
  ['of a list, the first counts', true, '', null, 'late', [{ '*': { acks_late: true } }, { '*': { acks_late: false } }]],
  ['of a list with a class', true, '', null, 'late', ['shop.Annotations', { 'shop.a': { rate_limit: '1/s' } }]],
  ['a class may make late', false, A, null, 'unknown', 'shop.Annotations'],
  ['a class may make early, which nothing says', true, A, null, 'late', 'shop.Annotations'],
  ['about something else', true, A, null, 'late', { '*': { time_limit: 5 }, 'shop.a': 'rate' }],
  ['about something else, and early', false, '', null, {}, { '*': { time_limit: 5 } }],
])('of a program: %s', (_what, late, code, ofCode, expected, annotations = undefined) => {
  expect(acknowledgedByFiles(SETTINGS(late, annotations), [code], ofCode)).toEqual(expected);
});

test.each<[string, string[]]>([
  ['send.apply_async(args, time_limit=60)', ['time_limit 60']], ['send.apply_async(args, soft_time_limit=50)', ['soft_time_limit 50']],
  ['send.apply_async((1, (2,)), soft_time_limit=50, time_limit=60)', ['time_limit 60']], ['app.send_task("send", time_limit=60)', ['time_limit 60']],
  ['send.apply_async(args, countdown=5)', []], ['send.apply_async(args)\nother(time_limit=60)', []], ['# send.apply_async(args, time_limit=60)', []], ['send.delay(time_limit=60)', []],
  ['a.apply_async(time_limit=1)\nb.apply_async(time_limit=2)', ['time_limit 1', 'time_limit 2']], ['send.apply_async(args, my_time_limit=60)', []], ['send.apply_async(time_limit=60', []],
])('limits of the call %s', (code, expected) => {
  expect(limitsOfCalls(code).map(({ option, seconds }) => `${option} ${seconds}`)).toEqual(expected);
});
