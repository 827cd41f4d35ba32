import { Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryAppProps, CeleryFlower, CeleryWorker, CeleryWorkerProps, PythonRuntime, RabbitMqBroker, RabbitMqQueueType, ResultBackend,
  TaskDelivery, WorkerShutdown,
} from '../../src';
import { celeryApp, TASKS } from '../fixtures';
import { refusals, synth } from '../manifests';
import { NEWEST } from '../locks/lock';

const PASSWORD = { name: 'passwords', key: 'rabbitmq' };
const SECRETS = ['Secret/passwords'];

const app = (settings: CeleryAppProps['settings']) => (chart: Chart): void => void celeryApp(chart, { settings });

test.each<[CeleryAppProps['settings'], string]>([
  [{ result_expires: -5 }, 'settings.result_expires: -5 is out of the range of this setting; give 1 or more, or 0 for none'],
  [{ result_expires: 0.5 }, 'settings.result_expires: 0.5 is out of the range'],
  [{ result_expires: Duration.millis(500) }, 'settings.result_expires: 0.5 is out of the range'],
  [{ task_time_limit: -1 }, 'settings.task_time_limit: -1 is out of the range of this setting; give 0 or more'],
  [{ task_queue_max_priority: 256 }, 'settings.task_queue_max_priority: 256 is out of the range of this setting; give 1 to 255'],
  [{ redis_socket_timeout: 0 }, 'settings.redis_socket_timeout: 0 is out of the range of this setting; give more than 0'],
  [{ broker_transport_options: { visibility_timeout: '3600' } }, 'settings.broker_transport_options.visibility_timeout: \'3600\' is not a number of seconds; give e.g. 3600'],
  [{ broker_transport_options: { visibility_timeout: 0 } }, 'settings.broker_transport_options.visibility_timeout: 0 is not a number of seconds'],
  [{ task_soft_time_limit: 20, task_time_limit: 10 }, 'settings.task_soft_time_limit: 20 is not less than task_time_limit, 10, so the process is killed'],
  [{ task_soft_time_limit: 10, task_time_limit: 10 }, 'settings.task_soft_time_limit: 10 is not less than task_time_limit, 10'],
  [{ task_default_queue: 'a\0b' }, 'has a character that no name of a queue has; give a name without control characters'],
  [{ task_default_queue: '\ud800' }, 'has a character that no name of a queue has'],
  [{ task_default_queue: '' }, 'settings.task_default_queue: \'\' is empty'],
  // Each worker would end with AttributeError or TypeError.
  [{ task_queues: ['mail'] }, 'settings.task_queues: a list is not of the type that Celery takes here; give an object or null; to declare queues by their names, use the prop queues'],
  [{ task_queues: { mail: 'high' } }, "settings.task_queues['mail']: 'high' is not the options of a queue, and Celery would fail on it; give an object, e.g. {}"],
  [{ task_queues: { mail: { exchange: { name: 'mail', type: 'topic' } } } },
    'settings.task_queues[\'mail\'].exchange: {"name":"mail","type":"topic"} is not of the type that kombu takes here; give a string, and its type as exchange_type'],
  [{ task_queues: { mail: { exchange_type: 'nope' } } }, "settings.task_queues['mail'].exchange_type: 'nope' is not a type of an exchange"],
  [{ task_queues: { mail: { queue: 'mail' } } }, "settings.task_queues['mail'].queue: is not an option of a queue that JSON has; leave it out; allowed: alias, auto_delete"],
  [{ task_queues: { mail: { routing_keys: 'mail' } } }, "settings.task_queues['mail'].routing_keys: is not an option of a queue that JSON has; did you mean routing_key?"],
  [{ task_queues: { mail: { bindings: ['mail'] } } }, "settings.task_queues['mail'].bindings: is not an option of a queue that JSON has"],
  [{ task_queues: { mail: { routing_key: null } } }, "settings.task_queues['mail'].routing_key: null is not of the type that kombu takes here; give a string"],
  [{ task_queues: { mail: { expires: '60' } } }, "settings.task_queues['mail'].expires: '60' is not of the type that kombu takes here; give a number"],
  [{ task_default_exchange_type: 'nope' }, "settings.task_default_exchange_type: 'nope' is not a type of an exchange, and each worker ends when it declares one; give direct"],
  [{ accept_content: [] }, 'settings.accept_content: [] accepts no message: each task is refused, and lost'],
  [{ task_default_rate_limit: 'often' }, "settings.task_default_rate_limit: 'often' is not a rate limit, and each worker ends when it reads it; give a number"],
  [{ task_annotations: { '*': { rate_limit: '10/d' } } }, "settings.task_annotations['*'].rate_limit: '10/d' is not a rate limit"],
  [{ task_annotations: [{ 'tasks.add': { rate_limit: '/m' } }] }, "settings.task_annotations[0]['tasks.add'].rate_limit: '/m' is not a rate limit"],
  [{ beat_schedule: { tick: { task: 'tasks.add' } } }, "settings.beat_schedule['tick'].schedule: undefined is missing; give its seconds, e.g. 60"],
  [{ beat_schedule: { tick: { task: 'tasks.add', schedule: '60' } } }, "settings.beat_schedule['tick'].schedule: '60' is not a number of seconds, and Beat ends"],
  [{ beat_schedule: { tick: { schedule: 60 } } }, "settings.beat_schedule['tick'].task: undefined is not the name of a task"],
  [{ beat_schedule: { tick: 60 } }, "settings.beat_schedule['tick']: 60 is not a periodic task; give an object"],
  [{ task_always_eager: true }, 'settings.task_always_eager: true runs tasks where they are sent, and not in a worker'],
])('%j is refused', (settings, message) => {
  expect(refusals(app(settings))).toEqual([expect.stringContaining(message)]);
});

test.each<[CeleryAppProps['settings']]>([
  [{ result_expires: 1, task_time_limit: 0, task_soft_time_limit: 20, task_queue_max_priority: 255, redis_socket_timeout: 0.1 }],
  [{ task_always_eager: false }],
  [{ task_queues: { celery: { routing_key: 'celery.#' } } }],
  [{ task_queues: { celery: { exchange: 'celery', exchange_type: 'x-delayed-message', durable: true, expires: 60, queue_arguments: { 'x-max-priority': 5 }, delivery_mode: 2 } } }],
  [{ task_default_rate_limit: '10/m', task_annotations: { '*': { rate_limit: 5 }, 'tasks.add': { rate_limit: '0.5/h' }, 'tasks.sub': { rate_limit: '1e2/' }, 'tasks.mul': { rate_limit: '' } }, task_default_exchange_type: 'topic', accept_content: ['json'] }],
  [{ task_default_rate_limit: null, task_annotations: ['annotations.Router', { 'tasks.add': { acks_late: true, rate_limit: null } }] }],
  [{ beat_schedule: { tick: { task: 'tasks.add', schedule: 60, args: [2, 2] }, tock: { task: 'tasks.add', schedule: Duration.minutes(1) } } }],
  [{ broker_transport_options: { visibility_timeout: 1.5 }, task_soft_time_limit: 9, task_time_limit: 10, task_default_queue: 'ä b' }],
])('%j is accepted', (settings) => {
  expect(() => synth(app(settings))).not.toThrow();
});

describe('priorities of quorum queues', () => {
  const rabbit = (queueType: RabbitMqQueueType | undefined, props: Partial<CeleryAppProps>, celery: string = NEWEST) =>
    (chart: Chart): void => void celeryApp(chart, {
      broker: new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, queueType }), resultBackend: ResultBackend.rpc(),
      runtime: PythonRuntime.install({ celery }), ...props,
    });
  const existing = (props: Partial<CeleryAppProps>) => (chart: Chart): void => void celeryApp(chart, {
    broker: Broker.fromRabbitMq({ host: 'rabbit.example.com', password: PASSWORD }), resultBackend: ResultBackend.rpc(), ...props,
  });
  const code = AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_queue_max_priority = 5\n` });
  const message = 'is for classic queues, and those of the app are quorum queues, which have no x-max-priority';

  test.each<[string, (chart: Chart) => void, string]>([
    ['by a setting', rabbit(RabbitMqQueueType.QUORUM, { settings: { task_queue_max_priority: 5 } }), 'settings.task_queue_max_priority: 5 '],
    ['by the code', rabbit(RabbitMqQueueType.QUORUM, { code }), 'code: task_queue_max_priority = 5 '],
    ['of an existing RabbitMQ', existing({ settings: { task_queue_max_priority: 5, task_default_queue_type: 'quorum' } }), 'settings.task_queue_max_priority: 5 '],
    ['of one queue', existing({ settings: { task_queues: { mail: { queue_arguments: { 'x-queue-type': 'quorum', 'x-max-priority': 5 } } } } }), 'settings.task_queues[\'mail\']: 5 '],
  ])('%s are refused', (_what, make, prop) => {
    expect(refusals(make)).toEqual([expect.stringContaining(`${prop}${message}`)]);
  });

  test.each<[string, (chart: Chart) => void]>([
    ['where the queues are classic by themselves', rabbit(undefined, { settings: { task_queue_max_priority: 5 } })],
    ['where the code has them', rabbit(undefined, { code })],
    ['of an existing RabbitMQ with classic queues', existing({ settings: { task_queue_max_priority: 5 } })],
    ['that the settings switch off', rabbit(RabbitMqQueueType.QUORUM, { code, settings: { task_queue_max_priority: null } })],
  ])('%s are accepted', (_what, make) => {
    expect(() => synth(make, SECRETS)).not.toThrow();
  });
});

describe('a consumer timeout that is given', () => {
  const rabbit = (longest: number, props: Partial<CeleryAppProps>, worker: Partial<CeleryWorkerProps> = {}) => (chart: Chart): void => {
    const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, consumerTimeout: Duration.minutes(20) });
    const celery = celeryApp(chart, { broker, resultBackend: ResultBackend.rpc(), ...props });
    new CeleryWorker(chart, 'worker', { celery, longestTask: Duration.seconds(longest), ...worker });
  };
  const late: [string, Partial<CeleryAppProps>][] = [
    ['by the delivery', { delivery: TaskDelivery.atLeastOnce() }], ['by a setting', { settings: { task_acks_late: true } }],
    ['by the code', { code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_acks_late = True\n` }) }],
  ];

  test.each(late)('is refused where a task that is acknowledged late %s takes as long', (_what, props) => {
    expect(refusals(rabbit(1200, props))).toEqual([expect.stringContaining(
      '[chart/rabbitmq] consumerTimeout: \'20 minutes\' is not more than the longest task of chart/worker, 1200 s, which is acknowledged at its end: RabbitMQ closes the channel before, '
      + 'and the task runs again; give more than 1200 seconds, or leave it out')]);
  });

  test.each(late)('is accepted where it takes a second less, late %s', (_what, props) => {
    expect(() => synth(rabbit(1199, props), SECRETS)).not.toThrow();
  });

  test.each<[string, Partial<CeleryWorkerProps>]>([
    ['the longest task', {}], ['a time limit', { shutdown: WorkerShutdown.warm({ longestTask: Duration.minutes(5) }) }],
  ])('counts the prefetch multiplier, times %s', (_what, props) => {
    const of = (prefetchMultiplier: number) => rabbit(300, { delivery: TaskDelivery.atLeastOnce({ prefetchMultiplier }) }, props);
    expect(refusals(of(4))).toEqual([expect.stringContaining('consumerTimeout: \'20 minutes\' is not more than what a process of chart/worker may hold, its prefetch multiplier 4 × its longest task '
      + '300 s = 1200 s: RabbitMQ closes the channel before the last is acknowledged, and all of them run again; give more than 1200 seconds, lower the prefetch multiplier, or leave it out')]);
    expect(() => synth(of(3), SECRETS)).not.toThrow();
  });

  test('is accepted where tasks are acknowledged early', () => {
    expect(() => synth(rabbit(1200, { delivery: TaskDelivery.atMostOnce() }), SECRETS)).not.toThrow();
  });
});

test.each([[[]], [['']], [['python manage.py migrate --check']]])('waitFor with the command %j is refused', (command) => {
  expect(refusals((chart) => void celeryApp(chart).waitFor({ name: 'migrated', command }))).toEqual([expect.stringMatching(/^\[chart\/celery\] command: .*(is empty|is not one program)/)]);
});

test('an option of the app that mounts the code says that Flower has none', () => {
  const volumeMounts = [{ name: 'celery-app', mountPath: '/srv/code' }];
  expect(refusals((chart) => {
    const celery = celeryApp(chart, { volumeMounts });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryFlower(chart, 'flower', { celery });
  })).toEqual(['[chart/flower] volumeMounts: \'celery-app\' is not a volume of this pod; Flower has no code: give the option to the workers, Beat and jobs that need it, and not to the CeleryApp']);
  expect(() => synth((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, volumeMounts });
    new CeleryFlower(chart, 'flower', { celery });
  })).not.toThrow();
});
