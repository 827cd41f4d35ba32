import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Chart, Duration } from 'cdk8s';
import type { Job } from 'kubernetes-types/batch/v1';
import { CelerySmokeTest, CeleryWorker, WorkerPool } from '../../src';
import { smoke } from '../../src/cli/smoke';
import { eventually, kubectl, logs, readyPods, say, testIn } from '../e2e/harness';
import { makeNamespace } from '../namespaces';
import { celeryApp, deployed, namespace, ranOn, SMALL, TASKS } from './drill';

/**
 * A release whose workers start, are ready, and cannot run their task: the Job of CelerySmokeTest fails, `cdk8s-celery smoke` says why, and
 * `deploy-celery.sh --smoke` goes back. Probes and `kubectl rollout status` find nothing. Needs `npm run build`.
 */
const NAMESPACE = 'celery-drill-smoke';
const ROOT = join(__dirname, '../..');
const WORKER = 'deployment/celery-worker';

const GOOD = `${TASKS}

@app.task
def ping():
    return 'pong'
`;
const BAD = GOOD.replace('return \'pong\'', 'import a_package_that_was_forgotten');

function define(chart: Chart, code: string, test: boolean): void {
  const celery = celeryApp(chart, { files: { 'tasks.py': code }, resources: SMALL });
  new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 1 }) });
  if (test) new CelerySmokeTest(chart, 'smoke', { celery, task: 'tasks.ping', timeout: Duration.minutes(1) });
}

deployed(namespace(NAMESPACE, (chart) => define(chart, GOOD, false)));

function manifests(code: string, test: boolean): string {
  const app = new App();
  makeNamespace(app, NAMESPACE, 'restricted');
  define(new Chart(app, 'smoke', { namespace: NAMESPACE }), code, test);
  return app.synthYaml();
}

/** The folder of a user: the script, and manifests in dist/. Returns its exit code and what it prints. */
async function deploy(code: string): Promise<{ code: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-drill-'));
  try {
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist/all.yaml'), manifests(code, false));
    cpSync(join(ROOT, 'deploy'), join(folder, 'deploy'), { recursive: true });
    for (const name of ['bin', 'node_modules']) symlinkSync(join(ROOT, name), join(folder, name));
    return await new Promise((resolve) => {
      execFile(join(folder, 'deploy/deploy-celery.sh'), ['--smoke', '--smoke-task', 'tasks.ping', '--timeout', '300'], { encoding: 'utf8' }, (error, stdout, stderr) => {
        say(`deploy-celery.sh exits with ${error?.code ?? 0}\n${stdout}${stderr}`);
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr });
      });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Applies a release, waits for its rollout, and then runs the test as the hook of Argo CD or Helm would. */
async function released(code: string): Promise<{ type?: string; said: string }> {
  await kubectl(['apply', '-f', '-'], manifests(code, false));
  await kubectl(['rollout', 'status', WORKER, '-n', NAMESPACE, '--timeout=300s']);
  await eventually('two workers are ready', 120, () => readyPods(NAMESPACE, 'component=worker', 2));
  await kubectl(['apply', '-f', '-'], manifests(code, true));
  const done = await eventually('the Job has ended', 180, async () => {
    const jobs: Job[] = JSON.parse(await kubectl(['get', 'jobs', '-n', NAMESPACE, '-o', 'json'])).items;
    const ended = jobs.map(({ status }) => status?.conditions?.find(({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True'));
    if (ended.length !== 1 || !ended[0]) throw new Error(JSON.stringify(jobs.map(({ status }) => status)));
    return ended[0];
  });
  const said = await logs(NAMESPACE, 'component=job');
  say(`the Job: ${done.type}\n${said}`);
  await kubectl(['delete', 'jobs', '--all', '-n', NAMESPACE]);
  return { type: done.type, said };
}

async function asked(): Promise<{ code: number; said: string }> {
  let said = '';
  const print = (text: string): void => { said += text; };
  const code = await smoke(['-n', NAMESPACE, '--task', 'tasks.ping', '--timeout', '30s'], print, print);
  say(`smoke exits with ${code}\n${said}`);
  return { code, said };
}

/** The ConfigMap of the code that the Deployment has. */
async function running(): Promise<string> {
  const { spec } = JSON.parse(await kubectl(['get', WORKER, '-n', NAMESPACE, '-o', 'json']));
  return spec.template.spec.volumes.find(({ name }: { name: string }) => name === 'celery-app').configMap.name;
}

const test = testIn(NAMESPACE);

test('a release that works: the Job completes', async () => {
  expect(await released(GOOD)).toEqual({ type: 'Complete', said: expect.stringMatching(/celery: tasks\.ping ran, result after/) });
  expect(await asked()).toMatchObject({ code: 0 });
});

test('a release whose workers are ready and cannot run their task: the Job fails, and so does the command', async () => {
  const found = { said: expect.stringContaining('No module named \'a_package_that_was_forgotten\'') };
  expect(await released(BAD)).toEqual({ type: 'Failed', ...found });
  expect(await asked()).toEqual({ code: 1, ...found });
  // What every worker has works: only a task of yours shows that your code runs.
  expect(await ranOn(NAMESPACE, WORKER, 'celery')).toHaveLength(1);
});

test('deploy-celery.sh --smoke goes back from it, and not from one that works', async () => {
  expect((await deploy(GOOD)).code).toBe(0);
  const good = await running();
  const { code, said } = await deploy(BAD);
  expect([code, said]).toEqual([1, expect.stringContaining('the release does not do its work')]);
  expect(await running()).toBe(good);
  expect(await asked()).toMatchObject({ code: 0 });
});
