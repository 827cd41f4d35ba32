import { sep } from 'node:path';
import { redact } from '../../celery/credentials';
import { printableLine } from '../../rules/printable';

/**
 * What to say of an error that ended a program. What a library refuses says all in its message; of an error in the program itself one
 * also wants to know where it is. DEBUG=1 shows the whole stack.
 */
export function sayProgramError(error: unknown, folder: string): string {
  if (!(error instanceof Error) && !isError(error)) return printableLines(String(error));
  if (process.env.DEBUG) return printableLines(error.stack ?? error.message);
  // The errors of libraries that refuse something are plain ones.
  if (error.name === 'Error') return printableLines(error.message);
  const own = (error.stack ?? '').split('\n').find((line) => /^\s+at /.test(line) && line.includes(folder + sep) && !line.includes(`${sep}node_modules${sep}`));
  return printableLines(`${error.name}: ${error.message}${own === undefined ? '' : `\n    ${own.trim()}`}`);
}

/** Of another realm. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error && 'stack' in error;
}

const printableLines = (text: string): string => redact(text).split('\n').map(printableLine).join('\n');
