import { join } from 'node:path';
import { App } from 'cdk8s';
import * as after from './apps/after';
import * as durable from './apps/durable';
import * as health from './apps/health';
import * as noIndex from './apps/no-index';
import { kubectl } from './harness';

/** Something to deploy, and the namespaces that are gone with it. */
export interface Deployment {
  readonly namespaces: string[];
  deploy(): Promise<unknown>;
}

/** What each spec file finds on the cluster: `<key>.test.ts`. All of it comes up at the same time. A file without a key deploys itself. */
export const deployments: Record<string, Deployment[]> = {
  reference: [{
    namespaces: ['celery', 'redis'],
    deploy: () => kubectl(['apply', '-f', join(__dirname, '../../dist')]),
  }],
  failures: [
    before('pip-conflict'),
    before('read-only-schedule'),
    before('probe-loop'),
    before('unlocked-install'),
    ours(after),
    ours(noIndex),
  ],
  durable: [ours(durable), empty('celery-e2e-node-access')],
  health: [ours(health), empty('celery-e2e-health-node')],
};

/** For a privileged pod, which no namespace of ours admits. */
function empty(namespace: string): Deployment {
  return { namespaces: [namespace], deploy: () => kubectl(['create', 'namespace', namespace]) };
}

/** A manifest as people wrote it, in a namespace of its own. */
function before(failure: string): Deployment {
  const namespace = `celery-e2e-${failure}`;
  return {
    namespaces: [namespace],
    deploy: async () => {
      await kubectl(['create', 'namespace', namespace]);
      await kubectl(['apply', '-n', namespace, '-f', join(__dirname, 'fixtures/before', `${failure}.yaml`)]);
    },
  };
}

/** A deployment by our constructs, which brings its namespace along. */
function ours({ NAMESPACE, define }: { NAMESPACE: string; define(app: App): void }): Deployment {
  return {
    namespaces: [NAMESPACE],
    deploy: () => {
      const app = new App();
      define(app);
      return kubectl(['apply', '-f', '-'], app.synthYaml());
    },
  };
}
