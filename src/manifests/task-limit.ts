import { lazy } from '../memo';
import { seconds } from './code-settings';
import { Place } from './place';
import { Process } from './process';

/** The longest that a task of a worker may take. */
export interface TaskLimit {
  readonly seconds: number;
  /** What says it: a flag or a setting. */
  readonly name: string;
  readonly at: Place;
  /** Only by a variable that is called like the setting: the application need not read it. */
  readonly variable?: string;
}

/** The hard time limit, or else the soft one: by flag, by the variable of the flag, by setting. */
export const taskLimit: (worker: Process) => TaskLimit | undefined = lazy((worker: Process) =>
  limit(worker, '--time-limit', 'task_time_limit') ?? limit(worker, '--soft-time-limit', 'task_soft_time_limit'));

/** One of them alone. */
export function limit(worker: Process, flag: string, setting: 'task_time_limit' | 'task_soft_time_limit'): TaskLimit | undefined {
  const option = worker.option(flag);
  const number = worker.number(flag);
  if (option.state === 'known' && number !== undefined && number > 0) return { seconds: number, name: flag, at: worker.place(option.path) };
  const given = worker.setting(setting);
  const value = given && seconds(given.value);
  return given && value !== undefined && value > 0 ? { seconds: value, name: setting, at: given.at, variable: given.variable } : undefined;
}
