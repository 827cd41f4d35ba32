import { App, Chart, Duration } from 'cdk8s';
import { AppCode, CeleryAppProps, CeleryWorker, CeleryWorkerProps, PythonRuntime, rules, TaskDelivery, WorkerPool, WorkerShutdown } from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

const { minutes, seconds } = Duration;
const NAME = 'celery-worker';
const LATE: Partial<CeleryAppProps> = { settings: { task_acks_late: true } };

function define(props: Partial<CeleryWorkerProps>, app: Partial<CeleryAppProps> = {}) {
  return (chart: Parameters<typeof celeryApp>[0]): void => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, app), ...props });
}

const worker = (props: Partial<CeleryWorkerProps>, app?: Partial<CeleryAppProps>): Manifests => synth(define(props, app));
const refused = (props: Partial<CeleryWorkerProps>, app?: Partial<CeleryAppProps>): string[] => refusals(define(props, app)).map((line) => line.replace('[chart/worker] ', ''));
/** What synth refuses, and what it warns of about the shutdown. */
function said(props: Partial<CeleryWorkerProps>, app?: Partial<CeleryAppProps>): { errors: string[]; warnings: string[] } {
  const chart = new Chart(new App(), 'chart', { namespace: 'test' });
  define(props, app)(chart);
  const warned = rules.Rules.check(chart).filter(({ severity, ruleId }) => severity === rules.Severity.WARNING && ruleId.startsWith('shutdown/'));
  const warnings = warned.map(({ message, unless, ruleId }) => `${message} unless ${unless} [${ruleId}]`);
  try {
    worker(props, app);
    return { errors: [], warnings };
  } catch {
    return { errors: refused(props, app), warnings };
  }
}
const grace = (manifests: Manifests): number => manifests.pod(NAME).terminationGracePeriodSeconds;
const options = (manifests: Manifests): string[] => manifests.main(NAME).command.filter((word) => /time-limit|soft_shutdown/.test(word));

describe('warm', () => {
  test('the longest task is the hard time limit, and has 15 seconds more to end', () => {
    const manifests = worker({ shutdown: WorkerShutdown.warm({ longestTask: minutes(10) }) });
    expect([grace(manifests), options(manifests)]).toEqual([615, ['--time-limit=600']]);
    expect(manifests.main(NAME)).not.toHaveProperty('lifecycle');
  });

  test('of a pool with limits, they stay', () => {
    const pool = WorkerPool.prefork({ timeLimit: minutes(9), softTimeLimit: minutes(8) });
    const manifests = worker({ pool, shutdown: WorkerShutdown.warm({ longestTask: minutes(10) }) });
    expect([grace(manifests), options(manifests)]).toEqual([615, ['--time-limit=540', '--soft-time-limit=480']]);
  });

  test.each([['gevent', ['--time-limit=600']], ['threads', []], ['solo', []]] as const)('the pool %s has the limits that it honours', (pool, expected) => {
    expect(options(worker({ pool: WorkerPool[pool](), shutdown: WorkerShutdown.warm({ longestTask: minutes(10) }) }))).toEqual(expected);
  });

  test.each<[string, Partial<CeleryWorkerProps>, number, CeleryAppProps['settings']?]>([
    ['the time limit of the pool', { pool: WorkerPool.prefork({ timeLimit: minutes(2) }) }, 135],
    ['the longest task of the worker', { longestTask: minutes(3), pool: WorkerPool.prefork({ timeLimit: minutes(2) }) }, 195],
    ['five minutes', {}, 315],
    ['a longer soft time limit', { pool: WorkerPool.prefork({ softTimeLimit: minutes(6) }) }, 375],
    ['not a shorter one', { pool: WorkerPool.prefork({ softTimeLimit: minutes(4) }) }, 315],
    ['a longer time limit of the settings', {}, 1215, { task_time_limit: 1200, task_soft_time_limit: 1199 }],
    ['a longer soft time limit of the settings', {}, 1215, { task_soft_time_limit: 1199.5 }],
    ['not a shorter one of the settings', {}, 315, { task_time_limit: 60 }],
    ['the longest task before the settings', { longestTask: minutes(30) }, 1815, { task_time_limit: 1200 }],
  ])('without options, %s is what counts', (_what, props, expected, settings = {}) => {
    expect(grace(worker({ ...props, shutdown: WorkerShutdown.warm() }, { settings }))).toBe(expected);
  });

  test('nothing is written where the prop is left out', () => {
    expect(options(worker({ longestTask: minutes(10) }))).toEqual([]);
  });
});

describe('soft', () => {
  test('the grace period is the timeout and 15 seconds, and SIGTERM begins it', () => {
    const manifests = worker({ shutdown: WorkerShutdown.soft({ timeout: seconds(20), longestTask: minutes(50) }) }, LATE);
    expect([grace(manifests), options(manifests)]).toEqual([35, ['--time-limit=3000', 'worker_soft_shutdown_timeout=(json)20']]);
    expect(manifests.env(NAME)).toMatchObject({ REMAP_SIGTERM: 'SIGQUIT' });
  });

  test('on demand an idle worker waits, too', () => {
    expect(options(worker({ shutdown: WorkerShutdown.soft({ timeout: seconds(20), enableOnIdle: true }) }, LATE)))
      .toEqual(['worker_enable_soft_shutdown_on_idle=(json)true', 'worker_soft_shutdown_timeout=(json)20']);
  });
});

describe('refuses what does not fit', () => {
  const { warm, soft } = WorkerShutdown;
  const twenty = soft({ timeout: seconds(20) });

  test.each<[string, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>, string]>([
    ['a hard time limit above the longest task', { pool: WorkerPool.prefork({ timeLimit: minutes(10) }), shutdown: warm({ longestTask: minutes(5) }) }, {},
      'timeLimit: \'600 s\' is more than longestTask, 300 s, after which a shutdown kills what still runs; lower it, or raise longestTask of the shutdown'],
    ['a soft time limit that is not below it', { pool: WorkerPool.prefork({ softTimeLimit: minutes(5) }), shutdown: warm({ longestTask: minutes(5) }) }, {},
      'softTimeLimit: \'300 s\' is not less than longestTask, 300 s, after which a shutdown kills what still runs; lower it, or raise longestTask of the shutdown'],
    ['two longest tasks', { longestTask: minutes(1), shutdown: warm({ longestTask: minutes(5) }) }, {},
      'longestTask: \'60 s\' is not that of the shutdown, 300 s; give it once, to the shutdown'],
    ['a Celery without a soft shutdown', { shutdown: twenty }, { ...LATE, runtime: PythonRuntime.install({ celery: '5.4.0' }) },
      'shutdown: \'WorkerShutdown.soft\' is for Celery 5.5 and later, and the app has 5.4.0; use a later Celery, or WorkerShutdown.warm({ longestTask })'],
    ['a pool whose tasks cannot be cancelled', { shutdown: twenty, pool: WorkerPool.threads() }, LATE,
      'shutdown: \'WorkerShutdown.soft\' is for the pool prefork: Celery cannot cancel a task of the pool threads; use WorkerShutdown.warm({ longestTask }), or WorkerPool.prefork()'],
    ['a timeout above the longest task', { shutdown: soft({ timeout: minutes(6), longestTask: minutes(5) }) }, LATE,
      'shutdown.timeout: \'360 s\' is more than the longest task takes, 300 s; lower it, raise longestTask, or use WorkerShutdown.warm({ longestTask })'],
    ['tasks of an image that may be acknowledged early', { shutdown: twenty }, { code: AppCode.inImage() },
      'shutdown: \'WorkerShutdown.soft\' cancels running tasks, and those that are acknowledged early are lost; give delivery: TaskDelivery.atLeastOnce() to the CeleryApp, or use '
      + 'WorkerShutdown.warm({ longestTask })'],
    ['a variable that decides it, too', { shutdown: warm(), env: [{ name: 'REMAP_SIGTERM', value: 'SIGQUIT' }] }, {},
      'env: \'REMAP_SIGTERM\' decides how the worker stops, as the prop shutdown does; remove it: WorkerShutdown.soft({ ... }) sets it'],
    ['a setting that decides it, too', { shutdown: warm() }, { settings: { worker_soft_shutdown_timeout: 5 }, runtime: PythonRuntime.install({ celery: '5.6.3' }) },
      'shutdown: WorkerShutdown.warm would be contradicted by the setting worker_soft_shutdown_timeout of the app; leave the setting out: WorkerShutdown.soft({ ... }) writes it'],
    ['a time that is none', { shutdown: warm({ longestTask: seconds(0) }) }, {},
      'shutdown.longestTask: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)'],
    ['no timeout', { shutdown: soft({} as never) }, LATE, 'shutdown.timeout: undefined is missing; give e.g. Duration.seconds(20)'],
  ])('%s', (_what, props, app, message) => {
    expect(refused(props, app)).toEqual([message]);
  });

  test('tasks that the code acknowledges early: a rule sees it', () => {
    expect(refused({ shutdown: twenty })).toEqual([expect.stringContaining('[shutdown/soft-shutdown-loses-tasks]')]);
  });

  const tasks = (...lines: string[]): AppCode => AppCode.fromInline({ 'tasks.py': ['from celery import Celery', 'app = Celery("tasks")', ...lines, ''].join('\n') });
  const long = (limits: string, more = ''): Partial<CeleryAppProps> => ({ code: tasks(`@app.task(${limits})`, 'def send(): ...', more) });
  const MORE = 'is more than longestTask, 60 s, which the grace period and the visibility timeout follow; lower it, or raise longestTask';

  test.each<[string, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>, string]>([
    ['a time limit of the pool', { longestTask: seconds(90), pool: WorkerPool.prefork({ timeLimit: seconds(91) }) }, {}, 'timeLimit: \'91 s\' is more than longestTask, 90 s'],
    ['a time limit of a task', { shutdown: warm({ longestTask: seconds(60) }) }, long('time_limit=61'), `code time_limit of send: 61 ${MORE}`],
    ['one of the settings', { longestTask: seconds(60) }, { settings: { task_time_limit: 61 } },
      'settings.task_time_limit: \'61 s\' is more than longestTask, 60 s, which the grace period and the visibility timeout follow; lower it, or raise longestTask'],
    ['one of the settings, which wins over the command line', { shutdown: warm({ longestTask: seconds(60) }) }, { settings: { task_time_limit: 61 } },
      'settings.task_time_limit: \'61 s\' is more than longestTask, 60 s'],
    ['one of the settings, gevent', { longestTask: seconds(60), pool: WorkerPool.gevent() }, { settings: { task_time_limit: 60.5 } }, 'settings.task_time_limit: \'61 s\' is more than longestTask'],
    ['a soft one of the settings', { longestTask: seconds(60) }, { settings: { task_soft_time_limit: 61 } }, 'settings.task_soft_time_limit: \'61 s\' is more than longestTask, 60 s'],
    ['a soft one of a task', { longestTask: seconds(60) }, long('soft_time_limit=61'), `code soft_time_limit of send: 61 ${MORE}`],
  ])('%s above the longest task', (_what, props, app, message) => {
    expect(refused(props, app)).toEqual([expect.stringContaining(message)]);
  });

  test.each<[string, string[], CeleryAppProps['settings'], boolean]>([
    ['by the settings', ['@app.task(time_limit=7200)', 'def long(): ...'], { task_routes: { 'tasks.long': { queue: 'long' } } }, false],
    ['by the decorator', ['@app.task(time_limit=7200, queue="long")', 'def long(): ...'], {}, false],
    ['by the code', ['@app.task(time_limit=7200)', 'def long(): ...', 'app.conf.task_routes = {"tasks.long": {"queue": "long"}}'], {}, false],
    ['by nothing', ['@app.task(time_limit=7200)', 'def long(): ...'], {}, true],
  ])('a long task that is routed to another worker, %s: the short worker is warned: %p', (_how, lines, settings, expected) => {
    const warnings = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    synth((chart) => {
      const celery = celeryApp(chart, { code: tasks(...lines), settings });
      new CeleryWorker(chart, 'short', { celery, queues: ['celery'], shutdown: warm({ longestTask: seconds(60) }) });
      new CeleryWorker(chart, 'long', { celery, queues: ['long'], shutdown: warm({ longestTask: minutes(120) }) });
    });
    const said = warnings.mock.calls.map(([text]) => String(text)).filter((text) => text.includes('[shutdown/grace-shorter-than-task]'));
    warnings.mockRestore();
    expect(said).toHaveLength(expected ? 1 : 0);
  });

  test.each<[string, Partial<CeleryWorkerProps>, CeleryAppProps['settings']]>([
    ['that is not above', { longestTask: seconds(60) }, { task_time_limit: 60, task_soft_time_limit: 59 }],
    ['soft, with a hard one that is not above', { longestTask: seconds(60), pool: WorkerPool.prefork({ timeLimit: seconds(60), softTimeLimit: seconds(5) }) }, { task_soft_time_limit: 600 }],
    ['soft, which the longest task on the command line ends', { shutdown: warm({ longestTask: seconds(60) }) }, { task_soft_time_limit: 600 }],
    ['that the pool ignores', { longestTask: seconds(60), pool: WorkerPool.threads() }, { task_time_limit: 600 }],
    ['soft, that the pool ignores', { longestTask: seconds(60), pool: WorkerPool.gevent() }, { task_soft_time_limit: 600 }],
    ['of none', { longestTask: seconds(60) }, { task_time_limit: null }],
  ])('a limit of the settings %s: taken', (_what, props, settings) => {
    expect(grace(worker(props, { settings }))).toBe(75);
  });

  test.each([9, 10])('a soft limit of the pool of %d s, where the settings have a hard one of 10 s', (soft) => {
    const props = { pool: WorkerPool.prefork({ softTimeLimit: seconds(soft) }) };
    const app = { settings: { task_time_limit: 10 } };
    if (soft < 10) expect(options(worker(props, app))).toEqual(['--soft-time-limit=9']);
    else {
      expect(refused(props, app)).toEqual([
        'softTimeLimit: \'10 s\' is not less than the setting task_time_limit of the app, 10 s, which ends the task first; lower it, or raise the setting',
      ]);
    }
  });

  test.each([40, 16, 15, 5])('a hook that sleeps %d s, where a task of 40 s has 15 s more to end', (sleep) => {
    const props = { shutdown: warm({ longestTask: seconds(40) }), lifecycle: { preStop: { sleep: { seconds: sleep } } } };
    if (sleep <= 15) expect(() => worker(props)).not.toThrow();
    else expect(refused(props)).toEqual([expect.stringContaining('[shutdown/prestop-uses-grace]')]);
  });

  test.each<[string, number, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>]>([
    ['a limit of a task that is known', 7215, {}, long('time_limit=7200')],
    ['not that of a task in another queue', 315, {}, long('queue="celery", time_limit=7200')],
    ['a limit equal to it', 75, { shutdown: warm({ longestTask: seconds(60) }) }, long('time_limit=60')],
    ['a limit of the settings, which wins over that of the pool', 615, { pool: WorkerPool.prefork({ timeLimit: seconds(50) }) }, { settings: { task_time_limit: 600 } }],
    ['a limit of the pool that is not less than that of the settings', 615, { pool: WorkerPool.prefork({ timeLimit: seconds(600) }) }, { settings: { task_time_limit: 50 } }],
    ['a limit of the settings equal to it', 75, { shutdown: warm({ longestTask: seconds(60) }) }, { settings: { task_time_limit: 60 } }],
  ])('the grace period counts %s', (_what, expected, props, app) => {
    expect(grace(worker(props, app))).toBe(expected);
  });

  const AT_LEAST_ONCE = { delivery: TaskDelivery.atLeastOnce() };
  const SEND = ['@app.task(acks_late=True)', 'def send(): ...'];

  test.each<[string, Partial<CeleryAppProps>, string]>([
    ['one task that says early', { ...AT_LEAST_ONCE, code: tasks('@app.task(acks_late=False)', 'def send(): ...') }, 'send'],
    ['a comment about it', { code: tasks('# TODO: think about acks_late', '@app.task', 'def send(): ...') }, 'send'],
    ['one that says early, and nothing else', { code: tasks('@app.task(acks_late=False)', 'def send(): ...') }, 'send'],
    ['one of two', { code: tasks(...SEND, '@app.task()', 'def store(): ...') }, 'store'],
  ])('%s is acknowledged early, and named', (_what, app, task) => {
    expect(refused({ shutdown: twenty }, app)).toEqual([expect.stringMatching(new RegExp(`one is ${task}.*\\[shutdown/soft-shutdown-loses-tasks\\]`))]);
  });

  const annotations = (value: unknown, code = tasks('@app.task', 'def send(): ...')): Partial<CeleryAppProps> => ({
    ...AT_LEAST_ONCE, code, settings: { task_annotations: value },
  });
  const early = (by: string, app: Partial<CeleryAppProps>): [string, Partial<CeleryAppProps>] => [`task_annotations['${by}'] says acks_late: false`, app];

  test.each<[string, Partial<CeleryAppProps>]>([
    early('*', annotations({ '*': { acks_late: false } })), early('tasks.send', annotations({ 'tasks.send': { acks_late: false } })),
    early('tasks.send', annotations([{ 'tasks.send': { acks_late: 0 } }], AppCode.inImage())),
    early('*', { code: AppCode.inImage(), settings: { task_annotations: { '*': { acks_late: false } } } }),
    ['one is send', { ...AT_LEAST_ONCE, code: tasks('@app.task', 'def send(): ...', 'send.acks_late = False') }],
    ['one is send', { ...AT_LEAST_ONCE, code: tasks('OPTIONS = {"acks_late": False}', '@app.task(**OPTIONS)', 'def send(): ...') }],
    ['one is send', { ...AT_LEAST_ONCE, code: tasks('def send(): ...', 'app.task(send, acks_late=False)') }],
  ])('%s: refused, and nothing else is said', (text, app) => {
    const { errors, warnings } = said({ shutdown: soft({ timeout: seconds(20), longestTask: minutes(5) }) }, app);
    expect([errors, warnings]).toEqual([[expect.stringContaining(text)], []]);
  });

  test.each<[string, Partial<CeleryAppProps>, number]>([
    ['that may say otherwise', { ...AT_LEAST_ONCE, code: tasks('app.conf.task_annotations = {"*": {"acks_late": False}}', '@app.task', 'def send(): ...') }, 1],
    ['whose options only a run tells', { ...AT_LEAST_ONCE, code: tasks('@app.task(acks_late=LATE)', 'def send(): ...') }, 1],
    ['with options about something else', { ...AT_LEAST_ONCE, code: tasks('OPTIONS = {"queue": "celery"}', '@app.task(**OPTIONS)', 'def send(): ...') }, 0],
    ['with annotations that say late', annotations({ '*': { acks_late: true } }, tasks('@app.task(acks_late=False)', 'def send(): ...')), 0],
    ['of an image, with annotations that say late', { code: AppCode.inImage(), settings: { task_annotations: { '*': { acks_late: true } } } }, 0],
  ])('code %s: accepted', (_what, app, expected) => {
    const { errors, warnings } = said({ shutdown: soft({ timeout: seconds(20), longestTask: minutes(5) }) }, app);
    expect(errors).toEqual([]);
    expect(warnings).toEqual(Array.from({ length: expected }, () => expect.stringMatching(/unless .*acknowledged late.*\[shutdown\/soft-shutdown-loses-tasks\]/s)));
  });

  const scheduled = (options: object): Partial<CeleryAppProps> => ({ settings: { beat_schedule: { a: { task: 'tasks.add', schedule: 60, options } } } });

  test.each<[string, Partial<CeleryAppProps>, number | string]>([
    ['of all tasks', { settings: { task_annotations: { '*': { time_limit: 61 } } }, queues: [{ name: 'mail' }] }, "settings.task_annotations['*'].time_limit: 61 is more than longestTask, 60 s"],
    ['of one task', { settings: { task_annotations: { 'tasks.send': { soft_time_limit: 61 } } } }, "settings.task_annotations['tasks.send'].soft_time_limit: 61 is more"],
    ['of one task, which may be another worker\'s', { settings: { task_annotations: { 'tasks.send': { soft_time_limit: 61 } } }, queues: [{ name: 'mail' }] }, 75],
    ['that fits', { settings: { task_annotations: { '*': { time_limit: 60 } } } }, 75],
    ['but of a periodic task', scheduled({ time_limit: 61 }), "settings.beat_schedule['a'].options.time_limit: 61 is more than longestTask, 60 s"],
    ['but of a periodic task to its queue', { ...scheduled({ soft_time_limit: 61, queue: 'mail' }), queues: [{ name: 'mail' }] }, "settings.beat_schedule['a'].options.soft_time_limit: 61"],
    ['but of a periodic task to another one', { ...scheduled({ time_limit: 61, queue: 'video' }), queues: [{ name: 'mail' }, { name: 'video', external: true }] }, 75],
    ['but of a periodic task, which fits', scheduled({ time_limit: 60, soft_time_limit: 90 }), 75],
    ['but of a call', { code: tasks('send.apply_async((1,), time_limit=61, countdown=5)') }, "code 'tasks.py' time_limit of apply_async: 61 is more than longestTask, 60 s"],
    ['but of a call, which fits', { code: tasks('send.apply_async((1,), time_limit=60)  # time_limit=90') }, 75],
    ['in place of that of the code', { ...long('time_limit=90'), settings: { task_annotations: { '*': { time_limit: 60 } } } }, 75],
  ])('a limit that is not of the worker: of task_annotations, %s', (_what, app, expected) => {
    const props = { shutdown: warm({ longestTask: seconds(60) }), ...(app.queues ? { queues: ['celery', 'mail'] } : {}) };
    if (typeof expected === 'string') expect(refused(props, app)).toEqual([expect.stringContaining(expected)]);
    else expect(grace(worker(props, app))).toBe(expected);
  });

  test.each<[string, Partial<CeleryAppProps>]>([
    ['all by the delivery', { ...AT_LEAST_ONCE, code: tasks('@app.task', 'def send(): ...') }],
    ['each for itself', { code: tasks(...SEND) }],
  ])('%s are acknowledged late', (_what, app) => {
    expect(() => worker({ shutdown: twenty }, app)).not.toThrow();
  });

  test.each<[string, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>]>([
    ['limits equal to the longest task', { pool: WorkerPool.prefork({ timeLimit: minutes(5), softTimeLimit: seconds(299) }), shutdown: warm({ longestTask: minutes(5) }) }, {}],
    ['a timeout equal to it', { shutdown: soft({ timeout: minutes(5), longestTask: minutes(5) }) }, LATE],
    ['the first Celery with a soft shutdown', { shutdown: twenty }, { ...LATE, runtime: PythonRuntime.install({ celery: '5.5.3' }) }],
    ['the same longest task twice', { longestTask: minutes(5), shutdown: warm({ longestTask: minutes(5) }) }, {}],
  ])('but not %s', (_what, props, app) => {
    expect(() => worker(props, app)).not.toThrow();
  });
});
