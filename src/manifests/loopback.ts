import { isPython } from '../celery/image';
import { lazy } from '../memo';
import { readCelery } from './command/celery-command';
import { baseName } from './command/command';
import { Container } from './pod/container';
import { Process } from './process';
import { rabbitServers } from './rabbit-server';
import type { World } from './world';

/** Names of what is a broker, leads to one that is somewhere else, or starts several programs. */
const BROKER_OR_PROXY = new RegExp([
  'redis', 'valkey', 'keydb', 'dragonfly', 'rabbit', 'amqp', 'broker', 'proxy', 'tunnel', 'envoy', 'istio', 'linkerd', 'dapr', 'socat', 'ssh', 'vpn', 'wireguard',
  'tailscale', 'nutcracker', 'mesh', 'gateway', 'forward', 'supervisor', 'honcho', 'foreman', 'circus', 's6', 'all-?in-?one',
].join('|'), 'i');

/** Commands of a script that start nothing that stays. */
const ENDS = new Set([
  'cd', 'echo', 'printf', 'mkdir', 'sleep', 'touch', 'chmod', 'chown', 'export', 'set', 'source', '.', 'cp', 'mv', 'rm', 'ln', 'cat', 'ls', 'pip', 'pip3', 'alembic',
  'django-admin', 'manage.py', 'test', '[', 'true', 'until', 'while', 'nc', 'env', 'umask', 'ulimit', 'date',
]);

function startsOnlyCelery({ invocations }: Container): boolean {
  return invocations.every((invocation) => {
    const program = baseName(invocation.words[0]?.text ?? '');
    const script = /^python[\d.]*$/.test(program) ? baseName(invocation.words[1]?.text ?? '') : program;
    return readCelery(invocation) !== undefined || ENDS.has(script);
  });
}

/** Broker containers in the network of a node. */
const onNodes = lazy((world: World) => [
  ...world.redisServers.map(({ container }) => container), ...rabbitServers(world).flatMap(({ container }) => container ?? []),
].some(({ workload }) => workload.spec.hostNetwork === true));

/**
 * What may answer a process at a port of its own pod: `nothing`, certainly; `something` that looks like it; or the condition under which
 * something does.
 */
export function answersAtLoopback(process: Process, port: number, world: World): 'nothing' | 'something' | { readonly unless: string } {
  const { container, workload, hint } = process;
  const own = new Set(world.in(workload).filter((other) => other.hint === undefined && startsOnlyCelery(other.container))
    .map((other) => other.container));
  const others = workload.containers.filter((other) => other !== container && !own.has(other));
  if (others.some((other) => other.declares(port) || BROKER_OR_PROXY.test(`${other.name} ${other.image.text}`))) return 'something';
  const all = [container, ...others];
  if (all.some(({ invocations }) => invocations.some((invocation) => !readCelery(invocation)
    && BROKER_OR_PROXY.test(invocation.words.slice(0, 2).map(({ text }) => baseName(text)).join(' '))))) return 'something';
  if (workload.spec.hostNetwork === true) return onNodes(world) ? 'something' : { unless: 'a broker listens on every node' };
  if (others.length > 0) return { unless: `${others.map(({ name }) => name).join(', ')} listens on ${port}` };
  // Without a command the entrypoint of the image runs, whatever its arguments are.
  const whole = container.ownsEntrypoint || isPython(container.image) || container.image.repository === 'mher/flower';
  return hint === undefined && whole && container.unread === undefined && own.has(container) ? 'nothing' : { unless: 'the image starts a broker in the same container' };
}
