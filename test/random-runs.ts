import * as fc from 'fast-check';

/** The same draws in each run, so that only a change of the project changes its result; `SEED=$RANDOM npm run test:random` draws others. */
const SEED = Number(process.env.SEED ?? 1);

/** How many random inputs a test takes: few in a run of all tests, ten times as many by `npm run test:random`. */
export const runs = (few: number): number => few * Number(process.env.RUNS ?? 1);

/** For the test that runs: each has draws of its own. */
export function seed(): number {
  return [...expect.getState().currentTestName!].reduce((hash, letter) => Math.imul(hash, 31) + letter.codePointAt(0)! | 0, SEED);
}

beforeEach(() => {
  fc.configureGlobal({ seed: seed() });
});
