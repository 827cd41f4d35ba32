import * as fc from 'fast-check';
import { withoutCopies } from '../../src/manifests/namespace-copies';
import { World } from '../../src/manifests/world';
import { CHECKS } from '../../src/rules/table';
import { runs } from '../random-runs';
import { caseFiles, caseIds, load, shown, violations } from './manifests';

interface Given {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: { readonly template?: unknown };
}

const FILES = caseIds().flatMap((id) => caseFiles(id, 'fail'));

/** Twice the same workloads, in namespaces of their own, with the spec in common, as the reader gives them. Only the second have company. */
function copies(objects: readonly Given[]): Given[] {
  const into = (n: number) => (object: Given) => ({ ...object, metadata: { ...object.metadata, namespace: `${object.metadata?.namespace ?? 'in'}-${n}` } });
  return [...objects.filter(({ spec }) => spec?.template !== undefined).map(into(1)), ...objects.map(into(2))];
}

test('what is found in copies of a workload does not depend on whether they share their spec', () => {
  let findings = 0;
  const length = Math.min(runs(100), FILES.length);
  const [files] = fc.sample(fc.shuffledSubarray(FILES, { minLength: length, maxLength: length }), 1);
  for (const file of files) {
    const shared = copies(load(file) as Given[]);
    const found = violations(shared).map((one) => `${one.rule.id} ${shown(one)}`);
    expect([file, ...found]).toEqual([file, ...violations(structuredClone(shared).map((one) => structuredClone(one))).map((one) => `${one.rule.id} ${shown(one)}`)]);
    findings += found.length;
  }
  expect(findings).toBeGreaterThan(length);
});

/** The same three times, in namespaces of their own. */
const inThree = (objects: readonly Given[]): Given[] => [1, 2, 3].flatMap((n) => objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: `in-${n}` } })));
const lines = (objects: readonly Given[]): string[] =>
  violations(objects).map((one) => [one.rule.id, one.severity, shown(one), one.note, one.unless].join(' | '));

test('what is found in namespaces that hold the same does not depend on whether they share their specs', () => {
  const files = [...FILES, ...caseIds().flatMap((id) => caseFiles(id, 'pass'))];
  const length = Math.min(runs(100), files.length);
  let copied = 0;
  for (const file of fc.sample(fc.shuffledSubarray(files, { minLength: length, maxLength: length }), 1)[0]) {
    const given = inThree(load(file) as Given[]);
    expect([file, ...lines(given)]).toEqual([file, ...lines(given.map((one) => structuredClone(one)))]);
    if (withoutCopies(new World(given))) copied += 1;
  }
  // The others name a namespace, or have objects in none.
  expect(copied).toBeGreaterThan(length * 0.8);
});

test('what names its namespace names that of the copy', () => {
  const found = lines(inThree(load(caseFiles('scaling/keda-resolves-elsewhere', 'fail')[0]) as Given[])).filter((line) => line.startsWith('scaling/keda-resolves-elsewhere'));
  expect(found).toEqual([1, 2, 3].map((n): unknown => expect.stringContaining(`redis.in-${n}.svc.cluster.local`)));
});

const WORKER = {
  replicas: 1, selector: { matchLabels: { app: 'w' } }, template: { metadata: { labels: { app: 'w' } }, spec: {
    containers: [{ name: 'w', image: 'shop:1', command: ['celery', '-A', 'tasks', 'worker'], volumeMounts: [{ name: 'app', mountPath: '/app' }] }],
    volumes: [{ name: 'app', configMap: { name: 'app' } }],
  } },
};
const workers = [1, 2, 3].map((n) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'w', namespace: `n-${n}` }, spec: WORKER }));
const code = (n: number, text: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'app', namespace: `n-${n}` }, data: { 'tasks.py': text } });

test('what copies refer to counts: the code of one has what that of another has not', () => {
  const limits = (hard: number) => `app.conf.task_time_limit = ${hard}\napp.conf.task_soft_time_limit = 60\n`;
  const found = violations([...workers, code(1, limits(90)), code(2, limits(30))]).filter(({ rule }) => rule.id === 'delivery/soft-limit-never-reached');
  expect(found.map(({ at }) => at.resource.namespace)).toEqual(['n-2']);
});

test('names count by more than their numbers', () => {
  const named = workers.map((one, i) => ({ ...one, metadata: { ...one.metadata, name: ['w-1', 'w-2', 'w_3'][i] } }));
  expect(violations(named).filter(({ rule }) => rule.id === 'admission/invalid-name').map(({ value }) => value)).toEqual(['w_3']);
});

test('each check says by its parameters whether it takes the world', () => {
  expect(CHECKS.filter(({ on, check }) => check.length !== 2 && (on === undefined || check.length !== 3)).map(({ id }) => id)).toEqual([]);
});
