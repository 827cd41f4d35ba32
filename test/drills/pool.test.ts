import { CeleryBeat, CeleryWorker } from '../../src';
import { eventually, exec, python, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, ranOn, restarted } from './drill';

/** What a worker does not notice of itself: its pool dies again and again; it was told to consume from nothing. */
const NAMESPACE = 'celery-drill-pool';
const WORKERS = ['celery-killed', 'celery-cancelled'];
const FROM = 'deploy/celery-beat';

deployed(namespace(NAMESPACE, (chart) => {
  const celery = celeryApp(chart);
  new CeleryWorker(chart, 'killed', { celery, queues: ['killed'] });
  new CeleryWorker(chart, 'cancelled', { celery, queues: ['cancelled'] });
  new CeleryBeat(chart, 'beat', { celery });
}));

/** Kills whatever the main process of the container starts, for as long as there is one; at most five minutes. */
const KILL_CHILDREN = `
import os, signal, time
end = time.monotonic() + 300
while time.monotonic() < end:
    for child in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{child}/stat') as stat, open(f'/proc/{child}/cmdline') as command:
                parent = stat.read().rpartition(')')[2].split()[1]
                if 'celery' not in command.read():
                    continue
            with open(f'/proc/{parent}/cmdline') as command:
                if 'celery' in command.read():
                    os.kill(int(child), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass
    time.sleep(1)
`;

const test = testIn(NAMESPACE);

test('a worker whose pool processes are killed again and again is restarted, and consumes again', async () => {
  const [killed] = await allReady(NAMESPACE, WORKERS);
  // It ends with the container.
  const killing = exec(NAMESPACE, killed.metadata!.name!, ['python', '-'], KILL_CHILDREN).catch(() => 'ended');
  say(`restarted after ${await restarted(killed, 200)} s`);
  expect(await killing).toBe('ended');
  await allReady(NAMESPACE, ['celery-killed'], 60);
  expect(await ranOn(NAMESPACE, FROM, 'killed')).toEqual([killed.metadata!.name]);
});

test('a worker whose consumers are cancelled is restarted, and consumes again', async () => {
  const [cancelled] = await allReady(NAMESPACE, ['celery-cancelled']);
  const name = cancelled.metadata!.name!;
  await python(NAMESPACE, FROM, `
from tasks import app
print(app.control.cancel_consumer('cancelled', destination=['celery@${name}'], reply=True, timeout=5))`);
  await eventually('it is not ready any more', 30, () => allReady(NAMESPACE, ['celery-cancelled'], 0).then(() => { throw new Error('it is'); }, () => undefined));
  say(`restarted after ${await restarted(cancelled, 200)} s`);
  await allReady(NAMESPACE, ['celery-cancelled'], 60);
  expect(await ranOn(NAMESPACE, FROM, 'cancelled')).toEqual([name]);
});
