import { lazy, remembered } from '../memo';
import { codeFiles } from './code';
import { rateInterval } from '../celery/rate-limit';
import { balanced, seconds } from './code-settings';
import { withoutComments } from './python-text';
import { Place } from './place';
import { Container } from './pod/container';

/** What the code of one task says about it: it wins over the settings of the application. */
export interface TaskOptions {
  readonly name: string;
  readonly at: Place;
  /** Undefined where it does not say, or where only a run tells. */
  readonly acksLate?: boolean;
  /** It says nothing of when it is acknowledged: what the application says holds. */
  readonly unsaid: boolean;
  readonly rejectOnWorkerLost?: boolean;
  /** The queue that it goes to. */
  readonly queue?: string;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  /** The seconds between two of it in one worker, by its rate limit; 0 for none. */
  readonly interval?: number;
  /** What says when it is acknowledged, where that is not its code: `task_annotations['*']`. */
  readonly acksLateBy?: string;
  /** The same of its time limits. */
  readonly limitBy?: string;
  /** No code in sight has it. */
  readonly unseen?: boolean;
}

/** `@app.task`, `@shared_task(...)`: the decorator, with options or without. */
const DECORATOR = /^[ \t]*@(?:[\w.]+\.)?(?:task|shared_task|periodic_task)\b(?![ \t]*[.\w])[ \t]*(\()?/gm;

/** `app.task(send, ...)`, `shared_task(...)(send)`: the same as a call. */
const CALL = /(?<![@\w.])(?:[\w.]+\.task|(?:[\w.]+\.)?shared_task)\(/g;

/** `send.acks_late = ...`, `app.tasks['tasks.send'].acks_late = ...`, `setattr(send, 'acks_late', ...)`: after the task is made. */
const ASSIGNED = /^[ \t]*(?:([\w.]+(?:\[['"][\w.]+['"]\])?)\.acks_late[ \t]*=(?!=)|setattr\([ \t]*([\w.]+)[ \t]*,[ \t]*['"]acks_late['"][ \t]*,)[ \t]*([\w.]+)/gm;

/** The same without its place. */
export type Options = Omit<TaskOptions, 'at'>;

/** What Python takes for true or false. */
const FLAGS: Readonly<Record<string, boolean | undefined>> = { True: true, 1: true, False: false, 0: false };

/** The tasks that Python code declares by decorators and calls, with those of their options that are literals. */
export const declaredTasks: (code: string) => readonly Options[] = remembered((code: string) => {
  const text = withoutComments(code);
  const decorated = [...text.matchAll(DECORATOR)].flatMap((match) => {
    const open = match.index + match[0].length - 1;
    const length = match[1] === undefined ? 1 : balanced(text.slice(open, open + 4000), '(', ')');
    if (length === undefined) return [];
    const name = /^[^\S\n]*\n\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\s+(\w+)/.exec(text.slice(open + length))?.[1];
    return name === undefined ? [] : [declared(name, match[1] === undefined ? '' : text.slice(open, open + length), text)];
  });
  const called = [...text.matchAll(CALL)].flatMap((match) => {
    const open = match.index + match[0].length - 1;
    const length = balanced(text.slice(open, open + 4000), '(', ')');
    if (length === undefined) return [];
    const options = text.slice(open, open + length);
    const name = (/^\(\s*([\w.]+)\s*[,)]/.exec(options) ?? /^\s*\(\s*([\w.]+)\s*\)/.exec(text.slice(open + length)))?.[1];
    // Other libraries have a function task, too.
    return name === undefined || !/\b(?:acks_late|time_limit|soft_time_limit|rate_limit|queue)\b/.test(options) ? [] : [declared(lastOf(name), options, text)];
  });
  return assigned([...decorated, ...called], text);
});

function declared(name: string, written: string, text: string): Options {
  const options = spread(written, text);
  const value = (option: string) => new RegExp(`(?<![\\w.'"])${option}\\s*=\\s*([\\w. *]+?)\\s*[,)\\n]`).exec(options)?.[1];
  const number = (option: string) => seconds(value(option) ?? '');
  const base = /(?<![\w.'"])base\s*=\s*([\w.]+)/.exec(options)?.[1];
  const inherited = base === undefined ? 'unsaid' : ofBase(text, base);
  // None is what the setting says.
  const given = /(?<![\w.'"])acks_late\s*=(?!=)/.test(options) && value('acks_late') !== 'None';
  return {
    name, acksLate: given ? FLAGS[value('acks_late') ?? ''] : inherited === 'unsaid' ? undefined : inherited,
    unsaid: !given && inherited === 'unsaid' && !options.includes('**'),
    queue: /(?<![\w.'"])queue\s*=\s*(['"])([^'"\n]+)\1/.exec(options)?.[2],
    rejectOnWorkerLost: FLAGS[value('reject_on_worker_lost') ?? ''], timeLimit: number('time_limit'), softTimeLimit: number('soft_time_limit'),
    interval: rateInterval(/(?<![\w.'"])rate_limit\s*=\s*['"]?([\d./smh]+)/.exec(options)?.[1]),
  };
}

/** Options with `**OPTIONS` written out, where the file has that as a literal and nothing changes it. An empty one is there to be filled. */
function spread(options: string, text: string): string {
  return options.replace(/\*\*\s*(\w+)\b(?![.([])/g, (whole, name: string) => {
    const literals = [...text.matchAll(new RegExp(`^${name}[ \\t]*(?::[^=\\n]*)?=[ \\t]*(?=\\{|dict\\()`, 'gm'))];
    if (literals.length !== 1 || new RegExp(`\\b${name}(?:\\[|\\.|\\s*[|+*]?=(?!=))`).test(text.replace(literals[0][0], ''))) return whole;
    const literal = text.slice(literals[0].index + literals[0][0].length).replace(/^dict/, '');
    const length = balanced(literal.slice(0, 4000), literal[0], literal[0] === '{' ? '}' : ')');
    const inner = length === undefined ? '' : literal.slice(1, length - 1).replace(/,?\s*$/, '').replace(/(['"])(\w+)\1\s*:/g, '$2=');
    return inner.trim() === '' ? whole : `${inner},`;
  });
}

/** What is assigned to a task after it is made wins; to the class of all tasks, for those that say nothing. */
function assigned(tasks: readonly Options[], text: string): readonly Options[] {
  const all = [...tasks];
  for (const [, attribute, argument, value] of text.matchAll(ASSIGNED)) {
    const name = lastOf((attribute ?? argument).replace(/['"\]]+$/, ''));
    // In a method it is about one instance, in one process.
    if (name === 'self' || name === 'cls') continue;
    const acksLate = value === 'None' ? false : FLAGS[value];
    const those = all.flatMap((task, i) => (name === 'Task' ? task.unsaid : task.name === name) ? [i] : []);
    for (const i of those) all[i] = { ...all[i], acksLate, unsaid: false };
    // What is no task of this file may be something else.
    if (those.length === 0 && name !== 'Task') all.push({ name, acksLate: /\btasks\[/.test(attribute ?? '') ? acksLate : undefined, unsaid: false });
  }
  return all;
}

function lastOf(name: string): string {
  return name.split(/[.['"]+/).at(-1)!;
}

/** The time limits that calls give to a message: `send.apply_async(args, time_limit=60)`. The hard one counts. */
export function limitsOfCalls(code: string): readonly { readonly option: string; readonly seconds: number }[] {
  const text = withoutComments(code);
  return [...text.matchAll(/\.(?:apply_async|send_task)\(/g)].flatMap(({ 0: found, index }) => {
    const call = text.slice(index + found.length - 1, index + found.length + 4000);
    const options = call.slice(0, balanced(call, '(', ')') ?? 0);
    const given = ['time_limit', 'soft_time_limit'].flatMap((option) => {
      const value = seconds(new RegExp(`(?<![\\w.'"])${option}\\s*=\\s*([\\d_. *]+?)\\s*[,)]`).exec(options)?.[1] ?? '');
      return value === undefined ? [] : [{ option, seconds: value }];
    });
    return given.slice(0, 1);
  });
}

/** What a class of tasks says of when they are acknowledged; undefined where only a run tells, or where it is in no file in sight. */
function ofBase(text: string, name: string): boolean | 'unsaid' | undefined {
  const found = new RegExp(`^class[ \\t]+${name.replaceAll('.', '\\.')}\\b([^\\n]*)\\n((?:[ \\t]+[^\\n]*\\n|[ \\t]*\\n)*)`, 'm').exec(`${text}\n`);
  if (!found) return undefined;
  const given = /^[ \t]+acks_late[ \t]*(?::[^=\n]*)?=[ \t]*(\w+)/m.exec(found[2])?.[1];
  // One that is made of another class has what that says.
  return given === undefined ? (/\((?:[\w.]+\.)?Task\)/.test(found[1]) ? 'unsaid' : undefined) : FLAGS[given];
}

/** The tasks with options of their own, as far as a ConfigMap shows the code. */
export const taskOptions: (container: Container) => readonly TaskOptions[] = lazy((container: Container) =>
  codeFiles(container).flatMap(({ text, place }) => declaredTasks(text).map((options) => ({ ...options, at: place }))));
