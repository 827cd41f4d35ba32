import { createHash } from 'node:crypto';
import { contentHash } from '../../src/manifests/content-hash';

/** The same from the definition: names of ConfigMaps that are in clusters depend on it. */
function defined(...parts: Array<Record<string, string>>): string {
  const text = parts.map((part) => [`${Object.keys(part).length} `, ...Object.keys(part).sort().map((key) => `${key.length} ${part[key].length} ${key}${part[key]}`)]);
  return createHash('sha256').update(text.flat().join('')).digest('hex').slice(0, 8);
}

test.each<[string, Record<string, string>, Record<string, string>]>([
  ['nothing', {}, {}],
  ['a file', { 'a.py': 'a = 1\n' }, {}],
  ['binary data', { 'a.py': 'ä' }, { b: 'AAAA' }],
])('%s', (_, data, binaryData) => {
  expect(contentHash(data, binaryData)).toBe(defined(data, binaryData));
});

test('texts of the same lengths are told apart, however often they are asked for', () => {
  const contents = ['one', 'two', 'one', 'two'].map((b) => ({ b, a: 'x' }));
  expect(contents.map((data) => contentHash(data))).toEqual(contents.map((data) => defined(data, {})));
  expect(contentHash({ a: 'x', b: 'one' })).toBe(contentHash({ b: 'one', a: 'x' }));
  expect(contentHash({ a: 'one' }, { b: 'x' })).not.toBe(contentHash({ a: 'one', b: 'x' }));
});

test('more contents than are kept have the right hashes', () => {
  const contents = Array.from({ length: 50 }, (_, i) => ({ [`file-${i}`]: `${i}` }));
  for (const data of [...contents, ...contents]) expect(contentHash(data)).toBe(defined(data, {}));
});
