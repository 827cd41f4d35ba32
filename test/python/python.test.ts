import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { everyOption } from '../fixtures';
import { Manifests } from '../manifests';
import { filesIn } from '../programs';
import { everyOptionOf } from './every-option';
import { environment } from './wheel';

const ROOT = join(__dirname, '../..');
const python = environment('cdk8s-plus-28', 'pytest');
const { folder, run } = python;

/** A folder with a program and, as in the repository, the code of the tasks. */
function project(name: string, program: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  cpSync(join(ROOT, 'app'), join(path, 'app'), { recursive: true });
  writeFileSync(join(path, 'main.py'), program);
  return path;
}

/** The Python program of the README. */
function ofReadme(): string {
  const [, program] = /```python\n(from [^]*?app\.synth\(\)\n)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
  if (program === undefined) throw new Error('README.md has no Python program that ends with app.synth()');
  return program;
}

test('the program of the README writes dist/, byte for byte', () => {
  const path = project('readme', ofReadme());
  expect(run(path, 'cdk8s-celery', 'synth')).toMatchObject({ status: 0, stderr: '' });
  expect(filesIn(join(path, 'dist'))).toEqual(filesIn(join(ROOT, 'dist')));
});

interface DataType {
  readonly name: string;
  readonly fqn: string;
  readonly datatype?: boolean;
  readonly namespace?: string;
  readonly interfaces?: readonly string[];
  readonly properties?: readonly { readonly name: string }[];
}

/** The data types that users give, with the names of their options in Python: their own, and those that they inherit. */
function dataTypes(): Map<string, { readonly options: readonly string[]; readonly isBase: boolean }> {
  const { types } = JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8')) as { types: Record<string, DataType> };
  const given = Object.values(types).filter(({ datatype, namespace }) => datatype && namespace === undefined);
  const optionsOf = ({ interfaces = [], properties = [] }: DataType): string[] => [
    ...properties.map(({ name }) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)), ...interfaces.flatMap((base) => optionsOf(types[base])),
  ];
  const bases = new Set(given.flatMap(({ interfaces = [] }) => interfaces));
  return new Map(given.map((type) => [type.name, { options: optionsOf(type), isBase: bases.has(type.fqn) }]));
}

test('every option, given once in Python, renders as in TypeScript', () => {
  const program = readFileSync(join(__dirname, 'every_option.py'), 'utf8');
  const path = project('every-option', readFileSync(join(__dirname, 'given_options.py'), 'utf8') + program);
  const types = dataTypes();
  writeFileSync(join(path, 'data-types.json'), JSON.stringify([...types.keys()]));
  writeFileSync(join(path, 'pod-options.json'), JSON.stringify(everyOption));
  expect(run(path, 'cdk8s-celery', 'synth')).toMatchObject({ status: 0 });
  const outdir = join(path, 'typescript');
  const app = new App({ outdir });
  everyOptionOf(app);
  app.synth();
  expect(filesIn(join(path, 'dist'))).toEqual(filesIn(outdir));
  // A new option is missing here until it is in the program.
  const given = JSON.parse(readFileSync(join(path, 'given-options.json'), 'utf8')) as Record<string, string[]>;
  expect(types.size).toBeGreaterThan(50);
  const missing = [...types].filter(([name, { isBase }]) => !isBase || name in given).flatMap(([name, { options }]) => (
    // A word of Python has a line after it: `from_`.
    options.filter((option) => ![option, `${option}_`].some((word) => given[name]?.includes(word))).map((option) => `${name}.${option}`)));
  expect(missing).toEqual([]);
});

test('what is refused is a message, without a traceback', () => {
  const path = project('refused', ofReadme().replace('\'5.3.4\'', '\'5.3.999\''));
  const { status, stdout, stderr } = run(path, 'cdk8s-celery', 'synth');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^Validation failed with the following errors:\n {2}\[celery\/celery\] celery: '5\.3\.999' is not a version of Celery/);
  expect(stderr).not.toMatch(/Traceback|^\s+at /m);
});

test('None in settings is refused or given, never lost', () => {
  const path = project('null', ofReadme().replace('\'result_expires\': 3600', '$&, \'task_time_limit\': CelerySettings.NULL').replace('CeleryWorker,', 'CelerySettings, $&'));
  expect(run(path, 'cdk8s-celery', 'synth')).toMatchObject({ status: 0, stderr: '' });
  expect(filesIn(join(path, 'dist'))['celery.k8s.yaml']).toContain('task_time_limit=(json)null');
});

test('cdk8s-celery init makes a project whose tests pass and which synthesizes', () => {
  expect(run(folder, 'cdk8s-celery', 'init', '--language', 'python', 'shop')).toMatchObject({ status: 0, stderr: '' });
  const path = join(folder, 'shop');
  expect(join(path, readFileSync(join(path, 'requirements.txt'), 'utf8').split('\n')[0])).toBe(python.wheel);
  expect(run(path, 'cdk8s-celery', 'synth')).toMatchObject({ status: 0, stdout: 'app.k8s.yaml written; apply with: kubectl apply -f dist\n' });
  expect(run(path, 'pytest', '-q')).toMatchObject({ status: 0, stdout: expect.stringContaining('2 passed') as string });
});

test('a broker of the user\'s own, the pools, a job and the rules work from Python', () => {
  const path = project('own-broker', readFileSync(join(__dirname, 'own_broker.py'), 'utf8'));
  expect(run(path, 'cdk8s-celery', 'synth')).toMatchObject({ status: 0, stderr: '' });
  const manifests = Manifests.parse(Object.values(filesIn(join(path, 'dist'))), ['Secret/broker']);
  for (const name of ['celery-worker', 'celery-mail', 'celery-flower']) {
    expect(manifests.main(name).env.slice(0, 3)).toEqual([
      { name: 'REDIS_PASSWORD', valueFrom: { secretKeyRef: { name: 'broker', key: 'password' } } },
      { name: 'CELERY_BROKER_URL', value: 'redis://:$(REDIS_PASSWORD)@shop.redis.example.com:6379/0' },
      { name: 'CELERY_RESULT_BACKEND', value: 'disabled://' },
    ]);
  }
  expect(manifests.main('celery-worker').command).toEqual(expect.arrayContaining(['--autoscale=4,1', 'broker_transport_options=(json){"visibility_timeout":7200}']));
  expect(manifests.main('celery-mail').command).toEqual(expect.arrayContaining(['--queues=mail', '--pool=gevent', '--concurrency=100', '--time-limit=30']));
  expect(manifests.pod('celery-worker').initContainers.map(({ name }) => name)).toEqual(['install', 'migrated']);
  expect(manifests.identities()).toContainEqual(expect.stringMatching(/^Job\/celery-migrate-[0-9a-f]{8}$/));
});

test('docstrings show Python', () => {
  const program = 'import cdk8s_celery as c; print(c.CeleryWorker.__init__.__doc__, c.CeleryApp.init_container.__doc__, c.__doc__)';
  const { status, stdout } = run(folder, 'python', '-c', program);
  expect(status).toBe(0);
  expect(stdout).toContain(':param celery:');
  expect(stdout).toContain('init_containers=[celery.init_container(');
  expect(stdout).toContain('CeleryWorker(chart, "worker", celery=celery, replicas=2, pool=WorkerPool.prefork(concurrency=2))');
  expect(stdout).not.toMatch(/new CeleryWorker\(|const celery/);
});
