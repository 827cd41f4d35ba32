import { asList, asText, get } from './json';
import { Resource } from './resource';
import type { World } from './world';

/** What an Ingress or a route names that changes its requests. */
export interface Named {
  /** The annotation that names it; empty for a filter of a route. */
  readonly annotation: string;
  /** Undefined where it is not in sight. */
  readonly object?: Resource;
}

const MIDDLEWARES = 'traefik.ingress.kubernetes.io/router.middlewares';
const PLUGINS = 'konghq.com/plugins';

/** The Middlewares of Traefik that an Ingress names: `<namespace>-<name>@kubernetescrd`. */
export function middlewaresOf({ annotations, namespace }: Resource, world: World): readonly Named[] {
  return names(annotations[MIDDLEWARES]).map((given) => {
    const [, name, provider] = /^([^@]*)(?:@(.*))?$/.exec(given)!;
    const inSight = provider === undefined || provider === 'kubernetescrd'
      ? world.kind('Middleware').find((one) => name === `${one.namespace || 'default'}-${one.name}`) ?? world.find('Middleware', namespace, name.replace(`${namespace}-`, '')) : undefined;
    return { annotation: MIDDLEWARES, object: inSight };
  });
}

/** The plugins of Kong that an Ingress names. */
export function pluginsOf({ annotations, namespace }: Resource, world: World): readonly Named[] {
  return names(annotations[PLUGINS]).map((name) => ({
    annotation: PLUGINS, object: world.find('KongPlugin', namespace, name) ?? world.find('KongClusterPlugin', '', name),
  }));
}

/** The objects that the filters of a rule of an HTTPRoute name. */
export function extensionsOf({ namespace }: Resource, rule: unknown, world: World): readonly Named[] {
  return asList(get(rule, 'filters')).filter((filter) => get(filter, 'type') === 'ExtensionRef').map((filter) => ({
    annotation: '', object: world.find(asText(get(filter, 'extensionRef', 'kind')) ?? '', namespace, asText(get(filter, 'extensionRef', 'name')) ?? ''),
  }));
}

/** The Middlewares of the chain of another one. */
export function chainOf({ namespace }: Resource, options: unknown, world: World): readonly Named[] {
  return asList(get(options, 'middlewares')).map((ref) => ({
    annotation: '', object: world.find('Middleware', asText(get(ref, 'namespace')) ?? namespace, asText(get(ref, 'name')) ?? ''),
  }));
}

function names(list: unknown): string[] {
  return (asText(list) ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
}
