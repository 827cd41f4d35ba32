import { lockIndex } from '../../src/celery/locks';
import {
  CODE_ONLY, isKind, kindsOf, nearest, OTHER_PACKAGES, outOfRange, packagesOf, pythonLiteral, rangeText, settingArgument, settingsOf, settingText,
} from '../../src/celery/settings';
import { SETTINGS } from '../../src/celery/settings-table';

const VERSIONS = Object.keys(lockIndex().celery);
const NEWEST = VERSIONS.at(-1)!;

describe('the table', () => {
  test('has the locked versions', () => {
    expect(SETTINGS.celery).toEqual(VERSIONS);
  });

  test('has what a version has, with its defaults', () => {
    expect(settingsOf('5.3.4').size).toBeLessThan(settingsOf(NEWEST).size);
    expect(settingsOf('5.4.0').has('worker_soft_shutdown_timeout')).toBe(false);
    expect(settingsOf('5.5.3').get('worker_soft_shutdown_timeout')).toMatchObject({ type: 'float', default: 0, since: '5.5.3' });
    expect(settingsOf('5.5.3').get('database_engine_options')).toMatchObject({ default: null });
    expect(settingsOf('5.6.3').get('database_engine_options')).toMatchObject({ default: { pool_pre_ping: true, pool_recycle: 3600 } });
    expect(settingsOf('5.6.3').get('task_acks_on_failure_or_timeout')?.deprecated).toBeUndefined();
    expect(settingsOf(NEWEST).get('task_acks_on_failure_or_timeout')?.deprecated).toBe('task_acks_on_failure and task_acks_on_timeout');
  });

  test('of an unknown version has all', () => {
    for (const version of [undefined, '5.99.0', 'constructor']) expect(settingsOf(version).has('task_retry_on_worker_lost')).toBe(true);
    for (const version of VERSIONS) for (const name of settingsOf(version).keys()) expect(settingsOf().has(name)).toBe(true);
  });

  test('each setting takes its own default', () => {
    for (const version of VERSIONS) {
      for (const [name, definition] of settingsOf(version)) {
        if (definition.python !== undefined || CODE_ONLY.has(name)) continue;
        const kinds = kindsOf(name, definition);
        // An exact integer where the type is float, and 3.0 where it is int, are numbers of JSON.
        expect([name, kinds === undefined || isKind(definition.default, kinds)]).toEqual([name, true]);
      }
    }
  });
});

test.each<[string, unknown, boolean]>([
  ['task_acks_late', true, true], ['task_acks_late', 'maybe', false], ['task_acks_late', 1, false], ['task_acks_late', null, false],
  ['task_reject_on_worker_lost', null, true],
  ['worker_max_tasks_per_child', 100, true], ['worker_max_tasks_per_child', 1.5, false], ['worker_max_tasks_per_child', 1e21, false],
  ['worker_max_tasks_per_child', 'many', false], ['worker_max_tasks_per_child', '100', false], ['worker_max_tasks_per_child', null, true],
  ['task_time_limit', 1.5, true], ['task_time_limit', 60, true], ['task_time_limit', '60', false],
  ['task_default_queue', 'mail', true], ['task_default_queue', 5, false], ['task_default_queue', null, false],
  ['task_default_rate_limit', '10/m', true], ['task_default_rate_limit', 10, true], ['task_default_rate_limit', true, false],
  ['task_default_priority', 5, true], ['task_default_priority', '5', false],
  ['task_default_delivery_mode', 1, true], ['task_default_delivery_mode', 'transient', true],
  ['task_routes', { 'tasks.*': { queue: 'mail' } }, true], ['task_routes', [['tasks.*', { queue: 'mail' }], 'proj.Router'], true],
  ['task_routes', 'proj.Router', true], ['task_routes', null, true], ['task_routes', 5, false],
  ['task_annotations', { '*': { rate_limit: '10/s' } }, true], ['task_annotations', false, false],
  ['task_queues', { mail: { exchange: 'mail' } }, true], ['task_queues', ['mail', 'default'], false], ['task_queues', [{ mail: {} }], false],
  ['broker_transport_options', { visibility_timeout: 7200 }, true], ['broker_transport_options', [], false], ['broker_transport_options', null, false],
  ['broker_use_ssl', true, true], ['broker_use_ssl', { ssl_cert_reqs: 2 }, true], ['broker_use_ssl', 'yes', false],
  ['broker_read_url', ['redis://a', 'redis://b'], true], ['broker_pool_limit', null, true], ['broker_heartbeat_checkrate', 2.5, true],
  ['accept_content', ['json', 'pickle'], true], ['accept_content', 'json', false], ['accept_content', ['json', 5], false],
  ['beat_schedule', { tick: { task: 'tasks.tick', schedule: 30 } }, true], ['beat_schedule', 30, false],
  ['beat_cron_starting_deadline', 7200, true], ['beat_cron_starting_deadline', '7200', false],
  ['result_expires', null, true], ['result_expires', 3600, true], ['redis_socket_timeout', null, true], ['enable_utc', false, true],
  ['security_key_password', 'x', true], ['result_compression', 'gzip', true], ['result_compression', false, false],
])('%s takes %j: %s', (name, value, takes) => {
  const kinds = kindsOf(name, settingsOf(NEWEST).get(name)!);
  expect(isKind(value, kinds!)).toBe(takes);
});

test.each([
  ['task_akcs_late', 'task_acks_late'], ['task_ack_late', 'task_acks_late'], ['taskAcksLate', 'task_acks_late'], ['TASK_ACKS_LATE', 'task_acks_late'],
  ['CELERY_TASK_ACKS_LATE', 'task_acks_late'], ['CELERY_ACKS_LATE', 'task_acks_late'], ['CELERYD_PREFETCH_MULTIPLIER', 'worker_prefetch_multiplier'],
  ['task-acks-late', 'task_acks_late'], ['task.acks_late', 'task_acks_late'], ['worker_max_task_per_child', 'worker_max_tasks_per_child'],
  ['timezon', 'timezone'], ['constructor', undefined], ['__proto__', undefined], ['my_company_setting', undefined], ['x', undefined], ['', undefined],
])('%s means %s', (written, name) => {
  expect(nearest(written, settingsOf(NEWEST))).toBe(name);
});

test('settings of other packages', () => {
  expect(packagesOf('redbeat_redis_url')).toEqual(['celery-redbeat']);
  expect(packagesOf('beat_dburi')).toEqual(['sqlalchemy-celery-beat', 'celery-sqlalchemy-scheduler']);
  expect(['redbeat_', 'beat_dburi_x', 'redbeat_a b', 'constructor'].map(packagesOf)).toEqual([[], [], [], []]);
  for (const name of settingsOf().keys()) expect([name, packagesOf(name)]).toEqual([name, []]);
  for (const name of OTHER_PACKAGES.keys()) expect(name).toMatch(/^[a-z-]+$/);
});

test.each<[unknown, string]>([
  ['Europe/Berlin', '\'Europe/Berlin\''], ['it\'s "x"\n', '\'it\\\'s "x"\\n\''], [['a', 1], '[\'a\', 1]'], [{ a: [true, null] }, '{\'a\': [True, None]}'],
  [Infinity, 'float(\'inf\')'], [-Infinity, 'float(\'-inf\')'], [NaN, 'float(\'nan\')'], [() => 1, '...'], ['\\', '\'\\\\\''],
])('%p is %s in Python', (value, text) => {
  expect(pythonLiteral(value)).toBe(text);
});

test('an argument is ASCII, and its text is what was given', () => {
  expect(settingArgument('task_default_queue', 'Öl\u2028\ud800😀')).toBe('task_default_queue=(json)"\\u00d6l\\u2028\\ud800\\ud83d\\ude00"');
});

test.each([
  ['3600', '3600'], ['(int)3600', '3600'], ['(json)3600', '3600'], ['(json)"gzip"', 'gzip'], ['(json)null', 'null'], ['(json)true', 'true'],
  ['(dict){"a": 1}', '{"a": 1}'], ['(json){"a": 1}', '{"a": 1}'], ['(json)broken', 'broken'], ['(x', '(x'], ['', ''],
])('%s says %s', (argument, text) => {
  expect(settingText(argument)).toBe(text);
});

test.each([['(json) 3 ', '3'], ['(json)"gzip"', 'gzip'], ['(int)3600', '3600'], ['(json)not json', 'not json'], ['plain', 'plain']])('the text of the setting %p is %p', (argument, text) => {
  expect(settingText(argument)).toBe(text);
});

test.each<[string, number, string | undefined]>([
  ['task_time_limit', -1, '0 or more'], ['task_time_limit', 0, undefined], ['broker_heartbeat_checkrate', 0, 'more than 0'], ['broker_heartbeat_checkrate', 0.1, undefined],
  ['task_default_priority', 256, '0 to 255'], ['task_default_priority', 255, undefined], ['task_queue_max_priority', 0, '1 to 255'], ['result_cache_max', -2, '-1 or more'],
  ['result_expires', -1, '1 or more, or 0 for none'], ['result_expires', 0.5, '1 or more, or 0 for none'], ['result_expires', 0, undefined], ['worker_prefetch_multiplier', -5, undefined], ['toString', -5, undefined],
])('%s=%d is outside of the range %s', (name, value, range) => {
  const found = outOfRange(name, value);
  expect(found && rangeText(found)).toBe(range);
});

test.each<[string, string, boolean]>([
  ['task_time_limit', 'null', true], ['broker_pool_limit', 'null', true], ['task_acks_late', 'null', false], ['result_expires', 'null', true],
])('%s takes %s: %p', (name, value, takes) => {
  expect(isKind(JSON.parse(value), kindsOf(name, settingsOf(NEWEST).get(name)!)!)).toBe(takes);
});
