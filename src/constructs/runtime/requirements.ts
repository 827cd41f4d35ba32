import { allNeeds, BASE, BROUGHT_BY_APPS, LockedCelery, lockIndex, needsOf, partOf, PythonLock, pythonLock } from '../../celery/locks';
import { parseRequirement, Requirement } from '../../celery/requirement';
import { isRange, isVersion, meets, pinned } from '../../celery/versions';
import { remembered } from '../../memo';
import { Problem } from '../validation/problems';

/** The lists that every app has: what its components may need. */
const ALWAYS = [BASE, 'gevent', 'flower'];

/** The needs that the requirements of a user stand for: their packages come from the lock, with hashes. */
export function requiredNeeds(requirements: readonly string[]): string[] {
  return requirements.flatMap((text) => needsOf(text) ?? []);
}

/** The lock of a Celery and a Python, as far as an app with these requirements and further needs goes. */
export function lockOf(celery: string, python: string, requirements: readonly string[], needs: readonly string[] = []): PythonLock {
  const given = requirements.flatMap((text) => parseRequirement(text)?.name ?? []);
  const brought = BROUGHT_BY_APPS.filter((name) => given.includes(name));
  return lockWith(celery, python, allNeeds([...ALWAYS, ...requiredNeeds(requirements), ...needs]).join(' '), brought.join(' '));
}

const lockWith = remembered((celery: string, python: string, needs: string, brought: string) =>
  partOf(pythonLock(celery, python), needs.split(' '), brought === '' ? [] : brought.split(' ')));

/** What is wrong with requirements when the list of a need, which nothing in them stands for, is also installed. */
export function checkNeed(need: string, celery: string, python: string, requirements: readonly string[]): Problem[] {
  const { celery: locked } = lockIndex();
  if (!Object.hasOwn(locked, celery)) return [];
  const known = checkInstall(celery, python, requirements).map(({ value }) => value);
  return checkRequirements(celery, python, requirements, [need]).filter(({ value }) => !known.includes(value));
}

/** What is wrong with a Celery, a Python and further requirements: all of it, each with the range and the reason. */
export function checkInstall(celery: string, python: string, requirements: readonly string[]): Problem[] {
  const { celery: locked } = lockIndex();
  const facts = Object.hasOwn(locked, celery) ? locked[celery] : undefined;
  const pythonProblems = facts ? checkPython(celery, python, facts) : [];
  return [
    ...(facts ? [] : [unknownCelery(celery)]),
    ...pythonProblems,
    ...checkRequirements(celery, python, requirements, []),
  ];
}

function checkRequirements(celery: string, python: string, requirements: readonly string[], needs: readonly string[]): Problem[] {
  const { celery: locked } = lockIndex();
  const facts = Object.hasOwn(locked, celery) ? locked[celery] : undefined;
  // Where the Python has no lock, that of another tells which versions go together.
  const lock = facts && lockOf(celery, facts.pythons.includes(python) ? python : facts.pythons[0], requirements, needs);
  return [
    ...requirements.flatMap((text) => {
      const requirement = parseRequirement(text);
      if (!requirement || !isRange(requirement.range)) {
        return [{
          prop: 'requirements', value: withoutUrl(text), wrong: 'is not a requirement that pip takes on its command line',
          fix: 'give e.g. \'requests==2.32.3\'; an index or a proxy belongs in indexUrl or pipConf',
        }];
      }
      if (requirement.url !== undefined && /\/\/[^/]*@/.test(requirement.url)) {
        return [{
          prop: 'requirements', value: withoutUrl(text), wrong: 'has credentials in its URL, and everybody who can read a manifest could read them',
          fix: 'put the package on an index, and the credentials into a Secret: pipConf',
        }];
      }
      if (!facts || !lock) return withoutLock(celery, text, requirement);
      return [
        ...conflicts(celery, facts, lock.versions, text, requirement),
        ...(lock.lists.has('django-celery-beat') ? checkDjango(facts, text, requirement) : []),
      ];
    }),
  ];
}

/** A Django for which the django-celery-beat of the lock is not made. */
function checkDjango({ django }: LockedCelery, text: string, { name, range }: Requirement): Problem[] {
  const pin = name === 'django' ? pinned(range) : undefined;
  return pin === undefined || meets(pin, django) ? [] : [{
    prop: 'requirements', value: text, wrong: `is not a Django of django-celery-beat, which accepts ${django}`, fix: 'give a version in that range',
  }];
}

/** A URL in a requirement may have a password anywhere: a message shows none of it. */
function withoutUrl(text: string): string {
  return text.includes('//') ? `${text.slice(0, text.indexOf('//'))}//...` : text;
}

function unknownCelery(celery: string): Problem {
  const { celery: locked, yanked, known } = lockIndex();
  const fix = `use one of ${Object.keys(locked).join(', ')}, or bring your own image: PythonRuntime.fromImage(...)`;
  const wrong = Object.hasOwn(yanked.celery, celery) ? `was yanked from the package index: ${yanked.celery[celery]}`
    : Object.hasOwn(known, celery) ? 'has no lock here, and an install without a lock breaks when the index changes'
      : 'is not a version of Celery';
  return { prop: 'celery', value: celery, wrong, fix };
}

function checkPython(celery: string, python: string, { requiresPython, pythons }: LockedCelery): Problem[] {
  if (!/^\d+\.\d+$/.test(python) || !isVersion(python)) {
    return [{ prop: 'python', value: python, wrong: 'is not a Python version', fix: `give one of ${pythons.join(', ')}` }];
  }
  if (!meets(python, requiresPython)) {
    return [{ prop: 'python', value: python, wrong: `is not supported by Celery ${celery}, which needs Python ${requiresPython}`,
      fix: `use one of ${pythons.join(', ')}` }];
  }
  return pythons.includes(python) ? [] : [{
    prop: 'python', value: python, wrong: `has no lock for Celery ${celery}`,
    fix: `use one of ${pythons.join(', ')}, or bring your own image: PythonRuntime.fromImage(...)`,
  }];
}

/** The one thing that can be said of a requirement when the Celery next to it is not known. */
function withoutLock(celery: string, text: string, { name, range }: Requirement): Problem[] {
  return name === 'kombu' && pinnedBelow(range, DEAF_BELOW) ? [{
    prop: 'requirements', value: text, wrong: `is installed with celery ${celery}, and ${DEAF}`, fix: `use kombu >=${DEAF_BELOW}`,
  }] : [];
}

const DEAF_BELOW = '5.4.0';
const DEAF = `before ${DEAF_BELOW} a worker stays alive and takes no more tasks after one restart of Redis (kombu#2007)`;

/** Why a package has the version that the lock has. */
const REASONS: Record<string, (celery: string, facts: LockedCelery) => string> = {
  redis: (celery, { redis }) => `celery[redis]==${celery} accepts redis ${redis}, and pip refuses anything else (ResolutionImpossible)`,
  kombu: (celery, { kombu }) => `celery ${celery} accepts kombu ${kombu}, and ${DEAF}`,
  celery: (celery) => `celery is '${celery}' here`,
};

function conflicts(
  celery: string, facts: LockedCelery, lock: ReadonlyMap<string, string>, text: string, { name, range, url }: Requirement,
): Problem[] {
  const version = lock.get(name);
  if (version === undefined || (url === undefined && (range === '' || meets(version, range)))) return [];
  const reason = REASONS[name]?.(celery, facts) ?? 'the versions of a lock are tested together';
  return [{
    prop: 'requirements', value: text, wrong: `conflicts with the lock of Celery ${celery}, which has ${name} ${version} (${reason})`,
    fix: `remove it, or give ${name}==${version}`,
  }];
}

function pinnedBelow(range: string, version: string): boolean {
  const pin = pinned(range);
  return pin !== undefined && meets(pin, `<${version}`);
}
