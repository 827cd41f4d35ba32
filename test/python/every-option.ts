import { App, Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, BeatStorage, Broker, BrokerBinding, CeleryApp, CeleryBeat, CeleryFlower, CeleryJob, CelerySettings, CelerySmokeTest, CeleryWorker,
  FlowerAuth,
  FlowerExposure, FlowerProbes, FlowerStorage, HealthCheck, IBroker, JobHook, LogLevel,
  PythonRuntime, RedisBroker, RedisStorage, ResultBackend, WorkerPool,
} from '../../src';
import { everyOption } from '../fixtures';

const PROBE = { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 7 };

class OwnBroker implements IBroker {
  public bind(app: CeleryApp): BrokerBinding {
    return {
      url: { value: 'redis://$(OWN_HOST):6379/0' }, env: [{ name: 'OWN_HOST', value: `own-${app.name}` }],
      resultBackend: { value: 'redis://$(OWN_HOST):6379/1' },
      transport: 'redis', settings: { broker_pool_limit: 5 }, volumes: [{ name: 'ca', secret: { secretName: 'ca' } }],
      volumeMounts: [{ name: 'ca', mountPath: '/ca' }],
    };
  }
}

/** Every option of every construct, once. every_option.py is the same in Python. */
export function everyOptionOf(app: App): void {
  const chart = new Chart(app, 'all', { namespace: 'all' });

  const redis = new RedisBroker(chart, 'broker', {
    ...everyOption, lifecycle: undefined, name: 'queue', image: 'redis:7.2.4', maxMemory: Size.mebibytes(200), clusterDomain: 'example.local',
    storage: RedisStorage.claim({ size: Size.gibibytes(3), storageClassName: 'fast', claimName: 'tasks' }),
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
      concurrency: 3, maxTasksPerChild: 100, maxMemoryPerChild: Size.mebibytes(300),
      timeLimit: Duration.minutes(10), softTimeLimit: Duration.minutes(9),
    }),
    prefetchMultiplier: 2, longestTask: Duration.minutes(11), taskEvents: true, logLevel: LogLevel.DEBUG,
    healthCheck: HealthCheck.agent({
      interval: Duration.seconds(4), stallAfter: Duration.seconds(70), deafAfter: Duration.seconds(80), poolAfter: Duration.seconds(90),
      hangAfter: Duration.minutes(20), startAfter: Duration.minutes(6), terminationGracePeriod: Duration.seconds(30), port: 9001,
    }),
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } },
  });
  new CeleryWorker(chart, 'autoscale', {
    celery, pool: WorkerPool.autoscale({ min: 1, max: 4, maxTasksPerChild: 5 }),
    healthCheck: HealthCheck.probes({ startup: PROBE, readiness: PROBE, liveness: PROBE }),
  });
  new CeleryWorker(chart, 'gevent', {
    celery, pool: WorkerPool.gevent({ concurrency: 50, timeLimit: Duration.minutes(1) }), healthCheck: HealthCheck.none(),
  });
  new CeleryWorker(chart, 'threads', { celery, pool: WorkerPool.threads({ concurrency: 5 }) });
  new CeleryWorker(chart, 'solo', { celery, pool: WorkerPool.solo() });
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
  new CeleryFlower(chart, 'routed', {
    celery,
    auth: FlowerAuth.gitlab({
      clientId: { name: 'flower', key: 'id' }, clientSecret: { name: 'flower', key: 'secret' }, addresses: ['*@example.com'],
      redirectUri: 'https://routed.example.com/login', domain: 'git.example.com', groups: ['team/backend'], minAccessLevel: 30,
    }),
    storage: FlowerStorage.fromClaimName('seen-before', { saveInterval: Duration.minutes(1) }),
    exposure: FlowerExposure.httpRoute({ host: 'routed.example.com', gateway: { name: 'public', namespace: 'gateways', sectionName: 'https' } }),
  });
  const client = { clientId: { name: 'flower', key: 'id' }, clientSecret: { name: 'flower', key: 'secret' }, addresses: ['ada@example.com'] };
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
    celery, name: 'smoke', queues: ['celery'], task: 'shop.ping', args: [1, 'two', { three: [null, true] }], kwargs: { four: 4.5 },
    timeout: Duration.seconds(90), hook: JobHook.AFTER,
  });
  const small = new CeleryApp(chart, 'small', {
    app: 'small', broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'amqp' }), code: AppCode.inImage({ directory: '/small' }),
    runtime: PythonRuntime.fromImage('registry.example.com/small:1'), resultBackend: ResultBackend.fromSecret({ name: 'results', key: 'url' }),
  });
  new CeleryWorker(chart, 'small-worker', {
    celery: small,
    initContainers: [small.initContainer({ name: 'migrated', command: ['python', '-c', ''], resources: { limits: { memory: '99Mi' } } })],
  });
  new CeleryWorker(chart, 'own-worker', {
    celery: new CeleryApp(chart, 'own', {
      app: 'own', broker: new OwnBroker(), code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/own:1'),
    }),
  });
}
