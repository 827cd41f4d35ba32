import { MAIN_PROCESS_BYTES, memoryOfWorker } from '../../src/celery/memory';

test('the memory of a worker is that of its children and of the main process', () => {
  expect(MAIN_PROCESS_BYTES).toBe(157_286_400);
  expect(memoryOfWorker(0, 200_000)).toBe(157_286_400);
  expect(memoryOfWorker(2, 200_000)).toBe(2 * 204_800_000 + 157_286_400);
});
