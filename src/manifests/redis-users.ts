import { lazy } from '../memo';
import { RedisServer } from './redis-server';
import type { World } from './world';

const SETS_USERS = /\bacl["',\s]+setuser\b/i;

const addsUsers = (json: unknown): boolean => SETS_USERS.test(JSON.stringify(json) ?? '');

/** Some pod adds users to a server by a command. */
export const setsUsers = lazy((world: World) => world.workloads.some(({ spec }) => addsUsers(spec)));

/** The namespaces in which something adds users to a server: a command, or a script in a ConfigMap. */
const withUsers = lazy((world: World): ReadonlySet<string> => new Set([
  ...world.workloads.flatMap(({ spec, resource }) => addsUsers(spec) ? [resource.namespace] : []),
  ...world.kind('ConfigMap').flatMap(({ json, namespace }) => addsUsers(json) ? [namespace] : []),
]));

/** Whether a server has more users than its configuration shows, by something in its namespace. */
export function hasOtherUsers({ container: { workload: { resource } } }: RedisServer, world: World): boolean {
  return withUsers(world).has(resource.namespace);
}

/** Whether a server has only the user `default`: nothing in sight makes another, and nothing is out of sight. */
export function hasOneUser(server: RedisServer, world: World): boolean {
  return !server.opaque && ['aclfile', 'user'].every((name) => server.directive(name) === undefined) && !setsUsers(world) && !hasOtherUsers(server, world);
}
