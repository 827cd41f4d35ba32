import { Image, isLatest } from './image';
import { RABBITMQ_IMAGE } from './server-images';

/** Images that registries no longer have under their names: what they are, since when, and what takes their place. */
interface Gone {
  readonly what: string;
  readonly match: (image: Image, registry: string) => boolean;
  readonly instead: (image: Image) => string;
  readonly source: string;
}

const HUB = /^(docker\.io|index\.docker\.io|registry-1\.docker\.io|)$/;

/** Names of Docker Hub that another project maintains under its own. */
const OFFICIAL: Readonly<Record<string, string>> = {
  'redis': 'redis:7.4 or valkey/valkey:8.1', 'redis-cluster': 'redis:7.4', 'redis-sentinel': 'redis:7.4', 'valkey': 'valkey/valkey:8.1', 'rabbitmq': RABBITMQ_IMAGE,
  'postgresql': 'postgres:17', 'python': 'python:3.13', 'memcached': 'memcached:1.6', 'mongodb': 'mongo:8', 'mysql': 'mysql:8.4', 'mariadb': 'mariadb:11',
};

const GONE: readonly Gone[] = [
  {
    what: 'Bitnami took its versioned images off Docker Hub on 28 August 2025',
    // `latest` is what is left.
    match: (image, registry) => HUB.test(registry) && /^bitnami\/[^/]+$/.test(image.repository) && image.digest === undefined && !isLatest(image),
    instead: ({ name }) => `${OFFICIAL[name] ?? 'an image of its own project'}, your own mirror; for the moment bitnamilegacy/${name}`,
    source: 'https://github.com/bitnami/charts/issues/35164',
  },
  {
    what: 'the images of kubebuilder were deleted with Container Registry in March 2026',
    match: ({ name }, registry) => registry === 'gcr.io' && name === 'kube-rbac-proxy',
    instead: () => 'quay.io/brancz/kube-rbac-proxy',
    source: 'https://github.com/kubero-dev/kubero/issues/735',
  },
  {
    what: 'Bintray was shut down in May 2021',
    match: (_, registry) => /(^|\.)bintray\.io$/.test(registry),
    instead: () => 'the registry to which the project has moved',
    source: 'https://github.com/lightbend/akka-cluster-operator/issues/58',
  },
];

/** Why an image cannot be pulled, and what to use; undefined for what nothing is known against. */
export function goneImage(image: Image): { readonly what: string; readonly instead: string } | undefined {
  const first = image.text.split('/')[0];
  const registry = image.text.includes('/') && /[.:]|^localhost$/.test(first) ? first : '';
  const found = GONE.find(({ match }) => match(image, registry));
  return found && { what: found.what, instead: found.instead(image) };
}
