import { brokerContainers, brokerServers } from '../../manifests/broker-servers';
import { isProducer } from '../../manifests/broker-urls';
import { asList, asMap, asScalar, get } from '../../manifests/json';
import { Renaming, renamings } from '../../manifests/kustomizations';
import { isNamed, namedHosts } from '../../manifests/named-hosts';
import { Container } from '../../manifests/pod/container';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

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

/** The namespaces of which the input has Services. */
const withServices = lazy((world: World) => new Set(world.kind('Service').map(({ namespace }) => namespace)));

/** Rules about how servers are exposed: by a Service, its name, or a port of the node. */
export const exposedServerRules: Rule[] = [
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
      for (const container of [...brokerContainers(world), ...world.flowers.map((flower) => flower.container)]) {
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
