import { ApiObject, Duration } from 'cdk8s';
import { FLOWER_TASKS, flowerMemory } from '../celery/flower-memory';
import { Construct } from 'constructs';
import { CeleryApp } from './celery-app';
import { FlowerAuth } from './flower-auth';
import { FlowerExposure } from './flower-exposure';
import { FlowerProbes } from './flower-probes';
import { FlowerStorage } from './flower-storage';
import { PodOptions } from './pod-options';
import { SecretKey } from './secret-key';
import { FLOWER_PORT } from '../celery/ports';
import { hasRemoteControl } from '../celery/transports';
import { parseUrl } from '../celery/url';
import { celeryComponent, componentName } from './celery-component';
import * as checks from './validation/checks';
import { checkClaim, claimVolume } from './kubernetes/claims';
import type * as k8s from './kubernetes/api/types';
import { Annotations, exposureObject, ExposureSpec } from './kubernetes/exposure';
import { merge, POD_OPTIONS, podOptions, secretKey } from './kubernetes/options';
import { LAUNCHER } from './launcher';
import { prepareShared } from './shared-settings';
import { duration, flag, hidden, numberLike, PropChecks, sound, text, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { objectMetadata, ownLabels, service, SINGLETON } from './kubernetes/pods';
import { Described, Problem } from './validation/problems';

/** Properties of `CeleryFlower`. */
export interface CeleryFlowerProps extends PodOptions {
  /** The application whose workers and tasks are shown. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment and of the Service.
   *
   * @default - the name of the app and the id of the construct: `celery-flower`
   */
  readonly name?: string;

  /**
   * A command in front of `celery`, as a list of arguments without a shell.
   *
   * @default - that of the app
   */
  readonly launcher?: string[];

  /**
   * How users log in. Required with `exposure`.
   *
   * @default FlowerAuth.none(): everybody who can reach the Service, which is of type ClusterIP
   */
  readonly auth?: FlowerAuth;

  /**
   * How Flower is exposed outside the cluster.
   *
   * @default - not at all: the Service is of type ClusterIP
   */
  readonly exposure?: FlowerExposure;

  /**
   * The URL prefix, such as `'/flower'`. It is also the path of the exposure; nothing may strip it on the way.
   *
   * @default - the root
   */
  readonly urlPrefix?: string;

  /**
   * The probes of Flower.
   *
   * @default FlowerProbes.healthcheck()
   */
  readonly probes?: FlowerProbes;

  /**
   * The storage of the tasks and workers that it has seen.
   *
   * @default FlowerStorage.ephemeral()
   */
  readonly storage?: FlowerStorage;

  /**
   * The key of a Secret with which cookies are signed, of at least 32 random characters. With a login by OAuth, sessions outlive the pod.
   *
   * @default - a random one for each pod: users have to log in again after it is replaced
   */
  readonly cookieSecret?: SecretKey;

  /**
   * The maximum number of tasks to keep; the memory limit follows, unless `resources` has one.
   *
   * @default 10000
   */
  readonly maxTasks?: number;

  /**
   * The maximum number of workers to keep.
   *
   * @default 500
   */
  readonly maxWorkers?: number;

  /**
   * How long to show a worker that is offline: each pod is a worker of its own.
   *
   * @default Duration.minutes(5)
   */
  readonly purgeOfflineWorkers?: Duration;

  /**
   * Read-only mode: it revokes no task and shuts down no worker. For Flower 2.1 and later, which every lock has; an
   * older one in an image of your own ignores it.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

const PROPS: PropChecks<CeleryFlowerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment and of the Service'),
  launcher: LAUNCHER,
  auth: {
    check: hidden(withMember('_env', 'a FlowerAuth', 'e.g. FlowerAuth.basic({ name: \'flower\', key: \'users\' })')), instead: () => FlowerAuth._refused(),
  },
  exposure: {
    check: withMember('_spec', 'a FlowerExposure', 'e.g. FlowerExposure.ingress({ host: \'flower.example.com\', tls: \'flower-tls\' })'),
    instead: () => FlowerExposure._refused(),
  },
  urlPrefix: text('e.g. \'/flower\''),
  probes: withMember('_probes', 'FlowerProbes', 'e.g. FlowerProbes.healthcheck()'),
  storage: withMember('_saveInterval', 'a FlowerStorage', 'e.g. FlowerStorage.claim()'),
  cookieSecret: { copy: secretKey },
  maxTasks: numberLike('e.g. 10000'),
  maxWorkers: numberLike('e.g. 500'),
  purgeOfflineWorkers: duration,
  readOnly: flag,
};

const URL_PREFIX = /^\/?[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*\/?$/;
/** Flower's own defaults, 100000 tasks and 5000 workers that never go, outgrow any pod. */
const MAX_TASKS = FLOWER_TASKS.enough;
const MAX_WORKERS = 500;
const PURGE_OFFLINE_WORKERS = Duration.minutes(5);

/** Inside a volume of its own. */
const DATA = '/var/lib/flower';

const HTTP_PORT: k8s.ContainerPort = { containerPort: FLOWER_PORT, name: 'http' };

/**
 * Flower: a page that shows workers and tasks.
 *
 * It reads the broker and does not import the app, so an error in the code leaves it running. The workers of the app send the events
 * that it shows, unless their `taskEvents` is false.
 *
 * A variable of `env`, such as FLOWER_MAX_TASKS, takes the place of a limit that is not given as a prop.
 *
 * Synth fails if a name, path or quantity is not one that Kubernetes or Flower accepts, and with a message broker that has no events, such as SQS.
 *
 * @see https://flower.readthedocs.io/
 */
export class CeleryFlower extends Construct {
  /** The Deployment. */
  public readonly deployment: ApiObject;
  /** The NetworkPolicy of its pods; undefined with `CeleryNetwork.open()`. */
  public readonly networkPolicy?: ApiObject;
  /** The Service, on port 5555. */
  public readonly service: ApiObject;
  /** The Ingress, of an exposure by `FlowerExposure.ingress`. */
  public readonly ingress?: ApiObject;
  /** The HTTPRoute, of an exposure by `FlowerExposure.httpRoute`. */
  public readonly httpRoute?: ApiObject;
  /** @internal what leads to it from outside the cluster, for the policy that admits its controller */
  public readonly _exposure?: ExposureSpec;

  public constructor(scope: Construct, id: string, props: CeleryFlowerProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery, urlPrefix, cookieSecret } = props;
    const auth = props.auth ?? FlowerAuth._missing();
    const storage = props.storage ?? FlowerStorage.ephemeral();
    const own = podOptions(props);
    this._exposure = props.exposure?._spec;
    const prefix = urlPrefix?.replace(/^\/*|\/+$/g, '');
    const path = prefix ? `/${prefix}` : '';
    const name = componentName(this, props);
    const { labels, annotations } = merge(celery._options, own);
    const others = exposureAnnotations(annotations, this._exposure);
    const claim = storage._claim(name);
    const data = claim && claimVolume(this, 'flower-data', claim, { labels: { ...labels, ...ownLabels({ component: 'flower', partOf: celery.name }) }, annotations });
    const env = [
      ...auth._env(this._exposure, path),
      ...(cookieSecret ? [{ name: 'FLOWER_COOKIE_SECRET', valueFrom: { secretKeyRef: cookieSecret } }] : []),
    ];
    const tls = brokerTls(celery);
    if (Object.keys(tls).length > 0) celery._content.launch();
    const given = new Set((own.env ?? []).map((variable) => variable.name));
    // A flag would win over the variable.
    const limit = (option: string, value: number | undefined, otherwise: number): string[] =>
      value === undefined && given.has(`FLOWER_${option.toUpperCase()}`) ? [] : [`--${option}=${value ?? otherwise}`];
    const { deployment, networkPolicy, pod, options } = celeryComponent(this, own, {
      component: 'flower',
      celery,
      name,
      launcher: props.launcher,
      deployment: SINGLETON,
      command: () => [
        'celery', 'flower', `--port=${FLOWER_PORT}`,
        ...limit('max_tasks', props.maxTasks, MAX_TASKS),
        ...limit('max_workers', props.maxWorkers, MAX_WORKERS),
        ...limit('purge_offline_workers', props.purgeOfflineWorkers && seconds(props.purgeOfflineWorkers), seconds(PURGE_OFFLINE_WORKERS)),
        ...(prefix ? [`--url_prefix=${prefix}`] : []),
        ...(data ? ['--persistent=True', `--db=${DATA}/flower`, `--state_save_interval=${storage._saveInterval.toMilliseconds()}`] : []),
        ...(props.readOnly ? ['--read_only=True'] : []),
      ],
      env,
      egress: auth._egress,
      ports: [HTTP_PORT],
      mounts: data ? [{ path: DATA, volume: data }] : [],
      pagesPort: FLOWER_PORT,
      probes: (props.probes ?? FlowerProbes.healthcheck())._probes(path),
      terminationGracePeriod: Duration.seconds(30),
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: `${flowerMemory(props.maxTasks ?? MAX_TASKS)}Mi` } },
      needs: ['flower'],
      code: false,
      sharesSettings: true,
      settings: tls,
      problems: [
        ...auth._problems(this._exposure, path, others),
        ...this._exposure?.problems ?? [],
        ...checkEvents(celery),
        ...classTwice(this._exposure, others),
        ...storage._problems,
        ...(claim ? checkClaim('storage', claim) : []),
        ...checks.serviceName('name', name),
        ...(urlPrefix === undefined || URL_PREFIX.test(urlPrefix) ? [] : [{
          prop: 'urlPrefix', value: urlPrefix, wrong: 'is not a path', fix: 'give e.g. \'/flower\'',
        }]),
        ...checks.wholeNumber('maxTasks', props.maxTasks, 1, 1_000_000),
        ...checks.wholeNumber('maxWorkers', props.maxWorkers, 1, 1_000_000),
        ...checks.seconds('purgeOfflineWorkers', props.purgeOfflineWorkers),
        ...twice(props, given, env),
      ],
    });
    celery._flowers.push(this);
    celery._loads = true;
    prepareShared(this);
    this.deployment = deployment;
    this.networkPolicy = networkPolicy;
    this.service = service(this, pod, options, HTTP_PORT);
    if (!this._exposure) return;
    const metadata = objectMetadata(pod, options);
    const exposed = exposureObject(this, this._exposure, { path: path || '/', service: name, port: FLOWER_PORT }, {
      labels: metadata.labels, annotations: { ...metadata.annotations, ...this._exposure.annotations, ...auth._annotations },
    });
    if (this._exposure.kind === 'Ingress') this.ingress = exposed;
    else this.httpRoute = exposed;
  }
}

/** A broker that brings Flower nothing to show. */
function checkEvents({ _broker: { transport } }: CeleryApp): Problem[] {
  return transport === undefined || hasRemoteControl(transport) ? [] : [{
    prop: 'celery', value: new Described(`an app with the message broker ${transport}`), wrong: 'has no events and no remote control, so Flower would show nothing',
    fix: 'leave the CeleryFlower out, and look at the queues in the console of the broker; or use Redis or RabbitMQ',
  }];
}

function seconds(time: Duration): number {
  return time.toSeconds({ integral: false });
}

/** The props that a variable of Flower's says as well: the one that wins is not the one that was meant. */
function twice(props: CeleryFlowerProps, given: ReadonlySet<string>, env: readonly k8s.EnvVar[]): Problem[] {
  const limits = { FLOWER_MAX_TASKS: 'maxTasks', FLOWER_MAX_WORKERS: 'maxWorkers', FLOWER_PURGE_OFFLINE_WORKERS: 'purgeOfflineWorkers' } as const;
  const said: [string, string][] = [
    ...Object.entries(limits).filter(([, prop]) => props[prop] !== undefined),
    // FLOWER_BASIC_AUTH is nobody's to give, with or without the prop.
    ...env.map(({ name }) => name).filter((name) => name !== 'FLOWER_BASIC_AUTH')
      .map((name): [string, string] => [name, name === 'FLOWER_COOKIE_SECRET' ? 'cookieSecret' : 'auth']),
  ];
  return said.filter(([variable]) => given.has(variable)).map(([variable, prop]) => ({
    prop: 'env', value: variable, wrong: `is what the prop ${prop} gives`, fix: 'leave out one of the two',
  }));
}

const CLASS = 'kubernetes.io/ingress.class';

/** The class by the annotation of before, next to the field: the API server refuses that. */
function classTwice(exposure: ExposureSpec | undefined, annotations: Annotations): Problem[] {
  const annotation = annotations.get(CLASS);
  return exposure?.ingressClassName === undefined || annotation === undefined ? [] : [{
    prop: `${annotation.prop}['${CLASS}']`, value: annotation.value,
    wrong: `is given in addition to ingressClassName: '${exposure.ingressClassName}', and the API server refuses that`, fix: 'leave it out',
  }];
}

/** Annotations of the object that exposes Flower, in addition to those of the login. */
function exposureAnnotations(general: Readonly<Record<string, string>> = {}, exposure: ExposureSpec | undefined): Annotations {
  const given = (annotations: Readonly<Record<string, string>>, prop: string) =>
    Object.entries(annotations).map(([name, value]) => [name, { value, prop }] as const);
  return new Map([...given(general, 'annotations'), ...given(exposure?.annotations ?? {}, 'exposure.annotations')]);
}

/** What redis-py takes of a URL's options of TLS. */
const FILES = ['ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile'];

/**
 * Flower asks a Redis for its queues with a client of its own, which takes the files of TLS from `broker_use_ssl` and none from the URL.
 *
 * @see RedisSsl in flower/utils/broker.py
 */
function brokerTls({ _broker: { urls: { broker = '' } } }: CeleryApp): Record<string, unknown> {
  const url = parseUrl(broker);
  const files = FILES.flatMap((name) => url?.query.has(name) ? [[name, url.query.get(name)]] : []);
  if (url?.scheme !== 'rediss' || files.length === 0) return {};
  return { broker_use_ssl: { ssl_cert_reqs: 'required', ssl_check_hostname: true, ...Object.fromEntries(files) as object } };
}
