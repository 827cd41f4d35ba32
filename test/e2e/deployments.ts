import { join } from 'node:path';
import * as after from './apps/after';
import * as brokers from './apps/brokers';
import * as django from './apps/django';
import * as durable from './apps/durable';
import * as flower from './apps/flower';
import * as health from './apps/health';
import * as noIndex from './apps/no-index';
import * as release from './apps/release';
import { Deployment, empty, ours } from './deployment';
import { kubectl } from './harness';

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
  brokers: [ours(brokers)],
  django: [{ ...ours(django), namespaces: [django.NAMESPACE, django.WEB] }],
  durable: [ours(durable), empty('celery-e2e-node-access')],
  health: [ours(health), empty('celery-e2e-health-node')],
  flower: [ours(flower)],
  release: [ours(release), empty('celery-e2e-release-node')],
};

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
