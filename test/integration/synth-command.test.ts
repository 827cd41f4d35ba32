import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runs } from '../random-runs';
import { command, commanding, PROGRAM, project, projectWithCommand, Started, synthesize, synthesizing, whole } from './synth-project';

/** Renaming a folder fails as it does at a mount point. */
const NO_RENAME = `
const fs = require('fs');
const { renameSync } = fs;
fs.renameSync = (from, to) => {
  if (/dist$/.test(from) || /dist$/.test(to)) throw Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });
  renameSync(from, to);
};`;

function noRename(root: string): Record<string, string> {
  writeFileSync(join(root, 'no-rename.js'), NO_RENAME);
  return { NODE_OPTIONS: `--require ${join(root, 'no-rename.js')}` };
}

/** Starts a run, and gives what it says in the end. */
function start({ words, env }: Started, cwd: string) {
  const child = spawn(words[0], words.slice(1), { cwd, env });
  let said = '';
  child.stderr.on('data', (data: Buffer) => said += data.toString());
  return { child, ended: new Promise<[number | null, string]>((resolve) => child.on('close', (code) => resolve([code, said]))) };
}

test('writes dist/ next to the program, from everywhere', () => {
  const { root, dist, list } = projectWithCommand();
  expect(command(root, [], { cwd: tmpdir() })).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('celery.k8s.yaml, redis.k8s.yaml written') as string });
  expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
  expect(readFileSync(join(dist, 'celery.k8s.yaml'), 'utf8')).toBe(whole('new'));
});

describe('CDK8S_OUTDIR', () => {
  test('empty is as if not set', () => {
    const { root, list } = project();
    expect(synthesize(root, { env: { CDK8S_OUTDIR: '' } })).toMatchObject({ status: 0, stderr: '' });
    expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
    expect(list('.')).toContain('main.ts');
  });

  test.each<[string, string | ((root: string) => string), string?]>([
    ['the project', '.'], ['its parent', '..'], ['the project by its path', (root) => root], ['the root of all', '/'], ['a detour', 'dist/..'],
    ['the working directory elsewhere', '.', 'else/where'], ['a parent of the working directory', (root) => join(root, 'else'), 'else/where'],
    ['a link to the project', 'link'], ['a link to its parent', 'uplink'], ['a folder through a link', 'uplink/project'],
  ])('%s is refused, and nothing is lost', (_, outdir, cwd = '.') => {
    const { root, path, list } = project();
    mkdirSync(path('else/where'), { recursive: true });
    symlinkSync(root, path('link'));
    symlinkSync('..', path('uplink'));
    const before = [list('.'), list('else'), list('..')];
    const result = synthesize(root, { env: { CDK8S_OUTDIR: typeof outdir === 'string' ? outdir : outdir(root) }, cwd: path(cwd) });
    expect(result).toMatchObject({ status: 1, stdout: '' });
    expect(result.stderr).toMatch(/^The output folder \S+ is, or contains, the (project|working directory|folder of the program), \S+; give a folder that is for manifests only/);
    expect([list('.'), list('else'), list('..')]).toEqual(before);
  });

  test('the folder of a program is refused as well', () => {
    const { root, path, list } = projectWithCommand();
    mkdirSync(path('apps/shop'), { recursive: true });
    cpSync(path('main.ts'), path('apps/shop/main.ts'));
    expect(command(root, ['apps/shop/main.ts'], { env: { CDK8S_OUTDIR: 'apps/shop' } }).status).toBe(1);
    expect(command(root, ['apps/shop/main.ts'], { env: { CDK8S_OUTDIR: 'apps' } }).stderr).toContain('the folder of the program');
    expect(list('apps/shop')).toEqual(['main.ts']);
  });

  test('a file is refused, and stays', () => {
    const { root, path } = project();
    writeFileSync(path('out'), 'mine');
    expect(synthesize(root, { env: { CDK8S_OUTDIR: 'out' } })).toMatchObject({ status: 1, stderr: expect.stringContaining('is a file') as string });
    expect(readFileSync(path('out'), 'utf8')).toBe('mine');
  });

  test('a folder of other things keeps them', () => {
    const { root, path, list } = project();
    mkdirSync(path('code/deep'), { recursive: true });
    writeFileSync(path('code/index.ts'), 'mine');
    writeFileSync(path('code/deep/a.ts'), 'mine');
    expect(synthesize(root, { env: { CDK8S_OUTDIR: 'code' } }).status).toBe(0);
    expect(list('code')).toEqual(['celery.k8s.yaml', 'deep', 'index.ts', 'redis.k8s.yaml']);
    expect(list('code/deep')).toEqual(['a.ts']);
  });
});

describe.each([['swapped whole', () => ({})], ['where it cannot be renamed, file by file', noRename]] as const)('dist/ is %s', (_, environment) => {
  test('what synth wrote earlier goes, what others wrote stays', () => {
    const { root, dist, path, list } = project();
    expect(synthesize(root, { env: { NAMES: 'old redis old-chart/Deployment', TEXT: 'old' } }).status).toBe(0);
    expect(list()).toEqual(['old-chart', 'old.k8s.yaml', 'redis.k8s.yaml']);
    writeFileSync(path('dist/kustomization.yaml'), 'mine');
    expect(synthesize(root, { env: environment(root) })).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^celery.k8s.yaml, redis.k8s.yaml written/) as string });
    expect(list()).toEqual(['celery.k8s.yaml', 'kustomization.yaml', 'redis.k8s.yaml']);
    expect(readFileSync(join(dist, 'redis.k8s.yaml'), 'utf8')).toBe(whole('new'));
    expect(readFileSync(join(dist, 'kustomization.yaml'), 'utf8')).toBe('mine');
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });

  test('a folder of others in it stays, also with manifests of another program', () => {
    const { root, path, list } = project();
    mkdirSync(path('dist/mine/empty'), { recursive: true });
    mkdirSync(path('dist/durable/dist'), { recursive: true });
    for (const name of ['mine/a.txt', 'mine/b.k8s.yaml', 'durable/dist/c.k8s.yaml']) writeFileSync(path('dist', name), 'mine');
    expect(synthesize(root, { env: environment(root) }).status).toBe(0);
    expect(list()).toEqual(['celery.k8s.yaml', 'durable', 'mine', 'redis.k8s.yaml']);
    expect(list('dist/mine')).toEqual(['a.txt', 'b.k8s.yaml', 'empty']);
    expect(list('dist/durable/dist')).toEqual(['c.k8s.yaml']);
  });

  test('a program that fails, or writes nothing, leaves it as it was', () => {
    const { root, path, list } = project();
    synthesize(root);
    expect(synthesize(root, { env: { ...environment(root), NAMES: '' } })).toMatchObject({ status: 1, stderr: expect.stringContaining('wrote nothing') as string });
    writeFileSync(path('main.ts'), `${PROGRAM}\nthrow new Error('refused');`);
    expect(synthesize(root, { env: { ...environment(root), TEXT: 'bad' } })).toMatchObject({ status: 1, stderr: 'refused\n' });
    expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
    expect(readFileSync(path('dist/celery.k8s.yaml'), 'utf8')).toBe(whole('new'));
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });

  test('a link stays one, and its target has the files', () => {
    const { root, dist, path, list } = project();
    for (const target of ['../there', '../there/not-yet']) {
      rmSync(dist, { force: true });
      symlinkSync(target, dist);
      if (target === '../there') mkdirSync(path('../there'), { recursive: true });
      writeFileSync(path('../there/kustomization.yaml'), 'mine');
      expect(synthesize(root, { env: environment(root) }).status).toBe(0);
      expect(lstatSync(dist).isSymbolicLink()).toBe(true);
      expect(readlinkSync(dist)).toBe(target);
      expect(list()).toEqual(expect.arrayContaining(['celery.k8s.yaml', 'redis.k8s.yaml']));
    }
    expect(list('../there')).toEqual(['celery.k8s.yaml', 'kustomization.yaml', 'not-yet', 'redis.k8s.yaml']);
  });

  test('eight runs at once, of two programs, end well', async () => {
    const { root, path, list } = project();
    mkdirSync(path('dist'));
    writeFileSync(path('dist/kustomization.yaml'), 'mine');
    const env = environment(root);
    const results = await Promise.all(Array.from({ length: 8 }, (__, i) => (
      start(synthesizing(root, { env: { ...env, NAMES: i % 2 === 0 ? 'celery redis' : 'celery mail', TEXT: `${i}` } }), root).ended)));
    expect(results).toEqual(Array(8).fill([0, '']));
    expect(list()).toEqual(expect.arrayContaining(['celery.k8s.yaml', 'kustomization.yaml']));
    for (const file of list().filter((name) => name.endsWith('.k8s.yaml'))) expect(readFileSync(path('dist', file), 'utf8')).toMatch(/^\d begin\nx{1000000}\nend\n$/);
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });

  test('a run that is killed leaves whole files only, and the next one takes its rest away', async () => {
    const { root, path, list } = project();
    synthesize(root, { env: { TEXT: 'old' } });
    const env = { ...environment(root), TEXT: 'new', NAMES: 'celery redis a b c d e f' };
    const kills = runs(4);
    for (let kill = 0; kill < kills; kill += 1) {
      const { child, ended } = start(synthesizing(root, { env }), root);
      // At any moment of a run of about 80 ms.
      setTimeout(() => child.kill(kill % 2 === 0 ? 'SIGKILL' : 'SIGTERM'), 30 + kill * 60 / kills);
      await ended;
      for (const file of list().filter((name) => !name.startsWith('.'))) expect(readFileSync(path('dist', file), 'utf8')).toMatch(/^(old|new) begin\nx{1000000}\nend\n$/);
    }
    expect(synthesize(root, { env: environment(root) }).status).toBe(0);
    expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });
});

test('runs of the command at once, before anything is compiled, end well', async () => {
  const { root, list } = projectWithCommand();
  const results = await Promise.all(Array.from({ length: 3 }, () => start(commanding(root), root).ended));
  expect(results).toEqual(Array(3).fill([0, '']));
  expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
});

test('two programs whose paths differ in a character that is no letter write what each of them says', () => {
  const { root, path } = projectWithCommand();
  for (const [name, text] of [['shop-dev', 'one'], ['shop/dev', 'two']]) {
    mkdirSync(path(name), { recursive: true });
    writeFileSync(path(name, 'main.ts'), PROGRAM.replace("'new'", `'${text}'`));
    expect(command(root, [`${name}/main.ts`]).status).toBe(0);
    expect(readFileSync(path(name, 'dist/redis.k8s.yaml'), 'utf8')).toBe(whole(text));
  }
});

test.each([['ends by process.exit()', 'process.exit(0);'], ['writes later', '']])('a program that %s writes dist/', (what, end) => {
  const { root, path, list } = project();
  writeFileSync(path('main.ts'), what === 'writes later' ? `setTimeout(() => {${PROGRAM}}, 50);` : `${PROGRAM}\n${end}`);
  expect(synthesize(root)).toMatchObject({ status: 0, stdout: expect.stringContaining('written') as string });
  expect(list()).toEqual(['celery.k8s.yaml', 'redis.k8s.yaml']);
  expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
});

describe('what killed runs have left', () => {
  const machine = `${hostname()}-${existsSync('/proc/self/ns/pid') ? readlinkSync('/proc/self/ns/pid').replace(/\D/g, '') : ''}`;
  const DEAD = spawnSync('true').pid;

  test('between the two renames: the folder comes back, even if the next program fails', () => {
    const { root, path, list } = project();
    mkdirSync(path(`dist.old0.${DEAD}@${machine}`));
    writeFileSync(path(`dist.old0.${DEAD}@${machine}/kustomization.yaml`), 'mine');
    writeFileSync(path('main.ts'), 'throw new Error("refused")');
    expect(synthesize(root).status).toBe(1);
    expect(list()).toEqual(['kustomization.yaml']);
  });

  test('that of a run that may be alive stays', () => {
    const { root, path, list } = project();
    const alive = [`dist.new.${process.pid}@${machine}`, `dist.new.${DEAD}@elsewhere-1`];
    alive.forEach((name) => mkdirSync(path(name)));
    mkdirSync(path(`dist.new.${DEAD}@${machine}`));
    synthesize(root);
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist', ...alive].sort());
  });
});

const may = (...words: string[]) => spawnSync(words[0], words.slice(1)).status === 0;

(may('unshare', '--mount', 'true') ? test : test.skip)('a mount point is written file by file', () => {
  const { root, path } = projectWithCommand();
  mkdirSync(path('dist'));
  const script = `mount -t tmpfs tmpfs dist && echo mine >dist/kustomization.yaml && echo old >dist/old.k8s.yaml && ${process.execPath} bin/synth && ls -A dist`;
  const { status, stdout } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { cwd: root, encoding: 'utf8' });
  expect({ status, files: stdout.split('\n').slice(1, -1) }).toEqual({ status: 0, files: ['celery.k8s.yaml', 'kustomization.yaml', 'redis.k8s.yaml'] });
});

const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

(may(...NOBODY, process.execPath, '-e', '0') ? describe : describe.skip)('without rights', () => {
  /** The project belongs to nobody, but for what the test makes later. */
  function nobodys() {
    const it = project();
    chmodSync(dirname(it.root), 0o755);
    expect(spawnSync('chown', ['-R', '65534', it.root]).status).toBe(0);
    return it;
  }
  const files = ['celery.k8s.yaml', 'redis.k8s.yaml'];

  test('to remove a folder in dist/: it stays, and the files are replaced', () => {
    const { root, path, list } = nobodys();
    mkdirSync(path('dist/theirs'), { recursive: true });
    writeFileSync(path('dist/theirs/a.k8s.yaml'), 'theirs');
    spawnSync('chown', ['65534', path('dist')]);
    expect(synthesize(root, { under: NOBODY })).toMatchObject({ status: 0, stderr: '' });
    expect(list()).toEqual([...files, 'theirs']);
    expect(list('dist/theirs')).toEqual(['a.k8s.yaml']);
  });

  test('to write into the folder of dist/: the files are replaced', () => {
    const { root, path, list } = nobodys();
    mkdirSync(path('dist'));
    spawnSync('chown', ['65534', path('dist')]);
    synthesize(root, { under: NOBODY });
    spawnSync('chown', ['0', root]);
    expect(synthesize(root, { under: NOBODY })).toMatchObject({ status: 0, stderr: '' });
    expect(list()).toEqual(files);
  });

  test('to write into dist/: a message, and it stays', () => {
    const { root, path, list } = nobodys();
    mkdirSync(path('dist'));
    writeFileSync(path('dist/celery.k8s.yaml'), 'old');
    expect(synthesize(root, { under: NOBODY })).toMatchObject({ status: 1, stderr: expect.stringMatching(/^EACCES: permission denied, .*dist/) as string });
    expect(readFileSync(path('dist/celery.k8s.yaml'), 'utf8')).toBe('old');
    expect(list('.').filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });
});
