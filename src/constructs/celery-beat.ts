import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { BeatStorage } from './beat-storage';
import { CeleryApp } from './celery-app';
import { HealthCheck } from './health/health-check';
import { LogLevel } from './log-level';
import { PodOptions } from './pod-options';
import { AGENT_FLAGS } from '../celery/agent-names';
import { celeryComponent, componentName } from './celery-component';
import { checkClaim, claimVolume } from './kubernetes/claims';
import type * as k8s from './kubernetes/api/types';
import { merge, POD_OPTIONS, podOptions } from './kubernetes/options';
import { ownLabels, SINGLETON } from './kubernetes/pods';
import { LAUNCHER } from './launcher';
import { Problem } from './validation/problems';
import { oneOf, PropChecks, sound, text, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { settingsArguments } from './settings';
import { sharedSettings } from './visibility-timeout';

/** Properties of `CeleryBeat`. */
export interface CeleryBeatProps extends PodOptions {
  /** The application whose periodic tasks are sent. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment.
   *
   * @default - the name of the app and the id of the construct: `celery-beat`
   */
  readonly name?: string;

  /**
   * A command in front of `celery`, as a list of arguments without a shell.
   *
   * @default - that of the app
   */
  readonly launcher?: string[];

  /**
   * Where the schedule file is kept.
   *
   * @default BeatStorage.ephemeral()
   */
  readonly storage?: BeatStorage;

  /**
   * What is logged.
   *
   * @default LogLevel.INFO
   */
  readonly logLevel?: LogLevel;

  /**
   * The scheduler, as `celery beat -S` takes it: `'redbeat.RedBeatScheduler'`,
   * `'django_celery_beat.schedulers:DatabaseScheduler'`. Its package belongs into the requirements of the runtime, or into the image.
   *
   * RedBeat does not read CELERY_BROKER_URL: your code has to set `app.conf.redbeat_redis_url = os.environ['CELERY_BROKER_URL']`.
   * It waits for the lock of a RedBeat that was killed, five times `beat_max_loop_interval`: 25 minutes unless you lower that, or
   * set `redbeat_lock_timeout` in the `settings` of the app.
   *
   * @default - Celery's own, celery.beat:PersistentScheduler
   */
  readonly scheduler?: string;

  /**
   * How Kubernetes learns whether Beat works.
   *
   * @default HealthCheck.agent()
   */
  readonly healthCheck?: HealthCheck;
}

const PROPS: PropChecks<CeleryBeatProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment'),
  launcher: LAUNCHER,
  storage: withMember('_claim', 'a BeatStorage', 'e.g. BeatStorage.claim()'),
  logLevel: oneOf(LogLevel, 'a log level'),
  scheduler: text('module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\''),
  healthCheck: withMember('_probes', 'a HealthCheck', 'e.g. HealthCheck.agent()'),
};

/** A directory of its own, inside that of the code: nothing but the schedule is writable there. */
const DATA = 'data';

/** `module:Class`, `module.Class`, or the name of an entry point. */
const SCHEDULER = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$/;

/**
 * Beat: the one pod that sends an app's periodic tasks.
 *
 * There is never a second one, not even during a rollout: two Beats send every task twice.
 *
 * Synth fails if a name or quantity is not one that Kubernetes accepts.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html
 */
export class CeleryBeat extends Construct {
  /** The Deployment. */
  public readonly deployment: ApiObject;
  /** Where the schedule file is kept. */
  public readonly storage: BeatStorage;

  public constructor(scope: Construct, id: string, props: CeleryBeatProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery } = props;
    const healthCheck = props.healthCheck ?? HealthCheck.agent();
    const directory = `${celery.code._directory}/${DATA}`;
    this.storage = props.storage ?? BeatStorage.ephemeral();
    const own = podOptions(props);
    const name = componentName(this, props);
    const claim = this.storage._claim(name);
    const { labels, annotations } = merge(celery._options, own);
    const data: k8s.Volume = claim
      ? claimVolume(this, 'beat-data', claim, { labels: { ...labels, ...ownLabels({ component: 'beat', partOf: celery.name }) }, annotations })
      : { name: 'beat-data', emptyDir: {} };
    const { deployment } = celeryComponent(this, own, {
      component: 'beat',
      celery,
      name,
      launcher: props.launcher,
      deployment: SINGLETON,
      healthCheck,
      scheduler: props.scheduler,
      command: () => [
        'celery', '-A', celery.app, 'beat', `--loglevel=${props.logLevel ?? LogLevel.INFO}`, '-s', `${directory}/celerybeat-schedule`,
        ...(healthCheck._agent ? AGENT_FLAGS.beat : props.scheduler ? ['-S', props.scheduler] : []),
        ...settingsArguments(sharedSettings(celery)),
      ],
      mounts: [{ path: directory, volume: data }],
      terminationGracePeriod: Duration.seconds(30),
      resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
      code: true,
      problems: [
        ...(claim ? checkClaim('storage', claim) : []),
        ...(props.scheduler === undefined || SCHEDULER.test(props.scheduler) ? [] : [{
          prop: 'scheduler', value: props.scheduler, wrong: 'is not what `celery beat -S` takes',
          fix: 'give module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\'',
        }]),
        ...notInstalled(props.scheduler, celery),
      ],
    });
    this.deployment = deployment;
  }
}

/** The packages of schedulers, by the first word of their names. */
const SCHEDULER_PACKAGES: Record<string, string> = {
  redbeat: 'celery-redbeat', django_celery_beat: 'django-celery-beat', django: 'django-celery-beat', sqlalchemy_celery_beat: 'sqlalchemy-celery-beat',
};

/** A scheduler that can't be imported, where all that there is to import is known: Celery, the code and no requirement. */
function notInstalled(scheduler: string | undefined, { code, runtime }: CeleryApp): Problem[] {
  const root = scheduler?.split(/[.:]/)[0] ?? 'celery';
  const files = Object.keys(code._files ?? {});
  if (root === 'celery' || !code._files || runtime._requirements?.length !== 0 || files.some((file) => file === `${root}.py` || file.startsWith(`${root}/`))) return [];
  const known = Object.hasOwn(SCHEDULER_PACKAGES, root) ? SCHEDULER_PACKAGES[root] : undefined;
  return [{
    prop: 'scheduler', value: scheduler, wrong: 'is neither in Celery nor in the code, and nothing else is installed',
    fix: `add ${known === undefined ? 'its package' : `'${known}'`} to the requirements of PythonRuntime.install`,
  }];
}
