import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asMap, asScalar, asText, get, Path } from './json';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** A label that a kustomization writes into the selectors and pod templates of all that it builds, over what is there. */
export interface CommonLabel {
  readonly resource: Resource;
  readonly path: Path;
  readonly name: string;
  readonly value: string;
  /** Of what it builds, as far as its `namespace` tells; undefined where it names none. */
  readonly namespace?: string;
}

/** Those of kustomizations of several files. Where two of them give a label different values, each builds some of the input. */
export const commonLabels: (world: World) => readonly CommonLabel[] = lazy((world: World) => {
  const all = world.kind('Kustomization').filter(({ apiVersion, json }) => /^kustomize\.config\.k8s\.io\//.test(apiVersion)
    && asList(json.resources).filter((one) => /\.ya?ml$/.test(asText(one) ?? '')).length > 1).flatMap(labelsOf);
  const ofName = grouped(all.map((label) => [label.name, label]));
  return [...ofName.values()].filter(([{ value }, ...others]) => others.every((other) => other.value === value)).map(([label]) => label);
});

function labelsOf(resource: Resource): CommonLabel[] {
  const namespace = asText(resource.json.namespace);
  const read = (labels: unknown, path: Path) => Object.entries(asMap(labels)).map(([name, value]) => (
    { resource, path: [...path, name], name, value: asScalar(value) ?? '', namespace }));
  return [
    ...read(resource.json.commonLabels, ['commonLabels']),
    ...asList(resource.json.labels).flatMap((entry, i) => get(entry, 'includeSelectors') === true ? read(get(entry, 'pairs'), ['labels', i, 'pairs']) : []),
  ];
}

/** The workloads that a label makes alike: their selectors differ, and are the same with it. */
export function madeAlike({ name, namespace }: CommonLabel, world: World): readonly Workload[] {
  const built = world.workloads.filter(({ resource }) => namespace === undefined || ['', namespace].includes(resource.namespace));
  const selectors = built.flatMap((workload) => {
    const selector = get(workload.resource.json, 'spec', 'selector');
    const { [name]: own, ...others } = asMap(get(selector, 'matchLabels'));
    return own === undefined || get(selector, 'matchExpressions') !== undefined ? []
      : [[JSON.stringify([workload.resource.namespace, Object.entries(others).sort()]), { workload, own: asScalar(own) }] as const];
  });
  return [...grouped(selectors).values()].filter((same) => new Set(same.map(({ own }) => own)).size > 1).flat().map(({ workload }) => workload);
}
