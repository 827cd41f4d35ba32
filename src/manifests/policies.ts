import { hasPlaceholder } from '../celery/filled-in';
import { DNS_PORT } from '../celery/ports';
import { lazy } from '../memo';
import { ALL_IPV4, cidrOfAddress, isCidr, PRIVATE_NETWORKS, reaches } from './cidr';
import { grouped } from './grouped';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject } from './json';
import { NAMESPACE_NAME } from './labels';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** Whether labels meet a selector; undefined where an operator is not known. */
export function selects(selector: unknown, labels: JsonObject): boolean {
  const byLabel = Object.entries(asMap(get(selector, 'matchLabels'))).every(([name, value]) => asScalar(labels[name]) === asScalar(value));
  return byLabel && asList(get(selector, 'matchExpressions')).every((expression) => {
    const value = asScalar(labels[asText(get(expression, 'key')) ?? '']);
    const values = asList(get(expression, 'values')).map((one) => asScalar(one));
    switch (get(expression, 'operator')) {
      case 'In': return value !== undefined && values.includes(value);
      case 'NotIn': return value === undefined || !values.includes(value);
      case 'Exists': return value !== undefined;
      case 'DoesNotExist': return value === undefined;
      default: return true;
    }
  });
}

export type Direction = 'Ingress' | 'Egress';

/** A NetworkPolicy that limits a direction. */
export function limits({ json }: Resource, direction: Direction): boolean {
  const types = asList(get(json, 'spec', 'policyTypes'));
  return types.length > 0 ? types.includes(direction) : direction === 'Ingress' || get(json, 'spec', 'egress') !== undefined;
}

/** The policies by the workloads that they select; plain labels are looked up. */
const policiesByWorkload = lazy((world: World) => {
  const byNamespace = grouped(world.workloads.map((workload) => [workload.resource.namespace, workload]));
  return grouped(world.kind('NetworkPolicy').filter(({ apiVersion }) => apiVersion.startsWith('networking.k8s.io/')).flatMap((policy) => {
    const selector = get(policy.json, 'spec', 'podSelector');
    const labels = asMap(get(selector, 'matchLabels'));
    const plain = Object.keys(labels).length > 0 && asList(get(selector, 'matchExpressions')).length === 0;
    const selected = plain ? world.select(policy.namespace, labels)
      : (byNamespace.get(policy.namespace) ?? []).filter((workload) => selects(selector, workload.labels));
    return selected.map((workload) => [workload, policy] as const);
  }));
});

/** The policies that limit a direction for the pods of a workload: what one of them allows is allowed. In the network of the node there are none. */
export function policiesOf(workload: Workload, direction: Direction, world: World): readonly Resource[] {
  if (workload.spec.hostNetwork === true) return [];
  return (policiesByWorkload(world).get(workload) ?? []).filter((policy) => limits(policy, direction));
}

/** The kinds of other policies, of Cilium, Calico and administrators: they allow in addition to NetworkPolicies, or before them. */
const OTHER_POLICIES = [
  'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'GlobalNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy',
];

/** Whether a policy of another kind may allow something to the pods of a workload. What it selects is not computed. */
export function hasOtherPolicies({ resource: { namespace } }: Workload, world: World): boolean {
  return others(world).has('') || others(world).has(namespace);
}

/** The namespaces of policies of other kinds. */
const others = lazy((world: World): ReadonlySet<string> => new Set([
  ...OTHER_POLICIES.flatMap((kind) => world.kind(kind)), ...world.kind('NetworkPolicy').filter(({ apiVersion }) => !apiVersion.startsWith('networking.k8s.io/')),
].map(({ namespace }) => namespace)));

/** The rules of policies, each with its policy. */
export function rulesOf(policies: readonly Resource[], direction: Direction): readonly unknown[] {
  return policies.flatMap(({ json }) => asList(get(json, 'spec', direction === 'Ingress' ? 'ingress' : 'egress')));
}

/** Whether a rule allows a port of a pod; names are those that the pod gives it. */
export function allowsPort(rule: unknown, port: number, protocol: string, names: ReadonlySet<string> = new Set()): boolean {
  const ports = asList(get(rule, 'ports'));
  return ports.length === 0 || ports.some((entry) => {
    const own = asText(get(entry, 'protocol')) ?? 'TCP';
    if (own !== protocol && !hasPlaceholder(own)) return false;
    const given = get(entry, 'port');
    const number = asNumber(given) ?? (/^\d+$/.test(asText(given) ?? '') ? Number(given) : undefined);
    if (given === undefined) return true;
    if (number === undefined) return names.size === 0 || names.has(asText(given) ?? '') || hasPlaceholder(asText(given) ?? '');
    return number === port || (number <= port && port <= (asNumber(get(entry, 'endPort')) ?? number));
  });
}

/** Whether one of the peers of a rule (`from`, `to`) may be a pod of a workload: what is not in sight may be. */
export function allowsPeer(rule: unknown, direction: Direction, policy: Resource, peer: Workload, world: World): boolean {
  const peers = asList(get(rule, direction === 'Ingress' ? 'from' : 'to'));
  return peers.length === 0 || peers.some((one) => {
    if (get(one, 'ipBlock') !== undefined) return mayBePods(get(one, 'ipBlock'));
    const namespaces = get(one, 'namespaceSelector');
    const inNamespace = isMap(namespaces) ? mayBeNamespace(namespaces, peer.resource.namespace, world) : policy.namespace === peer.resource.namespace;
    return inNamespace && (get(one, 'podSelector') === undefined || selects(get(one, 'podSelector'), peer.labels));
  });
}

/** A namespace whose labels are not in sight may have any but the one that Kubernetes gives it. */
function mayBeNamespace(selector: JsonObject, name: string, world: World): boolean {
  const known = world.find('Namespace', '', name)?.labels;
  if (known) return selects(selector, { [NAMESPACE_NAME]: name, ...known });
  const wanted = asScalar(asMap(selector.matchLabels)[NAMESPACE_NAME]);
  return wanted === undefined || name === '' || wanted === name;
}

/** Addresses of carriers, which some clusters give to their pods. */
export const OF_CARRIERS = '100.64.0.0/10';

/** Where the servers of a cluster have their addresses: private ones, those of carriers, and that of a cache on the node. */
const OF_CLUSTERS = [...PRIVATE_NETWORKS, OF_CARRIERS];

/** Where clusters have their pods by default. */
const OF_PODS = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** Whether some pods may be in a network: all but its exceptions is what people write for the Internet. */
function mayBePods(block: unknown): boolean {
  const cidr = get(block, 'cidr');
  return cidr !== ALL_IPV4 || OF_PODS.some((range) => reaches(cidr, asList(get(block, 'except')), range));
}

/** Whether some rule of policies takes addresses of carriers, where pods may be, at a port. */
export function takesCarriers(policies: readonly Resource[], direction: Direction, port: number, names: ReadonlySet<string>): boolean {
  return rulesOf(policies, direction).some((rule) => allowsPort(rule, port, 'TCP', names) && asList(get(rule, direction === 'Ingress' ? 'from' : 'to'))
    .some((peer) => reaches(get(peer, 'ipBlock', 'cidr'), asList(get(peer, 'ipBlock', 'except')), OF_CARRIERS)));
}

/**
 * Whether a rule lets the pods of a workload ask a DNS server: those of the cluster are in a namespace of its own, or at an address; otherwise the
 * condition under which it does.
 */
export function allowsDns(rule: unknown, { spec, resource }: Workload, world: World): boolean | string {
  const ports = asList(get(rule, 'ports'));
  // Names of ports are those of the DNS pods: dns, dns-tcp. Names are asked over UDP; TCP is for answers that are too long for it.
  const named = ports.some((entry) => /dns/i.test(asText(get(entry, 'port')) ?? '') && get(entry, 'protocol') === 'UDP');
  if (!named && !allowsPort(rule, DNS_PORT, 'UDP') && !allowsPort(rule, 5353, 'UDP')) return false;
  const peers = asList(get(rule, 'to'));
  if (peers.length === 0 || resource.namespace === DNS_NAMESPACE) return true;
  const own = asList(get(spec, 'dnsConfig', 'nameservers')).flatMap((server) => cidrOfAddress(asText(server) ?? '') ?? []);
  const answers = peers.map((peer) => {
    const cidr = get(peer, 'ipBlock', 'cidr');
    if (cidr === undefined) return isOfDns(peer, resource.namespace, world);
    // Clusters with IPv6 have public addresses inside.
    return !isCidr(cidr) || String(cidr).includes(':') || [...OF_CLUSTERS, ...own].some((range) => reaches(cidr, asList(get(peer, 'ipBlock', 'except')), range))
      || 'the DNS server of the cluster is at one of the public addresses';
  });
  return answers.includes(true) || (answers.find((answer) => answer !== false) ?? false);
}

const DNS_NAMESPACE = 'kube-system';

/** Whether a peer may be the pods of a DNS server. */
function isOfDns(peer: unknown, own: string, world: World): boolean | string {
  const namespaces = get(peer, 'namespaceSelector');
  const labels = asMap(get(namespaces, 'matchLabels'));
  if (!isMap(namespaces)) {
    const pods = JSON.stringify(get(peer, 'podSelector') ?? '');
    return /kube-?dns/i.test(pods) && own !== '' ? `the DNS server of the cluster is in the namespace ${own}, not in ${DNS_NAMESPACE}` : /dns/i.test(pods);
  }
  const named = asScalar(labels[NAMESPACE_NAME]);
  if (named !== undefined) return /dns|^kube-system$/.test(named);
  // Kubernetes labels namespaces with `kubernetes.io/metadata.name`, and no cluster comes with `name`.
  if (asScalar(labels.name) === DNS_NAMESPACE && asScalar(world.find('Namespace', '', DNS_NAMESPACE)?.labels.name) !== DNS_NAMESPACE) {
    return `somebody has given the namespace ${DNS_NAMESPACE} the label name=${DNS_NAMESPACE}`;
  }
  // `name: shop` is a label of the own namespace, or was meant to be.
  return own === '' || asScalar(labels.name) !== own;
}
