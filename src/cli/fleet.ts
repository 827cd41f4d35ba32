import { grouped } from '../manifests/grouped';
import { lazy } from '../memo';
import { asMap, asNumber, asText, get } from '../manifests/json';
import { Process } from '../manifests/process';
import { World } from '../manifests/world';
import { Cluster } from './cluster';
import { Failure } from './command';
import { KubectlError } from './kubectl';
import { identity, isBeingDeleted, objects, phase, selects } from './objects';

/** The queue that a drained worker consumes; operations/drain.py has the same. */
export const DRAINED = 'cdk8s-celery.drained';

/** The pods and Deployments of apps, in the order of the cluster. */
export interface Fleet {
  /** Without those that have ended. */
  readonly pods: readonly unknown[];
  readonly deployments: readonly unknown[];
}

export async function readFleet({ app, context, scope }: Cluster): Promise<Fleet> {
  const selector = `app.kubernetes.io/name=celery${app ? `,app.kubernetes.io/part-of=${app}` : ''}`;
  const read = (kind: string) => objects([...context, 'get', kind, ...scope, '-l', selector, '-o', 'json']);
  const pods = (await read('pods')).filter((pod) => !['Succeeded', 'Failed'].includes(phase(pod)));
  // Whoever may not read Deployments still sees the pods.
  const deployments = await read('deployments').catch((error: unknown) => {
    if (error instanceof KubectlError) return [];
    throw error;
  });
  return { pods, deployments };
}

/** Pods that are not being deleted: of one that is, its successor is in the list too. */
export function staying(fleet: Fleet): readonly unknown[] {
  return fleet.pods.filter((pod) => !isBeingDeleted(pod));
}

export function appKey(object: unknown): string {
  const { namespace, app } = identity(object);
  return `${namespace}/${app}`;
}

/** What a fleet has of one app. */
export interface FleetApp extends Fleet {
  readonly namespace: string;
  /** Empty where the objects do not say it. */
  readonly app: string;
}

/** A fleet by apps, of pods those that stay. Fails where there is none. */
export function appsOf(fleet: Fleet, { app, where }: Cluster): readonly FleetApp[] {
  const pods = staying(fleet);
  const apps = grouped([...fleet.deployments, ...pods].map((object) => [appKey(object), object]));
  if (apps.size === 0) throw new Failure(`no pods of ${app ? `the app '${app}'` : 'a Celery app'} ${where}; is it deployed there?`);
  return [...apps].map(([name, [first]]) => ({
    namespace: identity(first).namespace, app: identity(first).app,
    pods: pods.filter((pod) => appKey(pod) === name), deployments: fleet.deployments.filter((deployment) => appKey(deployment) === name),
  }));
}

/** The pods of a Deployment. */
export function podsOf(deployment: unknown, pods: readonly unknown[]): readonly unknown[] {
  return pods.filter((pod) => selects(deployment, pod));
}

export function wantedPods(deployment: unknown): number {
  return asNumber(get(deployment, 'spec', 'replicas')) ?? 1;
}

/** The names of Deployments, with their namespaces, whose number of pods an autoscaler decides; KEDA makes a HorizontalPodAutoscaler too. */
export async function autoscaled({ context, scope }: Cluster): Promise<ReadonlySet<string>> {
  const scalers = await objects([...context, 'get', 'horizontalpodautoscalers', ...scope, '-o', 'json']).catch((error: unknown) => {
    if (error instanceof KubectlError) return [];
    throw error;
  });
  return new Set(scalers.filter((scaler) => get(scaler, 'spec', 'scaleTargetRef', 'kind') === 'Deployment')
    .map((scaler) => `${identity(scaler).namespace}/${asText(get(scaler, 'spec', 'scaleTargetRef', 'name'))}`));
}

const processes = lazy((object: object): Process | undefined => {
  // The reader passes over what a controller made.
  const { ownerReferences: _, ...metadata } = asMap(get(object, 'metadata'));
  return new World([{ apiVersion: 'v1', kind: get(object, 'spec', 'template') === undefined ? 'Pod' : 'Deployment', ...object, metadata }]).processes[0];
});

/** The Celery process of a pod or a Deployment, as its command line shows it. */
export function processOf(object: unknown): Process | undefined {
  return typeof object === 'object' && object !== null ? processes(object) : undefined;
}

/** The queues that a Deployment's workers consume; undefined where only the application's code says it. */
export function queuesOf(deployment: unknown): readonly string[] | undefined {
  const worker = processOf(deployment);
  if (worker?.role !== 'worker') return undefined;
  return worker.queues;
}
