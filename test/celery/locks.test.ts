import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from '@renovatebot/pep440';
import { allNeeds, BASE, lockedRequirements, needsOf, partOf, pythonLock } from '../../src/celery/locks';
import { lockedVersions, lockPath, LOCKS, parseList, parsePins, readIndex } from '../locks/lock';

const index = readIndex();
/** Without a wheel for any processor: x86_64 and arm64 have one each. */
const COMPILED = ['gevent', 'greenlet', 'psycopg-binary', 'pycurl', 'sqlalchemy', 'tornado', 'zope-interface'];

test('index.json and the files tell of the same locks', () => {
  const entries = readdirSync(LOCKS, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'index.json');
  const needs = [undefined, ...Object.keys(index.needs)];
  expect(files.map(({ parentPath, name }) => join(parentPath, name)).sort())
    .toEqual(lockedVersions().flatMap(([celery, python]) => needs.map((need) => lockPath(celery, python, need))).sort());
});

test('the promised Celerys have a lock', () => {
  expect(Object.keys(index.celery)).toEqual(expect.arrayContaining(['5.3.4', '5.4.0', '5.5.3', '5.6.3']));
});

test('the README names the range of the Celerys that have a lock', () => {
  const minors = Object.keys(index.celery).map((version) => version.split('.').slice(0, 2).join('.'));
  expect(readFileSync(join(LOCKS, '..', 'README.md'), 'utf8')).toContain(`Celery ${minors[0]} to ${minors.at(-1)};`);
});

test('the agent is tested with the Celerys that have a lock', () => {
  const tested = /^TESTED = \((.*)\)$/m.exec(readFileSync(join(LOCKS, '..', 'agent/cdk8s_celery_agent/versions.py'), 'utf8'))![1];
  expect(tested.split(', ')).toEqual(Object.keys(index.celery).map((celery) => `'${celery}'`));
});

test('a Celery with a lock is known and not yanked', () => {
  for (const [celery, { requiresPython }] of Object.entries(index.celery)) {
    expect(index.known).toHaveProperty([celery], requiresPython);
  }
  expect(Object.keys(index.known).filter((celery) => celery in index.yanked.celery)).toEqual([]);
});

test('the releases that Celery withdrew are refused with a reason', () => {
  for (const celery of ['5.0.6', '5.2.5', '5.3.2', '5.3.3']) expect(index.yanked.celery[celery]).toMatch(/\w/);
});

describe.each(lockedVersions())('the lock of celery %s on Python %s', (celery, python) => {
  const file = lockPath(celery, python);
  const text = readFileSync(file, 'utf8');
  const pins = parsePins(text, file);
  const version = Object.fromEntries(pins);
  const row = index.celery[celery];

  test('is sorted and names each package once', () => {
    const names = pins.map(([name]) => name);
    expect(names).toEqual([...new Set(names)].sort());
  });

  test('names no package index', () => {
    expect(text).not.toMatch(/:\/\/|--index-url/);
  });

  test('has this Celery, and kombu, redis-py and Flower in the ranges that index.json states', () => {
    expect(version).toMatchObject({ celery, flower: row.flower });
    expect([version.kombu, satisfies(version.kombu, row.kombu)]).toEqual([version.kombu, true]);
    expect([version.redis, satisfies(version.redis, row.redis)]).toEqual([version.redis, true]);
    expect([python, satisfies(`${python}.0`, row.requiresPython)]).toEqual([python, true]);
    expect([version.django, satisfies(version.django, row.django)]).toEqual([version.django, true]);
  });

  // Older kombu goes deaf after Redis restarts (celery/kombu#2007).
  test('has a kombu that survives a restart of Redis', () => {
    expect([version.kombu, satisfies(version.kombu, '>=5.4.0')]).toEqual([version.kombu, true]);
  });

  // A pod installs the list of the base and those of its needs: together they are the whole lock, and each package is in it once.
  test('is divided into lists, one for each need', () => {
    const lists = Object.fromEntries(Object.keys(index.needs).map((need) => [need, parseList(readFileSync(lockPath(celery, python, need), 'utf8'))]));
    const names = (need: string) => lists[need].map(({ name }) => name);
    expect(names('base')).toEqual(expect.arrayContaining(['celery', 'kombu', 'amqp']));
    expect(names('base').filter((name) => ['redis', 'gevent', 'greenlet', 'flower', 'tornado'].includes(name))).toEqual([]);
    expect(names('redis').filter((name) => !['async-timeout', 'packaging', 'pyjwt'].includes(name))).toEqual(['redis']);
    expect(names('gevent')).toEqual(['gevent', 'greenlet', 'zope-event', 'zope-interface']);
    expect(names('flower')).toEqual(['flower', 'humanize', 'prometheus-client', 'pytz', 'tornado']);
    expect(names('sqs')).toEqual(expect.arrayContaining(['boto3', 'botocore', 'urllib3']));
    expect(names('sqlalchemy')).toEqual(['psycopg', 'psycopg-binary', 'sqlalchemy']);
    expect(names('redbeat')).toEqual(['celery-redbeat', 'tenacity']);
    expect(names('django-celery-beat')).toEqual(expect.arrayContaining(['cron-descriptor', 'django', 'django-celery-beat', 'python-crontab']));
    expect(Object.values(lists).flat().map(({ name, version }) => [name, version]).sort()).toEqual(pins);
  });

  test('has the hash of each wheel: one where it is for any processor, at least two where it is compiled', () => {
    for (const need of Object.keys(index.needs)) {
      for (const { name, hashes } of parseList(readFileSync(lockPath(celery, python, need), 'utf8'))) {
        expect([name, new Set(hashes).size]).toEqual([name, hashes.length]);
        expect([name, hashes.length >= (COMPILED.includes(name) ? 2 : 1)]).toEqual([name, true]);
      }
    }
  });

  test('covers the gevent pool', () => {
    expect(Object.keys(version)).toEqual(expect.arrayContaining(['gevent', 'greenlet']));
  });

  // kombu has asked for it until 5.6, and from 5.7 on only its Redis transport imports it.
  test('brings packaging with Redis', () => {
    const names = ['base', 'redis'].map((need) => parseList(readFileSync(lockPath(celery, python, need), 'utf8')).map(({ name }) => name));
    expect(names.map((each) => each.includes('packaging'))).toEqual(satisfies(version.kombu, '<5.7') ? [true, false] : [false, true]);
  });
});

describe('a part of a lock', () => {
  const whole = pythonLock('5.6.3', '3.11');

  test('binds the packages of its lists, and no others', () => {
    const part = partOf(whole, [BASE, 'redbeat'], []);
    expect([...part.lists.keys()]).toEqual([BASE, 'redbeat']);
    expect(part.constraints).toMatch(/^celery-redbeat==/m);
    expect(part.constraints).not.toMatch(/^(django|gevent|boto3)==/m);
    expect(part.constraints.startsWith('# All that')).toBe(true);
    expect([...part.versions.keys()].sort()).toEqual([...part.lists.values()].flatMap((list) => parseList(list).map(({ name }) => name)).sort());
  });

  test('of all needs is all of it', () => {
    expect(partOf(whole, Object.keys(index.needs), [])).toEqual(whole);
  });

  test('leaves out what an app brings, with its hashes', () => {
    const names = (given: string[]) => parseList(partOf(whole, ['django-celery-beat'], given).lists.get('django-celery-beat')!).map(({ name }) => name);
    expect(names(['django'])).toEqual(names([]).filter((name) => name !== 'django'));
    expect(partOf(whole, ['django-celery-beat'], ['django']).constraints).not.toMatch(/^django==/m);
    expect(partOf(whole, ['django-celery-beat'], ['django']).constraints).toMatch(/^django-celery-beat==/m);
  });
});

test.each<[string, string[] | undefined]>([
  ['celery[sqs]', ['sqs']], ['celery[SQS,redis]==5.6.3', ['sqs', 'redis']], ['celery[sqlalchemy]', ['sqlalchemy']], ['Celery_RedBeat>=2', ['redbeat']],
  ['django-celery-beat', ['django-celery-beat']], ['gevent', ['gevent']], ['flower==2.2.0', ['flower']],
  ['celery', ['base']], ['celery==5.6.3', ['base']], ['celery[msgpack]', undefined], ['celery[sqs,msgpack]', undefined], ['redis', undefined], ['django', undefined],
  ['gevent; python_version < "3.12"', undefined], ['gevent @ https://example.com/gevent.whl', undefined], ['-r more.txt', undefined],
])('the requirement %p stands for the needs %p', (requirement, needs) => {
  expect(needsOf(requirement)).toEqual(needs);
});

test.each<[string[], [string, string[]][]]>([
  [['base'], [['celery==5.3.4', ['base']]]],
  [['base', 'redis'], [['celery[redis]==5.3.4', ['base', 'redis']]]],
  [['base', 'gevent', 'sqs', 'sqlalchemy'], [['celery[sqs,sqlalchemy]==5.3.4', ['base', 'sqs', 'sqlalchemy']], [expect.stringMatching(/^gevent==\d/), ['gevent']]]],
  [['base', 'redis', 'redbeat'], [['celery[redis]==5.3.4', ['base', 'redis']], [expect.stringMatching(/^celery-redbeat==\d/), ['redbeat']]]],
])('%j has one requirement for each package, with the version of the lock', (needs, requirements) => {
  expect(lockedRequirements(needs, pythonLock('5.3.4', '3.11')).map(({ text, lists }) => [text, lists])).toEqual(requirements);
});

test('a need brings those that it has in turn, each once, in one order', () => {
  expect(allNeeds(['redbeat', 'base'])).toEqual(['base', 'redis', 'redbeat']);
  expect(allNeeds(['sqs', 'redis', 'base', 'redis'])).toEqual(['base', 'redis', 'sqs']);
  expect(Object.entries(index.together).flat(2).filter((need) => !(need in index.needs))).toEqual([]);
});
