import { codeFiles, seesSettings } from './code';
import { Place } from './place';
import type { Process } from './process';
import { annotated } from './task-annotations';
import { declaredTasks, Options } from './task-options';
import { withoutComments } from './python-text';
import { annotationsOf, tasksOf } from './tasks';

/** A task that is acknowledged before it runs, by its decorator or because nothing makes it late; without a name all of them. */
export interface EarlyTask {
  readonly task?: string;
  readonly at?: Place;
  /** What says it, where that is not the code of the task: `task_annotations['*']`. */
  readonly by?: string;
  /** What would make it late all the same. */
  readonly unless?: string;
}

/** What the code of tasks says about when they are acknowledged. */
interface Tasks extends Pick<Options, 'name' | 'acksLate' | 'unsaid' | 'acksLateBy' | 'unseen'> {
  readonly at?: Place;
}

/**
 * The first task that is acknowledged early; `late` where none is, and `unknown` where only a run tells. What a task says wins over the setting
 * `task_acks_late`; `undefined` of the setting is one that only a run tells.
 */
export function acknowledged(setting: boolean | undefined, tasks: readonly Tasks[]): EarlyTask | 'late' | 'unknown' {
  const seen = tasks.filter(({ unseen }) => unseen !== true);
  const early = tasks.find(({ acksLate }) => acksLate === false) ?? (setting === false ? seen.find(({ unsaid }) => unsaid) : undefined);
  if (early) return { task: early.name, at: early.at, ...(early.acksLateBy === undefined ? {} : { by: early.acksLateBy }) };
  if (tasks.some(({ name, acksLate }) => name === '*' && acksLate === true)) return 'late';
  if (tasks.some(({ acksLate, unsaid }) => acksLate === undefined && !unsaid)) return 'unknown';
  if (setting !== false) return setting === true ? 'late' : 'unknown';
  // Of tasks that no code in sight has, some are late.
  return seen.length > 0 ? 'late' : tasks.some(({ acksLate }) => acksLate === true) ? 'unknown' : {};
}

/** Files that make tasks, or give them options, in another way than by a decorator. */
const OTHERWISE = /\bregister_task\(|\btask_annotations\b|\bCELERY_(?:TASK_)?ANNOTATIONS\b|\btask_cls\b|\.Task\s*=(?!=)/;

/** `acks_late` with anything but True. */
const MAY_BE_EARLY = /(?<!task_)\backs_late\b(?:['"]\]?)?\s*(?::[^=\n]*=|[=:])(?!=)\s*(?!True\b)\S/;

/** What the setting and the tasks say, next to files and a class of annotations that may say otherwise. */
function judged(setting: boolean | undefined, tasks: readonly Tasks[], files: readonly string[], annotations: unknown): EarlyTask | 'late' | 'unknown' {
  const found = acknowledged(setting, tasks);
  const otherwise = files.map(withoutComments).filter((text) => OTHERWISE.test(text));
  if (tasks.some(({ acksLate }) => acksLate === false)) return found;
  if (found !== 'late') return otherwise.length > 0 || typeof annotations === 'string' ? 'unknown' : found;
  return otherwise.some((text) => MAY_BE_EARLY.test(text)) ? { unless: 'every task of this worker is acknowledged late' } : 'late';
}

/** The same of a program: its settings, and its files. */
export function acknowledgedByFiles(given: ReadonlyMap<string, unknown>, files: readonly string[], settingOfCode: string | undefined | null): EarlyTask | 'late' | 'unknown' {
  const late = given.get('task_acks_late');
  const setting = typeof late === 'boolean' ? late : settingOfCode === null ? false : ({ True: true, False: false } as Record<string, boolean | undefined>)[settingOfCode ?? ''];
  const annotations = given.get('task_annotations');
  return judged(setting, annotated(files.flatMap(declaredTasks), annotations), files, annotations);
}

/** When a worker acknowledges its tasks, as far as manifests show its settings and its code. */
export function acknowledgedBy(worker: Process): EarlyTask | 'late' | 'unknown' {
  const said = worker.settingOn('task_acks_late') ? true : worker.settingOff('task_acks_late') ? false : undefined;
  const setting = said ?? (!worker.sets('task_acks_late') && seesSettings(worker.container) ? false : undefined);
  return judged(setting, tasksOf(worker), codeFiles(worker.container).map(({ text }) => text), annotationsOf(worker));
}
