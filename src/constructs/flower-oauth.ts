import type * as k8s from './kubernetes/api/types';
import { secretKey } from './kubernetes/options';
import { PUBLIC } from './network/component-policy';
import { SecretKey } from './secret-key';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { anything, number, PropChecks, text, texts, typed } from './validation/props';

/** Options of a login by an OAuth provider, whom Flower itself asks. */
export interface FlowerOAuthOptions {
  /** The key of a Secret with the client ID that the provider gave for Flower. */
  readonly clientId: SecretKey;

  /** The key of a Secret with the client secret that belongs to it. */
  readonly clientSecret: SecretKey;

  /**
   * The e-mail addresses of those who may use Flower, written as the provider has them: `['ada@example.com']`. Instead of a list, one
   * `'*@example.com'` admits all addresses of a domain.
   */
  readonly addresses: string[];

  /**
   * The callback: the URL to which the provider sends the browser back, as it is registered there. It ends with `/login`.
   *
   * @default - that of the exposure: `https://<host><urlPrefix>/login`
   */
  readonly redirectUri?: string;
}

/** Options of a login by GitHub. */
export interface FlowerGitHubOptions extends FlowerOAuthOptions {
  /**
   * The host of a GitHub Enterprise Server.
   *
   * @default 'github.com'
   */
  readonly domain?: string;
}

/** Options of a login by GitLab. */
export interface FlowerGitLabOptions extends FlowerOAuthOptions {
  /**
   * The host of a GitLab of your own.
   *
   * @default 'gitlab.com'
   */
  readonly domain?: string;

  /**
   * Full paths of groups: only who is in one of them, and among the addresses, may use Flower.
   *
   * @default - the addresses only
   */
  readonly groups?: string[];

  /**
   * The least access level in one of the groups: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
   *
   * @default 20
   */
  readonly minAccessLevel?: number;
}

/** Options of a login by Okta. */
export interface FlowerOktaOptions extends FlowerOAuthOptions {
  /** The URL of the authorization server: `'https://example.okta.com/oauth2/default'`. */
  readonly baseUrl: string;
}

/** A provider, as Flower knows it. */
interface Provider<O extends FlowerOAuthOptions> {
  readonly handler: string;
  readonly shape: PropChecks<Omit<O, keyof FlowerOAuthOptions>>;
  /** Its own variables, and what is wrong with what they are made of. */
  readonly own: (options: O) => OwnOptions;
}

/** What the options are that a provider does not share with the others. */
interface OwnOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: readonly Problem[];
  /** A server that may have a private address: its host, or its URL. */
  readonly server: string | undefined;
}

/** A login by a provider. */
export interface OAuthLogin {
  /** The variables for a callback, which the exposure gives where the options do not. */
  readonly env: (callback: string | undefined) => readonly k8s.EnvVar[];
  /** Where Flower connects to, to ask the provider. */
  readonly egress: readonly k8s.NetworkPolicyEgressRule[];
  /** What is wrong with the options. */
  readonly problems: readonly Problem[];
  /** What is wrong with the callback, of a Flower that answers below a path. */
  readonly reached: (callback: string | undefined, path: string) => readonly Problem[];
}

export const GOOGLE: Provider<FlowerOAuthOptions> = { handler: 'GoogleAuth2LoginHandler', shape: {}, own: () => ({ env: {}, problems: [], server: undefined }) };

const domain = text('a host, e.g. \'git.example.com\'');

export const GITHUB: Provider<FlowerGitHubOptions> = {
  handler: 'GithubLoginHandler',
  shape: { domain },
  own: (given) => ({ env: { FLOWER_GITHUB_OAUTH_DOMAIN: given.domain }, problems: checks.hostName('auth.domain', given.domain), server: given.domain }),
};

export const GITLAB: Provider<FlowerGitLabOptions> = {
  handler: 'GitLabLoginHandler',
  shape: { domain, groups: texts('the full paths of groups, e.g. [\'team/backend\']'), minAccessLevel: number },
  own: ({ groups, minAccessLevel, ...given }) => ({
    server: given.domain,
    env: {
      FLOWER_GITLAB_OAUTH_DOMAIN: given.domain, FLOWER_GITLAB_AUTH_ALLOWED_GROUPS: groups?.join(','), FLOWER_GITLAB_MIN_ACCESS_LEVEL: minAccessLevel?.toString(),
    },
    problems: [
      ...checks.hostName('auth.domain', given.domain),
      ...(groups ?? []).flatMap((group, i) => /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/.test(group) ? [] : [{
        prop: `auth.groups[${i}]`, value: group, wrong: 'is not the full path of a group', fix: 'give e.g. \'team/backend\'',
      }]),
      ...(groups?.length === 0 ? [{ prop: 'auth.groups', value: groups, wrong: 'has no group, and would limit nobody', fix: 'name one, or leave it out' }] : []),
      ...(minAccessLevel === undefined || [10, 15, 20, 30, 40, 50].includes(minAccessLevel) ? [] : [{
        prop: 'auth.minAccessLevel', value: minAccessLevel, wrong: 'is not an access level of GitLab', fix: 'give 10, 15, 20, 30, 40 or 50',
      }]),
      ...(minAccessLevel !== undefined && groups === undefined ? [{
        prop: 'auth.minAccessLevel', value: minAccessLevel, wrong: 'is of groups, and there are none', fix: 'give groups, or leave it out',
      }] : []),
    ],
  }),
};

export const OKTA: Provider<FlowerOktaOptions> = {
  handler: 'OktaLoginHandler',
  shape: { baseUrl: { check: text('the URL of the authorization server'), fix: 'give the URL of the authorization server', instead: () => undefined } },
  own: ({ baseUrl }) => ({
    server: baseUrl,
    env: { FLOWER_OAUTH2_OKTA_BASE_URL: baseUrl?.replace(/\/+$/, '') },
    problems: baseUrl === undefined || (isUrl(baseUrl) && /^https:[^?#]*$/.test(baseUrl) && !/\/v1\/?$/.test(baseUrl)) ? [] : [{
      prop: 'auth.baseUrl', value: baseUrl, wrong: 'is not the URL of an authorization server', fix: 'give e.g. \'https://example.okta.com/oauth2/default\', without /v1 and without a query',
    }],
  }),
};

/** The login that options ask for. */
export function oauthLogin<O extends FlowerOAuthOptions>(given: O, { handler, shape, own }: Provider<O>): OAuthLogin {
  const { options, problems } = typed(given, { ...COMMON, ...shape } as unknown as PropChecks<O>, { prefix: 'auth' });
  const [id, secret] = (['clientId', 'clientSecret'] as const).map((name) => secretKey(`auth.${name}`, options[name]));
  const mine = own(options);
  const { addresses, redirectUri } = options;
  return {
    env: (callback) => Object.entries<string | SecretKey | undefined>({
      FLOWER_AUTH_PROVIDER: `flower.views.auth.${handler}`,
      FLOWER_AUTH: (addresses ?? []).map((address) => address.replace(/^\*/, '.*')).join('|'),
      FLOWER_OAUTH2_KEY: id.value,
      FLOWER_OAUTH2_SECRET: secret.value,
      FLOWER_OAUTH2_REDIRECT_URI: redirectUri ?? callback,
      ...mine.env,
    }).flatMap(([name, value]): k8s.EnvVar[] => value === undefined ? [] : [typeof value === 'string' ? { name, value } : { name, valueFrom: { secretKeyRef: value } }]),
    egress: [{ ...(mine.server === undefined ? { to: [{ ipBlock: PUBLIC }] } : {}), ports: [{ port: portOf(mine.server), protocol: 'TCP' }] }],
    problems: [...problems, ...id.problems, ...secret.problems, ...mine.problems, ...addressProblems(addresses)],
    reached: (callback, path) => callbackProblems(redirectUri, callback, path),
  };
}

const COMMON: PropChecks<FlowerOAuthOptions> = {
  clientId: anything,
  clientSecret: anything,
  addresses: { check: texts('e.g. [\'ada@example.com\']'), fix: 'name who may use Flower, e.g. [\'ada@example.com\']: all others have an account, too', instead: () => undefined },
  redirectUri: text('e.g. \'https://flower.example.com/login\''),
};

const ADDRESS = /^[\w.+%'-]+@([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]([a-z\d-]*[a-z\d])?$/i;
const DOMAIN = /^\*@([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]([a-z\d-]*[a-z\d])?$/i;
/** Where everybody can have an address. */
const OF_EVERYBODY = ['gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'yahoo.com', 'icloud.com', 'proton.me', 'gmx.net', 'gmx.de', 'web.de', 'aol.com', 'qq.com', '163.com'];

/** Flower compares with a list of whole addresses, or with one pattern: the two do not mix. */
function addressProblems(addresses: readonly string[] | undefined): Problem[] {
  const problem = (value: unknown, wrong: string, fix: string, prop = 'auth.addresses'): Problem => ({ prop, value, wrong, fix });
  if (addresses === undefined) return [];
  if (addresses.length === 0) return [problem(addresses, 'names nobody', 'name who may use Flower, e.g. [\'ada@example.com\']')];
  const wrong = addresses.flatMap((address, i) => ADDRESS.test(address) || DOMAIN.test(address) ? [] : [
    problem(address, 'is not an e-mail address', 'give e.g. \'ada@example.com\', or \'*@example.com\' for all of a domain', `auth.addresses[${i}]`),
  ]);
  const patterns = addresses.filter((address) => DOMAIN.test(address));
  const open = patterns.filter((pattern) => OF_EVERYBODY.includes(pattern.slice(2).toLowerCase()));
  return [
    ...wrong,
    ...(patterns.length > open.length && addresses.length > 1 ? [problem(patterns.find((pattern) => !open.includes(pattern)), 'goes with no other address: Flower takes one pattern, or a list without one', 'give it as the only one, or the addresses')] : []),
    ...open.map((pattern) => problem(pattern, 'is everybody with an account there', 'give the addresses')),
  ];
}

/** The provider refuses a callback that is not registered, and Flower answers at no other path. */
function callbackProblems(given: string | undefined, callback: string | undefined, path: string): Problem[] {
  const prop = 'auth.redirectUri';
  if (given === undefined) {
    return callback !== undefined ? [] : [{ prop, value: undefined, wrong: 'is missing, and there is no exposure that it follows from', fix: 'give exposure, or e.g. \'http://localhost:5555/login\' for kubectl port-forward' }];
  }
  const url = isUrl(given) ? new URL(given) : undefined;
  const local = url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
  if (!url || (url.protocol !== 'https:' && !local) || url.search !== '' || url.hash !== '') {
    return [{ prop, value: given, wrong: 'is not a URL with https', fix: 'give e.g. \'https://flower.example.com/login\'; http is for localhost' }];
  }
  return url.pathname === `${path}/login` ? [] : [{
    prop, value: given, wrong: `is not where Flower takes the answer: ${path}/login`, fix: `give '${url.origin}${path}/login', or leave it out`,
  }];
}

/** The port of a URL with https; 443 of a host. */
function portOf(server = ''): number {
  return isUrl(server) ? Number(new URL(server).port || 443) : 443;
}

function isUrl(value: string): boolean {
  return /^https?:\/\/[^\s$@]+$/.test(value) && URL.canParse(value);
}
