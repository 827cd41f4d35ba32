import { Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, CeleryAppProps, CeleryWorker, CeleryWorkerProps, HealthCheck, LogLevel, PythonRuntime, WorkerPool, WorkerScaling, WorkerShutdown,
} from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

const NAME = 'celery-worker';

function worker(props: Partial<CeleryWorkerProps> = {}, app: Partial<CeleryAppProps> = {}): (chart: Chart) => CeleryWorker {
  return (chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, app), ...props });
}

const command = (manifests: Manifests) => manifests.main(NAME).command;

describe('with the least that it needs', () => {
  const manifests = synth(worker());

  test('leaves the number of pods to Kubernetes, and a pod goes in a rollout only when a new one consumes', () => {
    const { replicas, strategy } = manifests.get('Deployment', NAME).spec;
    expect({ replicas, strategy }).toEqual({
      replicas: undefined, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
    });
  });

  test.each<[string, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>, object]>([
    ['a GPU: the old pod goes first', { resources: { limits: { 'memory': '1Gi', 'nvidia.com/gpu': 1 } } }, {}, { maxSurge: 0, maxUnavailable: 1 }],
    ['a GPU that its app gives it', {}, { resources: { limits: { 'amd.com/gpu': 1 } } }, { maxSurge: 0, maxUnavailable: 1 }],
    ['no GPU of its own, though its app has one', { resources: { limits: { memory: '1Gi' } } }, { resources: { limits: { 'amd.com/gpu': 1 } } }, { maxSurge: '25%', maxUnavailable: 0 }],
    ['another device', { resources: { limits: { 'example.com/fpga': 1 } } }, {}, { maxSurge: '25%', maxUnavailable: 0 }],
  ])('is replaced in a rollout as its resources allow: %s', (_, props, app, expected) => {
    expect(synth(worker({ pool: WorkerPool.solo(), ...props }, app)).get('Deployment', NAME).spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: expected });
  });

  test('runs two tasks at a time: Celery would take the CPUs of the node', () => {
    expect(command(manifests)).toContain('--concurrency=2');
  });

  test('has the command of a worker, with settings behind --', () => {
    expect(command(manifests)).toEqual([
      'celery', '-A', 'tasks', 'worker', '--loglevel=info', '--concurrency=2', '--pool=prefork', '--prefetch-multiplier=1',
      '--without-gossip', '--without-mingle', '-I', 'cdk8s_celery_agent.worker',
      '--', 'broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true',
    ]);
  });

  test('has five minutes and a margin to finish its tasks', () => {
    expect(manifests.pod(NAME).terminationGracePeriodSeconds).toBe(315);
  });

  test('no probe is an exec: one of `celery inspect ping` costs more than a task, and ends workers that are only busy', () => {
    const { livenessProbe, readinessProbe, startupProbe } = manifests.main(NAME);
    expect([livenessProbe, readinessProbe, startupProbe].map(({ httpGet, exec }) => [httpGet.path, exec]))
      .toEqual([['/livez', undefined], ['/readyz', undefined], ['/livez', undefined]]);
  });

  test('has the code read-only, and /tmp to write to: prefork needs it', () => {
    expect(manifests.main(NAME).volumeMounts).toEqual([
      { mountPath: '/app', name: 'celery-app', readOnly: true },
      { mountPath: '/opt/celery-agent/cdk8s_celery_agent', name: 'agent', readOnly: true },
      { mountPath: '/tmp', name: 'tmp' },
    ]);
    expect(manifests.main(NAME).workingDir).toBe('/app');
    expect(manifests.env(NAME)).toMatchObject({ HOME: '/tmp', PYTHONPATH: '/app:/opt/celery-agent' });
  });

  test('is told where the broker and the results are', () => {
    const url = 'redis://redis.test.svc.cluster.local:6379/0';
    expect(manifests.env(NAME)).toMatchObject({ CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url });
  });

  test('its pods are replaced when the code changes', () => {
    const template = (code: string) => synth((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { code: AppCode.fromInline({ 'tasks.py': code }) }) }))
      .get('Deployment', NAME).spec.template;
    expect(template('a = 1')).toEqual(template('a = 1'));
    expect(template('a = 1')).not.toEqual(template('a = 2'));
  });
});

describe('with all props', () => {
  const manifests = everyProp<CeleryWorkerProps, 'celery'>({
    required: ['celery'],
    external: EXTERNAL,
    // They exclude `replicas` and `prefetchMultiplier`, and have tests of their own.
    idle: ['scaling', 'disablePrefetch'],
    props: (chart) => ({
      ...everyOption,
      celery: celeryApp(chart, { settings: { task_acks_late: true } }),
      name: 'slow',
      launcher: ['ddtrace-run', '--profiling'],
      replicas: 3,
      scaling: WorkerScaling.cpu({ maxReplicas: 4 }),
      pool: WorkerPool.prefork({
        concurrency: 4,
        maxTasksPerChild: 100,
        maxMemoryPerChild: Size.mebibytes(200),
        timeLimit: Duration.minutes(30),
        softTimeLimit: Duration.minutes(29),
      }),
      queues: ['reports', 'mail'],
      prefetchMultiplier: 2,
      longestTask: Duration.hours(1),
      shutdown: WorkerShutdown.soft({ timeout: Duration.minutes(1) }),
      disablePrefetch: true,
      minReadySeconds: 20,
      progressDeadlineSeconds: 900,
      disruptionBudget: { maxUnavailable: '10%' },
      shareProcessNamespace: true,
      taskEvents: true,
      logLevel: LogLevel.WARNING,
      healthCheck: HealthCheck.agent({ port: 9000 }),
      strategy: { type: 'Recreate' },
    }),
    make: (chart, { scaling: _scaling, disablePrefetch: _disablePrefetch, ...props }) => new CeleryWorker(chart, 'worker', props),
  });

  test('each is where Celery and Kubernetes read it', () => {
    expect(manifests.get('Deployment', 'slow').spec).toMatchObject({
      replicas: 3, strategy: { type: 'Recreate' }, minReadySeconds: 20, progressDeadlineSeconds: 900, template: { spec: { shareProcessNamespace: true } },
    });
    expect(manifests.all.find(({ kind }) => kind === 'PodDisruptionBudget')!.spec).toMatchObject({ maxUnavailable: '10%' });
    expect(manifests.main('slow').command).toEqual([
      'ddtrace-run', '--profiling', 'celery', '-A', 'tasks', 'worker', '--loglevel=warning', '--concurrency=4', '--pool=prefork', '--prefetch-multiplier=2',
      '--queues=reports,mail', '--max-tasks-per-child=100', '--max-memory-per-child=204800', '--time-limit=1800', '--soft-time-limit=1740',
      '--without-gossip', '--without-mingle', '--task-events', '-I', 'cdk8s_celery_agent.worker', '--',
      'broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true',
      'broker_transport_options=(json){"visibility_timeout":7335}', 'task_acks_late=(json)true',
      'worker_soft_shutdown_timeout=(json)60',
    ]);
    expect(manifests.pod('slow').terminationGracePeriodSeconds).toBe(60 + 15);
    expect(manifests.env('slow')).toMatchObject({ REMAP_SIGTERM: 'SIGQUIT' });
    expect(manifests.main('slow').ports).toEqual([{ containerPort: 9000, name: 'health' }]);
  });
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const built = worker({ pool: WorkerPool.prefork({ concurrency: 7 }) })(chart);
    expect([built.deployment.name, built.concurrency]).toEqual([NAME, 7]);
  });
});

test.each([
  ['timeLimit, which ends every task', { pool: WorkerPool.prefork({ timeLimit: Duration.hours(1) }) }, 3615],
  ['longestTask before timeLimit', { pool: WorkerPool.gevent({ timeLimit: Duration.hours(1) }), longestTask: Duration.hours(2) }, 7215],
])('the time to stop comes from %s', (_what, props, seconds) => {
  expect(synth(worker(props)).pod(NAME).terminationGracePeriodSeconds).toBe(seconds);
});

test('memory grows with the processes of prefork, and not with the greenlets of gevent', () => {
  const limit = (pool: WorkerPool) => synth(worker({ pool })).main(NAME).resources.limits.memory;
  const { prefork, gevent, autoscale } = WorkerPool;
  expect([prefork({ concurrency: 1 }), prefork({ concurrency: 4 }), gevent({ concurrency: 500 }), autoscale({ min: 1, max: 4 })].map(limit))
    .toEqual(['320Mi', '896Mi', '320Mi', '896Mi']);
});

// 4 children of 400 MiB and 150 MiB for the main process are 1750 MiB; with 85 MiB the ordinary limit is enough.
test.each([[400, 4, '1750Mi'], [85, 4, '896Mi'], [200, 2, '550Mi'], [181, 2, '512Mi'], [182, 2, '514Mi']])(
  'memory has room for children that are replaced at %d MiB, %d of them: %s', (mebibytes, concurrency, expected) => {
    const warnings = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const manifests = synth(worker({ pool: WorkerPool.prefork({ concurrency, maxMemoryPerChild: Size.mebibytes(mebibytes) }) }));
    expect(manifests.main(NAME).resources.limits.memory).toBe(expected);
    const bySettings = synth(worker({ pool: WorkerPool.prefork({ concurrency }) }, { settings: { worker_max_memory_per_child: mebibytes * 1024 } }));
    expect(bySettings.main(NAME).resources.limits.memory).toBe(expected);
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  },
);

test('the pool gevent installs gevent, in the version of the lock', () => {
  const manifests = synth(worker({ pool: WorkerPool.gevent() }, { runtime: PythonRuntime.install({ celery: '5.3.4' }) }));
  expect(command(manifests)).toContain('--pool=gevent');
  const lock = manifests.get('ConfigMap', 'celery-install').data['constraints.txt'].split('\n');
  const [celery, gevent, ...more] = manifests.pod(NAME).initContainers[0].args;
  expect([celery, more]).toEqual(['celery[redis]==5.3.4', []]);
  expect(gevent).toMatch(/^gevent==\d/);
  expect(lock).toContain(gevent);
});

test('the pool solo runs one task at a time', () => {
  expect(command(synth(worker({ pool: WorkerPool.solo() })))).toEqual(expect.arrayContaining(['--pool=solo', '--concurrency=1']));
});

test('two workers of one app have a name, labels and a selector of their own', () => {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'fast', { celery });
    new CeleryWorker(chart, 'slow', { celery });
  });
  const selector = (name: string) => manifests.get('Deployment', name).spec.selector.matchLabels;
  expect(selector('celery-fast')).not.toEqual(selector('celery-slow'));
});

test('a worker whose id begins with the name of the app does not have it twice', () => {
  expect(synth((chart) => new CeleryWorker(chart, 'celery-mail', { celery: celeryApp(chart) })).identities()).toContain('Deployment/celery-mail');
});

describe('refuses', () => {
  const minutes = (amount: number) => Duration.minutes(amount);
  const { prefork, autoscale, threads, gevent } = WorkerPool;

  test.each<[Partial<CeleryWorkerProps>, string]>([
    [{ pool: prefork({ concurrency: 0 }) }, 'concurrency: 0 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: threads({ concurrency: 1.5 }) }, 'concurrency: 1.5 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: gevent({ concurrency: NaN }) }, 'concurrency: NaN is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: autoscale({ min: 0, max: 2 }) }, 'min: 0 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: autoscale({ min: 1, max: 2.5 }) }, 'max: 2.5 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: autoscale({ min: 3, max: 2 }) }, 'min: 3 is more than max, 2; lower min, or raise max'],
    [{ replicas: -1 }, 'replicas: -1 is not a whole number of at least 0; give a whole number from 0 upwards'],
    [{ replicas: 2 ** 31 }, 'replicas: 2147483648 is more than 2147483647; give a whole number from 0 to 2147483647'],
    [{ longestTask: Duration.days(1e12) }, 'longestTask: \'1000000000000 days\' is more than 2147483647 seconds; give a shorter time, or leave it out'],
    [{ queues: ['a\0b'] }, 'queues: \'a\\x00b\' is not a name of a queue; use a name without spaces, commas and control characters'],
    [{ concurency: 2 } as object, 'concurency: is not one of the options here; did you mean concurrency? Give it to the pool: WorkerPool.prefork({ concurrency: ... })'],
    [{ launcher: ['env', `A=${'x'.repeat(131_070)}`] }, 'launcher: \'env\' has an argument of more than 131071 bytes, with which Linux starts no program; put it into a file'],
    [{ replicas: 0.5 }, 'replicas: 0.5 is not a whole number of at least 0; give a whole number from 0 upwards'],
    [{ prefetchMultiplier: 0 }, 'prefetchMultiplier: 0 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: prefork({ maxTasksPerChild: 0 }) }, 'maxTasksPerChild: 0 is not a whole number of at least 1; give a whole number from 1 upwards'],
    [{ pool: prefork({ maxMemoryPerChild: Size.kibibytes(0) }) }, 'maxMemoryPerChild: \'0Ki\' is not an amount of memory; give e.g. Size.mebibytes(200)'],
    [{ pool: gevent({ timeLimit: Duration.millis(1500) }) },
      'timeLimit: \'1 second 500 millis\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)'],
    [{ pool: prefork({ softTimeLimit: minutes(5), timeLimit: minutes(5) }) },
      'softTimeLimit: \'5 minutes\' is not less than timeLimit, 5 minutes; leave the task some time to clean up before it is killed'],
    [{ pool: autoscale({ min: 1, max: 2, softTimeLimit: minutes(6), timeLimit: minutes(5) }) },
      'softTimeLimit: \'6 minutes\' is not less than timeLimit, 5 minutes; leave the task some time to clean up before it is killed'],
    [{ longestTask: Duration.seconds(0) }, 'longestTask: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)'],
    [{ queues: [] }, 'queues: [] is empty; name a queue, or leave it out'],
    [{ queues: ['mail', 'a,b'] }, 'queues: \'a,b\' is not a name of a queue; use a name without spaces, commas and control characters'],
    [{ name: 'w'.repeat(64) },
      `name: '${'w'.repeat(64)}' has 64 characters, and Kubernetes allows 63; give a shorter name, or a shorter construct id`],
    [{ name: 'my_worker' }, 'name: \'my_worker\' is not a name that Kubernetes accepts; '
      + 'use lower-case letters, digits and "-", beginning and ending with a letter or digit'],
  ])('%p', (props, message) => {
    expect(refusals(worker(props))).toEqual([`[chart/worker] ${message}`]);
  });

  test('an id that makes the name too long', () => {
    const id = 'w'.repeat(57);
    expect(refusals((chart) => new CeleryWorker(chart, id, { celery: celeryApp(chart) })))
      .toEqual([expect.stringContaining(`name: 'celery-${id}' has 64 characters`)]);
  });

  test('an app of another namespace, whose ConfigMaps its pods can\'t mount', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(new Chart(chart, 'other', { namespace: 'other' }));
      new CeleryWorker(chart, 'worker', { celery });
    })).toEqual([
      '[chart/worker] namespace: \'test\' is not \'other\', the namespace of the app chart/other/celery, whose ConfigMaps the pods mount; '
      + 'put both into one chart, or give both charts one namespace',
    ]);
  });

  test('all that is wrong at once', () => {
    expect(refusals(worker({ pool: WorkerPool.prefork({ concurrency: 0 }), replicas: -1, queues: [], name: '' })).map((line) => line.split(':')[0]))
      .toEqual(['name', 'replicas', 'queues', 'concurrency'].map((prop) => `[chart/worker] ${prop}`));
  });
});

test.each([[585, undefined], [586, 'false']])('with tasks of %d seconds and 15 to end, autoscalers of nodes do not move the pod above 600 in all: %p', (seconds, expected) => {
  const longestTask = Duration.seconds(seconds);
  const manifests = synth((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), longestTask, podAnnotations: { 'example.com/a': '1', 'karpenter.sh/do-not-disrupt': 'mine' } }));
  const { annotations } = manifests.get('Deployment', 'celery-worker').spec.template.metadata;
  expect(annotations).toEqual({
    ...(expected === undefined ? {} : { 'cluster-autoscaler.kubernetes.io/safe-to-evict': expected }), 'example.com/a': '1', 'karpenter.sh/do-not-disrupt': 'mine',
  });
});
