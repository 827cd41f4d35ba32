import { IConstruct } from 'constructs';
import { LONGEST_OF_SQS, VISIBILITY_TIMEOUTS, writtenVisibilityTimeout } from '../celery/visibility-timeouts';
import { seconds as literalSeconds, settingsOfFiles } from '../manifests/code-settings';
import { lazy } from '../memo';
import type { CeleryApp } from './celery-app';
import { databasesOf, queuesOf } from './message-store';
import { isPlainObject } from './validation/plain-object';
import { enforcedLimit } from './shutdown-plan';
import { Problem } from './validation/problems';
import { isInTree } from './validation/in-tree';
import { isSuppressed } from './validation/tree';

/** What a message may need after its task and the end of its pod: until it is acknowledged, or given back. */
const MARGIN = 60;

const TRANSPORT_OPTIONS = 'broker_transport_options';

/** The apps of a program. */
export const appsOf = lazy((_root: IConstruct): CeleryApp[] => []);

/** Registers an app: those on one database share their visibility timeout. */
export function sharesDatabase(app: CeleryApp): void {
  appsOf(app.node.root).push(app);
}

/**
 * The apps whose processes read the same unacknowledged messages. Any of them delivers a message again by its own timeout, whoever holds it, so
 * the shortest counts.
 */
export function sharing(app: CeleryApp): CeleryApp[] {
  return withThe(queuesOf, app);
}

/** The apps on the same database, whatever the names of their keys begin with. */
export function onDatabase(app: CeleryApp): CeleryApp[] {
  return withThe(databasesOf, app);
}

function withThe(what: (app: CeleryApp) => string[], app: CeleryApp): CeleryApp[] {
  const own = what(app);
  return appsOf(app.node.root).filter((other) => isInTree(other, app) && (other === app || what(other).some((one) => own.includes(one))));
}

/**
 * How many tasks, one after another, a message waits for until it is acknowledged: with late acknowledgement for its own, with early
 * acknowledgement for those before it. Nothing is reserved without prefetching; early acknowledgement is immediate then.
 */
function reservedTasks(app: CeleryApp, { prefetchMultiplier, disablePrefetch }: CeleryApp['_workers'][number]): number {
  if (!disablePrefetch && app._settings.get('worker_disable_prefetch') !== true) return prefetchMultiplier;
  return app._settings.get('task_acks_late') === true ? 1 : 0;
}

/** How long the last message that a pod has reserved waits for its turn by a rate limit, which counts for all processes of a pod. */
function ratedTasks({ prefetchMultiplier, pool, interval }: CeleryApp['_workers'][number]): number {
  return interval > 0 && Number.isFinite(pool._concurrency) ? prefetchMultiplier * pool._concurrency : 0;
}

/**
 * The longest that a message of an app is not acknowledged: all that a process may hold, and the end of its pod. Where nobody says how long tasks
 * take, one of them.
 */
export function longestDelivery(app: CeleryApp): number {
  return Math.max(0, ...app._workers.filter(({ worker }) => isInTree(worker, app)).map((worker) => {
    const { longestTask, timeLimit, grace, known, pool, interval } = worker;
    const soft = pool._limits.softTimeLimit?.toSeconds({ integral: false }) ?? 0;
    const limit = enforcedLimit(timeLimit, app._settings) ?? 0;
    const held = Math.max(1, reservedTasks(app, worker)) * Math.max(known ?? 0, soft, limit);
    return Math.ceil(Math.max(longestTask, limit, held, ratedTasks(worker) * interval)) + grace + MARGIN;
  }));
}

/** What the user gives, in the delivery of the app or among its transport options. */
function given(app: CeleryApp): number | undefined {
  const own = app._delivery?._visibilityTimeout;
  if (own) return own.toMilliseconds() / 1000;
  const options = app._settings.get(TRANSPORT_OPTIONS);
  const value = isPlainObject(options) ? (options).visibility_timeout : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** The visibility timeout of an app, in seconds; undefined where it is the default of its broker, which every client has. */
export function visibilityTimeout(app: CeleryApp): number | undefined {
  const standard = VISIBILITY_TIMEOUTS[app._broker.transport ?? ''];
  if (standard === undefined) return undefined;
  const apps = sharing(app);
  const explicit = apps.map(given).filter((value) => value !== undefined);
  if (explicit.length > 0) return Math.max(...explicit);
  const needed = Math.max(...apps.map(longestDelivery));
  return needed > standard ? Math.min(needed, app._broker.transport === 'sqs' ? LONGEST_OF_SQS : Infinity) : undefined;
}

/** The transport options of an app with the visibility timeout that holds for its database. */
export function transportOptions(app: CeleryApp): object | undefined {
  const seconds = visibilityTimeout(app);
  const own = app._settings.get(TRANSPORT_OPTIONS) as object | undefined;
  return seconds === undefined ? own : { ...own, visibility_timeout: seconds };
}

/** The settings of an app as its workers and Beat have them on their command lines. */
export function appSettings(app: CeleryApp): ReadonlyMap<string, unknown> {
  const options = transportOptions(app);
  return options === undefined ? app._settings : new Map([...app._settings, [TRANSPORT_OPTIONS, options]]);
}

/** A worker that may hold a message for longer than the visibility timeout. */
interface Outlived {
  readonly worker: IConstruct;
  /** The longest task, in seconds. */
  readonly task: number;
  /** How many of them the message waits for. */
  readonly tasks: number;
  /** Whether the user says how long a task takes. */
  readonly said: boolean;
  /** Whether it waits for its turn by a rate limit. */
  readonly rated?: boolean;
  /** Whether a rule may find it, too: a time limit says how long a task is that is acknowledged late. */
  readonly ofRule?: boolean;
}

/** What finds it in manifests of others. */
const RULE = 'delivery/visibility-timeout-too-short';

/** Whether a worker is refused for it: the rule need not say it again, without what the program knows. */
export function isOutlived(app: CeleryApp, worker: IConstruct): boolean {
  const seconds = visibilityTimeout(app) ?? shortestInCode(app);
  return seconds !== undefined && outlivingOn(app, seconds).some((one) => one.worker === worker && one.ofRule === true);
}

/** The worker that holds messages longest, where that is as long as the visibility timeout. */
function outlivedBy(app: CeleryApp, timeout: number): Outlived | undefined {
  return outlivingOn(app, timeout).filter(({ worker, ofRule }) => !ofRule || !isSuppressed(worker, RULE))
    .sort((a, b) => b.tasks * b.task - a.tasks * a.task)[0];
}

function outlivingOn(app: CeleryApp, timeout: number): Outlived[] {
  const late = app._settings.get('task_acks_late') === true;
  const once = app._delivery?._once === true;
  // Tasks of more than 12 hours run on SQS only with early acknowledgement, and no promise.
  if (app._broker.transport === 'sqs' && timeout >= LONGEST_OF_SQS && !late && !once) return [];
  return app._workers.filter(({ worker }) => isInTree(worker, app)).flatMap((worker): Outlived[] => {
    const { timeLimit, known, longestTask } = worker;
    const limit = enforcedLimit(timeLimit, app._settings);
    // What must not run twice must not depend on what nobody has said.
    const task = limit ?? known ?? (once ? longestTask : undefined);
    const ofRule = late && limit !== undefined && limit >= timeout && app._broker.transport !== 'sqs';
    const tasks = reservedTasks(app, worker);
    const rated = { worker: worker.worker, task: worker.interval, tasks: ratedTasks(worker), said: true, rated: true };
    return [
      ...(task === undefined || tasks * task < timeout ? [] : [{ worker: worker.worker, task, tasks, said: known !== undefined, ofRule }]),
      ...(rated.tasks === 0 || rated.tasks * rated.task < timeout ? [] : [rated]),
    ];
  });
}

/** The arithmetic of it. */
function holding(app: CeleryApp, { worker, task, tasks, said, rated }: Outlived): string {
  if (rated) {
    return `what a pod of ${worker.node.path} may hold, ${tasks} ${tasks === 1 ? 'message' : 'messages'} by its prefetch multiplier and concurrency, of which a rate limit lets one begin every ${
      shortened(task)} s = ${shortened(tasks * task)} s: it is acknowledged after that, and would run twice`;
  }
  const longest = `${task} s${said ? '' : ' where longestTask is not given'}`;
  const late = app._settings.get('task_acks_late') === true;
  if (tasks === 1 && late) return `the longest task of ${worker.node.path}, ${longest}, which would run twice at the same time`;
  const waits = late ? 'the last message that a process has reserved is acknowledged when all of them have run'
    : 'a message that a process has reserved is acknowledged when its task begins, after those before it';
  return tasks === 1 ? `the longest task of ${worker.node.path}, ${longest}: ${waits}, and a task would run twice`
    : `what a process of ${worker.node.path} may hold, its prefetch multiplier ${tasks} × its longest task ${longest} = ${tasks * task} s: ${waits}, and would run twice`;
}

function shortened(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

/** What is wrong with the timeouts of an app, once all workers are known. */
export function visibilityProblems(app: CeleryApp): Problem[] {
  const own = given(app);
  const seconds = visibilityTimeout(app);
  const { transport } = app._broker;
  if (app._delivery?._visibilityTimeout && transport !== undefined && !Object.hasOwn(VISIBILITY_TIMEOUTS, transport)) {
    return [{
      prop: 'delivery.visibilityTimeout', value: `${own} s`, wrong: `is for Redis and SQS, and the broker is ${transport}, which delivers the messages of a connection that ends at once`,
      fix: 'leave it out',
    }];
  }
  const inFiles = seconds === undefined ? shortestInCode(app) : undefined;
  if (inFiles !== undefined) {
    const outlived = outlivedBy(app, inFiles);
    const of = inCode(app) === inFiles ? '' : `is the visibility timeout of ${sharing(app).find((other) => inCode(other) === inFiles)?.node.path} on the same database, and `;
    return outlived ? [{
      prop: `code ${TRANSPORT_OPTIONS}.visibility_timeout`, value: `${inFiles} s`, wrong: `${of}is not more than ${holding(app, outlived)}`,
      fix: `give more than ${Math.ceil(outlived.tasks * outlived.task)} seconds${outlived.tasks > 1 ? ', lower the prefetch multiplier' : ''}, or leave it out${outlived.ofRule ? ` [${RULE}]` : ''}`,
    }] : [];
  }
  if (seconds === undefined) return [];
  const prop = app._delivery?._visibilityTimeout ? 'delivery.visibilityTimeout' : `settings.${TRANSPORT_OPTIONS}.visibility_timeout`;
  const longest = sharing(app).find((other) => other !== app && given(other) === seconds);
  if (own !== undefined && own < seconds) {
    return [{
      prop, value: `${own} s`, wrong: `is not that of ${longest?.node.path} on the same database, ${seconds} s; the shortest would hold for all`, fix: 'give all apps of a database the same',
    }];
  }
  if (transport === 'sqs' && own !== undefined && own > LONGEST_OF_SQS) {
    return [{ prop, value: `${own} s`, wrong: 'is more than the 12 hours that SQS hides a message for', fix: `give at most ${LONGEST_OF_SQS} seconds` }];
  }
  const outlived = outlivedBy(app, seconds);
  if (outlived) {
    const needed = Math.ceil(outlived.tasks * outlived.task);
    const lower = outlived.tasks > 1 ? 'lower the prefetch multiplier, ' : '';
    return [{
      prop: own === undefined ? 'broker' : prop, value: `${seconds} s`,
      wrong: `is ${own === undefined && longest ? `the visibility timeout of ${longest.node.path} on the same database, and ` : ''}not more than ${holding(app, outlived)}`,
      fix: transport === 'sqs' && needed >= LONGEST_OF_SQS ? `${lower}give shorter tasks: SQS hides a message for 12 hours at most; or use another message broker`
        : transport === 'sqs' ? `give more than ${needed} seconds (Broker.fromSqs({ visibilityTimeout })), ${lower}or leave it out`
          : `give more than ${needed} seconds to all apps of the database, ${lower}or leave it out${outlived.ofRule ? ` [${RULE}]` : ''}`,
    }];
  }
  const ofCode = inCode(app);
  return ofCode !== undefined && ofCode > seconds && !app._settings.has(TRANSPORT_OPTIONS) ? [{
    prop: `settings.${TRANSPORT_OPTIONS}.visibility_timeout`, value: undefined,
    wrong: `is ${ofCode} s in the code, and would be replaced by ${seconds} s, which all processes of the database have`,
    fix: 'move it from the code into the settings of the CeleryApp, or leave it out',
  }] : [];
}

/** The shortest that the code of apps on one database sets, which holds where nothing replaces it. */
function shortestInCode(app: CeleryApp): number | undefined {
  if (!Object.hasOwn(VISIBILITY_TIMEOUTS, app._broker.transport ?? '') || app._settings.has(TRANSPORT_OPTIONS)) return undefined;
  const found = sharing(app).map(inCode).filter((value) => value !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** The visibility timeout that code in sight sets. */
function inCode(app: CeleryApp): number | undefined {
  const options = settingsOfFiles(Object.values(app.code._files ?? {})).get(TRANSPORT_OPTIONS);
  const written = writtenVisibilityTimeout(options ?? '');
  return written === undefined ? undefined : literalSeconds(written);
}
