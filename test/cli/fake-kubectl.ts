import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';

/** What kubectl prints and its exit code, for calls that have this text; others fail. Of several prints each call gets the next, then the last. */
export type Answers = Record<string, readonly [printed: string | readonly string[], code?: number]>;

type Done = (error: Error | null, stdout: string, stderr: string) => void;

/** Runs something with a kubectl that gives these answers, or with none at all; returns also how it was called. No program is started. */
export async function withKubectl<T>(answers: Answers | undefined, body: () => T | Promise<T>): Promise<{ result: T; calls: string[] }> {
  const calls: string[] = [];
  const printed = new Map<string, number>();
  const answer = (call: string, done: Done): void => {
    if (!answers) return done(Object.assign(new Error('spawn kubectl ENOENT'), { code: 'ENOENT' }), '', '');
    const [text, [prints, code]] = Object.entries(answers).find(([part]) => call.includes(part)) ?? [call, [`unexpected: ${call}\n`, 1]];
    const [said, before] = [[prints].flat(), printed.get(text) ?? 0];
    printed.set(text, before + 1);
    const print = said[Math.min(before, said.length - 1)];
    return code ? done(Object.assign(new Error(`Command failed: kubectl ${call}\n${print}`), { code, killed: false }), '', print) : done(null, print, '');
  };
  const execFile = jest.spyOn(childProcess, 'execFile').mockImplementation(((file: string, args: readonly string[], _options: unknown, done: Done) => {
    if (file !== 'kubectl') throw new Error(`${file} is started, and not kubectl`);
    const call = args.join(' ');
    // It may read what it is given, and ends later.
    const end = (stdin: string): void => {
      if (answers) calls.push(`${call}${call.endsWith(' -f -') ? ` <<< ${stdin}` : ''}`.replaceAll('\n', ' '));
      setImmediate(answer, call, done);
    };
    return { stdin: Object.assign(new EventEmitter(), { end }) };
  }) as never);
  try {
    return { result: await body(), calls };
  } finally {
    execFile.mockRestore();
  }
}
