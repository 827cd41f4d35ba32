/**
 * Builds the package `celery-k8s-lint` to build/lint/: `cdk8s-celery lint` in one file that needs Node and nothing else.
 *
 *     npm run build:lint && npm pack ./build/lint
 */
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const NAME = 'celery-k8s-lint';
const FILE = `${NAME}.js`;
const { version, license, author, homepage, repository, engines } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** The files of this package that rules and formats read, in the program. */
const FILES = { 'package.json': JSON.stringify({ version, homepage }), 'locks/index.json': fs.readFileSync(path.join(ROOT, 'locks/index.json'), 'utf8') };

const own = {
  name: 'own',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/]package-root\.ts$/ }, () => ({
      loader: 'ts',
      contents: `const FILES: Record<string, string> = ${JSON.stringify(FILES)};
export const PACKAGE_ROOT = __dirname;
export const packageText = (...path: string[]): string => FILES[path.join('/')];`,
    }));
    // It says its own name.
    build.onLoad({ filter: /[\\/]src[\\/](cli|cli[\\/]input|rules)[\\/]\w+\.ts$/ }, ({ path: file }) => ({
      loader: 'ts',
      contents: fs.readFileSync(file, 'utf8').replaceAll('cdk8s-celery lint', NAME).replaceAll('cdk8s-celery ${name}', NAME),
    }));
  },
};

async function make(folder = path.join(ROOT, 'build', 'lint')) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  await require('esbuild').build({
    entryPoints: [path.join(ROOT, 'src/cli/lint-alone.ts')], outfile: path.join(folder, FILE), bundle: true, platform: 'node', target: 'node20',
    plugins: [own], legalComments: 'eof', logLevel: 'error',
  });
  fs.chmodSync(path.join(folder, FILE), 0o755);
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify({
    name: NAME, version, description: 'Finds in Kubernetes manifests what is known to break Celery, Beat, Flower and their message broker',
    license, author, homepage, repository, engines, keywords: ['celery', 'kubernetes', 'lint', 'redis', 'rabbitmq'], bin: { [NAME]: FILE }, files: [FILE],
  }, null, 2)}\n`);
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.copyFileSync(path.join(ROOT, 'docs/lint.md'), path.join(folder, 'README.md'));
  return folder;
}

module.exports = { make };
if (require.main === module) make();
