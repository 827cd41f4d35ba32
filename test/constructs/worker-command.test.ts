import { Chart, Duration, Size } from 'cdk8s';
import * as fc from 'fast-check';
import { CeleryApp, CeleryFlower, CeleryWorker, CeleryWorkerProps, HealthCheck, LogLevel, PreforkPoolOptions, WorkerPool } from '../../src';
import { celeryApp } from '../fixtures';
import { synth } from '../manifests';
import { runs } from '../random-runs';

type Own = Partial<CeleryWorkerProps>;
type Around = (chart: Chart, celery: CeleryApp, worker: () => CeleryWorker) => void;

const alone: Around = (_chart, _celery, worker) => void worker();

/** The command line of a worker among what is around it. */
function argv(own: Own = {}, settings: Record<string, unknown> = {}, around: Around = alone): string[] {
  return synth((chart) => {
    const celery = celeryApp(chart, { settings });
    around(chart, celery, () => new CeleryWorker(chart, 'worker', { celery, ...own }));
  }).main('celery-worker').command;
}

const LIBRARY = ['broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true'];

describe('the command line is exactly', () => {
  test.each<[string, Own, Record<string, unknown>, string[]]>([
    ['what has a default', {}, {}, [
      '--loglevel=info', '--concurrency=2', '--pool=prefork', '--prefetch-multiplier=1', '--without-gossip', '--without-mingle',
      '-I', 'cdk8s_celery_agent.worker', '--', ...LIBRARY,
    ]],
    ['without the agent, no -I', { healthCheck: HealthCheck.none(), pool: WorkerPool.solo() }, {}, [
      '--loglevel=info', '--concurrency=1', '--pool=solo', '--prefetch-multiplier=1', '--without-gossip', '--without-mingle', '--', ...LIBRARY,
    ]],
    ['with the props that are given', {
      logLevel: LogLevel.ERROR, prefetchMultiplier: 4, queues: ['a', 'b'], taskEvents: true,
      pool: WorkerPool.prefork({
        concurrency: 3, maxTasksPerChild: 9, maxMemoryPerChild: Size.mebibytes(100),
        timeLimit: Duration.seconds(9), softTimeLimit: Duration.seconds(8),
      }),
    }, {}, [
      '--loglevel=error', '--concurrency=3', '--pool=prefork', '--prefetch-multiplier=4', '--queues=a,b', '--max-tasks-per-child=9',
      '--max-memory-per-child=102400', '--time-limit=9', '--soft-time-limit=8', '--without-gossip', '--without-mingle', '--task-events',
      '-I', 'cdk8s_celery_agent.worker', '--', ...LIBRARY,
    ]],
    ['with a pool that grows', { pool: WorkerPool.autoscale({ min: 2, max: 10, maxTasksPerChild: 9, timeLimit: Duration.seconds(9) }) }, {}, [
      '--loglevel=info', '--autoscale=10,2', '--pool=prefork', '--prefetch-multiplier=1', '--max-tasks-per-child=9', '--time-limit=9',
      '--without-gossip', '--without-mingle', '-I', 'cdk8s_celery_agent.worker', '--', ...LIBRARY,
    ]],
    ['with threads', { pool: WorkerPool.threads({ concurrency: 8 }), healthCheck: HealthCheck.none() }, {}, [
      '--loglevel=info', '--concurrency=8', '--pool=threads', '--prefetch-multiplier=1', '--without-gossip', '--without-mingle', '--', ...LIBRARY,
    ]],
    ['with gevent', { pool: WorkerPool.gevent({ concurrency: 500, timeLimit: Duration.seconds(9) }), healthCheck: HealthCheck.none() }, {}, [
      '--loglevel=info', '--concurrency=500', '--pool=gevent', '--prefetch-multiplier=1', '--time-limit=9', '--without-gossip', '--without-mingle',
      '--', ...LIBRARY,
    ]],
    ['with the settings that are given', {}, { task_acks_late: true, broker_connection_max_retries: 7, result_expires: undefined }, [
      '--loglevel=info', '--concurrency=2', '--pool=prefork', '--prefetch-multiplier=1', '--without-gossip', '--without-mingle',
      '-I', 'cdk8s_celery_agent.worker', '--', 'broker_connection_max_retries=(json)7', 'broker_connection_retry_on_startup=(json)true',
      'task_acks_late=(json)true',
    ]],
  ])('%s', (_what, own, settings, expected) => {
    expect(argv(own, settings)).toEqual(['celery', '-A', 'tasks', 'worker', ...expected]);
  });
});

describe('events are sent', () => {
  const flower = (chart: Chart, celery: CeleryApp): CeleryFlower => new CeleryFlower(chart, 'flower', { celery });
  const other = (chart: Chart, { broker, code, runtime }: CeleryApp): CeleryApp => new CeleryApp(chart, 'shop', { app: 'tasks', broker, code, runtime });

  test.each<[string, boolean, boolean | undefined, Around]>([
    ['with a Flower after the worker', true, undefined, (chart, celery, worker) => { worker(); flower(chart, celery); }],
    ['with a Flower before the worker', true, undefined, (chart, celery, worker) => { flower(chart, celery); worker(); }],
    ['without a Flower', false, undefined, alone],
    ['without a Flower, where the prop asks for it', true, true, alone],
    ['with a Flower, where the prop forbids it', false, false, (chart, celery, worker) => { flower(chart, celery); worker(); }],
    ['with a Flower that is no longer in the tree', false, undefined, (chart, celery, worker) => {
      worker();
      const inner = new Chart(chart, 'inner', { namespace: 'test' });
      flower(inner, celery);
      inner.node.tryRemoveChild('flower');
    }],
    ['with a Flower of another app', false, undefined, (chart, celery, worker) => { worker(); flower(chart, other(chart, celery)); }],
  ])('%s: %s', (_what, sent, taskEvents, around) => {
    expect(argv({ taskEvents }, {}, around).includes('--task-events')).toBe(sent);
  });
});

/** Each option, and the prop that must be given for it; those without one are always there. */
const OPTIONS: Record<string, keyof CeleryWorkerProps | keyof PreforkPoolOptions | undefined> = {
  '-A': undefined, '--loglevel': undefined, '--concurrency': undefined, '--pool': undefined, '--prefetch-multiplier': undefined,
  '--without-gossip': undefined, '--without-mingle': undefined, '-I': undefined, '--queues': 'queues', '--max-tasks-per-child': 'maxTasksPerChild',
  '--max-memory-per-child': 'maxMemoryPerChild', '--time-limit': 'timeLimit', '--soft-time-limit': 'softTimeLimit', '--task-events': 'taskEvents',
};

const props = fc.record({
  logLevel: fc.constantFrom(...Object.values(LogLevel)),
  prefetchMultiplier: fc.integer({ min: 1, max: 9 }),
  queues: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 3 }), taskEvents: fc.boolean(),
}, { requiredKeys: [] });

const pool = fc.record({
  concurrency: fc.integer({ min: 1, max: 9 }), maxTasksPerChild: fc.integer({ min: 1, max: 9 }),
  maxMemoryPerChild: fc.integer({ min: 1, max: 40 }).map(Size.mebibytes), timeLimit: fc.integer({ min: 20, max: 60 }).map(Duration.seconds),
  softTimeLimit: fc.integer({ min: 1, max: 9 }).map(Duration.seconds),
}, { requiredKeys: [] });

const settings = fc.record({
  task_acks_late: fc.constant(false), result_extended: fc.boolean(), event_queue_prefix: fc.stringMatching(/^[a-z]{1,5}$/),
}, { requiredKeys: [] });

test('nothing else ever appears on it', () => {
  fc.assert(fc.property(props, pool, settings, (own, limits, given) => {
    const words = argv({ ...own, pool: WorkerPool.prefork(limits) }, given);
    const end = words.indexOf('--');
    const options = words.slice(1, end).filter((word) => word.startsWith('-')).map((word) => word.split('=')[0]);
    const has = new Map(Object.entries({ ...own, ...limits }).filter(([, value]) => value !== false));
    const expected = Object.entries(OPTIONS).filter(([, prop]) => prop === undefined || has.has(prop));
    expect(options.sort()).toEqual(expected.map(([option]) => option).sort());
    expect(words.slice(1, end).filter((word) => !word.startsWith('-'))).toEqual(['tasks', 'worker', 'cdk8s_celery_agent.worker']);
    expect(words.slice(end + 1).map((word) => word.split('=')[0]))
      .toEqual([...Object.keys(given), 'broker_connection_max_retries', 'broker_connection_retry_on_startup'].sort());
  }), { numRuns: runs(10) });
});
