import { REDIS_PORT } from '../../celery/ports';
import { isRedisTransport } from '../../celery/transports';
import { isAmqp, isRedis, redisDatabase } from '../../celery/url';
import { outOfRange, rangeText } from '../../celery/settings';
import { lacks, meets, SINCE } from '../../celery/versions';
import { LONGEST_OF_SQS, VISIBILITY_TIMEOUTS, writtenVisibilityTimeout } from '../../celery/visibility-timeouts';
import { codeFiles, seesSettings } from '../../manifests/code';
import { seconds, SETTING_NAMES } from '../../manifests/code-settings';
import { longestCountdown } from '../../manifests/countdowns';
import { installedVersion } from '../../manifests/installs';
import { asList } from '../../manifests/json';
import { applicationContainers } from '../../manifests/named-hosts';
import { Process } from '../../manifests/process';
import { isScaled } from '../../manifests/scalers';
import { lateTasks, limit, taskLimit } from '../../manifests/task-limit';
import { tasksOf } from '../../manifests/tasks';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

const DEFAULT_VISIBILITY_TIMEOUT = VISIBILITY_TIMEOUTS.redis;

/** The visibility timeout that the command line or code in sight gives, in seconds. */
function visibilityTimeout(process: Process): number | 'unset' | 'unknown' {
  const options = process.setting('broker_transport_options');
  if (!options) return process.sets('broker_transport_options') ? 'unknown' : 'unset';
  const written = writtenVisibilityTimeout(options.value);
  return written !== undefined ? seconds(written) ?? 'unknown' : /visibility_timeout|\*\*/.test(options.value) ? 'unknown' : 'unset';
}

/** Without a time limit, a grace period says how long tasks are: who gives an hour has tasks of an hour. */
function outlivedByGrace(worker: Process, visible: ReturnType<typeof visibilityTimeout>, report: Reporter): void {
  const { workload } = worker;
  if (workload.spec.terminationGracePeriodSeconds === undefined || !workload.longRunning || visible === 'unknown') return;
  const timeout = visible === 'unset' ? DEFAULT_VISIBILITY_TIMEOUT : visible;
  if (workload.graceSeconds <= timeout) return;
  report({
    at: worker.setting('task_acks_late')!.at,
    value: `a grace period of ${workload.graceSeconds} s, visibility_timeout ${visible === 'unset' ? `${timeout} (the default)` : timeout}`,
    allowed: `visibility_timeout above ${workload.graceSeconds}`,
    unless: `no task takes longer than ${timeout} s${visible === 'unset' ? ', or the application sets it' : ''}`,
  });
}

/** The Redis database that a process consumes from; undefined where it is not known. */
function databaseOf(process: Process): string | undefined {
  const { broker, workload } = process;
  const database = broker && redisDatabase(broker.url);
  return !broker || broker.partial || database === undefined ? undefined
    : [`${workload.resource.namespace}/${broker.url.host}:${broker.url.port ?? REDIS_PORT}/${database}`, ...apart(process)].join(' ');
}

/** What keeps the messages of an application apart from those of others on one server: a prefix of all names, a region, the master of Sentinel. */
function apart(process: Process): string[] {
  const options = process.setting('broker_transport_options')?.value ?? '';
  return [...options.matchAll(/["'](global_keyprefix|queue_name_prefix|region|master_name)["']\s*:\s*([^,}]+)/g)].map(([, name, value]) => `${name}=${value.trim()}`).sort();
}

/** How long a process may hold a message: what it reserves, times a task's limit, or the grace period that somebody has given it for one. */
function mayHold(worker: Process): number {
  const { spec, graceSeconds } = worker.workload;
  const longest = Math.max(taskLimit(worker)?.seconds ?? 0, spec.terminationGracePeriodSeconds === undefined ? 0 : graceSeconds);
  return longest * Math.max(1, worker.number('--prefetch-multiplier') ?? 1);
}

/** The longest that a process of any worker on a database may hold a message. All of them have its visibility timeout. */
const longestOn = lazy((world: World) => {
  const longest = new Map<string, number>();
  for (const worker of world.workers) {
    const key = databaseOf(worker);
    if (key !== undefined) longest.set(key, Math.max(mayHold(worker), longest.get(key) ?? 0));
  }
  return longest;
});

/** Pools without the event loop of Celery, which looks for messages of dead workers: where messages are polled for, kombu never gets to it. */
const GREEN = new Set(['gevent', 'eventlet']);

/** Databases of which all workers in sight have such a pool. */
const onlyGreen = lazy((world: World) => {
  const databases = new Map<string, boolean>();
  for (const worker of world.workers) {
    const key = databaseOf(worker);
    if (key !== undefined) databases.set(key, GREEN.has(worker.pool ?? '') && databases.get(key) !== false);
  }
  return databases;
});

/** Pools that ignore what only forked children can do. */
const WITHOUT_CHILDREN = new Set(['threads', 'solo', 'gevent', 'eventlet']);

export const deliveryRules: Rule[] = [
  {
    id: 'delivery/visibility-timeout-too-short',
    severity: Severity.ERROR,
    title: 'Redis redelivers a late-acknowledged task that is still running',
    why: 'A task that is not acknowledged within visibility_timeout (3600 s by default) is delivered again: the same task runs 2 to 20 times, and '
      + '`Received task ...` repeats every hour.',
    fix: 'Set visibility_timeout above the longest task, in broker_transport_options and result_backend_transport_options of every process.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout',
    rows: ['D1'],
    on: 'workers',
    check: (worker, report) => {
      const { link, hiddenTransport } = worker;
      if ((link && !isRedis(link.url)) || (hiddenTransport !== undefined && !isRedisTransport(hiddenTransport))) return;
      const visible = visibilityTimeout(worker);
      if (taskLimit(worker) === undefined && worker.settingOn('task_acks_late')) return outlivedByGrace(worker, visible, report);
      const timeout = typeof visible === 'number' ? visible : DEFAULT_VISIBILITY_TIMEOUT;
      // Only Redis and SQS have such a timeout.
      const known = link !== undefined || hiddenTransport !== undefined || visible !== 'unset';
      const multiplier = worker.flag('--disable-prefetch') ? 1 : Math.max(1, worker.number('--prefetch-multiplier') ?? 1);
      for (const { seconds: longest, at, task } of visible === 'unknown' ? [] : lateTasks(worker)) {
        if (longest * multiplier < timeout) continue;
        const one = longest >= timeout;
        report({
          at, value: `${task === undefined ? 'tasks' : `task ${task}`} up to ${longest} s, ${one ? '' : `${multiplier} of them by the prefetch multiplier, `}visibility_timeout `
            + (visible === 'unset' ? `${timeout} (the default)` : String(visible)),
          allowed: one ? `visibility_timeout above ${longest}` : `visibility_timeout above ${longest * multiplier}, or --prefetch-multiplier=1`,
          ...unless(one && (visible !== 'unset' || (task !== undefined && seesSettings(worker.container) && known)), !one ? 'no process gets that many of the longest tasks in a row'
            : known ? 'the application sets it' : 'its broker is RabbitMQ, or the application sets it'),
        });
      }
    },
  },
  {
    id: 'delivery/visibility-timeout-differs',
    severity: Severity.ERROR,
    title: 'Processes on one Redis database have different visibility timeouts',
    why: 'The shortest wins for all of them: the longer one seems to be ignored, and tasks run twice.',
    fix: 'Give every process of the broker the same value.',
    source: 'https://github.com/celery/celery/issues/2599',
    rows: ['D2'],
    check: (world, report) => {
      const shortest = new Map<string, number>();
      const found = world.processes.flatMap((process) => {
        const timeout = visibilityTimeout(process);
        const key = databaseOf(process);
        if (typeof timeout === 'string' || key === undefined) return [];
        shortest.set(key, Math.min(timeout, shortest.get(key) ?? Infinity));
        return [{ process, timeout, key }];
      });
      for (const { process, timeout, key } of found) {
        if (timeout > shortest.get(key)!) {
          report({
            at: process.setting('broker_transport_options')!.at, value: String(timeout),
            note: `another process has ${shortest.get(key)}`,
          });
        }
      }
    },
  },
  {
    id: 'delivery/dead-worker-keeps-tasks',
    severity: Severity.WARNING,
    title: 'No worker on a Redis database redelivers the tasks of a dead worker',
    why: 'All have the pool gevent or eventlet, with which kombu never looks for messages that were not acknowledged in time: late acknowledgement does not save '
      + 'the tasks of a worker that was killed (SIGKILL, out of memory, a lost node). They stay in `unacked`.',
    fix: 'Add a worker with the pool prefork or threads to the same database, whatever queue it consumes; or put the tasks back with `cdk8s-celery requeue`.',
    source: 'https://github.com/celery/celery/issues/4976',
    rows: ['D3'],
    on: 'workers',
    check: (worker, report, world) => {
      const key = databaseOf(worker);
      if (key === undefined || !isRedis(worker.broker!.url) || !onlyGreen(world).get(key)) return;
      const setting = worker.settingOn('task_acks_late') ? worker.setting('task_acks_late') : undefined;
      const task = setting ? undefined : tasksOf(worker).find(({ acksLate }) => acksLate === true);
      const at = setting?.at ?? task?.at;
      if (!at || !worker.workload.longRunning) return;
      report({
        at, value: `${task ? `task ${task.name} is acknowledged late, ` : ''}pool ${worker.pool}`, allowed: 'another worker with the pool prefork or threads',
        unless: 'a worker of another pool, which is not among these manifests, consumes from the database',
      });
    },
  },
  {
    id: 'delivery/visibility-timeout-very-long',
    severity: Severity.WARNING,
    title: 'The visibility timeout is longer than 6 hours',
    why: 'A late-acknowledged task of a worker that was killed (SIGKILL, OOM, a lost node) is gone for that long before it runs again.',
    fix: 'Keep it just above the longest countdown and what a process may hold, the prefetch multiplier times the longest task; a lower multiplier needs less.',
    source: 'Reproduced: after SIGKILL the message stays in `unacked` until the timeout',
    rows: ['D3'],
    on: 'workers',
    check: (worker, report, world) => {
      const timeout = visibilityTimeout(worker);
      // Tasks of such a length need it.
      const longest = Math.max(mayHold(worker), longestOn(world).get(databaseOf(worker) ?? '') ?? 0, longestCountdown(worker.container)?.seconds ?? 0);
      if (typeof timeout === 'number' && timeout > 6 * 3600 && timeout > 2 * longest + 600 && !(worker.link?.url.scheme === 'sqs' && timeout > LONGEST_OF_SQS)) {
        report({ at: worker.setting('broker_transport_options')!.at, value: `${timeout} s`, allowed: `${6 * 3600} s` });
      }
    },
  },
  {
    id: 'delivery/endless-out-of-memory',
    severity: Severity.WARNING,
    title: 'A task that runs out of memory is requeued and runs out of memory again, forever',
    why: 'task_reject_on_worker_lost requeues the task that killed its child: a loop of WorkerLostError, or of evicted pods, that blocks the queue.',
    fix: 'Limit deliveries in the task itself, or leave task_reject_on_worker_lost off; a memory limit keeps it to one pod, and '
      + '--max-memory-per-child recycles children before.',
    source: 'https://github.com/celery/celery/issues/1628',
    rows: ['D5'],
    on: 'workers',
    check: (worker, report) => {
      const setting = worker.setting('task_reject_on_worker_lost');
      if (setting && worker.settingOn('task_reject_on_worker_lost') && worker.option('--max-memory-per-child').state === 'unset'
        && worker.container.memoryLimit === undefined) {
        report({ at: setting.at, value: `task_reject_on_worker_lost=${setting.value}` });
      }
      const [task] = tasksOf(worker).filter(({ rejectOnWorkerLost, acksLate }) =>
        rejectOnWorkerLost === true && (acksLate ?? worker.settingOn('task_acks_late')));
      if (task && worker.option('--max-memory-per-child').state === 'unset' && worker.container.memoryLimit === undefined) {
        report({ at: task.at, value: `reject_on_worker_lost of task ${task.name}` });
      }
    },
  },
  {
    id: 'delivery/prefetch-zero',
    severity: Severity.WARNING,
    title: 'A prefetch multiplier of 0 on the command line is ignored: it means 4',
    why: 'Celery treats 0 as "not given": the worker reserves 4 tasks per child, one pod hoards while others idle, and '
      + 'an autoscaler sees an empty list.',
    fix: 'Set --prefetch-multiplier=1.',
    source: 'Reproduced with Celery 5.6.3: 8 reserved with 2 children',
    rows: ['D6'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--prefetch-multiplier');
      if (option.state === 'known' && worker.number('--prefetch-multiplier') === 0) {
        report({
          at: worker.place(option.path), value: option.value, allowed: '1 or more',
        });
      }
    },
  },
  {
    id: 'delivery/disable-prefetch-unsupported',
    severity: Severity.ERROR,
    title: '--disable-prefetch is not known to this Celery or does not work with this broker',
    why: 'Before Celery 5.6 the worker exits at startup: `Error: No such option: --disable-prefetch`; with RabbitMQ it does nothing.',
    fix: 'Use --prefetch-multiplier=1.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html#celery-worker',
    rows: ['D6'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--disable-prefetch');
      if (option.state !== 'known' || !worker.flag('--disable-prefetch')) return;
      const version = installedVersion(worker.workload, 'celery');
      if (version !== undefined && lacks(version, 'disablePrefetch') && option.flag) {
        report({ at: worker.place(option.path), value: `celery==${version}`, allowed: `celery>=${SINCE.disablePrefetch}` });
      } else if (worker.broker && isAmqp(worker.broker.url)) {
        report({ at: worker.place(option.path), value: worker.broker.url.scheme, allowed: 'Redis', severity: Severity.WARNING });
      }
    },
  },
  {
    id: 'delivery/limits-ignored-by-pool',
    severity: Severity.WARNING,
    title: 'The pool silently ignores this option',
    why: 'Time limits, --max-tasks-per-child and --max-memory-per-child need child processes: with threads and solo they never fire. The solo pool runs one task '
      + 'at a time, whatever --concurrency says.',
    fix: 'Use the prefork pool, or limit the time in the task itself.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits',
    rows: ['D8'],
    on: 'workers',
    check: (worker, report) => {
      const { pool } = worker;
      if (pool === undefined || !WITHOUT_CHILDREN.has(pool)) return;
      const concurrency = worker.option('--concurrency');
      if (pool === 'solo' && concurrency.state === 'known' && concurrency.flag && Number(concurrency.value) > 1) {
        report({
          at: worker.place(concurrency.path), value: `--concurrency ${concurrency.value}`, note: 'the pool is solo', fix: 'Use the prefork pool, or start more pods.',
        });
      }
      for (const name of ['--soft-time-limit', '--time-limit', '--max-tasks-per-child', '--max-memory-per-child']) {
        const option = worker.option(name);
        // gevent and eventlet keep the hard limit.
        if (name === '--time-limit' && (pool === 'gevent' || pool === 'eventlet')) continue;
        if (option.state === 'known' && option.value !== '0') {
          report({
            at: worker.place(option.path), value: `${name} ${option.value}`, note: `the pool is ${pool}`,
          });
        }
      }
    },
  },
  {
    id: 'delivery/pool-cannot-grow',
    severity: Severity.ERROR,
    title: 'The pool of the worker cannot be scaled by --autoscale',
    why: 'The pool of threads cannot grow: with the second task that waits the worker ends with `Unrecoverable error: AttributeError("\'TaskPool\' object has no attribute \'grow\'")`.',
    fix: 'Use the prefork pool, or --concurrency in place of --autoscale.',
    source: 'Reproduced with Celery 5.7; https://docs.celeryq.dev/en/stable/userguide/workers.html#autoscaling',
    rows: ['D8'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--autoscale');
      const [most, least] = option.state === 'known' ? option.value.split(',').map(Number) : [];
      // With two numbers that are the same it never grows.
      if (worker.pool === 'threads' && option.state === 'known' && most !== least) {
        report({ at: worker.place(option.path), value: `--autoscale ${option.value}`, allowed: '--concurrency', note: `the pool is ${worker.pool}` });
      }
    },
  },
  {
    id: 'delivery/soft-limit-never-reached',
    severity: Severity.WARNING,
    title: 'The soft time limit is not less than the hard one',
    why: 'The hard limit kills the process first: SoftTimeLimitExceeded is never raised, and the task cleans up nothing.',
    fix: 'Set a soft time limit that is less than the hard one.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits',
    rows: ['D8'],
    on: 'workers',
    check: (worker, report) => {
      const [soft, hard] = [limit(worker, '--soft-time-limit', 'task_soft_time_limit'), limit(worker, '--time-limit', 'task_time_limit')];
      // A variable that is only called like a setting may be anything.
      if (!soft || !hard || soft.variable !== undefined || hard.variable !== undefined || soft.seconds < hard.seconds) return;
      report({ at: soft.at, value: `${soft.name} ${soft.seconds}, ${hard.name} ${hard.seconds}`, allowed: `less than ${hard.seconds}` });
    },
  },
  {
    id: 'delivery/always-eager',
    severity: Severity.WARNING,
    title: 'Tasks run in the process that sends them, not in a worker',
    why: 'With task_always_eager a web request waits for its task, Beat runs all periodic tasks itself, one after another, and workers get nothing.',
    fix: 'Set task_always_eager only in tests.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-always-eager',
    rows: ['N80'],
    on: 'processes',
    check: (process, report) => {
      const setting = process.setting('task_always_eager');
      // Flower sends nothing by itself.
      if (!setting || process.role === 'flower' || !/^(true|1|yes|on)$/i.test(setting.value)) return;
      report({
        at: setting.at, value: `task_always_eager=${setting.value}`, ...unless(setting.variable === undefined, 'the application does not read this variable'),
      });
    },
  },
  {
    id: 'delivery/setting-out-of-range',
    severity: Severity.ERROR,
    title: 'A setting has a value that Celery does not accept',
    why: 'Celery takes it without an error and fails later, or does something else: a result that expires before it is stored, a visibility timeout that cannot be '
      + 'compared with a time.',
    fix: 'Give a number in the range of the setting.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/configuration.html',
    rows: ['N81'],
    on: 'processes',
    check: (process, report) => {
      for (const name of SETTING_NAMES) {
        const setting = process.setting(name);
        if (!setting || setting.variable !== undefined || !/^-?\d+(\.\d+)?$/.test(setting.value)) continue;
        const range = outOfRange(name, Number(setting.value));
        if (range) report({ at: setting.at, value: `${name}=${setting.value}`, allowed: rangeText(range) });
      }
      const options = process.setting('broker_transport_options');
      const text = options && /["']visibility_timeout["']\s*:\s*(["'][^"']*["'])/.exec(options.value)?.[1];
      if (options && text) report({ at: options.at, value: `visibility_timeout ${text}`, allowed: 'a number of seconds, e.g. 3600' });
      const hidden = options && seconds(writtenVisibilityTimeout(options.value) ?? '');
      if (options && hidden && hidden > LONGEST_OF_SQS && process.link?.url.scheme === 'sqs') {
        report({ at: options.at, value: `visibility_timeout ${hidden}`, allowed: `at most ${LONGEST_OF_SQS}`, note: 'SQS refuses the queue' });
      }
    },
  },
  {
    id: 'delivery/countdown-above-visibility',
    severity: Severity.ERROR,
    title: 'Tasks have a countdown that is longer than the visibility timeout',
    why: 'A worker holds a task until its time has come, without an acknowledgement: after visibility_timeout (3600 s by default) Redis and SQS deliver it again, to another worker each time, and it '
      + 'runs that often.',
    fix: 'Set visibility_timeout in broker_transport_options above the longest countdown; or keep such tasks in a table, and send them by a periodic task.',
    source: 'https://github.com/celery/celery/issues/4766',
    rows: ['D1'],
    on: 'workers',
    check: (worker, report) => {
      const { broker, hiddenTransport } = worker;
      const redis = broker ? isRedis(broker.url) : isRedisTransport(hiddenTransport ?? '');
      const visible = visibilityTimeout(worker);
      if (!redis || visible === 'unknown') return;
      const timeout = visible === 'unset' ? DEFAULT_VISIBILITY_TIMEOUT : visible;
      const longest = longestCountdown(worker.container);
      if (!longest || longest.seconds <= timeout) return;
      report({
        at: longest.at, value: `countdown ${longest.seconds} s, visibility_timeout ${visible === 'unset' ? `${timeout} (the default)` : String(visible)}`,
        allowed: `visibility_timeout above ${longest.seconds}`, ...unless(visible !== 'unset' || seesSettings(worker.container), 'the application sets it'),
      });
    },
  },
  {
    id: 'delivery/content-not-accepted',
    severity: Severity.ERROR,
    title: 'Tasks or results are written in a format that is not accepted',
    why: '`kombu.exceptions.ContentDisallowed: Refusing to deserialize untrusted content of type pickle`: workers refuse each task, or nobody can read a result. Without accept_content it is json only.',
    fix: 'Use json; or add the format to accept_content of every process.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/security.html#serializers',
    rows: ['N81'],
    on: 'processes',
    check: (process, report) => {
      // What is added to the list later is not in it.
      if (codeFiles(process.container).some(({ text }) => /accept_content["'\]]*\s*([|+]=|\.(append|extend|insert|add|update)\b)/i.test(text))) return;
      for (const [written, accepted] of [['task_serializer', ['accept_content']], ['result_serializer', ['result_accept_content', 'accept_content']]] as const) {
        const serializer = process.setting(written);
        const name = accepted.find((one) => process.sets(one));
        const list = name === undefined ? undefined : process.setting(name);
        if (!serializer || !/^(json|pickle|yaml|msgpack)$/.test(serializer.value) || (name !== undefined && !list)) continue;
        const formats = list ? [...list.value.matchAll(/["']([\w./+-]+)["']/g)].map(([, format]) => format) : ['json'];
        if (formats.length === 0 || formats.some((format) => format.replace(/^application\/(x-)?/, '').startsWith(serializer.value.slice(0, 4)) || /python-serialize/.test(format))) continue;
        report({
          at: serializer.at, value: `${written}=${serializer.value}`, allowed: formats.join(', '), note: name === undefined ? 'accept_content is json by default' : `${name} has ${formats.join(', ')}`,
          ...unless(name !== undefined || seesSettings(process.container), 'the application sets accept_content'),
        });
      }
    },
  },
  {
    id: 'delivery/no-retry-at-startup',
    severity: Severity.WARNING,
    title: 'The worker exits if the broker is not available at startup',
    why: 'It exits at once: `Retrying to establish a connection to the message broker after a connection loss has been disabled '
      + '(app.conf.broker_connection_retry_on_startup=False)`; or, with a maximum of retries, in the middle of a long outage.',
    fix: 'Set broker_connection_retry_on_startup=1 and broker_connection_max_retries=(json)null, which is forever (0 is not: it means no retry).',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['W3', 'W4'],
    on: 'workers',
    check: (worker, report) => {
      const setting = worker.setting('broker_connection_retry_on_startup');
      if (setting && worker.settingOff('broker_connection_retry_on_startup')) {
        report({ at: setting.at, value: `broker_connection_retry_on_startup=${setting.value}` });
      }
    },
  },
  {
    id: 'delivery/purge-at-start',
    severity: Severity.ERROR,
    title: 'The worker deletes all waiting tasks each time it starts',
    why: '--purge empties its queues at start, so each deploy, restart and new pod loses what waits there, for all workers of the queue. Celery: '
      + '"this is unrecoverable".',
    fix: 'Remove --purge; to empty queues once, run `celery -A proj purge`.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-worker-purge',
    rows: [],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--purge');
      if (option.state !== 'known' || !worker.flag('--purge')) return;
      report({
        at: worker.place(option.path), value: '--purge',
        ...worker.app === undefined ? {} : { fix: `Remove --purge; to empty queues once, run \`celery -A ${worker.app} purge\`.` },
      });
    },
  },
  {
    id: 'delivery/no-retry-at-all',
    severity: Severity.ERROR,
    title: 'The first refused connection to the broker ends the process',
    why: 'broker_connection_max_retries is 0, which Celery documents as "forever", but kombu counts: `if max_retries is not None and retries >= '
      + 'max_retries: raise`. A worker or Beat that starts before its broker, or loses it, exits with `kombu.exceptions.OperationalError: Error 111 '
      + 'connecting to redis:6379. Connection refused`.',
    fix: 'Write broker_connection_max_retries=(json)null after `--`, or None in the code: that is forever.',
    source: 'Reproduced with Celery 5.7.0; retry_over_time in kombu/utils/functional.py at https://github.com/celery/kombu',
    rows: ['W3'],
    on: 'processes',
    check: (process, report) => {
      if (process.role !== 'worker' && process.role !== 'beat') return;
      const setting = process.setting('broker_connection_max_retries');
      if (setting && /^(?:\(\w+\))?0+$/.test(setting.value)) {
        report({ at: setting.at, value: `broker_connection_max_retries=${setting.value}`, allowed: 'null (None), or 1 and more' });
      }
    },
  },
  {
    id: 'delivery/results-lost-on-outage',
    severity: Severity.INFO,
    title: 'Before Celery 5.5 results are lost when the Redis result backend is briefly unavailable',
    why: '`Pool callback raised exception: ConnectionError(...)`: the backend does not take the error for one to retry, even with '
      + 'result_backend_always_retry.',
    fix: 'Use Celery 5.5 or later. There, result_backend_always_retry stores the result when the backend is back; set result_backend_max_retries '
      + 'with it, because without a limit the main process of the worker retries, too, and consumes nothing meanwhile.',
    source: 'https://github.com/celery/celery/issues/8588',
    rows: ['W5'],
    on: 'workers',
    check: (worker, report) => {
      const version = installedVersion(worker.workload, 'celery');
      const { backend } = worker;
      if (backend && isRedis(backend.url) && version !== undefined && meets(version, '<5.5')) {
        report({
          at: worker.commandPlace, value: `celery==${version}`,
        });
      }
    },
  },
  {
    id: 'delivery/results-of-one-process',
    severity: Severity.WARNING,
    title: 'The result backend is rpc://, and several pods of the web application share it',
    why: 'Results come as messages to the process that has sent the task: a request that asks for the state of a task in another pod sees PENDING forever.',
    fix: 'Set the result backend to redis:// or db+postgresql://.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#rpc-result-backend-rabbitmq-qpid',
    rows: ['N98'],
    check: (world, report) => {
      const own = new Set(world.processes.map(({ container }) => container));
      for (const container of applicationContainers(world)) {
        if (own.has(container) || !isScaled(container.workload, world) || asList(container.json.ports).length === 0) continue;
        const variable = [...container.env.all()].find(({ name, value }) => /(^|_)RESULT_BACKEND(_URL)?$/.test(name) && /^rpc(:|$)/.test(value ?? ''));
        if (variable) {
          report({ at: container.place(variable.path), value: `${variable.name}=${variable.value}`, unless: 'whoever sends a task waits for its result' });
        }
      }
    },
  },
  {
    id: 'delivery/chatter',
    severity: Severity.ADVICE,
    title: 'Workers talk to each other over the broker: gossip and mingle are on',
    why: 'Each worker reads the events of all others; with many, the broker spends its time on celeryev, and each start waits a second for answers.',
    fix: 'Add --without-gossip and --without-mingle.',
    source: 'https://github.com/celery/celery/issues/5079',
    rows: ['W1'],
    on: 'workers',
    check: (worker, report, world) => {
      if (!isScaled(worker.workload, world)) return;
      if (worker.lacks('--without-gossip') || worker.lacks('--without-mingle')) report({ at: worker.commandPlace });
    },
  },
];
