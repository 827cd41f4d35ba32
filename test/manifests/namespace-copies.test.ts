import { withoutCopies } from '../../src/manifests/namespace-copies';
import { World } from '../../src/manifests/world';

const SPEC = { template: { spec: { containers: [{ name: 'main', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker'] }] } } };

interface Given {
  readonly [key: string]: unknown;
  readonly metadata: object;
}

const deployment = (namespace: string, more: object = {}, name = 'worker'): Given =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec: SPEC, ...more });
const container = (main: object): object => ({ spec: { template: { spec: { containers: [{ name: 'main', image: 'shop:1', ...main }] } } } });
const config = (namespace: string, data: object): Given => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config', namespace }, data });
const namespace = (name: string, labels: object = {}): Given => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });

/** The namespaces of the objects that are left out. */
function left(...objects: object[]): string[] {
  const without = withoutCopies(new World(objects));
  return without ? [...new Set([...without.copies.values()].flat().map(({ kind, name, namespace: own }) => kind === 'Namespace' ? name : own))].sort() : [];
}

test('of namespaces with the same objects the first is left, and knows its copies object by object', () => {
  const tenant = (name: string) => [namespace(name), deployment(name), config(name, { A: '1' })];
  const without = withoutCopies(new World(['t-1', 't-2', 't-3'].flatMap(tenant)))!;
  expect(without.world.resources.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(['ConfigMap config', 'Deployment worker', 'Namespace t-1']);
  expect([...without.copies].map(([first, others]) => [first.kind, others.map(({ kind, namespace: own, name }) => [kind, own, name])])).toEqual([
    ['Namespace', [['Namespace', '', 't-2'], ['Namespace', '', 't-3']]],
    ['ConfigMap', [['ConfigMap', 't-2', 'config'], ['ConfigMap', 't-3', 'config']]],
    ['Deployment', [['Deployment', 't-2', 'worker'], ['Deployment', 't-3', 'worker']]],
  ]);
});

test.each<[string, Given[]]>([
  ['one namespace', [deployment('t-1'), deployment('t-1', {}, 'mail')]],
  ['another spec', [deployment('t-1'), deployment('t-2', { spec: structuredClone(SPEC) })]],
  ['other content', [deployment('t-1'), config('t-1', { A: '1' }), deployment('t-2'), config('t-2', { A: '2' })]],
  ['other annotations', [deployment('t-1'), deployment('t-2', { metadata: { name: 'worker', namespace: 't-2', annotations: { a: 'b' } } })]],
  ['labels of the namespace', [namespace('t-1'), deployment('t-1'), namespace('t-2', { a: 'b' }), deployment('t-2')]],
  ['one object more', [deployment('t-1'), deployment('t-2'), config('t-2', {})]],
  ['a status', [deployment('t-1'), deployment('t-2', { status: { replicas: 1 } })]],
  ['names that differ in more than numbers', [deployment('prod'), deployment('test')]],
  ['longer numbers', [deployment('t-9'), deployment('t-10')]],
  ['a namespace that is named in another', [deployment('t-1'), deployment('t-2'), config('t-3', { URL: 'redis://redis.t-2.svc:6379/0' })]],
  ['a namespace that is named in a longer word', [deployment('t-1'), deployment('t-2'), config('other', { A: 'redis-t-1' })]],
  ['a namespace that is named in its copies', [deployment('t-1'), config('t-1', { URL: 'redis.t-1' }), deployment('t-2'), config('t-2', { URL: 'redis.t-1' })]],
  ['an object in no namespace', [deployment('t-1'), deployment('t-2'), { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'data' } }]],
  ['a namespace that a probe names', [deployment('t-1'), deployment('t-2'), deployment('other', container({
    command: ['celery', '-A', 'shop', 'worker'], livenessProbe: { exec: { command: ['sh', '-c', 'N=1; celery -A shop -b redis://redis.t-$N inspect ping'] } },
  }), 'mail')]],
  ['a namespace in a file that a script writes', [deployment('t-1'), deployment('t-2'), deployment('other', container({
    command: ['sh', '-c', 'cat > /etc/celery.py << EOF\nbroker_url = "redis://redis.t-$(N)"\nEOF\ncelery worker'], env: [{ name: 'N', value: '1' }],
  }), 'mail')]],
  ['names of which one begins with another', [deployment('t-1'), deployment('t-2'), deployment('t-1-a-1'), deployment('t-1-a-2'), config('other', { A: 'redis.t-1-a-2' })]],
  ['a kustomization', [deployment('t-1'), deployment('t-2'), { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', metadata: { namespace: 't-1' } }]],
  ['an object given twice', [deployment('t-1'), deployment('t-1'), deployment('t-2'), deployment('t-2')]],
  ['no process of Celery', [config('t-1', { A: '1' }), config('t-2', { A: '1' })]],
  ['what is no JSON', ['t-1', 't-2'].flatMap((name) => [deployment(name), config(name, { A: 1n })])],
])('none is left out: %s', (_, objects) => {
  expect(left(...objects)).toEqual([]);
});

test.each<[string, Given[], string[]]>([
  ['a second pair', [deployment('a-1'), deployment('a-2'), deployment('b-1', {}, 'mail'), deployment('b-2', {}, 'mail')], ['a-2', 'b-2']],
  ['next to one of its own', [deployment('t-1'), deployment('t-2'), deployment('other', {}, 'mail')], ['t-2']],
  ['a longer number', [deployment('t-1'), deployment('t-2'), config('other', { A: 'redis-t-12' })], ['t-2']],
  ['of 26 kinds', [...'abcdefghijklmnopqrstuvwxyz'].flatMap((_, i, all) => [1, 2].map((n) => deployment(`${all.slice(0, i + 1).join('')}-${n}`))),
    [...'abcdefghijklmnopqrstuvwxyz'].map((_, i, all) => `${all.slice(0, i + 1).join('')}-2`)],
  ['of three, one is named elsewhere', [deployment('t-1'), deployment('t-2'), deployment('t-3'), config('other', { URL: 'redis.t-1.svc' })], ['t-3']],
])('some are left out: %s', (_, objects, expected) => {
  expect(left(...objects)).toEqual(expected);
});
