import { ApiObject, Chart, Size } from 'cdk8s';
import { Construct } from 'constructs';
import { REDIS_DATA } from '../../celery/server-images';
import { DEFAULTS } from '../../celery/settings';
import type { CeleryApp } from '../celery-app';
import { IBroker } from './broker';
import { BrokerBinding } from './broker-binding';
import { BrokerAccess } from '../network/broker-access';
import { PodOptions } from '../pod-options';
import { redisServers } from '../message-store';
import { withRotation } from '../rotation';
import { SecretKey } from '../secret-key';
import * as checks from '../validation/checks';
import { checkClaim, claimVolume } from '../kubernetes/claims';
import { guard } from '../validation/guard';
import { isInTree } from '../validation/in-tree';
import { appsOf } from '../visibility-timeout';
import { checkServerEnv } from '../validation/owned-env';
import type * as k8s from '../kubernetes/api/types';
import { secretVariable } from '../kubernetes/env';
import { POD_OPTIONS, podOptions } from '../kubernetes/options';
import { checkPod, deployment, Mount, objectMetadata, PodSpec, selectorLabels, service, SINGLETON } from '../kubernetes/pods';
import { Shape } from '../kubernetes/shape';
import { parseImage } from '../../celery/image';
import { REDIS_DATA_SHARE } from '../../celery/memory';
import { REDIS_PORT } from '../../celery/ports';
import { quantity } from '../../celery/quantity';
import { REDIS_COMMANDS } from '../../celery/redis-commands';
import { nearest } from '../../nearest';
import { describe, Described, isRefused, Problem, refuse } from '../validation/problems';
import { number, optionsOf, PropChecks, size, sound, text, texts, typed, withMember } from '../validation/props';
import { checkMaxClients, clientsOf, computedClients, tooManyClients } from './redis-clients';
import { checkDatabase, PASSWORD, redisConnection, redisTrigger } from './redis-connection';
import { RedisServerOptions } from './redis-server';
import { RedisStorage } from './redis-storage';
import { caOf, serverTls, serverTlsMounts } from './tls-files';

/** Properties of `RedisBroker`. */
export interface RedisBrokerProps extends PodOptions {
  /**
   * The name of the Deployment, the Service and the NetworkPolicy.
   *
   * @default - the id of the construct
   */
  readonly name?: string;

  /**
   * The image. It must have `redis-server` and `redis-cli` on its path, or be called `valkey` and have those of Valkey
   * (`valkey/valkey:8-alpine`). With a digest (`redis:7-alpine@sha256:...`) or a full version
   * (`redis:7.2.5-alpine`) a node that has it restarts Redis without the registry.
   *
   * @default 'redis:7-alpine'
   */
  readonly image?: string;

  /**
   * The storage of queued tasks.
   *
   * @default RedisStorage.ephemeral()
   */
  readonly storage?: RedisStorage;

  /**
   * The maximum memory for data (`maxmemory`). When it is full, Redis refuses new tasks (`noeviction`) rather than losing queued ones. Must be
   * less than the memory limit: rewriting the append-only file needs room.
   *
   * @default - three quarters of the memory limit
   * @see https://redis.io/docs/latest/develop/reference/eviction/
   */
  readonly maxMemory?: Size;

  /**
   * The number of the database of the apps, from 0 to 15. Apps that share a Redis have a database each: `redis.onDatabase(1)` is this Redis for
   * another one.
   *
   * @default 0
   */
  readonly database?: number;

  /**
   * The password, with any characters: `{ name: 'redis', key: 'password' }`, a Secret that exists in the namespace of the Redis and, by the same
   * name, in those of its apps. Its users and commands are then those of an access control list with one user, `default`.
   *
   * @default - none: the NetworkPolicy says who may connect
   */
  readonly password?: SecretKey;

  /**
   * TLS. With it, Redis accepts no connections without TLS.
   *
   * @default - none
   */
  readonly tls?: RedisTls;

  /**
   * Commands that the access control list of Redis denies to everybody: neither Celery nor its tools need those of the default. ACL, by which
   * anybody could allow them again, is always one of them. With `[]` all commands can be run.
   *
   * @default - ACL, CONFIG, DEBUG, FLUSHALL, FLUSHDB, MODULE, REPLICAOF, SHUTDOWN and SLAVEOF; none where the tag of the image is that of a Redis
   * before 6.2, which cannot do it
   * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
   */
  readonly disabledCommands?: string[];

  /**
   * The results that its apps keep in it, which share its memory with the queues. Synth fails where they need more than half of `maxMemory` until
   * they expire.
   *
   * @default - not known: nothing is computed
   */
  readonly results?: RedisResults;

  /**
   * The maximum number of connected clients (`maxclients`). A worker holds nine connections and one for each process or thread of its pool, Beat
   * four and Flower twenty-one: synth fails where those of all apps need more, at the most replicas of their scaling. It also fails for more
   * clients than the memory between `maxMemory` and the memory limit is enough for, at 20 KiB for each. Give about twice what they need, as the
   * default does: also connected are new pods of a rollout while old ones end, programs that send tasks, `celery inspect`, KEDA and the probes,
   * whose number the program does not know.
   *
   * @default - as many as that memory is enough for, and at most 10000, that of Redis; but twice as many as the apps need, in steps of 1000, where
   * that is more. It does not follow each change of replicas, which would restart Redis.
   * @see https://redis.io/docs/latest/develop/reference/clients/
   */
  readonly maxClients?: number;

  /**
   * The DNS domain of the cluster.
   *
   * @default 'cluster.local'
   */
  readonly clusterDomain?: string;
}

/** Results in a `RedisBroker`. */
export interface RedisResults {
  /** The number of tasks that store a result per day, of all apps together. */
  readonly perDay: number;

  /**
   * The size of what a task returns, as JSON. Celery's own fields and the key are in addition to that: half a kibibyte.
   *
   * @default Size.kibibytes(1)
   */
  readonly size?: Size;
}

/** TLS of a `RedisBroker`. */
export interface RedisTls {
  /**
   * The name of a Secret of type kubernetes.io/tls in the namespace of the Redis, as cert-manager makes it: its keys are `tls.crt`, `tls.key` and
   * `ca.crt`. The certificate must be for the DNS name of the Service, `redis.redis.svc.cluster.local`: clients verify it.
   */
  readonly secretName: string;

  /**
   * The certificate of the CA in the namespaces of the apps: `{ name: 'redis-ca', key: 'ca.crt' }`. The private key of Redis does not belong there.
   *
   * @default - the key `ca.crt` of a Secret of the same name as `secretName`
   */
  readonly ca?: SecretKey;
}

const RESULTS: PropChecks<RedisResults> = {
  perDay: { check: number, fix: 'give the number of tasks that store a result in a day', instead: () => undefined }, size,
};

const PROPS: PropChecks<RedisBrokerProps> = {
  ...POD_OPTIONS,
  name: text('the name of the Deployment'),
  image: text('e.g. \'redis:7.4-alpine\''),
  storage: withMember('_claim', 'a RedisStorage', 'e.g. RedisStorage.claim()'),
  maxMemory: size,
  database: number,
  password: PASSWORD,
  tls: serverTls,
  disabledCommands: texts('e.g. [\'FLUSHALL\']'),
  results: {
    copy: (prop, given) => {
      if (typeof given !== 'object' || given === null) return { value: undefined, problems: optionsOf(RESULTS)(prop, given) };
      const { options, problems: wrong } = typed(given as RedisResults, RESULTS, { prefix: prop });
      const problems = [...wrong, ...checkResults(options)];
      return { value: problems.length > 0 ? undefined : options, problems };
    },
  },
  maxClients: number,
  clusterDomain: text('e.g. \'cluster.local\''),
};

const SERVICE_PORT: k8s.ContainerPort = { containerPort: REDIS_PORT, name: 'redis' };
const REDIS = { server: 'redis-server', cli: 'redis-cli' };
const VALKEY = { server: 'valkey-server', cli: 'valkey-cli' };
const USERS_FOLDER = '/etc/redis-users';
const TLS_FOLDER = '/etc/redis-tls';
const TLS_FILES = ['--tls-cert-file', `${TLS_FOLDER}/tls.crt`, '--tls-key-file', `${TLS_FOLDER}/tls.key`, '--tls-ca-cert-file', `${TLS_FOLDER}/ca.crt`];
/** The user of the official image. */
const REDIS_USER = 999;
const DEFAULT_RESOURCES: k8s.ResourceRequirements = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } };

/**
 * A Redis for one or more apps: one pod that never evicts a queued task, and a NetworkPolicy that admits the pods of its
 * apps.
 *
 * Without a `password`, what is not admitted can't reach it, on a cluster whose network enforces NetworkPolicies.
 *
 * Valkey runs by its image: of one whose name is `valkey` the programs are `valkey-server` and `valkey-cli`.
 *
 * Synth fails on a bad name, image or quantity, where `maxMemory` is not below the memory limit, where the claim
 * is less than three times `maxMemory`, where `results` need more than half of it, where all clients are more than `maxClients`, and where two apps
 * take tasks from the same queue of one database.
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
  /** The storage of queued tasks. */
  public readonly storage: RedisStorage;
  /** The DNS name: `redis.redis.svc.cluster.local`. */
  public readonly host: string;
  /** The port. */
  public readonly port = REDIS_PORT;
  /** What the pods get as `CELERY_BROKER_URL`: `{ value }`. Undefined with a password: the pods compose it. */
  public readonly url?: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;

  private readonly server: RedisServerOptions;
  private readonly access = new BrokerAccess(this, 'redis');
  private readonly labels: Record<string, string>;

  public constructor(scope: Construct, id: string, props: RedisBrokerProps = {}) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const name = props.name ?? id;
    const image = props.image ?? 'redis:7-alpine';
    const claim = (props.storage ?? RedisStorage.ephemeral())._claim(name);
    const options = podOptions(props);
    const limit = (options.resources ?? DEFAULT_RESOURCES).limits?.memory;
    const limited = limit === undefined ? undefined : Math.floor((quantity(limit) ?? 0) / 1024);
    const maxMemory = props.maxMemory ? checks.kibibytes(props.maxMemory) : limited && Math.floor(limited * REDIS_DATA_SHARE);
    const memory = { maxMemory, limit: limited };
    const needed = (): ReturnType<typeof clientsOf> => clientsOf(this.access.admitted);
    const maxClients = (): string[] => {
      const clients = props.maxClients ?? computedClients(needed(), memory);
      return clients === undefined ? [] : ['--maxclients', `${clients}`];
    };
    const { tls, password } = props;
    const programs = parseImage(image).name.startsWith('valkey') ? VALKEY : REDIS;
    const old = isBeforeLists(image);
    const disabled = props.disabledCommands ?? (old && !password ? [] : DISABLED);
    const permissions = permitted(disabled);
    const auth: k8s.EnvVar[] = secretVariable('REDISCLI_AUTH', password);
    const users: Mount[] = password ? [{ path: USERS_FOLDER, volume: { name: 'users', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } } }] : [];
    const readOnlyUsers = users.map((mount) => ({ ...mount, readOnly: true }));
    const certificates = serverTlsMounts(tls, TLS_FOLDER);
    const pod: PodSpec = {
      name,
      application: 'redis',
      component: 'redis',
      partOf: name,
      user: REDIS_USER,
      // Long enough to write what is in memory to a slow disk.
      terminationGracePeriodSeconds: 60,
      resources: DEFAULT_RESOURCES,
      initContainers: password ? [{
        name: 'users', image, command: writeUser(permissions), env: auth, mounts: users,
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      }] : [],
      container: {
        image,
        command: () => [
          programs.server,
          ...(tls ? ['--port', '0', '--tls-port', `${REDIS_PORT}`, ...TLS_FILES, '--tls-auth-clients', 'no'] : ['--port', `${REDIS_PORT}`]),
          // Protected mode refuses every remote client of a Redis without a password. The NetworkPolicy is what protects.
          '--protected-mode', 'no',
          '--dir', REDIS_DATA,
          '--save', '',
          '--appendonly', claim ? 'yes' : 'no',
          '--maxmemory-policy', 'noeviction',
          ...(maxMemory === undefined ? [] : ['--maxmemory', redisMemory(maxMemory)]),
          ...maxClients(),
          ...(password ? ['--aclfile', `${USERS_FOLDER}/users.acl`] : disabled.length > 0 ? ['--user', 'default', 'on', 'nopass', ...permissions] : []),
        ],
        ports: [SERVICE_PORT],
        // A probe that fails while Redis starts would be a warning among the events.
        startupProbe: ping(programs.cli, tls, { initialDelaySeconds: 5, periodSeconds: 2, failureThreshold: 150 }),
        readinessProbe: ping(programs.cli, tls, { periodSeconds: 10, failureThreshold: 2 }),
        livenessProbe: ping(programs.cli, tls, { periodSeconds: 10, failureThreshold: 6 }),
        // redis-cli reads it, too.
        env: auth,
        mounts: [{ path: REDIS_DATA, volume: { name: 'data' } }, ...certificates, ...readOnlyUsers],
      },
    };
    refuse(this, [
      ...checks.name('name', name),
      ...checks.serviceName('name', name),
      ...checks.image('image', image),
      ...checks.objectName('clusterDomain', props.clusterDomain),
      ...(claim ? checkClaim('storage', claim, name) : []),
      ...checkMemoryLimit(limit, limited),
      ...checkMaxMemory(props.maxMemory, limit, limited),
      ...checkDatabase('database', props.database),
      ...checkCommands(disabled),
      ...(old ? checkLists(image, password, disabled) : []),
      ...checkMaxClients(props.maxClients, memory),
      ...(claim?.size && maxMemory !== undefined ? checkClaimSize(claim.size, maxMemory) : []),
      ...checkServerEnv('redis', options.env),
      ...checkPod(pod, options),
    ]);
    guard(this);

    const metadata = objectMetadata(pod, options);
    const volume: k8s.Volume = claim ? claimVolume(this, 'data', claim, metadata) : { name: 'data', emptyDir: { sizeLimit: '64Mi' } };
    this.storage = props.storage ?? RedisStorage.ephemeral();
    this.labels = selectorLabels(pod);
    // What its own process needs: containers of the user's may need more.
    const callsNobody = ![options.initContainers, options.sidecars, options.containers].some((list) => list !== undefined && list.length > 0);
    this.networkPolicy = this.access.policy({ metadata: { name, ...metadata }, labels: this.labels, ports: [REDIS_PORT], callsNobody });
    const mounts = [{ path: REDIS_DATA, volume }, ...certificates, ...readOnlyUsers];
    // Redis reads its users and its certificate when it starts.
    const secrets = [password?.name, tls?.secretName].filter((secret) => secret !== undefined);
    const { namespace } = this.access;
    this.deployment = deployment(
      this, 'Resource', { ...pod, container: { ...pod.container, mounts } }, SINGLETON, withRotation(this, { namespace, secrets }, options),
    );
    this.service = service(this, pod, options, SERVICE_PORT);

    this.host = this.access.host(name, props.clusterDomain);
    this.server = {
      host: this.host, database: props.database, password, tls: tls && { ca: caOf(tls) },
    };
    this.url = redisConnection({ prop: 'broker' }, this.server).connection?.url;
    // A number of replicas that is refused says nothing.
    if (props.maxClients === undefined) {
      this.node.addValidation({ validate: () => isRefused(this.node.root) ? [] : tooManyClients(needed(), memory).map(describe) });
    }
    const { results } = props;
    this.node.addValidation({
      validate: () => {
        const { admitted } = this.access;
        const others = storingIn(this).filter((app) => !admitted.includes(app));
        const sized = results === undefined || maxMemory === undefined ? []
          : resultProblems(results, maxMemory, [...admitted.filter(keepsResults), ...others]);
        return [...sized, ...(admitted.length > 0 ? keptForever(others, admitted) : [])].map(describe);
      },
    });
  }

  /** Lets the pods of an app connect to this Redis, which is also its result backend unless it has another. */
  public bind(app: CeleryApp): BrokerBinding {
    const url = this.url as object | undefined;
    return { ...this.bindTo(app, this.server), ...(url === undefined ? {} : { url, resultBackend: url }) };
  }

  /**
   * This Redis with another database: apps that share it have one each, so that none takes the tasks of another.
   *
   * @param database the number of the database, from 0 to 15
   */
  public onDatabase(database: number): IBroker {
    const wrong = database === undefined ? [{ prop: 'database', value: undefined, wrong: 'is missing', fix: 'give its number: onDatabase(1)' }]
      : checkDatabase('database', database);
    refuse(this, wrong);
    return { bind: (app) => this.bindTo(app, { ...this.server, database: wrong.length > 0 ? undefined : database }) };
  }

  private bindTo(app: CeleryApp, server: RedisServerOptions): BrokerBinding {
    this.access.admit(app);
    const { connection } = redisConnection({ prop: 'broker' }, server);
    // What is wrong with the parts has been said.
    if (!connection) return { url: { value: `redis://${this.host}:${REDIS_PORT}/0` }, resultBackend: { value: `redis://${this.host}:${REDIS_PORT}/0` } };
    const { url, urlTemplate, env, volumes, volumeMounts } = connection;
    return {
      url, urlTemplate, resultBackend: url, resultBackendTemplate: urlTemplate, env, volumes, volumeMounts, transport: 'redis',
      network: this.access.egress(this.labels, REDIS_PORT),
      queueTrigger: redisTrigger(server),
    };
  }

  /**
   * Lets all pods of a namespace connect to this Redis: those of an application that sends tasks, or a pod by hand. The pods of its apps need
   * no call, and neither does KEDA (`CeleryNetwork`).
   *
   * @param namespace the name of the namespace: `'web'`
   */
  public admitNamespace(namespace: string): void {
    this.access.admitNamespace(namespace);
  }
}

/** Redis' `mb` and `kb` are powers of two. */
function redisMemory(kibibytes: number): string {
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}mb` : `${Math.floor(kibibytes)}kb`;
}

/**
 * `redis-cli ping` exits 0 on NOAUTH and LOADING too: only the answer tells. The certificate is verified by the clients, which then say what is
 * wrong with it: of a Redis that is not ready they would know only that it refuses connections.
 */
function ping(cli: string, tls: RedisTls | undefined, options: k8s.Probe): k8s.Probe {
  const client = `${cli} -p ${REDIS_PORT}${tls ? ' --tls --insecure' : ''}`;
  return { exec: { command: ['sh', '-c', `test "$(${client} ping)" = PONG`] }, timeoutSeconds: 5, ...options };
}

/** What ends all tasks, or gives the server to somebody else. */
const DISABLED = ['ACL', 'CONFIG', 'DEBUG', 'FLUSHALL', 'FLUSHDB', 'MODULE', 'REPLICAOF', 'SHUTDOWN', 'SLAVEOF'];

/**
 * What the user of an access control list may do: all but some commands. `rename-command` is no way to disable one, because Redis does not start with
 * an append-only file in which it is.
 */
function permitted(disabled: readonly string[]): string[] {
  const without = new Set([...disabled.length > 0 ? ['acl'] : [], ...disabled.map((command) => command.toLowerCase())]);
  return ['~*', '&*', '+@all', ...[...without].map((command) => `-${command}`)];
}

/** Whether the tag of an image is that of a Redis without lists, or without channels in them. */
function isBeforeLists(image: string): boolean {
  const { name, tag = '' } = parseImage(image);
  const [, major, minor] = /^(\d+)(?:\.(\d+))?/.exec(tag) ?? [];
  return name === 'redis' && (Number(major) < 6 || (major === '6' && Number(minor) < 2));
}

function checkLists(image: string, password: SecretKey | undefined, disabled: readonly string[]): Problem[] {
  return password === undefined && disabled.length === 0 ? [] : [{
    prop: 'image', value: image, wrong: `is a Redis before 6.2, which has no access control list for ${password ? 'the password' : 'disabledCommands'}`,
    fix: 'use a later one, e.g. redis:7-alpine',
  }];
}

/**
 * Writes the user for Redis, with the SHA-256 of the password: the password itself is in no argument and in no file.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
 */
function writeUser(permissions: readonly string[]): string[] {
  const hash = '"$(printf %s "$REDISCLI_AUTH" | sha256sum | cut -c 1-64)"';
  return ['sh', '-c', `printf 'user default on #%s ${permissions.join(' ')}\\n' ${hash} > ${USERS_FOLDER}/users.acl`];
}

function checkCommands(commands: readonly string[]): Problem[] {
  const needed = commands.filter((command) => NEEDED.has(command.toUpperCase()));
  return [
    ...commands.filter((command) => !REDIS_COMMANDS.has(command.toUpperCase())).map((command) => ({
      prop: 'disabledCommands', value: command, wrong: 'is not a command of Redis, which would not start',
      fix: `give its name only, e.g. '${nearest(command, REDIS_COMMANDS) ?? 'FLUSHALL'}'`,
    })),
    ...needed.map((command) => ({ prop: 'disabledCommands', value: command, wrong: 'is a command that Celery needs', fix: 'leave it out' })),
  ];
}

/** What kombu, Celery's result backend and RedBeat send, also in scripts, what KEDA counts with, and the probes. */
const NEEDED = new Set([
  'AUTH', 'HELLO', 'SELECT', 'PING', 'CLIENT', 'INFO', 'MULTI', 'EXEC', 'WATCH', 'UNWATCH', 'DISCARD', 'LPUSH', 'RPUSH', 'BRPOP', 'RPOP', 'LPOP', 'LLEN', 'LRANGE',
  'HSET', 'HSETNX', 'HGET', 'HDEL', 'HLEN', 'HSCAN', 'ZADD', 'ZREM', 'ZRANGEBYSCORE', 'ZREVRANGEBYSCORE', 'ZRANGE', 'ZSCORE', 'ZCARD', 'ZCOUNT', 'SADD', 'SREM', 'SMEMBERS', 'SISMEMBER',
  'SCARD', 'GET', 'SET', 'SETEX', 'MGET', 'DEL', 'EXISTS', 'EXPIRE', 'PEXPIRE', 'PTTL', 'TIME', 'TYPE', 'INCR', 'PUBLISH', 'SUBSCRIBE', 'PSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'EVAL', 'EVALSHA', 'SCRIPT',
]);

/** The append-only file is rewritten when it has doubled: both are there for a while. */
function checkClaimSize(given: Size, maxMemory: number): Problem[] {
  const amount = checks.kibibytes(given);
  return amount <= 0 || amount >= 3 * maxMemory ? [] : [{
    prop: 'storage.size', value: given.asString(), wrong: `is less than three times maxMemory, ${redisMemory(maxMemory)}, which the append-only file may need while it is rewritten`,
    fix: `give at least Size.mebibytes(${Math.ceil(3 * maxMemory / 1024)})`,
  }];
}

function checkResults({ perDay, size: each }: Partial<RedisResults> = {}): Problem[] {
  return [
    ...(perDay === undefined || (Number.isFinite(perDay) && perDay >= 0) ? [] : [{
      prop: 'results.perDay', value: perDay, wrong: 'is not a number of tasks', fix: 'give the number of tasks that store a result in a day',
    }]),
    ...(each && checks.kibibytes(each) < 0 ? [{ prop: 'results.size', value: each.asString(), wrong: 'is less than nothing', fix: 'give e.g. Size.kibibytes(1)' }] : []),
  ];
}

/** What Redis and Celery add to a result, in KiB: 371 to 442 bytes were measured. */
const RESULT = 0.5;
const DAY = 24 * 60 * 60;

/** When results of an app expire, in seconds, by its settings or by its code as far as it is in sight; undefined is what only a run tells. */
function expiryOf({ _settings: settings, _codeSettings: code }: CeleryApp): number | undefined {
  const given = settings.get('result_expires') ?? (code.has('result_expires') ? code.get('result_expires') : DEFAULTS.resultExpires);
  return Number.isFinite(Number(given)) ? Number(given) : undefined;
}

/** Whether an app has its results in the Redis of its queues. */
function keepsResults({ _broker: { resultsInBroker } }: CeleryApp): boolean {
  return resultsInBroker;
}

/** The apps whose results are in a Redis, by the URL of their result backends. */
function storingIn(redis: RedisBroker): CeleryApp[] {
  const [own] = redisServers(`redis://${redis.host}`, Chart.of(redis).namespace, undefined);
  return appsOf(redis.node.root).filter((app) => isInTree(app, redis) && redisServers(app._broker.urls.resultBackend ?? '', app.namespace, undefined).includes(own));
}

/** Results of apps with another broker that never expire, in the Redis that also has the queues of others. */
function keptForever(apps: readonly CeleryApp[], admitted: readonly CeleryApp[]): Problem[] {
  return apps.filter(({ _settings: settings }) => [null, 0].includes(settings.get('result_expires') as null)).map((app) => ({
    prop: 'results', value: new Described(`those of ${app.node.path}`),
    wrong: `are kept forever, in the Redis that also has the queues of ${admitted.map(({ node }) => node.path).join(' and ')}: once it is full no task can be sent`,
    fix: 'leave out the result_expires of that app for a day, give e.g. Duration.hours(1), or give the app a resultBackend on another server',
  }));
}

/** Results that leave the queues less than half of the memory until they expire. */
function resultProblems({ perDay, size: each }: RedisResults, maxMemory: number, apps: readonly CeleryApp[]): Problem[] {
  const keeping = apps.filter(({ _settings: settings }) => settings.get('task_ignore_result') !== true && ![null, 0].includes(settings.get('result_expires') as null));
  const unknown = keeping.filter((app) => expiryOf(app) === undefined);
  if (unknown.length > 0) {
    return [{
      prop: 'results', value: new Described(`${perDay} a day`),
      wrong: `cannot be counted: the code of ${unknown.map(({ name }) => name).join(' and ')} sets result_expires to a value that is not known before it runs`,
      fix: 'give settings: { result_expires: Duration.days(1) } to the app, which wins over the code, or write a number of seconds or a timedelta of numbers in the code',
    }];
  }
  const expires = Math.max(0, ...keeping.map((app) => expiryOf(app)!));
  const aSecond = perDay / DAY * ((each ? checks.kibibytes(each) : 1) + RESULT);
  const needed = aSecond * expires;
  return needed <= maxMemory / 2 ? [] : [{
    prop: 'results', value: new Described(`${perDay} a day of ${(each ?? Size.kibibytes(1)).asString()}`),
    wrong: `need ${redisMemory(Math.ceil(needed))} until they expire after ${expires} seconds, which is more than half of maxMemory, ${redisMemory(maxMemory)}: `
      + 'the other half is for tasks that wait, and for clients',
    fix: `give a maxMemory of at least Size.mebibytes(${Math.ceil(2 * needed / 1024)}), and the memory limit a third more; or a result_expires of at most `
      + `${Math.floor(maxMemory / 2 / aSecond)} seconds, task_ignore_result, or the apps a resultBackend on another server`,
  }];
}

/** Redis 7.0.15 takes 12 MiB without any key, most of it its program. In KiB. */
const LEAST_LIMIT = 16_384;

function checkMemoryLimit(limit: string | number | undefined, limited: number | undefined): Problem[] {
  return limited === undefined || limited >= LEAST_LIMIT ? [] : [{
    prop: 'resources.limits.memory', value: limit, wrong: 'is less than Redis needs: it takes 12 MiB without any key, and the kernel would kill it', fix: 'give at least 16Mi',
  }];
}

/** Redis 7.0.15 without any key takes 0.9 MiB, which count. In KiB. */
const LEAST_MEMORY = 1024;

function checkMaxMemory(maxMemory: Size | undefined, limit: string | number | undefined, limited: number | undefined): Problem[] {
  if (maxMemory === undefined) return [];
  const amount = checks.kibibytes(maxMemory);
  if (!Number.isInteger(amount) || amount <= 0) {
    return [{ prop: 'maxMemory', value: maxMemory.asString(), wrong: 'is not an amount of memory', fix: 'give e.g. Size.mebibytes(192)' }];
  }
  if (amount < LEAST_MEMORY) {
    return [{
      prop: 'maxMemory', value: maxMemory.asString(), wrong: 'is less than 1 MiB, which an empty Redis takes: it would take no task', fix: 'give e.g. Size.mebibytes(192)',
    }];
  }
  return limited !== undefined && amount >= limited ? [{
    prop: 'maxMemory', value: maxMemory.asString(),
    wrong: `is not below the memory limit ${limit}: the kernel would kill Redis before it refuses to queue`,
    fix: 'lower maxMemory to three quarters of the limit, or raise the limit',
  }] : [];
}
