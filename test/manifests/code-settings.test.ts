import { violations } from '../rules/manifests';
import { codeSettings, settingsOfFiles } from '../../src/manifests/code-settings';

test.each<[string, string, Record<string, string | undefined>]>([
  ['an attribute', 'app.conf.task_acks_late = True', { task_acks_late: 'True' }],
  ['an argument', 'app.conf.update(worker_concurrency=4, timezone="Asia/Tokyo")', { worker_concurrency: '4', timezone: 'Asia/Tokyo' }],
  ['a key', 'conf = {\'task_time_limit\': 60 * 60 * 2}', { task_time_limit: '7200' }],
  ['a number with an exponent', 'result_expires = 3e4', { result_expires: '30000' }],
  ['a timedelta', 'result_expires = timedelta(days=30)', { result_expires: '2592000' }],
  ['a timedelta of its module, in seconds', 'result_expires = datetime.timedelta(hours=1, minutes=2 * 15).total_seconds(),', { result_expires: '5400' }],
  ['a timedelta without names', 'conf.update(result_expires=timedelta(1, 60, 5e5))', { result_expires: '86460.5' }],
  ['a timedelta that only a run tells', 'result_expires = timedelta(days=DAYS)', { result_expires: undefined }],
  ['a timedelta and more', 'result_expires = timedelta(days=1) * FACTOR', { result_expires: undefined }],
  ['a timedelta of years, which there is not', 'result_expires = timedelta(years=1)', { result_expires: undefined }],
  ['a setting of Django', 'CELERY_TASK_ACKS_LATE = False  # early', { task_acks_late: 'False' }],
  ['a dictionary', 'broker_transport_options = {\n  "visibility_timeout": 43_200,\n}', {
    broker_transport_options: '{\n  "visibility_timeout": 43_200,\n}',
  }],
  ['a call', 'task_time_limit = int(os.environ["LIMIT"])', { task_time_limit: undefined }],
  ['a sum', 'task_time_limit = 3600 + MARGIN', { task_time_limit: undefined }],
  ['a condition', 'task_time_limit = 60 if DEBUG else 7200', { task_time_limit: undefined }],
  ['an annotation', 'task_acks_late: bool = True', { task_acks_late: undefined }],
  ['two that differ', 'task_time_limit = 60\nif LONG:\n  task_time_limit = 7200', { task_time_limit: undefined }],
  ['a comparison', 'if conf.task_time_limit == 60: pass', {}],
  ['a comment', '# task_acks_late = True', {}],
  ['another name', 'my_task_acks_late = True\nx.task_acks_late_too = 1', {}],
])('%s', (_, code, settings) => {
  expect(Object.fromEntries(codeSettings(code))).toEqual(settings);
});

const CODE = 'code-7f8g9h2k4';

/** A worker with its code from a ConfigMap; what is broken in its delivery, its shutdown and its resources. */
function broken(...conf: string[]): string[] {
  return found({ configMap: { name: CODE } }, ...conf).filter((one) => /^(delivery|shutdown|resources)/.test(one));
}

function found(volume: object, ...conf: string[]): string[] {
  const code = ['from celery import Celery', 'app = Celery("tasks", broker="redis://queue:6379/0")', ...conf].join('\n');
  return violations([
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CODE }, data: { 'tasks.py': code } },
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' },
      spec: { template: { spec: {
        terminationGracePeriodSeconds: 10_000, volumes: [{ name: 'code', ...volume }],
        containers: [{
          name: 'worker', image: 'python:3.12', workingDir: '/app', command: ['celery', '-A', 'tasks', 'worker'],
          volumeMounts: [{ name: 'code', mountPath: '/app' }], resources: { limits: { memory: '1Gi', cpu: '500m' } },
        }],
      } } },
    },
  ]).map(({ rule, severity, at }) => `${rule.id} ${severity} ${at.resource.kind}`);
}

const NODE = 'resources/concurrency-of-the-node warning Deployment';

test.each<[string, string[], string[]]>([
  ['nothing set', [], [NODE]],
  ['children that the code counts', ['app.conf.worker_concurrency = 2'], []],
  ['children that only a run counts', ['app.conf.worker_concurrency = os.cpu_count()'], []],
  ['more children than the CPU starts', ['app.conf.update(worker_concurrency=8, worker_max_memory_per_child=90_000)'], ['resources/cpu-limit-too-low warning Deployment']],
  ['more children than the memory holds', ['app.conf.update(worker_concurrency=8, worker_proc_alive_timeout=30)'], ['resources/children-exceed-memory warning Deployment']],
  ['tasks longer than the visibility timeout', [
    'app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=2 * 3600)',
    'app.conf.broker_transport_options = {"visibility_timeout": 1800}',
  ], ['delivery/visibility-timeout-too-short error ConfigMap']],
  ['tasks longer than the default of it', ['app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=7200)'],
    ['delivery/visibility-timeout-too-short warning ConfigMap']],
  ['a visibility timeout above them', [
    'app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=7200, broker_transport_options={"visibility_timeout": 3 * 3600})',
  ], []],
  ['a visibility timeout that only a run tells', [
    'app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=7200, broker_transport_options={"visibility_timeout": LONGEST})',
  ], []],
  ['options that only a run tells', [
    'app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=7200, broker_transport_options=OPTIONS)',
  ], []],
  ['tasks longer than the grace period', ['app.conf.update(worker_concurrency=2, task_time_limit=20_000)'],
    ['shutdown/grace-shorter-than-task warning ConfigMap']],
  ['no retry at start', ['app.conf.update(worker_concurrency=2, broker_connection_retry_on_startup=False)'],
    ['delivery/no-retry-at-startup warning ConfigMap']],
])('%s', (_, conf, found) => {
  expect(broken(...conf)).toEqual(found);
});

test('code of a projected volume is code too', () => {
  const projected = { projected: { sources: [{ configMap: { name: CODE } }] } };
  const conf = ['app.conf.update(worker_concurrency=2, task_acks_late=True, task_time_limit=7200)'];
  expect(found(projected, ...conf)).toEqual(found({ configMap: { name: CODE } }, ...conf));
  expect(found(projected, ...conf)).toContain('delivery/visibility-timeout-too-short warning ConfigMap');
});

test('of several files the settings are one: what differs, or is a call in one of them, only a run tells', () => {
  const found = settingsOfFiles([
    'task_default_queue = "shop"\ntask_acks_late = True\ntask_time_limit = 60\nworker_concurrency = 4',
    'task_default_queue = "shop"\ntask_acks_late = False\ntask_time_limit = limit()\nresult_expires = 10',
  ]);
  expect(Object.fromEntries(found)).toEqual({
    task_default_queue: 'shop', task_acks_late: undefined, task_time_limit: undefined, worker_concurrency: '4', result_expires: '10',
  });
  expect(settingsOfFiles([]).size).toBe(0);
});
