import { writeSync } from 'node:fs';
import { Failure, Output } from './command';

/** Writes all of it, also into a pipe that is slow. */
function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

export function out(text: string): void {
  try {
    write(1, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(`the output is not complete: ${code === 'EPIPE' ? 'whoever read standard output has ended' : message}`);
  }
}

export function err(text: string): void {
  try {
    write(2, text);
  } catch {
    // There is nobody left to tell; the exit code says it.
  }
}

/** Standard output and error of the process, with colours where a person reads them. */
export function standardOutput(): Output {
  return { out, err, colour: process.stdout.isTTY && process.env.NO_COLOR === undefined };
}
