import { ApiObject } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryWorker, PythonRuntime, RabbitMqBroker, RabbitMqQueueType, ResultBackend, TaskDelivery,
  WorkerPool,
} from '../../src';
import { eventually, exec, kubectl, readyPods, restarts, say, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { deployed, namespace, SMALL } from './drill';
import { postgres } from './postgres';

/**
 * RabbitMQ restarts twice under load, with results in PostgreSQL: no task is lost, with quorum queues and with classic ones. And an app uses one of
 * them as a server that exists, with results through it. The passwords have all the characters that end a part of a URL.
 *
 * Needs the images rabbitmq:3.10.8 and postgres:15.
 */
const NAMESPACE = 'celery-drill-rabbitmq';
const PASSWORD = 'p@ss:w/#?[]%+ "w\'ord';
const TASKS = 1500;
/** Its app, and its queue. */
const EXISTING = 'existing';
const APPS = { quorum: NEWEST, classic: '5.3.4' } as const;

const CODE = `\
from celery import Celery

app = Celery('tasks')


@app.task
def square(number):
    return number * number
`;

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: { password: PASSWORD } });
  const password = { name: 'passwords', key: 'password' };
  const backends = postgres(chart, password, Object.keys(APPS));
  const deploy = (name: string, replicas: number, celery: string, props: Pick<CeleryAppProps, 'broker' | 'resultBackend' | 'queues'>): void => {
    const app = new CeleryApp(chart, name, {
      app: 'tasks', delivery: TaskDelivery.atLeastOnce(), code: AppCode.fromInline({ 'tasks.py': CODE }), resources: SMALL, ...props,
      runtime: PythonRuntime.install({ celery, installResources: SMALL }),
    });
    const queues = props.queues?.map((queue) => queue.name);
    new CeleryWorker(chart, `${name}-worker`, { celery: app, replicas, queues, pool: WorkerPool.prefork({ concurrency: 2 }) });
    new CeleryBeat(chart, `${name}-beat`, { celery: app });
  };
  const brokers = Object.entries(APPS).map(([name, celery], i) => {
    const broker = new RabbitMqBroker(chart, `rabbitmq-${name}`, {
      password, image: 'rabbitmq:3.10.8', queueType: name === 'quorum' ? RabbitMqQueueType.QUORUM : RabbitMqQueueType.CLASSIC,
    });
    deploy(name, 2, celery, { broker, resultBackend: backends[i] });
    return broker;
  });
  brokers[0].admitNamespace(NAMESPACE);
  deploy(EXISTING, 1, NEWEST, {
    broker: Broker.fromRabbitMq({ host: brokers[0].host, username: 'celery', password }), resultBackend: ResultBackend.rpc(), queues: [{ name: EXISTING }],
  });
}));

/** Runs Python as the app's own processes run. */
async function python(name: string, code: string): Promise<string> {
  return (await exec(NAMESPACE, `deploy/${name}-beat`, ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], code)).trim();
}

/** Sends tasks, as long as it takes, and counts the results that are right. */
const send = (tasks: number, queue = 'celery'): string => `
import time
from tasks import square
forever = {'max_retries': None, 'interval_start': 0.2, 'interval_step': 0.2, 'interval_max': 1}
sent = []
for number in range(${tasks}):
    sent.append(square.apply_async((number,), queue='${queue}', retry=True, retry_policy=forever))
    time.sleep(0.02)
print(sum(result.get(timeout=300) == number * number for number, result in enumerate(sent)))`;

async function workersAndBeat(name: string, replicas: number): Promise<void> {
  await eventually('the workers are ready', 400, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, replicas));
  await eventually('Beat is ready', 120, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-beat`, 1));
}

testIn(NAMESPACE)('a RabbitMQ that exists: 100 tasks have their results, through it', async () => {
  await workersAndBeat(EXISTING, 1);
  expect(await python(EXISTING, send(100, EXISTING))).toBe('100');
});

testIn(NAMESPACE)('quorum queues: the prefetch is that of each consumer, and a countdown waits in RabbitMQ', async () => {
  await workersAndBeat('quorum', 2);
  const took = await python('quorum', `
import time
from tasks import square
began = time.time()
print(square.apply_async((7,), countdown=5).get(timeout=60), time.time() - began >= 5)`);
  expect(took).toBe('49 True');
  const rabbitmqctl = (...command: string[]): Promise<string> => exec(NAMESPACE, 'rabbitmq-quorum-0', ['rabbitmqctl', '-q', ...command]);
  expect(await rabbitmqctl('list_queues', 'name', 'type')).toMatch(/^celery_delayed_0\tquorum$/m);
  // RabbitMQ refuses a global prefetch to consumers of a quorum queue.
  const channels = (await rabbitmqctl('list_channels', 'prefetch_count', 'global_prefetch_count')).split('\n').map((line) => line.split('\t'));
  expect(channels.filter(([prefetch]) => prefetch === '2')).toHaveLength(2);
});

describe.each(Object.keys(APPS))('%s queues', (name) => {
  testIn(NAMESPACE)('100 tasks have their results', async () => {
    await workersAndBeat(name, 2);
    expect(await python(name, send(100))).toBe('100');
    const queues = await exec(NAMESPACE, `rabbitmq-${name}-0`, ['rabbitmqctl', '-q', 'list_queues', 'name', 'type', 'durable']);
    expect(queues).toMatch(new RegExp(`^celery\\t${name}\\ttrue$`, 'm'));
  });

  testIn(NAMESPACE)(`${TASKS} tasks, 2 restarts of RabbitMQ, 0 lost`, async () => {
    const sending = python(name, send(TASKS));
    for (let restart = 1; restart <= 2; restart++) {
      const [{ metadata }] = await readyPods(NAMESPACE, `app.kubernetes.io/instance=rabbitmq-${name}`, 1);
      await eventually('tasks are running', 60, async () => {
        expect(await exec(NAMESPACE, `rabbitmq-${name}-0`, ['rabbitmqctl', '-q', 'list_queues', 'name', 'consumers'])).toMatch(/^celery\t[1-9]/m);
      });
      await kubectl(['delete', 'pod', '-n', NAMESPACE, metadata!.name!, '--wait=true']);
      const before = Date.now();
      await eventually('RabbitMQ has started again', 240, async () => {
        const [pod] = await readyPods(NAMESPACE, `app.kubernetes.io/instance=rabbitmq-${name}`, 1);
        expect(pod.metadata!.uid).not.toBe(metadata!.uid);
      });
      say(`restart ${restart}: ready after ${Math.round((Date.now() - before) / 1000)} s`);
    }
    expect(await sending).toBe(`${TASKS}`);
    expect(restarts(await readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, 2))).toBe(0);
    say(`${name}: 0 of ${TASKS} lost`);
  });
});
