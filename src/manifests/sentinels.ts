import { isBitnami } from '../celery/image';
import { SENTINEL_PORT } from '../celery/ports';
import { lazy } from '../memo';
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
  readonly quorum: number;
  readonly at: Place;
}

/** The Sentinels of a workload. */
export interface Sentinel {
  readonly container: Container;
  /** What its configuration watches, as far as ConfigMaps, scripts and variables tell; none where that is out of sight. */
  readonly watched: readonly Watched[];
  readonly port: number;
}

/** By its command, or by the image or the name of the container. */
export function runsSentinel({ name, image, words }: Container): boolean {
  return /sentinel/.test([name, image.name, ...words.slice(0, 2).map(({ text }) => text)].join(' '));
}

const MONITOR = /\bsentinel[ \t]+monitor[ \t]+([^\s"']+)[ \t]+[^\s"']+[ \t]+[^\s"']+[ \t]+([^\s"'\\]+)/g;
const PORT = /^[ \t]*port[ \t]+(\d+)/m;

export const sentinels: (world: World) => readonly Sentinel[] = lazy((world: World) => world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers }) => containers.filter(runsSentinel).map(read)));

function read(container: Container): Sentinel {
  const texts = textsOf(container);
  const found = texts.flatMap(({ text, at }) => [...text.matchAll(MONITOR)].map(([, name, quorum]) => ({ name, quorum: Number(quorum), at })));
  // A template or a variable names it, or another file.
  const open = found.some(({ name }) => /[${}<>%]/.test(name)) || texts.some(({ text }) => /^[ \t]*include[ \t]/m.test(text));
  const set = isBitnami(container.image) && found.length === 0 ? container.env.lookup('REDIS_MASTER_SET') : undefined;
  const quorum = Number(container.env.value('REDIS_SENTINEL_QUORUM') ?? '2');
  const watched = set?.state === 'known' ? [{ name: set.value, quorum, at: container.place(set.variable.path) }] : open ? [] : found;
  return { container, watched, port: Number(texts.map(({ text }) => PORT.exec(text)?.[1]).find((port) => port !== undefined) ?? SENTINEL_PORT) };
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
