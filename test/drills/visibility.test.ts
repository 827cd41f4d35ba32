import { App, Chart, Duration } from 'cdk8s';
import { CeleryWorker, RedisBroker, rules, TaskDelivery, WorkerPool } from '../../src';
import { eventually, readyPods, testIn } from '../e2e/harness';
import { celeryApp, deployed, namespace } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * Tasks that take longer than the visibility timeout of Redis: synth refuses it; where the check is suppressed they run twice at the same time.
 */
const NAMESPACE = 'celery-drill-visibility';
const recorder = new Recorder(NAMESPACE);
const VISIBILITY = 30;
/** kombu looks for what it may deliver again every 100 seconds. */
const TASK = 150;
const LONGEST = 300;
const SENT = 100;

/** Workers with room for what is delivered a second time. */
function define(chart: Chart, { name, visibility, suppressed }: { name: string; visibility?: number; suppressed?: boolean }): void {
  const celery = celeryApp(chart, {
    name, broker: new RedisBroker(chart, `redis-${name}`), files: { 'tasks.py': RECORDED_TASKS },
    resources: { requests: { cpu: '10m', memory: '256Mi' }, limits: { memory: '2Gi' } },
    delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: visibility === undefined ? undefined : Duration.seconds(visibility) }),
  });
  const worker = new CeleryWorker(chart, `${name}-worker`, { celery, replicas: 2, pool: WorkerPool.prefork({ concurrency: 60, timeLimit: Duration.seconds(LONGEST) }) });
  if (suppressed) rules.Rules.of(worker).suppress('delivery/visibility-timeout-too-short', 'the guard that is removed');
}

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  define(chart, { name: 'fits' });
  define(chart, { name: 'short', visibility: VISIBILITY, suppressed: true });
}));

async function run(app: string) {
  await eventually('two workers are ready', 300, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${app}-worker`, 2));
  await recorder.send(`deploy/${app}-worker`, app, Array.from({ length: SENT }, () => ({ args: [TASK] })));
  return recorder.settled(app, SENT, TASK + 30);
}

test('one that is not longer than the time limit is refused', () => {
  const app = new App();
  define(new Chart(app, 'refused'), { name: 'refused', visibility: VISIBILITY });
  expect(() => app.synthYaml()).toThrow(/delivery\/visibility-timeout-too-short/);
});

const drill = testIn(NAMESPACE);

drill('that of Celery, which is longer: no task runs twice', async () => {
  expect(await run('fits')).toEqual({ lost: 0, twice: 0, again: 0 });
});

drill('with the check suppressed tasks run twice', async () => {
  expect((await run('short')).again).toBeGreaterThan(0);
});
