import { annotatedLogin, loginBefore } from '../../src/manifests/ingress-login';
import { World } from '../../src/manifests/world';

const nginx = (annotations: Record<string, string>) => Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]));
const BASIC = { 'auth-type': 'basic', 'auth-secret': 'login' };

/** `asked`, or the effects of what is wrong: `undone satisfy`. */
function says(annotations: Record<string, string>, ingressClass?: string): string[] {
  const { asked, faults } = annotatedLogin(annotations, ingressClass);
  return [...asked ? ['asked'] : [], ...faults.map(({ annotation, effect }) => `${effect}: ${annotation.replace(/^.*\//, '')}`)];
}

describe('ingress-nginx', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['a login', BASIC, ['asked']],
    ['by digest', { ...BASIC, 'auth-type': 'digest' }, ['asked']],
    ['a type and no Secret', { 'auth-type': 'basic' }, ['not served: auth-type']],
    ['a type and an empty Secret', { ...BASIC, 'auth-secret': ' ' }, ['not served: auth-type', 'asks for nothing: auth-secret']],
    ['a Secret and no type', { 'auth-secret': 'login' }, ['asks for nothing: auth-secret']],
    ['a type that there is not', { ...BASIC, 'auth-type': 'none' }, ['not served: auth-type', 'asked']],
    ['a server that is asked', { 'auth-url': 'https://login.example.com' }, ['asked']],
    ['none that is asked', { 'auth-url': '' }, ['asks for nothing: auth-url']],
    ['a page for the login only', { 'auth-signin': 'https://login.example.com' }, ['asks for nothing: auth-signin']],
    ['a page for the login, and a server', { 'auth-signin': 'https://a.example.com', 'auth-url': 'https://b.example.com' }, ['asked']],
    ['the login of all', { 'enable-global-auth': 'true' }, ['asked']],
    ['not the login of all', { 'enable-global-auth': 'false' }, []],
    ['what only goes with a login', { 'auth-realm': 'Flower', 'auth-cache-key': 'x', 'auth-tls-verify-depth': '1' }, []],
    ['certificates', { 'auth-tls-secret': 'shop/ca' }, ['asked']],
    ['certificates that have to be', { 'auth-tls-secret': 'shop/ca', 'auth-tls-verify-client': 'on' }, ['asked']],
    ['certificates that may be', { 'auth-tls-secret': 'shop/ca', 'auth-tls-verify-client': 'optional' }, ['asks for nothing: auth-tls-verify-client']],
    ['certificates that may be, and a login', { ...BASIC, 'auth-tls-secret': 'shop/ca', 'auth-tls-verify-client': 'optional' }, ['asked', 'asks for nothing: auth-tls-verify-client']],
    ['some addresses', { 'whitelist-source-range': '10.0.0.0/8, 192.0.2.0/24' }, ['asked']],
    ['all addresses', { 'whitelist-source-range': '10.0.0.0/8,0.0.0.0/0' }, []],
    ['all addresses of IPv6', { 'allowlist-source-range': '::/0' }, []],
    ['a snippet with a login', { 'server-snippet': 'auth_basic "Flower"; auth_basic_user_file /etc/nginx/users;' }, ['asked']],
    ['a snippet with another file', { 'server-snippet': 'include /etc/nginx/login.conf;' }, ['asked']],
    ['a snippet without a login', { 'configuration-snippet': 'more_set_headers "X-Frame-Options: DENY";' }, []],
    ['a snippet with a login in a comment', { 'configuration-snippet': '# auth_basic "Flower";' }, []],
    ['a login, and a comment that is none', { ...BASIC, 'configuration-snippet': '# auth_basic off;' }, ['asked']],
    ['a login, and TLS that ends here', { ...BASIC, 'ssl-passthrough': 'no' }, ['asked']],
    ['a login, and TLS that is handed on', { ...BASIC, 'ssl-passthrough': 'true' }, ['undone: ssl-passthrough']],
    ['a login that is switched off', { ...BASIC, 'configuration-snippet': 'auth_basic off;' }, ['undone: configuration-snippet']],
    ['... in quotation marks', { ...BASIC, 'server-snippet': 'auth_basic "off" ;' }, ['undone: server-snippet']],
    ['a server that is not asked', { 'auth-url': 'https://login.example.com', 'server-snippet': 'auth_request off;' }, ['undone: server-snippet']],
    ['a login that one page does without', { ...BASIC, 'server-snippet': 'location = /robots.txt { auth_basic off; }' }, ['asked']],
    ['a login that no page needs', { ...BASIC, 'server-snippet': 'location / { auth_basic off; }' }, ['undone: server-snippet']],
    ['one answer to all questions', { 'auth-url': 'https://login.example.com', 'auth-snippet': 'return 200;' }, ['undone: auth-snippet']],
    ['headers of the question', { 'auth-url': 'https://login.example.com', 'auth-snippet': 'proxy_set_header X-Forwarded-Host $http_host;' }, ['asked']],
    ['requests that it does not read', { ...BASIC, 'ssl-passthrough': 'true' }, ['undone: ssl-passthrough']],
    ['requests that it reads', { ...BASIC, 'ssl-passthrough': 'false' }, ['asked']],
    ['one of the conditions', { ...BASIC, satisfy: 'any' }, ['asked', 'narrowed: satisfy']],
    ['all of the conditions', { ...BASIC, satisfy: 'all' }, ['asked']],
    ['one of the conditions, which everybody meets', { ...BASIC, 'satisfy': 'any', 'whitelist-source-range': '0.0.0.0/0' }, ['undone: satisfy']],
    ['one of the conditions, which some meet', { ...BASIC, 'satisfy': 'any', 'whitelist-source-range': '10.0.0.0/8' }, ['asked', 'narrowed: satisfy']],
  ])('%s', (_, annotations, expected) => {
    expect(says(nginx(annotations), 'nginx').sort()).toEqual([...expected].sort());
    expect(says(nginx(annotations)).sort()).toEqual([...expected].sort());
  });

  test('the controller of another class reads none of it', () => {
    expect(says(nginx(BASIC), 'traefik')).toEqual(['asks for nothing: auth-type', 'asks for nothing: auth-secret']);
    expect(says(nginx({ ...BASIC, satisfy: 'any' }), 'traefik')).not.toContain('narrowed: satisfy');
  });
});

test.each<[string, string | undefined, Record<string, string>, string[]]>([
  ['the load balancer of AWS', 'alb', { 'alb.ingress.kubernetes.io/auth-type': 'oidc', 'alb.ingress.kubernetes.io/auth-idp-oidc': '{}' }, ['asked']],
  ['... with the other provider', 'alb', { 'alb.ingress.kubernetes.io/auth-type': 'oidc', 'alb.ingress.kubernetes.io/auth-idp-cognito': '{}' }, ['not served: auth-type', 'asked']],
  ['... with none', 'alb', { 'alb.ingress.kubernetes.io/auth-type': 'none' }, []],
  ['... with those in, too, who have no login', 'alb', {
    'alb.ingress.kubernetes.io/auth-type': 'oidc', 'alb.ingress.kubernetes.io/auth-idp-oidc': '{}', 'alb.ingress.kubernetes.io/auth-on-unauthenticated-request': 'allow',
  }, ['undone: auth-on-unauthenticated-request']],
  ['... for some networks', 'alb', { 'alb.ingress.kubernetes.io/inbound-cidrs': '10.0.0.0/8' }, ['asked']],
  ['... for all', 'alb', { 'alb.ingress.kubernetes.io/inbound-cidrs': '0.0.0.0/0' }, []],
  ['HAProxy', 'haproxy', { 'haproxy.org/auth-type': 'basic-auth', 'haproxy.org/auth-secret': 'login' }, ['asked']],
  ['... without users', 'haproxy', { 'haproxy.org/auth-type': 'basic-auth' }, ['not served: auth-type']],
  ['... without a type', 'haproxy', { 'haproxy.org/auth-secret': 'login' }, ['asks for nothing: auth-secret']],
  ['a Middleware of Traefik', 'traefik', { 'traefik.ingress.kubernetes.io/router.middlewares': 'shop-login@kubernetescrd' }, ['asked']],
  ['... of no name', 'traefik', { 'traefik.ingress.kubernetes.io/router.middlewares': ' ' }, ['asks for nothing: router.middlewares']],
  ['another annotation of Traefik', 'traefik', { 'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure' }, []],
  ['a controller that is not known', 'internal', { 'example.com/auth': 'yes' }, ['asked']],
  ['... that asks for nothing', 'internal', { 'example.com/auth': 'off' }, []],
  ['what is of no controller', undefined, { 'cert-manager.io/issuer': 'x' }, []],
])('%s', (_, ingressClass, annotations, expected) => {
  expect(says(annotations, ingressClass).sort()).toEqual([...expected].sort());
});

describe('Middlewares and plugins that an Ingress names', () => {
  const middleware = (name: string, spec: object) => ({ apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', metadata: { name, namespace: 'shop' }, spec });
  const OBJECTS = [
    middleware('smaller', { compress: {} }), middleware('login', { basicAuth: { secret: 'users' } }),
    { apiVersion: 'configuration.konghq.com/v1', kind: 'KongPlugin', metadata: { name: 'limits', namespace: 'shop' }, plugin: 'rate-limiting' },
  ];
  const MIDDLEWARES = 'traefik.ingress.kubernetes.io/router.middlewares';

  test.each<[string, Record<string, string>, boolean]>([
    ['one without a login', { [MIDDLEWARES]: 'shop-smaller@kubernetescrd' }, false],
    ['one with a login', { [MIDDLEWARES]: 'shop-smaller@kubernetescrd,shop-login@kubernetescrd' }, true],
    ['one of another provider, of which there is one with that name here', { [MIDDLEWARES]: 'shop-smaller@file' }, true],
    ['one without its provider', { [MIDDLEWARES]: 'shop-smaller' }, false],
    ['one without a login, and the login of another controller', { [MIDDLEWARES]: 'shop-smaller@kubernetescrd', ...nginx(BASIC) }, true],
    ['a plugin without a login', { 'konghq.com/plugins': 'limits' }, false],
    ['both without a login', { [MIDDLEWARES]: 'shop-smaller@kubernetescrd', 'konghq.com/plugins': 'limits' }, false],
    ['both without a login, and the login of another controller', { [MIDDLEWARES]: 'shop-smaller@kubernetescrd', 'konghq.com/plugins': 'limits', ...nginx(BASIC) }, true],
  ])('%s', (_, annotations, asked) => {
    const world = new World([{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'flower', namespace: 'shop', annotations }, spec: {} }, ...OBJECTS]);
    expect(loginBefore(world.kind('Ingress')[0], {}, world).asked).toBe(asked);
  });
});
