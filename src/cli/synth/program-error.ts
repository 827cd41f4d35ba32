import { sep } from 'node:path';
import { inspect } from 'node:util';
import { redact } from '../../celery/credentials';
import { printableLine } from '../../rules/printable';

/**
 * What to say of an error that ended a program. What a library refuses says all in its message; of an error in the program itself one
 * also wants to know where it is. DEBUG=1 shows the whole stack.
 *
 * @param folder that of the program; undefined where the error is not the program's
 */
export function sayProgramError(error: unknown, folder?: string): string {
  if (!(error instanceof Error) && !isError(error)) return printableLines(typeof error === 'object' ? inspect(error) : String(error));
  if (process.env.DEBUG) return printableLines(error.stack ?? error.message);
  // The errors of libraries that refuse something are plain ones; those of the system are, too, and have the call.
  const isPlain = error.name === 'Error' && (folder === undefined || !('syscall' in error));
  if (isPlain) return printableLines(error.message);
  const isOwn = (line: string): boolean => folder !== undefined && line.includes(folder + sep) && !line.includes(`${sep}node_modules${sep}`);
  const lines = (error.stack ?? '').split('\n');
  // That of a file which does not parse comes first, and is of no call.
  const own = error.name === 'SyntaxError' && isOwn(lines[0]) && /:\d+$/.test(lines[0]) ? `at ${lines[0]}`
    : lines.find((line) => /^\s+at /.test(line) && isOwn(line));
  return printableLines(`${error.name}: ${error.message}${own === undefined ? '' : `\n    ${own.trim()}`}`);
}

/** Of another realm. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

const printableLines = (text: string): string => redact(text).split('\n').map(printableLine).join('\n');
