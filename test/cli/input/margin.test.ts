import { indentValues } from '../../../src/cli/input/margin';
import { Places } from '../../../src/cli/input/places';
import { readYaml } from '../../../src/cli/input/yaml';

const read = (text: string) => readYaml(indentValues(text), new Places(), 1).value;

test.each([
  ['the bracket in the column of the key', 'args: [\n  "-A", shop,\n]\nenv: []\n', { args: ['-A', 'shop'], env: [] }],
  ['items in the column of the key', 'args: [\na,\nb\n]\n', { args: ['a', 'b'] }],
  ['brackets in brackets', 'a:\n- env: [\n  { name: A,\n  value: "]" },\n  {name: B, value: \'it\'\'s ]\'}\n  ]\n', { a: [{ env: [{ name: 'A', value: ']' }, { name: 'B', value: 'it\'s ]' }] }] }],
  ['a comment with a bracket', 'args: [ # ]\na # [\n]\nb: 1\n', { args: ['a'], b: 1 }],
  ['a quote in brackets', 'args: ["a;\nb", c\n]\nd: 1\n', { args: ['a; b', 'c'], d: 1 }],
  ['a quote in a word', 'args: [it\'s,\nb]\n', { args: ['it\'s', 'b'] }],
  ['a quote', 'a: "one\ntwo \\" ]"\nb: 1\n', { a: 'one two " ]', b: 1 }],
  ['text that is no YAML', 'a: |\n  - [ x\n  y: {\nb: [\n1\n]\nc: 2\n', { a: '- [ x\ny: {\n', b: [1], c: 2 }],
  ['text with an indicator and a comment', 'a:\n- |2- # [\n   [ x\n- b: {\nc: 1\n}\n', { a: [' [ x', { b: { c: 1 } }] }],
  ['nothing of the kind', 'a: b[\nc: d{e\n', { a: 'b[', c: 'd{e' }],
])('reads %s', (_, text, value) => {
  expect(read(text)).toEqual(value);
});

test('a bracket that is never closed is left open', () => {
  expect(() => read('a: [\nb: 1\n')).toThrow('a quote or bracket is not closed');
});
