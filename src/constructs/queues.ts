import { CeleryQueue } from './celery-queue';
import { DEFAULTS } from '../celery/settings';
import { declaresPriorities, highestPriority } from '../celery/transports';
import { dictionaries } from '../manifests/code-settings';
import { withoutComments } from '../manifests/python-text';
import { declaredTasks } from '../manifests/task-options';
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

/** What is wrong with the names of queues, of an app or of a worker; `declared` are those of the app, which says it of them. */
export function checkNames(names: readonly string[], declared: readonly string[] = []): Problem[] {
  return names.flatMap((name, i): Problem[] => !NAME.test(name)
    ? declared.includes(name) ? [] : [{ prop: 'queues', value: name, wrong: 'is not a name of a queue', fix: 'use a name without spaces, commas and control characters' }]
    : names.indexOf(name) < i ? [{ prop: 'queues', value: name, wrong: 'is given twice', fix: 'give it once' }] : []);
}

/** Celery's own default. */

/** Where a setting or the code sends tasks. */
interface Route {
  /** The path of the setting: `settings.task_routes['tasks.mail']`. */
  readonly prop: string;
  /** The name of a queue, or a map of options. */
  readonly to: unknown;
}

/** What routes and periodic tasks of the settings say; where a function sends tasks is not known. */
function routes(settings: ReadonlyMap<string, unknown>): Route[] {
  const ofMap = (prop: string, map: Record<string, unknown>): Route[] => Object.entries(map).map(([task, to]) => ({ prop: `${prop}['${task}']`, to }));
  const ofPairs = (prop: string, pairs: readonly unknown[]): Route[] => (
    pairs.flatMap((pair, i) => Array.isArray(pair) ? [{ prop: `${prop}[${i}]`, to: pair[1] as unknown }] : [])
  );
  // A map, or a list of routers: names of functions, maps, and lists of pairs.
  const ofRouter = (prop: string, router: unknown): Route[] => (
    isPlainObject(router) ? ofMap(prop, router) : Array.isArray(router) ? ofPairs(prop, router) : []
  );
  const given = settings.get('task_routes');
  const schedule = settings.get('beat_schedule');
  const annotations = settings.get('task_annotations');
  return [
    ...(Array.isArray(given) ? given.flatMap((router, i) => ofRouter(`settings.task_routes[${i}]`, router)) : ofRouter('settings.task_routes', given)),
    ...(isPlainObject(schedule) ? Object.entries(schedule).flatMap(([name, entry]) => (
      isPlainObject(entry) ? [{ prop: `settings.beat_schedule['${name}'].options`, to: isPlainObject(entry.options) ? entry.options : {} }] : []
    )) : []),
    // Attributes of a task that are options of each message.
    ...(Array.isArray(annotations) ? annotations : [annotations]).filter(isPlainObject).flatMap((map) => ofMap('settings.task_annotations', map))
      .filter(({ to }) => isPlainObject(to)),
  ];
}

/** The queue of a route, where it names one; one with `$` may be meant as a reference. */
function queueOf({ prop, to }: Route): { readonly prop: string; readonly queue: string }[] {
  const queue = isPlainObject(to) ? to.queue : to;
  return typeof queue === 'string' && !queue.includes('$') ? [{ prop, queue }] : [];
}

/** Queues that Python code names in `task_routes` and in the decorators of tasks. */
function queuesInCode(files: Readonly<Record<string, string>>): { readonly prop: string; readonly queue: string }[] {
  return Object.entries(files).flatMap(([file, code]) => {
    const bare = withoutComments(code);
    const maps = dictionaries(bare, /\b(?:task_routes|CELERY_(?:TASK_)?ROUTES)['"]?\s*[=:]\s*(?=\{)/g)
      .flatMap((map) => [...map.matchAll(/['"]queue['"]\s*:\s*(['"])([^'"\n]+)\1/g)].map(([, , queue]) => queue));
    const own = declaredTasks(code).flatMap(({ queue }) => queue ?? []);
    return [...new Set([...maps, ...own])].map((queue) => ({ prop: `code '${file}' queue`, queue }));
  });
}

/** Routes that Celery does not take: each message that is sent raises an error. */
function malformed(settings: ReadonlyMap<string, unknown>): Problem[] {
  const given = settings.get('task_routes');
  const pairs = Array.isArray(given) ? given.flatMap((router: unknown, i): Problem[] => !Array.isArray(router) ? []
    : router.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string') ? [] : [{
      prop: `settings.task_routes[${i}]`, value: router, wrong: 'is not a list of pairs, so that each task which is sent raises a ValueError',
      fix: 'give a map of tasks, or one list more: [[[\'tasks.*\', { queue: \'mail\' }]]]',
    }]) : [];
  return [...pairs, ...(pairs.length > 0 ? [] : routes(settings)).flatMap(({ prop, to }): Problem[] => {
    if (typeof to !== 'string' && !isPlainObject(to)) {
      return [{ prop, value: to, wrong: 'is not the name of a queue or a map of options, so that each task which is sent raises a TypeError', fix: 'give e.g. { queue: \'mail\' }' }];
    }
    const queue = isPlainObject(to) ? to.queue : to;
    return queue === undefined || queue === null || typeof queue === 'string' ? [] : [{
      prop: `${prop}.queue`, value: queue, wrong: 'is not the name of a queue, so that each task which is sent raises a TypeError', fix: 'give its name: \'mail\'',
    }];
  })];
}

/** The exchanges that queues have: those of `task_queues`, and one with the name of each other queue. */
function exchanges(names: Iterable<string>, taskQueues: unknown): Set<string> {
  const options = isPlainObject(taskQueues) ? Object.values(taskQueues) : [];
  return new Set([...names, ...options.flatMap((queue) => isPlainObject(queue) && typeof queue.exchange === 'string' ? [queue.exchange] : [])]);
}

/** The names among `task_queues`, of which JSON has the map only. */
function taskQueueNames(value: unknown): string[] {
  return isPlainObject(value) ? Object.keys(value) : [];
}

/** What is in sight of an app. */
interface Seen {
  /** Its code; undefined for that of an image. */
  readonly files: Readonly<Record<string, string>> | undefined;
  /** Its code has `task_queues` of its own, or its settings have. */
  readonly codeDeclares: boolean;
  /** It has producers, whether or not it declares queues. */
  readonly sends: boolean;
}

/** A queue that no worker consumes, as a rule says it. */
interface Unread {
  readonly value: string;
  readonly note: string;
  readonly unless: string;
  readonly fix: string;
}

/** The queues of each worker; undefined is one that names none. */
type Consumed = ReadonlyArray<readonly string[] | undefined>;

/** The queues that an app has. */
export class Queues {
  /** Where tasks go that no route sends elsewhere. */
  public readonly default: string;
  /** Celery's `task_queues`, where a queue is to be declared with more than its name. */
  public readonly taskQueues?: object;

  /** `quorum`: each queue is to be declared as a quorum queue, because Celery gives those that it knows by their name only no type. */
  public constructor(
    private readonly declared: readonly CeleryQueue[] | undefined,
    private readonly settings: ReadonlyMap<string, unknown>,
    private readonly transport: string | undefined,
    defaultQueue: unknown,
    quorum = false,
  ) {
    this.default = typeof defaultQueue === 'string' ? defaultQueue : DEFAULTS.queue;
    const priorities = transport !== undefined && declaresPriorities(transport) && this.prioritized.length > 0;
    if (priorities || (quorum && declared !== undefined && declared.length > 0)) {
      // Exchange and routing key as Celery gives them to a queue that it knows by its name only.
      this.taskQueues = Object.fromEntries([{ name: this.default }, ...declared ?? []].map(({ name, maxPriority }: CeleryQueue) => [name, {
        exchange: name, routing_key: name,
        ...(maxPriority !== undefined ? { queue_arguments: { 'x-max-priority': maxPriority } } : quorum ? { exchange_type: 'topic', queue_arguments: { 'x-queue-type': 'quorum' } } : {}),
      }]));
    }
  }

  /** The queues that the app declares, by its props, and their highest priority. */
  public get priorities(): ReadonlyMap<string, number | undefined> {
    return new Map([{ name: this.default }, ...this.declared ?? []].map(({ name, maxPriority }: CeleryQueue) => [name, maxPriority]));
  }

  /** The names of those that the app declares, here or in its settings. */
  public get names(): readonly string[] {
    return [...this.declaredNames, ...taskQueueNames(this.settings.get('task_queues'))];
  }

  /** The names of those that the app declares by its prop. */
  public get declaredNames(): readonly string[] {
    return (this.declared ?? []).map(({ name }) => name);
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
    const names = [...checkNames(this.declaredNames), ...malformed(this.settings)];
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
   * Routes in the settings, or in code that is in sight, to a queue that there is not: one that the app does not declare, or, where it
   * declares none, that no worker of it consumes from. A worker without queues consumes from those that code may declare.
   */
  public misrouted(consumed: Consumed, codeMayDeclare: boolean, files: Readonly<Record<string, string>> = {}): Problem[] {
    const declared = this.declared?.map(({ name }) => name);
    if (declared === undefined && (consumed.length === 0 || (codeMayDeclare && consumed.includes(undefined)))) return [];
    const known = new Set([this.default, ...taskQueueNames(this.settings.get('task_queues')), ...declared ?? consumed.flatMap((names) => names ?? [])]);
    const given = [...routes(this.settings).flatMap(queueOf), ...(codeMayDeclare ? [] : queuesInCode(files))];
    return given.filter(({ queue }) => !known.has(queue)).map(({ prop, queue }) => {
      const meant = nearest(queue, known);
      return {
        prop, value: queue, wrong: declared ? 'is not a queue of the app' : 'is a queue from which no worker of the app consumes',
        fix: `${meant === undefined ? '' : `did you mean ${meant}? Else `}add it to the queues of the CeleryApp, with external: true where others consume from it`,
      };
    });
  }

  /** Routes to an exchange that no queue has: Redis drops each message, without an error. */
  public undeclaredExchanges(consumed: Consumed, codeDeclares: boolean, codeInSight: boolean): Problem[] {
    const taskQueues = this.settings.get('task_queues');
    if ((codeDeclares && taskQueues === undefined) || (this.declared === undefined && !codeInSight)) return [];
    const given = this.settings.get('task_default_exchange');
    const known = exchanges([
      this.default, ...this.names, ...consumed.flatMap((names) => names ?? []), ...typeof given === 'string' ? [given] : [],
    ], taskQueues);
    return routes(this.settings).flatMap(({ prop, to }): Problem[] => {
      const { exchange, routing_key: key, queue } = isPlainObject(to) ? to : {};
      if (typeof exchange !== 'string' || exchange === '' || exchange.includes('$')) return [];
      const bare = key === undefined || key === null || key === '';
      // Without a routing key Celery takes the queue, where there is one.
      if (bare) {
        return typeof queue === 'string' ? [] : [{
          prop, value: to, wrong: 'has an exchange without a routing_key and without a queue, and messages without a queue are lost', fix: 'name a queue, or give routing_key, too',
        }];
      }
      return known.has(exchange) ? [] : [{
        prop: `${prop}.exchange`, value: exchange, wrong: 'is an exchange that no queue of the app has, and messages that are sent to it are lost',
        fix: `name a queue instead: { queue: '${exchange}' }; or declare one with this exchange in settings.task_queues`,
      }];
    });
  }

  /** Queues of workers and routes that Celery does not create: `task_create_missing_queues` is off. */
  public notCreated(consumed: Consumed, codeMayDeclare: boolean): Problem[] {
    const taskQueues = this.taskQueues ?? this.settings.get('task_queues');
    if (this.settings.get('task_create_missing_queues') !== false || (codeMayDeclare && taskQueues === undefined)) return [];
    const known = new Set(taskQueues === undefined ? [this.default] : taskQueueNames(taskQueues));
    if (known.size === 0) return [];
    const wanted = new Set([...consumed.flatMap((names) => names ?? []), ...routes(this.settings).flatMap(queueOf).map(({ queue }) => queue)]);
    return [...wanted].filter((name) => !known.has(name)).map((name) => ({
      prop: 'settings.task_create_missing_queues', value: false, wrong: `does not create the queue ${name}, without which a worker ends at its start`,
      fix: `leave it out, or declare ${name} in settings.task_queues`,
    }));
  }

  /**
   * Queues from which, as far as is in sight, no worker consumes: the default one where all workers name others and nothing routes, and those that
   * the app declares where a worker names none and the code is in an image.
   */
  public unread(consumed: Consumed, { files, codeDeclares, sends }: Seen): Unread[] {
    const named = consumed.flatMap((names) => names ?? []);
    const external = new Set((this.declared ?? []).filter((queue) => queue.external === true).map(({ name }) => name));
    if (consumed.length === 0 || codeDeclares) return [];
    if (consumed.includes(undefined)) {
      const known = new Set([...external, ...named, this.default]);
      return files ? [] : (this.declared ?? []).filter(({ name }) => !known.has(name)).map(({ name }) => ({
        value: name, note: 'the app declares it, and no worker names it', unless: 'the code has task_queues with it',
        fix: `Give queues: ['${name}'] to a CeleryWorker, or declare it with external: true where others consume from it.`,
      }));
    }
    // Of tasks in sight, and of a default queue that is given, a rule says it.
    const routed = this.settings.has('task_routes') || this.settings.has('task_default_queue') || this.default !== DEFAULTS.queue || Object.values(files ?? {}).some((file) => /queue|route/i.test(withoutComments(file)) || declaredTasks(file).length > 0);
    return routed || named.includes(this.default) || external.has(this.default) || (this.declared === undefined && !sends) ? [] : [{
      value: this.default, note: 'tasks go to it by default, and all workers name others', unless: 'whatever sends tasks names a queue, or the code has another task_default_queue',
      fix: `Give queues: ['${this.default}'] to a CeleryWorker, or set task_default_queue to a queue that one consumes, or declare it with external: true.`,
    }];
  }

  /** Queues that nothing consumes from. A worker that names no queue consumes from the default one, or from those that code declares. */
  public idle(consumed: Consumed, codeMayDeclare: boolean): Problem[] {
    if (consumed.length === 0 || (codeMayDeclare && consumed.includes(undefined))) return [];
    const busy = new Set(consumed.flatMap((names) => names ?? [this.default]));
    const external = new Set((this.declared ?? []).filter((queue) => queue.external === true).map(({ name }) => name));
    return [...new Set(this.names)].filter((name) => !external.has(name) && !busy.has(name)).map((name) => ({
      prop: 'queues', value: name, wrong: 'is a queue from which no worker consumes, so its tasks wait without an error',
      fix: `give queues: ['${name}'] to a CeleryWorker, or declare it with external: true where others consume from it`,
    }));
  }
}
