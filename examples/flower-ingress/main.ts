import {
  AppCode, CeleryApp, CeleryFlower, CeleryNetwork, CeleryWorker, FlowerAuth, FlowerExposure, FlowerStorage, PythonRuntime, RedisBroker,
} from 'cdk8s-celery';
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
  // The controller is let in because there is an Ingress.
  network: CeleryNetwork.closed(),
});
new CeleryWorker(chart, 'worker', { celery });

// At https://tools.example.com/flower/: the path is Flower's own, so nothing may strip it.
new CeleryFlower(chart, 'flower', {
  celery,
  urlPrefix: '/flower',
  exposure: FlowerExposure.ingress({
    host: 'tools.example.com',
    tls: 'tools-tls',
    ingressClassName: 'nginx',
    annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
  }),
  auth: FlowerAuth.atProxy({ secret: 'flower-login' }),
  // The tasks that it has seen survive its pod.
  storage: FlowerStorage.claim(),
  // It shows, and stops nothing.
  readOnly: true,
});

app.synth();
