import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the constraints files and index.json are. */
export const LOCKS = join(__dirname, '..', '..', 'locks');

/** What scripts/make-locks.py writes to index.json. */
export interface LockIndex {
  readonly needs: Record<string, string>;
  readonly together: Record<string, string[]>;
  readonly celery: Record<string, { requiresPython: string; kombu: string; redis: string; flower: string; django: string; pythons: string[] }>;
  readonly yanked: { readonly celery: Record<string, string> };
  readonly known: Record<string, string>;
}

export function readIndex(): LockIndex {
  return JSON.parse(readFileSync(join(LOCKS, 'index.json'), 'utf8'));
}

/** The newest Celery that has a lock. */
export const NEWEST = Object.keys(readIndex().celery).at(-1)!;

/** Every [celery, python] that has a lock. */
export function lockedVersions(): [string, string][] {
  return Object.entries(readIndex().celery).flatMap(([celery, { pythons }]) => pythons.map((python): [string, string] => [celery, python]));
}

/** The constraints file, or the list of a need. */
export function lockPath(celery: string, python: string, need?: string): string {
  const name = `celery-${celery}-python${python}`;
  return need === undefined ? join(LOCKS, `${name}.txt`) : join(LOCKS, name, `${need}.txt`);
}

/** The pins of a list of a need, and the SHA-256 hashes of each. */
export function parseList(text: string): { name: string; version: string; hashes: string[] }[] {
  return text.replaceAll(' \\\n', '').split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const pin = /^([a-z0-9-]+)==([\w.]+)((?: +--hash=sha256:[0-9a-f]{64})+)$/.exec(line);
    if (!pin) throw new Error(`not a pin with hashes: ${line}`);
    return { name: pin[1], version: pin[2], hashes: pin[3].trim().split(/ +--hash=sha256:|^--hash=sha256:/).filter(Boolean) };
  });
}

/** The pins of a constraints file or of pip's own lists, in their order; the names as PEP 503 spells them. */
export function parsePins(text: string, source: string): [string, string][] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const pin = /^([A-Za-z0-9._-]+)==([^\s;=*]+)$/.exec(line);
    if (!pin) throw new Error(`${source}: not a pin (name==version): ${line}`);
    return [pin[1].toLowerCase().replace(/[-_.]+/g, '-'), pin[2]];
  });
}
