import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { hasRemoteControl } from '../celery/transports';
import { CeleryApp } from './celery-app';
import { celeryPod, CeleryPodSpec, componentName, networkPolicy } from './celery-component';
import { checkCommand, RUN_ONCE } from './command';
import { POD_OPTIONS, podOptions } from './kubernetes/options';
import { job } from './kubernetes/pods';
import { PodOptions } from './pod-options';
import * as checks from './validation/checks';
import { number, oneOf, PropChecks, sound, text, texts } from './validation/props';
import { describe, Problem } from './validation/problems';
import { CELERY } from './validation/stand-ins';
import { visibilityTimeout } from './visibility-timeout';

/** When a GitOps tool or Helm runs a Job. `kubectl apply` does not know hooks: the Job runs when it is applied. */
export enum JobHook {
  /** Before everything else of a release: `PreSync` of Argo CD, `pre-install` and `pre-upgrade` of Helm. A Job that fails stops the release. */
  BEFORE = 'before',
  /** After everything else of a release: `PostSync` of Argo CD, `post-install` and `post-upgrade` of Helm. */
  AFTER = 'after',
}

/** Properties of `CeleryJob`. */
export interface CeleryJobProps extends PodOptions {
  /** The application whose code, runtime, environment and security context the Job has. */
  readonly celery: CeleryApp;

  /**
   * The command: a program and its arguments, without a shell. `['python', 'manage.py', 'migrate']`, or
   * `['celery', '-A', 'tasks', 'call', 'tasks.warm_up']`. It starts in the directory of the code. Kubernetes may run it more than once, and
   * does so after a failure.
   *
   * The kubelet expands `$(NAME)` of variables of the container.
   */
  readonly command: string[];

  /**
   * The prefix of the name of the Job, to which a hash of its content is appended.
   *
   * @default - the name of the app and the id of the construct: `celery-migrate`
   */
  readonly name?: string;

  /**
   * The number of retries before the Job is marked as failed.
   *
   * @default - that of Kubernetes, 6
   * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
   */
  readonly backoffLimit?: number;

  /**
   * The number of seconds after which the Job fails and its pods are deleted, even if retries are left.
   *
   * @default - no limit
   */
  readonly activeDeadlineSeconds?: number;

  /**
   * The number of seconds after which Kubernetes deletes a finished Job. When the same manifests are applied afterwards, it runs again.
   *
   * @default 86400, a day
   * @see https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
   */
  readonly ttlSecondsAfterFinished?: number;

  /**
   * When Argo CD and Helm run the Job in a release; both know it by annotations. The Job then has ConfigMaps of its own with the code, the lock and
   * the loader of settings, which exist before those of the app do. Secrets that it needs must exist already, and so must the broker for
   * `celery call`.
   *
   * @default - no hook: the Job is applied with all other objects
   * @see https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/
   * @see https://helm.sh/docs/topics/charts_hooks/
   */
  readonly hook?: JobHook;
}

const PROPS: PropChecks<CeleryJobProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  command: { check: texts('e.g. [\'python\', \'manage.py\', \'migrate\']'), fix: 'give e.g. [\'python\', \'manage.py\', \'migrate\']', instead: () => ['true'] },
  name: text('the beginning of the name of the Job'),
  backoffLimit: number,
  activeDeadlineSeconds: number,
  ttlSecondsAfterFinished: number,
  hook: oneOf(JobHook, 'a hook'),
};

const DAY = 24 * 60 * 60;

/** The objects of a hook are deleted when the next release makes them again, and not before: their logs are there until then. */
const HOOKS: Record<JobHook, Record<string, string>> = {
  [JobHook.BEFORE]: {
    'argocd.argoproj.io/hook': 'PreSync',
    'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    'helm.sh/hook': 'pre-install,pre-upgrade',
    'helm.sh/hook-delete-policy': 'before-hook-creation',
  },
  [JobHook.AFTER]: {
    'argocd.argoproj.io/hook': 'PostSync',
    'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
    'helm.sh/hook': 'post-install,post-upgrade',
    'helm.sh/hook-delete-policy': 'before-hook-creation',
  },
};

/** The ConfigMaps and the NetworkPolicy of a hook come before its Job. */
const FIRST = { 'argocd.argoproj.io/sync-wave': '-1', 'helm.sh/hook-weight': '-1' };

/**
 * A Job with the code, the runtime, the environment and the security context of an app: a migration, `celery call`, a script.
 *
 * Its name ends with a hash of its content (`celery-migrate-5f2a91c3`), so a release with another content applies another Job, where
 * `kubectl apply` of a changed one would fail: the pod template of a Job cannot be changed. Unchanged manifests run nothing again, as long as
 * the Job is there.
 *
 * Workers of the same release do not wait for it: see `CeleryApp.initContainer`.
 *
 * Synth fails if the command is empty, a number is not in its range, or a name or quantity is not one that Kubernetes accepts.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export class CeleryJob extends Construct {
  /** The Job. */
  public readonly job: ApiObject;
  /** The NetworkPolicy of its pods; undefined with `CeleryNetwork.open()`. */
  public readonly networkPolicy?: ApiObject;

  public constructor(scope: Construct, id: string, props: CeleryJobProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery, command, hook, backoffLimit, activeDeadlineSeconds } = props;
    const ttlSecondsAfterFinished = props.ttlSecondsAfterFinished ?? DAY;
    const name = componentName(this, props);
    const annotations = hook && HOOKS[hook];
    const spec: CeleryPodSpec = {
      component: 'job',
      celery,
      policyAnnotations: hook && FIRST,
      content: hook && celery._makeContent(this, name, { ...HOOKS[hook], ...FIRST }),
      name,
      command: () => command,
      launcher: [],
      terminationGracePeriod: Duration.seconds(30),
      resources: RUN_ONCE,
      code: true,
      sharesSettings: true,
      problems: [
        // The hash makes the name longer; a name that is none is refused as that.
        ...(checks.name('name', name).length > 0 ? [] : checks.name('name', `${name}-01234567`)),
        ...checkCommand('command', command),
        ...checkRemoteControl(celery, command),
        ...checks.wholeNumber('backoffLimit', backoffLimit, 0, checks.INT32),
        ...checks.wholeNumber('activeDeadlineSeconds', activeDeadlineSeconds, 1),
        ...checks.wholeNumber('ttlSecondsAfterFinished', ttlSecondsAfterFinished, 0, checks.INT32),
      ],
    };
    const made = celeryPod(this, { ...podOptions(props), ...withAnnotations(props, annotations) }, spec);
    this.networkPolicy = networkPolicy(this, spec, made);
    this.job = job(this, made.pod, { backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished }, made.options);
    // Its name is a hash of what is known now.
    const timeout = visibilityTimeout(celery);
    this.node.addValidation({
      validate: () => visibilityTimeout(celery) === timeout ? [] : [describe({
        prop: 'celery', value: celery.node.path, wrong: 'has got another visibility timeout after this job was made', fix: 'make it after all workers of the database',
      })],
    });
  }
}

/** A command of Celery that waits for workers to answer. */
const ASKING = /^(inspect|control|status|events)$/;

function checkRemoteControl({ _broker: { transport } }: CeleryApp, command: readonly string[]): Problem[] {
  const celery = command.findIndex((word) => /(^|\/)celery$/.test(word));
  const asks = celery < 0 ? undefined : command.find((word, i) => i > celery && ASKING.test(word) && !/^(-A|--app)$/.test(command[i - 1]));
  return asks === undefined || transport === undefined || hasRemoteControl(transport) ? [] : [{
    prop: 'command', value: command, wrong: `asks workers, which no command and no event reaches with the message broker ${transport}`,
    fix: 'leave the CeleryJob out; or use Redis or RabbitMQ',
  }];
}

function withAnnotations({ annotations }: PodOptions, more: Record<string, string> | undefined): Pick<PodOptions, 'annotations'> {
  return more === undefined ? {} : { annotations: { ...annotations, ...more } };
}
