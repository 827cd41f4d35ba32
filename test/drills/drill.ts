import { App, Chart } from 'cdk8s';
import type { Pod } from 'kubernetes-types/core/v1';
import { AppCode, CeleryApp, CeleryAppProps, PythonRuntime, RedisBroker, RedisStorage } from '../../src';
import { makeNamespace } from '../namespaces';
import { bringUp, Deployment, ours, remove } from '../e2e/deployment';
import { NEWEST } from '../locks/lock';
import { eventually, exec, pods, python, readyPods, restarts } from '../e2e/harness';

/** What the tests of a file need on the cluster: it comes up before them, and is gone after them. */
export function deployed(...deployments: Deployment[]): void {
  beforeAll(() => bringUp(deployments));
  afterAll(() => remove(deployments.flatMap(({ namespaces }) => namespaces)));
}

/** The tasks of the drills. */
export const TASKS = `\
import time
from socket import gethostname

from celery import Celery

app = Celery('tasks')


@app.task
def where():
    return gethostname()


@app.task
def nap(seconds):
    time.sleep(seconds)
    return gethostname()


@app.task
def burn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return gethostname()
`;

/** A task with a result that can be known, and takes long enough that some are running at any moment. */
export const SQUARE = `\
import time

from celery import Celery

app = Celery('tasks')


@app.task
def square(number):
    time.sleep(0.1)
    return number * number
`;

/**
 * Python that sends so many `square`, and sends again what it does not know to be there; then waits for the results. It prints a line: how many
 * are right, the IDs and results of the others, and the IDs of all.
 */
export function sendSquares(tasks: number, seconds: number): string {
  return `
import json, time
from kombu.utils.uuid import uuid
from tasks import app, square
forever = {'max_retries': None, 'interval_start': 0.2, 'interval_step': 0.2, 'interval_max': 1}
sent, again, results = [], [], {}
for number in range(${tasks}):
    sent.append(uuid())
    while True:
        try:
            square.apply_async((number,), task_id=sent[-1], retry=True, retry_policy=forever)
            break
        except Exception as exc:
            again.append(repr(exc))
            time.sleep(0.5)
    time.sleep(0.03)
end = time.monotonic() + ${seconds}
while len(results) < len(sent) and time.monotonic() < end:
    time.sleep(1)
    for number, task_id in enumerate(sent):
        try:
            if number not in results and app.AsyncResult(task_id).ready():
                results[number] = app.AsyncResult(task_id).result
        except Exception:
            break
wrong = {sent[number]: repr(results.get(number, 'none')) for number in range(len(sent)) if results.get(number) != number * number}
print(json.dumps({'right': len(sent) - len(wrong), 'wrong': wrong, 'again': again, 'sent': sent}))`;
}

/** What `sendSquares` prints. */
export interface Sent {
  readonly right: number;
  readonly wrong: Readonly<Record<string, string>>;
  /** Errors after which a task was sent again. */
  readonly again: readonly string[];
  readonly sent: readonly string[];
}

/** What a drill says of its app; the rest is as in the reference deployment, with the newest Celery. */
export interface DrillApp extends Partial<Pick<CeleryAppProps, 'broker' | 'resultBackend' | 'runtime' | 'settings' | 'env' | 'resources' | 'delivery'>> {
  /** Further files, or another tasks.py. */
  readonly files?: Record<string, string>;
  readonly redisStorage?: RedisStorage;
  /** The id of the app, for a namespace with several. Without `broker` each has a Redis of its own. */
  readonly name?: string;
}

/** An image with the newest Celery, for drills that measure how fast a pod is there; else Celery is installed as a pod starts. */
const DRILL_IMAGE = process.env.DRILL_IMAGE;

/** The newest Celery, or that of DRILL_IMAGE. */
export function drillRuntime(): PythonRuntime {
  return DRILL_IMAGE === undefined ? PythonRuntime.install({ celery: NEWEST }) : PythonRuntime.fromImage(DRILL_IMAGE);
}

/** For drills of many pods that mostly wait. */
export const SMALL = { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } };

/** Adds an app with a Redis of its own to a chart. */
export function celeryApp(chart: Chart, { files, redisStorage, name = 'celery', ...props }: DrillApp = {}): CeleryApp {
  return new CeleryApp(chart, name, {
    app: 'tasks',
    broker: props.broker ?? new RedisBroker(chart, name === 'celery' ? 'redis' : `redis-${name}`, { storage: redisStorage }),
    code: AppCode.fromInline({ 'tasks.py': TASKS, ...files }),
    runtime: drillRuntime(),
    ...props,
  });
}

/** A namespace with what `define` adds to its chart. */
export function namespace(name: string, define: (chart: Chart) => void): Deployment {
  return ours({ NAMESPACE: name, define: (app: App) => {
    makeNamespace(app, name, 'restricted');
    const chart = new Chart(app, name, { namespace: name });
    define(chart);
  } });
}

/** Runs `tasks.where` on a queue, and returns the pods that ran it. Fails when a result is not there in time. */
export async function ranOn(namespace: string, from: string, queue: string, { tasks = 1, seconds = 30 } = {}): Promise<string[]> {
  const hosts = await python(namespace, from, `
import time
from tasks import where
end = time.monotonic() + ${seconds}
sent = [where.apply_async(queue='${queue}') for _ in range(${tasks})]
print(*[result.get(timeout=max(0.1, end - time.monotonic())) for result in sent])`);
  return [...new Set(hosts.split(' '))];
}

/** The pods of a Deployment of ours. */
export async function podsOf(namespace: string, deployment: string): Promise<Pod[]> {
  return pods(namespace, `app.kubernetes.io/instance=${deployment}`);
}

/** The pods of these Deployments, once there is a ready one of each. */
export async function allReady(namespace: string, deployments: readonly string[], seconds = 300): Promise<Pod[]> {
  return (await eventually(`${deployments.join(', ')} are ready`, seconds, () => Promise.all(
    deployments.map((name) => readyPods(namespace, `app.kubernetes.io/instance=${name}`, 1)),
  ))).flat();
}

/** Waits for a container that was restarted since `before`; returns how many seconds it took. */
export async function restarted(before: Pod, seconds: number): Promise<number> {
  const start = Date.now();
  const { name, namespace } = before.metadata!;
  await eventually(`${name} is restarted`, seconds, async () => {
    const now = (await pods(namespace!)).find(({ metadata }) => metadata!.name === name);
    if (!now || restarts([now]) <= restarts([before])) throw new Error(`${name} has the containers that it had`);
  });
  return Math.round((Date.now() - start) / 1000);
}

/** The liveness probe of many a deployment, to be compared with. */
export function inspectPing(periodSeconds: number): object {
  return {
    exec: { command: ['sh', '-c', 'exec celery -A tasks inspect ping -d celery@$(hostname) --timeout 10'] },
    initialDelaySeconds: 30, periodSeconds, timeoutSeconds: 20,
  };
}

/** CPU that a container has used, what is executed in it included, in milliseconds. */
export async function cpu(namespace: string, target: string): Promise<number> {
  const used = await exec(namespace, target, ['sh', '-c', 'cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || grep usage_usec /sys/fs/cgroup/cpu.stat']);
  return used.startsWith('usage_usec') ? Number(used.split(' ')[1]) / 1e3 : Number(used) / 1e6;
}

/** Sends a signal to the main process of a worker from within its pod: it is not process 1. */
export async function signalMain(namespace: string, pod: Pod, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  // The container, and with it what is executed in it, ends with its main process.
  await exec(namespace, pod.metadata!.name!, ['python', '-'], `
import os, signal
def words(pid):
    with open(f'/proc/{pid}/cmdline') as command:
        return command.read().split(chr(0))
def parent(pid):
    with open(f'/proc/{pid}/stat') as stat:
        return stat.read().rpartition(')')[2].split()[1]
celery = [pid for pid in filter(str.isdigit, os.listdir('/proc')) if 'worker' in words(pid)]
[main] = [pid for pid in celery if parent(pid) not in celery]
os.kill(int(main), signal.${name})`).catch(() => undefined);
}
