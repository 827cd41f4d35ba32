/** Deeper than the keys of any manifest. */
const DEEP = ' '.repeat(100);

/**
 * Indents the lines on which values in quotes go on: kubectl, helm and kustomize read them at any indentation, YAML does not. Spaces there
 * count for nothing.
 */
export function indentQuoted(text: string): string {
  const lines: string[] = [];
  let quote: string | undefined;
  for (const line of text.split('\n')) {
    lines.push(quote !== undefined && line !== '' ? DEEP + line : line);
    quote = quote === undefined ? opened(line) : closes(line, quote, 0) ? undefined : quote;
  }
  return lines.join('\n');
}

/** The quote that a value on this line begins with and does not end with. */
function opened(line: string): string | undefined {
  const match = /^\s*(?:- +)*(?:[\w.\/-]+: +)?(?:\[.*, *|\[ *)?(["'])/.exec(line);
  return match && !closes(line, match[1], match[0].length) ? match[1] : undefined;
}

function closes(text: string, quote: string, from: number): boolean {
  for (let at = from; at < text.length; at += 1) {
    // `\x`, or two single quotes: no end.
    if (quote === '"' && text[at] === '\\') at += 1;
    else if (text[at] === quote) {
      if (quote === '"' || text[at + 1] !== quote) return true;
      at += 1;
    }
  }
  return false;
}
