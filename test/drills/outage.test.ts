import { CeleryBeat, CeleryWorker, RedisStorage, WorkerPool } from '../../src';
import { empty } from '../e2e/deployment';
import { always, cutOff, eventually, exec, kubectl, logs, python, readyPods, restarts, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, podsOf, ranOn, TASKS } from './drill';

/**
 * Redis is away for ten minutes, while tasks run, on every pool; Beat has something to send every second. And it is there, but for a
 * minute no packet reaches anybody.
 */
const NAMESPACE = 'celery-drill-outage';
const NODE_ACCESS = 'celery-drill-outage-node';
const OUTAGE = 600;
/** Celery waits for up to 30 seconds between two tries to reconnect. */
const AGAIN = 45;
const POOLS = ['prefork', 'threads', 'gevent', 'solo'] as const;

const WORKERS = POOLS.map((pool) => `celery-${pool}`);
const ALL = [...WORKERS, 'celery-beat'];
const FROM = 'deploy/celery-beat';

// A result that is to outlive an outage is the application's to keep: with the defaults Celery gives up after some tries.
const SCHEDULE = `
from celery import signals

app.conf.result_backend_always_retry = True
app.conf.result_backend_max_retries = 1000
app.conf.beat_schedule = {'tick': {'task': 'tasks.where', 'schedule': 5.0, 'options': {'queue': 'prefork'}}}
for pool in ${JSON.stringify(POOLS)}:
    app.conf.beat_schedule[pool] = {'task': 'tasks.publish', 'schedule': 1.0, 'args': (pool,), 'options': {'queue': pool}}


def note(what, task_id):
    with open('/tmp/ids', 'a') as file:
        file.write(f'{what} {task_id}\\n')


@signals.task_received.connect
def received(request, **_):
    note('received', request.id)


@signals.task_prerun.connect
def ran(task_id, **_):
    note('ran', task_id)


@app.task(bind=True)
def publish(self, pool):
    published.apply_async(queue=pool, task_id=f'{self.request.id}-published')


@app.task
def published():
    pass
`;

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart, { files: { 'tasks.py': TASKS + SCHEDULE }, redisStorage: RedisStorage.claim() });
  for (const pool of POOLS) new CeleryWorker(chart, pool, { celery, pool: WorkerPool[pool](), queues: [pool] });
  new CeleryBeat(chart, 'beat', { celery });
}), empty(NODE_ACCESS));

/** How many tasks Beat says that it has sent. */
async function sentByBeat(): Promise<number> {
  return (await logs(NAMESPACE, 'component=beat', 'beat')).split('Sending due task tick').length - 1;
}

async function allRestarts(): Promise<number> {
  return restarts((await Promise.all(ALL.map((name) => podsOf(NAMESPACE, name)))).flat());
}

/** What a worker has noted of its tasks; the file outlives its container. */
async function noted(pool: string): Promise<{ received: string[]; ran: string[] }> {
  const lines = (await exec(NAMESPACE, `deploy/celery-${pool}`, ['cat', '/tmp/ids'])).split('\n');
  const of = (what: string): string[] => lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.split(' ')[1]);
  return { received: of('received'), ran: of('ran') };
}

testIn(NAMESPACE, NODE_ACCESS)('a minute without packets: Beat, workers and what they publish are back within three, and no task is doubled', async () => {
  await allReady(NAMESPACE, ALL);
  await eventually('all publish', 60, async () => {
    for (const pool of POOLS) expect((await noted(pool)).ran.filter((id) => id.endsWith('-published')).length).toBeGreaterThan(3);
  });
  const [redis] = await readyPods(NAMESPACE, 'component=redis', 1);
  const before = await allRestarts();
  await cutOff(redis, 60, NODE_ACCESS);
  const back = Date.now();
  const seconds = (): number => Math.round((Date.now() - back) / 1000);
  expect(await allRestarts()).toBe(before);

  await Promise.all(POOLS.map(async (pool) => {
    const { ran } = await noted(pool);
    // More than Beat may have sent before: it sends, the worker receives, and what the task publishes is received as well.
    await eventually(`${pool} runs tasks of Beat, and what they publish`, 180, async () => {
      const fresh = (await noted(pool)).ran.slice(ran.length);
      expect(fresh.filter((id) => id.endsWith('-published')).length).toBeGreaterThanOrEqual(5);
    });
    say(`${pool}: works again ${seconds()} s after the packets passed again`);
  }));
  await allReady(NAMESPACE, ALL, 60);
  say(`restarts: ${await allRestarts() - before}`);
  for (const pool of POOLS) {
    const { received, ran } = await noted(pool);
    expect(received.filter((id, i) => received.indexOf(id) !== i)).toEqual([]);
    expect(ran.filter((id, i) => ran.indexOf(id) !== i)).toEqual([]);
  }
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
