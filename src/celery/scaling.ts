// Numbers that constructs and rules share.

/** What KEDA takes where a ScaledObject leaves it out. @see https://keda.sh/docs/latest/reference/scaledobject-spec/ */
export const KEDA_DEFAULTS = { minReplicaCount: 0, maxReplicaCount: 100, cooldownPeriod: 300 } as const;

/** What Kubernetes takes where a HorizontalPodAutoscaler leaves it out, in seconds. */
export const SCALE_DOWN_WINDOW = 300;

/** The longest periods that the API server accepts, in seconds. @see k8s.io/kubernetes/pkg/apis/autoscaling/validation */
export const LONGEST_PERIOD = 1800;
export const LONGEST_WINDOW = 3600;

/** Scaling in where the user says nothing: a pod in this many seconds, or in the time of the longest task, whichever is more. */
export const SCALE_IN_PERIOD = 180;
