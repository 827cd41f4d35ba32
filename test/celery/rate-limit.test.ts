import { rateInterval } from '../../src/celery/rate-limit';

test.each<[unknown, number | undefined]>([
  ['10/s', 0.1], ['10/m', 6], ['10/h', 360], ['10', 0.1], [' 4/m ', 15], [10, 0.1], [0.5, 2], ['.5/m', 120], ['2./h', 1800], ['1e2/m', 0.6], ['1e-10/s', 1e10], ['1E+1/h', 360],
  [0, 0], ['0/m', 0], ['0.0', 0], [null, undefined], [true, undefined], ['', undefined], ['/m', undefined], ['10/d', undefined], ['10 / m', undefined], ['10/m x', undefined],
  ['ten', undefined], ['-1/m', undefined], [['10/m'], undefined], ['10/ms', undefined], ['x10/m', undefined],
])('%j: %s seconds between two tasks', (given, seconds) => {
  const found = rateInterval(given);
  if (seconds === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(seconds, 9);
});
