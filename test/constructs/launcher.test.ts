import { Chart } from 'cdk8s';
import { CeleryBeat, CeleryFlower, CeleryWorker, rules } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';

const { Rules, Severity } = rules;

const NAMES = ['celery-worker', 'celery-beat', 'celery-flower'];

function components(app: string[] | undefined, own?: string[]): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart, { launcher: app });
    new CeleryWorker(chart, 'worker', { celery, launcher: own });
    new CeleryBeat(chart, 'beat', { celery, launcher: own });
    new CeleryFlower(chart, 'flower', { celery, launcher: own });
  };
}

const commands = (...given: Parameters<typeof components>): string[][] => {
  const manifests = synth(components(...given));
  return NAMES.map((name) => manifests.main(name).command);
};

test('is in front of celery in every component, and changes nothing else', () => {
  const plain = commands(undefined);
  expect(commands(['opentelemetry-instrument', '--logs_exporter', 'none'])).toEqual(plain.map((command) => ['opentelemetry-instrument', '--logs_exporter', 'none', ...command]));
  expect(plain.map(([program]) => program)).toEqual(['celery', 'celery', 'celery']);
});

test('of a component takes the place of that of the app, and none is none', () => {
  expect(commands(['ddtrace-run'], ['opentelemetry-instrument']).map(([program, next]) => [program, next])).toEqual(NAMES.map(() => ['opentelemetry-instrument', 'celery']));
  expect(commands(['ddtrace-run'], [])).toEqual(commands(undefined));
});

test('is an argument as it was given: the kubelet expands nothing in it', () => {
  expect(commands(['run', '--name=$(POD)', 'a b'])[0].slice(0, 4)).toEqual(['run', '--name=$$(POD)', 'a b', 'celery']);
});

test.each([['opentelemetry-instrument'], ['ddtrace-run'], ['newrelic-admin'], ['tini']])('the rules read through %s as without it', (program) => {
  const found = (launcher?: string[]) => Rules.lint(synth(components(launcher)).all as unknown[])
    .filter(({ severity }) => severity !== Severity.INFO).map(({ ruleId, objectName }) => [ruleId, objectName]);
  expect(found(program === 'newrelic-admin' ? [program, 'run-program'] : program === 'tini' ? [program, '--'] : [program])).toEqual(found());
});

test.each<[unknown, string]>([
  ['ddtrace-run', 'launcher: \'ddtrace-run\' is not a list of strings; give e.g. [\'opentelemetry-instrument\']'],
  [['ddtrace-run --profiling'], 'launcher: \'ddtrace-run --profiling\' is not one program; give each argument as an item of the list, e.g. [\'opentelemetry-instrument\']'],
  [[''], 'launcher: \'\' is not one program; give each argument as an item of the list'],
  [['sh', '-c', 'exec "$@"'], 'launcher: \'sh -c exec "$@"\' is a shell, which would not run the command that follows; give the program and its arguments without a shell'],
  [['/bin/bash', '-lc', 'x'], 'is a shell, which would not run the command that follows'],
  [['run', 'a\0b'], 'launcher: \'run\' has a NUL character, which no argument can have; remove it'],
])('%j is refused', (launcher, message) => {
  expect(refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), launcher: launcher as string[] }))).toEqual([expect.stringContaining(message)]);
  expect(refusals((chart) => celeryApp(chart, { launcher: launcher as string[] }))).toEqual([expect.stringContaining(message)]);
});
