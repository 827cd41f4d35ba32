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
  ['a namespace with a dot', route({ gateway: { name: 'public', namespace: 'a.b' } }), 'exposure.gateway.namespace: \'a.b\' is not a name'],
  ['a host that is misspelt', ingress({ host: undefined, hots: 'a.example.com' } as never), 'exposure.hots: is not one of the options here; did you mean host?'],
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
    expect(refusals(flower({ exposure, auth }))[0]).toMatch(new RegExp(`^\\[chart/flower\\] auth: (undefined is missing|FlowerAuth\\.none\\(\\) asks for no login), and the ${kind} would serve Flower to everybody; give e\\.g\\. FlowerAuth\\.basic`));
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
    ['... with groups that the path does not have', { 'nginx.ingress.kubernetes.io/rewrite-target': '/$2' }],
    ['HAProxy', { 'haproxy.org/path-rewrite': '/' }],
  ])('a prefix that is stripped on the way, by %s', (_controller, annotations) => {
    expect(refusals(flower({ exposure: ingress({ annotations }), urlPrefix: '/flower' })))
      .toEqual([expect.stringMatching(/every request comes as \/, the url prefix is \/flower.*\[flower\/prefix-and-path\]$/)]);
  });

  test.each(['/all', '/flower'])('one path for all requests, %s, also without a prefix', (target) => {
    const annotations = { 'nginx.ingress.kubernetes.io/rewrite-target': target };
    expect(refusals(flower({ exposure: ingress({ annotations }) }))).toEqual([expect.stringMatching(/every request comes as \/.*, the url prefix is not set.*\[flower\/prefix-and-path\]$/)]);
    expect(refusals(flower({ exposure: ingress({ annotations }), urlPrefix: '/flower' }))).toEqual([expect.stringMatching(/every request comes as \//)]);
  });

  test('the target / is one path below a prefix, and no rewrite without one', () => {
    const annotations = { 'nginx.ingress.kubernetes.io/rewrite-target': '/' };
    expect(refusals(flower({ exposure: ingress({ annotations }), urlPrefix: '/flower' }))).toEqual([expect.stringMatching(/every request comes as \//)]);
    expect(made({ exposure: ingress({ annotations }) }).metadata).toMatchObject({ annotations });
  });

  test('a prefix that a Middleware of Traefik strips', () => {
    expect(refusals((chart) => {
      new ApiObject(chart, 'strip', { apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', metadata: { name: 'strip' }, spec: { stripPrefix: { prefixes: ['/flower'] } } });
      flower({ urlPrefix: '/flower', exposure: ingress({ annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'test-strip@kubernetescrd' } }) })(chart);
    })).toEqual([expect.stringContaining('[flower/prefix-and-path]')]);
  });
});

describe('the class, by field and by annotation', () => {
  const classes = (
    ingressClassName: string | undefined, more: Partial<CeleryFlowerProps> = {}, annotations?: Record<string, string>,
  ) => (chart: Chart): void => {
    new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'flower', key: 'users' }),
      exposure: FlowerExposure.ingress({ host: 'flower.example.com', tls: 'flower-tls', ingressClassName, annotations }), ...more,
    });
  };
  const annotation = { 'kubernetes.io/ingress.class': 'traefik' };

  test('both: refused, as by the API server', () => {
    expect(refusals(classes('nginx', {}, annotation))).toEqual([
      '[chart/flower] exposure.annotations[\'kubernetes.io/ingress.class\']: \'traefik\' is given in addition to ingressClassName: \'nginx\', and the API server refuses that; leave it out',
    ]);
    expect(refusals(classes('nginx', { annotations: annotation }))).toEqual([expect.stringContaining('[chart/flower] annotations[\'kubernetes.io/ingress.class\']: \'traefik\' is given in addition')]);
  });

  test('one of them: accepted', () => {
    expect(render(classes(undefined, {}, annotation))).toContain('kubernetes.io/ingress.class');
    expect(render(classes('nginx'))).toContain('"ingressClassName": "nginx"');
  });
});

describe('a Gateway of the program', () => {
  const withGateway = (sectionName: string | undefined, listeners: object[], namespace = 'test') => (chart: Chart) => {
    new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'flower', key: 'users' }),
      exposure: FlowerExposure.httpRoute({ host: 'flower.example.com', gateway: { name: 'public', namespace, sectionName } }),
    });
    new ApiObject(chart, 'gateway', {
      apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'public', namespace }, spec: { gatewayClassName: 'traefik', listeners },
    });
  };
  const https = { name: 'https', port: 443, protocol: 'HTTPS' };
  const http = { name: 'http', port: 80, protocol: 'HTTP' };

  test.each<[string, string | undefined, object[], string, RegExp]>([
    ['without that listener', 'secure', [https], 'test', /: it has no such listener; it has "Gateway public, listener secure"; allowed: https\..*\[flower\/gateway-refuses-route\]$/],
    ['with another host', 'https', [{ ...https, hostname: '*.example.org' }], 'test', /: listener https is for \*\.example\.org; .*\[flower\/gateway-refuses-route\]$/],
    ['for its own namespace only', 'https', [https], 'edge', /: listener https takes routes of the namespace edge only; .*\[flower\/gateway-refuses-route\]$/],
    ['over HTTP', 'http', [http, https], 'test', /Flower asks for a login over HTTP, without TLS; it has "Gateway public, listener http"; allowed: sectionName: https\..*\[flower\/login-in-the-clear\]$/],
    ['also over HTTP', undefined, [http, https], 'test', /\[flower\/login-in-the-clear\]$/],
  ])('%s: refused', (_what, sectionName, listeners, namespace, message) => {
    const refused = refusals(withGateway(sectionName, listeners, namespace));
    expect(refused).toEqual([expect.stringMatching(message)]);
    expect(refused[0]).toMatch(/^\[chart\] HTTPRoute test\/celery-flower, spec\.parentRefs\[0\]: /);
  });

  test.each<[string, string | undefined, object[], string]>([
    ['of HTTPS', undefined, [https], 'test'], ['with a listener of HTTPS', 'https', [http, https], 'test'],
    ['for all namespaces', 'https', [{ ...https, allowedRoutes: { namespaces: { from: 'All' } } }], 'edge'],
    ['for hosts of the domain', 'https', [{ ...https, hostname: '*.example.com' }], 'test'],
  ])('%s: accepted', (_what, sectionName, listeners, namespace) => {
    expect(render(withGateway(sectionName, listeners, namespace))).toContain('HTTPRoute');
  });
});

describe('a host that something else of the program has', () => {
  const other = (namespace: string, host = 'flower.example.com') => (chart: Chart) => {
    new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'flower', key: 'users' }),
      exposure: FlowerExposure.ingress({ host: 'flower.example.com', tls: 'flower-tls', ingressClassName: 'nginx' }),
    });
    const backend = { service: { name: 'web', port: { number: 80 } } };
    new ApiObject(chart, 'other', {
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace },
      spec: { ingressClassName: 'nginx', rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    });
  };

  test.each(['test', 'web'])('with a Service that is not in the program, in the namespace %s: refused', (namespace) => {
    expect(refusals(other(namespace))).toEqual([
      expect.stringMatching(new RegExp(`^\\[chart\\] Ingress ${namespace}/web, .*: Ingress celery-flower leads it to the Service celery-flower; it has "flower\\.example\\.com/".*\\[flower/host-taken\\]$`)),
    ]);
  });

  test('another host: accepted', () => {
    expect(render(other('web', 'web.example.com'))).toContain('web.example.com');
  });
});

test('what is given in the place of a Secret of TLS is not shown', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----';
  for (const tls of [key, Buffer.from(key).toString('base64'), 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC']) {
    const refused = refusals((chart) => new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'flower', key: 'users' }), exposure: FlowerExposure.ingress({ host: 'flower.example.com', tls }),
    }));
    expect(refused).toEqual([expect.stringMatching(/^\[chart\/flower\] exposure.tls: a string of \d+ characters is not a name that Kubernetes accepts; use lower-case/)]);
  }
});
