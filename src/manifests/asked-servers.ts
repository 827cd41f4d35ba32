import { isLoopback } from '../celery/hosts';
import { plainShell } from '../celery/image';
import { lacksProgram, startsArguments } from '../celery/image-programs';
import { baseName, Invocation } from './command/command';
import { asText, get, Path } from './json';
import type { Container } from './pod/container';
import { Mount } from './pod/volumes';
import { isOneText, Probe } from './probes';

/** Python that opens a connection to a server. */
const CONNECTS = /\bredis\.(Redis|StrictRedis|from_url)\b|\bfrom_url\(|\bpika\.|\b[cC]onnection\([^)]*\)\.(connect|ensure_connection)|connection_for_(read|write)|broker_connection\(|create_connection\(\(/;

/** The server that a probe depends on, other than the container itself; undefined where there is none in sight. */
export function askedServer(probe: Probe): string | undefined {
  for (const kind of ['tcpSocket', 'httpGet']) {
    const host = asText(get(probe.json, kind, 'host'));
    if (host !== undefined && host !== '' && !isLoopback(host)) return host;
  }
  for (const invocation of probe.invocations) {
    const server = byCommand(invocation);
    if (server !== undefined) return server;
  }
  const device = /\/dev\/tcp\/([^/\s]+)\/\d+/.exec(probe.raw.join(' '))?.[1];
  return device === undefined || isLoopback(device) ? undefined : device;
}

function byCommand({ words }: Invocation): string | undefined {
  const texts = words.map(({ text }) => text);
  const program = baseName(texts[0] ?? '');
  const remote = (host: string | undefined) => host === undefined || isLoopback(host) ? undefined : host;
  if (/^(nc|ncat|netcat|telnet)$/.test(program)) {
    const plain = texts.slice(1).filter((text, i, all) => !text.startsWith('-') && !/^-[a-z]*w$/.test(all[i - 1] ?? ''));
    return plain.length >= 2 || /:\d+$/.test(plain[0] ?? '') ? remote(plain[0]) : undefined;
  }
  if (/^(redis|valkey|keydb)-cli$/.test(program)) {
    const host = texts[texts.indexOf('-h') + 1];
    const url = texts[texts.indexOf('-u') + 1];
    return texts.includes('-h') ? remote(host) : texts.includes('-u') ? remote(/\/\/(?:[^@]*@)?([^:/]+)/.exec(url)?.[1]) : undefined;
  }
  if (/^(wait-for-it|wait-for)(\.sh)?$/.test(program)) return remote(texts[1]?.replace(/:\d+$/, ''));
  if (/^python[\d.]*$/.test(program)) {
    const code = texts[texts.indexOf('-c') + 1] ?? '';
    return texts.includes('-c') && CONNECTS.test(code) ? 'its server' : undefined;
  }
  if (program === 'curl' || program === 'wget') {
    const url = texts.find((text) => /^https?:\/\//.test(text));
    return remote(url && /\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(url)?.[1]);
  }
  return undefined;
}

/** Imports, and perhaps a word printed: of Celery and of the standard library they always work; what the application has to import may not. */
const ONLY_IMPORTS = /^\s*import (celery|sys|os)(\s*,\s*(celery|sys|os))*\s*(;\s*print\([^();]*\)\s*)?(;\s*sys\.exit\(0\)\s*)?;?\s*$/;

/** `app.control.ping(timeout=5)` as the last statement: without any answer it returns an empty list, and raises nothing. */
const PING_UNREAD = /(?:^|[;\n])\s*[\w.]{1,100}\.(?:control|[iI]nspect\([^()]{0,100}\))\.ping\([^()]{0,100}\)\s*;?\s*$/;

/** What code may import without importing an application of Celery. */
const NO_APPLICATION = /^(celery|kombu|os|socket|sys|time)(\.|$)/;

/** Whether the code of `python -c` asks through the app that Celery makes where no application is imported: `from celery import current_app`. */
export function asksDefaultApp(code: string): boolean {
  const imported = [...code.matchAll(/\bfrom\s+([\w.]+)\s+import\b|(?:^|[;\n])\s*import\s+([\w., ]+)/g)].flatMap(([, from, names = '']) => from ?? names.split(/\s*,\s*/));
  return imported.length > 0 && imported.every((name) => NO_APPLICATION.test(name.trim()))
    && /\bcurrent_app\b|\bCelery\(\s*\)/.test(code) && /\.(connection\w*|broker_connection|control|send_task)\b/.test(code);
}

/** Signal 0 to the first process of the container: the probe runs in the container, so it is there. */
const SIGNAL_ZERO_TO_ONE = /^\s*(import os\s*;\s*os\.kill\(1,\s*0\)\s*;?|(\/bin\/|\/usr\/bin\/)?kill\s+-(0|s\s+0)\s+1(\s+[0-9&]*>\s*[^\s|;&]+)*(\s+2>&1)?)\s*$/;

/** Why the command of a probe always succeeds; undefined where it may fail. */
export function cannotFail(probe: Probe): string | undefined {
  const { raw } = probe;
  if (raw.length === 0) return undefined;
  const code = /(^|\/)python[\d.]*$/.test(raw[0]) ? raw[raw.indexOf('-c') + 1] : undefined;
  if (code !== undefined && isOneText(code)) return 'its code is one quoted string, which does nothing';
  if (code !== undefined && ONLY_IMPORTS.test(code)) return 'its code only imports, and asks nothing';
  if (code !== undefined && PING_UNREAD.test(code) && !asksDefaultApp(code)) return 'nothing reads what ping() returns, which without an answer is an empty list';
  const script = /(^|\/)(sh|bash|ash|dash)$/.test(raw[0]) ? raw[raw.findIndex((word) => /^-[a-z]*c$/.test(word)) + 1] : raw.join(' ');
  const text = (script ?? '').trim();
  if (/(^|[\s|;&/])(true|:|exit\s+0)\s*;?$/.test(text) && !/\bif\b|\bwhile\b|&&\s*(exit\s+0|true)\s*;?$/.test(text)) return 'its last command always succeeds';
  // In a shared namespace the first process is of another user.
  const forms = code === undefined ? [SIGNAL_ZERO_TO_ONE, FIRST_PROCESS, LOOKS_IN_PROC] : [SIGNAL_ZERO_TO_ONE, HAS_PROC];
  const asksFirst = forms.some((form) => form.test(code ?? text));
  if (asksFirst && probe.container.workload.spec.shareProcessNamespace !== true) return 'the first process of the container is there as long as the container is';
  if (/^(\/bin\/)?echo\b[^|;&]*$/.test(text)) return 'echo always succeeds';
  if (/^(\/bin\/)?(rm\s+-\w*f\w*|touch)\s+\/(tmp|dev\/shm)\/[^|;&\s]+$/.test(text)) return 'a file in a folder for everybody can always be made and removed';
  if (ALWAYS_THERE.test(text)) return 'it is true of every container';
  const [, slept] = /^(?:\/bin\/)?sleep\s+(\d+(?:\.\d+)?)s?$/.exec(text) ?? [];
  if (slept !== undefined && Number(slept) < probe.timeout) return 'sleep always succeeds';
  const grep = /\bps\b[^|;&]*\|\s*[ef]?grep\b([^|;&]*)$/.exec(text);
  // `grep [c]elery` does not find itself.
  if (grep && !/\[.\]|-v/.test(grep[1])) return 'grep finds itself in the output of ps';
  return undefined;
}

/** Folders of every image, and what a container can always tell of itself. */
const ALWAYS_THERE = /^(?:\/(?:usr\/)?bin\/)?(?:(?:ls|stat|test)(?:\s+-[a-zA-Z]+)*\s+\/(?:tmp|bin|etc|usr|var|dev|proc)?\/?|cat\s+\/etc\/(?:hosts|hostname|passwd|resolv\.conf)|ls|pwd|date|id|whoami|hostname|uname(?:\s+-\w+)?)$/;

/** `ps -o args= 1 | grep -q celery` sees neither itself nor anything else. */
const FIRST_PROCESS = /\bps\b[^|;&]*\s(?:-p\s?)?1\s*\|\s*[ef]?grep\b[^|;&]*$/;

/** A file of the first process: `test -e /proc/1/status`, `grep -q celery /proc/1/cmdline`. */
const LOOKS_IN_PROC = /^\s*(?:test\s+-[defr]\s+\/proc\/1(?:\/\w+)?|\[\s+-[defr]\s+\/proc\/1(?:\/\w+)?\s+\]|(?:cat|ls)\s+\/proc\/1(?:\/\w+)?|[ef]?grep\s+(?:-[aciqsE]+\s+)*["']?celery["']?\s+\/proc\/1\/(?:cmdline|comm))(?:\s*[0-9&]*>\s*[^\s|;&]+)*(?:\s+2>&1)?(?:\s*\|\|\s*exit\s+1)?\s*;?\s*$/;

/** The same in Python. */
const HAS_PROC = /^\s*(?:import (?:os|sys)(?:\s*,\s*(?:os|sys))*\s*;?\s*)+(?:assert\s+|(?:sys\.)?exit\((?:0\s+if\s+|not\s+))os\.path\.(?:exists|isdir|isfile)\(["']\/proc\/1(?:\/\w+)?["']\)(?:\s+else\s+1)?\)?\s*;?\s*$/;

/** A pattern that matches its own text: `celery.*worker`, not `[c]elery` or `^celery`. */
const MATCHES_ITSELF = /^(?:[\w ,/:@%-]|\.\*?)+$/;

/**
 * Whether the shell of a probe has the pattern of its `pgrep -f` in its own command line, so that it is found itself: `always`, or `perhaps` where
 * `sh` may be a shell that gives its place to the only command.
 */
export function findsItself({ raw, container: { image } }: Probe): 'always' | 'perhaps' | undefined {
  const shell = baseName(raw[0] ?? '');
  const script = /^(sh|bash|ash|dash)$/.test(shell) ? raw[raw.findIndex((word) => /^-[a-z]*c$/.test(word)) + 1] : undefined;
  const found = /^\s*(?:\/usr\/bin\/|\/bin\/)?pgrep\s+((?:-[acflno]+\s+)+)("[^"]*"|'[^']*'|[^\s'"|;&<>$]+)((?:\s*[12&]?>+\s*&?[\w/]+)*)(\s*\|\|\s*(?:exit\s+[1-9]\d*|false))?\s*;?\s*$/.exec(script ?? '');
  if (!found || !found[1].includes('f') || !MATCHES_ITSELF.test(found[2].replace(/^(["'])(.*)\1$/s, '$2'))) return undefined;
  if (found[4] !== undefined) return 'always';
  const kind = shell === 'sh' ? plainShell(image) : shell === 'ash' ? 'busybox' : shell;
  return kind === 'dash' ? 'always' : kind === 'unknown' ? 'perhaps' : undefined;
}

/** Programs of the official images of servers: the one that they do not have is another's. */
const PROGRAMS: ReadonlyArray<{ readonly image: RegExp; readonly others: RegExp }> = [
  { image: /^(redis|valkey)$/, others: /^rabbitmq(ctl|-[a-z]+)?$|^celery$/ },
  { image: /^rabbitmq$/, others: /^(redis|valkey)-cli$|^celery$/ },
];

/** How a script finds out what it has, or gets what it lacks. */
const LOOKS_FOR_PROGRAMS = /\b(command -v|which|type|hash|apt|apt-get|apk|dnf|yum|microdnf|PATH=)|\s-[efx]\s+["']?\/[\w/.-]*bin\//;

/** Where the official images look for programs. */
const PATH_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A volume may bring a program: its folder, or the file itself. */
function bringsProgram({ mountPath }: Mount, program: string): boolean {
  const places = program.includes('/') ? [program] : PATH_FOLDERS.map((folder) => `${folder}/${program}`);
  return places.some((place) => place === mountPath || place.startsWith(`${mountPath}/`));
}

/** The script itself makes a program of that name: as a function, or with pip, which has a `wait-for-it`. */
function makesProgram(text: string, program: string): boolean {
  return new RegExp(`(^|[\\s;&|])${program}\\s*\\(\\)`).test(text) || (program === 'wait-for-it' && /\b(pip3?|uv)\s(.*\s)?install\b/.test(text));
}

/** A program as it is written, and where. */
interface Started {
  readonly name: string;
  readonly path: Path;
}

/** The shells that a container starts, each at its word: `bash -c`, `env bash start.sh`; or at that of a script of a ConfigMap for it. */
function shellsOf({ image, ownsEntrypoint, words }: Container, invocations: readonly Invocation[]): Started[] {
  if (!ownsEntrypoint && !startsArguments(image)) return [];
  return invocations.flatMap(({ links }) => {
    const shells = links.filter((link) => link.kind === 'shell');
    // What a script itself starts it may have looked for.
    return shells.slice(0, (shells.findIndex(({ inline }) => !inline) + 1) || shells.length).map(({ name, path }) => {
      const word = words.find(({ text }) => baseName(text) === name);
      return word ? { name: word.text, path: word.path } : { name, path };
    });
  });
}

interface MissingProgram {
  readonly program: string;
  readonly path: Path;
}

/** The programs of command lines that the image of their container, of known content, does not have, each once. */
export function missingPrograms(container: Container, invocations: readonly Invocation[], text: string): MissingProgram[] {
  const { image, env, mounts } = container;
  if (env.lookup('PATH').state !== 'unset' || LOOKS_FOR_PROGRAMS.test(text)) return [];
  const isOfFile = ({ links }: Invocation): boolean => links.some((link) => link.kind === 'shell' && !link.inline);
  const started = invocations.filter((one) => !isOfFile(one)).flatMap(({ words: [word] }) => word ?? [])
    .filter(({ unknown }) => !unknown).map((word) => ({ name: word.text, path: word.path }));
  const found = new Map<string, Path>();
  for (const { name, path } of [...shellsOf(container, invocations), ...started]) {
    const program = baseName(name);
    if (!lacksProgram(image, program)) continue;
    // Something else may stand in for it, and a volume may bring it.
    const instead = new RegExp(`\\b${program}\\b[^;&|\\n]*\\|\\|(?!\\s*(exit|false|return|sleep|echo)\\b)`);
    if (!mounts.some((mount) => bringsProgram(mount, name)) && !makesProgram(text, program) && !instead.test(text)) found.set(program, path);
  }
  return [...found].map(([program, path]) => ({ program, path }));
}

/** How a health check of Docker and Docker Compose begins, which is no program. */
const DOCKER_WORDS = new Set(['CMD', 'CMD-SHELL', 'NONE']);

/** Why the command of a probe never succeeds; undefined where it may. */
export function cannotPass(probe: Probe): string | undefined {
  const { raw, container: { image } } = probe;
  if (DOCKER_WORDS.has(raw[0] ?? '')) return `${raw[0]} is a word of Docker's HEALTHCHECK, and no program`;
  if (/(^|\/)(sh|bash|ash|dash)$/.test(raw[0] ?? '') && raw.length === 2 && /^-[a-z]*c$/.test(raw[1])) return 'the shell is given no script';
  if (raw.length === 1 && /\S\s+\S/.test(raw[0])) return 'the whole command is one word, the name of a program that there is not';
  if (lacksProgram(image, baseName(raw[0] ?? ''))) return `the image of ${image.name} has no ${baseName(raw[0])}`;
  const others = image.official ? PROGRAMS.find((one) => one.image.test(image.name))?.others : undefined;
  const programs = probe.invocations.map(({ words }) => baseName(words[0]?.text ?? ''));
  const missing = programs.length === 1 && others?.test(programs[0]) ? programs[0] : missingPrograms(probe.container, probe.invocations, raw.join(' '))[0]?.program;
  return missing === undefined ? undefined : `the image of ${image.name} has no ${missing}`;
}
