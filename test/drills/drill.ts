import { bringUp, Deployment, remove } from '../e2e/deployment';

/** What the tests of a file need on the cluster: it comes up before them, and is gone after them. */
export function deployed(...deployments: Deployment[]): void {
  beforeAll(() => bringUp(deployments));
  afterAll(() => remove(deployments.flatMap(({ namespaces }) => namespaces)));
}
