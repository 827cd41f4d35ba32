import { goneImage } from '../../celery/gone-images';
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
      const near = namespaces(world);
      for (const { resource, initContainers, containers } of world.workloads) {
        if (!near.has(resource.namespace)) continue;
        for (const container of [...initContainers, ...containers]) {
          const gone = goneImage(container.image);
          if (gone) report({ at: container.place([...container.path, 'image']), value: container.image.text, allowed: gone.instead, note: gone.what });
        }
      }
    },
  },
];
