/** Seconds that the cluster autoscaler gives a pod to end, whatever its own grace period is (`--max-graceful-termination-sec`). */
export const AUTOSCALER_GRACE = 600;

/** Annotations of a pod that keep an autoscaler from moving it to save a node. */
export const NOT_MOVED: Readonly<Record<string, string>> = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', 'karpenter.sh/do-not-disrupt': 'true',
};

/** Those, and the one of Karpenter before 0.32. */
export const KEPT: Readonly<Record<string, string>> = { ...NOT_MOVED, 'karpenter.sh/do-not-evict': 'true' };
