import { satisfies, valid, validRange } from '@renovatebot/pep440';
import { lockIndex } from './locks';
import { remembered } from '../memo/remembered';

/** What each Celery asks pip for, read at its tag; what locks/index.json says of them is not repeated. A `redis` of undefined: kombu decides. */
interface CeleryFacts {
  readonly versions: readonly string[];
  readonly kombu: string;
  readonly redis?: string;
}

const CELERY: readonly CeleryFacts[] = [
  { versions: ['5.0.0', '5.0.1', '5.0.2', '5.0.3', '5.0.4', '5.0.5'], kombu: '>=5.0.0,<6.0', redis: '>=3.2.0' },
  { versions: ['5.1.0', '5.1.1', '5.1.2'], kombu: '>=5.1.0,<6.0', redis: '>=3.2.0' },
  { versions: ['5.2.0'], kombu: '>=5.2.1,<6.0', redis: '>=3.2.0' },
  { versions: ['5.2.1', '5.2.2'], kombu: '>=5.2.2,<6.0', redis: '>=3.4.1,<4.0.0' },
  { versions: ['5.2.3', '5.2.4', '5.2.6', '5.2.7'], kombu: '>=5.2.3,<6.0', redis: '>=3.4.1,!=4.0.0,!=4.0.1' },
  { versions: ['5.3.0'], kombu: '>=5.3.0,<6.0', redis: '>=4.5.2' },
  { versions: ['5.3.1'], kombu: '>=5.3.1,<6.0', redis: '>=4.5.2,!=4.5.5' },
  { versions: ['5.3.4'], kombu: '>=5.3.2,<6.0', redis: '>=4.5.2,<5.0.0,!=4.5.5' },
  { versions: ['5.3.5'], kombu: '>=5.3.3,<6.0', redis: '>=4.5.2,<6.0.0,!=4.5.5' },
  { versions: ['5.3.6', '5.4.0'], kombu: '>=5.3.4,<6.0', redis: '>=4.5.2,<6.0.0,!=4.5.5' },
  { versions: ['5.5.0', '5.5.1', '5.5.2'], kombu: '>=5.5.2,<5.6', redis: '>=4.5.2,<6.0.0,!=4.5.5' },
  { versions: ['5.5.3'], kombu: '>=5.5.2,<5.6' },
  { versions: ['5.6.0', '5.6.1', '5.6.2', '5.6.3'], kombu: '>=5.6.0' },
  { versions: ['5.7.0'], kombu: '>=5.7.0' },
];

/** kombu's own `redis` extra. */
const KOMBU_REDIS: ReadonlyArray<{ readonly kombu: string; readonly redis: string }> = [
  { kombu: '>=5.5.0,<5.6', redis: '>=4.5.2,!=4.5.5,!=5.0.2,<=5.2.1' },
  { kombu: '>=5.6.0,<5.7', redis: '>=4.5.2,!=4.5.5,!=5.0.2,<6.5' },
  { kombu: '>=5.7.0', redis: '>=6.4.0,<9.0.0' },
];

const KOMBU = ['5.3.0', '5.3.2', '5.3.7', '5.4.0', '5.4.2', '5.5.0', '5.5.2', '5.5.3', '5.5.4', '5.6.0', '5.6.1', '5.6.2', '5.7.0'];
const REDIS = [
  '3.2.0', '3.5.3', '4.0.0', '4.1.0', '4.3.4', '4.4.0', '4.5.2', '4.5.5', '4.6.0', '5.0.1', '5.0.8', '5.1.1', '5.2.1', '5.3.0', '6.0.0', '6.1.0',
  '6.2.0', '6.4.0', '7.0.0', '7.1.0', '8.0.0', '8.1.0',
];

export function isYanked(celery: string): boolean {
  return Object.hasOwn(lockIndex().yanked.celery, celery);
}

/** Remembered, because to read a range costs far more than everything else that is done with it. */
export const meets: (version: string, range: string) => boolean = remembered((version: string, range: string) =>
  valid(version) !== null && (range.trim() === '' || (validRange(range) && satisfies(version, range))));

/** The version that `==` names, without wildcards. */
export function pinned(range: string): string | undefined {
  const pin = /^===?\s*([^\s,*;]+)$/.exec(range.trim())?.[1];
  return pin !== undefined && valid(pin) !== null ? pin : undefined;
}

function celeryFacts(version: string): CeleryFacts | undefined {
  return CELERY.find(({ versions }) => versions.includes(version));
}

/** What pip takes for a range: the pin, or the newest that we know. */
export function resolveCelery(range: string): string | undefined {
  const pin = pinned(range);
  if (pin !== undefined) return pin;
  if (range.trim() !== '' && !validRange(range)) return undefined;
  return CELERY.flatMap(({ versions }) => versions).filter((version) => meets(version, range)).at(-1);
}

/** The range of kombu that a Celery accepts; undefined for versions that we do not know. */
export function kombuOf(celery: string): string | undefined {
  return celeryFacts(celery)?.kombu;
}

export function pythonOf(celery: string): string | undefined {
  const { known } = lockIndex();
  return Object.hasOwn(known, celery) ? known[celery] : undefined;
}

/** The ranges of redis-py of which `celery[redis]` accepts one; which one is up to the kombu that pip takes. */
export function redisOf(celery: string, kombuRange: string): readonly string[] | undefined {
  const facts = celeryFacts(celery);
  if (!facts) return undefined;
  if (facts.redis !== undefined) return [facts.redis];
  return KOMBU_REDIS.filter(({ kombu }) => KOMBU.some((version) => [kombu, facts.kombu, kombuRange].every((range) => meets(version, range))))
    .map(({ redis }) => redis);
}

/** Whether any release of redis-py meets one range and another. */
export function redisMeets(range: string, other: string): boolean {
  const pin = pinned(range);
  return (pin === undefined ? REDIS : [pin]).some((version) => meets(version, range) && meets(version, other));
}

/** Whether some known kombu meets both: pip finds an answer. */
export function kombuMeets(range: string, other: string): boolean {
  const pin = pinned(range);
  return (pin === undefined ? KOMBU : [pin]).some((version) => meets(version, range) && meets(version, other));
}
