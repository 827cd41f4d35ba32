import { createHash } from 'node:crypto';
import { LocatedFinding } from './result';
import { remembered } from '../../memo';
import { toFinding } from '../../rules/finding';
import { Violation } from '../../rules/rule';

/** A violation as it is printed, with its place in the files. */
export function located(violation: Violation, place: { readonly file: string; readonly line: number }): LocatedFinding {
  const finding = toFinding(violation);
  const { rule, note } = violation;
  return Object.assign(finding, {
    file: place.file, line: place.line, certainty: finding.unless === undefined ? 'certain' as const : 'hedged' as const,
    group: groupOf(rule.id, finding.severity, finding.unless ?? '', finding.fix), title: rule.title, why: firstSentence(rule.why),
    // As it is in the message.
    note: note === undefined ? undefined : toFinding({ ...violation, unless: undefined }).message.slice(rule.title.length + 2),
  });
}

/** The same for all findings of a rule with one text. */
const groupOf = remembered((rule: string, severity: string, unless: string, fix: string): string =>
  `${rule}#${createHash('sha1').update(JSON.stringify([severity, unless, fix])).digest('hex').slice(0, 8)}`);

/** Up to the first full stop outside of a quotation. */
export const firstSentence = remembered((text: string): string => {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '`') quoted = !quoted;
    if (!quoted && text[at] === '.' && (at + 1 === text.length || /^\. [A-Z`(]/.test(text.slice(at, at + 3)))) return text.slice(0, at + 1);
  }
  return text;
});
