import { Chart } from 'cdk8s';
import { BrokerBinding, CeleryApp, CeleryBeat, CeleryFlower, CeleryJob, CeleryWorker, HealthCheck, IBroker, ResultBackend, rules } from '../../../src';
import { celeryApp } from '../../fixtures';
import { Manifests, refusals, synth } from '../../manifests';

const PASSWORD = { name: 'REDIS_PASSWORD', valueFrom: { secretKeyRef: { name: 'redis', key: 'password' } } };
const TEMPLATE = 'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0';
const LAUNCH = ['python', '-m', 'cdk8s_celery_launch'];
const COMPOSED = { urlTemplate: TEMPLATE, resultBackendTemplate: TEMPLATE, env: [PASSWORD] };

const broker = (binding: BrokerBinding): IBroker => ({ bind: () => binding });

function all(binding: BrokerBinding, launcher?: string[]): (chart: Chart) => void {
  return (chart) => {
    const celery: CeleryApp = celeryApp(chart, { broker: broker(binding), launcher });
    const waits = celery.initContainer({ name: 'migrated', command: ['python', 'manage.py', 'migrate', '--check'] });
    new CeleryWorker(chart, 'worker', { celery, initContainers: [waits] });
    new CeleryBeat(chart, 'beat', { celery, healthCheck: HealthCheck.none() });
    new CeleryFlower(chart, 'flower', { celery });
    new CeleryJob(chart, 'job', { celery, command: ['celery', '-A', 'tasks', 'call', 'tasks.add'] });
  };
}

const EXTERNAL = ['Secret/redis'];
const DEPLOYMENTS = ['celery-worker', 'celery-beat', 'celery-flower'];

interface Connects { command: string[]; env: { name: string; value?: string }[]; volumeMounts: { mountPath: string }[] }

/** Every container that connects to the broker. */
function connecting(manifests: Manifests): Connects[] {
  const job = manifests.all.find(({ kind }) => kind === 'Job')!;
  return [
    ...DEPLOYMENTS.map((name) => manifests.main(name)), manifests.pod('celery-worker').initContainers.find(({ name }) => name === 'migrated'),
    job.spec.template.spec.containers[0],
  ];
}

test('every container that connects composes its URLs, and has the package for it', () => {
  const manifests = synth(all(COMPOSED), EXTERNAL);
  const containers = connecting(manifests);
  expect(containers.map(({ command }) => command.slice(0, 4))).toEqual(
    ['celery', 'celery', 'celery', 'python', 'celery'].map((program) => [...LAUNCH, program]));
  for (const { env, volumeMounts } of containers) {
    const value = (name: string): string | undefined => env.find((variable) => variable.name === name)?.value;
    expect(env).toContainEqual(PASSWORD);
    expect([value('CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL'), value('CDK8S_CELERY_LAUNCH_CELERY_RESULT_BACKEND')]).toEqual([TEMPLATE, TEMPLATE]);
    expect(env.map(({ name }) => name)).not.toContain('CELERY_BROKER_URL');
    expect(value('PYTHONPATH')!.split(':')).toContain('/opt/celery-agent');
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain('/opt/celery-agent/cdk8s_celery_launch');
  }
  const packages = manifests.get('ConfigMap', 'celery-launch');
  expect(Object.keys(packages.data)).toEqual(['__init__.py', '__main__.py', 'loader.py', 'urls.py']);
});

test('comes before the launcher of the app', () => {
  const manifests = synth(all(COMPOSED, ['opentelemetry-instrument']), EXTERNAL);
  expect(manifests.main('celery-worker').command.slice(0, 5)).toEqual([...LAUNCH, 'opentelemetry-instrument', 'celery']);
});

test('a complete URL needs none of it', () => {
  const manifests = synth(all({ url: { value: 'redis://redis.example.com:6379/0' }, resultBackend: { value: 'redis://redis.example.com:6379/0' } }));
  expect(connecting(manifests).map(({ command }) => command[0])).toEqual(['celery', 'celery', 'celery', 'python', 'celery']);
  expect(manifests.find('ConfigMap', 'celery-launch')).toBeUndefined();
  expect(manifests.env('celery-flower')).not.toHaveProperty('PYTHONPATH');
});

test('a result backend alone is enough', () => {
  const manifests = synth(all({ ...COMPOSED, urlTemplate: undefined, url: { value: 'amqp://rabbitmq.example.com//' } }), EXTERNAL);
  expect(manifests.env('celery-worker')).toMatchObject({ CELERY_BROKER_URL: 'amqp://rabbitmq.example.com//', CDK8S_CELERY_LAUNCH_CELERY_RESULT_BACKEND: TEMPLATE });
  expect(manifests.main('celery-worker').command.slice(0, 3)).toEqual(LAUNCH);
});

test('the rules read the URL as if it were there', () => {
  const found = (binding: BrokerBinding): string[] => rules.Rules.lint(synth(all(binding), EXTERNAL).all as unknown[]).map(({ ruleId }) => ruleId);
  const url = { value: 'redis://redis.example.com:6379/0' };
  expect(found(COMPOSED)).toEqual(found({ url, resultBackend: url }));
  const insecure = { url: { value: 'rediss://redis.example.com:6380/0' } };
  expect(found({ ...COMPOSED, urlTemplate: 'rediss://:{REDIS_PASSWORD}@redis.example.com:6380/0' })).toEqual(found({ ...COMPOSED, ...insecure, urlTemplate: undefined }));
  expect(found({ ...COMPOSED, urlTemplate: insecure.url.value })).toContain('env/rediss-unverified');
});

test.each<[string, BrokerBinding, string]>([
  ['a reference to nothing', { ...COMPOSED, env: [] }, 'broker.urlTemplate: \'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0\' refers to {REDIS_PASSWORD}, which is not among the env of the broker; add'],
  ['both', { ...COMPOSED, url: { value: 'redis://r' } }, 'broker.urlTemplate: \'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0\' is given in addition to url; leave out one of the two'],
  ['a password in it', { ...COMPOSED, urlTemplate: 'redis://:hunter2@redis.example.com' }, 'broker.urlTemplate: \'redis://:***@redis.example.com\' has a password in it'],
  ['no text', { ...COMPOSED, urlTemplate: 7 as unknown as string }, 'broker.urlTemplate: a number is not a string; give e.g. \'redis://:{REDIS_PASSWORD}@'],
  ['neither', { env: [PASSWORD] }, 'broker.url: undefined is missing in what the broker returns from bind(); give { value } or { valueFrom }, or urlTemplate'],
])('%s is refused', (_, binding, message) => {
  const found = refusals((chart) => { celeryApp(chart, { broker: broker(binding), resultBackend: ResultBackend.none() }); });
  expect(found.join('\n')).toContain(message);
  expect(found.join('\n')).not.toContain('hunter2');
});

test('variables of the launcher are not the user\'s to set', () => {
  expect(refusals((chart) => celeryApp(chart, { env: [{ name: 'CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL', value: 'redis://r' }] })).join('\n'))
    .toContain('env: \'CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL\' is what the launcher composes URLs from; give the prop broker or resultBackend instead');
});

test('an exec probe that asks Celery needs the launcher, too', () => {
  const probed = (command: string[]) => (chart: Chart): void => void new CeleryWorker(chart, 'worker', {
    celery: celeryApp(chart, { broker: broker(COMPOSED) }),
    healthCheck: HealthCheck.probes({ liveness: { exec: { command }, periodSeconds: 60, timeoutSeconds: 30 } }),
  });
  const ping = ['celery', '-A', 'tasks', 'inspect', 'ping'];
  expect(refusals(probed(ping)).join('\n')).toContain('healthCheck.livenessProbe: ["celery","-A","tasks","inspect","ping"] runs Celery without the URL of the broker, '
    + 'which the pods compose of a password; write python -m cdk8s_celery_launch in front of celery');
  expect(refusals(probed(['sh', '-c', 'celery -A tasks inspect ping'])).join('\n')).toContain('runs Celery without the URL of the broker');
  expect(synth(probed([...LAUNCH, ...ping]), EXTERNAL).main('celery-worker').livenessProbe.exec.command.slice(0, 4)).toEqual([...LAUNCH, 'celery']);
  // Names of files and of processes run nothing.
  for (const command of [['pgrep', '-f', 'celery worker'], ['sh', '-c', `${LAUNCH.join(' ')} celery -A tasks inspect ping`]]) {
    expect(synth(probed(command), EXTERNAL).main('celery-worker').livenessProbe.exec.command).toEqual(command);
  }
});

test.each(['postStart', 'preStop'] as const)('so does a %s hook that asks Celery', (hook) => {
  const hooked = (command: string[], composed = true) => (chart: Chart): void => void new CeleryWorker(chart, 'worker', {
    celery: celeryApp(chart, composed ? { broker: broker(COMPOSED) } : {}), lifecycle: { [hook]: { exec: { command } } },
  });
  const control = ['celery', '-A', 'tasks', 'control', '--destination=celery@a', 'cancel_consumer', 'celery'];
  expect(refusals(hooked(control)).join('\n')).toContain(`lifecycle.${hook}.exec.command: ["celery","-A","tasks","control","--destination=celery@a","cancel_consumer","celery"] runs Celery without the URL`);
  expect(refusals(hooked(['sh', '-c', control.join(' ')])).join('\n')).toContain('write python -m cdk8s_celery_launch in front of celery');
  expect(refusals(hooked(['python', '-m', ...control])).join('\n')).toContain('runs Celery without the URL');
  expect(synth(hooked([...LAUNCH, ...control]), EXTERNAL).main('celery-worker').lifecycle[hook].exec.command.slice(0, 4)).toEqual([...LAUNCH, 'celery']);
  expect(synth(hooked(control, false)).main('celery-worker').lifecycle[hook].exec.command).toEqual(control);
});

test.each<[string, (chart: Chart, celery: CeleryApp, lifecycle: object) => void]>([
  ['Beat', (chart, celery, lifecycle) => void new CeleryBeat(chart, 'beat', { celery, lifecycle })],
  ['Flower', (chart, celery, lifecycle) => void new CeleryFlower(chart, 'flower', { celery, lifecycle })],
  ['a Job', (chart, celery, lifecycle) => void new CeleryJob(chart, 'job', { celery, command: ['python', '-c', '1'], lifecycle })],
])('and one of %s', (_what, make) => {
  const hooked = (command: string[]) => (chart: Chart): void => {
    make(chart, celeryApp(chart, { broker: broker(COMPOSED) }), { postStart: { exec: { command } } });
  };
  const call = ['celery', '-A', 'tasks', 'call', 'tasks.add'];
  expect(refusals(hooked(call)).join('\n')).toContain('lifecycle.postStart.exec.command: ["celery","-A","tasks","call","tasks.add"] runs Celery without the URL');
  expect(() => synth(hooked([...LAUNCH, ...call]), EXTERNAL)).not.toThrow();
});
