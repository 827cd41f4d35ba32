import { lazy } from '../memo';
import { codeFiles } from './code';
import { seconds } from './code-settings';
import { Place } from './place';
import { Process } from './process';
import { withoutComments } from './python-text';
import { tasksOf } from './tasks';

/** The longest that a task of a worker may take. */
export interface TaskLimit {
  readonly seconds: number;
  /** What says it: a flag or a setting. */
  readonly name: string;
  readonly at: Place;
  /** Only by a variable that is called like the setting: the application need not read it. */
  readonly variable?: string;
}

/**
 * The hard time limit, or else the soft one: by flag, by the variable of the flag, by setting; or a longer one that a single task has in its
 * decorator.
 */
export const taskLimit: (worker: Process) => TaskLimit | undefined = lazy((worker: Process) => {
  const routed = hasRoutes(worker);
  const longest = tasksOf(worker).filter(({ name }) => !routed || name === '*').flatMap(({ name, at, timeLimit, softTimeLimit, limitBy }) => {
    const own = timeLimit ?? softTimeLimit;
    return own === undefined || own <= 0 ? [] : [{ seconds: own, name: `${timeLimit === undefined ? 'soft_time_limit' : 'time_limit'} of ${limitBy ?? name}`, at }];
  }).reduce<TaskLimit | undefined>((most, next) => most && most.seconds >= next.seconds ? most : next, undefined);
  const general = generalLimit(worker);
  return longest && (!general || longest.seconds > general.seconds) ? longest : general;
});

/** Tasks go to queues of their own, by settings or by code in sight: which of them a worker gets is not known. */
function hasRoutes({ command: { settings }, container }: Process): boolean {
  return settings.has('task_routes') || codeFiles(container).some(({ text }) => /\btask_routes\b|\bqueue['"]?\s*[=:]/i.test(withoutComments(text)));
}

/** That of all tasks which have none of their own. */
function generalLimit(worker: Process): TaskLimit | undefined {
  return limit(worker, '--time-limit', 'task_time_limit') ?? limit(worker, '--soft-time-limit', 'task_soft_time_limit');
}

/** Tasks that are acknowledged late. */
export interface LateTasks {
  /** The longest that one of them may take. */
  readonly seconds: number;
  /** What makes them late. */
  readonly at: Place;
  /** One task, by its decorator; otherwise all, by a setting. */
  readonly task?: string;
  /** Only by a variable that is called like the setting: the application need not read it. */
  readonly variable?: string;
}

/** The tasks that are acknowledged late and have a time limit: all of them by a setting, or single ones by their decorators. */
export const lateTasks: (worker: Process) => readonly LateTasks[] = lazy((worker: Process) => {
  const setting = worker.settingOn('task_acks_late') ? worker.setting('task_acks_late') : undefined;
  const general = generalLimit(worker);
  const all = setting && general ? [{ seconds: general.seconds, at: setting.at, variable: setting.variable ?? general.variable }] : [];
  const single = tasksOf(worker).flatMap(({ name, at, acksLate, timeLimit, softTimeLimit }) => {
    const own = timeLimit ?? softTimeLimit ?? general?.seconds;
    const late = acksLate ?? setting !== undefined;
    // What says nothing of its own is among all.
    const says = acksLate !== undefined || timeLimit !== undefined || softTimeLimit !== undefined;
    return late && own !== undefined && own > 0 && says && (all.length === 0 || own !== general?.seconds) ? [{ seconds: own, at, task: name }] : [];
  });
  return [...all, ...single];
});

/** One of them. */
export function limit(worker: Process, flag: string, setting: 'task_time_limit' | 'task_soft_time_limit'): TaskLimit | undefined {
  // Each task has the setting as its own limit, which wins over that of the pool.
  const given = worker.setting(setting);
  const value = given && seconds(given.value);
  if (value !== undefined && value > 0) return { seconds: value, name: setting, at: given!.at, variable: given!.variable };
  const option = worker.option(flag);
  const number = worker.number(flag);
  if (option.state === 'known' && number !== undefined && number > 0) return { seconds: number, name: flag, at: worker.place(option.path) };
  return given !== undefined || worker.sets(setting) ? undefined : calledLike(worker, setting);
}

/** By a variable of the application that ends in the name of the setting: `WORKER_TASK_TIME_LIMIT`. */
function calledLike(worker: Process, setting: string): TaskLimit | undefined {
  const suffix = `_${setting.toUpperCase()}`;
  for (const { name, value, path } of worker.container.env.all()) {
    const length = name.endsWith(suffix) && /^\d+$/.test(value ?? '') ? Number(value) : 0;
    if (length > 0) return { seconds: length, name, at: worker.place(path), variable: name };
  }
  return undefined;
}
