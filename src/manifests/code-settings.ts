import { SETTINGS } from '../celery/settings-table';
import { remembered } from '../memo';
import { withoutComments } from './python-text';

/** The settings that are read from code: those that rules ask for. */
export const SETTING_NAMES = [
  'accept_content', 'beat_max_loop_interval', 'beat_schedule_filename', 'beat_scheduler', 'broker_connection_max_retries',
  'broker_connection_retry_on_startup', 'broker_heartbeat', 'broker_read_url', 'broker_transport_options', 'broker_use_ssl', 'broker_write_url', 'redbeat_lock_timeout',
  'redis_backend_health_check_interval', 'redis_backend_use_ssl', 'redis_socket_keepalive', 'redis_socket_timeout', 'result_accept_content', 'result_backend_transport_options', 'result_expires', 'result_serializer',
  'task_acks_late', 'task_always_eager', 'task_default_exchange_type', 'task_default_queue', 'task_default_queue_type', 'task_default_rate_limit', 'task_ignore_result',
  'task_queue_max_priority', 'task_reject_on_worker_lost', 'task_serializer',
  'task_soft_time_limit', 'task_time_limit', 'timezone', 'worker_concurrency', 'worker_detect_quorum_queues', 'worker_enable_remote_control', 'worker_max_memory_per_child', 'worker_max_tasks_per_child',
  'worker_proc_alive_timeout', 'worker_send_task_events', 'worker_soft_shutdown_timeout',
] as const;

/** A rule cannot ask for a setting that is not read. */
export type SettingName = typeof SETTING_NAMES[number];

/** Each name of a setting: Celery's own, Django's `CELERY_TASK_ACKS_LATE`, and those of before Celery 4, `CELERYD_TASK_TIME_LIMIT`. */
export const WRITTEN_NAMES: ReadonlyMap<string, SettingName> = new Map(SETTING_NAMES.flatMap((name) => [
  name, `CELERY_${name.toUpperCase()}`, ...(SETTINGS.settings[name]?.old ?? []).map((old) => old.toUpperCase()),
].map((written) => [written, name] as const)));

/** An attribute, an argument or a key. */
const SETTING = new RegExp(`(?<![\\w$])['"]?(${[...WRITTEN_NAMES.keys()].join('|')})['"]?[ \\t]*(?:=(?!=)|:)[ \\t]*`, 'g');

const CLOSING: Record<string, string> = { '{': '}', '[': ']', '(': ')' };

/**
 * What Python code sets of Celery, by the name of the setting. Undefined is a value that only a run tells: not a literal, or two
 * that differ.
 */
export const codeSettings: (code: string) => ReadonlyMap<SettingName, string | undefined> = remembered((code: string) => {
  const found = new Map<SettingName, string | undefined>();
  const text = withoutComments(code);
  for (const match of text.matchAll(SETTING)) {
    const name = WRITTEN_NAMES.get(match[1])!;
    // Data of an application has time zones, too.
    if (match[1] === 'timezone' && match[0].trimEnd().endsWith(':')) continue;
    const value = literal(text.slice(match.index + match[0].length, match.index + match[0].length + 2000));
    found.set(name, found.has(name) && found.get(name) !== value ? undefined : value);
  }
  return found;
});

/** What all files of an application set; undefined is a value that only a run tells. */
export function settingsOfFiles(files: readonly string[]): Map<SettingName, string | undefined> {
  const found = new Map<SettingName, string | undefined>();
  for (const [name, value] of files.flatMap((file) => [...codeSettings(file)])) {
    found.set(name, found.has(name) && found.get(name) !== value ? undefined : value);
  }
  return found;
}

function literal(text: string): string | undefined {
  const open = text[0];
  if (open in CLOSING) {
    const end = balanced(text, open, CLOSING[open]);
    // More may be added to it: `['json'] + FORMATS`.
    return end === undefined || !/^\s*(?=[,;)}\]#\n]|$)/.test(text.slice(end)) ? undefined : text.slice(0, end);
  }
  const quoted = /^(['"])([^'"\\\n]*)\1\s*(?=[,;)}#\n]|$)/.exec(text);
  if (quoted) return quoted[2];
  const duration = timedelta(text);
  if (duration !== undefined) return String(duration);
  const plain = /^([\w. \t*]+?)\s*(?=[,;)}#\n]|$)/.exec(text)?.[1];
  if (plain === undefined) return undefined;
  if (/^(True|False|None)$/.test(plain)) return plain;
  const product = seconds(plain);
  return product === undefined ? undefined : String(product);
}

/** What arguments of Python's timedelta are in seconds, in the order of those without a name. */
const UNITS = new Map([['days', 86_400], ['seconds', 1], ['microseconds', 1e-6], ['milliseconds', 1e-3], ['minutes', 60], ['hours', 3600], ['weeks', 604_800]]);

/** `timedelta(days=1, hours=6)`, in seconds. */
export function timedelta(text: string): number | undefined {
  const given = /^(?:\w+\.)?timedelta\(([^()]*)\)(?:\.total_seconds\(\))?\s*(?=[,;)}#\n]|$)/.exec(text)?.[1];
  const parts = given?.split(',').filter((part) => part.trim() !== '').map((part, i) => {
    const [, name = [...UNITS.keys()][i], amount] = /^\s*(?:(\w+)\s*=)?(.*)$/s.exec(part)!;
    return (UNITS.get(name) ?? NaN) * (seconds(amount) ?? NaN);
  });
  const total = parts?.reduce((sum, part) => sum + part, 0);
  return Number.isNaN(total) ? undefined : total;
}

/** `3600`, `60 * 60`, `43_200`, `1e5`. */
export function seconds(text: string): number | undefined {
  const factors = text.split('*').map((factor) => factor.trim().replaceAll('_', ''));
  return factors.every((factor) => /^\d+(\.\d+)?(e\d+)?$/i.test(factor)) ? factors.reduce((product, factor) => product * Number(factor), 1) : undefined;
}

/** How long the text is that an opening bracket begins; undefined where nothing closes it. */
export function balanced(text: string, open: string, close: string): number | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === open) depth += 1;
    if (text[at] === close && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

/** The dictionaries in code that begin where a pattern ends, each up to its closing bracket. */
export function dictionaries(code: string, before: RegExp): string[] {
  return [...code.matchAll(before)].flatMap(({ 0: { length }, index }) => {
    const given = code.slice(index + length);
    return given.slice(0, balanced(given, '{', '}') ?? 0) || [];
  });
}
