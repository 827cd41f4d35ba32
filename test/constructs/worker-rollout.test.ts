import { ApiObject, Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryWorker, CeleryWorkerProps, PythonRuntime, TaskDelivery, WorkerPool,
  WorkerScaling, WorkerShutdown, rules,
} from '../../src';
import { celeryApp, everyOption, TASKS } from '../fixtures';
import { Manifest, Manifests, refusals, synth } from '../manifests';

const NAME = 'celery-worker';
const { seconds, minutes, hours } = Duration;

const define = (props: Partial<CeleryWorkerProps> = {}, app: Partial<CeleryAppProps> = {}) => (chart: Chart): void => {
  new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, app), ...props });
};
const worker = (props: Partial<CeleryWorkerProps> = {}, app?: Partial<CeleryAppProps>): Manifests => synth(define(props, app));
const refused = (props: Partial<CeleryWorkerProps>, app?: Partial<CeleryAppProps>): string[] => refusals(define(props, app)).map((line) => line.replace('[chart/worker] ', ''));
const budgets = (manifests: Manifests): Manifest[] => manifests.all.filter(({ kind }) => kind === 'PodDisruptionBudget');

test('of code that Python cannot compile, synth warns: a rollout stops at the first pod of it', () => {
  const written: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    expect(() => worker({}, { code: AppCode.fromInline({ 'tasks.py': `${TASKS}\ndef broken(:\n` }) })).not.toThrow();
  } finally {
    write.mockRestore();
  }
  expect(written).toEqual([expect.stringMatching(/^warning: ConfigMap .*\( is not closed.*\[code\/no-python\]/)]);
});

describe('the budget', () => {
  test('a second one for the same pods is refused', () => {
    const second = (matchLabels: object) => (chart: Chart): void => {
      new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), replicas: 2 });
      new ApiObject(chart, 'all', {
        apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'all' }, spec: { maxUnavailable: 1, selector: { matchLabels } },
      });
    };
    expect(refusals(second({ component: 'worker' }))).toEqual([expect.stringContaining('[eviction/several-budgets]')]);
    expect(() => synth(second({ component: 'web' }))).not.toThrow();
  });

  test('evicts one pod at a time, and one that is not ready whenever', () => {
    const manifests = worker({ replicas: 2 });
    expect(budgets(manifests)).toEqual([{
      apiVersion: 'policy/v1', kind: 'PodDisruptionBudget',
      metadata: { name: NAME, namespace: 'test', labels: manifests.get('Deployment', NAME).metadata.labels },
      spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: manifests.get('Deployment', NAME).spec.selector },
    }]);
  });

  test.each<[number, string, Partial<CeleryWorkerProps>]>([
    [0, 'no number', {}], [0, 'no pod', { replicas: 0 }], [0, 'one pod', { replicas: 1 }], [1, 'two pods', { replicas: 2 }],
    [0, 'a maximum of one', { scaling: WorkerScaling.cpu({ minReplicas: 1, maxReplicas: 1 }) }], [1, 'a maximum of two', { scaling: WorkerScaling.cpu({ maxReplicas: 2 }) }],
    [1, 'no number, where it is asked for', { disruptionBudget: {} }],
  ])('there is %d of a pool with %s', (count, _what, props) => {
    expect(budgets(worker(props))).toHaveLength(count);
  });

  test('each pool has its own; Beat and Flower have none', () => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart);
      for (const id of ['a', 'b']) new CeleryWorker(chart, id, { celery, replicas: 2 });
      new CeleryBeat(chart, 'beat', { celery });
      new CeleryFlower(chart, 'flower', { celery });
    });
    expect(budgets(manifests).map(({ metadata }) => metadata.name)).toEqual(['celery-a', 'celery-b']);
  });

  test.each<[string, Partial<CeleryWorkerProps>, string]>([
    ['of one pod', { replicas: 1, disruptionBudget: {} },
      'disruptionBudget: {} is for a pool of two pods or more, and this one has 1: a budget of one pod protects nothing or blocks every drain; leave it out, or raise replicas'],
    ['that allows nothing', { replicas: 2, disruptionBudget: { maxUnavailable: 0 } },
      'disruptionBudget.maxUnavailable: 0 lets no pod be evicted, so a drain of a node never ends; give a whole number from 1 upwards, or a percentage from \'1%\' to \'100%\''],
    ['that allows nothing, in percent', { replicas: 2, disruptionBudget: { maxUnavailable: '0%' } },
      'disruptionBudget.maxUnavailable: \'0%\' lets no pod be evicted, so a drain of a node never ends; give a whole number from 1 upwards, or a percentage from \'1%\' to \'100%\''],
    ...([
      ['101%', '\'101%\' is more than 100%'], ['1', '\'1\' is not a whole number of percent'], [1.5, '1.5 is not a whole number'], [NaN, 'NaN is not a whole number'],
      [-1, '-1 is not a whole number'], [2 ** 31, '2147483648 is more than 2147483647'],
    ] as const).map(([maxUnavailable, wrong]): [string, Partial<CeleryWorkerProps>, string] => [`of ${maxUnavailable}`, { replicas: 2, disruptionBudget: { maxUnavailable } },
      `disruptionBudget.maxUnavailable: ${wrong}; give a whole number from 1 upwards, or a percentage from '1%' to '100%'`]),
    ['that keeps some', { replicas: 2, disruptionBudget: { minAvailable: 1 } as never },
      'disruptionBudget.minAvailable: is not one of the options here; did you mean maxUnavailable?'],
  ])('one %s is refused', (_what, props, message) => {
    expect(refused(props)).toEqual([message]);
  });
});

describe('pods are spread', () => {
  const of = (props: Partial<CeleryWorkerProps>, app?: Partial<CeleryAppProps>): unknown => worker(props, app).pod(NAME).topologySpreadConstraints;

  test('over nodes where there are two, and start where there is no room for that', () => {
    const constraint = {
      maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: worker().get('Deployment', NAME).spec.selector,
    };
    const several: Partial<CeleryWorkerProps>[] = [{ replicas: 2 }, { scaling: WorkerScaling.cpu({ maxReplicas: 2 }) }];
    expect([...several, { replicas: 1 }, {}].map((props) => of(props))).toEqual([[constraint], [constraint], undefined, undefined]);
  });

  test('as is given, to the worker or to its app', () => {
    const { topologySpreadConstraints } = everyOption;
    expect(of({ replicas: 2, topologySpreadConstraints })).toEqual(topologySpreadConstraints);
    expect(of({ replicas: 2 }, { topologySpreadConstraints })).toEqual(topologySpreadConstraints);
    expect(of({ replicas: 2, topologySpreadConstraints: [] })).toEqual([]);
  });
});

describe('a worker with a GPU', () => {
  const resources = { limits: { 'nvidia.com/gpu': 1, 'memory': '1Gi' } };
  const rollout = (props: Partial<CeleryWorkerProps>) => worker(props).get('Deployment', NAME).spec.strategy;

  test('runs one task at a time without a fork, and starts no pod before it has stopped one', () => {
    expect(worker({ resources }).main(NAME).command).toContain('--pool=solo');
    expect(worker({ resources, pool: WorkerPool.threads() }).main(NAME).command).toContain('--pool=threads');
    expect(rollout({ resources })).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
    expect(rollout({})).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } });
  });

  const NO_SURGE = { maxSurge: 0, maxUnavailable: 1 };
  const helper = (more: object) => ({ name: 'helper', image: 'registry.example.com/helper:1.0.0', command: ['helper'], ...more });

  test.each<[string, Partial<CeleryWorkerProps>, string, string | undefined]>([
    ['a TPU', { resources: { limits: { 'google.com/tpu': 4 } } }, 'solo', 'google.com/tpu'],
    ['Neuron', { resources: { limits: { 'aws.amazon.com/neuroncore': 2 } } }, 'solo', 'aws.amazon.com/neuroncore'],
    ['a part of a GPU, of which there may be more', { resources: { limits: { 'aliyun.com/gpu-mem': 3 } } }, 'solo', undefined],
    ['a resource claim, of which nothing is known', { resources: { claims: [{ name: 'gpu' }] } }, 'prefork', undefined],
    ['a GPU of a sidecar', { sidecars: [helper({ resources })] }, 'prefork', 'GPU'],
    ['a GPU of another container', { containers: [helper({ resources })] }, 'prefork', 'GPU'],
    ['a GPU of an init container', { initContainers: [helper({ resources })] }, 'prefork', 'GPU'],
  ])('with %s no pod starts before one has stopped', (_what, props, pool, refusedFor) => {
    expect(rollout(props)).toEqual({ type: 'RollingUpdate', rollingUpdate: NO_SURGE });
    expect(worker(props).main(NAME).command).toContain(`--pool=${pool}`);
    const given = { ...props, replicas: 2, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
    if (refusedFor === undefined) expect(() => worker(given)).not.toThrow();
    else expect(refused(given)).toEqual([expect.stringContaining(`and the ${refusedFor} that it waits for is that of the old one`)]);
  });

  test.each<[string, Partial<CeleryWorkerProps>]>([
    ['a shared GPU', { resources: { limits: { 'nvidia.com/gpu.shared': 1 } } }], ['a sidecar without one', { sidecars: [helper({})] }],
  ])('with %s nothing changes', (_what, props) => {
    expect(rollout(props)).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } });
  });

  test.each<[string, boolean, number, object]>([
    ['a surge and no pod less', true, 2, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }],
    ['the default of Kubernetes with three', true, 3, { type: 'RollingUpdate' }],
    ['the default of Kubernetes with four', false, 4, { type: 'RollingUpdate' }],
    ['a surge and one pod less', false, 2, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } }],
    ['Recreate', false, 2, { type: 'Recreate' }],
  ])('with %s is refused: %p', (_what, expected, replicas, strategy) => {
    const props = { resources, replicas, strategy };
    if (!expected) expect(() => worker(props)).not.toThrow();
    else expect(refused(props)).toEqual([expect.stringMatching(/^strategy\.rollingUpdate: .* starts a new pod before an old one stops, and the GPU .*; leave strategy out, or give maxSurge: 0 and maxUnavailable: 1$/)]);
    expect(() => worker({ replicas, strategy })).not.toThrow();
  });
});

describe('memory of the children', () => {
  // 2 × 181 MiB and 150 MiB are 512 MiB.
  const of = (mebibytes: number): Partial<CeleryWorkerProps> => ({
    pool: WorkerPool.prefork({ concurrency: 2, maxMemoryPerChild: Size.mebibytes(mebibytes) }), resources: { limits: { memory: '512Mi' } },
  });

  test('that may exceed the limit is refused, and that just fits is not', () => {
    expect(refused(of(182))).toEqual(['maxMemoryPerChild: \'182Mi\' in each of 2 processes, and 150 MiB for the main one, are more than the memory limit, 512 MiB: the kernel would kill before '
      + 'Celery replaces; lower it to at most 181 MiB, or raise resources.limits.memory']);
    expect(() => worker(of(181))).not.toThrow();
  });

  test('by the settings, in KiB, where the pool has none and forks', () => {
    const inSettings = (mebibytes: number) => ({ settings: { worker_max_memory_per_child: mebibytes * 1024 } });
    const limited = { resources: { limits: { memory: '512Mi' } } };
    expect(refused(limited, inSettings(182))).toEqual(['settings.worker_max_memory_per_child: \'186368 KiB\' in each of 2 processes, and 150 MiB for the main one, are more than the memory limit, '
      + '512 MiB: the kernel would kill before Celery replaces; lower it to at most 185344, or raise resources.limits.memory']);
    expect(() => worker(limited, inSettings(181))).not.toThrow();
    expect(() => worker(of(181), inSettings(900))).not.toThrow();
    expect(() => worker({ ...limited, pool: WorkerPool.threads() }, inSettings(900))).not.toThrow();
  });
});

describe('processes by the CPU request', () => {
  const of = (cpu: string, processesPerCpu?: number) => new CeleryWorkerOf(cpu, processesPerCpu).concurrency;

  class CeleryWorkerOf {
    public readonly concurrency: number;

    public constructor(cpu: string, processesPerCpu?: number) {
      let built: CeleryWorker | undefined;
      synth((chart) => {
        built = new CeleryWorker(chart, 'worker', {
          celery: celeryApp(chart), pool: WorkerPool.preforkPerCpu({ processesPerCpu }), resources: { requests: { cpu }, limits: { memory: '8Gi' } },
        });
      });
      this.concurrency = built!.concurrency;
    }
  }

  test.each([['4', undefined, 4], ['3900m', undefined, 3], ['100m', undefined, 1], ['2', 1.5, 3], ['700m', 10, 7]])('a request of %s and %p a CPU: %d', (cpu, perCpu, expected) => {
    expect(of(cpu, perCpu)).toBe(expected);
  });

  test('are refused without one, and so is a number that is none', () => {
    expect(refused({ pool: WorkerPool.preforkPerCpu() }))
      .toEqual(['resources.requests.cpu: undefined is missing, and the pool has as many processes as it says; give it, or WorkerPool.prefork({ concurrency })']);
    expect(refused({ pool: WorkerPool.preforkPerCpu({ processesPerCpu: 0 }), resources: { requests: { cpu: 1 } } })).toEqual(['processesPerCpu: 0 is not a number above 0; give e.g. 1']);
  });
});

describe('spot nodes', () => {
  const code = (line: string): AppCode => AppCode.fromInline({ 'tasks.py': `${TASKS}${line}\n` });
  const nodeSelector = { 'cloud.google.com/gke-spot': 'true' };
  const late = { delivery: TaskDelivery.atLeastOnce() };
  const soft = (timeout: number): WorkerShutdown => WorkerShutdown.soft({ timeout: seconds(timeout), longestTask: hours(1) });

  test.each<[string, boolean, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>]>([
    ['tasks that fit', false, { longestTask: seconds(15) }, {}],
    ['tasks that do not', true, { longestTask: seconds(16) }, {}],
    ['tasks that do not, on nodes that are only tolerated', true, { nodeSelector: undefined, longestTask: minutes(5), tolerations: [{ key: 'cloud.google.com/gke-spot', operator: 'Exists' }] }, {}],
    ['tasks that do not, acknowledged late, and a warm shutdown', true, { longestTask: minutes(5) }, late],
    ['tasks that do not, acknowledged late, and a soft shutdown that fits', false, { shutdown: soft(10) }, late],
    ['a soft shutdown that does not fit', true, { shutdown: soft(11) }, late],
    ...(['solo', 'threads', 'gevent'] as const).flatMap((pool): [string, boolean, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>][] => [
      [`${pool}, acknowledged late, which begins again`, false, { longestTask: minutes(5), pool: WorkerPool[pool]() }, late],
      [`${pool}, acknowledged early`, true, { longestTask: minutes(5), pool: WorkerPool[pool]() }, {}],
    ]),
    ['a GPU, which has the pool solo', false, { longestTask: minutes(5), resources: { limits: { 'nvidia.com/gpu': 1 } } }, late],
    ['late by annotations', false, { shutdown: soft(10) }, { settings: { task_annotations: { '*': { acks_late: true } } } }],
    ['a soft shutdown that fits, and late acknowledgement in the code', false, { shutdown: soft(10) }, { code: code('app.conf.task_acks_late = True') }],
    ['a time limit of the settings that does not', true, {}, { settings: { task_time_limit: 16 } }],
    ['a time limit of the settings that fits', false, {}, { settings: { task_time_limit: 15 } }],
    ['a time limit of a task that does not', true, {}, { code: code('@app.task(time_limit=16)\ndef send(): ...') }],
    ['a time limit of a task that fits', false, {}, { code: code('@app.task(time_limit=15)\ndef send(): ...') }],
    ['a soft time limit of the pool that does not', true, { pool: WorkerPool.prefork({ softTimeLimit: seconds(16) }) }, {}],
    ['a soft time limit of the pool that fits', false, { pool: WorkerPool.prefork({ softTimeLimit: seconds(15) }) }, {}],
    ['tasks of nobody knows how long', false, {}, late],
    ['tasks of 5 minutes on Alibaba Cloud', false, { nodeSelector: { 'alibabacloud.com/spot-instance': 'true' }, longestTask: minutes(5) }, {}],
    ['longer ones', true, { nodeSelector: { 'alibabacloud.com/spot-instance': 'true' }, longestTask: seconds(301) }, {}],
    ['a soft shutdown on Azure that fits', false, { nodeSelector: { 'kubernetes.azure.com/scalesetpriority': 'spot' }, shutdown: soft(25) }, late],
    ['a soft shutdown on Azure that does not', true, { nodeSelector: { 'kubernetes.azure.com/scalesetpriority': 'spot' }, shutdown: soft(26) }, late],
    ['other nodes', false, { nodeSelector: { disk: 'ssd' }, longestTask: hours(1) }, {}],
  ])('with %s are refused: %p', (_what, expected, props, app) => {
    const given = { nodeSelector, ...props };
    if (!expected) expect(() => worker(given, app)).not.toThrow();
    else expect(refused(given, app)).toHaveLength(1);
  });

  test('say how long a pod has, and what to do', () => {
    expect(refused({ nodeSelector, longestTask: minutes(5) })).toEqual([
      'nodeSelector: \'cloud.google.com/gke-spot=true\' gives a pod 15 s before its node is gone, and the longest task takes 300 s: it would be lost; use delivery: TaskDelivery.atLeastOnce() and '
      + 'shutdown: WorkerShutdown.soft({ timeout: Duration.seconds(10) }), or other nodes [eviction/spot-node]',
    ]);
    expect(refused({ nodeSelector, longestTask: minutes(5) }, late)).toEqual([expect.stringMatching(new RegExp('takes 300 s: it would be killed in the middle, and begin again only when its '
      + 'message is delivered again; use shutdown: WorkerShutdown.soft\\(.*\\), or other nodes'))]);
    expect(refused({ nodeSelector, longestTask: minutes(5), pool: WorkerPool.solo() }))
      .toEqual([expect.stringContaining('it would be lost; use delivery: TaskDelivery.atLeastOnce(), or other nodes')]);
    expect(refused({ nodeSelector, shutdown: soft(11) }, late)).toEqual([
      'shutdown.timeout: \'11 s\' and 5 seconds to end are more than the 15 s that cloud.google.com/gke-spot=true gives a pod; give at most Duration.seconds(10) [eviction/spot-node]',
    ]);
  });

  test.each<[string, Partial<CeleryAppProps>]>([['early', {}], ['late', late]])('that give more are known to the author: the rule is suppressed, with tasks acknowledged %s', (_when, app) => {
    const warnings = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    synth((chart) => {
      rules.Rules.of(new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, app), nodeSelector, longestTask: seconds(100) })).suppress('eviction/spot-node', 'the node pool gives 120 s');
    });
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  });

  test('a suppression of another construct does not count', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      rules.Rules.of(celery).suppress('eviction/spot-node', 'the node pool gives 120 s');
      new CeleryWorker(chart, 'worker', { celery, nodeSelector, longestTask: seconds(100) });
    })).toEqual([expect.stringContaining('[eviction/spot-node]')]);
  });
});

describe('prefetch is disabled', () => {
  const install = (celery: string): Partial<CeleryAppProps> => ({ runtime: PythonRuntime.install({ celery }) });

  test('with a Celery and a broker that have it', () => {
    expect(worker({ disablePrefetch: true }, install('5.6.3')).main(NAME).command).toContain('--disable-prefetch');
    expect(worker({}).main(NAME).command).not.toContain('--disable-prefetch');
    expect(worker({ disablePrefetch: true, prefetchMultiplier: 1 }).main(NAME).command).toContain('--disable-prefetch');
    expect(refused({ disablePrefetch: true, prefetchMultiplier: 2 })).toEqual([
      'prefetchMultiplier: 2 has no effect with disablePrefetch, which reserves no message in advance; leave one of the two out',
    ]);
    expect(refused({ disablePrefetch: true }, install('5.5.3'))).toEqual(['disablePrefetch: true is for Celery 5.6 and later, and the app has 5.5.3; leave it out: the prefetch multiplier is 1']);
  });
});

test.each([
  [undefined, 0, false], [undefined, 600, true], [700, 699, false], [700, 700, true],
])('a deadline of %p and %d s to be ready are refused: %p', (progressDeadlineSeconds, minReadySeconds, expected) => {
  const props = { progressDeadlineSeconds, minReadySeconds };
  if (expected) expect(refused(props)).toEqual([expect.stringContaining('is not less than progressDeadlineSeconds')]);
  else expect(worker(props).get('Deployment', NAME).spec).toMatchObject({ minReadySeconds });
});

test.each([1, 100, '1%', '100%', 2 ** 31 - 1])('a budget of %p is one', (maxUnavailable) => {
  expect(worker({ replicas: 2, disruptionBudget: { maxUnavailable } }).all.find(({ kind }) => kind === 'PodDisruptionBudget')!.spec.maxUnavailable).toBe(maxUnavailable);
});

test('a deadline of 0 is one message', () => {
  expect(refused({ progressDeadlineSeconds: 0 })).toEqual(['progressDeadlineSeconds: 0 is not a whole number of at least 1; give a whole number from 1 upwards']);
});

test('a pool for each CPU takes the limit where there is no request, as Kubernetes does', () => {
  const resources = (requests?: object) => ({ pool: WorkerPool.preforkPerCpu(), resources: { requests, limits: { cpu: '3', memory: '8Gi' } } as never });
  expect(worker(resources()).main(NAME)).toMatchObject({ command: expect.arrayContaining(['--concurrency=3']), resources: { limits: { cpu: '3' } } });
  expect(worker(resources()).main(NAME).resources.requests?.cpu).toBeUndefined();
  expect(worker(resources({ cpu: '2' })).main(NAME).command).toContain('--concurrency=2');
  expect(worker(resources({ memory: '1Gi' })).main(NAME).command).toContain('--concurrency=3');
});

test.each([
  [Duration.seconds(Infinity), 'Infinity seconds'], [Duration.minutes(Infinity), 'Infinity minutes'], [Duration.seconds(NaN), 'NaN seconds'], [Duration.millis(0.5), '0.5 milliseconds'],
])('a time of %p is refused by its prop', (time, shown) => {
  const message = `${shown} is not a time in whole milliseconds; give e.g. Duration.minutes(5)`;
  expect(refused({ shutdown: WorkerShutdown.warm({ longestTask: time }) })).toEqual([`shutdown.longestTask: ${message}`]);
  expect(refused({ shutdown: WorkerShutdown.soft({ timeout: time }) }, { delivery: TaskDelivery.atLeastOnce() })).toEqual([`shutdown.timeout: ${message}`]);
  expect(refused({ longestTask: time, pool: WorkerPool.prefork({ timeLimit: time, softTimeLimit: time }) }))
    .toEqual(expect.arrayContaining([`longestTask: ${message}`, `timeLimit: ${message}`, `softTimeLimit: ${message}`]));
});

test.each<[boolean | undefined, Partial<CeleryWorkerProps>]>([
  [true, {}], [undefined, { sidecars: everyOption.sidecars }], [undefined, { containers: everyOption.containers }],
  [false, { shareProcessNamespace: false }],
  [undefined, { initContainers: [{ name: 'proxy', image: 'registry.example.com/proxy:1.0.0', command: ['proxy'], restartPolicy: 'Always' }] }],
  [true, { initContainers: [{ name: 'wait', image: 'registry.example.com/wait:1.0.0', command: ['wait'] }] }],
  [true, { shareProcessNamespace: true, sidecars: everyOption.sidecars }],
])('Celery is not process 1: %p', (expected, props) => {
  expect(worker(props).pod(NAME).shareProcessNamespace).toBe(expected);
});

describe('routes in settings', () => {
  const of = (app: Partial<CeleryAppProps>, ...workers: (string[] | undefined)[]) => (chart: Chart): void => {
    const celery: CeleryApp = celeryApp(chart, app);
    workers.forEach((queues, i) => new CeleryWorker(chart, `w${i}`, { celery, queues }));
  };
  const queues = [{ name: 'mail' }, { name: 'billing', external: true }];
  const FIX = 'add it to the queues of the CeleryApp, with external: true where others consume from it';

  test.each<[string, Record<string, unknown>, string[]]>([
    ['a map', { task_routes: { 'tasks.mail': { queue: 'mial' }, 'tasks.*': 'mail' } }, [`settings.task_routes['tasks.mail']: 'mial' is not a queue of the app; did you mean mail? Else ${FIX}`]],
    ['a list', { task_routes: ['routers.route', { 'tasks.a': 'nowhere' }, [['tasks.b', { queue: 'elsewhere' }]]] }, [
      `settings.task_routes[1]['tasks.a']: 'nowhere' is not a queue of the app; ${FIX}`, `settings.task_routes[2][0]: 'elsewhere' is not a queue of the app; ${FIX}`]],
    ['a schedule', { beat_schedule: { daily: { task: 'tasks.a', schedule: 60, options: { queue: 'night' } } } }, [
      `settings.beat_schedule['daily'].options: 'night' is not a queue of the app; ${FIX}`]],
  ])('%s to a queue that is not declared are refused', (_what, settings, messages) => {
    expect(refusals(of({ queues, settings }, ['mail', 'celery']))).toEqual(messages.map((message) => `[chart/celery] ${message}`));
  });

  test('to a queue from which no worker consumes are refused, where none is declared', () => {
    const settings = { task_routes: { 'tasks.mail': { queue: 'mail' } } };
    expect(refusals(of({ settings }, ['celery']))).toEqual([
      `[chart/celery] settings.task_routes['tasks.mail']: 'mail' is a queue from which no worker of the app consumes; ${FIX}`,
    ]);
    expect(() => synth(of({ settings }, ['mail'], ['celery']))).not.toThrow();
  });

  test.each<[string, Partial<CeleryAppProps>, (string[] | undefined)[]]>([
    ['declared queues, external and default ones', { queues, settings: { task_routes: { a: 'mail', b: 'billing', c: { queue: 'celery' }, d: { routing_key: 'x' } } } }, [['mail', 'celery']]],
    ['two functions', { settings: { task_routes: ['routers.one', 'routers.two'] } }, [['celery']]],
    ['queues of task_queues', { settings: { task_queues: { reports: {} }, task_routes: { a: 'reports' } } }, [undefined]],
    ['an app that only sends', { settings: { task_routes: { a: 'elsewhere' } } }, []],
  ])('to %s are right', (_what, app, workers) => {
    expect(() => synth(of(app, ...workers))).not.toThrow();
  });
});
