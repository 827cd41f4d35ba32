import { App, Chart } from 'cdk8s';
import { Namespace, NamespaceProps, PodSecurity } from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp } from '../fixtures';
import { refusals, renderApp, synth } from '../manifests';

test('is that of its chart, and in none itself', () => {
  const manifests = synth((chart) => new Namespace(chart, 'namespace'));
  expect(manifests.all).toEqual([{
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'test',
      labels: {
        // `kubectl run` of an ordinary image works; what is not as hardened as our own pods gets a warning.
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/warn': 'restricted',
        'pod-security.kubernetes.io/audit': 'restricted',
      },
    },
    spec: {},
  }]);
});

test('with all props, each does something', () => {
  const manifests = everyProp<NamespaceProps, never>({
    required: [],
    props: () => ({ name: 'other', enforce: PodSecurity.RESTRICTED, labels: { team: 'orders' } }),
    make: (chart, props) => new Namespace(chart, 'namespace', props),
  });
  expect(manifests.get('Namespace', 'other').metadata.labels).toMatchObject({ 'team': 'orders', 'pod-security.kubernetes.io/enforce': 'restricted' });
});

test('comes before what is in it', () => {
  expect(synth((chart) => {
    new Namespace(chart, 'namespace');
    celeryApp(chart);
  }).identities()[0]).toBe('Namespace/test');
});

test('what it builds can be reached', () => {
  synth((chart) => { expect(new Namespace(chart, 'namespace').resource.name).toBe('test'); });
});

test('refuses to be nameless', () => {
  const app = new App();
  new Namespace(new Chart(app, 'chart'), 'namespace');
  expect(() => renderApp(app)).toThrow(
    '[chart/namespace] name: undefined is missing, and the chart has no namespace either; give new Chart(app, id, { namespace }) or a name',
  );
});

test.each<[NamespaceProps, RegExp]>([
  [{ name: 'My_Namespace' }, /name: 'My_Namespace' is not a name that Kubernetes accepts; use lower-case letters/],
  [{ name: 'n'.repeat(64) }, /has 64 characters, and Kubernetes allows 63; give a shorter name/],
  [{ labels: { team: 'a b' } }, /labels\['team'\]: 'a b' is not a label value that Kubernetes accepts; use at most 63/],
])('refuses %p', (props, message) => {
  expect(refusals((chart) => new Namespace(chart, 'namespace', props))).toEqual([expect.stringMatching(message)]);
});
