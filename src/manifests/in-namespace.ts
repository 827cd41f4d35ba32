import { lazy } from '../memo';
import { grouped } from './grouped';
import { Resource } from './resource';
import type { World } from './world';

/** Those of a list that are in a namespace, without a look at all of them for each. */
export function byNamespace<One>(list: (world: World) => readonly One[], namespaceOf: (one: One) => string) {
  const groups = lazy((world: World) => grouped(list(world).map((one) => [namespaceOf(one), one])));
  return (namespace: string, world: World): readonly One[] => groups(world).get(namespace) ?? [];
}

export const resourcesIn = byNamespace(({ resources }) => resources, ({ namespace }) => namespace);
export const workloadsIn = byNamespace(({ workloads }) => workloads, ({ resource }) => resource.namespace);
export const processesIn = byNamespace(({ processes }) => processes, ({ workload }) => workload.resource.namespace);
export const workersIn = byNamespace(({ workers }) => workers, ({ workload }) => workload.resource.namespace);
export const redisServersIn = byNamespace(({ redisServers }) => redisServers, ({ container }) => container.workload.resource.namespace);

/** Whether something of Celery runs in a namespace. */
export const hasCelery = (namespace: string, world: World): boolean => processesIn(namespace, world).length > 0;

export function kindIn(kind: string, namespace: string, world: World): readonly Resource[] {
  return kinds(world).get(`${kind} ${namespace}`) ?? [];
}

const kinds = lazy(({ resources }: World) => grouped(resources.map((resource) => [`${resource.kind} ${resource.namespace}`, resource])));
