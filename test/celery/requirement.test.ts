import { normalizeName, parseRequirement } from '../../src/celery/requirement';
import { isRange, isVersion, meets, pinned } from '../../src/celery/versions';

test.each([
  ['requests', { name: 'requests', extras: [], range: '' }],
  ['requests==2.32.3', { name: 'requests', extras: [], range: '==2.32.3' }],
  [' Click_Plugins  ==  0.1 ', { name: 'click-plugins', extras: [], range: '==  0.1' }],
  ['celery[redis,gevent]==5.3.4', { name: 'celery', extras: ['redis', 'gevent'], range: '==5.3.4' }],
  ['celery [ redis ] >= 5.3 , < 6', { name: 'celery', extras: ['redis'], range: '>= 5.3 , < 6' }],
  ['celery[]', { name: 'celery', extras: [], range: '' }],
  ['kombu (>=5.3,<6)', { name: 'kombu', extras: [], range: '>=5.3,<6' }],
  ['tomli==2.0.1; python_version < "3.12"', { name: 'tomli', extras: [], range: '==2.0.1' }],
  ['kombu~=5.6;python_version>"3"', { name: 'kombu', extras: [], range: '~=5.6' }],
  ['shop @ https://example.com/shop-1.0-py3-none-any.whl', { name: 'shop', extras: [], range: '', url: 'https://example.com/shop-1.0-py3-none-any.whl' }],
  ['shop[a] @https://example.com/s.zip ; python_version > "3"', { name: 'shop', extras: ['a'], range: '', url: 'https://example.com/s.zip' }],
  ['shop @ https://example.com/s.zip ;x', { name: 'shop', extras: [], range: '', url: 'https://example.com/s.zip' }],
  ['shop @ git+https://example.com/shop@v1;x', { name: 'shop', extras: [], range: '', url: 'git+https://example.com/shop@v1;x' }],
  ['requests=2', { name: 'requests', extras: [], range: '=2' }],
  ['celery==$VERSION', { name: 'celery', extras: [], range: '==$VERSION' }],
  ['a', { name: 'a', extras: [], range: '' }],
])('%p in its parts', (text, parts) => {
  expect(parseRequirement(text)).toEqual(parts);
});

test.each([
  '', ' ', '-r requirements.txt', '--index-url=x', './shop', '/shop', '.', 'shop-', '-shop', '_a', 'requests 2.32', 'celery[redis', 'celery[re dis]', 'celery[a;b]',
  'shop.whl', 'shop-1.0.tar.gz', 'a.zip', 'shop @', 'shop @ ', 'shop @ https://example.com/a b', 'shop @ https://example.com/a b;', 'https://example.com/shop.whl', '$PACKAGES', 'requests,flask', 'a'.repeat(1001),
])('%p is none', (text) => {
  expect(parseRequirement(text)).toBeUndefined();
});

test('a requirement of 1000 characters is read', () => {
  expect(parseRequirement('a'.repeat(1000))).toMatchObject({ range: '' });
});

test.each([['A.B_c--d', 'a-b-c-d'], ['celery', 'celery'], ['zope.interface', 'zope-interface']])('%s is %s to an index', (name, normal) => {
  expect(normalizeName(name)).toBe(normal);
});

test.each([
  ['==5.3.4', '5.3.4'], ['===5.3.4', '5.3.4'], [' == 5.3.4 ', '5.3.4'], ['==5.3.4rc1', '5.3.4rc1'], ['==5.3.*', undefined], ['>=5.3', undefined], ['5.3.4', undefined], ['', undefined],
  ['==', undefined], ['==5.3.4,<6', undefined], ['==$VERSION', undefined], ['~=5.3.4', undefined],
])('%p names the version %p', (range, version) => {
  expect(pinned(range)).toBe(version);
});

test.each([
  ['5.3.4', '>=5.3,<6', true], ['5.3.4', '', true], ['5.3.4', ' ', true], ['6.0', '>=5.3,<6', false], ['x', '', false], ['5.3.4', '>=x', false], ['5.3.4', '>', false],
])('%s meets %p: %s', (version, range, met) => {
  expect(meets(version, range)).toBe(met);
});

test('no version and no range is longer than 200 characters', () => {
  const long = '1'.repeat(200);
  expect([isVersion(long), isVersion(`${long}1`)]).toEqual([true, false]);
  expect([isRange(`>=${'1'.repeat(198)}`), isRange(`>=${'1'.repeat(199)}`), isRange(' '.repeat(300))]).toEqual([true, false, true]);
});
