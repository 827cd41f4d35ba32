import { ShellContext, ShellWord } from './expansion';
import { glob } from './glob';
import { Token } from './tokenize';

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

/** The commands of a script that may run. */
export function evaluate(tokens: readonly Token[], context: ShellContext): Script {
  return new Evaluator(tokens, context).read();
}

const OPENERS = new Set(['if', 'while', 'until', 'for', 'select', 'case', '{']);
const CLOSERS = new Set(['fi', 'done', 'esac', '}']);
const GLUE = new Set(['then', 'else', 'elif', 'do', '!', 'time']);

/**
 * An `if` that is open, and what is known of it. `dead` is about the arm that is being read:
 *
 *     if [ "$ROLE" = worker ]; then    verdict true:      the arm is alive, and taken: the others are dead
 *     elif [ "$ROLE" = beat ]; then    verdict false:     the arm is dead
 *     elif test -f /ready; then        verdict undefined: the arm may run, and nothing after it is certain
 *     else                             dead when one of the arms is taken
 *     fi
 *
 * The commands of an arm that is taken for certain do not count as nested: they run as if there were no `if`.
 */
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

/**
 * A `case` that is open. With a known subject at most one arm is alive: the first whose pattern matches. Without one all are, and their
 * commands are nested.
 */
interface Case {
  readonly subject?: string;
  /** Between the beginning of an arm and its `)`. */
  pattern: boolean;
  /** The commands of the arm cannot run. */
  dead: boolean;
  /** An arm is taken for certain. */
  taken: boolean;
}

/** Follows the structure of a script, and gathers its commands. */
class Evaluator {
  private readonly commands: Array<ShellCommand & { depth: number }> = [];
  private traps = false;
  private depth = 0;
  /** Of the command that is being read. */
  private words: Token[] = [];
  /** The command before it was followed by a pipe. */
  private piped = false;
  /** Between the parentheses of `name()`. */
  private declares = false;
  private readonly cases: Case[] = [];
  private readonly branches: Branch[] = [];

  /** What `"$@"` adds. */
  private readonly argumentsLength: number;

  public constructor(private readonly tokens: readonly Token[], private readonly context: ShellContext) {
    this.argumentsLength = (context.positional ?? []).reduce((sum, { text }) => sum + text.length + 1, 0);
  }

  public read(): Script {
    for (const token of this.tokens) {
      if (token.kind === 'word') this.word(token);
      else this.operator(token.text);
    }
    this.endCommand('\n');
    const end = this.commands.length - 1;
    return { traps: this.traps, commands: this.commands.map(({ depth, ...command }, i) => ({ ...command, last: i === end && depth === 0 })) };
  }

  private word(token: Token): void {
    if (this.cases.at(-1)?.pattern && !isKeyword(token, 'esac')) {
      this.words.push(token);
    } else if (this.words.length === 0 && this.structure(token)) {
      return;
    } else if (isKeyword(token, 'in') && isKeyword(this.words[0], 'case')) {
      this.openCase(this.words[1]);
    } else if (token.splice && this.context.positional && this.context.room.take(this.argumentsLength)) {
      this.words.push(...this.context.positional.map((word) => ({ kind: 'word' as const, quoted: true, splice: false, ...word })));
    } else {
      this.words.push(token);
    }
  }

  /** The first word of a command, if it is none of the command itself. */
  private structure(token: Token): boolean {
    const { text, quoted } = token;
    if (quoted) return false;
    if (CLOSERS.has(text)) {
      this.depth = Math.max(0, this.depth - 1);
      if (text === 'esac') this.cases.pop();
      if (text === 'fi') this.branches.pop();
      return true;
    }
    if (GLUE.has(text)) {
      this.continueBranch(text);
      return true;
    }
    if (text === 'if') this.branches.push({ condition: true, tests: 0, dead: false, taken: false, certain: true });
    if (!['{', 'if', 'while', 'until'].includes(text)) return false;
    this.depth += 1;
    return true;
  }

  private continueBranch(word: string): void {
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

  private openCase(subject: Token | undefined): void {
    this.words = [];
    this.depth += 1;
    this.cases.push({ subject: subject && !subject.unknown ? subject.text : undefined, pattern: true, dead: false, taken: false });
  }

  /** After the pattern of an arm. */
  private openArm(arm: Case): void {
    const { subject } = arm;
    const matches = subject === undefined ? undefined : this.words.some((word) => glob(word.text, subject));
    this.words = [];
    arm.pattern = false;
    arm.dead = matches === false || (arm.taken && subject !== undefined);
    arm.taken ||= matches === true;
  }

  private operator(op: string): void {
    const arm = this.cases.at(-1);
    if (arm?.pattern) {
      if (op === ')') this.openArm(arm);
    } else if (op === '(') {
      this.openParenthesis();
    } else if (op === ')' && this.declares) {
      this.declares = false;
    } else {
      this.endCommand(op);
      if (op === ')') this.depth = Math.max(0, this.depth - 1);
      if (op === ';;' && arm) Object.assign(arm, { pattern: true, dead: false });
    }
  }

  private openParenthesis(): void {
    // `name() {` declares a function: its body is nested, its name is no command.
    if (this.words.length === 1) {
      this.words = [];
      this.declares = true;
    } else {
      this.depth += 1;
      this.endCommand('\n');
    }
  }

  private endCommand(op: string): void {
    const { words } = this;
    this.words = [];
    const before = this.piped;
    const pipes = op === '|' || op === '|&';
    this.piped = pipes || (op === '\n' && words.length === 0 && before);
    const { assignments, rest } = splitAssignments(words);
    if (rest.length === 0) return;
    if (OPENERS.has(rest[0].text) && !rest[0].quoted) {
      // `for x in a b`: its words are no command.
      if (rest[0].text === 'for' || rest[0].text === 'select') this.depth += 1;
    } else if (!this.isDead) {
      this.judge(rest, op);
      this.add(rest, { assignments, background: op === '&', piped: before || pipes });
    }
  }

  /** Inside an arm that is known not to be taken. */
  private get isDead(): boolean {
    return this.cases.some(({ dead }) => dead) || this.branches.some(({ dead }) => dead);
  }

  /** A command between `if` and `then`: a single test may be known to be true or false. */
  private judge(words: readonly Token[], op: string): void {
    const branch = this.branches.at(-1);
    if (!branch?.condition) return;
    branch.tests += 1;
    branch.verdict = branch.tests === 1 && (op === ';' || op === '\n') ? verdict(words) : undefined;
  }

  private add(all: readonly Token[], command: Pick<ShellCommand, 'assignments' | 'background' | 'piped'>): void {
    // `eval exec celery $OPTIONS` takes the words of its variables apart.
    const words = all[0].text === 'eval' && all.length > 1 ? all.slice(1) : all;
    const [{ text: first }, second] = words;
    if (first === 'trap') this.traps = true;
    const exec = first === 'exec' && second !== undefined && !second.text.startsWith('>');
    // `exec >log` is about redirections.
    if (first === 'exec' && !exec) return;
    // An arm that is known to be taken runs for certain.
    const certain = this.cases.filter(({ subject, taken }) => subject !== undefined && taken).length
      + this.branches.filter((branch) => branch.certain && !branch.condition).length;
    const depth = Math.max(0, this.depth - certain);
    this.commands.push({
      ...command, words: words.slice(exec ? 1 : 0).map(({ text, unknown }) => ({ text, unknown })), exec, nested: depth > 0, last: false, depth,
    });
  }
}

function isKeyword(token: Token | undefined, word: string): boolean {
  return token?.text === word && !token.quoted;
}

/** `NAME=value` before a command. */
function splitAssignments(words: readonly Token[]): { assignments: ReadonlyMap<string, string>; rest: readonly Token[] } {
  const end = words.findIndex(({ text }) => !/^[A-Za-z_]\w*=/.test(text));
  const own = end < 0 ? words : words.slice(0, end);
  return {
    rest: words.slice(own.length),
    assignments: new Map(own.map(({ text }) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])),
  };
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
