import { CeleryBeat, CeleryWorker, Pool, RedisStorage } from '../../src';
import { empty } from '../e2e/deployment';
import { always, cutOff, eventually, kubectl, logs, python, readyPods, restarts, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, podsOf, ranOn, TASKS } from './drill';

/** Redis is away for ten minutes, while tasks run, on every pool; Beat has something to send every five seconds. */
const NAMESPACE = 'celery-drill-outage';
const NODE_ACCESS = 'celery-drill-outage-node';
const OUTAGE = 600;
/** Celery waits for up to 30 seconds between two tries to reconnect. */
const AGAIN = 45;
const POOLS = [Pool.PREFORK, Pool.THREADS, Pool.GEVENT, Pool.SOLO];

const WORKERS = POOLS.map((pool) => `celery-${pool}`);
const ALL = [...WORKERS, 'celery-beat'];
const FROM = 'deploy/celery-beat';

// A result that is to outlive an outage is the application's to keep: with the defaults Celery gives up after some tries.
const SCHEDULE = `
app.conf.result_backend_always_retry = True
app.conf.result_backend_max_retries = 1000
app.conf.beat_schedule = {'tick': {'task': 'tasks.where', 'schedule': 5.0, 'options': {'queue': 'prefork'}}}
`;

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart, { files: { 'tasks.py': TASKS + SCHEDULE }, redisStorage: RedisStorage.claim() });
  for (const pool of POOLS) new CeleryWorker(chart, pool, { celery, pool, queues: [pool] });
  new CeleryBeat(chart, 'beat', { celery });
}), empty(NODE_ACCESS));

/** How many tasks Beat says that it has sent. */
async function sentByBeat(): Promise<number> {
  return (await logs(NAMESPACE, 'component=beat', 'beat')).split('Sending due task tick').length - 1;
}

async function allRestarts(): Promise<number> {
  return restarts((await Promise.all(ALL.map((name) => podsOf(NAMESPACE, name)))).flat());
}

/** Ids that workers have received more than once. */
async function doubled(): Promise<string[]> {
  const received: string[] = (await logs(NAMESPACE, 'component=worker', 'worker')).match(/(?<=Task tasks\.\w+\[)\S+(?=\] received)/g) ?? [];
  return received.filter((id, index) => received.indexOf(id) !== index);
}

/** The network comes back, and connections that were open are still there, or are not. */
const CUT = 60;
const RETURN = 180;

testIn(NAMESPACE, NODE_ACCESS)('a minute in which packets to Redis are dropped: all work again within three minutes, and no id is doubled', async () => {
  await allReady(NAMESPACE, ALL);
  const before = await allRestarts();
  const [redis] = await podsOf(NAMESPACE, 'redis');
  await Promise.all([
    cutOff(redis, CUT, NODE_ACCESS),
    eventually('no worker is ready', CUT, async () => {
      for (const name of WORKERS) await readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}`, 1).then(() => { throw new Error(`${name} is`); }, () => undefined);
    }),
  ]);
  expect(await allRestarts()).toBe(before);
  const back = Date.now();
  const seconds = (): number => Math.round((Date.now() - back) / 1000);
  const sent = await sentByBeat();
  await Promise.all([
    ...POOLS.map(async (pool) => {
      await eventually(`${pool} works`, RETURN, () => ranOn(NAMESPACE, FROM, pool, { seconds: 10 }));
      say(`${pool}: a result ${seconds()} s after the network was back`);
    }),
    eventually('Beat sends again', RETURN, async () => expect(await sentByBeat()).toBeGreaterThan(sent)),
  ]);
  say(`${await allRestarts() - before} restarts`);
  await allReady(NAMESPACE, ALL, RETURN);
  expect(await doubled()).toEqual([]);
});

testIn(NAMESPACE)('ten minutes without Redis: nothing is restarted, and all consume within 45 seconds of its return', async () => {
  await allReady(NAMESPACE, ALL);
  const before = await allRestarts();
  const napping = (await python(NAMESPACE, FROM, `
from tasks import nap
for queue in ${JSON.stringify(POOLS)}: print(nap.apply_async((120,), queue=queue))`)).split('\n');
  await eventually('each worker runs a task', 30, async () => {
    const running = await logs(NAMESPACE, 'component=worker', 'worker');
    expect(running.match(/Task tasks.nap\[\S+ received/g)?.length).toBeGreaterThanOrEqual(POOLS.length);
  });

  await kubectl(['scale', 'deployment/redis', '--replicas=0', '-n', NAMESPACE]);
  await eventually('no worker is ready', 60, async () => {
    for (const name of WORKERS) await readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}`, 1).then(() => { throw new Error(`${name} is`); }, () => undefined);
  });
  await always('nothing is restarted', OUTAGE, async () => expect(await allRestarts()).toBe(before));
  const sent = await sentByBeat();

  await kubectl(['scale', 'deployment/redis', '--replicas=1', '-n', NAMESPACE]);
  await eventually('Redis is back', 60, () => readyPods(NAMESPACE, 'component=redis', 1));
  const back = Date.now();
  const seconds = (): number => Math.round((Date.now() - back) / 1000);
  await Promise.all(POOLS.map(async (pool) => {
    await ranOn(NAMESPACE, FROM, pool, { seconds: AGAIN });
    say(`${pool}: a result ${seconds()} s after Redis was back`);
  }));
  await eventually('the tasks that ended while Redis was away have their results', 60, async () => {
    const states = await python(NAMESPACE, FROM, `
from tasks import app
for task in ${JSON.stringify(napping)}: print(app.AsyncResult(task).state)`);
    expect(states.split('\n')).toEqual(POOLS.map(() => 'SUCCESS'));
  });
  await eventually('Beat sends again', AGAIN, async () => expect(await sentByBeat()).toBeGreaterThan(sent));
  await allReady(NAMESPACE, ALL, 60);
  expect(await allRestarts()).toBe(before);
});
