import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct, IConstruct } from 'constructs';
import { IBroker } from './broker';
import { PodOptions } from '../pod-options';
import * as checks from '../validation/checks';
import { checkClaim, claimVolume } from '../kubernetes/claims';
import { guard } from '../validation/guard';
import { checkOptions, ComponentSpec, deployment, ownMetadata, selectorLabels, service } from '../kubernetes/pods';
import { Problem, refuse } from '../validation/problems';
import { POD_OPTIONS, Shape, size, sound, text, withMember } from '../validation/props';
import { RedisStorage } from './redis-storage';

/** Properties of `RedisBroker`. */
export interface RedisBrokerProps extends PodOptions {
  /**
   * The name of the Deployment, the Service and the NetworkPolicy.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * The image. It must have `redis-server` and `redis-cli` on its path. With a digest (`redis:7-alpine@sha256:...`) or a full version
   * (`redis:7.2.5-alpine`) a node that has it restarts Redis without the registry.
   *
   * @default 'redis:7-alpine'
   */
  readonly image?: string;

  /**
   * Where queued tasks are kept.
   *
   * @default RedisStorage.ephemeral()
   */
  readonly storage?: RedisStorage;

  /**
   * The memory for data. When it is full, Redis refuses to queue (`noeviction`) rather than lose tasks. Must be less than the
   * memory limit: rewriting the append-only file needs room.
   *
   * @default - three quarters of the memory limit
   * @see https://redis.io/docs/latest/develop/reference/eviction/
   */
  readonly maxMemory?: Size;

  /**
   * The DNS domain of the cluster.
   *
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string;
}

const PROPS: Shape<RedisBrokerProps> = {
  ...POD_OPTIONS,
  name: text('the name of the Deployment'),
  image: text('e.g. \'redis:7.4-alpine\''),
  storage: withMember('_claim', 'a RedisStorage', 'e.g. RedisStorage.claim()'),
  maxMemory: size,
  clusterDomain: text('e.g. \'cluster.local\''),
};

const PORT = 6379;
const REDIS_PORT: kplus.ContainerPort = { number: PORT, name: 'redis' };
const DATA = '/data';
/** The user of the official image. */
const REDIS_USER = 999;
const DEFAULT_RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(50) },
  memory: { request: Size.mebibytes(64), limit: Size.mebibytes(256) },
};

/**
 * A Redis for one or more apps: one pod that never evicts a queued task, and a NetworkPolicy that admits the namespaces of
 * its apps alone.
 *
 * It has no password: what is not admitted can't reach it, on a cluster whose network enforces NetworkPolicies.
 *
 * Synth fails on a bad name, image or quantity, and where `maxMemory` is not below the memory limit.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
 */
export class RedisBroker extends Construct implements IBroker {
  /** The Deployment of the Redis. */
  public readonly deployment: kplus.Deployment;
  /** The Service by which it is reached. */
  public readonly service: kplus.Service;
  /** The policy that admits the namespaces of the apps. */
  public readonly networkPolicy: kplus.NetworkPolicy;
  /** Where queued tasks are kept. */
  public readonly storage: RedisStorage;
  /** The DNS name: `redis.redis.svc.cluster.local`. */
  public readonly host: string;
  /** The port. */
  public readonly port = PORT;
  /** What the pods get as `CELERY_BROKER_URL`. */
  public readonly url: kplus.EnvValue;

  private readonly namespace?: string;
  private readonly admitted = new Set<string | undefined>();

  public constructor(scope: Construct, id: string, props: RedisBrokerProps = {}) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const name = props.name ?? id;
    const image = props.image ?? 'redis:7-alpine';
    const claim = (props.storage ?? RedisStorage.ephemeral())._claim(name);
    const limit = (props.resources ?? DEFAULT_RESOURCES).memory?.limit;
    const maxMemory = props.maxMemory ? checks.kibibytes(props.maxMemory) : limit && Math.floor(checks.kibibytes(limit) * 0.75);
    refuse(this, [
      ...checks.name('name', name),
      ...checks.image('image', image),
      ...checks.objectName('clusterDomain', props.clusterDomain),
      ...(claim ? checkClaim('storage', claim) : []),
      ...checkMaxMemory(props.maxMemory, limit),
      ...checkOptions(props, [{ name: 'data', path: DATA }]),
    ]);
    guard(this);

    const namespace = Chart.of(this).namespace;
    const component: ComponentSpec = {
      name,
      application: 'redis',
      component: 'redis',
      partOf: name,
      replicas: 1,
      singleton: true,
      user: REDIS_USER,
      // Long enough to write what is in memory to a slow disk.
      terminationGracePeriod: Duration.seconds(60),
      resources: DEFAULT_RESOURCES,
      container: {
        image,
        command: [
          'redis-server',
          '--port', `${PORT}`,
          // Protected mode refuses every remote client of a Redis without a password. The NetworkPolicy is what protects.
          '--protected-mode', 'no',
          '--dir', DATA,
          '--save', '',
          '--appendonly', claim ? 'yes' : 'no',
          '--maxmemory-policy', 'noeviction',
          ...(maxMemory === undefined ? [] : ['--maxmemory', redisMemory(maxMemory)]),
        ],
        ports: [REDIS_PORT],
        // A probe that fails while Redis starts would be a warning among the events.
        startup: ping({ initialDelaySeconds: Duration.seconds(5), periodSeconds: Duration.seconds(2), failureThreshold: 150 }),
        readiness: ping({ periodSeconds: Duration.seconds(10), failureThreshold: 2 }),
        liveness: ping({ periodSeconds: Duration.seconds(10), failureThreshold: 6 }),
      },
    };
    const metadata = ownMetadata(component, props);
    const data = claim ? claimVolume(this, 'data', claim, metadata) : kplus.Volume.fromEmptyDir(this, 'Data', 'data');

    this.storage = props.storage ?? RedisStorage.ephemeral();
    this.deployment = deployment(this, 'Resource', {
      ...component, container: { ...component.container, volumeMounts: [{ path: DATA, volume: data }] },
    }, props);
    this.service = service(this, component, props, REDIS_PORT);
    this.networkPolicy = new kplus.NetworkPolicy(this, 'NetworkPolicy', {
      metadata: { name, namespace, ...metadata },
      selector: kplus.Pods.select(this, 'Pods', { labels: selectorLabels(component) }),
      ingress: { default: kplus.NetworkPolicyTrafficDefault.DENY },
    });

    this.namespace = namespace;
    this.host = namespace === undefined ? name : `${name}.${namespace}.svc.${props.clusterDomain ?? 'cluster.local'}`;
    this.url = kplus.EnvValue.fromValue(`redis://${this.host}:${PORT}/0`);
  }

  /** Lets the pods of a namespace reach this Redis. */
  public admit(app: IConstruct, appNamespace?: string): void {
    if ((appNamespace === undefined) !== (this.namespace === undefined)) {
      refuse(this, [{
        prop: 'namespace', value: appNamespace ?? this.namespace,
        wrong: `is the namespace of ${appNamespace ? app.node.path : this.node.path} alone, so neither a DNS name nor a NetworkPolicy can join the two`,
        fix: 'give both charts a namespace: new Chart(app, id, { namespace })',
      }]);
    }
    if (this.admitted.has(appNamespace)) return;
    this.admitted.add(appNamespace);
    const peer = appNamespace === undefined
      ? kplus.Pods.all(this, 'AppPods')
      : kplus.Namespaces.select(this, `Namespace-${appNamespace}`, { names: [appNamespace] });
    this.networkPolicy.addIngressRule(peer, [kplus.NetworkPolicyPort.tcp(PORT)]);
  }
}

/** Redis' `mb` and `kb` are powers of two. */
function redisMemory(kibibytes: number): string {
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}mb` : `${Math.floor(kibibytes)}kb`;
}

/** `redis-cli ping` exits 0 on NOAUTH and LOADING too: only the answer tells. */
function ping(options: kplus.ProbeOptions): kplus.Probe {
  return kplus.Probe.fromCommand(['sh', '-c', `test "$(redis-cli -p ${PORT} ping)" = PONG`], { timeoutSeconds: Duration.seconds(5), ...options });
}

function checkMaxMemory(maxMemory: Size | undefined, limit: Size | undefined): Problem[] {
  if (maxMemory === undefined) return [];
  const amount = checks.kibibytes(maxMemory);
  if (!Number.isInteger(amount) || amount <= 0) {
    return [{ prop: 'maxMemory', value: maxMemory.asString(), wrong: 'is not an amount of memory', fix: 'give e.g. Size.mebibytes(192)' }];
  }
  return limit && amount >= checks.kibibytes(limit) ? [{
    prop: 'maxMemory', value: maxMemory.asString(),
    wrong: `is not below the memory limit ${limit.asString()}: the kernel would kill Redis before it refuses to queue`,
    fix: 'lower maxMemory to three quarters of the limit, or raise the limit',
  }] : [];
}
