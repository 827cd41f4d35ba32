import { Duration } from 'cdk8s';
import type * as k8s from './kubernetes/api/types';
import { SecretKey } from './secret-key';
import { Problem } from './validation/problems';

/** A schedule as Beat has it: what its pod needs for it. */
export interface ScheduleSpec {
  /** What `celery beat -S` takes; undefined for Celery's own. */
  readonly scheduler?: string;
  /** Whether it keeps a file, the `storage` of Beat. */
  readonly keepsFile: boolean;
  readonly loopInterval?: Duration;
  readonly lockTimeout?: Duration;
  /** Where its keys are, if in a Redis: that of the message broker, or that of a Secret. */
  readonly redis?: 'broker' | SecretKey;
  /** How pods connect to the Redis of a Secret, as far as it is known. */
  readonly egress?: readonly k8s.NetworkPolicyEgressRule[];
  readonly env?: readonly k8s.EnvVar[];
  /** What it needs of the lock in addition to Celery: only Beat, or all pods of the app. */
  readonly needs?: { readonly need: string; readonly of: 'beat' | 'app' };
  readonly problems: readonly Problem[];
}
