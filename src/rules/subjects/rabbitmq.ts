import { isBitnami } from '../../celery/image';
import { AMQP_PORT, MANAGEMENT_PORT } from '../../celery/ports';
import { mebibytes, quantity } from '../../celery/quantity';
import { RABBITMQ_DATA, RABBITMQ_IMAGE } from '../../celery/server-images';
import { isAmqpTransport } from '../../celery/transports';
import { isAmqp, virtualHost } from '../../celery/url';
import { lacks, meets, SINCE } from '../../celery/versions';
import { amqpUses } from '../../manifests/broker-urls';
import { claimNamed } from '../../manifests/claims';
import { codeFiles, seesSettings } from '../../manifests/code';
import { declaredQueues, difference } from '../../manifests/declared-queues';
import { longestCountdown } from '../../manifests/countdowns';
import { installedVersion } from '../../manifests/installs';
import { get } from '../../manifests/json';
import { baseName } from '../../manifests/command/command';
import { portExposures } from '../../manifests/network';
import { knownPassword, passwordOf } from '../../manifests/passwords';
import { probePlace, probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import { rabbitAccounts, WITHOUT_DEFAULTS } from '../../manifests/rabbit-accounts';
import {
  dataFolder, joinsCluster, namedByAddress, nodeNameOf, RabbitBroker, rabbitBrokers, rabbitServers, rabbitFor, rabbitMention, rabbitMount,
  rabbitReplicas, RabbitServer, rabbitSetting,
} from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { lateTasks, taskLimit } from '../../manifests/task-limit';
import { shownUrl, UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';
import { withinNetwork } from '../within-network';

/** RabbitMQ closes the channel of a consumer that holds a delivery for longer: the default, in milliseconds. */
const CONSUMER_TIMEOUT = 1_800_000;

/** guest has the password guest, and may come from another host: of the official image without configuration. */
function knowsGuest(server: RabbitServer): boolean {
  if (!server.container?.image.official || server.opaque || rabbitMention(server, /load_definitions|default_user|default_pass|loopback_users|auth_backends/)) return false;
  // What is mounted over the folder hides what the image has in it.
  if (server.container.mounts.some(({ mountPath }) => HIDING.test(mountPath))) return false;
  return ['RABBITMQ_DEFAULT_USER', 'RABBITMQ_DEFAULT_PASS'].every((name) => {
    const found = server.container?.env.lookup(name);
    const given = server.container?.env.get(name);
    return found?.state === 'unset' || (given?.hidden ?? given?.value) === 'guest';
  });
}

/** Its nodes are to form a cluster by discovery, and nothing gives them one Erlang cookie. */
function lacksCookie({ container, ...server }: RabbitServer): boolean {
  if (!container?.image.official || server.opaque || rabbitMention({ container, ...server }, /peer_discovery_backend|classic_config/) === undefined) return false;
  const cookie = container.env.lookup('RABBITMQ_ERLANG_COOKIE').state !== 'unset' || container.mounts.some(({ mountPath, volume }) => mountPath.endsWith('.erlang.cookie')
    // Pods that share a claim share the cookie in it.
    || (mountPath.replace(/\/+$/, '') === RABBITMQ_DATA && (volume.kind !== 'claim' || volume.claim !== undefined) && volume.kind !== 'emptyDir'));
  // A script may write it.
  return !cookie && container.words.length === 0 && !/cookie/i.test(JSON.stringify([container.workload.spec.initContainers, container.json.lifecycle]));
}

/** What is mounted over a folder hides what the image has in it: that guest may come from another host. */
function hidesDefaults({ container, files, ...server }: RabbitServer): boolean {
  return container !== undefined && container.image.official && !server.opaque && container.mounts.some(({ mountPath }) => HIDING.test(mountPath))
    && rabbitMention({ container, files, ...server }, /loopback_users|load_definitions/) === undefined;
}

const HIDING = /^\/etc\/rabbitmq(\/conf\.d)?\/?$/;

/** The operator of RabbitMQ makes a user with a name of its own, and no guest. */
function reportOperatorsGuest(use: UrlUse, report: Reporter, world: World): void {
  const [server] = rabbitFor(use, world);
  if (!server || server.container || rabbitMention(server, /default_user|load_definitions|auth_backends/) || world.kind('User').some(({ namespace }) => namespace === server.resource.namespace)) return;
  const { name } = server.resource;
  report({
    at: use.at, value: shownUrl(use), allowed: `the user of Secret ${name}-default-user`, note: 'the cluster operator makes no guest',
    fix: `Take the URL from Secret ${name}-default-user, key connection_string; or set default_user and default_pass in additionalConfig.`,
  });
}

/** Why RabbitMQ cannot read one of its files. */
function unreadable(name: string, text: string): Pick<Report, 'value' | 'note' | 'allowed'> | undefined {
  if (/\{\{|<[A-Z]|\$\{/.test(text)) return undefined;
  const code = text.replace(/^[ \t]*[#%].*$/gm, '').trim();
  if (code === '') return undefined;
  const terms = name === 'enabled_plugins' || /^(advanced|rabbitmq)\.config$/.test(name);
  if (terms) return code.endsWith('.') ? undefined : { value: name, note: 'there is no full stop at its end', allowed: 'a full stop after the last bracket' };
  if (!name.endsWith('.conf') || text.includes('\'\'\'')) return undefined;
  if (/^[[{]/.test(code)) return { value: name, note: 'terms of Erlang are for advanced.config', allowed: 'name = value' };
  const line = code.split('\n').map((one) => one.trim()).find((one) => one !== '' && !one.includes('=') && !/^include\s/.test(one));
  return line === undefined ? undefined : { value: line.split(/\s/)[0], note: 'the line has no equals sign', allowed: 'name = value' };
}

/** The size of the claim with its databases, in bytes. */
function volumeSize(server: RabbitServer, world: World): number | undefined {
  if (!server.container) return quantity(get(server.resource.json, 'spec', 'persistence', 'storage'));
  const { workload: { resource } } = server.container;
  const volume = rabbitMount(server)?.volume;
  if (volume?.kind !== 'claim') return undefined;
  const claim = volume.claim === undefined ? volume.source : claimNamed(volume.claim, resource.namespace, world);
  return quantity(get(claim, 'spec', 'resources', 'requests', 'storage'));
}

/** Seconds that a command line tool of RabbitMQ gets to start and to answer. */
const ENOUGH_FOR_TOOLS = 5;

const OTHER_BROKER = 'Celery has another broker';

/** The share of its memory at which RabbitMQ blocks publishers, and what a container has to have besides. */
const HIGHEST_WATERMARK = 0.7;

/** Whether a client knows how to live without transient queues; undefined when its version is not in sight. */
function declaresExclusive({ workload }: Process): boolean | undefined {
  const [celery, kombu] = ['celery', 'kombu'].map((name) => installedVersion(workload, name));
  if (kombu !== undefined && meets(kombu, '<5.7')) return false;
  if (celery !== undefined && meets(celery, '<5.7')) return false;
  return celery !== undefined && kombu !== undefined ? true : undefined;
}

/** The server's timeout in seconds: infinite where it is switched off, undefined where it is out of sight. */
function consumerTimeout(server: RabbitServer): number | undefined {
  const found = rabbitMention(server, /consumer[_-]timeout["'\s=,:]+(\d+|undefined|infinity)/);
  if (found) return /\d/.test(found.value) ? Number(found.value) / 1000 : Infinity;
  if (server.opaque) return undefined;
  // Classic queues have none since RabbitMQ 4.3, and none of them had one before 3.8.15.
  if (server.version !== undefined && (meets(server.version, '>=4.3') || meets(server.version, '<3.8.15'))) return Infinity;
  return CONSUMER_TIMEOUT / 1000;
}

/**
 * Where a URL names a server that is not in sight, a link that only the neighbourhood tells is worth a mention, no more. Next to a Redis, without any
 * URL, it is the RabbitMQ that keeps the queues.
 */
function asFarAsLinked({ certain, named, clients, server: { resource } }: RabbitBroker): Pick<Report, 'severity' | 'unless'> {
  if (certain) return {};
  const other = named !== true && clients.some(({ link }) => link !== undefined && link.url.host !== resource.name);
  return { ...(other ? { severity: Severity.INFO } : {}), unless: OTHER_BROKER };
}

/** A volume keeps what somebody has added; older releases make the defaults next to the definitions. */
function unlessKept(server: RabbitServer, older: boolean, kept: string): Pick<Report, 'unless'> {
  return older ? { unless: `RabbitMQ is older than ${WITHOUT_DEFAULTS}` } : unless(rabbitMount(server) === undefined, kept);
}

/** The server of a process whose URL leads to none. */
function meant(process: Process | undefined, world: World): readonly RabbitServer[] {
  return rabbitBrokers(world).filter(({ named, clients }) => named && clients.some((client) => client === process)).map(({ server }) => server);
}

/** What says that a worker declares quorum queues, by a setting or in code; undefined where nothing in sight does. */
function quorumQueues(worker: Process): string | undefined {
  if (worker.link && !isAmqp(worker.link.url)) return undefined;
  if (worker.setting('task_default_queue_type')?.value === 'quorum') return 'task_default_queue_type is quorum';
  const declared = codeFiles(worker.container).find(({ text }) => /["']x-queue-type["']\s*:\s*["']quorum["']/.test(text.replace(/^[ \t]*#.*$/gm, '')));
  return declared && `${declared.name} declares a queue with x-queue-type: quorum`;
}

/** What the entrypoint of the official image refuses since RabbitMQ 3.9. */
const REMOVED = new RegExp('^RABBITMQ_(DEFAULT_(PASS|USER)_FILE|(MANAGEMENT_)?SSL_'
  + '(CACERTFILE|CERTFILE|DEPTH|FAIL_IF_NO_PEER_CERT|KEYFILE|VERIFY)|VM_MEMORY_HIGH_WATERMARK)$');

/** A tag that another minor release of RabbitMQ may get. */
function floats({ image }: RabbitServer): boolean {
  // The tags of an image that somebody has built are theirs.
  return /^rabbitmq\b/.test(image.name) && image.digest === undefined && /^(latest|(management|alpine|management-alpine)|4(-[a-z-]+)?)$/.test(image.tag ?? 'latest');
}

/** Workers, each with the RabbitMQ server of the input that it uses, if there is one. */
function* amqpWorkers(world: World): Iterable<{ worker: Process; server?: RabbitServer }> {
  const linked = new Map(rabbitBrokers(world).flatMap(({ server, clients }) => clients.map((client) => [client, server] as const)));
  for (const worker of world.workers) {
    const server = linked.get(worker);
    const { broker, hiddenTransport } = worker;
    const elsewhere = broker ? isAmqp(broker.url) && rabbitFor(broker, world).length === 0 : isAmqpTransport(hiddenTransport ?? '');
    if (server || elsewhere) yield { worker, server };
  }
}

/** Below that RabbitMQ does not stay up. */
const LEAST_MEMORY = 200 * 2 ** 20;

/** Annotations that give the load balancer of a cloud a certificate. */
const endsTls = ({ annotations }: Resource): boolean => Object.keys(annotations).some((name) => /[./-](ssl-cert|tls-ports|certificate-id|cert-id|tls-secret-name|tls-secret)$/.test(name));

export const rabbitRules: Rule[] = [
  {
    id: 'rabbitmq/refuses-transient-queues',
    severity: Severity.ERROR,
    title: 'RabbitMQ 4.3 and later refuses the queues that this Celery declares',
    why: 'Workers loop: `(541) INTERNAL_ERROR` in mingle, connection lost, again and again. The queues of control and events are transient and not exclusive '
      + 'before Celery and kombu 5.7, and 4.3 no longer permits those.',
    fix: 'Use RabbitMQ 4.2, or celery>=5.7 with kombu>=5.7; or set deprecated_features.permit.transient_nonexcl_queues = true in rabbitmq.conf.',
    source: 'https://github.com/celery/kombu/issues/2237',
    rows: ['N1'],
    check: (world, report) => {
      for (const { server, clients } of rabbitBrokers(world)) {
        if (server.version === undefined || !meets(server.version, '>=4.3')) continue;
        if (rabbitMention(server, /transient_nonexcl_queues["'\s=,:]+true/)) continue;
        const versions = clients.filter(({ role }) => role !== 'beat').map(declaresExclusive);
        if (versions.length === 0 || versions.every((exclusive) => exclusive === true)) continue;
        const certain = versions.includes(false) && !server.opaque;
        report({
          at: server.imagePlace, value: server.image.text, allowed: 'RabbitMQ 4.2, or clients with celery>=5.7 and kombu>=5.7',
          ...unless(certain, versions.includes(false) ? 'its configuration permits transient_nonexcl_queues' : 'the images of the workers have Celery and kombu 5.7'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/consumer-timeout',
    severity: Severity.ERROR,
    title: 'The consumer timeout of RabbitMQ is shorter than a task may take',
    why: 'A delivery that is not acknowledged within consumer_timeout (30 min by default) closes the channel: `PreconditionFailed: (406) PRECONDITION_FAILED - '
      + 'delivery acknowledgement on channel 1 timed out`. The worker ends and the task starts again, forever; tasks that are reserved behind a long one are '
      + 'held, too.',
    fix: 'Set consumer_timeout in rabbitmq.conf, in milliseconds, above the longest task and the longest countdown.',
    source: 'https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout',
    rows: ['N2'],
    check: (world, report) => {
      for (const { worker, server } of amqpWorkers(world)) {
        const longest = taskLimit(worker);
        const given = server ? consumerTimeout(server) : undefined;
        const timeout = given ?? CONSUMER_TIMEOUT / 1000;
        // What a process has reserved waits for the tasks before it.
        const reserved = Math.max(1, worker.number('--prefetch-multiplier') ?? 1);
        if (!longest || longest.seconds * reserved < timeout) continue;
        const late = lateTasks(worker).find(({ seconds, variable }) => variable === undefined && seconds >= timeout);
        const one = longest.seconds >= timeout;
        report({
          at: late?.at ?? longest.at,
          value: `tasks up to ${(late ?? longest).seconds} s, ${one ? '' : `${reserved} of them by the prefetch multiplier, `}consumer_timeout ${given ?? `${timeout} (the default)`} s`,
          allowed: `consumer_timeout = ${(longest.seconds * (one ? 1 : reserved) + 600) * 1000}${one ? '' : ', or --prefetch-multiplier=1'}`,
          ...unless(late !== undefined && given !== undefined, given === undefined ? 'the server has a longer consumer_timeout'
            : one ? 'tasks are acknowledged early and none is reserved behind a long one' : 'no process gets that many of the longest tasks in a row'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/countdown-above-timeout',
    severity: Severity.ERROR,
    title: 'Tasks have a countdown that is longer than the consumer timeout of RabbitMQ',
    why: 'A worker holds a task until its time has come, without an acknowledgement. After consumer_timeout (30 min by default) RabbitMQ closes the channel: `PreconditionFailed: (406) PRECONDITION_FAILED - '
      + 'delivery acknowledgement on channel 1 timed out`; the worker connects again and gets the same task, forever.',
    fix: 'Set consumer_timeout in rabbitmq.conf, in milliseconds, above the longest countdown; or use quorum queues with Celery 5.5 and later, which delay such tasks in RabbitMQ.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown',
    rows: ['N2'],
    check: (world, report) => {
      for (const { worker, server } of amqpWorkers(world)) {
        const timeout = server ? consumerTimeout(server) : undefined;
        if (timeout === undefined || quorumQueues(worker) !== undefined) continue;
        const code = codeFiles(worker.container).map(({ text }) => text).join('\n');
        // Queues may have a timeout of their own.
        if (/quorum|x-consumer-timeout/.test(code)) continue;
        const longest = longestCountdown(worker.container);
        const apps = withoutComments(code).match(/\bCelery\(/g)?.length ?? 0;
        if (!longest || longest.seconds <= timeout) continue;
        report({
          at: longest.at, value: `countdown ${longest.seconds} s, consumer_timeout ${timeout} s`, allowed: `consumer_timeout = ${(longest.seconds + 600) * 1000}`,
          ...unless(apps < 2, 'the task is of another application, with another broker'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/queue-declared-differently',
    severity: Severity.ERROR,
    title: 'A queue is declared with other arguments in another place',
    why: 'RabbitMQ refuses the second declaration, and the worker exits: `amqp.exceptions.PreconditionFailed: Queue.declare: (406) PRECONDITION_FAILED - inequivalent arg '
      + '\'x-max-priority\' for queue \'mail\' in vhost \'/\': received none but current is the value \'10\'`.',
    fix: 'Declare it with the same arguments everywhere; a queue that is there already has to be deleted first, for its arguments do not change.',
    source: 'https://www.rabbitmq.com/docs/queues#property-equivalence',
    rows: ['N119'],
    across: true,
    check: (world, report) => {
      for (const [first, ...others] of declaredQueues(world)) {
        for (const { name, properties, at } of others) {
          const found = difference(properties, first.properties);
          if (!found) continue;
          const { property, own, other } = found;
          report({
            at, value: `${name}: ${own}`, allowed: other, note: `${first.at.resource.kind} ${first.at.resource.name} declares it with ${other}`,
            ...unless(property !== 'x-queue-type', 'that is the default type of the virtual host, or RabbitMQ has relaxed checks'),
          });
        }
      }
    },
  },
  {
    id: 'rabbitmq/quorum-and-autoscale',
    severity: Severity.WARNING,
    title: '--autoscale does not work with quorum queues',
    why: 'Quorum queues have no global QoS, and without it the prefetch count of a worker cannot change: it starts more children, and they get no more tasks than '
      + 'those it began with.',
    fix: 'Use --concurrency, and scale pods.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html#limitations',
    rows: ['N55'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--autoscale');
      const quorum = quorumQueues(worker);
      if ((option.state !== 'known' && option.state !== 'set') || !quorum) return;
      report({ at: worker.place(option.path), value: worker.value('--autoscale'), allowed: '--concurrency', note: quorum });
    },
  },
  {
    id: 'rabbitmq/quorum-and-direct-exchange',
    severity: Severity.WARNING,
    title: 'Tasks with a countdown stop the worker, because its quorum queue has a direct exchange',
    why: 'RabbitMQ delays tasks with a countdown, an ETA or a retry only behind a topic exchange. Behind a direct one, Celery\'s default, the worker holds them, and with '
      + 'quorum queues its prefetch count does not grow for them: it runs nothing else until they are due.',
    fix: 'Set task_default_exchange_type = \'topic\', and task_create_missing_queue_exchange_type = \'topic\' with Celery 5.6 or later. An exchange that is there keeps its '
      + 'type: delete it before, or give it another name.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html#native-delayed-delivery',
    rows: ['N55'],
    on: 'workers',
    check: (worker, report) => {
      if (worker.link && !isAmqp(worker.link.url)) return;
      const type = worker.setting('task_default_queue_type');
      const exchange = worker.setting('task_default_exchange_type');
      const files = codeFiles(worker.container);
      if (type?.value !== 'quorum' || (exchange && exchange.value !== 'direct')) return;
      // Queues of the code have exchanges of their own.
      if (files.some(({ text }) => /\b(task_queues|TASK_QUEUES)\b/.test(text))) return;
      const delays = files.some(({ text }) => /\b(countdown|eta|retry|autoretry_for)\b/.test(text));
      report({
        at: exchange?.at ?? type.at, value: `task_default_queue_type=quorum, task_default_exchange_type=${exchange?.value ?? 'direct (the default)'}`,
        ...unless(delays, 'no task has a countdown, an ETA or a retry'),
      });
    },
  },
  {
    id: 'rabbitmq/quorum-and-priorities',
    severity: Severity.ERROR,
    title: 'Quorum queues are declared with priorities, which they do not support',
    why: 'RabbitMQ refuses to declare them, and the worker ends: `PRECONDITION_FAILED - invalid arg \'x-max-priority\' for queue \'celery\' in vhost \'/\' of queue '
      + 'type rabbit_quorum_queue`.',
    fix: 'Remove task_queue_max_priority, or use classic queues.',
    source: 'https://www.rabbitmq.com/docs/quorum-queues#feature-matrix',
    rows: ['N55'],
    on: 'workers',
    check: (worker, report) => {
      const priority = worker.setting('task_queue_max_priority');
      // Of a queue that the code declares by itself, others may have the priority.
      if (!priority || !/^\d+$/.test(priority.value) || worker.setting('task_default_queue_type')?.value !== 'quorum') return;
      if (worker.link && !isAmqp(worker.link.url)) return;
      report({ at: priority.at, value: `task_queue_max_priority=${priority.value}`, note: 'task_default_queue_type is quorum' });
    },
  },
  {
    id: 'rabbitmq/quorum-and-global-qos',
    severity: Severity.ERROR,
    title: 'The worker sets global QoS on a quorum queue, which does not support it',
    why: 'It cannot consume: `540 NOT_IMPLEMENTED - queue \'celery\' in vhost \'/\' does not support global qos`, again and again. Celery leaves global QoS out '
      + 'from 5.5 on, and only where it sees that it declares a quorum queue.',
    fix: 'Use Celery 5.5 or later, leave worker_detect_quorum_queues on, and declare the queues as what they are: task_default_queue_type = \'quorum\'.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html#using-quorum-queues',
    rows: ['N55'],
    check: (world, report) => {
      for (const worker of world.workers) {
        const quorum = quorumQueues(worker);
        if (!quorum) continue;
        const version = installedVersion(worker.workload, 'celery');
        const off = worker.settingOff('worker_detect_quorum_queues') ? worker.setting('worker_detect_quorum_queues') : undefined;
        if (off) report({ at: off.at, value: `worker_detect_quorum_queues=${off.value}`, note: quorum });
        else if (version !== undefined && lacks(version, 'quorumQueues')) {
          report({ at: worker.commandPlace, value: `celery==${version}`, allowed: `celery>=${SINCE.quorumQueues}`, note: quorum });
        }
      }
      for (const { server, clients } of rabbitBrokers(world)) {
        const setting = rabbitMention(server, /^\s*default_queue_type\s*=\s*(quorum)/m);
        for (const client of setting ? clients : []) {
          if (client.role !== 'worker' || quorumQueues(client)) continue;
          report({
            at: client.commandPlace, note: `${server.resource.kind} ${server.resource.name} has default_queue_type = quorum`, allowed: 'task_default_queue_type = quorum',
            ...unless(seesSettings(client.container), 'the application declares its queues with x-queue-type: quorum'),
          });
        }
      }
    },
  },
  {
    id: 'rabbitmq/node-name-changes',
    severity: Severity.ERROR,
    title: 'RabbitMQ keeps its queues in a folder that is named after the pod',
    why: 'Each new pod of a Deployment has another name, begins an empty database in a new folder of the claim, and all queues and messages are gone; the old '
      + 'folders fill the disk.',
    fix: 'Use a StatefulSet; or set hostname in the pod, or RABBITMQ_NODENAME=rabbit@localhost.',
    source: 'https://github.com/inveniosoftware/helm-invenio/issues/38',
    rows: ['N41'],
    check: (world, report) => {
      for (const { server } of rabbitBrokers(world)) {
        const mount = rabbitMount(server);
        const name = nodeNameOf(server);
        if (!server.container || mount?.volume.kind !== 'claim' || name === 'fixed') continue;
        report({
          at: server.container.place(mount.path), value: `claim ${mount.volume.claim ?? mount.volume.name} at ${mount.mountPath}`,
          ...namedByAddress(server.container) ? { note: 'the name of the node has the address of the pod in it', allowed: 'the name of a pod of a StatefulSet in the name of the node' }
            : { allowed: 'hostname: rabbitmq in the pod, or a StatefulSet' },
          ...unless(name === 'changes', 'the image gives the node a name of its own'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/queue-not-kept',
    severity: Severity.WARNING,
    title: 'The queue is lost when the pod of RabbitMQ is replaced',
    why: `Queues, messages, users and bindings are in ${RABBITMQ_DATA}, and that is gone with the pod: durable queues survive a restart of the process only.`,
    fix: `Put ${RABBITMQ_DATA} on a claim of a StatefulSet.`,
    source: 'https://www.rabbitmq.com/docs/persistence-conf',
    rows: ['R3'],
    check: (world, report) => {
      for (const broker of rabbitBrokers(world)) {
        const { server } = broker;
        const mount = rabbitMount(server);
        if (!server.container) continue;
        if (mount?.volume.kind === 'hostPath' && !server.container.workload.onOneNode) {
          report({
            at: server.place, value: `a hostPath at ${mount.mountPath}`, allowed: 'a claim', note: 'on another node it starts with another folder',
            fix: 'Put the data on a claim, or keep the pod on its node with a nodeSelector.', unless: 'the cluster has one node',
          });
        }
        if (mount && mount.volume.kind !== 'emptyDir') continue;
        const { env, mounts } = server.container;
        // The data may lie elsewhere.
        if (['RABBITMQ_MNESIA_BASE', 'RABBITMQ_MNESIA_DIR'].some((name) => env.get(name) !== undefined)) continue;
        const claim = mount ? undefined : mounts.find(({ volume }) => volume.kind === 'claim');
        if (claim && server.opaque) continue;
        const folder = isBitnami(server.container.image) ? dataFolder(server) : RABBITMQ_DATA;
        const where = mount ? `an emptyDir at ${mount.mountPath}` : `no volume at ${folder}`;
        report({
          at: server.place, value: claim ? `${where}, but one at ${claim.mountPath}` : where,
          ...unless(mount !== undefined || !env.open, 'its variables name another folder'), ...(mount ? {} : asFarAsLinked(broker)),
        });
      }
    },
  },
  {
    id: 'rabbitmq/memory-too-small',
    severity: Severity.WARNING,
    title: 'The memory limit of RabbitMQ is below what it needs to start',
    why: 'The node itself takes 130 MiB before the first message (RabbitMQ 3.10 without plugins): the container is OOMKilled when it starts or with the first connections; or the memory alarm, at 40 % '
      + 'or 60 % of the limit, is on from the beginning, and nobody can publish.',
    fix: 'Set a limit of 512Mi or more.',
    source: 'https://www.rabbitmq.com/docs/production-checklist#resource-limits-ram',
    rows: ['R10'],
    check: (world, report) => {
      for (const { container } of rabbitServers(world)) {
        const limit = container?.memoryLimit;
        if (!container || limit === undefined || limit >= LEAST_MEMORY) continue;
        report({ at: container.place([...container.path, 'resources', 'limits', 'memory']), value: mebibytes(limit), allowed: `at least ${mebibytes(LEAST_MEMORY)}` });
      }
    },
  },
  {
    id: 'rabbitmq/more-than-one',
    severity: Severity.ERROR,
    title: 'Several RabbitMQ servers that form no cluster answer behind one name',
    why: 'Each has queues of its own: a task waits in the one that its producer happened to be connected to, and workers of the others never see it.',
    fix: 'Set replicas: 1; or form a cluster, with the cluster operator or rabbitmq_peer_discovery_k8s.',
    source: 'https://www.rabbitmq.com/docs/cluster-formation',
    rows: ['R4'],
    check: (world, report) => {
      for (const { server, certain } of rabbitBrokers(world)) {
        const replicas = rabbitReplicas(server);
        if (replicas < 2 || (joinsCluster(server) && !lacksCookie(server))) continue;
        report({
          at: { resource: server.resource, path: ['spec', 'replicas'] }, value: `replicas: ${replicas}`, allowed: joinsCluster(server) ? 'RABBITMQ_ERLANG_COOKIE' : '1',
          ...joinsCluster(server) ? { note: 'each node makes an Erlang cookie of its own, and refuses the others', fix: 'Set RABBITMQ_ERLANG_COOKIE from a Secret.' } : {},
          ...unless(certain && !server.opaque, 'its configuration forms a cluster'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/user-not-made',
    severity: Severity.ERROR,
    title: 'Celery logs in to RabbitMQ as a user that it does not have',
    why: 'The image makes one user, guest or that of RABBITMQ_DEFAULT_USER or of default_user in rabbitmq.conf, or those of the definitions that it loads: `amqp.exceptions.AccessRefused: (0, 0): (403) ACCESS_REFUSED - Login was refused '
      + 'using authentication mechanism PLAIN`, in a loop.',
    fix: 'Set RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS of RabbitMQ, from the Secret that the URL is made of.',
    source: 'https://hub.docker.com/_/rabbitmq',
    rows: ['N51'],
    on: 'brokerClients',
    check: ({ urls, process, container }, report, world) => {
      for (const use of urls) {
        const { user: written = use.user } = use.url;
        // It is compared, and never shown.
        const user = written?.startsWith('$(') ? knownPassword(written, container.env) : written;
        if (!use.partial && ['guest', undefined, ''].includes(user)) reportOperatorsGuest(use, report, world);
        if (!isAmqp(use.url) || user === undefined || user === '' || /[$%{]/.test(user)) continue;
        const linked = rabbitFor(use, world);
        const [server, ...others] = linked.length > 0 ? linked : meant(process, world);
        const accounts = server && others.length === 0 ? rabbitAccounts(server, world) : undefined;
        if (!accounts || (accounts.users.size === 0 && !accounts.none) || accounts.users.has(user)) continue;
        report({
          at: use.at, value: use.text === '' ? use.source : `user ${written}`, allowed: accounts.shown.user, ...accounts.none ? { note: 'the definitions that it loads have no user' } : {},
          ...linked.length === 0 ? { unless: OTHER_BROKER } : unlessKept(server, accounts.older?.includes(user) === true, 'somebody has added the user, which its volume keeps'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/guest-from-elsewhere',
    severity: Severity.ERROR,
    title: 'Celery logs in to RabbitMQ as guest, who may only come from the host of RabbitMQ itself',
    why: '`ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN`, in a loop; in the log of RabbitMQ: `user \'guest\' can only connect via localhost`. The image lets guest in '
      + 'by /etc/rabbitmq/conf.d/10-defaults.conf, which a volume at that folder hides.',
    fix: 'Add `loopback_users.guest = false` to rabbitmq.conf; or set RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS; or mount single files, by subPath.',
    source: 'https://www.rabbitmq.com/docs/access-control#loopback-users',
    rows: ['N113'],
    on: 'brokerClients',
    check: ({ urls }, report, world) => {
      for (const use of urls) {
        const [server, ...others] = rabbitFor(use, world);
        const user = use.user ?? use.url.user ?? '';
        if (!server || others.length > 0 || use.partial || !['', 'guest'].includes(user) || !hidesDefaults(server)) continue;
        const made = server.container!.env.lookup('RABBITMQ_DEFAULT_USER');
        if (made.state !== 'unset' && !(made.state === 'known' && made.value === 'guest')) continue;
        const mount = server.container!.mounts.find(({ mountPath }) => HIDING.test(mountPath))!;
        report({ at: use.at, value: shownUrl(use), note: `the volume at ${mount.mountPath} has no loopback_users`, allowed: 'loopback_users.guest = false' });
      }
    },
  },
  {
    id: 'rabbitmq/bad-configuration',
    severity: Severity.ERROR,
    title: 'RabbitMQ does not start with its configuration files',
    why: '`failed_to_parse_configuration_file` where rabbitmq.conf has terms of Erlang or a line without an equals sign, `cannot_read_enabled_plugins_file` where enabled_plugins does not end '
      + 'in a full stop: the container is restarted forever.',
    fix: 'Write `name = value` on each line of rabbitmq.conf, terms of Erlang in advanced.config, and a full stop at the end of those and of enabled_plugins.',
    source: 'Reproduced with RabbitMQ 3.10; https://www.rabbitmq.com/docs/configure#config-file',
    rows: ['N114'],
    check: (world, report) => {
      for (const { server } of rabbitBrokers(world)) {
        for (const { text, at } of server.files) {
          const fault = unreadable(String(at.path.at(-1)), text);
          if (fault) report({ at, ...fault });
        }
      }
    },
  },
  {
    id: 'rabbitmq/disk-limit-above-volume',
    severity: Severity.ERROR,
    title: 'RabbitMQ wants more free disk space than its volume has',
    why: 'The disk alarm is there from the start and never goes: RabbitMQ blocks all publishers, and each task that is sent hangs in `apply_async`.',
    fix: 'Set disk_free_limit.absolute below the size of the claim, for example to 1GB; or make the claim larger.',
    source: 'https://www.rabbitmq.com/docs/disk-alarms',
    rows: ['N115'],
    check: (world, report) => {
      for (const { server } of rabbitBrokers(world)) {
        const limit = rabbitSetting(server, 'disk_free_limit.absolute');
        const wanted = limit && size(limit.value);
        const space = volumeSize(server, world);
        if (limit && wanted !== undefined && space !== undefined && wanted >= space) {
          report({ at: limit.at, value: limit.value, allowed: `less than ${mebibytes(space)}`, note: `the claim has ${mebibytes(space)}` });
        }
      }
    },
  },
  {
    id: 'rabbitmq/other-password',
    severity: Severity.ERROR,
    title: 'Celery logs in to RabbitMQ with another password than RabbitMQ is given',
    why: '`amqp.exceptions.AccessRefused: (0, 0): (403) ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN`, in a loop.',
    fix: 'Take the password of the URL and RABBITMQ_DEFAULT_PASS from one key of a Secret.',
    source: 'https://hub.docker.com/_/rabbitmq',
    rows: ['N51'],
    on: 'brokerClients',
    check: ({ urls, container: { env } }, report, world) => {
      for (const use of urls) {
        const [server, ...others] = rabbitFor(use, world);
        const accounts = server && others.length === 0 ? rabbitAccounts(server, world) : undefined;
        const password = passwordOf(use, env);
        // That the user is another one is said elsewhere.
        if (password === undefined || accounts?.users.get(use.user ?? use.url.user ?? '')?.(password) !== false) continue;
        report({ at: use.at, value: shownUrl(use), allowed: accounts.shown.password, ...unless(rabbitMount(server) === undefined, 'its volume keeps this password') });
      }
    },
  },
  {
    id: 'rabbitmq/vhost-not-made',
    severity: Severity.ERROR,
    title: 'Celery names a virtual host that RabbitMQ does not have',
    why: 'The image makes one, `/` or that of RABBITMQ_DEFAULT_VHOST or of default_vhost in rabbitmq.conf, or those of the definitions that it loads: `amqp.exceptions.NotAllowed: Connection.open: (530) NOT_ALLOWED - vhost shop not found`, in a loop.',
    fix: 'Set RABBITMQ_DEFAULT_VHOST of RabbitMQ, or end the URL with `//`.',
    source: 'https://hub.docker.com/_/rabbitmq',
    rows: ['N51'],
    on: 'brokerClients',
    check: (client, report, world) => {
      for (const use of amqpUses(client)) {
        // At the port of the management API a path is no virtual host.
        const vhost = isAmqp(use.url) && use.url.port !== `${MANAGEMENT_PORT}` ? virtualHost(use.url) : undefined;
        const [server, ...others] = vhost === undefined ? [] : rabbitFor(use, world);
        const accounts = server && others.length === 0 ? rabbitAccounts(server, world) : undefined;
        if (!accounts?.vhosts || accounts.vhosts.has(vhost!)) continue;
        report({
          at: use.at, value: shownUrl(use), allowed: accounts.shown.vhost, ...use.text === '' ? {} : { note: `${vhost} is not made` },
          ...unlessKept(server, accounts.older?.includes(vhost!) === true, 'somebody has added it, and the volume keeps it'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/open-to-the-world',
    severity: Severity.ERROR,
    title: 'RabbitMQ can be reached from outside the cluster with its default password',
    why: 'Anybody logs in as guest, with the password guest, reads the tasks and sends tasks to the workers: the image lets guest in from other hosts too.',
    fix: 'Use a Service of type ClusterIP; or take RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS from a Secret, and limit who may come in.',
    source: 'https://hub.docker.com/_/rabbitmq; `loopback_users.guest = false` in its /etc/rabbitmq/conf.d/10-defaults.conf',
    rows: ['R5'],
    check: (world, report) => {
      const found = new Map(rabbitBrokers(world).filter(({ server }) => knowsGuest(server)).flatMap(({ server }) => {
        const { container } = server;
        if (!container) return [];
        const ports = /management/.test(container.image.text) ? [AMQP_PORT, MANAGEMENT_PORT] : [AMQP_PORT];
        const open = ports.flatMap((port) => portExposures(container, port, world)).filter(({ guarded }) => !guarded);
        const kept = rabbitMount(server) !== undefined;
        return open.map((exposure) => [exposure.place.resource, { exposure, kept }] as const);
      }));
      for (const { exposure: { place, by, internal }, kept } of found.values()) {
        report({
          at: place, value: by, allowed: 'ClusterIP', ...withinNetwork(internal),
          ...unless(!kept, 'guest has got another password, which the volume keeps'),
        });
      }
    },
  },
  {
    id: 'rabbitmq/login-in-the-clear',
    severity: Severity.WARNING,
    title: 'A load balancer brings RabbitMQ out of the cluster without TLS',
    why: 'The password and the arguments of all tasks can be read on the way, and anybody can try passwords: with one, tasks are sent to the workers.',
    fix: 'Use a Service of type ClusterIP, and kubectl port-forward for the management plugin; or an Ingress with TLS for it and port 5671 for AMQP, and limit who may come in.',
    source: 'https://www.rabbitmq.com/docs/ssl',
    rows: ['R5'],
    check: (world, report) => {
      const servers = rabbitBrokers(world).filter(({ server }) => !knowsGuest(server)).flatMap(({ server: { container } }) => container ?? []);
      const found = new Map(servers.flatMap((container) => [AMQP_PORT, MANAGEMENT_PORT]
        .flatMap((port) => portExposures(container, port, world))
        .filter(({ by, internal, guarded, place }) => by === 'LoadBalancer' && !internal && !guarded && !endsTls(place.resource)).map(({ by, place }) => [place.resource, { by, place }] as const)));
      for (const { by, place } of found.values()) report({ at: place, value: by, allowed: 'ClusterIP', unless: 'the load balancer ends TLS' });
    },
  },
  {
    id: 'rabbitmq/floating-tag',
    severity: Severity.WARNING,
    title: 'The image of RabbitMQ may change to another release by itself',
    why: 'A new node or a restart brings the next minor release: enabled feature flags prevent a downgrade, and RabbitMQ 4.3 refuses clients that 4.2 served.',
    fix: `Name the minor release: ${RABBITMQ_IMAGE}-management.`,
    source: 'https://www.rabbitmq.com/docs/upgrade',
    rows: ['R11'],
    check: (world, report) => {
      for (const { server } of rabbitBrokers(world)) {
        if (floats(server)) report({ at: server.imagePlace, value: server.image.text, allowed: RABBITMQ_IMAGE });
      }
    },
  },
  {
    id: 'rabbitmq/memory-above-limit',
    severity: Severity.WARNING,
    title: 'RabbitMQ may use more memory than the limit of its container allows',
    why: 'Publishers are blocked at vm_memory_high_watermark only; above it garbage collection and messages in flight need memory, too: the container is OOMKilled '
      + 'first, and what was not written is lost.',
    fix: 'Set vm_memory_high_watermark.relative = 0.6, or an absolute one of at most seven tenths of the memory limit.',
    source: 'https://www.rabbitmq.com/docs/memory',
    rows: ['R2'],
    check: (world, report) => {
      for (const { server } of rabbitBrokers(world)) {
        const limit = server.container?.memoryLimit;
        const relative = rabbitSetting(server, 'vm_memory_high_watermark.relative') ?? rabbitSetting(server, 'vm_memory_high_watermark');
        const absolute = rabbitSetting(server, 'vm_memory_high_watermark.absolute');
        const bytes = absolute && size(absolute.value);
        if (absolute && bytes !== undefined && limit !== undefined && bytes > HIGHEST_WATERMARK * limit) {
          report({ at: absolute.at, value: absolute.value, allowed: `at most ${mebibytes(HIGHEST_WATERMARK * limit)}`, note: `the limit is ${mebibytes(limit)}` });
        } else if (!absolute && relative && Number(relative.value) > HIGHEST_WATERMARK) {
          report({ at: relative.at, value: relative.value, allowed: `at most ${HIGHEST_WATERMARK}` });
        }
      }
    },
  },
  {
    id: 'rabbitmq/probe-times-out',
    severity: Severity.WARNING,
    title: 'A probe runs rabbitmq-diagnostics or rabbitmqctl and gives it no time to answer',
    why: 'The command starts a virtual machine of Erlang first, a second or more of CPU time: on a busy node or with a CPU limit the probe fails while the broker works, and the '
      + 'broker is restarted again and again, or taken out of its Service.',
    fix: 'Set timeoutSeconds: 15; or let a tcpSocket probe connect to 5672.',
    source: 'https://www.rabbitmq.com/docs/monitoring#health-checks',
    rows: ['P2'],
    check: (world, report) => {
      for (const { server: { container } } of rabbitBrokers(world)) {
        for (const probe of container ? probesOf(container) : []) {
          const asks = probe.invocations.some(({ words }) => /^rabbitmq(-diagnostics|-plugins|ctl)$/.test(baseName(words[0]?.text ?? '')));
          if (!asks || probe.timeout >= ENOUGH_FOR_TOOLS) continue;
          report({
            at: probePlace(probe, 'timeoutSeconds'), value: `timeoutSeconds: ${probe.timeout}`, allowed: `at least ${ENOUGH_FOR_TOOLS}, better 15`,
            unless: 'the command is that fast, also on a busy node',
          });
        }
      }
    },
  },
  {
    id: 'rabbitmq/removed-variables',
    severity: Severity.ERROR,
    title: 'The image of RabbitMQ refuses to start with a variable that it no longer supports',
    why: '`error: RABBITMQ_VM_MEMORY_HIGH_WATERMARK is set but deprecated`, then exit 1: since RabbitMQ 3.9 its entrypoint ends at these.',
    fix: 'Remove the variable, and write the setting into rabbitmq.conf.',
    source: 'docker-entrypoint.sh at https://github.com/docker-library/rabbitmq',
    rows: ['N51'],
    check: (world, report) => {
      for (const { server: { container, image, version } } of rabbitBrokers(world)) {
        // Words that do not begin with `rabbitmq` pass the entrypoint by.
        if (!container || !image.official || container.ownsEntrypoint || (version !== undefined && meets(version, '<3.9'))) continue;
        for (const { name, value, path } of container.env.all()) {
          if (REMOVED.test(name) && value !== '') report({ at: container.place(path), value: name, ...unless(version !== undefined || image.tag === undefined || !/^3/.test(image.tag), 'the image is older than RabbitMQ 3.9') });
        }
      }
    },
  },
];

/** `512MB`, `2GiB`, `2G`, `1073741824`: only with a `B` and without an `i` it is a power of ten. */
function size(text: string): number | undefined {
  const [, number, unit, end] = /^(\d+(?:\.\d+)?)\s*([kMG]?)(i?B|)$/i.exec(text.trim()) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * (/^b$/i.test(end) ? 1000 : 1024) ** ['', 'K', 'M', 'G'].indexOf(unit.toUpperCase());
}
