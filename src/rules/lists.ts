import { brokerClients } from '../manifests/broker-urls';
import { brokerUse } from '../manifests/brokers';
import { celeryInstalls } from '../manifests/installs';
import { applicationContainers, speaksOfCelery } from '../manifests/named-hosts';
import { celeryIn, probesOf } from '../manifests/probes';
import { neededReferences, triggerReferences } from '../manifests/references';
import { celeryWorkloads, scaledWorkers } from '../manifests/scalers';
import { serverContainers } from '../manifests/servers';
import type { World } from '../manifests/world';

/** What rules look at, one by one: `on: 'workers'`. Rules of one list share the walk over it. */
export const LISTS = {
  processes: ({ processes }: World) => processes,
  workers: ({ workers }: World) => workers,
  beats: ({ beats }: World) => beats,
  flowers: ({ flowers }: World) => flowers,
  /** Each command of Celery in the probes of Celery's containers. */
  probeCommands: ({ processes }: World) => processes.flatMap((process) => probesOf(process.container)
    .flatMap((probe) => celeryIn(probe.invocations).map((command) => ({ probe, command, process })))),
  /** Processes of Celery, and what sends tasks to them. */
  brokerClients,
  redisServers: ({ redisServers }: World) => redisServers,
  /** Redis servers that Celery uses as its broker, for certain or as far as names tell. */
  brokers: (world: World) => world.redisServers.filter((server) => brokerUse(server, world) !== 'no'),
  /** Containers that keep running, of all workloads. */
  containers: ({ workloads }: World) => workloads.flatMap(({ containers }) => containers),
  /** All containers of pods with Celery or Redis, init containers also. */
  podContainers: (world: World) => world.workloads.filter((workload) => world.in(workload).length > 0 || world.redisIn(workload).length > 0)
    .flatMap(({ allContainers }) => allContainers),
  /** All containers of pods in which something says Celery, and the others of the same application. */
  commandContainers: (world: World) => new Set([
    ...world.workloads.filter(speaksOfCelery).flatMap(({ allContainers }) => allContainers), ...applicationContainers(world),
  ]),
  configMaps: (world: World) => world.kind('ConfigMap'),
  /** Containers of Celery and of Redis. */
  servers: ({ processes, redisServers }: World) => new Set([...processes, ...redisServers].map(({ container }) => container)),
  /** The same, and those of RabbitMQ. */
  probedServers: (world: World) => new Set([...world.processes.map(({ container }) => container), ...serverContainers(world)]),
  /** Workloads that run Celery. */
  celeryWorkloads,
  /** Each `pip install` of a pod that has to do with Celery. */
  installs: celeryInstalls,
  /** Secrets and ConfigMaps that pods of Celery and Redis cannot start without, and what their autoscalers log in with. */
  references: (world: World) => [...neededReferences(world), ...triggerReferences(world)],
  /** Workers with their ScaledObjects. */
  scaledWorkers,
};

export type ListName = keyof typeof LISTS;
export type Item<Name extends ListName> = ReturnType<typeof LISTS[Name]> extends Iterable<infer One> ? One : never;
