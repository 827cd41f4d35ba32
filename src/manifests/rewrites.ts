import { NGINX } from './ingress-nginx';
import { asList, asMap, asText, get } from './json';
import { chainOf, extensionsOf, middlewaresOf, Named } from './middlewares';
import { Place } from './place';
import type { World } from './world';

/** What is fixed in a path: `/flower` of `/flower(/|$)(.*)`. */
function fixed(path: string): string {
  return path.replace(/[(*$[?\\].*$/s, '').replace(/\/+$/, '');
}

/** The beginning of the paths that a pod gets from a route, as they are asked for or as something before it makes them. */
export interface Seen {
  readonly path: string;
  readonly rewritten: boolean;
  /** Every request comes with this very path, whatever was asked for. */
  readonly constant?: boolean;
}

/** What replaces the path of an Ingress by another, and keeps the rest. */
const REPLACED_PREFIX = ['appgw.ingress.kubernetes.io/backend-path-prefix', 'haproxy-ingress.github.io/rewrite-target', 'ingress.kubernetes.io/rewrite-target'];

/** The beginning of the paths that a pod gets from a route; undefined where something out of sight decides. */
export function pathSeen({ resource, path: at }: Place, path: string, world: World): Seen | undefined {
  const { annotations, kind, json } = resource;
  if (kind === 'HTTPRoute') {
    const rule = get(json, 'spec', 'rules', at[2]);
    const filters = asList(get(rule, 'filters')).filter((filter) => !/HeaderModifier$|^RequestMirror$/.test(asText(get(filter, 'type')) ?? ''));
    const rewrite = filters.map((filter) => get(filter, 'urlRewrite', 'path')).find((one) => one !== undefined);
    if (rewrite === undefined) {
      const extensions = extensionsOf(resource, rule, world);
      return filters.length === extensions.length ? through(extensions, path, world) : undefined;
    }
    return get(rewrite, 'type') === 'ReplacePrefixMatch' ? { path: fixed(asText(get(rewrite, 'replacePrefixMatch')) ?? ''), rewritten: true }
      : { path: fixed(asText(get(rewrite, 'replaceFullPath')) ?? ''), rewritten: true, constant: true };
  }
  if (kind !== 'Ingress') return undefined;
  const given = (name: string): string | undefined => asText(annotations[name])?.trim();
  const target = given(`${NGINX}rewrite-target`);
  // What equals the path is no rewrite to ingress-nginx, which makes /flower/ of a Prefix /flower before it compares the two.
  const prefix = get(json, ...at.slice(0, -1), 'pathType') === 'Prefix' && !path.endsWith('/');
  if (target !== undefined && target === path && !prefix) return { path: fixed(path), rewritten: false };
  // The target is the whole path: what it does not take from a group of the path is lost.
  if (target !== undefined && (!/\$\d/.test(target) || !path.includes('('))) return { path: fixed(target), rewritten: true, constant: true };
  const rewrite = target ?? REPLACED_PREFIX.map(given).find((one) => one !== undefined)
    ?? asText(Object.entries(annotations).find(([name]) => name.endsWith('rewrite-target'))?.[1]);
  // The capture may begin with the path itself.
  if (rewrite !== undefined) return fixed(path) === '' ? undefined : { path: fixed(rewrite), rewritten: true };
  const haproxy = given('haproxy.org/path-rewrite');
  if (haproxy !== undefined) return rewrittenByHaproxy(haproxy.split(/\s+/), fixed(path));
  if (given('konghq.com/strip-path') === 'true') return { path: '', rewritten: true };
  const seen = through(middlewaresOf(resource, world), path, world);
  if (seen?.rewritten) return seen;
  const others = Object.keys(annotations).some((name) => /rewrite|strip|snippet|app-root|use-regex|path/i.test(name) && !/strip-path$/.test(name));
  return others ? undefined : seen;
}

/** One word is the whole path; of two the first is a pattern, and the second what takes its place. */
function rewrittenByHaproxy([first, second]: readonly string[], path: string): Seen | undefined {
  if (second === undefined) return { path: fixed(first), rewritten: true, constant: true };
  const literal = /^\^?([\w/.-]*?)\/?\(\.\*\)\$?$/.exec(first)?.[1];
  const before = /^([\w/.-]*?)\/?\\1$/.exec(second)?.[1];
  return literal === undefined || before === undefined || !path.startsWith(literal) ? undefined : { path: `${before}${path.slice(literal.length)}`, rewritten: true };
}

/** A path after Middlewares of Traefik, in their order; undefined where one of them is out of sight, or may do anything. */
function through(named: readonly Named[], path: string, world: World, depth = 0): Seen | undefined {
  let seen: Seen | undefined = { path: fixed(path), rewritten: false };
  for (const { object } of named) {
    if (object?.kind !== 'Middleware' || depth > 10) return undefined;
    for (const [name, options] of Object.entries(asMap(object.json.spec))) {
      if (!seen) return undefined;
      const now: string = seen.path;
      if (name === 'stripPrefix') {
        const stripped = asList(get(options, 'prefixes')).map((one) => fixed(asText(one) ?? ''))
          .find((one) => one !== '' && (now === one || now.startsWith(`${one}/`)));
        if (stripped !== undefined) seen = { ...seen, path: now.slice(stripped.length), rewritten: true };
      } else if (name === 'addPrefix') seen = { ...seen, path: `${fixed(asText(get(options, 'prefix')) ?? '')}${now}`, rewritten: true };
      else if (name === 'replacePath') seen = { path: fixed(asText(get(options, 'path')) ?? ''), rewritten: true, constant: true };
      else if (name === 'chain') {
        const after = through(chainOf(object, options, world), now, world, depth + 1);
        seen = after && { ...after, rewritten: after.rewritten || seen.rewritten };
      } else if (/path|prefix|plugin/i.test(name)) return undefined;
    }
  }
  return seen;
}
