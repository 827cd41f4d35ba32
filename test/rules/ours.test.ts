import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load, parse, violations } from './manifests';
import { outputOf } from '../programs';

const ROOT = join(__dirname, '../..');

function found(objects: readonly unknown[]): string[] {
  return violations(objects).map(({ rule }) => rule.id);
}

test.each(['main.ts', ...readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}/main.ts`)])('nothing is found in what %s writes', (main) => {
  const objects = Object.values(outputOf(join(ROOT, main))).flatMap(parse);
  expect(objects.length).toBeGreaterThan(0);
  expect(found(objects)).toEqual([]);
});

/** The failures that this project began with. */
test.each([
  ['read-only-schedule', 'beat/schedule-not-writable'],
  ['pip-conflict', 'install/redis-pin-conflict'],
  ['probe-loop', 'install/killed-while-installing'],
  ['unlocked-install', 'install/kombu-needs-packaging'],
])('%s is found by %s', (name, id) => {
  expect(found(load(join(ROOT, `test/e2e/fixtures/before/${name}.yaml`)))).toContain(id);
});
