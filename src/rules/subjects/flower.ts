import { FLOWER_TASKS, flowerMemory } from '../../celery/flower-memory';
import { misspelt, misspeltVariable, withoutValue } from '../../celery/flower-options';
import { isLoopback } from '../../celery/hosts';
import { DECLARED_VOLUME, declaresVolume, isFlower } from '../../celery/image';
import { AMQP_PORT, AMQPS_PORT, FLOWER_PORT, MANAGEMENT_PORT } from '../../celery/ports';
import { mebibytes } from '../../celery/quantity';
import { hasRemoteControl, transportOf } from '../../celery/transports';
import { isAmqp, isRedis, parseUrl, redisDatabase, virtualHost } from '../../celery/url';
import { meets } from '../../celery/versions';
import { hasPlaceholder, isFilledIn } from '../../celery/filled-in';
import { seenByFlower } from '../../manifests/applications';
import { claimFile, sharedFiles } from '../../manifests/claim-files';
import { brokerApi, databasePath, isOn, option } from '../../manifests/flower-options';
import { AUTH_SECRET, AUTH_SECRET_TYPE, NGINX } from '../../manifests/ingress-nginx';
import { installedVersion } from '../../manifests/installs';
import { isOf, mayGiveLabel } from '../../manifests/kustomizations';
import { OF_CONTROLLERS } from '../../manifests/labels';
import { asList, asMap, asScalar, asText, get } from '../../manifests/json';
import { attachments } from '../../manifests/gateways';
import { grouped } from '../../manifests/grouped';
import { workersIn } from '../../manifests/in-namespace';
import { contests, Exposure, exposures, guardedByPolicy, misdirected } from '../../manifests/network';
import { Place } from '../../manifests/place';
import { allowsPort, policiesOf, rulesOf } from '../../manifests/policies';
import { probePlace, probesOf } from '../../manifests/probes';
import { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { leastReplicas } from '../../manifests/scalers';
import { Resource } from '../../manifests/resource';
import { pathSeen, Seen } from '../../manifests/rewrites';
import { shownUrl, UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';
import { withinNetwork } from '../within-network';

const SSL_REDIRECT = `${NGINX}ssl-redirect`;
const SMALLEST_MEMORY = 256 * 2 ** 20;

function value(flower: Process, name: string): string | undefined {
  const found = option(flower, name);
  return found.state === 'known' ? found.value : undefined;
}

type Answer = 'yes' | 'no' | 'unknown';

const authenticated = lazy((flower: Process): Answer => {
  // Without these the others have no effect.
  const found = ['basic-auth', 'auth'].map((name) => option(flower, name).state);
  if (found.some((state) => state === 'known' || state === 'set')) return 'yes';
  return found.some((state) => state === 'maybe') ? 'unknown' : 'no';
});

/** Where an option may be, out of sight: in a variable, or else in a configuration file that gives what it is called by. */
function elsewhere({ container }: Process, variable: string, what: string): string {
  const [source = ''] = [...container.env.missing, ...container.env.others];
  return source !== '' ? `${source} has ${variable}` : `a configuration file gives it ${what}`;
}

function version(flower: Process): string | undefined {
  const { image } = flower.container;
  return isFlower(image) && image.tag !== undefined ? image.tag : installedVersion(flower.workload, 'flower');
}

function prefix(flower: Process): string {
  const given = value(flower, 'url-prefix')?.replace(/^\/|\/$/g, '') ?? '';
  return given === '' ? '' : `/${given}`;
}

function portOf(flower: Process): number {
  return Number(value(flower, 'port') ?? FLOWER_PORT);
}

function exposuresOf(flower: Process, world: World): readonly Exposure[] {
  const port = portOf(flower);
  return exposures(flower.workload, port, flower.container.portNames(port), world);
}

/** What Flower itself has at its root. */
const PAGES = /^\/(dashboard|workers?|tasks?|broker|api|static|login|logout|metrics|healthcheck|monitor)(\/|$)/;

/** Whether Flower answers below what comes with that beginning. */
function answers(own: string, { path, rewritten, constant }: Seen, exact: boolean): boolean {
  if (constant && !exact) return false;
  if (own === '') return path === '' || PAGES.test(path);
  return path === own || path.startsWith(`${own}/`) || (!rewritten && (path === '' || own.startsWith(`${path}/`)));
}

/** Whether a path of an Ingress or a route is one page only. */
function isExact({ resource: { json }, path }: Place): boolean {
  return get(json, ...path.slice(0, -1), 'pathType') === 'Exact' || asList(get(json, ...path.slice(0, 3), 'matches')).some((match) => get(match, 'path', 'type') === 'Exact');
}

/** A Secret that a controller reads, where it is named, and what is read of it. */
interface ReadSecret {
  readonly at: Place;
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
  /** A type that the Secret has to have. */
  readonly type?: string;
}

const TLS = { keys: ['tls.crt', 'tls.key'] };
const TLS_TYPE = 'kubernetes.io/tls';

/** The Secrets of an Ingress. */
function secretsOf(resource: Resource): ReadSecret[] {
  const { json, annotations, namespace } = resource;
  const name = asText(annotations[AUTH_SECRET]);
  return [
    ...asList(get(json, 'spec', 'tls')).flatMap((entry, i) => {
      const secret = asText(get(entry, 'secretName'));
      return secret === undefined ? [] : [{ at: { resource, path: ['spec', 'tls', i, 'secretName'] }, namespace, name: secret, ...TLS }];
    }),
    // With auth-map the keys are the users.
    ...(name === undefined || name.includes('/') || asText(annotations[AUTH_SECRET_TYPE]) === 'auth-map' ? []
      : [{ at: { resource, path: ['metadata', 'annotations', AUTH_SECRET] }, namespace, name, keys: ['auth'] }]),
  ];
}

/** The certificates of the listeners that take a route; one listener may take several. */
function certificatesOf(routes: readonly Resource[], world: World): ReadSecret[] {
  const all = routes.flatMap((route) => attachments(route, world)).flatMap(({ gateway, listeners }) =>
    listeners.filter(({ refused }) => refused === undefined).flatMap(({ certificates }) => certificates.map(({ path, namespace, name }) =>
      [`${gateway.index} ${path.join('.')}`, { at: { resource: gateway, path }, namespace, name, ...TLS, type: TLS_TYPE }] as const)));
  return [...new Map(all).values()];
}

/** The users of a Secret with a key for each of them, and the hashes of their passwords; undefined where it is no such Secret, or out of sight. */
function mapOfUsers({ annotations, namespace }: Resource, world: World): [string, string][] | undefined {
  if (asText(annotations[AUTH_SECRET_TYPE]) !== 'auth-map') return undefined;
  const secret = world.find('Secret', namespace, asText(annotations[AUTH_SECRET]) ?? '');
  return secret && [
    ...Object.entries(asMap(secret.json.stringData)).map(([key, hash]): [string, string] => [key, asScalar(hash) ?? '']),
    ...Object.entries(asMap(secret.json.data)).map(([key, hash]): [string, string] => [key, Buffer.from(asScalar(hash) ?? '', 'base64').toString()]),
  ];
}

/** Flowers to which the same leads: what that is, is looked at once. */
interface Reached {
  readonly flowers: readonly Process[];
  /** The Ingresses and routes, and whether the controller may ask for a login. */
  readonly by: ReadonlyMap<Resource, boolean>;
}

const reached = lazy((world: World): Reached[] => {
  const groups = new Map<readonly Exposure[], Process[]>();
  for (const flower of world.flowers) {
    const exposed = exposuresOf(flower, world);
    if (!groups.get(exposed)?.push(flower)) groups.set(exposed, [flower]);
  }
  return [...groups].map(([exposed, flowers]) => {
    const by = new Map<Resource, boolean>();
    for (const { place: { resource }, guarded } of exposed) {
      if (resource.kind === 'Ingress' || resource.kind === 'HTTPRoute') by.set(resource, guarded || by.get(resource) === true);
    }
    return { flowers, by };
  });
});

/** The Ingresses and routes that lead to a Flower. */
const leading = lazy((world: World) => new Set(reached(world).flatMap(({ by }) => [...by.keys()])));

/** The Services that lead to a Flower. */
const flowerServices = lazy((world: World) => {
  const flowers = new Set(world.flowers.map(({ workload }) => workload));
  return world.kind('Service').filter((service) => world.backing(service).some((workload) => flowers.has(workload)));
});

function targetOf(port: unknown): unknown {
  return get(port, 'targetPort') ?? get(port, 'port');
}

/** The workloads with Flower that some Service leads to. */
const withService = lazy((world: World) => new Set([...new Set(flowerServices(world).map((service) => world.backing(service)))].flat()));

/** The port on which Flower listens and what the container calls it; undefined where something out of sight may be in its place. */
function listening(flower: Process): { readonly port: number; readonly certain: boolean; readonly leads: (port: unknown) => boolean } | undefined {
  const port = portOf(flower);
  const { state } = option(flower, 'port');
  if (flower.hint || !flower.plain || state === 'set' || !Number.isInteger(port)) return undefined;
  const names = flower.container.portNames(port);
  return { port, certain: state !== 'maybe', leads: (one) => String(one) === String(port) || names.has(asText(one) ?? '') };
}

/** A name of a host, and no address. */
const HOST_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** The names that a pod has in its own /etc/hosts, as far as they are known beforehand. */
function ownNames({ resource, spec }: Workload): ReadonlySet<string> {
  const { kind, name } = resource;
  const given = asText(spec.hostname);
  return new Set([...given === undefined ? [] : [given], ...kind === 'Pod' ? [name] : [], ...kind === 'StatefulSet' ? [`${name}-0`] : []]);
}

/** The proxy of Consul connects to the application at the loopback address. */
function isMeshed({ annotations }: Workload): boolean {
  return asScalar(annotations['consul.hashicorp.com/connect-inject']) === 'true';
}

/** Annotations by which a controller ends TLS without `tls`. */
const SECURED = /cert|(^|[./-])tls|force-ssl-redirect true|listen-ports .*HTTPS|entrypoints .*(secure|https)|konghq\.com\/protocols https$/i;

/** Flower answers these without a login. */
const OPEN_PATHS = ['/healthcheck', '/metrics'];

/** The namespaces that have workloads. */
const withPods = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.map(({ resource: { namespace } }) => namespace)));

export const flowerRules: Rule[] = [
  {
    id: 'flower/open-to-the-world',
    severity: Severity.ERROR,
    title: 'Flower can be reached from outside the cluster without a login',
    why: 'Anybody can read the arguments and results of tasks: `/`, `/tasks`, `/broker` and `/metrics` all answer 200. Before Flower 2 anybody can '
      + 'stop workers, too; since then the API answers 401 to those without a login.',
    fix: 'Set FLOWER_BASIC_AUTH from a Secret, or let the Ingress ask for a login.',
    source: 'https://github.com/mher/flower/issues/1217',
    rows: ['L1'],
    check: (world, report) => {
      const open = new Map<readonly Exposure[], string | undefined>();
      const withProvider = new Set<readonly Exposure[]>();
      for (const flower of world.flowers) {
        const answer = authenticated(flower);
        // Scripts give a login more often than not.
        if (answer === 'yes' || (answer === 'unknown' && !flower.plain)) continue;
        const exposed = exposuresOf(flower, world);
        if (['auth-provider', 'oauth2-key'].some((name) => ['known', 'set'].includes(option(flower, name).state))) withProvider.add(exposed);
        // Of several, one without a login for certain is enough.
        open.set(exposed, answer === 'no' || (open.has(exposed) && open.get(exposed) === undefined) ? undefined : elsewhere(flower, 'FLOWER_BASIC_AUTH', 'a login'));
      }
      for (const [exposed, condition] of open) {
        for (const { place, by, guarded, fault, internal } of exposed) {
          if (guarded) continue;
          report(fault === undefined ? {
            at: place, value: by, allowed: 'FLOWER_BASIC_AUTH, or ClusterIP', unless: condition, ...withinNetwork(internal),
            ...withProvider.has(exposed) ? { note: 'a provider asks nobody without --auth', allowed: 'FLOWER_AUTH, with who may come in' } : {},
          } : {
            ...withinNetwork(internal),
            at: { resource: place.resource, path: ['metadata', 'annotations', fault.annotation] }, unless: condition,
            value: asScalar(place.resource.annotations[fault.annotation]), note: `${fault.annotation} ${fault.wrong}`,
            fix: `${fault.fix[0].toUpperCase()}${fault.fix.slice(1)}; or give FLOWER_BASIC_AUTH from a Secret.`,
          });
        }
      }
    },
  },
  {
    id: 'flower/open-in-the-cluster',
    severity: Severity.ADVICE,
    title: 'Flower requires no login, and no NetworkPolicy limits who may reach it',
    why: 'Every pod of the cluster can read the arguments of tasks.',
    fix: 'Set FLOWER_BASIC_AUTH from a Secret, or add a NetworkPolicy.',
    source: 'https://github.com/mher/flower/issues/1217',
    rows: ['L1'],
    on: 'flowers',
    check: (flower, report, world) => {
      // What asks for a login in front of the Service does not ask who comes from within.
      if (authenticated(flower) === 'no' && exposuresOf(flower, world).every(({ guarded }) => guarded) && !guardedByPolicy(flower.workload, world)) {
        report({
          at: flower.place(),
        });
      }
    },
  },
  {
    id: 'flower/unauthenticated-api',
    severity: Severity.ERROR,
    title: 'The API of Flower is open, and can be reached from outside the cluster',
    why: 'FLOWER_UNAUTHENTICATED_API lets anybody start tasks and shut workers down with one request.',
    fix: 'Remove FLOWER_UNAUTHENTICATED_API, and set FLOWER_BASIC_AUTH.',
    source: 'https://github.com/mher/flower/issues/1231',
    rows: ['L2'],
    on: 'flowers',
    check: (flower, report, world) => {
      const api = flower.variable('FLOWER_UNAUTHENTICATED_API');
      if (api.state !== 'known' || !/^(1|true|yes|on)$/i.test(api.value) || authenticated(flower) !== 'no') return;
      const open = exposuresOf(flower, world).find(({ guarded }) => !guarded);
      if (open) {
        report({
          at: flower.place(api.path), value: `FLOWER_UNAUTHENTICATED_API=${api.value}`, note: `${open.by} ${open.place.resource.name}`,
        });
      }
    },
  },
  {
    id: 'flower/metrics-in-public',
    severity: Severity.INFO,
    title: 'The Ingress publishes /metrics and /healthcheck, which Flower answers without a login',
    why: 'Both stay open with basic auth: names of tasks and workers are public.',
    fix: 'Keep them from the Ingress by its paths, or by its own authentication.',
    source: 'Reproduced with Flower 2.0.1 and 2.1.0',
    rows: ['L3'],
    check: (world, report) => {
      const prefixes = new Map<readonly Exposure[], Set<string>>();
      for (const flower of world.flowers) {
        if (authenticated(flower) !== 'yes') continue;
        const open = exposuresOf(flower, world);
        prefixes.set(open, (prefixes.get(open) ?? new Set()).add(prefix(flower)));
      }
      for (const [open, own] of prefixes) {
        for (const { place, by, guarded, prefix: path } of open) {
          const all = path !== undefined && [...own].some((one) => `${one}/metrics`.startsWith(path.replace(/\*$/, '')));
          if (!guarded && all) report({ at: place, value: by });
        }
      }
    },
  },
  {
    id: 'flower/broker-after-subcommand',
    severity: Severity.ERROR,
    title: 'Options of celery are given after `flower`, which ignores them',
    why: '`You have incorrectly specified the following celery arguments after flower command: [\'--broker\']`; Flower '
      + 'then tries RabbitMQ on localhost.',
    fix: 'Put them before: celery --broker=... flower; or set CELERY_BROKER_URL.',
    source: 'https://github.com/celery/celery/issues/8071',
    rows: ['L4'],
    on: 'flowers',
    check: (flower, report) => {
      const installed = version(flower);
      // Flower 0.9 with Celery 4 took them there.
      if (!flower.command.subcommand || !flower.plain || (installed !== undefined && meets(installed, '<1.0'))) return;
      for (const name of ['--broker', '--result-backend', '--app']) {
        const given = flower.command.options.get(name);
        if (!given || flower.command.global.has(name)) continue;
        // With a broker from the environment nothing is missing.
        const states = ['CELERY_BROKER_URL', 'BROKER_URL'].map((variable) => flower.variable(variable).state);
        const covered = states.some((state) => state === 'known' || state === 'set');
        if (covered && name !== '--broker') continue;
        report({
          at: flower.place(given.word.path), value: `flower ${name}`, allowed: `celery ${name} ... flower`,
          ...covered || !states.includes('maybe') ? {} : { unless: elsewhere(flower, 'CELERY_BROKER_URL', 'a broker') },
          ...name !== '--app' && !covered ? {} : { severity: Severity.WARNING },
        });
      }
    },
  },
  {
    id: 'flower/value-without-equals-sign',
    severity: Severity.ERROR,
    title: 'Flower takes the value of an option only after an equals sign',
    why: 'Flower ends at start: `tornado.options.Error: Option \'port\' requires a value`.',
    fix: 'Write the option and its value as one argument: --port=5555.',
    source: 'https://www.tornadoweb.org/en/stable/options.html; reproduced with Flower 2.0.1',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report) => {
      if (!flower.plain) return;
      for (const { name, word } of withoutValue(flower.command.options)) {
        report({ at: flower.place(word.path), value: word.text, allowed: `${name}=...` });
      }
    },
  },
  {
    id: 'flower/unknown-option',
    severity: Severity.WARNING,
    title: 'Flower has no option of this name, and takes no notice of it',
    why: 'Without a word in the log Flower runs with its default: at port 5555, without a login, without a prefix.',
    fix: 'Correct the name of the option.',
    source: 'https://flower.readthedocs.io/en/latest/config.html',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report) => {
      if (!flower.plain) return;
      for (const { word, meant } of misspelt(flower.command.options)) {
        report({ at: flower.place(word.path), value: word.text.replace(/=.*/s, ''), allowed: meant });
      }
      const { env, words } = flower.container;
      for (const { name, path, value: text } of env.all()) {
        const meant = flower.hint || text === '' ? undefined : misspeltVariable(name);
        // What the command or another variable takes is read.
        const read = words.some((word) => word.text.includes(name)) || [...env.all()].some(({ raw }) => raw?.includes(name));
        if (meant === undefined || read || env.get(meant) || flower.command.options.has(`--${meant.slice('FLOWER_'.length).toLowerCase().replaceAll('_', '-')}`)) continue;
        report({ at: flower.place(path), value: name, allowed: meant, unless: 'the application or the image reads it' });
      }
    },
  },
  {
    id: 'flower/broker-api-port',
    severity: Severity.WARNING,
    title: 'Flower asks the management API of RabbitMQ at the port of AMQP',
    why: 'The API is HTTP, at port 15672: `RabbitMQ management API call failed` in the log of Flower, and its page Broker shows no queue.',
    fix: 'Set --broker-api to http://USER:PASSWORD@HOST:15672/api/, and give the Service of RabbitMQ that port.',
    source: 'https://github.com/mher/flower/issues/830',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report, world) => {
      const api = flower.plain ? brokerApi(flower) : undefined;
      const url = parseUrl(api?.text ?? '');
      if (!api || !url) return;
      const port = Number(url.port);
      const service = world.service(url.host, flower.workload.resource.namespace);
      const leads = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === port);
      // A Service may have the management at any port.
      const other = leads !== undefined && ![undefined, port, 'amqp', 'amqps'].includes(get(leads, 'targetPort') as string | number | undefined);
      const byPort = [AMQP_PORT, AMQPS_PORT].includes(port) && !other;
      if (!byPort && !isAmqp(url)) return;
      report({ at: flower.place(api.path), value: `${url.scheme}://${url.host}${url.port === undefined ? '' : `:${url.port}`}`, allowed: `http://${url.host}:${MANAGEMENT_PORT}/api/` });
    },
  },
  {
    id: 'flower/other-database',
    severity: Severity.WARNING,
    title: 'Flower looks at another database or virtual host than all workers next to it',
    why: 'It shows no worker and no task: events and answers of workers go through the broker that these have.',
    fix: 'Give Flower the broker URL of the workers.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#broker',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report, world) => {
      const own = flower.broker;
      const { namespace } = flower.workload.resource;
      const links = workersIn(namespace, world).map(({ link }) => link);
      if (!own || own.partial || links.length === 0) return;
      const database = ({ url }: UrlUse): string => isRedis(url) ? String(redisDatabase(url) ?? '?') : virtualHost(url) ?? '?';
      // Another host is another broker, and a database out of sight may be the same.
      if (links.some((link) => !link || link.url.host !== own.url.host || ['?', database(own)].includes(database(link)))) return;
      report({
        at: own.at, value: shownUrl(own), allowed: [...new Set(links.map((link) => `database ${database(link!)}`))].join(', '),
        unless: 'workers of that one are not among these manifests',
      });
    },
  },
  {
    id: 'flower/empty-login',
    severity: Severity.ERROR,
    title: 'The login of Flower is empty or has no colon, so nobody can log in',
    why: 'An empty FLOWER_BASIC_AUTH switches basic authentication on, with no user; and what has no colon is compared with `user:password`: everybody gets 401.',
    fix: 'Give `user:password`, or remove the variable.',
    source: 'Reproduced with Flower 2.0.1',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report) => {
      const found = option(flower, 'basic-auth');
      const secret = flower.container.env.get('FLOWER_BASIC_AUTH')?.hidden;
      // An option without `=` has no value: that is said elsewhere.
      const isNone = (login: string): boolean => login.trim() === '' || (!login.includes(':') && login !== 'true' && !isFilledIn(login));
      const empty = found.state === 'known' ? isNone(found.value) : found.state === 'set' && !found.flag && secret !== undefined && isNone(secret);
      if (empty && found.state !== 'maybe' && found.state !== 'unset') report({ at: flower.place(found.path), value: 'FLOWER_BASIC_AUTH', allowed: 'user:password' });
    },
  },
  {
    id: 'flower/comma-in-credentials',
    severity: Severity.ERROR,
    title: 'A comma in the password of Flower splits it into two logins',
    why: 'The option is a list: `user:a,b` is user:a and a second login `b`; nobody can log in with the whole password.',
    fix: 'Use a password without a comma.',
    source: 'flower/command.py at https://github.com/mher/flower',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report) => {
      const found = option(flower, 'basic-auth');
      if (found.state === 'known' && found.value.includes(',') && found.value.split(',').some((part) => !part.includes(':'))) {
        report({ at: flower.place(found.path), value: 'FLOWER_BASIC_AUTH', allowed: 'user:password[,user:password]' });
      }
    },
  },
  {
    id: 'flower/read-only-unsupported',
    severity: Severity.WARNING,
    title: 'Flower before 2.1.0 has no read-only mode',
    why: 'FLOWER_READ_ONLY is not known to it: the buttons that stop workers stay where they are.',
    fix: 'Use flower>=2.1.0.',
    source: 'https://flower.readthedocs.io/en/latest/config.html',
    rows: ['L7'],
    on: 'flowers',
    check: (flower, report) => {
      const installed = version(flower);
      const found = option(flower, 'read-only');
      if (isOn(flower, 'read-only') && found.state === 'known' && installed !== undefined && meets(installed, '<2.1.0')) {
        report({ at: flower.place(found.path), value: `Flower ${installed}`, allowed: '2.1.0 or later' });
      }
    },
  },
  {
    id: 'flower/events-off',
    severity: Severity.INFO,
    title: 'Flower is deployed, but this worker sends no task events until Flower enables them',
    why: 'Flower asks by remote control, every 5 s: what runs before that is missing, and with --enable-events=false or without remote control '
      + 'the list of tasks stays empty: `task events: OFF (enable -E to monitor tasks in this worker)`.',
    fix: 'Add -E to the worker.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/monitoring.html',
    rows: ['L8'],
    on: 'workers',
    check: (worker, report, world) => {
      if (seenByFlower(world).has(worker) && worker.lacks('--task-events')
        && !worker.sets('worker_send_task_events')) report({ at: worker.commandPlace, unless: 'the application sets worker_send_task_events' });
    },
  },
  {
    id: 'flower/probe-path',
    severity: Severity.ERROR,
    title: 'The probe requests a path that Flower answers with 401 or 404',
    why: 'The container is restarted or never ready: `HTTP probe failed with statuscode: 401` once there is a login (and for /api since Flower 2), '
      + '404 for any path without the url prefix.',
    fix: 'Probe <prefix>/healthcheck: it needs no login and does not ask the broker.',
    source: 'https://github.com/mher/flower/issues/945',
    rows: ['P16'],
    on: 'flowers',
    check: (flower, report) => {
      const port = portOf(flower);
      const before = prefix(flower);
      for (const probe of probesOf(flower.container)) {
        const target = probe.http;
        if (!target || (typeof target.port === 'number' && target.port !== port)) continue;
        const at = probePlace(probe, 'httpGet', 'path');
        const path = target.path.split('?')[0];
        const allowed = `${before}/healthcheck`;
        if (before !== '' && path !== before && !path.startsWith(`${before}/`)) {
          report({ at, value: target.path, allowed, note: `the url prefix is ${before}: 404` });
          continue;
        }
        const inside = path.slice(before.length) || '/';
        if (OPEN_PATHS.includes(inside)) continue;
        const headers = asList(get(probe.json, 'httpGet', 'httpHeaders')).some((header) => /^authorization$/i.test(asText(get(header, 'name')) ?? ''));
        if (authenticated(flower) === 'yes' && !headers) {
          // OAuth sends to a login page, which is no failure to a probe.
          const basic = option(flower, 'basic-auth').state;
          if (basic === 'known' || basic === 'set') report({ at, value: target.path, allowed, note: 'there is a login: 401' });
        } else if (inside.startsWith('/api/') && authenticated(flower) === 'no' && flower.variable('FLOWER_UNAUTHENTICATED_API').state === 'unset') {
          const installed = version(flower);
          if (installed !== undefined && meets(installed, '<2.0')) continue;
          report({ at, value: target.path, allowed, note: '401 since Flower 2', ...unless(installed !== undefined, 'the image has Flower 1') });
        }
      }
    },
  },
  {
    id: 'flower/database-not-writable',
    severity: Severity.ERROR,
    title: 'The state file of Flower is not writable',
    why: 'It ends when it saves: `OSError: [Errno 30] Read-only file system: b\'flower.dat\'`.',
    fix: 'Set --db to a path on a writable volume, or leave --persistent out.',
    source: 'Reproduced with Flower 2.0.1',
    rows: ['F7'],
    on: 'flowers',
    check: (flower, report) => {
      if (!isOn(flower, 'persistent')) return;
      const database = option(flower, 'db');
      if (database.state === 'set' || database.state === 'maybe') return;
      const written = database.state === 'known' ? database.value : 'flower';
      const path = flower.container.absolute(written);
      const nowhere = path === undefined ? flower.container.readOnlyRoot && flower.container.mounts.length === 0
        : flower.container.writable(path) === 'no';
      if (nowhere) {
        // Where the working directory is that of the image, so is the volume.
        const declared = flower.container.mountOf(path ?? '/data') === undefined && declaresVolume(flower.container.image, path ?? '/data');
        report({
          at: database.state === 'known' ? flower.place(database.path) : flower.commandPlace, value: written, allowed: 'a path on a writable volume',
          ...unless(!declared, DECLARED_VOLUME),
        });
      }
    },
  },
  {
    id: 'flower/broker-without-events',
    severity: Severity.ERROR,
    title: 'The broker of Flower does not support events and remote control',
    why: 'Flower shows neither workers nor tasks, and what it asks for is never answered.',
    fix: 'Leave Flower out, and look at the queues in the console of the broker; or use Redis or RabbitMQ.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/index.html#broker-overview',
    rows: ['L9'],
    on: 'flowers',
    check: ({ broker }, report) => {
      const transport = broker && transportOf(broker.text);
      if (transport !== undefined && !hasRemoteControl(transport)) report({ at: broker!.at, value: broker!.text, allowed: 'Redis, RabbitMQ' });
    },
  },
  {
    id: 'flower/database-shared',
    severity: Severity.ERROR,
    title: 'Several Flowers keep their state in one file of a claim',
    why: 'Each save replaces what the others have saved, and a Flower that starts shows the tasks and workers of another one.',
    fix: 'Give each Flower a claim of its own, or a --db of its own.',
    source: 'flower/events.py at https://github.com/mher/flower',
    rows: ['N70'],
    check: (world, report) => {
      for (const { file, processes } of sharedFiles(world.flowers.map((flower) => [flower, claimFile(flower.container, databasePath(flower))]))) {
        const [, second] = processes;
        const database = option(second, 'db');
        report({
          at: database.state === 'known' ? second.place(database.path) : second.commandPlace, value: `claim ${file.claim}, file ${file.path}`,
          note: `it is that of ${listed(processes.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))}`,
        });
      }
    },
  },
  {
    id: 'flower/memory-too-small',
    severity: Severity.WARNING,
    title: 'Flower keeps 100 000 tasks in less memory than they need',
    why: 'It grows until it is OOMKilled: the default of max_tasks is 100 000 since Flower 2, and -A loads the whole '
      + 'application on top (240 MiB for one).',
    fix: `Set --max_tasks=${FLOWER_TASKS.enough} and leave -A out; with arguments of 1 KiB, 10 000 tasks need ${mebibytes(flowerMemory(FLOWER_TASKS.enough) * 2 ** 20)}, and 100 000 need `
      + `${mebibytes(flowerMemory(FLOWER_TASKS.default) * 2 ** 20)}.`,
    source: 'https://github.com/mher/flower/issues/1305',
    rows: ['M4'],
    on: 'flowers',
    check: (flower, report) => {
      const limit = flower.container.memoryLimit;
      if (limit !== undefined && limit < SMALLEST_MEMORY && option(flower, 'max-tasks').state === 'unset') {
        report({
          at: flower.place([...flower.container.path, 'resources', 'limits', 'memory']), value: mebibytes(limit), allowed: mebibytes(SMALLEST_MEMORY),
        });
      }
    },
  },
  {
    id: 'flower/ingress-secret',
    severity: Severity.ERROR,
    title: 'The Secret that the Ingress or the Gateway of Flower names is not one that its controller can use',
    why: 'Without `tls.crt` and `tls.key` the controller of an Ingress shows a certificate of its own, which browsers refuse, and the listener of a Gateway gets '
      + '`ResolvedRefs: False` with the reason InvalidCertificateRef; without `auth` nothing is served.',
    fix: 'Give the Secret of the certificate the keys tls.crt and tls.key, as `kubectl create secret tls` does, and that of the login the key auth.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
    rows: ['N56'],
    check: (world, report) => {
      const of = (kind: string) => [...leading(world)].filter((resource) => resource.kind === kind);
      const ingresses = of('Ingress');
      for (const { at, namespace, name, keys, type } of [...ingresses.flatMap(secretsOf), ...certificatesOf(of('HTTPRoute'), world)]) {
        const secret = world.find('Secret', namespace, name);
        if (!secret) continue;
        const own = new Set(['data', 'stringData'].flatMap((field) => Object.keys(asMap(secret.json[field]))));
        const given = asText(secret.json.type) ?? 'Opaque';
        if (keys.every((key) => own.has(key))) {
          if (type !== undefined && given !== type) report({ at, value: `Secret ${name} of type ${given}`, allowed: type, fix: `Give it the type ${type}.`, unless: 'the controller also takes Secrets of other types' });
          continue;
        }
        // The API server takes no Secret of that type without its keys; an empty one of another type is filled by something.
        const empty = own.size === 0 && given !== TLS_TYPE;
        report({
          at, value: own.size === 0 ? `Secret ${name} without keys` : `Secret ${name}, keys ${[...own].join(', ')}`,
          allowed: keys.join(' and '), ...unless(!empty, 'something else writes it'),
        });
      }
      for (const resource of ingresses) {
        const users = mapOfUsers(resource, world);
        for (const key of users?.filter(([, hash]) => hash.includes(':')).map(([one]) => one) ?? []) {
          report({
            at: { resource, path: ['metadata', 'annotations', AUTH_SECRET] }, value: `key ${key}`, allowed: 'a key for each user, with the hash of the password',
            note: 'with auth-secret-type auth-map a key is the name of a user, and this one has a line of htpasswd',
            fix: 'Leave auth-secret-type out for a Secret with the key auth, or give each user a key.',
          });
        }
      }
    },
  },
  {
    id: 'flower/route-leads-nowhere',
    severity: Severity.ERROR,
    title: 'An Ingress or a route refers to Flower by a misspelled Service or a port that it does not have',
    why: 'The controller has nowhere to send requests to: 503, or 500 with an HTTPRoute.',
    fix: 'Name the Service of Flower and its port, which is 5555 with our constructs.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#resource-backend',
    rows: ['N71'],
    across: true,
    check: (world, report) => {
      for (const { place: at, meant, port, service } of misdirected(flowerServices(world), world)) {
        if (port === undefined) {
          report({ at, value: `Service ${service}`, note: meant.name === service ? `it is in the namespace ${meant.namespace}` : `did you mean ${meant.name}?`, unless: 'a Service of that name is not among these manifests' });
        } else {
          const ports = asList(get(meant.json, 'spec', 'ports')).flatMap((entry) => asScalar(get(entry, 'port')) ?? []);
          if ([...ports, asScalar(port) ?? ''].some(hasPlaceholder)) continue;
          report({ at, value: `Service ${service}, port ${asScalar(port) ?? ''}`, allowed: `port ${ports.join(' or ')}` });
        }
      }
    },
  },
  {
    id: 'flower/wrong-port',
    severity: Severity.ERROR,
    title: 'A Service or a probe leads to a port on which Flower does not listen',
    why: 'Nothing answers there: `connection refused`, 502 from an Ingress; a liveness probe restarts Flower again and again. Flower listens on 5555, or on what --port or '
      + 'FLOWER_PORT says, whatever the container declares.',
    fix: 'Set targetPort of the Service, and the port of the probe, to the port of Flower.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#port',
    rows: ['N71'],
    check: (world, report) => {
      const OUT_OF_SIGHT = 'something out of sight sets the port of Flower';
      for (const flower of world.flowers) {
        const listens = listening(flower);
        for (const probe of listens ? probesOf(flower.container) : []) {
          for (const by of ['httpGet', 'tcpSocket']) {
            const port = get(probe.json, by, 'port');
            if (port === undefined || listens!.leads(port)) continue;
            report({
              at: probePlace(probe, by, 'port'), value: `${probe.kind}: ${asScalar(port)}`, allowed: String(listens!.port), ...unless(listens!.certain, OUT_OF_SIGHT),
            });
          }
        }
      }
      const behind = new Map<readonly Workload[], ReturnType<typeof listening>>();
      for (const service of flowerServices(world)) {
        const pods = world.backing(service);
        if (!behind.has(pods)) {
          // Another container or pod may be the one that is meant, such as a proxy.
          const [flower] = pods.every((pod) => pod.containers.length === 1) ? world.in(pods[0]) : [];
          behind.set(pods, flower?.role === 'flower' ? listening(flower) : undefined);
        }
        const listens = behind.get(pods);
        const ports = asList(get(service.json, 'spec', 'ports'));
        if (!listens || get(service.json, 'spec', 'clusterIP') === 'None' || ports.some((entry) => listens.leads(targetOf(entry)) || hasPlaceholder(asScalar(targetOf(entry)) ?? ''))) continue;
        ports.forEach((entry, i) => report({
          at: { resource: service, path: ['spec', 'ports', i] }, value: `targetPort: ${asScalar(targetOf(entry)) ?? ''}`, allowed: String(listens.port),
          ...unless(listens.certain, OUT_OF_SIGHT),
        }));
      }
    },
  },
  {
    id: 'flower/wrong-address',
    severity: Severity.ERROR,
    title: 'Flower listens on an address at which nobody reaches it, or that its pod does not have',
    why: 'With a loopback address nothing from outside the pod gets through: `connection refused`. With the name of anything else Flower ends at once: '
      + '`socket.gaierror: Name or service not known`, or `OSError: Cannot assign requested address` with that of a Service, CrashLoopBackOff.',
    fix: 'Leave --address out: Flower then listens on all addresses of the pod.',
    source: 'Reproduced with Flower 2.0.1; https://flower.readthedocs.io/en/latest/config.html#address',
    rows: ['N71'],
    on: 'flowers',
    check: (flower, report, world) => {
      const address = option(flower, 'address');
      const { workload, container } = flower;
      if (flower.hint || address.state !== 'known' || option(flower, 'unix-socket').state !== 'unset') return;
      if (address.value === '0.0.0.0' || withoutValue(flower.command.options).some(({ name }) => name === '--address')) return;
      const services = flowerServices(world).filter((service) => world.backing(service).includes(workload));
      if (isLoopback(address.value)) {
        const listens = listening(flower);
        const asked = listens && (probesOf(container).find((probe) => ['httpGet', 'tcpSocket'].some((by) =>
          get(probe.json, by, 'host') === undefined && get(probe.json, by, 'port') !== undefined && listens.leads(get(probe.json, by, 'port'))))?.kind
          ?? services.find((service) => asList(get(service.json, 'spec', 'ports')).some((entry) => listens.leads(targetOf(entry))))?.name);
        if (asked !== undefined && !isMeshed(workload)) report({ at: flower.place(address.path), value: address.value, allowed: '0.0.0.0', note: `${/Probe$/.test(asked) ? asked : `the Service ${asked}`} asks for it from outside the pod` });
      } else if (HOST_NAME.test(address.value) && !ownNames(workload).has(address.value) && get(workload.spec, 'hostAliases') === undefined && workload.spec.hostNetwork !== true
        && !services.some((service) => get(service.json, 'spec', 'clusterIP') === 'None')) {
        report({ at: flower.place(address.path), value: address.value, allowed: '0.0.0.0', note: 'it is not the name of its pod' });
      }
    },
  },
  {
    id: 'flower/service-selects-nothing',
    severity: Severity.ERROR,
    title: 'The Service of Flower selects no pod',
    why: 'It has no endpoints: `connection refused`, or 503 from an Ingress.',
    fix: 'Write the labels of the pods of Flower into the selector of the Service.',
    source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpoints',
    rows: ['N21'],
    check: (world, report) => {
      const flowers = grouped(world.flowers.filter(({ workload }) => !withService(world).has(workload))
        .map((flower) => [flower.workload.resource.namespace, flower]));
      for (const service of flowers.size === 0 ? [] : world.kind('Service')) {
        const selector = asMap(get(service.json, 'spec', 'selector'));
        // A namespace without any pod is not the one that is meant.
        const near = flowers.get(service.namespace) ?? (withPods(world).has(service.namespace) ? undefined : [...flowers.values()].flat());
        if (!near || Object.keys(selector).length === 0 || Object.values(selector).some((wanted) => hasPlaceholder(asScalar(wanted) ?? '')) || world.backing(service).length > 0) continue;
        const meant = near.find((flower) => asList(get(service.json, 'spec', 'ports'))
          .some((entry) => targetOf(entry) === portOf(flower)));
        if (!meant || !/flower/i.test(service.name)) continue;
        const { workload: { labels, resource: { name, namespace } } } = meant;
        // Not another Flower: that of its name has other labels.
        const others = Object.entries(selector).filter(([label, wanted]) => asScalar(labels[label]) !== asScalar(wanted));
        // A controller gives them to its pods, or a kustomization or a patch adds them.
        const isGiven = ([label, wanted]: readonly [string, unknown]): boolean => OF_CONTROLLERS.test(label)
          || mayGiveLabel(label, service.namespace, world)
          || world.resources.some((other) => other.name === name && isOf(other, service.namespace) && asScalar(get(other.json, 'spec', 'template', 'metadata', 'labels', label)) === asScalar(wanted));
        if (others.length > 0 && others.every(isGiven)) continue;
        // One of two releases may not run now.
        const isMeant = name === service.name && others.length > 0 && ['', service.namespace].includes(namespace) && !world.kind('Kustomization').some((one) => isOf(one, service.namespace))
          && !others.some(([label]) => /version|track|colou?r|slot|release/i.test(label)) && world.workloads.filter(({ resource }) => resource.name === name && isOf(resource, service.namespace)).length === 1;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, value: JSON.stringify(selector), allowed: JSON.stringify(labels), ...unless(isMeant, ELSEWHERE),
          ...namespace === service.namespace || namespace === '' ? {} : { note: `Flower is in the namespace ${namespace}` },
        });
      }
    },
  },
  {
    id: 'flower/host-taken',
    severity: Severity.ERROR,
    title: 'The host and path of Flower also lead to another Service',
    why: 'The controller takes one of the two, most often the older: the other is not reached, or was until now.',
    fix: 'Give each a host of its own, or Flower a path of its own with --url_prefix.',
    source: 'https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule',
    rows: ['N57'],
    across: true,
    check: (world, report) => {
      const flowers = new Set(world.flowers.map(({ workload }) => workload));
      for (const { host, prefix: path, routes } of contests(world)) {
        const [first, ...more] = routes;
        if (!routes.some(({ service }) => service && world.backing(service).some((workload) => flowers.has(workload)))) continue;
        for (const { place, target } of more.filter((other) => other.target !== first.target)) {
          const [[here], [there, name]] = [target, first.target].map((one) => one.split('/'));
          report({
            at: place, value: `${host}${path}`, note: `${first.place.resource.kind} ${first.place.resource.name} leads it to the Service ${name}`,
            ...unless(here === there, 'the two namespaces are of different clusters'), outOfSight: true,
          });
        }
      }
    },
  },
  {
    id: 'flower/cookie-of-one-pod',
    severity: Severity.WARNING,
    title: 'Several pods of Flower with a provider of logins have no common cookie_secret',
    why: 'Each pod signs its cookies with a key of its own that it makes up at startup: whoever has logged in at one is sent to the login again by another.',
    fix: 'Run one pod; or set FLOWER_COOKIE_SECRET from a Secret.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#cookie-secret',
    rows: ['N116'],
    on: 'flowers',
    check: (flower, report, world) => {
      const provider = ['auth-provider', 'oauth2-key'].map((name) => option(flower, name)).find(({ state }) => state === 'known' || state === 'set');
      if (!provider || leastReplicas(flower.workload, world) < 2 || option(flower, 'cookie-secret').state !== 'unset') return;
      const affinity = world.kind('Service').some((service) => get(service.json, 'spec', 'sessionAffinity') === 'ClientIP' && world.backing(service).includes(flower.workload));
      if (!affinity) report({ at: { resource: flower.workload.resource, path: ['spec', 'replicas'] }, unless: 'something sends all requests of a browser to one pod' });
    },
  },
  {
    id: 'flower/login-in-the-clear',
    severity: Severity.WARNING,
    title: 'Flower asks for a login over HTTP, without TLS',
    why: 'Passwords of HTTP basic authentication and cookies of sessions can be read on the way, also where a page with TLS is there as well.',
    fix: 'Give the Ingress `tls` with a Secret of type kubernetes.io/tls, and let HTTP be redirected; name the HTTPS listener of the Gateway in sectionName.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
    rows: ['N60'],
    check: (world, report) => {
      const before = 'something in front of the controller ends TLS';
      const asking = new Set(reached(world).flatMap(({ flowers, by }) => {
        const ownLogin = flowers.some((flower) => authenticated(flower) !== 'no');
        return [...by].flatMap(([resource, asked]) => asked || ownLogin ? [resource] : []);
      }));
      for (const resource of leading(world)) {
        if (resource.kind === 'Ingress') {
          if (!asking.has(resource)) continue;
          const plain = asText(resource.annotations[SSL_REDIRECT]) === 'false';
          const secured = asList(get(resource.json, 'spec', 'tls')).length > 0 || (!plain && Object.entries(resource.annotations).some(([name, given]) => SECURED.test(`${name} ${asScalar(given) ?? ''}`)));
          if (secured && !plain) continue;
          report({
            at: { resource, path: plain ? ['metadata', 'annotations', SSL_REDIRECT] : ['spec', 'tls'] }, value: plain ? 'false' : undefined, severity: Severity.ADVICE, unless: before,
          });
        } else {
          for (const { path, gateway, listeners } of attachments(resource, world)) {
            const open = listeners.filter(({ refused, protocol }) => refused === undefined && protocol === 'HTTP');
            const https = asList(get(gateway.json, 'spec', 'listeners')).filter((listener) => get(listener, 'protocol') === 'HTTPS')
              .map((listener) => asText(get(listener, 'name')) ?? '');
            if (open.length === 0) continue;
            report({
              at: { resource, path }, value: `Gateway ${gateway.name}, ${open.length === 1 ? 'listener' : 'listeners'} ${open.map(({ name }) => name).join(', ')}`,
              allowed: https.length > 0 ? `sectionName: ${https.join(' or ')}` : 'a listener of the protocol HTTPS', unless: before, outOfSight: true,
            });
          }
        }
      }
    },
  },
  {
    id: 'flower/gateway-refuses-route',
    severity: Severity.ERROR,
    title: 'No listener of the Gateway takes the HTTPRoute of Flower',
    why: 'The route gets the condition `Accepted: False`, and Flower is not served: 404.',
    fix: 'Name a listener of the Gateway that speaks HTTPS, takes the host, and allows routes of the namespace of Flower (allowedRoutes).',
    source: 'https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways',
    rows: ['N61'],
    check: (world, report) => {
      for (const resource of leading(world)) {
        for (const { path, gateway, listeners, section } of attachments(resource, world)) {
          if (listeners.some(({ refused }) => refused === undefined)) continue;
          const why = listeners.map(({ name, refused }) => `${name} ${refused}`);
          report({
            at: { resource, path }, value: `Gateway ${gateway.name}${section === undefined ? '' : `, listener ${section}`}`, note: why.length > 0 ? `listener ${why.join('; listener ')}` : 'it has no such listener',
            allowed: why.length > 0 ? undefined : asList(get(gateway.json, 'spec', 'listeners')).map((listener) => asText(get(listener, 'name')) ?? '').join(', '),
          });
        }
      }
    },
  },
  {
    id: 'flower/policy-keeps-controller-away',
    severity: Severity.ERROR,
    title: 'NetworkPolicies do not let the ingress controller connect to Flower',
    why: 'The controller waits for an answer of the pods, and shows 502 or 504.',
    fix: 'Let the pods of the controller in (with our constructs, CeleryNetwork.closed({ ingressController: [{ namespace }] }), or their addresses in from).',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N62'],
    check: (world, report) => {
      for (const { flowers, by } of reached(world)) {
        const [first] = by.keys();
        if (!first) continue;
        for (const flower of flowers) {
          const port = portOf(flower);
          const policies = policiesOf(flower.workload, 'Ingress', world);
          if (policies.length === 0 || rulesOf(policies, 'Ingress').some((rule) => allowsPort(rule, port, 'TCP', flower.container.portNames(port)))) continue;
          report({
            at: { resource: policies[0], path: ['spec', 'ingress'] }, value: listed(policies.map(({ name }) => name)), allowed: `port ${port}`,
            note: `${first.kind} ${first.name} leads to ${flower.workload.resource.kind} ${flower.workload.resource.name}`,
          });
        }
      }
    },
  },
  {
    id: 'flower/prefix-and-path',
    severity: Severity.ERROR,
    title: 'The path that leads to Flower does not match its --url_prefix',
    why: 'Every page is 404, or its scripts are: Flower answers below --url_prefix only, and at / without it.',
    fix: 'Give Flower the path of the Ingress as --url_prefix, and let nothing rewrite it; or strip it, and leave --url_prefix out.',
    source: 'https://github.com/mher/flower/issues/799',
    rows: ['N31'],
    check: (world, report) => {
      const prefixes = new Map<readonly Exposure[], Map<string, string | undefined>>();
      for (const flower of world.flowers) {
        const { state } = option(flower, 'url-prefix');
        if (state === 'set' || (state === 'maybe' && !flower.plain)) continue;
        const open = exposuresOf(flower, world);
        const condition = state === 'maybe' ? elsewhere(flower, 'FLOWER_URL_PREFIX', 'a prefix') : undefined;
        prefixes.set(open, (prefixes.get(open) ?? new Map<string, string | undefined>()).set(prefix(flower), condition));
      }
      for (const [open, own] of prefixes) {
        for (const { place, prefix: path } of open) {
          if (path === undefined) continue;
          const seen = pathSeen(place, path, world);
          const wrong = seen === undefined ? [] : [...own.keys()].filter((one) => !answers(one, seen, isExact(place)));
          if (wrong.length !== own.size || wrong.length === 0) continue;
          report({
            at: place, value: path, unless: [...own.values()].find((condition) => condition !== undefined),
            note: `${seen!.constant ? 'every request comes' : 'requests come'} as ${seen!.path === '' ? '/' : seen!.path}, the url prefix is ${wrong[0] === '' ? 'not set' : wrong[0]}`,
            allowed: seen!.constant ? `the path ${wrong[0] || '/'} and all below it, unchanged` : wrong[0] === '' ? `--url_prefix=${seen!.path}` : `the path ${wrong[0]}, unchanged`,
          });
        }
      }
    },
  },
];
