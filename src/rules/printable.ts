/**
 * What a terminal or a CI system obeys, or does not show: control characters, line and paragraph separators, format characters such as
 * those that turn the direction of writing, lone surrogates, and commands of Azure Pipelines, GitHub and TeamCity (`##vso[...]`,
 * `##[...]`), which may be anywhere on a line.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|##(?=\w*\[)/gu;

const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '##': '\\x23#' };

/** A text of somebody else as it may be printed: all of it on one line, and nothing in it is obeyed. */
export function printable(text: string): string {
  return text.replace(OBEYED, (found) => NAMED[found] ?? escaped(found.codePointAt(0)!));
}

function escaped(code: number): string {
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Likewise, for the beginning of a line, where `::` makes a command of GitHub's. */
export function printableLine(text: string): string {
  return printable(text).replace(/^(\s*):(?=:)/, '$1\\x3a');
}

/** JSON of which nothing is obeyed, on one line or with an indent. It says the same. */
export function printableJson(value: unknown, indent?: number): string {
  // Below U+0080 all of them are escaped already, and lone surrogates.
  return JSON.stringify(value, null, indent).replace(/(?![\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|##(?=\w*\[)/gu, (found) => found === '##' ? '\\u0023#'
    : Array.from({ length: found.length }, (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''));
}

/** What is too long for a line of a table or a message, cut. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}

/** Names, one after the other, as far as anybody reads them. */
export function listed(names: Iterable<string>, comma = ', '): string {
  let all = '';
  for (const name of names) {
    if (all.length > 200) return `${all}${comma}...`;
    all += all === '' ? name : `${comma}${name}`;
  }
  return all;
}
