import { lazy } from '../memo';
import { grouped } from './grouped';
import { asMap } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { Process } from './process';
import { RedisServer } from './redis-server';
import { referencesOf } from './references';
import type { World } from './world';

/**
 * The first of the workloads that are alike but for the numbers in their name and namespace, for each that has such copies.
 *
 * What is told from a workload, and from the ConfigMaps and Secrets that it refers to, is the same for all its copies. Only those count that
 * share their spec, as the reader gives it to objects with the same text.
 */
const firsts = lazy((world: World): ReadonlyMap<Workload, Workload> => {
  const found = new Map<Workload, Workload>();
  for (const same of grouped(world.workloads.map((workload) => [workload.resource.json.spec, workload])).values()) {
    if (same.length === 1) continue;
    for (const copies of grouped(same.map((workload) => [look(workload, world), workload])).values()) {
      if (copies.length > 1) copies.forEach((workload) => found.set(workload, copies[0]));
    }
  }
  return found;
});

/** What copies have in common besides their spec: the content of what they refer to counts as the same only if it is the same object. */
function look(workload: Workload, world: World): string {
  const { resource: { apiVersion, kind, namespace, name, json, live } } = workload;
  const sources = referencesOf(workload).map((reference) => world.find(reference.kind, namespace, reference.name))
    .map((source) => source && [source.index, source.prefix]);
  const { name: _name, namespace: _namespace, ...metadata } = asMap(json.metadata);
  const others = Object.keys(json).filter((key) => !['apiVersion', 'kind', 'metadata', 'spec'].includes(key));
  return JSON.stringify([apiVersion, kind, live, shape(namespace), shape(name), metadata, others.map((key) => [key, json[key]]), sources]);
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
