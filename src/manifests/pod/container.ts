import { entrypointProgram, Image, isPython, parseImage } from '../../celery/image';
import { quantity } from '../../celery/quantity';
import { CommandContext, Invocation, invocations, tooLong, Word } from '../command/command';
import { changes } from '../command/variables';
import { asList, asMap, asNumber, asScalar, asText, get, JsonObject, Path } from '../json';
import { Place } from '../place';
import { Resource } from '../resource';
import { Env } from './env';
import { configMapData, Sources } from './sources';
import { configMapNames, isReadOnly, Mount, normalize, readMounts, Volume, within } from './volumes';
import type { Workload } from './workload';

/** By this the webhook of Bank-Vaults gives the containers of a pod all that is at a path as variables. */
const ENV_FROM_VAULT = 'vault.security.banzaicloud.io/vault-env-from-path';

/** A file of a ConfigMap in a container. */
export interface ConfigFile {
  readonly text: string;
  readonly place: Place;
}

/** One container of a pod, as it starts. */
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
    private readonly sources: Sources,
  ) {
    this.name = asText(json.name) ?? '';
    this.image = parseImage(asText(json.image) ?? '');
    this.env = new Env(json, path, sources);
    this.mounts = readMounts(json, path, workload.volumes);
    this.ownsEntrypoint = asList(json.command).length > 0;
    this.words = [...this.readWords('command'), ...this.readWords('args')];
    const program = this.ownsEntrypoint ? undefined : entrypointProgram(this.image, this.words[0]?.text);
    let unread: string | undefined;
    this.invocations = this.read(program === undefined ? this.words
      : [{ text: program, path: [...path, 'image'], unknown: false }, ...this.words], (reason) => unread ??= reason);
    this.env.change(changes(this.invocations));
    if (asScalar(workload.annotations[ENV_FROM_VAULT]) !== undefined) this.env.change({ set: new Map(), sources: ['Vault'] });
    this.unread = this.env.tooLong ? tooLong('variables') : unread;
  }

  /** A place in this container; the container itself without a path. */
  public place(path: Path = this.path): Place {
    return { resource: this.workload.resource, container: this.name, path };
  }

  /** Whether `ports` has a number. */
  public declares(port: number): boolean {
    return asList(this.json.ports).some((entry) => asNumber(get(entry, 'containerPort')) === port);
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

  /** Bytes, cores or devices. Without a request the limit is the request. */
  public resource(kind: 'limits' | 'requests', name: string): number | undefined {
    return quantity(get(this.json, 'resources', kind, name));
  }

  /** In bytes: its own, or else that of its pod. */
  public get memoryLimit(): number | undefined {
    return this.resource('limits', 'memory') ?? quantity(get(this.workload.spec, 'resources', 'limits', 'memory'));
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
    // The runtime mounts memory there.
    if (!mount) return this.readOnlyRoot && !within(path, '/dev/shm') ? 'no' : 'yes';
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

  /** The same with its place in the ConfigMap. */
  public configFile(path: string): ConfigFile | undefined {
    const content = this.file(path);
    const absolute = this.absolute(path);
    const mount = absolute === undefined ? undefined : this.mountOf(absolute);
    const resource = mount && this.sources.configMap(asText(mount.volume.source.name) ?? '');
    if (content === undefined || !resource) return undefined;
    const name = Object.entries(asMap(resource.json.data)).find(([, value]) => value === content)?.[0];
    return { text: content, place: { resource, path: name === undefined ? ['data'] : ['data', name] } };
  }

  /** The ConfigMaps whose files a volume holds, as far as they are in sight. */
  public configMaps(volume: Volume): readonly Resource[] {
    return configMapNames(volume).flatMap((name) => this.sources.configMap(name) ?? []);
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
    const configMap = this.sources.configMap(asText(source.name) ?? '');
    if (!configMap) return undefined;
    const data = configMapData(configMap);
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
      return { text: expanded, path: [...this.path, key, i], unknown: partial || unresolved.length > 0, reference, unresolved };
    });
  }
}
