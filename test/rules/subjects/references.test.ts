import { celery, found, workload } from '../pods';

const secret = (name: string, namespace: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: { url: 'x' }, ...more });
const reads = (kind: 'secretKeyRef' | 'configMapKeyRef', name: string, key = 'url') => ({ env: [{ name: 'A', valueFrom: { [kind]: { name, key } } }] });
const worker = (more: object, namespace = 'shop', name = 'worker') => workload(celery('worker', more), { namespace, name });
const ELSEWHERE = 'it is in crm, the pod in shop';

describe('a Secret of another namespace', () => {
  const other = (...objects: object[]) => found('references/other-namespace', worker(reads('secretKeyRef', 'redis')), ...objects);

  test.each<[string, object[], string[]]>([
    ['that nobody uses there', [secret('redis', 'crm')], [`error: Secret redis (${ELSEWHERE})`]],
    ['next to one of its own', [secret('redis', 'crm'), secret('redis', 'shop')], []],
    ['of another name', [secret('rabbit', 'crm')], []],
    ['that a pod uses there', [secret('redis', 'crm'), workload({ command: ['gunicorn'], ...reads('secretKeyRef', 'redis') }, { namespace: 'crm' })],
      [`warning: Secret redis (${ELSEWHERE}, unless that has one of the same name)`]],
    ['that another application uses there', [secret('redis', 'crm'), worker(reads('secretKeyRef', 'redis'), 'crm')], []],
    ['that only one of two applications uses', [secret('redis', 'crm'), worker(reads('secretKeyRef', 'redis'), 'crm'), secret('redis', 'data')],
      ['warning: Secret redis (it is in crm, data, the pod in shop, unless that has one of the same name)']],
    ['that something copies', [secret('redis', 'crm', { metadata: { name: 'redis', namespace: 'crm', annotations: { 'reflector.v1.k8s.emberstack.com/reflection-allowed': 'true' } } })], []],
    ['with another annotation', [secret('redis', 'crm', { metadata: { name: 'redis', namespace: 'crm', annotations: { 'example.com/team': 'x' } } })], [`error: Secret redis (${ELSEWHERE})`]],
  ])('%s', (_, objects, expected) => {
    expect(other(...objects)).toEqual(expected);
  });

  const tls = (...names: string[]) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'i', namespace: 'crm' }, spec: { tls: names.map((secretName) => ({ secretName })) } });
  const account = (field: string, name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'crm' }, [field]: [{ name: 'other' }, { name }] });

  test.each<[string, object, boolean]>([
    ['an Ingress', tls('other', 'redis'), true], ['an Ingress of another one', tls('other'), false], ['an account, for images', account('imagePullSecrets', 'redis'), true], ['an account', account('secrets', 'redis'), true],
    ['an account of another one', account('secrets', 'x'), false],
  ])('that %s uses there', (_, object, used) => {
    expect(other(secret('redis', 'crm'), object)).toEqual([used ? `warning: Secret redis (${ELSEWHERE}, unless that has one of the same name)` : `error: Secret redis (${ELSEWHERE})`]);
  });

  test.each<[string, object, number]>([
    ['ExternalSecret', { target: { name: 'redis' } }, 0], ['SealedSecret', {}, 1], ['Certificate', { secretName: 'redis' }, 0], ['VaultStaticSecret', { destination: { name: 'redis' } }, 0], ['Thing', { output: { name: 'redis' } }, 0],
    ['Thing', { target: { name: 'other' } }, 1],
  ])('that a %s with %j writes', (kind, spec, count) => {
    expect(other(secret('redis', 'crm'), { apiVersion: 'example.com/v1', kind, metadata: { name: 'x', namespace: 'shop' }, spec })).toHaveLength(count);
  });

  test('that a SealedSecret of its name writes, and what is of no Secret', () => {
    expect(other(secret('redis', 'crm'), { apiVersion: 'example.com/v1', kind: 'SealedSecret', metadata: { name: 'redis', namespace: 'shop' } })).toEqual([]);
    expect(found('references/other-namespace', worker(reads('configMapKeyRef', 'redis')), secret('redis', 'crm'))).toEqual([]);
  });
});

describe('a key that is not there', () => {
  const missing = (kind: 'secretKeyRef' | 'configMapKeyRef', key: string, ...objects: object[]) => found('references/no-such-key', worker(reads(kind, 'redis', key)), ...objects);
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'redis', namespace: 'shop' }, data: { url: 'x' }, binaryData: { bin: 'AA==' } };
  const written = { apiVersion: 'example.com/v1', kind: 'ExternalSecret', metadata: { name: 'redis', namespace: 'shop' }, spec: { target: { name: 'redis' } } };

  test.each<[string, 'secretKeyRef' | 'configMapKeyRef', string, object[], string[]]>([
    ['of a Secret', 'secretKeyRef', 'uri', [secret('redis', 'shop')], ['error: Secret redis, key uri']], ['that is there', 'secretKeyRef', 'url', [secret('redis', 'shop')], []],
    ['of a ConfigMap', 'configMapKeyRef', 'uri', [map], ['error: ConfigMap redis, key uri']], ['that is there, in binary', 'configMapKeyRef', 'bin', [map], []], ['of a Secret that is not there', 'secretKeyRef', 'uri', [], []],
    ['of an empty Secret', 'secretKeyRef', 'uri', [secret('redis', 'shop', { stringData: {} })], []], ['of a Secret that something writes', 'secretKeyRef', 'uri', [secret('redis', 'shop'), written], []],
    ['of a ConfigMap with the name of a Secret that something writes', 'configMapKeyRef', 'uri', [map, written], ['error: ConfigMap redis, key uri']],
    ['of an empty Secret of TLS', 'secretKeyRef', 'tls.crt', [secret('redis', 'shop', { stringData: {}, type: 'kubernetes.io/tls' })], ['error: Secret redis, key tls.crt (it has no keys)']],
    ['that a Secret of TLS has not', 'secretKeyRef', 'ca.crt', [secret('redis', 'shop', { stringData: {}, type: 'kubernetes.io/tls' })], []],
  ])('%s', (_, kind, key, objects, expected) => {
    expect(missing(kind, key, ...objects)).toEqual(expected);
  });
});

describe('a Secret that changes by itself', () => {
  const rotated = (by: object, around: object = {}, more: object = reads('secretKeyRef', 'redis')) => found('references/rotated-secret', workload(celery('worker', more), { namespace: 'shop', name: 'worker', ...around }), by);
  const external = (spec: object) => ({ apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', metadata: { name: 'redis', namespace: 'shop' }, spec });
  const vault = (kind: string, spec: object = {}) => ({ apiVersion: 'secrets.hashicorp.com/v1beta1', kind, metadata: { name: 'v', namespace: 'shop' }, spec: { destination: { name: 'redis' }, ...spec } });
  const said = (who: string) => [`warning: Secret redis (${who} writes it, unless it never changes, or something else restarts the pods)`];

  test.each<[string, object, object, string[]]>([
    ['by default', external({}), {}, said('ExternalSecret redis')], ['of another name', external({ target: { name: 'other' } }), {}, []], ['every hour', external({ refreshInterval: '1h' }), {}, said('ExternalSecret redis')],
    ...['0', '0s', '0m', '0h'].map((refreshInterval): [string, object, object, string[]] => [`never, by ${refreshInterval}`, external({ refreshInterval }), {}, []]), ['every 10 s', external({ refreshInterval: '10s' }), {}, said('ExternalSecret redis')],
    ['once', external({ refreshPolicy: 'CreatedOnce' }), {}, []], ['on change', external({ refreshPolicy: 'OnChange' }), {}, []], ['periodically', external({ refreshPolicy: 'Periodic' }), {}, said('ExternalSecret redis')],
    ...['VaultDynamicSecret', 'VaultStaticSecret', 'VaultPKISecret'].map((kind): [string, object, object, string[]] => [kind, vault(kind), {}, said(`${kind} v`)]),
    ['that restarts the pods', vault('VaultDynamicSecret', { rolloutRestartTargets: [{ kind: 'Deployment', name: 'worker' }] }), {}, []],
    ['that restarts others', vault('VaultDynamicSecret', { rolloutRestartTargets: [{ kind: 'Deployment', name: 'web' }] }), {}, said('VaultDynamicSecret v')],
    ['with a reloader', external({}), { annotations: { 'reloader.stakater.com/auto': 'true' } }, []], ['with a reloader that is off', external({}), { annotations: { 'reloader.stakater.com/auto': 'false' } }, said('ExternalSecret redis')],
    ['of a Job', external({}), { kind: 'Job' }, []],
  ])('%s', (_, by, around, expected) => {
    expect(rotated(by, around)).toEqual(expected);
  });

  test('and is mounted, which follows it', () => {
    expect(rotated(external({}), { pod: { volumes: [{ name: 'v', secret: { secretName: 'redis' } }] } }, { volumeMounts: [{ name: 'v', mountPath: '/v' }] })).toEqual([]);
    expect(rotated(external({}), {}, { envFrom: [{ secretRef: { name: 'redis' } }] })).toHaveLength(1);
  });
});
