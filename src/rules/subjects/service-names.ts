import { CLUSTER_DOMAIN } from '../../celery/hosts';
import { AMQP_PORT, REDIS_PORT } from '../../celery/ports';
import { isAmqp, isRedis, parseUrl } from '../../celery/url';
import { brokerClients } from '../../manifests/broker-urls';
import { isLoginOfDatabase } from '../../manifests/database-logins';
import { hostElsewhere, isAffixed, ledTo, namespaces } from '../../manifests/hosts-elsewhere';
import { asList, asScalar, asText, get } from '../../manifests/json';
import { applicationContainers, databasesNear, databasesWithoutService, isNamed, namedHosts, ownNames } from '../../manifests/named-hosts';
import { Workload } from '../../manifests/pod/workload';
import { Resource } from '../../manifests/resource';
import { servedBy } from '../../manifests/servers';
import { isMade } from '../../manifests/service-makers';
import { isName, servicesByName } from '../../manifests/service-ports';
import { isOfStranger, strangers } from '../../manifests/strangers';
import { shownUrl } from '../../manifests/uses';
import { awaitedServers } from '../../manifests/waits';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The name of a Service of a namespace in a host: `redis`, `redis.shop.svc.cluster.local`. */
function ofNamespace(host: string, namespace: string): string | undefined {
  const [, name, where] = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  return where === undefined || where === namespace ? name : undefined;
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

/** What is no other name for the same server: `redis-cache`, `redis-replicas`. */
const OF_ANOTHER_SERVER = /cache|session|channel|replica|slave|reader|sentinel|cluster|test|dev/;

/** What takes the login of a database for others: PgBouncer, ProxySQL and the Services of operators. */
const POOLER = /pool|bouncer|prox|-r[ow]?$/;

/** Rules about the names of Services, and the DNS that knows them. */
export const serviceNameRules: Rule[] = [
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
          allowed: `dnsPolicy: ${spec.hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst'}`, note: `${use.text === '' ? 'the host of the broker' : use.url.host} is a name of the cluster`,
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
          const unserved = near.length === 0 ? databasesWithoutService(world).get(`${namespace} ${name}`)?.[0] : undefined;
          if (unserved && celery.has(container)) {
            report({
              at: container.place(path), value: shown, allowed: 'a Service', note: `no Service leads to ${unserved.resource.kind} ${unserved.resource.name}`,
              fix: `Add a Service ${name} with the labels of its pods.`, unless: 'its Service is not among these manifests',
            });
          }
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
];
