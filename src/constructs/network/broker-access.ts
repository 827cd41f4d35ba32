import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { CLUSTER_DOMAIN } from '../../celery/hosts';
import type { CeleryApp } from '../celery-app';
import type * as k8s from '../kubernetes/api/types';
import { whenWritten } from '../kubernetes/when-written';
import * as checks from '../validation/checks';
import { isInTree } from '../validation/in-tree';
import { refuse } from '../validation/problems';
import { brokerPeers } from './broker-peers';
import { podsOf } from './server-address';

/** What the NetworkPolicy of a broker says of its pods. */
export interface BrokerPolicy {
  readonly metadata: object;
  readonly labels: Record<string, string>;
  /** The ports that are open to those who may connect. */
  readonly ports: readonly number[];
  /** Whether its pods connect to nobody. */
  readonly callsNobody?: boolean;
}

/** Who may connect to a broker that a program makes: the pods of its apps, and the namespaces that were asked for. */
export class BrokerAccess {
  public readonly namespace: string | undefined;
  private readonly apps: CeleryApp[] = [];
  private readonly namespaces = new Set<string>();

  public constructor(private readonly broker: Construct, private readonly server: 'redis' | 'rabbitmq') {
    this.namespace = Chart.of(broker).namespace;
  }

  /** The DNS name of its Service. */
  public host(service: string, clusterDomain = CLUSTER_DOMAIN): string {
    return this.namespace === undefined ? service : `${service}.${this.namespace}.svc.${clusterDomain}`;
  }

  /** Lets the pods of an app connect. */
  public admit(app: CeleryApp): void {
    const { broker, namespace } = this;
    if ((app.namespace === undefined) !== (namespace === undefined)) {
      refuse(broker, [{
        prop: 'namespace', value: app.namespace ?? namespace,
        wrong: `is only the namespace of ${app.namespace ? app.node.path : broker.node.path}, so neither a DNS name nor a NetworkPolicy can join the two`,
        fix: 'give both charts a namespace: new Chart(app, id, { namespace })',
      }]);
    }
    this.apps.push(app);
  }

  /** Lets all pods of a namespace connect. */
  public admitNamespace(namespace: string): void {
    const problems = checks.name('namespace', namespace);
    refuse(this.broker, problems);
    if (problems.length === 0) this.namespaces.add(namespace);
  }

  /** The apps that were admitted, of those that are in its tree. */
  public get admitted(): readonly CeleryApp[] {
    return this.apps.filter((app) => isInTree(app, this.broker));
  }

  /** The NetworkPolicy that admits them; those that come later, too. */
  public policy({ metadata, labels, ports, callsNobody }: BrokerPolicy): ApiObject {
    const peers = (): k8s.NetworkPolicyPeer[] => brokerPeers(this.broker, this.server, this.apps, this.namespaces);
    return new ApiObject(this.broker, 'NetworkPolicy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: labels },
        policyTypes: ['Ingress', ...(callsNobody ? ['Egress'] : [])],
        ingress: whenWritten(() => {
          const from = peers();
          return from.length === 0 ? undefined : [{ from, ports: ports.map((port) => ({ port, protocol: 'TCP' })) }];
        }),
      },
    });
  }

  /** What pods that use the broker connect to. */
  public egress(labels: Record<string, string>, port: number): k8s.NetworkPolicyEgressRule[] {
    return [{ to: [podsOf(this.namespace, labels)], ports: [{ port, protocol: 'TCP' }] }];
  }
}
