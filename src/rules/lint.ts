import { Census, census } from '../manifests/census';
import type { NamedRole } from '../manifests/hints';
import { baseName } from '../manifests/command/command';
import { inOtherKinds } from '../manifests/other-kinds';
import type { Container } from '../manifests/pod/container';
import { Process } from '../manifests/process';
import { isEither } from '../manifests/recognise';
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
  /** How many of all these have a role that nobody knows. */
  readonly withoutRole: number;
  /** How many Kubernetes objects there are, those in Lists included. */
  readonly count: number;
}

/** What the command and the constructs call: all rules on objects from anywhere. Never throws, whatever they are. */
export function lintObjects(objects: readonly unknown[], options: Options = {}): Linted {
  const world = new World(objects, options.complete);
  const listed = new Set(world.unknown);
  const elsewhere = inOtherKinds(world);
  const unrecognised = census(world).unrecognised.filter((container) => !listed.has(container));
  const unread = world.workloads.flatMap(({ containers }) => containers).filter((container) => container.unread !== undefined);
  return {
    violations: examine(world, options),
    unknown: [
      ...world.unknown.map((container) => unknown(container, outOfSight(container, world))),
      ...[...new Set(world.processes.filter((process) => isOfScript(process)).map(({ container }) => container))]
        .map((container) => unknown(container, outOfSight(container, world))),
      ...unread.map((container) => unknown(container, container.unread)),
      ...elsewhere,
    ],
    census: census(world),
    unrecognised: unrecognised.map((container) => unknown(container, 'is not recognised')),
    withoutRole: unrecognised.length + elsewhere.length + world.unknown.filter((container) => processOf(container, world) === undefined).length,
    count: world.resources.length,
  };
}

/** What is known of a container of Celery whose command is in its image. */
function outOfSight(container: Container, world: World): string | undefined {
  const process = processOf(container, world);
  if (!process) return isEither(container, []) ? 'starts one command of Celery or another, as a condition in its script says' : undefined;
  const role = { worker: 'a worker', beat: 'Beat', flower: 'Flower' }[process.role as NamedRole];
  const { reason, meant, branches } = process.hint ?? { reason: nameOf(process) };
  const options = meant ? 'are examined once its command starts it' : branches ? 'depend on a condition' : 'are in its image';
  return `is taken for ${role} by ${reason}; its options ${options}`;
}

/** Started by a script or an entrypoint that says so by its name, and whose options nobody saw. */
function isOfScript({ command: { vendor, options }, hint, workload, container }: Process): boolean {
  return vendor === 'unknown' && options.size === 0 && hint === undefined && workload.longRunning && container.unread === undefined;
}

function nameOf({ command: { subcommand } }: Process): string {
  return subcommand === undefined || subcommand.path.at(-1) === 'image' ? 'its image' : `the name of ${baseName(subcommand.text)}`;
}

function processOf(container: Container, world: World): Process | undefined {
  return world.in(container.workload).find((one) => one.container === container);
}

function unknown({ name, workload: { resource } }: Container, reason?: string): Unknown {
  return { objectKind: resource.kind, objectName: resource.name, objectNamespace: resource.namespace || undefined, container: name, reason };
}
