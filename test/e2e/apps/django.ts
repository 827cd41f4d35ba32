import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiObject, App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker } from '../../../src';
import { lockPath } from '../../locks/lock';
import { makeNamespace } from '../../namespaces';
import { SMALL, SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-django';
export const WEB = 'celery-e2e-django-web';

const CELERY = '5.6.3';
const PROJECT = join(__dirname, '../../../examples/django/app');
const PACKAGES = ['django', 'django-celery-beat', 'dj-database-url'];
const PASSWORD = 'p@ss:w/#?[]%+ "w\'ord';
/** Of a database that nothing uses. */
const DATABASE = { name: 'DATABASE_URL', value: 'sqlite:////tmp/database' };

/** A view that sends a task of the project, and answers with its result. */
const SITE = {
  'site_settings.py': 'from shop.settings import *\n\nROOT_URLCONF = \'site_urls\'\nALLOWED_HOSTS = [\'*\']\n',
  'site_urls.py': `\
from django.http import HttpResponse
from django.urls import path
from shop.tasks import total

urlpatterns = [path('total', lambda request: HttpResponse(total.delay([1, 2]).get(timeout=30)))]
`,
};

/** The project of examples/django behind closed policies, and its web application in another namespace, with what `producer()` gives it. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  makeNamespace(app, WEB, 'restricted');
  const chart = new Chart(app, 'django', { namespace: NAMESPACE });
  const web = new Chart(app, 'django-web', { namespace: WEB });
  for (const scope of [chart, web]) {
    new ApiObject(scope, 'password', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'redis' }, stringData: { password: PASSWORD } });
  }

  const celery = new CeleryApp(chart, 'celery', {
    app: 'shop.celery',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS, password: { name: 'redis', key: 'password' } }),
    // One that the web application has to be told.
    queues: [{ name: 'orders' }],
    settings: { task_default_queue: 'orders' },
    code: AppCode.fromDirectory(PROJECT),
    runtime: PythonRuntime.install({ celery: CELERY, requirements: PACKAGES, installResources: SMALL }),
    env: [DATABASE],
    resources: SMALL,
    network: CeleryNetwork.closed(),
  });
  new CeleryWorker(chart, 'worker', { celery, queues: ['orders'] });

  const producer = celery.producer({ namespace: WEB, pythonPath: '/srv:/tmp/packages' });
  const files = readdirSync(join(PROJECT, 'shop')).filter((name) => name.endsWith('.py'));
  new ApiObject(web, 'code', {
    apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' },
    data: {
      ...SITE,
      ...Object.fromEntries(files.map((name) => [name, readFileSync(join(PROJECT, 'shop', name), 'utf8')])),
      'constraints.txt': readFileSync(lockPath(CELERY, '3.11'), 'utf8'),
    },
  });
  const items = [...Object.keys(SITE), 'constraints.txt'].map((key) => ({ key, path: key }));
  const packages = [`celery[redis]==${CELERY}`, ...PACKAGES].map((name) => `'${name}'`).join(' ');
  const labels = { app: 'web' };
  new ApiObject(web, 'web', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'web', image: 'python:3.11-slim',
            // In place of an image that has all of it.
            command: producer.command(['sh', '-c', `pip install -q --no-cache-dir --target /tmp/packages -c /srv/constraints.txt ${packages} `
              + '&& exec python -m django runserver 0.0.0.0:8000 --noreload']),
            env: [...producer.env, DATABASE, { name: 'HOME', value: '/tmp' }, { name: 'DJANGO_SETTINGS_MODULE', value: 'site_settings' }],
            ports: [{ containerPort: 8000 }],
            readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 2 },
            resources: SMALL,
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [...producer.volumeMounts, { name: 'code', mountPath: '/srv' }],
          }],
          volumes: [...producer.volumes, {
            name: 'code', configMap: { name: 'code', items: [...items, ...files.map((key) => ({ key, path: `shop/${key}` }))] },
          }],
        },
      },
    },
  });
}
