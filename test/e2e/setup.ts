import { join } from 'node:path';
import { bringUp, Deployment, requireCluster } from './deployment';
import { deployments } from './deployments';

/** What we use of jest's configuration: the spec files that the command line names. */
export interface JestConfig {
  readonly testPathPatterns: { readonly patterns: string[] };
}

/** Deploys what the chosen spec files need, all at once. */
export default async function setup(config: JestConfig): Promise<void> {
  await requireCluster();
  await bringUp(chosenDeployments(config));
}

/** Those of the spec files that the command line names, or all. */
export function chosenDeployments({ testPathPatterns: { patterns } }: JestConfig): Deployment[] {
  return Object.entries(deployments)
    .filter(([spec]) => patterns.length === 0 || patterns.some((pattern) => join(__dirname, `${spec}.test.ts`).match(pattern)))
    .flatMap(([, deployed]) => deployed);
}
