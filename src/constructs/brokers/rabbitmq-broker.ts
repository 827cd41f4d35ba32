import { ApiObject, Duration, Size } from 'cdk8s';
import { Construct } from 'constructs';
import { AMQP_PORT, AMQPS_PORT, MANAGEMENT_PORT, MANAGEMENT_TLS_PORT } from '../../celery/ports';
import { RABBITMQ_CONFIGURATION, RABBITMQ_DATA, RABBITMQ_IMAGE } from '../../celery/server-images';
import { lacks, meets } from '../../celery/versions';
import { quantity } from '../../celery/quantity';
import type { CeleryApp } from '../celery-app';
import { enforcedLimit } from '../shutdown-plan';
import { isLate } from '../task-delivery';
import type * as k8s from '../kubernetes/api/types';
import { asGiven } from '../kubernetes/as-given';
import { secretVariable } from '../kubernetes/env';
import { whenWritten } from '../kubernetes/when-written';
import { checkClaim, claimVolume } from '../kubernetes/claims';
import { contentConfigMap } from '../kubernetes/content-config-map';
import { POD_OPTIONS, podOptions, secretKey } from '../kubernetes/options';
import { checkPod, objectMetadata, PodSpec, selectorLabels, service, statefulSet } from '../kubernetes/pods';
import { BrokerAccess } from '../network/broker-access';
import { PodOptions } from '../pod-options';
import { SecretKey } from '../secret-key';
import * as checks from '../validation/checks';
import { guard } from '../validation/guard';
import { checkServerEnv } from '../validation/owned-env';
import { isInTree } from '../validation/in-tree';
import { isPlainObject } from '../validation/plain-object';
import { describe, Described, Problem, refuse } from '../validation/problems';
import { duration, oneOf, PropChecks, sound, text, withMember } from '../validation/props';
import { IBroker } from './broker';
import { BrokerBinding } from './broker-binding';
import { ConnectionTls } from './connection-tls';
import { amqpTls, kedaTlsAuthentication, kedaTlsSwitch } from './rabbitmq-connection';
import { RabbitMqStorage } from './rabbitmq-storage';
import { caOf, serverTls, serverTlsMounts, tlsFiles } from './tls-files';

/** The type of a RabbitMQ queue. */
export enum RabbitMqQueueType {
  /** A replicated log: what is confirmed is on the disk. Needs Celery 5.5 or later; with 5.5 only the default queue is one. */
  QUORUM = 'quorum',
  /** A classic queue, durable: with messages that are on the disk. */
  CLASSIC = 'classic',
}

/** Properties of `RabbitMqBroker`. */
export interface RabbitMqBrokerProps extends PodOptions {
  /**
   * The password of the user, with any characters: `{ name: 'rabbitmq', key: 'password' }`. The Secret must be in the namespace of RabbitMQ, and
   * under the same name in those of its apps.
   *
   * RabbitMQ takes it when it starts for the first time. A new one afterwards: change the Secrets, then
   * `kubectl exec rabbitmq-0 -- rabbitmqctl change_password celery`, and restart the pods.
   */
  readonly password: SecretKey;

  /**
   * The user. RabbitMQ creates it on first startup, as an administrator.
   *
   * @default 'celery'
   */
  readonly username?: string;

  /**
   * The virtual host. RabbitMQ creates it on first startup.
   *
   * @default '/'
   * @see https://www.rabbitmq.com/docs/vhosts
   */
  readonly virtualHost?: string;

  /**
   * Definitions of users, permissions, policies and queues, as `rabbitmqctl export_definitions` writes them, in a Secret of the namespace of
   * RabbitMQ: `{ name: 'rabbitmq-definitions', key: 'definitions.json' }`. RabbitMQ loads them at each start. With them it makes no user of its
   * own: they must have `username` with `password`.
   *
   * @default - none
   * @see https://www.rabbitmq.com/docs/definitions
   */
  readonly definitions?: SecretKey;

  /**
   * TLS, for AMQP (port 5671) and for the management (port 15671): RabbitMQ then takes no other connections.
   *
   * @default - none
   * @see https://www.rabbitmq.com/docs/ssl
   */
  readonly tls?: RabbitMqTls;

  /**
   * The name of the StatefulSet, the Service and the NetworkPolicy.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * The image, with a tag that names the minor release at least: feature flags forbid the way back. Clients before Celery and kombu 5.7 cannot
   * use RabbitMQ 4.3 and later, which is refused.
   *
   * @default 'rabbitmq:4.2'
   * @see https://www.rabbitmq.com/docs/upgrade
   */
  readonly image?: string;

  /**
   * The storage of the queues.
   *
   * @default RabbitMqStorage.claim()
   */
  readonly storage?: RabbitMqStorage;

  /**
   * The type of queues that Celery declares. A queue keeps the type that it has been declared with: delete it before you change this.
   *
   * @default - QUORUM for apps that install Celery 5.5 or later and have no priorities, CLASSIC for others and for images
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html#using-quorum-queues
   */
  readonly queueType?: RabbitMqQueueType;

  /**
   * How long a worker may hold a task before RabbitMQ closes its channel: its run, and the time that it is reserved behind others.
   *
   * @default - for the longest task of all workers and the prefetch of their apps, in full hours
   * @see https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout
   */
  readonly consumerTimeout?: Duration;

  /**
   * The DNS domain of the cluster.
   *
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string;
}

/** TLS of a `RabbitMqBroker`. */
export interface RabbitMqTls {
  /**
   * The name of a Secret of type kubernetes.io/tls in the namespace of RabbitMQ, as cert-manager makes it: its keys are `tls.crt`, `tls.key` and
   * `ca.crt`. The certificate must be for the DNS name of the Service, `rabbitmq.rabbitmq.svc.cluster.local`: clients verify it.
   */
  readonly secretName: string;

  /**
   * The certificate of the CA in the namespaces of the apps: `{ name: 'rabbitmq-ca', key: 'ca.crt' }`. The private key of RabbitMQ does not belong
   * there.
   *
   * @default - the key `ca.crt` of a Secret of the same name as `secretName`
   */
  readonly ca?: SecretKey;
}

const PROPS: PropChecks<RabbitMqBrokerProps> = {
  ...POD_OPTIONS,
  password: { copy: secretKey },
  username: text('e.g. \'celery\''),
  virtualHost: text('e.g. \'/\''),
  definitions: { copy: secretKey },
  tls: serverTls,
  name: text('the name of the StatefulSet'),
  image: text('e.g. \'rabbitmq:4.2\''),
  storage: withMember('_claim', 'a RabbitMqStorage', 'e.g. RabbitMqStorage.claim()'),
  queueType: oneOf(RabbitMqQueueType, 'a RabbitMqQueueType'),
  consumerTimeout: duration,
  clusterDomain: text('e.g. \'cluster.local\''),
};

/** By whether there is TLS. */
const PORTS = { plain: { amqp: AMQP_PORT, management: MANAGEMENT_PORT }, tls: { amqp: AMQPS_PORT, management: MANAGEMENT_TLS_PORT } } as const;
const TLS_FOLDER = '/etc/rabbitmq-tls';
const CONFIGURATION = `${RABBITMQ_CONFIGURATION}/conf.d`;
const DEFINITIONS = `${RABBITMQ_CONFIGURATION}/definitions`;
/** The user of the official image. */
const RABBITMQ_USER = 999;
const DEFAULT_RESOURCES: k8s.ResourceRequirements = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } };
/** The share of the memory limit above which publishers are blocked: RabbitMQ's own. */
const WATERMARK = 0.6;
const HOUR = 3600;
/** What a task may need until it is acknowledged, in seconds. */
const MARGIN = 60;

/** In the pods of its apps. */
const USERNAME = 'CDK8S_CELERY_BROKER_USERNAME';
const PASSWORD = 'CDK8S_CELERY_BROKER_PASSWORD';

/**
 * A RabbitMQ for one or more apps: one pod of a StatefulSet with a claim, a user with a password from a Secret, and a NetworkPolicy that admits
 * only the pods of its apps.
 *
 * It keeps no results: an app must be given a `resultBackend`. Queues are quorum queues where Celery is 5.5 or later and no queue has priorities,
 * and durable classic queues otherwise; publishers wait until RabbitMQ has confirmed a task.
 *
 * Synth fails on a bad name, image or quantity, for a version of RabbitMQ that the clients cannot use, and where a task may take longer than
 * `consumerTimeout`.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html
 */
export class RabbitMqBroker extends Construct implements IBroker {
  /** The StatefulSet of the RabbitMQ. */
  public readonly statefulSet: ApiObject;
  /** The Service by which it is reached. */
  public readonly service: ApiObject;
  /** The policy that admits the pods of the apps. */
  public readonly networkPolicy: ApiObject;
  /** The DNS name: `rabbitmq.rabbitmq.svc.cluster.local`. */
  public readonly host: string;
  /** The port of AMQP: 5672, or 5671 with TLS. */
  public readonly port: number;

  private readonly managementPort: number;
  private readonly access = new BrokerAccess(this, 'rabbitmq');
  private readonly labels: Record<string, string>;
  private readonly username: string;
  private readonly password: SecretKey;
  private readonly virtualHost: string;
  /** The CA, in the namespaces of the apps. */
  private readonly tls?: ConnectionTls;
  private readonly queueType?: RabbitMqQueueType;

  public constructor(scope: Construct, id: string, props: RabbitMqBrokerProps) {
    super(scope, id);
    const missing = checkPassword(props);
    props = sound(this, props, PROPS);
    const name = props.name ?? id;
    const image = props.image ?? RABBITMQ_IMAGE;
    this.username = props.username ?? 'celery';
    this.password = props.password ?? { name: 'unknown', key: 'unknown' };
    this.virtualHost = props.virtualHost ?? '/';
    this.queueType = props.queueType;
    const { tls } = props;
    this.tls = tls && { ca: caOf(tls) };
    const ports = PORTS[tls ? 'tls' : 'plain'];
    this.port = ports.amqp;
    this.managementPort = ports.management;
    const claim = (props.storage ?? RabbitMqStorage.claim())._claim(name);
    const options = podOptions(props);
    const limit = quantity((options.resources ?? DEFAULT_RESOURCES).limits?.memory ?? '') ?? 0;
    const pod: PodSpec = {
      name,
      application: 'rabbitmq',
      component: 'rabbitmq',
      partOf: name,
      user: RABBITMQ_USER,
      // Long enough to write what is in memory to a slow disk.
      terminationGracePeriodSeconds: 120,
      resources: DEFAULT_RESOURCES,
      initContainers: [],
      container: {
        image,
        command: () => ['rabbitmq-server'],
        ports: [{ containerPort: ports.amqp, name: tls ? 'amqps' : 'amqp' }, { containerPort: ports.management, name: 'management' }],
        // `rabbitmq-diagnostics` starts a virtual machine of Erlang each time.
        startupProbe: { tcpSocket: { port: ports.amqp }, periodSeconds: 5, failureThreshold: 120 },
        readinessProbe: { tcpSocket: { port: ports.amqp }, periodSeconds: 10, failureThreshold: 2 },
        livenessProbe: { tcpSocket: { port: ports.amqp }, periodSeconds: 30, failureThreshold: 6 },
        env: this.environment(props),
        mounts: [],
      },
    };
    refuse(this, [
      ...missing,
      ...checks.name('name', name),
      ...checks.serviceName('name', name),
      ...checks.image('image', image),
      ...checks.objectName('clusterDomain', props.clusterDomain),
      ...checks.seconds('consumerTimeout', props.consumerTimeout, 60),
      ...(props.username === '' ? [{ prop: 'username', value: '', wrong: 'is empty', fix: 'leave it out' }] : []),
      ...(props.virtualHost === '' ? [{ prop: 'virtualHost', value: '', wrong: 'is empty', fix: 'give its name, or leave it out for \'/\'' }] : []),
      ...(claim ? checkClaim('storage', claim, name) : []),
      ...checkMemory(limit),
      ...(claim?.size ? checkDisk(claim.size, limit) : []),
      ...checkServerEnv('rabbitmq', options.env),
      ...checkPod(pod, options),
    ]);
    guard(this);

    const metadata = objectMetadata(pod, options);
    const configuration = contentConfigMap(this, 'Configuration', `${name}-config`, {
      '10-cdk8s-celery.conf': rabbitMqConf(limit, props.definitions !== undefined, tls !== undefined),
      'enabled_plugins': '[rabbitmq_management,rabbitmq_prometheus].\n',
    }, metadata);
    const mounts = [
      { path: RABBITMQ_DATA, volume: claim ? claimVolume(this, 'data', claim, metadata) : { name: 'data', emptyDir: {} } },
      { path: CONFIGURATION, volume: { name: 'config', configMap: { name: configuration.name } }, readOnly: true },
      ...serverTlsMounts(tls, TLS_FOLDER),
      { path: '/tmp', volume: { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } } },
      ...(props.definitions ? [{
        path: DEFINITIONS, readOnly: true,
        volume: { name: 'definitions', secret: { secretName: props.definitions.name, items: [{ key: props.definitions.key, path: 'definitions.json' }] } },
      }] : []),
    ];
    this.statefulSet = statefulSet(this, 'Resource', { ...pod, container: { ...pod.container, mounts } }, options);
    this.service = service(this, pod, options, ...pod.container.ports ?? []);
    this.labels = selectorLabels(pod);
    this.networkPolicy = this.access.policy({ metadata: { name, ...metadata }, labels: this.labels, ports: [ports.amqp, ports.management] });
    this.host = this.access.host(name, props.clusterDomain);
    this.node.addValidation({ validate: () => declaredTwice(this.access.admitted, (app) => this.typeFor(app)).map(describe) });
    const { consumerTimeout } = props;
    if (consumerTimeout) {
      this.node.addValidation({ validate: () => heldTooLong(consumerTimeout, this.access.admitted).map(describe) });
    }
  }

  /** Whether all queues are to be quorum queues, as the user says. @internal */
  public get _quorum(): boolean {
    return this.queueType === RabbitMqQueueType.QUORUM;
  }

  /** Lets the pods of an app connect to this RabbitMQ. */
  public bind(app: CeleryApp): BrokerBinding {
    this.access.admit(app);
    if (this.isTooOldForQuorum(app)) {
      refuse(this, [{
        prop: 'queueType', value: RabbitMqQueueType.QUORUM, wrong: `needs Celery 5.5 or later, and ${app.node.path} installs ${app.runtime._celery}`,
        fix: 'leave it out for classic queues there, or install a later Celery',
      }]);
    }
    const { tls } = this;
    const files = tlsFiles('broker-tls', tls ?? {});
    const certificates = kedaTlsAuthentication(tls);
    return {
      urlTemplate: `amqp${tls ? 's' : ''}://${encodeURIComponent(this.username)}:{${PASSWORD}}@${this.host}:${this.port}/${encodeURIComponent(this.virtualHost)}`,
      env: [
        { name: USERNAME, value: asGiven(this.username) },
        ...secretVariable(PASSWORD, this.password),
        ...kedaTlsSwitch(tls),
      ],
      transport: tls ? 'amqps' : 'amqp',
      volumes: files.volumes,
      volumeMounts: files.volumeMounts,
      // Whoever sends a task declares its queue, Flower and Jobs also.
      connectionSettings: {
        // A task is sent once RabbitMQ has it.
        broker_transport_options: { confirm_publish: true },
        ...(tls ? { broker_use_ssl: amqpTls(this.host, files) } : {}),
        ...(this.typeFor(app) === RabbitMqQueueType.QUORUM && !this.isTooOldForQuorum(app) ? quorumSettings(app) : {}),
      },
      network: this.access.egress(this.labels, this.port),
      queueTrigger: {
        type: 'rabbitmq',
        metadata: {
          protocol: 'http', host: `http${tls ? 's' : ''}://${this.host}:${this.managementPort}`, vhostName: this.virtualHost,
          usernameFromEnv: USERNAME,
        },
        authentication: {
          ...certificates, secretTargetRef: [{ parameter: 'password', name: this.password.name, key: this.password.key }, ...certificates.secretTargetRef],
        },
      },
    };
  }

  /**
   * Lets all pods of a namespace connect to this RabbitMQ: those of an application that sends tasks, or a pod by hand. The pods of its apps need
   * no call, and neither does KEDA (`CeleryNetwork`).
   *
   * @param namespace the name of the namespace: `'web'`
   */
  public admitNamespace(namespace: string): void {
    this.access.admitNamespace(namespace);
  }

  private isTooOldForQuorum({ runtime: { _celery: celery } }: CeleryApp): boolean {
    return this._quorum && celery !== undefined && lacks(celery, 'quorumQueues');
  }

  private typeFor({ runtime: { _celery: celery }, _priorities: priorities }: CeleryApp): RabbitMqQueueType {
    return this.queueType ?? (!priorities && celery !== undefined && !lacks(celery, 'quorumQueues') ? RabbitMqQueueType.QUORUM : RabbitMqQueueType.CLASSIC);
  }

  private environment({ consumerTimeout }: RabbitMqBrokerProps): k8s.EnvVar[] {
    const given = consumerTimeout?.toMilliseconds();
    const milliseconds = (): number => given ?? 1000 * neededTimeout(this.access.admitted);
    return [
      // The folder of the database is named after the node, which is never that of a pod. One node needs no DNS, and no cookie of its own.
      { name: 'RABBITMQ_NODENAME', value: 'rabbit@localhost' },
      { name: 'RABBITMQ_USE_LONGNAME', value: 'false' },
      { name: 'HOME', value: '/tmp' },
      // log.console leaves a file for upgrades, which RabbitMQ opens at each start.
      { name: 'RABBITMQ_LOG_BASE', value: '/tmp' },
      { name: 'ERL_CRASH_DUMP', value: '/tmp/erl_crash.dump' },
      { name: 'RABBITMQ_ENABLED_PLUGINS_FILE', value: `${CONFIGURATION}/enabled_plugins` },
      { name: 'RABBITMQ_DEFAULT_USER', value: asGiven(this.username) },
      ...secretVariable('RABBITMQ_DEFAULT_PASS', this.password),
      ...(this.virtualHost === '/' ? [] : [{ name: 'RABBITMQ_DEFAULT_VHOST', value: asGiven(this.virtualHost) }]),
      {
        name: 'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS',
        // The workers are known once the manifests are written.
        value: whenWritten(() => `-rabbit consumer_timeout ${milliseconds()}`),
      },
    ];
  }
}

/**
 * The default queue and, since Celery 5.6, those that are known by their name only; before, `task_queues` has them. Their exchanges are topic
 * exchanges: behind a direct one, tasks with a countdown or an ETA are not delayed by RabbitMQ but held by a worker. With quorum queues its prefetch
 * count does not grow for them, so that it runs nothing else until they are due.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html#native-delayed-delivery
 */
function quorumSettings({ runtime: { _celery: celery } }: CeleryApp): Record<string, string> {
  return {
    task_default_queue_type: 'quorum', task_default_exchange_type: 'topic',
    ...(celery === undefined || meets(celery, '>=5.6')
      ? { task_create_missing_queue_type: 'quorum', task_create_missing_queue_exchange_type: 'topic' } : {}),
  };
}

/** Queues that two apps declare differently, of which RabbitMQ refuses the second. */
function declaredTwice(apps: readonly CeleryApp[], typeFor: (app: CeleryApp) => RabbitMqQueueType): Problem[] {
  const found = new Map<string, Map<string, string[]>>();
  for (const app of apps) {
    for (const [queue, priority] of app._queues.priorities) {
      const kind = `${typeFor(app)}${priority === undefined ? '' : ` with x-max-priority ${priority}`}`;
      const kinds = found.get(queue) ?? new Map<string, string[]>();
      found.set(queue, kinds.set(kind, [...kinds.get(kind) ?? [], app.node.path]));
    }
  }
  return [...found].filter(([, kinds]) => kinds.size > 1).map(([queue, kinds]) => ({
    prop: 'queueType', value: new Described(`the queue '${queue}'`),
    wrong: `is declared as ${[...kinds].map(([kind, paths]) => `${kind} by ${paths.join(' and ')}`).join(', and as ')}, and RabbitMQ refuses the second of them: PRECONDITION_FAILED`,
    fix: 'give queueType: RabbitMqQueueType.CLASSIC, and the queue the same maxPriority in all apps; or give each app queues or a virtual host of its own',
  }));
}

/** The longest that a worker of these apps holds a task, in full hours: it is reserved behind others of its process, and then runs. */
function neededTimeout(apps: readonly CeleryApp[]): number {
  const longest = Math.max(0, ...apps.flatMap((app) => app._workers.filter(({ worker }) => isInTree(worker, app))
    .map(({ longestTask, prefetchMultiplier }) => longestTask * (1 + prefetchMultiplier) + MARGIN)));
  return Math.max(1, Math.ceil(longest / HOUR)) * HOUR;
}

/** The memory above which RabbitMQ takes no messages, and the free disk below which it takes none, in MiB. */
function watermarkOf(limit: number): number {
  return Math.floor(limit * WATERMARK / 2 ** 20);
}

/** Half of the claim is for messages, at least: what is kept free is not. */
/** RabbitMQ blocks all publishers above 60 percent of its limit, and 3.10.8 took 136 MiB without any message. In MiB. */
const LEAST_LIMIT = 256;

/** `limit` in bytes, 0 for none. */
function checkMemory(limit: number): Problem[] {
  return limit === 0 || limit >= LEAST_LIMIT * 2 ** 20 ? [] : [{
    prop: 'resources.limits.memory', value: new Described(`${Math.floor(limit / 2 ** 20)} MiB`),
    wrong: 'is less than RabbitMQ needs: it takes 136 MiB without any message, and blocks all publishers above 60 percent of the limit',
    fix: `give at least ${LEAST_LIMIT}Mi`,
  }];
}

function checkDisk(given: Size, limit: number): Problem[] {
  const [amount, watermark] = [checks.kibibytes(given) / 1024, watermarkOf(limit)];
  return amount <= 0 || amount >= 2 * watermark ? [] : [{
    prop: 'storage.size', value: given.asString(),
    wrong: `is less than twice ${watermark} MiB, the free disk below which RabbitMQ takes no messages: as much as the memory that it may fill`,
    fix: `give at least Size.mebibytes(${2 * watermark}), or lower the memory limit`,
  }];
}

/**
 * Workers that hold a task which is acknowledged late for as long as the timeout: the last that a process has reserved waits for those before it.
 * A rule finds a time limit that is as long by itself.
 */
function heldTooLong(timeout: Duration, apps: readonly CeleryApp[]): Problem[] {
  const seconds = timeout.toMilliseconds() / 1000;
  const workers = apps.filter(isLate).flatMap((app) => app._workers.filter(({ worker }) => isInTree(worker, app))
    .map((worker) => ({ app, ...worker })));
  return workers.flatMap(({ app, worker, known, timeLimit, prefetchMultiplier }) => {
    const limit = enforcedLimit(timeLimit, app._settings);
    const longest = limit ?? known ?? 0;
    const held = longest * prefetchMultiplier;
    if (held < seconds || (limit !== undefined && limit >= seconds)) return [];
    return [{
      prop: 'consumerTimeout', value: timeout.toHumanString(),
      wrong: prefetchMultiplier === 1
        ? `is not more than the longest task of ${worker.node.path}, ${longest} s, which is acknowledged at its end: RabbitMQ closes the channel before, and the task runs again`
        : `is not more than what a process of ${worker.node.path} may hold, its prefetch multiplier ${prefetchMultiplier} × its longest task ${longest} s = ${held} s: `
          + 'RabbitMQ closes the channel before the last is acknowledged, and all of them run again',
      fix: `give more than ${held} seconds, ${prefetchMultiplier === 1 ? '' : 'lower the prefetch multiplier, '}or leave it out`,
    }];
  });
}

/** What every RabbitMQ has in its configuration. */
function rabbitMqConf(limit: number, definitions: boolean, tls: boolean): string {
  const watermark = watermarkOf(limit);
  return [
    'log.console = true',
    // Of the memory limit: RabbitMQ would see the memory of the node.
    ...(limit > 0 ? [`vm_memory_high_watermark.absolute = ${watermark}MiB`, `disk_free_limit.absolute = ${watermark}MiB`] : []),
    ...(tls ? [
      'listeners.tcp = none', `listeners.ssl.default = ${PORTS.tls.amqp}`, ...tlsConf('ssl_options'), 'ssl_options.verify = verify_none',
      // Both the workers and the management have passwords: no certificate is asked for.
      'ssl_options.fail_if_no_peer_cert = false',
      `management.ssl.port = ${PORTS.tls.management}`, ...tlsConf('management.ssl'),
    ] : []),
    ...(definitions ? [`load_definitions = ${DEFINITIONS}/definitions.json`] : []),
    '',
  ].join('\n');
}

function tlsConf(prefix: string): string[] {
  return [`${prefix}.cacertfile = ${TLS_FOLDER}/ca.crt`, `${prefix}.certfile = ${TLS_FOLDER}/tls.crt`, `${prefix}.keyfile = ${TLS_FOLDER}/tls.key`];
}

function checkPassword(props: RabbitMqBrokerProps | undefined): Problem[] {
  const problem: Problem = { prop: 'password', value: undefined, wrong: 'is missing', fix: 'put it into a Secret, and give { name, key }' };
  try {
    return !isPlainObject(props) || props.password === undefined ? [problem] : [];
  } catch {
    // A getter throws, which is refused by its name.
    return [];
  }
}
