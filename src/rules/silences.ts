/** Something that manifests do not tell, and of which nothing is reported. */
export interface Silence {
  readonly gap: string;
  /** Why: what would have to be seen, or how seldom it is a fault. */
  readonly reason: string;
}

/**
 * Where silence is allowed: what manifests cannot show, and gaps where fewer than half of the known deployments had the fault. The numbers are from
 * public deployments that the rules were not written from.
 */
export const SILENCES: readonly Silence[] = [
  { gap: 'settings of Celery in the code of an image', reason: 'Only code in a ConfigMap, arguments and variables are in sight.' },
  { gap: 'a script of an image that starts worker, Beat or Flower: its options', reason: 'Most scripts give a concurrency, a pool and, for Flower, a login of their own. Probes, variables, replicas, scalers, grace period, '
    + 'ports, volumes and images of such a container are judged.' },
  { gap: 'a container of which neither name, label, image, variable, port nor argument says Celery', reason: 'It is counted as not recognised, and named.' },
  { gap: 'a worker by only the word worker', reason: 'Other task queues use the word as well: it counts with variables, a probe or other Celery of the same image.' },
  { gap: 'the broker, with two servers of Redis and no URL in sight', reason: 'One of them is a cache more often than not, and nothing tells which.' },
  { gap: 'a Redis that is called a cache, with an eviction policy', reason: 'It evicts on purpose. A URL of a broker that leads to it counts.' },
  { gap: 'REMAP_SIGTERM=SIGQUIT, with the soft shutdown in the code', reason: 'Who sets the one sets the other: the one known public deployment is right.' },
  { gap: 'Beat with a scheduler that a variable names or that has RedBeat in its variables', reason: 'It locks, so two of it do no harm.' },
  { gap: 'an autoscaler outside of the input, or one that a chart renders under another condition', reason: 'replicas without one is right.' },
  { gap: 'NetworkPolicies with matchExpressions, and those of a CNI of its own', reason: 'What they select is not computed, so nothing is said to be open or closed by them.' },
  { gap: 'results that nobody reads, tasks that are not idempotent, retries in code', reason: 'It is in the code of tasks.' },
  { gap: 'a queue that KEDA counts, and a worker without -Q whose code is in its image', reason: 'The application may have another task_default_queue, or task_queues.' },
  { gap: 'two modules of one package on one queue (-A shop.a, -A shop.b)', reason: 'They mostly have the same tasks.' },
  { gap: 'the path of an Ingress and a Flower whose options are in its image', reason: 'A script that starts Flower may give the prefix as well.' },
  { gap: 'Flower with 256 MiB and more', reason: 'How many tasks it sees before it is full is not in manifests (docs/flower.md has what tasks need).' },
  { gap: 'migrations in pods of the web application', reason: 'The rules are about pods of Celery; a web application is judged only as far as tasks depend on it.' },
  { gap: 'an HTTP or TCP probe of a worker or Beat', reason: 'Celery opens no port, and code of the application may (a health server, metrics): a probe that never passes is noticed at the first rollout.' },
  { gap: '${NAME} and $NAME in the value of a variable', reason: 'envsubst, Flux or the application fills it in; Kubernetes does not.' },
  { gap: 'a variable with almost the name of the broker or of the result backend (CELERY_BROKER, CELERY_BACKEND_URL, RESULT_BACKEND)', reason: 'Code reads what its author calls it: that of 11 of 16 public '
    + 'deployments with such a variable did. That no broker is given is reported.' },
  { gap: 'CELERY_CONCURRENCY, CELERY_PREFETCH_MULTIPLIER and CELERY_MAX_TASKS_PER_CHILD, which Celery does not read', reason: 'Scripts and code do, or a flag has the same: of 12 public deployments '
    + 'with CELERY_CONCURRENCY no worker went without a concurrency. CELERYD_CONCURRENCY and its like are reported.' },
  { gap: 'queues that code in an image declares', reason: 'Only of a worker whose settings are in sight it is known which arguments its queues have.' },
  { gap: 'a grace period above 600 s, and no autoscaler of nodes in sight', reason: 'It is good to know (--severity info): whether the cluster has one is not in manifests.' },
  { gap: 'values that look like the name of a Secret (your-secret-key)', reason: 'They are placeholders of examples.' },
  { gap: 'limits of the account of a managed broker', reason: 'Connections, memory and eviction of a managed Redis are in its console.' },
  { gap: 'init containers in a mesh that need the network', reason: 'Where Istio and Linkerd run their proxies as sidecar containers (the default today), init containers have it.' },
  { gap: 'policies of the descheduler, Karpenter and cloud autoscalers', reason: 'They are files of those programs; the grace period and the PodDisruptionBudget of the workers are judged.' },
];
