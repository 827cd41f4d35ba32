import { Chart } from 'cdk8s';
import { Broker, CeleryBeat, CeleryFlower, CeleryWorker, FlowerAuth, RedisServerOptions, ResultBackend } from '../../../src';
import { celeryApp } from '../../fixtures';
import { Manifests, refusals, synth } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const HOST = 'redis.example.com';
const PASSWORD = { name: 'redis', key: 'password' };
const CA = { name: 'redis-ca', key: 'ca.crt' };
const EXTERNAL = ['Secret/redis', 'Secret/redis-ca', 'Secret/client'];
const ALL = ['celery-worker', 'celery-beat', 'celery-flower'];

function app(server: Partial<RedisServerOptions>, resultBackend?: ResultBackend): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart, { broker: Broker.fromRedis({ host: HOST, ...server }), resultBackend });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryBeat(chart, 'beat', { celery });
    new CeleryFlower(chart, 'flower', { celery });
  };
}

const made = (server: Partial<RedisServerOptions>, resultBackend?: ResultBackend): Manifests => synth(app(server, resultBackend), EXTERNAL);
const brokerOf = (manifests: Manifests, name = 'celery-worker'): unknown => {
  const env = manifests.env(name);
  return env.CELERY_BROKER_URL ?? env.CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL;
};
const resultsOf = (manifests: Manifests): unknown => {
  const env = manifests.env('celery-worker');
  return env.CELERY_RESULT_BACKEND ?? env.CDK8S_CELERY_LAUNCH_CELERY_RESULT_BACKEND;
};

test.each<[string, Partial<RedisServerOptions>, string]>([
  ['a host', {}, 'redis://redis.example.com:6379/0'],
  ['port and database', { port: 6390, database: 15 }, 'redis://redis.example.com:6390/15'],
  ['a password', { password: PASSWORD }, 'redis://:{CDK8S_CELERY_BROKER_PASSWORD}@redis.example.com:6379/0'],
  ['a user and a password', { username: 'celery@app', password: PASSWORD }, 'redis://celery%40app:{CDK8S_CELERY_BROKER_PASSWORD}@redis.example.com:6379/0'],
  ['a user', { username: 'celery' }, 'redis://celery@redis.example.com:6379/0'],
  ['TLS', { tls: {} }, 'rediss://redis.example.com:6379/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true'],
  ['TLS with a CA', { tls: { ca: CA } }, 'rediss://redis.example.com:6379/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true&ssl_ca_certs=/etc/celery-broker-tls/ca.crt'],
  ['TLS on both sides', { tls: { ca: CA, clientSecretName: 'client' } }, 'rediss://redis.example.com:6379/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true'
    + '&ssl_ca_certs=/etc/celery-broker-tls/ca.crt&ssl_certfile=/etc/celery-broker-tls/tls.crt&ssl_keyfile=/etc/celery-broker-tls/tls.key'],
  ['all of it', { port: 6380, database: 2, username: 'celery', password: PASSWORD, tls: { ca: CA } }, 'rediss://celery:{CDK8S_CELERY_BROKER_PASSWORD}@redis.example.com:6380/2'
    + '?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true&ssl_ca_certs=/etc/celery-broker-tls/ca.crt'],
])('%s', (_, server, url) => {
  const manifests = made(server);
  expect(ALL.map((name) => brokerOf(manifests, name))).toEqual([url, url, url]);
  // It is the result backend, too.
  expect(resultsOf(manifests)).toBe(url);
  expect(manifests.main('celery-worker').command[0]).toBe(server.password ? 'python' : 'celery');
});

test('certificates are mounted in every container that connects', () => {
  const manifests = made({ password: PASSWORD, tls: { ca: CA, clientSecretName: 'client' } });
  for (const name of ALL) {
    expect(manifests.pod(name).volumes).toContainEqual({
      name: 'broker-tls',
      projected: {
        sources: [
          { secret: { name: 'redis-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { secret: { name: 'client', items: [{ key: 'tls.crt', path: 'tls.crt' }, { key: 'tls.key', path: 'tls.key' }] } },
        ],
      },
    });
    expect(manifests.main(name).volumeMounts).toContainEqual({ name: 'broker-tls', mountPath: '/etc/celery-broker-tls', readOnly: true });
  }
});

test('a result backend of its own, next to a broker with a password', () => {
  const manifests = made({ password: PASSWORD, tls: { ca: CA } }, ResultBackend.fromRedis({ host: 'results.example.com', database: 1, password: { name: 'redis', key: 'results' }, tls: { ca: CA } }));
  const env = manifests.env('celery-worker');
  expect(env.CDK8S_CELERY_RESULT_PASSWORD).toEqual({ secretKeyRef: { name: 'redis', key: 'results' } });
  expect(env.CDK8S_CELERY_BROKER_PASSWORD).toEqual({ secretKeyRef: PASSWORD });
  expect(resultsOf(manifests)).toBe('rediss://:{CDK8S_CELERY_RESULT_PASSWORD}@results.example.com:6379/1?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true&ssl_ca_certs=/etc/celery-result-tls/ca.crt');
  expect(manifests.main('celery-worker').volumeMounts.map(({ mountPath }) => mountPath)).toEqual(expect.arrayContaining(['/etc/celery-broker-tls', '/etc/celery-result-tls']));
});

test('idle connections to the result backend have a health check, which a setting may change', () => {
  expect(made({}).main('celery-worker').command).toContain('redis_backend_health_check_interval=(json)25');
});

test.each<[string, unknown, string]>([
  ['no host', { host: undefined }, 'broker.host: undefined is missing; give e.g. \'redis.example.com\''],
  ['a URL for a host', { host: 'redis://redis.example.com' }, 'broker.host: \'redis://redis.example.com\' is not a DNS name or an IPv4 address; give it without a scheme, a port and a path'],
  ['a port in the host', { host: 'redis.example.com:6379' }, 'is not a DNS name or an IPv4 address'],
  ['a dot at its end', { host: 'redis.data.svc.cluster.local.' }, 'broker.host: \'redis.data.svc.cluster.local.\' is not a DNS name or an IPv4 address; give it without the dot'],
  ['an IPv6 address', { host: 'fd00::1' }, 'broker.host: \'fd00::1\' is not a DNS name or an IPv4 address; give a DNS name; or put a URL with the address in brackets'],
  ['a port that there is not', { port: 0 }, 'broker.port: 0 is not a whole number of at least 1'],
  ['a database above the last', { database: 16 }, 'broker.database: 16 is not the number of a database of Redis; give a whole number from 0 to 15'],
  ['a negative database', { database: -1 }, 'broker.database: -1 is not the number of a database of Redis'],
  ['half a database', { database: 1.5 }, 'broker.database: 1.5 is not the number of a database of Redis'],
  ['a literal password', { password: 'hunter2' }, 'broker.password: a string is not a key of a Secret; put it into a Secret, and give { name, key }'],
  ['a Secret without a key', { password: { name: 'redis' } }, 'broker.password.key: undefined is missing'],
  ['a CA without a key', { tls: { ca: { name: 'redis-ca' } } }, 'broker.tls.ca.key: undefined is missing'],
  ['a Secret that has no name', { tls: { clientSecretName: 'Client' } }, 'broker.tls.clientSecretName: \'Client\' is not a name that Kubernetes accepts'],
  ['true for TLS', { tls: true }, 'broker.tls: true is not an object'],
  ['a misspelt option', { datbase: 1 }, 'broker.datbase: is not one of the options here; did you mean database?'],
  ['the port of TLS without it', { port: 6380 }, 'broker.port: 6380 is a port of TLS, and tls is not given; give tls: {}, or the other port of the server, 6379'],
  ['the port of Sentinel', { port: 26_379 }, 'broker.port: 26379 is the port of Sentinel, which keeps no tasks and no results; '
    + 'give Broker.fromSentinel({ sentinels, masterName }), or the port of Redis, 6379'],
  ['a network that is none', { cidr: '10.0.0.0' }, 'broker.cidr: \'10.0.0.0\' is not a network'],
])('%s is refused', (_, server, message) => {
  const found = refusals(app(server as Any)).join('\n');
  expect(found).toContain(message);
  expect(found).not.toContain('hunter2');
});

test('all problems are told at once, also those of the result backend', () => {
  const found = refusals(app({ database: 16, password: 'hunter2' as Any, port: 70_000 }, ResultBackend.fromRedis({ host: 'a b', password: 'hunter3' as Any })));
  expect(found.join('\n')).toMatch(/broker\.database[^]*resultBackend\.password/);
  expect(found).toHaveLength(5);
  expect(found.join('\n')).not.toMatch(/hunter/);
});

test.each([
  'clustercfg.orders.abc123.euw1.cache.amazonaws.com', 'clustercfg.orders.abc123.cnn1.cache.amazonaws.com.cn', 'orders-0001-001.orders.abc123.euw1.cache.amazonaws.com',
  'clustercfg.orders.abc123.memorydb.eu-west-1.amazonaws.com', 'orders-0001-001.orders.abc123.memorydb.eu-west-1.amazonaws.com', 'orders-abc123.serverless.euw1.cache.amazonaws.com',
])('the endpoint %s of cluster mode is refused', (host) => {
  expect(refusals(app({ host, tls: {}, password: PASSWORD })).join('\n')).toContain('The broker or the result backend is a Redis Cluster, which Celery does not support');
  expect(refusals(app({ host })).join('\n')).toContain('[redis/cluster-as-broker]');
  expect(refusals(app({}, ResultBackend.fromRedis({ host, tls: {} }))).join('\n')).toContain('[redis/cluster-as-broker]');
});

test.each(['master.orders.abc123.euw1.cache.amazonaws.com', 'orders-001.orders.abc123.euw1.cache.amazonaws.com', 'orders.abc123.ng.0001.euw1.cache.amazonaws.com'])(
  'the endpoint %s of one Redis is taken', (host) => {
    expect(brokerOf(made({ host, tls: {} }))).toContain(host);
  });

test.each(['redis+cluster://redis.example.com:6379/0', 'rediss+cluster://redis.example.com:6379/0'])('cluster mode by the scheme is refused: %s', (url) => {
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) })).join()).toContain(`broker: '${url}' has a scheme that is not a transport of kombu, which knows no Redis in cluster mode`);
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl(url) })).join()).toContain(`resultBackend: '${url}' is a Redis in cluster mode, which Celery does not support`);
});

test.each([
  ['redis://a.example.com/0;redis://b.example.com/16', 'has the database 16'],
  ['redis://a.example.com/0;redis://b.example.com:6380/0', 'has the port 6380 of TLS'],
  ['redis://a.example.com/0;rediss://b.example.com/0', 'does not verify the certificate of the server'],
  ['redis://a.example.com/0;redis://b.example.com:26379/0', 'has the port 26379 of Sentinel'],
])('the second of several URLs is looked at, too: %s', (url, message) => {
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) })).join()).toContain(message);
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl(url) })).join()).toContain(message);
});

test('a URL of Redis with the port of Sentinel names the factory for Sentinel', () => {
  const url = 'redis://redis.data.svc.cluster.local:26379/0';
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) }))).toEqual([
    `[chart/celery] broker: '${url}' has the port 26379 of Sentinel, which keeps no tasks and no results; give Broker.fromSentinel({ sentinels, masterName }), or the port of Redis, 6379`,
  ]);
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl(url) })).join()).toContain('give ResultBackend.fromSentinel({ sentinels, masterName })');
});

test('the port of TLS in the URL of a result backend is refused', () => {
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl('redis://redis.example.com:6380/1') })))
    .toEqual(['[chart/celery] resultBackend: \'redis://redis.example.com:6380/1\' has the port 6380 of TLS, and a scheme without; '
      + 'write rediss://, with ?ssl_cert_reqs=CERT_REQUIRED; or give the port without TLS']);
});

test.each<[string, Any, string]>([
  ['broker_use_ssl', { ssl_cert_reqs: 'none' }, 'settings.broker_use_ssl.ssl_cert_reqs: \'none\''], ['broker_use_ssl', { cert_reqs: 0 }, 'settings.broker_use_ssl.cert_reqs: 0'],
  ['redis_backend_use_ssl', { ssl_cert_reqs: 'CERT_OPTIONAL', ssl_password: 'hunter2' }, 'settings.redis_backend_use_ssl.ssl_cert_reqs: \'CERT_OPTIONAL\''],
  ['broker_use_ssl', { ssl_cert_reqs: 'required', ssl_check_hostname: false }, 'settings.broker_use_ssl.ssl_check_hostname: false'],
])('the setting %s that verifies no certificate is refused', (name, value, said) => {
  const found = refusals((chart) => celeryApp(chart, { settings: { [name]: value } })).join();
  expect(found).toContain(`${said} does not verify the certificate of the server`);
  expect(found).not.toContain('hunter2');
  expect(() => synth((chart) => celeryApp(chart, { settings: { [name]: { ssl_cert_reqs: 'required', cert_reqs: 2, ssl_check_hostname: true } } }))).not.toThrow();
});

test('a Service next to the pods may have the port 6380', () => {
  expect(brokerOf(made({ host: 'redis', port: 6380 }))).toBe('redis://redis:6380/0');
});

const VERIFY = 'write ?ssl_cert_reqs=CERT_REQUIRED at its end';

test.each([
  ['rediss://redis.example.com:6380/0', `does not verify the certificate of the server: it has no ssl_cert_reqs; ${VERIFY}`],
  ['rediss://redis.example.com:6380/0?ssl_cert_reqs=CERT_NONE', `does not verify the certificate of the server: ssl_cert_reqs is CERT_NONE; ${VERIFY}`],
  ['rediss://redis.example.com:6380/0?ssl_cert_reqs=none', 'ssl_cert_reqs is none'],
  ['rediss://redis.example.com:6380/0?ssl_cert_reqs=optional', 'ssl_cert_reqs is optional'],
])('the URL %s is refused for a broker and for a result backend', (url, message) => {
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) })).join('\n')).toContain(`broker: '${url}' `);
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) })).join('\n')).toContain(message);
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl(url) })).join('\n')).toContain(message);
});

test.each(['redis://:hunter2@redis.example.com/0', 'redis://celery:hunter2@redis.example.com/0', 'redis://redis.example.com/0?password=hunter2'])(
  'a password in a URL is refused for a broker and for a result backend (%#)', (url) => {
    const both = { broker: { broker: Broker.fromUrl(url) }, resultBackend: { resultBackend: ResultBackend.fromUrl(url) } };
    for (const [prop, props] of Object.entries(both)) {
      const said = refusals((chart) => celeryApp(chart, props)).join('\n');
      expect(said).toContain(`${prop}: '`);
      expect(said).toContain('has a password in it, and everybody who can read a manifest could read it; put the whole URL into a Secret: '
        + `${prop === 'broker' ? 'Broker' : 'ResultBackend'}.fromSecret({ name, key })`);
      expect(said).not.toContain('hunter2');
    }
  });

test('a password of a database of results is refused, and no password is none', () => {
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl('db+postgresql://celery:hunter2@db/celery') })).join('\n'))
    .toContain('resultBackend: \'db+postgresql://celery:***@db/celery\' has a password in it');
  expect(refusals((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl('solar://user:hunter2@x') })).join('\n'))
    .toContain('resultBackend: \'solar://user:***@x\' has a password in it');
  expect(() => synth((chart) => celeryApp(chart, { resultBackend: ResultBackend.fromUrl('redis://redis.example.com/0') }))).not.toThrow();
});

test.each([['redis://redis.example.com:6380/0', '6380 of TLS'], ['amqp://rabbitmq.example.com:5671//', '5671 of TLS']])('the port of TLS in %s is refused', (url, message) => {
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url), resultBackend: ResultBackend.none() })).join('\n')).toContain(message);
});

test.each(['rediss://redis.example.com:6380/0?ssl_cert_reqs=CERT_REQUIRED', 'rediss://redis.example.com/0?ssl_ca_certs=/ca.crt&ssl_cert_reqs=required', 'redis://redis:6380/0'])(
  'the URL %s is taken', (url) => {
    expect(synth((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: Broker.fromUrl(url) }) })).env('celery-worker').CELERY_BROKER_URL).toBe(url);
  });

describe('a database that Redis does not have', () => {
  test.each([16, 99])('%p is refused in a URL, as in an option', (database) => {
    const url = `redis://redis.example.com:6379/${database}`;
    const message = (prop: string, value: string, factory: string): string => `[chart/celery] ${prop}: '${value}' has the database ${database}, which is not the number of a database of Redis; `
      + `give a whole number from 0 to 15; of a server with more of them, put the whole URL into a Secret (${factory}.fromSecret)`;
    expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl(url) }))).toEqual([message('broker', url, 'Broker')]);
    const resultBackend = ResultBackend.fromUrl(`rediss://r.example.com/${database}?ssl_cert_reqs=CERT_REQUIRED`);
    expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl('redis://redis.example.com:6379/15'), resultBackend })))
      .toEqual([message('resultBackend', `rediss://r.example.com/${database}?ssl_cert_reqs=CERT_REQUIRED`, 'ResultBackend')]);
  });
});

test('Flower, whose own client takes no options of the URL, has the files of TLS in broker_use_ssl, and only Flower', () => {
  const settings = (tls: Any): unknown[] => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { broker: Broker.fromRedis({ host: 'redis.example.com', tls }) });
      new CeleryWorker(chart, 'worker', { celery });
      new CeleryFlower(chart, 'flower', { celery, auth: FlowerAuth.none() });
    }, EXTERNAL);
    expect(manifests.main('celery-flower').volumeMounts.some(({ mountPath }) => mountPath === '/opt/celery-agent/cdk8s_celery_launch')).toBe(tls?.ca !== undefined || tls?.clientSecretName !== undefined);
    return ['celery-flower', 'celery-worker'].map((name) => manifests.env(name).CDK8S_CELERY_APP_SETTINGS);
  };
  const given = { ssl_cert_reqs: 'required', ssl_check_hostname: true };
  expect(settings({ ca: CA })).toEqual([JSON.stringify({ broker_use_ssl: { ...given, ssl_ca_certs: '/etc/celery-broker-tls/ca.crt' } }), undefined]);
  expect(settings({ clientSecretName: 'client' })).toEqual([
    JSON.stringify({ broker_use_ssl: { ...given, ssl_certfile: '/etc/celery-broker-tls/tls.crt', ssl_keyfile: '/etc/celery-broker-tls/tls.key' } }), undefined,
  ]);
  expect(settings({})).toEqual([undefined, undefined]);
  expect(settings(undefined)).toEqual([undefined, undefined]);
});
