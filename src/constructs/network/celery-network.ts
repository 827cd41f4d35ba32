import type * as k8s from '../kubernetes/api/types';
import { shaped } from '../kubernetes/options';
import { Shape } from '../kubernetes/shape';
import * as checks from '../validation/checks';
import { checkLabels } from '../kubernetes/constraints';
import { Problem } from '../validation/problems';
import { nestedList, PropChecks, text, typed } from '../validation/props';
import { EgressSpec, IngressSpec, Visitors } from './network-spec';
import { checkCidr, podsOf } from './server-address';

/** Pods of a namespace, by their labels. */
export interface NetworkPeer {
  /** The name of the namespace. */
  readonly namespace: string;

  /**
   * Labels that the pods have.
   *
   * @default - none: all pods of the namespace
   */
  readonly podLabels?: { [name: string]: string };
}

/** Who is let in. */
export interface ClosedIngressOptions {
  /**
   * The pods of the ingress controller. They are let in to Flower where the program has an Ingress or an HTTPRoute for it, or where they are
   * given here. Pods of the host network have no labels for policies: give their addresses in `from`.
   *
   * @default - all pods of the namespaces `ingress-nginx` and `traefik`
   */
  readonly ingressController?: NetworkPeer[];

  /**
   * The pods of Prometheus. They are let in to the agents where the program has a PodMonitor that selects the pods, to Flower where it has a
   * PodMonitor or ServiceMonitor that does, and to the agents where they are given here.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly prometheus?: NetworkPeer[];

  /**
   * The pods of KEDA. A `RedisBroker` lets them in where the program has a ScaledObject or ScaledJob that counts in a Redis, or where they are given
   * here.
   *
   * @default - all pods of the namespace `keda`
   */
  readonly keda?: NetworkPeer[];

  /**
   * Who else is let in to workers, Beat, Flower and jobs, as ingress rules of a NetworkPolicy:
   * `[{ from: [{ podSelector: { matchLabels: { app: 'exporter' } } }], ports: [{ port: 9540 }] }]`. The probes of the kubelet need no rule.
   *
   * @default - nobody
   * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
   */
  readonly from?: Shape<k8s.NetworkPolicyIngressRule>[];
}

/** Who may connect to the pods, and where they may connect to. */
export interface ClosedNetworkOptions extends ClosedIngressOptions {
  /**
   * What tasks and init containers connect to in addition to the broker, the result backend and DNS, as egress rules of a NetworkPolicy:
   * `[{ to: [{ ipBlock: { cidr: '10.20.0.0/16' } }], ports: [{ port: 5432 }] }, { ports: [{ port: 443 }] }]`. A rule without `to` is any address.
   *
   * A policy is for a whole pod: an init container connects to what the pod may connect to.
   *
   * @default - nothing
   * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
   */
  readonly to?: Shape<k8s.NetworkPolicyEgressRule>[];

  /**
   * The network of the package index, for `PythonRuntime.install`: `'10.30.0.0/24'`.
   *
   * @default - the namespace of an `indexUrl` within the cluster, or its IP address; otherwise port 443 of all addresses that are not
   * private: 0.0.0.0/0 without 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 169.254.0.0/16
   */
  readonly indexCidr?: string;

  /**
   * The network of the API server, for pods of this library that ask it.
   *
   * @default - the ports 443 and 6443 of any address
   */
  readonly apiServerCidr?: string;
}

/**
 * The NetworkPolicies of the pods of an app: one for each worker, Beat, Flower and job, made from the objects of the program. They select our pods
 * only. A cluster enforces them where its network plugin does.
 *
 * An app that is given none has `CeleryNetwork.closedIngress()`.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export abstract class CeleryNetwork {
  /**
   * Closed in both directions: pods are let in as `closedIngress` says, and connect to the broker, the result backend, DNS, the package index
   * (where they install) and what `to` names. An app is refused where nothing says the port of its broker or result backend.
   */
  public static closed(options: ClosedNetworkOptions = {}): CeleryNetwork {
    const { options: given, problems } = typed(options, CLOSED, { prefix: 'network' });
    const { to, indexCidr, apiServerCidr } = given;
    return new Network({
      ...ingressOf(given),
      egress: { to: (to ?? []) as k8s.NetworkPolicyEgressRule[], indexCidr, apiServerCidr },
      problems: [
        ...problems, ...checkCidr('network.indexCidr', indexCidr), ...checkCidr('network.apiServerCidr', apiServerCidr),
      ],
    });
  }

  /**
   * Only named peers may connect to the pods; the pods may connect to any address.
   */
  public static closedIngress(options: ClosedIngressOptions = {}): CeleryNetwork {
    const { options: given, problems } = typed(options, CLOSED_INGRESS, { prefix: 'network' });
    return new Network({ ...ingressOf(given), problems });
  }

  /**
   * No NetworkPolicies, except that of a `RedisBroker`.
   */
  public static open(): CeleryNetwork {
    return new Network({ problems: [] });
  }

  /** @internal */
  public abstract readonly _ingress?: IngressSpec;
  /** @internal */
  public abstract readonly _egress?: EgressSpec;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

interface NetworkSpec {
  readonly ingress?: IngressSpec;
  readonly egress?: EgressSpec;
  readonly problems: readonly Problem[];
}

class Network extends CeleryNetwork {
  public readonly _ingress?: IngressSpec;
  public readonly _egress?: EgressSpec;
  public readonly _problems: readonly Problem[];

  public constructor({ ingress, egress, problems }: NetworkSpec) {
    super();
    this._ingress = ingress;
    this._egress = egress;
    this._problems = problems;
  }
}

const PEER: PropChecks<NetworkPeer> = {
  namespace: { check: text('the name of a namespace'), fix: 'give the name of the namespace', instead: () => undefined },
  podLabels: shaped('{}string', checkLabels),
};
const peers = nestedList(PEER, 'e.g. [{ namespace: \'monitoring\' }]', (prop, { namespace }) =>
  namespace === undefined ? [] : checks.name(`${prop}.namespace`, namespace));

/** Rules of a policy. Null is refused, as for the other options here. */
function rules(type: string): ReturnType<typeof shaped> {
  const { copy } = shaped(type);
  return {
    copy: (prop, value) => value !== null ? copy(prop, value)
      : { value: undefined, problems: [{ prop, value, wrong: 'is not a list', fix: 'give a list of rules, or leave it out' }] },
  };
}

const CLOSED_INGRESS: PropChecks<ClosedIngressOptions> = {
  ingressController: peers, prometheus: peers, keda: peers, from: rules('[]NetworkPolicyIngressRule'),
};

const CLOSED: PropChecks<ClosedNetworkOptions> = {
  ...CLOSED_INGRESS, to: rules('[]NetworkPolicyEgressRule'), indexCidr: text('e.g. \'10.30.0.0/24\''), apiServerCidr: text('e.g. \'10.0.0.1/32\''),
};

function ingressOf({ ingressController, prometheus, keda, from }: ClosedIngressOptions): { readonly ingress: IngressSpec } {
  return {
    ingress: {
      ingressController: visitors(ingressController, 'ingress-nginx', 'traefik'),
      prometheus: visitors(prometheus, 'monitoring'),
      keda: visitors(keda, 'keda'),
      from: (from ?? []) as k8s.NetworkPolicyIngressRule[],
    },
  };
}

function visitors(given: readonly NetworkPeer[] | undefined, ...namespaces: string[]): Visitors {
  const all = given ?? namespaces.map((namespace): NetworkPeer => ({ namespace }));
  return { peers: all.map(({ namespace, podLabels }) => podsOf(namespace, podLabels)), named: given !== undefined };
}
