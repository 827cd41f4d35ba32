import { existsSync } from 'node:fs';
import { Document, readInput } from './input/files';
import { glob } from '../manifests/command/glob';
import { asList, asText, get, isMap } from '../manifests/json';
import { Resource } from '../manifests/resource';
import { pseudoResource, Suppression } from '../rules/suppressions';

/** Read from the working directory when --config is not given. */
export const DEFAULT_CONFIG = '.cdk8s-celery.yaml';

export interface Config {
  readonly suppressions: readonly Suppression[];
  readonly severity?: string;
}

/**
 * The configuration file: `severity`, and `suppress` with `rule`, `reason` and the objects that it is for.
 *
 * Throws an error whose message is for the user.
 */
export function readConfig(given: string | undefined): Config {
  if (given === undefined && !existsSync(DEFAULT_CONFIG)) return { suppressions: [] };
  const file = given ?? DEFAULT_CONFIG;
  const { documents, problems } = readInput([file]);
  if (problems.length > 0) throw new Error(`${file}: ${problems[0].line === undefined ? '' : `line ${problems[0].line}: `}${problems[0].message}`);
  return parseConfig(file, documents[0]);
}

function parseConfig(file: string, document: Document | undefined): Config {
  if (!document) return { suppressions: [] };
  const json = document.value;
  if (!isMap(json)) throw new Error(`${file}: is not a map; write \`suppress: [{rule, object, reason}]\``);
  const unknown = Object.keys(json).filter((key) => !['suppress', 'severity'].includes(key));
  if (unknown.length > 0) throw new Error(`${file}: '${unknown[0]}' is not known; allowed: severity, suppress`);
  if (json.suppress !== undefined && !Array.isArray(json.suppress)) {
    throw new Error(`${file}: suppress is not a list; write [{rule, object, reason}]`);
  }
  const at = pseudoResource('Config', file);
  return {
    severity: asText(json.severity),
    suppressions: asList(json.suppress).map((entry, i) => {
      const rule = asText(get(entry, 'rule'));
      if (rule === undefined) throw new Error(`${file}: suppress[${i}] has no rule; write {rule, object, reason}`);
      const object = asText(get(entry, 'object')) ?? '*';
      return { rule, reason: asText(get(entry, 'reason'))?.trim() ?? '', applies: matcher(object), at, path: ['suppress', i] };
    }),
  };
}

/** `Deployment/worker`, `shop/Deployment/worker`; `*` matches anything, `?` one character. */
function matcher(pattern: string): (resource: Resource) => boolean {
  return ({ namespace, kind, name }) => glob(pattern, `${kind}/${name}`) || glob(pattern, `${namespace}/${kind}/${name}`);
}
