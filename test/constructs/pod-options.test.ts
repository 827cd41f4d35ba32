import { Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { CeleryBeat, CeleryFlower, CeleryWorker, PodOptions, RedisBroker } from '../../src';
import { celeryApp, everyOption, EXTERNAL } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

/** Each construct with pods: the name of its Deployment, and how it is made with options. */
const CONSTRUCTS: [string, (chart: Chart, options: PodOptions) => void][] = [
  ['celery-worker', (chart, options) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), ...options })],
  ['celery-beat', (chart, options) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), ...options })],
  ['celery-flower', (chart, options) => new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), ...options })],
  ['redis', (chart, options) => new RedisBroker(chart, 'redis', options)],
];

/** What each option does to a Deployment. A `Record` of all of them: an option that is new does not compile without an expectation. */
const EXPECTED: Record<keyof PodOptions, (manifests: Manifests, name: string) => void> = {
  resources: (manifests, name) => expect(manifests.main(name).resources).toEqual({
    requests: { 'cpu': '300m', 'memory': '300Mi', 'ephemeral-storage': '1Gi' }, limits: { 'cpu': '2', 'memory': '1Gi', 'ephemeral-storage': '2Gi' },
  }),
  env: (manifests, name) => expect(manifests.env(name)).toMatchObject({ PLAIN: '1', PASSWORD: { secretKeyRef: { name: 'passwords', key: 'redis' } } }),
  volumeMounts: (manifests, name) => {
    expect(manifests.main(name).volumeMounts).toContainEqual({ name: 'cache', mountPath: '/cache' });
    expect(manifests.pod(name).volumes).toContainEqual({ name: 'cache', emptyDir: {} });
  },
  volumes: (manifests, name) => expect(manifests.pod(name).volumes).toContainEqual({ name: 'sidecars', emptyDir: {} }),
  labels: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect([metadata.labels.team, spec.template.metadata.labels.team, spec.selector.matchLabels.team]).toEqual(['orders', 'orders', undefined]);
  },
  annotations: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect(metadata.annotations).toEqual({ 'example.com/owner': 'orders@example.com' });
    expect(spec.template.metadata.annotations).toMatchObject({ 'example.com/owner': 'orders@example.com' });
  },
  nodeSelector: (manifests, name) => expect(manifests.pod(name).nodeSelector).toEqual({ disk: 'ssd' }),
  tolerations: (manifests, name) => expect(manifests.pod(name).tolerations).toEqual([
    { key: 'dedicated', operator: 'Equal', value: 'celery', effect: 'NoSchedule' },
  ]),
  priorityClassName: (manifests, name) => expect(manifests.pod(name).priorityClassName).toBe('important'),
  imagePullSecrets: (manifests, name) => expect(manifests.pod(name).imagePullSecrets).toEqual([{ name: 'registry-login' }]),
  serviceAccount: (manifests, name) => {
    expect(manifests.pod(name).serviceAccountName).toBe('celery');
    // Nothing here talks to the Kubernetes API.
    expect(manifests.pod(name).automountServiceAccountToken).toBe(false);
  },
  podSecurityContext: (manifests, name) => {
    const { fsGroup, runAsUser, runAsNonRoot } = manifests.pod(name).securityContext;
    expect({ fsGroup, runAsUser, runAsNonRoot }).toEqual({ fsGroup: 4000, runAsUser: name === 'redis' ? 999 : 1000, runAsNonRoot: true });
  },
  containerSecurityContext: (manifests, name) => {
    const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = manifests.main(name).securityContext;
    expect({ readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities })
      .toEqual({ readOnlyRootFilesystem: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
  },
};

describe.each(CONSTRUCTS)('%s', (name, make) => {
  const all = synth((chart) => make(chart, everyOption(chart)), EXTERNAL);

  test.each(Object.keys(EXPECTED) as (keyof PodOptions)[])('does what the option %s says', (option) => {
    EXPECTED[option](all, name);
  });

  test('takes each option alone', () => {
    for (const option of Object.keys(EXPECTED) as (keyof PodOptions)[]) {
      EXPECTED[option](synth((chart) => make(chart, { [option]: everyOption(chart)[option] }), EXTERNAL), name);
    }
  });

  describe('without options', () => {
    const manifests = synth((chart) => make(chart, {}));

    test('has what Pod Security `restricted` asks for', () => {
      for (const container of [...manifests.pod(name).initContainers ?? [], ...manifests.pod(name).containers]) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
      }
    });

    test('names the user that it runs as: without a uid, `runAsNonRoot` refuses an image whose user is a name', () => {
      const user = name === 'redis' ? 999 : 1000;
      expect(manifests.pod(name).securityContext).toEqual({
        runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, fsGroupChangePolicy: 'OnRootMismatch',
      });
    });

    test('has small requests, a memory limit and no CPU limit, which would throttle it', () => {
      const { requests, limits } = manifests.main(name).resources;
      expect(Object.keys(requests)).toEqual(['cpu', 'memory']);
      expect(Object.keys(limits)).toEqual(['memory']);
    });

    // A Service named `flower` sets FLOWER_PORT=tcp://... in every pod of the namespace; Flower reads it as its port and dies.
    test('gets no environment from Services', () => {
      expect(manifests.pod(name).enableServiceLinks).toBe(false);
    });

    test('gets no token of the Kubernetes API', () => {
      expect(manifests.pod(name).automountServiceAccountToken).toBe(false);
    });

    test('has no field that the API server drops: `kubectl apply` would have something to change each time', () => {
      expect(manifests.get('Deployment', name).spec).not.toHaveProperty('minReadySeconds');
      expect(Object.keys(manifests.pod(name))).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(hostNetwork|setHostnameAsFQDN)$/)]));
      expect(manifests.find('Service', name)?.spec ?? {}).not.toHaveProperty('externalIPs');
    });
  });

  test.each<[string, PodOptions, RegExp]>([
    ['a request above its limit', { resources: { memory: { request: Size.mebibytes(300), limit: Size.mebibytes(200) } } },
      /resources\.memory\.request: '300Mi' is more than the limit 200Mi; lower the request or raise the limit$/],
    ['a negative amount', { resources: { cpu: { request: kplus.Cpu.millis(-1) } } },
      /resources\.cpu\.request: '-1m' is not a quantity that Kubernetes accepts here; give e\.g\. kplus\.Cpu\.millis\(250\), in steps of 1m$/],
    ['a fraction of a Mi', { resources: { memory: { limit: Size.kibibytes(1500) } } }, /resources\.memory\.limit: '1500Ki' is not a quantity .*; give e\.g\. Size/],
    ['a label that selectors use', { labels: { component: 'x' } }, /labels\['component'\]: 'x' would replace a label that selectors use; use another key$/],
    ['a label value with a space', { labels: { team: 'a b' } }, /labels\['team'\]: 'a b' is not a label value .*; use at most 63/],
    ['a key without a name', { annotations: { 'example.com/': 'x' } }, /annotations: 'example\.com\/' is not a key .*; use "name" or "dns\.prefix\/name"/],
    ['a node label with a space', { nodeSelector: { disk: 'a b' } }, /nodeSelector\['disk'\]: 'a b' is not a label value .*; use at most 63/],
    ['a variable with a space', { env: { 'A B': kplus.EnvValue.fromValue('1') } }, /env: 'A B' is not a name of an environment variable; use letters/],
    ['a variable of this machine that is not set', { env: { A: kplus.EnvValue.fromProcess('CDK8S_CELERY_NOT_SET') } },
      /env\.A: undefined has no value \(EnvValue\.fromProcess of a variable that is not set\?\); give kplus/],
    ['a class in capitals', { priorityClassName: 'Important' }, /priorityClassName: 'Important' is not a name that Kubernetes accepts; use lower-case/],
  ])('refuses %s', (_what, options, message) => {
    expect(refusals((chart) => make(chart, options))).toEqual([expect.stringMatching(message)]);
  });

  test('refuses volumes and mounts that collide', () => {
    const messages = refusals((chart) => {
      const [one, two] = ['One', 'Two'].map((id) => kplus.Volume.fromEmptyDir(chart, id, 'same'));
      make(chart, { volumeMounts: [{ path: '/x', volume: one }, { path: '/x', volume: two }, { path: 'y', volume: one }] });
    });
    expect(messages).toEqual([
      expect.stringMatching(/volumes: 'same' is the name of another volume of this pod; give the volume another name$/),
      expect.stringMatching(/volumeMounts: '\/x' is mounted twice; give each mount an absolute path of its own$/),
      expect.stringMatching(/volumeMounts: 'y' is not an absolute path; /),
    ]);
  });

  test('refuses a volume whose name Kubernetes refuses', () => {
    expect(refusals((chart) => make(chart, { volumes: [kplus.Volume.fromEmptyDir(chart, 'bad', 'My_Volume')] })))
      .toEqual([expect.stringMatching(/volumes: 'My_Volume' is not a name that Kubernetes accepts; use lower-case letters/)]);
  });

  test.each([[-1], [1.5]])('refuses the user %d', (user) => {
    expect(refusals((chart) => make(chart, { podSecurityContext: { user } })))
      .toEqual([expect.stringMatching(new RegExp(`podSecurityContext\\.user: ${user} is not a whole number of at least 0; give a whole number`))]);
  });

  // The kubelet would not start it: container has runAsNonRoot and image will run as root.
  test('refuses root where it also says that nothing runs as root', () => {
    expect(refusals((chart) => make(chart, { podSecurityContext: { user: 0 } })))
      .toEqual([expect.stringMatching(/podSecurityContext\.user: 0 .*ensureNonRoot/)]);
  });

  test('takes root where it is said expressly', () => {
    const root = { podSecurityContext: { user: 0, ensureNonRoot: false }, containerSecurityContext: { ensureNonRoot: false } };
    expect(synth((chart) => make(chart, root)).pod(name).securityContext).toMatchObject({ runAsUser: 0, runAsNonRoot: false });
  });

  test('refuses a volume with the name of one of its own', () => {
    const own = name === 'redis' ? 'data' : 'tmp';
    expect(refusals((chart) => make(chart, { volumes: [kplus.Volume.fromEmptyDir(chart, 'own', own)] })))
      .toEqual([expect.stringContaining(`volumes: '${own}' is the name of another volume of this pod`)]);
  });

  test('refuses a mount over one of its own', () => {
    const own = name === 'redis' ? '/data' : '/tmp';
    expect(refusals((chart) => make(chart, { volumeMounts: [{ path: own, volume: kplus.Volume.fromEmptyDir(chart, 'mine', 'mine') }] })))
      .toEqual([expect.stringContaining(`volumeMounts: '${own}' is mounted twice`)]);
  });
});

describe('options of a CeleryApp', () => {
  const manifests = synth((chart) => {
    const { resources, ...options } = everyOption(chart);
    const celery = celeryApp(chart, { ...options, resources });
    new CeleryWorker(chart, 'worker', {
      celery,
      resources: { memory: { limit: Size.gibibytes(3) } },
      env: { OWN: kplus.EnvValue.fromValue('2') },
      labels: { tier: 'back' },
      annotations: { 'example.com/owner': 'worker@example.com' },
      priorityClassName: 'urgent',
      podSecurityContext: { user: 4001 },
      nodeSelector: undefined,
    });
    new CeleryBeat(chart, 'beat', { celery });
    new CeleryFlower(chart, 'flower', { celery });
  }, EXTERNAL);

  test.each(Object.keys(EXPECTED) as (keyof PodOptions)[])('%s holds for every component', (option) => {
    EXPECTED[option](manifests, 'celery-beat');
    EXPECTED[option](manifests, 'celery-flower');
  });

  test('a component adds to lists and maps, wins over single values, and takes nothing away with undefined', () => {
    EXPECTED.env(manifests, 'celery-worker');
    EXPECTED.labels(manifests, 'celery-worker');
    EXPECTED.tolerations(manifests, 'celery-worker');
    EXPECTED.nodeSelector(manifests, 'celery-worker');
    expect(manifests.env('celery-worker')).toMatchObject({ OWN: '2' });
    expect(manifests.get('Deployment', 'celery-worker').metadata).toMatchObject({
      labels: { tier: 'back' }, annotations: { 'example.com/owner': 'worker@example.com' },
    });
    expect(manifests.main('celery-worker').resources).toEqual({ limits: { memory: '3Gi' } });
    expect(manifests.pod('celery-worker')).toMatchObject({ priorityClassName: 'urgent', securityContext: { runAsUser: 4001, fsGroup: 4000 } });
  });

  test('lists of a component are added to those of its app', () => {
    const own = synth((chart) => {
      const celery = celeryApp(chart, everyOption(chart));
      new CeleryWorker(chart, 'worker', {
        celery,
        tolerations: [kplus.NodeTaintQuery.exists('gpu')],
        volumes: [kplus.Volume.fromEmptyDir(chart, 'own', 'own')],
        volumeMounts: [{ path: '/own', volume: kplus.Volume.fromEmptyDir(chart, 'mounted', 'mounted') }],
        imagePullSecrets: [kplus.Secret.fromSecretName(chart, 'own-login', 'own-login')],
      });
    }, [...EXTERNAL, 'Secret/own-login']);
    const { tolerations, volumes, imagePullSecrets } = own.pod('celery-worker');
    expect(tolerations.map(({ key }) => key)).toEqual(['dedicated', 'gpu']);
    expect(imagePullSecrets.map(({ name }) => name)).toEqual(['registry-login', 'own-login']);
    expect(volumes.map(({ name }) => name)).toEqual(expect.arrayContaining(['sidecars', 'own', 'cache', 'mounted']));
    expect(own.main('celery-worker').volumeMounts.map(({ mountPath }) => mountPath)).toEqual(expect.arrayContaining(['/cache', '/own']));
  });

  test('labels and annotations are on its ConfigMap too, and not on the Redis', () => {
    expect(manifests.get('ConfigMap', 'celery-app').metadata).toMatchObject({
      labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' },
    });
    expect(manifests.get('Deployment', 'redis').metadata.labels).not.toHaveProperty('team');
  });
});
