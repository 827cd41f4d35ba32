import { join } from 'node:path';
import { alsoBreaks, caseIds, CASES, load } from './manifests';
import { examine } from '../../src/rules/engine';
import { RULES } from '../../src/rules/table';

/** Its case would be a file of a mebibyte: see sizes.test.ts. */
const WITHOUT_FILES = ['code/configmap-too-large'];

function broken(file: string): string[] {
  return [...new Set(examine(load(file)).map(({ rule }) => rule.id))].sort();
}

test('there is a case for every rule, and a rule for every case', () => {
  expect(RULES.map(({ id }) => id).filter((id) => !WITHOUT_FILES.includes(id)).sort()).toEqual(caseIds());
});

describe.each(caseIds())('%s', (id) => {
  const fail = join(CASES, id, 'fail.yaml');
  const pass = join(CASES, id, 'pass.yaml');

  test('fails', () => {
    expect(broken(fail)).toEqual([id, ...alsoBreaks(fail)].sort());
  });

  test('passes', () => {
    expect(broken(pass)).toEqual(alsoBreaks(pass));
  });

  test('has its own severity in the failing case', () => {
    const rule = RULES.find((one) => one.id === id)!;
    expect(examine(load(fail)).some((one) => one.rule.id === id && one.severity === rule.severity)).toBe(true);
  });
});

describe('the table', () => {
  test('has no id twice', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });

  test.each(RULES.map((rule) => [rule.id, rule] as const))('%s says what, why and how to fix it', (id, rule) => {
    expect(id).toMatch(/^[a-z]+\/[a-z0-9-]+$/);
    expect(rule.title).not.toMatch(/\.$/);
    expect(rule.why).toMatch(/\.$/);
    expect(rule.fix).toMatch(/\.$/);
    expect(rule.source).not.toBe('');
  });
});
