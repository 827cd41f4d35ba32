import { readFileSync } from 'node:fs';
import { run, scratch } from './run';

const files = scratch();

function worker(name: string, env: readonly string[] = [], more = ''): string {
  const variables = env.length === 0 ? '' : `\n          env:${env.map((one) => `\n            - {name: ${one}, value: "hunter2hunter2"}`).join('')}`;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: worker
          image: registry.example/shop:1
          command: [celery, -A, shop, worker, --concurrency=2${more}]${variables}
`;
}

const OLD = worker('orders', ['DB_PASSWORD'], ', --prefetch-multiplier=0');

async function baselineOf(name: string, text: string): Promise<string> {
  const file = files.path(name);
  expect(await run('--write-baseline', file, files.write(`${name}.yaml`, text))).toMatchObject({ code: 0, err: '' });
  return file;
}

test('what a baseline has is not reported again', async () => {
  const file = await baselineOf('old', OLD);
  const again = await run('--baseline', file, files.write('again.yaml', OLD));
  expect(again).toMatchObject({ code: 0, err: '' });
  expect(again.out).toContain('nothing new found; 2 known from the baseline');
});

test('it has no values, and each finding on a line of its own', async () => {
  const text = readFileSync(await baselineOf('lines', OLD), 'utf8');
  expect(text).not.toContain('hunter2hunter2');
  expect(text.split('\n').filter((line) => line.includes('"rule"'))).toHaveLength((JSON.parse(text) as { findings: unknown[] }).findings.length);
});

test.each<[string, string, number, string[]]>([
  ['another object', `${OLD}---\n${worker('mail', [], ', --prefetch-multiplier=0').replace('shop:1', 'mail:1')}`, 1, ['delivery/prefetch-zero']],
  ['another rule', worker('orders', ['DB_PASSWORD'], ', --prefetch-multiplier=0, --purge'), 1, ['delivery/purge-at-start']],
  ['another variable', worker('orders', ['DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY'], ', --prefetch-multiplier=0'), 1, ['env/literal-password']],
  ['a variable in front of it', worker('orders', ['LOG', 'DB_PASSWORD'], ', --prefetch-multiplier=0'), 0, []],
  ['lines in front of it', `# one\n# two\n${OLD}`, 0, []],
])('new is only what is new: %s', async (_, text, code, rules) => {
  const file = await baselineOf('new', OLD);
  const result = await run('--baseline', file, '--format', 'json', files.write('now.yaml', text));
  expect(result.code).toBe(code);
  expect((JSON.parse(result.out) as { findings: Array<{ ruleId: string }> }).findings.map(({ ruleId }) => ruleId)).toEqual(rules);
});

test.each(['7h24d9mkbt', '5f2a91c3'])('a ConfigMap whose name ends in the hash of its content is the same with another content: %s', async (hash) => {
  const config = (name: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: redis-${name}}
data: {redis.conf: "maxmemory-policy allkeys-lru"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - {name: redis, image: "redis:7.2", args: [/etc/redis/redis.conf], volumeMounts: [{name: conf, mountPath: /etc/redis}]}
      volumes: [{name: conf, configMap: {name: redis-${name}}}]
---
{apiVersion: v1, kind: Service, metadata: {name: redis}, spec: {selector: {app: redis}, ports: [{port: 6379}]}}
---
${OLD}`;
  const file = await baselineOf('hashed', config(hash));
  expect(readFileSync(file, 'utf8')).toContain('{"rule":"redis/evicts-tasks","object":"ConfigMap/redis"');
  expect(await run('--baseline', file, files.write('hashed.yaml', config(hash.replace(/2/g, '9'))))).toMatchObject({ code: 0, err: '' });
  expect((await run('--baseline', file, files.write('hashed.yaml', config('another')))).code).toBe(1);
});

test('an object in a namespace, which all others are then taken to be in, makes none of them new', async () => {
  const file = await baselineOf('namespace', OLD);
  expect(readFileSync(file, 'utf8')).toContain('"object":"Deployment/orders"');
  const more = files.write('namespace-now.yaml', `${OLD}---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: new, namespace: shop}}\n`);
  expect(await run('--baseline', file, more)).toMatchObject({ code: 0, err: '' });
});

test('a byte order mark in front of it makes no difference', async () => {
  const marked = files.write('marked.json', `\uFEFF${readFileSync(await baselineOf('mark', OLD), 'utf8')}`);
  expect(await run('--baseline', marked, files.write('mark-now.yaml', OLD))).toMatchObject({ code: 0, err: '' });
});

test('two lines of one finding, as a merge leaves them, count as two', async () => {
  const file = await baselineOf('merged', OLD);
  const baseline = JSON.parse(readFileSync(file, 'utf8')) as { findings: unknown[] };
  const merged = files.write('merged.json', JSON.stringify({ ...baseline, findings: [...baseline.findings, ...baseline.findings] }));
  expect((await run('--baseline', merged, files.write('one.yaml', OLD))).err).toContain(`${baseline.findings.length} of the findings`);
});

test('of two findings of one kind in one place a third is new', async () => {
  const probe = (name: string) => worker(name).replace('          command:', '          livenessProbe: {exec: {command: [celery, -A, shop, inspect, ping]}, periodSeconds: 5}\n          command:');
  const file = await baselineOf('counted', `${probe('a')}---\n${probe('b')}`);
  expect((await run('--baseline', file, files.write('three.yaml', `${probe('a')}---\n${probe('b')}---\n${probe('c')}`))).code).toBe(1);
});

test('what is gone is said', async () => {
  const { code, err } = await run('--baseline', await baselineOf('gone', OLD), files.write('fixed.yaml', worker('orders')));
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/\d of the findings of .*gone are gone; write it again with --write-baseline\n$/) as string });
});

test('findings of all severities are in it, so a later --advice shows only what is new', async () => {
  const file = await baselineOf('advice', OLD);
  expect((await run('--advice', '--severity', 'info', '--baseline', file, files.write('all.yaml', OLD))).code).toBe(0);
});

test.each([
  ['no JSON', 'findings: []', 'is not JSON'], ['another file', '{"a": 1}', 'has no list of findings'], ['another version', '{"version": 7, "findings": []}', 'has version 7, not 1'],
  ...[
    '1', '{}', '{"rule": "a/b", "object": "Pod/a"}', ...['-1', '0', '0.5', '1e999', '"2"'].map((count) => `{"rule": "a/b", "object": "Pod/a", "path": "", "count": ${count}}`),
  ].map((one): [string, string, string] => [`a finding ${one}`, `{"version": 1, "findings": [${one}]}`, 'has a finding without a rule, an object, a path or a valid count']),
])('%s is no baseline', async (_, text, message) => {
  const { code, err } = await run('--baseline', files.write('bad.json', text), files.write('w.yaml', OLD));
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) as string });
});

test.each([
  [['--baseline', 'none.json'], 'cannot be read: ENOENT'], [['--write-baseline', '/nowhere/b.json'], 'cannot write the baseline /nowhere/b.json: ENOENT'],
  [['--baseline', 'a', '--write-baseline', 'b'], 'give one of them'], [['--baseline', ''], '--baseline is empty'],
])('%j', async (args, message) => {
  const { code, err } = await run(...args, files.write('w2.yaml', OLD));
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) as string });
});

test('none is written of what could not be read', async () => {
  expect(await run('--write-baseline', files.path('half'), files.write('broken.yaml', 'a: "\n'))).toMatchObject({ code: 2, out: '' });
});
