import {
  AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, FlowerAuth, FlowerExposure, FlowerProbes, PythonRuntime, RedisBroker,
  rules, WorkerPool,
} from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into them. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
for (const [name, enforced] of [['celery', 'baseline'], ['redis', 'restricted']]) {
  new kplus.Namespace(base, name, {
    metadata: {
      name,
      // A bare test pod in `celery` runs as root; all pods of this program pass `restricted`.
      labels: {
        'pod-security.kubernetes.io/enforce': enforced, 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
      },
    },
  });
}

const redisChart = new Chart(app, 'redis', { namespace: 'redis' });
const redis = new RedisBroker(redisChart, 'redis');
// Every pod of it: a bare test pod sends a task from there.
redis.admitNamespace('celery');

const chart = new Chart(app, 'celery', { namespace: 'celery' });
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: redis,
  code: AppCode.fromDirectory('app'),
  runtime: PythonRuntime.install({ celery: '5.3.4' }),
  settings: { result_expires: 3600 },
  network: CeleryNetwork.closed(),
});
new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
new CeleryBeat(chart, 'beat', { celery });
new CeleryFlower(chart, 'flower', {
  celery,
  exposure: FlowerExposure.ingress({ host: 'flower.stratdata.org', tls: 'flower-tls', ingressClassName: 'nginx' }),
  auth: FlowerAuth.atProxy({ secret: 'flower-login' }),
  probes: FlowerProbes.historic(),
});

// Suppress a rule, with the reason.
rules.Rules.of(chart).suppress('delivery/results-lost-on-outage', 'this deployment is about Celery 5.3.4');

app.synth();
