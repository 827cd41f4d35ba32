/** A value of JSON at the top of a text. */
export interface JsonText {
  readonly text: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
  readonly value: unknown;
}

export interface Json {
  readonly values: readonly JsonText[];
  /** The lines of keys that their map has already: to JSON.parse the last one counts, and nothing is wrong. */
  readonly repeated: readonly number[];
}

/** Reads JSON values one after the other, also with lines of `---` between them, as kubectl does; undefined when the text is anything else. */
export function readJson(text: string): Json | undefined {
  const scan = new JsonScan(text);
  const values: JsonText[] = [];
  try {
    for (let part = scan.next(); part !== undefined; part = scan.next()) {
      values.push({ text: part.text, line: part.line, value: JSON.parse(part.text) as unknown });
    }
  } catch (error) {
    // RangeError: deeper than the stack.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
  return { values, repeated: scan.repeated };
}

const [QUOTE, COMMA, COLON, BACKSLASH, NEWLINE] = [34, 44, 58, 92, 10];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [91, 93, 123, 125];

/** Goes over a text that looks like JSON; whether it is one, JSON.parse says. */
class JsonScan {
  public readonly repeated: number[] = [];
  private at = 0;
  private line = 1;

  public constructor(private readonly text: string) {}

  /** The text of the next value at the top, and the line of its beginning; undefined at the end. */
  public next(): { text: string; line: number } | undefined {
    this.between();
    if (this.at === this.text.length) return undefined;
    const { at, line } = this;
    this.value();
    return { text: this.text.slice(at, this.at), line };
  }

  private between(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === NEWLINE) this.line += 1;
      if (code === NEWLINE || code === 32 || code === 9) this.at += 1;
      else if (code === 45 && /^---[ \t]*(?=\n|$)/m.test(this.text.slice(this.at, this.at + 80)) && (this.at === 0 || this.text[this.at - 1] === '\n')) this.at += 3;
      else return;
    }
  }

  private value(): void {
    const { text } = this;
    /** The keys of each map that is open; undefined for a list. */
    const open: Array<Set<string> | undefined> = [];
    let string = '';
    do {
      const code = text.charCodeAt(this.at);
      if (Number.isNaN(code)) throw new SyntaxError('the text ends in a value');
      switch (code) {
        case OPEN_MAP: open.push(new Set()); break;
        case OPEN_LIST: open.push(undefined); break;
        case CLOSE_MAP: case CLOSE_LIST: open.pop(); break;
        case QUOTE: string = this.string(); continue;
        case COLON: {
          const keys = open.at(-1);
          if (keys?.has(string)) this.repeated.push(this.line);
          keys?.add(string);
          break;
        }
        case COMMA: break;
        case NEWLINE: this.line += 1; break;
        default: if (open.length === 0) throw new SyntaxError('no map and no list');
      }
      this.at += 1;
    } while (open.length > 0);
  }

  /** The string that begins here, as it is written; goes behind it. */
  private string(): string {
    const begin = this.at;
    for (this.at += 1; this.at < this.text.length; this.at += 1) {
      const code = this.text.charCodeAt(this.at);
      if (code === BACKSLASH) this.at += 1;
      else if (code === QUOTE) break;
    }
    this.at += 1;
    const written = this.text.slice(begin, this.at);
    // The same key may be written in several ways.
    return written.includes('\\') ? JSON.parse(written) as string : written.slice(1, -1);
  }
}
