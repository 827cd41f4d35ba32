import { readFileSync } from 'fs';
import { join } from 'path';
import { normalizeName, parseRequirement } from './requirement';
import { remembered } from '../memo';
import { PACKAGE_ROOT, packageText } from '../package-root';

/** What the package index says of a Celery that we have locks for; made by scripts/make-locks.py. */
export interface LockedCelery {
  /** The Pythons that this Celery supports, as a PEP 440 range. */
  readonly requiresPython: string;
  /** The redis-py versions that `celery[redis]` accepts together with the locked kombu. */
  readonly redis: string;
  /** The kombu versions that this Celery accepts. */
  readonly kombu: string;
  /** The Django versions that the locked django-celery-beat accepts. */
  readonly django: string;
  /** The Pythons that there is a lock for. */
  readonly pythons: readonly string[];
}

interface LockIndex {
  /** What a pod may need, which is the name of its list, and the requirement that stands for it. */
  readonly needs: Record<string, string>;
  /** The needs that another one has in turn. */
  readonly together: Record<string, readonly string[]>;
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
  /** The lists with hashes, by need. Those of any needs go together; each is in addition to that of `BASE`, and no package is in two. */
  readonly lists: ReadonlyMap<string, string>;
  /** Normalized package name to version. */
  readonly versions: ReadonlyMap<string, string>;
}

const LOCKS = join(PACKAGE_ROOT, 'locks');

/** What every pod needs: Celery itself. */
export const BASE = 'base';

/** The table of Celery versions. */
export const lockIndex = remembered((): LockIndex => JSON.parse(packageText('locks', 'index.json')) as LockIndex);

/** The lock of a Celery and a Python that the table has. */
export const pythonLock = remembered((celery: string, python: string): PythonLock => {
  const name = `celery-${celery}-python${python}`;
  const constraints = readFileSync(join(LOCKS, `${name}.txt`), 'utf8');
  const lists = new Map(Object.keys(lockIndex().needs).map((need) => [need, readFileSync(join(LOCKS, name, `${need}.txt`), 'utf8')]));
  const pins = constraints.split('\n').filter((line) => PINNED.test(line)).map((line) => line.split('==') as [string, string]);
  return { constraints, lists, versions: new Map(pins.map(([pinned, version]) => [normalizeName(pinned), version.trim()])) };
});

/**
 * A lock with the lists of some needs and no others, so that the versions of packages that nobody needs bind nobody. `given` are packages of
 * which the user's requirements choose the version.
 */
export function partOf(lock: PythonLock, needs: readonly string[], given: readonly string[]): PythonLock {
  const lists = new Map([...lock.lists].filter(([need]) => needs.includes(need)).map(([need, list]) => [need, without(list, given)]));
  const packages = new Set([...lists.values()].flatMap((list) => [...list.matchAll(PIN)].map(([, name]) => normalizeName(name))));
  return {
    constraints: lock.constraints.split('\n').filter((line) => !PINNED.test(line) || packages.has(normalizeName(line.split('==', 1)[0]))).join('\n'),
    lists,
    versions: new Map([...lock.versions].filter(([name]) => packages.has(name))),
  };
}

const PINNED = /^[a-z0-9]/i;
const PIN = /^([a-z0-9][\w.-]*)==/gim;

/** A list without some of its packages, and their hashes. */
function without(list: string, names: readonly string[]): string {
  return names.reduce((text, name) => text.replace(new RegExp(`^${name}==(?:.*\\\\\n)*.*\n`, 'gim'), ''), list);
}

/** Packages in a lock that an app brings itself, in the version that it is written for: Django, of django-celery-beat. */
export const BROUGHT_BY_APPS: readonly string[] = ['django'];

/** The needs that a requirement of a user stands for; undefined where something is in it that no list has. */
export function needsOf(text: string): readonly string[] | undefined {
  const requirement = parseRequirement(text);
  // What a marker says is up to pip.
  if (!requirement || requirement.url !== undefined || text.includes(';')) return undefined;
  const wanted = requirement.extras.length === 0 ? [requirement.name] : requirement.extras.map((extra) => `${requirement.name}[${normalizeName(extra)}]`);
  const needs = wanted.map((each) => Object.entries(lockIndex().needs).find(([, named]) => named === each)?.[0]);
  return needs.every((need) => need !== undefined) ? needs : undefined;
}

/** The needs with those that they have in turn, each once, in the order of the index. */
export function allNeeds(needs: readonly string[]): string[] {
  const { needs: known, together } = lockIndex();
  const wanted = new Set(needs.flatMap((need) => [need, ...together[need] ?? []]));
  return Object.keys(known).filter((need) => wanted.has(need));
}

/** A requirement, and the lists with what it needs. */
export interface LockedRequirement {
  readonly text: string;
  readonly lists: readonly string[];
}

/** The requirements that stand for needs, one for each package: `celery[redis,sqs]==5.6.3`, `flower==2.2.0`. */
export function lockedRequirements(needs: readonly string[], { versions }: PythonLock): LockedRequirement[] {
  const packages = new Map<string, { extras: string[]; lists: string[] }>();
  for (const need of needs) {
    const { name, extras } = parseRequirement(lockIndex().needs[need])!;
    const found = packages.get(name) ?? { extras: [], lists: [] };
    packages.set(name, { extras: [...found.extras, ...extras], lists: [...found.lists, need] });
  }
  return [...packages].map(([name, { extras, lists }]) => ({ text: `${name}${extras.length > 0 ? `[${extras.join(',')}]` : ''}==${versions.get(name)}`, lists }));
}
