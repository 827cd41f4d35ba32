import { goneImage } from '../../src/celery/gone-images';
import { parseImage } from '../../src/celery/image';

test.each<[string, string | undefined]>([
  ['bitnami/redis:7.2', 'redis:7.4 or valkey/valkey:8.1, your own mirror; for the moment bitnamilegacy/redis'],
  ['docker.io/bitnami/rabbitmq:4', 'rabbitmq:4.2, your own mirror; for the moment bitnamilegacy/rabbitmq'],
  ['index.docker.io/bitnami/valkey:8', 'valkey/valkey:8.1, your own mirror; for the moment bitnamilegacy/valkey'],
  ['bitnami/other:1', 'an image of its own project, your own mirror; for the moment bitnamilegacy/other'],
  ['bitnami/redis', undefined],
  ['bitnami/redis:latest', undefined],
  ['bitnami/redis:7.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', undefined],
  ['registry.example.com/bitnami/redis:7.2', undefined],
  ['localhost/bitnami/redis:7.2', undefined],
  ['mirror:5000/bitnami/redis:7.2', undefined],
  ['bitnamilegacy/redis:7.2', undefined],
  ['my/bitnami/redis:7.2', undefined],
  ['redis:7.2', undefined],
])('%s', (image, instead) => {
  expect(goneImage(parseImage(image))?.instead).toBe(instead);
  if (instead !== undefined) expect(goneImage(parseImage(image))?.what).toContain('28 August 2025');
});
