#!/usr/bin/env node
// Runs npm scripts at the same time, and prints what each of them says when it has ended; those with commas between them run one after
// another. Fails, when all have ended, if one of them has.
//
//     node scripts/at-once.mjs lint build,typecheck
import { spawn } from 'node:child_process';

/** Runs a script of package.json; whether it succeeds. */
function run(name) {
  const begun = Date.now();
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => said.push(data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(said));
      console.log(`npm run ${name}: ${code === 0 ? 'succeeded' : `failed with ${signal ?? `exit code ${code}`}`} after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
      resolve(code === 0);
    });
  });
}

/** The first one that fails ends it. */
async function inTurn(names) {
  for (const name of names) if (!await run(name)) return false;
  return true;
}

const ends = await Promise.all(process.argv.slice(2).map((names) => inTurn(names.split(','))));
process.exitCode = ends.every(Boolean) ? 0 : 1;
