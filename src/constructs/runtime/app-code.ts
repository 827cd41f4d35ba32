import { posix } from 'path';
import { readCodeDirectory, tooLarge } from './code-directory';
import { Problem } from '../validation/problems';
import { record, text, typed } from '../validation/props';
import { unwritableFiles } from '../validation/unwritable';

/** Options of code that is in the image. */
export interface ImageCodeOptions {
  /**
   * The directory in the image from which Celery imports the app; the working directory of the pods.
   *
   * @default '/app'
   */
  readonly directory?: string;
}

/**
 * The Python code of a Celery app, and how the pods get it.
 */
export abstract class AppCode {
  /**
   * All files of a directory, in a ConfigMap. At most 1 MiB; what is larger belongs in an image. Above 256 KiB,
   * `kubectl apply` needs `--server-side`.
   *
   * Hidden files, compiled files, `__pycache__`, `node_modules` and virtual environments are left out. Synth fails if the
   * directory does not exist or is too large, or if it has a file that is not UTF-8 text or cannot be read, a link that leads out
   * of it or to what is left out, or something that is not a file, such as a FIFO. It warns of files that look like keys or credentials.
   *
   * @param directory a path, relative to the directory in which synth runs
   */
  public static fromDirectory(directory: string): AppCode {
    const { files, problems } = readCodeDirectory(directory);
    return new ConfigMapCode(files, problems);
  }

  /**
   * Files given as text, in a ConfigMap. At most 1 MiB.
   *
   * @param files paths, relative to the directory of the app, and their contents
   */
  public static fromInline(files: { [path: string]: string }): AppCode {
    const { options, problems } = typed({ code: files }, { code: FILES });
    const wrong = files === undefined ? FILES('code', files) : problems;
    if (wrong.length > 0) return new ConfigMapCode({}, wrong);
    files = options.code;
    const bad = Object.keys(files).filter((path) => !isMountable(path));
    // No file can be where others have a folder.
    const folders = new Set(Object.keys(files).filter(isMountable).flatMap((path) => path.split('/').slice(0, -1).map((_, i, names) => names.slice(0, i + 1).join('/'))));
    return new ConfigMapCode(files, [
      ...bad.map((path) => ({ prop: 'code', value: path, wrong: 'is not a path inside the app', fix: 'give e.g. \'tasks.py\' or \'proj/tasks.py\'' })),
      ...Object.keys(files).filter((path) => folders.has(path)).map((path) => ({
        prop: 'code', value: path, wrong: 'is a file and also the folder of others', fix: 'rename one of them',
      })),
      ...tooLarge('fromInline', Object.entries(files).reduce((sum, [path, content]) => sum + Buffer.byteLength(path) + Buffer.byteLength(content), 0)),
    ]);
  }

  /**
   * Code that is included in the image.
   */
  public static inImage(options: ImageCodeOptions = {}): AppCode {
    const given = typed(options, { directory: text('the directory in the image, e.g. \'/app\'') }, { prefix: 'code' });
    return new ImageCode(given.options.directory ?? CODE_DIRECTORY, given.problems);
  }

  /** The directory of the app in the pods. @internal */
  public abstract readonly _directory: string;
  /** What the ConfigMap holds; undefined when the code is in the image. @internal */
  public abstract readonly _files?: Record<string, string>;
  /** @internal */
  public abstract _problems(app: string): Problem[];
}

/**
 * Whether the kubelet can make a file of a volume there.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go (validatePath)
 */
function isMountable(path: string): boolean {
  return posix.normalize(path) === path && !posix.isAbsolute(path) && !path.startsWith('..') && path !== '.' && !path.endsWith('/') && !path.includes('\0')
    && Buffer.byteLength(path) <= 4096 && path.split('/').every((name) => Buffer.byteLength(name) <= 255);
}

const FILES = record(text('the text of the file'), 'e.g. { \'tasks.py\': \'...\' }');
/** Where the ConfigMap is mounted. */
const CODE_DIRECTORY = '/app';

class ConfigMapCode extends AppCode {
  public readonly _directory = CODE_DIRECTORY;

  public constructor(public readonly _files: Record<string, string>, private readonly problems: Problem[]) {
    super();
  }

  public _problems(app: string): Problem[] {
    return this.problems.length > 0 ? this.problems : [...unwritableFiles(this._files), ...missingModule(app, this._files)];
  }
}

class ImageCode extends AppCode {
  public readonly _files?: Record<string, string>;

  public constructor(public readonly _directory: string, private readonly problems: Problem[]) {
    super();
  }

  public _problems(): Problem[] {
    return this.problems.length > 0 || posix.isAbsolute(this._directory) ? this.problems : [{
      prop: 'code', value: this._directory, wrong: 'is not an absolute path', fix: 'give the directory in the image, e.g. \'/app\'',
    }];
  }
}

/** `celery -A proj.tasks` or `proj.tasks:app` must find `proj/tasks.py`, or `proj/__init__.py` with an attribute. */
function missingModule(app: string, files: Record<string, string>): Problem[] {
  const [modulePath, attribute] = app.split(':');
  const parents = attribute === undefined && modulePath.includes('.') ? [modulePath, modulePath.slice(0, modulePath.lastIndexOf('.'))] : [modulePath];
  const candidates = parents.map((module) => module.replaceAll('.', '/')).flatMap((path) => [`${path}.py`, `${path}/__init__.py`]);
  // A directory without __init__.py is a namespace package; Celery then looks for a module `celery` in it.
  candidates.push(`${modulePath.replaceAll('.', '/')}/celery.py`);
  return candidates.some((path) => path in files) ? [] : [{
    prop: 'app', value: app, wrong: `is not in the code, which has ${Object.keys(files).join(', ') || 'no files'}`,
    fix: `add ${candidates[0]}, or name the module that has the Celery app`,
  }];
}
