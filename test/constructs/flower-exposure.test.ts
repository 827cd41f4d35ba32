import { ApiObject, Chart } from 'cdk8s';
import { CeleryFlower, CeleryFlowerProps, FlowerAuth, FlowerExposure, FlowerIngressOptions, FlowerRouteOptions } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, render, synth } from '../manifests';

const LOGIN = ['Secret/login'];
const basic = FlowerAuth.basic({ name: 'login', key: 'users' });

const flower = (props: Partial<CeleryFlowerProps>) => (chart: Chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: basic, ...props });
const ingress = (options: Partial<FlowerIngressOptions> = {}) => FlowerExposure.ingress({ host: 'flower.example.com', ...options });
const route = (options: Partial<FlowerRouteOptions> = {}) => FlowerExposure.httpRoute({ host: 'flower.example.com', gateway: { name: 'public' }, ...options });

const made = (props: Partial<CeleryFlowerProps>, wanted = 'Ingress') => synth((chart) => void flower(props)(chart), LOGIN).all.find(({ kind }) => kind === wanted)!;

describe('an Ingress', () => {
  test('leads to the Service, with TLS and the class', () => {
    const { metadata, spec } = made({ exposure: ingress({ tls: 'flower-tls', ingressClassName: 'nginx', annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } }) });
    expect(spec).toEqual({
      ingressClassName: 'nginx',
      tls: [{ hosts: ['flower.example.com'], secretName: 'flower-tls' }],
      rules: [{
        host: 'flower.example.com',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'celery-flower', port: { number: 5555 } } } }] },
      }],
    });
    expect(metadata).toMatchObject({
      name: 'celery-flower', annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
      labels: { 'app.kubernetes.io/instance': 'celery-flower', 'component': 'flower' },
    });
  });

  test('has neither TLS nor a class where none is given', () => {
    expect(made({ exposure: ingress() }).spec).toEqual({ rules: [expect.anything()] });
  });

  test('has the path of the prefix, as Flower and the probes do', () => {
    expect(made({ exposure: ingress(), urlPrefix: 'tools/flower/' }).spec.rules[0].http.paths[0].path).toBe('/tools/flower');
  });

  test('has the annotations of Flower in addition to its own', () => {
    expect(made({ exposure: ingress({ annotations: { a: '1' } }), annotations: { b: '2' } }).metadata.annotations).toEqual({ a: '1', b: '2' });
  });
});

describe('an HTTPRoute', () => {
  test('leads from a Gateway to the Service', () => {
    const { apiVersion, metadata, spec } = made({ exposure: route({ gateway: { name: 'public', namespace: 'gateways', sectionName: 'https' } }), urlPrefix: '/flower' }, 'HTTPRoute');
    expect([apiVersion, metadata.name, metadata.namespace]).toEqual(['gateway.networking.k8s.io/v1', 'celery-flower', 'test']);
    expect(spec).toEqual({
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: ['flower.example.com'],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/flower' } }], backendRefs: [{ name: 'celery-flower', port: 5555 }] }],
    });
  });

  test('names the Gateway only, where there is no more to say', () => {
    expect(made({ exposure: route() }, 'HTTPRoute').spec.parentRefs).toEqual([{ name: 'public' }]);
  });
});

test('what it makes can be reached', () => {
  synth((chart) => {
    const { ingress: made, httpRoute } = flower({ exposure: ingress() })(chart);
    expect([made?.kind, httpRoute]).toEqual(['Ingress', undefined]);
  }, LOGIN);
  render((chart) => {
    const { ingress: made, httpRoute } = flower({ exposure: route() })(chart);
    expect([made, httpRoute?.kind]).toEqual([undefined, 'HTTPRoute']);
  });
});

describe('the host', () => {
  const longest = `${'a.'.repeat(126)}a`;

  test.each(['flower.example.com', 'flower', 'xn--bcher-kva.example', '1.example.com', `${'a'.repeat(63)}.example.com`, longest])('%s is one', (host) => {
    expect(made({ exposure: ingress({ host }) }).spec.rules[0].host).toBe(host);
  });

  test.each([
    '', 'Flower.example.com', 'https://flower.example.com', 'flower.example.com:443', 'flower.example.com/flower', '*.example.com', 'flower_1.example.com',
    'flower..example.com', '.example.com', 'flower.example.com.', '-a.example.com', '10.0.0.1', `${'a'.repeat(64)}.example.com`, `${longest}.a`, 'bücher.example', 'a b',
  ])('%p is none', (host) => {
    for (const exposure of [ingress({ host }), route({ host })]) {
      expect(refusals(flower({ exposure }))).toEqual([
        expect.stringMatching(/^\[chart\/flower\] exposure\.host: '.* is not a DNS name; give one name in lower-case letters, without scheme, port, path and wildcard, e\.g\. 'flower\.example\.com'$/),
      ]);
    }
  });

  test('is required', () => {
    for (const exposure of [ingress({ host: undefined }), route({ host: undefined })]) {
      expect(refusals(flower({ exposure }))).toEqual(['[chart/flower] exposure.host: undefined is missing; give the DNS name, e.g. \'flower.example.com\'']);
    }
  });
});

test.each<[string, FlowerExposure, string]>([
  ['a Secret that no name can be', ingress({ tls: 'Flower_TLS' }), 'exposure.tls: \'Flower_TLS\' is not a name that Kubernetes accepts'],
  ['a class that no name can be', ingress({ ingressClassName: 'nginx class' }), 'exposure.ingressClassName: \'nginx class\' is not a name'],
  ['an annotation that none can be', ingress({ annotations: { 'a b': '1' } }), 'exposure.annotations: '],
  ['no Gateway', FlowerExposure.httpRoute({ host: 'flower.example.com' } as FlowerRouteOptions), 'exposure.gateway: undefined is missing; give the name of a Gateway: { name: \'public\' }'],
  ['a Gateway without a name', route({ gateway: {} as never }), 'exposure.gateway.name: undefined is missing'],
  ['a namespace that none can be', route({ gateway: { name: 'public', namespace: 'A' } }), 'exposure.gateway.namespace: \'A\' is not a name'],
  ['a listener that none can be', route({ gateway: { name: 'public', sectionName: '8443_' } }), 'exposure.gateway.sectionName: \'8443_\' is not a name'],
])('%s is refused', (_what, exposure, message) => {
  expect(refusals(flower({ exposure }))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
});

test('a value of a wrong type is refused once', () => {
  for (const exposure of [ingress({ host: 7 as never }), route({ host: 7 as never }), route({ gateway: { name: 7 as never } })]) {
    expect(refusals(flower({ exposure }))).toEqual([expect.stringMatching(/: 7 is not a string; give the /)]);
  }
});

test('all that is wrong is said at once', () => {
  expect(refusals(flower({ exposure: ingress({ host: 'A', tls: 'B', ingressClassName: 'C' }), auth: FlowerAuth.atProxy({ secret: 'D' }) })).map((line) => line.split(' ')[1]))
    .toEqual(['auth.secret:', 'exposure.host:', 'exposure.tls:', 'exposure.ingressClassName:']);
});

test.each([undefined, FlowerAuth.none()])('exposure without a login is refused (%#)', (auth) => {
  for (const [exposure, kind] of [[ingress(), 'Ingress'], [route(), 'HTTPRoute']] as const) {
    expect(refusals(flower({ exposure, auth }))[0]).toMatch(new RegExp(`^\\[chart/flower\\] auth: undefined is missing, and the ${kind} would serve Flower to everybody; give e\\.g\\. FlowerAuth\\.basic`));
  }
});

describe('what the rules find in the manifests is refused', () => {
  const secret = (chart: Chart, type: string, stringData: object): void => {
    new ApiObject(chart, 'tls', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'flower-tls' }, type, stringData });
  };

  test.each<[string, string, object]>([['other keys', 'Opaque', { certificate: 'x' }], ['no key', 'kubernetes.io/tls', {}]])('a Secret of the certificate with %s', (_what, type, data) => {
    expect(refusals((chart) => {
      secret(chart, type, data);
      flower({ exposure: ingress({ tls: 'flower-tls' }) })(chart);
    })).toEqual([expect.stringMatching(/^\[chart\] Ingress test\/celery-flower, spec\.tls\[0\]\.secretName: .*allowed: tls\.crt and tls\.key.*\[flower\/ingress-secret\]$/)]);
  });

  test.each<[string, (host: string) => FlowerExposure]>([['Ingress', (host) => ingress({ host })], ['HTTPRoute', (host) => route({ host })]])('a host that two have, by %s', (_kind, exposure) => {
    const two = (...hosts: string[]) => (chart: Chart): void => {
      const celery = celeryApp(chart);
      hosts.forEach((host, i) => new CeleryFlower(chart, `flower-${i}`, { celery, auth: basic, exposure: exposure(host) }));
    };
    expect(refusals(two('flower.example.com', 'flower.example.com'))).toEqual([expect.stringMatching(/it has "flower\.example\.com\/".*\[flower\/host-taken\]$/)]);
    expect(render(two('one.example.com', 'two.example.com'))).toContain('two.example.com');
  });

  test.each<[string, Record<string, string>]>([
    ['ingress-nginx', { 'nginx.ingress.kubernetes.io/rewrite-target': '/' }],
  ])('a prefix that is stripped on the way, by %s', (_controller, annotations) => {
    expect(refusals(flower({ exposure: ingress({ annotations }), urlPrefix: '/flower' })))
      .toEqual([expect.stringMatching(/requests come as \/, the url prefix is \/flower.*\[flower\/prefix-and-path\]$/)]);
  });

  test('a prefix that a Middleware of Traefik strips', () => {
    expect(refusals((chart) => {
      new ApiObject(chart, 'strip', { apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', metadata: { name: 'strip' }, spec: { stripPrefix: { prefixes: ['/flower'] } } });
      flower({ urlPrefix: '/flower', exposure: ingress({ annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'test-strip@kubernetescrd' } }) })(chart);
    })).toEqual([expect.stringContaining('[flower/prefix-and-path]')]);
  });
});
