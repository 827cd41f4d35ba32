import { LAUNCH_PREFIX } from '../../celery/agent-names';
import { Image, isBase, isFlower, isPython } from '../../celery/image';
import { isLoopback, MANAGED_SERVERS } from '../../celery/hosts';
import { AMQP_PORT, AMQPS_PORT, REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { PRODUCT_BROKERS } from '../../celery/product-brokers';
import { brokerAsBackend, databaseAsBackend, otherBackend } from '../../celery/result-backends';
import { OF_OTHERS, takesAnyKey, TRANSPORT_NAMES, transportOf } from '../../celery/transports';
import { BrokerUrl, isAmqp, isRedis, isSentinel, parseUrl, redisDatabase } from '../../celery/url';
import { meets } from '../../celery/versions';
import { brokerUrls, isBrokerVariable, isProducer } from '../../manifests/broker-urls';
import { brokerUse, redisFor } from '../../manifests/brokers';
import { codeOf, seesSettings } from '../../manifests/code';
import { unlessCopied } from '../../manifests/copies';
import { otherLogins } from '../../manifests/database-logins';
import { baseName } from '../../manifests/command/command';
import { grouped } from '../../manifests/grouped';
import { isOtherImage } from '../../manifests/hints';
import { installedVersion } from '../../manifests/installs';
import { asList, asMap, asScalar, get, Path } from '../../manifests/json';
import { literalCredentials } from '../../manifests/literal-credentials';
import { answersAtLoopback } from '../../manifests/loopback';
import { namedHosts } from '../../manifests/named-hosts';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { Variable } from '../../manifests/pod/env';
import type { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { rabbitBrokers } from '../../manifests/rabbit-server';
import { sameBroker } from '../../manifests/same-broker';
import { lacksPort } from '../../manifests/service-ports';
import { secretAtHand } from '../../manifests/secret-keys';
import { portOfPods, Sentinel, sentinelsFor } from '../../manifests/sentinels';
import { hasOwnFiles } from '../../manifests/settings-files';
import { lacksTls } from '../../manifests/tls';
import { isListOfUrls, shownUrl, UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { nearest } from '../../nearest';
import { listed } from '../printable';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The variables that Kubernetes makes of the Services in a namespace, by the upper-cased name. */
const serviceVariables = lazy((world: World): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const service of world.kind('Service')) {
    const spec = asMap(service.json.spec);
    // Headless and external Services make none.
    if (spec.clusterIP === 'None' || spec.type === 'ExternalName') continue;
    if (!found.has(service.namespace)) found.set(service.namespace, new Set());
    found.get(service.namespace)!.add(service.name.toUpperCase().replaceAll('-', '_'));
  }
  return found;
});

/** Variables that webhooks of clouds and of Datadog add to containers. */
const BY_WEBHOOKS = /^(AWS_(DEFAULT_)?REGION|AWS_ROLE_ARN|AWS_WEB_IDENTITY_TOKEN_FILE|AZURE_(CLIENT_ID|TENANT_ID|AUTHORITY_HOST|FEDERATED_TOKEN_FILE)|DD_(AGENT_HOST|ENTITY_ID|SERVICE|ENV|VERSION))$/;

/** Executors that come with Airflow and its providers, and know no Celery. */
const WITHOUT_CELERY = /(^|\.)(Sequential|Local|Kubernetes|LocalKubernetes|Debug|Dask|Edge|AwsEcs|AwsBatch|AwsLambda)Executor$/;

/** What people write for a scheme, and what kombu calls it. */
const WRONG_SCHEMES = new Map([
  ['valkey', 'redis'], ['valkeys', 'rediss'], ['keydb', 'redis'], ['dragonfly', 'redis'], ['tcp', 'redis'], ['rabbitmq', 'amqp'], ['rabbit', 'amqp'],
]);

/** Transports with another scheme in them: kombu splits at the plus sign, which only URLs of databases and sockets may have. */
const SCHEME_IN_TRANSPORT = /^(rediss?|amqps?|pyamqp)\+(.+)$/;

/** Servers that close idle connections after some minutes. */
const DROPS_IDLE = /\.redis\.cache\.windows\.net$|\.redis\.azure\.net$|\.redisenterprise\.cache\.azure\.net$/;

/** kombu checks connections to a Redis every 25 seconds, unless it is told not to: `DEFAULT_HEALTH_CHECK_INTERVAL` in kombu/transport/redis.py. */
function checksNoBroker(worker: Process): boolean {
  return /health_check_interval\W*[:=]\s*(?:0(?![\d.])|None\b|null\b)/.test(worker.setting('broker_transport_options')?.value ?? '');
}

function keepsResultsAlive(worker: Process, { url }: UrlUse): boolean {
  const setting = 'result_backend_transport_options';
  if (worker.sets('redis_backend_health_check_interval') || worker.sets('redis_socket_keepalive')) return true;
  if (!worker.sets(setting)) return [...url.query.keys()].some((name) => /health_check_interval|socket_keepalive/.test(name));
  const value = worker.setting(setting)?.value;
  return value === undefined || /health_check_interval|socket_keepalive/.test(value);
}

/** `<password>`, `{{ password }}` and `****` in place of a password. */
const PLACEHOLDER = /^<[^<>]*>$|^\{\{.*\}\}$|^\*+$/;

/** `${NAME}` and `$NAME` of a shell. */
const SHELL_REFERENCE = /(?<!\$)\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))/g;

const RESERVED = /[#/?[\]]/;
const LITERAL_SECRETS = new Set([
  'FLOWER_BASIC_AUTH', 'FLOWER_COOKIE_SECRET', 'FLOWER_OAUTH2_SECRET', 'REDIS_PASSWORD', 'REDIS_PASS', 'REDISCLI_AUTH', 'CELERY_BROKER_PASSWORD',
  'BROKER_PASSWORD', 'RABBITMQ_DEFAULT_PASS', 'RABBITMQ_PASSWORD',
]);

/** The workers of each namespace. */
const workersIn = lazy((world: World) => grouped(world.workers.map((worker) => [worker.workload.resource.namespace, worker])));

/** Variables that say where a database is, or how to log in there. */
const DATABASE = /^(.*_)?(DATABASE|DB|POSTGRES|POSTGRESQL|PG|PGSQL|MYSQL|MARIADB|SQL)_?(URL|URI|DSN|HOST|HOSTNAME|SERVER|NAME|DB|USER|USERNAME|PASSWORD|PASS)$/;

const databaseVariables = lazy(({ env }: Container): readonly string[] => [...env.all()].map(({ name }) => name)
  .filter((name) => DATABASE.test(name) && !/REDIS|RABBIT|MONGO|CELERY|VECTOR|FLOWER/.test(name)));

/** Other ways to name one and to log in there: `DATABASE_REPLICA_URL`, `DB_CONNECTION_STRING`, `PGPASSFILE`, `DB_IAM_AUTH`. */
const OTHER_DATABASE = /(^|_)(DATABASE|DB|POSTGRES|POSTGRESQL|PG|PGSQL|MYSQL|MARIADB|SQL)(?=_|PASSFILE|SERVICE|SSL).*(UR[IL]|DSN|CONN(ECTION)?(_?STR(ING)?)?|PASSFILE|SERVICE(FILE)?|IAM(_AUTH)?|SECRET(_\w+)?|ARN|TOKEN|SSL_?(CERT|KEY))$/;

/** A database of documents, where an application has no other. */
const DOCUMENTS = /(^|_)MONGO(DB)?_/;

/** A rediss:// URL without ssl_cert_reqs; of one from a Secret the variable is shown. */
function unverified(process: Process, use: UrlUse | undefined, names: readonly string[], world: World): Report | undefined {
  // That the server has no TLS at all is said elsewhere.
  if (use && lacksTls(use, world)) return undefined;
  const lacks = (url: BrokerUrl | undefined): boolean => url?.scheme === 'rediss' && !url.query.has('ssl_cert_reqs');
  if (use) return lacks(use.url) ? { at: use.at, value: use.text } : undefined;
  const name = names.find((one) => lacks(parseUrl(process.container.env.get(one)?.hidden ?? '')));
  return name === undefined ? undefined : { at: process.place(process.container.env.get(name)!.path), value: name };
}

/** The first of them that is not left empty, as kompose leaves what only the shell of its author knows. */
function givenDatabase(container: Container): string | undefined {
  return databaseVariables(container).find((name) => container.env.get(name)?.value !== '');
}

/** The first with which one can log in. */
function givenLogin(container: Container): string | undefined {
  return databaseVariables(container).find((name) => LOGIN.test(name) && container.env.get(name)?.value !== '');
}

const LOGIN = /(URL|URI|DSN|PASSWORD|PASS)$/;

/** Containers that keep running and are given a database, or a login for it, by namespace and image. */
const [withDatabase, withLogin] = [givenDatabase, givenLogin].map((given) =>
  lazy((world: World): ReadonlyMap<string, Container> => new Map(world.workloads.filter(({ longRunning }) => longRunning)
    .flatMap(({ containers, resource }) => containers.filter((container) => given(container) !== undefined)
      .map((container) => [`${resource.namespace} ${container.image.text}`, container] as const)))));

/** Web applications that send tasks and have a login for a database, by namespace. */
const producersWithLogin = lazy((world: World) => grouped(world.workloads
  .filter((workload) => workload.longRunning && world.in(workload).length === 0)
  .flatMap(({ containers, resource }) => containers
    .filter((container) => isProducer(container) && givenLogin(container) !== undefined && isWebApplication(container))
    .map((container) => [resource.namespace, container] as const))));

/** `shop-backend` and `shop-celery` of one owner, or `backend` and `celery`: the code of an application in two images. */
function builtTwice({ image: one }: Container, { image: other }: Container): boolean {
  const owner = (image: Image): string => image.repository.slice(0, -image.name.length);
  const first = (image: Image): string => image.name.split(/[-_]/)[0];
  return one.text !== other.text && !isBase(one) && !isOtherImage(one) && owner(one) !== '' && owner(one) === owner(other)
    && (first(one) === first(other) || /^(celery|worker|beat|[-_])+$/.test(other.name));
}

/** Containers that keep running and have an envFrom that is out of sight, by namespace and image. */
const withSources = lazy((world: World): ReadonlyMap<string, Container> => new Map(world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers, resource }) => containers.filter(({ env }) => env.open).map((container) => [`${resource.namespace} ${container.image.text}`, container] as const))));

/** It takes single keys of a Secret or a ConfigMap. */
function takesKeysOf({ json }: Container, source: string): boolean {
  return asList(json.env).some((entry) => ['secretKeyRef', 'configMapKeyRef'].some((ref) => get(entry, 'valueFrom', ref, 'name') === source));
}

/** Variables that have to do with a broker. */
const BROKER_LIKE = /BROKER|REDIS|VALKEY|RABBIT|AMQP|SQS|KOMBU|^CELERY_/;

/** Those that say where it is. */
const BROKER_HOST = /^(.*_)?(BROKER|REDIS|VALKEY|RABBIT|RABBITMQ|AMQP)_?(URL|URI|DSN|HOST|HOSTNAME|SERVER|ADDR|ADDRESS|SVC)$/;

/** Containers that keep running and are told where the broker is, with the name of the variable, by namespace and image. */
const withBrokerHost = lazy((world: World) => new Map(world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers, resource }) => containers.flatMap((container) => {
    const variable = [...container.env.all()].find(({ name, value }) => BROKER_HOST.test(name) && !/CACHE|SESSION/.test(name) && value !== '');
    return variable && !isOtherImage(container.image) ? [[`${resource.namespace} ${container.image.text}`, { container, name: variable.name }] as const] : [];
  }))));

/** A key that says where a server is: `redis-url`, `db-host`; `public-url` says where the application is. */
const SERVER_KEY = new RegExp(String.raw`^(?=[a-z0-9-]*(redis|valkey|sentinel|rabbit|mq|broker|celery|queue|cache|db|database|sql|postgres|pg|mysql|maria|mongo|result|backend|kafka))`
  + String.raw`[a-z][a-z0-9]*(-[a-z0-9]+)*-(url|uri|dsn|host|broker)$`);

/** The keys that variables of a container name, and what its command says of others. */
function readsKey({ json, words }: Container, key: string): boolean {
  const named = asList(json.env).some((entry) => ['secretKeyRef', 'configMapKeyRef'].some((source) => get(entry, 'valueFrom', source, 'key') === key));
  return named || words.some(({ text }) => text.includes(key));
}

const isWithoutBroker = ({ env }: Container): boolean => !env.open && ![...env.all()].some(({ name }) => BROKER_LIKE.test(name));

/** Images of web applications that have no such variable themselves, by namespace: what their code has is enough. */
const withoutVariable = lazy((world: World): ReadonlySet<string> => new Set(world.workloads
  .filter((workload) => workload.longRunning && world.in(workload).length === 0)
  .flatMap(({ containers }) => containers.filter((container) => asList(container.json.ports).length > 0 && isWithoutBroker(container)))
  .map(({ image, workload }) => `${workload.resource.namespace} ${image.text}`)));

/** Names of variables from which applications read their broker. */
const BROKER_NAME = /BROKER|RABBIT|AMQP|CELERY/;

/** Names from which they may also read it: `MQ_HOST`, `QUEUE_URL`. */
const QUEUE_NAME = /(^|_)(MQ|QUEUE|BUS|MESSAGING)_?(UR[IL]|DSN|HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$/;

interface GivenBroker {
  readonly container: Container;
  readonly variable: string;
  /** A Redis, which may also be a cache. */
  readonly redis: boolean;
}

/** Workers that are given a broker by a variable, by namespace and image. */
const withBrokerVariable = lazy((world: World): ReadonlyMap<string, GivenBroker> => new Map(world.workers.flatMap(({ container, workload }) => {
  if (container.image.text === '' || isBase(container.image)) return [];
  const key = `${workload.resource.namespace} ${container.image.text}`;
  for (const { name, value, hidden } of container.env.all()) {
    const url = parseUrl(hidden ?? value ?? '');
    if (url && BROKER_NAME.test(name) && !/RESULT|BACKEND/.test(name)) return [[key, { container, variable: name, redis: isRedis(url) }] as const];
    // What a Secret has that is out of sight may be a Redis, too.
    if (isBrokerVariable(name) && value === undefined && hidden === undefined) {
      return [[key, { container, variable: name, redis: true }] as const];
    }
  }
  const host = namedHosts(container).find(({ kind }) => kind === 'redis' || kind === 'rabbitmq');
  return host ? [[key, { container, variable: host.variable, redis: host.kind === 'redis' }] as const] : [];
})));

/** Workers that are given a broker by a variable, by namespace. */
const givenBrokers = lazy((world: World) => grouped([...withBrokerVariable(world).values()]
  .map((given) => [given.container.workload.resource.namespace, given] as const)));

/** A worker of another image that has all variables of a container, its database among them, and a broker: one application, built twice. */
function workerOfSameSettings(container: Container, world: World): GivenBroker | undefined {
  if (isOtherImage(container.image) || isBase(container.image)) return undefined;
  const names = [...container.env.all()].map(({ name }) => name);
  if (names.length < SAME_SETTINGS || databaseVariables(container).length === 0) return undefined;
  return givenBrokers(world).get(container.workload.resource.namespace)?.find(({ container: { env } }) => names.every((name) => env.get(name)));
}

/** A web application, as far as its ports, name and command tell: what only answers a browser or a model sends no tasks. */
function isWebApplication({ image, invocations, json }: Container): boolean {
  const words = invocations.flatMap((invocation) => invocation.words.map(({ text }) => text)).join(' ');
  return asList(json.ports).length > 0 && !/front-?end|client|(^|-)ui(-|$)/.test(image.name)
    && (words === '' || /gunicorn|uvicorn|runserver|hypercorn|daphne|uwsgi|granian|waitress|flask|fastapi|wsgi|asgi|app\.py|main\.py|\.sh/.test(words));
}

/** So many variables of the same names are not by chance. */
const SAME_SETTINGS = 4;

/** A variable that may say the same: of RabbitMQ, or of Redis where the broker is one. */
function maySay({ redis }: GivenBroker, { name, value, hidden }: Variable): boolean {
  const url = parseUrl(hidden ?? value ?? '');
  return BROKER_NAME.test(name) || QUEUE_NAME.test(name) || (redis ? /REDIS|VALKEY/.test(name) || (url !== undefined && isRedis(url)) : url !== undefined && isAmqp(url));
}

const PRODUCTION = /(^|[._])(prod(uction)?|live)$/i;
const DEVELOPMENT = /(^|[._])(local|dev(el(opment)?)?|debug|test(ing)?)$/i;

function settingsModule({ env }: Container): { readonly value: string; readonly path: Path } | undefined {
  const found = env.lookup('DJANGO_SETTINGS_MODULE');
  return found.state === 'known' ? { value: found.value, path: found.variable.path } : undefined;
}

/** What keeps running with each module of settings and is no Celery, by namespace, image and module. */
const servedWith = lazy((world: World): ReadonlySet<string> => new Set(world.workloads
  .filter((workload) => workload.longRunning && world.in(workload).length === 0).flatMap(({ containers, resource }) =>
    containers.map((container) => `${resource.namespace} ${container.image.text} ${settingsModule(container)?.value ?? ''}`))));

/** Containers that keep running with settings of production, by namespace and image. */
const inProduction = lazy((world: World) => new Map(world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers, resource }) => containers.flatMap((container) => {
    const value = settingsModule(container)?.value;
    return value !== undefined && PRODUCTION.test(value) && container.image.text !== '' ? [[`${resource.namespace} ${container.image.text}`, { container, value }] as const] : [];
  }))));

/** The brokers of workers, each once, by the image of the workers; undefined for one that has none in sight. */
const brokersOf = lazy((workers: readonly Process[]) => {
  const found = new Map<string, Map<string | undefined, UrlUse | undefined>>();
  for (const { container: { image }, broker } of workers) {
    if (!found.has(image.text)) found.set(image.text, new Map());
    const own = found.get(image.text)!;
    if (!own.has(broker?.text)) own.set(broker?.text, broker);
  }
  return new Map([...found].map(([image, brokers]) => [image, [...brokers.values()]]));
});

/** What has a process of Celery or its broker, or knows where that is. */
function withBroker(world: World): ReadonlySet<Workload> {
  return new Set([
    ...world.processes.map(({ workload }) => workload),
    ...world.redisServers.filter((server) => brokerUse(server, world) !== 'no').map(({ container }) => container.workload),
    ...rabbitBrokers(world).flatMap(({ server }) => server.container?.workload ?? []),
    ...world.workloads.filter(({ containers }) => containers.some((container) => brokerUrls(container).length > 0)),
  ]);
}

/** How to fix a literal credential, with the Secret that the container reads already. */
function intoSecret(container: Container): Partial<Pick<Report, 'fix'>> {
  const secret = secretAtHand(container);
  return secret === undefined ? {} : {
    fix: `Put it into a Secret, such as ${secret}, which the container reads already, and refer to it with secretKeyRef; what Celery takes as a setting, let the code read `
      + 'from that variable.',
  };
}

export const envRules: Rule[] = [
  {
    id: 'env/flower-service-link',
    severity: Severity.ERROR,
    title: 'A Service named flower gives Flower a FLOWER_PORT that it cannot read',
    why: 'Kubernetes sets FLOWER_PORT=tcp://10.0.0.5:5555 in every pod of the namespace, and Flower reads FLOWER_* as its options: '
      + '`ValueError: invalid literal for int() with base 10: \'tcp://10.0.0.5:5555\'`, CrashLoopBackOff. --port does not help.',
    fix: 'Set enableServiceLinks: false in the pod, or give the container FLOWER_PORT: "5555", or name the Service otherwise.',
    source: 'https://github.com/mher/flower/issues/738',
    rows: ['E1'],
    on: 'flowers',
    check: ({ workload, container, command }, report, world) => {
      if (!workload.serviceLinks || !serviceVariables(world).get(workload.resource.namespace)?.has('FLOWER')) return;
      const { state } = container.env.lookup('FLOWER_PORT');
      if (!['unset', 'maybe'].includes(state) || command.vendor === 'airflow') return;
      report({
        at: { resource: workload.resource, path: workload.specPath }, value: 'enableServiceLinks: true (the default)', allowed: 'enableServiceLinks: false',
        ...unless(state === 'unset', 'what envFrom names has FLOWER_PORT'),
      });
    },
  },
  {
    id: 'env/service-link-port',
    severity: Severity.ERROR,
    title: 'A port is read from a variable that Kubernetes overwrites with tcp://ip:port',
    why: 'A Service named redis sets REDIS_PORT=tcp://10.0.0.5:6379 in every pod of the namespace. In a URL: `ValueError: Port could not be cast to '
      + 'integer value as \'tcp:\'`; elsewhere `int()` fails on it.',
    fix: 'Set enableServiceLinks: false, and give the container the port itself.',
    source: 'https://github.com/reanahub/reana-db/issues/68',
    rows: ['E2'],
    check: (world, report) => {
      const variables = serviceVariables(world);
      for (const process of world.processes) {
        const { container, workload } = process;
        const services = variables.get(workload.resource.namespace);
        if (!workload.serviceLinks || !services || container.env.open) continue;
        const bad = (name: string) => /^[A-Z0-9_]+_PORT$/.test(name) && services.has(name.slice(0, -'_PORT'.length));
        for (const variable of container.env.all()) {
          for (const name of variable.unresolved.filter(bad)) {
            report({
              at: process.place(variable.path), value: variable.raw, note: `${name} is tcp://...`,
            });
          }
        }
        for (const word of container.words) {
          for (const match of word.text.matchAll(/\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g)) {
            const name = match[1] ?? match[2] ?? match[3];
            if (bad(name) && container.env.lookup(name).state === 'unset') {
              report({ at: process.place(word.path), value: match[0], note: `${name} is tcp://...` });
            }
          }
        }
      }
    },
  },
  {
    id: 'env/celery-reads-this',
    severity: Severity.ERROR,
    title: 'A variable with a common name is an option of Celery\'s command line, and its value makes no sense there',
    why: 'Celery takes APP, LOADER, CONFIG_MODULE and CELERY_<COMMAND>_<OPTION> as options: LOADER=prod ends in `ModuleNotFoundError: No module '
      + 'named \'prod\'`, CELERY_WORKDIR=/nonexist in `FileNotFoundError`, CELERY_BEAT_SCHEDULE={...} becomes a file name.',
    fix: 'Rename the variable; or give the option on the command line, which wins (for APP: -A).',
    source: 'https://github.com/mher/flower/issues/1029',
    rows: ['E3'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain) return;
      const given = (name: string) => process.command.global.has(name) || process.command.options.has(name);
      const value = (name: string) => process.container.env.value(name);
      const app = value('APP');
      if (app !== undefined && !given('--app') && !/^[A-Za-z_][\w.:]*$/.test(app)) reportVariable(process, report, 'APP', 'the name of a module');
      const loader = value('LOADER');
      if (loader !== undefined && !given('--loader') && !/^(default|app|django)$|[.:]/.test(loader)) reportVariable(process, report, 'LOADER', 'a loader class');
      const config = value('CONFIG_MODULE');
      if (config !== undefined && !given('--config') && !/^[A-Za-z_][\w.]*$/.test(config)) reportVariable(process, report, 'CONFIG_MODULE', 'a module');
      const schedule = value('CELERY_BEAT_SCHEDULE');
      if (schedule !== undefined && process.role === 'beat' && !given('--schedule') && /^\s*[[{]/.test(schedule)) {
        reportVariable(process, report, 'CELERY_BEAT_SCHEDULE', 'the path of the schedule file');
      }
    },
  },
  {
    id: 'env/shadowed-by-flag',
    severity: Severity.INFO,
    title: 'A CELERY_* variable contradicts the flag, and the flag wins',
    why: 'Whoever changes the variable sees no effect.',
    fix: 'Remove the variable or the flag.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html',
    rows: ['E3'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain) return;
      for (const [name, given] of process.command.options) {
        const variable = `CELERY_${process.role}_${name.slice(2)}`.toUpperCase().replaceAll('-', '_');
        const value = process.container.env.value(variable);
        if (value !== undefined && value !== given.value && !given.word.unknown) {
          report({
            at: process.place(process.container.env.get(variable)!.path), value: `${variable}=${value}`, note: `the flag is ${name} ${given.value}`,
          });
        }
      }
    },
  },
  {
    id: 'env/two-brokers',
    severity: Severity.ERROR,
    title: 'A container is given two different brokers',
    why: 'BROKER_URL and --broker win on the command line of Celery, CELERY_BROKER_URL everywhere else: workers consume from one Redis, producers '
      + 'send to the other, and tasks wait forever.',
    fix: 'Set only CELERY_BROKER_URL.',
    source: 'celery/app/utils.py and celery/bin/celery.py at https://github.com/celery/celery',
    rows: ['E4'],
    on: 'processes',
    check: (process, report, world) => {
      const [first, ...others] = process.brokerCandidates.filter(({ source }) => source !== 'broker');
      for (const other of others) {
        if (first.partial || other.partial || sameBroker(first, other, world)) continue;
        report({ at: other.at, value: `${other.source}=${other.text}`, note: `${first.source} is ${first.text}` });
      }
    },
  },
  {
    id: 'env/reads-another-broker',
    severity: Severity.WARNING,
    title: 'broker_read_url or broker_write_url names a different broker than CELERY_BROKER_URL',
    why: 'broker_read_url wins over CELERY_BROKER_URL where a worker consumes, and broker_write_url where a task is sent: workers wait on one broker, tasks on the other.',
    fix: 'Remove the setting, and set CELERY_BROKER_URL.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-read-url-broker-write-url',
    rows: ['E4'],
    on: 'processes',
    check: (process, report, world) => {
      const { broker } = process;
      if (!broker || broker.partial || broker.text === '') return;
      for (const name of ['broker_read_url', 'broker_write_url'] as const) {
        const setting = process.setting(name);
        const url = setting && parseUrl(setting.value);
        if (!setting || !url || /[$`({]/.test(url.host)) continue;
        if (!sameBroker(broker, { ...broker, text: setting.value, url }, world)) report({ at: setting.at, value: `${name}=${setting.value}`, note: `the broker is ${broker.text}` });
      }
    },
  },
  {
    id: 'env/beat-on-another-broker',
    severity: Severity.ERROR,
    title: 'Beat or a producer sends to a broker that no worker of its image consumes from',
    why: 'Tasks pile up in a queue that nobody consumes; Beat logs `Sending due task`, and the web application waits for results, as if all were well.',
    fix: 'Give the workers, Beat and the web application the same CELERY_BROKER_URL.',
    source: 'celery/app/utils.py at https://github.com/celery/celery',
    rows: ['E4'],
    on: 'brokerClients',
    check: ({ container, urls, process }, report, world) => {
      if (process && (process.role === 'other' ? process.command.subcommand?.text !== 'call' : process.role !== 'beat' || process.app === undefined)) return;
      const sends = process ? process.broker : urls.find(({ source }) => source === 'CELERY_BROKER_URL');
      // Another port of the same host, or localhost, is another mistake.
      if (!sends || sends.partial || (!process && isLoopback(sends.url.host))) return;
      const workers = process ? world.workersOf(process) : workersIn(world).get(container.workload.resource.namespace) ?? [];
      const brokers = brokersOf(workers).get(container.image.text) ?? [];
      const same = (other: UrlUse) => other.partial || sameBroker(other, sends, world)
        || (!process && other.url.host === sends.url.host && other.url.database === sends.url.database);
      if (brokers.length === 0 || brokers.some((other) => !other || same(other))) return;
      report({ at: sends.at, value: sends.text === '' ? sends.source : sends.text, allowed: brokers[0]!.text });
    },
  },
  {
    id: 'env/lacks-database',
    severity: Severity.WARNING,
    title: 'The worker has no variable or Secret for the database, unlike another pod of its application',
    why: 'One application reads the same settings everywhere: tasks fail with `django.db.utils.OperationalError: could not connect to server`, or use the SQLite file of the image.',
    fix: 'Give the worker the variables that the web application has, by the same envFrom or secretKeyRef.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/',
    rows: ['E4'],
    on: 'workers',
    check: ({ container, workload }, report, world) => {
      const own = databaseVariables(container);
      if (container.env.open || container.image.text === '' || own.some((name) => LOGIN.test(name))) return;
      if ([...container.env.all()].some(({ name }) => DOCUMENTS.test(name) || OTHER_DATABASE.test(name))) return;
      const key = `${workload.resource.namespace} ${container.image.text}`;
      const other = own.length > 0 ? withLogin(world).get(key) : withDatabase(world).get(key);
      if (other) {
        if (hasOwnFiles(container, other)) return;
        const { kind, name } = other.workload.resource;
        const lacks = own.length > 0 ? givenLogin(other) : givenDatabase(other);
        report({ at: container.place(), value: `no ${lacks}`, note: `${kind} ${name} has it`, unless: 'its tasks use no database' });
        return;
      }
      const kin = producersWithLogin(world).get(workload.resource.namespace)?.find((web) => builtTwice(web, container)
        && (own.length > 0 || [...container.env.all()].every(({ name }) => web.env.get(name) !== undefined)));
      if (kin) {
        const { kind, name } = kin.workload.resource;
        report({ at: container.place(), value: `no ${givenLogin(kin)}`, note: `${kind} ${name} has it`, unless: 'its tasks use no database' });
      }
      if (kin || own.length > 0) return;
      const another = isBase(container.image) ? undefined : withSources(world).get(key);
      const [source = ''] = another?.env.missing ?? [];
      if (!another || source === '' || takesKeysOf(container, source) || hasOwnFiles(container, another)) return;
      const { kind, name } = another.workload.resource;
      report({ at: container.place(), value: `no envFrom of ${source}`, note: `${kind} ${name} has it`, unless: `nothing in ${source} is for tasks` });
    },
  },
  {
    id: 'env/other-database-login',
    severity: Severity.WARNING,
    title: 'The user or the password of the database is not the one that the database is given',
    why: 'Tasks fail with `FATAL: password authentication failed for user "shop"` or `Access denied for user`, and so does a Beat that keeps its schedule in the database.',
    fix: 'Take user and password of both from the same keys of a Secret.',
    source: 'https://hub.docker.com/_/postgres',
    rows: ['E4'],
    on: 'processes',
    check: (process, report, world) => {
      if (process.role !== 'worker' && process.role !== 'beat') return;
      for (const { named, server, differs, kept } of otherLogins(process, world)) {
        const { kind, name } = server.workload.resource;
        report({
          at: process.place(named.path), value: named.shown, note: `${kind} ${name} has another ${differs}`,
          unless: kept || differs === 'user' ? 'its volume or a script brings that login' : 'its tasks use no database',
        });
      }
    },
  },
  {
    id: 'env/broker-of-the-product',
    severity: Severity.ERROR,
    title: 'A product gets no variable of its broker, and nothing is where it then looks for one',
    why: 'It tries its default: `Error 111 connecting to localhost:6379. Connection refused.`, or `Name or service not known`, in a loop; paperless-ngx does not start.',
    fix: 'Give it the variable, with the name of the Service of Redis.',
    source: 'https://docs.paperless-ngx.com/configuration/#redis',
    rows: ['E11'],
    on: 'containers',
    check: (container, report, world) => {
      const product = container.env.open ? undefined : PRODUCT_BROKERS.find(({ of }) => of(container.image));
      const words = container.words.map(({ text }) => text).join(' ');
      const { workload } = container;
      if (!product || (product.words ? !product.words.test(words) : words !== '') || !workload.longRunning) return;
      if (product.variables.some((name) => container.env.get(name) !== undefined)) return;
      if (container.mounts.some(({ mountPath }) => product.files.test(mountPath))) return;
      const local = product.host === 'localhost';
      if (local ? answersAtLoopback(container, REDIS_PORT, world) === 'something' : world.service(product.host, workload.resource.namespace)) return;
      const alone = local && workload.containers.length === 1 && workload.spec.hostNetwork !== true;
      report({
        at: container.place(), value: `no ${product.variables[0]}`, note: `its default is ${product.host}`,
        ...unless(alone, local ? 'another container of the pod is one' : `a file of the image, or a Service ${product.host} elsewhere, is one`),
      });
    },
  },
  {
    id: 'env/lacks-broker',
    severity: Severity.WARNING,
    title: 'Celery gets no variable of the broker, and another pod of its image does',
    why: 'One image reads the same settings everywhere: without the variable it connects to what its code has instead, mostly localhost: `Error 111 connecting to '
      + 'localhost:6379. Connection refused.`, in a loop.',
    fix: 'Give Celery the variables that the web application has, by the same envFrom, secretKeyRef or configMapKeyRef.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/',
    rows: ['E4'],
    on: 'processes',
    check: ({ container, workload, role, link, command }, report, world) => {
      if (!['worker', 'beat', 'flower'].includes(role) || isBase(container.image) || link || command.global.has('--broker')) return;
      if (!isWithoutBroker(container) || codeOf(container).broker) return;
      const key = `${workload.resource.namespace} ${container.image.text}` as const;
      const other = withBrokerHost(world).get(key);
      if (!other || other.container === container || withoutVariable(world).has(key)) return;
      if (hasOwnFiles(container, other.container)) return;
      const { kind, name } = other.container.workload.resource;
      report({ at: container.place(), value: `no ${other.name}`, note: `${kind} ${name} has it`, unless: 'its code has the broker' });
    },
  },
  {
    id: 'env/key-is-no-variable',
    severity: Severity.WARNING,
    title: 'envFrom makes a variable of a key with dashes, which no application reads',
    why: 'envFrom takes the keys as they are: the variable is called `redis-url`, the application reads REDIS_URL, finds nothing, and connects to what its code has '
      + 'instead, mostly localhost.',
    fix: 'Rename the keys, or take each of them with valueFrom.secretKeyRef or configMapKeyRef.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#configure-all-key-value-pairs-in-a-configmap-as-container-environment-variables',
    rows: ['N99'],
    on: 'processes',
    check: ({ container, role }, report) => {
      if (role === 'other' || container.env.open) return;
      const dashed = [...container.env.all()].filter(({ name, imported }) => imported && SERVER_KEY.test(name));
      const lost = dashed.filter(({ name }) => container.env.get(name.toUpperCase().replaceAll('-', '_')) === undefined && !readsKey(container, name));
      if (lost.length === 0) return;
      report({
        at: container.place(lost[0].path), value: listed(lost.map(({ name }) => name)), allowed: listed(lost.map(({ name }) => name.toUpperCase().replaceAll('-', '_'))),
        unless: 'the application reads variables of these names',
      });
    },
  },
  {
    id: 'env/producer-lacks-broker',
    severity: Severity.WARNING,
    title: 'A pod of the worker\'s application gets no variable of the broker, and the worker does',
    why: 'One application reads the same settings everywhere: what sends tasks there tries the default, RabbitMQ on localhost, and the request hangs or ends with '
      + '`kombu.exceptions.OperationalError: [Errno 111] Connection refused`.',
    fix: 'Give the web application the variables of the broker that the worker has, by the same envFrom or secretKeyRef.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/calling.html#connection-error-handling',
    rows: ['E4'],
    check: (world, report) => {
      const others = world.workloads.filter((workload) => workload.longRunning && world.in(workload).length === 0);
      for (const container of others.flatMap(({ containers }) => containers)) {
        const worker = withBrokerVariable(world).get(`${container.workload.resource.namespace} ${container.image.text}`) ?? workerOfSameSettings(container, world);
        // What serves nothing sends nothing, as far as its manifest tells.
        if (!worker || container.env.open || container.unread !== undefined || !isWebApplication(container)) continue;
        // Without a single variable it has what it needs from its image.
        const variables = [...container.env.all()];
        if (variables.length === 0 || variables.some((variable) => maySay(worker, variable)) || hasOwnFiles(container, worker.container)) continue;
        const { kind, name } = worker.container.workload.resource;
        report({ at: container.place(), value: `no ${worker.variable}`, note: `${kind} ${name} has it`, unless: 'it sends no tasks' });
      }
    },
  },
  {
    id: 'env/other-settings',
    severity: Severity.WARNING,
    title: 'The worker runs with the settings of development, and another pod of its image with those of production',
    why: 'The module that DJANGO_SETTINGS_MODULE names has the broker, the database and the files: tasks that the web application sends are never taken, or read another database.',
    fix: 'Give both the same DJANGO_SETTINGS_MODULE.',
    source: 'https://docs.djangoproject.com/en/stable/topics/settings/#designating-the-settings',
    rows: ['N94'],
    on: 'processes',
    check: ({ container, role, workload }, report, world) => {
      const own = settingsModule(container);
      const other = own === undefined || role === 'flower' ? undefined : inProduction(world).get(`${workload.resource.namespace} ${container.image.text}`);
      if (!other || !DEVELOPMENT.test(own!.value)) return;
      // With a web application of the same settings it is an environment of its own.
      if (servedWith(world).has(`${workload.resource.namespace} ${container.image.text} ${own!.value}`)) return;
      const { kind, name } = other.container.workload.resource;
      report({ at: container.place(own!.path), value: own!.value, allowed: other.value, note: `${kind} ${name} has that`, unless: 'both modules name the same servers' });
    },
  },
  {
    id: 'env/airflow-executor',
    severity: Severity.ERROR,
    title: 'The executor of Airflow sends nothing to Celery',
    why: 'AIRFLOW__CORE__EXECUTOR is not the CeleryExecutor: tasks run in pods of their own or in the scheduler, and the worker takes none, or does not start for want of a broker.',
    fix: 'Set AIRFLOW__CORE__EXECUTOR: CeleryExecutor, with AIRFLOW__CELERY__BROKER_URL; or remove the worker.',
    source: 'https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/executor/index.html',
    rows: ['N89'],
    on: 'workers',
    check: (worker, report) => {
      const executor = worker.command.vendor === 'airflow' ? worker.variable('AIRFLOW__CORE__EXECUTOR') : undefined;
      if (executor?.state === 'known' && !/celery/i.test(executor.value)) {
        report({
          at: worker.place(executor.path), value: executor.value, allowed: 'CeleryExecutor',
          ...unless(WITHOUT_CELERY.test(executor.value), 'it is an executor of Celery by another name'),
        });
      }
    },
  },
  {
    id: 'env/unexpanded-reference',
    severity: Severity.ERROR,
    title: '$(NAME) refers to a variable that is not defined before it, so it stays as it is',
    why: 'Kubernetes expands only what comes earlier in the list: `ValueError: Port could not be cast to integer value as \'$(REDIS_PORT)\'`, or '
      + 'a host named $(REDIS_HOST).',
    fix: 'Define the variable in the same container, before the one that uses it.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      const { container, workload } = process;
      if (container.env.open) return;
      const linked = (name: string) => workload.serviceLinks && /_(HOST|PORT|PROTO|ADDR)$|_PORT_/.test(name);
      for (const variable of container.env.all()) {
        const later = variable.unresolved.filter((name) => container.env.get(name) !== undefined);
        const missing = variable.unresolved.filter((name) => !later.includes(name) && !linked(name) && /^[A-Z_][A-Z0-9_]*$/.test(name));
        const notes = [
          ...missing.length > 0 ? [`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not defined`] : [],
          ...later.length > 0 ? [`${later.join(', ')} ${later.length === 1 ? 'is' : 'are'} defined after it`] : [],
        ];
        if (notes.length > 0) report({ at: process.place(variable.path), value: `${variable.name}=${variable.raw}`, note: notes.join(', ') });
      }
      // In the argument vector of Celery itself; a shell would take it for a command.
      if (process.links.some(({ kind }) => kind === 'shell')) return;
      for (const word of container.words) {
        for (const name of word.unresolved ?? []) {
          if (linked(name)) continue;
          report({
            at: process.place(word.path), value: word.text, note: `${name} is not defined`, ...unless(!BY_WEBHOOKS.test(name), 'a webhook of the cluster defines it'),
          });
        }
      }
    },
  },
  {
    id: 'env/reference-in-configmap',
    severity: Severity.ERROR,
    title: '$(NAME) in the data of a ConfigMap is never expanded',
    why: 'The process gets the text itself: `ValueError: Port could not be cast to integer value as \'$(REDIS_PORT)\'`.',
    fix: 'Assemble the value in env of the container, where $(NAME) works.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      for (const variable of process.container.env.all()) {
        if (variable.source !== 'configMap' || !/(^|_)(URL|URI|BACKEND|BROKER|HOST|PORT)(_|$)/.test(variable.name)) continue;
        const reference = /\$\([A-Z_][A-Z0-9_]*\)/.exec(variable.raw ?? '');
        if (reference) report({ at: process.place(variable.path), value: `${variable.name}=${variable.raw}` });
      }
    },
  },
  {
    id: 'env/shell-reference',
    severity: Severity.WARNING,
    title: '${NAME} is given where no shell expands it',
    why: 'Docker Compose and shells expand it, and Kubernetes only $(NAME): the password is the text `${REDIS_PASSWORD}`, a PATH that ends in `$PATH` has no `celery`, and '
      + '`-c $CONCURRENCY` ends in `Error: Invalid value for \'-c\'`.',
    fix: 'Write $(NAME), which is a variable of the container that comes before; what the image has set, write out.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      const { container, links } = process;
      const { env, image, words } = container;
      // Something fills in the whole file, or a script does.
      if (image.text.includes('${') || words.some((word) => /\beval\b|\benvsubst\b/.test(word.text))) return;
      const text = (variable: Variable | undefined): string => variable?.raw ?? variable?.hidden ?? '';
      // A variable that is nothing but a reference is one that a template gets.
      const named = (written: string): string[] => [...written.matchAll(SHELL_REFERENCE)].map(([, braced, plain]) => braced ?? plain)
        .filter((name) => env.get(name) !== undefined && !text(env.get(name)).includes('${'));
      for (const variable of env.all()) {
        // Airflow gives `..._CMD` to a shell.
        const written = /_CMD$/.test(variable.name) ? '' : text(variable);
        const references = [...written.matchAll(SHELL_REFERENCE)];
        if (references.length === 0 || written.replace(SHELL_REFERENCE, '') === '') continue;
        const itself = references.some(([, braced, plain]) => (braced ?? plain) === variable.name);
        const [name] = itself ? [variable.name] : named(written);
        if (name === undefined) continue;
        report({
          at: process.place(variable.path), value: variable.source === 'secret' ? variable.name : `${variable.name}=${variable.raw}`,
          allowed: itself ? 'what the image has set, written out' : `$(${name})`, unless: 'something fills it in before it is applied, or the application does',
        });
      }
      // A script may be a shell that expands them.
      if (links.some(({ kind }) => kind === 'shell') || !/^(celery|python[\d.]*)$/.test(baseName(words[0]?.text ?? ''))) return;
      for (const word of words) {
        const plain = process.plain && container.ownsEntrypoint ? /^(?:--[a-z-]+=)?\$([A-Z][A-Z0-9_]*)$/.exec(word.text)?.[1] : undefined;
        const [name = plain] = named(word.text);
        if (name === undefined) continue;
        report({
          at: process.place(word.path), value: word.text, allowed: `$(${name})`,
          unless: 'something fills it in before it is applied, or the image has a shell as its entrypoint',
        });
      }
    },
  },
  {
    id: 'env/url-password-unescaped',
    severity: Severity.ERROR,
    title: 'The password in a URL has characters that end it',
    why: '`#`, `/` and `?` end the password: `ValueError: Port could not be cast to integer value as \'pa\'`; `[` gives '
      + '`ValueError: Invalid IPv6 URL`.',
    fix: 'Percent-encode the password in the URL: # is %23, / is %2F, ? is %3F.',
    source: 'https://github.com/celery/celery/issues/7864',
    rows: ['E6'],
    on: 'processes',
    check: (process, report) => {
      for (const use of process.allUrls) {
        if (takesAnyKey(use.url.scheme)) continue;
        const match = /^[a-z0-9+.-]+:\/\/([^:@/]*):(.*)@[^@]*$/i.exec(use.text.split(';')[0]);
        const literal = match?.[2].replace(/\$[({][^)}]*[)}]/g, '') ?? '';
        // `http://host:1/x@y` has no password: what looks like one must come before the host.
        if (match && RESERVED.test(literal) && !/^\d+\//.test(literal)) report({ at: use.at, value: use.source, allowed: '[A-Za-z0-9._~-] and %XX' });
      }
    },
  },
  {
    id: 'env/url-assembled-from-secret',
    severity: Severity.WARNING,
    title: 'A URL is assembled around a password from a Secret, which nothing escapes',
    why: 'It breaks on the first password with `#`, `/`, `?` or `[`: `ValueError: Port could not be cast to integer value as \'pa\'`; Kubernetes '
      + 'cannot percent-encode.',
    fix: 'Store the whole URL in the Secret; or keep such passwords to [A-Za-z0-9._~-]. Of our constructs, Broker.fromRedis and Broker.fromRabbitMq take any password.',
    source: 'https://github.com/celery/celery/issues/7864',
    rows: ['E6'],
    on: 'processes',
    check: (process, report) => {
      for (const use of process.allUrls) {
        const name = /^\$\(([^)]*)\)$/.exec(use.url.password ?? '')?.[1];
        // The launcher escapes.
        if (takesAnyKey(use.url.scheme) || process.container.env.get(`${LAUNCH_PREFIX}${use.source}`)) continue;
        // What is not defined before it is another fault.
        if (name === undefined || process.container.env.get(use.source)?.unresolved.includes(name)) continue;
        if (process.container.env.get(name)?.source === 'secret') report({ at: use.at, value: `${use.source}=${use.text}` });
      }
    },
  },
  {
    id: 'env/newline-from-secret',
    severity: Severity.WARNING,
    title: 'A value from a Secret ends in a newline',
    why: '`echo redis | base64` encodes the newline as well: the host is `redis\\n`, `Name or service not known`, and a password is another one than on the server.',
    fix: 'Encode without it, `echo -n redis | base64` or `printf redis | base64`; or write the value under stringData.',
    source: 'https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-config-file/',
    rows: ['E7'],
    on: 'processes',
    check: ({ container }, report) => {
      for (const { name, hidden, path } of container.env.all()) {
        // A key or a certificate has several lines.
        if (hidden !== undefined && /^[^\n]+\r?\n$/.test(hidden)) report({ at: container.place(path), value: name, unless: 'the application removes it' });
      }
    },
  },
  {
    id: 'env/redis-database',
    severity: Severity.ERROR,
    title: 'The URL names a Redis database that does not exist',
    why: 'Nothing connects: `ValueError: Database is int between 0 and limit - 1, not notanumber`, or `DB index is out of range`.',
    fix: 'Use a number from 0 to 15, or raise `databases` of the server.',
    source: 'Reproduced with Celery 5.6.3 and Redis 7',
    rows: ['E7'],
    on: 'processes',
    check: (process, report, world) => {
      for (const use of process.urls) {
        if (!isRedis(use.url) || use.url.scheme === 'redis+socket' || isListOfUrls(use.text)) continue;
        const written = use.url.database ?? '';
        const database = redisDatabase(use.url);
        if (written !== '' && database === undefined && !/[${]/.test(written)) {
          report({ at: use.at, value: use.text, allowed: 'a number after the last slash' });
        }
        for (const server of database === undefined ? [] : redisFor(use, world)) {
          const limit = Number(server.directive('databases')?.values[0] ?? 16);
          if (!server.opaque && database! >= limit) report({ at: use.at, value: use.text, allowed: `0 to ${limit - 1}` });
        }
      }
    },
  },
  {
    id: 'env/url-white-space',
    severity: Severity.ERROR,
    title: 'There is white space before the URL',
    why: 'The URL is read as the name of a host and a path: `ValueError: Database is int between 0 and limit - 1, not redis:6379/0`, at localhost. A '
      + 'block of YAML or a template often leaves a line break there.',
    fix: 'Remove the space or line break before the scheme.',
    source: 'Reproduced with kombu 5.7.0',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      for (const use of process.urls) {
        if (/^\s/.test(use.text)) report({ at: use.at, value: JSON.stringify(use.text), allowed: use.text.trim() });
      }
    },
  },
  {
    id: 'env/host-is-a-port',
    severity: Severity.ERROR,
    title: 'The URL has a number in place of a host',
    why: 'A host of digits only is read as an address of IPv4 (6379 is 0.0.24.235): `Error 22 connecting to 6379:6379. Invalid argument.`, in a loop.',
    fix: 'Write the host in front of the port: redis://redis:6379/0.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration',
    rows: ['E7'],
    on: 'brokerClients',
    check: ({ urls }, report) => {
      for (const use of urls) {
        if (!/^\d+$/.test(use.url.host)) continue;
        const { scheme, host } = use.url;
        report({ at: use.at, value: use.text === '' ? use.source : use.text, ...use.text === '' ? {} : { allowed: `${scheme}://HOST:${host}` } });
      }
    },
  },
  {
    id: 'env/no-such-transport',
    severity: Severity.ERROR,
    title: 'Celery has no transport with this name',
    why: 'The process exits at startup: `KeyError: \'No such transport: valkey\'`. With redis+tls:// it connects to localhost, and with amqp+ssl:// to a host that '
      + 'does not exist: `[Errno -2] Name or service not known`.',
    fix: 'Write redis:// for Valkey, KeyDB and Dragonfly, amqp:// for RabbitMQ; with TLS rediss:// and amqps://.',
    source: 'kombu/transport/__init__.py and kombu/connection.py at https://github.com/celery/kombu; reproduced with kombu 5.7.0',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      const { link } = process;
      const written = link && SCHEME_IN_TRANSPORT.exec(link.url.scheme);
      if (link && written && link.url.scheme !== 'redis+socket') {
        const [, transport, rest] = written;
        const meant = /sentinel/.test(rest) ? 'sentinel' : /^redis/.test(transport) ? 'rediss' : 'amqps';
        report({ at: link.at, value: shownUrl(link), allowed: `${meant}://`, note: `kombu takes ${transport} for the transport, and ${rest}:// for a part of the host` });
        return;
      }
      if (!link || [...TRANSPORT_NAMES, ...OF_OTHERS].includes(transportOf(`${link.url.scheme}://`) ?? '') || /[${}<>]/.test(link.url.scheme)) return;
      const scheme = WRONG_SCHEMES.get(link.url.scheme) ?? nearest(link.url.scheme, ['redis', 'rediss', 'amqp', 'amqps', 'sentinel', 'sqs']);
      // A package may bring a transport of its own.
      const known = scheme !== undefined || /^(https?|postgres(ql)?|mysql|ftp|unix)$/.test(link.url.scheme);
      report({
        at: link.at, value: shownUrl(link), allowed: scheme === undefined ? 'redis://, amqp:// or another transport of kombu' : `${scheme}://`,
        ...unless(known, 'a package of the image adds it to kombu, or its entrypoint replaces what refers to a secret'),
      });
    },
  },
  {
    id: 'env/no-such-backend',
    severity: Severity.ERROR,
    title: 'The result backend is a message broker, which cannot keep results, or none that Celery knows',
    why: 'Workers exit at startup: `celery.exceptions.ImproperlyConfigured: Unknown result backend: \'amqp\'.  Did you spell that correctly?`, '
      + '`ModuleNotFoundError: No module named \'sqs\'`, or `NoSuchModuleError: Can\'t load plugin: sqlalchemy.dialects:postgres`.',
    fix: 'Set the result backend to a store of results, or remove it where nobody reads results.',
    source: 'celery/app/backends.py at https://github.com/celery/celery; reproduced with Celery 5.7.0, also for sqs, memory, filesystem and etcd',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      // Flower reads no results.
      if (process.role === 'flower') return;
      const { backend } = process;
      const variable = process.container.env.get('CELERY_RESULT_BACKEND');
      const found = backend ?? (variable?.value === undefined ? undefined : { text: variable.value, at: process.place(variable.path) });
      const broker = found && brokerAsBackend(found.text);
      const database = found && databaseAsBackend(found.text);
      if (database !== undefined) report({ at: found!.at, value: found!.text, allowed: `db+${database}://` });
      if (/^(db|database)\+postgres(\+\w+)?:\/\//.test(found?.text.trim() ?? '')) {
        report({ at: found!.at, value: found!.text, allowed: 'db+postgresql://', note: 'there is no dialect postgres', unless: 'the image has SQLAlchemy before 1.4' });
      }
      if (broker === undefined) return;
      // Celery 4 kept results in queues of RabbitMQ, and took the application after the subcommand.
      const older = broker === 'amqp' && process.plain && process.command.options.has('--app') && !process.command.global.has('--app');
      report({ at: found!.at, value: found!.text, allowed: otherBackend(broker), ...unless(!older, 'the image still has Celery 4') });
    },
  },
  {
    id: 'env/rediss-backend-without-cert-reqs',
    severity: Severity.WARNING,
    title: 'A rediss:// result backend has no ssl_cert_reqs',
    why: '`ValueError: A rediss:// URL must have parameter ssl_cert_reqs and this must be set to CERT_REQUIRED, CERT_OPTIONAL, or CERT_NONE`, unless '
      + 'the application sets redis_backend_use_ssl.',
    fix: 'Append ?ssl_cert_reqs=CERT_REQUIRED.',
    source: 'https://github.com/celery/celery/issues/8113',
    rows: ['E8'],
    on: 'processes',
    check: (process, report, world) => {
      const found = unverified(process, process.backend, ['RESULT_BACKEND', 'CELERY_RESULT_BACKEND'], world);
      if (found) report(found);
    },
  },
  {
    id: 'env/ssl-options-on-redis',
    severity: Severity.ERROR,
    title: 'The URL has TLS options but the scheme redis://',
    why: 'Workers exit at startup: `SSL connection parameters have been provided but the specified URL scheme is redis://`.',
    fix: 'Write rediss://.',
    source: 'https://github.com/celery/celery/issues/5371',
    rows: ['E8'],
    on: 'processes',
    check: (process, report) => {
      const { backend } = process;
      if (backend?.url.scheme === 'redis' && [...backend.url.query.keys()].some((name) => name.startsWith('ssl_'))) {
        report({ at: backend.at, value: backend.text, allowed: 'rediss://' });
      }
    },
  },
  {
    id: 'env/rediss-unverified',
    severity: Severity.WARNING,
    title: 'A rediss:// broker without ssl_cert_reqs accepts any certificate',
    why: 'kombu uses CERT_NONE and says nothing: the connection is encrypted to whoever answers.',
    fix: 'Append ?ssl_cert_reqs=CERT_REQUIRED.',
    source: 'Reproduced with kombu 5.6.2',
    rows: ['E9'],
    on: 'processes',
    check: (process, report, world) => {
      const found = unverified(process, process.broker, ['BROKER_URL', 'CELERY_BROKER_URL'], world);
      if (found) report(found);
    },
  },
  {
    id: 'env/tls-host-unverified',
    severity: Severity.WARNING,
    title: 'A TLS connection does not verify the host name in the certificate of the server',
    why: 'Whoever has a certificate of a trusted CA can answer, also one for another host. py-amqp checks the name only where broker_use_ssl has '
      + 'server_hostname, and redis-py before 6 only where ssl_check_hostname is true.',
    fix: 'For amqps:// set broker_use_ssl = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": HOST}, for rediss:// append &ssl_check_hostname=true; '
      + 'of our constructs, Broker.fromRabbitMq({ host, tls }) and Broker.fromRedis({ host, tls }) do so.',
    source: 'amqp/transport.py at https://github.com/celery/py-amqp; SSLConnection in redis/connection.py at https://github.com/redis/redis-py',
    rows: ['E9'],
    on: 'processes',
    check: (process, report) => {
      const { broker, backend, container } = process;
      const redis = installedVersion(process.workload, 'redis');
      for (const use of backend?.text === broker?.text ? [broker] : [broker, backend]) {
        const reqs = use?.url.scheme === 'rediss' && redis !== undefined && meets(redis, '<6') ? use.url.query.get('ssl_cert_reqs') : undefined;
        if (reqs !== undefined && /required$/i.test(reqs) && !use!.url.query.has('ssl_check_hostname')) report({ at: use!.at, value: use!.text, note: `redis-py is ${redis}` });
      }
      if (broker?.url.scheme !== 'amqps') return;
      // What an image has is out of sight, and so is what only a run tells.
      const options = process.sets('broker_use_ssl') ? process.setting('broker_use_ssl')?.value : seesSettings(container) ? '' : undefined;
      if (options !== undefined && !options.includes('server_hostname')) report({ at: broker.at, value: broker.text });
    },
  },
  {
    id: 'env/no-broker',
    severity: Severity.ERROR,
    title: 'Neither an application nor a broker is given, so Celery tries RabbitMQ on localhost',
    why: '`Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused. Trying again in 2.00 seconds...`, forever.',
    fix: 'Set CELERY_BROKER_URL, or give -A before the subcommand.',
    source: 'https://github.com/mher/flower/issues/1029',
    rows: ['E11'],
    on: 'processes',
    check: (process, report) => {
      // Other images may bring either in their own environment.
      const known = isPython(process.container.image) || isFlower(process.container.image);
      if (!process.plain || !known || process.role === 'multi' || process.container.words.some(({ text }) => /broker/i.test(text))) return;
      const places = ['--app', '--broker', '--config'].every((name) => !process.command.options.has(name) && process.lacks(name));
      const variables = ['CELERY_BROKER_URL', 'CELERY_CONFIG_MODULE', 'CELERY_APP', 'FLOWER_BROKER'].every((name) =>
        process.variable(name).state === 'unset');
      if (places && variables) report({ at: process.commandPlace, allowed: 'CELERY_BROKER_URL' });
    },
  },
  {
    id: 'env/empty-broker',
    severity: Severity.WARNING,
    title: 'The variable with the URL of the broker is empty',
    why: 'Celery takes an empty CELERY_BROKER_URL for none and tries RabbitMQ on localhost, unless the code of the application names a broker: `Cannot connect to '
      + 'amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused`.',
    fix: 'Set it to the URL of the broker; a variable that `kompose convert` leaves without a value has to be in its environment.',
    source: 'celery/app/utils.py at https://github.com/celery/celery',
    rows: ['E11'],
    on: 'processes',
    check: (process, report) => {
      if (process.brokerCandidates.some(({ text }) => text !== '')) return;
      for (const name of ['CELERY_BROKER_URL', 'BROKER_URL']) {
        const variable = process.variable(name);
        if (variable.state !== 'known' || variable.value.trim() !== '') continue;
        // Whoever publishes a ConfigMap with nothing but names leaves its values to others.
        const imported = [...process.container.env.all()].filter(({ path }) => path === variable.path);
        if (imported.length > 1 && imported.every(({ value }) => value === '')) continue;
        report({ at: process.place(variable.path), value: `${name}=`, unless: 'the application takes its broker from elsewhere' });
        return;
      }
    },
  },
  {
    id: 'env/buffered-output',
    severity: Severity.ADVICE,
    title: 'Python buffers what tasks print, because PYTHONUNBUFFERED is not set',
    why: 'Output of print() comes late, and is lost when the pod is killed.',
    fix: 'Set PYTHONUNBUFFERED: "1".',
    source: 'https://docs.python.org/3/using/cmdline.html#envvar-PYTHONUNBUFFERED',
    rows: ['E12'],
    on: 'workers',
    check: (worker, report) => {
      // Other images may set it themselves.
      if (isPython(worker.container.image) && worker.variable('PYTHONUNBUFFERED').state === 'unset') report({ at: worker.place() });
    },
  },
  {
    id: 'env/literal-password',
    severity: Severity.WARNING,
    title: 'A password or another credential is written in the manifest',
    why: 'Whoever can read the Deployment, `kubectl describe` or the repository of the manifests has it; an argument is in `ps`, too.',
    fix: 'Put it into a Secret and refer to it with secretKeyRef; what Celery takes as a setting, let the code read from that variable.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/',
    rows: ['E13'],
    check: (world, given) => {
      const places = new Set<string>();
      const key = ({ resource, container, path }: Place): string => JSON.stringify([resource.index, resource.prefix, container, path]);
      const report: Reporter = (one) => {
        places.add(key(one.at));
        given(one);
      };
      const ownOf = unlessCopied((workload) => world.in(workload).flatMap(ownCredentials), world);
      for (const workload of world.workloads) ownOf(workload).forEach(report);
      // Everywhere else in the workloads of Celery, of those that send to it or watch it, and of its broker.
      const credentialsOf = unlessCopied(literalCredentials, world);
      for (const workload of withBroker(world)) {
        for (const { at, name, password } of credentialsOf(workload)) {
          if (!places.has(key(at))) report({ at, value: name, outOfSight: password });
        }
      }
      for (const scaler of world.kind('ScaledObject')) {
        for (const [i, trigger] of asList(get(scaler.json, 'spec', 'triggers')).entries()) {
          for (const [name, value] of Object.entries(asMap(get(trigger, 'metadata')))) {
            const url = parseUrl(asScalar(value) ?? '');
            if (url?.password && !url.password.startsWith('$') && !(url.user === 'guest' && url.password === 'guest')) {
              report({ at: { resource: scaler, path: ['spec', 'triggers', i, 'metadata', name] }, value: name, outOfSight: true });
            }
          }
        }
      }
      for (const server of world.redisServers) {
        const password = server.directive('requirepass');
        const value = password?.values[0] ?? '';
        // What the cluster puts in is no literal, and a configuration file shows what it has.
        if (password && value !== '' && !value.includes('$') && writtenIn(server.container.json, password.path, value)) {
          report({ at: { resource: password.resource, path: password.path, container: server.container.name }, value: 'requirepass', outOfSight: true });
        }
      }
    },
  },
  {
    id: 'env/sentinel-without-master',
    severity: Severity.ERROR,
    title: 'A sentinel:// URL has no master_name',
    why: 'The process exits at startup: `ValueError: \'master_name\' transport option must be specified.`.',
    fix: 'Set broker_transport_options = {\'master_name\': \'mymaster\'}, and result_backend_transport_options for a result backend; '
      + 'Broker.fromSentinel({ sentinels, masterName }) does so.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration',
    rows: ['N11'],
    on: 'processes',
    check: (process, report) => {
      for (const [use, setting] of [[process.broker, 'broker_transport_options'], [process.backend, 'result_backend_transport_options']] as const) {
        if (!use || !/^sentinel/.test(use.url.scheme)) continue;
        const options = process.setting(setting);
        const named = options !== undefined && /master_name/.test(options.value);
        // What only a run tells, and what the code of the image sets.
        if (named || (!options && process.sets(setting)) || use.url.query.has('master_name')) continue;
        const certain = options !== undefined ? options.variable === undefined : seesSettings(process.container);
        if (!certain) continue;
        report({
          at: options?.at ?? use.at, value: use.text, allowed: `${setting} with master_name`,
          ...unless(use === process.broker, 'no result is ever stored'),
        });
      }
    },
  },
  {
    id: 'env/sentinel-unknown-master',
    severity: Severity.ERROR,
    title: 'Sentinel watches no Redis of the name that master_name has',
    why: 'Workers never connect: `redis.sentinel.MasterNotFoundError: No master found for \'main\'`, in a loop.',
    fix: 'Write the name of `sentinel monitor` in sentinel.conf.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/',
    rows: ['N11'],
    on: 'processes',
    check: (process, report, world) => {
      for (const [use, setting] of [[process.broker, 'broker_transport_options'], [process.backend, 'result_backend_transport_options']] as const) {
        const options = use && isSentinel(use.url) ? process.setting(setting) : undefined;
        const name = /['"]master_name['"]\s*:\s*['"]([^'"${}<>]+)['"]/.exec(options?.value ?? '')?.[1];
        const watching = name === undefined ? [] : sentinelsFor(use!.url.host, process.workload.resource.namespace, world);
        const watched = watching.flatMap((sentinel) => sentinel.watched);
        if (watched.length === 0 || watched.some((one) => one.name === name)) continue;
        report({
          at: options!.at, value: `master_name: ${name}`, allowed: listed(watched.map((one) => one.name)),
          ...unless(options!.variable === undefined, 'the application takes another'),
        });
      }
    },
  },
  {
    id: 'env/sentinel-port',
    severity: Severity.ERROR,
    title: 'A redis:// URL has the port of Sentinel, which stores no tasks and no results, or a sentinel:// URL that of Redis',
    why: 'Sentinel has few of the commands of Redis. Workers exit at startup: `ResponseError: unknown command \'SET\', with args beginning with: '
      + '\'unacked_mutex\'`, and no task can be sent.',
    fix: 'Write sentinel:// with broker_transport_options = {\'master_name\': \'mymaster\'}, or the port of Redis, 6379.',
    source: 'Reproduced with Celery 5.7.0 and Redis 7.0.15',
    rows: ['N11'],
    on: 'processes',
    check: (process, report, world) => {
      for (const use of process.urls) {
        const { host, port } = use.url;
        const { namespace } = process.workload.resource;
        const known = sentinelsFor(host, namespace, world);
        const listens = (sentinel: Sentinel): boolean =>
          sentinel.port === portOfPods(host, Number(port), sentinel.container.workload, namespace, world);
        if (isSentinel(use.url) && port === String(REDIS_PORT)) {
          const redis = known.length === 0 && redisFor({ ...use, url: { ...use.url, scheme: 'redis' } }, world).length > 0;
          if (known.some(listens)) continue;
          report({
            at: use.at, value: use.text, allowed: `port ${SENTINEL_PORT}`, note: 'that is the port of Redis',
            ...unless(redis || known.length > 0, 'Sentinel listens there'),
          });
          continue;
        }
        if (!isRedis(use.url) || port !== String(SENTINEL_PORT) || lacksPort(use, world)) continue;
        // A Redis of the input listens there.
        if (known.length === 0 && redisFor(use, world).some(({ container }) => container.declares(SENTINEL_PORT))) continue;
        report({
          at: use.at, value: use.text, allowed: 'sentinel:// with this port, or the port 6379',
          ...unless(known.some(listens), 'a Redis, and no Sentinel, listens there'),
        });
      }
    },
  },
  {
    id: 'env/tls-port',
    severity: Severity.ERROR,
    title: 'The scheme and the port of the URL do not match: only one of them is for TLS',
    why: 'The connection hangs or ends during the handshake: `Connection closed by server.`, `SSL: WRONG_VERSION_NUMBER`.',
    fix: 'Write rediss:// or amqps:// with the port of TLS, redis:// or amqp:// with the other one.',
    source: 'https://learn.microsoft.com/azure/azure-cache-for-redis/cache-configure#access-ports',
    rows: ['N12'],
    on: 'brokerClients',
    check: ({ urls }, report, world) => {
      for (const use of urls) {
        const { scheme, port, host } = use.url;
        const secure = /^(rediss|amqps)$/.test(scheme);
        if ((!secure && !/^(redis|amqp|pyamqp)$/.test(scheme)) || lacksTls(use, world)) continue;
        const servers = scheme === 'redis' ? redisFor(use, world) : [];
        if (servers.length > 0 && servers.every((server) => server.directive('port')?.values[0] === '0' && server.directive('tls-port'))) {
          report({ at: use.at, value: shownUrl(use), note: 'the server takes nothing but TLS', allowed: 'rediss://' });
          continue;
        }
        const managed = MANAGED_SERVERS.find((one) => one.host.test(host));
        const known = managed?.ports ?? (isAmqp(use.url) ? { tls: `${AMQPS_PORT}`, plain: `${AMQP_PORT}` } : undefined);
        const wrong = managed?.only && !secure ? 'the server takes nothing but TLS' : known && secure && port === known.plain ? `port ${port} is not of TLS`
          : known && !secure && port === known.tls ? `port ${port} is of TLS` : undefined;
        if (wrong === undefined) continue;
        report({
          at: use.at, value: shownUrl(use), note: wrong, ...unless(managed !== undefined && managed.only !== 'by default', 'the server listens in another way than by default'),
          allowed: isAmqp(use.url) ? 'amqps:// with 5671, amqp:// with 5672' : known ? `rediss:// with ${known.tls}, redis:// with ${known.plain}` : 'rediss://',
        });
      }
    },
  },
  {
    id: 'env/idle-connections-dropped',
    severity: Severity.WARNING,
    title: 'The server closes idle connections, and no setting detects it',
    why: 'After 10 minutes without a task Azure Cache for Redis drops the connection: the worker stays silent, and the first task after hours fails with '
      + '`Connection closed by server.`.',
    fix: 'Set redis_backend_health_check_interval for results; for the broker leave health_check_interval of broker_transport_options at the 25 seconds of kombu.',
    source: 'https://learn.microsoft.com/azure/azure-cache-for-redis/cache-best-practices-connection#idle-timeout',
    rows: ['N13'],
    on: 'workers',
    check: (worker, report) => {
      const { broker, backend, container } = worker;
      const missing = [
        ...broker && DROPS_IDLE.test(broker.url.host) && checksNoBroker(worker) ? [{ use: broker, name: 'broker_transport_options' }] : [],
        ...backend && DROPS_IDLE.test(backend.url.host) && !keepsResultsAlive(worker, backend) ? [{ use: backend, name: 'redis_backend_health_check_interval' }] : [],
      ];
      if (!seesSettings(container)) return;
      for (const { use, name } of missing) report({ at: use.at, value: use.url.host, allowed: `${name} with a health check` });
    },
  },
];

/** What Celery itself reads: URLs, and its variables that are credentials. */
function ownCredentials(process: Process): Report[] {
  const urls = process.allUrls.flatMap((use): Report[] => {
    const { password, user, host } = use.url;
    const guest = user === 'guest' && password === 'guest' && isAmqp(use.url);
    if (!password || host === '' || /\$[({]|\$\w/.test(rawText(process, use)) || guest || PLACEHOLDER.test(password)) return [];
    const value = use.source === 'broker' || use.source === 'backend' ? 'the URL in the code' : use.source;
    return [{ at: use.at, value, ...intoSecret(process.container), outOfSight: true }];
  });
  const variables = [...process.container.env.all()].flatMap(({ name, source, raw, path }): Report[] =>
    LITERAL_SECRETS.has(name) && source === 'value' && raw !== '' && raw !== 'guest' && !raw?.includes('$(')
      ? [{ at: process.place(path), value: name, ...intoSecret(process.container), outOfSight: true }] : []);
  return [...urls, ...variables];
}

/** The value as written: an expanded reference to a literal is reported at the literal. */
function rawText(process: Process, use: UrlUse): string {
  return process.container.env.get(use.source)?.raw ?? use.text;
}

/** Whether a value is in the words of a container as such, rather than behind a `$(NAME)`. */
function writtenIn(container: unknown, path: Path, value: string): boolean {
  if (!path.includes('command') && !path.includes('args')) return true;
  return ['command', 'args'].some((key) => asList(get(container, key)).some((word) => asScalar(word)?.includes(value)));
}

function reportVariable(process: Process, report: Reporter, name: string, allowed: string): void {
  const variable = process.container.env.get(name);
  if (variable) report({ at: process.place(variable.path), value: `${name}=${variable.value}`, allowed });
}
