import { parseRequirement } from '../celery/requirement';
import { pinned } from '../celery/versions';
import { lazy, remembered } from '../memo';
import { baseName, Word } from './command/command';
import { Path } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import type { World } from './world';

export interface Requirement {
  readonly text: string;
  readonly name: string;
  readonly extras: readonly string[];
  /** `==5.3.4`; empty for any version; undefined when only a run tells. */
  readonly range?: string;
  readonly path: Path;
}

/** One `pip install` in a container. */
export interface Install {
  readonly container: Container;
  readonly path: Path;
  readonly requirements: readonly Requirement[];
  /** From constraint files in sight. */
  readonly constraints: readonly Requirement[];
  /** Takes requirements from something out of sight: a file of the image, a repository. */
  readonly opaque: boolean;
  /** A constraints file, hashes, a day or `--no-deps`: somebody decided on every version. */
  readonly constrained: boolean;
  /** Takes packages from another index than PyPI, which need not have the newest. */
  readonly ownIndex: boolean;
  /** Installs to a place of its own: `--target`, or with the pip of a virtual environment. */
  readonly target?: string;
}

const VALUED = new Set([
  '-i', '--index-url', '--extra-index-url', '-f', '--find-links', '--trusted-host', '--proxy', '--timeout', '--retries', '--cert', '--prefix',
  '--root', '--src', '--progress-bar', '--only-binary', '--no-binary', '--platform', '--python-version', '--cache-dir', '--log', '--upgrade-strategy',
  '--python', '-p',
]);

/** All installs of a pod, init containers first: the order in which they run. */
export const installsOf: (workload: Workload) => readonly Install[] = lazy(readAll);

function readAll(workload: Workload): Install[] {
  return workload.allContainers.flatMap((container) => {
    const found = container.invocations.flatMap(({ words }) => read(container, words));
    // What an install finds it keeps.
    const decided = found.findIndex(({ constrained, opaque }) => constrained || opaque);
    return found.map((install, i) => decided >= 0 && i > decided ? { ...install, constrained: true } : install);
  });
}

/** Variables that are options of pip and uv. */
const CONSTRAINING = ['PIP_CONSTRAINT', 'PIP_REQUIRE_HASHES', 'PIP_UPLOADED_PRIOR_TO', 'UV_CONSTRAINT', 'UV_OVERRIDE', 'UV_EXCLUDE_NEWER', 'UV_REQUIRE_HASHES'];
const INDEXES = ['PIP_INDEX_URL', 'UV_INDEX_URL', 'UV_DEFAULT_INDEX', 'UV_INDEX'];

/** Every install of a pod that has to do with Celery. */
export const celeryInstalls: (world: World) => readonly Install[] = lazy((world: World) => world.workloads.flatMap((workload) => {
  const found = installsOf(workload);
  const celery = world.in(workload).length > 0 || found.some((install) => ['celery', 'flower', 'kombu'].some((name) => requirement(install, name)));
  return celery ? found : [];
}));

function read(container: Container, words: readonly Word[]): Install[] {
  let at = 0;
  const program = baseName(words[0]?.text ?? '');
  if (/^python[\d.]*$/.test(program) && words[1]?.text === '-m') at = 2;
  if (baseName(words[at]?.text ?? '') === 'uv' && words[at + 1]?.text === 'pip') at += 1;
  if (!/^pip[\d.]*$/.test(baseName(words[at]?.text ?? ''))) return [];
  const install = words.findIndex((word, i) => i > at && word.text === 'install');
  if (install < 0) return [];

  const requirements: Requirement[] = [];
  const constraints: Requirement[] = [];
  let opaque = false;
  const given = (names: readonly string[]): boolean => names.some((name) => container.env.lookup(name).state !== 'unset');
  let constrained = given(CONSTRAINING);
  let ownIndex = given(INDEXES);
  const venv = /^(.*)\/bin\/(?:pip|python)[\d.]*$/.exec(words[0].text)?.[1];
  let target = venv !== undefined && !/^\/usr(\/local)?$/.test(venv) ? venv : undefined;
  const fromFile = (path: string, into: Requirement[], place: Path) => {
    const content = container.file(path);
    if (content === undefined) return false;
    const file = requirementsFile(content);
    constrained ||= file.hashed;
    for (const line of file.requirements) {
      const parsed = readRequirement(line, place);
      if (parsed) into.push(parsed);
    }
    return true;
  };
  for (let i = install + 1; i < words.length; i += 1) {
    const { text, path, unknown } = words[i];
    const [option, attached] = /^--[a-z-]+=/.test(text) ? [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] : [text, undefined];
    const value = () => attached ?? words[i += 1]?.text ?? '';
    if (option === '-r' || option === '--requirement') opaque = !fromFile(value(), requirements, path) || opaque;
    else if (/^-r./.test(option)) opaque = !fromFile(option.slice(2), requirements, path) || opaque;
    else if (option === '-c' || option === '--constraint' || option === '--build-constraint') {
      constrained = true;
      fromFile(value(), constraints, path);
    } else if (option === '--require-hashes' || option === '--no-deps' || option === '--no-index') constrained = true;
    else if (option === '--exclude-newer' || option === '--uploaded-prior-to' || option === '--overrides') {
      constrained = true;
      value();
    } else if (option === '-i' || option === '--index-url' || option === '--default-index') {
      ownIndex = !/^https:\/\/pypi\.org\//.test(value());
    } else if (option === '-t' || option === '--target' || option === '--prefix') target = value();
    else if (option === '-e' || option === '--editable') {
      opaque = true;
      value();
    } else if (VALUED.has(option)) value();
    else if (!text.startsWith('-')) {
      const parsed = readRequirement(text, path);
      if (!parsed) opaque = true;
      else requirements.push(unknown ? { ...parsed, range: undefined } : parsed);
    }
  }
  return [{ container, path: words[install].path, requirements, constraints, opaque, constrained, ownIndex, target }];
}

/** The same lock is in many containers. */
const requirementsFile = remembered((content: string) => {
  const lines = content.replaceAll('\\\n', ' ').split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  return {
    hashed: lines.some((line) => /(^|\s)--hash=|^--require-hashes/.test(line)),
    requirements: lines.filter((line) => line !== '' && !line.startsWith('-')).map((line) => line.split(/\s--hash=/, 1)[0]),
  };
});

const parsedRequirement = remembered(parseRequirement);

/** Undefined where a direct reference or an archive is installed: what is in it is out of sight. */
function readRequirement(text: string, path: Path): Requirement | undefined {
  const parsed = parsedRequirement(text);
  if (!parsed || parsed.url !== undefined) return undefined;
  const { name, extras, range } = parsed;
  return { text, path, name, extras, range: /[$`]/.test(range) ? undefined : range };
}

export function requirement(install: Install, name: string): Requirement | undefined {
  return install.requirements.find((entry) => entry.name === name) ?? install.constraints.find((entry) => entry.name === name);
}

/** The version of a package that a pod installs, when it is pinned in sight. */
export function installedVersion(workload: Workload, name: string): string | undefined {
  for (const install of installsOf(workload)) {
    const range = requirement(install, name)?.range;
    const pin = range === undefined ? undefined : pinned(range);
    if (pin !== undefined) return pin;
  }
  return undefined;
}
