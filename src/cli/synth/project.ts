import { accessSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashOf } from './run';

/** The root of the project that a program belongs to: the nearest folder with a file that says so, else its own. */
export function projectOf(main: string): string {
  return nearest(dirname(main), ['cdk8s.yaml', 'package.json', 'pyproject.toml', 'Pipfile']) ?? dirname(main);
}

/** A folder for what the next run should know: in the project's node_modules, where tools keep such things, else in that for temporary files. */
export function cacheFolder(main: string): string {
  const modules = nearest(dirname(main), ['node_modules']);
  return modules !== undefined && isWritable(join(modules, 'node_modules')) ? join(modules, 'node_modules/.cache/cdk8s-celery')
    : ownFolder(join(tmpdir(), `cdk8s-celery-${process.getuid?.() ?? 0}-${hashOf(dirname(main))}`));
}

/** A folder among the temporary files of all users, which nobody else may have made or may write to: what is in it is run. */
function ownFolder(folder: string): string {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  const found = lstatSync(folder, { throwIfNoEntry: false });
  // Where it cannot be made, nothing is remembered.
  if (found === undefined || process.getuid === undefined) return folder;
  const isPrivate = found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o022) === 0;
  return isPrivate ? folder : mkdtempSync(`${folder}-`);
}

/** The nearest folder, upwards, that has one of the names. */
export function nearest(folder: string, names: readonly string[]): string | undefined {
  if (names.some((name) => existsSync(join(folder, name)))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearest(parent, names);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
