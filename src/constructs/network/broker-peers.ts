import { IConstruct } from 'constructs';
import { LABELS } from '../../manifests/labels';
import type { CeleryApp } from '../celery-app';
import type * as k8s from '../kubernetes/api/types';
import { CeleryNetwork } from './celery-network';
import { podsOf } from './server-address';
import { isCounted } from './visitors';

/**
 * Who may connect to a broker in the cluster: the pods of its apps by their labels, KEDA where it counts, and whole namespaces where that was
 * asked for.
 */
export function brokerPeers(
  broker: IConstruct, server: 'redis' | 'rabbitmq', apps: readonly CeleryApp[], namespaces: ReadonlySet<string>,
): k8s.NetworkPolicyPeer[] {
  const keda = apps.filter((app) => app._network._ingress?.keda.named || isCounted(broker, server, new Set([app.namespace])))
    .flatMap((app) => (app._network._ingress ?? CeleryNetwork.closedIngress()._ingress!).keda.peers);
  const peers = [
    ...apps.filter((app) => app.namespace === undefined || !namespaces.has(app.namespace))
      .map((app) => podsOf(app.namespace, { [LABELS.name]: 'celery', [LABELS.partOf]: app.name })),
    ...[...namespaces].map((namespace) => podsOf(namespace)),
    ...keda,
  ];
  return [...new Map(peers.map((peer) => [JSON.stringify(peer), peer])).values()];
}
