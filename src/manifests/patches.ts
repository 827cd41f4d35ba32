import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asText, get, isMap, JsonObject } from './json';
import { components, isOf, kustomizations } from './kustomizations';
import { Resource } from './resource';
import type { World } from './world';

/** Whether an object is what kustomize lays over another, or completes: it has only what it changes there. */
export type Patch = 'yes' | 'maybe' | 'no';

/** What is refused, and whether it is for something that is not there. */
interface Missing {
  readonly lacks?: true;
  readonly what?: string;
  readonly unless?: string;
}

const SELECTED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

const isGiven = (json: unknown, ...path: readonly string[]): boolean => (get(json, ...path) ?? undefined) !== undefined;

const templateOf = ({ kind, json }: Resource): unknown => get(json, 'spec', ...kind === 'CronJob' ? ['jobTemplate', 'spec'] : [], 'template');

/** What nobody leaves out by mistake, all of it: selector and image, ports and pods, size and modes. */
export function isPartial(resource: Resource): boolean {
  const { kind, json } = resource;
  if (json.$patch !== undefined) return true;
  const lacks = (...names: readonly string[]): boolean => names.every((name) => !isGiven(json, 'spec', name));
  const containers = asList(get(templateOf(resource), 'spec', 'containers')).filter(isMap);
  const withoutImage = containers.some((container) => (asText(container.image) ?? '') === '');
  switch (kind) {
    case 'Deployment': case 'StatefulSet': case 'DaemonSet': case 'ReplicaSet': return lacks('selector') && (withoutImage || containers.length === 0);
    case 'Rollout': return lacks('selector', 'workloadRef') && (withoutImage || containers.length === 0);
    case 'CronJob': return lacks('jobTemplate') || (lacks('schedule') && !isGiven(templateOf(resource), 'spec', 'restartPolicy'));
    case 'Job': return lacks('template') || (withoutImage && !isGiven(templateOf(resource), 'spec', 'restartPolicy'));
    case 'Service': return lacks('ports', 'selector', 'externalName', 'clusterIP');
    case 'HorizontalPodAutoscaler': case 'ScaledObject': return lacks('scaleTargetRef');
    case 'NetworkPolicy': return lacks('podSelector');
    case 'PersistentVolumeClaim': return lacks('accessModes', 'resources');
    case 'PodDisruptionBudget': return lacks('selector');
    default: return false;
  }
}

const BY_PATCHES = ['patches', 'patchesStrategicMerge', 'patchesJson6902', 'components', 'transformers'];

const byName = lazy((world: World) => grouped(world.resources.map((resource) => [`${resource.kind} ${resource.namespace} ${resource.name}`, resource])));

/** Something in the input lays patches over objects: kustomizations and components, also of Flux and of Argo CD. */
export const patching = lazy((world: World): readonly Resource[] => [
  ...world.kind('Kustomization').filter(({ json }) => BY_PATCHES.some((name) => [json[name], get(json, 'spec', name)].some((list) => asList(list).length > 0))),
  ...components(world),
  ...world.kind('Application').filter(({ json }) => get(json, 'spec', 'source', 'kustomize', 'patches') !== undefined),
  ...world.kind('HelmRelease').filter(({ json }) => get(json, 'spec', 'postRenderers') !== undefined),
]);

/** Something in the input gives labels to pods, and to selectors that are not there. */
const labelling = lazy((world: World): readonly Resource[] => kustomizations(world).filter(({ json }) =>
  Object.keys(asMap(json.commonLabels)).length > 0 || asList(json.labels).some((entry) => get(entry, 'includeSelectors') === true)));

/** The pods of a workload without labels and a selector get both from the base. */
const leavesLabels = (resource: Resource): boolean => SELECTED.has(resource.kind) && Object.keys(asMap(get(resource.json, 'spec', 'selector'))).length === 0
  && !isGiven(templateOf(resource), 'metadata', 'labels');

/** A workload with selector, labels and images leaves nothing to a base. */
function isWhole(resource: Resource): boolean {
  const containers = asList(get(templateOf(resource), 'spec', 'containers'));
  return SELECTED.has(resource.kind) && isGiven(resource.json, 'spec', 'selector') && isGiven(templateOf(resource), 'metadata', 'labels')
    && containers.length > 0 && containers.every((container) => (asText(get(container, 'image')) ?? '') !== '');
}

/** The namespaces of workloads that are applied as they are. */
const ofWholes = lazy((world: World) => new Set(world.workloads.flatMap(({ resource }) => isWhole(resource) ? resource.namespace : [])));

/** Those of workloads that are not. */
const ofParts = lazy((world: World) => new Set(world.workloads.flatMap(({ resource }) => isPartial(resource) ? resource.namespace : [])));

/** Others of its kind and name, also in no namespace. */
const namesakes = (resource: Resource, world: World): readonly Resource[] => [...new Set([resource.namespace, ''])]
  .flatMap((own) => byName(world).get(`${resource.kind} ${own} ${resource.name}`) ?? []).filter((other) => other !== resource);

const isPatched = (namespace: string, world: World): boolean => patching(world).some((one) => isOf(one, namespace));

/** One without the object that it is for, and without anything that patches, is in a file of patches: that has nothing to apply as it is. */
export function isPatch(resource: Resource, world: World): boolean {
  const { json, namespace } = resource;
  return json.$patch !== undefined || (isPartial(resource)
    && (isPatched(namespace, world) || !ofWholes(world).has(namespace) || namesakes(resource, world).some((other) => !isPartial(other))));
}

export function patchOf(resource: Resource, world: World): Patch {
  if (isPatch(resource, world)) return 'yes';
  if (isWhole(resource)) return 'no';
  const { namespace, json } = resource;
  if (leavesLabels(resource) && labelling(world).some((one) => isOf(one, namespace))) return 'yes';
  const others = namesakes(resource, world);
  const near = isPatched(namespace, world);
  if (near && others.some((other) => isPart(json, other.json))) return 'yes';
  // Where no workload is whole, all of it may be patches, such as one of the selector of a Service.
  const amongPatches = !ofWholes(world).has(namespace) && ofParts(world).has(namespace);
  return near || others.length > 0 || leavesLabels(resource) || isPartial(resource) || amongPatches ? 'maybe' : 'no';
}

export const IT_IS_A_PATCH = 'it is a patch of kustomize';

/** What is missing may be in the object that a patch is for: nothing is said of a patch, and of what may be one only under that condition. */
export function inPatch<One extends Missing>(refusals: readonly One[], resource: Resource, world: World): readonly One[] {
  const isOfBase = ({ lacks, what }: One): boolean => lacks === true || what === 'missing';
  if (!refusals.some(isOfBase)) return refusals;
  const patch = patchOf(resource, world);
  if (patch === 'yes') return refusals.filter((refusal) => !isOfBase(refusal));
  return patch === 'no' ? refusals : refusals.map((refusal) => isOfBase(refusal) ? { unless: IT_IS_A_PATCH, ...refusal } : refusal);
}

/** A patch is smaller than what it is for, and has fields of the same names. */
function isPart({ spec }: JsonObject, { spec: whole }: JsonObject): boolean {
  return isMap(spec) && isMap(whole) && Object.keys(spec).every((name) => Object.hasOwn(whole, name))
    && JSON.stringify(spec).length < JSON.stringify(whole).length;
}
