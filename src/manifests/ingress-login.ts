import { NGINX } from './ingress-nginx';
import { asList, asMap, asScalar, asText, get, JsonObject } from './json';
import { chainOf, extensionsOf, middlewaresOf, Named, pluginsOf } from './middlewares';
import { Resource } from './resource';
import type { World } from './world';

/** What is wrong with an annotation that is about a login. */
export interface LoginFault {
  readonly annotation: string;
  readonly wrong: string;
  readonly fix: string;
  /**
   * What follows: `undone`, everybody is let in, whatever else asks for a login; `asks for nothing`, only what else asks for one does; `not
   * served`, nobody is let in; `narrowed`, some are let in without a login.
   */
  readonly effect: 'undone' | 'asks for nothing' | 'not served' | 'narrowed';
}

/** What the annotations of an Ingress say of a login. */
export interface AnnotatedLogin {
  /** One asks for a login, or lets only some addresses in, as far as it is known. */
  readonly asked: boolean;
  readonly faults: readonly LoginFault[];
}

/** Classes of an Ingress whose controller asks for a login, as policies out of sight say: of a private network or a proxy. */
const ASKING_CLASSES = /^(tailscale|pomerium|cloudflare-tunnel)$/;

/** What an annotation asks for. */
interface Ask {
  /** The annotations of the same controller of which it needs one, to ask for anything. */
  readonly with?: (value: string) => readonly string[];
  /** What the controller does where that is missing. */
  readonly without?: 'asks for nothing' | 'not served';
  /** What it takes. */
  readonly values?: readonly string[];
  /** Whether a value asks for something; by default each that is not a way to say no. */
  readonly asks?: (value: string) => boolean;
  /** It helps another to ask, and asks for nothing itself. */
  readonly helps?: boolean;
}

const needs = (name: string): Pick<Ask, 'with'> => ({ with: () => [name] });
const SOURCES: Ask = { asks: (value) => !value.split(/[\s,]+/).some((range) => /^(0\.0\.0\.0|::)\/0$/.test(range)) };
const BASIC: Readonly<Record<string, Ask>> = {
  'auth-type': { ...needs('auth-secret'), without: 'not served' },
  'auth-secret': needs('auth-type'),
};

/** What a snippet of nginx says, without comments, and without what it says of single pages. */
const ofAllPages = (snippet: string): string => snippet.replace(/#.*$/gm, '').replace(/location\s[^{]*[^\s/{=~*^][^{]*\{[^{}]*\}/g, '');
/** `include` may bring a login along. */
const ASKING_DIRECTIVE = /\b(auth_\w+\s+(?!["']?off\b)|deny\s|return\s+40[13]|access_by_lua|include\s|ssl_verify_client\s+on)/;
const UNDOING_DIRECTIVE = /\b(auth_\w+\s+["']?off["']?\s*;|satisfy\s+any\s*;)/;
const SNIPPET: Ask = { asks: (value) => ASKING_DIRECTIVE.test(ofAllPages(value)) };

/** What asks for a login, by the beginning and the end of the name of an annotation. Others of these controllers ask for nothing. */
const ASKS: Readonly<Record<string, Readonly<Record<string, Ask>>>> = {
  [NGINX]: {
    ...BASIC,
    'auth-type': { ...BASIC['auth-type'], values: ['basic', 'digest'] },
    'auth-url': {},
    'auth-signin': { ...needs('auth-url'), helps: true },
    'auth-tls-secret': {},
    'enable-global-auth': {},
    'whitelist-source-range': SOURCES, 'allowlist-source-range': SOURCES,
    'configuration-snippet': SNIPPET, 'server-snippet': SNIPPET,
  },
  'ingress.kubernetes.io/': BASIC,
  'haproxy.org/': { ...BASIC, 'auth-type': { ...BASIC['auth-type'], values: ['basic-auth'] }, 'allow-list': SOURCES, 'whitelist': SOURCES },
  'zalando.org/': { 'skipper-filter': { asks: (value) => /oauth|oidc|jwt|basicAuth|webhook|tokeninfo/i.test(value) } },
  'alb.ingress.kubernetes.io/': {
    'auth-type': { with: (type) => [`auth-idp-${type}`], without: 'not served', values: ['cognito', 'oidc', 'none'] },
    'auth-idp-cognito': needs('auth-type'), 'auth-idp-oidc': needs('auth-type'),
    'inbound-cidrs': SOURCES,
  },
};

/** What takes a login away that other annotations ask for. */
interface Undoing {
  readonly annotation: string;
  readonly undoes: (value: string) => boolean;
  readonly wrong: string;
  readonly fix: string;
  readonly effect?: LoginFault['effect'];
}

const isSnippet = (name: string): Undoing => ({
  annotation: `${NGINX}${name}`, undoes: (value) => UNDOING_DIRECTIVE.test(ofAllPages(value)), wrong: 'switches the login off', fix: 'remove that directive',
});

const UNDOING: readonly Undoing[] = [
  isSnippet('configuration-snippet'),
  isSnippet('server-snippet'),
  {
    annotation: `${NGINX}auth-snippet`, undoes: (value) => UNDOING_DIRECTIVE.test(ofAllPages(value)) || /\breturn\s+2\d\d\b/.test(ofAllPages(value)),
    wrong: 'answers in the place of the server that is asked for the login', fix: 'remove that directive',
  },
  { annotation: `${NGINX}ssl-passthrough`, undoes: (value) => value === 'true', wrong: 'hands requests on as they are, so the controller asks for nothing', fix: 'leave it out' },
  {
    annotation: `${NGINX}satisfy`, undoes: (value) => value === 'any', effect: 'narrowed',
    wrong: 'lets in whoever meets one of the conditions, an address without the login as well', fix: 'leave it out, or give \'all\'',
  },
  {
    annotation: 'alb.ingress.kubernetes.io/auth-on-unauthenticated-request', undoes: (value) => value === 'allow', wrong: 'lets in those without a login',
    fix: 'leave it out, or give \'authenticate\'',
  },
];

/** What may be about a login, of any controller. */
const LOGIN = /auth|middleware|oauth|whitelist|allow-?list|source-range|snippet|plugins|plugin-config|traffic-policy|inbound-cidrs|^nginx\.org\/policies$/i;
const NO = /^(none|off|false|no|disabled?|0)$/i;

/** The beginning of the annotations that a controller reads, by the usual name of its class. */
const CONTROLLERS: Readonly<Record<string, RegExp>> = {
  nginx: /^nginx\.(ingress\.kubernetes\.io|org|com)\//,
  traefik: /^(traefik\.)?ingress\.kubernetes\.io\//,
  alb: /^alb\.ingress\.kubernetes\.io\//,
  kong: /^konghq\.com\//,
  haproxy: /^(haproxy\.org|haproxy-ingress\.github\.io|haproxy\.com|ingress\.kubernetes\.io)\//,
};
/** All that belong to one of them; what belongs to none may be of any controller. */
const OF_CONTROLLERS = /^((nginx|traefik|alb)\.ingress\.kubernetes\.io|nginx\.(org|com)|konghq\.com|haproxy\.(org|com))\//;

/** Whether the controller of a class may read an annotation: it does not read those of another controller. */
function isRead(name: string, ingressClass: string): boolean {
  return !Object.hasOwn(CONTROLLERS, ingressClass) || !OF_CONTROLLERS.test(name) || CONTROLLERS[ingressClass].test(name);
}

/** The annotation that gave the class of an Ingress before there was a field. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** The class of an Ingress, by its field or by the annotation of before. */
export function ingressClassOf({ json, annotations }: Pick<Resource, 'json' | 'annotations'>): string | undefined {
  return asText(get(json, 'spec', 'ingressClassName')) ?? asText(annotations[CLASS_ANNOTATION]);
}

/** What annotations say of a login to the controller of a class. */
export function annotatedLogin(annotations: JsonObject, ingressClass = ''): AnnotatedLogin {
  const given = Object.entries(annotations).map(([name, value]) => [name, (asScalar(value) ?? '').trim()] as const);
  const known = new Map(given);
  const faults: LoginFault[] = [];
  let asked = false;
  for (const [name, value] of given) {
    const slash = name.indexOf('/') + 1;
    const [prefix, own] = [name.slice(0, slash), name.slice(slash)];
    const ask = Object.hasOwn(ASKS, prefix) ? Object.hasOwn(ASKS[prefix], own) ? ASKS[prefix][own] : undefined : LOGIN.test(name) ? {} : undefined;
    if (!ask) continue;
    const fault = (wrong: string, fix: string, effect: LoginFault['effect'] = 'asks for nothing') => void faults.push({ annotation: name, wrong, fix, effect });
    if (!isRead(name, ingressClass)) {
      fault(`is of another controller than that of the class '${ingressClass}', which serves without a login`, 'give the annotations of the controller of this class');
      continue;
    }
    if (value === '') {
      fault('is empty, and asks for nothing', 'give its value');
      continue;
    }
    if (ask.values && !ask.values.includes(value)) {
      fault('is not a way to ask for a login', `give ${ask.values.filter((one) => !NO.test(one)).map((one) => `'${one}'`).join(' or ')}`, 'not served');
      continue;
    }
    const missing = NO.test(value) ? [] : (ask.with?.(value) ?? []).filter((other) => [undefined, ''].includes(known.get(`${prefix}${other}`)));
    if (missing.length > 0) {
      fault(`asks for nothing without ${missing.map((other) => `${prefix}${other}`).join(' and ')}`, `also give ${missing.map((other) => `'${prefix}${other}'`).join(' and ')}`, ask.without);
      continue;
    }
    if (ask.helps || NO.test(value) || ask.asks?.(value) === false) continue;
    const verify = own === 'auth-tls-secret' ? known.get(`${prefix}auth-tls-verify-client`) : undefined;
    if (verify !== undefined && /^(off|optional|optional_no_ca)$/.test(verify)) {
      faults.push({ annotation: `${prefix}auth-tls-verify-client`, wrong: 'lets in those without a certificate', fix: 'leave it out, or give \'on\'', effect: 'asks for nothing' });
      continue;
    }
    asked = true;
  }
  // Addresses that are everybody's meet one of the conditions.
  const everybody = given.some(([name, value]) => /\/(white|allow)list-source-range$/.test(name) && value !== '' && !SOURCES.asks!(value));
  for (const { annotation, undoes, wrong, fix, effect = 'undone' } of UNDOING) {
    const value = known.get(annotation);
    if (value !== undefined && undoes(value) && isRead(annotation, ingressClass)) {
      faults.push({ annotation, wrong, fix, effect: effect === 'narrowed' && everybody ? 'undone' : effect });
    }
  }
  return { asked: asked && !faults.some(({ effect }) => effect === 'undone'), faults };
}

/** What lies before the pods of an Ingress or a route. */
export interface LoginBefore {
  /** It may ask for a login, or let only some in. */
  readonly asked: boolean;
  /** Why something that looks like a login is none. */
  readonly fault?: Omit<LoginFault, 'effect'>;
}

/** What an Ingress, or the rule of a route, has before the pods: what is not in sight may ask for a login. */
export function loginBefore(resource: Resource, rule: unknown, world: World): LoginBefore {
  if (resource.kind !== 'Ingress') {
    const filters = asList(get(rule, 'filters')).map((filter) => asText(get(filter, 'type')));
    const extensions = extensionsOf(resource, rule, world);
    const asked = extensions.some(({ object }) => mayAsk(object, world))
      // A redirect serves nothing itself; what OpenShift and others have there is not known.
      || filters.includes('RequestRedirect') || (filters.includes('ExtensionRef') && extensions.length === 0)
      || Object.keys(resource.annotations).some((name) => LOGIN.test(name));
    return { asked };
  }
  const ingressClass = ingressClassOf(resource);
  if (ASKING_CLASSES.test(ingressClass ?? '')) return { asked: true };
  const { asked, faults } = annotatedLogin(resource.annotations, ingressClass);
  const fault = faults.find(({ effect }) => effect === 'undone') ?? faults.find(({ effect }) => effect === 'asks for nothing');
  if (!asked) return { asked: faults.some(({ effect }) => effect === 'not served') && !faults.some(({ effect }) => effect === 'undone'), fault };
  const named = [...middlewaresOf(resource, world), ...pluginsOf(resource, world)];
  const others = Object.fromEntries(Object.entries(resource.annotations).filter(([name]) => !named.some(({ annotation }) => annotation === name)));
  if (named.length === 0 || named.some(({ object }) => mayAsk(object, world)) || annotatedLogin(others, ingressClass).asked) return { asked: true };
  const [{ annotation }] = named;
  return {
    asked: false, fault: {
      annotation, wrong: `names ${named.map(({ object }) => `the ${object!.kind} ${object!.name}, which ${describe(object!)}`).join(', and ')}, and asks for no login`,
      fix: named[0].object!.kind === 'Middleware' ? 'name a Middleware with basicAuth, digestAuth or forwardAuth' : 'name a plugin that asks for a login, such as basic-auth or openid-connect',
    },
  };
}

function describe({ kind, json }: Resource): string {
  return kind === 'Middleware' ? `has ${Object.keys(asMap(json.spec)).join(', ') || 'no spec'}` : `is ${asText(json.plugin) ?? 'no plugin'}`;
}

/** Middlewares of Traefik that let only some in. */
const ASKING_MIDDLEWARES = /^(basicAuth|digestAuth|forwardAuth|plugin)$/;
/** Plugins of Kong that let everybody in. */
const OPEN_PLUGINS = /^(rate-limiting(-advanced)?|cors|prometheus|correlation-id|request-size-limiting|(request|response)-transformer(-advanced)?|proxy-cache|(file|http|tcp|udp)-log|syslog|loggly|zipkin|opentelemetry|datadog|statsd|bot-detection|grpc-web|grpc-gateway)$/;

function mayAsk(object: Named['object'], world: World, depth = 0): boolean {
  if (!object) return true;
  if (object.kind !== 'Middleware') return object.json.disabled !== true && !OPEN_PLUGINS.test(asText(object.json.plugin) ?? '');
  return Object.entries(asMap(object.json.spec)).some(([name, value]) => {
    if (/^ip(Allow|White)List$/.test(name)) return SOURCES.asks!(asList(get(value, 'sourceRange')).map(asScalar).join(','));
    if (name !== 'chain') return ASKING_MIDDLEWARES.test(name);
    return depth > 10 || chainOf(object, value, world).some((one) => mayAsk(one.object, world, depth + 1));
  });
}
