import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppCode, CeleryWorker, ImageCodeOptions } from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifests, refusals, synth } from '../../manifests';

const directory = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A directory with these files. */
function files(name: string, contents: Record<string, string | Buffer>): string {
  const root = join(directory, name);
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

function app(code: AppCode, module = 'tasks'): Manifests {
  return synth((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { app: module, code }) }));
}

const refused = (code: AppCode, module = 'tasks') => refusals((chart) => celeryApp(chart, { app: module, code }));
const MIB = 1024 * 1024;

describe('fromDirectory', () => {
  test('takes all files, folders included, and leaves out what is hidden or compiled', () => {
    const root = files('all', {
      'tasks.py': TASKS, 'empty.py': '', '.env': 'SECRET=1', '.git/config': 'x', '__pycache__/tasks.cpython-311.pyc': 'x', 'old.pyc': 'x', 'data/words.txt': 'ä',
    });
    const { data } = app(AppCode.fromDirectory(root)).get('ConfigMap', 'celery-app');
    expect(Object.values(data).sort()).toEqual(['', TASKS, 'ä']);
  });

  test('gives the same manifest whatever the order of the files is', () => {
    const [one, two] = [{ 'a.py': '1', 'tasks.py': TASKS }, { 'tasks.py': TASKS, 'a.py': '1' }].map((contents, index) => files(`order${index}`, contents));
    expect(app(AppCode.fromDirectory(one)).all).toEqual(app(AppCode.fromDirectory(two)).all);
  });

  test('refuses a directory that is not there', () => {
    expect(refused(AppCode.fromDirectory('no/such/directory'))).toEqual([
      '[chart/celery] code: \'no/such/directory\' is not a directory; give the directory that has the app, relative to where synth runs',
    ]);
  });

  test('refuses a file', () => {
    expect(refused(AppCode.fromDirectory(join(files('file', { 'tasks.py': TASKS }), 'tasks.py')))).toEqual([expect.stringContaining('tasks.py\' is not a directory')]);
  });

  test('refuses more than 1 MiB, and takes just that', () => {
    const path = 'tasks.py';
    expect(() => app(AppCode.fromDirectory(files('full', { [path]: 'x'.repeat(MIB - path.length) })))).not.toThrow();
    const root = files('large', { [path]: 'x'.repeat(MIB - path.length + 1) });
    expect(refused(AppCode.fromDirectory(root))).toEqual([
      `[chart/celery] code: '${root}' has ${MIB + 1} bytes, and a ConfigMap holds ${MIB} (1 MiB); `
      + 'put the code into an image: AppCode.inImage() with PythonRuntime.image(...)',
    ]);
  });

  test('refuses what is not text', () => {
    const root = files('binary', { 'tasks.py': TASKS, 'logo.png': Buffer.from([0x89, 0x50, 0xff, 0xfe]) });
    expect(refused(AppCode.fromDirectory(root))).toEqual([
      `[chart/celery] code: '${join(root, 'logo.png')}' is not UTF-8 text; put binary files into an image: PythonRuntime.image(...)`,
    ]);
  });
});

describe('fromInline', () => {
  test.each(['/tasks.py', '../tasks.py', 'a/../tasks.py', './tasks.py', 'a//tasks.py'])('refuses the path %s', (path) => {
    expect(refused(AppCode.fromInline({ 'tasks.py': TASKS, [path]: '' }))).toEqual([
      `[chart/celery] code: '${path}' is not a path inside the app; give e.g. 'tasks.py' or 'proj/tasks.py'`,
    ]);
  });

  test('refuses more than 1 MiB', () => {
    expect(refused(AppCode.fromInline({ 'tasks.py': 'x'.repeat(MIB) }))).toEqual([
      expect.stringMatching(/code: .* has 1048584 bytes, and a ConfigMap holds 1048576 \(1 MiB\); put the code into an image/),
    ]);
  });

  test('counts bytes, not characters', () => {
    expect(refused(AppCode.fromInline({ 'tasks.py': 'ä'.repeat(MIB / 2) }))).toHaveLength(1);
  });
});

describe('the module of the app', () => {
  test.each([
    ['tasks', 'tasks.py'],
    ['tasks:app', 'tasks.py'],
    ['tasks.app', 'tasks.py'],
    ['shop.tasks', 'shop/tasks.py'],
    ['shop.tasks:app', 'shop/tasks.py'],
    ['shop', 'shop/__init__.py'],
    ['shop', 'shop/celery.py'],
    ['shop.celery', 'shop/celery.py'],
  ])('%s is found in %s', (module, path) => {
    expect(() => app(AppCode.fromInline({ [path]: TASKS }), module)).not.toThrow();
  });

  test.each([
    ['jobs', ['tasks.py'], 'app: \'jobs\' is not in the code, which has tasks.py; add jobs.py, or name the module that has the Celery app'],
    ['tasks:app', ['jobs.py'], 'app: \'tasks:app\' is not in the code, which has jobs.py; add tasks.py, or name the module that has the Celery app'],
    ['shop.tasks:app', ['shop/__init__.py', 'tasks.py'],
      'app: \'shop.tasks:app\' is not in the code, which has shop/__init__.py, tasks.py; add shop/tasks.py, or name the module that has the Celery app'],
    ['tasks', [], 'app: \'tasks\' is not in the code, which has no files; add tasks.py, or name the module that has the Celery app'],
  ])('%s is not found in %p', (module, paths, message) => {
    expect(refused(AppCode.fromInline(Object.fromEntries(paths.map((path) => [path, '']))), module)).toEqual([`[chart/celery] ${message}`]);
  });
});

describe('inImage', () => {
  test('has no ConfigMap, and works in /app', () => {
    const manifests = app(AppCode.inImage());
    expect(manifests.find('ConfigMap', 'celery-app')).toBeUndefined();
    expect(manifests.main('celery-worker').workingDir).toBe('/app');
    expect(manifests.main('celery-worker').volumeMounts).toEqual([
      { name: 'agent', mountPath: '/opt/celery-agent/cdk8s_celery_agent', readOnly: true }, { name: 'tmp', mountPath: '/tmp' },
    ]);
  });

  test('with all options', () => {
    const options: Required<ImageCodeOptions> = { directory: '/srv/shop' };
    const manifests = app(AppCode.inImage(options), 'anything.at.all');
    expect(manifests.main('celery-worker').workingDir).toBe('/srv/shop');
    expect(manifests.env('celery-worker').PYTHONPATH).toBe('/srv/shop:/opt/celery-agent');
  });

  test('refuses a relative directory', () => {
    expect(refused(AppCode.inImage({ directory: 'srv/shop' }))).toEqual([
      '[chart/celery] code: \'srv/shop\' is not an absolute path; give the directory in the image, e.g. \'/app\'',
    ]);
  });
});
