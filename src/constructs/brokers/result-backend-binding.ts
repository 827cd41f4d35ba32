import type * as k8s from '../kubernetes/api/types';

/** Where a variable has its value from: all of an EnvVar but its name. */
export type EnvSource = Pick<k8s.EnvVar, 'value' | 'valueFrom'>;

/** A result backend as the pods of an app have it; for the fields see `BrokerBinding`. */
export interface ResultBackendBinding {
  readonly url?: EnvSource;
  readonly urlTemplate?: string;
  readonly env?: readonly k8s.EnvVar[];
  readonly volumes?: readonly k8s.Volume[];
  readonly volumeMounts?: readonly k8s.VolumeMount[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly connectionSettings?: Readonly<Record<string, unknown>>;
  readonly network?: readonly k8s.NetworkPolicyEgressRule[];
  /** Whether results go through the message broker, as messages of AMQP. */
  readonly throughBroker?: boolean;
}
