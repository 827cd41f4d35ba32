import { requeue } from '../../src/cli/requeue';
import { Answers, withKubectl } from './fake-kubectl';

async function run(args: string[], answers: Answers = {}) {
  let stdout = '';
  let stderr = '';
  const waits: number[] = [];
  const wait = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return Promise.resolve();
  };
  const { result: code, calls } = await withKubectl(answers, () => requeue(args, (text) => stdout += text, (text) => stderr += text, wait));
  return { code, stdout, stderr, calls, waits };
}

interface PodOptions {
  readonly role?: string;
  readonly namespace?: string;
  readonly ip?: string;
  readonly health?: boolean;
  readonly state?: string;
  readonly broker?: string;
  readonly command?: readonly string[];
}

function pod(name: string, { role = 'worker', namespace = 'shop', ip = '10.0.0.1', health = true, state = 'running', broker, command }: PodOptions = {}): object {
  return {
    metadata: { name, namespace, uid: `uid-${name}`, labels: { 'component': role, 'app.kubernetes.io/part-of': 'celery' } },
    spec: { containers: [{
      name: role, command: command ?? ['celery', '-A', 'tasks', role], ports: health ? [{ name: 'health', containerPort: 8790 }] : [],
      env: broker === undefined ? [] : [{ name: 'CELERY_BROKER_URL', value: broker }],
    }] },
    status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ name: role, state: { [state]: {} } }] },
  };
}

const delivery = (tag: string, score = '1.5', id = `id-${tag}`): object => ({ tag, score, id, task: 'tasks.pay', queue: 'mail', age: 1500 });
const list = (deliveries: object[], consumers = ['10.0.0.1']): string => JSON.stringify({ database: 'run/0', consumers, deliveries });
const held = (deliveries: string[] = [], tasks: string[] = [], complete = true): string => JSON.stringify({ complete, deliveries, tasks });
const items = (...pods: object[]): string => JSON.stringify({ items: pods });
const A = pod('a');

interface Rounds {
  readonly pods?: readonly string[];
  readonly has?: Readonly<Record<string, readonly string[]>>;
  readonly lists?: readonly string[];
  readonly more?: Answers;
}

/** Two rounds: who is there, what they have, and what Redis lists; the first list is asked for before them. */
function cluster({ pods = [items(A)], has = { a: [held()] }, lists = [list([delivery('t1')])], more = {} }: Rounds = {}): Answers {
  return {
    // The first text that a call has counts, with the last answer.
    ...more,
    'get pods -A': [pods], 'get pods': [items(A)], 'get deployments': [items()], '"action":"identity"': ['{"database": "run/0"}'],
    '"action":"list"': [lists], '"action":"restore"': ['{"restored": {"t1": "restored", "t2": "has changed meanwhile"}}'],
    ...Object.fromEntries(Object.entries(has).map(([name, answers]) => [`http:${name}:8790/proxy/held`, [answers] as const])),
    ...more,
  };
}
const restored = (calls: string[]): string[] => calls.filter((call) => call.includes('"action":"restore"'));

test('is a dry run, in two rounds 30 s apart', async () => {
  const { code, stdout, stderr, calls, waits } = await run(['-n', 'shop'], cluster());
  expect(stdout).toMatch(/^TASK +ID +QUEUE +DELIVERED +STATE\ntasks\.pay +id-t1 +mail +25m ago +would be restored\n1 would be restored; restore with --yes; 0 more are with the 1 workers of this database\n$/);
  expect([code, stderr, waits, restored(calls)]).toEqual([0, '', [30_000], []]);
  expect(calls.filter((call) => call.includes('/proxy/held'))).toHaveLength(2);
});

test('an app whose message broker cannot be asked is named, and the others go on; lines of the log of kubectl are no cause', async () => {
  const other = { ...pod('z') as { metadata: object }, metadata: { name: 'z', namespace: 'shop', labels: { 'component': 'worker', 'app.kubernetes.io/part-of': 'other' } } };
  const { code, stdout, stderr } = await run(['-n', 'shop'], cluster({ more: {
    'get pods -A': [items(A)],
    'get pods': [items(other, A)],
    'exec -i -n shop z': ['E1126 11:38:59.123456    3860 v2.go:104] "Unhandled Error" err="websocket: close sent"\nunable to upgrade connection: container not found ("worker")', 1],
  } }));
  expect([code, stderr]).toEqual([2, 'cdk8s-celery requeue: from pod z the message broker could not be asked: unable to upgrade connection: container not found ("worker")\n']);
  expect(stdout).toContain('1 would be restored');
});

test('--yes restores exactly what was seen, and says what has become of each', async () => {
  const { code, stdout, calls } = await run(['--yes'], cluster({ lists: [list([delivery('t1'), delivery('t2', '2.25')])] }));
  expect(restored(calls)).toEqual([expect.stringContaining('{"options":{"--app":"tasks"},"settings":[],"action":"restore","deliveries":{"t1":"1.5","t2":"2.25"}}')]);
  expect(stdout).toMatch(/id-t1 .* restored\n.*id-t2 .* has changed meanwhile\n1 of 2 restored; 0 more/);
  expect(code).toBe(0);
});

describe('leaves with its worker', () => {
  const both = [delivery('t1'), delivery('t2')];
  test.each<[string, Rounds]>([
    ['what a channel has', { has: { a: [held(['t1'])] } }],
    ['what it had in the first round only', { has: { a: [held(['t1']), held()] } }],
    ['what it has in the second round only', { has: { a: [held(), held(['t1'])] } }],
    ['what is reserved, active or scheduled', { has: { a: [held([], ['id-t1'])] } }],
    ['what is delivered again meanwhile', { lists: [list(both), list(both), list([delivery('t1', '9.5'), delivery('t2')])] }],
    ['what is delivered only now', { lists: [list([delivery('t2')]), list([delivery('t2')]), list(both)] }],
  ])('%s', async (_, given) => {
    const { code, stdout, calls } = await run(['--yes'], cluster({ lists: [list(both)], ...given }));
    expect(restored(calls)).toEqual([expect.stringContaining('"deliveries":{"t2":"1.5"}}')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 more is with the 1 workers')]);
  });

  test('everything, and nothing is asked to be restored', async () => {
    const { code, stdout, calls } = await run(['--yes'], cluster({ has: { a: [held(['t1'])] } }));
    expect([code, stdout, restored(calls)]).toEqual([0, 'no message was left by a worker that has died; 1 more is with the 1 workers of this database\n', []]);
  });
});

describe('refuses, names it, restores nothing and returns 1', () => {
  const B = (options: PodOptions = {}) => [items(A, pod('b', { ip: '10.0.0.2', ...options }))];
  test.each<[string, Rounds, string]>([
    ['a pod that does not answer', { pods: B(), more: { 'http:b:8790': ['error dialing backend', 1], 'get pod b': ['uid-b Running'] } }, 'pod shop/b does not answer (error dialing backend)'],
    ['one that is silent in the second round', { pods: B(), has: { a: [held()], b: [held(), ''] }, more: { 'get pod b': ['uid-b Running'] } }, 'pod shop/b does not answer ('],
    ['a pod of another namespace', { pods: B({ namespace: 'web' }), more: { 'http:b:8790': ['refused', 1], 'get pod b': ['uid-b Running'] } }, 'pod web/b does not answer (refused)'],
    ['a pod without an agent', { pods: B({ health: false }), more: { 'get pod b': ['uid-b Running'] } }, 'pod shop/b has no agent that could say it'],
    ['a worker that is not connected', { pods: B(), has: { a: [held()], b: [held([], [], false)] }, more: { 'get pod b': ['uid-b Running'] } }, 'pod shop/b does not know all that it has'],
    ['a worker of which the database is not known', { pods: B(), more: { '-n shop b -c worker': ['no', 1], 'http:b:8790': ['refused', 1], 'get pod b': ['uid-b Running'] } }, 'pod shop/b does not answer'],
    ['a consumer that is no pod', { lists: [list([delivery('t1')], ['10.0.0.1', '192.168.7.7'])] }, '192.168.7.7, which is no pod of this cluster'],
    ['a consumer that is no worker', { pods: B({ command: ['exporter'] }), lists: [list([delivery('t1')], ['10.0.0.2'])] }, 'pod shop/b, which is no worker (--except b'],
    ['a worker that starts meanwhile', { pods: [items(A), ...B()], has: { a: [held()], b: [held()] } }, 'a worker has started meanwhile'],
    ['another database meanwhile', { lists: [list([]), JSON.stringify({ database: 'other/0', consumers: [], deliveries: [] })] }, 'the database is another one meanwhile'],
  ])('%s', async (_, given, message) => {
    const { code, stdout, stderr, calls } = await run(['--yes'], cluster(given));
    expect({ code, stdout, restored: restored(calls) }).toEqual({ code: 1, stdout: '', restored: [] });
    expect(stderr).toMatch(/^cdk8s-celery requeue: nothing is put back: /);
    expect(stderr).toContain(message);
  });
});

describe('does not wait for', () => {
  test.each<[string, Rounds, string[]]>([
    ['a worker of another database', { pods: [items(A, pod('b', { health: false }))], more: { '-n shop b -c worker -- python - {"options":{"--app":"tasks"},"settings":[],"action":"identity"': ['{"database": "run/1"}'] } }, []],
    ['a worker of RabbitMQ', { pods: [items(A, pod('b', { health: false, broker: 'amqp://h' }))] }, []],
    ['a container that has ended', { pods: [items(A, pod('b', { health: false, state: 'waiting' }))] }, []],
    ['a pod that has gone since it was listed', { pods: [items(A, pod('b'))], more: { 'http:b:8790': ['not found', 1], 'get pod b': [''] } }, []],
    ['one that it is told of', { pods: [items(A, pod('b', { health: false, ip: '10.0.0.2' }))], lists: [list([delivery('t1')], ['10.0.0.2'])] }, ['--except', 'b']],
    ['Flower, which acknowledges nothing', { pods: [items(A, pod('f', { role: 'flower', ip: '10.0.0.3' }))], lists: [list([delivery('t1')], ['10.0.0.3'])] }, []],
  ])('%s', async (_, given, args) => {
    expect(await run(args, cluster(given))).toMatchObject({ code: 0, stdout: expect.stringContaining('1 would be restored'), stderr: '' });
  });
});

test.each<[string, Answers, RegExp]>([
  ['pods of all namespaces that may not be read', cluster({ more: { 'get pods -A': ['Error from server (Forbidden): pods is forbidden', 1] } }), /pods is forbidden/],
  ['Redis that does not answer', { ...cluster(), '"action":"list"': ['{"error": "ConnectionError: redis://:hunter2@h"}'] }, /ConnectionError: redis:\/\/:\*\*\*@h/],
  ['no pod that runs', { ...cluster(), 'get pods': [items()] }, /no pod of a Celery app runs in the namespace of the context that could ask Redis/],
])('returns 2 with %s', async (_, answers, message) => {
  const { code, stdout, stderr, calls } = await run(['--yes'], answers);
  expect({ code, stdout, restored: restored(calls) }).toEqual({ code: 2, stdout: '', restored: [] });
  expect(stderr).toMatch(message);
});

test('--except of a pod that there is not returns 2, and names it', async () => {
  const { code, stderr, calls } = await run(['--yes', '--except', 'a', '--except', 'nope'], cluster());
  expect([code, stderr, restored(calls)]).toEqual([2, 'cdk8s-celery requeue: --except nope: there is no pod of this name in the cluster\n', []]);
});

test('--this-namespace reads no other, and refuses for a consumer that is not in it', async () => {
  const { code, calls } = await run(['--this-namespace'], { ...cluster(), 'get pods -n shop -o json': [items(A)] });
  expect([code, calls.filter((call) => call.includes(' -A'))]).toEqual([0, []]);
  const elsewhere = await run(['--this-namespace'], { 'get pods -n shop -o json': [items(A)], ...cluster({ lists: [list([], ['10.0.0.1', '10.9.9.9'])] }) });
  expect(elsewhere).toMatchObject({ code: 1, stderr: expect.stringContaining('10.9.9.9, which is no pod of this namespace') });
});

test('RabbitMQ needs none of it', async () => {
  expect(await run([], { ...cluster(), '"action":"list"': ['{"database": null, "transport": "amqp"}'] }))
    .toMatchObject({ code: 0, stdout: 'the message broker of a is not Redis: it delivers again by itself\n' });
});

test('--help tells the exit codes', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Exits with'), calls: [] });
});
