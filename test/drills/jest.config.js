/** What takes minutes on a real cluster: outages, kills, fleets. Each drill deploys what it needs and removes it; one after the other. */
const { transform } = require('../e2e/jest.config');

module.exports = {
  rootDir: __dirname,
  testMatch: ['<rootDir>/**/*.test.ts'],
  transform,
  globalSetup: '<rootDir>/setup.ts',
  // Above every deadline in the drills, so that it is a deadline that speaks, and says what was missing.
  testTimeout: 3_600_000,
  // Of the drills of the rules, each of which needs a few small pods.
  maxConcurrency: 4,
  verbose: true,
};
