/** By these something in the cluster adds files to a Secret or a ConfigMap, or writes other values into it, or adds files to a pod. */
const FILLED = /inject|trust|bundle|cert-manager|reflect|replicat|kubed|vault|generat/i;

interface Marked {
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, unknown>>;
}

/** Whether a controller or a webhook of the cluster may bring content of its own into an object: it has an annotation or a label of one. */
export function isFilled({ annotations, labels }: Marked): boolean {
  return [...Object.keys(annotations), ...Object.keys(labels)].some((name) => FILLED.test(name));
}
