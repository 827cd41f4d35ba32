import { lazy, remembered } from '../memo';
import { editDistance } from '../nearest';
import { ALL_IPV4 } from './cidr';
import { grouped } from './grouped';
import { ingressClassOf, LoginBefore, loginBefore } from './ingress-login';
import { asList, asMap, asScalar, asText, get, Path } from './json';
import { ofLetters } from './misspelt';
import { Place } from './place';
import { asksByBackendConfig, hasPolicy } from './route-policies';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** A URL path or port of a Service, an Ingress or a Gateway that leads to a pod from outside the cluster. */
export interface Exposure {
  readonly place: Place;
  readonly by: string;
  /** Only within the network of the cluster's nodes. */
  readonly internal: boolean;
  /** Something before the pod may ask for a login. */
  readonly guarded: boolean;
  /** Why something that looks like a login is none. */
  readonly fault?: LoginBefore['fault'];
  /** The path prefix that leads to it; undefined when all do. */
  readonly prefix?: string;
}

/** A NetworkPolicy of the input limits who may talk to a workload. */
export function guardedByPolicy(workload: Workload, world: World): boolean {
  const { workloads, namespaces } = guarded(world);
  return workloads.has(workload) || namespaces.has(workload.resource.namespace);
}

/** What policies guard that limit who may come in, as far as their selector is one of plain labels. */
const guarded = lazy((world: World) => {
  const policies = world.kind('NetworkPolicy').filter(({ json }) => {
    const types = asList(get(json, 'spec', 'policyTypes'));
    return (types.length === 0 || types.includes('Ingress')) && asList(get(json, 'spec', 'podSelector', 'matchExpressions')).length === 0;
  });
  const workloads = new Set<Workload>();
  const namespaces = new Set<string>();
  for (const [{ namespace, json }] of bySelector(policies, 'spec', 'podSelector', 'matchLabels').values()) {
    const labels = asMap(get(json, 'spec', 'podSelector', 'matchLabels'));
    if (Object.keys(labels).length === 0) namespaces.add(namespace);
    for (const workload of world.select(namespace, labels)) workloads.add(workload);
  }
  return { workloads, namespaces };
});

/** Objects by their namespace and the selector at a place in them: what those select is the same. */
function bySelector(objects: readonly Resource[], ...path: Path): ReadonlyMap<string, readonly Resource[]> {
  return grouped(objects.map((object) => {
    const labels = Object.entries(asMap(get(object.json, ...path))).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`);
    return [[object.namespace, ...labels.sort()].join('\n'), object];
  }));
}

/** How a port of a workload can be reached from outside the cluster. */
export function exposures(workload: Workload, port: number, names: ReadonlySet<string>, world: World): readonly Exposure[] {
  // Many workloads may be behind the same Services: they share what is found.
  const selectors = servicesOf(world).get(workload) ?? [];
  return exposuresOf(world)(JSON.stringify({ selectors, port, names: [...names].sort() }));
}

/** The same of a port of a container, which has names there. */
export function portExposures(container: Container, port: number, world: World): readonly Exposure[] {
  return exposures(container.workload, port, container.portNames(port), world);
}

const exposuresOf = lazy((world: World) => remembered((question: string): readonly Exposure[] => {
  const { selectors, port, names } = JSON.parse(question) as { selectors: string[]; port: number; names: string[] };
  const services = selectors.flatMap((selector) => servicesBySelector(world).get(selector) ?? []);
  return services.flatMap((service) => serviceExposures(service, port, new Set(names), world));
}));

/** Services by their namespace and selector. */
const servicesBySelector = lazy((world: World) => bySelector(world.kind('Service'), 'spec', 'selector'));

/** The selectors of Services that take the pods of a workload. */
const servicesOf = lazy((world: World) => grouped([...servicesBySelector(world)]
  .flatMap(([selector, [service]]) => world.backing(service).map((workload) => [workload, selector] as const))));

function serviceExposures(service: Resource, port: number, names: ReadonlySet<string>, world: World): Exposure[] {
  const ports = asList(get(service.json, 'spec', 'ports')).filter((entry) => {
    const target = get(entry, 'targetPort') ?? get(entry, 'port');
    return target === port || names.has(asScalar(target) ?? '') || target === String(port);
  });
  if (ports.length === 0) return [];
  const routes = (routesTo(world).get(service) ?? []).filter(({ servicePort }) =>
    servicePort === undefined || ports.some((entry) => servicePort === get(entry, 'port') || servicePort === get(entry, 'name')));
  // The load balancers of these classes reach pods by the ports of nodes.
  const byNodePorts = routes.some(({ resource }) => /^(gce|gce-internal|alb)$/.test(ingressClassOf(resource) ?? ''));
  return [...byNodePorts ? [] : published(service), ...routes.map(({ resource, path, prefix }) => {
    const { asked, fault } = loginBefore(resource, get(resource.json, ...path.slice(0, 3)), world);
    const before = asked || asksByBackendConfig(service, world) || hasPolicy(resource, service, world);
    return { by: resource.kind, internal: isInternal(resource), guarded: before, fault, place: { resource, path }, prefix };
  })];
}

/** By the type of the Service itself. */
function published(service: Resource): Exposure[] {
  const type = asText(get(service.json, 'spec', 'type'));
  if (type !== 'NodePort' && type !== 'LoadBalancer') return [];
  return [{ by: type, internal: isInternal(service), guarded: limitsSources(service), place: { resource: service, path: ['spec', 'type'] } }];
}

/** What this class publishes is seen by the devices of one private network, which log in. */
const TAILNET = 'tailscale';

/** A load balancer that lets only some addresses in, or none from outside a private network. */
function limitsSources({ json }: Resource): boolean {
  const ranges = asList(get(json, 'spec', 'loadBalancerSourceRanges'));
  return get(json, 'spec', 'type') === 'LoadBalancer'
    && (asText(get(json, 'spec', 'loadBalancerClass')) === TAILNET || (ranges.length > 0 && !ranges.includes(ALL_IPV4) && !ranges.includes('::/0')));
}

/** A load balancer of a cloud in its private network, as its annotations say, or by default: of the controller for those of AWS. */
function isInternal(resource: Resource): boolean {
  const { annotations, kind, json } = resource;
  const ingressClass = kind === 'Ingress' ? ingressClassOf(resource) : undefined;
  const given = Object.entries(annotations).map(([name, value]) => [name, asScalar(value) ?? ''] as const);
  const of = (pattern: RegExp): string | undefined => given.find(([name]) => pattern.test(name))?.[1];
  if (PRIVATE_CLASS.test(ingressClass ?? '') || (ingressClass === 'alb' && of(/^alb\.ingress\.kubernetes\.io\/scheme$/) === undefined)) return true;
  const ofController = /^(external|nlb-ip)$/.test(of(/\/aws-load-balancer-type$/) ?? '') || asText(get(json, 'spec', 'loadBalancerClass')) === 'service.k8s.aws/nlb';
  if (ofController && of(/\/aws-load-balancer-(scheme|internal)$/) === undefined) return true;
  return given.some(([name, value]) => INTERNAL.test(name) && /^(internal|intranet|true|0\.0\.0\.0\/0)$/i.test(value));
}

/** Classes whose controller has a load balancer in a private network, as they say: `gce-internal`, `nginx-private`. */
const PRIVATE_CLASS = /(^|-)(internal|private|intranet|vpn)(-|$)/;

/** Annotations that keep a load balancer in a private network. */
const INTERNAL = /load-?balancer.*(internal|scheme|type|network|disable-public-network)|ingress\.kubernetes\.io\/(scheme|use-private-ip)/i;

/** From outside to a Service. */
interface Route {
  readonly resource: Resource;
  readonly path: Path;
  readonly service: string;
  readonly namespace?: string;
  readonly servicePort?: unknown;
  readonly prefix?: string;
  /** What serves it, as far as it is said: the class of an Ingress, the parents of an HTTPRoute with their listeners; and the hosts. */
  readonly servedBy: ReadonlyArray<{ readonly name: string; readonly section?: string }>;
  readonly hosts: readonly string[];
  readonly conditional?: boolean;
}

/** A path of a host that leads to several Services, of which the controller takes one. */
export interface Contest {
  readonly host: string;
  readonly prefix: string;
  readonly routes: readonly Claim[];
}

/** A route of a host and path. */
interface Claim {
  readonly place: Place;
  /** `namespace/name` of the Service, and the Service where it is in sight. */
  readonly target: string;
  readonly service?: Resource;
}

/** The paths of hosts that several Ingresses, or several HTTPRoutes, lead to different Services. */
export const contests: (world: World) => readonly Contest[] = lazy((world: World) => {
  const order = ({ namespace, name }: Resource): string => `${namespace}/${name}`;
  const claimed = grouped([...allRoutes(world)].sort((a, b) => order(a.resource) < order(b.resource) ? -1 : 1).flatMap((route) => {
    const prefix = route.prefix?.replace(/(.)\/+$/, '$1') ?? '/';
    return isCanary(route.resource) || route.conditional ? [] : route.hosts.flatMap((host) => route.servedBy.map(({ name, section }) => [
      JSON.stringify([route.resource.kind, name, host, prefix]), { route, host, prefix, section, ...targetOf(route, world) },
    ] as const));
  }));
  return [...claimed.values()].flatMap((all) => {
    const [{ host, prefix }] = all;
    // Two listeners of one Gateway are two addresses.
    const rivals = all.filter((one) => all.some((other) => other.target !== one.target && other.route.resource !== one.route.resource
      && (one.section === undefined || other.section === undefined || one.section === other.section)));
    return rivals.length === 0 ? [] : [{
      host, prefix, routes: rivals.map(({ route, target, service }) => ({ target, service, place: { resource: route.resource, path: route.path } })),
    }];
  });
});

function targetOf({ service, namespace, resource }: Route, world: World): Pick<Claim, 'target' | 'service'> {
  const where = namespace ?? resource.namespace;
  return { target: `${where}/${service}`, service: world.find('Service', where, service) };
}

/** It shares a path on purpose. */
function isCanary({ annotations }: Resource): boolean {
  return Object.keys(annotations).some((name) => /canary|weight/i.test(name));
}

function ingressRoutes(resource: Resource): Route[] {
  const routes: Route[] = [];
  const servedBy = [{ name: ingressClassOf(resource) ?? '' }];
  const add = (backend: unknown, path: Path, hosts: readonly string[], prefix?: string) => {
    const modern = asText(get(backend, 'service', 'name'));
    const service = modern ?? asText(get(backend, 'serviceName'));
    const servicePort = modern === undefined ? get(backend, 'servicePort')
      : get(backend, 'service', 'port', 'number') ?? get(backend, 'service', 'port', 'name');
    if (service !== undefined) routes.push({ resource, path, service, servicePort, prefix, servedBy, hosts });
  };
  add(get(resource.json, 'spec', 'defaultBackend'), ['spec', 'defaultBackend'], []);
  asList(get(resource.json, 'spec', 'rules')).forEach((rule, r) => asList(get(rule, 'http', 'paths')).forEach((entry, p) =>
    add(get(entry, 'backend'), ['spec', 'rules', r, 'http', 'paths', p, 'backend'], [asText(get(rule, 'host')) ?? []].flat(), asText(get(entry, 'path')) ?? '/')));
  return routes;
}

function httpRoutes(resource: Resource): Route[] {
  return asList(get(resource.json, 'spec', 'rules')).flatMap((rule, r) => asList(get(rule, 'backendRefs')).flatMap((ref, b) => {
    const service = asText(get(ref, 'name'));
    const matches = asList(get(rule, 'matches'));
    return service === undefined ? [] : (matches.length > 0 ? matches : [{}]).map((match) => ({
      // Those with more conditions, such as a header, come before the others.
      conditional: ['headers', 'queryParams', 'method'].some((more) => get(match, more) !== undefined),
      resource, path: ['spec', 'rules', r, 'backendRefs', b], service, namespace: asText(get(ref, 'namespace')), servicePort: get(ref, 'port'),
      prefix: asText(get(match, 'path', 'value')) ?? '/', hosts: asList(get(resource.json, 'spec', 'hostnames')).flatMap((host) => asText(host) ?? []),
      servedBy: asList(get(resource.json, 'spec', 'parentRefs')).map((parent) => ({
        name: `${asText(get(parent, 'namespace')) ?? resource.namespace}/${asText(get(parent, 'name')) ?? ''}`, section: asText(get(parent, 'sectionName')),
      })),
    }));
  }));
}

function openshiftRoutes(resource: Resource): Route[] {
  const service = asText(get(resource.json, 'spec', 'to', 'name'));
  return service === undefined ? [] : [{ resource, path: ['spec', 'to', 'name'], service, hosts: [], servedBy: [] }];
}

/** The routes of Traefik. */
function traefikRoutes(resource: Resource): Route[] {
  return asList(get(resource.json, 'spec', 'routes')).flatMap((rule, r) => asList(get(rule, 'services')).flatMap((one, s) => {
    const service = asText(get(one, 'name'));
    return service === undefined ? [] : [{
      resource, path: ['spec', 'routes', r, 'services', s], service, namespace: asText(get(one, 'namespace')), servicePort: get(one, 'port'), hosts: [], servedBy: [],
    }];
  }));
}

/** The routes of Istio, to Services of the cluster by their names. */
function istioRoutes(resource: Resource): Route[] {
  return asList(get(resource.json, 'spec', 'http')).flatMap((rule, h) => asList(get(rule, 'route')).flatMap((one, r) => {
    const [, service, namespace] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\..+)?)?$/.exec(asText(get(one, 'destination', 'host')) ?? '') ?? [];
    return service === undefined ? [] : [{
      resource, path: ['spec', 'http', h, 'route', r, 'destination'], service, namespace, servicePort: get(one, 'destination', 'port', 'number'), hosts: [], servedBy: [],
    }];
  }));
}

/** Of those it is known where they lead, and not what asks for a login before. */
const otherRoutes = lazy((world: World): readonly Route[] => [
  ...world.kind('IngressRoute').filter(({ apiVersion }) => apiVersion.startsWith('traefik.')).flatMap(traefikRoutes),
  ...world.kind('VirtualService').filter(({ apiVersion }) => apiVersion.startsWith('networking.istio.io/')).flatMap(istioRoutes),
]);

const allRoutes = lazy((world: World): readonly Route[] => [
  ...world.kind('Ingress').flatMap(ingressRoutes), ...world.kind('HTTPRoute').flatMap(httpRoutes), ...world.kind('Route').flatMap(openshiftRoutes),
]);

/** A backend of an Ingress or a route that leads nowhere, where one of the Services in sight is meant. */
export interface Misdirected {
  readonly place: Place;
  readonly meant: Resource;
  /** The port that the Service does not have; undefined where there is no Service of that name. */
  readonly port?: unknown;
  readonly service: string;
}

/** The backends that name one of some Services with a port that it does not have, or almost name it. */
export function misdirected(meant: readonly Resource[], world: World): Misdirected[] {
  const byNamespace = grouped(meant.map((service) => [service.namespace, service]));
  const byName = grouped(meant.map((service) => [service.name, service]));
  return [...allRoutes(world), ...otherRoutes(world)].flatMap((route): Misdirected[] => {
    const { resource, path, service, servicePort: port } = route;
    const place = { resource, path };
    if ((asText(get(resource.json, ...path, 'kind')) ?? 'Service') !== 'Service') return [];
    const from = route.namespace ?? resource.namespace;
    const own = byNamespace.get(from) ?? [];
    const found = targetOf(route, world).service;
    if (found) {
      const ports = asList(get(found.json, 'spec', 'ports'));
      const has = ports.some((entry) => port === get(entry, 'port') || port === get(entry, 'name'));
      return port === undefined || has || !own.includes(found) ? [] : [{ place, meant: found, port, service }];
    }
    const elsewhere = byName.get(service) ?? [];
    const near = own.find(({ name }) => isSlip(service, name)) ?? elsewhere.find(({ namespace }) => namespace === resource.namespace) ?? elsewhere[0];
    return near ? [{ place, meant: near, service }] : [];
  });
}

/** Two letters at most are wrong, or the kind is at the end; a number is that of another one. */
function isSlip(written: string, name: string): boolean {
  const ending = /-(svc|service)$/;
  return (ofLetters(written) !== ofLetters(name) && name.length > 4 && editDistance(written, name, 3) < 3)
    || (written !== name && written.replace(ending, '') === name.replace(ending, ''));
}

const routesTo = lazy((world: World) => grouped(allRoutes(world).flatMap((route) => {
  const { service } = targetOf(route, world);
  return service ? [[service, route] as const] : [];
})));

/** Each workload of a name once: it may be in the input twice. */
export const distinct = lazy((workloads: readonly Workload[]): readonly Workload[] => [...new Map(workloads.filter(({ longRunning }) => longRunning)
  .map((workload) => [`${workload.resource.kind}/${workload.resource.name}`, workload])).values()]);
