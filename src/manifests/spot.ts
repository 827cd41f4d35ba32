import { asList, asScalar, asText, get, JsonObject, Path } from './json';

interface SpotLabel {
  readonly key: string;
  readonly value: RegExp;
  readonly seconds: number;
  /** The value of nodes that stay; without one, nodes that stay lack the label. */
  readonly stays?: RegExp;
}

/**
 * Of the 30 seconds after its notice GKE gives the first 15 to pods of users, and the rest to those of the system. From version 1.35 a node pool may
 * have more, at most 120.
 *
 * @see https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms
 */
const GKE = 15;

/** Nodes that their cloud takes away: the label or taint by which pods ask for them, and how many seconds a pod then has. */
const SPOT: readonly SpotLabel[] = [
  { key: 'cloud.google.com/gke-spot', value: /^true$/, seconds: GKE },
  { key: 'cloud.google.com/gke-preemptible', value: /^true$/, seconds: GKE },
  { key: 'cloud.google.com/gke-nodepool', value: /(?<!(?:^|-)(?:no|non|not)-)(?<![^-])(spot|preemptible)(?![^-])/, seconds: GKE },
  { key: 'cloud.google.com/gke-provisioning', value: /^(spot|preemptible)$/, seconds: GKE },
  { key: 'kubernetes.azure.com/scalesetpriority', value: /^spot$/, seconds: 30 },
  { key: 'eks.amazonaws.com/capacityType', value: /^spot$/i, seconds: 120, stays: /^on_demand$/i },
  { key: 'karpenter.sh/capacity-type', value: /^spot$/, seconds: 120, stays: /^on-demand$/ },
  { key: 'node.kubernetes.io/lifecycle', value: /spot/i, seconds: 120, stays: /normal|on-?demand/i },
  { key: 'lifecycle', value: /spot|preemptible/i, seconds: 120, stays: /normal|on-?demand/i },
  { key: 'alibabacloud.com/spot-instance', value: /^true$/, seconds: 300 },
  { key: 'oci.oraclecloud.com/oke-is-preemptible', value: /^true$/, seconds: 120 },
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

/** What one term of a node affinity selects of them, and whether it selects nothing else. */
function ofTerm(term: unknown): { readonly label: string; readonly seconds: number; readonly all: boolean } | undefined {
  for (const expression of asList(get(term, 'matchExpressions'))) {
    const key = asText(get(expression, 'key')) ?? '';
    const operator = asText(get(expression, 'operator'));
    const values = asList(get(expression, 'values'));
    const texts = values.map((value) => asScalar(value) ?? '');
    if (operator === 'In') {
      const found = values.map((value) => find(key, value));
      const spot = found.find((one) => one !== undefined);
      if (spot) return { label: `${key} ${texts.join(', ')}`, seconds: spot.seconds, all: !found.includes(undefined) };
    }
    const known = SPOT.find((one) => one.key === key);
    if (operator === 'Exists' && known && !known.stays) return { label: `${key} true`, seconds: known.seconds, all: true };
    // There may be other kinds, such as reserved capacity.
    const excluded = operator === 'NotIn' && known?.stays !== undefined && texts.some((value) => known.stays!.test(value)) && !texts.some((value) => known.value.test(value));
    if (excluded) return { label: `${key} not ${texts.join(', ')}`, seconds: known.seconds, all: false };
  }
  return undefined;
}

/** Whether pods run on nodes of that kind: because nothing else is selected, or because they tolerate them. */
export function spotNodes(spec: JsonObject): SpotNodes | undefined {
  for (const [key, value] of Object.entries(get(spec, 'nodeSelector') ?? {})) {
    const found = find(key, value);
    if (found) return { label: `${key}=${asScalar(value)}`, seconds: found.seconds, only: true, path: ['nodeSelector'] };
  }
  const affinity: Path = ['affinity', 'nodeAffinity'];
  const terms = asList(get(spec, ...affinity, 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms'));
  const byTerm = terms.map(ofTerm);
  const preferred = asList(get(spec, ...affinity, 'preferredDuringSchedulingIgnoredDuringExecution')).map((one) => ofTerm(get(one, 'preference')));
  const first = [...byTerm, ...preferred].find((one) => one !== undefined);
  if (first) return { ...first, only: byTerm.length > 0 && byTerm.every((one) => one?.all), path: affinity };
  for (const [i, toleration] of asList(spec.tolerations).entries()) {
    const key = asText(get(toleration, 'key'));
    const found = find(key, get(toleration, 'value')) ?? (get(toleration, 'operator') === 'Exists' ? SPOT.find((one) => one.key === key) : undefined);
    if (found) return { label: `toleration of ${key}`, seconds: found.seconds, only: false, path: ['tolerations', i] };
  }
  return undefined;
}
