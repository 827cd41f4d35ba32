import { ApiObject, Chart, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { BeatSchedule } from './beat-schedule';
import { BeatStorage } from './beat-storage';
import { CeleryApp } from './celery-app';
import { HealthCheck } from './health/health-check';
import { LogLevel } from './log-level';
import { PodOptions } from './pod-options';
import { SecretKey } from './secret-key';
import { AGENT_FLAGS, REDBEAT_PACKAGE } from '../celery/agent-names';
import { parseRequirement } from '../celery/requirement';
import { DEFAULTS } from '../celery/settings';
import { celeryComponent, componentName } from './celery-component';
import { checkClaim, claimVolume } from './kubernetes/claims';
import type * as k8s from './kubernetes/api/types';
import { merge, POD_OPTIONS, podOptions } from './kubernetes/options';
import { ownLabels, SINGLETON } from './kubernetes/pods';
import { LAUNCHER } from './launcher';
import { isInTree } from './validation/in-tree';
import { describe, Described, Problem } from './validation/problems';
import { oneOf, PropChecks, sound, text, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { ScheduleSpec } from './schedule-spec';
import { settingsArguments } from './settings';
import { prepareShared } from './shared-settings';
import { appSettings, appsOf, onDatabase } from './visibility-timeout';

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
   * The source of Beat's schedule, and the place of the times at which each periodic task was last sent.
   *
   * @default BeatSchedule.file()
   */
  readonly schedule?: BeatSchedule;

  /**
   * Where the schedule file is kept. RedBeat and django-celery-beat have none, and no storage.
   *
   * @default BeatStorage.ephemeral()
   */
  readonly storage?: BeatStorage;

  /**
   * The log level.
   *
   * @default LogLevel.INFO
   */
  readonly logLevel?: LogLevel;

  /**
   * The scheduler, as `celery beat -S` takes it: short for `schedule: BeatSchedule.custom('module:Class')`. For RedBeat and django-celery-beat
   * there are `BeatSchedule.redBeat()` and `BeatSchedule.database()`, with what they need.
   *
   * @default - that of `schedule`
   */
  readonly scheduler?: string;

  /**
   * The health checks of Beat: startup, readiness and liveness probes.
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
  schedule: withMember('_spec', 'a BeatSchedule', 'e.g. BeatSchedule.redBeat()'),
  storage: withMember('_claim', 'a BeatStorage', 'e.g. BeatStorage.claim()'),
  logLevel: oneOf(LogLevel, 'a log level'),
  scheduler: text('module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\''),
  healthCheck: withMember('_probes', 'a HealthCheck', 'e.g. HealthCheck.agent()'),
};

/** A directory of its own, inside that of the code: nothing but the schedule is writable there. */
const DATA = 'data';

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
  /** The NetworkPolicy of its pods; undefined with `CeleryNetwork.open()`. */
  public readonly networkPolicy?: ApiObject;
  /** The source of its schedule. */
  public readonly schedule: BeatSchedule;
  /** Where the schedule file is kept; undefined where there is none. */
  public readonly storage?: BeatStorage;

  public constructor(scope: Construct, id: string, props: CeleryBeatProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery, scheduler, storage } = props;
    const healthCheck = props.healthCheck ?? HealthCheck.agent();
    const directory = `${celery.code._directory}/${DATA}`;
    this.schedule = props.schedule ?? (scheduler === undefined ? BeatSchedule.file() : BeatSchedule.custom(scheduler));
    const { _spec: schedule } = this.schedule;
    this.storage = schedule.keepsFile ? storage ?? BeatStorage.ephemeral() : undefined;
    const own = podOptions(props);
    const name = componentName(this, props);
    const claim = this.storage?._claim(name);
    const { labels, annotations } = merge(celery._options, own);
    const data: k8s.Volume = claim
      ? claimVolume(this, 'beat-data', claim, { labels: { ...labels, ...ownLabels({ component: 'beat', partOf: celery.name }) }, annotations })
      : { name: 'beat-data', emptyDir: { sizeLimit: '64Mi' } };
    const loop = loopOf(schedule, celery._settings);
    const { deployment, networkPolicy } = celeryComponent(this, own, {
      component: 'beat',
      celery,
      name,
      launcher: props.launcher,
      deployment: SINGLETON,
      // As process 1 it would ignore SIGTERM while it starts, and no other Beat runs until its grace period is over.
      shareProcessNamespace: 'alone',
      healthCheck,
      scheduler: schedule.scheduler,
      command: () => [
        'celery', '-A', celery.app, 'beat', `--loglevel=${props.logLevel ?? LogLevel.INFO}`,
        ...(this.storage ? ['-s', `${directory}/${DEFAULTS.scheduleFile}`] : []),
        ...(loop.maxInterval === undefined ? [] : [`--max-interval=${loop.maxInterval}`]),
        ...(healthCheck._agent ? AGENT_FLAGS.beat : schedule.scheduler ? ['-S', schedule.scheduler] : []),
        ...settingsArguments(new Map([...appSettings(celery), ...loop.settings])),
      ],
      mounts: [
        ...(this.storage ? [{ path: directory, volume: data }] : []),
        ...(isRedBeat(schedule) ? [{ path: REDBEAT_PACKAGE, volume: celery._redBeatVolume(), readOnly: true }] : []),
      ],
      env: schedule.env,
      egress: schedule.egress,
      importsOurs: isRedBeat(schedule),
      content: schedule.needs?.of === 'beat' ? celery._contentWith(this, name, schedule.needs.need) : undefined,
      needs: schedule.needs?.of === 'beat' ? [schedule.needs.need] : [],
      terminationGracePeriod: Duration.seconds(30),
      resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
      code: true,
      problems: [
        ...schedule.problems,
        ...checkTogether(props, schedule),
        ...(claim ? checkClaim('storage', claim) : []),
        ...loop.problems,
        ...(schedule.redis === 'broker' ? checkRedis(celery) : []),
        ...unreachable(schedule, celery),
        ...notInstalled(schedule, celery),
      ],
    });
    this.deployment = deployment;
    this.networkPolicy = networkPolicy;
    prepareShared(this);
    const { redis } = schedule;
    if (redis === undefined) return;
    celery._redBeats.push({ scope: this, redis });
    this.node.addValidation({ validate: () => sharedLock(this, celery, redis).map(describe) });
  }
}

/** What does not go with the schedule. */
function checkTogether({ schedule, scheduler, storage }: CeleryBeatProps, { keepsFile }: ScheduleSpec): Problem[] {
  return [
    ...(schedule === undefined || scheduler === undefined ? [] : [{
      prop: 'scheduler', value: scheduler, wrong: 'is given in addition to schedule', fix: 'leave out one of them',
    }]),
    ...(keepsFile || storage === undefined ? [] : [{
      prop: 'storage', value: new Described('a BeatStorage'), wrong: 'is for a schedule in a file, and this one is kept elsewhere', fix: 'leave it out',
    }]),
  ];
}

/** How often RedBeat looks at its schedule. Its own 5 minutes make a lock of 25. */
const REDBEAT_INTERVAL = 30;

function isRedBeat({ needs }: ScheduleSpec): boolean {
  return needs?.need === 'redbeat';
}

/** How long Beat sleeps, and how long its lock holds: settings of the app that are the same hold where the schedule says nothing. */
function loopOf(schedule: ScheduleSpec, settings: ReadonlyMap<string, unknown>): {
  readonly maxInterval?: number; readonly settings: ReadonlyMap<string, unknown>; readonly problems: Problem[];
} {
  const [interval, lock] = [schedule.loopInterval, schedule.lockTimeout].map((value) => value && value.toMilliseconds() / 1000);
  const asSetting = (name: string, prop: string, value: number | undefined): Problem[] => value === undefined || !settings.has(name) ? [] : [{
    prop: `schedule.${prop}`, value, wrong: `is also the setting ${name} of the app, which is ${JSON.stringify(settings.get(name))}`, fix: 'give one of them',
  }];
  const given = settings.get('beat_max_loop_interval');
  const maxInterval = interval ?? (isRedBeat(schedule) && given === undefined ? REDBEAT_INTERVAL : undefined);
  return {
    maxInterval,
    settings: new Map(lock === undefined ? [] : [['redbeat_lock_timeout', lock]]),
    problems: [
      ...asSetting('beat_max_loop_interval', 'loopInterval', interval), ...asSetting('redbeat_lock_timeout', 'lockTimeout', lock),
    ],
  };
}

/** The transports whose URL RedBeat takes. */
const REDIS = ['redis', 'rediss'];

/** RedBeat without a Redis. */
function checkRedis({ _broker: { transport } }: CeleryApp): Problem[] {
  return transport === undefined || REDIS.includes(transport) ? [] : [{
    prop: 'schedule', value: new Described(`RedBeat, with the broker ${transport}`), wrong: 'keeps its schedule in the message broker, which is not a single Redis',
    fix: 'give the URL of a Redis: BeatSchedule.redBeat({ redis: { name: \'redbeat\', key: \'url\' } })',
  }];
}

/** A Redis of which a closed network does not know where it is; `to` may have it. */
function unreachable({ redis, egress }: ScheduleSpec, { _network: { _egress: closed } }: CeleryApp): Problem[] {
  return redis === undefined || redis === 'broker' || egress !== undefined || closed === undefined || closed.to.length > 0 ? [] : [{
    prop: 'network', value: new Described('CeleryNetwork.closed'), wrong: 'does not know where the Redis of the schedule is, and Beat could not connect to it',
    fix: 'give its port: BeatSchedule.redBeat({ redis: { name, key }, port: 6379 }), and `cidr` where its addresses are known',
  }];
}

/** RedBeats of two apps on one database have one lock, and one of them waits for it forever. Of the two, one says it. */
function sharedLock(beat: Construct, celery: CeleryApp, redis: 'broker' | SecretKey): Problem[] {
  const prefix = redBeatPrefix(celery);
  const { namespace } = Chart.of(celery);
  const together = redis === 'broker' ? onDatabase(celery) : appsOf(celery.node.root).filter((other) => Chart.of(other).namespace === namespace);
  const isSame = (other: 'broker' | SecretKey): boolean => redis === 'broker' || other === 'broker' ? redis === other
    : redis.name === other.name && redis.key === other.key;
  return prefix === undefined ? [] : together.filter((other) => other !== celery && redBeatPrefix(other) === prefix)
    .flatMap(({ _redBeats: beats }) => beats)
    .filter((other) => isSame(other.redis) && isInTree(other.scope, beat) && other.scope.node.path < beat.node.path)
    .map(({ scope: other }) => ({
      prop: 'schedule', value: new Described('RedBeat'), wrong: `has its schedule and its lock in one Redis database with ${other.node.path}, so only one of the two sends tasks`,
      fix: `give each app a database of its own${redis === 'broker' ? ' (redis.onDatabase(1))' : ''}, or the setting redbeat_key_prefix`,
    }));
}

/** What the keys of RedBeat begin with; undefined where the code of the app may say it. */
function redBeatPrefix({ _settings: settings, code: { _files: files } }: CeleryApp): string | undefined {
  const given = settings.get('redbeat_key_prefix');
  if (given !== undefined) return String(given);
  return files && Object.values(files).every((file) => !/redbeat_key_prefix/i.test(file)) ? 'redbeat:' : undefined;
}

/** The packages of schedulers, by the first word of their names. */
const SCHEDULER_PACKAGES: Record<string, string> = {
  redbeat: 'celery-redbeat', django_celery_beat: 'django-celery-beat', django: 'django-celery-beat', sqlalchemy_celery_beat: 'sqlalchemy-celery-beat',
};

/** A scheduler that can't be imported. */
function notInstalled({ scheduler, needs }: ScheduleSpec, { code, runtime }: CeleryApp): Problem[] {
  const missing = (wrong: string, known: string | undefined): Problem[] => [{
    prop: 'scheduler', value: scheduler, wrong, fix: `add ${known === undefined ? 'its package' : `'${known}'`} to the requirements of PythonRuntime.install`,
  }];
  const { _requirements: requirements } = runtime;
  if (needs?.of === 'beat') return runtime._checkNeed(needs.need);
  if (needs) {
    const named = requirements?.some((requirement) => parseRequirement(requirement)?.name === needs.need) ?? true;
    return named ? [] : missing('is not installed, and all pods of the app import it with the INSTALLED_APPS of the project', needs.need);
  }
  // Where all that there is to import is known: Celery, the code and no requirement.
  const root = String(scheduler ?? 'celery').split(/[.:]/)[0];
  const files = Object.keys(code._files ?? {});
  if (root === 'celery' || !code._files || requirements?.length !== 0 || files.some((file) => file === `${root}.py` || file.startsWith(`${root}/`))) return [];
  return missing('is neither in Celery nor in the code, and nothing else is installed', Object.hasOwn(SCHEDULER_PACKAGES, root) ? SCHEDULER_PACKAGES[root] : undefined);
}
