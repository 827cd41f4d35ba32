import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { dump } from 'js-yaml';
import { Places } from '../../../src/cli/input/places';
import { readYaml, YamlError } from '../../../src/cli/input/yaml';
import { Path } from '../../../src/manifests/json';
import { CASES } from '../../rules/manifests';
import { runs } from '../../random-runs';

interface Row { readonly text: string; readonly value?: unknown; readonly refused?: boolean }
/** Written by scripts/make-scalars.mjs: what kubectl reads. */
const SCALARS = JSON.parse(readFileSync(join(__dirname, 'scalars.json'), 'utf8')) as { values: Row[]; keys: Row[] };

function read(text: string): unknown {
  return readYaml(text, new Places(), 1).value;
}

/** The message, or the line from 1 and the message. */
function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof YamlError) return `${error.line + 1}: ${error.message}`;
    throw error;
  }
  throw new Error('was read');
}

/** The lines of paths. */
function lines(text: string, ...paths: Path[]): number[] {
  const places = new Places();
  const { place } = readYaml(text, places, 1);
  return paths.map((path) => places.line(place, path));
}

describe('what kubectl reads', () => {
  test('there are scalars of all kinds', () => {
    expect(SCALARS.values.length).toBeGreaterThan(400);
    expect(new Set(SCALARS.values.map(({ value }) => value === null ? 'null' : typeof value))).toEqual(new Set(['string', 'number', 'boolean', 'null', 'undefined']));
  });

  // A dash alone is an item of a list, which kubectl does not take in a map either.
  test.each(SCALARS.values)('a: $text', ({ text, value, refused }) => {
    if (refused) return expect(() => read(`a: ${text}\n`)).toThrow(YamlError);
    expect(read(`a: ${text}\n`)).toEqual({ a: value });
    // The same between brackets, where that may be written.
    if (!/[,:]/.test(text) && text !== '') expect(read(`[${text} ]`)).toEqual([value]);
  });

  test.each(SCALARS.keys)('$text: 1', ({ text, value, refused }) => {
    if (refused) return expect(() => read(`a:\n  ${text}: 1\n`)).toThrow(YamlError);
    expect(read(`a:\n  ${text}: 1\n`)).toEqual({ a: { [value as string]: 1 } });
  });

  test.each<[string, unknown]>([
    ['a: &x {k: 1}\nb: *x\n', { a: { k: 1 }, b: { k: 1 } }],
    ['a: &x 0755\nb: *x\n', { a: 493, b: 493 }],
    ['a: &x k\n*x : v\n', { a: 'k', k: 'v' }],
    // Of two anchors with one name the last one counts.
    ['a: &x 1\nb: &x 2\nc: *x\n', { a: 1, b: 2, c: 2 }],
    ['base: &x {k: 1, l: 2}\na:\n  <<: *x\n  k: 3\n', { base: { k: 1, l: 2 }, a: { k: 3, l: 2 } }],
    ['base: &x {k: 1}\na:\n  k: 3\n  <<: *x\n', { base: { k: 1 }, a: { k: 1 } }],
    ['a: {<<: [{k: 1, l: 1}, {l: 2, m: 2}], o: 3}\n', { a: { k: 1, l: 1, m: 2, o: 3 } }],
    ['a: {"<<": {k: 1}}\n', { a: { '<<': { k: 1 } } }],
    ['a: [b: c, ? d]\n', { a: [{ b: 'c' }, { d: null }] }],
    ['- \n-\n- a\n', [null, null, 'a']],
    ['a:\n- 1\n', { a: [1] }],
    ['a: |\n  x\n\n   y\nb: >-\n  x\n  y\n', { a: 'x\n\n y\n', b: 'x y' }],
    ['a: "x\\n\\u00fc\\x41\\U0001F600 \\\n   y"\n', { a: 'x\nüA😀 y' }],
    ['%YAML 1.1\n---\na: 1\n', { a: 1 }],
    ['# nothing\n', undefined],
    ['', undefined],
    ['~', null],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  test('a key __proto__ is a key', () => {
    expect(JSON.stringify(read('__proto__: {x: 1}\na: {<<: {__proto__: 2}}\n'))).toBe('{"__proto__":{"x":1},"a":{"__proto__":2}}');
  });

  test('keys that are there twice, and not those of a merge', () => {
    expect(readYaml('a: 1\nb:\n  c: 1\n  "c": 2\na: 2\n', new Places(), 1)).toMatchObject({ value: { a: 2, b: { c: 2 } }, repeated: [3, 4] });
    expect(readYaml('a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n', new Places(), 1).repeated).toEqual([]);
    expect(readYaml('a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n  k: 3\n', new Places(), 1).repeated).toEqual([4]);
  });
});

describe('what is refused', () => {
  test.each([
    ['a:\n\tb: 1\n', '2: is not YAML: a tab is in the indentation; use spaces'],
    ['a: 1\n   b: 2\n', '2: is not YAML: the indentation does not fit what is above'],
    ['a:\n  b: 1\n c: 2\n', '3: is not YAML: the indentation does not fit what is above'],
    ['a: 1\nhunter2\n', '2: is not YAML: a line is no `key: value`'],
    ['a: b: hunter2\n', '1: is not YAML: the indentation does not fit what is above'],
    ['a: "hunter2\n', '2: is not YAML: a quote or bracket is not closed'],
    ['a: \'hunter2\n', '2: is not YAML: a quote or bracket is not closed'],
    ['a: [hunter2\n', '2: is not YAML: a quote or bracket is not closed'],
    ['a: {hunter2\n', '2: is not YAML: a quote or bracket is not closed'],
    ['a: ["x" hunter2]\n', '1: is not YAML: between brackets a comma is missing'],
    ['a: [, hunter2]\n', '1: is not YAML: between brackets there is a comma without a value'],
    ['a: "\\hunter2"\n', '1: is not YAML: a value in double quotes has a backslash that begins no escape'],
    ['a: "hunter2\\xzz"\n', '1: is not YAML: a value in double quotes has a backslash that begins no escape'],
    ['a: "hunter2\u0007"\n', '1: is not YAML: a control character is in a text'],
    ['a: !hunter2" x\n', '1: is not YAML: a value begins with ! as a tag does'],
    ['a: !hunter!2 x\n', '1: is not YAML: a value begins with ! as a tag does'],
    ['a: *hunter2\n', '1: is not YAML: an alias (*) has no anchor (&) before it'],
    ['a: &\n', '1: is not YAML: a value begins with & or * as an anchor or alias does'],
    ['a: |hunter2\n', '1: is not YAML: the indentation does not fit what is above'],
    ['a: |0\n', '1: is not YAML: behind | or > there is something other than an indentation'],
    ['a: @hunter2\n', '1: is not YAML: '],
    ['%hunter2\n%YAML 9.0\na: 1\n', '3: is not YAML: a line that begins with % is no directive'],
    ['a: &x [*x]\n', '1: an alias is inside of what it stands for'],
    ['a: 1\n[b]: 2\n', '2: is not what kubectl reads: a map or a list is the key of a map'],
    ['a: &x [b]\n*x : 2\n', '2: is not what kubectl reads: a map or a list is the key of a map'],
    ['a: 1\n: 2\n', '2: is not what kubectl reads: a map has a key that is empty or null'],
    ['a:\n  <<: hunter2\n', '2: is not what kubectl reads: a merge key (<<) takes a map'],
    ['a:\n  - .inf\n', '2: is not what kubectl reads: .inf and .nan are no numbers of JSON'],
    ['a:\n  - !!int hunter2\n', '2: is not what kubectl reads: a value is not of its type !!int'],
  ])('%j', (text, message) => {
    expect(refusal(text).slice(0, message.length)).toBe(message);
    expect(refusal(text)).not.toContain('hunter2');
  });

  test.each([
    ['brackets', (depth: number) => `a: ${'['.repeat(depth)}${']'.repeat(depth)}\n`], ['maps', (depth: number) => `${'{a: '.repeat(depth)}1${'}'.repeat(depth)}\n`],
    ['lists', (depth: number) => `${'- '.repeat(depth)}a\n`], ['indentation', (depth: number) => Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
  ])('%s deeper than 500 levels', (_, text) => {
    expect(read(text(490))).toBeDefined();
    expect(refusal(text(502))).toMatch(/is nested deeper than 500 levels, which no manifest is$/);
    expect(refusal(text(2000))).toMatch(/is nested (too deeply|deeper than 500 levels, which no manifest is)$/);
  });

  test('aliases for more than a million values', () => {
    const list = (count: number) => `a: &a [${'x, '.repeat(999)}x]\nb: [${'*a, '.repeat(count)}x]\n`;
    expect(read(list(990))).toBeDefined();
    expect(refusal(list(1010))).toBe('1: has aliases that stand for more than 1000000 values');
    expect(refusal(`a: &a [x, x]\n${Array.from('bcdefghijklmnopqrstuvwxyz').map((name, i) => `${name}: &${name} [*${'abcdefghijklmnopqrstuvwxyz'[i]}, *${'abcdefghijklmnopqrstuvwxyz'[i]}]\n`).join('')}`))
      .toBe('1: has aliases that stand for more than 1000000 values');
    // A long text counts for more.
    expect(refusal(`a: &a ${'x'.repeat(100_000)}\nb: [${'*a, '.repeat(200)}x]\n`)).toBe('1: has aliases that stand for more than 1000000 values');
  });
});

describe('lines', () => {
  test('of keys and items', () => {
    const text = `# comment
a: 1
b:
  - x: 1
    w:
    - 2
  - |
    text
  - z: [1]
c: "one

  # two"
d: [one,

  # comment
  {two: 1,
  three: 2}]
`;
    expect(lines(text, [], ['a'], ['b'], ['b', 0], ['b', 0, 'x'], ['b', 0, 'w'], ['b', 0, 'w', 0], ['b', 1], ['b', 2, 'z', 0], ['c'], ['d'], ['d', 0], ['d', 1, 'two'], ['d', 1, 'three']))
      .toEqual([2, 2, 3, 4, 4, 5, 6, 7, 9, 10, 13, 13, 16, 17]);
  });

  test('of items whose dash is on a line of its own, or that are empty', () => {
    const text = 'a:\n-\n  # comment\n  k: 1\n- # comment\n\n  - x\n  -\n  # - no item\n  -\n    - y\n  - "z\n    - z"\n  - >\n    - t\n\n  - &anchor\n    v\n  - *anchor\n  - - 1\n    - 2\n';
    expect(lines(text, ['a', 0], ['a', 0, 'k'], ['a', 1], ['a', 1, 0], ['a', 1, 1], ['a', 1, 2], ['a', 1, 2, 0], ['a', 1, 3], ['a', 1, 4], ['a', 1, 5], ['a', 1, 6], ['a', 1, 7], ['a', 1, 7, 1]))
      .toEqual([2, 4, 5, 7, 8, 10, 11, 12, 14, 17, 19, 20, 21]);
  });

  test('of what is not there, the deepest part that is', () => {
    expect(lines('a: 1\nb:\n  - c: 1\n', ['x'], ['b', 1], ['b', 'c'], ['b', 0, 'd'], ['a', 0], ['b', -1])).toEqual([1, 2, 2, 3, 1, 2]);
  });

  test('through aliases, and of the last of two keys', () => {
    expect(lines('a: &x\n  k: 1\nb: *x\nc: 1\nc: 2\n', ['b', 'k'], ['b'], ['c'])).toEqual([2, 3, 5]);
    expect(lines('a: &x\n  k: 1\nb:\n  <<: *x\n  l: 1\n', ['b', 'k'], ['b', 'l'])).toEqual([3, 5]);
  });
});

describe('random texts', () => {
  const WORDS = fc.constantFrom('a', 'b c', 'true', 'no', '1', '0755', '1e3', '.5', '~', 'null', '', '-', 'x: y', '# z', 'a #b', '"q"', '\'s\'', '[', '{x', '&a', '*a', '!t', '|', '>', '%', '@', 'a:b',
    'http://h:1/p?q#f', '$(X)', ' lead', 'tail ', 'new\nline', 'two\n\nlines\n', ' deep\n  er\n', 'tab\tin', 'über', '\xa0x', '- item', '0x1f', '.inf', '=', '<<', '{{ x }}', '__proto__');
  const VALUES = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, WORDS, fc.integer(), fc.boolean(), fc.constant(null), fc.string(), fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(WORDS.filter((key) => key !== '__proto__'), fc.string()), tie('value'), { maxKeys: 4 })),
  })).value;
  const STYLES = fc.record({ flowLevel: fc.constantFrom(-1, 1, 2), lineWidth: fc.constantFrom(20, 80, -1), noRefs: fc.constant(true) });

  test('what is written is read, and each line has its key', () => {
    fc.assert(fc.property(VALUES, STYLES, (value, style) => {
      const text = dump({ key: value }, style);
      const places = new Places();
      const read = readYaml(text, places, 1);
      expect(read).toMatchObject({ value: JSON.parse(JSON.stringify({ key: value })), repeated: [] });
      const rows = text.split('\n');
      const visit = (here: unknown, path: Path): void => {
        if (typeof here !== 'object' || here === null) return;
        for (const [key, next] of Object.entries(here)) {
          const step = Array.isArray(here) ? Number(key) : key;
          const row = rows[places.line(read.place, [...path, step]) - 1];
          if (typeof step === 'string' && /^[a-z]+$/.test(step)) expect(row).toContain(step);
          if (typeof step === 'number' && style.flowLevel < 0) expect(row).toMatch(/^[ ]*([-:] +)*-( |$)/);
          visit(next, [...path, step]);
        }
      };
      visit(read.value, []);
    }), { numRuns: runs(60) });
  });

  const MANIFEST = readFileSync(join(CASES, 'redis/evicts-tasks/fail.yaml'), 'utf8').split('---\n')[0];
  const INSERTS = fc.oneof(WORDS, fc.constantFrom('\n', ' ', '  ', '\t', ':', '- ', '\'', '"', '#', ',', ']', '{', '\n\n', '\\', '|', '? ', '&a ', '*a', '<<: ', '!!int ', '\n---\n'));

  test('a damaged manifest is read, or refused with a line that it has', () => {
    fc.assert(fc.property(fc.nat(MANIFEST.length), fc.nat(12), INSERTS, (at, cut, insert) => {
      const text = MANIFEST.slice(0, at) + insert + MANIFEST.slice(at + cut);
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof YamlError)) throw error;
        expect(error.line).toBeLessThanOrEqual(text.split('\n').length);
        expect(error.message).toMatch(/^(is not YAML: |is not what kubectl reads: |an alias is inside)/);
      }
    }), { numRuns: runs(200) });
  });
});
