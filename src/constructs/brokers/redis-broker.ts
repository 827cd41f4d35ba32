import { ApiObject, Chart, Size } from 'cdk8s';
import { Construct } from 'constructs';
import type { CeleryApp } from '../celery-app';
import { IBroker } from './broker';
import { BrokerBinding } from './broker-binding';
import { CeleryNetwork } from '../network/celery-network';
import { podsOf } from '../network/server-address';
import { isCounted } from '../network/visitors';
import { PodOptions } from '../pod-options';
import * as checks from '../validation/checks';
import { checkClaim, claimVolume } from '../kubernetes/claims';
import { guard } from '../validation/guard';
import type * as k8s from '../kubernetes/api/types';
import { POD_OPTIONS, podOptions } from '../kubernetes/options';
import { checkPod, deployment, objectMetadata, PodSpec, selectorLabels, service, SINGLETON } from '../kubernetes/pods';
import { Shape } from '../kubernetes/shape';
import { quantity } from '../../celery/quantity';
import { Problem, refuse } from '../validation/problems';
import { PropChecks, size, sound, text, withMember } from '../validation/props';
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

const PROPS: PropChecks<RedisBrokerProps> = {
  ...POD_OPTIONS,
  name: text('the name of the Deployment'),
  image: text('e.g. \'redis:7.4-alpine\''),
  storage: withMember('_claim', 'a RedisStorage', 'e.g. RedisStorage.claim()'),
  maxMemory: size,
  clusterDomain: text('e.g. \'cluster.local\''),
};

const PORT = 6379;
const REDIS_PORT: k8s.ContainerPort = { containerPort: PORT, name: 'redis' };
const DATA = '/data';
/** The user of the official image. */
const REDIS_USER = 999;
const DEFAULT_RESOURCES: k8s.ResourceRequirements = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } };

/**
 * A Redis for one or more apps: one pod that never evicts a queued task, and a NetworkPolicy that admits the pods of its
 * apps.
 *
 * It has no password: what is not admitted can't reach it, on a cluster whose network enforces NetworkPolicies.
 *
 * Synth fails on a bad name, image or quantity, and where `maxMemory` is not below the memory limit.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
 */
export class RedisBroker extends Construct implements IBroker {
  /** The Deployment of the Redis. */
  public readonly deployment: ApiObject;
  /** The Service by which it is reached. */
  public readonly service: ApiObject;
  /** The policy that admits the pods of the apps. */
  public readonly networkPolicy: ApiObject;
  /** Where queued tasks are kept. */
  public readonly storage: RedisStorage;
  /** The DNS name: `redis.redis.svc.cluster.local`. */
  public readonly host: string;
  /** The port. */
  public readonly port = PORT;
  /** What the pods get as `CELERY_BROKER_URL`: `{ value }`. */
  public readonly url: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;

  private readonly namespace?: string;
  private readonly labels: Record<string, string>;
  private readonly apps: CeleryApp[] = [];
  private readonly namespaces = new Set<string>();

  public constructor(scope: Construct, id: string, props: RedisBrokerProps = {}) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const name = props.name ?? id;
    const image = props.image ?? 'redis:7-alpine';
    const claim = (props.storage ?? RedisStorage.ephemeral())._claim(name);
    const options = podOptions(props);
    const limit = (options.resources ?? DEFAULT_RESOURCES).limits?.memory;
    const limited = limit === undefined ? undefined : Math.floor((quantity(limit) ?? 0) / 1024);
    const maxMemory = props.maxMemory ? checks.kibibytes(props.maxMemory) : limited && Math.floor(limited * 0.75);
    const pod: PodSpec = {
      name,
      application: 'redis',
      component: 'redis',
      partOf: name,
      user: REDIS_USER,
      // Long enough to write what is in memory to a slow disk.
      terminationGracePeriodSeconds: 60,
      resources: DEFAULT_RESOURCES,
      initContainers: [],
      container: {
        image,
        command: () => [
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
        startupProbe: ping({ initialDelaySeconds: 5, periodSeconds: 2, failureThreshold: 150 }),
        readinessProbe: ping({ periodSeconds: 10, failureThreshold: 2 }),
        livenessProbe: ping({ periodSeconds: 10, failureThreshold: 6 }),
        env: [],
        mounts: [{ path: DATA, volume: { name: 'data' } }],
      },
    };
    refuse(this, [
      ...checks.name('name', name),
      ...checks.serviceName('name', name),
      ...checks.image('image', image),
      ...checks.objectName('clusterDomain', props.clusterDomain),
      ...(claim ? checkClaim('storage', claim) : []),
      ...checkMaxMemory(props.maxMemory, limit, limited),
      ...checkPod(pod, options),
    ]);
    guard(this);

    const metadata = objectMetadata(pod, options);
    const volume: k8s.Volume = claim ? claimVolume(this, 'data', claim, metadata) : { name: 'data', emptyDir: { sizeLimit: '64Mi' } };
    this.storage = props.storage ?? RedisStorage.ephemeral();
    this.labels = selectorLabels(pod);
    const peers = () => this.peers();
    // What its own process needs: containers of the user's may need more.
    const callsNobody = ![options.initContainers, options.sidecars, options.containers].some((list) => list !== undefined && list.length > 0);
    this.networkPolicy = new ApiObject(this, 'NetworkPolicy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, ...metadata },
      spec: {
        podSelector: { matchLabels: this.labels },
        policyTypes: ['Ingress', ...(callsNobody ? ['Egress'] : [])],
        get ingress() {
          const from = peers();
          return from.length === 0 ? undefined : [{ from, ports: [{ port: PORT, protocol: 'TCP' }] }];
        },
      },
    });
    this.deployment = deployment(this, 'Resource', { ...pod, container: { ...pod.container, mounts: [{ path: DATA, volume }] } }, SINGLETON, options);
    this.service = service(this, pod, options, REDIS_PORT);

    const namespace = this.namespace = Chart.of(this).namespace;
    this.host = namespace === undefined ? name : `${name}.${namespace}.svc.${props.clusterDomain ?? 'cluster.local'}`;
    this.url = { value: `redis://${this.host}:${PORT}/0` };
  }

  /** Lets the pods of an app connect to this Redis, which is also its result backend unless it has another. */
  public bind(app: CeleryApp): BrokerBinding {
    const appNamespace = app.namespace;
    if ((appNamespace === undefined) !== (this.namespace === undefined)) {
      refuse(this, [{
        prop: 'namespace', value: appNamespace ?? this.namespace,
        wrong: `is the namespace of ${appNamespace ? app.node.path : this.node.path} alone, so neither a DNS name nor a NetworkPolicy can join the two`,
        fix: 'give both charts a namespace: new Chart(app, id, { namespace })',
      }]);
    }
    this.apps.push(app);
    return {
      url: this.url as object, resultBackend: this.url as object, transport: 'redis',
      network: [{ to: [podsOf(this.namespace, this.labels)], ports: [{ port: PORT, protocol: 'TCP' }] }],
      queueTrigger: { type: 'redis', metadata: { address: `${this.host}:${PORT}`, databaseIndex: '0' } },
    };
  }

  /**
   * Lets all pods of a namespace connect to this Redis: those of an application that sends tasks, or a pod by hand. The pods of its apps need
   * no call, and neither does KEDA (`CeleryNetwork`).
   *
   * @param namespace the name of the namespace: `'web'`
   */
  public admitNamespace(namespace: string): void {
    const problems = checks.name('namespace', namespace);
    refuse(this, problems);
    if (problems.length === 0) this.namespaces.add(namespace);
  }

  /** Who is let in: the pods of its apps by their labels, KEDA where it counts, and whole namespaces where that was asked for. */
  private peers(): k8s.NetworkPolicyPeer[] {
    const keda = this.apps.filter((app) => app._network._ingress?.keda.named || isCounted(this, new Set([app.namespace])))
      .flatMap((app) => (app._network._ingress ?? CeleryNetwork.closedIngress()._ingress!).keda.peers);
    const peers = [
      ...this.apps.filter((app) => app.namespace === undefined || !this.namespaces.has(app.namespace))
        .map((app) => podsOf(app.namespace, { 'app.kubernetes.io/name': 'celery', 'app.kubernetes.io/part-of': app.name })),
      ...[...this.namespaces].map((namespace) => podsOf(namespace)),
      ...keda,
    ];
    return [...new Map(peers.map((peer) => [JSON.stringify(peer), peer])).values()];
  }
}

/** Redis' `mb` and `kb` are powers of two. */
function redisMemory(kibibytes: number): string {
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}mb` : `${Math.floor(kibibytes)}kb`;
}

/** `redis-cli ping` exits 0 on NOAUTH and LOADING too: only the answer tells. */
function ping(options: k8s.Probe): k8s.Probe {
  return { exec: { command: ['sh', '-c', `test "$(redis-cli -p ${PORT} ping)" = PONG`] }, timeoutSeconds: 5, ...options };
}

function checkMaxMemory(maxMemory: Size | undefined, limit: string | number | undefined, limited: number | undefined): Problem[] {
  if (maxMemory === undefined) return [];
  const amount = checks.kibibytes(maxMemory);
  if (!Number.isInteger(amount) || amount <= 0) {
    return [{ prop: 'maxMemory', value: maxMemory.asString(), wrong: 'is not an amount of memory', fix: 'give e.g. Size.mebibytes(192)' }];
  }
  return limited !== undefined && amount >= limited ? [{
    prop: 'maxMemory', value: maxMemory.asString(),
    wrong: `is not below the memory limit ${limit}: the kernel would kill Redis before it refuses to queue`,
    fix: 'lower maxMemory to three quarters of the limit, or raise the limit',
  }] : [];
}
