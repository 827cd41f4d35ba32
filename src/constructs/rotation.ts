import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { contentHash } from '../manifests/content-hash';
import type { CeleryApp } from './celery-app';
import type * as k8s from './kubernetes/api/types';
import { whenWritten } from './kubernetes/when-written';
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
  const others = String(options.annotations?.[RELOADER] ?? '').split(',').map((name) => name.trim()).filter(Boolean);
  return {
    ...options,
    annotations: { ...options.annotations, [RELOADER]: [...new Set([...names, ...others])].join(',') },
    // Once the manifests are written, all Secrets are in the tree.
    podAnnotations: whenWritten(() => {
      const contents = inTree(scope, namespace, names);
      return contents.length === 0 ? options.podAnnotations : { [HASH]: contentHash(Object.fromEntries(contents)), ...options.podAnnotations };
    }),
  };
}

/** Those of the connections of an app, and of further variables of a component: the Redis of RedBeat, the login of Flower. */
export function connectionSecrets({ namespace, _broker: { env, mounts } }: CeleryApp, own: readonly k8s.EnvVar[] = []): ReadAtStart {
  return {
    namespace,
    secrets: [
      ...[...env, ...own].flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
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
