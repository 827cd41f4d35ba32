import { Chart, Size } from 'cdk8s';
import {
  AppCode, BeatSchedule, Broker, CeleryAppProps, CeleryBeat, CeleryNetwork, CeleryWorker, PythonRuntime, RabbitMqBroker, RabbitMqQueueType,
  RedisBroker, ResultBackend,
} from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { refusals, synth } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const NONE = { resultBackend: ResultBackend.none() };
const SIDECAR = { sidecars: [{ name: 'proxy', image: 'registry.example.com/proxy:1.0.0', ports: [{ containerPort: 6379 }] }] };
const made = (props: Partial<CeleryAppProps>, worker: object = {}) => (chart: Chart) => {
  new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, props), ...worker });
};
const url = (text: string, props: Partial<CeleryAppProps> = {}) => made({ broker: Broker.fromUrl(text), ...(text.startsWith('amqp') ? NONE : {}), ...props });
const fine = (define: (chart: Chart) => void, external: string[] = []) => expect(synth(define, external).identities()).toContain('Deployment/celery-worker');

test('a Redis on Azure has a health check by default, so that no rule finds anything', () => {
  fine(made({ broker: Broker.fromRedis({ host: 'shop.redis.cache.windows.net', port: 6380, password: { name: 'redis', key: 'password' }, tls: {} }) }), ['Secret/redis']);
});

describe('a server in the pod itself', () => {
  const HOME = 'leads to the pod itself, in which no server listens; give the DNS name of the server';
  const given: [string, Partial<CeleryAppProps>][] = [
    ...['redis://', 'redis:///0', 'redis://localhost/0', 'redis://LOCALHOST:6379/0', 'redis://[::1]:6379/0', 'amqp://', 'amqp://localhost//', 'redis://a.example.com/0;redis://localhost/0']
      .map((text): [string, Partial<CeleryAppProps>] => [text, { broker: Broker.fromUrl(text), ...(text.startsWith('amqp') ? NONE : {}) }]),
    ...['localhost', '127.0.0.1', '127.1.2.3', '0.0.0.0'].map((host): [string, Partial<CeleryAppProps>] => [host, { broker: Broker.fromRedis({ host }) }]),
    ['RabbitMQ', { broker: Broker.fromRabbitMq({ host: 'localhost', username: 'celery', password: { name: 'redis', key: 'password' } }), ...NONE }],
    ['Sentinel', { broker: Broker.fromSentinel({ sentinels: ['localhost'], masterName: 'mymaster' }) }],
    ['results', { resultBackend: ResultBackend.fromRedis({ host: 'localhost' }) }],
    ['results by a URL', { resultBackend: ResultBackend.fromUrl('db+postgresql://localhost/celery') }],
    ['results in PostgreSQL', { resultBackend: ResultBackend.fromPostgres({ host: 'localhost', database: 'celery', username: 'celery' }) }],
  ];

  test.each(given)('is refused: %s', (_, props) => {
    const found = refusals(made(props)).filter((line) => line.includes('pod itself'));
    expect(found).toEqual([expect.stringContaining(HOME)]);
  });

  test('is refused for an app without pods, unless its pods will have such a container', () => {
    const broker = Broker.fromUrl('redis://localhost:6379/0');
    expect(refusals((chart) => void celeryApp(chart, { broker })).join()).toContain(HOME);
    expect(synth((chart) => void celeryApp(chart, { broker, ...SIDECAR })).identities()).toContain('ConfigMap/celery-app');
  });

  test('is taken where each pod has a container next to Celery', () => {
    fine(url('redis://localhost:6379/0', SIDECAR));
    fine(made({ broker: Broker.fromRedis({ host: '127.0.0.1' }) }, SIDECAR));
    expect(refusals((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromRedis({ host: '127.0.0.1' }) });
      new CeleryWorker(chart, 'worker', { celery, ...SIDECAR });
      new CeleryWorker(chart, 'other', { celery });
    }).join()).toContain(HOME);
  });

  test.each(['redis://localhost.example.com/0', 'redis://redis/0', 'redis://128.0.0.1/0'])('is not %s', (text) => fine(url(text)));
});

describe('hosts', () => {
  const LONG = 'a'.repeat(64);
  const number = 'ends in a number, and is not an IPv4 address, which has four from 0 to 255';
  test.each<[string, string]>([
    ['999.1.1.1', number], ['1.2.3', number], ['1.2.3.4.5', number], ['10.0.0.256', number], ['redis.1', number], ['6379', number],
    [LONG, 'has a label of 64 characters, and DNS allows 63'], [`redis.${LONG}.com`, 'has a label of 64 characters'],
  ])('%s are refused', (host, message) => {
    expect(refusals(made({ broker: Broker.fromRedis({ host }) }))).toEqual([expect.stringContaining(`broker.host: '${host}' ${message}`)]);
    expect(refusals(url(`redis://${host}:6379/0`)).join()).toContain(`has the host ${host}, which ${message}`);
    expect(refusals(made({ resultBackend: ResultBackend.fromUrl(`redis://${host}:6379/0`) })).join()).toContain(`has the host ${host}, which ${message}`);
  });

  test('a..b is none', () => expect(refusals(made({ broker: Broker.fromRedis({ host: 'a..b' }) })).join()).toContain('is not a DNS name or an IPv4 address'));

  test.each(['10.0.0.255', '0.1.2.3', `${'a'.repeat(63)}.com`, '1.example.com', 'redis-1'])('%s are taken', (host) => {
    fine(made({ broker: Broker.fromRedis({ host }) }));
    fine(url(`redis://${host}:6379/0`));
  });
});

describe('URLs', () => {
  const LONG_HOST = `${'a'.repeat(60)}.`.repeat(5).slice(0, -1);
  test.each<[string, string]>([
    ['redis://redis.example.com:abc/0', 'has a port that there is not, abc; give one from 1 to 65535'], ['redis://redis.example.com:0/0', 'has a port that there is not, 0'],
    ['redis://redis.example.com:99999/0', 'has a port that there is not, 99999'], ['redis://redis example.com/0', 'has a space in it'],
    [`redis://${LONG_HOST}/0`, 'which has 304 characters, and DNS allows 253'],
    ['rediss://redis.example.com/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=false', 'does not check for whom the certificate of the server is: ssl_check_hostname is false'],
  ])('%s is refused, of a broker and of results', (address, message) => {
    expect(refusals(url(address)).join()).toContain(message);
    expect(refusals(made({ resultBackend: ResultBackend.fromUrl(address) })).join()).toContain(message);
  });

  test.each(['redis', ' rediss', 'sentinel'])('%s names no server', (name) => {
    expect(refusals(made({ resultBackend: ResultBackend.fromUrl(name) }))).toEqual([expect.stringContaining(`resultBackend: '${name}' names no server`)]);
  });

  test.each(['redis://redis.example.com:1/0', 'redis://redis.example.com:65535/0', 'rediss://redis.example.com/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true'])('%s is taken', (address) => {
    fine(url(address));
    fine(made({ resultBackend: ResultBackend.fromUrl(address) }));
  });
});

describe('tasks in files', () => {
  const onClaim = (mountPath: string, volume: object = { persistentVolumeClaim: { claimName: 'tasks' } }) => ({
    volumes: [{ name: 'tasks', ...volume }], volumeMounts: [{ name: 'tasks', mountPath }],
  });
  const folders = (data_folder_in: string, data_folder_out = data_folder_in) => ({
    settings: { broker_transport_options: { data_folder_in, data_folder_out } },
  });
  const secret = made({ broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'filesystem' }), ...NONE });
  const filesystem = (props: Partial<CeleryAppProps> = {}) => url('filesystem://', { ...NONE, ...props });
  const OWN = 'of one pod, and no other pod takes them; give a broker that all pods can reach; or mount a claim in all pods';

  test.each<[string, (chart: Chart) => void, string]>([
    ['folders', filesystem(), 'broker: \'filesystem://\' keeps tasks in folders'], ['folders, by a Secret', secret, 'broker: \'filesystem\' keeps tasks in folders'],
    ['folders on no volume', filesystem({ ...onClaim('/tasks'), ...folders('/tmp') }), 'keeps tasks in folders'],
    ['one of them on no volume', filesystem({ ...onClaim('/tasks'), ...folders('/tasks/in', '/out') }), 'keeps tasks in folders'],
    ['folders that each pod has', filesystem({ ...onClaim('/tasks', { emptyDir: {} }), ...folders('/tasks') }), 'keeps tasks in folders'],
    ['a database', url('sqla+sqlite:////data/tasks.db', NONE), 'broker: \'sqla+sqlite:////data/tasks.db\' keeps tasks in a file'],
    ['a database next to a volume', url('sqlalchemy+sqlite:///tasks.db', { ...NONE, ...onClaim('/tasks') }), 'keeps tasks in a file'],
  ])('of one pod are refused: %s', (_, define, message) => {
    expect(refusals(define)).toEqual([expect.stringContaining(`${message} ${OWN}`)]);
  });

  test('on a claim that all pods mount are taken', () => {
    for (const props of [folders('/tasks/queue'), folders('/tasks'), {}]) fine(filesystem({ ...onClaim('/tasks/'), ...props }), ['PersistentVolumeClaim/tasks']);
    fine(url('sqla+sqlite:////tasks/tasks.db', { ...NONE, ...onClaim('/tasks') }), ['PersistentVolumeClaim/tasks']);
  });

  test('and in the memory of a process are refused, by a Secret, too', () => {
    for (const broker of [Broker.fromUrl('memory://'), Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'memory' })]) {
      expect(refusals(made({ broker, ...NONE }))).toEqual([expect.stringContaining('is a broker within one process, which no pod shares')]);
    }
  });
});

test.each(['redis://${HOST}/0', 'redis://:${PW}@redis.example.com/0', 'redis://redis.example.com/${DATABASE}'])('nothing expands %s', (text) => {
  const message = `'${text}' has \${...} in it, which nothing expands`;
  expect(refusals(url(text))).toEqual([expect.stringContaining(`broker: ${message}`)]);
  expect(refusals(made({ resultBackend: ResultBackend.fromUrl(text) })).filter((line) => line.startsWith('[chart/celery]'))).toEqual([expect.stringContaining(`resultBackend: ${message}`)]);
});

describe('priorities in RabbitMQ', () => {
  const queues = [{ name: 'a', maxPriority: 5 }];
  const rabbit = (queueType?: RabbitMqQueueType, props: Partial<CeleryAppProps> = {}) => (chart: Chart) => {
    const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: { name: 'rabbitmq', key: 'password' }, queueType });
    made({ broker, ...NONE, queues, runtime: PythonRuntime.install({ celery: '5.6.3' }), ...props }, { queues: ['a', 'celery'] })(chart);
  };
  const typed = (define: (chart: Chart) => void) => JSON.stringify(synth(define, ['Secret/rabbitmq']).main('celery-worker'));

  test('and quorum queues exclude each other', () => {
    const message = 'queues \'a\' maxPriority: 5 is for classic queues, and those of the app are quorum queues';
    expect(refusals(rabbit(RabbitMqQueueType.QUORUM))).toEqual([expect.stringContaining(message)]);
    expect(refusals(rabbit(undefined, { settings: { task_default_queue_type: 'quorum' } })).join()).toContain(message);
  });

  test('are taken where no type is given, or classic queues', () => {
    expect(typed(rabbit())).toContain('x-max-priority');
    expect(typed(rabbit(RabbitMqQueueType.CLASSIC))).not.toContain('quorum');
    expect(typed(rabbit(undefined, { queues: [{ name: 'a' }] }))).toContain('quorum');
  });
});

test('the name of a queue with a line break is on one line', () => {
  expect(refusals(made({ queues: [{ name: 'a\nb' }] })).join('|')).toContain('queues: \'a\\nb\' is not a name of a queue');
});

describe('results of a RedisBroker', () => {
  const results = (given: Any) => (chart: Chart) => made({ broker: new RedisBroker(chart, 'redis', { results: given }) })(chart);
  test.each<[string, Any, string[]]>([
    ['no number', { perDay: NaN }, ['results.perDay: NaN is not a number of tasks']],
    ['a wrong number and a name that there is not', { perDay: -1, per: 1 }, ['results.per: is not one of the options here', 'results.perDay: -1 is not a number of tasks']],
    ['nothing', 'many', ['results: \'many\' is not an object']],
  ])('%s', (_, given, messages) => expect(refusals(results(given))).toEqual(messages.map((message) => expect.stringContaining(message) as string)));

  test('are taken', () => fine(results({ perDay: 1, size: Size.kibibytes(1) })));
});

describe('results that stay, by the code', () => {
  const code = (text: string, props: Partial<CeleryAppProps> = {}) => made({ code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.result_expires = ${text}\n` }), ...props });
  test.each(['None', '0'])('are refused: %s', (text) => {
    expect(refusals(code(text))).toEqual([expect.stringContaining(`code: result_expires = ${text} keeps results forever, in the Redis that also has the queues`)]);
  });

  test('are fine elsewhere, for a time, and where a setting wins', () => {
    fine(code('3600'));
    fine(code('None', { settings: { result_expires: 3600 } }));
    fine(code('None', { resultBackend: ResultBackend.fromRedis({ host: 'results' }) }));
  });
});

test('a broker in a Secret and a closed network: the fix has the port of the transport', () => {
  const fix = (transport?: string) => refusals(made({ broker: Broker.fromSecret({ name: 'broker', key: 'url' }, { transport }), ...NONE, network: CeleryNetwork.closed() })).join();
  expect(fix('amqp')).toContain('{ transport: \'amqp\', port: 5672 }');
  expect(fix('amqps')).toContain('{ transport: \'amqps\', port: 5671 }');
  expect(fix()).toContain('{ port: 6379 }');
});

test('settings of RedBeat hold where a Beat brings it', () => {
  const app = (schedule: BeatSchedule) => (chart: Chart) => {
    const celery = celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.6.3' }), settings: { redbeat_key_prefix: 'shop:' } });
    new CeleryBeat(chart, 'beat', { celery, schedule });
  };
  expect(synth(app(BeatSchedule.redBeat())).main('celery-beat').command.join(' ')).toMatch(/redbeat_key_prefix=\S*shop:/);
  expect(refusals(app(BeatSchedule.file()))).toEqual([expect.stringContaining('settings.redbeat_key_prefix: \'shop:\' is a setting of celery-redbeat, which is not among the requirements')]);
});
