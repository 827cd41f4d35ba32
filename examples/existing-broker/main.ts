import { AppCode, Broker, CeleryApp, CeleryJob, CeleryNetwork, CeleryWorker, PythonRuntime, ResultBackend, WorkerPool } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
new kplus.Namespace(base, 'orders', {
  metadata: {
    name: 'orders',
    labels: {
      'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
    },
  },
});

const chart = new Chart(app, 'orders', { namespace: 'orders', disableResourceNameHashes: true });
const secret = kplus.Secret.fromSecretName(chart, 'broker', 'broker');
const region = new kplus.ConfigMap(chart, 'region', { data: { ORDERS_REGION: 'eu' } });

const celery = new CeleryApp(chart, 'celery', {
  app: 'orders.tasks',
  // RabbitMQ keeps no results: they go to a Redis.
  broker: Broker.fromSecret({ name: secret.name, key: 'broker-url' }, { transport: 'amqp', port: 5672 }),
  resultBackend: ResultBackend.fromSecret({ name: secret.name, key: 'results-url' }, { port: 6379 }),
  code: AppCode.fromDirectory('app'),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  // Workers of another program consume from `exports`.
  queues: [{ name: 'uploads' }, { name: 'exports', external: true }],
  envFrom: [{ configMapRef: { name: region.name } }],
  // Only the ports of both servers are known: any address is allowed.
  network: CeleryNetwork.closed(),
});

// Each release that changes it, or the code, is another Job; workers start when the check succeeds.
new CeleryJob(chart, 'migrate', { celery, command: ['python', '-m', 'orders.schema', 'migrate'], backoffLimit: 3 });
const initContainers = [celery.waitFor({ name: 'migrated', command: ['python', '-m', 'orders.schema', 'check'] })];

// An autoscaler decides how many pods there are, and Celery how many processes are in each.
const worker = new CeleryWorker(chart, 'worker', { celery, pool: WorkerPool.autoscale({ min: 1, max: 4 }), initContainers });
new kplus.k8s.KubeHorizontalPodAutoscalerV2(chart, 'worker-scaler', {
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: worker.deployment.name },
    minReplicas: 2,
    maxReplicas: 10,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
  },
});

// Uploads wait for other servers.
new CeleryWorker(chart, 'uploads', { celery, queues: ['uploads'], pool: WorkerPool.threads({ concurrency: 8 }), initContainers });

app.synth();
