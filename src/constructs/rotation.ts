import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { contentHash } from '../manifests/content-hash';
import type { CeleryApp } from './celery-app';
import { CheckedOptions } from './kubernetes/options';

/** Of a pod template: a hash of the Secrets of its connections, as far as they are in the tree. */
const HASH = 'cdk8s-celery/secrets';

/** Read by Reloader, which replaces the pods of a Deployment when one of these Secrets changes. */
const RELOADER = 'secret.reloader.stakater.com/reload';

/** The Secrets that a pod reads at its start. */
export interface ReadAtStart {
  /** The namespace of the pod. */
  readonly namespace: string | undefined;
  /** Their names. */
  readonly secrets: readonly string[];
}

/**
 * Annotations by which pods are replaced when a Secret that they read at their start changes. Of a Secret in the tree the
 * pod template has a hash, so that `kubectl apply` of another content is a rollout; of others Reloader knows.
 *
 * @see https://github.com/stakater/Reloader
 */
export function withRotation(scope: Construct, { namespace, secrets }: ReadAtStart, options: CheckedOptions): CheckedOptions {
  const names = [...new Set(secrets)].sort();
  if (names.length === 0) return options;
  return {
    ...options,
    annotations: { [RELOADER]: names.join(','), ...options.annotations },
    // Once the manifests are written, all Secrets are in the tree.
    get podAnnotations() {
      const contents = inTree(scope, namespace, names);
      return contents.length === 0 ? options.podAnnotations : { [HASH]: contentHash(Object.fromEntries(contents)), ...options.podAnnotations };
    },
  };
}

/** Those of the connections of an app. */
export function connectionSecrets({ namespace, _broker: { env, mounts } }: CeleryApp): ReadAtStart {
  return {
    namespace,
    secrets: [
      ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
      ...mounts.flatMap(({ volume }) => volume.secret?.secretName ?? []),
      ...mounts.flatMap(({ volume }) => (volume.projected?.sources ?? []).flatMap(({ secret }) => secret?.name ?? [])),
    ],
  };
}

/** The Secrets of a namespace that are objects of the program, by name, with what they hold. */
function inTree(scope: Construct, namespace: string | undefined, names: readonly string[]): [string, string][] {
  return scope.node.root.node.findAll().filter((construct) => ApiObject.isApiObject(construct))
    .filter((object) => object.kind === 'Secret' && names.includes(object.name) && object.metadata.namespace === namespace)
    .map((object) => {
      const { data, stringData } = object.toJson() as { data?: object; stringData?: object };
      return [object.name, JSON.stringify([data, stringData])];
    });
}
