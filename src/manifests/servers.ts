import { lazy } from '../memo';
import { grouped } from './grouped';
import type { Container } from './pod/container';
import type { Workload } from './pod/workload';
import { rabbitServers } from './rabbit-server';
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
