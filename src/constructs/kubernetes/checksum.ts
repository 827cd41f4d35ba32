import { createHash } from 'crypto';

/** A checksum of what a ConfigMap holds. As an annotation of the pods it replaces them when the content changes. */
export function sha256(data: Record<string, string>): string {
  return createHash('sha256').update(JSON.stringify(Object.entries(data).sort())).digest('hex');
}
