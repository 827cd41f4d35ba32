import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { Violation } from '../../src/rules/rule';
import { runs } from '../random-runs';
import { caseFiles, caseIds, load, violations } from './manifests';

/** Several applications in one input: each gets the findings that it has by itself. */

interface Manifest {
  kind?: string;
  metadata?: { namespace?: string };
}

/** The objects of a case in a namespace of their own. */
function inNamespace(file: string, namespace: string): Manifest[] {
  return (load(file) as Manifest[]).map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

function key({ rule, severity, at, value, note, unless }: Violation): string {
  return [rule.id, severity, at.resource.namespace, at.resource.kind, at.resource.name, at.path.join('.'), value, note, unless].join(' | ');
}

/** Applications of which one half is not in the input are left out, and what has to do with namespaces. */
const FILES = caseIds().flatMap((id) => [...caseFiles(id, 'fail'), ...caseFiles(id, 'pass')]).filter((file) => {
  const text = readFileSync(file, 'utf8');
  return /celery/.test(text) && !/namespace|kind: (List|Template|NodePool|PersistentVolume)\b/i.test(text);
});

test('two applications in two namespaces', () => {
  expect(FILES.length).toBeGreaterThan(300);
  const keys = (objects: Manifest[]) => violations(objects).filter(({ rule }) => !rule.across).map(key);
  const file = fc.constantFrom(...FILES);
  fc.assert(fc.property(file, file, (one, other) => {
    const both = [inNamespace(one, 'one'), inNamespace(other, 'two')];
    expect(keys(both.flat()).sort()).toEqual(both.flatMap(keys).sort());
  }), { numRuns: runs(40) });
});

function deployment(name: string, container: object, labels: Record<string, string> = {}): object {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name, ...labels } }, spec: { terminationGracePeriodSeconds: 600, containers: [{ name: 'main', image: 'registry.example/app:1.4.2', ...container }] } },
    },
  };
}

const OUT_OF_SIGHT = { envFrom: [{ secretRef: { name: 'outside' } }] };
const service = (name: string): object => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 6379 }] } });
const redis = (name: string, ...args: string[]): object[] => [deployment(name, { image: 'redis:7.4', args: ['redis-server', ...args] }), service(name)];
const worker = (name: string, app: string, more: object = OUT_OF_SIGHT): object =>
  deployment(name, { command: ['celery', '-A', app, 'worker', '-c', '2', '--without-gossip', '--without-mingle'], ...more });
const flower = (name: string, app: string, more: object = {}): object =>
  deployment(name, { command: ['celery', '-A', app, 'flower', '--basic-auth=$(LOGIN)'], ...more });
const broker = (url: string): object => ({ env: [{ name: 'CELERY_BROKER_URL', value: url }] });

function found(id: string, ...objects: object[]): string[] {
  return violations(objects).filter(({ rule }) => rule.id === id).map(({ at, severity }) => `${at.resource.name} ${severity}`);
}

describe('two applications in one namespace', () => {
  const EVICTS = ['--maxmemory-policy', 'allkeys-lru'];

  test.each<[string, object[], string[]]>([
    ['each with a broker of its own that names tell', [worker('shop-worker', 'shop'), ...redis('shop-redis', ...EVICTS), worker('crm-worker', 'crm'), ...redis('crm-redis')],
      ['shop-redis warning']],
    ['one with a broker in sight', [worker('shop-worker', 'shop', broker('redis://shop-redis/0')), ...redis('shop-redis'), worker('crm-worker', 'crm'), ...redis('crm-redis', ...EVICTS)],
      ['crm-redis warning']],
    ['one that nothing names', [worker('worker', 'shop'), ...redis('redis', ...EVICTS), worker('crm-worker', 'crm'), ...redis('crm-redis')], ['redis warning']],
    ['one that nothing names, and whose broker is in sight', [worker('worker', 'shop', broker('redis://redis/0')), ...redis('redis'), worker('crm-worker', 'crm'), ...redis('crm-redis', ...EVICTS)],
      ['crm-redis warning']],
    ['a second Redis of one of them', [worker('shop-worker', 'shop'), ...redis('shop-redis'), ...redis('shop-redis-two', ...EVICTS), worker('crm-worker', 'crm'), ...redis('crm-redis')], []],
    ['a second Redis of one whose broker is in sight', [worker('shop-worker', 'shop', broker('redis://shop-redis/0')), worker('shop-mail', 'shop'), ...redis('shop-redis'), ...redis('shop-data', ...EVICTS)], []],
  ])('%s', (_, objects, expected) => {
    expect(found('redis/evicts-tasks', ...objects)).toEqual(expected);
  });

  test('of a release that labels tell', () => {
    const labelled = (object: object, release: string): object => {
      const copy = structuredClone(object) as { spec: { template: { metadata: { labels: Record<string, string> } } } };
      copy.spec.template.metadata.labels['app.kubernetes.io/instance'] = release;
      return copy;
    };
    const [crmRedis, crmService] = redis('redis-two', ...EVICTS);
    const [shopRedis, shopService] = redis('redis-one');
    expect(found('redis/evicts-tasks', labelled(worker('worker', 'shop'), 'shop'), labelled(shopRedis, 'shop'), shopService,
      labelled(worker('celery', 'crm'), 'crm'), labelled(crmRedis, 'crm'), crmService)).toEqual(['redis-two warning']);
  });

  test('a Redis in the namespace of another application is not the broker of this one', () => {
    const at = (namespace: string, ...objects: object[]) =>
      objects.map((object) => ({ ...object, metadata: { ...(object as Manifest).metadata, namespace } }));
    const shop = at('shop', worker('worker', 'shop'));
    const crm = at('crm', worker('worker', 'crm', broker('amqp://rabbit.example.com//')), ...redis('redis', ...EVICTS));
    expect(found('redis/evicts-tasks', ...shop, ...crm)).toEqual([]);
    expect(found('redis/evicts-tasks', ...shop, ...at('data', ...redis('redis', ...EVICTS)))).toEqual(['redis warning']);
  });

  test.each<[string, object[], string[]]>([
    ['of the same application', [worker('shop-worker', 'shop', {}), worker('crm-worker', 'crm', {}), flower('shop-flower', 'shop')], ['shop-worker info']],
    ['on the same broker', [worker('shop-worker', 'shop', broker('redis://redis/0')), worker('crm-worker', 'crm', broker('redis://redis.default.svc.cluster.local:6379/0')), flower('flower', 'shop', broker('redis://redis/0'))],
      ['crm-worker info', 'shop-worker info']],
    ['on brokers of two domains that begin alike', [worker('shop-worker', 'shop', broker('redis://redis.shop.example.com/0')), worker('crm-worker', 'crm', broker('redis://redis.crm.example.com/0')), flower('flower', 'other', broker('redis://redis.shop.example.com/0'))],
      ['shop-worker info']],
    ['on another database', [worker('shop-worker', 'shop', broker('redis://redis/0')), worker('crm-worker', 'crm', broker('redis://redis/1')), flower('flower', 'shop', broker('redis://redis/0'))], ['shop-worker info']],
    ['of which nothing tells whose it is', [worker('shop-worker', 'shop', {}), worker('crm-worker', 'crm', {}), flower('flower', 'other')], ['crm-worker info', 'shop-worker info']],
  ])('a Flower %s', (_, objects, expected) => {
    expect(found('flower/events-off', ...objects)).toEqual(expected);
  });

  test.each<[string, object, string[]]>([
    ['the broker of one of them', { image: 'danihodovic/celery-exporter:0.12', args: ['--broker-url=redis://shop/0'] }, ['shop-worker warning']],
    ['the broker of another database', { image: 'danihodovic/celery-exporter:0.12', args: ['--broker-url=redis://shop/3'] }, []],
    ['a broker out of sight', { image: 'danihodovic/celery-exporter:0.12', ...OUT_OF_SIGHT }, ['crm-worker warning', 'shop-worker warning']],
  ])('an exporter on %s', (_, container, expected) => {
    expect(found('observability/exporter-without-events', worker('shop-worker', 'shop', broker('redis://shop/0')), worker('crm-worker', 'crm', broker('redis://crm/0')), deployment('exporter', container)))
      .toEqual(expected);
  });

  test('a Secret of the same name in the namespace of another application', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'outside', namespace: 'crm' }, stringData: { A: 'b' } };
    const at = (namespace: string, object: object) => ({ ...object, metadata: { ...(object as Manifest).metadata, namespace } });
    expect(found('references/other-namespace', at('shop', worker('worker', 'shop')), at('crm', worker('worker', 'crm')), secret)).toEqual([]);
    expect(found('references/other-namespace', at('shop', worker('worker', 'shop')), secret)).toEqual(['worker error']);
  });
});
