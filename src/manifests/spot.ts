import { asList, asScalar, asText, get, JsonObject, Path } from './json';

/** Nodes that their cloud takes away: the label or taint by which pods ask for them, and how many seconds a pod then has. */
const SPOT: ReadonlyArray<{ readonly key: string; readonly value: RegExp; readonly seconds: number }> = [
  { key: 'cloud.google.com/gke-spot', value: /^true$/, seconds: 25 },
  { key: 'cloud.google.com/gke-preemptible', value: /^true$/, seconds: 25 },
  { key: 'cloud.google.com/gke-provisioning', value: /^(spot|preemptible)$/, seconds: 25 },
  { key: 'kubernetes.azure.com/scalesetpriority', value: /^spot$/, seconds: 30 },
  { key: 'eks.amazonaws.com/capacityType', value: /^spot$/i, seconds: 120 },
  { key: 'karpenter.sh/capacity-type', value: /^spot$/, seconds: 120 },
  { key: 'node.kubernetes.io/lifecycle', value: /spot/i, seconds: 120 },
  { key: 'lifecycle', value: /spot|preemptible/i, seconds: 120 },
  { key: 'spotinst.io/node-lifecycle', value: /^spot$/, seconds: 120 },
  { key: 'scheduling.cast.ai/spot', value: /^true$|^$/, seconds: 120 },
];

export interface SpotNodes {
  readonly label: string;
  /** How long a pod has once its node is taken away. */
  readonly seconds: number;
  /** It runs nowhere else. */
  readonly only: boolean;
  /** From the spec of the pod. */
  readonly path: Path;
}

function find(key: unknown, value: unknown): typeof SPOT[number] | undefined {
  return SPOT.find((one) => one.key === key && one.value.test(asScalar(value) ?? ''));
}

/** Whether pods run on nodes of that kind: because nothing else is selected, or because they tolerate them. */
export function spotNodes(spec: JsonObject): SpotNodes | undefined {
  for (const [key, value] of Object.entries(get(spec, 'nodeSelector') ?? {})) {
    const found = find(key, value);
    if (found) return { label: `${key}=${asScalar(value)}`, seconds: found.seconds, only: true, path: ['nodeSelector'] };
  }
  const affinity: Path = ['affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms'];
  const terms = asList(get(spec, ...affinity));
  const byTerm = terms.map((term) => asList(get(term, 'matchExpressions')).flatMap((expression) => {
    const values = get(expression, 'operator') === 'In' ? asList(get(expression, 'values')) : ['true'];
    const key = asText(get(expression, 'key')) ?? '';
    const found = ['In', 'Exists'].includes(asText(get(expression, 'operator')) ?? '') ? values.map((value) => find(key, value)) : [];
    const spot = found.find((one) => one !== undefined);
    return spot ? [{ label: `${key} ${values.map((value) => asScalar(value)).join(', ')}`, seconds: spot.seconds, all: !found.includes(undefined) }] : [];
  })[0]);
  const first = byTerm.find((one) => one !== undefined);
  if (first) return { ...first, only: byTerm.every((one) => one?.all), path: affinity.slice(0, 2) };
  for (const [i, toleration] of asList(spec.tolerations).entries()) {
    const key = asText(get(toleration, 'key'));
    const found = find(key, get(toleration, 'value')) ?? (get(toleration, 'operator') === 'Exists' ? SPOT.find((one) => one.key === key) : undefined);
    if (found) return { label: `toleration of ${key}`, seconds: found.seconds, only: false, path: ['tolerations', i] };
  }
  return undefined;
}
