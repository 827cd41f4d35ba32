import { spawnSync } from 'node:child_process';
import { Duration } from 'cdk8s';
import { CeleryWorker } from '../../src';
import { scratch } from '../cli/run';
import { celeryApp } from '../fixtures';
import { synth } from '../manifests';

const files = scratch();

/** Pauses between tries take no time, and the clock is as late as after them. */
files.write('sitecustomize.py', `
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
  const { status, stdout, stderr } = spawnSync(program === 'python' ? 'python3' : program, args, { encoding: 'utf8', env: { ...process.env, PYTHONPATH: files.path('.') } });
  return { code: status, lines: (stdout + stderr).trim().split('\n') };
}

test('tries again until the check succeeds, one line for each try', () => {
  const file = files.path('tried');
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
