/**
 * Reads the plain form of YAML that people and tools write manifests in: block maps and lists, all kinds of scalars, `[a, b]` and
 * `{a: b}`. A hundred times faster than a whole YAML parser, and it knows the line of everything.
 *
 * Whatever it is not sure about it leaves to the whole parser, by returning undefined: anchors, tags, duplicate keys, anything wrong.
 */
export interface Plain {
  readonly value: unknown;
  /** The line (from 1) of each key and item, by the map or list that holds it; only when asked for. */
  readonly lines?: ReadonlyMap<object, ReadonlyMap<string | number, number>>;
}

const DEEPEST = 100;

class Unsure extends Error {}

export function parsePlain(text: string, withLines = false): Plain | undefined {
  try {
    return new PlainParser(text, withLines).parse();
  } catch (error) {
    // A RangeError: deeper than the stack, or a regular expression on a line of megabytes.
    if (error instanceof Unsure || error instanceof RangeError) return undefined;
    throw error;
  }
}

function unsure(): never {
  throw new Unsure();
}

/** White space to JavaScript, text to YAML. */
const ODD_SPACE = /[^\S \t\n]/;

const NUMBER = /^[-+]?(?:\d+|\.\d+|\d+\.\d*)(?:[eE][-+]?\d+)?$/;

/** The core schema of YAML 1.2 for a scalar without quotes. */
function resolve(text: string): unknown {
  const first = text.charCodeAt(0);
  // Letters that begin no keyword, and paths: most scalars.
  if (first > 64 && !/^[tTfFnN~]/.test(text)) return text;
  switch (text) {
    case 'true': case 'True': case 'TRUE': return true;
    case 'false': case 'False': case 'FALSE': return false;
    case 'null': case 'Null': case 'NULL': case '~': case '': return null;
  }
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(text) ? value : unsure();
  }
  return /^[-+]?0[xo]|^[-+]?\.(?:inf|nan)/i.test(text) ? unsure() : text;
}

class PlainParser {
  /** Where the next line begins; past the end of the text when there is none. */
  private offset = 0;
  /** The number of the current line, from 1. */
  private at = 0;
  private indent = 0;
  private content = '';
  /** How many empty lines and comments stand before the current one. */
  private skipped = 0;
  private commented = false;
  private readonly lines?: Map<object, Map<string | number, number>>;

  public constructor(private readonly text: string, withLines: boolean) {
    if (ODD_SPACE.test(text)) unsure();
    if (withLines) this.lines = new Map();
  }

  public parse(): Plain {
    if (!this.next()) return { value: null, lines: this.lines };
    const value = this.block(this.indent, 0);
    if (this.indent >= 0) unsure();
    return { value, lines: this.lines };
  }

  private line(): string | undefined {
    const { text, offset } = this;
    if (offset > text.length) return undefined;
    const end = text.indexOf('\n', offset);
    this.at += 1;
    this.offset = (end < 0 ? text.length : end) + 1;
    return end < 0 ? text.slice(offset) : text.slice(offset, end);
  }

  /** Goes to the next line with content; false at the end. In quotes a comment is content. */
  private next(inQuotes = false): boolean {
    this.skipped = 0;
    this.commented = false;
    for (let line = this.line(); line !== undefined; line = this.line()) {
      let indent = 0;
      while (line.charCodeAt(indent) === 32) indent += 1;
      const first = line.charCodeAt(indent);
      const comment = first === 35 && !inQuotes;
      if (comment || indent === line.length) {
        this.commented ||= comment;
        this.skipped += 1;
        continue;
      }
      if (first === 9) unsure();
      this.indent = indent;
      this.content = indent === 0 ? line : line.slice(indent);
      return true;
    }
    this.indent = -1;
    return false;
  }

  private note(holder: object, key: string | number, line: number): void {
    if (!this.lines) return;
    let own = this.lines.get(holder);
    if (!own) this.lines.set(holder, own = new Map<string | number, number>());
    own.set(key, line);
  }

  private block(indent: number, depth: number): unknown {
    if (depth > DEEPEST) unsure();
    if (this.isItem()) return this.sequence(indent, depth);
    if (keyEnd(this.content) >= 0) return this.mapping(indent, depth);
    // A document that is one scalar or one flow collection is no manifest that we know.
    return unsure();
  }

  private isItem(): boolean {
    return this.content.charCodeAt(0) === 45 && (this.content.length === 1 || this.content.charCodeAt(1) === 32);
  }

  private sequence(indent: number, depth: number): unknown[] {
    const items: unknown[] = [];
    while (this.indent === indent && this.isItem()) {
      this.note(items, items.length, this.at);
      const rest = this.content.slice(1).trimStart();
      if (/^- *\t/.test(this.content)) unsure();
      if (rest === '' || rest.charCodeAt(0) === 35) {
        items.push(this.nested(indent, depth, false));
      } else if (keyEnd(rest) >= 0 || rest === '-' || rest.startsWith('- ')) {
        // `- key: value`: a block that begins on this line, as deep as its first word.
        this.indent = indent + this.content.length - rest.length;
        this.content = rest;
        items.push(this.block(this.indent, depth + 1));
      } else {
        items.push(this.scalar(rest, indent));
      }
    }
    if (this.indent > indent) unsure();
    return items;
  }

  private mapping(indent: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    while (this.indent === indent && !this.isItem()) {
      const end = keyEnd(this.content);
      if (end < 0) unsure();
      const key = readKey(this.content.slice(0, end));
      if (Object.hasOwn(map, key) || key === '__proto__') unsure();
      this.note(map, key, this.at);
      const rest = this.content.slice(end + 1).trimStart();
      map[key] = rest === '' || rest.charCodeAt(0) === 35 ? this.nested(indent, depth, true) : this.scalar(rest, indent);
    }
    if (this.indent > indent) unsure();
    return map;
  }

  /** What follows a key or a dash with nothing behind it. */
  private nested(indent: number, depth: number, ofKey: boolean): unknown {
    if (!this.next() || this.indent < indent) return null;
    if (this.indent > indent) return /^[[{]/.test(this.content) ? this.scalar(this.content, indent) : this.block(this.indent, depth + 1);
    // A list may stand as deep as its key.
    return ofKey && this.isItem() ? this.sequence(indent, depth + 1) : null;
  }

  /** A value that begins behind its key or dash; goes on to the line after it. */
  private scalar(text: string, indent: number): unknown {
    const first = text.charCodeAt(0);
    let value: unknown;
    switch (first) {
      case 124: case 62: return this.literal(text, indent);
      case 39: case 34: value = quoted(closing(text, first, 1) < 0 ? this.untilClosed(text, indent, first) : text); break;
      case 91: case 123: value = this.flow(text, indent); break;
      // & * ! % @ ` ? , ] }
      case 38: case 42: case 33: case 37: case 64: case 96: case 63: case 44: case 93: case 125: return unsure();
      default: return this.plain(text, indent);
    }
    this.next();
    if (this.indent > indent) unsure();
    return value;
  }

  /** A scalar without quotes goes on in deeper lines. */
  private plain(text: string, indent: number): unknown {
    this.next();
    if (this.indent <= indent) return resolve(plain(text));
    if (text.includes(' #')) unsure();
    const parts = [plain(text)];
    while (this.indent > indent) {
      if (this.content.includes(' #')) unsure();
      parts.push(this.lineBreak(), plain(this.content));
      this.next();
    }
    return parts.join('');
  }

  /** A scalar in quotes that does not end on its first line, folded, with all of its lines; the last becomes the current one. */
  private untilClosed(text: string, indent: number, quote: number): string {
    const parts: string[] = [];
    for (let part = text; ; part = this.content) {
      if (parts.length > 0 && closing(part, quote, 0) >= 0) return [...parts, part].join('');
      // Over spaces at the end of a line, and empty lines after a `\\`, parsers differ.
      if (/\s$/.test(part)) unsure();
      if (!this.next(true) || this.indent <= indent) unsure();
      const goesOn = quote === 34 && endsInBackslash(part);
      if (goesOn && this.skipped > 0) unsure();
      parts.push(...goesOn ? [part.slice(0, -1)] : [part, this.lineBreak()]);
    }
  }

  /** What the line break before the current line counts: a space, or the empty lines before it. */
  private lineBreak(): string {
    if (this.commented) unsure();
    return this.skipped === 0 ? ' ' : '\n'.repeat(this.skipped);
  }

  /** A flow collection with all of its lines, the last of which becomes the current one. */
  private flow(text: string, indent: number): unknown {
    const parts = [text];
    const from = this.at;
    let commented = false;
    // Brackets in quotes count like others; where that ends it too early or too late, it is read as wrong.
    for (let open = brackets(text); open > 0; open += brackets(this.content)) {
      if (!this.next() || this.indent <= indent) unsure();
      commented ||= this.commented;
      parts.push('\n'.repeat(this.skipped + 1), this.content);
    }
    return new Flow(parts.join(''), commented, this.lines && ((holder, key, line) => this.note(holder, key, from + line))).read();
  }

  /** `|`: the lines below as they are; `>`: folded. */
  private literal(header: string, indent: number): string {
    const match = /^[|>](?:([-+]?)([1-9]?)|([1-9])([-+]))[ ]*(?: #.*)?$/.exec(header);
    if (!match) return unsure();
    const chomping = match[1] || match[4];
    const depth = match[2] || match[3];
    let deep = depth ? indent + Number(depth) : -1;
    const lines: string[] = [];
    let { offset } = this;
    let line = this.line();
    for (; line !== undefined; offset = this.offset, line = this.line()) {
      let spaces = 0;
      while (line.charCodeAt(spaces) === 32) spaces += 1;
      if (spaces === line.length) {
        // Blank lines before the first may be deeper than it: that is an error to a whole parser.
        if (deep < 0 ? spaces > 0 : false) unsure();
        lines.push(deep >= 0 ? line.slice(deep) : '');
        continue;
      }
      if (deep < 0) {
        if (spaces <= indent || line.charCodeAt(spaces) === 9) break;
        deep = spaces;
      }
      if (spaces < deep) break;
      lines.push(line.slice(deep));
    }
    // What follows the last line break is no line.
    if (line === undefined) {
      if (lines.at(-1) === '') lines.pop();
    } else {
      this.offset = offset;
      this.at -= 1;
    }
    this.next();
    if (this.indent > indent) unsure();
    let last = lines.length;
    while (last > 0 && lines[last - 1] === '') last -= 1;
    const text = lines.slice(0, last);
    // Spaces deeper than the text, after it: parsers differ.
    if (last > 0 && text[last - 1].trim() === '') unsure();
    const end = chomping === '+' ? '\n'.repeat(lines.length - last + (last === 0 ? 0 : 1)) : chomping === '-' || last === 0 ? '' : '\n';
    return (header.charCodeAt(0) === 62 ? fold(text) : text.join('\n')) + end;
  }
}

/** Line breaks as spaces, empty lines as line breaks; deeper lines keep theirs. */
function fold(lines: readonly string[]): string {
  const parts: string[] = [];
  let empty = 0;
  let before: 'nothing' | 'text' | 'deeper' = 'nothing';
  for (const line of lines) {
    if (line === '') {
      empty += 1;
      continue;
    }
    const kind = line.charCodeAt(0) === 32 || line.charCodeAt(0) === 9 ? 'deeper' : 'text';
    if (before === 'nothing') parts.push('\n'.repeat(empty));
    else if (kind === 'text' && before === 'text') parts.push(empty === 0 ? ' ' : '\n'.repeat(empty));
    else parts.push('\n'.repeat(empty + 1));
    parts.push(line);
    empty = 0;
    before = kind;
  }
  return parts.join('');
}

/** Where the key of `key: value` ends; -1 when the line is something else. */
function keyEnd(content: string): number {
  const first = content.charCodeAt(0);
  if (first === 91 || first === 123) return -1;
  let at = 0;
  if (first === 34 || first === 39) {
    at = content.indexOf(first === 34 ? '"' : '\'', 1) + 1;
    return at > 1 && content.charCodeAt(at) === 58 && (at + 1 === content.length || content.charCodeAt(at + 1) === 32) ? at : -1;
  }
  for (;;) {
    at = content.indexOf(':', at);
    if (at < 0) return -1;
    if (at + 1 === content.length || content.charCodeAt(at + 1) === 32) break;
    at += 1;
  }
  const hash = content.indexOf(' #');
  return hash >= 0 && hash < at ? -1 : at;
}

function readKey(text: string): string {
  if (/^["']/.test(text)) return text.includes('\\') ? unsure() : text.slice(1, -1);
  // Numbers, booleans and null as keys become text in ways of their own.
  if (!/^[\w./][\w./ $(){}:",=@+~-]*$/.test(text) || text.endsWith(' ') || typeof resolve(text) !== 'string') return unsure();
  return text;
}

/** A line of a scalar without quotes, without its comment. */
function plain(text: string): string {
  if (text.charCodeAt(0) === 45 && (text.length === 1 || text.charCodeAt(1) === 32)) unsure();
  const comment = text.indexOf(' #');
  const value = (comment < 0 ? text : text.slice(0, comment)).trimEnd();
  if (value.includes(': ') || value.endsWith(':') || value.includes('\t')) unsure();
  return value;
}

/** Where the text in quotes ends, behind the quote; -1 when it does not. */
function closing(text: string, quote: number, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    // `\x`, or two single quotes: no end.
    if (char === 92 && quote === 34) at += 1;
    else if (char === quote) {
      if (quote === 34 || text.charCodeAt(at + 1) !== 39) return at + 1;
      at += 1;
    }
  }
  return -1;
}

/** With one that the others before it do not escape. */
function endsInBackslash(text: string): boolean {
  let at = text.length;
  while (text.charCodeAt(at - 1) === 92) at -= 1;
  return (text.length - at) % 2 === 1;
}

function afterQuote(text: string, end: number): void {
  if (end !== text.length && !/^\s*$|^\s+#.*$/.test(text.slice(end))) unsure();
}

/** A text that begins with a quote. */
function quoted(text: string): string {
  const end = closing(text, text.charCodeAt(0), 1);
  if (end < 0) return unsure();
  afterQuote(text, end);
  return unquote(text.slice(0, end));
}

/** The lines of a text in quotes, without what they are indented by, as one. */
function foldQuoted(text: string): string {
  if (!text.includes('\n')) return text;
  const lines = text.split('\n');
  if (lines.some((line, i) => i < lines.length - 1 && (/\s$/.test(line) || endsInBackslash(line)))) unsure();
  return lines.join('\n').replace(/\n+/g, (breaks) => breaks.length === 1 ? ' ' : breaks.slice(1));
}

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  return text.charCodeAt(0) === 34 ? unescape(inner) : inner.replaceAll('\'\'', '\'');
}

const ESCAPES: Record<string, string> = {
  '0': '\0', 'a': '\x07', 'b': '\b', 't': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r', 'e': '\x1b', ' ': ' ', '"': '"', '/': '/', '\\': '\\',
  'N': '\x85', '_': '\xa0', 'L': '\u2028', 'P': '\u2029',
};

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([^]))/g, (_, x?: string, u?: string, long?: string, char = '') => {
    const code = x ?? u ?? long;
    if (code === undefined) return ESCAPES[char as string] ?? unsure();
    const point = parseInt(code, 16);
    return point > 0x10ffff ? unsure() : String.fromCodePoint(point);
  });
}

/** How many more brackets a text opens than it closes. */
function brackets(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 91 || char === 123) open += 1;
    else if (char === 93 || char === 125) open -= 1;
  }
  return open;
}

/** `[a, 'b']` and `{a: b}`, with line breaks only where they count like spaces. */
class Flow {
  private at = 0;
  /** How many line breaks there are before `counted`. */
  private breaks = 0;
  private counted = 0;

  public constructor(
    private readonly text: string, private readonly commented: boolean,
    private readonly noted?: (holder: object, key: string | number, line: number) => void,
  ) {}

  public read(): unknown {
    const value = this.value(0);
    afterQuote(this.text, this.at);
    return value;
  }

  private note(holder: object, key: string | number): void {
    if (!this.noted) return;
    for (; this.counted < this.at; this.counted += 1) {
      if (this.text.charCodeAt(this.counted) === 10) this.breaks += 1;
    }
    this.noted(holder, key, this.breaks);
  }

  private value(depth: number): unknown {
    if (depth > 20) unsure();
    this.blank();
    const char = this.text[this.at];
    if (char === '[') return this.list(depth);
    if (char === '{') return this.map(depth);
    if (char === '"' || char === '\'') return this.quoted(char);
    const match = /^[^,[\]{}:#&*!|>'"%@`?\s][^,[\]{}#\n]*?(?=\s*[,\]}])/.exec(this.text.slice(this.at));
    if (!match || match[0].includes(': ') || match[0].endsWith(':') || /^-(\s|$)/.test(match[0]) || match[0].includes('\t')) return unsure();
    this.at += match[0].length;
    return resolve(match[0]);
  }

  private list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at += 1;
    for (;;) {
      this.blank();
      if (this.text[this.at] === ']') break;
      this.note(items, items.length);
      items.push(this.value(depth + 1));
      if (!this.separator(']')) break;
    }
    this.at += 1;
    return items;
  }

  private map(depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    this.at += 1;
    for (;;) {
      this.blank();
      if (this.text[this.at] === '}') break;
      const match = /^(?:([A-Za-z_./][\w./-]*)|"([^"\\]*)"|'([^']*)'):\s+/.exec(this.text.slice(this.at));
      if (!match) return unsure();
      const key = match[1] ?? match[2] ?? match[3];
      if (Object.hasOwn(map, key) || key === '__proto__' || (match[1] !== undefined && typeof resolve(key) !== 'string')) unsure();
      this.note(map, key);
      this.at += match[0].length;
      map[key] = this.value(depth + 1);
      if (!this.separator('}')) break;
    }
    this.at += 1;
    return map;
  }

  /** True after a comma, false before the end. */
  private separator(end: string): boolean {
    this.blank();
    const char = this.text[this.at];
    if (char === end) return false;
    if (char !== ',') unsure();
    this.at += 1;
    return true;
  }

  private quoted(quote: string): string {
    const end = closing(this.text, quote.charCodeAt(0), this.at + 1);
    const text = this.text.slice(this.at, end);
    // In quotes a comment is content, and is not in the text.
    if (end < 0 || this.text[end] === ':' || (this.commented && text.includes('\n'))) unsure();
    this.at = end;
    return unquote(foldQuoted(text));
  }

  private blank(): void {
    while (this.text.charCodeAt(this.at) === 32 || this.text.charCodeAt(this.at) === 10) this.at += 1;
    if (this.at >= this.text.length) unsure();
  }
}
