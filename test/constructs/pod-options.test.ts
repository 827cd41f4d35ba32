import { Chart } from 'cdk8s';
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
  env: (manifests, name) => expect(manifests.main(name).env).toEqual(expect.arrayContaining(everyOption.env)),
  envFrom: (manifests, name) => expect(manifests.main(name).envFrom).toEqual(everyOption.envFrom),
  volumes: (manifests, name) => expect(manifests.pod(name).volumes).toContainEqual(everyOption.volumes[0]),
  volumeMounts: (manifests, name) => expect(manifests.main(name).volumeMounts).toContainEqual(everyOption.volumeMounts[0]),
  initContainers: (manifests, name) => expect(manifests.pod(name).initContainers.at(-1)).toEqual(everyOption.initContainers[0]),
  sidecars: (manifests, name) => expect(manifests.pod(name).initContainers[0]).toEqual({ ...everyOption.sidecars[0], restartPolicy: 'Always' }),
  containers: (manifests, name) => expect(manifests.pod(name).containers.slice(1)).toEqual(everyOption.containers),
  resources: (manifests, name) => expect(manifests.main(name).resources).toEqual(everyOption.resources),
  affinity: (manifests, name) => expect(manifests.pod(name).affinity).toEqual(everyOption.affinity),
  topologySpreadConstraints: (manifests, name) => expect(manifests.pod(name).topologySpreadConstraints)
    .toEqual(everyOption.topologySpreadConstraints),
  tolerations: (manifests, name) => expect(manifests.pod(name).tolerations).toEqual(everyOption.tolerations),
  nodeSelector: (manifests, name) => expect(manifests.pod(name).nodeSelector).toEqual({ disk: 'ssd' }),
  priorityClassName: (manifests, name) => expect(manifests.pod(name).priorityClassName).toBe('important'),
  runtimeClassName: (manifests, name) => expect(manifests.pod(name).runtimeClassName).toBe('gvisor'),
  serviceAccountName: (manifests, name) => {
    expect(manifests.pod(name).serviceAccountName).toBe('celery');
    // Nothing here talks to the Kubernetes API.
    expect(manifests.pod(name).automountServiceAccountToken).toBe(false);
  },
  imagePullSecrets: (manifests, name) => expect(manifests.pod(name).imagePullSecrets).toEqual([{ name: 'registry-login' }]),
  securityContext: (manifests, name) => {
    const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = manifests.main(name).securityContext;
    expect({ readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities })
      .toEqual({ readOnlyRootFilesystem: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
  },
  podSecurityContext: (manifests, name) => {
    const { fsGroup, runAsUser, runAsNonRoot } = manifests.pod(name).securityContext;
    expect({ fsGroup, runAsUser, runAsNonRoot }).toEqual({ fsGroup: 4000, runAsUser: name === 'redis' ? 999 : 1000, runAsNonRoot: true });
  },
  dnsPolicy: (manifests, name) => expect(manifests.pod(name).dnsPolicy).toBe('None'),
  dnsConfig: (manifests, name) => expect(manifests.pod(name).dnsConfig).toEqual(everyOption.dnsConfig),
  hostAliases: (manifests, name) => expect(manifests.pod(name).hostAliases).toEqual(everyOption.hostAliases),
  lifecycle: (manifests, name) => expect(manifests.main(name).lifecycle).toEqual(everyOption.lifecycle),
  labels: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect([metadata.labels.team, spec.template.metadata.labels.team, spec.selector.matchLabels.team]).toEqual(['orders', undefined, undefined]);
  },
  annotations: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect(metadata.annotations).toEqual({ 'example.com/owner': 'orders@example.com' });
    expect(spec.template.metadata.annotations ?? {}).not.toHaveProperty(['example.com/owner']);
  },
  podLabels: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect([metadata.labels.tier, spec.template.metadata.labels.tier, spec.selector.matchLabels.tier]).toEqual([undefined, 'back', undefined]);
  },
  podAnnotations: (manifests, name) => {
    const { metadata, spec } = manifests.get('Deployment', name);
    expect(spec.template.metadata.annotations).toEqual({ 'example.com/scrape': 'true' });
    expect(metadata.annotations ?? {}).not.toHaveProperty(['example.com/scrape']);
  },
};

/** What is not right without another option. */
const TOGETHER: Partial<Record<keyof PodOptions, (keyof PodOptions)[]>> = { volumeMounts: ['volumes'], initContainers: ['volumes'], dnsPolicy: ['dnsConfig'] };

describe.each(CONSTRUCTS)('%s', (name, make) => {
  const all = synth((chart) => make(chart, everyOption), EXTERNAL);

  test.each(Object.keys(EXPECTED) as (keyof PodOptions)[])('does what the option %s says', (option) => {
    EXPECTED[option](all, name);
  });

  test('takes each option alone', () => {
    for (const option of Object.keys(EXPECTED) as (keyof PodOptions)[]) {
      const given = Object.fromEntries([option, ...TOGETHER[option] ?? []].map((one) => [one, everyOption[one]]));
      EXPECTED[option](synth((chart) => make(chart, given), EXTERNAL), name);
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
    ['a request above its limit', { resources: { requests: { memory: '300Mi' }, limits: { memory: '200Mi' } } },
      /resources\.requests\['memory'\]: '300Mi' is more than the limit 200Mi; lower the request or raise the limit$/],
    ['a negative amount', { resources: { requests: { cpu: '-1m' } } }, /resources\.requests\['cpu'\]: '-1m' is not a quantity from 0 to 2\^63; give e\.g\. '500m' or '1Gi'$/],
    ['a unit that is none', { resources: { limits: { memory: '1GB' } } }, /resources\.limits\['memory'\]: '1GB' is not a quantity; give a quantity/],
    ['a label that selectors use', { labels: { component: 'x' } }, /labels\['component'\]: 'x' would replace a label that selectors use; use another key$/],
    ['a label of pods that selectors use', { podLabels: { component: 'x' } }, /podLabels\['component'\]: 'x' would replace a label that selectors use; use another key$/],
    ['a label value with a space', { labels: { team: 'a b' } }, /labels\['team'\]: 'a b' is not a label value; use at most 63/],
    ['a key without a name', { annotations: { 'example.com/': 'x' } }, /annotations: 'example\.com\/' is not an annotation key .*; use "name" or "dns\.prefix\/name"/],
    ['annotations of more than 256 KiB', { podAnnotations: { x: 'x'.repeat(256 * 1024) } }, /podAnnotations: 'x' have 262145 bytes, and Kubernetes takes 262144; give less$/],
    ['a node label with a space', { nodeSelector: { disk: 'a b' } }, /nodeSelector\['disk'\]: 'a b' is not a label value; use at most 63/],
    ['a variable with a space', { env: [{ name: 'A B', value: '1' }] }, /env\[0\]\.name: 'A B' is not a name of an environment variable; use letters/],
    ['a class in capitals', { priorityClassName: 'Important' }, /priorityClassName: 'Important' is not a name that Kubernetes accepts; use lower-case/],
    ['a DNS policy that is none', { dnsPolicy: 'Cluster' }, /dnsPolicy: 'Cluster' is not allowed; give one of ClusterFirst, ClusterFirstWithHostNet, Default, None$/],
    ['the DNS policy None without servers', { dnsPolicy: 'None' }, /dnsConfig\.nameservers: undefined is missing, and dnsPolicy None has no others; give at least one$/],
    ['a prefix of variables with "="', { envFrom: [{ prefix: 'A=', secretRef: { name: 'x' } }] }, /envFrom\[0\]\.prefix: 'A=' is not the beginning of a name of an environment variable; use letters/],
    ['a mount over everything', { volumes: [{ name: 'x', emptyDir: {} }], volumeMounts: [{ name: 'x', mountPath: '/' }] },
      /volumeMounts\[0\]\.mountPath: '\/' is not an absolute path of a folder, without ":"; give e\.g\. \/var\/lib\/app$/],
    ['a volume with something wrong, and not its mount', { volumes: [{ name: 'cache', emptyDir: { medium: 'memory' as never } }], volumeMounts: [{ name: 'cache', mountPath: '/cache' }] },
      /volumes\[0\]\.emptyDir\.medium: 'memory' is not allowed/],
    ['a profile of a container that there is not', { podAnnotations: { 'container.apparmor.security.beta.kubernetes.io/nope': 'runtime/default' } },
      /podAnnotations\['container\.apparmor\.security\.beta\.kubernetes\.io\/nope'\]: 'runtime\/default' names a container that the pod does not have; it has .*; use the field appArmorProfile/],
    ['a profile that is none', { podAnnotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x' } }, /podAnnotations\['seccomp.*'\]: 'x' is not a profile; use the field seccompProfile of securityContext/],
    ['a mount of no volume', { volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }, /volumeMounts: 'cache' is not a volume of this pod; add it to volumes, or name one of /],
    ['a mount of no volume in a sidecar', { sidecars: [{ name: 'x', image: 'x:1', volumeMounts: [{ name: 'cache', mountPath: '/cache' }] }] },
      /sidecars 'x' volumeMounts: 'cache' is not a volume of this pod; add it/],
    ['two containers of one name', { sidecars: [{ name: 'x', image: 'x:1' }], initContainers: [{ name: 'x', image: 'x:1' }] },
      /sidecars: 'x' is the name of another container of this pod; give the container another name$/],
    ['probes in an init container', { initContainers: [{ name: 'x', image: 'x:1', livenessProbe: { tcpSocket: { port: 1 } } }] },
      /initContainers\[0\]\.livenessProbe: 'x' is of no use in an init container, .*; leave it out, or give the container in sidecars$/],
    ['an ordinary container that restarts', { containers: [{ name: 'x', image: 'x:1', restartPolicy: 'Always' }] },
      /containers\[0\]\.restartPolicy: 'Always' is for init containers only; leave it out, or give the container in sidecars$/],
    ['privileges and none', { securityContext: { privileged: true } }, /securityContext\.privileged: true cannot be true together with allowPrivilegeEscalation: false; also give/],
    ['a sleep as long as the grace period', { lifecycle: { preStop: { sleep: { seconds: 315 } } } },
      /lifecycle\.preStop\.sleep\.seconds: 315 is not less than the termination grace period of \d+ seconds, after which the pod is killed; give less than \d+$/],
    ['a sleep of a sidecar', { sidecars: [{ name: 'x', image: 'x:1', lifecycle: { preStop: { sleep: { seconds: 315 } } } }] },
      /sidecars 'x' lifecycle\.preStop\.sleep\.seconds: 315 is not less than the termination grace period/],
  ])('refuses %s', (_what, options, message) => {
    expect(refusals((chart) => make(chart, options))).toEqual([expect.stringMatching(message)]);
  });

  test('takes profiles of its own containers by annotations', () => {
    const main = synth((chart) => make(chart, {})).main(name).name;
    const podAnnotations = { [`container.apparmor.security.beta.kubernetes.io/${main}`]: 'localhost/celery', 'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default' };
    expect(synth((chart) => make(chart, { podAnnotations })).main(name)).toBeDefined();
  });

  test('takes a sleep that is shorter than the grace period by a second', () => {
    const grace = synth((chart) => make(chart, {})).pod(name).terminationGracePeriodSeconds;
    const lifecycle = { preStop: { sleep: { seconds: grace - 1 } } };
    expect(synth((chart) => make(chart, { lifecycle })).main(name).lifecycle).toEqual(lifecycle);
  });

  test('refuses volumes and mounts that collide', () => {
    const volumes = [{ name: 'same', emptyDir: {} }];
    expect(refusals((chart) => make(chart, { volumes: [...volumes, ...volumes], volumeMounts: [{ name: 'same', mountPath: '/x' }, { name: 'same', mountPath: '/x' }] })))
      .toEqual([
        expect.stringMatching(/volumes\[1\]\.name: 'same' is also that of volumes\[0\]; give each its own name$/),
        expect.stringMatching(/volumeMounts\[1\]\.mountPath: '\/x' is also that of volumeMounts\[0\]; give each its own mountPath$/),
      ]);
    expect(refusals((chart) => make(chart, { volumes, volumeMounts: [{ name: 'same', mountPath: '/x' }, { name: 'same', mountPath: '/x/' }] })))
      .toEqual([expect.stringMatching(/volumeMounts: '\/x\/' is mounted twice; give each mount an absolute path of its own$/)]);
    expect(refusals((chart) => make(chart, { volumes, volumeMounts: [{ name: 'same', mountPath: 'y' }] })))
      .toEqual([expect.stringMatching(/volumeMounts\[0\]\.mountPath: 'y' is not an absolute path/)]);
  });

  test('refuses a volume whose name Kubernetes refuses', () => {
    expect(refusals((chart) => make(chart, { volumes: [{ name: 'My_Volume', emptyDir: {} }] })))
      .toEqual([expect.stringMatching(/volumes\[0\]\.name: 'My_Volume' is not a name that Kubernetes accepts; use at most 63 lower-case letters/)]);
  });

  test.each([[-1, 'is out of range; give a number from 0'], [1.5, 'is not a whole number']])('refuses the user %d', (runAsUser, wrong) => {
    expect(refusals((chart) => make(chart, { podSecurityContext: { runAsUser } })))
      .toEqual([expect.stringContaining(`podSecurityContext.runAsUser: ${runAsUser} ${wrong}`)]);
  });

  // The kubelet would not start it: container has runAsNonRoot and image will run as root.
  test('refuses root where it also says that nothing runs as root', () => {
    expect(refusals((chart) => make(chart, { podSecurityContext: { runAsUser: 0 } })))
      .toEqual([expect.stringMatching(/podSecurityContext\.runAsUser: 0 .*runAsNonRoot/)]);
  });

  test('takes root where it is said expressly', () => {
    const root = { podSecurityContext: { runAsUser: 0, runAsNonRoot: false }, securityContext: { runAsNonRoot: false } };
    expect(synth((chart) => make(chart, root)).pod(name).securityContext).toMatchObject({ runAsUser: 0, runAsNonRoot: false });
  });

  test('refuses a volume with the name of one of its own', () => {
    const own = name === 'redis' ? 'data' : 'tmp';
    expect(refusals((chart) => make(chart, { volumes: [{ name: own, emptyDir: {} }] })))
      .toEqual([expect.stringContaining(`volumes: '${own}' is the name of another volume of this pod`)]);
  });

  test('refuses a mount over one of its own', () => {
    const own = name === 'redis' ? '/data' : '/tmp';
    expect(refusals((chart) => make(chart, { volumes: [{ name: 'mine', emptyDir: {} }], volumeMounts: [{ name: 'mine', mountPath: own }] })))
      .toEqual([expect.stringContaining(`volumeMounts: '${own}' is mounted twice`)]);
  });
});

describe('options of a CeleryApp', () => {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart, everyOption);
    new CeleryWorker(chart, 'worker', {
      celery,
      resources: { limits: { memory: '3Gi' } },
      env: [{ name: 'OWN', value: '2' }, { name: 'PLAIN', value: '3' }],
      envFrom: [{ secretRef: { name: 'passwords' } }],
      volumes: [{ name: 'own', emptyDir: {} }, { name: 'cache', emptyDir: { medium: 'Memory' } }],
      volumeMounts: [{ name: 'own', mountPath: '/own' }, { name: 'own', mountPath: '/cache' }],
      sidecars: [{ name: 'own-proxy', image: 'own:1' }, { name: 'proxy', image: 'own:2' }],
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      imagePullSecrets: [{ name: 'own-login' }],
      labels: { tier: 'back' },
      annotations: { 'example.com/owner': 'worker@example.com' },
      priorityClassName: 'urgent',
      podSecurityContext: { runAsUser: 4001 },
      nodeSelector: undefined,
    });
    new CeleryBeat(chart, 'beat', { celery });
    new CeleryFlower(chart, 'flower', { celery, env: [{ name: 'FLOWER_ONLY', value: '1' }] });
  }, [...EXTERNAL, 'Secret/own-login']);

  test.each(Object.keys(EXPECTED) as (keyof PodOptions)[])('%s holds for every component, but env and envFrom for Flower', (option) => {
    EXPECTED[option](manifests, 'celery-beat');
    if (option !== 'env' && option !== 'envFrom') EXPECTED[option](manifests, 'celery-flower');
  });

  test('Flower has an environment of its own', () => {
    expect(manifests.main('celery-flower').envFrom).toBeUndefined();
    expect(manifests.env('celery-flower')).toMatchObject({ FLOWER_ONLY: '1' });
    expect(Object.keys(manifests.env('celery-flower'))).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(PLAIN|PASSWORD)$/)]));
  });

  test('lists merge by the names of their items, and the component wins', () => {
    const pod = manifests.pod('celery-worker');
    expect(manifests.env('celery-worker')).toMatchObject({ PLAIN: '3', PASSWORD: { secretKeyRef: { name: 'passwords', key: 'redis' } }, OWN: '2' });
    expect(pod.volumes).toEqual(expect.arrayContaining([{ name: 'own', emptyDir: {} }, { name: 'cache', emptyDir: { medium: 'Memory' } }]));
    expect(pod.volumes.filter(({ name }) => name === 'cache')).toHaveLength(1);
    expect(manifests.main('celery-worker').volumeMounts.slice(-2)).toEqual([{ name: 'own', mountPath: '/cache' }, { name: 'own', mountPath: '/own' }]);
    expect(pod.initContainers.map(({ name, image }) => [name, image])).toEqual([
      ['proxy', 'own:2'], ['own-proxy', 'own:1'], ['wait', 'registry.example.com/wait:1.0.0'],
    ]);
    expect(pod.imagePullSecrets).toEqual([{ name: 'registry-login' }, { name: 'own-login' }]);
  });

  test('maps and security contexts merge by key', () => {
    const { labels, annotations } = manifests.get('Deployment', 'celery-worker').metadata;
    expect([labels, annotations]).toMatchObject([{ team: 'orders', tier: 'back' }, { 'example.com/owner': 'worker@example.com' }]);
    expect(manifests.pod('celery-worker').securityContext).toMatchObject({ runAsUser: 4001, fsGroup: 4000 });
  });

  test('everything else is replaced, and undefined takes nothing away', () => {
    expect(manifests.main('celery-worker').resources).toEqual({ limits: { memory: '3Gi' } });
    expect(manifests.main('celery-worker').envFrom).toEqual([{ secretRef: { name: 'passwords' } }]);
    expect(manifests.pod('celery-worker').tolerations).toEqual([{ key: 'gpu', operator: 'Exists' }]);
    expect(manifests.pod('celery-worker').priorityClassName).toBe('urgent');
    EXPECTED.nodeSelector(manifests, 'celery-worker');
    EXPECTED.affinity(manifests, 'celery-worker');
  });

  test('labels and annotations are on its ConfigMap too, and not on the Redis', () => {
    expect(manifests.get('ConfigMap', 'celery-app').metadata).toMatchObject({
      labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' },
    });
    expect(manifests.get('Deployment', 'redis').metadata.labels).not.toHaveProperty('team');
  });
});
