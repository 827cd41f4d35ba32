import { lazy } from '../memo';
import { isOf, overlays } from './kustomizations';
import { Resource } from './resource';
import type { World } from './world';

const ENVIRONMENT = new RegExp('(?<![^-])(dev|develop|development|test|testing|tst|int|integration|qa|uat|acc|acceptance|staging|stage|stag|stg|demo|sandbox|preview'
  + '|nonprod|preprod|pre|ppd|prod|production|prd|live)\\d*(?![^-])');

/** The environment in the name of an object, such as `prod` of `worker-prod`; empty where it has none. */
export const environmentOf = (name: string): string => ENVIRONMENT.exec(name)?.[0] ?? '';

/** Whether objects are of several environments by their names, of which a cluster may have one. */
export function ofSeveralEnvironments(names: readonly string[]): boolean {
  const all = new Set(names);
  const environments = new Set(names.map(environmentOf));
  // `pre-processor` next to `worker` is no environment; next to `processor`, or to `dev-processor`, it may be one.
  const isWord = (name: string): boolean => {
    const [, rest] = /^(?:pre|int|live)-(.*)/.exec(name) ?? [];
    return rest !== undefined && !all.has(rest);
  };
  return environments.size > 2 || (environments.size === 2 && !(environments.has('') && names.every((name) => environmentOf(name) === '' || isWord(name))));
}

/** What the input has several times, each for an environment of its own. */
const repeated = lazy((world: World) => new Set(world.replaced.flatMap(({ resource, by }) => [resource, by])));

/** Whether objects that are for the same one may be for several environments, as it is: by their names, or by that of an overlay each. */
export const mayBeApart = (objects: readonly Resource[], target: Resource, world: World): boolean =>
  ofSeveralEnvironments(objects.map(({ name }) => name)) || repeated(world).has(target)
  || overlays(world).filter((one) => isOf(one, target.namespace)).length > 1;

export const ONE_IS_APPLIED = 'only one of them is applied';
