import { once } from '../memo/once';
import { asList, asMap, asScalar, asText, get } from './json';
import { Workload } from './pod/workload';
import { Process } from './process';
import { Resource } from './resource';
import type { World } from './world';

/** A trigger of a ScaledObject: what KEDA measures. */
export interface Trigger {
  readonly scaler: Resource;
  readonly type: string;
  readonly metadata: (name: string) => string | undefined;
  readonly path: Array<string | number>;
}

export function triggers(scaler: Resource): Trigger[] {
  return asList(get(scaler.json, 'spec', 'triggers')).flatMap((json, i) => {
    const type = asText(get(json, 'type'));
    const metadata = asMap(get(json, 'metadata'));
    if (type === undefined) return [];
    return [{ scaler, type, metadata: (name: string) => asScalar(get(metadata, name)), path: ['spec', 'triggers', i, 'metadata'] }];
  });
}

/** A worker that a ScaledObject scales. */
export interface ScaledWorker {
  readonly worker: Process;
  readonly scaler: Resource;
  /** Its triggers on Redis lists. */
  readonly redis: readonly Trigger[];
}

export const scaledWorkers: (world: World) => readonly ScaledWorker[] = once((world: World) =>
  world.workers.flatMap((worker) => world.scalersOf(worker.workload).filter(({ kind }) => kind === 'ScaledObject')
    .map((scaler) => ({ worker, scaler, redis: triggers(scaler).filter(({ type }) => type === 'redis') }))));

/** Workloads that run Celery. */
export function celeryWorkloads(world: World): readonly Workload[] {
  return [...new Set(world.processes.map(({ workload }) => workload))];
}
