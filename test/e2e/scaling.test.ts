import { Duration } from 'cdk8s';
import { Broker, CeleryApp, CeleryAppProps, CeleryBusyPodController, CeleryWorker, QueueTrigger, ResultBackend, WorkerScaling } from '../../src';
import { celeryApp } from '../fixtures';
import { render } from '../manifests';
import { kubectl, say } from './harness';

/** What the API server and the definitions of custom resources on the cluster accept. Nothing is made. */
const BEHAVIOR = {
  scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  scaleDown: { stabilizationWindowSeconds: 3600, selectPolicy: 'Min', policies: [{ type: 'Pods', value: 2, periodSeconds: 1800 }] },
};

const SECRET = { name: 'broker', key: 'url' };
const authentication = { secretTargetRef: [{ parameter: 'password', name: 'broker', key: 'password' }] };
const read = (queueTrigger: QueueTrigger, transport: string): Partial<CeleryAppProps> => ({
  broker: Broker.fromSecret(SECRET, { transport, queueTrigger }), resultBackend: ResultBackend.none(),
});

test.each<[string, WorkerScaling, Partial<CeleryAppProps>]>([
  ['by CPU', WorkerScaling.cpu({ maxReplicas: 4 }), {}],
  ['by CPU, with all options', WorkerScaling.cpu({ minReplicas: 2, maxReplicas: 4, averageUtilization: 150, behavior: BEHAVIOR }), {}],
  ['by the queues of Redis', WorkerScaling.queueLength({ maxReplicas: 4 }), {}],
  ['by them, with all options', WorkerScaling.queueLength({
    minReplicas: 0, maxReplicas: 4, tasksPerReplica: 7, pollingInterval: Duration.seconds(1), cooldownPeriod: Duration.hours(1), behavior: BEHAVIOR,
    fallback: { replicas: 2 },
  }), read({ type: 'redis', metadata: { address: 'redis.example.com:6379', enableTLS: 'true' }, authentication }, 'rediss')],
  ['by queues of RabbitMQ', WorkerScaling.queueLength({ maxReplicas: 4 }), read({
    type: 'rabbitmq', metadata: { protocol: 'http' }, authentication: { secretTargetRef: [{ parameter: 'host', name: 'broker', key: 'management' }] },
  }, 'amqp')],
  ['by queues of SQS', WorkerScaling.queueLength({ maxReplicas: 4 }), read({
    type: 'aws-sqs-queue', metadata: { awsRegion: 'eu-central-1' }, authentication: { podIdentity: { provider: 'aws' } },
  }, 'sqs')],
])('%s', async (_what, scaling, app) => {
  if (!await kubectl(['get', 'crd', 'scaledobjects.keda.sh']).catch(() => undefined)) {
    say('left out: KEDA is not on this cluster');
    return;
  }
  const objects = JSON.parse(render((chart) => {
    const celery: CeleryApp = celeryApp(chart, app);
    new CeleryWorker(chart, 'worker', { celery, scaling });
    new CeleryBusyPodController(chart, 'busy-pods', { celery });
  })) as { metadata: { namespace: string } }[];
  for (const { metadata } of objects) metadata.namespace = 'default';
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const applied = await kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text);
  expect(applied.trim().split('\n')).toHaveLength(objects.length);
});
