import { App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

/** A namespace with Pod Security labels, in a chart of its own: in one with a namespace, cdk8s would write that into it. */
export function makeNamespace(app: App, name: string, enforce: 'baseline' | 'restricted' = 'baseline'): void {
  const labels = Object.fromEntries([['enforce', enforce], ['warn', 'restricted'], ['audit', 'restricted']].map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]));
  new kplus.Namespace(new Chart(app, `namespace-${name}`), 'namespace', { metadata: { name, labels } });
}
