import { lazy } from '../memo';
import { RedisServer } from './redis-server';
import type { World } from './world';

const SETS_USERS = /\bacl["',\s]+setuser\b/i;

/** Some pod adds users to a server by a command. */
export const setsUsers = lazy((world: World) => world.workloads.some(({ spec }) => SETS_USERS.test(JSON.stringify(spec))));

/** Something next to a server adds users to it: a command, or a script in a ConfigMap. */
export function hasOtherUsers({ container: { workload: { resource: { namespace } } } }: RedisServer, world: World): boolean {
  return world.workloads.some(({ spec, resource }) => resource.namespace === namespace && SETS_USERS.test(JSON.stringify(spec)))
    || world.kind('ConfigMap').some((resource) => resource.namespace === namespace && SETS_USERS.test(JSON.stringify(resource.json)));
}

/** Whether a server has only the user `default`: nothing in sight makes another, and nothing is out of sight. */
export function hasOneUser(server: RedisServer, world: World): boolean {
  return !server.opaque && ['aclfile', 'user'].every((name) => server.directive(name) === undefined) && !setsUsers(world) && !hasOtherUsers(server, world);
}
