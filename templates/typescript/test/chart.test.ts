import { Testing } from 'cdk8s';
import { CeleryChart } from '../chart';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas?: number };
}

// Testing.synth also runs the rules of cdk8s-celery: what is known to break fails here.
const manifests = Testing.synth(new CeleryChart(Testing.app(), 'celery', { namespace: 'test' })) as Manifest[];

test('makes Redis, workers, Beat and Flower', () => {
  const names = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
  expect(names.sort()).toEqual(['celery-beat', 'celery-flower', 'celery-worker', 'redis']);
});

test('starts two workers', () => {
  expect(manifests.find(({ metadata }) => metadata.name === 'celery-worker')?.spec.replicas).toBe(2);
});
