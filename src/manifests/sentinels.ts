import { isBitnami } from '../celery/image';
import { SENTINEL_PORT } from '../celery/ports';
import { lazy } from '../memo';
import { isAddress } from './cidr';
import { baseName, Word } from './command/command';
import { grouped } from './grouped';
import { asList, get } from './json';
import { Place } from './place';
import { Container } from './pod/container';
import { configMapData } from './pod/sources';
import { Workload } from './pod/workload';
import { mostReplicas } from './scalers';
import { targetOf } from './service-ports';
import type { World } from './world';

/** A Redis that Sentinel watches. */
export interface Watched {
  readonly name: string;
  readonly host: string;
  readonly quorum: number;
  readonly at: Place;
}

/** The Sentinels of a workload. */
export interface Sentinel {
  readonly container: Container;
  /** What its configuration watches, as far as ConfigMaps, scripts and variables tell; none where that is out of sight. */
  readonly watched: readonly Watched[];
  readonly port: number;
  /** The configuration file that its command names; Sentinel writes what it learns into it. */
  readonly file?: Word;
  /** Whether it asks the DNS for hosts, as far as it is in sight that it does not. */
  readonly resolves: boolean;
}

/** By its command, or by the image or the name of the container. */
export function runsSentinel({ name, image, words }: Container): boolean {
  return /sentinel/.test([name, image.name, ...words.slice(0, 2).map(({ text }) => text)].join(' '));
}

const MONITOR = /\bsentinel[ \t]+monitor[ \t]+([^\s"']+)[ \t]+([^\s"']+)[ \t]+[^\s"']+[ \t]+([^\s"'\\]+)/g;
const PORT = /^[ \t]*port[ \t]+(\d+)/m;

export const sentinels: (world: World) => readonly Sentinel[] = lazy((world: World) => world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers }) => containers.filter(runsSentinel).map(read)));

function read(container: Container): Sentinel {
  const texts = textsOf(container);
  const found = texts.flatMap(({ text, at }) => [...text.matchAll(MONITOR)]
    .map(([, name, host, quorum]) => ({ name, host, quorum: Number(quorum), at })));
  // A template or a variable names it, or another file.
  const open = found.some(({ name }) => /[${}<>%]/.test(name)) || texts.some(({ text }) => /^[ \t]*include[ \t]/m.test(text));
  const set = isBitnami(container.image) && found.length === 0 ? container.env.lookup('REDIS_MASTER_SET') : undefined;
  const quorum = Number(container.env.value('REDIS_SENTINEL_QUORUM') ?? '2');
  const watched = set?.state === 'known' ? [{ name: set.value, host: container.env.value('REDIS_MASTER_HOST') ?? '$', quorum, at: container.place(set.variable.path) }] : open ? [] : found;
  const port = Number(texts.map(({ text }) => PORT.exec(text)?.[1]).find((given) => given !== undefined) ?? SENTINEL_PORT);
  const resolves = isChanged(container) || texts.some(({ text }) => RESOLVES.test(text));
  return { container, watched, port, file: fileOf(container), resolves };
}

const RESOLVES = /\bresolve-hostnames[ \t]+yes\b/;

const EDITS = /\b(sed|awk|perl|python\d?|envsubst|tee|getent|dig|nslookup)\b|>|resolve-hostnames/;

/** A script may write a line or an address into the configuration. */
function isChanged({ workload, words }: Container): boolean {
  return [...workload.initContainers.flatMap((one) => one.words), ...words].some(({ text }) => EDITS.test(text));
}

function fileOf({ invocations }: Container): Word | undefined {
  for (const { words: [program, file, ...options] } of invocations) {
    const name = baseName(program?.text ?? '');
    const starts = /^(redis|valkey)-sentinel$/.test(name) || (/^(redis|valkey)-server$/.test(name) && options.some(({ text }) => text === '--sentinel'));
    if (starts && file && !file.unknown && file.text.startsWith('/')) return file;
  }
  return undefined;
}

/** The hosts that it is given and does not look up; Redis before 6.2 does, and a variable or a template may be an address. */
export function unresolvedHosts({ watched, resolves, container: { image } }: Sentinel): readonly Watched[] {
  if (resolves || isBitnami(image) || !/^(redis|valkey)$/.test(image.name) || /^v?([1-5]|6\.[01])(\.|-|$)/.test(image.tag ?? '')) return [];
  return watched.filter(({ host }) => /^[a-z][a-z0-9.-]*$/i.test(host) && !isAddress(host));
}

/** The configuration that is in sight: often an init container copies it from a ConfigMap, or a script writes it. */
function textsOf(container: Container): Array<{ readonly text: string; readonly at: Place }> {
  const { allContainers, volumes } = container.workload;
  const files = [...volumes.values()].flatMap((volume) => container.configMaps(volume)).flatMap((resource) =>
    [...configMapData(resource)].map(([name, text]) => ({ text, at: { resource, path: ['data', name] } })));
  const words = allContainers.flatMap((one) => one.words.map(({ text, path }) => ({ text, at: one.place(path) })));
  return [...files.filter(({ text }) => text.includes('sentinel')), ...words.filter(({ text }) => text.includes('sentinel'))];
}

/** The Sentinels that a host leads to. */
export function sentinelsFor(host: string, namespace: string, world: World): readonly Sentinel[] {
  const service = world.service(host, namespace);
  return service ? world.backing(service).flatMap((workload) => byWorkload(world).get(workload) ?? []) : [];
}

const byWorkload = lazy((world: World) => grouped(sentinels(world).map((sentinel) => [sentinel.container.workload, sentinel])));

/** The port of the pods to which one of a Service leads; without one, or without an address of its own, it is the same. */
export function portOfPods(host: string, port: number, pod: Workload, namespace: string, world: World): number {
  const spec = get(world.service(host, namespace)?.json, 'spec');
  const entry = get(spec, 'clusterIP') === 'None' ? undefined : asList(get(spec, 'ports')).find((one) => get(one, 'port') === port);
  return entry === undefined ? port : targetOf(entry, pod) ?? port;
}

/** How many there are that watch a Redis of that name. */
export function votesFor(name: string, namespace: string, world: World): number {
  return sentinels(world)
    .filter(({ container: { workload }, watched }) => workload.resource.namespace === namespace && watched.some((one) => one.name === name))
    .reduce((sum, { container: { workload } }) => sum + (workload.replicas === undefined ? Infinity : mostReplicas(workload, world)), 0);
}
