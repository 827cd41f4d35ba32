import { execFile } from 'node:child_process';
import { CeleryBeat, CeleryWorker, PythonRuntime, WorkerPool } from '../../src';
import { lockIndex } from '../../src/celery/locks';
import { bringUp, remove } from '../e2e/deployment';
import { eventually, kubectl, python, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, namespace, podsOf, ranOn } from './drill';

/**
 * Every lock on every pool: a worker becomes ready, runs a task, and when it is told to stop it finishes what it runs.
 *
 * DRILL_PYTHONS names the Pythons: their images, python:<version>-slim, must be ones that the cluster can pull.
 */
const PYTHONS = (process.env.DRILL_PYTHONS ?? '3.11').split(',');
const POOLS = ['prefork', 'threads', 'gevent', 'solo'] as const;
const WORKERS = POOLS.map((pool) => `celery-${pool}`);
const FROM = 'deploy/celery-beat';

const LOCKS = Object.entries(lockIndex().celery).flatMap(([celery, { pythons }]) => (
  pythons.filter((version) => PYTHONS.includes(version)).map((version) => [celery, version] as const)
));

/** Longer than a pod takes to notice that it is to stop, and far shorter than its grace period. */
const NAP = 20;

/** The exit codes of the containers of pods that end, by pod, as the API server tells of them. */
function exitCodes(namespace: string): { readonly codes: Map<string, number>; stop(): void } {
  const codes = new Map<string, number>();
  const path = '{.metadata.name} {.status.containerStatuses[0].state.terminated.exitCode}{"\\n"}';
  const watch = execFile('kubectl', ['get', 'pods', '-n', namespace, '-l', 'component=worker', '--watch', '-o', `jsonpath=${path}`]);
  let rest = '';
  watch.stdout!.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const [name, code] of lines.map((line) => line.split(' '))) if (code) codes.set(name, Number(code));
  });
  return { codes, stop: () => watch.kill() };
}

describe.each(LOCKS)('Celery %s on Python %s', (celery, version) => {
  const NAMESPACE = `celery-drill-fleet-${celery}-${version}`.replaceAll('.', '-');

  beforeAll(() => bringUp([namespace(NAMESPACE, (chart) => {
    const app = celeryApp(chart, { runtime: PythonRuntime.install({ celery, python: version }) });
    for (const pool of POOLS) new CeleryWorker(chart, pool, { celery: app, pool: WorkerPool[pool](), queues: [pool] });
    new CeleryBeat(chart, 'beat', { celery: app });
  })]));
  afterAll(() => remove([NAMESPACE]));

  testIn(NAMESPACE)('each pool is ready, runs a task, and ends warmly', async () => {
    const workers = await allReady(NAMESPACE, WORKERS);
    const names = workers.map(({ metadata }) => metadata!.name!);
    for (const [i, pool] of POOLS.entries()) expect(await ranOn(NAMESPACE, FROM, pool)).toEqual([names[i]]);

    const { codes, stop } = exitCodes(NAMESPACE);
    try {
      // The results are waited for where no pod ends.
      const napped = python(NAMESPACE, FROM, `
from tasks import nap
sent = [nap.apply_async((${NAP},), queue=queue) for queue in ${JSON.stringify(POOLS)}]
print(*[result.get(timeout=${3 * NAP}) for result in sent])`);
      await eventually('each runs it', 30, async () => {
        for (const name of names) expect(await kubectl(['logs', name, '-c', 'worker', '-n', NAMESPACE])).toMatch(/Task tasks.nap\[\S+ received/);
      });
      const told = Date.now();
      await kubectl(['delete', 'pods', ...names, '-n', NAMESPACE, '--wait=false']);
      expect((await napped).split(' ')).toEqual(names);
      await eventually('all are gone, with exit code 0', 30, async () => {
        expect(Object.fromEntries(codes)).toEqual(Object.fromEntries(names.map((name) => [name, 0])));
        for (const name of WORKERS) expect((await podsOf(NAMESPACE, name)).map(({ metadata }) => metadata!.name)).not.toContain(name);
      });
      say(`all had ended ${Math.round((Date.now() - told) / 1000)} s after they were told to, ${NAP} s of them a task's`);
    } finally {
      stop();
    }
  });
});
