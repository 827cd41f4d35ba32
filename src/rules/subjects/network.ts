import { CLUSTER_DOMAIN, isLoopback, outsideCluster } from '../../celery/hosts';
import { isBase } from '../../celery/image';
import { brokerAsBackend } from '../../celery/result-backends';
import { AMQPS_PORT, AMQP_PORT, FLOWER_PORT, REDIS_PORT, defaultPort } from '../../celery/ports';
import { isAmqp, isRedis, isSentinel, parseUrl } from '../../celery/url';
import { BrokerClient, brokerClients, brokerUrls, isProducer } from '../../manifests/broker-urls';
import { brokerUse, redisFor } from '../../manifests/brokers';
import { isLoginOfDatabase } from '../../manifests/database-logins';
import { grouped } from '../../manifests/grouped';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject } from '../../manifests/json';
import { answersAtLoopback, databasesAtLoopback } from '../../manifests/loopback';
import { commonLabels, madeAlike, Renaming, renamings } from '../../manifests/kustomizations';
import { applicationContainers, databasesNear, NamedHost, namedHosts } from '../../manifests/named-hosts';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { allowsDns, allowsPeer, allowsPort, hasOtherPolicies, policiesOf, rulesOf, selects } from '../../manifests/policies';
import { Process } from '../../manifests/process';
import { rabbitBrokers, rabbitFor, rabbitServers, rabbitWorkloads } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { isFilledIn } from '../../manifests/refusals';
import { serverContainers, serverWorkloads } from '../../manifests/servers';
import { isName, lacksPort, portOf, portsOf, servicesByName } from '../../manifests/service-ports';
import { isOfStranger, strangers } from '../../manifests/strangers';
import { isOneOf, shownUrl, UrlUse } from '../../manifests/uses';
import { awaitedServers } from '../../manifests/waits';
import { runsSentinel } from '../../manifests/sentinels';
import type { World } from '../../manifests/world';
import { lazy, remembered } from '../../memo';
import { editDistance, nearest } from '../../nearest';
import { LISTS } from '../lists';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';

function exposes(workload: Workload, port: number): boolean {
  return workload.containers.some((container) => container.declares(port));
}

/** The ports of containers without Celery, by namespace and image: a worker of that image which declares one has it copied. */
const portsOfOthers = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.filter((workload) => world.in(workload).length === 0)
  .flatMap(({ containers, resource }) => containers.filter(({ image }) => !isBase(image)).flatMap(({ image, json }) => asList(json.ports)
    .map((entry) => `${resource.namespace} ${image.text} ${asScalar(get(entry, 'containerPort')) ?? ''}`)))));

/** It declares a port that is not copied from the web application. */
function opens(workload: Workload, port: number, world: World): boolean {
  return workload.containers.some((container) => container.declares(port)
    && !portsOfOthers(world).has(`${workload.resource.namespace} ${container.image.text} ${port}`));
}

/** Listens nowhere: workers and Beat, where no other container of the pod is in sight that may. */
function listensNowhere(workload: Workload, world: World): boolean {
  const processes = world.in(workload);
  const own = new Set(processes.filter(({ role }) => role === 'worker' || role === 'beat').map(({ container }) => container));
  return own.size > 0 && workload.containers.every((container) => own.has(container)) && processes.every(({ container }) => alone(container));
}

/** Nothing but Celery runs in it. */
function alone(container: Container): boolean {
  return container.invocations.every(({ words }) => !/gunicorn|uvicorn|runserver|hypercorn|daphne|uwsgi|http/.test(words.map(({ text }) => text).join(' ')));
}

/** Each workload of a name once: it may be in the input twice. */
const distinct = lazy((workloads: readonly Workload[]): readonly Workload[] => [...new Map(workloads.filter(({ longRunning }) => longRunning)
  .map((workload) => [`${workload.resource.kind}/${workload.resource.name}`, workload])).values()]);

/** The pods of the input that a URL leads a process to, with the port that they listen on. */
function brokerPods(broker: UrlUse | undefined, process: Process, world: World): Array<{ workload: Workload; container: Container; port: number }> {
  if (!broker || !isName(broker.url.host)) return [];
  const service = world.service(broker.url.host, process.workload.resource.namespace);
  const containers = isRedis(broker.url) ? redisFor(broker, world).map(({ container }) => container)
    : isAmqp(broker.url) ? rabbitFor(broker, world).flatMap(({ container }) => container ?? [])
      : isSentinel(broker.url) && service ? world.backing(service).flatMap((workload) => workload.containers.find(runsSentinel) ?? []) : [];
  const outer = Number(broker.url.port ?? defaultPort(broker.url.scheme) ?? 0);
  const entry = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === outer);
  const target = get(entry, 'targetPort') ?? outer;
  return containers.flatMap((container) => {
    const port = asNumber(target) ?? asList(container.json.ports).flatMap((one) => get(one, 'name') === target ? asNumber(get(one, 'containerPort')) ?? [] : [])[0];
    return port === undefined ? [] : [{ workload: container.workload, container, port }];
  });
}

/** The port of a pod that an entry of a Service leads to, by its number or by the name that a container gives it. */
function targetOf(entry: unknown, { containers }: Workload): number | undefined {
  const target = get(entry, 'targetPort') ?? get(entry, 'port');
  return asNumber(target) ?? containers.flatMap(({ json }) => asList(json.ports)).flatMap((one) =>
    get(one, 'name') === target ? asNumber(get(one, 'containerPort')) ?? [] : [])[0];
}

/** Where no URL is in sight: the pods of the only Redis or RabbitMQ that variables name by its host. */
function namedBrokerPods({ container, workload }: Process, world: World): ReturnType<typeof brokerPods> {
  const named = namedHosts(container).filter(({ kind }) => kind === 'redis' || kind === 'rabbitmq');
  const [first, ...others] = named;
  const service = first && others.every(({ host }) => host === first.host) ? world.service(first.host, workload.resource.namespace) : undefined;
  const entry = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === (first.port ?? (first.kind === 'redis' ? REDIS_PORT : AMQP_PORT)));
  return entry === undefined ? [] : world.backing(service!).flatMap((pod) => {
    const port = targetOf(entry, pod);
    const server = pod.containers.find((one) => serverContainers(world).has(one));
    return port === undefined || !server ? [] : [{ workload: pod, container: server, port }];
  });
}

/** The name of a Service of a namespace in a host: `redis`, `redis.shop.svc.cluster.local`. */
function ofNamespace(host: string, namespace: string): string | undefined {
  const [, name, where] = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  return where === undefined || where === namespace ? name : undefined;
}

/** The pod says itself what a name is, or in which domains it is looked up. */
function ownNames({ spec }: Workload, host: string): boolean {
  return get(spec, 'dnsConfig', 'searches') !== undefined || asList(spec.hostAliases).some((alias) => asList(get(alias, 'hostnames')).includes(host));
}

/** The URLs of a client that lead to its own pod; not known are those of other variables, where nothing says what its broker is. */
function loopbackUses({ process, urls: given }: BrokerClient): Array<{ readonly use: UrlUse; readonly known: boolean }> {
  // Without a host the server of the client's own machine is meant.
  const own = ({ url }: UrlUse) => (isRedis(url) || isAmqp(url) || isSentinel(url)) && url.scheme !== 'redis+socket'
    && (isLoopback(url.host) || (url.host === '' && /^[a-z]+:\/\/(\/.*)?$/.test(url.text)));
  if (!process) return given.filter(own).map((use) => ({ use, known: true }));
  const { backend, link, urls, allUrls } = process;
  // A backend that keeps no results is a fault of its own.
  const results = backend && brokerAsBackend(backend.text) === undefined ? backend : undefined;
  const known = [link, results].flatMap((use) => use && own(use) ? [{ use, known: true }] : []);
  if (link ?? backend) return known;
  return allUrls.filter((use) => !urls.includes(use) && own(use)).map((use) => ({ use, known: false }));
}

/** Brokers at the pod itself by other variables than those of Celery, where nothing says what its broker is. */
function namedAtLoopback({ container, link, backend, allUrls }: Process): Array<NamedHost & { readonly kind: 'redis' | 'rabbitmq' }> {
  if (link ?? backend) return [];
  return namedHosts(container).flatMap((named) => {
    const { kind, host, path } = named;
    return (kind === 'redis' || kind === 'rabbitmq') && isLoopback(host) && !isOneOf(allUrls, path, named.variable) ? [{ ...named, kind }] : [];
  });
}

/** Those of which the input has workloads or Services. */
const namespaces = lazy((world: World) => new Set([...world.workloads.map(({ resource }) => resource), ...world.kind('Service')].map(({ namespace }) => namespace)));

/** The Services of the only server of a kind in a namespace, each by its namespace. A server may be in the input twice. */
const servedBy = lazy((world: World) => {
  const nameOf = ({ resource: { kind, namespace, name } }: Workload) => `${namespace} ${kind} ${name}`;
  const services = grouped(world.kind('Service').flatMap((service) =>
    world.backing(service).slice(0, 1).map((workload) => [nameOf(workload), service.name] as const)));
  const only = (servers: readonly Workload[]) => new Map([...grouped([...new Map(servers.map((server) => [nameOf(server), server])).values()]
    .map((server) => [server.resource.namespace, server]))].map(([namespace, [server, ...others]]) =>
    [namespace, others.length > 0 || /cache|session/i.test(server.resource.name) ? [] : [...new Set(services.get(nameOf(server)))]]));
  return {
    redis: only(world.redisServers.map(({ container }) => container.workload)),
    rabbitmq: only([...rabbitWorkloads(world)]),
  };
});

/** The Services that variables of Celery name, as they are called before a kustomization renames them. */
function namedBefore({ renamed, builds, sets }: Renaming, world: World) {
  const containers = world.processes.map(({ container }) => container).filter(builds);
  return containers.flatMap((container) => namedHosts(container).flatMap(({ host, variable }) => {
    const { workload, env } = container;
    const service = world.service(host, workload.resource.namespace);
    return service === undefined || renamed(service.name) === service.name || sets(env.get(variable)!) ? [] : [{ workload, service, variable }];
  }));
}

/** Celery in the namespace of a Service asks for it: others may have one of the same name, too. */
function isUsedAtHome(world: World, { namespace, name }: Resource): boolean {
  return namesAtHome(world).has(`${namespace} ${name}`);
}

/** What the URLs and variables of Celery name, by the namespace; and without what kustomize puts in front of a name or after it. */
const namesAtHome = lazy((world: World) => new Set(world.processes.flatMap(({ container: { env }, urls, workload }) => {
  const hosts = new Set([...urls.map(({ url }) => url.host), ...[...env.all()].flatMap(({ value = '', hidden = value }) => parseUrl(hidden)?.host ?? hidden)]);
  return [...hosts].filter((host) => /^[a-z0-9.-]{1,100}$/.test(host)).flatMap((host) => {
    const parts = host.split('.')[0].split('-');
    return parts.flatMap((_, n) => [parts.slice(n), parts.slice(0, n + 1)]).map((name) => `${workload.resource.namespace} ${name.join('-')}`);
  });
})));

/** The Services that some process of Celery has as its broker or result backend. */
const usedServices = lazy((world: World) => new Set(world.processes.flatMap(({ urls, workload }) =>
  urls.flatMap(({ url }) => isName(url.host) ? world.service(url.host, workload.resource.namespace) ?? [] : []))));

const policyNames = (policies: readonly Resource[]) => listed(policies.map(({ name }) => name));

/** Processes of Celery by their workload: of several the first that has a broker in sight. */
const clients = lazy((world: World) => [...new Map(world.processes.filter(({ role, workload }) => role !== 'multi' && workload.longRunning)
  .sort((one, other) => Number(other.broker !== undefined) - Number(one.broker !== undefined)).reverse()
  .map((process) => [process.workload, process] as const))].map(([, process]) => process));

/** Policies that let pods send to DNS, and nowhere else. */
function onlyDns(egress: readonly Resource[], workload: Workload, world: World): boolean {
  const rules = rulesOf(egress, 'Egress');
  return rules.length > 0 && rules.every((rule) => asList(get(rule, 'ports')).length > 0 && allowsDns(rule, workload, world) !== false
    && asList(get(rule, 'ports')).every((entry) => /^(53|5353|dns(-tcp)?)$/.test(asScalar(get(entry, 'port')) ?? '')));
}

/** What sends tasks to Celery: a variable gives it the broker, or it has the image of Celery. */
const producers = lazy((world: World) => [...new Set(applicationContainers(world).map(({ workload }) => workload))]
  .filter((workload) => world.in(workload).length === 0).map((workload) => ({ workload, broker: undefined })));

/** The workloads with a label, whatever its value is, by namespace and label. */
const byLabelName = lazy((world: World) => grouped(world.workloads.flatMap((workload) => Object.keys(workload.labels)
  .map((name) => [`${workload.resource.namespace} ${name}`, workload] as const))));

/** The workloads that a selector takes; none where it only says what a label is not. */
function takenBy(namespace: string, selector: JsonObject, world: World): readonly Workload[] {
  const labels = asMap(selector.matchLabels);
  const expressions = asList(selector.matchExpressions);
  if (Object.keys(labels).length > 0) {
    const all = world.select(namespace, labels);
    return expressions.length === 0 ? all : all.filter((workload) => selects(selector, workload.labels));
  }
  const positive = expressions.find((one) => ['In', 'Exists'].includes(asScalar(get(one, 'operator')) ?? ''));
  return (byLabelName(world).get(`${namespace} ${asScalar(get(positive, 'key')) ?? ''}`) ?? []).filter((workload) => selects(selector, workload.labels));
}

/** Workloads with a selector that takes other pods than its own, and all that it takes: one list for each selector. */
const overlapping = lazy((world: World) => {
  const own = new Set([...ownByNamespace(world).values()].flat());
  const taken = remembered((namespace: string, text: string) => {
    const all = distinct(takenBy(namespace, JSON.parse(text) as JsonObject, world)).filter(({ resource }) => SELECTING.has(resource.kind));
    const templates = new Set(all.map(({ resource: { json } }) => get(json, 'spec', 'template')));
    // Which of several copies a pod belongs to, matters to nobody.
    const differ = new Set([...templates].map((one) => JSON.stringify(one))).size > 1;
    return { all, differ: differ && all.some((one) => own.has(one)) };
  });
  // Copies share their selector.
  const texts = new Map<JsonObject, string>();
  const textOf = (selector: JsonObject): string => texts.get(selector) ?? texts.set(selector, JSON.stringify(selector)).get(selector)!;
  return world.workloads.filter(({ resource }) => SELECTING.has(resource.kind)).flatMap((workload) => {
    const { resource, labels } = workload;
    const selector = asMap(get(resource.json, 'spec', 'selector'));
    if (!selects(selector, labels)) return [];
    const { all, differ } = taken(resource.namespace, textOf(selector));
    return differ ? [{ workload, all }] : [];
  });
});

/** A selector with only labels is shown as the labels. */
function shownSelector(selector: unknown): string {
  return JSON.stringify(get(selector, 'matchExpressions') === undefined ? get(selector, 'matchLabels') : selector);
}

/** The others of a list, as far as a message shows them. */
function* besides({ resource: { kind, name } }: Workload, all: readonly Workload[]): Iterable<string> {
  for (const { resource } of all) if (resource.kind !== kind || resource.name !== name) yield `${resource.kind} ${resource.name}`;
}

/** Kinds that count and list pods by a selector of labels. */
const SELECTING: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Rollout']);

/** What the names and labels of Celery and Redis have in them. */
const ROLE = /celery|worker|beat|flower|redis/i;

/** The pods of Celery and of its Redis, by namespace. */
const ownByNamespace = lazy((world: World) => grouped([...new Set([
  ...world.processes.map(({ workload }) => workload), ...world.redisServers.map(({ container }) => container.workload),
])].map((workload) => [workload.resource.namespace, workload])));

/** Policies that select a pod of Celery or Redis. */
const selected = lazy((world: World) => new Set([...ownByNamespace(world).values()].flat()
  .flatMap((workload) => [...policiesOf(workload, 'Ingress', world), ...policiesOf(workload, 'Egress', world)])));

type Labels = ReadonlyArray<readonly [string, string]>;

/** The pods of Celery or Redis that a policy is for, of one that selects no pod. */
function meantBy({ name, namespace }: Resource, selector: JsonObject, labels: Labels, world: World): Workload | undefined {
  const own = ownByNamespace(world);
  const near = own.get(namespace) ?? [];
  const all = [...own.values()].flat();
  const role = ROLE.exec([name, ...labels.flat(), JSON.stringify(selector.matchExpressions ?? '')].join(' '))?.[0].toLowerCase();
  const ofRole = (pods: readonly Workload[]): Workload | undefined =>
    pods.find(({ resource }) => role !== undefined && resource.name.toLowerCase().includes(role)) ?? pods[0];
  if (near.length > 0) {
    if (labels.length === 0 && selector.matchExpressions === undefined) return undefined;
    return near.find((workload) => isAlmost(labels, workload, world))
      ?? (role !== undefined || (world.complete && !mayHaveOthers(namespace, world)) ? ofRole(near) : undefined);
  }
  if (Object.keys(selector).length > 0) {
    const elsewhere = all.find((workload) => selects(selector, workload.labels));
    if (elsewhere) return elsewhere;
  }
  // In a program a namespace without any pod is one that is misspelt, or the policy is for pods that something else makes.
  const misspelt = nearest(namespace, own.keys()) !== undefined;
  return world.complete && (misspelt || (role !== undefined && labels.length > 0)) && !mayHaveOthers(namespace, world) ? ofRole(all) : undefined;
}

/** Whether labels are those of pods but for a slip of the pen; in a program also under another name. */
function isAlmost(labels: Labels, { labels: own }: Workload, { complete }: World): boolean {
  const values = Object.values(own).map((value) => asScalar(value) ?? '');
  const near = (value: string, other: string): boolean => {
    const most = Math.max(1, Math.floor(value.length / 4));
    return editDistance(value, other, most + 1) <= most;
  };
  return labels.length > 0 && labels.every(([name, value]) =>
    Object.hasOwn(own, name) ? near(value, asScalar(own[name]) ?? '') : complete && values.some((other) => other.length > 3 && near(value, other)));
}

/** Objects of operators that make no pods. */
const WITHOUT_PODS = /^(ScaledObject|(Cluster)?TriggerAuthentication|(Pod|Service)Monitor|PrometheusRule|Middleware|(Cluster)?Issuer|Certificate|(Cluster)?ExternalSecret|SealedSecret|KongPlugin|Gateway|HTTPRoute)$/;

/** Whether a namespace has pods that are not of Celery, or may have: those that an operator makes are not in sight. */
function mayHaveOthers(namespace: string, world: World): boolean {
  return world.workloads.some(({ resource, labels }) => resource.namespace === namespace && !ROLE.test(`${resource.name} ${Object.values(labels).join(' ')}`))
    || world.resources.some((resource) => resource.namespace === namespace && /^[^/]+\.[^/]+\//.test(resource.apiVersion)
      && !/^[^/]*\.k8s\.io\//.test(resource.apiVersion) && !WITHOUT_PODS.test(resource.kind));
}

/** Pods of Celery with a policy for ingress and none for egress, by the first of those policies. */
const openEgress = lazy((world: World) => grouped(clients(world).flatMap(({ workload }) => {
  const [policy] = policiesOf(workload, 'Ingress', world);
  return policy === undefined || policiesOf(workload, 'Egress', world).length > 0 ? [] : [[policy, workload] as const];
})));

const silentPods = lazy((world: World) => lazy((pods: readonly Workload[]) => pods.filter((workload) => listensNowhere(workload, world))));

/** The application opens a port for its metrics, as it says. */
function isForMetrics({ name, labels, annotations }: Resource, entry: unknown): boolean {
  return /metric|prom|exporter|statsd/i.test([name, asScalar(get(entry, 'name')), ...Object.keys({ ...labels, ...annotations })].join(' '));
}

/** The servers of brokers in the input, with their ports; `use` where Celery has one as its broker, as far as is known. */
const brokerServers = lazy((world: World) => {
  const rabbits = new Set(rabbitBrokers(world).map(({ server }) => server));
  return [
    ...world.redisServers.map((server) => ({ workload: server.container.workload, container: server.container, port: REDIS_PORT, use: brokerUse(server, world) !== 'no' })),
    ...rabbitServers(world).flatMap((server) => server.container
      ? [{ workload: server.container.workload, container: server.container, port: AMQP_PORT, use: rabbits.has(server) }] : []),
  ];
});

/** Some other rule of the policies lets the pods through to one of the servers. */
function egressReaches(policies: readonly Resource[], servers: ReadonlyArray<{ workload: Workload; port: number }>, world: World): boolean {
  return policies.some((policy) => rulesOf([policy], 'Egress').some((rule) => servers.some(({ workload, port }) =>
    allowsPort(rule, port, 'TCP') && allowsPeer(rule, 'Egress', policy, workload, world))));
}

/** The labels of a peer that is nothing but pods of the same namespace with them. */
function plainPodSelector(peer: unknown): JsonObject | undefined {
  const selector = asMap(get(peer, 'podSelector'));
  return Object.keys(asMap(peer)).join() === 'podSelector' && Object.keys(selector).join() === 'matchLabels' ? asMap(selector.matchLabels) : undefined;
}

/** The namespaces of which the input has Services. */
const withServices = lazy((world: World) => new Set(world.kind('Service').map(({ namespace }) => namespace)));

/** The first words of the hosts in URLs and variables of all containers, by namespace. */
const namedHere = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.flatMap(({ resource: { namespace }, containers }) => containers
  .flatMap((container) => [...brokerUrls(container), ...namedHosts(container)]).map(({ host }) => `${namespace} ${host.split('.')[0]}`))));

/** Some URL or host that a container of the namespace is given is of that name. */
function isNamed(name: string, namespace: string, world: World): boolean {
  return namedHere(world).has(`${namespace} ${name}`);
}

interface ServerPort {
  readonly kind: 'redis' | 'rabbitmq';
  readonly port: number;
  /** Nothing out of sight may say otherwise. */
  readonly certain: boolean;
  /** By a number, or by the name that the container gives to a port. */
  readonly listensAt: (target: unknown) => boolean;
}

/** The Redis or RabbitMQ that is all of a pod, and where it listens; undefined where there is none, or something else also. */
function serverIn(pod: Workload, world: World): ServerPort | undefined {
  const [container, ...others] = pod.containers;
  if (!container || others.length > 0) return undefined;
  const [redis] = world.redisIn(pod);
  const rabbit = rabbitServers(world).find((server) => server.container === container);
  if (!redis && !rabbit) return undefined;
  const given = redis ? ['port', 'tls-port'].flatMap((name) => redis.directive(name)?.values ?? []) : container.env.value('RABBITMQ_NODE_PORT') ?? [];
  const listeners = rabbit?.files.some(({ text }) => /listeners|port/.test(text)) ?? false;
  const numbers = new Set([...[given].flat().map(Number), ...redis ? redis.directive('port') ? [] : [REDIS_PORT] : [AMQP_PORT, AMQPS_PORT]]);
  const opaque = (redis ?? rabbit!).opaque || listeners || [...numbers].some(Number.isNaN);
  const named = (name: unknown): boolean => asList(container.json.ports).some((entry) => get(entry, 'name') === name);
  return {
    kind: redis ? 'redis' : 'rabbitmq', port: [...numbers].find((port) => port > 0) ?? REDIS_PORT, certain: !opaque,
    listensAt: (target) => typeof target === 'number' ? numbers.has(target) || (opaque && container.declares(target)) : named(target) || !/[a-z]/.test(String(target)),
  };
}

/** What a URL is meant to lead to. */
function serverOf({ url }: UrlUse): 'redis' | 'rabbitmq' | 'sentinel' | undefined {
  return isRedis(url) ? 'redis' : isAmqp(url) ? 'rabbitmq' : isSentinel(url) ? 'sentinel' : undefined;
}

/** The server that the Service of a URL leads to, where it is of another kind than its scheme. */
function otherServer(use: UrlUse, world: World): { readonly kind: 'redis' | 'rabbitmq'; readonly service: Resource } | undefined {
  const meant = serverOf(use);
  const service = isName(use.url.host) ? world.service(use.url.host, use.at.resource.namespace) : undefined;
  const kinds = new Set(service && world.backing(service).map((pod) => serverIn(pod, world)?.kind));
  const [kind] = kinds;
  return meant === undefined || meant === 'sentinel' || kind === undefined || kinds.size > 1 || kind === meant ? undefined : { kind, service: service! };
}

/** What takes the login of a database for others: PgBouncer, ProxySQL and the Services of operators. */
const POOLER = /pool|bouncer|prox|-r[ow]?$/;

export const networkRules: Rule[] = [
  {
    id: 'network/service-selects-workers',
    severity: Severity.ERROR,
    title: 'A Service also selects pods of Celery, which do not listen on its port',
    why: 'Requests are spread over all pods that it selects: those that reach a worker end in `connection refused`, or 502 and 504 behind an Ingress.',
    fix: 'Give the pods a label for their component, such as app.kubernetes.io/component: web, and name it in the selector of the Service.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service',
    rows: ['N21'],
    check: (world, report) => {
      for (const service of world.kind('Service')) {
        if (get(service.json, 'spec', 'clusterIP') === 'None') continue;
        const pods = distinct(world.backing(service));
        const workers = silentPods(world)(pods);
        if (pods.length < 2 || workers.length === 0 || workers.length === pods.length) continue;
        // Pods that have no port of that name are left out by Kubernetes.
        const ports = asList(get(service.json, 'spec', 'ports')).flatMap((entry) => asNumber(get(entry, 'targetPort') ?? get(entry, 'port')) ?? []);
        const silent = workers.filter((workload) => ports.some((port) => !exposes(workload, port)));
        if (silent.length === 0) continue;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, value: JSON.stringify(get(service.json, 'spec', 'selector')),
          note: `${listed(silent.map(({ resource }) => `${resource.kind} ${resource.name}`))} ${silent.length === 1 ? 'does' : 'do'} not listen on ${ports.join(', ')}`,
        });
      }
    },
  },
  {
    id: 'network/service-without-listener',
    severity: Severity.WARNING,
    title: 'A Service leads to a port of Celery on which nothing listens',
    why: 'Workers and Beat take no connections, and only the command `flower` opens port 5555: whoever uses the Service gets `connection refused`, and Prometheus no metrics.',
    fix: 'Remove the Service; or give Flower a Deployment of its own, and its labels to the selector.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/monitoring.html#flower-real-time-celery-web-monitor',
    rows: ['N21'],
    check: (world, report) => {
      for (const service of world.kind('Service')) {
        const pods = distinct(world.backing(service));
        if (pods.length === 0 || silentPods(world)(pods).length < pods.length) continue;
        const outOfSight = pods.some((workload) => world.in(workload).some(({ hint }) => hint !== undefined));
        // A StatefulSet needs one, with whatever port.
        if (get(service.json, 'spec', 'clusterIP') === 'None' && pods.some(({ resource }) => resource.kind === 'StatefulSet')) continue;
        asList(get(service.json, 'spec', 'ports')).forEach((entry, i) => {
          const port = asNumber(get(entry, 'targetPort') ?? get(entry, 'port'));
          if (port === undefined || pods.some((workload) => opens(workload, port, world)) || isForMetrics(service, entry)) return;
          // Where their program is out of sight, it is at least no broker, and not the web application from which it has the port.
          if (outOfSight && port !== AMQP_PORT && port !== REDIS_PORT && !pods.some((workload) => exposes(workload, port))) return;
          report({
            at: { resource: service, path: ['spec', 'ports', i] }, value: `port ${port}`,
            note: `it selects ${listed(pods.map(({ resource }) => `${resource.kind} ${resource.name}`))}`,
            ...unless(port === FLOWER_PORT && !outOfSight, 'the code of the application opens it, for metrics'),
          });
        });
      }
    },
  },
  {
    id: 'network/broker-service-selects-nothing',
    severity: Severity.WARNING,
    title: 'The Service of the broker selects no pod',
    why: 'It has no endpoints: `Error 111 connecting to redis:6379. Connection refused`, or a timeout, in all of Celery.',
    fix: 'Write the labels of the pod template into the selector of the Service.',
    source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpoints',
    rows: ['N21'],
    check: (world, report) => {
      const seen = new Set<Resource>();
      for (const { broker, workload } of world.processes) {
        const service = broker && isName(broker.url.host) ? world.service(broker.url.host, workload.resource.namespace) : undefined;
        const selector = Object.entries(asMap(get(service?.json, 'spec', 'selector')));
        if (!service || seen.has(service) || selector.length === 0 || world.backing(service).length > 0) continue;
        seen.add(service);
        // Only where a pod is meant: one that has some of the labels, or a label with another value.
        const near = world.workloads.find(({ labels, resource }) => resource.namespace === service.namespace
          && (resource.name === service.name || selector.some(([name, value]) => asScalar(labels[name]) === asScalar(value))));
        if (!near) continue;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, value: JSON.stringify(get(service.json, 'spec', 'selector')),
          allowed: JSON.stringify(near.labels), note: `${near.resource.kind} ${near.resource.name} has other labels`,
          unless: 'its pods are not in the input',
        });
      }
    },
  },
  {
    id: 'network/service-of-another-namespace',
    severity: Severity.WARNING,
    title: 'The broker or the result backend is a Service in another namespace, and its host name has no namespace',
    why: 'A name without a namespace is looked up in the namespace of the pod: `Error -2 connecting to redis:6379. Name or service not known.`, in a loop.',
    fix: 'Write the whole name: redis.<namespace>.svc.cluster.local.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-of-services',
    rows: ['N58'],
    on: 'processes',
    check: (process, report, world) => {
      const { workload } = process;
      const { namespace } = workload.resource;
      for (const use of process.urls) {
        const { host } = use.url;
        if (namespace === '' || !/^[a-z0-9-]+$/.test(host) || ownNames(workload, host)) continue;
        const services = servicesByName(world).get(host) ?? [];
        if (services.length === 0 || services.some((service) => ['', namespace].includes(service.namespace) || isUsedAtHome(world, service))) continue;
        const whole = [...new Set(services.map((service) => `${host}.${service.namespace}.svc.${CLUSTER_DOMAIN}`))];
        report({
          at: use.at, value: use.text, allowed: listed(whole), note: `the namespace ${namespace} has no Service ${host}`, fix: `Write the whole name: ${listed(whole)}.`,
          unless: 'a Service of that name in the namespace of the pod is not among these manifests', outOfSight: true,
        });
      }
    },
  },
  {
    id: 'network/service-in-another-namespace-than-named',
    severity: Severity.ERROR,
    title: 'The host name of the broker or the result backend has the wrong namespace, or none',
    why: 'DNS knows no such name: `Error -2 connecting to redis.shop.svc.cluster.local:6379. Name or service not known.`, in a loop.',
    fix: 'Write the namespace of the Service into its name.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#namespaces-of-services',
    rows: ['N58'],
    on: 'processes',
    check: (process, report, world) => {
      const { workload } = process;
      for (const use of process.urls) {
        const { host } = use.url;
        if (ownNames(workload, host)) continue;
        const [, bare] = /^([a-z0-9-]+)\.svc\.cluster\.local$/.exec(host) ?? [];
        if (bare !== undefined) {
          const { namespace } = (servicesByName(world).get(bare) ?? [])[0] ?? workload.resource;
          const allowed = `${bare}.${namespace === '' ? '<namespace>' : namespace}.svc.${CLUSTER_DOMAIN}`;
          report({ at: use.at, value: use.text, allowed, note: 'it has no namespace', fix: `Write ${allowed}.` });
          continue;
        }
        const [, name, named, domain = ''] = /^([a-z0-9-]+)\.([a-z0-9-]+)(\.svc(?:\.[a-z0-9.-]+)?)?$/.exec(host) ?? [];
        if (name === undefined) continue;
        const turned = world.find('Service', name, named);
        const services = servicesByName(world).get(name) ?? (turned ? [turned] : []);
        if (services.length === 0 || services.some((service) => ['', named].includes(service.namespace))) continue;
        // One that others use, or nobody, may have the name of another, in a namespace that is out of sight.
        if (!namespaces(world).has(named) && services.some((service) => service !== turned && usedServices(world).has(service))) continue;
        const whole = [...new Set(services.map((service) => `${service.name}.${service.namespace}${domain}`))];
        report({
          at: use.at, value: use.text, allowed: listed(whole), note: `the namespace ${named} has no Service ${name}`, fix: `Write ${listed(whole)}.`,
          unless: `the Service ${name} of the namespace ${named} is not among these manifests`,
        });
      }
    },
  },
  {
    id: 'network/no-such-service',
    severity: Severity.ERROR,
    title: 'The host name of the broker or the result backend is not that of a Service',
    why: 'Only Services have names in the DNS of the cluster, and Deployments have none: `Error -2 connecting to redis:6379. Name or service not known.`, in a loop.',
    fix: 'Write the name of the Service into the URL.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
    rows: ['N69'],
    on: 'brokerClients',
    check: ({ container: { workload }, urls }, report, world) => {
      const { namespace } = workload.resource;
      for (const use of urls) {
        const { host } = use.url;
        if (!/^[a-z][a-z0-9-]*$/.test(host) || host === 'localhost' || ownNames(workload, host)) continue;
        if (world.service(host, namespace)) continue;
        const { redis, rabbitmq } = servedBy(world);
        const near = (isRedis(use.url) ? redis.get(namespace) : isAmqp(use.url) ? rabbitmq.get(namespace) : undefined) ?? [];
        // kustomize puts a prefix or a suffix to names when it builds.
        if (near.length === 0 || near.some((name) => host.endsWith(`-${name}`) || host.startsWith(`${name}-`))) continue;
        if (isOfStranger(near, namespace, world)) continue;
        report({
          at: use.at, value: shownUrl(use), allowed: listed(near), ...use.text === '' ? {} : { note: `there is no Service ${host}` }, fix: `Write ${listed(near)}.`,
          // The server that there is, of almost that name, would be for nobody.
          ...unless(!strangers(world).has(namespace) && near.every((name) => !isNamed(name, namespace, world))
            && near.some((name) => name.includes(host) || host.includes(name)),
          'a Service of that name is not among these manifests'),
        });
      }
    },
  },
  {
    id: 'network/cluster-dns-not-asked',
    severity: Severity.ERROR,
    title: 'The pod does not ask the DNS of the cluster, which knows the name of its broker',
    why: 'With hostNetwork, or with dnsPolicy Default, it asks the DNS of its node: `Error -2 connecting to redis.shop.svc.cluster.local:6379. Name or service not known.`, in a loop.',
    fix: 'Set dnsPolicy: ClusterFirstWithHostNet with hostNetwork, ClusterFirst without.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy',
    rows: ['N110'],
    check: (world, report) => {
      const seen = new Set<Workload>();
      for (const { container: { workload }, urls } of brokerClients(world)) {
        const { spec, specPath, resource } = workload;
        const policy = asText(spec.dnsPolicy) ?? 'ClusterFirst';
        const field = policy === 'Default' ? 'dnsPolicy' : spec.hostNetwork === true && policy === 'ClusterFirst' ? 'hostNetwork' : undefined;
        if (field === undefined || seen.has(workload) || get(spec, 'dnsConfig', 'nameservers') !== undefined) continue;
        const use = urls.find(({ url: { host } }) => isName(host) && !ownNames(workload, host)
          && (/\.svc(\.cluster\.local)?$/.test(host) || world.service(host, resource.namespace) !== undefined));
        if (!use) continue;
        seen.add(workload);
        report({
          at: { resource, path: [...specPath, field] }, value: `${field}: ${field === 'dnsPolicy' ? policy : 'true'}`,
          allowed: `dnsPolicy: ${spec.hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst'}`, note: `${use.url.host} is a name of the cluster`,
        });
      }
    },
  },
  {
    id: 'network/external-name-is-an-address',
    severity: Severity.ERROR,
    title: 'The externalName of the Service of the broker is an IP address',
    why: 'It becomes an alias in the DNS, for which an address is a name that does not exist: `Error -2 connecting to redis:6379. Name or service not known.`, in a loop.',
    fix: 'Use a Service without a selector and an EndpointSlice with the address; or write the address into the URL.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#externalname',
    rows: ['N111'],
    check: (world, report) => {
      const services = brokerClients(world).flatMap(({ urls, container: { workload } }) =>
        urls.flatMap(({ url }) => world.service(url.host, workload.resource.namespace) ?? []));
      for (const service of new Set(services)) {
        const name = asText(get(service.json, 'spec', 'externalName')) ?? '';
        if (get(service.json, 'spec', 'type') === 'ExternalName' && /^(\d+\.){3}\d+$|:/.test(name)) {
          report({ at: { resource: service, path: ['spec', 'externalName'] }, value: name, allowed: 'a name of the DNS' });
        }
      }
    },
  },
  {
    id: 'network/no-such-host',
    severity: Severity.ERROR,
    title: 'A variable has a host name that is not that of a Service',
    why: 'Only Services have names in the DNS of the cluster, and Deployments and containers of Docker Compose have none: `Name or service not known`, in a loop.',
    fix: 'Write the name of the Service.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/',
    rows: ['N69'],
    check: (world, report) => {
      const celery = new Set(world.processes.map(({ container }) => container));
      const known = new Map(brokerClients(world).map(({ container, urls }) => [container, new Set(urls.map(({ source }) => source))]));
      const { redis, rabbitmq } = servedBy(world);
      for (const container of applicationContainers(world)) {
        const { workload } = container;
        const { namespace } = workload.resource;
        for (const named of namedHosts(container)) {
          const { kind, host, shown, path, variable } = named;
          // What only the web application asks is no business of Celery's; URLs of the broker have a rule of their own.
          const database = kind !== 'redis' && kind !== 'rabbitmq';
          if ((database && !celery.has(container)) || known.get(container)?.has(variable)) continue;
          const name = ofNamespace(host, namespace);
          if (name === undefined || host === 'localhost' || ownNames(workload, host) || world.service(name, namespace)) continue;
          const near = (kind === 'redis' ? redis.get(namespace) : kind === 'rabbitmq' ? rabbitmq.get(namespace) : databasesNear(named, namespace, world)) ?? [];
          if (near.length === 0 || near.some((one) => name.endsWith(`-${one}`) || name.startsWith(`${one}-`))) continue;
          if (isOfStranger(near, namespace, world)) continue;
          report({
            at: container.place(path), value: shown, allowed: listed(near), fix: `Write ${listed(near)}.`,
            ...unless(database && !POOLER.test(name) && isLoginOfDatabase(container, variable, world), 'a Service of that name is not among these manifests'),
          });
        }
      }
    },
  },
  {
    id: 'network/waits-for-nothing',
    severity: Severity.ERROR,
    title: 'An init container waits for a host or a port that no Service has',
    why: 'It waits forever, and the containers of the pod never start: `Init:0/1`, and in its log `nc: bad address \'redis\'` or `Connection refused` in a loop.',
    fix: 'Write the name and the port of the Service.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/init-containers/',
    rows: ['N96'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      const { namespace } = workload.resource;
      for (const container of workload.initContainers) {
        for (const { host, port } of awaitedServers(container)) {
          if (ownNames(workload, host)) continue;
          const [at, value] = [container.place(), port === undefined ? host : `${host}:${port}`];
          const service = world.service(host, namespace);
          if (service) {
            // The ports of a name for a host elsewhere are not used.
            if (get(service.json, 'spec', 'type') === 'ExternalName') continue;
            const has = (name: string) => asList(get(service.json, 'spec', 'ports')).map((entry) => asScalar(get(entry, name)) ?? '').filter((one) => one !== '');
            // A headless Service leads to the pods themselves.
            const headless = get(service.json, 'spec', 'clusterIP') === 'None';
            const ports = headless ? [...has('port'), ...has('targetPort')] : has('port');
            if (port === undefined || ports.length === 0 || ports.some((one) => one === String(port) || /[a-z]/.test(one))) continue;
            report({
              at, value, allowed: `port ${listed(has('port'))}`, fix: `Wait for port ${listed(has('port'))}.`,
              ...unless(!headless, 'its pods listen there'),
            });
            continue;
          }
          const [, name, where = namespace] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?)?$/.exec(host) ?? [];
          const { redis, rabbitmq } = servedBy(world);
          const meant = (port === REDIS_PORT ? redis : port === AMQP_PORT ? rabbitmq : undefined)?.get(where) ?? [];
          // kustomize puts a prefix or a suffix to names when it builds, where they are not written in full.
          if (name === undefined || meant.length === 0 || (name === host && meant.some((one) => name.endsWith(`-${one}`) || name.startsWith(`${one}-`)))) continue;
          report({ at, value, allowed: listed(meant), fix: `Wait for ${listed(meant)}.`, unless: 'a Service of that name is not among these manifests' });
        }
      }
    },
  },
  {
    id: 'network/broker-on-localhost',
    severity: Severity.ERROR,
    title: 'The broker or the result backend is localhost, and nothing in the pod listens there',
    why: 'localhost is the pod itself: `Error 111 connecting to localhost:6379. Connection refused.`, `Cannot connect to amqp://guest:**@127.0.0.1:5672//`, in a loop, '
      + 'and no task runs. On one machine with Docker Compose or in development it was right.',
    fix: 'Write the name of the Service of the broker into the URL.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking',
    rows: ['N72'],
    on: 'brokerClients',
    check: (client, report, world) => {
      const { container } = client;
      for (const { use, known } of loopbackUses(client)) {
        const answer = answersAtLoopback(container, portOf(use), world);
        if (answer === 'something') continue;
        const { redis, rabbitmq } = servedBy(world);
        const near = (isAmqp(use.url) ? rabbitmq : redis).get(container.workload.resource.namespace) ?? [];
        report({
          at: use.at, value: shownUrl(use), allowed: near.length > 0 ? listed(near) : 'the name of a Service', ...near.length > 0 ? { fix: `Write ${listed(near)}.` } : {},
          ...known ? answer === 'nothing' ? {} : answer : { unless: 'the application takes its broker from somewhere else' },
        });
      }
      for (const named of client.process ? namedAtLoopback(client.process) : []) {
        if (answersAtLoopback(container, named.port ?? (named.kind === 'redis' ? REDIS_PORT : AMQP_PORT), world) === 'something') continue;
        const near = servedBy(world)[named.kind].get(container.workload.resource.namespace) ?? [];
        report({
          at: container.place(named.path), value: named.shown, allowed: near.length > 0 ? listed(near) : 'the name of a Service',
          ...near.length > 0 ? { fix: `Write ${listed(near)}.` } : {}, unless: 'the application takes its broker from somewhere else',
        });
      }
    },
  },
  {
    id: 'network/database-on-localhost',
    severity: Severity.ERROR,
    title: 'The database is localhost, and nothing in the pod of Celery listens there',
    why: 'Tasks fail: `connection to server at "127.0.0.1", port 5432 failed: Connection refused`. The pods of the web application may have a proxy to the '
      + 'database as a container of their own, and those of Celery need one, too.',
    fix: 'Write the name of the Service of the database; or give the pod the proxy that the web application has.',
    source: 'https://docs.cloud.google.com/sql/docs/postgres/connect-kubernetes-engine',
    rows: ['N72'],
    on: 'processes',
    check: (process, report, world) => {
      if (process.role === 'flower') return;
      for (const { name, path, answer } of databasesAtLoopback(process.container, world)) {
        const condition = typeof answer === 'object' ? answer.unless : 'no task asks the database';
        report({ at: process.place(path), value: name, ...unless(answer === 'nothing' && isLoginOfDatabase(process.container, name, world), condition) });
      }
    },
  },
  {
    id: 'network/no-such-port',
    severity: Severity.ERROR,
    title: 'The URL of the broker, the result backend or the database has a port that its Service does not have',
    why: 'Nothing answers there: `Error 111 connecting to redis:6380. Connection refused.`, or a timeout, in a loop.',
    fix: 'Write a port of the Service into the URL: what is in `ports[].port`, not in targetPort and not in nodePort.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service',
    rows: ['N74'],
    check: (world, report) => {
      const ports = (host: string, { workload }: Container): number[] => portsOf(host, workload.resource.namespace, world);
      const known = new Map(brokerClients(world).map(({ container, urls }) => [container, new Set(urls.map(({ source }) => source))]));
      for (const { container, urls } of brokerClients(world)) {
        for (const use of urls) {
          // Where the scheme is that of another server, or of none, that is said elsewhere.
          if (!lacksPort(use, world) || otherServer(use, world) !== undefined || serverOf(use) === undefined) continue;
          report({
            at: use.at, value: shownUrl(use), allowed: ports(use.url.host, container).join(', '),
            ...use.text === '' ? {} : { note: `it has no port ${portOf(use)}` },
          });
        }
      }
      for (const container of applicationContainers(world)) {
        for (const { name, value, hidden = value, path } of container.env.all()) {
          const prefix = /^(.*(?:REDIS|VALKEY|RABBIT|AMQP|BROKER).*_)PORT$/.exec(name)?.[1];
          if (prefix === undefined || hidden === undefined || !/^\d+$/.test(hidden)) continue;
          const host = container.env.get(`${prefix}HOST`);
          const own = ports(host?.hidden ?? host?.value ?? '', container);
          if (own.length === 0 || own.includes(Number(hidden))) continue;
          report({
            at: container.place(path), value: value === undefined ? name : `${name}=${value}`, allowed: own.join(', '), unless: 'the application does not connect there',
          });
        }
      }
      for (const container of new Set(world.processes.map((process) => process.container))) {
        for (const { kind, host, port, path, shown, variable } of namedHosts(container)) {
          if (known.get(container)?.has(variable)) continue;
          const own = kind === 'redis' || kind === 'rabbitmq' || port === undefined ? [] : ports(host, container);
          if (own.length === 0 || own.includes(port!)) continue;
          report({
            at: container.place(path), value: shown, allowed: own.join(', '), ...shown === variable ? {} : { note: `it has no port ${port}` },
            unless: 'the application does not connect there',
          });
        }
      }
    },
  },
  {
    id: 'network/other-server',
    severity: Severity.ERROR,
    title: 'The URL has the scheme of another server than the one that its Service leads to',
    why: 'Redis and RabbitMQ do not understand each other: the connection is closed, in a loop, and no task runs.',
    fix: 'Write the scheme of the server into the URL: redis:// for Redis, amqp:// for RabbitMQ.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/index.html',
    rows: ['N69'],
    check: (world, report) => {
      for (const { urls, process } of brokerClients(world)) {
        for (const use of urls) {
          const other = otherServer(use, world);
          if (!other || (process?.backend?.source === use.source && brokerAsBackend(use.text) !== undefined)) continue;
          const { kind, service } = other;
          const port = lacksPort(use, world) ? ` and port ${listed(portsOf(use.url.host, use.at.resource.namespace, world).map(String))}` : '';
          report({
            at: use.at, value: shownUrl(use), allowed: `${kind === 'redis' ? 'redis' : 'amqp'}://${port}`,
            note: `the Service ${service.name} leads to ${kind === 'redis' ? 'Redis' : 'RabbitMQ'}`,
          });
        }
      }
    },
  },
  {
    id: 'network/broker-target-port',
    severity: Severity.ERROR,
    title: 'The Service of the broker leads to a port on which the broker does not listen',
    why: 'Nothing answers there: `Error 111 connecting to redis:6379. Connection refused.`, in a loop. A name that no container gives to a port leaves the Service without endpoints.',
    fix: 'Set targetPort to the port of the server: 6379 for Redis, 5672 for RabbitMQ, or what its configuration has.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports',
    rows: ['N74'],
    check: (world, report) => {
      const seen = new Set<unknown>();
      for (const { container, urls } of brokerClients(world)) {
        for (const use of urls) {
          const service = isName(use.url.host) ? world.service(use.url.host, container.workload.resource.namespace) : undefined;
          const { clusterIP, type, ports } = asMap(get(service?.json, 'spec'));
          // A headless Service leads to its pods, whatever the port.
          if (clusterIP === 'None' || type === 'ExternalName') continue;
          for (const [i, entry] of asList(ports).entries()) {
            if (get(entry, 'port') !== portOf(use) || seen.has(entry)) continue;
            seen.add(entry);
            const target = get(entry, 'targetPort') ?? get(entry, 'port');
            const servers = world.backing(service!).map((pod) => serverIn(pod, world));
            const [first] = servers;
            if (!first || servers.some((server) => server === undefined || server.listensAt(target))) continue;
            report({
              at: { resource: service!, path: ['spec', 'ports', i, 'targetPort'] }, value: `targetPort: ${asScalar(target) ?? ''}`, allowed: String(first.port),
              ...unless(first.certain || typeof target === 'string', 'its configuration, which is out of sight, has this port'),
            });
          }
        }
      }
    },
  },
  {
    id: 'network/target-port-name',
    severity: Severity.ERROR,
    title: 'A Service leads to a port by a name that no container of its pods gives one',
    why: 'The Service has no endpoints for that port, and nothing says so: `Connection refused`, and 503 from an ingress controller.',
    fix: 'Write the name that the container has in `ports`, or the number of the port.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports',
    rows: ['N74'],
    check: (world, report) => {
      const own = new Set(world.processes.map(({ workload }) => workload.resource.namespace));
      for (const service of world.kind('Service')) {
        const pods = own.has(service.namespace) ? world.backing(service) : [];
        // Those of brokers and of Flower have rules of their own.
        if (pods.length === 0 || pods.some((pod) => serverWorkloads(world).has(pod) || world.in(pod).some(({ role }) => role === 'flower'))) continue;
        const names = new Set(pods.flatMap(({ containers }) => containers).flatMap(({ json }) => asList(json.ports).map((one) => get(one, 'name'))));
        asList(get(service.json, 'spec', 'ports')).forEach((entry, i) => {
          const target = asText(get(entry, 'targetPort'));
          if (target === undefined || /^\d+$/.test(target) || isFilledIn(target) || names.has(target)) return;
          const known = [...names].flatMap((name) => asText(name) ?? []);
          report({
            at: { resource: service, path: ['spec', 'ports', i, 'targetPort'] }, value: target, allowed: known.length > 0 ? listed(known) : 'a number: its pods name no port',
          });
        });
      }
    },
  },
  {
    id: 'network/selector-mismatch',
    severity: Severity.ERROR,
    title: 'The selector does not match the labels of the pod template',
    why: 'The API server refuses the object: `spec.template.metadata.labels: Invalid value: ...: \\`selector\\` does not match template \\`labels\\``.',
    fix: 'Give both the same labels.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector',
    rows: ['N21'],
    anyProgram: true,
    on: 'celeryWorkloads',
    check: ({ resource, labels }, report) => {
      if (!['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(resource.kind)) return;
      const { matchLabels, matchExpressions } = asMap(get(resource.json, 'spec', 'selector'));
      const wrong = [
        ...Object.entries(asMap(matchLabels)).filter(([name, value]) => asScalar(labels[name]) !== asScalar(value)).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`),
        ...asList(matchExpressions).filter((one) => !selects({ matchExpressions: [one] }, labels)).map((one) => JSON.stringify(one)),
      ];
      if (wrong.length > 0) {
        report({
          at: { resource, path: ['spec', 'selector'] }, value: listed(wrong),
          allowed: JSON.stringify(labels),
        });
      }
    },
  },
  {
    id: 'network/selectors-overlap',
    severity: Severity.WARNING,
    title: 'The selector of a workload also selects the pods of another',
    why: 'An autoscaler divides by the pods of both, `kubectl logs` and `kubectl exec` with its name end in a pod of the other, and so do disruption budgets, '
      + 'NetworkPolicies and monitors with the same labels. Kubernetes does not refuse it, and says that controllers may conflict.',
    fix: 'Give each workload a label of its own, such as app.kubernetes.io/component: worker, in selector and pod template; a Deployment has to be deleted for it, '
      + 'because its selector is immutable.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector',
    rows: ['N21'],
    check: (world, report) => {
      for (const { workload, all } of overlapping(world)) {
        const { resource } = workload;
        report({
          at: { resource, path: ['spec', 'selector'] }, value: shownSelector(get(resource.json, 'spec', 'selector')),
          note: `those of ${listed(besides(workload, all))}`,
        });
      }
    },
  },
  {
    id: 'network/common-label-in-selectors',
    severity: Severity.ERROR,
    title: 'A kustomization overwrites the label by which selectors tell pods apart',
    why: 'commonLabels go into all selectors and pod templates, over what is there: each Service leads to the pods of all others, so that connections to the broker end at '
      + 'the web application, and each Deployment selects the pods of the others.',
    fix: 'Take another label; or write it as labels: [{pairs: ...}], which leaves selectors as they are.',
    source: 'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/commonlabels/',
    rows: ['N21'],
    check: (world, report) => {
      const servers = serverWorkloads(world);
      for (const labels of commonLabels(world)) {
        const { workloads, names } = madeAlike(labels, world);
        if (!workloads.some((workload) => world.in(workload).length > 0 || servers.has(workload))) continue;
        report({
          at: { resource: labels.resource, path: [...labels.path, names[0]] }, value: names.map((name) => `${name}: ${labels.pairs.get(name)}`).join(', '),
          note: `it makes the selectors of ${listed([...new Set(workloads.map(({ resource }) => `${resource.kind} ${resource.name}`))])} the same`,
          ...unless(labels.namespace !== undefined && workloads.every(({ resource }) => resource.namespace === labels.namespace), 'it does not build all of these'),
        });
      }
    },
  },
  {
    id: 'network/prefix-renames-service',
    severity: Severity.WARNING,
    title: 'A kustomization renames the Service of a server, and variables keep its old name',
    why: 'namePrefix and nameSuffix change the names of Services, and not what variables, ConfigMaps and Secrets say: `Error -2 connecting to redis:6379. Name or service '
      + 'not known.`, in a loop, in what it builds.',
    fix: 'Leave it out, as the namespace tells the objects apart; or give the variables the new name in this kustomization, by a patch or a generator.',
    source: 'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/nameprefix/',
    rows: ['N69'],
    check: (world, report) => {
      for (const renaming of renamings(world)) {
        const { resource, path, pattern, renamed } = renaming;
        const [first] = namedBefore(renaming, world);
        if (first === undefined) continue;
        const { workload: { resource: { kind, name } }, service, variable } = first;
        report({
          at: { resource, path }, value: pattern, note: `${variable} of ${kind} ${name} names ${service.name}, which becomes ${renamed(service.name)}`,
          unless: 'a patch gives it another value',
        });
      }
    },
  },
  {
    id: 'network/egress-without-dns',
    severity: Severity.ERROR,
    title: 'A NetworkPolicy limits the egress of the pods and does not allow DNS',
    why: 'No name resolves: `Error -3 connecting to redis:6379. Temporary failure in name resolution.`, again and again; all pods are Running. Port 53 '
      + 'without a protocol is TCP, and questions are asked over UDP.',
    fix: 'Allow port 53, UDP and TCP, to the DNS of the cluster: egress: [{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}].',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N36'],
    check: (world, report) => {
      const without = grouped([...clients(world), ...producers(world)].flatMap(({ workload, broker }) => {
        const policies = policiesOf(workload, 'Egress', world);
        if (policies.length === 0 || hasOtherPolicies(workload, world)) return [];
        // An address needs no DNS, nor does what the pod has in its own /etc/hosts.
        if (broker && (!isName(broker.url.host) || ownNames(workload, broker.url.host))) return [];
        const allowed = rulesOf(policies, 'Egress').map((rule) => allowsDns(rule, workload, world));
        const condition = allowed.find((answer) => typeof answer === 'string');
        const same = JSON.stringify([policies[0].namespace, policyNames(policies), condition]);
        return allowed.includes(true) ? [] : [[same, { workload, policies, condition }] as const];
      }));
      for (const [{ workload, policies, condition }, ...more] of without.values()) {
        const pods = [workload, ...more.map((one) => one.workload)].map(({ resource }) => `${resource.kind} ${resource.name}`).sort();
        report({
          at: { resource: policies[0], path: ['spec', 'egress'] }, value: policyNames(policies), allowed: 'port 53, UDP and TCP',
          note: `${listed(pods)} cannot resolve any name`,
          ...condition === undefined ? {} : { unless: condition, outOfSight: true },
        });
      }
    },
  },
  {
    id: 'network/policy-keeps-broker-away',
    severity: Severity.ERROR,
    title: 'NetworkPolicies do not let Celery reach its broker',
    why: 'The connection times out: `Cannot connect to redis://redis:6379/0: Timeout connecting to server.`, forever; all pods are Running.',
    fix: 'Allow the port of the broker, in the egress of the workers and in the ingress of the broker, with labels that the pods have.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N36'],
    check: (world, report) => {
      const shut = new Set<Workload>();
      for (const process of clients(world)) {
        const { workload, broker } = process;
        if (hasOtherPolicies(workload, world)) continue;
        const egress = policiesOf(workload, 'Egress', world);
        const use = process.link ?? process.allUrls[0];
        const pods = use ? brokerPods(use, process, world) : namedBrokerPods(process, world);
        const certainty = unless(use !== undefined && use === process.link, 'Celery has another broker');
        const ports = pods.map(({ port }) => port);
        const outside = broker && ports.length === 0 && isName(broker.url.host) && /^\d+$/.test(broker.url.port ?? '') ? [Number(broker.url.port)] : [];
        const dnsOnly = onlyDns(egress, workload, world);
        if (dnsOnly && ports.length + outside.length === 0) {
          report({
            at: { resource: egress[0], path: ['spec', 'egress'] }, value: policyNames(egress), allowed: 'the port of the broker',
            note: `${workload.resource.kind} ${workload.resource.name} may only ask for names`, unless: 'a policy that is not among these manifests allows it', outOfSight: true,
          });
        }
        for (const port of egress.length > 0 ? [...ports, ...outside] : []) {
          const to = pods.find((one) => one.port === port);
          const names = to ? to.container.portNames(port) : new Set<string>();
          // Behind a Service of which the pods are not in sight the port may be another.
          if (!to && world.service(broker!.url.host, workload.resource.namespace)) continue;
          const allowed = egress.some((policy) => rulesOf([policy], 'Egress').some((rule) => allowsPort(rule, port, 'TCP', names)
            && (!to || allowsPeer(rule, 'Egress', policy, to.workload, world))));
          if (allowed) continue;
          report({
            at: { resource: egress[0], path: ['spec', 'egress'] }, value: policyNames(egress), allowed: `port ${port}${to ? ` of ${to.workload.resource.name}` : ''}`,
            note: `${workload.resource.kind} ${workload.resource.name} may not send there`,
            // A server of the cluster that is not among the input has come with something that may have policies as well.
            ...to && dnsOnly ? {} : to || outsideCluster(broker!.url.host) ? certainty : { unless: 'a policy that is not among these manifests allows it', outOfSight: true },
          });
        }
        for (const { workload: target, port, container } of pods) {
          const ingress = policiesOf(target, 'Ingress', world);
          if (ingress.length === 0 || ingress.some((policy) => rulesOf([policy], 'Ingress')
            .some((rule) => allowsPort(rule, port, 'TCP', container.portNames(port)) && allowsPeer(rule, 'Ingress', policy, workload, world)))) continue;
          shut.add(target);
          report({
            at: { resource: ingress[0], path: ['spec', 'ingress'] }, value: policyNames(ingress),
            allowed: `port ${port} from ${JSON.stringify(workload.labels)}`, note: `${workload.resource.kind} ${workload.resource.name} is not let in`, ...certainty,
          });
        }
      }
      // Whoever connects, nobody is let in.
      for (const { container: { workload } } of LISTS.brokers(world)) {
        const ingress = policiesOf(workload, 'Ingress', world);
        if (shut.has(workload) || ingress.length === 0 || hasOtherPolicies(workload, world) || rulesOf(ingress, 'Ingress').length > 0) continue;
        report({
          at: { resource: ingress[0], path: ['spec'] }, value: policyNames(ingress), allowed: 'a rule in ingress for its port', note: `nobody is let in to ${workload.resource.name}`,
          unless: 'Celery has another broker',
        });
      }
    },
  },
  {
    id: 'network/policy-keeps-database-away',
    severity: Severity.WARNING,
    title: 'NetworkPolicies do not let Celery reach its database',
    why: 'The pods of the web application may, and tasks end with `connection to server at "postgres" failed: Connection timed out`; a Beat with a scheduler in the '
      + 'database sends nothing.',
    fix: 'Allow the port of the database, in the egress of the workers and in the ingress of the database, with labels that the pods of Celery have.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N86'],
    on: 'processes',
    check: (process, report, world) => {
      const { container, role, workload } = process;
      // Beat keeps its schedule in a file, unless a scheduler says otherwise.
      if (role !== 'worker' && !(role === 'beat' && /database|sqlalchemy/i.test(process.value('--scheduler') ?? ''))) return;
      if (hasOtherPolicies(workload, world)) return;
      for (const { kind, host, port, shown } of namedHosts(container)) {
        const service = kind === 'redis' || kind === 'rabbitmq' ? undefined : world.service(host, workload.resource.namespace);
        const pods = service && !ownNames(workload, host) ? world.backing(service) : [];
        const entry = asList(get(service?.json, 'spec', 'ports')).find((one, _, all) => all.length === 1 || get(one, 'port') === port);
        for (const pod of pods) {
          const target = targetOf(entry, pod);
          if (target === undefined) continue;
          const [egress, ingress] = [policiesOf(workload, 'Egress', world), policiesOf(pod, 'Ingress', world)];
          const out = egress.some((policy) => rulesOf([policy], 'Egress')
            .some((rule) => allowsPort(rule, target, 'TCP') && allowsPeer(rule, 'Egress', policy, pod, world)));
          const into = ingress.some((policy) => rulesOf([policy], 'Ingress')
            .some((rule) => allowsPort(rule, target, 'TCP') && allowsPeer(rule, 'Ingress', policy, workload, world)));
          const [policies, path] = egress.length > 0 && !out ? [egress, 'egress'] as const : [ingress.length > 0 && !into ? ingress : [], 'ingress'] as const;
          if (policies.length === 0) continue;
          report({
            at: { resource: policies[0], path: ['spec', path] }, value: policyNames(policies), allowed: `port ${target} ${path === 'egress' ? `of ${pod.resource.name}` : `from ${JSON.stringify(workload.labels)}`}`,
            note: `${workload.resource.kind} ${workload.resource.name} has ${shown}`, unless: 'no task asks the database',
          });
          return;
        }
      }
    },
  },
  {
    id: 'network/policy-selects-nothing',
    severity: Severity.WARNING,
    title: 'A NetworkPolicy selects no pod of the application that it is for',
    why: 'The API server accepts it, and it limits nothing: all pods of the cluster reach the agents, Flower and Redis, and tasks connect to '
      + 'whatever they like. No event and no status says so.',
    fix: 'Give spec.podSelector.matchLabels the labels of the pod template, in the namespace of the pods.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation',
    rows: ['N21'],
    check: (world, report) => {
      for (const policy of world.kind('NetworkPolicy')) {
        const selector = get(policy.json, 'spec', 'podSelector');
        if (!isMap(selector) || selected(world).has(policy)) continue;
        const labels = Object.entries(asMap(get(selector, 'matchLabels'))).map(([name, value]) => [name, asScalar(value) ?? ''] as const);
        if (world.workloads.some((one) => one.resource.namespace === policy.namespace && selects(selector, one.labels))) continue;
        const meant = meantBy(policy, selector, labels, world);
        if (meant === undefined) continue;
        const { resource, labels: own } = meant;
        report({
          at: { resource: policy, path: ['spec', 'podSelector'] }, value: labels.length > 0 ? labels.map((label) => label.join('=')).join(', ') : JSON.stringify(selector),
          allowed: listed(Object.entries(own).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`)),
          note: `those are of ${resource.kind} ${resource.name}${resource.namespace === policy.namespace ? '' : ` in the namespace ${resource.namespace}`}`,
          unless: ELSEWHERE, outOfSight: true,
        });
      }
    },
  },
  {
    id: 'network/peer-selects-nothing',
    severity: Severity.WARNING,
    title: 'A NetworkPolicy of Celery allows the port of the broker only to labels that no pod has',
    why: 'A podSelector takes labels of pods, not the name of a Service: the connection times out, `Timeout connecting to server`, while all pods are Running.',
    fix: 'Write the labels of the pods of the broker into `to`.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors',
    rows: ['N36'],
    check: (world, report) => {
      const servers = grouped(brokerServers(world).map((server) => [server.workload.resource.namespace, server]));
      const seen = new Set<Resource>();
      for (const { workload } of servers.size === 0 ? [] : clients(world)) {
        const policies = policiesOf(workload, 'Egress', world);
        for (const policy of policies) {
          if (seen.has(policy)) continue;
          seen.add(policy);
          for (const [i, rule] of asList(get(policy.json, 'spec', 'egress')).entries()) {
            const near = asList(get(rule, 'ports')).length === 0 ? [] : (servers.get(policy.namespace) ?? []).filter(({ port }) => allowsPort(rule, port, 'TCP'));
            const labels = asList(get(rule, 'to')).map(plainPodSelector);
            // Of several peers some may be for what is elsewhere: none of them takes a pod.
            const nobody = labels.length > 0 && labels.every((one) => one !== undefined && world.select(policy.namespace, one).length === 0);
            if (near.length === 0 || !nobody || egressReaches(policies, near, world)) continue;
            report({
              at: { resource: policy, path: ['spec', 'egress', i, 'to'] }, value: JSON.stringify(labels[0]),
              allowed: listed(near.map(({ workload: server }) => JSON.stringify(server.labels))), unless: ELSEWHERE,
            });
          }
        }
      }
    },
  },
  {
    id: 'network/broker-without-service',
    severity: Severity.ERROR,
    title: 'No Service leads to the broker',
    why: 'Only Services have names in the DNS of the cluster: `Error -2 connecting to redis:6379. Name or service not known.`, in a loop. kompose makes '
      + 'none for what has no `ports` in Docker Compose.',
    fix: 'Add a Service with the labels of its pods.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/',
    rows: ['N69'],
    check: (world, report) => {
      const backed = new Set([...new Set(world.kind('Service').map((service) => world.backing(service)))].flat());
      for (const { workload, container, use } of brokerServers(world)) {
        const exposed = workload.spec.hostNetwork === true || asList(container.json.ports).some((port) => get(port, 'hostPort') !== undefined);
        const sidecar = world.in(workload).length > 0 || workload.containers.some((other) => isProducer(other));
        const { resource } = workload;
        if (!use || backed.has(workload) || exposed || sidecar) continue;
        const services = withServices(world).has(resource.namespace);
        // Services may be in files of their own, unless somebody believes that a Deployment has a name.
        if (!services && !isNamed(resource.name, resource.namespace, world)) continue;
        // Kustomize gives it a selector, or somebody its endpoints.
        const own = world.service(resource.name, resource.namespace);
        if (own && Object.keys(asMap(get(own.json, 'spec', 'selector'))).length === 0) continue;
        report({
          at: { resource, path: [] }, value: 'no Service',
          // Services are among these manifests, and Celery asks for the Deployment by its name.
          ...unless(services && isNamed(resource.name, resource.namespace, world) && !world.service(resource.name, resource.namespace),
            'its Service is not among these manifests, or Celery has another broker'),
        });
      }
    },
  },
  {
    id: 'network/host-port',
    severity: Severity.WARNING,
    title: 'The broker or Flower has a hostPort',
    why: 'Whoever reaches the node reaches it, past every Service and most NetworkPolicies. And in a rolling update the new pod waits for another node with that port: '
      + '`0/1 nodes are available: 1 node(s) didn\'t have free ports for the requested pod ports`. kompose makes one of each `ports` of Docker Compose.',
    fix: 'Remove hostPort, and give it a Service.',
    source: 'https://kubernetes.io/docs/concepts/configuration/overview/#services',
    rows: ['N84'],
    check: (world, report) => {
      const seen = new Set<Container>();
      const brokers = brokerServers(world).filter(({ use }) => use).map(({ container }) => container);
      for (const container of [...brokers, ...world.flowers.map((flower) => flower.container)]) {
        const { workload, json, path } = container;
        const i = asList(json.ports).findIndex((port) => Number(get(port, 'hostPort') ?? 0) > 0);
        if (i < 0 || seen.has(container) || workload.spec.hostNetwork === true) continue;
        seen.add(container);
        report({
          at: container.place([...path, 'ports', i, 'hostPort']), value: `hostPort: ${asScalar(get(json.ports, i, 'hostPort'))}`,
          unless: 'no one else reaches the nodes, and there are more of them than pods',
        });
      }
    },
  },
  {
    id: 'network/open-egress',
    severity: Severity.ADVICE,
    title: 'NetworkPolicies restrict the ingress of Celery, but not its egress',
    why: 'A task that runs code of others, or a package that was tampered with, reaches every server of the cluster and of the Internet.',
    fix: 'Also limit egress: to DNS, the broker, the result backend and what tasks call (with our constructs, CeleryNetwork.closed({ to: [...] })).',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic',
    rows: ['N36'],
    check: (world, report) => {
      for (const [policy, open] of openEgress(world)) {
        report({
          at: { resource: policy, path: ['spec', 'policyTypes'] }, value: 'Ingress', allowed: 'Ingress, Egress',
          note: `egress of ${listed(open.map(({ resource }) => `${resource.kind} ${resource.name}`))} is open`,
        });
      }
    },
  },
];
