import { Chart } from 'cdk8s';
import { CeleryBusyPodController, CeleryBusyPodControllerProps, CeleryNetwork, CeleryWorker } from '../../../src';
import { everyProp } from '../../every-prop';
import { celeryApp, everyOption, EXTERNAL } from '../../fixtures';
import { Manifest, Manifests, refusals, synth } from '../../manifests';

const NAME = 'celery-busy-pods';

function made(props: Partial<CeleryBusyPodControllerProps> = {}): (chart: Chart) => CeleryBusyPodController {
  return (chart) => {
    const celery = props.celery ?? celeryApp(chart, { env: [{ name: 'DATABASE', value: 'orders' }], nodeSelector: { disk: 'ssd' } });
    new CeleryWorker(chart, 'worker', { celery });
    return new CeleryBusyPodController(chart, 'busy-pods', { celery, ...props });
  };
}

const found = (manifests: Manifests, kind: string): Manifest => manifests.all.find((one) => one.kind === kind && one.metadata.name === NAME)!;

test('may get, list and patch pods of its namespace, and nothing else', () => {
  const manifests = synth(made());
  expect(found(manifests, 'Role').rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch'] }]);
  expect(found(manifests, 'RoleBinding')).toMatchObject({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'test' }],
  });
  expect(manifests.all.filter(({ kind }) => /^Cluster/.test(kind))).toEqual([]);
});

test('has the only token: no pod with code of the app has one', () => {
  const manifests = synth(made());
  const tokens = (name: string) => JSON.stringify(manifests.pod(name)).includes('serviceAccountToken');
  expect([NAME, 'celery-worker'].map(tokens)).toEqual([true, false]);
  expect(manifests.pod(NAME)).toMatchObject({ automountServiceAccountToken: false, serviceAccountName: NAME });
  expect(found(manifests, 'ServiceAccount').automountServiceAccountToken).toBe(false);
});

test('asks for the workers of its app, by their labels', () => {
  const manifests = synth(made());
  const [, , selector] = manifests.main(NAME).command;
  const labels = manifests.get('Deployment', 'celery-worker').spec.template.metadata.labels as Record<string, string>;
  for (const [name, value] of selector.split(',').map((pair) => pair.split('='))) expect(labels[name]).toBe(value);
  expect(selector).toBe('app.kubernetes.io/part-of=celery,component=worker');
});

test('is one restricted pod with nothing of the app, placed as the app is', () => {
  const manifests = synth(made());
  expect(manifests.get('Deployment', NAME).spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(manifests.main(NAME)).toMatchObject({ image: 'python:3.11-slim', securityContext: { readOnlyRootFilesystem: true, runAsNonRoot: true } });
  expect(Object.keys(manifests.env(NAME))).toEqual(['PYTHONDONTWRITEBYTECODE', 'PYTHONUNBUFFERED']);
  expect(manifests.pod(NAME).volumes.map(({ name }) => name)).toEqual(['code', 'token']);
  expect(manifests.pod(NAME).nodeSelector).toEqual({ disk: 'ssd' });
  expect(Object.keys(manifests.find('ConfigMap', `${NAME}-code`)!.data)).toContain('controller.py');
});

describe('under the policies of the app', () => {
  const labels = { 'app.kubernetes.io/name': 'celery-busy-pods', 'app.kubernetes.io/instance': NAME, 'component': 'busy-pods' };
  const policies = (network: CeleryNetwork) => synth((chart) => made({ celery: celeryApp(chart, { network }) })(chart));

  test('it is let in to the agents of workers, by its labels', () => {
    expect(policies(CeleryNetwork.closed()).get('NetworkPolicy', 'celery-worker').spec.ingress)
      .toEqual([{ from: [{ podSelector: { matchLabels: labels } }], ports: [{ port: 8790, protocol: 'TCP' }] }]);
    expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart) })).get('NetworkPolicy', 'celery-worker').spec)
      .not.toHaveProperty('ingress');
  });

  test('it alone connects to the API server, and nobody to it', () => {
    const manifests = policies(CeleryNetwork.closed({ apiServerCidr: '10.0.0.1/32' }));
    expect(manifests.get('NetworkPolicy', NAME).spec).toEqual({
      podSelector: { matchLabels: labels },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        { ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }] },
        { to: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: [{ port: 443, protocol: 'TCP' }, { port: 6443, protocol: 'TCP' }] },
        { to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'celery', 'component': 'worker' } } }] },
      ],
    });
    expect(JSON.stringify(manifests.get('NetworkPolicy', 'celery-worker').spec.egress)).not.toContain('6443');
  });

  test('it connects to what it likes where the app does, and has no policy where the app has none', () => {
    expect(policies(CeleryNetwork.closedIngress()).get('NetworkPolicy', NAME).spec.policyTypes).toEqual(['Ingress']);
    expect(policies(CeleryNetwork.open()).find('NetworkPolicy', NAME)).toBeUndefined();
  });
});

test('with all props', () => {
  const manifests = everyProp<CeleryBusyPodControllerProps, 'celery'>({
    required: ['celery'],
    external: EXTERNAL,
    props: (chart) => ({ ...everyOption, celery: celeryApp(chart), name: NAME, image: 'registry.example.com/python:3.13.1' }),
    make: (chart, props) => {
      new CeleryWorker(chart, 'worker', { celery: props.celery });
      new CeleryBusyPodController(chart, 'sparer', props);
    },
  });
  expect(manifests.main(NAME).image).toBe('registry.example.com/python:3.13.1');
  // One that exists is bound, and not made.
  expect(found(manifests, 'RoleBinding').subjects[0].name).toBe('celery');
  expect(found(manifests, 'ServiceAccount')).toBeUndefined();
});

test('is off unless it is made', () => {
  expect(synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart) })).all.map(({ kind }) => kind)).not.toContain('Role');
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const { deployment, role, roleBinding, serviceAccount } = made()(chart);
    expect([deployment, role, roleBinding, serviceAccount].map((one) => `${one?.kind} ${one?.name}`))
      .toEqual(['Deployment', 'Role', 'RoleBinding', 'ServiceAccount'].map((kind) => `${kind} ${NAME}`));
  });
});

describe('is refused', () => {
  test('a second time for an app', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      new CeleryBusyPodController(chart, 'one', { celery });
      new CeleryBusyPodController(chart, 'two', { celery });
    })).toEqual(['[chart/two] celery: \'celery\' is an app that has one already, chart/one; leave one of the two out']);
  });

  test.each([['python:3.8', '3.8'], ['python:3.8-slim', '3.8'], ['python:2.7', '2.7']])('with %s, in which the controller does not start', (image, version) => {
    expect(refusals(made({ image }))).toEqual([
      `[chart/busy-pods] image: '${image}' has Python ${version}, and the controller needs 3.9 or later; give e.g. 'python:3.13-slim', or leave it out`,
    ]);
  });

  test.each(['python:3.9', 'python:3.13-slim', 'python:3', 'registry.example.com/team/tools:3.8'])('and not with %s', (image) => {
    expect(synth(made({ image })).main(NAME).image).toBe(image);
  });

  test('in another namespace, and with an image that is none', () => {
    expect(refusals((chart) => {
      const other = new Chart(chart, 'other', { namespace: 'other' });
      new CeleryBusyPodController(other, 'busy-pods', { celery: celeryApp(chart), image: 'Python' });
    }).join('\n')).toMatch(/image: 'Python' .*\n.*namespace: 'other' is not 'test', the namespace of the app, whose pods it looks at/);
  });
});
