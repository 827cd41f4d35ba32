import { createHash } from 'crypto';
import { DOMAIN } from './domain';

/** The label of the ConfigMaps whose names end with a hash of their content. Its value is that hash. */
export const CONTENT_HASH_LABEL = `${DOMAIN}/content-hash`;

/** Eight hexadecimal digits of what a ConfigMap holds: not of its labels, and the same in whatever order its keys are. */
export function contentHash(data: Readonly<Record<string, string>>, binaryData: Readonly<Record<string, string>> = {}): string {
  const hash = createHash('sha256');
  for (const part of [data, binaryData]) {
    const entries = Object.entries(part).sort(([one], [other]) => one < other ? -1 : 1);
    // The lengths keep one content from looking like another. JSON would too, and take five times as long.
    hash.update(`${entries.length} `);
    for (const [key, value] of entries) hash.update(`${key.length} ${value.length} ${key}`).update(value);
  }
  return hash.digest('hex').slice(0, 8);
}
