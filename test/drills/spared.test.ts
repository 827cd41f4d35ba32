import type { Pod } from 'kubernetes-types/core/v1';
import { CeleryBeat, CeleryBusyPodController, CeleryWorker, WorkerPool } from '../../src';
import { eventually, kubectl, pods, python, readyPods, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, podsOf } from './drill';

/** Twenty times five idle pods and one that runs a task are scaled to one: the busy one stays. */
const NAMESPACE = 'celery-drill-spared';
const WORKER = 'celery-worker';
const COST = 'controller.kubernetes.io/pod-deletion-cost';
const SMALL = { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '384Mi' } };

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart, { resources: SMALL });
  new CeleryWorker(chart, 'worker', { celery, pool: WorkerPool.solo() });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryBusyPodController(chart, 'busy-pods', { celery });
}));

const scale = (replicas: number): Promise<string> => kubectl(['scale', `deployment/${WORKER}`, '-n', NAMESPACE, `--replicas=${replicas}`]);

/** The pods of the worker that are ready and not about to end. */
async function ready(count: number): Promise<string[]> {
  return eventually(`${count} pods of the worker`, 180, async () => {
    return (await readyPods(NAMESPACE, `app.kubernetes.io/instance=${WORKER}`, count)).map(({ metadata }) => metadata!.name!);
  });
}

/** The pods that Kubernetes is told to spare. */
async function marked(): Promise<Pod[]> {
  return (await pods(NAMESPACE, 'component=worker')).filter(({ metadata }) => metadata!.annotations?.[COST] !== undefined);
}

testIn(NAMESPACE)('the busy pod is the one that stays, in all of 20', async () => {
  await allReady(NAMESPACE, [WORKER, 'celery-beat', 'celery-busy-pods']);
  const newest: boolean[] = [];
  for (let round = 1; round <= 20; round += 1) {
    await scale(6);
    await eventually('no pod is marked', 90, async () => expect(await marked()).toEqual([]));
    await ready(6);
    const napped = python(NAMESPACE, 'deploy/celery-beat', 'from tasks import nap; print(nap.delay(25).get(timeout=120))');
    const busy = await eventually('one of them is marked', 90, async () => {
      const found = await marked();
      if (found.length !== 1) throw new Error(`${found.length} are`);
      return found[0];
    });
    const created = (await podsOf(NAMESPACE, WORKER)).map(({ metadata }) => metadata!.creationTimestamp as unknown as string).sort();
    newest.push((busy.metadata!.creationTimestamp as unknown as string) > created[0]);
    await scale(1);
    expect(await ready(1)).toEqual([busy.metadata!.name]);
    expect(await napped).toBe(busy.metadata!.name);
    say(`round ${round}: ${busy.metadata!.name} has stayed`);
  }
  say(`in ${newest.filter(Boolean).length} of 20 it was not the oldest, which Kubernetes keeps by itself`);
});
