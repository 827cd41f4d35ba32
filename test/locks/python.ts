import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The path of a Python of this minor version (`3.12`) that can make virtual environments, if there is one. */
export function findPython(version: string): string | undefined {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  const pyenv = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith(`${version}.`)) : [];
  const candidates = [
    `python${version}`,
    'python3',
    ...pyenv.map((name) => join(versions, name, 'bin', 'python')),
    ask('uv', 'python', 'find', version),
  ];
  const itself = 'import ensurepip, sys, venv; print(sys.executable if sys.argv[1] == "%d.%d" % sys.version_info[:2] else "")';
  for (const candidate of candidates) {
    const path = candidate && ask(candidate, '-c', itself, version);
    if (path) return path;
  }
  return undefined;
}

/** What a command prints; nothing when it is missing or fails. */
export function ask(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Runs a program to its end and returns what it prints; when it fails, the error carries all of its output. */
export async function run(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { ...options, timeout: 240_000 })).stdout;
  } catch (error) {
    const failed = error as Error & { stdout: string };
    failed.message += `\n${failed.stdout}`;
    throw failed;
  }
}

/** What `pip install` would install, as `name==version` lines. */
export async function dryRun(python: string, folder: string, args: string[]): Promise<string> {
  const path = join(folder, 'report.json');
  await run(python, ['-m', 'pip', 'install', '--quiet', '--dry-run', '--report', path, ...args]);
  const report: { install: { metadata: { name: string; version: string } }[] } = JSON.parse(readFileSync(path, 'utf8'));
  return report.install.map(({ metadata }) => `${metadata.name}==${metadata.version}`).join('\n');
}
