import * as kplus from 'cdk8s-plus-28';
import { InitContainerSpec } from '../kubernetes/pods';

/** A `PythonRuntime` in the pods of one app. */
export interface BoundRuntime {
  /** Environment of the main container. */
  readonly env: Record<string, kplus.EnvValue>;
  /** Mounts of the main container. */
  readonly mounts: kplus.VolumeMount[];
  /** Init containers of a pod that needs these packages of the lock beside Celery. */
  initContainers(packages: readonly string[], tmp: kplus.Volume): InitContainerSpec[];
}
