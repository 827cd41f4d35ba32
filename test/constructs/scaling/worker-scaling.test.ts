/* eslint-disable @stylistic/max-len -- messages stand in one piece */
import { Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryNetwork, CeleryWorker, CeleryWorkerProps, CpuScalingOptions, IBroker, QueueLengthScalingOptions,
  PythonRuntime, RedisBroker, ResultBackend, WorkerPool, WorkerScaling,
} from '../../../src';
import { everyProp } from '../../every-prop';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifest, Manifests, refusals, synth } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const NAME = 'celery-worker';

function worker(props: Partial<CeleryWorkerProps>, app: Partial<CeleryAppProps> = {}): (chart: Chart) => CeleryWorker {
  return (chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, app), ...props });
}

function found(manifests: Manifests, kind: string, name = NAME): Manifest {
  return manifests.all.find((one) => one.kind === kind && one.metadata.name === name)!;
}

/** The spec of the ScaledObject. */
function scaled(options: Partial<QueueLengthScalingOptions> = {}, props: Partial<CeleryWorkerProps> = {}, app: Partial<CeleryAppProps> = {}): Manifest {
  const scaling = WorkerScaling.queueLength({ maxReplicas: 10, ...options });
  return found(synth(worker({ scaling, ...props }, app), ['Secret/broker', 'Secret/redis']), 'ScaledObject').spec as Manifest;
}

/** What a worker is refused for. */
function refused(scaling: Any, props: Partial<CeleryWorkerProps> = {}, app: Partial<CeleryAppProps> = {}): string[] {
  return refusals(worker({ scaling, ...props }, app)).map((line) => line.replace('[chart/worker] ', ''));
}

describe('by the length of its queues', () => {
  test('a worker has a ScaledObject that adds all lists of its queue and what is not acknowledged', () => {
    const manifests = synth(worker({ scaling: WorkerScaling.queueLength({ maxReplicas: 10 }) }));
    expect(found(manifests, 'ScaledObject').metadata).toEqual({
      name: NAME, namespace: 'test', labels: manifests.get('Deployment', NAME).metadata.labels,
    });
    const server = { address: 'redis.test.svc.cluster.local:6379', databaseIndex: '0', listLength: '2' };
    expect(found(manifests, 'ScaledObject').spec).toEqual({
      scaleTargetRef: { name: NAME },
      minReplicaCount: 1,
      maxReplicaCount: 10,
      pollingInterval: 15,
      advanced: {
        scalingModifiers: { formula: 'queue1 + queue1_priority3 + queue1_priority6 + queue1_priority9 + unacked', target: '2', metricType: 'AverageValue' },
        horizontalPodAutoscalerConfig: {
          behavior: { scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }] } },
        },
      },
      triggers: [
        { type: 'redis', name: 'queue1', metadata: { ...server, listName: 'celery' } },
        { type: 'redis', name: 'queue1_priority3', metadata: { ...server, listName: 'celery\x06\x163' } },
        { type: 'redis', name: 'queue1_priority6', metadata: { ...server, listName: 'celery\x06\x166' } },
        { type: 'redis', name: 'queue1_priority9', metadata: { ...server, listName: 'celery\x06\x169' } },
        { type: 'redis', name: 'unacked', metadata: { ...server, listName: 'unacked' } },
      ],
    });
    expect(manifests.get('Deployment', NAME).spec).not.toHaveProperty('replicas');
  });

  test('KEDA is let in to a RedisBroker, from its namespace', () => {
    const admitted = (network?: CeleryNetwork) => JSON.stringify(
      synth(worker({ scaling: WorkerScaling.queueLength({ maxReplicas: 2 }) }, { network })).get('NetworkPolicy', 'redis').spec.ingress,
    );
    expect(admitted()).toContain('"kubernetes.io/metadata.name":"keda"');
    expect(admitted(CeleryNetwork.closed({ keda: [{ namespace: 'scalers' }] }))).toContain('"kubernetes.io/metadata.name":"scalers"');
    expect(JSON.stringify(synth(worker({})).get('NetworkPolicy', 'redis').spec.ingress)).not.toContain('keda');
  });

  test('the lists are those of its queues, with the prefix and the steps of the transport options', () => {
    const { triggers, advanced } = scaled({}, { queues: ['mail', 'reports'] }, {
      settings: { broker_transport_options: { global_keyprefix: 'shop:', priority_steps: [0, 5] } },
    });
    expect(triggers.map(({ metadata }: Manifest) => metadata.listName)).toEqual([
      'shop:mail', 'shop:mail\x06\x165', 'shop:reports', 'shop:reports\x06\x165', 'shop:unacked',
    ]);
    expect(advanced.scalingModifiers.formula).toBe('queue1 + queue1_priority5 + queue2 + queue2_priority5 + unacked');
    expect(triggers.map(({ name }: Manifest) => name)).toEqual(advanced.scalingModifiers.formula.split(' + '));
  });

  test('they are those that a broker of a user needs to connect, where the app sets none of its own', () => {
    const broker = (settings: object): IBroker => ({
      bind: () => ({
        url: { value: 'redis://redis.example.com' }, resultBackend: { value: 'disabled://' }, ...settings,
        queueTrigger: { type: 'redis', metadata: { address: 'redis.example.com:6379' } },
      }),
    });
    const options = { broker_transport_options: { global_keyprefix: 'shop:', priority_steps: [0] } };
    const names = (app: Partial<CeleryAppProps>): string[] => scaled({}, {}, app).triggers.map(({ metadata }: Manifest) => metadata.listName as string);
    expect(names({ broker: broker({ connectionSettings: options }) })).toEqual(['shop:celery', 'shop:unacked']);
    expect(names({ broker: broker({ settings: options }) })).toEqual(['shop:celery', 'shop:unacked']);
    expect(names({ broker: broker({ connectionSettings: options }), settings: { broker_transport_options: { global_keyprefix: 'own:' } } }))
      .toEqual(['own:celery', 'own:unacked']);
  });

  test('the queue of a worker that names none is the default queue of the app', () => {
    expect(scaled({}, {}, { settings: { task_default_queue: 'shop' } }).triggers[0].metadata.listName).toBe('shop');
  });

  const code = (lines: string): Partial<CeleryAppProps> => ({ code: AppCode.fromInline({ 'tasks.py': `${TASKS}${lines}\n` }) });
  const lists = (lines: string, app: Partial<CeleryAppProps> = {}): string[] =>
    scaled({}, {}, { ...code(lines), ...app }).triggers.map(({ metadata }: Manifest) => metadata.listName as string);

  test.each<[string, string, string[]]>([
    ['a default queue', 'app.conf.task_default_queue = \'shop\'', ['shop', 'shop\x06\x163', 'shop\x06\x166', 'shop\x06\x169', 'unacked']],
    ['steps and a separator', 'app.conf.broker_transport_options = {\'priority_steps\': [0, 1], \'sep\': \':\'}', ['celery', 'celery:1', 'unacked']],
    ['a range of steps', 'app.conf.broker_transport_options = {\'priority_steps\': list(range(3))}', ['celery', 'celery\x06\x161', 'celery\x06\x162', 'unacked']],
    ['a prefix, as Django has it', 'CELERY_BROKER_TRANSPORT_OPTIONS = {\'global_keyprefix\': \'shop:\', \'priority_steps\': [0]}', ['shop:celery', 'shop:unacked']],
  ])('what inline code says names the lists, too: %s', (_what, lines, names) => {
    expect(lists(lines)).toEqual(names);
  });

  test('settings take the place of what the code says', () => {
    const said = 'app.conf.task_default_queue = NAME\napp.conf.broker_transport_options = {\'global_keyprefix\': PREFIX}';
    expect(lists(said, { settings: { task_default_queue: 'shop', broker_transport_options: { priority_steps: [0] } } })).toEqual(['shop', 'unacked']);
  });

  test.each(['global_keyprefix', 'sep', 'unacked_key', 'priority_steps'])('a key whose %s only a run tells is refused', (name) => {
    expect(refused(WorkerScaling.queueLength({ maxReplicas: 5 }), {}, code(`app.conf.broker_transport_options = {'${name}': VALUE}`))).toEqual([
      `settings.broker_transport_options: undefined is missing, and the code sets its ${name} to a value that is not known before it runs, so the keys that KEDA is to count are not known; write it as a literal, or give the transport options in the settings of the CeleryApp`,
    ]);
  });

  test('a default queue that only a run tells is refused, unless the worker names its queues', () => {
    const unseen = code('app.conf.task_default_queue = NAME');
    expect(refused(WorkerScaling.queueLength({ maxReplicas: 5 }), {}, unseen)).toEqual([
      'queues: undefined is missing, and the code sets task_default_queue to a value that is not known before it runs, so the queues that KEDA is to count are not known; name the queues of this worker, e.g. queues: [\'celery\']',
    ]);
    expect(scaled({}, { queues: ['shop'] }, unseen).triggers[0].metadata.listName).toBe('shop');
  });

  test('the database and TLS are those of the broker', () => {
    expect(scaled({}, {}, { broker: Broker.fromUrl('rediss://redis.example.com:6380/3?ssl_cert_reqs=required') }).triggers[0].metadata)
      .toMatchObject({ address: 'redis.example.com:6380', databaseIndex: '3', enableTLS: 'true' });
  });

  test('what authenticates comes from a Secret, and is in no trigger', () => {
    const authentication = { secretTargetRef: [{ parameter: 'password', name: 'redis', key: 'password' }] };
    const broker = Broker.fromSecret({ name: 'broker', key: 'url' }, {
      queueTrigger: { type: 'redis', metadata: { address: 'redis.example.com:6379' }, authentication },
    });
    const manifests = synth(worker({ scaling: WorkerScaling.queueLength({ maxReplicas: 2 }) }, { broker }), ['Secret/broker', 'Secret/redis']);
    expect(found(manifests, 'TriggerAuthentication').spec).toEqual(authentication);
    const { triggers } = found(manifests, 'ScaledObject').spec as Manifest;
    expect(triggers.every((trigger: Manifest) => trigger.authenticationRef.name === NAME)).toBe(true);
  });

  test('RabbitMQ counts each queue once, over HTTP with what is not acknowledged', () => {
    const broker = Broker.fromSecret({ name: 'broker', key: 'url' }, {
      transport: 'amqp',
      queueTrigger: { type: 'rabbitmq', metadata: { protocol: 'http' }, authentication: { secretTargetRef: [{ parameter: 'host', name: 'broker', key: 'management' }] } },
    });
    const { triggers, advanced, minReplicaCount } = scaled({ minReplicas: 0 }, { queues: ['mail', 'sms'] }, { broker, resultBackend: ResultBackend.none() });
    expect(triggers.map(({ metadata }: Manifest) => metadata)).toEqual(['mail', 'sms'].map((queueName) => ({ mode: 'QueueLength', protocol: 'http', queueName, value: '2' })));
    expect(advanced.scalingModifiers.formula).toBe('queue1 + queue2');
    expect(minReplicaCount).toBe(0);
  });

  test('a scaler that is not known is given what the broker says', () => {
    const broker: IBroker = {
      bind: () => ({
        url: { value: 'redis://redis.example.com' }, resultBackend: { value: 'disabled://' },
        queueTrigger: { type: 'external', metadata: { scalerAddress: 'scaler.example.com:9090', target: '5' }, queueKey: 'queue', countsUnacknowledged: true },
      }),
    };
    expect(scaled({ minReplicas: 0 }, {}, { broker }).triggers).toEqual([
      { type: 'external', name: 'queue1', metadata: { scalerAddress: 'scaler.example.com:9090', target: '5', queue: 'celery' } },
    ]);
  });

  test('pods are for as many tasks as they run at a time, unless given', () => {
    expect(scaled({}, { pool: WorkerPool.gevent({ concurrency: 100 }) }).advanced.scalingModifiers.target).toBe('100');
    expect(scaled({ tasksPerReplica: 20 }).advanced.scalingModifiers.target).toBe('20');
  });

  test('from zero, and back only after the longest task', () => {
    expect(scaled({ minReplicas: 0 })).toMatchObject({ minReplicaCount: 0, cooldownPeriod: 300 });
    expect(scaled({ minReplicas: 0 }, { longestTask: Duration.minutes(20) })).toMatchObject({ cooldownPeriod: 1200 });
    expect(scaled({ minReplicas: 0, cooldownPeriod: Duration.minutes(10) })).toMatchObject({ cooldownPeriod: 600 });
    expect(scaled({ minReplicas: 1 })).not.toHaveProperty('cooldownPeriod');
  });

  test('a fallback keeps the pods that there are, unless given', () => {
    expect(scaled()).not.toHaveProperty('fallback');
    expect(scaled({ maxReplicas: 5, fallback: { replicas: 5 } }).fallback.replicas).toBe(5);
    expect(scaled({ fallback: { replicas: 3 } }).fallback).toEqual({ replicas: 3, failureThreshold: 3, behavior: 'currentReplicasIfHigher' });
    expect(scaled({ fallback: { replicas: 3, failureThreshold: 1, behavior: 'static' } }).fallback).toEqual({ replicas: 3, failureThreshold: 1, behavior: 'static' });
  });

  test('every option changes the manifests', () => {
    everyProp<QueueLengthScalingOptions, 'maxReplicas'>({
      required: ['maxReplicas'],
      props: () => ({
        minReplicas: 0, maxReplicas: 20, tasksPerReplica: 5, pollingInterval: Duration.seconds(5), cooldownPeriod: Duration.minutes(10),
        fallback: { replicas: 3 }, behavior: { scaleUp: { selectPolicy: 'Disabled' } },
      }),
      make: (chart, options) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), scaling: WorkerScaling.queueLength(options) }),
    });
  });
});

describe('by CPU', () => {
  test('a worker has a HorizontalPodAutoscaler that scales in slowly', () => {
    const manifests = synth(worker({ scaling: WorkerScaling.cpu({ minReplicas: 2, maxReplicas: 8 }) }));
    expect(found(manifests, 'HorizontalPodAutoscaler')).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME },
        minReplicas: 2,
        maxReplicas: 8,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
        behavior: { scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }] } },
      },
    });
    expect(manifests.get('Deployment', NAME).spec).not.toHaveProperty('replicas');
  });

  test('every option changes the manifests', () => {
    everyProp<CpuScalingOptions, 'maxReplicas'>({
      required: ['maxReplicas'],
      props: () => ({ minReplicas: 2, maxReplicas: 8, averageUtilization: 50, behavior: { scaleUp: { stabilizationWindowSeconds: 60 } } }),
      make: (chart, options) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), scaling: WorkerScaling.cpu(options) }),
    });
  });
});

// 180 s at least, the longest task where that is more, and what the API server takes at most. No period is longer than the window.
test.each([[1, 180, 300], [180, 180, 300], [181, 181, 300], [300, 300, 300], [301, 301, 301], [1800, 1800, 1800], [1801, 1800, 1800], [7200, 1800, 1800]])(
  'with tasks of %d s a pod is removed in %d s, after %d s at a lower number', (seconds, period, window) => {
    expect(scaled({}, { longestTask: Duration.seconds(seconds) }).advanced.horizontalPodAutoscalerConfig.behavior.scaleDown)
      .toEqual({ stabilizationWindowSeconds: window, policies: [{ type: 'Pods', value: 1, periodSeconds: period }] });
  },
);

test('what a user gives of the behaviour takes the place of the default', () => {
  const policies = [{ type: 'Percent', value: 50, periodSeconds: 600 }];
  const { behavior } = scaled({ behavior: { scaleDown: { policies }, scaleUp: { stabilizationWindowSeconds: 30 } } }).advanced.horizontalPodAutoscalerConfig;
  expect(behavior).toEqual({ scaleDown: { stabilizationWindowSeconds: 300, policies }, scaleUp: { stabilizationWindowSeconds: 30 } });
});

test('its objects can be reached', () => {
  synth((chart) => {
    const built = worker({ scaling: WorkerScaling.queueLength({ maxReplicas: 3 }) })(chart);
    expect([built.autoscaler?.kind, built.autoscaler?.name, built.triggerAuthentication]).toEqual(['ScaledObject', NAME, undefined]);
  });
});

describe('is refused', () => {
  const by = WorkerScaling.queueLength;
  const amqp = (metadata: Record<string, string>): Partial<CeleryAppProps> => ({
    broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'amqp', queueTrigger: { type: 'rabbitmq', metadata } }),
    resultBackend: ResultBackend.none(),
  });

  test.each<[string, WorkerScaling, Partial<CeleryWorkerProps>, Partial<CeleryAppProps>, string[]]>([
    ['together with replicas', by({ maxReplicas: 5 }), { replicas: 2 }, {},
      ['replicas: 2 is given together with scaling, and each apply would set it again; leave one of the two out']],
    ['a minimum above the maximum', by({ minReplicas: 6, maxReplicas: 5 }), {}, {},
      ['scaling.minReplicas: 6 is more than maxReplicas, 5; lower minReplicas, or raise maxReplicas']],
    ['a minimum above the maximum, by CPU', WorkerScaling.cpu({ minReplicas: 6, maxReplicas: 5 }), {}, {},
      ['scaling.minReplicas: 6 is more than maxReplicas, 5; lower minReplicas, or raise maxReplicas']],
    ['zero by CPU', WorkerScaling.cpu({ minReplicas: 0, maxReplicas: 5 }), {}, {},
      ['scaling.minReplicas: 0 is not a whole number of at least 1; give a whole number from 1 upwards']],
    ['no maximum', by({} as Any), {}, {}, ['scaling.maxReplicas: undefined is missing; give e.g. 10']],
    ['a maximum of zero', by({ minReplicas: 0, maxReplicas: 0 }), {}, {},
      ['scaling.maxReplicas: 0 is not a whole number of at least 1; give a whole number from 1 upwards']],
    ['a misspelt option', by({ maxReplicas: 5, minReplica: 1 } as Any), {}, {},
      ['scaling.minReplica: is not one of the options here; did you mean minReplicas?']],
    ['a misspelt zero, and nothing else', by({ maxReplicas: 5, minReplica: 0, cooldownPeriod: Duration.minutes(10) } as Any), {}, {},
      ['scaling.minReplica: is not one of the options here; did you mean minReplicas?']],
    ['half a task', by({ maxReplicas: 5, tasksPerReplica: 0.5 }), {}, {},
      ['scaling.tasksPerReplica: 0.5 is not a whole number of at least 1; give a whole number from 1 upwards']],
    ['polling all the time', by({ maxReplicas: 5, pollingInterval: Duration.millis(100) }), {}, {},
      ['scaling.pollingInterval: \'100 millis\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)']],
    ['a cooldown shorter than the longest task', by({ minReplicas: 0, maxReplicas: 5, cooldownPeriod: Duration.minutes(5) }), { longestTask: Duration.seconds(301) }, {},
      ['scaling.cooldownPeriod: \'5 minutes\' is less than the longest task of the worker, 301 seconds; give at least Duration.seconds(301), or a shorter longestTask']],
    ['a fallback that KEDA does not have', by({ maxReplicas: 5, fallback: { replicas: -1, behavior: 'more' } }), {}, {}, [
      'scaling.fallback.replicas: -1 is not a whole number of at least 0; give a whole number from 0 upwards',
      'scaling.fallback.behavior: \'more\' is not a behavior of KEDA\'s fallback; give one of static, currentReplicas, currentReplicasIfHigher, currentReplicasIfLower',
    ]],
    ['a fallback above the maximum', by({ maxReplicas: 5, fallback: { replicas: 6 } }), {}, {},
      ['scaling.fallback.replicas: 6 is more than maxReplicas, 5; lower it, or raise maxReplicas']],
    ['a cooldown that KEDA would not use', by({ maxReplicas: 5, cooldownPeriod: Duration.minutes(10) }), {}, {}, [
      'scaling.cooldownPeriod: \'10 minutes\' is for the last pod, which minReplicas, 1, keeps; leave it out, or give minReplicas: 0; for other pods give behavior: { scaleDown: { stabilizationWindowSeconds } }',
    ]],
    ['scaling in faster than tasks end', by({ maxReplicas: 5, behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 299 }] } } }), {}, {}, [
      'scaling.behavior.scaleDown.policies[0].periodSeconds: 299 is less than the longest task of the worker, 300 seconds, so more and more pods would be ending at a time; give at least 300, or a shorter longestTask',
    ]],
    ['what the API server refuses', WorkerScaling.cpu({ maxReplicas: 5, behavior: { scaleUp: { selectPolicy: 'Most', stabilizationWindowSeconds: 3601, policies: [{ type: 'Pod', value: 0, periodSeconds: 1801 }] }, scaleDown: { policies: [] } } }), {}, {}, [
      'scaling.behavior.scaleUp.stabilizationWindowSeconds: 3601 is not a whole number from 0 to 3600; give one that Kubernetes accepts',
      'scaling.behavior.scaleUp.selectPolicy: \'Most\' is not one that Kubernetes has; give one of Max, Min, Disabled',
      'scaling.behavior.scaleUp.policies[0].type: \'Pod\' is not one that Kubernetes has; give one of Pods, Percent',
      'scaling.behavior.scaleUp.policies[0].value: 0 is not a whole number from 1 to 2147483647; give one that Kubernetes accepts',
      'scaling.behavior.scaleUp.policies[0].periodSeconds: 1801 is not a whole number from 1 to 1800; give one that Kubernetes accepts',
      'scaling.behavior.scaleDown.policies: [] is empty; give a policy, or leave it out',
    ]],
    ['a broker that KEDA cannot read', by({ maxReplicas: 5 }), {}, { broker: Broker.fromSecret({ name: 'broker', key: 'url' }) }, [
      'scaling: \'redis\' is a broker whose queues KEDA cannot read, as far as its binding says; give the broker a queueTrigger (Broker.fromSecret(secret, { queueTrigger: { type, metadata } })), use Broker.fromUrl, or scale by WorkerScaling.cpu',
    ]],
    ['a RabbitMQ by its URL', by({ maxReplicas: 5 }), {}, { broker: Broker.fromUrl('amqp://rabbitmq.example.com//'), resultBackend: ResultBackend.none() }, [
      'scaling: \'amqp\' is a broker whose queues KEDA cannot read, as far as its binding says; give the broker a queueTrigger (Broker.fromSecret(secret, { queueTrigger: { type, metadata } })), use Broker.fromRabbitMq, or scale by WorkerScaling.cpu',
    ]],
    ['queues that only the code knows', by({ maxReplicas: 5 }), {}, { code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_queues = {}\n` }) }, [
      'queues: undefined is missing, and the code declares task_queues, so the queues that KEDA is to count are not known; name the queues of this worker, e.g. queues: [\'celery\']',
    ]],
    ['zero over AMQP, which does not count running tasks', by({ minReplicas: 0, maxReplicas: 5 }), {}, amqp({ protocol: 'amqp', hostFromEnv: 'CELERY_BROKER_URL' }), [
      'scaling.minReplicas: 0 is zero, and the trigger rabbitmq does not count the tasks that workers hold, so running tasks would be lost; give minReplicas: 1, or the URL of the management API: Broker.fromRabbitMq({ managementUrl }), or a queueTrigger with protocol: \'http\'',
    ]],
  ])('%s', (_what, scaling, props, app, messages) => {
    expect(refused(scaling, props, app)).toEqual(messages);
  });

  test('scaling in as fast as tasks end is accepted', () => {
    expect(() => synth(worker({ scaling: by({ maxReplicas: 5, behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 300 }] } } }) }))).not.toThrow();
  });

  test('what is no WorkerScaling', () => {
    expect(refused({ maxReplicas: 5 })).toEqual(['scaling: an object is not a WorkerScaling; give e.g. WorkerScaling.queueLength({ maxReplicas: 10 })']);
  });

  test('CPU without a request, by the rule', () => {
    expect(refusals(worker({ scaling: WorkerScaling.cpu({ maxReplicas: 5 }), resources: { requests: { memory: '64Mi' }, limits: { memory: '64Mi' } } })).join())
      .toContain('[scaling/cpu-without-request]');
  });
});

const STEPS = 'is not a list in which kombu finds the step of a priority; give whole numbers from 0 to 9 in ascending order, each once, e.g. [0, 3, 6, 9]';

test.each<[unknown]>([
  [[9, 0]], [[0, 0, 3]], [[0, 3.5]], [['0', '3']], [[0, 10]], [[-1, 3]], [[]], [3],
])('priority steps %j are refused, with and without scaling', (steps) => {
  const settings = { broker_transport_options: { priority_steps: steps } };
  for (const scaling of [undefined, WorkerScaling.queueLength({ maxReplicas: 5 })]) {
    const [line, ...more] = refusals(worker({ scaling }, { settings }));
    expect(more).toEqual([]);
    expect(line).toContain('[chart/celery] settings.broker_transport_options.priority_steps: ');
    expect(line).toContain(STEPS);
  }
});

test.each([[[0]], [[0, 9]], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]])('priority steps %j are taken', (steps) => {
  const manifests = synth(worker({}, { settings: { broker_transport_options: { priority_steps: steps } } }));
  expect(manifests.main(NAME).command.join(' ')).toContain(`"priority_steps":${JSON.stringify(steps)}`);
});

describe('zero', () => {
  const scaling = WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 5 });
  const two = (other: (chart: Chart, celery: CeleryApp) => CeleryApp) => (chart: Chart): void => {
    const celery = celeryApp(chart, { broker: Broker.fromUrl('redis://redis.example.com:6379/0') });
    new CeleryWorker(chart, 'worker', { celery, queues: ['video'], scaling });
    new CeleryWorker(chart, 'other-worker', { celery: other(chart, celery), queues: ['mail'] });
  };
  const another = (chart: Chart, id: string, broker: IBroker, settings = {}): CeleryApp => new CeleryApp(chart, id, {
    app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'), settings,
  });
  const app = (url: string, settings = {}) => (chart: Chart): CeleryApp => another(chart, 'other', Broker.fromUrl(url), settings);
  const message = '[chart/worker] scaling.minReplicas: 0 is zero, and chart/other-worker takes tasks from the same Redis database, which has one hash of unacknowledged tasks for them all; give this worker an app with a database of its own, or minReplicas: 1';

  test.each<[string, (chart: Chart, celery: CeleryApp) => CeleryApp]>([
    ['another worker of the app', (_chart, celery) => celery],
    ['a worker of an app with the same database', app('redis://redis.example.com/0')],
  ])('is refused with %s', (_what, other) => {
    expect(refusals(two(other))).toEqual([message]);
  });

  test.each<[string, (chart: Chart) => CeleryApp]>([
    ['another database', app('redis://redis.example.com:6379/1')],
    ['another server', app('redis://other.example.com:6379/0')],
    ['another prefix', app('redis://redis.example.com:6379/0', { broker_transport_options: { global_keyprefix: 'other:' } })],
  ])('is taken with a worker on %s', (_what, other) => {
    expect(found(synth(two(other)), 'ScaledObject').spec.minReplicaCount).toBe(0);
  });

  test('is taken with a Redis for each app', () => {
    const manifests = synth((chart) => {
      for (const id of ['one', 'two']) new CeleryWorker(chart, `${id}-worker`, { celery: another(chart, id, new RedisBroker(chart, `redis-${id}`)), scaling });
    });
    expect(['one-worker', 'two-worker'].map((name) => found(manifests, 'ScaledObject', name).spec.minReplicaCount)).toEqual([0, 0]);
  });
});
