import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
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
      + 'put the code into an image: AppCode.inImage() with PythonRuntime.fromImage(...)',
    ]);
  });

  test('refuses what is not text', () => {
    const root = files('binary', { 'tasks.py': TASKS, 'logo.png': Buffer.from([0x89, 0x50, 0xff, 0xfe]) });
    expect(refused(AppCode.fromDirectory(root))).toEqual([
      `[chart/celery] code: '${join(root, 'logo.png')}' is not UTF-8 text; put binary files into an image: PythonRuntime.fromImage(...)`,
    ]);
  });
});

describe('fromDirectory opens nothing but files that are in the directory', () => {
  /** A directory with `tasks.py`, and what is refused once `make` has put more into it. */
  function refusedWith(name: string, make: (root: string) => void): string[] {
    const root = files(name, { 'tasks.py': TASKS, 'lib/words.txt': 'one' });
    make(root);
    return refused(AppCode.fromDirectory(root)).map((line) => line.replaceAll(`${root}/`, '').replaceAll(directory, '…'));
  }

  test('a link within the directory is followed, to a file and to a folder', () => {
    const root = files('links', { 'tasks.py': TASKS, 'lib/words.txt': 'one' });
    symlinkSync('lib/words.txt', join(root, 'words.txt'));
    symlinkSync('lib', join(root, 'copy'));
    expect(Object.values(app(AppCode.fromDirectory(root)).get('ConfigMap', 'celery-app').data).sort()).toEqual([TASKS, 'one', 'one', 'one'].sort());
  });

  test('the directory itself may be a link, and its names may begin with two dots', () => {
    const root = files('mounted', { '..2026/tasks.py': TASKS });
    symlinkSync('..2026/tasks.py', join(root, 'tasks.py'));
    symlinkSync(root, join(directory, 'mounted-link'));
    expect(app(AppCode.fromDirectory(join(directory, 'mounted-link'))).get('ConfigMap', 'celery-app').data).toEqual({ 'tasks.py': TASKS });
  });

  test.each<[string, string, string]>([
    ['to a file elsewhere', '/etc/passwd', 'is a link that leads out of the directory, to /etc/passwd; copy what it leads to into the directory, or remove it'],
    ['to a folder elsewhere', '..', 'is a link that leads out of the directory, to …; copy what it leads to into the directory, or remove it'],
    ['to a device', '/dev/zero', 'is a link that leads out of the directory, to /dev/zero; copy what it leads to into the directory, or remove it'],
    ['to nothing', 'gone.py', 'is a link to what does not exist; remove it'],
    ['to itself', 'link.py', 'is a link that leads back to itself; remove it'],
    ['to a folder that it is in', '.', 'is a link to a folder that it is in; remove it'],
  ])('a link %s is refused', (what, target, wrong) => {
    expect(refusedWith(`link ${what}`, (root) => symlinkSync(target, join(root, 'link.py')))).toEqual([`[chart/celery] code: 'link.py' ${wrong}`]);
  });

  test.each([
    ['a hidden file', '.env'], ['a file in a hidden folder', '.ssh/id_rsa'], ['a hidden folder', '.ssh'], ['a file of a virtual environment', 'env3/lib/os.py'],
    ['a folder of a virtual environment', 'env3/lib'], ['a compiled file', 'lib/words.pyc'], ['a folder of node_modules', 'node_modules/left-pad'],
  ])('a link to %s, which is left out, is refused', (what, target) => {
    const found = refusedWith(`left out ${what}`, (root) => {
      for (const folder of ['.ssh', 'env3/lib', 'node_modules/left-pad']) mkdirSync(join(root, folder), { recursive: true });
      for (const file of ['.env', '.ssh/id_rsa', 'env3/pyvenv.cfg', 'env3/lib/os.py', 'lib/words.pyc']) writeFileSync(join(root, file), 'hunter2');
      symlinkSync(target, join(root, 'link'));
    });
    expect(found).toEqual([`[chart/celery] code: 'link' is a link to what is left out, ${target}; copy what it leads to into the directory, or remove it`]);
  });

  test('links of folders to each other end', () => {
    const found = refusedWith('crossed', (root) => {
      mkdirSync(join(root, 'other'));
      symlinkSync('../other', join(root, 'lib', 'there'));
      symlinkSync('../lib', join(root, 'other', 'back'));
    });
    expect(found).toEqual([
      '[chart/celery] code: \'lib/there/back\' is a link to a folder that it is in; remove it',
      '[chart/celery] code: \'other/back/there\' is a link to a folder that it is in; remove it',
    ]);
  });

  test('a FIFO is refused without waiting for what is written into it', () => {
    expect(refusedWith('fifo', (root) => void spawnSync('mkfifo', [join(root, 'pipe')]))).toEqual([
      '[chart/celery] code: \'pipe\' is a FIFO rather than a file; remove it',
    ]);
  });

  test('a socket is refused', async () => {
    const server = createServer();
    const root = files('socket', {});
    await new Promise<void>((done) => void server.listen(join(root, 'socket'), done));
    try {
      expect(refusedWith('socket', () => undefined)).toEqual(['[chart/celery] code: \'socket\' is a socket rather than a file; remove it']);
    } finally {
      server.close();
    }
  });

  test('a device is refused', () => {
    expect(refused(AppCode.fromDirectory('/dev'))).toContain('[chart/celery] code: \'/dev/null\' is a device rather than a file; remove it');
  });

  test('a name that is not UTF-8 is refused', () => {
    expect(refusedWith('name', (root) => writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), ''))).toEqual([
      '[chart/celery] code: \'f\uFFFD\' has a name that is not UTF-8; rename it',
    ]);
  });

  test('what cannot be read is refused, all of it at once', () => {
    const root = files('unreadable', { 'tasks.py': TASKS, 'secret.py': '', 'secrets/one.py': '' });
    chmodSync(directory, 0o755);
    chmodSync(join(root, 'secret.py'), 0);
    chmodSync(join(root, 'secrets'), 0);
    // root can read everything.
    const user = process.geteuid!();
    if (user === 0) process.seteuid!(65534);
    try {
      expect(refused(AppCode.fromDirectory(root)).sort()).toEqual(['secret.py', 'secrets'].map((name) =>
        `[chart/celery] code: '${join(root, name)}' cannot be read (EACCES); let the user that runs synth read it`));
    } finally {
      process.seteuid!(user);
      chmodSync(join(root, 'secrets'), 0o755);
    }
  });

  test('all that is wrong is said at once, with files that are not text', () => {
    const found = refusedWith('everything', (root) => {
      symlinkSync('/etc/passwd', join(root, 'users'));
      symlinkSync('nowhere', join(root, 'gone'));
      writeFileSync(join(root, 'logo.png'), Buffer.from([0xff]));
    });
    expect(found).toEqual([expect.stringContaining('\'gone\''), expect.stringContaining('\'users\''), expect.stringContaining('\'logo.png\'')]);
  });

  test('node_modules and virtual environments are left out, and a package of that name is not', () => {
    const root = files('tools', {
      'tasks.py': TASKS, 'node_modules/left-pad/index.js': 'x', '.venv/pyvenv.cfg': 'home = /usr', 'env3/pyvenv.cfg': 'home = /usr', 'env3/bin/python': 'x', 'venv/__init__.py': '#',
    });
    expect(Object.values(app(AppCode.fromDirectory(root)).get('ConfigMap', 'celery-app').data).sort()).toEqual([TASKS, '#'].sort());
  });
});

describe('fromInline', () => {
  test.each(['.', './', 'a/', 'a\0b', '', '/', `${'a'.repeat(256)}.py`, `proj/${'ä'.repeat(128)}`, 'a/'.repeat(2048) + 'b'])('no pod can have a file at %j', (path) => {
    expect(refused(AppCode.fromInline({ 'tasks.py': TASKS, [path]: '' }))).toEqual([expect.stringContaining(' is not a path inside the app; ')]);
  });

  test.each(['a'.repeat(255), `proj/${'ä'.repeat(127)}`, 'proj/a', 'proj/.a', 'a b'])('a pod can have a file at %j', (path) => {
    synth((chart) => void celeryApp(chart, { code: AppCode.fromInline({ 'tasks.py': TASKS, [path]: '' }) }));
  });

  test('a file is no folder', () => {
    expect(refused(AppCode.fromInline({ 'tasks.py': TASKS, 'proj': '', 'proj/a/b.py': '', 'proj/a': '', 'proj2/a': '' }))).toEqual([
      '[chart/celery] code: \'proj\' is a file and also the folder of others; rename one of them',
      '[chart/celery] code: \'proj/a\' is a file and also the folder of others; rename one of them',
    ]);
  });

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
