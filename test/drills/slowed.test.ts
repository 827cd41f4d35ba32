import { Duration } from 'cdk8s';
import { CeleryWorker, RedisBroker, TaskDelivery, WorkerPool } from '../../src';
import { celeryApp, deployed, namespace, SMALL } from './drill';
import { eventually, readyPods, say, testIn } from '../e2e/harness';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * One pod of four takes ten times as long for its tasks. With nothing reserved for it in advance the last task ends not much later than it would if
 * the tasks were shared out perfectly; with Celery's own prefetch the slow pod sits on what others could have done.
 */
const NAMESPACE = 'celery-drill-slowed';
const recorder = new Recorder(NAMESPACE);
const PODS = 4;
const SLOTS = 2;
const FACTOR = 10;
const SENT = 200;
const SECONDS = 2;

/** Rates of tasks add up. */
const IDEAL = SENT / ((PODS - 1) * SLOTS / SECONDS + SLOTS / (SECONDS * FACTOR));

const TASKS = `${RECORDED_TASKS}

@app.task
def uneven(run, number, seconds, factor):
    """Takes several times as long on the pod that is named as slow."""
    note(run, number, 'began')
    time.sleep(seconds * (factor if records.get('slow') == gethostname().encode() else 1))
    note(run, number, 'ended')
`;

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  const redis = new RedisBroker(chart, 'redis');
  for (const [database, [name, prefetchMultiplier]] of Object.entries({ fair: undefined, greedy: 4 }).entries()) {
    const celery = celeryApp(chart, { name, broker: redis.onDatabase(database), files: { 'tasks.py': TASKS }, delivery: TaskDelivery.atLeastOnce(), resources: SMALL });
    new CeleryWorker(chart, `${name}-worker`, {
      celery, replicas: PODS, pool: WorkerPool.prefork({ concurrency: SLOTS }), longestTask: Duration.minutes(1), prefetchMultiplier,
    });
  }
}));

/** How many times the ideal passes from the first beginning to the last end. */
async function run(app: string): Promise<number> {
  const pods = await eventually(`${PODS} pods are ready`, 300, () => readyPods(NAMESPACE, `app.kubernetes.io/instance=${app}-worker`, PODS));
  await recorder.redis('SET', 'slow', pods[0].metadata!.name!);
  await recorder.send(pods[1].metadata!.name!, app, Array.from({ length: SENT }, () => ({ task: 'uneven', args: [SECONDS, FACTOR] })));
  expect(await recorder.settled(app, SENT, 120)).toEqual({ lost: 0, twice: 0, again: 0 });
  const entries = await recorder.entries(app);
  const took = entries.at(-1)!.at - entries[0].at;
  const ofSlow = entries.filter(({ host, what }) => what === 'ended' && host === pods[0].metadata!.name).length;
  say(`${app}: ${SENT} tasks in ${took.toFixed(1)} s, ${(took / IDEAL).toFixed(2)} of the ideal ${IDEAL.toFixed(1)} s; the slow pod has done ${ofSlow}`);
  return took / IDEAL;
}

const test = testIn(NAMESPACE);

test('one pod of four is slowed ten times: the last task ends within 1.5 of the ideal', async () => {
  expect(await run('fair')).toBeLessThan(1.5);
});

test('the same with the prefetch multiplier 4: the tasks that it has reserved are late', async () => {
  expect(await run('greedy')).toBeGreaterThan(1.5);
});
