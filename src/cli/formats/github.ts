import { Result } from './result';
import { notChecked, oneLine } from './words';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';
import { Severity } from '../../rules/severity';

const LEVELS: Record<Severity, string> = {
  [Severity.ERROR]: 'error', [Severity.WARNING]: 'warning', [Severity.INFO]: 'notice', [Severity.ADVICE]: 'notice',
};

/** Workflow commands of GitHub Actions, which become annotations. */
export function* github({ findings, unknown, unrecognised }: Result): Iterable<string> {
  for (const finding of findings) {
    yield `::${LEVELS[finding.severity]} file=${property(finding.file)},line=${finding.line},title=${property(finding.ruleId)}`
      + `::${data(`${showObject(finding)}: ${oneLine(finding)} (${finding.certainty}, group ${finding.group})`)}\n`;
  }
  for (const one of [...unknown, ...unrecognised]) yield `::notice title=not checked::${data(notChecked(one))}\n`;
}

function data(words: string): string {
  return printable(words.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
}

function property(words: string): string {
  return data(words).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
