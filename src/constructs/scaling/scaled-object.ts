import { ApiObject, Duration } from 'cdk8s';
import { QUEUE_SCALERS, readsRedisLists, sqsQueueName } from '../../celery/queue-scalers';
import { KEY_OPTIONS, keyOptions, RedisKeys, redisKeys } from '../../celery/redis-keys';
import { KEDA_DEFAULTS } from '../../celery/scaling';
import { QueueTrigger } from '../brokers/queue-trigger';
import type { CeleryApp } from '../celery-app';
import type * as k8s from '../kubernetes/api/types';
import { Problem } from '../validation/problems';
import { scalingBehavior } from './behavior';
import { Autoscaler, ScaledWorker } from './scaled-worker';
import type { QueueLengthScalingOptions } from './worker-scaling';

const TRANSPORT_OPTIONS = 'broker_transport_options';

/** The brokers whose queues KEDA reads, by kombu's name of their transport. */
const READABLE: Readonly<Record<string, string>> = {
  amqp: 'Broker.fromRabbitMq', amqps: 'Broker.fromRabbitMq', pyamqp: 'Broker.fromRabbitMq', sqs: 'Broker.fromSqs', sentinel: 'Broker.fromSentinel',
};

function readable(transport: string | undefined): string {
  return READABLE[transport ?? ''] ?? 'Broker.fromUrl';
}

/** A queue, or a part of it, that KEDA counts: its name in the formula, and what the trigger calls it. */
interface Counted {
  readonly name: string;
  readonly key: string;
}

/** Scales a worker by the number of tasks in its queues. */
export function scaledObject(worker: ScaledWorker, metadata: object, options: QueueLengthScalingOptions): Autoscaler {
  const { scope, name, celery, longestTask } = worker;
  const { minReplicas = 1, maxReplicas, tasksPerReplica = worker.concurrency, fallback } = options;
  const { queueTrigger: trigger } = celery._broker;
  const counted = trigger ? countedBy(trigger, celery, worker.queues ?? []) : [];
  const triggerAuthentication = trigger?.authentication && new ApiObject(scope, 'TriggerAuthentication', {
    apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { name, ...metadata }, spec: trigger.authentication,
  });
  const autoscaler = new ApiObject(scope, 'Autoscaler', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name, ...metadata },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: minReplicas,
      maxReplicaCount: maxReplicas,
      pollingInterval: seconds(options.pollingInterval) ?? 15,
      ...(minReplicas === 0 ? { cooldownPeriod: seconds(options.cooldownPeriod) ?? Math.max(KEDA_DEFAULTS.cooldownPeriod, longestTask) } : {}),
      ...(fallback ? { fallback: { failureThreshold: 3, behavior: 'currentReplicasIfHigher', ...fallback } } : {}),
      advanced: {
        // Of several triggers a HorizontalPodAutoscaler takes the largest number of pods. The tasks of all of them are the load.
        scalingModifiers: { formula: counted.map((one) => one.name).join(' + '), target: String(tasksPerReplica), metricType: 'AverageValue' },
        horizontalPodAutoscalerConfig: {
          behavior: scalingBehavior(options.behavior as k8s.HorizontalPodAutoscalerBehavior | undefined, longestTask),
        },
      },
      triggers: counted.map((one) => ({
        type: trigger!.type,
        name: one.name,
        metadata: triggerMetadata(trigger!, one.key, tasksPerReplica),
        ...(triggerAuthentication ? { authenticationRef: { name } } : {}),
      })),
    },
  });
  return { autoscaler, triggerAuthentication: triggerAuthentication ?? undefined };
}

/** What is wrong with scaling this worker by its queues. */
export function scaledObjectProblems(worker: ScaledWorker, { minReplicas, cooldownPeriod }: QueueLengthScalingOptions): Problem[] {
  const { celery, longestTask } = worker;
  const { queueTrigger: trigger, transport } = celery._broker;
  const cooldown = seconds(cooldownPeriod);
  return [
    ...(worker.queues === undefined ? [{
      prop: 'queues', value: undefined,
      wrong: `is missing, and the code ${celery._codeSettings.has('task_default_queue') ? 'sets task_default_queue to a value that is not known before it runs' : 'declares task_queues'}, so the queues that KEDA is to count are not known`,
      fix: 'name the queues of this worker, e.g. queues: [\'celery\']',
    }] : []),
    ...(trigger === undefined ? [{
      prop: 'scaling', value: transport, wrong: 'is a broker whose queues KEDA cannot read, as far as its binding says',
      fix: `give the broker a queueTrigger (Broker.fromSecret(secret, { queueTrigger: { type, metadata } })), use ${readable(transport)}, or scale by WorkerScaling.cpu`,
    }] : []),
    ...unseenKeys(celery),
    ...(trigger && minReplicas === 0 && !readsRedisLists(trigger.type) && !countsUnacknowledged(trigger) ? [{
      prop: 'scaling.minReplicas', value: 0, wrong: `is zero, and the trigger ${trigger.type} does not count the tasks that workers hold, so running tasks would be lost`,
      fix: trigger.type === 'rabbitmq' ? 'give minReplicas: 1, or the URL of the management API: Broker.fromRabbitMq({ managementUrl }), or a queueTrigger with protocol: \'http\'' : 'give minReplicas: 1',
    }] : []),
    ...(cooldown !== undefined && cooldown < longestTask ? [{
      prop: 'scaling.cooldownPeriod', value: cooldownPeriod!.toHumanString(), wrong: `is less than the longest task of the worker, ${longestTask} seconds`,
      fix: `give at least Duration.seconds(${longestTask}), or a shorter longestTask`,
    }] : []),
  ];
}

/** Who counts the same unacknowledged tasks: the server, the database and the key of the hash; undefined where there is no such hash. */
export function sharedCount(celery: CeleryApp): string | undefined {
  const { queueTrigger: trigger } = celery._broker;
  if (!trigger || !readsRedisLists(trigger.type)) return undefined;
  return JSON.stringify([trigger.type, Object.entries(trigger.metadata ?? {}).sort(), keysOf(celery, []).unacknowledged]);
}

function countedBy(trigger: QueueTrigger, celery: CeleryApp, queues: readonly string[]): Counted[] {
  if (!readsRedisLists(trigger.type)) {
    const nameOf = (queue: string): string => trigger.type === 'aws-sqs-queue' ? sqsQueue(celery, queue) : queue;
    return queues.map((queue, i) => ({ name: `queue${i + 1}`, key: nameOf(queue) }));
  }
  const { lists, unacknowledged } = keysOf(celery, queues);
  return [
    ...lists.map(({ queue, priority, key }) => ({ name: `queue${queues.indexOf(queue) + 1}${priority === 0 ? '' : `_priority${priority}`}`, key })),
    { name: 'unacked', key: unacknowledged },
  ];
}

/** The name of a queue in SQS, or its URL where the app has queues that exist. */
function sqsQueue(celery: CeleryApp, queue: string): string {
  const name = sqsQueueName(queuePrefix(celery), queue);
  const { [name]: known } = optionsIn(transportOptions(celery).predefined_queues) as Record<string, { readonly url?: unknown } | undefined>;
  return typeof known?.url === 'string' ? known.url : name;
}

/** What kombu puts before the names of queues in SQS: the app's own settings come last. */
function queuePrefix({ _settings: settings, _broker: { connectionSettings } }: CeleryApp): string {
  const prefixes = [settings, connectionSettings].map((one) => (one.get('broker_transport_options') as Record<string, unknown> | undefined)?.queue_name_prefix);
  return String(prefixes.find((prefix) => prefix !== undefined) ?? '');
}

function keysOf(celery: CeleryApp, queues: readonly string[]): RedisKeys {
  return redisKeys(queues, transportOptions(celery));
}

/**
 * Those of the settings, which take the place of all that the code has, or else those that the code has as literals; the loader adds what is only
 * among the connection settings of the broker.
 */
export function transportOptions({ _settings: settings, _codeSettings: code, _broker: { connectionSettings } }: CeleryApp): Record<string, unknown> {
  const own = settings.has(TRANSPORT_OPTIONS) ? settings.get(TRANSPORT_OPTIONS) : keyOptions(code.get(TRANSPORT_OPTIONS) ?? '');
  return { ...optionsIn(connectionSettings.get(TRANSPORT_OPTIONS)), ...optionsIn(own) };
}

function optionsIn(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Options that name the keys, which the code sets to a value that is not known before it runs. */
function unseenKeys({ _settings: settings, _codeSettings: code, _broker: { queueTrigger: trigger } }: CeleryApp): Problem[] {
  const text = code.get(TRANSPORT_OPTIONS);
  if (text === undefined || settings.has(TRANSPORT_OPTIONS) || !trigger || !readsRedisLists(trigger.type)) return [];
  const seen = keyOptions(text);
  return KEY_OPTIONS.filter((name) => seen[name] === undefined && new RegExp(`(['"])${name}\\1\\s*:`).test(text)).map((name) => ({
    prop: `settings.${TRANSPORT_OPTIONS}`, value: undefined,
    wrong: `is missing, and the code sets its ${name} to a value that is not known before it runs, so the keys that KEDA is to count are not known`,
    fix: 'write it as a literal, or give the transport options in the settings of the CeleryApp',
  }));
}

function triggerMetadata({ type, metadata, queueKey }: QueueTrigger, key: string, tasksPerReplica: number): Record<string, string> {
  const scaler = QUEUE_SCALERS.get(type);
  return {
    ...scaler?.defaults,
    ...metadata,
    [queueKey ?? scaler?.queue ?? 'queueName']: key,
    ...(scaler ? { [scaler.target]: String(tasksPerReplica) } : {}),
  };
}

function countsUnacknowledged({ type, metadata = {}, countsUnacknowledged: given }: QueueTrigger): boolean {
  return given ?? QUEUE_SCALERS.get(type)?.countsUnacknowledged(metadata) ?? false;
}

function seconds(value: Duration | undefined): number | undefined {
  return value && Math.ceil(value.toMilliseconds() / 1000);
}
