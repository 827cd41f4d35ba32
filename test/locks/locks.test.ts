import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockedVersions, lockPath, parsePins, readIndex } from './lock';
import { freePort, Processes } from './processes';
import { ask, dryRun, findPython, run } from './python';
import { takesValue } from '../../src/celery/options';

// What the reference deployment runs on: this one has to be here, for others a lock may be resolved alone.
const REQUIRED = '3.11';
const required = findPython(REQUIRED);
if (!required) throw new Error(`No working Python ${REQUIRED} with venv and ensurepip: put python${REQUIRED} on the PATH.`);
if (!ask('redis-server', '--version')) throw new Error('No redis-server on the PATH: install it (Debian: apt-get install redis-server).');

const { needs: known, together } = readIndex();
const needs = Object.keys(known);

/** What a pod imports that has a need. */
const IMPORTS: Record<string, string> = {
  'base': 'celery.bin.worker, celery.bin.beat, kombu.transport.pyamqp, celery.backends.rpc',
  'redis': 'kombu.transport.redis, celery.backends.redis',
  'gevent': 'celery.concurrency.gevent',
  'flower': 'flower.command',
  'sqs': 'kombu.transport.SQS',
  'sqlalchemy': 'celery.backends.database, psycopg',
  'redbeat': 'redbeat.schedulers',
  'django-celery-beat': 'django.conf; django.conf.settings.configure(); import django_celery_beat, cron_descriptor, timezone_field, crontab',
};

/** The options of each command, and whether they take a value. */
const OPTIONS = `
import json
from celery.bin.celery import celery
print(json.dumps({name: {option: not given.is_flag for given in command.params if given.param_type_name == 'option'
                         for option in (*given.opts, *given.secondary_opts)}
                  for name, command in {**celery.commands, '': celery}.items()
                  if name in ('', 'worker', 'beat', 'inspect', 'control', 'status')}))`;

let folder: string;
const bin = (program: string) => join(folder, 'venv', 'bin', program);

beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-locks-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.each(lockedVersions())('celery %s on Python %s', (celery, python) => {
  const interpreter = findPython(python);
  const lock = lockPath(celery, python);
  const locked = new Map(parsePins(readFileSync(lock, 'utf8'), lock));
  const wanted = (extras: string) => [`celery[${extras}]==${celery}`, 'flower', '-c', lock];

  const lists = ['--require-hashes', '--no-deps', '--only-binary', ':all:', ...needs.flatMap((need) => ['-r', lockPath(celery, python, need)])];

  /** The lists of all needs go together, and are the whole lock: pip takes each file by its hash. */
  function expectLists(pins: string) {
    expect(Object.fromEntries(parsePins(pins, 'pip'))).toEqual(Object.fromEntries(locked));
  }

  /** No package without a lock line, no other version than the locked one. */
  function expectLocked(pins: string) {
    const installed = parsePins(pins, 'pip');
    expect(installed).toContainEqual(['celery', celery]);
    expect(installed).toEqual(installed.map(([name]) => [name, locked.get(name)]));
  }

  /** What the rules know of the command line is what this Celery has. */
  function expectOptions(commands: Record<string, Record<string, boolean>>) {
    const known = Object.entries(commands).map(([command, options]) =>
      [command, Object.fromEntries(Object.keys(options).map((name) => [name, takesValue(command || undefined, name)]))]);
    expect(Object.fromEntries(known)).toEqual(commands);
  }

  if (interpreter) {
    test('installs as locked; worker, Beat and Flower run a task, and stop on SIGTERM', async () => {
      await install(interpreter, wanted('redis'));
      expectLocked(await run(bin('pip'), ['freeze']));
      expectOptions(JSON.parse(await run(bin('python'), ['-c', OPTIONS])));
      expectLocked(await dryRun(bin('python'), folder, ['--ignore-installed', ...wanted('redis,gevent')]));
      expectLists(await dryRun(bin('python'), folder, ['--ignore-installed', ...lists]));
      await withProcesses(async (processes) => {
        const env = await startRedis(processes);
        const flower = await freePort();
        processes.start('worker', bin('celery'), ['-A', 'tasks', 'worker', '--loglevel=info', '--concurrency=1', '-n', 'locked@here'], env);
        processes.start('beat', bin('celery'), ['-A', 'tasks', 'beat', '--loglevel=info', '-s', join(folder, 'schedule'), '--pidfile='], env);
        processes.start('flower', bin('celery'), ['-A', 'tasks', 'flower', '--address=127.0.0.1', `--port=${flower}`], env);

        await processes.until('the worker is ready', 30, () => / ready\./.test(processes.output('worker')));
        const add = 'from tasks import add; print(add.delay(4, 4).get(timeout=30))';
        expect((await run(bin('python'), ['-c', add], env)).trim()).toBe('8');
        await processes.until('the worker ran the task that Beat sends', 30,
          () => /tasks\.tick\[.*succeeded.*'tick'/.test(processes.output('worker')));
        await processes.until('Flower answers 200 on / and lists the worker', 30, async () => {
          const answer = await fetch(`http://127.0.0.1:${flower}/`).catch(() => undefined);
          return answer?.status === 200 && (await answer.text()).includes('locked@here');
        });

        for (const name of ['beat', 'flower', 'worker', 'redis']) {
          processes.terminate(name);
          expect([name, await processes.ended(name, 20)]).toEqual([name, 'exit code 0']);
        }
      });
    });

    // The Pythons of a Celery have the same lists, but for what the standard library has.
    (python === REQUIRED ? test : test.skip)('each need has all that it imports, without the lists of others', async () => {
      const target = (need: string) => join(folder, need);
      for (const need of needs) {
        await run(interpreter, ['-m', 'pip', 'install', '--quiet', '--no-compile', '--require-hashes', '--no-deps', '--only-binary', ':all:', '--target', target(need), '-r', lockPath(celery, python, need)]);
      }
      for (const need of needs) {
        const path = [...new Set(['base', ...together[need] ?? [], need])].map(target).join(':');
        await run(interpreter, ['-S', '-c', `import ${IMPORTS[need]}`], { cwd: target('base'), env: { PATH: process.env.PATH, HOME: folder, PYTHONPATH: path } });
      }
    });
  } else {
    test('resolves as locked (no such Python here: nothing was started)', async () => {
      console.warn(`No working Python ${python} here: celery ${celery} was only resolved for it, not run.`);
      const target = ['--python-version', python, '--only-binary=:all:', '--target', join(folder, 'target')];
      expectLocked(await dryRun(required, folder, [...target, ...wanted('redis,gevent')]));
      expectLists(await dryRun(required, folder, [...target, ...lists]));
    });
  }
});

// The day this fails because the worker lives, HELD in scripts/make-locks.py may hold kombu back for nothing.
test('without a lock, celery[redis]==5.3.4 installs a worker that dies at start', async () => {
  await install(required, ['celery[redis]==5.3.4']);
  await withProcesses(async (processes) => {
    const env = await startRedis(processes);
    processes.start('worker', bin('celery'), ['-A', 'tasks', 'worker', '--concurrency=1'], env);
    expect(await processes.ended('worker', 30)).toBe('exit code 1');
    expect(processes.output('worker')).toContain("No module named 'packaging'");
  });
});

async function install(interpreter: string, requirements: string[]): Promise<void> {
  await run(interpreter, ['-m', 'venv', join(folder, 'venv')]);
  await run(bin('pip'), ['install', '--quiet', ...requirements]);
}

/** A Redis of this test alone; returns where and with what its clients run. */
async function startRedis(processes: Processes): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const port = await freePort();
  processes.start('redis', 'redis-server', ['--bind', '127.0.0.1', '--port', `${port}`, '--save', '', '--dir', folder]);
  await processes.until('redis-server is ready', 10, () => /Ready to accept connections/.test(processes.output('redis')));
  const url = `redis://127.0.0.1:${port}/0`;
  return {
    cwd: __dirname,
    // Nothing of the caller's: a CELERY_ or FLOWER_ variable of his would change the run.
    env: { PATH: process.env.PATH, HOME: folder, PYTHONDONTWRITEBYTECODE: '1', CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url },
  };
}

/** Leaves no process behind; a failure carries what they said. */
async function withProcesses(use: (processes: Processes) => Promise<void>): Promise<void> {
  const processes = new Processes();
  try {
    await use(processes);
  } catch (error) {
    (error as Error).message += `\n${processes.logs()}`;
    throw error;
  } finally {
    await processes.killAll();
  }
}
