// The synth command of main.ts against the same charts in the stock cdk8s TypeScript template, and against `kubectl kustomize` on the
// manifests that it writes; and of a program without cdk8s-plus.
const { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } = require('fs');
const { execFileSync } = require('child_process');
const { join } = require('path');
const { inTurn, root, table } = require('./measure');

const RUNS = 11;

/** A project as `cdk8s init typescript-app` makes it, with our main.ts. */
function stockTemplate(folder) {
  const templates = join(root, 'node_modules/cdk8s-cli/templates/typescript-app');
  cpSync(join(templates, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  cpSync(join(root, 'main.ts'), join(folder, 'main.ts'));
  cpSync(join(root, 'app'), join(folder, 'app'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stock', private: true }));
  writeFileSync(join(folder, 'cdk8s.yaml'), 'language: typescript\napp: npx ts-node main.ts\n');
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  const packages = ['cdk8s', 'cdk8s-cli', 'cdk8s-plus-28', 'constructs', 'ts-node', 'typescript', '@types/node', '@types/jest', '.bin'];
  packages.forEach((name) => symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name)));
  symlinkSync(root, join(folder, 'node_modules/cdk8s-celery'));
}

/** The manifests of dist/ as a kustomization. */
function kustomization(folder, dist) {
  mkdirSync(folder);
  const resources = readdirSync(dist);
  resources.forEach((name) => cpSync(join(dist, name), join(folder, name)));
  writeFileSync(join(folder, 'kustomization.yaml'), `resources:\n${resources.map((name) => `  - ${name}\n`).join('')}`);
}

/** main.ts without the namespaces, which are of cdk8s-plus. */
function withoutPlus(folder) {
  mkdirSync(folder);
  cpSync(join(root, 'app'), join(folder, 'app'), { recursive: true });
  const program = readFileSync(join(root, 'main.ts'), 'utf8').replace(/^import \* as kplus.*\n/m, '').replace(/\/\/ In a chart without[^]*?\n}\n/, '');
  if (program.includes('kplus')) throw new Error('main.ts is not what this expects');
  writeFileSync(join(folder, 'main.ts'), program);
}

module.exports = (folder) => {
  const stockFolder = join(folder, 'stock');
  mkdirSync(stockFolder);
  stockTemplate(stockFolder);
  const plain = join(folder, 'plain');
  withoutPlus(plain);
  // Bundled there, with what the repository has installed.
  symlinkSync(join(root, 'node_modules'), join(plain, 'node_modules'));
  const [all, few] = [join(folder, 'all'), join(folder, 'few')];
  execFileSync(join(root, 'bin/synth'), [join(plain, 'main.ts')]);
  kustomization(all, join(root, 'dist'));
  kustomization(few, join(plain, 'dist'));
  const [stock, ours, ofAll, own, ofFew, node] = inTurn([
    { command: ['npx', 'cdk8s', 'synth', '--check-upgrade=false'], cwd: stockFolder },
    { command: ['bin/synth'] },
    { command: ['kubectl', 'kustomize', all] },
    { command: ['bin/synth', join(plain, 'main.ts')] },
    { command: ['kubectl', 'kustomize', few] },
    { command: ['node', '-e', '0'] },
  ], RUNS);
  console.log(`Synth of main.ts, medians of ${RUNS} runs in turn, whole processes.\n`);
  const row = (name, { wall, cpu }) => [name, wall.toFixed(3), cpu.toFixed(3), (wall / stock.wall).toFixed(3), (cpu / stock.cpu).toFixed(3)];
  table(['command', 'wall s', 'CPU s', 'wall / stock', 'CPU / stock'], [
    row('stock template: npx cdk8s synth (ts-node)', stock), row('bin/synth', ours), row('kubectl kustomize', ofAll),
    row('bin/synth without cdk8s-plus', own), row('kubectl kustomize of that', ofFew), row('node -e 0', node),
  ]);
  console.log(`
bin/synth / stock, wall: ${(ours.wall / stock.wall).toFixed(3)} (goal: at most 0.06)
bin/synth / kubectl kustomize, wall: ${(ours.wall / ofAll.wall).toFixed(2)} (goal: at most 1.35); without cdk8s-plus: ${(own.wall / ofFew.wall).toFixed(2)} (goal: at most 1.15)`);
};
