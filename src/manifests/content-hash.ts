import { createHash } from 'crypto';

/** The label of the ConfigMaps whose names end with a hash of their content. Its value is that hash. */
export const CONTENT_HASH_LABEL = 'cdk8s-celery/content-hash';

/** Eight hexadecimal digits of what a ConfigMap holds: not of its labels, and the same in whatever order its keys are. */
export function contentHash(data: Readonly<Record<string, unknown>>, binaryData: Readonly<Record<string, unknown>> = {}): string {
  const parts = [data, binaryData].map((part) => Object.entries(part).sort(([one], [other]) => one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);
}
