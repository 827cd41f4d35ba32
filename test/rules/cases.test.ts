import { SUBJECTS } from './case-tests';
import { caseIds } from './manifests';
import { RULES } from '../../src/rules/table';

/** Its case would be a file of a mebibyte: see sizes.test.ts. */
const WITHOUT_FILES = ['code/configmap-too-large'];

test('there is a case for every rule, and a rule for every case', () => {
  expect(RULES.map(({ id }) => id).filter((id) => !WITHOUT_FILES.includes(id)).sort()).toEqual(caseIds());
});

test('the cases of every subject are tested by one file', () => {
  expect(Object.values(SUBJECTS).flat().sort()).toEqual([...new Set(caseIds().map((id) => id.split('/')[0]))].sort());
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
