import { spawn } from 'node:child_process';
import { App, Chart, Testing } from 'cdk8s';
import { CeleryBeat, CeleryFlower, CeleryWorker, PodOptions, RedisBroker } from '../../src';
import { OPTIONS, POD_OPTIONS } from '../../src/constructs/kubernetes/options';
import { CopiedProp } from '../../src/constructs/validation/props';
import { celeryApp } from '../fixtures';
import { Manifest } from '../manifests';
import { Random, randomValue } from '../random-options';
import { kubectl, say } from './harness';

const NAMESPACE = 'celery-e2e-random';
const APPS = 1000;
const CALLS = 20;
/** The same apps each time: E2E_SEED=NUMBER tries others. */
const SEED = Number(process.env.E2E_SEED ?? 350_751_643);

/** Random options without those that are refused on their own: they are another test's. */
function accepted(random: Random): PodOptions {
  return Object.fromEntries(Object.entries(OPTIONS).filter(() => random.chance(0.35)).flatMap(([name, { type }]) => {
    const check = POD_OPTIONS[name as keyof PodOptions] as CopiedProp;
    for (let tries = 0; tries < 20; tries += 1) {
      const value = randomValue(random, type);
      if (check.copy(name, value).problems.length === 0) return [[name, value]];
    }
    return [];
  }));
}

/** What a random app renders; undefined where it is refused. */
function render(random: Random): Manifest[] | undefined {
  const chart = new Chart(new App(), 'chart', { namespace: NAMESPACE });
  const broker = new RedisBroker(chart, 'redis', accepted(random));
  const celery = celeryApp(chart, { broker, ...accepted(random) });
  new CeleryWorker(chart, 'worker', { celery, ...accepted(random) });
  if (random.chance(0.3)) new CeleryBeat(chart, 'beat', { celery, ...accepted(random) });
  if (random.chance(0.3)) new CeleryFlower(chart, 'flower', { celery, ...accepted(random) });
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return Testing.synth(chart) as Manifest[];
  } catch (error) {
    if (!(error as Error).message.startsWith('Validation failed')) throw error;
    return undefined;
  } finally {
    write.mockRestore();
  }
}

/** What the API server says against objects that it is asked to create, without creating them. */
function refused(objects: readonly Manifest[]): Promise<string[]> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', ['create', '--dry-run=server', '--validate=strict', '-o', 'name', '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(errors.split('\n').filter((line) => line !== '' && !line.startsWith('Warning:'))));
    child.stdin.on('error', () => undefined).end(list);
  });
}

beforeAll(() => kubectl(['create', 'namespace', NAMESPACE]));
afterAll(() => kubectl(['delete', 'namespace', NAMESPACE]));

test(`${APPS} random apps that synth accepts are accepted by the API server`, async () => {
  const random = new Random(SEED);
  const objects = new Map<string, Manifest>();
  let [apps, tried] = [0, 0];
  for (; apps < APPS; tried += 1) {
    const found = render(random);
    if (!found) continue;
    apps += 1;
    // ConfigMaps of the same content are the same.
    for (const object of found) objects.set(JSON.stringify(object), object);
  }
  const all = [...objects.values()];
  const start = Date.now();
  const size = Math.ceil(all.length / CALLS);
  const errors: string[] = [];
  for (let call = 0; call < CALLS; call += 4) {
    errors.push(...(await Promise.all([0, 1, 2, 3].map((next) => refused(all.slice((call + next) * size, (call + next + 1) * size))))).flat());
  }
  const seconds = Math.round((Date.now() - start) / 1000);
  say(`seed ${SEED}: ${apps} of ${tried} random apps are accepted, ${all.length} objects, ${seconds} s`);
  expect({ seed: SEED, errors: [...new Set(errors)] }).toEqual({ seed: SEED, errors: [] });
  expect(seconds).toBeLessThan(180);
});
