import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { merge, OPTIONS, secretKey } from '../../../src/constructs/kubernetes/options';
import { describe as line } from '../../../src/constructs/validation/problems';

test('docs/pod-options.md has the table by which options merge', () => {
  const text = readFileSync(join(__dirname, '../../../docs/pod-options.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \|$/gm)].map(([, name, type, how]) => [name, type, how]);
  const typeOf = (type: string): string => type.startsWith('[]') ? `list of ${type.slice(2)}` : type === '{}string' ? 'map' : type.startsWith('"') ? 'string' : type;
  expect(rows).toEqual(Object.entries(OPTIONS).map(([name, { type, merge: how }]) => [
    name, typeOf(type), typeof how === 'object' ? `by \`${how.by}\`` : how === 'keys' ? 'by key' : 'replaced',
  ]));
});

test('two mounts of one volume are two, in one list and merged', () => {
  const cache = (mountPath: string) => ({ name: 'cache', mountPath });
  expect(merge({ volumeMounts: [cache('/a'), cache('/b')] }, { volumeMounts: [cache('/c'), { name: 'own', mountPath: '/b' }] }).volumeMounts)
    .toEqual([cache('/a'), { name: 'own', mountPath: '/b' }, cache('/c')]);
});

test('what is merged is not changed', () => {
  const app = { labels: { a: '1' }, env: [{ name: 'A', value: '1' }] };
  merge(app, { labels: { a: '2' }, env: [{ name: 'A', value: '2' }] });
  expect(app).toEqual({ labels: { a: '1' }, env: [{ name: 'A', value: '1' }] });
});

test.each<[unknown, string]>([
  [undefined, 'password: undefined is missing; give { name, key }'],
  [{ name: 'redis' }, 'password.key: undefined is missing; give { name, key }'],
  [{ name: 'redis', key: 'password', optional: true, value: 'hunter2' }, 'password.value: a value is not a field of SecretKeySelector; allowed: key, name, optional'],
  [{ name: 'Redis', key: 'password' }, 'password.name: \'Redis\' is not a name that Kubernetes accepts; '
    + 'use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit'],
])('the key of a Secret %j is refused', (given, expected) => {
  expect(secretKey('password', given).problems.map(line)).toEqual([expected]);
});
