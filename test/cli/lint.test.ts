import { mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratch } from './run';
import { CASES } from '../rules/manifests';
import { RULES } from '../../src/rules/table';

const FAIL = join(CASES, 'beat/schedule-not-writable/fail.yaml');
const PASS = join(CASES, 'beat/schedule-not-writable/pass.yaml');
const files = scratch();

const WORKER = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      terminationGracePeriodSeconds: 600
      containers:
        - name: worker
          image: registry.example/shop:1
          command: [celery, -A, shop, worker, --concurrency=2, --prefetch-multiplier=0]
`;

describe('exit codes', () => {
  test('0 when nothing is found', async () => {
    expect((await run('lint', PASS)).code).toBe(2);
    expect(await run(PASS)).toEqual({ code: 0, out: '1 Beat\n\n1 object: nothing found\n', err: '' });
  });

  test('1 when something is found', async () => {
    expect((await run(FAIL)).code).toBe(1);
  });

  test('2 when something cannot be read, and the rest is reported', async () => {
    const result = await run(FAIL, files.path('missing.yaml'));
    expect(result.code).toBe(2);
    expect(result.err).toBe(`${files.path('missing.yaml')}: there is no such file or folder\n`);
    expect(result.out).toContain('beat/schedule-not-writable');
  });

  test('2 when there is no object at all', async () => {
    const result = await run(files.write('values.yaml', 'replicaCount: 1\n'));
    expect(result.code).toBe(2);
    expect(result.err).toContain('there is no Kubernetes object in');
  });

  test('what a command was meant to start is examined once it does', async () => {
    const file = files.write('meant.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: tasks}\nspec: {containers: [{name: tasks, image: "shop:1", command: ["celery -A shop worker"]}]}\n');
    expect((await run(file)).out).toContain('unknown Pod tasks (container tasks) is taken for a worker by the words of its command; its options are examined once its command starts it: not checked\n');
  });

  test('warnings count, info does not unless asked for', async () => {
    const info = join(CASES, 'delivery/results-lost-on-outage/fail.yaml');
    expect(await run(info)).toMatchObject({ code: 0, out: expect.stringContaining('1 more with --severity info') as string });
    expect((await run('--severity', 'info', info)).code).toBe(1);
    const advice = join(CASES, 'delivery/chatter/fail.yaml');
    expect(await run('--severity', 'info', advice)).toMatchObject({ code: 0, out: expect.stringContaining('1 more with --advice') as string });
    expect((await run('--severity', 'error', '--advice', advice)).code).toBe(1);
    expect(await run('--severity', 'advice', advice)).toEqual(await run('--severity', 'info', '--advice', advice));
    const warning = join(CASES, 'delivery/prefetch-zero/fail.yaml');
    expect((await run(warning)).code).toBe(1);
    expect((await run('--severity', 'error', warning)).code).toBe(0);
  });
});

describe('wrong use', () => {
  test.each([
    [['--format', 'xml', PASS], 'none of text, json, sarif, github, junit'],
    [['--severity', 'fatal', PASS], 'none of error, warning, info'],
    [['--rule', 'beet', PASS], 'is no rule or subject'],
    [['--explain', 'beet'], 'is no rule'],
    [['--namespace', 'x', PASS], 'is for --live'],
    [['--live', PASS], 'give no files'],
    [['--live', '-n', ''], '--namespace is empty; give the name of one'],
    [['--colour', PASS], 'Unknown option \'--colour\'\n'],
    [['--config', files.write('severity.yaml', 'severity: fatal'), PASS], 'severity.yaml: severity: \'fatal\' is none of error'],
    [[], 'nothing to read'],
  ])('%j', async (args, message) => {
    const result = await run(...args);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
    expect(result.err).not.toMatch(/\n\s+at /);
  });
});

test('the file and line of a finding', async () => {
  const file = files.write('worker.yaml', `# a comment\n---\n${WORKER}`);
  expect((await run(file)).out).toMatch(`${file}:16 warning A prefetch multiplier of 0`);
});

test('a file that is given twice, or with its folder, is read once', async () => {
  mkdirSync(files.path('once'));
  const file = files.write('once/worker.yaml', WORKER);
  const once = await run('--severity', 'info', file);
  expect(await run('--severity', 'info', file, files.path('once'), file.replace('/once/', '/./once/'))).toEqual(once);
  expect(once.out).toContain('1 object: ');
});

test('a List without items has no objects', async () => {
  expect(await run(files.write('none.json', '{"apiVersion": "v1", "kind": "List", "items": null}'))).toMatchObject({ code: 2, err: expect.stringContaining('there is no Kubernetes object') as string });
});

test('of a finding in JSON', async () => {
  const json = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'worker' }, spec: {
    terminationGracePeriodSeconds: 600,
    containers: [{ name: 'worker', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', '-c', '2', '--prefetch-multiplier=0'] }] } }] };
  const text = JSON.stringify(json, null, 2);
  const line = text.split('\n').findIndex((row) => row.includes('--prefetch-multiplier=0')) + 1;
  expect((await run(files.write('list.json', text))).out).toContain(`list.json:${line} warning`);
});

test.each(['a quote \\" in it', 'braces { [ in it', 'a comma, in it', 'a backslash \\\\', 'a backslash and a quote \\\\\\"', 'an escape \\u0022 of a quote'])(
  'of a finding in JSON behind a text with %s', async (text) => {
    const json = `{
  "apiVersion": "v1", "kind": "Pod",
  "metadata": {"name": "worker", "annotations": {"note": "${text}"}},
  "spec": {
    "terminationGracePeriodSeconds": 600,
    "containers": [{
      "name": "worker", "image": "shop:1", "command": ["celery", "-A", "shop", "worker", "-c", "2",
        "--prefetch-multiplier=0"]}]}}`;
    expect((await run(files.write('text.json', json))).out).toContain('text.json:8 warning');
  },
);

test('of findings in a list of objects in JSON', async () => {
  const worker = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: {
    terminationGracePeriodSeconds: 600,
    containers: [{ name, image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', '-c', '2', '--prefetch-multiplier=0'] }] } });
  const text = JSON.stringify([worker('b'), { apiVersion: 'v1', kind: 'Pod' }, worker('a')], null, 2);
  const lines = text.split('\n').flatMap((row, i) => row.includes('--prefetch-multiplier=0') ? [`${i + 1}`] : []);
  const { out } = await run(files.write('array.json', text));
  expect([...out.matchAll(/array\.json:(\d+) warning/g)].map(([, line]) => line)).toEqual(lines);
  expect(lines).toHaveLength(2);
});

test('the objects of a List are counted', async () => {
  expect((await run(files.write('list.yaml', 'apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Pod}\n  - {apiVersion: v1, kind: Pod}\n'))).out)
    .toBe('2 objects: nothing found\n');
});

test('a List in the style of other tools has the lines of its objects', async () => {
  const code = `- apiVersion: v1
  data:
    tasks.py: 'import celery


      # ${'long '.repeat(100)}line

      app = celery.Celery(''tasks'')

      '
  kind: ConfigMap
  metadata:
    name: code
`;
  const worker = WORKER.replace(/^/gm, '  ').replace(' ', '-').trimEnd().replace('[celery, -A,', '[celery,\n                -A,');
  const file = files.write('list.yaml', `apiVersion: v1\nitems:\n${code.repeat(40)}${worker}\nkind: List\n`);
  const lines = 2 + 40 * code.split('\n').length - 40 + 15;
  expect((await run(file)).out).toContain(`list.yaml:${lines} warning`);
});

test('of a finding in unusual YAML', async () => {
  const file = files.write('anchor.yaml', WORKER.replace('[celery,', '&words [celery,'));
  expect((await run(file)).out).toContain('anchor.yaml:14 warning');
});

test('a folder, without what is no manifest', async () => {
  mkdirSync(files.path('folder/node_modules'), { recursive: true });
  files.write('folder/a.yml', WORKER);
  files.write('folder/README.md', '{{');
  files.write('folder/node_modules/b.yaml', ': : :');
  expect(await run(files.path('folder'))).toMatchObject({ code: 1, err: '' });
});

test.each(['.venv', '.git', '.terraform', '__pycache__', 'node_modules'])('a folder without its %s, which tools have written', async (name) => {
  mkdirSync(files.path(`tools-of${name}/${name}`), { recursive: true });
  files.write(`tools-of${name}/a.yaml`, 'apiVersion: v1\nkind: Pod\n');
  files.write(`tools-of${name}/${name}/worker.yaml`, WORKER);
  expect(await run(files.path(`tools-of${name}`))).toEqual({ code: 0, out: '1 object: nothing found\n', err: '' });
});

test('patches of kustomize are no objects', async () => {
  mkdirSync(files.path('kustomize/base'), { recursive: true });
  files.write('kustomize/base/worker.yaml', WORKER.replace(', --prefetch-multiplier=0', ''));
  files.write('kustomize/kustomization.yaml', 'resources: [base]\npatches:\n  - path: worker-patch.yaml\n');
  files.write('kustomize/worker-patch.yaml', WORKER.replace('      terminationGracePeriodSeconds: 600\n', ''));
  const result = await run(files.path('kustomize'));
  expect(result).toMatchObject({ code: 0, out: '1 worker\n\n2 objects: nothing found\n' });
  expect(result.err).toContain('left out 1 patch of kustomize');
  expect((await run(files.path('kustomize/worker-patch.yaml'))).code).toBe(1);
  // As a glob gives them.
  const each = ['kustomization.yaml', 'worker-patch.yaml', 'base/worker.yaml'].map((name) => files.path(`kustomize/./${name}`));
  expect(await run(...each)).toMatchObject({ code: 0, out: '1 worker\n\n2 objects: nothing found\n', err: expect.stringContaining('left out 1 patch') });
  // The folder of the patch is read before that of the kustomization which names it.
  mkdirSync(files.path('kustomize-apart/a'), { recursive: true });
  mkdirSync(files.path('kustomize-apart/b'));
  files.write('kustomize-apart/a/worker-patch.yaml', WORKER.replace('      terminationGracePeriodSeconds: 600\n', ''));
  files.write('kustomize-apart/b/worker.yaml', WORKER.replace(', --prefetch-multiplier=0', ''));
  files.write('kustomize-apart/b/kustomization.yaml', 'resources: [worker.yaml]\npatches:\n  - path: ../a/worker-patch.yaml\n');
  expect(await run(files.path('kustomize-apart'))).toMatchObject({ code: 0, out: expect.stringContaining('2 objects: nothing found') });
});

test('what a patch of kustomize may change is no error', async () => {
  const SHARE = 'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: worker}\nspec:\n  maxReplicas: 3\n'
    + '  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}\n';
  const patch = (container: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\nspec: {template: {spec: {${container}}}}\n`;
  mkdirSync(files.path('changed'));
  files.write('changed/worker.yaml', WORKER.replace(', --prefetch-multiplier=0', ''));
  files.write('changed/hpa.yaml', SHARE);
  files.write('changed/patch.yaml', patch('containers: [{name: worker, resources: {requests: {cpu: 1}}}]'));
  for (const patches of ['patches: [{path: patch.yaml}]', 'patchesStrategicMerge: [patch.yaml]']) {
    files.write('changed/kustomization.yaml', `resources: [worker.yaml, hpa.yaml]\n${patches}\n`);
    files.write('changed/patch.yaml', patch('containers: [{name: worker, resources: {requests: {cpu: 1}}}]'));
    expect((await run(files.path('changed'))).out).toContain('warning The autoscaler scales by CPU utilization, but there is no CPU request: HorizontalPodAutoscaler worker, unless a kustomization changes it');
    files.write('changed/patch.yaml', patch('nodeSelector: {disk: ssd}'));
    expect((await run(files.path('changed'))).out).toContain('error The autoscaler scales by CPU utilization');
  }
});

test('a kustomization that says no kind gives labels to what it builds', async () => {
  mkdirSync(files.path('labels'));
  files.write('labels/worker.yaml', WORKER.replace(', --prefetch-multiplier=0', '').replace(/ +selector:.*\n/, '').replace(/ +metadata: \{labels.*\n/, ''));
  expect((await run(files.path('labels'))).out).toContain('admission/missing-field');
  files.write('labels/kustomization.yaml', 'resources: [worker.yaml]\nlabels:\n  - pairs: {app: worker}\n    includeSelectors: true\n');
  expect(await run(files.path('labels'))).toMatchObject({ code: 0, out: '1 worker\n\n2 objects: nothing found\n' });
});

test('what tests of kuttl expect is no manifest', async () => {
  mkdirSync(files.path('kuttl'));
  files.write('kuttl/00-install.yaml', 'apiVersion: v1\nkind: Pod\n');
  files.write('kuttl/00-assert.yaml', 'apiVersion: v1\nkind: Deployment\nstatus: {readyReplicas: 1}\n');
  expect(await run(files.path('kuttl'))).toEqual({
    code: 0, out: '1 object: nothing found\n', err: `cdk8s-celery lint: left out what tests of kuttl expect: ${files.path('kuttl/00-assert.yaml')}\n`,
  });
});

test('yes and no are texts in what kustomize reads, and booleans to kubectl', async () => {
  const labelled = WORKER.replace(', --prefetch-multiplier=0', '').replace(/^(metadata:\n)/m, '$1  labels: {recreate: yes}\n');
  mkdirSync(files.path('kustomized'));
  files.write('kustomized/worker.yaml', labelled);
  expect((await run(files.path('kustomized'))).out).toContain('admission/wrong-type');
  files.write('kustomized/kustomization.yaml', 'resources: [worker.yaml]\n');
  expect(await run(files.path('kustomized'))).toMatchObject({ code: 0, out: '1 worker\n\n2 objects: nothing found\n' });
  files.write('kustomized/worker.yaml', labelled.replace('yes', 'true'));
  expect((await run(files.path('kustomized'))).out).toContain('admission/wrong-type');
});

test('templates of Helm in a folder are no manifests', async () => {
  mkdirSync(files.path('repository/chart/templates'), { recursive: true });
  mkdirSync(files.path('repository/templates'), { recursive: true });
  files.write('repository/templates/pod.yaml', 'apiVersion: v1\nkind: Pod\n');
  files.write('repository/chart/Chart.yaml', 'apiVersion: v2\nname: shop\n');
  const template = files.write('repository/chart/templates/worker.yaml', 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n');
  expect(await run(files.path('repository'))).toEqual({
    code: 0, out: '1 object: nothing found; 1 chart of Helm not examined\n',
    err: `cdk8s-celery lint: left out the templates of Helm in ${files.path('repository/chart')}; `
      + `to see what comes of them: helm template ${files.path('repository/chart')} | cdk8s-celery lint -\n`,
  });
  expect((await run(files.path('repository/chart/templates'))).code).toBe(2);
  expect((await run(template)).code).toBe(2);
});

test('a list that ends in the column of its key, as kubectl takes it', async () => {
  const file = files.write('brackets.yaml', `${WORKER}          args: [\n            "--loglevel=info",\n          ]\n          imagePullPolicy: Always\n`);
  const { out, err } = await run(file);
  expect(err).not.toContain('not YAML');
  expect(out).toContain('1 worker');
});

test('a value in quotes that goes on at the margin, as kubectl takes it', async () => {
  const file = files.write('margin.yaml', `${WORKER}          env:\n            - name: KEY\n              value: "one\ntwo: \\"x\\"\nthree"\n          args: ['a;\n  b']\n`);
  expect(await run(file)).toMatchObject({ code: 1, err: '' });
  expect((await run(file)).out).toContain('margin.yaml:14 warning');
  expect((await run(files.write('open.yaml', `${WORKER}          env: "one\ntwo\n`))).err).toContain('open.yaml:');
});

test('what looks like Celery and runs out of sight is said', async () => {
  const file = files.write('unknown.yaml', WORKER.replace(/ +command:.*\n/, '').replace('name: worker', 'name: celery-worker'));
  expect((await run(file)).out).toBe('1 worker\n\nunknown Deployment celery-worker (container worker) '
    + 'is taken for a worker by the name of the container; its options are in its image: not checked\n\n1 object: nothing found\n');
  expect((JSON.parse((await run('--format', 'json', file)).out) as { unknown: unknown }).unknown)
    .toEqual([{
      objectKind: 'Deployment', objectName: 'celery-worker', container: 'worker',
      reason: 'is taken for a worker by the name of the container; its options are in its image',
    }]);
});

test('--rule', async () => {
  const file = files.write('two.yaml', WORKER.replace('      terminationGracePeriodSeconds: 600\n', ''));
  expect((await run('--rule', 'shutdown', '--advice', file)).out).toMatch(/1 object: 1 advice/);
  expect((await run('--rule', 'delivery/prefetch-zero', '--rule', 'shutdown/grace-not-set', '--advice', file)).out).toMatch(/1 object: 1 warning, 1 advice/);
});

test('--list and --explain', async () => {
  expect((await run('--list')).out.split('\n').length).toBe(RULES.length + 1);
  expect((await run('--explain', 'beat/rolling-update')).out).toContain('Set strategy.type: Recreate.');
});

describe('--config', () => {
  const file = files.write('configured.yaml', WORKER);
  const config = (content: string) => files.write('config.yaml', content);

  test('suppresses with a reason', async () => {
    config('suppress:\n  - rule: delivery/prefetch-zero\n    object: Deployment/*\n    reason: four is fine\n');
    expect(await run('--config', files.path('config.yaml'), file)).toMatchObject({ code: 0 });
  });

  test.each([
    ['Deployment/worker', 0], ['Deployment/*', 0], ['*', 0], ['shop/Deployment/worker', 0], ['shop/*', 0], ['*/worker', 0],
    ['Deployment/work', 1], ['other/Deployment/worker', 1], ['StatefulSet/worker', 1], ['shop/worker', 1], ['eployment/worker', 1], ['worker', 1],
  ])('the object %s', async (object, code) => {
    config(`suppress:\n  - {rule: delivery/prefetch-zero, object: ${JSON.stringify(object)}, reason: four is fine}\n`);
    const shop = files.write('shop.yaml', WORKER.replace('name: worker', 'name: worker\n  namespace: shop'));
    expect((await run('--config', files.path('config.yaml'), shop)).code).toBe(code);
  });

  // As a regular expression it has no end.
  test('an object with many stars', async () => {
    config(`suppress:\n  - {rule: delivery/prefetch-zero, object: '${'*a'.repeat(16)}*b', reason: x}\n`);
    const long = files.write('long.yaml', WORKER.replace('name: worker', `name: ${'a'.repeat(200)}`));
    expect(await run('--config', files.path('config.yaml'), long)).toMatchObject({ code: 1, out: expect.stringContaining('suppressions/unused') as string });
  });

  test.each([
    ['suppress:\n  - rule: delivery/prefetch-zero\n', 'suppressions/no-reason'],
    ['suppress:\n  - rule: delivery/prefetch-zero\n    object: Deployment/beat\n    reason: x\n', 'suppressions/unused'],
    ['suppress:\n  - rule: delivery/prefetch\n    reason: x\n', 'suppressions/unknown-rule'],
  ])('%j is a finding', async (content, id) => {
    config(content);
    const result = await run('--config', files.path('config.yaml'), file);
    expect(result.code).toBe(1);
    expect(result.out).toContain(`[${id}]`);
  });

  test.each([
    ['- a\n', 'is not a map'], ['suppres: []\n', 'allowed: severity, suppress'], ['suppress:\n  - reason: x\n', 'has no rule'],
    ['severity: bad\n', 'none of error, warning, info'], ['a: [\n', 'line 2'],
  ])('%j cannot be used', async (content, message) => {
    config(content);
    expect(await run('--config', files.path('config.yaml'), file)).toMatchObject({ code: 2, err: expect.stringContaining(message) as string });
  });
});

test('a merge key brings what kubectl sees', async () => {
  const merged = `${WORKER}        - &base
          name: one
          image: registry.example/shop:1
          command: [celery, -A, shop, worker, --concurrency=2, --prefetch-multiplier=0]
        - <<: *base
          name: two
`;
  const { out } = await run(files.write('merged.yaml', merged), '--rule', 'delivery/prefetch-zero');
  expect(out).toContain('(container one)');
  expect(out).toContain('(container two)');
});

test('a key that is given twice is said, and the last one counts as for kubectl', async () => {
  const twice = WORKER.replace('          command:', '          command: [celery, -A, shop, beat]\n          command:');
  const result = await run(files.write('twice.yaml', twice), '--rule', 'delivery/prefetch-zero');
  expect(result).toMatchObject({ code: 2, err: expect.stringContaining('twice.yaml:15: the same key is given twice') as string });
  expect(result.out).toContain('delivery/prefetch-zero');
});

test('any number of aliases of one anchor, as kubectl takes them', async () => {
  const aliases = `kind: ConfigMap\napiVersion: v1\nmetadata: {name: a, labels: &a {b: c}}\nlist:\n${'- *a\n'.repeat(1000)}`;
  expect(await run(files.write('aliases.yaml', aliases))).toMatchObject({ code: 0, err: '' });
});

describe('input that is no YAML', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...'bcdefghi'.split('').map((name, i) =>
    `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`)].join('\n');

  test.each<[string, string | Buffer, string, number | undefined]>([
    ['a bomb', bomb, 'alias', 1],
    ['an alias inside of itself', 'kind: Pod\na: &a\n  b: [*a]\n', 'inside of what it stands for', 1],
    ['a tab', 'kind: Pod\nmetadata:\n\tname: x\n', 'a tab is in the indentation; use spaces', 3],
    ['a template', `${WORKER}---\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n`, 'is a template', 18],
    ['a template of another kind', '{% if on %}\nkind: Pod\n{% endif %}\n', 'is a template', 1],
    ['a template line', '{{- if .Values.on }}\nkind: Pod\n{{- end }}\n', 'is a template', 1],
    ['a key twice', 'kind: Pod\nkind: Pod\n', 'is given twice', 2],
    ['binary', Buffer.from([0x1f, 0x8b, 0, 0, 1]), 'is binary', 1],
    ['another encoding', Buffer.from([0x6b, 0xff, 0xfe]), 'is not UTF-8', undefined],
    ['a quote that is open', `${WORKER}          env: [{name: A, value: "hunter2}]\n---\nkind: Pod\n`, 'a quote or bracket is not closed', 16],
    ['a quote that is open, before other keys', 'kind: "Pod\nmetadata:\n  name: x\n', 'a quote or bracket is not closed', 2],
    ['a quote that goes on at the margin, before something wrong', 'kind: "P\no\nd"\nmetadata:\n\tname: x\n', 'a tab is in the indentation', 5],
    ['a bracket that is open', 'kind: [a, b\n', 'is not YAML', 2],
    ['deep nesting', `a: ${'['.repeat(50_000)}\n`, 'is nested deeper than 500 levels', 1],
    ['deep nesting of maps', `a:\n  ${'{a: '.repeat(50_000)}\n`, 'is nested deeper than 500 levels', 2],
    ['deep nesting of lists', `${'- '.repeat(50_000)}a\n`, 'is nested deeper than 500 levels', 1],
  ])('%s', async (_name, content, message, line) => {
    const file = files.write('bad.yaml', content);
    const result = await run(file);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(line === undefined ? /bad\.yaml: / : `bad.yaml:${line}: `);
    expect(result.err).toContain(message);
    expect(result.err.split('\n').length).toBeLessThanOrEqual(3);
  });

  test('a file of 100 MiB', async () => {
    const file = files.write('large.yaml', 'kind: Pod\n');
    truncateSync(file, 100 * 2 ** 20);
    expect(await run(file)).toMatchObject({ code: 2, err: `${file}: is larger than 64 MiB, which no set of manifests is; give the files one by one\n` });
  });

  test.each([['CRLF', WORKER.replaceAll('\n', '\r\n')], ['a byte order mark', `\uFEFF${WORKER}`], ['UTF-16', Buffer.from(`\uFEFF${WORKER}`, 'utf16le')], ['UTF-16 from a Mac', Buffer.from(`\uFEFF${WORKER}`, 'utf16le').swap16()],
    ['directives', `%YAML 1.2\n---\n${WORKER}...\n`]])('%s is fine', async (_, content) => {
    expect(await run(files.write('fine.yaml', content))).toMatchObject({ code: 1, err: '' });
  });
});

test('values are read as kubectl reads them', async () => {
  const flower = (links: string) => `apiVersion: v1
kind: Service
metadata: {name: flower}
spec: {ports: [{port: 5555}], selector: {app: flower}}
---
apiVersion: v1
kind: Pod
metadata: {name: flower, labels: {app: flower}}
spec:
  enableServiceLinks: ${links}
  containers:
    - {name: flower, image: 'registry.example/shop:1', command: [celery, -A, shop, flower]}
`;
  expect((await run(files.write('off.yaml', flower('off')))).out).not.toContain('service-link');
  expect((await run(files.write('on.yaml', flower('on')))).out).toContain('service-link');
});

test('passwords are not printed', async () => {
  const file = files.write('secret.yaml', `${WORKER}          env:
            - name: CELERY_BROKER_URL
              value: redis://:hunter2@redis:6379/x
`);
  const result = await run(file);
  expect(result.out).toContain('env/literal-password');
  for (const format of ['text', 'json', 'sarif', 'github', 'junit']) expect((await run('--format', format, file)).out).not.toContain('hunter2');
});
