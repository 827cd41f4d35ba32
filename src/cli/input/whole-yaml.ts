import { Document, isAlias, isCollection, isPair, isScalar, LineCounter, parseDocument, ParsedNode, YAMLMap } from 'yaml';

/** A document as the whole parser reads it. Lines are those of the text. */
export function parseWholeYaml(text: string, counter: LineCounter): Document.Parsed<ParsedNode> {
  const document = parse(text, counter);
  if (!document.errors.some(({ code }) => code === 'MISSING_CHAR')) return document;
  const indented = indentQuoted(text);
  return indented === text ? document : parse(indented, counter);
}

function parse(text: string, counter: LineCounter): Document.Parsed<ParsedNode> {
  counter.lineStarts.length = 0;
  return parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: false, strict: true, logLevel: 'silent', merge: true });
}

/** Where a key is that its map has already, if it has one. The parser would compare each key with all others. */
export function repeatedKey(map: YAMLMap): number | undefined {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key.range?.[0] ?? 0;
    seen.add(key.value);
  }
  return undefined;
}

/** More values than manifests of the largest document have. */
const MOST_VALUES = 1_000_000;

/** Throws where aliases multiply to more values than anybody reads, or are inside what they stand for. kubectl takes any number of them. */
export function checkAliases(document: Document.Parsed<ParsedNode>): void {
  const sizes = new Map<string, number>();
  const size = (node: unknown): number => {
    if (isAlias(node)) {
      const found = sizes.get(node.source);
      if (found === undefined) throw new Error(`the alias *${node.source} is inside of what it stands for, or stands for nothing`);
      return found;
    }
    if (isPair(node)) return size(node.key) + size(node.value);
    // A long text counts for more, since it is read for each.
    let sum = 1 + (isScalar(node) && typeof node.value === 'string' ? Math.floor(node.value.length / 10) : 0);
    const anchor = isCollection(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) sizes.delete(anchor);
    for (const item of isCollection(node) ? node.items : []) sum += size(item);
    if (sum > MOST_VALUES) throw new Error(`has aliases that stand for more than ${MOST_VALUES} values`);
    if (anchor !== undefined) sizes.set(anchor, sum);
    return sum;
  };
  size(document.contents);
}

/**
 * Indents the lines of values in quotes that begin at the margin: kubectl, helm and kustomize read them, YAML does not. Spaces there
 * count for nothing.
 */
function indentQuoted(text: string): string {
  const lines: string[] = [];
  let quote: string | undefined;
  for (const line of text.split('\n')) {
    lines.push(quote !== undefined && /^\S/.test(line) ? ' '.repeat(DEEP) + line : line);
    quote = quote === undefined ? opened(line) : closes(line, quote) ? undefined : quote;
  }
  return lines.join('\n');
}

/** Deeper than the keys of any manifest. */
const DEEP = 100;

/** The quote that a value on this line begins with and does not end with. */
function opened(line: string): string | undefined {
  const match = /^\s*(?:- +)*(?:[\w.\/-]+: +)?(?:\[.*, *|\[ *)?(["'])(.*)$/.exec(line);
  return match && !closes(match[2], match[1]) ? match[1] : undefined;
}

function closes(text: string, quote: string): boolean {
  return (quote === '"' ? /^(?:[^"\\]|\\.)*"/ : /^(?:[^']|'')*'(?!')/).test(text);
}
