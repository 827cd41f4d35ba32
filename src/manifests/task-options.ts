import { lazy, remembered } from '../memo';
import { codeFiles } from './code';
import { balanced, seconds } from './code-settings';
import { Place } from './place';
import { Container } from './pod/container';
import { Resource } from './resource';

/** What the code of one task says about it: it wins over the settings of the application. */
export interface TaskOptions {
  readonly name: string;
  readonly at: Place;
  /** Undefined where it does not say, or where only a run tells. */
  readonly acksLate?: boolean;
  readonly rejectOnWorkerLost?: boolean;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
}

/** `@app.task(...)`, `@shared_task(...)`: the decorator with options. */
const DECORATOR = /^[ \t]*@(?:[\w.]+\.)?(?:task|shared_task|periodic_task)[ \t]*\(/gm;

type Options = Omit<TaskOptions, 'at'>;

/** The options that the decorators of tasks in Python code have as literals. */
function tasksIn(code: string): readonly Options[] {
  const text = code.replace(/^[ \t]*#.*$/gm, '');
  return [...text.matchAll(DECORATOR)].flatMap((match) => {
    const open = match.index + match[0].length - 1;
    const length = balanced(text.slice(open, open + 4000), '(', ')');
    if (length === undefined) return [];
    const options = text.slice(open, open + length);
    const name = /^\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\s+(\w+)/.exec(text.slice(open + length))?.[1];
    const value = (option: string) => new RegExp(`(?<![\\w.'"])${option}\\s*=\\s*([\\w. *]+?)\\s*[,)\\n]`).exec(options)?.[1];
    const flag = (option: string) => ({ True: true, False: false } as Record<string, boolean | undefined>)[value(option) ?? ''];
    const number = (option: string) => seconds(value(option) ?? '');
    return name === undefined ? [] : [{
      name, acksLate: flag('acks_late'), rejectOnWorkerLost: flag('reject_on_worker_lost'), timeLimit: number('time_limit'), softTimeLimit: number('soft_time_limit'),
    }];
  });
}

/** Many containers share the same ConfigMap. */
const tasksOf = lazy((_configMap: Resource) => remembered(tasksIn));

/** The tasks with options of their own, as far as a ConfigMap shows the code. */
export const taskOptions: (container: Container) => readonly TaskOptions[] = lazy((container: Container) =>
  codeFiles(container).flatMap(({ text, place }) => tasksOf(place.resource)(text).map((options) => ({ ...options, at: place }))));
