import { quantity } from '../celery/quantity';
import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asText, get, JsonObject } from './json';
import { Volume } from './pod/volumes';
import { Workload } from './pod/workload';
import type { World } from './world';

/** A claim that a StatefulSet makes for each of its pods. */
export interface Template {
  readonly workload: Workload;
  readonly volume: Volume;
}

/** By the namespace and what the claims are called but for the number of the pod: `data-redis` of `data-redis-0`. */
const templates = lazy((world: World) => grouped(world.workloads.filter(({ resource }) => resource.kind === 'StatefulSet').flatMap((workload) =>
  [...workload.volumes.values()].filter(({ kind, claim }) => kind === 'claim' && claim === undefined)
    .map((volume): [string, Template] => [`${workload.resource.namespace} ${volume.name}-${workload.resource.name}`, { workload, volume }]))));

/** What a StatefulSet makes a claim of that name from. */
export function templateOf(name: string, namespace: string, world: World): Template | undefined {
  return templates(world).get(`${namespace} ${name.replace(/-\d+$/, '')}`)?.[0];
}

/** The claim of that name, as it is in the input or in the template of a StatefulSet. */
export function claimNamed(name: string, namespace: string, world: World): JsonObject | undefined {
  return world.find('PersistentVolumeClaim', namespace, name)?.json ?? templateOf(name, namespace, world)?.volume.source;
}

/** Provisioners of k3s, minikube, Docker Desktop and OpenEBS that make a folder of one node: pods with such a volume run on that node. */
const OF_ONE_NODE = /^(rancher\.io\/local-path|k8s\.io\/minikube-hostpath|docker\.io\/hostpath|openebs\.io\/local)$/;

/** Whether a claim gets a folder of a node by its class: one of the input, or by the name that k3s gives its own. */
function hasLocalClass(claim: JsonObject | undefined, world: World): boolean {
  const name = asText(get(claim, 'spec', 'storageClassName')) ?? '';
  const known = world.find('StorageClass', '', name);
  return known ? OF_ONE_NODE.test(asText(asMap(known.json).provisioner) ?? '') : name === 'local-path';
}

/** Provisioners of network file systems, and what classes of theirs are called: nothing attaches such a volume to a node. */
const OF_NETWORK = /^(nfs|efs|file|smb)\.csi\.|^kubernetes\.io\/azure-file$|nfs-subdir-external-provisioner|(^|\/)nfs(-|$)|^nasplugin\.csi\./;
const NETWORK_NAME = /(^|[-_.])(nfs|efs|azurefile|smb|cifs|nas)([-_.]|$)/;

/** Whether pods on any number of nodes may mount the volume of a claim, whatever its access mode says: by its class or the volume that it names. */
function isOnNetwork(claim: JsonObject | undefined, world: World): boolean {
  const name = asText(get(claim, 'spec', 'storageClassName')) ?? '';
  const known = world.find('StorageClass', '', name);
  return (known ? OF_NETWORK.test(asText(known.json.provisioner) ?? '') : NETWORK_NAME.test(name)) || get(boundVolume(claim, world), 'spec', 'nfs') !== undefined;
}

/** Whether nothing attaches the volume of a claim to a node: it is a folder of one, or a network file system. */
export function isNotAttached(claim: JsonObject | undefined, world: World): boolean {
  return hasLocalClass(claim, world) || isOnNetwork(claim, world);
}

/** The PersistentVolumes by their class, in the order of their names. */
const volumesByClass = lazy((world: World) => grouped([...world.kind('PersistentVolume')].sort((one, other) => one.name < other.name ? -1 : 1)
  .map(({ json }) => [asText(get(json, 'spec', 'storageClassName')) ?? '', json] as const)));

/** The PersistentVolume of the input that a claim names, or the smallest of its class and access modes that is large enough for it. */
export function boundVolume(claim: JsonObject | undefined, world: World): JsonObject | undefined {
  const name = asText(get(claim, 'spec', 'volumeName'));
  if (name !== undefined) return world.kind('PersistentVolume').find((volume) => volume.name === name)?.json;
  const storageClass = asText(get(claim, 'spec', 'storageClassName'));
  if (storageClass === undefined) return undefined;
  const size = (written: unknown): number => quantity(written) ?? 0;
  const wanted = size(get(claim, 'spec', 'resources', 'requests', 'storage'));
  const modes = (json: unknown): readonly unknown[] => asList(get(json, 'spec', 'accessModes'));
  return (volumesByClass(world).get(storageClass) ?? [])
    .filter((volume) => modes(claim).every((mode) => modes(volume).includes(mode)) && size(get(volume, 'spec', 'capacity', 'storage')) >= wanted)
    .sort((one, other) => size(get(one, 'spec', 'capacity', 'storage')) - size(get(other, 'spec', 'capacity', 'storage')))[0];
}
