import { Problem } from './validation/problems';

/** Settings as `celery worker|beat` takes them: after `--`, one argument each. They win over those of the user's code. */
export function settingsArguments(settings: Record<string, unknown>): string[] {
  const sorted = given(settings).sort(([a], [b]) => a < b ? -1 : 1);
  return sorted.length === 0 ? [] : ['--', ...sorted.map(([name, value]) => `${name}=${literal(value)}`)];
}

function given(settings: Record<string, unknown>): [string, unknown][] {
  return Object.entries(settings).filter(([, value]) => value !== undefined);
}

/** What is wrong with settings. */
export function checkSettings(settings: Record<string, unknown>): Problem[] {
  return given(settings).flatMap(([name, value]): Problem[] => {
    const prop = `settings.${name}`;
    if (OF_PROPS[name]) {
      return [{ prop, value, wrong: `is set by the prop ${OF_PROPS[name]}`, fix: `give ${OF_PROPS[name]} instead` }];
    }
    if (!/^[a-z]+(_[a-z0-9]+)+$/.test(name)) {
      return [{ prop, value, wrong: 'is not a setting that Celery takes on its command line', fix: 'use a lower-case name such as task_acks_late, or set it in your code' }];
    }
    if (!['string', 'number', 'boolean', 'object'].includes(typeof value)) {
      return [{ prop, value, wrong: 'is not a value that Celery takes on its command line', fix: 'give a string, a number, true or false, null, a list or an object' }];
    }
    return typeof value === 'string' && /^\(\w+\)/.test(value) ? [{
      prop, value, wrong: 'begins with what Celery takes for a type', fix: 'set it in your code',
    }] : [];
  });
}

/** Settings that another prop owns. */
const OF_PROPS: Record<string, string> = {
  broker_url: 'broker',
  result_backend: 'resultBackend',
  worker_concurrency: 'concurrency',
  worker_prefetch_multiplier: 'prefetchMultiplier',
  worker_pool: 'pool',
  beat_schedule_filename: 'storage',
};

function literal(value: unknown): string {
  if (value === null) return '(json)null';
  if (Array.isArray(value)) return `(list)${JSON.stringify(value)}`;
  if (typeof value === 'object') return `(dict)${JSON.stringify(value)}`;
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}
