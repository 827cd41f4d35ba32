import { CeleryBeat, CeleryWorker, WorkerPool } from '../../src';
import { always, eventually, events, pods, python, restarts, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace } from './drill';

/** Workers that do nothing but work, and have no moment for a probe: none is restarted. */
const NAMESPACE = 'celery-drill-busy';
const FROM = 'deploy/celery-beat';

/** By pool: what each worker gets. */
const LOADS = {
  solo: 'nap.apply_async((300,), queue=\'solo\')',
  threads: 'for _ in range(4): burn.apply_async((120,), queue=\'threads\')',
  gevent: 'for _ in range(3): burn.apply_async((90,), queue=\'gevent\')',
  prefork: 'for _ in range(10_000): nap.apply_async((0.05,), queue=\'prefork\')',
};
const POOLS = Object.keys(LOADS) as (keyof typeof LOADS)[];
const WORKERS = POOLS.map((pool) => `celery-${pool}`);

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart);
  for (const pool of POOLS) new CeleryWorker(chart, pool, { celery, pool: WorkerPool[pool](), queues: [pool] });
  new CeleryBeat(chart, 'beat', { celery });
}));

testIn(NAMESPACE)('five minutes of long, of CPU-bound and of many tasks: 0 restarts, and no liveness probe fails', async () => {
  await allReady(NAMESPACE, WORKERS);
  for (const load of Object.values(LOADS)) {
    await python(NAMESPACE, FROM, `from tasks import *\nwith app.pool.acquire():\n    ${load}`);
  }
  await always('no worker is restarted', 330, async () => {
    expect(restarts(await pods(NAMESPACE, 'component=worker'))).toBe(0);
    expect((await events(NAMESPACE, 'Unhealthy')).filter(({ message }) => message!.startsWith('Liveness'))).toEqual([]);
  });
  await eventually('all queues are empty and all is ready', 300, async () => {
    expect(await python(NAMESPACE, FROM, `
from tasks import app
with app.connection() as connection:
    print(*[connection.default_channel.client.llen(queue) for queue in ${JSON.stringify(POOLS)}])`)).toBe('0 0 0 0');
    await allReady(NAMESPACE, WORKERS, 0);
  });
  expect(restarts(await pods(NAMESPACE, 'component=worker'))).toBe(0);
});
