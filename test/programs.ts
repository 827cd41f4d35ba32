import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Names and contents of the files in a directory. */
export function filesIn(directory: string): Record<string, string> {
  return Object.fromEntries(readdirSync(directory).sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** A text as a word of a shell. */
export const shellWord = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`;

/** What programs import and does not depend on them: it is loaded once, and only the modules of a program again for each run. */
const LIBRARIES = ['cdk8s', 'cdk8s-celery', 'cdk8s-plus-28', 'constructs'];

/** What a program like main.ts writes: run as bin/synth runs it, in its own directory, but in this process and from src/. */
export function outputOf(main: string): Record<string, string> {
  const libraries = LIBRARIES.map((name) => [name, jest.requireActual<object>(name)] as const);
  const outdir = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  const [directory, configured] = [process.cwd(), process.env.CDK8S_OUTDIR];
  try {
    process.chdir(dirname(main));
    process.env.CDK8S_OUTDIR = outdir;
    jest.isolateModules(() => {
      libraries.forEach(([name, library]) => jest.doMock(name, () => library));
      jest.requireActual(main);
    });
    return filesIn(outdir);
  } finally {
    process.chdir(directory);
    if (configured === undefined) delete process.env.CDK8S_OUTDIR;
    else process.env.CDK8S_OUTDIR = configured;
    rmSync(outdir, { recursive: true });
  }
}
