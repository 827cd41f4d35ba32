import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from '@renovatebot/pep440';
import { lockedVersions, lockPath, LOCKS, parsePins, readIndex } from '../locks/lock';

const index = readIndex();

test('index.json and the files tell of the same locks', () => {
  const files = readdirSync(LOCKS).filter((name) => name !== 'index.json');
  expect(files.map((name) => join(LOCKS, name)).sort()).toEqual(lockedVersions().map(([celery, python]) => lockPath(celery, python)).sort());
});

test('the promised Celerys have a lock', () => {
  expect(Object.keys(index.celery)).toEqual(['5.3.4', '5.4.0', '5.5.3', '5.6.3', '5.7.0']);
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
  });

  // Older kombu goes deaf after Redis restarts (celery/kombu#2007).
  test('has a kombu that survives a restart of Redis', () => {
    expect([version.kombu, satisfies(version.kombu, '>=5.4.0')]).toEqual([version.kombu, true]);
  });

  test('covers the gevent pool, and packaging, which kombu imports', () => {
    expect(Object.keys(version)).toEqual(expect.arrayContaining(['gevent', 'greenlet', 'packaging']));
  });
});
