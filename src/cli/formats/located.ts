import { createHash } from 'node:crypto';
import { LocatedFinding } from './result';
import { conditions, toFinding } from '../../rules/finding';
import { Violation } from '../../rules/rule';

/** A violation as it is printed, with its place in the files. */
export function located(violation: Violation, place: { readonly file: string; readonly line: number }): LocatedFinding {
  const finding = toFinding(violation);
  const { rule, note } = violation;
  const special = conditions(note, violation.unless);
  return {
    ...finding, ...place, certainty: finding.unless === undefined ? 'certain' : 'hedged',
    group: `${rule.id}#${createHash('sha1').update(JSON.stringify([finding.severity, finding.unless, finding.fix])).digest('hex').slice(0, 8)}`,
    title: rule.title, why: firstSentence(rule.why),
    // As long as it is in the message.
    note: special === '' || note === undefined ? undefined : toFinding({ ...violation, unless: undefined }).message.slice(rule.title.length + 2),
  };
}

/** Up to the first full stop outside of a quotation. */
export function firstSentence(text: string): string {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '`') quoted = !quoted;
    if (!quoted && text[at] === '.' && (at + 1 === text.length || /^\. [A-Z`(]/.test(text.slice(at, at + 3)))) return text.slice(0, at + 1);
  }
  return text;
}
