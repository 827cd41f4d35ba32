import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asScalar, asText, get, Path } from './json';
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

/** Those of kustomizations of several files. Where two of them give a label different values, each builds some of the input. */
export const commonLabels: (world: World) => readonly CommonLabels[] = lazy((world: World) => {
  const all = world.kind('Kustomization').filter(({ apiVersion, json }) => /^kustomize\.config\.k8s\.io\//.test(apiVersion)
    && asList(json.resources).filter((one) => /\.ya?ml$/.test(asText(one) ?? '')).length > 1).flatMap(labelsOf);
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
