import { asList, asMap, asText, get, Path } from './json';
import { Place } from './place';
import { Workload } from './pod/workload';
import { rabbitServers } from './rabbit-server';
import type { World } from './world';

/** A Secret or ConfigMap that a pod asks for. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Undefined where it asks for all keys, or for whatever there is. */
  readonly key?: string;
  /** The pod also starts without it. */
  readonly optional: boolean;
  /** With the container that asks for it, or the first one that mounts the volume. */
  readonly at: Place;
}

/** All Secrets and ConfigMaps that a workload's pods ask for: in `env`, `envFrom`, volumes and `imagePullSecrets`. */
export function referencesOf(workload: Workload): Reference[] {
  const { resource, spec, specPath } = workload;
  const containers = [...workload.initContainers, ...workload.containers];
  const place = (path: Path, container?: string): Place => ({ resource, path, container });
  return [
    ...containers.flatMap(({ json, path, name }) => [
      ...asList(json.env).flatMap((entry, i) => SOURCES.flatMap(({ kind, ofKey }) =>
        reference(kind, get(entry, 'valueFrom', ofKey), 'name', place([...path, 'env', i, 'valueFrom', ofKey], name)))),
      ...asList(json.envFrom).flatMap((entry, i) => SOURCES.flatMap(({ kind, ofAll }) =>
        reference(kind, get(entry, ofAll), 'name', place([...path, 'envFrom', i, ofAll], name)))),
    ]),
    ...asList(spec.volumes).flatMap((volume, i) => {
      const path = [...specPath, 'volumes', i];
      const container = containers.find(({ mounts }) => mounts.some((mount) => mount.volume.name === get(volume, 'name')))?.name;
      return [
        ...SOURCES.flatMap(({ kind, ofVolume, nameInVolume }) =>
          items(kind, get(volume, ofVolume), nameInVolume, place([...path, ofVolume], container))),
        ...asList(get(volume, 'projected', 'sources')).flatMap((source, j) => SOURCES.flatMap(({ kind, ofVolume }) =>
          items(kind, get(source, ofVolume), 'name', place([...path, 'projected', 'sources', j, ofVolume], container)))),
      ];
    }),
    // The kubelet pulls without one that is not there.
    ...asList(spec.imagePullSecrets).flatMap((entry, i) => reference('Secret', entry, 'name', place([...specPath, 'imagePullSecrets', i]))),
  ];
}

/** What the pods of Celery, and those of Redis and RabbitMQ, ask for, and cannot start without. */
export function neededReferences(world: World): readonly Reference[] {
  const rabbits = new Set(rabbitServers(world).map(({ container }) => container?.workload));
  return world.workloads.filter((workload) => world.in(workload).length > 0 || world.redisIn(workload).length > 0 || rabbits.has(workload))
    .flatMap(referencesOf).filter(({ optional }) => !optional);
}

/** The names under which the API has them. */
const SOURCES = [
  { kind: 'Secret', ofKey: 'secretKeyRef', ofAll: 'secretRef', ofVolume: 'secret', nameInVolume: 'secretName' },
  { kind: 'ConfigMap', ofKey: 'configMapKeyRef', ofAll: 'configMapRef', ofVolume: 'configMap', nameInVolume: 'name' },
] as const;

function reference(kind: Reference['kind'], source: unknown, nameOf: string, at: Place, item?: unknown): Reference[] {
  const name = asText(get(source, nameOf));
  return name === undefined || name === '' ? []
    : [{ kind, name, key: asText(get(item ?? source, 'key')), optional: get(source, 'optional') === true, at }];
}

/** A volume with `items` asks for these keys. */
function items(kind: Reference['kind'], source: unknown, nameOf: string, at: Place): Reference[] {
  const wanted = asList(asMap(source).items);
  return wanted.length === 0 ? reference(kind, source, nameOf, at)
    : wanted.flatMap((item, i) => reference(kind, source, nameOf, { ...at, path: [...at.path, 'items', i] }, item));
}
