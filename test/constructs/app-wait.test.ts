import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chart, Duration } from 'cdk8s';
import { AppWaitOptions, CeleryBeat, CeleryWorker, CeleryWorkerProps } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';

const folder = mkdtempSync(join(tmpdir(), 'app-wait-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Pauses between tries take no time, and the clock is as late as after them. */
writeFileSync(join(folder, 'sitecustomize.py'), `
import time
slept, monotonic, sleep = 0, time.monotonic, time.sleep
def skip(seconds):
    global slept
    if seconds < 0.5:
        sleep(seconds)
    else:
        slept += seconds
time.monotonic, time.sleep = lambda: monotonic() + slept, skip
`);

function container(command: string[], timeout?: Duration) {
  return synth((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor({ name: 'migrated', command, timeout })] });
  }).pod('celery-worker').initContainers.find(({ name }) => name === 'migrated')!;
}

/** Runs what the container runs; the kubelet would take `$$(` for `$(`. */
function run(command: string[], timeout?: Duration): { code: number | null; lines: string[] } {
  const [program, ...args] = container(command, timeout).command.map((word) => word.replaceAll('$$', '$'));
  const { status, stdout, stderr } = spawnSync(program === 'python' ? 'python3' : program, args, { encoding: 'utf8', env: { ...process.env, PYTHONPATH: folder } });
  return { code: status, lines: (stdout + stderr).trim().split('\n') };
}

test('has the app, and ten minutes', () => {
  const { command, env, workingDir } = container(['python', 'manage.py', 'migrate', '--check']);
  expect(command.slice(3)).toEqual(['600', 'python', 'manage.py', 'migrate', '--check']);
  expect([workingDir, env.map(({ name }) => name)]).toEqual(['/app', expect.arrayContaining(['CELERY_BROKER_URL', 'PYTHONPATH'])]);
});

test('is not asked for the container of a profile that the app names for all its pods', () => {
  const podAnnotations = { 'container.apparmor.security.beta.kubernetes.io/worker': 'runtime/default' };
  const made = synth((chart) => {
    const celery = celeryApp(chart, { podAnnotations });
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor({ name: 'migrated', command: ['true'] })] });
  });
  expect(made.pod('celery-worker').initContainers.map(({ name }) => name)).toContain('migrated');
});

test('tries again until the check succeeds, one line for each try', () => {
  const file = join(folder, 'tried');
  // Fails the first time.
  const { code, lines } = run(['sh', '-c', `echo "not yet: 1 migration"; test -e ${file} || { touch ${file}; exit 3; }`]);
  expect([code, lines]).toEqual([0, ['try 1, 0 s: exit code 3: not yet: 1 migration', 'try 2, 5 s: done']]);
});

test('gives up after its time, and shows what the check has printed', () => {
  const { code, lines } = run(['sh', '-c', 'echo one; echo two; exit 1'], Duration.seconds(1));
  expect(code).toBe(1);
  expect(lines).toEqual(['try 1, 0 s: exit code 1: two', 'one', 'two', expect.stringMatching(/^try 2, 1 s: exit code 1; given up$/)]);
});

test('a check that hangs is ended', () => {
  expect(run(['sleep', '60'], Duration.seconds(1))).toEqual({ code: 1, lines: ['try 1, 1 s: no answer; given up'] });
});

test('a command that there is not ends it at once', () => {
  expect(run(['no-such-command'])).toEqual({ code: 1, lines: ['no-such-command: No such file or directory'] });
});

test('a time that is none is refused', () => {
  expect(refusals((chart) => void celeryApp(chart).waitFor({ name: 'migrated', command: ['true'], timeout: Duration.seconds(0) })))
    .toEqual(['[chart/celery] timeout: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)']);
});

describe('the deadline of a rollout', () => {
  const define = (props: Partial<CeleryWorkerProps>, ...seconds: number[]) => (chart: Chart): void => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', {
      celery, ...props, initContainers: seconds.map((time, index) => celery.waitFor({ name: `wait-${index}`, command: ['true'], timeout: Duration.seconds(time) })),
    });
  };
  const deadline = (props: Partial<CeleryWorkerProps>, ...seconds: number[]) => (
    synth(define(props, ...seconds)).get('Deployment', 'celery-worker').spec.progressDeadlineSeconds);

  test('is longer than the pods wait', () => {
    expect([deadline({}), deadline({}, 60), deadline({}, 600, 30)]).toEqual([undefined, 660, 1230]);
    expect(deadline({ progressDeadlineSeconds: 601 }, 600)).toBe(601);
  });

  test('of Beat, too', () => {
    const { spec } = synth((chart) => {
      const celery = celeryApp(chart);
      new CeleryBeat(chart, 'beat', { celery, initContainers: [celery.waitFor({ name: 'migrated', command: ['true'] })] });
    }).get('Deployment', 'celery-beat');
    expect(spec.progressDeadlineSeconds).toBe(1200);
  });

  test.each([[[600], 600], [[300, 300], 600], [[60], 30]])('is refused where the pods may wait %j s, and it is %d', (seconds, progressDeadlineSeconds) => {
    const sum = seconds.reduce((all, one) => all + one, 0);
    expect(refusals(define({ progressDeadlineSeconds }, ...seconds))).toEqual([
      `[chart/worker] progressDeadlineSeconds: ${progressDeadlineSeconds} is not more than the ${sum} s that ${seconds.map((_, index) => `wait-${index}`).join(' and ')} of waitFor() may wait, `
      + `so a rollout would be reported as failed before; leave it out, or give more than ${sum}, or waitFor() a shorter timeout`,
    ]);
  });
});

test('a bad name is one message, and so are options that are none', () => {
  const used = (options: unknown) => refusals((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor(options as AppWaitOptions)] });
  });
  expect(used({ name: 'Bad_Name', command: ['true'] })).toEqual([expect.stringMatching(/^\[chart\/celery\] name: 'Bad_Name' is not a name that Kubernetes accepts/)]);
  expect(used(null)).toEqual(['[chart/celery] props: null is not an object; give the options by their names']);
});
