import * as kplus from 'cdk8s-plus-28';

/**
 * What every construct of this library takes for its pods.
 *
 * Given on a `CeleryApp`, it holds for the workers, Beat and Flower of that app; a component's own value is added to it
 * (labels, annotations, env, volumes, tolerations, pull secrets) or wins over it (everything else).
 */
export interface PodOptions {
  /**
   * CPU and memory of the main container. Requests must not exceed limits.
   *
   * @default - small requests, a memory limit and no CPU limit; each construct says its own
   * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Environment variables of the main container, added to those that the construct sets.
   *
   * `PYTHONPATH` is put before the construct's own. Names for which there is a prop, such as `CELERY_BROKER_URL`, are refused.
   *
   * @default - none
   */
  readonly env?: { [name: string]: kplus.EnvValue };

  /**
   * Mounts in the main container. Their volumes are added to the pod.
   *
   * @default - none
   */
  readonly volumeMounts?: kplus.VolumeMount[];

  /**
   * Volumes of the pod that the main container does not mount.
   *
   * @default - none
   */
  readonly volumes?: kplus.Volume[];

  /**
   * Labels of every object that the construct makes, and of its pods. The labels that selectors use can't be changed.
   *
   * @default - none beside our own (`app.kubernetes.io/*` and `component`)
   */
  readonly labels?: { [name: string]: string };

  /**
   * Annotations of every object that the construct makes, and of its pods.
   *
   * @default - none
   */
  readonly annotations?: { [name: string]: string };

  /**
   * Labels that a node must have to run the pods.
   *
   * @default - any node
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodeselector
   */
  readonly nodeSelector?: { [name: string]: string };

  /**
   * Taints that the pods tolerate.
   *
   * @default - none
   * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
   */
  readonly tolerations?: kplus.NodeTaintQuery[];

  /**
   * Name of the PriorityClass of the pods.
   *
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;

  /**
   * Secrets with the credentials for the image registry.
   *
   * @default - none
   */
  readonly imagePullSecrets?: kplus.ISecret[];

  /**
   * The service account of the pods. Its token is not mounted: Celery has no use for the Kubernetes API.
   *
   * @default - the namespace's default service account
   */
  readonly serviceAccount?: kplus.IServiceAccount;

  /**
   * Overrides of the pod's security context, field by field.
   *
   * @default - non-root with a uid, gid and fsGroup: 1000 for Celery, 999 for Redis; fsGroupChangePolicy OnRootMismatch
   */
  readonly podSecurityContext?: kplus.PodSecurityContextProps;

  /**
   * Overrides of the security context of all containers of the pod, field by field.
   *
   * @default - read-only root file system, no privilege escalation, all capabilities dropped, seccomp RuntimeDefault: what
   * Pod Security `restricted` asks for
   */
  readonly containerSecurityContext?: kplus.ContainerSecurityContextProps;
}
