import { codeFiles, codeOf, seesSettings } from '../../src/manifests/code';
import { World } from '../../src/manifests/world';

interface Given {
  readonly data?: Record<string, string>;
  readonly volume?: object;
  readonly mount?: object;
  readonly more?: object[];
}

function container({ data = {}, volume = { configMap: { name: 'code' } }, mount = {}, more = [] }: Given) {
  return new World([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data }, ...more,
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'worker' }, spec: {
      volumes: [{ name: 'v', ...volume }],
      containers: [{ name: 'worker', image: 'shop:1', command: ['celery', '-A', 'tasks', 'worker'], volumeMounts: [{ name: 'v', mountPath: '/app', ...mount }] }],
    } },
  ]).processes[0].container;
}

/** `folder/name = text @ where`. */
const files = (given: Given) => codeFiles(container(given)).map(({ name, text, folder, place }) => `${folder} ${name} = ${text} @ ${place.resource.name}.${place.path.join('.')}`);

const DATA = { 'tasks.py': 'x = 1', 'other.py': 'y = 2', 'notes.txt': 'z' };

describe('the Python files of a container', () => {
  test.each<[string, Given, string[]]>([
    ['of a ConfigMap', { data: DATA }, ['/app tasks.py = x = 1 @ code.data.tasks.py', '/app other.py = y = 2 @ code.data.other.py']],
    ['one of them', { data: DATA, mount: { mountPath: '/app/tasks.py', subPath: 'tasks.py' } }, ['/app tasks.py = x = 1 @ code.data.tasks.py']],
    ['one of them, at the root', { data: DATA, mount: { mountPath: '/tasks.py', subPath: 'tasks.py' } }, ['/ tasks.py = x = 1 @ code.data.tasks.py']],
    ['under another name', { data: DATA, volume: { configMap: { name: 'code', items: [{ key: 'tasks.py', path: 'app.py' }] } } }, ['/app app.py = x = 1 @ code.data.tasks.py']],
    ['of a text under a name of Python', { data: DATA, volume: { configMap: { name: 'code', items: [{ key: 'notes.txt', path: 'app.py' }] } } }, ['/app app.py = z @ code.data.notes.txt']],
    ['of a projection', { data: DATA, volume: { projected: { sources: [{ configMap: { name: 'code', items: [{ key: 'other.py', path: 'other.py' }] } }] } } },
      ['/app other.py = y = 2 @ code.data.other.py']],
    ['of two with one text, the first', { data: { 'a.py': 'x', 'b.py': 'x' } }, ['/app a.py = x @ code.data.a.py', '/app b.py = x @ code.data.a.py']],
    ['none of our agent', { data: DATA, mount: { mountPath: '/opt/celery-agent/cdk8s_celery_agent' } }, []],
    ['none of a ConfigMap that is not there', { data: DATA, volume: { configMap: { name: 'gone' } } }, []],
    ['none of another volume', { data: DATA, volume: { emptyDir: {} } }, []],
  ])('%s', (_, given, expected) => {
    expect(files(given)).toEqual(expected);
  });
});

const of = (...texts: string[]) => codeOf(container({ data: Object.fromEntries(texts.map((text, i) => [`f${i}.py`, text])) }));

test.each<[string, string | undefined, string | undefined]>([
  ['Celery("x", broker="redis://a/0", backend=\'redis://b/1\')', 'redis://a/0', 'redis://b/1'],
  ['app.conf.broker_url = "redis://a/0"\napp.conf.result_backend = "redis://b/1"', 'redis://a/0', 'redis://b/1'],
  ['broker = os.environ["X"]', undefined, undefined],
  ['broker="no URL"', undefined, undefined],
  ['my_broker="redis://a/0"', undefined, undefined],
  ['brokers="redis://a/0"', undefined, undefined],
  ['broker="redis://a/0\n"', undefined, undefined],
  ['broker="redis://a/0\'', undefined, undefined],
])('the broker and the result backend of %j', (text, broker, backend) => {
  const code = of(text);
  expect([code.broker?.text, code.backend?.text]).toEqual([broker, backend]);
  if (broker !== undefined) expect(code.broker).toMatchObject({ source: 'broker', partial: false, url: { host: 'a' }, at: { path: ['data', 'f0.py'] } });
});

test.each<[string | undefined, string[]]>([
  ['redis://a/0', ['x = 1', 'broker="redis://a/0"']],
  ['redis://a/0', ['broker="redis://a/0"', 'broker="redis://a/0"']],
  [undefined, ['broker="redis://a/0"', 'broker="redis://b/0"']],
  // Of classes for two environments.
  [undefined, ['class A:\n    broker_url = "redis://a/0"\nclass B:\n    broker_url = "redis://b/0"']],
])('the broker is %s where files agree on it', (broker, texts) => {
  expect(of(...texts).broker?.text).toBe(broker);
});

test('settings of files, as long as these agree', () => {
  const settings = (...texts: string[]) => Object.fromEntries([...of(...texts).settings].map(([name, value]) => [name, value?.value]));
  expect(settings('app.conf.task_acks_late = True', 'app.conf.task_time_limit = 60')).toEqual({ task_acks_late: 'True', task_time_limit: '60' });
  expect(settings('app.conf.task_time_limit = 60', 'app.conf.task_time_limit = 60')).toEqual({ task_time_limit: '60' });
  expect(settings('app.conf.task_time_limit = 60', 'app.conf.task_time_limit = 61')).toEqual({ task_time_limit: undefined });
  expect(settings('app.conf.task_time_limit = 60', 'app.conf.task_time_limit = 61', 'app.conf.task_time_limit = 61')).toEqual({ task_time_limit: undefined });
  expect(of('x = 1', 'app.conf.task_time_limit = 60').settings.get('task_time_limit')?.at.path).toEqual(['data', 'f1.py']);
});

const DJANGO = 'app = Celery("x")\napp.config_from_object("django.conf:settings", namespace="CELERY")';

test.each<[string[], boolean]>([
  [['app = Celery("x")'], true], [['x = 1', 'app = Celery("x")'], true], [['x = 1'], false], [['MyCelery(1)'], false], [[], false],
  [['app = Celery("x")\napp.config_from_object("y")'], false], [['app = Celery("x")', 'import django'], false], [['app = Celery("x", **options)'], false],
  [['app = Celery("x")\napp.config_from_object("f1")', 'x = 1'], true], [['app = Celery("x")\napp.config_from_object("f1:Config")', 'x = 1'], true],
  [['app = Celery("x")\napp.config_from_object(f1)', 'x = 1'], false], [['app = Celery("x")\napp.config_from_envvar("F1")', 'x = 1'], false],
  [['app = Celery("x")\napp.config_from_object("f1")', 'from f2 import *'], false], [['app = Celery("x")\napp.config_from_object("f1")', 'from f2 import *', 'x = 1'], true],
  [[`os.environ.setdefault("DJANGO_SETTINGS_MODULE", "f1")\n${DJANGO}`, 'x = 1'], true], [[`os.environ.setdefault("DJANGO_SETTINGS_MODULE", "f2")\n${DJANGO}`, 'x = 1'], false],
  [[DJANGO, 'x = 1'], false],
  [['app = Celery("x")\nc.from_mapping(x)'], false], [['app = Celery("x")\ndjango_like = 1'], true],
])('the settings are in sight in %j: %p', (texts, sees) => {
  expect(seesSettings(container({ data: Object.fromEntries(texts.map((text, i) => [`f${i}.py`, text])) }))).toBe(sees);
});
