import { asList, asMap, asText, get, JsonObject, Path } from '../json';

export type VolumeKind = 'configMap' | 'secret' | 'downwardAPI' | 'projected' | 'emptyDir' | 'hostPath' | 'claim' | 'other' | 'unknown';

export interface Volume {
  readonly name: string;
  readonly kind: VolumeKind;
  readonly claim?: string;
  readonly source: JsonObject;
  readonly path: Path;
}

export interface Mount {
  readonly mountPath: string;
  readonly volume: Volume;
  readonly readOnly: boolean;
  readonly subPath?: string;
  readonly path: Path;
}

/** The volumes of a pod by name; for a StatefulSet also those that it claims. */
export function readVolumes(workload: unknown, spec: JsonObject, specPath: Path): ReadonlyMap<string, Volume> {
  const volumes = new Map<string, Volume>();
  asList(spec.volumes).forEach((json, i) => {
    const name = asText(get(json, 'name'));
    if (name === undefined) return;
    const [kind, source] = volumeSource(asMap(json));
    volumes.set(name, { name, kind, source, path: [...specPath, 'volumes', i], claim: kind === 'claim' ? asText(source.claimName) : undefined });
  });
  asList(get(workload, 'spec', 'volumeClaimTemplates')).forEach((json, i) => {
    const name = asText(get(json, 'metadata', 'name'));
    if (name !== undefined) volumes.set(name, { name, kind: 'claim', source: asMap(json), path: ['spec', 'volumeClaimTemplates', i] });
  });
  return volumes;
}

function volumeSource(json: JsonObject): [VolumeKind, JsonObject] {
  const keys = Object.keys(json).filter((key) => key !== 'name');
  for (const kind of ['configMap', 'secret', 'downwardAPI', 'projected', 'emptyDir', 'hostPath'] as const) {
    if (keys.includes(kind)) return [kind, asMap(json[kind])];
  }
  if (keys.includes('persistentVolumeClaim')) return ['claim', asMap(json.persistentVolumeClaim)];
  // A volume without a source is an emptyDir to the API server.
  return keys.length === 0 ? ['emptyDir', asMap(undefined)] : ['other', asMap(json[keys[0]])];
}

/** The mounts of a container. */
export function readMounts(container: JsonObject, path: Path, volumes: ReadonlyMap<string, Volume>): Mount[] {
  return asList(container.volumeMounts).flatMap((json, i) => {
    const mountPath = asText(get(json, 'mountPath'));
    const name = asText(get(json, 'name')) ?? '';
    if (mountPath === undefined) return [];
    const at = [...path, 'volumeMounts', i];
    const volume = volumes.get(name) ?? { name, kind: 'unknown' as const, source: {}, path: at };
    return [{
      mountPath: normalize(mountPath), volume, path: at, readOnly: get(json, 'readOnly') === true,
      subPath: asText(get(json, 'subPath')) ?? asText(get(json, 'subPathExpr')),
    }];
  });
}

const READ_ONLY_KINDS: readonly VolumeKind[] = ['configMap', 'secret', 'downwardAPI', 'projected'];

/** The ConfigMaps whose files a volume holds. */
export function configMapNames({ kind, source }: Volume): readonly string[] {
  const parts = kind === 'configMap' ? [source] : kind === 'projected' ? asList(source.sources).map((part) => get(part, 'configMap')) : [];
  return parts.flatMap((part) => asText(get(part, 'name')) ?? []);
}

export function isReadOnly(mount: Mount): boolean {
  return mount.readOnly || READ_ONLY_KINDS.includes(mount.volume.kind);
}

export function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** `/app/../tmp/` is `/tmp`. */
export function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
