import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratch } from '../run';
import { CASES } from '../../rules/manifests';

const FAIL = join(CASES, 'beat/schedule-not-writable/fail.yaml');
const PASS = join(CASES, 'beat/schedule-not-writable/pass.yaml');
const files = scratch();

test('text', async () => {
  expect((await run(FAIL)).out.replaceAll(FAIL, 'beat.yaml')).toBe(`1 Beat

beat.yaml:20 error Beat cannot write its schedule file [beat/schedule-not-writable]
    Deployment beat (container beat) spec.template.spec.containers[0].command[5]
    has:     /app/celerybeat-schedule
    allowed: a path on a writable volume
    why:     Beat exits at startup: \`OSError: [Errno 30] Read-only file system: 'celerybeat-schedule'\`; as another user \`Removing corrupted schedule file 'celerybeat-schedule': error(13, 'Permission denied')\` and \`PermissionError: [Errno 13]\`.
    fix:     Give -s a path on a writable volume: -s /var/lib/celery/celerybeat-schedule with an emptyDir or a claim at /var/lib/celery.

1 object: 1 error; explain one with --explain beat/schedule-not-writable
`);
});

test('json', async () => {
  expect(JSON.parse((await run('--format', 'json', FAIL)).out)).toEqual({
    objects: 1,
    recognised: { workers: 0, beats: 1, flowers: 0, servers: {}, exporters: 0 },
    unknown: [],
    findings: [expect.objectContaining({
      ruleId: 'beat/schedule-not-writable', severity: 'error', objectKind: 'Deployment', objectName: 'beat', container: 'beat',
      path: 'spec.template.spec.containers[0].command[5]', value: '/app/celerybeat-schedule', file: FAIL, line: 20, objectIndex: 0,
    })],
  });
  expect(JSON.parse((await run('--format', 'json', PASS)).out)).toMatchObject({ objects: 1, unknown: [], findings: [] });
});

test.each(['json', 'sarif'])('%s has each finding on a line of its own, however many there are', async (format) => {
  interface Output {
    readonly findings?: unknown[];
    readonly runs?: [{ readonly results: unknown[] }];
  }
  for (const [input, atLeast] of [[PASS, 0], [FAIL, 1], [join(CASES, 'probes'), 40]] as const) {
    const { out } = await run('--format', format, input);
    const { findings, runs } = JSON.parse(out) as Output;
    const all = findings ?? runs![0].results;
    expect(all.length).toBeGreaterThanOrEqual(atLeast);
    expect(out.split('\n').filter((line) => /^ +\{"ruleId"/.test(line)).map((line) => JSON.parse(line.replace(/,$/, '')) as unknown)).toEqual(all);
    // What is around them is laid out for people.
    expect(out.split('\n')[1]).toMatch(/^ {2}"/);
  }
});

test('sarif tells what could not be read', async () => {
  const file = files.write('broken.yaml', 'a: "\n');
  const { runs: [{ invocations }] } = JSON.parse((await run('--format', 'sarif', file)).out) as { runs: [{ invocations: unknown[] }] };
  expect(invocations).toEqual([{
    executionSuccessful: false,
    toolExecutionNotifications: [expect.objectContaining({
      message: { text: expect.stringContaining('is not YAML') as string },
      locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: 2 } } }],
    })],
  }]);
});

test('sarif 2.1.0', async () => {
  interface Sarif {
    version: string;
    runs: Array<{ tool: { driver: { rules: Array<{ id: string }> } }; results: Array<Record<string, unknown>> }>;
  }
  const { version, runs: [first] } = JSON.parse((await run('--format', 'sarif', FAIL)).out) as Sarif;
  expect(version).toBe('2.1.0');
  expect(first.tool.driver.rules.map(({ id }) => id)).toEqual(['beat/schedule-not-writable']);
  expect(first.results).toEqual([expect.objectContaining({
    ruleId: 'beat/schedule-not-writable', ruleIndex: 0, level: 'error',
    locations: [expect.objectContaining({ physicalLocation: { artifactLocation: { uri: encodeURI(FAIL) }, region: { startLine: 20 } } })],
  })]);
  expect((JSON.parse((await run('--format', 'sarif', PASS)).out) as Sarif).runs[0].results).toEqual([]);
});

test('github escapes what would end a property', async () => {
  const { out } = await run('--format', 'github', files.write('a,b:c%.yaml', readFileSync(FAIL)));
  expect(out).toMatch(/^::error file=[^,]*\/a%2Cb%3Ac%25\.yaml,line=20,title=beat\/schedule-not-writable::/);
});

test('github', async () => {
  expect((await run('--format', 'github', FAIL)).out).toMatch(/^::error file=[^,]*fail\.yaml,line=20,title=beat\/schedule-not-writable::Deployment beat \(container beat\): /);
  expect((await run('--format', 'github', PASS)).out).toBe('');
});

test('junit', async () => {
  const { out } = await run('--format', 'junit', FAIL);
  expect(out).toContain('<testsuites tests="1" failures="1">');
  expect(out).toContain('<testcase classname="beat/schedule-not-writable" name="Deployment beat (container beat) spec.template.spec.containers[0].command[5]">');
  expect((await run('--format', 'junit', PASS)).out).toContain('<testcase classname="cdk8s-celery" name="1 object"/>');
});

test('junit and github escape what manifests say', async () => {
  const file = files.write('odd.yaml', `apiVersion: v1
kind: Pod
metadata:
  name: "<a&b>\\"%\\n"
spec:
  terminationGracePeriodSeconds: 600
  containers:
    - name: w
      image: shop:1
      command: [celery, -A, shop, worker, -c, "2", --prefetch-multiplier=0]
`);
  expect((await run('--format', 'junit', file)).out).toContain('&lt;a&amp;b&gt;&quot;%');
  expect((await run('--format', 'github', file)).out).toContain('<a&b>"%25%0A');
});
