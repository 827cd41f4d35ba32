import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubectl, pods, python, readyPods, restarts, say, testIn, told } from './harness';

/**
 * examples/custom-image, deployed by deploy/deploy-celery.sh.
 *
 * E2E_IMAGE_BUILD is a command that builds an image and gives it to the cluster: `$E2E_IMAGE_BUILD NAME:TAG CONTEXT DOCKERFILE`.
 * For kind, a script with `docker build -t "$1" -f "$3" "$2" && kind load docker-image "$1"`.
 */
const BUILD = process.env.E2E_IMAGE_BUILD;

const ROOT = join(__dirname, '../..');
const EXAMPLE = join(ROOT, 'examples/custom-image');
const CELERY = 'celery-e2e-image-celery';
const REDIS = 'celery-e2e-image-redis';
// A tag that no cluster has yet.
const IMAGE = `registry.example.com/team/celery-app:e2e-${Date.now()}`;

const run = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), 'celery-e2e-image-'));
const deploy = (...args: string[]) => run(join(project, 'deploy/deploy-celery.sh'), args);

beforeAll(async () => {
  const dist = join(project, 'dist');
  cpSync(join(ROOT, 'deploy'), join(project, 'deploy'), { recursive: true });
  await run(process.execPath, [join(ROOT, 'bin/synth'), join(EXAMPLE, 'main.ts')], { env: { ...process.env, CDK8S_OUTDIR: dist } });
  for (const file of readdirSync(dist).map((name) => join(dist, name))) {
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('custom-image-', 'celery-e2e-image-').replaceAll(/registry\.example\.com\S+/g, IMAGE));
  }
  // A run that was killed may have left it.
  await deploy('--delete');
});

afterAll(async () => {
  await deploy('--delete');
  rmSync(project, { recursive: true });
});

testIn(CELERY, REDIS)('the script says of an image that is nowhere why nothing runs', async () => {
  const failure = await deploy('--timeout', '30').catch((error: { code: number; stdout: string }) => error);
  expect(failure).toMatchObject({ code: 1, stdout: expect.stringMatching(/not ready: celery-worker-\S+ worker (ErrImagePull|ImagePullBackOff)/) });
  expect((await deploy('--dry-run')).stdout).toMatch(/nothing would change/);
});

if (BUILD === undefined) {
  say('left out: that an image runs the app. E2E_IMAGE_BUILD names no command that builds images for this cluster.');
} else {
  testIn(CELERY, REDIS)('the image runs the app, with no installation', async () => {
    await deploy('--delete');
    await run(BUILD, [IMAGE, ROOT, join(EXAMPLE, 'Dockerfile')], { maxBuffer: 64 * 1024 * 1024 });

    const start = Date.now();
    await deploy();
    expect(await python(CELERY, 'deploy/celery-worker', 'from tasks import add; print(add.delay(4, 4).get(timeout=60))')).toBe('8');
    say(`a result ${Math.round((Date.now() - start) / 1000)} s after the deployment began`);

    const running = [...await readyPods(CELERY, '', 4), ...await readyPods(REDIS, '', 1)];
    expect(running.flatMap(({ spec }) => spec!.initContainers ?? [])).toEqual([]);
    expect(restarts(running)).toBe(0);
    expect((await told(CELERY)).code).toBe(0);
  });

  testIn(CELERY, REDIS)('the script leaves nothing behind', async () => {
    await deploy('--delete');
    expect([...await pods(CELERY), ...await pods(REDIS)]).toEqual([]);
    expect(await kubectl(['get', 'namespaces', CELERY, REDIS, '--ignore-not-found', '-o', 'name'])).toBe('');
  });
}
