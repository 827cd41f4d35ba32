import { printable } from '../../src/cli/printable';

test.each([
  ['celery-worker é 日本 😀', 'celery-worker é 日本 😀'],
  ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007'],
  ['one\r\ntwo\tthree', 'one\\u000d\\u000atwo\\u0009three'],
  ['\u009b2J\u007f', '\\u009b2J\\u007f'],
  // What turns the order of characters round, what is not shown, and half a character.
  ['a\u202eb\u200bc\u2028d\ud800e\u{e0001}', 'a\\u202eb\\u200bc\\u2028d\\ud800e\\u{e0001}'],
])('%j is printed as %j', (text, printed) => {
  expect(printable(text)).toBe(printed);
});
