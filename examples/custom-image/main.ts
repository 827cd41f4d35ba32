import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into them. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
for (const name of ['custom-image-celery', 'custom-image-redis']) {
  new kplus.Namespace(base, name, {
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
      },
    },
  });
}

const redisChart = new Chart(app, 'redis', { namespace: 'custom-image-redis' });
const redis = new RedisBroker(redisChart, 'redis');

const chart = new Chart(app, 'celery', { namespace: 'custom-image-celery' });
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: redis,
  // The two lines that differ from ../../main.ts:
  code: AppCode.inImage(),
  runtime: PythonRuntime.fromImage('registry.example.com/team/celery-app:1.0.0'),
  settings: { result_expires: 3600 },
  // An image needs no package index: DNS and Redis are all.
  network: CeleryNetwork.closed(),
});
new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
new CeleryBeat(chart, 'beat', { celery });
new CeleryFlower(chart, 'flower', { celery });

app.synth();
