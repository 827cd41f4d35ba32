import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Manifests } from './manifests';
import { outputOf } from './programs';

const EXAMPLES = join(__dirname, '../examples');

/** What an example wants the cluster to have already; its README says so. */
const EXTERNAL: Record<string, string[]> = {
  'pods': ['Secret/registry-login'],
  'existing-broker': ['Secret/broker'],
  'queues': ['Secret/flower-login'],
};

test('examples/durable has the claim of Beat that the first deployment had', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'durable/main.ts'))));
  expect(manifests.get('PersistentVolumeClaim', 'beat-pvc')).toMatchSnapshot();
  expect(manifests.pod('celery-beat').volumes.find(({ name }) => name === 'beat-data')).toMatchSnapshot();
});

test.each(readdirSync(EXAMPLES))('examples/%s synthesizes to valid manifests, and has a README', (name) => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, name, 'main.ts'))), EXTERNAL[name]);
  expect(manifests.identities()).toContainEqual(expect.stringMatching(/^Deployment\//));
  expect(existsSync(join(EXAMPLES, name, 'README.md'))).toBe(true);
});
