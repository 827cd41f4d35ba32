#!/usr/bin/env node
import { FAILED, Output, sayError } from './command';
import { optimizeLate } from './late-optimization';
import { err, out, standardOutput } from './streams';
import { printableLine } from '../rules/printable';

/** A subcommand: gets what follows its name, returns the exit code. */
type Command = (args: string[], output: Output) => Promise<number>;

/** Each is loaded when it is asked for. */
const COMMANDS: Record<string, Command> = {
  drain: async (args, output) => (await import('./drain')).drain(args, output.out, output.err),
  init: async (args, output) => (await import('./init')).init(args, output),
  lint: async (args, output) => {
    optimizeLate();
    return (await import('./lint')).lint(args, output);
  },
  prune: async (args, output) => (await import('./prune')).prune(args, output.out, output.err),
  queues: async (args, output) => (await import('./queues')).queues(args, output.out, output.err),
  redact: async (args, output) => (await import('./redact')).redactInput(args, output),
  requeue: async (args, output) => (await import('./requeue')).requeue(args, output.out, output.err),
  smoke: async (args, output) => (await import('./smoke')).smoke(args, output.out, output.err),
  size: async (args, output) => (await import('./size')).size(args, output),
  synth: async (args, output) => (await import('./synth')).synth(args, output),
  status: async (args, output) => (await import('./status')).status(args, output.out, output.err),
};

const USAGE = `Usage: cdk8s-celery COMMAND [OPTIONS]
       kubectl celery COMMAND [OPTIONS]

  drain    has the workers of a pool finish their tasks, and consume nothing more
  init     writes a project that works, in TypeScript or Python
  lint     what is known to break in manifests, from files or from a cluster
  prune    deletes the ConfigMaps of former releases that nothing uses
  queues   how many messages wait in each queue, and who consumes it
  redact   copies standard input, without the credentials in it
  requeue  puts messages back that a worker had which has died
  smoke    sends a task to each queue, and waits for its result
  size     how many workers a load needs, and thresholds of autoscalers and alerts
  status   how the pods of an app are
  synth    writes the manifests of a cdk8s program, without what cdk8s synth costs to start

Run cdk8s-celery COMMAND --help for details.
`;

async function main([command, ...args]: string[]): Promise<number> {
  const output = standardOutput();
  if (Object.hasOwn(COMMANDS, command ?? '')) return COMMANDS[command](args, output);
  const asked = command === '--help' || command === '-h' || command === 'help';
  if (asked || command === undefined) (asked ? out : err)(USAGE);
  else err(`${printableLine(`cdk8s-celery: '${command}' is not a command; there are: ${Object.keys(COMMANDS).join(', ')}`)}\n`);
  return asked ? 0 : FAILED;
}

function fail(error: unknown): void {
  err(`${sayError('cdk8s-celery: ', error)}\n`);
  process.exit(FAILED);
}

process.on('uncaughtException', fail);
main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
}, fail);
