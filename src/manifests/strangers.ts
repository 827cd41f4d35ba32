import { lazy } from '../memo';
import { grouped } from './grouped';
import { isOtherImage } from './hints';
import { applicationContainers } from './named-hosts';
import { Container } from './pod/container';
import { serverContainers } from './servers';
import type { World } from './world';

/** It may have the host of a server where nobody sees it: in variables of something out of sight, in a file, or in its image. */
function hidesHosts({ env, mounts }: Container): boolean {
  return env.open || [...env.all()].length === 0 || mounts.some(({ volume }) => volume.kind === 'secret' || volume.kind === 'configMap');
}

/** What is neither of Celery nor a server and may use one all the same: the names of workloads, by their namespace. */
export const strangers = lazy((world: World) => {
  const known = new Set([...applicationContainers(world), ...serverContainers(world)]);
  const isStranger = (container: Container): boolean => !known.has(container) && !isOtherImage(container.image) && hidesHosts(container);
  return grouped(world.workloads.filter(({ longRunning, containers }) => longRunning && containers.some(isStranger))
    .map(({ resource: { namespace, name } }) => [namespace, name] as const));
});

/** Services of a server that is another application's by its name, such as `outline-redis` next to `outline`. */
export function isOfStranger(names: readonly string[], namespace: string, world: World): boolean {
  const others = strangers(world).get(namespace) ?? [];
  return names.some((name) => others.some((other) => name.startsWith(`${other}-`) || name.endsWith(`-${other}`)));
}
