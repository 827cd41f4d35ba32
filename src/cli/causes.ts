import { asList, asNumber, asText, get } from '../manifests/json';
import { kubectl, KubectlError } from './kubectl';
import { conditions, identity, phase } from './objects';

/** Reasons whose message says no more than they do. */
const PLAIN = new Set(['CrashLoopBackOff', 'PodInitializing', 'ContainerCreating']);

/** Why a pod is not ready: the container's own message, how it ended, the last line of its log. */
export async function whyNotReady(pod: unknown, context: readonly string[]): Promise<string> {
  const cause = await whyStopped(pod, ['initContainerStatuses', 'containerStatuses'], context);
  return cause ?? conditions(pod).find(({ status, message }) => status === 'False' && message)?.message ?? phase(pod);
}

/** Why a container of a pod does not run; undefined when all do, or have done their work. */
export async function whyStopped(pod: unknown, fields: readonly string[], context: readonly string[]): Promise<string | undefined> {
  const statuses = fields.flatMap((field) => asList(get(pod, 'status', field)));
  const stopped = statuses.find((status) => failure(status) !== undefined)
    ?? statuses.find((status) => get(status, 'state', 'waiting') !== undefined);
  if (stopped === undefined) return undefined;
  const waiting = get(stopped, 'state', 'waiting');
  if (get(waiting, 'reason') === 'PodInitializing') {
    const initial = running(pod);
    if (initial !== undefined) {
      const said = await lastLine(pod, initial, context);
      return `init container ${asText(get(initial, 'name')) ?? '?'} has not ended yet${said ? `: ${said}` : ''}`;
    }
  }
  const reason = asText(get(waiting, 'reason')) ?? (waiting === undefined ? asText(get(stopped, 'state', 'terminated', 'reason')) ?? 'ended' : 'waiting');
  const end = failure(stopped);
  const message = PLAIN.has(reason) ? undefined : asText(get(waiting, 'message'));
  const ended = end === undefined ? '' : ` (${howItEnded(end, stopped)})`;
  const last = end === undefined ? undefined : asText(get(end, 'message')) ?? await lastLine(pod, stopped, context);
  return [`${reason}${ended}`, message, last].filter((part) => part !== undefined && part !== '').join(': ');
}

/** The init container that the others wait for: one that runs, and is no sidecar. */
function running(pod: unknown): unknown {
  const sidecars = asList(get(pod, 'spec', 'initContainers')).filter((one) => get(one, 'restartPolicy') === 'Always').map((one) => get(one, 'name'));
  return asList(get(pod, 'status', 'initContainerStatuses')).find((one) => get(one, 'state', 'running') !== undefined && !sidecars.includes(get(one, 'name')));
}

/** How a container has ended that should run, or should have done its work. */
function failure(status: unknown): unknown {
  const now = get(status, 'state', 'terminated');
  if (now !== undefined) return get(now, 'exitCode') === 0 ? undefined : now;
  return get(status, 'state', 'waiting') === undefined ? undefined : get(status, 'lastState', 'terminated');
}

function howItEnded(end: unknown, status: unknown): string {
  const count = asNumber(get(status, 'restartCount')) ?? 0;
  const outOfMemory = get(end, 'reason') === 'OOMKilled' ? ', OOMKilled' : '';
  return `ended with ${asNumber(get(end, 'exitCode')) ?? '?'}${outOfMemory}; ${count} restart${count === 1 ? '' : 's'}`;
}

/** Where the container has gone with its log, kubectl prints this and exits with 0. */
const NO_LOG = /^unable to retrieve container logs for /;

/** What the container said last: of a Python program that fails, the exception. */
async function lastLine(pod: unknown, status: unknown, context: readonly string[]): Promise<string | undefined> {
  const { name, namespace } = identity(pod);
  const container = asText(get(status, 'name'));
  if (container === undefined) return undefined;
  // Of one that waits to be started again, the cluster may have only the one or the other.
  for (const previous of get(status, 'state', 'waiting') === undefined ? [[]] : [['--previous'], []]) {
    try {
      const log = await kubectl([...context, 'logs', name, '-n', namespace, '-c', container, '--tail=20', ...previous], 10_000);
      const last = log.trim().split('\n').at(-1)!.trim();
      if (last !== '' && !NO_LOG.test(last)) return last;
    } catch (error) {
      // A log that has gone with its container, or may not be read, is no news of the pod.
      if (!(error instanceof KubectlError)) throw error;
    }
  }
  return undefined;
}
