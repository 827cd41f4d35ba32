import { IConstruct } from 'constructs';
import type * as k8s from './kubernetes/api/types';
import { Problem } from './validation/problems';
import { canonicalJson } from '../manifests/json';
import { lazy } from '../memo';

/** The init containers that apps have made, with the apps: by their content, because other languages get a copy. */
const made = lazy((_root: IConstruct) => new Map<string, Set<IConstruct>>());

/** Remembers that an app has made an init container. */
export function madeBy<Container extends k8s.Container>(app: IConstruct, container: Container): Container {
  const known = made(app.node.root);
  const key = canonicalJson(container);
  known.set(key, (known.get(key) ?? new Set()).add(app));
  return container;
}

/** Whether an app has made an init container. */
export function isMadeBy(app: IConstruct, container: k8s.Container): boolean {
  return made(app.node.root).get(canonicalJson(container))?.has(app) ?? false;
}

/** Init containers of another app: they would have its variables, and the code of the app whose pod they are in. */
export function ofAnotherApp(app: IConstruct, containers: readonly k8s.Container[]): Problem[] {
  const known = made(app.node.root);
  return containers.flatMap((container) => {
    const owners = known.get(canonicalJson(container));
    if (!owners || owners.has(app)) return [];
    return [{
      prop: 'initContainers', value: container.name, wrong: `is an init container of ${[...owners][0].node.path}, another CeleryApp`,
      fix: `make it with initContainer() of the app of the pod, ${app.node.path}`,
    }];
  });
}
