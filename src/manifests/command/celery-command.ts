import { baseName, Invocation, Word } from './command';
import { Given, isGlobal, parseOptions } from '../../celery/options';
import { settingText } from '../../celery/settings';

export type Role = 'worker' | 'beat' | 'flower' | 'inspect' | 'control' | 'status' | 'multi' | 'other';

/** A command line of Celery, read. */
export interface CeleryCommand {
  readonly role: Role;
  /** `celery` itself, or the program that starts it and may add options of its own: `airflow`, `nautobot-server`. */
  readonly vendor: string;
  /** The word of the subcommand: `worker`. */
  readonly subcommand?: Word;
  readonly global: ReadonlyMap<string, Given<Word>>;
  readonly options: ReadonlyMap<string, Given<Word>>;
  /** Those of them that come before the subcommand. */
  readonly misplaced: ReadonlyMap<string, Given<Word>>;
  /** `task.acks_late=1` after `--`, under the names of the settings: `task_acks_late`. */
  readonly settings: ReadonlyMap<string, Given<Word>>;
  readonly rest: readonly Word[];
  readonly invocation: Invocation;
}

const NONE: ReadonlyMap<string, Given<Word>> = new Map();

const ROLES: readonly string[] = ['worker', 'beat', 'flower', 'inspect', 'control', 'status', 'multi'];

/** Programs with a way of their own to start Celery: the words after their name, and what they start. */
const VENDORS: ReadonlyArray<{ program: string; words: readonly string[]; role: Role }> = [
  { program: 'airflow', words: ['celery', 'worker'], role: 'worker' },
  { program: 'airflow', words: ['celery', 'flower'], role: 'flower' },
  { program: 'airflow', words: ['worker'], role: 'worker' },
  { program: 'airflow', words: ['flower'], role: 'flower' },
  { program: 'sentry', words: ['run', 'worker'], role: 'worker' },
  { program: 'sentry', words: ['run', 'cron'], role: 'beat' },
  { program: 'dagster-celery', words: ['worker', 'start'], role: 'worker' },
];

/** A script of an image that says what it starts: `/start-celeryworker`, `celery_beat.sh`, `/entrypoint-celery-worker.sh`. */
const NAMED = /^(?:docker[-_]?)?(?:entry-?point|start|run)?[-_.]?(?:celery[-_.]?(worker|beat|flower)s?|(flower))(?:[-_.]?(?:start|entry-?point))?(?:\.(?:sh|bash))?$/i;

export function readCelery(invocation: Invocation): CeleryCommand | undefined {
  const { words } = invocation;
  const program = baseName(words[0]?.text ?? '');
  if (program === 'celery') return parse(invocation, words.slice(1), 'celery');
  if (program === 'flower') return flower(invocation, words.slice(1));
  if (/^python[\d.]*$/.test(program) || /^(manage\.py|django-admin)$/.test(program)) return python(invocation, words, program);
  return vendor(invocation, words, program) ?? named(invocation, words);
}

/** Starts a worker, a Beat or a Flower. */
export function startsProcess(invocation: Invocation): boolean {
  return ['worker', 'beat', 'flower', 'multi'].includes(readCelery(invocation)?.role ?? '');
}

function named(invocation: Invocation, words: readonly Word[]): CeleryCommand | undefined {
  const word = /^(sh|bash|ash|dash)$/.test(baseName(words[0]?.text ?? '')) ? words.slice(1).find(({ text }) => !/^[-+]/.test(text)) : words[0];
  const match = word && NAMED.exec(baseName(word.text));
  if (!match) return undefined;
  return scriptOf((match[1] ?? match[2]).toLowerCase() as Role, word, invocation);
}

/** What a script starts whose name is all that we know. */
export function scriptOf(role: Role, word: Word, given?: Invocation): CeleryCommand {
  const invocation = given ?? { words: [word], links: [], assignments: new Map(), conditional: false };
  return { role, vendor: 'unknown', subcommand: word, global: NONE, misplaced: NONE, options: NONE, settings: NONE, rest: [], invocation };
}

function python(invocation: Invocation, words: readonly Word[], program: string): CeleryCommand | undefined {
  let at = 1;
  if (program.startsWith('python')) {
    while (words[at]?.text.startsWith('-') && !words[at].text.startsWith('-m')) at += /^-[WX]$/.test(words[at].text) ? 2 : 1;
    const first = words[at]?.text;
    if (first === '-m' || first === '-mcelery') {
      const module = first === '-m' ? words[at + 1]?.text : 'celery';
      const rest = words.slice(at + (first === '-m' ? 2 : 1));
      if (module === 'celery' || module === 'celery.__main__' || module === 'celery.bin.celery') return parse(invocation, rest, 'celery');
      if (module === 'flower') return flower(invocation, rest);
      return module === undefined ? undefined : vendor(invocation, words.slice(at + 1), module);
    }
    // `python /usr/local/bin/celery worker`
    if (first !== undefined && baseName(first) === 'celery') return parse(invocation, words.slice(at + 1), 'celery');
  } else {
    at = 0;
  }
  return words[at] ? vendor(invocation, words.slice(at), baseName(words[at].text)) : undefined;
}

function vendor(invocation: Invocation, words: readonly Word[], program: string): CeleryCommand | undefined {
  const plain = words.slice(1).filter((word) => !word.text.startsWith('-'));
  const known = VENDORS.find((entry) => entry.program === program && entry.words.every((word, i) => plain[i]?.text === word));
  if (known) {
    const last = words.indexOf(plain[known.words.length - 1]);
    const { options, rest } = parseOptions(words.slice(last + 1), known.role, false);
    return { role: known.role, vendor: program, subcommand: words[last], global: NONE, misplaced: NONE, options, settings: NONE, rest, invocation };
  }
  // `nautobot-server celery worker`: a command that hands the rest over to Celery.
  const at = words.findIndex((word, i) => i > 0 && i < 4 && word.text === 'celery');
  if (at < 0 || !words.slice(at + 1).some((word) => ROLES.includes(word.text))) return undefined;
  return parse(invocation, words.slice(at + 1), program === '' ? 'unknown' : program);
}

function flower(invocation: Invocation, words: readonly Word[]): CeleryCommand {
  const { options, rest } = parseOptions(words, 'flower', false);
  // A script that is told `flower` may give options of its own.
  const script = invocation.links.at(-1);
  const own = script?.kind === 'wrapper' && script.name === 'unknown' && words.length === 0;
  return { role: 'flower', vendor: own ? 'unknown' : 'celery', global: NONE, misplaced: NONE, options, settings: NONE, rest, invocation };
}

function parse(invocation: Invocation, words: readonly Word[], program: string): CeleryCommand {
  const head = parseOptions(words, undefined, true);
  const subcommand = words[head.next];
  const role = (ROLES.includes(subcommand?.text ?? '') ? subcommand.text : 'other') as Role;
  const tail = parseOptions(words.slice(head.next + 1), role, false);
  const settings = new Map<string, Given<Word>>();
  for (const word of words.slice(head.next + 1 + tail.next + 1)) {
    const equals = word.text.indexOf('=');
    if (equals > 0) settings.set(word.text.slice(0, equals).toLowerCase().replaceAll('.', '_'), { value: settingText(word.text.slice(equals + 1)), word });
  }
  const before = [...head.options];
  const global = new Map(before.filter(([name]) => role === 'flower' || role === 'other' || isGlobal(name)));
  const misplaced = new Map(before.filter(([name]) => !global.has(name)));
  const options = new Map([...misplaced, ...tail.options]);
  return { role, vendor: program, subcommand, global, options, misplaced, settings, rest: tail.rest, invocation };
}
