import { lazy } from '../memo';
import { grouped } from './grouped';
import { asList, asText, get } from './json';
import { Resource } from './resource';
import type { World } from './world';

/** Groups of APIs whose objects are no servers: those of Kubernetes, of routes and meshes, of secrets, certificates and autoscalers. */
const WITHOUT_SERVERS = new RegExp('(^|\\.)(' + [
  'k8s\\.io', 'istio\\.io', 'linkerd\\.io', 'cilium\\.io', 'projectcalico\\.org', 'traefik\\.(io|containo\\.us)', 'konghq\\.com', 'projectcontour\\.io', 'openshift\\.io', 'keda\\.sh',
  'karpenter\\.sh', 'coreos\\.com', 'cert-manager\\.io', 'external-secrets\\.io', 'bitnami\\.com', 'hashicorp\\.com', 'kyverno\\.io', 'velero\\.io', 'flagger\\.app',
].join('|') + ')$');

/** What installs charts, each of which makes Services of several names, in any namespace. */
const INSTALLS = new Set(['HelmRelease', 'Application', 'HelmChart', 'Release', 'ApplicationSet']);

/** Objects of operators, by their namespace: those of databases and brokers make Services that are called like them, and more. */
const byOperators = lazy((world: World) => grouped(world.resources.flatMap((resource): Array<readonly [string, Resource]> => {
  const [group, version] = resource.apiVersion.split('/');
  // Argo also has rollouts and workflows.
  if (version === undefined || !group.includes('.') || WITHOUT_SERVERS.test(group) || (group === 'argoproj.io' && !INSTALLS.has(resource.kind))) return [];
  return [[INSTALLS.has(resource.kind) ? '' : resource.namespace, resource]];
})));

/** `rfrm-shop` and `shop-rw` of `shop`, as parts between hyphens. */
function isCalledLike(host: string, name: string): boolean {
  return host === name || host.startsWith(`${name}-`) || host.endsWith(`-${name}`);
}

/** Something in the input makes a Service of that name, or says what it is: an object of an operator, a chart, a ServiceEntry, a ServiceImport. */
export function isMade(host: string, namespace: string, world: World): boolean {
  const [name, where = namespace] = host.split('.');
  const own = [...new Set([where, ''])].flatMap((one) => byOperators(world).get(one) ?? []);
  return own.some((resource) => isCalledLike(name, resource.name) || asText(get(resource.json, 'spec', 'source', 'helm', 'releaseName')) === name)
    || world.kind('ServiceEntry').some(({ json }) => asList(get(json, 'spec', 'hosts')).includes(host))
    || world.find('ServiceImport', where, name) !== undefined;
}
