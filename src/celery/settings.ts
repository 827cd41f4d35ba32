import { SETTINGS } from './settings-table';
import { remembered } from '../memo';
import { editDistance } from '../nearest';

/** A setting of Celery, as one version defines it. */
export interface SettingDefinition {
  /** Celery's own word: string, int, float, bool, dict, list, tuple, any. */
  readonly type: string;
  /** The default, as JSON. */
  readonly default: unknown;
  /** The default as Python code, where JSON has no such value: `float('inf')`. */
  readonly python?: string;
  /** The first of the locked versions that has it. */
  readonly since: string;
  /** The first of them that no longer has it. */
  readonly until?: string;
  /** What to use in its place, where it is deprecated. */
  readonly deprecated?: string;
  /** Its names before Celery 4, in lower case. */
  readonly old?: readonly string[];
}

/** What scripts/make-settings.py writes. */
export interface SettingsTable {
  /** The locked versions, oldest first. */
  readonly celery: readonly string[];
  readonly settings: Record<string, SettingDefinition & { readonly changes?: Record<string, Partial<SettingDefinition>> }>;
}

/** The defaults of settings that Celery has had since 5.3, and that constructs and rules count with. */
export const DEFAULTS = {
  queue: SETTINGS.settings.task_default_queue.default as string,
  /** In seconds. */
  resultExpires: SETTINGS.settings.result_expires.default as number,
  scheduleFile: SETTINGS.settings.beat_schedule_filename.default as string,
} as const;

export type Settings = ReadonlyMap<string, SettingDefinition>;

/** What JSON has, with the numbers of Python. */
export type Kind = 'bool' | 'int' | 'float' | 'string' | 'list' | 'strings' | 'dict' | 'null';

/** All settings of a locked Celery; of any locked Celery, where the version is not known. */
export function settingsOf(celery = ''): Settings {
  return settingsUntil(SETTINGS.celery.includes(celery) ? celery : '');
}

/** Without a version: all that any has, as the newest has it. */
const settingsUntil = remembered((celery: string): Settings => {
  const { celery: versions, settings } = SETTINGS;
  const until = celery === '' ? versions : versions.slice(0, versions.indexOf(celery) + 1);
  return new Map(Object.entries(settings)
    .filter(([, row]) => until.includes(row.since) && (celery === '' || !until.includes(row.until ?? '')))
    .map(([name, { changes = {}, ...first }]) => [name, Object.assign({}, first, ...until.map((one) => changes[one]))]));
});

/** What values a setting takes; undefined for any. */
export function kindsOf(name: string, { type, default: value, python }: SettingDefinition): readonly Kind[] | undefined {
  const base = INSTEAD[name] ?? KINDS[type];
  return base && [...base, ...ALSO[name] ?? [], ...(value === null && python === undefined ? ['null' as const] : [])];
}

/** Celery's types. `any` has an entry of its own below. */
const KINDS: Record<string, readonly Kind[]> = {
  bool: ['bool'], int: ['int'], float: ['float'], string: ['string'], list: ['strings'], tuple: ['strings'], dict: ['dict'],
};

/** Settings that take something else than Celery's definition says; its command line never looks at those without a cast. */
const INSTEAD: Record<string, readonly Kind[]> = {
  // celery/app/routes.py and celery/app/annotations.py, prepare
  task_annotations: ['dict', 'list', 'string'],
  task_routes: ['dict', 'list', 'string'],
  // celery/backends/database/__init__.py: a function, or its name
  database_engine_callback: ['string'],
  // The argument of a class, by name.
  cassandra_auth_kwargs: ['dict'],
  // A number that Redis and RabbitMQ compare.
  task_default_priority: ['int'],
};

/** Settings that also take what Celery's definition does not say. */
const ALSO: Record<string, readonly Kind[]> = {
  // Options of TLS.
  broker_use_ssl: ['dict'],
  // Several brokers.
  broker_read_url: ['strings'],
  broker_write_url: ['strings'],
  broker_heartbeat_checkrate: ['float'],
  cassandra_port: ['int'],
  // 2, or persistent.
  task_default_delivery_mode: ['int'],
  // Tasks a second.
  task_default_rate_limit: ['float'],
  worker_redirect_stdouts_level: ['int'],
  // Without a limit, or never.
  broker_connection_max_retries: ['null'],
  broker_connection_timeout: ['null'],
  broker_heartbeat: ['null'],
  broker_pool_limit: ['null'],
  control_queue_expires: ['null'],
  control_queue_ttl: ['null'],
  database_engine_options: ['null'],
  event_queue_expires: ['null'],
  event_queue_ttl: ['null'],
  redis_socket_timeout: ['null'],
  result_cache_max: ['null'],
  result_chord_join_timeout: ['null'],
  result_expires: ['null'],
};

/** What numbers a setting takes: `least` and, where it is allowed below that, 0 for none. */
export interface SettingRange {
  readonly least: number;
  readonly most?: number;
  readonly orZero?: boolean;
}

const fromZero: SettingRange = { least: 0 };
const aboveZero: SettingRange = { least: Number.MIN_VALUE };

/**
 * Settings whose numbers have a range: outside of it Celery or its message broker fails, or takes it for something else.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html
 */
const RANGES: Record<string, SettingRange> = {
  // Celery stores whole seconds; 0 is never.
  result_expires: { least: 1, orZero: true },
  result_chord_join_timeout: fromZero, result_chord_retry_interval: fromZero, result_cache_max: { least: -1 },
  result_backend_max_retries: fromZero,
  task_time_limit: fromZero, task_soft_time_limit: fromZero,
  task_default_priority: { least: 0, most: 255 }, task_queue_max_priority: { least: 1, most: 255 },
  worker_max_tasks_per_child: fromZero, worker_max_memory_per_child: fromZero, worker_lost_wait: fromZero, worker_proc_alive_timeout: fromZero,
  worker_soft_shutdown_timeout: fromZero, worker_timer_precision: aboveZero,
  beat_max_loop_interval: fromZero, beat_sync_every: fromZero, beat_cron_starting_deadline: fromZero,
  broker_connection_timeout: aboveZero, broker_heartbeat: fromZero, broker_heartbeat_checkrate: aboveZero, broker_pool_limit: fromZero,
  event_queue_expires: aboveZero, event_queue_ttl: fromZero, control_queue_expires: aboveZero, control_queue_ttl: fromZero,
  redis_socket_timeout: aboveZero, redis_socket_connect_timeout: aboveZero, redis_max_connections: { least: 1 },
  redis_backend_health_check_interval: fromZero,
};

/** The range that a number is outside of; undefined where it is in it, or where there is none. */
export function outOfRange(name: string, value: number): SettingRange | undefined {
  const range = Object.hasOwn(RANGES, name) ? RANGES[name] : undefined;
  if (range === undefined || (range.orZero && value === 0)) return undefined;
  return value >= range.least && value <= (range.most ?? Infinity) ? undefined : range;
}

/** A range in words: `0 or more`. */
export function rangeText({ least, most, orZero }: SettingRange): string {
  const from = least === Number.MIN_VALUE ? 'more than 0' : most === undefined ? `${least} or more` : `${least} to ${most}`;
  return orZero ? `${from}, or 0 for none` : from;
}

/** Whether a value of JSON is one of these. */
export function isKind(value: unknown, kinds: readonly Kind[]): boolean {
  return kinds.some((kind) => TESTS[kind](value));
}

const TESTS: Record<Kind, (value: unknown) => boolean> = {
  bool: (value) => typeof value === 'boolean',
  int: (value) => Number.isSafeInteger(value),
  float: (value) => Number.isFinite(value),
  string: (value) => typeof value === 'string',
  list: (value) => Array.isArray(value),
  strings: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  dict: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};

/** Settings that Celery's command line can't set: why not, and what sets them in code. */
export const CODE_ONLY: ReadonlyMap<string, { readonly why: string; readonly code: string }> = new Map([
  ...['timezone', 'imports', 'include'].map((name) => [name, {
    why: 'has no underscore in its name, and Celery\'s command line takes only names with one', code: `app.conf.${name}`,
  }] as const),
  // celery/loaders/base.py, config_from_object
  ['override_backends', { why: 'is read before Celery\'s command line', code: 'app.loader.override_backends' }],
]);

/** Packages that read settings of their own from Celery's configuration, and the names or prefixes of these. */
export const OTHER_PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['celery-redbeat', ['redbeat_']],
  ['celery-singleton', ['singleton_']],
  ['celery-heimdall', ['heimdall_']],
  ['celerybeat-mongo', ['mongodb_scheduler_']],
  ['celery-longterm-scheduler', ['longterm_scheduler_']],
  ['sqlalchemy-celery-beat', ['beat_dburi', 'beat_schema', 'beat_engine_options']],
  ['celery-sqlalchemy-scheduler', ['beat_dburi']],
]);

/** The packages, in addition to Celery, that a setting may be of. */
export function packagesOf(name: string): string[] {
  const own = (one: string): boolean => one.endsWith('_') ? name.length > one.length && name.startsWith(one) : name === one;
  return /^\w+$/.test(name) ? [...OTHER_PACKAGES].filter(([, names]) => names.some(own)).map(([packageName]) => packageName) : [];
}

/** The setting that someone may mean who writes `taskAcksLate`, `CELERY_ACKS_LATE` or `task_akcs_late`. */
export function nearest(written: string, settings: Settings): string | undefined {
  const snake = written.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase().replace(/[.\-\s]+/g, '_');
  for (const name of [snake, snake.replace(/^celery_/, '')]) if (settings.has(name)) return name;
  for (const [name, { old = [] }] of settings) if (old.includes(snake) || old.includes(`celery_${snake}`)) return name;
  const most = Math.max(2, Math.floor(snake.length / 5)) + 1;
  const found = [...settings.keys()].map((name) => ({ name, distance: editDistance(snake, name, most) })).sort((a, b) => a.distance - b.distance)[0];
  return found && found.distance < most ? found.name : undefined;
}

/** A value of JSON as Python writes it. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `float('${String(value).replace('Infinity', 'inf').replace('NaN', 'nan')}')`;
  if (typeof value === 'string') return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll('\'', '\\\'')}'`;
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  return typeof value === 'object' ? `{${Object.entries(value).map(([key, item]) => `${pythonLiteral(key)}: ${pythonLiteral(item)}`).join(', ')}}` : '...';
}

/** A setting as an argument of `celery worker` and `celery beat`, after `--`. In ASCII, whatever the locale of the pod is. */
export function settingArgument(name: string, value: unknown): string {
  return `${name}=(json)${JSON.stringify(value).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
}

/** What a setting on the command line says, without the type that it is cast to: `3600` of `(int)3600`, `gzip` of `(json)"gzip"`. */
export function settingText(argument: string): string {
  const [, type, text] = /^\((\w+)\)(.*)$/s.exec(argument) ?? [];
  if (type === undefined) return argument;
  if (type !== 'json') return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text.trim();
  } catch {
    return text;
  }
}
