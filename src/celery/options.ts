import { hasPlaceholder } from './filled-in';
import { nearest } from '../nearest';

/** The command line of Celery as data: which options there are, and whether they take a value. `npm run test:locks` compares it with each Celery. */
interface Spec {
  readonly names: readonly string[];
  readonly flag?: boolean;
  /** What its value has to be, where it is not any text. */
  readonly takes?: Values;
}

/** Values that click accepts: one of some words, or a number. */
interface Values {
  readonly of: RegExp;
  readonly allowed: string;
}

const INTEGER: Values = { of: /^\s*[+-]?\d[\d_]*\s*$/, allowed: 'an integer' };
const NUMBER: Values = { of: /^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?\s*$|^\s*[+-]?(inf|infinity|nan)\s*$/i, allowed: 'a number of seconds' };
const LEVEL: Values = { of: /^(debug|info|warning|error|critical|fatal)$/i, allowed: 'DEBUG, INFO, WARNING, ERROR, CRITICAL or FATAL' };
const POOL: Values = { of: /^(prefork|eventlet|gevent|solo|processes|threads|custom)$/, allowed: 'prefork, solo, threads, gevent, eventlet, processes or custom' };

const DAEMON: Spec[] = [
  { names: ['--logfile', '-f'] }, { names: ['--pidfile'] }, { names: ['--uid'] }, { names: ['--gid'] }, { names: ['--umask'] },
  { names: ['--executable'] },
];

export const GLOBAL: Spec[] = [
  { names: ['--app', '-A'] }, { names: ['--broker', '-b'] }, { names: ['--result-backend'] }, { names: ['--loader'] },
  { names: ['--config'] }, { names: ['--workdir'] }, { names: ['--no-color', '-C'], flag: true }, { names: ['--quiet', '-q'], flag: true },
  { names: ['--version'], flag: true }, { names: ['--skip-checks'], flag: true }, { names: ['--help'], flag: true },
];

const WORKER: Spec[] = [
  { names: ['--hostname', '-n'] }, { names: ['--detach', '-D'], flag: true }, { names: ['--statedb', '-S'] },
  { names: ['--loglevel', '-l'], takes: LEVEL }, { names: ['--optimization', '-O'], takes: { of: /^(default|fair)$/, allowed: 'default or fair' } }, { names: ['--prefetch-multiplier'], takes: INTEGER },
  { names: ['--disable-prefetch'], flag: true }, { names: ['--concurrency', '-c'], takes: INTEGER }, { names: ['--pool', '-P'], takes: POOL },
  { names: ['--pool-start-method'] }, { names: ['--task-events', '--events', '-E'], flag: true }, { names: ['--time-limit'], takes: NUMBER },
  { names: ['--soft-time-limit'], takes: NUMBER }, { names: ['--max-tasks-per-child'], takes: INTEGER }, { names: ['--max-memory-per-child'], takes: INTEGER },
  { names: ['--purge', '--discard'], flag: true }, { names: ['--queues', '-Q', '-q'] }, { names: ['--exclude-queues', '-X'] },
  { names: ['--include', '-I'] }, { names: ['--without-gossip'], flag: true }, { names: ['--without-mingle'], flag: true },
  { names: ['--without-heartbeat'], flag: true }, { names: ['--heartbeat-interval'], takes: INTEGER }, { names: ['--autoscale'], takes: { of: /^\s*[+-]?\d+\s*(,\s*[+-]?\d+\s*)?$/, allowed: 'MAX,MIN, two integers' } },
  { names: ['--beat', '-B'], flag: true }, { names: ['--schedule', '--schedule-filename', '-s'] }, { names: ['--scheduler'] },
  ...DAEMON,
];

const BEAT: Spec[] = [
  { names: ['--detach'], flag: true }, { names: ['--schedule', '-s'] }, { names: ['--scheduler', '-S'] }, { names: ['--max-interval'], takes: INTEGER },
  { names: ['--loglevel', '-l'], takes: LEVEL }, { names: ['--hostname', '-n'] }, { names: ['--enable-remote-control'], flag: true },
  { names: ['--no-enable-remote-control'], flag: true }, ...DAEMON,
];

const CONTROL: Spec[] = [
  { names: ['--timeout', '-t'], takes: NUMBER }, { names: ['--destination', '-d'] }, { names: ['--json', '-j'], flag: true }, { names: ['--list'], flag: true },
];

/** Flower's own options are Tornado's: `--any_name=value`. */
const FLOWER: Spec[] = [];

const BY_COMMAND = new Map<string, Spec[]>([
  ['worker', WORKER], ['beat', BEAT], ['inspect', CONTROL], ['control', CONTROL], ['status', CONTROL], ['flower', FLOWER],
]);

/** All subcommands of Celery 4 and 5, and those of Flower. */
export const SUBCOMMANDS: readonly string[] = [
  'worker', 'beat', 'multi', 'inspect', 'control', 'status', 'events', 'purge', 'call', 'result', 'list', 'migrate', 'graph', 'upgrade', 'logtool', 'report', 'shell', 'amqp',
  'flower', 'help',
];

/** Options that click finds in the environment, though not under `CELERY_<COMMAND>_<OPTION>`. */
export const GLOBAL_ENV = new Map([
  ['--app', 'APP'], ['--broker', 'BROKER_URL'], ['--result-backend', 'RESULT_BACKEND'], ['--loader', 'LOADER'],
  ['--config', 'CONFIG_MODULE'], ['--workdir', 'CELERY_WORKDIR'],
]);

export interface Given<W> {
  readonly value: string;
  readonly word: W;
}

export interface Parsed<W> {
  readonly options: Map<string, Given<W>>;
  readonly rest: W[];
}

interface WordLike {
  readonly text: string;
}

/** Before the subcommand, with what belongs behind it: Celery 4 took that here, too. */
const BEFORE_COMMAND: readonly Spec[] = [...GLOBAL, ...WORKER, ...BEAT];

export function isGlobal(name: string): boolean {
  return GLOBAL.some(({ names }) => names[0] === name);
}

function find(specs: readonly Spec[], name: string): Spec | undefined {
  return specs.find((spec) => spec.names.includes(name));
}

/** Whether an option of a command (of `celery` itself: undefined) takes a value; undefined when there is none of that name. */
export function takesValue(command: string | undefined, name: string): boolean | undefined {
  const spec = find(command === undefined ? GLOBAL : BY_COMMAND.get(command) ?? [], name);
  return spec && spec.flag !== true;
}

/** An option that Celery 5 refuses, which ends the process at start. */
export interface RefusedOption<W> {
  readonly word: W;
  readonly value: string;
  readonly allowed?: string;
  readonly note: string;
  /** What would make it right, if anything could. */
  readonly unless?: string;
}

/** Options of Celery 4 that Celery 5 does not have. */
const OLDER = new Set(['--maxtasksperchild', '--maxmemperchild', '--autoreload', '--no-execv']);

/** What a subcommand refuses of its options: names that it does not have, and values that it does not take. */
export function refusedOptions<W extends WordLike & { readonly unknown: boolean }>(
  command: string, options: ReadonlyMap<string, Given<W>>,
): RefusedOption<W>[] {
  const specs = BY_COMMAND.get(command) ?? FLOWER;
  if (specs === FLOWER) return [];
  const known = specs.flatMap(({ names }) => names.filter((name) => name.startsWith('--')));
  return [...options].flatMap(([name, { value, word }]): RefusedOption<W>[] => {
    const spec = find(specs, name);
    // Those of `celery` itself are in the wrong place, which is another matter.
    if (word.unknown || hasPlaceholder(word.text) || hasPlaceholder(value) || (!spec && find(GLOBAL, name))) return [];
    const attached = word.text.startsWith('-');
    const written = attached && word.text.startsWith('--') ? word.text.replace(/=.*$/s, '') : name;
    const refused = (report: Pick<RefusedOption<W>, 'note' | 'allowed' | 'unless'>): RefusedOption<W>[] =>
      [{ word, value: attached ? word.text : `${name} ${value}`, ...report }];
    if (!spec || written.includes('_')) {
      const meant = spec ? name : nearest(written, known);
      const condition = OLDER.has(written) ? 'the image has Celery 4' : meant === undefined ? 'the application defines it (user_options)' : undefined;
      return refused({ note: `${command} has no option ${written}`, allowed: meant, unless: condition });
    }
    if (spec.flag) return attached && /^--[^=]+=/.test(word.text) ? refused({ note: `${name} takes no value`, allowed: name }) : [];
    if (spec.takes === undefined || spec.takes.of.test(value)) return [];
    // Celery 4 took the class of a pool.
    return refused({ note: `${name} takes ${spec.takes.allowed}`, allowed: spec.takes.allowed, unless: spec.takes === POOL && /[.:]/.test(value) ? 'the image has Celery 4' : undefined });
  });
}

/** Reads options until the first word that is none (`stop`), or to the end. The canonical name of an option is its first. */
export function parseOptions<W extends WordLike>(words: readonly W[], command: string | undefined, stop: boolean): Parsed<W> & { next: number } {
  const specs = command === undefined ? BEFORE_COMMAND : BY_COMMAND.get(command) ?? [];
  const options = new Map<string, Given<W>>();
  const rest: W[] = [];
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at];
    if (word.text === '--') break;
    if (/^--./.test(word.text)) {
      const equals = word.text.indexOf('=');
      const written = (equals < 0 ? word.text : word.text.slice(0, equals)).replaceAll('_', '-');
      const spec = find(specs, written) ?? find(GLOBAL, written);
      const name = spec?.names[0] ?? written;
      if (equals >= 0) {
        options.set(name, { value: word.text.slice(equals + 1), word });
      } else if (spec && !spec.flag && at + 1 < words.length) {
        at += 1;
        options.set(name, { value: words[at].text, word: words[at] });
      } else {
        options.set(name, { value: 'true', word });
      }
    } else if (/^-[A-Za-z]/.test(word.text)) {
      at += short(words, at, specs, options);
    } else if (stop) {
      break;
    } else {
      rest.push(word);
    }
  }
  return { options, rest, next: at };
}

/** `-c2`, `-c 2`, `-Ofair`, `-BE`: returns how many further words it used. */
function short<W extends WordLike>(words: readonly W[], at: number, specs: readonly Spec[], options: Map<string, Given<W>>): number {
  const word = words[at];
  for (let i = 1; i < word.text.length; i += 1) {
    const spec = find(specs, `-${word.text[i]}`) ?? find(GLOBAL, `-${word.text[i]}`);
    if (!spec) return 0;
    if (spec.flag) {
      options.set(spec.names[0], { value: 'true', word });
      continue;
    }
    const attached = word.text.slice(i + 1).replace(/^=/, '');
    if (attached !== '') {
      options.set(spec.names[0], { value: attached, word });
      return 0;
    }
    const next = words[at + 1];
    if (next) options.set(spec.names[0], { value: next.text, word: next });
    return 1;
  }
  return 0;
}
