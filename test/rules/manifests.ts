import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyInput, parseText } from '../../src/cli/input/files';
import { showObject, toFinding } from '../../src/rules/finding';
import { lintObjects } from '../../src/rules/lint';
import { Violation } from '../../src/rules/rule';

/** What the rules find. */
export function violations(objects: readonly unknown[]): readonly Violation[] {
  return lintObjects(objects).violations;
}

export const CASES = join(__dirname, 'cases');
export const CORPUS = join(__dirname, 'corpus');

export function parse(text: string): unknown[] {
  const { documents, problems } = parseText('test', text, emptyInput());
  if (problems.length > 0) throw new Error(problems[0].message);
  return documents.map(({ value }) => value);
}

export function load(file: string): unknown[] {
  return parse(readFileSync(file, 'utf8'));
}

/** The cases on disk: one folder for each rule. */
export function caseIds(): string[] {
  return readdirSync(CASES).flatMap((subject) => readdirSync(join(CASES, subject)).map((rule) => `${subject}/${rule}`)).sort();
}

/** The files of a rule's cases: `fail.yaml` and `pass.yaml`, and more of both, such as `pass-just-below.yaml`. */
export function caseFiles(id: string, which: 'fail' | 'pass'): string[] {
  return readdirSync(join(CASES, id)).filter((name) => name === `${which}.yaml` || name.startsWith(`${which}-`)).sort().map((name) => join(CASES, id, name));
}

/** Comments of a case, `# name: ...`. */
function comments(file: string, name: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(new RegExp(`^# ${name}: (.*)$`, 'gm'))].map(([, text]) => text);
}

/** Further rules that a case breaks in addition to its own, by the comment `# also: ...` at its top. */
export function alsoBreaks(file: string): string[] {
  return comments(file, 'also').flatMap((ids) => ids.split(',')).map((id) => id.trim());
}

/**
 * The severities and notes of what a case's own rule finds in it, by comments `# expect: warning: unless the application sets it`;
 * without one, that of the rule, and no note.
 */
export function expected(file: string, severity: string): string[] {
  const given = comments(file, 'expect');
  return given.length > 0 ? given.sort() : [severity];
}

/** Where a finding is and what it shows of the manifest, as in a comment `# finds: ...` of a case; its fix, unless it is that of the rule. */
export function shown(violation: Violation): string {
  const { path, value, allowed, fix, ...finding } = toFinding(violation);
  return [
    `${showObject(finding)}${path === '' ? '' : `, ${path}`}`, ...value === undefined ? [] : [`has ${JSON.stringify(value)}`],
    ...allowed === undefined ? [] : [`allowed: ${allowed}`], ...fix === violation.rule.fix ? [] : [`fix: ${fix}`],
  ].join('; ').replaceAll('\n', '\\n');
}

/** The findings of a case's own rule, by comments `# finds: ...` at its top. */
export function finds(file: string): string[] {
  return comments(file, 'finds').sort();
}
