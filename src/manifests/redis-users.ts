import { lazy } from '../memo';
import { RedisServer } from './redis-server';
import type { World } from './world';

const SETS_USERS = /\bacl["',\s]+setuser\b/i;

const addsUsers = (json: unknown): boolean => SETS_USERS.test(JSON.stringify(json));

/** The namespaces of pods that add users to a server by a command. */
const ofCommands = lazy((world: World): ReadonlySet<string> => new Set(
  world.workloads.flatMap(({ spec, resource }) => addsUsers(spec) ? [resource.namespace] : []),
));

/** The namespaces of scripts in ConfigMaps that add users to a server. */
const ofScripts = lazy((world: World): ReadonlySet<string> => new Set(
  world.kind('ConfigMap').flatMap(({ json, namespace }) => addsUsers(json) ? [namespace] : []),
));

/** Some pod adds users to a server by a command. */
export const setsUsers = (world: World): boolean => ofCommands(world).size > 0;

/** Whether a server has more users than its configuration shows, by something in its namespace. */
export function hasOtherUsers({ container: { workload: { resource } } }: RedisServer, world: World): boolean {
  return ofCommands(world).has(resource.namespace) || ofScripts(world).has(resource.namespace);
}

/** Whether a server has only the user `default`: nothing in sight makes another, and nothing is out of sight. */
export function hasOneUser(server: RedisServer, world: World): boolean {
  return !server.opaque && ['aclfile', 'user'].every((name) => server.directive(name) === undefined) && !setsUsers(world) && !hasOtherUsers(server, world);
}
