import { isFilledIn } from '../../celery/filled-in';
import { AMQP_PORT, AMQPS_PORT, REDIS_PORT } from '../../celery/ports';
import { brokerAsBackend } from '../../celery/result-backends';
import { isAmqp, isRedis, isSentinel } from '../../celery/url';
import { brokerClients } from '../../manifests/broker-urls';
import { ofSeveralEnvironments } from '../../manifests/environments';
import { grouped } from '../../manifests/grouped';
import { hasCelery } from '../../manifests/in-namespace';
import { isInjected, PORTS_OF_INJECTED } from '../../manifests/injected';
import { asList, asMap, asNumber, asScalar, asText, get } from '../../manifests/json';
import { listensNowhere } from '../../manifests/listeners';
import { applicationContainers, namedHosts } from '../../manifests/named-hosts';
import { distinct } from '../../manifests/network';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { rabbitServers } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { serverWorkloads } from '../../manifests/servers';
import { isName, lacksPort, portOf, portsOf } from '../../manifests/service-ports';
import { shownUrl, UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';

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

/** Rules about the ports of Services, and the servers that listen there. */
export const servicePortRules: Rule[] = [
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
    id: 'network/node-port-taken',
    severity: Severity.WARNING,
    title: 'Two Services have the same nodePort',
    why: 'Each port of the nodes is given to one Service, and the API server refuses the other: `spec.ports[0].nodePort: Invalid value: 30080: provided port is already '
      + 'allocated`. Its name is then not in the DNS of the cluster.',
    fix: 'Give it another nodePort; or leave nodePort out, and Kubernetes takes a free one.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#nodeport-custom-port',
    rows: ['N73'],
    check: (world, report) => {
      const given = grouped(world.kind('Service').filter((service) => hasCelery(service.namespace, world) && !world.isReplaced(service)).flatMap((service) => {
        const { type, ports } = asMap(service.json.spec);
        return type !== 'NodePort' && type !== 'LoadBalancer' ? [] : asList(ports).flatMap((entry, i) => {
          const nodePort = asNumber(get(entry, 'nodePort')) ?? 0;
          return nodePort === 0 ? [] : [[`${service.namespace} ${nodePort} ${asText(get(entry, 'protocol')) ?? 'TCP'}`, { service, i, nodePort }] as const];
        });
      }));
      for (const [first, ...others] of given.values()) {
        for (const { service, i, nodePort } of others) {
          // Two ports of one Service are another rule's.
          if (service === first.service || ofSeveralEnvironments([service.name, first.service.name])) continue;
          report({
            at: { resource: service, path: ['spec', 'ports', i, 'nodePort'] }, value: `nodePort: ${nodePort}`, note: `Service ${first.service.name} has it`,
            unless: 'they are for different clusters or environments',
          });
        }
      }
    },
  },
];
