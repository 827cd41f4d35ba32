import { LocatedFinding, Result } from './result';
import { notChecked, plural, recognisedAs } from './words';
import { showObject } from '../../rules/finding';
import { listed, printable, printableLine } from '../../rules/printable';
import { atLeast, Severity } from '../../rules/severity';

const COLOURS: Record<Severity, string> = { [Severity.ERROR]: '31', [Severity.WARNING]: '33', [Severity.INFO]: '36', [Severity.ADVICE]: '36' };
const BOLD = '1';
const FAINT = '2';
const CYAN = '36';

type Paint = (code: string, words: string) => string;

/** For people: what was recognised, the findings from errors on, each text once with all of its places, and a summary. */
export function* text(result: Result, colour: boolean): Iterable<string> {
  const { findings, objects, problems, unknown, recognised, unrecognised, withoutRole } = result;
  const paint: Paint = (code, words) => colour ? `\u001b[${code}m${words}\u001b[0m` : words;
  const seen = recognisedAs(recognised, withoutRole);
  if (seen !== '') yield `${seen}\n\n`;
  for (const group of grouped(findings)) yield group.length === 1 ? one(group[0], paint) : several(group, paint);
  for (const container of unknown) yield `${paint(CYAN, 'unknown')} ${printable(notChecked(container))}\n`;
  if (unrecognised.length > 0) yield `${paint(CYAN, 'not recognised')} ${printable(listed(unrecognised.map(showObject)))}\n`;
  if (unknown.length + unrecognised.length > 0) yield '\n';
  // What could not be read has been said, and nothing can be said of it.
  if (objects === 0 && findings.length === 0 && problems.length > 0) return;
  yield `${[`${plural(objects, 'object')}: ${counts(result, paint)}`, ...more(result)].join('; ')}\n`;
}

/** Findings with one text, in the order of the first of each. */
function grouped(findings: readonly LocatedFinding[]): Iterable<readonly LocatedFinding[]> {
  const groups = new Map<string, LocatedFinding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.group);
    if (group) group.push(finding);
    else groups.set(finding.group, [finding]);
  }
  return groups.values();
}

function one(finding: LocatedFinding, paint: Paint): string {
  const { file, line, severity, message, ruleId, path, value, allowed, why, fix } = finding;
  return [
    [
      paint(BOLD, printableLine(`${file}:${line}`)), paint(COLOURS[severity], severity), printable(message), paint(FAINT, `[${ruleId}]`),
    ].join(' '),
    `    ${printableLine(`${showObject(finding)}${path === '' ? '' : ` ${path}`}`)}`,
    ...(value === undefined ? [] : [`    has:     ${printable(value)}`]),
    ...(allowed === undefined ? [] : [`    allowed: ${printable(allowed)}`]),
    `    why:     ${printable(why)}`,
    `    fix:     ${printable(fix)}`,
    '', '',
  ].join('\n');
}

function several(group: readonly LocatedFinding[], paint: Paint): string {
  const [{ severity, title, unless, ruleId, why, fix, allowed: first }] = group;
  const allowed = group.every((finding) => finding.allowed === first) ? first : undefined;
  return [
    [
      paint(COLOURS[severity], severity), printable(unless === undefined ? title : `${title}: unless ${unless}`), paint(FAINT, `[${ruleId}]`),
      `in ${group.length} places`,
    ].join(' '),
    ...(allowed === undefined ? [] : [`    allowed: ${printable(allowed)}`]),
    `    why:     ${printable(why)}`,
    `    fix:     ${printable(fix)}`,
    ...group.map((finding) => {
      const special = [finding.note, finding.value === undefined ? undefined : `has ${finding.value}`,
        allowed === undefined && finding.allowed !== undefined ? `allowed: ${finding.allowed}` : undefined].filter((words) => words !== undefined).join('; ');
      return `  ${paint(BOLD, printableLine(`${finding.file}:${finding.line}`))} ${severity} ${printable(`${showObject(finding)} ${finding.path}`.trim())}`
        + `${special === '' ? '' : `: ${printable(special)}`}`;
    }),
    '', '',
  ].join('\n');
}

function counts({ findings, withoutRole, known }: Result, paint: Paint): string {
  const kinds = Object.values(Severity)
    .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const).filter(([number]) => number > 0)
    .map(([number, severity]) => paint(COLOURS[severity], atLeast(severity, Severity.WARNING) ? plural(number, severity) : `${number} ${severity}`));
  if (kinds.length > 0) return kinds.join(', ');
  // Nobody knows what is wrong with what was not recognised.
  return known > 0 ? 'nothing new found' : withoutRole > 0 ? `nothing found in what was recognised, ${plural(withoutRole, 'container')} not recognised` : 'nothing found';
}

function more({ findings, hidden, advice, problems, charts, known }: Result): string[] {
  return [
    ...(problems.length > 0 ? [`${plural(problems.length, 'problem')} with the input, see above`] : []),
    ...(charts > 0 ? [`${plural(charts, 'chart')} of Helm not examined`] : []),
    ...(known > 0 ? [`${known} known from the baseline`] : []),
    ...[...hidden].map(([severity, number]) => `${number} more with --severity ${severity}`),
    ...(advice > 0 ? [`${advice} more with --advice`] : []),
    ...(findings.length > 0 ? [`explain one with --explain ${findings[0].ruleId}`] : []),
  ];
}
