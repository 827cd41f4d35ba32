import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const CASES = join(__dirname, 'cases');
export const CORPUS = join(__dirname, 'corpus');

export function parse(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  });
}

export function load(file: string): unknown[] {
  return parse(readFileSync(file, 'utf8'));
}

/** The cases on disk: one folder for each rule. */
export function caseIds(): string[] {
  return readdirSync(CASES).flatMap((subject) => readdirSync(join(CASES, subject)).map((rule) => `${subject}/${rule}`)).sort();
}

/** Further rules that a case breaks beside its own, by the comment `# also: ...` at its top. */
export function alsoBreaks(file: string): string[] {
  return /^# also: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1].split(',').map((id) => id.trim()) ?? [];
}
