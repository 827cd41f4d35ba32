import { Path } from '../json';
import { LONGEST_SCRIPT, parseShell, Script, ShellCommand } from './shell';

/** A word of a command line, and where it stands in the manifest. */
export interface Word {
  readonly text: string;
  readonly path: Path;
  /** Only the cluster knows all of it. */
  readonly unknown: boolean;
  /** It is, or ends in, this variable alone: `$(URL)`, `--broker=$(URL)`. */
  readonly reference?: string;
}

/** What stands between process 1 of a container and a command, outermost first. */
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
  /** May not run: it stands in a condition or a loop. */
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

/** How many words of its own a wrapper takes before the command that it runs. */
interface Wrapper {
  /** Options that take a value in the next word. */
  readonly valued?: readonly string[];
  /** Words before the command that are no options: `gosu USER`, `timeout 10`. */
  readonly positional?: number;
  /** Words that must follow the name: `poetry run`. */
  readonly sub?: readonly string[];
  /** Runs only what follows `--`. */
  readonly dashes?: boolean;
  /** Leading `NAME=value`. */
  readonly assigns?: boolean;
}

const WRAPPERS = new Map<string, Wrapper>(Object.entries({
  'env': { valued: ['-u', '--unset', '-C', '--chdir'], assigns: true },
  'command': {}, 'nohup': {}, 'exec': {}, 'time': {}, 'setsid': {}, 'catatonit': {}, 'vault-env': {}, 'opentelemetry-instrument': {},
  'ddtrace-run': {}, 'with-contenv': {}, 'pid1': {}, 'launcher': {},
  'nice': { valued: ['-n'] }, 'ionice': { valued: ['-c', '-n'] }, 'stdbuf': { valued: ['-o', '-e', '-i'] },
  'timeout': { valued: ['-k', '-s', '--signal', '--kill-after'], positional: 1 },
  'setpriv': { valued: ['--reuid', '--regid', '--groups'] },
  'gosu': { positional: 1 }, 'su-exec': { positional: 1 }, 's6-setuidgid': { positional: 1 }, 'chpst': { valued: ['-u'] },
  'sudo': { valued: ['-u', '-g'] },
  'tini': { valued: ['-p', '-e'] }, 'tini-static': { valued: ['-p', '-e'] }, 'dumb-init': { valued: ['-r', '--rewrite'] },
  'docker-init': { valued: ['-p', '-e'] },
  'dockerize': { valued: ['-wait', '-timeout', '-template', '-stdout', '-stderr', '-wait-retry-interval', '-wait-http-header'] },
  'wait-for-it': { positional: 1, valued: ['-t', '-h', '-p'] }, 'wait-for-it.sh': { positional: 1, valued: ['-t', '-h', '-p'] },
  'wait-for': { dashes: true }, 'wait-for.sh': { dashes: true }, 'waitforit': { dashes: true },
  'poetry': { sub: ['run'], valued: ['-C', '--directory', '-P', '--project'] }, 'pixi': { sub: ['run'], valued: ['-e', '--environment', '--manifest-path'] },
  'pipenv': { sub: ['run'] }, 'pdm': { sub: ['run'] }, 'hatch': { sub: ['run'] }, 'rye': { sub: ['run'] },
  'uv': { sub: ['run'], valued: ['--project', '--directory', '--env-file', '--extra', '--group', '--with', '--python', '-p'] },
  'conda': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  'mamba': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix'] },
  'micromamba': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix'] },
  'newrelic-admin': { sub: ['run-program'] }, 'doppler': { sub: ['run'], dashes: true }, 'chamber': { sub: ['exec'], dashes: true },
  'aws-vault': { sub: ['exec'], dashes: true }, 'infisical': { sub: ['run'], dashes: true }, 'op': { sub: ['run'], dashes: true },
  'coverage': { sub: ['run'] }, 'berglas': { sub: ['exec'], dashes: true },
  'watchmedo': { sub: ['auto-restart'], dashes: true }, 'xvfb-run': {},
  'docker-entrypoint.sh': {}, 'docker_entrypoint.sh': {},
}));

/** What makes sense as the first word after an entrypoint, besides shells and wrappers. */
const PROGRAMS = /^(celery|flower|airflow|superset|nautobot-server|sentry|python[\d.]*|manage\.py|django-admin)$/;

const DEEPEST = 12;
const MOST_STEPS = 1000;

export function baseName(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1);
}

/** All commands that an argument vector leads to, through shells, scripts and wrappers. */
export function invocations(words: readonly Word[], context: CommandContext): Invocation[] {
  const search: Search = { context, found: [], steps: 0 };
  unwrap({ words, links: [], assignments: new Map(), conditional: false }, search, 0);
  return search.found;
}

interface Search {
  readonly context: CommandContext;
  readonly found: Invocation[];
  /** A script may call itself: the search has an end all the same. */
  steps: number;
}

function unwrap(here: Invocation, search: Search, depth: number): void {
  const { words } = here;
  search.steps += 1;
  const { context } = search;
  if (search.steps > MOST_STEPS) context.unread?.(`has scripts with more than ${MOST_STEPS} commands, of which those were read`);
  if (words.length === 0 || depth > DEEPEST || search.steps > MOST_STEPS) return;
  const name = baseName(words[0].text);
  const next = (from: number, link?: Link) => unwrap({
    ...here, words: words.slice(from), links: link ? [...here.links, link] : here.links,
  }, search, depth + 1);

  if (SHELLS.has(name)) {
    const script = shellScript(words, context);
    if (script) {
      runScript(here, name, script, search, depth);
      return;
    }
  }
  const file = words[0].text.includes('/') ? context.file(words[0].text) : undefined;
  if (file !== undefined) {
    const interpreter = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(file);
    const shell = baseName(interpreter?.[1] === '/usr/bin/env' ? interpreter[2] ?? '' : interpreter?.[1] ?? '/bin/sh');
    if (SHELLS.has(shell)) {
      runScript(here, shell, { source: file, inline: false, args: words.slice(1), path: words[0].path }, search, depth);
      return;
    }
  }
  const wrapper = WRAPPERS.get(name);
  const from = wrapper ? skip(words, wrapper) : undefined;
  if (from !== undefined && from < words.length) {
    next(from, { kind: 'wrapper', name, options: words.slice(1, from), path: words[0].path });
    return;
  }
  if (name === 'su' || name === 'runuser') {
    const at = words.findIndex((word) => word.text === '-c' || word.text === '--command');
    if (at > 0 && words[at + 1]) {
      const source = { source: words[at + 1].text, inline: true, args: words.slice(at + 2), path: words[at + 1].path };
      const link: Link = { kind: 'wrapper', name, options: words.slice(1, at), path: words[0].path };
      runScript({ ...here, links: [...here.links, link] }, 'unknown', source, search, depth);
      return;
    }
  }
  // An entrypoint that we cannot read, followed by a command in plain sight: that it runs it is the only sense it makes.
  const first = words[1]?.text === '--' ? 2 : 1;
  if (isEntrypoint(words[0].text) && startsCommand(words.slice(first))) {
    next(first, { kind: 'wrapper', name: 'unknown', options: words.slice(1, first), path: words[0].path });
    return;
  }
  const celery = words.findIndex((word, i) => i > 0 && baseName(word.text) === 'celery' && (word.text.includes('/') || knownBefore(words, i)));
  if (celery > 0) {
    next(celery, { kind: 'wrapper', name: 'unknown', options: words.slice(1, celery), path: words[0].path });
    return;
  }
  search.found.push(here);
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

function skip(words: readonly Word[], wrapper: Wrapper): number | undefined {
  let at = 1;
  for (const sub of wrapper.sub ?? []) {
    while (at < words.length && words[at].text.startsWith('-')) at += wrapper.valued?.includes(words[at].text) ? 2 : 1;
    if (words[at]?.text !== sub) return undefined;
    at += 1;
  }
  const dashes = words.findIndex((word, i) => i >= at && word.text === '--');
  if (wrapper.dashes) return dashes < 0 ? undefined : dashes + 1;
  let positional = wrapper.positional ?? 0;
  for (; at < words.length; at += 1) {
    const { text } = words[at];
    if (text === '--') return at + 1;
    if (text.startsWith('-') && text.length > 1) {
      if (wrapper.valued?.includes(text)) at += 1;
    } else if (wrapper.assigns && /^[A-Za-z_]\w*=/.test(text)) {
      continue;
    } else if (positional > 0) {
      positional -= 1;
    } else {
      return at;
    }
  }
  return undefined;
}

interface Source {
  readonly source: string;
  readonly inline: boolean;
  readonly args: readonly Word[];
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
      return source && { source: source.text, inline: true, args: words.slice(script + 2), path: source.path };
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
  const script = parseShell(source.source, { variable: search.context.variable, positional: source.args });
  for (const command of script.commands) {
    const link: Link = { kind: 'shell', name, inline: source.inline, command, script, path: source.path };
    unwrap({
      words: command.words.map((word) => ({ ...word, path: source.path })),
      links: [...here.links, link],
      assignments: new Map([...here.assignments, ...command.assignments]),
      conditional: here.conditional || command.nested,
    }, search, depth + 1);
  }
}
