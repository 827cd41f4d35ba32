import { CeleryQueue } from './celery-queue';
import { nearest } from '../nearest';
import { flag, list, optionsOf, RequiredProp, Shape, text } from './validation/props';
import { Problem } from './validation/problems';

const QUEUE: Shape<CeleryQueue> = {
  name: { check: text('e.g. \'mail\''), fix: 'give e.g. \'mail\'', instead: () => undefined } satisfies RequiredProp,
  external: flag,
};

/** The type of the prop. */
export const celeryQueues = list(optionsOf(QUEUE), 'e.g. [{ name: \'mail\' }]');

const NAME = /^[^\s,]+$/;

/** What is wrong with the names of queues, of an app or of a worker. */
export function checkNames(names: readonly string[]): Problem[] {
  return names.flatMap((name, i): Problem[] => !NAME.test(name)
    ? [{ prop: 'queues', value: name, wrong: 'is not a name of a queue', fix: 'use a name without spaces and commas' }]
    : names.indexOf(name) < i ? [{ prop: 'queues', value: name, wrong: 'is given twice', fix: 'give it once' }] : []);
}

/** Celery's own default. */
const DEFAULT_QUEUE = 'celery';

/** The queues that an app has. */
export class Queues {
  /** Where tasks go that no route sends elsewhere. */
  public readonly default: string;

  public constructor(private readonly declared: readonly CeleryQueue[] | undefined, settings: ReadonlyMap<string, unknown>) {
    const given = settings.get('task_default_queue');
    this.default = typeof given === 'string' ? given : DEFAULT_QUEUE;
  }

  /** Names that a worker gives and the app does not have. Where the app declares none, Celery makes every queue that a worker names. */
  public unknown(names: readonly string[]): Problem[] {
    if (this.declared === undefined) return [];
    const known = new Set([this.default, ...this.declared.map(({ name }) => name)]);
    return names.filter((name) => NAME.test(name) && !known.has(name)).map((name) => {
      const meant = nearest(name, known);
      return {
        prop: 'queues', value: name, wrong: 'is not a queue of the app',
        fix: `${meant === undefined ? '' : `did you mean ${meant}? Else `}add it to the queues of the CeleryApp, which has ${[...known].join(', ')}`,
      };
    });
  }

  /** Queues that nothing consumes from. A worker that names no queue consumes from the default one, or from those that code declares. */
  public idle(consumed: ReadonlyArray<readonly string[] | undefined>, codeMayDeclare: boolean): Problem[] {
    if (consumed.length === 0 || (codeMayDeclare && consumed.includes(undefined))) return [];
    const busy = new Set(consumed.flatMap((names) => names ?? [this.default]));
    return (this.declared ?? []).filter(({ name, external }) => external !== true && !busy.has(name)).map(({ name }) => ({
      prop: 'queues', value: name, wrong: 'is a queue from which no worker consumes, so its tasks wait without an error',
      fix: `give queues: ['${name}'] to a CeleryWorker, or declare it with external: true where others consume from it`,
    }));
  }
}
