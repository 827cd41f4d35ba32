import { CeleryBeat, CeleryWorker, TaskDelivery, WorkerPool } from '../../src';
import { waiting } from '../../src/celery/sizing';
import { python, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace } from './drill';

/**
 * The model of docs/sizing.md against a cluster: random arrivals, and exponential task times that only sleep. The CPU requests keep the slots as
 * fast as one while the node has other work.
 */
const NAMESPACE = 'celery-drill-sizing';
const [REPLICAS, CONCURRENCY] = [2, 4];
const SLOTS = REPLICAS * CONCURRENCY;
const SECONDS = 0.5;
const TASKS = 800;

const CODE = `\
import time

from celery import Celery

app = Celery('tasks')


@app.task
def waited(sent, seconds):
    begun = time.time()
    time.sleep(seconds)
    return begun - sent
`;

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart, { files: { 'tasks.py': CODE }, delivery: TaskDelivery.atLeastOnce() });
  new CeleryWorker(chart, 'worker', {
    celery, replicas: REPLICAS, prefetchMultiplier: 1, pool: WorkerPool.prefork({ concurrency: CONCURRENCY }),
    resources: { requests: { cpu: '400m', memory: '256Mi' }, limits: { memory: '512Mi' } },
  });
  new CeleryBeat(chart, 'beat', { celery, resources: { requests: { cpu: '200m', memory: '128Mi' }, limits: { memory: '256Mi' } } });
}));

/** Sends tasks at a rate, and prints how long they waited on average, and at most 95 of 100 of them. */
const send = (rate: number): string => `
import random, time
from tasks import waited
at = time.monotonic()
sent = []
for _ in range(${TASKS}):
    # From the moment at which it was due: a sender that is late sends at once.
    at += random.expovariate(${rate})
    time.sleep(max(0, at - time.monotonic()))
    sent.append(waited.delay(time.time(), random.expovariate(${1 / SECONDS})))
times = sorted(result.get(timeout=300) for result in sent)
print(sum(times) / len(times), times[int(len(times) * 0.95)])`;

testIn(NAMESPACE)('tasks wait no longer than the model says, and a half more', async () => {
  await allReady(NAMESPACE, ['celery-beat']);
  await python(NAMESPACE, 'deploy/celery-beat', `from tasks import waited\n[one.get(timeout=300) for one in [waited.delay(0, 1) for _ in range(${2 * SLOTS})]]`);
  for (const busy of [0.7, 0.8, 0.9]) {
    const rate = busy * SLOTS / SECONDS;
    const model = waiting({ rate, seconds: SECONDS, variation: 1 }, SLOTS, 0.95);
    const [mean, most] = (await python(NAMESPACE, 'deploy/celery-beat', send(rate))).split(' ').map(Number);
    say(`${100 * busy} % busy: mean ${model.mean.toFixed(3)} s by the model, ${mean.toFixed(3)} s measured; 95 of 100 ${model.atMost.toFixed(2)} s, ${most.toFixed(2)} s`);
    // A tenth of a second is what a busy node takes to hand a task over.
    expect(mean).toBeLessThan(1.5 * model.mean + 0.1);
    expect(most).toBeLessThan(1.5 * model.atMost + 0.1);
  }
});
