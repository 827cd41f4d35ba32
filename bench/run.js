#!/usr/bin/env node
// Compares, in one run: the synth command of main.ts with the same charts in the stock cdk8s TypeScript template, and 100 stacks
// with 1000. Ratios and exponents hold from machine to machine; seconds do not.
const { execFileSync } = require('child_process');
const { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

const root = join(__dirname, '..');
const RUNS = 7;

/** Wall and CPU seconds of a whole process with its children, as bash accounts for it. */
function measure(command, cwd) {
  const script = 'TIMEFORMAT="%R %U %S"; { time "$@" >/dev/null 2>&1; } 2>&1 || exit 1';
  const [wall, user, system] = execFileSync('bash', ['-c', script, 'bash', ...command], { cwd, encoding: 'utf8' }).trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Runs the commands in turn, A B C A B C ..., after a warm-up of each, so that all see the same machine. */
function inTurn(variants) {
  variants.forEach(({ command, cwd }) => measure(command, cwd));
  const samples = variants.map(() => []);
  for (let run = 0; run < RUNS; run++) variants.forEach(({ command, cwd }, i) => samples[i].push(measure(command, cwd)));
  return samples.map((of) => ({ wall: median(of.map((s) => s.wall)), cpu: median(of.map((s) => s.cpu)) }));
}

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

function row(name, { wall, cpu }, base) {
  console.log(`| ${name.padEnd(48)} | ${wall.toFixed(3)} | ${cpu.toFixed(3)} | ${(wall / base.wall).toFixed(3)} | ${(cpu / base.cpu).toFixed(3)} |`);
}

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-bench-'));
try {
  stockTemplate(folder);
  const [stock, ours, node] = inTurn([
    { command: ['npx', 'cdk8s', 'synth', '--check-upgrade=false'], cwd: folder },
    { command: ['bin/synth'], cwd: root },
    { command: ['node', '-e', '0'], cwd: root },
  ]);
  console.log(`Synth of main.ts, medians of ${RUNS} runs in turn, whole processes.\n`);
  console.log(`| ${'command'.padEnd(48)} | wall s | CPU s | wall / stock | CPU / stock |\n| --- | --- | --- | --- | --- |`);
  row('stock template: npx cdk8s synth (ts-node)', stock, stock);
  row('bin/synth', ours, stock);
  row('node -e 0', node, stock);
  console.log(`\nbin/synth / stock, wall: ${(ours.wall / stock.wall).toFixed(3)} (goal: at most 0.10); CPU of bin/synth / node -e 0: ${(ours.cpu / node.cpu).toFixed(1)}\n`);

  const stacks = [100, 1000].map((count) => {
    const runs = Array.from({ length: 3 }, () => {
      const { wall } = measure(['node', join(__dirname, 'stacks.js'), `${count}`, join(folder, 'stacks')], root);
      return wall;
    });
    const peak = Number(execFileSync('node', [join(__dirname, 'stacks.js'), `${count}`, join(folder, 'stacks')], { cwd: root, encoding: 'utf8' }));
    return { count, wall: median(runs), peak };
  });
  console.log('Stacks in one program, one App each.\n\n| stacks | wall s | ms a stack | peak MiB |\n| --- | --- | --- | --- |');
  stacks.forEach(({ count, wall, peak }) => console.log(`| ${count} | ${wall.toFixed(2)} | ${(wall / count * 1000).toFixed(1)} | ${peak.toFixed(0)} |`));
  const exponent = Math.log10(stacks[1].wall / stacks[0].wall);
  console.log(`\nexponent of the wall time from 100 to 1000: ${exponent.toFixed(2)} (goal: at most 1.05); peak memory: ${stacks[1].peak.toFixed(0)} MiB (goal: below 200)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
