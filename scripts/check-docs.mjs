#!/usr/bin/env node
// Checks that API.md is what the source says (npm run docs makes it), and that the TypeScript in README.md and in doc comments
// compiles. Needs the assembly: npm run build.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { apiDocs } from './api-docs.mjs';

const root = join(import.meta.dirname, '..');
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

if (read(join(root, 'API.md')) !== apiDocs()) problems.push('API.md is not what the source says: npm run docs');

// What the snippets import, as a project has it.
const project = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
for (const name of ['cdk8s', 'cdk8s-plus-28', 'constructs', '@types/node', 'cdk8s-celery']) {
  const place = join(project, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(name === 'cdk8s-celery' ? root : join(root, 'node_modules', name), place);
}
run('jsii-rosetta', 'extract', '--compile', '--fail', '--directory', project, '.jsii');
rmSync(project, { recursive: true });
// A README whose snippets nobody finds would pass.
const { snippets } = JSON.parse(read(join(root, '.jsii.tabl.json')) ?? '{"snippets":{}}');
if (Object.keys(snippets).length === 0) problems.push('README.md has no TypeScript that could be compiled');

problems.forEach((problem) => console.error(problem));
process.exitCode = problems.length > 0 ? 1 : 0;
