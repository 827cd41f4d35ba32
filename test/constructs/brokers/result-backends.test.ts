import { Chart, Duration } from 'cdk8s';
import { Broker, CeleryAppProps, CeleryWorker, PostgresServerOptions, PythonRuntime, ResultBackend } from '../../../src';
import { celeryApp } from '../../fixtures';
import { refusals, synth } from '../../manifests';

const PASSWORD = { name: 'results', key: 'password' };
const SECRETS = ['Secret/results', 'Secret/results-ca', 'Secret/results-client'];
const POSTGRES = { host: 'postgres.data.svc.cluster.local', database: 'results', username: 'celery' };
const RABBITMQ = Broker.fromUrl('amqp://rabbitmq.example.com//');

const app = (props: Partial<CeleryAppProps>) => (chart: Chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, props) });
const postgres = (options: Partial<PostgresServerOptions> = {}, props: Partial<CeleryAppProps> = {}) =>
  app({ resultBackend: ResultBackend.fromPostgres({ ...POSTGRES, ...options }), runtime: PythonRuntime.install({ celery: '5.6.3' }), ...props });

describe('results in PostgreSQL', () => {
  test('have SQLAlchemy and psycopg from the lock, and the password in no manifest', () => {
    const manifests = synth(postgres({ password: PASSWORD }), SECRETS);
    expect(manifests.env('celery-worker').CDK8S_CELERY_LAUNCH_CELERY_RESULT_BACKEND)
      .toBe('db+postgresql+psycopg://celery:{CDK8S_CELERY_RESULT_PASSWORD}@postgres.data.svc.cluster.local:5432/results');
    expect(manifests.main('celery-worker').env).toContainEqual({ name: 'CDK8S_CELERY_RESULT_PASSWORD', valueFrom: { secretKeyRef: PASSWORD } });
    expect(manifests.pod('celery-worker').initContainers[0].env).toContainEqual({ name: 'LOCKED', value: 'base+redis+sqlalchemy' });
    expect(manifests.get('ConfigMap', 'celery-install').data['sqlalchemy.txt']).toMatch(/^psycopg-binary==/m);
    expect(manifests.main('celery-worker').command).toContain('database_engine_options=(json){"pool_pre_ping":true}');
  });

  test('need no launcher without a password, and no list where an image has it all', () => {
    const manifests = synth(postgres({ port: 6432, username: 'a b', database: 'x/y' }, { runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0') }));
    expect(manifests.env('celery-worker').CELERY_RESULT_BACKEND).toBe('db+postgresql+psycopg://a%20b@postgres.data.svc.cluster.local:6432/x%2Fy');
    expect(manifests.main('celery-worker').command[0]).toBe('celery');
  });

  test.each<[string, PostgresServerOptions['tls'], string]>([
    ['the CAs of the image', {}, '?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt'],
    ['a CA of its own', { ca: { name: 'results-ca', key: 'ca.crt' } }, '?sslmode=verify-full&sslrootcert=/etc/celery-result-tls/ca.crt'],
    ['a certificate of the client', { clientSecretName: 'results-client' },
      '?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt&sslcert=/etc/celery-result-tls/tls.crt&sslkey=/etc/celery-result-tls/tls.key'],
  ])('over TLS verify the server: %s', (_what, tls, query) => {
    const manifests = synth(postgres({ tls }), SECRETS);
    expect(manifests.env('celery-worker').CELERY_RESULT_BACKEND).toBe(`db+postgresql+psycopg://celery@postgres.data.svc.cluster.local:5432/results${query}`);
    expect(manifests.main('celery-worker').volumeMounts.some(({ mountPath }) => mountPath === '/etc/celery-result-tls')).toBe(query.includes('/etc/celery-result-tls/'));
  });

  test('keep the check of their connections where the app has other options of the engine', () => {
    const settings = { database_engine_options: { pool_size: 3, connect_args: { connect_timeout: 5 } } };
    expect(synth(postgres({ tls: {} }, { settings }), SECRETS).main('celery-worker').command)
      .toContain('database_engine_options=(json){"pool_pre_ping":true,"pool_size":3,"connect_args":{"connect_timeout":5}}');
    expect(synth(postgres({}, { settings: { database_engine_options: { pool_pre_ping: false } } }), SECRETS).main('celery-worker').command)
      .toContain('database_engine_options=(json){"pool_pre_ping":false}');
  });

  test('over TLS are refused with options of psycopg that are others, and taken without TLS', () => {
    const settings = { database_engine_options: { connect_args: { sslmode: 'disable' } } };
    expect(refusals(postgres({ tls: {} }, { settings }))).toEqual([
      '[chart/celery] settings.database_engine_options.connect_args.sslmode: \'disable\' would take the place of the TLS of the result backend; leave it out',
    ]);
    expect(() => synth(postgres({}, { settings }), SECRETS)).not.toThrow();
  });

  // libpq: private key file has group or world access.
  test('over TLS give libpq a private key that others cannot read, and which has the group of the pod', () => {
    const pod = synth(postgres({ tls: { clientSecretName: 'results-client' } }), SECRETS).pod('celery-worker');
    expect(pod.volumes.find(({ name }) => name === 'result-tls')!.projected.sources).toEqual([
      { secret: { name: 'results-client', items: [{ key: 'tls.crt', path: 'tls.crt' }, { key: 'tls.key', path: 'tls.key', mode: 0o440 }] } },
    ]);
    expect(pod.securityContext.fsGroup).toBe(1000);
  });

  test.each<[string, object, string]>([
    ['a URL as host', { host: 'postgresql://postgres' }, 'resultBackend.host: \'postgresql://postgres\' is not a DNS name or an IPv4 address'],
    ['no port', { port: 0 }, 'resultBackend.port: 0 is not a whole number of at least 1'],
    ['no database', { database: undefined }, 'resultBackend.database: undefined is missing; give the name of the database'],
    ['an empty database', { database: '' }, 'resultBackend.database: \'\' is empty'],
    ['an empty user', { username: '' }, 'resultBackend.username: \'\' is empty'],
    ['a literal password', { password: 'hunter2' }, 'resultBackend.password: a string is not a key of a Secret; put it into a Secret'],
    ['a misspelt option', { user: 'celery' }, 'resultBackend.user: is not one of the options here'],
  ])('are refused with %s', (_what, options, message) => {
    const lines = refusals(postgres(options));
    expect(lines).toContainEqual(expect.stringContaining(message));
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('results through the broker', () => {
  test('are for RabbitMQ', () => {
    expect(synth(app({ broker: RABBITMQ, resultBackend: ResultBackend.rpc() })).env('celery-worker').CELERY_RESULT_BACKEND).toBe('rpc://');
  });

  test.each(['redis://redis.example.com:6379/0', 'sqs://'])('are refused with %s', (url) => {
    expect(refusals(app({ broker: Broker.fromUrl(url), resultBackend: ResultBackend.rpc() }))).toEqual([
      expect.stringContaining(`resultBackend: 'rpc://' sends results through the message broker, and ${url.split(':', 1)[0]} is not RabbitMQ; give ResultBackend.fromRedis`),
    ]);
  });
});

describe('results in the Redis of the broker', () => {
  test.each([[null], [0]])('always expire: result_expires %p is refused', (result_expires) => {
    expect(refusals(app({ settings: { result_expires } }))).toEqual([
      expect.stringContaining(`settings.result_expires: ${result_expires} keeps results forever, in the Redis that also has the queues: once it is full no task can be sent`),
    ]);
    const sameServer = [ResultBackend.fromUrl('redis://redis.example.com/1'), ResultBackend.fromRedis({ host: 'redis.example.com', database: 1 })];
    for (const resultBackend of sameServer) {
      expect(refusals(app({ broker: Broker.fromUrl('redis://redis.example.com:6379/0'), settings: { result_expires }, resultBackend })))
        .toEqual([expect.stringContaining(`settings.result_expires: ${result_expires} keeps results forever`)]);
    }
    const resultBackend = ResultBackend.fromUrl('redis://results.example.com:6379/0');
    expect(synth(app({ settings: { result_expires }, resultBackend })).main('celery-worker').command).toContain(`result_expires=(json)${result_expires}`);
  });

  test('after a day, or as said', () => {
    expect(synth(app({})).main('celery-worker').command.join()).not.toContain('result_expires');
    expect(synth(app({ settings: { result_expires: Duration.hours(1) } })).main('celery-worker').command).toContain('result_expires=(json)3600');
  });
});
