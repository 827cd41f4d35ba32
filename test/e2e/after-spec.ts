import { basename } from 'node:path';
import { deployments } from './deployments';
import { remove } from './setup';

/** What a spec file had on the cluster goes with it: a small cluster has no room for all of it beside the image's deployment. */
afterAll(async () => {
  const spec = basename(expect.getState().testPath!, '.test.ts');
  await remove((deployments[spec] ?? []).flatMap(({ namespaces }) => namespaces));
});
