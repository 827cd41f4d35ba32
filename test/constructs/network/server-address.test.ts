import { Broker, IBroker, RedisBroker, ResultBackend } from '../../../src';
import { celeryApp } from '../../fixtures';
import { refusals } from '../../manifests';
import { App, Chart } from 'cdk8s';

const ports = (port: number) => [{ port, protocol: 'TCP' }];
const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } }, podSelector: {} });

describe('where pods that use a broker connect to', () => {
  const chart = () => new Chart(new App(), 'chart', { namespace: 'test' });
  const network = (broker: Broker) => celeryApp(chart(), { broker, resultBackend: ResultBackend.none() })._broker.network.broker;

  test.each<[string, Broker, unknown]>([
    ['a name outside the cluster: any address', Broker.fromUrl('rediss://redis.example.com:6380/0?ssl_cert_reqs=required'), [{ ports: ports(6380) }]],
    ['... of a network that is given', Broker.fromUrl('redis://redis.example.com', { cidr: '10.20.0.0/16' }), [{ to: [{ ipBlock: { cidr: '10.20.0.0/16' } }], ports: ports(6379) }]],
    ['an address', Broker.fromUrl('redis://10.1.2.3'), [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: ports(6379) }]],
    ['a name of another namespace', Broker.fromUrl('amqp://rabbit.data.svc.cluster.local//'), [{ to: [inNamespace('data')], ports: ports(5672) }]],
    ['... with another port behind its Service', Broker.fromUrl('redis://r.data.svc:80', { port: 6379 }), [{ to: [inNamespace('data')], ports: ports(6379) }]],
    ['a name of its own namespace', Broker.fromUrl('redis://redis'), [{ to: [{ podSelector: {} }], ports: ports(6379) }]],
    ['a name with one dot, which may be outside', Broker.fromUrl('redis://redis.data'), [{ ports: ports(6379) }]],
    ['a name that the kubelet expands', Broker.fromUrl('redis://$(HOST):6379/0'), [{ ports: ports(6379) }]],
    ['two in one place, once', Broker.fromUrl('amqp://a.data.svc//;amqp://b.data.svc//'), [{ to: [inNamespace('data')], ports: ports(5672) }]],
    ['a Secret', Broker.fromSecret({ name: 's', key: 'k' }), undefined],
    ['a Secret with its port', Broker.fromSecret({ name: 's', key: 'k' }, { port: 6380 }), [{ ports: ports(6380) }]],
    ['a Secret with port and network', Broker.fromSecret({ name: 's', key: 'k' }, { port: 6380, cidr: '10.0.0.0/8' }), [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: ports(6380) }]],
    ['a sentinel, and its Redis', Broker.fromUrl('sentinel://s.data.svc:26379', {}), [
      { to: [inNamespace('data')], ports: ports(26379) }, { to: [inNamespace('data')], ports: ports(6379) },
    ]],
    ['an address of a sentinel, and its Redis at any address', Broker.fromUrl('sentinel://10.1.2.3:26379'), [
      { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: ports(26379) }, { ports: ports(6379) },
    ]],
    ['addresses of sentinels, and their Redis at any address', Broker.fromSentinel({ sentinels: ['10.1.2.3', '10.1.2.4:26380'], masterName: 'm', port: 6390 }), [
      { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: ports(26379) }, { ports: ports(6390) }, { to: [{ ipBlock: { cidr: '10.1.2.4/32' } }], ports: ports(26380) },
    ]],
    ['an address of a sentinel, and its Redis in a network', Broker.fromSentinel({ sentinels: ['10.1.2.3'], masterName: 'm', cidr: '10.1.0.0/16' }), [
      { to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: ports(26379) }, { to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: ports(6379) },
    ]],
    ['a sentinel in a Secret, and its Redis', Broker.fromSecret({ name: 's', key: 'k' }, { transport: 'sentinel', masterName: 'mymaster', port: 26379 }), [
      { ports: ports(26379) }, { ports: ports(6379) },
    ]],
  ])('%s', (_what, broker, expected) => {
    expect(network(broker)).toEqual(expected);
  });

  test('a RedisBroker: its pods', () => {
    const own = chart();
    expect(celeryApp(own, { broker: new RedisBroker(own, 'redis') })._broker.network).toEqual({
      broker: [{
        to: [{ ...inNamespace('test'), podSelector: { matchLabels: { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': 'redis', 'component': 'redis' } } }],
        ports: ports(6379),
      }],
      resultBackend: [],
    });
  });

  test.each<[string, ResultBackend, unknown]>([
    ['a database', ResultBackend.fromUrl('db+postgresql://db.data.svc/celery'), [{ to: [inNamespace('data')], ports: ports(5432) }]],
    ['through the broker', ResultBackend.fromUrl('rpc://'), []],
    ['none', ResultBackend.none(), []],
    ['a Secret', ResultBackend.fromSecret({ name: 's', key: 'k' }), undefined],
    ['a Secret with its port', ResultBackend.fromSecret({ name: 's', key: 'k' }, { port: 5432, cidr: '10.0.0.0/8' }), [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: ports(5432) }]],
  ])('a result backend: %s', (_what, resultBackend, expected) => {
    expect(celeryApp(chart(), { resultBackend })._broker.network.resultBackend).toEqual(expected);
  });
});

test.each<[string, IBroker, string]>([
  ['a port', Broker.fromUrl('redis://r', { port: 0 }), 'broker.port: 0 is not a whole number of at least 1'],
  ['a port', Broker.fromSecret({ name: 's', key: 'k' }, { port: 65_536 }), 'broker.port: 65536 is more than 65535'],
  ['a network', Broker.fromUrl('redis://r', { cidr: '10.0.0.0' }), 'broker.cidr: \'10.0.0.0\' is not a network; give an address and a length, e.g. \'10.20.0.0/16\''],
  ['rules', { bind: () => ({ url: { value: 'redis://r' }, network: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }) }, 'broker.network[0].ipBlock: a map is not a field of NetworkPolicyEgressRule'],
  ['a peer', { bind: () => ({ url: { value: 'redis://r' }, network: [{ to: [{}] }] }) }, 'broker.network[0].to[0]: undefined names nobody; give ipBlock, namespaceSelector or podSelector'],
  ['a peer', { bind: () => ({ url: { value: 'redis://r' }, network: [{ to: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] }) },
    'broker.network[0].to[0]: a map has ipBlock and a selector of pods; give two peers'],
  ['an exception', { bind: () => ({ url: { value: 'redis://r' }, network: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] }) },
    'broker.network[0].to[0].ipBlock.except: \'11.0.0.0/16\' is not a part of 10.0.0.0/8; give networks within it'],
  ['a range of ports', { bind: () => ({ url: { value: 'redis://r' }, network: [{ ports: [{ port: 7000, endPort: 6999 }] }] }) }, 'broker.network[0].ports[0].endPort: 6999 is less than the port 7000'],
  ['a range of names', { bind: () => ({ url: { value: 'redis://r' }, network: [{ ports: [{ port: 'http', endPort: 80 }] }] }) }, 'broker.network[0].ports[0].endPort: 80 needs a port that is a number'],
  ['a protocol', { bind: () => ({ url: { value: 'redis://r' }, network: [{ ports: [{ port: 53, protocol: 'udp' }] }] }) },
    'broker.network[0].ports[0].protocol: \'udp\' is not allowed; give one of TCP, UDP, SCTP'],
])('refuses %s', (_what, broker, message) => {
  expect(refusals((chart) => celeryApp(chart, { broker, resultBackend: ResultBackend.none() })).join('\n')).toContain(`[chart/celery] ${message}`);
});
