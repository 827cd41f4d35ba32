import { Duration } from 'cdk8s';
import { secretKey } from './kubernetes/options';
import { ScheduleSpec } from './schedule-spec';
import { SecretKey } from './secret-key';
import { REDBEAT_PACKAGE_NAME } from '../celery/agent-names';
import * as checks from './validation/checks';
import { checkServerAddress, egressToServer, SERVER_ADDRESS, ServerAddress } from './network/server-address';
import { Described, Problem } from './validation/problems';
import { duration, PropChecks, typed } from './validation/props';

/** Options of every schedule. */
export interface BeatScheduleOptions {
  /**
   * The longest time that Beat sleeps between two checks of its schedule.
   *
   * @default - the scheduler's own: 5 minutes for a file, 5 seconds for django-celery-beat, 30 seconds for RedBeat
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#beat-max-loop-interval
   */
  readonly loopInterval?: Duration;
}

/** Options of a schedule in Redis. */
export interface RedBeatOptions extends BeatScheduleOptions, ServerAddress {
  /**
   * A Secret with the URL of another Redis: `{ name: 'redbeat', key: 'url' }`, with `redis://...` or `rediss://...` in it.
   *
   * @default - the message broker, which must be a Redis
   */
  readonly redis?: SecretKey;

  /**
   * The time after which the lock of a Beat expires that no longer renews it. A new Beat waits this long after a SIGKILL or the loss of a node.
   * Beat renews it each time that it looks at its schedule, and gives it back when it ends by itself.
   *
   * Synth fails where it is shorter than twice `loopInterval`: it would expire while Beat sleeps.
   *
   * @default - five times `loopInterval`: 150 seconds
   * @see https://redbeat.readthedocs.io/en/latest/config.html#redbeat-lock-timeout
   */
  readonly lockTimeout?: Duration;
}

/**
 * The source of Beat's schedule, and the place of the times at which each periodic task was last sent.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#using-custom-scheduler-classes
 */
export abstract class BeatSchedule {
  /**
   * `beat_schedule` of the code, and a file with the time of the last runs, in the `storage` of Beat: Celery's own scheduler.
   */
  public static file(options: BeatScheduleOptions = {}): BeatSchedule {
    const { loopInterval, problems } = checked(options);
    return new Schedule({ keepsFile: true, loopInterval, problems });
  }

  /**
   * In Redis, by RedBeat: the schedule survives the pod without a claim, can be changed while Beat runs, and has a lock.
   *
   * `PythonRuntime.install` brings RedBeat from the lock; an image must have `celery-redbeat`. Beat gets the URL of Redis from its environment:
   * your code sets no `redbeat_redis_url`, except where tasks also change the schedule; then add `celery-redbeat` to the requirements.
   *
   * Two apps with one database of Redis share a schedule: give each a database, or the setting `redbeat_key_prefix`.
   *
   * @see https://redbeat.readthedocs.io
   */
  public static redBeat(options: RedBeatOptions = {}): BeatSchedule {
    const { options: { redis, loopInterval, lockTimeout, port, cidr }, problems } = typed(options, REDBEAT, { prefix: 'schedule' });
    return new Schedule({
      scheduler: `${REDBEAT_PACKAGE_NAME}:Scheduler`,
      keepsFile: false,
      loopInterval,
      lockTimeout,
      redis: redis ?? 'broker',
      egress: redis && egressToServer(undefined, { port, cidr }),
      env: redis ? [{ name: REDBEAT_URL, valueFrom: { secretKeyRef: redis } }] : [],
      needs: { need: 'redbeat', of: 'beat' },
      problems: [
        ...problems, ...checkInterval('loopInterval', loopInterval), ...checkInterval('lockTimeout', lockTimeout), ...checkServerAddress('schedule', { port, cidr }),
        ...(redis === undefined && (port ?? cidr) !== undefined ? [{
          prop: 'schedule', value: new Described(port === undefined ? 'cidr' : 'port'), wrong: 'is for a Redis in a Secret, and this one is that of the broker', fix: 'leave it out, or give redis',
        }] : []),
      ],
    });
  }

  /**
   * In the database of a Django project, by django-celery-beat: administrators change it while Beat runs.
   *
   * All pods import the project, whose INSTALLED_APPS names `django_celery_beat`: add its package to the requirements of
   * `PythonRuntime.install`, which takes it from the lock, or to the image. The tables must be there before Beat starts: `python manage.py
   * migrate` in a CeleryJob.
   *
   * @see https://django-celery-beat.readthedocs.io
   */
  public static database(options: BeatScheduleOptions = {}): BeatSchedule {
    const { loopInterval, problems } = checked(options);
    return new Schedule({
      scheduler: 'django_celery_beat.schedulers:DatabaseScheduler', keepsFile: false, loopInterval, needs: { need: 'django-celery-beat', of: 'app' }, problems,
    });
  }

  /**
   * A scheduler of your code or of another package, as `celery beat -S` takes it. Add its package to the requirements of the runtime, or
   * to the image.
   *
   * @param scheduler `'shop.beat:Scheduler'`
   */
  public static custom(scheduler: string, options: BeatScheduleOptions = {}): BeatSchedule {
    const { loopInterval, problems } = checked(options);
    return new Schedule({ scheduler, keepsFile: true, loopInterval, problems: [...problems, ...checkScheduler(scheduler)] });
  }

  /** @internal */
  public abstract readonly _spec: ScheduleSpec;
}

class Schedule extends BeatSchedule {
  public constructor(public readonly _spec: ScheduleSpec) {
    super();
  }
}

/** From which the scheduler reads the URL of a Redis that is not the message broker. */
const REDBEAT_URL = 'CDK8S_CELERY_REDBEAT_URL';

/** `module:Class`, `module.Class`, or the name of an entry point. */
const SCHEDULER = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$/;

function checkScheduler(scheduler: unknown): Problem[] {
  return typeof scheduler === 'string' && SCHEDULER.test(scheduler) ? [] : [{
    prop: 'scheduler', value: scheduler, wrong: 'is not what `celery beat -S` takes', fix: 'give module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\'',
  }];
}

const checkInterval = (prop: string, value: Duration | undefined): Problem[] => checks.seconds(`schedule.${prop}`, value);

const ANY: PropChecks<BeatScheduleOptions> = { loopInterval: duration };
const REDBEAT: PropChecks<RedBeatOptions> = { ...ANY, ...SERVER_ADDRESS, redis: { copy: secretKey }, lockTimeout: duration };

/** The options that all schedules have. */
function checked(given: BeatScheduleOptions): Pick<ScheduleSpec, 'loopInterval' | 'problems'> {
  const { options: { loopInterval }, problems } = typed(given, ANY, { prefix: 'schedule' });
  return { loopInterval, problems: [...problems, ...checkInterval('loopInterval', loopInterval)] };
}
