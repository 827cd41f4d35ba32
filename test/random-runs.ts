/** How many random inputs a test takes: few in a run of all tests, ten times as many by `npm run test:random`. */
export const runs = (few: number): number => few * Number(process.env.RUNS ?? 1);
