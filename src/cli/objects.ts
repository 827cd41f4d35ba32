import { asList, asText, get } from '../manifests/json';
import { LABELS } from '../manifests/labels';
import { shortened } from '../rules/printable';
import { kubectl, KubectlError } from './kubectl';

/** Objects of the cluster as its API gives them: what is missing, or of another type, is as if not there. */

/** The objects of a list that kubectl prints. */
export async function objects(args: readonly string[], timeout?: number): Promise<readonly unknown[]> {
  const answer = await kubectl(args, timeout);
  let found: unknown;
  try {
    found = get(JSON.parse(answer), 'items');
  } catch {
    // Said below.
  }
  if (!Array.isArray(found)) throw new KubectlError(`the answer of kubectl is no list of objects: '${shortened(answer.trim(), 60)}'`);
  return found as readonly unknown[];
}

export interface Identity {
  readonly name: string;
  readonly namespace: string;
  /** worker, beat, flower or job; '-' where it is not said. */
  readonly role: string;
  /** The CeleryApp that it is a part of. */
  readonly app: string;
}

export function identity(object: unknown): Identity {
  const field = (...path: string[]) => asText(get(object, 'metadata', ...path));
  return {
    name: field('name') ?? '?', namespace: field('namespace') ?? '?', role: field('labels', 'component') ?? '-',
    app: field('labels', LABELS.partOf) ?? '',
  };
}

export function phase(pod: unknown): string {
  return asText(get(pod, 'status', 'phase')) ?? 'Unknown';
}

export function isBeingDeleted(object: unknown): boolean {
  return get(object, 'metadata', 'deletionTimestamp') !== undefined;
}

export interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly message?: string;
}

export function conditions(object: unknown): readonly Condition[] {
  return asList(get(object, 'status', 'conditions')).map((one) => ({
    type: asText(get(one, 'type')), status: asText(get(one, 'status')), message: asText(get(one, 'message')),
  }));
}

export function isReady(pod: unknown): boolean {
  return conditions(pod).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Whether a Deployment selects a pod. */
export function selects(deployment: unknown, pod: unknown): boolean {
  const labels = get(deployment, 'spec', 'selector', 'matchLabels');
  return typeof labels === 'object' && labels !== null && identity(pod).namespace === identity(deployment).namespace
    && Object.entries(labels).every(([label, value]) => get(pod, 'metadata', 'labels', label) === value);
}
