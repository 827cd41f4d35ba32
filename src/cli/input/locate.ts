import { isAlias, isNode, isPair, isScalar, isMap as isYamlMap, isSeq, LineCounter, Node } from 'yaml';
import { Document } from './files';
import { parsePlain, Plain } from './plain-yaml';
import { parseWholeYaml } from './whole-yaml';

type Path = ReadonlyArray<string | number>;

/** Finds the lines of paths in documents of one text; reads that again, because few documents have findings. */
export class Locator {
  private readonly find: (path: Path) => number;

  public constructor(private readonly document: Document) {
    this.find = document.json ? inJson(document.text) : inYaml(document.text);
  }

  /** Whether another document has the same text. */
  public knows({ file, line, text }: Document): boolean {
    return this.document.line === line && this.document.file === file && this.document.text === text;
  }

  /** The line of the deepest part of a path that is there, from 1. */
  public line({ item }: Document, path: Path): number {
    return this.document.line - 1 + this.find(item === undefined ? path : [item, ...path]);
  }
}

function inYaml(text: string): (path: Path) => number {
  const plain = parsePlain(text, true);
  return plain ? inPlain(text, plain) : inWhole(text);
}

function inPlain(text: string, { value, lines }: Plain): (path: Path) => number {
  const first = text.split('\n').findIndex((line) => /^\s*[^\s#]/.test(line)) + 1;
  return (path) => {
    let here = value;
    let line = first;
    for (const step of path) {
      if (typeof here !== 'object' || here === null) break;
      const next = lines?.get(here)?.get(step);
      if (next === undefined) break;
      line = next;
      here = (here as Record<string | number, unknown>)[step];
    }
    return line;
  };
}

function inWhole(text: string): (path: Path) => number {
  const counter = new LineCounter();
  const document = parseWholeYaml(text, counter);
  const lineOf = (node: unknown, fallback: number) => isNode(node) && node.range ? counter.linePos(node.range[0]).line : fallback;
  return (path) => {
    let here: unknown = document.contents;
    let line = lineOf(here, 1);
    for (const step of path) {
      const resolved: unknown = isAlias(here) ? here.resolve(document) : here;
      let found: Node | null | undefined;
      if (isYamlMap(resolved)) {
        const pair = resolved.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
        if (!pair) break;
        line = lineOf(pair.key, line);
        found = pair.value as Node | null;
      } else if (isSeq(resolved) && typeof step === 'number' && step < resolved.items.length) {
        found = resolved.items[step] as Node;
        line = lineOf(found, line);
      } else {
        break;
      }
      here = found;
    }
    return line;
  };
}

/** A walk over the text of correct JSON that notes the line of each key and item. */
function inJson(text: string): (path: Path) => number {
  const lines = new Map<string, number>();
  const stack: Array<{ prefix: string; index: number; list: boolean; key?: string }> = [];
  let line = 1;
  let at = 0;
  const here = () => {
    const top = stack.at(-1);
    return top ? `${top.prefix}\n${top.list ? top.index : top.key}` : '';
  };
  while (at < text.length) {
    const char = text[at];
    if (char === '\n') line += 1;
    else if (char === '"') {
      const end = stringEnd(text, at);
      const top = stack.at(-1);
      const isKey = top && !top.list && /^\s*:/.test(text.slice(end, end + 50));
      if (isKey) {
        top.key = JSON.parse(text.slice(at, end)) as string;
        lines.set(here(), line);
      } else if (top?.list) {
        lines.set(here(), line);
      }
      at = end;
      continue;
    } else if (char === '{' || char === '[') {
      if (stack.at(-1)?.list) lines.set(here(), line);
      stack.push({ prefix: here(), index: 0, list: char === '[' });
    } else if (char === '}' || char === ']') {
      stack.pop();
    } else if (char === ',') {
      const top = stack.at(-1);
      if (top?.list) top.index += 1;
    }
    at += 1;
  }
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const found = lines.get(path.slice(0, length).map((step) => `\n${step}`).join(''));
      if (found !== undefined) return found;
    }
    return 1;
  };
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
