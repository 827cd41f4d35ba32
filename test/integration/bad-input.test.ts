import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** A copy of the project, so that synth runs for real and dist/ is not ours. */
const project = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
for (const path of ['bin', 'dist', 'app', 'package-lock.json']) cpSync(join(ROOT, path), join(project, path), { recursive: true });
for (const path of ['src', 'locks', 'agent', 'scripts', 'node_modules']) symlinkSync(join(ROOT, path), join(project, path));
afterAll(() => rmSync(project, { recursive: true }));

/** Everything in the project that is not the compiled program, with the time of its last change. */
function state(): string[] {
  return ['.', 'dist', 'app'].flatMap((folder) => readdirSync(join(project, folder)).filter((name) => !['lib', 'main.ts', 'node_modules'].includes(name))
    .map((name) => join(folder, name)).map((path) => `${path} ${statSync(join(project, path)).mtimeMs}`));
}

function synth(main: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  writeFileSync(join(project, 'main.ts'), main);
  const { CDK8S_OUTDIR, DEBUG, ...env } = process.env;
  return spawnSync(process.execPath, [join(project, 'bin/synth'), ...args], { cwd: project, env, encoding: 'utf8' });
}

const GOOD = (replicas: number) => `
import { AppCode, CeleryApp, CeleryWorker, PythonRuntime, RedisBroker } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
const app = new App();
const chart = new Chart(app, 'celery', { namespace: 'celery' });
const broker = new RedisBroker(chart, 'redis');
const celery = new CeleryApp(chart, 'celery', { app: 'tasks', broker, code: AppCode.fromDirectory('app'), runtime: PythonRuntime.fromImage('registry.example.com/app:1') });
new CeleryWorker(chart, 'worker', { celery, replicas: ${replicas} });
app.synth();
`;

test('an older main.ts that takes the place of a newer one is compiled', () => {
  const written = () => Number(/^ {2}replicas: ([2-9])$/m.exec(readFileSync(join(project, 'dist/celery.k8s.yaml'), 'utf8'))?.[1]);
  cpSync(join(project, 'dist'), join(project, 'dist.kept'), { recursive: true });
  writeFileSync(join(project, 'older.ts'), GOOD(2));
  expect([synth(GOOD(3)).status, written()]).toEqual([0, 3]);
  renameSync(join(project, 'older.ts'), join(project, 'main.ts'));
  const { CDK8S_OUTDIR, ...env } = process.env;
  spawnSync(process.execPath, [join(project, 'bin/synth')], { cwd: project, env });
  expect(written()).toBe(2);
  rmSync(join(project, 'dist'), { recursive: true });
  renameSync(join(project, 'dist.kept'), join(project, 'dist'));
});

const BAD = `
import { AppCode, BeatStorage, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, HealthCheck, PythonRuntime, RedisBroker, WorkerPool } from 'cdk8s-celery';
import { App, Chart, Duration } from 'cdk8s';

const app = new App();
const chart = new Chart(app, 'celery', { namespace: 'celery' });
const broker = new RedisBroker(chart, 'redis');
const code = AppCode.fromDirectory('app');
const image = PythonRuntime.fromImage('registry.example.com/app:1');
const apps: [string, string, AppCode, PythonRuntime][] = [
  ['unknown', 'tasks', code, PythonRuntime.install({ celery: '5.9.9' })],
  ['yanked', 'tasks', code, PythonRuntime.install({ celery: '5.3.3' })],
  ['python', 'tasks', code, PythonRuntime.install({ celery: '5.6.3', python: '3.8', requirements: ['redis==5.0.1'] })],
  ['conflicts', 'tasks', code, PythonRuntime.install({ celery: '5.3.4', requirements: ['redis==5.0.1', 'kombu<5.4'] })],
  ['empty', '', code, image],
  ['missing', 'tasks', AppCode.fromDirectory('apps'), image],
  ['large', 'tasks', AppCode.fromInline({ 'tasks.py': '#'.repeat(2 ** 20) }), image],
  ['elsewhere', 'jobs', code, image],
];
for (const [name, module, itsCode, runtime] of apps) new CeleryApp(chart, name, { app: module, broker, code: itsCode, runtime });

const celery = new CeleryApp(chart, 'celery', { app: 'tasks', broker, code, runtime: image });
new CeleryWorker(chart, 'none', { celery, pool: WorkerPool.prefork({ concurrency: 0 }) });
new CeleryWorker(chart, 'half', { celery, pool: WorkerPool.prefork({ concurrency: 1.5 }), replicas: -1 });
new CeleryWorker(chart, 'quantity', { celery, resources: { requests: { cpu: '1x' }, limits: { memory: '1Gi' } } });
new CeleryWorker(chart, 'more', { celery, resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } });
new CeleryWorker(chart, 'w'.repeat(60), { celery });
new CeleryWorker(chart, 'hasty', { celery, healthCheck: HealthCheck.agent({ deafAfter: Duration.seconds(9), port: 80 }) });
new CeleryBeat(chart, 'clock', { celery, scheduler: 'my scheduler' });
new CeleryFlower(chart, 'flower', { celery });
new CeleryFlower(new Chart(app, 'second', { namespace: 'celery' }), 'flower', { celery });
new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.fromClaimName('') });
app.synth();
`;

/** Construct, prop and value; what is wrong; what is allowed or what to do. In the order in which synth meets them. */
const EXPECTED: [string, RegExp, RegExp][] = [
  ['celery/unknown] celery: \'5.9.9\'', /is not a version of Celery/, /use one of 5\.3\.4, 5\.4\.0/],
  ['celery/yanked] celery: \'5.3.3\'', /was yanked from the package index: withdrawn for breaking API changes/, /use one of 5\.3\.4/],
  ['celery/python] python: \'3.8\'', /is not supported by Celery 5\.6\.3, which needs Python >=3\.9/, /use one of 3\.11, 3\.12/],
  ['celery/python] requirements: \'redis==5.0.1\'', /celery\[redis\]==5\.6\.3 accepts redis >=6\.4\.0,<9\.0\.0/, /remove it, or give redis==\d/],
  ['celery/conflicts] requirements: \'redis==5.0.1\'', /celery\[redis\]==5\.3\.4 accepts redis >=4\.5\.2,!=4\.5\.5,<5\.0\.0.*ResolutionImpossible/,
    /remove it, or give redis==4\.6\.0/],
  ['celery/conflicts] requirements: \'kombu<5.4\'', /accepts kombu >=5\.3\.2,<6\.0, and before 5\.4\.0 a worker stays alive and takes no more tasks/,
    /remove it, or give kombu==5\.6\.2/],
  ['celery/empty] app: \'\'', /is not what `celery -A` takes/, /give the module of the Celery app: 'tasks'/],
  ['celery/missing] code: \'apps\'', /is not a directory/, /give the directory that has the app/],
  ['celery/large] code: \'fromInline\'', /has 1048584 bytes, and a ConfigMap holds 1048576 \(1 MiB\)/, /put the code into an image/],
  ['celery/elsewhere] app: \'jobs\'', /is not in the code, which has tasks\.py/, /add jobs\.py, or name the module/],
  ['celery/none] concurrency: 0', /is not a whole number of at least 1/, /give a whole number from 1 upwards/],
  ['celery/half] replicas: -1', /is not a whole number of at least 0/, /give a whole number from 0 upwards/],
  ['celery/half] concurrency: 1.5', /is not a whole number of at least 1/, /give a whole number from 1 upwards/],
  ['celery/quantity] resources.requests[\'cpu\']: \'1x\'', /is not a quantity/, /give a quantity, for example '500m' or '1Gi'/],
  ['celery/more] resources.requests[\'memory\']: \'2Gi\'', /is more than the limit 1Gi/, /lower the request or raise the limit/],
  [`celery/${'w'.repeat(60)}] name: 'celery-${'w'.repeat(60)}'`, /has 67 characters, and Kubernetes allows 63/, /give a shorter name/],
  ['celery/hasty] healthCheck.deafAfter: \'9 seconds\'', /is less than twice the interval, 5 seconds/, /raise it, or lower the interval/],
  ['celery/hasty] healthCheck.port: 80', /is not a port that a process without root may open/, /give a port from 1024 to 65535/],
  ['celery/clock] scheduler: \'my scheduler\'', /is not what `celery beat -S` takes/, /give module:Class/],
  ['celery/beat] storage.claimName: \'\'', /is not a name that Kubernetes accepts/, /use lower-case letters, digits/],
  ['] name: Deployment \'celery-flower\' in namespace \'celery\'', /is made by celery\/flower\/\S+ and by second\/flower\/\S+;/, /give one .* another id or name/],
];

test('a program with everything wrong is refused with all of it at once, and writes nothing', () => {
  const before = state();
  const { status, stdout, stderr } = synth(BAD);
  expect([status, stdout]).toEqual([1, '']);
  const lines = stderr.trimEnd().split('\n').map((line) => line.trim());
  for (const [what, wrong, fix] of EXPECTED) {
    const line = lines.find((candidate) => candidate.includes(what));
    expect([what, line]).toEqual([what, expect.stringMatching(new RegExp(`${wrong.source}.*${fix.source}`))]);
  }
  // Nothing else: the title, and the other objects of the second Flower.
  const others = lines.filter((line) => !EXPECTED.some(([what]) => line.includes(what)));
  expect(others).toEqual([
    'Validation failed with the following errors:',
    ...['NetworkPolicy', 'Service'].map((kind) => expect.stringContaining(`name: ${kind} 'celery-flower' in namespace`) as unknown),
  ]);
  expect(state()).toEqual(before);
});

test.each<[string, string, string[], RegExp]>([
  ['that throws', 'throw new Error(\'the price list is missing\');', [], /^the price list is missing\n$/],
  ['that throws what is no error', 'throw \'no error\';', [], /^no error\n$/],
  ['that does not compile', 'const = 1;', [], /main\.ts:1:6: (error|ERROR): Expected identifier/],
  ['that is not there', '', ['other.ts'], /^.*other\.ts does not exist; usage: bin\/synth \[MAIN\]\n$/],
  ['that forgets app.synth()', 'export {};', [], /app\.synth\(\)/],
])('a program %s writes nothing, and ends with 1 and no stack', (_what, main, args, message) => {
  const before = state();
  const { status, stdout, stderr } = synth(main, ...args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^ +at /m);
  expect([status, stdout]).toEqual([1, '']);
  expect(state()).toEqual(before);
});

test('the same project with the program of the repository writes dist/', () => {
  const { status, stderr } = synth(readFileSync(join(ROOT, 'main.ts'), 'utf8'));
  expect([status, stderr]).toEqual([0, '']);
  expect(readdirSync(join(project, 'dist')).map((name) => readFileSync(join(project, 'dist', name), 'utf8')))
    .toEqual(readdirSync(join(ROOT, 'dist')).map((name) => readFileSync(join(ROOT, 'dist', name), 'utf8')));
});
