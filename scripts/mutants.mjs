#!/usr/bin/env node
// npm run mutants [-- FOLDER...] [--count N] [--seed N] [--concurrency N] [--timeout SECONDS]: draws mutants of each folder (a statement left
// out, < made <=, ...) and runs the tests of its layer that reach them; at least 80 of 100 have to make one fail. Without a folder, all four.
// Time-outs are not counted as killed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { order } from '../test/mutants/draw.mjs';

const root = join(import.meta.dirname, '..');
const FOLDERS = ['src/celery', 'src/manifests', 'src/rules', 'src/constructs'];
/** Data that scripts write. */
const TABLES = ['!src/celery/settings-table.ts', '!src/constructs/kubernetes/api/**'];
const GOAL = 0.8;

const { values: { count, seed, concurrency, timeout }, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '150' }, seed: { type: 'string', default: '1' }, concurrency: { type: 'string', default: '2' },
    // Of one mutant, in seconds, on top of one and a half times what its tests took at first; a machine with other work needs more.
    timeout: { type: 'string', default: '60' },
  },
});

/** What came of the mutants of a folder that were drawn, and how many of it are left out, as they are worked out when a module is loaded. */
function run(folder) {
  const scratch = mkdtempSync(join(tmpdir(), 'cdk8s-celery-mutants-'));
  try {
    const report = join(scratch, 'report.json');
    const config = join(scratch, 'stryker.config.json');
    writeFileSync(config, JSON.stringify({
      mutate: [folder.endsWith('.ts') ? folder : `${folder}/**/*.ts`, ...TABLES],
      testRunner: 'jest', jest: { projectType: 'custom', configFile: 'test/mutants/jest.config.js', enableFindRelatedTests: false },
      plugins: ['@stryker-mutator/jest-runner', join(root, 'test/mutants/draw.mjs')], checkers: ['draw'],
      // A table takes all tests that there are.
      coverageAnalysis: 'perTest', ignoreStatic: true,
      reporters: ['json', 'drawn'], jsonReporter: { fileName: report },
      concurrency: Number(concurrency), timeoutMS: 1000 * Number(timeout), dryRunTimeoutMinutes: 60,
      tempDirName: join(scratch, 'sandbox'), disableTypeChecks: true, ignorePatterns: ['lib', 'build', 'agent/.venvs', '.git'], allowEmpty: true,
    }));
    const { status } = spawnSync('npx', ['--no-install', 'stryker', 'run', config], {
      cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, MUTANTS_SEED: seed, MUTANTS_COUNT: count, MUTANTS_FILE: join(scratch, 'drawn.json'), MUTANTS_TESTS: join(scratch, 'tests.json'), MUTANTS_LAYER: folder.split('/')[1] },
    });
    if (status !== 0) throw new Error(`stryker ended with ${status}`);
    const all = Object.entries(JSON.parse(readFileSync(report, 'utf8')).files).flatMap(([fileName, { mutants }]) =>
      mutants.map((mutant) => ({ ...mutant, fileName })));
    const drawn = all.filter(({ status: was }) => was !== 'CompileError' && was !== 'Ignored')
      .map((mutant) => ({ ...mutant, order: order(seed, zeroBased(mutant)) })).sort((a, b) => a.order < b.order ? -1 : 1).slice(0, Number(count));
    return { drawn, all: all.length, loaded: all.filter(({ status: was }) => was === 'Ignored').length };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In the report lines and columns begin at 1. */
function zeroBased({ location: { start }, ...mutant }) {
  return { ...mutant, location: { start: { line: start.line - 1, column: start.column - 1 } } };
}

let good = true;
for (const folder of positionals.length > 0 ? positionals : FOLDERS) {
  const begun = Date.now();
  const { drawn, all, loaded } = run(folder);
  const of = (...states) => drawn.filter(({ status }) => states.includes(status));
  const counted = of('Killed', 'Survived', 'NoCoverage', 'Timeout').length;
  const killed = of('Killed').length;
  good &&= counted > 0 && killed / counted >= GOAL;
  console.log(`${folder}: ${killed} of ${counted} killed (${(100 * killed / counted).toFixed(0)} %), ${of('Survived').length} survived, ${of('NoCoverage').length} reached by no test, `
    + `${of('Timeout').length} timed out, ${of('RuntimeError').length} not run; drawn from ${all - loaded} with seed ${seed}, without ${loaded} of tables; ${Math.round((Date.now() - begun) / 1000)} s`);
}
process.exitCode = good ? 0 : 1;
