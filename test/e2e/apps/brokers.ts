import { ApiObject, App, Chart } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryFlower, CeleryWorker, PythonRuntime, RedisBroker } from '../../../src';
import { makeNamespace } from '../../namespaces';
import { certificates } from '../certificates';
import { SMALL, SMALL_REDIS } from './small';

export const NAMESPACE = 'celery-e2e-brokers';

/** All that ends a part of a URL, and what a shell, an access control list or a second unquoting would change. */
const PASSWORD = 'p@ss:w/#?[]%+ "w\'ord';

const TASKS = `\
from celery import Celery

app = Celery('tasks')


@app.task
def add(x, y):
    return x + y
`;

/** A Redis with a password and TLS, an app that uses it, and a worker whose password was rotated away. */
export function define(app: App): void {
  makeNamespace(app, NAMESPACE, 'restricted');
  const chart = new Chart(app, 'brokers', { namespace: NAMESPACE });
  const secret = (name: string, stringData: object): void => void new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
  secret('redis-password', { password: PASSWORD, before: 'the password before' });
  const redis = new RedisBroker(chart, 'redis', { resources: SMALL_REDIS, password: { name: 'redis-password', key: 'password' }, tls: { secretName: 'redis-tls' } });
  secret('redis-tls', certificates(redis.host));
  redis.admitNamespace(NAMESPACE);

  const celery = (id: string, broker: RedisBroker | Broker): CeleryApp => new CeleryApp(chart, id, {
    app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': TASKS }), resources: SMALL,
    runtime: PythonRuntime.install({ celery: '5.3.4', installResources: SMALL }),
  });
  const right = celery('celery', redis);
  new CeleryWorker(chart, 'worker', { celery: right });
  new CeleryFlower(chart, 'flower', { celery: right });

  const rotated = celery('rotated', Broker.fromRedis({
    host: redis.host, database: 1, password: { name: 'redis-password', key: 'before' }, tls: { ca: { name: 'redis-tls', key: 'ca.crt' } },
  }));
  new CeleryWorker(chart, 'rotated-worker', { celery: rotated });
}
