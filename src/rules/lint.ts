import { Census, census } from '../manifests/census';
import type { NamedRole } from '../manifests/hints';
import type { Container } from '../manifests/pod/container';
import { World } from '../manifests/world';
import { examine, Options } from './engine';
import { Finding } from './finding';
import { Violation } from './rule';

/** A container that may run Celery where nobody looks. */
export interface Unknown extends Pick<Finding, 'objectKind' | 'objectName' | 'objectNamespace' | 'container'> {
  /** Why not all that it runs is known; undefined for one that looks like Celery, and what it runs is in its image. */
  readonly reason?: string;
}

export interface Linted {
  readonly violations: readonly Violation[];
  readonly unknown: readonly Unknown[];
  readonly census: Census;
  /** Containers that may run anything, Celery also. */
  readonly unrecognised: readonly Unknown[];
  /** How many Kubernetes objects there are, those in Lists included. */
  readonly count: number;
}

/** What the command and the constructs call: all rules on objects from anywhere. Never throws, whatever they are. */
export function lintObjects(objects: readonly unknown[], options: Options = {}): Linted {
  const world = new World(objects, options.complete);
  const listed = new Set(world.unknown);
  const unread = world.workloads.flatMap(({ containers }) => containers).filter((container) => container.unread !== undefined);
  return {
    violations: examine(world, options),
    unknown: [
      ...world.unknown.map((container) => unknown(container, outOfSight(container, world))),
      ...unread.map((container) => unknown(container, container.unread)),
    ],
    census: census(world),
    unrecognised: census(world).unrecognised.filter((container) => !listed.has(container)).map((container) => unknown(container, 'is not recognised')),
    count: world.resources.length,
  };
}

/** What is known of a container of Celery whose command is in its image. */
function outOfSight(container: Container, world: World): string | undefined {
  const process = world.in(container.workload).find((one) => one.container === container);
  if (!process?.hint) return undefined;
  const role = { worker: 'a worker', beat: 'Beat', flower: 'Flower' }[process.role as NamedRole];
  return `is taken for ${role} by ${process.hint.reason}; ${process.hint.meant ? 'its options are looked at once that starts it' : 'its options are in its image'}`;
}

function unknown({ name, workload: { resource } }: Container, reason?: string): Unknown {
  return { objectKind: resource.kind, objectName: resource.name, objectNamespace: resource.namespace || undefined, container: name, reason };
}
