import { Result } from './result';
import { notChecked, oneLine, plural } from './words';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';

/** A failed test case for each finding, an error for each file that was not read, a skipped one for each container that was not examined. */
export function* junit({ findings, objects, problems, unknown: named, unrecognised }: Result): Iterable<string> {
  const unknown = [...named, ...unrecognised];
  const cases = findings.length + problems.length + unknown.length;
  const numbers = [
    `tests="${Math.max(1, cases)}" failures="${findings.length}"`,
    ...(problems.length > 0 ? [`errors="${problems.length}"`] : []), ...(unknown.length > 0 ? [`skipped="${unknown.length}"`] : []),
  ].join(' ');
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${numbers}>\n  <testsuite name="cdk8s-celery lint" ${numbers}>\n`;
  if (cases === 0) yield `    <testcase classname="cdk8s-celery" name="${plural(objects, 'object')}"/>\n`;
  for (const finding of findings) {
    yield [
      `    <testcase classname="${escape(finding.ruleId)}" name="${escape(`${showObject(finding)} ${finding.path}`.trim())}">`,
      `      <failure type="${finding.severity}" message="${escape(finding.message)}">`
      + `${escape(`${finding.file}:${finding.line} ${oneLine(finding)}`)}</failure>`,
      `      <properties><property name="certainty" value="${finding.certainty}"/><property name="group" value="${escape(finding.group)}"/></properties>`,
      '    </testcase>', '',
    ].join('\n');
  }
  for (const { file, line, message } of problems) {
    yield `    <testcase classname="cdk8s-celery" name="${escape(line === undefined ? file : `${file}:${line}`)}"><error message="${escape(message)}"/></testcase>\n`;
  }
  for (const one of unknown) {
    yield `    <testcase classname="cdk8s-celery" name="${escape(showObject(one))}"><skipped message="${escape(notChecked(one))}"/></testcase>\n`;
  }
  yield '  </testsuite>\n</testsuites>\n';
}

function escape(words: string): string {
  return printable(words).replace(/[\uFFFE\uFFFF]/g, '?').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
