import { isBase } from '../../celery/image';
import { AMQP_PORT, FLOWER_PORT, REDIS_PORT } from '../../celery/ports';
import { CHANGED } from '../../manifests/changed';
import { workloadsIn } from '../../manifests/in-namespace';
import { asList, asMap, asNumber, asScalar, get } from '../../manifests/json';
import { mayGiveLabel } from '../../manifests/kustomizations';
import { OF_CONTROLLERS } from '../../manifests/labels';
import { listensNowhere } from '../../manifests/listeners';
import { namedHosts } from '../../manifests/named-hosts';
import { distinct } from '../../manifests/network';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { Resource } from '../../manifests/resource';
import { serverWorkloads } from '../../manifests/servers';
import { isName } from '../../manifests/service-ports';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
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

const silentPods = lazy((world: World) => lazy((pods: readonly Workload[]) => pods.filter((workload) => listensNowhere(workload, world))));

/** The application opens a port for its metrics, as it says. */
function isForMetrics({ name, labels, annotations }: Resource, entry: unknown): boolean {
  return /metric|prom|exporter|statsd/i.test([name, asScalar(get(entry, 'name')), ...Object.keys({ ...labels, ...annotations })].join(' '));
}

/** Rules about the pods that Services select. */
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
          ...isFor(service, near, world) ? unless(!selector.some(([name, value]) =>
            asScalar(near.labels[name]) !== asScalar(value) && mayGiveLabel(name, service.namespace, world)), CHANGED) : { unless: 'its pods are not in the input' },
        });
      }
    },
  },
];
