import { AppCode, BeatStorage, CeleryApp, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker, RedisStorage } from 'cdk8s-celery';
import { App, Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into them. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
for (const name of ['celery', 'redis']) {
  new kplus.Namespace(base, name, {
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
      },
    },
  });
}

const redisChart = new Chart(app, 'redis', { namespace: 'redis' });
const redis = new RedisBroker(redisChart, 'redis', {
  storage: RedisStorage.claim({ size: Size.gibibytes(2) }),
});

const chart = new Chart(app, 'celery', { namespace: 'celery' });
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: redis,
  code: AppCode.fromDirectory('../../app'),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  // A task whose worker dies runs again: it must be able to.
  settings: { task_acks_late: true, task_reject_on_worker_lost: true, result_expires: 3600 },
  network: CeleryNetwork.closed(),
});
new CeleryWorker(chart, 'worker', { celery, replicas: 2 });
new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.claim({ claimName: 'beat-pvc', storageClassName: 'longhorn', size: Size.gibibytes(1) }) });
new CeleryFlower(chart, 'flower', { celery });

app.synth();
