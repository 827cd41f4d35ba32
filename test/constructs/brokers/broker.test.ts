import { ApiObject, Chart } from 'cdk8s';
import {
  AppCode, Broker, BrokerBinding, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryWorker, IBroker, PythonRuntime, RedisBroker,
  ResultBackend, SecretBrokerOptions,
} from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifests, refusals, render, synth } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const SECRET = { name: 'broker', key: 'url' };

function made(broker: IBroker, props: Partial<CeleryAppProps> = {}, flower = true): (chart: Chart) => void {
  return (chart) => {
    const celery = new CeleryApp(chart, 'celery', {
      app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.install({ celery: '5.6.3' }), ...props,
    });
    new CeleryWorker(chart, 'worker', { celery });
    new CeleryBeat(chart, 'beat', { celery });
    if (flower) new CeleryFlower(chart, 'flower', { celery });
  };
}

const ALL = ['celery-worker', 'celery-beat', 'celery-flower'];
const EXTERNAL = ['Secret/broker', 'Secret/results', 'Secret/redis-tls'];
const variable = (manifests: Manifests, name: string, of = 'celery-worker'): Any =>
  (manifests.main(of).env as { name: string }[]).find((one) => one.name === name);

describe('a broker that exists', () => {
  test('by its URL is the result backend, too, where it can keep results', () => {
    const manifests = synth(made(Broker.fromUrl('redis://redis.example.com:6379/3')), EXTERNAL);
    for (const name of ALL) {
      expect(manifests.env(name)).toMatchObject({ CELERY_BROKER_URL: 'redis://redis.example.com:6379/3', CELERY_RESULT_BACKEND: 'redis://redis.example.com:6379/3' });
    }
    // It makes no objects.
    expect(manifests.identities().filter((identity) => !identity.includes('/celery-'))).toEqual([]);
  });

  test('in a Secret comes from there as a whole', () => {
    const manifests = synth(made(Broker.fromSecret(SECRET)), EXTERNAL);
    for (const name of ALL) {
      for (const url of ['CELERY_BROKER_URL', 'CELERY_RESULT_BACKEND']) {
        expect(variable(manifests, url, name)).toEqual({ name: url, valueFrom: { secretKeyRef: SECRET } });
      }
    }
  });

  test('RabbitMQ in a Secret has the result backend that the app is given', () => {
    const manifests = synth(made(Broker.fromSecret(SECRET, { transport: 'amqps' }), {
      resultBackend: ResultBackend.fromSecret({ name: 'results', key: 'url' }),
    }), EXTERNAL);
    expect(variable(manifests, 'CELERY_BROKER_URL').valueFrom.secretKeyRef).toEqual(SECRET);
    expect(variable(manifests, 'CELERY_RESULT_BACKEND').valueFrom.secretKeyRef).toEqual({ name: 'results', key: 'url' });
  });

  test('no results', () => {
    expect(synth(made(Broker.fromUrl('amqp://rabbitmq.example.com//'), { resultBackend: ResultBackend.none() })).env('celery-worker').CELERY_RESULT_BACKEND)
      .toBe('disabled://');
  });

  test('one value serves several apps', () => {
    const broker = Broker.fromUrl('redis://redis.example.com:6379/0');
    expect(synth((chart) => {
      for (const id of ['one', 'other']) {
        const celery = new CeleryApp(chart, id, {
          app: 'tasks', broker, code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'),
        });
        new CeleryWorker(chart, `${id}-worker`, { celery });
      }
    }).identities()).toEqual(expect.arrayContaining(['Deployment/one-worker', 'Deployment/other-worker']));
  });

  test.each([
    ['sqs://', ['celery[sqs]']], ['sqs://', ['boto3', 'pycurl==7.45.6']], ['kafka://kafka.example.com:9092', ['kombu[confluentkafka]']], ['amqps://r.example.com//', []],
  ])('%s is taken with the requirements %p', (url, requirements) => {
    const runtime = PythonRuntime.install({ celery: '5.6.3', requirements });
    expect(synth(made(Broker.fromUrl(url), { runtime, resultBackend: ResultBackend.none() }, false)).env('celery-worker').CELERY_BROKER_URL).toBe(url);
  });

  test('what an image has is not known', () => {
    const runtime = PythonRuntime.fromImage('registry.example.com/app:1.0.0');
    expect(synth(made(Broker.fromUrl('sqs://'), { runtime, resultBackend: ResultBackend.none() }, false)).env('celery-worker').CELERY_BROKER_URL).toBe('sqs://');
  });
});

test.each(['Pa$hunter2', '${hunter2}', '{hunter2', '<hunter2>', '%68unter2hunter2', 'hun$$ter2hunter2'])('a password is one, whatever it looks like: %s', (password) => {
  const url = `redis://:${password}@redis.example.com/0`;
  const asBroker = refusals(made(Broker.fromUrl(url)));
  const asBackend = refusals(made(Broker.fromUrl('redis://redis.example.com/0'), { resultBackend: ResultBackend.fromUrl(url) }));
  expect(asBroker.join()).toContain('put the whole URL into a Secret: Broker.fromSecret({ name, key })');
  expect(asBackend.join()).toContain('put the whole URL into a Secret: ResultBackend.fromSecret({ name, key })');
});

test.each(['redis://user:$(PASSWORD)@redis.example.com/0', 'redis://user@redis.example.com/0'])('%s has none in it', (url) => {
  // Only `$(NAME)` is a reference to the kubelet; a rule says what else is wrong with it.
  const found = url.includes('$') ? refusals(made(Broker.fromUrl(url))) : [...new Set([synth(made(Broker.fromUrl(url))).env('celery-worker').CELERY_BROKER_URL])];
  expect(found.join()).not.toContain('has a password in it');
  expect(found.join()).toContain(url.includes('$') ? 'env/unexpanded-reference' : url);
});

describe('refuses', () => {
  const missing = 'resultBackend: undefined is missing, and the message broker keeps no results; give ResultBackend.none() where nobody reads results';

  test.each<[string, IBroker, Partial<CeleryAppProps>, string[]]>([
    ['a password', Broker.fromUrl('redis://:hunter2@redis.example.com:6379/0'), {}, [
      'broker: \'redis://:***@redis.example.com:6379/0\' has a password in it, and everybody who can read a manifest could read it; '
      + 'put the whole URL into a Secret: Broker.fromSecret({ name, key })',
    ]],
    ['what is no URL', Broker.fromUrl('hunter2@redis.example.com'), {}, ['broker: a string is not the URL of a broker; give e.g. \'redis://']],
    ['a number', Broker.fromUrl(6379 as Any), {}, ['broker: a number is not a string; give e.g. \'redis://']],
    ['a space', Broker.fromUrl('redis://redis.example.com: 6379'), {}, ['broker: \'redis://redis.example.com: 6379\' has a space in it; remove it']],
    ['a port that there is not', Broker.fromUrl('redis://redis.example.com:65536/0'), {}, [
      'broker: \'redis://redis.example.com:65536/0\' has a port that there is not, 65536; give one from 1 to 65535',
    ]],
    ['a scheme of nobody', Broker.fromUrl('rabbitmq://r.example.com'), {}, ['broker: \'rabbitmq://r.example.com\' has a scheme that is not a transport of kombu; give one of amqp, amqps']],
    ['the memory of one process', Broker.fromUrl('memory://'), {}, ['broker: \'memory://\' is a broker within one process, which no pod shares']],
    ['a transport that is not installed', Broker.fromUrl('sqs://'), { resultBackend: ResultBackend.none() }, [
      'broker: \'sqs\' is a transport that is not installed; add \'celery[sqs]\' to the requirements of PythonRuntime.install',
    ]],
    ['the same of a Secret', Broker.fromSecret(SECRET, { transport: 'etcd' }), { resultBackend: ResultBackend.none() }, [
      'broker: \'etcd\' is a transport that is not installed; add \'python-etcd\' to the requirements',
    ]],
    ['half of what a transport needs', Broker.fromUrl('sqs://'), {
      resultBackend: ResultBackend.none(), runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['boto3'] }),
    }, ['broker: \'sqs\' is a transport that is not installed']],
    ['RabbitMQ without a result backend', Broker.fromUrl('amqp://rabbitmq.example.com//'), {}, [missing]],
    ['the same of a Secret', Broker.fromSecret(SECRET, { transport: 'amqp' }), {}, [missing]],
    ['RabbitMQ as result backend', Broker.fromUrl('redis://redis.example.com'), { resultBackend: ResultBackend.fromUrl('amqp://rabbitmq.example.com//') }, [
      'resultBackend: \'amqp://rabbitmq.example.com//\' is a message broker, which cannot keep results',
    ]],
    ['a Secret without a key', Broker.fromSecret({ name: 'broker' } as Any), {}, ['broker.key: undefined is missing']],
    ['no Secret', Broker.fromSecret(undefined as Any), {}, ['broker: undefined is missing; give { name, key }']],
    ['a transport of nobody', Broker.fromSecret(SECRET, { transport: 'rabbitmq' }), {}, ['broker.transport: \'rabbitmq\' is not a transport of kombu; give \'amqp\'']],
    ['a misspelt option', Broker.fromSecret(SECRET, { transprot: 'amqp' } as SecretBrokerOptions), {}, ['broker.transprot: is not one of the options here; did you mean transport?']],
  ])('%s', (_what, broker, props, messages) => {
    const lines = refusals(made(broker, props)).filter((line) => line.startsWith('[chart/celery]'));
    expect(lines).toEqual(messages.map((message) => expect.stringContaining(message) as string));
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('a broker of the user\'s own', () => {
  const own = (binding: BrokerBinding): IBroker => ({ bind: () => binding });

  test('gives all that its pods need', () => {
    const bound: string[] = [];
    const broker: IBroker = {
      bind: (app) => {
        bound.push([app.name, app.namespace, app.app].join());
        return {
          env: [{ name: 'REDIS_PASSWORD', valueFrom: { secretKeyRef: { name: 'broker', key: 'password' } } }],
          url: { value: 'rediss://:$(REDIS_PASSWORD)@redis.example.com:6380/0?ssl_cert_reqs=required' },
          resultBackend: { value: 'rediss://:$(REDIS_PASSWORD)@redis.example.com:6380/1?ssl_cert_reqs=required' },
          settings: { broker_transport_options: { visibility_timeout: 7200 }, task_acks_late: true },
          volumes: [{ name: 'redis-tls', secret: { secretName: 'redis-tls' } }],
          volumeMounts: [{ name: 'redis-tls', mountPath: '/etc/redis-tls', readOnly: true }],
        };
      },
    };
    const manifests = synth(made(broker, { settings: { task_acks_late: false } }), EXTERNAL);
    expect(bound).toEqual(['celery,test,tasks']);
    for (const name of ALL) {
      const { env, volumeMounts } = manifests.main(name);
      // The kubelet expands what is defined before.
      expect((env as { name: string }[]).slice(0, 3).map((one) => one.name)).toEqual(['REDIS_PASSWORD', 'CELERY_BROKER_URL', 'CELERY_RESULT_BACKEND']);
      expect(volumeMounts).toContainEqual({ name: 'redis-tls', mountPath: '/etc/redis-tls', readOnly: true });
      expect(manifests.pod(name).volumes).toContainEqual({ name: 'redis-tls', secret: { secretName: 'redis-tls' } });
    }
    expect(manifests.main('celery-worker').command).toEqual(expect.arrayContaining([
      'broker_transport_options=(json){"visibility_timeout":7200}', 'task_acks_late=(json)false',
    ]));
  });

  test.each<[string, Any, string]>([
    ['nothing', undefined, 'broker.url: undefined is missing in what the broker returns from bind()'],
    ['a string', 'redis://:hunter2@r', 'broker: a string of 18 characters is not an object'],
    ['a URL that is no variable', { url: 'redis://:hunter2@r' }, 'broker.url: a string is not an object; give { value } or { valueFrom'],
    ['a URL without a value', { url: {} }, 'broker.url: undefined has no value; give { value } or { valueFrom }'],
    ['a URL in snake case', { url: { value_from: {} } }, 'broker.url.value_from'],
    ['a field that there is not', { url: { value: 'redis://r' }, result_backend: { value: 'redis://r' } },
      'broker.result_backend: is not one of the options here; did you mean resultBackend?'],
    ['an unknown transport', { url: { value: 'redis://r' }, transport: 'reddis' }, 'broker: \'reddis\' is not a transport of kombu'],
    ['an unknown setting', { url: { value: 'redis://r' }, settings: { broker_transport_option: {} } }, 'broker.settings.broker_transport_option'],
    ['a mount without its volume', { url: { value: 'redis://r' }, volumeMounts: [{ name: 'tls', mountPath: '/tls' }] },
      'broker.volumeMounts: \'tls\' is not among the volumes of the broker; add it to volumes'],
    ['a variable without a name', { url: { value: 'redis://r' }, env: [{ value: 'x' }] }, 'broker.env[0].name: undefined is missing'],
  ])('that returns %s is refused', (_what, binding, message) => {
    const lines = refusals(made(own(binding), { resultBackend: ResultBackend.none() })).filter((line) => line.startsWith('[chart/celery]'));
    expect(lines.join('\n')).toContain(`[chart/celery] ${message}`);
    expect(lines.join()).not.toContain('hunter2');
  });

  test('that throws says so', () => {
    expect(() => refusals(made({ bind: () => { throw new Error('no such broker'); } }))).toThrow('no such broker');
  });
});

test('a Redis in the cluster admits the pods of each app', () => {
  const manifests = synth((chart) => {
    const redis = new RedisBroker(chart, 'redis');
    for (const name of ['one', 'other']) {
      const celery = new CeleryApp(chart, name, {
        app: 'tasks', broker: redis, code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'),
      });
      new CeleryWorker(chart, `${name}-worker`, { celery });
    }
  });
  expect(manifests.get('NetworkPolicy', 'redis').spec.ingress[0].from.map(({ podSelector }) => podSelector.matchLabels['app.kubernetes.io/part-of']))
    .toEqual(['one', 'other']);
});

describe('a name that only another namespace knows', () => {
  const program = (broker: Broker, service: string, resultBackend?: ResultBackend) => (chart: Chart): void => {
    new ApiObject(chart, 'service', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'store', namespace: service }, spec: { selector: { app: 'store' }, ports: [{ port: 6379 }] } });
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker, resultBackend }) });
  };
  const password = { name: 'broker', key: 'password' };

  test.each<[string, Broker, ResultBackend | undefined]>([
    ['a URL', Broker.fromUrl('redis://store:6379/0'), undefined],
    ['a Redis with a password', Broker.fromRedis({ host: 'store', password }), undefined],
    ['Sentinel', Broker.fromSentinel({ sentinels: ['store'], masterName: 'mymaster' }), undefined],
    ['RabbitMQ', Broker.fromRabbitMq({ host: 'store', username: 'shop', password }), ResultBackend.none()],
    ['a result backend', Broker.fromUrl('redis://redis.data.svc.cluster.local:6379/0'), ResultBackend.fromRedis({ host: 'store' })],
  ])('is refused with the whole name: %s', (_what, broker, resultBackend) => {
    expect(refusals(program(broker, 'data', resultBackend)).join('\n')).toMatch(
      /the namespace test has no Service store; it has "[^"]*[/@]store:\d+[^"]*"; allowed: store\.data\.svc\.cluster\.local\. Write the whole name: store\.data\.svc\.cluster\.local\./,
    );
  });

  test('is the Service of its own namespace where there is one', () => {
    expect(() => render(program(Broker.fromUrl('redis://store:6379/0'), 'test'))).not.toThrow();
  });
});
