import { AMQP_PORT, REDIS_PORT } from '../celery/ports';
import { lazy } from '../memo';
import { brokerUse } from './brokers';
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
