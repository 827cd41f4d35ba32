/** Also where the end is seen too late, at that of the text. */
export const UNCLOSED = 'a quote or bracket is not closed, or its value goes on in a line that is not indented deeper than its key';

/** What js-yaml says of a text, by its first words, and what to do about it. What is in the text is not quoted: it may be a secret. */
const WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^tab characters/, 'a tab is in the indentation; use spaces'],
  [/^bad indentation of a (sequence|mapping) entry|^a line break is expected/, 'the indentation does not fit what is above; items and keys of one level begin in the same column'],
  [/^deficient indentation|^unexpected end of the (stream|document) within a (single|double|flow)/, UNCLOSED],
  [/^expected ':' after a mapping key|^end of the stream or a document|^can not read a block mapping entry|^a whitespace character is expected after the key/,
    'a line is no `key: value` and no `- item`, or has no space behind its colon; put texts with colons and other special characters in quotes'],
  [/^missed comma between flow collection entries/, 'between brackets a comma is missing; put values with commas, brackets or quotes in quotes'],
  [/^expected the node content/, 'between brackets there is a comma without a value before it'],
  [/^unknown escape sequence|^expected hexadecimal character/, 'a value in double quotes has a backslash that begins no escape; double it, or use single quotes'],
  [/^expected valid JSON character|^the stream contains non-printable|^null byte/, 'a control character is in a text; in double quotes write it as an escape, such as \\u001b'],
  [/tag/i, 'a value begins with ! as a tag does, and is none; put it in quotes'],
  [/anchor|alias/, 'a value begins with & or * as an anchor or alias does, and is none; put it in quotes'],
  [/chomping|indentation width/, 'behind | or > there is something other than an indentation (1 to 9), + or -'],
  [/directive|YAML version/, 'a line that begins with % is no directive that YAML has; put a text that begins with % in quotes'],
];

export function inOurWords(reason: string): string {
  return WORDS.find(([form]) => form.test(reason))?.[1] ?? 'the text is neither a map nor a list nor a value; put texts with special characters in quotes';
}
