import { remembered } from '../memo';

/** An image reference in its parts. */
export interface Image {
  readonly text: string;
  /** Without registry: `python`, `bitnami/redis`. Official images have no folder. */
  readonly repository: string;
  /** The last part of the repository. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: string;
  /** From Docker's library, whose content is documented: `python`, `redis`, `rabbitmq`. */
  readonly official: boolean;
}

export const parseImage: (text: string) => Image = remembered((text: string): Image => {
  const [rest, digest] = text.split('@', 2);
  const slash = rest.lastIndexOf('/');
  const colon = rest.indexOf(':', slash + 1);
  const path = (colon < 0 ? rest : rest.slice(0, colon)).split('/');
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const hub = path.length === 1 || !/[.:]|^localhost$/.test(path[0]) || path[0] === 'docker.io' || path[0] === 'index.docker.io';
  const parts = path.length > 1 && /[.:]|^localhost$/.test(path[0]) ? path.slice(1) : path;
  // Mirrors of the official images keep `library` or `docker/library` in the path.
  const library = parts.at(-2) === 'library';
  return {
    text, tag, digest,
    repository: library ? parts.at(-1)! : parts.join('/'),
    name: parts.at(-1) ?? '',
    official: library || (hub && parts.length === 1),
  };
});

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REGISTRY = '(?:localhost|[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:)|\\[[0-9a-fA-F:]+\\])(?::\\d{1,5})?';
const REPOSITORY = new RegExp(`^(?:${REGISTRY}/)?${COMPONENT}(?:/${COMPONENT})*$`);
/** The longest repository that registries and runtimes take. */
const MAX_REPOSITORY = 255;

/**
 * Why a container runtime refuses a reference, and what to give instead; undefined when it takes it.
 *
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
export function imageProblem(text: string): { wrong: string; fix: string } | undefined {
  const at = text.indexOf('@');
  if (at >= 0 && !/^sha256:[0-9a-f]{64}$/.test(text.slice(at + 1))) {
    return { wrong: 'has a digest that is not sha256: and 64 hexadecimal digits', fix: 'copy it from the registry, e.g. with docker buildx imagetools inspect' };
  }
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const valid = repository.length <= MAX_REPOSITORY && REPOSITORY.test(repository) && (colon < 0 || /^\w[\w.-]{0,127}$/.test(rest.slice(colon + 1)));
  return valid ? undefined : { wrong: 'is not an image reference', fix: 'give e.g. registry.example.com/team/app:1.4.2' };
}

/** A full version (`7.2.5-alpine`), a commit or a number of a build, at the begin, the end or between separators. */
const BUILD = /(?:^|[^0-9a-z.])v?\d+\.\d+\.\d|(?:^|[._-])(?=[a-f]{0,63}\d)[0-9a-f]{7,64}(?:$|[._-])/i;

/** Whether a reference always means the same image: by its digest, or by a tag that nobody moves. */
export function isFixed({ tag, digest }: Image): boolean {
  return digest !== undefined || (tag !== undefined && BUILD.test(tag));
}

const BASES = new Set(['python', 'pypy', 'node', 'debian', 'ubuntu', 'alpine', 'buildpack-deps', 'fedora', 'rockylinux', 'almalinux', 'amazonlinux', 'openjdk', 'golang', 'ruby', 'php']);

/** An image of Docker's library without an application: that two containers run it says nothing about them. */
export function isBase({ official, name }: Image): boolean {
  return official && BASES.has(name);
}

/** Whether a reference names no version: without a tag, or with `latest`. */
export function isLatest({ tag = 'latest', digest }: Image): boolean {
  return digest === undefined && tag === 'latest';
}

/** The images of Bitnami have folders, users and variables of their own. */
export function isBitnami({ repository }: Image): boolean {
  return /^bitnami(legacy)?\//.test(repository);
}

/** `3.11` of `python:3.11-slim`; undefined when the tag does not say. */
export function pythonVersion(image: Image): string | undefined {
  return isPython(image) ? taggedPython(image) : undefined;
}

/** The same of any repository called `python`, whoever made it. */
export function taggedPython({ name, tag = '' }: Image): string | undefined {
  return name === 'python' ? /^(\d+\.\d+)(?:[.-]|$|rc|a|b)/.exec(tag)?.[1] : undefined;
}

/** The official Python image: Debian or Alpine, root, working directory `/`, no application. */
export function isPython(image: Image): boolean {
  return image.official && image.name === 'python';
}

/** `apache/airflow`, and what is built from it under a name that says so. */
export function isAirflow(image: Image): boolean {
  return /(^|[-_])airflow([-_]|$)/.test(image.name);
}

/** What the entrypoint of an image puts before arguments that begin with one of its subcommands. */
const ENTRYPOINTS: ReadonlyArray<{ of: (image: Image) => boolean; program: string; subcommands: readonly string[] }> = [
  { of: isAirflow, program: 'airflow', subcommands: ['celery', 'worker', 'flower'] },
  { of: ({ name }) => name === 'sentry', program: 'sentry', subcommands: ['run'] },
];

export function entrypointProgram(image: Image, first: string | undefined): string | undefined {
  return ENTRYPOINTS.find(({ of, subcommands }) => of(image) && subcommands.includes(first ?? ''))?.program;
}

/** The image of the project of Flower. */
export function isFlower({ repository }: Image): boolean {
  return repository === 'mher/flower';
}

/**
 * Whether an image declares a volume at a path, and can write there. containerd and Docker make it, and CRI-O does not by default.
 *
 * @see https://github.com/redis/docker-library-redis and https://github.com/mher/flower/blob/master/Dockerfile
 */
export function declaresVolume(image: Image, path: string): boolean {
  return ((image.official && /^(redis|valkey)$/.test(image.name)) || image.repository === 'valkey/valkey' || isFlower(image)) && /^\/data(\/|$)/.test(path);
}

/** What makes a folder writable in spite of a read-only root file system. */
export const DECLARED_VOLUME = 'the container runtime makes the volume that the image declares at /data, as containerd does and CRI-O does not';

export type Shell = 'dash' | 'bash' | 'busybox' | 'unknown';

/** Which shell `sh` is. */
export function plainShell(image: Image): Shell {
  if (/alpine/.test(image.tag ?? '') || isFlower(image) || (image.official && ['alpine', 'busybox'].includes(image.name))) return 'busybox';
  if (/^(ubi\d*|fedora|centos|rockylinux|almalinux|amazonlinux)/.test(image.name)) return 'bash';
  const debian = image.official && ['python', 'debian', 'ubuntu', 'redis', 'rabbitmq', 'valkey', 'node'].includes(image.name);
  const known = ['apache/airflow', 'apache/superset', 'valkey/valkey'].includes(image.repository);
  return debian || known || /(^|-)(bookworm|bullseye|buster|trixie|slim)(-|$)/.test(image.tag ?? '') ? 'dash' : 'unknown';
}
