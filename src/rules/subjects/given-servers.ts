import { isLoopback } from '../../celery/hosts';
import { Image, isBase, isFlower, isPython } from '../../celery/image';
import { isAmqp, isRedis, parseUrl } from '../../celery/url';
import { meets, SINCE } from '../../celery/versions';
import { isBrokerVariable, isProducer } from '../../manifests/broker-urls';
import { CodeFile, codeFiles, codeOf } from '../../manifests/code';
import { otherLogins } from '../../manifests/database-logins';
import { grouped } from '../../manifests/grouped';
import { isOtherImage } from '../../manifests/hints';
import { installedVersion } from '../../manifests/installs';
import { asList, get, Path } from '../../manifests/json';
import { namedHosts } from '../../manifests/named-hosts';
import { Container } from '../../manifests/pod/container';
import { Variable } from '../../manifests/pod/env';
import { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import { sameBroker } from '../../manifests/same-broker';
import { hasOwnFiles } from '../../manifests/settings-files';
import { UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Report, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** A setting that names a broker where nothing reads it; undefined where another one may be read. */
function ignoredBroker(files: readonly CodeFile[]): (Pick<Report, 'at' | 'value' | 'allowed'> & { readonly byNamespace: boolean }) | undefined {
  const texts = files.map(({ text }) => withoutComments(text));
  const all = texts.join('\n');
  // What a call, a variable or another file gives it is out of sight.
  if (/\benviron\[\s*["'][^"'\n]*BROKER_URL["']\s*\]\s*=(?!=)|\b(setdefault|putenv|environ\.update)\([^)]*BROKER_URL/.test(all)) return undefined;
  if (!/\bCelery\(/.test(all) || /\bCelery\([^)]*\bbroker\b|config_from_(envvar|cmdline)|\bconf\b[.[(]|\*\*|import\s*\*|\bbroker_url\b/.test(all)) return undefined;
  const [, source, namespace] = /config_from_object\(\s*['"]?([\w.:]+)['"]?(?:[^)]*namespace\s*=\s*['"](\w+)['"])?/.exec(all) ?? [];
  if (source === undefined || (namespace === undefined && /config_from_object\([^)]*\bnamespace\b/.test(all))) return undefined;
  const django = source.startsWith('django.conf');
  const module = django ? /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(all)?.[1] : source.split(':')[0];
  const index = files.findIndex(({ name }) => module !== undefined && name === `${module.split('.').at(-1)}.py`);
  if (index < 0) return undefined;
  // A module of any kind may be read with a namespace.
  const read = namespace !== undefined ? `${namespace}_BROKER_URL` : django ? 'BROKER_URL' : 'broker_url';
  const given = [...texts[index].matchAll(/^(?:CELERY_BROKER_URL|BROKER_URL|broker)(?=\s*=[^=])/gm)].map(([name]) => name);
  return given.length === 0 || given.includes(read) || (!django && namespace === undefined && given.includes('BROKER_URL')) ? undefined
    : { at: files[index].place, value: given[0], allowed: read, byNamespace: namespace !== undefined && given.includes('BROKER_URL') };
}

/** Executors that come with Airflow and its providers, and know no Celery. */
const WITHOUT_CELERY = /(^|\.)(Sequential|Local|Kubernetes|LocalKubernetes|Debug|Dask|Edge|AwsEcs|AwsBatch|AwsLambda)Executor$/;

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

/** The first of them that is not left empty, as kompose leaves what only the shell of its author knows. */
function givenDatabase(container: Container): string | undefined {
  return databaseVariables(container).find((name) => container.env.get(name)?.value !== '');
}

/** The first with which one can log in. */
function givenLogin(container: Container): string | undefined {
  return databaseVariables(container).find((name) => LOGIN.test(name) && container.env.get(name)?.value !== '');
}

const LOGIN = /(URL|URI|DSN|PASSWORD|PASS)$/;

/** Those that say where it is. */
const WHERE = /(URL|URI|DSN|HOST|HOSTNAME|SERVER)$/;

/** The first that says where it is. */
function givenHost(container: Container): string | undefined {
  return databaseVariables(container).find((name) => WHERE.test(name) && container.env.get(name)?.value !== '');
}

/** Containers that keep running and are given a database, a login for it, or its host, by namespace and image. */
const [withDatabase, withLogin, withHost] = [givenDatabase, givenLogin, givenHost].map((given) =>
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

/** From this number on, variables of the same names are no coincidence. */
const SAME_SETTINGS = 4;

/** A variable that may say the same: of RabbitMQ, or of Redis where the broker is one. */
function maySay({ redis }: GivenBroker, { name, value, hidden }: Variable): boolean {
  const url = parseUrl(hidden ?? value ?? '');
  return BROKER_NAME.test(name) || QUEUE_NAME.test(name) || (redis ? /REDIS|VALKEY/.test(name) || (url !== undefined && isRedis(url)) : url !== undefined && isAmqp(url));
}

/** A user interface: it has no variable of the worker, and the URL of another pod of the image, which sends the tasks. */
function asksApi({ image, workload }: Container, variables: readonly Variable[], { container: { env } }: GivenBroker, world: World): boolean {
  if (variables.some(({ name }) => env.get(name) !== undefined)) return false;
  return variables.some(({ value = '' }) => {
    const url = parseUrl(value);
    const service = url && /^https?$/.test(url.scheme) ? world.service(url.host, workload.resource.namespace) : undefined;
    const pods = service ? world.backing(service) : [];
    return pods.some((other) => other !== workload && other.containers.some((one) => one.image.text === image.text));
  });
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

/** Two definitions of one object, of which one replaces the other. */
function isSameObject({ resource: one }: Workload, { resource: other }: Workload): boolean {
  return one !== other && one.kind === other.kind && one.name === other.name && one.namespace === other.namespace;
}

/** Rules about the brokers and databases that variables give to the processes of an application. */
export const givenServerRules: Rule[] = [
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
      // A server next to the worker, in its own pod, is reached by another name from outside.
      if (brokers.length === 0 || brokers.some((other) => !other || same(other) || isLoopback(other.url.host))) return;
      report({ at: sends.at, value: sends.text === '' ? sends.source : sends.text, allowed: brokers[0]!.text });
    },
  },
  {
    id: 'env/lacks-database',
    severity: Severity.WARNING,
    title: 'The worker or Beat has no variable or Secret for the database, unlike another pod of its application',
    why: 'One application reads the same settings everywhere: tasks fail with `django.db.utils.OperationalError: could not connect to server`, or use the SQLite file of the image.',
    fix: 'Give the pod the variables that the others have, by the same envFrom or secretKeyRef.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/',
    rows: ['E4'],
    on: 'processes',
    check: ({ container, role, workload }, report, world) => {
      const own = databaseVariables(container);
      // A Beat without any variable of the database keeps its schedule in a file.
      if (role !== 'worker' && !(role === 'beat' && own.length > 0)) return;
      if (container.env.open || container.image.text === '') return;
      if ([...container.env.all()].some(({ name }) => DOCUMENTS.test(name) || OTHER_DATABASE.test(name))) return;
      const key = `${workload.resource.namespace} ${container.image.text}`;
      const login = own.some((name) => LOGIN.test(name));
      if (login && own.some((name) => WHERE.test(name))) return;
      // One of other variables, such as those of the image of PostgreSQL, is read by nobody.
      const [given, others] = login ? [givenHost, withHost] : own.length > 0 ? [givenLogin, withLogin] : [givenDatabase, withDatabase];
      const other = others(world).get(key);
      if (login && !(other && databaseVariables(other).every((name) => !own.includes(name)))) return;
      if (other) {
        if (hasOwnFiles(container, other)) return;
        const { kind, name } = other.workload.resource;
        const lacks = given(other);
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
      // What a worker is given is not what its code has.
      const worker = role === 'worker' ? undefined : withBrokerVariable(world).get(key);
      const web = withoutVariable(world).has(key) ? undefined : withBrokerHost(world).get(key);
      const other = worker ? { container: worker.container, name: worker.variable } : web;
      if (!other || other.container === container || container.env.get(other.name) || isSameObject(workload, other.container.workload)) return;
      if (hasOwnFiles(container, other.container)) return;
      const { kind, name } = other.container.workload.resource;
      report({ at: container.place(), value: `no ${other.name}`, note: `${kind} ${name} has it`, unless: 'its code has the broker' });
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
        // Code of ConfigMaps says which broker it is.
        if (codeOf(container).broker) continue;
        if (variables.length === 0 || variables.some((variable) => maySay(worker, variable)) || hasOwnFiles(container, worker.container)) continue;
        if (asksApi(container, variables, worker, world)) continue;
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
    id: 'env/broker-setting-ignored',
    severity: Severity.ERROR,
    title: 'The code names the broker by a setting that Celery does not read, so it tries RabbitMQ on localhost',
    why: 'With namespace=\'CELERY\' only settings that begin with CELERY_ count, and without it those of Django have the names of before Celery 4; a module of settings has broker_url, not broker: '
      + '`Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused`, forever.',
    fix: 'Write CELERY_BROKER_URL in settings that are read with the namespace CELERY, and broker_url in a module of its own; or set the variable CELERY_BROKER_URL.',
    source: 'https://github.com/celery/celery/issues/6661',
    rows: ['E11'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain || process.role === 'multi' || ['--broker', '--config'].some((name) => !process.lacks(name))) return;
      if (['CELERY_BROKER_URL', 'CELERY_BROKER', 'BROKER_URL', 'CELERY_CONFIG_MODULE'].some((name) => process.variable(name).state !== 'unset')) return;
      const ignored = ignoredBroker(codeFiles(process.container));
      if (!ignored) return;
      const { byNamespace, ...found } = ignored;
      const version = installedVersion(process.workload, 'celery');
      if (byNamespace && version !== undefined && meets(version, `>=${SINCE.oldNamesInNamespace}`)) return;
      report({ ...found, ...unless(!byNamespace || version !== undefined, `its Celery is ${SINCE.oldNamesInNamespace} or later, which reads that name too`) });
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
];
