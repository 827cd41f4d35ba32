import {
  AliasEvent, COLLECTION_STYLE, Event, EVENT_ID, getScalarValue, MappingEvent, parseEvents, SCALAR_STYLE, ScalarEvent, SequenceEvent, YAMLException,
} from 'js-yaml';
import { Places } from './places';
import { resolvePlain, resolveTagged } from './scalars';
import { inOurWords, UNCLOSED } from './yaml-errors';
import { isMap, JsonObject } from '../../manifests/json';

/** What is wrong with a document, and in which of its lines. */
export class YamlError extends Error {
  /** @param line from 0 */
  public constructor(public readonly line: number, message: string) {
    super(message);
  }

  /** Whether a value in quotes or brackets does not end where it should. */
  public get unclosed(): boolean {
    return this.message.endsWith(UNCLOSED);
  }
}

export interface Yaml {
  /** Undefined for a text without a document. */
  readonly value: unknown;
  /** The node of the document in the places. */
  readonly place: number;
  /** The lines, from 0, of keys that their map has already. */
  readonly repeated: readonly number[];
}

/** What no manifest has; deeper ones end the process. */
export const DEEPEST = 500;
/** More values than manifests of the largest document have. */
const MOST_VALUES = 1_000_000;
/** Of lines, and of items between brackets; each takes about 200 bytes while the document is read. */
const MOST_ITEMS = 4_000_000;
/** What is shorter has not that many. */
const LARGE = MOST_ITEMS;

/**
 * Reads one document as kubectl does: js-yaml says what is a map, a list and a scalar, and this what they are.
 *
 * Throws a YamlError.
 *
 * @param firstLine the line of the text in its file, from 1
 * @param plain what a scalar without quotes is
 */
export function readYaml(text: string, places: Places, firstLine: number, plain = resolvePlain): Yaml {
  return new Reader(text, parse(text), places, firstLine, plain).read();
}

/** At least as many as its items, in no memory. */
function items(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 44) count += 1;
  }
  return count;
}

function parse(text: string): Event[] {
  if (text.length > LARGE && items(text) > MOST_ITEMS) throw new YamlError(0, `has more than ${MOST_ITEMS} lines, which no manifest has`);
  try {
    return parseEvents(text, { maxDepth: DEEPEST });
  } catch (error) {
    // RangeError: deeper than the stack.
    if (error instanceof RangeError) throw new YamlError(0, 'is nested too deeply');
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    if (reason.startsWith('nesting exceeded')) throw new YamlError(mark!.line, `is nested deeper than ${DEEPEST} levels, which no manifest is`);
    // Of a key without a colon it gives the end, which may be lines below.
    const line = reason.includes('multiline key') ? text.slice(0, mark!.position).trimEnd().split('\n').length - 1 : mark!.line;
    throw new YamlError(line, `is not YAML: ${inOurWords(reason)}`);
  }
}

interface Anchor {
  readonly value: unknown;
  readonly node: number;
  /** Undefined until all of it is read. */
  size?: number;
}

type Collection = SequenceEvent | MappingEvent;

const [SPACE, DASH] = [32, 45];
/** The node of a key. */
const NOWHERE = -1;
const COMPLEX_KEY = 'is not what kubectl reads: a map or a list is the key of a map';

/** Where a value begins, or its header, or, behind its quote, its text; undefined for an empty one. */
function startOf(event: Event): number | undefined {
  switch (event.type) {
    case EVENT_ID.SCALAR: return event.valueStart < 0 ? undefined : event.indent < 0 ? event.valueStart : event.valueStart - 1;
    case EVENT_ID.ALIAS: return event.anchorStart;
    case EVENT_ID.SEQUENCE: case EVENT_ID.MAPPING: return event.start;
    default: return undefined;
  }
}

function set(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

class Reader {
  private at = 0;
  /** The current line, from 0, with where it begins and ends. Events are in the order of the text, so it only goes forward. */
  private line = 0;
  private lineStart = 0;
  private lineEnd: number;
  /** The last character of the last scalar. */
  private behind = 0;
  private readonly anchors = new Map<string, Anchor>();
  private readonly repeated: number[] = [];
  /** How many values the value has that was read last, with those of its aliases. A long text counts for more, as it is read for each. */
  private size = 0;
  private ofAliases = 0;

  public constructor(
    private readonly text: string, private readonly events: readonly Event[], private readonly places: Places, private readonly firstLine: number,
    private readonly plain: (text: string) => unknown,
  ) {
    this.lineEnd = this.endOfLine();
  }

  public read(): Yaml {
    if (this.events.length === 0) return { value: undefined, place: 0, repeated: [] };
    this.at = 1;
    this.goTo(startOf(this.events[1]));
    const place = this.places.begin(this.firstLine + this.line);
    const value = this.value(place);
    this.places.end(place);
    return { value, place, repeated: this.repeated };
  }

  private value(node: number): unknown {
    const event = this.events[this.at];
    this.at += 1;
    switch (event.type) {
      case EVENT_ID.SCALAR: return this.scalar(event, node);
      case EVENT_ID.SEQUENCE: return this.list(event, node);
      case EVENT_ID.MAPPING: return this.map(event, node);
      case EVENT_ID.ALIAS: return this.alias(event, node);
      default: throw this.error('is not YAML: a value is missing');
    }
  }

  private list(event: SequenceEvent, node: number): unknown[] {
    const list: unknown[] = [];
    const anchor = this.anchor(event, list, node);
    this.goTo(event.start);
    const column = event.style === COLLECTION_STYLE.BLOCK ? event.start - this.lineStart : undefined;
    let size = 1;
    for (let item = this.events[this.at]; item.type !== EVENT_ID.POP; item = this.events[this.at]) {
      if (list.length > 0 || column === undefined) this.goToItem(item, column);
      const child = this.places.begin(this.firstLine + this.line);
      list.push(this.value(child));
      this.places.end(child);
      size += this.size;
    }
    this.close(anchor, size);
    return list;
  }

  private map(event: MappingEvent, node: number): JsonObject {
    const map: Record<string, unknown> = {};
    const anchor = this.anchor(event, map, node);
    let merged: Set<string> | undefined;
    let size = 1;
    for (let next = this.events[this.at]; next.type !== EVENT_ID.POP; next = this.events[this.at]) {
      const merge = next.type === EVENT_ID.SCALAR && this.isMerge(next);
      const key = this.key();
      const { line } = this;
      const child = this.places.begin(this.firstLine + line, key);
      const value = this.value(child);
      this.places.end(child);
      size += this.size + 1;
      if (merge) {
        merged ??= new Set();
        for (const [name, one] of this.merged(value, line)) {
          set(map, name, one);
          merged.add(name);
        }
      } else {
        if (Object.hasOwn(map, key) && !merged?.delete(key)) this.repeated.push(line);
        set(map, key, value);
      }
    }
    this.close(anchor, size);
    return map;
  }

  /** The key that begins here, as text, and goes to its line. */
  private key(): string {
    const event = this.events[this.at];
    this.goTo(startOf(event));
    const { line } = this;
    if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING) {
      throw new YamlError(line, COMPLEX_KEY);
    }
    const key = this.value(NOWHERE);
    if (key === null) {
      // It has no place of its own, but its value has one.
      this.goTo(startOf(this.events[this.at]));
      throw this.error('is not what kubectl reads: a map has a key that is empty or null; a name goes before the colon');
    }
    if (typeof key === 'object') throw new YamlError(line, COMPLEX_KEY);
    return String(key);
  }

  private isMerge(event: ScalarEvent): boolean {
    return event.style === SCALAR_STYLE.PLAIN && event.valueEnd - event.valueStart === 2 && this.text.startsWith('<<', event.valueStart);
  }

  /** What a merge key brings. To kubectl it wins over the keys before it, and of several maps the first. */
  private merged(value: unknown, line: number): Array<[string, unknown]> {
    const maps = Array.isArray(value) ? [...value as unknown[]].reverse() : [value];
    if (!maps.every(isMap)) throw new YamlError(line, 'is not what kubectl reads: a merge key (<<) takes a map, or a list of maps');
    return maps.flatMap((map) => Object.entries(map));
  }

  private scalar(event: ScalarEvent, node: number): unknown {
    const text = getScalarValue(this.text, event);
    if (event.valueEnd > 0) this.behind = event.valueEnd - 1;
    this.size = 1 + Math.floor(text.length / 10);
    const value = this.typed(event, text);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.goTo(startOf(event));
      throw this.error('is not what kubectl reads: .inf and .nan are no numbers of JSON; put them in quotes to have a text');
    }
    const anchor = this.anchor(event, value, node);
    if (anchor) anchor.size = this.size;
    return value;
  }

  private typed(event: ScalarEvent, text: string): unknown {
    if (event.tagStart < 0) return event.style === SCALAR_STYLE.PLAIN ? this.plain(text) : text;
    const tag = /^(?:!!|!<tag:yaml\.org,2002:)(\w+)>?$/.exec(this.text.slice(event.tagStart, event.tagEnd))?.[1];
    const value = tag === undefined ? text : resolveTagged(tag, text);
    if (value !== undefined) return value;
    this.goTo(startOf(event));
    throw this.error(`is not what kubectl reads: a value is not of its type !!${tag}`);
  }

  private alias(event: AliasEvent, node: number): unknown {
    this.behind = event.anchorEnd - 1;
    this.goTo(event.anchorStart);
    const anchor = this.anchors.get(this.text.slice(event.anchorStart, event.anchorEnd));
    if (!anchor) throw this.error('is not YAML: an alias (*) has no anchor (&) before it; put a text that begins with * in quotes');
    if (anchor.size === undefined) throw new YamlError(0, 'an alias is inside of what it stands for');
    this.size = anchor.size;
    this.ofAliases += anchor.size;
    if (this.ofAliases > MOST_VALUES) throw new YamlError(0, `has aliases that stand for more than ${MOST_VALUES} values`);
    this.places.alias(node, anchor.node);
    return anchor.value;
  }

  private anchor({ anchorStart, anchorEnd }: ScalarEvent | Collection, value: unknown, node: number): Anchor | undefined {
    if (anchorStart < 0) return undefined;
    const anchor: Anchor = { value, node };
    this.anchors.set(this.text.slice(anchorStart, anchorEnd), anchor);
    return anchor;
  }

  private close(anchor: Anchor | undefined, size: number): void {
    this.at += 1;
    this.size = size;
    if (anchor) anchor.size = size;
  }

  private error(message: string): YamlError {
    return new YamlError(this.line, message);
  }

  /** Goes to the line of an item that is not the first of its list: that of its dash or, between brackets, its own. */
  private goToItem(item: Event, column: number | undefined): void {
    if (column === undefined) return this.goTo(startOf(item));
    this.goTo(this.behind);
    do this.nextLine(); while (!this.isDash(column) && this.lineEnd < this.text.length);
  }

  private isDash(column: number): boolean {
    if (this.text.charCodeAt(this.lineStart + column) !== DASH) return false;
    let at = this.lineStart;
    while (this.text.charCodeAt(at) === SPACE) at += 1;
    return at === this.lineStart + column;
  }

  private goTo(offset: number | undefined): void {
    if (offset === undefined) return;
    while (offset > this.lineEnd) this.nextLine();
  }

  private nextLine(): void {
    this.line += 1;
    this.lineStart = this.lineEnd + 1;
    this.lineEnd = this.endOfLine();
  }

  private endOfLine(): number {
    const end = this.text.indexOf('\n', this.lineStart);
    return end < 0 ? this.text.length : end;
  }
}
