import { AppCode, BeatStorage, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, Namespace, PythonRuntime, RedisBroker, RedisStorage, Rules } from 'cdk8s-celery';
import { App, Chart, Size } from 'cdk8s';

const app = new App();

const redisChart = new Chart(app, 'redis', { namespace: 'redis' });
new Namespace(redisChart, 'namespace');
const redis = new RedisBroker(redisChart, 'redis', {
  storage: RedisStorage.claim({ size: Size.gibibytes(2) }),
});

const chart = new Chart(app, 'celery', { namespace: 'celery' });
new Namespace(chart, 'namespace');
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: redis,
  code: AppCode.fromDirectory('../../app'),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  // A task whose worker dies runs again: it must be able to.
  settings: { task_acks_late: true, task_reject_on_worker_lost: true, result_expires: 3600 },
});
new CeleryWorker(chart, 'worker', { celery, replicas: 2 });
new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.claim({ storageClassName: 'standard' }) });
const flower = new CeleryFlower(chart, 'flower', { celery });
Rules.of(flower).suppress('flower/open-in-the-cluster', 'reached by kubectl port-forward alone');

app.synth();
