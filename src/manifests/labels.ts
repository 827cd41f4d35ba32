// Kubernetes' own labels. @see https://kubernetes.io/docs/reference/labels-annotations-taints/

export const LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
} as const;

/** Labels that controllers give to the pods that they make. */
export const OF_CONTROLLERS = /^(pod-template-hash|controller-revision-hash|(apps|statefulset)\.kubernetes\.io\/.*|batch\.kubernetes\.io\/.*|job-name|controller-uid)$/;

/** Of a namespace: its name. */
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** Of a node: its name. */
export const HOSTNAME = 'kubernetes.io/hostname';
