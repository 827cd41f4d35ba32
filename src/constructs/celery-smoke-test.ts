import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { settingArgument } from '../celery/settings';
import { nearest } from '../nearest';
import { operationText } from '../operations';
import { CeleryApp } from './celery-app';
import { EnvSource } from './brokers/result-backend-binding';
import { componentName } from './celery-component';
import { CeleryJob, JobHook } from './celery-job';
import { CelerySettings } from './celery-settings';
import { asGiven } from './kubernetes/as-given';
import { POD_OPTIONS, podOptions } from './kubernetes/options';
import { PodOptions } from './pod-options';
import { checkNames } from './queues';
import * as checks from './validation/checks';
import { isPlainObject } from './validation/plain-object';
import { describe, Problem, refuse } from './validation/problems';
import { duration, kind, oneOf, PropChecks, sound, text, texts } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { appSettings } from './visibility-timeout';

/** Properties of `CelerySmokeTest`. */
export interface CelerySmokeTestProps extends PodOptions {
  /** The application whose workers are tested. */
  readonly celery: CeleryApp;

  /**
   * The beginning of the name of the Job, which a hash of its content follows.
   *
   * @default - the name of the app and the id of the construct: `celery-smoke`
   */
  readonly name?: string;

  /**
   * The queues to which a task is sent.
   *
   * @default - all that workers of the app consume, as far as they were made before this test
   */
  readonly queues?: string[];

  /**
   * The name of the task that is sent: `'tasks.ping'`. Only a task of yours shows that your code runs; it must be harmless whenever it runs.
   *
   * @default 'celery.accumulate', which every worker has, and which returns its arguments
   */
  readonly task?: string;

  /**
   * The arguments of the task, as plain JSON.
   *
   * @default - none
   */
  readonly args?: any[];

  /**
   * The keyword arguments of the task, as plain JSON. In Python, `None` in a dict does not reach the constructs: give `CelerySettings.NULL`.
   *
   * @default - none
   */
  readonly kwargs?: { readonly [name: string]: any };

  /**
   * The timeout for all results together. A task that no worker receives within this time expires. It waits behind the messages that are already in
   * its queue: allow for the time that these take.
   *
   * @default Duration.minutes(5)
   */
  readonly timeout?: Duration;

  /**
   * When Argo CD and Helm run the test in a release. `kubectl apply` does not know hooks: there the Job runs next to the rollout, and a worker of
   * the release before it may answer. `cdk8s-celery smoke` and `deploy-celery.sh --smoke` test after a rollout. JobHook.BEFORE, when there are no
   * workers of the release, is refused.
   *
   * @default JobHook.AFTER
   */
  readonly hook?: JobHook;
}

const PROPS: PropChecks<CelerySmokeTestProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the beginning of the name of the Job'),
  queues: texts('e.g. [\'mail\']'),
  task: text('the name of a task, e.g. \'tasks.ping\''),
  args: kind(Array.isArray, 'a list', 'e.g. [1, 2]'),
  kwargs: kind(isPlainObject, 'an object', 'e.g. { x: 1 }'),
  timeout: duration,
  hook: oneOf(JobHook, 'a hook'),
};

const TIMEOUT = Duration.minutes(5);

/** What a pod may need before it sends anything: to be scheduled, to pull the image, to install Celery. */
const START = 600;

/**
 * A Job that sends a task through the message broker to each queue of an app, and waits for its result. It fails when a worker receives nothing,
 * cannot run the task, or cannot write its result; with `task`, also when a worker lacks what your code needs. Pods that are ready do not
 * show that. Where a result is missing and the messages of its queue became fewer in the second half of the `timeout`, workers work them off and have
 * not got to the task yet: the Job says how many wait, and completes.
 *
 * As a hook of Argo CD (`PostSync`) or Helm (`post-install`, `post-upgrade`) it fails the release. The app needs a result backend.
 *
 * Make it after the workers of the app. Synth fails if there is none and no queue is named, if no worker consumes a queue that is named here,
 * if an argument is not plain JSON, or if a worker of another queue is made later.
 */
export class CelerySmokeTest extends Construct {
  /** The Job. */
  public readonly job: ApiObject;

  public constructor(scope: Construct, id: string, props: CelerySmokeTestProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery, task, args, kwargs } = props;
    const timeout = props.timeout ?? TIMEOUT;
    const consumed = queuesOf(celery);
    refuse(this, [
      ...((celery.resultBackend as EnvSource | undefined)?.value !== 'disabled://' ? [] : [{
        prop: 'celery', value: celery.node.path, wrong: 'has no result backend, so no result can be waited for', fix: 'give the CeleryApp a resultBackend, e.g. ResultBackend.rpc(), or leave the test out',
      }]),
      ...(props.queues?.length === 0 ? [{ prop: 'queues', value: props.queues, wrong: 'is empty', fix: 'name a queue, or leave it out' }] : []),
      ...checkNames(props.queues ?? []),
      ...unknownQueues(props.queues ?? [], consumed),
      ...(task === '' ? [{ prop: 'task', value: task, wrong: 'is empty', fix: 'give the name of a task, e.g. \'tasks.ping\'' }] : []),
      ...(task === undefined ? (['args', 'kwargs'] as const).filter((prop) => props[prop] !== undefined).map((prop) => (
        { prop, value: props[prop], wrong: 'is for a task of yours', fix: 'give the prop task too' })) : []),
      ...plainJson('args', args), ...plainJson('kwargs', kwargs),
      ...checks.seconds('timeout', timeout),
      ...(props.hook === JobHook.BEFORE ? [{
        prop: 'hook', value: props.hook, wrong: 'runs before the workers of the release, so the test would ask those of the release before, or none', fix: 'leave it out: the test runs after them',
      }] : []),
    ]);
    const given = {
      job: true,
      options: { '--app': celery.app },
      settings: [...appSettings(celery)].map(([name, value]) => settingArgument(name, value)).sort(),
      queues: props.queues ?? consumed.names,
      declared: props.queues === undefined && consumed.others,
      timeout: Math.ceil(timeout.toSeconds({ integral: false })),
      ...(task === undefined ? {} : { task, args, kwargs }),
    };
    this.job = new CeleryJob(this, 'Job', {
      ...podOptions(props) as PodOptions,
      celery,
      name: componentName(this, props),
      command: ['python', '-c', operationText('smoke'), stringified(given)].map(asGiven),
      backoffLimit: 0,
      activeDeadlineSeconds: given.timeout + START,
      hook: props.hook ?? JobHook.AFTER,
    }).job;
    if (props.queues === undefined) {
      this.node.addValidation({
        validate: () => testedProblems(celery, consumed).map(describe),
      });
    }
  }
}

/** The queues that workers of an app consume. */
interface Consumed {
  readonly names: readonly string[];
  /** Also those of `task_queues`, which only the code knows. */
  readonly others: boolean;
}

function queuesOf({ _workers, _queues, _codeDeclaresQueues }: CeleryApp): Consumed {
  const names = _workers.flatMap(({ queues }) => queues ?? (_codeDeclaresQueues ? [] : [_queues.default]));
  return { names: [...new Set(names)].sort(), others: _codeDeclaresQueues && _workers.some(({ queues }) => queues === undefined) };
}

/** A test that sends to the queues of the app, and does not know them. */
function testedProblems(celery: CeleryApp, known: Consumed): Problem[] {
  if (stringified(queuesOf(celery)) !== stringified(known)) {
    return [{
      prop: 'celery', value: celery.node.path, wrong: 'has got a worker of another queue after this test was made', fix: 'make the CelerySmokeTest after all workers of the app',
    }];
  }
  return known.names.length > 0 || known.others ? [] : [{
    prop: 'celery', value: celery.node.path, wrong: 'has no worker, so the test would send nothing',
    fix: 'make a CeleryWorker of it before, or name the queues of workers that are defined elsewhere',
  }];
}

function unknownQueues(names: readonly string[], { names: consumed, others }: Consumed): Problem[] {
  if (others || consumed.length === 0) return [];
  return names.filter((name) => !consumed.includes(name)).map((name) => {
    const meant = nearest(name, consumed);
    return {
      prop: 'queues', value: name, wrong: 'is a queue that no worker of the app consumes, so the test would fail',
      fix: `${meant === undefined ? '' : `did you mean ${meant}? Else `}give one of ${consumed.join(', ')}, or make the worker first`,
    };
  });
}

function plainJson(prop: string, value: unknown): Problem[] {
  if (value === undefined || isPlainJson(value)) return [];
  return [{
    prop, value, wrong: 'is not plain JSON, which is how the task would get it',
    fix: 'give strings, finite numbers, booleans, null, and lists and objects of these',
  }];
}

function isPlainJson(value: unknown, within: readonly unknown[] = []): boolean {
  if (value === null || value === CelerySettings.NULL || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (within.includes(value) || !(Array.isArray(value) || isPlainObject(value))) return false;
  // Python's None in a list arrives as undefined, which is null in the JSON of a list.
  return Object.values(value).every((part) => (part === undefined && Array.isArray(value)) || isPlainJson(part, [...within, value]));
}

function stringified(value: unknown): string {
  try {
    return JSON.stringify(value, (_, part: unknown) => part === CelerySettings.NULL ? null : part);
  } catch {
    // Refused above.
    return '{}';
  }
}
