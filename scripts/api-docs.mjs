#!/usr/bin/env node
// Makes API.md from the assembly (npm run build), without what every construct has: toString, with, isConstruct.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const OF_EVERY_CONSTRUCT = ['toString', 'with', 'isConstruct'];

/** The text of API.md as the source wants it. */
export function apiDocs() {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  try {
    const file = join(folder, 'API.md');
    execFileSync(join(root, 'node_modules/.bin/jsii-docgen'), ['--output', file], {
      cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' },
    });
    return trimmed(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function trimmed(text) {
  const names = OF_EVERY_CONSTRUCT.join('|');
  const row = new RegExp(`^\\| <code><a href="#[^"]*">(?:${names})</a></code> \\|.*\n`, 'gm');
  // Down to the next heading of this or a higher level.
  const section = new RegExp(`^##### \`(?:${names})\` [^]*?(?=^#{2,5} )`, 'gm');
  const empty = /^#### (?:Methods|Static Functions) .*\n\n\| \*\*Name\*\* \| \*\*Description\*\* \|\n\| --- \| --- \|\n\n(?:---\n\n)?(?=#)/gm;
  return text.replace(section, '').replace(row, '').replace(empty, '');
}

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'API.md'), apiDocs());
