import { AppCode, CeleryApp, CeleryFlower, CeleryNetwork, CeleryWorker, FlowerAuth, FlowerExposure, PythonRuntime, RedisBroker, rules } from 'cdk8s-celery';
import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
new kplus.Namespace(base, 'shop', {
  metadata: {
    name: 'shop',
    labels: {
      'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
    },
  },
});

const chart = new Chart(app, 'shop', { namespace: 'shop' });
const celery = new CeleryApp(chart, 'celery', {
  app: 'tasks',
  broker: new RedisBroker(chart, 'redis'),
  code: AppCode.fromDirectory('../../app'),
  runtime: PythonRuntime.install({ celery: '5.6.3' }),
  settings: { result_expires: 3600 },
  // The pods behind the Gateway.
  network: CeleryNetwork.closed({ ingressController: [{ namespace: 'gateways' }] }),
});
new CeleryWorker(chart, 'worker', { celery });

// At https://flower.example.com/, for those whom Google knows by one of these addresses.
const flower = new CeleryFlower(chart, 'flower', {
  celery,
  exposure: FlowerExposure.httpRoute({ host: 'flower.example.com', gateway: { name: 'public', namespace: 'gateways', sectionName: 'https' } }),
  auth: FlowerAuth.google({
    clientId: { name: 'flower-oauth', key: 'client-id' },
    clientSecret: { name: 'flower-oauth', key: 'client-secret' },
    addresses: ['ada@example.com', 'grace@example.com'],
  }),
  // Who is logged in stays so when the pod is replaced.
  cookieSecret: { name: 'flower-oauth', key: 'cookies' },
});

rules.Rules.of(flower).suppress('flower/metrics-in-public', 'names of tasks and workers are no secret here');

app.synth();
