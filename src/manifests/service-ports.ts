import { defaultPort } from '../celery/ports';
import { lazy } from '../memo';
import { grouped } from './grouped';
import { kindIn } from './in-namespace';
import { asList, asMap, asNumber, get } from './json';
import { Workload } from './pod/workload';
import { UrlUse } from './uses';
import type { World } from './world';

/** Of all namespaces. */
export const servicesByName = lazy((world: World) => grouped(world.kind('Service').map((service) => [service.name, service] as const)));

/** The port of a URL, or that of its scheme; 0 where it is out of sight. */
export function portOf({ url }: UrlUse): number {
  return url.port === undefined || url.port === '' ? defaultPort(url.scheme) ?? 0 : /^\d+$/.test(url.port) ? Number(url.port) : 0;
}

/** An address, or nothing that is known. */
export function isName(host: string): boolean {
  return host !== '' && !/^[\d.]+$|^\[|[${]/.test(host);
}

/** The ports at which the Service of a host is reached; none where they are out of sight, or do not matter. */
export function portsOf(host: string, namespace: string, world: World): number[] {
  const service = isName(host) ? world.service(host, namespace) : undefined;
  // The input may have one for each of several environments.
  const same = service ? kindIn('Service', service.namespace, world).filter(({ name }) => name === service.name) : [];
  const specs = same.map(({ json }) => asMap(json.spec));
  // The name of a headless Service is that of its pods, and an ExternalName has no ports.
  return specs.some(({ clusterIP, type }) => clusterIP === 'None' || type === 'ExternalName') ? []
    : specs.flatMap((spec) => asList(spec.ports)).flatMap((entry) => asNumber(get(entry, 'port')) ?? []);
}

/** Whether a URL has a port that the Service of its host does not have. */
export function lacksPort(use: UrlUse, world: World): boolean {
  const [own, port] = [portsOf(use.url.host, use.at.resource.namespace, world), portOf(use)];
  return own.length > 0 && port > 0 && !own.includes(port);
}

/** The port of a pod that an entry of a Service leads to, by its number or by the name that a container gives it. */
export function targetOf(entry: unknown, { containers }: Workload): number | undefined {
  const target = get(entry, 'targetPort') ?? get(entry, 'port');
  return asNumber(target) ?? containers.flatMap(({ json }) => asList(json.ports)).flatMap((one) =>
    get(one, 'name') === target ? asNumber(get(one, 'containerPort')) ?? [] : [])[0];
}
