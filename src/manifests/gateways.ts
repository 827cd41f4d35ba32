import { asList, asMap, asNumber, asText, get, isMap, Path } from './json';
import { NAMESPACE_NAME } from './labels';
import { selects } from './policies';
import { Resource } from './resource';
import type { World } from './world';

/** A listener of a Gateway that a route names, or may be served by. */
export interface Listener {
  readonly name: string;
  readonly protocol: string;
  /** Why it does not take the route. */
  readonly refused?: string;
  /** The Secrets that it has its certificates from, by their places in the Gateway. */
  readonly certificates: readonly Certificate[];
}

/** A Secret that a listener has a certificate from. */
export interface Certificate {
  readonly path: Path;
  readonly namespace: string;
  readonly name: string;
}

/** A Gateway that a route names, of those that are in sight. */
export interface Attachment {
  readonly path: Path;
  readonly gateway: Resource;
  /** The one listener that the route names. */
  readonly section?: string;
  readonly listeners: readonly Listener[];
}

/**
 * The Gateways of an HTTPRoute, and which of their listeners take it.
 *
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#allowedroutes
 */
export function attachments(route: Resource, world: World): readonly Attachment[] {
  if (route.kind !== 'HTTPRoute') return [];
  return asList(get(route.json, 'spec', 'parentRefs')).flatMap((parent, i) => {
    const gateway = (asText(get(parent, 'kind')) ?? 'Gateway') === 'Gateway'
      ? world.find('Gateway', asText(get(parent, 'namespace')) ?? route.namespace, asText(get(parent, 'name')) ?? '') : undefined;
    if (!gateway) return [];
    const section = asText(get(parent, 'sectionName'));
    const port = asNumber(get(parent, 'port'));
    const listeners = asList(get(gateway.json, 'spec', 'listeners'))
      .map((listener, index) => ({ listener, index }))
      .filter(({ listener }) => (section === undefined || get(listener, 'name') === section) && (port === undefined || get(listener, 'port') === port))
      .map(({ listener, index }): Listener => ({
        name: asText(get(listener, 'name')) ?? '', protocol: asText(get(listener, 'protocol')) ?? '', refused: refusal(listener, gateway, route, world),
        certificates: certificatesOf(listener, ['spec', 'listeners', index], gateway),
      }));
    return [{ path: ['spec', 'parentRefs', i], gateway, section, listeners }];
  });
}

function certificatesOf(listener: unknown, path: Path, { namespace }: Resource): Certificate[] {
  return asList(get(listener, 'tls', 'certificateRefs')).flatMap((ref, i) => {
    const name = asText(get(ref, 'name'));
    if (name === undefined || (asText(get(ref, 'kind')) ?? 'Secret') !== 'Secret') return [];
    return [{ path: [...path, 'tls', 'certificateRefs', i], namespace: asText(get(ref, 'namespace')) ?? namespace, name }];
  });
}

function refusal(listener: unknown, gateway: Resource, route: Resource, world: World): string | undefined {
  const protocol = asText(get(listener, 'protocol')) ?? '';
  if (/^(TLS|TCP|UDP)$/.test(protocol)) return `has the protocol ${protocol}, which no HTTPRoute is for`;
  const kinds = asList(get(listener, 'allowedRoutes', 'kinds'));
  if (kinds.length > 0 && !kinds.some((kind) => get(kind, 'kind') === 'HTTPRoute')) return 'takes no HTTPRoute';
  const own = asText(get(listener, 'hostname'));
  const hosts = asList(get(route.json, 'spec', 'hostnames')).flatMap((host) => asText(host) ?? []);
  if (own !== undefined && own !== '' && hosts.length > 0 && !hosts.some((host) => meet(own, host))) return `is for ${own}`;
  const namespaces = get(listener, 'allowedRoutes', 'namespaces');
  const from = asText(get(namespaces, 'from')) ?? 'Same';
  if (from === 'None' || (from === 'Same' && gateway.namespace !== route.namespace)) {
    return from === 'None' ? 'takes no routes' : `takes routes of the namespace ${gateway.namespace} only`;
  }
  const labels = world.find('Namespace', '', route.namespace)?.labels;
  const selector = get(namespaces, 'selector');
  return from === 'Selector' && labels && isMap(selector) && !selects(selector, { [NAMESPACE_NAME]: route.namespace, ...asMap(labels) })
    ? `takes no routes of the namespace ${route.namespace}` : undefined;
}

/** Whether two hosts, of which each may begin with a wildcard, have a name in common. */
function meet(one: string, other: string): boolean {
  const covers = (wide: string, narrow: string): boolean => wide.startsWith('*.') && narrow.replace(/^\*/, 'x').endsWith(wide.slice(1));
  return one === other || covers(one, other) || covers(other, one);
}
