import { App, Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryJob, CeleryWorker, CeleryWorkerProps, HealthCheck,
  PythonRuntime, RedisBroker, ResultBackend, rules, TaskDelivery, WorkerPool, WorkerShutdown,
} from '../../src';
import { celeryApp, TASKS } from '../fixtures';
import { Manifest, Manifests, refusals, synth } from '../manifests';

const { hours, minutes, seconds } = Duration;

function settingsOf(manifests: Manifests, name = 'celery-worker'): Record<string, unknown> {
  const { command } = manifests.main(name);
  return Object.fromEntries(command.slice(command.indexOf('--') + 1).map((word) => {
    const [, key, value] = /^(\w+)=\(json\)(.*)$/s.exec(word)!;
    return [key, JSON.parse(value) as unknown];
  }));
}

/** The visibility timeout that a worker or Beat has on its command line, or Flower in its environment. */
function timeoutOf(manifests: Manifests, name: string): unknown {
  const { env } = manifests.main(name);
  const ofLoader = env.find((variable) => variable.name === 'CDK8S_CELERY_TRANSPORT_OPTIONS')?.value;
  const options = ofLoader === undefined ? settingsOf(manifests, name).broker_transport_options : JSON.parse(ofLoader) as unknown;
  return (options as { visibility_timeout?: number } | undefined)?.visibility_timeout;
}

function worker(chart: Chart, celery: CeleryApp, props: Partial<CeleryWorkerProps> = {}, id = 'worker'): CeleryWorker {
  return new CeleryWorker(chart, id, { celery, ...props });
}
const LONG: Partial<CeleryWorkerProps> = { shutdown: WorkerShutdown.warm({ longestTask: hours(1) }) };
/** Its longest task, its grace period and 60 seconds. */
const OF_LONG = 3600 + 3615 + 60;

describe('what is acknowledged when', () => {
  const of = (delivery?: TaskDelivery, props: Partial<CeleryWorkerProps> = {}): Manifests =>
    synth((chart) => void worker(chart, celeryApp(chart, { delivery }), props));

  test.each<[string, TaskDelivery | undefined, object]>([
    ['at most once', TaskDelivery.atMostOnce(), { task_acks_late: false, task_reject_on_worker_lost: false }],
    ['at least once', TaskDelivery.atLeastOnce(), { task_acks_late: true, task_reject_on_worker_lost: true }],
    ['at least once, but for a task that kills its process', TaskDelivery.atLeastOnce({ rejectOnWorkerLost: false }), { task_acks_late: true, task_reject_on_worker_lost: false }],
    ['what the code says', undefined, {}],
  ])('%s', (_what, delivery, expected) => {
    const { task_acks_late, task_reject_on_worker_lost } = settingsOf(of(delivery));
    expect(JSON.parse(JSON.stringify({ task_acks_late, task_reject_on_worker_lost }))).toEqual(expected);
  });

  test.each<[string, TaskDelivery, Partial<CeleryWorkerProps>, string]>([
    ['that of the delivery', TaskDelivery.atLeastOnce({ prefetchMultiplier: 3 }), {}, '--prefetch-multiplier=3'],
    ['that of the delivery, early', TaskDelivery.atMostOnce({ prefetchMultiplier: 4 }), {}, '--prefetch-multiplier=4'],
    ['that of the worker', TaskDelivery.atLeastOnce({ prefetchMultiplier: 3 }), { prefetchMultiplier: 2 }, '--prefetch-multiplier=2'],
    ['1', TaskDelivery.atLeastOnce(), {}, '--prefetch-multiplier=1'],
  ])('the prefetch multiplier is %s', (_what, delivery, props, expected) => {
    expect(of(delivery, props).main('celery-worker').command).toContain(expected);
  });
});

describe('the tasks of a dead worker, on Redis', () => {
  const found = (password: boolean, delivery: TaskDelivery | undefined, ...pools: WorkerPool[]): string[] => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    let all: rules.Finding[] = [];
    synth((chart) => {
      const broker = new RedisBroker(chart, 'redis', password ? { password: { name: 'redis', key: 'password' } } : {});
      const celery = celeryApp(chart, { broker, delivery });
      pools.forEach((pool, i) => void worker(chart, celery, { pool }, `worker-${i}`));
      all = rules.Rules.check(chart);
    }, ['Secret/redis']);
    write.mockRestore();
    return all.filter(({ ruleId }) => ruleId === 'delivery/dead-worker-keeps-tasks').map(({ objectName, severity, value }) => `${severity} ${objectName} ${value}`);
  };
  const { gevent, threads } = WorkerPool;
  const late = TaskDelivery.atLeastOnce();

  test.each([false, true])('come back where one worker has an event loop, and else there is a warning; password: %p', (password) => {
    expect(found(password, late, gevent())).toEqual(['warning celery-worker-0 pool gevent']);
    expect(found(password, late, gevent(), gevent())).toEqual(['warning celery-worker-0 pool gevent', 'warning celery-worker-1 pool gevent']);
    expect(found(password, late, gevent(), threads())).toEqual([]);
    expect(found(password, TaskDelivery.atMostOnce(), gevent())).toEqual([]);
    expect(found(password, undefined, gevent())).toEqual([]);
  });
});

describe('the visibility timeout', () => {
  test.each([[1762, undefined], [1763, 1763 + 1778 + 60]])('with tasks of %d s it is %p: Celery\'s 3600 s unless task, grace and 60 s are more', (longest, expected) => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart), { longestTask: seconds(longest) }));
    expect(timeoutOf(manifests, 'celery-worker')).toBe(expected);
  });

  test.each<[string, Partial<CeleryWorkerProps>, TaskDelivery | undefined, number | undefined]>([
    ['4 of half an hour', { prefetchMultiplier: 4, longestTask: minutes(30) }, TaskDelivery.atLeastOnce(), 4 * 1800 + 1815 + 60],
    ['2 that just fit', { prefetchMultiplier: 2, longestTask: seconds(1175) }, TaskDelivery.atLeastOnce(), undefined],
    ['2 of a second more', { prefetchMultiplier: 2, longestTask: seconds(1176) }, TaskDelivery.atLeastOnce(), 2 * 1176 + 1191 + 60],
    ['the multiplier of the delivery, early', { longestTask: minutes(30) }, TaskDelivery.atMostOnce({ prefetchMultiplier: 10 }), 10 * 1800 + 1815 + 60],
    ['early, without a delivery', { prefetchMultiplier: 3, longestTask: minutes(30) }, undefined, 3 * 1800 + 1815 + 60],
    ['greenlets', { prefetchMultiplier: 4, longestTask: minutes(30), pool: WorkerPool.gevent({ concurrency: 5 }) }, TaskDelivery.atLeastOnce(), 4 * 1800 + 1815 + 60],
    ['a time limit', { prefetchMultiplier: 4, pool: WorkerPool.prefork({ timeLimit: minutes(30) }) }, undefined, 4 * 1800 + 1815 + 60],
    ['a soft one', { prefetchMultiplier: 4, pool: WorkerPool.prefork({ softTimeLimit: minutes(30) }) }, undefined, 4 * 1800 + 1815 + 60],
    ['many that are stopped after a second', { prefetchMultiplier: 100, pool: WorkerPool.prefork({ softTimeLimit: seconds(1) }) }, undefined, undefined],
    ['many of nobody knows how long', { prefetchMultiplier: 100 }, TaskDelivery.atLeastOnce(), undefined],
    ['nothing is prefetched', { disablePrefetch: true, longestTask: hours(1) }, TaskDelivery.atLeastOnce({ prefetchMultiplier: 4 }), OF_LONG],
  ])('fits all that a process may hold: %s', (_what, props, delivery, expected) => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart, { delivery }), props));
    expect(timeoutOf(manifests, 'celery-worker')).toBe(expected);
  });

  const RATED = (rate: string, name = 'send'): Partial<CeleryAppProps> => ({
    code: AppCode.fromInline({ 'tasks.py': `${TASKS}@app.task(rate_limit=${rate})\ndef ${name}(): ...\n` }), delivery: TaskDelivery.atLeastOnce(),
  });
  const default_ = (rate: unknown, more: object = {}): Partial<CeleryAppProps> => ({ settings: { task_default_rate_limit: rate, ...more } });

  test.each<[string, Partial<CeleryAppProps>, Partial<CeleryWorkerProps>, number | undefined]>([
    ['of a task', RATED('"1/h"'), {}, 2 * 3600 + 315 + 60],
    ['of a task, with more of them', RATED('"10/h"'), { prefetchMultiplier: 8, longestTask: seconds(30) }, 16 * 360 + 45 + 60],
    ['of a task, often enough', RATED('"1/m"'), { prefetchMultiplier: 8 }, undefined],
    ['of a task, a number for each second', RATED('0.001'), {}, undefined],
    ['of a task, none', RATED('None'), {}, undefined],
    ['of a task, which may be another worker\'s', { ...RATED('"1/h"'), queues: [{ name: 'mail' }] }, { queues: ['celery', 'mail'] }, undefined],
    ['of all', default_('1/h'), {}, 2 * 3600 + 315 + 60],
    ['of all, in the code', { code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_default_rate_limit = '1/h'\n` }) }, {}, 2 * 3600 + 315 + 60],
    ['of all, for which annotations have another', default_('1/h', { task_annotations: { '*': { rate_limit: '1/m' } } }), {}, undefined],
    ['of annotations, in an image', { code: AppCode.inImage(), settings: { task_annotations: { '*': { rate_limit: '1/h' } } } }, {}, 2 * 3600 + 315 + 60],
    ['of all, and none counts', default_('1/h', { worker_disable_rate_limits: true }), {}, undefined],
  ])('fits what waits by a rate limit: %s', (_what, app, props, expected) => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart, app), props));
    expect(timeoutOf(manifests, 'celery-worker')).toBe(expected);
  });

  test('fits one task at a time where the settings turn prefetching off', () => {
    const manifests = synth((chart) => void worker(chart,
      celeryApp(chart, { settings: { worker_disable_prefetch: true } }), { ...LONG, prefetchMultiplier: 4 }));
    expect(timeoutOf(manifests, 'celery-worker')).toBe(OF_LONG);
  });

  test('is that of all who consume: of the other workers, Beat, Flower and jobs, in whatever order they are made', () => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart);
      new CeleryFlower(chart, 'flower', { celery });
      new CeleryBeat(chart, 'beat', { celery });
      worker(chart, celery, {}, 'short');
      worker(chart, celery, LONG, 'long');
      new CeleryJob(chart, 'inspect', { celery, command: ['celery', '-A', 'tasks', 'inspect', 'ping'] });
    });
    expect(['celery-flower', 'celery-beat', 'celery-short', 'celery-long'].map((name) => timeoutOf(manifests, name))).toEqual([OF_LONG, OF_LONG, OF_LONG, OF_LONG]);
    const job = manifests.all.find(({ kind }) => kind === 'Job')!;
    for (const container of [manifests.main('celery-flower'), job.spec.template.spec.containers[0]]) {
      expect(container.env).toEqual(expect.arrayContaining([
        { name: 'CELERY_LOADER', value: 'cdk8s_celery_launch.loader.Loader' },
        { name: 'CDK8S_CELERY_TRANSPORT_OPTIONS', value: `{"visibility_timeout":${OF_LONG}}` },
        { name: 'PYTHONPATH', value: expect.stringMatching(/(^|:)\/opt\/celery-agent$/) },
      ]));
      expect(container.volumeMounts).toContainEqual({ mountPath: '/opt/celery-agent/cdk8s_celery_launch', name: 'launch', readOnly: true });
    }
  });

  test('reaches Flower also where it composes the URL, and has the package already', () => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromRedis({ host: 'redis.example.com', password: { name: 'redis', key: 'password' } }) });
      new CeleryFlower(chart, 'flower', { celery });
      worker(chart, celery, LONG, 'long');
    }, ['Secret/redis']);
    expect(timeoutOf(manifests, 'celery-flower')).toBe(OF_LONG);
    expect(manifests.env('celery-flower').CELERY_LOADER).toBe('cdk8s_celery_launch.loader.Loader');
    expect(manifests.main('celery-flower').volumeMounts.filter(({ name }) => name === 'launch')).toHaveLength(1);
  });

  test('is that of other apps on the same database, by whatever name of its host, and of no others', () => {
    const manifests = synth((chart) => {
      const app = (name: string, url: string): CeleryApp => new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromUrl(url), code: AppCode.fromInline({ 'tasks.py': TASKS }),
        runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'),
        settings: { task_default_queue: name },
      });
      worker(chart, app('a', 'redis://redis.test.svc.cluster.local:6379/0'), LONG);
      worker(chart, app('b', 'redis://redis/0'), {}, 'b-worker');
      worker(chart, app('c', 'redis://redis/1'), {}, 'c-worker');
    });
    expect(['a-worker', 'b-worker', 'c-worker'].map((name) => timeoutOf(manifests, name))).toEqual([OF_LONG, OF_LONG, undefined]);
  });

  test('of a URL in a Secret is that of all apps with it', () => {
    const manifests = synth((chart) => {
      const app = (name: string): CeleryApp => new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'redis' }),
        code: AppCode.fromInline({ 'tasks.py': TASKS }),
        runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), settings: { task_default_queue: name },
      });
      worker(chart, app('a'), LONG);
      worker(chart, app('b'), {}, 'b-worker');
    }, ['Secret/broker']);
    expect(['a-worker', 'b-worker'].map((name) => timeoutOf(manifests, name))).toEqual([OF_LONG, OF_LONG]);
  });

  test('fits a time limit among the settings', () => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart, { settings: { task_time_limit: 3601 } })));
    expect(timeoutOf(manifests, 'celery-worker')).toBe(3601 + 3616 + 60);
  });

  test('fits the hard time limit of the worker, over which a longer one of the settings wins', () => {
    const limited = (task_time_limit: number) => synth((chart) => void worker(
      chart, celeryApp(chart, { settings: { task_time_limit } }), { pool: WorkerPool.prefork({ timeLimit: minutes(1) }) },
    ));
    expect(timeoutOf(limited(60), 'celery-worker')).toBeUndefined();
    expect(timeoutOf(limited(3601), 'celery-worker')).toBe(3601 + 3616 + 60);
  });

  test('joins the transport options that are given', () => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart,
      { settings: { broker_transport_options: { priority_steps: [0, 3] } } }), LONG));
    expect(settingsOf(manifests).broker_transport_options).toEqual({ priority_steps: [0, 3], visibility_timeout: OF_LONG });
  });

  test('comes by the loader, too, so that the command line does not replace what else the code sets', () => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { env: [{ name: 'PYTHONPATH', value: '/srv' }] });
      worker(chart, celery, { pool: WorkerPool.gevent({ concurrency: 50 }), healthCheck: HealthCheck.none() }, 'greenlets');
      worker(chart, celery, { healthCheck: HealthCheck.none(), ...LONG }, 'long');
      new CeleryBeat(chart, 'beat', { celery });
    });
    for (const name of ['celery-greenlets', 'celery-long', 'celery-beat']) {
      expect(settingsOf(manifests, name).broker_transport_options).toEqual({ visibility_timeout: OF_LONG });
      const { CELERY_LOADER, CDK8S_CELERY_TRANSPORT_OPTIONS, PYTHONPATH } = manifests.env(name);
      expect([CELERY_LOADER, CDK8S_CELERY_TRANSPORT_OPTIONS]).toEqual(['cdk8s_celery_launch.loader.Loader', `{"visibility_timeout":${OF_LONG}}`]);
      expect(String(PYTHONPATH).split(':')).toEqual(['/srv', '/app', '/opt/celery-agent']);
      expect(manifests.main(name).volumeMounts.filter(({ name: volume }) => volume === 'launch')).toHaveLength(1);
    }
  });

  test.each<[string, Partial<CeleryAppProps>, Partial<CeleryWorkerProps>]>([
    ['of Celery', {}, {}],
    ['next to transport options of the settings, which replace those of the code', { settings: { broker_transport_options: { priority_steps: [0, 3] } } }, LONG],
    ['for RabbitMQ', { broker: Broker.fromUrl('amqp://rabbitmq:5672//'), resultBackend: ResultBackend.none() }, LONG],
  ])('needs no loader in a worker: that %s', (_what, app, props) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, app);
      worker(chart, celery, props);
      new CeleryBeat(chart, 'beat', { celery });
    });
    for (const name of ['celery-worker', 'celery-beat']) expect(manifests.env(name)).not.toHaveProperty('CELERY_LOADER');
    expect(manifests.all.some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.includes('launch'))).toBe(false);
  });

  test.each([[900], [20_000]])('is what the option says: %d s', (given) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(given) }) });
      worker(chart, celery);
      new CeleryFlower(chart, 'flower', { celery });
    });
    expect([timeoutOf(manifests, 'celery-worker'), timeoutOf(manifests, 'celery-flower')]).toEqual([given, given]);
  });

  test('is not written for RabbitMQ, which has none', () => {
    const manifests = synth((chart) => void worker(chart, celeryApp(chart, { broker: Broker.fromUrl('amqp://rabbitmq:5672//'), resultBackend: ResultBackend.none() }), LONG));
    expect(timeoutOf(manifests, 'celery-worker')).toBeUndefined();
  });

  test('without long tasks nothing changes for Flower', () => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart);
      worker(chart, celery);
      new CeleryFlower(chart, 'flower', { celery });
    });
    expect(manifests.main('celery-flower').env.map(({ name }) => name)).not.toContain('CELERY_LOADER');
    expect(manifests.find('ConfigMap', 'celery-settings')).toBeUndefined();
  });
});

describe('refuses', () => {
  const define = (app: Partial<CeleryAppProps>, props: Partial<CeleryWorkerProps> = {}) => (chart: Chart): void => {
    worker(chart, celeryApp(chart, app), props);
  };

  test('settings that the delivery writes', () => {
    expect(refusals(define({ delivery: TaskDelivery.atMostOnce(), settings: { task_acks_late: true } })))
      .toEqual(['[chart/celery] settings.task_acks_late: true is set by the prop delivery; leave it out']);
  });

  test.each([600, 601])('a visibility timeout of 600 s, and %d s in the settings', (other) => {
    const delivery = TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(10) });
    const given = define({ delivery, settings: { broker_transport_options: { visibility_timeout: other } } });
    if (other === 600) expect(() => synth(given)).not.toThrow();
    else expect(refusals(given)).toEqual(['[chart/celery] settings.broker_transport_options.visibility_timeout: 601 is not that of delivery, 600 s; leave it out']);
  });

  test('options out of their range', () => {
    expect(refusals(define({ delivery: TaskDelivery.atLeastOnce({ prefetchMultiplier: 0, visibilityTimeout: seconds(0) }) }))).toEqual([
      '[chart/celery] delivery.prefetchMultiplier: 0 is not a whole number of at least 1; give a whole number from 1 upwards',
      '[chart/celery] delivery.visibilityTimeout: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)',
    ]);
  });

  test.each<[string, Partial<CeleryWorkerProps>]>([
    ['the hard time limit', { shutdown: WorkerShutdown.warm({ longestTask: minutes(20) }) }], ['a pool\'s limit', { pool: WorkerPool.prefork({ timeLimit: minutes(20) }) }],
  ])('tasks that %s lets run past the visibility timeout, once and suppressible', (_what, props) => {
    expect(refusals(define({ delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(20) }) }, props)))
      .toEqual([expect.stringMatching(/^\[chart\/celery\] delivery\.visibilityTimeout: .*\[delivery\/visibility-timeout-too-short\]$/)]);
    expect(() => synth((chart) => {
      const made = worker(chart, celeryApp(chart, { delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(20) }) }), props);
      rules.Rules.of(made).suppress('delivery/visibility-timeout-too-short', 'to see what it does');
    })).not.toThrow();
  });

  const sentinel = Broker.fromSentinel({ sentinels: ['redis-a.example.com'], masterName: 'mymaster' });

  test.each<[string, Partial<CeleryAppProps>, Partial<CeleryWorkerProps>]>([
    ['by the shutdown', {}, { shutdown: WorkerShutdown.warm({ longestTask: minutes(20) }) }],
    ['by the pool', {}, { pool: WorkerPool.prefork({ timeLimit: minutes(20) }) }],
    ['by the settings', { settings: { task_time_limit: 1200 } }, {}],
  ])('such tasks with Sentinel, too, limited %s', (_what, app, props) => {
    const given = { ...app, broker: sentinel, delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(20) }) };
    expect(refusals(define(given, props))).toEqual([expect.stringMatching(/^\[chart\/celery\] delivery\.visibilityTimeout: '1200 s' is not more than the longest task of chart\/worker, 1200 s.*too-short\]$/)]);
    expect(() => synth(define({ ...given, delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(1201) }) }, props))).not.toThrow();
  });

  test.each<[string, TaskDelivery, Partial<CeleryWorkerProps>, number, string]>([
    ['late', TaskDelivery.atLeastOnce(), { shutdown: WorkerShutdown.warm({ longestTask: minutes(5) }) }, 300, 'the longest task of chart/worker, 300 s, which would run twice'],
    ['late, four of them', TaskDelivery.atLeastOnce({ prefetchMultiplier: 4 }), { longestTask: minutes(5) }, 1200, 'its prefetch multiplier 4 × its longest task 300 s = 1200 s'],
    ['early', TaskDelivery.atMostOnce(), { shutdown: WorkerShutdown.warm({ longestTask: minutes(5) }) }, 300, 'a message that a process has reserved is acknowledged when its task begins'],
  ])('one of the code that tasks outlive, acknowledged %s', (_what, delivery, props, longest, why) => {
    const of = (timeout: number) => define({ delivery, code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.broker_transport_options = {'visibility_timeout': ${timeout}}\n` }) }, props);
    expect(refusals(of(longest))).toEqual([expect.stringContaining(`[chart/celery] code broker_transport_options.visibility_timeout: '${longest} s' is not more than `)]);
    expect(refusals(of(longest))[0]).toContain(why);
    expect(() => synth(of(longest + 1))).not.toThrow();
  });

  test.each<[string | undefined, string[], string | undefined]>([
    ['amqp', ['rabbitmq/consumer-timeout'], 'amqp'], ['sqs', [], 'sqs'], ['redis', ['delivery/visibility-timeout-too-short'], undefined], ['sentinel', ['delivery/visibility-timeout-too-short'], 'sentinel'],
  ])('nothing for a broker of a Secret that has none: the transport %s decides which rule warns', (transport, expected, annotation) => {
    const chart = new Chart(new App(), 'chart', { namespace: 'test' });
    const broker = Broker.fromSecret({ name: 'broker', key: 'url' }, { transport, ...(transport === 'sentinel' ? { masterName: 'mymaster' } : {}) });
    const celery = celeryApp(chart, { broker, resultBackend: ResultBackend.none(), delivery: TaskDelivery.atLeastOnce(), code: AppCode.inImage() });
    const { deployment } = worker(chart, celery, { shutdown: WorkerShutdown.warm({ longestTask: hours(2) }) });
    // What the manifests say where a patch has taken the timeout away.
    const manifests = (chart.toJson() as object[]).map((object) => JSON.parse(JSON.stringify(object).replace(/"broker_transport_options=[^]*?\}",/, '')) as object);
    expect(rules.Rules.lint(manifests).map(({ ruleId }) => ruleId).filter((id) => /visibility|consumer/.test(id))).toEqual(expected);
    expect((deployment.toJson() as Manifest).spec.template.metadata.annotations['cdk8s-celery/broker-transport']).toBe(annotation);
  });

  test('one of the code of another app on the database', () => {
    expect(refusals((chart) => {
      const app = (name: string, code = ''): CeleryApp => new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromUrl('redis://redis:6379/0'), code: AppCode.fromInline({ 'tasks.py': `${TASKS}${code}` }), settings: { task_default_queue: name },
        runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), delivery: TaskDelivery.atLeastOnce(),
      });
      worker(chart, app('a', "app.conf.broker_transport_options = {'visibility_timeout': 20}\n"), { longestTask: seconds(10) });
      worker(chart, app('b'), { longestTask: seconds(30) }, 'b-worker');
    })).toEqual([expect.stringContaining('[chart/b] code broker_transport_options.visibility_timeout: \'20 s\' is the visibility timeout of chart/a on the same database, and is not more than')]);
  });

  test('and not those of one second less', () => {
    const delivery = TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(20) });
    expect(() => synth(define({ delivery }, { shutdown: WorkerShutdown.warm({ longestTask: seconds(1199) }) }))).not.toThrow();
  });

  test.each([[240, true], [241, false]])('a visibility timeout of %d s, where messages wait 240 s by a rate limit: %p', (timeout, expected) => {
    const code = AppCode.fromInline({ 'tasks.py': `${TASKS}@app.task(rate_limit='1/m')\ndef send(): ...\n` });
    const given = define({ code, delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(timeout) }) },
      { prefetchMultiplier: 4, pool: WorkerPool.prefork({ concurrency: 1 }), shutdown: WorkerShutdown.warm({ longestTask: seconds(10) }) });
    if (!expected) expect(() => synth(given)).not.toThrow();
    else {
      expect(refusals(given)).toEqual(['[chart/celery] delivery.visibilityTimeout: \'240 s\' is not more than what a pod of chart/worker may hold, 4 messages by its prefetch multiplier and '
        + 'concurrency, of which a rate limit lets one begin every 60 s = 240 s: it is acknowledged after that, and would run twice; '
        + 'give more than 240 seconds to all apps of the database, lower the prefetch multiplier, or leave it out']);
    }
  });

  test.each<[string, number, boolean]>([['as long as', 1200, true], ['shorter than', 1199, false]])('a visibility timeout that tasks without a limit take %s', (_what, longest, expected) => {
    const delivery = TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(20) });
    const given = define({ delivery }, { shutdown: WorkerShutdown.warm({ longestTask: seconds(longest) }), pool: WorkerPool.threads() });
    if (!expected) expect(() => synth(given)).not.toThrow();
    else {
      expect(refusals(given)).toEqual(['[chart/celery] delivery.visibilityTimeout: \'1200 s\' is not more than the longest task of chart/worker, 1200 s, which would run twice at the same time; '
        + 'give more than 1200 seconds to all apps of the database, or leave it out']);
    }
  });

  test.each<[string, TaskDelivery, string]>([
    ['late', TaskDelivery.atLeastOnce(), '3600 s, which would run twice at the same time'],
    ['early: a reserved message waits as long', TaskDelivery.atMostOnce(),
      '3600 s: a message that a process has reserved is acknowledged when its task begins, after those before it, and a task would run twice'],
  ])('that of another app on the database, too, where tasks are acknowledged %s', (_what, delivery, why) => {
    const two = (timeout: number) => (chart: Chart): void => {
      const app = (name: string, given: TaskDelivery): CeleryApp => new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromUrl('redis://redis:6379/0'), code: AppCode.fromInline({ 'tasks.py': TASKS }), settings: { task_default_queue: name },
        runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), delivery: given,
      });
      worker(chart, app('a', TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(timeout) })), { longestTask: minutes(1) });
      worker(chart, app('b', delivery), { longestTask: hours(1) }, 'b-worker');
    };
    expect(refusals(two(3600))).toEqual([
      `[chart/b] broker: '3600 s' is the visibility timeout of chart/a on the same database, and not more than the longest task of chart/b-worker, ${why}; `
      + 'give more than 3600 seconds to all apps of the database, or leave it out',
    ]);
    expect(() => synth(two(3601))).not.toThrow();
  });

  test.each<[string, TaskDelivery | undefined, string]>([
    ['late', TaskDelivery.atLeastOnce(), 'the last message that a process has reserved is acknowledged when all of them have run'],
    ['early', TaskDelivery.atMostOnce(), 'a message that a process has reserved is acknowledged when its task begins, after those before it'],
    ['as the code says', undefined, 'a message that a process has reserved is acknowledged when its task begins, after those before it'],
  ])('one that is not more than what a process may hold, acknowledged %s', (_what, delivery, why) => {
    const given = (timeout: number) => define({ delivery, settings: { broker_transport_options: { visibility_timeout: timeout } } },
      { prefetchMultiplier: 4, shutdown: WorkerShutdown.warm({ longestTask: seconds(30) }) });
    expect(refusals(given(120))).toEqual([
      '[chart/celery] settings.broker_transport_options.visibility_timeout: \'120 s\' is not more than what a process of chart/worker may hold, its prefetch multiplier 4 × its longest task 30 s = 120 s: '
      + `${why}, and would run twice; give more than 120 seconds to all apps of the database, lower the prefetch multiplier, or leave it out`,
    ]);
    expect(() => synth(given(121))).not.toThrow();
  });

  test('of tasks that must not run twice also where nobody says how long they take', () => {
    const given = (delivery: TaskDelivery, timeout: number) => define({
      delivery, settings: { broker_transport_options: { visibility_timeout: timeout } },
    });
    expect(refusals(given(TaskDelivery.atMostOnce(), 300))).toEqual([
      expect.stringContaining('not more than the longest task of chart/worker, 300 s where longestTask is not given: a message'),
    ]);
    expect(() => synth(given(TaskDelivery.atMostOnce(), 301))).not.toThrow();
    expect(() => synth(given(TaskDelivery.atLeastOnce(), 300))).not.toThrow();
  });

  test('and nothing where early acknowledgement without prefetching reserves none', () => {
    const given = (delivery: TaskDelivery) => define({ delivery, settings: { broker_transport_options: { visibility_timeout: 60 } } },
      { disablePrefetch: true, longestTask: seconds(60) });
    expect(() => synth(given(TaskDelivery.atMostOnce()))).not.toThrow();
    expect(refusals(given(TaskDelivery.atLeastOnce()))).toHaveLength(1);
  });

  test('a visibility timeout for RabbitMQ, which has none', () => {
    const delivery = TaskDelivery.atLeastOnce({ visibilityTimeout: minutes(10) });
    expect(refusals(define({ delivery, broker: Broker.fromUrl('amqp://rabbitmq:5672//'), resultBackend: ResultBackend.none() }))).toEqual([
      '[chart/celery] delivery.visibilityTimeout: \'600 s\' is for Redis and SQS, and the broker is amqp, which delivers the messages of a connection that ends at once; leave it out',
    ]);
  });

  test('two timeouts on one database', () => {
    expect(refusals((chart) => {
      const app = (name: string, timeout: number): CeleryApp => new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromUrl('redis://redis:6379/0'), code: AppCode.fromInline({ 'tasks.py': TASKS }), settings: { task_default_queue: name },
        runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: seconds(timeout) }),
      });
      worker(chart, app('a', 5000));
      worker(chart, app('b', 4000), {}, 'b-worker');
    })).toEqual([
      '[chart/b] delivery.visibilityTimeout: \'4000 s\' is not that of chart/a on the same database, 5000 s; the shortest would hold for all; give all apps of a database the same',
    ]);
  });

  test('a longer one in the code, which that of the database would replace', () => {
    const code = (timeout: number) => AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.broker_transport_options = {'visibility_timeout': ${timeout}}\n` });
    expect(refusals(define({ code: code(OF_LONG + 1) }, LONG))).toEqual([
      `[chart/celery] settings.broker_transport_options.visibility_timeout: undefined is ${OF_LONG + 1} s in the code, and would be replaced by ${OF_LONG} s, `
      + 'which all processes of the database have; move it from the code into the settings of the CeleryApp, or leave it out',
    ]);
    expect(() => synth(define({ code: code(OF_LONG) }, LONG))).not.toThrow();
    expect(() => synth(define({ code: code(OF_LONG + 1) }))).not.toThrow();
  });

  test.each(['worker', 'beat', 'flower', 'job', 'greenlets'])('a loader of the user\'s that would take the place of ours: in %s', (role) => {
    const env = (name: string) => ({ env: name === role ? [{ name: 'CELERY_LOADER', value: 'shop.loader.Loader' }] : undefined });
    const program = (longest: Partial<CeleryWorkerProps>, greenlets: number) => (chart: Chart): void => {
      const celery = celeryApp(chart);
      worker(chart, celery, { ...longest, ...env('worker') });
      worker(chart, celery, { pool: WorkerPool.gevent({ concurrency: greenlets }), ...env('greenlets') }, 'greenlets');
      new CeleryBeat(chart, 'beat', { celery, ...env('beat') });
      new CeleryFlower(chart, 'flower', { celery, ...env('flower') });
      new CeleryJob(chart, 'job', { celery, command: ['true'], ...env('job') });
    };
    expect(refusals(program(LONG, 2))).toEqual([expect.stringContaining(`[chart/${role}] env: 'CELERY_LOADER' would take the place of the loader`)]);
    expect(() => synth(program({}, 2))).not.toThrow();
    if (role === 'greenlets') expect(refusals(program({}, 50))).toHaveLength(1);
  });

  test('a job that was made before the timeout was known', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      new CeleryJob(chart, 'inspect', { celery, command: ['celery', '-A', 'tasks', 'inspect', 'ping'] });
      worker(chart, celery, LONG);
    })).toEqual(['[chart/inspect] celery: \'chart/celery\' has got another visibility timeout after this job was made; make it after all workers of the database']);
  });
});
