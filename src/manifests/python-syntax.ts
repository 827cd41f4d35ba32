import { remembered } from '../memo';

/** Why Python cannot compile a file. */
export interface SyntaxFault {
  /** From 1. */
  readonly line: number;
  readonly what: string;
  /** Python 2 takes it. */
  readonly python2?: true;
}

/** What a template leaves, which something fills in before Python reads it. */
const TEMPLATE = /\{%|<%|\{\{-?\s*[.$]|\$\{|\$\(|<<</;

const MERGE_CONFLICT = /^(?:<{7} |={7}$|>{7} )/m;

/** The first thing in a file that no Python 3 compiles; undefined where there is none, or where that is not certain. */
export const syntaxFault: (code: string) => SyntaxFault | undefined = remembered((code: string) => {
  const conflict = /^<{7} /m.test(code) && /^>{7} /m.test(code);
  return TEMPLATE.test(conflict ? code.replace(/^<{7} /gm, '') : code) ? undefined : new Scanner(code).fault();
});

const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const STRING = /([A-Za-z]{0,3})('''|"""|'|")/y;
const WORD = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const PREFIX = /^(?:[bu]|[fbt]?r|r[fbt]|[ft])?$/i;

/** A width that counts tabs as eight columns, and one that counts them as one: Python wants both to agree. */
interface Indent {
  readonly width: number;
  readonly narrow: number;
}

/** Reads as much of Python as tells strings, brackets, lines and their indentation apart. */
class Scanner {
  private at = 0;
  private readonly brackets: Array<{ readonly text: string; readonly at: number }> = [];
  private readonly indents: Indent[] = [{ width: 0, narrow: 0 }];
  /** The last character of the logical line that matters: a colon begins a block. */
  private last = '';
  private found: SyntaxFault | undefined;
  /** Something that is not read: nothing is said of the file. */
  private unsure = false;

  public constructor(private readonly code: string) {}

  public fault(): SyntaxFault | undefined {
    this.lineStart();
    while (this.at < this.code.length && !this.done) this.token();
    if (!this.done) this.end();
    return this.unsure ? undefined : this.found;
  }

  private get done(): boolean {
    return this.unsure || this.found !== undefined;
  }

  private fail(what: string, at = this.at, more: Pick<SyntaxFault, 'python2'> = {}): void {
    this.found ??= { line: this.code.slice(0, at).split('\n').length, what, ...more };
  }

  private end(): void {
    const open = this.brackets.at(-1);
    if (open) this.fail(`${open.text} is not closed`, open.at);
    else if (this.last === ':') this.fail('no block follows the colon', this.code.trimEnd().length);
  }

  private token(): void {
    const char = this.code[this.at];
    if (char === '\n') {
      this.at += 1;
      if (this.brackets.length === 0) this.lineStart();
      else this.conflict();
    } else if (char === '\\' && /^\\\r?\n/.test(this.code.slice(this.at, this.at + 3))) {
      this.at = this.code.indexOf('\n', this.at) + 1;
    } else if (char === '#') {
      this.at = this.lineEnd();
    } else if (/\s/.test(char)) {
      this.at += 1;
    } else if (!this.string() && !this.word()) {
      this.punctuation(char);
    }
  }

  private lineEnd(): number {
    const end = this.code.indexOf('\n', this.at);
    return end === -1 ? this.code.length : end;
  }

  private conflict(): void {
    if (MERGE_CONFLICT.test(this.code.slice(this.at, this.lineEnd()))) this.fail('it has the marks of a merge conflict');
  }

  /** Compares the indentation of a line that has something, as CPython does. */
  private lineStart(): void {
    let width = 0;
    let narrow = 0;
    let at = this.at;
    for (; at < this.code.length; at += 1) {
      const char = this.code[at];
      if (char === ' ') [width, narrow] = [width + 1, narrow + 1];
      else if (char === '\t') [width, narrow] = [(Math.floor(width / 8) + 1) * 8, narrow + 1];
      else if (char === '\f') [width, narrow] = [0, 0];
      else break;
    }
    const next = this.code[at];
    if (next === undefined || next === '\n' || next === '\r' || next === '#') {
      this.at = at;
      return;
    }
    this.conflict();
    this.indentation({ width, narrow }, at);
    this.at = at;
    this.last = '';
    if (!this.done) this.python2();
  }

  private indentation(indent: Indent, at: number): void {
    const top = this.indents.at(-1)!;
    if (this.last === ':' && indent.width <= top.width) return this.fail('no block follows the colon of the line before', at);
    if (indent.width > top.width) {
      if (indent.narrow <= top.narrow) return this.fail('its indentation mixes tabs and blanks', at, { python2: true });
      if (this.last !== ':') return this.fail('nothing begins a block before this indentation', at);
      this.indents.push(indent);
      return;
    }
    while (this.indents.at(-1)!.width > indent.width) this.indents.pop();
    const level = this.indents.at(-1)!;
    if (level.width !== indent.width) this.fail('its indentation is that of no block', at);
    else if (level.narrow !== indent.narrow) this.fail('its indentation mixes tabs and blanks', at, { python2: true });
  }

  /** `print "text"` and `exec "text"`, which are statements of Python 2. */
  private python2(): void {
    const match = /^(print|exec)[ \t]+(?:["']|(?!(?:if|in|is|and|or|not|else|for)\b)[A-Za-z_])/.exec(this.code.slice(this.at, this.at + 80));
    if (match) this.fail(`${match[1]} is a function of Python 3`, this.at, { python2: true });
  }

  private word(): boolean {
    WORD.lastIndex = this.at;
    const match = WORD.exec(this.code);
    if (!match) return false;
    this.at += match[0].length;
    this.last = 'a';
    return true;
  }

  private punctuation(char: string): void {
    if ('([{'.includes(char)) {
      this.brackets.push({ text: char, at: this.at });
    } else if (char in CLOSES) {
      const open = this.brackets.pop();
      if (!open) this.fail(`nothing opens the ${char}`);
      else if (open.text !== CLOSES[char]) this.fail(`${char} closes a ${open.text}`);
    } else if (char === '$' || char === '?' || char === '`' || char === '\\') {
      this.unsure = true;
    }
    this.last = char;
    this.at += 1;
  }

  private string(): boolean {
    STRING.lastIndex = this.at;
    const match = STRING.exec(this.code);
    if (!match || !PREFIX.test(match[1])) return false;
    const end = this.stringEnd(this.at + match[0].length, match[2], /[ft]/i.test(match[1]));
    if (end === undefined) return true;
    this.at = end;
    this.last = '"';
    return true;
  }

  /** Where a string ends. One with expressions may have quotes in them, since Python 3.12. */
  private stringEnd(from: number, quote: string, formatted: boolean): number | undefined {
    for (let at = from; at < this.code.length; at += 1) {
      const char = this.code[at];
      if (this.code.startsWith(quote, at)) return at + quote.length;
      if (char === '\\') at += this.code.startsWith('\r\n', at + 1) ? 2 : 1;
      else if (char === '\n' && quote.length === 1) break;
      else if (char === '{' && formatted) {
        if (this.code[at + 1] === '{') at += 1;
        else return this.afterExpression(from, quote);
      }
    }
    this.fail('the string is not closed', from);
    return undefined;
  }

  /** The end of a string with expressions that has its quote only once more in its line, or in the file; otherwise nothing is said of the file. */
  private afterExpression(from: number, quote: string): number | undefined {
    const end = this.code.indexOf(quote, from);
    const line = quote.length === 1 ? this.code.indexOf('\n', from) : -1;
    const rest = this.code.slice(from, line === -1 ? undefined : line);
    if (end !== -1 && rest.includes(quote)) {
      const inside = this.code.slice(from, end);
      const balanced = inside.replaceAll('{{', '').replaceAll('}}', '');
      if (!inside.includes('\\') && balanced.split('{').length === balanced.split('}').length) return end + quote.length;
    }
    this.unsure = true;
    return undefined;
  }
}
