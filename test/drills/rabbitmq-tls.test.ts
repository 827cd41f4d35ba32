import { ApiObject } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryWorker, IBroker, PythonRuntime, RabbitMqBroker, ResultBackend, WorkerPool } from '../../src';
import { certificates } from '../e2e/certificates';
import { eventually, exec, logs, readyPods, restarts, say, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { deployed, namespace, SMALL, SQUARE } from './drill';

/**
 * RabbitMQ with TLS, and results through it: 100 tasks have their results, nothing listens without TLS, and a worker with another CA says why it does
 * not connect. Needs the image rabbitmq:3.10.8.
 */
const NAMESPACE = 'celery-drill-rabbitmq-tls';
const HOST = `rabbitmq.${NAMESPACE}.svc.cluster.local`;
const VERSIONS = { made: '5.3.4', existing: NEWEST } as const;
type Name = keyof typeof VERSIONS;

deployed(namespace(NAMESPACE, (chart) => {
  const secret = (name: string, stringData: object, type?: string): void => void new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', type, metadata: { name }, stringData });
  secret('passwords', { password: 'p@ss:w/#?[]%+ "w\'ord' });
  secret('rabbitmq-tls', certificates(HOST), 'kubernetes.io/tls');
  secret('other-tls', certificates(HOST), 'kubernetes.io/tls');
  const password = { name: 'passwords', key: 'password' };
  const worker = (name: string, celery: string, broker: IBroker): void => {
    const app = new CeleryApp(chart, name, {
      app: 'tasks', broker, resultBackend: ResultBackend.rpc(), code: AppCode.fromInline({ 'tasks.py': SQUARE }), resources: SMALL,
      runtime: PythonRuntime.install({ celery, installResources: SMALL }), settings: { task_default_queue: name },
    });
    new CeleryWorker(chart, `${name}-worker`, { celery: app, replicas: 1, pool: WorkerPool.prefork({ concurrency: 2 }) });
  };
  const rabbitmq = new RabbitMqBroker(chart, 'rabbitmq', {
    password, image: 'rabbitmq:3.10.8', tls: { secretName: 'rabbitmq-tls' },
  });
  rabbitmq.admitNamespace(NAMESPACE);
  worker('made', VERSIONS.made, rabbitmq);
  const existing = (ca: string): Broker => Broker.fromRabbitMq({ host: rabbitmq.host, username: 'celery', password, tls: { ca: { name: ca, key: 'ca.crt' } } });
  worker('existing', VERSIONS.existing, existing('rabbitmq-tls'));
  worker('other', NEWEST, existing('other-tls'));
}));

describe.each(Object.keys(VERSIONS) as Name[])('%s', (name) => {
  testIn(NAMESPACE)('100 tasks have their results', async () => {
    await eventually('the worker is ready', 400, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, 1));
    const began = Date.now();
    const right = await exec(NAMESPACE, `deploy/${name}-worker`, ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], `
from tasks import square
sent = [square.apply_async((number,), queue='${name}') for number in range(100)]
print(sum(result.get(timeout=120) == number * number for number, result in enumerate(sent)))`);
    expect(right.trim()).toBe('100');
    say(`${name}, Celery ${VERSIONS[name]}: 100 of 100 in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(restarts(await readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, 1))).toBe(0);
  });
});

testIn(NAMESPACE)('all connections have TLS, and nothing listens without it', async () => {
  const connections = (await exec(NAMESPACE, 'rabbitmq-0', ['rabbitmqctl', '-q', 'list_connections', 'ssl', 'ssl_protocol'])).trim().split('\n').filter((line) => /^(true|false)/.test(line));
  expect(connections.length).toBeGreaterThan(3);
  expect([...new Set(connections.map((line) => line.split('\t')[0]))]).toEqual(['true']);
  say(`TLS of connections: ${[...new Set(connections)].join(', ')}`);
  const listeners = await exec(NAMESPACE, 'rabbitmq-0', ['rabbitmqctl', '-q', 'status']);
  expect(listeners).toMatch(/port: 5671, protocol: amqp\/ssl/);
  expect(listeners).toMatch(/port: 15671, protocol: https/);
  expect(listeners).not.toMatch(/port: (5672|15672),/);
});

testIn(NAMESPACE)('a worker with another CA is not ready, and says why in one line', async () => {
  const selector = 'app.kubernetes.io/instance=other-worker';
  const log = await eventually('the worker says so', 240, async () => {
    const text = await logs(NAMESPACE, selector, 'worker');
    expect(text).toMatch(/broker rabbitmq\.celery-drill-rabbitmq-tls\.svc\.cluster\.local:5671: .*certificate/i);
    return text;
  });
  say(/broker rabbitmq\.[^\n]*/.exec(log)![0]);
  await expect(readyPods(NAMESPACE, selector, 1)).rejects.toThrow('0 of 1 pods');
});
