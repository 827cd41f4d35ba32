#!/usr/bin/env node
import { writeSync } from 'node:fs';
import type { Output } from './lint';

/** A subcommand: gets what follows its name, returns the exit code. */
type Command = (args: string[], output: Output) => Promise<number>;

/** Each is loaded when it is asked for. */
const COMMANDS: Record<string, Command> = {
  lint: async (args, output) => (await import('./lint')).lint(args, output),
  prune: async (args, { out, err }) => (await import('./prune')).prune(args, out, err),
  status: async (args, { out, err }) => (await import('./status')).status(args, out, err),
};

const UNKNOWN_COMMAND = 2;

const USAGE = `Usage: cdk8s-celery COMMAND [OPTIONS]

  lint     what is known to break in manifests, from files or from a cluster
  prune    deletes the ConfigMaps of former releases that nothing uses
  status   how the pods of an app are

cdk8s-celery COMMAND --help tells more.
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

async function main([command, ...args]: string[]): Promise<number> {
  const output = {
    out: (text: string) => write(1, text),
    err: (text: string) => write(2, text),
    colour: process.stdout.isTTY && process.env.NO_COLOR === undefined,
  };
  if (Object.hasOwn(COMMANDS, command ?? '')) return COMMANDS[command](args, output);
  const asked = command === '--help' || command === '-h' || command === 'help';
  if (asked || command === undefined) (asked ? output.out : output.err)(USAGE);
  else output.err(`cdk8s-celery: '${command}' is not a command; there are: ${Object.keys(COMMANDS).join(', ')}\n`);
  return asked ? 0 : UNKNOWN_COMMAND;
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
