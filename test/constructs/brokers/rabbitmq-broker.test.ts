import { ApiObject, Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, CeleryApp, CeleryAppProps, CeleryWorker, PythonRuntime, RabbitMqBroker, RabbitMqBrokerProps, RabbitMqQueueType, RabbitMqStorage,
  ResultBackend, WorkerPool, WorkerScaling,
} from '../../../src';
import { everyProp } from '../../every-prop';
import { celeryApp, everyOption, EXTERNAL, TASKS } from '../../fixtures';
import { refusals, synth } from '../../manifests';
import { NEWEST } from '../../locks/lock';

const PASSWORD = { name: 'rabbitmq', key: 'password' };
const SECRETS = [...EXTERNAL, 'Secret/rabbitmq', 'Secret/definitions', 'Secret/rabbitmq-tls', 'Secret/rabbitmq-ca'];
const install = (celery: string) => PythonRuntime.install({ celery });

function rabbit(props: Partial<RabbitMqBrokerProps> = {}, app: Partial<CeleryAppProps> = {}, worker: object = {}): (chart: Chart) => void {
  return (chart) => {
    const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, ...props });
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker, resultBackend: ResultBackend.none(), runtime: install('5.6.3'), ...app }), ...worker });
  };
}

const made = (...args: Parameters<typeof rabbit>) => synth(rabbit(...args), SECRETS);
const container = (manifests: ReturnType<typeof made>) => manifests.get('StatefulSet', 'rabbitmq').spec.template.spec.containers[0];
const env = (manifests: ReturnType<typeof made>): Record<string, string> =>
  Object.fromEntries(container(manifests).env.map(({ name, value }: { name: string; value: string }) => [name, value]));

describe('with the least that it needs', () => {
  const manifests = made();

  test('is one pod with a claim, and a node name that is never that of a pod', () => {
    const { replicas, serviceName, template } = manifests.get('StatefulSet', 'rabbitmq').spec;
    expect({ replicas, serviceName }).toEqual({ replicas: 1, serviceName: 'rabbitmq' });
    expect(template.spec.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'rabbitmq-data' } });
    expect(container(manifests).volumeMounts).toContainEqual({ name: 'data', mountPath: '/var/lib/rabbitmq' });
    expect(manifests.get('PersistentVolumeClaim', 'rabbitmq-data').spec.resources.requests.storage).toBe('4Gi');
    expect(env(manifests)).toMatchObject({ RABBITMQ_NODENAME: 'rabbit@localhost', RABBITMQ_USE_LONGNAME: 'false' });
  });

  test('has a pinned image, and runs as nobody on a root file system that is read-only', () => {
    expect(container(manifests)).toMatchObject({
      image: 'rabbitmq:4.2', command: ['rabbitmq-server'], securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    });
  });

  test('has its user from the Secret, and so has Celery, by the launcher', () => {
    const secretKeyRef = PASSWORD;
    expect(container(manifests).env).toContainEqual({ name: 'RABBITMQ_DEFAULT_PASS', valueFrom: { secretKeyRef } });
    expect(manifests.main('celery-worker').env).toContainEqual({ name: 'CDK8S_CELERY_BROKER_PASSWORD', valueFrom: { secretKeyRef } });
    expect(manifests.env('celery-worker').CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL)
      .toBe('amqp://celery:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.test.svc.cluster.local:5672/%2F');
    expect(manifests.main('celery-worker').command.slice(0, 4)).toEqual(['python', '-m', 'cdk8s_celery_launch', 'celery']);
  });

  test('blocks publishers below its memory limit, and not at that of the node', () => {
    expect(manifests.get('ConfigMap', 'rabbitmq-config').data['10-cdk8s-celery.conf'].split('\n')).toEqual([
      'log.console = true', 'vm_memory_high_watermark.absolute = 307MiB', 'disk_free_limit.absolute = 307MiB', '',
    ]);
  });

  test('admits the pods of its app, to both ports', () => {
    expect(manifests.get('NetworkPolicy', 'rabbitmq').spec).toEqual({
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'rabbitmq', 'app.kubernetes.io/instance': 'rabbitmq', 'component': 'rabbitmq' } },
      policyTypes: ['Ingress'],
      ingress: [{
        from: [{
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'test' } },
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'celery', 'app.kubernetes.io/part-of': 'celery' } },
        }],
        ports: [{ port: 5672, protocol: 'TCP' }, { port: 15672, protocol: 'TCP' }],
      }],
    });
    expect(manifests.get('Service', 'rabbitmq').spec.ports.map(({ port }: { port: number }) => port)).toEqual([5672, 15672]);
  });
});

const DEFAULT_QUORUM = { task_default_queue_type: 'quorum', task_default_exchange_type: 'topic' };
const ALL_QUORUM = { ...DEFAULT_QUORUM, task_create_missing_queue_type: 'quorum', task_create_missing_queue_exchange_type: 'topic' };

const QUEUES = [{ name: 'mail' }];
const quorumQueue = (name: string) => ({ exchange: name, routing_key: name, exchange_type: 'topic', queue_arguments: { 'x-queue-type': 'quorum' } });

test('Celery 5.5 gives queues that it knows by their name no type: task_queues has them', () => {
  const taskQueues = (version: string, app: Partial<CeleryAppProps> = {}) => made({}, { runtime: install(version), queues: QUEUES, ...app }, { queues: ['mail', 'celery'] })
    .main('celery-worker').command.find((word: string) => word.startsWith('task_queues='));
  expect(JSON.parse(taskQueues('5.5.3')!.slice('task_queues=(json)'.length))).toEqual({ celery: quorumQueue('celery'), mail: quorumQueue('mail') });
  expect(taskQueues('5.6.3')).toBeUndefined();
  expect(taskQueues('5.4.0')).toBeUndefined();
  expect(taskQueues('5.5.3', { code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.task_queues = [Queue("mail")]\n` }) })).toBeUndefined();
});

describe('one queue of two apps', () => {
  const two = (one: Partial<CeleryAppProps>, other: Partial<CeleryAppProps>, props: Partial<RabbitMqBrokerProps> = {}) => (chart: Chart): void => {
    const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, ...props });
    for (const [name, app] of Object.entries({ shop: one, canary: other })) {
      const celery = new CeleryApp(chart, name, {
        app: 'tasks', code: AppCode.fromInline({ 'tasks.py': TASKS }), broker, resultBackend: ResultBackend.none(), runtime: install('5.6.3'), ...app,
      });
      new CeleryWorker(chart, `${name}-worker`, { celery });
    }
  };

  test('is refused where they declare it differently', () => {
    expect(refusals(two({ runtime: install('5.4.0') }, {}))).toEqual([
      '[chart/rabbitmq] queueType: the queue \'celery\' is declared as classic by chart/shop, and as quorum by chart/canary, and RabbitMQ refuses the second of them: '
      + 'PRECONDITION_FAILED; give queueType: RabbitMqQueueType.CLASSIC, and the queue the same maxPriority in all apps; or give each app queues or a virtual host of its own',
    ]);
    expect(refusals(two({ queues: [{ name: 'celery', maxPriority: 5 }] }, {}, { queueType: RabbitMqQueueType.CLASSIC })).join()).toContain(
      'is declared as classic with x-max-priority 5 by chart/shop, and as classic by chart/canary');
  });

  test.each<[string, (chart: Chart) => void]>([
    ['of one version', two({}, {})], ['of one type', two({ runtime: install('5.4.0') }, {}, { queueType: RabbitMqQueueType.CLASSIC })],
    ['with other queues', two({ runtime: install('5.4.0') }, { settings: { task_default_queue: 'new' } })],
  ])('is fine %s', (_, program) => {
    expect(synth(program, SECRETS).identities()).toContain('StatefulSet/rabbitmq');
  });
});

test.each<[string, Partial<CeleryAppProps>, Partial<RabbitMqBrokerProps>, object]>([
  ['Celery 5.6', { runtime: install('5.6.3') }, {}, ALL_QUORUM],
  ['Celery 5.5', { runtime: install('5.5.3') }, {}, DEFAULT_QUORUM],
  ['Celery 5.4', { runtime: install('5.4.0') }, {}, {}],
  ['an image', { runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0') }, {}, {}],
  ['an image that is known to be new', { runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0') }, { queueType: RabbitMqQueueType.QUORUM }, ALL_QUORUM],
  ['classic queues by choice', {}, { queueType: RabbitMqQueueType.CLASSIC }, {}],
])('%s: publishers wait for RabbitMQ, and queues are of its type', (_what, app, props, types) => {
  expect(JSON.parse(String(made(props, app).env('celery-worker').CDK8S_CELERY_CONNECTION_SETTINGS))).toEqual({
    broker_transport_options: { confirm_publish: true }, ...types,
  });
});

describe('the consumer timeout', () => {
  const timeout = (manifests: ReturnType<typeof made>) => env(manifests).RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS;

  // A process reserves one task behind the one that runs, and a minute may pass until it is acknowledged.
  test.each<[string, object, number]>([
    ['the default task', {}, 1],
    ['the last task of an hour', { longestTask: Duration.seconds(1770) }, 1],
    ['the first task of another hour', { longestTask: Duration.seconds(1771) }, 2],
    ['several that are reserved', { longestTask: Duration.hours(2), prefetchMultiplier: 4 }, 11],
    ['the time limit', { pool: WorkerPool.prefork({ timeLimit: Duration.hours(3) }) }, 7],
  ])('is above what a worker holds: %s', (_what, worker, hours) => {
    expect(timeout(made({}, {}, worker))).toBe(`-rabbit consumer_timeout ${hours * 3_600_000}`);
  });

  test('is that of the longest worker of all apps', () => {
    const manifests = synth((chart) => {
      const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD });
      const celery = celeryApp(chart, { broker, resultBackend: ResultBackend.none(), runtime: install('5.6.3') });
      new CeleryWorker(chart, 'worker', { celery, longestTask: Duration.hours(1) });
      new CeleryWorker(chart, 'slow', { celery, queues: ['slow'], longestTask: Duration.hours(4) });
    }, SECRETS);
    expect(timeout(manifests)).toBe(`-rabbit consumer_timeout ${9 * 3_600_000}`);
  });

  test('that is given is refused where a task may take longer', () => {
    const hour = { pool: WorkerPool.prefork({ timeLimit: Duration.hours(1) }) };
    const given = (minutes: number) => rabbit({ consumerTimeout: Duration.minutes(minutes) }, { settings: { task_acks_late: true } }, hour);
    expect(timeout(synth(given(61), SECRETS))).toBe('-rabbit consumer_timeout 3660000');
    expect(refusals(given(60))).toEqual([expect.stringContaining('[rabbitmq/consumer-timeout]')]);
  });
});

describe('versions that break clients', () => {
  test.each([['rabbitmq:4.3', '5.6.3', true], ['rabbitmq:4.2', '5.6.3', false], ['rabbitmq:4.3', NEWEST, false], ['rabbitmq:3.10.8', '5.3.4', false]])(
    '%s with Celery %s: refused: %p', (image, celery, refused) => {
      const define = rabbit({ image }, { runtime: install(celery) });
      expect(refused ? refusals(define) : synth(define, SECRETS).identities()).toContainEqual(
        refused ? expect.stringContaining('[rabbitmq/refuses-transient-queues]') : 'StatefulSet/rabbitmq',
      );
    });
});

test('with all props, each does something', () => {
  const manifests = everyProp<RabbitMqBrokerProps, 'password'>({
    required: ['password'],
    external: SECRETS,
    props: () => ({
      ...everyOption, password: PASSWORD, username: 'shop', virtualHost: 'shop/eu', definitions: { name: 'definitions', key: 'all.json' }, name: 'queues',
      tls: { secretName: 'rabbitmq-tls', ca: { name: 'rabbitmq-ca', key: 'root.crt' } },
      image: 'registry.example.com/rabbitmq:4.2.1', storage: RabbitMqStorage.claim({ size: Size.gibibytes(8) }), queueType: RabbitMqQueueType.CLASSIC,
      consumerTimeout: Duration.hours(2), clusterDomain: 'example.internal',
    }),
    make: (chart, props) => {
      const broker = new RabbitMqBroker(chart, 'rabbitmq', props);
      new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker, resultBackend: ResultBackend.none(), runtime: install('5.6.3') }) });
    },
  });
  expect(manifests.env('celery-worker').CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL)
    .toBe('amqps://shop:{CDK8S_CELERY_BROKER_PASSWORD}@queues.test.svc.example.internal:5671/shop%2Feu');
  const { containers: [main], volumes } = manifests.get('StatefulSet', 'queues').spec.template.spec;
  expect(main.env).toContainEqual({ name: 'RABBITMQ_DEFAULT_VHOST', value: 'shop/eu' });
  expect(volumes).toContainEqual({ name: 'definitions', secret: { secretName: 'definitions', items: [{ key: 'all.json', path: 'definitions.json' }] } });
  expect(manifests.get('ConfigMap', 'queues-config').data['10-cdk8s-celery.conf']).toContain('load_definitions = /etc/rabbitmq/definitions/definitions.json\n');
  expect(manifests.get('PersistentVolumeClaim', 'queues-data').spec.resources.requests.storage).toBe('8Gi');
});

test('the kubelet makes the user and the virtual host of them that are given', () => {
  const manifests = made({ username: 'a$$b$(HOME)', virtualHost: '$$', env: [{ name: 'TZ', value: 'Asia/Tokyo' }] });
  expect(env(manifests)).toMatchObject({ RABBITMQ_DEFAULT_USER: 'a$$$$b$$(HOME)', RABBITMQ_DEFAULT_VHOST: '$$$$', TZ: 'Asia/Tokyo' });
  expect(manifests.env('celery-worker')).toMatchObject({
    CDK8S_CELERY_BROKER_USERNAME: 'a$$$$b$$(HOME)',
    CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL: 'amqp://a%24%24b%24(HOME):{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.test.svc.cluster.local:5672/%24%24',
  });
});

test('KEDA reads its queues over HTTP, with the user of the worker and the password of the Secret', () => {
  const manifests = made({}, {}, { scaling: WorkerScaling.queueLength({ minReplicas: 1, maxReplicas: 4, tasksPerReplica: 10 }) });
  const [trigger] = manifests.find('ScaledObject', 'celery-worker')!.spec.triggers;
  expect(trigger).toMatchObject({ type: 'rabbitmq', authenticationRef: { name: 'celery-worker' }, metadata: {
    protocol: 'http', host: 'http://rabbitmq.test.svc.cluster.local:15672', vhostName: '/', queueName: 'celery',
    usernameFromEnv: 'CDK8S_CELERY_BROKER_USERNAME',
  } });
  expect(manifests.all.find(({ kind }) => kind === 'TriggerAuthentication')!.spec).toEqual({ secretTargetRef: [{ parameter: 'password', ...PASSWORD }] });
  const admitted = (one: ReturnType<typeof made>) => one.get('NetworkPolicy', 'rabbitmq').spec.ingress[0].from
    .map(({ namespaceSelector }) => namespaceSelector.matchLabels['kubernetes.io/metadata.name']);
  expect([admitted(manifests), admitted(made())]).toEqual([['test', 'keda'], ['test']]);
});

describe('with TLS', () => {
  const manifests = made({ tls: { secretName: 'rabbitmq-tls' } }, {}, { scaling: WorkerScaling.queueLength({ maxReplicas: 4 }) });

  test('takes no other connections, neither of AMQP nor of the management', () => {
    expect(manifests.get('ConfigMap', 'rabbitmq-config').data['10-cdk8s-celery.conf'].split('\n').slice(3)).toEqual([
      'listeners.tcp = none', 'listeners.ssl.default = 5671',
      'ssl_options.cacertfile = /etc/rabbitmq-tls/ca.crt', 'ssl_options.certfile = /etc/rabbitmq-tls/tls.crt', 'ssl_options.keyfile = /etc/rabbitmq-tls/tls.key',
      'ssl_options.verify = verify_none', 'ssl_options.fail_if_no_peer_cert = false',
      'management.ssl.port = 15671',
      'management.ssl.cacertfile = /etc/rabbitmq-tls/ca.crt', 'management.ssl.certfile = /etc/rabbitmq-tls/tls.crt', 'management.ssl.keyfile = /etc/rabbitmq-tls/tls.key',
      '',
    ]);
    const { template: { spec: { volumes } } } = manifests.get('StatefulSet', 'rabbitmq').spec;
    expect(volumes).toContainEqual({ name: 'tls', secret: { secretName: 'rabbitmq-tls', items: ['tls.crt', 'tls.key', 'ca.crt'].map((key) => ({ key, path: key })) } });
    expect(container(manifests).volumeMounts).toContainEqual({ name: 'tls', mountPath: '/etc/rabbitmq-tls', readOnly: true });
    expect(container(manifests)).toMatchObject({
      ports: [{ containerPort: 5671, name: 'amqps' }, { containerPort: 15671, name: 'management' }],
      startupProbe: { tcpSocket: { port: 5671 } }, readinessProbe: { tcpSocket: { port: 5671 } }, livenessProbe: { tcpSocket: { port: 5671 } },
    });
    expect(manifests.get('Service', 'rabbitmq').spec.ports.map(({ port }) => port)).toEqual([5671, 15671]);
    expect(manifests.get('NetworkPolicy', 'rabbitmq').spec.ingress[0].ports.map(({ port }) => port)).toEqual([5671, 15671]);
  });

  test('its apps verify the certificate and the name of the Service, with the CA and without the key', () => {
    const found = manifests.env('celery-worker');
    expect(found.CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL).toBe('amqps://celery:{CDK8S_CELERY_BROKER_PASSWORD}@rabbitmq.test.svc.cluster.local:5671/%2F');
    expect(JSON.parse(found.CDK8S_CELERY_CONNECTION_SETTINGS as string)).toEqual({
      broker_transport_options: { confirm_publish: true }, ...ALL_QUORUM,
      broker_use_ssl: { cert_reqs: 2, server_hostname: 'rabbitmq.test.svc.cluster.local', ca_certs: '/etc/celery-broker-tls/ca.crt' },
    });
    expect(manifests.pod('celery-worker').volumes).toContainEqual({
      name: 'broker-tls', projected: { sources: [{ secret: { name: 'rabbitmq-tls', items: [{ key: 'ca.crt', path: 'ca.crt' }] } }] },
    });
  });

  test('the CA may be in a Secret of its own', () => {
    expect(made({ tls: { secretName: 'rabbitmq-tls', ca: { name: 'rabbitmq-ca', key: 'root.crt' } } }).pod('celery-worker').volumes).toContainEqual({
      name: 'broker-tls', projected: { sources: [{ secret: { name: 'rabbitmq-ca', items: [{ key: 'root.crt', path: 'ca.crt' }] } }] },
    });
  });

  test('KEDA has the CA, and uses TLS as the variable of the worker says', () => {
    expect(manifests.find('ScaledObject', 'celery-worker')!.spec.triggers[0].metadata.host).toBe('https://rabbitmq.test.svc.cluster.local:15671');
    const { name, value } = manifests.main('celery-worker').env.find((variable) => variable.name === 'CDK8S_CELERY_BROKER_TLS')!;
    expect(value).toBe('enable');
    expect(manifests.all.filter(({ kind }) => kind === 'TriggerAuthentication').map(({ spec }) => spec)).toEqual([
      { secretTargetRef: [{ parameter: 'password', ...PASSWORD }, { parameter: 'ca', name: 'rabbitmq-tls', key: 'ca.crt' }], env: [{ parameter: 'tls', name }] },
    ]);
  });

  test.each([[['tls.crt', 'ca.crt'], 'tls.key'], [['tls.key', 'ca.crt'], 'tls.crt'], [['tls.crt', 'tls.key'], 'ca.crt'], [[], 'tls.key']])(
    'a Secret of the program with %p lacks a key, and is refused', (keys, missing) => {
      const found = refusals((chart) => {
        new ApiObject(chart, 'certificate', {
          apiVersion: 'v1', kind: 'Secret', metadata: { name: 'rabbitmq-tls' }, type: 'kubernetes.io/tls', stringData: Object.fromEntries(keys.map((key) => [key, 'x'])),
        });
        rabbit({ tls: { secretName: 'rabbitmq-tls' } })(chart);
      }).join('\n');
      expect(found).toMatch(new RegExp(`StatefulSet test/rabbitmq .*it has "Secret rabbitmq-tls, key ${missing}".*\\[references/no-such-key\\]`));
    });

  test('without it nothing of it is there', () => {
    const plain = made();
    expect(plain.get('ConfigMap', 'rabbitmq-config').data['10-cdk8s-celery.conf']).not.toContain('ssl');
    expect(plain.env('celery-worker')).not.toHaveProperty('CDK8S_CELERY_BROKER_TLS');
    expect(plain.get('Service', 'rabbitmq').spec.ports.map(({ port }) => port)).toEqual([5672, 15672]);
  });
});

test('what it builds can be reached, and other namespaces are admitted', () => {
  const manifests = synth((chart) => {
    const broker = new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, storage: RabbitMqStorage.ephemeral() });
    broker.admitNamespace('web');
    expect([broker.statefulSet.name, broker.service.name, broker.networkPolicy.name, broker.host, broker.port])
      .toEqual(['rabbitmq', 'rabbitmq', 'rabbitmq', 'rabbitmq.test.svc.cluster.local', 5672]);
  }, SECRETS);
  expect(manifests.get('NetworkPolicy', 'rabbitmq').spec.ingress[0].from[0].namespaceSelector.matchLabels).toEqual({ 'kubernetes.io/metadata.name': 'web' });
});

test.each<[string, Partial<RabbitMqBrokerProps>, string]>([
  ['no password', { password: undefined }, 'password: undefined is missing; put it into a Secret, and give { name, key }'],
  ['a literal password', { password: 'hunter2' as never }, 'password: '],
  ['no key', { password: { name: 'rabbitmq' } as never }, 'password.key: undefined is missing'],
  ['TLS without a Secret', { tls: {} as never }, 'tls.secretName: undefined is missing; give the name of a Secret of type kubernetes.io/tls'],
  ['true for TLS', { tls: true as never }, 'tls: true is not an object'],
  ['a Secret that has no name', { tls: { secretName: 'Rabbit_TLS' } }, 'tls.secretName: \'Rabbit_TLS\' is not a name that Kubernetes accepts'],
  ['a CA without a key', { tls: { secretName: 'rabbitmq-tls', ca: { name: 'ca' } as never } }, 'tls.ca.key: undefined is missing'],
  ['an empty user', { username: '' }, 'username: \'\' is empty; leave it out'],
  ['another node name', { env: [{ name: 'RABBITMQ_NODENAME', value: 'rabbit@x' }] },
    'env: \'RABBITMQ_NODENAME\' would give RabbitMQ another folder, without the queues and their messages; remove it'],
  ['another consumer timeout', { env: [{ name: 'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS', value: '-rabbit x 1' }] },
    'env: \'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS\' has the consumer timeout, which follows from the tasks of the apps; give the prop consumerTimeout instead'],
  ['another password', { env: [{ name: 'RABBITMQ_DEFAULT_PASS', value: 'hunter2' }] }, 'env: \'RABBITMQ_DEFAULT_PASS\' is the password of the apps; give the prop password'],
  ['another port', { env: [{ name: 'RABBITMQ_NODE_PORT', value: '5673' }] },
    'env: \'RABBITMQ_NODE_PORT\' would have RabbitMQ listen where the probes and the Service do not reach it'],
  ['an empty virtual host', { virtualHost: '' }, 'virtualHost: \'\' is empty; give its name'],
  ['a timeout below that of RabbitMQ', { consumerTimeout: Duration.seconds(59) }, 'consumerTimeout: '],
  ['a queue type that there is not', { queueType: 'stream' as never }, 'queueType: \'stream\' is not a RabbitMqQueueType'],
  ['a bad claim', { storage: RabbitMqStorage.fromClaimName('my_claim') }, 'storage.claimName: \'my_claim\' is not a name'],
  ['a claim that is not twice the disk that is kept free', { storage: RabbitMqStorage.claim({ size: Size.mebibytes(613) }) },
    'storage.size: \'613Mi\' is less than twice 307 MiB, the free disk below which RabbitMQ takes no messages: as much as the memory that it may fill; give at '
      + 'least Size.mebibytes(614), or lower the memory limit'],
  ['too little memory', { resources: { limits: { memory: '255Mi' } } }, 'resources.limits.memory: 255 MiB is less than RabbitMQ needs'],
  ['the default claim with more memory', { resources: { limits: { memory: '8Gi' } } }, 'storage.size: \'4Gi\' is less than twice 4915 MiB'],
  ['a bad name', { name: 'Rabbit' }, 'name: \'Rabbit\' is not a name'],
])('refuses %s', (_what, props, message) => {
  const lines = refusals((chart) => new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, ...props }));
  expect(lines).toContainEqual(expect.stringContaining(`[chart/rabbitmq] ${message}`));
  expect(lines.join()).not.toContain('hunter2');
});

test.each<[Partial<RabbitMqBrokerProps>]>([
  [{ storage: RabbitMqStorage.claim({ size: Size.mebibytes(614) }) }], [{ resources: { limits: { memory: '256Mi' } } }], [{ resources: { limits: { memory: '3Gi' } } }],
  [{ resources: { limits: { memory: '8Gi' } }, storage: RabbitMqStorage.ephemeral() }], [{ resources: { requests: { memory: '8Gi' } } }],
])('has disk enough with %j', (props) => {
  expect(made(props).identities()).toContain('StatefulSet/rabbitmq');
});

test('two on one claim are refused', () => {
  const storage = RabbitMqStorage.fromClaimName('same');
  expect(refusals((chart) => {
    new RabbitMqBroker(chart, 'one', { password: PASSWORD, storage });
    new RabbitMqBroker(chart, 'two', { password: PASSWORD, storage });
  }).join()).toMatch(/StatefulSet test\/two.*has "claim same, folder mnesia".*\[filesystem\/data-of-several-servers\]/);
});

test('needs a result backend, which RabbitMQ cannot be', () => {
  expect(refusals(rabbit({}, { resultBackend: undefined }))).toEqual([expect.stringContaining('resultBackend: undefined is missing, and the message broker keeps no results')]);
});

test('quorum queues that a Celery does not know are refused at the prop, and taken from 5.5 on', () => {
  const queueType = RabbitMqQueueType.QUORUM;
  expect(refusals(rabbit({ queueType }, { runtime: install('5.4.0') }))).toEqual([
    '[chart/rabbitmq] queueType: \'quorum\' needs Celery 5.5 or later, and chart/celery installs 5.4.0; leave it out for classic queues there, or install a later Celery',
  ]);
  expect(() => made({ queueType }, { runtime: install('5.5.3') })).not.toThrow();
});

test('a name that is none is said once, and not also of the claim that is called after it', () => {
  expect(refusals(rabbit({ name: 'R' }))).toEqual([expect.stringContaining('[chart/rabbitmq] name: \'R\' is not a name that Kubernetes accepts')]);
  expect(refusals(rabbit({ storage: RabbitMqStorage.claim({ claimName: 'R-data' }) }))).toEqual([expect.stringContaining('storage.claimName: \'R-data\'')]);
});
