import { goneImage } from '../../celery/gone-images';
import { imageProblem } from '../../celery/image';
import { Container } from '../../manifests/pod/container';
import { rabbitServers } from '../../manifests/rabbit-server';
import type { World } from '../../manifests/world';
import { Rule } from '../rule';
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
        if (gone) report({ at: container.place([...container.path, 'image']), value: container.image.text, allowed: gone.instead, note: gone.what });
      }
    },
  },
  {
    id: 'images/invalid-reference',
    severity: Severity.ERROR,
    title: 'The image is no reference that a container runtime understands',
    why: 'The pod never starts: `InvalidImageName`, `couldn\'t parse image name "redis:7.2.5:latest": invalid reference format`. Repositories have small letters only.',
    fix: 'Write registry/repository:tag, in small letters but for the tag.',
    source: 'https://github.com/distribution/reference/blob/main/reference.go',
    rows: ['N95'],
    check: (world, report) => {
      for (const container of containersNear(world)) {
        const { text } = container.image;
        const problem = isTemplate(text) || text.includes('@') ? undefined : imageProblem(text);
        if (problem) report({ at: container.place([...container.path, 'image']), value: text });
      }
    },
  },
];
