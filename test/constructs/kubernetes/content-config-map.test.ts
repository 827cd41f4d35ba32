import { Chart } from 'cdk8s';
import { Manifest, synth } from '../../manifests';
import { contentConfigMap } from '../../../src/constructs/kubernetes/content-config-map';

const made = (data: Record<string, string>, metadata: { labels?: Record<string, string>; annotations?: Record<string, string> } = {}): Manifest =>
  synth((chart: Chart) => contentConfigMap(chart, 'files', 'shop-app', data, metadata)).all[0];

describe('the name', () => {
  const name = (...args: Parameters<typeof made>): string => made(...args).metadata.name;

  test('ends with eight digits of the content, which the label has too', () => {
    expect(made({ 'tasks.py': 'a = 1\n' })).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'shop-app-bb0c43ed',
        namespace: 'test',
        labels: { 'cdk8s-celery/content-hash': 'bb0c43ed' },
        annotations: {
          'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
          'argocd.argoproj.io/sync-options': 'Prune=false',
          'kustomize.toolkit.fluxcd.io/prune': 'disabled',
        },
      },
      immutable: true,
      data: { 'tasks.py': 'a = 1\n' },
    });
  });

  test.each<[string, Record<string, string>]>([
    ['a value', { a: '1', b: '2 ' }], ['a key', { a: '1', c: '2' }], ['where a key ends', { 'a': '1b', '': '2' }], ['a file', { a: '1' }], ['an empty file', { a: '1', b: '2', c: '' }],
  ])('changes with %s', (_what, data) => {
    expect(name(data)).not.toBe(name({ a: '1', b: '2' }));
  });

  test('stays the same with other labels and annotations, and in another order', () => {
    expect(name({ a: '1', b: '2' }, { labels: { team: 'x' }, annotations: { x: 'y' } })).toBe(name({ b: '2', a: '1' }));
  });
});

test('a file that is empty stays', () => {
  expect(made({ '__init__.py': '' }).data).toEqual({ '__init__.py': '' });
});

test.each([
  [{ 'argocd.argoproj.io/sync-options': 'Replace=true' }, { 'argocd.argoproj.io/sync-options': 'Replace=true,Prune=false' }],
  [{ 'argocd.argoproj.io/sync-options': 'Replace=true, Prune=confirm' }, { 'argocd.argoproj.io/sync-options': 'Replace=true, Prune=confirm' }],
  [{ 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' }, { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true,IgnoreExtraneous' }],
  [{ 'kustomize.toolkit.fluxcd.io/prune': 'enabled' }, { 'kustomize.toolkit.fluxcd.io/prune': 'enabled' }],
  [{ 'example.com/owner': 'me' }, { 'example.com/owner': 'me', 'argocd.argoproj.io/sync-options': 'Prune=false' }],
])('annotations of the user\'s own, %j, keep what they say', (given, expected) => {
  expect(made({}, { annotations: given }).metadata.annotations).toMatchObject(expected);
});

// With it `helm rollback` fails: "no ConfigMap with the name ... found" (helm/helm#8228).
test('Helm is not told to keep it', () => {
  expect(made({}).metadata.annotations).not.toHaveProperty('helm.sh/resource-policy');
});
