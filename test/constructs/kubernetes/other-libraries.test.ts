import * as cdk8s from 'cdk8s';
import { App, Chart } from 'cdk8s';
import * as plus28 from 'cdk8s-plus-28';
import * as plus33 from 'cdk8s-plus-33';
import { CeleryFlower, CeleryWorker, FlowerAuth } from '../../../src';
import { celeryApp } from '../../fixtures';
import { Manifests, refusals, synth } from '../../manifests';

/** What is used of any version of cdk8s-plus, or of what `cdk8s import k8s` makes. */
type Library = typeof plus28 | typeof plus33;

const LIBRARIES: [string, Library][] = [['cdk8s-plus-28', plus28], ['cdk8s-plus-33', plus33]];

describe.each(LIBRARIES)('next to %s', (_name, kplus) => {
  const { k8s } = kplus as typeof plus33;
  const manifests: Manifests = synth((chart: Chart) => {
    const login = new kplus.Secret(chart, 'login', { metadata: { name: 'login' }, stringData: { users: 'from:elsewhere' } });
    const flags = new kplus.ConfigMap(chart, 'flags', { metadata: { name: 'flags' }, data: { REGION: 'eu' } });
    const claim = new k8s.KubePersistentVolumeClaim(chart, 'claim', {
      metadata: { name: 'cache' }, spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: k8s.Quantity.fromString('1Gi') } } },
    });
    const celery = celeryApp(chart);
    const worker = new CeleryWorker(chart, 'worker', {
      celery,
      // Objects of L1, as they are.
      env: [{ name: 'USERS', valueFrom: { secretKeyRef: { name: login.name, key: 'users' } } } satisfies plus33.k8s.EnvVar],
      envFrom: [{ configMapRef: { name: flags.name } } satisfies plus33.k8s.EnvFromSource],
      volumes: [{ name: 'cache', persistentVolumeClaim: { claimName: claim.name } } satisfies plus33.k8s.Volume],
      volumeMounts: [{ name: 'cache', mountPath: '/cache' } satisfies plus33.k8s.VolumeMount],
      resources: { limits: { memory: k8s.Quantity.fromString('1Gi'), cpu: k8s.Quantity.fromNumber(2) } },
      sidecars: [{
        name: 'proxy', image: 'proxy:1', command: ['proxy'], startupProbe: { tcpSocket: { port: k8s.IntOrString.fromNumber(5432) } },
        resources: { requests: { cpu: '10m' } },
      }],
      strategy: { rollingUpdate: { maxSurge: k8s.IntOrString.fromString('50%'), maxUnavailable: k8s.IntOrString.fromNumber(0) } },
    });
    const flower = new CeleryFlower(chart, 'flower', { celery, auth: FlowerAuth.basic({ name: login.name, key: 'users' }) });
    // Objects around ours, joined by name.
    new k8s.KubeIngress(chart, 'ingress', {
      metadata: { name: 'flower' },
      spec: { defaultBackend: { service: { name: flower.service.name, port: { name: 'http' } } } },
    });
    new kplus.NetworkPolicy(chart, 'policy', { metadata: { name: 'workers' }, selector: kplus.Pods.select(chart, 'pods', { labels: { component: 'worker' } }) as never });
    new k8s.KubeHorizontalPodAutoscalerV2(chart, 'hpa', {
      metadata: { name: 'worker' },
      spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: worker.deployment.kind, name: worker.deployment.name } },
    });
  });

  test('objects are joined by their names', () => {
    expect(manifests.env('celery-worker')).toMatchObject({ USERS: { secretKeyRef: { name: 'login', key: 'users' } } });
    expect(manifests.env('celery-flower').FLOWER_BASIC_AUTH).toEqual({ secretKeyRef: { name: 'login', key: 'users' } });
    expect(manifests.all.find(({ kind }) => kind === 'HorizontalPodAutoscaler')?.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'celery-worker' });
    expect(manifests.all.find(({ kind }) => kind === 'Ingress')?.spec.defaultBackend.service).toEqual({ name: 'celery-flower', port: { name: 'http' } });
  });

  test('quantities and ports of L1 are plain values', () => {
    expect(manifests.main('celery-worker').resources).toEqual({ limits: { memory: '1Gi', cpu: 2 } });
    expect(manifests.pod('celery-worker').initContainers[0].startupProbe).toEqual({ tcpSocket: { port: 5432 } });
    expect(manifests.get('Deployment', 'celery-worker').spec.strategy).toEqual({ rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } });
  });

  test('objects of L2 are refused in a line that names the option', () => {
    expect(refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), env: [kplus.EnvValue.fromValue('x')] })))
      .toEqual(['[chart/worker] env[0]: an EnvValue is not plain data as in a manifest (EnvVar); give the fields of EnvVar as Kubernetes documents them']);
    expect(refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), imagePullSecrets: [kplus.Secret.fromSecretName(chart, 'x', 'x')] })))
      .toEqual([expect.stringMatching(/^\[chart\/worker\] imagePullSecrets\[0\]: an? \w+ is not plain data as in a manifest \(LocalObjectReference\)/)]);
  });
});

test('another copy of cdk8s writes the same, also what is known only then', () => {
  let copy = cdk8s;
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof cdk8s>('cdk8s');
  });
  expect(copy.Lazy).not.toBe(cdk8s.Lazy);
  const written = (app: App, chart: Chart): unknown => {
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), longestTask: cdk8s.Duration.hours(2) });
    return app.charts.map((each) => each.toJson() as unknown);
  };
  const [own, other] = [new App(), new copy.App()];
  expect(written(other, new copy.Chart(other, 'chart', { namespace: 'test' }))).toEqual(written(own, new Chart(own, 'chart', { namespace: 'test' })));
});
