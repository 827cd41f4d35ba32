#!/usr/bin/env node
// Checks that API.md is what the source says (npm run docs makes it), and that the TypeScript in README.md and in doc comments
// compiles. Needs the assembly: npm run build.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
const problems = [];

/** Runs one of the project's tools; what it says only matters when it fails. */
function run(tool, ...args) {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) problems.push(`${tool} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

try {
  const fresh = join(scratch, 'API.md');
  run('jsii-docgen', '--output', fresh);
  if (read(join(root, 'API.md')) !== read(fresh)) problems.push('API.md is not what the source says: npm run docs');

  run('jsii-rosetta', 'extract', '--compile', '--fail', '.jsii');
  // A README whose snippets nobody finds would pass.
  const { snippets } = JSON.parse(read(join(root, '.jsii.tabl.json')) ?? '{"snippets":{}}');
  if (Object.keys(snippets).length === 0) problems.push('README.md has no TypeScript that could be compiled');
} finally {
  rmSync(scratch, { recursive: true });
}

problems.forEach((problem) => console.error(problem));
process.exitCode = problems.length > 0 ? 1 : 0;
