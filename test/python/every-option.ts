import { ApiObject, App, Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  AppCode, BeatSchedule, BeatStorage, Broker, BrokerBinding, CeleryApp, CeleryBeat, CeleryBusyPodController, CeleryFlower, CeleryJob, CeleryNetwork,
  CelerySettings, CelerySmokeTest, CeleryWorker, FlowerAuth, FlowerExposure, FlowerProbes, FlowerStorage, HealthCheck, IBroker, JobHook, LogLevel,
  PythonRuntime, RabbitMqBroker, RabbitMqQueueType, RabbitMqStorage, RedisBroker, RedisStorage, ResultBackend, TaskDelivery, WorkerPool,
  WorkerScaling, WorkerShutdown,
} from '../../src';
import { everyOption } from '../fixtures';

const PROBE = { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 7 };

const PASSWORD = { name: 'passwords', key: 'redis' };
const TLS = { ca: { name: 'ca', key: 'ca.crt' }, clientSecretName: 'client-tls' };
const REDIS = { host: 'redis.example.com', port: 6380, database: 2, username: 'shop', password: PASSWORD, tls: TLS, cidr: '10.20.0.0/16' };
const SENTINELS = {
  sentinels: ['sentinel-0.example.com', 'sentinel-1.example.com:26380'], masterName: 'orders', database: 3, port: 6380, password: PASSWORD,
  sentinelPassword: { name: 'passwords', key: 'sentinel' }, tls: TLS, cidr: '10.21.0.0/16',
};
const RABBITMQ = { host: 'rabbitmq.example.com', port: 5673, virtualHost: 'shop', password: PASSWORD, tls: TLS, managementUrl: 'https://rabbitmq.example.com', cidr: '10.22.0.0/16' };
const BEHAVIOR = { scaleDown: { stabilizationWindowSeconds: 60, policies: [{ type: 'Pods', value: 2, periodSeconds: 900 }] } };

class OwnBroker implements IBroker {
  public constructor(private readonly urls: Pick<BrokerBinding, 'url' | 'resultBackend' | 'urlTemplate' | 'resultBackendTemplate'>) {}

  public bind(app: CeleryApp): BrokerBinding {
    return {
      ...this.urls, env: [{ name: 'OWN_HOST', value: `own-${app.name}` }],
      transport: 'redis', extras: ['zstd'], settings: { broker_pool_limit: 5 },
      connectionSettings: { broker_transport_options: { client_name: '{OWN_HOST}' } },
      volumes: [{ name: 'ca', secret: { secretName: 'ca' } }],
      volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
      network: [{ to: [{ ipBlock: { cidr: '10.23.0.0/16' } }], ports: [{ port: 6379 }] }],
      queueTrigger: {
        type: 'external', metadata: { scalerAddress: 'scaler.example.com:9090' }, queueKey: 'list', countsUnacknowledged: true,
        authentication: { secretTargetRef: [{ parameter: 'password', name: 'passwords', key: 'redis' }] },
      },
    };
  }
}

/** Every option of every construct, once. every_option.py is the same in Python. */
export function everyOptionOf(app: App): void {
  const chart = new Chart(app, 'all', { namespace: 'all' });

  const redis = new RedisBroker(chart, 'broker', {
    ...everyOption, name: 'queue', image: 'redis:7.2.4', maxMemory: Size.mebibytes(200), clusterDomain: 'example.local',
    storage: RedisStorage.claim({ size: Size.gibibytes(3), storageClassName: 'fast', claimName: 'tasks' }),
    database: 4, password: PASSWORD, tls: { secretName: 'redis-tls', ca: { name: 'redis-ca', key: 'ca.crt' } }, disabledCommands: ['FLUSHALL'],
    maxClients: 500, results: { perDay: 20_000, size: Size.kibibytes(2) },
  });

  const celery = new CeleryApp(chart, 'celery', {
    ...everyOption,
    app: 'shop.tasks:app', broker: redis, name: 'shop', code: AppCode.fromInline({ 'shop/tasks.py': 'app = None' }),
    runtime: PythonRuntime.install({
      celery: '5.6.3', python: '3.12', image: 'registry.example.com/python:3.12.1', requirements: ['requests==2.32.3'],
      indexUrl: 'https://pypi.example.com/simple', pipConf: { name: 'pip', key: 'pip.conf' },
      installResources: { requests: { cpu: '200m', memory: '200Mi' } },
    }),
    launcher: ['opentelemetry-instrument'],
    resultBackend: ResultBackend.fromUrl('redis://results.example.com:6379/1'),
    queues: [{ name: 'mail', maxPriority: 9 }, { name: 'elsewhere', external: true }],
    settings: {
      result_expires: Duration.hours(1), task_acks_late: true, task_time_limit: CelerySettings.NULL,
      broker_transport_options: { visibility_timeout: 7200 },
    },
  });

  new CeleryWorker(chart, 'prefork', {
    ...everyOption,
    celery, name: 'prefork', launcher: ['nice'], replicas: 3, queues: ['mail', 'celery'],
    pool: WorkerPool.prefork({
      concurrency: 3, maxTasksPerChild: 100, maxMemoryPerChild: Size.mebibytes(200),
      timeLimit: Duration.minutes(10), softTimeLimit: Duration.minutes(9),
    }),
    prefetchMultiplier: 2, longestTask: Duration.minutes(11), taskEvents: true, logLevel: LogLevel.DEBUG,
    healthCheck: HealthCheck.agent({
      interval: Duration.seconds(4), stallAfter: Duration.seconds(70), deafAfter: Duration.seconds(80), poolAfter: Duration.seconds(90),
      hangAfter: Duration.minutes(20), startAfter: Duration.minutes(6), terminationGracePeriod: Duration.seconds(30), port: 9001,
    }),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    minReadySeconds: 5, progressDeadlineSeconds: 700, disruptionBudget: { maxUnavailable: '34%' }, shareProcessNamespace: true,
  });
  new CeleryWorker(chart, 'autoscale', {
    celery, pool: WorkerPool.autoscale({
      min: 1, max: 4, maxTasksPerChild: 5, maxMemoryPerChild: Size.mebibytes(100), timeLimit: Duration.minutes(3), softTimeLimit: Duration.minutes(2),
    }),
    healthCheck: HealthCheck.probes({ startup: PROBE, readiness: PROBE, liveness: PROBE }),
  });
  new CeleryWorker(chart, 'gevent', {
    celery, pool: WorkerPool.gevent({ concurrency: 50, timeLimit: Duration.minutes(1) }), healthCheck: HealthCheck.none(),
  });
  new CeleryWorker(chart, 'threads', { celery, pool: WorkerPool.threads({ concurrency: 5 }) });
  new CeleryWorker(chart, 'solo', { celery, pool: WorkerPool.solo(), disablePrefetch: true, shutdown: WorkerShutdown.warm({ longestTask: Duration.minutes(7) }) });
  new CeleryBeat(chart, 'beat', {
    ...everyOption,
    celery, name: 'clock', launcher: ['nice'], logLevel: LogLevel.WARNING, scheduler: 'shop.schedule:Scheduler',
    healthCheck: HealthCheck.agent({ beatSlack: Duration.seconds(99) }),
    storage: BeatStorage.claim({ size: Size.gibibytes(2), storageClassName: 'fast', claimName: 'schedule' }),
  });
  new CeleryFlower(chart, 'flower', {
    ...everyOption, celery, name: 'shown', launcher: ['nice'], urlPrefix: '/flower', auth: FlowerAuth.basic({ name: 'flower', key: 'users' }),
    exposure: FlowerExposure.ingress({ host: 'flower.example.com', tls: 'flower-tls', ingressClassName: 'nginx', annotations: { 'example.com/a': '1' } }),
    probes: FlowerProbes.healthcheck(), cookieSecret: { name: 'flower', key: 'cookies' }, maxTasks: 20000, maxWorkers: 50,
    purgeOfflineWorkers: Duration.seconds(90), readOnly: true,
    storage: FlowerStorage.claim({ size: Size.gibibytes(2), storageClassName: 'fast', claimName: 'seen', saveInterval: Duration.seconds(30) }),
  });
  new CeleryFlower(chart, 'proxied', {
    celery, exposure: FlowerExposure.ingress({ host: 'proxied.example.com', ingressClassName: 'nginx' }), auth: FlowerAuth.atProxy({ secret: 'login' }),
    probes: FlowerProbes.historic(),
  });
  new CeleryFlower(chart, 'middleware', {
    celery, exposure: FlowerExposure.ingress({ host: 'middleware.example.com', ingressClassName: 'traefik' }),
    auth: FlowerAuth.atProxy({ annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': 'all-login@kubernetescrd' } }),
  });
  new CeleryFlower(chart, 'routed', {
    celery,
    auth: FlowerAuth.gitlab({
      clientId: { name: 'flower', key: 'id' }, clientSecret: { name: 'flower', key: 'secret' }, addresses: ['*@example.com'],
      redirectUri: 'https://routed.example.com/login', domain: 'git.example.com', groups: ['team/backend'], minAccessLevel: 30,
    }),
    storage: FlowerStorage.fromClaimName('seen-before', { saveInterval: Duration.minutes(1) }),
    exposure: FlowerExposure.httpRoute({ host: 'routed.example.com', gateway: { name: 'public', namespace: 'gateways', sectionName: 'https' } }),
  });
  const client = {
    clientId: { name: 'flower', key: 'id' }, clientSecret: { name: 'flower', key: 'secret' }, addresses: ['ada@example.com'],
    redirectUri: 'https://flower.example.com/login',
  };
  for (const [id, auth] of [
    ['google', FlowerAuth.google(client)], ['github', FlowerAuth.github({ ...client, domain: 'git.example.com' })],
    ['okta', FlowerAuth.okta({ ...client, baseUrl: 'https://example.okta.com/oauth2/default' })],
  ] as const) {
    new CeleryFlower(chart, id, { celery, auth, exposure: FlowerExposure.ingress({ host: `${id}.example.com` }) });
  }
  new CeleryJob(chart, 'job', {
    ...everyOption,
    celery, name: 'migrate', command: ['python', '-m', 'shop.migrate'], backoffLimit: 2,
    activeDeadlineSeconds: 600, ttlSecondsAfterFinished: 60, hook: JobHook.BEFORE,
  });
  new CelerySmokeTest(chart, 'smoke', {
    ...everyOption,
    celery, name: 'smoke', queues: ['celery'], task: 'shop.ping', args: [1, 'two', { three: [null, true] }], kwargs: { four: 4.5, five: CelerySettings.NULL },
    timeout: Duration.seconds(90), hook: JobHook.AFTER,
  });
  new CeleryBusyPodController(chart, 'busy', { ...everyOption, celery, name: 'busy', image: 'registry.example.com/python:3.12.1' });

  const orders = new CeleryApp(chart, 'orders', {
    app: 'orders', broker: Broker.fromRedis(REDIS), code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/orders:1'),
    resultBackend: ResultBackend.fromPostgres({
      host: 'postgres.example.com', port: 5433, database: 'orders', username: 'orders', password: PASSWORD, tls: TLS, cidr: '10.24.0.0/16',
    }),
    delivery: TaskDelivery.atLeastOnce({ rejectOnWorkerLost: false, prefetchMultiplier: 2, visibilityTimeout: Duration.hours(3) }),
    network: CeleryNetwork.closed({
      ingressController: [{ namespace: 'proxies', podLabels: { app: 'proxy' } }], prometheus: [{ namespace: 'metrics' }], keda: [{ namespace: 'scalers' }],
      from: [{ from: [{ podSelector: { matchLabels: { app: 'exporter' } } }], ports: [{ port: 9540 }] }],
      to: [{ to: [{ ipBlock: { cidr: '10.25.0.0/16' } }], ports: [{ port: 5432 }] }], indexCidr: '10.26.0.0/16', apiServerCidr: '10.27.0.0/16',
    }),
  });
  new CeleryWorker(chart, 'orders-worker', {
    celery: orders,
    scaling: WorkerScaling.queueLength({
      minReplicas: 0, maxReplicas: 9, behavior: BEHAVIOR, tasksPerReplica: 6, pollingInterval: Duration.seconds(20),
      cooldownPeriod: Duration.minutes(15),
      fallback: { replicas: 3, failureThreshold: 4, behavior: 'static' },
    }),
    shutdown: WorkerShutdown.soft({ timeout: Duration.seconds(40), longestTask: Duration.minutes(8), enableOnIdle: true }),
    initContainers: [orders.waitFor({
      name: 'migrated', command: ['python', '-m', 'orders.migrated'], timeout: Duration.minutes(4), resources: { limits: { memory: '99Mi' } },
    })],
  });
  new CeleryBeat(chart, 'orders-beat', {
    celery: orders,
    schedule: BeatSchedule.redBeat({ loopInterval: Duration.seconds(20), redis: { name: 'redbeat', key: 'url' }, port: 6380, cidr: '10.3.0.0/16',
      lockTimeout: Duration.seconds(70) }),
  });
  const web = orders.producer({ namespace: 'web', pythonPath: '/srv/web' });
  const pod = new ApiObject(chart, 'web', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: web.namespace } });
  pod.addJsonPatch(JsonPatch.add('/spec', {
    containers: [{ name: 'web', image: 'registry.example.com/web:1', command: web.command(['web']), env: web.env, volumeMounts: web.volumeMounts }],
    volumes: web.volumes,
  }));

  const sentinel = new CeleryApp(chart, 'sentinel', {
    app: 'sentinel', broker: Broker.fromSentinel(SENTINELS), code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/sentinel:1'),
    resultBackend: ResultBackend.fromRedis(REDIS),
  });
  new CeleryWorker(chart, 'sentinel-worker', {
    celery: sentinel,
    pool: WorkerPool.preforkPerCpu({
      processesPerCpu: 2, maxTasksPerChild: 5, maxMemoryPerChild: Size.mebibytes(100), timeLimit: Duration.minutes(3),
      softTimeLimit: Duration.minutes(2),
    }),
    resources: { requests: { cpu: '1' } },
    scaling: WorkerScaling.cpu({ minReplicas: 2, maxReplicas: 5, behavior: BEHAVIOR, averageUtilization: 60 }),
  });

  const rabbitmq = new RabbitMqBroker(chart, 'rabbitmq', {
    tls: { secretName: 'rabbitmq-tls', ca: { name: 'rabbitmq-ca', key: 'root.crt' } },
    ...everyOption, name: 'rabbitmq', image: 'registry.example.com/rabbitmq:4.2.1', clusterDomain: 'example.local',
    username: 'shop', password: PASSWORD, virtualHost: 'shop', definitions: { name: 'definitions', key: 'all.json' },
    queueType: RabbitMqQueueType.CLASSIC, consumerTimeout: Duration.hours(2),
    storage: RabbitMqStorage.claim({ size: Size.gibibytes(8), storageClassName: 'fast', claimName: 'messages' }),
  });
  const mail = new CeleryApp(chart, 'mail', {
    app: 'mail', broker: rabbitmq, code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/mail:1'),
    resultBackend: ResultBackend.fromSentinel(SENTINELS), delivery: TaskDelivery.atMostOnce({ prefetchMultiplier: 3 }),
    network: CeleryNetwork.closedIngress({
      ingressController: [{ namespace: 'proxies' }], prometheus: [{ namespace: 'metrics', podLabels: { app: 'prometheus' } }],
      keda: [{ namespace: 'scalers' }], from: [{ from: [{ podSelector: {} }] }],
    }),
  });
  new CeleryWorker(chart, 'mail-worker', { celery: mail });
  new CeleryBeat(chart, 'mail-beat', { celery: mail, schedule: BeatSchedule.file({ loopInterval: Duration.seconds(30) }) });

  const amqp = new CeleryApp(chart, 'amqp', {
    app: 'amqp', broker: Broker.fromRabbitMq({ ...RABBITMQ, usernameSecret: { name: 'rabbitmq', key: 'username' } }), code: AppCode.inImage(),
    runtime: PythonRuntime.fromImage('registry.example.com/amqp:1'), resultBackend: ResultBackend.rpc(),
  });
  new CeleryBeat(chart, 'amqp-beat', { celery: amqp, schedule: BeatSchedule.database({ loopInterval: Duration.seconds(30) }) });
  const sqs = new CeleryApp(chart, 'sqs', {
    app: 'sqs', code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/sqs:1'), resultBackend: ResultBackend.none(),
    broker: Broker.fromSqs({
      region: 'eu-central-1', queueNamePrefix: 'shop-', visibilityTimeout: Duration.hours(1), endpoint: 'https://sqs.example.com',
      accessKeyId: { name: 'aws', key: 'id' }, secretAccessKey: { name: 'aws', key: 'secret' },
    }),
    network: CeleryNetwork.open(),
  });
  new CeleryBeat(chart, 'sqs-beat', { celery: sqs, schedule: BeatSchedule.custom('shop.schedule:Scheduler', { loopInterval: Duration.seconds(30) }) });
  new CeleryWorker(chart, 'named-worker', {
    celery: new CeleryApp(chart, 'named', {
      app: 'named', broker: Broker.fromRabbitMq({ ...RABBITMQ, username: 'shop' }), code: AppCode.inImage(),
      runtime: PythonRuntime.fromImage('registry.example.com/named:1'),
      resultBackend: ResultBackend.fromUrl('redis://results.example.com:6379/2', { cidr: '10.28.0.0/16' }),
    }),
  });

  const small = new CeleryApp(chart, 'small', {
    app: 'small', broker: Broker.fromSecret({ name: 'broker', key: 'url' }, {
      transport: 'amqp', port: 5673, cidr: '10.29.0.0/16',
      queueTrigger: {
        type: 'rabbitmq', metadata: { protocol: 'http' }, queueKey: 'queueName', countsUnacknowledged: true,
        authentication: { secretTargetRef: [{ parameter: 'host', name: 'broker', key: 'management' }] },
      },
    }), code: AppCode.inImage({ directory: '/small' }),
    runtime: PythonRuntime.fromImage('registry.example.com/small:1'), resultBackend: ResultBackend.fromSecret({ name: 'results', key: 'url' }, { port: 6380, cidr: '10.30.0.0/16' }),
  });
  new CeleryWorker(chart, 'small-worker', {
    celery: small,
    initContainers: [small.initContainer({ name: 'migrated', command: ['python', '-c', ''], resources: { limits: { memory: '99Mi' } } })],
  });
  new CeleryWorker(chart, 'watched-worker', {
    celery: new CeleryApp(chart, 'watched', {
      app: 'watched', broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'sentinel', masterName: 'orders' }), code: AppCode.inImage(),
      runtime: PythonRuntime.fromImage('registry.example.com/watched:1'),
    }),
  });
  for (const [id, broker] of [
    ['own', new OwnBroker({ url: { value: 'redis://$(OWN_HOST):6379/0' }, resultBackend: { value: 'redis://$(OWN_HOST):6379/1' } })],
    ['composed', new OwnBroker({ urlTemplate: 'redis://{OWN_HOST}:6379/0', resultBackendTemplate: 'redis://{OWN_HOST}:6379/1' })],
  ] as const) {
    new CeleryWorker(chart, `${id}-worker`, {
      celery: new CeleryApp(chart, id, { app: id, broker, code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/own:1') }),
    });
  }
}
