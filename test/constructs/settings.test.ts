import { Duration, Size } from 'cdk8s';
import { CeleryAppProps, CeleryBeat, CelerySettings, CeleryWorker, PythonInstallOptions, PythonRuntime } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';
import { NEWEST } from '../locks/lock';

type Given = Required<CeleryAppProps>['settings'];

const install = (options: Partial<PythonInstallOptions> = {}): PythonRuntime => PythonRuntime.install({ celery: NEWEST, ...options });

/** What stands behind `--` on the command lines of a worker and of Beat, which is the same. */
function written(settings: Given, runtime = install()): string[] {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart, { settings, runtime });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryBeat(chart, 'beat', { celery });
  });
  const [worker, beat] = ['celery-worker', 'celery-beat'].map((name) => {
    const { command } = manifests.main(name);
    return command.slice(command.indexOf('--') + 1);
  });
  expect(beat).toEqual(worker);
  return worker;
}

/** The same without the library's own. */
function own(settings: Given, runtime?: PythonRuntime): string[] {
  return written(settings, runtime).filter((argument) => !argument.startsWith('broker_connection_'));
}

function refused(settings: unknown, runtime = install()): string[] {
  return refusals((chart) => celeryApp(chart, { settings: settings as Given, runtime })).map((line) => line.replace('[chart/celery] ', ''));
}

test('every setting is written as JSON, in the order of the names', () => {
  expect(written({
    task_acks_late: true, result_extended: false, task_time_limit: 3.5, task_default_queue: 'mail', broker_transport_options: { visibility_timeout: 777 },
    accept_content: ['json'], broker_connection_max_retries: 5, enable_utc: true, beat_cron_starting_deadline: 60, task_compression: '(int)5',
  })).toEqual([
    'accept_content=(json)["json"]',
    'beat_cron_starting_deadline=(json)60',
    'broker_connection_max_retries=(json)5',
    'broker_connection_retry_on_startup=(json)true',
    'broker_transport_options=(json){"visibility_timeout":777}',
    'enable_utc=(json)true',
    'result_extended=(json)false',
    'task_acks_late=(json)true',
    'task_compression=(json)"(int)5"',
    'task_default_queue=(json)"mail"',
    'task_time_limit=(json)3.5',
  ]);
});

test('undefined leaves the default in place', () => {
  const defaults = ['broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true'];
  const none = { broker_connection_max_retries: undefined, broker_connection_retry_on_startup: undefined, task_acks_late: undefined };
  expect(written(none)).toEqual(defaults);
  expect(written({ unknown_setting: undefined })).toEqual(defaults);
});

test('CelerySettings.NULL is null, at any depth: Python has no other', () => {
  const { NULL } = CelerySettings;
  expect(own({ task_time_limit: NULL, broker_transport_options: { max_retries: NULL, hosts: [NULL] } })).toEqual([
    'broker_transport_options=(json){"max_retries":null,"hosts":[null]}', 'task_time_limit=(json)null',
  ]);
});

test('a Duration is taken as seconds, at any depth', () => {
  expect(own({
    result_expires: Duration.hours(1), task_time_limit: Duration.millis(1500), result_backend_base_sleep_between_retries_ms: Duration.seconds(2),
    broker_transport_options: { visibility_timeout: Duration.hours(2) }, beat_schedule: { tick: { task: 'tasks.tick', schedule: Duration.minutes(5) } },
  })).toEqual([
    'beat_schedule=(json){"tick":{"task":"tasks.tick","schedule":300}}',
    'broker_transport_options=(json){"visibility_timeout":7200}',
    'result_backend_base_sleep_between_retries_ms=(json)2000',
    'result_expires=(json)3600',
    'task_time_limit=(json)1.5',
  ]);
});

test('settings of other packages pass where the package is required, and where the packages are not known', () => {
  const settings = { redbeat_redis_options: { socket_timeout: 5 }, redbeat_lock_timeout: Duration.minutes(1) };
  const lines = ['redbeat_lock_timeout=(json)60', 'redbeat_redis_options=(json){"socket_timeout":5}'];
  expect(own(settings, install({ requirements: ['requests', 'Celery_RedBeat[x]==2.2.0'] }))).toEqual(lines);
  expect(own(settings, PythonRuntime.fromImage('registry.example.com/app:1'))).toEqual(lines);
  expect(refused({ redbeat_lock_timeout: 60 }, install({ requirements: ['redis'] }))).toEqual([
    'settings.redbeat_lock_timeout: 60 is a setting of celery-redbeat, which is not among the requirements; '
    + 'add \'celery-redbeat\' to the requirements of PythonRuntime.install',
  ]);
});

test('a version has the settings that its Celery has, an unknown version those of all', () => {
  const settings = { worker_detect_quorum_queues: false };
  expect(own(settings, install({ celery: '5.5.3' }))).toEqual(['worker_detect_quorum_queues=(json)false']);
  expect(own(settings, PythonRuntime.fromImage('registry.example.com/app:1'))).toEqual(['worker_detect_quorum_queues=(json)false']);
  expect(refused(settings, install({ celery: '5.4.0' }))).toEqual([
    'settings.worker_detect_quorum_queues: false is not in Celery 5.4.0, but in 5.5.3; use a version that has it, or leave it out',
  ]);
});

const PLAIN = 'give a string, a number, true or false, null, a list or an object of these';

class Options { public readonly visibility_timeout = 1; }

const circular: Record<string, unknown> = {};
circular.self = circular;
const deep = (levels: number): unknown => levels === 0 ? 1 : { x: deep(levels - 1) };
const nested = (value: unknown): Given => ({ broker_transport_options: { a: [1, { b: value }] } });
const at = 'settings.broker_transport_options.a[1].b';

const DOCUMENTED = 'take a name of https://docs.celeryq.dev/en/stable/userguide/configuration.html, or set it in your code';

describe('refuses', () => {
  test.each<[unknown, string]>([
    [{ task_akcs_late: true }, `settings.task_akcs_late: true is not a setting of Celery ${NEWEST}; did you mean task_acks_late?`],
    [{ my_company_setting: 1 }, `settings.my_company_setting: 1 is not a setting of Celery ${NEWEST}; take a name of `
      + 'https://docs.celeryq.dev/en/stable/userguide/configuration.html, or set it in your code'],
    [{ CELERY_ACKS_LATE: true },
      'settings.CELERY_ACKS_LATE: true is not a setting that Celery takes on its command line; use a lower-case name such as task_acks_late, or set it in your code'],
    [{ workerSendTaskEvents: true }, 'settings.workerSendTaskEvents: true is not a setting that Celery takes on its command line; '
      + 'use a lower-case name such as worker_send_task_events, or set it in your code'],
    [{ foo: 1 }, `settings.foo: 1 is not a setting that Celery takes on its command line; ${DOCUMENTED}`],
    [{ constructor: 1 },
      `settings.constructor: 1 is not a setting that Celery takes on its command line; ${DOCUMENTED}`],
    [JSON.parse('{ "__proto__": 1 }'),
      `settings.__proto__: 1 is not a setting that Celery takes on its command line; ${DOCUMENTED}`],
    [{ '': 1 },
      `settings.: 1 is not a setting that Celery takes on its command line; ${DOCUMENTED}`],
    [{ worker_concurrency: 4 }, 'settings.worker_concurrency: 4 is set by the prop pool; give pool instead'],
    [{ broker_read_url: 'redis://r' }, 'settings.broker_read_url: \'redis://r\' is set by the prop broker; give broker instead'],
    [{ broker_transport: 'redis' }, 'settings.broker_transport: \'redis\' is set by the prop broker; give broker instead'],
    [{ database_url: 'sqlite://' }, 'settings.database_url: \'sqlite://\' is set by the prop resultBackend; give resultBackend instead'],
    [{ redis_host: 'r' }, 'settings.redis_host: \'r\' is set by the prop resultBackend; give resultBackend instead'],
    [{ beat_scheduler: 'a:B' }, 'settings.beat_scheduler: \'a:B\' is set by the prop schedule; give schedule instead'],
    [{ timezone: 'Europe/Berlin' }, 'settings.timezone: \'Europe/Berlin\' has no underscore in its name, and Celery\'s command line takes only names with one; '
      + 'set it in your code: app.conf.timezone = \'Europe/Berlin\''],
    [{ imports: ['a', 'b.c'] }, 'settings.imports: ["a","b.c"] has no underscore in its name, and Celery\'s command line takes only names with one; '
      + 'set it in your code: app.conf.imports = [\'a\', \'b.c\']'],
    [{ include: [] }, 'settings.include: [] has no underscore in its name, and Celery\'s command line takes only names with one; '
      + 'set it in your code: app.conf.include = []'],
    [{ task_acks_late: 'maybe' }, 'settings.task_acks_late: \'maybe\' is not of the type that Celery takes here; give true or false'],
    [{ couchbase_backend_settings: 'hunter2' }, 'settings.couchbase_backend_settings: a string is not of the type that Celery takes here; give an object or null'],
    [{ worker_max_tasks_per_child: 1.5 }, 'settings.worker_max_tasks_per_child: 1.5 is not of the type that Celery takes here; give a whole number or null'],
    [{ result_expires: '1 h' }, 'settings.result_expires: \'1 h\' is not of the type that Celery takes here; give a number or null'],
    [{ worker_max_tasks_per_child: Duration.millis(1) },
      'settings.worker_max_tasks_per_child: 0.001 is not of the type that Celery takes here; give a whole number or null'],
    [{ result_backend_max_retries: Infinity },
      'settings.result_backend_max_retries: Infinity is not a number that JSON has; set it in your code: app.conf.result_backend_max_retries = float(\'inf\')'],
    [nested(NaN), `${at}: NaN is not a number that JSON has; set it in your code`],
    [nested(undefined), `${at}: undefined is not a value that Celery takes on its command line; ${PLAIN}`],
    [{ broker_transport_options: { x: [, 1] } },
      `settings.broker_transport_options.x[0]: undefined is not a value that Celery takes on its command line; ${PLAIN}`],
    [nested(Symbol('late')), `${at}: Symbol(late) is not a value that Celery takes on its command line; ${PLAIN}`],
    [nested(10n), `${at}: 10 is not a value that Celery takes on its command line; ${PLAIN}`],
    [{ task_acks_late: () => true }, `settings.task_acks_late: a function is not a value that Celery takes on its command line; ${PLAIN}`],
    [nested(new Map([[1, 2]])), `${at}: is a Map, not plain JSON; ${PLAIN}`],
    [nested(new Date(0)), `${at}: is a Date, not plain JSON; ${PLAIN}`],
    [{ task_default_queue: new String('mail') }, `settings.task_default_queue: is a String, not plain JSON; ${PLAIN}`],
    [{ broker_transport_options: new Options() }, `settings.broker_transport_options: is an Options, not plain JSON; ${PLAIN}`],
    [nested(Size.mebibytes(1)), expect.stringContaining('is a Size, not plain JSON')],
    [{ task_default_queue: Size.gibibytes(1) }, expect.stringContaining('is a Size, not plain JSON')],
    [{ broker_transport_options: circular }, expect.stringContaining('settings.broker_transport_options.self: an object that is not JSON contains itself; ')],
    [nested(deep(200)), expect.stringContaining('is nested deeper than 100 levels')],
    [{ task_default_queue: 'x'.repeat(140_000) }, expect.stringMatching(/^settings\.task_default_queue: 'x+… \(140002 characters\) is longer than an argument can be, 131071 bytes; set it in your code: app\.conf\.task_default_queue = \.\.\.$/)],
    [[], 'settings: a list is not an object; give e.g. { task_acks_late: true }'],
    ['task_acks_late=1', 'settings: a string of 16 characters is not an object; give e.g. { task_acks_late: true }'],
    [null, 'settings: null is not an object; give e.g. { task_acks_late: true }'],
  ])('%#', (settings, message) => {
    expect(refused(settings)).toEqual([message]);
  });

  test('all of them at once', () => {
    expect(refused({ task_akcs_late: 1, task_acks_late: 'maybe', timezone: 'UTC' }).map((line) => line.split(':')[0]))
      .toEqual(['settings.task_akcs_late', 'settings.task_acks_late', 'settings.timezone']);
  });

  test('what would never end: one list many times in itself', () => {
    let value: unknown = 1;
    for (let level = 0; level < 60; level += 1) value = [value, value];
    expect(refused({ broker_transport_options: { value } })).toEqual([expect.stringContaining('has more values than an argument has room for; set it in your code: app.conf.broker_transport_options = ...')]);
  });
});
