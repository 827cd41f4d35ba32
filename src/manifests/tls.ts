import { redisFor } from './brokers';
import { Container } from './pod/container';
import { rabbitFor, rabbitMention, RabbitServer } from './rabbit-server';
import { RedisServer } from './redis-server';
import { UrlUse } from './uses';
import type { World } from './world';

/** Whether a URL is one of TLS, and all servers of the input that it leads to have none. */
export function lacksTls(use: UrlUse, world: World): boolean {
  const { scheme } = use.url;
  const plain = scheme === 'rediss' ? redisFor(use, world).map(isPlainRedis) : scheme === 'amqps' ? rabbitFor(use, world).map(isPlainRabbit) : [];
  return plain.length > 0 && plain.every(Boolean);
}

/** No other container runs next to it. */
function isByItself({ workload: { containers, initContainers } }: Container): boolean {
  return containers.length === 1 && initContainers.every(({ json }) => json.restartPolicy !== 'Always');
}

/** All of its configuration is in sight and has no TLS, and no proxy next to it ends TLS. */
function isPlainRedis(server: RedisServer): boolean {
  return !server.opaque && server.directive('tls-port') === undefined && isByItself(server.container);
}

function isPlainRabbit(server: RabbitServer): boolean {
  const { container, opaque } = server;
  return !opaque && container !== undefined && isByItself(container) && rabbitMention(server, /ssl|tls/) === undefined
    && ![...container.env.all()].some(({ name }) => /SSL|TLS/.test(name));
}
