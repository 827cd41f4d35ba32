import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parseDocument, stringify } from 'yaml';
import { parsePlain } from '../../../src/cli/input/plain-yaml';
import { CASES, caseIds } from '../../rules/manifests';

/** What the whole parser makes of a text; undefined when it refuses. */
function whole(text: string): { value: unknown } | undefined {
  const document = parseDocument(text, { logLevel: 'silent', prettyErrors: false });
  return document.errors.length > 0 ? undefined : { value: document.toJS() as unknown };
}

function agrees(text: string): boolean {
  const plain = parsePlain(text);
  if (plain) expect({ text, value: plain.value }).toEqual({ text, value: whole(text)?.value });
  return plain !== undefined;
}

const WORDS = fc.constantFrom('a', 'b c', 'true', 'no', '1', '0755', '1e3', '.5', '~', 'null', '', '-', 'x: y', '# z', 'a #b', '"q"', '\'s\'', '[', '{x', '&a',
  '*a', '!t', '|', '>', '%', '@', 'a:b',
  'http://h:1/p?q#f', '$(X)', ' lead', 'tail ', 'new\nline', 'tab\tin', 'über', '\u2028', '\xa0x', '- item', '0x1f', '.inf', '=', '<<', '{{ x }}');
const VALUES = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, WORDS, fc.integer(), fc.boolean(), fc.constant(null), fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }), fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(WORDS, fc.string()), tie('value'), { maxKeys: 4 })),
})).value;

test('what it reads, it reads as the whole parser does', () => {
  let read = 0;
  fc.assert(fc.property(VALUES, fc.constantFrom(40, 80, 0), fc.boolean(), (value, lineWidth, indentSeq) => {
    if (agrees(stringify({ key: value }, { lineWidth, indentSeq }))) read += 1;
  }), { numRuns: 2000, seed: 1 });
  // It would be useless if it left all to the other.
  expect(read).toBeGreaterThan(200);
});

const MANIFEST = readFileSync(join(CASES, 'redis/evicts-tasks/fail.yaml'), 'utf8').split('---\n')[0];

test('a damaged manifest is read as the whole parser reads it, or left to it', () => {
  fc.assert(fc.property(fc.nat(MANIFEST.length), fc.nat(12), fc.oneof(WORDS, fc.constantFrom('\n', ' ', '  ', '\t', ':', '- ', '\'', '"', '#')), (at, cut, insert) => {
    agrees(MANIFEST.slice(0, at) + insert + MANIFEST.slice(at + cut));
  }), { numRuns: 3000, seed: 2 });
});

test.each(['~', 'null', 'NULL', 'True', 'false', 'yes', 'on', '0755', '-1', '+1', '1.5', '.5', '1e3', '1_000', '2026-01-01', '1:30'])('a: %s', (text) => {
  expect(agrees(`a: ${text}\nb: [${text}]\n`)).toBe(true);
});

test.each(caseIds())('the case of %s', (id) => {
  const documents = readFileSync(join(CASES, id, 'fail.yaml'), 'utf8').split(/^---$/m);
  documents.forEach(agrees);
});

const FOLDED = `command:
  [
    celery,
    -A, shop,   'a: b',

    {name: x,
     value: "y"},
  ]
args: [sh, -c,
  a b]
script: >-
  exec celery
  -A shop worker
list:
  - >
    one
    two
  - [a,
    b]
last: {a:
  1}
quoted: [sh, 'pip install celery[redis] &&
    exec celery',

  "one

  two"]
`;

test('lines that go on, as formatters write them', () => {
  expect(agrees(FOLDED)).toBe(true);
});

test.each(['a: [\n]\n', 'a: [b\n  c]\n', 'a: [b, # c\n  d]\n', 'a: ["[",\n  b]\n', 'a: {b\n  : c}\n', 'a: [\n'])(
  '%j is left to the whole parser', (text) => {
    expect(agrees(text)).toBe(false);
  });

const LONG = `plain: one
  two

  three - 'four' & "five"
single: 'one
  ''two''


  # three' # comment
double: "one \\
  \\  two\\n
  
  \\u00fc\\x41\\U0001F600\\e\\_
  three"
items:
- one
  two
- 'one

  two'
- key: one
    two
  literal: |2-
       deeper
     text

  keep: |+
    one


  folded: >
    one
    two

    three
      deeper

      still

    four
f:metadata:
  k:{"name":"worker"}: {}
  .: {}
  00-default.conf: |

    after an empty line
`;

test('scalars of several lines, as people and tools write them', () => {
  expect(agrees(LONG)).toBe(true);
});

test.each([['lines', FOLDED, 6000], ['scalars', LONG, 3000]])('damaged %s that go on are read as the whole parser reads them, or left to it', (_, whole_, numRuns) => {
  const inserts = fc.constantFrom('\n', ' ', '  ', '\t', ':', '- ', ',', ']', '{', '\'', '"', '#', '\n\n', '\\', '|', '>', '+', '-', '2', ' #', '\n  ', '\n   \n');
  fc.assert(fc.property(fc.nat(whole_.length), fc.nat(6), fc.oneof(WORDS, inserts), (at, cut, insert) => {
    agrees(whole_.slice(0, at) + insert + whole_.slice(at + cut));
  }), { numRuns, seed: 3 });
});

test('strings of several lines, in each style that a tool may choose', () => {
  const pieces = fc.constantFrom('word', ' ', '  ', '\n', '\n\n', '\t', '#', ' #', '\'', '"', '\\', ':', ': ', '- ', 'a long enough line that is to be wrapped', 'more', 'words', '\x07', 'é', '😀');
  const styles = fc.constantFrom('PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED') as fc.Arbitrary<'PLAIN'>;
  let read = 0;
  fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }), styles, fc.constantFrom(20, 80, 0), (given, defaultStringType, lineWidth) => {
    const value = given.join('');
    if (agrees(stringify({ key: value, list: [value, { key: value, last: 1 }] }, { defaultStringType, defaultKeyType: 'PLAIN', lineWidth }))) read += 1;
  }), { numRuns: 1500, seed: 4 });
  expect(read).toBeGreaterThan(1200);
});

test('it knows the lines', () => {
  const plain = parsePlain('# comment\na: 1\nb:\n  - x: 1\n    y:\n    - 2\n  - |\n    text\n  - z: [1]\nc: "one\n\n  # two"\nd: [one,\n\n  # comment\n  {two: 1,\n  three: 2}]\n', true)!;
  const value = plain.value as { b: Array<Record<string, unknown>>; d: [string, object] };
  expect(plain.lines!.get(value)).toEqual(new Map([['a', 2], ['b', 3], ['c', 10], ['d', 13]]));
  expect(plain.lines!.get(value.b)).toEqual(new Map([[0, 4], [1, 7], [2, 9]]));
  expect(plain.lines!.get(value.b[0])).toEqual(new Map([['x', 4], ['y', 5]]));
  expect(plain.lines!.get(value.d)).toEqual(new Map([[0, 13], [1, 16]]));
  expect(plain.lines!.get(value.d[1])).toEqual(new Map([['two', 16], ['three', 17]]));
});
