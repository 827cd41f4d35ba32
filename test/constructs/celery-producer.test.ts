import { ApiObject, App, Chart, Duration, Yaml } from 'cdk8s';
import { Broker, CeleryAppProps, CeleryProducer, CeleryProducerOptions, CeleryWorker, PythonRuntime, RabbitMqBroker, ResultBackend, TaskDelivery } from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, refusals, renderApp, synth } from '../manifests';

const PASSWORD = { name: 'passwords', key: 'rabbitmq' };
const SECRETS = ['Secret/passwords', 'Namespace/web'];

/** The manifests of a web application in another namespace, and its producer. */
function web(
  options: CeleryProducerOptions, props: (chart: Chart) => Partial<CeleryAppProps> = () => ({}),
): { manifests: Manifests; producer: CeleryProducer } {
  let producer: CeleryProducer | undefined;
  const manifests = synth((chart) => {
    producer = celeryApp(chart, props(chart)).producer(options);
    const { env, volumes, volumeMounts } = producer;
    const labels = { app: 'web' };
    const container = { name: 'web', image: 'registry.example.com/web:1.4.2', command: producer.command(['gunicorn', 'web.wsgi']), env, volumeMounts };
    new ApiObject(chart, 'web', {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: producer.namespace },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container], volumes } } },
    });
  }, SECRETS);
  return { manifests, producer: producer! };
}

const rabbit = (chart: Chart): Partial<CeleryAppProps> => ({
  broker: new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD }), resultBackend: ResultBackend.rpc(), runtime: PythonRuntime.install({ celery: '5.6.3' }),
});

test('with a plain URL is the two URLs, and nothing else', () => {
  const { manifests, producer } = web({ namespace: 'web' });
  expect(producer.env).toEqual([
    { name: 'CELERY_BROKER_URL', value: 'redis://redis.test.svc.cluster.local:6379/0' }, { name: 'CELERY_RESULT_BACKEND', value: 'redis://redis.test.svc.cluster.local:6379/0' },
  ]);
  expect([producer.volumes, producer.volumeMounts, producer.settings, producer.configMap]).toEqual([[], [], {}, undefined]);
  expect(manifests.main('web').command).toEqual(['gunicorn', 'web.wsgi']);
});

test('is admitted by the broker, in a namespace of its own', () => {
  const admitted = (namespace?: string) => web({ namespace }).manifests.get('NetworkPolicy', 'redis').spec.ingress.flatMap(({ from }) => from)
    .map(({ namespaceSelector }) => namespaceSelector.matchLabels['kubernetes.io/metadata.name']);
  expect(admitted('web')).toEqual(['test', 'web']);
  // The pods of the app's own namespace, which are not its components, are admitted as a whole.
  expect(admitted()).toEqual(['test']);
});

test('with a password has the launcher, in its own namespace', () => {
  const { manifests, producer } = web({ namespace: 'web', pythonPath: '/srv/web' }, rabbit);
  const { command, env } = manifests.main('web');
  expect(command).toEqual(['python', '-m', 'cdk8s_celery_launch', 'gunicorn', 'web.wsgi']);
  expect(env).toContainEqual({ name: 'CDK8S_CELERY_BROKER_PASSWORD', valueFrom: { secretKeyRef: PASSWORD } });
  expect(manifests.env('web')).toMatchObject({
    CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL: 'amqp://celery:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.test.svc.cluster.local:5672/%2F',
    CELERY_RESULT_BACKEND: 'rpc://', PYTHONPATH: '/srv/web:/opt/celery-agent', CELERY_LOADER: 'cdk8s_celery_launch.loader.Loader',
  });
  expect(manifests.get('ConfigMap', 'celery-producer').metadata).toMatchObject({ namespace: 'web', name: producer.configMap!.name });
  expect(manifests.main('web').volumeMounts).toEqual([{ name: 'celery-launch', mountPath: '/opt/celery-agent/cdk8s_celery_launch', readOnly: true }]);
  expect(manifests.get('NetworkPolicy', 'rabbitmq').spec.ingress[0].from).toHaveLength(2);
});

test('of two stages of one app in one namespace have one launcher, which both manifests have', () => {
  const app = new App();
  ['dev', 'prod'].forEach((namespace) => {
    const stage = new Chart(app, namespace, { namespace });
    celeryApp(stage, rabbit(stage)).producer({ namespace: 'web' });
  });
  const [dev, prod, ...more] = (JSON.parse(renderApp(app)) as Manifests['all']).filter(({ metadata }) => metadata.name.startsWith('celery-producer-'));
  expect(dev).toEqual(prod);
  expect(more).toEqual([]);
});

test('has the settings that must be equal on both sides, and no others', () => {
  const { producer } = web({}, (chart) => ({
    ...rabbit(chart),
    delivery: TaskDelivery.atLeastOnce(),
    queues: [{ name: 'mail', maxPriority: 9 }],
    settings: {
      task_default_queue: 'shop', task_serializer: 'json', result_extended: true, broker_transport_options: { client_properties: {} }, worker_send_task_events: true,
      task_time_limit: 60, broker_heartbeat: 10,
    },
  }));
  expect(producer.settings).toEqual({
    broker_transport_options: { confirm_publish: true, client_properties: {} }, task_default_queue: 'shop',
    task_queues: expect.anything(), task_serializer: 'json', result_extended: true,
  });
  expect(producer.env).toContainEqual({ name: 'CDK8S_CELERY_CONNECTION_SETTINGS', value: JSON.stringify(producer.settings) });
});

describe('the visibility timeout, which is equal for all processes on the database', () => {
  const LONG = Duration.hours(1);
  const producerOf = (chart: Chart, longestTask: Duration, before = false): CeleryProducer => {
    const celery = celeryApp(chart);
    const early = before ? celery.producer() : undefined;
    new CeleryWorker(chart, 'worker', { celery, longestTask });
    return early ?? celery.producer();
  };
  const made = (longestTask: Duration, before?: boolean): CeleryProducer => {
    let producer: CeleryProducer | undefined;
    synth((chart) => { producer = producerOf(chart, longestTask, before); });
    return producer!;
  };

  test('is also that of a producer', () => {
    const producer = made(LONG);
    const timeout = 3600 + 3615 + 60;
    expect(producer.settings).toEqual({ broker_transport_options: { visibility_timeout: timeout } });
    // What the code of the program has does not count.
    expect(producer.env).toContainEqual({ name: 'CDK8S_CELERY_TRANSPORT_OPTIONS', value: `{"visibility_timeout":${timeout}}` });
    expect(producer.volumes).toHaveLength(1);
  });

  test('needs nothing where it is the default', () => {
    for (const before of [false, true]) {
      const producer = made(Duration.minutes(20), before);
      expect([producer.settings, producer.volumes]).toEqual([{}, []]);
    }
  });

  test('must be known when the producer is made', () => {
    expect(refusals((chart) => producerOf(chart, LONG, true))).toEqual([expect.stringContaining(
      'producer: \'test\' was made before a worker whose tasks need a visibility timeout of 7275 s, which is equal for all processes on the database; '
      + 'call producer() after all workers of the message broker are made',
    )]);
  });
});

test('for a Helm chart is YAML', () => {
  const { producer } = web({ namespace: 'web' }, rabbit);
  expect(producer.toYaml()).toMatch(/^env:\n {2}- name: CDK8S_CELERY_BROKER_USERNAME\n {4}value: celery\n/);
  expect(producer.toYaml()).toContain(`volumes:\n  - name: celery-launch\n    configMap:\n      name: ${producer.configMap!.name}\n`);
  expect(web({}).producer.toYaml()).not.toContain('volumes');
  expect(Yaml.stringify({ env: producer.env })).toBe(producer.toYaml().split('volumes:')[0]);
});

test('tells where it connects to, where that is known', () => {
  expect(web({}).producer.egress).toEqual([{
    to: [expect.objectContaining({ podSelector: { matchLabels: expect.objectContaining({ component: 'redis' }) } })], ports: [{ port: 6379, protocol: 'TCP' }],
  }]);
});

test('two in one namespace have one ConfigMap', () => {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart, rabbit(chart));
    expect(celery.producer({ namespace: 'web' }).configMap).toBe(celery.producer({ namespace: 'web' }).configMap);
    celery.producer();
  }, SECRETS);
  expect(manifests.identities().filter((name) => /producer/.test(name))).toHaveLength(2);
});

test.each<[string, object, string]>([
  ['a bad namespace', { namespace: 'Web' }, 'producer.namespace: \'Web\' is not a name that Kubernetes accepts'],
  ['a misspelt option', { nameSpace: 'web' }, 'producer.nameSpace: is not one of the options here; did you mean namespace?'],
])('refuses %s', (_what, options, message) => {
  expect(refusals((chart) => celeryApp(chart, { broker: Broker.fromUrl('redis://redis.example.com') }).producer(options))).toEqual([expect.stringContaining(message)]);
});
