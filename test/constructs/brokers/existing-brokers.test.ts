import { Chart, Duration } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryJob, CeleryWorker, FlowerAuth, PythonRuntime, ResultBackend, rules,
  TaskDelivery, WorkerScaling, WorkerShutdown,
} from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifests, refusals, synth } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const PASSWORD = { name: 'broker', key: 'password' };
const EXTERNAL = ['Secret/broker', 'Secret/ca', 'Secret/aws', 'Secret/client', 'ServiceAccount/celery'];
const ALL = ['celery-worker', 'celery-beat', 'celery-flower'];
const CA = { name: 'ca', key: 'ca.crt' };

function app(broker: Broker, props: Partial<CeleryAppProps> = {}, flower = true): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart, { broker, ...props });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryBeat(chart, 'beat', { celery });
    if (flower) new CeleryFlower(chart, 'flower', { celery });
  };
}

const made = (broker: Broker, props?: Partial<CeleryAppProps>): Manifests => synth(app(broker, props), EXTERNAL);
const refused = (broker: Broker, props?: Partial<CeleryAppProps>): string => refusals(app(broker, props)).join('\n');
const urlOf = (manifests: Manifests, name = 'celery-worker', variable = 'CELERY_BROKER_URL'): unknown => {
  const env = manifests.env(name);
  return env[variable] ?? env[`CDK8S_CELERY_LAUNCH_${variable}`];
};
const settingsOf = (manifests: Manifests, name = 'celery-worker'): Any => {
  const env = manifests.env(name);
  expect(env.CELERY_LOADER).toBe('cdk8s_celery_launch.loader.Loader');
  expect(String(env.PYTHONPATH).split(':')).toContain('/opt/celery-agent');
  expect(manifests.main(name).volumeMounts.map(({ mountPath }) => mountPath)).toContain('/opt/celery-agent/cdk8s_celery_launch');
  return JSON.parse(env.CDK8S_CELERY_CONNECTION_SETTINGS as string);
};
const NONE = { resultBackend: ResultBackend.none() };

describe('Sentinel by a whole URL in a Secret', () => {
  const URL = { name: 'broker', key: 'url' };

  test('has the name of its master in every container', () => {
    const manifests = made(Broker.fromSecret(URL, { transport: 'sentinel', masterName: 'mymaster' }));
    for (const name of ALL) {
      const options = { master_name: 'mymaster', ...TIMEOUTS };
      expect(settingsOf(manifests, name)).toEqual({
        broker_transport_options: options, result_backend_transport_options: options, redis_socket_connect_timeout: 5,
      });
      expect(urlOf(manifests, name)).toEqual({ secretKeyRef: URL });
    }
  });

  test.each<[string, Any, string]>([
    ['without', { transport: 'sentinel' }, 'broker.masterName: undefined is missing, and Sentinel is asked for a master by its name; give the name under which Sentinel knows the master, e.g. \'mymaster\''],
    ['with an empty one', { transport: 'sentinel', masterName: '' }, 'broker.masterName: \'\' is empty'],
    ['with a number', { transport: 'sentinel', masterName: 1 }, 'broker.masterName: 1 is not a string'],
    ['of another transport', { masterName: 'mymaster' }, 'broker.masterName: \'mymaster\' is for Sentinel, and the transport is redis; leave it out, or give transport: \'sentinel\''],
  ])('%s it is refused', (_, options, message) => expect(refused(Broker.fromSecret(URL, options))).toContain(message));
});

/** Of Sentinel: a server whose node is gone is given up after seconds, and a sentinel that does not answer too. */
const TIMEOUTS = { socket_connect_timeout: 5, sentinel_kwargs: { socket_connect_timeout: 5, socket_timeout: 5 } };

describe('Sentinel', () => {
  const SERVERS = { sentinels: ['sentinel-0.redis.svc.cluster.local', 'sentinel-1.redis.svc.cluster.local:26380'], masterName: 'mymaster' };

  test('every container knows all sentinels and the name of the master, also for results', () => {
    const manifests = made(Broker.fromSentinel({ ...SERVERS, database: 2 }));
    for (const name of ALL) {
      const url = 'sentinel://sentinel-0.redis.svc.cluster.local:26379/2;sentinel://sentinel-1.redis.svc.cluster.local:26380/2';
      expect([urlOf(manifests, name), urlOf(manifests, name, 'CELERY_RESULT_BACKEND')]).toEqual([url, url]);
      const options = { master_name: 'mymaster', ...TIMEOUTS };
      expect(settingsOf(manifests, name)).toEqual({
        broker_transport_options: options, result_backend_transport_options: options, redis_socket_connect_timeout: 5,
      });
      expect(manifests.main(name).command[0]).toBe('celery');
    }
  });

  test('two passwords, of which none is in a manifest or an argument', () => {
    const manifests = made(Broker.fromSentinel({ ...SERVERS, password: PASSWORD, sentinelPassword: { name: 'broker', key: 'sentinel' } }));
    expect(urlOf(manifests)).toBe('sentinel://:{CDK8S_CELERY_BROKER_PASSWORD}@sentinel-0.redis.svc.cluster.local:26379/0;'
      + 'sentinel://:{CDK8S_CELERY_BROKER_PASSWORD}@sentinel-1.redis.svc.cluster.local:26380/0');
    expect(settingsOf(manifests, 'celery-flower').broker_transport_options).toEqual({
      master_name: 'mymaster', ...TIMEOUTS, sentinel_kwargs: { ...TIMEOUTS.sentinel_kwargs, password: '{CDK8S_CELERY_BROKER_SENTINEL_PASSWORD}' },
    });
    expect(manifests.env('celery-worker').CDK8S_CELERY_BROKER_SENTINEL_PASSWORD).toEqual({ secretKeyRef: { name: 'broker', key: 'sentinel' } });
    expect(manifests.main('celery-worker').command.slice(0, 4)).toEqual(['python', '-m', 'cdk8s_celery_launch', 'celery']);
  });

  test('options of the transport that the app gives do not take the place of those of the connection', () => {
    const manifests = made(Broker.fromSentinel(SERVERS), { settings: { broker_transport_options: { visibility_timeout: 7200 } } });
    expect(settingsOf(manifests).broker_transport_options).toEqual({ master_name: 'mymaster', ...TIMEOUTS });
    expect(rules.Rules.lint(manifests.all as unknown[]).map(({ ruleId }) => ruleId)).not.toContain('env/sentinel-without-master');
  });

  test('options of the app within those of the connection keep the password of Sentinel: for producers and by the loader', () => {
    let shared: Any = {};
    synth((chart) => {
      const broker = Broker.fromSentinel({ ...SERVERS, sentinelPassword: { name: 'broker', key: 'sentinel' } });
      const celery = celeryApp(chart, { broker, settings: { broker_transport_options: { sentinel_kwargs: { socket_timeout: 1 } } } });
      new CeleryWorker(chart, 'worker', { celery });
      shared = celery.producer().settings;
    }, EXTERNAL);
    expect(shared.broker_transport_options.sentinel_kwargs).toEqual({ socket_connect_timeout: 5, socket_timeout: 1, password: '{CDK8S_CELERY_BROKER_SENTINEL_PASSWORD}' });
  });

  describe('with TLS', () => {
    const FILES = { ssl_cert_reqs: 'required', ssl_check_hostname: true, ssl_ca_certs: '/etc/celery-broker-tls/ca.crt' };

    test('every container verifies the certificates of the sentinels and of Redis, for tasks and for results', () => {
      const manifests = made(Broker.fromSentinel({ ...SERVERS, tls: { ca: CA }, sentinelPassword: { name: 'broker', key: 'sentinel' } }));
      const sentinel = { ...TIMEOUTS.sentinel_kwargs, password: '{CDK8S_CELERY_BROKER_SENTINEL_PASSWORD}', ssl: true, ...FILES };
      const options = { master_name: 'mymaster', ...TIMEOUTS, sentinel_kwargs: sentinel };
      for (const name of ALL) {
        expect(settingsOf(manifests, name)).toEqual({
          broker_transport_options: options, broker_use_ssl: FILES, redis_socket_connect_timeout: 5, result_backend_transport_options: options,
          redis_backend_use_ssl: FILES,
        });
        expect(manifests.main(name).volumeMounts).toContainEqual({ name: 'broker-tls', mountPath: '/etc/celery-broker-tls', readOnly: true });
      }
    });

    test('by the CA certificates of the image, and with a certificate of the client', () => {
      expect(settingsOf(made(Broker.fromSentinel({ ...SERVERS, tls: {} }))).broker_use_ssl).toEqual({ ssl_cert_reqs: 'required', ssl_check_hostname: true });
      expect(settingsOf(made(Broker.fromSentinel({ ...SERVERS, tls: { clientSecretName: 'client' } }))).broker_use_ssl).toMatchObject({
        ssl_certfile: '/etc/celery-broker-tls/tls.crt', ssl_keyfile: '/etc/celery-broker-tls/tls.key',
      });
    });

    test('a result backend elsewhere has none of it', () => {
      const manifests = made(Broker.fromSentinel({ ...SERVERS, tls: { ca: CA } }), { resultBackend: ResultBackend.fromRedis({ host: 'results' }) });
      expect(Object.keys(settingsOf(manifests))).toEqual(['broker_transport_options', 'broker_use_ssl']);
    });

    test('only results', () => {
      const manifests = made(Broker.fromRedis({ host: 'redis' }), { resultBackend: ResultBackend.fromSentinel({ ...SERVERS, tls: { ca: CA } }) });
      const files = { ...FILES, ssl_ca_certs: '/etc/celery-result-tls/ca.crt' };
      expect(settingsOf(manifests)).toEqual({
        redis_socket_connect_timeout: 5, redis_backend_use_ssl: files,
        result_backend_transport_options: { master_name: 'mymaster', ...TIMEOUTS, sentinel_kwargs: { ...TIMEOUTS.sentinel_kwargs, ssl: true, ...files } },
      });
    });

    test('KEDA has the same certificates', () => {
      const manifests = synth((chart) => {
        const celery = celeryApp(chart, { broker: Broker.fromSentinel({ ...SERVERS, tls: { ca: CA, clientSecretName: 'client' }, password: PASSWORD }) });
        new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ maxReplicas: 3 }) });
      }, EXTERNAL);
      expect(manifests.get('ScaledObject', 'celery-worker').spec.triggers[0].metadata.enableTLS).toBe('true');
      expect(manifests.all.find(({ kind }) => kind === 'TriggerAuthentication')!.spec.secretTargetRef).toEqual([
        { parameter: 'password', ...PASSWORD }, { parameter: 'ca', ...CA }, { parameter: 'cert', name: 'client', key: 'tls.crt' }, { parameter: 'key', name: 'client', key: 'tls.key' },
      ]);
    });
  });

  test.each(['{\'visibility_timeout\': 7200, }', '{}', '{"visibility_timeout": 7200}'])('nor do those of its code: %s', (options) => {
    const code = AppCode.fromInline({ 'tasks.py': `from celery import Celery\n\napp = Celery('tasks')\napp.conf.broker_transport_options = ${options}\n` });
    const manifests = made(Broker.fromSentinel(SERVERS), { code });
    expect(rules.Rules.lint(manifests.all as unknown[]).map(({ ruleId }) => ruleId)).not.toContain('env/sentinel-without-master');
  });

  test('a result backend of its own', () => {
    const manifests = made(Broker.fromRedis({ host: 'redis' }), { resultBackend: ResultBackend.fromSentinel({ ...SERVERS, password: PASSWORD }) });
    expect(settingsOf(manifests)).toEqual({ result_backend_transport_options: { master_name: 'mymaster', ...TIMEOUTS }, redis_socket_connect_timeout: 5 });
    expect(urlOf(manifests, 'celery-worker', 'CELERY_RESULT_BACKEND')).toContain('{CDK8S_CELERY_RESULT_PASSWORD}@');
  });

  test.each([
    ['the broker', {}, Broker.fromSentinel(SERVERS)],
    ['another broker', { resultBackend: ResultBackend.fromSentinel(SERVERS) }, Broker.fromRedis({ host: 'redis' })],
  ])('a result that is stored during a failover is stored again, with a limit, with that of %s', (_, props, broker) => {
    const command = made(broker, props).main('celery-worker').command;
    expect(command).toEqual(expect.arrayContaining(['result_backend_always_retry=(json)true', 'result_backend_max_retries=(json)20']));
    const own = made(broker, { ...props, settings: { result_backend_max_retries: 3 } }).main('celery-worker').command;
    expect(own).toEqual(expect.arrayContaining(['result_backend_max_retries=(json)3']));
    expect(own).not.toContain('result_backend_max_retries=(json)20');
  });

  test.each<[string, Any, string]>([
    ['no name of the master', { masterName: undefined }, 'broker.masterName: undefined is missing; give the name under which Sentinel knows the master, e.g. \'mymaster\''],
    ['an empty name', { masterName: '' }, 'broker.masterName: \'\' is empty'],
    ['a name with a space', { masterName: 'my master' }, 'broker.masterName: \'my master\' is not a name that Sentinel takes: letters, digits, ".", "-" and "_"'],
    ['a space as a name', { masterName: ' ' }, 'broker.masterName: \' \' is not a name that Sentinel takes'],
    ['the port of Redis', { sentinels: ['a:6379'] }, 'broker.sentinels[0]: \'a:6379\' has the port of Redis, and Sentinel listens on 26379; give'],
    ['the port of Sentinel as that of Redis', { port: 26379 }, 'broker.port: 26379 is the port of Sentinel, and this one is that of the Redis behind it'],
    ['an endpoint of cluster mode', { sentinels: ['clustercfg.orders.abc123.euc1.cache.amazonaws.com:26379'] },
      'broker.sentinels[0]: \'clustercfg.orders.abc123.euc1.cache.amazonaws.com:26379\' is an endpoint of Redis in cluster mode'],
    ['no sentinels', { sentinels: undefined }, 'broker.sentinels: undefined is missing; give e.g.'],
    ['an empty list', { sentinels: [] }, 'broker.sentinels: [] is empty'],
    ['a URL', { sentinels: ['sentinel://a:26379'] }, 'broker.sentinels[0]: \'sentinel://a:26379\' is not a host with a port'],
    ['a port that there is not', { sentinels: ['a:65536'] }, 'broker.sentinels[0]: \'a:65536\' is not a host with a port'],
    ['a literal password', { sentinelPassword: 'hunter2' }, 'broker.sentinelPassword: a string is not a key of a Secret; put it into a Secret'],
    ['a database out of range', { database: 16 }, 'broker.database: 16 is not the number of a database of Redis'],
    ['true for TLS', { tls: true }, 'broker.tls: true is not an object'],
    ['a CA without a key', { tls: { ca: { name: 'ca' } } }, 'broker.tls.ca.key: undefined is missing'],
    ['a Secret that has no name', { tls: { clientSecretName: 'Client' } }, 'broker.tls.clientSecretName: \'Client\' is not a name that Kubernetes accepts'],
  ])('%s is refused', (_, given, message) => {
    const found = refused(Broker.fromSentinel({ ...SERVERS, ...given }));
    expect(found).toContain(message);
    expect(found).not.toContain('hunter2');
  });

  test.each([['mymaster'], ['my.master-1_a']])('the name %s is taken, and other ports are', (masterName) => {
    expect(settingsOf(made(Broker.fromSentinel({ sentinels: ['a:26380'], port: 6380, masterName }))).broker_transport_options).toMatchObject({ master_name: masterName });
  });

  test('the name of the master of a URL in a Secret is checked, too', () => {
    expect(refused(Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'sentinel', masterName: 'my master' })))
      .toContain('broker.masterName: \'my master\' is not a name that Sentinel takes');
  });

  test('a whole URL in a manifest without the name of the master is refused by a rule', () => {
    expect(refused(Broker.fromUrl('sentinel://sentinel:26379/0'))).toContain('[env/sentinel-without-master]');
  });
});

describe('RabbitMQ', () => {
  test.each<[string, Any, string]>([
    ['a host', {}, 'amqp://guest:guest@rabbitmq.example.com:5672/%2F'],
    ['a virtual host', { virtualHost: 'orders/eu' }, 'amqp://guest:guest@rabbitmq.example.com:5672/orders%2Feu'],
    ['a user and a password', { username: 'celery', password: PASSWORD }, 'amqp://celery:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.example.com:5672/%2F'],
    ['both in a Secret', { usernameSecret: { name: 'broker', key: 'username' }, password: PASSWORD, port: 5680 },
      'amqp://{CDK8S_CELERY_BROKER_USERNAME}:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.example.com:5680/%2F'],
    ['TLS', { username: 'celery', password: PASSWORD, tls: {} }, 'amqps://celery:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.example.com:5671/%2F'],
  ])('%s', (_, server, url) => {
    const manifests = made(Broker.fromRabbitMq({ host: 'rabbitmq.example.com', ...server }), NONE);
    expect(ALL.map((name) => urlOf(manifests, name))).toEqual([url, url, url]);
  });

  test.each<[string, Any, object, object[]]>([
    ['as guest, of whom the ScaledObject says nothing', {}, {}, []],
    ['as a user of the program', { username: 'celery', password: PASSWORD }, { usernameFromEnv: 'CDK8S_CELERY_BROKER_USERNAME' }, [{ parameter: 'password', ...PASSWORD }]],
    ['as a user of a Secret', { usernameSecret: { name: 'broker', key: 'username' }, password: PASSWORD }, {},
      [{ parameter: 'username', name: 'broker', key: 'username' }, { parameter: 'password', ...PASSWORD }]],
  ])('KEDA connects %s', (_, server, metadata, secretTargetRef) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromRabbitMq({ host: 'rabbitmq.example.com', ...server }), ...NONE });
      new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ maxReplicas: 3 }) });
    }, EXTERNAL);
    expect(manifests.get('ScaledObject', 'celery-worker').spec.triggers.map((trigger) => trigger.metadata))
      .toEqual([expect.objectContaining({ protocol: 'amqp', host: 'amqp://rabbitmq.example.com:5672/%2F', ...metadata })]);
    expect(manifests.all.filter(({ kind }) => kind === 'TriggerAuthentication').flatMap(({ spec }) => spec.secretTargetRef)).toEqual(secretTargetRef);
    for (const name of Object.values(metadata)) expect(manifests.env('celery-worker')[name]).toBe('celery');
  });

  test('a user may be in the certificate of the client', () => {
    const manifests = made(Broker.fromRabbitMq({ host: 'rabbitmq.example.com', username: 'worker', tls: { ca: CA, clientSecretName: 'client' } }), NONE);
    expect(manifests.env('celery-worker').CELERY_BROKER_URL).toBe('amqps://worker@rabbitmq.example.com:5671/%2F');
    expect(JSON.parse(String(manifests.env('celery-worker').CDK8S_CELERY_CONNECTION_SETTINGS))).toMatchObject({ broker_login_method: 'EXTERNAL' });
    const withPassword = made(Broker.fromRabbitMq({ host: 'rabbitmq.example.com', username: 'worker', password: PASSWORD, tls: { ca: CA, clientSecretName: 'client' } }), NONE);
    expect(withPassword.env('celery-worker').CDK8S_CELERY_CONNECTION_SETTINGS).not.toContain('EXTERNAL');
  });

  test.each([
    ['http://rabbitmq.example.com:15672', 'http://rabbitmq.example.com:15672/'], ['https://rabbitmq.example.com/management', 'https://rabbitmq.example.com/management/'],
    ['https://rabbitmq.example.com/management/', 'https://rabbitmq.example.com/management/'],
  ])('KEDA counts by the management API at %s, down to zero', (managementUrl, host) => {
    const manifests = synth((chart) => {
      const server = { host: 'rabbitmq.example.com', username: 'celery', password: PASSWORD, virtualHost: 'orders', tls: { ca: CA } };
      const celery = celeryApp(chart, { broker: Broker.fromRabbitMq({ ...server, managementUrl }), ...NONE });
      new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 3 }) });
    }, EXTERNAL);
    expect(manifests.get('ScaledObject', 'celery-worker').spec.triggers.map((trigger) => trigger.metadata)).toEqual([
      { mode: 'QueueLength', value: '2', queueName: 'celery', protocol: 'http', host, vhostName: 'orders', usernameFromEnv: 'CDK8S_CELERY_BROKER_USERNAME' },
    ]);
    expect(manifests.all.find(({ kind }) => kind === 'TriggerAuthentication')!.spec).toEqual({ secretTargetRef: [{ parameter: 'password', ...PASSWORD }] });
  });

  test.each<[string, Any, object]>([
    ['of a public CA', {}, { secretTargetRef: [{ parameter: 'password', ...PASSWORD }] }],
    ['of a CA of its own', { ca: CA }, { secretTargetRef: [{ parameter: 'password', ...PASSWORD }, { parameter: 'ca', ...CA }], env: [{ parameter: 'tls', name: 'CDK8S_CELERY_BROKER_TLS' }] }],
  ])('KEDA verifies a certificate %s', (_, tls, spec) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromRabbitMq({ host: 'rabbitmq.example.com', username: 'celery', password: PASSWORD, tls }), ...NONE });
      new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ maxReplicas: 3 }) });
    }, EXTERNAL);
    expect(manifests.get('ScaledObject', 'celery-worker').spec.triggers[0].metadata.host).toBe('amqps://rabbitmq.example.com:5671/%2F');
    expect(manifests.all.find(({ kind }) => kind === 'TriggerAuthentication')!.spec).toEqual(spec);
    expect(manifests.env('celery-worker').CDK8S_CELERY_BROKER_TLS).toBe('env' in spec ? 'enable' : undefined);
  });

  test('TLS verifies the certificate and the name of the host, also in Flower', () => {
    const manifests = made(Broker.fromRabbitMq({ host: 'rabbitmq.example.com', username: 'celery', password: PASSWORD, tls: { ca: CA, clientSecretName: 'client' } }), NONE);
    for (const name of ALL) {
      expect(settingsOf(manifests, name)).toEqual({
        broker_use_ssl: {
          cert_reqs: 2, server_hostname: 'rabbitmq.example.com', ca_certs: '/etc/celery-broker-tls/ca.crt', certfile: '/etc/celery-broker-tls/tls.crt',
          keyfile: '/etc/celery-broker-tls/tls.key',
        },
      });
    }
  });

  test.each<[string, Any, string]>([
    ['no host', { host: undefined }, 'broker.host: undefined is missing'],
    ['a user without a password', { username: 'celery' }, 'broker.password: undefined is missing, and RabbitMQ takes no user without one or a client certificate'],
    ['a literal password', { username: 'celery', password: 'hunter2' }, 'broker.password: a string is not a key of a Secret'],
    ['the port of the management', { port: 15_672 }, 'broker.port: 15672 is the port of RabbitMQ\'s management, which speaks HTTP; give 5672, or 5671 with tls'],
    ['the port of TLS without it', { port: 5671 }, 'broker.port: 5671 is the port of TLS, and tls is not given'],
    ['Amazon MQ without TLS', { host: 'b-1.mq.eu-central-1.amazonaws.com', username: 'a', password: PASSWORD },
      'broker.tls: undefined is missing, and the server takes nothing but TLS; give tls: {}'],
    ['TLS on the port without it', { port: 5672, tls: {} }, 'broker.port: 5672 is the port without TLS, and tls is given'],
    ['two users', { username: 'a', usernameSecret: { name: 'broker', key: 'u' }, password: PASSWORD }, 'broker.username: \'a\' is given in addition to usernameSecret'],
    ['an empty virtual host', { virtualHost: '' }, 'broker.virtualHost: \'\' is empty'],
    ['a CA without a key', { tls: { ca: { name: 'ca' } } }, 'broker.tls.ca.key: undefined is missing'],
    ['a management API that is no URL', { managementUrl: 'rabbitmq:15672', username: 'a', password: PASSWORD }, 'broker.managementUrl: \'rabbitmq:15672\' is not an http or https URL'],
    ['a management API over AMQP', { managementUrl: 'amqp://rabbitmq', username: 'a', password: PASSWORD }, 'broker.managementUrl: \'amqp://rabbitmq\' is not an http or https URL'],
    ['one with a password in it', { managementUrl: 'http://a:hunter2@rabbitmq:15672', username: 'a', password: PASSWORD }, 'has a user in it, and everybody who can read a manifest could read the password'],
    ['one with a query', { managementUrl: 'http://rabbitmq:15672/?a=1', username: 'a', password: PASSWORD }, 'has a query or a fragment'],
    ['one without a password', { managementUrl: 'http://rabbitmq:15672' }, 'is given without a password, and the management API asks for one'],
    ['one that is no text', { managementUrl: 15672, username: 'a', password: PASSWORD }, 'broker.managementUrl: a number is not a string'],
  ])('%s is refused', (_, given, message) => {
    const found = refused(Broker.fromRabbitMq({ host: 'rabbitmq.example.com', ...given }), NONE);
    expect(found).toContain(message);
    expect(found).not.toContain('hunter2');
  });

  test('Amazon MQ with TLS is taken', () => {
    const server = { host: 'b-1.mq.eu-central-1.amazonaws.com', username: 'a', password: PASSWORD, tls: {} };
    expect(urlOf(made(Broker.fromRabbitMq(server), NONE))).toContain('@b-1.mq.eu-central-1.amazonaws.com:5671/');
  });

  test('keeps no results', () => {
    expect(refused(Broker.fromRabbitMq({ host: 'rabbitmq' }))).toContain('resultBackend: undefined is missing, and the message broker keeps no results');
  });
});

describe('amqps:// by its URL', () => {
  const checked = (server_hostname: string | null) => ({ broker_use_ssl: { cert_reqs: 2, server_hostname } });
  const bySecret = Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'amqps' });

  test.each<[string, Broker, object]>([
    ['the host of a URL', Broker.fromUrl('amqps://Rabbitmq.example.com:5671//'), checked('rabbitmq.example.com')],
    ['the one host of several URLs', Broker.fromUrl('amqps://r.example.com:5671//;amqps://r.example.com:5673//'), checked('r.example.com')],
    ['the host of a URL in a Secret, which the pods know', bySecret, checked(null)],
  ])('%s is checked in all containers and by producers', (_, broker, settings) => {
    const manifests = made(broker, NONE);
    for (const name of ALL) expect(settingsOf(manifests, name)).toEqual(settings);
    let shared = {};
    synth((chart) => {
      const celery = celeryApp(chart, { broker, ...NONE, settings: { broker_use_ssl: { ca_certs: '/ca.crt' } } });
      new CeleryWorker(chart, 'worker', { celery });
      shared = celery.producer().settings;
    }, ['Secret/broker']);
    expect(shared).toEqual({ broker_use_ssl: { ...(settings as Any).broker_use_ssl, ca_certs: '/ca.crt' } });
  });

  test.each(['amqps://a.example.com//;amqps://b.example.com//', 'amqp://r.example.com//'])('no name is that of %s', (url) => {
    expect(made(Broker.fromUrl(url), NONE).env('celery-worker').CDK8S_CELERY_CONNECTION_SETTINGS).toBeUndefined();
  });

  test('another name, or a CA, are settings of the app; what verifies less is refused', () => {
    const props = (options: unknown) => ({ ...NONE, settings: { broker_use_ssl: options } });
    expect(made(bySecret, props({ server_hostname: 'other.example.com', ca_certs: '/ca.crt', cert_reqs: 2 })).identities()).toContain('Deployment/celery-worker');
    for (const value of [false, true, { cert_reqs: 0 }, { cert_reqs: 1 }]) expect(refused(bySecret, props(value))).toContain('settings.broker_use_ssl');
  });
});

test.each([[-1, false], [0, true], [20, true], [21, false], [1.5, false], ['20', false], [null, false]])('SQS waits for %p seconds: %p', (wait_time_seconds, taken) => {
  const props = { ...NONE, settings: { broker_transport_options: { wait_time_seconds } } };
  const make = app(Broker.fromSqs({ region: 'eu-central-1' }), props, false);
  if (taken) expect(() => synth(make)).not.toThrow();
  else expect(refusals(make)).toEqual([expect.stringContaining('settings.broker_transport_options.wait_time_seconds: ')]);
});

describe('credentials of AWS next to those of SQS', () => {
  const keys = { accessKeyId: { name: 'aws', key: 'id' }, secretAccessKey: { name: 'aws', key: 'secret' } };
  const variable = (name: string, secret = 's3', key = 'id') => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });
  const make = (of: object, env: object[], own: object[] = []) => (chart: Chart) => {
    const celery = celeryApp(chart, { broker: Broker.fromSqs({ region: 'eu-central-1', ...of }), ...NONE, env: env as Any });
    new CeleryWorker(chart, 'worker', { celery, env: own as Any });
  };

  test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])('%s is refused, in the app and in a worker', (name) => {
    const message = expect.stringContaining(`env: '${name}' would take the place of the credentials with which the pods use SQS`);
    expect(refusals(make(keys, [variable(name)]))).toEqual([message]);
    expect(refusals(make(keys, [], [variable(name)]))).toEqual([message]);
  });

  test('is taken where the broker has none, or the same, or of other names', () => {
    synth(make({}, [variable('AWS_ACCESS_KEY_ID'), variable('AWS_SECRET_ACCESS_KEY')]), ['Secret/s3']);
    synth(make(keys, [variable('AWS_ACCESS_KEY_ID', 'aws'), variable('S3_SECRET_ACCESS_KEY'), { name: 'AWS_DEFAULT_REGION', value: 'us-east-1' }]), ['Secret/s3', 'Secret/aws']);
  });
});

test.each([
  'CDK8S_CELERY_BROKER_PASSWORD', 'CDK8S_CELERY_BROKER_USERNAME', 'CDK8S_CELERY_RESULT_PASSWORD', 'CDK8S_CELERY_TRANSPORT_OPTIONS', 'CDK8S_CELERY_APP_SETTINGS', 'CDK8S_CELERY_REDBEAT_URL',
])('the variable %s is not the user\'s', (name) => {
  const make = (given: string) => (chart: Chart) => void celeryApp(chart, { broker: Broker.fromRedis({ host: 'redis', password: PASSWORD }), env: [{ name: given, value: 'x' }] });
  expect(refusals(make(name))).toEqual([expect.stringMatching(new RegExp(`env: '${name}' is what the (launcher|loader)`))]);
  expect(() => synth(make(`${name}_2`.replace('CDK8S_', 'MY_')), EXTERNAL)).not.toThrow();
});

test.each(['secret_access_key', 'session_token'])('%s of AWS in the options of SQS is refused, and not printed', (name) => {
  const options = { predefined_queues: { celery: { url: 'https://sqs.eu-central-1.amazonaws.com/1/celery', access_key_id: 'AKIA1', [name]: 'hunter2' } } };
  const found = refused(Broker.fromSqs({ region: 'eu-central-1' }), { ...NONE, settings: { broker_transport_options: options } });
  expect(found).toContain(`settings.broker_transport_options.predefined_queues.celery.${name}: is a credential, and everybody who can read a manifest could read it`);
  expect(found).not.toContain('hunter2');
});

test.each([[false], [{ cert_reqs: 'CERT_REQUIRED' }]])('TLS that a setting would take the place of is refused: %j', (value) => {
  const tls = { broker: Broker.fromRabbitMq({ host: 'rabbitmq.example.com', tls: {} }), resultBackend: ResultBackend.none() };
  expect(refusals((chart) => celeryApp(chart, { ...tls, settings: { broker_use_ssl: value } })).join())
    .toContain('settings.broker_use_ssl: ');
  expect(refusals((chart) => celeryApp(chart, { ...tls, settings: { broker_use_ssl: value } })).join())
    .toContain('would take the place of the TLS of the broker or the result backend; leave it out');
});

describe('SQS', () => {
  const REGION = { region: 'eu-central-1' };

  test.each(['eu-central-1', 'us-gov-west-1', 'eusc-de-east-1', 'ap-southeast-7'])('%s is a region', (region) => {
    expect(made(Broker.fromSqs({ region }), NONE).identities()).toContain('Deployment/celery-worker');
  });
  // Flower would show nothing.
  const made = (broker: Broker, props?: Partial<CeleryAppProps>): Manifests => synth(app(broker, props, false), EXTERNAL);

  test('with the role of the ServiceAccount there are no credentials in any manifest', () => {
    const manifests = made(Broker.fromSqs({ ...REGION, queueNamePrefix: 'orders-' }), { ...NONE, serviceAccountName: 'celery' });
    for (const name of ['celery-worker', 'celery-beat']) {
      expect(urlOf(manifests, name)).toBe('sqs://');
      expect(settingsOf(manifests, name)).toEqual({
        broker_transport_options: { region: 'eu-central-1', visibility_timeout: 1800, wait_time_seconds: 20, polling_interval: 1, queue_name_prefix: 'orders-' },
      });
      expect(manifests.env(name).AWS_DEFAULT_REGION).toBe('eu-central-1');
    }
    expect(manifests.main('celery-worker').command).toEqual(expect.arrayContaining(['worker_enable_remote_control=(json)false', '--without-gossip']));
  });

  test('with credentials from a Secret', () => {
    const env = made(Broker.fromSqs({ ...REGION, accessKeyId: { name: 'aws', key: 'id' }, secretAccessKey: { name: 'aws', key: 'secret' } }), NONE).env('celery-worker');
    expect([env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY]).toEqual([{ secretKeyRef: { name: 'aws', key: 'id' } }, { secretKeyRef: { name: 'aws', key: 'secret' } }]);
  });

  test('an emulator has an address, and a time that is longer than the tasks', () => {
    const manifests = made(Broker.fromSqs({ ...REGION, endpoint: 'http://moto.test.svc.cluster.local:5000', visibilityTimeout: Duration.hours(12) }), NONE);
    expect(urlOf(manifests)).toBe('sqs://moto.test.svc.cluster.local:5000');
    expect(settingsOf(manifests).broker_transport_options).toMatchObject({ is_secure: false, visibility_timeout: 43_200 });
  });

  test.each<[string, Any, object]>([
    ['keys of a Secret', { accessKeyId: { name: 'aws', key: 'id' }, secretAccessKey: { name: 'aws', key: 'secret' } }, { secretTargetRef: [
      { parameter: 'awsAccessKeyID', name: 'aws', key: 'id' }, { parameter: 'awsSecretAccessKey', name: 'aws', key: 'secret' },
    ] }],
    ['the role of KEDA', {}, { podIdentity: { provider: 'aws' } }],
  ])('KEDA counts the queues by their names in SQS, with %s', (_, credentials, spec) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromSqs({ ...REGION, queueNamePrefix: 'orders-', ...credentials }), queues: [{ name: 'mail.fast' }, { name: 'jobs.fifo' }], ...NONE });
      new CeleryWorker(chart, 'worker', { celery, queues: ['celery', 'mail.fast', 'jobs.fifo'], scaling: WorkerScaling.queueLength({ maxReplicas: 3 }) });
    }, EXTERNAL);
    const { triggers } = manifests.get('ScaledObject', 'celery-worker').spec;
    expect(triggers.map(({ type, metadata }) => [type, metadata.awsRegion, metadata.queueURL]))
      .toEqual([['aws-sqs-queue', 'eu-central-1', 'orders-celery'], ...['orders-mail-fast', 'orders-jobs.fifo'].map((name) => ['aws-sqs-queue', 'eu-central-1', name])]);
    expect(manifests.all.find(({ kind }) => kind === 'TriggerAuthentication')!.spec).toEqual(spec);
  });

  const named = (queues: string[], prefix?: string, more: Partial<CeleryAppProps> = {}) => (chart: Chart) => {
    const celery = celeryApp(chart, { broker: Broker.fromSqs({ ...REGION, queueNamePrefix: prefix }), ...NONE, ...more });
    new CeleryWorker(chart, 'worker', { celery, queues });
  };

  test.each<[string, (chart: Chart) => void]>([
    ['names that differ in SQS', named(['celery', 'mail.fast', 'mail_fast', 'jobs.fifo', 'jobs'])],
    ['80 characters', named(['x'.repeat(80)])],
    ['80 characters with a prefix', named(['x'.repeat(40)], 'p'.repeat(40))],
    ['75 characters and those of FIFO', named([`${'x'.repeat(75)}.fifo`])],
    ['the region twice', named(['celery'], undefined, { settings: { broker_transport_options: { region: 'eu-central-1' } } })],
    ['queues that there are already', named(['a.b'], 'x-', {
      settings: { broker_transport_options: { predefined_queues: { 'x-a-b': { url: 'https://sqs.eu-central-1.amazonaws.com/1/a' } } } },
    })],
  ])('takes %s', (_what, make) => {
    expect(synth(make).identities()).toContain('Deployment/celery-worker');
  });

  test('KEDA counts queues that there are already by their URLs', () => {
    const url = 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders';
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, {
        broker: Broker.fromSqs({ region: 'eu-central-1' }), ...NONE, settings: { broker_transport_options: { predefined_queues: { celery: { url } } } },
      });
      new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ minReplicas: 1, maxReplicas: 3 }) });
    });
    expect(manifests.get('ScaledObject', 'celery-worker').spec.triggers.map((trigger) => trigger.metadata.queueURL)).toEqual([url]);
  });

  test.each<[string, (chart: Chart) => void, string]>([
    ['a queue that is not among those which exist', named(['celery', 'mail'], undefined, {
      settings: { broker_transport_options: { predefined_queues: { celery: { url: 'https://sqs.eu-central-1.amazonaws.com/1/a' } } } },
    }), 'settings.broker_transport_options.predefined_queues: ["celery"] does not have the queue \'mail\', from which a worker takes tasks: UndefinedQueueException; add it with its url'],
    ['names that are one in SQS', named(['a.b', 'a-b']), 'queues: \'a-b\' is the queue \'a-b\' in SQS, as \'a.b\' is: their tasks would be in one queue; use letters, '
      + 'digits, "-" and "_", with which names stay as they are'],
    ['the same with other characters', named(['a:b', 'a/b']), 'queues: \'a/b\' is the queue \'a_b\' in SQS, as \'a:b\' is'],
    ['the same of a default queue', named(['celery', 'x.y'], undefined, { settings: { task_default_queue: 'x-y' } }), 'queues: \'x.y\' is the queue \'x-y\' in SQS, as \'x-y\' is'],
    ['81 characters', named(['x'.repeat(81)]), `queues: '${'x'.repeat(81)}' is '${'x'.repeat(81)}' in SQS, which has 81 characters, and SQS takes 80; give a shorter name or prefix`],
    ['81 characters with a prefix', named(['x'.repeat(41)], 'p'.repeat(40)), 'which has 81 characters with its prefix, and SQS takes 80'],
    ['other letters', named(['bestellungen-ü']), 'queues: \'bestellungen-ü\' has characters that SQS does not take; use letters, digits, "-" and "_"'],
    ['a Flower, which it shows nothing', (chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart, { broker: Broker.fromSqs(REGION), ...NONE }), auth: FlowerAuth.none() }),
      '[chart/flower] celery: an app with the message broker sqs has no events and no remote control, so Flower would show nothing; leave the CeleryFlower out'],
    ['a Flower on one of which only the transport is known', (chart) => new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart, { broker: Broker.fromSecret({ name: 'sqs', key: 'url' }, { transport: 'sqs' }), ...NONE }), auth: FlowerAuth.none(),
    }), '[chart/flower] celery: an app with the message broker sqs has no events'],
    ['another region in the settings', named(['celery'], undefined, { settings: { broker_transport_options: { region: 'us-east-1' } } }),
      'settings.broker_transport_options.region: \'us-east-1\' is not the region of the broker, eu-central-1; leave it out'],
    ['a command that asks workers', (chart) => new CeleryJob(chart, 'job', {
      celery: celeryApp(chart, { broker: Broker.fromSqs(REGION), ...NONE }), command: ['celery', '-A', 'tasks', 'inspect', 'ping'],
    }), '[chart/job] command: ["celery","-A","tasks","inspect","ping"] asks workers, which no command and no event reaches with the message broker sqs'],
  ])('refuses %s', (_what, make, message) => {
    expect(refusals(make)).toEqual([expect.stringContaining(message)]);
  });

  test('takes commands that ask nobody', () => {
    const celery = (chart: Chart) => celeryApp(chart, { broker: Broker.fromSqs(REGION), ...NONE });
    const jobs = synth((chart) => new CeleryJob(chart, 'job', { celery: celery(chart), command: ['celery', '-A', 'status', 'call', 'tasks.add'] })).all.filter(({ kind }) => kind === 'Job');
    expect(jobs).toHaveLength(1);
  });

  test('its packages come from the lock', () => {
    const manifests = made(Broker.fromSqs(REGION), { ...NONE, runtime: PythonRuntime.install({ celery: '5.6.3' }) });
    expect(manifests.pod('celery-worker').initContainers[0].env).toContainEqual({ name: 'LOCKED', value: 'base+sqs' });
  });

  test.each<[string, Any, string]>([
    ['no region', { region: undefined }, 'broker.region: undefined is missing; give e.g. \'eu-central-1\''],
    ['a country', { region: 'germany' }, 'broker.region: \'germany\' is not a region'],
    ['a zone', { region: 'eu-central-1a' }, 'broker.region: \'eu-central-1a\' is not a region'],
    ['a name that SQS does not take', { queueNamePrefix: 'a.b' }, 'broker.queueNamePrefix: \'a.b\' is not the beginning of the name of a queue'],
    ['more than 12 hours', { visibilityTimeout: Duration.seconds(43_201) }, 'is more than the 12 hours that SQS hides a message for'],
    ['half of the credentials', { accessKeyId: { name: 'aws', key: 'id' } }, 'broker.secretAccessKey: undefined is missing, and the other half of the credentials is given'],
    ['a literal key', { accessKeyId: 'AKIAhunter2', secretAccessKey: 'hunter2' }, 'broker.secretAccessKey: a string is not a key of a Secret'],
    ['an address that is none', { endpoint: 'moto:5000' }, 'broker.endpoint: \'moto:5000\' is not an http or https URL'],
  ])('%s is refused', (_, given, message) => {
    const found = refused(Broker.fromSqs({ ...REGION, ...given }), NONE);
    expect(found).toContain(message);
    expect(found).not.toContain('hunter2');
  });

  test.each([['a URL', Broker.fromUrl('sqs://')], ['a Secret', Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'sqs' })]])('has no remote control by %s either', (_, broker) => {
    expect(made(broker, NONE).main('celery-worker').command).toContain('worker_enable_remote_control=(json)false');
    expect(refused(broker, { ...NONE, settings: { worker_enable_remote_control: true } })).toContain('is not possible with SQS');
  });

  test('remote control is refused', () => {
    expect(refused(Broker.fromSqs(REGION), { ...NONE, settings: { worker_enable_remote_control: true } }))
      .toContain('settings.worker_enable_remote_control: true is not possible with SQS, which has no fanout; leave it out, or give false');
  });
});

describe('the visibility timeout of SQS', () => {
  const late = (
    longest: Duration, options: { visibilityTimeout?: Duration } = {}, props: Partial<CeleryAppProps> = { delivery: TaskDelivery.atLeastOnce() },
  ) => (chart: Chart) => {
    const celery = celeryApp(chart, { broker: Broker.fromSqs({ region: 'eu-central-1', ...options }), ...NONE, ...props });
    new CeleryWorker(chart, 'worker', { celery, shutdown: WorkerShutdown.warm({ longestTask: longest }) });
  };
  const timeoutOf = (program: (chart: Chart) => void): string | undefined => synth(program).main('celery-worker').command
    .map((word: string) => /^broker_transport_options=.*"visibility_timeout":(\d+)/.exec(word)?.[1]).find(Boolean);

  test('is for the longest task and the end of its pod, and never more than SQS has', () => {
    expect(timeoutOf(late(Duration.minutes(10)))).toBeUndefined();
    expect(timeoutOf(late(Duration.hours(2)))).toBe('14475');
    expect(timeoutOf(late(Duration.seconds(43_199)))).toBe('43200');
    expect(timeoutOf(late(Duration.hours(13), {}, {}))).toBe('43200');
  });

  test.each<[string, (chart: Chart) => void, string]>([
    ['a task of 12 hours', late(Duration.hours(12)), 'broker: \'43200 s\' is not more than the longest task of chart/worker, 43200 s, which would run twice at the same time; give shorter tasks: SQS hides a message for 12 hours at most; or use another message broker'],
    ['a task that takes longer', late(Duration.minutes(10), { visibilityTimeout: Duration.minutes(10) }), '\'600 s\' is not more than the longest task of chart/worker, 600 s, which would run twice at the same time; give more than 600 seconds (Broker.fromSqs({ visibilityTimeout })), or leave it out'],
    ['a task of 12 hours that must not run twice', late(Duration.hours(12), {}, { delivery: TaskDelivery.atMostOnce() }), 'broker: \'43200 s\' is not more than the longest task of chart/worker, 43200 s: a message that a process has reserved'],
    ['as long as a task that is acknowledged early', late(Duration.minutes(10), { visibilityTimeout: Duration.minutes(10) }, {}), '\'600 s\' is not more than the longest task of chart/worker, 600 s: a message that a process has reserved'],
    ['a setting of more than 12 hours', late(Duration.minutes(5), {}, { settings: { broker_transport_options: { visibility_timeout: 43_201 } } }), 'settings.broker_transport_options.visibility_timeout: \'43201 s\' is more than the 12 hours that SQS hides a message for; give at most 43200 seconds'],
    ['a delivery of more than 12 hours', late(Duration.minutes(5), {}, { delivery: TaskDelivery.atLeastOnce({ visibilityTimeout: Duration.hours(13) }) }), 'delivery.visibilityTimeout: \'46800 s\' is more than the 12 hours that SQS hides a message for'],
  ])('%s is refused', (_, program, message) => expect(refusals(program).join()).toContain(message));

  test.each<[string, (chart: Chart) => void, string]>([
    ['a second more than the task', late(Duration.minutes(10), { visibilityTimeout: Duration.seconds(601) }), '601'],
    ['a second more than a task that is acknowledged early', late(Duration.minutes(10), { visibilityTimeout: Duration.seconds(601) }, {}), '601'],
    ['12 hours', late(Duration.minutes(5), {}, { settings: { broker_transport_options: { visibility_timeout: 43_200 } } }), '43200'],
  ])('%s is right', (_, program, seconds) => expect(timeoutOf(program)).toBe(seconds));
});

test.each<[string, Broker, string]>([
  ['RabbitMQ', Broker.fromRabbitMq({ host: 'mq.example.com', username: 'shop', password: PASSWORD }), 'in the same virtual host: each app loses tasks of the other; give each app a virtual host of its own or a queue'],
  ['SQS', Broker.fromSqs({ region: 'eu-central-1' }), 'in the same account: each app loses tasks of the other; give each app a prefix of its own (Broker.fromSqs({ queueNamePrefix })) or a queue'],
])('two apps on one queue of %s are refused, with a fix that it has', (_, broker, message) => {
  expect(refusals((chart) => {
    for (const name of ['shop', 'crm']) {
      const celery = new CeleryApp(chart, name, {
        app: 'tasks', broker, ...NONE, code: AppCode.fromInline({ 'tasks.py': `${TASKS}# ${name}\n` }), runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'),
      });
      new CeleryWorker(chart, `${name}-worker`, { celery });
    }
  }).join()).toContain(message);
});

test('a loader that would take the place of ours is refused', () => {
  expect(refused(Broker.fromSqs({ region: 'eu-central-1' }), { ...NONE, env: [{ name: 'CELERY_LOADER', value: 'shop.loader.Loader' }] }))
    .toContain('env: \'CELERY_LOADER\' would take the place of the loader');
});
