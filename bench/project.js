// The commands of a project that `cdk8s-celery init` writes, against the same program in the stock cdk8s TypeScript template.
const { execFileSync } = require('child_process');
const { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } = require('fs');
const { join } = require('path');
const { inTurn, root, table } = require('./measure');

const RUNS = 7;
const PACKAGES = ['cdk8s', 'cdk8s-cli', 'cdk8s-plus-28', 'constructs', 'ts-node', 'typescript', '@types/node', '@types/jest'];

/** The packages of the project, without an installation. */
function link(folder) {
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  PACKAGES.forEach((name) => symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name)));
  symlinkSync(root, join(folder, 'node_modules/cdk8s-celery'));
  const commands = join(folder, 'node_modules/.bin');
  mkdirSync(commands);
  readdirSync(join(root, 'node_modules/.bin')).forEach((name) => symlinkSync(join(root, 'node_modules/.bin', name), join(commands, name)));
  symlinkSync(join(root, 'bin/cdk8s-celery'), join(commands, 'cdk8s-celery'));
}

module.exports = (folder) => {
  const packed = join(folder, 'packed.tgz');
  writeFileSync(packed, '');
  const own = join(folder, 'own');
  execFileSync(join(root, 'bin/cdk8s-celery'), ['init', '--package', packed, own]);
  link(own);
  const stock = join(folder, 'stock');
  cpSync(own, stock, { recursive: true, filter: (path) => !path.includes('node_modules') });
  link(stock);
  writeFileSync(join(stock, 'cdk8s.yaml'), 'language: typescript\napp: npx ts-node main.ts\n');
  const cli = ['npx', 'cdk8s', 'synth', '--check-upgrade=false'];
  const [theirs, ours, oursByCli, alone] = inTurn([
    { command: cli, cwd: stock },
    { command: ['npx', 'cdk8s-celery', 'synth'], cwd: own },
    { command: cli, cwd: own },
    { command: [process.execPath, join(root, 'bin/cdk8s-celery'), 'synth'], cwd: own },
  ], RUNS);
  console.log(`Synth of the project of "cdk8s-celery init", medians of ${RUNS} runs in turn, whole processes.\n`);
  const row = (name, { wall, cpu }, goal) => [
    name, wall.toFixed(3), cpu.toFixed(3), (wall / theirs.wall).toFixed(3), (cpu / theirs.cpu).toFixed(3), goal,
  ];
  table(['command', 'wall s', 'CPU s', 'wall / stock', 'CPU / stock', 'goal'], [
    row('npx cdk8s synth, stock template (ts-node)', theirs, ''),
    row('npx cdk8s-celery synth', ours, '0.25'),
    row('npx cdk8s synth', oursByCli, '0.45'),
    row('cdk8s-celery synth, without npx', alone, ''),
  ]);
};
