import { lazy } from '../memo';
import { Process } from './process';
import { annotated } from './task-annotations';
import { TaskOptions, taskOptions } from './task-options';

/** The setting `task_annotations` on the command line of a worker. */
export function annotationsOf(worker: Process): unknown {
  const given = worker.command.settings.get('task_annotations');
  try {
    return given && JSON.parse(given.value) as unknown;
  } catch {
    return given?.value;
  }
}

/** The tasks of a worker with options of their own, as far as manifests show its code and its settings. */
export const tasksOf: (worker: Process) => readonly TaskOptions[] = lazy((worker: Process) => {
  const given = worker.command.settings.get('task_annotations');
  const tasks = taskOptions(worker.container);
  return given === undefined ? tasks : annotated(tasks, annotationsOf(worker)).map((task) => ({ at: worker.place(given.word.path), ...task }));
});
