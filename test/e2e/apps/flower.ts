import { ApiObject, App, Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryFlower, CeleryWorker, FlowerAuth, FlowerExposure, FlowerStorage, PythonRuntime, RedisBroker, WorkerPool } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { certificate } from '../web';
import { SMALL, SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-flower';
export const ROUTED = 'routed.e2e.example';
export const OAUTH = 'oauth.e2e.example';
export const PREFIX = '/tools/flower';
export const LOGIN = 'ada:lovelace';
export const CLIENT = '1234.apps.example.com';

/** Below a prefix and behind a Gateway, with its own login and a claim; and, behind an Ingress, with a login by Google. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  const chart = new Chart(app, 'flower', { namespace: NAMESPACE });
  const secret = (name: string, stringData: Record<string, string>, type?: string) => new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type, stringData });
  secret('logins', { 'users': LOGIN, 'client-id': CLIENT, 'client-secret': 'hunter2', 'cookies': 'c'.repeat(40) });
  for (const [name, host] of [['routed-tls', ROUTED], ['oauth-tls', OAUTH]]) {
    const { key, crt } = certificate(host);
    secret(name, { 'tls.crt': crt, 'tls.key': key }, 'kubernetes.io/tls');
  }
  new ApiObject(chart, 'gateway', {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'flower' },
    spec: {
      gatewayClassName: 'traefik',
      listeners: [{ name: 'https', protocol: 'HTTPS', port: 8443, hostname: ROUTED, tls: { mode: 'Terminate', certificateRefs: [{ name: 'routed-tls' }] } }],
    },
  });
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: new RedisBroker(chart, 'redis', { resources: SMALL_REDIS }),
    code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\n\napp = Celery("tasks")\n\n\n@app.task\ndef add(x, y):\n    return x + y\n' }),
    runtime: PythonRuntime.install({ celery: '5.6.3', installResources: SMALL }),
    resources: SMALL,
  });
  new CeleryWorker(chart, 'worker', { celery, pool: WorkerPool.solo() });
  new CeleryFlower(chart, 'routed', {
    celery, urlPrefix: PREFIX, auth: FlowerAuth.basic({ name: 'logins', key: 'users' }), storage: FlowerStorage.claim(), readOnly: true,
    exposure: FlowerExposure.httpRoute({ host: ROUTED, gateway: { name: 'flower', sectionName: 'https' } }),
  });
  new CeleryFlower(chart, 'oauth', {
    celery, cookieSecret: { name: 'logins', key: 'cookies' },
    auth: FlowerAuth.google({ clientId: { name: 'logins', key: 'client-id' }, clientSecret: { name: 'logins', key: 'client-secret' }, addresses: ['ada@example.com'] }),
    exposure: FlowerExposure.ingress({ host: OAUTH, tls: 'oauth-tls', ingressClassName: 'traefik' }),
  });
}
