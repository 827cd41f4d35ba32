import { isRedis, redisDatabase } from '../../celery/url';
import { asList, asNumber, asScalar, get, isMap } from '../../manifests/json';
import { Process } from '../../manifests/process';
import { Resource } from '../../manifests/resource';
import { scalersOf, Trigger, triggers } from '../../manifests/scalers';
import { Rule } from '../rule';
import { Severity } from '../severity';

function address(trigger: Trigger, worker: Process): string | undefined {
  const fromEnv = trigger.metadata('addressFromEnv') ?? trigger.metadata('hostFromEnv');
  return trigger.metadata('address') ?? trigger.metadata('host') ?? (fromEnv === undefined ? undefined : worker.container.env.value(fromEnv));
}

function usesCpu(scaler: Resource): boolean {
  const metrics = asList(get(scaler.json, 'spec', 'metrics'));
  if (scaler.apiVersion === 'autoscaling/v1') return get(scaler.json, 'spec', 'targetCPUUtilizationPercentage') !== undefined;
  return metrics.some((metric) => get(metric, 'resource', 'name') === 'cpu' && get(metric, 'resource', 'target', 'type') === 'Utilization')
    || metrics.some((metric) => get(metric, 'resource', 'name') === 'cpu' && get(metric, 'resource', 'targetAverageUtilization') !== undefined);
}

export const scalingRules: Rule[] = [
  {
    id: 'scaling/zero-while-tasks-run',
    severity: Severity.WARNING,
    title: 'KEDA scales the workers to zero while they still run tasks',
    why: 'The trigger counts the list only. Tasks that a worker has taken are not in it (`LLEN` 1 with 8 in `unacked`): the list is empty, the '
      + 'cooldown passes, and the pods with the running tasks are removed.',
    fix: 'Set minReplicaCount: 1; or with late acknowledgement add a second redis trigger with listName: unacked.',
    source: 'https://github.com/kedacore/keda/issues/6719',
    rows: ['K1'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis }, report) => {
      const least = asNumber(get(scaler.json, 'spec', 'minReplicaCount')) ?? 0;
      const unacked = redis.some((trigger) => trigger.metadata('listName') === 'unacked');
      const all = triggers(scaler).every(({ type }) => type === 'redis');
      if (least !== 0 || redis.length === 0 || !all || unacked) return;
      // A grace period that covers the longest task lets the running ones end.
      const limit = worker.number('--time-limit') ?? worker.number('--soft-time-limit');
      if (limit !== undefined && limit <= worker.workload.graceSeconds) return;
      report({ at: { resource: scaler, path: ['spec', 'minReplicaCount'] }, value: `minReplicaCount: ${least}` });
    },
  },
  {
    id: 'scaling/keda-resolves-elsewhere',
    severity: Severity.ERROR,
    title: 'KEDA looks the Redis up in its own namespace',
    why: 'The operator resolves the name, not the worker: `connection to redis failed: dial tcp: lookup redis on 172.20.0.10:53: no such host`; '
      + 'nothing is ever scaled.',
    fix: 'Write the whole name: redis.<namespace>.svc.cluster.local:6379.',
    source: 'https://github.com/kedacore/keda/issues/6247',
    rows: ['K3'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis }, report) => {
      for (const trigger of redis) {
        const host = address(trigger, worker)?.replace(/:\d+$/, '');
        if (host !== undefined && /^[a-z0-9-]+$/i.test(host) && !scaler.namespace.includes('keda')) {
          report({
            at: { resource: scaler, path: trigger.path }, value: address(trigger, worker),
            allowed: `${host}.${scaler.namespace || '<namespace>'}.svc.cluster.local`,
          });
        }
      }
    },
  },
  {
    id: 'scaling/keda-other-database',
    severity: Severity.ERROR,
    title: 'KEDA counts in another Redis database than the worker reads',
    why: 'databaseIndex is 0 unless it is given: the list there is always empty and nothing is ever scaled.',
    fix: 'Set databaseIndex to the number at the end of the broker URL.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['K4'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis }, report) => {
      const database = worker.broker && isRedis(worker.broker.url) ? redisDatabase(worker.broker.url) : undefined;
      for (const trigger of redis) {
        const written = trigger.metadata('databaseIndex') ?? '0';
        if (database !== undefined && /^\d+$/.test(written) && Number(written) !== database) {
          report({ at: { resource: scaler, path: trigger.path }, value: `databaseIndex: ${written}`, allowed: String(database) });
        }
      }
    },
  },
  {
    id: 'scaling/keda-other-queue',
    severity: Severity.ERROR,
    title: 'KEDA counts a list that this worker does not take tasks from',
    why: 'The worker is scaled by somebody else\'s queue, or never, while its own grows.',
    fix: 'Set listName (queueName for RabbitMQ) to a queue of -Q (celery by default), one trigger for each.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['C9', 'K2'],
    on: 'scaledWorkers',
    check: ({ worker, scaler }, report) => {
      const { queues } = worker;
      if (!queues || queues.length === 0) return;
      for (const trigger of triggers(scaler)) {
        const field = { redis: 'listName', rabbitmq: 'queueName' }[trigger.type];
        const name = field === undefined ? undefined : trigger.metadata(field);
        // Other priorities have lists of their own, and keys may have a prefix; RabbitMQ may be given a regular expression.
        if (name === undefined || name === 'unacked' || queues.some((queue) => name.includes(queue)) || trigger.metadata('useRegex') === 'true') continue;
        report({ at: { resource: scaler, path: [...trigger.path, field!] }, value: name, allowed: queues.join(', ') });
      }
    },
  },
  {
    id: 'scaling/replicas-fight-autoscaler',
    severity: Severity.WARNING,
    title: 'The number of replicas is given beside an autoscaler',
    why: 'Every `kubectl apply` sets it back: pods with running tasks are removed, and come again minutes later.',
    fix: 'Leave spec.replicas out where an autoscaler decides.',
    source: 'https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/',
    rows: ['K5'],
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
    id: 'scaling/down-before-task-ends',
    severity: Severity.WARNING,
    title: 'The autoscaler removes workers sooner than a task may take',
    why: 'The pod is picked without a look at its tasks; those that outlive the grace period are killed.',
    fix: 'Set terminationGracePeriodSeconds above the time limit; scaleDown.stabilizationWindowSeconds or cooldownPeriod help besides.',
    source: 'https://github.com/kedacore/keda/issues/6719',
    rows: ['K6'],
    on: 'workers',
    check: (worker, report, world) => {
      const limit = worker.number('--time-limit') ?? worker.number('--soft-time-limit');
      if (limit === undefined || limit <= worker.workload.graceSeconds) return;
      for (const scaler of scalersOf(worker.workload, world)) {
        const behavior = scaler.kind === 'ScaledObject' ? get(scaler.json, 'spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior')
          : get(scaler.json, 'spec', 'behavior');
        if (get(behavior, 'scaleDown', 'selectPolicy') === 'Disabled') continue;
        const window = asNumber(get(behavior, 'scaleDown', 'stabilizationWindowSeconds')) ?? 300;
        const cooldown = scaler.kind === 'ScaledObject' && (asNumber(get(scaler.json, 'spec', 'minReplicaCount')) ?? 0) === 0
          ? asNumber(get(scaler.json, 'spec', 'cooldownPeriod')) ?? 300 : Infinity;
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
    title: 'The autoscaler divides by a CPU request that is not there',
    why: 'It never scales: `failed to get cpu utilization: missing request for cpu in container worker of Pod ...`.',
    fix: 'Set resources.requests.cpu on every container of the pod.',
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-resource-metrics',
    rows: ['K7'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      // A LimitRange may fill it in.
      if (world.kind('LimitRange').some(({ namespace }) => ['', workload.resource.namespace].includes(namespace))) return;
      for (const scaler of scalersOf(workload, world)) {
        const keda = scaler.kind === 'ScaledObject' && triggers(scaler).some((trigger) => trigger.type === 'cpu'
          && trigger.metadata('containerName') === undefined
          && get(scaler.json, ...trigger.path.slice(0, -1), 'metricType') !== 'AverageValue');
        if (!keda && !(scaler.kind === 'HorizontalPodAutoscaler' && usesCpu(scaler))) continue;
        for (const container of workload.containers) {
          if (container.resource('requests', 'cpu') === undefined && container.resource('limits', 'cpu') === undefined) {
            report({
              at: container.place(), note: `${scaler.kind} ${scaler.name}`,
              allowed: 'resources.requests.cpu',
            });
          }
        }
      }
    },
  },
];
