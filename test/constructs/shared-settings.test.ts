import { Chart, Duration } from 'cdk8s';
import {
  Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryJob, CeleryProducer, CeleryWorker, PythonRuntime,
  RabbitMqBroker, ResultBackend,
} from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';
import { NEWEST } from '../locks/lock';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const LOADER = 'cdk8s_celery_launch.loader.Loader';
const CALL = ['celery', '-A', 'tasks', 'call', 'tasks.add'];
const MIGRATED = { name: 'migrated', command: ['python', 'manage.py', 'migrate', '--check'] };
const READY = { name: 'ready', command: ['celery', '-A', 'tasks', 'inspect', 'ping'] };
const PASSWORD = { name: 'passwords', key: 'rabbitmq' };
const SECRETS = ['Secret/passwords'];

/** All that an app has, and a producer of it. */
function everything(make: (chart: Chart) => CeleryApp, longestTask?: Duration): { manifests: Manifests; producer: CeleryProducer } {
  let producer: CeleryProducer | undefined;
  const manifests = synth((chart) => {
    const celery = make(chart);
    new CeleryFlower(chart, 'flower', { celery });
    new CeleryBeat(chart, 'beat', { celery });
    // Before the worker, whose tasks decide about the visibility timeout.
    new CeleryWorker(chart, 'worker', { celery, longestTask, initContainers: [celery.initContainer(MIGRATED), celery.waitFor(READY)] });
    new CeleryJob(chart, 'call', { celery, command: CALL, initContainers: [celery.initContainer({ ...MIGRATED, name: 'first' })] });
    producer = celery.producer();
  }, SECRETS);
  return { manifests, producer: producer! };
}

function variables(container: Any): Record<string, string | undefined> {
  return Object.fromEntries(container.env.map(({ name, value }: Any) => [name, value]));
}

/** The settings that a container gets by the loader, as it joins them. */
function loaded(container: Any): Record<string, Any> {
  const env = variables(container);
  const [connection, app, options] = ['CONNECTION_SETTINGS', 'APP_SETTINGS', 'TRANSPORT_OPTIONS']
    .map((name) => JSON.parse(env[`CDK8S_CELERY_${name}`]?.replaceAll('$$', '$') ?? '{}') as Record<string, Any>);
  const found: Record<string, Any> = { ...connection, ...app };
  const transport = { ...connection.broker_transport_options, ...app.broker_transport_options, ...options };
  return Object.keys(transport).length === 0 ? found : { ...found, broker_transport_options: transport };
}

/** Those of its command line, joined with those of the connection, as the loader does it. */
function ofCommandLine(container: Any): Record<string, Any> {
  const { command } = container;
  const given = Object.fromEntries(command.slice(command.indexOf('--') + 1).map((word: string) => {
    const [, name, value] = /^(\w+)=\(json\)(.*)$/s.exec(word)!;
    return [name, JSON.parse(value.replaceAll('$$', '$'))];
  }));
  const connection = loaded(container);
  const both = { ...connection, ...given };
  return connection.broker_transport_options
    ? { ...both, broker_transport_options: { ...connection.broker_transport_options, ...given.broker_transport_options } } : both;
}

function containers(manifests: Manifests): Record<'worker' | 'beat' | 'flower' | 'job' | 'initContainer' | 'waitFor' | 'initContainerOfJob', Any> {
  const job: Any = manifests.all.find(({ kind }) => kind === 'Job')!.spec.template.spec;
  const inits: Any[] = manifests.pod('celery-worker').initContainers;
  const named = (list: Any[], name: string): Any => list.find((container) => container.name === name);
  return {
    worker: manifests.main('celery-worker'), beat: manifests.main('celery-beat'), flower: manifests.main('celery-flower'), job: job.containers[0],
    initContainer: named(inits, 'migrated'), waitFor: named(inits, 'ready'), initContainerOfJob: named(job.initContainers, 'first'),
  };
}

const WITHOUT = ['flower', 'job', 'initContainer', 'waitFor', 'initContainerOfJob'] as const;

const redis = (settings?: CeleryAppProps['settings']) => (chart: Chart) => celeryApp(chart, { settings });
const rabbit = (props: (chart: Chart) => Partial<CeleryAppProps>) => (chart: Chart): CeleryApp => celeryApp(chart, {
  resultBackend: ResultBackend.rpc(), runtime: PythonRuntime.install({ celery: NEWEST }), ...props(chart),
});
const own = (chart: Chart) => new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD });
const existing = Broker.fromRabbitMq({ host: 'rabbitmq.example.com', password: PASSWORD, tls: {} });

const APPS: [string, (chart: Chart) => CeleryApp, Duration | undefined, Record<string, Any>][] = [
  ['nothing', redis(), undefined, {}],
  ['nothing that anybody else needs', redis({ task_time_limit: 60, worker_send_task_events: true }), undefined, {}],
  ['a default queue', redis({ task_default_queue: 'orders' }), undefined, { task_default_queue: 'orders' }],
  ['routes, also with a $', redis({ task_routes: { 'tasks.$(x)': 'celery' } }), undefined, { task_routes: { 'tasks.$(x)': 'celery' } }],
  ['a prefix of all keys', redis({ broker_transport_options: { global_keyprefix: 'shop:' } }), undefined, { broker_transport_options: { global_keyprefix: 'shop:' } }],
  ['a visibility timeout that follows from a worker', redis(), Duration.hours(1), { broker_transport_options: { visibility_timeout: 7275 } }],
  ['both', redis({ task_default_queue: 'orders', broker_transport_options: { global_keyprefix: 'shop:' } }), Duration.hours(1),
    { task_default_queue: 'orders', broker_transport_options: { global_keyprefix: 'shop:', visibility_timeout: 7275 } }],
  ['where events and replies go', redis({ control_exchange: 'shop', event_exchange: 'shopev' }), undefined, { control_exchange: 'shop', event_exchange: 'shopev' }],
  ['what a connection needs, and options of the app', rabbit(() => ({ broker: existing, settings: { task_default_queue: 'orders', broker_transport_options: { client_properties: {} } } })), undefined,
    { broker_use_ssl: expect.anything(), task_default_queue: 'orders', broker_transport_options: expect.objectContaining({ client_properties: {} }) }],
  ['quorum queues that the app asks for', rabbit(() => ({ broker: existing, settings: { task_default_queue_type: 'quorum' } })), undefined,
    expect.objectContaining({ task_default_queue_type: 'quorum' })],
  ['quorum queues of a RabbitMqBroker', rabbit((chart) => ({ broker: own(chart) })), undefined,
    {
      broker_transport_options: { confirm_publish: true }, task_default_queue_type: 'quorum', task_default_exchange_type: 'topic',
      task_create_missing_queue_type: 'quorum', task_create_missing_queue_exchange_type: 'topic',
    }],
  ['queues with priorities, which are classic', rabbit((chart) => ({ broker: own(chart), queues: [{ name: 'mail', maxPriority: 5, external: true }] })), undefined,
    {
      broker_transport_options: { confirm_publish: true },
      task_queues: { celery: { exchange: 'celery', routing_key: 'celery' }, mail: { exchange: 'mail', routing_key: 'mail', queue_arguments: { 'x-max-priority': 5 } } },
    }],
  ['priorities of all queues, which are classic', rabbit((chart) => ({ broker: own(chart), settings: { task_queue_max_priority: 5 } })), undefined,
    { broker_transport_options: { confirm_publish: true }, task_queue_max_priority: 5 }],
];

describe.each(APPS)('an app whose senders and workers share %s', (_what, make, longestTask, expected) => {
  const { manifests, producer } = everything(make, longestTask);
  const all = containers(manifests);

  test('gives it to a producer', () => {
    expect(producer.settings).toEqual(expected);
  });

  test.each(WITHOUT)('gives exactly that to %s', (name) => {
    expect(loaded(all[name])).toEqual(producer.settings);
  });

  test.each(['worker', 'beat'] as const)('has it on the command line of its %s', (name) => {
    expect(ofCommandLine(all[name])).toMatchObject(producer.settings);
  });

  test.each(WITHOUT)('has the loader in %s where there is something, and only there', (name) => {
    const { CELERY_LOADER, PYTHONPATH } = variables(all[name]);
    const mounted = all[name].volumeMounts.filter(({ mountPath }: Any) => mountPath === '/opt/celery-agent/cdk8s_celery_launch').map((mount: Any) => mount.name);
    const nothing = Object.keys(producer.settings).length === 0;
    expect([CELERY_LOADER, mounted]).toEqual(nothing ? [undefined, []] : [LOADER, ['launch']]);
    if (!nothing) expect(PYTHONPATH?.split(':')).toContain('/opt/celery-agent');
  });
});

test('a PYTHONPATH of the user\'s keeps the loader in reach', () => {
  const { manifests } = everything((chart) => celeryApp(chart, { env: [{ name: 'PYTHONPATH', value: '/srv' }], settings: { task_default_queue: 'orders' } }), Duration.hours(1));
  const all = containers(manifests);
  for (const name of ['job', 'initContainer', 'waitFor'] as const) expect(variables(all[name]).PYTHONPATH).toBe('/srv:/app:/opt/celery-agent');
});

test('an init container that is given with other resources has the settings of the app, too', () => {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart, { settings: { task_default_queue: 'orders' } });
    const made = celery.initContainer(READY);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [{ ...made, resources: { limits: { memory: '1Gi' } } }] });
  });
  expect(loaded(manifests.pod('celery-worker').initContainers[0])).toEqual({ task_default_queue: 'orders' });
  expect(manifests.pod('celery-worker').volumes.filter(({ name }) => name === 'launch')).toHaveLength(1);
});

describe('a loader of the user\'s', () => {
  const env = [{ name: 'CELERY_LOADER', value: 'shop.loader.Loader' }];
  const message = 'env: \'CELERY_LOADER\' would take the place of the loader that gives the settings of the app and of its connection to every Celery';

  test('is refused where settings come by ours', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart, { settings: { task_default_queue: 'orders' } });
      new CeleryWorker(chart, 'worker', { celery });
      new CeleryJob(chart, 'call', { celery, command: CALL, env });
    })).toEqual([expect.stringContaining(`[chart/call] ${message}`)]);
  });

  test('is refused in any component where a connection needs ours', () => {
    expect(refusals((chart) => {
      const celery = rabbit(() => ({ broker: existing }))(chart);
      new CeleryWorker(chart, 'worker', { celery, env });
    })).toEqual([expect.stringContaining(`[chart/worker] ${message}`)]);
  });

  test('is accepted where nothing needs ours', () => {
    expect(() => synth((chart) => {
      const celery = celeryApp(chart, { settings: { task_time_limit: 60 } });
      new CeleryWorker(chart, 'worker', { celery, env });
      new CeleryJob(chart, 'call', { celery, command: CALL, env });
    })).not.toThrow();
  });
});
