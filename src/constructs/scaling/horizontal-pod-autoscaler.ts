import { ApiObject } from 'cdk8s';
import type * as k8s from '../kubernetes/api/types';
import { scalingBehavior } from './behavior';
import { Autoscaler, ScaledWorker } from './scaled-worker';
import type { CpuScalingOptions } from './worker-scaling';

/** Scales a worker by the CPU that its pods use. */
export function horizontalPodAutoscaler(
  { scope, name, longestTask }: ScaledWorker, metadata: object,
  { minReplicas = 1, maxReplicas, averageUtilization = 70, behavior }: CpuScalingOptions,
): Autoscaler {
  return {
    autoscaler: new ApiObject(scope, 'Autoscaler', {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name, ...metadata },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas,
        maxReplicas,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }],
        behavior: scalingBehavior(behavior as k8s.HorizontalPodAutoscalerBehavior | undefined, longestTask),
      },
    }),
  };
}
