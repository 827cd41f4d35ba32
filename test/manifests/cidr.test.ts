import { cidrOfAddress, isCidr, isPartOf, reaches } from '../../src/manifests/cidr';

test.each(['10.20.0.0/16', '0.0.0.0/0', '1.2.3.4/32', '2001:db8::/32', '::/0', '::ffff:10.0.0.0/104'])('%s is a network', (text) => {
  expect(isCidr(text)).toBe(true);
});

test.each(['10.20.0.0', '10.20.0.0/33', '10.20.0/16', '10.20.0.0/', '/16', '10.20.0.0/08', '2001:db8::/129', 'example.com/16', '', 7, undefined])('%p is none', (text) => {
  expect(isCidr(text)).toBe(false);
});

test.each([
  ['10.0.0.0/8', '0.0.0.0/0', true], ['192.168.0.0/16', '192.0.0.0/8', true], ['2001:db8:1::/48', '2001:db8::/32', true], ['::ffff:10.1.0.0/112', '::ffff:a00:0/104', true],
  ['0.0.0.0/0', '0.0.0.0/0', false], ['11.0.0.0/8', '10.0.0.0/8', false], ['10.0.0.0/8', '::/0', false], ['2001:db9::/48', '2001:db8::/32', false], ['x', '0.0.0.0/0', false],
])('%s is part of %s: %p', (part, whole, expected) => {
  expect(isPartOf(part, whole)).toBe(expected);
});

test('an address is a network of one', () => {
  expect(['10.1.2.3', '[2001:db8::1]', '2001:db8::1', 'redis', '10.1.2', 'fe80::1%eth0'].map(cidrOfAddress)).toEqual([
    '10.1.2.3/32', '2001:db8::1/128', '2001:db8::1/128', undefined, undefined, undefined,
  ]);
});

test.each<[string, string[], string, boolean]>([
  ['0.0.0.0/0', [], '10.0.0.0/8', true], ['10.0.0.0/8', [], '10.0.0.0/8', true], ['10.96.0.10/32', [], '10.0.0.0/8', true], ['203.0.113.0/24', [], '10.0.0.0/8', false],
  ['0.0.0.0/0', ['10.0.0.0/8'], '10.0.0.0/8', false], ['0.0.0.0/0', ['10.0.0.0/9'], '10.0.0.0/8', true], ['0.0.0.0/0', ['8.0.0.0/5'], '10.0.0.0/8', false],
  ['10.96.0.0/12', ['10.96.0.0/12'], '10.0.0.0/8', false], ['10.96.0.0/12', ['10.96.0.0/16'], '10.0.0.0/8', true], ['::/0', [], '10.0.0.0/8', false], ['x', [], '10.0.0.0/8', false],
])('%s without %j reaches into %s: %p', (cidr, exceptions, other, expected) => {
  expect(reaches(cidr, exceptions, other)).toBe(expected);
});
