import { isUtf8 } from 'buffer';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'fs';
import { isAbsolute, join, posix, relative, sep } from 'path';
import { Problem } from '../validation/problems';

/** What a ConfigMap holds, names of the files included. */
export const MAX_BYTES = 1024 * 1024;
/** The directory may be the wrong one, such as `/`: more than this is not looked at. */
const MAX_ENTRIES = 20_000;

/** The texts of a directory's files, by their paths in it; or what is wrong with them. */
export interface CodeDirectory {
  /** The texts, by the paths; empty where something is wrong. */
  readonly files: Record<string, string>;
  /** What is wrong. */
  readonly problems: Problem[];
}

/** Reads a directory. Nothing is opened that is not a file inside of it: a FIFO or a device would never end. */
export function readCodeDirectory(directory: string): CodeDirectory {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    return refused([problem(directory, 'is not a directory', 'give the directory that has the app, relative to where synth runs')]);
  }
  const { paths, bytes, problems, complete } = new Walk(directory);
  if (!complete) {
    const wrong = `has more than ${MAX_ENTRIES} files and folders, and a ConfigMap holds ${MAX_BYTES} bytes (1 MiB)`;
    return refused([problem(directory, wrong, 'give the directory that has the app and nothing else')]);
  }
  // Measured before anything is read.
  const large = tooLarge(directory, bytes);
  if (large.length > 0) return refused([...large, ...problems]);
  const files: [string, string][] = [];
  for (const path of paths) {
    const file = join(directory, path);
    const content = attempt(() => readFileSync(file), (code) => problems.push(unreadable(file, code)));
    if (!content) continue;
    if (!isUtf8(content)) problems.push(problem(file, 'is not UTF-8 text', 'put binary files into an image: PythonRuntime.fromImage(...)'));
    else files.push([path, content.toString('utf8')]);
  }
  return problems.length > 0 ? refused(problems) : { files: Object.fromEntries(files), problems };
}

/** A problem with the size of what is to become a ConfigMap. */
export function tooLarge(source: string, bytes: number): Problem[] {
  return bytes <= MAX_BYTES ? [] : [problem(
    source, `has ${bytes} bytes, and a ConfigMap holds ${MAX_BYTES} (1 MiB)`, 'put the code into an image: AppCode.inImage() with PythonRuntime.fromImage(...)',
  )];
}

/** The files of a directory, in an order of their own. */
class Walk {
  public readonly paths: string[] = [];
  public readonly problems: Problem[] = [];
  public bytes = 0;
  private entries = 0;
  private readonly root: string;

  public constructor(private readonly directory: string) {
    this.root = realpathSync(directory);
    this.folder('', [this.root]);
  }

  public get complete(): boolean {
    return this.entries <= MAX_ENTRIES;
  }

  /** A folder; `parents` are the real paths of it and of those that it is in. */
  private folder(path: string, parents: readonly string[]): void {
    const given = join(this.directory, path);
    const names = attempt(() => readdirSync(given), (code) => this.problems.push(unreadable(given, code))) ?? [];
    if (names.includes(VIRTUAL_ENVIRONMENT) && path !== '') return;
    for (const name of names.filter((candidate) => !isLeftOut(candidate)).sort()) {
      this.entries += 1;
      if (!this.complete) return;
      this.entry(posix.join(path, name), parents);
    }
  }

  private entry(path: string, parents: readonly string[]): void {
    const given = join(this.directory, path);
    if (path.includes('\uFFFD')) {
      return void this.problems.push(problem(given, 'has a name that is not UTF-8', 'rename it'));
    }
    const real = attempt(() => realpathSync(given), (code) => this.problems.push(
      Object.hasOwn(BROKEN_LINKS, code) ? problem(given, BROKEN_LINKS[code], 'remove it') : unreadable(given, code),
    ));
    if (real === undefined) return;
    const inside = relative(this.root, real);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      return void this.problems.push(problem(given, `is a link that leads out of the directory, to ${real}`, 'copy what it leads to into the directory, or remove it'));
    }
    // A link must not bring back what is left out: `key -> .ssh/id_rsa`.
    if (inside !== path && this.leavesOut(inside)) {
      return void this.problems.push(problem(given, `is a link to what is left out, ${inside}`, 'copy what it leads to into the directory, or remove it'));
    }
    const found = statSync(real);
    if (found.isDirectory() && parents.includes(real)) {
      this.problems.push(problem(given, 'is a link to a folder that it is in', 'remove it'));
    } else if (found.isDirectory()) {
      this.folder(path, [...parents, real]);
    } else if (found.isFile()) {
      this.paths.push(path);
      this.bytes += Buffer.byteLength(path) + found.size;
    } else {
      const kind = found.isFIFO() ? 'a FIFO' : found.isSocket() ? 'a socket' : 'a device';
      this.problems.push(problem(given, `is ${kind} rather than a file`, 'remove it'));
    }
  }

  /** Whether a real path, relative to the root, is left out, or in what is left out. */
  private leavesOut(inside: string): boolean {
    const names = inside.split(sep).filter(Boolean);
    return names.some((name) => isLeftOut(name) && !MOUNTED.test(name))
      || names.some((_, i) => existsSync(join(this.root, ...names.slice(0, i + 1), VIRTUAL_ENVIRONMENT)));
  }
}

/** The folders in which the files of a mounted ConfigMap are: what it shows are links to them. */
const MOUNTED = /^\.\.(data$|\d{4})/;

/** The file by which Python knows a virtual environment: its packages come with the runtime. */
const VIRTUAL_ENVIRONMENT = 'pyvenv.cfg';

/** Hidden files, and what other programs make of code. */
function isLeftOut(name: string): boolean {
  return name.startsWith('.') || name === '__pycache__' || name === 'node_modules' || /\.py[co]$/.test(name);
}

const BROKEN_LINKS: Record<string, string> = {
  ENOENT: 'is a link to what does not exist',
  ELOOP: 'is a link that leads back to itself',
};

function attempt<T>(read: () => T, failed: (code: string) => void): T | undefined {
  try {
    return read();
  } catch (error) {
    failed((error as NodeJS.ErrnoException).code ?? 'unknown error');
    return undefined;
  }
}

function unreadable(path: string, code: string): Problem {
  return problem(path, `cannot be read (${code})`, 'let the user that runs synth read it');
}

function problem(value: string, wrong: string, fix: string): Problem {
  return { prop: 'code', value, wrong, fix };
}

function refused(problems: Problem[]): CodeDirectory {
  return { files: {}, problems };
}
