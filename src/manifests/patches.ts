import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asText, get, isMap, JsonObject } from './json';
import { kustomizations } from './kustomizations';
import { Resource } from './resource';
import type { World } from './world';

/** Whether an object is what kustomize lays over another, or completes: it has only what it changes there. */
export type Patch = 'yes' | 'maybe' | 'no';

const SELECTED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

const isGiven = (json: unknown, ...path: readonly string[]): boolean => (get(json, ...path) ?? undefined) !== undefined;

const templateOf = ({ kind, json }: Resource): unknown => get(json, 'spec', ...kind === 'CronJob' ? ['jobTemplate', 'spec'] : [], 'template');

/** What nobody leaves out by mistake: selector and image, ports and pods, size and modes. */
export function isPatch(resource: Resource): boolean {
  const { kind, json } = resource;
  if (json.$patch !== undefined) return true;
  const lacks = (...names: readonly string[]): boolean => names.every((name) => !isGiven(json, 'spec', name));
  const containers = asList(get(templateOf(resource), 'spec', 'containers')).filter(isMap);
  const withoutImage = containers.some((container) => (asText(container.image) ?? '') === '');
  switch (kind) {
    case 'Deployment': case 'StatefulSet': case 'DaemonSet': case 'ReplicaSet': return lacks('selector') && (withoutImage || containers.length === 0);
    case 'CronJob': return lacks('jobTemplate') || (lacks('schedule') && !isGiven(templateOf(resource), 'spec', 'restartPolicy'));
    case 'Job': return lacks('template') || (withoutImage && !isGiven(templateOf(resource), 'spec', 'restartPolicy'));
    case 'Service': return lacks('ports', 'selector', 'externalName', 'clusterIP');
    case 'HorizontalPodAutoscaler': case 'ScaledObject': return lacks('scaleTargetRef');
    case 'PersistentVolumeClaim': return lacks('accessModes', 'resources');
    default: return false;
  }
}

const BY_PATCHES = ['patches', 'patchesStrategicMerge', 'patchesJson6902', 'components'];

const byName = lazy((world: World) => grouped(world.resources.map((resource) => [`${resource.kind} ${resource.namespace} ${resource.name}`, resource])));

/** Something in the input lays patches over objects. */
const patching = lazy((world: World): readonly Resource[] => [
  ...kustomizations(world).filter((one) => BY_PATCHES.some((name) => asList(one.json[name]).length > 0)),
  ...world.kind('Component').filter(({ apiVersion }) => apiVersion.startsWith('kustomize.config.k8s.io/')),
]);

/** Something in the input gives labels to pods, and to selectors that are not there. */
const labelling = lazy((world: World): readonly Resource[] => kustomizations(world).filter(({ json }) =>
  Object.keys(asMap(json.commonLabels)).length > 0 || asList(json.labels).some((entry) => get(entry, 'includeSelectors') === true)));

const isNear = (other: Resource, namespace: string): boolean => other.namespace === '' || namespace === '' || other.namespace === namespace;

/** The pods of a workload without labels and a selector get both from the base. */
const leavesLabels = (resource: Resource): boolean => SELECTED.has(resource.kind) && Object.keys(asMap(get(resource.json, 'spec', 'selector'))).length === 0
  && !isGiven(templateOf(resource), 'metadata', 'labels');

/** A workload with selector, labels and images leaves nothing to a base. */
function isWhole(resource: Resource): boolean {
  const containers = asList(get(templateOf(resource), 'spec', 'containers'));
  return SELECTED.has(resource.kind) && isGiven(resource.json, 'spec', 'selector') && isGiven(templateOf(resource), 'metadata', 'labels')
    && containers.length > 0 && containers.every((container) => (asText(get(container, 'image')) ?? '') !== '');
}

export function patchOf(resource: Resource, world: World): Patch {
  if (isPatch(resource)) return 'yes';
  if (isWhole(resource)) return 'no';
  const { kind, name, namespace } = resource;
  if (leavesLabels(resource) && labelling(world).some((one) => isNear(one, namespace))) return 'yes';
  const others = [...new Set([namespace, ''])].flatMap((own) => byName(world).get(`${kind} ${own} ${name}`) ?? []).filter((other) => other !== resource);
  const near = patching(world).some((one) => isNear(one, namespace));
  if (near && others.some((other) => isPart(resource.json, other.json))) return 'yes';
  return near || others.length > 0 || leavesLabels(resource) ? 'maybe' : 'no';
}

/** A patch is smaller than what it is for, and has fields of the same names. */
function isPart({ spec }: JsonObject, { spec: whole }: JsonObject): boolean {
  return isMap(spec) && isMap(whole) && Object.keys(spec).every((name) => Object.hasOwn(whole, name))
    && JSON.stringify(spec).length < JSON.stringify(whole).length;
}
