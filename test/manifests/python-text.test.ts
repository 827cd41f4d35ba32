import { withoutComments, withoutStrings } from '../../src/manifests/python-text';

test.each<[string, string, string]>([
  ['a comment on its own line', 'a = 1\n# b = 2\nc = 3', 'a = 1\n\nc = 3'],
  ['one behind code', 'a = 1  # b = 2', 'a = 1  '],
  ['not the sign in a string', 'a = "#1"\nb = \'#2\'  # c', 'a = "#1"\nb = \'#2\'  '],
  ['not in a string with a quote of its own', 'a = "\\"#1" # b', 'a = "\\"#1" '],
  ['a docstring, whose lines stay', 'def f():\n  """One.\n\n  acks_late\n  """\n  return 1', 'def f():\n  \n\n\n\n  return 1'],
  ['not a text that is given', 'a = """\n# b\n"""', 'a = """\n# b\n"""'],
  ['a comment with a quote', '# it\'s\na = 1  # don\'t', '\na = 1  '],
])('%s', (_what, code, expected) => {
  expect(withoutComments(code)).toBe(expected);
});

test('strings become blanks, and what is behind them stays at its place', () => {
  expect(withoutStrings('a = "f(1)" # c\nb = f(\'\'\'x\ny\'\'\')')).toBe('a =        \nb = f(    \n    )');
});
