import { isFilledIn } from '../../celery/filled-in';
import { CLUSTER_DOMAIN } from '../../celery/hosts';
import { REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { QUEUE_SCALERS, SQS_QUEUE } from '../../celery/queue-scalers';
import { KEDA_DEFAULTS } from '../../celery/scaling';
import { isAmqp, isRedis, isSentinel, parseUrl } from '../../celery/url';
import { redisFor } from '../../manifests/brokers';
import { redisServersIn } from '../../manifests/in-namespace';
import { CONTAINERS_OF_INJECTED } from '../../manifests/injected';
import { asList, asNumber, asScalar, get } from '../../manifests/json';
import { kedaRefusals } from '../../manifests/keda';
import { addressOf, otherDatabase, readsOther, sameHost, serversOf } from '../../manifests/keda-triggers';
import { inPatch, isPatch } from '../../manifests/patches';
import { Place } from '../../manifests/place';
import { Process } from '../../manifests/process';
import { hasManagement, rabbitFor, rabbitNamespaces } from '../../manifests/rabbit-server';
import { hasOneUser } from '../../manifests/redis-users';
import { Resource } from '../../manifests/resource';
import { authenticationOf, authenticationValues, envSource, isUnacknowledged, queuesInSight, scaledWorkers, scalersOf, Trigger, triggers } from '../../manifests/scalers';
import { taskLimit } from '../../manifests/task-limit';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The containers that an autoscaler names, each with its place. */
function namedContainers({ kind, json }: Resource): Array<{ name: string; path: Array<string | number> }> {
  const found = (value: unknown, path: Array<string | number>) => asScalar(value) === undefined ? [] : [{ name: asScalar(value)!, path }];
  if (kind === 'HorizontalPodAutoscaler') {
    return asList(get(json, 'spec', 'metrics')).flatMap((metric, i) => found(get(metric, 'containerResource', 'container'), ['spec', 'metrics', i, 'containerResource', 'container']));
  }
  return [
    ...found(get(json, 'spec', 'scaleTargetRef', 'envSourceContainerName'), ['spec', 'scaleTargetRef', 'envSourceContainerName']),
    ...asList(get(json, 'spec', 'triggers')).flatMap((trigger, i) => ['cpu', 'memory'].includes(asScalar(get(trigger, 'type')) ?? '')
      ? found(get(trigger, 'metadata', 'containerName'), ['spec', 'triggers', i, 'metadata', 'containerName']) : []),
  ];
}

/** Counts messages that wait, and not those that are delivered. What the URL is of may be out of sight. */
function countsReady(trigger: Trigger, worker: Process, world: World): boolean {
  if ((trigger.metadata('mode') ?? 'QueueLength') !== 'QueueLength') return false;
  const secret = world.find('TriggerAuthentication', trigger.scaler.namespace, trigger.authentication ?? '');
  const [protocol, host] = [trigger.metadata('protocol'), addressOf(trigger, worker) ?? authenticationValues(secret, world).get('host')];
  if ((protocol ?? 'auto') === 'auto' && !/^(amqps?|https?):/.test(host ?? '')) return false;
  const excludeUnacknowledged = trigger.metadata('excludeUnacknowledged');
  return !QUEUE_SCALERS.get(trigger.type)!.countsUnacknowledged({ protocol, host, excludeUnacknowledged });
}

function virtualHost(path: string | undefined): string {
  return path === undefined || path === '' || path === '/' || path === '%2f' || path === '%2F' ? '/' : path.replace(/^\//, '');
}

/** The namespaces in which the input has an operator of KEDA. */
const kedaNamespaces = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.filter(({ containers }) =>
  containers.some(({ image }) => /(^|\/)kedacore\/keda$/.test(image.repository))).map(({ resource }) => resource.namespace)));

/** A Service of that name next to KEDA, such as one that leads to another namespace. */
function isKnownToKeda(host: string, world: World): boolean {
  return world.kind('Service').some(({ name, namespace }) => name === host && (namespace.includes('keda') || kedaNamespaces(world).has(namespace)));
}

/** Which broker the name of a metric, or of a trigger of KEDA, is about. */
const BROKER_METRICS: ReadonlyArray<readonly [RegExp, string]> = [
  [/rabbitmq|amqp/i, 'rabbitmq'], [/redis/i, 'redis'], [/\bsqs\b|sqs[-_]|[-_]sqs/i, 'sqs'], [/nats|^stan$/i, 'nats'], [/kafka/i, 'kafka'], [/kinesis/i, 'kinesis'],
  [/pub-?sub/i, 'pubsub'], [/azure-(queue|servicebus|eventhub)/i, 'azure'], [/activemq|artemis/i, 'activemq'], [/ibmmq/i, 'ibmmq'], [/beanstalkd/i, 'beanstalkd'],
];

/** What the servers of a namespace are, where all of them are of one kind. */
function onlyBroker(namespace: string, world: World): 'redis' | 'rabbitmq' | undefined {
  const [redis, rabbitmq] = [redisServersIn(namespace, world).length > 0, rabbitNamespaces(world).has(namespace)];
  return redis === rabbitmq ? undefined : redis ? 'redis' : 'rabbitmq';
}

/** Triggers of KEDA that do not name what they count. */
const OTHER_TRIGGERS = /^(cpu|memory|cron|external.*|prometheus|metrics-api|datadog|new-relic|.*cloudwatch|gcp-stackdriver|azure-(monitor|log-analytics|app-insights))$/;

/** The metrics by which an autoscaler counts something outside of its pods. */
function queueMetrics(scaler: Resource): Array<{ readonly metric: string; readonly path: Place['path'] }> {
  if (scaler.kind === 'ScaledObject') {
    return triggers(scaler).filter(({ type }) => !OTHER_TRIGGERS.test(type)).map(({ type, path }) => ({ metric: type, path: [...path.slice(0, -1), 'type'] }));
  }
  return asList(get(scaler.json, 'spec', 'metrics')).flatMap((metric, i) => ['external', 'object', 'pods'].flatMap((kind) => {
    const name = asScalar(get(metric, kind, 'metric', 'name') ?? get(metric, kind, 'metricName'));
    return name === undefined ? [] : [{ metric: name, path: ['spec', 'metrics', i, kind, 'metric', 'name'] }];
  }));
}

/** Rules about KEDA: where its triggers connect, what they measure, and what it starts. */
export const kedaRules: Rule[] = [
  {
    id: 'scaling/zero-while-tasks-run',
    severity: Severity.WARNING,
    title: 'KEDA scales the workers to zero while they still run tasks',
    why: 'The trigger counts the list only. Tasks that a worker has taken are not in it (`LLEN` 1 with 8 in `unacked`): the list is empty, the '
      + 'cooldown passes, and the pods with the running tasks are removed.',
    fix: 'Set minReplicaCount: 1; or with late acknowledgement add a second redis trigger with listName: unacked.',
    source: 'https://github.com/kedacore/keda/issues/6719',
    rows: ['K1', 'N3'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis, rabbit }, report, world) => {
      const jobs = scaler.kind === 'ScaledJob';
      // Without work KEDA goes down to idleReplicaCount.
      const field = get(scaler.json, 'spec', 'idleReplicaCount') === undefined ? 'minReplicaCount' : 'idleReplicaCount';
      const least = asNumber(get(scaler.json, 'spec', field)) ?? KEDA_DEFAULTS.minReplicaCount;
      const unacked = redis.some((trigger) => isUnacknowledged(trigger.metadata('listName') ?? '', worker));
      const sqs = triggers(scaler).filter((trigger) => trigger.type === SQS_QUEUE
        && !QUEUE_SCALERS.get(SQS_QUEUE)!.countsUnacknowledged({ scaleOnInFlight: trigger.metadata('scaleOnInFlight') }));
      const blind = [...redis, ...rabbit.filter((trigger) => countsReady(trigger, worker, world)), ...sqs];
      // Another trigger may see the tasks that run.
      if (jobs || blind.length === 0 || triggers(scaler).length > blind.length || unacked) return;
      // A grace period that covers the longest task lets the running ones end.
      const limit = taskLimit(worker)?.seconds;
      const { graceSeconds, spec } = worker.workload;
      if (limit !== undefined && limit <= graceSeconds) return;
      if (least === 0) {
        report({
          at: { resource: scaler, path: ['spec', field] }, value: `${field}: ${least}`,
          ...(sqs.length > 0 ? { fix: 'Set minReplicaCount: 1, or leave scaleOnInFlight out.' } : {}),
          ...(rabbit.length > 0 ? { fix: 'Set minReplicaCount: 1, or protocol: http with the URL of the management API, which also counts what is not acknowledged.' } : {}),
        });
      } else if (limit === undefined && spec.terminationGracePeriodSeconds === undefined) {
        report({
          at: { resource: scaler, path: ['spec', field] }, value: `${field}: ${least}`,
          note: 'above that number, too: pods are removed with the default grace period of 30 s', unless: 'no task takes longer',
          fix: 'Set terminationGracePeriodSeconds to the longest task and a margin.',
        });
      }
    },
  },
  {
    id: 'scaling/keda-resolves-elsewhere',
    severity: Severity.ERROR,
    title: 'KEDA resolves the host name of the broker in its own namespace',
    why: 'The operator resolves the name, not the worker: `connection to redis failed: dial tcp: lookup redis on 172.20.0.10:53: no such host`; '
      + 'nothing is ever scaled.',
    fix: 'Write the whole name: redis.<namespace>.svc.cluster.local:6379.',
    source: 'https://github.com/kedacore/keda/issues/6247',
    rows: ['K3'],
    on: 'scaledWorkers',
    check: ({ worker, scaler }, report, world) => {
      if (scaler.namespace.includes('keda') || kedaNamespaces(world).has(scaler.namespace)) return;
      for (const trigger of triggers(scaler)) {
        for (const server of serversOf(trigger, worker)) {
          const host = server.replace(/:\d+$/, '');
          if (!/^[a-z0-9-]+$/i.test(host) || isKnownToKeda(host, world)) continue;
          report({
            at: { resource: scaler, path: trigger.path }, value: server,
            allowed: `${host}.${scaler.namespace || '<namespace>'}.svc.${CLUSTER_DOMAIN}`,
            ...scaler.namespace === '' ? {} : { fix: `Write the whole name: ${server.replace(host, `${host}.${scaler.namespace}.svc.cluster.local`)}.` },
          });
        }
      }
    },
  },
  {
    id: 'scaling/keda-other-database',
    severity: Severity.ERROR,
    title: 'KEDA reads a different Redis database than the worker consumes from',
    why: 'databaseIndex is 0 unless it is given: the list there is always empty and nothing is ever scaled.',
    fix: 'Set databaseIndex to the number at the end of the broker URL.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['K4'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis }, report) => {
      const queues = queuesInSight(worker);
      for (const trigger of redis) {
        const other = otherDatabase(trigger, worker);
        // A list of the application may be anywhere.
        const isOwn = queues?.some((queue) => trigger.metadata('listName')?.includes(queue)) ?? true;
        if (other && isOwn && !readsOther(trigger, worker)) {
          report({ at: { resource: scaler, path: trigger.path }, value: `databaseIndex: ${other.read}`, allowed: String(other.own) });
        }
      }
    },
  },
  {
    id: 'scaling/keda-connects-otherwise',
    severity: Severity.ERROR,
    title: 'KEDA connects to the broker differently than the worker',
    why: 'Each option of the broker\'s URL has its counterpart in the trigger: without enableTLS `connection to redis failed: i/o timeout`, without a password '
      + '`NOAUTH Authentication required`, with another virtual host a queue that does not exist. Nothing is ever scaled.',
    fix: 'Give the trigger what the URL has: enableTLS: "true" for rediss://, the password by passwordFromEnv or authenticationRef, the virtual host in the URL.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['N4'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis, rabbit }, report, world) => {
      const { link: broker } = worker;
      for (const trigger of [...redis, ...rabbit]) {
        const at = { resource: scaler, path: trigger.path };
        const given = authenticationOf(trigger, world);
        const hedge = unless(given !== undefined, `TriggerAuthentication ${trigger.authentication} gives it`);
        for (const name of ['addressFromEnv', 'hostFromEnv', 'passwordFromEnv', 'usernameFromEnv']) {
          const variable = trigger.metadata(name);
          const source = envSource(scaler, worker.workload);
          if (variable === undefined || source.env.lookup(variable).state !== 'unset') continue;
          const elsewhere = source !== worker.container && worker.variable(variable).state !== 'unset';
          report({
            at: { resource: scaler, path: [...trigger.path, name] }, value: `${name}: ${variable}`,
            note: elsewhere ? `container ${source.name}, of which KEDA takes it, has no such variable` : 'the container has no such variable',
            ...(elsewhere ? { allowed: `scaleTargetRef.envSourceContainerName: ${worker.container.name}` } : {}),
          });
        }
        if (!broker || readsOther(trigger, worker)) continue;
        if (trigger.type === 'redis' && isSentinel(broker.url) && serversOf(trigger, worker).some((server) => server.endsWith(`:${SENTINEL_PORT}`))) {
          report({ at, value: 'type: redis', allowed: 'type: redis-sentinel, with sentinelMaster', note: 'that is the port of Sentinel, which has no lists' });
        }
        if (trigger.type === 'redis' && isRedis(broker.url)) {
          const secure = broker.url.scheme === 'rediss';
          const enabled = trigger.metadata('enableTLS') === 'true' || (given?.has('tls') ?? false);
          if (secure && !enabled) report({ at, value: `enableTLS: ${trigger.metadata('enableTLS') ?? 'false'}`, allowed: 'enableTLS: "true"', ...hedge });
          if (!secure && trigger.metadata('enableTLS') === 'true') {
            report({ at, value: 'enableTLS: true', allowed: 'enableTLS: "false"', note: 'the URL is redis://' });
          }
          const password = broker.url.password ?? broker.password ?? broker.url.query.get('password');
          const without = ['password', 'passwordFromEnv'].every((name) => trigger.metadata(name) === undefined) && !(given?.has('password') ?? false);
          if (password && without) report({ at, note: 'the URL has a password', allowed: 'passwordFromEnv or authenticationRef', ...hedge });
          const user = trigger.metadata('username');
          if (user !== undefined && user !== '' && !isFilledIn(user) && redisFor(broker, world).some((server) => hasOneUser(server, world)) && user !== 'default') {
            report({ at: { resource: scaler, path: [...trigger.path, 'username'] }, value: `username: ${user}`, allowed: 'no username', note: 'Redis has no such user: requirepass is for the user default' });
          }
        }
        const host = trigger.type === 'rabbitmq' && isAmqp(broker.url) ? parseUrl(addressOf(trigger, worker) ?? '') : undefined;
        if (!host) continue;
        const protocol = trigger.metadata('protocol') ?? 'auto';
        if ((protocol === 'http' && isAmqp(host)) || (protocol === 'amqp' && /^https?$/.test(host.scheme))) {
          report({ at, value: `protocol: ${protocol}`, note: `its URL is ${host.scheme}://` });
        }
        const [theirs, ours] = [trigger.metadata('vhostName') ?? virtualHost(host.database), virtualHost(broker.url.database)];
        if (theirs !== ours && !/[$%{]/.test(theirs + ours) && !broker.partial) report({ at, value: `virtual host ${theirs}`, allowed: ours });
      }
    },
  },
  {
    id: 'scaling/keda-no-management',
    severity: Severity.ERROR,
    title: 'KEDA asks the management API of a RabbitMQ that does not have it',
    why: 'With protocol http the scaler reads the queue over port 15672: without the plugin `connection refused`, or numbers that are never there, and nothing is ever scaled.',
    fix: 'Use an image such as rabbitmq:4.1-management, or enable rabbitmq_management; or protocol: amqp, which counts only the messages that wait.',
    source: 'https://github.com/kedacore/keda/issues/7180',
    rows: ['N4'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, rabbit }, report, world) => {
      const [server, ...others] = worker.link ? rabbitFor(worker.link, world) : [];
      if (!server || others.length > 0 || hasManagement(server) !== false) return;
      for (const trigger of rabbit) {
        const host = addressOf(trigger, worker) ?? authenticationValues(world.find('TriggerAuthentication', scaler.namespace, trigger.authentication ?? ''), world).get('host');
        const asked = parseUrl(host ?? '')?.host;
        if (asked !== undefined && !sameHost(asked, worker.link!.url.host)) continue;
        const protocol = trigger.metadata('protocol') ?? 'auto';
        if (protocol !== 'http' && !(protocol === 'auto' && /^https?:/.test(host ?? ''))) continue;
        report({ at: { resource: scaler, path: [...trigger.path, 'protocol'] }, value: `protocol: ${protocol}`, note: `${server.resource.kind} ${server.resource.name} has no management plugin` });
      }
    },
  },
  {
    id: 'scaling/paused',
    severity: Severity.WARNING,
    title: 'A ScaledObject is paused, so its workers are not scaled',
    why: 'With paused-replicas "0" no worker runs and tasks wait; each apply brings the annotation back.',
    fix: 'Take the annotations autoscaling.keda.sh/paused and paused-replicas out of the manifest: they are for a moment, by kubectl annotate.',
    source: 'https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling',
    rows: ['N93'],
    on: 'scaledWorkers',
    check: ({ scaler }, report) => {
      for (const name of ['paused-replicas', 'paused'].map((one) => `autoscaling.keda.sh/${one}`)) {
        const value = asScalar(scaler.annotations[name]);
        if (value === undefined || value === 'false' || isFilledIn(value)) continue;
        report({ at: { resource: scaler, path: ['metadata', 'annotations', name] }, value: `${name}: ${value}`, unless: 'it is to be paused at each apply' });
        return;
      }
    },
  },
  {
    id: 'scaling/too-few-to-start',
    severity: Severity.WARNING,
    title: 'From zero, KEDA starts the first worker only when more tasks wait than the activation threshold',
    why: 'Up to that number, tasks wait until others are added: the last ones of a day until the next one.',
    fix: 'Leave the threshold out: it is 0; or set minReplicaCount: 1.',
    source: 'https://keda.sh/docs/latest/concepts/scaling-deployments/#activating-and-scaling-thresholds',
    rows: ['K1'],
    on: 'scaledWorkers',
    check: ({ scaler, redis, rabbit }, report) => {
      const field = get(scaler.json, 'spec', 'idleReplicaCount') === undefined ? 'minReplicaCount' : 'idleReplicaCount';
      if (scaler.kind !== 'ScaledObject' || (asNumber(get(scaler.json, 'spec', field)) ?? KEDA_DEFAULTS.minReplicaCount) > 0) return;
      // Something else may start the first one.
      if (triggers(scaler).length > redis.length + rabbit.length) return;
      for (const trigger of [...redis, ...rabbit]) {
        for (const name of ['activationListLength', 'activationValue']) {
          const value = trigger.metadata(name);
          if (!/^[1-9]\d*$/.test(value ?? '')) continue;
          report({ at: { resource: scaler, path: [...trigger.path, name] }, value: `${name}: ${value}`, allowed: '0', unless: 'tasks may wait for more of them' });
        }
      }
    },
  },
  {
    id: 'scaling/no-such-container',
    severity: Severity.ERROR,
    title: 'An autoscaler names a container that the pods do not have',
    why: 'It has no metric, and does nothing: `container celery not present in metrics for pod`. KEDA makes no autoscaler: `couldn\'t find container with name celery`.',
    fix: 'Write the name of the container as its pods have it.',
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics',
    rows: ['K7'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      const own = workload.containers.map(({ name }) => name);
      for (const scaler of scalersOf(workload, world)) {
        for (const { name, path } of namedContainers(scaler)) {
          if (own.includes(name) || isFilledIn(name) || CONTAINERS_OF_INJECTED.test(name)) continue;
          report({ at: { resource: scaler, path }, value: name, allowed: own.join(', '), note: `${workload.resource.kind} ${workload.resource.name}` });
        }
      }
    },
  },
  {
    id: 'scaling/keda-unknown-value',
    severity: Severity.ERROR,
    title: 'A trigger of KEDA has a value that its scaler does not take',
    why: 'KEDA makes no autoscaler: `error parsing rabbitmq metadata: parameter "protocol" value "amqp0-9-1" must be one of [auto amqp http]`, and the ScaledObject stays '
      + 'at READY False.',
    fix: 'Use one of the values of the scaler.',
    source: 'https://keda.sh/docs/latest/scalers/rabbitmq-queue/',
    rows: ['N93'],
    on: 'scaledWorkers',
    check: ({ scaler }, report) => {
      for (const trigger of triggers(scaler)) {
        for (const [name, values] of Object.entries(QUEUE_SCALERS.get(trigger.type)?.values ?? {})) {
          const given = trigger.metadata(name);
          if (given === undefined || given === '' || values.includes(given) || isFilledIn(given)) continue;
          report({ at: { resource: scaler, path: [...trigger.path, name] }, value: `${name}: ${given}`, allowed: values.join(', ') });
        }
      }
    },
  },
  {
    id: 'scaling/keda-refuses',
    severity: Severity.ERROR,
    title: 'KEDA cannot use the ScaledObject as it is',
    why: 'The API server refuses it (`spec.triggers[0].metadata.listLength: Invalid value: "integer"`), or KEDA makes no autoscaler: READY is False, with `error parsing redis '
      + 'metadata: missing required parameter "listName"` or `address redis://redis:6379: too many colons in address` in its events. Nothing is ever scaled.',
    fix: 'Write the fields and the metadata as the scaler takes them.',
    source: 'https://keda.sh/docs/latest/reference/scaledobject-spec/',
    rows: ['N93'],
    check: (world, report) => {
      const known = new Set(scaledWorkers(world).map(({ scaler }) => scaler));
      const namespaces = new Set(world.workers.map(({ workload }) => workload.resource.namespace));
      for (const scaler of world.kind('ScaledObject')) {
        // One that leads nowhere may be wrong in more than its target.
        const lost = namespaces.has(scaler.namespace) && !world.target(scaler.namespace, get(scaler.json, 'spec', 'scaleTargetRef'), 'Deployment');
        if ((!known.has(scaler) && !lost) || isPatch(scaler, world)) continue;
        for (const { path, lacks: _, ...refusal } of inPatch(kedaRefusals(scaler, world), scaler, world)) {
          report({ at: { resource: scaler, path }, ...refusal });
        }
      }
    },
  },
  {
    id: 'scaling/keda-other-server',
    severity: Severity.WARNING,
    title: 'KEDA reads a different server than the worker consumes from',
    why: 'The list is always empty there, and nothing is ever scaled.',
    fix: 'Give the trigger the host and the port of the broker\'s URL.',
    source: 'https://keda.sh/docs/latest/scalers/redis-lists/',
    rows: ['N4'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis, rabbit }, report) => {
      const { broker } = worker;
      for (const trigger of [...redis, ...rabbit]) {
        const text = addressOf(trigger, worker);
        if (!broker || text === undefined || isRedis(broker.url) !== (trigger.type === 'redis') || (!isRedis(broker.url) && !isAmqp(broker.url))) continue;
        const url = parseUrl(text.includes('://') ? text : `redis://${text}`);
        if (!url || /[${]/.test(url.host + broker.url.host) || url.host === '' || broker.url.host === '') continue;
        const ports = trigger.type === 'redis' ? [url.port ?? `${REDIS_PORT}`, broker.url.port ?? `${REDIS_PORT}`] : ['', ''];
        if (sameHost(url.host, broker.url.host) && ports[0] === ports[1]) continue;
        report({
          at: { resource: scaler, path: trigger.path }, value: `${url.host}:${url.port ?? ''}`.replace(/:$/, ''),
          allowed: `${broker.url.host}${broker.url.port ? `:${broker.url.port}` : ''}`,
          unless: 'both are the same server',
        });
      }
    },
  },
  {
    id: 'scaling/metric-of-another-broker',
    severity: Severity.WARNING,
    title: 'The autoscaler reads the queues of a different kind of broker than the worker uses',
    why: 'That queue does not exist there, or its number has nothing to do with the tasks: nothing is scaled, `unable to get external metric`.',
    fix: 'Scale by the queue of the broker that the worker has, with KEDA or an exporter of that broker.',
    source: 'https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#scaling-on-custom-metrics',
    rows: ['N4'],
    on: 'workers',
    check: (worker, report, world) => {
      // Without a broker in sight it is what all URLs of servers lead to.
      const kinds = new Set(worker.allUrls.map(({ url: { scheme } }) => scheme));
      const url = worker.link?.url ?? (kinds.size === 1 ? worker.allUrls[0].url : undefined);
      const near = url ? undefined : onlyBroker(worker.workload.resource.namespace, world);
      const own = !url ? near : isRedis(url) ? 'redis' : isAmqp(url) ? 'rabbitmq' : url.scheme === 'sqs' ? 'sqs' : undefined;
      if (own === undefined) return;
      for (const scaler of scalersOf(worker.workload, world)) {
        for (const { metric, path } of queueMetrics(scaler)) {
          const kind = BROKER_METRICS.find(([name]) => name.test(metric))?.[1];
          if (kind === undefined || kind === own) continue;
          report({
            at: { resource: scaler, path }, value: metric, note: url ? `the broker is ${url.scheme}://` : `the only broker in sight is ${near === 'redis' ? 'Redis' : 'RabbitMQ'}`,
            unless: 'what it counts leads to tasks of this worker',
          });
        }
      }
    },
  },
  {
    id: 'scaling/worker-in-a-job',
    severity: Severity.WARNING,
    title: 'A worker runs in a Job, which never completes',
    why: 'The Job is never complete: a ScaledJob starts one more for each task until maxReplicaCount is reached, a CronJob one more each time, and none goes away.',
    fix: 'Scale a Deployment with a ScaledObject; or end the worker when the queue is empty.',
    source: 'https://keda.sh/docs/latest/concepts/scaling-jobs/',
    rows: ['N4'],
    on: 'workers',
    check: (worker, report) => {
      const { resource, spec } = worker.workload;
      const deadline = get(resource.json, ...worker.workload.podPath.slice(0, -1), 'activeDeadlineSeconds');
      if (worker.workload.longRunning || deadline !== undefined || spec.activeDeadlineSeconds !== undefined) return;
      if (worker.links.some((link) => link.kind === 'wrapper' && link.name === 'timeout')) return;
      report({ at: worker.commandPlace, value: resource.kind, unless: 'something ends it when the queue is empty' });
    },
  },
];
