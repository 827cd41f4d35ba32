import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { CONTENT_HASH_LABEL, contentHash } from '../../manifests/content-hash';
import type * as k8s from './api/types';
import { get, showPath } from '../../manifests/json';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';
import { Notes } from '../../memo';

/**
 * An immutable ConfigMap named `<name>-<hash of its content>`: a pod that names it never reads other content, however late it starts.
 *
 * Old ones stay, for the pods and ReplicaSets that name them, until `cdk8s-celery prune` removes them by their label.
 */
export function contentConfigMap(
  scope: Construct, id: string, name: string, data: Record<string, string>, metadata: Pick<k8s.ObjectMeta, 'labels' | 'annotations' | 'namespace'>,
): ApiObject {
  const hash = contentHash(data);
  const object = new ApiObject(scope, id, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: { ...metadata.labels, [CONTENT_HASH_LABEL]: hash },
      annotations: kept(metadata.annotations),
    },
    immutable: true,
    data,
  });
  hashes.set(object, hash);
  return object;
}

/** The hash of each one that was made. */
const hashes = new Notes<ApiObject, string>();

/** What a JSON patch has changed of that by which pods find the content, and by which it stays what it is: the content itself has a rule. */
export function changedIdentity(object: ApiObject, manifest: unknown): string[] {
  const hash = hashes.get(object);
  if (hash === undefined) return [];
  const { kind, name, metadata: { namespace } } = object;
  const made = [
    [['kind'], kind], [['metadata', 'name'], name], [['metadata', 'namespace'], namespace], [['metadata', 'labels', CONTENT_HASH_LABEL], hash], [['immutable'], true],
  ] as const;
  return made.filter(([path, value]) => get(manifest, ...path) !== value).map(([path, value]) => printable(
    `${showObject({ objectKind: kind, objectNamespace: namespace, objectName: name })}, ${showPath(path)}: is not what pods and \`cdk8s-celery prune\` know it by; `
    + `it has ${JSON.stringify(get(manifest, ...path)) ?? 'nothing'}; allowed: ${JSON.stringify(value) ?? 'nothing'}. `
    + 'Remove the JSON patch or label that changes it; change the content in AppCode',
  ));
}

/**
 * What keeps GitOps tools from deleting an object that is no longer among their manifests. Lists in the user's own annotations gain an item.
 *
 * Not `helm.sh/resource-policy: keep`: with it `helm rollback` fails, where without it Helm makes the ConfigMap again.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/compare-options/#ignoring-resources-that-are-extraneous
 * @see https://fluxcd.io/flux/components/kustomize/kustomizations/#prune
 * @see https://github.com/helm/helm/issues/8228
 */
function kept(annotations: Record<string, string> = {}): Record<string, string> {
  const withOption = (key: string, option: string): Record<string, string> => {
    const [name] = option.split('=');
    const given = (annotations[key] ?? '').split(',').filter((one) => one.trim() !== '');
    return { [key]: [...given, ...(given.some((one) => one.trim().split('=')[0] === name) ? [] : [option])].join(',') };
  };
  return {
    ...annotations,
    ...withOption('argocd.argoproj.io/sync-options', 'Prune=false'),
    // Or Argo CD shows the application as out of sync for as long as an old one is there.
    ...withOption('argocd.argoproj.io/compare-options', 'IgnoreExtraneous'),
    'kustomize.toolkit.fluxcd.io/prune': annotations['kustomize.toolkit.fluxcd.io/prune'] ?? 'disabled',
  };
}
