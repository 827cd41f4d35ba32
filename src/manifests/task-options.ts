import { lazy, remembered } from '../memo';
import { codeFiles } from './code';
import { balanced, seconds } from './code-settings';
import { withoutComments } from './python-text';
import { Place } from './place';
import { Container } from './pod/container';
import { Resource } from './resource';

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
}

/** `@app.task`, `@shared_task(...)`: the decorator, with options or without. */
const DECORATOR = /^[ \t]*@(?:[\w.]+\.)?(?:task|shared_task|periodic_task)\b(?![ \t]*[.\w])[ \t]*(\()?/gm;

type Options = Omit<TaskOptions, 'at'>;

const FLAGS: Readonly<Record<string, boolean | undefined>> = { True: true, False: false };

/** The tasks that Python code declares by decorators, with those of their options that are literals. */
export function declaredTasks(code: string): readonly Options[] {
  const text = withoutComments(code);
  return [...text.matchAll(DECORATOR)].flatMap((match) => {
    const open = match.index + match[0].length - 1;
    const length = match[1] === undefined ? 1 : balanced(text.slice(open, open + 4000), '(', ')');
    if (length === undefined) return [];
    const options = match[1] === undefined ? '' : text.slice(open, open + length);
    const name = /^[^\S\n]*\n\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\s+(\w+)/.exec(text.slice(open + length))?.[1];
    const value = (option: string) => new RegExp(`(?<![\\w.'"])${option}\\s*=\\s*([\\w. *]+?)\\s*[,)\\n]`).exec(options)?.[1];
    const number = (option: string) => seconds(value(option) ?? '');
    const base = /(?<![\w.'"])base\s*=\s*([\w.]+)/.exec(options)?.[1];
    const inherited = base === undefined ? 'unsaid' : ofBase(text, base);
    const given = /(?<![\w.'"])acks_late\s*=(?!=)/.test(options);
    return name === undefined ? [] : [{
      name, acksLate: given ? FLAGS[value('acks_late') ?? ''] : inherited === 'unsaid' ? undefined : inherited,
      unsaid: !given && inherited === 'unsaid' && !options.includes('**'),
      queue: /(?<![\w.'"])queue\s*=\s*(['"])([^'"\n]+)\1/.exec(options)?.[2],
      rejectOnWorkerLost: FLAGS[value('reject_on_worker_lost') ?? ''], timeLimit: number('time_limit'), softTimeLimit: number('soft_time_limit'),
    }];
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

/** Many containers share the same ConfigMap. */
const tasksOf = lazy((_configMap: Resource) => remembered(declaredTasks));

/** The tasks with options of their own, as far as a ConfigMap shows the code. */
export const taskOptions: (container: Container) => readonly TaskOptions[] = lazy((container: Container) =>
  codeFiles(container).flatMap(({ text, place }) => tasksOf(place.resource)(text).map((options) => ({ ...options, at: place }))));
