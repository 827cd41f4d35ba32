import { countResources, resources } from '../../src/manifests/resource';

const object = (kind: string, name: string, namespace?: string, more: object = {}) => ({ apiVersion: 'v1', kind, metadata: { name, ...namespace === undefined ? {} : { namespace }, ...more } });
const shown = (...objects: unknown[]) => resources(objects).map(({ kind, namespace, name, index, prefix }) =>
  `${kind} ${namespace}/${name} ${[index, ...prefix].join('.')}`);

test('in an order of their own: namespace, kind, name, content', () => {
  const second = object('A', 'a', 'x', { labels: { b: '2' } });
  const first = object('A', 'a', 'x', { labels: { b: '1' } });
  expect(shown(object('B', 'a', 'x'), object('A', 'b', 'x'), second, first, object('Z', 'z', 'w')))
    .toEqual(['Z w/z 4', 'A x/a 3', 'A x/a 2', 'A x/b 1', 'B x/a 0']);
});

test.each<[string, unknown[], string[]]>([
  ['nothing', [undefined, null, 'a', 1, [], {}], []],
  ['no kind', [{ apiVersion: 'v1' }], []],
  ['no version', [{ kind: 'Pod' }], []],
  ['no name', [{ apiVersion: 'v1', kind: 'Pod' }], ['Pod / 0']],
  ['a generated name', [{ apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'a-' } }], ['Pod /a- 0']],
  ['a List', [{ apiVersion: 'v1', kind: 'List', items: [object('Pod', 'a'), 1, object('Pod', 'b')] }], ['Pod /a 0.items.0', 'Pod /b 0.items.2']],
  ['a PodList', [{ apiVersion: 'v1', kind: 'PodList', items: [{ metadata: { name: 'a' } }] }], ['Pod /a 0.items.0']],
  ['a PodList of something else', [{ apiVersion: 'v1', kind: 'PodList', items: [object('Job', 'a')] }], ['Job /a 0.items.0']],
  ['a List of what says no kind', [{ apiVersion: 'v1', kind: 'List', items: [{ metadata: { name: 'a' } }] }], []],
  ['a kind that ends like one', [{ apiVersion: 'v1', kind: 'AllowList', metadata: { name: 'a' } }], ['AllowList /a 0']],
])('%s', (_, objects, expected) => {
  expect(shown(...objects)).toEqual(expected);
  expect(countResources(objects)).toBe(expected.length);
});

test('a List in a List, up to a depth', () => {
  const nested = (depth: number): object => depth === 0 ? object('Pod', 'a') : { apiVersion: 'v1', kind: 'List', items: [nested(depth - 1)] };
  expect(shown(nested(11))).toHaveLength(1);
  expect(shown(nested(12))).toEqual([]);
});

test.each<[string, unknown[], string[]]>([
  ['none that is named', [object('Pod', 'a'), object('Job', 'b')], ['/b', '/a']],
  ['the only one', [object('Pod', 'a'), object('Job', 'b', 'shop')], ['shop/b', 'shop/a']],
  ['default, of several', [object('Pod', 'a'), object('Job', 'b', 'shop'), object('Job', 'c', 'default')], ['default/c', 'default/a', 'shop/b']],
  ['none of several', [object('Pod', 'a'), object('Job', 'b', 'shop'), object('Job', 'c', 'crm')], ['/a', 'crm/c', 'shop/b']],
  ['none of what has none', [object('Pod', 'a', 'shop'), object('ClusterRole', 'b'), object('Namespace', 'c'), object('StorageClass', 'd'), object('NodePool', 'e')], ['/b', '/c', '/e', '/d', 'shop/a']],
  ['not that of what has none', [object('Pod', 'a'), object('PersistentVolume', 'b', 'odd')], ['/a', 'odd/b']],
])('the namespace of what names none is %s', (_, objects, expected) => {
  expect(resources(objects).map(({ namespace, name }) => `${namespace}/${name}`)).toEqual(expected);
});

test.each<[object, boolean]>([[{ uid: 'a', resourceVersion: '1' }, true], [{ uid: 'a' }, false], [{ resourceVersion: '1' }, false], [{}, false]])('%j is live: %s', (metadata, live) => {
  expect(resources([object('Pod', 'a', undefined, metadata)])[0].live).toBe(live);
});

describe('a Template of OpenShift', () => {
  const template = (spec: unknown, parameters: unknown, more: object = {}) => ({
    apiVersion: 'template.openshift.io/v1', kind: 'Template', objects: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }], parameters, ...more,
  });
  const filled = (spec: unknown, ...parameters: object[]) => resources([template(spec, parameters)])[0].json.spec;

  test.each<[unknown, object[], unknown]>([
    ['${A}-x-${B}', [{ name: 'A', value: '1' }, { name: 'B', value: 'b' }], '1-x-b'],
    ['${A}', [], '${A}'],
    ['${A}', [{ name: 'A' }], '${A}'],
    ['${{A}}', [{ name: 'A', value: '2' }], 2],
    ['${{A}}', [{ name: 'A', value: '-2' }], -2],
    ['${{A}}', [{ name: 'A', value: 'true' }], true],
    ['${{A}}', [{ name: 'A', value: 'false' }], false],
    ['${{A}}', [{ name: 'A', value: 'b2' }], 'b2'],
    ['${{A}}', [{ name: 'A', value: '2b' }], '2b'],
    ['${{A}}', [], '${{A}}'],
    [{ a: ['${A}', { b: '${{B}}' }], c: 1, d: null }, [{ name: 'A', value: 'x' }, { name: 'B', value: '3' }], { a: ['x', { b: 3 }], c: 1, d: null }],
  ])('%j with %j', (spec, parameters, expected) => {
    expect(filled(spec, ...parameters)).toEqual(expected);
  });

  test('is opened without the group of its API, too, as OpenShift had it before 3.6, and no other kind of that name', () => {
    expect(shown(template({}, [], { apiVersion: 'v1' }))).toEqual(['Pod /a 0.objects.0']);
    expect(shown(template({}, [], { apiVersion: 'shop.example.com/v1' }))).toEqual(['Template / 0']);
  });

  test('is at its place, and not opened within a List', () => {
    expect(shown(template({}, []))).toEqual(['Pod /a 0.objects.0']);
    expect(shown({ apiVersion: 'v1', kind: 'List', items: [template({}, [])] })).toEqual(['Template / 0.items.0']);
    expect(shown({ ...template({}, []), apiVersion: 'example.com/v1' })).toEqual(['Template / 0']);
  });
});
