import { evaluate, Script } from './evaluate';
import { ShellContext } from './expansion';
import { tokenize } from './tokenize';

/** What follows is not read. */
export const LONGEST_SCRIPT = 200_000;

/**
 * Reads as much of a POSIX script as it takes to tell which commands run, and under which process. Not a shell: nothing is
 * executed, and what only a run can tell is marked unknown.
 */
export function parseShell(script: string, context: ShellContext): Script {
  const text = script.slice(0, LONGEST_SCRIPT).replaceAll('\r\n', '\n');
  const known = withAssignments(text, context);
  return evaluate(tokenize(text, known), known);
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+|local[ \t]+|readonly[ \t]+)?([A-Za-z_]\w*)=("[^"\n]*"|'[^'\n]*'|[^\s;&|()`<>]*)[ \t]*(?:;|$)/gm;

/** Knows the variables, too, that the script sets once, on a line of its own, to what is known: `ROLE="${1:-worker}"`. */
function withAssignments(script: string, context: ShellContext): ShellContext {
  if (!script.includes('=')) return context;
  const times = new Map<string, number>();
  for (const [, name] of script.matchAll(/\b([A-Za-z_]\w*)=/g)) times.set(name, (times.get(name) ?? 0) + 1);
  const values = new Map<string, string | undefined>();
  const known: ShellContext = { ...context, variable: (name) => values.has(name) ? values.get(name) : context.variable(name) };
  for (const [, name, written] of script.matchAll(ASSIGNMENT)) {
    const tokens = tokenize(written, known);
    const value = tokens.length === 0 ? '' : tokens.length === 1 && !tokens[0].unknown ? tokens[0].text : undefined;
    values.set(name, times.get(name) === 1 ? value : undefined);
  }
  return known;
}
