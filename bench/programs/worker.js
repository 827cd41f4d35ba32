// The manifests of bench/worker.js: a Redis with a database for each app, and the same worker twice; JSON on standard output.
const { App, Chart, Testing } = require('cdk8s');
const { AppCode, CeleryApp, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } = require('../../lib');

const [namespace, image, ...names] = process.argv.slice(2);
const app = new App();
const chart = new Chart(app, 'worker', { namespace });
const redis = new RedisBroker(chart, 'redis');
for (const [database, name] of names.entries()) {
  const celery = new CeleryApp(chart, name, {
    app: 'tasks', broker: redis.onDatabase(database), runtime: PythonRuntime.fromImage(image),
    code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\n\napp = Celery(\'tasks\')\n\n\n@app.task\ndef nothing():\n    pass\n' }),
  });
  new CeleryWorker(chart, `${name}-worker`, { celery, replicas: 1, pool: WorkerPool.prefork({ concurrency: 2 }) });
}
process.stdout.write(JSON.stringify(Testing.synth(chart)));
