import { basename } from 'node:path';
import { remove } from './deployment';
import { deployments } from './deployments';

/** What a spec file had on the cluster goes with it: a small cluster has no room for all of it next to the image's deployment. */
afterAll(async () => {
  const spec = basename(expect.getState().testPath!, '.test.ts');
  await remove((deployments[spec] ?? []).flatMap(({ namespaces }) => namespaces));
});
