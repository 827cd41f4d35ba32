import { plainShell } from '../../celery/image';
import { Container } from '../pod/container';
import { Link } from './command';

/** Why it is so; or what would make it otherwise, where that is not certain. */
export type Verdict = { readonly note: string } | { readonly unless: string };

/**
 * Whether a shell keeps SIGTERM from a command for good. Measured: dash never gives its place to the last command, bash
 * and busybox do for `-c`, nothing does for a script file; `exec` always works.
 */
export function keptByShell(links: readonly Link[], container: Container): Verdict | undefined {
  for (const link of links) {
    if (link.kind !== 'shell') continue;
    const { command, script, inline, name } = link;
    if (command.exec) continue;
    // A script that handles signals, or waits for what it started, may know what it does.
    if (script.traps) return undefined;
    if (command.background || command.piped || !command.last) return { note: 'something runs with or after it in the same shell' };
    if (!inline) return { note: `the script ${name} runs stays process 1` };
    if (name === 'bash' || name === 'zsh' || name === 'ksh') continue;
    const shell = name === 'dash' ? 'dash' : name === 'ash' ? 'busybox' : plainShell(container.image);
    if (shell === 'bash') continue;
    if (shell === 'busybox' && script.commands.length === 1) continue;
    if (shell === 'dash') return { note: 'sh is dash in this image' };
    return { unless: 'sh is bash in this image' };
  }
  return undefined;
}
