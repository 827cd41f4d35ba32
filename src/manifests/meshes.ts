import { asScalar, asText, get } from './json';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** Whether the pods of a workload have a proxy of Istio; undefined where their Namespace is out of sight. */
export function isInMesh({ labels, annotations, resource }: Workload, world: World): boolean | undefined {
  const own = asScalar(labels['sidecar.istio.io/inject']) ?? asScalar(annotations['sidecar.istio.io/inject']);
  if (own !== undefined) return own === 'true';
  const namespace = world.find('Namespace', '', resource.namespace);
  if (!namespace) return undefined;
  // In ambient mode the node does it.
  if (namespace.labels['istio.io/dataplane-mode'] !== undefined) return undefined;
  const injection = asScalar(namespace.labels['istio-injection']);
  return injection === undefined ? namespace.labels['istio.io/rev'] !== undefined : injection === 'enabled';
}

/** The object that makes the proxy of a pod refuse what is not encrypted by another proxy, at any port. */
export function strictBy({ resource: { namespace }, labels }: Workload, world: World): Resource | undefined {
  const all = world.kind('PeerAuthentication').filter((one) => one.namespace === namespace && get(one.json, 'spec', 'portLevelMtls') === undefined);
  const selected = (one: Resource): boolean => {
    const wanted = get(one.json, 'spec', 'selector', 'matchLabels');
    return typeof wanted === 'object' && wanted !== null && Object.entries(wanted).every(([name, value]) => asScalar(labels[name]) === asScalar(value));
  };
  const ofPods = all.find(selected);
  const found = ofPods ?? all.find(({ json }) => get(json, 'spec', 'selector') === undefined);
  return found && asText(get(found.json, 'spec', 'mtls', 'mode')) === 'STRICT' ? found : undefined;
}
