import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, Namespace, PythonRuntime, RedisBroker, Rules, WorkerPool } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';

const app = new App();

const redisChart = new Chart(app, 'redis', { namespace: 'custom-image-redis' });
new Namespace(redisChart, 'namespace');
const redis = new RedisBroker(redisChart, 'redis');

const chart = new Chart(app, 'celery', { namespace: 'custom-image-celery' });
new Namespace(chart, 'namespace');
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: redis,
  // The two lines that differ from ../../main.ts:
  code: AppCode.inImage(),
  runtime: PythonRuntime.image('registry.example.com/team/celery-app:1.0.0'),
  settings: { result_expires: 3600 },
});
new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
new CeleryBeat(chart, 'beat', { celery });
const flower = new CeleryFlower(chart, 'flower', { celery });
Rules.of(flower).suppress('flower/open-in-the-cluster', 'reached by kubectl port-forward alone');

app.synth();
