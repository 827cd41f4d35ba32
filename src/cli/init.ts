import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { lockIndex } from '../celery/locks';
import { PACKAGE_ROOT } from '../package-root';
import { Failure, guarded, Misuse, Output } from './command';
import { installedFrom } from './init/installed-from';

const USAGE = `Usage: cdk8s-celery init [--language typescript|python] [--package FILE] [DIR]

Writes a cdk8s project that works: an application with workers, Beat and Flower, its Redis, tests, and a README with the commands.
If one of its files exists, nothing is written.

  DIR                    the folder of the project; its name is that of the project and of the namespace (default: .)
      --language LANGUAGE  typescript or python (default: typescript)
      --package FILE     the packed library that the project installs: a .tgz of npm pack, a .whl for Python (default: the file that
                         this command was installed from)
  -h, --help             this text

Exits with 0 when the project is written, with 1 when a file is in the way, and with 2 when the options are wrong.
`;

/** The languages, and the packed library that each installs. */
const LANGUAGES: Readonly<Record<string, { readonly extension: string; readonly made: string; readonly next: readonly string[] }>> = {
  typescript: {
    extension: '.tgz', made: 'npm pack', next: ['npm install', 'npx cdk8s-celery synth', 'kubectl apply -f dist'],
  },
  python: {
    extension: '.whl', made: 'jsii-pacmak',
    next: ['python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt', 'cdk8s-celery synth', 'kubectl apply -f dist'],
  },
};

/** `cdk8s-celery init`: returns the exit code. */
export function init(args: string[], output: Output): Promise<number> {
  return guarded('init', output, () => {
    const { help, language, folder, packed } = parse(args);
    if (help) {
      output.out(USAGE);
      return Promise.resolve(0);
    }
    const files = render(language, projectName(folder), packagePath(language, packed, folder));
    const taken = Object.keys(files).filter((name) => existsSync(join(folder, name)));
    if (taken.length > 0) {
      output.err(`cdk8s-celery init: nothing is written, because ${folder} already has ${taken.join(', ')}; move them away, or name another folder\n`);
      return Promise.resolve(1);
    }
    write(folder, files);
    const steps = [...folder === process.cwd() ? [] : [`cd ${relative(process.cwd(), folder)}`], ...LANGUAGES[language].next];
    output.out(`${Object.keys(files).join(', ')} written. Next:\n\n${steps.map((step) => `  ${step}\n`).join('')}`);
    return Promise.resolve(0);
  });
}

function parse(args: string[]) {
  let parsed;
  try {
    parsed = parseArgs({
      args, allowPositionals: true,
      options: { language: { type: 'string', default: 'typescript' }, package: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
  } catch (error) {
    throw new Misuse((error as Error).message, USAGE);
  }
  const { values: { language, help, package: packed }, positionals } = parsed;
  if (positionals.length > 1) throw new Misuse(`one folder at a time, not ${positionals.join(', ')}`, USAGE);
  if (!Object.hasOwn(LANGUAGES, language)) throw new Misuse(`--language: '${language}' is not one of ${Object.keys(LANGUAGES).join(', ')}`, USAGE);
  return { help, language, packed, folder: resolve(positionals[0] ?? '.') };
}

/** The name of the folder as Kubernetes and npm take it. */
function projectName(folder: string): string {
  const name = basename(folder).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50).replace(/-+$/, '');
  return /^[a-z]/.test(name) ? name : `celery-${name}`.replace(/-$/, '');
}

/** The packed library, as the project names it: relative, so that both can be moved together. */
function packagePath(language: string, given: string | undefined, folder: string): string {
  const { extension, made } = LANGUAGES[language];
  const file = given === undefined ? installedFrom(language) : resolve(given);
  if (file === undefined) {
    throw new Failure(`the file that this command was installed from is not known; name it: --package FILE, the ${extension} that ${made} has made`);
  }
  if (extname(file) !== extension) throw new Failure(`--package: ${file} is not a ${extension} file, which a project in ${language} installs`);
  if (!existsSync(file)) throw new Failure(`--package: ${file} does not exist`);
  const path = relative(folder, file).replaceAll('\\', '/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** The files of a template by their paths, with what differs between projects. */
function render(language: string, name: string, packed: string): Record<string, string> {
  const root = join(PACKAGE_ROOT, 'templates', language);
  const { devDependencies, peerDependencies } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const ranges = { ...devDependencies, ...peerDependencies };
  const values = (key: string): string | undefined => {
    if (key === 'name') return name;
    if (key === 'package') return language === 'typescript' ? `file:${packed}` : packed;
    if (key === 'celery') return Object.keys(lockIndex().celery).at(-1);
    return key.startsWith('py:') ? asPython(ranges[key.slice('py:'.length)]) : ranges[key]?.replace(/^(?=\d)/, '^');
  };
  return Object.fromEntries(filesIn(root).map((path) => [
    // npm leaves out files of that name.
    path === 'gitignore' ? '.gitignore' : path,
    readFileSync(join(root, path), 'utf8').replace(/\{\{([\w:@/-]+)\}\}/g, (written, key: string) => values(key) ?? written),
  ]));
}

/** A range of npm, `^2.70.1` or `2.70.1`, as pip has it. */
function asPython(range = ''): string {
  const version = range.replace(/^[~^]/, '');
  return `>=${version},<${Number(version.split('.')[0]) + 1}`;
}

function filesIn(folder: string, under = ''): string[] {
  return readdirSync(join(folder, under), { withFileTypes: true })
    .flatMap((entry) => entry.isDirectory() ? filesIn(folder, join(under, entry.name)) : [join(under, entry.name)]).sort();
}

/** All of them or none. */
function write(folder: string, files: Readonly<Record<string, string>>): void {
  const written: string[] = [];
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      // Also not over one that has come in this moment.
      writeFileSync(path, content, { flag: 'wx' });
      written.push(path);
    }
  } catch (error) {
    written.forEach((path) => rmSync(path, { force: true }));
    throw new Failure(`cannot write the project, and has taken it back: ${(error as Error).message}`);
  }
}
