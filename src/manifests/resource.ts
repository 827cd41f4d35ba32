import { asList, asMap, asScalar, asText, get, isMap, JsonObject, Path } from './json';

/** One Kubernetes object of the input. */
export interface Resource {
  readonly json: JsonObject;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty when the manifest leaves it to kubectl: such objects are taken to be in one namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: JsonObject;
  readonly annotations: JsonObject;
  /** Which of the objects given to lint, and where in it when that is a List. */
  readonly index: number;
  readonly prefix: Path;
  /** Read from a live cluster, which fills in what manifests leave out. */
  readonly live: boolean;
}

/**
 * Lists are opened, what is no object of Kubernetes is left out.
 *
 * In an order of their own, so that nothing that is found depends on that of the input.
 */
export function resources(objects: readonly unknown[]): Resource[] {
  const fingerprints = new Map<JsonObject, string>();
  const fingerprintOf = (json: JsonObject) => {
    if (!fingerprints.has(json)) fingerprints.set(json, fingerprint(json));
    return fingerprints.get(json)!;
  };
  return inOneNamespace(collectAll(objects)).sort((a, b) => compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name)
    || compare(fingerprintOf(a.json), fingerprintOf(b.json)));
}

/** Of an API that comes with Kubernetes: Knative has a Service, Volcano a Job and OpenKruise a StatefulSet, with other fields. */
export function isOfKubernetes({ apiVersion }: Resource): boolean {
  return /^(v\d\w*|(apps|autoscaling|batch|extensions|networking\.k8s\.io|policy)\/.*)$/.test(apiVersion);
}

/** Of no namespace. */
const CLUSTER_WIDE = /^(?:Namespace|Cluster.*|CustomResourceDefinition|PersistentVolume|StorageClass|PriorityClass|IngressClass|.*WebhookConfiguration|APIService|NodePool|Provisioner)$/;

/**
 * Objects whose manifest names no namespace are in the one that the others name, because `kubectl apply -n` refuses a manifest that names another
 * than it is given; most charts write it on some of their objects only. With several, they are in `default` if one of the others is.
 */
function inOneNamespace(found: Resource[]): Resource[] {
  const namespaces = new Set(found.filter(({ kind }) => !CLUSTER_WIDE.test(kind)).map(({ namespace }) => namespace));
  if (!namespaces.delete('') || namespaces.size === 0) return found;
  const [only] = namespaces.has('default') ? ['default'] : namespaces.size === 1 ? namespaces : [];
  if (only === undefined || isAnotherSet(found, only)) return found;
  return found.map((resource) => resource.namespace === '' && !CLUSTER_WIDE.test(resource.kind) ? { ...resource, namespace: only } : resource);
}

/** Objects of the same kind and name are in a namespace and without one: those without are for somewhere else, such as another cluster. */
function isAnotherSet(found: readonly Resource[], namespace: string): boolean {
  const named = new Set(found.filter((one) => one.namespace === namespace).map(({ kind, name }) => `${kind} ${name}`));
  return found.some((one) => one.namespace === '' && !CLUSTER_WIDE.test(one.kind) && named.has(`${one.kind} ${one.name}`));
}

/** How many objects there are, those in Lists included. */
export function countResources(objects: readonly unknown[]): number {
  return collectAll(objects).length;
}

/** Objects that make pods and have no `apiVersion`, or no `kind`. */
export function withoutType(objects: readonly unknown[]): Resource[] {
  return objects.flatMap((json, index): Resource[] => {
    const metadata = asMap(get(json, 'metadata'));
    const [kind, apiVersion, name] = [get(json, 'kind'), get(json, 'apiVersion'), metadata.name].map(asText);
    const isPod = [get(json, 'spec'), get(json, 'spec', 'template', 'spec')].some((spec) => asList(get(spec, 'containers')).some(isMap));
    return !isMap(json) || name === undefined || !isPod || (kind !== undefined && apiVersion !== undefined) ? [] : [{
      json, index, prefix: [], live: false, name, kind: kind ?? 'Object', apiVersion: apiVersion ?? '',
      namespace: asText(metadata.namespace) ?? '', labels: asMap(metadata.labels), annotations: asMap(metadata.annotations),
    }];
  });
}

function collectAll(objects: readonly unknown[]): Resource[] {
  const found: Resource[] = [];
  objects.forEach((json, index) => collect(json, index, [], found));
  return found;
}

export function fingerprint(json: JsonObject): string {
  try {
    return JSON.stringify(json);
  } catch {
    // Cycles and such come from no manifest: any order will do.
    return '';
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function collect(json: unknown, index: number, prefix: Path, found: Resource[]): void {
  const kind = asText(get(json, 'kind'));
  const apiVersion = asText(get(json, 'apiVersion'));
  if (!isMap(json) || kind === undefined || apiVersion === undefined) return;
  // What Go writes of a list without items is null.
  if (kind.endsWith('List') && (Array.isArray(json.items) || json.items === null)) {
    if (prefix.length > 20) return;
    asList(json.items).forEach((item, i) => collect(withType(item, kind, apiVersion), index, [...prefix, 'items', i], found));
    return;
  }
  // Those of OpenShift before 3.6 are of no group.
  if (kind === 'Template' && /^(template\.openshift\.io\/|v1$)/.test(apiVersion) && prefix.length === 0) {
    const values = new Map(asList(json.parameters).map((parameter) => [asText(get(parameter, 'name')) ?? '', asScalar(get(parameter, 'value'))]));
    asList(json.objects).forEach((item, i) => collect(filled(item, values), index, ['objects', i], found));
    return;
  }
  const metadata = asMap(json.metadata);
  found.push({
    json, kind, apiVersion, index, prefix,
    namespace: asText(metadata.namespace) ?? '',
    name: asText(metadata.name) ?? asText(metadata.generateName) ?? '',
    labels: asMap(metadata.labels),
    annotations: asMap(metadata.annotations),
    live: metadata.uid !== undefined && metadata.resourceVersion !== undefined,
  });
}

/** `${NAME}` in a Template of OpenShift, with the defaults of its parameters; a value that is only `${{NAME}}` becomes a number or the like. */
function filled(json: unknown, values: ReadonlyMap<string, string | undefined>, depth = 0): unknown {
  if (depth > 100) return json;
  if (typeof json === 'string') {
    const typed = /^\$\{\{(\w+)\}\}$/.exec(json);
    const value = typed && values.get(typed[1]);
    if (value !== null && value !== undefined) return /^-?\d+$/.test(value) ? Number(value) : value === 'true' ? true : value === 'false' ? false : value;
    return json.replace(/\$\{(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole);
  }
  if (Array.isArray(json)) return json.map((item) => filled(item, values, depth + 1));
  if (!isMap(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, filled(value, values, depth + 1)]));
}

/** The items of a DeploymentList do not repeat what they are. */
function withType(item: unknown, listKind: string, apiVersion: string): unknown {
  if (!isMap(item) || listKind === 'List' || item.kind !== undefined) return item;
  return { apiVersion, kind: listKind.slice(0, -'List'.length), ...item };
}
