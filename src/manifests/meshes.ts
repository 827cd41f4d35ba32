import { asScalar, asText, get } from './json';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** Whether the pods of a workload have a proxy of Istio; undefined where their Namespace is out of sight. */
export function isInMesh({ labels, annotations, resource, spec }: Workload, world: World): boolean | undefined {
  // No proxy is added to a pod with the network of its node.
  if (spec.hostNetwork === true) return false;
  const own = asScalar(labels['sidecar.istio.io/inject']) ?? asScalar(annotations['sidecar.istio.io/inject']);
  if (own !== undefined) return own === 'true';
  if (labels['istio.io/rev'] !== undefined) return true;
  if (labels['istio.io/dataplane-mode'] !== undefined) return undefined;
  const namespace = world.find('Namespace', '', resource.namespace);
  if (!namespace) return undefined;
  // In ambient mode the node does it.
  if (namespace.labels['istio.io/dataplane-mode'] !== undefined) return undefined;
  const injection = asScalar(namespace.labels['istio-injection']);
  return injection === undefined ? namespace.labels['istio.io/rev'] !== undefined : injection === 'enabled';
}

/** The object that makes the proxy of a pod refuse what is not encrypted by another proxy, at any port. */
export function strictBy({ resource: { namespace }, labels, annotations }: Workload, world: World): Resource | undefined {
  // Ports that the proxy leaves as they are.
  if (['excludeInboundPorts', 'includeInboundPorts'].some((name) => annotations[`traffic.sidecar.istio.io/${name}`] !== undefined)) return undefined;
  const all = world.kind('PeerAuthentication').filter((one) => one.namespace === namespace && get(one.json, 'spec', 'portLevelMtls') === undefined);
  const selected = (one: Resource): boolean => {
    const wanted = get(one.json, 'spec', 'selector', 'matchLabels');
    return typeof wanted === 'object' && wanted !== null && Object.entries(wanted).every(([name, value]) => asScalar(labels[name]) === asScalar(value));
  };
  const ofPods = all.find(selected);
  const found = ofPods ?? all.find(({ json }) => get(json, 'spec', 'selector') === undefined);
  return found && asText(get(found.json, 'spec', 'mtls', 'mode')) === 'STRICT' ? found : undefined;
}
