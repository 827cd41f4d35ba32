import { readJson } from '../../../src/cli/input/json';
import { Places } from '../../../src/cli/input/places';

/** The values of a text, and the lines of paths in the first of them. */
function read(text: string, ...paths: Array<Array<string | number>>) {
  const places = new Places();
  const json = readJson(text, places);
  return json && {
    values: json.values.map(({ value }) => value), lines: paths.map((path) => places.line(json.values[0].place, path)), repeated: json.repeated,
  };
}

/** What is no JSON is left to the reader of YAML, which is slower: a text that is JSON is not. */
test.each<[string, string, unknown[]]>([
  ['quotes in a text (L4)', '{"a": "one \\" two", "b": "\\\\", "c": ["{\\"d\\": [1]}"]}', [{ a: 'one " two', b: '\\', c: ['{"d": [1]}'] }]],
  ['brackets and commas in a text', '{"a": "}],:", "b": {"c": "["}}', [{ a: '}],:', b: { c: '[' } }]],
  ['two values', '{"a": 1}\n{"a": 2}\n', [{ a: 1 }, { a: 2 }]],
  ['values between lines of dashes', '---\n{"a": 1}\n--- \n{"a": 2}\n---\n', [{ a: 1 }, { a: 2 }]],
  ['the items of a list', '[{"a": 1}, null, 2]', [{ a: 1 }, null, 2]],
  ['nothing', ' \n', []],
])('reads %s', (_, text, values) => {
  expect(read(text)).toEqual({ values, lines: [], repeated: [] });
});

test('a text with escaped quotes keeps the lines of what follows it', () => {
  const text = '{\n"a": "one \\" two",\n"b": ["\\"", "\\\\",\n"three"],\n"c\\u0064": {\n"e": true}}';
  expect(read(text, ['a'], ['b', 1], ['b', 2], ['cd'], ['cd', 'e'])).toMatchObject({ lines: [2, 3, 4, 5, 6] });
});

test('a key is repeated however it is written', () => {
  expect(read('{"ab": 1,\n"a\\u0062": 2,\n"c": {"ab": 3}}', ['ab'])).toEqual({ values: [{ ab: 2, c: { ab: 3 } }], lines: [2], repeated: [2] });
});

test.each(['a: 1', '"text"', '1', '{"a": 1} ---\n{"a": 2}', '{"a": 1', '{"a": "1}', '{a: 1}', '{"a": 1,}', '["a" "b"]', '{"a": 1}}', '# {}'])('leaves %j', (text) => {
  expect(read(text)).toBeUndefined();
});
