import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { alsoBreaks, caseFiles, caseIds, CASES, expected, finds, load, shown, violations } from './manifests';
import { conditions } from '../../src/rules/finding';
import { RULES } from '../../src/rules/table';

/** Everything that is found in a case, and what its own rule finds: severities with notes, as `warning: note, unless condition`, and each finding. */
function found(file: string, id: string) {
  const all = violations(load(file));
  const own = all.filter(({ rule }) => rule.id === id);
  return {
    rules: [...new Set(all.map(({ rule }) => rule.id))].sort(),
    severities: [...new Set(own.map(({ severity, note, unless }) => [severity, conditions(note, unless)].filter(Boolean).join(': ')))].sort(),
    findings: own.map(shown).sort(),
    severe: own.some((one) => one.severity === one.rule.severity),
  };
}

/** Which test file has the cases of which subjects: each takes some seconds. */
export const SUBJECTS = {
  celery: ['beat', 'code', 'delivery', 'env', 'flower', 'shutdown', 'suppressions'],
  servers: ['network', 'observability', 'rabbitmq', 'redis', 'scaling'],
  pods: ['admission', 'eviction', 'filesystem', 'images', 'install', 'probes', 'references', 'resources'],
};

/** Tests the cases of these subjects. */
export function testCases(subjects: readonly string[]): void {
  describe.each(caseIds().filter((id) => subjects.includes(id.split('/')[0])))('%s', testRule);
}

function testRule(id: string): void {
  const { severity } = RULES.find((one) => one.id === id)!;
  const [fails, passes] = [caseFiles(id, 'fail'), caseFiles(id, 'pass')];

  test('has a case that fails and one that passes, and nothing else', () => {
    const names = [...fails, ...passes].map((file) => basename(file));
    expect(names).toEqual(expect.arrayContaining(['fail.yaml', 'pass.yaml']));
    expect(names.sort()).toEqual(readdirSync(join(CASES, id)).sort());
  });

  test.each(fails.map((file) => [basename(file), file]))('%s fails, with the severity, the note, the place and the value that it expects', (name, file) => {
    const { rules, severities, findings, severe } = found(file, id);
    expect(rules).toEqual([id, ...alsoBreaks(file)].sort());
    expect(severities).toEqual(expected(file, severity));
    expect(findings).toEqual(finds(file));
    if (name === 'fail.yaml') expect(severe).toBe(true);
  });

  test.each(passes.map((file) => [basename(file), file]))('%s passes', (_name, file) => {
    expect(found(file, id).rules).toEqual(alsoBreaks(file));
  });
}
