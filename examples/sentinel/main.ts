import { AppCode, Broker, CeleryApp, CeleryNetwork, CeleryWorker, PythonRuntime } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it.
const base = new Chart(app, 'base');
new kplus.Namespace(base, 'orders', {
  metadata: { name: 'orders', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

const chart = new Chart(app, 'orders', { namespace: 'orders', disableResourceNameHashes: true });

const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: Broker.fromSentinel({
    sentinels: [0, 1, 2].map((n) => `sentinel-${n}.sentinel.redis.svc.cluster.local:26379`),
    masterName: 'mymaster',
    password: { name: 'redis', key: 'password' },
    sentinelPassword: { name: 'redis', key: 'sentinel-password' },
  }),
  code: AppCode.fromInline({
    'tasks.py': `from celery import Celery

app = Celery('tasks')


@app.task
def add(x, y):
    return x + y
`,
  }),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  network: CeleryNetwork.closed(),
});

new CeleryWorker(chart, 'worker', { celery, replicas: 2 });

app.synth();
