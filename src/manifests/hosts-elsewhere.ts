import { lazy } from '../memo';
import { brokerUrls } from './broker-urls';
import { namedHosts } from './named-hosts';
import { Resource } from './resource';
import type { World } from './world';

/** Whether a name is that of a Service with a prefix or a suffix, which kustomize puts to names when it builds. */
export function isAffixed(name: string, service: string): boolean {
  return name.endsWith(`-${service}`) || name.startsWith(`${service}-`);
}

/** The namespaces of which the input has workloads or Services. */
export const namespaces = lazy((world: World) => new Set([...world.workloads.map(({ resource }) => resource), ...world.kind('Service')].map(({ namespace }) => namespace)));

/** The Services to which variables lead, each by its name, with the namespace and the variable. */
export const ledTo = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.flatMap(({ resource: { namespace }, containers }) =>
  containers.flatMap(namedHosts).flatMap(({ host, variable }) => {
    const service = world.service(host, namespace);
    return service ? [`${namespace} ${variable} ${service.name}`] : [];
  }))));

/** The Services that some container names. */
const reached = lazy((world: World): ReadonlySet<Resource> => new Set(world.workloads.flatMap(({ resource: { namespace }, containers }) => {
  const hosts = containers.flatMap((container) => [...brokerUrls(container), ...namedHosts(container)]);
  return hosts.flatMap(({ host }) => world.service(host, namespace) ?? []);
})));

export interface HostElsewhere {
  readonly name: string;
  /** Of which nothing is in the input. */
  readonly named: string;
  /** The one that is meant. */
  readonly service: string;
}

/**
 * A host in a namespace of which nothing is in sight, where the pod's own namespace has a Service of almost that name, which nobody uses: what was
 * applied there once, or is renamed by kustomize.
 */
export function hostElsewhere(host: string, near: readonly string[], namespace: string, world: World): HostElsewhere | undefined {
  const [, name, named] = /^([a-z][a-z0-9-]*)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  const [service, ...others] = near;
  if (name === undefined || service === undefined || others.length > 0) return undefined;
  if (['', named].includes(namespace) || namespaces(world).has(named)) return undefined;
  const found = world.find('Service', namespace, service);
  if (!found || reached(world).has(found)) return undefined;
  return service === name || isAffixed(service, name) || isAffixed(name, service) ? { name, named, service } : undefined;
}
