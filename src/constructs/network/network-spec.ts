import type * as k8s from '../kubernetes/api/types';

/** Pods that are let in for the sake of something that the program has, or because the user names them. */
export interface Visitors {
  readonly peers: readonly k8s.NetworkPolicyPeer[];
  /** By the user, and so without a reason in the program. */
  readonly named: boolean;
}

/** Who is let in. */
export interface IngressSpec {
  readonly ingressController: Visitors;
  readonly prometheus: Visitors;
  readonly keda: Visitors;
  readonly from: readonly k8s.NetworkPolicyIngressRule[];
}

/** Where pods may connect to, in addition to what their objects say. */
export interface EgressSpec {
  readonly to: readonly k8s.NetworkPolicyEgressRule[];
  readonly indexCidr?: string;
  readonly apiServerCidr?: string;
}
