import { celeryPython } from './cluster';
import { Side } from './side';
import { always, exec, kubectl, pods, readyPods, restarts, say, signal } from '../../e2e/harness';

/** Where a pod may be made that reaches the processes of the node. */
export const NODE_ACCESS = 'celery-drill-rules-node';

/** What is seen of the manifest that fails, and of the one that passes. */
export type Drill = (fail: Side, pass: Side) => Promise<void>;

/** The two manifests at the same time. Both are seen to their end, so that what a failed drill shows is complete. */
function both(fails: (fail: Side) => Promise<void>, passes: (pass: Side) => Promise<void> = (pass) => pass.runsATask()): Drill {
  return async (fail, pass) => {
    const results = await Promise.allSettled([fails(fail), passes(pass)]);
    const errors = results.flatMap((result) => result.status === 'rejected' ? [result.reason as Error] : []);
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n\n'));
  };
}

/** A process that exits at startup, with these words; the other one runs a task. */
function endsAtStart(text: RegExp, app = 'worker', passes?: (pass: Side) => Promise<void>): Drill {
  return both(async (fail) => {
    await fail.says(text, 300, app);
    await fail.hasRestarted(1, 120, app);
  }, passes);
}

function ready(side: Side, app: string, count = 1): Promise<unknown> {
  return side.eventually(`${count} ${app} ready`, 120, () => readyPods(side.namespace, `app=${app}`, count));
}

function orders(count: number, seconds: number): unknown[][] {
  return Array.from({ length: count }, (_, i) => [i, seconds]);
}

/** Tasks that began and never ended. */
function lost(log: string): number {
  return [...log.matchAll(/packing/g)].length - [...log.matchAll(/packed/g)].length;
}

/** How many of something there are more after a while, for each period of the schedule of the shop. */
async function each5Seconds(side: Side, app: string, count: () => Promise<number>): Promise<number> {
  await side.eventually('the first periodic task', 120, async () => expect(await count()).toBeGreaterThan(0));
  const [start, first] = [Date.now(), await count()];
  await always(`${side.namespace}: six periods`, 30, () => side.hasNotRestarted(app));
  return (await count() - first) / ((Date.now() - start) / 5_000);
}

/** Beat is stopped for a day, in the words of its schedule file, and started again. */
async function dayPasses(side: Side): Promise<void> {
  const age = [
    'import glob, shelve, signal, sys',
    'from datetime import timedelta',
    'file = "/var/lib/celery/celerybeat-schedule"',
    'if glob.glob(file + "*"):',
    '    with shelve.open(file) as store:',
    '        entries = store["entries"]',
    '        entries["daily"].last_run_at -= timedelta(days=1)',
    '        store["entries"] = entries',
    'signal.signal(signal.SIGTERM, lambda *_: sys.exit())',
    'print("a day has passed", flush=True)',
    'signal.pause()',
  ].join('\n');
  await side.says(/beat: Starting/, 120, 'beat');
  await side.apply((text) => text.replace(/command: \[.*\]/, `command: [python, -c, ${JSON.stringify(age)}]`));
  await side.says(/a day has passed/, 120, 'beat');
  await side.apply((text) => text);
  await side.says(/beat: Starting/, 120, 'beat');
}

/** Seconds of CPU in a minute that a container has used. */
async function cpu(side: Side): Promise<number> {
  const used = async (): Promise<number> => Number(await exec(side.namespace, 'deploy/worker', ['python', '-'], [
    'import os, re',
    // The second version of control groups has one file for all of it.
    'two = "/sys/fs/cgroup/cpu.stat"',
    'print(int(re.search(r"usage_usec (\\d+)", open(two).read())[1]) / 1e6 if os.path.exists(two)',
    '      else int(open("/sys/fs/cgroup/cpuacct/cpuacct.usage").read()) / 1e9)',
  ].join('\n')));
  await side.runsATask();
  const [start, first] = [Date.now(), await used()];
  await always(`${side.namespace}: the probes do not kill it`, 120, () => side.hasNotRestarted());
  return (await used() - first) / ((Date.now() - start) / 60_000);
}

/** A Flower, from outside of the cluster: by the port of a node. */
async function fromOutside(side: Side, path: string, method = 'GET'): Promise<number> {
  const { spec } = JSON.parse(await kubectl(['get', 'service', 'flower', '-n', side.namespace, '-o', 'json']));
  const [flower] = await side.pods('flower');
  return Number(await celeryPython([
    'import urllib.request as http, urllib.error',
    `request = http.Request('http://${flower.status!.hostIP}:${spec.ports[0].nodePort}${path}', method='${method}')`,
    'try: print(http.urlopen(request, timeout=10).status)',
    'except urllib.error.HTTPError as error: print(error.code)',
  ].join('\n')));
}

async function flowerAnswers(side: Side): Promise<void> {
  await side.eventually('Flower answers', 120, async () => expect(await fromOutside(side, '/healthcheck')).toBe(200));
}

async function shutDownByApi(side: Side): Promise<number> {
  await flowerAnswers(side);
  await side.runsATask();
  const [{ metadata }] = await side.pods();
  // Flower may have looked for workers before there was one.
  await fromOutside(side, '/api/workers?refresh=1');
  return fromOutside(side, `/api/worker/shutdown/celery@${metadata!.name}`, 'POST');
}

/** The kernel kills one of the children, or, with the second version of control groups, all of the container. */
async function isOutOfMemory(side: Side, child: RegExp): Promise<void> {
  await side.eventually('out of memory', 120, async () => {
    const [{ status }] = await side.pods();
    const { state, lastState } = status!.containerStatuses![0];
    if (![state, lastState].some((one) => one?.terminated?.reason === 'OOMKilled')) expect(await side.logs()).toMatch(child);
  });
}

/** Fifty tasks wait, for there is no worker, when Redis is killed. */
async function leftAfterKill(side: Side): Promise<number> {
  await side.runsATask();
  await side.scale(0);
  await side.send('shop.pack', ...orders(50, 0));
  expect(await side.waiting()).toBe(50);
  const [redis] = await side.pods('redis');
  await signal(redis, 'KILL', NODE_ACCESS);
  await side.hasRestarted(1, 60, 'redis');
  return side.eventually('Redis answers', 60, () => side.waiting());
}

/** Two hundred tasks wait, and other keys fill the memory, with a time to live as results have. */
async function leftWhenFull(side: Side): Promise<number> {
  await side.runsATask();
  await side.scale(0);
  await side.send('shop.pack', ...orders(200, 0));
  await celeryPython([
    'import redis',
    `server = redis.Redis('redis.${side.namespace}')`,
    'for i in range(10_000): server.set(f"celery-task-meta-{i}", b"x" * 1_000, ex=3600)',
  ].join('\n'));
  return side.waiting();
}

export const DRILLS: Record<string, Drill> = {
  'shutdown/shell-keeps-the-signal': both(async (fail) => {
    await fail.send('shop.pack', ...orders(12, 4));
    await fail.says(/packing/);
    const { log, seconds, exitCode } = await fail.stop();
    expect(log).not.toMatch(/Warm shutdown/);
    expect(seconds).toBeGreaterThanOrEqual(20);
    expect(exitCode).toBe(137);
    expect(lost(log)).toBe(1);
  }, async (pass) => {
    await pass.send('shop.pack', ...orders(12, 4));
    await pass.says(/packing/);
    const { log, seconds, exitCode } = await pass.stop();
    expect(log).toMatch(/Warm shutdown/);
    expect(seconds).toBeLessThan(20);
    expect(exitCode).toBe(0);
    expect(lost(log)).toBe(0);
    expect(await pass.waiting()).toBe(12 - [...log.matchAll(/packed/g)].length);
  }),

  'shutdown/grace-shorter-than-task': both(async (fail) => {
    await fail.send('shop.pack', ...orders(1, 20));
    await fail.says(/packing/);
    const { log, exitCode } = await fail.stop();
    expect(log).toMatch(/Warm shutdown/);
    expect(exitCode).toBe(137);
    expect(lost(log)).toBe(1);
  }, async (pass) => {
    await pass.send('shop.pack', ...orders(1, 20));
    await pass.says(/packing/);
    const { log, exitCode } = await pass.stop();
    expect(exitCode).toBe(0);
    expect(log).toMatch(/packed/);
  }),

  'shutdown/prestop-stops-all-workers': async (fail, pass) => {
    const stopOne = async (side: Side): Promise<number> => {
      await ready(side, 'worker', 2);
      await side.eventually('both workers are up', 60, async () => expect(await side.count(/ ready\./)).toBe(2));
      const [one, other] = await side.pods();
      await kubectl(['delete', 'pod', one.metadata!.name!, '-n', side.namespace]);
      const find = async () => (await side.pods()).filter(({ metadata }) => metadata!.name === other.metadata!.name);
      await side.eventually('another pod takes its place', 60, async () => expect(await side.pods()).toHaveLength(2));
      return restarts(await find());
    };
    await both(async (side) => expect(await stopOne(side)).toBeGreaterThanOrEqual(1), async (side) => {
      expect(await stopOne(side)).toBe(0);
      await side.runsATask();
    })(fail, pass);
  },

  'shutdown/detached': both(async (fail) => {
    await fail.hasRestarted();
    const [{ status }] = await fail.pods();
    expect(status!.containerStatuses![0].lastState!.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  }),

  'probes/celery-times-out': both(async (fail) => {
    await fail.hasRestarted();
    expect(await fail.events('Unhealthy')).toMatch(/Liveness probe failed: command timed out: "celery inspect ping" timed out after 1s/);
    expect(await fail.events('Killing')).toMatch(/failed liveness probe, will be restarted/);
  }, async (pass) => {
    await pass.runsATask();
    await always(`${pass.namespace}: a probe passes`, 90, () => pass.hasNotRestarted());
  }),

  'probes/solo-cannot-answer': both(async (fail) => {
    await fail.send('shop.pack', ...orders(1, 120));
    await fail.hasRestarted();
    expect(await fail.events('Unhealthy')).toMatch(/No nodes replied within time constraint/);
    expect(lost(await fail.before())).toBe(1);
  }, async (pass) => {
    await pass.send('shop.pack', ...orders(1, 120));
    await pass.says(/packed/, 180);
    await pass.hasNotRestarted();
  }),

  'probes/celery-too-often': async (fail, pass) => {
    const [often, seldom] = await Promise.all([cpu(fail), cpu(pass)]);
    say(`with a probe every 10 s ${often.toFixed(1)} s of CPU a minute, with one a minute ${seldom.toFixed(1)} s`);
    expect(often).toBeGreaterThan(3 * seldom);
  },

  'resources/concurrency-of-the-node': both(async (fail) => {
    await isOutOfMemory(fail, /Process 'ForkPoolWorker-\d+' pid:\d+ exited with 'signal 9 \(SIGKILL\)'/);
  }, async (pass) => {
    await pass.runsATask();
    await pass.hasNotRestarted();
    expect(await pass.logs()).not.toMatch(/SIGKILL/);
  }),

  'resources/children-exceed-memory': both(async (fail) => {
    await fail.send('shop.leak', ...orders(20, 0).map(() => [20]));
    await isOutOfMemory(fail, /WorkerLostError\('Worker exited prematurely: signal 9 \(SIGKILL\) Job: \d+\.'\)/);
  }, async (pass) => {
    await pass.send('shop.leak', ...orders(20, 0).map(() => [20]));
    await pass.eventually('all tasks have run', 120, async () => expect(await pass.count(/leaked/)).toBe(20));
    expect(await pass.logs()).not.toMatch(/SIGKILL/);
    await pass.hasNotRestarted();
  }),

  'beat/schedule-not-writable': endsAtStart(/OSError: \[Errno 30\] Read-only file system: 'celerybeat-schedule'/, 'beat', async (pass) => {
    await pass.eventually('a periodic task is sent', 120, async () => expect(await pass.waiting()).toBeGreaterThan(0));
    await pass.hasNotRestarted('beat');
  }),

  'filesystem/no-temporary-folder': endsAtStart(
    /Unrecoverable error: FileNotFoundError\(2, "No usable temporary directory found in \['\/tmp', '\/var\/tmp', '\/usr\/tmp', '\/app'\]"\)/),

  'delivery/visibility-timeout-too-short': both(async (fail) => {
    await fail.send('shop.pack', ['the order', 150]);
    await fail.eventually('the same task runs twice', 240, async () => expect(await fail.count(/packing the order/)).toBe(2));
  }, async (pass) => {
    await pass.send('shop.pack', ['the order', 150]);
    await pass.says(/packed the order/, 240);
    expect(await pass.count(/packing the order/)).toBe(1);
  }),

  'env/flower-service-link': endsAtStart(/ValueError: invalid literal for int\(\) with base 10: 'tcp:\/\/[\d.]+:5555'/, 'flower', async (pass) => {
    await pass.says(/Visit me at/, 120, 'flower');
    await pass.hasNotRestarted('flower');
  }),

  'env/service-link-port': endsAtStart(/ValueError: Port could not be cast to integer value as 'tcp:'/),

  'beat/more-than-one': async (fail, pass) => {
    const sent = (side: Side) => each5Seconds(side, 'beat', () => side.waiting());
    await ready(fail, 'beat', 2);
    const [twice, once] = await Promise.all([sent(fail), sent(pass)]);
    expect(Math.round(twice)).toBe(2);
    expect(Math.round(once)).toBe(1);
  },

  'beat/in-worker': async (fail, pass) => {
    const ran = (side: Side) => each5Seconds(side, 'worker', () => side.count(/counted/));
    await ready(fail, 'worker', 2);
    const [twice, once] = await Promise.all([ran(fail), ran(pass)]);
    expect(Math.round(twice)).toBe(2);
    expect(Math.round(once)).toBe(1);
  },

  'install/killed-while-installing': both(async (fail) => {
    await fail.hasRestarted(2, 240, 'flower');
    expect(await fail.events('Killing')).toMatch(/failed liveness probe, will be restarted/);
    expect(await fail.logs('flower')).not.toMatch(/Visit me at/);
  }, async (pass) => {
    await pass.says(/Visit me at/, 240, 'flower');
    await always(`${pass.namespace}: the probe passes`, 20, () => pass.hasNotRestarted('flower'));
  }),

  'beat/stale-pidfile': async (fail, pass) => {
    const kill = async (side: Side): Promise<void> => {
      await side.says(/beat: Starting/, 240, 'beat');
      const [beat] = await side.pods('beat');
      await signal(beat, 'KILL', NODE_ACCESS);
    };
    await both(async (side) => {
      await kill(side);
      await side.says(/Pidfile \(.*beat\.pid\) already exists\.\s+Seems we're already running\? \(pid: 1\)/, 120, 'beat');
      await side.hasRestarted(2, 120, 'beat');
      const [{ status }] = await side.pods('beat');
      expect(status!.containerStatuses![0].lastState!.terminated!.exitCode).toBe(73);
    }, async (side) => {
      await kill(side);
      await side.hasRestarted(1, 60, 'beat');
      await side.says(/beat: Starting/, 60, 'beat');
      await always(`${side.namespace}: Beat runs`, 20, async () => expect(restarts(await side.pods('beat'))).toBe(1));
    })(fail, pass);
  },

  'beat/interval-never-fires': both(async (fail) => {
    await dayPasses(fail);
    await always(`${fail.namespace}: nothing is due`, 20, async () => expect(await fail.logs('beat')).not.toMatch(/Sending due task daily/));
  }, async (pass) => {
    await dayPasses(pass);
    await pass.says(/Sending due task daily/, 60, 'beat');
  }),

  'env/unexpanded-reference': endsAtStart(/ValueError: Port could not be cast to integer value as '\$\(REDIS_PORT\)'/),

  'env/url-password-unescaped': endsAtStart(/ValueError: Port could not be cast to integer value as 'pa'/, 'worker', async (pass) => {
    await pass.says(/ ready\./);
    await pass.hasNotRestarted();
  }),

  'install/redis-pin-conflict': both(async (fail) => {
    await fail.says(/ResolutionImpossible/, 300);
    expect(await fail.logs()).toMatch(/redis==5\.0\.1 because these package versions have conflicting dependencies/);
  }, async (pass) => {
    await pass.says(/ ready\./, 300);
    await pass.hasNotRestarted();
  }),

  'install/kombu-needs-packaging': endsAtStart(/ModuleNotFoundError: No module named 'packaging'/, 'worker', async (pass) => {
    await pass.says(/ ready\./, 300);
    await pass.hasNotRestarted();
  }),

  'redis/queue-not-kept': both(async (fail) => {
    expect(await leftAfterKill(fail)).toBe(0);
  }, async (pass) => {
    expect(await leftAfterKill(pass)).toBe(50);
    await pass.scale(1);
    await pass.eventually('all that waited is run', 120, async () => expect(await pass.count(/packed/)).toBe(50));
  }),

  'redis/evicts-tasks': both(async (fail) => {
    expect(await leftWhenFull(fail)).toBe(0);
  }, async (pass) => {
    expect(await leftWhenFull(pass)).toBe(200);
    await pass.scale(1);
    await pass.eventually('all that waited is run', 120, async () => expect(await pass.count(/packed/)).toBe(200));
  }),

  'flower/open-to-the-world': both(async (fail) => {
    await flowerAnswers(fail);
    for (const path of ['/', '/tasks', '/broker', '/metrics']) expect([path, await fromOutside(fail, path)]).toEqual([path, 200]);
    expect(await shutDownByApi(fail)).toBe(401);
  }, async (pass) => {
    await flowerAnswers(pass);
    for (const path of ['/', '/tasks', '/broker']) expect([path, await fromOutside(pass, path)]).toEqual([path, 401]);
    await pass.runsATask();
  }),

  'flower/unauthenticated-api': both(async (fail) => {
    expect(await shutDownByApi(fail)).toBe(200);
    await fail.hasRestarted(1, 60);
  }, async (pass) => {
    expect(await shutDownByApi(pass)).toBe(401);
    await pass.hasNotRestarted();
  }),

  'scaling/zero-while-tasks-run': both(async (fail) => {
    await fail.eventually('there is nothing to do, so there is no worker', 120, async () => expect(await fail.pods()).toEqual([]));
    await fail.send('shop.pack', ['the order', 90]);
    await fail.says(/packing the order/, 180);
    await fail.eventually('there is no worker any more', 120, async () => expect(await fail.pods()).toEqual([]));
    expect(await fail.waiting()).toBe(0);
    expect(await fail.redis('hlen', 'unacked')).toBe('0');
  }, async (pass) => {
    await pass.send('shop.pack', ['the order', 90]);
    await pass.says(/packed the order/, 240);
  }),

  'delivery/prefetch-zero': both(async (fail) => {
    await fail.send('shop.pack', ...orders(20, 60));
    await fail.says(/packing/);
    await fail.eventually('the worker has taken ten tasks', 30, async () => expect(await fail.waiting()).toBe(10));
  }, async (pass) => {
    await pass.send('shop.pack', ...orders(20, 60));
    await pass.says(/packing/);
    await always(`${pass.namespace}: it leaves the others`, 20, async () => expect(await pass.waiting()).toBe(16));
  }),

  'redis/data-not-writable': both(async (fail) => {
    await fail.eventually('Redis refuses writes', 120, async () => {
      expect(await fail.redis('set', 'key', 'value')).toMatch(/MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist/);
    });
  }, async (pass) => {
    await pass.runsATask();
    await pass.eventually('Redis has saved', 60, async () => expect(await pass.redis('info', 'persistence')).toMatch(/rdb_saves:[1-9]/));
    expect(await pass.redis('set', 'key', 'value')).toBe('OK');
  }),

  'delivery/chatter': async (fail, pass) => {
    const sent = async (side: Side): Promise<number> => {
      await side.runsATask();
      await side.eventually('both workers are up', 60, async () => expect(await side.count(/ ready\./)).toBe(2));
      await side.redis('config', 'resetstat');
      const bytes = async (): Promise<number> => Number(/total_net_output_bytes:(\d+)/.exec(await side.redis('info', 'stats'))![1]);
      await always(`${side.namespace}: the workers idle`, 30, () => side.hasNotRestarted());
      return bytes();
    };
    const [much, little] = await Promise.all([sent(fail), sent(pass)]);
    say(`in half a minute Redis sends ${much} bytes to those that chatter, ${little} to the others`);
    expect(much).toBeGreaterThan(2 * little);
    expect(await fail.redis('pubsub', 'numpat')).not.toBe(await pass.redis('pubsub', 'numpat'));
  },

  'code/no-rollout-on-change': async (fail, pass) => {
    const offer = async (side: Side): Promise<void> => {
      await side.send('prices.offer', []);
      await side.says(/the offer of spring/);
      await side.apply((text) => text.replaceAll('spring', 'summer'));
    };
    await both(async (side) => {
      await offer(side);
      await side.eventually('the file has the new code', 120, async () => {
        expect(await exec(side.namespace, 'deploy/worker', ['cat', '/app/prices.py'])).toMatch(/summer/);
      });
      await side.send('prices.offer', []);
      await side.eventually('the old code runs', 60, async () => expect(await side.count(/the offer of spring/)).toBe(2));
    }, async (side) => {
      await offer(side);
      await side.eventually('the old pod is gone', 120, async () => {
        const items = await pods(side.namespace, 'app=worker');
        expect(items).toHaveLength(1);
        expect(await side.logs()).toMatch(/ ready\./);
        expect(await side.logs()).not.toMatch(/spring/);
      });
      await side.send('prices.offer', []);
      await side.says(/the offer of summer/);
    })(fail, pass);
  },

  'code/queue-shared-by-two-apps': both(async (fail) => {
    await fail.says(/ ready\./);
    await fail.says(/ ready\./, 60, 'crm');
    await fail.send('shop.pack', ...orders(20, 0));
    await fail.says(/Received unregistered task of type 'shop\.pack'\.\nThe message has been ignored and discarded\./, 60, 'crm');
    expect(await fail.waiting()).toBe(0);
    expect(await fail.count(/packed/)).toBeLessThan(20);
  }, async (pass) => {
    await pass.says(/ ready\./, 120, 'crm');
    await pass.send('shop.pack', ...orders(20, 0));
    await pass.eventually('all orders are packed', 60, async () => expect(await pass.count(/packed/)).toBe(20));
    expect(await pass.logs('crm')).not.toMatch(/unregistered/);
  }),
};
