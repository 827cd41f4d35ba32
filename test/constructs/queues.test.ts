import { Chart } from 'cdk8s';
import { AppCode, CeleryAppProps, CeleryWorker } from '../../src';
import { celeryApp, TASKS } from '../fixtures';
import { refusals, synth } from '../manifests';

type Workers = Record<string, string[] | undefined>;

function made(props: Partial<CeleryAppProps>, workers: Workers): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart, props);
    for (const [id, queues] of Object.entries(workers)) new CeleryWorker(chart, id, { celery, queues });
  };
}

const declared = (...names: string[]) => ({ queues: names.map((name) => ({ name })) });
const queuesOf = (props: Partial<CeleryAppProps>, workers: Workers) => {
  const manifests = synth(made(props, workers));
  return Object.keys(workers).map((id) => manifests.main(`celery-${id}`).command.find((word: string) => word.startsWith('--queues')));
};

describe('a worker consumes from', () => {
  test('declared queues by name, and from the default one without a name', () => {
    expect(queuesOf(declared('mail', 'video'), { mail: ['mail'], video: ['video', 'celery'], worker: undefined }))
      .toEqual(['--queues=mail', '--queues=video,celery', undefined]);
  });

  test('any queue where none is declared', () => {
    expect(queuesOf({}, { mail: ['mail'] })).toEqual(['--queues=mail']);
  });

  test('the default queue of the settings', () => {
    expect(queuesOf({ ...declared('mail'), settings: { task_default_queue: 'shop' } }, { worker: ['shop', 'mail'] })).toEqual(['--queues=shop,mail']);
  });
});

describe('refuses', () => {
  test.each<[string, Partial<CeleryAppProps>, Workers, string[]]>([
    ['a misspelt queue', declared('mail', 'reports'), { mail: ['mial', 'mail'], reports: ['reports'] }, [
      '[chart/mail] queues: \'mial\' is not a queue of the app; did you mean mail? Else add it to the queues of the CeleryApp, which has celery, mail, reports',
    ]],
    ['a queue that nobody meant', declared('mail'), { mail: ['mail', 'thumbnails'] }, [
      '[chart/mail] queues: \'thumbnails\' is not a queue of the app; add it to the queues of the CeleryApp, which has celery, mail',
    ]],
    ['Celery\'s default queue, where the app has another', { ...declared('mail'), settings: { task_default_queue: 'shop' } }, { mail: ['mail', 'celery'] }, [
      '[chart/mail] queues: \'celery\' is not a queue of the app; add it to the queues of the CeleryApp, which has shop, mail',
    ]],
    ['every queue, where the app has only the default one', { queues: [] }, { mail: ['mail'] }, [
      '[chart/mail] queues: \'mail\' is not a queue of the app; add it to the queues of the CeleryApp, which has celery',
    ]],
    ['a queue from which no worker consumes', declared('mail', 'video'), { mail: ['mail'] }, [
      '[chart/celery] queues: \'video\' is a queue from which no worker consumes, so its tasks wait without an error; give queues: [\'video\'] '
      + 'to a CeleryWorker, or declare it with external: true where others consume from it',
    ]],
    ['the same, where a worker consumes from the default queue', declared('video'), { worker: undefined }, [
      expect.stringContaining('queues: \'video\' is a queue from which no worker consumes') as string,
    ]],
    ['a name that -Q would split', declared('a,b'), {}, ['[chart/celery] queues: \'a,b\' is not a name of a queue; use a name without spaces and commas']],
    ['a name twice', declared('mail', 'mail'), {}, ['[chart/celery] queues: \'mail\' is given twice; give it once']],
    ['a name twice in a worker', {}, { mail: ['mail', 'mail'] }, ['[chart/mail] queues: \'mail\' is given twice; give it once']],
  ])('%s', (_what, props, workers, messages) => {
    expect(refusals(made(props, workers))).toEqual(messages);
  });
});

describe('takes a queue without a worker', () => {
  test.each<[string, Partial<CeleryAppProps>, Workers]>([
    ['that others consume from', { queues: [{ name: 'video', external: true }, { name: 'mail', external: false }] }, { mail: ['mail'] }],
    ['where the app has no worker here', declared('video'), {}],
    ['where a worker consumes from what the code declares', {
      ...declared('video'), code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_queues = queues()\n` }),
    }, { worker: undefined }],
    ['where nobody knows what the code declares', { ...declared('video'), code: AppCode.inImage() }, { worker: undefined }],
    ['where the settings declare it', { ...declared('video'), settings: { task_queues: ['video'] } }, { worker: undefined }],
  ])('%s', (_what, props, workers) => {
    expect(queuesOf(props, workers)).toHaveLength(Object.keys(workers).length);
  });
});

test('a worker that was removed consumes from nothing', () => {
  expect(refusals((chart) => {
    const celery = celeryApp(chart, declared('mail'));
    new CeleryWorker(chart, 'worker', { celery });
    const inner = new Chart(chart, 'inner', { namespace: 'test' });
    new CeleryWorker(inner, 'mail', { celery, queues: ['mail'] });
    inner.node.tryRemoveChild('mail');
  })).toEqual([expect.stringContaining('\'mail\' is a queue from which no worker consumes')]);
});
