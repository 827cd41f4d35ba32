import { ApiObject } from 'cdk8s';
import { AppCode, CeleryApp, CeleryJob, CeleryWorker, PythonRuntime, RabbitMqBroker, ResultBackend, WorkerPool } from '../../src';
import { eventually, exec, logs, readyPods, restarts, say, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { deployed, namespace, SMALL, SQUARE } from './drill';

/**
 * Quorum queues, with tasks that have a countdown: a worker of two processes runs the others meanwhile, in the default queue and in one that the app
 * declares. With `task_default_exchange_type: 'direct'` it runs none until the countdowns are over. Needs the image rabbitmq:3.10.8.
 */
const NAMESPACE = 'celery-drill-countdown';
const COUNTDOWN = 60;
/** By the name of the app and of its default queue. */
const VERSIONS = { newest: NEWEST, before: '5.5.3', direct: NEWEST } as const;
type Name = keyof typeof VERSIONS;
const queuesOf = (name: string): string[] => name === 'direct' ? [name] : [name, `${name}-mail`];

const measure = (queue: string): string => `
import json, time
from tasks import square
square.apply_async((1,), queue='${queue}').get(timeout=400)
began = time.time()
later = [square.apply_async((number,), queue='${queue}', countdown=${COUNTDOWN}) for number in range(4)]
time.sleep(3)
sent = [square.apply_async((number,), queue='${queue}') for number in range(10)]
assert [result.get(timeout=300) for result in sent] == [number * number for number in range(10)]
ordinary = time.time() - began
assert [result.get(timeout=300) for result in later] == [number * number for number in range(4)]
print(json.dumps({'ordinary': ordinary, 'delayed': time.time() - began}), flush=True)`;

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: { password: 'p@ss:w/#?[]%+ "w\'ord' } });
  const rabbitmq = new RabbitMqBroker(chart, 'rabbitmq', { password: { name: 'passwords', key: 'password' }, image: 'rabbitmq:3.10.8' });
  for (const [name, celery] of Object.entries(VERSIONS)) {
    const app = new CeleryApp(chart, name, {
      app: 'tasks', broker: rabbitmq, resultBackend: ResultBackend.rpc(), code: AppCode.fromInline({ 'tasks.py': SQUARE }), resources: SMALL,
      runtime: PythonRuntime.install({ celery, installResources: SMALL }), queues: queuesOf(name).slice(1).map((queue) => ({ name: queue })),
      settings: { task_default_queue: name, ...(name === 'direct' ? { task_default_exchange_type: 'direct', task_create_missing_queue_exchange_type: 'direct' } : {}) },
    });
    new CeleryWorker(chart, `${name}-worker`, { celery: app, replicas: 1, queues: queuesOf(name), pool: WorkerPool.prefork({ concurrency: 2 }) });
    // As a program that sends tasks, with the settings of the app.
    for (const queue of queuesOf(name)) new CeleryJob(chart, `${name}-job-${queue}`, { celery: app, command: ['python', '-c', measure(queue)], ttlSecondsAfterFinished: 600 });
  }
}));

describe.each<Name>(['newest', 'before'])('%s', (name) => {
  testIn(NAMESPACE)('ordinary tasks do not wait for those with a countdown, in each queue', async () => {
    for (const queue of queuesOf(name)) expect((await behindCountdowns(name, queue)).ordinary).toBeLessThan(COUNTDOWN / 2);
    const queues = await exec(NAMESPACE, 'rabbitmq-0', ['rabbitmqctl', '-q', 'list_queues', 'name', 'type']);
    for (const queue of queuesOf(name)) expect(queues).toMatch(new RegExp(`^${queue}\\tquorum$`, 'm'));
    expect(restarts(await readyPods(NAMESPACE, `app.kubernetes.io/instance=${name}-worker`, 1))).toBe(0);
  });
});

testIn(NAMESPACE)('with direct exchanges they wait until those are due', async () => {
  expect((await behindCountdowns('direct', 'direct')).ordinary).toBeGreaterThanOrEqual(COUNTDOWN);
});

/** Seconds until ten tasks have their results behind four with a countdown, and until those have them. */
async function behindCountdowns(name: Name, queue: string): Promise<{ ordinary: number; delayed: number }> {
  const said = await eventually('the results are there', 500, async () => {
    const text = await logs(NAMESPACE, `app.kubernetes.io/instance=${name}-job-${queue}`, 'job');
    expect(text).toMatch(/^\{.*delayed.*\}$/m);
    return text;
  });
  const took = JSON.parse(/^\{.*delayed.*\}$/m.exec(said)![0]) as { ordinary: number; delayed: number };
  say(`${name}, Celery ${VERSIONS[name]}, queue ${queue}: 10 of 10 after ${took.ordinary.toFixed(1)} s, the delayed ones after ${took.delayed.toFixed(1)} s`);
  expect(took.delayed).toBeGreaterThan(COUNTDOWN);
  return took;
}
