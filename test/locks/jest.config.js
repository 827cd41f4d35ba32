// The lock tests need a package index, redis-server and minutes: they are no part of `npm test`.
module.exports = {
  rootDir: __dirname,
  testMatch: ['<rootDir>/*.test.ts'],
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': '@swc/jest' },
  // Every wait has a deadline of its own, and says what it waited for; this is more than their sum.
  testTimeout: 1_800_000,
};
