// node stacks.js COUNT FOLDER: synthesizes the reference deployment COUNT times, one App each; prints the peak memory in MiB.
const { join } = require('path');
const { ApiObject, App, Chart } = require('cdk8s');
const { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } = require('../..');

const [count, folder] = [Number(process.argv[2]), process.argv[3]];
for (let i = 0; i < count; i++) {
  const app = new App({ outdir: join(folder, `${i}`) });
  const base = new Chart(app, 'base');
  for (const name of ['redis', 'celery']) new ApiObject(base, name, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${name}-${i}` } });
  const redisChart = new Chart(app, 'redis', { namespace: `redis-${i}` });
  const broker = new RedisBroker(redisChart, 'redis');
  const chart = new Chart(app, 'celery', { namespace: `celery-${i}` });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker, code: AppCode.fromDirectory('app'), runtime: PythonRuntime.install({ celery: '5.3.4' }),
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryFlower(chart, 'flower', { celery });
  app.synth();
}
console.log(process.resourceUsage().maxRSS / 1024);
