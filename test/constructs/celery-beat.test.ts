import { Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, BeatSchedule, BeatStorage, Broker, CeleryApp, CeleryBeat, CeleryBeatProps, CeleryNetwork, HealthCheck, LogLevel, PythonRuntime,
  RedBeatOptions, RedisBroker, ResultBackend,
} from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL, TASKS } from '../fixtures';
import { refusals, synth } from '../manifests';

const NAME = 'celery-beat';

function beat(props: Partial<CeleryBeatProps> = {}): (chart: Chart) => CeleryBeat {
  return (chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), ...props });
}

describe('with the least that it needs', () => {
  const manifests = synth(beat());

  test('is one pod, and never two: during a rollout the old one goes first', () => {
    const { replicas, strategy } = manifests.get('Deployment', NAME).spec;
    expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  // Next to the code, in a ConfigMap: OSError: [Errno 30] Read-only file system: 'celerybeat-schedule'.
  test('writes its schedule to a volume that is writable', () => {
    const { command, volumeMounts } = manifests.main(NAME);
    const file = command[command.indexOf('-s') + 1];
    expect(file).toBe('/app/data/celerybeat-schedule');
    const mount = volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`) && mountPath !== '/app');
    expect(mount).toEqual({ mountPath: '/app/data', name: 'beat-data' });
    expect(manifests.pod(NAME).volumes).toContainEqual({ name: 'beat-data', emptyDir: { sizeLimit: '64Mi' } });
  });

  test('has the code read-only, and the schedule inside of it', () => {
    expect(manifests.main(NAME).volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly]))
      .toEqual([['/app', true], ['/opt/celery-agent/cdk8s_celery_agent', true], ['/tmp', undefined], ['/app/data', undefined]]);
  });

  // Process 1 ignores SIGTERM until Python has a handler: one Beat in 20, told to stop a second after its start, took all of its 30 seconds.
  test('is not process 1, except next to other containers', () => {
    expect(manifests.pod(NAME).shareProcessNamespace).toBe(true);
    expect(synth(beat({ sidecars: everyOption.sidecars })).pod(NAME).shareProcessNamespace).toBeUndefined();
  });

  test('has the command of Beat, with settings behind --', () => {
    expect(manifests.main(NAME).command).toEqual([
      'celery', '-A', 'tasks', 'beat', '--loglevel=info', '-s', '/app/data/celerybeat-schedule', '-S', 'cdk8s_celery_agent.beat:Scheduler',
      '--', 'broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true',
    ]);
  });
});

test('with all props, each does something', () => {
  // Those that are one: the scheduler is short for a schedule.
  const manifests = everyProp<Omit<CeleryBeatProps, 'schedule'>, 'celery'>({
    required: ['celery'],
    external: EXTERNAL,
    props: (chart) => ({
      ...everyOption, celery: celeryApp(chart), name: 'clock', launcher: ['ddtrace-run'], storage: BeatStorage.claim(), logLevel: LogLevel.DEBUG,
      scheduler: 'redbeat.RedBeatScheduler', healthCheck: HealthCheck.agent({ port: 9000 }),
    }),
    make: (chart, props) => new CeleryBeat(chart, 'beat', props),
  });
  expect(manifests.main('clock').command).toContain('--loglevel=debug');
  expect(manifests.env('clock').CDK8S_CELERY_AGENT_SCHEDULER).toBe('redbeat.RedBeatScheduler');
  expect(manifests.main('clock').ports).toEqual([{ containerPort: 9000, name: 'health' }]);
  expect(manifests.get('PersistentVolumeClaim', 'clock-data').metadata).toMatchObject({
    labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' },
  });
});

test('labels and annotations of the app are on its claim too', () => {
  const manifests = synth((chart) => new CeleryBeat(chart, 'beat', {
    celery: celeryApp(chart, { labels: { team: 'orders' }, annotations: { owner: 'orders' } }), storage: BeatStorage.claim(),
  }));
  expect(manifests.get('PersistentVolumeClaim', 'celery-beat-data').metadata).toMatchObject({ labels: { team: 'orders' }, annotations: { owner: 'orders' } });
});

test('code in the image has the schedule inside its own directory', () => {
  const manifests = synth((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart, { code: AppCode.inImage({ directory: '/srv/shop' }) }) }));
  expect(manifests.main(NAME).command).toContain('/srv/shop/data/celerybeat-schedule');
  expect(manifests.main(NAME).volumeMounts).toContainEqual({ mountPath: '/srv/shop/data', name: 'beat-data' });
  expect(manifests.main(NAME).workingDir).toBe('/srv/shop');
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const storage = BeatStorage.ephemeral();
    const built = beat({ storage })(chart);
    expect([built.deployment.name, built.storage]).toEqual([NAME, storage]);
  });
});

describe('refuses', () => {
  test('bad names and sizes of a claim', () => {
    expect(refusals(beat({ storage: BeatStorage.claim({ claimName: 'Beat', storageClassName: 'a b', size: Size.mebibytes(0) }) }))).toEqual([
      expect.stringMatching(/^\[chart\/beat\] storage\.claimName: 'Beat' is not a name that Kubernetes accepts; use lower-case letters/),
      expect.stringMatching(/^\[chart\/beat\] storage\.storageClassName: 'a b' is not a name that Kubernetes accepts; use lower-case letters/),
      '[chart/beat] storage.size: \'0Mi\' is not a quantity that Kubernetes accepts; give e.g. Size.gibibytes(1)',
    ]);
  });

  test('a bad name of a claim that exists', () => {
    expect(refusals(beat({ storage: BeatStorage.fromClaimName('my_claim') })))
      .toEqual([expect.stringMatching(/storage\.claimName: 'my_claim' is not a name/)]);
  });

  test('two Beats with one claim', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      new CeleryBeat(chart, 'one', { celery, storage: BeatStorage.claim({ claimName: 'beat-pvc' }) });
      new CeleryBeat(chart, 'two', { celery, storage: BeatStorage.claim({ claimName: 'beat-pvc' }) });
    })).toEqual([expect.stringContaining(
      'name: PersistentVolumeClaim \'beat-pvc\' in namespace \'test\' is made by chart/one/Claim and by chart/two/Claim; '
      + 'give one of the constructs another id or name',
    ), expect.stringContaining('beat/two-deployments'), expect.stringContaining('beat/two-deployments')]);
  });
});

describe('RedBeat', () => {
  const two = (database: number, settings: object = {}, code = '') => (chart: Chart) => {
    const redis = new RedisBroker(chart, 'redis');
    [redis, redis.onDatabase(database)].forEach((broker, i) => {
      const celery = new CeleryApp(chart, `app${i}`, {
        app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': `${TASKS}${i === 0 ? '' : code}` }),
        runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['celery-redbeat'] }),
        settings: { task_default_queue: `queue${i}`, ...(i === 0 ? {} : settings) },
      });
      new CeleryBeat(chart, `beat${i}`, { celery, schedule: BeatSchedule.redBeat() });
    });
  };

  test('of two apps on one database is refused, where both have one lock', () => {
    expect(refusals(two(0))).toEqual(['[chart/beat1] schedule: RedBeat has its schedule and its lock in one Redis database with chart/beat0, so only one of the two sends tasks; '
      + 'give each app a database of its own (redis.onDatabase(1)), or the setting redbeat_key_prefix']);
  });

  test.each<[string, (chart: Chart) => void]>([
    ['a database', two(1)], ['a prefix', two(0, { redbeat_key_prefix: 'crm' })], ['a prefix in the code', two(0, {}, 'app.conf.redbeat_key_prefix = "crm"\n')],
  ])('of two apps with %s of their own is fine', (_, program) => {
    expect(synth(program).get('Deployment', 'app1-beat1').kind).toBe('Deployment');
  });

  const redBeat = (options?: RedBeatOptions, app: Parameters<typeof celeryApp>[1] = {}) => (chart: Chart) =>
    new CeleryBeat(chart, 'beat', { celery: celeryApp(chart, app), schedule: BeatSchedule.redBeat(options) });
  const settings = (command: string[]) => command.slice(command.indexOf('--') + 1).filter((setting) => setting.includes('redbeat'));

  const INSTALLED = { runtime: PythonRuntime.install({ celery: '5.6.3' }) };

  test('has the package from the lock, the URL from the environment, and no file', () => {
    const manifests = synth(redBeat({}, INSTALLED));
    const { command, volumeMounts } = manifests.main(NAME);
    expect(command.slice(0, command.indexOf('--'))).toEqual([
      'celery', '-A', 'tasks', 'beat', '--loglevel=info', '--max-interval=30', '-S', 'cdk8s_celery_agent.beat:Scheduler',
    ]);
    expect(settings(command)).toEqual([]);
    expect(manifests.env(NAME)).toMatchObject({ CDK8S_CELERY_AGENT_SCHEDULER: 'cdk8s_celery_redbeat:Scheduler', PYTHONPATH: '/app:/opt/celery-agent' });
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toEqual([
      '/app', '/opt/celery', '/opt/celery-agent/cdk8s_celery_agent', '/tmp', '/opt/celery-agent/cdk8s_celery_redbeat',
    ]);
    const [install] = manifests.pod(NAME).initContainers;
    expect(install.args).toEqual([expect.stringMatching(/^celery\[redis\]==/), expect.stringMatching(/^celery-redbeat==\d/)]);
    expect(manifests.get('ConfigMap', 'celery-beat-install').data['redbeat.txt']).toMatch(/^celery-redbeat==\S+ \\\n {4}--hash=sha256:/m);
    expect(manifests.get('ConfigMap', 'celery-redbeat').data['__init__.py']).toContain('class Scheduler(RedBeatScheduler)');
  });

  test('without the agent is the scheduler itself', () => {
    const manifests = synth((chart) => new CeleryBeat(chart, 'beat', {
      celery: celeryApp(chart), schedule: BeatSchedule.redBeat(), healthCheck: HealthCheck.none(),
    }));
    expect(manifests.main(NAME).command).toEqual(expect.arrayContaining(['-S', 'cdk8s_celery_redbeat:Scheduler']));
    expect(manifests.env(NAME).PYTHONPATH).toBe('/app:/opt/celery-agent');
  });

  test('is in all pods where it is among the requirements, from one ConfigMap', () => {
    const manifests = synth(redBeat({}, { runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['celery-redbeat'] }) }));
    expect(manifests.identities().filter((name) => /install/.test(name))).toEqual(['ConfigMap/celery-install']);
    expect(manifests.pod(NAME).initContainers[0].env).toContainEqual({ name: 'LOCKED', value: 'base+redis redbeat' });
  });

  test('has another Redis from a Secret, whatever the broker is', () => {
    const broker = Broker.fromUrl('amqp://rabbitmq.example.com//');
    const manifests = synth(redBeat({ redis: { name: 'redbeat', key: 'url' } }, { broker, resultBackend: ResultBackend.none() }), ['Secret/redbeat']);
    expect(manifests.main(NAME).env).toContainEqual({ name: 'CDK8S_CELERY_REDBEAT_URL', valueFrom: { secretKeyRef: { name: 'redbeat', key: 'url' } } });
  });

  const closed = (options: RedBeatOptions, to: Parameters<typeof CeleryNetwork.closed>[0] = {}) => redBeat(
    { redis: { name: 'redbeat', key: 'url' }, ...options }, { network: CeleryNetwork.closed(to) },
  );

  test('with a closed network needs to know where the other Redis is', () => {
    expect(refusals(closed({}))).toEqual(['[chart/beat] network: CeleryNetwork.closed does not know where the Redis of the schedule is, and Beat could not connect to it; '
      + 'give its port: BeatSchedule.redBeat({ redis: { name, key }, port: 6379 }), and `cidr` where its addresses are known']);
    const rule = { to: [{ ipBlock: { cidr: '10.2.0.0/16' } }], ports: [{ port: 6380, protocol: 'TCP' }] };
    expect(synth(closed({ port: 6380, cidr: '10.2.0.0/16' }), ['Secret/redbeat']).get('NetworkPolicy', NAME).spec.egress).toContainEqual(rule);
    expect(synth(closed({}, { to: [{ ports: [{ port: 6379 }] }] }), ['Secret/redbeat']).identities()).toContain(`NetworkPolicy/${NAME}`);
    expect(refusals(redBeat({ port: 6379 }))).toEqual(['[chart/beat] schedule: port is for a Redis in a Secret, and this one is that of the broker; leave it out, or give redis']);
    expect(refusals(closed({ port: 0 })).join()).toContain('schedule.port: 0 is not a whole number of at least 1');
  });

  test('of two apps with the Redis of one Secret is refused, where both have one lock', () => {
    const both = (key: string, settings: object = {}) => (chart: Chart) => ['a', 'b'].forEach((name, i) => {
      const celery = new CeleryApp(chart, name, {
        app: 'tasks', broker: Broker.fromRedis({ host: `redis-${name}.example.com` }), code: AppCode.fromInline({ 'tasks.py': TASKS }),
        runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['celery-redbeat'] }), settings: i === 0 ? {} : settings,
      });
      new CeleryBeat(chart, `beat-${name}`, { celery, schedule: BeatSchedule.redBeat({ redis: { name: 'redbeat', key: i === 0 ? 'url' : key } }) });
    });
    expect(refusals(both('url'))).toEqual(['[chart/beat-b] schedule: RedBeat has its schedule and its lock in one Redis database with chart/beat-a, so only one of the two '
      + 'sends tasks; give each app a database of its own, or the setting redbeat_key_prefix']);
    for (const fine of [both('other'), both('url', { redbeat_key_prefix: 'crm' })]) expect(synth(fine, ['Secret/redbeat']).identities()).toContain('Deployment/b-beat-b');
  });

  test('brings redis-py from the lock where the broker does not', () => {
    const celery = { broker: Broker.fromUrl('amqp://rabbitmq.example.com//'), resultBackend: ResultBackend.none(), runtime: PythonRuntime.install({ celery: '5.6.3' }) };
    const manifests = synth(redBeat({ redis: { name: 'redbeat', key: 'url' } }, celery), ['Secret/redbeat']);
    expect(manifests.pod(NAME).initContainers[0].env).toContainEqual({ name: 'LOCKED', value: 'base+redis redbeat' });
    expect(manifests.get('ConfigMap', 'celery-install').data).not.toHaveProperty(['redis.txt']);
    expect(manifests.get('ConfigMap', 'celery-beat-install').data['redis.txt']).toMatch(/^redis==\S+ \\\n {4}--hash=sha256:/m);
  });

  test('its interval and its lock fit each other', () => {
    const manifests = synth(redBeat({ loopInterval: Duration.seconds(10), lockTimeout: Duration.seconds(20) }));
    expect(manifests.main(NAME).command).toContain('--max-interval=10');
    expect(settings(manifests.main(NAME).command)).toEqual(['redbeat_lock_timeout=(json)20']);
  });

  test('takes the interval of the settings', () => {
    const { command } = synth(redBeat({}, { settings: { beat_max_loop_interval: 60 } })).main(NAME);
    expect(command.filter((word: string) => /interval/.test(word))).toEqual(['beat_max_loop_interval=(json)60']);
  });

  test.each<[string, (chart: Chart) => void, string]>([
    ['a lock that expires while Beat sleeps', redBeat({ loopInterval: Duration.seconds(10), lockTimeout: Duration.seconds(19) }), '[beat/lock-expires]'],
    ['the same of the default', redBeat({ lockTimeout: Duration.seconds(59) }), 'it has "59 s, a loop of 30 s"; allowed: 150 s'],
    ['an interval twice', redBeat({ loopInterval: Duration.seconds(10) }, { settings: { beat_max_loop_interval: 60 } }),
      'schedule.loopInterval: 10 is also the setting beat_max_loop_interval of the app, which is 60; give one of them'],
    ['no interval', redBeat({ loopInterval: Duration.seconds(0) }), 'schedule.loopInterval: '],
    ['a broker that is no Redis', redBeat({}, { broker: Broker.fromUrl('amqp://rabbitmq.example.com//'), resultBackend: ResultBackend.none() }),
      'schedule: RedBeat, with the broker amqp keeps its schedule in the message broker, which is not a single Redis; give the URL of a Redis: BeatSchedule.redBeat('],
    ['a Secret without a key', redBeat({ redis: { name: 'redbeat' } as never }), 'schedule.redis.key: undefined is missing'],
    ['storage', (chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), schedule: BeatSchedule.redBeat(), storage: BeatStorage.claim() }),
      'storage: a BeatStorage is for a schedule in a file, and this one is kept elsewhere; leave it out'],
    ['a version that the lock does not have', redBeat({}, { runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['tenacity==8.0.0'] }) }),
      'requirements: \'tenacity==8.0.0\' conflicts with the lock of Celery 5.6.3'],
  ])('refuses %s', (_what, make, message) => {
    expect(refusals(make).filter((line) => /^\[chart\/beat\]|lock-expires/.test(line))).toEqual([expect.stringContaining(message)]);
  });
});

describe('django-celery-beat', () => {
  const database = (requirements: string[]) => (chart: Chart) => new CeleryBeat(chart, 'beat', {
    celery: celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.6.3', requirements }) }), schedule: BeatSchedule.database({ loopInterval: Duration.seconds(20) }),
  });

  test('has its scheduler, from the lock, and no file', () => {
    const manifests = synth(database(['django==5.2.8', 'django-celery-beat']));
    expect(manifests.main(NAME).command.slice(0, 8)).toEqual([
      'celery', '-A', 'tasks', 'beat', '--loglevel=info', '--max-interval=20', '-S', 'cdk8s_celery_agent.beat:Scheduler',
    ]);
    expect(manifests.env(NAME).CDK8S_CELERY_AGENT_SCHEDULER).toBe('django_celery_beat.schedulers:DatabaseScheduler');
    expect(manifests.pod(NAME).volumes.map(({ name }) => name)).not.toContain('beat-data');
    expect(manifests.pod(NAME).initContainers[0].env).toContainEqual({ name: 'LOCKED', value: 'base+redis django-celery-beat' });
  });

  test.each([[[]], [['django==5.2.8']]])('is refused where the requirements are %p', (requirements) => {
    expect(refusals(database(requirements))).toEqual([
      '[chart/beat] scheduler: \'django_celery_beat.schedulers:DatabaseScheduler\' is not installed, and all pods of the app import it with the INSTALLED_APPS of the '
      + 'project; add \'django-celery-beat\' to the requirements of PythonRuntime.install',
    ]);
  });

  test('is in an image that nobody knows', () => {
    expect(synth((chart) => new CeleryBeat(chart, 'beat', {
      celery: celeryApp(chart, { runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), code: AppCode.inImage() }), schedule: BeatSchedule.database(),
    })).main(NAME).command).not.toContain('-s');
  });
});

describe('another scheduler', () => {
  test('keeps a file, or does not', () => {
    const given = { schedule: BeatSchedule.custom('tasks:Scheduler', { loopInterval: Duration.minutes(1) }), storage: BeatStorage.claim() };
    const manifests = synth(beat(given));
    expect(manifests.env(NAME).CDK8S_CELERY_AGENT_SCHEDULER).toBe('tasks:Scheduler');
    expect(manifests.main(NAME).command).toEqual(expect.arrayContaining(['-s', '--max-interval=60']));
    expect(manifests.get('PersistentVolumeClaim', 'celery-beat-data')).toBeDefined();
  });

  test('is the same as the scheduler of Beat', () => {
    expect(synth(beat({ schedule: BeatSchedule.custom('tasks:Scheduler') })).main(NAME)).toEqual(synth(beat({ scheduler: 'tasks:Scheduler' })).main(NAME));
    expect(synth(beat({ schedule: BeatSchedule.file() })).main(NAME)).toEqual(synth(beat()).main(NAME));
  });

  test.each<[string, Partial<CeleryBeatProps>, string]>([
    ['what is none', { schedule: BeatSchedule.custom('a b') }, 'scheduler: \'a b\' is not what `celery beat -S` takes; give module:Class'],
    ['a number', { schedule: BeatSchedule.custom(1 as never) }, 'scheduler: 1 is not what'],
    ['two', { schedule: BeatSchedule.file(), scheduler: 'tasks:Scheduler' }, 'scheduler: \'tasks:Scheduler\' is given in addition to schedule; leave out one of them'],
    ['a misspelt option', { schedule: BeatSchedule.file({ interval: Duration.seconds(1) } as never) }, 'schedule.interval: '],
    ['no schedule', { schedule: 'redbeat' as never }, 'schedule: \'redbeat\' is not a BeatSchedule; give e.g. BeatSchedule.redBeat()'],
  ])('refuses %s', (_what, props, message) => {
    expect(refusals(beat(props))).toEqual([expect.stringContaining(message)]);
  });
});
