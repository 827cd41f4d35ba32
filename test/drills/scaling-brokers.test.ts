import { ApiObject, Chart } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryBeat, CeleryNetwork, CeleryWorker, IBroker, QueueLengthScalingOptions, RabbitMqBroker, RabbitMqQueueType,
  RabbitMqStorage, RedisBroker, ResultBackend, TaskDelivery, WorkerPool, WorkerScaling,
} from '../../src';
import { eventually, exec, kubectl, say, testIn } from '../e2e/harness';
import { allReady, deployed, drillRuntime, namespace, TASKS } from './drill';
import { FAST, Keda, MINUTE, SMALL } from './keda';

/**
 * KEDA on the queues of a RabbitMQ, by its management API, and on those of a Redis behind Sentinel, with closed networks and with passwords that
 * have all characters. It needs KEDA in the namespace `keda` and the image rabbitmq:3.10.8; DRILL_IMAGE names one with Celery 5.5 or later.
 */
const NAMESPACE = 'celery-drill-scaling-brokers';
const PASSWORD = 'p@ss:w/#?[]%+ "w\'ord';
const MASTER = 'main';
const REDISES = ['redis-a', 'redis-b'];
const SENTINELS = [0, 1, 2].map((i) => `sentinel-${i}.sentinel.${NAMESPACE}.svc.cluster.local`);
const KEY = { name: 'passwords', key: 'password' };
/** A prefix, a list for each of ten priorities, and another separator, in the code of an app. */
const PREFIXED = `
app.conf.broker_transport_options = {'global_keyprefix': 'drill:', 'priority_steps': list(range(10)), 'sep': '#'}
`;

const host = (name: string): string => `${name}.${NAMESPACE}.svc.cluster.local`;

/** An app on a broker: a worker that is scaled from 0 to 3, each of 2 tasks, and a Beat to send from. */
function pool(chart: Chart, name: string, broker: IBroker, scaling: Partial<QueueLengthScalingOptions> = {}, lines = ''): void {
  const celery = new CeleryApp(chart, name, {
    app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': `${TASKS}${lines}` }), runtime: drillRuntime(), resources: SMALL,
    resultBackend: ResultBackend.none(), delivery: TaskDelivery.atLeastOnce(), network: CeleryNetwork.closed(),
    queues: [{ name }], settings: { task_default_queue: name },
  });
  new CeleryBeat(chart, `${name}-beat`, { celery });
  new CeleryWorker(chart, `${name}-worker`, {
    celery, pool: WorkerPool.prefork({ concurrency: 2 }), prefetchMultiplier: 1, longestTask: MINUTE,
    scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 3, tasksPerReplica: 2, cooldownPeriod: MINUTE, behavior: FAST, ...scaling }),
  });
}

/** A server of the image of Redis, with a Service. */
function server(chart: Chart, name: string, replicas: number, port: number, script: string): void {
  const labels = { app: name };
  new ApiObject(chart, `${name}-service`, {
    apiVersion: 'v1', kind: 'Service', metadata: { name },
    // A Sentinel is asked by the name of its pod, before the pod is ready.
    spec: { selector: labels, ports: [{ port }], ...(replicas > 1 ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}) },
  });
  new ApiObject(chart, name, {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name },
    spec: {
      serviceName: name, replicas, podManagementPolicy: 'Parallel', selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'redis', image: 'redis:7-alpine', command: ['sh', '-c', script],
            env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: KEY } }],
            readinessProbe: { tcpSocket: { port }, periodSeconds: 2 },
            resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
        },
      },
    },
  });
}

/** In a configuration file of Redis a text is in quotes, with a backslash before quotes and backslashes. */
const QUOTED = 'quoted=$(printf %s "$PASSWORD" | sed \'s/[\\\\"]/\\\\&/g\')';

/** Two of Redis, one of them the master, and three Sentinels. All know each other by the names of Services. */
function sentinel(chart: Chart): Broker {
  for (const name of REDISES) {
    server(chart, name, 1, 6379, `exec redis-server --save '' --dir /tmp --requirepass "$PASSWORD" --masterauth "$PASSWORD" \
      --replica-announce-ip ${host(name)} ${name === REDISES[0] ? '' : `--replicaof ${host(REDISES[0])} 6379`}`);
  }
  server(chart, 'sentinel', SENTINELS.length, 26_379, `${QUOTED}
until getent hosts ${host(REDISES[0])} && getent hosts $(hostname).sentinel.${NAMESPACE}.svc.cluster.local; do sleep 1; done
cat > /tmp/sentinel.conf << END
port 26379
dir /tmp
requirepass "$quoted"
sentinel sentinel-pass "$quoted"
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $(hostname).sentinel.${NAMESPACE}.svc.cluster.local
sentinel monitor ${MASTER} ${host(REDISES[0])} 6379 2
sentinel auth-pass ${MASTER} "$quoted"
sentinel down-after-milliseconds ${MASTER} 5000
sentinel failover-timeout ${MASTER} 20000
END
exec redis-sentinel /tmp/sentinel.conf`);
  return Broker.fromSentinel({ sentinels: SENTINELS, masterName: MASTER, password: KEY, sentinelPassword: KEY });
}

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: { password: PASSWORD } });
  const rabbitmq = new RabbitMqBroker(chart, 'rabbitmq', {
    password: KEY, image: 'rabbitmq:3.10.8', queueType: RabbitMqQueueType.QUORUM, storage: RabbitMqStorage.ephemeral(),
  });
  rabbitmq.admitNamespace(NAMESPACE);
  pool(chart, 'quorum', rabbitmq);
  // The same RabbitMQ, as one that exists.
  pool(chart, 'classic', Broker.fromRabbitMq({
    host: rabbitmq.host, username: 'celery', password: KEY, managementUrl: `http://${rabbitmq.host}:15672`,
  }));
  pool(chart, 'sentinel-app', sentinel(chart));
  pool(chart, 'prefixed', new RedisBroker(chart, 'redis').onDatabase(3), {}, PREFIXED);
  pool(chart, 'fallback', rabbitmq, { minReplicas: 1, cooldownPeriod: undefined, fallback: { replicas: 2, failureThreshold: 2 } });
}));

const keda = new Keda(NAMESPACE);

/** Runs Python as the app's own processes run. */
async function python(app: string, code: string): Promise<string> {
  return (await exec(NAMESPACE, `deploy/${app}-beat`, ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], `from tasks import *\n${code}`)).trim();
}

/** Settings of the app are on the command lines of its processes: who sends names the queue. */
const send = (app: string, tasks: number, seconds: number, options = ''): Promise<string> =>
  python(app, `for _ in range(${tasks}): nap.apply_async((${seconds},), queue='${app}', ${options})`);

const counts = (app: string, inBroker: () => Promise<number>, number: number, seconds?: number): Promise<void> =>
  keda.counts(`${app}-worker`, inBroker, number, seconds);

describe.each(['quorum', 'classic'])('RabbitMQ with %s queues', (name) => {
  /** The messages of the queue that are ready, and those that are not acknowledged. */
  async function inRabbit(): Promise<[number, number]> {
    const listed = await exec(NAMESPACE, 'rabbitmq-0', ['rabbitmqctl', '-q', 'list_queues', 'name', 'messages_ready', 'messages_unacknowledged', 'type']);
    const [, ready, unacknowledged, type] = listed.trim().split('\n').map((line) => line.split('\t')).find(([queue]) => queue === name)!;
    expect(type).toBe(name);
    return [Number(ready), Number(unacknowledged)];
  }
  const all = async (): Promise<number> => (await inRabbit()).reduce((sum, one) => sum + one);

  testIn(NAMESPACE)('the number that the autoscaler gets has what workers hold, from zero up and back', async () => {
    const worker = `${name}-worker`;
    await allReady(NAMESPACE, [`${name}-beat`]);
    await eventually('the queue is declared', 300, inRabbit);
    await keda.scaled(worker, (count) => count === 0, 420);
    await counts(name, all, 0);
    await send(name, 6, 50);
    await keda.scaled(worker, (count) => count > 0, 60);
    await keda.scaled(worker, (count) => count === 3, 120);
    await eventually('all run: none is ready, six are not acknowledged, and KEDA says six', 120, async () => {
      expect([await inRabbit(), await keda.number(worker)]).toEqual([[0, 6], 6]);
    });
    await counts(name, all, 0, 240);
    await send(name, 1, 1, 'countdown=40');
    await counts(name, all, 1, 30);
    await counts(name, all, 0, 120);
    await keda.scaled(worker, (count) => count === 0, 420);
  });
});

testIn(NAMESPACE)('Sentinel: KEDA counts on the master, from zero up, also on the next one after a failover', async () => {
  const [app, worker] = ['sentinel-app', 'sentinel-app-worker'];
  const inRedis = async (): Promise<number> => Number(await python(app, `
with app.connection() as connection:
    client = connection.default_channel.client
    print(sum(client.llen(key) for key in client.scan_iter(count=1000, _type='list')) + client.hlen('unacked'))`));
  const master = async (): Promise<string> => (await kubectl([
    'exec', '-n', NAMESPACE, 'sentinel-0', '--', 'sh', '-c', `REDISCLI_AUTH="$PASSWORD" redis-cli -p 26379 sentinel get-master-addr-by-name ${MASTER}`,
  ])).split('\n')[0].split('.')[0];

  await allReady(NAMESPACE, [`${app}-beat`]);
  await keda.scaled(worker, (count) => count === 0, 420);
  await counts(app, inRedis, 0);
  for (const priority of [0, 3, 6, 9]) await send(app, 1, 40, `priority=${priority}`);
  await counts(app, inRedis, 4);
  await keda.scaled(worker, (count) => count > 0, 60);
  await keda.scaled(worker, (count) => count === 2, 120);
  await counts(app, inRedis, 0, 240);

  expect(await master()).toBe(REDISES[0]);
  await kubectl(['scale', `statefulset/${REDISES[0]}`, '-n', NAMESPACE, '--replicas=0']);
  await eventually('another master', 120, async () => expect(await master()).toBe(REDISES[1]));
  say('the master was replaced');
  await eventually('six tasks are sent', 120, () => send(app, 6, 40));
  await counts(app, inRedis, 6, 120);
  await keda.scaled(worker, (count) => count === 3, 180);
  await counts(app, inRedis, 0, 300);
  await keda.scaled(worker, (count) => count === 0, 420);
});

testIn(NAMESPACE)('while RabbitMQ is away a pool with a fallback has its number, and afterwards that of its tasks', async () => {
  await eventually('KEDA counts', 300, async () => expect(await keda.number('fallback-worker')).toBe(0));
  await keda.scaled('fallback-worker', (count) => count === 1, 120);
  await kubectl(['scale', 'statefulset/rabbitmq', '-n', NAMESPACE, '--replicas=0']);
  await keda.scaled('fallback-worker', (count) => count === 2, 180);
  await kubectl(['scale', 'statefulset/rabbitmq', '-n', NAMESPACE, '--replicas=1']);
  await eventually('KEDA counts again', 300, async () => expect(await keda.number('fallback-worker')).toBe(0));
  await keda.scaled('fallback-worker', (count) => count === 1, 300);
});

testIn(NAMESPACE)('a prefix, ten priorities and a separator that the code has, in a database of its own', async () => {
  const worker = 'prefixed-worker';
  const cli = (...args: string[]): Promise<string> => exec(NAMESPACE, 'deploy/redis', ['redis-cli', '-n', '3', ...args]);
  const inRedis = async (): Promise<number> => {
    const lists = (await cli('--scan', '--pattern', 'drill:prefixed*')).split('\n').filter(Boolean);
    const lengths = await Promise.all([...lists.map((key) => cli('llen', key)), cli('hlen', 'drill:unacked')]);
    return lengths.reduce((sum, length) => sum + Number(length), 0);
  };
  await allReady(NAMESPACE, ['prefixed-beat']);
  await keda.scaled(worker, (count) => count === 0, 420);
  await counts('prefixed', inRedis, 0);
  const sent = 'from tasks import nap\nfor priority in range(10): nap.apply_async((20,), queue=\'prefixed\', priority=priority)';
  await exec(NAMESPACE, 'deploy/prefixed-beat', ['python', '-'], sent);
  await counts('prefixed', inRedis, 10, 15);
  await keda.scaled(worker, (count) => count === 3, 120);
  await counts('prefixed', inRedis, 0, 240);
  await keda.scaled(worker, (count) => count === 0, 420);
});
