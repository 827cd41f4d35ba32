import { join } from 'node:path';
import type { Namespace } from 'kubernetes-types/core/v1';
import { Deployment, deployments } from './deployments';
import { kubectl, say } from './harness';

/** What we use of jest's configuration: the spec files that the command line names. */
export interface JestConfig {
  readonly testPathPatterns: { readonly patterns: string[] };
}

/** The label of our namespaces. A run that was killed leaves them behind; the next one removes them. */
const LABEL = 'cdk8s-celery/e2e';

/** Deploys what the chosen spec files need, all at once. */
export default async function setup(config: JestConfig): Promise<void> {
  await kubectl(['version', '--request-timeout=10s']).catch(({ stderr, message }) => {
    throw new Error('no cluster answers in the current context of kubectl: start one (kind create cluster), or choose one ' +
      `(kubectl config use-context)\n${stderr || message}`);
  });
  const chosen = chosenDeployments(config);
  const namespaces = chosen.flatMap((deployment) => deployment.namespaces);
  await makeRoom(namespaces);
  try {
    for (const { namespaces, deploy } of chosen) {
      say(`deploying to ${namespaces.join(' and ')}`);
      await deploy();
      await kubectl(['label', 'namespace', ...namespaces, `${LABEL}=`]);
    }
  } catch (error) {
    // jest runs no teardown after a setup that failed.
    await remove(namespaces);
    throw error;
  }
}

/** Those of the spec files that the command line names, or all. */
export function chosenDeployments({ testPathPatterns: { patterns } }: JestConfig): Deployment[] {
  return Object.entries(deployments)
    .filter(([spec]) => patterns.length === 0 || patterns.some((pattern) => join(__dirname, `${spec}.test.ts`).match(pattern)))
    .flatMap(([, deployed]) => deployed);
}

/** Deletes namespaces. Nothing in them needs to stop in order, and what is stuck in a failed test would take its grace period to. */
export async function remove(unwanted: string[]): Promise<void> {
  const existing = (await kubectl(['get', 'namespaces', '-o', 'name'])).trim().split('\n');
  const namespaces = unwanted.filter((name) => existing.includes(`namespace/${name}`));
  if (namespaces.length === 0) return;
  say(`deleting ${namespaces.join(', ')}`);
  await kubectl(['delete', 'namespace', ...namespaces, '--ignore-not-found', '--wait=false']);
  for (const namespace of namespaces) await kubectl(['delete', 'pods', '--all', '-n', namespace, '--now', '--wait=false']);
  await kubectl(['wait', '--for=delete', ...namespaces.map((namespace) => `namespace/${namespace}`), '--timeout=180s']);
}

/** Removes what an earlier run has left behind; what is not ours we do not touch, and can't do with. */
async function makeRoom(namespaces: string[]): Promise<void> {
  const { items } = JSON.parse(await kubectl(['get', 'namespaces', '-o', 'json'])) as { items: Namespace[] };
  const existing = items.filter(({ metadata }) => namespaces.includes(metadata!.name!));
  const names = (some: Namespace[]): string[] => some.map(({ metadata }) => metadata!.name!);
  const foreign = names(existing.filter(({ metadata }) => metadata!.labels?.[LABEL] === undefined));
  if (foreign.length > 0) {
    throw new Error(`the cluster has the namespaces ${foreign.join(', ')} already, and these tests delete what they deploy to: ` +
      `choose another cluster, or delete them (kubectl delete namespace ${foreign.join(' ')})`);
  }
  if (existing.length > 0) await remove(names(existing));
}
