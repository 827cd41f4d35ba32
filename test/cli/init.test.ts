import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { init as command } from '../../src/cli/init';
import { builtProgram } from './program';

const ROOT = join(__dirname, '../..');
const program = builtProgram();
const created: string[] = [];
afterAll(() => created.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A folder with packed libraries, as npm pack and jsii-pacmak make them. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  created.push(path);
  for (const name of ['lib.tgz', 'lib.whl']) writeFileSync(join(path, name), '');
  return path;
}

async function init(cwd: string, ...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [before, said] = [process.cwd(), { stdout: '', stderr: '' }];
  try {
    process.chdir(cwd);
    const status = await command(args, { out: (text) => said.stdout += text, err: (text) => said.stderr += text, colour: false });
    return { status, ...said };
  } finally {
    process.chdir(before);
  }
}

function filesIn(path: string, under = ''): string[] {
  return readdirSync(join(path, under), { withFileTypes: true })
    .flatMap((entry) => entry.isDirectory() ? filesIn(path, join(under, entry.name)) : [join(under, entry.name)]).sort();
}

const COMMON = ['.gitignore', 'README.md', 'Tiltfile', 'app/tasks.py', 'cdk8s.yaml', 'kind.yaml'];
const FILES = {
  typescript: [...COMMON, 'chart.ts', 'main.ts', 'package.json', 'test/chart.test.ts', 'tsconfig.json'].sort(),
  python: [...COMMON, 'chart.py', 'main.py', 'pytest.ini', 'requirements.txt', 'tests/test_chart.py'].sort(),
};

describe.each(['typescript', 'python'] as const)('a project in %s', (language) => {
  const packed = language === 'python' ? 'lib.whl' : 'lib.tgz';

  test('has all files, and nothing is left to fill in', async () => {
    const path = folder();
    const { status, stdout, stderr } = await init(path, '--language', language, '--package', packed, 'My Shop_2');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('kubectl apply -f dist\n');
    const project = join(path, 'My Shop_2');
    expect(filesIn(project)).toEqual(FILES[language]);
    for (const name of FILES[language]) expect(readFileSync(join(project, name), 'utf8')).not.toMatch(/\{\{|undefined|NaN/);
    expect(readFileSync(join(project, `main.${language === 'python' ? 'py' : 'ts'}`), 'utf8')).toContain('\'my-shop-2\'');
    expect(readFileSync(join(project, 'README.md'), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(15);
  });

  test('installs the packed file, never the bare name', async () => {
    const path = folder();
    expect((await init(path, '--language', language, '--package', packed, 'shop')).status).toBe(0);
    if (language === 'python') expect(readFileSync(join(path, 'shop/requirements.txt'), 'utf8')).toMatch(/^\.\.\/lib\.whl\n/);
    else expect(JSON.parse(readFileSync(join(path, 'shop/package.json'), 'utf8'))).toMatchObject({ dependencies: { 'cdk8s-celery': 'file:../lib.tgz' } });
  });

  test('is not written where one of its files exists, and all of those are listed', async () => {
    const path = folder();
    mkdirSync(join(path, 'app'));
    for (const name of ['app/tasks.py', 'README.md']) writeFileSync(join(path, name), 'mine');
    const { status, stdout, stderr } = await init(path, '--language', language, '--package', packed);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/nothing is written, because \S+ already has README\.md, app\/tasks\.py; move them away/);
    expect(filesIn(path)).toEqual(['README.md', 'app/tasks.py', 'lib.tgz', 'lib.whl']);
    expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('mine');
  });
});

test('a link to nothing, and a file where a folder would be, are in the way, too', async () => {
  const path = folder();
  symlinkSync('/nowhere', join(path, 'main.ts'));
  writeFileSync(join(path, 'app'), 'mine');
  const { status, stderr } = await init(path, '--package', 'lib.tgz');
  expect([status, stderr]).toEqual([1, expect.stringMatching(/already has app, main\.ts; move/)]);
  expect(readdirSync(path).sort()).toEqual(['app', 'lib.tgz', 'lib.whl', 'main.ts']);
});

test('what could not be written is taken back, with its folders', async () => {
  const path = folder();
  writeFileSync(join(path, 'file'), 'mine');
  expect(await init(path, '--package', 'lib.tgz', 'file/shop')).toMatchObject({ status: 2, stderr: expect.stringContaining('taken it back: ENOTDIR') as string });
  expect(filesIn(path)).toEqual(['file', 'lib.tgz', 'lib.whl']);
});

test.each(['default', 'kube-system', 'Kube_Public'])('a folder %s does not make a project that labels a namespace of Kubernetes', async (name) => {
  const path = folder();
  expect((await init(path, '--package', 'lib.tgz', name)).status).toBe(0);
  expect(readFileSync(join(path, name, 'main.ts'), 'utf8')).toContain(`'celery-${name.toLowerCase().replace('_', '-')}'`);
});

test.each([
  ['My Shop', 'cd \'My Shop\'\n'],
  ['it\'s', 'cd \'it\'\\\'\'s\'\n'],
  ['-x', 'cd ./-x\n'],
  ['a\u001b[31m', 'cd \'a\\x1b[31m\'\n'],
])('a folder %j is printed as a shell takes it', async (name, line) => {
  expect(await init(folder(), '--package', 'lib.tgz', '--', name)).toMatchObject({ status: 0, stdout: expect.stringContaining(line) as string });
});

test('a package whose path has quotes', async () => {
  const path = folder();
  writeFileSync(join(path, 'my "lib".tgz'), '');
  expect((await init(path, '--package', 'my "lib".tgz', 'shop')).status).toBe(0);
  expect(JSON.parse(readFileSync(join(path, 'shop/package.json'), 'utf8'))).toMatchObject({ dependencies: { 'cdk8s-celery': 'file:../my "lib".tgz' } });
});

test('leaves other files, and takes the name of the working directory', async () => {
  const path = folder();
  writeFileSync(join(path, 'notes'), 'mine');
  expect(await init(path, '--package', 'lib.tgz')).toMatchObject({ status: 0, stderr: '' });
  expect(filesIn(path)).toEqual([...FILES.typescript, 'lib.tgz', 'lib.whl', 'notes'].sort());
  expect(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))).toMatchObject({ name: expect.stringMatching(/^cdk8s-celery-[a-z0-9-]+$/) as string });
});

test.each([
  ['nothing is known of where it was installed from', [], /the file that this command was installed from is not known; name it: --package FILE, the \.tgz that npm pack has made/],
  ['an unknown language', ['--language', 'ruby'], /--language: 'ruby' is not one of typescript, python/],
  ['a package that is not there', ['--package', 'other.tgz'], /--package: \S+other\.tgz does not exist/],
  ['a package of the other language', ['--package', 'lib.whl'], /--package: \S+lib\.whl is not a \.tgz file, which a project in typescript installs/],
  ['two folders', ['a', 'b'], /one folder at a time, not a, b/],
])('%s: a message, and nothing is written', async (_, args, message) => {
  const path = folder();
  expect(await init(path, ...args)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(message) as string });
  expect(filesIn(path)).toEqual(['lib.tgz', 'lib.whl']);
});

test('installed by npm from a file, it names that file', () => {
  const path = folder();
  const host = join(path, 'host');
  const own = join(host, 'node_modules/cdk8s-celery');
  mkdirSync(own, { recursive: true });
  for (const name of ['package.json', 'templates', 'locks']) symlinkSync(join(ROOT, name), join(own, name));
  mkdirSync(join(own, 'lib/cli'), { recursive: true });
  const bundle = program.words([])[1];
  // As the compiled command is in the package.
  writeFileSync(join(own, 'lib/cli/main.js'), readFileSync(bundle, 'utf8').replaceAll(JSON.stringify(join(ROOT, 'src')), '__dirname'));
  writeFileSync(join(host, 'package.json'), JSON.stringify({ dependencies: { 'cdk8s-celery': 'file:../lib.tgz' } }));
  const { status, stderr } = spawnSync(process.execPath, [join(own, 'lib/cli/main.js'), 'init', 'shop'], { cwd: path, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(JSON.parse(readFileSync(join(path, 'shop/package.json'), 'utf8'))).toMatchObject({ dependencies: { 'cdk8s-celery': 'file:../lib.tgz' } });
  expect(existsSync(join(dirname(bundle), 'shop'))).toBe(false);
});
