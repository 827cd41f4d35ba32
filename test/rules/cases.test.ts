import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { alsoBreaks, caseFiles, caseIds, CASES, expected, load, violations } from './manifests';
import { conditions } from '../../src/rules/finding';
import { RULES } from '../../src/rules/table';

/** Its case would be a file of a mebibyte: see sizes.test.ts. */
const WITHOUT_FILES = ['code/configmap-too-large'];

function broken(file: string): string[] {
  return [...new Set(violations(load(file)).map(({ rule }) => rule.id))].sort();
}

test('there is a case for every rule, and a rule for every case', () => {
  expect(RULES.map(({ id }) => id).filter((id) => !WITHOUT_FILES.includes(id)).sort()).toEqual(caseIds());
});

/** What a rule finds, as `warning: note, unless condition`. */
function found(file: string, id: string): string[] {
  const own = violations(load(file)).filter(({ rule }) => rule.id === id);
  return [...new Set(own.map(({ severity, note, unless }) => [severity, conditions(note, unless)].filter(Boolean).join(': ')))].sort();
}

describe.each(caseIds())('%s', (id) => {
  const { severity } = RULES.find((one) => one.id === id)!;
  const [fails, passes] = [caseFiles(id, 'fail'), caseFiles(id, 'pass')];

  test('has a case that fails and one that passes, and nothing else', () => {
    const names = [...fails, ...passes].map((file) => basename(file));
    expect(names).toEqual(expect.arrayContaining(['fail.yaml', 'pass.yaml']));
    expect(names.sort()).toEqual(readdirSync(join(CASES, id)).sort());
  });

  test.each(fails.map((file) => [basename(file), file]))('%s fails, with the severity and the note that it expects', (_name, file) => {
    expect(broken(file)).toEqual([id, ...alsoBreaks(file)].sort());
    expect(found(file, id)).toEqual(expected(file, severity));
  });

  test.each(passes.map((file) => [basename(file), file]))('%s passes', (_name, file) => {
    expect(broken(file)).toEqual(alsoBreaks(file));
  });

  test('has its own severity in fail.yaml', () => {
    expect(violations(load(join(CASES, id, 'fail.yaml'))).some((one) => one.rule.id === id && one.severity === severity)).toBe(true);
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
