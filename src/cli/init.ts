import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { lockIndex } from '../celery/locks';
import { PACKAGE_ROOT } from '../package-root';
import { Failure, guarded, Misuse, Output, parseOptions } from './command';
import { installedFrom } from './init/installed-from';
import { printableLine } from '../rules/printable';

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
    const taken = [...new Set(Object.keys(files).flatMap((name) => inTheWay(folder, name) ?? []))];
    if (taken.length > 0) {
      output.err(`cdk8s-celery init: nothing is written, because ${folder} already has ${taken.join(', ')}; move them away, or name another folder\n`);
      return Promise.resolve(1);
    }
    write(folder, files);
    const steps = [...folder === process.cwd() ? [] : [`cd ${shellWord(relative(process.cwd(), folder))}`], ...LANGUAGES[language].next];
    output.out(`${Object.keys(files).join(', ')} written. Next:\n\n${steps.map((step) => `  ${step}\n`).join('')}`);
    return Promise.resolve(0);
  });
}

function parse(args: string[]) {
  const parsed = parseOptions({
    args, allowPositionals: true,
    options: { language: { type: 'string', default: 'typescript' }, package: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  }, USAGE);
  const { values: { language, help, package: packed }, positionals } = parsed;
  if (positionals.length > 1) throw new Misuse(`one folder at a time, not ${positionals.join(', ')}`, USAGE);
  if (!Object.hasOwn(LANGUAGES, language)) throw new Misuse(`--language: '${language}' is not one of ${Object.keys(LANGUAGES).join(', ')}`, USAGE);
  return { help, language, packed, folder: resolve(positionals[0] ?? '.') };
}

/** The name of the folder as Kubernetes and npm take it. */
function projectName(folder: string): string {
  const name = basename(folder).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50).replace(/-+$/, '');
  return /^[a-z]/.test(name) && !OF_KUBERNETES.test(name) ? name : `celery-${name}`.replace(/-$/, '');
}

/** The namespaces that each cluster has: a project would write its labels, and what they enforce, into them. */
const OF_KUBERNETES = /^(default|kube-.*)$/;

/** What keeps a file from being written: itself, also as a link to nothing, or a file where one of its folders would be. */
function inTheWay(folder: string, name: string): string | undefined {
  for (let above = dirname(name); above !== '.'; above = dirname(above)) {
    const path = join(folder, above);
    if (isThere(path) && !(existsSync(path) && statSync(path).isDirectory())) return above;
  }
  return isThere(join(folder, name)) ? name : undefined;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    // Where that is no answer, writing tells why.
    return false;
  }
}

/** A path as a POSIX shell takes it. */
function shellWord(path: string): string {
  const word = path.startsWith('-') ? `./${path}` : path;
  return /^[\w./-]+$/.test(word) ? word : `'${printableLine(word).replaceAll('\'', '\'\\\'\'')}'`;
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
  if (!statSync(file).isFile()) throw new Failure(`--package: ${file} is a folder; name the file that ${made} has made`);
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
    // Within the quotes of JSON.
    if (key === 'package') return language === 'typescript' ? JSON.stringify(`file:${packed}`).slice(1, -1) : packed;
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
  const made: string[] = [];
  const makeFolder = (path: string): void => {
    if (existsSync(path)) return;
    makeFolder(dirname(path));
    mkdirSync(path);
    made.unshift(path);
  };
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      makeFolder(dirname(path));
      // Also not over one that has come in this moment.
      writeFileSync(path, content, { flag: 'wx' });
      written.push(path);
    }
  } catch (error) {
    written.forEach((path) => rmSync(path, { force: true }));
    // Those in which there is nothing of somebody else.
    for (const path of made) if (readdirSync(path).length === 0) rmdirSync(path);
    throw new Failure(`cannot write the project, and has taken it back: ${(error as Error).message}`);
  }
}
