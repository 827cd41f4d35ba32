import { allowsDns, allowsPeer, allowsPort, policiesOf, selects } from '../../src/manifests/policies';
import { World } from '../../src/manifests/world';
import { pod } from './pods';

const LABELS = { app: 'shop', tier: 'web', release: 1 };

test.each<[object, boolean]>([
  [{}, true], [{ matchLabels: { app: 'shop' } }, true], [{ matchLabels: { app: 'shop', tier: 'db' } }, false], [{ matchLabels: { other: 'shop' } }, false], [{ matchLabels: { release: '1' } }, true],
  ...([
    [{ key: 'app', operator: 'In', values: ['a', 'shop'] }, true], [{ key: 'app', operator: 'In', values: ['a'] }, false], [{ key: 'other', operator: 'In', values: ['a'] }, false],
    [{ key: 'app', operator: 'NotIn', values: ['a'] }, true], [{ key: 'app', operator: 'NotIn', values: ['shop'] }, false], [{ key: 'other', operator: 'NotIn', values: ['a'] }, true],
    [{ key: 'app', operator: 'Exists' }, true], [{ key: 'other', operator: 'Exists' }, false], [{ key: 'app', operator: 'DoesNotExist' }, false], [{ key: 'other', operator: 'DoesNotExist' }, true],
    [{ key: 'app', operator: 'Gt' }, true], [{ operator: 'Exists' }, false],
  ] as const).map(([expression, met]): [object, boolean] => [{ matchExpressions: [expression] }, met]),
  [{ matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }, { key: 'app', operator: 'In', values: ['a'] }] }, false],
])('%j selects: %s', (selector, met) => {
  expect(selects(selector, LABELS)).toBe(met);
});

const policy = (spec: object, metadata: object = {}, apiVersion = 'networking.k8s.io/v1') =>
  ({ apiVersion, kind: 'NetworkPolicy', metadata: { name: 'p', ...metadata }, spec });

test.each<[string, object, string[]]>([
  ['of all pods', policy({ podSelector: {} }), ['Ingress']],
  ['of the pods by a label', policy({ podSelector: { matchLabels: { app: 'shop' } } }), ['Ingress']],
  ['of the pods by an expression', policy({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }), ['Ingress']],
  ['of other pods', policy({ podSelector: { matchLabels: { app: 'other' } } }), []],
  ['of other pods by an expression', policy({ podSelector: { matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }), []],
  ['with a rule for egress', policy({ podSelector: {}, egress: [] }), ['Ingress', 'Egress']],
  ['of type Egress', policy({ podSelector: {}, policyTypes: ['Egress'] }), ['Egress']],
  ['of type Ingress, with a rule for egress', policy({ podSelector: {}, policyTypes: ['Ingress'], egress: [] }), ['Ingress']],
  ['of another API', policy({ podSelector: {} }, {}, 'crd.example/v1'), []],
  ['of another namespace', policy({ podSelector: {} }, { namespace: 'other' }), []],
])('a policy %s limits', (_, one, expected) => {
  const { world, workload } = pod({}, {}, one, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'third' } });
  expect((['Ingress', 'Egress'] as const).filter((direction) => policiesOf(workload, direction, world).length > 0)).toEqual(expected);
});

test.each<[object, boolean]>([
  [{}, true], [{ ports: [] }, true], [{ ports: [{ port: 6379 }] }, true], [{ ports: [{ port: 6380 }] }, false], [{ ports: [{ port: '6379' }] }, true], [{ ports: [{ port: '6380' }] }, false],
  [{ ports: [{ port: 6379, protocol: 'UDP' }] }, false], [{ ports: [{ protocol: 'TCP' }] }, true], [{ ports: [{ protocol: 'UDP' }] }, false],
  [{ ports: [{ port: 6000, endPort: 7000 }] }, true], [{ ports: [{ port: 6000, endPort: 6379 }] }, true],
  [{ ports: [{ port: 6000, endPort: 6378 }] }, false],
  [{ ports: [{ port: 6379, endPort: 7000 }] }, true],
  [{ ports: [{ port: 6380, endPort: 7000 }] }, false], [{ ports: [{ port: 'redis' }] }, true], [{ ports: [{ port: 'http' }] }, false], [{ ports: [{ port: 'a6379' }] }, false],
  [{ ports: [{ port: 80 }, { port: 6379 }] }, true],
])('%j allows 6379: %s', (rule, allowed) => {
  expect(allowsPort(rule, 6379, 'TCP', new Set(['redis']))).toBe(allowed);
});

test('a name that no port is known by may be any', () => {
  expect(allowsPort({ ports: [{ port: 'http' }] }, 6379, 'TCP')).toBe(true);
});

describe('a peer', () => {
  const namespace = (labels: object) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } });
  const may = (direction: 'Ingress' | 'Egress', rule: object, ...others: object[]) => {
    const world = new World([
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'shop' }, spec: { template: { metadata: { labels: { app: 'a' } }, spec: { containers: [] } } } },
      { ...policy({}), metadata: { name: 'p', namespace: 'shop' } }, { ...policy({}), metadata: { name: 'p', namespace: 'data' } }, ...others,
    ]);
    const [here, there] = ['shop', 'data'].map((name) => world.kind('NetworkPolicy').find((one) => one.namespace === name)!);
    return [here, there].map((one) => allowsPeer(rule, direction, one, world.workloads[0], world));
  };
  const name = (value: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': value } } });

  test.each<[string, object, boolean[]]>([
    ['none is all', {}, [true, true]],
    ['an address', { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }, [true, true]],
    ['pods of the namespace', { from: [{ podSelector: {} }] }, [true, false]],
    ['these pods of the namespace', { from: [{ podSelector: { matchLabels: { app: 'a' } } }] }, [true, false]],
    ['other pods of the namespace', { from: [{ podSelector: { matchLabels: { app: 'b' } } }] }, [false, false]],
    ['one of two', { from: [{ podSelector: { matchLabels: { app: 'b' } } }, { podSelector: {} }] }, [true, false]],
    ['any namespace', { from: [{ namespaceSelector: {} }] }, [true, true]],
    ['the namespace', { from: [name('shop')] }, [true, true]],
    ['another namespace', { from: [name('crm')] }, [false, false]],
    ['a namespace by a label out of sight', { from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] }, [true, true]],
    ['other pods of the namespace, by its name', { from: [{ ...name('shop'), podSelector: { matchLabels: { app: 'b' } } }] }, [false, false]],
    ['what is for the other direction', { to: [{ podSelector: { matchLabels: { app: 'b' } } }] }, [true, true]],
  ])('%s', (_, rule, expected) => {
    expect(may('Ingress', rule)).toEqual(expected);
  });

  test('of a rule for egress is in `to`', () => {
    expect(may('Egress', { to: [{ podSelector: { matchLabels: { app: 'b' } } }] })).toEqual([false, false]);
  });

  test('in a namespace whose labels are in sight', () => {
    const rule = { from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] };
    expect(may('Ingress', rule, namespace({ team: 'x' }))).toEqual([true, true]);
    expect(may('Ingress', rule, namespace({ team: 'y' }))).toEqual([false, false]);
    expect(may('Ingress', { from: [name('shop')] }, namespace({}))).toEqual([true, true]);
  });
});

test.each<[object, string, boolean | string]>([
  [{}, 'shop', true], [{ ports: [{ port: 53 }] }, 'shop', false], [{ ports: [{ port: 53, protocol: 'UDP' }] }, 'shop', true],
  [{ ports: [{ port: 5353, protocol: 'UDP' }] }, 'shop', true], [{ ports: [{ port: 54, protocol: 'UDP' }] }, 'shop', false],
  [{ ports: [{ port: 'dns', protocol: 'UDP' }] }, 'shop', true], [{ ports: [{ port: 'dns-tcp' }] }, 'shop', false],
  [{ to: [{ podSelector: {} }] }, 'shop', false], [{ to: [{ podSelector: {} }] }, 'kube-system', true], [{ to: [{ namespaceSelector: {} }] }, 'shop', true],
  [{ to: [{ ipBlock: { cidr: '10.0.0.10/32' } }] }, 'shop', true],
  [{ to: [{ ipBlock: { cidr: '8.8.8.8/32' } }] }, 'shop', 'the DNS server of the cluster is at one of the public addresses'],
  [{ to: [{ namespaceSelector: {} }], ports: [{ port: 443 }] }, 'shop', false],
  [{ to: [{ namespaceSelector: { matchLabels: { name: 'kube-system' } } }] }, 'shop', 'somebody has given the namespace kube-system the label name=kube-system'],
  [{ to: [{ namespaceSelector: { matchLabels: { name: 'dns' } } }] }, 'shop', true],
  [{ to: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { name: 'kube-system' } } }, { namespaceSelector: {} }] }, 'shop', true],
])('%j of a policy in %s allows DNS: %s', (rule, namespace, allowed) => {
  const world = new World([{
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace }, spec: { template: { spec: { containers: [] } } },
  }]);
  expect(allowsDns(rule, world.workloads[0], world)).toBe(allowed);
});
