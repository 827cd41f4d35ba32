import { REDIS_PORT, serversOf } from '../../celery/ports';
import { NAMESPACE_NAME } from '../../manifests/labels';
import type * as k8s from '../kubernetes/api/types';
import { cidrOfAddress, isCidr } from '../../manifests/cidr';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { numberLike, PropChecks, text } from '../validation/props';

/**
 * Where a server that exists already is reached, for the NetworkPolicies of `CeleryNetwork.closed`.
 */
export interface ServerAddress {
  /**
   * The TCP port that the server listens on. Behind a Service that maps it, the port of the pods: NetworkPolicies see that.
   *
   * @default - the port of the URL, where it is a value; of a URL in a Secret it is not known, and `CeleryNetwork.closed` refuses the app
   */
  readonly port?: number;

  /**
   * The network of its addresses: `'10.20.0.0/16'`.
   *
   * @default - of a URL with a name such as `redis.data.svc.cluster.local` all pods of the namespace `data`, of one with an IP address that
   * address (of a sentinel's any address for the Redis behind it), and any address otherwise
   */
  readonly cidr?: string;
}

/** The checks of the options. */
export const SERVER_ADDRESS: PropChecks<ServerAddress> = { port: numberLike('e.g. 6379'), cidr: text('e.g. \'10.20.0.0/16\'') };

export function checkServerAddress(prefix: string, { port, cidr }: ServerAddress): Problem[] {
  return [...checks.wholeNumber(`${prefix}.port`, port, 1, 65_535), ...checkCidr(`${prefix}.cidr`, cidr)];
}

export function checkCidr(prop: string, cidr: string | undefined): Problem[] {
  return cidr === undefined || isCidr(cidr) ? [] : [{ prop, value: cidr, wrong: 'is not a network', fix: 'give an address and a length, e.g. \'10.20.0.0/16\'' }];
}

/**
 * What lets pods connect to the server of a URL, of a sentinel also to its Redis; undefined where the URL is in a Secret and the port is not given,
 * or has none that is known.
 */
export function egressToServer(
  url: string | undefined, { port, cidr }: ServerAddress, sentinel = /^sentinel:/i.test(url ?? ''),
): k8s.NetworkPolicyEgressRule[] | undefined {
  const known = url === undefined ? undefined : serversOf(url);
  if (known?.length === 0) return [];
  if (known === undefined && port === undefined) return undefined;
  const servers = known ?? [{ host: '', port: port! }];
  const rules = servers.flatMap((server) => [
    egressToPort(cidr ?? server.host, port ?? server.port),
    // Sentinel says where the master is; its port is that of Redis, unless `to` has another.
    ...(sentinel ? [egressToMaster(server.host, REDIS_PORT, cidr)] : []),
  ]);
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/**
 * What lets pods connect to the Redis behind a sentinel. Where the sentinel is a Service it is taken to be in the same namespace; of a sentinel
 * with an address nothing is known.
 */
export function egressToMaster(sentinel: string, port: number, cidr: string | undefined): k8s.NetworkPolicyEgressRule {
  return egressToPort(cidr ?? (cidrOfAddress(sentinel) === undefined ? sentinel : ''), port);
}

function egressToPort(where: string, port: number): k8s.NetworkPolicyEgressRule {
  const peer = peerOf(where);
  return { ...(peer ? { to: [peer] } : {}), ports: [{ port, protocol: 'TCP' }] };
}

/** The peer that a network, an address or a name is; undefined for a name outside the cluster, of which the addresses are not known. */
function peerOf(where: string): k8s.NetworkPolicyPeer | undefined {
  const cidr = isCidr(where) ? where : cidrOfAddress(where);
  if (cidr !== undefined) return { ipBlock: { cidr } };
  // What the kubelet expands is not known.
  if (!/^[a-z0-9.-]+$/i.test(where)) return undefined;
  const [, namespace, svc] = where.split('.');
  if (svc === 'svc') return podsOf(namespace);
  // A Service next to the pods; a name with one dot may be one of the Internet.
  return namespace === undefined ? podsOf(undefined) : undefined;
}

/** All pods of a namespace, or of that of the policy, or those of them that have some labels. */
export function podsOf(namespace: string | undefined, labels: Readonly<Record<string, string>> = {}): k8s.NetworkPolicyPeer {
  return {
    ...(namespace === undefined ? {} : { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } } }),
    podSelector: Object.keys(labels).length === 0 ? {} : { matchLabels: labels },
  };
}
