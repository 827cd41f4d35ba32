import { join } from 'path';
import { Chart, ChartProps } from 'cdk8s';
import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } from 'cdk8s-celery';
import { Construct } from 'constructs';

/** Redis, workers, Beat and Flower of the application in app/. */
export class CeleryChart extends Chart {
  public constructor(scope: Construct, id: string, props: ChartProps) {
    super(scope, id, props);
    const celery = new CeleryApp(this, 'celery', {
      app: 'tasks',
      broker: new RedisBroker(this, 'redis'),
      code: AppCode.fromDirectory(join(__dirname, 'app')),
      runtime: PythonRuntime.install({ celery: '{{celery}}' }),
      settings: { result_expires: 3600 },
    });
    new CeleryWorker(this, 'worker', { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 2 }) });
    new CeleryBeat(this, 'beat', { celery });
    new CeleryFlower(this, 'flower', { celery });
  }
}
