import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { caseFiles, caseIds, CORPUS, load, violations } from './manifests';
import { Rules } from '../../src/constructs/validation/rules';
import { World } from '../../src/manifests/world';
import { CHECKS } from '../../src/rules/table';
import { runs } from '../random-runs';

const REAL = [
  ...caseIds().flatMap((id) => caseFiles(id, 'fail')).flatMap(load),
  ...readdirSync(CORPUS).flatMap((file) => load(join(CORPUS, file))),
];

/** A real manifest in which some values are replaced by anything. */
const DAMAGED = fc.tuple(fc.constantFrom(...REAL), fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { maxLength: 6 })).map(([object, changes]) => {
  const copy: unknown = JSON.parse(JSON.stringify(object));
  for (const [where, value] of changes) replace(copy, where, value);
  return copy;
});

function replace(root: unknown, where: number, value: unknown): void {
  const places: Array<[Record<string, unknown>, string]> = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  if (places.length === 0) return;
  const [holder, key] = places[where % places.length];
  holder[key] = value;
}

const ANYTHING = fc.array(fc.oneof(DAMAGED, fc.jsonValue(), fc.anything()), { maxLength: 6 });

test('lint never throws, whatever it is given', () => {
  fc.assert(fc.property(ANYTHING, (objects) => {
    Rules.lint(objects);
  }), { numRuns: runs(150) });
});

/** What they find depends on the other namespaces. */
const ACROSS = new Set(CHECKS.filter(({ across }) => across).map(({ id }) => id));

function report(objects: readonly unknown[]): string[] {
  return violations(objects).map(({ rule, at, value, note, severity }) =>
    JSON.stringify([rule.id, at.resource.kind, at.resource.namespace, at.resource.name, at.container, at.path, value, note, severity]));
}

test('the result is the same each time, and does not depend on the order of the objects', () => {
  fc.assert(fc.property(fc.shuffledSubarray(REAL, { minLength: 2, maxLength: 25 }), fc.infiniteStream(fc.nat()), (drawn, numbers) => {
    // Of objects with the same name the last counts, also of those that have it in API groups of which one is not Kubernetes' own.
    const world = new World(drawn);
    const replaced = new Set<unknown>([
      ...world.replaced.map(({ resource }) => resource.json),
      ...world.resources.filter((resource) => world.find(resource.kind, resource.namespace, resource.name) !== resource).map(({ json }) => json),
    ]);
    const objects = drawn.filter((object) => !replaced.has(object));
    const first = report(objects);
    expect(report(objects)).toEqual(first);
    const other = objects.map((object) => ({ object, at: numbers.next().value as number })).sort((a, b) => a.at - b.at).map(({ object }) => object);
    expect(report(other)).toEqual(first);
  }), { numRuns: runs(15) });
});

test('a whole set of manifests has the findings of its namespaces', () => {
  const files = caseIds().flatMap((id) => caseFiles(id, 'fail'));
  fc.assert(fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (drawn) => {
    const separate = drawn.map((file, i) => load(file).map((object) => {
      const copy = JSON.parse(JSON.stringify(object)) as { metadata?: object };
      return { ...copy, metadata: { ...copy.metadata, namespace: `ns-${i}` } };
    }));
    const within = (objects: readonly unknown[]) => report(objects).filter((line) => !ACROSS.has((JSON.parse(line) as string[])[0]));
    expect(within(separate.flat()).sort()).toEqual(separate.flatMap(within).sort());
  }), { numRuns: runs(1) });
});
