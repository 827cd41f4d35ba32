import { CommandContext, Invocation, invocations, Word } from '../command/command';
import { Env, EnvSources } from './env';
import { entrypointProgram, Image, isPython, parseImage } from '../../celery/image';
import { asList, asMap, asNumber, asScalar, asText, get, JsonObject, Path } from '../json';
import { quantity } from '../../celery/quantity';
import { Place } from '../place';
import { Resource } from '../resource';

/** Where each kind keeps its pod. */
const POD_PATHS: Record<string, Path> = {
  Pod: [], CronJob: ['spec', 'jobTemplate', 'spec', 'template'], ScaledJob: ['spec', 'jobTargetRef', 'template'],
  ...Object.fromEntries([
    'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'Rollout', 'DeploymentConfig',
  ].map((kind) => [kind, ['spec', 'template']])),
};

/** Keeps a number of pods running, all alike. */
const SCALED = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout', 'DeploymentConfig']);

export type VolumeKind = 'configMap' | 'secret' | 'downwardAPI' | 'projected' | 'emptyDir' | 'claim' | 'other' | 'unknown';

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

export class Workload {
  public readonly podPath: Path;
  public readonly spec: JsonObject;
  public readonly labels: JsonObject;
  public readonly annotations: JsonObject;
  public readonly volumes: ReadonlyMap<string, Volume>;
  /** Those that keep running: init containers only when they are sidecars. */
  public readonly containers: readonly Container[];
  public readonly initContainers: readonly Container[];

  public static is(resource: Resource): boolean {
    if (!Object.hasOwn(POD_PATHS, resource.kind)) return false;
    // What a controller made is judged where it is declared.
    return asList(get(resource.json, 'metadata', 'ownerReferences')).length === 0;
  }

  public constructor(public readonly resource: Resource, sources: EnvSources) {
    this.podPath = POD_PATHS[resource.kind];
    const template = get(resource.json, ...this.podPath);
    this.spec = asMap(get(template, 'spec'));
    this.labels = asMap(get(template, 'metadata', 'labels'));
    this.annotations = asMap(get(template, 'metadata', 'annotations'));
    this.volumes = this.readVolumes();
    const read = (key: string, init: boolean) => asList(this.spec[key]).flatMap((json, i) => typeof json === 'object' && json !== null
      ? [new Container(this, asMap(json), [...this.specPath, key, i], init, sources)] : []);
    const init = read('initContainers', true);
    this.initContainers = init.filter((container) => container.json.restartPolicy !== 'Always');
    this.containers = [...read('containers', false), ...init.filter((container) => container.json.restartPolicy === 'Always')];
  }

  public get specPath(): Path {
    return [...this.podPath, 'spec'];
  }

  /** Undefined for what does not keep a number of pods: jobs, bare pods, DaemonSets. */
  public get replicas(): number | undefined {
    if (!SCALED.has(this.resource.kind)) return undefined;
    return asNumber(get(this.resource.json, 'spec', 'replicas')) ?? 1;
  }

  /** Restarts what ends: a Job does not. */
  public get longRunning(): boolean {
    return !['Job', 'CronJob', 'ScaledJob'].includes(this.resource.kind);
  }

  public get graceSeconds(): number {
    return asNumber(this.spec.terminationGracePeriodSeconds) ?? 30;
  }

  public get serviceLinks(): boolean {
    return this.spec.enableServiceLinks !== false;
  }

  /** Starts the new pod before the old one is gone. */
  public get rolls(): boolean {
    const { kind, json } = this.resource;
    const strategy = get(json, 'spec', 'strategy');
    if (kind === 'Rollout' && get(strategy, 'blueGreen') !== undefined) return true;
    const [rolling, options] = { Deployment: ['RollingUpdate', 'rollingUpdate'], DeploymentConfig: ['Rolling', 'rollingParams'], Rollout: ['', 'canary'] }[kind] ?? [];
    const type = get(strategy, 'type');
    if (rolling === undefined || (type !== undefined && type !== rolling)) return false;
    const surge = asScalar(get(strategy, options, 'maxSurge'));
    return surge !== '0' && surge !== '0%';
  }

  private readVolumes(): Map<string, Volume> {
    const volumes = new Map<string, Volume>();
    asList(this.spec.volumes).forEach((json, i) => {
      const name = asText(get(json, 'name'));
      if (name === undefined) return;
      const path = [...this.specPath, 'volumes', i];
      const keys = Object.keys(asMap(json)).filter((key) => key !== 'name');
      const [kind, source] = volumeSource(asMap(json), keys);
      volumes.set(name, { name, kind, source, path, claim: kind === 'claim' ? asText(source.claimName) : undefined });
    });
    asList(get(this.resource.json, 'spec', 'volumeClaimTemplates')).forEach((json, i) => {
      const name = asText(get(json, 'metadata', 'name'));
      if (name !== undefined) volumes.set(name, { name, kind: 'claim', source: asMap(json), path: ['spec', 'volumeClaimTemplates', i] });
    });
    return volumes;
  }
}

function volumeSource(json: JsonObject, keys: readonly string[]): [VolumeKind, JsonObject] {
  for (const kind of ['configMap', 'secret', 'downwardAPI', 'projected', 'emptyDir'] as const) {
    if (keys.includes(kind)) return [kind, asMap(json[kind])];
  }
  if (keys.includes('persistentVolumeClaim')) return ['claim', asMap(json.persistentVolumeClaim)];
  // A volume without a source is an emptyDir to the API server.
  return keys.length === 0 ? ['emptyDir', asMap(undefined)] : ['other', asMap(json[keys[0]])];
}

const READ_ONLY_KINDS: readonly VolumeKind[] = ['configMap', 'secret', 'downwardAPI', 'projected'];

export class Container {
  public readonly name: string;
  public readonly image: Image;
  public readonly env: Env;
  public readonly mounts: readonly Mount[];
  /** `command` and `args` with `$(VAR)` expanded. */
  public readonly words: readonly Word[];
  /** `command` is given: the entrypoint of the image does not run. */
  public readonly ownsEntrypoint: boolean;
  public readonly invocations: readonly Invocation[];
  /** Why not all that it runs is known, where that is so. */
  public readonly unread?: string;

  public constructor(
    public readonly workload: Workload, public readonly json: JsonObject, public readonly path: Path, public readonly init: boolean,
    private readonly sources: EnvSources,
  ) {
    this.name = asText(json.name) ?? '';
    this.image = parseImage(asText(json.image) ?? '');
    this.env = new Env(json, path, sources);
    this.mounts = this.readMounts();
    this.ownsEntrypoint = asList(json.command).length > 0;
    this.words = [...this.readWords('command'), ...this.readWords('args')];
    const program = this.ownsEntrypoint ? undefined : entrypointProgram(this.image, this.words[0]?.text);
    let unread: string | undefined;
    this.invocations = this.read(program === undefined ? this.words
      : [{ text: program, path: [...path, 'image'], unknown: false }, ...this.words], (reason) => unread ??= reason);
    this.unread = unread;
  }

  /** A place in this container; the container itself without a path. */
  public place(path: Path = this.path): Place {
    return { resource: this.workload.resource, container: this.name, path };
  }

  /** The names that the container gives a port. */
  public portNames(port: number): ReadonlySet<string> {
    const ports = asList(this.json.ports).filter((entry) => asNumber(get(entry, 'containerPort')) === port);
    return new Set(ports.flatMap((entry) => asText(get(entry, 'name')) ?? []));
  }

  /** All commands that some other argument vector of this container leads to: a probe, a hook. */
  public read(words: readonly Word[], unread?: (reason: string) => void): Invocation[] {
    const context: CommandContext = {
      variable: (name) => this.env.value(name),
      file: (path) => this.file(path),
      unread,
    };
    return invocations(words, context);
  }

  public get workingDir(): string | undefined {
    const given = asText(this.json.workingDir);
    return given !== undefined && given !== '' ? given : isPython(this.image) ? '/' : undefined;
  }

  public get readOnlyRoot(): boolean {
    return get(this.json, 'securityContext', 'readOnlyRootFilesystem') === true;
  }

  public get runAsUser(): number | undefined {
    return asNumber(this.security('runAsUser'));
  }

  /** The container's own security context wins over that of the pod. */
  public security(key: string): unknown {
    return get(this.json, 'securityContext', key) ?? get(this.workload.spec, 'securityContext', key);
  }

  /** Bytes or cores. Without a request the limit is the request. */
  public resource(kind: 'limits' | 'requests', name: 'cpu' | 'memory'): number | undefined {
    return quantity(get(this.json, 'resources', kind, name));
  }

  /** An absolute path, or undefined when the working directory is only known to the image. */
  public absolute(path: string): string | undefined {
    if (path.startsWith('/')) return normalize(path);
    const from = this.workingDir;
    return from === undefined ? undefined : normalize(`${from}/${path}`);
  }

  /** The mount that a path lies in: the one with the longest path. */
  public mountOf(path: string): Mount | undefined {
    return this.mounts.filter((mount) => within(path, mount.mountPath))
      .reduce<Mount | undefined>((best, mount) => best && best.mountPath.length >= mount.mountPath.length ? best : mount, undefined);
  }

  /** Whether files can be made at a path, by its mount and the root file system; owners are another matter. */
  public writable(path: string): 'yes' | 'no' | 'unknown' {
    const mount = this.mountOf(path);
    if (!mount) return this.readOnlyRoot ? 'no' : 'yes';
    if (mount.volume.kind === 'unknown') return 'unknown';
    return isReadOnly(mount) ? 'no' : 'yes';
  }

  /** The text of a file that a ConfigMap of the input puts into this container. */
  public file(path: string): string | undefined {
    const absolute = this.absolute(path);
    const mount = absolute === undefined ? undefined : this.mountOf(absolute);
    if (absolute === undefined || !mount) return undefined;
    const inside = mount.subPath !== undefined && mount.mountPath === absolute ? mount.subPath
      : [mount.subPath, absolute.slice(mount.mountPath.replace(/\/$/, '').length + 1)].filter(Boolean).join('/');
    return this.volumeFiles(mount.volume)?.get(inside);
  }

  /** What a ConfigMap volume holds, by the path in the volume; undefined when that is not known. */
  public volumeFiles(volume: Volume): ReadonlyMap<string, string> | undefined {
    if (volume.kind === 'projected') {
      const files = new Map<string, string>();
      for (const source of asList(volume.source.sources)) {
        const part = get(source, 'configMap');
        const found = part === undefined ? undefined : this.configMapFiles(asMap(part));
        if (!found) return undefined;
        for (const [name, content] of found) files.set(name, content);
      }
      return files;
    }
    return volume.kind === 'configMap' ? this.configMapFiles(volume.source) : undefined;
  }

  private configMapFiles(source: JsonObject): ReadonlyMap<string, string> | undefined {
    const data = this.sources.configMap(asText(source.name) ?? '');
    if (!data) return undefined;
    const items = asList(source.items);
    if (items.length === 0) return data;
    return new Map(items.flatMap((item) => {
      const [key, path] = [asText(get(item, 'key')), asText(get(item, 'path'))];
      return key !== undefined && path !== undefined && data.has(key) ? [[path, data.get(key)!] as const] : [];
    }));
  }

  private readWords(key: 'command' | 'args'): Word[] {
    return asList(this.json[key]).map((raw, i) => {
      const written = asScalar(raw) ?? '';
      const { text: expanded, unresolved, partial } = this.env.expand(written);
      const reference = /^(?:-[\w-]+=)?\$\(([A-Za-z_.][\w.-]*)\)$/.exec(written)?.[1];
      return { text: expanded, path: [...this.path, key, i], unknown: partial || unresolved.length > 0, reference };
    });
  }

  private readMounts(): Mount[] {
    return asList(this.json.volumeMounts).flatMap((json, i) => {
      const mountPath = asText(get(json, 'mountPath'));
      const name = asText(get(json, 'name')) ?? '';
      if (mountPath === undefined) return [];
      const path = [...this.path, 'volumeMounts', i];
      const volume = this.workload.volumes.get(name) ?? { name, kind: 'unknown' as const, source: {}, path };
      return [{
        mountPath: normalize(mountPath), volume, path, readOnly: get(json, 'readOnly') === true,
        subPath: asText(get(json, 'subPath')) ?? asText(get(json, 'subPathExpr')),
      }];
    });
  }
}

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

function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
