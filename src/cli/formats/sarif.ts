import { jsonWith } from './json';
import { Unknown } from '../../rules/lint';
import { LocatedFinding, Result } from './result';
import { notChecked, oneLine } from './words';
import { Problem } from '../input/files';
import { packageText } from '../../package-root';
import { showObject } from '../../rules/finding';
import { Severity } from '../../rules/severity';
import { RULES } from '../../rules/table';

const { version: VERSION, homepage: HOME } = JSON.parse(packageText('package.json')) as { version: string; homepage: string };
const LEVELS: Record<Severity, string> = {
  [Severity.ERROR]: 'error', [Severity.WARNING]: 'warning', [Severity.INFO]: 'note', [Severity.ADVICE]: 'note',
};

/** SARIF 2.1.0, for code scanning. */
export function sarif({ findings, problems, unknown, unrecognised }: Result): Iterable<string> {
  const ids = new Set(findings.map(({ ruleId }) => ruleId));
  const used = RULES.filter(({ id }) => ids.has(id));
  const index = new Map(used.map(({ id }, i) => [id, i]));
  return jsonWith({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'cdk8s-celery', version: VERSION, informationUri: HOME,
          rules: used.map((rule) => ({
            id: rule.id, shortDescription: { text: `${rule.title}.` }, fullDescription: { text: rule.why },
            help: { text: `${rule.why}\n\n${rule.fix}` }, helpUri: helpUri(rule.id), defaultConfiguration: { level: LEVELS[rule.severity] },
          })),
        },
      },
      columnKind: 'utf16CodeUnits',
      invocations: [{
        executionSuccessful: problems.length === 0,
        toolExecutionNotifications: [...problems.map(unread), ...unknown.map(unexamined), ...unrecognised.map(unexamined)],
      }],
      results: [],
    }],
  }, results(findings, index));
}

function helpUri(ruleId: string): string {
  const [subject, name] = ruleId.split('/');
  return `${HOME.replace(/#.*$/, '')}/blob/main/docs/rules/${subject}.md#${subject}${name}`;
}

function uri(file: string): string {
  // encodeURI refuses lone surrogates.
  return encodeURI(file === '-' ? 'stdin' : file.replaceAll('\\', '/').replace(/\p{Cs}/gu, '?'));
}

function unread({ file, line, message }: Problem): object {
  return {
    level: 'error', message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) }, ...(line === undefined ? {} : { region: { startLine: line } }) } }],
  };
}

function unexamined(one: Unknown): object {
  return { level: 'note', message: { text: notChecked(one) } };
}

function* results(findings: readonly LocatedFinding[], index: ReadonlyMap<string, number>): Iterable<object> {
  for (const finding of findings) {
    yield {
      ruleId: finding.ruleId, ruleIndex: index.get(finding.ruleId), level: LEVELS[finding.severity],
      message: { text: oneLine(finding) },
      locations: [{
        physicalLocation: {
          artifactLocation: { uri: uri(finding.file) },
          region: { startLine: finding.line },
        },
        logicalLocations: [{ fullyQualifiedName: `${showObject(finding)} ${finding.path}`.trim() }],
      }],
      properties: { certainty: finding.certainty, ...finding.unless === undefined ? {} : { unless: finding.unless }, group: finding.group },
      partialFingerprints: {
        'object/v1': [
          finding.objectNamespace ?? '', finding.objectKind, finding.objectName, finding.container ?? '', finding.ruleId, finding.path,
        ].join('/'),
      },
    };
  }
}
