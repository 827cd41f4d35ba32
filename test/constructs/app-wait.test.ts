import { Chart, Duration } from 'cdk8s';
import { AppWaitOptions, CeleryBeat, CeleryWorker, CeleryWorkerProps } from '../../src';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';

function container(command: string[], timeout?: Duration) {
  return synth((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor({ name: 'migrated', command, timeout })] });
  }).pod('celery-worker').initContainers.find(({ name }) => name === 'migrated')!;
}

test('has the app, and ten minutes', () => {
  const { command, env, workingDir } = container(['python', 'manage.py', 'migrate', '--check']);
  expect(command.slice(3)).toEqual(['600', 'python', 'manage.py', 'migrate', '--check']);
  expect([workingDir, env.map(({ name }) => name)]).toEqual(['/app', expect.arrayContaining(['CELERY_BROKER_URL', 'PYTHONPATH'])]);
});

test('is not asked for the container of a profile that the app names for all its pods', () => {
  const podAnnotations = { 'container.apparmor.security.beta.kubernetes.io/worker': 'runtime/default' };
  const made = synth((chart) => {
    const celery = celeryApp(chart, { podAnnotations });
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor({ name: 'migrated', command: ['true'] })] });
  });
  expect(made.pod('celery-worker').initContainers.map(({ name }) => name)).toContain('migrated');
});

test('a time that is none is refused', () => {
  expect(refusals((chart) => void celeryApp(chart).waitFor({ name: 'migrated', command: ['true'], timeout: Duration.seconds(0) })))
    .toEqual(['[chart/celery] timeout: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)']);
});

describe('the deadline of a rollout', () => {
  const define = (props: Partial<CeleryWorkerProps>, ...seconds: number[]) => (chart: Chart): void => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', {
      celery, ...props, initContainers: seconds.map((time, index) => celery.waitFor({ name: `wait-${index}`, command: ['true'], timeout: Duration.seconds(time) })),
    });
  };
  const deadline = (props: Partial<CeleryWorkerProps>, ...seconds: number[]) => (
    synth(define(props, ...seconds)).get('Deployment', 'celery-worker').spec.progressDeadlineSeconds);

  test('is longer than the pods wait', () => {
    expect([deadline({}), deadline({}, 60), deadline({}, 600, 30)]).toEqual([undefined, 660, 1230]);
    expect(deadline({ progressDeadlineSeconds: 601 }, 600)).toBe(601);
  });

  test('of Beat, too', () => {
    const { spec } = synth((chart) => {
      const celery = celeryApp(chart);
      new CeleryBeat(chart, 'beat', { celery, initContainers: [celery.waitFor({ name: 'migrated', command: ['true'] })] });
    }).get('Deployment', 'celery-beat');
    expect(spec.progressDeadlineSeconds).toBe(1200);
  });

  test.each([[[600], 600], [[300, 300], 600], [[60], 30]])('is refused where the pods may wait %j s, and it is %d', (seconds, progressDeadlineSeconds) => {
    const sum = seconds.reduce((all, one) => all + one, 0);
    expect(refusals(define({ progressDeadlineSeconds }, ...seconds))).toEqual([
      `[chart/worker] progressDeadlineSeconds: ${progressDeadlineSeconds} is not more than the ${sum} s that ${seconds.map((_, index) => `wait-${index}`).join(' and ')} of waitFor() may wait, `
      + `so a rollout would be reported as failed before; leave it out, or give more than ${sum}, or waitFor() a shorter timeout`,
    ]);
  });
});

test('a bad name is one message, and so are options that are none', () => {
  const used = (options: unknown) => refusals((chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.waitFor(options as AppWaitOptions)] });
  });
  expect(used({ name: 'Bad_Name', command: ['true'] })).toEqual([expect.stringMatching(/^\[chart\/celery\] name: 'Bad_Name' is not a name that Kubernetes accepts/)]);
  expect(used(null)).toEqual(['[chart/celery] props: null is not an object; give the options by their names']);
});
