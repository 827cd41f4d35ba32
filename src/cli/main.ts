#!/usr/bin/env node
import { status } from './status';

/** A subcommand: gets what follows it, returns the exit code. */
type Command = (args: string[], print: (text: string) => void, complain: (text: string) => void) => Promise<number>;

const COMMANDS: Record<string, Command> = { status };

const USAGE = `Usage: cdk8s-celery COMMAND [OPTIONS]

  status   how the pods of an app are

cdk8s-celery COMMAND --help tells more.
`;

async function main([command, ...args]: string[]): Promise<number> {
  const print = (text: string): void => void process.stdout.write(text);
  const complain = (text: string): void => void process.stderr.write(text);
  if (command === undefined || command === '--help' || command === '-h') {
    (command ? print : complain)(USAGE);
    return command ? 0 : 2;
  }
  if (!Object.hasOwn(COMMANDS, command)) {
    complain(`cdk8s-celery: '${command}' is not a command; there are: ${Object.keys(COMMANDS).join(', ')}\n`);
    return 2;
  }
  return COMMANDS[command](args, print, complain);
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
