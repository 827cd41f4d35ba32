import { CLUSTER_DOMAIN } from '../../celery/hosts';
import { REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { QUEUE_SCALERS, readsRedisLists } from '../../celery/queue-scalers';
import { quantity } from '../../celery/quantity';
import { DEFAULTS } from '../../celery/settings';
import { KEDA_DEFAULTS, SCALE_DOWN_WINDOW } from '../../celery/scaling';
import { isAmqp, isRedis, isSentinel, parseUrl, redisDatabase } from '../../celery/url';
import { isFilledIn } from '../../celery/filled-in';
import { baseName, Invocation } from '../../manifests/command/command';
import { grouped } from '../../manifests/grouped';
import { asList, asNumber, asScalar, get, isMap } from '../../manifests/json';
import { CONTAINERS_OF_INJECTED } from '../../manifests/injected';
import { kedaRefusals } from '../../manifests/keda';
import { almost } from '../../manifests/misspelt';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { Variable } from '../../manifests/pod/env';
import { builtApart } from '../../manifests/kustomizations';
import { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { hasOneUser } from '../../manifests/redis-users';
import { redisFor } from '../../manifests/brokers';
import { redisServersIn, workersIn } from '../../manifests/in-namespace';
import { hasManagement, rabbitFor, rabbitNamespaces } from '../../manifests/rabbit-server';
import { isPatch } from '../../manifests/patches';
import { isName } from '../../manifests/service-ports';
import { givesTasksBack } from '../../manifests/soft-shutdown';
import { Resource } from '../../manifests/resource';
import { authenticationOf, authenticationValues, envSource, isScaled, keysOf, queuesInSight, scaledWorkers, scalersOf, Trigger, triggers } from '../../manifests/scalers';
import { taskLimit } from '../../manifests/task-limit';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { nearest } from '../../nearest';
import { listed } from '../printable';
import { Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

function address(trigger: Trigger, worker: Process): string | undefined {
  const fromEnv = trigger.metadata('addressFromEnv') ?? trigger.metadata('hostFromEnv');
  return trigger.metadata('address') ?? trigger.metadata('host')
    ?? (fromEnv === undefined ? undefined : envSource(trigger.scaler, worker.workload).env.value(fromEnv));
}

const SQS_QUEUE = 'aws-sqs-queue';

/** The servers that a trigger connects to, each with its port where that is written. */
function servers(trigger: Trigger, worker: Process): string[] {
  const written = readsRedisLists(trigger.type) ? trigger.metadata('addresses') ?? address(trigger, worker)
    : trigger.type === 'rabbitmq' ? hostAndPort(address(trigger, worker)) : undefined;
  return (written ?? '').split(',').map((server) => server.trim());
}

function hostAndPort(text: string | undefined): string | undefined {
  const url = parseUrl(text ?? '');
  return url && `${url.host}${url.port === undefined ? '' : `:${url.port}`}`;
}

/** It counts something of another server than the broker, as far as both are known. */
function readsOther(trigger: Trigger, worker: Process): boolean {
  const text = address(trigger, worker) ?? '';
  const [theirs, ours] = [parseUrl(text.includes('://') ? text : `redis://${text}`)?.host ?? '', worker.link?.url.host ?? ''];
  return isName(theirs) && isName(ours) && !sameHost(theirs, ours);
}

/** The database of Redis that a trigger reads, where it is not that of the broker. */
function otherDatabase(trigger: Trigger, { link }: Process): { readonly read: string; readonly own: number } | undefined {
  const own = link && isRedis(link.url) ? redisDatabase(link.url) : undefined;
  const read = trigger.metadata('databaseIndex') ?? '0';
  return own !== undefined && /^\d+$/.test(read) && Number(read) !== own ? { read, own } : undefined;
}

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
        ...unless(get(spec, 'nodeSelector', 'cloud.google.com/compute-class') === undefined, 'GKE Autopilot gives it one'),
        ...(amount === undefined ? {} : { value: `a ${resource === 'cpu' ? 'CPU' : 'memory'} request of 0` }),
      });
    }
    return wanted === 'all';
  });
}

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
  const [protocol, host] = [trigger.metadata('protocol'), address(trigger, worker) ?? authenticationValues(secret, world).get('host')];
  if ((protocol ?? 'auto') === 'auto' && !/^(amqps?|https?):/.test(host ?? '')) return false;
  const excludeUnacknowledged = trigger.metadata('excludeUnacknowledged');
  return !QUEUE_SCALERS.get(trigger.type)!.countsUnacknowledged({ protocol, host, excludeUnacknowledged });
}

/** The hash of what is not acknowledged; a prefix of it may be out of sight. */
function isUnacknowledged(name: string, worker: Process): boolean {
  return name === keysOf(worker).unacknowledged || name.endsWith('unacked');
}

function virtualHost(path: string | undefined): string {
  return path === undefined || path === '' || path === '/' || path === '%2f' || path === '%2F' ? '/' : path.replace(/^\//, '');
}

/** `redis` and `redis.shop.svc.cluster.local`. */
function sameHost(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short === long || long.startsWith(`${short}.`);
}

/** Commands that change the tables of an application. Airflow takes a lock. */
function migrates({ words, conditional }: Invocation): boolean {
  if (!words.some(({ text }) => /migrate|upgrade/.test(text))) return false;
  const texts = words.map(({ text }) => text);
  if (conditional || texts.some((text) => /^--(check|plan|sql|help)$/.test(text))) return false;
  const line = texts.map((text, i) => i < 3 ? baseName(text) : text).join(' ');
  return /(^|\s)(manage\.py|django-admin|nautobot-server|sentry-admin)\s(.*\s)?(migrate|post_upgrade)(\s|$)|(^|\s)alembic\s(.*\s)?upgrade(\s|$)/.test(line)
    || /(^|\s)(flask|superset)\sdb\supgrade(\s|$)|(^|\s)(aerich|sentry)\supgrade(\s|$)|(^|\s)prisma\smigrate\sdeploy/.test(line);
}

/** Variables of the container itself that switch migrations on in the entrypoint of an image: `RUN_MIGRATIONS=true`. */
function migrationSwitches({ env }: Container): Variable[] {
  return [...env.all()].filter(({ name, value, imported }) => !imported && /^(?!.*AIRFLOW)(.*_)?MIGRAT(E|IONS?)(_|$)/.test(name) && /^(on|true|yes|1)$/i.test(value ?? ''));
}

/** The others among objects, as many as are asked for. */
function* namesBut(resources: readonly Resource[], one: Resource): Iterable<string> {
  for (const other of resources) if (other !== one) yield `${other.kind} ${other.name}`;
}

/** The namespaces in which the input has an operator of KEDA. */
const kedaNamespaces = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.filter(({ containers }) =>
  containers.some(({ image }) => /(^|\/)kedacore\/keda$/.test(image.repository))).map(({ resource }) => resource.namespace)));

/** A Service of that name next to KEDA, such as one that leads to another namespace. */
function isKnownToKeda(host: string, world: World): boolean {
  return world.kind('Service').some(({ name, namespace }) => name === host && (namespace.includes('keda') || kedaNamespaces(world).has(namespace)));
}

/** Words of names that say no more than that it is a worker. */
const OF_ANY_WORKER = /^(celery|workers?|queues?|default|app|deployment|\d+)$/;

/** Whether a name may be meant for a workload: a word of its own is that of another one. */
function mayMean(name: string, workload: string): boolean {
  const words = workload.split('-');
  return name.split('-').every((word) => OF_ANY_WORKER.test(word) || words.includes(word)) || almost(name, [workload]) !== undefined;
}

/** The workloads whose workers consume a queue, by namespace and queue. */
const consumers = lazy((world: World) => grouped(world.workers.flatMap(({ queues = [], workload }) =>
  queues.map((queue) => [`${workload.resource.namespace} ${queue}`, workload] as const))));

/** The API of what autoscalers scale. */
const APPS = 'apps/v1';

/** The kinds of it. */
const SCALED = [
  'Deployment', 'StatefulSet', 'ReplicaSet', 'DaemonSet', 'ReplicationController', 'Rollout', 'DeploymentConfig', 'Pod', 'Job', 'CronJob', 'Service',
];

export const scalingRules: Rule[] = [
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
        for (const server of servers(trigger, worker)) {
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
        if (trigger.type === 'redis' && isSentinel(broker.url) && servers(trigger, worker).some((server) => server.endsWith(`:${SENTINEL_PORT}`))) {
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
        const host = trigger.type === 'rabbitmq' && isAmqp(broker.url) ? parseUrl(address(trigger, worker) ?? '') : undefined;
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
        const host = address(trigger, worker) ?? authenticationValues(world.find('TriggerAuthentication', scaler.namespace, trigger.authentication ?? ''), world).get('host');
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
        if ((!known.has(scaler) && !lost) || isPatch(scaler)) continue;
        for (const { path, ...refusal } of kedaRefusals(scaler, world)) report({ at: { resource: scaler, path }, ...refusal });
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
        const text = address(trigger, worker);
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
        const api = asScalar(get(ref, 'apiVersion')) ?? APPS;
        // Of the API only the group counts.
        if (target && /^(Deployment|StatefulSet)$/.test(kind) && api.replace(/\/.*/, '') !== 'apps' && !isFilledIn(api) && world.in(target).length > 0) {
          report({
            at: { resource: scaler, path: ['spec', 'scaleTargetRef', 'apiVersion'] }, value: api, allowed: APPS, fix: `Write ${APPS}.`,
            note: `a ${kind} is in no other group`,
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
      for (const resource of others) {
        report({
          at: { resource, path: ['spec', 'scaleTargetRef'] }, value: `${workload.resource.kind} ${workload.resource.name}`,
          note: `${listed(namesBut(rivals, resource))} ${rivals.length === 2 ? 'does' : 'do'}, too`,
          ...unless(!builtApart(/scale|hpa|keda/i, world), 'they are of different kustomizations'),
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
      if (limit === undefined || limit <= worker.workload.graceSeconds || givesTasksBack(worker)) return;
      for (const scaler of scalersOf(worker.workload, world)) {
        const behavior = scaler.kind === 'ScaledObject' ? get(scaler.json, 'spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior')
          : get(scaler.json, 'spec', 'behavior');
        if (get(behavior, 'scaleDown', 'selectPolicy') === 'Disabled') continue;
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
  {
    id: 'scaling/ordered-ready',
    severity: Severity.WARNING,
    title: 'The pods of the workers start and stop one at a time',
    why: 'A StatefulSet with OrderedReady starts a pod when all before it are ready, and ends one when all after it are gone: one pod that is Pending or crashes holds '
      + 'up all the others, and each step of a scale-in waits for a whole grace period. Workers need no order.',
    fix: 'Set podManagementPolicy: Parallel (for a StatefulSet that exists delete it with --cascade=orphan before); or use a Deployment.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-management-policies',
    rows: ['N54'],
    on: 'workers',
    check: ({ workload }, report, world) => {
      const { resource } = workload;
      const policy = asScalar(get(resource.json, 'spec', 'podManagementPolicy')) ?? 'OrderedReady';
      if (resource.kind !== 'StatefulSet' || policy !== 'OrderedReady' || !isScaled(workload, world)) return;
      report({ at: { resource, path: ['spec', 'podManagementPolicy'] }, value: `podManagementPolicy: ${policy}`, allowed: 'podManagementPolicy: Parallel' });
    },
  },
  {
    id: 'scaling/migrations-in-every-pod',
    severity: Severity.WARNING,
    title: 'Every pod migrates the database when it starts, and several start at the same time',
    why: 'Two migrations at once fail (`relation "shop_order" already exists`, `duplicate key value violates unique constraint`) or deadlock, and each '
      + 'restart and scale-up runs them again.',
    fix: 'Migrate in a Job or a hook; let init containers only wait for it (python manage.py migrate --check).',
    source: 'https://github.com/cookiecutter/cookiecutter-django/issues/2727',
    rows: ['N23'],
    check: (world, report) => {
      const found = world.workloads.filter(({ longRunning, replicas }) => longRunning && replicas !== 0).flatMap((workload) => {
        const all = workload.allContainers;
        const commands = all.flatMap((container) => container.invocations.filter(migrates)
          .map(({ words }) => ({ workload, container, path: words[0].path, value: words.map(({ text }) => text).join(' '), unless: 'they take a lock' })));
        const switches = all.flatMap((container) => migrationSwitches(container).map(({ name, value, path }) => (
          { workload, container, path, value: `${name}=${value}`, unless: 'they take a lock, or the image does something else with the variable' })));
        return [...commands, ...switches].slice(0, 1);
      });
      const byImage = grouped(found.map((one) => [`${one.workload.resource.namespace}/${one.container.image.repository}`, one]));
      for (const same of byImage.values()) {
        const names = [...new Set(same.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))].sort();
        for (const { workload, container, path, value, unless: condition } of same) {
          if (world.in(workload).length === 0 || (!isScaled(workload, world) && names.length < 2)) continue;
          report({ at: container.place(path), value, ...(names.length > 1 ? { note: listed(names) } : {}), unless: condition });
        }
      }
    },
  },
];

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
