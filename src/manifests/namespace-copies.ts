import { lazy } from '../memo';
import type { Invocation } from './command/command';
import { shape } from './copies';
import { grouped } from './grouped';
import { hasCelery, kindIn } from './in-namespace';
import { asMap, JsonObject } from './json';
import { secretData } from './pod/sources';
import { probesOf } from './probes';
import { fingerprint, Resource } from './resource';
import type { World } from './world';

/** An input without the namespaces that hold the same as another one. */
export interface Without {
  readonly world: World;
  /** The objects that are left out, by the one that each is like. */
  readonly copies: ReadonlyMap<Resource, readonly Resource[]>;
}

/**
 * The first of the namespaces that hold the same objects, and whose names differ in numbers only, for all of them: those of tenants, mostly.
 *
 * Undefined where there are none. One that others name is no copy, and there are none next to objects in no namespace.
 */
export const withoutCopies = lazy((world: World): Without | undefined => {
  const named = grouped(world.resources.map((resource) => [home(resource), resource]));
  if (named.size < 2 || named.has('')) return undefined;
  // A server in a namespace without Celery may be for the processes of all others, and a kustomization may build what is in them.
  const mayBeCopy = (namespace: string): boolean => hasCelery(namespace, world) && kindIn('Kustomization', namespace, world).length === 0;
  const alike = [...grouped([...named].map(([namespace, resources]) =>
    [mayBeCopy(namespace) ? resources.map(outline).join('\n') : namespace, resources])).values()];
  if (alike.length === named.size) return undefined;
  const given = new Map<unknown, number>();
  const same = alike.flatMap((some) => some.length === 1 ? [some]
    : [...grouped(some.map((resources) => [content(resources, given), resources])).values()]);
  if (same.length === named.size) return undefined;
  const names = mentioned(same.map(([first]) => first), same.filter(({ length }) => length > 1).flat().map(([resource]) => home(resource)), world);
  if (names === undefined) return undefined;
  const copies = new Map<Resource, Resource[]>();
  for (const some of same) {
    const [first, ...others] = some.filter((resources) => !names.has(home(resources[0]).toLowerCase()));
    if (others.length > 0 && !isReplaced(first)) first.forEach((resource, i) => copies.set(resource, others.map((resources) => resources[i])));
  }
  if (copies.size === 0) return undefined;
  const left = new Set([...copies.values()].flat());
  return { world: world.of(new Set(world.resources.filter((resource) => !left.has(resource)))), copies };
});

/** The namespace that an object is in, or makes. */
export function home({ kind, namespace, name }: Resource): string {
  return kind === 'Namespace' ? name : namespace;
}

/** A quick comparison before that of the content. */
function outline({ kind, namespace, name, prefix, live }: Resource): string {
  return `${kind} ${shape(namespace)} ${kind === 'Namespace' ? shape(name) : name} ${prefix.join('/')} ${live}`;
}

/** All of the objects but where they are: specs are the same if they are one object, as the reader makes of those with the same text. */
function content(resources: readonly Resource[], given: Map<unknown, number>): unknown {
  try {
    return resources.map(({ json }) => {
      const { spec, ...rest } = withoutPlace(json);
      if (!given.has(spec)) given.set(spec, given.size);
      return `${given.get(spec)} ${JSON.stringify(rest)}`;
    }).join('\n');
  } catch {
    // Cycles and such come from no manifest: they are like no others.
    return resources;
  }
}

function withoutPlace(json: JsonObject): JsonObject {
  const { namespace: _, ...metadata } = asMap(json.metadata);
  return { ...json, metadata: json.kind === 'Namespace' ? { ...metadata, name: '' } : metadata };
}

/** More kinds of names are not looked for. */
const MOST_SHAPES = 50;

/**
 * Which of the names the objects have in their text, also encoded, in a longer word or put together from variables or by a shell.
 *
 * Undefined for too many kinds of names.
 */
function mentioned(namespaces: ReadonlyArray<readonly Resource[]>, names: readonly string[], world: World): ReadonlySet<string> | undefined {
  const shapes = [...new Set(names.map((name) => shape(name.toLowerCase())))].sort((one, other) => other.length - one.length)
    .map((name) => `${name.replace(/\W/g, '\\$&').replaceAll('0', '\\d')}(?!\\d)`);
  if (shapes.length > MOST_SHAPES) return undefined;
  const longest = new RegExp(`(?<!\\d)(?:${shapes.join('|')})`, 'g');
  const resources = namespaces.flat();
  const found = new Set<string>();
  for (const text of [...resources.map(textOf), ...computed(new Set(resources), world)].map((one) => one.toLowerCase())) {
    // One may begin within another, or be how it begins.
    for (let match; (match = longest.exec(text)) !== null; longest.lastIndex = match.index + 1) found.add(match[0]);
  }
  const each = shapes.map((one) => new RegExp(`^${one}`));
  return new Set([...found].flatMap((name) => each.flatMap((one) => one.exec(name) ?? [])));
}

function textOf(resource: Resource): string {
  const text = fingerprint(withoutPlace(resource.json));
  return resource.kind === 'Secret' ? [text, ...secretData(resource).values()].join('\n') : text;
}

/** What is not as it is written: the values of variables, and the words of commands. */
function computed(resources: ReadonlySet<Resource>, world: World): string[] {
  const commands = ({ words, assignments }: Invocation): string[] => [...words.map(({ text }) => text), ...assignments.values()];
  return world.workloads.filter(({ resource }) => resources.has(resource)).flatMap(({ allContainers }) => allContainers).flatMap((container) => [
    ...[...container.env.all()].flatMap(({ value, raw }) => value === undefined || value === raw ? [] : [value]),
    ...container.words.map(({ text }) => text),
    ...[...container.invocations, ...probesOf(container).flatMap((probe) => probe.invocations)].flatMap(commands),
  ]);
}

/** Whether an object of theirs is given twice: which of them counts depends on where they are in the input. */
function isReplaced(resources: readonly Resource[]): boolean {
  return new Set(resources.map(({ kind, name }) => `${kind} ${name}`)).size < resources.length;
}
