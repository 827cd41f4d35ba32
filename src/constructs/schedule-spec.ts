import { Duration } from 'cdk8s';
import type * as k8s from './kubernetes/api/types';
import { Problem } from './validation/problems';

/** A schedule as Beat has it: what its pod needs for it. */
export interface ScheduleSpec {
  /** What `celery beat -S` takes; undefined for Celery's own. */
  readonly scheduler?: string;
  /** Whether it keeps a file, the `storage` of Beat. */
  readonly keepsFile: boolean;
  readonly loopInterval?: Duration;
  readonly lockTimeout?: Duration;
  /** Whether its keys are in the Redis of the message broker. */
  readonly inBroker?: boolean;
  readonly env?: readonly k8s.EnvVar[];
  /** What it needs of the lock in addition to Celery: only Beat, or all pods of the app. */
  readonly needs?: { readonly need: string; readonly of: 'beat' | 'app' };
  readonly problems: readonly Problem[];
}
