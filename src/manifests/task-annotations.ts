import { rateInterval } from '../celery/rate-limit';
import { isMap, JsonObject } from './json';
import { Options } from './task-options';

/** The setting that changes tasks by their names. */
const SETTING = 'task_annotations';

/** The name of all tasks. */
const ALL = '*';

/** A map of names, or a list of maps of which the first that has a name counts. A class that is named is out of sight. */
function mapOf(given: unknown): ReadonlyMap<string, JsonObject> {
  const maps = (Array.isArray(given) ? given : [given]).filter(isMap);
  return new Map(maps.reverse().flatMap((map) => Object.entries(map).filter((entry): entry is [string, JsonObject] => isMap(entry[1]))));
}

/**
 * Tasks with what the setting `task_annotations` makes of them: it is assigned to a task after it is made and wins over its code, and what is for all
 * tasks wins over what is for one. A name that no code in sight has is one more task.
 *
 * @see celery/app/task.py, Task.annotate, and celery/app/annotations.py
 */
export function annotated<T extends Options>(tasks: readonly T[], given: unknown): ReadonlyArray<T | Options> {
  const annotations = mapOf(given);
  if (annotations.size === 0) return tasks;
  const all = annotations.get(ALL);
  const named = [...annotations].filter(([name]) => name !== ALL);
  const known = new Set<string>();
  const inSight = tasks.map((task) => {
    // Code in sight says the name of a function, and not that of its module.
    const own = named.find(([name]) => name === task.name || name.endsWith(`.${task.name}`));
    if (own) known.add(own[0]);
    return { ...task, ...optionsOf(own?.[0], own?.[1]), ...optionsOf(ALL, all) };
  });
  const others = [...named.filter(([name]) => !known.has(name)), ...all ? [[ALL, all] as const] : []].map(([name, options]): Options => (
    { name, unsaid: true, unseen: true, ...optionsOf(name, options), ...optionsOf(ALL, all) }
  ));
  return [...inSight, ...others];
}

/** What one of them says, as Python takes it: nothing where it says nothing. */
function optionsOf(name: string | undefined, options: JsonObject = {}): Partial<Options> {
  const has = (option: string): boolean => Object.hasOwn(options, option);
  const by = `${SETTING}['${name}']`;
  const seconds = (option: string) => typeof options[option] === 'number' && options[option] > 0 ? options[option] : undefined;
  return {
    ...(has('acks_late') ? { acksLate: isTrue(options.acks_late), unsaid: false, acksLateBy: by } : {}),
    ...(has('reject_on_worker_lost') ? { rejectOnWorkerLost: isTrue(options.reject_on_worker_lost) } : {}),
    ...(has('rate_limit') ? { interval: rateInterval(options.rate_limit) ?? 0 } : {}),
    ...(has('time_limit') ? { timeLimit: seconds('time_limit'), limitBy: by } : {}),
    ...(has('soft_time_limit') ? { softTimeLimit: seconds('soft_time_limit'), limitBy: by } : {}),
  };
}

function isTrue(value: unknown): boolean {
  return isMap(value) || Array.isArray(value) ? Object.keys(value).length > 0 : Boolean(value);
}
