import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { DNS_PORT } from '../../celery/ports';
import { ALL_IPV4, PRIVATE_NETWORKS } from '../../manifests/cidr';
import type { CeleryApp } from '../celery-app';
import type * as k8s from '../kubernetes/api/types';
import { whenWritten } from '../kubernetes/when-written';
import { CheckedOptions } from '../kubernetes/options';
import { objectMetadata, ownLabels, PodSpec, selectorLabels } from '../kubernetes/pods';
import { EgressSpec, IngressSpec } from './network-spec';
import { egressToServer } from './server-address';
import { isExposed, isScraped } from './visitors';

/** What a component offers to others, and needs of them, beyond what its app says. */
export interface ComponentTraffic {
  /** The port of the agent. */
  readonly agentPort?: number;
  /** The port of Flower's pages. */
  readonly pagesPort?: number;
  readonly installs: boolean;
  readonly egress?: readonly k8s.NetworkPolicyEgressRule[];
}

/** Any server of names: that of the cluster, of the node, or of `dnsConfig`. */
export const DNS: k8s.NetworkPolicyEgressRule = { ports: [{ port: DNS_PORT, protocol: 'UDP' }, { port: DNS_PORT, protocol: 'TCP' }] };

/** All addresses of the Internet: a package index is there, and no server of the cluster or of its network. */
export const PUBLIC: k8s.IPBlock = { cidr: ALL_IPV4, except: [...PRIVATE_NETWORKS] };

/** The policy of the pods of a component; undefined where the app has an open network. */
export function componentPolicy(
  scope: Construct, celery: CeleryApp, pod: PodSpec, options: CheckedOptions, traffic: ComponentTraffic, annotations?: Record<string, string>,
): ApiObject | undefined {
  const { _ingress: ingress, _egress: egress } = celery._network;
  if (!ingress) return undefined;
  const metadata = objectMetadata(pod, options);
  const podLabels = { ...options.podLabels, ...ownLabels(pod), ...selectorLabels(pod) };
  return new ApiObject(scope, 'NetworkPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: pod.name, ...metadata, annotations: annotations ? { ...metadata.annotations, ...annotations } : metadata.annotations },
    spec: {
      podSelector: { matchLabels: selectorLabels(pod) },
      policyTypes: ['Ingress', ...(egress ? ['Egress'] : [])],
      ingress: whenWritten(() => {
        const rules = ingressRules(scope, celery, pod.name, { podLabels, serviceLabels: metadata.labels }, ingress, traffic);
        return rules.length > 0 ? rules : undefined;
      }),
      egress: egress && egressRules(celery, egress, traffic),
    },
  });
}

interface Labels {
  readonly podLabels: Record<string, string>;
  readonly serviceLabels: Record<string, string>;
}

function ingressRules(
  scope: Construct, celery: CeleryApp, name: string,
  { podLabels, serviceLabels }: Labels, spec: IngressSpec, { agentPort, pagesPort }: ComponentTraffic,
): k8s.NetworkPolicyIngressRule[] {
  const { ingressController, prometheus, from } = spec;
  const { namespace } = Chart.of(scope);
  const admits = (peers: readonly k8s.NetworkPolicyPeer[], port: number): k8s.NetworkPolicyIngressRule[] =>
    peers.length === 0 ? [] : [{ from: peers, ports: [{ port, protocol: 'TCP' }] }];
  const scraped = (kind: 'PodMonitor' | 'ServiceMonitor', labels: Record<string, string>): boolean => isScraped(scope, kind, labels, namespace);
  return [
    ...(pagesPort !== undefined && (ingressController.named || isExposed(scope, name, namespace)) ? admits(ingressController.peers, pagesPort) : []),
    ...(pagesPort !== undefined && (scraped('PodMonitor', podLabels) || scraped('ServiceMonitor', serviceLabels)) ? admits(prometheus.peers, pagesPort) : []),
    ...(agentPort !== undefined && (prometheus.named || scraped('PodMonitor', podLabels)) ? admits(prometheus.peers, agentPort) : []),
    ...(agentPort === undefined ? [] : admits(celery._busyPodControllers.map((controller) => controller._peer), agentPort)),
    ...from,
  ];
}

function egressRules(celery: CeleryApp, { to, indexCidr }: EgressSpec, { installs, egress = [] }: ComponentTraffic): k8s.NetworkPolicyEgressRule[] {
  const { _broker: { network }, runtime } = celery;
  const rules = [
    DNS, ...network.broker ?? [], ...network.resultBackend ?? [], ...(installs ? egressToIndex(runtime._indexUrl, indexCidr) : []), ...egress, ...to,
  ];
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

function egressToIndex(url = 'https://pypi.org/simple', cidr: string | undefined): k8s.NetworkPolicyEgressRule[] {
  // A name outside the cluster is any address, of which those that are private need to be given.
  return (egressToServer(url, { cidr }) ?? []).map((rule) => rule.to ? rule : { to: [{ ipBlock: PUBLIC }], ...rule });
}

/** What lets pods of ours ask the API server, whose Service leads to a port of its own. */
export function egressToApiServer({ apiServerCidr }: EgressSpec): k8s.NetworkPolicyEgressRule {
  return {
    ...(apiServerCidr === undefined ? {} : { to: [{ ipBlock: { cidr: apiServerCidr } }] }),
    ports: [{ port: 443, protocol: 'TCP' }, { port: 6443, protocol: 'TCP' }],
  };
}
