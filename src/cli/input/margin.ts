/** Deeper than the keys of any manifest. */
const DEEP = ' '.repeat(100);

/**
 * Indents the lines on which values in quotes or brackets go on: kubectl, helm and kustomize read them at any indentation, YAML does not. Spaces
 * there count for nothing.
 */
export function indentValues(text: string): string {
  const lines: string[] = [];
  let open: Open | undefined;
  let block: number | undefined;
  for (const line of text.split('\n')) {
    const goesOn = open !== undefined;
    lines.push(goesOn && line !== '' ? DEEP + line : line);
    const indent = line.search(/\S/);
    // The text after `|` or `>` is no YAML.
    if (!goesOn && block !== undefined && (indent < 0 || indent > block)) continue;
    block = !goesOn && /(?:^|[:-] +)[|>][+-]?\d?[+-]?\s*(?:#.*)?$/.test(line) ? indent : undefined;
    const from = goesOn ? 0 : beginning(line);
    if (from !== undefined) open = after(line, from, open ?? { depth: 0 });
  }
  return lines.join('\n');
}

/** Where a value in quotes or brackets is open. */
interface Open {
  /** How many brackets are. */
  readonly depth: number;
  readonly quote?: string;
}

/** Where the value of a line begins, if in quotes or brackets. */
function beginning(line: string): number | undefined {
  const match = /^\s*(?:- +)*(?:[\w.\/-]+: +)?(?=["'[{])/.exec(line);
  return match ? match[0].length : undefined;
}

/** What is open at the end of a line. */
function after(line: string, from: number, { depth, quote }: Open): Open | undefined {
  for (let at = from; at < line.length; at += 1) {
    const char = line[at];
    if (quote !== undefined) {
      // `\x`, or two single quotes: no end.
      if (quote === '"' && char === '\\') at += 1;
      else if (char === quote) {
        if (quote === '\'' && line[at + 1] === quote) at += 1;
        else quote = undefined;
      }
    } else if (char === '"' || char === '\'') {
      // In the middle of a word it is a letter.
      if (at === from || /[\s[{,:]/.test(line[at - 1])) quote = char;
    } else if (char === '#' && (at === 0 || /\s/.test(line[at - 1]))) break;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (quote === undefined && depth <= 0) return undefined;
  }
  return { depth, quote };
}
