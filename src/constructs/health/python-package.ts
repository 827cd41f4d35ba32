import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { PACKAGE_ROOT } from '../../package-root';
import { remembered } from '../../memo';

/** The files of a Python package that pods mount: what its ConfigMap holds. */
export const packageFiles = remembered((name: string): Record<string, string> => {
  const source = join(PACKAGE_ROOT, 'agent', name);
  return Object.fromEntries(readdirSync(source).filter((file) => file.endsWith('.py')).sort().map((file) => [file, readFileSync(join(source, file), 'utf8')]));
});
