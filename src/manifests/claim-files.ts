import { Container } from './pod/container';
import { isReadOnly } from './pod/volumes';
import { Workload } from './pod/workload';

/** A file on a claim, the same for all pods that mount it. */
export interface ClaimFile {
  readonly claim: string;
  /** The path within the volume. */
  readonly path: string;
}

/** Where on a claim a file is that a container writes; undefined where it is on none, or where each pod has a folder of its own. */
export function claimFile(container: Container, path: string | undefined): ClaimFile | undefined {
  const mount = path === undefined ? undefined : container.mountOf(path);
  // The claims of a StatefulSet's own template belong to one pod each.
  if (path === undefined || mount?.volume.kind !== 'claim' || mount.volume.claim === undefined || isReadOnly(mount)) return undefined;
  if (mount.subPath?.includes('$(')) return undefined;
  const inside = path.slice(mount.mountPath.replace(/\/$/, '').length + 1);
  return { claim: mount.volume.claim, path: [mount.subPath?.replace(/^\/+|\/+$/g, ''), inside].filter(Boolean).join('/') };
}

/** What writes a file: a process, or a server. */
interface Writer {
  readonly workload: Workload;
}

/** A file that processes of several workloads write, of each workload the first. */
export interface SharedFile<W extends Writer> {
  readonly file: ClaimFile;
  readonly processes: readonly W[];
}

/** The files of claims that several workloads write. */
export function sharedFiles<W extends Writer>(files: ReadonlyArray<readonly [W, ClaimFile | undefined]>): SharedFile<W>[] {
  const groups = new Map<string, { readonly file: ClaimFile; readonly processes: Map<string, W> }>();
  for (const [process, file] of files) {
    const { resource, replicas, longRunning } = process.workload;
    if (!file || replicas === 0 || !longRunning) continue;
    const key = JSON.stringify([resource.namespace, file.claim, file.path]);
    const group = groups.get(key) ?? { file, processes: new Map<string, W>() };
    groups.set(key, group);
    const name = `${resource.kind} ${resource.name}`;
    if (!group.processes.has(name)) group.processes.set(name, process);
  }
  return [...groups.values()].map(({ file, processes }) => ({ file, processes: [...processes.values()] }))
    .filter(({ processes }) => processes.length > 1);
}
