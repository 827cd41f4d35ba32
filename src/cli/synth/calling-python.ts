import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/**
 * The Python whose environment has this command: pip installs a script that has jsii start Node, which tells only that it was Python.
 * Undefined where npm has installed the command, or the system does not tell.
 */
export function callingPython(): string | undefined {
  if (!process.env.JSII_AGENT?.startsWith('Python/')) return undefined;
  let pid = process.ppid;
  for (let generation = 0; generation < 10 && pid > 1; generation += 1) {
    const found = look(pid);
    if (found === undefined) return undefined;
    if (/(^|[\\/])python[\d.]*(\.exe)?$/i.test(found.program) && isAbsolute(found.program) && existsSync(found.program)) return found.program;
    pid = found.parent;
  }
  return undefined;
}

/** The program of a process, as it was called, and its parent. */
function look(pid: number): { readonly program: string; readonly parent: number } | undefined {
  try {
    if (process.platform === 'linux') {
      const parent = / [A-Z] (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      return { program: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0], parent: Number(parent) };
    }
    const [parent, program] = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim().split(/\s+/);
    return { program, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
