import { parseImage } from '../celery/image';
import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asNumber, asScalar, asText, get, JsonObject, Path } from './json';
import { Container } from './pod/container';
import { Variable } from './pod/env';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** Labels that a kustomization writes into the selectors and pod templates of all that it builds, over what is there. */
export interface CommonLabels {
  readonly resource: Resource;
  readonly path: Path;
  readonly pairs: ReadonlyMap<string, string>;
  /** Of what it builds, as far as its `namespace` tells; undefined where it names none. */
  readonly namespace?: string;
}

/** What only kustomize reads: no cluster has it. */
export const isKustomization = ({ kind, apiVersion }: Resource): boolean => kind === 'Kustomization' && apiVersion.startsWith('kustomize.config.k8s.io/');

export const kustomizations = lazy((world: World): readonly Resource[] => world.kind('Kustomization').filter(isKustomization));

/** Whether an object is of a namespace, or one of them is of none in sight; what Argo CD and Flux build is of the one that it names. */
export const isOf = ({ namespace: own, json }: Resource, namespace: string): boolean => own === '' || namespace === '' || own === namespace
  || /argo|flux/.test(own) || asText(get(json, 'spec', 'targetNamespace') ?? get(json, 'spec', 'destination', 'namespace')) === namespace;

const WITHOUT_LABELS: ReadonlySet<string> = new Set([
  'metadata', 'target', 'resources', 'images', 'replicas', 'configMapGenerator', 'secretGenerator', 'sourceRef', 'dependsOn', 'healthChecks',
]);

/** What a kustomization says of labels: everything but the names of files, images and what it generates. */
const textOf = lazy(({ json }: Resource): string => JSON.stringify(json, (key, value: unknown) => WITHOUT_LABELS.has(key) ? undefined : value));

/** Whether some kustomization speaks of a label: it, or one of its patches, may give that to pods. */
export const mayGiveLabel = (label: string, namespace: string, world: World): boolean =>
  ['Kustomization', 'Component'].flatMap((kind) => world.kind(kind)).filter((resource) => isOf(resource, namespace)).map(textOf)
    .some((text) => [`"${label}":`, `${label}: `, `/labels/${label.replace('/', '~1')}`].some((part) => text.includes(part)));

/** Whether several kustomizations each build files of such names: one of them may take the place of another. */
export function builtApart(files: RegExp, world: World): boolean {
  return kustomizations(world).filter(({ json }) => asList(json.resources).some((one) => files.test(asText(one) ?? ''))).length > 1;
}

/** Kustomizations that build what others have, each for an environment of its own, and files of their own with it. */
export const overlays: (world: World) => readonly Resource[] = lazy((world: World) => kustomizations(world).filter(({ json }) => {
  const built = [...asList(json.resources), ...asList(json.bases)].map((one) => asText(one) ?? '');
  return built.some((one) => one.startsWith('..')) && built.some((one) => /^[^.].*\.ya?ml$/.test(one));
}));

/** Those of kustomizations of several files. Where two of them give a label different values, each builds some of the input. */
export const commonLabels: (world: World) => readonly CommonLabels[] = lazy((world: World) => {
  const all = kustomizations(world).filter(({ json }) => asList(json.resources).filter((one) => /\.ya?ml$/.test(asText(one) ?? '')).length > 1).flatMap(labelsOf);
  const ofName = grouped(all.flatMap((labels) => [...labels.pairs].map(([name, value]) => [name, { labels, value }] as const)));
  return all.flatMap((labels): CommonLabels[] => {
    const pairs = [...labels.pairs].filter(([name, value]) => {
      const same = ofName.get(name)!;
      return same[0].labels === labels && same.every((other) => other.value === value);
    });
    return pairs.length === 0 ? [] : [{ ...labels, pairs: new Map(pairs) }];
  });
});

function labelsOf(resource: Resource): CommonLabels[] {
  const namespace = asText(resource.json.namespace);
  const read = (labels: unknown, path: Path): CommonLabels => (
    { resource, path, pairs: new Map(Object.entries(asMap(labels)).map(([name, value]) => [name, asScalar(value) ?? ''])), namespace });
  return [
    read(resource.json.commonLabels, ['commonLabels']),
    ...asList(resource.json.labels).flatMap((entry, i) => get(entry, 'includeSelectors') === true ? read(get(entry, 'pairs'), ['labels', i, 'pairs']) : []),
  ];
}

/** Workloads whose selectors differ, and are the same with common labels, and the names of the labels that told them apart. */
export interface MadeAlike {
  readonly workloads: readonly Workload[];
  readonly names: readonly string[];
}

export function madeAlike({ pairs, namespace }: CommonLabels, world: World): MadeAlike {
  const built = world.workloads.filter(({ resource }) => namespace === undefined || ['', namespace].includes(resource.namespace));
  const selectors = built.flatMap((workload) => {
    const selector = get(workload.resource.json, 'spec', 'selector');
    const labels = Object.entries(asMap(get(selector, 'matchLabels'))).sort();
    const own = labels.filter(([name]) => pairs.has(name));
    return own.length === 0 || get(selector, 'matchExpressions') !== undefined ? []
      : [[JSON.stringify([workload.resource.namespace, labels.filter(([name]) => !pairs.has(name))]), { workload, own: new Map(own) }] as const];
  });
  const alike = [...grouped(selectors).values()].map((same) => ({
    workloads: same.map(({ workload }) => workload),
    names: [...pairs.keys()].filter((name) => new Set(same.map(({ own }) => asScalar(own.get(name)))).size > 1),
  })).filter(({ names }) => names.length > 0);
  return { workloads: alike.flatMap(({ workloads }) => workloads), names: [...new Set(alike.flatMap(({ names }) => names))] };
}

/** How many pods a kustomization gives a workload. */
export interface Count {
  readonly resource: Resource;
  readonly path: Path;
  readonly pods: number;
  /** The kind of the workload, where a patch names it. */
  readonly kind?: string;
  /** What it builds is of another namespace, or of another place than the input. */
  readonly apart: boolean;
}

/** By the namespace of the kustomization and the name of the workload: those of `replicas`, and of patches with operations. */
const counts = lazy((world: World) => grouped(kustomizations(world).flatMap((resource): Array<readonly [string, Omit<Count, 'apart'>]> => {
  const { json, namespace } = resource;
  return [
    ...asList(json.replicas).flatMap((entry, i) => {
      const [name, pods] = [asText(get(entry, 'name')), asNumber(get(entry, 'count'))];
      return name === undefined || pods === undefined ? [] : [[`${namespace} ${name}`, { resource, path: ['replicas', i, 'count'], pods }] as const];
    }),
    ...asList(json.patches).flatMap((entry, i) => {
      const [name, kind] = [asText(get(entry, 'target', 'name')), asText(get(entry, 'target', 'kind'))];
      const operations = (asText(get(entry, 'patch')) ?? '').split(/^\s*-\s+/m);
      const operation = operations.find((one) => /^\s*path:\s*["']?\/spec\/replicas["']?\s*$/m.test(one));
      const pods = /^\s*value:\s*(\d+)\s*$/m.exec(operation ?? '')?.[1];
      return name === undefined || pods === undefined ? [] : [[`${namespace} ${name}`, { resource, path: ['patches', i], pods: Number(pods), kind }] as const];
    }),
  ];
})));

/** How many workloads have a name, in all namespaces and in each. */
const named = lazy((world: World) => {
  const numbers = new Map<string, number>();
  for (const { resource: { name, namespace } } of world.workloads) {
    for (const key of [name, `${namespace} ${name}`]) numbers.set(key, (numbers.get(key) ?? 0) + 1);
  }
  return numbers;
});

const isApart = ({ namespace: given, resources, bases }: JsonObject, namespace: string): boolean =>
  (asText(given) !== undefined && namespace !== '' && given !== namespace)
  || [...asList(resources), ...asList(bases)].some((one) => /:\/\/|^git@|^github\.com\/|\?ref=/.test(asText(one) ?? ''));

/** The numbers of pods that kustomizations give a workload, where no other has its name. */
export function countsOf({ resource: { kind, name, namespace } }: Workload, world: World): readonly Count[] {
  const key = `${namespace} ${name}`;
  if ((named(world).get(key) ?? 0) > 1) return [];
  // As kustomize reads it, a kustomization is in no namespace.
  const general = named(world).get(name) === 1 ? counts(world).get(` ${name}`) ?? [] : [];
  const own = namespace === '' ? [] : counts(world).get(key) ?? [];
  return [...own, ...general].filter((count) => count.kind === undefined || count.kind === kind)
    .map((count) => ({ ...count, apart: isApart(count.resource.json, namespace) }));
}

/** A kustomization that puts something in front of the names of all that it builds, or behind them. */
export interface Renaming {
  readonly resource: Resource;
  readonly path: Path;
  /** What names look like after it: `prod-*`. */
  readonly pattern: string;
  readonly renamed: (name: string) => string;
  /** Whether it builds what a container is of: it names the workload, or the image. */
  readonly builds: (container: Container) => boolean;
  /** Whether it may give a variable another value, as far as it says so itself. */
  readonly sets: (variable: Variable) => boolean;
  /** Whether nothing may give a container another value, or bring a Service of the old name: all that it changes is in sight. */
  readonly isWhole: (container: Container) => boolean;
}

/** What may change anything that a kustomization builds. */
const OPAQUE = ['replacements', 'vars', 'transformers', 'components', 'configurations'];

export const renamings: (world: World) => readonly Renaming[] = lazy((world: World) => kustomizations(world).flatMap((resource): Renaming[] => {
  const { json } = resource;
  const [prefix = '', suffix = ''] = [asText(json.namePrefix), asText(json.nameSuffix)];
  if (prefix + suffix === '' || OPAQUE.some((field) => json[field] !== undefined)) return [];
  const namesOf = (field: string, ...steps: string[]) => new Set(asList(json[field]).flatMap((entry) => asText(get(entry, ...steps)) ?? []));
  const workloads = new Set([...namesOf('replicas', 'name'), ...namesOf('patches', 'target', 'name')]);
  const images = new Set([...namesOf('images', 'name')].map((name) => parseImage(name).repository));
  const text = JSON.stringify(json);
  const fromFiles = { configMap: takesFiles(json.configMapGenerator), secret: takesFiles(json.secretGenerator) };
  return [{
    resource, path: [prefix === '' ? 'nameSuffix' : 'namePrefix'], pattern: `${prefix}*${suffix}`,
    renamed: (name) => name.startsWith(prefix) && name.endsWith(suffix) ? name : `${prefix}${name}${suffix}`,
    builds: ({ workload: { resource: { namespace, name } }, image }) => ['', namespace].includes(resource.namespace) && (workloads.has(name) || images.has(image.repository)),
    isWhole: ({ workload: { resource: { namespace, name } } }) =>
      workloads.has(name) && !patchesValues(json) && !sharesNamespace(resource, namespace, world),
    sets: ({ name, source }) => new RegExp(`\\b${name}\\b`).test(text) || (source === 'configMap' && fromFiles.configMap) || (source === 'secret' && fromFiles.secret),
  }];
}));

/** Fields with changes that are in other files, or replace an object as a whole. */
const ELSEWHERE = ['patchesStrategicMerge', 'patchesJson6902', 'generators', 'helmCharts', 'helmChartInflationGenerator'];

/** A patch may change variables, or the ConfigMaps and Secrets that they come from. */
function patchesValues(json: JsonObject): boolean {
  const generates = ['configMapGenerator', 'secretGenerator'].flatMap((field) => asList(json[field]));
  return ELSEWHERE.some((field) => json[field] !== undefined) || generates.some((one) => get(one, 'behavior') === 'replace')
    || asList(json.patches).some((entry) => get(entry, 'path') !== undefined || /\b(env|envFrom|data|stringData)\b/.test(asText(get(entry, 'patch')) ?? ''));
}

/** What it builds is in a namespace where other objects may be, or in that of a container before it is built. */
function sharesNamespace({ json }: Resource, before: string, world: World): boolean {
  const namespace = asText(json.namespace);
  if (namespace === undefined || namespace === before) return true;
  return kustomizations(world).filter((other) => asText(other.json.namespace) === namespace).length > 1
    || [...world.workloads.map(({ resource }) => resource), ...world.kind('Service')].some((other) => other.namespace === namespace);
}

/** A generator writes over an object of the base with what is in files. */
function takesFiles(generators: unknown): boolean {
  return asList(generators).some((one) => get(one, 'behavior') !== undefined && ['files', 'envs', 'env'].some((field) => get(one, field) !== undefined));
}

/** A ConfigMap or Secret that a kustomization generates, with a hash behind its name. */
export interface Generated {
  readonly resource: Resource;
  readonly path: Path;
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
}

const GENERATORS = [['ConfigMap', 'configMapGenerator'], ['Secret', 'secretGenerator']] as const;

/** What several kustomizations share, which also generates and patches. */
export const components = lazy((world: World): readonly Resource[] => world.kind('Component')
  .filter(({ apiVersion }) => apiVersion.startsWith('kustomize.config.k8s.io/')));

const generating = lazy((world: World) => grouped([...kustomizations(world), ...components(world)].flatMap((resource) =>
  GENERATORS.flatMap(([kind, field]) =>
    asList(resource.json[field]).map((entry) => [`${kind} ${asText(get(entry, 'name')) ?? ''}`, { resource, entry }] as const)))));

const generatorsOf = (kind: Generated['kind'], name: string, namespace: string, world: World) =>
  (generating(world).get(`${kind} ${name}`) ?? []).filter(({ resource }) => isOf(resource, namespace));

/** Whether some kustomization generates a ConfigMap or Secret of a name: for pods of its own the keys are those. */
export const isGenerated = (kind: Generated['kind'], name: string, namespace: string, world: World): boolean => generatorsOf(kind, name, namespace, world).length > 0;

/** Whether one of them adds a key to what is in sight, or may add it, from a file. */
export const isMerged = (kind: Generated['kind'], name: string, key: string, namespace: string, world: World): boolean =>
  generatorsOf(kind, name, namespace, world).some(({ entry }) => ['merge', 'replace'].includes(asText(get(entry, 'behavior')) ?? '')
    && (['envs', 'env', 'files'].some((field) => get(entry, field) !== undefined) || asList(get(entry, 'literals')).some((literal) => asText(literal)?.startsWith(`${key}=`))));

/** Those of no namespace, where no kustomization next to them gives one: kustomize does not write their new names into objects that have one. */
export const generatedInNoNamespace: (world: World) => readonly Generated[] = lazy((world: World) => {
  const all = kustomizations(world);
  const given = new Set(all.filter(({ json }) => asText(json.namespace) !== undefined).map(({ namespace }) => namespace));
  const others = all.filter(({ namespace }) => !given.has(namespace));
  return others.flatMap((resource) => GENERATORS.flatMap(([kind, field]) => asList(resource.json[field]).flatMap((entry, i): Generated[] => {
    const [name, behavior = 'create'] = [asText(get(entry, 'name')), asText(get(entry, 'behavior'))];
    const keepsName = [get(resource.json, 'generatorOptions'), get(entry, 'options')].some((options) => get(options, 'disableNameSuffixHash') === true);
    return name === undefined || behavior !== 'create' || keepsName || get(entry, 'namespace') !== undefined ? [] : [{ resource, path: [field, i], kind, name }];
  })));
});
