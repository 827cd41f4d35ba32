import { ApiObject, App, Chart } from 'cdk8s';
import type { Job } from 'kubernetes-types/batch/v1';
import { CeleryApp, CeleryFlower, CeleryJob, CeleryNetwork, CeleryWorker, FlowerAuth, RedisBroker, WorkerPool, AppCode } from '../../src';
import { eventually, kubectl, logs, reaches, readyPods, testIn } from '../e2e/harness';
import { deployed, drillRuntime, namespace, SMALL, TASKS } from './drill';

/** Who is let in under CeleryNetwork.closed, from pods that are named and from others; and where a Job gets to. */
const NAMESPACE = 'celery-drill-network';
const OTHERS = { ingressController: 'celery-drill-edge', prometheus: 'celery-drill-monitoring', keda: 'celery-drill-keda', nobody: 'celery-drill-elsewhere' } as const;
const NAMED = { app: 'visitor' };
const PORT = 8000;

/** A pod with Python that listens, for both directions. */
function visitor(chart: Chart, name: string, labels: Record<string, string>): void {
  const secure = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } };
  new ApiObject(chart, name, {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { ...labels, pod: name } }, spec: {
      securityContext: secure, terminationGracePeriodSeconds: 1, containers: [{
        name: 'python', image: 'python:3.11-slim', command: ['python', '-m', 'http.server', String(PORT)],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }, resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
      }],
    },
  });
}

function application(chart: Chart): CeleryApp {
  const named = (name: keyof typeof OTHERS) => [{ namespace: OTHERS[name], podLabels: NAMED }];
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: drillRuntime(), resources: SMALL,
    network: CeleryNetwork.closed({ ingressController: named('ingressController'), prometheus: named('prometheus'), keda: named('keda') }),
  });
  new CeleryWorker(chart, 'worker', { celery, pool: WorkerPool.prefork({ concurrency: 1 }) });
  new CeleryFlower(chart, 'flower', { celery, auth: FlowerAuth.none() });
  return celery;
}

deployed(
  ...Object.values(OTHERS).map((name) => namespace(name, (chart) => {
    visitor(chart, 'named', NAMED);
    visitor(chart, 'other', { app: 'other' });
  })),
  namespace(NAMESPACE, (chart) => void application(chart)),
);

const test = testIn(NAMESPACE);

/** The ports of our pods, by what listens there. */
async function ports(): Promise<Record<'flower' | 'agent' | 'redis', string>> {
  const of = async (selector: string): Promise<string> => (await readyPods(NAMESPACE, selector, 1))[0].status!.podIP!;
  return { flower: `${await of('component=flower')}:5555`, agent: `${await of('component=worker')}:8790`, redis: `${await of('component=redis')}:6379` };
}

test('pods of the namespaces and labels that are named get through to what is theirs, and others to nothing', async () => {
  const targets = await eventually('all pods are ready', 300, ports);
  for (const name of Object.values(OTHERS)) await eventually(`${name} is ready`, 120, () => readyPods(name, '', 2));
  const { flower, agent, redis } = targets;
  const admitted = { ingressController: [flower], prometheus: [agent], keda: [redis], nobody: [] };
  await eventually('each reaches what it is let in to', 60, async () => {
    for (const [who, name] of Object.entries(OTHERS)) {
      const reached = await reaches(name, 'named', [flower, agent, redis]);
      expect([who, reached]).toEqual([who, admitted[who as keyof typeof OTHERS]]);
      expect([who, await reaches(name, 'other', [flower, agent, redis])]).toEqual([who, []]);
    }
  });
});

test('a Job connects to the broker and to nothing else', async () => {
  const [{ status }] = await readyPods(OTHERS.nobody, 'pod=named', 1);
  const elsewhere = `${status!.podIP!}:${PORT}`;
  const { flower, agent, redis } = await ports();
  // They listen: a pod without a policy reaches the first, and the broker answers.
  expect(await reaches(OTHERS.keda, 'other', [elsewhere, 'kubernetes.default.svc:443'])).toEqual([elsewhere, 'kubernetes.default.svc:443']);
  const app = new App();
  const chart = new Chart(app, 'job', { namespace: NAMESPACE });
  const code = `
import socket
from tasks import app
app.connection_for_write().ensure_connection(max_retries=1, timeout=10)
def opens(host, port):
    try:
        socket.create_connection((host, port), timeout=4).close()
        return True
    except OSError:
        return False
print('reached', [address for address in ${JSON.stringify([redis, flower, agent, elsewhere, 'kubernetes.default.svc:443'])} if opens(*address.rsplit(':', 1))])
`;
  new CeleryJob(chart, 'look', { celery: application(chart), command: ['python', '-c', code] });
  await kubectl(['apply', '-f', '-'], app.synthYaml());
  await eventually('the Job has succeeded', 240, async () => {
    const { items } = JSON.parse(await kubectl(['get', 'jobs', '-n', NAMESPACE, '-o', 'json'])) as { items: Job[] };
    expect(items.map((job) => job.status?.succeeded)).toEqual([1]);
  });
  expect(await logs(NAMESPACE, 'component=job', 'job')).toContain(`reached ['${redis}']`);
});
