import { Chart } from 'cdk8s';
import { Broker, CeleryAppProps, CeleryWorker, PythonRuntime, RabbitMqBroker, ResultBackend, WorkerPool } from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, synth } from '../manifests';

const worker = (pool: WorkerPool, props: (chart: Chart) => Partial<CeleryAppProps> = () => ({})): Manifests => synth((chart) => {
  new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, props(chart)), pool });
}, ['Secret/passwords']);

const settings = (manifests: Manifests): unknown => {
  const { CDK8S_CELERY_CONNECTION_SETTINGS: json } = manifests.env('celery-worker') as Record<string, string | undefined>;
  return json === undefined ? undefined : JSON.parse(json);
};

test.each<[string, WorkerPool, number | undefined]>([
  ['gevent', WorkerPool.gevent({ concurrency: 100 }), 105],
  ['threads', WorkerPool.threads({ concurrency: 20 }), 25],
  ['the first number for which that of kombu is too small', WorkerPool.gevent({ concurrency: 6 }), 11],
  ['a number for which that of kombu is enough', WorkerPool.gevent({ concurrency: 5 }), undefined],
  ['prefork, whose main process acknowledges one after another', WorkerPool.prefork({ concurrency: 20 }), undefined],
  ['solo', WorkerPool.solo(), undefined],
])('connections to Redis for the acknowledgements of %s', (_what, pool, expected) => {
  expect(settings(worker(pool))).toEqual(expected && { broker_transport_options: { max_connections: expected } });
});

test('come by the loader, which is on the path', () => {
  const manifests = worker(WorkerPool.gevent({ concurrency: 100 }));
  expect(manifests.env('celery-worker')).toMatchObject({ CELERY_LOADER: 'cdk8s_celery_launch.loader.Loader', PYTHONPATH: '/app:/opt/celery-agent' });
  expect(manifests.main('celery-worker').volumeMounts).toContainEqual({ name: 'launch', mountPath: '/opt/celery-agent/cdk8s_celery_launch', readOnly: true });
});

test('are joined with what the broker needs, which wins', () => {
  const broker = (options: object): Broker => ({
    bind: () => ({
      url: { value: 'redis://redis.example.com' }, resultBackend: { value: 'redis://redis.example.com' }, connectionSettings: { broker_transport_options: options },
    }),
  });
  const found = (options: object): unknown => settings(worker(WorkerPool.gevent({ concurrency: 100 }), () => ({ broker: broker(options) })));
  expect(found({ socket_keepalive: true })).toEqual({ broker_transport_options: { socket_keepalive: true, max_connections: 105 } });
  expect(found({ max_connections: 500 })).toEqual({ broker_transport_options: { max_connections: 500 } });
});

test('are nothing to RabbitMQ, which has one for all', () => {
  const manifests = worker(WorkerPool.gevent({ concurrency: 100 }), (chart) => ({
    broker: new RabbitMqBroker(chart, 'rabbitmq', { password: { name: 'passwords', key: 'rabbitmq' } }), resultBackend: ResultBackend.none(),
    runtime: PythonRuntime.install({ celery: '5.6.3' }),
  }));
  expect(JSON.stringify(settings(manifests) ?? {})).not.toContain('max_connections');
});
