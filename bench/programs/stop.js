// The manifests of bench/stop.js: a Redis, a worker and a Beat as this library makes them; JSON on standard output.
const { App, Chart, Duration, Testing } = require('cdk8s');
const { AppCode, CeleryApp, CeleryBeat, CeleryWorker, PythonRuntime, RedisBroker, WorkerShutdown } = require('../../lib');

const [namespace, image] = process.argv.slice(2);
const app = new App();
const chart = new Chart(app, 'stop', { namespace });
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks', broker: new RedisBroker(chart, 'redis'),
  code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\n\napp = Celery(\'tasks\')\n' }),
  runtime: image ? PythonRuntime.fromImage(image) : PythonRuntime.install({ celery: '5.6.3' }),
});
new CeleryWorker(chart, 'worker', { celery, replicas: 0, shutdown: WorkerShutdown.warm({ longestTask: Duration.seconds(45) }) });
new CeleryBeat(chart, 'beat', { celery });
process.stdout.write(JSON.stringify(Testing.synth(chart)));
