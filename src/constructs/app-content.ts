import { ApiObject } from 'cdk8s';
import type * as k8s from './kubernetes/api/types';
import type { Mount } from './kubernetes/pods';
import { BoundRuntime } from './runtime/bound-runtime';

/** What pods have of the code and of the runtime of an app. */
export interface AppContent {
  /** The volume with the code, where it is not in the image. */
  readonly code?: k8s.Volume;
  /** The ConfigMap of that volume. */
  readonly configMap?: ApiObject;
  readonly runtime: BoundRuntime;
  /** Where the package that composes URLs and loads settings is mounted; its ConfigMap is made when the first pod needs it. */
  readonly launch: () => Mount;
}
