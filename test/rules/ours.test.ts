import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load } from './manifests';
import { examine } from '../../src/rules/engine';
import { Severity } from '../../src/rules/severity';

const ROOT = join(__dirname, '../..');

function found(files: readonly string[]): string[] {
  return examine(files.flatMap(load)).filter(({ severity }) => severity !== Severity.INFO).map(({ rule }) => rule.id);
}

function manifests(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.yaml')).map((name) => join(ROOT, folder, name));
}

const examples = readdirSync(join(ROOT, 'examples')).map((name) => `examples/${name}/dist`).filter((folder) => existsSync(join(ROOT, folder)));

test.each(['dist', ...examples])('nothing is found in %s', (folder) => {
  expect(manifests(folder).length).toBeGreaterThan(0);
  expect(found(manifests(folder))).toEqual([]);
});

/** The failures that this project began with. */
test.each([
  ['read-only-schedule', 'beat/schedule-not-writable'],
  ['pip-conflict', 'install/redis-pin-conflict'],
  ['probe-loop', 'install/killed-while-installing'],
  ['unlocked-install', 'install/kombu-needs-packaging'],
])('%s is found by %s', (name, id) => {
  expect(found([join(ROOT, `test/e2e/fixtures/before/${name}.yaml`)])).toContain(id);
});
