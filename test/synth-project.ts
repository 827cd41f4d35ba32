import { spawnSync, SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

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

/** A project with the command and a program, that a faulty command may destroy. */
export function project(): { root: string; dist: string; path: (...names: string[]) => string; list: (folder?: string) => string[] } {
  const root = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  created.push(root);
  for (const name of ['bin/synth', 'src/cli/synth', 'src/celery', 'src/rules', 'src/memo.ts', 'package-lock.json']) cpSync(join(ROOT, name), join(root, 'project', name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'project/node_modules'));
  writeFileSync(join(root, 'project/main.ts'), PROGRAM);
  const path = (...names: string[]) => join(root, 'project', ...names);
  return { root: path(), dist: path('dist'), path, list: (folder = 'dist') => readdirSync(path(folder)).sort() };
}

const created: string[] = [];
afterAll(() => created.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

interface Given {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly args?: readonly string[];
  /** Words before `node bin/synth`. */
  readonly under?: readonly string[];
}

export function command(root: string, { env = {}, args = [], under = [] }: Given): { words: string[]; env: NodeJS.ProcessEnv } {
  const { CDK8S_OUTDIR: _, ...inherited } = process.env;
  return { words: [...under, process.execPath, join(root, 'bin/synth'), ...args], env: { ...inherited, ...env } };
}

export function synth(root: string, given: Given = {}): SpawnSyncReturns<string> {
  const { words, env } = command(root, given);
  return spawnSync(words[0], words.slice(1), { cwd: given.cwd ?? root, encoding: 'utf8', env });
}
