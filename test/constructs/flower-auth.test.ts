import { Chart } from 'cdk8s';
import { CeleryFlower, FlowerAuth, FlowerExposure } from '../../src';
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
    ['annotations of another controller', FlowerAuth.atProxy({ annotations: { 'nginx.ingress.kubernetes.io/auth-secret': 'login' } }), ingress('traefik'),
      'auth: FlowerAuth.atProxy has no annotation of the controller of class \'traefik\', which would serve Flower without a login; give its own, which begin with '
      + 'traefik.ingress.kubernetes.io/'],
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
      'annotations[\'nginx.ingress.kubernetes.io/auth-type\']: \'\' is not what FlowerAuth.atProxy gives, and the login depends on it; leave it out'],
  ])('%s: refused', (_what, auth, exposure, message) => {
    expect(refusals(flower(auth, exposure))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });

  test('an annotation of Flower that takes the login away: refused', () => {
    expect(refusals((chart) => new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart), auth: FlowerAuth.atProxy({ secret: 'login' }), exposure: ingress('nginx'), annotations: { 'nginx.ingress.kubernetes.io/auth-secret': 'other' },
    }))).toEqual([expect.stringContaining('annotations[\'nginx.ingress.kubernetes.io/auth-secret\']:')]);
  });
});
