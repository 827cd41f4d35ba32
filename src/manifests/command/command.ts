import { Path } from '../json';
import { Script, ShellCommand } from './evaluate';
import { LONGEST_EXPANSION, Room } from './room';
import { LONGEST_SCRIPT, parseShell } from './shell';
import { wrapped, WRAPPERS, WRAPPING_MODULES } from './wrappers';

/** A word of a command line, and its place in the manifest. */
export interface Word {
  readonly text: string;
  readonly path: Path;
  /** Only the cluster knows all of it. */
  readonly unknown: boolean;
  /** It is, or ends in, only this variable: `$(URL)`, `--broker=$(URL)`. */
  readonly reference?: string;
  /** `$(NAME)` in it that nothing defines; not what is escaped, as `$$(NAME)`. */
  readonly unresolved?: readonly string[];
}

/** The programs between process 1 of a container and a command, outermost first. */
export type Link =
  | { readonly kind: 'wrapper'; readonly name: string; readonly options: readonly Word[]; readonly path: Path }
  | {
    readonly kind: 'shell';
    /** As written: `sh`, `bash`. */
    readonly name: string;
    /** `-c`, rather than a script file. */
    readonly inline: boolean;
    readonly command: ShellCommand;
    readonly script: Script;
    readonly path: Path;
  };

/** One command that a container runs. */
export interface Invocation {
  readonly words: readonly Word[];
  readonly links: readonly Link[];
  /** `NAME=value command` in a script. */
  readonly assignments: ReadonlyMap<string, string>;
  /** May not run: it is in a condition or a loop. */
  readonly conditional: boolean;
}

export interface CommandContext {
  readonly variable: (name: string) => string | undefined;
  /** The text of a file that a ConfigMap puts into the container. */
  readonly file: (path: string) => string | undefined;
  /** Told of what is not read, and why. */
  readonly unread?: (reason: string) => void;
}

const SHELLS = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh']);

/** What makes sense as the first word after an entrypoint, besides shells and wrappers. */
const PROGRAMS = /^(celery|flower|airflow|superset|nautobot-server|sentry|python[\d.]*|manage\.py|django-admin)$/;

const DEEPEST = 12;
const MOST_STEPS = 1000;

export function baseName(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

/** Why something in these counts as unknown. */
export function tooLong(where: string): string {
  return `has ${where} that expand to more than ${LONGEST_EXPANSION} characters, of which the rest was not read`;
}

/** All commands that an argument vector leads to, through shells, scripts and wrappers. */
export function invocations(words: readonly Word[], context: CommandContext): Invocation[] {
  const search: Search = { context, found: [], steps: 0, room: new Room() };
  unwrap({ words, links: [], assignments: new Map(), conditional: false }, search, 0);
  if (search.room.full) context.unread?.(tooLong('scripts'));
  return search.found;
}

interface Search {
  readonly context: CommandContext;
  readonly found: Invocation[];
  /** A script may call itself: the search has an end all the same. */
  steps: number;
  readonly room: Room;
}

function unwrap(here: Invocation, search: Search, depth: number): void {
  const { words } = here;
  search.steps += 1;
  if (search.steps > MOST_STEPS) search.context.unread?.(`has scripts with more than ${MOST_STEPS} commands, of which those were read`);
  if (words.length === 0 || depth > DEEPEST || search.steps > MOST_STEPS) return;
  for (const layer of LAYERS) {
    const inside = layer(words, search.context);
    if (!inside) continue;
    const links = inside.wrapper === undefined ? here.links : [...here.links, wrapperLink(words, inside.wrapper, inside.from)];
    if (inside.script) runScript({ ...here, links }, inside.shell, inside.script, search, depth);
    else unwrap({ ...here, words: words.slice(inside.from), links }, search, depth + 1);
    return;
  }
  search.found.push(here);
}

function wrapperLink(words: readonly Word[], name: string, to: number): Link {
  return { kind: 'wrapper', name, options: words.slice(1, to), path: words[0].path };
}

/** What a command runs: the words from one on, or a script; through a wrapper of that name, if there is one. */
type Inside =
  | { readonly from: number; readonly wrapper: string; readonly script?: undefined }
  | { readonly from: number; readonly wrapper?: string; readonly shell: string; readonly script: Source };

type Layer = (words: readonly Word[], context: CommandContext) => Inside | undefined;

/** The ways in which a command may run another, each tried when those before it do not apply. */
const LAYERS: readonly Layer[] = [inShell, inScriptFile, inWrapper, inModule, inUserSwitch, behindEntrypoint, celeryBehind];

/** `sh -c SCRIPT`, `bash FILE`. */
function inShell(words: readonly Word[], context: CommandContext): Inside | undefined {
  const name = baseName(words[0].text);
  const script = SHELLS.has(name) ? shellScript(words, context) : undefined;
  return script && { from: 0, shell: name, script };
}

/** A script of a ConfigMap, run by the shell that its first line names. */
function inScriptFile(words: readonly Word[], context: CommandContext): Inside | undefined {
  const file = words[0].text.includes('/') ? context.file(words[0].text) : undefined;
  if (file === undefined) return undefined;
  const interpreter = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(file);
  const name = baseName(interpreter?.[1] === '/usr/bin/env' ? interpreter[2] ?? '' : interpreter?.[1] ?? '/bin/sh');
  return SHELLS.has(name) ? { from: 0, shell: name, script: { source: file, inline: false, args: words.slice(1), path: words[0].path } } : undefined;
}

/** `tini -- COMMAND`, `poetry run COMMAND`. */
function inWrapper(words: readonly Word[]): Inside | undefined {
  const name = baseName(words[0].text);
  const known = WRAPPERS.get(name);
  const from = known && wrapped(words, known);
  return from !== undefined && from < words.length ? { from, wrapper: name } : undefined;
}

/** `python -m cdk8s_celery_launch COMMAND` */
function inModule([python, option, module]: readonly Word[]): Inside | undefined {
  const runs = /^python[\d.]*$/.test(baseName(python.text)) && option?.text === '-m' && WRAPPING_MODULES.has(module?.text);
  return runs ? { from: 3, wrapper: module.text } : undefined;
}

/** `su USER -c SCRIPT` */
function inUserSwitch(words: readonly Word[]): Inside | undefined {
  const name = baseName(words[0].text);
  if (name !== 'su' && name !== 'runuser') return undefined;
  const at = words.findIndex((word) => word.text === '-c' || word.text === '--command');
  const source = at > 0 ? words[at + 1] : undefined;
  return source && {
    from: at, wrapper: name, shell: 'unknown', script: { source: source.text, inline: true, args: words.slice(at + 2), path: source.path },
  };
}

/** An entrypoint that we cannot read, followed by a command in plain sight: that it runs it is the only sense it makes. */
function behindEntrypoint(words: readonly Word[]): Inside | undefined {
  const from = words[1]?.text === '--' ? 2 : 1;
  return isEntrypoint(words[0].text) && startsCommand(words.slice(from)) ? { from, wrapper: 'unknown' } : undefined;
}

/** Something that we do not know, with Celery behind it. The value of an option, as in `celery -A shop/celery worker`, is no program. */
function celeryBehind(words: readonly Word[]): Inside | undefined {
  if (baseName(words[0].text) === 'celery') return undefined;
  const from = words.findIndex((word, i) => i > 0 && baseName(word.text) === 'celery' && (word.text.includes('/') || knownBefore(words, i)));
  return from > 0 ? { from, wrapper: 'unknown' } : undefined;
}

/** `entrypoint.sh celery` runs Celery; `nautobot-server celery` and `python -m celery` are commands of their own. */
function knownBefore(words: readonly Word[], at: number): boolean {
  return words[at - 1].text === '--' || isEntrypoint(words[0].text);
}

function isEntrypoint(text: string): boolean {
  return /\.(sh|bash)$/.test(text) || /entry-?point|^\/(start|run|init|launch)/i.test(text);
}

function startsCommand(words: readonly Word[]): boolean {
  const name = baseName(words[0]?.text ?? '');
  return SHELLS.has(name) ? inlineScript(words) !== undefined : WRAPPERS.has(name) || PROGRAMS.test(name);
}

/** Which word of `sh -c SCRIPT` is the script. */
function inlineScript(words: readonly Word[]): number | undefined {
  return /^-[a-zA-Z]*c$/.test(words[1]?.text ?? '') && words[2] ? 2 : undefined;
}

/**
 * `sh -c celery -A shop worker` as it was meant: one script. Undefined where no words follow the script, or where the script takes
 * them as `$1` and so on.
 */
export function meantScript(words: readonly Word[]): { words: readonly Word[]; lost: readonly Word[] } | undefined {
  const shell = words.findIndex((word, i) => SHELLS.has(baseName(word.text)) && inlineScript(words.slice(i)) !== undefined);
  if (shell < 0) return undefined;
  const script = words[shell + 2];
  const lost = words.slice(shell + 3);
  if (lost.length === 0 || script.text.includes('$')) return undefined;
  const whole = { ...script, text: [script, ...lost].map(({ text }) => text).join(' ') };
  return { words: [...words.slice(0, shell + 2), whole], lost };
}

/**
 * `["celery -A shop worker"]` and `[celery, "-A shop worker"]` as they were meant: one item for each word. Undefined where no item has several
 * words, or where a program comes before it that may take it apart.
 */
export function wordsInOne(words: readonly Word[]): { words: readonly Word[]; joined: Word } | undefined {
  const at = words.findIndex(({ text }) => /\S\s+\S/.test(text));
  if (at < 0 || words[at].unknown || (at > 0 && baseName(words[0].text) !== 'celery')) return undefined;
  return { words: words.flatMap((word) => word.text.trim().split(/\s+/).map((text) => ({ ...word, text }))), joined: words[at] };
}

interface Source {
  readonly source: string;
  readonly inline: boolean;
  readonly args: readonly Word[];
  /** The word after the script of `sh -c`. */
  readonly zero?: Word;
  readonly path: Path;
}

/** The script of `sh -c SCRIPT name args...` or `sh FILE args...`. */
function shellScript(words: readonly Word[], context: CommandContext): Source | undefined {
  let at = 1;
  for (; at < words.length; at += 1) {
    const { text, path } = words[at];
    if (/^-[a-zA-Z]*c[a-zA-Z]*$/.test(text)) {
      let script = at + 1;
      // `bash -c -e SCRIPT`, `sh -c -- SCRIPT`
      while (words[script] && /^(-[a-z]+|--)$/.test(words[script].text)) script += 1;
      const source = words[script];
      return source && { source: source.text, inline: true, zero: words[script + 1], args: words.slice(script + 2), path: source.path };
    }
    if (text === '-o' || text === '+o') at += 1;
    else if (!/^[-+]/.test(text)) {
      const source = context.file(text);
      return source === undefined ? undefined : { source, inline: false, args: words.slice(at + 1), path };
    }
  }
  return undefined;
}

function runScript(here: Invocation, name: string, source: Source, search: Search, depth: number): void {
  if (source.source.length > LONGEST_SCRIPT) {
    search.context.unread?.(`has a script of ${source.source.length} characters, of which ${LONGEST_SCRIPT} were read`);
  }
  const variable = (of: string) => of === '0' ? source.zero?.text : search.context.variable(of);
  const script = parseShell(source.source, { variable, positional: source.args, room: search.room });
  for (const command of script.commands) {
    const link: Link = { kind: 'shell', name, inline: source.inline, command, script, path: source.path };
    unwrap({
      words: command.words.map(({ text, unknown }) => ({ text, unknown, path: source.path })),
      links: [...here.links, link],
      assignments: new Map([...here.assignments, ...command.assignments]),
      conditional: here.conditional || command.nested,
    }, search, depth + 1);
  }
}
