import { LocatedFinding, Result } from './result';
import { notChecked, plural } from './words';
import { showObject } from '../../rules/finding';
import { printable, printableLine } from '../../rules/printable';
import { atLeast, Severity } from '../../rules/severity';

const COLOURS: Record<Severity, string> = { [Severity.ERROR]: '31', [Severity.WARNING]: '33', [Severity.INFO]: '36', [Severity.ADVICE]: '36' };
const BOLD = '1';
const FAINT = '2';
const CYAN = '36';

/** For people: a finding on a few lines, and a summary. */
export function* text({ findings, objects, hidden, advice, problems, unknown }: Result, colour: boolean): Iterable<string> {
  const paint = (code: string, words: string) => colour ? `\u001b[${code}m${words}\u001b[0m` : words;
  for (const finding of findings) {
    yield [
      [
        paint(BOLD, printableLine(`${finding.file}:${finding.line}`)), paint(COLOURS[finding.severity], finding.severity), printable(finding.message),
        paint(FAINT, `[${finding.ruleId}]`),
      ].join(' '),
      `    ${printableLine(`${showObject(finding)}${finding.path === '' ? '' : ` ${finding.path}`}`)}`,
      ...(finding.value === undefined ? [] : [`    has:     ${printable(finding.value)}`]),
      ...(finding.allowed === undefined ? [] : [`    allowed: ${printable(finding.allowed)}`]),
      `    fix:     ${printable(finding.fix)}`,
      '', '',
    ].join('\n');
  }
  for (const one of unknown) yield `${paint(CYAN, 'unknown')} ${printable(notChecked(one))}\n`;
  if (unknown.length > 0) yield '\n';
  // What could not be read has been said, and nothing can be said of it.
  if (objects === 0 && findings.length === 0 && problems.length > 0) return;
  yield `${[`${plural(objects, 'object')}: ${counts(findings, paint)}`, ...more({ findings, hidden, advice, problems })].join('; ')}\n`;
}

function counts(findings: readonly LocatedFinding[], paint: (code: string, words: string) => string): string {
  const kinds = Object.values(Severity)
    .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const).filter(([number]) => number > 0)
    .map(([number, severity]) => paint(COLOURS[severity], atLeast(severity, Severity.WARNING) ? plural(number, severity) : `${number} ${severity}`));
  return kinds.length === 0 ? 'nothing found' : kinds.join(', ');
}

function more({ findings, hidden, advice, problems }: Pick<Result, 'findings' | 'hidden' | 'advice' | 'problems'>): string[] {
  return [
    ...(problems.length > 0 ? [`${plural(problems.length, 'problem')} with the input, see above`] : []),
    ...(hidden > 0 ? [`${hidden} more with --severity info`] : []),
    ...(advice > 0 ? [`${advice} more with --advice`] : []),
    ...(findings.length > 0 ? [`explain one with --explain ${findings[0].ruleId}`] : []),
  ];
}
