import { mayBeChanged } from '../../src/manifests/changed';
import { World } from '../../src/manifests/world';

const WORKER = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker', namespace: 'shop' }, spec: {} };
const IMAGE = ['spec', 'template', 'spec', 'containers', 0, 'image'];
const COMMAND = ['spec', 'template', 'spec', 'containers', 0, 'command', 3];

const kustomization = (json: object): object => ({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...json });
const op = (path: string): string => `- op: replace\n  path: ${path}\n  value: 2\n`;
const target = { kind: 'Deployment', name: 'worker' };

function isChanged(path: Array<string | number>, ...others: object[]): boolean {
  const world = new World([WORKER, ...others]);
  return mayBeChanged(world.find('Deployment', 'shop', 'worker')!, path, world);
}

describe('a JSON patch', () => {
  test.each([
    ['of the place', '/spec/template/spec/containers/0/command/3', true],
    ['of what it is in', '/spec/template/spec/containers/0', true],
    ['of a field that means the same', '/spec/template/spec/containers/0/args', true],
    ['of a container at another place', '/spec/template/spec/containers/1/command', true],
    ['of another field', '/spec/template/spec/containers/0/image', false],
    ['of another part', '/spec/replicas', false],
  ])('%s', (_, path, changes) => {
    expect(isChanged(COMMAND, kustomization({ patches: [{ target, patch: op(path) }] }))).toBe(changes);
    expect(isChanged(COMMAND, kustomization({ patchesJson6902: [{ target, patch: JSON.stringify([{ op: 'replace', path, value: '2' }]) }] }))).toBe(changes);
    expect(isChanged(COMMAND, kustomization({ patches: [{ target, patch: [{ op: 'replace', path, value: '2' }] }] }))).toBe(changes);
  });

  test.each([
    [{ kind: 'Deployment' }, true], [{ name: 'work.*' }, true], [{ kind: 'Deployment|StatefulSet', name: 'worker' }, true], [{ labelSelector: 'app=worker' }, true],
    [{ kind: 'Deployment', name: 'web' }, false], [{ kind: 'StatefulSet' }, false], [{ name: 'work' }, false],
    // Nobody waits for such a text.
    [{ name: '(w+)+$' }, true], [{ name: '(' }, true],
  ])('for %j', (other, changes) => {
    expect(isChanged(COMMAND, kustomization({ patches: [{ target: other, patch: op('/spec/template') }] }))).toBe(changes);
  });
});

describe('a strategic merge patch', () => {
  const merge = (name: string, container: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\nspec:\n  template:\n    spec:\n`
    + `      containers:\n        - name: worker\n          ${container}\n`;

  test.each([
    ['of the field', merge('worker', 'args: [worker]'), true],
    ['in brackets', 'kind: Deployment\nmetadata: {name: worker}\nspec: {template: {spec: {containers: [{name: worker, command: [a]}]}}}', true],
    ['of another field', merge('worker', 'image: shop:2'), false],
    ['of another object', merge('web', 'args: [worker]'), false],
    ['that takes the object away', 'kind: Deployment\nmetadata:\n  name: worker\n$patch: delete\n', true],
  ])('%s', (_, patch, changes) => {
    expect(isChanged(COMMAND, kustomization({ patches: [{ patch }] }))).toBe(changes);
    expect(isChanged(COMMAND, kustomization({ patchesStrategicMerge: [patch] }))).toBe(changes);
  });

  test('in a file out of sight may be any of its target, and without one it is for something else', () => {
    expect(isChanged(COMMAND, kustomization({ patches: [{ path: 'worker.yaml' }] }))).toBe(false);
    expect(isChanged(COMMAND, kustomization({ patchesStrategicMerge: ['worker.yaml'] }))).toBe(false);
    expect(isChanged(COMMAND, kustomization({ patches: [{ path: 'worker.yaml', target }] }))).toBe(true);
    expect(isChanged(COMMAND, kustomization({ patches: [{ path: 'web.yaml', target: { kind: 'Service' } }] }))).toBe(false);
  });

  test('that has been read with its kustomization counts as what it is', () => {
    const patch = merge('worker', 'image: shop:2');
    expect(isChanged(COMMAND, kustomization({ patchesStrategicMerge: ['worker.yaml'], patches: [{ path: 'worker.yaml', patch }] }))).toBe(false);
    expect(isChanged(IMAGE, kustomization({ patchesStrategicMerge: ['worker.yaml'], patches: [{ path: 'worker.yaml', patch }] }))).toBe(true);
  });
});

test('a patch of the image only changes nothing else of its container', () => {
  const container = ['spec', 'template', 'spec', 'containers', 0];
  const merging = (field: string): object => kustomization({
    patches: [{ patch: `kind: Deployment\nmetadata: {name: worker}\nspec: {template: {spec: {containers: [{name: worker, ${field}}]}}}` }],
  });
  expect(isChanged(container, merging('image: shop:2'))).toBe(false);
  expect(isChanged(container, merging('resources: {requests: {cpu: 1}}'))).toBe(true);
  expect(isChanged(container, kustomization({ patches: [{ target, patch: op('/spec/template/spec/containers/0/image') }] }))).toBe(false);
  expect(isChanged(container, kustomization({ patches: [{ target, patch: op('/spec/template/spec/containers/0/resources') }] }))).toBe(true);
  expect(isChanged(IMAGE, merging('image: shop:2'))).toBe(true);
});

test('a directive for a list is for that list', () => {
  const patch = 'kind: Deployment\nmetadata:\n  name: worker\nspec:\n  template:\n    spec:\n      volumes:\n'
    + '        - $patch: replace\n';
  const list = kustomization({ patches: [{ patch }] });
  expect(isChanged(COMMAND, list)).toBe(false);
  expect(isChanged(['spec', 'template', 'spec', 'volumes', 0], list)).toBe(true);
});

test('replicas of a kustomization', () => {
  const replicas = kustomization({ replicas: [{ name: 'worker', count: 1 }] });
  expect(isChanged(['spec', 'replicas'], replicas)).toBe(true);
  expect(isChanged(COMMAND, replicas)).toBe(false);
  expect(isChanged(['spec', 'replicas'], kustomization({ replicas: [{ name: 'web', count: 1 }] }))).toBe(false);
});

test('replacements of a kustomization', () => {
  const replacing = (select: object, ...fieldPaths: string[]): object =>
    kustomization({ replacements: [{ source: {}, targets: [{ select, fieldPaths }] }] });
  expect(isChanged(COMMAND, replacing(target, 'spec.replicas', 'spec.template.spec.containers.[name=worker].command.3'))).toBe(true);
  expect(isChanged(COMMAND, replacing(target, 'spec.template.spec.containers.0.args'))).toBe(true);
  expect(isChanged(COMMAND, replacing(target, 'spec.replicas', 'spec.template.spec.containers.[name=worker].image'))).toBe(false);
  expect(isChanged(COMMAND, replacing({ kind: 'Service' }, 'spec.template'))).toBe(false);
});

test('patches of Flux, Argo CD and Helm, and of a component', () => {
  const patches = [{ target, patch: op('/spec/template') }];
  expect(isChanged(COMMAND, { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: 'shop', namespace: 'flux-system' }, spec: { patches } })).toBe(true);
  expect(isChanged(COMMAND, { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'shop', namespace: 'argocd' }, spec: { source: { kustomize: { patches } } } })).toBe(true);
  expect(isChanged(COMMAND, { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: 'shop', namespace: 'shop' }, spec: { postRenderers: [{ kustomize: { patches } }] } })).toBe(true);
  expect(isChanged(COMMAND, { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', patches })).toBe(true);
  expect(isChanged(COMMAND, { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: 'shop', namespace: 'other' }, spec: { postRenderers: [{ kustomize: { patches } }] } })).toBe(false);
});

test.each<[string, string[], boolean]>([
  ['of the place', ['spec.template.spec.containers.[name=worker].image'], true], ['of all containers', ['spec.template.spec.containers.*.image'], true],
  ['of another field', ['spec.replicas', 'metadata.labels.team'], false],
])('a replacement %s', (_, fieldPaths, changes) => {
  expect(isChanged(IMAGE, kustomization({ replacements: [{ targets: [{ select: target, fieldPaths }] }] }))).toBe(changes);
});

test('a patch of several objects changes in each what it says of it', () => {
  const patch = (name: string, field: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\nspec:\n  ${field}: 1\n`;
  expect(isChanged(['spec', 'replicas'], kustomization({ patches: [{ patch: `${patch('web', 'replicas')}---\n${patch('worker', 'paused')}` }] }))).toBe(false);
  expect(isChanged(['spec', 'replicas'], kustomization({ patches: [{ patch: `${patch('web', 'paused')}---\n${patch('worker', 'replicas')}` }] }))).toBe(true);
});

test('an Application of Argo CD', () => {
  const application = (spec: object): object => ({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'a', namespace: 'argocd' }, spec });
  const kustomize = { replicas: [{ name: 'worker', count: 1 }] };
  expect(isChanged(['spec', 'replicas'], application({ source: { kustomize } }))).toBe(true);
  expect(isChanged(['spec', 'replicas'], application({ sources: [{ kustomize }] }))).toBe(true);
  expect(isChanged(IMAGE, application({ source: { kustomize } }))).toBe(false);
});

test('transformers', () => {
  const transformer = (kind: string, json: object): object => ({ apiVersion: 'builtin', kind, metadata: { name: 't' }, ...json });
  expect(isChanged(['spec', 'replicas'], transformer('ReplicaCountTransformer', { replica: { name: 'worker', count: 1 } }))).toBe(true);
  expect(isChanged(IMAGE, transformer('ReplicaCountTransformer', { replica: { name: 'worker', count: 1 } }))).toBe(false);
  expect(isChanged(COMMAND, transformer('PatchTransformer', { target, patch: op('/spec/template') }))).toBe(true);
  expect(isChanged(COMMAND, transformer('PatchTransformer', { target: { kind: 'Service' }, patch: op('/spec/template') }))).toBe(false);
});
