import { exposures, guardedByPolicy } from '../../src/manifests/network';
import { World } from '../../src/manifests/world';

const flower = (namespace = 'shop') => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'flower', namespace },
  spec: { template: { metadata: { labels: { app: 'flower', tier: 'web' } }, spec: {
    containers: [{ name: 'flower', image: 'shop:1', command: ['celery', '-A', 'shop', 'flower'], ports: [{ name: 'http', containerPort: 5555 }] }],
  } } },
});
const object = (kind: string, spec: object, metadata: object = {}) => ({ apiVersion: 'x/v1', kind, metadata: { name: 'flower', namespace: 'shop', ...metadata }, spec });
const service = (spec: object = {}, metadata: object = {}) => object('Service', { selector: { app: 'flower' }, ports: [{ name: 'web', port: 80, targetPort: 5555 }], ...spec }, metadata);
const ingress = (backend: object, more: { path?: string; spec?: object; metadata?: object } = {}) => object('Ingress', {
  rules: [{ host: 'a', http: { paths: [{ path: more.path, backend }] } }], ...more.spec,
}, more.metadata);
const TO = { service: { name: 'flower', port: { number: 80 } } };

/** What leads to port 5555 of the pods of Flower: `Ingress /x`, with `internal` and `guarded`. */
function reached(...objects: object[]): string[] {
  const world = new World([flower(), ...objects]);
  const workload = world.workloads.find(({ resource }) => resource.name === 'flower')!;
  return exposures(workload, 5555, new Set(['http']), world).map(({ by, internal, guarded, prefix, place }) =>
    [by, prefix, internal ? 'internal' : '', guarded ? 'guarded' : '', `${place.resource.kind}.${place.path.join('.')}`].filter(Boolean).join(' '));
}

describe('a Service', () => {
  test.each<[string, object, string[]]>([
    ['of no type leads nowhere from outside', service(), []],
    ['of type ClusterIP', service({ type: 'ClusterIP' }), []],
    ['of type NodePort', service({ type: 'NodePort' }), ['NodePort Service.spec.type']],
    ['of type LoadBalancer', service({ type: 'LoadBalancer' }), ['LoadBalancer Service.spec.type']],
    ['with another port', service({ type: 'NodePort', ports: [{ port: 80, targetPort: 8888 }] }), []],
    ['with the port itself', service({ type: 'NodePort', ports: [{ port: 5555 }] }), ['NodePort Service.spec.type']],
    ['with the port as text', service({ type: 'NodePort', ports: [{ port: 80, targetPort: '5555' }] }), ['NodePort Service.spec.type']],
    ['with the name of the port', service({ type: 'NodePort', ports: [{ port: 80, targetPort: 'http' }] }), ['NodePort Service.spec.type']],
    ['with another name', service({ type: 'NodePort', ports: [{ port: 80, targetPort: 'other' }] }), []],
    ['with a port that only looks like it', service({ type: 'NodePort', ports: [{ port: 5555, targetPort: 80 }] }), []],
    ['of other pods', service({ type: 'NodePort', selector: { app: 'other' } }), []],
    ['of some of the labels and others', service({ type: 'NodePort', selector: { app: 'flower', more: 'x' } }), []],
    ['of both labels', service({ type: 'NodePort', selector: { tier: 'web', app: 'flower' } }), ['NodePort Service.spec.type']],
    ['in another namespace', service({ type: 'NodePort' }, { namespace: 'other' }), []],
    ['for some addresses', service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8'] }), ['LoadBalancer guarded Service.spec.type']],
    ['for all addresses', service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '0.0.0.0/0'] }), ['LoadBalancer Service.spec.type']],
    ['for all addresses of IPv6', service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['::/0'] }), ['LoadBalancer Service.spec.type']],
    ['for none that is named', service({ type: 'LoadBalancer', loadBalancerSourceRanges: [] }), ['LoadBalancer Service.spec.type']],
    ['for some addresses, which a NodePort does not heed', service({ type: 'NodePort', loadBalancerSourceRanges: ['10.0.0.0/8'] }), ['NodePort Service.spec.type']],
    ['of a private network', service({ type: 'LoadBalancer', loadBalancerClass: 'tailscale' }), ['LoadBalancer guarded Service.spec.type']],
  ])('%s', (_, one, expected) => {
    expect(reached(one)).toEqual(expected);
  });

  test.each<[string, string, boolean]>([
    ['service.beta.kubernetes.io/aws-load-balancer-internal', 'true', true],
    ['service.beta.kubernetes.io/aws-load-balancer-scheme', 'internal', true],
    ['service.beta.kubernetes.io/aws-load-balancer-scheme', 'internet-facing', false],
    ['service.beta.kubernetes.io/aws-load-balancer-internal', 'false', false],
    ['service.beta.kubernetes.io/aws-load-balancer-internal', '0.0.0.0/0', true],
    ['networking.gke.io/load-balancer-type', 'Internal', true],
    ['alb.ingress.kubernetes.io/scheme', 'internal', true],
    ['service.beta.kubernetes.io/aws-load-balancer-nlb-target-type', 'ip', false],
    ['example.com/internal', 'true', false],
  ])('with %s: %s is internal: %p', (name, value, internal) => {
    expect(reached(service({ type: 'LoadBalancer' }, { annotations: { [name]: value } }))).toEqual([`LoadBalancer${internal ? ' internal' : ''} Service.spec.type`]);
  });
});

describe('an Ingress', () => {
  const AT = 'Ingress.spec.rules.0.http.paths.0.backend';
  test.each<[string, object, string[]]>([
    ['leads to the pods', ingress(TO), [`Ingress / ${AT}`]],
    ['by a path', ingress(TO, { path: '/flower' }), [`Ingress /flower ${AT}`]],
    ['by the name of the port', ingress({ service: { name: 'flower', port: { name: 'web' } } }), [`Ingress / ${AT}`]],
    ['of before Kubernetes 1.19', ingress({ serviceName: 'flower', servicePort: 80 }), [`Ingress / ${AT}`]],
    ['by another port', ingress({ service: { name: 'flower', port: { number: 81 } } }), []],
    ['by another name of a port', ingress({ service: { name: 'flower', port: { name: 'other' } } }), []],
    ['by no port', ingress({ service: { name: 'flower' } }), [`Ingress / ${AT}`]],
    ['to another Service', ingress({ service: { name: 'other', port: { number: 80 } } }), []],
    ['to nothing', ingress({}), []],
    ['in another namespace', ingress(TO, { metadata: { namespace: 'other' } }), []],
    ['by default', object('Ingress', { defaultBackend: TO }), ['Ingress Ingress.spec.defaultBackend']],
    ['with a login', ingress(TO, { metadata: { annotations: { 'nginx.ingress.kubernetes.io/auth-url': 'x' } } }), [`Ingress / guarded ${AT}`]],
    ['with a middleware', ingress(TO, { metadata: { annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'x' } } }), [`Ingress / guarded ${AT}`]],
    ['with something else', ingress(TO, { metadata: { annotations: { 'cert-manager.io/issuer': 'x' } } }), [`Ingress / ${AT}`]],
    ['of a private network', ingress(TO, { spec: { ingressClassName: 'tailscale' } }), [`Ingress / guarded ${AT}`]],
    ['of another class', ingress(TO, { spec: { ingressClassName: 'nginx' } }), [`Ingress / ${AT}`]],
    ['of an internal load balancer', ingress(TO, { metadata: { annotations: { 'alb.ingress.kubernetes.io/scheme': 'internal' } } }), [`Ingress / internal ${AT}`]],
  ])('%s', (_, one, expected) => {
    expect(reached(service(), one)).toEqual(expected);
  });

  test('to one of two ports of a Service', () => {
    const both = service({ ports: [{ name: 'web', port: 80, targetPort: 5555 }, { name: 'api', port: 8080, targetPort: 5555 }] });
    expect(reached(both, ingress(TO))).toEqual([`Ingress / ${AT}`]);
    expect(reached(both, ingress({ service: { name: 'flower', port: { number: 81 } } }))).toEqual([]);
  });

  test('together with a Service that is open itself', () => {
    expect(reached(service({ type: 'NodePort' }), ingress(TO))).toEqual(['NodePort Service.spec.type', `Ingress / ${AT}`]);
  });
});

describe('a route of a Gateway or of OpenShift', () => {
  const http = (rule: object, metadata?: object) => object('HTTPRoute', { rules: [{ backendRefs: [{ name: 'flower', port: 80 }], ...rule }] }, metadata);
  const AT = 'HTTPRoute.spec.rules.0.backendRefs.0';
  test.each<[string, object, string[]]>([
    ['leads to the pods', http({}), [`HTTPRoute / ${AT}`]],
    ['by a path', http({ matches: [{ path: { value: '/flower' } }] }), [`HTTPRoute /flower ${AT}`]],
    ['through a filter', http({ filters: [{ type: 'ExtensionRef' }] }), [`HTTPRoute / guarded ${AT}`]],
    ['by another port', http({ backendRefs: [{ name: 'flower', port: 81 }] }), []],
    ['to another Service', http({ backendRefs: [{ name: 'other', port: 80 }] }), []],
    ['to none', http({ backendRefs: [{ port: 80 }] }), []],
    ['from another namespace', http({ backendRefs: [{ name: 'flower', namespace: 'shop', port: 80 }] }, { namespace: 'gateway' }), [`HTTPRoute / ${AT}`]],
    ['of another namespace', http({}, { namespace: 'gateway' }), []],
    ['of OpenShift', object('Route', { to: { kind: 'Service', name: 'flower' } }), ['Route Route.spec.to.name']],
    ['of OpenShift to another Service', object('Route', { to: { name: 'other' } }), []],
    ['of OpenShift to nothing', object('Route', {}), []],
  ])('%s', (_, one, expected) => {
    expect(reached(service(), one)).toEqual(expected);
  });
});

describe('a NetworkPolicy', () => {
  const policy = (spec: object, namespace = 'shop') => object('NetworkPolicy', spec, { namespace });
  test.each<[string, object, boolean]>([
    ['of the pods', policy({ podSelector: { matchLabels: { app: 'flower' } } }), true],
    ['of all pods', policy({ podSelector: {} }), true],
    ['of ingress', policy({ podSelector: {}, policyTypes: ['Egress', 'Ingress'] }), true],
    ['of egress', policy({ podSelector: {}, policyTypes: ['Egress'] }), false],
    ['of other pods', policy({ podSelector: { matchLabels: { app: 'other' } } }), false],
    ['of expressions', policy({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }), false],
    ['of another namespace', policy({ podSelector: {} }, 'other'), false],
  ])('%s guards: %p', (_, one, guards) => {
    const world = new World([flower(), one]);
    expect(guardedByPolicy(world.workloads[0], world)).toBe(guards);
  });
});
