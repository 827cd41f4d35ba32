import { isLabelValue, isQualifiedName } from '../../src/manifests/names';

test.each<[unknown, boolean]>([['', true], ['a', true], ['A.b_c-1', true], ['-a', false], ['a-', false], ['a b', false], ['a'.repeat(63), true], ['a'.repeat(64), false], [1, false]])('the label %j is accepted: %s', (value, accepted) => {
  expect(isLabelValue(value)).toBe(accepted);
});

test.each<[unknown, boolean]>([
  ['a', true], ['example.com/a', true], ['example.com/', false], ['/a', false], ['a/b/c', false], ['Example.com/a', false], ['example.com/A_b', true], ['', false], [1, false], ['example..com/a', false],
])('the name %j is accepted: %s', (value, accepted) => {
  expect(isQualifiedName(value)).toBe(accepted);
});
