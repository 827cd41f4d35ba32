import { ApiObject, Chart } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryWorker, PythonRuntime, RabbitMqBroker, RabbitMqQueueType, ResultBackend, TaskDelivery,
  WorkerPool,
} from '../../src';
import { eventually, exec, kubectl, readyPods, restarts, say, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { deployed, namespace } from './drill';

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

/** The official image and Debian's have the programs in one folder. */
const POSTGRES = `
set -e
export PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/tmp/data
printf %s "$PASSWORD" > /tmp/password
initdb --encoding=UTF8 --locale=C --username=celery --auth=scram-sha-256 --pwfile=/tmp/password
echo 'host all all all scram-sha-256' >> $PGDATA/pg_hba.conf
printf 'create database %s\\n' ${Object.keys(APPS).join(' ')} | postgres --single postgres
exec postgres -k /tmp -c listen_addresses=*`;

const ready = { tcpSocket: { port: 5432 }, periodSeconds: 2 };

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: { password: PASSWORD } });
  const password = { name: 'passwords', key: 'password' };
  postgres(chart);
  const deploy = (name: string, replicas: number, celery: string, props: Pick<CeleryAppProps, 'broker' | 'resultBackend' | 'queues'>): void => {
    const app = new CeleryApp(chart, name, {
      app: 'tasks', delivery: TaskDelivery.atLeastOnce(), code: AppCode.fromInline({ 'tasks.py': CODE }), runtime: PythonRuntime.install({ celery }), ...props,
    });
    const queues = props.queues?.map((queue) => queue.name);
    new CeleryWorker(chart, `${name}-worker`, { celery: app, replicas, queues, pool: WorkerPool.prefork({ concurrency: 2 }) });
    new CeleryBeat(chart, `${name}-beat`, { celery: app });
  };
  const brokers = Object.entries(APPS).map(([name, celery]) => {
    const broker = new RabbitMqBroker(chart, `rabbitmq-${name}`, {
      password, image: 'rabbitmq:3.10.8', queueType: name === 'quorum' ? RabbitMqQueueType.QUORUM : RabbitMqQueueType.CLASSIC,
    });
    const resultBackend = ResultBackend.fromPostgres({ host: `postgres.${NAMESPACE}.svc.cluster.local`, database: name, username: 'celery', password });
    deploy(name, 2, celery, { broker, resultBackend });
    return broker;
  });
  brokers[0].admitNamespace(NAMESPACE);
  deploy(EXISTING, 1, NEWEST, {
    broker: Broker.fromRabbitMq({ host: brokers[0].host, username: 'celery', password }), resultBackend: ResultBackend.rpc(), queues: [{ name: EXISTING }],
  });
}));

function postgres(chart: Chart): void {
  const labels = { app: 'postgres' };
  new ApiObject(chart, 'postgres', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'postgres' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'postgres', image: 'postgres:15', command: ['sh', '-c', POSTGRES], readinessProbe: ready,
            env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'passwords', key: 'password' } } }],
            resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
        },
      },
    },
  });
  new ApiObject(chart, 'postgres-service', {
    apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: labels, ports: [{ port: 5432 }] },
  });
}

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
