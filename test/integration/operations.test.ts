import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operationText } from '../../src/operations';

/** As much of Celery as the program needs. `DEPTHS` has what the broker says, asked again and again; a queue named `done` gives a result. */
const CELERY = `
import json, os, time

DEPTHS = iter(json.loads(os.environ['DEPTHS']))

class TimeoutError(Exception):
    pass

class Result:
    def __init__(self, queue):
        self.queue = queue
    def get(self, timeout):
        if self.queue == 'done':
            return []
        time.sleep(timeout)
        raise TimeoutError('The operation timed out.')
    def ready(self):
        return False
    def forget(self):
        raise NotImplementedError

class Channel:
    class connection:
        class client:
            channel_errors = (KeyError,)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        pass
    def queue_declare(self, queue, passive):
        depth = next(DEPTHS)
        if depth is None:
            raise KeyError('broken')
        return type('Answer', (), {'message_count': depth})

class Connection:
    transport_options = None
    transport = type('Transport', (), {'driver_type': 'amqp'})
    def clone(self, **_):
        return self
    def ensure_connection(self, **_):
        pass
    def release(self):
        pass
    channel = Channel
    __enter__ = Channel.__enter__
    __exit__ = Channel.__exit__

class Celery:
    conf = {}
    backend = object()
    def connection_for_read(self):
        return Connection()
    def send_task(self, task, args, kwargs, queue, expires, ignore_result):
        return Result(queue)
`;

describe('smoke', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'operations-'));
    for (const [name, content] of [['celery.py', CELERY], ['utils.py', 'find_app = None\n']]) writeFileSync(join(folder, name), content);
    // celery.app.utils, without the folders of a package.
    writeFileSync(join(folder, 'sitecustomize.py'), 'import sys, types\nimport celery\nsys.modules["celery.app"] = types.ModuleType("celery.app")\n'
      + 'import utils\nsys.modules["celery.app.utils"] = utils\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function smoke(queues: string[], depths: Array<number | null>, job = false) {
    const { status, stdout, stderr } = spawnSync('python3', ['-c', operationText('smoke'), JSON.stringify({ job, queues, timeout: 0.2 })], {
      encoding: 'utf8', env: { ...process.env, PYTHONPATH: folder, DEPTHS: JSON.stringify(depths) },
    });
    expect(stderr).toBe('');
    return { status, stdout };
  }
  const answer = (depths: Array<number | null>) => JSON.parse(smoke(['done', 'mail'], depths).stdout.trim()).queues;

  test.each<[string, Array<number | null>, boolean | undefined, string]>([
    ['fewer', [140, 96], true, '; 96 messages wait in the queue, 44 fewer than 0.1 s before'],
    ['one fewer', [2, 1], true, '; 1 message waits in the queue, 1 fewer than 0.1 s before'],
    ['as many', [96, 96], false, '; 96 messages wait in the queue, as many as 0.1 s before'],
    ['more', [96, 97], false, '; 97 messages wait in the queue, 1 more than 0.1 s before'],
    ['none', [0, 0], undefined, '; no message waits in the queue: a worker has received the task, and has not ended it'],
    ['no more', [3, 0], true, '; 0 messages wait in the queue, 3 fewer than 0.1 s before'],
    ['a number that the broker does not say', [null, null], undefined, ''],
    ['a number that the broker says once', [7, null], undefined, ''],
  ])('without a result it says how many messages wait: %s', (_, depths, workedOff, says) => {
    expect(answer(depths)).toEqual({ done: { ok: true, seconds: expect.any(Number) }, mail: { ok: false, worked_off: workedOff, error: `no result within 0.2 s${says}` } });
  });

  test('asks nothing where there are results', () => {
    expect(JSON.parse(smoke(['done'], []).stdout.trim()).queues).toEqual({ done: { ok: true, seconds: expect.any(Number) } });
  });

  test.each<[string, Array<number | null>, number, RegExp]>([
    ['completes where workers have not got to it yet', [140, 96], 0, /^mail: celery\.accumulate: no result within 0\.2 s; 96 messages .* before; workers work them off, so this is no failure of the release, and no proof/m],
    ['fails where nothing is worked off', [96, 96], 1, /^mail: celery\.accumulate: no result within 0\.2 s; 96 messages wait in the queue, as many as 0\.1 s before$/m],
  ])('the Job %s', (_, depths, code, says) => {
    expect(smoke(['done', 'mail'], depths, true)).toEqual({ status: code, stdout: expect.stringMatching(says) });
  });
});
