import { parseArgs, ParseArgsConfig } from 'node:util';
import { redact } from '../celery/credentials';
import { KubectlError } from './kubectl';
import { printableLine } from '../rules/printable';

/** Where a command writes: the process, or a test. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colour: boolean;
}

/** The exit code of a command that could not do what it was asked. */
export const FAILED = 2;

/** The command is called in a way that it does not know. */
export class Misuse extends Error {
  public constructor(message: string, public readonly usage = '') {
    super(message);
  }
}

/** Something that the command needs is not there, or does not answer; the message says all. */
export class Failure extends Error {}

/** The options of a subcommand; what Node does not take is a misuse. */
export function parseOptions<T extends ParseArgsConfig>(config: T, usage: string): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // Node goes on with how to give a file of that name.
    throw new Misuse((error as Error).message.replace(/^(Unknown option '.*?')\. .*/s, '$1'), usage);
  }
}

/** Runs a subcommand. Whatever goes wrong in it becomes a message and an exit code. */
export async function guarded(name: string, output: Output, body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    output.err(`${sayError(`cdk8s-celery ${name}: `, error)}\n${error instanceof Misuse && error.usage !== '' ? `\n${error.usage}` : ''}`);
    return FAILED;
  }
}

/** What there is to say of an error, with the words of others escaped. */
export function sayError(prefix: string, error: unknown): string {
  const known = error instanceof Misuse || error instanceof Failure || error instanceof KubectlError;
  const message = redact(error instanceof Error ? error.message : String(error));
  const lines = `${prefix}${known ? message : `a fault of its own: ${message}`}`.split('\n').map(printableLine);
  // A fault of ours is found by its place.
  if (!known && process.env.DEBUG && error instanceof Error) lines.push(...(error.stack ?? '').split('\n').slice(1).map(printableLine));
  return [...lines, ...known ? [] : ['Please report it, with what DEBUG=1 adds to this message.']].join('\n');
}
