import { glob } from '../../../src/manifests/command/glob';

test.each<[string, string[], string[]]>([
  ['worker', ['worker'], ['', 'work', 'workers', 'Worker']],
  ['', [''], ['a']],
  ['*', ['', 'a', 'a\nb'], []],
  ['work*', ['work', 'worker'], ['wor', 'awork']],
  ['*er', ['er', 'worker', 'erer'], ['erx', 'e']],
  ['w*k*r', ['wkr', 'worker', 'wxkxkr'], ['wk', 'wr']],
  ['?eat', ['beat', 'heat'], ['eat', 'bbeat']],
  ['[bh]eat', ['beat', 'heat'], ['eat', 'seat']],
  ['[a-c]1', ['a1', 'c1'], ['d1', '-1']],
  ['[!a-c]1', ['d1', '-1'], ['a1', '1']],
  ['[^a]', ['b'], ['a', '']],
  ['[]x]', [']', 'x'], ['[']],
  ['[', ['['], ['', 'a']],
  ['[a-', ['[a-'], ['a', '-']],
  ['a.b(c)+|\\{$}', ['a.b(c)+|\\{$}'], ['axb(c)+|\\{$}']],
])('%j', (pattern, matching, others) => {
  expect(matching.filter((text) => !glob(pattern, text))).toEqual([]);
  expect(others.filter((text) => glob(pattern, text))).toEqual([]);
});

test('a pattern that would take a regular expression forever', () => {
  expect(glob(`${'*a'.repeat(50)}*b`, 'a'.repeat(2000))).toBe(false);
});
