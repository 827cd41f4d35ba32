import { lazy } from '../memo';
import { asMap, asNumber, asText, get } from '../manifests/json';
import { Process } from '../manifests/process';
import { World } from '../manifests/world';
import { Cluster } from './cluster';
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
