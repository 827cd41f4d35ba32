import { spawnSync, SpawnSyncReturns } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { synth as command } from '../../src/cli/synth';
import { builtProgram } from '../cli/program';

const program = builtProgram();
const MODULES = join(__dirname, '../../node_modules');
const created: string[] = [];
afterAll(() => created.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A project with files, and with the packages that it has installed. */
function project(files: Record<string, string>, packages: readonly string[] = ['typescript']): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  created.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  packages.forEach((name) => symlinkSync(join(MODULES, name), join(folder, 'node_modules', name)));
  return folder;
}

function synth(folder: string, args: readonly string[] = [], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const { CDK8S_OUTDIR: _, VIRTUAL_ENV: __, ...inherited } = process.env;
  const [node, ...words] = program.words(['synth', ...args]);
  return spawnSync(node, words, { cwd: folder, encoding: 'utf8', env: { ...inherited, ...env } });
}

const WRITTEN = 'a.k8s.yaml written; apply with: kubectl apply -f dist\n';
const JS = 'require(\'fs\').writeFileSync(process.env.CDK8S_OUTDIR + \'/a.k8s.yaml\', \'from JavaScript\');\n';
const TS = `import { writeFileSync } from 'fs';
import { text } from './text';
enum Kind { A = 'from ' }
const outdir: string = process.env.CDK8S_OUTDIR!;
writeFileSync(\`\${outdir}/a.k8s.yaml\`, Kind.A + text());
`;
const PY = `import os
with open(os.environ['CDK8S_OUTDIR'] + '/a.k8s.yaml', 'w') as file:
    file.write('from Python')
`;

describe('which program', () => {
  test.each([
    ['main.ts', { 'main.ts': TS, 'text.ts': 'export function text(): string { return \'TypeScript\'; }\n', 'main.js': 'nothing()' }, [], 'from TypeScript'],
    ['main.js', { 'main.js': JS, 'main.py': 'nothing()' }, [], 'from JavaScript'],
    ['main.py', { 'main.py': PY }, [], 'from Python'],
    ['another', { 'main.ts': 'nothing()', 'other.cjs': JS }, ['other.cjs'], 'from JavaScript'],
    ['an ECMAScript module', { 'main.mjs': 'import { writeFileSync } from \'fs\';\nwriteFileSync(process.env.CDK8S_OUTDIR + \'/a.k8s.yaml\', \'from a module\');' }, ['main.mjs'], 'from a module'],
  ])('%s', (_, files, args, content) => {
    const folder = project(files);
    expect(synth(folder, args)).toMatchObject({ status: 0, stderr: '', stdout: WRITTEN });
    expect(readFileSync(join(folder, 'dist/a.k8s.yaml'), 'utf8')).toBe(content);
  });

  test.each([
    ['none', {}, [], /there is no main\.ts, main\.js, main\.py in .*; name the program/],
    ['one that is not there', {}, ['app.ts'], /app\.ts does not exist/],
    ['one of another language', { 'main.rb': '' }, ['main.rb'], /main\.rb is not a TypeScript, JavaScript or Python program/],
    ['two', {}, ['a.ts', 'b.ts'], /one program at a time, not a\.ts, b\.ts/],
    ['an unknown option', {}, ['--watch'], /Unknown option '--watch'/],
  ])('%s: a message and exit code 2', async (_, files: Record<string, string>, args, message) => {
    const [before, said] = [process.cwd(), { out: '', err: '' }];
    process.chdir(project(files));
    // Nothing of this starts a program.
    const status = await command(args, { out: (text) => said.out += text, err: (text) => said.err += text, colour: false });
    process.chdir(before);
    expect({ status, ...said }).toEqual({ status: 2, out: '', err: expect.stringMatching(message) as string });
  });

  test('the exit code is that of the process', () => {
    expect(synth(project({}))).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('name the program') as string });
  });
});

describe('where it writes', () => {
  test('the output of cdk8s.yaml, as cdk8s synth', () => {
    const folder = project({ 'main.js': JS, 'cdk8s.yaml': 'language: typescript\napp: node main.js\noutput: build/manifests # ours\n' });
    expect(synth(folder)).toMatchObject({ status: 0, stdout: WRITTEN.replace('dist', 'build/manifests') });
    expect(readdirSync(join(folder, 'build/manifests'))).toEqual(['a.k8s.yaml']);
  });

  test('CDK8S_OUTDIR, which cdk8s synth sets: then it prints nothing', () => {
    const folder = project({ 'main.js': JS });
    expect(synth(folder, [], { CDK8S_OUTDIR: 'out' })).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(join(folder, 'out'))).toEqual(['a.k8s.yaml']);
  });

  test.each([['a#b # comment', 'a#b'], ['"my manifests"', 'my manifests'], ['\'x\'', 'x']])('output: %s', (value, name) => {
    const folder = project({ 'main.js': JS, 'cdk8s.yaml': `language: typescript\noutput: ${value}\napp: node main.js\n` });
    expect(synth(folder).status).toBe(0);
    expect(readdirSync(join(folder, name))).toEqual(['a.k8s.yaml']);
  });

  test('not the project', () => {
    const folder = project({ 'src/main.js': JS, 'package.json': '{}' });
    expect(synth(folder, ['src/main.js'], { CDK8S_OUTDIR: '.' })).toMatchObject({ status: 1, stderr: expect.stringContaining('is, or contains, the') as string });
    expect(readdirSync(folder).sort()).toEqual(['node_modules', 'package.json', 'src']);
  });
});

describe('errors', () => {
  const before = { 'dist/a.k8s.yaml': 'before' };

  test.each<[string, Record<string, string>, string | RegExp]>([
    ['what a library refuses: its message', { 'main.js': 'throw new Error(\'refused\');' }, 'refused\n'],
    ['later, too', { 'main.js': 'setTimeout(() => { throw new Error(\'refused\'); }, 1);' }, 'refused\n'],
    ['in a promise', { 'main.js': 'Promise.reject(new Error(\'refused\'));' }, 'refused\n'],
    ['a mistake in the program: with its place in TypeScript', { 'main.ts': 'interface A {\n  readonly b: string;\n}\nconst a: any = {};\na.b.c();' },
      /^TypeError: Cannot read properties of undefined \(reading 'c'\)\n {4}at .*main\.ts:5:5\)?\n$/],
    ['a file that is not there: with its place', { 'main.js': 'const { readFileSync } = require(\'fs\');\nreadFileSync(\'nope\');' }, /^Error: ENOENT: .*\n {4}at .*main\.js:2:\d+\)?\n$/],
    ['an imported file that does not parse: with its place', { 'main.js': 'require(\'./b\');', 'b.js': '\nconst x = (;' }, /^SyntaxError: Unexpected token ';'\n {4}at \S+b\.js:2\n$/],
    ['what is no error', { 'main.js': 'throw { a: 1 };' }, '{ a: 1 }\n'],
    ['what is no TypeScript', { 'main.ts': '\nlet a: = 1;' }, /^\S+main\.ts:2:8: Type expected\.\n$/],
    ['a password in a message is masked', { 'main.js': 'throw new Error(\'redis://:hunter2@redis is down\');' }, 'redis://:***@redis is down\n'],
    ['what the library refuses in Python: its message', { 'main.py': 'class JSIIError(Exception): pass\nraise RuntimeError("Error: refused") from JSIIError("refused\\n  at a.js")' }, 'refused\n'],
    ['what is no Python: its place', { 'main.py': 'x = (' }, /^ {2}File "\S+main\.py", line 1\n {4}x = \(\n[^]*SyntaxError: [^\n]*\n$/],
    ['a mistake in a program in Python: its traceback', { 'main.py': 'def f():\n    return 1 / 0\nf()' },
      /^Traceback \(most recent call last\):\n {2}File "\S+main\.py", line 3, in <module>\n[^]*line 2, in f\n[^]*ZeroDivisionError: division by zero\n$/],
  ])('%s; dist/ stays', (_, files, stderr) => {
    const folder = project({ ...files, ...before });
    expect(synth(folder)).toMatchObject({ status: 1, stdout: '', stderr: typeof stderr === 'string' ? stderr : expect.stringMatching(stderr) as string });
    expect(readFileSync(join(folder, 'dist/a.k8s.yaml'), 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });

  test('DEBUG shows the stack', () => {
    expect(synth(project({ 'main.js': 'throw new Error(\'refused\');' }), [], { DEBUG: '1' }).stderr).toMatch(/^Error: refused\n {4}at .*main\.js:1:7\)/);
  });

  test('without a compiler', () => {
    expect(synth(project({ 'main.ts': TS }, []))).toMatchObject({ status: 1, stderr: expect.stringContaining('npm install --save-dev typescript') as string });
  });

  test('the exit code of the program', () => {
    expect(synth(project({ 'main.js': `${JS}process.exit(7);` }))).toMatchObject({ status: 7, stdout: '' });
    expect(synth(project({ 'main.py': `${PY}import sys\nsys.exit(7)` }))).toMatchObject({ status: 7, stdout: '' });
  });
});

test.each([
  ['declaration maps and rootDir', { declaration: true, isolatedDeclarations: true, mapRoot: 'maps', sourceMap: true, rootDir: 'src', outDir: 'lib' }],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler', customConditions: ['x'], resolvePackageJsonExports: true, allowImportingTsExtensions: true, noEmit: true }],
  ['Node', { module: 'nodenext', verbatimModuleSyntax: true, erasableSyntaxOnly: false }],
])('a tsconfig.json for %s', (_, compilerOptions) => {
  const folder = project({ 'main.ts': TS, 'text.ts': 'export const text = () => \'\';', 'tsconfig.json': JSON.stringify({ compilerOptions }) });
  expect(synth(folder)).toMatchObject({ status: 0, stderr: '', stdout: WRITTEN });
});

test.each([
  ['require.main', { 'main.js': `if (require.main === module) { ${JS} }` }],
  ['process.argv', { 'main.js': `if (process.argv[1] === __filename && process.argv.length === 2) { ${JS} }` }],
])('the program is the main one, to %s', (_, files) => {
  expect(synth(project(files))).toMatchObject({ status: 0, stderr: '', stdout: WRITTEN });
});

test('TypeScript is compiled again only when it has changed', () => {
  const folder = project({ 'main.ts': TS, 'text.ts': 'export const text = (): string => \'one\';\n', 'tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }' });
  expect(synth(folder).status).toBe(0);
  // It needs the compiler no more.
  rmSync(join(folder, 'node_modules/typescript'));
  mkdirSync(join(folder, 'node_modules/typescript'));
  writeFileSync(join(folder, 'node_modules/typescript/index.js'), 'throw new Error(\'compiles\');');
  const again = (): SpawnSyncReturns<string> => synth(folder);
  const first = again();
  writeFileSync(join(folder, 'text.ts'), 'export const text = (): string => \'two\';\n');
  expect([first.stderr, again().stderr]).toEqual(['compiles\n', 'compiles\n']);
  rmSync(join(folder, 'node_modules/typescript'), { recursive: true });
  symlinkSync(join(MODULES, 'typescript'), join(folder, 'node_modules/typescript'));
  expect(again().status).toBe(0);
  expect(readFileSync(join(folder, 'dist/a.k8s.yaml'), 'utf8')).toBe('from two');
});

test('works where nothing can be remembered', () => {
  const folder = project({ 'main.ts': TS, 'text.ts': 'export const text = (): string => \'here\';\n' });
  writeFileSync(join(folder, 'node_modules/.cache'), 'a file');
  expect(synth(folder)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(join(folder, 'dist/a.k8s.yaml'), 'utf8')).toBe('from here');
  chmodSync(join(folder, 'node_modules/.cache'), 0o644);
});
