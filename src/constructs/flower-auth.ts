import { annotatedLogin } from '../manifests/ingress-login';
import type * as k8s from './kubernetes/api/types';
import { Annotations, checkExposureAnnotations, ExposureSpec } from './kubernetes/exposure';
import { secretKey, shaped } from './kubernetes/options';
import { FlowerGitHubOptions, FlowerGitLabOptions, FlowerOAuthOptions, FlowerOktaOptions, GITHUB, GITLAB, GOOGLE, OAuthLogin, oauthLogin, OKTA } from './flower-oauth';
import { SecretKey } from './secret-key';
import * as checks from './validation/checks';
import { Described, Problem } from './validation/problems';
import { hidden, PropChecks, text, typed } from './validation/props';
import { NGINX } from '../manifests/ingress-nginx';

/** How the controller of an Ingress asks for the login: exactly one of the two. */
export interface FlowerProxyOptions {
  /**
   * The name of a Secret in the namespace of Flower whose key `auth` has a line of `htpasswd` for each user. ingress-nginx asks for the
   * login (HTTP basic authentication); while the Secret is missing it serves nothing.
   *
   * @default - `annotations` say how
   */
  readonly secret?: string;

  /**
   * The annotations by which the controller of the Ingress asks for a login, as its documentation has them: that of Traefik takes
   * `traefik.ingress.kubernetes.io/router.middlewares`, ingress-nginx with an oauth2-proxy `nginx.ingress.kubernetes.io/auth-url`. Whether
   * they do ask for one, only a request shows.
   *
   * @default - `secret` says how
   */
  readonly annotations?: Record<string, string>;
}

/**
 * Authentication of Flower: who may see tasks and shut down workers.
 *
 * @see https://flower.readthedocs.io/en/latest/auth.html
 */
export abstract class FlowerAuth {
  /**
   * Everybody who can reach the Service.
   */
  public static none(): FlowerAuth {
    return new Auth({ reached: (exposure) => toEverybody(exposure, new Described('FlowerAuth.none()'), 'asks for no login') });
  }

  /** None that was given. @internal */
  public static _missing(): FlowerAuth {
    return new Auth({ reached: (exposure) => toEverybody(exposure, undefined, 'is missing') });
  }

  /** One of which all is said already. @internal */
  public static _refused(): FlowerAuth {
    return new Auth({});
  }

  /**
   * Users with a password (HTTP basic authentication), checked by Flower itself.
   *
   * @param secret the key of a Secret that has `user:password`, or several of them separated by commas
   */
  public static basic(secret: SecretKey): FlowerAuth {
    const { value, problems } = secretKey('auth', secret);
    return new Auth({ env: () => value ? [{ name: 'FLOWER_BASIC_AUTH', valueFrom: { secretKeyRef: value } }] : [], problems });
  }

  /**
   * Users of Google, by their addresses. Flower asks Google itself, and needs to reach it (port 443).
   *
   * @see https://flower.readthedocs.io/en/latest/auth.html#google-oauth
   */
  public static google(options: FlowerOAuthOptions): FlowerAuth {
    return oauth(oauthLogin(options, GOOGLE));
  }

  /**
   * Users of GitHub, or of a GitHub Enterprise Server, by an address that they have verified there.
   *
   * @see https://flower.readthedocs.io/en/latest/auth.html#github-oauth
   */
  public static github(options: FlowerGitHubOptions): FlowerAuth {
    return oauth(oauthLogin(options, GITHUB));
  }

  /**
   * Users of GitLab, by their addresses and, with `groups`, by the groups that they are in.
   *
   * @see https://flower.readthedocs.io/en/latest/auth.html#gitlab-oauth
   */
  public static gitlab(options: FlowerGitLabOptions): FlowerAuth {
    return oauth(oauthLogin(options, GITLAB));
  }

  /**
   * Users of Okta, by their addresses.
   *
   * @see https://flower.readthedocs.io/en/latest/auth.html#okta-oauth
   */
  public static okta(options: FlowerOktaOptions): FlowerAuth {
    return oauth(oauthLogin(options, OKTA));
  }

  /**
   * Authentication by the ingress controller. Flower itself has no login: pods that reach its Service see it without one.
   *
   * With `secret`, the class of the Ingress has to be `nginx`, and with `annotations` the one whose controller knows them. A controller
   * that does not know annotations serves Flower without a login.
   *
   * @see https://kubernetes.github.io/ingress-nginx/examples/auth/basic/
   */
  public static atProxy(options: FlowerProxyOptions): FlowerAuth {
    const { options: { secret, annotations }, problems } = typed(options, PROXY, { prefix: 'auth' });
    const login: Readonly<Record<string, string>> = secret === undefined ? annotations ?? {} : {
      [`${NGINX}auth-type`]: 'basic', [`${NGINX}auth-secret`]: secret, [`${NGINX}auth-realm`]: 'Flower',
    };
    return new Auth({
      annotations: login,
      problems: problems.length > 0 ? problems : proxyProblems(secret, annotations),
      reached: (exposure, _path, others) => firstOf(
        controllerProblems(exposure, secret !== undefined), () => askedProblems(exposure!, login, others, secret !== undefined),
      ),
    });
  }

  /** @internal */
  public abstract readonly _annotations: Readonly<Record<string, string>>;
  /** @internal */
  public abstract readonly _egress: readonly k8s.NetworkPolicyEgressRule[];
  /** @internal */
  public abstract _env(exposure: ExposureSpec | undefined, path: string): readonly k8s.EnvVar[];
  /** @internal */
  public abstract _problems(exposure: ExposureSpec | undefined, path: string, annotations: Annotations): readonly Problem[];
}

interface AuthSpec {
  readonly egress: readonly k8s.NetworkPolicyEgressRule[];
  readonly env: (callback: string | undefined) => readonly k8s.EnvVar[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** What is wrong with how Flower is reached; annotations are those in addition to the ones of the login. */
  readonly reached: (exposure: ExposureSpec | undefined, path: string, annotations: Annotations) => readonly Problem[];
}

class Auth extends FlowerAuth {
  private readonly spec: AuthSpec;

  public constructor(spec: Partial<AuthSpec>) {
    super();
    this.spec = { env: () => [], egress: [], annotations: {}, problems: [], reached: () => [], ...spec };
  }

  public get _egress(): AuthSpec['egress'] {
    return this.spec.egress;
  }

  public get _annotations(): AuthSpec['annotations'] {
    return this.spec.annotations;
  }

  public _env(exposure: ExposureSpec | undefined, path: string): readonly k8s.EnvVar[] {
    return this.spec.env(callback(exposure, path));
  }

  public _problems(exposure: ExposureSpec | undefined, path: string, annotations: Annotations): readonly Problem[] {
    const { problems, reached } = this.spec;
    // What is wrong in itself need not go with anything.
    return firstOf(problems, () => reached(exposure, path, annotations));
  }
}

/** One mistake is one message: what follows from it is not looked at. */
function firstOf(problems: readonly Problem[], others: () => readonly Problem[]): readonly Problem[] {
  return problems.length > 0 ? problems : others();
}

/** Where a provider sends the browser back. */
function callback(exposure: ExposureSpec | undefined, path: string): string | undefined {
  return exposure && `https://${exposure.host}${path}/login`;
}

function oauth({ reached, ...login }: OAuthLogin): FlowerAuth {
  return new Auth({ ...login, reached: (exposure, path) => reached(callback(exposure, path), path) });
}

/** Flower shows the arguments of tasks, and shuts workers down. */
function toEverybody(exposure: ExposureSpec | undefined, value: unknown, wrong: string): readonly Problem[] {
  return !exposure || exposure.refused ? [] : [{
    prop: 'auth', value, wrong: `${wrong}, and the ${exposure.kind} would serve Flower to everybody`,
    fix: 'give e.g. FlowerAuth.basic({ name: \'flower-login\', key: \'users\' }); where the controller asks for the login, FlowerAuth.atProxy(...)',
  }];
}

const LOGIN_ANNOTATIONS = 'give the annotations of the controller of the Ingress, e.g. traefik.ingress.kubernetes.io/router.middlewares; for ingress-nginx, secret';

const PROXY: PropChecks<FlowerProxyOptions> = {
  secret: hidden(text('the name of a Secret with the key `auth`')),
  annotations: shaped('{}string', checkExposureAnnotations),
};

function proxyProblems(secret: string | undefined, annotations: Readonly<Record<string, string>> | undefined): Problem[] {
  if (secret !== undefined && annotations !== undefined) {
    return [{ prop: 'auth', value: new Described('both, secret and annotations,'), wrong: 'say how the login is asked for', fix: 'give one of them; other annotations of the Ingress are those of the exposure' }];
  }
  if (secret !== undefined) return checks.secretName('auth.secret', secret);
  return Object.keys(annotations ?? {}).length > 0 ? [] : [{
    prop: 'auth.annotations', value: annotations === undefined ? undefined : new Described('an empty object'), wrong: 'has nothing that asks for a login', fix: LOGIN_ANNOTATIONS,
  }];
}

/** A controller that does not know the annotations serves Flower without a login. */
function controllerProblems(exposure: ExposureSpec | undefined, nginx: boolean): Problem[] {
  const problem = (wrong: string, fix: string): Problem[] => [{ prop: 'auth', value: new Described('FlowerAuth.atProxy'), wrong, fix }];
  if (!exposure) {
    return problem('needs an Ingress whose controller asks for the login, and there is none', 'give exposure: FlowerExposure.ingress({ host, ingressClassName, ... }), or FlowerAuth.basic(...)');
  }
  const { kind, ingressClassName } = exposure;
  if (kind === 'HTTPRoute') {
    return problem('is by annotations of an Ingress, which an HTTPRoute does not have: it would serve Flower without a login', 'give FlowerAuth.basic(...) or one of the OAuth providers, which Flower itself asks');
  }
  if (ingressClassName === undefined) {
    return problem('needs the class of the Ingress: another controller would serve Flower without a login', `give ingressClassName${nginx ? ': \'nginx\'' : ''} in FlowerExposure.ingress`);
  }
  if (nginx) {
    return ingressClassName === 'nginx' ? [] : problem(
      `with secret is by annotations of ingress-nginx, and the class of the Ingress is '${ingressClassName}': its controller would serve Flower without a login`,
      'give ingressClassName: \'nginx\', or the annotations of that controller instead of secret',
    );
  }
  return [];
}

/** What is wrong with the annotations that ask for the login, and with others that take it away. */
function askedProblems(
  { ingressClassName }: ExposureSpec, login: Readonly<Record<string, string>>, others: Annotations, bySecret: boolean,
): Problem[] {
  const replaced = [...others].filter(([name, { value }]) => Object.hasOwn(login, name) && login[name] !== value).map(([name, { value, prop }]) => ({
    prop: `${prop}['${name}']`, value, wrong: 'is not what FlowerAuth.atProxy gives, and the login depends on it', fix: 'leave it out',
  }));
  const map = others.get(`${NGINX}auth-secret-type`);
  if (bySecret && map?.value === 'auth-map') {
    return [...replaced, {
      prop: `${map.prop}['${NGINX}auth-secret-type']`, value: map.value, wrong: 'takes each key of the Secret for a user, and FlowerAuth.atProxy({ secret }) is a Secret with the key `auth`',
      fix: 'leave it out, or give auth-type, auth-secret and auth-secret-type in FlowerAuth.atProxy({ annotations })',
    }];
  }
  const all = { ...Object.fromEntries([...others].map(([name, { value }]) => [name, value])), ...login };
  const { asked, faults } = annotatedLogin(all, ingressClassName);
  const matters = faults.filter(({ annotation, effect }) => effect !== 'asks for nothing' || !asked || login[annotation]?.trim() === '');
  const found = matters.map(({ annotation, wrong, fix }) => ({
    prop: `${Object.hasOwn(login, annotation) ? 'auth.annotations' : others.get(annotation)!.prop}['${annotation}']`,
    value: all[annotation].replace(/\s+/g, ' '), wrong, fix,
  }));
  return [...replaced, ...found.length > 0 || asked ? found : [{
    prop: 'auth.annotations', value: Object.keys(login), wrong: 'have nothing that asks for a login', fix: LOGIN_ANNOTATIONS,
  }]];
}
