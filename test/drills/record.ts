import { ApiObject, Chart } from 'cdk8s';
import { eventually, exec, python, say } from '../e2e/harness';

/** The tasks of drills that count runs. Each says when it begins and when it ends to a Redis that is not the message broker. */
export const RECORDED_TASKS = `\
import time
from socket import gethostname

import redis
from celery import Celery

app = Celery('tasks')
# Where many connect at the same time, one may hang: it is tried again.
records = redis.Redis('record', socket_connect_timeout=5, socket_timeout=15)


def note(run, number, what):
    records.rpush(run, f'{number} {what} {gethostname()} {time.time()}')


@app.task
def work(run, number, seconds, again=None):
    """Takes this time, in seconds; again where it has begun before."""
    first = records.sadd(f'{run}:begun', number)
    note(run, number, 'began')
    time.sleep(seconds if first or again is None else again)
    note(run, number, 'ended')

`;

/** What a task has said. */
interface Entry {
  readonly number: number;
  readonly what: 'began' | 'ended';
  readonly host: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** A task to send. */
interface Task {
  /** Those after `run` and `number`. */
  readonly args: readonly unknown[];
  /** Of `apply_async`. */
  readonly options?: object;
  /** Its name, if it is not `work`. */
  readonly task?: string;
}

export interface Outcome {
  /** Tasks that have not ended. */
  readonly lost: number;
  /** Tasks that have ended more than once. */
  readonly twice: number;
  /** Tasks that have begun more than once. */
  readonly again: number;
}

/** The Redis that the tasks of a namespace write to. */
export class Recorder {
  public constructor(private readonly namespace: string) {}

  /** Adds it to a chart of the namespace. It has no policy. */
  public define(chart: Chart): void {
    const labels = { app: 'record' };
    new ApiObject(chart, 'record', {
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'record', labels },
      spec: {
        containers: [{
          name: 'redis', image: 'redis:7-alpine', ports: [{ containerPort: 6379 }], command: ['redis-server', '--save', '', '--protected-mode', 'no'],
          resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
          securityContext: { runAsUser: 999, runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        }],
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    });
    new ApiObject(chart, 'record-service', {
      apiVersion: 'v1', kind: 'Service', metadata: { name: 'record' }, spec: { selector: labels, ports: [{ port: 6379 }] },
    });
  }

  /** Sends tasks from a pod that has the app. */
  public async send(from: string, run: string, tasks: readonly Task[]): Promise<void> {
    await python(this.namespace, from, `
import json
import tasks
with tasks.app.pool.acquire():
    for number, one in enumerate(json.loads(${JSON.stringify(JSON.stringify(tasks))})):
        getattr(tasks, one.get('task', 'work')).apply_async(('${run}', number, *one['args']), **one.get('options', {}))`);
  }

  /** What redis-cli prints. */
  public async redis(...command: string[]): Promise<string> {
    return (await exec(this.namespace, 'pod/record', ['redis-cli', ...command])).trim();
  }

  public async entries(run: string): Promise<Entry[]> {
    const lines = await this.redis('LRANGE', run, '0', '-1');
    // What is written again after a timeout is equal.
    return [...new Set(lines.split('\n').filter(Boolean))].map((line) => {
      const [number, what, host, at] = line.split(' ');
      return { number: Number(number), what: what as Entry['what'], host, at: Number(at) };
    });
  }

  /** Waits until this number of tasks runs: they have begun, and have not ended. */
  public async running(run: string, count: number, seconds = 60): Promise<Entry[]> {
    return eventually(`${run}: ${count} tasks run`, seconds, async () => {
      const entries = await this.entries(run);
      const ended = new Set(entries.filter(({ what }) => what === 'ended').map(({ number }) => number));
      const running = entries.filter(({ what, number }) => what === 'began' && !ended.has(number));
      if (running.length < count) throw new Error(`${running.length} do`);
      return running;
    });
  }

  public async outcome(run: string, sent: number): Promise<Outcome> {
    const entries = await this.entries(run);
    const more = (of: Entry['what']): number => {
      const seen = new Set<number>();
      return new Set(entries.filter(({ what, number }) => what === of && (seen.has(number) || !seen.add(number))).map(({ number }) => number)).size;
    };
    const ended = new Set(entries.filter(({ what }) => what === 'ended').map(({ number }) => number));
    return { lost: sent - ended.size, twice: more('ended'), again: more('began') };
  }

  /** The outcome once all tasks have ended, or once nothing has happened for this time, in seconds. */
  public async settled(run: string, sent: number, patience = 20, seconds = 600): Promise<Outcome> {
    let last = -1;
    let since = Date.now();
    const found = await eventually(`${run}: all tasks have ended, or nothing happens for ${patience} s`, seconds, async () => {
      const { length } = await this.entries(run);
      if (length !== last) [last, since] = [length, Date.now()];
      const now = await this.outcome(run, sent);
      if (now.lost > 0 && Date.now() - since < patience * 1000) throw new Error(`${now.lost} have not ended`);
      return now;
    });
    say(`${run}: ${JSON.stringify(found)}`);
    return found;
  }
}
