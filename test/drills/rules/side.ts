import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1';
import { apply, celeryPython, runnable } from './cluster';
import { eventually, events, exec, kubectl, pods, readyPods, restarts } from '../../e2e/harness';
import { parse } from '../../rules/manifests';

/** How a pod ended that was told to stop. */
export interface End {
  readonly seconds: number;
  readonly exitCode: number;
  readonly log: string;
}

/** One of the two manifests of a drill, on the cluster, in a namespace of its own. */
export class Side {
  public readonly namespace: string;
  private readonly text: string;

  public constructor(rule: string, which: 'fail' | 'pass') {
    this.namespace = `celery-drill-rules-${rule.replace('/', '-')}-${which}`;
    this.text = readFileSync(join(__dirname, rule, `${which}.yaml`), 'utf8');
  }

  public async deploy(): Promise<void> {
    await kubectl(['create', 'namespace', this.namespace]);
    await this.apply((text) => text);
  }

  /** Applies the manifest, as somebody has edited it. */
  public async apply(edit: (text: string) => string): Promise<void> {
    // Those manifests that name their namespace in an address call it shop.
    const objects = runnable(parse(edit(this.text).replaceAll('.shop.svc.', `.${this.namespace}.svc.`)));
    // What is drilled is not how a worker starts without a broker.
    await apply(this.namespace, objects.filter(({ kind, metadata }) => metadata.name === 'redis' || kind === 'PersistentVolumeClaim'));
    await this.eventually('Redis is ready', 60, () => readyPods(this.namespace, 'app=redis', 1));
    await apply(this.namespace, objects);
  }

  public eventually<T>(what: string, seconds: number, look: () => Promise<T>): Promise<T> {
    return eventually(`${this.namespace}: ${what}`, seconds, look);
  }

  public pods(app = 'worker'): Promise<Pod[]> {
    return pods(this.namespace, `app=${app}`);
  }

  /** What the containers say, of those that have begun to. */
  public logs(app = 'worker'): Promise<string> {
    return kubectl(['logs', '-n', this.namespace, '-l', `app=${app}`, '--tail=-1', '--all-containers', '--ignore-errors']);
  }

  /** What the containers before the present ones have said. */
  public async before(app = 'worker'): Promise<string> {
    return kubectl(['logs', '-n', this.namespace, '-l', `app=${app}`, '--tail=-1', '--previous']);
  }

  public async count(text: RegExp, app = 'worker'): Promise<number> {
    return [...(await this.logs(app)).matchAll(new RegExp(text, 'g'))].length;
  }

  public says(text: RegExp, seconds = 120, app = 'worker'): Promise<void> {
    return this.eventually(`${app} says ${text}`, seconds, async () => expect(await this.logs(app)).toMatch(text));
  }

  public hasRestarted(times = 1, seconds = 180, app = 'worker'): Promise<void> {
    return this.eventually(`${app} has started again`, seconds, async () => {
      expect(restarts(await this.pods(app))).toBeGreaterThanOrEqual(times);
    });
  }

  public async hasNotRestarted(app = 'worker'): Promise<void> {
    const found = await this.pods(app);
    expect(found).not.toEqual([]);
    expect(restarts(found)).toBe(0);
  }

  public async events(reason: string): Promise<string> {
    return (await events(this.namespace, reason)).map(({ message }) => message).join('\n');
  }

  /** Sends a task of the shop, once for each list of arguments. */
  public async send(task: string, ...calls: unknown[][]): Promise<void> {
    await this.eventually(`takes ${task}`, 60, () => celeryPython([
      'import json', 'from celery import Celery',
      `app = Celery(broker='redis://redis.${this.namespace}:6379/0', broker_connection_retry=False)`,
      // Nothing has been sent when the first fails.
      `for call in json.loads('${JSON.stringify(calls)}'): app.send_task('${task}', call, retry=False)`,
    ].join('\n')));
  }

  /** A task is sent, and is run. */
  public async runsATask(seconds = 120): Promise<void> {
    await this.send('shop.pack', ['the last order']);
    await this.says(/packed the last order/, seconds);
  }

  public async redis(...command: string[]): Promise<string> {
    return (await exec(this.namespace, 'deploy/redis', ['redis-cli', ...command])).trim();
  }

  public async waiting(): Promise<number> {
    return Number(await this.redis('llen', 'celery'));
  }

  public async scale(replicas: number, app = 'worker'): Promise<void> {
    await kubectl(['scale', '-n', this.namespace, `deploy/${app}`, `--replicas=${replicas}`]);
    await this.eventually(`${app} is scaled to ${replicas}`, 120, async () => {
      const { items } = JSON.parse(await kubectl(['get', 'pods', '-n', this.namespace, '-l', `app=${app}`, '-o', 'json']));
      expect(items).toHaveLength(replicas);
    });
  }

  /** Stops the one pod of an app as every deploy does. */
  public async stop(app = 'worker'): Promise<End> {
    const [{ metadata }] = await this.pods(app);
    const end = 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}{"\\n"}';
    const watch = spawn('kubectl', ['get', 'pod', metadata!.name!, '-n', this.namespace, '-w', '-o', end]);
    let codes = '';
    watch.stdout.on('data', (text: Buffer) => codes += text.toString());
    const log = kubectl(['logs', '-f', metadata!.name!, '-n', this.namespace, '--tail=-1']);
    const start = Date.now();
    await this.scale(0, app);
    const seconds = (Date.now() - start) / 1000;
    watch.kill();
    return { seconds, exitCode: Number(codes.trim().split('\n').at(-1) || NaN), log: await log };
  }
}
