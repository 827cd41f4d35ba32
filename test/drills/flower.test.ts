import { ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ApiObject, Chart } from 'cdk8s';
import { CeleryFlower, CeleryWorker, FlowerAuth, FlowerExposure, WorkerPool } from '../../src';
import { eventually, events, exec, python, readyPods, restarts, say, testIn } from '../e2e/harness';
import { certificate, controllerService, htpasswd } from '../e2e/web';
import { Browser } from './browser';
import { celeryApp, deployed, namespace } from './drill';

/** Flower in a real browser, and the memory that it takes for as many tasks as it keeps. SCREENSHOT=docs/flower.png writes the picture. */
const NAMESPACE = 'celery-drill-flower';
const PLAIN = 'plain.drill.example';
const PREFIXED = 'prefixed.drill.example';
const PREFIX = '/tools/flower';
/** Tasks, and bytes of arguments of each. */
const TASKS = 10_000;
const ARGUMENTS = 1024;

const ECHO = 'from celery import Celery\n\napp = Celery("tasks")\n\n\n@app.task\ndef echo(text):\n    return len(text)\n';

deployed(namespace(NAMESPACE, (chart: Chart) => {
  const secret = (name: string, stringData: Record<string, string>, type?: string) =>
    new ApiObject(chart, `secret-${name}`, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, stringData });
  secret('flower-login', { auth: htpasswd('ada', 'lovelace'), users: 'ada:lovelace' });
  for (const [name, host] of [['plain-tls', PLAIN], ['prefixed-tls', PREFIXED]]) {
    const { key, crt } = certificate(host);
    secret(name, { 'tls.crt': crt, 'tls.key': key }, 'kubernetes.io/tls');
  }
  const celery = celeryApp(chart, { files: { 'tasks.py': ECHO }, settings: { task_ignore_result: true } });
  new CeleryWorker(chart, 'worker', { celery, pool: WorkerPool.prefork({ concurrency: 2 }) });
  new CeleryFlower(chart, 'plain', {
    celery, auth: FlowerAuth.atProxy({ secret: 'flower-login' }), exposure: FlowerExposure.ingress({ host: PLAIN, tls: 'plain-tls', ingressClassName: 'nginx' }),
  });
  new CeleryFlower(chart, 'prefixed', {
    celery, urlPrefix: PREFIX, readOnly: true, auth: FlowerAuth.basic({ name: 'flower-login', key: 'users' }),
    exposure: FlowerExposure.ingress({ host: PREFIXED, tls: 'prefixed-tls', ingressClassName: 'nginx' }),
  });
}));

const test = testIn(NAMESPACE);
const SITES = [[PLAIN, ''], [PREFIXED, PREFIX]] as const;

/** Forwards a port of this machine to the controller, again where the connection to the pod is lost. */
async function forwarding(): Promise<{ port: string; end(): void }> {
  const { namespace: at, name } = await controllerService();
  let ended = false;
  let current: ChildProcess;
  const start = (local: string): ChildProcess => {
    current = spawn('kubectl', ['port-forward', '-n', at, `service/${name}`, `${local}:443`], { stdio: ['ignore', 'pipe', 'inherit'] });
    return current;
  };
  const port = await new Promise<string>((resolve) => start('').stdout!.on('data', (chunk: Buffer) => {
    const [, found] = /127\.0\.0\.1:(\d+)/.exec(chunk.toString()) ?? [];
    if (found) resolve(found);
  }));
  const again = (): void => void current.once('exit', () => {
    if (ended) return;
    start(port);
    again();
  });
  again();
  return { port, end: () => {
    ended = true;
    current.kill();
  } };
}

test('in a browser, with and without a prefix: login, pages, scripts, and tasks', async () => {
  await eventually('all pods are ready', 300, () => readyPods(NAMESPACE, 'app.kubernetes.io/part-of=celery', 3));
  const forward = await forwarding();
  const browser = await Browser.open([PLAIN, PREFIXED], `127.0.0.1:${forward.port}`);
  try {
    expect(await python(NAMESPACE, 'deploy/celery-worker', 'from tasks import echo\nprint(*[echo.delay("Ada " * n).id for n in range(25)])')).toMatch(/^\S+( \S+){24}$/);
    for (const [host, prefix] of SITES) {
      const asked: { status: number; url: string }[] = [];
      // A page counts once all of it has loaded at one go: a new network interface of this machine, or a busy one, cuts requests off.
      const shows = (what: string, url: string, look: () => Promise<void>) => eventually(`${host} shows ${what}`, 120, async () => {
        await browser.answers();
        await browser.errors();
        await browser.go(url);
        await eventually('it is there', 20, look);
        const answers = (await browser.answers()).filter(({ url: one }) => one.startsWith(`https://${host}`));
        expect(answers.length).toBeGreaterThan(0);
        expect(answers.filter(({ status, url: one }) => status >= 400 || !one.startsWith(`https://${host}${prefix}/`))).toEqual([]);
        expect(await browser.errors()).toEqual([]);
        asked.push(...answers);
      });
      await eventually(`${host} asks for a login`, 120, async () => {
        await browser.answers();
        await browser.go(`https://${host}${prefix}/`);
        expect((await browser.answers()).find(({ url }) => url === `https://${host}${prefix}/`)?.status).toBe(401);
      });
      await shows('the worker', `https://ada:lovelace@${host}${prefix}/`, async () => expect(await browser.text()).toMatch(/celery@celery-worker-/));
      for (const page of ['broker', 'workers']) {
        await shows(page, `https://${host}${prefix}/${page}`, async () => expect(await browser.run('return document.title')).toMatch(/Flower/));
      }
      // Flower does not load the table again by itself.
      await shows('tasks that have run', `https://${host}${prefix}/tasks`, async () => expect(await browser.text()).toMatch(/tasks\.echo[\s\S]*SUCCESS/i));
      if (prefix === '' && process.env.SCREENSHOT) writeFileSync(process.env.SCREENSHOT, await browser.screenshot());
      expect(asked.filter(({ url }) => /\.(js|css)(\?|$)/.test(url)).length).toBeGreaterThan(3);
      expect(asked.filter(({ url }) => url.includes('/datatable')).length).toBeGreaterThan(0);
    }
  } finally {
    await browser.close();
    forward.end();
  }
});

test(`${TASKS} tasks with arguments of ${ARGUMENTS} bytes fit into its memory limit, and all of them on one page, too`, async () => {
  await python(NAMESPACE, 'deploy/celery-worker', `
import random, string
from tasks import echo
letters = string.ascii_letters + string.digits
for _ in range(${TASKS}):
    echo.delay(''.join(random.choices(letters, k=${ARGUMENTS})))`);
  const [plain] = await readyPods(NAMESPACE, 'app.kubernetes.io/instance=celery-plain', 1);
  const pod = plain.metadata!.name!;
  const page = `
import json, urllib.request
query = 'draw=1&start=0&length=%d&search[value]=&order[0][column]=0&order[0][dir]=asc&columns[0][data]=name'
found = json.load(urllib.request.urlopen('http://localhost:5555/tasks/datatable?' + query % `;
  await eventually('Flower has seen all of them', 400, async () => {
    expect(await python(NAMESPACE, pod, `${page}1))\nprint(found['recordsTotal'])`)).toBe(String(TASKS));
  });
  const rows = await python(NAMESPACE, pod, `${page}${TASKS}))\nprint(len(found['data']), min(len(row['args'] or '') for row in found['data']))`);
  say(`rows and the shortest arguments: ${rows}`);
  // They come as Python writes a tuple.
  expect(Number(rows.split(' ')[0])).toBe(TASKS);
  expect(Number(rows.split(' ')[1])).toBeGreaterThanOrEqual(ARGUMENTS);
  const [now] = await readyPods(NAMESPACE, 'app.kubernetes.io/instance=celery-plain', 1);
  expect([now.metadata!.name, restarts([now])]).toEqual([pod, 0]);
  // The peak of the control group, by version of cgroups, with the program that asks.
  const peak = await exec(NAMESPACE, pod, ['sh', '-c', 'cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes']);
  const used = await exec(NAMESPACE, pod, ['sh', '-c', 'grep -E "VmHWM|VmRSS" /proc/1/status']);
  say(`peak of the container: ${(Number(peak) / 2 ** 20).toFixed(0)} MiB; of the process: ${used.trim().replace(/\s+/g, ' ')}`);
  expect(Number(peak)).toBeLessThan(384 * 2 ** 20);
  // Readiness fails while Flower starts.
  expect((await events(NAMESPACE, 'Unhealthy')).map(({ message }) => message ?? '').filter((message) => message.startsWith('Liveness'))).toEqual([]);
});
