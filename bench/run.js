#!/usr/bin/env node
// npm run bench [-- PART...]: what this library costs, with the goal beside each figure. Each part compares in one run, A B A B:
// ratios and exponents hold from machine to machine; seconds do not.
const { mkdtempSync, rmSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');

const PARTS = ['synth', 'stacks', 'lint', 'agent', 'probes'];

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`'${unknown.join('\', \'')}' is no part of the benchmark; there are: ${PARTS.join(', ')}`);
  process.exit(2);
}
for (const part of PARTS.filter((name) => asked.length === 0 || asked.includes(name))) {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-bench-'));
  try {
    console.log(`\n## ${part}\n`);
    require(`./${part}`)(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
