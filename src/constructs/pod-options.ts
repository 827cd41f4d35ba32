import type * as k8s from './kubernetes/api/types';
import { Shape } from './kubernetes/shape';

/**
 * What every construct of this library takes for its pods, in Kubernetes' own shape: plain data with the field names of the Kubernetes API
 * in every language (`valueFrom`, not `value_from`), as in a manifest. Objects of the L1 constructs that `cdk8s import k8s` makes are
 * taken too.
 *
 * Given on a `CeleryApp`, the options hold for the workers and Beat of that app, and, all but `env` and `envFrom`, for Flower. A component's
 * own value is merged with it: lists by the name of their items, maps by their keys; everything else is replaced.
 *
 * Synth fails, with path and value, for a field that Kubernetes does not have, a value of another type, a field that is missing, and a
 * quantity or name that Kubernetes refuses.
 *
 * @see docs/pod-options.md
 */
export interface PodOptions {
  /**
   * Environment variables of the main container, in addition to those that the construct sets.
   *
   * `PYTHONPATH` is put before the construct's own. Names for which there is a prop, such as `CELERY_BROKER_URL`, are refused.
   *
   * @default - none
   * @see https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/
   */
  readonly env?: Shape<k8s.EnvVar>[];

  /**
   * ConfigMaps and Secrets whose keys are environment variables of the main container. What `env` has wins over them.
   *
   * @default - none
   */
  readonly envFrom?: Shape<k8s.EnvFromSource>[];

  /**
   * Volumes of the pod, in addition to those of the construct.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/storage/volumes/
   */
  readonly volumes?: Shape<k8s.Volume>[];

  /**
   * Mounts of the main container. Each names a volume of the pod.
   *
   * @default - none
   */
  readonly volumeMounts?: Shape<k8s.VolumeMount>[];

  /**
   * Init containers, which run after those of the construct, as given: they get none of the construct's environment, mounts and security
   * context, and can mount its volumes by their names.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
   */
  readonly initContainers?: Shape<k8s.Container>[];

  /**
   * Sidecar containers: init containers with `restartPolicy: Always`, which this adds. They start before everything else in the pod and stop
   * after it, so that also init containers can use them.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
   */
  readonly sidecars?: Shape<k8s.Container>[];

  /**
   * Containers next to the main container. A sidecar is nearly always better: the pod stops it only when the main container has ended.
   *
   * @default - none
   */
  readonly containers?: Shape<k8s.Container>[];

  /**
   * Requests and limits of the main container: CPU, memory, ephemeral storage, GPUs and other extended resources.
   *
   * @default - small requests, a memory limit and no CPU limit; each construct has its own
   * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
   */
  readonly resources?: Shape<k8s.ResourceRequirements>;

  /**
   * Affinity of the pods to nodes and to other pods.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#affinity-and-anti-affinity
   */
  readonly affinity?: Shape<k8s.Affinity>;

  /**
   * How the pods are spread over nodes and zones.
   *
   * @default - the cluster's default constraints
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
   */
  readonly topologySpreadConstraints?: Shape<k8s.TopologySpreadConstraint>[];

  /**
   * Taints that the pods tolerate.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
   */
  readonly tolerations?: Shape<k8s.Toleration>[];

  /**
   * Labels that a node must have to run the pods.
   *
   * @default - any node
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodeselector
   */
  readonly nodeSelector?: { [name: string]: string };

  /**
   * Name of the PriorityClass of the pods.
   *
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;

  /**
   * Name of the RuntimeClass of the pods.
   *
   * @default - the default runtime of the node
   */
  readonly runtimeClassName?: string;

  /**
   * Name of the service account of the pods. Its token is not mounted: Celery has no use for the Kubernetes API.
   *
   * @default - the namespace's default service account
   */
  readonly serviceAccountName?: string;

  /**
   * Secrets with the credentials for the image registry: `[{ name: 'registry-login' }]`.
   *
   * @default - none
   */
  readonly imagePullSecrets?: Shape<k8s.LocalObjectReference>[];

  /**
   * Overrides of the security context of the main container and of the init containers of the construct, field by field.
   *
   * @default - read-only root file system, non-root, no privilege escalation, all capabilities dropped, seccomp RuntimeDefault: what
   * Pod Security `restricted` asks for
   * @see https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
   */
  readonly securityContext?: Shape<k8s.SecurityContext>;

  /**
   * Overrides of the security context of the pod, field by field.
   *
   * @default - non-root with a uid, gid and fsGroup: 1000 for Celery, 999 for Redis; fsGroupChangePolicy OnRootMismatch
   */
  readonly podSecurityContext?: Shape<k8s.PodSecurityContext>;

  /**
   * DNS policy of the pods: ClusterFirst, ClusterFirstWithHostNet, Default or None.
   *
   * @default - that of Kubernetes, ClusterFirst
   * @see https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
   */
  readonly dnsPolicy?: string;

  /**
   * DNS servers, search domains and options of the pods.
   *
   * @default - those of the DNS policy
   */
  readonly dnsConfig?: Shape<k8s.PodDNSConfig>;

  /**
   * Entries of the pods' /etc/hosts.
   *
   * @default - none
   */
  readonly hostAliases?: Shape<k8s.HostAlias>[];

  /**
   * What runs after the start of the main container and before its end. Time of `preStop` counts against the termination grace period.
   *
   * @default - nothing
   * @see https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
   */
  readonly lifecycle?: Shape<k8s.Lifecycle>;

  /**
   * Labels of every object that the construct makes, not of its pods. Labels that selectors use can't be changed.
   *
   * @default - only our own (`app.kubernetes.io/*` and `component`)
   */
  readonly labels?: { [name: string]: string };

  /**
   * Annotations of every object that the construct makes, not of its pods.
   *
   * @default - none
   */
  readonly annotations?: { [name: string]: string };

  /**
   * Labels of the pods. Labels that selectors use can't be changed.
   *
   * @default - only our own (`app.kubernetes.io/*` and `component`)
   */
  readonly podLabels?: { [name: string]: string };

  /**
   * Annotations of the pods.
   *
   * @default - none
   */
  readonly podAnnotations?: { [name: string]: string };
}
