import { isFilledIn } from '../../celery/filled-in';
import { quantity } from '../../celery/quantity';
import { QUEUE_SCALERS } from '../../celery/queue-scalers';
import { KEDA_DEFAULTS, SCALE_DOWN_WINDOW } from '../../celery/scaling';
import { DEFAULTS } from '../../celery/settings';
import { CHANGED, mayBeChanged } from '../../manifests/changed';
import { mayBeApart, ONE_IS_APPLIED } from '../../manifests/environments';
import { workersIn } from '../../manifests/in-namespace';
import { asList, asNumber, asScalar, get, isMap } from '../../manifests/json';
import { builtApart } from '../../manifests/kustomizations';
import { almost } from '../../manifests/misspelt';
import { IT_IS_A_PATCH, patchOf } from '../../manifests/patches';
import { Place } from '../../manifests/place';
import { DEFAULT_GRACE, Workload } from '../../manifests/pod/workload';
import { isOfKubernetes, Resource } from '../../manifests/resource';
import { queuesInSight, scalersOf, triggers } from '../../manifests/scalers';
import { givesTasksBack } from '../../manifests/soft-shutdown';
import { taskLimit } from '../../manifests/task-limit';
import type { World } from '../../manifests/world';
import { nearest } from '../../nearest';
import { listed } from '../printable';
import { Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** A trigger of a ScaledObject counts a queue that a worker of its namespace consumes, or the one that Celery has by default. */
function countsTasks(scaler: Resource, world: World): boolean {
  const queues = new Set(workersIn(scaler.namespace, world).flatMap((worker) => queuesInSight(worker) ?? [DEFAULTS.queue]));
  return scaler.kind === 'ScaledObject' && triggers(scaler).some((trigger) => queues.has(trigger.metadata(QUEUE_SCALERS.get(trigger.type)?.queue ?? '') ?? ''));
}

/** What an autoscaler takes a share of, which needs a request; an average value does not. */
type Shared = 'cpu' | 'memory';

function isShare(metric: unknown, resource: Shared): boolean {
  const target = get(metric, 'target');
  return get(metric, 'name') === resource && (get(target, 'type') === 'Utilization' || get(target, 'averageUtilization') !== undefined
    || get(metric, 'targetAverageUtilization') !== undefined);
}

/** The containers of which an autoscaler takes the share of their request: all of the pod, or those that it names. */
function sharers(scaler: Resource, resource: Shared): 'all' | readonly string[] | undefined {
  if (scaler.kind === 'ScaledObject') {
    const shares = triggers(scaler).filter((trigger) => trigger.type === resource && trigger.metadata('type') !== 'AverageValue'
      && get(scaler.json, ...trigger.path.slice(0, -1), 'metricType') !== 'AverageValue');
    const names = shares.map((trigger) => trigger.metadata('containerName'));
    return shares.length === 0 ? undefined : names.includes(undefined) ? 'all' : names.flatMap((name) => name ?? []);
  }
  if (scaler.kind !== 'HorizontalPodAutoscaler') return undefined;
  // Without metrics it is 80 % of the CPU.
  const metrics = asList(get(scaler.json, 'spec', 'metrics'));
  if (scaler.apiVersion === 'autoscaling/v1' || metrics.length === 0) return resource === 'cpu' ? 'all' : undefined;
  if (metrics.some((metric) => isShare(get(metric, 'resource'), resource))) return 'all';
  const named = metrics.flatMap((metric) => {
    const one = get(metric, 'containerResource');
    return isShare(one, resource) ? asScalar(get(one, 'container')) ?? [] : [];
  });
  return named.length > 0 ? named : undefined;
}

/** Reports the containers without a request of which an autoscaler takes a share, and gives those autoscalers that take it of all. */
function reportUnrequested(workload: Workload, resource: Shared, report: Reporter, world: World): readonly Resource[] {
  const { spec, resource: { namespace } } = workload;
  // The autoscaler takes what the pod as a whole asks for.
  if (['requests', 'limits'].some((kind) => get(spec, 'resources', kind, resource) !== undefined)) return [];
  // A LimitRange may fill it in.
  if (world.kind('LimitRange').some((range) => ['', namespace].includes(range.namespace))) return [];
  return scalersOf(workload, world).filter((scaler) => {
    const wanted = sharers(scaler, resource);
    const asked = workload.containers.filter(({ name }) => wanted === 'all' || wanted?.includes(name));
    // What is no quantity is filled in before it is applied: `${CPU_REQUEST}`.
    const requests = asked.filter(({ json }) => !['requests', 'limits'].some((kind) => typeof get(json, 'resources', kind, resource) === 'string'
      && quantity(get(json, 'resources', kind, resource)) === undefined))
      .map((container) => ({ container, amount: container.resource('requests', resource) ?? container.resource('limits', resource) }));
    const nothing = requests.every(({ amount }) => amount === undefined || amount === 0);
    for (const { container, amount } of requests) {
      if (amount !== undefined && (amount !== 0 || !nothing)) continue;
      report({
        at: container.place(), note: `${scaler.kind} ${scaler.name}`, allowed: `resources.requests.${resource}`,
        ...get(spec, 'nodeSelector', 'cloud.google.com/compute-class') !== undefined ? { unless: 'GKE Autopilot gives it one' }
          : unless(!mayBeChanged(scaler, ['spec', 'metrics'], world), CHANGED),
        ...(amount === undefined ? {} : { value: `a ${resource === 'cpu' ? 'CPU' : 'memory'} request of 0` }),
      });
    }
    return wanted === 'all';
  });
}

/** The others among objects, as many as are asked for. */
function* namesBut(resources: readonly Resource[], one: Resource): Iterable<string> {
  for (const other of resources) if (other !== one) yield `${other.kind} ${other.name}`;
}

/** Words of names that say no more than that it is a worker. */
const OF_ANY_WORKER = /^(celery|workers?|queues?|default|app|deployment|\d+)$/;

/** Whether a name may be meant for a workload: a word of its own is that of another one. */
function mayMean(name: string, workload: string): boolean {
  const words = workload.split('-');
  return name.split('-').every((word) => OF_ANY_WORKER.test(word) || words.includes(word)) || almost(name, [workload]) !== undefined;
}

/** The API of what autoscalers scale. */
const APPS = 'apps/v1';

const groupIn = (api: string): string => api.replace(/\/.*/, '');

/** The kinds of it. */
const SCALED = [
  'Deployment', 'StatefulSet', 'ReplicaSet', 'DaemonSet', 'ReplicationController', 'Rollout', 'DeploymentConfig', 'Pod', 'Job', 'CronJob', 'Service',
];

/** Sidecars that are injected without a CPU request, by the annotation that asks for them and the one that gives the request. */
const INJECTED: ReadonlyArray<{ readonly asks: string; readonly value: RegExp; readonly request: string; readonly given: RegExp }> = [
  {
    asks: 'linkerd.io/inject', value: /^(enabled|ingress)$/, request: 'config.linkerd.io/proxy-cpu-request',
    given: /^config(\.alpha|\.beta)?\.linkerd\.io\/proxy-cpu-(request|limit)$/,
  },
  { asks: 'dapr.io/enabled', value: /^true$/, request: 'dapr.io/sidecar-cpu-request', given: /^dapr\.io\/sidecar-cpu-(request|limit)$/ },
];

interface Injected {
  readonly name: string;
  readonly request: string;
  readonly at: Place;
}

function sidecarWithoutRequest({ annotations, labels, resource, podPath }: Workload, world: World): Injected | undefined {
  const namespace = world.find('Namespace', '', resource.namespace);
  for (const { asks, value, request, given } of INJECTED) {
    if (Object.keys({ ...namespace?.annotations, ...annotations }).some((name) => given.test(name))) continue;
    const own = asScalar(annotations[asks] ?? labels[asks]);
    if (own !== undefined && value.test(own)) return { name: `${asks}: ${own}`, request, at: { resource, path: [...podPath, 'metadata', 'annotations', asks] } };
    const general = asScalar(namespace?.annotations[asks]);
    if (own === undefined && general !== undefined && value.test(general)) {
      return { name: `${asks}: ${general}`, request, at: { resource: namespace!, path: ['metadata', 'annotations', asks] } };
    }
  }
  return undefined;
}

/** Rules about an autoscaler and the pods that it adds and removes. */
export const autoscalerRules: Rule[] = [
  {
    id: 'scaling/replicas-fight-autoscaler',
    severity: Severity.WARNING,
    title: 'The number of replicas is set although an autoscaler scales the pods',
    why: 'Every `kubectl apply` sets it back: pods with running tasks are removed, and created again minutes later.',
    fix: 'Leave spec.replicas out where an autoscaler decides.',
    source: 'https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/',
    rows: ['K5'],
    anyProgram: true,
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      const replicas = get(workload.resource.json, 'spec', 'replicas');
      const scaler = scalersOf(workload, world)[0];
      if (scaler && replicas !== undefined && !workload.resource.live) {
        report({
          at: { resource: workload.resource, path: ['spec', 'replicas'] }, value: `replicas: ${String(asScalar(replicas))}`,
          note: `${scaler.kind} ${scaler.name}`,
        });
      }
    },
  },
  {
    id: 'scaling/no-such-target',
    severity: Severity.ERROR,
    title: 'An autoscaler of workers names a workload that there is not',
    why: 'It scales nothing: `the HPA controller was unable to get the target\'s current scale: deployments.apps "celery-worker" not found`.',
    fix: 'Write the kind and the name of the workload into scaleTargetRef, and give the autoscaler its namespace.',
    source: 'https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/',
    rows: ['N21'],
    across: true,
    check: (world, report) => {
      for (const scaler of ['HorizontalPodAutoscaler', 'ScaledObject'].flatMap((kind) => world.kind(kind))) {
        const ref = get(scaler.json, 'spec', 'scaleTargetRef');
        const [kind, name] = [asScalar(get(ref, 'kind')) ?? 'Deployment', asScalar(get(ref, 'name')) ?? ''];
        // An operator has kinds of its own.
        if (name === '' || /[${}<>]/.test(name) || (!SCALED.includes(kind) && nearest(kind, SCALED) === undefined)) continue;
        const target = world.target(scaler.namespace, ref, 'Deployment');
        // KEDA adds what is left out; an HPA then looks for it in the core group.
        const api = asScalar(get(ref, 'apiVersion')) ?? (scaler.kind === 'HorizontalPodAutoscaler' ? '' : APPS);
        // Other groups have a StatefulSet, too. Of the API only the group counts.
        const own = target && !isOfKubernetes(target.resource) ? target.resource.apiVersion : APPS;
        if (target && /^(Deployment|StatefulSet)$/.test(kind) && groupIn(api) !== groupIn(own) && (api === '' || !isFilledIn(api)) && world.in(target).length > 0) {
          report({
            at: { resource: scaler, path: ['spec', 'scaleTargetRef', ...api === '' ? [] : ['apiVersion']] }, value: api === '' ? 'no apiVersion' : api,
            allowed: own, fix: `Write apiVersion: ${own}.`, note: own === APPS ? `a ${kind} is in no other group` : `the ${kind} is of another group`,
            ...unless(api !== '' || patchOf(scaler, world) === 'no', IT_IS_A_PATCH),
          });
        }
        if (target) continue;
        const meant = [...new Set(world.workers.map(({ workload }) => workload))]
          .filter((workload) => /^(Deployment|StatefulSet)$/.test(workload.resource.kind) && scalersOf(workload, world).length === 0);
        // Where neither its name nor its triggers say anything of Celery, it is that of a worker but for a slip or for the kind.
        const counts = countsTasks(scaler, world);
        const names = counts || /celery|worker/i.test(name) ? undefined : new Set([name, almost(name, meant.map(({ resource }) => resource.name)) ?? name]);
        const near = meant.filter(({ resource }) => (names?.has(resource.name) ?? (counts || mayMean(name, resource.name)))
          && (resource.namespace === scaler.namespace || resource.name === name));
        if (near.length === 0) continue;
        report({
          at: { resource: scaler, path: ['spec', 'scaleTargetRef'] }, value: `${kind} ${name}`,
          allowed: listed(near.map(({ resource }) => `${resource.kind} ${resource.namespace === scaler.namespace ? '' : `${resource.namespace}/`}${resource.name}`)),
          unless: 'the workload is not among these manifests',
        });
      }
    },
  },
  {
    id: 'scaling/several-autoscalers',
    severity: Severity.ERROR,
    title: 'Several autoscalers scale the same pods',
    why: 'With two HorizontalPodAutoscalers, neither scales (`AmbiguousSelector: pods by selector ... are controlled by multiple HPAs`), and KEDA refuses '
      + 'a ScaledObject for what another autoscaler has already: `the workload ... is already managed by the hpa`.',
    fix: 'Keep one: a ScaledObject may have several triggers, a cpu trigger among them.',
    source: 'https://keda.sh/docs/latest/concepts/admission-webhooks/',
    rows: ['K8'],
    across: true,
    anyProgram: true,
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      const scalers = [...new Map(scalersOf(workload, world).map((scaler) => [`${scaler.kind}/${scaler.name}`, scaler])).values()];
      const objects = scalers.filter(({ kind }) => kind === 'ScaledObject');
      // KEDA makes an HPA for each ScaledObject, or takes over one that is there.
      const own = new Set(objects.flatMap(({ name, json, annotations }) => [
        `keda-hpa-${name}`, asScalar(get(json, 'spec', 'advanced', 'horizontalPodAutoscalerConfig', 'name')) ?? '',
        ...asScalar(annotations['scaledobject.keda.sh/transfer-hpa-ownership']) === 'true' ? scalers.map((scaler) => scaler.name) : [],
      ]));
      const rivals = scalers.filter(({ kind, name, json }) => kind === 'ScaledObject'
        || (!own.has(name) && asList(get(json, 'metadata', 'ownerReferences')).length === 0));
      if (rivals.length < 2) return;
      const [, ...others] = rivals;
      const condition = rivals.some((rival) => mayBeChanged(rival, ['spec', 'scaleTargetRef'], world)) ? CHANGED
        : builtApart(/scal|hpa|keda/i, world) ? 'they are of different kustomizations'
          : mayBeApart(rivals, workload.resource, world) ? ONE_IS_APPLIED : undefined;
      for (const resource of others) {
        report({
          at: { resource, path: ['spec', 'scaleTargetRef'] }, value: `${workload.resource.kind} ${workload.resource.name}`,
          note: `${listed(namesBut(rivals, resource))} ${rivals.length === 2 ? 'does' : 'do'}, too`,
          unless: condition,
        });
      }
    },
  },
  {
    id: 'scaling/down-before-task-ends',
    severity: Severity.WARNING,
    title: 'The autoscaler removes workers while a task may still run',
    why: 'The pod is picked without a look at its tasks; those that outlive the grace period are killed.',
    fix: 'Set terminationGracePeriodSeconds above the time limit; scaleDown.stabilizationWindowSeconds or cooldownPeriod also help.',
    source: 'https://github.com/kedacore/keda/issues/6719',
    rows: ['K6'],
    on: 'workers',
    check: (worker, report, world) => {
      const limit = taskLimit(worker)?.seconds;
      const { workload } = worker;
      if ((limit !== undefined && limit <= workload.graceSeconds) || givesTasksBack(worker)) return;
      for (const scaler of scalersOf(workload, world)) {
        const behavior = scaler.kind === 'ScaledObject' ? get(scaler.json, 'spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior')
          : get(scaler.json, 'spec', 'behavior');
        if (get(behavior, 'scaleDown', 'selectPolicy') === 'Disabled') continue;
        if (limit === undefined) {
          const least = asNumber(get(scaler.json, 'spec', 'minReplicas')) ?? 1;
          // Who gives a grace period may know how long the tasks take; with KEDA, another rule looks at what it counts.
          if (scaler.kind !== 'HorizontalPodAutoscaler' || !workload.hasDefaultGrace || least >= (asNumber(get(scaler.json, 'spec', 'maxReplicas')) ?? least)
            || mayBeChanged(workload.resource, [...workload.specPath, 'terminationGracePeriodSeconds'], world)) continue;
          report({
            at: { resource: scaler, path: ['spec'] }, value: `minReplicas: ${least}`, note: `above that number, pods are removed with the default grace period of ${DEFAULT_GRACE} s`,
            unless: 'no task takes longer', fix: 'Set terminationGracePeriodSeconds to the longest task and a margin.',
          });
          continue;
        }
        const window = asNumber(get(behavior, 'scaleDown', 'stabilizationWindowSeconds')) ?? SCALE_DOWN_WINDOW;
        const cooldown = scaler.kind === 'ScaledObject' && (asNumber(get(scaler.json, 'spec', 'minReplicaCount')) ?? KEDA_DEFAULTS.minReplicaCount) === 0
          ? asNumber(get(scaler.json, 'spec', 'cooldownPeriod')) ?? KEDA_DEFAULTS.cooldownPeriod : Infinity;
        const seconds = Math.min(window, cooldown);
        if (seconds < limit) {
          report({
            at: { resource: scaler, path: isMap(behavior) ? ['spec', 'behavior'] : ['spec'] },
            value: `scales down after ${seconds} s`, allowed: `a grace period above ${limit} s`,
            note: `a task may take ${limit} s, the grace period is ${worker.workload.graceSeconds} s`,
          });
        }
      }
    },
  },
  {
    id: 'scaling/cpu-without-request',
    severity: Severity.ERROR,
    title: 'The autoscaler scales by CPU utilization, but there is no CPU request',
    why: 'It never scales: `failed to get cpu utilization: missing request for cpu in container worker of Pod ...`.',
    fix: 'Set resources.requests.cpu on every container of the pod.',
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-resource-metrics',
    rows: ['K7', 'N48'],
    anyProgram: true,
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      for (const scaler of reportUnrequested(workload, 'cpu', report, world)) {
        const injected = sidecarWithoutRequest(workload, world);
        if (!injected) continue;
        report({
          at: injected.at, value: injected.name, allowed: `${injected.request}: 50m`, note: `${scaler.kind} ${scaler.name}`,
          unless: 'the configuration of the injector gives its sidecar a request',
          fix: `Set the annotation ${injected.request} of the pod; or use a ContainerResource metric, which looks at one container.`,
        });
      }
    },
  },
  {
    id: 'scaling/memory-without-request',
    severity: Severity.ERROR,
    title: 'The autoscaler scales by memory utilization, but there is no memory request',
    why: 'It never scales by it, and next to another metric it never scales in: `failed to get memory utilization: missing request for memory in container worker of Pod ...`.',
    fix: 'Set resources.requests.memory on every container of the pod.',
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-resource-metrics',
    rows: ['K7'],
    anyProgram: true,
    on: 'celeryWorkloads',
    check: (workload, report, world) => { reportUnrequested(workload, 'memory', report, world); },
  },
];
