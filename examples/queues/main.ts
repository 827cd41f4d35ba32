import { AppCode, CeleryApp, CeleryNetwork, CeleryWorker, FlowerAuth, CeleryFlower, PythonRuntime, RedisBroker, WorkerPool } from 'cdk8s-celery';
import { App, Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into them. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
for (const name of ['shop']) {
  new kplus.Namespace(base, name, {
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
      },
    },
  });
}

const chart = new Chart(app, 'shop', { namespace: 'shop' });

const celery = new CeleryApp(chart, 'shop', {
  app: 'shop.tasks',
  broker: new RedisBroker(chart, 'redis'),
  code: AppCode.fromDirectory('app'),
  runtime: PythonRuntime.install({ celery: '5.5.3', requirements: ['requests==2.32.3'] }),
  queues: [{ name: 'calls', maxPriority: 9 }, { name: 'reports' }],
  // Results lie next to the queues: an hour, not a day.
  settings: { result_expires: 3600 },
  env: [{ name: 'SHOP_CURRENCY', value: 'EUR' }],
  // The calls go to other services, wherever they are.
  network: CeleryNetwork.closed({ to: [{ ports: [{ port: 443 }] }] }),
});

// Many short calls to other services.
new CeleryWorker(chart, 'calls', { celery, queues: ['calls'], pool: WorkerPool.gevent({ concurrency: 100, timeLimit: Duration.seconds(30) }) });

// Few long reports, each in a process of its own that is replaced before it grows.
new CeleryWorker(chart, 'reports', {
  celery,
  queues: ['reports'],
  pool: WorkerPool.prefork({
    concurrency: 1,
    softTimeLimit: Duration.minutes(50),
    timeLimit: Duration.minutes(55),
    maxMemoryPerChild: Size.mebibytes(700),
  }),
  resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '1Gi' } },
});

new CeleryFlower(chart, 'flower', { celery, auth: FlowerAuth.basic({ name: 'flower-login', key: 'basic-auth' }), urlPrefix: '/flower' });

app.synth();
