import { goneImage } from '../../celery/gone-images';
import { Image, imageProblem, isBase, isLatest, parseImage } from '../../celery/image';
import { isNowhere } from '../../celery/library';
import { brokerUrls } from '../../manifests/broker-urls';
import { mayBeChanged } from '../../manifests/changed';
import { environmentOf } from '../../manifests/environments';
import { grouped } from '../../manifests/grouped';
import { asList, asText, get } from '../../manifests/json';
import { isOf } from '../../manifests/kustomizations';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { rabbitServers } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { mostReplicas } from '../../manifests/scalers';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** Namespaces with Celery, Redis or RabbitMQ in them: what else is there belongs to them. */
function namespaces(world: World): ReadonlySet<string> {
  return new Set([
    ...[...world.processes, ...world.redisServers].map(({ container }) => container.workload.resource.namespace),
    ...rabbitServers(world).map(({ resource }) => resource.namespace),
  ]);
}

/** A part of it is filled in before it is applied, as in `$IMAGE`, `<registry>/app` and `DOCKER_USER/app`. */
const isTemplate = (image: string): boolean => image === '' || /[${}<>%\[\]]|[A-Z][A-Z0-9_]{2,}|RELEASE-NAME/.test(image);

function* containersNear(world: World): Iterable<Container> {
  const near = namespaces(world);
  for (const { resource, allContainers } of world.workloads) if (near.has(resource.namespace)) yield* allContainers;
}

/** What examples have in place of a name: `your-image`, `sample_image_name`. */
const STANDS_FOR_IT = /(^|[^a-z])your($|[^a-z]|app|docker|hub|image|name|org|project|reg|repo|user)|sample|example|placeholder|image[-_]?name|(^|[-_])image(:|$)/;

/** What examples have in place of a digest: `sha256:abc123`. A long one is a digest that somebody has cut or made up. */
const STANDS_FOR_A_DIGEST = /@(?!sha256:[0-9a-f]{32})/;

/** The images that an object names which renames or builds them: a kustomization, Skaffold, and what Flux or Argo CD gives to a kustomization. */
const renamedBy = lazy(({ json }: Resource): ReadonlySet<string> => new Set([
  ...[...asList(json.images), ...asList(get(json, 'spec', 'images'))].map((entry) => get(entry, 'name')),
  ...asList(get(json, 'build', 'artifacts')).map((entry) => get(entry, 'image')),
  ...[get(json, 'spec', 'source'), ...asList(get(json, 'spec', 'sources'))]
    .flatMap((source) => asList(get(source, 'kustomize', 'images')).map((entry) => asText(entry)?.split('=')[0])),
].map((name) => parseImage(asText(name) ?? '').repository)));

/** A tool writes another image in its place: what a build configuration of OpenShift has made, or what a kustomization names. */
function isReplaced({ image, workload: { resource, annotations } }: Container, world: World): boolean {
  return resource.kind === 'DeploymentConfig' || annotations['image.openshift.io/triggers'] !== undefined
    || resource.annotations['image.openshift.io/triggers'] !== undefined
    || world.kind('ImageStream').some((stream) => stream.name === image.repository && isOf(stream, resource.namespace))
    || ['Kustomization', 'Component', 'Config', 'Application'].flatMap((kind) => world.kind(kind)).some((one) => isOf(one, resource.namespace) && renamedBy(one).has(image.repository));
}

/** Who names a Secret for these does it for the limits of Docker Hub. */
const isPublic = ({ official, repository, text }: Container['image']): boolean => (official && !isNowhere(text))
  || /^((index\.)?docker\.io\/)?(apache|bitnami|bitnamilegacy|mher|python)\//.test(repository);

const accountOf = ({ spec }: Workload): string => asText(spec.serviceAccountName) || asText(spec.serviceAccount) || 'default';

/** The workloads that name a Secret for the registry, by their namespace and image, and by their ServiceAccount with these. */
const withPullSecret = lazy((world: World) => grouped(world.workloads.filter(({ spec }) => asList(spec.imagePullSecrets).some((entry) => asText(get(entry, 'name'))))
  .flatMap((workload) => workload.allContainers.map(({ image }) => `${workload.resource.namespace} ${image.repository}`)
    .flatMap((key) => [key, `${key} ${accountOf(workload)}`]).map((key) => [key, workload] as const))));

/** Side by side on purpose: by the words of the name, or by a version in it. */
const SIDE_BY_SIDE = /(^|-)(canary|blue|green|beta|next|old|new|legacy|preview|stable|v\d+|\d+-\d+)(-|$)/;

/** It has pods, and not on purpose those of another version. */
const isCompared = (workload: Workload, world: World): boolean =>
  workload.longRunning && !SIDE_BY_SIDE.test(workload.resource.name) && mostReplicas(workload, world) > 0;

/** The number of a version, and what is built of it: `1.4.2` and `-gpu`. */
function versionOf({ tag, digest }: Image): { readonly version: string; readonly kind: string } | undefined {
  const [, version, kind = ''] = (digest === undefined && /^v?(\d+(?:\.\d+)*)([-.][a-z].*)?$/.exec(tag ?? '')) || [];
  return version === undefined ? undefined : { version, kind };
}

/** `1.4` may be 1.4.2. */
const mayBe = (one: string, other: string): boolean => `${one}.`.startsWith(`${other}.`) || `${other}.`.startsWith(`${one}.`);

/** An image in its namespace and environment, and what is built of it; with its registry: another one has the images of another environment. */
function buildOf(container: Container, kind: string): string {
  const { image: { text, tag = '' }, workload: { resource } } = container;
  return [resource.namespace, environmentOf(resource.name), text.slice(0, text.length - tag.length), kind].join(' ');
}

/** The containers of applications that run for good, by build and version. */
const versions = lazy((world: World) => {
  const containers = world.workloads.filter((workload) => isCompared(workload, world))
    .flatMap((workload) => workload.containers.filter(({ init, image }) => !init && !isBase({ ...image, official: true })));
  const builds = grouped(containers.flatMap((container) => {
    const built = versionOf(container.image);
    return built ? [[buildOf(container, built.kind), [built.version, container] as const] as const] : [];
  }));
  return new Map([...builds].map(([build, all]) => [build, grouped(all)]));
});

/** Both are given their brokers, and none is that of the other: those are two applications. */
function haveOtherBrokers(one: Container, other: Container): boolean {
  const [own, theirs] = [one, other].map((container) => brokerUrls(container).map(({ host, database }) => `${host.split('.')[0]} ${database ?? ''}`));
  return own.length > 0 && theirs.length > 0 && !own.some((broker) => theirs.includes(broker));
}

/** More of a build and version are not looked at. */
const MOST_COMPARED = 20;

/** A container of the same application with another version of the build, where none has this one. */
function otherVersion(container: Container, world: World): Container | undefined {
  const built = versionOf(container.image);
  const all = built && versions(world).get(buildOf(container, built.kind));
  if (!all || all.size < 2) return undefined;
  const others = (containers: readonly Container[] = []): Container[] => containers.slice(0, MOST_COMPARED)
    .filter((one) => one.workload.resource.name !== container.workload.resource.name && !haveOtherBrokers(one, container));
  if (others(all.get(built.version)).length > 0) return undefined;
  return [...all].slice(0, MOST_COMPARED).flatMap(([version, containers]) => mayBe(version, built.version) ? [] : others(containers))
    .find(({ workload }) => world.isLast(workload.resource));
}

export const imageRules: Rule[] = [
  {
    id: 'images/gone',
    severity: Severity.ERROR,
    title: 'The registry no longer has this image',
    why: 'It runs as long as its node has it: after a drain or on a new node the pod is in ImagePullBackOff (`manifest unknown`), and with the broker all of '
      + 'Celery waits (19 days in one case).',
    fix: 'Use the image of the project itself, or a mirror of your own.',
    source: 'https://github.com/bitnami/charts/issues/35164',
    rows: ['N9'],
    check: (world, report) => {
      for (const container of containersNear(world)) {
        const gone = goneImage(container.image);
        if (!gone) continue;
        report({
          at: container.place([...container.path, 'image']), value: container.image.text, allowed: gone.instead, note: gone.what,
          ...unless(!isReplaced(container, world), 'something writes another image in its place'),
        });
      }
    },
  },
  {
    id: 'images/invalid-reference',
    severity: Severity.ERROR,
    title: 'The image is no reference that a container runtime understands',
    why: 'The pod never starts: `InvalidImageName`, `couldn\'t parse image name "redis:7.2.5:latest": invalid reference format`. Repositories have small letters '
      + 'only, and a digest is sha256: with 64 hexadecimal digits.',
    fix: 'Write registry/repository:tag, in small letters but for the tag; copy a digest from the registry.',
    source: 'https://github.com/distribution/reference/blob/main/reference.go',
    rows: ['N95'],
    check: (world, report) => {
      for (const container of containersNear(world)) {
        const { text } = container.image;
        const problem = isTemplate(text) ? undefined : imageProblem(text);
        if (problem) report({ at: container.place([...container.path, 'image']), value: text, ...unless(!STANDS_FOR_A_DIGEST.test(text), 'something writes the digest before it is applied') });
      }
    },
  },
  {
    id: 'images/other-version',
    severity: Severity.WARNING,
    title: 'A worker runs another version of the image than what sends tasks to it',
    why: 'A task that the version of the worker does not have is discarded: `Received unregistered task of type ...`, `KeyError`; one with other arguments fails with a TypeError.',
    fix: 'Give all workloads of the application one tag, and change it in one place: with the images of a kustomization, or a value of the chart.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/tasks.html#names',
    rows: ['N120'],
    check: (world, report) => {
      const seen = new Set<string>();
      for (const { container } of [...world.workers, ...world.beats]) {
        const { image, path, workload, workload: { resource } } = container;
        const key = `${resource.namespace} ${image.repository}`;
        if (seen.has(key) || !isCompared(workload, world) || !world.isLast(resource) || isTemplate(image.text)) continue;
        const other = otherVersion(container, world);
        if (!other || isReplaced(container, world)) continue;
        seen.add(key);
        report({
          at: container.place([...path, 'image']), value: image.text, allowed: `the tag ${other.image.tag!}`,
          note: `${other.workload.resource.kind} ${other.workload.resource.name} has that one`,
          unless: 'both versions have the same tasks, with the same arguments',
        });
      }
    },
  },
  {
    id: 'images/no-registry',
    severity: Severity.WARNING,
    title: 'The image is pulled, and its name has no registry',
    why: 'A name without a registry is looked up in the library of Docker Hub: `pull access denied, repository does not exist`, ImagePullBackOff; `celery` is another image '
      + 'there. With the tag latest, or without a tag, it is pulled even where the node has an image of that name, as in minikube and kind.',
    fix: 'Write the registry and a version: registry.example.com/shop:1.4.2. Where the image is loaded into the nodes, set imagePullPolicy: IfNotPresent.',
    source: 'https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting',
    rows: ['N118'],
    check: (world, report) => {
      const seen = new Set<string>();
      for (const { container } of world.processes) {
        const { image, json, path, workload: { resource } } = container;
        // An empty one, as kompose writes it, is none.
        const policy = asText(json.imagePullPolicy) || (isLatest(image) ? 'Always' : 'IfNotPresent');
        const key = `${resource.namespace} ${image.text}`;
        if (policy !== 'Always' || resource.live || seen.has(key) || isTemplate(image.text) || STANDS_FOR_IT.test(image.text) || !isNowhere(image.text) || isReplaced(container, world)) continue;
        seen.add(key);
        report({
          at: container.place([...path, 'image']), value: image.text,
          unless: 'a pipeline writes another name, or the nodes have a registry for such names',
        });
      }
    },
  },
  {
    id: 'images/lacks-pull-secret',
    severity: Severity.WARNING,
    title: 'Celery has no imagePullSecrets, and another pod of its image does',
    why: 'A private registry refuses it: `pull access denied, repository does not exist or may require authorization`, ImagePullBackOff; on a node that already has the image '
      + 'it may start all the same, until it is moved to another.',
    fix: 'Give all pods of the image the same imagePullSecrets, or give them to their ServiceAccount.',
    source: 'https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod',
    rows: ['N121'],
    check: (world, report) => {
      const seen = new Set<Workload>();
      for (const { container, workload } of world.processes) {
        const { spec, resource } = workload;
        const { image, json, path } = container;
        if (seen.has(workload) || asList(spec.imagePullSecrets).length > 0 || json.imagePullPolicy === 'Never' || world.isReplaced(resource)
          || isPublic(image) || mayBeChanged(resource, [...workload.specPath, 'imagePullSecrets'], world)) continue;
        const account = accountOf(workload);
        const found = world.find('ServiceAccount', resource.namespace, account);
        // What is not in sight of an account of its own may be a login.
        const key = `${resource.namespace} ${image.repository}`;
        const [other] = withPullSecret(world).get(found !== undefined || account === 'default' ? key : `${key} ${account}`) ?? [];
        if (!other || asList(found?.json.imagePullSecrets).length > 0) continue;
        seen.add(workload);
        const names = asList(other.spec.imagePullSecrets).flatMap((entry) => asText(get(entry, 'name')) ?? []);
        report({
          at: container.place([...path, 'image']), value: image.text, allowed: `imagePullSecrets: ${listed(names)}`,
          note: `${other.resource.kind} ${other.resource.name} has them`, unless: 'its ServiceAccount or the nodes have a login, or nobody needs one',
        });
      }
    },
  },
];
