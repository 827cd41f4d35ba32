import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../package-root';
import { interpreter } from '../synth/python';

/** The packed file that this command was installed from; undefined where it does not come from one. */
export function installedFrom(language: string): string | undefined {
  return language === 'python' ? wheel() : tarball();
}

/** npm and npx write down what they install in the package.json of the folder that has node_modules. */
function tarball(): string | undefined {
  const modules = dirname(PACKAGE_ROOT);
  const manifest = join(dirname(modules), 'package.json');
  if (basename(modules) !== 'node_modules' || !existsSync(manifest)) return undefined;
  const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, Record<string, string> | undefined>;
  const spec = dependencies['cdk8s-celery'] ?? devDependencies['cdk8s-celery'] ?? '';
  if (!spec.startsWith('file:')) return undefined;
  const file = resolve(dirname(manifest), spec.slice('file:'.length));
  return file.endsWith('.tgz') ? file : undefined;
}

/** pip writes down what it installs in direct_url.json of the distribution (PEP 610). */
function wheel(): string | undefined {
  const program = 'from importlib.metadata import distribution as d; import json; print(json.loads(d("cdk8s-celery").read_text("direct_url.json"))["url"])';
  const { command, args } = interpreter(join(process.cwd(), 'main.py'));
  try {
    const url = execFileSync(command, [...args, '-c', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return url.startsWith('file:') && url.endsWith('.whl') ? fileURLToPath(url) : undefined;
  } catch {
    return undefined;
  }
}
