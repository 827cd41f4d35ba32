import { ApiObject, Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryBeat, CeleryNetwork, CeleryWorker, ResultBackend, SentinelServersOptions, TaskDelivery, WorkerPool,
} from '../../src';
import { empty } from '../e2e/deployment';
import { eventually, exec, kubectl, pods, readyPods, restarts, say, signal, testIn } from '../e2e/harness';
import { deployed, drillRuntime, namespace, sendSquares, Sent, SMALL, SQUARE } from './drill';

/**
 * The master of a Sentinel is killed twice under load (`kill -9`, and it does not come back), with queues and results in it and a closed network:
 * no task is lost. Redis and Sentinel have a password each, with all the characters that end a part of a URL.
 */
const NAMESPACE = 'celery-drill-sentinel';
const NODE_ACCESS = 'celery-drill-sentinel-node';
const PASSWORDS = { redis: 'p@ss:w/#?[]%+ "w\'ord', sentinel: 'another:p@ss/w#?[]%+ord' };
const SENTINELS = 3;
const REDISES = 3;
const FAILOVERS = 2;
const TASKS = 600;
/** How long a message may be with a worker before another one gets it: what decides how soon a lost one is found. */
const VISIBILITY_TIMEOUT = 60;

const MASTER = 'redis-0';
const IMAGE = 'redis:7-alpine';
const host = (redis: string): string => `${redis}.redis.${NAMESPACE}.svc.cluster.local`;

/** The first is the master at first; the others replicate the one that Sentinel names. */
const REDIS = `
ask() { timeout 5 redis-cli -h sentinel -p 26379 -a "$SENTINEL_PASSWORD" --no-auth-warning sentinel get-master-addr-by-name mymaster 2>/dev/null | head -1; }
if [ "$HOSTNAME" != ${MASTER} ]; then until master=$(ask) && [ -n "$master" ]; do sleep 1; done; fi
set -- redis-server --save '' --appendonly no --requirepass "$REDIS_PASSWORD" --masterauth "$REDIS_PASSWORD" --dir /tmp
[ -z "$master" ] || set -- "$@" --replicaof "$master" 6379
exec "$@"`;

const SENTINEL = `
until master=$(getent hosts ${host(MASTER)}); do sleep 1; done
cat > /tmp/sentinel.conf <<end
port 26379
dir /tmp
requirepass "$SENTINEL_PASSWORD"
sentinel monitor mymaster \${master%% *} 6379 2
sentinel auth-pass mymaster "$(printf %s "$REDIS_PASSWORD" | sed 's/"/\\\\"/g')"
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 10000
end
exec redis-server /tmp/sentinel.conf --sentinel`;

/** A pod that stays dead when it is killed, as one of a node that is gone. */
function server(chart: Chart, name: string, group: 'redis' | 'sentinel', script: string, port: number): void {
  new ApiObject(chart, name, {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: group } },
    spec: {
      hostname: name, subdomain: group, restartPolicy: 'Never', terminationGracePeriodSeconds: 1, automountServiceAccountToken: false,
      securityContext: { runAsUser: 999, runAsGroup: 999, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: group, image: IMAGE, command: ['sh', '-c', script], readinessProbe: { tcpSocket: { port }, periodSeconds: 2 },
        env: Object.keys(PASSWORDS).map((key) => ({ name: `${key.toUpperCase()}_PASSWORD`, valueFrom: { secretKeyRef: { name: 'passwords', key } } })),
        resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      }],
    },
  });
}

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: PASSWORDS });
  for (const [group, port] of [['redis', 6379], ['sentinel', 26379]] as const) {
    new ApiObject(chart, group, {
      apiVersion: 'v1', kind: 'Service', metadata: { name: group },
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: { app: group }, ports: [{ port }] },
    });
  }
  for (let n = 0; n < REDISES; n++) server(chart, `redis-${n}`, 'redis', REDIS, 6379);
  for (let n = 0; n < SENTINELS; n++) server(chart, `sentinel-${n}`, 'sentinel', SENTINEL, 26379);

  const servers: SentinelServersOptions = {
    sentinels: Array.from({ length: SENTINELS }, (_, n) => `sentinel-${n}.sentinel.${NAMESPACE}.svc.cluster.local:26379`),
    masterName: 'mymaster',
    password: { name: 'passwords', key: 'redis' },
    sentinelPassword: { name: 'passwords', key: 'sentinel' },
  };
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: Broker.fromSentinel(servers),
    resultBackend: ResultBackend.fromSentinel(servers),
    delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT) }),
    code: AppCode.fromInline({ 'tasks.py': SQUARE }),
    runtime: drillRuntime(),
    resources: SMALL,
    network: CeleryNetwork.closed(),
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
  new CeleryBeat(chart, 'beat', { celery });
}), empty(NODE_ACCESS));

/** Runs Python as the app's own processes run. */
async function python(code: string): Promise<string> {
  return (await exec(NAMESPACE, 'deploy/celery-beat', ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], code)).trim();
}

/** Sends tasks, and reads the results. */
async function send(tasks: number): Promise<Sent> {
  return JSON.parse(await python(sendSquares(tasks, 4 * VISIBILITY_TIMEOUT))) as Sent;
}

async function sentinel(...command: string[]): Promise<string[]> {
  const cli = `redis-cli -p 26379 -a "$SENTINEL_PASSWORD" --no-auth-warning sentinel ${command.join(' ')}`;
  return (await exec(NAMESPACE, 'sentinel-0', ['sh', '-c', cli])).trim().split('\n');
}

async function master() {
  const [address] = await sentinel('get-master-addr-by-name', 'mymaster');
  const pod = (await pods(NAMESPACE, 'app=redis')).find(({ status }) => status!.podIP === address && status!.phase === 'Running');
  if (!pod) throw new Error(`the master, ${address}, is no pod that runs`);
  return pod;
}

const test = testIn(NAMESPACE, NODE_ACCESS);

test('100 tasks have their results', async () => {
  await eventually('the servers are ready', 120, () => Promise.all([readyPods(NAMESPACE, 'app=redis', REDISES), readyPods(NAMESPACE, 'app=sentinel', SENTINELS)]));
  await eventually('the workers and Beat are ready', 400, () => Promise.all([
    readyPods(NAMESPACE, 'component=worker', 2), readyPods(NAMESPACE, 'component=beat', 1),
  ]));
  await eventually('Sentinel knows all servers', 60, async () => {
    expect(await sentinel('ckquorum', 'mymaster')).toEqual([expect.stringMatching(new RegExp(`^OK ${SENTINELS} usable`))]);
    expect((await sentinel('replicas', 'mymaster')).filter((line) => line === 'ip')).toHaveLength(REDISES - 1);
  });
  expect(await send(100)).toMatchObject({ right: 100, again: [] });
});

test(`${TASKS} tasks, ${FAILOVERS} failovers, 0 lost`, async () => {
  const sending = send(TASKS);
  for (let failover = 1; failover <= FAILOVERS; failover++) {
    const before = await master();
    await eventually('tasks are running', 60, async () => {
      const running = await exec(NAMESPACE, before.metadata!.name!, ['sh', '-c', 'redis-cli -a "$REDIS_PASSWORD" --no-auth-warning hlen unacked']);
      expect(Number(running)).toBeGreaterThan(0);
    });
    const killed = Date.now();
    await signal(before, 'KILL', NODE_ACCESS);
    await eventually('there is another master', 60, async () => expect((await master()).metadata!.uid).not.toBe(before.metadata!.uid));
    say(`failover ${failover}: ${before.metadata!.name} was killed, and ${Math.round((Date.now() - killed) / 1000)} s later there was another master`);
  }
  const { wrong, again } = await sending;
  expect(wrong).toEqual({});
  // Celery 5.7.0 with kombu 5.7.0 may end when its Redis goes: docs/health.md.
  const workers = await eventually('the workers are ready', 120, () => readyPods(NAMESPACE, 'component=worker', 2));
  say(`0 of ${TASKS} lost; sent again after ${JSON.stringify(again)}; restarts of workers: ${restarts(workers)}`);
  await eventually('no message is left', 3 * VISIBILITY_TIMEOUT, async () => {
    const left = await kubectl(['exec', '-n', NAMESPACE, (await master()).metadata!.name!, '--', 'sh', '-c',
      'redis-cli -a "$REDIS_PASSWORD" --no-auth-warning eval \'return redis.call("llen", "celery") + redis.call("hlen", "unacked")\' 0']);
    expect(left.trim()).toBe('0');
  });
});
