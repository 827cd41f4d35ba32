#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { FAILED, lint } from './lint';

const USAGE = `Usage: cdk8s-celery lint [options] [FILE|FOLDER|-]...

\`cdk8s-celery lint --help\` tells more.
`;

/** Writes all of it, also into a pipe that is slow or gone. */
function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function main(args: readonly string[]): number {
  const [command, ...rest] = args;
  const output = {
    out: (text: string) => write(1, text),
    err: (text: string) => write(2, text),
    colour: process.stdout.isTTY && process.env.NO_COLOR === undefined,
  };
  if (command === 'lint') return lint(rest, output);
  const asked = command === '--help' || command === '-h' || command === 'help';
  (asked ? output.out : output.err)(asked || command === undefined ? USAGE : `cdk8s-celery: '${command}' is no command\n${USAGE}`);
  return asked ? 0 : FAILED;
}

process.exitCode = main(process.argv.slice(2));
