import { ApiObject, Chart, Duration } from 'cdk8s';
import { Construct, Node } from 'constructs';
import { AppCode } from './runtime/app-code';
import { AppContent } from './app-content';
import { AppInitContainerOptions, AppWaitOptions, initContainer, waitContainer } from './app-init-container';
import { bindBroker, BoundBroker, withOptions, checkExpiry, checkLocal } from './brokers/bound-broker';
import { IBroker } from './brokers/broker';
import { Broker } from './brokers/existing-broker';
import { checkOwnFolders } from './brokers/own-files';
import { PodOptions } from './pod-options';
import { CeleryProducer, CeleryProducerOptions } from './celery-producer';
import { CeleryQueue } from './celery-queue';
import { celeryQueues, Queues } from './queues';
import { packageFiles } from './health/python-package';
import { CeleryNetwork } from './network/celery-network';
import * as checks from './validation/checks';
import { contentConfigMap } from './kubernetes/content-config-map';
import { unsavedTasks } from './dead-workers';
import { guard } from './validation/guard';
import { findAlso } from './validation/tree';
import type * as k8s from './kubernetes/api/types';
import { CheckedOptions, POD_OPTIONS, podOptions } from './kubernetes/options';
import { checkReserved, CODE_VOLUME, Mount, ownLabels } from './kubernetes/pods';
import { Shape } from './kubernetes/shape';
import { LAUNCHER } from './launcher';
import { ResultBackend } from './result-backend';
import { checkAwsEnv, checkOwnedEnv } from './validation/owned-env';
import { describe, Described, NOT_SHOWN, Problem, refuse } from './validation/problems';
import { anything, hidden, kind, object, PropChecks, sound, text, withMember } from './validation/props';
import { readSettings } from './settings';
import { sharedQueueProblems } from './shared-queues';
import { SecretKey } from './secret-key';
import { PythonRuntime } from './runtime/python-runtime';
import { TaskDelivery } from './task-delivery';
import { isInTree } from './validation/in-tree';
import { isPlainObject } from './validation/plain-object';
import { checkLoader, prepareShared } from './shared-settings';
import { sqsQueueProblems } from './sqs-queues';
import { sharesDatabase, visibilityProblems } from './visibility-timeout';
import type { WorkerPool } from './worker-pool';
import { meets } from '../celery/versions';
import { AGENT_PACKAGE_NAME, LAUNCH_PACKAGE, LAUNCH_PACKAGE_NAME, REDBEAT_PACKAGE_NAME } from '../celery/agent-names';
import { isPython, parseImage } from '../celery/image';
import { parseRequirement } from '../celery/requirement';
import { packagesOf } from '../celery/settings';
import { arePrioritySteps } from '../celery/redis-keys';
import { uncheckedOption } from '../celery/tls';
import { defaultPort } from '../celery/ports';
import { declaresPriorities, isRedisTransport } from '../celery/transports';
import { SettingName, settingsOfFiles } from '../manifests/code-settings';
import { contentHash } from '../manifests/content-hash';

/** Properties of `CeleryApp`. The pod options hold for all components of the app. */
export interface CeleryAppProps extends PodOptions {
  /**
   * The Celery application, the value of `celery -A`: `'tasks'`, `'proj.celery'` or `'proj.tasks:app'`.
   *
   * @see https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-A
   */
  readonly app: string;

  /** The message broker. */
  readonly broker: IBroker;

  /** The code of the application. */
  readonly code: AppCode;

  /** Python, Celery and the dependencies of the code. */
  readonly runtime: PythonRuntime;

  /**
   * The prefix of the names of all components: `celery-worker` for a worker `worker` of an app `celery`.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * A command in front of `celery` in all components, as a list of arguments: `['opentelemetry-instrument']`, `['ddtrace-run']`. It is run
   * without a shell, and must be in the image or among the requirements. A component's own takes its place; `[]` is none.
   *
   * @default - none
   */
  readonly launcher?: string[];

  /**
   * The result backend: the value of `CELERY_RESULT_BACKEND`. A message broker that keeps no results, such as RabbitMQ or SQS,
   * is refused.
   *
   * @default - the message broker, where it can keep results; with RabbitMQ, SQS and others that cannot, it must be given
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-backend
   */
  readonly resultBackend?: ResultBackend;

  /**
   * When messages are acknowledged, and what happens to a task whose worker is lost.
   *
   * @default - what your code sets; Celery's own default is early acknowledgement
   */
  readonly delivery?: TaskDelivery;

  /**
   * The queues of the app, in addition to the default one (`celery`, or the setting `task_default_queue`), which is always known. A worker
   * that names another is refused, and so is a queue from which no worker of this program consumes.
   *
   * Celery creates a queue, with an exchange and a routing key of its name, when a worker consumes from it or a task is sent to it. Nothing
   * is written into its configuration, but for queues of RabbitMQ with a `maxPriority`: `task_queues` in your code stay what they are.
   *
   * @default - not declared: workers may name any queue, as with `celery worker -Q`
   * @see https://docs.celeryq.dev/en/stable/userguide/routing.html
   */
  readonly queues?: CeleryQueue[];

  /**
   * Who may connect to the pods, and where they may connect to: `CeleryNetwork.closed({ to: [...] })`.
   *
   * @default CeleryNetwork.closedIngress(): nobody connects to them, and they connect to whatever their tasks call
   */
  readonly network?: CeleryNetwork;

  /**
   * Settings of Celery, by their names in lower case: `{ task_acks_late: true, result_expires: Duration.hours(1) }`.
   *
   * The workers and Beat get them on their command lines, after `--`, where they override those of your code. Flower, jobs and init containers
   * of the app have those that must be equal in all that sends tasks, reads results or gives messages back, such as `task_default_queue`,
   * `task_routes` and `broker_transport_options`, by a loader (CELERY_LOADER); what sends tasks from elsewhere gets them from `producer()`. One
   * exception: before Celery 5.7, what your code reads by `config_from_object` with a namespace, as Django projects do (`namespace='CELERY'`),
   * wins over all of these.
   *
   * A value is any JSON value. A `Duration` is taken as seconds (as milliseconds by settings whose names end in `_ms`), and
   * `undefined` leaves a default in place. `null` is Python's `None`; in Python give `CelerySettings.NULL`, because jsii drops `None` in a
   * dict without an error.
   *
   * Synth fails for a name that the app's version of Celery does not have, for a value that is not of the setting's type or not
   * plain JSON, for what has a prop of its own (`broker_url`), and for `timezone`, `imports` and `include`, which Celery does not
   * take on its command line: set them in your code, for example `app.conf.timezone = 'Europe/Berlin'`.
   *
   * Settings of other packages pass where the package is among the requirements, or where an image brings the packages:
   * `redbeat_...` (celery-redbeat), `singleton_...` (celery-singleton), `heimdall_...` (celery-heimdall), `mongodb_scheduler_...`
   * (celerybeat-mongo), `longterm_scheduler_...` (celery-longterm-scheduler), and `beat_dburi`, `beat_schema` and
   * `beat_engine_options` (sqlalchemy-celery-beat).
   *
   * Everybody who can read the Deployment can read them: passwords do not belong here.
   *
   * @default - broker_connection_retry_on_startup: true and broker_connection_max_retries: null (no limit)
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html
   */
  readonly settings?: { [name: string]: any };
}

/**
 * A Celery application: what its workers, Beat and Flower have in common.
 *
 * It makes the ConfigMaps with the code and with the lock; the components make the pods. The ConfigMaps are immutable and named by
 * their content (`celery-app-5f2a91c3`), so that a pod of an older release never reads the code of a newer one.
 *
 * Synth fails, with all problems at once, if the app is empty or not in the code, the code is missing or too large, the
 * runtime can't be installed, or a name or quantity is not one that Kubernetes accepts.
 */
export class CeleryApp extends Construct {
  /** The prefix of the names of all components. */
  public readonly name: string;
  /** What `celery -A` gets. */
  public readonly app: string;
  /** The message broker. */
  public readonly broker: IBroker;
  /** The namespace of its pods; undefined where the chart has none. */
  public readonly namespace?: string;
  /**
   * What the pods get as `CELERY_RESULT_BACKEND`: `{ value }` or `{ valueFrom }` of an environment variable. Undefined where they compose it
   * from parts.
   */
  public readonly resultBackend?: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;
  /** The code of the application. */
  public readonly code: AppCode;
  /** Python, Celery and what the code needs. */
  public readonly runtime: PythonRuntime;
  /** The ConfigMap with the code, where it is not in the image. */
  public readonly configMap?: ApiObject;

  private readonly metadata: Pick<k8s.ObjectMeta, 'labels' | 'annotations'>;

  /** @internal */
  public readonly _broker: BoundBroker;
  /** @internal */
  public readonly _options: CheckedOptions;
  /** @internal */
  public readonly _launcher: readonly string[];
  /** @internal */
  public readonly _settings: ReadonlyMap<string, unknown>;
  /** Whether it has containers without settings on their command line, whose environment is complete when the manifests are written. @internal */
  public _loads = false;
  /** How many producers it has. @internal */
  public _producers = 0;
  /** What shows the events of its tasks. @internal */
  public readonly _flowers: Construct[] = [];
  /** The workers of it, what they consume from, and how long their tasks and their end may take, in seconds. @internal */
  public readonly _workers: {
    readonly worker: Construct & { readonly deployment: ApiObject };
    readonly queues?: readonly string[]; readonly longestTask: number; readonly grace: number;
    readonly prefetchMultiplier: number;
    readonly disablePrefetch?: boolean;
    /** The longest time between two tasks by a rate limit, in seconds; 0 for none. */
    readonly interval: number;
    /** How long the longest task takes, where the user says it. */
    readonly known?: number;
    /** The hard time limit on its command line, which wins over that of the settings. */
    readonly timeLimit?: Duration;
    /** The most pods that there are of it; undefined for whatever somebody scales it to, which is one at first. */
    readonly maxReplicas?: number;
    readonly pool: WorkerPool;
    readonly agent: boolean;
  }[] = [];

  /** @internal */
  public readonly _delivery?: TaskDelivery;
  /** What spares its busy pods; one at most. @internal */
  public readonly _busyPodControllers: { readonly node: Node; readonly _peer: k8s.NetworkPolicyPeer }[] = [];
  /** The pods of it, what they run, and how many containers each has next to Celery. @internal */
  public readonly _pods: { readonly scope: Construct; readonly role: string; readonly neighbours: number }[] = [];
  /** The Beats whose schedule is in a Redis, by RedBeat, and whether that is its message broker. @internal */
  public readonly _redBeats: { readonly scope: Construct; readonly redis: 'broker' | SecretKey }[] = [];
  /** @internal */
  public readonly _queues: Queues;
  /** Whether a worker without `queues` consumes from those that code or settings declare, or from a default queue that only a run tells. @internal */
  public readonly _codeDeclaresQueues: boolean;
  /** What its code sets, as far as it is in sight: settings win over it. @internal */
  public readonly _codeSettings: ReadonlyMap<SettingName, string | undefined>;
  /** Whether its queues have priorities that a broker declares; a broker is bound to an app that knows it. @internal */
  public readonly _priorities: boolean;
  /** @internal */
  public readonly _network: CeleryNetwork;
  /** What its pods share. @internal */
  public readonly _content: AppContent;

  public constructor(scope: Construct, id: string, props: CeleryAppProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    this.name = props.name ?? id;
    this.app = props.app;
    this.broker = props.broker;
    this.namespace = Chart.of(this).namespace;
    this.code = props.code;
    this.runtime = props.runtime;
    this._network = props.network ?? CeleryNetwork.closedIngress();
    const options = this._options = podOptions(props);
    this._launcher = props.launcher ?? [];
    const { settings, problems: settingsProblems } = readSettings(props.settings, {
      // Whether a Beat brings RedBeat is known later.
      celery: props.runtime._celery, requirements: props.runtime._requirements && [...props.runtime._requirements, REDBEAT],
    });
    this._codeSettings = settingsOfFiles(Object.values(props.code._files ?? {}));
    this._priorities = [...props.queues ?? []].some(({ maxPriority }) => maxPriority !== undefined)
      || ![undefined, null, 'None'].includes(this.setting(settings, 'task_queue_max_priority') as undefined);
    const { problems: brokerProblems, ...bound } = bindBroker(this, props.broker, props.resultBackend);
    this._broker = bound;
    this._delivery = props.delivery;
    this.resultBackend = bound.resultBackend;
    const defaultQueue = this.setting(settings, 'task_default_queue');
    const codeDeclares = settings.has('task_queues')
      || Object.values(props.code._files ?? {}).some((file) => /\b(task|CELERY(_TASK)?)_queues\b/i.test(file));
    const byQueue = !codeDeclares && props.runtime._celery !== undefined && meets(props.runtime._celery, '<5.6')
      && bound.connectionSettings.get('task_default_queue_type') === 'quorum';
    const queues = this._queues = new Queues(props.queues, settings, bound.transport, defaultQueue, byQueue);
    this._settings = new Map([
      ...DEFAULT_SETTINGS, ...Object.entries(props.delivery?._settings ?? {}),
      ...Object.entries(withOptions(Object.fromEntries(bound.settings), Object.fromEntries(settings))),
      ...(queues.taskQueues ? [['task_queues', queues.taskQueues] as const] : []),
    ]);

    this._codeDeclaresQueues = codeDeclares || (defaultQueue === undefined && this._codeSettings.has('task_default_queue'));
    const quorum = this.setting(settings, 'task_default_queue_type') === 'quorum' || settings.get('task_create_missing_queue_type') === 'quorum'
      || (props.broker as { _quorum?: boolean })._quorum === true;
    const codeMayDeclare = this._codeDeclaresQueues || props.code._files === undefined;
    this.node.addValidation({
      validate: () => {
        const workers = this._workers.filter(({ worker }) => isInTree(worker, this));
        const consumed = workers.map((worker) => worker.queues);
        return [
          ...queues.idle(consumed, codeMayDeclare), ...queues.misrouted(consumed, codeMayDeclare, props.code._files),
          ...queues.undeclaredExchanges(consumed, codeDeclares, props.code._files !== undefined), ...queues.notCreated(consumed, codeMayDeclare),
          ...checkLocal(bound, this.hasNeighbours(options)), ...redBeatSettings(this, settings),
          ...visibilityProblems(this), ...sharedQueueProblems(this), ...sqsQueueProblems(this),
        ].map(describe);
      },
    });

    findAlso(this, () => {
      const workers = this._workers.filter(({ worker }) => isInTree(worker, this));
      const seen = { files: props.code._files, codeDeclares: this._codeDeclaresQueues, sends: this._producers > 0 };
      return [...unsavedTasks(this), ...queues.unread(workers.map((worker) => worker.queues), seen).map((unread) => ({
        ...unread, rule: 'code/queue-without-worker', object: workers[0].worker.deployment, path: ['spec', 'template', 'spec', 'containers', 0, 'command'],
      }))];
    });

    const validApp = typeof props.app === 'string' && APP.test(props.app) && !props.app.endsWith('.py');
    refuse(this, [
      ...checks.name('name', this.name),
      ...(validApp ? [] : [{
        prop: 'app', value: props.app, wrong: 'is not what `celery -A` takes', fix: 'give the module of the Celery app: \'tasks\', or \'proj.tasks:app\'',
      }]),
      ...(validApp ? props.code._problems(props.app) : []),
      ...props.runtime._problems,
      ...codeIsMissing(props, options),
      ...brokerProblems,
      ...checkReserved(options),
      ...checkOwnedEnv(options.env, { installs: props.runtime._requirements !== undefined, pythonPath: [props.code._directory] }),
      ...checkAwsEnv(options.env, bound.env),
      ...(bound.loaded ? checkLoader(options.env) : []),
      ...checkTransportSettings(bound.transport, settings),
      ...checkConnection(bound, settings),
      ...checkOwnFolders(bound, this._settings.get('broker_transport_options'), options),
      ...settingsProblems,
      ...checkExpiry(settings, this._codeSettings, bound),
      ...this._network._problems,
      ...unknownServers(this._network, bound),
      ...queues.problems(codeDeclares, quorum),
      ...quorumPriorities(bound.transport, quorum, settings, this._codeSettings),
      ...eager(settings),
      ...deliveryProblems(props.delivery, settings),
    ]);
    guard(this);
    sharesDatabase(this);

    this.metadata = { labels: { ...options.labels, ...ownLabels({ component: 'app', partOf: this.name }) }, annotations: options.annotations };
    this._content = this._makeContent(this, this.name);
    this.configMap = this._content.configMap;
    prepareShared(this);
  }

  /**
   * An init container with the code, the runtime, the environment and the security context of this app, as an item of `initContainers` of its
   * workers and Beat. They start once it has ended with 0; Kubernetes runs it again until then.
   *
   * ```ts
   * /// !hide
   * import { CeleryApp, CeleryWorker } from 'cdk8s-celery';
   * import { Chart } from 'cdk8s';
   * declare const chart: Chart;
   * declare const celery: CeleryApp;
   * /// !show
   * new CeleryWorker(chart, 'worker', {
   *   celery,
   *   initContainers: [celery.initContainer({ name: 'migrated', command: ['python', 'manage.py', 'migrate', '--check'] })],
   * });
   * ```
   */
  public initContainer(options: AppInitContainerOptions): Shape<k8s.Container> {
    return initContainer(this, options);
  }

  /**
   * What a program needs that sends tasks of this app and reads their results, in this namespace or another one: its environment, the settings that
   * must be equal on both sides, and the admission by the broker.
   *
   * Synth fails if a worker that is made later needs a longer visibility timeout, which is among these settings.
   *
   * ```ts
   * /// !hide
   * import { CeleryApp } from 'cdk8s-celery';
   * import { ApiObject, Chart } from 'cdk8s';
   * declare const chart: Chart;
   * declare const celery: CeleryApp;
   * /// !show
   * const producer = celery.producer({ namespace: 'web' });
   * const shell = { name: 'shell', image: 'registry.example.com/web:1.4.2', env: producer.env, volumeMounts: producer.volumeMounts };
   * new ApiObject(chart, 'shell', {
   *   apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'web' }, spec: { containers: [shell], volumes: producer.volumes },
   * });
   * ```
   */
  public producer(options: CeleryProducerOptions = {}): CeleryProducer {
    return new CeleryProducer(this, options);
  }

  /** The ConfigMap with the launcher for producers of a namespace. @internal */
  public _producerPackage(namespace: string | undefined): ApiObject {
    const id = `Producer-${namespace ?? ''}`;
    return this.node.tryFindChild(id) as ApiObject | undefined
      ?? contentConfigMap(this, id, `${this.name}-producer`, packageFiles(LAUNCH_PACKAGE_NAME), { ...this.metadata, namespace });
  }

  /**
   * An init container that waits until a check of yours succeeds: a command that ends with 0, such as `migrate --check` of Django. It is tried every
   * 5 seconds for at most 10 minutes, with one line in the log for each try.
   *
   * With `kubectl apply`, which knows no hooks, new workers wait with it for the CeleryJob of a migration, while the old ones go on.
   *
   * ```ts
   * /// !hide
   * import { CeleryApp, CeleryWorker } from 'cdk8s-celery';
   * import { Chart } from 'cdk8s';
   * declare const chart: Chart;
   * declare const celery: CeleryApp;
   * /// !show
   * new CeleryWorker(chart, 'worker', {
   *   celery,
   *   initContainers: [celery.waitFor({ name: 'migrated', command: ['python', 'manage.py', 'migrate', '--check'] })],
   * });
   * ```
   */
  public waitFor(options: AppWaitOptions): Shape<k8s.Container> {
    return waitContainer(this, options);
  }

  /** Makes the ConfigMaps with the code and with the lock, where there are any, under the names of an owner. @internal */
  public _makeContent(scope: Construct, name: string, annotations: Record<string, string> = {}): AppContent {
    const { _files: files } = this.code;
    const metadata = { ...this.metadata, annotations: { ...this.metadata.annotations, ...annotations } };
    const launch = (): Mount => ({ path: LAUNCH_PACKAGE, volume: packageVolume(scope, name, 'launch', LAUNCH_PACKAGE_NAME, metadata), readOnly: true });
    if (!files) return { runtime: this.runtime._bind(scope, name, metadata, this._broker.needs), launch };
    const keys = configMapKeys(files);
    const data = Object.fromEntries([...keys].map(([path, key]) => [key, files[path]]));
    const configMap = contentConfigMap(scope, 'Resource', `${name}-app`, data, metadata);
    const renamed = [...keys].some(([path, key]) => path !== key);
    return {
      configMap,
      code: {
        name: CODE_VOLUME,
        configMap: { name: configMap.name, defaultMode: 0o755, items: renamed ? [...keys].map(([path, key]) => ({ key, path })) : undefined },
      },
      runtime: this.runtime._bind(scope, name, metadata, this._broker.needs),
      launch,
    };
  }

  /** The content for a pod that also needs a list of the lock, which the others do not have. @internal */
  public _contentWith(scope: Construct, name: string, need: string): AppContent | undefined {
    const { runtime, _broker: { needs } } = this;
    if (runtime._requirements === undefined || runtime._has(need)) return undefined;
    return { ...this._content, runtime: runtime._bind(scope, name, this.metadata, [...needs, need]) };
  }

  /** A setting, or what its code has where that is in sight: as text. */
  private setting(settings: ReadonlyMap<string, unknown>, name: SettingName): unknown {
    return settings.has(name) ? settings.get(name) : this._codeSettings.get(name);
  }

  /** Whether all of its pods have a container next to Celery that may be, or lead to, a server. */
  private hasNeighbours({ sidecars = [], containers = [] }: CheckedOptions): boolean {
    const pods = this._pods.filter(({ scope }) => isInTree(scope, this));
    return pods.length > 0 ? pods.every(({ neighbours }) => neighbours > 0) : sidecars.length + containers.length > 0;
  }

  /** Whether a CeleryFlower of it is in the tree of a construct. @internal */
  public _hasFlower(scope: Construct): boolean {
    return this._flowers.some((flower) => isInTree(flower, scope));
  }

  /** The volume with the agent. @internal */
  public _agentVolume(): k8s.Volume {
    return packageVolume(this, this.name, 'agent', AGENT_PACKAGE_NAME, this.metadata);
  }

  /** The volume with what gives RedBeat the URL of the broker. @internal */
  public _redBeatVolume(): k8s.Volume {
    return packageVolume(this, this.name, 'redbeat', REDBEAT_PACKAGE_NAME, this.metadata);
  }
}

/** The volume with a Python package of ours, under the names of an owner; its ConfigMap is made when the first pod needs it. */
function packageVolume(scope: Construct, owner: string, name: string, pythonName: string, metadata: Pick<k8s.ObjectMeta, 'labels' | 'annotations'>): k8s.Volume {
  const id = name[0].toUpperCase() + name.slice(1);
  const configMap = scope.node.tryFindChild(id) as ApiObject | undefined
    ?? contentConfigMap(scope, id, `${owner}-${name}`, packageFiles(pythonName), metadata);
  return { name, configMap: { name: configMap.name } };
}

const APP = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?$/;

const BROKER = 'e.g. new RedisBroker(...)';
const CODE = 'e.g. AppCode.fromDirectory(\'app\')';
const RUNTIME = 'e.g. PythonRuntime.install({ celery: \'5.6.3\' })';

const PROPS: PropChecks<CeleryAppProps> = {
  ...POD_OPTIONS,
  app: anything,
  broker: {
    check: kind((value) => typeof (value as IBroker | null)?.bind === 'function', 'a broker', BROKER),
    fix: `give ${BROKER}`,
    instead: () => Broker.fromUrl('redis://unknown:6379/0'),
  },
  code: { check: withMember('_directory', 'an AppCode', CODE), fix: `give ${CODE}`, instead: () => AppCode.inImage() },
  runtime: { check: withMember('_image', 'a PythonRuntime', RUNTIME), fix: `give ${RUNTIME}`, instead: () => PythonRuntime.fromImage('unknown:0') },
  name: text('the prefix of the names of all components'),
  launcher: LAUNCHER,
  resultBackend: hidden(withMember('_binding', 'a ResultBackend', 'e.g. ResultBackend.fromUrl(...)')),
  delivery: withMember('_visibilityTimeout', 'a TaskDelivery', 'e.g. TaskDelivery.atLeastOnce()'),
  queues: celeryQueues,
  network: withMember('_problems', 'a CeleryNetwork', 'e.g. CeleryNetwork.closed()'),
  settings: object('e.g. { task_acks_late: true }'),
};

const DEFAULT_SETTINGS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  // Without it Celery warns at each start that its meaning changes in 6.0.
  ['broker_connection_retry_on_startup', true],
  // None: forever. With Celery's own default, 100, a worker ends after some 49 minutes without a broker; with 0, which its
  // documentation gives for "forever", at the first refused connection.
  ['broker_connection_max_retries', null],
]);

const REDBEAT = 'celery-redbeat';

/** Settings of RedBeat where nothing installs it. */
function redBeatSettings(app: CeleryApp, settings: ReadonlyMap<string, unknown>): Problem[] {
  const { runtime: { _requirements: requirements }, _redBeats: beats } = app;
  if (requirements === undefined || requirements.some((one) => parseRequirement(one)?.name === REDBEAT)) return [];
  if (beats.some(({ scope }) => isInTree(scope, app))) return [];
  return [...settings].filter(([name]) => packagesOf(name).includes(REDBEAT)).map(([name, value]) => ({
    prop: `settings.${name}`, value, wrong: `is a setting of ${REDBEAT}, which is not among the requirements`,
    fix: `add '${REDBEAT}' to the requirements of PythonRuntime.install`,
  }));
}

/** What a delivery writes, and the user too. */
function deliveryProblems(delivery: TaskDelivery | undefined, settings: ReadonlyMap<string, unknown>): Problem[] {
  if (!delivery) return [];
  return [
    ...delivery._problems,
    ...Object.keys(delivery._settings).filter((name) => settings.has(name)).map((name) => ({
      prop: `settings.${name}`, value: settings.get(name), wrong: 'is set by the prop delivery', fix: 'leave it out',
    })),
    ...twoTimeouts(delivery._visibilityTimeout, settings.get('broker_transport_options')),
  ];
}

/** A visibility timeout of the delivery, and another one in the settings, which would have no effect. */
function twoTimeouts(timeout: Duration | undefined, options: unknown): Problem[] {
  const given = isPlainObject(options) ? options.visibility_timeout : undefined;
  return timeout === undefined || given === undefined || given === timeout.toMilliseconds() / 1000 ? [] : [{
    prop: 'settings.broker_transport_options.visibility_timeout', value: given, wrong: `is not that of delivery, ${timeout.toMilliseconds() / 1000} s`, fix: 'leave it out',
  }];
}

/** Priorities of quorum queues, which have no `x-max-priority`: the worker would end when it declares one. */
function quorumPriorities(
  transport: string | undefined, quorum: boolean, settings: ReadonlyMap<string, unknown>, code: ReadonlyMap<SettingName, string | undefined>,
): Problem[] {
  if (!declaresPriorities(transport ?? 'amqp')) return [];
  const fix = 'leave it out, or make the queues classic: queueType: RabbitMqQueueType.CLASSIC of RabbitMqBroker, no task_default_queue_type';
  const wrong = 'is for classic queues, and those of the app are quorum queues, which have no x-max-priority: RabbitMQ refuses to declare them, and the worker ends';
  const given = settings.get('task_queue_max_priority');
  const ofCode = settings.has('task_queue_max_priority') ? 'None' : code.get('task_queue_max_priority') ?? 'None';
  const queues = settings.get('task_queues');
  const named = isPlainObject(queues) ? Object.entries(queues) : [];
  return [
    ...(quorum && typeof given === 'number' ? [{ prop: 'settings.task_queue_max_priority', value: given, wrong, fix }] : []),
    ...(quorum && ofCode !== 'None' ? [{ prop: 'code', value: new Described(`task_queue_max_priority = ${ofCode}`), wrong, fix }] : []),
    ...named.flatMap(([name, options]) => {
      const found = isPlainObject(options) && isPlainObject(options.queue_arguments) ? options.queue_arguments : {};
      const priority = found['x-max-priority'] ?? given;
      return found['x-queue-type'] !== 'quorum' || typeof priority !== 'number' || (quorum && priority === given) ? []
        : [{ prop: `settings.task_queues['${name}']`, value: priority, wrong, fix }];
    }),
  ];
}

/** Tasks that are to run where they are sent: for tests only. */
function eager(settings: ReadonlyMap<string, unknown>): Problem[] {
  return settings.get('task_always_eager') !== true ? [] : [{
    prop: 'settings.task_always_eager', value: true, wrong: 'runs tasks where they are sent, and not in a worker: Beat would run all periodic tasks itself, one after another',
    fix: 'leave it out here, and set it in the tests of your code',
  }];
}

/** Settings that a transport cannot have. */
function checkTransportSettings(transport: string | undefined, settings: ReadonlyMap<string, unknown>): Problem[] {
  const unverified = ['broker_use_ssl', 'redis_backend_use_ssl'].flatMap((name) => {
    const options = settings.get(name);
    const option = isPlainObject(options) ? uncheckedOption(options) : undefined;
    return option === undefined ? [] : [{ prop: `settings.${name}.${option}`, value: (options as Record<string, unknown>)[option] }];
  });
  const options = settings.get('broker_transport_options');
  const steps = isPlainObject(options) ? options.priority_steps : undefined;
  return [
    ...(steps === undefined || !isRedisTransport(transport ?? '') || arePrioritySteps(steps) ? [] : [{
      prop: 'settings.broker_transport_options.priority_steps', value: steps, wrong: 'is not a list in which kombu finds the step of a priority',
      fix: 'give whole numbers from 0 to 9 in ascending order, each once, e.g. [0, 3, 6, 9]',
    }]),
    ...(transport === 'sqs' && settings.get('worker_enable_remote_control') === true ? [{
      prop: 'settings.worker_enable_remote_control', value: true, wrong: 'is not possible with SQS, which has no fanout', fix: 'leave it out, or give false',
    }] : []),
    ...(transport === 'sqs' ? [...writtenKeys('settings.broker_transport_options', options), ...checkWaitTime(options)] : []),
    ...unverified.map((option) => ({
      ...option, wrong: 'does not verify the certificate of the server: the connection is encrypted to whoever answers',
      fix: 'leave it out, and give tls to Broker.fromRedis, Broker.fromSentinel, Broker.fromRabbitMq or those of ResultBackend',
    })),
  ];
}

/** The longest that SQS waits for a message, in seconds. */
const LONGEST_WAIT = 20;

/** @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
function checkWaitTime(options: unknown): Problem[] {
  const given = isPlainObject(options) ? options.wait_time_seconds : undefined;
  return given === undefined || (Number.isInteger(given) && (given as number) >= 0 && (given as number) <= LONGEST_WAIT) ? [] : [{
    prop: 'settings.broker_transport_options.wait_time_seconds', value: given, wrong: 'is not a time that SQS waits for, and a worker ends with InvalidParameterValue',
    fix: `leave it out, or give a whole number from 0 to ${LONGEST_WAIT}`,
  }];
}

/** Keys of AWS anywhere in the options: they would be on a command line. */
function writtenKeys(prop: string, options: unknown): Problem[] {
  if (!isPlainObject(options)) return [];
  return Object.entries(options).flatMap(([name, value]) => /^(secret_access_key|session_token)$/.test(name) ? [{
    prop: `${prop}.${name}`, value: NOT_SHOWN, wrong: 'is a credential, and everybody who can read a manifest could read it',
    fix: 'leave it out, and give credentials to Broker.fromSqs, or a serviceAccountName whose role may use the queues',
  }] : writtenKeys(`${prop}.${name}`, value));
}

/** Options of psycopg that would take the place of those in the URL of the result backend. */
function replacedPostgresTls({ urls: { resultBackend = '' } }: BoundBroker, settings: ReadonlyMap<string, unknown>): Problem[] {
  const options = settings.get('database_engine_options');
  const given = isPlainObject(options) && isPlainObject(options.connect_args) ? options.connect_args : {};
  return !/[?&]sslmode=verify-full/.test(resultBackend) ? [] : Object.keys(given).filter((name) => name.startsWith('ssl')).map((name) => ({
    prop: `settings.database_engine_options.connect_args.${name}`, value: given[name], wrong: 'would take the place of the TLS of the result backend', fix: 'leave it out',
  }));
}

/** Whether options of TLS are others than those of the broker. The name in the certificate may be another one than that of the host. */
function replacesTls(own: unknown, given: unknown): boolean {
  if (own === undefined || given === undefined) return false;
  if (!isPlainObject(own) || !isPlainObject(given)) return true;
  return Object.keys(own).some((name) => name !== 'server_hostname' && Object.hasOwn(given, name) && given[name] !== own[name]);
}

/** Settings that would take the place of what the broker connects with. */
function checkConnection(bound: BoundBroker, settings: ReadonlyMap<string, unknown>): Problem[] {
  const { connectionSettings } = bound;
  const region = (of: ReadonlyMap<string, unknown>): unknown => {
    const options = of.get('broker_transport_options');
    return isPlainObject(options) ? options.region : undefined;
  };
  const [known, given] = [region(connectionSettings), region(settings)];
  return [
    ...['broker_use_ssl', 'redis_backend_use_ssl'].filter((name) => replacesTls(connectionSettings.get(name), settings.get(name))).map((name) => ({
      prop: `settings.${name}`, value: settings.get(name), wrong: 'would take the place of the TLS of the broker or the result backend', fix: 'leave it out',
    })),
    ...replacedPostgresTls(bound, settings),
    ...(known === undefined || given === undefined || given === known ? [] : [{
      prop: 'settings.broker_transport_options.region', value: given, wrong: `is not the region of the broker, ${String(known)}`, fix: 'leave it out',
    }]),
  ];
}

/** Code that is to be in the image, where the image is Python's own and nothing is mounted there. */
function codeIsMissing({ code, runtime }: CeleryAppProps, { volumeMounts = [] }: CheckedOptions): Problem[] {
  const mounted = volumeMounts.some(({ mountPath }) => `${code._directory}/`.startsWith(`${mountPath.replace(/\/$/, '')}/`));
  if (code._files || mounted || runtime._requirements === undefined || !isPython(parseImage(runtime._image))) return [];
  return [{
    prop: 'code', value: `AppCode.inImage({ directory: '${code._directory}' })`,
    wrong: `is not in the image ${runtime._image}, into which PythonRuntime.install puts Celery and no code`,
    fix: 'give AppCode.fromDirectory(...), or the image that has the code: PythonRuntime.fromImage(...), or the option image of PythonRuntime.install',
  }];
}

/** Servers that nothing says the address of: pods with a closed network would not reach them. */
function unknownServers({ _egress: egress }: CeleryNetwork, { network, transport = 'redis' }: BoundBroker): Problem[] {
  const port = defaultPort(transport);
  const options = `${transport === 'redis' ? '' : `transport: '${transport}', `}port: ${port ?? '...'}`;
  const problem = (prop: 'broker' | 'resultBackend', what: string, give: string): Problem[] => !egress || network[prop] ? [] : [{
    prop: 'network', value: new Described('CeleryNetwork.closed'), wrong: `does not know where the ${what} is, and no pod could connect to it`, fix: `give ${give}`,
  }];
  return [
    ...problem('broker', 'broker', `its port: Broker.fromSecret({ name, key }, { ${options} }), and \`cidr\` where its addresses are known; a broker of your own returns \`network\` from bind()`),
    ...problem('resultBackend', 'result backend', 'its port: ResultBackend.fromSecret({ name, key }, { port: 5432 }), and `cidr` where its addresses are known; '
      + 'with Sentinel its port, and the Redis in to: [{ ports: [{ port: 6379 }] }], or ResultBackend.fromSentinel({ sentinels, masterName })'),
  ];
}

/**
 * Keys of a ConfigMap can't have the "/" of packages, nor can cdk8s write the names of members of every object: such files get a key of
 * their own and are mounted under their path.
 */
function configMapKeys(files: Record<string, string>): Map<string, string> {
  return new Map(Object.keys(files).map((path) => [
    path, /^[-._a-zA-Z0-9]{1,253}$/.test(path) && !(path in {}) ? path : `${path.replace(/[^-._a-zA-Z0-9]/g, '_').slice(-200)}.${contentHash({ path })}`,
  ]));
}
