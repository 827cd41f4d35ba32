import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODE_ONLY, isKind, kindsOf, pythonLiteral, settingArgument, SettingDefinition, settingsOf } from '../../src/celery/settings';
import { readSettings } from '../../src/constructs/settings';
import { lockPath, readIndex } from './lock';
import { findPython, run } from './python';

const PYTHON = '3.11';
const python = findPython(PYTHON);
if (!python) throw new Error(`No working Python ${PYTHON} with venv and ensurepip: put python${PYTHON} on the PATH.`);

const DESCRIBE = join(__dirname, '..', '..', 'scripts', 'make-settings.py');

/** One value and more of each kind: a setting takes those of its kinds, and no other. */
const VALUES = [
  true, false, 0, 7, 1.5, 1e21, 'maybe', 'topic', '', '0x1', 'é "\'\\\n$(HOME) (int)5 \u2028😀', [], ['a', 'b,c'], [{ a: [1, 'b'] }], {}, { 'a.b': { c: [null, true, 1.5] } },
  null,
];

/** What does not take 0, although it is a number of the type: the broker or the socket refuses it, or Celery loops without a pause. */
const ABOVE_ZERO = [
  'broker_connection_timeout', 'broker_heartbeat_checkrate', 'control_queue_expires', 'event_queue_expires', 'redis_max_connections', 'redis_socket_connect_timeout',
  'redis_socket_timeout', 'task_queue_max_priority', 'worker_timer_precision',
];
/** What names a queue takes neither an empty text nor a line feed. */
const NAMES = ['task_default_queue', 'task_default_exchange', 'task_default_routing_key'];
const isNoExchange = (value: unknown) => typeof value === 'string' && value !== 'direct' && value !== 'topic';
/** What is of the type, and ends a worker or Beat when it starts, or accepts no message. */
const UNREADABLE: Readonly<Record<string, (value: unknown) => boolean>> = {
  accept_content: (value) => Array.isArray(value) && value.length === 0,
  // Those of VALUES have no task, no schedule, and options that no queue has.
  beat_schedule: (value) => Object.keys(value ?? {}).length > 0,
  task_queues: (value) => Object.keys(value ?? {}).length > 0,
  result_exchange_type: isNoExchange, task_create_missing_queue_exchange_type: isNoExchange, task_default_exchange_type: isNoExchange,
  task_default_rate_limit: (value) => typeof value === 'string' && value !== '',
};
const isRefused = (name: string, value: unknown) => (ABOVE_ZERO.includes(name) && value === 0)
  || (NAMES.includes(name) && typeof value === 'string' && (value === '' || value.includes('\n')))
  || (Object.hasOwn(UNREADABLE, name) && UNREADABLE[name](value));

/** The beginning of what is said of them. */
const REFUSED = new RegExp(`^(${[
  'is out of the range of this setting', 'is empty', 'has a character that no name of a queue has', 'accepts no message: each task is refused, and lost',
  'is not the name of a task', 'is not an option of a queue that JSON has', 'is not a type of an exchange, and each worker ends when it declares one',
  'is not a rate limit, and each worker ends when it reads it',
].join('|')}); (give|leave it out|did you mean) ?`);

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-settings-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.keys(readIndex().celery))('celery %s', (celery) => {
  const venv = () => join(folder, celery);
  const settings = settingsOf(celery);

  /** What synth makes of one setting: its argument, or why it is refused. */
  function synth(name: string, value: unknown): { argument?: string; refused?: string } {
    const { settings: read, problems } = readSettings({ [name]: value }, { celery, requirements: ['celery-redbeat'] });
    expect(problems.length > 0).toBe(!read.has(name));
    return read.has(name) ? { argument: settingArgument(name, read.get(name)) } : { refused: `${problems[0].wrong}; ${problems[0].fix}` };
  }

  beforeAll(async () => {
    await run(python, ['-m', 'venv', venv()]);
    await run(join(venv(), 'bin', 'pip'), ['install', '--quiet', `celery==${celery}`, '-c', lockPath(celery, PYTHON)]);
  });

  test('the table is what scripts/make-settings.py writes', async () => {
    const described = JSON.parse(await run(join(venv(), 'bin', 'python'), [DESCRIBE, '--describe'])) as Record<string, SettingDefinition>;
    const ours = [...settings].map(([name, { since: _since, until: _until, ...definition }]) => [name, definition]);
    expect(Object.fromEntries(ours)).toEqual(described);
    expect(settings.size).toBeGreaterThan(150);
  });

  test('timezone by a loader class: not every app has it, others have it too, and celeryconfig is no longer read', async () => {
    expect(JSON.parse(await run(join(venv(), 'bin', 'python'), [join(__dirname, 'timezone.py')], { cwd: folder }))).toEqual({
      'an app': 'Europe/Berlin',
      'an app with a loader of its own': null,
      'an app that sets it, in `celery call`': 'Asia/Tokyo',
      'another app of the same process': 'Europe/Berlin',
      'celeryconfig of the default app': 'celery',
    });
  });

  test('each setting reaches app.conf exactly, or synth refuses it with the line of code that sets it', () => {
    const given: Record<'arguments' | 'lines', Record<string, string>> = { arguments: {}, lines: {} };
    const surprises: string[] = [];
    const ofProps = new Set<string>();
    for (const [name, definition] of settings) {
      const kinds = kindsOf(name, definition);
      const own = definition.python === undefined ? definition.default : Infinity;
      const outcomes = [own, ...VALUES].map((value) => {
        const { argument, refused } = synth(name, value);
        const line = /app\.\w+\.\w+ = .*$/s.exec(refused ?? '')?.[0];
        if (argument !== undefined) given.arguments[argument] = JSON.stringify(value);
        if (line !== undefined) given.lines[line] = pythonLiteral(value);
        const outcome = argument !== undefined ? 'argument' : line !== undefined ? 'code'
          : /^is not of the type that Celery takes here; give \w/.test(refused!) ? 'type'
            : REFUSED.test(refused!) ? 'refused' : /^is set by the prop \w+; /.test(refused!) ? 'prop' : refused!;
        if (outcome === 'prop') ofProps.add(name);
        const expected = CODE_ONLY.has(name) || value === Infinity ? 'code' : kinds !== undefined && !isKind(value, kinds) ? 'type'
          : isRefused(name, value) ? 'refused' : 'argument';
        if (outcome !== expected && outcome !== 'prop') surprises.push(`${name} = ${JSON.stringify(value)}: ${outcome}`);
        return outcome;
      });
      // Its default, another value, and one of another type; with null for a default there are two others at least.
      if (outcomes.includes('argument') && (new Set(outcomes).size === 1 || outcomes.filter((outcome) => outcome === 'argument').length < 2)) {
        surprises.push(`${name}: ${outcomes.join()}`);
      }
    }
    expect(surprises).toEqual([]);
    expect([...ofProps].sort()).toEqual([
      'beat_schedule_filename', 'beat_scheduler', 'broker_host', 'broker_read_url', 'broker_transport', 'broker_url', 'broker_write_url', 'database_url', 'redis_host',
      'result_backend', 'worker_concurrency', 'worker_pool', 'worker_prefetch_multiplier',
    ]);
    given.arguments[settingArgument('redbeat_redis_options', { sentinels: [['a', 1]] })] = '{"sentinels": [["a", 1]]}';
    expect(Object.keys(given.lines).map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining([
      'app.conf.timezone', 'app.conf.imports', 'app.conf.include', 'app.loader.override_backends', 'app.conf.result_backend_max_retries',
    ]));

    const said = execFileSync(join(venv(), 'bin', 'python'), [join(__dirname, 'settings.py')], {
      cwd: folder, input: JSON.stringify(given), encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(JSON.parse(said)).toEqual({
      checked: 2 * Object.keys(given.arguments).length + Object.keys(given.lines).length, different: [],
    });
  });
});
