import { lazy } from '../memo';
import { grouped } from './grouped';
import { asMap } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { Process } from './process';
import { RedisServer } from './redis-server';
import { referencesOf } from './references';
import type { Resource } from './resource';
import type { World } from './world';

/**
 * The first of the workloads that are alike but for the numbers in their name and namespace, for each that has such copies.
 *
 * What a workload shows, with the ConfigMaps and Secrets that it refers to, is the same for all its copies.
 */
const firsts = lazy((world: World): ReadonlyMap<Workload, Workload> => {
  const found = new Map<Workload, Workload>();
  const specs = new Map<unknown, number>();
  for (const some of alike(world.workloads, ({ resource }) => outline(resource))) {
    for (const copies of alike(some, (workload) => look(workload, world, specs))) copies.forEach((workload) => found.set(workload, copies[0]));
  }
  return found;
});

/** Those that have the same look as another one, together. */
function alike(workloads: readonly Workload[], by: (workload: Workload) => unknown): Array<readonly Workload[]> {
  return [...grouped(workloads.map((workload) => [by(workload), workload])).values()].filter(({ length }) => length > 1);
}

/** A quick comparison before that of the content. */
function outline({ apiVersion, kind, namespace, name, live }: Resource): string {
  return `${apiVersion} ${kind} ${shape(namespace)} ${shape(name)} ${live}`;
}

/** What copies have in common: the content of what they refer to counts as the same only if it is the same object. */
function look(workload: Workload, world: World, specs: Map<unknown, number>): unknown {
  const { resource: { namespace, name, json } } = workload;
  const sources = referencesOf(workload).map((reference) => world.find(reference.kind, namespace, reference.name))
    .map((source) => source && [source.index, source.prefix]);
  const { name: _name, namespace: _namespace, ...metadata } = asMap(json.metadata);
  const { spec, metadata: _metadata, ...rest } = json;
  try {
    return `${specOf(workload, specs)} ${withoutName(JSON.stringify([metadata, rest]), name)} ${JSON.stringify(sources)}`;
  } catch {
    // Cycles and such come from no manifest: they are like no others.
    return workload;
  }
}

/** The number of a spec, of those that differ in more than the name of the workload. The reader gives the same object for the same text. */
function specOf({ resource: { json: { spec }, name }, allContainers }: Workload, specs: Map<unknown, number>): number {
  const known = specs.get(spec);
  if (known !== undefined) return known;
  // The numbers in the name of an image are those of a version.
  const text = [withoutName(JSON.stringify(spec), name), ...allContainers.map(({ json }) => json.image)].join(' ');
  const number = specs.get(text) ?? specs.size;
  specs.set(text, number);
  specs.set(spec, number);
  return number;
}

const WITHIN_WORD = { before: /[A-Za-z0-9]$|\d\.$/, after: /^[A-Za-z0-9]|^\.\d/ };

/** A text of JSON without a name where it is a word of its own, or part of a longer one: `worker-1-config`, and not worker-1.5 or worker-10. */
function withoutName(json: string, name: string): string {
  // Without letters it may be any number.
  if (!/^[a-z].*\d/.test(name)) return json;
  let [found, from] = ['', 0];
  for (let at = json.indexOf(name); at >= 0; at = json.indexOf(name, at + name.length)) {
    const end = at + name.length;
    if (WITHIN_WORD.before.test(json.slice(Math.max(0, at - 2), at)) || WITHIN_WORD.after.test(json.slice(end, end + 2))) continue;
    found += `${json.slice(from, at)}\0`;
    from = end;
  }
  return found + json.slice(from);
}

/** A name, whatever its numbers are. */
export function shape(name: string): string {
  return name.replace(/\d/g, '0');
}

/** The places in workloads that have copies, and what is at them. */
const places = lazy((_world: World) => ({ ofItem: new Map<unknown, object | null>(), ofFirst: new Map<Workload, Map<string, object>>() }));

/** Of what rules look at: what it shares with what has the same place in the copies of its workload. Undefined where there are none. */
export function placeInCopies(item: unknown, world: World): object | undefined {
  if (firsts(world).size === 0) return undefined;
  const { ofItem } = places(world);
  const known = ofItem.get(item);
  if (known !== undefined) return known ?? undefined;
  const found = locate(item, world);
  ofItem.set(item, found ?? null);
  return found;
}

function locate(item: unknown, world: World): object | undefined {
  const workload = item instanceof Workload ? item : item instanceof Container || item instanceof Process ? item.workload
    : item instanceof RedisServer ? item.container.workload : undefined;
  const first = workload && firsts(world).get(workload);
  if (!first) return undefined;
  const path = item instanceof Workload ? [] : item instanceof Container ? item.path : (item as Process | RedisServer).container.path;
  // Names of other workloads may tell the role of a process.
  const more = item instanceof Process ? [world.in(workload).indexOf(item), item.role, item.hint?.reason, item.hint?.sure] : [];
  const place = [(item as object).constructor.name, ...path, ...more].join('\0');
  const { ofFirst } = places(world);
  const own = ofFirst.get(first) ?? ofFirst.set(first, new Map()).get(first)!;
  return own.get(place) ?? own.set(place, {}).get(place);
}

/** The same function of a workload, which is not asked again for copies of one for which it finds nothing. */
export function unlessCopied<Found>(find: (workload: Workload) => readonly Found[], world: World): (workload: Workload) => readonly Found[] {
  const right = new Set<Workload>();
  return (workload) => {
    const first = firsts(world).get(workload);
    if (first === undefined) return find(workload);
    if (right.has(first)) return [];
    const found = find(workload);
    if (found.length === 0) right.add(first);
    return found;
  };
}
