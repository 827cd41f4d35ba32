import { lazy } from '../memo';
import { isBrokerVariable, isProducer } from './broker-urls';
import { asList, asMap, asText, get, Path } from './json';
import { databaseWorkloads } from './named-hosts';
import { Place } from './place';
import { Workload } from './pod/workload';
import { serverWorkloads } from './servers';
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
export const referencesOf: (workload: Workload) => readonly Reference[] = lazy((workload: Workload) => {
  const { resource, spec, specPath } = workload;
  const containers = workload.allContainers;
  const found: Reference[] = [];
  for (const { json, path, name } of containers) {
    asList(json.env).forEach((entry, i) => {
      const source = get(entry, 'valueFrom');
      if (source === undefined) return;
      for (const { kind, ofKey } of SOURCES) add(found, kind, get(source, ofKey), 'name', () => ({ resource, path: [...path, 'env', i, 'valueFrom', ofKey], container: name }));
    });
    asList(json.envFrom).forEach((entry, i) => {
      for (const { kind, ofAll } of SOURCES) add(found, kind, get(entry, ofAll), 'name', () => ({ resource, path: [...path, 'envFrom', i, ofAll], container: name }));
    });
  }
  asList(spec.volumes).forEach((volume, i) => {
    const place = (...inside: Path): Place => ({
      resource, path: [...specPath, 'volumes', i, ...inside],
      container: containers.find(({ mounts }) => mounts.some((mount) => mount.volume.name === get(volume, 'name')))?.name,
    });
    for (const { kind, ofVolume, nameInVolume } of SOURCES) addItems(found, kind, get(volume, ofVolume), nameInVolume, () => place(ofVolume));
    for (const { kind, ofVolume, nameInVolume } of SOURCES) addSubPaths(found, kind, get(volume, ofVolume), nameInVolume, asText(get(volume, 'name')), workload);
    asList(get(volume, 'projected', 'sources')).forEach((source, j) => {
      for (const { kind, ofVolume } of SOURCES) addItems(found, kind, get(source, ofVolume), 'name', () => place('projected', 'sources', j, ofVolume));
    });
  });
  // The kubelet pulls without one that is not there.
  asList(spec.imagePullSecrets).forEach((entry, i) => add(found, 'Secret', entry, 'name', () => ({ resource, path: [...specPath, 'imagePullSecrets', i] })));
  return found;
});

/** What the pods of Celery, and those of Redis, RabbitMQ and its databases, ask for, and cannot start without. */
export const neededReferences: (world: World) => readonly Reference[] = lazy((world: World) => {
  const servers = new Set([...serverWorkloads(world), ...databaseWorkloads(world)]);
  return world.workloads.filter((workload) => world.in(workload).length > 0 || servers.has(workload))
    .flatMap(referencesOf).filter(({ optional }) => !optional);
});

/** What KEDA is given to log in with, by the TriggerAuthentications of the input. */
export const triggerReferences: (world: World) => readonly Reference[] = lazy((world: World) => world.kind('TriggerAuthentication').flatMap((resource) => {
  const found: Reference[] = [];
  for (const [kind, field] of [['Secret', 'secretTargetRef'], ['ConfigMap', 'configMapTargetRef']] as const) {
    asList(get(resource.json, 'spec', field)).forEach((entry, i) => add(found, kind, entry, 'name', () => ({ resource, path: ['spec', field, i] })));
  }
  return found;
}));

/** The variable that takes a key. */
export function variableOf({ key, at: { path, resource } }: Reference): string | undefined {
  return key === undefined || path.at(-4) !== 'env' ? undefined : asText(get(resource.json, ...path.slice(0, -2), 'name'));
}

/** What gives the broker to the pods that only send tasks. */
export const producerReferences: (world: World) => readonly Reference[] = lazy((world: World) => world.workloads
  .filter((workload) => world.in(workload).length === 0 && workload.containers.some(isProducer))
  .flatMap(referencesOf).filter((reference) => isBrokerVariable(variableOf(reference) ?? '')));

/** The names under which the API has them. */
const SOURCES = [
  { kind: 'Secret', ofKey: 'secretKeyRef', ofAll: 'secretRef', ofVolume: 'secret', nameInVolume: 'secretName' },
  { kind: 'ConfigMap', ofKey: 'configMapKeyRef', ofAll: 'configMapRef', ofVolume: 'configMap', nameInVolume: 'name' },
] as const;

function add(found: Reference[], kind: Reference['kind'], source: unknown, nameOf: string, at: () => Place, item?: unknown): void {
  const name = asText(get(source, nameOf));
  if (name === undefined || name === '') return;
  found.push({ kind, name, key: asText(get(item ?? source, 'key')), optional: get(source, 'optional') === true, at: at() });
}

/** A mount with a subPath asks for the key of that name, where no item has another path. */
function addSubPaths(
  found: Reference[], kind: Reference['kind'], source: unknown, nameOf: string, volume: string | undefined, { resource, allContainers }: Workload,
): void {
  if (source === undefined || asList(asMap(source).items).length > 0) return;
  for (const { json, path, name: container } of allContainers) {
    asList(json.volumeMounts).forEach((mount, i) => {
      const key = asText(get(mount, 'subPath'));
      if (key === undefined || key === '' || get(mount, 'name') !== volume) return;
      add(found, kind, source, nameOf, () => ({ resource, container, path: [...path, 'volumeMounts', i, 'subPath'] }), { key: key.split('/')[0] });
    });
  }
}

/** A volume with `items` asks for these keys. */
function addItems(found: Reference[], kind: Reference['kind'], source: unknown, nameOf: string, at: () => Place): void {
  const wanted = asList(asMap(source).items);
  if (wanted.length === 0) return add(found, kind, source, nameOf, at);
  wanted.forEach((item, i) => add(found, kind, source, nameOf, () => ({ ...at(), path: [...at().path, 'items', i] }), item));
}
