import { isDevice, isGpu, isWholeDevice } from '../celery/devices';
import { MAIN_PROCESS_BYTES, memoryOfWorker } from '../celery/memory';
import { mebibytes, quantity } from '../celery/quantity';
import { isMap, JsonObject } from '../manifests/json';
import { DEFAULT_SHARE, podsOf } from '../manifests/shares';
import { spotNodes } from '../manifests/spot';
import type * as k8s from './kubernetes/api/types';
import { CheckedOptions } from './kubernetes/options';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import type { WorkerPool } from './worker-pool';
import type { WorkerShutdown } from './worker-shutdown';

/** The GPUs and other devices that a container asks for. */
export function devicesOf(resources: k8s.ResourceRequirements | undefined): string[] {
  return [resources?.limits, resources?.requests].flatMap((amounts) => Object.keys(amounts ?? {}).filter(isDevice));
}

/** Those of all containers of a pod, and those of resource claims, of which only the name of the claim is known. */
export function devicesOfPod({ resources, sidecars = [], containers = [], initContainers = [] }: CheckedOptions): string[] {
  const all = [resources, ...[...sidecars, ...containers, ...initContainers].map((container) => container.resources)];
  return all.flatMap((one) => [...devicesOf(one), ...(one?.claims ?? []).map(({ name }) => name)]);
}

/** A device that is taken is free only when an old pod has gone: none is started before. */
export const NO_SURGE: k8s.DeploymentStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };

/** A rollout that starts a pod with a GPU before it stops one waits for a GPU that nobody frees. */
export function surgeProblems(strategy: k8s.DeploymentStrategy | undefined, most: number, devices: readonly string[]): Problem[] {
  const device = devices.find(isWholeDevice);
  if (device === undefined || strategy === undefined || strategy.type === 'Recreate') return [];
  const { maxSurge = DEFAULT_SHARE, maxUnavailable = DEFAULT_SHARE } = strategy.rollingUpdate ?? {};
  if (podsOf(maxUnavailable, most, Math.floor) !== 0 || podsOf(maxSurge, most, Math.ceil) === 0) return [];
  return [{
    prop: 'strategy.rollingUpdate', value: strategy.rollingUpdate, wrong: `starts a new pod before an old one stops, and the ${isGpu(device) ? 'GPU' : device} that it waits for is that of the old one`,
    fix: 'leave strategy out, or give maxSurge: 0 and maxUnavailable: 1',
  }];
}

/** The size at which a child is replaced, and what gives it. */
interface ChildMemory {
  readonly prop: string;
  readonly text: string;
  readonly kibibytes: number;
}

/** That of the pool, or else of the settings. */
export function childMemory({ _name, _limits: { maxMemoryPerChild } }: WorkerPool, settings: ReadonlyMap<string, unknown>): ChildMemory | undefined {
  if (_name !== 'prefork') return undefined;
  if (maxMemoryPerChild) return { prop: 'maxMemoryPerChild', text: maxMemoryPerChild.asString(), kibibytes: checks.kibibytes(maxMemoryPerChild) };
  const given = settings.get(CHILD_MEMORY);
  return typeof given === 'number' && given > 0 && given <= checks.INT32 ? { prop: `settings.${CHILD_MEMORY}`, text: `${given} KiB`, kibibytes: given } : undefined;
}

const CHILD_MEMORY = 'worker_max_memory_per_child';

/** Children that may grow beyond what the container has: the kernel kills one of them before Celery replaces it. */
export function memoryProblems(pool: WorkerPool, resources: k8s.ResourceRequirements | undefined, settings: ReadonlyMap<string, unknown>): Problem[] {
  const limit = quantity(resources?.limits?.memory);
  const child = childMemory(pool, settings);
  const { _concurrency } = pool;
  if (limit === undefined || child === undefined || !Number.isInteger(_concurrency)) return [];
  if (memoryOfWorker(_concurrency, child.kibibytes) <= limit) return [];
  const fits = Math.floor((limit - MAIN_PROCESS_BYTES) / _concurrency / 2 ** 20);
  const most = child.prop === 'maxMemoryPerChild' ? `${fits} MiB` : `${fits * 1024}`;
  return [{
    prop: child.prop, value: child.text,
    wrong: `in each of ${_concurrency} processes, and ${mebibytes(MAIN_PROCESS_BYTES)} for the main one, are more than the memory limit, ${mebibytes(limit)}: the kernel would kill before Celery replaces`,
    fix: fits > 0 ? `lower it to at most ${most}, or raise resources.limits.memory` : 'raise resources.limits.memory, or lower concurrency',
  }];
}

/** What is said of how a worker on nodes that are taken away stops. */
export interface OnSpotNodes {
  readonly options: CheckedOptions;
  /** The longest task in seconds, where something says how long it may take. */
  readonly longestTask?: number;
  readonly shutdown?: WorkerShutdown;
  readonly pool: WorkerPool;
  /** Whether tasks are acknowledged late. */
  readonly late: boolean;
}

/** What a worker needs at least when it has cancelled its tasks, in seconds. */
const TO_END = 5;

/** Tasks that take longer than a node gives them, and are lost with it. */
export function spotProblems({ options, longestTask, shutdown, pool, late }: OnSpotNodes): Problem[] {
  const spec = { nodeSelector: options.nodeSelector, affinity: options.affinity, tolerations: options.tolerations } as JsonObject;
  const spot = spotNodes(spec);
  if (!spot || !isMap(spec)) return [];
  // Celery cannot cancel a task of another pool: what is acknowledged late begins again on another node.
  const cancels = pool._name === 'prefork';
  const soft = cancels ? shutdown?._soft : undefined;
  if (soft && late) {
    const timeout = soft.timeout.toSeconds({ integral: false });
    return timeout + TO_END <= spot.seconds ? [] : [{
      prop: 'shutdown.timeout', value: `${timeout} s`, wrong: `and ${TO_END} seconds to end are more than the ${spot.seconds} s that ${spot.label} gives a pod`,
      fix: `give at most Duration.seconds(${spot.seconds - TO_END})`,
    }];
  }
  if (longestTask === undefined || longestTask <= spot.seconds || (late && !cancels)) return [];
  const softly = `shutdown: WorkerShutdown.soft({ timeout: Duration.seconds(${spot.seconds - TO_END}) })`;
  return [{
    prop: String(spot.path[0]), value: spot.label,
    wrong: `gives a pod ${spot.seconds} s before its node is gone, and the longest task takes ${longestTask} s: it would ${late
      ? 'be killed in the middle, and begin again only when its message is delivered again' : 'be lost'}`,
    fix: `use ${[...(late ? [] : ['delivery: TaskDelivery.atLeastOnce()']), ...(cancels ? [softly] : [])].join(' and ')}, or other nodes`,
  }];
}
