import { Image, isBase } from '../celery/image';
import { isAmqp, isRedis, parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { grouped } from './grouped';
import { isOtherImage } from './hints';
import { brokerUrls, isProducer } from './broker-urls';
import { asList, asText, get, isMap, JsonObject, Path } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import type { World } from './world';

/** What a name leads to. */
export type ServerKind = 'redis' | 'rabbitmq' | 'postgres' | 'mysql' | 'mongo' | 'database';

/** A variable that names a server by its host, in a URL or by itself. */
export interface NamedHost {
  readonly kind: ServerKind;
  readonly variable: string;
  /** As a message shows it: a Secret by the name of the variable only. */
  readonly shown: string;
  readonly host: string;
  /** Where the URL, or the variable next to that of the host, says one. */
  readonly port?: number;
  readonly path: Path;
}

const HOST_WORD = /(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|SVC)$/;
const HOST = /^(.*_)?(?:(REDIS|VALKEY)|(RABBIT|RABBITMQ|AMQP)|(POSTGRES|POSTGRESQL|PG|PGSQL)|(MYSQL|MARIADB)|(MONGO|MONGODB)|(DB|DATABASE|SQL))_?(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|SVC)$/;
const KINDS: readonly ServerKind[] = ['redis', 'rabbitmq', 'postgres', 'mysql', 'mongo', 'database'];

const SCHEMES: ReadonlyArray<readonly [RegExp, ServerKind]> = [
  [/^(postgres|postgresql|postgis|pgsql)(\+|$)/, 'postgres'], [/^(mysql|mysql2|mariadb)(\+|$)/, 'mysql'], [/^mongodb(\+|$)/, 'mongo'],
];

/** What whoever applies the manifests writes over: `example`, `your-redis`. */
const PLACEHOLDER = /^(example|your|placeholder|change-?me|replace|enter)(?![a-z])/;

function kindOf(name: string): ServerKind | undefined {
  const groups = HOST.exec(name)?.slice(2);
  return groups && KINDS[groups.findIndex((group) => group !== undefined)];
}

function portOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The servers that the variables of a container name, those of URLs by their scheme. */
export const namedHosts: (container: Container) => readonly NamedHost[] = lazy(({ env }: Container) =>
  [...env.all()].flatMap(({ name: variable, value, hidden, path, partial, unresolved }) => {
    const text = hidden ?? value ?? '';
    if (partial || unresolved.length > 0 || text === '') return [];
    const kind = kindOf(variable);
    const shown = hidden === undefined ? `${variable}=${text}` : variable;
    if (kind !== undefined && /^[a-z0-9][a-z0-9.-]*$/i.test(text) && !PLACEHOLDER.test(text)) {
      return [{ kind, variable, host: text.toLowerCase(), port: portOf(env.value(variable.replace(HOST_WORD, 'PORT'))), path, shown }];
    }
    const url = text.includes('://') ? parseUrl(text) : undefined;
    const byScheme = url && (isRedis(url) ? 'redis' : isAmqp(url) ? 'rabbitmq' : SCHEMES.find(([scheme]) => scheme.test(url.scheme))?.[1]);
    return url && byScheme ? [{ kind: byScheme, variable, host: url.host, port: portOf(url.port), path, shown }] : [];
  }));

const IMAGES: ReadonlyArray<readonly [RegExp, ServerKind]> = [
  [/^(postgres(ql)?|postgis|timescaledb(-ha)?|pgvector|spilo.*)$/, 'postgres'], [/^(mysql|mysql-server|mariadb|percona(-server)?)$/, 'mysql'], [/^(mongo|mongodb|mongodb-community-server)$/, 'mongo'],
];

/** The kind of database that an image is. */
export function databaseKind({ name }: Image): ServerKind | undefined {
  return IMAGES.find(([pattern]) => pattern.test(name))?.[1];
}

/** The Services that lead to a database, by namespace and kind. */
const databaseServices = lazy((world: World) => grouped(world.kind('Service').flatMap((service) => world.backing(service)
  .flatMap(({ containers }) => containers)
  .flatMap(({ image }) => databaseKind(image) ?? []).slice(0, 1)
  .flatMap((kind) => [[`${service.namespace} ${kind}`, service.name] as const, [`${service.namespace} database`, service.name] as const]))));

/** The workloads of databases that no Service leads to, by namespace and name, and by the name of the Service that a StatefulSet says. */
export const databasesWithoutService = lazy((world: World) => {
  const backed = new Set(world.kind('Service').flatMap((service) => world.backing(service)));
  const isDatabase = ({ containers }: Workload): boolean => containers.some(({ image }) => databaseKind(image) !== undefined);
  return grouped(world.workloads.filter((workload) => workload.longRunning && !backed.has(workload) && isDatabase(workload))
    .flatMap((workload) => {
      const { namespace, name, json } = workload.resource;
      return [...new Set([name, asText(get(json, 'spec', 'serviceName')) ?? name])].map((one) => [`${namespace} ${one}`, workload] as const);
    }));
});

/** `shop-postgresql`: what charts call their Services, which are not among these manifests. */
const OF_A_CHART = /-(postgresql|mysql|mariadb|mongodb|pgbouncer|pgpool)(-[a-z]+)?$/;

/** The Services of databases that a host may have meant. */
export function databasesNear({ kind, host }: NamedHost, namespace: string, world: World): readonly string[] {
  return OF_A_CHART.test(host) ? [] : [...new Set(databaseServices(world).get(`${namespace} ${kind}`))];
}

/** The workloads of the databases that processes of Celery are given. */
export const databaseWorkloads: (world: World) => ReadonlySet<Workload> = lazy((world: World) => new Set(world.processes
  .flatMap(({ container, workload }) => namedHosts(container).filter(({ kind }) => kind !== 'redis' && kind !== 'rabbitmq').flatMap(({ host }) => {
    const service = world.service(host, workload.resource.namespace);
    return service ? world.backing(service) : [];
  }))));

/** Something in it says Celery. Copies share their spec, and its answer. */
export function speaksOfCelery({ resource: { json } }: Workload): boolean {
  return [json.metadata, json.spec].some((part) => isMap(part) && says(part));
}

const says = lazy((json: JsonObject) => /celery|flower/i.test(JSON.stringify(json)));

/** The containers of Celery, and those of the same application that send tasks to it: of the same image, or with a broker in a variable. */
export const applicationContainers: (world: World) => readonly Container[] = lazy((world: World) => {
  const own = new Set(world.processes.map(({ container }) => container));
  const images = new Set([...own].filter(({ image }) => !isBase(image) && image.repository !== '')
    .map(({ workload, image }) => `${workload.resource.namespace} ${image.repository}`));
  const running = world.workloads.filter(({ longRunning }) => longRunning).flatMap(({ containers }) => containers);
  const others = running.filter((container) => !own.has(container) && !isOtherImage(container.image)
    && (isProducer(container) || images.has(`${container.workload.resource.namespace} ${container.image.repository}`)));
  return [...own, ...others];
});

/** The pod says itself what a name is, or in which domains it is looked up. */
export function ownNames({ spec }: Workload, host: string): boolean {
  return get(spec, 'dnsConfig', 'searches') !== undefined || asList(spec.hostAliases).some((alias) => asList(get(alias, 'hostnames')).includes(host));
}

/** The first words of the hosts in URLs and variables of all containers, by namespace. */
const namedHere = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.flatMap(({ resource: { namespace }, containers }) => containers
  .flatMap((container) => [...brokerUrls(container), ...namedHosts(container)]).map(({ host }) => `${namespace} ${host.split('.')[0]}`))));

/** Some URL or host that a container of the namespace is given is of that name. */
export function isNamed(name: string, namespace: string, world: World): boolean {
  return namedHere(world).has(`${namespace} ${name}`);
}
