import { codeFiles, seesSettings } from './code';
import { Place } from './place';
import type { Process } from './process';
import { declaredTasks, taskOptions } from './task-options';

/** A task that is acknowledged before it runs, by its decorator or because nothing makes it late; without a name all of them. */
export interface EarlyTask {
  readonly task?: string;
  readonly at?: Place;
}

/** What the code of tasks says about when they are acknowledged. */
interface Tasks {
  readonly name: string;
  readonly at?: Place;
  readonly acksLate?: boolean;
  readonly unsaid: boolean;
}

/**
 * The first task that is acknowledged early; `late` where none is, and `unknown` where only a run tells. What a task says wins over the setting
 * `task_acks_late`; `undefined` of the setting is one that only a run tells.
 */
export function acknowledged(setting: boolean | undefined, tasks: readonly Tasks[]): EarlyTask | 'late' | 'unknown' {
  const early = tasks.find(({ acksLate }) => acksLate === false) ?? (setting === false ? tasks.find(({ unsaid }) => unsaid) : undefined);
  if (early) return { task: early.name, at: early.at };
  if (tasks.some(({ acksLate, unsaid }) => acksLate === undefined && !unsaid)) return 'unknown';
  if (setting !== false) return setting === true ? 'late' : 'unknown';
  return tasks.length > 0 ? 'late' : {};
}

/** Files that make tasks, or give them options, in another way than by a decorator. */
const OTHERWISE = /\bregister_task\(|\btask_annotations\b|\bCELERY_(?:TASK_)?ANNOTATIONS\b|\btask_cls\b/;

/** The same of a program: the setting of the app, where it has one, and its files. */
export function acknowledgedByFiles(given: unknown, files: readonly string[], settingOfCode: string | undefined | null): EarlyTask | 'late' | 'unknown' {
  const tasks = files.flatMap(declaredTasks);
  const setting = typeof given === 'boolean' ? given : settingOfCode === null ? false : ({ True: true, False: false } as Record<string, boolean | undefined>)[settingOfCode ?? ''];
  const judged = acknowledged(setting, tasks);
  return files.some((text) => OTHERWISE.test(text)) && !tasks.some(({ acksLate }) => acksLate === false) && judged !== 'late' ? 'unknown' : judged;
}

/** When a worker acknowledges its tasks, as far as manifests show its settings and its code. */
export function acknowledgedBy(worker: Process): EarlyTask | 'late' | 'unknown' {
  const tasks = taskOptions(worker.container);
  const said = worker.settingOn('task_acks_late') ? true : worker.settingOff('task_acks_late') ? false : undefined;
  const setting = said ?? (!worker.sets('task_acks_late') && seesSettings(worker.container) ? false : undefined);
  const judged = acknowledged(setting, tasks);
  if (typeof judged === 'string' || tasks.some(({ acksLate }) => acksLate === false)) return judged;
  return worker.command.settings.has('task_annotations') || codeFiles(worker.container).some(({ text }) => OTHERWISE.test(text)) ? 'unknown' : judged;
}
