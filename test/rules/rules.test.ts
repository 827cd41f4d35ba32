import { ApiObject, App, Chart } from 'cdk8s';
import { CeleryValidation } from '../../src/constructs/validation/celery-validation';
import { lint, Rules } from '../../src/constructs/validation/rules';
import { Severity } from '../../src/rules';

function beat(chart: Chart, id: string): ApiObject {
  return new ApiObject(chart, id, {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: id },
    spec: {
      replicas: 2, strategy: { type: 'Recreate' }, selector: { matchLabels: { app: id } },
      template: { metadata: { labels: { app: id } }, spec: { containers: [{ name: 'beat', image: 'shop:1', command: ['celery', '-A', id, 'beat', '-s', '/tmp/celerybeat-schedule'] }] } },
    },
  });
}

function setup() {
  const app = new App();
  const chart = new Chart(app, 'chart');
  return { app, chart, one: beat(chart, 'one'), two: beat(chart, 'two') };
}

function ids(app: App): string[] {
  return Rules.check(app).map(({ ruleId, objectName }) => `${ruleId} ${objectName}`);
}

test('check sees every object of the tree', () => {
  expect(ids(setup().app)).toEqual(['beat/more-than-one one', 'beat/more-than-one two']);
});

test('a suppression holds for its scope', () => {
  const { app, one } = setup();
  Rules.of(one).suppress('beat/more-than-one', 'the tasks are idempotent');
  expect(ids(app)).toEqual(['beat/more-than-one two']);
});

test('and for everything in it', () => {
  const { app, chart } = setup();
  Rules.of(chart).suppress('beat/more-than-one', 'the tasks are idempotent');
  expect(ids(app)).toEqual([]);
});

test('one that silences nothing is reported with its construct', () => {
  const { app, chart, two } = setup();
  Rules.of(chart).suppress('beat/more-than-one', 'the tasks are idempotent');
  Rules.of(two).suppress('beat/in-worker', 'old');
  expect(Rules.check(app)).toEqual([expect.objectContaining({
    ruleId: 'suppressions/unused', severity: Severity.WARNING, objectKind: 'Construct', objectName: 'chart/two', objectIndex: -1,
  })]);
});

test('fails without a reason', () => {
  expect(() => Rules.of(setup().app).suppress('beat/more-than-one', ' ')).toThrow('gives no reason');
});

test('fails on a rule that does not exist, and says which do', () => {
  expect(() => Rules.of(setup().app).suppress('beat/more', 'x')).toThrow(/'beat\/more' is not a rule \(did you mean beat\//);
});

describe('of objects with one name', () => {
  const deployment = () => setup().one.toJson() as { spec: object };
  const named = (replicas: number) => ({ ...deployment(), spec: { ...deployment().spec, replicas } });
  const places = (...objects: unknown[]) =>
    lint(objects).filter(({ ruleId }) => ruleId === 'beat/more-than-one').map(({ objectIndex }) => objectIndex).sort();

  test('one that is given twice is one fault', () => {
    expect(places(named(2), named(2))).toEqual([0]);
  });

  test('two that differ are two', () => {
    expect(places(named(2), named(3))).toEqual([0, 1]);
  });

  test('and so are two with one fault that differ elsewhere', () => {
    const other = { ...named(2), metadata: { name: 'one', labels: { tier: 'beat' } } };
    expect(places(named(2), other)).toEqual([0, 1]);
  });
});

test('lint tells where, what and how to fix it', () => {
  const objects = [setup().one.toJson() as unknown];
  const [finding] = lint(objects);
  expect(Rules.lint(objects)).toEqual([finding]);
  expect(finding).toEqual({
    ruleId: 'beat/more-than-one', severity: Severity.ERROR, message: 'More than one Beat runs at the same time', objectKind: 'Deployment', objectName: 'one',
    objectNamespace: undefined, container: undefined, path: 'spec.replicas', value: 'replicas: 2', allowed: '1', objectIndex: 0,
    fix: 'Set replicas: 1 and strategy.type: Recreate; or use a scheduler with a lock, like RedBeat.',
  });
});

test('the validation plugin reports through the cdk8s CLI', () => {
  const { one, two } = setup();
  const violations: unknown[] = [];
  const submitted: string[] = [];
  new CeleryValidation().validate({
    manifests: ['one.yaml', 'two.yaml'], parseManifest: (file: string) => [(file === 'one.yaml' ? one : two).toJson() as unknown],
    report: { addViolation: (violation: unknown) => violations.push(violation), submit: (status: string) => submitted.push(status) },
  });
  expect(submitted).toEqual(['failure']);
  expect(violations).toEqual([expect.objectContaining({
    ruleName: 'beat/more-than-one',
    violatingResources: [expect.objectContaining({ resourceName: 'one', manifestPath: 'one.yaml' }), expect.objectContaining({ manifestPath: 'two.yaml' })],
  })]);
});
