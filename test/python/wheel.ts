import { execFileSync, spawnSync, SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');

/** A virtual environment that has the library from its wheel, as `pip install` puts it there. */
export interface Environment {
  readonly wheel: string;
  /** A folder for what a test writes. */
  readonly folder: string;
  /** Runs a program of the environment. */
  readonly run: (cwd: string, program: string, ...args: string[]) => SpawnSyncReturns<string>;
}

/** Builds the wheel and installs it, once for the tests of a file. */
export function environment(...packages: string[]): Environment {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  const quiet = { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20,22,24' };
  const state = { wheel: '' };
  const venv = join(folder, 'venv');
  beforeAll(() => {
    const call = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: ROOT, env: quiet, stdio: ['ignore', 'ignore', 'inherit'] });
    call('npm', 'run', '--silent', 'build');
    call('npx', '--no-install', 'jsii-pacmak', '--targets', 'python', '--rosetta-unknown-snippets', 'translate', '--outdir', join(folder, 'packed'));
    const packed = join(folder, 'packed/python');
    state.wheel = join(packed, readdirSync(packed).find((name) => name.endsWith('.whl'))!);
    call('python3', '-m', 'venv', venv);
    call(join(venv, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', state.wheel, ...packages);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    get wheel() { return state.wheel; },
    folder,
    run: (cwd, program, ...args) => spawnSync(join(venv, 'bin', program), args, { cwd, encoding: 'utf8', env: quiet }),
  };
}
