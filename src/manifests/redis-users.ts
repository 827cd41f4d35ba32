import { lazy } from '../memo';
import { RedisServer } from './redis-server';
import type { World } from './world';

/** Some pod adds users to a server by a command. */
export const setsUsers = lazy((world: World) => world.workloads.some(({ spec }) => /\bacl["',\s]+setuser\b/i.test(JSON.stringify(spec))));

/** Whether a server has only the user `default`: nothing in sight makes another, and nothing is out of sight. */
export function hasOneUser(server: RedisServer, world: World): boolean {
  return !server.opaque && ['aclfile', 'user'].every((name) => server.directive(name) === undefined) && !setsUsers(world);
}
