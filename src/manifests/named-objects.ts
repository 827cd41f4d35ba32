import { isFilledIn } from '../celery/filled-in';
import { lazy } from '../memo';
import { asList, asText, get, Path } from './json';
import { Place } from './place';
import { Resource } from './resource';
import { celeryWorkloads, scaledWorkers } from './scalers';
import { serverWorkloads } from './servers';
import type { World } from './world';
import { Workload } from './pod/workload';

/** An object that another one names, other than the Secrets and ConfigMaps of a pod. */
export interface NamedObject {
  readonly kind: 'PersistentVolumeClaim' | 'ServiceAccount' | 'PriorityClass' | 'TriggerAuthentication';
  readonly name: string;
  readonly at: Place;
}

/** What a pod names: its claims, its ServiceAccount and its PriorityClass. */
export const namedBy: (workload: Workload) => readonly NamedObject[] = lazy(({ resource, spec, specPath, volumes }: Workload) => {
  const named = (kind: NamedObject['kind'], name: string | undefined, path: Path): NamedObject[] =>
    name === undefined || isFilledIn(name) ? [] : [{ kind, name, at: { resource, path } }];
  return [
    ...[...volumes.values()].flatMap(({ claim, path }) => named('PersistentVolumeClaim', claim, [...path, 'persistentVolumeClaim', 'claimName'])),
    ...named('ServiceAccount', asText(spec.serviceAccountName) ?? asText(spec.serviceAccount), [...specPath, 'serviceAccountName']).filter(({ name }) => name !== 'default'),
    ...named('PriorityClass', asText(spec.priorityClassName), [...specPath, 'priorityClassName']).filter(({ name }) => !name.startsWith('system-')),
  ];
});

/** What the pods of Celery and its brokers name, and what the autoscalers of workers do. */
export const namedObjects: (world: World) => readonly NamedObject[] = lazy((world: World) => {
  const workloads = new Set([...celeryWorkloads(world), ...serverWorkloads(world)]);
  const scalers = new Set(scaledWorkers(world).map(({ scaler }) => scaler));
  return [...[...workloads].flatMap(namedBy), ...[...scalers].flatMap(authenticationsOf)];
});

function authenticationsOf(scaler: Resource): NamedObject[] {
  return asList(get(scaler.json, 'spec', 'triggers')).flatMap((trigger, i): NamedObject[] => {
    const ref = get(trigger, 'authenticationRef');
    const [kind = 'TriggerAuthentication', name] = [asText(get(ref, 'kind')), asText(get(ref, 'name'))];
    return kind !== 'TriggerAuthentication' || name === undefined || isFilledIn(name) ? []
      : [{ kind, name, at: { resource: scaler, path: ['spec', 'triggers', i, 'authenticationRef', 'name'] } }];
  });
}

/** The same of everything in the input, as `kind namespace name`. */
export const allNames: (world: World) => ReadonlySet<string> = lazy((world: World) => new Set([
  ...world.workloads.flatMap(namedBy), ...world.kind('ScaledObject').flatMap(authenticationsOf), ...world.kind('ScaledJob').flatMap(authenticationsOf),
].map(({ kind, name, at }) => `${kind} ${namespaceOf(kind, at.resource)} ${name}`)));

/** The namespace in which an object names another of a kind: a PriorityClass is in none. */
export function namespaceOf(kind: string, { namespace }: Resource): string {
  return kind === 'PriorityClass' ? '' : namespace;
}

/** The names of the objects of a kind and namespace that the input has. */
export function namesOf(kind: string, namespace: string, world: World): string[] {
  return world.kind(kind).filter((resource) => namespaceOf(kind, resource) === namespace).map(({ name }) => name);
}
