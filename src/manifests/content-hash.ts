import { createHash } from 'crypto';
import { DOMAIN } from './domain';

/** The label of the ConfigMaps whose names end with a hash of their content. Its value is that hash. */
export const CONTENT_HASH_LABEL = `${DOMAIN}/content-hash`;

/** Contents whose hash is kept: a program has few of them, each in many of its Apps, and rules ask again. */
const MOST = 16;

/** What was hashed, by all but its texts. */
const hashed = new Map<string, { readonly texts: readonly string[]; readonly hash: string }>();

/** Eight hexadecimal digits of what a ConfigMap holds: not of its labels, and the same in whatever order its keys are. */
export function contentHash(data: Readonly<Record<string, string>>, binaryData: Readonly<Record<string, string>> = {}): string {
  const heads: string[] = [];
  const texts: string[] = [];
  for (const part of [data, binaryData]) {
    const keys = Object.keys(part).sort();
    // The lengths keep one content from looking like another. JSON would too, and take five times as long.
    heads.push(`${keys.length} `, ...keys.map((key) => `${key.length} ${part[key].length} ${key}`));
    texts.push('', ...keys.map((key) => part[key]));
  }
  const known = hashed.get(heads.join(''));
  // Equal texts are most often the same string, which takes no time to tell.
  if (known?.texts.every((text, i) => text === texts[i])) return known.hash;
  const sha = createHash('sha256');
  heads.forEach((head, i) => sha.update(head).update(texts[i]));
  const hash = sha.digest('hex').slice(0, 8);
  if (hashed.size >= MOST) hashed.clear();
  hashed.set(heads.join(''), { texts, hash });
  return hash;
}
