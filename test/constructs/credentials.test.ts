import { Chart } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryFlower, CeleryWorker, CeleryWorkerProps, PythonRuntime, RedisBroker, ResultBackend, rules,
} from '../../src';
import { refusals, synth } from '../manifests';
import { NEWEST } from '../locks/lock';

const { Rules } = rules;

const SECRET = 'Zq7hunter2';

interface Given {
  readonly app?: Partial<CeleryAppProps>;
  readonly worker?: Partial<CeleryWorkerProps>;
  readonly suppress?: string;
}

function define(chart: Chart, { app, worker, suppress }: Given): void {
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\napp = Celery()\n' }),
    runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'), ...app,
  });
  new CeleryWorker(chart, 'worker', { celery, ...worker });
  const flower = new CeleryFlower(chart, 'flower', { celery });
  if (suppress !== undefined) Rules.of(flower).suppress('flower/open-in-the-cluster', suppress);
}

/** What synth says on stderr. */
function warnings(given: Given, also: (chart: Chart) => void = () => undefined): string[] {
  const said: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  try {
    synth((chart) => {
      define(chart, given);
      also(chart);
    }, ['Secret/x']);
  } finally {
    write.mockRestore();
  }
  return said;
}

const settings = (given: Record<string, unknown>): Given => ({ app: { settings: given } });

describe('a password in the manifests is refused, and not printed', () => {
  test.each<[string, Given]>([
    ['a setting: redis_password', settings({ redis_password: SECRET })],
    ['a setting: broker_password', settings({ broker_password: SECRET })],
    ['a setting: security_key_password', settings({ security_key_password: SECRET })],
    ['a setting: database_url', settings({ database_url: `postgresql://u:${SECRET}@db/x` })],
    ['a setting: broker_read_url', settings({ broker_read_url: `redis://:${SECRET}@h` })],
    ['inside of a setting: result_backend_transport_options', settings({ result_backend_transport_options: { password: SECRET } })],
    ['inside of a setting: sentinel_kwargs', settings({ broker_transport_options: { sentinel_kwargs: { password: SECRET } } })],
    ['inside of a setting: mongodb_backend_settings', settings({ mongodb_backend_settings: { host: `mongodb://u:${SECRET}@h` } })],
    ['inside of a setting: couchbase_backend_settings', settings({ couchbase_backend_settings: { password: SECRET } })],
    ['DATABASE_URL', { worker: { env: [{ name: 'DATABASE_URL', value: `postgresql://u:${SECRET}@db/x` }] } }],
    ['DATABASE_URL with a quote', { worker: { env: [{ name: 'DATABASE_URL', value: `postgresql://u:it's${SECRET}@db/x` }] } }],
    ['DATABASE_URL with a space and others', { worker: { env: [{ name: 'DATABASE_URL', value: `postgresql://u:p@ss:w/#?[]%+ "w'ord${SECRET}@db/x` }] } }],
    ['DB_PASSWORD', { worker: { env: [{ name: 'DB_PASSWORD', value: SECRET }] } }],
    ['FLOWER_OAUTH2_SECRET', { app: { env: [{ name: 'FLOWER_OAUTH2_SECRET', value: SECRET }] } }],
    ['the query of the index', { app: { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `https://h/simple?token=${SECRET}` }) } }],
    ['the query of a requirement', { app: { runtime: PythonRuntime.install({ celery: NEWEST, requirements: [`x @ https://h/x.zip?token=${SECRET}`] }) } }],
    ['a queue', { worker: { queues: [`redis://:${SECRET}@h`] } }],
    ['redbeat_redis_url', settings({ redbeat_redis_url: `redis://:${SECRET}@h/1` })],
    ['a variable that is a URL of the broker for other programs', { worker: { env: [{ name: 'CACHE_URL', value: `redis://:${SECRET}@h/2` }] } }],
  ])('%s', (_what, given) => {
    const lines = refusals((chart) => define(chart, given));
    expect(lines.join('\n')).toMatch(/A password or another credential is written in the manifest.*\[env\/literal-password\]|is set by the prop (broker|resultBackend)/);
    expect(lines.join('\n')).not.toContain(SECRET);
  });

  test('unless it is suppressed, with a reason', () => {
    const given = { worker: { env: [{ name: 'DB_PASSWORD', value: SECRET }] } };
    expect(warnings(given, (chart) => Rules.of(chart).suppress('env/literal-password', 'a database in the pod')).join('')).not.toContain('literal-password');
  });

  test.each(['guest:guest', ':$(PASSWORD)', 'user:'])('and a URL with %s has none', (user) => {
    expect(warnings({ worker: { env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'x', key: 'y' } } }, { name: 'OTHER_URL', value: `amqp://${user}@h/` }] } }).join('')).not.toContain('literal-password');
  });
});

describe('what may be another credential is a warning that does not print it', () => {
  test.each<[string, Given]>([
    ['a setting: s3_secret_access_key', settings({ s3_secret_access_key: SECRET })],
    ['AWS_SECRET_ACCESS_KEY', { app: { env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: SECRET }] } }],
    ['an annotation', { worker: { annotations: { 'example.com/api-key': SECRET } } }],
    ['a URL in an annotation', { worker: { annotations: { 'example.com/see': `redis://:${SECRET}@h` } } }],
    ['a file of the code', { app: { code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\n', 'config.ini': `[db]\npassword = ${SECRET}\n` }) } }],
  ])('%s', (_what, given) => {
    const said = warnings(given);
    expect(said.join('')).toMatch(/\[(env\/literal-password|code\/credentials-in-configmap)\]/);
    expect(said.join('')).not.toContain(SECRET);
  });

  test('and what only looks alike is none', () => {
    const said = warnings({
      app: { settings: { security_key: '/etc/ssl/key.pem', worker_cancel_long_running_tasks_on_connection_loss: true, result_backend_thread_safe: true, task_publish_retry_policy: { max_retries: 3 } } },
      worker: { env: [{ name: 'DB_PASSWORD_FILE', value: '/run/secrets/db' }, { name: 'TOKEN_TTL', value: '60' }], annotations: { 'example.com/password-policy': 'strict' } },
    });
    expect(said.filter((line) => /literal-password|credentials-in-configmap/.test(line))).toEqual([]);
  });
});

describe('a refusal does not print it', () => {
  test('the reason of a suppression', () => {
    const given = { suppress: `see redis://:${SECRET}@h` };
    expect(() => synth((chart) => define(chart, given))).toThrow(/^reason: that of the suppression of 'flower\/open-in-the-cluster' has a URL with a credential/);
    expect(() => synth((chart) => define(chart, given))).not.toThrow(SECRET);
  });

  test.each<[string, Given]>([
    ['broker_url', settings({ broker_url: `redis://:${SECRET}@h` })],
    ['result_backend', settings({ result_backend: `rediss://h/0?password=${SECRET}` })],
    ['s3_secret_access_key of another type', settings({ s3_secret_access_key: [SECRET] })],
    ['redis_password that is no JSON', settings({ redis_password: new String(SECRET) })],
    ['a name that is almost one', settings({ redis_pasword: SECRET, CELERY_BROKER_PASSWORD: SECRET, redis_passwords: `u:${SECRET}@h` })],
    ['inside of an object', settings({ broker_transport_options: { password: SECRET, x: undefined }, task_routes: { password: SECRET, a: NaN } })],
    ['a long URL', settings({ broker_url: `redis://:${SECRET}${'x'.repeat(200)}@h` })],
    ['an index without a scheme', { app: { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `u:${SECRET}@h` }) } }],
    ['an index of another scheme', { app: { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `ftp://u:${SECRET}@h` }) } }],
    ['an index with slashes only', { app: { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `//u:${SECRET}@h` }) } }],
    ['an index with a bad port', { app: { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `https://u:${SECRET}@h:99999/` }) } }],
    ['a requirement', { app: { runtime: PythonRuntime.install({ celery: NEWEST, requirements: [`x @ https://u:p/${SECRET}@h/x.zip y`] }) } }],
    ['a requirement with slashes', { app: { runtime: PythonRuntime.install({ celery: NEWEST, requirements: [`git+https://u:p@ss/${SECRET}@h`] }) } }],
  ])('%s', (_what, given) => {
    const said = refusals((chart) => define(chart, given));
    expect(said.length).toBeGreaterThan(0);
    expect(said.join('\n')).not.toContain(SECRET);
  });
});

test('a password with all characters is in no message about a URL', () => {
  const odd = `p@ss:w/#?[]%+ "w'ord${SECRET}`;
  for (const password of [odd, `${SECRET}?x`, `${SECRET};x`, `a ${SECRET}`, `${SECRET}:x`]) {
    const url = `redis://:${password}@h.example.com:6379/0`;
    const rabbitmq = { host: 'r.example.com', username: 'u', password: { name: 'x', key: 'y' } };
    for (const props of [
      { broker: Broker.fromUrl(url) }, { resultBackend: ResultBackend.fromUrl(url) }, { settings: { broker_read_url: url } },
      { broker: Broker.fromRabbitMq({ ...rabbitmq, managementUrl: `http://u:${password}@m.example.com:15672` }), resultBackend: ResultBackend.none() },
      { runtime: PythonRuntime.install({ celery: NEWEST, indexUrl: `https://u:${password}@pypi.example.com/simple` }) },
    ]) {
      const found = refusals((chart) => define(chart, { app: props })).join('\n');
      expect(found).not.toMatch(/hunter|w'ord/);
    }
  }
});
