import { join } from 'node:path';
import { Answers, withKubectl } from '../fake-kubectl';
import { run } from '../run';
import { CASES, load } from '../../rules/manifests';

const [BEAT] = load(join(CASES, 'beat/schedule-not-writable/fail.yaml')) as object[];
const KEDA = 'scaledobjects.keda.sh';
const items = (...objects: object[]): [string] => [JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 4)];

async function live(args: readonly string[], answers: Answers | undefined) {
  const { result, calls } = await withKubectl(answers, () => run('--live', ...args));
  expect(result.err).not.toMatch(/\n\s+at /);
  return { ...result, calls };
}

test('what a namespace has is looked at, KEDA too, and no Secret is read', async () => {
  const { code, out, err, calls } = await live(['-n', 'shop'], { [KEDA]: items(), 'get deployments': items(BEAT) });
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out).toMatch(/^kubectl get -n shop:\d+ error Beat cannot write its schedule file/m);
  expect(out).toMatch(/^1 object: 1 error/m);
  expect(calls.map((call) => call.replace(/^get \S+ /, ''))).toEqual(Array(2).fill('--namespace shop --output=json --ignore-not-found'));
  expect(calls.join()).not.toContain('secrets');
});

test('without a namespace all are looked at', async () => {
  const { code, out, calls } = await live([], { [KEDA]: items(), 'get deployments': items({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }) });
  expect({ code, out }).toEqual({ code: 0, out: '1 object: nothing found\n' });
  expect(calls.filter((call) => call.includes(' --all-namespaces '))).toHaveLength(2);
});

test('the line of a finding is that of what kubectl printed', async () => {
  const [printed] = items(BEAT);
  const { out } = await live(['-n', 'shop'], { [KEDA]: items(), 'get deployments': [printed] });
  const at = Number(/^kubectl get -n shop:(\d+) /m.exec(out)![1]);
  expect(printed.split('\n')[at - 1]).toContain('/app/celerybeat-schedule');
});

test('a cluster without KEDA is fine', async () => {
  const refused = ['error: the server doesn\'t have a resource type "scaledobjects"', 1] as const;
  expect(await live(['-n', 'shop'], { [KEDA]: refused, 'get deployments': items(BEAT) })).toMatchObject({ code: 1, err: '' });
});

test.each([['an empty list', items()], ['nothing at all', [''] as const]])('an empty namespace (%s) is said, and no fault', async (_, answer) => {
  expect(await live(['-n', 'shop'], { [KEDA]: answer, 'get deployments': answer }))
    .toMatchObject({ code: 0, err: 'cdk8s-celery lint: there is no Kubernetes object in namespace \'shop\'\n' });
});

test('a namespace that does not exist is a fault', async () => {
  const missing = 'Error from server (NotFound): namespaces "shpo" not found';
  expect(await live(['-n', 'shpo'], { [KEDA]: [''], 'get deployments': [''], 'get namespace shpo': [missing, 1] }))
    .toMatchObject({ code: 2, err: `cdk8s-celery lint: ${missing}\n` });
});

test('after an error there is no word of what was found', async () => {
  const missing = 'Error from server (NotFound): namespaces "shpo" not found';
  const answers: Answers = { [KEDA]: [''], 'get deployments': [''], 'get namespace shpo': [missing, 1] };
  expect((await live(['-n', 'shpo'], answers)).out).toBe('');
  expect(JSON.parse((await live(['-n', 'shpo', '--format', 'json'], answers)).out)).toMatchObject({ objects: 0, unknown: [], findings: [] });
  expect((await live(['-n', 'shop'], { 'get deployments': ['no', 1] })).out).toBe('');
});

test('--context reaches every call, and is for --live', async () => {
  const { code, calls } = await live(['-n', 'shop', '--context', 'staging'], { [KEDA]: items(), 'get deployments': items(BEAT) });
  expect([code, calls]).toEqual([1, [expect.stringMatching(/^--context staging get deployments/), expect.stringMatching(/^--context staging get scaledobjects/)]]);
  expect(await run('--context', 'staging', 'x.yaml')).toMatchObject({ code: 2, err: expect.stringContaining('--context is for --live') as string });
});

test('scaled objects that may not be read are said', async () => {
  const said = 'Error from server (Forbidden): scaledobjects.keda.sh is forbidden';
  expect(await live(['-n', 'shop'], { [KEDA]: [said, 1], 'get deployments': items(BEAT) })).toMatchObject({ code: 2, err: `cdk8s-celery lint: ${said}\n` });
});

test('no kubectl', async () => {
  expect(await live(['-n', 'shop'], undefined))
    .toMatchObject({ code: 2, err: 'cdk8s-celery lint: kubectl is not on the PATH: install it, see https://kubernetes.io/docs/tasks/tools/\n', calls: [] });
});

test.each([
  ['no cluster', 'E0101 memcache.go:265] couldn\'t get current server API group list\nThe connection to the server localhost:8080 was refused'],
  ['a cluster that forbids it', 'Error from server (Forbidden): deployments.apps is forbidden: User "ann" cannot list resource "deployments"'],
])('%s is said in the last words of kubectl, and nothing more is asked', async (_, said) => {
  const { code, err, calls } = await live(['-n', 'shop'], { 'get deployments': [`${said}\n`, 1] });
  expect({ code, err }).toEqual({ code: 2, err: `cdk8s-celery lint: ${said.split('\n').at(-1)}\n` });
  expect(calls).toHaveLength(1);
});

test('an answer that is no JSON is a fault', async () => {
  expect((await live(['-n', 'shop'], { [KEDA]: items(), 'get deployments': ['{"items": [\n'] })).code).toBe(2);
});
