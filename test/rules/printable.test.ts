import { printable, printableJson, printableLine } from '../../src/rules/printable';

test.each([
  ['celery-worker é 日本 😀', 'celery-worker é 日本 😀'],
  ['\u001b[31mred\u0007', '\\x1b[31mred\\x07'],
  ['one\r\ntwo\tthree', 'one\\r\\ntwo\\tthree'],
  ['\u009b2J\u007f', '\\x9b2J\\x7f'],
  // What turns the order of characters round, what is not shown, and half a character.
  ['a\u202eb\u200bc\u2028d\ud800e\u{e0001}', 'a\\u202eb\\u200bc\\u2028d\\ud800e\\u{e0001}'],
  ['##vso[task.complete] ##[error] # ## [', '\\x23#vso[task.complete] \\x23#[error] # ## ['],
])('%j is printed as %j', (text, printed) => {
  expect(printable(text)).toBe(printed);
  const json = printableJson({ text }, 2);
  expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|##\w*\[/u);
  expect(JSON.parse(json)).toEqual({ text });
});

test.each([['::error::x', '\\x3a:error::x'], ['  ::x', '  \\x3a:x'], ['a ::1', 'a ::1'], [':a', ':a']])('%j at the beginning of a line is printed as %j', (text, printed) => {
  expect(printableLine(text)).toBe(printed);
});
