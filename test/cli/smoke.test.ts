import { smoke } from '../../src/cli/smoke';
import { Answers, withKubectl } from './fake-kubectl';

async function run(args: string[], answers: Answers = {}) {
  let stdout = '';
  let stderr = '';
  const { result: code, calls } = await withKubectl(answers, () => smoke(args, (text) => stdout += text, (text) => stderr += text));
  return { code, stdout, stderr, calls };
}

const labels = { 'component': 'worker', 'app.kubernetes.io/part-of': 'celery' };
const command = (queue?: string) => ['python', '-m', 'cdk8s_celery_launch', 'celery', '-A', 'tasks', 'worker', ...queue === undefined ? [] : ['-Q', queue], '--', 'task.acks_late=1'];
const worker = (name: string, phase = 'Running'): object => ({
  metadata: { name, namespace: 'shop', labels }, spec: { containers: [{ name: 'worker', command: command('celery') }] },
  status: { phase, conditions: [{ type: 'Ready', status: 'True' }] },
});
const deployment = (name: string, queue: string | undefined, replicas?: number): object => ({
  kind: 'Deployment', metadata: { name, namespace: 'shop', labels },
  spec: { replicas, selector: { matchLabels: labels }, template: { spec: { containers: [{ name: 'worker', command: command(queue) }] } } },
});
const cluster = (answer: object, pods: object[] = [worker('a')], deployments: object[] = [deployment('w', 'celery,mail'), deployment('off', 'post', 0)]): Answers => ({
  'get pods': [JSON.stringify({ items: pods })], 'get deployments': [JSON.stringify({ items: deployments })], 'exec -i': [`${JSON.stringify(answer)}\n`],
});
const OK = { task: 'celery.accumulate', queues: { celery: { ok: true, seconds: 0.3 }, mail: { ok: true, seconds: 1.2 } } };
const FAILED = { queues: { celery: { ok: true, seconds: 0.3 }, mail: { ok: false, error: 'OperationalError: redis://:hunter2@h' } } };

test('sends to each queue of the workers that are to run, and shows the results', async () => {
  const { code, stdout, stderr, calls } = await run(['-n', 'shop'], cluster(OK));
  expect(stdout).toBe('APP     QUEUE   RESULT  AFTER  REASON\ncelery  celery  ok      0.3s\ncelery  mail    ok      1.2s\n');
  expect([code, stderr]).toEqual([0, '']);
  expect(calls.at(-1)).toBe('exec -i -n shop a -c worker -- python -m cdk8s_celery_launch python - '
    + '{"options":{"--app":"tasks"},"settings":["task.acks_late=1"],"queues":["celery","mail"],"declared":false,"timeout":60}');
});

test('returns 1 where one has no result, with the reason and without a password', async () => {
  const { code, stdout } = await run([], cluster(FAILED));
  expect([code, stdout]).toEqual([1, expect.stringMatching(/^celery +mail +FAILED +- +OperationalError: redis:\/\/:\*\*\*@h$/m)]);
});

test.each([
  ['3 where workers have not got to it yet', { ok: false, worked_off: true, error: 'no result within 60 s; 96 messages wait' }, 3, 'WAITS'],
  ['1 where messages wait and become no fewer', { ok: false, worked_off: false, error: 'no result within 60 s; 96 messages wait' }, 1, 'FAILED'],
])('returns %s', async (_, mail, expected, word) => {
  const { code, stdout } = await run([], cluster({ queues: { celery: { ok: true, seconds: 0.3 }, mail } }));
  expect([code, stdout]).toEqual([expected, expect.stringMatching(new RegExp(`^celery +mail +${word} +- +no result within 60 s; 96 messages wait$`, 'm'))]);
});

test('returns 1 where one fails and another waits', async () => {
  expect((await run([], cluster({ queues: { celery: { ok: false, error: 'x' }, mail: { ok: false, worked_off: true, error: 'y' } } }))).code).toBe(1);
});

test('-o json has the same', async () => {
  expect(JSON.parse((await run(['-o', 'json'], cluster(FAILED))).stdout)).toEqual([
    { namespace: 'shop', app: 'celery', queue: 'celery', ok: true, seconds: 0.3 },
    { namespace: 'shop', app: 'celery', queue: 'mail', ok: false, error: 'OperationalError: redis://:***@h' },
  ]);
});

test('sends what it is told to', async () => {
  const { calls } = await run(['--task', 'tasks.add', '--args', '[1, 2]', '--kwargs', '{"z": 3}', '--queue', 'post', '--timeout', '2m', '--context', 'staging'], cluster(OK));
  expect(calls.filter((call) => !call.startsWith('--context staging '))).toEqual([]);
  expect(calls.at(-1)).toContain('"queues":["post"],"declared":false,"task":"tasks.add","args":[1,2],"kwargs":{"z":3},"timeout":120}');
});

test('leaves the queues to the application where the command line of a worker has none', async () => {
  const { calls } = await run([], cluster(OK, [worker('a')], [deployment('w', undefined), deployment('m', 'mail')]));
  expect(calls.at(-1)).toContain('"queues":["mail"],"declared":true');
});

test.each<[string, Answers, RegExp]>([
  ['no app', cluster(OK, [], []), /no pods of a Celery app in the namespace of the context/],
  ['no pod that runs', cluster(OK, [worker('a', 'Pending')]), /no pod of celery runs that could send a task; run cdk8s-celery status to see why/],
  ['an application without results', cluster({ error: 'RuntimeError: the application has no result backend' }), /from pod a no task could be sent: RuntimeError: the application has no/],
  ['a program that says nothing', { ...cluster(OK), 'exec -i': ['Traceback\n'] }, /pod a printed 'Traceback', and no answer/],
  ['a container that ends meanwhile', { ...cluster(OK), 'exec -i': ['command terminated with exit code 137', 1] }, /no task could be sent: the program was killed in pod a: its container has/],
  ['a pod that may not be entered', { ...cluster(OK), 'exec -i': ['Error from server (Forbidden)', 1] }, /from pod a no task could be sent: Error from server \(Forbidden\)/],
])('returns 2 with %s', async (_, answers, message) => {
  expect(await run([], answers)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
});

test.each([
  [['--args', '[1]'], /--args and --kwargs are those of --task/], [['--task', 't', '--args', '{}'], /--args {} is not a list, such as \[1, 2\] in JSON/],
  [['--task', 't', '--kwargs', '[1]'], /--kwargs \[1\] is not an object/], [['--task', 't', '--args', '[1'], /--args \[1 is not a list/],
  [['--timeout', '1'], /--timeout 1 is not a duration/], [['--timeout', '0s'], /--timeout 0 is no time for a result; give e\.g\. 60s/], [['-o', 'x'], /--output x is not a format/],
])('%j is refused with the usage, and asks no cluster', async (args, message) => {
  const { code, stderr, calls } = await run(args);
  expect([code, calls]).toEqual([2, []]);
  expect(stderr).toMatch(message);
  expect(stderr).toContain('Usage: cdk8s-celery smoke');
});

test('--help tells the exit codes', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Exits with'), calls: [] });
});
