import { readFileSync } from 'fs';
import { join } from 'path';
import { normalizeName } from './requirement';
import { PACKAGE_ROOT, packageText } from '../package-root';

/** What the package index says of a Celery that we have locks for; made by scripts/make-locks.py. */
export interface LockedCelery {
  /** The Pythons that this Celery supports, as a PEP 440 range. */
  readonly requiresPython: string;
  /** The redis-py versions that `celery[redis]` accepts together with the locked kombu. */
  readonly redis: string;
  /** The kombu versions that this Celery accepts. */
  readonly kombu: string;
  /** The Pythons that there is a lock for. */
  readonly pythons: readonly string[];
}

interface LockIndex {
  /** What a pod may need, which is the name of its list, and the requirement that stands for it. */
  readonly needs: Record<string, string>;
  readonly celery: Record<string, LockedCelery>;
  readonly yanked: { readonly celery: Record<string, string> };
  /** The Pythons of every Celery 5 that is not yanked. */
  readonly known: Record<string, string>;
  /** What can be had of each project, oldest first, and what it asks for. */
  readonly releases: {
    /** Where there is no `redis`, the extra of kombu decides. */
    readonly celery: Record<string, { readonly kombu: string; readonly redis?: string }>;
    /** The redis-py that its `redis` extra accepts. */
    readonly kombu: Record<string, string>;
    readonly redis: readonly string[];
  };
}

/** The whole tree of packages of one Celery on one Python. */
export interface PythonLock {
  /** The text of the constraints file. */
  readonly constraints: string;
  /** The lists with hashes, by need. Those of any needs go together; each is in addition to that of `BASE`. */
  readonly lists: ReadonlyMap<string, string>;
  /** Normalized package name to version. */
  readonly versions: ReadonlyMap<string, string>;
}

const LOCKS = join(PACKAGE_ROOT, 'locks');

/** What every pod needs: Celery itself. */
export const BASE = 'base';

let index: LockIndex | undefined;

/** The table of Celery versions. */
export function lockIndex(): LockIndex {
  return index ??= JSON.parse(packageText('locks', 'index.json')) as LockIndex;
}

const locks = new Map<string, PythonLock>();

/** The lock of a Celery and a Python that the table has. */
export function pythonLock(celery: string, python: string): PythonLock {
  const name = `celery-${celery}-python${python}`;
  let lock = locks.get(name);
  if (!lock) {
    const constraints = readFileSync(join(LOCKS, `${name}.txt`), 'utf8');
    const lists = new Map(Object.keys(lockIndex().needs).map((need) => [need, readFileSync(join(LOCKS, name, `${need}.txt`), 'utf8')]));
    const pins = constraints.split('\n').filter((line) => /^[a-z0-9]/i.test(line)).map((line) => line.split('==') as [string, string]);
    lock = { constraints, lists, versions: new Map(pins.map(([pinned, version]) => [normalizeName(pinned), version.trim()])) };
    locks.set(name, lock);
  }
  return lock;
}

/** The requirement that stands for a need: `celery[redis]==5.3.4`, `flower==2.2.0`. */
export function lockedRequirement(need: string, { versions }: PythonLock): string {
  const requirement = lockIndex().needs[need];
  return `${requirement}==${versions.get(requirement.replace(/\[.*/, ''))}`;
}
