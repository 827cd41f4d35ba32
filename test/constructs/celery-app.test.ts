import { Chart } from 'cdk8s';
import {
  AppCode, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker, ResultBackend, TaskDelivery,
} from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL, TASKS } from '../fixtures';
import { refusals, synth } from '../manifests';

/** An app and its three components. */
function components(chart: Chart, celery: CeleryApp): void {
  new CeleryWorker(chart, 'worker', { celery });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryFlower(chart, 'flower', { celery });
}

/** What stands behind `--` on a command line. */
function settings(given?: CeleryAppProps['settings']): string[] {
  const { command } = synth((chart) => components(chart, celeryApp(chart, { settings: given }))).main('celery-worker');
  return command.slice(command.indexOf('--') + 1);
}

describe('with the least that it needs', () => {
  const manifests = synth((chart) => components(chart, celeryApp(chart)));

  test('its components are named after it', () => {
    expect(manifests.all.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name))
      .toEqual(['redis', 'celery-worker', 'celery-beat', 'celery-flower']);
  });

  test('its code is in an immutable ConfigMap named by its content, at /app, executable', () => {
    const { data, immutable, metadata: { name: configMap } } = manifests.get('ConfigMap', 'celery-app');
    expect([data, immutable]).toEqual([{ 'tasks.py': TASKS }, true]);
    expect(configMap).toMatch(/^celery-app-[0-9a-f]{8}$/);
    for (const name of ['celery-worker', 'celery-beat']) {
      expect(manifests.pod(name).volumes).toContainEqual({ name: 'celery-app', configMap: { name: configMap, defaultMode: 0o755 } });
      expect(manifests.main(name).volumeMounts).toContainEqual({ name: 'celery-app', mountPath: '/app', readOnly: true });
    }
  });

  test('waits for a broker forever: Celery\'s own default ends a worker after some 49 minutes', () => {
    expect(settings()).toEqual(['broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true']);
  });
});

test('with all props, each does something', () => {
  const manifests = everyProp<CeleryAppProps, 'app' | 'broker' | 'code' | 'runtime'>({
    required: ['app', 'broker', 'code', 'runtime'],
    external: EXTERNAL,
    props: (chart) => ({
      ...everyOption,
      app: 'shop.celery:app',
      broker: new RedisBroker(chart, 'redis'),
      code: AppCode.fromInline({ 'shop/__init__.py': '', 'shop/celery.py': TASKS }),
      runtime: PythonRuntime.install({ celery: '5.5.3' }),
      name: 'shop',
      delivery: TaskDelivery.atLeastOnce(),
      launcher: ['opentelemetry-instrument'],
      resultBackend: ResultBackend.fromUrl('redis://results:6379/1'),
      queues: [{ name: 'mail', external: true }],
      network: CeleryNetwork.closed(),
      settings: { task_track_started: true },
    }),
    make: (chart, props) => components(chart, new CeleryApp(chart, 'celery', props)),
    // They are what names of queues are checked by.
    idle: ['queues'],
  });
  expect(manifests.main('shop-worker').command.slice(0, 5)).toEqual(['opentelemetry-instrument', 'celery', '-A', 'shop.celery:app', 'worker']);
  // The volume has one name in the pods of every app.
  expect(manifests.pod('shop-worker').volumes).toContainEqual({
    name: 'celery-app', configMap: expect.objectContaining({ name: manifests.get('ConfigMap', 'shop-app').metadata.name }),
  });
  expect(manifests.env('shop-beat').CELERY_RESULT_BACKEND).toBe('redis://results:6379/1');
});

test('a package is mounted under its paths, which keys of a ConfigMap can\'t have', () => {
  const manifests = synth((chart) => components(chart, celeryApp(chart, {
    app: 'shop.tasks', code: AppCode.fromInline({ 'shop/__init__.py': '', 'shop/tasks.py': TASKS, 'setup.cfg': 'x' }),
  })));
  const { items } = manifests.pod('celery-worker').volumes.find(({ name }) => name === 'celery-app')!.configMap;
  const { data } = manifests.get('ConfigMap', 'celery-app');
  expect(Object.fromEntries(items.map(({ key, path }) => [path, data[key]])))
    .toEqual({ 'setup.cfg': 'x', 'shop/__init__.py': '', 'shop/tasks.py': TASKS });
});

test('two files whose keys look alike stay two', () => {
  const files = { 'a/b.py': '1', 'a_b.py': '2', 'a:b.py': '3', 'a/b.py.x': '4', 'tasks.py': TASKS };
  const manifests = synth((chart) => components(chart, celeryApp(chart, { code: AppCode.fromInline(files) })));
  expect(Object.keys(manifests.get('ConfigMap', 'celery-app').data)).toHaveLength(Object.keys(files).length);
});

test('what it has can be reached', () => {
  synth((chart) => {
    const given = {
      broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1'),
    };
    const celery = celeryApp(chart, given);
    expect(celery).toMatchObject({ name: 'celery', app: 'tasks' });
    expect([celery.broker, celery.code, celery.runtime]).toEqual([given.broker, given.code, given.runtime]);
    expect(celery.resultBackend).toEqual(given.broker.url);
    expect(celery.configMap?.name).toMatch(/^celery-app-[0-9a-f]{8}$/);
  });
});

describe('refuses', () => {
  test.each<[Partial<CeleryAppProps>, string]>([
    [{ app: '' }, 'app: \'\' is not what `celery -A` takes; give the module of the Celery app: \'tasks\', or \'proj.tasks:app\''],
    [{ app: 'tasks.py ' }, 'app: \'tasks.py \' is not what `celery -A` takes; give the module of the Celery app: \'tasks\', or \'proj.tasks:app\''],
    [{ app: 'tasks.py' }, 'app: \'tasks.py\' is not what `celery -A` takes; give the module of the Celery app: \'tasks\', or \'proj.tasks:app\''],
    [{ app: '-A' }, 'app: \'-A\' is not what `celery -A` takes; give the module of the Celery app: \'tasks\', or \'proj.tasks:app\''],
    [{ app: 'jobs' }, 'app: \'jobs\' is not in the code, which has tasks.py; add jobs.py, or name the module that has the Celery app'],
    [{ name: '' }, 'name: \'\' is not a name that Kubernetes accepts; use lower-case letters, digits and "-", beginning and ending with a letter or digit'],
  ])('%p', (props, message) => {
    expect(refusals((chart) => celeryApp(chart, props))).toEqual([`[chart/celery] ${message}`]);
  });

  test('two apps with one name in a namespace', () => {
    expect(refusals((chart) => {
      const broker = new RedisBroker(chart, 'redis');
      celeryApp(chart, { broker });
      celeryApp(new Chart(chart, 'other', { namespace: 'test' }), { broker, code: AppCode.fromInline({ 'tasks.py': '# another' }) });
    })).toEqual([expect.stringContaining('name: ConfigMap \'celery-app\' in namespace \'test\' is made by')]);
  });
});

test('one name in two namespaces is fine', () => {
  synth((chart) => {
    celeryApp(chart);
    celeryApp(new Chart(chart, 'other', { namespace: 'other' }));
  });
});
