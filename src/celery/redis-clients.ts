/** The connections of processes to a Redis that is their broker and result backend, as they were counted under load, without those of children. */
const CONNECTIONS: Readonly<Record<string, number>> = { worker: 8, beat: 4, flower: 21 };
/** What the agent of this library asks with, in a worker. */
const CONNECTIONS_OF_AGENT = 1;

/** How many clients Redis takes by default. */
export const DEFAULT_CLIENTS = 10_000;

/** A client that waits for a task, and one that sends and receives. */
export type Client = 'waiting' | 'busy';

/** What a client takes of Redis' memory with its buffers, on average, in KiB. */
export const CLIENT_KIBIBYTES: Readonly<Record<Client, number>> = { waiting: 2.5, busy: 20 };

/** What opens connections to Redis: a worker has one for each child or thread in addition to its own. */
export interface RedisClient {
  readonly role: string;
  readonly children?: number;
  readonly agent?: boolean;
}

/** The connections of a process to its Redis, with those of its children or threads; 0 for what is not known to have any. */
export function redisConnections({ role, children = 1, agent = false }: RedisClient): number {
  const own = Object.hasOwn(CONNECTIONS, role) ? CONNECTIONS[role] : 0;
  return role === 'worker' ? own + children + (agent ? CONNECTIONS_OF_AGENT : 0) : own;
}
