import { firstSentence } from '../../../src/cli/formats/located';
import { run, scratch } from '../run';

const files = scratch();

const pod = (name: string, container: string) => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  containers:
    - {name: main, image: "acme/app:1", ${container}}
`;
const WORKER = 'command: [celery, -A, shop, worker, -c, "2", --prefetch-multiplier=0';
const input = [
  pod('a', `${WORKER}]`), pod('b', `${WORKER}, --purge]`), pod('c', 'command: [/entrypoint.sh, celery-beat]'), pod('d', ''), pod('web', 'command: [gunicorn, shop.wsgi]'),
].join('---\n');

describe('text', () => {
  const output = async () => (await run(files.write('pods.yaml', input))).out.replaceAll(files.path('pods.yaml'), 'pods.yaml');

  test('begins with what was recognised', async () => {
    expect((await output()).split('\n').slice(0, 2)).toEqual(['2 workers, 1 Beat, 1 container not recognised', '']);
  });

  test('says with which severity more is shown', async () => {
    const end = async (...args: string[]) => (await run(...args, files.write('severities.yaml', input))).out.trim().split('\n').at(-1);
    expect(await end('--severity', 'error')).toMatch(/: 1 error; 2 more with --severity warning; \d+ more with --severity info; \d+ more with --advice; explain/);
    expect(await end()).toMatch(/: 1 error, 2 warnings; \d+ more with --severity info; \d+ more with --advice; explain/);
    expect(await end('--severity', 'info')).not.toContain('--severity');
  });

  test('counts several Beats and Flowers', async () => {
    const several = ['beat', 'flower'].flatMap((role) => ['a', 'b'].map((name) => pod(`${role}-${name}`, `command: [celery, -A, ${name}, ${role}]`))).join('---\n');
    expect((await run(files.write('several.yaml', several))).out.split('\n')[0]).toBe('2 Beats, 2 Flowers');
  });

  test('counts what stays of objects with one name', async () => {
    const twice = `${pod('a', 'command: [celery, -A, shop, worker, -c, "2"]')}---\n${pod('a', 'command: [celery, -A, shop, worker, -c, "3"]')}`;
    expect((await run(files.write('twice.yaml', twice))).out.split('\n')[0]).toBe('1 worker');
  });

  test('has errors before warnings, and one text for all places of a finding', async () => {
    const found = (await output()).split('\n').filter((line) => /^(?! {4})\S+ |^ {2}\S/.test(line) && /error|warning/.test(line));
    expect(found).toEqual([
      expect.stringMatching(/^pods\.yaml:\d+ error .*\[delivery\/purge-at-start\]$/),
      expect.stringMatching(/^warning .*\[delivery\/prefetch-zero\] in 2 places$/),
      expect.stringMatching(/^ {2}pods\.yaml:\d+ warning Pod a \(container main\) spec\.containers\[0\]\.command\[6\]: has 0$/),
      expect.stringMatching(/^ {2}pods\.yaml:\d+ warning Pod b /),
      expect.stringMatching(/^5 objects: 1 error, 2 warnings/),
    ]);
  });

  test('says why on one line, and lists what was not examined', async () => {
    const out = await output();
    expect(out.match(/^ {4}why: {5}\S/gm)).toHaveLength(2);
    expect(out).toContain('unknown Pod c (container main) is taken for Beat');
    expect(out).toContain('not recognised Pod d (container main)\n');
  });

  test('never says that nothing is found while something was not recognised', async () => {
    expect((await run(files.write('d.yaml', pod('d', '')))).out).toContain('1 object: nothing found in what was recognised, 1 container not recognised\n');
    expect((await run(files.write('web.yaml', pod('web', 'command: [gunicorn, shop.wsgi]')))).out).toBe('1 object: nothing found\n');
  });

  test.each<[string, string, string]>([
    ['a probe of Celery', pod('e', 'livenessProbe: {exec: {command: [celery, -A, shop, inspect, ping]}}'), 'Pod e (container main) looks like Celery, but its command is in its image'],
    ['a condition', pod('e', 'command: [sh, -c, "if [ $BEAT ]; then celery -A shop beat; else celery -A shop worker; fi"]'),
      'Pod e (container main) starts one command of Celery or another, as a condition in its script says'],
    ['a kind that nobody knows', `apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: {name: e}
spec: {template: {spec: {containers: [{name: main, image: "acme/app:1", command: [celery, -A, shop, worker]}]}}}
`, 'CloneSet e (container main) looks like Celery, but is in a CloneSet of apps.kruise.io'],
  ])('nor while the role of what looks like Celery is not known: %s', async (_, object, listed) => {
    const { out, code } = await run(files.write('e.yaml', object));
    expect(out).toBe(`1 container not recognised\n\nunknown ${listed}: not checked\n\n1 object: nothing found in what was recognised, 1 container not recognised\n`);
    expect(code).toBe(0);
  });

  test.each(['json', 'sarif', 'github', 'junit'])('%s lists what was not recognised', async (format) => {
    expect((await run('--format', format, files.write('d.yaml', pod('d', '')))).out).toMatch(format === 'json' ? /"objectName": "d"/ : /Pod d \(container main\) is not recognised/);
  });
});

interface Grouped {
  readonly ruleId: string;
  readonly certainty: string;
  readonly unless?: string;
  readonly group: string;
}

test('JSON says what was recognised', async () => {
  expect(JSON.parse((await run('--format', 'json', files.write('pods.yaml', input))).out)).toMatchObject({
    objects: 5, recognised: { workers: 2, beats: 1, flowers: 0, servers: {}, exporters: 0 },
  });
});

describe('certainty and group', () => {
  const HEDGED = pod('e', 'command: [celery, worker, -A, shop, -c, "2"]');
  const file = () => files.write('both.yaml', `${input}---\n${HEDGED}`);

  test('are in JSON and SARIF', async () => {
    const { findings } = JSON.parse((await run('--format', 'json', file())).out) as { findings: Grouped[] };
    const sarif = JSON.parse((await run('--format', 'sarif', file())).out) as { runs: [{ results: Array<{ ruleId: string; properties: Omit<Grouped, 'ruleId'> }> }] };
    expect(sarif.runs[0].results.map(({ ruleId, properties }) => ({ ruleId, ...properties })))
      .toEqual(findings.map(({ ruleId, certainty, unless, group }) => ({ ruleId, certainty, ...unless === undefined ? {} : { unless }, group })));
    const [purge, after, one, two] = ['delivery/purge-at-start', 'code/app-option-after-subcommand', 'delivery/prefetch-zero', 'delivery/prefetch-zero']
      .map((id, i, all) => findings.filter(({ ruleId }) => ruleId === id)[all.slice(0, i).filter((other) => other === id).length]);
    expect([purge.certainty, after.certainty, after.unless]).toEqual(['certain', 'hedged', 'the image still has Celery 4']);
    expect(one.group).toBe(two.group);
    expect(one.group).not.toBe(purge.group);
  });

  test('are in annotations of GitHub and in JUnit', async () => {
    expect((await run('--format', 'github', file())).out).toMatch(/unless the image still has Celery 4.*\(hedged, group code\/app-option-after-subcommand#\w{8}\)$/m);
    expect((await run('--format', 'junit', file())).out).toContain('<property name="certainty" value="hedged"/><property name="group" value="code/app-option-after-subcommand#');
  });
});

test.each([
  ['One. Two.', 'One.'], ['One', 'One'], ['In `a. B` it ends. Then more.', 'In `a. B` it ends.'], ['From 5.3.4 on. And', 'From 5.3.4 on.'], ['Of e.g. this. More', 'Of e.g. this.'],
])('the first sentence of %j', (text, first) => {
  expect(firstSentence(text)).toBe(first);
});
