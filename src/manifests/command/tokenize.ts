import { expansion, ShellContext } from './expansion';

/** A word or an operator of a script, after quotes and known variables are resolved. */
export interface Token {
  readonly kind: 'word' | 'op';
  readonly text: string;
  /** Something in it is only known when the script runs. */
  readonly unknown: boolean;
  readonly quoted: boolean;
  /** `"$@"`: means all arguments of the script. */
  readonly splice: boolean;
}

/** Longer ones first. */
const OPERATORS = ['&&', '||', ';;', '|&', ';', '|', '&', '(', ')', '\n'];

const REDIRECTION = /^(&>>|&>|<<<|<<-|<<|<>|<&|>&|>>|>\||<|>)/;

/** Words and operators, without comments, redirections and here documents. */
export function tokenize(script: string, context: ShellContext): Token[] {
  return new Tokenizer(script, context).read();
}

class Tokenizer {
  private readonly tokens: Token[] = [];
  /** Those whose text begins on the next line. */
  private readonly heredocs: Array<{ readonly delimiter: string; readonly tabs: boolean }> = [];
  private at = 0;
  /** The word that is being read. */
  private word?: { text: string; unknown: boolean; quoted: boolean; splice: boolean };
  /** The next word is where a redirection leads to: it belongs to no command. */
  private redirected = false;

  public constructor(private readonly script: string, private readonly context: ShellContext) {}

  public read(): Token[] {
    while (this.at < this.script.length) this.step();
    this.closeWord();
    return this.tokens;
  }

  private step(): void {
    const char = this.script[this.at];
    if (char === '\\') this.escaped();
    else if (char === '\'') this.singleQuoted();
    else if (char === '"') this.doubleQuoted();
    else if (char === '$' || char === '`') this.expand(false);
    else if (char === '#' && !this.word) this.at = this.find('\n');
    else if (char === ' ' || char === '\t' || char === '\r') this.space();
    else if (char === '<' || char === '>' || (char === '&' && this.script[this.at + 1] === '>')) this.redirection();
    else if (!this.operator()) this.letter(char);
  }

  private open() {
    return this.word ??= { text: '', unknown: false, quoted: false, splice: false };
  }

  private closeWord(): void {
    if (!this.word) return;
    if (!this.redirected) this.tokens.push({ kind: 'word', ...this.word });
    this.redirected = false;
    this.word = undefined;
  }

  /** Where a text is next; the end of the script when it is not. */
  private find(text: string): number {
    const found = this.script.indexOf(text, this.at);
    return found < 0 ? this.script.length : found;
  }

  private letter(char: string): void {
    this.open().text += char;
    this.at += 1;
  }

  private space(): void {
    this.closeWord();
    this.at += 1;
  }

  private escaped(): void {
    const next = this.script[this.at + 1];
    this.at += 2;
    // A line that goes on.
    if (next === '\n') return;
    const word = this.open();
    word.text += next ?? '';
    word.quoted = true;
  }

  private singleQuoted(): void {
    this.at += 1;
    const end = this.find('\'');
    const word = this.open();
    word.text += this.script.slice(this.at, end);
    word.quoted = true;
    this.at = end + 1;
  }

  private doubleQuoted(): void {
    this.open().quoted = true;
    this.at += 1;
    while (this.at < this.script.length && this.script[this.at] !== '"') {
      const char = this.script[this.at];
      const next = this.script[this.at + 1] ?? '';
      if (char === '\\' && '$`"\\\n'.includes(next)) {
        if (next !== '\n') this.open().text += next;
        this.at += 2;
      } else if (char === '$' || char === '`') {
        this.expand(true);
      } else {
        this.letter(char);
      }
    }
    this.at += 1;
  }

  private expand(quoted: boolean): void {
    const { text, unknown, end } = expansion(this.script, this.at, this.context);
    const word = this.open();
    if (/^\$\{?[@*]/.test(this.script.slice(this.at, this.at + 3)) && word.text === '') word.splice = true;
    this.at = end;
    if (quoted || unknown || !/\s/.test(text)) {
      word.text += text;
      word.unknown ||= unknown;
      return;
    }
    // An unquoted variable falls apart into words.
    text.split(/\s+/).forEach((part, i) => {
      if (i > 0) this.closeWord();
      this.open().text += part;
    });
  }

  private redirection(): void {
    // `2>` is about a file descriptor.
    if (this.word && /^\d+$/.test(this.word.text)) this.word = undefined;
    this.closeWord();
    const [operator] = REDIRECTION.exec(this.script.slice(this.at, this.at + 3))!;
    this.at += operator.length;
    if (operator !== '<<' && operator !== '<<-') {
      this.redirected = true;
      return;
    }
    const delimiter = /^[ \t]*(['"]?)([\w.-]+)\1/.exec(this.script.slice(this.at, this.at + 200));
    if (!delimiter) return;
    this.heredocs.push({ delimiter: delimiter[2], tabs: operator === '<<-' });
    this.at += delimiter[0].length;
  }

  private operator(): boolean {
    const operator = OPERATORS.find((one) => this.script.startsWith(one, this.at));
    if (operator === undefined) return false;
    this.closeWord();
    this.redirected = false;
    this.tokens.push({ kind: 'op', text: operator, unknown: false, quoted: false, splice: false });
    this.at += operator.length;
    if (operator === '\n') {
      for (const { delimiter, tabs } of this.heredocs.splice(0)) this.skipHeredoc(delimiter, tabs);
    }
    return true;
  }

  private skipHeredoc(delimiter: string, tabs: boolean): void {
    while (this.at < this.script.length) {
      const end = this.find('\n');
      const line = this.script.slice(this.at, end);
      this.at = Math.min(end + 1, this.script.length);
      if ((tabs ? line.replace(/^\t+/, '') : line) === delimiter) return;
    }
  }
}
