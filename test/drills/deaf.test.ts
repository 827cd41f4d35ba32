import { setTimeout } from 'node:timers/promises';
import { ApiObject, App, Chart } from 'cdk8s';
import { CeleryBeat, CeleryWorker, HealthCheck, PythonRuntime, rules, WorkerPool } from '../../src';
import { makeNamespace } from '../namespaces';
import { Deployment } from '../e2e/deployment';
import { eventually, exec, kubectl, pods, restarts, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, cpu, deployed, inspectPing, podsOf, ranOn, TASKS } from './drill';

const { Rules } = rules;

/**
 * celery 5.3.4 with kombu 5.3.2: after a kill of Redis its workers run on and consume nothing, forever. Which health check notices?
 * Each has a worker and a Redis of its own.
 */
const NAMESPACE = 'celery-drill-deaf';
const KOMBU = '5.3.2';
const KOMBU_WHEEL = 'b753c9cfc9b1e976e637a7cbc1a65d446a22e45546cd996ea28f932082b7dc9e';

/** It is a race: not each kill makes a worker deaf. */
const KILLS = 30;

/** How long a health check may take to notice. */
const PATIENCE = 300;

/** What many deployments do: a file that is touched when a heartbeat is sent, as old as a probe allows. */
const HEARTBEAT = `
from pathlib import Path
from celery.signals import heartbeat_sent


@heartbeat_sent.connect
def beat(**_):
    Path('/tmp/heartbeat').touch()
`;
const heartbeatFile = {
  exec: { command: ['sh', '-c', 'test $(($(date +%s) - $(stat -c %Y /tmp/heartbeat))) -lt 60'] },
  initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5,
};

const CHECKS: Record<string, HealthCheck> = {
  agent: HealthCheck.agent(),
  heartbeat: HealthCheck.probes({ liveness: heartbeatFile }),
  ping: HealthCheck.probes({ liveness: inspectPing(30) }),
};
const NAMES = Object.keys(CHECKS);

function define(app: App): void {
  makeNamespace(app, NAMESPACE);
  const chart = new Chart(app, NAMESPACE, { namespace: NAMESPACE });
  for (const [name, healthCheck] of Object.entries(CHECKS)) {
    const celery = celeryApp(chart, { name, files: { 'tasks.py': TASKS + HEARTBEAT }, runtime: PythonRuntime.install({ celery: '5.3.4' }) });
    const worker = new CeleryWorker(chart, `worker-${name}`, { celery, name, healthCheck, pool: WorkerPool.prefork({ concurrency: 1 }) });
    if (name === 'ping') {
      Rules.of(worker).suppress('probes/celery-too-often', 'to be compared with');
    }
    new CeleryBeat(chart, `beat-${name}`, { celery, name: `${name}-beat` });
  }
}

/**
 * What none of our constructs can be told, so only a patch gets it in:
 * - That kombu. The lock gives another.
 * - Gossip and mingle, which Celery has on by default and we have not: without them this kombu did not go deaf in 4 kills of each of
 *   three workers.
 * - A Redis that starts again at once when it is killed, in its container: the kubelet would wait longer from kill to kill.
 */
const withOldKombu: Deployment = {
  namespaces: [NAMESPACE],
  deploy: () => {
    const app = new App();
    define(app);
    const objects = app.node.findAll().filter((construct) => ApiObject.isApiObject(construct)).map((object) => object.toJson());
    for (const { data, spec } of objects) {
      const [container] = spec?.template?.spec.containers ?? [];
      if (container?.command[0] === 'redis-server') {
        container.command = ['sh', '-c', 'while :; do "$@"; sleep 1; done', 'sh', ...container.command];
      } else if (container) {
        container.command = container.command.filter((arg: string) => !arg.startsWith('--without-'));
      }
      if (data?.['base.txt']) {
        data['base.txt'] = data['base.txt'].replace(/^kombu==.*\n.*$/m, `kombu==${KOMBU} --hash=sha256:${KOMBU_WHEEL}`);
      }
    }
    const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
    return kubectl(['apply', '-f', '-'], JSON.stringify({
      apiVersion: 'v1', kind: 'List', items: [...namespaces, ...objects.filter(({ kind }) => kind !== 'Namespace')],
    }));
  },
};

deployed(withOldKombu);

/** Kills a Redis until its worker is deaf; returns the moment of the last kill. */
async function deafen(name: string): Promise<number> {
  const redis = `deploy/redis-${name}`;
  const cli = (command: string): Promise<string> => exec(NAMESPACE, redis, ['sh', '-c', command]);
  for (let kill = 1; kill <= KILLS; kill++) {
    await cli('kill -9 $(redis-cli info server | sed -n "s/^process_id:\\([0-9]*\\).*/\\1/p")');
    const killed = Date.now();
    await eventually(`Redis of ${name} is back`, 30, async () => expect(await cli('redis-cli ping')).toBe('PONG\n'));
    const hears = await ranOn(NAMESPACE, `deploy/${name}-beat`, 'celery', { seconds: 25 }).then(() => true, () => false);
    say(`${name}: kill ${kill}, ${hears ? 'it consumes' : 'it is deaf'}`);
    if (!hears) return killed;
  }
  throw new Error(`${name} consumed after each of ${KILLS} kills of Redis, with kombu ${KOMBU}`);
}

interface Outcome {
  readonly cpuPerMinute: number;
  /** Seconds from the kill to the new container; undefined: it never came. */
  readonly noticed?: number;
}

async function drill(name: string): Promise<Outcome> {
  const [{ metadata }] = await allReady(NAMESPACE, [name]);
  const before = await cpu(NAMESPACE, metadata!.name!);
  const start = Date.now();
  await setTimeout(60_000);
  const cpuPerMinute = Math.round((await cpu(NAMESPACE, metadata!.name!) - before) / (Date.now() - start) * 60_000);

  const [worker] = await podsOf(NAMESPACE, name);
  const killed = await deafen(name);
  const noticed = await eventually(`${name} is restarted`, PATIENCE, async () => {
    expect(restarts(await podsOf(NAMESPACE, name))).toBeGreaterThan(restarts([worker]));
    return Math.round((Date.now() - killed) / 1000);
  }).catch(() => undefined);
  if (noticed === undefined) {
    // Deaf for all that time, and not just late: else there would have been nothing to notice.
    await expect(ranOn(NAMESPACE, `deploy/${name}-beat`, 'celery', { seconds: 10 })).rejects.toThrow(/TimeoutError/);
  } else {
    await allReady(NAMESPACE, [name], 90);
    await ranOn(NAMESPACE, `deploy/${name}-beat`, 'celery');
  }
  return { cpuPerMinute, noticed };
}

testIn(NAMESPACE)('the agent notices a deaf worker within two minutes, which a heartbeat file never does', async () => {
  await allReady(NAMESPACE, [...NAMES, ...NAMES.map((name) => `${name}-beat`)]);
  expect(await exec(NAMESPACE, 'deploy/agent', ['python', '-c', 'import kombu; print(kombu.__version__)'])).toBe(`${KOMBU}\n`);
  const outcomes = Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await drill(name)] as const)));
  for (const [name, { cpuPerMinute, noticed }] of Object.entries(outcomes)) {
    say(`${name}: ${noticed === undefined ? `never noticed in ${PATIENCE} s` : `new container after ${noticed} s`}; ${cpuPerMinute} ms of CPU a minute`);
  }
  expect(outcomes.agent.noticed).toBeLessThanOrEqual(120);
  expect(outcomes.heartbeat.noticed).toBeUndefined();
  expect(restarts(await pods(NAMESPACE, 'component=beat'))).toBe(0);
});
