/** `*`, or a test of one character. */
type Part = '*' | ((char: string) => boolean);

/**
 * Whether a pattern of `case` or `[[ ]]` matches a text: `*`, `?`, `[a-z]`, `[!a-z]`.
 *
 * In a time that grows with the product of their lengths at most, whatever somebody writes: after a mismatch only the last `*` takes more.
 */
export function glob(pattern: string, text: string): boolean {
  const parts = partsOf(pattern);
  let at = 0;
  let part = 0;
  /** Where the last `*` is, and how much of the text it does not take yet. */
  let star = -1;
  let next = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted === '*') {
      star = part;
      next = at;
      part += 1;
    } else if (wanted?.(text[at])) {
      at += 1;
      part += 1;
    } else if (star >= 0) {
      next += 1;
      at = next;
      part = star + 1;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest === '*');
}

function partsOf(pattern: string): Part[] {
  return [...pattern.matchAll(/\[([!^]?)(\]?[^\]]{0,99})\]|[^]/g)].map(([written, not, set]): Part => {
    if (set !== undefined) return (char) => inSet(char, set) !== (not !== '');
    if (written === '*') return '*';
    return written === '?' ? () => true : (char) => char === written;
  });
}

/** `a-z0-9_` */
function inSet(char: string, set: string): boolean {
  return [...set.matchAll(/([^])-([^])|[^]/g)].some(([one, first, last]) => first === undefined ? char === one : first <= char && char <= last);
}
