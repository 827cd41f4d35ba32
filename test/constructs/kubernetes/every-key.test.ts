import { Chart } from 'cdk8s';
import { CeleryWorker, HealthCheck, PodOptions } from '../../../src';
import { CheckedOptions, OPTIONS, POD_OPTIONS } from '../../../src/constructs/kubernetes/options';
import { CopiedProp } from '../../../src/constructs/validation/props';
import { celeryApp } from '../../fixtures';
import { Manifest, refusals, render } from '../../manifests';
import { Random, randomValue } from '../../random-options';
import { runs, seed } from '../../random-runs';

beforeAll(() => void jest.spyOn(process.stderr, 'write').mockReturnValue(true));
afterAll(() => jest.restoreAllMocks());

/** Where the value of an option is in a Deployment. */
function placed(name: keyof PodOptions, { metadata, spec: { template } }: Manifest): unknown {
  switch (name) {
    case 'labels': case 'annotations': return metadata[name];
    case 'podLabels': return template.metadata.labels;
    case 'podAnnotations': return template.metadata.annotations;
    case 'podSecurityContext': return template.spec.securityContext;
    case 'sidecars': return template.spec.initContainers;
    case 'env': case 'envFrom': case 'volumeMounts': case 'resources': case 'securityContext': case 'lifecycle': return template.spec.containers[0][name];
    default: return template.spec[name];
  }
}

/** What is right on its own, of random values. */
function accepted(random: Random, name: keyof PodOptions): unknown {
  for (;;) {
    const value = randomValue(random, OPTIONS[name].type);
    if ((POD_OPTIONS[name] as CopiedProp).copy(name, value).problems.length === 0) return value;
  }
}

/** What others need. */
const WITH: CheckedOptions = {
  volumes: ['a', 'b', 'c-1', 'cache', 'http', 'metrics', 'name', '1'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
  dnsConfig: { nameservers: ['10.0.0.10'] },
};

test.each(Object.keys(OPTIONS) as (keyof PodOptions)[])('every key of %s that is accepted is in the manifest', (name) => {
  const random = new Random(seed());
  let [rendered, tries] = [0, 0];
  for (; rendered < runs(5) && tries < runs(200); tries += 1) {
    const value = accepted(random, name);
    const make = (chart: Chart): void => void new CeleryWorker(chart, 'worker', {
      celery: celeryApp(chart), healthCheck: HealthCheck.none(), ...(name === 'volumes' ? {} : WITH), [name]: value,
    } as never);
    let text: string;
    try {
      text = render(make);
    } catch (error) {
      // It is right on its own, and not in this pod.
      expect((error as Error).message).toMatch(/^Validation failed/);
      expect(refusals(make).join('\n')).not.toMatch(/undefined undefined|\[object/);
      continue;
    }
    rendered += 1;
    const deployment = (JSON.parse(text) as Manifest[]).find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'celery-worker')!;
    const found = placed(name, deployment);
    const written = name === 'sidecars' ? (value as object[]).map((sidecar) => ({ ...sidecar, restartPolicy: 'Always' })) : value;
    if (Array.isArray(written)) expect(written.length === 0 ? [] : found).toEqual(expect.arrayContaining(written));
    else if (typeof written === 'object') expect(found ?? {}).toEqual(expect.objectContaining(written as Record<string, unknown>));
    else expect(found).toEqual(written);
  }
  expect(rendered).toBeGreaterThan(3);
});
