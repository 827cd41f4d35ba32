import { CeleryBeat, CeleryWorker, RedisStorage } from '../../src';
import { empty } from '../e2e/deployment';
import { eventually, kubectl, pods, python, readyPods, restarts, say, signal, testIn } from '../e2e/harness';
import { celeryApp, deployed, namespace } from './drill';

/** 10 000 tasks, four workers, and Redis is killed five times: with acks late and an append-only file on a claim none is lost. */
const NAMESPACE = 'celery-drill-lost';
const NODE_ACCESS = 'celery-drill-lost-node';
const TASKS = 10_000;
const KILLS = 5;
const WORKERS = 4;
const FROM = 'deploy/celery-beat';

/** How long a message may be with a worker before another one gets it: what decides how soon a lost one is found. */
const VISIBILITY_TIMEOUT = 60;

const CODE = `\
import os
import time

import redis
from celery import Celery

app = Celery('tasks')
records = redis.Redis.from_url(os.environ['CELERY_BROKER_URL'], socket_timeout=5)


@app.task(ignore_result=True)
def record(number):
    time.sleep(0.2)
    while True:
        try:
            return records.rpush('records', number)
        except redis.RedisError:
            time.sleep(1)
`;

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart, {
    files: { 'tasks.py': CODE },
    redisStorage: RedisStorage.claim(),
    settings: { task_acks_late: true, broker_transport_options: { visibility_timeout: VISIBILITY_TIMEOUT } },
  });
  new CeleryWorker(chart, 'worker', { celery, replicas: WORKERS });
  new CeleryBeat(chart, 'beat', { celery });
}), empty(NODE_ACCESS));

/** How many of the tasks have run, and how many runs there were. */
async function recorded(): Promise<{ tasks: number; runs: number }> {
  const [tasks, runs] = (await python(NAMESPACE, FROM, `
from tasks import records
runs = records.lrange('records', 0, -1)
print(len(set(runs)), len(runs))`)).split(' ').map(Number);
  return { tasks, runs };
}

testIn(NAMESPACE, NODE_ACCESS)(`${TASKS} tasks, ${KILLS} kills of Redis, 0 lost`, async () => {
  await eventually('all workers are ready', 300, () => readyPods(NAMESPACE, 'component=worker', WORKERS));
  await python(NAMESPACE, FROM, `
from tasks import app, record
with app.producer_pool.acquire() as producer:
    for number in range(${TASKS}):
        record.apply_async((number,), producer=producer)`);

  for (let kill = 1; kill <= KILLS; kill++) {
    const { tasks } = await recorded();
    await eventually('some more tasks have run', 120, async () => expect((await recorded()).tasks).toBeGreaterThan(Math.min(tasks + 400, TASKS - 1)));
    const [redis] = await readyPods(NAMESPACE, 'component=redis', 1);
    say(`kill ${kill}: ${JSON.stringify(await recorded())}`);
    await signal(redis, 'KILL', NODE_ACCESS);
    await eventually('Redis has started again', 180, async () => {
      const [again] = await readyPods(NAMESPACE, 'component=redis', 1);
      expect(restarts([again])).toBe(kill);
    });
  }
  expect((await recorded()).tasks).toBeLessThan(TASKS);

  await eventually(`all ${TASKS} have run`, 900, async () => expect((await recorded()).tasks).toBe(TASKS));
  await eventually('no message is left', 3 * VISIBILITY_TIMEOUT, async () => {
    const left = await kubectl(['exec', 'deploy/redis', '-n', NAMESPACE, '--', 'redis-cli', 'eval', 'return redis.call("llen", "celery") + redis.call("hlen", "unacked")', '0']);
    expect(left.trim()).toBe('0');
  });
  const { runs } = await recorded();
  say(`0 of ${TASKS} lost; ${runs - TASKS} further runs, by redelivery`);
  expect(restarts(await pods(NAMESPACE, 'component=worker'))).toBe(0);
});
