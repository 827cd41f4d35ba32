import { AppCode, Broker, CeleryApp, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, PythonRuntime } from 'cdk8s-celery';
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
  broker: Broker.fromRedis({
    // The primary endpoint; that of cluster mode, clustercfg..., is refused.
    host: 'master.orders.abc123.euw1.cache.amazonaws.com',
    database: 1,
    // Any characters: the pods compose the URL.
    password: { name: 'redis', key: 'password' },
    // Certificate and host name are verified. A CA of your own: { ca: { name: 'redis-ca', key: 'ca.crt' } }
    tls: {},
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
  // Results are next to the queue.
  settings: { result_expires: 3600 },
});

new CeleryWorker(chart, 'worker', { celery, replicas: 2 });
new CeleryBeat(chart, 'beat', { celery });
new CeleryFlower(chart, 'flower', { celery });

app.synth();
