#!/usr/bin/env node
// npm run bench [-- PART... [--OPTION...]]: what this library costs, with the goal next to each figure. Each part compares in one run,
// A B A B: ratios and exponents hold from machine to machine; seconds do not. Options are for the parts that are named before them.
const { mkdtempSync, rmSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

const PARTS = ['synth', 'project', 'stacks', 'lint', 'agent', 'probes'];
// What only shows that nothing is broken, and takes long: only by name.
const BY_NAME = ['sizing', 'stalls', 'situations', 'stop', 'worker'];
const ALL = [...PARTS, ...BY_NAME];

const args = process.argv.slice(2);
const options = args.slice([...args, '--'].findIndex((arg) => arg.startsWith('--')));
const asked = args.slice(0, args.length - options.length);
const unknown = asked.filter((part) => !ALL.includes(part));
if (unknown.length > 0) {
  console.error(`'${unknown.join('\', \'')}' is no part of the benchmark; there are: ${ALL.join(', ')}`);
  process.exit(2);
}

async function run() {
  for (const part of ALL.filter((name) => asked.length === 0 ? PARTS.includes(name) : asked.includes(name))) {
    const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-bench-'));
    try {
      console.log(`\n## ${part}\n`);
      await require(`./${part}`)(folder, options);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

run();
