import { lazy } from '../memo';
import { codeFiles } from './code';
import { seconds, timedelta } from './code-settings';
import { grouped } from './grouped';
import { Place } from './place';
import { Container } from './pod/container';
import { withoutComments } from './python-text';

/** Calls that send a task, or make one that is sent later. */
const SENDS = /(?:\b(?:apply_async|apply_async_on_commit|retry|send_task|signature|subtask)|\.set)$/;

/** What comes before the bracket that is open at an index. */
function opened(text: string, index: number): string {
  let depth = 0;
  for (let i = index - 1; i >= 0 && index - i < 1000; i--) {
    if (/[)\]}]/.test(text[i])) depth++;
    if (/[([{]/.test(text[i]) && depth-- === 0) return text.slice(Math.max(0, i - 40), i).trimEnd();
  }
  return '';
}

interface Countdown {
  readonly seconds: number;
  readonly at: Place;
}

/** `datetime.now(tz=timezone.utc)`, `timezone.now()`, `datetime.utcnow()`. */
const NOW = String.raw`[\w.]*\b(?:now|utcnow|localtime)\((?:[^()]|\([^()]*\))*\)`;
const DELTA = String.raw`(?:\w+\.)?timedelta\([^()]*\)`;
const END = String.raw`\s*(?=[,)}#\n]|$)`;
const AMOUNT = new RegExp(String.raw`^(?:int\(\s*)?([\d_.*\s]+?|${DELTA}\.total_seconds\(\))${END}`);
const FROM_NOW = [new RegExp(String.raw`^${NOW}\s*\+\s*(${DELTA})${END}`), new RegExp(String.raw`^(${DELTA})\s*\+\s*${NOW}${END}`)];

/** Seconds, of a number, a product of numbers or a timedelta. */
function amount(text: string): number | undefined {
  const written = AMOUNT.exec(text)?.[1];
  return written === undefined ? undefined : timedelta(written) ?? seconds(written);
}

/** The constants of a module that it sets once. */
function constants(code: string): ReadonlyMap<string, string> {
  const all = grouped([...code.matchAll(/(?<=^|\n)([A-Z][A-Z0-9_]*)[ \t]*(?::[^=\n]*)?=(?!=)[ \t]*(.*)/g)].map(([, name, value]) => [name, value] as const));
  return new Map([...all].flatMap(([name, values]) => values.length === 1 ? [[name, values[0]] as const] : []));
}

/** What code in sight gives tasks as a countdown, or as a time that is so far away. */
function countdowns(container: Container): Countdown[] {
  return codeFiles(container).flatMap(({ text, place }) => {
    const code = withoutComments(text);
    const named = constants(code);
    return [...code.matchAll(/\b(countdown|eta)["']?\s*[=:](?!=)\s*/g)].flatMap(({ 0: { length }, 1: name, index }) => {
      const value = code.slice(index + length, index + length + 300);
      const given = name === 'eta' ? FROM_NOW.flatMap((form) => timedelta(form.exec(value)?.[1] ?? '') ?? [])[0]
        : amount(named.get(/^([A-Z][A-Z0-9_]*)\s*(?=[,)}#\n])/.exec(value)?.[1] ?? '') ?? value);
      const before = opened(code, index);
      // Other code has countdowns of its own.
      return given === undefined || !(SENDS.test(before) || /\boptions["']?\s*[=:]$/.test(before)) ? [] : [{ seconds: given, at: place }];
    });
  });
}

/** The longest countdown that code in sight gives a task. */
export const longestCountdown: (container: Container) => Countdown | undefined = lazy((container: Container) => countdowns(container)
  .reduce<Countdown | undefined>((longest, one) => longest === undefined || one.seconds > longest.seconds ? one : longest, undefined));
