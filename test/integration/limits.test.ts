import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { AppCode, CeleryWorker } from '../../src';
import { run, scratch } from '../cli/run';
import { celeryApp, TASKS } from '../fixtures';
import { refusals, render } from '../manifests';

const files = scratch();

/** Fails unless something takes less than these seconds of the processor, whatever else runs on the machine. */
async function inSeconds<T>(most: number, body: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await body();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(most);
  return result;
}

// It took 25 s, when something compared each file with each other one.
test.each(['', 'pkg/'])('5000 files in %j take no more than seconds', async (folder) => {
  const contents = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${folder}m${i}.py`, `X = ${i}\n`]));
  await inSeconds(8, () => render((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { code: AppCode.fromInline({ 'tasks.py': TASKS, ...contents }) }) })));
});

test('a directory with too many files and folders is refused before all of them are looked at', () => {
  const root = files.path('many');
  const folders = [...'abcdefgh'];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  files.write('many/tasks.py', TASKS);
  for (const folder of folders) folders.filter((other) => other !== folder).forEach((other) => symlinkSync(`../${other}`, join(root, folder, other)));
  expect(refusals((chart) => celeryApp(chart, { code: AppCode.fromDirectory(root) }))).toEqual([
    `[chart/celery] code: '${root}' has more than 20000 files and folders, and a ConfigMap holds 1048576 bytes (1 MiB); give the directory that has the app and nothing else`,
  ]);
});

// A call takes about 100 000 arguments.
test.each(['env', 'queues'])('a long list of %s of which nothing is right is refused', (prop) => {
  expect(refusals((chart) => celeryApp(chart, { [prop]: new Array(200_000).fill('x') })).length).toBeGreaterThan(100_000);
});

test('many keys are read in time', async () => {
  const keys = Array.from({ length: 40_000 }, (_, i) => `  k${i}: v\n`).join('');
  const file = files.write('keys.yaml', `kind: ConfigMap\napiVersion: v1\nmetadata: {name: !!str a}\ndata:\n${keys}`);
  expect(await inSeconds(5, () => run(file))).toMatchObject({ code: 0, err: '' });
});

test('a List of megabytes is read in time', async () => {
  const code = `- {apiVersion: v1, kind: ConfigMap, metadata: {name: code}, data: {tasks.py: '# ${'long '.repeat(100)}line'}}\n`;
  const file = files.write('list.yaml', `apiVersion: v1\nitems:\n${code.repeat(4000)}kind: List\n`);
  expect(await inSeconds(5, () => run(file))).toMatchObject({ err: '', out: expect.stringMatching(/^4000 objects: /m) });
});
