import { remembered } from '../../memo';
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
  const known = readings(script, JSON.stringify(context.positional?.map(({ text, unknown }) => [text, unknown])) ?? '');
  if (known.last && holds(known.last, context)) return known.last.script;
  const asked = new Map<string, string | undefined>();
  const before = context.room.rest;
  const variable = (name: string): string | undefined => {
    const value = context.variable(name);
    asked.set(name, value);
    return value;
  };
  const read = readShell(script, { ...context, variable });
  if (!context.room.full) known.last = { script: read, asked, taken: before - context.room.rest };
  return read;
}

/** What a script was read as, and all that this depends on: many containers run the same script. */
interface Reading {
  readonly script: Script;
  /** The values of the variables that it names. */
  readonly asked: ReadonlyMap<string, string | undefined>;
  /** How much of the room they have taken. */
  readonly taken: number;
}

/** The last reading of each script with its positional parameters. */
const readings = remembered((_script: string, _positional: string): { last?: Reading } => ({}));

/** Whether a script is read as it was before: then it has taken the room that it takes. */
function holds({ asked, taken }: Reading, { variable, room }: ShellContext): boolean {
  for (const [name, value] of asked) if (variable(name) !== value) return false;
  return taken <= room.rest && room.take(taken);
}

function readShell(script: string, context: ShellContext): Script {
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
