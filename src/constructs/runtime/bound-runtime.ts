import * as kplus from 'cdk8s-plus-28';
import { InitContainerSpec } from '../kubernetes/pods';

/** A `PythonRuntime` in the pods of one app. */
export interface BoundRuntime {
  /** Environment of the main container. */
  readonly env: Record<string, kplus.EnvValue>;
  /** Mounts of the main container. */
  readonly mounts: kplus.VolumeMount[];
  /** Init containers of a pod that has these needs of the lock (`flower`, `gevent`) in addition to Celery. */
  initContainers(needs: readonly string[], tmp: kplus.Volume): InitContainerSpec[];
}
