import { invariantProblems, quantity } from '../invariants';
import { Manifest } from '../manifests';

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'n' }, data: { key: 'value' } };
const service = {
  apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'n' }, spec: { selector: { a: 'b' }, ports: [{ port: 80, targetPort: 8080 }] },
};
const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'n' }, spec: { podSelector: { matchLabels: { a: 'b' } } } };

function deployment(change: { metadata?: Manifest; spec?: Manifest; pod?: Manifest; container?: Manifest } = {}): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n', ...change.metadata },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b', c: 'd' } },
        spec: {
          containers: [{
            name: 'c', image: 'i', command: ['celery'], ports: [{ containerPort: 8080, name: 'http' }], volumeMounts: [{ name: 'v', mountPath: '/v' }],
            ...change.container,
          }],
          volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'key', path: 'p' }] } }],
          ...change.pod,
        },
      },
      ...change.spec,
    },
  };
}

const probe = (port: number | string) => ({ livenessProbe: { httpGet: { port } } });
const env = (valueFrom: Manifest) => ({ env: [{ name: 'E', valueFrom }] });

test('a valid set has no problem', () => {
  expect(invariantProblems([namespace, configMap, deployment({ container: probe('http') }), service, policy])).toEqual([]);
});

test.each<[string, Manifest[], string]>([
  ['an object without a name', [{ kind: 'Secret', metadata: {} }], 'Secret: the name \'undefined\' is not a DNS name'],
  ['a name that is not of DNS', [{ kind: 'Secret', metadata: { name: 'a_b' } }], 'Secret/a_b: the name \'a_b\' is not a DNS name'],
  ['a name that is too long for a label', [{ kind: 'Service', metadata: { name: 'a'.repeat(64) }, spec: {} }],
    `Service/${'a'.repeat(64)}: the name '${'a'.repeat(64)}' is not a DNS name`],
  ['a label value that Kubernetes refuses', [{ kind: 'Secret', metadata: { name: 's', labels: { l: 'a b' } } }], 'Secret/s: the label l can\'t be \'a b\''],
  ['a namespace that is not of DNS', [{ kind: 'Secret', metadata: { name: 's', namespace: 'A' } }], 'Secret/A/s: \'A\' is not the name of a namespace'],
  ['a name by content of what can change', [{ ...configMap, metadata: { ...configMap.metadata, name: 'm-5f2a91c3', labels: { 'cdk8s-celery/content-hash': '5f2a91c3' } } }],
    'ConfigMap/n/m-5f2a91c3: is named by its content, and not immutable'],
  ['a name that is not that of the content', [{ ...configMap, immutable: true, metadata: { ...configMap.metadata, labels: { 'cdk8s-celery/content-hash': '5f2a91c3' } } }],
    'ConfigMap/n/m: its name does not end with its hash, \'5f2a91c3\''],
  ['one name twice', [configMap, configMap], 'ConfigMap/n/m is there twice'],
  ['a Namespace after what is in it', [configMap, namespace], 'ConfigMap/n/m: comes before its Namespace'],
  ['the text undefined', [{ ...configMap, data: { key: '--loglevel=undefined' } }],
    'ConfigMap/n/m.data.key: \'--loglevel=undefined\' is no text that anybody meant'],
  ['the key undefined', [{ ...configMap, data: { undefined: '' } }], 'ConfigMap/n/m.data.undefined: \'undefined\' is no text that anybody meant'],
  ['the text NaN', [{ ...configMap, data: { key: 'NaNMi NaN' } }], 'ConfigMap/n/m.data.key: \'NaNMi NaN\' is no text that anybody meant'],
  ['the number NaN', [{ ...configMap, replicas: NaN }], 'ConfigMap/n/m.replicas: NaN'],
  ['an object as text', [{ ...configMap, data: { key: '[object Object]' } }], 'ConfigMap/n/m.data.key: \'[object Object]\' is no text that anybody meant'],
  ['a selector outside the labels of the template', [configMap, deployment({ spec: { selector: { matchLabels: { a: 'x' } } } })],
    'Deployment/n/d: selector: is not among the labels of the template'],
  ['a selector that selects everything', [configMap, deployment({ spec: { selector: {} } })], 'Deployment/n/d: selector: selects every pod'],
  ['a mount without a volume', [deployment({ pod: { volumes: [] } })], 'Deployment/n/d: container c: mounts v, which is not a volume of the pod'],
  ['a mount of an init container without a volume',
    [configMap, deployment({ pod: { initContainers: [{ name: 'i', volumeMounts: [{ name: 'w', mountPath: '/w' }] }] } })],
    'Deployment/n/d: container i: mounts w, which is not a volume of the pod'],
  ['two mounts at one path', [configMap, deployment({ container: { volumeMounts: [{ name: 'v', mountPath: '/v' }, { name: 'v', mountPath: '/v' }] } })],
    'Deployment/n/d: container c: /v is mounted twice'],
  ['two volumes of one name', [deployment({ pod: { volumes: [{ name: 'v', emptyDir: {} }, { name: 'v', emptyDir: {} }] } })],
    'Deployment/n/d: volume v is there twice'],
  ['a volume whose name is not of DNS', [deployment({ pod: { volumes: [{ name: 'v', emptyDir: {} }, { name: 'V_1', emptyDir: {} }] } })],
    'Deployment/n/d: \'V_1\' is not a DNS label'],
  ['two containers of one name', [configMap, deployment({ pod: { initContainers: [{ name: 'c' }] } })], 'Deployment/n/d: container c is there twice'],
  ['two ports of one name', [configMap, deployment({ container: { ports: [{ containerPort: 1, name: 'p' }, { containerPort: 2, name: 'p' }] } })],
    'Deployment/n/d: port name p is there twice'],
  ['a variable that is set twice', [configMap, deployment({ container: { env: [{ name: 'E', value: '1' }, { name: 'E', value: '2' }] } })],
    'Deployment/n/d: container c: E is set twice'],
  ['requests above the limit', [configMap, deployment({ container: { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '900Mi' } } } })],
    'Deployment/n/d: container c: requests 1Gi of memory, and its limit is 900Mi'],
  ['a probe of a port that nothing has', [configMap, deployment({ container: probe(5555) })],
    'Deployment/n/d: container c: is probed at port 5555, which it does not have'],
  ['a shell as the main process', [configMap, deployment({ container: { command: ['/bin/sh', '-c', 'pip install x && celery'] } })],
    'Deployment/n/d: container c: runs a shell: /bin/sh -c pip install x && celery'],
  ['a container without a command', [configMap, deployment({ container: { command: [] } })],
    'Deployment/n/d: container c: runs whatever its image says'],
  ['a ConfigMap that is nowhere', [deployment()], 'Deployment/n/d: needs ConfigMap m, which is nowhere'],
  ['a ConfigMap in another namespace', [{ ...configMap, metadata: { name: 'm', namespace: 'other' } }, deployment()],
    'Deployment/n/d: needs ConfigMap m, which is nowhere'],
  ['an item that the ConfigMap does not have', [{ ...configMap, data: {} }, deployment()],
    'Deployment/n/d: needs the key key, which ConfigMap m does not have'],
  ['a key that the ConfigMap does not have', [configMap, deployment({ container: env({ configMapKeyRef: { name: 'm', key: 'k' } }) })],
    'Deployment/n/d: needs the key k, which ConfigMap m does not have'],
  ['a variable from a Secret that is nowhere', [configMap, deployment({ container: env({ secretKeyRef: { name: 's', key: 'k' } }) })],
    'Deployment/n/d: needs Secret s, which is nowhere'],
  ['variables from a Secret that is nowhere', [configMap, deployment({ container: { envFrom: [{ secretRef: { name: 's' } }] } })],
    'Deployment/n/d: needs Secret s, which is nowhere'],
  ['a volume of a Secret that is nowhere', [deployment({ pod: { volumes: [{ name: 'v', secret: { secretName: 's' } }] } })],
    'Deployment/n/d: needs Secret s, which is nowhere'],
  ['a claim that is nowhere', [deployment({ pod: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'p' } }] } })],
    'Deployment/n/d: needs PersistentVolumeClaim p, which is nowhere'],
  ['a pull secret that is nowhere', [configMap, deployment({ pod: { imagePullSecrets: [{ name: 's' }] } })],
    'Deployment/n/d: needs Secret s, which is nowhere'],
  ['an account that is nowhere', [configMap, deployment({ pod: { serviceAccountName: 'a' } })], 'Deployment/n/d: needs ServiceAccount a, which is nowhere'],
  ['a Service without pods', [{ ...service, spec: { ...service.spec, selector: { a: 'x' } } }], 'Service/n/s: selects no pod'],
  ['a Service of a port that its pods do not have', [configMap, deployment({ container: { ports: [] } }), service],
    'Service/n/s: port 8080 is no port of its pods'],
  ['a policy without pods', [policy], 'NetworkPolicy/n/p: selects no pod'],
])('%s is found', (_what, manifests, problem) => {
  expect(invariantProblems(manifests)).toEqual([problem]);
});

test('what the cluster has already is given by name', () => {
  const manifests = [deployment({ pod: { serviceAccountName: 'a' } })];
  expect(invariantProblems(manifests, ['ConfigMap/m', 'ServiceAccount/a'])).toEqual([]);
});

test.each([['250m', 0.25], ['1', 1], ['1.5', 1.5], ['2Ki', 2048], ['1Gi', 2 ** 30], ['1G', 1e9]])('the quantity %s is %d', (text, number) => {
  expect(quantity(text)).toBe(number);
});
