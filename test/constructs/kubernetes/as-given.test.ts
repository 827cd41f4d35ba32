import { App, Chart } from 'cdk8s';
import * as fc from 'fast-check';
import { AppCode, CeleryApp, CeleryAppProps, CeleryWorker, PythonRuntime, RedisBroker, rules } from '../../../src';
import { asGiven } from '../../../src/constructs/kubernetes/as-given';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifests, renderApp, synth } from '../../manifests';
import { runs } from '../../random-runs';
import { NEWEST } from '../../locks/lock';

const { Rules } = rules;

const DOLLAR = '$'.charCodeAt(0);

/** What the kubelet makes of an argument: third_party/forked/golang/expansion/expand.go, which looks at bytes. */
function kubelet(text: string, variables: Record<string, string>): string {
  const input = Buffer.from(text);
  const out: Buffer[] = [];
  let checkpoint = 0;
  for (let cursor = 0; cursor < input.length; cursor += 1) {
    if (input[cursor] !== DOLLAR || cursor + 1 >= input.length) continue;
    out.push(input.subarray(checkpoint, cursor));
    const rest = input.subarray(cursor + 1);
    const end = rest.indexOf(')');
    let advance = 1;
    if (rest[0] === DOLLAR) {
      out.push(Buffer.from('$'));
    } else if (rest[0] === '('.charCodeAt(0) && end > 0) {
      const name = rest.subarray(1, end).toString();
      out.push(Buffer.from(variables[name] ?? `$(${name})`));
      advance = end + 1;
    } else {
      // A byte, taken for a character.
      out.push(Buffer.from(`$${String.fromCharCode(rest[0])}`));
    }
    cursor += advance;
    checkpoint = cursor + 1;
  }
  return Buffer.concat([...out, input.subarray(checkpoint)]).toString();
}

test('the model of the kubelet does what the kubelet does', () => {
  const variables = { HOME: '/tmp' };
  expect(['$(HOME)', '$$(HOME)', '$$$(HOME)', '$(NONE)', '$(HOME', '$x', 'a$', '$$', '$é'].map((text) => kubelet(text, variables)))
    .toEqual(['/tmp', '$(HOME)', '$/tmp', '$(NONE)', '$(HOME', '$x', 'a$', '$', '$Ã\ufffd']);
});

test.each([
  ['$(HOME)', '$$(HOME)'], ['$$(HOME)', '$$$$(HOME)'], ['a$', 'a$$'], ['plain', 'plain'], ['$1$', '$$1$$'],
])('%s is written as %s', (text, written) => {
  expect(asGiven(text)).toBe(written);
});

test('the process gets any text as it was given', () => {
  const texts = fc.oneof(fc.string({ unit: fc.constantFrom('$', '(', ')', 'HOME', 'a', 'é', '\n') }), fc.string({ unit: 'grapheme' }));
  fc.assert(fc.property(texts, (text) => kubelet(asGiven(text), { 'HOME': '/tmp', '': 'nothing', 'a': 'b' }) === text), { numRuns: runs(200) });
});

/** The words of the worker's container, as its process gets them. */
function argv(manifests: Manifests, container: 'main' | 'init'): string[] {
  const { containers: [main], initContainers: [init] } = manifests.pod('celery-worker');
  const { command, args = [] } = container === 'main' ? main : init;
  return [...command ?? [], ...args].map((word) => kubelet(word, { HOME: '/tmp', CELERY_BROKER_URL: 'redis://:secret@h' }));
}

test('settings, queues and requirements reach their processes as given', () => {
  const manifests = synth((chart) => {
    const celery = new CeleryApp(chart, 'celery', {
      app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }),
      runtime: PythonRuntime.install({
        celery: NEWEST, requirements: ['x @ https://example.com/$(HOME)/x.zip'], indexUrl: 'https://example.com/$(HOME)',
      }),
      settings: { task_default_queue: '$(CELERY_BROKER_URL)', task_routes: { '$$(HOME)': { queue: '$' } } },
    });
    new CeleryWorker(chart, 'worker', { celery, queues: ['$(HOME)', '$$(HOME)'] });
  });
  const main = argv(manifests, 'main');
  expect(main).toContain('--queues=$(HOME),$$(HOME)');
  expect(main).toContain('task_default_queue=(json)"$(CELERY_BROKER_URL)"');
  expect(main).toContain('task_routes=(json){"$$(HOME)":{"queue":"$"}}');
  expect(argv(manifests, 'init')).toContain('x @ https://example.com/$(HOME)/x.zip');
  const index = manifests.pod('celery-worker').initContainers[0].env.find(({ name }) => name === 'PIP_INDEX_URL');
  expect(kubelet(index!.value, { HOME: '/tmp' })).toBe('https://example.com/$(HOME)');
});

test.each<[string, Pick<CeleryAppProps, 'settings'> & { queues?: string[] }]>([
  ['a setting', { settings: { task_default_queue: '$(NOPE)x', worker_log_format: '%(message)s $(y)' } }],
  ['a key of a setting', { settings: { task_routes: { '$(A)': '$(B)' } } }],
  ['a queue', { queues: ['$(NOPE)'] }],
])('%s that looks like a reference to a variable is none, and nothing complains of it', (_what, { settings, queues }) => {
  const app = new App();
  const chart = new Chart(app, 'chart', { namespace: 'test' });
  new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { settings }), queues });
  expect(() => renderApp(app)).not.toThrow();
  expect(Rules.check(app).filter(({ ruleId }) => ruleId.startsWith('env/'))).toEqual([]);
});
