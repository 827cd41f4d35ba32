import type * as k8s from '../kubernetes/api/types';
import { Shape } from '../kubernetes/shape';
import { QueueTrigger } from './queue-trigger';

/**
 * A broker as one app uses it: what `IBroker.bind` returns.
 *
 * In Python return `BrokerBinding(...)`, and not a dict: jsii drops keys of a dict that it does not know, `result_backend` among them.
 */
export interface BrokerBinding {
  /**
   * The URL of the broker, as the variable CELERY_BROKER_URL has it: `{ value }` or `{ valueFrom: { secretKeyRef: { name, key } } }`.
   *
   * @default - none: `urlTemplate` must be given
   */
  readonly url?: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;

  /**
   * The URL of the broker around parts that only the pods know: `{NAME}` in it is a variable of `env`, whose value is percent-encoded, so
   * it may have any character: `'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0'`.
   *
   * The command of every container that connects then begins with `python -m cdk8s_celery_launch`, which composes the URL, puts it into
   * CELERY_BROKER_URL, and runs the command that follows in its own place. `kubectl exec` needs it too:
   * `kubectl exec deployment/celery-worker -- python -m cdk8s_celery_launch celery inspect ping`.
   *
   * @default - none: `url` must be given
   */
  readonly urlTemplate?: string;

  /**
   * Environment variables of every container that connects, defined before the URLs.
   *
   * @default - none
   */
  readonly env?: Shape<k8s.EnvVar>[];

  /**
   * The result backend of apps that are given none, as the variable CELERY_RESULT_BACKEND has it.
   *
   * @default - none: an app of this broker must be given a `resultBackend`
   */
  readonly resultBackend?: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;

  /**
   * The result backend of apps that are given none, as a template like `urlTemplate`.
   *
   * @default - `resultBackend`
   */
  readonly resultBackendTemplate?: string;

  /**
   * The name of kombu's transport: `'redis'`, `'amqp'`, `'sqs'`. One that the runtime does not install is refused.
   *
   * @default - the scheme of the URL, where it is a value
   * @see https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.html
   */
  readonly transport?: string;

  /**
   * Extras of Celery that the transport needs: `['sqs']`. PythonRuntime.install brings those that are in the lock, with hashes; another one
   * belongs in its requirements. What is in an image is not known.
   *
   * @default - none
   */
  readonly extras?: string[];

  /**
   * Settings of Celery that this broker needs: `{ broker_transport_options: { ... } }`. Those of the app win over them.
   *
   * @default - none
   */
  readonly settings?: { [name: string]: any };

  /**
   * Settings without which nothing connects, such as `{ broker_transport_options: { master_name: 'mymaster' } }`. Every container that connects
   * has them, also Flower and Jobs: by a loader (CELERY_LOADER) and not on the command line. What the app sets under the same names is kept, and
   * joined where it is a dictionary.
   *
   * A string `'{NAME}'` stands for the value of that variable of `env`, for passwords.
   *
   * @default - none
   * @see https://docs.celeryq.dev/en/stable/userguide/extending.html
   */
  readonly connectionSettings?: { [name: string]: any };

  /**
   * Volumes of every pod that connects: Secrets with certificates.
   *
   * @default - none
   */
  readonly volumes?: Shape<k8s.Volume>[];

  /**
   * Mounts of every container that connects. Each names one of the `volumes`.
   *
   * @default - none
   */
  readonly volumeMounts?: Shape<k8s.VolumeMount>[];

  /**
   * How KEDA reads the length of its queues, for workers with `WorkerScaling.queueLength`.
   *
   * @default - none: such a worker is refused
   */
  readonly queueTrigger?: QueueTrigger;

  /**
   * Where pods that use the broker connect to, as egress rules of a NetworkPolicy: `[{ to: [{ podSelector }], ports: [{ port: 6379 }] }]`. Also
   * for its result backend. A rule without `to` is any address; DNS is always allowed.
   *
   * @default - not known: an app with `CeleryNetwork.closed` is refused
   * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/
   */
  readonly network?: Shape<k8s.NetworkPolicyEgressRule>[];
}
