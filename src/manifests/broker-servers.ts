import { AMQP_PORT, REDIS_PORT } from '../celery/ports';
import { lazy } from '../memo';
import { brokerUse } from './brokers';
import { byNamespace } from './in-namespace';
import type { Container } from './pod/container';
import { rabbitBrokers, rabbitServers } from './rabbit-server';
import type { World } from './world';

/** The servers of brokers in the input, with their ports; `use` where Celery has one as its broker, as far as is known. */
export const brokerServers = lazy((world: World) => {
  const rabbits = new Set(rabbitBrokers(world).map(({ server }) => server));
  return [
    ...world.redisServers.map((server) => ({ workload: server.container.workload, container: server.container, port: REDIS_PORT, use: brokerUse(server, world) !== 'no' })),
    ...rabbitServers(world).flatMap((server) => server.container
      ? [{ workload: server.container.workload, container: server.container, port: AMQP_PORT, use: rabbits.has(server) }] : []),
  ];
});

export const brokerServersIn = byNamespace(brokerServers, ({ workload }) => workload.resource.namespace);

/** The containers of those that Celery has as its brokers. */
export const brokerContainers = lazy((world: World): ReadonlySet<Container> =>
  new Set(brokerServers(world).filter(({ use }) => use).map(({ container }) => container)));
