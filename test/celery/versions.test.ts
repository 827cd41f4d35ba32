import { lockIndex } from '../../src/celery/locks';
import { kombuMeets, kombuOf, pythonOf, redisMeets, redisOf, resolveCelery } from '../../src/celery/versions';

test.each(Object.entries(lockIndex().celery))('what the rules know of Celery %s is what its lock was made by', (celery, { kombu, redis, requiresPython }) => {
  expect([kombuOf(celery), pythonOf(celery)]).toEqual([kombu, requiresPython]);
  expect(redisOf(celery, '')).toContain(redis);
});

// Read at the tags of celery and kombu.
test.each([
  ['5.0.5', '>=5.0.0,<6.0', ['>=3.2.0']],
  ['5.2.2', '>=5.2.2,<6.0', ['>=3.4.1,<4.0.0']],
  ['5.3.4', '>=5.3.2,<6.0', ['>=4.5.2,!=4.5.5,<5.0.0']],
  ['5.5.3', '>=5.5.2,<5.6', ['>=4.5.2,!=4.5.5,!=5.0.2,<=5.2.1']],
  ['5.6.3', '>=5.6.0', ['>=4.5.2,!=4.5.5,!=5.0.2,<6.5', '>=6.4.0,<9.0.0']],
])('Celery %s accepts kombu%s', (celery, kombu, redis) => {
  expect([kombuOf(celery), redisOf(celery, '')?.slice(0, 2)]).toEqual([kombu, redis]);
});

test('the kombu that is pinned decides which redis-py goes with it', () => {
  expect(redisOf('5.6.3', '==5.6.2')).toEqual(['>=4.5.2,!=4.5.5,!=5.0.2,<6.5']);
  expect(redisOf('5.6.3', '<5.6')).toEqual([]);
});

test.each(['5.0.6', '5.3.2', '4.4.7', '9.0.0', 'constructor', ''])('nothing is known of Celery %p', (celery) => {
  expect([kombuOf(celery), redisOf(celery, ''), pythonOf(celery)]).toEqual([undefined, undefined, undefined]);
});

test.each([
  ['==5.3.6', '5.3.6'], ['<5.4', '5.3.6'], ['>=5.3,<5.3.4', '5.3.1'], ['', Object.keys(lockIndex().known).at(-1)], ['>=99', undefined], ['$VERSION', undefined],
])('pip takes for celery%s the version %s', (range, version) => {
  expect(resolveCelery(range)).toBe(version);
});

test.each([
  ['==4.6.0', '>=4.5.2,<5.0.0', true], ['==5.0.1', '>=4.5.2,<5.0.0', false], ['>=4', '>=4.5.2,<5.0.0', true], ['>=5', '>=4.5.2,<5.0.0', false],
  // Newer than our table.
  ['==99.0', '>=4.5.2', true],
])('redis%s and redis%s have a release in common: %s', (range, other, met) => {
  expect(redisMeets(range, other)).toBe(met);
});

test.each([
  ['<5.3', '>=5.2.3,<6.0', true], ['<5.2', '>=5.2.3,<6.0', false], ['==5.3.2', '>=5.3.2,<6.0', true], ['==5.3.1', '>=5.3.2,<6.0', false], ['==99.0', '>=5.6', true],
])('kombu%s and kombu%s have a release in common: %s', (range, other, met) => {
  expect(kombuMeets(range, other)).toBe(met);
});
