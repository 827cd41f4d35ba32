#!/usr/bin/env node
// npm run mutants [-- FOLDER...] [--count N] [--seed N] [--minutes N] [--concurrency N] [--timeout SECONDS]: draws mutants of each folder (a
// statement left out, < made <=, ...) and runs the tests of its layer that reach them; at least 80 of 100 have to make one fail. Without a folder,
// all four. Time-outs are not counted as killed. What the minutes, shared by the folders, are not enough for is counted as not run.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const FOLDERS = ['src/celery', 'src/manifests', 'src/rules', 'src/constructs'];
/** Data that scripts write. */
const TABLES = ['src/celery/settings-table.ts', 'src/constructs/kubernetes/api/'];
const GOAL = 0.8;

const { values: { count, seed, minutes, concurrency, timeout }, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '150' }, seed: { type: 'string', default: '1' }, concurrency: { type: 'string', default: '2' },
    // Of all folders.
    minutes: { type: 'string', default: '60' },
    // Of one mutant, in seconds, on top of one and a half times what its tests took at first; a machine with other work needs more.
    timeout: { type: 'string', default: '60' },
  },
});
const folders = positionals.length > 0 ? positionals : FOLDERS;
const end = Date.now() + 60_000 * Number(minutes);

/** Runs StrykerJS until a moment; all processes that it has started end with it. */
async function stryker(config, env, until) {
  const child = spawn('npx', ['--no-install', 'stryker', 'run', config], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true, env: { ...process.env, ...env } });
  const stop = () => process.kill(-child.pid, 'SIGKILL');
  process.once('SIGINT', stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, Math.max(0, until - Date.now()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  process.off('SIGINT', stop);
  if (code !== 0 && !late) throw new Error(`stryker ended with ${code}`);
}

/** More bytes of code than that are not changed in one run: StrykerJS sends all mutants, with the tests that reach each, in one string. */
const MOST = 100_000;
/** Of a larger folder, pieces of that many lines are drawn. */
const LINES = 40;

/** Where in a folder mutants are drawn from: all of its files, or the lines that the seed draws, as StrykerJS takes them. */
function placesOf(folder) {
  const files = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`)
    .filter((file) => !TABLES.some((table) => file.startsWith(table)));
  const texts = files.map((file) => [file, readFileSync(join(root, file), 'utf8')]);
  if (texts.reduce((sum, [, text]) => sum + text.length, 0) <= MOST) return files;
  const order = (place) => createHash('sha256').update(`${seed}\n${place}`).digest('hex');
  const pieces = texts.flatMap(([file, text]) => {
    const lines = text.split('\n');
    return lines.filter((_, i) => i % LINES === 0)
      .map((_, i) => [`${file}:${i * LINES + 1}-${Math.min((i + 1) * LINES, lines.length)}`, lines.slice(i * LINES, (i + 1) * LINES).join('\n').length]);
  });
  let left = MOST;
  return pieces.sort(([one], [other]) => order(one) < order(other) ? -1 : 1).filter(([, size]) => (left -= size) >= 0).map(([place]) => place);
}

/** What came of the mutants of a folder that were drawn, and how many of it are left out, as they are worked out when a module is loaded. */
async function run(folder, until) {
  const scratch = mkdtempSync(join(tmpdir(), 'cdk8s-celery-mutants-'));
  try {
    const path = (name) => join(scratch, name);
    writeFileSync(path('stryker.config.json'), JSON.stringify({
      mutate: folder.endsWith('.ts') ? [folder] : placesOf(folder),
      testRunner: 'jest', jest: { projectType: 'custom', configFile: 'test/mutants/jest.config.js', enableFindRelatedTests: false },
      plugins: ['@stryker-mutator/jest-runner', join(root, 'test/mutants/draw.mjs')], checkers: ['draw'],
      // A table takes all tests that there are.
      coverageAnalysis: 'perTest', ignoreStatic: true, reporters: ['drawn'],
      concurrency: Number(concurrency), timeoutMS: 1000 * Number(timeout), dryRunTimeoutMinutes: 60,
      tempDirName: path('sandbox'), disableTypeChecks: true, ignorePatterns: ['lib', 'build', 'agent/.*', '.git'], allowEmpty: true,
    }));
    await stryker(path('stryker.config.json'), {
      MUTANTS_SEED: seed, MUTANTS_COUNT: count, MUTANTS_FILE: path('drawn.json'), MUTANTS_TESTS: path('tests.json'), MUTANTS_RESULTS: path('results'),
      MUTANTS_LAYER: folder.split('/')[1],
    }, until);
    const lines = existsSync(path('results')) ? readFileSync(path('results'), 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line)) : [];
    const { all, loaded } = lines.find((line) => line.all !== undefined) ?? {};
    const results = lines.filter(({ id }) => id !== undefined);
    const done = new Set(results.map(({ id }) => id));
    const planned = existsSync(path('drawn.json')) ? JSON.parse(readFileSync(path('drawn.json'), 'utf8')) : [];
    const drawn = [...results, ...planned.filter(({ id }) => !done.has(id))].sort((a, b) => a.order < b.order ? -1 : 1).slice(0, Number(count));
    return { drawn, all, loaded };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

let good = true;
for (const [i, folder] of folders.entries()) {
  const begun = Date.now();
  const { drawn, all, loaded } = await run(folder, begun + (end - begun) / (folders.length - i));
  if (all === undefined) {
    good = false;
    console.log(`${folder}: the minutes were over before the first mutant`);
    continue;
  }
  const of = (...states) => drawn.filter(({ status }) => states.includes(status));
  const counted = of('Killed', 'Survived', 'NoCoverage', 'Timeout').length;
  const killed = of('Killed').length;
  good &&= counted > 0 && killed / counted >= GOAL;
  console.log(`${folder}: ${killed} of ${counted} killed (${(100 * killed / counted).toFixed(0)} %), ${of('Survived').length} survived, ${of('NoCoverage').length} reached by no test, `
    + `${of('Timeout').length} timed out, ${of('RuntimeError').length} failed to run, ${of(undefined).length} not run in time; drawn from ${all - loaded} with seed ${seed}, without ${loaded} of tables; ${Math.round((Date.now() - begun) / 1000)} s`);
}
process.exitCode = good ? 0 : 1;
