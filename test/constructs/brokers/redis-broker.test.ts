import { ApiObject, App, Chart, Duration, Size } from 'cdk8s';
import {
  AppCode, Broker, BeatStorage, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryNetwork, CeleryWorker, FlowerStorage, HealthCheck, IBroker,
  PythonRuntime, RedisBroker, RedisBrokerProps, RedisStorage, RedisTls, ResultBackend, rules, SecretKey, WorkerPool, WorkerScaling,
} from '../../../src';
import { everyProp } from '../../every-prop';
import { celeryApp, everyOption, EXTERNAL, TASKS } from '../../fixtures';
import { Manifest, Manifests, refusals, renderApp, synth } from '../../manifests';

function redis(props?: RedisBrokerProps): (chart: Chart) => RedisBroker {
  return (chart) => new RedisBroker(chart, 'redis', props);
}

/** Where there are kinds that Kubernetes does not have by itself. */
function policyOf(rendered: string): Manifest {
  return (JSON.parse(rendered) as Manifest[]).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'redis')!;
}

/** The value of an option of redis-server. */
function option(manifests: Manifests, name: string): string | undefined {
  const { command } = manifests.main('redis');
  return command.includes(`--${name}`) ? command[command.indexOf(`--${name}`) + 1] : undefined;
}

describe('with the least that it needs', () => {
  const manifests = synth(redis());

  // With it, all pods were Running and no task could run: Redis refused every client from another pod.
  test('has protected mode off, and a NetworkPolicy instead', () => {
    expect(option(manifests, 'protected-mode')).toBe('no');
    expect(manifests.get('NetworkPolicy', 'redis').spec.policyTypes).toEqual(['Ingress', 'Egress']);
  });

  test('refuses to queue when it is full, rather than lose tasks', () => {
    expect(option(manifests, 'maxmemory-policy')).toBe('noeviction');
  });

  test('is full before the kernel kills it', () => {
    expect([option(manifests, 'maxmemory'), manifests.main('redis').resources.limits.memory]).toEqual(['192mb', '256Mi']);
  });

  test('is one pod, which goes before the next one comes: two would share the data', () => {
    const { replicas, strategy } = manifests.get('Deployment', 'redis').spec;
    expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  // `redis-cli ping` exits 0 on NOAUTH and LOADING too.
  test('its probes want the answer PONG', () => {
    const { startupProbe, readinessProbe, livenessProbe } = manifests.main('redis');
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
      expect(probe.exec.command).toEqual(['sh', '-c', 'test "$(redis-cli -p 6379 ping)" = PONG']);
    }
  });

  test('has five minutes to load its data before a probe ends it', () => {
    const { initialDelaySeconds, periodSeconds, failureThreshold } = manifests.main('redis').startupProbe;
    expect(initialDelaySeconds).toBe(5);
    expect(periodSeconds * failureThreshold).toBe(300);
  });

  test('keeps nothing on disk, and has a volume for its working directory', () => {
    expect([option(manifests, 'appendonly'), option(manifests, 'save'), option(manifests, 'dir')]).toEqual(['no', '', '/data']);
    expect(manifests.pod('redis').volumes).toEqual([{ name: 'data', emptyDir: { sizeLimit: '64Mi' } }]);
    expect(manifests.main('redis').volumeMounts).toEqual([{ mountPath: '/data', name: 'data' }]);
  });

  test('has a Service inside the cluster', () => {
    expect(manifests.get('Service', 'redis').spec).toEqual({
      type: 'ClusterIP',
      ports: [{ name: 'redis', port: 6379, targetPort: 6379 }],
      selector: manifests.get('Deployment', 'redis').spec.selector.matchLabels,
    });
  });

  test('admits nobody before an app uses it', () => {
    expect(manifests.get('NetworkPolicy', 'redis').spec).toEqual({
      podSelector: { matchLabels: manifests.get('Deployment', 'redis').spec.selector.matchLabels }, policyTypes: ['Ingress', 'Egress'],
    });
  });

  test('connects to nobody, unless a container of the user does', () => {
    expect(manifests.get('NetworkPolicy', 'redis').spec.egress).toBeUndefined();
    const containers = [{ name: 'exporter', image: 'registry.example.com/exporter:1.0.0', command: ['exporter'] }];
    for (const props of [{ containers }, { sidecars: containers }, { initContainers: containers }]) {
      expect(synth(redis(props)).get('NetworkPolicy', 'redis').spec.policyTypes).toEqual(['Ingress']);
    }
  });
});

test('with all props, each does something', () => {
  const manifests = everyProp<RedisBrokerProps, never>({
    required: [],
    external: [...EXTERNAL, 'Secret/redis-tls'],
    props: () => ({
      ...everyOption,
      name: 'queue',
      image: 'registry.example.com/redis:7.4.1',
      storage: RedisStorage.claim(),
      maxMemory: Size.mebibytes(100),
      clusterDomain: 'cluster.example.com',
      database: 3,
      password: { name: 'passwords', key: 'redis' },
      tls: { secretName: 'redis-tls' },
      disabledCommands: ['FLUSHALL'],
      maxClients: 500,
      results: { perDay: 1000, size: Size.kibibytes(2) },
    }),
    // They are only compared with the memory.
    idle: ['results'],
    // With a worker, which has its URL.
    make: (chart, props) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: new RedisBroker(chart, 'redis', props) }) }),
  });
  expect(manifests.main('queue').image).toBe('registry.example.com/redis:7.4.1');
  expect(manifests.main('queue').command).toEqual(expect.arrayContaining(['--maxmemory', '100mb', '--appendonly', 'yes']));
  for (const kind of ['Service', 'NetworkPolicy'] as const) {
    expect(manifests.get(kind, 'queue').metadata).toMatchObject({ labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' } });
  }
});

test.each([
  ['three quarters of a limit', { resources: { limits: { memory: '1Gi' } } }, '768mb'],
  ['as told', { maxMemory: Size.mebibytes(64) }, '64mb'],
  ['as told, in kilobytes', { maxMemory: Size.kibibytes(1500) }, '1500kb'],
  ['without a limit, none', { resources: {} }, undefined],
])('maxMemory is %s', (_what, props, value) => {
  expect(option(synth(redis(props)), 'maxmemory')).toBe(value);
});

describe('its address', () => {
  const host = (props?: RedisBrokerProps, namespace?: string) => {
    const broker = new RedisBroker(new Chart(new App(), 'chart', { namespace }), 'redis', props);
    return [broker.host, broker.port, broker.url.value];
  };

  test.each([
    [undefined, 'redis', ['redis.redis.svc.cluster.local', 6379, 'redis://redis.redis.svc.cluster.local:6379/0']],
    [{ name: 'queue', clusterDomain: 'example.com' }, 'data', ['queue.data.svc.example.com', 6379, 'redis://queue.data.svc.example.com:6379/0']],
    [undefined, undefined, ['redis', 6379, 'redis://redis:6379/0']],
  ])('with %p in namespace %p', (props, namespace, expected) => {
    expect(host(props, namespace)).toEqual(expected);
  });
});

describe('admits', () => {
  const ports = [{ port: 6379, protocol: 'TCP' }];
  const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } }, podSelector: {} });
  const app = (name: string, of?: string) => ({
    ...(of === undefined ? {} : namespace(of)), podSelector: { matchLabels: { 'app.kubernetes.io/name': 'celery', 'app.kubernetes.io/part-of': name } },
  });

  test('a namespace that is named, once, next to the pods of an app', () => {
    const manifests = synth((chart) => {
      const redis = new RedisBroker(chart, 'redis');
      for (const name of ['web', 'web']) redis.admitNamespace(name);
      celeryApp(chart, { broker: redis });
    });
    expect(manifests.get('NetworkPolicy', 'redis').spec.ingress).toEqual([{ from: [app('celery', 'test'), namespace('web')], ports }]);
  });

  test('the namespace of an app as a whole, where it is named', () => {
    const manifests = synth((chart) => {
      const redis = new RedisBroker(chart, 'redis');
      redis.admitNamespace('test');
      celeryApp(chart, { broker: redis });
    });
    expect(manifests.get('NetworkPolicy', 'redis').spec.ingress).toEqual([{ from: [namespace('test')], ports }]);
  });

  const scaled = (chart: Chart, trigger: string) => new ApiObject(chart, 'scaled', {
    apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'scaled' },
    spec: { scaleTargetRef: { name: 'celery-worker' }, triggers: [{ type: trigger, metadata: { address: 'redis:6379' } }] },
  });
  const from = (network: CeleryNetwork | undefined, trigger?: string) => {
    const synthesised = new App();
    const chart = new Chart(synthesised, 'chart', { namespace: 'test' });
    celeryApp(chart, { network });
    if (trigger) scaled(chart, trigger);
    return policyOf(renderApp(synthesised)).spec.ingress[0].from.slice(1);
  };

  test('KEDA where it counts, or where it is named', () => {
    const named = CeleryNetwork.closedIngress({ keda: [{ namespace: 'scalers', podLabels: { app: 'keda-operator' } }] });
    const peer = { ...namespace('scalers'), podSelector: { matchLabels: { app: 'keda-operator' } } };
    expect(from(undefined)).toEqual([]);
    expect(from(undefined, 'cpu')).toEqual([]);
    expect(from(undefined, 'redis')).toEqual([namespace('keda')]);
    expect(from(CeleryNetwork.open(), 'redis')).toEqual([namespace('keda')]);
    expect(from(named)).toEqual([peer]);
    expect(from(named, 'redis')).toEqual([peer]);
  });

  test.each(['KEDA', '', 'a.b', undefined, 7])('no namespace %p', (name) => {
    expect(refusals((chart) => new RedisBroker(chart, 'redis').admitNamespace(name as string))).toEqual([
      expect.stringMatching(/^\[chart\/redis\] namespace: .* is not a name that Kubernetes accepts; /),
    ]);
  });

  const admitted = (define: (parent: App, broker: RedisBroker) => void, of?: string) => {
    const parent = new App();
    const chart = new Chart(parent, 'redis', { namespace: of });
    define(parent, new RedisBroker(chart, 'redis'));
    return Manifests.of(JSON.parse(renderApp(parent))).get('NetworkPolicy', 'redis').spec.ingress;
  };
  const uses = (parent: App, name: string, broker: RedisBroker, of?: string) =>
    celeryApp(new Chart(parent, name, { namespace: of }), { broker, name });

  test('the pods of its apps', () => {
    expect(admitted((parent, broker) => {
      uses(parent, 'one', broker, 'orders');
      uses(parent, 'two', broker, 'orders');
      uses(parent, 'three', broker, 'mail');
    }, 'redis')).toEqual([{ from: [app('one', 'orders'), app('two', 'orders'), app('three', 'mail')], ports }]);
  });

  test('the pods of its apps next to it, where no chart has a namespace', () => {
    expect(admitted((parent, broker) => { uses(parent, 'one', broker); })).toEqual([{ from: [app('one')], ports }]);
  });

  test.each([['redis', undefined], [undefined, 'orders']])('no app where only one of them has a namespace: %p and %p', (own, appNamespace) => {
    expect(() => admitted((parent, broker) => { uses(parent, 'one', broker, appNamespace); }, own)).toThrow(
      /namespace: '(orders|redis)' is only the namespace of (one\/celery|redis\/redis), so neither a DNS name .*; give both charts a namespace/,
    );
  });
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const storage = RedisStorage.ephemeral();
    const built = redis({ storage })(chart);
    expect([built.deployment.name, built.service.name, built.networkPolicy.name, built.storage]).toEqual(['redis', 'redis', 'redis', storage]);
  });
});

test.each([
  [`redis:7-alpine@sha256:${'0'.repeat(64)}`, 'IfNotPresent'], [`registry.example.com:5000/redis@sha256:${'f'.repeat(64)}`, 'IfNotPresent'],
  ['redis:7.2.5-alpine', 'IfNotPresent'], ['redis:7-alpine', 'Always'], ['redis', 'Always'],
])('the image %s is pulled %s', (image, imagePullPolicy) => {
  expect(synth(redis({ image })).main('redis')).toMatchObject({ image, imagePullPolicy });
});

test.each<[RedisBrokerProps, string]>([
  [{ maxMemory: Size.mebibytes(256) }, 'maxMemory: \'256Mi\' is not below the memory limit 256Mi: the kernel would kill Redis before it refuses to queue; '
    + 'lower maxMemory to three quarters of the limit, or raise the limit'],
  [{ maxMemory: Size.mebibytes(0) }, 'maxMemory: \'0Mi\' is not an amount of memory; give e.g. Size.mebibytes(192)'],
  [{ maxMemory: Size.kibibytes(1023) }, 'maxMemory: \'1023Ki\' is less than 1 MiB, which an empty Redis takes: it would take no task; give e.g. Size.mebibytes(192)'],
  [{ image: 'Redis 7' }, 'image: \'Redis 7\' is not an image reference; give e.g. registry.example.com/team/app:1.4.2'],
  [{ image: 'redis@sha256:0' },
    'image: \'redis@sha256:0\' has a digest that is not sha256: and 64 hexadecimal digits; copy it from the registry, e.g. with docker buildx imagetools inspect'],
  [{ name: 'Redis' }, 'name: \'Redis\' is not a name that Kubernetes accepts; use lower-case letters, digits and "-", beginning and ending with a letter or digit'],
  [{ name: '5redis' }, 'name: \'5redis\' is not a name that Kubernetes accepts for a Service; give one that begins with a letter'],
  [{ clusterDomain: 'a b' },
    'clusterDomain: \'a b\' is not a name that Kubernetes accepts; use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit'],
  [{ storage: RedisStorage.claim({ size: Size.mebibytes(0) }) },
    'storage.size: \'0Mi\' is not a quantity that Kubernetes accepts; give e.g. Size.gibibytes(1)'],
])('refuses %p', (props, message) => {
  expect(refusals(redis(props))).toEqual([`[chart/redis] ${message}`]);
});

const PASSWORD = { name: 'redis-password', key: 'password' };
const SECRETS = ['Secret/redis-password', 'Secret/redis-tls', 'Secret/redis-ca'];

function withWorker(props: RedisBrokerProps): (chart: Chart) => void {
  return (chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: new RedisBroker(chart, 'redis', props) }) });
}

describe('a password', () => {
  const manifests = () => synth(withWorker({ password: PASSWORD }), SECRETS);

  test('is in no argument: Redis reads a hash of it', () => {
    const { command, env, volumeMounts } = manifests().main('redis');
    const [init] = manifests().pod('redis').initContainers;
    expect(init.command).toEqual(['sh', '-c', 'printf \'user default on #%s ~* &* +@all -acl -config -debug -flushall -flushdb -module -replicaof -shutdown -slaveof\\n\' '
      + '"$(printf %s "$REDISCLI_AUTH" | sha256sum | cut -c 1-64)" > /etc/redis-users/users.acl']);
    expect(command).toEqual(expect.arrayContaining(['redis-server', '--aclfile', '/etc/redis-users/users.acl']));
    expect(env).toEqual([{ name: 'REDISCLI_AUTH', valueFrom: { secretKeyRef: PASSWORD } }]);
    expect(init.env).toEqual(env);
    expect(volumeMounts).toContainEqual({ name: 'users', mountPath: '/etc/redis-users', readOnly: true });
    expect(command).toContain('--appendonly');
  });

  test('is composed into the URLs of the apps, and KEDA gets it from the same Secret', () => {
    expect(manifests().env('celery-worker')).toMatchObject({
      CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL: 'redis://:{CDK8S_CELERY_BROKER_PASSWORD}@redis.test.svc.cluster.local:6379/0',
      CDK8S_CELERY_BROKER_PASSWORD: { secretKeyRef: PASSWORD },
    });
  });

  test('disabled commands are the user\'s to choose', () => {
    expect(synth(withWorker({ password: PASSWORD, disabledCommands: [] }), SECRETS).pod('redis').initContainers[0].command[2]).toContain('~* &* +@all\\n\'');
    expect(synth(withWorker({ password: PASSWORD, disabledCommands: ['KEYS'] }), SECRETS).pod('redis').initContainers[0].command[2]).toContain('~* &* +@all -acl -keys\\n\'');
  });
});

describe('without a password', () => {
  const user = (props: RedisBrokerProps) => {
    const { command } = synth(redis(props)).main('redis');
    return command.includes('--user') ? command.slice(command.indexOf('--user') + 1).join(' ') : undefined;
  };

  test('what ends all tasks can be run by nobody, and neither can what would allow it again', () => {
    expect(user({})).toBe('default on nopass ~* &* +@all -acl -config -debug -flushall -flushdb -module -replicaof -shutdown -slaveof');
    expect(synth(redis()).main('redis').command).not.toContain('--aclfile');
  });

  test('disabled commands are the user\'s to choose', () => {
    expect(user({ disabledCommands: ['Keys', 'KEYS', 'FLUSHALL', 'acl'] })).toBe('default on nopass ~* &* +@all -acl -keys -flushall');
    expect(user({ disabledCommands: [] })).toBeUndefined();
  });

  test.each([['redis:6.0.20-alpine', false], ['redis:5', false], ['registry.example.com/redis:4.0', false], ['redis:6.2-alpine', true], ['redis:6', true], ['redis', true], ['valkey/valkey:8', true], ['redis:latest', true]])(
    '%s has an access control list: %p', (image, has) => {
      expect(user({ image }) !== undefined).toBe(has);
      const [given, secret] = [redis({ image, disabledCommands: ['KEYS'] }), redis({ image, password: PASSWORD })];
      const refused = (for_: string) => [expect.stringContaining(`image: '${image}' is a Redis before 6.2, which has no access control list for ${for_}; use a later one`)];
      expect(has ? [user({ image, disabledCommands: ['KEYS'] })] : refusals(given)).toEqual(has ? [expect.stringContaining('-keys')] : refused('disabledCommands'));
      expect(has ? synth(secret, SECRETS).identities() : refusals(secret)).toEqual(has ? expect.arrayContaining(['Deployment/redis']) : refused('the password'));
    });
});

test('TLS: Redis takes nothing else, and apps verify its certificate; probes do not, so that it is the clients that say what is wrong with it', () => {
  const manifests = synth(withWorker({ tls: { secretName: 'redis-tls', ca: { name: 'redis-ca', key: 'ca.crt' } } }), SECRETS);
  const { command, volumeMounts, livenessProbe } = manifests.main('redis');
  expect(command.slice(0, 5)).toEqual(['redis-server', '--port', '0', '--tls-port', '6379']);
  expect(command.slice(5, 13)).toEqual([
    '--tls-cert-file', '/etc/redis-tls/tls.crt', '--tls-key-file', '/etc/redis-tls/tls.key', '--tls-ca-cert-file', '/etc/redis-tls/ca.crt', '--tls-auth-clients', 'no',
  ]);
  expect(volumeMounts).toContainEqual({ name: 'tls', mountPath: '/etc/redis-tls', readOnly: true });
  expect(livenessProbe.exec.command[2]).toBe('test "$(redis-cli -p 6379 --tls --insecure ping)" = PONG');
  expect(manifests.env('celery-worker').CELERY_BROKER_URL).toBe('rediss://redis.test.svc.cluster.local:6379/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true'
    + '&ssl_ca_certs=/etc/celery-broker-tls/ca.crt');
});

test.each([
  ['key', { data: { 'tls.crt': 'eA==', 'ca.crt': 'eA==' } }, 'tls.key'],
  ['CA', { data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } }, 'ca.crt'],
  ['keys at all', { type: 'kubernetes.io/tls' }, 'tls.crt'],
])('a TLS Secret without a %s is refused', (_what, secret, missing) => {
  const found = refusals((chart) => {
    new ApiObject(chart, 'secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'redis-tls' }, ...secret });
    new RedisBroker(chart, 'redis', { tls: { secretName: 'redis-tls' } });
  });
  expect(found).toContainEqual(expect.stringMatching(new RegExp(`^\\[chart\\] Deployment test/redis .*"Secret redis-tls, key ${missing}".* Name a key that it has, or add the key`)));
});

test('Valkey is known by the name of its image', () => {
  const { command, readinessProbe } = synth(redis({ image: 'valkey/valkey:8-alpine' })).main('redis');
  expect(command[0]).toBe('valkey-server');
  expect(readinessProbe.exec.command[2]).toContain('valkey-cli -p 6379 ping');
});

test('another database has a number', () => {
  const on = (database: number | undefined) => (chart: Chart) => celeryApp(chart, { broker: new RedisBroker(chart, 'redis').onDatabase(database!) });
  expect(refusals(on(undefined))).toEqual(['[chart/redis] database: undefined is missing; give its number: onDatabase(1)']);
  expect(synth(on(0)).identities()).toContain('Deployment/redis');
});

test('two on one claim are refused, and with a claim each, or where nothing is kept, they are not', () => {
  const two = (...claims: (string | undefined)[]) => (chart: Chart) => claims.forEach((claim, index) => void new RedisBroker(chart, `redis-${index}`, {
    storage: claim === undefined ? RedisStorage.ephemeral() : RedisStorage.fromClaimName(claim),
  }));
  expect(refusals(two('same', 'same')).join()).toMatch(/Deployment test\/redis-1 .*it is that of Deployment redis-0, Deployment redis-1; it has "claim same".*\[filesystem\/data-of-several-servers\]/);
  expect(synth(two('one', 'two'), ['PersistentVolumeClaim/one', 'PersistentVolumeClaim/two']).identities()).toContain('Deployment/redis-1');
  expect(synth(two(undefined, undefined)).identities()).toContain('Deployment/redis-1');
});

test('a claim that a Redis shares with Beat is warned of, with both groups; one that Beat shares with Flower is not', () => {
  const finds = (storage: RedisStorage | undefined): string[] => {
    const { all } = synth((chart) => {
      const celery = celeryApp(chart, { broker: new RedisBroker(chart, 'redis', { storage }) });
      new CeleryWorker(chart, 'worker', { celery });
      new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.fromClaimName('same') });
      new CeleryFlower(chart, 'flower', { celery, storage: FlowerStorage.fromClaimName('same') });
    }, ['PersistentVolumeClaim/same']);
    return rules.Rules.lint(all as unknown[]).filter(({ ruleId }) => ruleId === 'filesystem/claim-of-several-groups').map(({ message, value }) => `${message}; ${value}`);
  };
  expect(finds(RedisStorage.fromClaimName('same'))).toEqual(['Pods with different fsGroups write to one claim: Deployment celery-beat has 1000, '
    + 'Deployment celery-flower has 1000, Deployment redis has 999, unless the volume takes no fsGroup, as one of NFS; claim same']);
  expect(finds(undefined)).toEqual([]);
});

describe('several apps', () => {
  const two = (broker: (redis: RedisBroker, i: number) => IBroker, same = false): (chart: Chart) => void => (chart) => {
    const server = new RedisBroker(chart, 'redis');
    ['shop', 'crm'].forEach((name, i) => {
      const celery = new CeleryApp(chart, name, {
        app: 'tasks', broker: broker(server, i), code: AppCode.fromInline({ 'tasks.py': same ? TASKS : `${TASKS}# ${name}\n` }),
        runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'),
      });
      new CeleryWorker(chart, `${name}-worker`, { celery });
      if (!same) new CeleryBeat(chart, `${name}-beat`, { celery });
    });
  };

  test('with the module tasks are fine with a database each', () => {
    const manifests = synth(two((server, i) => i === 0 ? server : server.onDatabase(1)));
    expect([manifests.env('shop-worker').CELERY_BROKER_URL, manifests.env('crm-worker').CELERY_BROKER_URL])
      .toEqual(['redis://redis.test.svc.cluster.local:6379/0', 'redis://redis.test.svc.cluster.local:6379/1']);
  });

  test('on one queue are refused', () => {
    const found = refusals(two((server) => server));
    expect(found.join('\n')).toContain('[chart/shop] broker: \'celery\' is a queue from which chart/crm also takes tasks, in the same database: each app loses tasks of the other');
    expect(found.join('\n')).not.toContain('beat/two-deployments');
  });

  test('with the same code may share a queue', () => {
    expect(synth(two((server) => server, true)).identities()).toContain('Deployment/crm-worker');
  });
});

test.each<[RedisBrokerProps, string]>([
  [{ database: 16 }, 'database: 16 is not the number of a database of Redis; give a whole number from 0 to 15'],
  [{ password: 'hunter2' as unknown as SecretKey }, 'password: a string is not a key of a Secret; put it into a Secret, and give { name, key }'],
  [{ tls: {} as RedisTls }, 'tls.secretName: undefined is missing; give the name of a Secret of type kubernetes.io/tls'],
  [{ tls: { secretName: 'redis-tls', ca: { name: 'ca' } as SecretKey } }, 'tls.ca.key: undefined is missing'],
  [{ disabledCommands: ['FLUSH ALL'] }, 'disabledCommands: \'FLUSH ALL\' is not a command of Redis, which would not start; give its name only, e.g. \'FLUSHALL\''],
  [{ disabledCommands: ['KEY', 'config|set'] }, 'disabledCommands: \'KEY\' is not a command of Redis, which would not start; give its name only, e.g. \'KEYS\''],
  ...['ZCOUNT', 'PEXPIRE', 'hsetnx'].map((command): [RedisBrokerProps, string] => [{ disabledCommands: [command] }, `disabledCommands: '${command}' is a command that Celery needs; leave it out`]),
  [{ disabledCommands: ['NOSUCH'] }, 'disabledCommands: \'NOSUCH\' is not a command of Redis, which would not start; give its name only, e.g. '],
  [{ disabledCommands: ['brpop'] }, 'disabledCommands: \'brpop\' is a command that Celery needs; leave it out'],
  [{ results: {} as never }, 'results.perDay: undefined is missing; give the number of tasks that store a result in a day'],
  [{ results: { perDay: -1 } }, 'results.perDay: -1 is not a number of tasks'],
  [{ results: { perDay: '1000' as never } }, 'results.perDay: \'1000\' is not a number'],
  [{ results: { perDay: 1, size: 1000 as never } }, 'results.size: 1000 is not a Size'],
  [{ env: [{ name: 'REDISCLI_AUTH', value: 'hunter2' }] }, 'env: \'REDISCLI_AUTH\' is the password by which the probes log in; give the prop password instead'],
  [{ resources: { limits: { memory: '15Mi' } } }, 'resources.limits.memory: \'15Mi\' is less than Redis needs'],
  [{ maxClients: 0 }, 'maxClients: 0 is not a whole number of at least 1'],
  [{ maxClients: 3277 }, 'maxClients: 3277 is more than the memory between maxMemory and the limit is enough for, 3276 clients of 20 KiB; give at most 3276'],
  [{ storage: RedisStorage.claim({ size: Size.mebibytes(575) }) }, 'storage.size: \'575Mi\' is less than three times maxMemory, 192mb'],
])('%p is refused', (props, message) => {
  const found = refusals(redis(props)).join('\n');
  expect(found).toContain(message);
  expect(found).not.toContain('hunter2');
});

describe('results in the Redis of the broker', () => {
  // 192 MiB by default: half of it is for results. A day of them, of 1.5 KiB each, are 65536.
  const MOST = 65_536;
  const keeping = (results: RedisBrokerProps['results'], app: Partial<CeleryAppProps> = {}, more: RedisBrokerProps = {}) => (chart: Chart) => {
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: new RedisBroker(chart, 'redis', { results, ...more }), ...app }) });
  };

  test('that leave the queues half of the memory are taken, and one more is refused with what to give', () => {
    expect(synth(keeping({ perDay: MOST })).identities()).toContain('Deployment/redis');
    expect(refusals(keeping({ perDay: 4 * MOST }))).toEqual([
      '[chart/redis] results: 262144 a day of 1Ki need 384mb until they expire after 86400 seconds, which is more than half of maxMemory, 192mb: '
      + 'the other half is for tasks that wait, and for clients; give a maxMemory of at least Size.mebibytes(768), and the memory limit a third more; '
      + 'or a result_expires of at most 21600 seconds, task_ignore_result, or the apps a resultBackend on another server',
    ]);
    expect(refusals(keeping({ perDay: MOST + 1 }))).toHaveLength(1);
  });

  test.each<[string, RedisBrokerProps['results'], Partial<CeleryAppProps>, RedisBrokerProps]>([
    ['an earlier expiry', { perDay: 4 * MOST }, { settings: { result_expires: Duration.hours(6) } }, {}],
    ['more memory', { perDay: 4 * MOST }, {}, { resources: { limits: { memory: '1Gi' } } }],
    ['no limit', { perDay: 1e9 }, {}, { resources: {} }],
    ['no results', { perDay: 4 * MOST }, { settings: { task_ignore_result: true } }, {}],
    ['results on another server', { perDay: 4 * MOST }, { resultBackend: ResultBackend.fromRedis({ host: 'results' }) }, {}],
    ['smaller results', { perDay: 2 * MOST, size: Size.kibibytes(0.25) }, {}, {}],
    ['none', { perDay: 0 }, {}, {}],
  ])('with %s they fit', (_, results, app, more) => expect(synth(keeping(results, app, more)).identities()).toContain('Deployment/redis'));

  const inCode = (text: string, more: Partial<CeleryAppProps> = {}): Partial<CeleryAppProps> => ({
    code: AppCode.fromInline({ 'tasks.py': `${TASKS}app.conf.result_expires = ${text}\n` }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), ...more,
  });

  test('of an app with another broker they count, too, and must expire', () => {
    const other = (results: RedisBrokerProps['results'], settings: object, shared = true) => (chart: Chart) => {
      const redis = new RedisBroker(chart, 'redis', { results });
      if (shared) new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: redis, resultBackend: ResultBackend.none() }) });
      new CeleryWorker(chart, 'shop-worker', {
        celery: new CeleryApp(chart, 'shop', {
          app: 'tasks', code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), settings,
          broker: Broker.fromUrl('amqp://rabbitmq.example.com//'), resultBackend: ResultBackend.fromRedis({ host: redis.host, database: 2 }),
        }),
      });
    };
    expect(refusals(other(undefined, { result_expires: null }))).toEqual(['[chart/redis] results: those of chart/shop are kept forever, in the Redis that also has the queues of '
      + 'chart/celery: once it is full no task can be sent; leave out the result_expires of that app for a day, give e.g. Duration.hours(1), or give the app a resultBackend on another server']);
    for (const shared of [true, false]) {
      expect(refusals(other({ perDay: MOST + 1 }, {}, shared)).join()).toContain('results: 65537 a day of 1Ki need');
      expect(synth(other({ perDay: MOST }, {}, shared)).identities()).toContain('Deployment/redis');
    }
    expect(synth(other(undefined, { result_expires: null }, false)).identities()).toContain('Deployment/redis');
  });

  test('an expiry of the code counts, as a timedelta, too', () => {
    expect(refusals(keeping({ perDay: 50_000 }, inCode('timedelta(days=30)'))).join()).toContain('until they expire after 2592000 seconds');
    expect(synth(keeping({ perDay: 4 * MOST }, inCode('timedelta(hours=6)'))).identities()).toContain('Deployment/redis');
  });

  test('an expiry that only a run tells is refused, unless the settings have one', () => {
    expect(refusals(keeping({ perDay: 1 }, inCode('EXPIRES')))).toEqual([
      '[chart/redis] results: 1 a day cannot be counted: the code of celery sets result_expires to a value that is not known before it runs; give settings: { result_expires: Duration.days(1) } '
      + 'to the app, which wins over the code, or write a number of seconds or a timedelta of numbers in the code',
    ]);
    expect(synth(keeping({ perDay: 1 }, inCode('EXPIRES', { settings: { result_expires: 3600 } }))).identities()).toContain('Deployment/redis');
    expect(synth(keeping(undefined, inCode('EXPIRES'))).identities()).toContain('Deployment/redis');
  });

  test('of two apps the later expiry counts, also in another database', () => {
    const two = (expires: Duration) => (chart: Chart) => {
      const redis = new RedisBroker(chart, 'redis', { results: { perDay: 4 * MOST } });
      for (const [i, name] of ['shop', 'crm'].entries()) {
        new CeleryWorker(chart, `${name}-worker`, {
          celery: new CeleryApp(chart, name, {
            app: 'tasks', broker: i === 0 ? redis : redis.onDatabase(1), code: AppCode.fromInline({ 'tasks.py': TASKS }),
            runtime: PythonRuntime.fromImage('registry.example.com/app:1.0.0'), settings: { result_expires: i === 0 ? Duration.hours(1) : expires },
          }),
        });
      }
    };
    expect(refusals(two(Duration.hours(7))).join()).toContain('until they expire after 25200 seconds');
    expect(synth(two(Duration.hours(6))).identities()).toContain('Deployment/redis');
  });
});

describe('clients', () => {
  const clients = (maxClients: number | undefined, replicas: number) => (chart: Chart) => {
    const celery = celeryApp(chart, { broker: new RedisBroker(chart, 'redis', { maxClients }) });
    new CeleryWorker(chart, 'worker', { celery, replicas, pool: WorkerPool.prefork({ concurrency: 4 }) });
    new CeleryBeat(chart, 'beat', { celery });
    new CeleryFlower(chart, 'flower', { celery });
  };

  test('of all pods are counted: 13 of a worker with four processes and the agent, 4 of Beat, 21 of Flower', () => {
    expect(synth(clients(10 * 13 + 25, 10)).identities()).toContain('Deployment/redis');
    expect(refusals(clients(10 * 13 + 24, 10)).join()).toMatch(/has "maxclients 154"; allowed: 155 or more.*\[redis\/too-few-clients\]/);
  });

  const limited = (limit: string | undefined, replicas = 1, props: RedisBrokerProps = {}) => (chart: Chart) => {
    const broker = new RedisBroker(chart, 'redis', { resources: { limits: limit === undefined ? undefined : { memory: limit } }, ...props });
    const celery = celeryApp(chart, { broker });
    new CeleryWorker(chart, 'worker', { celery, replicas, pool: WorkerPool.prefork({ concurrency: 4 }) });
    new CeleryBeat(chart, 'beat', { celery });
    new CeleryFlower(chart, 'flower', { celery });
  };
  const given = (make: (chart: Chart) => void) => {
    const { command } = synth(make).main('redis');
    return command.includes('--maxclients') ? Number(command[command.indexOf('--maxclients') + 1]) : undefined;
  };

  test.each<[string, string | undefined, number, RedisBrokerProps, number | undefined]>([
    ['as many as the memory is enough for', '256Mi', 1, {}, 3276],
    ['whatever the replicas are', '256Mi', 123, {}, 3276],
    ['twice as many as the pods open, at least', '256Mi', 125, {}, 4000],
    ['more for more of them', '256Mi', 250, {}, 7000],
    ['more with a smaller maxMemory', '256Mi', 1, { maxMemory: Size.mebibytes(128) }, 6553],
    ['those of Redis where the memory is enough', '1Gi', 1, {}, undefined],
    ['just fewer where it is not quite', '781Mi', 1, {}, 9996],
    ['those of Redis without a limit', undefined, 1, {}, undefined],
    ['those of Redis for half as many', undefined, 382, {}, undefined],
    ['more for more than half of them', undefined, 383, {}, 20_000],
    ['more, as far as the memory is enough', '1200Mi', 500, {}, 15_360],
    ['as many as the memory is enough for while they wait', '64Mi', 502, {}, 6553],
  ])('without a number are %s', (_what, limit, replicas, props, number) => {
    expect(given(limited(limit, replicas, props))).toBe(number);
  });

  test('without a number are refused where the memory is not enough for all pods', () => {
    expect(refusals(limited('64Mi', 503))).toEqual(['[chart/redis] maxClients: undefined would have to be 6564, which the pods of the apps open, and the memory '
      + 'between maxMemory and the limit is enough for 6553 clients, at 2.5 KiB for each that waits; leave 129 MiB between maxMemory and the memory limit, or run '
      + 'fewer replicas']);
  });

  test('need an open file each', () => {
    expect(given(limited(undefined, 1, { maxClients: 524_256 }))).toBe(524_256);
    expect(refusals(limited(undefined, 1, { maxClients: 524_257 }))).toEqual(['[chart/redis] maxClients: 524257 is more than the open files that a container '
      + 'may have are enough for, 524256; give at most 524256']);
  });

  test('of apps on other databases count, also of threads, and of greenlets two each; those of a solo pool are eight and one', () => {
    const two = (replicas: number) => (chart: Chart) => {
      const redis = new RedisBroker(chart, 'redis', { resources: { limits: { memory: '64Mi' } } });
      new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker: redis }), replicas, pool: WorkerPool.threads({ concurrency: 11 }) });
      const other = new CeleryApp(chart, 'other', {
        app: 'tasks', broker: redis.onDatabase(1), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'),
      });
      new CeleryWorker(chart, 'mail', { celery: other, replicas: 1, pool: WorkerPool.gevent({ concurrency: 91 }) });
      new CeleryWorker(chart, 'solo', { celery: other, replicas: 1, pool: WorkerPool.solo(), healthCheck: HealthCheck.none() });
    };
    // 10 * 20 + 8 + 2 * 96 + 1 + 8 + 1 = 410, and the memory is enough for 819.
    expect(given(two(9))).toBe(819);
    expect(given(two(10))).toBe(1000);
  });

  test('are those of the most replicas that a worker is scaled to', () => {
    const scaled = (maxClients: number) => (chart: Chart) => {
      const celery = celeryApp(chart, { broker: new RedisBroker(chart, 'redis', { maxClients }) });
      new CeleryWorker(chart, 'worker', { celery, scaling: WorkerScaling.queueLength({ maxReplicas: 20 }), pool: WorkerPool.threads({ concurrency: 8 }) });
    };
    expect(synth(scaled(20 * 17)).identities()).toContain('Deployment/redis');
    expect(refusals(scaled(20 * 17 - 1)).join()).toContain('allowed: 340 or more');
  });
});

test.each<[RedisBrokerProps]>([[{ database: 15 }], [{ maxClients: 3276 }], [{ storage: RedisStorage.claim({ size: Size.mebibytes(576) }) }]])('%p is taken', (props) => {
  expect(synth(redis(props)).identities()).toContain('Deployment/redis');
});
