import * as fc from 'fast-check';
import { placeInCopies } from '../../src/manifests/copies';
import { withoutCopies } from '../../src/manifests/namespace-copies';
import { World } from '../../src/manifests/world';
import { CHECKS } from '../../src/rules/table';
import { runs } from '../random-runs';
import { caseFiles, caseIds, load, shown, violations } from './manifests';

interface Given {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
  readonly spec?: { readonly template?: unknown };
}

const FILES = caseIds().flatMap((id) => caseFiles(id, 'fail'));

/** Twice the same workloads, in namespaces of their own, with the spec in common, as the reader gives them. Only the second have company. */
function copies(objects: readonly Given[]): Given[] {
  const into = (n: number) => (object: Given) => ({ ...object, metadata: { ...object.metadata, namespace: `${object.metadata?.namespace ?? 'in'}-${n}` } });
  return [...objects.filter(({ spec }) => spec?.template !== undefined).map(into(1)), ...objects.map(into(2))];
}

/** What differs in its status is no copy; the same object given twice remains the same. */
const apart = (objects: readonly Given[]): Given[] => {
  const texts = [...new Set(objects.map((one) => JSON.stringify(one)))];
  return objects.map((one) => ({ ...structuredClone(one), status: { observedGeneration: texts.indexOf(JSON.stringify(one)) } }));
};

test('what is found in copies of a workload does not depend on whether they share their spec', () => {
  let findings = 0;
  const length = Math.min(runs(100), FILES.length);
  const [files] = fc.sample(fc.shuffledSubarray(FILES, { minLength: length, maxLength: length }), 1);
  for (const file of files) {
    const shared = copies(load(file) as Given[]);
    const found = violations(shared).map((one) => `${one.rule.id} ${shown(one)}`);
    expect([file, ...found]).toEqual([file, ...violations(apart(shared)).map((one) => `${one.rule.id} ${shown(one)}`)]);
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
    expect([file, ...lines(given)]).toEqual([file, ...lines(apart(given))]);
    if (withoutCopies(new World(given))) copied += 1;
  }
  // The others name a namespace, or have objects in none.
  expect(copied).toBeGreaterThan(length * 0.8);
});

test('what names its namespace names that of the copy', () => {
  const found = lines(inThree(load(caseFiles('scaling/keda-resolves-elsewhere', 'fail')[0]) as Given[])).filter((line) => line.startsWith('scaling/keda-resolves-elsewhere'));
  expect(found).toEqual([1, 2, 3].map((n): unknown => expect.stringContaining(`redis.in-${n}.svc.cluster.local`)));
});

const pods = (namespace: string, name: string, container: object) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec: {
    selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }] } },
  },
});
const redis = (namespace: string, ...args: string[]): object[] => [
  pods(namespace, 'redis', { image: 'redis:7', args: ['redis-server', ...args] }),
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis', namespace }, spec: { selector: { app: 'redis' }, ports: [{ port: 6379 }] } },
];
const shell = (script: string) => pods('other', 'worker', { image: 'shop:1', command: ['sh', '-c', script], env: [{ name: 'NUMBER', value: '2' }] });
const worker = (namespace: string, ...env: object[]) =>
  pods(namespace, 'worker', { image: 'shop:1', args: ['celery', '-A', 'tasks', 'worker', '--concurrency=20'], env });
const broker = (value: string) => ({ name: 'CELERY_BROKER_URL', value });
const ofRule = (found: readonly string[], id: string): readonly string[] => found.filter((line) => line.startsWith(id));

test('a server in another namespace counts for all copies, also for those whose namespace is in a finding', () => {
  const mailer = { ...worker('', broker('redis://redis.shared:6380/0')), metadata: { name: 'mailer' } };
  const objects = [mailer, ...load(caseFiles('scaling/keda-resolves-elsewhere', 'fail')[0])] as Given[];
  const given = [...redis('shared', '--requirepass', 'secret'), ...inThree(objects)];
  const found = lines(given);
  expect(found).toEqual(lines(apart(given)));
  expect(ofRule(found, 'redis/password-not-given')).toHaveLength(3);
  expect(ofRule(found, 'scaling/keda-resolves-elsewhere')).toHaveLength(3);
});

test('the clients of all copies use the connections of a server', () => {
  const given = [...redis('shared', '--maxclients', '60'), ...inThree([worker('', broker('redis://redis.shared:6379/0'))])];
  const found = lines(given);
  expect(found).toEqual(lines(apart(given)));
  expect(ofRule(found, 'redis/too-few-clients')).toHaveLength(1);
});

test('each of the Services that share a spec has its own finding', () => {
  const objects = load(caseFiles('network/broker-target-port', 'fail').find((file) => file.endsWith('/fail.yaml'))!) as Given[];
  const given = ['shop', 'blog'].flatMap((namespace) => objects.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } })));
  const found = lines(given);
  expect(found).toEqual(lines(apart(given)));
  expect(ofRule(found, 'network/broker-target-port')).toHaveLength(2);
});

const secret = (data: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broker', namespace: 'other' }, ...data });
const bySecret = { name: 'CELERY_BROKER_URL', valueFrom: { secretKeyRef: { name: 'broker', key: 'url' } } };

test.each([
  ['as it is', [worker('other', broker('redis://redis.in-2:6380/0'))]],
  ['in capitals', [worker('other', broker('redis://redis.IN-2:6380/0'))]],
  ['in a Secret', [worker('other', bySecret), secret({ data: { url: Buffer.from('redis://redis.in-2:6380/0').toString('base64') } })]],
  ['put together from variables', [worker('other', { name: 'NUMBER', value: '2' }, broker('redis://redis.in-$(NUMBER):6380/0'))]],
  ['put together in an argument', [pods('other', 'worker', {
    image: 'shop:1', args: ['celery', '-A', 'tasks', '-b', 'redis://redis.in-$(NUMBER):6380/0', 'worker'], env: [{ name: 'NUMBER', value: '2' }],
  })]],
  ['put together by a shell', [shell('celery -A tasks -b redis://redis.in-$NUMBER:6380/0 worker')]],
  ['in two parts of a script', [shell("celery -A tasks -b 'redis://redis.in-'2:6380/0 worker")]],
  ['in a variable of a command', [shell('CELERY_BROKER_URL=redis://redis.in-$NUMBER:6380/0 celery -A tasks worker')]],
])('what another namespace names is no copy: %s', (_how, other) => {
  const given = [...other, ...inThree([worker('', broker('redis://redis:6379/0')), ...redis('')] as Given[])];
  const found = lines(given);
  expect(found).toEqual(lines(apart(given)));
  expect(ofRule(found, 'network/no-such-port')).toHaveLength(1);
  expect(withoutCopies(new World(given))?.world.resources.map(({ namespace }) => namespace)).toEqual(expect.arrayContaining(['in-1', 'in-2', 'other']));
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

/** Each workload three times, with names of their own wherever theirs was. */
const threeNames = (objects: readonly Given[]): Given[] => objects.flatMap((one) => {
  const name = one.metadata?.name;
  return one.spec?.template === undefined || name === undefined ? [one]
    : [1, 2, 3].map((n) => JSON.parse(JSON.stringify(one).replaceAll(name, `${name}-${n}`)) as Given);
});

test('what is found in workloads that differ in their name only does not depend on whether they are taken for copies', () => {
  const length = Math.min(runs(100), FILES.length);
  for (const file of fc.sample(fc.shuffledSubarray(FILES, { minLength: length, maxLength: length }), 1)[0]) {
    const named = threeNames(load(file) as Given[]);
    expect([file, ...lines(named)]).toEqual([file, ...lines(apart(named))]);
  }
});

/** How many of the checks look at each of two workers, with these names, of which these texts are made. */
function looks(names: readonly [string, string], container: (name: string) => object, labels = (app: string): object => ({ app })): number {
  const given = names.map((name) => {
    const json = pods('shop', name, container(name));
    const metadata = { labels: labels(name) };
    return { ...json, spec: { selector: { matchLabels: metadata.labels }, template: { metadata, spec: json.spec.template.spec } } };
  });
  const world = new World(given);
  return new Set(world.workers.map((process) => placeInCopies(process, world) ?? process)).size;
}
const run = (...args: string[]) => ({ image: 'shop:1', command: ['celery', '-A', 'tasks', 'worker', ...args] });

test.each([
  ['names of their own', looks(['w-1', 'w-2'], () => run()), 1],
  ['also as a part of a longer word', looks(['w-1', 'w-2'], (name) => run(`--queues=${name}-high,low_${name}`)), 1],
  ['the same spec but for labels that are not their names', looks(['w-1', 'w-2'], () => run(), (name) => ({ app: name.replace('w', 'app') })), 2],
  ['another number of digits', looks(['w-9', 'w-10'], () => run()), 2],
  ['the name within a number', looks(['w-1', 'w-2'], (name) => run(`--queues=${name}0`)), 2],
  ['the name before a fraction', looks(['w-1', 'w-2'], (name) => run(`--queues=${name}.5`)), 2],
  ['the name after a fraction', looks(['w-1', 'w-2'], (name) => run(`--queues=1.${name}`)), 2],
  ['another number', looks(['w-1', 'w-2'], (name) => run(`--concurrency=${name.slice(2)}`)), 2],
  ['names that are numbers', looks(['3', '4'], (name) => run(`--concurrency=${name}`)), 2],
  ['the name in the image', looks(['w-1', 'w-2'], (name) => ({ ...run(), image: `shop:${name}` })), 2],
])('of two workers with %s the checks look at %i', (_what, found, expected) => expect(found).toBe(expected));

test('names count by more than their numbers', () => {
  const named = workers.map((one, i) => ({ ...one, metadata: { ...one.metadata, name: ['w-1', 'w-2', 'w_3'][i] } }));
  expect(violations(named).filter(({ rule }) => rule.id === 'admission/invalid-name').map(({ value }) => value)).toEqual(['w_3']);
});

test('each check says by its parameters whether it takes the world', () => {
  expect(CHECKS.filter(({ on, check }) => check.length !== 2 && (on === undefined || check.length !== 3)).map(({ id }) => id)).toEqual([]);
});
