import {
  AppCode, CeleryApp, CeleryBusyPodController, CeleryNetwork, CeleryWorker, IBroker, PythonRuntime, RedisBroker, TaskDelivery, WorkerPool,
  WorkerScaling,
} from 'cdk8s-celery';
import { App, Chart, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
new kplus.Namespace(base, 'scaling', {
  metadata: { name: 'scaling', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

const chart = new Chart(app, 'scaling', { namespace: 'scaling' });
const redis = new RedisBroker(chart, 'redis');

const celeryApp = (id: string, broker: IBroker, queues: string[]): CeleryApp => new CeleryApp(chart, id, {
  app: 'shop.tasks',
  broker,
  code: AppCode.fromDirectory('app'),
  runtime: PythonRuntime.install({ celery: '5.5.3' }),
  queues: queues.map((name) => ({ name })),
  // Running tasks stay in Redis until they are done, and so are counted.
  delivery: TaskDelivery.atLeastOnce(),
  settings: { result_expires: 3600 },
  network: CeleryNetwork.closed(),
});

const shop = celeryApp('shop', redis, ['mail']);

// At least one pod, and one for each 20 tasks, those that run included.
new CeleryWorker(chart, 'shop-default', {
  celery: shop,
  queues: ['celery'],
  pool: WorkerPool.prefork({ concurrency: 4 }),
  longestTask: Duration.minutes(1),
  scaling: WorkerScaling.queueLength({ minReplicas: 1, maxReplicas: 8, tasksPerReplica: 20 }),
});

// Hundreds of mails wait for servers at a time.
new CeleryWorker(chart, 'shop-mail', {
  celery: shop,
  queues: ['mail'],
  pool: WorkerPool.gevent({ concurrency: 100, timeLimit: Duration.seconds(30) }),
  scaling: WorkerScaling.queueLength({ minReplicas: 1, maxReplicas: 4, tasksPerReplica: 200 }),
});

// A pod for each video, and none when there is none: its number must be its own, so it has an app with a database of its own.
const video = celeryApp('video', redis.onDatabase(1), ['video']);
new CeleryWorker(chart, 'video-encoder', {
  celery: video,
  queues: ['video'],
  pool: WorkerPool.prefork({ concurrency: 1, timeLimit: Duration.minutes(20) }),
  resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } },
  scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 10, tasksPerReplica: 1 }),
});

// Of ten encoders, one that is idle is removed first.
new CeleryBusyPodController(chart, 'video-busy-pods', { celery: video });

app.synth();
