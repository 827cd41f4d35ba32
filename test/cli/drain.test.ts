import { drain } from '../../src/cli/drain';
import { Answers, withKubectl } from './fake-kubectl';

async function run(args: string[], answers: Answers = {}) {
  let stdout = '';
  let stderr = '';
  let waits = 0;
  const wait = (): Promise<void> => {
    // Whoever waits for what never comes ends here.
    if (++waits > 20) throw new Error('waits for ever');
    return Promise.resolve();
  };
  const { result: code, calls } = await withKubectl(answers, () => drain(args, (text) => stdout += text, (text) => stderr += text, wait));
  return { code, stdout, stderr, calls, waits };
}

const labels = (component: string) => ({ component, 'app.kubernetes.io/part-of': 'celery' });
const containers = (role = 'worker', health = true) => [{
  name: role, command: ['celery', '-A', 'tasks', role], ports: health ? [{ name: 'health', containerPort: 8790 }] : [],
}];
const pod = (name: string, { pool = 'mail', role = 'worker', health = true, deletionTimestamp = undefined as string | undefined, running = true, phase = 'Running' } = {}): object => ({
  metadata: { name, namespace: 'shop', labels: { ...labels(role), pool }, deletionTimestamp }, spec: { containers: containers(role, health) },
  status: { phase, conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ state: running ? { running: {} } : { waiting: {} } }] },
});
const deployment = (name: string, pool: string, role = 'worker'): object => ({
  kind: 'Deployment', metadata: { name, namespace: 'shop', labels: labels(role) },
  spec: { selector: { matchLabels: { pool } }, template: { spec: { containers: containers(role) } } },
});
const DEPLOYMENTS: Answers = { 'get deployments': [JSON.stringify({ items: [deployment('celery-mail', 'mail'), deployment('celery-post', 'post'), deployment('celery-beat', 'b', 'beat')] })] };
const cluster = (...pods: object[]): Answers => ({ 'get pods': [JSON.stringify({ items: pods })], ...DEPLOYMENTS, 'exec -i': ['{"sent": 1}'] });
const look = (second: number, given: object): string => JSON.stringify({
  live: true, ready: true, reason: '', now: `2026-01-01T12:00:${second + 10}+00:00`, looked_at: `2026-01-01T12:00:${second + 10}+00:00`, hostname: 'celery@a',
  versions: { celery: '5', kombu: '5', python: '3' }, queues: { 'mail': 4, 'cdk8s-celery.drained': 0 }, not_consumed: ['mail'], active: 0, reserved: 0, ...given,
});
const CONSUMING = { queues: { mail: 4, post: 0 }, not_consumed: [], active: 2, reserved: 3 };
const agent = (name: string, ...looks: string[]): Answers => ({ [`http:${name}:8790/proxy/status`]: [looks] });
const held = (name: string, ...tags: string[]): Answers => ({ [`http:${name}:8790/proxy/held`]: [JSON.stringify({ deliveries: tags })] });

test('cancels its consumers once, and waits until the agent has twice seen nothing', async () => {
  const { code, stdout, calls } = await run(['mail', '-n', 'shop'], {
    ...cluster(pod('a'), pod('other', { pool: 'post' })), ...held('a', 'one'),
    ...agent('a', look(0, CONSUMING), look(5, { active: 1, reserved: 1 }), look(10, {}), look(10, {}), look(15, {})),
  });
  expect(stdout).toBe([
    'a: 2 active, 1 reserved, still consumes mail, post', 'a: 1 active, 0 reserved', 'a: 0 active, 0 reserved',
    'celery-mail is drained: 1 pod, and none has a task; 1 message with an ETA or behind a rate limit stays until the pods end', '',
  ].join('\n'));
  expect(code).toBe(0);
  expect(calls.filter((call) => call.includes('/proxy/status'))).toHaveLength(5);
  expect(calls.filter((call) => call.startsWith('exec -i'))).toEqual([
    'exec -i -n shop a -c worker -- python - {"options":{"--app":"tasks"},"settings":[],"hosts":{"celery@a":["mail","post"]},"undo":false}',
  ]);
});

test.each<[string, object, boolean]>([
  ['reserved', { reserved: 1 }, false], ['active', { active: 1, reserved: 1 }, false], ['nothing', {}, true],
])('a worker with %s is drained: %p', async (_, given, drained) => {
  const { code } = await run(['celery-mail', '--timeout', '0s'], { ...cluster(pod('a')), ...agent('a', look(0, given), look(5, given)) });
  expect(code).toBe(1);
  const later = await run(['celery-mail'], { ...cluster(pod('a')), ...held('a'), ...agent('a', look(0, given), look(5, given)) });
  expect(later.code).toBe(drained ? 0 : 2);
  expect(later.stderr).toMatch(drained ? /^$/ : /waits for ever/);
});

test('after the timeout it says who has what, and returns 1', async () => {
  const { code, stdout } = await run(['mail', '--timeout', '0s'], { ...cluster(pod('a'), pod('b', { health: false })), ...agent('a', look(0, CONSUMING)) });
  expect(stdout.split('\n').at(-2)).toBe(
    'after 0s not done: a (2 active, 1 reserved, still consumes mail, post), b (has no agent that could say what it does)');
  expect(code).toBe(1);
});

test('a pod that does not run yet is not drained: it would consume when it does', async () => {
  const { code, stdout } = await run(['mail', '--timeout', '0s'], { ...cluster(pod('a', { running: false })), 'http:a:8790': ['error dialing backend', 1] });
  expect([code, stdout]).toEqual([1, expect.stringContaining('after 0s not done: a (does not run, and would consume when it does)')]);
});

test('an error of the message broker is told with the pod that had it', async () => {
  const { code, stderr } = await run(['mail'], {
    ...cluster(pod('a')), ...agent('a', look(0, CONSUMING)), 'exec -i': ['{"error": "OperationalError: Error -2 connecting to nobroker:6379."}'],
  });
  expect([code, stderr]).toEqual([2, 'cdk8s-celery drain: from pod a the workers could not be asked: OperationalError: Error -2 connecting to nobroker:6379.\n']);
});

test('a pod that is over has no task; one that is being deleted is waited for, and not asked', async () => {
  const { code, stdout, calls } = await run(['mail'], {
    ...cluster(pod('a', { running: false, phase: 'Failed' }), pod('b', { deletionTimestamp: 'now' })), ...held('b'),
    ...agent('b', look(0, CONSUMING), look(5, { ...CONSUMING, not_consumed: ['mail', 'post'], active: 0, reserved: 0 }), look(10, {})),
    'http:a:8790': ['error dialing backend', 1],
  });
  expect([code, stdout]).toEqual([0, expect.stringContaining('b: 2 active, 1 reserved, is being deleted\n')]);
  expect(calls.filter((call) => call.startsWith('exec -i'))).toEqual([]);
});

test('--undo has it consume its queues again', async () => {
  const { code, stdout, calls } = await run(['mail', '--undo'], { ...cluster(pod('a')), ...agent('a', look(0, {}), look(5, { not_consumed: [] })) });
  expect([code, stdout]).toEqual([0, 'a: does not consume mail\ncelery-mail consumes its queues again: 1 pod\n']);
  expect(calls.find((call) => call.startsWith('exec -i'))).toContain('"hosts":{"celery@a":["mail"]},"undo":true}');
});

test('a pool without pods is drained', async () => {
  expect(await run(['mail'], cluster())).toMatchObject({ code: 0, stdout: 'celery-mail has no pods\n' });
});

test.each([
  [['nothing'], /no Deployment in the namespace of the context is called nothing; of workers there are: celery-mail, celery-post/],
  [['beat'], /celery-beat runs no worker; of workers there are: celery-mail, celery-post/],
])('%j is an error that names those that there are', async (args, message) => {
  expect(await run(args, cluster())).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
});

test.each([
  [[], /which pool\? give the name of its Deployment/], [['a', 'b'], /one pool at a time; 'b' is a second one/], [['a', '--timeout', '5'], /--timeout 5 is not a duration/],
  [['a', '-n', 'x y'], /--namespace x y is not a name/],
])('%j is refused with the usage, and asks no cluster', async (args, message) => {
  const { code, stderr, calls } = await run(args);
  expect([code, calls]).toEqual([2, []]);
  expect(stderr).toMatch(message);
  expect(stderr).toContain('Usage: cdk8s-celery drain');
});

test('--help tells the exit codes', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Exits with'), calls: [] });
});
