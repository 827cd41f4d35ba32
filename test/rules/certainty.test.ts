import { join } from 'node:path';
import { load, parse } from './manifests';
import { examine } from '../../src/rules/engine';
import { describeFinding, toFinding } from '../../src/rules/finding';
import { lintObjects } from '../../src/rules/lint';
import { hedged, Severity } from '../../src/rules/severity';
import { World } from '../../src/manifests/world';

function worker(command: string): unknown[] {
  return parse(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: worker}, spec: {template: {spec: {containers: [
    {name: worker, image: "shop:1", command: ${command}}]}}}}`);
}

function found(command: string, rule: string) {
  const one = examine(new World(worker(command)), { rules: [rule] })[0];
  return { severity: one.severity, finding: toFinding(one) };
}

describe('a finding that is not certain', () => {
  const { severity, finding } = found('[celery, worker, -A, shop]', 'code/app-option-after-subcommand');

  test('is a warning, though its rule is about errors', () => {
    expect(severity).toBe(Severity.WARNING);
  });

  test('says what would make it right', () => {
    expect(finding.unless).toBe('the image still has Celery 4');
    expect(finding.message).toMatch(/: unless the image still has Celery 4$/);
    expect(describeFinding(finding)).toContain('unless the image still has Celery 4');
  });
});

test('a certain one is an error, and has no condition', () => {
  const { severity, finding } = found('[celery, -A, shop, worker, --purge]', 'delivery/purge-at-start');
  expect([severity, finding.unless]).toEqual([Severity.ERROR, undefined]);
});

test.each([
  [Severity.ERROR, Severity.WARNING], [Severity.WARNING, Severity.WARNING], [Severity.INFO, Severity.INFO], [Severity.ADVICE, Severity.ADVICE],
])('%s, when it is not certain: %s', (severity, expected) => {
  expect(hedged(severity)).toBe(expected);
});

test('no credential is in a condition', () => {
  const { violations } = lintObjects(worker('[celery, -A, shop, worker]'));
  const one = { ...violations[0], unless: 'redis://:hunter2@redis answers' };
  expect(JSON.stringify(toFinding(one))).not.toContain('hunter2');
});

/** A program has all in sight that it writes; what its images and its cloud do it has not. */
test.each([
  ['images/other-version', 'images/other-version/fail'],
  ['rabbitmq/login-in-the-clear', 'rabbitmq/login-in-the-clear/fail'],
  ['network/policy-keeps-broker-away', 'network/policy-keeps-broker-away/fail-broker-out-of-sight'],
])('%s remains a warning of what a program writes', (id, file) => {
  const { violations } = lintObjects(load(join(__dirname, 'cases', `${file}.yaml`)), { complete: true, rules: [id] });
  expect(violations.map(({ severity, unless }) => [severity, unless !== undefined])).toEqual([[Severity.WARNING, true]]);
});
