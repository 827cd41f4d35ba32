import { ApiObject, Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryBeat, CeleryNetwork, CeleryWorker, RedisBroker, ResultBackend, TaskDelivery, WorkerPool, WorkerScaling,
} from '../../src';
import { eventually, python, say, testIn } from '../e2e/harness';
import { allReady, deployed, drillRuntime, namespace, TASKS } from './drill';
import { FAST, Keda, MINUTE, SMALL } from './keda';

/**
 * SQS, by the server of moto, with results in Redis, scaled by KEDA, and with a closed network. It needs KEDA in the namespace `keda`. DRILL_IMAGE
 * names an image with celery[redis,sqs], MOTO_IMAGE one with moto[server]; else both are installed as a pod starts.
 */
const NAMESPACE = 'celery-drill-sqs';
const MOTO = 'moto[server]==5.2.5';
const { MOTO_IMAGE } = process.env;
const PREFIX = 'drill-';
const WORKER = 'celery-worker';

const CODE = `${TASKS}

@app.task
def square(number):
    return number * number
`;

/** A server that speaks the protocol of SQS. */
function moto(chart: Chart): string {
  const labels = { app: 'moto' };
  new ApiObject(chart, 'moto', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'moto' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          // MOTO_PORT would be tcp://...
          enableServiceLinks: false,
          securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'moto', image: MOTO_IMAGE ?? 'python:3.11-slim', env: [{ name: 'PYTHONPATH', value: '/tmp/moto' }, { name: 'HOME', value: '/tmp' }],
            command: ['sh', '-c', `${MOTO_IMAGE ? '' : `pip install --quiet --target /tmp/moto '${MOTO}' && `}exec python -m moto.server -H 0.0.0.0 -p 5000`],
            readinessProbe: { tcpSocket: { port: 5000 }, periodSeconds: 2 },
            resources: { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
        },
      },
    },
  });
  new ApiObject(chart, 'moto-service', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'moto' }, spec: { selector: labels, ports: [{ port: 5000 }] } });
  return `http://moto.${NAMESPACE}.svc.cluster.local:5000`;
}

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'keys', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'aws' }, stringData: { id: 'AKIADRILL', secret: 'p@ss:w/#?[]%+ "w\'ord' } });
  const results = new RedisBroker(chart, 'redis');
  results.admitNamespace(NAMESPACE);
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: Broker.fromSqs({
      region: 'eu-central-1', endpoint: moto(chart), queueNamePrefix: PREFIX, visibilityTimeout: Duration.minutes(2),
      accessKeyId: { name: 'aws', key: 'id' }, secretAccessKey: { name: 'aws', key: 'secret' },
    }),
    resultBackend: ResultBackend.fromRedis({ host: results.host }),
    code: AppCode.fromInline({ 'tasks.py': CODE }),
    runtime: drillRuntime(),
    delivery: TaskDelivery.atLeastOnce(),
    network: CeleryNetwork.closed(),
    resources: SMALL,
  });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryWorker(chart, 'worker', {
    celery, pool: WorkerPool.prefork({ concurrency: 2 }), prefetchMultiplier: 1, longestTask: MINUTE,
    scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 3, tasksPerReplica: 2, cooldownPeriod: MINUTE, behavior: FAST }),
  });
}));

const send = (code: string): Promise<string> => python(NAMESPACE, 'deploy/celery-beat', `from tasks import *\n${code}`);
const keda = new Keda(NAMESPACE);

/** The messages of the queue that wait, and those that are in flight. */
async function inSqs(): Promise<[number, number]> {
  const text = await send(`
with app.connection() as connection:
    client = connection.default_channel.sqs()
    url = client.get_queue_url(QueueName='${PREFIX}celery')['QueueUrl']
    got = client.get_queue_attributes(QueueUrl=url, AttributeNames=['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'])['Attributes']
    print(got['ApproximateNumberOfMessages'], got['ApproximateNumberOfMessagesNotVisible'])`);
  return text.split(' ').map(Number) as [number, number];
}

testIn(NAMESPACE)('100 tasks have their results', async () => {
  await allReady(NAMESPACE, ['redis', 'celery-beat']);
  await eventually('moto answers, and the worker has made its queue', 300, inSqs);
  const start = Date.now();
  expect(await send(`
sent = [square.delay(number) for number in range(100)]
print(sum(result.get(timeout=400) == number * number for number, result in enumerate(sent)))`)).toBe('100');
  say(`after ${((Date.now() - start) / 1000).toFixed(1)} s`);
});

testIn(NAMESPACE)('KEDA counts what waits and what is in flight, from zero up and back', async () => {
  await keda.scaled(WORKER, (count) => count === 0, 420);
  const counts = (number: number, seconds?: number): Promise<void> => keda.counts(WORKER, async () => {
    const [waiting, inFlight] = await inSqs();
    return waiting + inFlight;
  }, number, seconds);
  await counts(0);
  await send('for _ in range(6): nap.delay(50)');
  await keda.scaled(WORKER, (count) => count > 0, 60);
  await keda.scaled(WORKER, (count) => count === 3, 120);
  await eventually('all run: six in flight, none waits, and KEDA says six', 120, async () => {
    expect([await inSqs(), await keda.number(WORKER)]).toEqual([[0, 6], 6]);
  });
  await counts(0, 240);
  await keda.scaled(WORKER, (count) => count === 0, 420);
});
