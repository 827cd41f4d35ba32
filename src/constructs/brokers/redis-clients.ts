import { Client, CLIENT_KIBIBYTES, DEFAULT_CLIENTS, redisConnections } from '../../celery/redis-clients';
import type { CeleryApp } from '../celery-app';
import * as checks from '../validation/checks';
import { isInTree } from '../validation/in-tree';
import { Problem } from '../validation/problems';
import type { WorkerPool } from '../worker-pool';

/** The open files that container runtimes let a process have at least, without those that Redis keeps for itself. It raises its own limit to that. */
const FILES = 524_288 - 32;

/** The memory of a Redis, in KiB. */
export interface RedisMemory {
  /** For data; undefined where Redis has no limit. */
  readonly maxMemory: number | undefined;
  /** Of the container. */
  readonly limit: number | undefined;
}

/** A number of connections. */
interface Needed {
  /** As many as they have in any case. */
  readonly least: number;
  /** Where each greenlet of a pool acknowledges and stores a result at the same time. */
  readonly most: number;
}

/** The connections that the tasks of a pool have. */
function connectionsOf({ _name, _concurrency }: WorkerPool): Needed {
  // 37, 110 and 242 of a whole worker were counted with 10, 50 and 100 greenlets.
  return _name === 'gevent' ? { least: 1, most: 2 * (_concurrency + 5) } : { least: _concurrency, most: _concurrency };
}

/** The connections of all workers, Beats and Flowers of apps, at the most replicas of each worker. */
export function clientsOf(apps: readonly CeleryApp[]): Needed {
  const found = apps.flatMap((app) => [
    ...app._workers.filter(({ worker }) => isInTree(worker, app)).map(({ maxReplicas = 1, pool, agent }) => {
      const { least, most } = connectionsOf(pool);
      const all = (children: number): number => maxReplicas * redisConnections({ role: 'worker', children, agent });
      return { least: all(least), most: all(most) };
    }),
    ...app._pods.filter(({ scope, role }) => role !== 'worker' && isInTree(scope, app)).map(redisConnections).map((own) => ({ least: own, most: own })),
  ]);
  return found.reduce((sum, { least, most }) => ({ least: sum.least + least, most: sum.most + most }), { least: 0, most: 0 });
}

/** The clients that memory and open files are enough for. */
function enoughFor({ maxMemory = 0, limit = 0 }: RedisMemory, client: Client): number {
  // A limit that is not above maxMemory is refused as that.
  return limit <= maxMemory ? FILES : Math.min(FILES, Math.floor((limit - maxMemory) / CLIENT_KIBIBYTES[client]));
}

/**
 * `maxclients` of a Redis where none is given; undefined for its own default. It has room for all pods twice, because old and new ones overlap in a
 * rollout, in steps that are coarse: with another number Redis starts again.
 */
export function computedClients({ least, most }: Needed, memory: RedisMemory): number | undefined {
  const room = 2 * most;
  const clients = Math.min(upTo(Math.max(1, room), DEFAULT_CLIENTS), enoughFor(memory, 'busy'));
  const enough = room <= clients ? clients : Math.min(upTo(room, 1000), enoughFor(memory, 'waiting'));
  // What is too much is refused.
  return enough === DEFAULT_CLIENTS ? undefined : Math.max(enough, least);
}

function upTo(number: number, step: number): number {
  return step * Math.ceil(number / step);
}

/** What is wrong with the number that is given: what clients take is in addition to the data. */
export function checkMaxClients(maxClients: number | undefined, memory: RedisMemory): Problem[] {
  const wrong = checks.wholeNumber('maxClients', maxClients, 1);
  const most = enoughFor(memory, 'busy');
  if (wrong.length > 0 || maxClients === undefined || maxClients <= most) return wrong;
  return [maxClients > FILES ? {
    prop: 'maxClients', value: maxClients, wrong: `is more than the open files that a container may have are enough for, ${FILES}`, fix: `give at most ${FILES}`,
  } : {
    prop: 'maxClients', value: maxClients,
    wrong: `is more than the memory between maxMemory and the limit is enough for, ${most} clients of ${CLIENT_KIBIBYTES.busy} KiB`,
    fix: `give at most ${most}, or raise the memory limit`,
  }];
}

/** Apps with more connections than the memory is enough for even while they wait, where no number is given. */
export function tooManyClients({ least }: Needed, memory: RedisMemory): Problem[] {
  const most = enoughFor(memory, 'waiting');
  return least <= most ? [] : [{
    prop: 'maxClients', value: undefined,
    wrong: `would have to be ${least}, which the pods of the apps open, and the memory between maxMemory and the limit is enough for ${most} clients, at `
      + `${CLIENT_KIBIBYTES.waiting} KiB for each that waits`,
    fix: `leave ${Math.ceil(least * CLIENT_KIBIBYTES.busy / 1024)} MiB between maxMemory and the memory limit, or run fewer replicas`,
  }];
}
