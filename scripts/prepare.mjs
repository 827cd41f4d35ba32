// npm install git+https://…, which pre-commit does also: npm clones the repository into its cache, runs this there and packs the clone.
// A clone of a developer is compiled by what needs it.
import { execSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';

const cache = process.env.npm_config_cache;
const run = (command) => execSync(command, { stdio: 'inherit' });
if (cache !== undefined && process.cwd().startsWith(`${realpathSync(cache)}${sep}`) && !existsSync('lib')) {
  // With --global, npm does not install what the build needs.
  if (!existsSync('node_modules/.bin/jsii')) run('npm ci --ignore-scripts --global=false');
  run('npm run build');
}
