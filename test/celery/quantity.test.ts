import { join } from 'node:path';
import { CASES, load, violations } from '../rules/manifests';
import { isQuantity, quantity, redisSize } from '../../src/celery/quantity';

interface ConfigMap {
  kind: string;
  data: Record<string, string>;
}

function sized(bytes: number): string[] {
  const objects = load(join(CASES, 'code/configmap-key/pass.yaml'));
  const configMap = objects.find((object) => (object as ConfigMap).kind === 'ConfigMap') as ConfigMap;
  configMap.data = { 'tasks.py': 'é'.repeat(bytes / 2) };
  return violations(objects).map(({ rule, severity }) => `${severity} ${rule.id}`);
}

test.each([
  [1_048_578, ['error code/configmap-too-large']],
  [1_048_576, ['warning code/configmap-too-large']],
  // The annotation of kubectl has the name of the file, too.
  [250_002 - 'tasks.py'.length, ['warning code/configmap-too-large']],
  [250_000 - 'tasks.py'.length, []],
])('a ConfigMap with a file of %d bytes', (bytes, expected) => {
  expect(sized(bytes)).toEqual(expected);
});

test.each([
  ['512Mi', 512 * 2 ** 20], ['0.5', 0.5], ['250m', 0.25], ['1e3', 1000], ['1E3', 1000], ['.5Gi', 2 ** 29], ['1.', 1], ['+2k', 2000], ['-1', -1], [' 1Ki ', 1024], [2, 2], ['3n', 3e-9],
])('the quantity %p is %p', (text, amount) => {
  expect(quantity(text)).toBeCloseTo(amount, 12);
  expect(isQuantity(typeof text === 'string' ? text.trim() : text)).toBe(true);
});

test.each(['', '.', 'Mi', '1 Mi', '1mi', '1MiB', '1x', '1e', '1e3Mi', '1.2.3', '0x10', undefined, null, {}, true])('%p is no quantity', (text) => {
  expect(quantity(text)).toBeUndefined();
  expect(isQuantity(text)).toBe(false);
});

test.each([['400mb', 400 * 2 ** 20], ['1GB', 2 ** 30], ['1g', 1e9], ['100', 100], ['1tb', undefined], ['mb', undefined]])('the size %p of Redis is %p', (text, bytes) => {
  expect(redisSize(text)).toBe(bytes);
});

test.each([['.25', 0.25], ['.125k', 125], ['1.', 1], ['12.50', 12.5]])('%s is %d', (text, expected) => {
  expect(quantity(text)).toBe(expected);
});
