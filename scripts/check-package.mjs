#!/usr/bin/env node
// Checks the package as a user gets it: packs it in a clone in which nothing is compiled, looks at what is in the file, installs that
// into an empty folder, and synthesizes and lints there, with nothing else.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { make } = createRequire(import.meta.url)('./make-lint.js');
const scratch = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
const npm = (cwd, ...args) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const packageOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const { bundleDependencies, devDependencies, peerDependencies } = packageOf(root);

/** The libraries in the package with what they need, and their licences. js-yaml needs argparse for its own command only. */
const BUNDLED = { '@renovatebot/pep440': 'Apache-2.0', 'js-yaml': 'MIT', 'argparse': 'PSF-2.0' };
const NEEDED = [
  '.jsii', 'API.md', 'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'lib/index.js', 'lib/index.d.ts', 'locks/index.json',
  'bin/cdk8s-celery', 'bin/kubectl-celery', 'lib/cli/main.js', 'operations/app.py', 'agent/cdk8s_celery_agent/__init__.py', 'agent/cdk8s_celery_agent/worker.py', 'agent/cdk8s_celery_busy/controller.py', 'agent/cdk8s_celery_launch/__main__.py', 'agent/cdk8s_celery_redbeat/__init__.py', 'agent/cdk8s_celery_launch/loader.py', 'agent/cdk8s_celery_agent/beat.py',
  ...Object.keys(BUNDLED).flatMap((name) => [`node_modules/${name}/package.json`, `node_modules/${name}/LICENSE`]),
];
const ALLOWED = [/^lib\/((celery|manifests|rules|constructs|cli|memo)\/([\w-]+\/){0,2})?[\w-]+(\.js|\.d\.ts)$/, /^agent\/cdk8s_celery_(agent|busy|launch|redbeat|settings)\/\w+\.py$/,
  /^operations\/\w+\.py$/, /^templates\/(typescript|python)\/[\w.\/]+$/, /^locks\/(index\.json|celery-[\d.]+-python[\d.]+(\.txt|\/[\w-]+\.txt))$/, new RegExp(`^node_modules/(${Object.keys(BUNDLED).join('|')})/`)];

/** What is wrong with the files of the package. */
function contents(files) {
  const libraries = Object.keys(BUNDLED).map((name) => packageOf(join(root, 'node_modules', name)));
  return [
    ...libraries.filter(({ name, license }) => license !== BUNDLED[name]).map(({ name, license }) => `${name} has the licence ${license}, and BUNDLED says ${BUNDLED[name]}`),
    ...[...bundleDependencies, ...libraries.flatMap(({ dependencies = {} }) => Object.keys(dependencies))].filter((name) => !(name in BUNDLED))
      .map((name) => `${name} is bundled, and not in BUNDLED`),
    ...NEEDED.filter((path) => !files.includes(path)).map((path) => `${path} is not in the package`),
    ...files.filter((path) => !NEEDED.includes(path) && !ALLOWED.some((form) => form.test(path))).map((path) => `${path} does not belong into the package`),
  ];
}

/** The files of the repository, without what is compiled or ignored, and what npm ci installs. */
function clone(folder) {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '' && statSync(join(root, name), { throwIfNoEntry: false }))) cpSync(join(root, file), join(folder, file));
  const modules = join(folder, 'node_modules');
  // npm packs no links.
  for (const name of Object.keys(BUNDLED)) cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
  const names = readdirSync(join(root, 'node_modules')).flatMap((name) => name.startsWith('@')
    ? readdirSync(join(root, 'node_modules', name)).map((own) => `${name}/${own}`) : name);
  for (const name of names.filter((one) => !(one in BUNDLED))) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}

// All that needs a file of the package next to its code: a lock, the agent, and the bundled library that compares versions.
const PROGRAM = `
const assert = require('assert');
const { App, Chart } = require('cdk8s');
const celery = require('cdk8s-celery');

function synth(requirements) {
  const app = new App();
  const chart = new Chart(app, 'celery', { namespace: 'celery' });
  const it = new celery.CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new celery.RedisBroker(chart, 'redis'),
    code: celery.AppCode.fromInline({ 'tasks.py': 'from celery import Celery' }),
    runtime: celery.PythonRuntime.install({ celery: '5.3.4', requirements }),
  });
  new celery.CeleryWorker(chart, 'worker', { celery: it });
  new celery.CeleryBeat(chart, 'beat', { celery: it });
  new celery.CeleryFlower(chart, 'flower', { celery: it });
  return app.synthYaml();
}

const yaml = synth(['redis>=4.5,<5']);
for (const name of ['celery-worker', 'celery-beat', 'celery-flower', 'redis']) assert(yaml.includes('name: ' + name + '\\n'), name);
assert.match(yaml, /^ +celery==5\\.3\\.4$/m);
assert(yaml.includes('def not_live('), 'the agent');
assert.throws(() => synth(['redis==5.0.1']), /accepts redis >=4/);
require('fs').writeFileSync('celery.k8s.yaml', yaml);
`;

// What TypeScript makes of options in the shape of the Kubernetes API: each wrong line is an error, and nothing else is.
const TYPES = `
import { CeleryFlowerProps, CeleryWorkerProps, HealthCheck } from 'cdk8s-celery';

export const right: Omit<CeleryWorkerProps, 'celery'> = {
  env: [{ name: 'A', value: '1' }, { name: 'B', valueFrom: { secretKeyRef: { name: 'b', key: 'c' } } }],
  resources: { limits: { memory: '1Gi', 'nvidia.com/gpu': 1 } },
  sidecars: [{ name: 'proxy', image: 'proxy:1', startupProbe: { tcpSocket: { port: 'proxy' } } }],
  tolerations: [{ key: 'gpu', operator: 'Exists' }],
  strategy: { type: 'Recreate' },
  healthCheck: HealthCheck.probes({ liveness: { exec: { command: ['true'] } } }),
};
// @ts-expect-error -- imag
export const misspelt: CeleryFlowerProps['sidecars'] = [{ name: 'proxy', imag: 'proxy:1' }];
// @ts-expect-error -- no name
export const missing: CeleryFlowerProps['env'] = [{ value: '1' }];
// @ts-expect-error -- a map
export const map: CeleryFlowerProps['env'] = { A: '1' };
// @ts-expect-error -- not one of the enumeration
export const other: CeleryFlowerProps['tolerations'] = [{ key: 'gpu', operator: 'exists' }];
// @ts-expect-error -- not a quantity
export const quantity: CeleryFlowerProps['resources'] = { limits: { memory: true } };
`;

try {
  const source = join(scratch, 'source');
  clone(source);
  npm(source, 'pack', '--loglevel=error', '--pack-destination', scratch);
  const packed = readdirSync(scratch).filter((name) => name.endsWith('.tgz')).map((name) => join(scratch, name))[0];
  const files = execFileSync('tar', ['-tzf', packed], { encoding: 'utf8' }).trim().split('\n').map((path) => path.replace(/^package\//, ''));
  const problems = contents(files);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  rmSync(source, { recursive: true });

  const user = join(scratch, 'user');
  // The lowest versions that the package allows; jest runs with the newest.
  const peers = Object.entries(peerDependencies).map(([name, range]) => `${name}@${range.replace('^', '')}`);
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "private": true }');
  npm(user, 'install', '--no-audit', '--no-fund', '--prefer-offline', packed, ...peers, `cdk8s-plus-28@${devDependencies['cdk8s-plus-28']}`);
  writeFileSync(join(user, 'synth.js'), PROGRAM);
  execFileSync(process.execPath, ['synth.js'], { cwd: user, stdio: 'inherit' });
  writeFileSync(join(user, 'types.ts'), TYPES);
  // Without skipLibCheck: the declarations themselves have no error either.
  writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { noEmit: true, strict: true, types: [], target: 'ES2022', module: 'commonjs', moduleResolution: 'node' }, files: ['types.ts'],
  }));
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: user, stdio: 'inherit' });
  const linted = npm(user, 'exec', '--offline', '--', 'cdk8s-celery', 'lint', 'celery.k8s.yaml');
  if (!/^\d+ objects: nothing found/m.test(linted)) throw new Error(`cdk8s-celery lint celery.k8s.yaml says: ${linted}`);
  const help = npm(user, 'exec', '--offline', '--', 'cdk8s-celery', 'status', '--help');
  if (!help.startsWith('Usage: cdk8s-celery status')) throw new Error(`cdk8s-celery status --help says: ${help}`);
  npm(user, 'exec', '--offline', '--', 'cdk8s-celery', 'init', 'shop');
  const project = join(user, 'shop');
  const { dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
  if (join(project, dependencies['cdk8s-celery'].slice('file:'.length)) !== packed) throw new Error(`init writes ${dependencies['cdk8s-celery']}, not ${packed}`);
  // Its own packages, without an installation of all of them.
  symlinkSync(join(root, 'node_modules/typescript'), join(user, 'node_modules/typescript'));
  const synthesized = execFileSync(process.execPath, [join(user, 'node_modules/cdk8s-celery/bin/cdk8s-celery'), 'synth'], { cwd: project, encoding: 'utf8' });
  if (!synthesized.startsWith('app.k8s.yaml written')) throw new Error(`cdk8s-celery synth in the project of init says: ${synthesized}`);

  // The linter as a package of its own, in a folder with nothing else.
  const alone = join(scratch, 'alone');
  mkdirSync(alone);
  writeFileSync(join(alone, 'package.json'), '{ "private": true }');
  const lintPackage = await make(join(scratch, 'lint'));
  const [{ filename }] = JSON.parse(npm(lintPackage, 'pack', '--json', '--pack-destination', alone));
  npm(alone, 'install', '--no-audit', '--no-fund', '--offline', join(alone, filename));
  const installed = readdirSync(join(alone, 'node_modules')).filter((name) => !name.startsWith('.'));
  if (installed.join() !== 'celery-k8s-lint') throw new Error(`celery-k8s-lint brings ${installed.join(', ')}`);
  const lintedAlone = npm(alone, 'exec', '--offline', '--', 'celery-k8s-lint', join(user, 'celery.k8s.yaml'));
  if (lintedAlone !== linted) throw new Error(`celery-k8s-lint says: ${lintedAlone}`);
  console.log(`${basename(packed)}: ${files.length} files, ${Math.round(statSync(packed).size / 1024)} KiB; installs and synthesizes`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true });
}
