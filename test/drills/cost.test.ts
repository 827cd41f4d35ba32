import { setTimeout } from 'node:timers/promises';
import type { Pod } from 'kubernetes-types/core/v1';
import { CeleryWorker, HealthCheck, rules, WorkerPool } from '../../src';
import { empty } from '../e2e/deployment';
import { eventually, kubectl, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, cpu, deployed, inspectPing, namespace, podsOf } from './drill';

const { Rules } = rules;

/**
 * What a probe costs, at the pod and at the kubelet: the agent's against `celery inspect ping` of the same app. What the container
 * runtime spends on a command in a container is not seen: it would be added to the ping.
 */
const NAMESPACE = 'celery-drill-cost';
const PROBERS = 'celery-drill-cost-probers';

/** So many containers ask one agent once a second each: one probe in 10 s is lost in the noise. */
const ASKING = 20;
const SETTLE = 20_000;
const MEASURE = 120_000;
/** The port of the agent, by default. */
const PORT = 8790;

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart);
  new CeleryWorker(chart, 'agent', { celery, name: 'agent', pool: WorkerPool.prefork({ concurrency: 1 }) });
  const ping = new CeleryWorker(chart, 'ping', { celery, name: 'ping', pool: WorkerPool.prefork({ concurrency: 1 }), healthCheck: HealthCheck.probes({ liveness: inspectPing(10) }) });
  Rules.of(ping).suppress('probes/celery-too-often', 'to be compared with');
}), empty(PROBERS));

/** A pod whose containers do nothing but have the kubelet ask the agent of another pod. */
const probers = (agent: Pod): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probers', namespace: PROBERS },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: Array.from({ length: ASKING }, (_, number) => ({
      name: `asks-${number}`,
      image: agent.spec!.containers[0].image,
      command: ['sleep', 'infinity'],
      livenessProbe: { httpGet: { host: agent.status!.podIP, port: PORT, path: '/livez' }, periodSeconds: 1, timeoutSeconds: 5 },
    })),
  },
});

interface Reading {
  readonly at: number;
  /** CPU so far, in milliseconds. */
  readonly pod: number;
  readonly kubelet: number;
  /** Successful liveness probes so far. */
  readonly probes: number;
}

async function read(pod: Pod, probed: { namespace: string; container: string }): Promise<Reading> {
  const metrics = (path: string): Promise<string> => kubectl(['get', '--raw', `/api/v1/nodes/${pod.spec!.nodeName}/proxy/${path}`]);
  const used = /^process_cpu_seconds_total (\S+)$/m.exec(await metrics('metrics'))![1];
  const counters = (await metrics('metrics/probes')).split('\n').filter((line) => line.startsWith('prober_probe_total{')
    && [`namespace="${probed.namespace}"`, `container="${probed.container}`, 'probe_type="Liveness"', 'result="successful"'].every((label) => line.includes(label)));
  return {
    at: Date.now(),
    pod: await cpu(NAMESPACE, pod.metadata!.name!),
    kubelet: Number(used) * 1000,
    probes: counters.reduce((sum, line) => sum + Number(line.split(' ').pop()), 0),
  };
}

interface Rates {
  /** Milliseconds of CPU a second. */
  readonly pod: number;
  readonly kubelet: number;
  /** A second. */
  readonly probes: number;
}

async function measured(pod: Pod, probed: { namespace: string; container: string }): Promise<Rates> {
  await eventually('the first probes', 180, async () => expect((await read(pod, probed)).probes).toBeGreaterThanOrEqual(1));
  await setTimeout(SETTLE);
  const before = await read(pod, probed);
  await setTimeout(MEASURE);
  const after = await read(pod, probed);
  const seconds = (after.at - before.at) / 1000;
  return {
    pod: (after.pod - before.pod) / seconds,
    kubelet: (after.kubelet - before.kubelet) / seconds,
    probes: (after.probes - before.probes) / seconds,
  };
}

testIn(NAMESPACE, PROBERS)('a probe of the agent costs at most a hundredth of inspect ping, at the pod and at the kubelet', async () => {
  const own = (container: string): { namespace: string; container: string } => ({ namespace: NAMESPACE, container });
  await allReady(NAMESPACE, ['agent', 'ping']);

  const [ping] = await podsOf(NAMESPACE, 'ping');
  const pinged = await measured(ping, own('worker'));
  await kubectl(['scale', '-n', NAMESPACE, 'deployment/ping', '--replicas=0']);
  await eventually('the pinged worker is gone', 120, async () => expect(await podsOf(NAMESPACE, 'ping')).toEqual([]));

  const [agent] = await podsOf(NAMESPACE, 'agent');
  const idle = await measured(agent, own('worker'));
  await kubectl(['apply', '-f', '-'], JSON.stringify(probers(agent)));
  const asked = await measured(agent, { namespace: PROBERS, container: 'asks-' });

  const cost = (of: Rates): { pod: number; kubelet: number } => ({
    pod: (of.pod - idle.pod) / of.probes,
    kubelet: (of.kubelet - idle.kubelet) / of.probes,
  });
  const [one, other] = [cost(asked), cost(pinged)];
  for (const [name, { pod, kubelet }] of Object.entries({ 'the agent': one, 'inspect ping': other })) {
    say(`a probe of ${name}: ${pod.toFixed(2)} ms of CPU at the pod, ${kubelet.toFixed(2)} ms at the kubelet`);
  }
  const ratio = (other.pod + Math.max(0, other.kubelet)) / (one.pod + one.kubelet);
  say(`together 1/${ratio.toFixed(0)}`);
  expect(asked.probes).toBeGreaterThan(ASKING / 2);
  expect(ratio).toBeGreaterThanOrEqual(100);
});
