import { keyOptions, RedisKeys, redisKeys } from '../celery/redis-keys';
import { KEDA_DEFAULTS } from '../celery/scaling';
import { DEFAULTS } from '../celery/settings';
import { lazy } from '../memo';
import { codeFiles, seesSettings } from './code';
import { grouped } from './grouped';
import { asList, asMap, asNumber, asScalar, asText, get } from './json';
import { Container } from './pod/container';
import { secretData } from './pod/sources';
import { Workload } from './pod/workload';
import { Process } from './process';
import { Resource } from './resource';
import type { World } from './world';

/** HPAs and ScaledObjects of a workload. */
export function scalersOf(workload: Workload, world: World): readonly Resource[] {
  return scalers(world).get(workload) ?? [];
}

const scalers = lazy((world: World) => grouped(['HorizontalPodAutoscaler', 'ScaledObject'].flatMap((kind) => world.kind(kind)).flatMap((scaler) => {
  if (!world.isLast(scaler)) return [];
  const target = world.target(scaler.namespace, get(scaler.json, 'spec', 'scaleTargetRef'), 'Deployment');
  return target ? [[target, scaler] as const] : [];
})));

/** The most pods of a workload that an autoscaler, or else its own number, allows. */
export function mostReplicas(workload: Workload, world: World): number {
  const limits = scalersOf(workload, world).map(({ json, kind }) => asNumber(get(json, 'spec', kind === 'ScaledObject' ? 'maxReplicaCount' : 'maxReplicas'))
    ?? (kind === 'ScaledObject' ? KEDA_DEFAULTS.maxReplicaCount : 1));
  return Math.max(limits.length > 0 ? 0 : workload.replicas ?? 1, ...limits);
}

/** The fewest pods of a workload that its autoscalers, or else its own number, leave. */
export function leastReplicas(workload: Workload, world: World): number {
  const limits = scalersOf(workload, world).map(({ json, kind }) => kind === 'ScaledObject' ? asNumber(get(json, 'spec', 'minReplicaCount')) ?? 0
    : asNumber(get(json, 'spec', 'minReplicas')) ?? 1);
  return limits.length > 0 ? Math.min(...limits) : workload.replicas ?? 1;
}

/** The parameters that a TriggerAuthentication gives; undefined when it is out of sight. */
export function authenticationOf({ scaler, authentication }: Trigger, world: World): ReadonlySet<string> | undefined {
  if (authentication === undefined) return new Set();
  const resource = world.find('TriggerAuthentication', scaler.namespace, authentication);
  if (!resource) return undefined;
  return new Set(Object.values(asMap(resource.json.spec)).flatMap((list) => asList(list).flatMap((entry) => asText(get(entry, 'parameter')) ?? [])));
}

/** What a TriggerAuthentication takes from Secrets, by its parameters; undefined where a Secret is out of sight. It is never shown. */
export function authenticationValues(authentication: Resource | undefined, world: World): ReadonlyMap<string, string | undefined> {
  return new Map(asList(get(authentication?.json, 'spec', 'secretTargetRef')).map((entry) => {
    const secret = world.find('Secret', authentication!.namespace, asText(get(entry, 'name')) ?? '');
    return [asText(get(entry, 'parameter')) ?? '', secret && secretData(secret).get(asText(get(entry, 'key')) ?? '')] as const;
  }));
}

/** The container whose variables `hostFromEnv` and its like name: the first one, unless the ScaledObject names another. */
export function envSource(scaler: Resource, workload: Workload): Container {
  const name = asText(get(scaler.json, 'spec', 'scaleTargetRef', 'envSourceContainerName'));
  return workload.containers.find((container) => container.name === name) ?? workload.containers[0];
}

/** More than one pod of a workload may run at a time, by intent. */
export function isScaled(workload: Workload, world: World): boolean {
  return (workload.replicas ?? 1) > 1 || workload.resource.kind === 'DaemonSet' || scalersOf(workload, world).length > 0;
}

/** A trigger of a ScaledObject: what KEDA measures. */
export interface Trigger {
  readonly scaler: Resource;
  readonly type: string;
  readonly metadata: (name: string) => string | undefined;
  /** The TriggerAuthentication that it names: what it holds is out of sight, unless that is in the input. */
  readonly authentication?: string;
  readonly path: Array<string | number>;
}

export function triggers(scaler: Resource): Trigger[] {
  return asList(get(scaler.json, 'spec', 'triggers')).flatMap((json, i) => {
    const type = asText(get(json, 'type'));
    const metadata = asMap(get(json, 'metadata'));
    if (type === undefined) return [];
    return [{
      scaler, type, metadata: (name: string) => asScalar(get(metadata, name)), path: ['spec', 'triggers', i, 'metadata'],
      authentication: asText(get(json, 'authenticationRef', 'name')),
    }];
  });
}

/** The queues of a worker: those of `-Q`, or, where all of its code is in sight, the one that it has by default. */
export function queuesInSight(worker: Process): readonly string[] | undefined {
  if (worker.queues || !worker.lacks('--queues') || !seesSettings(worker.container)) return worker.queues;
  if (codeFiles(worker.container).some(({ text }) => /\b(task_queues|CELERY_QUEUES)\b/.test(text))) return undefined;
  const queue = worker.setting('task_default_queue')?.value ?? (worker.sets('task_default_queue') ? undefined : DEFAULTS.queue);
  return queue === undefined ? undefined : [queue];
}

/** The keys of the queues of a worker in Redis, as far as its settings are in sight. */
export function keysOf(worker: Process): RedisKeys {
  return redisKeys(worker.queues ?? [], keyOptions(worker.setting('broker_transport_options')?.value ?? ''));
}

/** The hash of what is not acknowledged; a prefix of it may be out of sight. */
export function isUnacknowledged(name: string, worker: Process): boolean {
  return name === keysOf(worker).unacknowledged || name.endsWith('unacked');
}

/** A worker that a ScaledObject scales. */
export interface ScaledWorker {
  readonly worker: Process;
  readonly scaler: Resource;
  /** Its triggers on Redis lists. */
  readonly redis: readonly Trigger[];
  /** Its triggers on queues of RabbitMQ. */
  readonly rabbit: readonly Trigger[];
}

/** By a ScaledObject, or as the Jobs of a ScaledJob. */
export const scaledWorkers: (world: World) => readonly ScaledWorker[] = lazy((world: World) => world.workers.flatMap((worker) => {
  const { resource } = worker.workload;
  const found = resource.kind === 'ScaledJob' ? [resource] : scalersOf(worker.workload, world).filter(({ kind }) => kind === 'ScaledObject');
  return found.map((scaler) => {
    const all = triggers(scaler);
    return { worker, scaler, redis: all.filter(({ type }) => type === 'redis'), rabbit: all.filter(({ type }) => type === 'rabbitmq') };
  });
}));

/** Workloads that run Celery. */
export function celeryWorkloads(world: World): readonly Workload[] {
  return [...new Set(world.processes.map(({ workload }) => workload))];
}
