import { Document, LineCounter, parseDocument, ParsedNode } from 'yaml';

/** A document as the whole parser reads it. Lines are those of the text. */
export function parseWholeYaml(text: string, counter: LineCounter): Document.Parsed<ParsedNode> {
  const document = parse(text, counter);
  if (!document.errors.some(({ code }) => code === 'MISSING_CHAR')) return document;
  const indented = indentQuoted(text);
  return indented === text ? document : parse(indented, counter);
}

function parse(text: string, counter: LineCounter): Document.Parsed<ParsedNode> {
  counter.lineStarts.length = 0;
  return parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true, strict: true, logLevel: 'silent', merge: true });
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
