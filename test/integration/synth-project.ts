import { spawnSync, SpawnSyncReturns } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '../..');

/** Writes two manifests of a size that takes a while; $NAMES are others. */
export const PROGRAM = `
const { mkdirSync, writeFileSync } = require('fs');
const names = (process.env.NAMES ?? 'celery redis').split(' ').filter((name) => name !== '');
for (const name of names) {
  if (name.includes('/')) mkdirSync(process.env.CDK8S_OUTDIR + '/' + name.split('/')[0], { recursive: true });
  writeFileSync(process.env.CDK8S_OUTDIR + '/' + name + '.k8s.yaml', (process.env.TEXT ?? 'new') + ' begin\\n' + 'x'.repeat(1e6) + '\\nend\\n');
}
`;
export const whole = (text: string) => `${text} begin\n${'x'.repeat(1e6)}\nend\n`;

export interface Project {
  readonly root: string;
  readonly dist: string;
  readonly path: (...names: string[]) => string;
  readonly list: (folder?: string) => string[];
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  created.push(made);
  return made;
}

const created: string[] = [];
afterAll(() => created.forEach((made) => rmSync(made, { recursive: true, force: true })));

/** A project with a program, that a faulty command may destroy. */
export function project(): Project {
  const root = folder();
  mkdirSync(join(root, 'project'));
  writeFileSync(join(root, 'project/main.ts'), PROGRAM);
  const path = (...names: string[]) => join(root, 'project', ...names);
  return { root: path(), dist: path('dist'), path, list: (name = 'dist') => readdirSync(path(name)).sort() };
}

/** One that has bin/synth, too. */
export function projectWithCommand(): Project {
  const made = project();
  for (const name of ['bin/synth', 'src/cli/synth', 'src/celery', 'src/rules', 'src/memo.ts', 'package-lock.json']) cpSync(join(ROOT, name), made.path(name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), made.path('node_modules'));
  return made;
}

/** What bin/synth compiles with a program, for any program of JavaScript: compiled once for the tests of a file. */
const synthesis = join(folder(), 'synthesis.js');
beforeAll(() => {
  buildSync({
    outfile: synthesis, bundle: true, platform: 'node', logLevel: 'error',
    stdin: { resolveDir: ROOT, contents: `
      import { synthesize } from './src/cli/synth/run';
      const [root, main] = process.argv.splice(2);
      synthesize({ main, project: root, cache: root + '/lib/bundle' }, () => require(main));` },
  });
  // Also for tests that run it as somebody else.
  chmodSync(join(synthesis, '..'), 0o755);
});

interface Given {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Words before those that start it. */
  readonly under?: readonly string[];
}

/** What starts a run. */
export interface Started {
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

function starting(script: string, args: readonly string[], { env, under = [] }: Given): Started {
  const { CDK8S_OUTDIR: _, ...inherited } = process.env;
  return { words: [...under, process.execPath, script, ...args], env: { ...inherited, ...env } };
}

function run({ words, env }: Started, cwd: string): SpawnSyncReturns<string> {
  return spawnSync(words[0], words.slice(1), { cwd, encoding: 'utf8', env });
}

/** Runs main.ts of a project. */
export const synthesizing = (root: string, given: Given = {}): Started => starting(synthesis, [root, join(root, 'main.ts')], given);
export const synthesize = (root: string, given: Given = {}): SpawnSyncReturns<string> => run(synthesizing(root, given), given.cwd ?? root);

/** Runs bin/synth of a project that has it. */
export const commanding = (root: string, args: readonly string[] = [], given: Given = {}): Started => starting(join(root, 'bin/synth'), args, given);
export const command = (root: string, args: readonly string[] = [], given: Given = {}): SpawnSyncReturns<string> => (
  run(commanding(root, args, given), given.cwd ?? root));
