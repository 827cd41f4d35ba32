import { CLUSTER_DOMAIN, isLoopback } from '../../celery/hosts';
import { isBase } from '../../celery/image';
import { AMQP_PORT, AMQPS_PORT, FLOWER_PORT, MYSQL_PORT, POSTGRES_PORT, REDIS_PORT } from '../../celery/ports';
import { brokerAsBackend } from '../../celery/result-backends';
import { isAmqp, isRedis, isSentinel, parseUrl } from '../../celery/url';
import { isFilledIn } from '../../celery/filled-in';
import { BrokerClient, brokerClients, brokerUrls, isProducer } from '../../manifests/broker-urls';
import { isLoginOfDatabase } from '../../manifests/database-logins';
import { grouped } from '../../manifests/grouped';
import { asList, asMap, asNumber, asScalar, asText, get } from '../../manifests/json';
import { OF_CONTROLLERS } from '../../manifests/labels';
import { hostElsewhere, isAffixed, ledTo, namespaces } from '../../manifests/hosts-elsewhere';
import { Renaming, renamings } from '../../manifests/kustomizations';
import { isInjected, PORTS_OF_INJECTED } from '../../manifests/injected';
import { answersAtLoopback, databasesAtLoopback } from '../../manifests/loopback';
import { applicationContainers, databasesNear, NamedHost, namedHosts, ownNames } from '../../manifests/named-hosts';
import { distinct } from '../../manifests/network';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { rabbitServers, rabbitWorkloads } from '../../manifests/rabbit-server';
import { isAllOfProduct } from '../../manifests/recognise';
import { Resource } from '../../manifests/resource';
import { isMade } from '../../manifests/service-makers';
import { serverWorkloads } from '../../manifests/servers';
import { brokerServers } from '../../manifests/broker-servers';
import { hasCelery, workloadsIn } from '../../manifests/in-namespace';
import { isName, lacksPort, portOf, portsOf, servicesByName } from '../../manifests/service-ports';
import { isOfStranger, strangers } from '../../manifests/strangers';
import { isOneOf, shownUrl, UrlUse } from '../../manifests/uses';
import { awaitedServers } from '../../manifests/waits';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
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

/** It declares a port that is not copied from the web application, nor that of the broker, to which it connects. */
function opens(workload: Workload, port: number, world: World): boolean {
  return port !== AMQP_PORT && port !== REDIS_PORT && workload.containers.some((container) => container.declares(port)
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
  return !isAllOfProduct(container) && container.invocations.every(({ words }) => !/gunicorn|uvicorn|runserver|hypercorn|daphne|uwsgi|http/.test(words.map(({ text }) => text).join(' ')));
}

/** The name of a Service of a namespace in a host: `redis`, `redis.shop.svc.cluster.local`. */
function ofNamespace(host: string, namespace: string): string | undefined {
  const [, name, where] = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  return where === undefined || where === namespace ? name : undefined;
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
    const keeps = service === undefined || renamed(service.name) === service.name || sets(env.get(variable)!);
    return keeps ? [] : [{ container, workload, service, variable }];
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

/** The Service is that of a server: its StatefulSet names it, or it has the name of the server. */
function isFor(service: Resource, server: Workload, world: World): boolean {
  return serverWorkloads(world).has(server) && (server.resource.name === service.name || get(server.resource.json, 'spec', 'serviceName') === service.name);
}

/** A label that pods get while they run: of the controller of a StatefulSet, or of what says which of the servers is the primary. */
function isGivenLater(name: string, value: unknown): boolean {
  return OF_CONTROLLERS.test(name) || /^(master|primary|leader|replica|slave|secondary)$/i.test(asScalar(value) ?? '');
}

/** The hosts of Redis and RabbitMQ in the variables of a container. */
function brokerHosts(container: Container): readonly string[] {
  return namedHosts(container).filter(({ kind }) => kind === 'redis' || kind === 'rabbitmq').map(({ host }) => host);
}

/** The Services that some process of Celery has as its broker or result backend. */
const usedServices = lazy((world: World) => new Set(world.processes.flatMap(({ urls, workload }) =>
  urls.flatMap(({ url }) => isName(url.host) ? world.service(url.host, workload.resource.namespace) ?? [] : []))));

const silentPods = lazy((world: World) => lazy((pods: readonly Workload[]) => pods.filter((workload) => listensNowhere(workload, world))));

/** The application opens a port for its metrics, as it says. */
function isForMetrics({ name, labels, annotations }: Resource, entry: unknown): boolean {
  return /metric|prom|exporter|statsd/i.test([name, asScalar(get(entry, 'name')), ...Object.keys({ ...labels, ...annotations })].join(' '));
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

/** What is no other name for the same server: `redis-cache`, `redis-replicas`. */
const OF_ANOTHER_SERVER = /cache|session|channel|replica|slave|reader|sentinel|cluster|test|dev/;

/** What takes the login of a database for others: PgBouncer, ProxySQL and the Services of operators. */
const POOLER = /pool|bouncer|prox|-r[ow]?$/;

/** Rules about Services, and the hosts and ports that lead to them. */
/** What leads to a database elsewhere. */
const PROXY = /^(cloud-?sql-proxy|gce-proxy|alloydb-auth-proxy|pgbouncer|pgcat|proxysql)$/;

/** `--port=5432`, `-instances=...=tcp:5432`. */
const listensOn = ({ words }: Container, port: number): boolean => words.some(({ text }) => new RegExp(`(?:port[= ]|tcp:)${port}\\b`).test(text));

/** Commands that ask the database of their application. */
const ASKS_DATABASE = /\bmigrate\b|check-migrations|db["',\s]+(check|upgrade|migrate|init)|alembic\s+upgrade|showmigrations|wait_for_db|pg_isready|\bpsql\b|collectstatic.*migrate/;

/** The port of its own pod at which an init container asks a server. */
function askedOfItself(container: Container): number | undefined {
  const text = container.words.map((word) => word.text).join(' ');
  // A failure is passed over.
  if (/\|\|\s*(true|:|echo|exit 0)/.test(text)) return undefined;
  // It starts a server of its own, or writes a file.
  if (/[^&>|]&(?![&>\d])|\b(pg_ctl|postgres|mysqld|redis-server|pgbouncer|cloud[-_]sql[-_]proxy)\b|\b(sed|printf|envsubst|echo|tee)\b[^;&|]*\b(localhost|127\.0\.0\.1)\b|<</.test(text)) return undefined;
  const direct = /\b(?:localhost|127\.0\.0\.1)[:\s/]+(\d{2,5})\b/.exec(text)?.[1];
  if (direct !== undefined) return Number(direct);
  if (!ASKS_DATABASE.test(text)) return undefined;
  for (const { name, value, hidden } of container.env.all()) {
    const url = parseUrl(hidden ?? value ?? '');
    if (url && isLoopback(url.host) && /sql|postgres|mysql/.test(url.scheme)) return Number(url.port ?? (url.scheme.includes('mysql') ? MYSQL_PORT : POSTGRES_PORT));
    if (!/(^|_)(DB|DATABASE|POSTGRES|PG|MYSQL|SQL)_?HOST(NAME)?$/.test(name) || !isLoopback((value ?? '').trim())) continue;
    const port = container.env.value(name.replace(/HOST(NAME)?$/, 'PORT'));
    return /^\d+$/.test(port ?? '') ? Number(port) : /MYSQL/.test(name) ? MYSQL_PORT : POSTGRES_PORT;
  }
  return undefined;
}

export const serviceRules: Rule[] = [
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
          ...unless(silent.some((workload) => world.in(workload).some(({ hint }) => hint === undefined || hint.sure)), 'they are no workers of Celery: only names say that they are'),
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
    severity: Severity.ERROR,
    title: 'The Service of the broker selects no pod',
    why: 'It has no endpoints: `Error 111 connecting to redis:6379. Connection refused`, or a timeout, in all of Celery.',
    fix: 'Write the labels of the pod template into the selector of the Service.',
    source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpoints',
    rows: ['N21'],
    check: (world, report) => {
      const seen = new Set<Resource>();
      const named = world.processes.flatMap(({ broker, container, workload: { resource: { namespace } } }) =>
        (broker ? [broker.url.host] : brokerHosts(container)).map((host) => ({ host, namespace })));
      for (const { host, namespace } of named) {
        const service = isName(host) ? world.service(host, namespace) : undefined;
        const selector = Object.entries(asMap(get(service?.json, 'spec', 'selector')));
        if (!service || seen.has(service) || selector.length === 0 || world.backing(service).length > 0) continue;
        seen.add(service);
        // Only where a pod is meant: one that has some of the labels, or a label with another value.
        const all = workloadsIn(service.namespace, world).filter(({ labels, resource }) =>
          resource.name === service.name || selector.some(([name, value]) => asScalar(labels[name]) === asScalar(value)));
        const near = all.find((workload) => isFor(service, workload, world)) ?? all[0];
        if (near && selector.every(([name, value]) => asScalar(near.labels[name]) === asScalar(value) || isGivenLater(name, value))) continue;
        if (!near) continue;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, value: JSON.stringify(get(service.json, 'spec', 'selector')),
          allowed: JSON.stringify(near.labels), note: `${near.resource.kind} ${near.resource.name} has other labels`,
          ...unless(isFor(service, near, world), 'its pods are not in the input'),
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
    across: true,
    on: 'processes',
    check: (process, report, world) => {
      const { workload } = process;
      const { namespace } = workload.resource;
      for (const use of process.urls) {
        const { host } = use.url;
        if (namespace === '' || !/^[a-z0-9-]+$/.test(host) || ownNames(workload, host) || isMade(host, namespace, world)) continue;
        const services = servicesByName(world).get(host) ?? [];
        if (services.length === 0 || ['', namespace].some((own) => world.find('Service', own, host)) || services.some((service) => isUsedAtHome(world, service))) continue;
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
    across: true,
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
        if (name === undefined || isMade(host, workload.resource.namespace, world)) continue;
        const turned = world.find('Service', name, named);
        const services = servicesByName(world).get(name) ?? (turned ? [turned] : []);
        if (services.length === 0 || ['', named].some((own) => world.find('Service', own, name))) continue;
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
        if (world.service(host, namespace) || isMade(host, namespace, world)) continue;
        const { redis, rabbitmq } = servedBy(world);
        const near = (isRedis(use.url) ? redis.get(namespace) : isAmqp(use.url) ? rabbitmq.get(namespace) : undefined) ?? [];
        // kustomize puts a prefix or a suffix to names when it builds.
        if (near.length === 0 || near.some((name) => isAffixed(host, name))) continue;
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
          const served = name === undefined && !database ? servedBy(world)[kind].get(namespace) : undefined;
          const elsewhere = hostElsewhere(host, served ?? [], namespace, world);
          if (elsewhere && !isMade(elsewhere.name, elsewhere.named, world)) {
            const { service } = elsewhere;
            report({
              at: container.place(path), value: shown, allowed: service, note: `the namespace ${elsewhere.named} has no Service ${elsewhere.name}`, fix: `Write ${service}.`,
              unless: `the Service ${elsewhere.name} of the namespace ${elsewhere.named} is not among these manifests`,
            });
          }
          if (name === undefined || host === 'localhost' || ownNames(workload, host) || world.service(name, namespace) || isMade(name, namespace, world)) continue;
          const near = (kind === 'redis' ? redis.get(namespace) : kind === 'rabbitmq' ? rabbitmq.get(namespace) : databasesNear(named, namespace, world)) ?? [];
          // With a prefix or a suffix of kustomize, unless the same variable of another pod has the name without it.
          const affixed = near.some((one) => isAffixed(name, one));
          if (near.length === 0 || (affixed && (OF_ANOTHER_SERVER.test(name) || !near.some((one) => ledTo(world).has(`${namespace} ${variable} ${one}`))))) continue;
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
          if (ownNames(workload, host) || isMade(host, namespace, world)) continue;
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
          if (name === undefined || meant.length === 0 || (name === host && meant.some((one) => isAffixed(name, one)))) continue;
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
    id: 'network/pod-of-another-service',
    severity: Severity.ERROR,
    title: 'The host name of a pod of a StatefulSet has a Service that does not give its pods names',
    why: 'The pods have names below the headless Service of `serviceName` only: `Error -2 connecting to redis-0.redis:6379. Name or service not known.`, in a loop.',
    fix: 'Write the Service that serviceName of the StatefulSet names, and make it headless with clusterIP: None; or the name of a Service without the pod.',
    source: 'https://github.com/kubernetes/kubernetes/issues/74950',
    rows: ['N69'],
    on: 'brokerClients',
    check: ({ container, urls, process }, report, world) => {
      const named = process ? namedHosts(container).map(({ host, path }) => ({ host, at: container.place(path), text: host })) : [];
      const given = [...urls.map((use) => ({ host: use.url.host, at: use.at, text: shownUrl(use) })), ...named];
      const seen = new Set<string>();
      for (const { host, at, text } of given) {
        const [, set, ordinal, service, namespace = container.workload.resource.namespace] = /^([a-z0-9-]+)-(\d+)\.([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.|$).*)?)?$/.exec(host) ?? [];
        const stateful = set === undefined || seen.has(host) ? undefined : world.find('StatefulSet', namespace, set);
        if (!stateful) continue;
        // `redis-0.infra`: a Service of another namespace, or a name of another DNS.
        const own = world.find('Service', namespace, service);
        if (world.find('Service', service, `${set}-${ordinal}`)) continue;
        const governing = asText(get(stateful.json, 'spec', 'serviceName'));
        const headless = (name: string) => get(world.find('Service', namespace, name)?.json, 'spec', 'clusterIP') === 'None';
        if (governing === undefined || isFilledIn(governing) || (governing === service && (!own || headless(service)))) continue;
        seen.add(host);
        report({
          at, value: text, allowed: governing === service ? `Service ${service} with clusterIP: None` : host.replace(`${set}-${ordinal}.${service}`, `${set}-${ordinal}.${governing}`),
          note: governing === service ? `Service ${service} is not headless` : `serviceName of StatefulSet ${set} is ${governing}`,
          ...unless(own !== undefined || host.split('.').length > 2, `the namespace ${service} has a Service ${set}-${ordinal}`),
        });
      }
    },
  },
  {
    id: 'network/init-before-sidecar',
    severity: Severity.ERROR,
    title: 'An init container needs a sidecar that starts after it',
    why: 'Init containers run one after the other, before all others: `connection to server at "127.0.0.1", port 5432 failed: Connection refused`, and the pod stays in Init:CrashLoopBackOff or '
      + 'Init:0/1.',
    fix: 'Make the proxy a native sidecar, with restartPolicy: Always, in front of the init container that needs it.',
    source: 'https://github.com/apache/airflow/issues/42158',
    rows: ['N72'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      // Another pod of the node may listen there.
      if (workload.spec.hostNetwork === true) return;
      const order = asList(workload.spec.initContainers).map((json) => asText(get(json, 'name')));
      for (const container of workload.initContainers) {
        const asked = askedOfItself(container);
        if (asked === undefined) continue;
        const later = workload.containers.filter((other) => other.declares(asked) || PROXY.test(other.image.name) || listensOn(other, asked));
        const [first] = later;
        if (!first || later.some((other) => other.init && order.indexOf(other.name) < order.indexOf(container.name))) continue;
        report({
          at: container.place(), value: `localhost:${asked}`, note: `${first.name} starts after it`, allowed: 'a native sidecar before it',
          ...unless(world.kind('AuthProxyWorkload').length === 0, 'an operator adds a proxy'),
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
      const seen = new Set<string>();
      for (const { container, urls } of brokerClients(world)) {
        for (const use of urls) {
          const service = isName(use.url.host) ? world.service(use.url.host, container.workload.resource.namespace) : undefined;
          const { clusterIP, type, ports } = asMap(get(service?.json, 'spec'));
          // A headless Service leads to its pods, whatever the port.
          if (clusterIP === 'None' || type === 'ExternalName') continue;
          for (const [i, entry] of asList(ports).entries()) {
            // Services with the same text share their entries.
            const place = `${service!.namespace} ${service!.name} ${i}`;
            if (get(entry, 'port') !== portOf(use) || seen.has(place)) continue;
            seen.add(place);
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
      for (const service of world.kind('Service')) {
        const { clusterIP, type, ports } = asMap(service.json.spec);
        // A headless Service leads to its pods, whatever the port, and an ExternalName to none.
        if (clusterIP === 'None' || type === 'ExternalName') continue;
        const pods = hasCelery(service.namespace, world) ? distinct(world.backing(service)).filter(({ resource }) => resource.kind !== 'Pod') : [];
        // Those of brokers and of Flower have rules of their own.
        if (pods.length === 0 || pods.some((pod) => serverWorkloads(world).has(pod) || world.in(pod).some(({ role }) => role === 'flower'))) continue;
        const names = new Set(pods.flatMap(({ containers }) => containers).flatMap(({ json }) => asList(json.ports).map((one) => get(one, 'name'))));
        const [injected, served] = [pods.some(isInjected), pods.some((pod) => !listensNowhere(pod, world))];
        asList(ports).forEach((entry, i) => {
          const target = asText(get(entry, 'targetPort'));
          if (target === undefined || /^\d+$/.test(target) || isFilledIn(target) || names.has(target) || PORTS_OF_INJECTED.test(target)) return;
          const known = [...names].flatMap((name) => asText(name) ?? []);
          report({
            at: { resource: service, path: ['spec', 'ports', i, 'targetPort'] }, value: target, allowed: known.length > 0 ? listed(known) : 'a number: its pods name no port',
            ...unless(served && !injected, served ? 'a container that is injected into its pods has that port' : ELSEWHERE),
          });
        });
      }
    },
  },
  {
    id: 'network/prefix-renames-service',
    severity: Severity.ERROR,
    title: 'A kustomization renames the Service of a server, and variables keep its old name',
    why: 'namePrefix and nameSuffix change the names of Services, and not what variables, ConfigMaps and Secrets say: `Error -2 connecting to redis:6379. Name or service '
      + 'not known.`, in a loop, in what it builds.',
    fix: 'Leave it out, as the namespace tells the objects apart; or give the variables the new name in this kustomization, by a patch or a generator.',
    source: 'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/nameprefix/',
    rows: ['N69'],
    across: true,
    check: (world, report) => {
      for (const renaming of renamings(world)) {
        const { resource, path, pattern, renamed } = renaming;
        const [first] = namedBefore(renaming, world);
        if (first === undefined) continue;
        const { container, workload: { resource: { kind, name } }, service, variable } = first;
        report({
          at: { resource, path }, value: pattern, note: `${variable} of ${kind} ${name} names ${service.name}, which becomes ${renamed(service.name)}`,
          ...unless(renaming.isWhole(container), 'a patch gives it another value'),
        });
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
        // Where there is no Service at all, they are in files of their own.
        if (!use || backed.has(workload) || exposed || sidecar || !withServices(world).has(resource.namespace)) continue;
        // Kustomize gives it a selector, or somebody its endpoints.
        const own = world.service(resource.name, resource.namespace);
        if (own && Object.keys(asMap(get(own.json, 'spec', 'selector'))).length === 0) continue;
        report({
          at: { resource, path: [] }, value: 'no Service',
          // Services are among these manifests, and Celery asks for the Deployment by its name.
          ...unless(isNamed(resource.name, resource.namespace, world) && !world.service(resource.name, resource.namespace),
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
];
