import { ApiObject, Chart } from 'cdk8s';
import { CeleryFlower, CeleryFlowerProps, CeleryNetwork, FlowerAuth, FlowerExposure, FlowerOAuthOptions, FlowerOktaOptions } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, render, synth } from '../manifests';

test('none: no login', () => {
  const manifests = synth((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.none() }));
  expect(Object.keys(manifests.env('celery-flower')).filter((name) => name.startsWith('FLOWER_'))).toEqual([]);
});

test('none is the default', () => {
  const flower = (auth?: FlowerAuth) => render((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth }));
  expect(flower()).toBe(flower(FlowerAuth.none()));
});

test('basic: users and passwords come from the Secret, and stand in no manifest', () => {
  const manifests = synth((chart) => {
    new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'login', key: 'users' }) });
  }, ['Secret/login']);
  expect(manifests.env('celery-flower').FLOWER_BASIC_AUTH).toEqual({ secretKeyRef: { name: 'login', key: 'users' } });
});

test('basic: what is given in place of a key of a Secret is not shown', () => {
  for (const literal of ['ada:hunter2', ['ada:hunter2'], { value: 'ada:hunter2' }, { stringData: { users: 'ada:hunter2' } }]) {
    const refused = refusals((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.basic(literal as never) }));
    expect(refused.join('\n')).toMatch(/auth(\.\w+)?: (a string|a list|a value) is not/);
    expect(refused.join('\n')).not.toContain('hunter2');
  }
});

describe('at a proxy', () => {
  const flower = (auth: FlowerAuth, exposure?: FlowerExposure) => (chart: Chart) => void new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth, exposure });
  const ingress = (ingressClassName?: string, annotations?: Record<string, string>) => FlowerExposure.ingress({ host: 'flower.example.com', ingressClassName, annotations });
  const ofIngress = (auth: FlowerAuth, exposure: FlowerExposure) => synth(flower(auth, exposure)).all.find(({ kind }) => kind === 'Ingress')!.metadata.annotations;
  const middleware = { 'traefik.ingress.kubernetes.io/router.middlewares': 'celery-login@kubernetescrd' };

  test('by a Secret: the annotations of ingress-nginx', () => {
    const auth = FlowerAuth.atProxy({ secret: 'flower-login' });
    expect(ofIngress(auth, ingress('nginx', { a: '1' }))).toEqual({
      'a': '1',
      'nginx.ingress.kubernetes.io/auth-type': 'basic',
      'nginx.ingress.kubernetes.io/auth-secret': 'flower-login',
      'nginx.ingress.kubernetes.io/auth-realm': 'Flower',
    });
    expect(Object.keys(synth(flower(auth, ingress('nginx'))).env('celery-flower')).filter((name) => name.startsWith('FLOWER_'))).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ['traefik', middleware], ['nginx', { 'nginx.ingress.kubernetes.io/auth-url': 'https://login.example.com' }], ['internal', { 'example.com/auth': 'yes' }],
  ])('by annotations: those of the controller of class %s', (ingressClassName, annotations) => {
    expect(ofIngress(FlowerAuth.atProxy({ annotations }), ingress(ingressClassName))).toEqual(annotations);
  });

  const route = FlowerExposure.httpRoute({ host: 'flower.example.com', gateway: { name: 'public' } });

  test.each<[string, FlowerAuth, FlowerExposure | undefined, string]>([
    ['a Secret and another class', FlowerAuth.atProxy({ secret: 'login' }), ingress('traefik'),
      'auth: FlowerAuth.atProxy with secret is by annotations of ingress-nginx, and the class of the Ingress is \'traefik\': its controller would serve Flower without a login; '
      + 'give ingressClassName: \'nginx\', or the annotations of that controller instead of secret'],
    ['a Secret and no class', FlowerAuth.atProxy({ secret: 'login' }), ingress(),
      'auth: FlowerAuth.atProxy needs the class of the Ingress: another controller would serve Flower without a login; give ingressClassName: \'nginx\' in FlowerExposure.ingress'],
    ['annotations and no class', FlowerAuth.atProxy({ annotations: middleware }), ingress(),
      'auth: FlowerAuth.atProxy needs the class of the Ingress: another controller would serve Flower without a login; give ingressClassName in FlowerExposure.ingress'],
    ['a Secret and an HTTPRoute', FlowerAuth.atProxy({ secret: 'login' }), route,
      'auth: FlowerAuth.atProxy is by annotations of an Ingress, which an HTTPRoute does not have: it would serve Flower without a login; give FlowerAuth.basic(...) or '
      + 'one of the OAuth providers, which Flower itself asks'],
    ['annotations and an HTTPRoute', FlowerAuth.atProxy({ annotations: middleware }), route, 'auth: FlowerAuth.atProxy is by annotations of an Ingress'],
    ['no exposure', FlowerAuth.atProxy({ secret: 'login' }), undefined, 'auth: FlowerAuth.atProxy needs an Ingress whose controller asks for the login, and there is none; '],
    ['both', FlowerAuth.atProxy({ secret: 'login', annotations: middleware }), ingress('nginx'), 'auth: both, secret and annotations, say how the login is asked for; give one of them'],
    ['neither', FlowerAuth.atProxy({}), ingress('nginx'), 'auth.annotations: undefined has nothing that asks for a login; give the annotations of the controller'],
    ['no annotation', FlowerAuth.atProxy({ annotations: {} }), ingress('traefik'), 'auth.annotations: an empty object has nothing that asks for a login; '],
    ['a Secret of no name', FlowerAuth.atProxy({ secret: '' }), ingress('nginx'), 'auth.secret: '],
    ['an annotation that takes the login away', FlowerAuth.atProxy({ secret: 'login' }), ingress('nginx', { 'nginx.ingress.kubernetes.io/auth-type': '' }),
      'exposure.annotations[\'nginx.ingress.kubernetes.io/auth-type\']: \'\' is not what FlowerAuth.atProxy gives, and the login depends on it; leave it out'],
  ])('%s: refused', (_what, auth, exposure, message) => {
    expect(refusals(flower(auth, exposure))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });

  const nginx = (annotations: Record<string, string>) => Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
  );
  const own = (ingressClassName: string, annotations: Record<string, string>) =>
    [FlowerAuth.atProxy({ annotations }), ingress(ingressClassName)] as const;
  const bySecret = (annotations: Record<string, string>) => [FlowerAuth.atProxy({ secret: 'login' }), ingress('nginx', nginx(annotations))] as const;
  const serverAsked = nginx({ 'auth-url': 'https://login.example.com' });

  test.each<[string, readonly [FlowerAuth, FlowerExposure], string]>([
    ['of another controller', own('traefik', nginx({ 'auth-url': 'https://login.example.com' })),
      'auth.annotations[\'nginx.ingress.kubernetes.io/auth-url\']: \'https://login.example.com\' is of another controller than that of the class \'traefik\', which serves without a login; '
      + 'give the annotations of the controller of this class'],
    ['of no value', own('traefik', { 'traefik.ingress.kubernetes.io/router.middlewares': '' }),
      'auth.annotations[\'traefik.ingress.kubernetes.io/router.middlewares\']: \'\' is empty, and asks for nothing; give its value'],
    ['of no value among others', own('nginx', { ...serverAsked, ...nginx({ 'auth-signin': '' }) }), 'auth.annotations[\'nginx.ingress.kubernetes.io/auth-signin\']: \'\' is empty'],
    ['a type without users', own('nginx', nginx({ 'auth-type': 'basic' })),
      'auth.annotations[\'nginx.ingress.kubernetes.io/auth-type\']: \'basic\' asks for nothing without nginx.ingress.kubernetes.io/auth-secret; also give \'nginx.ingress.kubernetes.io/auth-secret\''],
    ['users without a type', own('nginx', nginx({ 'auth-secret': 'login' })),
      'auth.annotations[\'nginx.ingress.kubernetes.io/auth-secret\']: \'***\' asks for nothing without nginx.ingress.kubernetes.io/auth-type'],
    ['a type that there is not', own('nginx', nginx({ 'auth-type': 'none', 'auth-secret': 'login' })),
      'auth.annotations[\'nginx.ingress.kubernetes.io/auth-type\']: \'none\' is not a way to ask for a login; give \'basic\' or \'digest\''],
    ['a page for the login only', own('nginx', nginx({ 'auth-signin': 'https://login.example.com' })), 'auth.annotations[\'nginx.ingress.kubernetes.io/auth-signin\']:'],
    ['about something else', own('nginx', nginx({ 'proxy-body-size': '1m' })),
      'auth.annotations: ["nginx.ingress.kubernetes.io/proxy-body-size"] have nothing that asks for a login; give the annotations of the controller of the Ingress'],
    ['with a password', own('nginx', nginx({ 'auth-url': 'https://ada:hunter2@login.example.com' })),
      'auth.annotations[\'nginx.ingress.kubernetes.io/auth-url\']: \'https://ada:***@login.example.com\' has a password in it, and everybody who can read a manifest could read it; '],
    ['and one of the conditions', bySecret({ satisfy: 'any' }),
      'exposure.annotations[\'nginx.ingress.kubernetes.io/satisfy\']: \'any\' lets in whoever meets one of the conditions, an address without the login as well; leave it out, or give \'all\''],
    ['and a snippet that switches it off', bySecret({ 'configuration-snippet': 'auth_basic\n  off;' }),
      'exposure.annotations[\'nginx.ingress.kubernetes.io/configuration-snippet\']: \'auth_basic off;\' switches the login off; remove that directive'],
    ['... for the whole host', bySecret({ 'server-snippet': 'satisfy any; allow all;' }), 'exposure.annotations[\'nginx.ingress.kubernetes.io/server-snippet\']:'],
    ['... of the question', [FlowerAuth.atProxy({ annotations: serverAsked }), ingress('nginx', nginx({ 'auth-snippet': 'return 204;' }))],
      'exposure.annotations[\'nginx.ingress.kubernetes.io/auth-snippet\']: \'return 204;\' answers in the place of the server that is asked for the login'],
    ['and keys that are users', bySecret({ 'auth-secret-type': 'auth-map' }),
      'exposure.annotations[\'nginx.ingress.kubernetes.io/auth-secret-type\']: \'auth-map\' takes each key of the Secret for a user, and FlowerAuth.atProxy({ secret }) is a Secret with the key `auth`; '],
    ['and another server to ask', [FlowerAuth.atProxy({ annotations: serverAsked }), ingress('nginx', nginx({ 'auth-url': 'https://other.example.com' }))],
      'exposure.annotations[\'nginx.ingress.kubernetes.io/auth-url\']: \'https://other.example.com\' is not what FlowerAuth.atProxy gives, and the login depends on it; leave it out'],
    ['and other middlewares', [FlowerAuth.atProxy({ annotations: middleware }), ingress('traefik', { 'traefik.ingress.kubernetes.io/router.middlewares': 'celery-gzip@kubernetescrd' })],
      'exposure.annotations[\'traefik.ingress.kubernetes.io/router.middlewares\']: \'celery-gzip@kubernetescrd\' is not what FlowerAuth.atProxy gives'],
  ])('annotations %s: refused, once', (_what, [auth, exposure], message) => {
    expect(refusals(flower(auth, exposure))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });

  test.each<[string, readonly [FlowerAuth, FlowerExposure]]>([
    ['keys that are users', own('nginx', nginx({ 'auth-type': 'basic', 'auth-secret': 'login', 'auth-secret-type': 'auth-map' }))],
    ['a server and a page for the login', own('nginx', nginx({ 'auth-url': 'https://login.example.com', 'auth-signin': 'https://login.example.com/start' }))],
    ['those of two controllers', own('traefik', { ...middleware, ...serverAsked })],
    ['the key `auth`, said once more', bySecret({ 'auth-secret-type': 'auth-file', 'auth-type': 'basic' })],
    ['all of the conditions', bySecret({ 'satisfy': 'all', 'whitelist-source-range': '10.0.0.0/8' })],
    ['a snippet about something else', bySecret({ 'configuration-snippet': 'more_set_headers "X-Frame-Options: DENY";' })],
  ])('annotations with %s: accepted', (_what, [auth, exposure]) => {
    expect(synth(flower(auth, exposure)).all.some(({ kind }) => kind === 'Ingress')).toBe(true);
  });

  // What the program has of a controller's own objects, the rule sees in the manifests.
  const traefik = (spec: object) => (chart: Chart) => {
    flower(FlowerAuth.atProxy({ annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'test-own@kubernetescrd' } }), ingress('traefik'))(chart);
    new ApiObject(chart, 'own', { apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', metadata: { name: 'own' }, spec });
  };

  test('a Middleware of the program that asks for no login: refused', () => {
    expect(refusals(traefik({ compress: {} }))).toEqual([
      '[chart] Ingress test/celery-flower, metadata.annotations[\'traefik.ingress.kubernetes.io/router.middlewares\']: Flower can be reached from outside the cluster without a login: '
      + 'traefik.ingress.kubernetes.io/router.middlewares names the Middleware own, which has compress, and asks for no login; it has "test-own@kubernetescrd". '
      + 'Name a Middleware with basicAuth, digestAuth or forwardAuth; or give FLOWER_BASIC_AUTH from a Secret. [flower/open-to-the-world]',
    ]);
    expect(render(traefik({ basicAuth: { secret: 'login' } }))).toContain('test-own@kubernetescrd');
  });

  test('an annotation of Flower that takes the login away: refused', () => {
    expect(refusals((chart) => new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.atProxy({ secret: 'login' }), exposure: ingress('nginx'), annotations: { 'nginx.ingress.kubernetes.io/auth-secret': 'other' },
    }))).toEqual([expect.stringContaining('annotations[\'nginx.ingress.kubernetes.io/auth-secret\']:')]);
  });
});

describe('one mistake is one message', () => {
  const exposure = FlowerExposure.ingress({ host: 'flower.example.com', tls: 'flower-tls', ingressClassName: 'nginx' });
  test.each<[string, object, string]>([
    ['what is no login', { exposure, auth: 'admin:hunter2' }, 'auth: a string is not a FlowerAuth; give e.g. FlowerAuth.basic({ name: \'flower\', key: \'users\' })'],
    ['what is no exposure', { exposure: { host: 'flower.example.com' }, auth: FlowerAuth.atProxy({ secret: 'login' }) }, 'exposure: an object is not a FlowerExposure; give e.g. FlowerExposure.ingress('],
    ['none', { exposure, auth: FlowerAuth.none() }, 'auth: FlowerAuth.none() asks for no login, and the Ingress would serve Flower to everybody; give e.g. FlowerAuth.basic('],
    ['nothing', { exposure }, 'auth: undefined is missing, and the Ingress would serve Flower to everybody; give e.g. FlowerAuth.basic('],
    ['a Secret in the place of its name', { exposure, auth: FlowerAuth.atProxy({ secret: 'ada:$2y$05$hunter2' }) }, 'auth.secret: a string of 18 characters is not a name that Kubernetes accepts'],
    ['an object in the place of a name', { exposure, auth: FlowerAuth.atProxy({ secret: { name: 'login', key: 'auth' } as never }) }, 'auth.secret: an object is not a string; give the name of a Secret with the key `auth`'],
    ['a password in the place of a key', { exposure, auth: FlowerAuth.basic({ name: 'ada:hunter2', key: 'users' }) }, 'auth.name: a string of 11 characters is not a name that Kubernetes accepts'],
  ])('%s', (_what, props, message) => {
    const refused = refusals((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), ...props }));
    expect(refused).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
    expect(refused.join()).not.toContain('hunter2');
  });
});

describe('OAuth', () => {
  const secret = (key: string) => ({ name: 'flower-oauth', key });
  const options: FlowerOAuthOptions = { clientId: secret('id'), clientSecret: secret('secret'), addresses: ['ada@example.com'] };
  const exposure = FlowerExposure.ingress({ host: 'flower.example.com', ingressClassName: 'traefik' });
  const props = (auth: FlowerAuth, more: Partial<CeleryFlowerProps> = {}) => (chart: Chart) =>
    void new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth, exposure, ...more });
  const envOf = (auth: FlowerAuth, more?: Partial<CeleryFlowerProps>) => Object.fromEntries(
    Object.entries(synth(props(auth, more), ['Secret/flower-oauth']).env('celery-flower')).filter(([name]) => name.startsWith('FLOWER_')),
  );

  test.each<[string, FlowerAuth, string, Record<string, string>]>([
    ['google', FlowerAuth.google(options), 'GoogleAuth2LoginHandler', {}],
    ['github', FlowerAuth.github(options), 'GithubLoginHandler', {}],
    ['github on a server', FlowerAuth.github({ ...options, domain: 'git.example.com' }), 'GithubLoginHandler', { FLOWER_GITHUB_OAUTH_DOMAIN: 'git.example.com' }],
    ['gitlab', FlowerAuth.gitlab(options), 'GitLabLoginHandler', {}],
    ['gitlab with groups', FlowerAuth.gitlab({ ...options, domain: 'git.example.com', groups: ['team/backend', 'ops'], minAccessLevel: 30 }), 'GitLabLoginHandler', {
      FLOWER_GITLAB_OAUTH_DOMAIN: 'git.example.com', FLOWER_GITLAB_AUTH_ALLOWED_GROUPS: 'team/backend,ops', FLOWER_GITLAB_MIN_ACCESS_LEVEL: '30',
    }],
    ['okta', FlowerAuth.okta({ ...options, baseUrl: 'https://example.okta.com/oauth2/default/' }), 'OktaLoginHandler', { FLOWER_OAUTH2_OKTA_BASE_URL: 'https://example.okta.com/oauth2/default' }],
  ])('%s: what Flower reads, and nothing secret in a manifest', (_name, auth, handler, own) => {
    expect(envOf(auth)).toEqual({
      FLOWER_AUTH_PROVIDER: `flower.views.auth.${handler}`,
      FLOWER_AUTH: 'ada@example.com',
      FLOWER_OAUTH2_KEY: { secretKeyRef: secret('id') },
      FLOWER_OAUTH2_SECRET: { secretKeyRef: secret('secret') },
      FLOWER_OAUTH2_REDIRECT_URI: 'https://flower.example.com/login',
      ...own,
    });
  });

  test('Flower may connect to the provider, where the network is closed', () => {
    const ports = [{ port: 443, protocol: 'TCP' }];
    const egressOf = (auth: FlowerAuth) => synth((chart) => {
      new CeleryFlower(chart, 'flower', { celery: celeryApp(chart, { network: CeleryNetwork.closed() }), auth, exposure });
    }, ['Secret/flower-oauth', 'Secret/login']).get('NetworkPolicy', 'celery-flower').spec.egress as unknown[];
    expect(egressOf(FlowerAuth.google(options))).toContainEqual({ to: [{ ipBlock: expect.objectContaining({ cidr: '0.0.0.0/0' }) }], ports });
    expect(egressOf(FlowerAuth.gitlab({ ...options, domain: 'git.example.com' }))).toContainEqual({ ports });
    expect(egressOf(FlowerAuth.okta({ ...options, baseUrl: 'https://example.okta.com/oauth2/default' }))).toContainEqual({ ports });
    expect(egressOf(FlowerAuth.okta({ ...options, baseUrl: 'https://login.example.com:8443/oauth2/default' }))).toContainEqual({ ports: [{ port: 8443, protocol: 'TCP' }] });
    expect(JSON.stringify(egressOf(FlowerAuth.basic({ name: 'login', key: 'users' })))).not.toContain('443');
  });

  test('several addresses are a list, and one pattern is a domain', () => {
    expect(envOf(FlowerAuth.google({ ...options, addresses: ['ada@example.com', 'bob+x@example.org'] })).FLOWER_AUTH).toBe('ada@example.com|bob+x@example.org');
    expect(envOf(FlowerAuth.google({ ...options, addresses: ['*@example.com'] })).FLOWER_AUTH).toBe('.*@example.com');
  });

  test('the callback is below the prefix', () => {
    expect(envOf(FlowerAuth.google(options), { urlPrefix: '/flower/' }).FLOWER_OAUTH2_REDIRECT_URI).toBe('https://flower.example.com/flower/login');
  });

  test('the callback is given where nothing exposes Flower, or something else does', () => {
    const local = FlowerAuth.google({ ...options, redirectUri: 'http://localhost:5555/login' });
    expect(envOf(local, { exposure: undefined }).FLOWER_OAUTH2_REDIRECT_URI).toBe('http://localhost:5555/login');
    expect(envOf(FlowerAuth.google({ ...options, redirectUri: 'https://proxy.example.com/login' })).FLOWER_OAUTH2_REDIRECT_URI).toBe('https://proxy.example.com/login');
  });

  const google = (more: object) => FlowerAuth.google({ ...options, ...more });

  test.each<[string, FlowerAuth, string]>([
    ['nobody', google({ addresses: undefined }), 'auth.addresses: undefined is missing; name who may use Flower, e.g. [\'ada@example.com\']: all others have an account, too'],
    ['an empty list', google({ addresses: [] }), 'auth.addresses: [] names nobody'],
    ['no address', google({ addresses: ['ada'] }), 'auth.addresses[0]: \'ada\' is not an e-mail address; give e.g. \'ada@example.com\', or \'*@example.com\' for all of a domain'],
    ['a list in an address', google({ addresses: ['a@example.com|b@example.com'] }), 'auth.addresses[0]: \'a@example.com|b@example.com\' is not an e-mail address'],
    ['everybody', google({ addresses: ['.*'] }), 'auth.addresses[0]: \'.*\' is not an e-mail address'],
    ['every domain', google({ addresses: ['*@*'] }), 'auth.addresses[0]: \'*@*\' is not an e-mail address'],
    ['a domain among others', google({ addresses: ['*@example.com', 'bob@example.org'] }), 'auth.addresses: \'*@example.com\' goes with no other address'],
    ['... with an address', google({ addresses: ['*@gmail.com', 'ada@example.com'] }), 'auth.addresses: \'*@gmail.com\' is everybody with an account there'],
    ['a domain of everybody', google({ addresses: ['*@gmail.com'] }), 'auth.addresses: \'*@gmail.com\' is everybody with an account there'],
    ['no client', google({ clientId: undefined }), 'auth.clientId: undefined is missing; give { name, key }'],
    ['a client in words', google({ clientSecret: 'hunter2' }), 'auth.clientSecret: a string is not a key of a Secret; give { name, key }'],
    ['a callback without TLS', google({ redirectUri: 'http://flower.example.com/login' }), 'auth.redirectUri: \'http://flower.example.com/login\' is not a URL with https'],
    ['a callback that is no URL', google({ redirectUri: 'flower.example.com/login' }), 'auth.redirectUri: \'flower.example.com/login\' is not a URL with https'],
    ['a callback elsewhere', google({ redirectUri: 'https://flower.example.com/oauth2' }),
      'auth.redirectUri: \'https://flower.example.com/oauth2\' is not where Flower takes the answer: /login; give \'https://flower.example.com/login\', or leave it out'],
    ['a host of no name', FlowerAuth.github({ ...options, domain: 'https://git.example.com' }), 'auth.domain: \'https://git.example.com\' is not a DNS name'],
    ['no group', FlowerAuth.gitlab({ ...options, groups: [] }), 'auth.groups: [] has no group, and would limit nobody'],
    ['a group that none can be', FlowerAuth.gitlab({ ...options, groups: ['a,b'] }), 'auth.groups[0]: \'a,b\' is not the full path of a group'],
    ['a level of nothing', FlowerAuth.gitlab({ ...options, minAccessLevel: 30 }), 'auth.minAccessLevel: 30 is of groups, and there are none'],
    ['a level that there is not', FlowerAuth.gitlab({ ...options, groups: ['a'], minAccessLevel: 35 }), 'auth.minAccessLevel: 35 is not an access level of GitLab'],
    ['no server', FlowerAuth.okta(options as FlowerOktaOptions), 'auth.baseUrl: undefined is missing; give the URL of the authorization server'],
    ['a server without TLS', FlowerAuth.okta({ ...options, baseUrl: 'http://example.okta.com' }), 'auth.baseUrl: \'http://example.okta.com\' is not the URL of an authorization server'],
    ['a server with a query', FlowerAuth.okta({ ...options, baseUrl: 'https://example.okta.com/oauth2/default?a=1' }), 'auth.baseUrl: \'https://example.okta.com/oauth2/default?a=1\' is not the URL'],
    ['a server with a fragment', FlowerAuth.okta({ ...options, baseUrl: 'https://example.okta.com/oauth2/default#a' }), 'auth.baseUrl: \'https://example.okta.com/oauth2/default#a\' is not the URL'],
    ['an option of another provider', google({ domain: 'example.com' }), 'auth.domain: is not one of the options here'],
  ])('%s: refused', (_what, auth, message) => {
    expect(refusals(props(auth))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });

  test('no exposure and no callback: refused', () => {
    expect(refusals(props(google({}), { exposure: undefined }))).toEqual([
      '[chart/flower] auth.redirectUri: undefined is missing, and there is no exposure that it follows from; give exposure, or e.g. \'http://localhost:5555/login\' for kubectl port-forward',
    ]);
  });

  test('a variable that says something else: refused', () => {
    expect(refusals(props(google({}), { env: [{ name: 'FLOWER_AUTH', value: '.*@example.org' }] }))).toEqual([
      '[chart/flower] env: \'FLOWER_AUTH\' is what the prop auth gives; leave out one of the two',
    ]);
  });
});

test.each<[unknown, string[]]>([
  [{}, ['auth.key: undefined is missing; give { name, key }', 'auth.name: undefined is missing; give { name, key }']],
  [{ name: 'login' }, ['auth.key: undefined is missing; give { name, key }']],
])('a Secret of which a part is missing: %#', (secret, messages) => {
  expect(refusals((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), auth: FlowerAuth.basic(secret as never) })))
    .toEqual(messages.map((one) => `[chart/flower] ${one}`));
});
