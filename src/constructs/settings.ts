import { Duration } from 'cdk8s';
import { CODE_ONLY, isKind, kindsOf, nearest, packagesOf, pythonLiteral, settingArgument, SettingDefinition, settingsOf } from '../celery/settings';
import { parseRequirement } from '../celery/requirement';
import { CelerySettings } from './celery-settings';
import { LONGEST_ARGUMENT } from './command';
import { asGiven } from './kubernetes/as-given';
import { KIND_WORDS, limitProblems, valueProblems } from './setting-values';
import { isPlainObject, typeOf } from './validation/plain-object';
import { Described, NOT_SHOWN, Problem } from './validation/problems';

/** What is known of the Python that reads the settings. */
export interface SettingsReader {
  /** The version of Celery; undefined when it is not known. */
  readonly celery?: string;
  /** What is installed besides Celery, as pip takes it; undefined when it is not known. */
  readonly requirements?: readonly string[];
}

/** Settings as `celery worker|beat` takes them: after `--`, one argument each. They win over those of the user's code. */
export function settingsArguments(settings: ReadonlyMap<string, unknown>): string[] {
  const sorted = [...settings].sort(([a], [b]) => a < b ? -1 : 1);
  return sorted.length === 0 ? [] : ['--', ...sorted.map(([name, value]) => asGiven(settingArgument(name, value)))];
}

/** Settings as plain JSON, and what is wrong with them. */
export function readSettings(given: object = {}, reader: SettingsReader): { settings: Map<string, unknown>; problems: Problem[] } {
  const settings = new Map<string, unknown>();
  const problems = Object.keys(given).flatMap((name): Problem[] => {
    let value: unknown;
    try {
      value = (given as Record<string, unknown>)[name];
    } catch {
      return [{ prop: `settings.${name}`, value: undefined, wrong: UNREADABLE, fix: 'give a value' }];
    }
    // Leaves the default in place.
    if (value === undefined) return [];
    const faults: Problem[] = [];
    const json = plain(value, { path: `settings.${name}`, name, ancestors: [], faults, budget: { left: MOST_VALUES } });
    const found = [...nameProblems(name, json, reader), ...faults];
    if (found.length === 0) found.push(...typeProblems(name, json, reader));
    if (found.length === 0) found.push(...valueProblems(name, json));
    if (found.length === 0) settings.set(name, json);
    if (found.length === 0 && settingArgument(name, json).length > LONGEST_ARGUMENT) {
      return [{ prop: `settings.${name}`, value: json, wrong: `is longer than an argument can be, ${LONGEST_ARGUMENT} bytes`, fix: inCode(`app.conf.${name}`) }];
    }
    return found;
  });
  return { settings, problems: [...problems, ...limitProblems(settings)] };
}

/** Settings that another prop owns. */
const OF_PROPS = new Map([
  ['broker_url', 'broker'],
  ['broker_read_url', 'broker'],
  ['broker_write_url', 'broker'],
  ['broker_host', 'broker'],
  ['broker_transport', 'broker'],
  ['result_backend', 'resultBackend'],
  ['database_url', 'resultBackend'],
  ['redis_host', 'resultBackend'],
  ['beat_scheduler', 'schedule'],
  ['worker_concurrency', 'pool'],
  ['worker_prefetch_multiplier', 'prefetchMultiplier'],
  ['worker_pool', 'pool'],
  ['beat_schedule_filename', 'storage'],
]);

function nameProblems(name: string, value: unknown, { celery, requirements }: SettingsReader): Problem[] {
  const prop = `settings.${name}`;
  const owner = OF_PROPS.get(name);
  if (owner !== undefined) return [{ prop, value, wrong: `is set by the prop ${owner}`, fix: `give ${owner} instead` }];
  const known = settingsOf(celery);
  const codeOnly = CODE_ONLY.get(name);
  if (codeOnly !== undefined) return [{ prop, value, wrong: codeOnly.why, fix: inCode(codeOnly.code, value) }];
  if (known.has(name)) return [];

  const others = packagesOf(name);
  const required = requirements?.map((text) => parseRequirement(text)?.name ?? '');
  if (others.length > 0 && (required === undefined || others.some((other) => required.includes(other)))) return [];
  if (others.length > 0) {
    return [{
      prop, value, wrong: `is a setting of ${others.join(' or ')}, which is not among the requirements`,
      fix: `add '${others[0]}' to the requirements of PythonRuntime.install`,
    }];
  }
  const later = settingsOf().get(name);
  // Of versions between those with a lock, nothing is known.
  if (later) return [{ prop, value, wrong: `is not in Celery ${celery}, but in ${later.since}`, fix: 'use a version that has it, or leave it out' }];

  const near = nearest(name, known);
  // Whatever the name, a text may be a password.
  const shown = typeof value === 'number' || typeof value === 'boolean' ? value : NOT_SHOWN;
  const fromDocumentation = `take a name of ${CONFIGURATION}, or set it in your code`;
  if (!/^[a-z]+(_[a-z0-9]+)+$/.test(name)) {
    return [{
      prop, value: shown, wrong: 'is not a setting that Celery takes on its command line',
      fix: near === undefined ? fromDocumentation : `use a lower-case name such as ${near}, or set it in your code`,
    }];
  }
  return [{
    prop, value: shown, wrong: `is not a setting of Celery${celery === undefined ? '' : ` ${celery}`}`,
    fix: near === undefined ? fromDocumentation : `did you mean ${near}?`,
  }];
}

const CONFIGURATION = 'https://docs.celeryq.dev/en/stable/userguide/configuration.html';

function typeProblems(name: string, value: unknown, { celery }: SettingsReader): Problem[] {
  const definition: SettingDefinition | undefined = settingsOf(celery).get(name);
  const kinds = definition && kindsOf(name, definition);
  if (kinds === undefined || isKind(value, kinds)) return [];
  // What has an object of options may have a password among them.
  const shown = kinds.includes('dict') && (typeof value === 'string' || Array.isArray(value)) ? new Described(typeOf(value)) : value;
  const instead = name === 'task_queues' && Array.isArray(value) ? '; to declare queues by their names, use the prop queues' : '';
  return [{
    prop: `settings.${name}`, value: shown, wrong: 'is not of the type that Celery takes here',
    fix: `give ${[...new Set(kinds.map((kind) => KIND_WORDS[kind]))].join(' or ')}${instead}`,
  }];
}

function inCode(target: string, value?: unknown): string {
  return `set it in your code: ${target} = ${value === undefined ? '...' : pythonLiteral(value)}`;
}

interface Place {
  readonly path: string;
  readonly name: string;
  /** The objects that this is in. */
  readonly ancestors: readonly object[];
  readonly faults: Problem[];
  /** How many more values there may be. */
  readonly budget: { left: number };
}

/** Each needs at least two characters. */
const MOST_VALUES = Math.floor(LONGEST_ARGUMENT / 2);

/** Python's own reader of JSON gives up at about 1000 levels; nobody writes a tenth of them by hand. */
const DEEPEST = 100;

const UNREADABLE = 'cannot be read: a getter or a Proxy throws';
const PLAIN = 'give a string, a number, true or false, null, a list or an object of these';

/** A value as plain JSON, a Duration as its seconds; what is not JSON is added to the faults. */
function plain(value: unknown, place: Place): unknown {
  try {
    return read(value, place);
  } catch {
    place.faults.push({ prop: place.path, value: new Described(typeOf(value)), wrong: UNREADABLE, fix: 'give plain JSON' });
    return undefined;
  }
}

function read(value: unknown, place: Place): unknown {
  const { path, ancestors } = place;
  const fault = (wrong: string, fix = PLAIN): void => {
    place.faults.push({ prop: path, value, wrong, fix });
  };
  if (value instanceof CelerySettings) return null;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) fault('is not a number that JSON has', path === `settings.${place.name}` ? inCode(`app.conf.${place.name}`, value) : 'set it in your code');
    return value;
  }
  if (typeof value !== 'object') return fault('is not a value that Celery takes on its command line');
  const seconds = durationSeconds(value);
  if (seconds !== undefined) return place.name.endsWith('_ms') ? seconds * 1000 : seconds;
  if (ancestors.includes(value)) return fault('contains itself');
  if (ancestors.length === DEEPEST) return fault(`is nested deeper than ${DEEPEST} levels`);
  place.budget.left -= 1;
  // Once: what comes after it is not looked at.
  if (place.budget.left < 0) return place.budget.left === -1 ? fault('has more values than an argument has room for', inCode(`app.conf.${place.name}`)) : undefined;
  const inner = { ...place, ancestors: [...ancestors, value] };
  if (Array.isArray(value)) return Array.from(value, (item: unknown, i) => plain(item, { ...inner, path: `${path}[${i}]` }));
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, { ...inner, path: `${path}.${key}` })]));
  }
  place.faults.push({ prop: path, value: NOT_SHOWN, wrong: `is ${typeOf(value)}, not plain JSON`, fix: PLAIN });
  return undefined;
}

/** By what it can do, because an app may have two copies of cdk8s. */
function durationSeconds(value: object): number | undefined {
  const duration = value as Partial<Duration>;
  return typeof duration.toMilliseconds === 'function' && typeof duration.toHumanString === 'function' ? duration.toMilliseconds() / 1000 : undefined;
}
