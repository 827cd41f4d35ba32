import { spawnSync, SpawnSyncOptions } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

export interface Program {
  (args: readonly string[], options?: SpawnSyncOptions & { readonly under?: readonly string[]; readonly node?: readonly string[] }):
  { code: number | null; stdout: string; stderr: string };
  /** What runs it, for a shell. */
  readonly words: (args: readonly string[]) => string[];
}

/** The command as a process of its own, built before the tests of a file. */
export function builtProgram(): Program {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  const file = join(folder, 'main.js');
  beforeAll(() => {
    const root = join(__dirname, '../..');
    // The bundle lies elsewhere, and finds the package all the same.
    buildSync({
      entryPoints: [join(root, 'src/cli/main.ts')], outfile: file, bundle: true, platform: 'node', logLevel: 'error',
      define: { __dirname: JSON.stringify(join(root, 'src')) },
    });
  });
  // Also for tests that run it as somebody else.
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true }));
  const words = (args: readonly string[]) => [process.execPath, file, ...args];
  return Object.assign(((args, { under = [], node = [], ...options } = {}) => {
    const [command, ...rest] = [...under, process.execPath, ...node, file, ...args];
    const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8', env: { PATH: process.env.PATH }, maxBuffer: 2 ** 30, ...options });
    return { code: status, stdout: String(stdout ?? ''), stderr: String(stderr ?? '') };
  }) as Program, { words });
}
