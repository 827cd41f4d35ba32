import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  AppCode, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryWorker, FlowerAuth, HealthCheck, IBroker, PythonRuntime, RedisBroker, ResultBackend,
} from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { refusals, synth } from '../../manifests';

// Mistakes that passed synth once, and ended in CrashLoopBackOff or CreateContainerConfigError.

const install = (image?: string) => PythonRuntime.install({ celery: '5.6.3', image });

describe('code in the image', () => {
  const app = (runtime: PythonRuntime, more: Partial<CeleryAppProps> = {}) => (chart: Chart) =>
    void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { code: AppCode.inImage(), runtime, ...more }) });

  test.each([undefined, 'python:3.11-slim', 'docker.io/library/python:3.12'])('is refused where Celery is installed into the image %p, which has no code', (image) => {
    expect(refusals(app(install(image)))).toEqual([
      `[chart/celery] code: 'AppCode.inImage({ directory: '/app' })' is not in the image ${image ?? 'python:3.11-slim'}, into which PythonRuntime.install puts `
      + 'Celery and no code; give AppCode.fromDirectory(...), or the image that has the code: PythonRuntime.fromImage(...), or the option image of PythonRuntime.install',
    ]);
  });

  test.each<[string, PythonRuntime]>([
    ['the image of the runtime', PythonRuntime.fromImage('registry.example.com/team/app:1')], ['an image of one\'s own', install('registry.example.com/team/python:3.11')],
  ])('may be in %s', (_what, runtime) => {
    expect(() => synth(app(runtime))).not.toThrow();
  });

  test.each([['/app', true], ['/app/', true], ['/ap', false], ['/app/data', false]])('may come with a volume at %s: %p', (path, taken) => {
    const make = (chart: Chart) => app(install(), { volumes: [{ name: 'own', emptyDir: {} }], volumeMounts: [{ name: 'own', mountPath: path }] })(chart);
    expect(taken ? [] : refusals(make)).toEqual(taken ? [] : [expect.stringContaining('code: \'AppCode.inImage')]);
    if (taken) expect(() => synth(make)).not.toThrow();
  });
});

describe('variables that have a prop', () => {
  const OWNED: [string, RegExp][] = [
    ['CELERY_BROKER_URL', /would connect the pods to another broker than that of the app; give the prop broker instead/],
    ['BROKER_URL', /give the prop broker instead/], ['CELERY_BROKER_READ_URL', /give the prop broker instead/], ['CELERY_BROKER_WRITE_URL', /give the prop broker instead/],
    ['CELERY_RESULT_BACKEND', /would take the place of the result backend of the app; give the prop resultBackend instead/],
    ['RESULT_BACKEND', /give the prop resultBackend instead/],
    ['CELERY_WORKER_CONCURRENCY', /is an option of Celery's command line, which this construct writes; give it to the pool instead: WorkerPool\.prefork\(\{ concurrency: \.\.\. \}\)/],
    ['CELERY_WORKER_POOL', /give the prop pool instead/], ['CELERY_WORKER_LOGLEVEL', /give the prop logLevel instead/], ['CELERY_BEAT_LOGLEVEL', /give the prop logLevel instead/],
    ['CELERY_WORKER_PREFETCH_MULTIPLIER', /give the prop prefetchMultiplier instead/], ['CELERY_WORKER_QUEUES', /give the prop queues instead/],
    ['CELERY_WORKER_MAX_TASKS_PER_CHILD', /give it to the pool instead: WorkerPool\.prefork\(\{ maxTasksPerChild: /], ['CELERY_WORKER_MAX_MEMORY_PER_CHILD', /give it to the pool instead: WorkerPool\.prefork\(\{ maxMemoryPerChild: /],
    ['CELERY_WORKER_TIME_LIMIT', /give it to the pool instead: WorkerPool\.prefork\(\{ timeLimit: /], ['CELERY_WORKER_SOFT_TIME_LIMIT', /give it to the pool instead: WorkerPool\.prefork\(\{ softTimeLimit: /],
    ['CELERY_WORKER_TASK_EVENTS', /give the prop taskEvents instead/], ['CELERY_BEAT_SCHEDULER', /give the prop scheduler instead/],
    ['CELERY_BEAT_SCHEDULE', /give the prop storage instead/],
    ['FLOWER_BASIC_AUTH', /would ask for a login that the probes do not have; give the prop auth: FlowerAuth\.basic\(\.\.\.\) instead/],
    ['FLOWER_URL_PREFIX', /would move the page away from where the probes look; give the prop urlPrefix instead/],
    ['CELERY_WORKER_AUTOSCALE', /would take the place of the pool's concurrency.*; give the prop pool instead: WorkerPool\.autoscale/],
    ['CELERY_WORKER_INCLUDE', /set it in your code: app\.conf\.include/], ['CELERY_WORKER_HOSTNAME', /would give all pods the same node name; have %h in it/],
    ['CELERY_WORKER_BEAT', /would run Beat in each pod.*; use a CeleryBeat instead/], ['CELERY_WORKER_PURGE', /would delete all tasks that wait/],
    ['CELERY_WORKER_DETACH', /would end the container/], ['CELERY_BEAT_DETACH', /would end the container/],
    ['CELERY_APP', /give the prop app instead/], ['CELERY_WORKDIR', /would start Celery outside of the directory of the code; remove it/],
    ['FLOWER_ADDRESS', /do not reach it; remove it/], ['FLOWER_UNIX_SOCKET', /do not reach it; remove it/],
    ['FLOWER_PORT', /has no effect: the command line has --port=5555; remove it/],
  ];

  test.each(OWNED)('%s is refused, of the app and of a component', (name, message) => {
    const env = [{ name, value: 'hunter2' }];
    const ofApp = refusals((chart) => celeryApp(chart, { env }));
    const ofWorker = refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), env }));
    const ofFlower = refusals((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), env }));
    for (const [lines, path] of [[ofApp, 'celery'], [ofWorker, 'worker'], [ofFlower, 'flower']] as const) {
      expect(lines).toEqual([expect.stringMatching(new RegExp(`^\\[chart/${path}\\] env: '${name}' .*`))]);
      expect(lines[0]).toMatch(message);
      expect(lines[0]).not.toContain('hunter2');
    }
  });

  test('one of the app is refused once, however many components it has', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart, { env: [{ name: 'CELERY_BROKER_URL', value: 'redis://other' }] });
      new CeleryWorker(chart, 'worker', { celery });
      new CeleryBeat(chart, 'beat', { celery });
    })).toHaveLength(1);
  });

  test.each(['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PATH', 'VIRTUAL_ENV', 'PYTHONHOME'])('%s is refused where Celery is installed, and taken with an image', (name) => {
    const make = (runtime: PythonRuntime) => (chart: Chart) =>
      new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { runtime }), env: [{ name, value: '/usr/bin' }] });
    expect(refusals(make(install()))).toEqual([expect.stringMatching(new RegExp(`^\\[chart/worker\\] env: '${name}' (does not reach pip|would hide the Celery)`))]);
    expect(synth((chart) => void make(PythonRuntime.fromImage('registry.example.com/team/app:1'))(chart)).env('celery-worker')[name]).toBe('/usr/bin');
  });

  test.each([
    ['CELERY_WORKER_HOSTNAME', 'mail@%h'], ['CELERY_WORKER_BEAT', 'false'], ['CELERY_WORKER_PURGE', '0'], ['CELERY_WORKER_DETACH', ''], ['CELERY_WORKDIR', ''],
    ['FLOWER_ADDRESS', '0.0.0.0'],
  ])('%s is taken where its value does no harm: %p', (name, text) => {
    const env = [{ name, value: text }];
    expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { env }) })).env('celery-worker')[name]).toBe(text);
  });

  test.each(['CELERY_LOADER', 'CELERY_CONFIG_MODULE', 'CELERY_WORKER_EXCLUDE_QUEUES', 'HOME', 'PYTHONUNBUFFERED', 'PYTHONDONTWRITEBYTECODE', 'DATABASE_URL', 'PIPELINE', 'MY_PATH', 'FLOWER_OAUTH2_KEY', 'CELERY_CUSTOM_WORKER_POOL'])(
    '%s is the user\'s', (name) => {
      const env = [{ name, value: 'mine' }];
      expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { env, runtime: install() }) })).env('celery-worker')[name]).toBe('mine');
      expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { runtime: install() }), env })).env('celery-worker')[name]).toBe('mine');
    },
  );

  test('a limit of Flower in a variable of its own takes the place of the flag, which would win; it does not get those of the app', () => {
    const make = (chart: Chart) => void new CeleryFlower(chart, 'flower', {
      celery: celeryApp(chart, { env: [{ name: 'FLOWER_MAX_WORKERS', value: '5' }] }),
      env: [{ name: 'FLOWER_MAX_TASKS', value: '5' }, { name: 'FLOWER_PURGE_OFFLINE_WORKERS', value: '60' }],
    });
    expect(synth(make).main('celery-flower').command).toEqual(['celery', 'flower', '--port=5555', '--max_workers=500']);
  });
});

describe('a message broker as result backend', () => {
  /** A broker that is somewhere else. */
  function broker(chart: Chart, url: string): IBroker {
    return Object.assign(new RedisBroker(chart, 'redis'), { url: { value: url } });
  }

  const worker = (props: (chart: Chart) => Partial<CeleryAppProps>) => (chart: Chart) =>
    void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, props(chart)) });

  test.each([
    ['amqp://rabbit//', 'rpc:// (through RabbitMQ), '], ['amqps://rabbit//', 'rpc:// (through RabbitMQ), '], ['pyamqp://rabbit//', 'rpc:// (through RabbitMQ), '],
    ['sqs://', ''], ['SQS://', ''], ['kafka://kafka', ''], ['memory://', ''], ['filesystem://', ''], ['amqp', 'rpc:// (through RabbitMQ), '],
  ])('%s is refused, given or copied', (url, rpc) => {
    const fix = `give resultBackend: ResultBackend.fromUrl(...) with ${rpc}redis://, db+postgresql://, or disabled:// where nobody reads results`;
    expect(refusals(worker(() => ({ resultBackend: ResultBackend.fromUrl(url) })))).toEqual([
      `[chart/celery] resultBackend: '${url}' is a message broker, which cannot keep results; ${fix}`,
    ]);
    if (url.includes('://')) {
      expect(refusals(worker((chart) => ({ broker: broker(chart, url) })))).toEqual([
        `[chart/celery] resultBackend: '${url}' is the URL of the broker, which cannot keep results; ${fix}`,
      ]);
    }
  });

  test('is refused without its password', () => {
    const [line] = refusals(worker(() => ({ resultBackend: ResultBackend.fromUrl('amqp://user:hunter2@rabbit//') })));
    expect(line).toContain('\'amqp://user:***@rabbit//\'');
    expect(line).not.toContain('hunter2');
  });

  test.each(['rpc://', 'redis://redis', 'rediss://cache.example.com?ssl_cert_reqs=required', 'db+postgresql://db/results', 'disabled://', 'consul://consul',
    'mongodb://mongo', 's3://', 'django-db', 'shop.backends.Results', 'sentinel://sentinel'])('%s is taken', (url) => {
    expect(synth(worker((chart) => ({ broker: broker(chart, 'amqp://rabbit//'), resultBackend: ResultBackend.fromUrl(url) }))).env('celery-worker').CELERY_RESULT_BACKEND).toBe(url);
  });

  const NEITHER = 'is neither a URL nor the name of a result backend';
  const UNKNOWN = 'is not a result backend of Celery, and no requirement could have one';
  test.each([
    ['', '\'\'', 'is empty, so Celery takes what the code has'], [' ', '\' \'', 'is empty, so Celery takes what the code has'],
    ['user:hunter2@results', '\'***@results\'', NEITHER], ['redis results', '\'redis results\'', NEITHER], ['://results', '\'://results\'', NEITHER],
    ['garbage', '\'garbage\'', UNKNOWN], ['solar://x', '\'solar://x\'', UNKNOWN], ['Redis://x', '\'Redis://x\'', UNKNOWN], ['django-db', '\'django-db\'', UNKNOWN],
  ])('%p is refused, which is no result backend', (url, shown, wrong) => {
    expect(refusals(worker(() => ({ resultBackend: ResultBackend.fromUrl(url), runtime: install() })))).toEqual([
      expect.stringContaining(`[chart/celery] resultBackend: ${shown} ${wrong}; `),
    ]);
  });

  test.each(['redis://results', 'rpc', 'redis+socket:///run/redis', 'db+postgresql+psycopg://db/results', 'db+postgresql://db/results', 'shop.backends:Results'])(
    '%s is taken without further requirements', (url) => {
      expect(() => synth(worker(() => ({ resultBackend: ResultBackend.fromUrl(url), runtime: install() })))).not.toThrow();
    },
  );

  const driver = (url: string, celery: string, requirements: string[] = []) =>
    worker(() => ({ resultBackend: ResultBackend.fromUrl(url), runtime: PythonRuntime.install({ celery, requirements }) }));

  test.each<[string, string, string, string[]]>([
    ['mongodb://mongo/results', '5.6.3', 'celery[mongodb]', ['pymongo==4.10.1']],
    ['db+mysql://db/results', '5.6.3', 'mysqlclient', ['mysqlclient==2.2.7']],
    ['db+mysql+pymysql://db/results', '5.6.3', 'pymysql', ['PyMySQL==1.1.1']],
    ['gs://bucket', '5.6.3', 'celery[gcs]', ['celery[gcs]']],
    ['s3://bucket', '5.6.3', 'celery[s3]', ['celery[sqs]']],
    ['cache+memcached://m:11211', '5.6.3', 'celery[memcache]', ['pylibmc==1.6.3']],
    ['elasticsearch+https://e:9200/results', '5.6.3', 'celery[elasticsearch]', ['celery[redis,elasticsearch]']],
    ['database+mssql://db/results', '5.6.3', 'pyodbc', ['pyodbc==5.2.0']],
    ['db+oracle+cx_oracle://db/results', '5.6.3', 'cx-oracle', ['cx_Oracle==8.3.0']],
  ])('%s has a driver that is not installed, unless it is among the requirements', (url, celery, missing, brought) => {
    expect(refusals(driver(url, celery))).toEqual([`[chart/celery] resultBackend: '${url}' is a result backend whose driver is not installed; add '${missing}' to the `
      + 'requirements of PythonRuntime.install']);
    expect(() => synth(driver(url, celery, brought))).not.toThrow();
  });

  test('the driver of PostgreSQL where the URL names none is in the lock with SQLAlchemy 2.1', () => {
    expect(() => synth(driver('db+postgresql://db/results', '5.6.3'))).not.toThrow();
    expect(refusals(driver('db+postgresql://db/results', '5.5.3'))).toEqual(['[chart/celery] resultBackend: \'db+postgresql://db/results\' is a result backend whose '
      + 'driver is not installed; write db+postgresql+psycopg://, whose driver is in the lock; or add \'psycopg2-binary\' to the requirements of PythonRuntime.install']);
    expect(() => synth(driver('db+postgresql://db/results', '5.5.3', ['psycopg2==2.9.10']))).not.toThrow();
    expect(() => synth(driver('db+postgresql+psycopg://db/results', '5.5.3'))).not.toThrow();
  });

  test.each([
    ['cache+memory://', 'the memory of one process'], ['db+sqlite://', 'a file of one pod'], ['db+sqlite:///results.db', 'a file of one pod'],
    ['db+sqlite:////data/results.db', 'a file of one pod'], ['database+sqlite+pysqlite:////data/results.db', 'a file of one pod'],
    ['file:///data/results', 'a folder of one pod'],
  ])('%s is refused: others do not read it', (url, where) => {
    expect(refusals(worker(() => ({ resultBackend: ResultBackend.fromUrl(url) })))).toEqual([
      expect.stringContaining(`[chart/celery] resultBackend: '${url}' is in ${where}, and no other reads what is stored there; give a server`),
    ]);
  });

  test('a file on a volume of all pods is taken', () => {
    const volumes = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }], volumeMounts: [{ name: 'data', mountPath: '/data/' }] };
    const make = (url: string) => worker(() => ({ resultBackend: ResultBackend.fromUrl(url), ...volumes }));
    expect(() => synth(make('db+sqlite:////data/results.db'), ['PersistentVolumeClaim/data'])).not.toThrow();
    expect(() => synth(make('file:///data/results'), ['PersistentVolumeClaim/data'])).not.toThrow();
    expect(refusals(make('db+sqlite:////database/results.db')).join()).toContain('a file of one pod');
    const own = { volumes: [{ name: 'data', emptyDir: {} }], volumeMounts: volumes.volumeMounts };
    expect(refusals(worker(() => ({ resultBackend: ResultBackend.fromUrl('db+sqlite:////data/results.db'), ...own }))).join()).toContain('a file of one pod');
  });

  test('one that a package may have is taken where there are further packages', () => {
    const runtime = PythonRuntime.install({ celery: '5.6.3', requirements: ['solar-results==1.0'] });
    expect(() => synth(worker(() => ({ resultBackend: ResultBackend.fromUrl('solar://x'), runtime })))).not.toThrow();
  });

  test('what comes from a Secret is taken', () => {
    expect(() => synth(worker(() => ({ resultBackend: ResultBackend.fromSecret({ name: 'results', key: 'url' }) })), ['Secret/results'])).not.toThrow();
  });
});

/** What synth prints and refuses of an app with a chart `shop` and one in another namespace. */
function said(define: (shop: Chart, other: Chart) => void): { warnings: string[]; errors: string[] } {
  const app = new App();
  const other = new Chart(app, 'other', { namespace: 'other' });
  const shop = new Chart(app, 'shop', { namespace: 'shop' });
  const warnings: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean(warnings.push(String(text).trimEnd())));
  try {
    define(shop, other);
    Testing.synth(shop);
    return { warnings, errors: [] };
  } catch (error) {
    return { warnings, errors: (error as Error).message.split('\n').slice(1).map((line) => line.trim()) };
  } finally {
    write.mockRestore();
  }
}

describe('a Secret of the tree', () => {
  const secret = (chart: Chart) => new kplus.Secret(chart, 'secret', { metadata: { name: 'shop-redis' }, stringData: { url: 'user:hunter2' } });

  test.each<[string, (shop: Chart, given: kplus.ISecret) => void, string]>([
    ['env of the app', (shop, given) => void new CeleryWorker(shop, 'worker', {
      celery: celeryApp(shop, { env: [{ name: 'DATABASE', valueFrom: { secretKeyRef: { name: given.name, key: 'nokey' } } }] }),
    }), 'Deployment shop/celery-worker (container worker), spec.template.spec.containers[0].env[12].valueFrom.secretKeyRef'],
    ['the login of Flower', (shop, given) => void new CeleryFlower(shop, 'flower', { celery: celeryApp(shop), auth: FlowerAuth.basic({ name: given.name, key: 'nokey' }) }),
      'Deployment shop/celery-flower (container flower), spec.template.spec.containers[0].env[5].valueFrom.secretKeyRef'],
    ['a volume', (shop, given) => void new CeleryWorker(shop, 'worker', {
      celery: celeryApp(shop), volumes: [{ name: 'secret', secret: { secretName: given.name, items: [{ key: 'nokey', path: 'x' }] } }],
    }), 'Deployment shop/celery-worker, spec.template.spec.volumes[3].secret.items[0]'],
  ])('without the key in %s is refused, with both names and no value', (_what, make, place) => {
    const { errors } = said((shop) => make(shop, secret(shop)));
    expect(errors.map((line) => line.replace(/^\[[^\]]*\] /, ''))).toEqual([
      `${place}: The Secret or ConfigMap does not have the key that the pod refers to; it has "Secret shop-redis, key nokey"; allowed: url. `
      + 'Name a key that it has, or add the key. [references/no-such-key]',
    ]);
  });

  test('without pip.conf is refused, and with it is taken', () => {
    const make = (key: string) => said((shop) => {
      const pip = new kplus.Secret(shop, 'pip', { metadata: { name: 'pip' }, stringData: { [key]: 'hunter2' } });
      new CeleryWorker(shop, 'worker', { celery: celeryApp(shop, { runtime: PythonRuntime.install({ celery: '5.6.3', pipConf: { name: pip.name, key: 'pip.conf' } }) }) });
    });
    expect(make('pip.ini').errors).toEqual([expect.stringMatching(/Deployment shop\/celery-worker \(container install\).*it has "Secret pip, key pip\.conf"; allowed: pip\.ini/)]);
    expect(make('pip.conf').errors).toEqual([]);
  });

  test.each<[string, (shop: Chart, given: kplus.ISecret) => void]>([
    ['env', (shop, given) => void new CeleryWorker(shop, 'worker', {
      celery: celeryApp(shop), env: [{ name: 'DATABASE', valueFrom: { secretKeyRef: { name: given.name, key: 'url' } } }],
    })],
    ['the login of Flower', (shop, given) => void new CeleryFlower(shop, 'flower', { celery: celeryApp(shop), auth: FlowerAuth.basic({ name: given.name, key: 'url' }) })],
    ['the pull secrets', (shop, given) => void new CeleryWorker(shop, 'worker', { celery: celeryApp(shop), imagePullSecrets: [{ name: given.name }] })],
    ['the pull secrets of Redis', (shop, given) => void new RedisBroker(shop, 'redis', { imagePullSecrets: [{ name: given.name }] })],
  ])('of another namespace in %s is refused, of the pod\'s own it is taken', (_what, make) => {
    expect(said((shop, other) => make(shop, secret(other))).errors).toEqual([expect.stringMatching(
      /^\[.*\] Deployment shop\/.*: A Secret, a ConfigMap, a claim or a ServiceAccount is in another namespace than the pod that needs it: it is in other, the pod in shop; it has "Secret shop-redis"\. .*\[references\/other-namespace\]$/,
    )]);
    expect(said((shop) => make(shop, secret(shop))).errors).toEqual([]);
  });
});

describe('files that look like keys', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test.each(['id_rsa', 'server.pem', 'tls.key', 'prod.env', 'aws_credentials'])('%s in the code is a warning, which does not show what is in it', (name) => {
    const folder = mkdtempSync(join(directory, 'app-'));
    writeFileSync(join(folder, 'tasks.py'), TASKS);
    writeFileSync(join(folder, name), 'hunter2');
    const { warnings, errors } = said((shop) => void new CeleryWorker(shop, 'worker', { celery: celeryApp(shop, { code: AppCode.fromDirectory(folder) }) }));
    expect([warnings, errors]).toEqual([[expect.stringMatching(new RegExp(`^warning: ConfigMap shop/celery-app-.* looks like a key or credentials; it has "${name}"`))], []]);
    expect(warnings.join()).not.toContain('hunter2');
  });

  test('other files are none', () => {
    const code = AppCode.fromInline({ 'tasks.py': TASKS, 'environment.txt': 'x', 'monkey.json': '{}' });
    expect(said((shop) => void new CeleryWorker(shop, 'worker', { celery: celeryApp(shop, { code }) }))).toEqual({ warnings: [], errors: [] });
  });
});

describe('values of enumerations that are none', () => {
  const worker = (props: object) => refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), healthCheck: HealthCheck.none(), ...props }));

  test('eventlet', () => {
    expect(worker({ pool: 'eventlet' })).toEqual(['[chart/worker] pool: \'eventlet\' is not supported: the health agent does not run under it; give WorkerPool.gevent()']);
  });

  test.each(['processes', '', 'Prefork', 7, null, ['prefork']])('the pool %p', (pool) => {
    expect(worker({ pool })).toEqual([expect.stringMatching(/^\[chart\/worker\] pool: .* is not one of WorkerPool's; give e\.g\. WorkerPool\.prefork\(/)]);
  });

  test.each(['loud', 'INFO', 'info --concurrency=9', 20])('the log level %p', (logLevel) => {
    const message = expect.stringMatching(/logLevel: .* is not a log level; give 'debug', 'info', 'warning', 'error' or 'critical'$/);
    expect(worker({ logLevel })).toEqual([message]);
    expect(refusals((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), logLevel: logLevel as never }))).toEqual([message]);
  });
});
