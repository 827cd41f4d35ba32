import { Room } from './room';

/** A word of a script after quotes and known variables are resolved. */
export interface ShellWord {
  readonly text: string;
  /** Something in it is only known when the script runs: `$UNKNOWN`, `$(command)`. */
  readonly unknown: boolean;
}

/** What is known when a script starts. */
export interface ShellContext {
  readonly variable: (name: string) => string | undefined;
  /** `$1`, `$2`, ...; undefined when they are not known. */
  readonly positional?: readonly ShellWord[];
  /** For the values of both, in this script and those that it runs. */
  readonly room: Room;
}

/** What a `$` or a backtick becomes, and where it ends. */
export interface Expansion extends ShellWord {
  readonly end: number;
}

export function expansion(script: string, at: number, context: ShellContext): Expansion {
  const unknown = (end: number) => ({ text: script.slice(at, end), unknown: true, end });
  if (script[at] === '`') {
    const end = script.indexOf('`', at + 1);
    return unknown(end < 0 ? script.length : end + 1);
  }
  if (script[at + 1] === '(') return unknown(closing(script, at + 1, '(', ')'));
  if (script[at + 1] === '{') {
    const end = closing(script, at + 1, '{', '}');
    const text = braces(script.slice(at, end), context);
    return text === undefined ? unknown(end) : { text, unknown: false, end };
  }
  const name = /^\$(\w+|[@*#?$!-])/.exec(script.slice(at, at + 200))?.[0];
  if (name === undefined) return { text: '$', unknown: false, end: at + 1 };
  // `$10` is `$1` and a zero.
  const written = /^\$\d/.test(name) ? name.slice(0, 2) : name;
  const value = lookUp(written.slice(1), context);
  return { text: value ?? written, unknown: value === undefined, end: at + written.length };
}

/** `${NAME}`, `${NAME:-default}` and the like; undefined when only a run tells. */
function braces(written: string, context: ShellContext): string | undefined {
  const match = /^\$\{(\w+)(?:(:?[-=])([^}$`]*))?\}$/.exec(written);
  if (!match) return undefined;
  const [, name, operator, fallback] = match;
  const value = lookUp(name, context);
  // A positional parameter that is certainly not given, or an empty value: the default.
  const absent = value === undefined && /^[1-9]$/.test(name) && context.positional !== undefined && Number(name) > context.positional.length;
  if (!absent && !(value === '' && operator?.startsWith(':'))) return value;
  if (operator === undefined) return '';
  return operator.endsWith('-') ? fallback : undefined;
}

function lookUp(name: string, { variable, positional, room }: ShellContext): string | undefined {
  const word = /^[1-9]$/.test(name) ? positional?.[Number(name) - 1] : { text: variable(name), unknown: false };
  return word?.text !== undefined && !word.unknown && room.take(word.text.length) ? word.text : undefined;
}

function closing(script: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let at = from; at < script.length; at += 1) {
    if (script[at] === '\\') at += 1;
    else if (script[at] === open) depth += 1;
    else if (script[at] === close) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return script.length;
}
