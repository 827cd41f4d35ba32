import { satisfies, valid, validRange } from '@renovatebot/pep440';
import { lockIndex } from './locks';
import { remembered } from '../memo';

export function isYanked(celery: string): boolean {
  return Object.hasOwn(lockIndex().yanked.celery, celery);
}

/** Longer than any that a person writes. */
const MAX_LENGTH = 200;

/** Whether pip takes it as a version (PEP 440). */
export function isVersion(text: string): boolean {
  return text.length <= MAX_LENGTH && valid(text) !== null;
}

/** Whether pip takes it as a range of versions (PEP 440): `>=5.3,<6`; empty for any version. */
export function isRange(text: string): boolean {
  return text.trim() === '' || (text.length <= MAX_LENGTH && validRange(text));
}

/** Remembered, because to read a range costs far more than everything else that is done with it. */
export const meets: (version: string, range: string) => boolean = remembered((version: string, range: string) =>
  isVersion(version) && isRange(range) && (range.trim() === '' || satisfies(version, range)));

/** The first minor version of Celery that has it. */
export const SINCE = { softShutdown: '5.5', quorumQueues: '5.5', disablePrefetch: '5.6', oldNamesInNamespace: '5.7' } as const;

/** Whether a version of Celery is older than a feature. */
export function lacks(celery: string, feature: keyof typeof SINCE): boolean {
  return meets(celery, `<${SINCE[feature]}`);
}

/** The version that `==` names, without wildcards. */
export function pinned(range: string): string | undefined {
  const written = range.trim();
  const pin = written.replace(/^===?/, '').trim();
  return pin !== written && isVersion(pin) && !/[\s*]/.test(pin) ? pin : undefined;
}

/** What pip takes for a range: the pin, or the newest that we know. */
export function resolveCelery(range: string): string | undefined {
  const pin = pinned(range);
  if (pin !== undefined) return pin;
  if (!isRange(range)) return undefined;
  return Object.keys(lockIndex().releases.celery).filter((version) => meets(version, range)).at(-1);
}

/** The range of kombu that a Celery accepts; undefined for versions that we do not know. */
export function kombuOf(celery: string): string | undefined {
  return own(lockIndex().releases.celery, celery)?.kombu;
}

/** The range of Pythons that a Celery supports; undefined for versions that we do not know. */
export function pythonOf(celery: string): string | undefined {
  return own(lockIndex().known, celery);
}

/** The ranges of redis-py of which `celery[redis]` accepts one; which one is up to the kombu that pip takes. */
export function redisOf(celery: string, kombuRange: string): readonly string[] | undefined {
  const { releases } = lockIndex();
  const asked = own(releases.celery, celery);
  if (!asked) return undefined;
  if (asked.redis !== undefined) return [asked.redis];
  const kombus = Object.entries(releases.kombu).filter(([kombu]) => meets(kombu, asked.kombu) && meets(kombu, kombuRange));
  return [...new Set(kombus.map(([, redis]) => redis))];
}

/** Whether any release of redis-py meets one range and another. */
export function redisMeets(range: string, other: string): boolean {
  return meetBoth(lockIndex().releases.redis, range, other);
}

/** Whether some known kombu meets both: pip finds an answer. */
export function kombuMeets(range: string, other: string): boolean {
  return meetBoth(Object.keys(lockIndex().releases.kombu), range, other);
}

/** A pin may be of a release that is newer than our table. */
function meetBoth(releases: readonly string[], range: string, other: string): boolean {
  const pin = pinned(range);
  return (pin === undefined ? releases : [pin]).some((version) => meets(version, range) && meets(version, other));
}

function own<Value>(table: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
