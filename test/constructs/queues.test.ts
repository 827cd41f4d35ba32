import { Chart } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryWorker, ResultBackend, rules } from '../../src';
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
    ['a name that -Q would split', declared('a,b'), {}, ['[chart/celery] queues: \'a,b\' is not a name of a queue; use a name without spaces, commas and control characters']],
    ['a name twice', declared('mail', 'mail'), {}, ['[chart/celery] queues: \'mail\' is given twice; give it once']],
    ['a name twice in a worker', {}, { mail: ['mail', 'mail'] }, ['[chart/mail] queues: \'mail\' is given twice; give it once']],
  ])('%s', (_what, props, workers, messages) => {
    expect(refusals(made(props, workers))).toEqual(messages);
  });
});

test('a bad name of a queue is refused once: where the app declares it, and else where a worker names it', () => {
  const twice = refusals(made({ queues: [{ name: 'a b' }] }, { worker: ['a b'] }));
  expect(twice).toEqual([expect.stringMatching(/^\[chart\/celery\] queues: 'a b' is not a name of a queue/)]);
  expect(refusals(made({ settings: { task_queues: { 'a b': {} } } }, { worker: ['a b'] }))).toEqual([expect.stringMatching(/^\[chart\/worker\] queues: 'a b' is not a name/)]);
  expect(refusals(made({}, { worker: ['a b'] }))).toEqual([expect.stringMatching(/^\[chart\/worker\] queues: 'a b' is not a name of a queue/)]);
});

describe('routes', () => {
  const ALL = { worker: undefined, mail: ['mail'] };
  const routed = (to: unknown, more: Partial<CeleryAppProps> = {}): Partial<CeleryAppProps> => ({ ...declared('mail'), ...more, settings: { task_routes: { x: to }, ...more.settings } });
  const code = (...lines: string[]): AppCode => AppCode.fromInline({ 'tasks.py': `${TASKS}\n${lines.join('\n')}\n` });
  const MEDIA = { exchange: 'media', routing_key: 'media' };
  const TASK_QUEUES = { mail: { exchange: 'mail', routing_key: 'mail' }, media: MEDIA, celery: {} };

  test.each<[string, Partial<CeleryAppProps>, Workers, string]>([
    ['to an exchange that nobody declares', routed(MEDIA), ALL,
      'settings.task_routes[\'x\'].exchange: \'media\' is an exchange that no queue of the app has, and messages that are sent to it are lost; '
      + 'name a queue instead: { queue: \'media\' }; or declare one with this exchange in settings.task_queues'],
    ['the same with a queue', routed({ queue: 'mail', ...MEDIA }), ALL, 'exchange: \'media\' is an exchange that no queue of the app has'],
    ['the same of an image', routed(MEDIA, { code: AppCode.inImage() }), { worker: ['celery', 'mail'] }, 'exchange: \'media\' is an exchange that no queue of the app has'],
    ['the same of Beat', { ...declared('mail'), settings: { beat_schedule: { a: { task: 'x', schedule: 60, options: MEDIA } } } }, ALL,
      'settings.beat_schedule[\'a\'].options.exchange: \'media\' is an exchange'],
    ['an exchange without a routing key', routed({ exchange: 'mail' }), ALL, 'has an exchange without a routing_key and without a queue'],
    ['a pair without the name of a task', { settings: { task_routes: [[[1, { queue: 'celery' }]]] } }, { worker: undefined }, 'settings.task_routes[0]: '],
    ['pairs that are no list of pairs', { settings: { task_routes: [['tasks.*', { queue: 'celery' }]] } }, { worker: undefined }, 'settings.task_routes[0]: '],
    ['a pair and what is none', { settings: { task_routes: [[['tasks.*', { queue: 'celery' }], ['x']]] } }, { worker: undefined }, 'settings.task_routes[0]: '],
    ['a queue that is no name', routed({ queue: { name: 'mail' } }), ALL, 'settings.task_routes[\'x\'].queue: {"name":"mail"} is not the name of a queue'],
    ['a number', routed(5), ALL, 'settings.task_routes[\'x\']: 5 is not the name of a queue or a map of options'],
    ['queues that are not created', { ...declared('mail'), settings: { task_create_missing_queues: false } }, { worker: ['mail', 'celery'] },
      'settings.task_create_missing_queues: false does not create the queue mail'],
    ['queues that task_queues has not', { settings: { task_create_missing_queues: false, task_queues: { celery: {} } } }, { worker: ['mail', 'celery'] },
      'settings.task_create_missing_queues: false does not create the queue mail'],
    ['a queue of the settings from which nobody consumes', { settings: { task_queues: TASK_QUEUES, task_routes: { x: { queue: 'media' } } } }, { worker: ['mail', 'celery'] },
      'queues: \'media\' is a queue from which no worker consumes'],
    ['of the code, to a queue that there is not', { ...declared('mail'), code: code('app.conf.task_routes = {"tasks.x": {"queue": "nope"}}') }, ALL,
      'code \'tasks.py\' queue: \'nope\' is not a queue of the app'],
    ['of a task, to a queue that there is not', { code: code('@app.task(queue="nope")', 'def x(): ...') }, ALL,
      'code \'tasks.py\' queue: \'nope\' is a queue from which no worker of the app consumes'],
    ['of annotations, to a queue that there is not', { ...declared('mail'), settings: { task_annotations: { '*': { queue: 'nope' } } } }, ALL,
      'settings.task_annotations[\'*\']: \'nope\' is not a queue of the app'],
    ['of a list of annotations', { ...declared('mail'), settings: { task_annotations: [{ 'tasks.x': MEDIA }] } }, ALL,
      'settings.task_annotations[\'tasks.x\'].exchange: \'media\' is an exchange that no queue of the app has'],
  ])('%s: refused', (_what, props, workers, message) => {
    expect(refusals(made(props, workers))).toEqual([expect.stringContaining(message)]);
  });

  test.each<[string, Partial<CeleryAppProps>, Workers]>([
    ['to the exchange of a queue', routed({ exchange: 'mail', routing_key: 'mail' }), ALL],
    ['to a queue by its name', routed({ exchange: '', routing_key: 'mail' }), ALL],
    ['to the exchange of a queue that only a worker names', { settings: { task_routes: { x: MEDIA } } }, { worker: ['celery', 'media'] }],
    ['an exchange and a queue without a routing key', routed({ exchange: 'media', queue: 'mail' }), ALL],
    ['to an exchange of task_queues', { settings: { task_queues: TASK_QUEUES, task_routes: { x: MEDIA } } }, { worker: undefined }],
    ['to an exchange that the code may declare', routed(MEDIA, { code: code('app.conf.task_queues = queues()') }), ALL],
    ['to an exchange that an image may declare', { code: AppCode.inImage(), settings: { task_routes: { x: MEDIA } } }, { worker: undefined }],
    ['a list of pairs', { ...declared('mail'), settings: { task_routes: [[['tasks.*', { queue: 'mail' }]]] } }, ALL],
    ['annotations with a queue, and with none', { ...declared('mail'), settings: { task_annotations: { 'tasks.x': { queue: 'mail' }, '*': { rate_limit: '1/s' } } } }, ALL],
    ['annotations of a class', { ...declared('mail'), settings: { task_annotations: 'shop.Annotations' } }, ALL],
    ['no queue', routed({ queue: null, priority: 3 }), ALL],
    ['queues that task_queues has', { settings: { task_create_missing_queues: false, task_queues: { celery: {}, mail: {} } } }, { worker: ['mail', 'celery'] }],
    ['only the default queue, and none is created', { settings: { task_create_missing_queues: false } }, { worker: undefined }],
    ['a queue of the settings that others consume', {
      queues: [{ name: 'mail' }, { name: 'media', external: true }], settings: { task_queues: TASK_QUEUES },
    }, { worker: ['mail', 'celery'] }],
    ['of the code, in a comment', { code: code('# app.conf.task_routes = {"tasks.x": {"queue": "nope"}}') }, ALL],
    ['of a task, to a queue that others consume', { queues: [{ name: 'mail' }, { name: 'nope', external: true }], code: code('@app.task(queue="nope")', 'def x(): ...') }, ALL],
  ])('%s: taken', (_what, props, workers) => {
    expect(() => queuesOf(props, workers)).not.toThrow();
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
    ['where the settings declare it', { ...declared('video'), settings: { task_queues: { video: {} } } }, { worker: undefined }],
  ])('%s', (_what, props, workers) => {
    expect(queuesOf(props, workers)).toHaveLength(Object.keys(workers).length);
  });
});

describe('a warning for a queue from which, as far as is in sight, nobody consumes', () => {
  const IMAGE: Partial<CeleryAppProps> = { code: AppCode.inImage() };
  const ENTRY = { task: 'x', schedule: 60 };
  const code = (...lines: string[]): Partial<CeleryAppProps> => ({ code: AppCode.fromInline({ 'tasks.py': `${TASKS}\n${lines.join('\n')}\n` }) });
  const schedule = (options: object = {}): Partial<CeleryAppProps> => ({ settings: { beat_schedule: { a: { ...ENTRY, options } } } });
  type More = (chart: Chart, celery: CeleryApp) => void;
  const nothing = (): void => undefined;
  const warned = (props: Partial<CeleryAppProps>, workers: Workers, more: More): string[] => {
    let found: rules.Finding[] = [];
    synth((chart) => {
      const celery = celeryApp(chart, props);
      for (const [id, queues] of Object.entries(workers)) new CeleryWorker(chart, id, { celery, queues });
      more(chart, celery);
      found = rules.Rules.check(chart);
    });
    return found.filter(({ ruleId }) => ruleId === 'code/queue-without-worker').map(({ objectName, value, severity, unless }) => `${severity} ${objectName} ${value}: ${unless}`);
  };
  const beat = (chart: Chart, celery: CeleryApp): void => void new CeleryBeat(chart, 'beat', { celery });
  const producer = (_: Chart, celery: CeleryApp): void => void celery.producer();
  const NOBODY = 'warning celery-mail celery: whatever sends tasks names a queue, or the code has another task_default_queue';

  beforeEach(() => void jest.spyOn(process.stderr, 'write').mockReturnValue(true));
  afterEach(() => void jest.restoreAllMocks());

  test.each<[string, Partial<CeleryAppProps>, Workers, string[], More]>([
    ['that the app declares, of an image whose worker names none', { ...IMAGE, ...declared('mail') }, { worker: undefined }, ['warning celery-worker mail: the code has task_queues with it'], nothing],
    ['the default one, where the app declares another', { ...IMAGE, ...declared('mail') }, { mail: ['mail'] }, [NOBODY], nothing],
    ['the default one of the settings', { ...IMAGE, ...declared('mail'), settings: { task_default_queue: 'shop' } }, { mail: ['mail'] }, ['warning celery-mail shop: undefined'], nothing],
    ['the default one, where there are producers', IMAGE, { mail: ['mail'] }, [NOBODY], producer],
    ['the default one, of a periodic task', schedule(), { mail: ['mail'] }, ['warning celery-beat celery: undefined'], beat],
    ['the default one, of a task in sight', code('@app.task', 'def x(): ...'), { mail: ['mail'] }, [expect.stringMatching(/^warning celery-app-\w+ celery: all that send it name a queue$/) as string], nothing],
  ])('%s', (_what, props, workers, expected, more) => {
    expect(warned(props, workers, more)).toEqual(expected);
  });

  test.each<[string, Partial<CeleryAppProps>, Workers, More]>([
    ['a worker names it', { ...IMAGE, ...declared('mail') }, { worker: undefined, mail: ['mail'] }, nothing],
    ['others consume from it', { ...IMAGE, queues: [{ name: 'mail', external: true }] }, { worker: undefined }, nothing],
    ['a worker names none', { ...IMAGE }, { worker: undefined }, producer],
    ['others consume from the default one', { ...IMAGE, queues: [{ name: 'mail' }, { name: 'celery', external: true }] }, { mail: ['mail'] }, nothing],
    ['it is the default one', { ...IMAGE, ...declared('mail'), settings: { task_default_queue: 'mail' } }, { mail: ['mail'] }, nothing],
    ['the settings have routes', { ...IMAGE, ...declared('mail'), settings: { task_routes: { 'x.*': 'mail' } } }, { mail: ['mail'] }, nothing],
    ['the code routes', { ...declared('mail'), ...code('router = 1') }, { mail: ['mail'] }, nothing],
    ['the code has queues', { ...declared('mail'), ...code('app.conf.task_queues = queues()') }, { mail: ['mail'] }, nothing],
    ['nothing is known to be sent', IMAGE, { mail: ['mail'] }, nothing],
    ['a periodic task has a queue', schedule({ queue: 'mail' }), { mail: ['mail'] }, beat],
    ['a task has a queue', code('@app.task(queue="mail")', 'def x(): ...'), { mail: ['mail'] }, nothing],
    ['the app has no worker here', { ...IMAGE, ...declared('mail') }, {}, nothing],
  ])('none where %s', (_what, props, workers, more) => {
    expect(warned(props, workers, more)).toEqual([]);
  });

  test('is silenced on its worker', () => {
    synth((chart) => {
      const celery = celeryApp(chart, { ...IMAGE, ...declared('mail') });
      rules.Rules.of(new CeleryWorker(chart, 'mail', { celery, queues: ['mail'] })).suppress('code/queue-without-worker', 'all senders name it');
    });
    expect(process.stderr.write).not.toHaveBeenCalled();
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

describe('priorities', () => {
  const broker = (url: string): Partial<CeleryAppProps> => ({
    broker: Broker.fromUrl(url), resultBackend: ResultBackend.none(),
  });
  const queues = (maxPriority: number) => ({ queues: [{ name: 'mail', maxPriority }, { name: 'video' }] });
  const ALL = { mail: ['mail'], video: ['video'], worker: undefined };
  const argv = (props: Partial<CeleryAppProps>, id: string) => synth(made(props, ALL)).main(`celery-${id}`).command;
  const taskQueues = (words: string[]) => words.find((word) => word.startsWith('task_queues='));

  test('are declared to RabbitMQ, with all queues of the app', () => {
    const props = { ...broker('amqp://rabbitmq.example.com//'), ...queues(10) };
    for (const id of Object.keys(ALL)) {
      expect(JSON.parse(taskQueues(argv(props, id))!.replace('task_queues=(json)', ''))).toEqual({
        celery: { exchange: 'celery', routing_key: 'celery' },
        mail: { exchange: 'mail', routing_key: 'mail', queue_arguments: { 'x-max-priority': 10 } },
        video: { exchange: 'video', routing_key: 'video' },
      });
    }
  });

  test('leave a worker without a queue with the default one', () => {
    expect(argv({ ...broker('amqp://rabbitmq.example.com//'), ...queues(10) }, 'worker')).toContain('--queues=celery');
  });

  test.each([
    ['to Redis, which has them in every queue', {}, queues(9)],
    ['where no queue has them', broker('amqp://rabbitmq.example.com//'), declared('mail', 'video')],
  ])('are not declared %s', (_what, base, own) => {
    const words = argv({ ...base, ...own }, 'worker');
    expect([taskQueues(words), words.find((word) => word.startsWith('--queues'))]).toEqual([undefined, undefined]);
  });

  test.each<[string, Partial<CeleryAppProps>, string]>([
    ['above those of Redis', queues(10), 'maxPriority: 10 is not a highest priority that redis has; give a whole number from 1 to 9'],
    ['above those of RabbitMQ', { ...broker('amqps://r.example.com//'), ...queues(256) }, 'maxPriority: 256 is not a highest priority that amqps has; give a whole number from 1 to 255'],
    ['below 1', queues(0), 'maxPriority: 0 is not a highest priority that redis has'],
    ['between two', queues(1.5), 'maxPriority: 1.5 is not a highest priority that redis has'],
    ['of SQS', { ...broker('sqs://'), ...queues(1) }, 'maxPriority: 1 is for brokers with priorities, and sqs has none; leave it out'],
    ['that would replace what the code declares', {
      ...broker('amqp://r.example.com//'), ...queues(9), code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_queues = queues()\n` }),
    }, 'maxPriority: 9 is written into task_queues, and would take the place of the task_queues in the code or the settings'],
  ])('%s are refused', (_what, props, message) => {
    expect(refusals(made(props, ALL))).toEqual([expect.stringContaining(`[chart/celery] queues 'mail' ${message}`)]);
  });
});
