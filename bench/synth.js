// The synth command of main.ts against the same charts in the stock cdk8s TypeScript template.
const { cpSync, mkdirSync, symlinkSync, writeFileSync } = require('fs');
const { join } = require('path');
const { inTurn, root, table } = require('./measure');

const RUNS = 7;

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

module.exports = (folder) => {
  stockTemplate(folder);
  const [stock, ours, node] = inTurn([
    { command: ['npx', 'cdk8s', 'synth', '--check-upgrade=false'], cwd: folder },
    { command: ['bin/synth'] },
    { command: ['node', '-e', '0'] },
  ], RUNS);
  console.log(`Synth of main.ts, medians of ${RUNS} runs in turn, whole processes.\n`);
  const row = (name, { wall, cpu }) => [name, wall.toFixed(3), cpu.toFixed(3), (wall / stock.wall).toFixed(3), (cpu / stock.cpu).toFixed(3)];
  table(['command', 'wall s', 'CPU s', 'wall / stock', 'CPU / stock'], [
    row('stock template: npx cdk8s synth (ts-node)', stock), row('bin/synth', ours), row('node -e 0', node),
  ]);
  console.log(`\nbin/synth / stock, wall: ${(ours.wall / stock.wall).toFixed(3)} (goal: at most 0.10); CPU of bin/synth / node -e 0: ${(ours.cpu / node.cpu).toFixed(1)}`);
};
