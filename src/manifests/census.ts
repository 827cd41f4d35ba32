import { lazy } from '../memo';
import { brokerUse } from './brokers';
import { isOther, isRuledOut } from './hints';
import { Container } from './pod/container';
import { rabbitBrokers, rabbitServers } from './rabbit-server';
import { RedisServer } from './redis-server';
import type { World } from './world';

/** What containers of the input were recognised as. */
export interface Census {
  readonly workers: number;
  readonly beats: number;
  readonly flowers: number;
  /** Servers that may be brokers, by what they are called: `Redis (broker)`, `Valkey`. */
  readonly servers: ReadonlyMap<string, number>;
  /** Exporters of metrics of Celery. */
  readonly exporters: number;
  /** Those that keep running, and may be anything. */
  readonly unrecognised: readonly Container[];
}

export const census: (world: World) => Census = lazy((world: World) => {
  // Of several with one name the last stays.
  const stays = ({ container }: { readonly container?: Container }): boolean =>
    container === undefined || !world.isReplaced(container.workload.resource);
  const servers = new Map<string, number>();
  const count = (name: string, broker: boolean) => {
    const label = broker ? `${name} (broker)` : name;
    servers.set(label, (servers.get(label) ?? 0) + 1);
  };
  for (const server of world.redisServers.filter(stays)) count(nameOf(server), brokerUse(server, world) !== 'no');
  const rabbits = rabbitServers(world).filter(stays);
  const used = new Set(rabbitBrokers(world).map(({ server }) => server));
  for (const server of rabbits) count('RabbitMQ', used.has(server));
  const known = new Set([...world.processes.map(({ container }) => container), ...world.redisServers.map(({ container }) => container),
    ...rabbits.map(({ container }) => container)]);
  const others = world.workloads.filter(({ longRunning }) => longRunning).flatMap(({ containers }) => containers)
    .filter((container) => !known.has(container) && stays({ container }));
  const containersOf = (processes: World['processes']) => new Set(processes.filter(stays).map(({ container }) => container)).size;
  return {
    workers: containersOf(world.processes.filter(({ role }) => role === 'worker' || role === 'multi')),
    beats: containersOf(world.beats), flowers: containersOf(world.flowers), servers,
    exporters: others.filter(isExporter).length,
    unrecognised: others.filter((container) => !isExporter(container) && !isRuledOut(container) && !isOther(container)),
  };
});

function nameOf({ container: { image, words } }: RedisServer): string {
  const text = `${image.repository} ${words[0]?.text ?? ''}`;
  return /valkey/i.test(text) ? 'Valkey' : /keydb/i.test(text) ? 'KeyDB' : /dragonfly/i.test(text) ? 'Dragonfly' : 'Redis';
}

/** `danihodovic/celery-exporter` and the like. */
function isExporter({ image, name }: Container): boolean {
  return /celery.*(export|metric)/i.test(`${image.repository} ${name}`);
}
