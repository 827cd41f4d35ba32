import { brokerClients } from './broker-urls';
import { baseName } from './command/command';
import { grouped } from './grouped';
import { kindIn, processesIn } from './in-namespace';
import { asList, asMap, asNumber, asText, get, Path } from './json';
import { Place } from './place';
import { Container } from './pod/container';
import { configMapData } from './pod/sources';
import { within } from './pod/volumes';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import { isBitnami, parseImage } from '../celery/image';
import { AMQP_PORT } from '../celery/ports';
import { RABBITMQ_CONFIGURATION, RABBITMQ_DATABASES } from '../celery/server-images';
import { isAmqp, parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { Process } from './process';
import { leadsNowhere, UrlUse } from './uses';
import type { World } from './world';

/** Something in the configuration of RabbitMQ, and its place. */
export interface RabbitSetting {
  readonly value: string;
  readonly at: Place;
}

/** A RabbitMQ server of the input: a container, or a cluster that its operator makes. */
export interface RabbitServer {
  readonly resource: Resource;
  /** Undefined for what the operator makes. */
  readonly container?: Container;
  readonly place: Place;
  readonly imagePlace: Place;
  readonly image: ReturnType<typeof parseImage>;
  /** `4.3` of `rabbitmq:4.3.5-management`; undefined when the tag names less. */
  readonly version?: string;
  /** The configuration files that are in sight, advanced.config also. */
  readonly files: ReadonlyArray<{ readonly text: string; readonly at: Place }>;
  /** Some configuration is out of sight: what is not said here may be said there. */
  readonly opaque: boolean;
}

/** All RabbitMQ servers of the input. */
export const rabbitServers: (world: World) => readonly RabbitServer[] = lazy((world: World) => [
  ...world.workloads.filter(({ longRunning }) => longRunning).flatMap(({ containers }) => containers
    .flatMap((container) => fromContainer(container) ?? [])),
  ...world.kind('RabbitmqCluster').filter(({ apiVersion }) => apiVersion.startsWith('rabbitmq.com/')).map(fromOperator),
]);

/** The workloads of those that the input has as workloads: an operator makes the others. */
export const rabbitWorkloads: (world: World) => ReadonlySet<Workload> = lazy((world: World) =>
  new Set(rabbitServers(world).flatMap(({ container }) => container?.workload ?? [])));

function isServer(container: Container): boolean {
  const { image, invocations, words } = container;
  if (invocations.some((invocation) => baseName(invocation.words[0]?.text ?? '') === 'rabbitmq-server')) return true;
  // `shop_rabbitmq` with the port of AMQP is one that somebody has built.
  const isImage = /^rabbitmq(-management|-server)?$/.test(image.name) || (/[-_]rabbitmq$/.test(image.name) && container.declares(AMQP_PORT));
  return isImage && (words.length === 0 || /rabbitmq-server|entrypoint/.test(words.map(({ text }) => text).join(' ')));
}

function fromContainer(container: Container): RabbitServer | undefined {
  if (!isServer(container)) return undefined;
  const files: Array<{ text: string; at: Place }> = [];
  let opaque = container.env.open || container.unread !== undefined || (!container.image.official && !isBitnami(container.image));
  for (const mount of container.mounts) {
    if (!within(mount.mountPath, RABBITMQ_CONFIGURATION) && !/rabbitmq.*\.(conf|config)$|\/(conf|advanced)/.test(mount.mountPath)) continue;
    if (mount.volume.kind === 'emptyDir') opaque = true;
    const configMaps = container.configMaps(mount.volume);
    if (configMaps.length === 0) opaque = true;
    for (const resource of configMaps) {
      for (const [name, text] of configMapData(resource)) files.push({ text, at: { resource, path: ['data', name] } });
    }
  }
  for (const name of ['RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS', 'RABBITMQ_EXTRA_CONFIGURATION']) {
    const found = container.env.lookup(name);
    if (found.state === 'known') files.push({ text: found.value, at: container.place(found.variable.path) });
    else if (found.state === 'set') opaque = true;
  }
  if (['RABBITMQ_CONFIG_FILE', 'RABBITMQ_ADVANCED_CONFIG_FILE', 'RABBITMQ_CONFIG_FILES'].some((name) => container.env.lookup(name).state !== 'unset')) opaque = true;
  return {
    resource: container.workload.resource, container, place: container.place(), imagePlace: container.place([...container.path, 'image']),
    image: container.image, version: versionOf(container.image.tag), files, opaque,
  };
}

/** The RabbitmqCluster of the cluster operator: a StatefulSet with claims and a Service of its name. */
function fromOperator(resource: Resource): RabbitServer {
  const image = parseImage(asText(get(resource.json, 'spec', 'image')) ?? '');
  const path: Path = ['spec', 'rabbitmq'];
  const configuration = asMap(get(resource.json, ...path));
  return {
    resource, image, version: versionOf(image.tag), place: { resource, path: ['spec'] }, imagePlace: { resource, path: ['spec', 'image'] },
    files: ['additionalConfig', 'advancedConfig', 'envConfig'].flatMap((name) => {
      const text = asText(configuration[name]);
      return text === undefined ? [] : [{ text, at: { resource, path: [...path, name] } }];
    }),
    opaque: false,
  };
}

function versionOf(tag: string | undefined): string | undefined {
  return /^v?(\d+\.\d+(?:\.\d+)?)(?:[.-]|$)/.exec(tag ?? '')?.[1];
}

/** A line of rabbitmq.conf, `NAME = VALUE`; the last one counts. */
export function rabbitSetting({ files }: RabbitServer, name: string): RabbitSetting | undefined {
  const pattern = new RegExp(`^[ \\t]*${name.replaceAll('.', '\\.')}[ \\t]*=[ \\t]*(.*?)[ \\t]*$`, 'gm');
  const found = files.flatMap(({ text, at }) => [...text.matchAll(pattern)].map(([, value]) => ({ value, at })));
  return found.at(-1);
}

/** Anything like it, in any file: `{consumer_timeout, 3600000}`, `-rabbit consumer_timeout undefined`. */
export function rabbitMention({ files }: RabbitServer, pattern: RegExp): RabbitSetting | undefined {
  for (const { text, at } of files) {
    const match = pattern.exec(text.replace(/^[ \t]*[#%].*$/gm, ''));
    if (match) return { value: match[1] ?? match[0], at };
  }
  return undefined;
}

/** Whether the management API answers: undefined where plugins are out of sight. */
export function hasManagement({ container, image, opaque, resource }: RabbitServer): boolean | undefined {
  // The operator enables it.
  if (!container || /management/.test(image.tag ?? '') || /management/.test(image.name)) return true;
  if (!image.official || image.digest !== undefined || container.words.length > 0 || container.json.lifecycle !== undefined) return undefined;
  if (/rabbitmq[-_]plugins|management/.test(JSON.stringify([resource.json.spec, [...container.env.all()].map(({ value }) => value)]).replace(/"name":"[^"]*"/g, ''))) return undefined;
  const plugins = container.mounts.flatMap(({ mountPath }) => container.file(mountPath.endsWith('enabled_plugins') ? mountPath : `${mountPath.replace(/\/+$/, '')}/enabled_plugins`) ?? []);
  return plugins.length > 0 ? plugins.some((text) => text.includes('rabbitmq_management')) : opaque ? undefined : false;
}

/** What adds users, virtual hosts and definitions to a RabbitMQ that runs. */
const ADMINISTERS = /\brabbitmq(ctl|admin)\b[^|;&]*\b(add_user|change_password|add_vhost|set_permissions|import_definitions|declare|import)\b|\/api\/(users|vhosts|definitions|permissions)\b/;

/** The namespaces in which a hook, a Job, a container or an object of the topology operator does so. */
const administered = lazy((world: World): ReadonlySet<string> => new Set([
  ...['User', 'Vhost', 'Permission'].flatMap((kind) => world.kind(kind)).filter(({ apiVersion }) => apiVersion.startsWith('rabbitmq.com/')).map(({ namespace }) => namespace),
  ...world.workloads.filter(({ containers, initContainers }) => [...containers, ...initContainers].some(({ words, json }) =>
    ADMINISTERS.test([...words.map(({ text }) => text), JSON.stringify(json.lifecycle ?? '')].join(' '))))
    .map(({ resource }) => resource.namespace),
]));

/** Whether something in the input makes more of a server than its image does. */
export function isAdministered({ resource: { namespace } }: RabbitServer, world: World): boolean {
  return administered(world).has(namespace);
}

/** Where its queues are. */
export function dataFolder({ container }: RabbitServer): string {
  return container && isBitnami(container.image) ? '/bitnami/rabbitmq/mnesia' : RABBITMQ_DATABASES;
}

export function rabbitReplicas({ resource, container }: RabbitServer): number {
  return container ? container.workload.replicas ?? 1 : asNumber(get(resource.json, 'spec', 'replicas')) ?? 1;
}

export const rabbitNamespaces = lazy((world: World): ReadonlySet<string> => new Set(rabbitServers(world).map(({ resource }) => resource.namespace)));

/** The RabbitMQ servers that a URL leads to. */
export function rabbitFor(use: UrlUse, world: World): readonly RabbitServer[] {
  const { made, running } = serversByName(world);
  if (!isAmqp(use.url)) return [];
  const service = world.service(use.url.host, use.at.resource.namespace);
  const [name, namespace = use.at.resource.namespace] = use.url.host.split('.');
  return service ? world.backing(service).flatMap((workload) => running.get(workload) ?? [])
    : [...new Set(['', namespace])].flatMap((own) => made.get(`${own} ${name}`) ?? []);
}

/** Those that an operator makes, by their namespace and name, and the others by their workload. */
const serversByName = lazy((world: World) => ({
  made: grouped(rabbitServers(world).flatMap((server) => server.container ? [] : [[`${server.resource.namespace} ${server.resource.name}`, server] as const])),
  running: grouped(rabbitServers(world).flatMap((server) => server.container ? [[server.container.workload, server] as const] : [])),
}));

/** A RabbitMQ that Celery uses. */
export interface RabbitBroker {
  readonly server: RabbitServer;
  /** Those that use it. */
  readonly clients: readonly Process[];
  /**
   * A URL of the broker leads to it; otherwise some variable of the application does, or it is the only RabbitMQ, next to processes with a
   * URL of AMQP or with none in sight.
   */
  readonly certain: boolean;
  /** A variable of the application names it, or a URL names a Service that there is not. */
  readonly named?: boolean;
}

export const rabbitBrokers: (world: World) => readonly RabbitBroker[] = lazy((world: World) => {
  const servers = rabbitServers(world);
  if (servers.length === 0) return [];
  const clients = new Map<RabbitServer, Process[]>();
  for (const process of world.processes) {
    for (const server of process.link ? rabbitFor(process.link, world) : []) clients.set(server, [...clients.get(server) ?? [], process]);
  }
  // What sends tasks and is no process of Celery is no client to rules, but its broker is one.
  for (const { urls, process } of brokerClients(world)) {
    if (!process) for (const server of urls.flatMap((url) => rabbitFor(url, world))) if (!clients.has(server)) clients.set(server, []);
  }
  const linked = [...clients].map(([server, own]) => ({ server, clients: own, certain: true }));
  const named = [...namedServers(world)].filter(([server]) => !clients.has(server))
    .map(([server, own]) => ({ server, clients: own, certain: false, named: true }));
  return [...linked, ...named, ...alone(world, servers, new Set([...linked, ...named].map(({ server }) => server.resource.namespace)))];
});

/**
 * The hosts of RabbitMQ that variables of a process name, in a URL or by what they are called: `RABBITMQ_URL`, `RABBITMQ_HOST`; `BROKER_HOST` where
 * the Service is one of RabbitMQ.
 */
export function rabbitHosts({ container, workload }: Process, world: World): string[] {
  return [...container.env.all()].flatMap(({ name, value, hidden }) => {
    const text = hidden ?? value;
    const url = text === undefined ? undefined : parseUrl(text);
    if (url) return isAmqp(url) && url.host !== '' ? [url.host] : [];
    if (text === undefined || !/HOST|SERVER|ADDR|SERVICE/i.test(name) || !/^[a-z][a-z0-9.-]*$/.test(text)) return [];
    return /RABBIT|AMQP/i.test(name) || (/BROKER/i.test(name) && isRabbit(world.service(text, workload.resource.namespace), world)) ? [text] : [];
  });
}

function isRabbit(service: Resource | undefined, world: World): boolean {
  return service !== undefined && world.backing(service).some((workload) => rabbitWorkloads(world).has(workload));
}

/** The servers that variables lead to, of processes whose broker is out of sight. */
const namedServers = lazy((world: World) => {
  const found = new Map<RabbitServer, Process[]>();
  const byWorkload = grouped(rabbitServers(world).flatMap((server) => server.container ? [[server.container.workload, server] as const] : []));
  if (byWorkload.size === 0) return found;
  for (const process of world.processes) {
    for (const host of process.link ? [] : rabbitHosts(process, world)) {
      const service = world.service(host, process.workload.resource.namespace);
      for (const server of (service ? world.backing(service) : []).flatMap((workload) => byWorkload.get(workload) ?? [])) {
        const clients = found.get(server);
        if (clients) clients.push(process);
        else found.set(server, [process]);
      }
    }
  }
  return found;
});

/** Those that are the only one of their namespace, where no URL leads to any. */
function alone(world: World, servers: readonly RabbitServer[], without: ReadonlySet<string>): RabbitBroker[] {
  return [...grouped(servers.map((server) => [server.resource.namespace, server]))].flatMap(([namespace, [server, ...others]]) => {
    if (others.length > 0 || without.has(namespace)) return [];
    const near = processesIn(namespace, world).filter(({ link }) => link ? isAmqp(link.url) && isNear(link, server) : true);
    const links = near.flatMap(({ link }) => link ?? []);
    const named = links.length > 0 && links.every((link) => leadsNowhere(link, world)) && kindIn('Service', namespace, world).length > 0;
    return near.length === 0 ? [] : [{ server, clients: near, certain: false, named }];
  });
}

/** A host of the cluster, called like the server or its labels. */
function isNear({ url }: UrlUse, { resource }: RabbitServer): boolean {
  const [name, , third] = url.host.split('.');
  return (third === undefined || third === 'svc') && (name.includes(resource.name) || resource.name.includes(name) || /rabbit|mq|broker/i.test(name));
}

/** What a container mounts there. */
export function rabbitMount(server: RabbitServer): ReturnType<Container['mountOf']> {
  return server.container?.mountOf(dataFolder(server));
}

/** Its node has the address of the pod in its name, which is another one after each restart: `rabbit@$(MY_POD_IP)`. */
export function namedByAddress({ json, env }: Container): boolean {
  if (env.lookup('RABBITMQ_MNESIA_DIR').state !== 'unset') return false;
  const entries = new Map(asList(json.env).map((entry) => [get(entry, 'name'), entry]));
  const named = asText(get(entries.get('RABBITMQ_NODENAME'), 'value')) ?? '';
  return [...named.matchAll(/\$\((\w+)\)/g)].some(([, name]) => get(entries.get(name), 'valueFrom', 'fieldRef', 'fieldPath') === 'status.podIP');
}

/** A field of the pod gives the variable its value. */
const isOfPod = ({ json }: Container, name: string): boolean =>
  asList(json.env).some((entry) => get(entry, 'name') === name && get(entry, 'valueFrom', 'fieldRef') !== undefined);

/** Whether the node has another name in each pod: its database is in a folder of that name. */
export function nodeNameOf(server: RabbitServer): 'fixed' | 'changes' | 'unknown' {
  const { container } = server;
  if (container && namedByAddress(container)) return 'changes';
  if (!container || container.workload.resource.kind === 'StatefulSet') return 'fixed';
  if (asText(container.workload.spec.hostname) !== undefined) return 'fixed';
  for (const name of ['RABBITMQ_NODENAME', 'RABBITMQ_NODE_NAME']) {
    const found = container.env.lookup(name);
    if (found.state === 'known') return /\$/.test(found.value) ? 'changes' : 'fixed';
    if (found.state === 'set') return isOfPod(container, name) || /\$\(/.test(found.variable.raw ?? '') ? 'changes' : 'unknown';
    if (found.state === 'maybe') return 'unknown';
  }
  // Bitnami's image calls its node rabbit@localhost.
  return isBitnami(container.image) ? 'fixed' : container.image.official ? 'changes' : 'unknown';
}

/** The words that a container says about clusters: of several nodes one server is made. */
export function joinsCluster(server: RabbitServer): boolean {
  const { container } = server;
  if (!container) return true;
  return rabbitMention(server, /cluster_formation|cluster_nodes|peer_discovery/) !== undefined
    // The cookie lets nodes talk to each other: with the official image it makes no cluster by itself.
    || [...container.env.all()].some(({ name }) => /CLUSTER|PEER_DISCOVERY|AUTOCLUSTER/.test(name) || (/ERLANG_COOKIE/.test(name) && !container.image.official))
    || asList(container.json.command).concat(asList(container.json.args)).some((word) => /join_cluster|cluster/.test(String(word)))
    || /join_cluster/.test(JSON.stringify(container.json.lifecycle ?? ''));
}
