/** A requirement as pip takes it (PEP 508), in its parts: `celery[redis]==5.3.4; python_version > "3.8"`. */
export interface Requirement {
  /** As PEP 503 spells it. */
  readonly name: string;
  /** Spelt likewise. */
  readonly extras: readonly string[];
  /** `==5.3.4`; empty for any version. It may not be a range that pip knows. */
  readonly range: string;
  /** Of a direct reference: `shop @ https://example.com/shop.whl`. */
  readonly url?: string;
}

/** Longer than any that a person writes: to read a text takes a time in proportion to its length, to compare versions does not. */
const MAX_LENGTH = 1000;

const NAME = /[A-Za-z0-9._-]+/y;
const EXTRA = /^[A-Za-z0-9._-]+$/;

/** Takes a requirement apart; undefined for what is none: an option, a path, an archive, a word of a shell. */
export function parseRequirement(text: string): Requirement | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const whole = text.trim();
  NAME.lastIndex = 0;
  const name = NAME.exec(whole)?.[0] ?? '';
  if (!isAlphanumeric(name.at(0)) || !isAlphanumeric(name.at(-1)) || isArchive(whole)) return undefined;

  let rest = whole.slice(name.length).trimStart();
  let extras: string[] = [];
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']');
    extras = rest.slice(1, end).split(',').map((extra) => extra.trim()).filter((extra) => extra !== '');
    if (end < 0 || !extras.every((extra) => EXTRA.test(extra))) return undefined;
    extras = extras.map(normalizeName);
    rest = rest.slice(end + 1).trimStart();
  }
  if (rest.startsWith('@')) {
    const [url, ...more] = rest.slice(1).trim().split(/\s+/, 2);
    return url === '' || (more.length > 0 && !more[0].startsWith(';')) ? undefined : { name: normalizeName(name), extras, range: '', url };
  }
  const marker = rest.indexOf(';');
  const written = (marker < 0 ? rest : rest.slice(0, marker)).trim();
  const range = written.startsWith('(') && written.endsWith(')') ? written.slice(1, -1).trim() : written;
  return range === '' || '<>=!~'.includes(range[0]) ? { name: normalizeName(name), extras, range } : undefined;
}

/** Package names differ in case, "-", "_" and "." without a difference (PEP 503). */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function isAlphanumeric(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9]/.test(character);
}

function isArchive(text: string): boolean {
  return /\.(?:whl|zip|tar|tgz|gz|bz2|xz)$/.test(text) && !text.includes('@');
}
