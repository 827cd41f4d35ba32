import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

/** The folder of the package, which has the locks and the agent: the same from src/, from lib/ and from a bundle. */
export const PACKAGE_ROOT = find(__dirname);

/** The text of a file of the package. */
export function packageText(...path: string[]): string {
  return readFileSync(join(PACKAGE_ROOT, ...path), 'utf8');
}

function find(folder: string): string {
  const parent = dirname(folder);
  return existsSync(join(folder, 'locks', 'index.json')) || parent === folder ? folder : find(parent);
}
