import { LAUNCH_PACKAGE_NAME } from '../../celery/agent-names';

/** A program that runs another one, and how many words of its own it takes before that. */
export interface Wrapper {
  /** Options that take a value in the next word. */
  readonly valued?: readonly string[];
  /** Words before the command that are no options: `gosu USER`, `timeout 10`. */
  readonly positional?: number;
  /** Words that must follow the name: `poetry run`. */
  readonly sub?: readonly string[];
  /** Runs only what follows `--`. */
  readonly dashes?: boolean;
  /** Leading `NAME=value`. */
  readonly assigns?: boolean;
}

export const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>(Object.entries({
  'env': { valued: ['-u', '--unset', '-C', '--chdir'], assigns: true },
  'command': {}, 'nohup': {}, 'exec': {}, 'time': {}, 'setsid': {}, 'catatonit': {}, 'vault-env': {}, 'opentelemetry-instrument': {},
  'ddtrace-run': {}, 'with-contenv': {}, 'pid1': {}, 'launcher': {},
  'nice': { valued: ['-n'] }, 'ionice': { valued: ['-c', '-n'] }, 'stdbuf': { valued: ['-o', '-e', '-i'] },
  'timeout': { valued: ['-k', '-s', '--signal', '--kill-after'], positional: 1 },
  'setpriv': { valued: ['--reuid', '--regid', '--groups'] },
  'gosu': { positional: 1 }, 'su-exec': { positional: 1 }, 's6-setuidgid': { positional: 1 }, 'chpst': { valued: ['-u'] },
  'sudo': { valued: ['-u', '-g'] },
  'tini': { valued: ['-p', '-e'] }, 'tini-static': { valued: ['-p', '-e'] }, 'dumb-init': { valued: ['-r', '--rewrite'] },
  'docker-init': { valued: ['-p', '-e'] },
  'dockerize': { valued: ['-wait', '-timeout', '-template', '-stdout', '-stderr', '-wait-retry-interval', '-wait-http-header'] },
  'wait-for-it': { positional: 1, valued: ['-t', '-h', '-p'] }, 'wait-for-it.sh': { positional: 1, valued: ['-t', '-h', '-p'] },
  'wait-for': { dashes: true }, 'wait-for.sh': { dashes: true }, 'waitforit': { dashes: true },
  'poetry': { sub: ['run'], valued: ['-C', '--directory', '-P', '--project'] }, 'pixi': { sub: ['run'], valued: ['-e', '--environment', '--manifest-path'] },
  'pipenv': { sub: ['run'] }, 'pdm': { sub: ['run'] }, 'hatch': { sub: ['run'] }, 'rye': { sub: ['run'] },
  'uv': { sub: ['run'], valued: ['--project', '--directory', '--env-file', '--extra', '--group', '--with', '--python', '-p'] },
  'conda': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix', '--cwd'] },
  'mamba': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix'] },
  'micromamba': { sub: ['run'], valued: ['-n', '--name', '-p', '--prefix'] },
  'newrelic-admin': { sub: ['run-program'] }, 'doppler': { sub: ['run'], dashes: true }, 'chamber': { sub: ['exec'], dashes: true },
  'aws-vault': { sub: ['exec'], dashes: true }, 'infisical': { sub: ['run'], dashes: true }, 'op': { sub: ['run'], dashes: true },
  'coverage': { sub: ['run'] }, 'berglas': { sub: ['exec'], dashes: true },
  'watchmedo': { sub: ['auto-restart'], dashes: true }, 'xvfb-run': {},
  'docker-entrypoint.sh': {}, 'docker_entrypoint.sh': {},
}));

/** Python modules that run the command that follows them: `python -m MODULE COMMAND`. */
export const WRAPPING_MODULES: ReadonlySet<string> = new Set([LAUNCH_PACKAGE_NAME]);

interface WordLike {
  readonly text: string;
}

/** Which word of a wrapper's command line is the command that it runs. */
export function wrapped(words: readonly WordLike[], wrapper: Wrapper): number | undefined {
  let at = 1;
  for (const sub of wrapper.sub ?? []) {
    while (at < words.length && words[at].text.startsWith('-')) at += wrapper.valued?.includes(words[at].text) ? 2 : 1;
    if (words[at]?.text !== sub) return undefined;
    at += 1;
  }
  const dashes = words.findIndex((word, i) => i >= at && word.text === '--');
  if (wrapper.dashes) return dashes < 0 ? undefined : dashes + 1;
  let positional = wrapper.positional ?? 0;
  for (; at < words.length; at += 1) {
    const { text } = words[at];
    if (text === '--') return at + 1;
    if (text.startsWith('-') && text.length > 1) {
      if (wrapper.valued?.includes(text)) at += 1;
    } else if (wrapper.assigns && /^[A-Za-z_]\w*=/.test(text)) {
      continue;
    } else if (positional > 0) {
      positional -= 1;
    } else {
      return at;
    }
  }
  return undefined;
}
