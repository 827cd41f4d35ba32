import { spotNodes } from '../../src/manifests/spot';

const term = (key: string, operator: string, ...values: string[]) =>
  ({ matchExpressions: [{ key, operator, ...values.length > 0 ? { values } : {} }] });
const affinity = (...nodeSelectorTerms: object[]) =>
  ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
const AFFINITY = ['affinity', 'nodeAffinity'];

test.each<[string, object, [string, number, boolean, (string | number)[]] | undefined]>([
  ['nothing', {}, undefined],
  ['a node of Google', { nodeSelector: { 'cloud.google.com/gke-spot': 'true' } }, ['cloud.google.com/gke-spot=true', 15, true, ['nodeSelector']]],
  ['a preemptible node', { nodeSelector: { 'a': 'b', 'cloud.google.com/gke-preemptible': 'true' } }, ['cloud.google.com/gke-preemptible=true', 15, true, ['nodeSelector']]],
  ['a provisioned node', { nodeSelector: { 'cloud.google.com/gke-provisioning': 'preemptible' } }, ['cloud.google.com/gke-provisioning=preemptible', 15, true, ['nodeSelector']]],
  ['a node of Azure', { nodeSelector: { 'kubernetes.azure.com/scalesetpriority': 'spot' } }, ['kubernetes.azure.com/scalesetpriority=spot', 30, true, ['nodeSelector']]],
  ['a node of Amazon', { nodeSelector: { 'eks.amazonaws.com/capacityType': 'SPOT' } }, ['eks.amazonaws.com/capacityType=SPOT', 120, true, ['nodeSelector']]],
  ['a node of Karpenter', { nodeSelector: { 'karpenter.sh/capacity-type': 'spot' } }, ['karpenter.sh/capacity-type=spot', 120, true, ['nodeSelector']]],
  ['a lifecycle', { nodeSelector: { lifecycle: 'Ec2Spot' } }, ['lifecycle=Ec2Spot', 120, true, ['nodeSelector']]],
  ['another lifecycle', { nodeSelector: { 'node.kubernetes.io/lifecycle': 'spot' } }, ['node.kubernetes.io/lifecycle=spot', 120, true, ['nodeSelector']]],
  ['a node of Spot', { nodeSelector: { 'spotinst.io/node-lifecycle': 'spot' } }, ['spotinst.io/node-lifecycle=spot', 120, true, ['nodeSelector']]],
  ['a node of Alibaba Cloud', { nodeSelector: { 'alibabacloud.com/spot-instance': 'true' } }, ['alibabacloud.com/spot-instance=true', 300, true, ['nodeSelector']]],
  ['a node of Cast', { nodeSelector: { 'scheduling.cast.ai/spot': '' } }, ['scheduling.cast.ai/spot=', 120, true, ['nodeSelector']]],
  ['a node that is none', { nodeSelector: { 'cloud.google.com/gke-spot': 'false', 'karpenter.sh/capacity-type': 'on-demand', 'lifecycle': 'OnDemand' } }, undefined],
  ['a label that only ends like it', { nodeSelector: { 'karpenter.sh/capacity-type': 'spotty' } }, undefined],
  ['affinity', affinity(term('karpenter.sh/capacity-type', 'In', 'spot')), ['karpenter.sh/capacity-type spot', 120, true, AFFINITY]],
  ['affinity with others', affinity(term('karpenter.sh/capacity-type', 'In', 'on-demand', 'spot')), ['karpenter.sh/capacity-type on-demand, spot', 120, false, AFFINITY]],
  ['affinity of another term', affinity(term('a', 'In', 'b'), term('karpenter.sh/capacity-type', 'In', 'spot')), ['karpenter.sh/capacity-type spot', 120, false, AFFINITY]],
  ['affinity to a label that exists', affinity(term('cloud.google.com/gke-spot', 'Exists')), ['cloud.google.com/gke-spot true', 15, true, AFFINITY]],
  ['affinity to a label that only such nodes have', affinity(term('kubernetes.azure.com/scalesetpriority', 'Exists')), ['kubernetes.azure.com/scalesetpriority true', 30, true, AFFINITY]],
  ['affinity to a label that all nodes have', affinity(term('karpenter.sh/capacity-type', 'Exists')), undefined],
  ['affinity to all but those that stay', affinity(term('karpenter.sh/capacity-type', 'NotIn', 'on-demand')), ['karpenter.sh/capacity-type not on-demand', 120, false, AFFINITY]],
  ['the same of Amazon', affinity(term('eks.amazonaws.com/capacityType', 'NotIn', 'ON_DEMAND')), ['eks.amazonaws.com/capacityType not ON_DEMAND', 120, false, AFFINITY]],
  ['affinity to neither', affinity(term('karpenter.sh/capacity-type', 'NotIn', 'on-demand', 'spot')), undefined],
  ['a preference', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('cloud.google.com/gke-spot', 'In', 'true') }] } } },
    ['cloud.google.com/gke-spot true', 15, false, AFFINITY]],
  ['a preference for others', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: term('cloud.google.com/gke-spot', 'DoesNotExist') }] } } }, undefined],
  ['a node of Oracle', { nodeSelector: { 'oci.oraclecloud.com/oke-is-preemptible': 'true' } }, ['oci.oraclecloud.com/oke-is-preemptible=true', 120, true, ['nodeSelector']]],
  ['affinity to others', affinity(term('karpenter.sh/capacity-type', 'NotIn', 'spot')), undefined],
  ['affinity to none', affinity(term('cloud.google.com/gke-spot', 'DoesNotExist')), undefined],
  ['a toleration', { tolerations: [{ key: 'a' }, { key: 'cloud.google.com/gke-spot', value: 'true' }] }, ['toleration of cloud.google.com/gke-spot', 15, false, ['tolerations', 1]]],
  ['a toleration of all values', { tolerations: [{ key: 'kubernetes.azure.com/scalesetpriority', operator: 'Exists' }] },
    ['toleration of kubernetes.azure.com/scalesetpriority', 30, false, ['tolerations', 0]]],
  ['a toleration of another value', { tolerations: [{ key: 'kubernetes.azure.com/scalesetpriority', operator: 'Equal', value: 'regular' }] }, undefined],
  ['a toleration of everything', { tolerations: [{ operator: 'Exists' }] }, undefined],
])('%s', (_, spec, expected) => {
  const found = spotNodes(spec as Record<string, never>);
  expect(found && [found.label, found.seconds, found.only, found.path]).toEqual(expected);
});
