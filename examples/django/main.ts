import {
  AppCode, BeatSchedule, CeleryApp, CeleryBeat, CeleryJob, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker, ResultBackend,
} from 'cdk8s-celery';
import { ApiObject, App, Chart, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

// In a chart without `namespace`, which would be written into it. kubectl applies a folder in the order of names: `base` comes first.
const base = new Chart(app, 'base');
for (const name of ['shop', 'web']) {
  new kplus.Namespace(base, name, { metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } });
}

const chart = new Chart(app, 'shop', { namespace: 'shop', disableResourceNameHashes: true });
const database = kplus.Secret.fromSecretName(chart, 'database', 'database');

const celery = new CeleryApp(chart, 'celery', {
  app: 'shop.celery',
  broker: new RedisBroker(chart, 'redis'),
  // In the database of the project. The Secret has the whole URL.
  resultBackend: ResultBackend.fromSecret({ name: database.name, key: 'results-url' }, { port: 5432 }),
  code: AppCode.fromDirectory('app'),
  // All but Django comes from the lock, with hashes.
  runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['django==5.2.8', 'django-celery-beat', 'celery[sqlalchemy]', 'dj-database-url==3.0.1'] }),
  env: [{ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: database.name, key: 'url' } } }],
  // The port of the database is also that of the results.
  network: CeleryNetwork.closed(),
});

// The tables of django-celery-beat are there before Beat starts.
new CeleryJob(chart, 'migrate', { celery, command: ['python', 'manage.py', 'migrate'], backoffLimit: 3 });
const initContainers = [celery.initContainer({ name: 'migrated', command: ['python', 'manage.py', 'migrate', '--check'] })];

new CeleryWorker(chart, 'worker', { celery, replicas: 2, initContainers });
new CeleryBeat(chart, 'beat', { celery, schedule: BeatSchedule.database(), initContainers });

// The web application is in another namespace, and has an image of its own.
const web = new Chart(app, 'web', { namespace: 'web', disableResourceNameHashes: true });
const producer = celery.producer({ namespace: 'web' });
const site = new kplus.Deployment(web, 'site', {
  replicas: 2,
  containers: [{
    image: 'registry.example.com/shop-web:1.4.2',
    command: producer.command(['gunicorn', 'shop.wsgi', '--bind=0.0.0.0:8000']),
    portNumber: 8000,
    // What a namespace that enforces `restricted` asks for.
    securityContext: {
      user: 1000, capabilities: { drop: [kplus.Capability.ALL] }, seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
    },
    envVariables: { DATABASE_URL: kplus.EnvValue.fromSecretValue({ secret: kplus.Secret.fromSecretName(web, 'database', 'database'), key: 'url' }) },
  }],
});
ApiObject.of(site).addJsonPatch(
  ...producer.env.map((variable) => JsonPatch.add('/spec/template/spec/containers/0/env/-', variable)),
);
site.exposeViaService({ name: 'site', ports: [{ port: 80, targetPort: 8000 }] });

app.synth();
