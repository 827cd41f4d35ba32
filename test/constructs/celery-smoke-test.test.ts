import { Chart, Duration } from 'cdk8s';
import { CeleryAppProps, CelerySettings, CelerySmokeTest, CelerySmokeTestProps, CeleryWorker, JobHook, ResultBackend } from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const QUEUES: CeleryAppProps['queues'] = [{ name: 'mail' }, { name: 'partner', external: true }];

function smoke(props: Partial<CelerySmokeTestProps> = {}, app: Partial<CeleryAppProps> = { queues: QUEUES }): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart, app);
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryWorker(chart, 'mail', { celery, queues: ['mail'] });
    new CelerySmokeTest(chart, 'smoke', { celery, ...props });
  };
}

const jobs = (manifests: Manifests): Any[] => manifests.all.filter(({ kind }) => kind === 'Job');
const only = (make: (chart: Chart) => void): Any => jobs(synth(make))[0];
/** What the program gets, as the kubelet hands it over. */
const given = (make: (chart: Chart) => void): Any => JSON.parse(only(make).spec.template.spec.containers[0].command[3].replaceAll('$$', '$'));

test('is a Job after a release, which runs once', () => {
  const job = only(smoke());
  expect(job.metadata.name).toMatch(/^celery-smoke-[0-9a-f]{8}$/);
  expect(job.metadata.annotations).toMatchObject({ 'argocd.argoproj.io/hook': 'PostSync', 'helm.sh/hook': 'post-install,post-upgrade' });
  expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 900 });
  const [container] = job.spec.template.spec.containers;
  expect(container.command.slice(0, 2)).toEqual(['python', '-c']);
  expect(container.command[2]).toContain('app.send_task(');
  expect(container.env).toContainEqual({ name: 'CELERY_BROKER_URL', value: 'redis://redis.test.svc.cluster.local:6379/0' });
});

test('sends to all queues of its workers, and to none that others consume, with the settings of the app', () => {
  const found = given(smoke({}, { queues: QUEUES, settings: { task_serializer: 'yaml', accept_content: ['json', 'yaml'], timezone: undefined } }));
  expect(found).toMatchObject({ job: true, options: { '--app': 'tasks' }, queues: ['celery', 'mail'], declared: false, timeout: 300 });
  expect(found.settings).toContain('task_serializer=(json)"yaml"');
  expect(found).not.toHaveProperty('task');
});

test('asks the application too where its code has queues, and a worker names none', () => {
  expect(given(smoke({}, { settings: { task_queues: {} } }))).toMatchObject({ queues: ['mail'], declared: true });
});

test('with all props, each does something', () => {
  const [job] = jobs(everyProp<CelerySmokeTestProps, 'celery' | 'task'>({
    required: ['celery', 'task'],
    // The only one that there is.
    idle: ['hook'],
    external: EXTERNAL,
    props: (chart) => {
      const celery = celeryApp(chart, { queues: QUEUES });
      new CeleryWorker(chart, 'worker', { celery });
      new CeleryWorker(chart, 'mail', { celery, queues: ['mail'] });
      return {
        ...everyOption, celery, name: 'release', queues: ['mail'], task: 'tasks.ping', args: [1, '$(HOME) $$'], kwargs: { x: null }, timeout: Duration.seconds(20), hook: JobHook.AFTER,
      };
    },
    make: (chart, props) => new CelerySmokeTest(chart, 'smoke', props),
  }));
  expect(job.metadata.name).toMatch(/^release-[0-9a-f]{8}$/);
  expect(job.spec.activeDeadlineSeconds).toBe(620);
  const text = job.spec.template.spec.containers.find(({ name }: Any) => name === 'job').command[3] as string;
  expect(text).toContain('"$$(HOME) $$$$"');
  expect(JSON.parse(text.replaceAll('$$', '$'))).toMatchObject({ queues: ['mail'], task: 'tasks.ping', args: [1, '$(HOME) $$'], kwargs: { x: null }, timeout: 20 });
});

test('null is an argument: as NULL, and as undefined in a list, which is what Python\'s None becomes there', () => {
  const found = given(smoke({ task: 'tasks.ping', args: [undefined, [undefined], CelerySettings.NULL], kwargs: { x: { y: CelerySettings.NULL } } }));
  expect(found).toMatchObject({ args: [null, [null], null], kwargs: { x: { y: null } } });
});

test('its name is another with another task', () => {
  expect(only(smoke({ task: 'tasks.ping' })).metadata.name).not.toBe(only(smoke()).metadata.name);
});

describe('is refused', () => {
  const circle: Any[] = [];
  circle.push(circle);

  test.each<[string, Any, string]>([
    ['for a queue that no worker consumes', { queues: ['mial'] },
      'queues: \'mial\' is a queue that no worker of the app consumes, so the test would fail; did you mean mail? Else give one of celery, mail, or make the worker first'],
    ['for no queue', { queues: [] }, 'queues: [] is empty; name a queue, or leave it out'],
    ['for a queue given twice', { queues: ['mail', 'mail'] }, 'queues: \'mail\' is given twice'],
    ['for an empty task', { task: '' }, 'task: \'\' is empty; give the name of a task'],
    ['for arguments without a task', { args: [1] }, 'args: [1] is for a task of yours; give the prop task too'],
    ['for arguments that are no JSON', { task: 'tasks.ping', args: [new Date(0)] }, 'args: ["1970-01-01T00:00:00.000Z"] is not plain JSON'],
    ['for undefined, which JSON leaves out of an object', { task: 'tasks.ping', kwargs: { x: undefined } }, 'kwargs: {} is not plain JSON'],
    ['for a number that is none', { task: 'tasks.ping', kwargs: { x: NaN } }, 'kwargs: {"x":NaN} is not plain JSON'],
    ['for a function', { task: 'tasks.ping', args: [() => 1, 'NaN'] }, 'args: [a function,"NaN"] is not plain JSON'],
    ['for a list within itself', { task: 'tasks.ping', args: circle }, 'args: '],
    ['for a timeout of nothing', { timeout: Duration.seconds(0) }, 'timeout: '],
    ['for what is no list', { task: 'tasks.ping', args: 'x' }, 'args: \'x\' is not a list'],
    ['for an unknown hook', { hook: 'later' }, 'hook: \'later\''],
    ['before the workers of a release', { hook: JobHook.BEFORE },
      'hook: \'before\' runs before the workers of the release, so the test would ask those of the release before, or none; leave it out: the test runs after them'],
  ])('%s', (_, props, message) => {
    expect(refusals(smoke(props as Partial<CelerySmokeTestProps>))).toEqual([expect.stringContaining(`[chart/smoke] ${message}`)]);
  });

  test('without a result backend', () => {
    expect(refusals(smoke({}, { queues: QUEUES, resultBackend: ResultBackend.none() }))).toEqual([
      '[chart/smoke] celery: \'chart/celery\' has no result backend, so no result can be waited for; give the CeleryApp a resultBackend, e.g. ResultBackend.rpc(), or leave the test out',
    ]);
  });

  test('in an app without a worker, unless it names the queues of workers that are defined elsewhere', () => {
    const alone = (props: Partial<CelerySmokeTestProps>) => (chart: Chart): void => void new CelerySmokeTest(chart, 'smoke', { celery: celeryApp(chart), ...props });
    expect(refusals(alone({}))).toEqual([
      '[chart/smoke] celery: \'chart/celery\' has no worker, so the test would send nothing; make a CeleryWorker of it before, or name the queues of workers that are defined elsewhere',
    ]);
    expect(given(alone({ queues: ['mail'] }))).toMatchObject({ queues: ['mail'] });
  });

  test('when a worker of another queue is made after it', () => {
    const late = (queues: string[]) => (chart: Chart): void => {
      const celery = celeryApp(chart, { queues: QUEUES });
      new CeleryWorker(chart, 'worker', { celery, queues: ['mail'] });
      new CelerySmokeTest(chart, 'smoke', { celery });
      new CeleryWorker(chart, 'late', { celery, queues });
    };
    expect(refusals(late(['celery']))).toEqual([expect.stringContaining('celery: \'chart/celery\' has got a worker of another queue after this test was made; make the CelerySmokeTest after')]);
    expect(only(late(['mail']))).toBeDefined();
  });
});
