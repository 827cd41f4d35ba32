import { Chart, Duration, Size } from 'cdk8s';
import { CeleryFlower, CeleryFlowerProps, FlowerAuth, FlowerExposure, FlowerProbes, FlowerStorage, PythonRuntime } from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL } from '../fixtures';
import { refusals, synth } from '../manifests';

const NAME = 'celery-flower';
const LOGIN = 'Secret/login';

function flower(props: (chart: Chart) => Partial<CeleryFlowerProps> = () => ({})): (chart: Chart) => CeleryFlower {
  return (chart) => {
    const given = props(chart);
    return new CeleryFlower(chart, 'flower', { celery: given.celery ?? celeryApp(chart), ...given });
  };
}

const basic = () => FlowerAuth.basic({ name: 'login', key: 'users' });

describe('with the least that it needs', () => {
  const manifests = synth(flower());

  test('is asked for its health where it answers without a login, and without the broker', () => {
    const { livenessProbe, readinessProbe, startupProbe } = manifests.main(NAME);
    const httpGet = { path: '/healthcheck', port: 5555, scheme: 'HTTP' };
    expect(readinessProbe).toEqual({ httpGet, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 });
    expect(livenessProbe).toEqual({ httpGet, initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 });
    expect(startupProbe).toBeUndefined();
  });

  test('is reached from nowhere but the cluster', () => {
    expect(manifests.identities().filter((name) => /^(Ingress|HTTPRoute)/.test(name))).toEqual([]);
  });

  test('is one pod, which goes before the next one comes', () => {
    const { replicas, strategy } = manifests.get('Deployment', NAME).spec;
    expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('runs without the code: an error in it leaves Flower running', () => {
    expect(manifests.main(NAME).command).toEqual([
      'celery', 'flower', '--port=5555', '--max_tasks=10000', '--max_workers=500', '--purge_offline_workers=300',
    ]);
    expect(manifests.pod(NAME).volumes).toEqual([{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }]);
    expect(manifests.env(NAME)).not.toHaveProperty('PYTHONPATH');
    expect(manifests.main(NAME).workingDir).toBe('/tmp');
  });

  test('has a Service inside the cluster', () => {
    expect(manifests.get('Service', NAME).spec).toEqual({
      type: 'ClusterIP',
      ports: [{ name: 'http', port: 5555, targetPort: 5555 }],
      selector: manifests.get('Deployment', NAME).spec.selector.matchLabels,
    });
  });
});

test('with all props, each does something', () => {
  const manifests = everyProp<CeleryFlowerProps, 'celery'>({
    required: ['celery'],
    external: [...EXTERNAL, LOGIN],
    props: (chart) => ({
      ...everyOption, celery: celeryApp(chart), name: 'flowers', launcher: ['ddtrace-run'], auth: basic(), urlPrefix: '/flower',
      exposure: FlowerExposure.ingress({ host: 'flower.example.com' }), probes: FlowerProbes.healthcheck(), storage: FlowerStorage.claim(),
      cookieSecret: { name: 'login', key: 'cookies' }, maxTasks: 20_000, maxWorkers: 100, purgeOfflineWorkers: Duration.minutes(1), readOnly: true,
    }),
    // The default is its only other value that goes with a login.
    idle: ['probes'],
    make: (chart, props) => new CeleryFlower(chart, 'flower', props),
  });
  expect(manifests.main('flowers').command).toContain('--url_prefix=flower');
  expect(manifests.get('Service', 'flowers').metadata).toMatchObject({ labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' } });
});

test('is installed in the version of the lock', () => {
  const manifests = synth(flower((chart) => ({ celery: celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.6.3' }) }) })));
  const lock = manifests.get('ConfigMap', 'celery-install').data['constraints.txt'].split('\n');
  const [celery, own, ...more] = manifests.pod(NAME).initContainers[0].args;
  expect([celery, more]).toEqual(['celery[redis]==5.6.3', []]);
  expect(own).toMatch(/^flower==\d/);
  expect(lock).toContain(own);
});

// `/` answers 401 where Flower asks for a login, and 404 under a prefix: it would be restarted forever.
test.each<[string, (chart: Chart) => Partial<CeleryFlowerProps>, string]>([
  ['a login', () => ({ auth: basic() }), '/healthcheck'],
  ['a prefix', () => ({ urlPrefix: '/flower' }), '/flower/healthcheck'],
  ['a prefix without a slash', () => ({ urlPrefix: 'flower' }), '/flower/healthcheck'],
  ['a prefix with slashes around', () => ({ urlPrefix: '/tools/flower/' }), '/tools/flower/healthcheck'],
  ['a prefix and a login', () => ({ auth: basic(), urlPrefix: 'flower' }), '/flower/healthcheck'],
])('with %s, the probes ask where the answer is 200', (_what, props, path) => {
  const { livenessProbe, readinessProbe } = synth(flower(props), [LOGIN]).main(NAME);
  expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual([path, path]);
});

describe('storage', () => {
  test('ephemeral is the default: no claim, no flag', () => {
    const manifests = synth(flower(() => ({ storage: FlowerStorage.ephemeral() })));
    expect(manifests.identities()).toEqual(synth(flower()).identities());
    expect(manifests.main(NAME).command.join(' ')).not.toMatch(/persistent|--db/);
  });

  test('on a claim of its own: tasks and workers survive the pod', () => {
    const manifests = synth(flower(() => ({ storage: FlowerStorage.claim({ size: Size.gibibytes(2), storageClassName: 'fast', claimName: 'seen', saveInterval: Duration.minutes(1) }) })));
    expect(manifests.get('PersistentVolumeClaim', 'seen').spec).toEqual({ accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } });
    expect(manifests.pod(NAME).volumes).toContainEqual({ name: 'flower-data', persistentVolumeClaim: { claimName: 'seen' } });
    expect(manifests.main(NAME).volumeMounts).toContainEqual({ name: 'flower-data', mountPath: '/var/lib/flower' });
    expect(manifests.main(NAME).command.slice(-3)).toEqual(['--persistent=True', '--db=/var/lib/flower/flower', '--state_save_interval=60000']);
  });

  test('is named after Flower, and saved every five minutes', () => {
    const manifests = synth(flower(() => ({ storage: FlowerStorage.claim() })));
    expect(manifests.get('PersistentVolumeClaim', 'celery-flower-data').spec.resources.requests).toEqual({ storage: '1Gi' });
    expect(manifests.main(NAME).command.at(-1)).toBe('--state_save_interval=300000');
  });

  test('on a claim that exists: it is used, and not made', () => {
    const manifests = synth(flower(() => ({ storage: FlowerStorage.fromClaimName('old', { saveInterval: Duration.seconds(10) }) })), ['PersistentVolumeClaim/old']);
    expect(manifests.pod(NAME).volumes).toContainEqual({ name: 'flower-data', persistentVolumeClaim: { claimName: 'old' } });
    expect(manifests.find('PersistentVolumeClaim', 'old')).toBeUndefined();
    expect(manifests.main(NAME).command.at(-1)).toBe('--state_save_interval=10000');
  });

  test.each<[FlowerStorage, string]>([
    [FlowerStorage.claim({ saveInterval: Duration.seconds(9) }), 'storage.saveInterval: \'9 seconds\' is not a whole number of at least 10 seconds'],
    [FlowerStorage.fromClaimName('Old'), 'storage.claimName: \'Old\' is not a name'],
    [FlowerStorage.fromClaimName(undefined as never), 'storage.claimName: undefined is missing; give the name of the PersistentVolumeClaim'],
    [FlowerStorage.fromClaimName('old', null as never), 'storage: null is not an object; give the options by their names'],
    [FlowerStorage.fromClaimName('old', { size: 1 } as never), 'storage.size: is not one of the options here'],
    [FlowerStorage.claim('seen' as never), 'storage: \'seen\' is not an object; give the options by their names'],
    [FlowerStorage.claim(null as never), 'storage: null is not an object; give the options by their names'],
    [FlowerStorage.claim({ claimName: 'A' }), 'storage.claimName: \'A\' is not a name'],
    [FlowerStorage.claim({ saveInterval: 5 as never }), 'storage.saveInterval: 5 is not a Duration'],
  ])('is refused: %#', (storage, message) => {
    expect(refusals(flower(() => ({ storage })))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });
});

describe('two Flowers', () => {
  const two = (first: FlowerStorage, second: FlowerStorage) => (chart: Chart): void => {
    const celery = celeryApp(chart);
    new CeleryFlower(chart, 'flower', { celery, storage: first });
    new CeleryFlower(chart, 'second', { celery, storage: second });
  };

  test('on one claim are refused, once', () => {
    const found = refusals(two(FlowerStorage.fromClaimName('seen'), FlowerStorage.fromClaimName('seen'))).filter((one) => one.includes('claim'));
    expect(found).toEqual([expect.stringMatching(/celery-second.*that of Deployment celery-flower, Deployment celery-second; it has "claim seen, file flower"/)]);
  });

  test('on two claims, or in memory, are not', () => {
    const external = ['PersistentVolumeClaim/seen', 'PersistentVolumeClaim/other'];
    expect(() => synth(two(FlowerStorage.fromClaimName('seen'), FlowerStorage.fromClaimName('other')), external)).not.toThrow();
    expect(() => synth(two(FlowerStorage.ephemeral(), FlowerStorage.ephemeral()))).not.toThrow();
  });
});

describe('limits', () => {
  const limitOf = (props: Partial<CeleryFlowerProps>) => synth(flower(() => props)).main(NAME).resources.limits;

  test('are flags', () => {
    expect(synth(flower(() => ({ maxTasks: 1, maxWorkers: 2, purgeOfflineWorkers: Duration.hours(1), readOnly: true }))).main(NAME).command.slice(3))
      .toEqual(['--max_tasks=1', '--max_workers=2', '--purge_offline_workers=3600', '--read_only=True']);
    expect(synth(flower(() => ({ readOnly: false }))).main(NAME).command.join(' ')).not.toContain('read_only');
  });

  test.each([[1, '384Mi'], [10_000, '384Mi'], [10_241, '448Mi'], [100_000, '1792Mi']])('memory follows %i tasks: %s', (maxTasks, memory) => {
    expect(limitOf({ maxTasks })).toEqual({ memory });
  });

  test('memory that is given wins', () => {
    expect(limitOf({ maxTasks: 100_000, resources: { limits: { memory: '3Gi' } } })).toEqual({ memory: '3Gi' });
  });

  test.each<[Partial<CeleryFlowerProps>, string]>([
    [{ maxTasks: 0 }, 'maxTasks: 0 is not a whole number of at least 1'], [{ maxTasks: 1.5 }, 'maxTasks: 1.5 is not a whole number'],
    [{ maxTasks: 1_000_001 }, 'maxTasks: 1000001 is more than 1000000'], [{ maxWorkers: -1 }, 'maxWorkers: -1 is not a whole number of at least 1'],
    [{ purgeOfflineWorkers: Duration.millis(1500) }, 'purgeOfflineWorkers: '], [{ purgeOfflineWorkers: Duration.seconds(0) }, 'purgeOfflineWorkers: '],
    [{ maxTasks: 5, env: [{ name: 'FLOWER_MAX_TASKS', value: '7' }] }, 'env: \'FLOWER_MAX_TASKS\' is what the prop maxTasks gives; leave out one of the two'],
    [{ maxTasks: '100' as never }, 'maxTasks: \'100\' is not a number; give e.g. 10000'],
    [{ maxWorkers: '5' as never }, 'maxWorkers: \'5\' is not a number; give e.g. 500'],
    [{ readOnly: 'yes' as never }, 'readOnly: \'yes\' is not a boolean'],
  ])('is refused: %#', (props, message) => {
    expect(refusals(flower(() => props))).toEqual([expect.stringContaining(`[chart/flower] ${message}`)]);
  });
});

describe('the secret of cookies', () => {
  const cookieSecret = { name: 'login', key: 'cookies' };

  test('comes from a Secret', () => {
    expect(synth(flower(() => ({ cookieSecret })), [LOGIN]).env(NAME).FLOWER_COOKIE_SECRET).toEqual({ secretKeyRef: cookieSecret });
    expect(synth(flower()).env(NAME)).not.toHaveProperty('FLOWER_COOKIE_SECRET');
  });

  test.each<[Partial<CeleryFlowerProps>, RegExp]>([
    [{ cookieSecret: { name: 'login' } as never }, /cookieSecret.*key/],
    [{ cookieSecret, env: [{ name: 'FLOWER_COOKIE_SECRET', valueFrom: { secretKeyRef: { name: 'other', key: 'x' } } }] }, /env: 'FLOWER_COOKIE_SECRET' is what the prop cookieSecret gives/],
  ])('is refused: %#', (props, message) => {
    expect(refusals(flower(() => props))).toEqual([expect.stringMatching(message)]);
  });
});

describe('the historic probe', () => {
  const historic = FlowerProbes.historic();

  // With an earlier or a second probe, Flower was restarted forever while it was only starting.
  test('is that of the reference deployment, and no other', () => {
    const { livenessProbe, readinessProbe, startupProbe } = synth(flower(() => ({ probes: historic }))).main(NAME);
    expect(livenessProbe).toEqual({
      httpGet: { path: '/', port: 5555, scheme: 'HTTP' }, initialDelaySeconds: 60, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3,
    });
    expect([readinessProbe, startupProbe]).toEqual([undefined, undefined]);
  });

  test('passes with a login by OAuth, which redirects to another host', () => {
    const auth = FlowerAuth.google({
      addresses: ['ada@example.com'], clientId: { name: 'login', key: 'id' }, clientSecret: { name: 'login', key: 'secret' }, redirectUri: 'http://localhost:5555/login',
    });
    expect(() => synth(flower(() => ({ probes: historic, auth })), [LOGIN])).not.toThrow();
  });

  test.each<[string, Partial<CeleryFlowerProps>]>([['a login', { auth: basic() }], ['a prefix', { urlPrefix: '/flower' }]])('is refused with %s', (_what, props) => {
    expect(refusals(flower(() => ({ probes: historic, ...props }))).join()).toMatch(/\[flower\/probe-path\]|flower\/probe-path/);
  });
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const built = flower()(chart);
    expect([built.deployment.name, built.service.name]).toEqual([NAME, NAME]);
  });
});

test('refuses a name that no Service can have', () => {
  expect(refusals((chart) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), name: '5flower' })))
    .toEqual(['[chart/flower] name: \'5flower\' is not a name that Kubernetes accepts for a Service; give one that begins with a letter']);
});

test.each(['/', '', 'a b', '//x', 'https://example.com/flower', '/a?b'])('refuses the prefix %p', (urlPrefix) => {
  expect(refusals(flower(() => ({ urlPrefix })))).toEqual([`[chart/flower] urlPrefix: '${urlPrefix}' is not a path; give e.g. '/flower'`]);
});
