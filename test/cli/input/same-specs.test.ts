import { emptyInput, parseText } from '../../../src/cli/input/files';
import { Places } from '../../../src/cli/input/places';
import { readYaml } from '../../../src/cli/input/yaml';

const HEAD = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: one\n';
const SPEC = 'spec:\n  replicas: 2\n  template: {spec: {containers: [{name: c, args: [a,\n    b]}]}}\n  text: |\n    x\n\n    y\n';

function read(...documents: string[]) {
  return parseText('test', documents.join('---\n'), emptyInput());
}

function linesOf(value: unknown, path: Array<string | number>, line: (path: Array<string | number>) => number): Array<[string, number]> {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [[path.join('.'), line(path)], ...inside.flatMap(([key, one]) => linesOf(one, [...path, Array.isArray(value) ? Number(key) : key], line))];
}

test('documents with the same spec share it, and each keeps its lines', () => {
  const texts = [HEAD, `# a comment\n\n${HEAD}  labels: {a: b}\n`, `${HEAD}  annotations:\n    text: |+\n      a\n\n`, `${HEAD}other:\n`].map((head) => `${head}${SPEC}`);
  const { documents, places, problems } = read(...texts);
  expect(problems).toEqual([]);
  let from = 1;
  for (const [i, { value, place }] of documents.entries()) {
    // A document begins behind its dashes.
    const text = i === 0 ? texts[i] : `\n${texts[i]}`;
    const alone = new Places();
    const { value: expected, place: root } = readYaml(text, alone, from - (i === 0 ? 0 : 1));
    expect(value).toEqual(expected);
    expect(linesOf(value, [], (path) => places.line(place, path))).toEqual(linesOf(expected, [], (path) => alone.line(root, path)));
    expect((value as { spec: unknown }).spec).toBe((documents[0].value as { spec: unknown }).spec);
    from += texts[i].split('\n').length;
  }
});

test.each([
  ['an anchor that the spec refers to', 'metadata: &m {name: a}\nspec:\n  x: *m\n', 'metadata: &m {name: b}\nspec:\n  x: *m\n'],
  ['an anchor inside', `${HEAD}spec:\n  x: &m [1]\n  y: *m\n`, `${HEAD}spec:\n  x: &m [1]\n  y: *m\n`],
  ['a spec in front', `${HEAD}${SPEC}`, `spec: 1\n${HEAD}${SPEC}`],
  ['a map in brackets in front', `${HEAD}${SPEC}`, `{a: b}\n${SPEC}`],
  ['text in front', `${HEAD}${SPEC}`, `abc\n${SPEC}`],
  ['nothing in front', `${HEAD}${SPEC}`, `\n${SPEC}`],
  ['a quote that goes on', `${HEAD}${SPEC}`, `${HEAD}a: "b\n${SPEC}c: d"\n`],
  ['a key that is there twice in front', `${HEAD}${SPEC}`, `kind: A\n${HEAD}${SPEC}`],
  ['a key that is there twice inside', `${HEAD}spec:\n  a: 1\n  a: 2\n`, `${HEAD}spec:\n  a: 1\n  a: 2\n`],
  ['more keys behind', `${HEAD}${SPEC}status:\n  a: 1\n`, `${HEAD}${SPEC}status:\n  a: 1\n`],
  ['no YAML in front', `${HEAD}${SPEC}`, `a: b: c\n${SPEC}`],
  ['a template in front', `${HEAD}${SPEC}`, `a: {{ b }}\n${SPEC}`],
])('%s: documents are read as if each were given by itself', (_, first, second) => {
  const both = read(first, second);
  const [one, other] = [read(first), read(second)];
  expect(both.documents.map(({ value }) => value)).toEqual([...one.documents, ...other.documents].map(({ value }) => value));
  const before = first.split('\n').length - 1;
  expect(both.problems).toEqual([...one.problems, ...other.problems.map(({ line, ...problem }) => ({ ...problem, line: line! + before + 1 }))]
    .map((problem) => expect.objectContaining(problem) as unknown));
});
