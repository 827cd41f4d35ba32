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
  const reason = asText(get(waiting, 'reason')) ?? (waiting === undefined ? asText(get(stopped, 'state', 'terminated', 'reason')) ?? 'ended' : 'waiting');
  const end = failure(stopped);
  const message = PLAIN.has(reason) ? undefined : asText(get(waiting, 'message'));
  const ended = end === undefined ? '' : ` (${howItEnded(end, stopped)})`;
  const last = end === undefined ? undefined : asText(get(end, 'message')) ?? await lastLine(pod, stopped, context);
  return [`${reason}${ended}`, message, last].filter((part) => part !== undefined && part !== '').join(': ');
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

/** What the container said last: of a Python program that fails, the exception. */
async function lastLine(pod: unknown, status: unknown, context: readonly string[]): Promise<string | undefined> {
  const { name, namespace } = identity(pod);
  const container = asText(get(status, 'name'));
  if (container === undefined) return undefined;
  const previous = get(status, 'state', 'terminated') === undefined ? ['--previous'] : [];
  try {
    const log = await kubectl([...context, 'logs', name, '-n', namespace, '-c', container, '--tail=20', ...previous], 10_000);
    return log.trim().split('\n').at(-1)?.trim();
  } catch (error) {
    // A log that has gone with its container, or may not be read, is no news of the pod.
    if (error instanceof KubectlError) return undefined;
    throw error;
  }
}
