import { lazy } from '../memo';
import { codeFiles } from './code';
import { seconds } from './code-settings';
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

/** What code in sight gives tasks as a countdown. */
function countdowns(container: Container): Countdown[] {
  return codeFiles(container).flatMap(({ text, place }) => {
    const code = withoutComments(text);
    return [...code.matchAll(/\bcountdown["']?\s*[=:]\s*([\d_.*\s]+?)\s*(?=[,)}#\n])/g)].flatMap(({ 1: value, index }) => {
      const given = seconds(value);
      const before = opened(code, index);
      // Other code has countdowns of its own.
      return given === undefined || !(SENDS.test(before) || /\boptions["']?\s*[=:]$/.test(before)) ? [] : [{ seconds: given, at: place }];
    });
  });
}

/** The longest countdown that code in sight gives a task. */
export const longestCountdown: (container: Container) => Countdown | undefined = lazy((container: Container) => countdowns(container)
  .reduce<Countdown | undefined>((longest, one) => longest === undefined || one.seconds > longest.seconds ? one : longest, undefined));
