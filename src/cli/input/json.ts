import { Places } from './places';

export interface Json {
  /** The values at the top of the text, or, of a list there, its items; each with its node in the places. */
  readonly values: ReadonlyArray<{ readonly value: unknown; readonly place: number }>;
  /** The lines of keys that their map has already: to JSON.parse the last one counts, and nothing is wrong. */
  readonly repeated: readonly number[];
}

/** Reads JSON values one after the other, also with lines of `---` between them, as kubectl does; undefined when the text is anything else. */
export function readJson(text: string, places: Places): Json | undefined {
  const scan = new JsonScan(text, places);
  const values: Array<{ value: unknown; place: number }> = [];
  try {
    for (let part = scan.next(); part !== undefined; part = scan.next()) {
      const { place } = part;
      const value: unknown = JSON.parse(part.text);
      if (!Array.isArray(value)) values.push({ value, place });
      else places.children(place).forEach((item, i) => values.push({ value: value[i] as unknown, place: item }));
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

/** Goes over a text that looks like JSON and notes its places; whether it is JSON, JSON.parse says. */
class JsonScan {
  public readonly repeated: number[] = [];
  private at = 0;
  private line = 1;

  public constructor(private readonly text: string, private readonly places: Places) {}

  /** The text of the next value at the top, and its node; undefined at the end. */
  public next(): { text: string; place: number } | undefined {
    this.between();
    if (this.at === this.text.length) return undefined;
    const { at } = this;
    if (this.text[at] !== '{' && this.text[at] !== '[') throw new SyntaxError('no map and no list');
    const place = this.places.begin(this.line);
    this.value();
    this.places.end(place);
    return { text: this.text.slice(at, this.at), place };
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
    const open: Open[] = [];
    do {
      const code = text.charCodeAt(this.at);
      if (Number.isNaN(code)) throw new SyntaxError('the text ends in a value');
      const top = open.at(-1);
      switch (code) {
        case NEWLINE: this.line += 1; break;
        case 32: case 9: break;
        case OPEN_MAP: case OPEN_LIST:
          this.item(top);
          open.push(code === OPEN_MAP ? { keys: new Set() } : {});
          break;
        case CLOSE_MAP: case CLOSE_LIST:
          this.endItem(top);
          open.pop();
          break;
        case COMMA: this.endItem(top); break;
        case COLON: break;
        case QUOTE: {
          const { line } = this;
          const key = top?.keys && top.item === undefined;
          if (!key) this.item(top);
          const string = this.string();
          if (key) this.key(top, string, line);
          continue;
        }
        default: this.item(top);
      }
      this.at += 1;
    } while (open.length > 0);
  }

  /** Begins an item of a list, unless it has begun. */
  private item(top: Open | undefined): void {
    if (top && !top.keys) top.item ??= this.places.begin(this.line);
  }

  private key(top: Open, key: string, line: number): void {
    if (top.keys!.has(key)) this.repeated.push(line);
    top.keys!.add(key);
    top.item = this.places.begin(line, key);
  }

  private endItem(top: Open | undefined): void {
    if (top?.item !== undefined) this.places.end(top.item);
    if (top) top.item = undefined;
  }

  /** The string that begins here; goes behind it. */
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

/** A map or list that is not closed yet. */
interface Open {
  /** Undefined for a list. */
  readonly keys?: Set<string>;
  /** The node of the item, or of the value of the last key, that is not ended yet. */
  item?: number;
}
