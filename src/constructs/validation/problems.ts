import { IConstruct } from 'constructs';
import { isCredentialName, redact, redactUrl } from '../../celery/credentials';
import { Notes } from '../../memo';
import { printable } from '../../rules/printable';

/** One thing that is wrong with what the user gave, in the four parts that an error needs. */
export interface Problem {
  /** The prop, as the user wrote it: `concurrency`, `resources.memory.limit`. */
  readonly prop: string;
  /** The offending value. */
  readonly value: unknown;
  /** What is wrong with it, and why it matters. */
  readonly wrong: string;
  /** What is allowed, or how to fix it. */
  readonly fix: string;
}

/** Stands for a value that a message describes rather than shows. */
export class Described {
  public constructor(public readonly text: string) {}
}

/** Of a value of which a message shows nothing. */
export const NOT_SHOWN = new Described('');

/** A problem as one line, without credentials and without what a terminal obeys: `concurrency: 0 is not a whole number of at least 1; give ...`. */
export function describe({ prop, value, wrong, fix }: Problem): string {
  const name = prop.split(/[.[\]]/).filter(Boolean).at(-1) ?? '';
  const described = describedBy(value);
  const shown = described ?? (value !== undefined && isCredentialName(name) ? '\'***\'' : show(value));
  const line = `${prop}: ${shown === '' ? '' : `${shown} `}${redact(wrong)}; ${redact(fix)}`;
  // A tab is obeyed by nothing, and shown as it was given.
  return line.split('\t').map(printable).join('\t');
}

/**
 * Makes synth refuse, with every problem of every construct in one message and before anything is written.
 *
 * Constructors do not throw: the first bad prop would hide all the others.
 */
export function refuse(scope: IConstruct, problems: readonly Problem[]): void {
  if (problems.length > 0) {
    scope.node.addValidation({ validate: () => problems.map(describe) });
    refused.set(scope.node.root, true);
  }
}

const refused = new Notes<IConstruct, true>();

/** Whether anything in the app of this root is refused for its props. */
export function isRefused(root: IConstruct): boolean {
  return refused.get(root) === true;
}

/** Adds to a list, however many there are: a call takes about 100 000 arguments. */
export function addTo<T>(list: T[], more: readonly T[]): void {
  for (const one of more) list.push(one);
}

const LONGEST_VALUE = 120;

/** The words that take the place of a value. */
function describedBy(value: unknown): string | undefined {
  try {
    return value instanceof Described ? value.text : undefined;
  } catch {
    return UNREADABLE;
  }
}

/** A Proxy that throws. */
const UNREADABLE = 'an object that cannot be read';

function show(value: unknown): string {
  // Before it is cut: the half of a password is one, too.
  const text = typeof value === 'string' ? `'${redactUrl(value)}'` : typeof value === 'function' ? 'a function' : typeof value === 'object' ? redact(json(value)) : String(value);
  return text.length <= LONGEST_VALUE ? text
    : typeof value === 'string' ? `${text.slice(0, LONGEST_VALUE)}… (${value.length + 2} characters)` : `${text.slice(0, LONGEST_VALUE)}…`;
}

/** An object as JSON, as far as it is shown: it may be endless. */
function json(value: unknown): string {
  let seen = 0;
  try {
    return JSON.stringify(value, (_, inner: unknown) => {
      seen += 1;
      if (seen > LONGEST_VALUE) return '…';
      if (typeof inner === 'bigint') return String(inner);
      // What JSON has no word for, and would show as null.
      if (typeof inner === 'string') return redactUrl(inner);
      return typeof inner === 'function' ? '\u0001a function' : typeof inner === 'number' && !Number.isFinite(inner) ? `\u0001${inner}` : inner;
    }).replace(/"\\u0001([^"]*)"/g, '$1');
  } catch {
    // It contains itself, or a getter of it throws.
    return 'an object that is not JSON';
  }
}
