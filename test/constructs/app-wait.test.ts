import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'cdk8s';
import { CeleryWorker } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';

const folder = mkdtempSync(join(tmpdir(), 'app-wait-'));
afterAll(() => rmSync(folder, { recursive: true }));

function container(command: string[], timeout?: Duration) {
  return synth((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor({ name: 'migrated', command, timeout })] });
  }).pod('celery-worker').initContainers.find(({ name }) => name === 'migrated')!;
}

/** Runs what the container runs; the kubelet would take `$$(` for `$(`. */
function run(command: string[], timeout?: Duration): { code: number | null; lines: string[] } {
  const [program, ...args] = container(command, timeout).command.map((word) => word.replaceAll('$$', '$'));
  const { status, stdout, stderr } = spawnSync(program === 'python' ? 'python3' : program, args, { encoding: 'utf8' });
  return { code: status, lines: (stdout + stderr).trim().split('\n') };
}

test('has the app, and ten minutes', () => {
  const { command, env, workingDir } = container(['python', 'manage.py', 'migrate', '--check']);
  expect(command.slice(3)).toEqual(['600', 'python', 'manage.py', 'migrate', '--check']);
  expect([workingDir, env.map(({ name }) => name)]).toEqual(['/app', expect.arrayContaining(['CELERY_BROKER_URL', 'PYTHONPATH'])]);
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
