import { CeleryQueue } from './celery-queue';
import { declaresPriorities, highestPriority } from '../celery/transports';
import { nearest } from '../nearest';
import { flag, nestedList, number, RequiredProp, PropChecks, text } from './validation/props';
import { isPlainObject } from './validation/plain-object';
import { Problem } from './validation/problems';

const QUEUE: PropChecks<CeleryQueue> = {
  name: { check: text('e.g. \'mail\''), fix: 'give e.g. \'mail\'', instead: () => undefined } satisfies RequiredProp,
  maxPriority: number,
  external: flag,
};

/** The type of the prop. */
export const celeryQueues = nestedList(QUEUE, 'e.g. [{ name: \'mail\' }]');

const NAME = /^[^\s,\p{Cc}\p{Cs}]+$/u;

/** What is wrong with the names of queues, of an app or of a worker. */
export function checkNames(names: readonly string[]): Problem[] {
  return names.flatMap((name, i): Problem[] => !NAME.test(name)
    ? [{ prop: 'queues', value: name, wrong: 'is not a name of a queue', fix: 'use a name without spaces, commas and control characters' }]
    : names.indexOf(name) < i ? [{ prop: 'queues', value: name, wrong: 'is given twice', fix: 'give it once' }] : []);
}

/** Celery's own default. */
const DEFAULT_QUEUE = 'celery';

/** Where a setting sends tasks. */
interface Route {
  /** The path of the setting: `settings.task_routes['tasks.mail']`. */
  readonly prop: string;
  readonly queue: string;
}

/** The queues to which routes and periodic tasks of the settings send; a route that a function decides is not known. */
function routes(settings: ReadonlyMap<string, unknown>): Route[] {
  const named = (prop: string, options: unknown): Route[] => {
    const queue = isPlainObject(options) ? options.queue : options;
    // One with `$` may be meant as a reference.
    return typeof queue === 'string' && !queue.includes('$') ? [{ prop, queue }] : [];
  };
  const ofMap = (prop: string, map: Record<string, unknown>): Route[] => Object.entries(map).flatMap(([task, to]) => named(`${prop}['${task}']`, to));
  const ofPairs = (prop: string, pairs: readonly unknown[]): Route[] => (
    pairs.flatMap((pair, i) => Array.isArray(pair) ? named(`${prop}[${i}]`, pair[1]) : [])
  );
  // A map, or a list of routers: names of functions, maps, and lists of pairs.
  const ofRouter = (prop: string, router: unknown): Route[] => (
    isPlainObject(router) ? ofMap(prop, router) : Array.isArray(router) ? ofPairs(prop, router) : []
  );
  const given = settings.get('task_routes');
  const schedule = settings.get('beat_schedule');
  return [
    ...(Array.isArray(given) ? given.flatMap((router, i) => ofRouter(`settings.task_routes[${i}]`, router)) : ofRouter('settings.task_routes', given)),
    ...(isPlainObject(schedule) ? Object.entries(schedule).flatMap(([name, entry]) =>
      isPlainObject(entry) ? named(`settings.beat_schedule['${name}'].options`, isPlainObject(entry.options) ? entry.options : {}) : []) : []),
  ];
}

/** The names among `task_queues`, a map or a list of maps. */
function taskQueueNames(value: unknown): string[] {
  if (isPlainObject(value)) return Object.keys(value);
  return Array.isArray(value) ? value.flatMap((queue) => isPlainObject(queue) && typeof queue.name === 'string' ? [queue.name] : []) : [];
}

/** The queues that an app has. */
export class Queues {
  /** Where tasks go that no route sends elsewhere. */
  public readonly default: string;
  /** Celery's `task_queues`, where a queue is to be declared with more than its name. */
  public readonly taskQueues?: object;

  public constructor(
    private readonly declared: readonly CeleryQueue[] | undefined,
    private readonly settings: ReadonlyMap<string, unknown>,
    private readonly transport: string | undefined,
    defaultQueue: unknown,
  ) {
    this.default = typeof defaultQueue === 'string' ? defaultQueue : DEFAULT_QUEUE;
    if (transport !== undefined && declaresPriorities(transport) && this.prioritized.length > 0) {
      // Exchange and routing key as Celery gives them to a queue that it knows by its name only.
      this.taskQueues = Object.fromEntries([{ name: this.default }, ...declared ?? []].map(({ name, maxPriority }: CeleryQueue) => [name, {
        exchange: name, routing_key: name, ...(maxPriority === undefined ? {} : { queue_arguments: { 'x-max-priority': maxPriority } }),
      }]));
    }
  }

  /** The names of those that the app declares, here or in its settings. */
  public get names(): readonly string[] {
    return [...(this.declared ?? []).map(({ name }) => name), ...taskQueueNames(this.settings.get('task_queues'))];
  }

  private get prioritized(): readonly CeleryQueue[] {
    return (this.declared ?? []).filter(({ maxPriority }) => maxPriority !== undefined);
  }

  /**
   * What is wrong with the queues that an app declares. `codeDeclares`: its code has `task_queues` of its own, or its settings have. `quorum`: they
   * are to be quorum queues.
   */
  public problems(codeDeclares: boolean, quorum: boolean): Problem[] {
    const { transport } = this;
    const names = checkNames((this.declared ?? []).map(({ name }) => name));
    if (transport === undefined) return names;
    const most = highestPriority(transport);
    return [...names, ...this.prioritized.flatMap(({ name, maxPriority }): Problem[] => {
      const prop = `queues '${name}' maxPriority`;
      if (most === 0) return [{ prop, value: maxPriority, wrong: `is for brokers with priorities, and ${transport} has none`, fix: 'leave it out' }];
      if (!Number.isInteger(maxPriority) || maxPriority! < 1 || maxPriority! > most) {
        return [{ prop, value: maxPriority, wrong: `is not a highest priority that ${transport} has`, fix: `give a whole number from 1 to ${most}` }];
      }
      if (quorum && declaresPriorities(transport)) {
        return [{
          prop, value: maxPriority, wrong: 'is for classic queues, and those of the app are quorum queues, which have no x-max-priority',
          fix: 'leave it out, or make the queues classic: queueType: RabbitMqQueueType.CLASSIC of RabbitMqBroker, no task_default_queue_type in the settings',
        }];
      }
      return this.taskQueues && codeDeclares ? [{
        prop, value: maxPriority, wrong: 'is written into task_queues, and would take the place of the task_queues in the code or the settings',
        fix: 'declare the queues in one place: here, or there with queue_arguments={\'x-max-priority\': ...}',
      }] : [];
    })];
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

  /**
   * Routes in the settings to a queue that there is not: one that the app does not declare, or, where it declares none, that no worker of it
   * consumes from. A worker without queues consumes from those that code may declare.
   */
  public misrouted(consumed: ReadonlyArray<readonly string[] | undefined>, codeMayDeclare: boolean): Problem[] {
    const declared = this.declared?.map(({ name }) => name);
    if (declared === undefined && (consumed.length === 0 || (codeMayDeclare && consumed.includes(undefined)))) return [];
    const known = new Set([this.default, ...taskQueueNames(this.settings.get('task_queues')), ...declared ?? consumed.flatMap((names) => names ?? [])]);
    return routes(this.settings).filter(({ queue }) => !known.has(queue)).map(({ prop, queue }) => {
      const meant = nearest(queue, known);
      return {
        prop, value: queue, wrong: declared ? 'is not a queue of the app' : 'is a queue from which no worker of the app consumes',
        fix: `${meant === undefined ? '' : `did you mean ${meant}? Else `}add it to the queues of the CeleryApp, with external: true where others consume from it`,
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
