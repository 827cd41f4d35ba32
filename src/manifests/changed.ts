import { lazy, remembered } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asText, get, isMap, JsonObject, Path } from './json';
import { isMerged, isOf, kustomizations } from './kustomizations';
import { patching } from './patches';
import type { Place } from './place';
import { Resource } from './resource';
import type { World } from './world';

/** What changes some objects before they are applied. */
interface Change {
  /** What makes it, which is for the objects of its namespace. */
  readonly by: Resource;
  /** Undefined where the text itself names the object. */
  readonly target?: JsonObject;
  /** The patch; undefined for one that is in a file out of sight. */
  readonly text?: string;
  /** The field that is changed, where there is no patch. */
  readonly field?: readonly string[];
}

const KINDS_WITH_REPLICAS = '(Deployment|ReplicationController|ReplicaSet|StatefulSet)';

/** The patches, replicas and replacements of kustomizations and components, also of Flux and of Argo CD. */
const changes = lazy((world: World): readonly Change[] => [...new Set([...kustomizations(world), ...patching(world), ...world.kind('Application')])].flatMap((by) => [
  by.json, asMap(by.json.spec),
  ...[get(by.json, 'spec', 'source'), ...asList(get(by.json, 'spec', 'sources'))].map((source) => asMap(get(source, 'kustomize'))),
  ...asList(get(by.json, 'spec', 'postRenderers')).map((one) => asMap(get(one, 'kustomize'))),
].flatMap((one) => changesOf(one, by))).concat(transformers(world)));

/** What `transformers` of a kustomization name. */
const transformers = (world: World): Change[] => [
  ...world.kind('PatchTransformer').flatMap((by) => changesOf({ patches: [by.json] }, by)),
  ...world.kind('ReplicaCountTransformer').flatMap((by) => changesOf({ replicas: [asMap(by.json.replica)] }, by)),
];

const documentsIn = (text: string): readonly string[] => text.split(/^---.*$/m).filter((one) => one.trim() !== '');

/** Not a patch itself. */
const isFile = (text: string): boolean => !/[\n:{]/.test(text);

function changesOf(json: JsonObject, by: Resource): Change[] {
  const read = new Set(asList(json.patches).filter((entry) => get(entry, 'patch') !== undefined).map((entry) => get(entry, 'path')));
  return [
    ...[...asList(json.patches), ...asList(json.patchesJson6902)].flatMap((entry): Change[] => {
      const patch = get(entry, 'patch');
      const target = get(entry, 'target');
      const text = asText(patch) ?? (patch === undefined ? undefined : JSON.stringify(patch));
      return isMap(target) ? [{ by, target, text }] : text === undefined ? [{ by }] : documentsIn(text).map((one) => ({ by, text: one }));
    }),
    ...asList(json.patchesStrategicMerge).filter((patch) => !read.has(patch)).flatMap((patch): Change[] => {
      const text = asText(patch) ?? JSON.stringify(patch);
      return isFile(text) ? [{ by }] : documentsIn(text).map((one) => ({ by, text: one }));
    }),
    ...asList(json.replicas).map((entry) => ({ by, target: { kind: KINDS_WITH_REPLICAS, name: get(entry, 'name') }, field: ['spec', 'replicas'] })),
    ...asList(json.replacements).flatMap((entry) => asList(get(entry, 'targets'))).flatMap((target) =>
      asList(get(target, 'fieldPaths')).map((path) => ({ by, target: asMap(get(target, 'select')), field: stepsOf(asText(path) ?? '') }))),
  ];
}

/** The steps of `spec.template.spec.containers.[name=worker].env`: an item of a list is written as JSON patches write a new one. */
const stepsOf = (path: string): string[] => (path.match(/\[[^\]]*\]|[^.[\]]+/g) ?? []).map((step) => /^(\[|\*$)/.test(step) ? '-' : step);

/** Undefined for what may take long: a text of somebody else. */
const pattern = remembered((text: string): RegExp | undefined => {
  const isSimple = text.length <= 100 && /^[\w.*+?|()^$-]+$/.test(text) && !/\)[*+?]/.test(text) && (text.match(/[*+]/g) ?? []).length <= 2;
  try {
    return isSimple ? new RegExp(`^(?:${text})$`) : undefined;
  } catch {
    return undefined;
  }
});

/** As kustomize does: by regular expressions, and what is left out is anything. Labels and annotations may be given later. */
const isSelected = ({ kind, name }: Resource, target: JsonObject): boolean =>
  ([[target.kind, kind], [target.name, name]] as const).every(([wanted, own]) => (asText(wanted) ?? '') === '' || (pattern(asText(wanted)!)?.test(own) ?? true));

/** What a text has as the value of a field, anywhere in it. */
const valuesOf = (field: string, text: string): string[] => [...text.matchAll(new RegExp(`\\b${field}["']?\\s*:\\s*["']?([\\w.-]+)`, 'g'))].map(([, value]) => value);

const isBlock = (text: string): boolean => !/^\s*[[{]/.test(text);

/** The lines of `metadata` in the documents of a text. */
const metadataIn = (text: string): string => [...text.matchAll(/^metadata\s*:.*(?:\n(?:[ \t].*)?)*/gm)].map(([lines]) => lines).join('\n');

/** The names that a change is for; undefined for one that may be for any. */
function namesOf({ target, text }: Change): readonly string[] | undefined {
  if (!target) return text === undefined || pointers(text) ? undefined : valuesOf('name', isBlock(text) ? metadataIn(text) : text);
  const name = asText(target.name) ?? '';
  return /^[\w-]+$/.test(name) ? [name] : undefined;
}

const ANY = '';

/** More changes that may be for any name, or for one name, are not looked at: one of them is for it. */
const MOST_GENERAL = 300;

const byName = lazy((world: World) => grouped(changes(world).flatMap((change) =>
  [...new Set(namesOf(change) ?? [ANY])].map((name) => [name, change] as const))));

/** The pointers of a JSON patch; undefined for a strategic merge patch. */
const pointers = remembered((text: string): ReadonlyArray<readonly string[]> | undefined => {
  if (!/(?:^|[\s{[,-])["']?op["']?\s*:/.test(text)) return undefined;
  return [...text.matchAll(/["']?\b(?:path|from)["']?\s*:\s*["']?(\/[^\s"',}\]]*)/g)]
    .map(([, path]) => path.split('/').slice(1).map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~')));
});

const keys = remembered((text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/(?:^|[{,\n])[ \t-]*["']?([A-Za-z$][\w./$-]*)["']?\s*:/g)].map(([, name]) => fieldOf(name))));

/** Fields of which one changes what the other means. */
const ALIKE: ReadonlyMap<string, string> = new Map([['args', 'command'], ['envFrom', 'env'], ['stringData', 'data'], ['binaryData', 'data']]);
const fieldOf = (step: string | number): string => ALIKE.get(String(step)) ?? String(step);

/** A field of a container, of a pod or of an object: what is in it may be replaced as a whole. */
function areaOf(path: Path): readonly string[] {
  const steps = path.map(fieldOf);
  const container = steps.findIndex((step) => /^(containers|initContainers)$/.test(step));
  const template = steps.lastIndexOf('template');
  return steps.slice(0, container >= 0 ? container + 3 : template >= 0 ? template + 3 : 2);
}

const isNumber = (step: string): boolean => /^(\d+|-)$/.test(step);

/** Another version of an image leaves what is wrong with the rest of its container as it is. */
const OF_IMAGES: ReadonlySet<string> = new Set(['image', 'imagePullPolicy']);

/** One is the other, or in it; an item of a list may be at another place. */
function overlap(pointer: readonly string[], area: readonly string[]): boolean {
  return !pointer.slice(area.length).some((step) => OF_IMAGES.has(step))
    && pointer.slice(0, area.length).every((step, i) => fieldOf(step) === area[i] || (isNumber(step) && isNumber(area[i])));
}

/** What patches have anyway. */
const OF_ALL_PATCHES: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'name', 'namespace', 'spec', 'template', 'containers', ...OF_IMAGES]);

/** Whether a strategic merge patch has the fields of an area, and more of it than another image. */
function merges(text: string, area: readonly string[]): boolean {
  const all = keys(text);
  const isWhole = area.at(-1) === 'spec' || isNumber(area.at(-1) ?? '');
  return area.every((step) => isNumber(step) || all.has(step)) && (!isWhole || [...all].some((key) => !OF_ALL_PATCHES.has(key)));
}

/** A directive for an object, or a part of it, and not for a list: those are in the list. */
const REPLACES = /(?:^|[{,\n])[ \t]*["']?\$patch["']?\s*:/;

export const CHANGED = 'a kustomization changes it';

/** Whether a kustomization of the input, or something like it, may change a place of an object before it is applied. */
export function mayBeChanged(resource: Resource, path: Path, world: World): boolean {
  const [general, own] = [ANY, resource.name].map((name) => byName(world).get(name) ?? []);
  if (general.length > MOST_GENERAL || own.length > MOST_GENERAL) return true;
  const all = [...general, ...own];
  const area = areaOf(path);
  return all.some(({ by, target, text, field }) => {
    if (by === resource || !isOf(by, resource.namespace) || (target && !isSelected(resource, target))) return false;
    if (field) return overlap(field, area);
    // Of a file out of sight only its target may be known; without one it is hardly for this field of this object.
    if (text === undefined) return target !== undefined;
    const changed = pointers(text);
    if (changed) return target !== undefined && changed.some((pointer) => overlap(pointer, area));
    if (!target && !valuesOf('kind', text).includes(resource.kind)) return false;
    return REPLACES.test(text) || merges(text, area);
  });
}

/** Whether the ConfigMap or the Secret that a variable has its value from may be changed. */
export function sourceMayBeChanged({ resource, path }: Place, value: string | undefined, world: World): boolean {
  const list = path.findIndex((step) => step === 'env' || step === 'envFrom');
  const entry = list < 0 ? undefined : get(resource.json, ...path.slice(0, list + 2));
  return ([['ConfigMap', 'configMapRef', 'configMapKeyRef'], ['Secret', 'secretRef', 'secretKeyRef']] as const).some(([kind, all, one]) => {
    const reference = get(entry, all) ?? get(entry, 'valueFrom', one);
    const name = asText(get(reference, 'name'));
    const source = name === undefined ? undefined : world.find(kind, resource.namespace, name);
    if (!source) return false;
    const key = asText(get(reference, 'key'));
    const having = Object.entries(asMap(source.json.data)).flatMap(([own, text]) => value !== undefined && asText(text)?.includes(value) ? own : []);
    return (key !== undefined ? [key] : having.length > 0 ? having : [undefined]).some((own) => mayBeChanged(source, own === undefined ? ['data'] : ['data', own], world)
      || (own !== undefined && isMerged(kind, name!, own, resource.namespace, world)));
  });
}
