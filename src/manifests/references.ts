import { get, list, map, Path, text } from './json';
import { Place } from './place';
import { Workload } from './pod/workload';

/** A Secret or ConfigMap that a pod asks for. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Undefined where it asks for all keys, or for whatever there is. */
  readonly key?: string;
  /** The pod also starts without it. */
  readonly optional: boolean;
  readonly at: Place;
}

/** All Secrets and ConfigMaps that a workload's pods ask for: in `env`, `envFrom`, volumes and `imagePullSecrets`. */
export function referencesOf(workload: Workload): Reference[] {
  const { resource, spec, specPath } = workload;
  const place = (path: Path, container?: string): Place => ({ resource, path, container });
  return [
    ...[...workload.initContainers, ...workload.containers].flatMap(({ json, path, name }) => [
      ...list(json.env).flatMap((entry, i) => SOURCES.flatMap(({ kind, ofKey }) =>
        reference(kind, get(entry, 'valueFrom', ofKey), 'name', place([...path, 'env', i, 'valueFrom', ofKey], name)))),
      ...list(json.envFrom).flatMap((entry, i) => SOURCES.flatMap(({ kind, ofAll }) =>
        reference(kind, get(entry, ofAll), 'name', place([...path, 'envFrom', i, ofAll], name)))),
    ]),
    ...list(spec.volumes).flatMap((volume, i) => {
      const path = [...specPath, 'volumes', i];
      return [
        ...SOURCES.flatMap(({ kind, ofVolume, nameInVolume }) => items(kind, get(volume, ofVolume), nameInVolume, place([...path, ofVolume]))),
        ...list(get(volume, 'projected', 'sources')).flatMap((source, j) => SOURCES.flatMap(({ kind, ofVolume }) =>
          items(kind, get(source, ofVolume), 'name', place([...path, 'projected', 'sources', j, ofVolume])))),
      ];
    }),
    // The kubelet pulls without one that is not there.
    ...list(spec.imagePullSecrets).flatMap((entry, i) => reference('Secret', entry, 'name', place([...specPath, 'imagePullSecrets', i]))),
  ];
}

/** The names under which the API has them. */
const SOURCES = [
  { kind: 'Secret', ofKey: 'secretKeyRef', ofAll: 'secretRef', ofVolume: 'secret', nameInVolume: 'secretName' },
  { kind: 'ConfigMap', ofKey: 'configMapKeyRef', ofAll: 'configMapRef', ofVolume: 'configMap', nameInVolume: 'name' },
] as const;

function reference(kind: Reference['kind'], source: unknown, nameOf: string, at: Place, item?: unknown): Reference[] {
  const name = text(get(source, nameOf));
  return name === undefined || name === '' ? []
    : [{ kind, name, key: text(get(item ?? source, 'key')), optional: get(source, 'optional') === true, at }];
}

/** A volume with `items` asks for these keys. */
function items(kind: Reference['kind'], source: unknown, nameOf: string, at: Place): Reference[] {
  const wanted = list(map(source).items);
  return wanted.length === 0 ? reference(kind, source, nameOf, at)
    : wanted.flatMap((item, i) => reference(kind, source, nameOf, { ...at, path: [...at.path, 'items', i] }, item));
}
