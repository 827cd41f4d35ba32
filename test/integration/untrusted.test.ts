import { mkdirSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { builtProgram } from '../cli/program';
import { run, scratch } from '../cli/run';

const files = scratch();
const program = builtProgram();

const BAD = 'w\n::error file=x::pwn\u001b[2J\u0007\u009b1m\u202e\u2028##vso[task.complete]\r\t##[add-mask]';

/** A worker with a finding, in which every name and value is one that a terminal or a CI system would obey. */
function manifest(name: string): string {
  const text = JSON.stringify(name);
  return JSON.stringify({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'NAME', namespace: 'NAME' },
    spec: { selector: { matchLabels: { app: 'shop' } }, template: { metadata: { labels: { app: 'shop' } }, spec: { terminationGracePeriodSeconds: 600, containers: [
      { name: 'NAME', image: 'shop:1', command: ['celery', '-A', 'shop', 'worker', '-c', '2', '--prefetch-multiplier=0'], env: [{ name: 'CELERY_BROKER_URL', value: 'redis://NAME:x' }] },
      { name: 'celery-worker', image: 'NAME/celery', args: ['./NAME.sh'] },
    ] } } },
  }, null, 2).replaceAll('NAME', text.slice(1, -1));
}

/** What a terminal obeys: all that is no line break and no visible character. */
const OBEYED = /[^\n\P{Cc}]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]|##\w*\[/u;

describe.each(['text', 'github', 'json', 'sarif', 'junit'])('--format %s', (format) => {
  test('shows what a manifest says, and a terminal obeys none of it', async () => {
    const file = files.write('bad.json', manifest(BAD));
    const { code, out, err } = await run('--format', format, '--severity', 'info', file);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).not.toMatch(OBEYED);
    if (format !== 'github') expect(out).not.toMatch(/^\s*::/m);
    else expect(out.split('\n').filter((line) => !/^::(error|warning|notice) (file=|title=not checked::)/.test(line))).toEqual(['']);
    // It is said all the same.
    expect(out).toContain('error file=x');
    expect(out).toContain(format === 'json' || format === 'sarif' ? '\\u001b[2J' : '\\x1b[2J');
  });

  test('JSON says the same as before', async () => {
    if (format !== 'json') return;
    const { out } = await run('--format', format, files.write('bad.json', manifest(BAD)));
    const { findings } = JSON.parse(out) as { findings: Array<{ objectName: string; container: string }> };
    expect(findings[0]).toMatchObject({ objectName: BAD, objectNamespace: BAD });
  });
});

test('the name of a file that begins a line does not begin a command', () => {
  const folder = join(files.write('::error::x.json', manifest('w')), '..');
  expect(program(['lint', '::error::x.json'], { cwd: folder }).stdout).toMatch(/^\\x3a:error::x\.json:\d+ warning /m);
  expect(program(['lint', '  ::warning::gone.yaml'], { cwd: folder }).stderr).toMatch(/^ {2}\\x3a:warning::gone\.yaml: there is no such file/);
});

test('names of files and options reach standard error without what a terminal obeys', async () => {
  const odd = 'a\u001b[2J\n::error::b.yaml';
  for (const args of [[odd], ['--rule', odd], ['--explain', odd], ['--format', odd], ['--config', odd, '.'], ['--severity', odd, '.'], [`--${odd}`]]) {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).not.toMatch(OBEYED);
    expect(err).not.toMatch(/^\s*::/m);
    expect(err).toContain('\\x1b[2J');
  }
  files.write(odd, ': :\n  - [');
  mkdirSync(files.path('patches'), { recursive: true });
  files.write('patches/kustomization.yaml', JSON.stringify({ patches: [{ path: odd.replace('\n', '') }] }));
  files.write('patches/pod.json', manifest('w'));
  for (const path of [files.path(odd), files.path('patches')]) {
    const { err } = await run(path);
    expect(err).toContain('\\x1b[2J');
    expect(err).not.toMatch(OBEYED);
  }
  expect(program([odd]).stderr).toMatch(/^cdk8s-celery: 'a\\x1b\[2J\\n::error::b\.yaml' is not a command/);
});

test('a line break in a value does not begin a line of its own', async () => {
  const odd = 'bad\n0 objects: nothing found';
  const empty = files.write('a\n0 objects\u001b[2J.yaml', '# nothing\n');
  const config = (content: object) => ['--config', files.write('odd-config.json', JSON.stringify(content)), '.'];
  for (const args of [
    [empty], ['--rule', odd, '.'], ['--explain', odd], ['--format', odd, '.'], ['--severity', odd, '.'], ['--config', odd, '.'],
    config({ [odd]: 1 }), config({ severity: odd }),
  ]) {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toMatch(/^cdk8s-celery lint: .*\\n0 objects[^\n]*\n$/);
    expect(err).not.toMatch(OBEYED);
  }
});

describe('every failure of its own is a message and exit code 2', () => {
  const file = files.write('worker.json', manifest('w'));

  test('standard output is full', () => {
    expect(program(['lint', file], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] }))
      .toMatchObject({ code: 2, stderr: 'cdk8s-celery lint: the output is not complete: ENOSPC: no space left on device, write\n' });
  });

  test('whoever reads standard output has ended', () => {
    const command = `${process.execPath} -e 'process.stdin.destroy(); process.exit()'`;
    const many = files.write('many.json', JSON.stringify(Array.from({ length: 400 }, () => JSON.parse(manifest('w')) as unknown)));
    const { stderr, status } = spawnSync('bash', ['-c', `set -o pipefail; "$@" | ${command}`, 'sh', ...program.words(['lint', many])], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: 'cdk8s-celery lint: the output is not complete: whoever read standard output has ended\n' });
  });

  test('standard error is full: the exit code is all there is', () => {
    expect(program(['lint', 'gone.yaml'], { stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')] })).toMatchObject({ code: 2 });
  });

  test('a fault of its own', () => {
    const { code, stderr } = program(['lint', file], { node: ['-r', files.write('fault.js', 'Map.prototype.get = () => { throw new TypeError("a\\u001b[2Jb"); };')] });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^cdk8s-celery lint: a fault of its own: a\\x1b\[2Jb\nPlease report it, with what DEBUG=1 adds to this message\.\n$/);
  });
});

const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
const may = spawnSync(NOBODY[0], [...NOBODY.slice(1), process.execPath, '-e', '0']).status === 0;

describe('what is not examined is said', () => {
  (may ? test : test.skip)('a folder that may not be read, and the others are', () => {
    mkdirSync(files.path('un/locked'), { recursive: true, mode: 0o755 });
    files.write('un/worker.json', manifest('w'));
    spawnSync('chmod', ['-R', 'a+rX', files.path('.')]);
    spawnSync('chmod', ['000', files.path('un/locked')]);
    const { code, stdout, stderr } = program(['lint', files.path('un')], { under: NOBODY });
    expect({ code, stderr }).toEqual({ code: 2, stderr: `${files.path('un/locked')}: may not be read\n` });
    expect(stdout).toContain('delivery/prefetch-zero');
    expect(stdout).toContain('1 problem with the input, see above');
  });

  test('links: to a file it is read; to a folder, to nothing or in a circle it is told', async () => {
    for (const name of ['links/deep', 'elsewhere']) mkdirSync(files.path(name), { recursive: true });
    files.write('elsewhere/real.txt', manifest('w'));
    symlinkSync('../elsewhere/real.txt', files.path('links/worker.yaml'));
    expect(await run(files.path('links'))).toMatchObject({ code: 1, err: '', out: expect.stringContaining('links/worker.yaml:') as string });
    symlinkSync('../elsewhere', files.path('links/folder'));
    symlinkSync('.', files.path('links/loop'));
    expect(await run(files.path('links'))).toMatchObject({
      code: 1, err: `cdk8s-celery lint: left out what is no file and no folder, as kubectl does: ${files.path('links/folder')}, ${files.path('links/loop')}; give what links lead to\n`,
    });
    symlinkSync('gone', files.path('links/gone.yaml'));
    symlinkSync('b.yaml', files.path('links/a.yaml'));
    symlinkSync('a.yaml', files.path('links/b.yaml'));
    const { code, err, out } = await run(files.path('links'));
    expect(code).toBe(2);
    expect(err.split('\n').slice(0, 3)).toEqual([
      `${files.path('links/a.yaml')}: is a link that leads to no file: links go in a circle`,
      `${files.path('links/b.yaml')}: is a link that leads to no file: links go in a circle`,
      `${files.path('links/gone.yaml')}: is a link that leads to no file: there is no such file or folder`,
    ]);
    expect(out).toContain('delivery/prefetch-zero');
  });

  test('folders, however deep, are read', async () => {
    const deep = join('deep', ...Array.from({ length: 60 }, (_, i) => `f${i}`));
    mkdirSync(files.path(deep), { recursive: true });
    files.write(join(deep, 'worker.json'), manifest('w'));
    expect(await run(files.path('deep'))).toMatchObject({ code: 1, err: '' });
    rmSync(files.path('deep'), { recursive: true });
  });

  test.each([[199_000, false], [201_000, true]])('a script of %d characters (said: %s)', async (length, said) => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'job' }, spec: { containers: [{
      name: 'c', image: 'shop:1', command: ['sh', '-c', `echo ${'A'.repeat(length)} | base64 -d >x; celery -A shop beat -s /x/y`],
    }] } };
    const file = files.write('script.json', JSON.stringify(pod));
    const words = `Pod job (container c) has a script of ${JSON.stringify(pod.spec.containers[0].command[2]).length - 2} characters, of which 200000 were read: not checked`;
    for (const format of ['text', 'github', 'sarif', 'junit']) {
      const { out } = await run('--format', format, file);
      if (format === 'junit') expect(out.includes('of which 200000 were read: not checked"/></testcase>')).toBe(said);
      else expect(out.includes(words)).toBe(said);
    }
    expect((JSON.parse((await run('--format', 'json', file)).out) as { unknown: unknown[] }).unknown).toHaveLength(said ? 1 : 0);
  });

  test('a key twice in JSON, as in YAML', async () => {
    const text = manifest('w').replace('"kind": "Deployment",', '"kind": "Pod",\n  "k\\u0069nd": "Deployment",');
    expect(await run(files.write('twice.json', text))).toMatchObject({
      code: 2, err: `${files.path('twice.json')}:4: the same key is given twice in a map; kubectl would take the last one\n`,
      out: expect.stringContaining('delivery/prefetch-zero') as string,
    });
    expect((await run(files.write('once.json', '[{"a": {"a": "a"}, "b": {"a": ["a", "a"]}}]'))).err).not.toContain('twice');
  });

  test('JSON documents one after another, as kubectl takes them, with their lines', async () => {
    const texts = [manifest('a'), manifest('b'), manifest('c')];
    const line = (text: string) => text.split('\n').findIndex((one) => one.includes('--prefetch-multiplier')) + 1;
    const height = texts[0].split('\n').length;
    for (const [between, more] of [['\n', [0, 0]], ['', [-1, -1]], ['\n---\n', [1, 1]], [' \n\n', [1, 1]]] as const) {
      const { code, out, err } = await run('--rule', 'delivery/prefetch-zero', files.write('stream.json', texts.join(between)));
      expect({ code, err }).toEqual({ code: 1, err: '' });
      const lines = [...out.matchAll(/stream\.json:(\d+) warning/g)].map((match) => Number(match[1]));
      expect(lines).toEqual([line(texts[0]), line(texts[1]) + height + more[0], line(texts[2]) + 2 * height + more[0] + more[1]]);
    }
    // What is no JSON after it is YAML, or wrong.
    expect((await run(files.write('mixed.json', `${texts[0]}\n---\nkind: Pod\napiVersion: v1\n`))).out).toContain('2 objects');
    expect((await run(files.write('cut.json', `${texts[0]}\n${texts[1].slice(0, -5)}`))).code).toBe(2);
  });
});
