import { Misuse } from './command';
import { DNS_LABEL } from '../manifests/names';

/** What commands that look at a cluster have in common: which app, where, and by which context of kubectl. */
export interface Cluster {
  /** Arguments of kubectl that every call gets. */
  readonly context: readonly string[];
  /** Arguments of kubectl that say where the objects are. */
  readonly scope: readonly string[];
  readonly app?: string;
  /** For messages: `in namespace 'shop'`. */
  readonly where: string;
}

/** Their options, for `parseArgs`. */
export const CLUSTER_OPTIONS = {
  namespace: { type: 'string', short: 'n' },
  app: { type: 'string' },
  context: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Likewise, in the usage. */
export const CLUSTER_USAGE = `\
  -n, --namespace NAMESPACE   where the pods are (default: that of the kubectl context)
      --app APP               of this CeleryApp only (its name)
      --context CONTEXT       the kubectl context
  -h, --help                  this text`;

interface Given {
  readonly 'namespace'?: string;
  readonly 'app'?: string;
  readonly 'context'?: string;
  readonly 'all-namespaces'?: boolean;
}

/** The options, once their values are seen to be names: they become part of selectors and paths. */
export function readCluster(given: Given, usage: string): Cluster {
  for (const option of ['namespace', 'app'] as const) {
    const value = given[option];
    if (value !== undefined && !isName(value)) throw new Misuse(`--${option} ${value} is not a name; give lower-case letters, digits and "-"`, usage);
  }
  if (given.namespace && given['all-namespaces']) throw new Misuse('--namespace and --all-namespaces exclude each other; give one of them', usage);
  return {
    app: given.app,
    context: given.context ? ['--context', given.context] : [],
    scope: given['all-namespaces'] ? ['-A'] : given.namespace ? ['-n', given.namespace] : [],
    where: given['all-namespaces'] ? 'in any namespace' : given.namespace ? `in namespace '${given.namespace}'` : 'in the namespace of the context',
  };
}

export function isName(text: string): boolean {
  return text.length <= DNS_LABEL.longest && DNS_LABEL.of.test(text);
}
