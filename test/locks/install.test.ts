import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Chart } from 'cdk8s';
import { findPython, run } from './python';
import { AppCode, Broker, CeleryApp, CeleryFlower, CeleryWorker, PythonRuntime, ResultBackend, WorkerPool } from '../../src';
import { celeryApp, TASKS } from '../fixtures';
import { synth } from '../manifests';
import { parsePins } from './lock';

const python = findPython('3.11');
if (!python) throw new Error('No working Python 3.11 with venv and ensurepip: put python3.11 on the PATH.');

let folder: string;

beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-install-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Different {
  /** What the user requires. */
  readonly requirements?: string[];
  /** Changes a file of the ConfigMap. */
  readonly change?: (file: string, text: string) => string;
  readonly env?: Record<string, string>;
}

/** Does what the init container of a Deployment does, on this machine: the files of its ConfigMap, its arguments, its environment. */
async function install(deployment: string, { requirements, change = (_file, text) => text, env }: Different = {}): Promise<Outcome> {
  const manifests = synth((chart: Chart) => {
    const celery = celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.3.4', requirements }) });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryWorker(chart, 'green', { celery, pool: WorkerPool.gevent() });
    new CeleryFlower(chart, 'flower', { celery });
    const rabbit = new CeleryApp(chart, 'rabbit', {
      app: 'tasks', code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.install({ celery: '5.3.4', requirements }),
      broker: Broker.fromUrl('amqp://rabbitmq.example.com//'), resultBackend: ResultBackend.rpc(),
    });
    new CeleryWorker(chart, 'rabbit-worker', { celery: rabbit });
  });
  const pod = manifests.pod(deployment);
  const [container] = pod.initContainers;
  const mount = container.volumeMounts.find(({ mountPath }) => container.command[1].startsWith(`${mountPath}/`))!;
  const { data } = manifests.get('ConfigMap', pod.volumes.find(({ name }) => name === mount.name)!.configMap.name);
  const scripts = join(folder, 'scripts');
  mkdirSync(scripts);
  for (const [file, text] of Object.entries(data)) writeFileSync(join(scripts, file), change(file, text));

  const [shell, script] = container.command;
  return new Promise((done) => {
    execFile(shell, [script.replace(mount.mountPath, scripts), ...container.args], {
      timeout: 240_000,
      env: {
        ...process.env, ...Object.fromEntries(container.env.map(({ name, value }) => [name, value])),
        VIRTUAL_ENV: join(folder, 'venv'), HOME: folder, PATH: `${dirname(python!)}:${process.env.PATH}`, ...env,
      },
    }, (error, stdout, stderr) => done({ code: error ? Number(error.code) : 0, stdout, stderr }));
  });
}

/** The packages of the virtual environment. */
async function installed(): Promise<string[]> {
  const pins = await run(python!, ['-m', 'pip', '--python', join(folder, 'venv/bin/python'), 'list', '--format=freeze']);
  return parsePins(pins, 'pip').map(([name]) => name);
}

test.each([
  ['celery-worker', ['celery', 'redis'], ['flower', 'tornado', 'gevent', 'greenlet']],
  ['rabbit-worker', ['celery', 'amqp'], ['redis', 'flower', 'gevent']],
  ['celery-green', ['celery', 'redis', 'gevent', 'greenlet'], ['flower', 'tornado']],
  ['celery-flower', ['celery', 'redis', 'flower', 'tornado'], ['gevent', 'greenlet']],
])('%s gets what it needs, in one step, and nothing of what others need', async (deployment, needed, others) => {
  const { code, stdout, stderr } = await install(deployment);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('cdk8s-celery')]);
  expect(stdout.match(/Successfully installed/g)).toHaveLength(1);
  const packages = await installed();
  expect(packages).toEqual(expect.arrayContaining(needed));
  expect(packages.filter((name) => others.includes(name))).toEqual([]);
});

test('requirements of the user are installed in a second step, within the lock', async () => {
  const { code, stdout } = await install('celery-worker', { requirements: ['requests==2.32.3', 'redis>=4.5'] });
  expect(code).toBe(0);
  expect(stdout).toContain('Requirement already satisfied: redis>=4.5');
  expect(stdout.match(/Successfully installed .*/g)).toEqual([expect.stringContaining('celery-5.3.4'), expect.stringContaining('requests-2.32.3')]);
});

test('what a killed installation left is removed', async () => {
  mkdirSync(join(folder, 'venv/lib/python3.11/site-packages/celery'), { recursive: true });
  writeFileSync(join(folder, 'venv/lib/python3.11/site-packages/celery/half.py'), '');
  expect(await install('celery-worker')).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, 'venv/lib/python3.11/site-packages/celery'))).not.toContain('half.py');
});

// One digit of a hash is changed, which is what a file with other content looks like.
test('a file that is not the one of the lock stops the installation before anything is installed', async () => {
  const change = (file: string, text: string): string => file === 'base.txt'
    ? text.replace(/(kombu==.*\n +--hash=sha256:)(.)/, (_, before: string, digit: string) => `${before}${digit === '0' ? '1' : '0'}`) : text;
  const { code, stderr } = await install('celery-worker', { requirements: ['requests==2.32.3'], change });
  expect(code).toBe(1);
  expect(stderr).toMatch(/Expected sha256 [01][0-9a-f]{63}\n +Got +[0-9a-f]{64}/);
  expect(stderr).toContain('is not the one of the lock, see Expected and Got above. Nothing was installed.');
  expect(stderr).toContain('a mirror must serve the files of PyPI unchanged');
  expect(await installed()).toEqual([]);
});

describe('with an index of our own', () => {
  const WHEEL = 'vine-5.1.0-py3-none-any.whl';
  const onlyVine = (file: string, text: string): string => file === 'base.txt' ? /^vine==.*\n.*\n/m.exec(text)![0] : text;
  // Nothing of this machine's configuration, which may know another index.
  const env = { PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '', PIP_RETRIES: '0' };

  /** Answers with pages and files by path; everything else is not found. */
  async function serving(files: Record<string, string>, use: (url: string) => Promise<void>): Promise<void> {
    const server = createServer(({ url }, response) => {
      const body = files[url ?? ''];
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`);
    } finally {
      server.close();
    }
  }

  test('a wheel that a mirror has packed again is refused', () => serving({
    '/simple/vine/': `<a href="/${WHEEL}">${WHEEL}</a>`, [`/${WHEEL}`]: 'packed again',
  }, async (url) => {
    const { code, stderr } = await install('celery-worker', { change: onlyVine, env: { ...env, PIP_INDEX_URL: url } });
    expect(code).toBe(1);
    expect(stderr).toContain(`cdk8s-celery: a file that ${url} serves is not the one of the lock`);
  }));

  test('a source distribution is not built', () => serving({
    '/simple/vine/': '<a href="/vine-5.1.0.tar.gz">vine-5.1.0.tar.gz</a>', '/vine-5.1.0.tar.gz': 'setup.py would run',
  }, async (url) => {
    const { code, stderr } = await install('celery-worker', { change: onlyVine, env: { ...env, PIP_INDEX_URL: url } });
    expect(code).toBe(1);
    expect(stderr).toContain(`cdk8s-celery: ${url} does not have all files of the lock`);
    expect(stderr).toContain('Celery 5.3.4 on Python 3.11');
  }));

  test('an index that does not answer is named as that', async () => {
    const { code, stderr } = await install('celery-worker', { change: onlyVine, env: { ...env, PIP_INDEX_URL: 'http://127.0.0.1:9/simple' } });
    expect(code).toBe(1);
    expect(stderr).toContain('cdk8s-celery: the package index (http://127.0.0.1:9/simple) can\'t be reached from this pod');
  });
});
