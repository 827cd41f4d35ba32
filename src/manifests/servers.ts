import { lazy } from '../memo';
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
