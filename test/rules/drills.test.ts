import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { alsoBreaks, load, violations } from './manifests';
import { DRILLED } from '../../src/rules/drilled';
import { atLeast, Severity } from '../../src/rules/severity';
import { DRILLS } from '../drills/rules/drills';

const FOLDER = join(__dirname, '../drills/rules');
const ids = Object.keys(DRILLS).sort();

/** What the rule of a drill, and all others that are not only good to know, find in a manifest. */
function broken(file: string, id: string): string[] {
  const found = violations(load(file)).filter(({ rule, severity }) => rule.id === id || atLeast(severity, Severity.WARNING));
  return [...new Set(found.map(({ rule }) => rule.id))].sort();
}

// On a cluster, test/drills/rules.test.ts shows that the rule is right.
describe.each(ids)('%s', (id) => {
  const fail = join(FOLDER, id, 'fail.yaml');
  const pass = join(FOLDER, id, 'pass.yaml');

  test('is found in the manifest that fails', () => {
    expect(broken(fail, id)).toEqual([id, ...alsoBreaks(fail)].sort());
  });

  test('is not found in the one that passes', () => {
    expect(broken(pass, id)).toEqual(alsoBreaks(pass));
  });
});

test('every pair of manifests is drilled', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'app');
  expect(folders.flatMap(({ name }) => readdirSync(join(FOLDER, name)).map((rule) => `${name}/${rule}`)).sort()).toEqual(ids);
});

describe('docs/rules/drills.md', () => {
  test('names all drills', () => {
    expect(DRILLED.flatMap(({ drills }) => Object.keys(drills)).sort()).toEqual(ids);
  });

  test('has the 20 most common failures, each with a drill or a reason why not', () => {
    expect(DRILLED).toHaveLength(20);
    expect(DRILLED.filter(({ drills, elsewhere }) => Object.keys(drills).length === 0 && elsewhere === undefined)).toEqual([]);
    expect(ids.length).toBeGreaterThanOrEqual(20);
  });
});
