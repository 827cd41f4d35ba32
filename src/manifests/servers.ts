import { lazy } from '../memo';
import { grouped } from './grouped';
import type { Container } from './pod/container';
import type { Workload } from './pod/workload';
import { rabbitServers, rabbitWorkloads } from './rabbit-server';
import type { World } from './world';

/** The containers of all Redis and RabbitMQ servers. */
export const serverContainers: (world: World) => ReadonlySet<Container> = lazy((world: World) =>
  new Set([...world.redisServers, ...rabbitServers(world)].flatMap(({ container }) => container ?? [])));

/** Their workloads. */
export const serverWorkloads: (world: World) => ReadonlySet<Workload> = lazy((world: World) =>
  new Set([...serverContainers(world)].map(({ workload }) => workload)));

/** The pods of Celery and of its Redis, by namespace. */
export const ownByNamespace: (world: World) => ReadonlyMap<string, readonly Workload[]> = lazy((world: World) => grouped([...new Set([
  ...world.processes.map(({ workload }) => workload), ...world.redisServers.map(({ container }) => container.workload),
])].map((workload) => [workload.resource.namespace, workload])));

/** The Services of the only server of a kind in a namespace, each by its namespace. A server may be in the input twice. */
export const servedBy = lazy((world: World) => {
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
