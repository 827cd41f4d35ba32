import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import type { CeleryApp } from '../celery-app';

/** What an autoscaler has to know of a worker. */
export interface ScaledWorker {
  readonly scope: Construct;
  readonly celery: CeleryApp;
  /** The name of its Deployment. */
  readonly name: string;
  /** The queues that it consumes from; undefined where only its code knows. */
  readonly queues?: readonly string[];
  /** How many tasks a pod runs at a time. */
  readonly concurrency: number;
  /** How long a pod that is removed works on its longest task, in seconds. */
  readonly longestTask: number;
}

/** The objects that scale a worker. */
export interface Autoscaler {
  readonly autoscaler: ApiObject;
  readonly triggerAuthentication?: ApiObject;
}
