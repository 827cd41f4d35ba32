import { Duration } from 'cdk8s';
import { CeleryWorker, RedisBroker, TaskDelivery, WorkerPool } from '../../src';
import { requeue } from '../../src/cli/requeue';
import { always, eventually, exec, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, restarted, signalMain, SMALL } from './drill';
import { Recorder, RECORDED_TASKS } from './record';

/**
 * The pool gevent, concurrency 100, with tasks that wait: 100 of them at the same time, and 10 000 in all; each is acknowledged, or it would run
 * again after the visibility timeout. With as many connections as kombu has by itself some are not. DRILL_IMAGE needs gevent.
 */
const NAMESPACE = 'celery-drill-gevent';
const recorder = new Recorder(NAMESPACE);
const CONCURRENCY = 100;
const NAP = 10;
const VISIBILITY = 30;

const TASKS = `${RECORDED_TASKS}

@app.task(ignore_result=True)
def together(run, number, at):
    """Ends, and so is acknowledged, when all the others are."""
    note(run, number, 'began')
    note(run, number, 'ended')
    time.sleep(max(0, at - time.time()))
`;

const greenlets = WorkerPool.gevent({ concurrency: CONCURRENCY });
const APPS: Record<string, { pool: WorkerPool; settings?: object; visibilityTimeout?: Duration }> = {
  greenlets: { pool: greenlets },
  few: { pool: greenlets, settings: { broker_transport_options: { max_connections: 10 } } },
  processes: { pool: WorkerPool.prefork({ concurrency: 2 }) },
  dead: { pool: greenlets, visibilityTimeout: Duration.seconds(VISIBILITY) },
};

deployed(namespace(NAMESPACE, (chart) => {
  recorder.define(chart);
  const redis = new RedisBroker(chart, 'redis');
  for (const [database, [name, { pool, settings, visibilityTimeout }]] of Object.entries(APPS).entries()) {
    const celery = celeryApp(chart, {
      name, broker: redis.onDatabase(database), files: { 'tasks.py': TASKS }, settings, resources: SMALL,
      delivery: TaskDelivery.atLeastOnce({ visibilityTimeout }),
    });
    new CeleryWorker(chart, `${name}-worker`, { celery, pool, longestTask: Duration.seconds(20) });
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

/** Runs tasks that end at the same moment, and returns how many were not acknowledged. */
async function unacknowledged(app: string, run = `${app}-together`): Promise<number> {
  await allReady(NAMESPACE, [`${app}-worker`]);
  const at = Date.now() / 1000 + 30;
  await recorder.send(`deploy/${app}-worker`, run, Array.from({ length: CONCURRENCY }, () => ({ task: 'together', args: [at] })));
  expect(await recorder.settled(run, CONCURRENCY)).toEqual({ lost: 0, twice: 0, again: 0 });
  const database = Object.keys(APPS).indexOf(app);
  const count = async (): Promise<number> => Number(await exec(NAMESPACE, 'deploy/redis', ['redis-cli', '-n', `${database}`, 'HLEN', 'unacked']));
  const left = await eventually('all is acknowledged', at + 20 - Date.now() / 1000, async () => expect(await count()).toBe(0)).then(() => 0, count);
  say(`${app}: ${left} of ${CONCURRENCY} tasks are not acknowledged, and would run again`);
  return left;
}

const test = testIn(NAMESPACE);

test(`${CONCURRENCY} tasks wait at the same time`, async () => {
  await send('greenlets', 'hundred', CONCURRENCY, NAP);
  expect(await recorder.settled('hundred', CONCURRENCY)).toEqual({ lost: 0, twice: 0, again: 0 });
  expect(await atOnce('hundred')).toBe(CONCURRENCY);
});

test('tasks that end at the same moment are acknowledged', async () => {
  expect(await unacknowledged('greenlets')).toBe(0);
});

test('the same with the connections that kombu has by itself: some are not', async () => {
  expect(await unacknowledged('few')).toBeGreaterThan(0);
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
  expect(await unacknowledged('greenlets', 'after-many')).toBe(0);
});

test('a worker that dies: no worker of this pool delivers its tasks again, and requeue does', async () => {
  const [dead] = await allReady(NAMESPACE, ['dead-worker']);
  const count = 20;
  await recorder.send('deploy/dead-worker', 'dead', Array.from({ length: count }, () => ({ args: [300, 1] })));
  await recorder.running('dead', count);
  await signalMain(NAMESPACE, dead, 'SIGKILL');
  await restarted(dead, 60);
  await allReady(NAMESPACE, ['dead-worker'], 120);
  // What delivers again elsewhere does so within this time.
  await always('none has begun again', VISIBILITY + 120, async () => expect((await recorder.outcome('dead', count)).again).toBe(0));
  await eventually('all are put back', 600, async () => {
    let said = '';
    const print = (text: string): void => { said += text; };
    const code = await requeue(['-n', NAMESPACE, '--app', 'dead', '--this-namespace', '--yes'], print, print);
    say(`requeue exits with ${code}\n${said}`);
    expect(said).toContain(`${count} of ${count} restored`);
  });
  expect(await recorder.settled('dead', count)).toEqual({ lost: 0, twice: 0, again: count });
});
