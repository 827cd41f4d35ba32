import { ApiObject, Chart, Duration } from 'cdk8s';
import { CeleryWorker, CeleryWorkerProps, WorkerPool } from '../../../src';
import { celeryApp } from '../../fixtures';
import { refusals, render, synth } from '../../manifests';

// Autoscalers that users write around our Deployment.

type Scaler = (chart: Chart, worker: CeleryWorker) => void;

const hpa: Scaler = (chart, worker) => void new ApiObject(chart, 'hpa', {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: worker.deployment.name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: worker.deployment.name },
    minReplicas: 2,
    maxReplicas: 10,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
  },
});

const keda: Scaler = (chart, worker) => void new ApiObject(chart, 'keda', {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: worker.deployment.name },
  spec: {
    scaleTargetRef: { name: worker.deployment.name },
    minReplicaCount: 1,
    maxReplicaCount: 10,
    triggers: [{ type: 'redis', metadata: { address: 'redis.test.svc.cluster.local:6379', listName: 'celery', listLength: '5' } }],
  },
});

function scaled(scaler: Scaler, props: Partial<CeleryWorkerProps> = {}): (chart: Chart) => void {
  return (chart) => scaler(chart, new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), ...props }));
}

describe.each([['a HorizontalPodAutoscaler', hpa], ['a ScaledObject', keda]])('%s', (_what, scaler) => {
  let write: jest.SpyInstance;

  beforeEach(() => {
    write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => write.mockRestore());

  test.each<[string, Partial<CeleryWorkerProps>]>([
    ['a worker', {}],
    ['a worker with a time limit', { pool: WorkerPool.prefork({ timeLimit: Duration.hours(2) }) }],
  ])('works on %s without a patch and without a warning', (_of, props) => {
    const manifests = JSON.parse(render(scaled(scaler, props))) as { kind: string; metadata: { name: string }; spec: object }[];
    const deployment = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'celery-worker')!;
    expect(deployment.spec).not.toHaveProperty('replicas');
    expect(write).not.toHaveBeenCalled();
  });

  test('next to `replicas` is warned of: each apply would set the number back', () => {
    render(scaled(scaler, { replicas: 2 }));
    expect(write.mock.calls.join()).toContain('[scaling/replicas-fight-autoscaler]');
  });
});

test.each([0, 1, 2])('%d replicas are what is given', (replicas) => {
  expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), replicas })).get('Deployment', 'celery-worker').spec.replicas).toBe(replicas);
});

test('replicas that are no number are refused', () => {
  expect(refusals((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), replicas: NaN })))
    .toEqual(['[chart/worker] replicas: NaN is not a whole number of at least 0; give a whole number from 0 upwards']);
});
