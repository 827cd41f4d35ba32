import { isFilledIn } from '../../celery/filled-in';
import { QUEUE_SCALERS, readsRedisLists, SQS_QUEUE } from '../../celery/queue-scalers';
import { grouped } from '../../manifests/grouped';
import { otherDatabase, readsOther } from '../../manifests/keda-triggers';
import { isUnacknowledged, keysOf, queuesInSight, Trigger, triggers } from '../../manifests/scalers';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The workloads whose workers consume a queue, by namespace and queue. */
const consumers = lazy((world: World) => grouped(world.workers.flatMap(({ queues = [], workload }) =>
  queues.map((queue) => [`${workload.resource.namespace} ${queue}`, workload] as const))));

/** Rules about the queues that KEDA counts. */
export const countedQueueRules: Rule[] = [
  {
    id: 'scaling/keda-other-queue',
    severity: Severity.ERROR,
    title: 'KEDA counts a list that this worker does not consume',
    why: 'The worker is scaled by somebody else\'s queue, or never, while its own grows.',
    fix: 'Set listName (queueName for RabbitMQ) to a queue of -Q (celery by default), one trigger for each.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['C9', 'K2'],
    on: 'scaledWorkers',
    check: ({ worker, scaler }, report) => {
      const queues = queuesInSight(worker);
      if (!queues || queues.length === 0) return;
      // Other priorities have lists of their own, and keys may have a prefix; RabbitMQ may be given a regular expression.
      const { lists } = keysOf(worker);
      const prefixed = (name: string) => lists.find(({ queue, priority, key }) => priority === 0 && queue === name && key !== name)?.key;
      const isOwn = ({ type }: Trigger, name: string): boolean => type === 'rabbitmq' ? queues.includes(name)
        : queues.some((queue) => name.includes(queue))
          && (!readsRedisLists(type) || prefixed(name) === undefined || lists.some(({ key }) => key === name));
      // The name of a queue of SQS may have a prefix, and characters that SQS does not take are others.
      const counted = triggers(scaler).flatMap((trigger) => {
        const field = trigger.type === SQS_QUEUE ? undefined : QUEUE_SCALERS.get(trigger.type)?.queue;
        const name = field === undefined ? undefined : trigger.metadata(field);
        return field === undefined || name === undefined ? [] : [{ trigger, field, name, own: isOwn(trigger, name) }];
      });
      for (const { trigger, field, name, own } of counted) {
        if (own || trigger.metadata('useRegex') === 'true' || (trigger.type === 'rabbitmq' && isFilledIn(name))) continue;
        if (readsRedisLists(trigger.type) && isUnacknowledged(name, worker)) continue;
        report({
          at: { resource: scaler, path: [...trigger.path, field] }, value: name, allowed: prefixed(name) ?? queues.join(', '),
          ...prefixed(name) === undefined ? {} : { note: 'kombu puts global_keyprefix in front of it' },
          // Next to its own queue one may count what is before it.
          ...unless(!counted.some((other) => other.own) && (trigger.type !== 'redis' || (!otherDatabase(trigger, worker) && !readsOther(trigger, worker))),
            'what waits there becomes tasks of this worker'),
        });
      }
    },
  },
  {
    id: 'scaling/queue-not-counted',
    severity: Severity.WARNING,
    title: 'KEDA does not count one of the queues of the worker',
    why: 'Tasks in it start no pod: from zero they wait until another queue has some, and above that they only get the workers which the other queues ask for.',
    fix: 'Add a trigger for each queue of -Q.',
    source: 'https://keda.sh/docs/latest/concepts/scaling-deployments/#triggers',
    rows: ['K2'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis, rabbit }, report, world) => {
      const { queues = [] } = worker;
      const all = [...redis, ...rabbit];
      const counted = all.map((trigger) => trigger.metadata(QUEUE_SCALERS.get(trigger.type)!.queue) ?? '');
      // Anything else may measure all queues together.
      if (scaler.kind !== 'ScaledObject' || all.length < triggers(scaler).length) return;
      if (all.some((trigger) => trigger.metadata('useRegex') === 'true') || counted.some((name) => name === '' || isFilledIn(name))) return;
      const { workload } = worker;
      const missing = queues.filter((queue) => !counted.some((name) => name.includes(queue))
        && consumers(world).get(`${workload.resource.namespace} ${queue}`)!.every((other) => other === workload));
      if (missing.length === 0 || missing.length === queues.length) return;
      report({
        at: { resource: scaler, path: ['spec', 'triggers'] }, value: counted.join(', '), allowed: queues.join(', '),
        note: `nothing counts ${missing.join(', ')}`, unless: 'hardly any tasks are sent there',
      });
    },
  },
  {
    id: 'scaling/priorities-not-counted',
    severity: Severity.WARNING,
    title: 'KEDA does not count the tasks of other priorities',
    why: 'In Redis a queue is one list for each priority step: `celery` has priority 0 only, and those of 3, 6 and 9 are in `celery\\x06\\x163` and so on. '
      + 'Tasks in them wait, and nothing is scaled.',
    fix: 'Give each list a trigger (in YAML "celery\\x06\\x163"), and add them with advanced.scalingModifiers.formula: of several triggers the autoscaler takes the '
      + 'largest number.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/routing.html#redis-message-priorities',
    rows: ['K2'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis }, report) => {
      const options = worker.setting('broker_transport_options');
      if (!options || !/queue_order_strategy|priority_steps/.test(options.value)) return;
      const { lists } = keysOf(worker);
      const counted = new Map(redis.map((trigger) => [trigger.metadata('listName') ?? '', trigger]));
      for (const { key, queue } of lists.filter(({ priority }) => priority === 0)) {
        const missing = lists.filter((list) => list.queue === queue && !counted.has(list.key));
        const trigger = counted.get(key);
        if (!trigger || missing.length === 0) continue;
        report({
          at: { resource: scaler, path: [...trigger.path, 'listName'] }, value: key,
          note: `no trigger for priority ${missing.map(({ priority }) => priority).join(', ')}`, unless: 'no task is sent with a priority',
        });
      }
    },
  },
];
