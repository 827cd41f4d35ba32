import { lazy } from '../memo';
import { kindIn } from './in-namespace';
import { asList, asScalar, asText, get } from './json';
import { selects } from './policies';
import { Resource } from './resource';
import type { World } from './world';

/** What a policy of a gateway or a mesh asks for: SecurityPolicy of Envoy Gateway, AuthPolicy of Kuadrant, GCPBackendPolicy with IAP. */
const ASKS = /"(oidc|basicAuth|jwt|extAuth|apiKeyAuth|authentication|iap|requestPrincipals|remoteIpBlocks|authorization)"|"action":"CUSTOM"/;

/** Policies that are attached to other objects, or to pods, and ask who comes. */
const policies = lazy((world: World): readonly Resource[] => world.resources.filter(({ kind, json }) => /(Policy|Authentication)$/.test(kind)
  && kind !== 'NetworkPolicy' && ASKS.test(JSON.stringify(json.spec ?? ''))));

/** Whether one is attached to a route, to a Gateway that serves it, or to the Service or the pods that it leads to. */
export function hasPolicy(route: Resource, service: Resource, world: World): boolean {
  const parents = asList(get(route.json, 'spec', 'parentRefs')).map((parent) => `Gateway ${asText(get(parent, 'name')) ?? ''}`);
  const names = new Set([`${route.kind} ${route.name}`, `Service ${service.name}`, ...parents]);
  return policies(world).some(({ json, namespace, apiVersion }) => {
    const refs = [get(json, 'spec', 'targetRef'), ...asList(get(json, 'spec', 'targetRefs'))];
    if (refs.some((ref) => names.has(`${asText(get(ref, 'kind')) ?? ''} ${asText(get(ref, 'name')) ?? ''}`))) return true;
    const selector = get(json, 'spec', 'selector');
    // Without a selector a policy of Istio is for all pods of its namespace.
    if (selector === undefined && namespace === service.namespace && apiVersion.startsWith('security.istio.io/') && refs.every((ref) => ref === undefined)) return true;
    return selector !== undefined && namespace === service.namespace && world.backing(service).some((workload) => selects(selector, workload.labels));
  });
}

const BACKEND_CONFIG = /^(beta\.)?cloud\.google\.com\/backend-config$/;

/** Whether the BackendConfig of a Service, of which only a name may be in sight, lets a load balancer of Google ask for a login or for an address. */
export function asksByBackendConfig({ annotations, namespace }: Resource, world: World): boolean {
  const given = Object.entries(annotations).filter(([name]) => BACKEND_CONFIG.test(name)).map(([, value]) => asScalar(value) ?? '').join(' ');
  if (given === '') return false;
  const known = kindIn('BackendConfig', namespace, world).filter((one) => given.includes(`"${one.name}"`));
  return known.length === 0 || known.some(({ json }) => get(json, 'spec', 'iap', 'enabled') === true || get(json, 'spec', 'securityPolicy') !== undefined);
}
