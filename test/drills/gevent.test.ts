import { Duration } from 'cdk8s';
import { CeleryWorker, RedisBroker, TaskDelivery, WorkerPool } from '../../src';
import { say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, SMALL } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/** The pool gevent, concurrency 100, with tasks that wait: 100 of them at the same time, and 10 000 in all. DRILL_IMAGE needs gevent. */
const NAMESPACE = 'celery-drill-gevent';
const recorder = new Recorder(NAMESPACE);
const CONCURRENCY = 100;
const NAP = 10;

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  const redis = new RedisBroker(chart, 'redis');
  const pools = { greenlets: WorkerPool.gevent({ concurrency: CONCURRENCY }), processes: WorkerPool.prefork({ concurrency: 2 }) };
  for (const [database, [name, pool]] of Object.entries(pools).entries()) {
    const celery = celeryApp(chart, { name, broker: redis.onDatabase(database), files: { 'tasks.py': RECORDED_TASKS }, delivery: TaskDelivery.atLeastOnce(), resources: SMALL });
    new CeleryWorker(chart, `${name}-worker`, { celery, pool, longestTask: Duration.minutes(1) });
  }
}));

async function send(app: string, run: string, count: number, seconds: number): Promise<void> {
  await allReady(NAMESPACE, [`${app}-worker`]);
  await recorder.send(`deploy/${app}-worker`, run, Array.from({ length: count }, () => ({ args: [seconds] })));
}

/** How many have run at the same time. */
async function atOnce(run: string): Promise<number> {
  let [now, most] = [0, 0];
  for (const { what } of await recorder.entries(run)) {
    now += what === 'began' ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

const test = testIn(NAMESPACE);

test(`${CONCURRENCY} tasks wait at the same time`, async () => {
  await send('greenlets', 'hundred', CONCURRENCY, NAP);
  expect(await recorder.settled('hundred', CONCURRENCY)).toEqual({ lost: 0, twice: 0, again: 0 });
  expect(await atOnce('hundred')).toBe(CONCURRENCY);
});

test('the same with the pool prefork: two at a time', async () => {
  await send('processes', 'prefork', CONCURRENCY, 0.2);
  expect(await recorder.settled('prefork', CONCURRENCY)).toEqual({ lost: 0, twice: 0, again: 0 });
  expect(await atOnce('prefork')).toBe(2);
});

test('10 000 tasks: none is lost, none runs twice, and the worker is well', async () => {
  const count = 10_000;
  await send('greenlets', 'many', count, 1);
  expect(await recorder.settled('many', count, 60, 1200)).toEqual({ lost: 0, twice: 0, again: 0 });
  const entries = await recorder.entries('many');
  say(`${count} tasks of 1 s in ${(entries.at(-1)!.at - entries[0].at).toFixed(0)} s, ${await atOnce('many')} at the same time`);
  await allReady(NAMESPACE, ['greenlets-worker'], 30);
});
