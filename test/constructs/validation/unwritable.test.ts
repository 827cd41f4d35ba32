import { ApiObject, Chart, JsonPatch, Yaml } from 'cdk8s';
import { AppCode, CeleryBeat, CeleryWorker, RabbitMqBroker, rules } from 'cdk8s-celery';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { celeryApp, TASKS } from '../../fixtures';
import { refusals, synth } from '../../manifests';

const { Rules } = rules;

/** A text as a variable of a worker. */
const variable = (text: string) => (chart: Parameters<typeof celeryApp>[0]): void => {
  new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), env: [{ name: 'TEXT', value: text }] });
};

describe('a text that YAML does not carry', () => {
  test.each([
    ['U+007F', '\x7f'], ['U+0080', '\x80'], ['U+0085', '\x85'], ['U+009F', '\x9f'], ['U+2028', '\u2028'], ['U+2029', '\u2029'],
    ['U+FFFE', '\ufffe'], ['U+FFFF', '\uffff'], ['U+D800', '\ud800'], ['U+DFFF', '\udfff'],
  ])('%s is refused, and not shown', (name, character) => {
    const [error, ...more] = refusals(variable(`secret${character}`));
    expect(more).toEqual([]);
    expect(error).toMatch(new RegExp(
      `^\\[chart\\] Deployment test/celery-worker, spec\\.template\\.spec\\.containers\\[0\\]\\.env\\[\\d+\\]\\.value: the text has the character ${name.replace('+', '\\+')},`,
    ));
    expect(error).not.toContain('secret');
  });

  test.each(['\ttwo\nlines', '\n\n\ttwo\nlines\n', '\tone\n'])('%j begins with a tab', (text) => {
    expect(refusals(variable(text))).toEqual([expect.stringMatching(/env\[\d+\]\.value: the text, line \d, begins with a tab/)]);
  });

  test.each(['~\xa0\u2027\u202a\ufffd\ufeff', '\u{1f600}', '\u001b\r', '\tone line', '\n\tcommand\n\t', 'a\n\tb\n', ' \ta\nb\n'])('%j is fine', (text) => {
    synth(variable(text));
  });
});

test('each place of a manifest is looked at, keys and patches included', () => {
  expect(refusals((chart) => {
    const celery = celeryApp(chart);
    const worker = new CeleryWorker(chart, 'worker', { celery, annotations: { owner: 'a\x85b' } });
    worker.deployment.metadata.addAnnotation('k\x7fy', 'v');
    new ApiObject(chart, 'Other', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' }, data: { a: 'x\ny\u2028' } });
    // Written on the objects that it silences.
    ApiObject.of(worker.deployment).addJsonPatch(JsonPatch.replace('/spec/strategy', { type: 'Recreate\x7f' }));
    const beat = new CeleryBeat(chart, 'beat', { celery });
    ApiObject.of(beat.deployment).addJsonPatch(JsonPatch.replace('/spec/replicas', 2));
    Rules.of(beat).suppress('beat/more-than-one', 'why\x7fnot');
  }).map((error) => error.replace(/ (has|begins) .*/, ''))).toEqual(expect.arrayContaining([
    '[chart] Deployment test/celery-worker, metadata.annotations.owner: the text',
    '[chart] Deployment test/celery-worker, metadata.annotations: a key',
    '[chart] Deployment test/celery-worker, spec.strategy.type: the text',
    '[chart] Deployment test/celery-beat, metadata.annotations[\'cdk8s-celery/suppressed\']: the text',
    '[chart] ConfigMap test/other, data.a: the text, line 2,',
  ]));
});

test('a file of the app is named with the line', () => {
  expect(refusals((chart) => {
    celeryApp(chart, { code: AppCode.fromInline({ 'tasks.py': TASKS, 'proj/a.py': 'x = 1\n# \u2028\n', 'proj/b.py': '\tx\ny' }) });
  })).toEqual([
    expect.stringMatching(/^\[chart\/celery\] code: 'proj\/a\.py:2' has the character U\+2028,/),
    expect.stringMatching(/^\[chart\/celery\] code: 'proj\/b\.py:1' begins with a tab/),
  ]);
});

describe('a text that kubectl reads as a number', () => {
  /** What kubectl makes of scalars without quotes: scripts/make-scalars.mjs asked it. */
  const { values } = JSON.parse(readFileSync(join(__dirname, '../../cli/input/scalars.json'), 'utf8')) as { values: { text: string; value?: unknown; refused?: boolean }[] };
  const others = values.filter(({ text, value, refused }) => !refused && typeof value !== 'string' && Yaml.stringify(text).trim() === text);

  test('there are some that cdk8s writes without quotes', () => {
    expect(others.map(({ text }) => text)).toEqual(expect.arrayContaining(['0o7', '-0o755', '1e1_0']));
  });

  test.each(others)('$text is refused as a value and as a key', ({ text }) => {
    expect(refusals((chart) => new ApiObject(chart, 'Other', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other' }, data: { a: text, [text]: 'b' } }) && celeryApp(chart))).toEqual(
      expect.arrayContaining([expect.stringContaining('data.a: the text is a number to kubectl'), expect.stringContaining('data: a key is a number to kubectl')]),
    );
  });

  test.each(['0o8', '0o', '1_a', '_1', '0xg_', 'v1_0', '1_0 x', '0755', 'yes', '1.5', '1:30', '10'])('%s survives', (text) => {
    synth(variable(text));
  });
});

test.each([
  ['env of a user', (chart: Chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), env: [{ name: 'A', value: 'x\0y' }] }), 'env[0].value: \'A\' has a NUL character'],
  ['username', (chart: Chart) => void new RabbitMqBroker(chart, 'rabbit', { username: 'a\0b', password: { name: 'a', key: 'b' } }), 'NUL character'],
  ['args of a container', (chart: Chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), containers: [{ name: 'a', image: 'a:1.0.0', args: ['x\0'] }] }), 'args[0]: the text has a NUL character'],
])('a NUL, with which no container is created: %s', (_, make, message) => {
  expect(refusals(make)).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
});
