import { Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, BeatStorage, CeleryApp, CeleryAppProps, CeleryBeat, CeleryBeatProps, CeleryFlower, CeleryFlowerProps, CeleryJob, CeleryJobProps,
  CeleryWorker, CeleryWorkerProps, FlowerAuth, HealthCheck, PodOptions, PythonRuntime, RedisBroker, RedisBrokerProps, RedisStorage, WorkerPool,
} from '../../../src';
import * as fc from 'fast-check';
import { celeryApp, everyOption, TASKS } from '../../fixtures';
import { refusals } from '../../manifests';
import { runs } from '../../random-runs';

// What a user of JavaScript, or of Python in part, can give: no type checker has seen it.

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

const app = (props: Any) => (chart: Chart) => void new CeleryApp(chart, 'celery', {
  app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('app:1'), ...props,
});
const job = (props: Any) => (chart: Chart) => void new CeleryJob(chart, 'job', { celery: celeryApp(chart), command: ['true'], ...props });
const worker = (props: Any) => (chart: Chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), ...props });
const beat = (props: Any) => (chart: Chart) => void new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), ...props });
const flower = (props: Any) => (chart: Chart) => void new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), ...props });
const redis = (props: Any) => (chart: Chart) => void new RedisBroker(chart, 'redis', props);

test.each<[string, (chart: Chart) => void, string]>([
  ['no app', worker({ celery: undefined }), 'worker] celery: undefined is missing; give what new CeleryApp(...) made'],
  ['a name for an app', worker({ celery: 'celery' }), 'worker] celery: \'celery\' is not a CeleryApp; give what new CeleryApp(...) made'],
  ['an object for an app', beat({ celery: {} }), 'beat] celery: an object is not a CeleryApp; give what new CeleryApp(...) made'],
  ['no app', flower({ celery: null }), 'flower] celery: null is not a CeleryApp; give what new CeleryApp(...) made'],
  ['no broker', app({ broker: undefined }), 'celery] broker: undefined is missing; give e.g. new RedisBroker(...)'],
  ['a URL for a broker', app({ broker: 'redis://redis' }), 'celery] broker: \'redis://redis\' is not a broker; give e.g. new RedisBroker(...)'],
  ['no code', app({ code: undefined }), 'celery] code: undefined is missing; give e.g. AppCode.fromDirectory(\'app\')'],
  ['a folder for code', app({ code: './app' }), 'celery] code: \'./app\' is not an AppCode; give e.g. AppCode.fromDirectory(\'app\')'],
  ['no runtime', app({ runtime: undefined }), 'celery] runtime: undefined is missing; give e.g. PythonRuntime.install({ celery: \'5.6.3\' })'],
  ['a version for a runtime', app({ runtime: '5.6.3' }), 'celery] runtime: \'5.6.3\' is not a PythonRuntime; give e.g. PythonRuntime.install({ celery: \'5.6.3\' })'],
  ['a URL for a result backend', app({ resultBackend: 'redis://:hunter2@r' }), 'celery] resultBackend: a string is not a ResultBackend; give e.g. ResultBackend.fromUrl(...)'],
  ['a number for a name', app({ name: 7 }), 'celery] name: 7 is not a string; give the prefix of the names of all components'],
  ['settings as a string', app({ settings: 'task_acks_late' }), 'celery] settings: \'task_acks_late\' is not an object; give e.g. { task_acks_late: true }'],
  ['names for queues', app({ queues: ['mail'] }), 'celery] queues[0]: \'mail\' is not an object; give the options by their names'],
  ['a queue without a name', app({ queues: [{ external: true }] }), 'celery] queues[0].name: undefined is missing; give e.g. \'mail\''],
  ['a misspelt option of a queue', app({ queues: [{ name: 'celery', extern: true }] }),
    'celery] queues[0].extern: is not one of the options here; did you mean external?'],
  ['seconds', worker({ pool: WorkerPool.prefork({ timeLimit: 30 as Any }) }), 'worker] timeLimit: 30 is not a Duration; give e.g. Duration.minutes(5)'],
  ['seconds', worker({ pool: WorkerPool.prefork({ softTimeLimit: '30' as Any }) }), 'worker] softTimeLimit: \'30\' is not a Duration; give e.g. Duration.minutes(5)'],
  ['seconds', worker({ longestTask: 30 }), 'worker] longestTask: 30 is not a Duration; give e.g. Duration.minutes(5)'],
  ['bytes', worker({ pool: WorkerPool.prefork({ maxMemoryPerChild: 200 as Any }) }), 'worker] maxMemoryPerChild: 200 is not a Size; give e.g. Size.mebibytes(256)'],
  ['one queue', worker({ queues: 'mail' }), 'worker] queues: \'mail\' is not a list of strings; give e.g. [\'mail\']'],
  ['a queue of no name', worker({ queues: ['mail', 7] }), 'worker] queues: ["mail",7] is not a list of strings; give e.g. [\'mail\']'],
  ['a word for a boolean', worker({ taskEvents: 'yes' }), 'worker] taskEvents: \'yes\' is not a boolean; give true or false'],
  ['a number in words', worker({ pool: WorkerPool.prefork({ concurrency: '2' as Any }) }), 'worker] concurrency: \'2\' is not a number; give e.g. 2'],
  ['a pool in words', worker({ pool: 'prefork' }), 'worker] pool: \'prefork\' is not one of WorkerPool\'s; give e.g. WorkerPool.prefork({ concurrency: 2 })'],
  ['a pool of somebody else', worker({ pool: new (class extends (WorkerPool as Any) {})() }), 'is not one of WorkerPool\'s; give e.g. WorkerPool.prefork'],
  ['options for a pool', worker({ pool: { concurrency: 2 } }), 'worker] pool: an object is not one of WorkerPool\'s; give e.g. WorkerPool.prefork'],
  ['no options for a pool', worker({ pool: WorkerPool.autoscale({ max: 2 } as Any) }), 'worker] min: undefined is missing; give e.g. 1'],
  ['an option of prefork for gevent', worker({ pool: WorkerPool.gevent({ softTimeLimit: Duration.seconds(9) } as Any) }),
    'worker] softTimeLimit: is not one of the options here; leave it out, or use WorkerPool.prefork: this pool ignores it'],
  ['an option of prefork for threads', worker({ pool: WorkerPool.threads({ maxTasksPerChild: 9 } as Any) }),
    'worker] maxTasksPerChild: is not one of the options here; leave it out, or use WorkerPool.prefork: this pool ignores it'],
  ['a misspelt prop', worker({ replica: 2 }), 'worker] replica: is not one of the options here; did you mean replicas?'],
  ['a prop by Celery\'s name', worker({ task_events: true }), 'worker] task_events: is not one of the options here; did you mean taskEvents?'],
  ['a prop that nobody meant', app({ colour: 'red' }), 'celery] colour: is not one of the options here; leave it out'],
  ['a misspelt threshold', worker({ healthCheck: HealthCheck.agent({ deafafter: Duration.minutes(1) } as Any) }),
    'worker] healthCheck.deafafter: is not one of the options here; did you mean deafAfter?'],
  ['an option of the pool', worker({ concurrency: 2 }), 'worker] concurrency: is not one of the options here; give it to the pool: WorkerPool.prefork({ concurrency: ... })'],
  ['a strategy in words', worker({ strategy: 'Recreate' }),
    'worker] strategy: \'Recreate\' is not plain data as in a manifest (DeploymentStrategy); give the fields of DeploymentStrategy as Kubernetes documents them'],
  ['options for a health check', worker({ healthCheck: { port: 1 } }), 'worker] healthCheck: an object is not a HealthCheck; give e.g. HealthCheck.agent()'],
  ['seconds for a threshold', worker({ healthCheck: HealthCheck.agent({ interval: 5 as Any }) }), 'worker] healthCheck.interval: 5 is not a Duration; give e.g. Duration.minutes(5)'],
  ['a path for a probe', worker({ healthCheck: HealthCheck.probes({ liveness: '/livez' as Any }) }),
    'worker] healthCheck.liveness: \'/livez\' is not plain data as in a manifest (Probe); give the fields of Probe as Kubernetes documents them'],
  ['a claim for a storage', beat({ storage: 'beat-pvc' }), 'beat] storage: \'beat-pvc\' is not a BeatStorage; give e.g. BeatStorage.claim()'],
  ['a number for a size', beat({ storage: BeatStorage.claim({ size: 1 as Any }) }), 'beat] storage.size: 1 is not a Size; give e.g. Size.mebibytes(256)'],
  ['a number for a size', redis({ storage: RedisStorage.claim({ size: 1 as Any }) }), 'redis] storage.size: 1 is not a Size; give e.g. Size.mebibytes(256)'],
  ['a number for a claim', redis({ storage: RedisStorage.fromClaimName(7 as Any) }), 'redis] storage.claimName: 7 is not a name that Kubernetes accepts; use lower-case '
    + 'letters, digits, "-" and ".", beginning and ending with a letter or digit'],
  ['a class for a scheduler', beat({ scheduler: Date }), 'is not a string; give module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\''],
  ['a login in words', flower({ auth: 'user:hunter2' }), 'flower] auth: a string is not a FlowerAuth; give e.g. FlowerAuth.basic({ name: \'flower\', key: \'users\' })'],
  ['a name for a Secret', flower({ auth: FlowerAuth.basic('login' as Any) }),
    'flower] auth: a string is not a key of a Secret; give { name, key }'],
  ['a host for an exposure', flower({ exposure: 'flower.example.com' }), 'flower] exposure: \'flower.example.com\' is not a FlowerExposure; give e.g. '
    + 'FlowerExposure.ingress({ host: \'flower.example.com\', tls: \'flower-tls\' })'],
  ['a path for the probes', flower({ probes: '/' }), 'flower] probes: \'/\' is not FlowerProbes; give e.g. FlowerProbes.healthcheck()'],
  ['a number for a prefix', flower({ urlPrefix: 7 }), 'flower] urlPrefix: 7 is not a string; give e.g. \'/flower\''],
  ['a number for memory', redis({ maxMemory: 100 }), 'redis] maxMemory: 100 is not a Size; give e.g. Size.mebibytes(256)'],
  ['a number for an image', redis({ image: 7 }), 'redis] image: 7 is not a string; give e.g. \'redis:7.4-alpine\''],
  ['a map for variables', worker({ env: { PASSWORD: 'hunter2' } }), 'worker] env: a map is not a list; give a list of plain data of EnvVar'],
  ['a string for a variable', worker({ env: ['hunter2'] }), 'worker] env[0]: a string is not plain data as in a manifest (EnvVar); give the fields of EnvVar as Kubernetes documents them'],
  ['no variable', app({ env: [null] }), 'celery] env[0]: null is missing; give plain data of EnvVar, or leave it out'],
  ['a size of cdk8s', worker({ resources: { limits: { memory: Size.mebibytes(512) } } }), 'worker] resources.limits[\'memory\']: a Size is not a quantity; give a quantity, for example \'500m\' or \'1Gi\''],
  ['a field of another library', redis({ resources: { cpu: { request: 0.5 } } }), 'redis] resources.cpu: a map is not a field of ResourceRequirements; allowed: claims, limits, requests'],
  ['a number for a label', worker({ labels: { team: 7 } }), 'worker] labels[\'team\']: 7 is not a string; give a string'],
  ['names for pull secrets', redis({ imagePullSecrets: ['login'] }), 'redis] imagePullSecrets[0]: \'login\' is not plain data as in a manifest (LocalObjectReference); give the fields of LocalObjectReference as Kubernetes documents them'],
  ['one requirement', app({ runtime: PythonRuntime.install({ celery: '5.6.3', requirements: 'requests' as Any }) }),
    'celery] requirements: \'requests\' is not a list of strings; give e.g. [\'requests==2.32.3\']'],
  ['a number for a Python', app({ runtime: PythonRuntime.install({ celery: '5.6.3', python: 3.11 as Any }) }), 'celery] python: 3.11 is not a string; give e.g. \'3.11\''],
  ['a name for a Secret', app({ runtime: PythonRuntime.install({ celery: '5.6.3', pipConf: 'pip' as Any }) }),
    'celery] pipConf: a string is not a key of a Secret; give { name, key }'],
  ['no options', app({ runtime: PythonRuntime.install(undefined as Any) }), 'celery] celery: undefined is not a version of Celery; use one of 5.3.4'],
  ['no Celery', app({ runtime: PythonRuntime.install({} as Any) }), 'celery] celery: undefined is not a version of Celery; use one of 5.3.4'],
  ['no image', app({ runtime: PythonRuntime.fromImage(undefined as Any) }), 'celery] image: undefined is not an image reference; give e.g. registry.example.com/team/app:1.4.2'],
  ['a number for a file', app({ code: AppCode.fromInline({ 'tasks.py': 7 as Any }) }), 'celery] code.tasks.py: 7 is not a string; give the text of the file'],
  ['no files', app({ code: AppCode.fromInline(undefined as Any) }), 'celery] code: undefined is not an object; give e.g. { \'tasks.py\': \'...\' }'],
  ['a number for a directory', app({ code: AppCode.fromDirectory(7 as Any) }), 'celery] code: 7 is not a directory; give the directory that has the app'],
  ['a number for a directory', app({ code: AppCode.inImage({ directory: 7 as Any }) }), 'celery] code.directory: 7 is not a string; give the directory in the image, e.g. \'/app\''],
])('%s', (_what, make, message) => {
  const lines = refusals(make).filter((line) => line.startsWith('[chart/'));
  expect(lines).toEqual([expect.stringContaining(message)]);
  expect(lines[0]).not.toContain('hunter2');
});

test('no props at all are refused, with what is missing', () => {
  expect(refusals((chart) => new CeleryApp(chart, 'celery', undefined as Any))).toEqual([
    expect.stringContaining('broker: undefined is missing'), expect.stringContaining('code: undefined is missing'),
    expect.stringContaining('runtime: undefined is missing'), expect.stringContaining('app: undefined is not what `celery -A` takes'),
  ]);
  expect(refusals((chart) => new CeleryWorker(chart, 'worker', 'celery' as Any))).toEqual([
    expect.stringContaining('props: \'celery\' is not an object'), expect.stringContaining('celery: undefined is missing'),
  ]);
});

test('what is refused of one prop does not hide what is wrong with others', () => {
  expect(refusals((chart) => new CeleryWorker(chart, 'worker', { replicas: -1, pool: WorkerPool.prefork({ timeLimit: Duration.millis(1) }), queues: [] } as Any))).toEqual([
    expect.stringContaining('celery: undefined is missing'), expect.stringContaining('replicas: -1'), expect.stringContaining('queues: '),
    expect.stringContaining('timeLimit: '),
  ]);
});

/** Nothing of this is ever of the right type, or it is taken. */
const HOSTILE: [string, unknown][] = [
  ['null', null], ['a string', 'x'], ['an empty string', ''], ['a number', 7], ['NaN', NaN], ['true', true], ['a list', []], ['a list of null', [null]], ['an object', {}],
  ['an object of null', { x: null }], ['a function', () => 1], ['a Duration', Duration.seconds(5)], ['a class', Size.mebibytes(1)], ['a bigint', 7n], ['a symbol', Symbol('x')],
];

/** Of these, drawn. */
const some = Math.min(runs(3), HOSTILE.length);

const POD = Object.keys(everyOption) as (keyof PodOptions)[];
const APP: (keyof CeleryAppProps)[] = [...POD, 'app', 'broker', 'code', 'runtime', 'name', 'launcher', 'resultBackend', 'queues', 'settings'];
const WORKER: (keyof CeleryWorkerProps)[] = [...POD, 'celery', 'name', 'launcher', 'replicas', 'pool', 'queues', 'prefetchMultiplier', 'longestTask',
  'taskEvents', 'logLevel', 'healthCheck', 'strategy'];
const BEAT: (keyof CeleryBeatProps)[] = [...POD, 'celery', 'name', 'launcher', 'storage', 'logLevel', 'scheduler', 'healthCheck'];
const FLOWER: (keyof CeleryFlowerProps)[] = [...POD, 'celery', 'name', 'launcher', 'auth', 'exposure', 'urlPrefix', 'probes', 'storage', 'cookieSecret', 'maxTasks',
  'maxWorkers', 'purgeOfflineWorkers', 'readOnly'];
const REDIS: (keyof RedisBrokerProps)[] = [...POD, 'name', 'image', 'storage', 'maxMemory', 'clusterDomain'];

const JOB: (keyof CeleryJobProps)[] = [...POD, 'celery', 'command', 'name', 'backoffLimit', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished', 'hook'];

const ALL: [string, (props: Any) => (chart: Chart) => void, readonly string[]][] = [
  ['celery', app, APP], ['worker', worker, WORKER], ['beat', beat, BEAT], ['flower', flower, FLOWER], ['redis', redis, REDIS], ['job', job, JOB],
];

describe.each(ALL)('%s', (id, make, props) => {
  test.each(props)('%s of any type is refused by its name, or taken: never an exception', (prop) => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      for (const [what, value] of fc.sample(fc.shuffledSubarray(HOSTILE, { minLength: some }), 1)[0].slice(0, some)) {
        let lines: string[];
        try {
          lines = refusals(make({ [prop]: value }));
        } catch (error) {
          expect([what, (error as Error).message]).toEqual([what, 'Nothing was refused']);
          continue;
        }
        // A rule names the object instead.
        expect(lines.map((line) => [what, line])).toEqual(lines.map(() => [what, expect.stringMatching(new RegExp(`^\\[chart/${id}\\] ${prop}|^\\[chart\\] `))]));
      }
    } finally {
      write.mockRestore();
    }
  });
});

test('a Proxy that throws is refused by its prop, for an image too', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(refusals(app({ runtime: PythonRuntime.fromImage(proxy as Any) }))).toEqual([expect.stringContaining('celery] image: an object that cannot be read ')]);
});
