import { NAMESPACE } from './apps/brokers';
import { eventually, exec, logs, python, readyPods, testIn, told } from './harness';

const test = testIn(NAMESPACE);

const LAUNCH = ['python', '-m', 'cdk8s_celery_launch'];
const SEND = `
from tasks import add
results = [add.delay(n, n) for n in range(100)]
print(*[result.get(timeout=60) for result in results])
`;

test('a hundred tasks and their results pass through a Redis with TLS and a password of any characters', async () => {
  await eventually('the worker is ready', 240, () => readyPods(NAMESPACE, 'app.kubernetes.io/instance=celery-worker', 1));
  // Another process of the pod is started by the launcher, as the worker is.
  const results = await exec(NAMESPACE, 'deploy/celery-worker', [...LAUNCH, 'python', '-'], SEND);
  expect(results.trim()).toBe(Array.from({ length: 100 }, (_, n) => n + n).join(' '));
});

test('the worker has the command of Celery, no argument has the password, and remote control works', async () => {
  const [commands, uri] = (await python(NAMESPACE, 'deploy/celery-worker', `
import glob, os
print([open(path).read() for path in glob.glob('/proc/[0-9]*/cmdline')])
print(os.environ.get('CELERY_BROKER_URL'))`)).split('\n');
  expect(commands).toContain('celery\\x00-A\\x00tasks\\x00worker');
  expect(commands).not.toMatch(/p@ss|p%40ss/);
  // What is composed is in the environment of the worker only.
  expect(uri).toBe('None');
  expect(await exec(NAMESPACE, 'deploy/celery-worker', [...LAUNCH, 'celery', '-A', 'tasks', 'inspect', 'ping'])).toMatch(/OK[^]*pong/);
});

test('Redis takes neither a connection without the password nor a dangerous command', async () => {
  const client = ['redis-cli', '--tls', '--cacert', '/etc/redis-tls/ca.crt'];
  expect(await exec(NAMESPACE, 'deploy/redis', [...client, 'ping'])).toBe('PONG\n');
  expect(await exec(NAMESPACE, 'deploy/redis', ['env', '-u', 'REDISCLI_AUTH', ...client, 'ping'])).toContain('NOAUTH');
  expect(await exec(NAMESPACE, 'deploy/redis', [...client, 'flushall'])).toContain('NOPERM');
});

test('Flower connects', async () => {
  await eventually('Flower is ready', 120, () => readyPods(NAMESPACE, 'component=flower', 1));
  await eventually('Flower says that it has connected', 60, async () =>
    expect(await logs(NAMESPACE, 'component=flower', 'flower')).toContain('Connected to rediss://'));
});

test('a password that was rotated away is one clear log line a minute, an unready pod and a cause in status', async () => {
  const selector = 'app.kubernetes.io/instance=rotated-worker';
  const line = /broker redis\.celery-e2e-brokers\.svc\.cluster\.local:6379: the password or the user is refused/;
  const log = await eventually('the worker says so', 180, async () => {
    const text = await logs(NAMESPACE, selector, 'worker');
    expect(text).toMatch(line);
    return text;
  });
  expect(log).not.toMatch(/the password before|the%20password/);
  await expect(readyPods(NAMESPACE, selector, 1)).rejects.toThrow('0 of 1 pods');
  const { code, rows } = await told(NAMESPACE);
  expect(code).toBe(1);
  expect(rows.flat().join(' ')).toMatch(/rotated-worker.*refused/);
});
