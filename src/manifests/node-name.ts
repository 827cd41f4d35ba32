import { Process } from './process';

/** The name of a Celery node in its two parts; `{host}` is the name of its own pod. */
export interface NodeName {
  readonly name: string;
  readonly host: string;
}

const HOST = '{host}';
const OWN_HOST = /%h|%n\.%d|%n|\$\{?HOSTNAME\}?|\$\((?:hostname|cat \/etc\/hostname)\)|`hostname`/g;

/** What names itself after the pod: `%h`, `$HOSTNAME`, a field of the pod. */
function normal(text: string, { container }: Process): string {
  return text.trim().replace(/^["']|["']$/g, '').replace(OWN_HOST, HOST)
    .replace(/\$[({]([A-Za-z_]\w*)[)}]/g, (whole, name: string) => container.env.get(name)?.source === 'field' ? HOST : whole);
}

/** `celery@HOST`, or what -n says; undefined when only a run tells. */
export function nodeName(worker: Process): NodeName | undefined {
  const option = worker.option('--hostname');
  if (option.state !== 'unset' && option.state !== 'known') return worker.command.vendor === 'airflow' ? { name: 'celery', host: HOST } : undefined;
  const [first, ...rest] = normal(option.state === 'known' ? option.value : '%h', worker).split('@');
  return rest.length === 0 ? { name: 'celery', host: first } : { name: first === '' ? 'celery' : first, host: rest.join('@') || HOST };
}

/** Why no destination of `-d` is the name of the worker; undefined where one is, or may be. */
export function otherNode(destination: string, worker: Process): string | undefined {
  const own = nodeName(worker);
  if (!own) return undefined;
  const others = destination.split(',').map((one) => normal(one, worker));
  // Of one that only a run tells nothing is known.
  if (others.some((one) => one === '' || /[$`%[]/.test(one))) return undefined;
  const named = others.every((other) => {
    const at = other.indexOf('@');
    return at < 0 || other.slice(0, at) !== own.name || !maySame(other.slice(at + 1), own.host, worker);
  });
  return named && !/[$`%]/.test(own.name + own.host) ? `the worker is ${own.name}@${own.host === HOST ? 'the name of its pod' : own.host}` : undefined;
}

function maySame(one: string, other: string, { workload: { resource, spec } }: Process): boolean {
  if (one === other) return true;
  if (one !== HOST && other !== HOST) return false;
  const literal = one === HOST ? other : one;
  if (literal.includes(HOST)) return true;
  // The name of a pod is known where its controller does not make one up.
  return spec.hostname === literal || (resource.kind === 'Pod' && resource.name === literal) || (resource.kind === 'StatefulSet' && literal.startsWith(`${resource.name}-`))
    || spec.hostNetwork === true;
}

/** How a shell names the worker of its pod. */
export function inShell(worker: Process): string {
  const own = nodeName(worker);
  return own && !/[$`%]/.test(own.name + own.host) ? `${own.name}@${own.host.replace(HOST, '$HOSTNAME')}` : 'celery@$HOSTNAME';
}
