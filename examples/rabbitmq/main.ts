import { AppCode, CeleryApp, CeleryNetwork, CeleryWorker, PythonRuntime, RabbitMqBroker, ResultBackend, TaskDelivery, WorkerPool } from 'cdk8s-celery';
import { App, Chart, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
new kplus.Namespace(base, 'orders', {
  metadata: {
    name: 'orders',
    labels: {
      'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
    },
  },
});

const chart = new Chart(app, 'orders', { namespace: 'orders', disableResourceNameHashes: true });
const secret = kplus.Secret.fromSecretName(chart, 'credentials', 'orders');

const rabbitMq = new RabbitMqBroker(chart, 'rabbitmq', { password: { name: secret.name, key: 'rabbitmq' } });

const celery = new CeleryApp(chart, 'celery', {
  app: 'orders.tasks',
  broker: rabbitMq,
  // RabbitMQ keeps no results.
  resultBackend: ResultBackend.fromPostgres({
    host: 'postgres.orders.svc.cluster.local', database: 'results', username: 'celery', password: { name: secret.name, key: 'postgres' },
  }),
  // A task that runs when RabbitMQ or its worker is lost is delivered again.
  delivery: TaskDelivery.atLeastOnce(),
  code: AppCode.fromDirectory('app'),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  network: CeleryNetwork.closed(),
});

new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2, timeLimit: Duration.minutes(10) }) });

app.synth();
