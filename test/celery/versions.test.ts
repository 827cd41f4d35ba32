import { lockIndex } from '../../src/celery/locks';
import { kombuOf, redisOf } from '../../src/celery/versions';

const CELERY = Object.entries(lockIndex().celery);
const parts = (range: string) => range.split(',').sort();

test.each(CELERY)('what the rules know of Celery %s is what its lock was made by', (celery, { kombu, redis }) => {
  expect(kombuOf(celery)).toBe(kombu);
  expect(redisOf(celery, '')!.map(parts)).toContainEqual(parts(redis));
});
