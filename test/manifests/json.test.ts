import { asNumber, asScalar, asText, get } from '../../src/manifests/json';

test.each<[unknown, string | undefined, string | undefined, number | undefined]>([
  ['', '', '', undefined], ['a', 'a', 'a', undefined], [1, undefined, '1', 1], [true, undefined, 'true', undefined], [NaN, undefined, 'NaN', undefined],
  [null, undefined, undefined, undefined], [{}, undefined, undefined, undefined], [['a'], undefined, undefined, undefined],
])('%p is the text %p, the scalar %p and the number %p', (value, text, scalar, number) => {
  expect([asText(value), asScalar(value), asNumber(value)]).toEqual([text, scalar, number]);
});

test.each<[unknown, unknown]>([[{ a: [{ b: 0 }] }, 0], [{ a: [] }, undefined], [{ a: 'x' }, undefined], [null, undefined], [Object.create({ a: [{ b: 0 }] }), undefined]])(
  'of %j a[0].b is %p', (value, found) => {
    expect(get(value, 'a', 0, 'b')).toBe(found);
  });
