import type * as k8s from '../kubernetes/api/types';
import { InitContainerSpec, Mount } from '../kubernetes/pods';

/** A `PythonRuntime` in the pods of one app. */
export interface BoundRuntime {
  /** Environment of the main container. */
  readonly env: readonly k8s.EnvVar[];
  /** Mounts of the main container. */
  readonly mounts: readonly Mount[];
  /** Init containers of a pod that has these needs of the lock (`flower`, `gevent`) in addition to Celery. */
  initContainers(needs: readonly string[], tmp: k8s.Volume): readonly InitContainerSpec[];
}
