import { ApiObject, Chart } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryBeat, CeleryNetwork, CeleryWorker, IBroker, QueueLengthScalingOptions, RabbitMqBroker, RabbitMqStorage,
  RedisBroker, ResultBackend, TaskDelivery, WorkerPool, WorkerScaling,
} from '../../src';
import { certificates } from '../e2e/certificates';
import { eventually, exec, kubectl, say, testIn } from '../e2e/harness';
import { allReady, deployed, drillRuntime, namespace, TASKS } from './drill';
import { FAST, Keda, MINUTE, SMALL } from './keda';

/**
 * KEDA on queues of servers with TLS only, whose certificates are of a CA that nobody else knows: Redis, and RabbitMQ by its management API and by
 * AMQP; and with another CA, with which KEDA counts nothing. Closed networks. It needs KEDA in the namespace `keda` and the image rabbitmq:3.10.8.
 */
const NAMESPACE = 'celery-drill-keda-tls';
const host = (name: string): string => `${name}.${NAMESPACE}.svc.cluster.local`;
const PASSWORD = { name: 'passwords', key: 'password' };

/** An app on a broker with a worker of one process, and a Beat to send from. */
function pool(chart: Chart, name: string, broker: IBroker, scaling: Partial<QueueLengthScalingOptions> = {}): void {
  const celery = new CeleryApp(chart, name, {
    app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: drillRuntime(), resources: SMALL,
    resultBackend: ResultBackend.none(), delivery: TaskDelivery.atLeastOnce(), network: CeleryNetwork.closed(),
    queues: [{ name }], settings: { task_default_queue: name },
  });
  new CeleryBeat(chart, `${name}-beat`, { celery });
  new CeleryWorker(chart, `${name}-worker`, {
    celery, pool: WorkerPool.prefork({ concurrency: 1 }), prefetchMultiplier: 1, longestTask: MINUTE,
    scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 2, tasksPerReplica: 2, cooldownPeriod: MINUTE, behavior: FAST, ...scaling }),
  });
}

deployed(namespace(NAMESPACE, (chart) => {
  const secret = (name: string, stringData: object, type?: string): void => void new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', type, metadata: { name }, stringData });
  secret('passwords', { password: 'p@ss:w/#?[]%+ "w\'ord' });
  for (const [name, server] of [['redis-tls', 'redis'], ['rabbitmq-tls', 'rabbitmq'], ['other-tls', 'redis']]) secret(name, certificates(host(server)), 'kubernetes.io/tls');
  const redis = new RedisBroker(chart, 'redis', { password: PASSWORD, tls: { secretName: 'redis-tls' } });
  redis.admitNamespace(NAMESPACE);
  pool(chart, 'in-redis', redis);
  pool(chart, 'other', Broker.fromRedis({ host: redis.host, password: PASSWORD, database: 1, tls: { ca: { name: 'other-tls', key: 'ca.crt' } } }));
  const rabbitmq = new RabbitMqBroker(chart, 'rabbitmq', {
    password: PASSWORD, image: 'rabbitmq:3.10.8', tls: { secretName: 'rabbitmq-tls' }, storage: RabbitMqStorage.ephemeral(),
  });
  rabbitmq.admitNamespace(NAMESPACE);
  pool(chart, 'in-rabbitmq', rabbitmq);
  // Over AMQP only what is ready is counted, and there is no way to zero.
  pool(chart, 'by-amqp', Broker.fromRabbitMq({ host: rabbitmq.host, username: 'celery', password: PASSWORD, tls: { ca: { name: 'rabbitmq-tls', key: 'ca.crt' } } }), {
    minReplicas: 1, maxReplicas: 2, cooldownPeriod: undefined,
  });
}));

const keda = new Keda(NAMESPACE);

/** Runs Python as the app's own processes run. */
async function python(app: string, code: string): Promise<string> {
  return (await exec(NAMESPACE, `deploy/${app}-beat`, ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], `from tasks import *\n${code}`)).trim();
}

const send = (app: string, tasks: number, seconds: number): Promise<string> =>
  python(app, `for _ in range(${tasks}): nap.apply_async((${seconds},), queue='${app}')`);

/** The messages of a queue in RabbitMQ that are ready, and those that are not acknowledged. */
async function inRabbit(queue: string): Promise<[number, number]> {
  const listed = await exec(NAMESPACE, 'rabbitmq-0', ['rabbitmqctl', '-q', 'list_queues', 'name', 'messages_ready', 'messages_unacknowledged']);
  const [, ready, unacknowledged] = listed.trim().split('\n').map((line) => line.split('\t')).find(([name]) => name === queue)!;
  return [Number(ready), Number(unacknowledged)];
}

const inRedis = async (): Promise<number> => Number(await python('in-redis', `
with app.connection() as connection:
    client = connection.default_channel.client
    print(sum(client.llen(key) for key in client.scan_iter(count=1000, _type='list')) + client.hlen('unacked'))`));

describe.each<[string, () => Promise<number>]>([
  ['in-redis', inRedis], ['in-rabbitmq', async () => (await inRabbit('in-rabbitmq')).reduce((sum, one) => sum + one)],
])('%s', (name, counted) => {
  testIn(NAMESPACE)('KEDA says what there is, from zero up and back', async () => {
    const worker = `${name}-worker`;
    await allReady(NAMESPACE, [`${name}-beat`]);
    await keda.scaled(worker, (count) => count === 0, 420);
    await eventually('the queue is declared', 60, counted);
    await keda.counts(worker, counted, 0);
    await send(name, 3, 20);
    await keda.counts(worker, counted, 3, 20);
    await keda.scaled(worker, (count) => count > 0, 60);
    await keda.counts(worker, counted, 0, 180);
    await keda.scaled(worker, (count) => count === 0, 420);
  });
});

testIn(NAMESPACE)('over AMQP KEDA says what is ready', async () => {
  await allReady(NAMESPACE, ['by-amqp-beat', 'by-amqp-worker']);
  await send('by-amqp', 5, 30);
  await eventually('KEDA says what RabbitMQ says', 60, async () => {
    const [ready] = await inRabbit('by-amqp');
    expect(ready).toBeGreaterThan(2);
    expect(await keda.number('by-amqp-worker')).toBe(ready);
    say(`${ready} are ready`);
  });
});

testIn(NAMESPACE)('with another CA KEDA counts nothing, and an event of the ScaledObject says why', async () => {
  const found = await eventually('the event', 120, async () => {
    const { items } = JSON.parse(await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json'])) as { items: { message: string; involvedObject: { name: string } }[] };
    const event = items.find(({ message, involvedObject }) => involvedObject.name === 'other-worker' && message.includes('x509'));
    expect(event).toBeDefined();
    return event!.message;
  });
  say(found.slice(0, 300));
  expect(found).toContain('certificate signed by unknown authority');
});
