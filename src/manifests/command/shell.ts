/** A word of a script after quotes and known variables are resolved. */
export interface ShellWord {
  readonly text: string;
  /** Something in it is only known when the script runs: `$UNKNOWN`, `$(command)`. */
  readonly unknown: boolean;
}

/** One command of a script, with what decides who gets its signals. */
export interface ShellCommand {
  readonly words: readonly ShellWord[];
  readonly assignments: ReadonlyMap<string, string>;
  /** Starts with `exec`: it takes the place of the shell. */
  readonly exec: boolean;
  readonly background: boolean;
  readonly piped: boolean;
  /** Inside `if`, a loop, a function or a subshell: it may not run, or not in this shell. */
  readonly nested: boolean;
  /** Nothing comes after it. */
  readonly last: boolean;
}

export interface Script {
  readonly commands: readonly ShellCommand[];
  /** The script handles signals by itself. */
  readonly traps: boolean;
}

interface Token {
  readonly kind: 'word' | 'op';
  readonly text: string;
  readonly unknown: boolean;
  readonly quoted: boolean;
  /** `"$@"`: stands for all arguments of the script. */
  readonly splice: boolean;
}

export interface ShellContext {
  readonly variable: (name: string) => string | undefined;
  /** `$1`, `$2`, ...; undefined when they are not known. */
  readonly positional?: readonly ShellWord[];
}

const OPENERS = new Set(['if', 'while', 'until', 'for', 'select', 'case', '{']);
const CLOSERS = new Set(['fi', 'done', 'esac', '}']);
const GLUE = new Set(['then', 'else', 'elif', 'do', '!', 'time']);
const OPERATORS = ['&&', '||', ';;', '|&', ';', '|', '&', '(', ')', '\n'];
/** What follows is not read. */
export const LONGEST_SCRIPT = 200_000;

/**
 * Reads as much of a POSIX script as it takes to tell which commands run, and under which process. Not a shell: nothing is
 * executed, and what only a run can tell is marked unknown.
 */
export function parseShell(script: string, context: ShellContext): Script {
  const text = script.slice(0, LONGEST_SCRIPT).replaceAll('\r\n', '\n');
  const known = withAssignments(text, context);
  return new Reader(tokenize(text, known), known).read();
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+|local[ \t]+|readonly[ \t]+)?([A-Za-z_]\w*)=("[^"\n]*"|'[^'\n]*'|[^\s;&|()`<>]*)[ \t]*(?:;|$)/gm;

/** Knows the variables, too, that the script sets once, on a line of its own, to what is known: `ROLE="${1:-worker}"`. */
function withAssignments(script: string, context: ShellContext): ShellContext {
  if (!script.includes('=')) return context;
  const times = new Map<string, number>();
  for (const [, name] of script.matchAll(/\b([A-Za-z_]\w*)=/g)) times.set(name, (times.get(name) ?? 0) + 1);
  const values = new Map<string, string | undefined>();
  const known: ShellContext = { ...context, variable: (name) => values.has(name) ? values.get(name) : context.variable(name) };
  for (const [, name, written] of script.matchAll(ASSIGNMENT)) {
    const tokens = tokenize(written, known);
    const value = tokens.length === 0 ? '' : tokens.length === 1 && !tokens[0].unknown ? tokens[0].text : undefined;
    values.set(name, times.get(name) === 1 ? value : undefined);
  }
  return known;
}

/** An `if` that is open. */
interface Branch {
  /** Between `if` or `elif` and `then`. */
  condition: boolean;
  /** How many commands the condition has, and what a single test of known words says. */
  tests: number;
  verdict?: boolean;
  /** The commands cannot run. */
  dead: boolean;
  /** One of the arms is taken for certain. */
  taken: boolean;
  /** All verdicts so far are known. */
  certain: boolean;
}

class Reader {
  private readonly commands: Array<ShellCommand & { depth: number }> = [];
  private traps = false;
  private depth = 0;
  private words: Token[] = [];
  private piped = false;
  /** Between the parentheses of `name()`. */
  private declares = false;
  /** The arms of the `case` that is open: whether the current one can be taken. */
  private readonly cases: Array<{ subject?: string; dead: boolean; pattern: boolean; taken: boolean }> = [];
  private readonly branches: Branch[] = [];
  private lastSeen = -1;

  public constructor(private readonly tokens: readonly Token[], private readonly context: ShellContext) {}

  public read(): Script {
    for (const token of this.tokens) {
      if (token.kind === 'word') this.word(token);
      else this.operator(token.text);
    }
    this.end('\n');
    const last = this.lastSeen;
    return { traps: this.traps, commands: this.commands.map(({ depth, ...command }, i) => ({ ...command, last: i === last && depth === 0 })) };
  }

  private word(token: Token): void {
    const arm = this.cases.at(-1);
    if (arm?.pattern && !(token.text === 'esac' && !token.quoted)) {
      this.words.push(token);
      return;
    }
    if (this.words.length === 0 && !token.quoted) {
      if (CLOSERS.has(token.text)) {
        this.depth = Math.max(0, this.depth - 1);
        if (token.text === 'esac') this.cases.pop();
        if (token.text === 'fi') this.branches.pop();
        return;
      }
      if (GLUE.has(token.text)) {
        this.branch(token.text);
        return;
      }
      if (token.text === 'if') this.branches.push({ condition: true, tests: 0, dead: false, taken: false, certain: true });
      if (token.text === '{' || token.text === 'if' || token.text === 'while' || token.text === 'until') {
        this.depth += 1;
        return;
      }
    }
    if (this.words[0]?.text === 'case' && !this.words[0].quoted && token.text === 'in' && !token.quoted) {
      const subject = this.words[1];
      this.words = [];
      this.depth += 1;
      this.cases.push({ subject: subject && !subject.unknown ? subject.text : undefined, dead: false, pattern: true, taken: false });
      return;
    }
    if (token.splice && this.context.positional) {
      for (const word of this.context.positional) {
        this.words.push({ kind: 'word', quoted: true, splice: false, ...word });
      }
      return;
    }
    this.words.push(token);
  }

  private branch(word: string): void {
    const branch = this.branches.at(-1);
    if (!branch) return;
    if (word === 'elif') {
      Object.assign(branch, { condition: true, tests: 0, verdict: undefined, dead: branch.taken });
    } else if (word === 'then') {
      branch.condition = false;
      branch.certain &&= branch.verdict !== undefined;
      branch.dead = branch.taken || branch.verdict === false;
      branch.taken ||= branch.verdict === true;
    } else if (word === 'else') {
      branch.dead = branch.taken;
    }
  }

  private operator(op: string): void {
    const arm = this.cases.at(-1);
    if (arm?.pattern) {
      if (op === ')') {
        const patterns = this.words.map((word) => word.text);
        this.words = [];
        arm.pattern = false;
        const matches = arm.subject === undefined ? undefined : patterns.some((pattern) => glob(pattern, arm.subject!));
        arm.dead = matches === false || (arm.taken && arm.subject !== undefined);
        arm.taken ||= matches === true;
      } else if (op === '\n' && this.words.length === 0) {
        return;
      }
      return;
    }
    if (op === '(') {
      // `name() {` declares a function: its body is nested, its name is no command.
      if (this.words.length === 1) {
        this.words = [];
        this.declares = true;
      } else {
        this.depth += 1;
        this.end('\n');
      }
      return;
    }
    if (op === ')' && this.declares) {
      this.declares = false;
      return;
    }
    this.end(op);
    if (op === ')') this.depth = Math.max(0, this.depth - 1);
    if (op === ';;' && arm) {
      arm.pattern = true;
      arm.dead = false;
    }
  }

  private end(op: string): void {
    const words = this.words;
    this.words = [];
    const piped = this.piped || op === '|' || op === '|&';
    this.piped = op === '|' || op === '|&' || (op === '\n' && words.length === 0 && this.piped);
    const assignments = new Map<string, string>();
    let start = 0;
    while (start < words.length && /^[A-Za-z_]\w*=/.test(words[start].text)) {
      const at = words[start].text.indexOf('=');
      assignments.set(words[start].text.slice(0, at), words[start].text.slice(at + 1));
      start += 1;
    }
    const rest = words.slice(start);
    if (rest.length === 0) return;
    const first = rest[0].text;
    if (OPENERS.has(first) && !rest[0].quoted) {
      // `for x in a b`: its words are no command.
      if (first === 'for' || first === 'select') this.depth += 1;
      return;
    }
    if (this.cases.some((arm) => arm.dead) || this.branches.some((branch) => branch.dead)) return;
    const branch = this.branches.at(-1);
    if (branch?.condition) {
      branch.tests += 1;
      branch.verdict = branch.tests === 1 && (op === ';' || op === '\n') ? verdict(rest) : undefined;
    }
    if (first === 'trap') this.traps = true;
    const exec = first === 'exec' && rest.length > 1 && !rest[1].text.startsWith('>');
    if (first === 'exec' && !exec) return;
    // An arm that is known to be taken runs for certain.
    const certain = this.cases.filter((arm) => arm.subject !== undefined && arm.taken).length
      + this.branches.filter((one) => one.certain && !one.condition).length;
    const depth = Math.max(0, this.depth - certain);
    this.commands.push({
      words: rest.slice(exec ? 1 : 0).map(({ text, unknown }) => ({ text, unknown })),
      assignments, exec, background: op === '&', piped, nested: depth > 0, last: false, depth,
    });
    this.lastSeen = this.commands.length - 1;
  }
}

/** What `[ a = b ]`, `[[ a == b ]]` and `test a = b` say of words that are known. */
function verdict(words: readonly Token[]): boolean | undefined {
  const close = { '[': ']', '[[': ']]', 'test': undefined }[words[0].text];
  if (!['[', '[[', 'test'].includes(words[0].text) || (close !== undefined && words.at(-1)?.text !== close)) return undefined;
  const inner = words.slice(1, close === undefined ? undefined : -1);
  if (inner.some(({ unknown }) => unknown)) return undefined;
  const texts = inner.map(({ text }) => text);
  if (texts.length === 2 && texts[0] === '-z') return texts[1] === '';
  if (texts.length === 2 && texts[0] === '-n') return texts[1] !== '';
  if (texts.length !== 3) return undefined;
  const same = words[0].text === '[[' && !inner[2].quoted ? glob(texts[2], texts[0]) : texts[0] === texts[2];
  return texts[1] === '=' || texts[1] === '==' ? same : texts[1] === '!=' ? !same : undefined;
}

/** A pattern of `case`, with `*` only: enough for entrypoints. */
function glob(pattern: string, subject: string): boolean {
  if (!/[*?[]/.test(pattern)) return pattern === subject;
  return new RegExp(`^${pattern.replace(/[.+^${}()|\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(subject);
}

function tokenize(script: string, context: ShellContext): Token[] {
  const tokens: Token[] = [];
  const heredocs: Array<{ delimiter: string; tabs: boolean }> = [];
  let at = 0;
  let word: { text: string; unknown: boolean; quoted: boolean; splice: boolean } | undefined;
  let redirect = false;
  const open = () => word ??= { text: '', unknown: false, quoted: false, splice: false };
  const close = () => {
    if (word && !redirect) tokens.push({ kind: 'word', ...word });
    if (word) redirect = false;
    word = undefined;
  };
  const expand = (quoted: boolean) => {
    const [text, unknown, next] = dollar(script, at, context);
    const target = open();
    if (/^\$\{?[@*]/.test(script.slice(at, at + 3)) && target.text === '') target.splice = true;
    // An unquoted variable falls apart into words.
    if (!quoted && !unknown && /\s/.test(text)) {
      const parts = text.split(/\s+/);
      parts.forEach((part, i) => {
        open().text += part;
        if (i < parts.length - 1) close();
      });
    } else {
      target.text += text;
      target.unknown ||= unknown;
    }
    at = next;
  };

  while (at < script.length) {
    const char = script[at];
    if (char === '\\') {
      if (script[at + 1] === '\n') {
        at += 2;
        continue;
      }
      open().text += script[at + 1] ?? '';
      open().quoted = true;
      at += 2;
    } else if (char === '\'') {
      const end = script.indexOf('\'', at + 1);
      const stop = end < 0 ? script.length : end;
      open().text += script.slice(at + 1, stop);
      open().quoted = true;
      at = stop + 1;
    } else if (char === '"') {
      open().quoted = true;
      at += 1;
      while (at < script.length && script[at] !== '"') {
        if (script[at] === '\\' && '$`"\\\n'.includes(script[at + 1] ?? '')) {
          if (script[at + 1] !== '\n') open().text += script[at + 1];
          at += 2;
        } else if (script[at] === '$' || script[at] === '`') {
          expand(true);
        } else {
          open().text += script[at];
          at += 1;
        }
      }
      at += 1;
    } else if (char === '$' || char === '`') {
      expand(false);
    } else if (char === '#' && !word) {
      const end = script.indexOf('\n', at);
      at = end < 0 ? script.length : end;
    } else if (char === ' ' || char === '\t' || char === '\r') {
      close();
      at += 1;
    } else if (char === '<' || char === '>' || (char === '&' && script[at + 1] === '>')) {
      if (word && /^\d+$/.test(word.text)) word = undefined;
      close();
      const operator = /^(&>>|&>|<<<|<<-|<<|<>|<&|>&|>>|>\||<|>)/.exec(script.slice(at, at + 3))![0];
      at += operator.length;
      if (operator === '<<' || operator === '<<-') {
        const match = /^[ \t]*(['"]?)([\w.-]+)\1/.exec(script.slice(at, at + 200));
        if (match) {
          heredocs.push({ delimiter: match[2], tabs: operator === '<<-' });
          at += match[0].length;
        }
      } else {
        redirect = true;
      }
    } else {
      const operator = OPERATORS.find((op) => script.startsWith(op, at));
      if (operator === undefined) {
        open().text += char;
        at += 1;
        continue;
      }
      close();
      redirect = false;
      tokens.push({ kind: 'op', text: operator, unknown: false, quoted: false, splice: false });
      at += operator.length;
      if (operator === '\n') {
        for (const { delimiter, tabs } of heredocs.splice(0)) at = skipHeredoc(script, at, delimiter, tabs);
      }
    }
  }
  close();
  return tokens;
}

function skipHeredoc(script: string, from: number, delimiter: string, tabs: boolean): number {
  let at = from;
  while (at < script.length) {
    const end = script.indexOf('\n', at);
    const stop = end < 0 ? script.length : end;
    const line = script.slice(at, stop);
    at = stop + 1;
    if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) break;
  }
  return Math.min(at, script.length);
}

/** What stands at a `$` or a backtick: its text, whether that is unknown, and where it ends. */
function dollar(script: string, at: number, context: ShellContext): [string, boolean, number] {
  if (script[at] === '`') {
    const end = script.indexOf('`', at + 1);
    const stop = end < 0 ? script.length : end + 1;
    return [script.slice(at, stop), true, stop];
  }
  if (script[at + 1] === '(') {
    const stop = closing(script, at + 1, '(', ')');
    return [script.slice(at, stop), true, stop];
  }
  if (script[at + 1] === '{') {
    const stop = closing(script, at + 1, '{', '}');
    const raw = script.slice(at, stop);
    const match = /^\$\{(\w+)(?:(:?[-=])([^}$`]*))?\}$/.exec(raw);
    if (!match) return [raw, true, stop];
    const value = lookUp(match[1], context);
    // A positional parameter that is certainly not given, or an empty value: the default.
    const absent = value === undefined && /^[1-9]$/.test(match[1]) && context.positional !== undefined && Number(match[1]) > context.positional.length;
    if (absent || (value === '' && match[2]?.startsWith(':'))) {
      return /-$/.test(match[2] ?? '') ? [match[3], false, stop] : absent && match[2] === undefined ? ['', false, stop] : [raw, true, stop];
    }
    if (value === undefined) return [raw, true, stop];
    return [value, false, stop];
  }
  const name = /^\$(\w+|[@*#?$!-])/.exec(script.slice(at, at + 200));
  if (!name) return ['$', false, at + 1];
  const plain = /^\$\d/.test(name[0]) ? name[0].slice(0, 2) : name[0];
  const value = lookUp(plain.slice(1), context);
  return [value ?? plain, value === undefined, at + plain.length];
}

function lookUp(name: string, { variable, positional }: ShellContext): string | undefined {
  if (!/^[1-9]$/.test(name)) return variable(name);
  const word = positional?.[Number(name) - 1];
  return word && !word.unknown ? word.text : undefined;
}

function closing(script: string, from: number, open: string, close: string): number {
  let depth = 0;
  for (let at = from; at < script.length; at += 1) {
    if (script[at] === '\\') at += 1;
    else if (script[at] === open) depth += 1;
    else if (script[at] === close) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return script.length;
}
