import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, relative, resolve } from 'node:path';
import { outputFolder, replace, stagingFolder } from './output-folder';
import { sayProgramError } from './program-error';

/** One synthesis: the program, where its manifests go, and what remembers them. */
export interface Synthesis {
  /** The program, as an absolute path. */
  readonly main: string;
  /** Where the manifests go, relative to the working directory; CDK8S_OUTDIR wins. */
  readonly output?: string;
  /** The root of the project, which the output folder must not be. */
  readonly project: string;
  /** A folder for what the next run should know. */
  readonly cache: string;
}

/** In the name of what belongs to one path. */
export const hashOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 12);

/** Writes a file that another run may read at this moment. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}

/**
 * Runs a program that calls app.synth(), in the folder that it is in, and puts its manifests into the output folder when it has ended
 * well. What is refused leaves that folder as it was.
 *
 * @param program runs it; a promise that it returns is waited for, and a number is an exit code
 */
export function synthesize({ main, output, project, cache }: Synthesis, program: () => unknown): void {
  const started = process.cwd();
  // Empty is as if not set.
  const calledByCli = Boolean(process.env.CDK8S_OUTDIR);
  const outdir = resolve(process.env.CDK8S_OUTDIR || (output ?? join(dirname(main), 'dist')));
  let running = false;
  const fail = (error: unknown): void => {
    process.stderr.write(`${sayProgramError(error, running ? dirname(main) : undefined)}\n`);
    process.exitCode = 1;
  };
  try {
    const folder = outputFolder(outdir, { 'the folder of the program': dirname(main), 'the project': project, 'the working directory': started });
    const staging = stagingFolder(folder);
    // At the end of the process, so that a program may also write later than in its first turn, or end by process.exit().
    process.on('exit', (code) => {
      running = false;
      try {
        if (code !== 0) return;
        // The files that the last run wrote into this folder.
        const record = join(cache, `written-${hashOf(folder)}.json`);
        const files = replace(staging, folder, existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) as string[] : []);
        if (files.length === 0) throw new Error(`${main} wrote nothing to the output folder: its last line must be app.synth(), and its App has no outdir`);
        tryTo(() => writeWhole(record, JSON.stringify(files)));
        if (!calledByCli) process.stdout.write(`${files.join(', ')} written; apply with: kubectl apply -f ${relative(started, outdir)}\n`);
      } catch (error) {
        fail(error);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
    });
    process.env.CDK8S_OUTDIR = staging;
    // Paths in a program are relative to it.
    process.chdir(dirname(main));
    process.on('uncaughtException', (error) => {
      fail(error);
      process.exit(1);
    });
    running = true;
    const result = program();
    if (result instanceof Promise) {
      result.then((code) => {
        if (typeof code === 'number') process.exitCode = code;
      }, fail);
    }
  } catch (error) {
    fail(error);
  }
}

/** Without a record, manifests in folders of a former run stay: no reason to fail. */
function tryTo(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
