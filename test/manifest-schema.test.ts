import { schemaProblems } from './manifest-schema';
import { Manifest } from './manifests';

const container = { name: 'c', image: 'i' };

function deployment(change: { spec?: Manifest; podSpec?: Manifest; container?: Manifest } = {}): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', labels: { a: 'b' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ ...container, ...change.container }], ...change.podSpec } },
      ...change.spec,
    },
  };
}

test('a valid manifest has no problem', () => {
  expect(schemaProblems(deployment())).toEqual([]);
});

test('forms that are rare in our manifests are understood', () => {
  expect(schemaProblems(deployment({
    container: {
      resources: { requests: { cpu: '0.5', memory: '1.5Gi' } },
      livenessProbe: { httpGet: { path: '/', port: 'http' } },
      securityContext: { capabilities: { drop: ['ALL'] } },
    },
    podSpec: { nodeSelector: { disk: 'ssd' }, volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }] },
  }))).toEqual([]);
});

test.each<[string, Manifest, string]>([
  ['an unknown field', deployment({ podSpec: { bogus: 1 } }), '.spec.template.spec.bogus: is not a field of PodSpec'],
  ['a misspelt field', deployment({ spec: { replcias: 2 } }), '.spec.replcias: is not a field of DeploymentSpec'],
  ['a field that only objects in general have', deployment({ podSpec: { toString: 'x' } }), '.spec.template.spec.toString: is not a field of PodSpec'],
  ['a number as text', deployment({ spec: { replicas: '1' } }), '.spec.replicas: "1" is not a whole number'],
  ['a fraction', deployment({ spec: { replicas: 1.5 } }), '.spec.replicas: 1.5 is not a whole number'],
  ['a text as list', deployment({ container: { command: 'celery' } }), '.spec.template.spec.containers[0].command: "celery" is not a list'],
  ['a number in a list of texts', deployment({ container: { command: [1] } }), '.spec.template.spec.containers[0].command[0]: 1 is not a string'],
  ['null', deployment({ podSpec: { hostNetwork: null } }), '.spec.template.spec.hostNetwork: null is not true or false'],
  ['a list as object', deployment({ podSpec: { securityContext: [] } }), '.spec.template.spec.securityContext: [] is not a PodSecurityContext'],
  ['a number as label', { ...deployment(), metadata: { labels: { a: 1 } } }, '.metadata.labels.a: 1 is not a string'],
  ['neither of two types', deployment({ container: { livenessProbe: { httpGet: { port: true } } } }),
    '.spec.template.spec.containers[0].livenessProbe.httpGet.port: true is not number | string'],
  ['what is no quantity', deployment({ container: { resources: { limits: { memory: '1 GB' } } } }),
    '.spec.template.spec.containers[0].resources.limits.memory: "1 GB" is not a Quantity'],
  ['a value that an enumeration does not have', deployment({ container: { imagePullPolicy: 'ifNotPresent' } }),
    '.spec.template.spec.containers[0].imagePullPolicy: "ifNotPresent" is not one of Always, IfNotPresent, Never'],
  ['a missing field', { ...deployment(), spec: { template: { spec: { containers: [] } } } }, '.spec.selector: is missing in DeploymentSpec'],
  ['an unknown kind', { ...deployment(), kind: 'Deploymnet' }, 'apps/v1 Deploymnet: is not a kind that Kubernetes has'],
  ['an unknown version', { ...deployment(), apiVersion: 'apps/v1beta9' }, 'apps/v1beta9 Deployment: is not a kind that Kubernetes has'],
  ['no kind', { apiVersion: 'v1' }, 'apiVersion and kind: are missing'],
])('%s is found', (_what, manifest, problem) => {
  expect(schemaProblems(manifest)).toEqual([problem]);
});

describe('of a custom resource, by its definition in crds/', () => {
  const scaledObject = (spec: Manifest): Manifest => ({
    apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 's' },
    spec: { scaleTargetRef: { name: 'd' }, triggers: [{ type: 'redis', metadata: { listName: 'celery' } }], ...spec },
  });

  test('a valid one has no problem', () => {
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
    expect(schemaProblems(scaledObject({ advanced: { horizontalPodAutoscalerConfig: { behavior } } }))).toEqual([]);
  });

  test.each<[string, Manifest, string]>([
    ['an unknown field', { trigers: [] }, '.spec.trigers: is not a field'],
    ['a missing field', { triggers: [{ type: 'redis' }] }, '.spec.triggers[0].metadata: is missing'],
    ['a number as text', { minReplicaCount: '1' }, '.spec.minReplicaCount: "1" is not a whole number'],
    ['a number where a map has strings', { triggers: [{ type: 'redis', metadata: { databaseIndex: 1 } }] }, '.spec.triggers[0].metadata.databaseIndex: 1 is not a string'],
    ['a value that an enumeration does not have', { fallback: { failureThreshold: 1, replicas: 1, behavior: 'none' } },
      '.spec.fallback.behavior: "none" is not one of static, currentReplicas, currentReplicasIfHigher, currentReplicasIfLower, scalingModifiers'],
  ])('%s is found', (_what, spec, problem) => {
    expect(schemaProblems(scaledObject(spec))).toEqual([problem]);
  });

  test('a kind that has none is found', () => {
    expect(schemaProblems({ ...scaledObject({}), kind: 'ScaledThing' })).toEqual(['keda.sh/v1alpha1 ScaledThing: has no definition in crds/']);
  });
});
