import { App } from 'cdk8s';
import type { Namespace } from 'kubernetes-types/core/v1';
import { kubectl, say } from './harness';

/** Something to deploy, and the namespaces that are gone with it. */
export interface Deployment {
  readonly namespaces: string[];
  deploy(): Promise<unknown>;
}

/** The label of our namespaces. A run that was killed leaves them behind; the next one removes them. */
const LABEL = 'cdk8s-celery/e2e';

/** A deployment by our constructs, which brings its namespace along. */
export function ours({ NAMESPACE, define }: { NAMESPACE: string; define(app: App): void }): Deployment {
  return {
    namespaces: [NAMESPACE],
    deploy: () => {
      const app = new App();
      define(app);
      return kubectl(['apply', '-f', '-'], app.synthYaml());
    },
  };
}

/** A namespace with nothing in it, for a privileged pod, which no namespace of ours admits. */
export function empty(namespace: string): Deployment {
  return { namespaces: [namespace], deploy: () => kubectl(['create', 'namespace', namespace]) };
}

/** Fails, with what to do, if there is no cluster. */
export async function requireCluster(): Promise<void> {
  await kubectl(['version', '--request-timeout=10s']).catch(({ stderr, message }) => {
    throw new Error('no cluster answers in the current context of kubectl: start one (kind create cluster), or choose one ' +
      `(kubectl config use-context)\n${stderr || message}`);
  });
}

/** Deploys all of it; nothing of it is left when that fails. */
export async function bringUp(deployments: readonly Deployment[]): Promise<void> {
  const all = deployments.flatMap(({ namespaces }) => namespaces);
  await makeRoom(all);
  try {
    for (const { namespaces, deploy } of deployments) {
      say(`deploying to ${namespaces.join(' and ')}`);
      await deploy();
      await kubectl(['label', 'namespace', ...namespaces, `${LABEL}=`]);
    }
  } catch (error) {
    // jest runs no teardown after a setup that failed.
    await remove(all);
    throw error;
  }
}

/** Deletes namespaces. Nothing in them needs to stop in order, and what is stuck in a failed test would take its grace period to. */
export async function remove(unwanted: readonly string[]): Promise<void> {
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
