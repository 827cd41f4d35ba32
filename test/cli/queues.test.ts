import { Manifest } from '../manifests';
import { Answers, withKubectl } from './fake-kubectl';
import { queues } from '../../src/cli/queues';

async function run(args: string[], answers: Answers = {}) {
  let stdout = '';
  let stderr = '';
  const { result: code, calls } = await withKubectl(answers, () => queues(args, (text) => stdout += text, (text) => stderr += text));
  return { code, stdout, stderr, calls };
}

const labels = (component: string, app = 'celery') => ({ component, 'app.kubernetes.io/part-of': app, 'pool': 'w' });
const command = (queue: string) => ['celery', '-A', 'tasks', 'worker', '-Q', queue];
const worker = (name: string, queue = 'celery'): object => ({
  metadata: { name, namespace: 'shop', labels: labels('worker') },
  spec: { containers: [{ name: 'worker', command: command(queue), ports: [{ name: 'health', containerPort: 8790 }] }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});
const deployment = (name: string, queue: string, replicas = 1): object => ({
  kind: 'Deployment', metadata: { name, namespace: 'shop', labels: labels('worker') },
  spec: { replicas, selector: { matchLabels: { pool: 'w' } }, template: { spec: { containers: [{ name: 'worker', command: command(queue) }] } } },
});
const agent = (name: string, given: object): Answers => ({ [`http:${name}:8790/proxy/status`]: [JSON.stringify({
  live: true, ready: true, reason: '', now: '2026-01-01T12:00:00+00:00', versions: { celery: '5', kombu: '5', python: '3' }, ...given,
})] });
const cluster = (pods: object[], deployments: object[], depths: object, more: Answers = {}): Answers => ({
  'get pods': [JSON.stringify({ items: pods })], 'get deployments': [JSON.stringify({ items: deployments })],
  'exec -i': [JSON.stringify({ declared: [], unacked: null, ...depths })], ...more,
});

test('lists depth, consumers and Deployments of each queue, and what is not acknowledged', async () => {
  const { code, stdout } = await run(['-n', 'shop'], cluster(
    [worker('a'), worker('b', 'celery,mail')], [deployment('celery-worker', 'celery'), deployment('mail', 'mail')],
    { queues: { celery: 3, mail: 0, post: 0 }, declared: ['post'], unacked: { count: 9, age: 1500 } },
    { ...agent('a', { queues: { celery: 3 }, not_consumed: [] }), ...agent('b', { queues: { celery: 3, mail: 0 }, not_consumed: ['mail'] }) },
  ));
  expect(stdout).toBe([
    'APP     QUEUE   MESSAGES  CONSUMERS  WORKERS',
    'celery  celery  3         2          celery-worker',
    'celery  mail    0         0          mail',
    'celery  post    0         0          -',
    'celery: 9 messages are delivered and not acknowledged, the oldest for 25m',
    '',
  ].join('\n'));
  expect(code).toBe(0);
});

test.each([[0, 0], [1, 1]])('with %d messages in a queue that no pod consumes it returns %d', async (messages, expected) => {
  const { code } = await run([], cluster([worker('a')], [deployment('mail', 'mail', 0)], { queues: { celery: 5, mail: messages } }, agent('a', { queues: { celery: 5 } })));
  expect(code).toBe(expected);
});

test('returns 2 where the broker can not be asked, and says why without the password', async () => {
  const { code, stdout, stderr } = await run([], cluster([worker('a')], [deployment('w', 'celery')], { error: 'OperationalError: redis://:hunter2@h' }));
  expect(stdout).toMatch(/^celery {2}celery {2}\? +0 +w$/m);
  expect([code, stderr]).toEqual([2, 'cdk8s-celery queues: the message broker of celery could not be asked: OperationalError: redis://:***@h\n']);
});

test('of workers scaled to 0, one without --queues consumes the default queue', async () => {
  const [mail, rest] = ['mail', ''].map((queue) => deployment(queue || 'celery-worker', queue, 0) as Manifest);
  rest.spec.template.spec.containers[0].command = ['celery', '-A', 'tasks', 'worker'];
  for (const { spec } of [mail, rest]) spec.template.spec.containers[0].env = [{ name: 'CELERY_BROKER_URL', value: 'redis://redis:6379/0' }];
  const asked = async (...workers: object[]) => (await run([], cluster([], workers, {}, { 'exec -n shop service/redis': ['0\n'] }))).stdout.trim().split('\n').slice(1, -1);
  expect(await asked(rest)).toEqual(['celery  celery  0         0          celery-worker']);
  expect(await asked(mail, rest)).toEqual(['celery  celery  0         0          celery-worker', 'celery  mail    0         0          mail']);
  expect(await asked(mail)).toEqual(['celery  mail   0         0          mail']);
  rest.spec.template.spec.containers[0].command = ['celery', '-A', 'tasks', 'worker', '--', 'task.default_queue=tasks'];
  expect(await asked(rest)).toEqual(['celery  tasks  0         0          celery-worker']);
});

test('prints the same as JSON', async () => {
  const { stdout } = await run(['-o', 'json'], cluster([worker('a')], [deployment('w', 'celery')], { queues: { celery: 2 }, unacked: { count: 1, age: 4 } }, agent('a', { queues: { celery: 2 } })));
  expect(JSON.parse(stdout)).toEqual({
    queues: [{ namespace: 'shop', app: 'celery', queue: 'celery', messages: 2, consumers: 1, workers: ['w'] }],
    unacked: [{ namespace: 'shop', app: 'celery', count: 1, age: 4 }],
  });
});

test('asks in one place, with the options of the command line, and goes where it is sent', async () => {
  const { calls } = await run(['-n', 'shop', '--app', 'celery', '--context', 'staging'], cluster([worker('a')], [], { queues: {} }, agent('a', {})));
  expect(calls.filter((call) => !call.startsWith('--context staging '))).toEqual([]);
  expect(calls[0]).toContain('get pods -n shop -l app.kubernetes.io/name=celery,app.kubernetes.io/part-of=celery -o json');
  expect(calls.filter((call) => call.includes('exec -i'))).toEqual([expect.stringContaining('exec -i -n shop a -c worker -- python - {"options":{"--app":"tasks"}')]);
});

test.each([[['-o', 'yaml'], /--output yaml is not a format/], [['-n', 'a,b'], /--namespace a,b is not a name/], [['x'], /x/]])(
  '%j is refused with the usage, and asks no cluster', async (args, message) => {
    const { code, stderr, calls } = await run(args);
    expect([code, calls]).toEqual([2, []]);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: cdk8s-celery queues');
  },
);

test('no app is an error', async () => {
  expect(await run([], cluster([], [], {}))).toMatchObject({ code: 2, stderr: expect.stringContaining('no pods of a Celery app in the namespace of the context') });
});

test('--help tells the exit codes', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Exits with'), calls: [] });
});
