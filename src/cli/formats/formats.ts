import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../input/files';
import { Finding, showObject } from '../../rules/finding';
import { RULES } from '../../rules/table';
import { Severity } from '../../rules/severity';

/** A finding with its place in the files. */
export interface LocatedFinding extends Finding {
  readonly file: string;
  readonly line: number;
}

export interface Result {
  readonly findings: readonly LocatedFinding[];
  /** How many objects were looked at. */
  readonly objects: number;
  /** Findings below the severity that was asked for. */
  readonly hidden: number;
  /** What could not be read. */
  readonly problems: readonly Problem[];
  /** Containers that look like Celery, and run something out of sight. */
  readonly unknown: readonly Unknown[];
}

export type Unknown = Pick<Finding, 'objectKind' | 'objectName' | 'objectNamespace' | 'container'>;

/** Writes finding by finding: there may be many, and each is long. */
export type Format = (result: Result, colour: boolean) => Iterable<string>;

/** Of the package: the folder above lib/ or src/. */
const { version: VERSION } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as { version: string };
const SITE = 'https://github.com/cdk8s-celery/cdk8s-celery/blob/main/docs/rules';

function helpUri(ruleId: string): string {
  const [subject, name] = ruleId.split('/');
  return `${SITE}/${subject}.md#${subject}${name}`;
}

function count(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

const COLOURS: Record<Severity, string> = { [Severity.ERROR]: '31', [Severity.WARNING]: '33', [Severity.INFO]: '36' };

function* text({ findings, objects, hidden, unknown }: Result, colour: boolean): Iterable<string> {
  const paint = (code: string, words: string) => colour ? `\u001b[${code}m${words}\u001b[0m` : words;
  for (const finding of findings) {
    yield [
      [
        paint('1', `${finding.file}:${finding.line}`), paint(COLOURS[finding.severity], finding.severity), finding.message,
        paint('2', `[${finding.ruleId}]`),
      ].join(' '),
      `    ${showObject(finding)}${finding.path === '' ? '' : ` ${finding.path}`}`,
      ...(finding.value === undefined ? [] : [`    has:     ${finding.value}`]),
      ...(finding.allowed === undefined ? [] : [`    allowed: ${finding.allowed}`]),
      `    fix:     ${finding.fix}`,
      '', '',
    ].join('\n');
  }
  for (const one of unknown) {
    yield `${paint('36', 'unknown')} ${showObject(one)} looks like Celery, but its command is in its image: not checked\n`;
  }
  if (unknown.length > 0) yield '\n';
  const kinds = Object.values(Severity).map((severity) => [count(findings, severity), severity] as const).filter(([number]) => number > 0)
    .map(([number, severity]) => paint(COLOURS[severity], severity === Severity.INFO ? `${number} info` : plural(number, severity)));
  const summary = `${plural(objects, 'object')}: ${kinds.length === 0 ? 'nothing found' : kinds.join(', ')}`;
  const more = [
    ...(hidden > 0 ? [`${hidden} more with --severity info`] : []),
    ...(findings.length > 0 ? [`explain one with --explain ${findings[0].ruleId}`] : []),
  ];
  yield `${[summary, ...more].join('; ')}\n`;
}

/** JSON like that of `frame`, whose last list is empty: there the items go, each on a line of its own. */
function* jsonWith(frame: object, items: Iterable<object>): Iterable<string> {
  const written = JSON.stringify(frame, null, 2);
  const at = written.lastIndexOf('[]') + 1;
  const indent = /\n( *)[^\n]*$/.exec(written.slice(0, at))![1];
  yield written.slice(0, at);
  let any = false;
  for (const item of items) {
    yield `${any ? ',' : ''}\n${indent}  ${JSON.stringify(item)}`;
    any = true;
  }
  yield `${any ? `\n${indent}` : ''}${written.slice(at)}\n`;
}

function* each<T, R>(items: readonly T[], make: (item: T) => R): Iterable<R> {
  for (const item of items) yield make(item);
}

function json({ findings, objects, unknown }: Result): Iterable<string> {
  return jsonWith({ objects, unknown, findings: [] }, findings);
}

function uri(file: string): string {
  return encodeURI(file === '-' ? 'stdin' : file.replaceAll('\\', '/'));
}

const SARIF_LEVELS: Record<Severity, string> = { [Severity.ERROR]: 'error', [Severity.WARNING]: 'warning', [Severity.INFO]: 'note' };

function sarif({ findings, problems }: Result): Iterable<string> {
  const ids = new Set(findings.map(({ ruleId }) => ruleId));
  const used = RULES.filter(({ id }) => ids.has(id));
  const index = new Map(used.map(({ id }, i) => [id, i]));
  return jsonWith({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'cdk8s-celery', version: VERSION, informationUri: 'https://github.com/cdk8s-celery/cdk8s-celery',
          rules: used.map((rule) => ({
            id: rule.id, shortDescription: { text: `${rule.title}.` }, fullDescription: { text: rule.why },
            help: { text: `${rule.why}\n\n${rule.fix}` }, helpUri: helpUri(rule.id), defaultConfiguration: { level: SARIF_LEVELS[rule.severity] },
          })),
        },
      },
      columnKind: 'utf16CodeUnits',
      invocations: [{
        executionSuccessful: problems.length === 0,
        toolExecutionNotifications: problems.map(({ file, line, message }) => ({
          level: 'error', message: { text: message },
          locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) }, ...(line === undefined ? {} : { region: { startLine: line } }) } }],
        })),
      }],
      results: [],
    }],
  }, each(findings, (finding) => ({
    ruleId: finding.ruleId, ruleIndex: index.get(finding.ruleId), level: SARIF_LEVELS[finding.severity],
    message: { text: oneLine(finding) },
    locations: [{
      physicalLocation: {
        artifactLocation: { uri: uri(finding.file) },
        region: { startLine: finding.line },
      },
      logicalLocations: [{ fullyQualifiedName: `${showObject(finding)} ${finding.path}`.trim() }],
    }],
    partialFingerprints: {
      'object/v1': [
        finding.objectNamespace ?? '', finding.objectKind, finding.objectName, finding.container ?? '', finding.ruleId, finding.path,
      ].join('/'),
    },
  })));
}

function oneLine({ message, value, allowed, fix }: Finding): string {
  return `${message}${value === undefined ? '' : ` (${value})`}. ${allowed === undefined ? '' : `Allowed: ${allowed}. `}${fix}`;
}

const GITHUB_LEVELS: Record<Severity, string> = { [Severity.ERROR]: 'error', [Severity.WARNING]: 'warning', [Severity.INFO]: 'notice' };

function github({ findings }: Result): Iterable<string> {
  const data = (words: string) => words.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (words: string) => data(words).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return each(findings, (finding) => `::${GITHUB_LEVELS[finding.severity]} file=${property(finding.file)},line=${finding.line},`
    + `title=${property(finding.ruleId)}::${data(`${showObject(finding)}: ${oneLine(finding)}`)}\n`);
}

function* junit({ findings, objects }: Result): Iterable<string> {
  const escape = (words: string) => words.replace(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD]/g, '?')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const numbers = `tests="${Math.max(1, findings.length)}" failures="${findings.length}"`;
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${numbers}>\n  <testsuite name="cdk8s-celery lint" ${numbers}>\n`;
  if (findings.length === 0) yield `    <testcase classname="cdk8s-celery" name="${plural(objects, 'object')}"/>\n`;
  for (const finding of findings) {
    yield [
      `    <testcase classname="${escape(finding.ruleId)}" name="${escape(`${showObject(finding)} ${finding.path}`.trim())}">`,
      `      <failure type="${finding.severity}" message="${escape(finding.message)}">`
      + `${escape(`${finding.file}:${finding.line} ${oneLine(finding)}`)}</failure>`,
      '    </testcase>', '',
    ].join('\n');
  }
  yield '  </testsuite>\n</testsuites>\n';
}

export const FORMATS: Readonly<Record<string, Format>> = { text, json, sarif, github, junit };
