import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lint } from '../../src/cli/lint';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function run(...args: string[]): Promise<Run> {
  let out = '';
  let err = '';
  const code = await lint(args, { out: (text) => out += text, err: (text) => err += text, colour: false });
  return { code, out, err };
}

/** Files in a folder that is gone after the tests. */
export function scratch(): { path: (name: string) => string; write: (name: string, content: string | Buffer) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write: (name, content) => {
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}
