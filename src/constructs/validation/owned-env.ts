import { FLOWER_PORT } from '../../celery/ports';
import type * as k8s from '../kubernetes/api/types';
import { Problem } from './problems';

/** Where variables are given, as far as it matters to which of them are ours. */
export interface EnvScope {
  /** Whether Celery is installed when the pod starts. */
  readonly installs: boolean;
  /** What the construct has on `PYTHONPATH`. */
  readonly pythonPath: readonly string[];
}

/** Why a variable is not the user's to set, and what to give instead. */
interface Owned {
  readonly names: RegExp;
  readonly wrong: string;
  readonly fix: string;
  readonly installsOnly?: boolean;
  /** Values that do no harm. */
  readonly harmless?: RegExp;
}

/** What click takes for a flag that is not given. */
const OFF = /^(0|f|false|n|no|off)?$/i;

const byProp = (names: RegExp, wrong: string, prop: string): Owned => ({ names, wrong, fix: `give the prop ${prop} instead` });
const OF_COMMAND_LINE = 'is an option of Celery\'s command line, which this construct writes';
/** click reads `CELERY_WORKER_CONCURRENCY` where `--concurrency` is not given. */
const byFlag = (names: RegExp, prop: string): Owned => byProp(names, OF_COMMAND_LINE, prop);
const byPool = (names: RegExp, option: string): Owned => ({
  names, wrong: OF_COMMAND_LINE, fix: `give it to the pool instead: WorkerPool.prefork({ ${option}: ... })`,
});

/**
 * Names that would take the place of what the constructs set, or that have no effect because a flag on the command line wins.
 *
 * `HOME`, `PYTHONUNBUFFERED` and `PYTHONDONTWRITEBYTECODE` are defaults, which the user's own may replace.
 *
 * @see celery/app/utils.py (Settings), celery/bin/celery.py and celery/bin/worker.py
 */
const OWNED: readonly Owned[] = [
  byProp(/^(CELERY_)?BROKER_URL$|^CELERY_BROKER_(READ|WRITE)_URL$/, 'would connect the pods to another broker than that of the app', 'broker'),
  byProp(/^(CELERY_)?RESULT_BACKEND$/, 'would take the place of the result backend of the app', 'resultBackend'),
  byProp(/^CDK8S_CELERY_(LAUNCH_|(BROKER|RESULT)_)|^CDK8S_CELERY_(CONNECTION_SETTINGS|REDBEAT_URL)$/, 'is what the launcher composes URLs from', 'broker or resultBackend'),
  byProp(/^CDK8S_CELERY_(APP_SETTINGS|TRANSPORT_OPTIONS)$/, 'is what the loader gives to Celery', 'settings'),
  byFlag(/^CELERY_(WORKER|BEAT)_LOGLEVEL$/, 'logLevel'),
  byPool(/^CELERY_WORKER_CONCURRENCY$/, 'concurrency'),
  byFlag(/^CELERY_WORKER_POOL$/, 'pool'),
  byFlag(/^CELERY_WORKER_PREFETCH_MULTIPLIER$/, 'prefetchMultiplier'),
  byFlag(/^CELERY_WORKER_QUEUES$/, 'queues'),
  byPool(/^CELERY_WORKER_MAX_TASKS_PER_CHILD$/, 'maxTasksPerChild'),
  byPool(/^CELERY_WORKER_MAX_MEMORY_PER_CHILD$/, 'maxMemoryPerChild'),
  byPool(/^CELERY_WORKER_TIME_LIMIT$/, 'timeLimit'),
  byPool(/^CELERY_WORKER_SOFT_TIME_LIMIT$/, 'softTimeLimit'),
  byFlag(/^CELERY_WORKER_TASK_EVENTS$/, 'taskEvents'),
  {
    names: /^CELERY_WORKER_AUTOSCALE$/, wrong: 'would take the place of the pool\'s concurrency, by which memory and limits are chosen',
    fix: 'give the prop pool instead: WorkerPool.autoscale({ min: 1, max: 4 })',
  },
  {
    names: /^CELERY_WORKER_INCLUDE$/, wrong: 'is an option of Celery\'s command line, where the health agent has its place',
    fix: 'set it in your code: app.conf.include = [...]',
  },
  {
    names: /^CELERY_WORKER_HOSTNAME$/, wrong: 'would give all pods the same node name', fix: 'have %h in it, or remove it', harmless: /%[hn]/,
  },
  { names: /^CELERY_WORKER_BEAT$/, wrong: 'would run Beat in each pod, so that each task is sent several times', fix: 'use a CeleryBeat instead', harmless: OFF },
  { names: /^CELERY_WORKER_PURGE$/, wrong: 'would delete all tasks that wait, at each start of a pod', fix: 'remove it', harmless: OFF },
  { names: /^CELERY_(WORKER|BEAT)_DETACH$/, wrong: 'would end the container at once', fix: 'remove it', harmless: OFF },
  byProp(/^CELERY_APP$/, OF_COMMAND_LINE, 'app'),
  { names: /^CELERY_WORKDIR$/, wrong: 'would start Celery outside of the directory of the code', fix: 'remove it', harmless: /^$/ },
  byFlag(/^CELERY_BEAT_SCHEDULER$/, 'scheduler'),
  byFlag(/^CELERY_BEAT_SCHEDULE$/, 'storage'),
  byProp(/^FLOWER_BASIC_AUTH$/, 'would ask for a login that the probes do not have', 'auth: FlowerAuth.basic(...)'),
  byProp(/^FLOWER_URL_PREFIX$/, 'would move the page away from where the probes look', 'urlPrefix'),
  {
    names: /^FLOWER_(ADDRESS|UNIX_SOCKET)$/, wrong: 'would have Flower listen where the probes and the Service do not reach it', fix: 'remove it',
    harmless: /^(0\.0\.0\.0|::)?$/,
  },
  { names: /^FLOWER_PORT$/, wrong: `has no effect: the command line has --port=${FLOWER_PORT}`, fix: 'remove it' },
  {
    names: /^PIP_/, installsOnly: true, wrong: 'does not reach pip, which runs in an init container',
    fix: 'give indexUrl or pipConf in PythonRuntime.install({ ... }) instead',
  },
  {
    names: /^(PATH|VIRTUAL_ENV|PYTHONHOME)$/, installsOnly: true, wrong: 'would hide the Celery that PythonRuntime.install has installed',
    fix: 'remove it; to bring programs along, use an image: PythonRuntime.fromImage(...)',
  },
];

const OTHER_FOLDER = 'would give RabbitMQ another folder, without the queues and their messages';

/** The same, of the servers that a program makes. */
const OWNED_BY_SERVER: Readonly<Record<'redis' | 'rabbitmq', readonly Owned[]>> = {
  redis: [byProp(/^REDISCLI_AUTH$/, 'is the password by which the probes log in', 'password')],
  rabbitmq: [
    byProp(/^RABBITMQ_DEFAULT_USER$/, 'is the user of the apps', 'username'),
    byProp(/^RABBITMQ_DEFAULT_PASS(_FILE)?$/, 'is the password of the apps', 'password'),
    byProp(/^RABBITMQ_DEFAULT_VHOST$/, 'is the virtual host of the apps', 'virtualHost'),
    byProp(/^RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS$/, 'has the consumer timeout, which follows from the tasks of the apps', 'consumerTimeout'),
    { names: /^RABBITMQ_(NODENAME|USE_LONGNAME|MNESIA_BASE|MNESIA_DIR|QUORUM_DIR|STREAM_DIR)$/, wrong: OTHER_FOLDER, fix: 'remove it' },
    { names: /^RABBITMQ_(NODE_PORT|NODE_IP_ADDRESS)$/, wrong: 'would have RabbitMQ listen where the probes and the Service do not reach it', fix: 'remove it' },
    { names: /^RABBITMQ_(ENABLED_PLUGINS(_FILE)?|CONFIG_FILES?)$/, wrong: 'would take the place of the configuration of this construct', fix: 'remove it' },
  ],
};

/** What is wrong with variables of a server. Values are not shown: they may be secret. */
export function checkServerEnv(server: keyof typeof OWNED_BY_SERVER, env: readonly k8s.EnvVar[] = []): Problem[] {
  return env.flatMap(({ name }) => OWNED_BY_SERVER[server].filter(({ names }) => names.test(name)).map(({ wrong, fix }) => ({ prop: 'env', value: name, wrong, fix })));
}

/** What boto3 takes in place of the credentials of SQS, or with one of them. */
const KEYS_OF_AWS = /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/;

/** Credentials of AWS next to those that the broker gives: SQS would be asked with them. */
export function checkAwsEnv(env: readonly k8s.EnvVar[] = [], ofBroker: readonly k8s.EnvVar[]): Problem[] {
  const own = new Map(ofBroker.filter(({ name }) => KEYS_OF_AWS.test(name)).map(({ name, valueFrom }) => [name, valueFrom]));
  if (own.size === 0) return [];
  const isOther = ({ name, valueFrom }: k8s.EnvVar): boolean => KEYS_OF_AWS.test(name) && JSON.stringify(own.get(name)) !== JSON.stringify(valueFrom);
  return env.filter(isOther).map(({ name }) => ({
    prop: 'env', value: name, wrong: 'would take the place of the credentials with which the pods use SQS',
    fix: 'leave it out: tasks also find those of Broker.fromSqs. For other credentials give variables of other names, which the tasks pass to boto3',
  }));
}

/** What is wrong with variables that a user gives. Values are not shown: they may be secret. */
export function checkOwnedEnv(env: readonly k8s.EnvVar[] | undefined, { installs, pythonPath }: EnvScope): Problem[] {
  return (env ?? []).flatMap(({ name, value: text, valueFrom }): Problem[] => {
    if (name === 'PYTHONPATH' && pythonPath.length > 0 && valueFrom !== undefined) {
      return [{
        prop: 'env', value: name, wrong: `comes from elsewhere, so ${pythonPath.join(' and ')} cannot be added to it`,
        fix: 'give its value',
      }];
    }
    const owned = OWNED.find(({ names, installsOnly = false, harmless }) => names.test(name) && (installs || !installsOnly)
      && !(valueFrom === undefined && harmless?.test(text ?? '')));
    return owned ? [{ prop: 'env', value: name, wrong: owned.wrong, fix: owned.fix }] : [];
  });
}
