import {
  accessSync, chmodSync, constants, copyFileSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, realpathSync,
  renameSync, rmdirSync, rmSync, statSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** What cdk8s names the files that it writes. Whatever has another name is not ours, and stays. */
const OURS = /\.k8s\.yaml$/;

/** Process numbers mean something on one machine, and in one container, only. */
const MACHINE = `${hostname()}-${existsSync('/proc/self/ns/pid') ? readlinkSync('/proc/self/ns/pid').replace(/\D/g, '') : ''}`;

/** In the names of what is there while a run writes: so runs at the same time do not meet, and a later one knows whether the process is dead. */
const MARK = `${process.pid}@${MACHINE}`;
const MARKED = /\.(?:new|old\d+)\.(\d+)@(.*)$/;

/** A run takes seconds. What is older than this belongs to none, on whichever machine that was. */
const DAY = 24 * 60 * 60 * 1000;

/** The code of a system error. */
function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** The path without links; also of what is not there, and where a link leads to in vain. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return real(resolve(dirname(path), readlinkSync(path)));
    return dirname(path) === path ? path : join(real(dirname(path)), basename(path));
  }
}

/** Whether a folder is, or contains, a path; both without links. */
function contains(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * The folder to write, without links, so that those stay. One whose loss would be that of more than manifests is refused: `kept` has the
 * paths that it must not be or contain, by what they are.
 */
export function outputFolder(path: string, kept: Readonly<Record<string, string>>): string {
  const folder = real(path);
  for (const [what, one] of Object.entries(kept)) {
    if (!contains(folder, real(one))) continue;
    throw new Error(`The output folder ${path} is, or contains, ${what}, ${one}; give a folder that is for manifests only: CDK8S_OUTDIR=dist`);
  }
  // Another run may take it away in this moment, to bring its own.
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false) throw new Error(`The output folder ${path} is a file; remove it, or set CDK8S_OUTDIR to a folder`);
  cleanUp(folder);
  return folder;
}

/** Whether a process that is dead for sure has left this. */
function isLeftOver(folder: string, name: string): boolean {
  const [, pid, machine] = MARKED.exec(name) ?? [];
  if (pid === undefined) return false;
  if (machine !== MACHINE) return Date.now() - (lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > DAY;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** Removes what killed runs have left next to the output folder. One that was killed while it swapped has taken the folder away: back with it. */
function cleanUp(folder: string): void {
  const parent = dirname(folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent).filter((one) => one.startsWith(`${basename(folder)}.`) && isLeftOver(parent, one))) {
    tried(() => {
      const left = join(parent, name);
      if (name.startsWith(`${basename(folder)}.old`)) {
        if (!existsSync(folder) && tried(() => renameSync(left, folder))) return;
        carry(left, folder, ownership([]));
      }
      rmSync(left, { recursive: true, force: true });
    });
  }
}

/** Makes a folder and those that it is in. Not by `recursive`: that hides why it cannot be done, and never ends in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** An empty folder next to the output folder, from where it can be renamed; elsewhere, where there may be none. */
export function stagingFolder(folder: string): string {
  const beside = `${folder}.new.${MARK}`;
  try {
    rmSync(beside, { recursive: true, force: true });
    makeFolder(beside);
    return beside;
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
    return mkdtempSync(join(tmpdir(), 'cdk8s-celery-synth-'));
  }
}

/** The files in a folder and in the folders in it, relative to it; without those that killed runs have left. */
function filesIn(folder: string, under = ''): string[] {
  return readdirSync(join(folder, under), { withFileTypes: true }).filter(({ name }) => !MARKED.test(name))
    .flatMap((entry) => entry.isDirectory() ? filesIn(folder, join(under, entry.name)) : [join(under, entry.name)]);
}

function mayChange(folder: string): boolean {
  return tried(() => accessSync(folder, constants.W_OK));
}

/** Which of the files and folders in an output folder are ours, by their paths in it. */
interface Ownership {
  readonly file: (name: string) => boolean;
  readonly folder: (name: string) => boolean;
}

/** What is ours in an output folder: the manifests in it, and of those in folders within it the ones that a run writes, or one before it wrote. */
function ownership(files: readonly string[]): Ownership {
  const written = new Set(files);
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  }
  return { file: (name) => OURS.test(name) && (dirname(name) === '.' || written.has(name)), folder: (name) => folders.has(name) };
}

/** Whether a folder can be taken away: it may be changed, and each folder in it is ours. */
function isReplaceable(folder: string, ours: Ownership, under = '.'): boolean {
  return mayChange(join(folder, under)) && readdirSync(join(folder, under), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .every(({ name }) => ours.folder(join(under, name)) && isReplaceable(folder, ours, join(under, name)));
}

/** Gives the files that are not ours to another folder as well. */
function carry(from: string, to: string, ours: Ownership): void {
  for (const file of filesIn(from).filter((one) => !ours.file(one))) {
    makeFolder(dirname(join(to, file)));
    try {
      linkSync(join(from, file), join(to, file));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/** Tries what a file system may refuse. */
function tried(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Takes the old folder away and brings the new one, with one rename each; false when that cannot be done, and the old one is where it was. */
function swap(staging: string, folder: string, ours: Ownership): boolean {
  const away: string[] = [];
  const end = (done: boolean): boolean => {
    for (const old of away) {
      if (!done) tried(() => carry(old, folder, ours));
      if (!tried(() => rmSync(old, { recursive: true }))) console.error(`warning: ${old} has the former files, and cannot be removed`);
    }
    return done;
  };
  for (;;) {
    if (!existsSync(folder)) {
      if (tried(() => renameSync(staging, folder))) return end(true);
      if (!existsSync(folder)) return end(false);
    }
    if (!isReplaceable(folder, ours) || !tried(() => carry(folder, staging, ours))) return end(false);
    const there = statSync(folder, { throwIfNoEntry: false });
    if (there) chmodSync(staging, there.mode & 0o7777);
    const old = `${folder}.old${away.length}.${MARK}`;
    if (!tried(() => renameSync(folder, old))) {
      if (existsSync(folder)) return end(false);
      // Another run has taken it away in this moment.
      continue;
    }
    // With what has come into it since.
    if (tried(() => carry(old, staging, ours)) && tried(() => renameSync(staging, folder))) {
      away.push(old);
      return end(true);
    }
    if (tried(() => renameSync(old, folder))) return end(false);
    // Another run has brought its own in this moment: once more, with that.
    away.push(old);
  }
}

/** Writes each file next to its place and moves it there: at each moment there are whole files only, and those of others stay. */
function replaceFiles(staging: string, files: readonly string[], folder: string, ours: Ownership): void {
  makeFolder(folder);
  // In a folder that we may not change there is nothing of ours.
  const stale = filesIn(folder).filter((file) => ours.file(file) && !files.includes(file) && mayChange(dirname(join(folder, file))));
  for (const file of files) {
    const place = join(folder, file);
    const beside = join(dirname(place), `.${basename(place)}.new.${MARK}`);
    for (let tries = 1; ; tries += 1) {
      try {
        makeFolder(dirname(place));
        for (const name of readdirSync(dirname(place))) {
          if (isLeftOver(dirname(place), name)) rmSync(join(dirname(place), name), { force: true });
        }
        copyFileSync(join(staging, file), beside);
        renameSync(beside, place);
        break;
      } catch (error) {
        rmSync(beside, { force: true });
        // Another run that can rename the folder may have swapped it in this moment.
        if (codeOf(error) !== 'ENOENT' || tries === 20) throw error;
      }
    }
  }
  for (const file of stale) {
    rmSync(join(folder, file), { force: true });
    // If nothing else is in it.
    if (dirname(file) !== '.') tried(() => rmdirSync(join(folder, dirname(file))));
  }
}

/**
 * Puts the files of the staging folder, if there are any, into the output folder, in place of those of an earlier run; returns their names.
 *
 * @param earlier what that run returned, if it is known
 */
export function replace(staging: string, folder: string, earlier: readonly string[]): string[] {
  const files = filesIn(staging);
  if (files.length === 0) return files;
  // Signals wait until all is where it belongs; the process ends then.
  for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]] as const) process.once(signal, () => process.exit(128 + number));
  const ours = ownership([...files, ...earlier]);
  if (!swap(staging, folder, ours)) replaceFiles(staging, files, folder, ours);
  return files;
}
